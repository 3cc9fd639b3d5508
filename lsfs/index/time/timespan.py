"""Time phrases in a question, read as spans of days.

A small grammar over the question's words: a *period* ("May 2022", "last month", "Q3"), led by a
*role* ("since", "before", "between"). What the grammar does not recognise is not time: a wrong
filter hides files, a missed one only leaves more of them. ``dateparser`` knows the months of many
more languages than our tables; it is asked only for a word between a day and a year.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from lsfs.index.facts.dates import Days, year_days
from lsfs.index.time import timehan
from lsfs.index.time import timewords as w
from lsfs.index.time.timeperiods import OPEN, PeriodReader
from lsfs.index.time.timetokens import Period
from lsfs.model import DaySpan

MOST_SHORT = 15  # years from the first to the second of "2021-22"
MOST_HAN = 50  # phrases in Chinese or Japanese
NEAR_DAYS = 92  # in which the next June or Friday is near
MAX_CHARS = 4000  # a question; what is pasted behind it is not read for time
_QUOTED = re.compile(r'"[^"\n]*"|\u201c[^\u201d\n]*\u201d|\u201e[^\u201c\n]*\u201c')


class TimePhrase(Struct, frozen=True):
    """A time phrase of a text.

    Attributes:
        start, end: where it stands, with its preposition; offsets half open.
        span: the days meant.
        words: the phrase as written.
        role: how the preposition was read: in, on, from, since, after, before, until, between; ""
            when there is none.
        note: what was assumed, in words; mostly "".
        spans: the single spans of "2021 or 2023", which ``span`` goes around; else empty.
        floats: days from today in which the next "June" or "Friday" counts as near; 0 for what
            tells its year.
    """

    start: int
    end: int
    span: DaySpan
    words: str
    role: str
    note: str = ""
    spans: tuple[DaySpan, ...] = ()
    floats: int = 0


# What stands between "rue" and the rest of a street's name.
_IN_STREETS = frozenset(("du", "des", "de", "del", "della", "la", "le", ".")) | w.MONTH_NAMES.keys()
_OLDER = frozenset(("older", "newer", "later", "earlier", "alter", "vieux", "vieilles"))


def find(text: str, today: date) -> list[TimePhrase]:
    """The time phrases of a question, in order and without overlap.

    Args:
        text: any text; only its first :data:`MAX_CHARS` characters are read.
        today: the day that "last month" counts from.

    Returns:
        The phrases. "Last month" is the calendar's month before this one; "the last 3 weeks" are
        the 21 days before today, and today; "two weeks ago" is the week that was then.
    """
    text = text[:MAX_CHARS]
    # A quoted text is a name ("1984"), unless the whole question is quoted.
    masked = _QUOTED.sub(lambda m: m[0] if m[0] == text.strip() else '"' * len(m[0]), text)
    reader = _Reader(masked, today)
    found, i = [], 0
    while i < len(reader.tokens):
        read = reader.phrase(i)
        if read is None:
            i += 1
            continue
        phrase, i = read
        found.append(replace(phrase, words=text[phrase.start : phrase.end]))
    return _with_han(found, masked, today)


def _with_han(found: list[TimePhrase], text: str, today: date) -> list[TimePhrase]:
    """The phrases, with those in Chinese and Japanese, in order."""
    more: list[TimePhrase] = []
    for start, end, span, role in itertools.islice(timehan.find(text, today), MOST_HAN):
        if not any(start < one.end and one.start < end for one in more):
            more.append(TimePhrase(start, end, span, text[start:end], role))
    if not more:
        return found
    kept = [one for one in found if not any(one.start < m.end and m.start < one.end for m in more)]
    return sorted([*kept, *more], key=lambda one: one.start)


def _apart(spans: Iterable[Days]) -> tuple[DaySpan, ...]:
    """The spans of a list, in order, those that touch as one; none when all are one."""
    apart: list[Days] = []
    for start, end in sorted(spans):
        if apart and start <= apart[-1][1]:
            apart[-1] = apart[-1][0], max(apart[-1][1], end)
        else:
            apart.append((start, end))
    return tuple(DaySpan(*days) for days in apart) if len(apart) > 1 else ()


def _with_years(listed: Sequence[Period]) -> list[Period]:
    """The periods of a list; those that say no year are of the last one that is said."""
    year = next((one.year for one in reversed(listed) if one.year), None)
    return [replace(one, year=year) if one.year is None and year else one for one in listed]


class _Reader(PeriodReader):
    """One question, read phrase by phrase."""

    # --- a phrase: role, period, and the second end of a range

    def phrase(self, i: int) -> tuple[TimePhrase, int] | None:
        """The phrase that begins at token ``i``, and the token after it."""
        for role, k in self._roles(i):
            for j in {k: 0, self.skip(k, w.ARTICLES, 4): 0}:
                read = self._led(i, j, role)
                if read is not None:
                    return read
        return None

    def _roles(self, i: int) -> Iterator[tuple[str, int]]:
        """The roles that the words at ``i`` can have, longest first, and then none."""
        for count in (5, 4, 3, 2, 1):
            words = [self.word(k) for k in range(i, i + count)]
            role = w.ROLES.get("_".join(words))
            if words == ["post"] and self.word(i + 1) != "-":
                continue  # a verb
            if words == ["des"] and self.raw(i).lower() == "des":
                continue  # an article; "dès" is since
            if role:
                yield (
                    role,
                    i + count + (self.word(i + count) == "-" and role in ("before", "after")),
                )
        yield "", i

    def _led(self, i: int, j: int, role: str) -> tuple[TimePhrase, int] | None:
        # "EL1 may" names something; it holds no Spanish "el" before a day.
        first = None if i < j and self.glued(j) else self.period(j)
        if first is None:
            return None
        if role == "since" and first.shape == "days":
            role = "from"  # dal 5 al 20 marzo
        listed = self._list(first, role)
        second = listed[-1] if listed else self._second(first, role)
        parts: tuple[DaySpan, ...] = ()
        if second is None:
            between = role == "between" and first.shape != "days"
            if between or not self._believable(i, j, first, role):
                return None
            days: Days | None = self._days(first)
            end, note = first.end, first.note
        else:
            days, end, note = self._joined(first, second), second.end, second.note
            if days is None and role == "between" and first.year and second.year:
                days = self._joined(second, first)  # "between 2023 and 2021"
            if not listed and self.word(first.end) in w.AND and role != "between":
                listed = _with_years([first, second])
            if listed:
                every = [self._days(one) for one in listed]
                if days is None or len(listed) > 2:  # "2023 and 2022", the later one first
                    days = min(begin for begin, _ in every), max(last for _, last in every)
                parts = _apart(every)
            role = role if role in ("in", "on", "from", "between") else ""
            if not role and not self._range_believable(i, first, second):
                return None
        if role == "before" and second is None and w.EDGES.get(self.word(j)) == "end":
            role = "until"  # "before the end of June"
        if role == "by":
            if second is not None or first.shape == "year":
                return None  # "signed by 2023" is no time that we could tell
            role = "until"
        possessive = self.word(end) == "s" and self.raw(end - 1)[-1:] in ("'", "\u2019")
        if days is None or not self.clean(i, end + possessive) or self._named_so(i, end):
            return None
        span, end = self._open_ended(role, days, end + possessive, second is not None)
        role = {"older": "before", "younger": "since"}.get(role, role)
        if role == "on" and first.shape in ("unit", "span"):
            role = ""  # the article of "le mois dernier"
        start, stop = self.tokens[i].start, self.tokens[end - 1].end
        yearless = first.floating or first.year is None
        yearless = yearless and (second is None or second.year is None)
        floats = NEAR_DAYS if yearless else 7 if first.shape == "weekday" else 0
        return TimePhrase(start, stop, span, "", role, note, parts, floats), end

    def _named_so(self, i: int, end: int) -> bool:
        """Whether it names a street ("rue du 4 Septembre") or a prince ("August der Starke")."""
        if self.word(end) in ("der", "dem", "den", "des") and self.word(end + 1) in w.EPITHETS:
            return True
        k = i - 1
        while k >= 0 and (self.word(k) in _IN_STREETS or self.raw(k).isdecimal()):
            k -= 1
        if self.word(k) in w.STREETS or self.word(k).endswith("strasse"):
            return True
        capital = self.raw(k)[:1].isupper()
        return self.word(k) in w.STREETS_WITH_CAPITAL and (capital or self.word(k + 1) == "du")

    def _list(self, first: Period, role: str) -> list[Period]:
        """The periods of "2021, 2022 and 2024"; none for a list of fewer than three."""
        listed, ended = [first], False
        while role in ("", "in", "on", "from") and not ended and self.word(listed[-1].end) == ",":
            link = listed[-1].end + 1
            ended = self.word(link) in w.AND  # "2021, 2022, and 2023"
            following = self.period(link + ended)
            if following is None or following.shape != first.shape:
                return []
            listed.append(following)
            if not ended and self.word(following.end) in w.AND:
                last, ended = self.period(following.end + 1), True
                if last is None or last.shape != first.shape:
                    return []
                listed.append(last)
        if not ended or len(listed) < 3:
            return []
        return _with_years(listed)

    def _second(self, first: Period, role: str) -> Period | None:
        """The other end of a range or list."""
        link = self.word(first.end)
        if role not in ("", "in", "on", "from", "between", "since") or not link:
            return None
        if link == "/":
            return self._short_year(first, first.end + 1, link) or self._next_in(first)
        if link not in w.TO and link not in w.AND:
            return None
        if link in w.TO and self.word(first.end + 1) in w.NOW and first.shape != "duration":
            return self._now(first.end + 1)
        at = self.skip(first.end + 1, w.ARTICLES | w.TO | {"de", "in", "en", "of", "du", "del"})
        second = self.period(at) or self._short_year(first, at, link)
        if second is None or "duration" in (first.shape, second.shape):
            return None
        if link in w.AND and role != "between" and second.shape != first.shape:
            return None
        return second

    def _now(self, i: int) -> Period:
        tomorrow = w.shift(self.today, 1, "day")
        return Period(i + 1, lambda _year: (self.today, tomorrow), 0, "day")

    def _next_in(self, first: Period) -> Period | None:
        """The second of 2021/2022, or of 2022-05-03/2022-06-01."""
        second = self.period(first.end + 1)
        if second is None or second.shape != first.shape or first.shape not in ("year", "day"):
            return None
        glued = self.tokens[first.end - 1].end + 1 == self.tokens[first.end + 1].start
        later = first.shape == "day" or (second.year or 0) > (first.year or 0)
        return second if glued and later else None

    def _short_year(self, first: Period, at: int, link: str) -> Period | None:
        """The "22" of "2021-22"."""
        text = self.word(at)
        if (
            first.shape != "year"
            or link not in ("-", "/")
            or len(text) != 2
            or not text.isdecimal()
        ):
            return None
        year = (first.year or 0) // 100 * 100 + int(text)
        after = year - (first.year or 0)
        # "2018-33" is a number of something.
        return Period(at + 1, year_days, year, "year") if 0 < after <= MOST_SHORT else None

    def _joined(self, first: Period, second: Period) -> Days | None:
        """From the start of one to the end of the other; each takes the year of the other."""
        if first.year is None and second.year is not None:
            last = self._days(second)
            first = replace(first, year=last[0].year)
            if first.make(last[0].year)[0] > last[0]:
                first = replace(first, year=last[0].year - 1)
        elif second.year is None and first.year:
            second = replace(second, year=first.year)
        elif first.year is None and second.year is None:
            year = self._days(second)[0].year
            first, second = replace(first, year=year), replace(second, year=year)
            if first.make(year)[0] > second.make(year)[0]:  # from December to February
                first = replace(first, year=year - 1)
        a, b = self._days(first), self._days(second)
        return (min(a[0], b[0]), max(a[1], b[1])) if a[0] <= b[0] else None

    def _open_ended(self, role: str, days: Days, end: int, ranged: bool) -> tuple[DaySpan, int]:
        """The span that role and days mean, with "onwards" or "or later" behind them."""
        first, last = days
        if role in ("older", "younger"):
            return (DaySpan(None, first) if role == "older" else DaySpan(first, None)), end
        if not ranged and role in ("since", "after", "before", "until"):
            start = {"since": first, "after": last}.get(role)
            return DaySpan(start, {"before": first, "until": last}.get(role)), end
        if self.word(end) in w.ONWARDS:
            follow = self.word(end + 1)
            if self.word(end).startswith(("onward", "forward")):
                return DaySpan(first, None), end + 1
            if self.word(end) == "on" and role == "from" and not follow.isalnum():
                return DaySpan(first, None), end + 1
            if follow in w.LATER:
                return DaySpan(first, None), end + 2
            if follow in w.EARLIER and self.word(end) != "on":
                return DaySpan(None, last), end + 2
        return DaySpan(first, last), end

    # --- is it time at all?

    def _believable(self, i: int, j: int, period: Period, role: str) -> bool:
        if period.shape == "year" and period.roles is not None:
            return self._year_believable(i, j, role)
        if period.shape == "age":
            return role in ("older", "younger")
        if role in ("older", "younger"):
            return False
        if period.shape == "duration":
            return not _OLDER.isdisjoint((self.word(i), self.word(i + 1)))
        if period.roles is None:
            return True
        if role not in period.roles:
            return False
        if self.capital(period.end) or self.word(period.end) == "of":
            return False  # "from April Jones", "in March of the Penguins"
        follows = self.word(period.end)
        names = ("march", "may", "mars", "Augustus")
        small = period.shape == "month" and self.raw(j) in names
        if small and follows == "order":
            return False
        if small and follows.isalpha() and follows not in w.STOPS | w.DOCUMENT_WORDS:
            return False  # "in march step"
        lead = self.word(j - 1)
        weak = lead in ("of", "for", "over", "the", "a", "der", "la", "le")
        return not (weak and period.shape == "month" and not self.raw(j)[:1].isupper())

    def _year_believable(self, i: int, j: int, role: str) -> bool:
        """Whether a number of four digits is a year, by what stands around it."""
        year, before, after = int(self.word(j)), self.word(i - 1), self.word(j + 1)
        if after in w.UNIT_WORDS:
            return False
        noun_follows = after.isalpha() and after not in w.STOPS
        if role == "in" and self.word(i) == "of" and before.isdecimal():
            return self.word(i - 2) not in w.NUMBERED_THINGS  # section 12 of 2000
        if role:
            amount = before in w.AMOUNT_NOUNS and self.word(i) in ("of", "for", "from", "in")
            if self.raw(i) == "EN":
                return False  # a European standard
            if self.word(i) == "over":
                return False  # "invoices over 2000"
            round_number = year in (1900, 2000) and noun_follows
            return role in OPEN and not amount and not round_number
        clause = self.word(j - 1) in ("die", "der", "das")
        if clause and (self.word(j - 2) == "," or after in w.GERMAN_LAST):
            return after.isalpha()  # ", die 2023 unterschrieben wurden"
        if not before:
            if after == ":":
                return False  # "2001: A Space Odyssey"
            joins = after in w.DOCUMENT_WORDS | w.ONWARDS
            return joins or not after.isalpha()
        if before == "stand" and not {"halle", "hall"}.isdisjoint(map(self.word, range(i - 5, i))):
            return False  # "Halle 7 Stand 2019"; else it is German for "as of"
        if before not in w.DOCUMENT_WORDS and year > self.today.year + 1:
            return False  # "Vision 2030"
        if before in w.NUMBERED_THINGS or year > self.today.year + 10:
            return False
        if after in w.DOCUMENT_WORDS:
            return year not in (1900, 2000) and before not in w.AMOUNT_NOUNS
        if before in w.DOCUMENT_WORDS:
            return True
        if noun_follows or before in w.AMOUNT_WORDS or before in w.STOPS or len(before) < 3:
            return False
        if year in (1900, 2000):
            return False  # "Studio 2000": rather a name or a number
        acronym = self.raw(i - 1).isupper() and len(before) < 5
        return before.isalpha() and not acronym and self.raw(i - 1) != "'"

    def _range_believable(self, i: int, first: Period, second: Period) -> bool:
        """Whether a range without a role is one of time ("pages 1990-2005" is not)."""
        if first.year is None and second.year is None:
            return False
        if first.shape != "year":
            return True
        return (
            self.word(i - 1) not in w.NUMBERED_THINGS and self.word(second.end) not in w.UNIT_WORDS
        )
