"""Who sends a bill, where no label says so: by addresses, what a firm must print, and its domain.

Firms print on their bills where they are registered, who manages them and what they are taxed as
(in the EU by directives 2006/112 and 2017/1132); so whose name stands at these sends the bill.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lsfs import bytewise
from lsfs.index.facts.dates import fold
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.fields.definitions import label_key, words_of
from lsfs.index.fields.forms import (
    FIRM,
    LONGEST_NAME,
    Form,
    Reader,
    is_firm,
    is_title,
    name_at,
    party_key,
)
from lsfs.index.fields.labels import Found
from lsfs.index.fields.meant import role_of
from lsfs.index.fields.parties import HOUSE, POSTAL, REACHED, STREET
from lsfs.patterns import later

HEAD = 4_000  # characters in which a bill calls itself one
READ = 12_000  # characters of a bill
# A title, or a label for its number: "Sales Invoice 17", no line of a sentence.
_BILL = later(
    r"^[\W_]*(?:[^\W\d_a-z\u00df-\u00ff]\w*[ -]){0,3}(?i:\w{0,16}(?:(?<!be)rechnung(?:skorrektur)?|"
    r"rechnungs-?(?:nummer|nr|datum|betrag)|gutschrift|invoices?|facture|factura|fattura|"
    r"factuur(?:nummer|datum)?|faktura|fakturanummer|credit note|creditnota|avoir)\b"
    r"(?:[^\w\n]*$|[^\w\n]+(?:no|nr|n|num\w*|n\u00famero|id|date|datum|data|fecha|vom|summary)\b|"
    r"[^\w\n]*[A-Z]{0,6}[-/]?\d|/)|(?i:bill (?:no|number|date)\b))",
    re.MULTILINE,
)
_BILL_WORDS = (
    "rechnung", "gutschrift", "invoice", "factur", "fattur", "faktur", "credit note", "creditnota",
    "avoir", "bill n", "bill date",
)  # fmt: skip
# What only the sender of a bill prints of itself, in one line or a few with its name.
_IMPRINT = later(
    r"\b(?:handelsregister\w*|amtsgericht|registergericht|HR ?[AB] ?(?:Nr\.? ?)?\d|"
    r"gesch\u00e4ftsf\u00fchr\w+|"
    r"vorstand\w*|aufsichtsrat\w*|firmenbuch\w*|gerichtsstand|"
    r"au capital (?:social )?de|capital social|si\u00e8ge social|R\.?C\.?S\.?\s+[A-Z]|siren|siret|"
    r"code (?:ape|naf)|"
    r"(?:registered|incorporated) in (?:england|scotland|wales|ireland)|"
    r"registered (?:office|address)|a\.?b\.?n\.?\W{1,3}\d\d|a\.?c\.?n\.?\W{1,3}\d\d|nzbn|uen|gstin|"
    r"regd\.? office|company (?:registration )?(?:no|number|reg)|CIN\b|"
    r"registro mercantil|domicilio social|inscrita en|"
    r"sede legale|registro (?:delle )?imprese|cap(?:itale|\.) soc(?:iale|\.)|R\.?E\.?A\.?\b|"
    r"kvk|k\.v\.k|kamer van koophandel|handelsregister|org\.? ?n(?:r|ummer)|CVR|"
    r"nip\b|regon\b|I\u010c\b)",
    re.IGNORECASE,
)
_PARTED = later(r"\s*(?:[|\u00b7\u2022\u25cf\u25aa\u25a0;]|\s[\u2013\u2014-]\s|,\s|\s{3,}|\n)\s*")
_BUYER = later(
    r"\b(?:kunde|k\u00e4ufer\w*|empf\u00e4nger\w*|rechnung an|bill(?:ed)? to|ship to|"
    r"sold to|invoice to|customer|client|buyer|deliver(?:y|ed) (?:to|address)|"
    r"billing address|shipping address|rechnungsadresse|lieferadresse|lieferanschrift|"
    r"rechnungsanschrift|factur\u00e9 \u00e0|adress\u00e9 \u00e0|acheteur|destinataire|"
    r"livr\u00e9 \u00e0|adresse de (?:facturation|livraison)|"
    r"cliente|facturar a|destinatario|comprador|klant|factuuradres|afleveradres|leveradres|"
    r"spett(?:\.le|abile)|cessionario)\b",
    re.IGNORECASE,
)
_SELLER = later(
    r"^\W*(?:verk\u00e4ufer\w*|rechnungs(?:aus)?steller\w*|leistungserbringer\w*|absender|"
    r"lieferant\w*|seller|vendor|supplier|from|sold by|vendeur|fournisseur|[\u00e9e]metteur|"
    r"prestataire|exp[\u00e9e]diteur|"
    r"verkoper|leverancier|afzender|fornitore|cedente|mittente|proveedor|vendedor|emisor)\b",
    re.IGNORECASE,
)
_DUE_HEAD = later(
    r"^[^\n\d]{0,80}\b(?:f\u00e4llig(?:keit)?|f\u00e4llig am|due date|\u00e9ch\u00e9ance|"
    r"vencimiento|scadenza|vervaldatum|f\u00f6rfallodatum|forfaldsdato)\b[^\n\d.]{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_SUMS = ("total", "net", "tax")
_RATE = later(r"\d{1,2}(?:[.,]\d{1,2})?\s?%")
_AMOUNT = later(
    r"[^\w\n]*(?:[A-Z]{3}\s?)?[\d.,'\u00a0\u202f -]+\s?(?:\u20ac|[$\u00a3]|[A-Z]{3})?[^\w\n]*"
)
_WRITTEN = later(r"\s*([^\n]+)")
_DOMAIN = later(
    r"\b((?:[\w-]{1,63}\.){1,4}(?:com|net|org|info|biz|shop|eu|uk|de|at|ch|fr|be|lu|it|es|"
    r"pt|nl|pl|cz|dk|se|no|fi|ie|io|us|ca|in))\b",
    re.IGNORECASE,
)
_CO_UK = later(r"\.(?:co|com|org|gov)\.[a-z]{2}\Z")
_MAIL_HOSTS = frozenset(
    ("gmail", "googlemail", "hotmail", "outlook", "yahoo", "gmx", "web", "aol", "icloud",
     "t-online", "orange", "laposte")
)  # fmt: skip
_COUNTRIES = frozenset(
    fold(name)
    for name in (
        "Deutschland",
        "Germany",
        "Allemagne",
        "Alemania",
        "Germania",
        "Österreich",
        "Austria",
        "Autriche",
        "Schweiz",
        "Suisse",
        "Svizzera",
        "Switzerland",
        "Suiza",
        "France",
        "Frankreich",
        "Francia",
        "Italia",
        "Italien",
        "Italie",
        "Italy",
        "España",
        "Spanien",
        "Espagne",
        "Spain",
        "Nederland",
        "Niederlande",
        "Pays-Bas",
        "Netherlands",
        "The Netherlands",
        "Belgique",
        "België",
        "Belgien",
        "Belgium",
        "Luxembourg",
        "Luxemburg",
        "United Kingdom",
        "England",
        "Ireland",
        "Irland",
        "Portugal",
        "Polska",
        "Polen",
        "Poland",
        "Danmark",
        "Dänemark",
        "Denmark",
        "Sverige",
        "Schweden",
        "Sweden",
        "Norge",
        "Norway",
        "Suomi",
        "Finland",
        "India",
        "United States",
        "USA",
        "U.S.A.",
        "Canada",
        "Australia",
        "Hong Kong",
    )
)
_PAGE = later(r"\W*(?:seite|page|blatt|sheet|p[a\u00e1]gina|pagina|side|sida)\b", re.IGNORECASE)
_LONG_NUMBER = later(r"\d{3}|\d[.,]\d\d\b|[@\u20ac$%:]")
_WORDS = 8  # of a name
_ABOVE = 5  # lines of an address above the one with the postal code
_NEAR = 8  # lines behind an address in which its owner's register and the like stand
_SHORTEST_DOMAIN = 4
_LABEL_ABOVE = 4  # lines that may stand between a label and the name that it is for
_HEAD = 30  # lines in which a name alone tells who sends it, where a domain is called by it
_ENOUGH = 2
_OF_CONTRACTS = ("between", "role", "transfer")  # rules that find the parties of one


class _Line(Struct, frozen=True):
    """A line, or a cell of one; ``is_label`` where it announces a value."""

    start: int
    end: int
    text: str
    is_label: bool = False


class _Named(Struct):
    """Who may have sent the bill.

    Attributes:
        line: number of the line in which the name is.
        last: number of the last line of the address.
    """

    form: Form
    line: int
    last: int
    points: int = 0


def is_bill(text: str) -> bool:
    """Whether one of the first lines calls a text a bill; made to cost little where none does."""
    head = text[:HEAD]
    low = bytewise.lower(head)
    return any(word in low for word in _BILL_WORDS) and _BILL.search(head) is not None


def of_bill(reader: Reader, found: Sequence[Found], labels: Mapping[str, str]) -> Iterator[Found]:
    """What rules found in a bill, and what they did not: who sends and gets it, when it is due.

    Args:
        labels: that announce values, as keys, and their fields; no line that is one is a name.
    """
    if any(one.rule.startswith(_OF_CONTRACTS) for one in found):
        yield from found
        return
    yield from _with_parties(reader.text, found, labels)
    if all(one.name != "due" for one in found):
        yield from _below_heads(reader)
    yield from _apart(reader, labels)


def _below_heads(reader: Reader) -> Iterator[Found]:
    """The day that it is due, below a head of columns of which one is for that.

    Which value is in which column is lost; so there may be one date only.
    """
    text = reader.text
    for head in _DUE_HEAD.finditer(text, 0, min(len(text), READ)):
        line = _WRITTEN.match(text, head.end())
        forms = reader.all_of("date", *line.span()) if line else []
        if len(forms) == 1 and not reader.all_of("date", *head.span()):
            yield Found("due", forms[0], "below: due", 0.7)
            return


def _apart(reader: Reader, labels: Mapping[str, str]) -> Iterator[Found]:
    """Sums whose labels stand below each other, and below those, or beside, as many amounts."""
    text = reader.text
    above: list[str] = []
    amounts: list[Form] = []
    for line in re.finditer(r"[^\n]*\S[^\n]*", text[:READ]):
        label = label_key(words_of(_RATE.sub(" ", line[0])))
        is_amount = _AMOUNT.fullmatch(line[0]) is not None
        form = reader.last_amount(*line.span()) if above and is_amount else None
        if labels.get(label) in _SUMS:
            above = [label] if amounts else [*above, label]
            amounts = []
        elif form is not None:
            amounts.append(form)
        else:
            above, amounts = [], []
        if len(above) == len(amounts) > 1:
            for key, amount in zip(above, amounts, strict=True):
                yield Found(labels[key], amount, f"column: {key}", 0.8)  # more than "below"
            above, amounts = [], []


def _with_parties(text: str, found: Sequence[Found], labels: Collection[str]) -> Iterator[Found]:
    """What rules found in a bill, and who sends it and gets it where they found nobody who does.

    A letterhead without a legal form may be the buyer's address: then what a firm must print wins.
    """
    parties = [one for one in found if one.name == "party"]
    buyers = {one.form.normal for one in parties if role_of(one.rule) == "customer"}
    sellers = {
        one.form.normal
        for one in parties
        if role_of(one.rule) == "supplier" and not _is_unsure(one, text)
    } - buyers  # whose name is in the first lines may be who gets it
    if sellers and buyers:
        yield from found
        return
    bill = _Bill(text, labels)
    seller = None if sellers else bill.seller(buyers)
    for one in found:
        is_other = seller is not None and one.form.normal != seller.form.normal
        yield replace(one, rule="address") if is_other and _is_unsure(one, text) else one
    if seller is not None:
        yield seller
        sellers.add(seller.form.normal)
    if sellers and not buyers:
        yield from bill.buyer(sellers)


def _is_unsure(one: Found, text: str) -> bool:
    return one.rule == "letterhead" and not is_firm(text[one.form.start : one.form.end])


class _Bill:
    """The head of a bill as lines, with what tells whose it is."""

    def __init__(self, text: str, labels: Collection[str]) -> None:
        self._text = text
        self._lines = lines = _lines(text, labels)
        self._domains = _domains(text)
        imprints = {n for n, line in enumerate(lines) if _IMPRINT.search(line.text)}
        self._printed = list(_at_imprints(text, lines, imprints))
        # What names its owner itself says nothing of the address above it.
        self._imprints = imprints - {one.line for one in self._printed}
        self._addresses = _addresses(text, lines)

    def seller(self, buyers: Collection[str]) -> Found | None:
        """Who sends it, when something speaks for it; None where it is unclear.

        Args:
            buyers: the normal forms of those who get it, as far as they are known.
        """
        text, lines = self._text, self._lines
        found = [*self._with_addresses(), *self._printed]
        found += _alone(text, lines)
        found += _at_domains(text, lines, self._domains)
        points: Counter[str] = Counter()
        forms: dict[str, Form] = {}
        for one in found:
            points[one.form.normal] += one.points
            forms.setdefault(one.form.normal, one.form)
        for normal, form in forms.items():
            points[normal] += int(is_firm(text[form.start : form.end]))
            points[normal] += 2 * _owns(normal, self._domains)
            # Of two the one who does not get it sends it.
            points[normal] += (-4 if normal in buyers else 1) if buyers else 0
        best = max(forms, key=lambda normal: points[normal], default="")
        if points[best] < _ENOUGH:
            return None
        return Found("party", forms[best], "imprint", 0.67)  # tells more than an address

    def buyer(self, sellers: Collection[str]) -> Iterator[Found]:
        """Who gets it: whose address is below a label for that, else the first other address."""
        others = [one for one in self._with_addresses() if not self._has(one, sellers)]
        best = min(others, key=lambda one: (one.points, one.line), default=None)
        if best is not None and best.points <= 1:
            yield Found("party", best.form, "addressee", 0.66)

    def _has(self, one: _Named, sellers: Collection[str]) -> bool:
        """Whether an address has the seller's name in it, or right above it."""
        lines = self._lines[max(0, one.line - 1) : one.last + 1]
        said = party_key(" ".join(line.text for line in lines))
        return any(f" {seller} " in f" {said} " for seller in sellers)

    def _with_addresses(self) -> Iterator[_Named]:
        """Those with an address, by what stands around it."""
        found = self._addresses
        for n, one in enumerate(found):
            until = found[n + 1].line if n + 1 < len(found) else len(self._lines)
            since = found[n - 1].last + 1 if n else 0
            near = range(one.line, min(until, one.last + _NEAR))
            points = 2 * any(at in self._imprints for at in near)
            points += int(n == 0 and len(found) > 1)
            points += 4 * _label_above(self._lines, since, one.line)
            yield _Named(one.form, one.line, one.last, points)


