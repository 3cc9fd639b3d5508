"""The forms of values in a stretch of text: what an amount, a duration, a name looks like.

Numbers are read by :mod:`lsfs.values`, dates by :mod:`lsfs.index.facts.dates`, telephone numbers by
Google's libphonenumber.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property

from msgspec import Struct

from lsfs import bytewise, currencies, values
from lsfs.index.facts.dates import fold
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.facts.literals import Strings
from lsfs.index.fields.regions import region
from lsfs.index.fields.words import COUNTS, UNITS
from lsfs.model import ContentDate, DateKind
from lsfs.patterns import later


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LONGEST_NAME = 80
LONGEST_TEXT = 200
_FILL = 24  # characters of small words that may stand between a label without a colon and its value
# "1 234,56 EUR": a plain space parts the groups only where the currency follows.
_SPACED = later(
    r"(?<![\d.,])\d{1,3}(?: \d{3})+(?=(?:,\d\d?)?\s?"
    rf"(?:{currencies.SIGN}|(?:{currencies.WORD}|(?-i:{currencies.CODE}|{currencies.SHORT}))\b))",
    re.IGNORECASE,
)
_ALL_SPACED = later(r"\s*[-+]?\d{1,3}(?: \d{3})+(?:[.,]\d\d)?\s*")  # nothing but a number
_CURRENCY = later(
    rf"{currencies.SIGN}|\b(?:{currencies.WORD}|(?-i:[A-Z]{{3}}|{currencies.SHORT}))\b",
    re.IGNORECASE,
)
_DECIMALS = later(r"\d[.,]\d\d(?!\d)")
_RATE = later(r"\d{1,2}(?:[.,]\d{1,2})?\s?%")
_THOUSANDS = later(r"(?<![\d.,])\d{1,3}\.\d{3}(?![\d.,])")
_DURATION = later(
    rf"(?<![\w.,-])(?:(\d{{1,3}})|({'|'.join(sorted(COUNTS, key=len, reverse=True))}))"
    r"(?:\s?\((?:\w+[ -]?){1,3}\))?[\s-]{0,2}(?:(?:full|ganze[nr]?|volle[nr]?|calendar)\s)?"
    rf"({'|'.join(sorted(UNITS, key=len, reverse=True))})\b",
    re.IGNORECASE,
)
_LETTERS = later(r"[^\W\d_]+")
_FULL = ("full", "ganze", "ganzen", "ganzer", "volle", "vollen", "voller", "calendar")
_COUNT_ENDS = frozenset(_LETTERS.findall(word)[-1].lower() for word in (*COUNTS, *_FULL))
_LONGEST_COUNT_WORD = max(map(len, _COUNT_ENDS)) + 1
_LAST_LETTERS = later(r"[^\W\d_]+\Z")
_LONGEST_COUNT = 100  # characters of a duration before its unit
_NUMBER = later(
    r"(?=[A-Z\d./ _-]*\d)(?:[A-Z]{1,6}[-/._ ]?){0,2}\d[A-Z\d]*"
    r"(?:(?:[-/._]| ?[-/] ?(?=[A-Z]*\d))[A-Z\d]+)*",
    re.IGNORECASE,
)
_CODE = later(rf"[:|][^\S\n|]*{currencies.ANY_CODE}\b", re.IGNORECASE)  # each _DECLARED has one
_DECLARED = later(
    r"(?:\b(?:(?:invoice |document )?currency|devise|monnaie|moneda|divisa|valuta)|"
    rf"w\u00e4hrung)\b[^\S\n]*[:|][^\S\n|]*({currencies.ANY_CODE})\b",
    re.IGNORECASE,
)
_PAGED = later(r"(?:seite|page|blatt|sheet|p[aá]gina|pag)\b[. ]", re.IGNORECASE)
_EMAIL = later(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[^\W\d_]{2,24}(?![\w-])")
_DOI = later(r"\b10\.\d{4,9}/[^\s\"<>{}|]{2,200}")
_BEFORE_ALONE = later(
    r"[\s*_#>\u2022-]*(?:doi|digital object identifier)?[\s:=|{\"'*_<]*"
    r"(?:(?:doi:|https?://)?(?:dx\.)?(?:doi\.org/)?)?",
    re.IGNORECASE,
)
_CITED = later(
    r"^[\s#*\d.]*(?:references|bibliography|works cited|literatur\w*|références|bibliographie|"
    r"referencias|bibliografía|riferimenti|bibliografia)[\s:*]*$",
    re.IGNORECASE | re.MULTILINE,
)
# What begins with a set of characters is found faster than what begins with a look behind.
_IBAN = later(r"[A-Z](?<!\w.)[A-Z]\d\d(?: ?[A-Z\d]){11,30}(?!\w)")
_PHONE = later(r"\+(?<![\w/.-]\+)[\d\s()/.\u2013-]{5,24}\d(?!\w)")
_LABELLED_PHONE = later(r"(?<![\w/.-])[+(\d][\d\s()/.\u2013-]{5,24}\d(?!\w)")
# A name ends where something is said of it, or where its address begins.
_NAME_END = later(
    r"\s*(?:[;|\n(\[{<\u201e\u201c\u00ab\"]|,(?!\s*(?:Inc|Ltd|LLC|L\.?P|S\.[AL]|S[AL]U?\b|GmbH|AG|SAS|SARL|B\.?V\b|N\.V|S\.r\.l|S\.p\.A)\b)"
    r"|(?<=[^\W\d_]{4})\.(?=\s|\Z)(?!\s(?:Ltd|Limited|Inc|LL[CP]|plc|GmbH|AG|KG|SARL|SAS|SA|Co)\b)|(?<=Inc|Ltd)\.\s(?=[A-Z])|\s[\u2013\u2014\u00b7\u2022\u25cf\u25aa\u25a0-]\s|\s{3,}|:|\t"
    r"|\sof\s(?=\d|(?:Unit|Flat|Suite|Floor|No)\b))"
)
FIRM = later(
    r"\b(?:GmbH|GMBH|AG|KG|OHG|UG|Ltd|LTD|Limited|LIMITED|Pty|Inc|INC|LLC|LLP|plc|PLC|SARL|S\u00e0rl|"
    r"SAS|S[AL]U?(?!\s\d)|S\.[LA]|S\.r\.l|S\.R\.L|S\.p\.A|S\.P\.A|SRL|a\.G|eG|"
    r"Srl|SpA|[BN]\.?V|ApS|A/S|Oyj?|e\.[VK]|EURL|SASU|SCEA|SCI|SNC|GAEC|Cie|Co|Lda|Ltda|"
    r"s\.r\.o|z o\.o|d\.o\.o|Kft|"
    r"Partners?|Associates|Corp)\b(?!-\d)"  # not "SA-09"
)
# What ends a name behind its legal form: an address in the same line, "Acme Ltd 3 Swan Street".
_ADDRESS_BEHIND = later(
    r"\b(?:GmbH|AG|KG|Ltd|Limited|Inc|LLC|LLP|plc|SARL|SASU?|EURL|SCEA|SCI|SNC|"
    r"S[AL]U?|S\.[LA](?:\.U)?|[BN]\.V|S\.r\.l|S\.p\.A)\b\.?(?=\s+(?:[^\W\d_]+,?\s+){0,3}\d)"
)
# A firm of several names: "Pemberton, Ashe & Co. LLP", "Klein, Weber und Partner".
_SEVERAL = later(
    r"(?:[^\W\d_a-zß-ÿ][\w'\u2019-]+,[^\S\n]){1,3}[^\W\d_a-zß-ÿ][\w'\u2019-]+[^\S\n]"
    r"(?:&|and|und|et|y|e)[^\S\n](?:[^\W\d_a-zß-ÿ][\w'\u2019-]+[^\S\n]){0,2}"
    rf"{FIRM.pattern}"
)
# What ends with a point of its own, where a name ends with it: "Acme Inc.", "Ibarra S.L.U."
_ABBREVIATED = later(r"\s(?:[A-Za-z]\.){1,4}[A-Za-z]\Z|\s(?:Inc|Ltd|Co|Corp|S\.p\.A|S\.r\.l)\Z")
_TITLE = later(
    r"(?:(?:mrs?|ms|miss|dr|prof|herrn?|frau|firma|monsieur|madame|mme|mlle|se\u00f1ora?|sra?|d\u00f1a|"
    r"do\u00f1a|don|signora?|sig|messrs|the\s+company|la\s+soci\u00e9t\u00e9|la\s+empresa|der|die|den|dem|"
    r"the|m|d)\b\.?\s+)+(?=[^\W\d_])",
    re.IGNORECASE,
)
_ADDRESSED = later(r"(?:herrn?|frau|mrs?|ms|monsieur|madame|firma|familie)\.?", re.IGNORECASE)
_GENERIC = later(
    r"(?:sir|madam|sirs|all|team|colleagues?|customers?|damen|herren|kunde|kundin|madame|monsieur|"
    r"señor(?:es|a)?|readers?|everyone|hiring|whom|cliente|client|ladies|gentlemen|"
    r"damen und herren|les parties|las partes|the parties|den parteien|dem vermieter|landlord|"
    r"tenant|vermieter|mieter|bailleur|locataire|arrendador|arrendatario|buyer|seller|parties|parteien|partes|mr|"
    r"mrs|ms|(?:una|otra) parte|(?:une|autre) part|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|"
    r"july|august|september|october|november|december|employer|employee|verkäufer|käufer)\b\W*\Z",
    re.IGNORECASE,
)
_LEGAL = later(
    r"[\s,]+(?:pty\.? (?:ltd|limited)\.?|gmbh(?: & co\.? kg)?|ag|kg|ohg|ug|"
    r"e\.? ?[vk]\.?|inc\.?|incorporated|ltd\.?|limited|"
    r"llc|llp|plc|corp\.?|co\.?|s\.?a\.?s?\.?|s\.?a\.?r\.?l\.?|sarl|eurl|scea|sci|snc|gaec|"
    r"s\.? ?[la]\.?(?: ?u\.?)?|"
    r"s\.?r\.?l\.?|s\.?p\.?a\.?|b\.?v\.?|n\.?v\.?)\Z",
    re.IGNORECASE,
)
_LOWER_UNITS = frozenset(word.lower() for word in UNITS)
_UNIT_NAMES = Strings(_LOWER_UNITS)
_SMALL = _words(
    """of de der den des du da di del della la las los le les von vom van zu zum zur und et
    y e and & the for für pour para d' dos do"""
)

