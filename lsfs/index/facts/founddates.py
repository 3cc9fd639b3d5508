"""A date as it stands in a text, before it is known what it means there."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

FOOT = 600  # characters at the end in which a document is signed
PLAIN = 0  # the strength of a mention of which nothing is said

Days = tuple[date, date]  # the first day, and the day after the last


class Found(Struct, frozen=True):
    """A date as it stands in a text; ``order`` is "dm" or "md" for one with a choice."""

    start: int
    end: int
    days: Days
    form: str  # day, month, quarter, year
    swapped: Days | None = None  # the other reading of 03/04/2023
    vote: int = 0  # +1 speaks for day first in this document, -1 for month first
