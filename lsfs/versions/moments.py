"""Moments as people write them: a day, or a time of day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone

_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?P<part>\.\d{1,9})?)?))?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000_000
_LAST = (1 << 63) - 1  # what a database can hold


def moment_of(text: str) -> int | None:
    """The moment that ``2026-11-24``, ``2026-11-24T10:00`` or ``2026-11-24T10:00:30`` says.

    A day is meant to its end, and a second (or a part of one) too, so that the time of a version as
    it is shown is one at which it was there. ``Z`` or an offset may follow; else it is local time.
    The commands read these, and much more, in the same way (:mod:`lsfs.syscalls.moments`).

    Returns:
        nanoseconds since the epoch; None for anything else.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    try:
        day = datetime.fromisoformat(found["day"])
        if found["time"]:
            day = datetime.combine(day, time.fromisoformat(found["time"].partition(".")[0]))
        else:
            day = day.replace(hour=23, minute=59, second=59)
        aware = day.replace(tzinfo=_zone(found["zone"])) if found["zone"] else day.astimezone()
        seconds = (aware - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError, OSError):
        return None
    to_the_minute = found["time"] is not None and len(found["time"]) == len("10:00")
    part = 0 if to_the_minute else int((found["part"] or ".")[1:].ljust(9, "9"))
    return max(-_LAST, min(seconds * _SECOND + part, _LAST))


def day_of(time_ns: int) -> tuple[str, int]:
    """The local day of a moment, as ``2026-11-24``, and when it begins in nanoseconds."""
    day = datetime.fromtimestamp(time_ns // _SECOND).astimezone()
    begin = day.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0).astimezone()
    return f"{day:%Y-%m-%d}", (begin - _EPOCH) // timedelta(seconds=1) * _SECOND


def stamp(time_ns: int) -> str:
    """The second of a moment, as ``2026-11-24T10:00:30Z``."""
    moment = _EPOCH + timedelta(seconds=time_ns // _SECOND)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def exact(time_ns: int) -> str:
    """A moment so that :func:`moment_of` gives it again."""
    return f"{stamp(time_ns)[:-1]}.{time_ns % _SECOND:09d}Z"