_LEADS = _words(
    "en in am on im this dieser diese dieses ce cet cette este esta un une ein eine between "
    "zwischen entre tra"
)
_INSIDE = _SMALL | {
    "plc",
    "mbH",
    "e.V.",
    "e.K.",
    "i.L.",
    "a.G.",
    "eG",
    "s.r.o.",
    "z",
    "o.o.",
    "d.o.o.",
}
# "Klinik am Park GmbH"; of others it is where somebody is, or when.
_INSIDE_FIRM = _INSIDE | {"am", "im", "an", "auf", "bei", "beim", "aux", "sur", "sous"}

Range = tuple[int, int]


class Form(Struct, frozen=True):
    """A value in a text: where it stands and what it means."""

    start: int
    end: int
    normal: str


class Reader:
    """Reads typed values at places of one text.

    Args:
        text: the document's.
        dates: the dates that stand in it.
        language: of the document, where it says so ("de", "de-CH"); "" if unknown.
    """

    def __init__(self, text: str, dates: Sequence[ContentDate], language: str = "") -> None:
        self.text = text
        self.dates = sorted((d for d in dates if d.char_start >= 0), key=lambda d: d.char_start)
        self._date_starts = [one.char_start for one in self.dates]
        self._currencies, self._dollar = currencies.named_with_dollar(text)
        one = len(self._currencies) == 1
        declared = None
        if len(self._currencies) > 1 and _CODE.search(text):  # of several it names its own
            declared = _DECLARED.search(text)
        self._currency = (
            next(iter(self._currencies)) if one else declared[1].upper() if declared else ""
        )
        own = (d for d in dates if d.kind in (DateKind.SIGNED, DateKind.EFFECTIVE))
        self.own_date = next((d for d in own if d.char_start >= 0), None)  # the strongest
        self._language = language
        self._country: str | None = None
        self._readers: dict[str, Callable[[int, int, bool], Form | None]] = {
            "amount": self._amount, "date": self._date, "duration": self._duration,
            "number": self._number, "iban": self._iban, "email": self._email,
            "phone": self._phone, "party": self._party, "text": self._text,
        }  # fmt: skip

    @cached_property
    def _comma(self) -> bool | None:
        """Whether the text writes decimals with a comma."""
        return values.decimal_comma(self.text)

    def read(self, type_: str, start: int, end: int, *, loose: bool) -> Form | None:
        """The value of a type in a stretch of the text.

        Args:
            loose: a colon or a cell sets the value apart; else it has to follow at once.
        """
        return self._readers[type_](start, end, loose)

    def all_of(self, type_: str, start: int, end: int) -> list[Form]:
        """The values of a type in a stretch that are told by their form alone."""
        if type_ == "amount":
            return [self._money(n) for n in self._numbers(start, end) if self._is_money(n)]
        if type_ == "date":
            found = self._dates_in(start, end)
            return [Form(d.char_start, d.char_end, d.day.isoformat()) for d in found]
        if type_ == "duration":
            return [duration(match) for match in _DURATION.finditer(self.text, start, end)]
        form = self.read(type_, start, end, loose=True)
        return [form] if form else []

    # --- amounts

    def currency_marks(self, most: int) -> list[Range]:
        """Where currencies are named, at most so many."""
        found: list[Range] = []
        if not self._currencies and not currencies.names_shared(self.text):
            return found
        for match in _CURRENCY.finditer(self.text):
            if currencies.is_name(match[0]):
                found.append(match.span())
            if len(found) == most:
                break
        return found

    def amount_around(self, mark: Range) -> Form | None:
        """The amount of which a currency is named at ``mark``."""
        low, high = max(0, mark[0] - 24), min(len(self.text), mark[1] + 24)
        for number in self._numbers(low, high):
            is_money = number.unit or number.mark
            if is_money and number.start <= mark[0] and mark[1] <= number.end:
                return self._money(number)
        return None

    def last_amount(self, start: int, end: int) -> Form | None:
        """The last amount of a row: the sums stand on the right."""
        found = [n for n in self._numbers(start, end) if self._is_money(n)]
        return self._money(found[-1]) if found else None

    def _amount(self, start: int, end: int, loose: bool) -> Form | None:
        found = [n for n in self._numbers(start, end) if self._is_money(n)]
        if not found and loose:
            found = [n for n in self._numbers(start, end) if n.unit != "%"][:1]
            found = [n for n in found if not self.text[start : n.start].strip(" \t(")]
        if not found:
            return None
        near = loose or not says_more(self.text[start : found[0].start])
        return self._money(found[0]) if near else None

    def _numbers(self, start: int, end: int) -> list[values.Number]:
        """The numbers of a stretch, at their places in the whole text, without dates."""
        stretch = self.text[start:end]
        spaced = _SPACED if not _ALL_SPACED.fullmatch(stretch) else _ALL_SPACED
        stretch = spaced.sub(lambda m: m[0].replace(" ", "\u00a0"), stretch)
        inside = [
            (max(d.char_start - start, 0), d.char_end - start) for d in self._dates_in(start, end)
        ]
        stretch = values.without(stretch, [(a, min(b, len(stretch))) for a, b in inside])
        comma = self._comma
        if comma is None:  # "4.269 EUR": of money there are cents, not thousandths
            comma = _THOUSANDS.search(stretch) is not None
        return [
            values.Number(n.value, n.unit, n.text, n.start + start, n.end + start, n.mark)
            for n in values.numbers(stretch, comma=comma)
        ]

    def _is_money(self, number: values.Number) -> bool:
        if number.unit == "%":
            return False
        return bool(number.unit or number.mark) or bool(_DECIMALS.search(number.text))

    def _money(self, number: values.Number) -> Form:
        written = self.text[number.start : number.end]
        start = number.start + len(written) - len(written.lstrip())
        end = start + len(written.strip())
        unit = number.unit or self._currency
        if number.mark:  # one of those that are called so, if the text names it
            able = currencies.SHARED[number.mark] & self._currencies
            unit = next(iter(able)) if len(able) == 1 else ""
        if unit == "USD" and self._dollar and currencies.is_bare_dollar(written):
            unit = self._dollar
        return Form(start, end, f"{plain(number.value)} {unit}".strip())

    # --- dates and durations

    def _dates_in(self, start: int, end: int) -> list[ContentDate]:
        low, high = bisect_left(self._date_starts, start), bisect_left(self._date_starts, end)
        return self.dates[low:high]

    def _date(self, start: int, end: int, loose: bool) -> Form | None:
        for one in self._dates_in(start, end):
            if one.char_end > end:
                continue
            if (one.end - one.day).days > 1 and not loose:
                continue
            between = self.text[start : one.char_start]
            if (loose and len(between) <= 40) or not says_more(between):
                return Form(one.char_start, one.char_end, one.day.isoformat())
        return None

    def _duration(self, start: int, end: int, loose: bool) -> Form | None:
        match = _DURATION.search(self.text, start, end)
        if match is None or (not loose and says_more(self.text[start : match.start()])):
            return None
        return duration(match)

    # --- numbers by form

    def _number(self, start: int, end: int, loose: bool) -> Form | None:
        at = start + len(self.text[start:end]) - len(self.text[start:end].lstrip(" #.\t"))
        match = _NUMBER.match(self.text, at, min(end, at + 40))
        if match is None or not any(c.isdigit() for c in match[0]) or _PAGED.match(match[0]):
            return None
        written = match[0].rstrip(" ./-_")
        if len(written) < 2 or any(
            d.char_start <= at and at + len(written) <= d.char_end and "." in written
            for d in self._dates_in(at, at + 1)
        ):
            return None
        after = self.text[at + len(written) : at + len(written) + 1]
        if after.isalpha() or after in ("%", "€", "$"):
            return None
        return Form(at, at + len(written), re.sub(r"\s+", "", written).upper())

    def _iban(self, start: int, end: int, loose: bool) -> Form | None:
        match = _IBAN.search(self.text, start, end)
        return checked_iban(match) if match else None

    def ibans(self) -> list[Form]:
        """All account numbers whose check digits are right."""
        shape = bytewise.shape(self.text)
        if shape is not None and b"AA00" not in shape:
            return []
        return [form for m in _IBAN.finditer(self.text) if (form := checked_iban(m))]

    def _email(self, start: int, end: int, loose: bool) -> Form | None:
        match = _EMAIL.search(self.text, start, end)
        return Form(*match.span(), match[0].lower()) if match else None

    def emails(self) -> list[Form]:
        """All mail addresses."""
        found = []
        for at in re.finditer("@", self.text):  # a few characters around each: it is rare
            match = _EMAIL.search(self.text, max(0, at.start() - 65), at.end() + 255)
            if match and match.start() < at.start() < match.end():
                found.append(Form(*match.span(), match[0].lower()))
        return found

    def dois(self) -> list[Form]:
        """All digital object identifiers (ISO 26324) before the list of what is cited."""
        if "10." not in self.text:
            return []
        end = max((one.start() for one in _CITED.finditer(self.text)), default=len(self.text))
        found = []
        for match in _DOI.finditer(self.text, 0, end):
            written = match[0].rstrip(".,:)]}>'\"")
            found.append(Form(match.start(), match.start() + len(written), written.lower()))
        # What has a line of its own is the document's; in sentences others are cited.
        return [form for form in found if self._has_line(form)] or found

    def _has_line(self, form: Form) -> bool:
        """Whether a value stands alone in its line, but for a label and what makes it a link."""
        start = self.text.rfind("\n", 0, form.start) + 1
        end = self.text.find("\n", form.end)
        behind = self.text[form.end : end if end >= 0 else len(self.text)]
        return bool(_BEFORE_ALONE.fullmatch(self.text[start : form.start])) and not any(
            map(str.isalnum, behind)
        )

    def _phone(self, start: int, end: int, loose: bool) -> Form | None:
        match = _LABELLED_PHONE.search(self.text, start, min(end, start + 48))
        return self._valid_phone(match) if match else None

    def phones(self) -> list[Form]:
        """All international telephone numbers that can exist."""
        if "+" not in self.text:
            return []
        found = (self._valid_phone(m) for m in _PHONE.finditer(self.text))
        return [form for form in found if form is not None]

    def _valid_phone(self, match: re.Match[str]) -> Form | None:
        import phonenumbers

        written = match[0].rstrip(" .-/(")
        try:
            number = phonenumbers.parse(written, self._region() or None)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_possible_number(number):
            return None
        normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return Form(match.start(), match.start() + len(written), normal)

    def _region(self) -> str:
        """The country whose telephone numbers are written without a code for it; "" if unknown."""
        if self._country is None:
            self._country = region(self._language, self.text)
        return self._country

    # --- names and words

    def _party(self, start: int, end: int, loose: bool) -> Form | None:
        form = name_at(self.text, start, end)
        return form if form and not is_title(self.text[form.start : form.end]) else None

    def _text(self, start: int, end: int, loose: bool) -> Form | None:
        line = self.text[start : min(end, start + LONGEST_TEXT)].split("\n", 1)[0]
        written = line.strip(" \t:-\u2013|*_")  # also what a bold label leaves
        if not written:
            return None
        at = start + line.index(written)
        return Form(at, at + len(written), " ".join(written.casefold().split()))


