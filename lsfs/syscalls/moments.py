"""Phrases for a moment of the past, as nanoseconds since the epoch.

A moment has a date and a time of day, or only one of them: "2026-11-24T10:00Z", "monday 9am",
"15:00", "3 days ago", "an hour ago", "last month", or the name of a snapshot. What is said less
exactly than to the second means the last moment that fits where it is a day or longer: "yesterday"
is its end, for the state that the day led to is what is looked for. What is said to the second
includes that second, so that a time that was shown can be given back.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from lsfs.clock import Clock
from lsfs.errors import UsageError
from lsfs.index.facts.dates import fold
from lsfs.index.time import timewords as w
from lsfs.index.time.timespan import find

EXAMPLES = (
    '"2026-11-24 15:30", "2026-11-24T15:30:00Z", "yesterday", "yesterday 15:00", "monday 9am", '
    '"3 days ago", "2 hours ago", "last month", "now", or the name of a snapshot'
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_YEAR = 1970  # nothing was kept before; and SQLite's integers end

_CLOCK = r"""
    (?P<hour>[0-9]{1,2}) [:h] (?P<minute>[0-9]{2}) (?: : (?P<second>[0-9]{2})
        (?: [.,] (?P<fraction>[0-9]{1,9}) )? )? \s* (?P<half>[ap]\.?m\b\.?)?
    | (?P<hour12>[0-9]{1,2}) \s* (?P<half12>[ap]\.?m\b\.?)
    | (?P<word>noon|midnight)
