"""The dates that a document states, and which of them is its own.

Every date is anchored on a year: years are found first, with one cheap scan, and only the few
characters around each are looked at closely. That keeps a long text without dates fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from lsfs.index.folding import fold as fold
from lsfs.model import BlockKind, ContentDate, DateKind, Document

MAX_DATES = 500  # a price list of dates says no more with the next one
MAX_YEARS = 30_000  # numbers that look like years, looked at per document
_HEAD = 300  # characters in which a letter's or a newsletter's own date stands
_COVER = 600  # characters in which a day may make the year of a title exact
_FOOT = 600  # characters at the end in which a document is signed
_OPENING = 1500  # characters in which a contract says when it was made
_BEFORE = 64  # characters before a date in which its cue stands

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

Days = tuple[date, date]  # the first day, and the day after the last


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
_YEAR = re.compile(
    r"(?:19|2[0Oo])(?<![\d$€£](?:19|2[0Oo]))(?<!\d,(?:19|2[0Oo]))[\dOo]{2}(?![\dA-NP-Za-np-z])"
)
_SHORT = re.compile(r"(\d(?<![\w./-]\d)\d?)([./])(\d{1,2})\2(\d{2})(?![\w/-]|\.\d)")
_SHORT_HINT = re.compile(r"[./]\d\d?[./]\d\d")  # what it cannot match without
_DIGIT = re.compile(r"\d")
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)")
_YMD = re.compile(r"([-/._])(\d{1,2})\1(\d{1,2})(?!\d)")
_YM = re.compile(r"[-/_](0[1-9]|1[0-2])(?![\d/-])")
_DMY = re.compile(r"(?<![\w.,/-])([\dlIO]{1,2})\s?([./-])\s?([\dlIO]{1,2})\s?\2\s?\Z")
_WORD = r"[^\W\d_]{3,10}"
_OF = r"(?:of\s|de\s|del\s|d['\u2019]|in\sthe\syear\s)?"
_DAY_MONTH = re.compile(
    rf"(?<![\w.,/-])([\dlIO]{{1,2}})(?:st|nd|rd|th|er|\.|º|°)?(?:[\s-]+)(?:day\s)?{_OF}\s?"
    rf"({_WORD})(?:\.?,?\s+|\.?-|,)\s?{_OF}\s?\Z"
)
_SPELLED = re.compile(rf"\b([a-z]{{4,7}}(?:-[a-z]{{5,7}})?)\s+day\s+of\s+({_WORD}),?\s+{_OF}\Z")
_MONTH_DAY = re.compile(rf"(?<!\w)({_WORD})\.?\s+([\dlIO]{{1,2}})(?:st|nd|rd|th)?,?\s+\Z")
_MONTH = re.compile(rf"(?<!\w)({_WORD})\.?(?:,?\s+|[-_]|\s?/\s?){_OF}\Z")
_QUARTER_BEFORE = re.compile(r"(?<![A-Za-z])Q([1-4])[\s_/-]*\Z", re.IGNORECASE)
_QUARTER_AFTER = re.compile(r"[\s_/-]*Q([1-4])(?![A-Za-z\d])", re.IGNORECASE)
_YEAR_CUE = re.compile(
    r"(?:\b(?:(?:for|in|of)\sthe\s(?:\w+\s)?year|(?:fiscal|financial|calendar|tax)\syear|"
    r"year\sended|geschäftsjahr|für\sdas\sjahr|steuerjahr|exercice|ejercicio|esercizio)\s|"
    r"\bFY\s?)\Z",
    re.IGNORECASE,
)
_SERIAL_AFTER = re.compile(r"[-/_.]?\d|[-/][A-Z]{2,}")
_SERIAL_BEFORE = re.compile(
    r"(?:\b(?:no|nr|num|number|room|iso|id|ref)\b\.?:?\s*|[#/]|\d[-_/.])\Z", re.I
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A date as it stands in a text; ``order`` is "dm" or "md" for one with a choice."""

    start: int
    end: int
    days: Days
    form: str  # day, month, quarter, year
    swapped: Days | None = None  # the other reading of 03/04/2023
    vote: int = 0  # +1 speaks for day first in this document, -1 for month first


def _number(text: str) -> int:
    return int(text.translate(_OCR))