def name_at(text: str, start: int, end: int) -> Form | None:
    """The name of a person or company that begins at ``start``; None where none does."""
    stretch = text[start : min(end, start + LONGEST_NAME * 2)]
    lead = len(stretch) - len(stretch.lstrip(' \t*_\u2013-\u201e\u201c"«'))
    title = _TITLE.match(stretch, lead)
    lead = title.end() if title else lead
    several = _SEVERAL.match(stretch, lead)
    stop = _NAME_END.search(stretch, several.end() if several else lead + 1)
    firm = _ADDRESS_BEHIND.search(stretch, lead)  # its number may stand behind a comma
    if firm and stop and firm.end() > stop.start():
        firm = None
    stretch = stretch[: firm.end()] if firm else stretch
    stop = None if firm else stop
    written = stretch[lead : stop.start() if stop else len(stretch)].rstrip(' .,*_\u201c\u201d"»')
    if _ABBREVIATED.search(written):
        written += "." if stretch[lead + len(written) :].startswith(".") else ""
    parts = written.split()
    if not 1 <= len(parts) <= 9 or len(written) > LONGEST_NAME or "@" in written:
        return None
    inside = _INSIDE_FIRM if is_firm(written) else _INSIDE
    if not all(_of_a_name(part, inside) for part in parts):
        return None
    if not parts[0][0].isupper() or sum(c.isalpha() for c in written) < 3:
        return None
    if parts[0].casefold() in _SMALL | _LEADS or (
        len(parts) == 1 and len(written) > 4 and written.isupper()
    ):
        return None
    if any(re.fullmatch(r"\d{4,}", part) for part in parts) or parts[-1] in _SMALL:
        return None
    at = start + lead
    return Form(at, at + len(written), party_key(written))


