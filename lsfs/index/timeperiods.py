"""Periods of time in a question's words: "May 2022", "Q3", "last month", "two weeks ago".

One method reads one form. Whether a period is meant as time, and what its preposition makes of
it, is for :mod:`lsfs.index.timespan`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from lsfs.index import timewords as w
from lsfs.index.dates import MONTHS, SHORT_MONTHS, Days, fold, month_days, one_day, year_days

FIRST_YEAR, LAST_YEAR = 1900, 2099
# Abbreviations that are words of another language: "a year ago", "set", "out".
_NO_MONTHS = frozenset(("ago", "set", "out", "mag", "gen", "lug"))
_MONTHS = MONTHS | {word: m for word, m in SHORT_MONTHS.items() if word not in _NO_MONTHS}
_MORE_LANGUAGES = [
    "nl",
    "pt",
    "pl",
    "cs",
    "sv",
    "da",
    "nb",
    "fi",
    "tr",
    "ro",
    "hu",
    "el",
    "ru",
    "uk",
]

_TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019](?=[^\W\d_]))?|\d+|[^\w\s]|_")
_NUMERIC = re.compile(
    r"(?P<y>(?:19|20)[0-9]{2})(?P<s>[-/.])(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})"
    r"|(?P<a>[0-9]{1,2})(?P<t>[-/.])(?P<b>[0-9]{1,2})(?P=t)(?P<z>(?:19|20)[0-9]{2})"
    r"|(?P<a2>[0-9]{2})\.(?P<b2>[0-9]{2})\.(?P<z2>[0-9]{2})"
    r"|(?P<y2>(?:19|20)[0-9]{2})[-/](?P<m2>0[1-9]|1[0-2])"
    r"|(?P<m3>0?[1-9]|1[0-2])/(?P<y3>(?:19|20)[0-9]{2})"
)
_CLEAN_BEFORE = re.compile(r"(?:[\w/\\#@$€£+%=]|\w[-.:])\Z")
_CLEAN_AFTER = re.compile(r"[\w/\\@$€£+%=]|[-.:,]\d|[-.]\w")
_FRENCH = frozenset(("le", "la", "les", "du", "des", "d", "l", "ete", "depuis", "avant"))


@dataclass(frozen=True, slots=True)
class _Token:
    text: str  # folded, without an apostrophe
    raw: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Period:
    """A period that was read up to token ``end``.

    Attributes:
        make: its days in a given year.
        year: that year; None when the phrase does not say it, 0 when it needs none.
        shape: year, month, day, quarter, ...; lists join like with like.
        roles: the roles that let it be read; None when it is time whatever stands around it.
    """

    end: int
    make: Callable[[int], Days]
    year: int | None
    shape: str
    roles: frozenset[str] | None = None
    note: str = ""


OPEN = frozenset(("in", "from", "since", "after", "before", "until", "between"))
_POINT = frozenset(("on", "from", "since", "after", "before", "until", "between"))


def _fixed(end: int, days: Days, shape: str, note: str = "") -> Period:
    return Period(end, lambda _year: days, 0, shape, note=note)


class PeriodReader:
    """One question, read by one method per form of a period."""

    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.today = min(max(today, date(1900, 1, 1)), date(2150, 1, 1))
        self.tokens = [
            _Token(fold(m[0]).rstrip("'\u2019") or m[0], m[0], m.start(), m.end())
            for m in _TOKEN.finditer(text)
        ]
        self._rules = (
            self._numeric, self._day_month, self._month_day, self._month, self._day_range,
            self._quarter, self._subunit, self._season, self._edge, self._week, self._year_word,
            self._decade, self._relative, self._relative_after, self._ago, self._day_word,
            self._weekday, self._older, self._year,
        )  # fmt: skip

    # --- looking at tokens

    def word(self, i: int) -> str:
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def raw(self, i: int) -> str:
        return self.tokens[i].raw if 0 <= i < len(self.tokens) else ""

    def number(self, i: int) -> int | None:
        """A small number in digits or as a word."""
        text = self.word(i)
        if text.isdecimal():
            return int(text) if len(text) < 5 else None
        return w.NUMBERS.get(text)

    def year_at(self, i: int) -> int | None:
        text = self.word(i)
        if len(text) != 4 or not (text.isascii() and text.isdigit()):
            return None
        return int(text) if FIRST_YEAR <= int(text) <= LAST_YEAR else None

    def skip(self, i: int, words: frozenset[str], most: int = 3) -> int:
        for _ in range(most):
            if self.word(i) not in words:
                break
            i += 1
        return i

    def _of_year(self, i: int) -> tuple[int | None, int]:
        """The year after "of", "de", a comma, a slash or nothing; and the token after it."""
        j = self.skip(i, w.OF)
        j += self.word(j) in ("-", "/", "'")
        year = self.year_at(j)
        return (year, j + 1) if year is not None else (None, i)

    def clean(self, i: int, j: int) -> bool:
        """Whether tokens ``i`` to ``j`` stand apart: no part of a path, a number or a name."""
        start, end = self.tokens[i].start, self.tokens[j - 1].end
        before, after = self.text[max(0, start - 2) : start], self.text[end : end + 2]
        return not _CLEAN_BEFORE.search(before) and not _CLEAN_AFTER.match(after)

    def capital(self, i: int) -> bool:
        """Whether token ``i`` follows at once and looks like a name."""
        if not self.raw(i)[:1].isupper() or self.word(i) in w.STOPS:
            return False
        return self.text[self.tokens[i - 1].end : self.tokens[i].start] == " "

    def period(self, i: int) -> Period | None:
        """The longest period at token ``i``."""
        if i >= len(self.tokens):
            return None
        read = [period for rule in self._rules if (period := rule(i)) is not None]
        return max(read, key=lambda period: period.end, default=None)

    # --- dates and months

    def _numeric(self, i: int) -> Period | None:
        match = _NUMERIC.match(self.text, self.tokens[i].start)
        if match is None or (self.text[match.end() : match.end() + 1].isdecimal()):
            return None
        end = i
        while end < len(self.tokens) and self.tokens[end].start < match.end():
            end += 1
        part = match.groupdict()
        if part["y"]:
            days = one_day(int(part["y"]), int(part["m"]), int(part["d"]))
        elif part["z"] or part["z2"]:
            year = int(part["z"] or f"20{part['z2']}")
            a, b = int(part["a"] or part["a2"]), int(part["b"] or part["b2"])
            days = one_day(year, b, a) or (one_day(year, a, b) if part["t"] == "/" else None)
        else:
            if self.word(i - 1) in w.NUMBERED_THINGS or self.word(end) in w.UNIT_WORDS:
                return None
            year, month = int(part["y2"] or part["y3"]), int(part["m2"] or part["m3"])
            return _fixed(end, month_days(year, month), "month")
        return _fixed(end, days, "day") if days else None

    def _past_weekday(self, i: int) -> int:
        if self.word(i) in w.WEEKDAYS:
            i += 1
            i += self.word(i) == ","
        return i

    def _day_number(self, i: int) -> tuple[int, int] | None:
        """A day of a month with its suffix, and the token after it."""
        text = self.word(i)
        if not text.isdecimal() or len(text) > 2 or not 1 <= int(text) <= 31:
            return None
        return int(text), i + 1 + (
            self.word(i + 1) in ("st", "nd", "rd", "th", "er", ".", "º", "°")
        )

    def _day_month(self, i: int) -> Period | None:
        """3 March 2024, 3rd of March, 3. März 2024, 3 de marzo de 2024."""
        read = self._day_number(self._past_weekday(i))
        if read is None:
            return None
        day, j = read
        j = self.skip(j, frozenset(("of", "de", "day", "-")), 2)
        month = _MONTHS.get(self.word(j))
        year, end = self._of_year(j + 1 + (self.word(j + 1) == "."))
        if month is None:
            return self._foreign(day, j, year, end) if year else None
        return self._dated(day, month, year, end if year else j + 1)

    def _month_day(self, i: int) -> Period | None:
        """March 3, 2024; March 3rd."""
        j = self._past_weekday(i)
        month = _MONTHS.get(self.word(j))
        read = self._day_number(j + 1 + (self.word(j + 1) == "."))
        if month is None or read is None:
            return None
        year, end = self._of_year(read[1])
        return self._dated(read[0], month, year, end)

    def _dated(self, day: int, month: int, year: int | None, end: int) -> Period | None:
        if one_day(year or 2024, month, day) is None:
            return None

        def make(of: int) -> Days:
            return one_day(of, month, day) or month_days(of, month)

        return Period(end, make, year, "day", None if year else _POINT | {"in"})

    def _day_range(self, i: int) -> Period | None:
        """The 3-5 March 2024 of "from 3 to 5 March 2024"."""
        read = self._day_number(i)
        if read is None or self.word(read[1]) not in w.TO | w.AND:
            return None
        second = self._day_month(self.skip(read[1] + 1, w.ARTICLES))
        if second is None or not second.year:
            return None
        last = second.make(second.year)
        first = one_day(last[0].year, last[0].month, read[0])
        return _fixed(second.end, (first[0], last[1]), "days") if first else None

    def _month(self, i: int) -> Period | None:
        """March 2024, mars 2022, the month of May 2022; March alone needs a role."""
        j = i
        if w.UNITS.get(self.word(i)) == "month":
            j = self.skip(i + 1, w.OF, 2)
        month = _MONTHS.get(self.word(j))
        if month is None:
            return None
        year, end = self._of_year(j + 1 + (self.word(j + 1) == "."))
        if year is None and self.word(j) not in MONTHS:
            return None
        roles = None if year else OPEN
        return Period(
            end if year else j + 1, lambda of: month_days(of, month), year, "month", roles
        )

    def _foreign(self, day: int, i: int, year: int | None, end: int) -> Period | None:
        """A day, an unknown word, a year: perhaps a month of another language."""
        word = self.raw(i)
        if len(word) < 3 or not word.isalpha() or self.word(i) in w.DOCUMENT_WORDS | w.STOPS:
            return None
        day_read = _dateparser_day(f"{day} {word} {year}")
        return _fixed(end, (day_read, day_read + timedelta(days=1)), "day") if day_read else None

    # --- parts of a year

    def _quarter(self, i: int) -> Period | None:
        """Q3 2024, 2024 Q3, H1 2023, the third quarter of 2024, drittes Quartal 2024."""
        year = self.year_at(i)
        j = i if year is None else i + 1 + (self.word(i + 1) in ("-", "/"))
        read = self._quarter_name(j)
        if read is None:
            return None
        count, width, end = read
        if year is None:
            year, end = self._of_year(end)
        if count == -1 and year is None:
            return None  # "last quarter" is the one before this
        count = 12 // width if count == -1 else count
        roles = None if year else (OPEN if width == 3 else frozenset())
        return Period(
            end, lambda of: month_days(of, (count - 1) * width + 1, width), year, "quarter", roles
        )

    def _quarter_name(self, i: int) -> tuple[int, int, int] | None:
        """The number of a quarter or half, its months, and the token after it."""
        letter, digit = self.word(i), self.word(i + 1)
        if letter in ("q", "h", "t") and digit.isdecimal() and len(digit) == 1:
            glued = self.tokens[i].end == self.tokens[i + 1].start
            most, width = (2, 6) if letter == "h" else (4, 3)
            return (int(digit), width, i + 2) if glued and 1 <= int(digit) <= most else None
        count = w.ORDINALS.get(self.word(i))
        j = i + 1
        if count is None:
            read = self._day_number(i)
            count, j = read if read else (None, i)
            if j == i + 1:  # a number without the suffix of an ordinal
                return None
        unit = w.UNITS.get(self.word(j))
        most = {"quarter": 4, "half": 2}.get(unit or "", 0)
        if count is None or not most or count > most:
            return None
        return count, 12 // most, j + 1

    def _subunit(self, i: int) -> Period | None:
        """The first week of March 2024, the last month of 2023."""
        count = w.ORDINALS.get(self.word(i))
        unit = w.UNITS.get(self.word(i + 1))
        if count is None or unit not in ("day", "week", "month") or self.word(i + 2) not in w.OF:
            return None
        whole = self.period(self.skip(i + 2, w.OF))
        if whole is None or not whole.year or whole.shape not in ("year", "month", "quarter"):
            return None
        first, last = whole.make(whole.year)
        if count > 0:
            start = w.shift(first, count - 1, unit)
            days = (start, w.shift(start, 1, unit))
        else:
            days = (w.shift(last, -1, unit), last)
        return _fixed(whole.end, days, unit) if days[1] <= last else None

    def _season(self, i: int) -> Period | None:
        """Spring 2022, winter 2021/22, Christmas 2021; Christmas alone needs a role."""
        word, j = self.word(i), i + 1
        if word == "new" and self.word(i + 1) in ("year", "years"):
            word, j = "new_year", i + 2
        make = self._season_maker(word)
        if make is None:
            return None
        year, end = self._of_year(j)
        if year and self.word(end) in ("/", "-") and len(self.word(end + 1)) == 2:
            end += 2  # winter 2021/22 begins in 2021
        named = frozenset(("on", "in", "since", "before", "after", "until"))
        roles = None if year else (named if word in w.HOLIDAYS else frozenset())
        return Period(end if year else j, make, year, "season", roles)

    def _season_maker(self, word: str) -> Callable[[int], Days] | None:
        if word in w.SEASONS:
            return lambda of: month_days(of, w.SEASONS[word], 3)
        if word in w.HOLIDAYS:
            return lambda of: w.holiday(w.HOLIDAYS[word], of)
        return None

    def _edge(self, i: int) -> Period | None:
        """Mid-2023, early 2022, the end of March 2024, Anfang 2022."""
        word = self.word(i)
        edge = w.EDGES.get(word)
        if edge is None or (word == "debut" and not self.raw(i).lower().startswith("dé")):
            return None
        j = i + 1 + (self.word(i + 1) == "-")
        after = self.skip(j, w.OF | {"year"})
        if word in w.NEED_OF and after == j:
            return None
        whole = self.period(after)
        if whole is None or whole.year is None or whole.shape not in ("year", "month", "unit"):
            return None
        days = w.part(whole.make(whole.year), edge)
        return _fixed(whole.end, days, "part", f"{self.raw(i)} of it, by our reading")

    def _week(self, i: int) -> Period | None:
        """Week 12 of 2024, KW 12 2024: weeks of ISO 8601."""
        number = self.word(i + 1)
        if self.word(i) not in w.WEEK_WORDS or not number.isdecimal() or len(number) > 2:
            return None
        year, end = self._of_year(i + 2)
        try:
            first = date.fromisocalendar(year or 0, int(number), 1)
        except ValueError:
            return None
        return _fixed(end, (first, w.shift(first, 1, "week")), "week")

    def _year_word(self, i: int) -> Period | None:
        """FY2023, fiscal year 2023, the year 2023, Jahr 2023."""
        j = i
        fiscal = self.word(j) in w.FISCAL
        j += fiscal
        j += self.word(j) in ("calendar", "'")
        j += self.word(j) in w.YEAR_WORDS
        year = self.year_at(j)
        if year is None or j == i:
            return None
        note = "a fiscal year is taken as the calendar year" if fiscal else ""
        return Period(j + 1, year_days, year, "year", note=note)

    def _decade(self, i: int) -> Period | None:
        """The 1990s, the 90s, the nineties, 90er, années 90."""
        word, j = self.word(i), i + 1
        if word in w.DECADES:
            value = 1900 + w.DECADES[word]
            if self.word(i - 1) not in w.ARTICLES:
                return None
        elif word in w.DECADE_WORDS and self.word(i + 1) in ("50", "60", "70", "80", "90"):
            value, j = 1900 + int(self.word(i + 1)), i + 2
        elif word.isdecimal() and self.word(j) in ("s", "er", "ern") and word.endswith("0"):
            apart = self.text[self.tokens[i].end : self.tokens[j].start]
            led = self.word(i - 1) in w.ARTICLES | {
                "'",
                "\u2019",
                "den",
                "early",
                "late",
                "mid",
                "-",
            }
            if apart or (len(word) == 2 and not led) or len(word) not in (2, 4):
                return None
            value, j = int(word) if len(word) == 4 else _century(int(word)), j + 1
        else:
            return None
        if not FIRST_YEAR <= value <= LAST_YEAR:
            return None
        return _fixed(j, (date(value, 1, 1), date(value + 10, 1, 1)), "decade")

    # --- counted from today

    def _relative(self, i: int) -> Period | None:
        """Last month, this year, next week, the last three weeks, last Monday, last summer."""
        word = self.word(i)
        way = _way(word)
        if way is None:
            count = self.number(i)
            if count is None or self.word(i + 1) not in w.LAST or self.word(i + 1) == "last":
                return None
            unit = w.UNITS.get(self.word(i + 2))  # trois dernières semaines
            return self._counted("last", count, unit, i + 3) if unit else None
        if word == "last" and self.word(i - 1) in w.MODALS:
            return None
        count = self.number(i + 1)
        if count is not None and count > 0 and self.word(i + 1) not in ("a", "an", "un", "une"):
            unit = w.UNITS.get(self.word(i + 2))
            return self._counted(way, count, unit, i + 3) if unit else None
        return self._single(way, i + 1, i + 2)

    def _relative_after(self, i: int) -> Period | None:
        """Le mois dernier, la semana pasada, lunedì scorso."""
        adjective = self.word(i + 1)
        if adjective not in w.AFTER_NOUN:
            return None
        way = _way(adjective) or "last"
        if self.word(i) == "an":  # l'an dernier; elsewhere it is English
            return _fixed(i + 2, self._unit(way, "year"), "unit")
        return self._single(way, i, i + 2)

    def _counted(self, way: str, count: int, unit: str | None, end: int) -> Period | None:
        if unit is None or way == "this" or (unit == "half" and count > 9):
            return None
        if unit == "hour":
            count, unit = (count + 23) // 24, "day"
        tomorrow = w.shift(self.today, 1, "day")
        if way == "next":
            return _fixed(end, (self.today, w.shift(tomorrow, count, unit)), "span")
        return _fixed(end, (w.shift(self.today, -count, unit), tomorrow), "span")

    def _single(self, way: str, i: int, end: int) -> Period | None:
        """One unit, weekday, month, season or holiday before, at or after today."""
        word = self.word(i)
        unit = w.UNITS.get(word)
        follows_of = way != "this" and self.word(end) in ("of", "de", "der", "des", "del")
        if follows_of or self.raw(end) == "-":
            return None
        if unit is not None:
            if unit in ("day", "hour") or word in w.PLURALS or word == "half":
                return None
            return _fixed(end, self._unit(way, unit), "unit")
        if way == "this" and word in ("morning", "afternoon", "evening"):
            return _fixed(end, w.unit_around(self.today, "day"), "day")
        if word in w.WEEKDAYS:
            return _fixed(end, self._weekday_of(way, w.WEEKDAYS[word]), "day")
        make = self._season_maker(word)
        month = MONTHS.get(word)
        # "this may", "last march of the ants": only a capital makes these words a month.
        if month and (word not in ("may", "march", "mars") or self.raw(i)[0].isupper()):
            make = lambda of: month_days(of, month)  # noqa: E731
        if make is None or self.capital(end):
            return None
        return _fixed(end, self._nearest(way, make), "season")

    def _unit(self, way: str, unit: str) -> Days:
        if way == "past":
            return w.shift(self.today, -1, unit), w.shift(self.today, 1, "day")
        days = w.unit_around(self.today, unit)
        step = {"last": -1, "this": 0, "next": 1}[way]
        return w.shift(days[0], step, unit), w.shift(days[0], step + 1, unit)

    def _weekday_of(self, way: str, weekday: int) -> Days:
        if way == "this":
            day = w.shift(self.today, weekday - self.today.weekday(), "day")
        elif way == "next":
            day = w.shift(self.today, (weekday - self.today.weekday() - 1) % 7 + 1, "day")
        else:
            day = w.shift(self.today, -((self.today.weekday() - weekday - 1) % 7 + 1), "day")
        return w.unit_around(day, "day")

    def _nearest(self, way: str, make: Callable[[int], Days]) -> Days:
        """The last one that is over, this year's, or the next one to begin."""
        year = self.today.year
        if way == "this":
            return make(year)
        if way == "next":
            return next(d for y in (year, year + 1) if (d := make(y))[0] > self.today)
        years = (year, year - 1, year - 2)
        return next(d for y in years if (d := make(y))[1] <= self.today or y == year - 2)

    def _ago(self, i: int) -> Period | None:
        """Two weeks ago, vor zwei Wochen, il y a deux semaines, hace un mes, due anni fa."""
        lead = {"vor": 1, "hace": 1}.get(self.word(i), 0)
        if (self.word(i), self.word(i + 1), self.word(i + 2)) == ("il", "y", "a"):
            lead = 3
        j = i + lead
        if self.word(j) in ("a", "an") and self.word(j + 1) == "couple":
            j += 1
        count = self.number(j)
        j += 1 + (self.word(j) == "couple" and self.word(j + 1) == "of")
        unit = w.UNITS.get(self.word(j))
        if count is None or unit is None or self.word(j - 1) == "few":
            return None
        if not lead:
            j += 1
            if self.word(j) not in ("ago", "fa"):
                return None
        unit = "day" if unit == "hour" else unit
        back = 0 if unit == "day" and w.UNITS[self.word(j - (not lead))] == "hour" else count
        days = w.unit_around(w.shift(self.today, -back, unit), unit)
        return _fixed(j + 1, days, "unit", f"the {unit} that was then")

    def _day_word(self, i: int) -> Period | None:
        """Today, yesterday, gestern, ayer; not "USA Today" nor "Yesterday by the Beatles"."""
        word, end = self.word(i), i + 1
        back = w.DAYS_AGO.get(word)
        if word == "hier":  # yesterday in French, here in German
            back = 1 if self.word(i - 1) in _FRENCH else None
        elif word == "aujourd" and self.word(end) == "hui":
            back, end = 0, i + 2
        elif (word, self.word(end), self.word(i + 2)) == ("day", "before", "yesterday"):
            back, end = 2, i + 3
        if back is None:
            return None
        led = self.raw(i - 1)[:1].isupper() if i else self.word(end) == "by"
        if led and self.raw(i)[0].isupper():
            return None
        return _fixed(end, w.unit_around(w.shift(self.today, -back, "day"), "day"), "day")

    def _weekday(self, i: int) -> Period | None:
        """Monday, after "on", "since" and the like: the last one before today."""
        weekday = w.WEEKDAYS.get(self.word(i))
        if weekday is None:
            return None
        days = self._weekday_of("last", weekday)
        return Period(i + 1, lambda _year: days, 0, "weekday", _POINT)

    def _older(self, i: int) -> Period | None:
        """The "3 months" of "older than 3 months": the day that lies so far back."""
        count, unit = self.number(i), w.UNITS.get(self.word(i + 1))
        if self.word(i - 1) == "a":  # the article was skipped
            count, unit, i = 1, w.UNITS.get(self.word(i)), i - 1
        if count is None or unit is None:
            return None
        day = w.shift(self.today, -count, "day" if unit == "hour" else unit)
        return Period(i + 2, lambda _year: (day, day), 0, "duration", frozenset())

    def _year(self, i: int) -> Period | None:
        year = self.year_at(i)
        return None if year is None else Period(i + 1, year_days, year, "year", OPEN)


def _way(word: str) -> str | None:
    for way, words in (("last", w.LAST), ("past", w.PAST), ("this", w.THIS), ("next", w.NEXT)):
        if word in words:
            return way
    return None


def _century(short: int) -> int:
    return (1900 if short > 20 else 2000) + short


@lru_cache(maxsize=1)
def _dateparser() -> Any:
    # Imported here: it takes a fifth of a second, and few questions need it.
    from dateparser.date import DateDataParser

    settings = {"STRICT_PARSING": True, "DATE_ORDER": "DMY", "PARSERS": ["absolute-time"]}
    return DateDataParser(languages=_MORE_LANGUAGES, settings=settings)


def _dateparser_day(words: str) -> date | None:
    """The day that "3 maaloputu 2024" may be, by dateparser; None when it knows no such month."""
    with warnings.catch_warnings():
        # Its own use of deprecated parts of the standard library is no matter of ours.
        warnings.simplefilter("ignore", DeprecationWarning)
        read = _dateparser().get_date_data(words).date_obj
    return read.date() if isinstance(read, datetime) else None
