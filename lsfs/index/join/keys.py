"""The keys of a join: what is compared with what, and how far apart it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import UsageError
from lsfs.index.fields.definitions import Definitions, label_key, words_of
from lsfs.index.fields.meant import AMOUNT, Source, source


class Key(Struct, frozen=True):
    """A key of a join: what is compared with what, and how.

    Attributes:
        asked: as it was asked for.
        near: whether values that are nearly equal match too; None leaves it to their type: names in
            other spellings do, all else does not.
        days: how many days may lie between two dates.
        direction: "after": the right one is not before the left one; "before": the other way; "":
            either.
        share, margin: how far two amounts may be apart: as a share of the larger one, or in
            units of their currency.
        threshold: how alike two names have to be.
    """

    asked: str
    left: Source
    right: Source
    near: bool | None = None
    days: int | None = None
    direction: str = ""
    share: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    threshold: float = 0.9


def key(asked: str, known: Definitions) -> Key:
    """A key from words: "party", "invoice_no=reference", "amount~amount", "customer==client".

    Raises:
        UsageError: a side is empty, or the two cannot be compared.
    """
    for mark in ("==", "=", "~"):
        left, found, right = asked.partition(mark)
        if found:
            break
    if found and not (left.strip() and right.strip()):
        raise UsageError(f"not a key: {asked!r}", hint="write it as: invoice_no=reference")
    one = source(left.strip(), known)
    two = source(right.strip(), known) if found else one
    # Behind a label a number may stand among words: "Purpose: your invoice RE 2024-118".
    if one.label and not two.label and two.type not in _WRITTEN:
        one = replace(one, type=two.type)
    if two.label and not one.label and one.type not in _WRITTEN:
        two = replace(two, type=one.type)
    if {one.type, two.type} == {"party", "number"}:  # a column "Name" of orders: "#2003"
        one, two = (_as_label(side) if side.type == "party" else side for side in (one, two))
    if not _comparable(one.type, two.type):
        raise UsageError(
            f"{left.strip()} ({one.type}) cannot be compared with {right.strip()} ({two.type})"
        )
    return Key(asked, one, two, {"==": False, "~": True}.get(found))


def _as_label(side: Source) -> Source:
    """What stands behind the word itself, whatever else it means."""
    return Source(side.asked, (), "text", label=label_key(words_of(side.asked)))


_WRITTEN = frozenset(("number", "text", "iban", "email", "phone"))


def _comparable(one: str, two: str) -> bool:
    return one == two or {one, two} <= _WRITTEN or {one, two} <= {"party", "text"}


_WITHIN = re.compile(
    r"\s*(\d{1,5})\s*(d|days?|w|weeks?|m|months?|y|years?)\s*(before|after)?\s*", re.IGNORECASE
)
_LENGTHS = {"d": 1, "w": 7, "m": 31, "y": 366}
_TOLERANCE = re.compile(r"\s*(\d{1,12}(?:\.\d{1,4})?)\s*(%)?\s*[A-Za-z]{0,3}\s*")


def with_limits(keys: Iterable[Key], within: str, tolerance: str, threshold: float) -> list[Key]:
    """Keys with how far apart their values may be.

    Args:
        within: days, as "7d", "2w before", "1m after"; months count 31 days, years 366.
        tolerance: "1%", or an amount.
        threshold: how alike names have to be, from 0.5 to 1.

    Raises:
        UsageError: one of them is no such thing, or there is no key that it is about.
    """
    made = list(keys)
    if made and not 0.5 <= threshold <= 1:
        raise UsageError("the threshold must lie between 0.5 and 1")
    made = [replace(one, threshold=threshold) for one in made]
    if within:
        match = _WITHIN.fullmatch(within)
        if match is None:
            raise UsageError(f"not a time: {within!r}", hint="write it as: 7d, 2w before, 1m after")
        days = int(match[1]) * _LENGTHS[match[2][0].lower()]
        made = _set(made, "date", within, days=days, direction=(match[3] or "").lower())
    if tolerance:
        match = _TOLERANCE.fullmatch(tolerance)
        if match is None:
            raise UsageError(f"not a tolerance: {tolerance!r}", hint="write it as: 1% or 5.00")
        limits: Mapping[str, object] = (
            {"share": Decimal(match[1]) / 100} if match[2] else {"margin": Decimal(match[1])}
        )
        made = _set(made, AMOUNT, tolerance, **limits)
    return made


def _set(keys: list[Key], type_: str, asked: str, **limits: object) -> list[Key]:
    if not any(one.left.type == type_ for one in keys):
        raise UsageError(f"{asked!r} is about {type_}s, and no key is one")
    return [replace(one, **limits) if one.left.type == type_ else one for one in keys]
