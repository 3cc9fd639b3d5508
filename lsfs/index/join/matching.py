"""When two values are the same: by equal form, as names, as dates, as amounts.

Each comparison is made for the values of the right side and then asked for those that fit a value
of the left side, so that no side is compared with the whole other one: equal forms by hash, names
by shared words, dates and amounts by their order.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import combinations
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from lsfs.index.facts.addresses import Address, address_of
from lsfs.index.facts.dates import fold
from lsfs.index.facts.identifiers import code_of, codes
from lsfs.index.facts.names import Name, Names, likeness, name_of
from lsfs.index.join.keys import Key
from lsfs.index.join.lists import COLUMN
from lsfs.model import FieldValue

CODED = 0.93  # a code, and a text that has it
UNSURE = 0.95  # an amount without a currency beside one with
ADDRESS = 0.95  # an address of which the other side says more
NEAR_DAYS = 7  # of dates that are compared with "~" and without a time
NEAR_SHARE = Decimal("0.01")
NEAR_MISS = 0.3  # below the threshold: names that are shown as near misses
MISS_TIMES = 4  # as far apart as allowed: dates and amounts that are shown as near misses
_NEAREST = 3
_NOT_WRITTEN = re.compile(r"[\W_]+")
_IDENTIFIER = re.compile(r"(?=[^\s]*\d)[^\W_]+(?:[-/._][^\W_]+)*")
_MONTHS = {"D": None, "W": None, "M": 1, "Y": 12}


class At(Struct, frozen=True):
    """A value and the file that states it."""

    path: str
    value: FieldValue


class Fit(Struct, frozen=True):
    """A value of the right side that fits one of the left side."""

    at: At
    score: float
    how: str


class Comparison(Protocol):
    """Finds what fits a value."""

    @property
    def words(self) -> str:
        """When two values are the same, in words."""
        ...

    @property
    def compared(self) -> int:
        """How many pairs of values were looked at so far."""
        ...

    def fits(self, value: FieldValue) -> list[Fit]:
        """The values that are the same, best first."""
        ...

    def misses(self, value: FieldValue) -> list[Fit]:
        """A few values that are nearly the same, best first."""
        ...


def comparison(key: Key, right: Iterable[At]) -> Comparison:
    """How the values of a key are compared.

    Args:
        right: what the right side states, file by file.
    """
    types = {key.left.type, key.right.type}
    if "party" in types and key.near is not False:
        return _ByName(right, key.threshold)
    if types == {"date"}:
        days = key.days if key.days is not None else NEAR_DAYS if key.near else 0
        return _ByDay(right, days, key.direction)
    if types == {"amount"}:
        share = NEAR_SHARE if key.near and not (key.share or key.margin) else key.share
        return _ByAmount(right, share, key.margin)
    if types == {"text"} and key.near is not False:
        return _ByText(right)
    return _ByForm(right, _forms(key))


def _forms(key: Key) -> Callable[[FieldValue], set[str]]:
    types = {key.left.type, key.right.type}
    if types == {"duration"}:
        return lambda value: {_months(value.normal)}
    if "party" in types:
        return lambda value: {" ".join(sorted(name_of(value.value).words))}
    if "text" in types and types != {"text"}:
        return _parts
    return lambda value: {_plain(value.normal)}


def _plain(text: str) -> str:
    """A number or word as it is compared: without case, accents and what stands between."""
    return _NOT_WRITTEN.sub("", fold(text))


def _parts(value: FieldValue) -> set[str]:
    """A text as a whole, and each number in it: "your invoice 2023-17" names one."""
    parts = {_plain(match[0]) for match in _IDENTIFIER.finditer(value.value)}
    return {_plain(value.normal), *(part for part in parts if len(part) > 2)} - {""}


def _months(normal: str) -> str:
    """A duration in months where it is one: two years are 24 months."""
    unit = normal[-1:]
    factor = _MONTHS.get(unit)
    return f"P{int(normal[1:-1]) * factor}M" if factor else normal


class _ByForm:
    """Values of equal form."""

    words = "equal, but for case, accents, spaces and marks"

    def __init__(self, right: Iterable[At], forms: Callable[[FieldValue], set[str]]) -> None:
        self._forms = forms
        self._by_form: dict[str, list[At]] = {}
        self.compared = 0
        for at in right:
            for form in forms(at.value):
                self._by_form.setdefault(form, []).append(at)

    def fits(self, value: FieldValue) -> list[Fit]:
        found = {
            (at.path, at.value.char_start): at
            for form in sorted(self._forms(value), key=str)
            for at in self._by_form.get(form, ())
        }
        self.compared += len(found)
        return [Fit(at, 1.0, "equal") for at in found.values()]

    def misses(self, value: FieldValue) -> list[Fit]:
        """Forms that differ by one letter or digit: of numbers, most likely a slip."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        found = []
        for form in self._forms(value):
            choices = [str(key) for key in self._by_form]
            for choice, edits, _ in process.extract(
                str(form), choices, scorer=OSA.distance, score_cutoff=1, limit=_NEAREST
            ):
                if edits and len(choice) > 3:
                    at = self._by_form[choice][0]
                    score = round(1 - edits / len(choice), 3)
                    found.append(Fit(at, score, "differs in one character"))
        return sorted(found, key=lambda fit: (-fit.score, fit.at.path))[:_NEAREST]


