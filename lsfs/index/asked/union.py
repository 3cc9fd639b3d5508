"""Sets of files that are asked for together: "contracts from 2022 and invoices from 2023".

Each set becomes a question of its own, with the conditions that its words stand beside: a condition
behind the last of several names holds for those before it that have none ("letters and e-mails from
2021"). Only what names files begins a set, so "from May and June" and "Smith and Sons" stay whole.
"""

from __future__ import annotations

import re
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from lsfs.index.asked import questionwords as w
from lsfs.index.asked.exclusions import LEAD as LEAVES_OUT
from lsfs.index.asked.questionframe import (
    COMMAND,
    DETERMINERS,
    EXISTS,
    FILE_WORDS,
    HEAD_END,
    HEAD_LINKS,
    POLITE,
    TOKEN,
    TYPE_WORDS,
    WHICH,
)  # fmt: skip
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.facts.kindwords import plural_in_form
from lsfs.index.find.folding import fold

MOST_SETS = 8
HEAD_WORDS = 4  # of a name of files at most: "2022 service level agreements"

_OR = r"or|oder|beziehungsweise|bzw\.|ou|o|u|oppure"
_AND = r"and|as\s+well\s+as|plus|along\s+with|und|sowie|et|ainsi\s+que|y|e|ed"
_JOINT = re.compile(
    rf"(?:\s*[,;]\s*(?:(?:{_AND}|{_OR}|and/or|und/oder|et/ou)\s+)?|"
    rf"\s+(?:{_AND}|{_OR}|and/or|und/oder|et/ou|&|\+)\s+)"
    r"(?:(?:also|auch|aussi|también|anche)\s+)?",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\A\W*(?:either|both|entweder|sowohl|soit)\s+", re.IGNORECASE)
_END = re.compile(
    r"\s+(?:do|did|have)\s+(?:we|i|you)(?:\s+(?:have|got|receive|send|keep))?\W*\Z|"
    r"\s+are\s+there\W*\Z|\s+(?:haben\s+wir|gibt\s+es)\W*\Z|\s*,?\s*(?:please|bitte)\W*\Z|[\s?!.]+\Z",
    re.IGNORECASE,
)
# "e-mails to Bob or from Ann": the name of the files is told once.
_LINK = (
    r"from|by|to|with|about|over|under|above|below|before|after|since|mentioning|"
    r"signed|dated|due|expiring|ending|starting|sent|written|"
    r"von|an|mit|über|unter|vor|nach|seit"
)
_ELLIPSIS = re.compile(rf"(?<!\bon)\s+(?:or|oder)\s+(?=(?P<link>{_LINK})\s+\S)", re.IGNORECASE)
_NOT_PARTED = re.compile(
    r"\b(?:between|difference|versus|compared?|ratio|zwischen|entre|tra|fra)\b(?!.*\d)",
    re.IGNORECASE,
)


class _Item(Struct, frozen=True):
    """Files that are named, and what stands around the name.

    Attributes:
        before, name, behind: "2022", "contracts", "with Acme".
        families: ``kind`` and ``type``, as far as the name is one.
        many: whether it has the form of a plural.
    """

    before: str
    name: str
    behind: str
    families: frozenset[str]
    many: bool

    @property
    def bare(self) -> bool:
        return not (self.before or self.behind)

    def __str__(self) -> str:
        return " ".join(filter(None, (self.before, self.name, self.behind)))


def sets(question: str, *, apart: bool = False) -> tuple[str, ...]:
    """The sets that a question for files asks for together.

    Args:
        question: one that asks for files; of any other, what is said means nothing.
        apart: only sets of which each has conditions of its own: "letters and e-mails from 2021"
            are two sets, for one is a kind and one a type, but one list to who reads it.

    Returns:
        Two or more questions, each complete in itself; nothing when the question is one.
    """
    found = _read(_unframed(question))
    if not 1 < len(found) <= MOST_SETS:
        return ()
    if apart and len({(one.before, one.behind) for one in found}) == 1:
        return ()
    return tuple(map(str, found))


def _read(asked: str) -> list[_Item]:
    parts = [_item(part) for part in _parts(asked)]
    items = [item for item in parts if item is not None]
    if len(items) < len(parts):
        return []
    return _elliptical(items[0]) if len(items) == 1 else _completed(items)


def _unframed(question: str) -> str:
    asked = " ".join(question.split())
    asked = POLITE.sub("", asked)
    for form in (COMMAND, WHICH, EXISTS):
        frame = form.match(asked)
        if frame is not None:
            asked = asked[frame.end() :]
            break
    asked = _EITHER.sub("", asked)
    while (shorter := _END.sub("", asked)) != asked:
        asked = shorter
    return asked


def _parts(asked: str) -> list[str]:
    """The question, parted before each name of files that something joins to the one before."""
    if '"' in asked or _NOT_PARTED.search(asked):
        return [asked]
    parts, start = [], 0
    for joint in _JOINT.finditer(asked):
        before = asked[start : joint.start()]
        following = _item(asked[joint.end() :])
        if following is None or not _ends(before):
            continue
        if following.many or not following.bare:
            parts.append(before)
            start = joint.end()
    return [*parts, asked[start:]]


def _ends(part: str) -> bool:
    """Whether a set may end here: not in "contracts about invoices" and "all but photos"."""
    item = _item(part)
    if item is None or (item.bare and not item.many):  # "PDF and Word contracts"
        return False
    if any(_item(item.behind[out.end() :]) for out in LEAVES_OUT.finditer(item.behind)):
        return False
    return not item.behind or _item(TOKEN.findall(part)[-1]) is None


def _item(text: str) -> _Item | None:
    """Files that a text begins to name, and the rest of it; None when it begins otherwise."""
    tokens = list(TOKEN.finditer(text))[: HEAD_WORDS + 1]
    if LEAVES_OUT.match(text):  # "but not drafts"
        return None
    while tokens and fold(tokens[0][0]) in DETERMINERS:
        tokens.pop(0)
    for i, token in enumerate(tokens[:HEAD_WORDS]):
        word = fold(token[0])
        following = tokens[i + 1 : i + 2]
        pair = f"{word}_{fold(following[0][0])}" if following else ""
        last = following[0] if pair in TYPE_WORDS else token
        families = _families(pair) or _families(word)
        if families and not _qualifies(text, last.end()):
            first = tokens[0].start()
            before = text[first : token.start()].strip(" ,;")
            behind = text[last.end() :].strip(" ,;")
            many = plural_in_form(word) or word in FILE_WORDS or word in _TYPE_PLURALS
            return _Item(before, text[token.start() : last.end()], behind, families, many)
        if word in HEAD_END | HEAD_LINKS or LEAVES_OUT.match(text, token.start()):
            return None
    return None


_TYPE_PLURALS = frozenset(word for word in TYPE_WORDS if word.endswith(("s", "bilder", "bild")))


def _families(word: str) -> frozenset[str]:
    kinds = kinds_in([word]) - {"email", "spreadsheet", "code"}
    is_type = word in TYPE_WORDS or word in w.MAIL_WORDS
    found = ["type"] if is_type else ["kind"] if kinds or word in FILE_WORDS else []
    return frozenset(found)


def _qualifies(text: str, end: int) -> bool:
    """Whether a name only qualifies the next one: "contract templates", "service agreements"."""
    following = TOKEN.match(text, end + 1) if text[end : end + 1] == " " else None
    return following is not None and bool(_families(fold(following[0])))


def _completed(items: list[_Item]) -> list[_Item]:
    """Each set with the conditions that one behind it or one before it has for both."""
    shared: list[_Item] = []
    for item in reversed(items):
        last = shared[-1] if shared else None
        told = replace(item, behind=last.behind) if last and item.bare and last.behind else item
        shared.append(told)
    whole = shared[::-1]
    if whole[0].before and all(one.bare for one in items[1:]):  # "2021 letters and e-mails"
        whole = [replace(one, before=whole[0].before) for one in whole]
    found = []
    for _, group in groupby(whole, lambda one: (one.families, one.before, one.behind)):
        same = list(group)
        names = " and ".join(one.name for one in same)
        found.append(replace(same[0], name=names))
    return found


def _elliptical(item: _Item) -> list[_Item]:
    """ "E-mails to Bob or from Ann" as two sets, where "or" is followed by another condition."""
    parts, start = [], 0
    links = [fold(word) for word in TOKEN.findall(item.behind)[:1]]
    for joint in _ELLIPSIS.finditer(item.behind):
        link = fold(joint["link"])
        if link in links or not links:
            return []
        links.append(link)
        parts.append(item.behind[start : joint.start()])
        start = joint.end()
    parts.append(item.behind[start:])
    if len(parts) < 2 or links[0] not in _LINK.split("|"):
        return []
    return [replace(item, behind=part) for part in parts]