def _lines(text: str, labels: Collection[str]) -> list[_Line]:
    lines = []
    for match in re.finditer(r"[^\n]*\S[^\n]*", text[:READ]):
        at = match.start()
        for cell in re.finditer(r"(?:(?!\s\|(?:\s|$)).)+", match[0]):
            inner = cell[0].strip(" |\t")
            if inner:
                start = at + cell.start() + cell[0].index(inner)
                is_label = label_key(words_of(inner)) in labels
                lines.append(_Line(start, start + len(inner), inner, is_label))
    return lines


def _addresses(text: str, lines: Sequence[_Line]) -> list[_Named]:
    """Names at the top of addresses, in order."""
    found: list[_Named] = []
    after = 0  # the first line that belongs to no address yet
    for n, line in enumerate(lines):
        if len(line.text) > LONGEST_NAME or not POSTAL.search(line.text):
            continue
        top = n
        while top - 1 >= max(after, n - _ABOVE) and _is_of_address(lines[top - 1].text):
            top -= 1
        after = n + 1
        above = ((_name(text, lines[at]), at) for at in range(top, n))
        named = itertools.chain(above, [(_first_in(text, line, line.end), n)])
        found += [_Named(form, at, n) for form, at in named if form is not None][:1]
    return found


def _is_of_address(line: str) -> bool:
    return (
        len(line) <= LONGEST_NAME
        and not line.endswith((".", ":"))
        and not REACHED.match(line)
        and not (kinds_in(line.split()) and not is_firm(line))
    )