class _ByText(_ByForm):
    """Texts of equal form; and addresses of which one only says more than the other."""

    words = (
        f"{_ByForm.words}; addresses also in another order and without their town, and a code "
        "beside a text that has it"
    )

    def __init__(self, right: Iterable[At]) -> None:
        every = list(right)
        super().__init__(every, lambda value: {_plain(value.normal)})
        self._by_places: dict[object, list[tuple[At, Address]]] = {}
        self._by_code: dict[str, list[At]] = {}
        for at in every:
            for code in codes(at.value.value):
                self._by_code.setdefault(code, []).append(at)
            if (address := address_of(at.value.value)) is not None:
                self._by_places.setdefault(address.places, []).append((at, address))

    def fits(self, value: FieldValue) -> list[Fit]:
        equal = super().fits(value)
        mine = address_of(value.value)
        known = {id(fit.at) for fit in equal}
        there = self._by_places.get(mine.places, []) if mine else []
        alike = [(at, one) for at, one in there if mine and mine.fits(one)]
        self.compared += len(there)
        # "5 High Street" beside one in Hove and one in Lewes may be either.
        if not all(one.fits(two) for one in {a for _, a in alike} for two in {a for _, a in alike}):
            return equal
        more = [at for at, _ in alike if id(at) not in known]
        named = [fit for fit in self._coded(value) if id(fit.at) not in known]
        return [*equal, *(Fit(at, ADDRESS, "the same address") for at in more), *named]

    def _coded(self, value: FieldValue) -> list[Fit]:
        """Texts of which one is a code that the other has."""
        mine = code_of(value.value)
        return [
            Fit(at, CODED, "one has the other as a code")
            for code in sorted(codes(value.value))
            for at in self._by_code.get(code, ())
            if code in (mine, code_of(at.value.value))
        ]


