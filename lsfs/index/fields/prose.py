"""Values that sentences state: "between A and B", "a monthly rent of EUR 900", "for 24 months".

Amounts, durations and dates are found by their form; the nearest word around one that says what it
is makes it a value of a field. Names are found by what introduces them.
"""

from __future__ import annotations

import collections
import itertools
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lsfs import bytewise
from lsfs.index.dates import fold
from lsfs.index.fields.forms import (
    FIRM,
    LONGEST_NAME,
    Form,
    Reader,
    durations,
    is_firm,
    is_name,
    name_at,
)
from lsfs.index.fields.labels import Found
from lsfs.index.fields.meant import ROLE_NAMES
from lsfs.index.fields.undertakings import AGREED, undertaken
from lsfs.index.literals import Sought, Strings, at_lines, folded
from lsfs.model import DateKind, Document

FRONT = 4000  # characters in which a contract names its parties
ADDRESS_LINES = 40  # in which addresses of sender and receiver stand
LONGEST_ADDRESS = 120  # characters of a line
HEAD_LINES = 3  # in which a letterhead stands
LONGEST_LETTERHEAD = 2 * LONGEST_NAME  # characters that are looked at for the name on it
FOOT = 1500  # characters in which a letter is signed
ROLE_CHARS = 200  # behind a name, in which it is said what a contract calls it
MOST_ATTACHED = 20  # parts of a mail that are looked at
MOST_MARKS = 2000  # currencies looked at in a document
NONE = "none"  # what a value is that is of no field
_BEFORE, _BEHIND = 110, 40  # characters around a value in which a word may say what it is


def _cue(*words: str) -> str:
    return "|".join(words)


def _table(cues: dict[str, str]) -> re.Pattern[str]:
    """One pattern for all cues; the name of the group that matches is the field."""
    groups = "|".join(f"(?P<{name or NONE}>{words})" for name, words in cues.items())
    return re.compile(rf"\b(?:{groups})", re.IGNORECASE)


# What the words around an amount make of it; the nearest decides.
_AMOUNTS = _table({
    "deposit": _cue(
        r"(?:security |rent )?deposit\b", r"\w*kaution\b", "mietsicherheit", "anzahlung",
        r"(?:as |for |by way of )security\b", r"als sicherheit\b",
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
        r"amount of\b", r"betrag (?:von|in höhe)", r"montant de\b", r"abschlag\w*", r"importe de\b",
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
})  # fmt: skip
_DURATIONS = _table({
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
        r"auf\s*\Z",
    ),
    "": _cue(
        r"pay(?:able|ment|s)?\b", r"paid\b", r"zahl\w+", r"fällig\w*", r"pai(?:ement|able)\b",
        r"pag\w+", r"within\b", r"innerhalb\b", r"sous\b", r"dans (?:les|un délai)\b", r"every\b",
        r"probation\w*(?: period)?",
        r"(?:trial|payment|warranty|grace|cooling-off|notice of) period\b",
        r"probezeit\b", r"essai\b", r"prueba\b", r"renew\w*", r"verlänger\w*",
        r"reconduct\w*", r"prórrog\w*", r"prorrog\w*", r"warranty\b", r"gewährleistung\w*",
        r"garantie\b", r"garantía\b", r"holiday\w*", r"urlaub\w*", r"further\b", r"weitere\w*",
        r"congés?\b", r"vacaciones\b", r"confidential\w*", r"age[d]?\b", r"defects?\b",
        r"dépôt\b",
    ),
})  # fmt: skip
_DATES = _table({
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
})  # fmt: skip
_STOP = re.compile(r"\n\s*\n|(?<=[^\W\d_]{4})[.;!?]\s+(?=[^\W\d_a-zà-ÿ])|(?<=\d\))[.;]\s")
# Only these may follow a value and say what it is: "EUR 900 monthly rent", "24 months' notice".
_FOLLOWS = re.compile(
    r"(?:['\u2019]s?)?[ \t]*(?:\([^)]{0,30}\)[ \t]*)?(?:(?:per|a|al|par|pro|each|each calendar) "
    r"(?:month|mes|mois|monat|year|año|an|jahr)[ \t]*)?(?:(?:prior|written|per|a|an|the|of|as|by|"
    r"way|for|als|zur|de|en|concepto|como|comme|à|titre|au|in|monthly|gross|annual|schriftlich\w*|"
    r"la|le|die|eine) ){0,4}\Z",
    re.IGNORECASE,
)


