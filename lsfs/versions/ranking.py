"""Which facts of change matter most, and which are one fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from lsfs.differences import ChangeFact, ChangeKind

_STRENGTHS = {
    ChangeKind.VALUE: 80.0,
    ChangeKind.NEGATED: 89.0,
    ChangeKind.SECTION_ADDED: 75.0,
    ChangeKind.SECTION_REMOVED: 75.0,
    ChangeKind.CELL: 70.0,
    ChangeKind.TABLE_ADDED: 68.0,
    ChangeKind.TABLE_REMOVED: 68.0,
    ChangeKind.COLUMN_ADDED: 66.0,
    ChangeKind.COLUMN_REMOVED: 66.0,
    ChangeKind.ROW_ADDED: 60.0,
    ChangeKind.ROW_REMOVED: 60.0,
    ChangeKind.SECTION_RENAMED: 55.0,
    ChangeKind.ADDED: 50.0,
    ChangeKind.REMOVED: 50.0,
    ChangeKind.WORDING: 45.0,
    ChangeKind.MOVED: 40.0,
    ChangeKind.RENUMBERED: 10.0,
}
_OF_VALUES = {
    "amount": 10.0, "percent": 8.0, "date": 7.0, "name": 6.0, "number": 4.0, "time": 3.0,
    "identifier": 2.0,
}  # fmt: skip


def ranked(facts: Iterable[ChangeFact]) -> list[ChangeFact]:
    """Facts with their strength, strongest first; what happened in several places once."""
    return _sorted(_merged(facts))


def value_strength(kinds: Iterable[str]) -> float:
    """What the strongest of some values adds to the strength of a statement that holds them."""
    return max((_OF_VALUES.get(kind, 0.0) for kind in kinds), default=0.0) / 2


def _merged(facts: Iterable[ChangeFact]) -> Iterator[ChangeFact]:
    """Facts with the same replacement told once; all renumbered headings as one fact."""
    first: dict[tuple[str, ...], ChangeFact] = {}
    for fact in facts:
        key = _sameness(fact, len(first))
        known = first.get(key)
        if known is None:
            first[key] = fact
        else:
            subject = known.subject or fact.subject
            first[key] = replace(known, places=known.places + 1, subject=subject)
    yield from first.values()


def _sameness(fact: ChangeFact, number: int) -> tuple[str, ...]:
    if fact.kind is ChangeKind.RENUMBERED:
        return (fact.kind.value,)
    if fact.kind is ChangeKind.VALUE and fact.value != "number":
        return (fact.kind.value, fact.value, fact.before, fact.after)
    if fact.kind is ChangeKind.VALUE:
        return (fact.kind.value, fact.subject, fact.before, fact.after)
    return (str(number),)


def _sorted(facts: Iterable[ChangeFact]) -> list[ChangeFact]:
    strong = [replace(fact, strength=_strength(fact)) for fact in facts]
    return sorted(strong, key=lambda fact: (-fact.strength, _place(fact)))


def _strength(fact: ChangeFact) -> float:
    base = _STRENGTHS[fact.kind] + fact.strength
    base += _OF_VALUES.get(fact.value, 0.0)
    return base + min(fact.places, 10) / 10


def _place(fact: ChangeFact) -> tuple[int, int]:
    quoted = fact.quote_after or fact.quote_before
    return (quoted.page or 0, quoted.line_start or 0) if quoted else (0, 0)
