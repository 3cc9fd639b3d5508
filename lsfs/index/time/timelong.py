"""Long periods in a question's words: decades, centuries, their halves, terms, school years."""

from __future__ import annotations

from datetime import date, timedelta

from lsfs.index.facts.dates import Days, month_days
from lsfs.index.time import timewords as w
from lsfs.index.time.timerelative import RelativeReader
from lsfs.index.time.timetokens import FIRST_YEAR, LAST_YEAR, Period, century, fixed

_DECADE_LEADS = w.ARTICLES | {"'", "\u2019", "den", "early", "late", "mid", "-"}
_HALVED = ("month", "unit", "decade", "century", "quarter")


class LongPeriodReader(RelativeReader):
    """Reads periods of several years, and those of schools."""

    def period(self, i: int) -> Period | None:
        """The longest period at token ``i``."""
        raise NotImplementedError

    def _day_number(self, i: int) -> tuple[int, int] | None:
        """A day of a month with its suffix, and the token after it."""
        text = self.word(i)
        if not text.isdecimal() or len(text) > 2 or not 1 <= int(text) <= 31:
            return None
        return int(text), i + 1 + (
            self.word(i + 1)
            in ("st", "nd", "rd", "th", "er", "e", "eme", "nde", "de", "da", ".", "º", "°")
        )

    # --- decades

    def _decade(self, i: int) -> Period | None:
        """The 1990s, the 90s, the nineties, 90er, années 90, años noventa, den Neunzigern."""
        read = self._named_decade(i) or self._numbered_decade(i)
        if read is None:
            return None
        value, end = read
        if not FIRST_YEAR <= value <= LAST_YEAR:
            return None
        end += self.word(end) in ("jahre", "jahren") and self.word(end - 1) not in w.DECADE_WORDS
        return fixed(end, (date(value, 1, 1), date(value + 10, 1, 1)), "decade")

    def _named_decade(self, i: int) -> tuple[int, int] | None:
        """The first year of a decade that is told in words, and the token after it."""
        word, lead = self.word(i), self.word(i - 1)
        stem = word.removesuffix("jahren").removesuffix("jahre").removesuffix("n")
        tens = w.DECADES.get(word, w.DECADES.get(stem))
        if tens is not None:
            whole = stem != word and word.endswith(("jahre", "jahren"))
            led = lead in _DECADE_LEADS or self.word(i + 1) in ("jahre", "jahren") or whole
            return (1900 + tens, i + 1) if led else None
        if word in w.DECADE_WORDS:
            tens, end = self._tens(i + 1)
            return (1900 + tens, end) if tens else None
        if lead == "los":  # de los noventa
            tens, end = self._tens(i)
            alone = not self.word(end).isalpha() or self.word(end) in w.STOPS
            return (1900 + tens, end) if tens and alone else None
        return None

    def _tens(self, i: int) -> tuple[int, int]:
        """The 90 of "90", "'90", "noventa" or "quatre-vingt-dix", and the token after; else 0."""
        i += self.word(i) in ("'", "\u2019")
        if self.word(i) in ("50", "60", "70", "80", "90"):
            return int(self.word(i)), i + 1
        return self._longest(i, w.TENS, 5)

    def _longest(self, i: int, known: dict[str, int], most: int) -> tuple[int, int]:
        """What a word of some tokens ("quatre-vingt-dix") means, and the token after it; else 0."""
        for count in range(min(most, len(self.tokens) - i), 0, -1):
            value = known.get("".join(self.word(k) for k in range(i, i + count)))
            if value:
                return value, i + count
        return 0, i

    def _numbered_decade(self, i: int) -> tuple[int, int] | None:
        word, j = self.word(i), i + 1
        if word in ("annees", "anni", "jaren") and self.year_at(j) and self.word(j).endswith("0"):
            return int(self.word(j)), j + 1
        if not (word.isdecimal() and self.word(j) in ("s", "er", "ern") and word.endswith("0")):
            return None
        apart = self.text[self.tokens[i].end : self.tokens[j].start]
        led = self.word(i - 1) in _DECADE_LEADS
        if apart or (len(word) == 2 and not led) or len(word) not in (2, 4):
            return None
        return (int(word) if len(word) == 4 else century(int(word))), j + 1

    # --- centuries

    def _century(self, i: int) -> Period | None:
        """The 20th century, XXe siècle, siglo XX; not "20th Century Fox"."""
        number, end = self._century_number(i)
        if not 11 <= number <= 21 or (
            self.raw(end)[:1].isupper() and self.word(end) not in w.STOPS
        ):
            return None
        first = (number - 1) * 100
        return fixed(end, (date(first, 1, 1), date(first + 100, 1, 1)), "century")

    def _century_number(self, i: int) -> tuple[int, int]:
        if self.word(i) in w.CENTURY:
            return w.CENTURIES.get(self.word(i + 1), 0), i + 2
        read = self._day_number(i)
        if read is not None and read[1] > i + 1 and self.word(read[1]) in w.CENTURY:
            return read[0], read[1] + 1
        number, end = self._longest(i, w.CENTURIES, 3)
        return (number, end + 1) if self.word(end) in w.CENTURY else (0, i)

    # --- halves of what is no year

    def _half_of(self, i: int) -> Period | None:
        """The second half of the eighties, the first half of March 2022."""
        count, name = w.ORDINALS.get(self.word(i)), self.word(i + 1)
        if count not in (1, 2, -1) or not (
            name in w.HALVES or self.raw(i + 1).lower() == "met\u00e0"
        ):
            return None
        whole = self.period(self.skip(i + 2, w.OF | w.ARTICLES | {"den"}, 4))
        if whole is None or whole.shape not in (*_HALVED, "year") or whole.year is None:
            return None
        days = whole.make(whole.year)
        middle = _middle(days)
        half = (days[0], middle) if count == 1 else (middle, days[1])
        return fixed(whole.end, half, "quarter")

    # --- schools and universities

    def _term(self, i: int) -> Period | None:
        """Winter term 2022/23, Sommersemester 2023, WS 22/23."""
        word, j = w.WHOLE_TERMS.get(self.word(i)), i + 1
        if len(self.word(i)) < 5 and not self.raw(i)[:1].isupper():
            word = None  # ws, ss: only as an abbreviation
        if word is None and self.word(i + 1) in w.TERM_WORDS:
            word, j = self.word(i), i + 2
        if word not in w.TERMS:
            return None
        year, end = self._school_years(j)
        if not year:
            return None
        first, months = w.TERMS[word]
        return fixed(end, month_days(year, first, months), "term", f"a {word} term, by our reading")

    def _school_year(self, i: int) -> Period | None:
        """School year 1997/98, Schuljahr 2022/23: from August to July."""
        for count in (2, 1):
            if "_".join(self.word(k) for k in range(i, i + count)) in w.SCHOOL_YEARS:
                year, end = self._school_years(i + count)
                if year and end > i + count + 1:
                    return _year_of_school(year, end, self.word(i))
        year, end = self._school_years(i)  # the 2024/25 season
        for count in (2, 1):
            named = "_".join(self.word(k) for k in range(end, end + count))
            if year and end == i + 3 and named in w.SCHOOL_YEARS:
                return _year_of_school(year, end + count, named)
        return None

    def _school_years(self, i: int) -> tuple[int, int]:
        """The first year of 2022/23, 2022-2023, 22/23 or 2022, and the token after it; else 0."""
        i = self.skip(i, w.OF)
        short = self.word(i)
        year = self.year_at(i) or (
            2000 + int(short) if len(short) == 2 and short.isdecimal() else 0
        )
        if not year:
            return 0, i
        second = self.word(i + 2) if self.word(i + 1) in ("/", "-") else ""
        follows = second.isdecimal() and len(second) in (2, 4)
        return (year, i + 3) if follows and int(second) % 100 == (year + 1) % 100 else (year, i + 1)


def _year_of_school(year: int, end: int, name: str) -> Period:
    what = "school year" if "year" in name or "schul" in name else "season"
    note = f"a {what} is taken as August to July"
    return fixed(end, month_days(year, 8, 12), "term", note)


def _middle(days: Days) -> date:
    """The middle of a period, where it can be on the first of a month."""
    first, last = days
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 1:
        return w.shift(first, months // 2, "month")
    return first + timedelta(days=15 if months else (last - first).days // 2)
