"""Values that sentences state: "between A and B", "a monthly rent of EUR 900", "for 24 months".

Amounts, durations and dates are found by their form; the nearest word around one that says what it
is makes it a value of a field. Names are found by what introduces them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsfs.index.fields.forms import Form, Reader, durations, name_at
from lsfs.index.fields.labels import Found
from lsfs.model import DateKind, Document

FRONT = 4000  # characters in which a contract names its parties
FOOT = 1500  # characters in which a letter is signed
MOST_MARKS = 2000  # currencies looked at in a document
_BEFORE, _BEHIND = 110, 40  # characters around a value in which a word may say what it is


def _cue(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})", re.IGNORECASE)


# What the words around an amount make of it; the nearest decides.
_AMOUNTS = {
    "deposit": _cue(
        r"(?:security |rent )?deposit\b", r"\w*kaution\b", "mietsicherheit", "anzahlung",
        "dépôt de garantie", r"caution\b", r"fianza\b", r"cauzione\b", r"acompte\b",
    ),
    "rent": _cue(
        r"(?:monthly |annual |yearly |net |base )?rent\b", r"\w*miete\b", "mietzins", r"loyers?\b",
        r"renta\b", r"alquiler\b", r"arrendamiento de\b", r"canone\b",
    ),
    "salary": _cue(
        r"salary\b", r"remuneration\b", r"wages?\b", r"\w*gehalt\b", r"\w*vergütung\b",
        r"salaire\b", r"rémunération\b", r"salario\b", r"retribuci[óo]n\b", r"retribuzione\b",
        r"stipendio\b", r"remuneraci[óo]n\b",
    ),
    "price": _cue(
        r"(?:purchase |sale |total )?price\b", r"fees?\b", r"\w*preis(?:es)?\b", r"honorar\w*",
        r"prix\b", r"honoraires\b", r"precio\b", r"honorarios\b", r"prezzo\b", r"compenso\b",
        r"loan of\b", r"principal\b", r"darlehen\b", r"prêt de\b", r"préstamo de\b", r"forfait\b",
    ),
    "total": _cue(
        r"(?:invoice |grand )?total\b", r"amount due\b", r"balance due\b", r"gesamtbetrag\b",
        r"rechnungsbetrag\b", r"montant total\b", r"importe total\b", r"somme de\b", "sum of",
        r"amount of\b", r"betrag (?:von|in höhe)", r"montant de\b", r"importe de\b",
    ),
    "tax": _cue(r"vat\b", r"sales tax\b", r"mwst\b", r"mehrwertsteuer\b", r"tva\b", r"iva\b"),
    # Words that make an amount none of these.
    "": _cue(
        r"penalty\b", r"vertragsstrafe\b", r"pénalité\b", r"service charges?\b",
        r"nebenkosten\w*", r"charges\b", r"gastos\b", r"insurance\b",
        r"versicherung\w*", r"liability\b", r"haftung\b",
        r"interest\b", r"bonus\b", r"late\b", r"exceed\w*", r"heating\b", r"discount\b",
        r"rabatt\b", r"allowance\b", r"provisions?\b", r"reminder\b", r"mahn\w+",
        r"parking\b", r"stellplatz\b",
        r"indemni\w+", r"seguro\b", r"assurance\b", r"responsab\w+", r"mora\b",
        r"penalizaci[óo]n\b",
    ),
}  # fmt: skip
_DURATIONS = {
    "notice": _cue(
        r"notice\b", r"kündigung\w*", r"\w*frist\b", r"préavis\b", r"preaviso\b", r"preavviso\b",
        r"gekündigt\b", r"kündbar\b", r"resili\w+", r"antelación\b",
    ),
    "term": _cue(
        r"(?:fixed |initial )?(?:term|period|duration)\b", r"\w*laufzeit\b", r"\w*dauer\b",
        r"dauert\b", r"durée\b", r"conclue? pour\b", r"duración\b", r"plazo\b", r"durata\b",
        r"befristet\b", r"zeitraum\b", r"période\b", r"periodo\b", r"período\b", r"vigencia\b",
        r"shall last\b", r"runs? for\b", r"lasts? for\b", r"remains? in force for\b",
        r"läuft (?:über|für)\b", r"für die zeit von\b", r"consenti pour\b",
        r"auf (?=\d|\w+ (?:jahre?|monate?)\b)",
    ),
    "": _cue(
        r"pay(?:able|ment|s)?\b", r"paid\b", r"zahl\w+", r"fällig\w*", r"pai(?:ement|able)\b",
        r"pag\w+", r"within\b", r"innerhalb\b", r"sous\b", r"dans (?:les|un délai)\b", r"every\b",
        r"probation\w*", r"probezeit\b", r"essai\b", r"prueba\b", r"renew\w*", r"verlänger\w*",
        r"reconduct\w*", r"prórrog\w*", r"prorrog\w*", r"warranty\b", r"gewährleistung\w*",
        r"garantie\b", r"garantía\b", r"holiday\w*", r"urlaub\w*", r"further\b", r"weitere\w*",
        r"congés?\b", r"vacaciones\b", r"confidential\w*", r"age[d]?\b", r"defects?\b",
        r"dépôt\b",
    ),
}  # fmt: skip
_DATES = {
    "due": _cue(
        r"due (?:on|by|date)?", r"payable (?:by|until|on)\b", r"pay (?:by|before)\b",
        r"no later than\b", r"fällig\w*", r"zahlbar bis\b", r"zahlung bis\b", r"spätestens\b",
        r"überweis\w+", r"échéance\b", r"avant le\b", r"au plus tard\b", r"vencimiento\b",
        r"antes del\b", r"a más tardar\b", r"entro il\b", r"reach us by\b", r"settle\w*\b",
    ),
    "start": _cue(
        r"commenc\w+", r"begin\w*", r"start\w*", r"with effect from\b", r"effective\b", r"from\b",
        r"beginn\w*", r"ab (?:dem|zum)\b", r"mit wirkung (?:vom|zum|ab)\b", r"vom\b",
        r"à compter du\b", r"prend effet\b", r"prendra effet\b", r"à partir du\b", r"débute\b",
        r"a partir del?\b", r"comenz\w+", r"comienz\w+", r"inici\w+", r"desde el\b", r"dal\b",
        r"entrará en vigor\b", r"tritt am\b", r"decorr\w+", r"con efectos\b",
    ),
    "end": _cue(
        r"until\b", r"expir\w+", r"end(?:s|ing)?\b", r"terminat\w+", r"through\b", r"to\b",
        r"endet\b", r"bis (?:zum)?", r"läuft (?:am )?\w* ?ab\b", r"jusqu.au\b",
        r"prend fin\b", r"prendra fin\b", r"expire\w*", r"se termine\w*", r"au\b", r"hasta\b",
        r"finaliz\w+", r"termin\w+", r"vence\b", r"fino al\b", r"valid until\b", r"concluir\w*",
    ),
    "born": _cue(r"born\b", r"geboren\b", r"née? le\b", r"nacid[oa]\b", r"nat[oa] il\b"),
    "": _cue(
        r"delivered\b", r"liefer\w+", r"shipped\b", r"leistung\w*", r"livr\w+", r"entreg\w+",
        r"your (?:letter|order|email)\b", r"ihr\w* schreiben\b", r"votre (?:lettre|courrier)\b",
        r"su carta\b", r"order of\b", r"meeting\b", r"dated\b",
        r"services? (?:rendered|provided)\b",
    ),
}  # fmt: skip
_STOP = re.compile(r"\n\s*\n|(?<=[^\W\d_]{4})[.;!?]\s+(?=[^\W\d_a-zà-ÿ])|(?<=\d\))[.;]\s")
# Only these may follow a value and say what it is: "EUR 900 monthly rent", "24 months' notice".
_FOLLOWS = re.compile(
    r"(?:['\u2019]s?)?\s*(?:\([^)]{0,30}\)\s*)?(?:(?:prior |written |per |a |an |of |als |as |de "
    r"|en concept[oe] de |à titre de |in |monthly |gross |annual |schriftliche\w* ){0,3})\Z",
    re.IGNORECASE,
)


def stated(document: Document, reader: Reader) -> Iterator[Found]:
    """All values that sentences state."""
    text = document.text
    yield from _amounts(text, reader)
    for form in durations(text):
        name = _named(text, form, _DURATIONS)
        if name:
            yield Found(name, form, "sentence", 0.8)
    yield from _dates(text, reader)
    yield from _by_form(reader)
    yield from parties(text)


def _amounts(text: str, reader: Reader) -> Iterator[Found]:
    last = -1
    for mark in reader.currency_marks(MOST_MARKS):
        if mark[0] < last:
            continue
        form = reader.amount_around(mark)
        if form is None:
            continue
        last = form.end
        name = _named(text, form, _AMOUNTS)
        if name:
            yield Found(name, form, "sentence", 0.8)


def _dates(text: str, reader: Reader) -> Iterator[Found]:
    for one in reader.dates:
        if (one.end - one.day).days != 1:
            continue
        form = Form(one.char_start, one.char_end, one.day.isoformat())
        if one.kind is DateKind.SIGNED:
            yield Found("date", form, "own date", 0.85)
        name = _named(text, form, _DATES, within=45, behind=False)
        if name:
            yield Found(name, form, "sentence", 0.75)


def _by_form(reader: Reader) -> Iterator[Found]:
    """What is recognised by its form alone."""
    for form in reader.ibans():
        yield Found("iban", form, "check digits", 0.98)
    for form in reader.emails():
        yield Found("email", form, "form", 0.95)
    for form in reader.phones():
        yield Found("phone", form, "form", 0.9)


def _named(
    text: str,
    form: Form,
    cues: dict[str, re.Pattern[str]],
    *,
    within: int = _BEFORE,
    behind: bool = True,
) -> str:
    """The field that the nearest word in the sentence makes of a value; "" for none."""
    before = _STOP.split(text[max(0, form.start - within) : form.start])[-1]
    best, name = -1, ""
    for field, cue in cues.items():
        for match in cue.finditer(before):
            if match.end() > best:
                best, name = match.end(), field
    return name if best >= 0 or not behind else _named_behind(text, form, cues)


def _named_behind(text: str, form: Form, cues: dict[str, re.Pattern[str]]) -> str:
    after = _STOP.split(text[form.end : form.end + _BEHIND])[0]
    for field, cue in cues.items():
        match = cue.search(after)
        if match and _FOLLOWS.match(after[: match.start()]):
            return field
    return ""


# --- parties

_BETWEEN = re.compile(
    r"\b(?:between|zwischen|entre|tra|by and between)\b(?:\s+(?:the|les|los|der|den|undersigned|"
    r"soussignés?|abajo firmantes|Firma))*\s*[:,]?\s*",
    re.IGNORECASE,
)
_AND = re.compile(
    r"(?:^|[\s,;)\u2013\u2014.-])(?:and|und|et|y|e)\s*[:,]?\s+"
    r"(?!(?:is|are|has|represented|wohnhaft|demeurant|domicili|with|provided|shall)\b)|&\s",
    re.IGNORECASE,
)
_NUMBERING = re.compile(
    r"\s*(?:\(?[\dabAB]{1,2}[.)]\s*|[-\u2013\u2022*]\s*|de una parte,?\s*|"
    r"de otra(?: parte)?,?\s*|d'une part,?\s*|d'autre part,?\s*)*",
    re.I,
)
# What makes a name a party, right behind it: (the "Tenant"), - nachfolgend "Mieter" genannt -
_ROLE = re.compile(
    r"\(?\s*(?:hereinafter|hereafter|the \W*(?:landlord|tenant|buyer|seller|client|contractor|"
    r"lender|borrower|employer|employee|provider|supplier|lessor|lessee)|im folgenden|nachfolgend|"
    r"nachstehend|ci-après|dénommée?|en adelante|di seguito)\b",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"\s*\([^()]{0,200}\)\s*,?\s*")
_DEAR = re.compile(
    r"^[ \t]*(?:dear|sehr geehrte[rs]?|liebe[rs]?|cher|chère|estimad[oa]|gentile|hi|hello)\s+",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSING = re.compile(
    r"^[ \t]*(?:(?:yours|kind|best|warm|with kind|with best) (?:sincerely|faithfully|truly|regards)"
    r"|(?:yours |very )?(?:sincerely|truly)(?: yours)?|regards|respectfully(?: yours)?|"
    r"(?:mit )?(?:freundlichen|besten|herzlichen) gr[üu](?:ß|ss)en?|hochachtungsvoll|cordialement|"
    r"bien (?:cordialement|à vous)|(?:sincères |meilleures )?salutations(?: distinguées)?|"
    r"[^\n]{0,80}(?:salutations distinguées|sentiments (?:distingués|les meilleurs))|atentamente|"
    r"(?:un )?cordial(?:es)? saludos?|saludos cordiales|cordiali saluti|distinti saluti)"
    r"[ \t]*[,.]?[ \t]*\n\s*",
    re.IGNORECASE | re.MULTILINE,
)
_GENERIC = re.compile(
    r"(?:sir|madam|sirs|all|team|colleagues?|customers?|damen|herren|kunde|kundin|madame|monsieur|"
    r"señor(?:es|a)?|readers?|everyone|hiring|whom|cliente|client|ladies|gentlemen|"
    r"damen und herren|les parties|las partes|the parties|den parteien|dem vermieter|landlord|"
    r"tenant|vermieter|mieter|bailleur|locataire|arrendador|arrendatario|buyer|seller|parties|parteien|partes|mr|"
    r"mrs|ms|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|"
    r"july|august|september|october|november|december|employer|employee|verkäufer|käufer)\b\W*\Z",
    re.IGNORECASE,
)


_FIRM = re.compile(r"\b(?:GmbH|AG|KG|Ltd|Inc|LLC|SARL|SAS|S\.[LA]|Cie|Co|Partners?|Associates)\b")


def parties(text: str) -> Iterator[Found]:
    """The parties of a contract, and who wrote a letter to whom."""
    front = text[:FRONT]
    for match in _BETWEEN.finditer(front):
        pair = _pair(text, match.end())
        if pair:
            yield from (Found("party", form, "between", 0.85) for form in pair)
            break
    dear = _DEAR.search(front)
    if dear:
        form = name_at(text, dear.end(), min(len(text), dear.end() + 60))
        if form and _is_name(text, form):
            yield Found("party", form, "salutation", 0.75)
    foot = max(0, len(text) - FOOT)
    for match in list(_CLOSING.finditer(text, foot))[-1:]:
        end = text.find("\n", match.end())
        form = name_at(text, match.end(), end if end >= 0 else len(text))
        if form and _is_name(text, form):
            yield Found("party", form, "signature", 0.7)


def _pair(text: str, start: int) -> tuple[Form, ...]:
    """Two names joined by "and", with what is said of each in between; () when they are not."""
    first = _name(text, start)
    if first is None:
        return ()
    for match in _AND.finditer(text, first.end, min(len(text), first.end + 420)):
        second = _name(text, match.end())
        if second is None:
            continue
        described = text[first.end : match.start()]
        plain = described.strip(" ,.;\n)")
        behind = text[second.end : second.end + 160]
        if (
            not plain
            or _IN_BRACKETS.fullmatch(described)
            or _ROLE.search(described)
            or _ROLE.search(behind)
            or "\n" in described
        ):
            return first, second
        if re.match(r"\s*,", described) and len(described) < 200:
            return first, second
    return ()


def _name(text: str, start: int) -> Form | None:
    lead = _NUMBERING.match(text, start)
    at = lead.end() if lead else start
    form = name_at(text, at, min(len(text), at + 120))
    if form is None:
        return None
    form = _without_second(text, form)
    return form if _is_name(text, form) else None


def _without_second(text: str, form: Form) -> Form:
    """A name without "and B": of "Müller und Söhne GmbH" the legal form tells that it is one."""
    written = text[form.start : form.end]
    match = re.search(r"\s(?:and|und|et|y|e)\s", written)
    if match is None:
        return form
    rest = written[match.end() :]
    if len(rest.split()) <= 3 and _FIRM.search(rest) and not _FIRM.search(written[: match.start()]):
        return form
    cut = name_at(text, form.start, form.start + match.start())
    return cut or form


def _is_name(text: str, form: Form) -> bool:
    return not _GENERIC.match(text[form.start : form.end])