class _ByName:
    """Names that are one name."""

    def __init__(self, right: Iterable[At], threshold: float) -> None:
        self._threshold = threshold
        self._by_name: dict[Name, list[At]] = {}
        for at in right:
            self._by_name.setdefault(name_of(at.value.value), []).append(at)
        self._names = list(self._by_name)
        self._index = Names(self._names)
        self._known: dict[Name, list[tuple[Name, float, str]]] = {}
        self.words = (
            "one name: without legal form and title, in any order, initials for names, slips of "
            f"the pen; at least {threshold:g} alike"
        )

    @property
    def compared(self) -> int:
        """Pairs of names that were looked at."""
        return self._index.compared

    def fits(self, value: FieldValue) -> list[Fit]:
        return [
            Fit(at, score, how)
            for name, score, how in self._like(name_of(value.value))
            if score >= self._threshold
            for at in self._by_name[name]
        ]

    def misses(self, value: FieldValue) -> list[Fit]:
        return [
            Fit(self._by_name[name][0], score, how)
            for name, score, how in self._like(name_of(value.value))
            if score < self._threshold
        ][:_NEAREST]

    def _like(self, name: Name) -> list[tuple[Name, float, str]]:
        if name not in self._known:
            found = self._index.like(name, self._threshold - NEAR_MISS)
            self._known[name] = _without_doubtful(
                [(self._names[at], score, how) for at, score, how in found], self._threshold
            )
        return self._known[name]


def _without_doubtful(
    found: list[tuple[Name, float, str]], threshold: float
) -> list[tuple[Name, float, str]]:
    """Matches without those by initials that may be one person or another."""
    unclear = [one for one in found if threshold <= one[1] and " for " in one[2] and one[1] < 0.96]
    others = [name for name, _, _ in unclear]
    if all(likeness(one, two)[0] >= threshold for one, two in combinations(others, 2)):
        return found  # Sam and Samuel Adeyemi are one
    return [
        (name, min(score, threshold - 0.01), f"{how}; may be another one too")
        if (name, score, how) in unclear
        else (name, score, how)
        for name, score, how in found
    ]


class _ByDay:
    """Dates that are not far apart."""

    def __init__(self, right: Iterable[At], days: int, direction: str) -> None:
        dated = [(day, at) for at in right if (day := _ordinal(at.value.normal)) is not None]
        dated.sort(key=lambda one: (one[0], one[1].path, one[1].value.char_start))
        self._days = [day for day, _ in dated]
        self._at = [at for _, at in dated]
        self._before = 0 if direction == "after" else days
        self._after = 0 if direction == "before" else days
        self._span = days
        self.compared = 0
        side = {"after": ", the right one later", "before": ", the right one earlier"}
        apart = f"at most {days} days apart{side.get(direction, '')}" if days else "the same day"
        self.words = apart

    def fits(self, value: FieldValue) -> list[Fit]:
        return self._between(value, -self._before, self._after)

    def misses(self, value: FieldValue) -> list[Fit]:
        wide = MISS_TIMES * max(self._span, 1)
        fitting = {id(fit.at) for fit in self.fits(value)}
        found = self._between(value, -wide, wide)
        return [fit for fit in found if id(fit.at) not in fitting][:_NEAREST]

    def _between(self, value: FieldValue, low: int, high: int) -> list[Fit]:
        day = _ordinal(value.normal)
        if day is None:
            return []
        first = bisect_left(self._days, day + low)
        last = bisect_right(self._days, day + high)
        self.compared += last - first
        scale = max(self._span, 1) * 4
        found = []
        for there, at in zip(self._days[first:last], self._at[first:last], strict=True):
            apart = there - day
            score = round(max(0.0, 1 - abs(apart) / scale), 3)
            found.append(Fit(at, score, _apart(apart)))
        return sorted(found, key=lambda fit: (-fit.score, fit.at.path))


def _ordinal(normal: str) -> int | None:
    try:
        return date.fromisoformat(normal).toordinal()
    except ValueError:
        return None


def _apart(days: int) -> str:
    if not days:
        return "the same day"
    unit = "day" if abs(days) == 1 else "days"
    return f"{abs(days)} {unit} {'later' if days > 0 else 'earlier'}"


class Money(Struct, frozen=True):
    """An amount of a currency; "" where none is stated."""

    value: Decimal
    currency: str


def money(normal: str) -> Money | None:
    """An amount from its normal form: "1234.50 EUR"."""
    digits, _, currency = normal.partition(" ")
    try:
        return Money(Decimal(digits), currency)
    except InvalidOperation:
        return None