def is_name(text: str, form: Form) -> bool:
    """Whether it is no title ("Supply Agreement") and no word for anybody ("the parties")."""
    written = text[form.start : form.end]
    return not _GENERIC.match(written) and not kinds_in(written.split()[-1:])


def is_title(written: str) -> bool:
    """Whether a stretch is how somebody is addressed, without the name: "Herrn"."""
    return _ADDRESSED.fullmatch(written) is not None


def is_firm(name: str) -> bool:
    """Whether a name has a legal form."""
    return FIRM.search(name) is not None


def _of_a_name(part: str, inside: frozenset[str]) -> bool:
    """Whether a word can be one of a name: "Delmas", "7", "de", "d'Armor"."""
    bare = part[2:] if part[:2] in ("d'", "l'", "d\u2019", "l\u2019") else part
    return bare[:1].isupper() or bare[:1].isdigit() or part in inside


def party_key(name: str) -> str:
    """A name as it is compared: without its legal form, its title and its marks."""
    bare = _LEGAL.sub("", " ".join(name.split()))
    title = _TITLE.match(bare)
    return " ".join(re.findall(r"[^\W_]+", fold(bare[title.end() :] if title else bare)))


def duration(match: re.Match[str]) -> Form:
    """A matched duration, as ISO 8601 writes it: P24M."""
    count = int(match[1]) if match[1] else COUNTS[fold(match[2])]
    return Form(*match.span(), f"P{count}{UNITS[fold(match[3])]}")


