"""Values that sentences state: "between A and B", "a monthly rent of EUR 900", "for 24 months".

Amounts, durations and dates are found by their form; the nearest word around one that says what it
is makes it a value of a field. Names are those of :mod:`lsfs.index.fields.parties`.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator

from lsfs.index.fields.bylines import byline
from lsfs.index.fields.credits import REFUND
from lsfs.index.fields.forms import Form, Reader, durations
from lsfs.index.fields.labels import Found
from lsfs.index.fields.parties import on_paper, parties
from lsfs.model import DateKind, Document
from lsfs.patterns import later

MOST_ATTACHED = 20  # parts of a mail that are looked at
MOST_MARKS = 2000  # currencies looked at in a document
NONE = "none"  # what a value is that is of no field
_BEFORE, _BEHIND = 110, 40  # characters around a value in which a word may say what it is


def _cue(*words: str) -> str:
    return "|".join(words)


def _table(cues: dict[str, str]) -> re.Pattern[str]:
    """One pattern for all cues; the name of the group that matches is the field."""
    groups = "|".join(f"(?P<{name or NONE}>{words})" for name, words in cues.items())
    return later(rf"\b(?:{groups})", re.IGNORECASE)


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
    REFUND: _cue(
        r"refunded\b", r"(?:rück)?erstattet\b", r"remboursée?s?\b", r"reembolsad[oa]s?\b",
        r"rimborsat[oa]\b",
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
_STOP = later(r"\n\s*\n|(?<=[^\W\d_]{4})[.;!?]\s+(?=[^\W\d_a-zà-ÿ])|(?<=\d\))[.;]\s")
# Only these may follow a value and say what it is: "EUR 900 monthly rent", "24 months' notice".
_FOLLOWS = later(
    r"(?:['\u2019]s?)?[ \t]*(?:\([^)]{0,30}\)[ \t]*)?(?:(?:per|a|al|par|pro|each|each calendar) "
    r"(?:month|mes|mois|monat|year|año|an|jahr)[ \t]*)?(?:(?:prior|written|per|a|an|the|of|as|by|"
    r"way|for|als|zur|de|en|concepto|como|comme|à|titre|au|in|monthly|gross|annual|schriftlich\w*|"
    r"la|le|die|eine) ){0,4}\Z",
    re.IGNORECASE,
)


_EFFECTIVE = later(r"\beffective\b", re.IGNORECASE)
_OF_DAY = later(r"\bvom\s+\Z", re.IGNORECASE)  # a range begins so, and a letter is so dated
_RANGE = later(r"\s*(?:bis|[-\u2013])", re.IGNORECASE)
# What makes the end of a time the day of payment: "Bitte überweisen Sie bis zum".
_PAID_UNTIL = later(
    r"\b(?:überweis\w+|(?:be)?zahl(?:bar|en|ung|t)\b|begleich\w+|fällig\w*|ausgleich\w*|remit\w*|"
    r"pa(?:y|yable|yment|id)\b|settle\w*|régl\w+|pay(?:er|ez|é|able)\b|paiement\b|betal\w+|"
    r"pag(?:ar|are|o|amento)\b|abonar\b|voldoen\b)"
    r"(?P<between>(?:[^.;\d]|(?<![\d.,])\d{1,3}(?=\s[^\W\d_])){0,60}?)"  # "innerhalb 30 Tagen bis"
    r"\b(?:bis(?:\s+(?:zum|spätestens))?|until|by|before|avant\s+le|jusqu.au|antes\s+del?|hasta\s+el|"
    r"entro\s+il|vóór|uiterlijk)\s+\Z",
    re.IGNORECASE,
)
_DISCOUNT = later(
    r"skonto|rabatt|discount|escompte|rabais|descuento|sconto|korting|zeitraum|period",
    re.IGNORECASE,
)
_DUE_BEHIND = later(
    r"\s+(?:(?:zur zahlung )?(?:fällig|due\b|payable\b)|von ihrem konto\b|from your account\b|"
    r"eingezogen\b|abgebucht\b)",
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
    yield from byline(document)
    if document.page_unit == "part":  # what is attached to a mail is on a paper of its own
        for page in document.pages[1:MOST_ATTACHED]:
            yield from on_paper(text, page.char_start, page.char_end)


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
        name = _named(text, form, _DATES, within=45, behind=False)
        # "Der Vertrag tritt am … in Kraft" gives the contract a time, but is not its date.
        begins = name == "start" and not _EFFECTIVE.search(
            text, max(0, form.start - 45), form.start
        )
        if one.kind is DateKind.SIGNED or (one.kind is DateKind.EFFECTIVE and not begins):
            yield Found("date", form, "own date", 0.87 if one == reader.own_date else 0.85)
        elif one.kind is DateKind.NAMED:
            yield Found("date", form, "date at the head", 0.6)
        if name == "start" and _OF_DAY.search(text, max(0, form.start - 8), form.start):
            name = name if _RANGE.match(text, form.end) else ""
        if name in ("", "end") and _is_paid_by(text, form):
            name = "due"
        name = "due" if _DUE_BEHIND.match(text, form.end) else name
        if name:
            yield Found(name, form, "sentence", 0.75)


def _is_paid_by(text: str, end: Form) -> bool:
    """Whether the end of a time is that in which to pay, without a discount."""
    match = _PAID_UNTIL.search(text, max(0, end.start - _BEFORE), end.start)
    return match is not None and not _DISCOUNT.search(match["between"])


def _by_form(reader: Reader) -> Iterator[Found]:
    """What is recognised by its form alone."""
    for form in reader.ibans():
        yield Found("iban", form, "check digits", 0.98)
    for form in reader.dois():
        yield Found("doi", form, "form", 0.95)
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