_DUE_BEHIND = re.compile(r"\s+(?:zur zahlung )?(?:fällig|due\b|payable\b)", re.IGNORECASE)


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
    if document.page_unit == "part":  # what is attached to a mail is on a paper of its own
        for page in document.pages[1:MOST_ATTACHED]:
            yield from _on_paper(text, page.char_start, page.char_end)


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
        if one.kind in (DateKind.SIGNED, DateKind.EFFECTIVE):
            yield Found("date", form, "own date", 0.85)
        elif one.kind is DateKind.NAMED:
            yield Found("date", form, "date at the head", 0.6)
        name = _named(text, form, _DATES, within=45, behind=False)
        name = "due" if _DUE_BEHIND.match(text, form.end) else name
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
    text: str, form: Form, cues: re.Pattern[str], *, within: int = _BEFORE, behind: bool = True
) -> str:
    """The field that the nearest word in the sentence makes of a value; "" for none.

    A word right behind the value is the nearest: "upon one month's notice".
    """
    match = None
    if behind:
        after = _STOP.split(text[form.end : form.end + _BEHIND])[0]
        match = cues.search(after)
        if match and not _FOLLOWS.match(after[: match.start()]):
            match = None
    if match is None:
        before = _STOP.split(text[max(0, form.start - within) : form.start])[-1]
        nearest = collections.deque(cues.finditer(before), maxlen=1)
        match = nearest[0] if nearest else None
    name = match.lastgroup if match else None
    return "" if name in (None, NONE) else str(name)


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
_ROLES = (
    r"landlord|tenant|lessor|lessee|buyer|purchaser|seller|vendor|client|customer|contractor|lender|"
    r"borrower|employer|employee|provider|supplier|consultant|licensor|licensee|company|agent|"
    r"subcontractor|subconsultant|distributor|manufacturer|publisher|carrier|guarantor|investor|"
    r"franchisor|franchisee|operator|nachunternehmer|subunternehmer|sous-traitant|subcontratista|"
    r"subappaltatore|"
    r"supplier|shipper|consignee|council|authority|bank|insurer|insured|owner|developer|builder|"
    r"architect|author|trustee|donor|assignor|assignee|grantor|grantee|principal|hirer|organi[sz]er|"
    r"(?:disclosing|receiving) party|(?:first|second) party|"
    r"spediteur|frachtführer|versender|besteller|auftragsverarbeiter|verpächter|pächter|"
    r"lizenzgeber|lizenznehmer|versicherer|bauherr|fournisseur|transporteur|expéditeur|"
    r"suministrador|transportista|ayuntamiento|fornitore|committente|"
    r"vermieter|mieter|verkäufer|käufer|auftraggeber|auftragnehmer|arbeitgeber|arbeitnehmer|kunde|"
    r"lieferant|darlehens\w+|propriétaire|bailleur|preneur|locataire|vendeur|acheteur|"
    r"acquéreur|prestataire|employeur|salarié|emprunteur|prêteur|arrendador|arrendatari[oa]|vendedor|comprador|"
    r"cliente|proveedor|empleador|trabajador|empresa|prestador|prestatario"
)
# Where a contract defines what it calls a party.
_DEFINED_BY_WORD = re.compile(
    r"\b(?:hereinafter|hereafter|im folgenden|nachfolgend|nachstehend|ci-après|en adelante|"
    r"en lo sucesivo|di seguito)\b",
    re.IGNORECASE,
)
_DEFINED_IN_BRACKETS = re.compile(
    r"\([\"\u201c\u201e\u00ab'\s]*(?:each an? |the |le |la |l['\u2019]|el |der |die )?"
    r"[\"\u201c\u201e\u00ab'\s]*"
    rf"(?:{_ROLES})(?:in|e|a)?[\"\u201d\u201c\u00bb'\s]*\)",
    re.IGNORECASE,
)
# "Seabank Borough Council and Ellingsen & Roth conclude a contract".
_AGREEING = re.compile(
    r"^[ \t]*(?P<first>[^\W\d_a-zß-ÿ][^\n.;:]{2,120}?)\s(?:and|und|et|y|e)\s"
    r"(?P<second>[^\n.;:]{3,120}?),?\s"
    r"(?:hereby\s+|hiermit\s+)?(?:conclude|agree,?\s+(?:that|to|on|as)|enter\s+into|"
    r"have\s+(?:agreed|concluded|entered)|(?:schließen|vereinbaren)|conviennent|concluent|acuerdan|"
    r"celebran|convienen|stipulano|convengono)\b",
    re.MULTILINE,
)
# Where a name may begin before it: a line, a sentence, behind a word that leads to a name.
_BEGINS = re.compile(
    r"^[ \t]*|(?<=[.;:,]\s)|\b(?:between|by|and|und|et|y|e|zwischen|entre|an|to|à|a|from|von|de|"
    r"parte,|part,|with|mit|avec|con)\s+",
    re.IGNORECASE | re.MULTILINE,
)
_TO_WHOM = re.compile(
    r"\b(?:(?:sells?|lets?|leases?|rents?|lends?|hires?)(?: out)? to|(?:verkauft|vermietet) an|"
    r"(?:vend|loue|prête) à|(?:vende|arrienda|alquila|presta) a)\s+|"
    r"^(?:I|We|Ich|Je soussignée?|Yo),\s+(?:the undersigned,?\s+)?",
    re.MULTILINE,
)
_TO_WHOM_NEEDS = (
    *(
        f"{verb}{plural}{out} to"
        for verb in ("sell", "let", "lease", "rent", "lend", "hire")
        for plural in ("", "s")
        for out in ("", " out")
    ),
    "verkauft an", "vermietet an", "vend à", "loue à", "prête à", "vende a", "arrienda a",
    "alquila a", "presta a", "i,", "we,", "ich,", "je soussigné", "yo,",
)  # fmt: skip
_POSTAL = re.compile(
    r"(?:^|[,|\u00b7\u2022])\s*(?:[A-Z]{1,2}-)?\d{4,5}\s+[^\W\d_]|"
    r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\s*$|"
    r"\b[A-Z]{2} \d{5}(?:-\d{4})?\s*$"
)
_ASIDE = re.compile(
    r"\s*(?:[|\u00b7\u2022]|\s[\u2013\u2014-]\s)"
)  # parts a letterhead's name and address
_DIGIT = re.compile(r"\d")
_WRITTEN_LINE = re.compile(r"[^\n]*\S[^\n]*")
_MAIL_HEAD = re.compile(r"(?:(?:From|To|Cc|Subject|Date|Attachment): [^\n]*\n+)+")
_IN_BRACKETS = re.compile(r"\s*\([^()]{0,200}\)\s*,?\s*")
_DEAR = re.compile(
    r"^[ \t]*(?:(?:dear|sehr geehrte[rs]?|liebe[rs]?|cher|chère|estimad[oa]|gentile|hi|hello|"
    r"guten tag|bonjour|hola|good (?:morning|day))\s+|"
    r"(?:madame|monsieur)\s+(?=[^\n,]{2,40},[ \t]*$))",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSING = re.compile(
    r"^[ \t]*(?:(?:yours|kind|best|warm|with kind|with best) (?:sincerely|faithfully|truly|regards)"
    r"|(?:yours |very )?(?:sincerely|truly)(?: yours)?|regards|respectfully(?: yours)?|"
    r"(?:mit )?(?:freundliche|beste|herzliche|liebe|viele)n? gr[üu](?:ß|ss)en?|hochachtungsvoll|"
    r"cordialement|bien (?:cordialement|à vous)|"
    r"(?:sincères |meilleures )?salutations(?: distinguées)?|"
    r"[^\n]{0,80}(?:salutations distinguées|sentiments (?:distingués|les meilleurs))|atentamente|"
    r"with (?:many thanks|thanks and regards)|many thanks|es grüßt sie|reciba un saludo|"
    r"(?:un )?cordial(?:es)? saludos?|saludos cordiales|cordiali saluti|distinti saluti)"
    r"[ \t]*[,.]?[ \t]*\n\s*",
    re.IGNORECASE | re.MULTILINE,
)


# Behind a name, its address aside: "(the Client)", "ci-après « le Prestataire »", "as tenant".
_CALLED = re.compile(
    r"(?:[\s,(]*(?:[^\W\d_]+[\s:]+){0,5}?\W{0,2}|"
    r".*?(?:[(\u00ab\u201c\u201e\"]|hereinafter|hereafter|folgenden|nachfolgend|nachstehend|"
    r"ci-apres|adelante|sucesivo|seguito)\W*(?:[^\W\d_]+\W+){0,3}?)"
    rf"(?P<role>{'|'.join(sorted(map(re.escape, ROLE_NAMES), key=len, reverse=True))})\b",
    re.DOTALL,
)
_DEFINITION = Sought(_DEFINED_BY_WORD)
_TRANSFER = Sought(_TO_WHOM, _TO_WHOM_NEEDS)
_BETWEEN_TWO = Sought(_BETWEEN)
_BETWEEN_WORDS = Strings(("between", "zwischen", "entre", "tra", "by and between"))
_AGREEMENT = Sought(_AGREEING)
_NEEDED = Strings(
    (*_DEFINITION.needs, *_TRANSFER.needs, *_BETWEEN_TWO.needs, *_AGREEMENT.needs, *AGREED.needs)
)


def parties(text: str) -> Iterator[Found]:
    """The parties of a contract, who wrote a letter to whom, and whose paper it is on."""
    front = text[:FRONT]
    yield from _with_roles(text, list(_of_contract(text, front)))
    yield from (Found("party", form, "address", 0.65) for form in _addressed(front))
    yield from _of_letter(text, front)
    yield from _on_paper(text, 0, len(text))


def _of_contract(text: str, front: str) -> Iterator[Found]:
    held = _NEEDED.held(folded(front))
    for match in _leading(front) if _BETWEEN_TWO.may_match(held) else ():
        pair = _pair(text, match.end())
        if pair:
            yield from (Found("party", form, "between", 0.85) for form in pair)
            break
    if _AGREEMENT.may_match(held):
        yield from (Found("party", form, "between", 0.8) for form in _agreeing(front))
    if _TRANSFER.may_match(held):
        yield from (Found("party", form, "transfer", 0.75) for form in _transferred(front))
    if AGREED.may_match(held):
        yield from undertaken(front)
    defined = list(_DEFINED_IN_BRACKETS.finditer(front)) if "(" in front else []
    if _DEFINITION.may_match(held):
        defined += _DEFINED_BY_WORD.finditer(front)
        defined.sort(key=lambda match: match.start())
    yield from (Found("party", form, "role", 0.8) for form in _in_roles(front, defined))


def _leading(front: str) -> Iterator[re.Match[str]]:
    """The matches of ``_BETWEEN``, each looked for only where one of its words stands."""
    lower = bytewise.lower(front)
    if len(lower) != len(front):  # a capital that becomes two letters: the places are others
        yield from _BETWEEN.finditer(front)
        return
    behind = 0
    for start, _ in sorted(_BETWEEN_WORDS.places(lower)):
        match = _BETWEEN.match(front, start) if start >= behind else None
        if match is not None:
            behind = match.end()
            yield match


def _agreeing(front: str) -> Iterator[Form]:
    """Two who agree at the head of a sentence: "A and B conclude"."""
    for match in at_lines(_AGREEING, front):
        pair = [name_at(front, *match.span(group)) for group in ("first", "second")]
        names = [form for form in pair if form is not None and is_name(front, form)]
        # "Landlord and Tenant agree", "Historians and Economists agree" name nobody.
        if len(names) == len(pair) and all(" " in form.normal for form in names):
            yield from names
            return


def _with_roles(text: str, found: list[Found]) -> Iterator[Found]:
    """Parties of a contract with what it calls them behind their names: (the "Landlord")."""
    starts = sorted({one.form.start for one in found})
    for one in found:
        if ": " in one.rule:
            yield one
            continue
        end = one.form.end
        after = starts[bisect_right(starts, end) :]
        role = _CALLED.match(fold(text[end : min([end + ROLE_CHARS, *after[:1]])]))
        yield replace(one, rule=f"{one.rule}: {role['role']}") if role else one


def _transferred(front: str) -> Iterator[Form]:
    """To whom something is sold, let or lent, and who declares it: "I, A, hereby sell to B"."""
    for match in _TO_WHOM.finditer(front):
        form = _name(front, match.end())
        if form is not None:
            yield form


def _addressed(front: str) -> Iterator[Form]:
    """Names above an address: one or two lines, of which the last has a postal code."""
    lines = list(itertools.islice(re.finditer(r"[^\n]*\S[^\n]*", front), ADDRESS_LINES))
    for n, line in enumerate(lines):
        if len(line[0]) > LONGEST_ADDRESS or ":" in line[0] or not _POSTAL.search(line[0]):
            continue
        firm = name_at(front, *line.span())
        if firm and is_firm(front[firm.start : firm.end]):  # "Acme Ltd, 8 Mill Lane, Leeds LS2 7EW"
            yield firm
            continue
        above = 1 if "," in line[0] else 2
        if n < above or not any(c.isdigit() for c in lines[n - above + 1][0]):
            continue
        form = name_at(front, *lines[n - above].span())
        if form and not front[form.end : lines[n - above].end()].strip(" .,"):
            yield from [form] if is_name(front, form) else []


def _in_roles(front: str, defined: Iterable[re.Match[str]]) -> Iterator[Form]:
    """Names that a definition gives a role: A (the "Landlord"), B (im Folgenden "Mieter")."""
    since = 0
    for role in defined:
        low = max(since, role.start() - 240, front.rfind("\n\n", 0, role.start()))
        for begin in _BEGINS.finditer(front, low, role.start()):
            form = _name(front, begin.end())
            if form is not None and form.end <= role.start():
                yield form
                break
        since = role.end()


def _of_letter(text: str, front: str) -> Iterator[Found]:
    dear = next(at_lines(_DEAR, front), None)
    if dear:
        form = name_at(text, dear.end(), min(len(text), dear.end() + 60))
        if form and is_name(text, form):
            form = _in_full(text, form, dear.start()) or form
            yield Found("party", form, "salutation", 0.75)
    foot = max(0, len(text) - FOOT)
    for match in list(at_lines(_CLOSING, text, foot))[-1:]:
        end = text.find("\n", match.end())
        form = name_at(text, match.end(), end if end >= 0 else len(text))
        if form and is_name(text, form):
            yield Found("party", form, "signature", 0.7)


def _in_full(text: str, last: Form, before: int) -> Form | None:
    """The whole name above a salutation that has only the last one: "Dear Ms Nair", Priya Nair."""
    ending = re.escape(text[last.start : last.end])
    line = re.compile(rf"^[ \t]*(?:\S+[ \t]+){{1,4}}{ending}[ \t]*$", re.MULTILINE)
    match = line.search(text, 0, before)
    form = name_at(text, match.start(), match.end()) if match else None
    return form if form and form.end == (match.end() if match else -1) else None


def _on_paper(text: str, start: int, end: int) -> Iterator[Found]:
    form = _letterhead(text, start, end)
    if form:
        yield Found("party", form, "letterhead", 0.66)  # tells more than an address


def _letterhead(text: str, start: int, end: int) -> Form | None:
    """The company whose name is one of the first lines."""
    first = _MAIL_HEAD.match(text, start)
    lines = _WRITTEN_LINE.finditer(text, first.end() if first else start, end)
    for line in itertools.islice(lines, HEAD_LINES):
        if len(line[0].rstrip(" .,")) > LONGEST_LETTERHEAD and not _DIGIT.search(line[0]):
            continue  # neither the name alone nor its address with it
        form = name_at(text, *line.span())
        if form is None:
            continue
        rest = text[form.end : line.end()]
        firm = is_firm(text[form.start : form.end])
        # "Acme Ltd", or with its address in the same line: "Acme - 8 Mill Lane, Leeds LS2 7EW".
        addressed = _ASIDE.match(rest) or (firm and rest.lstrip(" .").startswith(","))
        if (addressed and _POSTAL.search(rest)) or (firm and not rest.strip(" .,")):
            return form
    return None


def _pair(text: str, start: int) -> tuple[Form, ...]:
    """Two names joined by "and", with what is said of each in between; () when they are not."""
    first = _name(text, start)
    if first is None:
        return ()
    found = _joined(text, first)
    inner = _INNER.search(text, first.start, first.end)
    if not found and inner:  # "A and B Ltd" were read as one firm, and there is no other party
        shorter = name_at(text, first.start, inner.start())
        found = _joined(text, shorter) if shorter else ()
    return found


def _joined(text: str, first: Form) -> tuple[Form, ...]:
    """A name and the one that follows behind "and"; () without one."""
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
    return form if is_name(text, form) else None


# Who is named behind an "and" without a name: Smith and Sons, Müller und Partner, Garcia e Hijos.
_COMPANIONS = (
    r"sons?|daughters?|brothers?|bros|sisters?|partners?|associates|co|company|söhne?|sohn|"
    r"töchter|tochter|brüder|partner|cie|compagnie|fils|filles|frères|associés|hijos?|hijas?|"
    r"hermanos?|asociados|socios|figli[oae]?|fratelli|soci"
)
_SECOND = re.compile(rf"\s(?:and|und|et|y|e)\s(?!\s*(?i:{_COMPANIONS})\b)")
_INNER = re.compile(rf"{_SECOND.pattern}|&\s(?!\s*(?i:{_COMPANIONS})\b)")


def _without_second(text: str, form: Form) -> Form:
    """A name without "and B": of "Müller und Söhne GmbH" the legal form tells that it is one."""
    written = text[form.start : form.end]
    match, *more = [*_SECOND.finditer(written), None]
    if match is None:
        return form
    if more[0] and " " not in written[: match.start()]:
        # Marks and Spencer plc, and another one: a firm that is called by two names.
        match = more[0] if FIRM.search(written, match.end(), more[0].start()) else match
    rest = written[match.end() :]
    if len(rest.split()) <= 3 and FIRM.search(rest) and not FIRM.search(written[: match.start()]):
        return form
    cut = name_at(text, form.start, form.start + match.start())
    return cut or form