def _name(text: str, line: _Line) -> Form | None:
    """The name that a line is, also one with small words: "Au vieux four", "La casa del pan"."""
    if STREET.fullmatch(line.text) or POSTAL.search(line.text) or is_title(line.text):
        return None
    if fold(line.text) in _COUNTRIES or _PAGE.match(line.text):
        return None
    if HOUSE.search(line.text) and not is_firm(line.text):
        return None
    if line.is_label or FIRM.fullmatch(line.text):
        return None
    form = name_at(text, line.start, line.end)
    if form is not None and not text[form.end : line.end].strip(" .,"):
        return form
    words = line.text.split()
    if not 2 <= len(words) <= _WORDS or _LONG_NUMBER.search(line.text) or line.text.endswith("."):
        return None
    if not line.text[0].isupper() or _BUYER.search(line.text) or _IMPRINT.search(line.text):
        return None
    return Form(line.start, line.end, party_key(line.text))


def _label_above(lines: Sequence[_Line], since: int, at: int) -> int:
    """What the nearest label above a name makes of it: 1 a seller, -1 a buyer, 0 where none is."""
    for line in reversed(lines[max(since, at - _LABEL_ABOVE) : at]):
        if _BUYER.search(line.text):
            return -1
        if _SELLER.search(line.text):
            return 1
        if POSTAL.search(line.text):
            return 0  # the end of another address
    return 0