def durations(text: str) -> list[Form]:
    """All durations of a text."""
    # Most words are no unit of time, so only what stands before one that is gets matched.
    found = []
    for low, high in windows(_units(text), _LONGEST_COUNT, 1):
        found += [duration(match) for match in _DURATION.finditer(text, low, high)]
    return found


def _units(text: str) -> Iterator[int]:
    """Where the words of a text that are units of time end."""
    lower = bytewise.lower(text)
    if len(lower) != len(text):  # a capital that becomes two letters: the places are others
        words = _LETTERS.finditer(text)
        yield from (word.end() for word in words if word[0].lower() in _LOWER_UNITS)
        return
    for start, end in _UNIT_NAMES.places(lower):
        if _is_letter(text[end : end + 1]) or (start and _is_letter(text[start - 1])):
            continue
        if _is_counted(text[max(0, start - _LONGEST_COUNT) : start]):
            yield end


def _is_letter(char: str) -> bool:
    """Whether a character, if any, is one of ``_LETTERS``."""
    return char.isalnum() and not char.isdecimal()


def _is_counted(before: str) -> bool:
    """Whether a count may end right before a unit of time; False is sure."""
    before = before.rstrip().rstrip("-").rstrip()
    last = before[-1:]
    if not last.isalpha():
        return last == ")" or last.isdigit()
    word = _LAST_LETTERS.search(before[-_LONGEST_COUNT_WORD:])
    return word is not None and word[0].lower() in _COUNT_ENDS


