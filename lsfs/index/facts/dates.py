"""The dates that a document states, and which of them is its own.

Every date is anchored on a year: years are found first, with one cheap scan, and only the few
characters around each are looked at closely. That keeps a long text without dates fast.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from msgspec.structs import replace

from lsfs import bytewise
from lsfs.index.facts.founddates import FOOT, PLAIN, Found
from lsfs.index.facts.founddates import Days as Days
from lsfs.index.facts.literals import folded
from lsfs.index.find.folding import fold as fold
from lsfs.model import BlockKind, ContentDate, DateKind, Document
from lsfs.patterns import later

MAX_DATES = 500  # a price list of dates says no more with the next one
MAX_YEARS = 30_000  # numbers that look like years, looked at per document
_HEAD = 300  # characters in which a letter's or a newsletter's own date stands
_COVER = 600  # characters in which a day may make the year of a title exact

# --- words for months, shared with the reading of questions

_MONTH_NAMES = (
    "january januar janner janvier enero gennaio januari janeiro",
    "february februar feber fevrier febrero febbraio februari fevereiro",
    "march marz mars marzo maart marco",
    "april avril abril aprile",
    "may mai mayo maggio mei maio",
    "june juni juin junio giugno junho",
    "july juli juillet julio luglio julho",
    "august aout agosto augustus",
    "september septembre septiembre setiembre settembre setembro",
    "october oktober octobre octubre ottobre outubro",
    "november novembre noviembre novembro",
    "december dezember decembre diciembre dicembre dezembro",
)
_MONTH_SHORT = (
    "jan janv ene gen",
    "feb febr fevr fev",
    "mar mrz mrt",
    "apr avr abr",
    "mag",
    "jun giu",
    "jul juil lug",
    "aug ago",
    "sep sept set",
    "oct okt ott out",
    "nov",
    "dec dez dic",
)


def _numbered(names: tuple[str, ...]) -> dict[str, int]:
    return {name: i for i, line in enumerate(names, start=1) for name in line.split()}


MONTHS = _numbered(_MONTH_NAMES)
SHORT_MONTHS = _numbered(_MONTH_SHORT)
_ALL_MONTHS = MONTHS | SHORT_MONTHS


def year_days(year: int) -> Days:
    """All days of a year."""
    return date(year, 1, 1), date(year + 1, 1, 1)


def month_days(year: int, month: int, count: int = 1) -> Days:
    """All days of ``count`` months from ``month`` on, which may run into the next year."""
    last = month - 1 + count
    return date(year, month, 1), date(year + last // 12, last % 12 + 1, 1)


def one_day(year: int, month: int, day: int) -> Days | None:
    """That one day; None when the calendar has no such day."""
    try:
        first = date(year, month, day)
    except ValueError:
        return None
    return first, first + timedelta(days=1)


# --- the forms of a date

_ORDINAL_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth "
    "twenty-first twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth "
    "twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)
_ORDINALS = {word: i for i, word in enumerate(_ORDINAL_WORDS.split(), start=1)}
_OCR = str.maketrans("OolI", "0011")  # what a scanner reads for digits inside a number
# The letters stand in for digits only after a digit: "2O23" is a year, "lOO" is nothing.
# What stands before is looked at from behind the first characters: a pattern that begins with
# characters is searched for several times as fast as one that begins with a look behind.
_YEAR = later(
    r"(?:19|2[0Oo])(?<![\d$€£](?:19|2[0Oo]))(?<!\d,(?:19|2[0Oo]))[\dOo]{2}(?![\dA-NP-Za-np-z])"
)
_CENTURIES = ("19", "20", "2O", "2o")  # what each year begins with
_SHORT = later(r"(\d(?<![\w./-]\d)\d?)([./])(\d{1,2})\2(\d{2})(?![\w/-]|\.\d)")
_APOSTROPHE_YEAR = later(r"(?<=[\w.,]\s)['\u2019](\d\d)(?!\w)")  # 15 Jan '22
_SHORT_HINT = later(r"[./]\d\d?[./]\d\d")  # what it cannot match without
_DIGIT = later(r"\d")
_COMPACT = later(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)")
_YMD = later(r"([-/._])(\d{1,2})\1(\d{1,2})(?!\d)")
_YM = later(r"[-/_](0[1-9]|1[0-2])(?![\d/-])")
_DMY = later(r"(?:(?<![\w.,/-])|(?<=\d\.-))([\dlIO]{1,2})\s?([./-])\s?([\dlIO]{1,2})\s?\2\s?\Z")
_WORD = r"[^\W\d_]{3,10}"
_LETTERS = later(r"[^\W\d_]+")
_OF = r"(?:of\s|de\s|del\s|d['\u2019]|in\sthe\syear\s)?"
_SUFFIX = r"(?:st|nd|rd|th|ère|er|ème|eme|e|\.|º|°)?"
_DAY_MONTH = later(
    rf"(?:(?<![\w.,/-])|(?<=\d-))([\dlIO]{{1,2}}){_SUFFIX}(?:[\s-]+)(?:(?:day|jour|giorno)\s)?{_OF}\s?"
    rf"({_WORD})(?:\.?,?\s+|\.?-|,)\s?{_OF}\s?\Z"
)
_SPELLED = later(rf"\b([a-z]{{4,7}}(?:-[a-z]{{5,7}})?)\s+day\s+of\s+({_WORD}),?\s+{_OF}\Z")
_MONTH_DAY = later(
    rf"(?<!\w)({_WORD})\.?\s+(?:(\d{{1,2}})(?:st|nd|rd|th)?\s?(?:[-\u2013\u2014]|to)\s?)?"
    r"([\dlIO]{1,2})(?:st|nd|rd|th)?,?\s+\Z"
)
_MONTH = later(rf"(?<!\w)({_WORD})\.?(?:,?\s+|[-_]|\s?/\s?){_OF}\Z")
# What leads to a day whose span began before it: "3 to 7 May", "28 April - 3 May", "1.4.-30.6.".
_TO_DAY = (
    r"\s?(?:[-\u2013\u2014]|to|until|bis(?:\szum)?|au|al|a|fino\sal)\s?"
    r"(?:the\s|den\s|le\s|el\s|il\s)?\Z"
)
_FIRST_DAY = later(
    rf"(?<![\w.,/-])(?P<day>\d{{1,2}}){_SUFFIX}"
    rf"(?:(?:\s{_OF}|-)(?P<name>{_WORD})\.?|\s?(?P<number>\d{{1,2}})\.)?{_TO_DAY}",
    re.IGNORECASE,
)
_FIRST_MONTH_DAY = later(
    rf"(?<!\w)(?P<name>{_WORD})\.?\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_TO_DAY}", re.IGNORECASE
)
_NUMERALS = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
_ROMAN = {numeral: month for month, numeral in enumerate(_NUMERALS, start=1)}
_ROMAN_MONTH = later(
    r"(?<![\w.,/-])(?:(\d{1,2})\.?\s?[./-]?\s?)?(I{1,3}|IV|VI{0,3}|IX|XI{0,2})\s?[./-]\s?\Z"
)
_WEEK_AFTER = later(r"[-\s]?W(\d{2})(?![\w])")
_WEEK_BEFORE = later(
    r"\b(?:KW|CW|(?:calendar\s)?week|kalenderwoche|woche|semaine|semana|settimana)\s?(\d{1,2})"
    r"(?:\s?[/,]\s?|\s(?:of\s|in\s|de\s|del\s)?)\Z",
    re.IGNORECASE,
)
_PARTS = {"quarter": 3, "quartal": 3, "trimestre": 3, "half": 6, "halbjahr": 6, "semestre": 6}
_ORDINAL_PARTS = {
    word: n
    for n, words in enumerate((
        "first erste ersten erstes premier primer primo",
        "second zweite zweiten zweites deuxieme segundo secondo",
        "third dritte dritten drittes troisieme tercer terzo",
        "fourth vierte vierten viertes quatrieme cuarto quarto",
    ), start=1)
    for word in words.split()
}  # fmt: skip
_PART_BEFORE = later(
    rf"(?<![\w.,/-])(?:([1-4]){_SUFFIX}|([^\W\d_]{{5,9}}))\s({'|'.join(_PARTS)})\s{_OF}\Z",
    re.IGNORECASE,
)
# One of these stands before a week, a quarter or a half; the first two are short for "week".
_PART_WORDS = ("kw", "cw", "week", "woche", "semaine", "semana", "settimana", *_PARTS)
_QUARTER_BEFORE = later(r"(?<![A-Za-z])Q([1-4])[\s_/-]*\Z", re.IGNORECASE)
_QUARTER_AFTER = later(r"[\s_/-]*Q([1-4])(?![A-Za-z\d])", re.IGNORECASE)
_YEAR_CUE = later(
    r"(?:\b(?:(?:for|in|of)\sthe\s(?:\w+\s)?year|(?:fiscal|financial|calendar|tax)\syear|"
    r"year\sended|geschäftsjahr|für\sdas\sjahr|steuerjahr|exercice|ejercicio|esercizio)\s|"
    r"\bFY\s?)\Z",
    re.IGNORECASE,
)
_CUE_ENDS = ("year", "ended", "jahr", "exercice", "ejercicio", "esercizio", "fy")  # of any cue
_SERIAL_AFTER = later(r"[-/_.]?\d|[-/][A-Z]{2,}")
_SERIAL_BEFORE = later(
    r"(?:\b(?:no|nr|num|number|room|iso|id|ref)\b\.?:?\s*|[#/]|\d[-_/.])\Z", re.I
)


def _number(text: str) -> int:
    return int(text.translate(_OCR))


def _find(text: str, bare_years: bool) -> Iterator[Found]:
    """The dates of a text in order of their years; bare years only where they are asked for."""
    for count, match in enumerate(_years(text)):
        if count >= MAX_YEARS:
            return
        found = _around(text, match.start(), match.end(), int(match[0].translate(_OCR)))
        if found is None and bare_years and _plain_year(text, match):
            found = Found(match.start(), match.end(), year_days(int(match[0])), "year")
        if found is not None:
            yield found
    if "'" in text or "\u2019" in text:
        for match in _APOSTROPHE_YEAR.finditer(text):
            year = int(match[1]) + (1900 if int(match[1]) > 68 else 2000)
            offset = max(0, match.start() - 48)
            named = _named_month(text[offset : match.start()], offset, match.end(), year)
            if named is not None:
                yield named
    if not _may_be_short(text):
        return
    for short in _SHORT.finditer(text):
        year = int(short[4]) + (1900 if int(short[4]) > 68 else 2000)
        found = _numeric(short.start(), short.end(), year, int(short[1]), int(short[3]), short[2])
        if found is not None:
            yield found


def _years(text: str) -> Iterator[re.Match[str]]:
    """The matches of ``_YEAR``, each looked for only where its first two characters stand."""
    end = 0
    for place in heapq.merge(*(_places(text, century) for century in _CENTURIES)):
        match = _YEAR.match(text, place) if place >= end else None
        if match is not None:
            end = match.end()
            yield match


def _places(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _may_be_short(text: str) -> bool:
    """Whether there may be a date with a year of two digits; False is sure."""
    shape = bytewise.shape(text)
    if shape is not None and not any(mark in shape for mark in (b"/00", b".00")):
        return False
    return _SHORT_HINT.search(text) is not None


def _plain_year(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(0, match.start() - 12) : match.start()], text[match.end() :][:4]
    clean = not _SERIAL_AFTER.match(after) and not _SERIAL_BEFORE.search(before)
    return match[0].isdigit() and clean


def _around(text: str, start: int, end: int, year: int) -> Found | None:
    """The date whose year stands at ``start``: with what follows it, or with what is before."""
    if match := _YMD.match(text, end):
        days = one_day(year, int(match[2]), int(match[3]))
        if days and not _glued(text, start):
            return Found(start, match.end(), days, "day")
    if (match := _WEEK_AFTER.match(text, end)) and (week := _week(year, int(match[1]))):
        return Found(start, match.end(), week, "week")
    if match := _QUARTER_AFTER.match(text, end):
        return Found(start, match.end(), month_days(year, int(match[1]) * 3 - 2, 3), "quarter")
    offset = max(0, start - 48)
    window = text[offset:start]
    found = _named_month(window, offset, end, year)
    if found is not None:
        return found
    last = window.rstrip()[-1:]
    if last and last in "./-" and (match := _DMY.search(window)):
        first, second = _number(match[1]), _number(match[3])
        found = _numeric(offset + match.start(), end, year, first, second, match[2])
        return _from_first(found, window, offset)
    if last and last in "./-" and (match := _ROMAN_MONTH.search(window)):
        return _with_roman_month(match, offset, end, year)
    low = folded(window)
    if any(map(low.__contains__, _PART_WORDS)) and (found := _part(window, offset, end, year)):
        return found
    if ("Q" in window or "q" in window) and (match := _QUARTER_BEFORE.search(window)):
        return Found(
            offset + match.start(), end, month_days(year, int(match[1]) * 3 - 2, 3), "quarter"
        )
    if low.rstrip().endswith(_CUE_ENDS) and _YEAR_CUE.search(window):
        return Found(start, end, year_days(year), "year")
    return None


def _glued(text: str, start: int) -> bool:
    return start > 0 and (text[start - 1].isalnum() or text[start - 1] in "-/.")


@lru_cache(maxsize=1 << 12)
def _is_month(word: str) -> bool:
    """Whether a word names a month; texts repeat their words."""
    return fold(word) in _ALL_MONTHS


def _named_month(window: str, offset: int, end: int, year: int) -> Found | None:
    """A date with the month as a word, which ends in the year after ``window``."""
    # No form has more than three words behind the month: "mai de l'année", "May in the year".
    if not any(map(_is_month, _LETTERS.findall(window)[-4:])):
        return None
    for form, day_at, month_at, vote in (
        (_DAY_MONTH, 1, 2, 1),
        (_MONTH_DAY, 3, 1, -1),
    ):
        match = form.search(window)
        month = _ALL_MONTHS.get(fold(match[month_at])) if match else None
        days = one_day(year, month, _number(match[day_at])) if match and month else None
        if match and days:
            # Only the long form "April 12, 2023" is a habit that tells; "12 April" is universal.
            found = Found(offset + match.start(), end, days, "day", vote=min(vote, 0))
            if vote > 0 or not match[2]:
                return _from_first(found, window, offset)
            first = one_day(year, month, int(match[2])) if month else None
            span = first and first[0] < days[0] and (first[0], days[1])
            return replace(found, days=span, form="days") if span else found
    if match := _SPELLED.search(window.lower()):
        month, number = _ALL_MONTHS.get(fold(match[2])), _ORDINALS.get(match[1])
        days = one_day(year, month, number) if month and number else None
        if days:
            return Found(offset + match.start(), end, days, "day")
    match = _MONTH.search(window)
    month = _ALL_MONTHS.get(fold(match[1])) if match else None
    if match and month and (match[1][0].isupper() or len(match[1]) > 3):
        return Found(offset + match.start(1), end, month_days(year, month), "month")
    return None


def _from_first(found: Found | None, window: str, offset: int) -> Found | None:
    """The days from the first on, where one is the last of several: "3 to 7 May 2021"."""
    lead = window[: found.start - offset] if found else ""
    match = _FIRST_DAY.search(lead) or _FIRST_MONTH_DAY.search(lead)
    if found is None or match is None:
        return found
    last, said = found.days[0], match.groupdict()
    month = _ALL_MONTHS.get(fold(said["name"])) if said["name"] else last.month
    month = int(said["number"]) if said.get("number") else month
    first = one_day(last.year - (month > last.month), month, int(said["day"])) if month else None
    if first is None or first[0] >= last:
        return found
    return Found(offset + match.start(), found.end, (first[0], found.days[1]), "days")


def _with_roman_month(match: re.Match[str], offset: int, end: int, year: int) -> Found | None:
    month = _ROMAN[match[2]]
    days = one_day(year, month, int(match[1])) if match[1] else month_days(year, month)
    form = "day" if match[1] else "month"
    return Found(offset + match.start(), end, days, form) if days else None


def _part(window: str, offset: int, end: int, year: int) -> Found | None:
    """A week, a quarter or a half, told before its year: "KW 37/2021", "3. Quartal 2022"."""
    if (match := _WEEK_BEFORE.search(window)) and (week := _week(year, int(match[1]))):
        return Found(offset + match.start(), end, week, "week")
    match = _PART_BEFORE.search(window)
    number = int(match[1] or _ORDINAL_PARTS.get(fold(match[2]), 0)) if match else 0
    if match is None or not number:
        return None
    months = _PARTS[match[3].lower()]
    if number > 12 // months:
        return None
    days = month_days(year, (number - 1) * months + 1, months)
    return Found(offset + match.start(), end, days, "quarter")


def _week(year: int, number: int) -> Days | None:
    """A week of ISO 8601; None when the year has none of that number."""
    try:
        first = date.fromisocalendar(year, number, 1)
    except ValueError:
        return None
    return first, first + timedelta(days=7)


def _numeric(start: int, end: int, year: int, a: int, b: int, mark: str) -> Found | None:
    """A date of three numbers: the day first, unless that is no day or the document says so."""
    day_first, month_first = one_day(year, b, a), one_day(year, a, b)
    if mark == ".":  # nobody writes 04.12.2023 for April
        return Found(start, end, day_first, "day") if day_first else None
    if day_first and month_first:
        return Found(start, end, day_first, "day", swapped=month_first if a != b else None)
    if day_first:
        return Found(start, end, day_first, "day", vote=3)
    return Found(start, end, month_first, "day", vote=-3) if month_first else None


# What dates a document, strongest first; what speaks for itself; what may yet do so.
_DATING = (
    DateKind.SIGNED, DateKind.EFFECTIVE, DateKind.NAMED, DateKind.METADATA, DateKind.PERIOD,
)  # fmt: skip
_OWN_KINDS = (DateKind.SIGNED, DateKind.EFFECTIVE, DateKind.NAMED)
_UNSURE = (DateKind.MENTIONED, DateKind.EVENT)


def content_dates(document: Document, path: str) -> tuple[ContentDate, ...]:
    """The dates that a document states, the one that dates it first.

    Args:
        document: the file as read.
        path: its path; the name may hold a date.

    Returns:
        At most :data:`MAX_DATES`, by kind, then by strength of the cue, then by place.
    """
    # The reading of questions needs the forms of dates, and not what documents say of them.
    from lsfs.index.facts.datecues import meaning
    from lsfs.index.facts.einvoice import dates_of, einvoice, printed

    invoice = einvoice(document)
    if invoice is not None:  # all other days in its text are of something else
        days = days_in(printed(document, invoice))
        exact = dates_of(invoice, days)
        places = {one.char_start for one in exact}
        return (*exact, *(one for one in days if one.char_start not in places))
    ranked: list[tuple[int, ContentDate]] = []
    if document.created is not None:
        ranked.append(_created(document, document.created))
    ranked += _named(document, path)
    text = document.text
    found = sorted(_with_headings(document), key=lambda one: one.start)
    month_first = _month_first(document, found)
    plain: list[int] = []  # places of the dates that nothing gives another meaning
    last_end = 0
    last: DateKind | None = None
    for one in found:
        if one.start < last_end or len(ranked) >= MAX_DATES:
            continue
        kind, strength = meaning(text, one, last_end, last)
        last_end, last = one.end, kind
        if kind in _UNSURE and strength == PLAIN and one.form == "day":
            plain.append(one.start)
        first, end = one.swapped if one.swapped and month_first else one.days
        words = text[one.start : one.end]
        ranked.append((strength, ContentDate(first, end, kind, one.start, one.end, words)))
    ranked = _only_one(ranked, plain, text)
    order = list(DateKind)
    ranked.sort(key=lambda pair: (order.index(pair[1].kind), pair[0], pair[1].char_start))
    return tuple(one for _, one in ranked)


def days_in(document: Document) -> tuple[ContentDate, ...]:
    """All days in the text of a document in order, whatever they mean: each row of a list has some.

    Args:
        document: the file as read.
    """
    found = sorted(_with_headings(document), key=lambda one: one.start)
    month_first = _month_first(document, found)
    days: list[ContentDate] = []
    for one in found:
        if one.form != "day" or (days and one.start < days[-1].char_end):
            continue
        first, end = one.swapped if one.swapped and month_first else one.days
        words = document.text[one.start : one.end]
        days.append(ContentDate(first, end, DateKind.MENTIONED, one.start, one.end, words))
    return tuple(days)


def _only_one(
    ranked: list[tuple[int, ContentDate]], plain: list[int], text: str
) -> list[tuple[int, ContentDate]]:
    """Count the only day at the head, else at the foot, as the document's own where it has none.

    It then outranks the properties: those tell when a file was made, mostly by a program.
    """
    if any(one.kind in _OWN_KINDS for _, one in ranked):
        return ranked
    head = [start for start in plain if start < _HEAD]
    foot = [start for start in plain if start >= len(text) - FOOT and _short_line(text, start)]
    for starts in (head, foot):
        days = {one.day: n for n, (_, one) in enumerate(ranked) if one.char_start in starts}
        if len(days) == 1:
            (n,) = days.values()
            return [*ranked[:n], (10, replace(ranked[n][1], kind=DateKind.NAMED)), *ranked[n + 1 :]]
    return ranked


def _short_line(text: str, start: int) -> bool:
    """Whether a place is in a line like those around a signature, not in a sentence."""
    end = text.find("\n", start)
    line = text[text.rfind("\n", 0, start) + 1 : end if end >= 0 else len(text)].rstrip()
    return len(line.split()) <= 8 and not line.endswith((".", ";", ","))


def primary(dates: tuple[ContentDate, ...]) -> ContentDate | None:
    """The date that dates the document.

    Args:
        dates: as :func:`content_dates` gives them, strongest first.

    Returns:
        The strongest of its own dates, else the one in its name or the only day at the head or
        foot of its text, else that of its properties, else the start of the period it covers; a
        date with another meaning counts when it is the only one at the head. A name that says
        no more than a year or a month is made exact by the one day of it at the head of the text.
    """
    for kind in _DATING:
        for one in dates:
            if one.kind is kind:
                return _exact(one, dates) if kind is DateKind.NAMED else one
    head = [one for one in dates if 0 <= one.char_start < _HEAD]
    return head[0] if len(head) == 1 else None


def _exact(named: ContentDate, dates: tuple[ContentDate, ...]) -> ContentDate:
    """The only day at the head of the text that lies in the span of a name, if just one does."""
    days = {
        one.day: one
        for one in reversed(dates)
        if 0 <= one.char_start < _COVER
        and named.day <= one.day < one.end <= named.end
        and one.end - one.day == timedelta(days=1)
    }
    return next(iter(days.values())) if len(days) == 1 else named


def _created(document: Document, day: date) -> tuple[int, ContentDate]:
    """The date in the properties. A mail's and a front matter's were written by the author."""
    own = document.media_type.startswith("message/") or document.media_type in (
        "application/mbox",
        "text/markdown",
    )
    kind = DateKind.SIGNED if own else DateKind.METADATA
    return 0, ContentDate(day, day + timedelta(days=1), kind, text=day.isoformat())


def _named(document: Document, path: str) -> list[tuple[int, ContentDate]]:
    """Dates in the file's name, then in the title; a whole day before a month before a year."""
    ranked = []
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0] if path else ""
    for place, words in enumerate((stem, document.title)):
        if not _DIGIT.search(words):
            continue
        seen = list(_find(_spaced(words), bare_years=True)) + _extras(_spaced(words))
        for one in sorted(seen, key=lambda one: _FORMS.index(one.form)):
            date_text = words[one.start : one.end]
            rank = _FORMS.index(one.form) * 2 + place
            ranked.append((rank, ContentDate(*one.days, DateKind.NAMED, text=date_text)))
    return ranked