def _at_imprints(text: str, lines: Sequence[_Line], imprints: set[int]) -> Iterator[_Named]:
    """Names in the line of an imprint before what tells it, else in the line above."""
    for n in sorted(imprints):
        line = lines[n]
        mark = _IMPRINT.search(line.text)
        end = line.start + (mark.start() if mark else 0)
        form = _firm_in(text, line.start, end) or _first_in(text, line, end)
        at = n
        if form is None and n:
            at = n - 1
            above = lines[at]
            form = _firm_in(text, above.start, above.end) or _name(text, above)
            form = form or _one_word(text, above)
        if form is not None and _label_above(lines, 0, n) >= 0:
            yield _Named(form, at, at, 2)


def _alone(text: str, lines: Sequence[_Line]) -> Iterator[_Named]:
    """Firms with a line to themselves."""
    for n, line in enumerate(lines):
        form = _name(text, line) if FIRM.search(line.text) else None
        if form is not None and not text[form.end : line.end].strip(" .,"):
            yield _Named(form, n, n, 4 * min(0, _label_above(lines, 0, n)))


def _first_in(text: str, line: _Line, end: int) -> Form | None:
    """The name that a line of several parts begins with: "Au vieux four - SARL au capital de"."""
    cuts = (_PARTED.search(text, line.start, end), FIRM.search(text, line.start, end))
    stops = [cut.start() for cut in cuts if cut is not None]
    written = text[line.start : min(stops, default=line.start)].rstrip()
    return _name(text, _Line(line.start, line.start + len(written), written)) if written else None


