"""Who is greeted by one name, or signs with it: the party that other files name in full."""

from __future__ import annotations

from msgspec.structs import replace

from lsfs.index.groups import names
from lsfs.model import FieldValue

BRIEF = ("salutation", "signature")  # rules by which people are named as they address each other

Values = list[tuple[str, FieldValue]]  # paths, and what the files state


def in_full(values: Values) -> Values:
    """Parties without who is only greeted by one of their names, or signs with it.

    "Dear Mr Brennan" is Gareth Brennan where files name one party so; else it says too little, and
    counts only where a file names nobody else.
    """
    brief = {value.normal for _, value in values if _is_brief(value)}
    by_word: dict[str, set[str]] = {}
    for normal in {value.normal for _, value in values if " " in value.normal} if brief else ():
        words = normal.split()
        for word in brief & {words[0], words[-1]}:
            by_word.setdefault(word, set()).add(normal)
    meant = set().union(*by_word.values())
    heads = names.merged(((normal, normal) for normal in meant), parties=True)
    named = {path for path, value in values if not _is_brief(value)}
    kept: Values = []
    for path, value in values:
        if not _is_brief(value):
            kept.append((path, value))
            continue
        people = {heads[normal].label for normal in by_word.get(value.normal, ())}
        if len(people) == 1:
            kept.append((path, replace(value, normal=people.pop())))
        elif path not in named:
            kept.append((path, value))
    return kept


def _is_brief(value: FieldValue) -> bool:
    """Whether a party is greeted or signs with one word."""
    return value.rule in BRIEF and " " not in value.normal