def _find(text: str, bare_years: bool) -> Iterator[_Found]:
    """The dates of a text in order of their years; bare years only where they are asked for."""
    for count, match in enumerate(_YEAR.finditer(text)):
        if count >= MAX_YEARS:
            return
        found = _around(text, match.start(), match.end(), int(match[0].translate(_OCR)))
        if found is None and bare_years and _plain_year(text, match):
            found = _Found(match.start(), match.end(), year_days(int(match[0])), "year")
        if found is not None:
            yield found
    if not _SHORT_HINT.search(text):
        return
    for short in _SHORT.finditer(text):
        year = int(short[4]) + (1900 if int(short[4]) > 68 else 2000)
        found = _numeric(short.start(), short.end(), year, int(short[1]), int(short[3]), short[2])
        if found is not None:
            yield found


def _plain_year(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(0, match.start() - 12) : match.start()], text[match.end() :][:4]
    clean = not _SERIAL_AFTER.match(after) and not _SERIAL_BEFORE.search(before)
    return match[0].isdigit() and clean


def _around(text: str, start: int, end: int, year: int) -> _Found | None:
    """The date whose year stands at ``start``: with what follows it, or with what is before."""
    if match := _YMD.match(text, end):
        days = one_day(year, int(match[2]), int(match[3]))
        if days and not _glued(text, start):
            return _Found(start, match.end(), days, "day")
    if match := _QUARTER_AFTER.match(text, end):
        return _Found(start, match.end(), month_days(year, int(match[1]) * 3 - 2, 3), "quarter")
    offset = max(0, start - 48)
    window = text[offset:start]
    found = _named_month(window, offset, end, year)
    if found is not None:
        return found
    if match := _DMY.search(window):
        first, second = _number(match[1]), _number(match[3])
        return _numeric(offset + match.start(), end, year, first, second, match[2])
    if match := _QUARTER_BEFORE.search(window):
        return _Found(
            offset + match.start(), end, month_days(year, int(match[1]) * 3 - 2, 3), "quarter"
        )
    if match := _YEAR_CUE.search(window):
        return _Found(start, end, year_days(year), "year")
    return None


def _glued(text: str, start: int) -> bool:
    return start > 0 and (text[start - 1].isalnum() or text[start - 1] in "-/.")


def _named_month(window: str, offset: int, end: int, year: int) -> _Found | None:
    """A date with the month as a word, which ends in the year after ``window``."""
    for form, day_at, month_at, vote in (
        (_DAY_MONTH, 1, 2, 1),
        (_MONTH_DAY, 2, 1, -1),
    ):
        match = form.search(window)
        month = _ALL_MONTHS.get(fold(match[month_at])) if match else None
        days = one_day(year, month, _number(match[day_at])) if match and month else None
        if match and days:
            # Only the long form "April 12, 2023" is a habit that tells; "12 April" is universal.
            return _Found(offset + match.start(), end, days, "day", vote=min(vote, 0))
    if match := _SPELLED.search(window.lower()):
        month, number = _ALL_MONTHS.get(fold(match[2])), _ORDINALS.get(match[1])
        days = one_day(year, month, number) if month and number else None
        if days:
            return _Found(offset + match.start(), end, days, "day")
    match = _MONTH.search(window)
    month = _ALL_MONTHS.get(fold(match[1])) if match else None
    if match and month and (match[1][0].isupper() or len(match[1]) > 3):
        return _Found(offset + match.start(1), end, month_days(year, month), "month")
    return None


def _numeric(start: int, end: int, year: int, a: int, b: int, mark: str) -> _Found | None:
    """A date of three numbers: the day first, unless that is no day or the document says so."""
    day_first, month_first = one_day(year, b, a), one_day(year, a, b)
    if mark == ".":  # nobody writes 04.12.2023 for April
        return _Found(start, end, day_first, "day") if day_first else None
    if day_first and month_first:
        return _Found(start, end, day_first, "day", swapped=month_first if a != b else None)
    if day_first:
        return _Found(start, end, day_first, "day", vote=3)
    return _Found(start, end, month_first, "day", vote=-3) if month_first else None


# --- what a date says about the document