def _at_domains(text: str, lines: Sequence[_Line], domains: Collection[str]) -> Iterator[_Named]:
    """Names at the head of a bill that a domain in it is called by."""
    for n, line in enumerate(lines[:_HEAD]):
        form = _name(text, line) or _first_in(text, line, line.end)
        if form is not None and _owns(form.normal, domains):
            yield _Named(form, n, n, 4 * min(0, _label_above(lines, 0, n)))


def _one_word(text: str, line: _Line) -> Form | None:
    """A name of one word in capitals, which the text has elsewhere, too."""
    word = line.text
    is_word = len(word) >= _SHORTEST_DOMAIN and word.isalpha() and word.isupper()
    is_said = is_word and len(re.findall(rf"\b{word}\b", text[:READ])) > 1
    return Form(line.start, line.end, party_key(word)) if is_said else None


def _firm_in(text: str, start: int, end: int) -> Form | None:
    """The first firm in a stretch, between what parts its data."""
    at = start
    for gap in [*_PARTED.finditer(text, start, end), None]:
        stop = gap.start() if gap else end
        if FIRM.search(text, at, stop) and not FIRM.match(text, at, stop):
            form = name_at(text, at, stop)
            if form is not None and is_firm(text[form.start : form.end]):
                return form
        at = gap.end() if gap else end
    return None


def _domains(text: str) -> set[str]:
    """Names of the domains of a text, without what many share."""
    found = (match[1].lower() for match in _DOMAIN.finditer(text[:READ]))
    hosts = (_CO_UK.sub(".uk", host).split(".") for host in found)
    names = {host[-2] for host in hosts if len(host) > 1}
    return {name.replace("-", "") for name in names - _MAIL_HOSTS if len(name) >= _SHORTEST_DOMAIN}


def _owns(normal: str, domains: Collection[str]) -> bool:
    """Whether a domain is called as somebody is: aubonpain.fr, Au bon pain."""
    name = fold(normal).replace(" ", "")
    return any(
        domain in name or (len(name) >= _SHORTEST_DOMAIN and name in domain) for domain in domains
    )