_FORMS = ("day", "days", "week", "month", "quarter", "year")


def _spaced(name: str) -> str:
    """A name with the underscores and dots between letters as spaces; of the same length."""
    return re.sub(r"(?<=[A-Za-z])[_.+](?=\w)|(?<=\d)[_+](?=[A-Za-z])", " ", name)


# Before 2023-04 these make it a running number: "invoice 2023-04"; digits make it part of one.
_NUMBERED = later(
    r"(?:\d[-/.]?|(?:invoice|rechnung|facture|factura|fattura|order|quote|no|nr)[\W_]*)\Z",
    re.IGNORECASE,
)


def _extras(name: str) -> list[Found]:
    """Forms that are dates in names only: 20230412, 2023-04."""
    found = []
    for match in _COMPACT.finditer(name):
        days = one_day(int(match[1]), int(match[2]), int(match[3]))
        if days:
            found.append(Found(match.start(), match.end(), days, "day"))
    for match in _YEAR.finditer(name):
        month = _YM.match(name, match.end())
        if month and match[0].isdigit() and not _NUMBERED.search(name[: match.start()]):
            days = month_days(int(match[0]), int(month[1]))
            found.append(Found(match.start(), month.end(), days, "month"))
    return found


def _with_headings(document: Document) -> Iterator[Found]:
    """The dates of the text; a year that stands alone counts in titles and headings only."""
    yield from _find(document.text, bare_years=False)
    for block in document.blocks[:200]:
        if block.kind in (BlockKind.TITLE, BlockKind.HEADING):
            for one in _find(block.text, bare_years=True):
                if one.form == "year":
                    yield Found(
                        one.start + block.char_start, one.end + block.char_start, one.days, "year"
                    )
    first = document.text[:160].split("\n", 1)[0]
    if len(first) < 90 and not first.rstrip().endswith("."):
        yield from (one for one in _find(first, bare_years=True) if one.form == "year")


def _month_first(document: Document, found: list[Found]) -> bool:
    """Whether 03/04/2023 is March here: by the document's other dates, then by its country."""
    if not any(one.swapped for one in found):
        return False  # nothing to decide
    votes = sum(max(-9, min(9, one.vote)) for one in found)
    if votes:
        return votes < 0
    american = re.search(r"\b[A-Z]{2}\s\d{5}(?:-\d{4})?\b", document.text[:4000])
    return document.language.lower().replace("_", "-") == "en-us" or bool(american)