_WHERE = r"[^\W\d_][^\n\d:;!?]{0,40}?"  # a place between a cue and its date
_OWN = re.compile(
    r"\b(?:dated|signed|executed|issued|entered\s+into|made(?=\s+(?:on|as|this|and|at|the))|"
    rf"made(?=\s+in\s+{_WHERE}\s+on\s)|concluded(?=\s+(?:on|as|at|in|this))|"
    r"(?:invoice|issue|issuance|letter|report|document|statement|receipt|order|quote|publication|"
    r"meeting|signature|signing|contract|agreement|effective|posting|bill)\s+date|"
    r"date\s+of\s+(?:issue|invoice|this|agreement|contract|signature|signing|meeting|report|order)|"
    r"effective(?:\s+as\s+of|\s+from|\s+on)?|as\s+of|published|updated|revised|held\s+on|"
    r"datum|rechnungsdatum|ausstellungsdatum|vertragsdatum|belegdatum|"
    rf"(?:(?:ab)?geschlossen|unterzeichnet|unterschrieben)(?:\s+(?:in|zu)\s+{_WHERE})?\s+(?:am|den)|"
    r"(?:unterzeichnet|unterschrieben)(?=\s*[:,])|stand|fait\s+à|fait\s+le|"
    rf"signée?s?|conclue?(?:\s+à\s+{_WHERE})?\s+le|date\s+de\s+(?:facture|facturation|signature)|émise?\s+le|"
    r"fecha(?:\s+de\s+(?:factura|emisión|firma))?|firmad[oa]|celebrad[oa]|suscrit[oa]|"
    r"data(?:\s+(?:fattura|di\s+emissione|di\s+firma|da\s+fatura))?(?=\s*:)|firmat[oa]|stipulat[oa]|"
    r"conclus[oa](?=\s+(?:a|il|in)\b)|sottoscritt[oa]|ondertekend|factuurdatum|assinado|date(?=\s*[:.\n|]))(?![\w-])",
    re.IGNORECASE,
)
_WEAK = re.compile(r"\A(?:effective|as\s+of|updated|revised|stand|held|published)", re.IGNORECASE)
_LABEL = re.compile(r"\A(?:date|datum|fecha|data|stand|issue\s+date)\Z", re.IGNORECASE)
# Words that give a date another meaning, wherever they stand before it, and right before it.
_OTHER = re.compile(
    r"\b(?:(?P<due>due|payable|deadline|fällig\w*|échéance|vencimiento|scadenza|vervaldatum|"
    r"vencimento)|(?P<expires>expir\w+|terminat\w+|ends?|ending|ablauf\w*|endet|expire)|"
    r"(?P<born>birth|born|d\.?o\.?b|birthday|geboren|geburtsdatum|née?|naissance|nacimiento|"
    r"nacid[oa]|nascita|nat[oa])|(?P<delivered>deliver\w+|shipp?\w+|lieferdatum)|"
    r"(?P<starts>start(?:s|ing)?|commenc\w+|begin\w*|beginnt)|(?P<event>arriv\w+|depart\w+)|"
    r"valid|renew\w*|period|gültig|amended|superseded|printed|retrieved|accessed|visited|"
    r"downloaded)\b",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"\b(?:until|till|through|bis|jusqu\w*\W\w+|hasta|fino\s+al?)\s+(?:the\s+|zum\s+|el\s+|au\s+)?\Z",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"\b(?:term|lease|contract|agreement|polic[iy]\w*|cover\w*|runs?|lasts?|force|läuft|befristet|"
    r"laufzeit|vertrag|mietvertrag|durée|contrat|vigor|vigencia|contrato|vigore|durata|contratto)\b",
    re.IGNORECASE,
)
# What takes place on a date, said shortly before it.
_EVENT = re.compile(
    r"\b(?:held|tak(?:es?|ing)\s+place|took\s+place|scheduled|appointment|meeting|conference|hearing|"
    r"workshop|webinar|ceremony|flight|check-?in|check-?out|findet|stattfind\w*|sitzung|termin|"
    r"besprechung|réunion|rendez-vous|reunión|cita|riunione|appuntamento)\b[^.;\n]{0,30}\Z",
    re.IGNORECASE,
)
_TOWARDS = re.compile(
    r"\b(?:until|till|before|by|after|next|since|through|to|between|bis|ab|jusqu\w*\W\w+|hasta|fino\s+al?)"
    r"\s+(?:the\s+|zum\s+|el\s+|au\s+)?\Z",
    re.IGNORECASE,
)
# "the agreement dated", "your letter dated": another document's date. "This agreement" is ours.
_REFERENCE = re.compile(
    r"\b(?:the|your|our|his|her|their|my|said|that|an?|under|per)\s+(?:[\w-]+\s+){0,3}"
    r"(?:agreement|contract|lease|letter|invoice|e-?mail|order|report|deed|amendment|quote|"
    r"statement|notice|policy|minutes)s?\s*,?\s*(?:was\s+|were\s+)?\Z",
    re.IGNORECASE,
)
# "your letter of 3 May": a document that this one only speaks of.
_SPOKEN_OF = re.compile(
    r"\b(?:letter|invoice|e-?mail|order|report|contract|agreement|lease|notice|quote|call|meeting|"
    r"schreibens?|briefe?s?|rechnung|vertrage?s?|angebote?s?|lettre|facture|contrat|carta|factura|"
    r"contrato|lettera|fattura|contratto)\s+(?:of|from|on|vom|du|de|del|della)\s+(?:the\s+)?\Z",
    re.IGNORECASE,
)
# Nothing, or a place with a comma or, in capitals, an article: "Berlin, den", "Lyon le", "Monday,".
_ARTICLE = r"(?:the|den|am|im|le|el|a|il|l[iì])\s+"
_PLACE = (
    rf"(?:(?:St\.|[^\n\d:.!?]){{1,40}}?,\s*(?:{_ARTICLE})?"
    rf"|(?-i:(?:[^\W\d_a-zß-ÿ][\w'\u2019-]*\s+){{1,3}}){_ARTICLE})"
)
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s*)?"
_PLACE_LINE = re.compile(rf"\s*(?:{_PLACE}|{_ARTICLE})?{_WEEKDAY}", re.IGNORECASE)
_PLACED = re.compile(rf"\s*{_PLACE}{_WEEKDAY}", re.IGNORECASE)
_COLUMN = re.compile(r"\s{3,}|\t|\||_{2,}")  # what parts two signatures in a line
_SUBJECT = re.compile(
    r"\W*(?:re|subject|betreff|betr|objet|asunto|oggetto|dear|hi|hello|sehr|lieber?|liebe|cher|ch\u00e8re|bonjour|estimad[oa]|hola|gentile|caro)\b",
    re.IGNORECASE,
)
_PLACE_WORDS = 5  # a date line is a place and a date, not a sentence that ends in one
_LETTER_HEAD = 800  # characters in which a letter's date line stands, below two addresses
# The start of a period that a document covers: the last that can date it.
_PERIOD = re.compile(
    r"\b(?:(?:polic(?:y|ies)|insurance|cover(?:age)?|contract|lease|rental|licen[cs]e|warranty|"
    r"subscription|service|billing|statement|validity)\s+(?:period|term)|period\s+of\s+(?:cover\w*|"
    r"insurance|validity)|period|term|valid|coverage|commencement\s+date|start\s+date|inception|"
    r"(?:vertrags|versicherungs)?(?:laufzeit|dauer|beginn)|versicherungszeitraum|zeitraum|gültig|"
    r"gültigkeit|mietbeginn|période|durée|valable|vigencia|periodo|período|duración|válid[oa]|"
    r"durata|validità|valid[oa])(?:\s+(?:of|de|di|der|des)\s+[\w\s-]{1,24}?)?\s*[:|]?\s*(?:is|are|runs?|läuft|vom?|von|"
    r"ab|from|between|du|de|dal?|del|desde|dès|à\s+partir\s+du|el|le|il|the|am|on|\s)*\Z",
    re.IGNORECASE,
)
_END = re.compile(
    r"\b(?:until|till|to|through|by|bis|end\w*|jusqu\w*|hasta|fino|expir\w+)\b[^\n]{0,20}\Z",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s*(?:[-\u2013\u2014]|to|until|through|bis|au|al?|hasta|fino al)\s*", re.I)
_PLAIN, _MEANT = 0, 1  # strengths of a mention: nothing is said of it, or that it is another's
_SENTENCE = re.compile(r"\n\s*\n(?=[^\n]{40})|(?<=[a-z)])[.;!?]\s+(?=[A-Z])")


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
        kind, strength = _meaning(text, one, last_end, last)
        last_end, last = one.end, kind
        if kind in _UNSURE and strength == _PLAIN and one.form == "day":
            plain.append(one.start)
        first, end = one.swapped if one.swapped and month_first else one.days
        words = text[one.start : one.end]
        ranked.append((strength, ContentDate(first, end, kind, one.start, one.end, words)))
    ranked = _only_one(ranked, plain, text)
    order = list(DateKind)
    ranked.sort(key=lambda pair: (order.index(pair[1].kind), pair[0], pair[1].char_start))
    return tuple(one for _, one in ranked)


def _only_one(
    ranked: list[tuple[int, ContentDate]], plain: list[int], text: str
) -> list[tuple[int, ContentDate]]:
    """Count the only day at the head, else at the foot, as the document's own where it has none.

    It then outranks the properties: those tell when a file was made, mostly by a program.
    """
    if any(one.kind in _OWN_KINDS for _, one in ranked):
        return ranked
    head = [start for start in plain if start < _HEAD]
    foot = [start for start in plain if start >= len(text) - _FOOT and _short_line(text, start)]
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


_FORMS = ("day", "month", "quarter", "year")


def _spaced(name: str) -> str:
    """A name with the underscores and dots between letters as spaces; of the same length."""
    return re.sub(r"(?<=[A-Za-z])[_.+](?=\w)|(?<=\d)[_+](?=[A-Za-z])", " ", name)


# Before 2023-04 these make it a running number: "invoice 2023-04"; digits make it part of one.
_NUMBERED = re.compile(
    r"(?:\d[-/.]?|(?:invoice|rechnung|facture|factura|fattura|order|quote|no|nr)[\W_]*)\Z",
    re.IGNORECASE,
)


def _extras(name: str) -> list[_Found]:
    """Forms that are dates in names only: 20230412, 2023-04."""
    found = []
    for match in _COMPACT.finditer(name):
        days = one_day(int(match[1]), int(match[2]), int(match[3]))
        if days:
            found.append(_Found(match.start(), match.end(), days, "day"))
    for match in _YEAR.finditer(name):
        month = _YM.match(name, match.end())
        if month and match[0].isdigit() and not _NUMBERED.search(name[: match.start()]):
            days = month_days(int(match[0]), int(month[1]))
            found.append(_Found(match.start(), month.end(), days, "month"))
    return found


def _with_headings(document: Document) -> Iterator[_Found]:
    """The dates of the text; a year that stands alone counts in titles and headings only."""
    yield from _find(document.text, bare_years=False)
    for block in document.blocks[:200]:
        if block.kind in (BlockKind.TITLE, BlockKind.HEADING):
            for one in _find(block.text, bare_years=True):
                if one.form == "year":
                    yield _Found(
                        one.start + block.char_start, one.end + block.char_start, one.days, "year"
                    )
    first = document.text[:160].split("\n", 1)[0]
    if len(first) < 90 and not first.rstrip().endswith("."):
        yield from (one for one in _find(first, bare_years=True) if one.form == "year")


def _month_first(document: Document, found: list[_Found]) -> bool:
    """Whether 03/04/2023 is March here: by the document's other dates, then by its country."""
    if not any(one.swapped for one in found):
        return False  # nothing to decide
    votes = sum(max(-9, min(9, one.vote)) for one in found)
    if votes:
        return votes < 0
    american = re.search(r"\b[A-Z]{2}\s\d{5}(?:-\d{4})?\b", document.text[:4000])
    return document.language.lower().replace("_", "-") == "en-us" or bool(american)


def _meaning(text: str, one: _Found, since: int, last: DateKind | None) -> tuple[DateKind, int]:
    """What the words around a date make of it; the smaller number is the stronger.

    Args:
        since: where the date before this one ended: its cues are spent.
        last: what that one was.
    """
    offset = max(0, since, one.start - _BEFORE)
    # A cue reaches over a line break ("Date:\n3 May 2023"), not over a sentence or a paragraph.
    before = _SENTENCE.split(text[offset : one.start])[-1]
    # "Due date: …": the label belongs to the word before it.
    words = list(_OTHER.finditer(before))
    others = [_past_label(before, match.end()) for match in words]
    if _TOWARDS.search(before):
        others.append(len(before))
    cue = _own_cue(before, max(others, default=0))
    if cue is not None:
        place = one.start - len(before) + cue.start()
        weak, lead = _WEAK.match(cue[0]), text[max(0, place - 60) : place]
        if _REFERENCE.search(lead) or (weak and not _own_sentence(lead, place)):
            passive = re.search(r"\b(?:was|were)\s*\Z", lead, re.IGNORECASE) is not None
            return DateKind.MENTIONED, _PLAIN if passive else _MEANT
        takes_effect = cue[0][:9].lower() == "effective"
        kind = DateKind.EFFECTIVE if takes_effect else DateKind.SIGNED
        return kind, (4 if weak else 1) + (0 if one.start < _OPENING else 2)
    if since and _RANGE.fullmatch(text[since : one.start]):
        begun = last in (DateKind.PERIOD, DateKind.STARTS, DateKind.EFFECTIVE)
        return (DateKind.EXPIRES if begun else DateKind.MENTIONED), _MEANT
    if _PERIOD.search(before) and not _END.search(before):
        return DateKind.PERIOD, 9
    if others:
        return _other_meaning(before, words[-1] if words else None), _MEANT
    kind, strength = _by_line(text, one)
    if kind is DateKind.MENTIONED and _EVENT.search(before):
        kind = DateKind.EVENT
    return kind, strength


def _other_meaning(before: str, word: re.Match[str] | None) -> DateKind:
    """What a date is that is not the document's own, by the nearest word that tells."""
    kind = DateKind(word.lastgroup) if word and word.lastgroup else DateKind.MENTIONED
    if _UNTIL.search(before) and kind in (DateKind.MENTIONED, DateKind.STARTS):
        lasting = word is not None or _LASTING.search(before) is not None
        return DateKind.EXPIRES if lasting else DateKind.MENTIONED
    return kind


def _past_label(before: str, end: int) -> int:
    label = re.compile(r"\s+(?:date|am|on)\b", re.IGNORECASE).match(before, end)
    return label.end() if label else end


def _own_sentence(lead: str, place: int) -> bool:
    """Whether a weak cue ("as of", "effective") speaks of this document, by what leads to it."""
    if place >= _OPENING:
        return False
    line = lead.rsplit("\n", 1)[-1].strip(" *_#|-")
    return not line or re.search(r"\b[Tt]h(?:is|ese)\b|\b[Mm]eeting\b", lead) is not None


def _own_cue(before: str, since: int) -> re.Match[str] | None:
    """The strongest cue for a document's own date among the words after ``since``."""
    best: re.Match[str] | None = None
    for match in _OWN.finditer(before, since):
        gap = before[match.end() :].strip(" \t\n:|*_-.")
        if _LABEL.match(match[0]) and len(gap) > 4 and not gap.lower().endswith("day,"):
            continue  # the head of a column, not a label
        if best is None or not _WEAK.match(match[0]):
            best = match
    return best


def _by_line(text: str, one: _Found) -> tuple[DateKind, int]:
    """What a date without a cue means by the line that it stands in."""
    foot = one.start >= max(_LETTER_HEAD, len(text) - _FOOT)
    line_start = text.rfind("\n", 0, one.start) + 1
    if _SPOKEN_OF.search(text, max(line_start, one.start - _BEFORE), one.start):
        return DateKind.MENTIONED, _MEANT
    if one.start >= _LETTER_HEAD and not foot:
        return DateKind.MENTIONED, _PLAIN
    line_end = text.find("\n", one.end)
    line_end = len(text) if line_end < 0 else line_end
    lead, tail = text[line_start : one.start], text[one.end : line_end].strip(" \t\r.,")
    if foot:
        lead, tail = _COLUMN.split(lead)[-1], ""
        rest = _COLUMN.match(text, one.end) or not text[one.end : line_end].strip(" \t\r.,")
        placed = rest and len(lead.split()) <= _PLACE_WORDS and _PLACED.fullmatch(lead)
        signed = placed and one.form == "day"
        return (DateKind.SIGNED, 5) if signed else (DateKind.MENTIONED, _PLAIN)
    alone = not tail and len(lead.split()) <= _PLACE_WORDS and _PLACE_LINE.fullmatch(lead)
    if alone and one.form in ("day", "month"):
        return DateKind.SIGNED, 0 if one.form == "day" else 3
    # A heading: one of the first two lines, short, neither a greeting nor a subject.
    above = [line for line in text[:line_start].split("\n") if line.strip()]
    short = line_end - line_start < 70 and len(tail) < 25
    if short and len(above) < 2 and not _SUBJECT.match(lead) and text[line_end - 1] != ".":
        return DateKind.NAMED, 9
    return DateKind.MENTIONED, _PLAIN