def windows(places: Iterable[int], before: int, after: int) -> Iterator[Range]:
    """The stretches around places of a text, in order; those that overlap as one.

    Args:
        places: offsets, rising.
        before, after: characters on both sides of each.
    """
    low = high = -1
    for place in places:
        if place - before > high:
            if high >= 0:
                yield low, high
            low = max(0, place - before)
        high = place + after
    if high >= 0:
        yield low, high


def checked_iban(match: re.Match[str]) -> Form | None:
    """A matched account number up to where its check digits are right (ISO 13616)."""
    written = match[0]
    while len(compact := written.replace(" ", "")) >= 15:
        rest = compact[4:] + compact[:4]
        if int("".join(str(int(c, 36)) for c in rest)) % 97 == 1:
            return Form(match.start(), match.start() + len(written), compact)
        if " " not in written:
            return None
        written = written.rpartition(" ")[0]
    return None


def says_more(between: str) -> bool:
    """Whether more than small words stand between a label and a value."""
    if len(between) > _FILL or "\n\n" in between:
        return True
    between = _RATE.sub(" ", between)
    kept = [w for w in re.findall(r"[^\W\d_]+", between.casefold()) if w not in _FILLERS]
    return bool(kept) or any(c.isdigit() for c in between)


_FILLERS = _words(
    """of is in at the a an amounts to amount total von der die das den des beträgt betragt
    höhe am vom zum bis de du des la le les est d l el los es a al del por un une il di per
    sum eur usd gbp chf incl inkl ttc ht vat mwst ust tva iva due on by per plus brutto
    netto"""
)


def plain(value: Decimal) -> str:
    """A number in digits, with two places or as many as it has."""
    whole = value.quantize(Decimal("0.01"))
    return format(whole if whole == value else value, "f").removesuffix(".00")
