"""Another time put into a question: "what about 2022?", "and the year before?"."""

from __future__ import annotations

import re
from datetime import date, timedelta

from lsfs.index.time import timespan
from lsfs.index.time.timespan import TimePhrase
from lsfs.model import DaySpan

_UNITS = {
    "year": "year", "jahr": "year", "month": "month", "monat": "month", "quarter": "quarter",
    "quartal": "quarter", "week": "week", "woche": "week", "day": "day", "tag": "day",
}  # fmt: skip
_UNIT = (
    r"(?P<unit>years?|months?|quarters?|weeks?|days?|jahre?s?|monate?s?|quartale?s?|wochen?|"
    r"tage?s?)"
)
_LEAD = r"(?:(?:in|from|for|of|im|vom|aus dem)\s+)?"
_SHIFTS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_LEAD}(?:(?:the|das|der|dem|die)\s+)?{_UNIT}\s+(?P<way>before|after|earlier|later|"
        rf"davor|danach)"
        r"(?:\s+(?:that|this))?",
        rf"{_LEAD}(?:(?:the|das|der|dem)\s+)?(?P<way>previous|preceding|prior|following|next|"
        rf"vorige[nrs]?|"
        rf"folgende[nrs]?|nächste[nrs]?)\s+{_UNIT}",
        rf"(?:a|one|ein(?:en|e)?)\s+{_UNIT}\s+(?P<way>before|earlier|later|after|früher|später)",
        rf"(?P<way>vor|folge){_UNIT}|(?:im|vom)\s+(?P<way2>vor|folge)(?P<unit2>jahr|monat)",
    )
)
_BACK = frozenset(("before", "earlier", "davor", "previous", "preceding", "prior", "vor", "früher"))
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_PREPOSITION = re.compile(
    r"\A(?:from|in|of|since|before|after|until|during|on|by|for|aus|im|von|seit|vor|nach|bis)\b",
    re.IGNORECASE,
)


def time_of(text: str, today: date) -> TimePhrase | None:
    """The one time phrase of a question; None when it has none, or several."""
    found = timespan.find(text, today)
    return found[0] if len(found) == 1 else None


def is_time(text: str, today: date) -> bool:
    """Whether a text is a time and nothing else."""
    found = time_of(text, today)
    return found is not None and not (text[: found.start] + text[found.end :]).strip(" ?.,")


def is_shift(text: str) -> bool:
    """Whether a text is a time counted from another: "the year before"."""
    return any(form.fullmatch(text) for form in _SHIFTS)


def with_time(question: str, said: str, today: date) -> str | None:
    """A question with a time in place of its own, or added to it; None where that makes no sense.

    Args:
        question: complete.
        said: a time ("from May", "2022"), or one counted from the question's ("the year before").
    """
    own = time_of(question, today)
    shifted = _shifted(said, own)
    if is_shift(said):
        if shifted is None:
            return None
        said = shifted
    elif own is not None:
        said = _with_year(said, own.span)
    if own is None:
        lead = "" if _PREPOSITION.match(said) else "from "
        mark = "?" if question.rstrip().endswith("?") else ""
        return f"{question.rstrip(' ?')} {lead}{said}{mark}"
    before = _PREPOSITION.match(own.words)
    if not _PREPOSITION.match(said) and before is not None:
        said = f"{before[0]} {said}"
    return f"{question[: own.start]}{said}{question[own.end :]}"


def _with_year(said: str, span: DaySpan) -> str:
    """A month with the year that the question was about: "May" of "invoices from 2023"."""
    if _YEAR.search(said) or span.start is None or span.end is None:
        return said
    year = span.start.year
    within = span.end <= date(year + 1, 1, 1)
    named = timespan.find(f"{said} {year}", span.start)
    whole = len(named) == 1 and named[0].span.start is not None and named[0].span.start.year == year
    return f"{said} {year}" if within and whole and not re.search(r"\d", said) else said


def _shifted(said: str, own: TimePhrase | None) -> str | None:
    match = next((m for form in _SHIFTS if (m := form.fullmatch(said))), None)
    if match is None or own is None or own.span.start is None or own.span.end is None:
        return None
    told = match.groupdict()
    way = (told.get("way") or told.get("way2") or "").lower()
    word = (told.get("unit") or told.get("unit2") or "").lower()
    unit = next(unit for stem, unit in _UNITS.items() if word.startswith(stem[:4]))
    sign = -1 if way in _BACK or way.startswith("vorig") else 1
    return _words(_moved(own.span.start, own.span.end, unit, sign))


_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_DAYS = {"week": 7, "day": 1}


def _moved(start: date, end: date, unit: str, sign: int) -> tuple[date, date]:
    """The period of a unit next to a span; the span itself moved where the unit is longer."""
    if unit in _DAYS:
        length = timedelta(_DAYS[unit])
        return (start - length, start) if sign < 0 else (end, end + length)
    months = _MONTHS[unit]
    if (end - start).days <= 31 * months - 3 * (months > 1):
        return _added(start, sign * months), _added(end, sign * months)
    return (_added(start, -months), start) if sign < 0 else (end, _added(end, months))


def _added(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(1)).day
    return date(year, month + 1, min(day.day, last))


def _words(span: tuple[date, date]) -> str:
    start, end = span
    if start.day == 1 and start.month == 1 and end == date(start.year + 1, 1, 1):
        return f"{start.year}"
    if start.day == 1 and end == _added(start, 1):
        return start.strftime("%B %Y")
    if end - start == timedelta(1):
        return start.isoformat()
    return f"from {start.isoformat()} to {(end - timedelta(1)).isoformat()}"
