"""Periods counted from today: "last month", "two weeks ago", "the last 90 days", "yesterday"."""

from __future__ import annotations

from collections.abc import Callable

from lsfs.index.facts.dates import Days, month_days
from lsfs.index.time import timewords as w
from lsfs.index.time.timetokens import Period, TokenReader, fixed
from lsfs.index.time.timewords import MONTH_NAMES

_FRENCH = frozenset(("le", "la", "les", "du", "des", "d", "l", "ete", "depuis", "avant"))
POINT = frozenset(("on", "from", "since", "after", "before", "until", "between"))

_IN_TWO_DAYS = {("day", "after", "tomorrow"), ("apres", "-", "demain")}
_TWO_DAYS_AGO = {
    ("day", "before", "yesterday"),
    ("avant", "-", "hier"),
    ("l", "altro", "ieri"),
}


def way_of(word: str) -> str | None:
    """What a word makes of a unit: last, past (back from today), this or next."""
    for way, words in (("last", w.LAST), ("past", w.PAST), ("this", w.THIS), ("next", w.NEXT)):
        if word in words:
            return way
    return None


class RelativeReader(TokenReader):
    """Reads periods that today decides."""

    # --- counted from today

    def _relative(self, i: int) -> Period | None:
        """Last month, this year, next week, the last three weeks, last Monday, last summer."""
        word = self.word(i)
        if word in w.PRECEDING:
            return fixed(i + 1, self._unit("last", w.PRECEDING[word]), "unit")
        way = way_of(word)
        if way is None:
            count = self.number(i)
            if count is None or self.word(i + 1) not in w.LAST or self.word(i + 1) == "last":
                return None
            unit, end = self._unit_at(i + 2)  # trois dernières semaines
            return self._counted("last", count, unit, end) if unit else None
        if word == "last" and self.word(i - 1) in w.MODALS:
            return None
        if self.word(i + 1) == "couple" and self.word(i + 2) == "of":
            return self._counted(way, 2, w.UNITS.get(self.word(i + 3)), i + 4)
        count = self.number(i + 1)
        if count is not None and count > 0 and self.word(i + 1) not in ("a", "an", "un", "une"):
            unit, end = self._unit_at(i + 2)
            if unit and self.word(end) in w.OF and self._counts_of(end + 1):
                return None  # the last two weeks of May
            return self._counted(way, count, unit, end) if unit else None
        if self._and_a_half(i + 2) and w.UNITS.get(self.word(i + 1)) == "year" and way != "this":
            return self._counted(way, 18, "month", i + 5)
        return self._single(way, i + 1, i + 2)

    def _unit_at(self, i: int) -> tuple[str | None, int]:
        """The unit at a token, and the token after it: "weeks", "business days"."""
        if self.word(i) in w.OF_WORK and w.UNITS.get(self.word(i + 1)) == "day":
            return "workday", i + 2
        unit = w.UNITS.get(self.word(i))
        if unit == "day" and self.word(i + 1) in w.OF_WORK:
            return "workday", i + 2
        return unit, i + 1

    def _and_a_half(self, i: int) -> bool:
        return [self.word(k) for k in range(i, i + 3)] == ["and", "a", "half"]

    def _counts_of(self, i: int) -> bool:
        """Whether a year or a month follows, of which weeks or months are counted."""
        i = self.skip(i, w.OF | w.ARTICLES)
        return (
            self.year_at(i) is not None or self.word(i) in MONTH_NAMES or bool(way_of(self.word(i)))
        )

    def _relative_after(self, i: int) -> Period | None:
        """Le mois dernier, la semana pasada, lunedì scorso."""
        adjective = self.word(i + 1)
        if adjective not in w.AFTER_NOUN:
            return None
        way = way_of(adjective) or "last"
        if self.word(i) == "an":  # l'an dernier; elsewhere it is English
            return fixed(i + 2, self._unit(way, "year"), "unit")
        return self._single(way, i, i + 2)

    def _counted(self, way: str, count: int, unit: str | None, end: int) -> Period | None:
        if unit is None or way == "this" or (unit == "half" and count > 9):
            return None
        if unit == "hour":
            count, unit = (count + 23) // 24, "day"
        tomorrow = w.shift(self.today, 1, "day")
        if way == "next":
            return fixed(end, (self.today, w.shift(tomorrow, count, unit)), "span")
        return fixed(end, (w.shift(self.today, -count, unit), tomorrow), "span")

    def _single(self, way: str, i: int, end: int) -> Period | None:
        """One unit, weekday, month, season or holiday before, at or after today."""
        word = self.word(i)
        unit = w.UNITS.get(word)
        follows_of = way != "this" and self.word(end) in ("of", "de", "der", "des", "del")
        if follows_of or self.raw(end) == "-":
            return None
        if unit is not None:
            if unit in ("day", "hour") or word in w.PLURALS or word in ("half", "halfte"):
                return None
            if unit in ("fortnight", "decade") and way != "this":
                return self._counted("next" if way == "next" else "last", 1, unit, end)
            days = self._unit(way, unit)
            if way == "this" and self.word(i - 2) in ("earlier", "previously"):
                days = days[0], w.shift(self.today, 1, "day")
            elif way == "this" and self.word(i - 2) == "later":
                days = self.today, days[1]
            return fixed(end, days, "unit")
        if word in w.WEEKEND:
            return fixed(end, self._weekend(way), "days")
        if way == "this" and word in ("morning", "afternoon", "evening"):
            return fixed(end, w.unit_around(self.today, "day"), "day")
        if word in w.WEEKDAYS:
            return fixed(end, self._weekday_of(way, w.WEEKDAYS[word]), "day")
        make = self._season_maker(word)
        month = MONTH_NAMES.get(word)
        # "this may", "last march of the ants": only a capital makes these words a month.
        if month and (word not in ("may", "march", "mars") or self.raw(i)[0].isupper()):
            make = lambda of: month_days(of, month)  # noqa: E731
        if make is None or self.capital(end):
            return None
        return fixed(end, self._nearest(way, make), "season")

    def _italian(self, word: str) -> bool:
        """Whether a word stands behind an article that Italian joins to it."""
        return any(
            self.word(k) == word and self.word(k - 1) in ("dell", "nell", "all", "l", "d")
            for k in range(len(self.tokens))
        )

    def _season_maker(self, word: str) -> Callable[[int], Days] | None:
        if word == "estate":  # summer in Italian, behind an article; not an English estate
            return (lambda of: month_days(of, 6, 3)) if self._italian(word) else None
        if word in w.SEASONS:
            return lambda of: month_days(of, w.SEASONS[word], 3)
        if word in w.HOLIDAYS:
            return lambda of: w.holiday(w.HOLIDAYS[word], of)
        return None

    def _unit(self, way: str, unit: str) -> Days:
        if way == "past":
            return w.shift(self.today, -1, unit), w.shift(self.today, 1, "day")
        days = w.unit_around(self.today, unit)
        step = {"last": -1, "this": 0, "next": 1}[way]
        return w.shift(days[0], step, unit), w.shift(days[0], step + 1, unit)

    def _weekend(self, way: str) -> Days:
        saturday = w.shift(w.unit_around(self.today, "week")[0], 5, "day")
        over = w.shift(saturday, 2, "day") <= self.today
        step = {"this": 0, "next": 1}.get(way, 0 if over else -1)
        first = w.shift(saturday, step, "week")
        return first, w.shift(first, 2, "day")

    def _before_last(self, i: int) -> Period | None:
        """The week before last, the Friday before last, vorletzte Woche, la semana antepasada."""
        if self.word(i) in w.BEFORE_LAST:
            at, end = i + 1, i + 2
        elif self.word(i) == "avant" and self.word(i + 1) == "-" and self.word(i + 2) in w.LAST:
            at, end = i + 3, i + 4
        elif self.word(i + 1) in w.BEFORE_LAST_AFTER_NOUN:
            at, end = i, i + 2
        elif (self.word(i + 1), self.word(i + 2)) == ("before", "last"):
            at, end = i, i + 3
            if self.word(end).isalnum() and self.word(end) not in w.STOPS:
                return None
        else:
            return None
        last = self._single("last", at, end)
        if last is None or self.word(end) in w.OF - {"in", "im"}:
            return None  # the penultimate week of the project
        then = last.make(0)
        step = w.UNITS.get(self.word(at)) or ("week" if (then[1] - then[0]).days < 3 else "year")
        if self.word(at) in w.HOLIDAYS:
            step = "year"
        return fixed(end, (w.shift(then[0], -1, step), w.shift(then[1], -1, step)), "unit")

    def _same_time(self, i: int) -> Period | None:
        """This time last year, the same month last year: the month that was then."""
        if self.word(i) not in ("this", "same") or self.word(i + 1) not in ("time", "month"):
            return None
        if (self.word(i + 2), self.word(i + 3)) != ("last", "year"):
            return None
        days = w.unit_around(w.shift(self.today, -1, "year"), "month")
        return fixed(i + 4, days, "unit", "the month that was then")

    def _to_date(self, i: int) -> Period | None:
        """Year to date, YTD, month to date."""
        unit, end = w.UNITS.get(self.word(i)), i + 3
        if self.word(i) in ("ytd", "mtd"):
            unit, end = {"ytd": "year", "mtd": "month"}[self.word(i)], i + 1
        elif (self.word(i + 1), self.word(i + 2)) != ("to", "date"):
            return None
        if unit not in ("year", "month", "quarter", "week"):
            return None
        return fixed(end, (self._unit("this", unit)[0], w.shift(self.today, 1, "day")), "unit")

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
        lead = {"vor": 1, "hace": 1, "ha": int(self.raw(i).lower() == "h\u00e1")}.get(
            self.word(i), 0
        )
        if (self.word(i), self.word(i + 1), self.word(i + 2)) == ("il", "y", "a"):
            lead = 3
        j = i + lead
        if self.word(j) in ("a", "an") and self.word(j + 1) == "couple":
            j += 1
        count = self.number(j)
        j += 1 + (self.word(j) == "couple" and self.word(j + 1) == "of")
        halves = self._halves_ago(i, count)
        if halves is not None:
            return halves
        weekday = w.WEEKDAYS.get(self.word(j).removesuffix("s"), w.WEEKDAYS.get(self.word(j)))
        if count and weekday is not None and self.word(j + 1) in w.AGO:  # three Mondays ago
            last = self._weekday_of("last", weekday)[0]
            day = w.shift(last, 1 - count, "week")
            return fixed(j + 2, w.unit_around(day, "day"), "day")
        unit = w.UNITS.get(self.word(j))
        if count is None or unit is None or self.word(j - 1) == "few":
            return None
        if not lead:
            j += 1
            if self.word(j) not in w.AGO:
                return None
        unit = "day" if unit == "hour" else unit
        if unit == "fortnight":
            count, unit = 2 * count, "week"
        back = 0 if unit == "day" and w.UNITS[self.word(j - (not lead))] == "hour" else count
        days = w.unit_around(w.shift(self.today, -back, unit), unit)
        return fixed(j + 1, days, "unit", f"the {unit} that was then")

    def _ahead(self, i: int) -> Period | None:
        """The "30 days" of "due within 30 days": from today on."""
        count, unit = self.number(i), w.UNITS.get(self.word(i + 1))
        if count is None or unit is None:
            return None
        lead = i - 1 - (self.word(i - 1) in ("von", "de", "di"))
        verbs = {self.word(lead - 1), self.word(i + 2)} & w.AHEAD
        if self.word(lead) not in w.WITHIN or verbs <= {"payable"}:
            return None  # "payable in 30 days" is a condition of payment
        if self.word(i + 2) in ("of", "from", "after", "nach", "ab", "de", "apres"):
            return None  # "due within 30 days of receipt"
        return self._counted("next", count, unit, i + 2)

    def _halves_ago(self, i: int, count: int | None) -> Period | None:
        """A year and a half ago, two and a half years ago: the month that was then."""
        if count is None:
            return None
        words = [self.word(k) for k in range(i + 1, i + 6)]
        for form in (["year", "and", "a", "half", "ago"], ["and", "a", "half", "years", "ago"]):
            if words == form:
                then = w.shift(self.today, -(12 * count + 6), "month")
                return fixed(i + 6, w.unit_around(then, "month"), "unit", "the month that was then")
        return None

    def _day_word(self, i: int) -> Period | None:
        """Today, yesterday, gestern, ayer; not "USA Today" nor "Yesterday by the Beatles"."""
        word, end = self.word(i), i + 1
        back = w.DAYS_AGO.get(word)
        if word == "hier":  # yesterday in French, here in German
            back = 1 if self.word(i - 1) in _FRENCH | w.FRENCH_DONE else None
        elif (word, self.word(end), self.word(i + 2)) in _TWO_DAYS_AGO:
            back, end = 2, i + 3
        elif (word, self.word(end), self.word(i + 2)) in _IN_TWO_DAYS:
            back, end = -2, i + 3
            if self.word(end).isalpha() and self.word(end) not in w.STOPS | w.DOCUMENT_WORDS:
                return None  # the film
        elif word == "tomorrow" and self.word(i - 1) == "after" and self.word(i - 2) == "day":
            return None
        elif word == "aujourd" and self.word(end) == "hui":
            back, end = 0, i + 2
        if back is None:
            return None
        follows = self.word(end)
        named = follows == "by" or (
            follows.isalpha() and follows not in w.STOPS | w.DOCUMENT_WORDS | {"s"} and end > i
        )
        led = self.raw(i - 1)[:1].isupper() if i else named
        if led and self.raw(i)[0].isupper():
            return None
        return fixed(end, w.unit_around(w.shift(self.today, -back, "day"), "day"), "day")

    def _weekday(self, i: int) -> Period | None:
        """Monday, the weekend, after "on", "since" and the like: the last before today."""
        if self.word(i) in w.WEEKEND:
            over = self._weekend("last")
            return Period(i + 1, lambda _year: over, 0, "days", POINT | {"in"})
        weekday = w.WEEKDAYS.get(self.word(i))
        if weekday is None or self.word(i + 1) in ("del", "della"):
            return None  # "Il sabato del villaggio"
        days = self._weekday_of("last", weekday)
        return Period(i + 1, lambda _year: days, 0, "weekday", POINT)

    def _older(self, i: int) -> Period | None:
        """The "3 months" of "older than 3 months": the day that lies so far back."""
        count, unit = self.number(i), w.UNITS.get(self.word(i + 1))
        if self.word(i - 1) == "a":  # the article was skipped
            count, unit, i = 1, w.UNITS.get(self.word(i)), i - 1
        if count is None or unit is None or self.word(i + 1) in w.YEAR_ENDINGS:
            return None
        day = w.shift(self.today, -count, "day" if unit == "hour" else unit)
        if self.word(i + 2) in w.OLD:  # more than two years old
            return Period(i + 3, lambda _year: (day, day), 0, "age", frozenset())
        return Period(i + 2, lambda _year: (day, day), 0, "duration", frozenset())
