"""What makes a file more likely meant, without excluding others."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from lsfs.conditions import Days
from lsfs.model import DateKind


class Preference(Struct, frozen=True):
    """What makes a file more likely meant, without excluding others.

    Attributes:
        kinds: kinds of document that the question names.
        after, before: days that the question names, half open; "" leaves a side open.
        spans: several such spans, when it names more than one.
        date_kinds: the dates of a document that they are said of; () for its own.
        strong: files of that kind or time are what is asked for: what fits comes first.
    """

    kinds: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    spans: tuple[Days, ...] = ()
    date_kinds: tuple[str, ...] = ()
    strong: bool = False

    @property
    def asks_days(self) -> bool:
        """Whether days are asked for at all."""
        return bool(self.after or self.before)


MENTIONED = 0.25  # of the weight of a document's own date, for one that it merely mentions
BESIDE_OWN = 0.6  # for another date of a certain meaning: due, expires


def date_share(day: str, day_end: str, stated: Iterable[str], prefer: Preference) -> float:
    """How well a file's dates fit the days asked for, from 0 to 1.

    Its own date, or one of the kinds asked for, comes before another strong one, that before one
    that is only mentioned.

    Args:
        day, day_end: the file's own date; "" when it has none.
        stated: the kinds of the dates within those days that it states.
    """
    if not prefer.asks_days:
        return 0.0
    kinds = {*stated}
    spans = prefer.spans or ((prefer.after, prefer.before),)
    own = bool(day) and any(
        day >= after and (not before or day_end <= before) for after, before in spans
    )
    asked = {*prefer.date_kinds} - {DateKind.SIGNED.value}
    if (kinds & asked) if asked else own:
        return 1.0
    if own or DateKind.EFFECTIVE.value in kinds:
        return 0.8 if not asked else BESIDE_OWN
    if kinds - {DateKind.MENTIONED.value}:
        return BESIDE_OWN
    return MENTIONED if kinds else 0.0
