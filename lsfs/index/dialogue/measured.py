"""The value that a quote states of a fact, read so that two of them can be compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from lsfs import values
from lsfs.index.asked.questionframe import TOKEN
from lsfs.index.dialogue.nouns import field_of, labels_of
from lsfs.index.fields.forms import Reader
from lsfs.index.find.folding import fold

_PERIOD = re.compile(r"\AP(?P<count>\d+(?:\.\d+)?)(?P<unit>[DWMY])\Z")
_DAYS = {"D": Decimal(1), "W": Decimal(7), "M": Decimal("30.4375"), "Y": Decimal("365.25")}
_PER = (
    (
        "year",
        r"\b(?:annual(?:ly)?|yearly|per annum|p\.a\.|(?:a|per|each) year|jährlich\w*|im jahr|"
        r"jahres\w*)",
    ),
    ("month", r"\b(?:monthly|(?:a|per|each) month|monatlich\w*|im monat|monats\w*|pro monat)"),
    ("week", r"\b(?:weekly|(?:a|per|each) week|wöchentlich\w*|pro woche)"),
    ("day", r"\b(?:daily|(?:a|per|each) day|täglich\w*|pro tag|am tag)"),
    ("hour", r"\b(?:hourly|(?:an|per) hour|pro stunde)"),
)  # fmt: skip


class Measure(Struct, frozen=True):
    """A value as it is compared.

    Attributes:
        value: an amount, a count, the days of a duration, or the ordinal of a day.
        unit: "EUR month", "days", "date", "%", or "" for a plain number; only like is compared.
        text: as written.
        quote: which of the quotes states it, from 0.
    """

    value: Decimal
    unit: str
    text: str
    quote: int


def measured(fact: str, quotes: Sequence[str]) -> Measure | None:
    """The value of a fact that quotes state, the first that does; None when it cannot be told.

    Args:
        fact: what is looked for: "the monthly rent", "the end date".
        quotes: sentences of the files, best first.
    """
    field = field_of(fact)
    for number, quote in enumerate(quotes):
        about = _places(fact, field.name if field else "", quote)
        found = _in_quote(field.type if field else "", fact, quote) if about else []
        if found:
            nearest = min(found, key=lambda one: _distance(one[2], about))
            unit = nearest[1]
            if field is not None and field.type == "amount":
                unit = f"{unit} {_per(quote)}".strip()
            return Measure(nearest[0], unit, quote[slice(*nearest[2])], number)
    return None


def _in_quote(kind: str, fact: str, quote: str) -> list[tuple[Decimal, str, tuple[int, int]]]:
    """Values of a type in a quote, each with its unit and its place."""
    if kind == "date" or re.search(r"\b(?:date|day|datum|tag)\b", fact, re.IGNORECASE):
        return list(_dates(quote))
    reader = Reader(quote, ())
    if kind == "amount":
        found = []
        for form in reader.all_of("amount", 0, len(quote)):
            value, _, unit = form.normal.partition(" ")
            found.append((Decimal(value), unit, (form.start, form.end)))
        return found
    durations = [_duration(form.normal, (form.start, form.end))
                 for form in reader.all_of("duration", 0, len(quote))]  # fmt: skip
    told = [one for one in durations if one is not None]
    if kind == "duration" or told:
        return told
    plain = values.without_all(quote, [(one.start, one.end) for one in values.dates(quote)])
    return [(one.value, one.unit, (one.start, one.end)) for one in values.numbers(plain)]


def _dates(quote: str) -> list[tuple[Decimal, str, tuple[int, int]]]:
    found = []
    for one in values.dates(quote):
        readings = [reading for reading in one.readings if all(reading)]
        if len(readings) == 1:  # 3/4/2023 is not compared
            found.append((Decimal(date(*readings[0]).toordinal()), "date", (one.start, one.end)))
    return found


def _duration(normal: str, place: tuple[int, int]) -> tuple[Decimal, str, tuple[int, int]] | None:
    period = _PERIOD.match(normal)
    if period is None:
        return None
    return Decimal(period["count"]) * _DAYS[period["unit"]], "days", place


# What a sentence says in place of a field's labels.
_STEMS = {
    "end": ("end", "expir", "until", "bis", "terminat"),
    "start": ("start", "begin", "from", "commenc", "ab"),
    "price": ("cost", "kost"),
}


def _places(fact: str, field: str, quote: str) -> list[int]:
    """Where a quote speaks of the fact: behind its words."""
    stems = [fold(word)[:5] for word in TOKEN.findall(fact) if len(word) > 3]
    stems += _STEMS.get(field, ())
    stems += [label for label in labels_of(field) if " " not in label and len(label) > 3]
    return [m.end() for m in TOKEN.finditer(quote) if any(fold(m[0]).startswith(s) for s in stems)]


def _distance(place: tuple[int, int], about: Sequence[int]) -> int:
    """How far a value is from the words for it; one before them is farther than one behind."""
    behind = [place[0] - at for at in about if at <= place[0]]
    before = [3 * (at - place[1]) for at in about if at > place[0]]
    return min((*behind, *before), default=place[0])


def _per(quote: str) -> str:
    found = [name for name, words in _PER if re.search(words, quote, re.IGNORECASE)]
    return found[0] if len(found) == 1 else ""
