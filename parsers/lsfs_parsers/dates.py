"""The day that a format's own date field means."""

from __future__ import annotations

import re
from datetime import date

_DIGITS = re.compile(r"(?:D:)?\s*(\d{4})[-/:.]?(\d{2})?[-/:.]?(\d{2})?")
_YEAR_AND_WORD = re.compile(r"(?=.*[^\W\d_]{3})(?=.*\b\d{4}\b)(?!\d{4}[-/:.]?\d).{9,60}\Z")
_LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt"]  # of months in words


def day(value: str) -> date | None:
    """The day in ISO 8601 ("2023-05-01T10:00Z", "20230501"), PDF ("D:20230501100000") or written
    ("1 May 2023", "le 1er mai 2023") form.

    The day is the one written, in the writer's own time zone. A missing month or day is the first
    in the forms of digits. None for anything else.
    """
    value = value.strip()
    if _YEAR_AND_WORD.match(value):
        return _written(value)
    match = _DIGITS.match(value)
    if match is None:
        return None
    year, month, day_of_month = (int(part or 1) for part in match.groups())
    return _valid(year, month, day_of_month)


def _written(value: str) -> date | None:
    """The day that a date with its month in words means; None when a part of it is missing."""
    import dateparser  # half a second, for the few files that write dates so

    strict = {"STRICT_PARSING": True, "PARSERS": ["absolute-time"]}
    try:
        found = dateparser.parse(value, languages=_LANGUAGES, settings=strict)
    except (ValueError, OverflowError):
        return None
    return found.date() if found else None


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
