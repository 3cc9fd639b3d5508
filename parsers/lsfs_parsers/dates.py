"""The day that a format's own date field means."""

from __future__ import annotations

import re
from datetime import date

_DIGITS = re.compile(r"(?:D:)?\s*(\d{4})[-/:.]?(\d{2})?[-/:.]?(\d{2})?")


def day(value: str) -> date | None:
    """The day in ISO 8601 ("2023-05-01T10:00Z", "20230501") or PDF ("D:20230501100000") form.

    The day is the one written, in the writer's own time zone. A missing month or day is the first.
    None for anything else.
    """
    match = _DIGITS.match(value.strip())
    if match is None:
        return None
    year, month, day_of_month = (int(part or 1) for part in match.groups())
    return _valid(year, month, day_of_month)


def mail_day(value: str) -> date | None:
    """The day in the form of RFC 5322 ("Mon, 1 May 2023 10:00:00 +0200")."""
    from email.utils import parsedate_tz

    parts = parsedate_tz(value)
    return _valid(*parts[:3]) if parts is not None else None


def _valid(year: int, month: int, day_of_month: int) -> date | None:
    try:
        return date(year, month, day_of_month)
    except (ValueError, OverflowError):
        return None
