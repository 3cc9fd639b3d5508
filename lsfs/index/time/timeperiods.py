"""Periods of time in a question's words: "May 2022", "Q3", "last month", "two weeks ago".

One method reads one form. Whether a period is meant as time, and what its preposition makes of
it, is for :mod:`lsfs.index.time.timespan`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from lsfs.index.facts.dates import SHORT_MONTHS, Days, month_days, one_day, year_days
from lsfs.index.time import timewords as w
from lsfs.index.time.timelong import LongPeriodReader
from lsfs.index.time.timerelative import POINT
from lsfs.index.time.timetokens import FIRST_YEAR, LAST_YEAR, Period, fixed
from lsfs.index.time.timewords import MONTH_NAMES

# Abbreviations that are words of another language: "a year ago", "set", "out".
_NO_MONTHS = frozenset(("ago", "set", "out", "mag", "gen", "lug"))
_MONTHS = MONTH_NAMES | {word: m for word, m in SHORT_MONTHS.items() if word not in _NO_MONTHS}
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

_FISCAL = re.compile(  # Q3 FY22, Q3'22, 3Q22, 1H 2022, FY22
    r"(?<!\w)(?:(?:(?P<part>[QH])(?P<n>[1-4])(?:\s?/?-?FY\s?['\u2019]?|\s?['\u2019]|/(?=\d\d(?!\d))|"
    r"\s?FY\s)|(?P<m>[1-4])(?P<part2>[QH])(?:\s?FY\s?|\s?['\u2019]|\s(?=(?:19|20)\d\d)|(?=\d)))|"
    r"(?P<fy>FY)\s?['\u2019]?)(?P<y>(?:19|20)[0-9]{2}|[0-9]{2})(?!\w)",
    re.IGNORECASE,
)
_NO_FOREIGN_MONTHS = w.DOCUMENT_WORDS | w.STOPS | w.UNITS.keys() | w.SEASONS.keys()
_NUMERIC = re.compile(
    r"(?P<y>(?:19|20)[0-9]{2})(?P<s>[-/.])(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})"
    r"(?:T[0-2][0-9](?::?[0-5][0-9])*(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
    r"|(?P<a>[0-9]{1,2})(?P<t>[-/.])(?P<b>[0-9]{1,2})(?P=t)(?P<z>(?:19|20)[0-9]{2})"
    r"|(?P<a2>[0-9]{2})\.(?P<b2>[0-9]{2})\.(?P<z2>[0-9]{2})"
    r"|(?P<a3>[0-9]{1,2})(?P<t3>[./])(?P<b3>[0-9]{1,2})(?P=t3)(?P<z3>[0-9]{2})"
    r"|(?P<a5>0?[1-9]|[12][0-9]|3[01])\.\s?(?P<b5>0?[1-9]|1[0-2])\.(?![0-9])"
    r"|(?P<y4>(?:19|20)[0-9]{2})(?P<m4>0[1-9]|1[0-2])(?P<d4>[0-3][0-9])(?![-/.]?[0-9])"
    r"|(?P<y2>(?:19|20)[0-9]{2})[-/](?P<m2>0[1-9]|1[0-2])"
    r"|(?P<m3>0?[1-9]|1[0-2])/(?P<y3>(?:19|20)[0-9]{2})"
)
OPEN = frozenset(("in", "from", "since", "after", "before", "until", "between"))


def _day_of(year: int, month: int, day: int) -> Days:
    """A day; of 29 February in another year the month."""
    return one_day(year, month, day) or month_days(year, month)


class PeriodReader(LongPeriodReader):
    """One question, read by one method per form of a period."""

    def __init__(self, text: str, today: date) -> None:
        super().__init__(text, today)
        self._rules = (
            self._numeric, self._day_month, self._month_day, self._month, self._day_range,
            self._quarter, self._short_quarter, self._subunit, self._subunits, self._week_of,
            self._century, self._half_of, self._term, self._school_year, self._season,
            self._edge, self._week, self._year_word, self._decade, self._relative,
            self._relative_after, self._ago, self._day_word, self._ahead, self._weekday,
            self._before_last, self._same_time, self._to_date, self._older, self._apostrophe,
            self._year, self._around,
        )  # fmt: skip

    def period(self, i: int) -> Period | None:
        """The longest period at token ``i``."""
        if i >= len(self.tokens):
            return None
        read = [period for rule in self._rules if (period := rule(i)) is not None]
        return max(read, key=lambda period: period.end, default=None)

    def _days(self, period: Period) -> Days:
        """Its days; without a year, the latest time that it began."""
        if period.year is not None:
            return period.make(period.year)
        days = period.make(self.today.year)
        return days if days[0] <= self.today else period.make(self.today.year - 1)

    # --- dates and months

    def _numeric(self, i: int) -> Period | None:
        match = _NUMERIC.match(self.text, self.tokens[i].start)
        if match is None or (self.text[match.end() : match.end() + 1].isdecimal()):
            return None
        if self.raw(i - 1) == "EN" or self.word(i - 1) in w.VERSIONED:
            return None  # a standard, a version
        end = i
        while end < len(self.tokens) and self.tokens[end].start < match.end():
            end += 1
        part = match.groupdict()
        numbered = self.word(i - 1) in w.NUMBERED_THINGS
        if part["y"]:
            days = one_day(int(part["y"]), int(part["m"]), int(part["d"]))
        elif part["z"] or part["z2"]:
            year = int(part["z"] or f"20{part['z2']}")
            a, b = int(part["a"] or part["a2"]), int(part["b"] or part["b2"])
            days = one_day(year, b, a) or (one_day(year, a, b) if part["t"] == "/" else None)
        elif part["z3"]:
            return None if numbered else self._short_numeric(end, match)
        elif part["a5"]:  # vom 15.3.; it may be a section
            day, month = int(part["a5"]), int(part["b5"])
            if numbered or one_day(2024, month, day) is None:
                return None
            return Period(end, lambda of: _day_of(of, month, day), None, "day", POINT)
        elif part["y4"]:  # 20230714 is as often a number
            days = one_day(int(part["y4"]), int(part["m4"]), int(part["d4"]))
            led = self.word(i - 1) in w.DATED
            return self._sole(end, None if numbered else days, None if led else POINT | {"in"})
        else:
            week = self.word(i - 1) in w.WEEK_WORDS
            if week or self.word(i - 1) in w.NUMBERED_THINGS or self.word(end) in w.UNIT_WORDS:
                return None
            year, month = int(part["y2"] or part["y3"]), int(part["m2"] or part["m3"])
            return fixed(end, month_days(year, month), "month")
        return fixed(end, days, "day") if days else None

    def _short_numeric(self, end: int, match: re.Match[str]) -> Period | None:
        """5/13/24; 3.4.23 only behind a word that leads to a day: it may be a version."""
        year = int(match["z3"])
        year += 1900 if year > 68 else 2000
        a, b = int(match["a3"]), int(match["b3"])
        if match["t3"] == ".":
            return self._sole(end, one_day(year, b, a), POINT)
        return self._sole(end, one_day(year, b, a) or one_day(year, a, b), None)

    def _sole(self, end: int, days: Days | None, roles: frozenset[str] | None) -> Period | None:
        return None if days is None else Period(end, lambda _year: days, 0, "day", roles)

    def _past_weekday(self, i: int) -> int:
        if self.word(i) in w.WEEKDAYS:
            i += 1
            i += self.word(i) == ","
        return i

    def _day_month(self, i: int) -> Period | None:
        """3 March 2024, 3rd of March, 3. März 2024, 3 de marzo de 2024."""
        at = self._past_weekday(i)
        read = self._day_number(at) or self._day_in_words(at)
        if read is None:
            return None
        day, j = read
        j = self.skip(j, frozenset(("of", "de", "day", "-")), 2)
        month = _MONTHS.get(self.word(j))
        year, end = self._of_year(j + 1 + (self.word(j + 1) == "."))
        if month is None:
            return self._foreign(day, j, year, end) if year else None
        return self._dated(day, month, year, end if year else j + 1)

    def _day_in_words(self, i: int) -> tuple[int, int] | None:
        """A day in words, and the token after it: "first of October", "ersten Mai", "1er mai"."""
        day = w.DAY_ORDINALS.get(self.word(i), 0)
        j = i + 1
        if self.word(i) in ("twenty", "thirty") and self.word(j) == "-":
            more = w.DAY_ORDINALS.get(self.word(j + 1), 0)
            day, j = (20 if self.word(i) == "twenty" else 30) + more, j + 2
        english = self.word(i) in w.ENGLISH_ORDINALS or self.word(i) in ("twenty", "thirty")
        follows = self.word(j) == "of" if english else self.word(j) in _MONTHS | {"de": 0}
        return (day, j) if 1 <= day <= 31 and follows else None

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
            return _day_of(of, month, day)

        written = self.word(end - 2) in w.OF or self.raw(end - 2) in ("st", "nd", "rd", "th")
        return Period(end, make, year, "day", None if year or written else POINT | {"in"})

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
        if first is None or first[0] > last[1]:  # "the 24 and 3 May" is no range
            return None
        return fixed(second.end, (first[0], last[1]), "days")

    def _month(self, i: int) -> Period | None:
        """March 2024, mars 2022, the month of May 2022; March alone needs a role."""
        j = i
        if w.UNITS.get(self.word(i)) == "month":
            j = self.skip(i + 1, w.OF, 2)
        month = _MONTHS.get(self.word(j))
        if month is None:
            return None
        year, end = self._of_year(j + 1 + (self.word(j + 1) == "."))
        sure = self.word(j) in MONTH_NAMES or self.word(j) in w.SURE_SHORT_MONTHS
        if year is None and not sure and not self._leads_to_month(j + 1):
            return None
        roles = None if year else OPEN
        return Period(
            end if year else j + 1, lambda of: month_days(of, month), year, "month", roles
        )

    def _leads_to_month(self, i: int) -> bool:
        """Whether "to March" follows: "from Jan" alone may be a person."""
        return self.word(i) in w.TO and self.word(self.skip(i + 1, w.ARTICLES)) in _MONTHS

    def _foreign(self, day: int, i: int, year: int | None, end: int) -> Period | None:
        """A day, an unknown word, a year: perhaps a month of another language."""
        word = self.raw(i)
        if len(word) < 3 or not word.isalpha() or self.word(i) in _NO_FOREIGN_MONTHS:
            return None
        day_read = _dateparser_day(f"{day} {word} {year}")
        return fixed(end, (day_read, day_read + timedelta(days=1)), "day") if day_read else None

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
        if (
            count is None
            or unit not in ("day", "week", "fortnight", "month")
            or self.word(i + 2) not in w.OF
        ):
            return None
        at = self.skip(i + 2, w.OF)
        whole = self.period(at)
        if whole is None or whole.year == 0 or whole.shape not in ("year", "month", "quarter"):
            return None
        if whole.year is None and (whole.shape != "month" or not self.raw(at)[:1].isupper()):
            return None

        def make(year: int) -> Days:
            first, last = whole.make(year)
            if count < 0:
                return w.shift(last, -1, unit), last
            start = w.shift(first, count - 1, unit)
            return start, w.shift(start, 1, unit)

        year = whole.year or 2024
        inside = make(year)[1] <= whole.make(year)[1]
        return Period(whole.end, make, whole.year, unit) if inside else None

    def _season(self, i: int) -> Period | None:
        """Spring 2022, winter 2021/22, Christmas 2021; Christmas alone needs a role."""
        word, j = self.word(i), i + 1
        if word == "new" and self.word(i + 1) in ("year", "years"):
            word, j = "new_year", i + 2
            j += self.word(j) == "s"
            night_or_day = {"eve": "silvester", "day": "newyearsday"}.get(self.word(j))
            word, j = (night_or_day, j + 1) if night_or_day else (word, j)
        elif (word, self.word(j)) in w.TWO_WORDS:
            word, j = w.TWO_WORDS[word, self.word(j)], j + 1
        elif word == "easter" and self.word(j) in ("sunday", "monday"):
            j += 1
        make = self._season_maker(word)
        if make is None:
            return None
        year, end = self._of_year(j)
        if year and self.word(end) in ("/", "-") and len(self.word(end + 1)) == 2:
            end += 2  # winter 2021/22 begins in 2021
        named = frozenset(("on", "in", "since", "before", "after", "until"))
        roles = None if year else (named if word in w.HOLIDAYS else frozenset())
        if word in ("goodfriday", "blackfriday") and self.capital(j) and not year:
            return None  # the Good Friday Agreement
        return Period(end if year else j, make, year, "season", roles)

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
        if whole is None and w.UNITS.get(self.word(after - 1)) == "year":  # the end of the year
            whole = fixed(after, self._unit("this", "year"), "unit")
        parts = ("year", "month", "unit", "decade", "quarter", "season")
        if whole is None or whole.shape not in parts:
            return None
        if whole.year is None:
            year = self.today.year
            days = whole.make(year if whole.make(year)[0] <= self.today else year - 1)
        else:
            days = whole.make(whole.year)
        if whole.year is None and not self.raw(after)[:1].isupper():
            return None
        note, part = f"{self.raw(i)} of it, by our reading", w.part(days, edge)
        return replace(fixed(whole.end, part, "part", note), floating=whole.year is None)

    def _week(self, i: int) -> Period | None:
        """Week 12 of 2024, KW 12 2024: weeks of ISO 8601."""
        number, named = self.word(i + 1), self.word(i) in w.WEEK_WORDS
        year, end = self._of_year(i + 2)
        if self.word(i) == "w" and number and self.tokens[i].end == self.tokens[i + 1].start:
            named = True
        elif self.year_at(i) and (self.word(i + 1), self.word(i + 2)) == ("-", "w"):  # 2022-W12
            year, number, end, named = self.year_at(i), self.word(i + 3), i + 4, True
        if not named or not number.isdecimal() or len(number) > 2:
            return None
        try:
            first = date.fromisocalendar(year or self.today.year, int(number), 1)
        except ValueError:
            return None
        if year is None:
            return self._week_alone(i, end, int(number))
        return fixed(end, (first, w.shift(first, 1, "week")), "week")

    def _week_alone(self, i: int, end: int, number: int) -> Period | None:
        """KW 12, "minutes week 12": without a year, the latest that began."""
        if self.tokens[i].end == self.tokens[i + 1].start or self.word(end) in ("of", "des", "der"):
            return None

        def make(year: int) -> Days:
            first = date.fromisocalendar(year, min(number, 52), 1)
            return first, w.shift(first, 1, "week")

        listed = self.word(i - 1) in w.DOCUMENT_WORDS and not self.word(end).isalpha()
        sure = listed or self.word(i) in ("kw", "cw")
        return Period(end, make, None, "week", None if sure else OPEN)

    def _week_of(self, i: int) -> Period | None:
        """The week of 6 March 2023, w/c 6 March 2023: the week that holds the day."""
        weekend = self.word(i) in w.WEEKEND
        named = weekend or self.word(i) in w.WEEK_WORDS
        if named and self.word(i + 1) in ("of", "commencing", "vom", "du"):
            j = i + 2
        elif "".join(map(self.word, range(i, i + 3))) == "w/c":
            j = i + 3
        else:
            return None
        day = self.period(self.skip(j, w.ARTICLES))
        if day is None or day.shape != "day":
            return None
        week = w.unit_around(self._days(day)[0], "week")
        if weekend:
            week = w.shift(week[0], 5, "day"), week[1]
        return fixed(day.end, week, "week")

    def _around(self, i: int) -> Period | None:
        """The "around 1990" of "from around 1990": a year, a month or a week to both sides."""
        if self.word(i) not in w.AROUND or self.word(i - 1) not in w.AROUND_LEADS:
            return None
        middle = self.period(self.skip(i + 1, w.ARTICLES))
        unit = {"year": "year", "month": "month", "day": "week"}.get(middle.shape if middle else "")
        if middle is None or unit is None or not middle.year:
            return None
        first, last = middle.make(middle.year)
        days = w.shift(first, -1, unit), w.shift(last, 1, unit)
        return fixed(middle.end, days, "part", f"a {unit} to both sides, by our reading")

    def _short_quarter(self, i: int) -> Period | None:
        """Q3 FY22, FY22, 3Q22, 1H 2022, Q3'22, Q3/22: as reports of companies write it."""
        match = _FISCAL.match(self.text, self.tokens[i].start)
        if match is None:
            return None
        end = i
        while end < len(self.tokens) and self.tokens[end].start < match.end():
            end += 1
        year = int(match["y"]) + (2000 if len(match["y"]) == 2 else 0)
        fiscal = "fy" in match[0].lower()
        note = "a fiscal year is taken as the calendar year" if fiscal else ""
        number = match["n"] or match["m"]
        half = (match["part"] or match["part2"] or "").upper() == "H"
        if not number:
            return Period(end, year_days, year, "year", note=note)
        width = 6 if half else 3
        if not 1 <= int(number) <= 12 // width or not FIRST_YEAR <= year <= LAST_YEAR:
            return None
        return fixed(end, month_days(year, (int(number) - 1) * width + 1, width), "quarter", note)

    def _subunits(self, i: int) -> Period | None:
        """The first three months of 2022, the last two weeks of May 2022."""
        first, count = w.ORDINALS.get(self.word(i)), self.number(i + 1)
        unit = w.UNITS.get(self.word(i + 2))
        if first not in (1, -1) or not count or unit not in ("day", "week", "month", "quarter"):
            return None
        if self.word(i + 3) not in w.OF:
            return None
        whole = self.period(self.skip(i + 3, w.OF))
        if whole is None or whole.year is None:
            return None
        begin, end = whole.make(whole.year)
        if first == 1:
            days = begin, w.shift(begin, count, unit)
        else:
            days = w.shift(end, -count, unit), end
        inside = begin <= days[0] and days[1] <= end
        return fixed(whole.end, days, unit) if inside else None

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

    def _apostrophe(self, i: int) -> Period | None:
        """'98, behind "from" and the like."""
        short = self.short_year(i)
        return Period(short[1], year_days, short[0], "years", OPEN) if short else None

    def _year(self, i: int) -> Period | None:
        year = self.year_at(i)
        end = i + 1 + (self.word(i + 1) in w.YEAR_ENDINGS)
        if year is None:
            return None
        make = self._part_before(i) or year_days
        return Period(end, make, year, "year", OPEN)

    def _part_before(self, i: int) -> Callable[[int], Days] | None:
        """The "Q3" of "Q3 results 2023", which parts the year."""
        noun = self.word(i - 1) in w.DOCUMENT_WORDS | w.REPORTED
        if not noun or not self.word(i - 2).isdecimal():
            return None
        read = self._quarter_name(i - 3)
        if read is None or read[2] != i - 1:
            return None
        count, width, _ = read
        return lambda of: month_days(of, (count - 1) * width + 1, width)


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
