"""Values in all their spellings: names that are one name, words that are equal but for a slip."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from lsfs.index.facts import addresses, identifiers, names


class Name(Struct, frozen=True):
    """A name in all its spellings, the most frequent one first."""

    label: str
    spellings: tuple[str, ...]


def merged(written: Iterable[tuple[str, str]], *, parties: bool) -> Mapping[str, Name]:
    """The name that each normal form belongs to.

    Args:
        written: a normal form and how it is written, once for each file that has it.
        parties: whether legal forms and titles do not count, and initials stand for names.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for normal, value in written:
        counts[normal][value] += 1
    compared = _people(counts) if parties else _words(counts)
    sizes: Counter[names.Name] = Counter()
    for normal, name in compared.items():
        sizes[name] += counts[normal].total()
    head = names.families(sizes, parties=parties)
    spelled: dict[names.Name, Counter[str]] = defaultdict(Counter)
    for normal, name in compared.items():
        spelled[head[name]].update(counts[normal])
    shown = {name: tuple(names.ranked(spellings)) for name, spellings in spelled.items()}
    return {
        normal: Name(shown[head[name]][0], shown[head[name]]) for normal, name in compared.items()
    }


def _people(counts: Mapping[str, Counter[str]]) -> dict[str, names.Name]:
    return {
        normal: names.name_of(names.ranked(spellings)[0]) for normal, spellings in counts.items()
    }


def _words(counts: Mapping[str, Counter[str]]) -> dict[str, names.Name]:
    """Words as they are compared: those of one address, or of one code, as one."""
    totals = {normal: spellings.total() for normal, spellings in counts.items()}
    head, named = addresses.heads(totals), identifiers.heads(totals)
    return {normal: names.Name((*head[named[normal]].split(),)) for normal in counts}