class _ByAmount:
    """Amounts of one currency that are not far apart."""

    def __init__(self, right: Iterable[At], share: Decimal, margin: Decimal) -> None:
        read = [(found, at) for at in right if (found := money(at.value.normal)) is not None]
        read.sort(key=lambda one: (one[0].value, one[1].path, one[1].value.char_start))
        self._values: dict[str, list[Decimal]] = {}
        self._at: dict[str, list[At]] = {}
        for found, at in read:
            self._values.setdefault(found.currency, []).append(found.value)
            self._at.setdefault(found.currency, []).append(at)
        self._share, self._margin = share, margin
        self.compared = 0
        limit = f"{share * 100:f}".rstrip("0").rstrip(".") + " %" if share else f"{margin:f}"
        near = f"at most {limit} apart" if share or margin else "equal"
        self.words = f"{near}, of the same currency"

    def fits(self, value: FieldValue) -> list[Fit]:
        return [
            *self._around(value, self._share, self._margin),
            *self._paid(value),
        ]

    def _paid(self, value: FieldValue) -> list[Fit]:
        """Amounts of the other sign where one side is a list: what is billed leaves an account."""
        normal = value.normal
        other = normal.removeprefix("-") if normal.startswith("-") else f"-{normal}"
        mirrored = replace(value, normal=other)
        return [
            Fit(fit.at, round(fit.score * UNSURE, 3), f"{fit.how}, of the other sign")
            for fit in self._around(mirrored, self._share, self._margin)
            if fit.at.value.rule.startswith(COLUMN) != value.rule.startswith(COLUMN)
        ]

    def misses(self, value: FieldValue) -> list[Fit]:
        wide = max(self._share * MISS_TIMES, NEAR_SHARE)
        fitting = {id(fit.at) for fit in self.fits(value)}
        near = [
            fit
            for fit in self._around(value, wide, self._margin * MISS_TIMES)
            if id(fit.at) not in fitting
        ]
        return [*near, *self._of_other_currency(value)][:_NEAREST]

    def _around(self, value: FieldValue, share: Decimal, margin: Decimal) -> list[Fit]:
        found = money(value.normal)
        if found is None:
            return []
        # What names no currency may be of any.
        able = (found.currency, "") if found.currency else tuple(self._values)
        fits = [fit for one in able for fit in self._in(found, one, share, margin)]
        return sorted(fits, key=lambda fit: (-fit.score, fit.at.path))

    def _in(self, found: Money, currency: str, share: Decimal, margin: Decimal) -> list[Fit]:
        """The amounts of one currency that are near enough."""
        values = self._values.get(currency, [])
        unsure = "" if currency == found.currency else ", one without a currency"
        # A share is of the larger of the two: that one may be v / (1 - s).
        share = min(share, Decimal("0.99"))
        reach = max(abs(found.value) * share / (1 - share), margin)
        first = bisect_left(values, found.value - reach)
        last = bisect_right(values, found.value + reach)
        self.compared += last - first
        fits = []
        there_at = self._at.get(currency, [])[first:last]
        for there, at in zip(values[first:last], there_at, strict=True):
            apart = abs(there - found.value)
            largest = max(abs(there), abs(found.value))
            if apart > max(largest * share, margin):
                continue
            score = (1 - float(apart / largest)) if largest else 1.0
            score = round(score * (UNSURE if unsure else 1), 3)
            fits.append(Fit(at, score, ("equal" if not apart else f"{apart:f} apart") + unsure))
        return fits

    def _of_other_currency(self, value: FieldValue) -> list[Fit]:
        found = money(value.normal)
        if found is None:
            return []
        fits = []
        for currency, values in sorted(self._values.items()):
            place = bisect_left(values, found.value)
            if currency != found.currency and place < len(values) and values[place] == found.value:
                names = f"{found.currency or 'none'} and {currency or 'none'}"
                fits.append(Fit(self._at[currency][place], 0.5, f"other currency: {names}"))
        return fits
