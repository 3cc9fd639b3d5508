"""The words of a question as the reading of time looks at them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from msgspec import Struct

from lsfs.index.facts.dates import Days
from lsfs.index.find.folding import fold
from lsfs.index.time import timewords as w

FIRST_YEAR, LAST_YEAR = 1900, 2099
_TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019](?=[^\W\d_]))?|\d+|[^\w\s]|_")
_CLEAN_BEFORE = re.compile(r"(?:[\w/\\#@$€£+%=]|\w[-.:])\Z")
_CLEAN_AFTER = re.compile(r"[\w/\\@$€£+%=]|[-.:,]\d|[-.]\w")


class _Token(Struct, frozen=True):
    text: str  # folded, without an apostrophe
    raw: str
    start: int
    end: int


class Period(Struct, frozen=True):
    """A period that was read up to token ``end``.

    Attributes:
        make: its days in a given year.
        year: that year; None when the phrase does not say it, 0 when it needs none.
        shape: year, month, day, quarter, ...; lists join like with like.
        roles: the roles that let it be read; None when it is time whatever stands around it.
        floating: whether its year was chosen by today.
    """

    end: int
    make: Callable[[int], Days]
    year: int | None
    shape: str
    roles: frozenset[str] | None = None
    note: str = ""
    floating: bool = False


def fixed(end: int, days: Days, shape: str, note: str = "") -> Period:
    """A period whose days are known."""
    return Period(end, lambda _year: days, 0, shape, note=note)


def century(short: int) -> int:
    """The year of a decade in two digits."""
    return (1900 if short > 20 else 2000) + short


class TokenReader:
    """A question as tokens, and what can be asked of them."""

    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.today = min(max(today, date(1900, 1, 1)), date(2150, 1, 1))
        self.tokens = [
            _Token(fold(m[0]).rstrip("'\u2019") or m[0], m[0], m.start(), m.end())
            for m in _TOKEN.finditer(text)
        ]

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
        short = self.short_year(j)
        if short is not None:
            return short
        j += self.word(j) in ("-", "/", "'")
        year = self.year_at(j)
        if year is None:
            return self._relative_year(i)
        return year, j + 1 + (self.word(j + 1) in w.YEAR_ENDINGS)

    def short_year(self, i: int) -> tuple[int, int] | None:
        """The year that '22 means, and the token after it."""
        mark, digits = self.raw(i), self.word(i + 1)
        if mark not in ("'", "\u2019") or len(digits) != 2 or not digits.isdecimal():
            return None
        if self.tokens[i].end != self.tokens[i + 1].start:
            return None
        return (2000 if int(digits) < 70 else 1900) + int(digits), i + 2

    def _relative_year(self, i: int) -> tuple[int | None, int]:
        """The year that "of last year", "de l'année dernière" or "letzten Jahres" means."""
        j = self.skip(i, w.OF | w.ARTICLES, 4)
        for at, adjective in ((j, j), (j, j + 1)):
            unit = at + (adjective == at)
            back = w.YEARS_AWAY.get(self.word(adjective))
            if back is not None and w.UNITS.get(self.word(unit)) == "year":
                return self.today.year + back, j + 2
        return None, i

    def clean(self, i: int, j: int) -> bool:
        """Whether tokens ``i`` to ``j`` stand apart: no part of a path, a number or a name."""
        start, end = self.tokens[i].start, self.tokens[j - 1].end
        before, after = self.text[max(0, start - 2) : start], self.text[end : end + 2]
        return not _CLEAN_BEFORE.search(before) and not _CLEAN_AFTER.match(after)

    def glued(self, i: int) -> bool:
        """Whether token ``i`` is a number that a word runs into: the 1 of "EL1"."""
        if not 0 < i < len(self.tokens) or not self.raw(i).isdecimal():
            return False
        return self.raw(i - 1).isalpha() and self.tokens[i - 1].end == self.tokens[i].start

    def capital(self, i: int) -> bool:
        """Whether token ``i`` follows at once and looks like a name."""
        if not self.raw(i)[:1].isupper() or self.word(i) in w.STOPS:
            return False
        return self.text[self.tokens[i - 1].end : self.tokens[i].start] == " "
