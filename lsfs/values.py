"""Numbers and dates as written in text, and what they mean.

A value is read from its own form and from the decimal mark that the text around it uses. What stays
ambiguous after that keeps one reading, or for dates several; nothing is guessed from a locale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from msgspec import Struct

from lsfs import currencies

_MONTH_NAMES = (
    ("january", "jan", "januar", "janvier"),
    ("february", "feb", "februar"),
    ("march", "mar", "m\u00e4rz", "mars"),
    ("april", "apr", "avril"),
    ("may", "mai"),
    ("june", "jun", "juni", "juin"),
    ("july", "jul", "juli", "juillet"),
    ("august", "aug"),
    ("september", "sep", "sept"),
    ("october", "oct", "oktober", "okt"),
    ("november", "nov"),
    ("december", "dec", "dezember", "dez"),
)
MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names}
_MONTH = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?\b\.?"
_YEAR = r"(?:1[0-9]|20)\d\d\b"
_DATE = re.compile(
    rf"(?<![\w.])(?:"
    rf"(?P<iso>\d{{4}}-\d\d-\d\d)(?![\w-])"
    rf"|(?P<numeric>\d{{1,2}}(?P<mark>[./-])\d{{1,2}}(?P=mark)(?:\d{{4}}|\d\d))(?![\w-])"
    rf"|(?P<d1>{_DAY})\s+(?:of\s+|day\s+of\s+)?(?P<m1>{_MONTH})(?:,?\s+(?P<y1>{_YEAR}))?"
    rf"|(?P<m2>{_MONTH})\s+(?:the\s+)?(?P<d2>{_DAY})(?!\s*[:%])(?:,?\s+(?P<y2>{_YEAR}))?"
    rf"|(?P<m3>{_MONTH}),?\s+(?:of\s+)?(?P<y3>{_YEAR})"
    rf")",
    re.IGNORECASE,
)

_GROUP = "\u00a0\u202f\u2009'\u2019"
# A number begins with a digit, so that it is found fast; "Rs.500" is one, "v.500" is none.
_NUMBER = re.compile(
    r"(?P<digits>\d(?:(?<![\w.,].)|(?<=\bRs.)|(?<=\bRs\..)|(?<=\bkr\..)|(?<=\bKSh.))"
    rf"(?:\d{{0,2}}(?:[{_GROUP}]\d{{3}})+(?:[.,]\d+)?|\d*(?:[.,]\d+)*))"
    r"(?:(?i:st|nd|rd|th)\b)?"
    r"(?P<scale>\s?(?i:thousand|million|billion|mn|bn)\b|[kK]\b)?"
    r"(?P<percent>\s?(?:%|(?i:per\s?cent|percent)\b))?"
)
_MINUS = "-\u2212"
_SCALES = {"thousand": 3, "k": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9}
_COMMA, _POINT = re.compile(r"\d,\d"), re.compile(r"\d\.\d")  # these are found fast
_DECIMAL_COMMA = re.compile(
    r"(?<![\d.,])(?:\d{1,3}(?:\.\d{3})+|\d+),(?:\d{1,2}|\d{4,})(?![\d.,]*\d)"
)
_DECIMAL_POINT = re.compile(
    r"(?<![\d.,])(?:\d{1,3}(?:,\d{2,3})*,\d{3}|\d+)\.(?:\d{1,2}|\d{4,})(?![\d.,]*\d)"
)
_LAKHS = re.compile(r"\d{1,2}(?:,\d\d){1,2},\d{3}")  # of hundred thousand: 1,00,000

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_TENS = " twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {word: value for value, word in enumerate(_SMALL.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(" "), 1) if word
}
_NUMBER_WORD = re.compile(
    r"\b(?:(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"[- ](one|two|three|four|five|six|seven|eight|nine)"
    rf"|({'|'.join(NUMBER_WORDS)}))\b",
    re.IGNORECASE,
)


class Number(Struct, frozen=True):
    """A number in a text.

    Attributes:
        value: what it means.
        unit: currency code, "%", or "".
        text: as written.
        start, end: where.
        mark: that several currencies share, if it is one of them: "Rs", "kr".
    """

    value: Decimal
    unit: str
    text: str
    start: int
    end: int
    mark: str = ""


class WrittenDate(Struct, frozen=True):
    """A date in a text.

    Attributes:
        readings: (year, month, day) each, with 0 for a part that is not written; more than one
            when day and month cannot be told apart.
        text: as written.
        start, end: where.
    """

    readings: frozenset[tuple[int, int, int]]
    text: str
    start: int
    end: int


# --- dates


def dates(text: str) -> list[WrittenDate]:
    """The dates of a text; a year or a month alone is none."""
    found = []
    for match in _DATE.finditer(text):
        readings = frozenset(_readings(match))
        if readings:
            found.append(WrittenDate(readings, match.group().strip(), *match.span()))
    return found


def _readings(match: re.Match[str]) -> Iterator[tuple[int, int, int]]:
    if match["iso"]:
        year, month, day = (int(part) for part in match["iso"].split("-"))
        yield from _valid([(year, month, day)])
    elif match["numeric"]:
        first, second, year = (int(part) for part in match["numeric"].split(match["mark"]))
        year += 2000 if year < 100 else 0
        readings = [(year, second, first)]
        if match["mark"] != ".":  # a date with full stops begins with the day everywhere
            readings.append((year, first, second))
        yield from _valid(readings)
    else:
        day_text = match["d1"] or match["d2"] or "0"
        month_text = (match["m1"] or match["m2"] or match["m3"]).rstrip(".").casefold()
        year_text = match["y1"] or match["y2"] or match["y3"] or "0"
        day = int(re.sub(r"\D", "", day_text))
        yield from _valid([(int(year_text), MONTHS[month_text], day)])


def _valid(readings: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    for year, month, day in readings:
        try:
            date(year or 2000, month, day or 1)
        except ValueError:
            continue
        yield year, month, day


# --- numbers


def decimal_comma(text: str) -> bool | None:
    """Whether a text writes decimals with a comma; None when no number in it tells."""
    comma = bool(_COMMA.search(text)) and bool(_DECIMAL_COMMA.search(text))
    point = bool(_POINT.search(text)) and bool(_DECIMAL_POINT.search(text))
    return None if comma == point else comma


def numbers(text: str, *, comma: bool | None = None) -> list[Number]:
    """The numbers of a text, in digits and in words, in the order of their places.

    Args:
        text: without dates, if those are not to be read as numbers.
        comma: whether decimals have a comma where the text itself does not tell; None is no.
    """
    own = decimal_comma(text)
    mark = own if own is not None else bool(comma)
    found = list(_in_digits(text, mark)) + list(_in_words(text))
    return sorted(found, key=lambda number: number.start)


def _in_digits(text: str, comma: bool) -> Iterator[Number]:
    free = 0
    for match in _NUMBER.finditer(text):
        value = _value(match["digits"], comma)
        start, end, unit, mark = *match.span(), "", ""
        start, unit, mark = currencies.before(text, free, start, match["digits"])
        if match["percent"]:
            unit, mark = unit or "%", mark
        else:
            end, *behind = currencies.after(text, end, match["digits"])
            if not (unit or mark) or (unit == "USD" and behind[0] in currencies.DOLLARS):
                unit, mark = behind
        if value is None:
            continue
        free = end
        scale = (match["scale"] or "").strip().casefold()
        value = value.scaleb(_SCALES.get(scale, 0))
        if _is_negative(text, start):
            start, value = start - 1, -value
        yield Number(value, unit, text[start:end].strip(), start, end, mark)


def _is_negative(text: str, start: int) -> bool:
    """Whether a minus stands before a number, and no word or number before that: -5, -$5."""
    if not start or text[start - 1] not in _MINUS or text[start].isalpha():
        return False
    before = text[start - 2 : start - 1] if start > 1 else ""
    return not (before.isalnum() or before in tuple("_)]%"))


def _in_words(text: str) -> Iterator[Number]:
    for match in _NUMBER_WORD.finditer(text):
        parts = [part for part in match.groups() if part]
        value = sum(NUMBER_WORDS[part.casefold()] for part in parts)
        yield Number(Decimal(value), "", match.group(), *match.span())


def _value(digits: str, comma: bool) -> Decimal | None:
    """The value of digits with marks in them; None for what is no number, as 1.2.3."""
    digits = re.sub(f"[{_GROUP}]", "", digits)
    marks = [c for c in digits if c in ".,"]
    if len(set(marks)) == 2:
        decimal = marks[-1]  # "1.200,50", "1,200.50"
    elif len(marks) > 1:
        decimal = ""  # "1.200.000"
    elif marks and _grouped(digits, marks[0]):
        decimal = "," if comma else "."
    else:
        decimal = marks[0] if marks else ""
    group = "".join({".", ","} - {decimal})
    whole, _, rest = digits.partition(decimal) if decimal else (digits, "", "")
    if decimal in rest and decimal:
        return None
    if any(mark in whole and not _grouped(whole, mark) for mark in group) and (
        decimal == "," or not _LAKHS.fullmatch(whole)
    ):
        return None
    try:
        return Decimal("".join(c for c in whole if c not in group) + "." + (rest or "0"))
    except InvalidOperation:
        return None


def _grouped(digits: str, mark: str) -> bool:
    """Whether a mark stands between groups of three digits: it may group thousands."""
    first, *groups = digits.split(mark)
    return 1 <= len(first) <= 3 and first != "0" and all(len(group) == 3 for group in groups)


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """A text with blanks in place of some spans, so that all else keeps its place."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def without_all(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """As :func:`without`, in time linear in the text, for spans that do not overlap."""
    parts = []
    at = 0
    for start, end in sorted(spans):
        parts += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*parts, text[at:]])