"""
_ZONE = r"(?P<zone> z | utc | gmt | [+-][0-9]{2}(?: :?[0-9]{2})? )"
_TIME_LAST = re.compile(rf"(?: ^ | (?<=[\s,]) | (?<=[0-9])t ) (?:{_CLOCK}) \s* {_ZONE}? $", re.X)
_TIME_FIRST = re.compile(rf"^ (?:at\s+)? (?:{_CLOCK}) (?:\s* {_ZONE})? (?=[\s,])", re.X)
_JOINT = re.compile(r"(?:[\s,]+|\s(?:at|um|a|alle|las?))+$|^(?:[\s,]|(?:on|am)\s)+")

_EXACT = {
    "second": "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos",
    "minute": "m min mins minute minutes minuten minuto minutos minuti",
    "hour": "h hr hrs hour hours stunde stunden heure heures hora horas ora ore",
}
_UNITS = {word: unit for unit, words in _EXACT.items() for word in words.split()} | {
    **{word: unit for word, unit in w.UNITS.items() if unit != "hour"},
    "d": "day",
    "w": "week",
}
_LENGTHS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_AGO = re.compile(r"(?:vor|hace|il y a)\s(?P<lead>.+)|(?P<amount>.+?)\s(?:ago|fa|back|earlier)")
_AMOUNT = re.compile(
    r"(?:(?P<half>(?:a )?half(?: an?)?)"
    r"|(?P<count>[0-9]{1,6}(?:\.[0-9]{1,3})?|(?:a )?couple of(?= )|[a-z]+(?= )))"
    r" ?(?P<unit>[a-z]+)(?P<more> and a half)?(?: and | |$)"
)


def moment(
    text: str,
    clock: Clock,
    snapshots: Mapping[str, int] | None = None,
    *,
    zone: tzinfo | None = None,
    first: bool = False,
) -> int:
    """The moment that a phrase means, in nanoseconds since the epoch.

    Args:
        text: the phrase.
        clock: tells what "ago" counts from.
        snapshots: moments with a name; a name goes before all other readings.
        zone: where the user is; the system's zone when None. "Z" or an offset in the text wins.
        first: of a day or longer its first moment, not its last: since when.

    Raises:
        UsageError: it is no moment, or one that is still to come; says which part is not
            understood, and gives examples.
    """
    named = (snapshots or {}).get(text.strip())
    if named is not None:
        return named
    return _Reader(text, clock, zone, tuple(snapshots or ())).read(first=first)


class _Reader:
    """One phrase, read."""

    def __init__(
        self, text: str, clock: Clock, zone: tzinfo | None, snapshots: tuple[str, ...]
    ) -> None:
        self._text = text.strip()
        self._folded = " ".join(fold(self._text).split())
        self._now_ns = clock.now_ns()
        self._zone = zone
        self._snapshots = snapshots
        self._now = clock.now().astimezone(zone)

    def read(self, *, first: bool = False) -> int:
        if not self._folded:
            raise UsageError("no moment is given", hint=f"write for example {EXAMPLES}")
        if self._folded in ("now", "jetzt"):
            return self._now_ns
        found = self._ago(self._folded)
        if found is None:
            found = self._at_a_time(_TIME_LAST.search(self._folded))
        if found is None:
            found = self._at_a_time(_TIME_FIRST.search(self._folded))
        if found is None:
            days = self._days(self._text)
            found = self._instant(days[0], time(), None) if first else self._end_of(*days)
        if found >= self._now_ns + 10**9:
            raise self._to_come()
        return min(found, self._now_ns)  # in the second that is just passing

    # --- so long ago

    def _ago(self, phrase: str) -> int | None:
        """ "2 hours ago" to the second; None for what is none, or is counted in days or more."""
        amount = self._amount(phrase)
        if amount is None or all(unit not in _EXACT for _, unit in amount):
            return None
        if any(unit not in _LENGTHS for _, unit in amount):
            raise self._unclear(phrase)
        length = sum((count * _LENGTHS[unit] for count, unit in amount), timedelta())
        return max(0, self._now_ns - length // _MICROSECOND * 1000)

    def _amount(self, phrase: str) -> list[tuple[float, str]] | None:
        """Counts and units of "2 hours and 30 minutes ago"; None when it is no such phrase."""
        ago = _AGO.fullmatch(phrase)
        if ago is None:
            return None
        rest = ago["lead"] or ago["amount"]
        found = []
        while rest:
            part = _AMOUNT.match(rest)
            unit = _UNITS.get(part["unit"]) if part else None
            count = self._count(part) if part else None
            if part is None or unit is None or count is None:
                return None
            found.append((count, unit))
            rest = rest[part.end() :]
        return found

    def _count(self, part: re.Match[str]) -> float | None:
        if part["half"]:
            return None if part["more"] else 0.5
        more = 0.5 if part["more"] else 0.0
        word = part["count"].removeprefix("a ").removesuffix(" of")
        if word[0].isdigit():
            return float(word) + more
        return None if word == "few" or word not in w.NUMBERS else w.NUMBERS[word] + more

    # --- a time of day

    def _at_a_time(self, found: re.Match[str] | None) -> int | None:
        """A day with a time; a time alone is the last time that it was so late."""
        if found is None:
            return None
        time_of_day, rest = self._time(found), self._folded
        # Months and weekdays are told by their capitals, so the day is cut out of what was written.
        written = " ".join(self._text.split())
        if len(written) == len(rest):
            rest = written
        day_words = _JOINT.sub("", rest[: found.start()] + rest[found.end() :])
        zone = self._offset(found["zone"])
        if day_words.lower() in ("", "at", "um"):
            today = self._now if zone is None else self._now.astimezone(zone)
            at = self._instant(today.date(), time_of_day, zone)
            if at > self._now_ns:
                at = self._instant(today.date() - timedelta(days=1), time_of_day, zone)
            return at + _rest_of_second(found)
        first, last = self._days(day_words, with_time=time_of_day)
        if last - first != timedelta(days=1):
            raise self._unclear(day_words, "it is no day, so it has no time of day")
        return self._instant(first, time_of_day, zone) + _rest_of_second(found)

    def _time(self, found: re.Match[str]) -> time:
        if found["word"]:
            return time(12 if found["word"] == "noon" else 0)
        hour = int(found["hour"] or found["hour12"])
        half = (found["half"] or found["half12"] or "")[:1]
        if half:
            if not 1 <= hour <= 12:
                raise self._unclear(found[0].strip(), "there is no such time")
            hour = hour % 12 + (12 if half == "p" else 0)
        micros = int((found["fraction"] or "0").ljust(9, "0")) // 1000
        try:
            return time(hour, int(found["minute"] or 0), int(found["second"] or 0), micros)
        except ValueError:
            raise self._unclear(found[0].strip(), "there is no such time") from None

    def _offset(self, text: str | None) -> tzinfo | None:
        if text is None:
            return None
        if text in ("z", "utc", "gmt"):
            return UTC
        digits = text[1:].replace(":", "").ljust(4, "0")
        away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        if away >= timedelta(days=1):
            raise self._unclear(text, "there is no such zone")
        return timezone(-away if text[0] == "-" else away)

    # --- days

    def _days(self, words: str, with_time: time | None = None) -> tuple[date, date]:
        """The days meant, half open."""
        plain = fold(words)
        today = self._now.date()
        if plain == "last night":
            plain = words = "yesterday"
        amount = self._amount(plain)
        if amount is not None:
            return self._days_ago(words, amount)
        weekday = w.WEEKDAYS.get(plain.removeprefix("on "))
        if weekday == today.weekday() and with_time is not None and self._is_over(with_time):
            return today, today + timedelta(days=1)
        for lead in ("", "on ", "in "):
            phrases = find(lead + words, today)
            whole = phrases and (phrases[0].start, phrases[0].end) == (0, len(lead + words))
            if not whole:
                continue
            span, role = phrases[0].span, phrases[0].role
            if span.end is None or role in ("since", "after", "from"):
                raise self._unclear(words, "it has no end")
            return span.start or span.end - timedelta(days=1), span.end
        raise self._unclear(words)

    def _is_over(self, time_of_day: time) -> bool:
        return self._instant(self._now.date(), time_of_day, None) <= self._now_ns

    def _days_ago(self, words: str, amount: list[tuple[float, str]]) -> tuple[date, date]:
        """ "3 days ago", "two months ago": the day that was then."""
        day = self._now.date()
        for count, unit in amount:
            if unit in _EXACT or count != int(count):
                raise self._unclear(words)
            day = w.shift(day, -int(count), unit)
        return day, day + timedelta(days=1)

    def _end_of(self, first: date, last: date) -> int:
        """The last moment before a day; now, for what is today."""
        end = self._instant(last, time(), None) - 1
        tomorrow = self._now.date() + timedelta(days=1)
        if (first, last) == (self._now.date(), tomorrow):
            return min(end, self._now_ns)
        if last >= tomorrow and first < tomorrow:
            raise self._unclear(self._text, "it is not over yet")
        return end

    def _instant(self, day: date, time_of_day: time, zone: tzinfo | None) -> int:
        if not _FIRST_YEAR <= day.year < 2200:
            raise self._unclear(self._text, "nothing is known of that time")
        naive = datetime.combine(day, time_of_day)
        zone = zone or self._zone
        aware = naive.replace(tzinfo=zone) if zone else naive.astimezone()
        return (aware - _EPOCH) // _MICROSECOND * 1000

    # --- what is none

    def _unclear(self, part: str, why: str = "") -> UsageError:
        whole = f"not a moment: {self._text!r}"
        part = part.strip()
        said = f"{part!r} is not understood" if not why else f"{part!r}: {why}"
        if part == self._text:
            said = why
        near = difflib.get_close_matches(self._text, self._snapshots, n=1)
        hint = f"did you mean the snapshot {near[0]!r}? Or " if near else ""
        return UsageError(
            f"{whole} ({said})" if said else whole, hint=f"{hint}write for example {EXAMPLES}"
        )

    def _to_come(self) -> UsageError:
        return UsageError(f"{self._text!r} is still to come", hint=f"write for example {EXAMPLES}")


def _rest_of_second(found: re.Match[str]) -> int:
    """Nanoseconds that what was said leaves open, when it was said to the second or finer."""
    if found["second"] is None:
        return 0
    digits = found["fraction"] or ""
    told = int(digits.ljust(9, "0")) % 1000  # finer than a datetime holds
    return told + int("9" * (9 - len(digits)) or 0)
