"""What the words around a date make of it: when a document was signed, falls due, expires.

A cue stands shortly before its date, or the date stands in a line of its own at the head or foot.
"""

from __future__ import annotations

import re

from lsfs.index.facts.founddates import FOOT, PLAIN, Found
from lsfs.model import DateKind
from lsfs.patterns import later

OPENING = 1500  # characters in which a contract says when it was made
_BEFORE = 64  # characters before a date in which its cue stands

_WHERE = r"[^\W\d_][^\n\d:;!?]{0,40}?"  # a place between a cue and its date
_OWN = later(
    r"\b(?:dated|signed|executed|issued|entered\s+into|made(?=\s+(?:on|as|this|and|at|the))|"
    rf"made(?=\s+in\s+{_WHERE}\s+on\s)|concluded(?=\s+(?:on|as|at|in|this))|"
    r"(?:invoice|issue|issuance|letter|report|document|statement|receipt|order|quote|publication|"
    r"meeting|signature|signing|contract|agreement|effective|posting|bill)\s+date|"
    r"date\s+of\s+(?:issue|invoice|this|agreement|contract|signature|signing|meeting|report|order)|"
    r"effective(?:\s+as\s+of|\s+from|\s+on)?|as\s+of|published|updated|revised|held\s+on|"
    r"fassung\s+vom|datum|rechnungsdatum|ausstellungsdatum|vertragsdatum|belegdatum|"
    rf"(?:(?:ab)?geschlossen|unterzeichnet|unterschrieben)(?:\s+(?:in|zu)\s+{_WHERE})?\s+(?:am|den)|"
    r"(?:unterzeichnet|unterschrieben)(?=\s*[:,])|stand|fait\s+à|fait\s+le|"
    rf"signée?s?|conclue?(?:\s+à\s+{_WHERE})?\s+le|date\s+de\s+(?:facture|facturation|signature)|émise?\s+le|"
    r"fecha(?:\s+de\s+(?:factura|emisión|firma))?|firmad[oa]|celebrad[oa]|suscrit[oa]|"
    r"data(?:\s+(?:fattura|di\s+emissione|di\s+firma|da\s+fatura))?(?=\s*:)|firmat[oa]|stipulat[oa]|"
    r"conclus[oa](?=\s+(?:a|il|in)\b)|sottoscritt[oa]|ondertekend|factuurdatum|assinado|date(?=\s*[:.\n|]))(?![\w-])",
    re.IGNORECASE,
)
_WEAK = later(r"\A(?:effective|as\s+of|updated|revised|stand|held|published)", re.IGNORECASE)
_LABEL = later(r"\A(?:date|datum|fecha|data|stand|issue\s+date)\Z", re.IGNORECASE)
# Words that give a date another meaning, wherever they stand before it, and right before it.
_OTHER = later(
    r"\b(?:(?P<due>due|payable|deadline|fällig\w*|échéance|vencimiento|scadenza|vervaldatum|"
    r"vencimento|no\s+later\s+than|not\s+later\s+than|at\s+the\s+latest|\w*frist|zahlbar|spätestens|"
    r"(?:anmelde|einsende|bewerbungs|annahme|redaktions|abgabe)(?:schluss|termin)|au\s+plus\s+tard|"
    r"date\s+limite|délai|plazo|fecha\s+límite|a\s+más\s+tardar|termine|al\s+più\s+tardi|"
    r"(?:pay|paid|return(?:ed)?|reply|respond|submit\w*|rsvp|register|received|payments?)\b"
    r"[^.;\n]{0,24}\b(?:by|before)|"
    r"(?:inscription|anmeldung|registration|inscripción|iscrizion[ei]|pagamento|zahlung|paiement|pago|"
    r"(?:be)?zahlen|überweisen|begleichen|régler|réglez|payer|pagar|abonar|pagare|saldare)\b"
    r"[^.;\n]{0,24}\b(?:avant|bis|before|antes|entro|by)|(?:pagar|payer|pagare|pay|payable)\s+(?:el|le|il|on)|venc\w+|entro)|"
    r"(?P<expires>expir\w+|terminat\w+|ends?|ending|ablauf\w*|endet|expire|finaliz\w+|finalise\w*|"
    r"termina(?:rá|n)?|fecha\s+de\s+fin|concluirá|concluye|prend(?:ra)?\s+fin|"
    r"se\s+termine(?:ra)?|cess(?:a|erà)|data\s+di\s+fine|(?:vertrags|miet|laufzeit)ende|eindigt|"
    r"einddatum)|"
    r"(?P<born>birth|born|d\.?o\.?b|birthday|geboren|geburtsdatum|née?|naissance|nacimiento|"
    r"nacid[oa]|nascita|nat[oa])|(?P<delivered>deliver\w+|shipp?\w+|"
    r"lieferdatum|lieferung|geliefert|livraison|livrée?s?|entrega|consegna)|"
    r"(?P<starts>à\s+compter|à\s+partir|a\s+partir|decorrenza|mit\s+wirkung|with\s+effect\s+from|start(?:s|ing)?|commenc\w+|begin\w*|beginnt|in\s+kraft|tak(?:es?|ing)\s+effect|"
    r"(?:into|in)\s+(?:force|effect)|prend(?:ra)?\s+effet|en\s+vigueur|en\s+vigor|in\s+vigore)|(?P<event>arriv\w+|depart\w+)|"
    r"valid|valables?|válid[oa]s?|valid[oa]|valevol[ei]|vigente|renew\w*|period|gültig|amended|superseded|printed|retrieved|accessed|visited|"
    r"downloaded)\b",
    re.IGNORECASE,
)
_UNTIL = later(
    r"\b(?:until|till|through|bis|jusqu\w*\W\w+|hasta|fino\s+al?)\s+(?:the\s+|zum\s+|el\s+|au\s+)?\Z",
    re.IGNORECASE,
)
# Of a bill it is the day of payment, of what began before it is the end.
_LAPSES = later(r"scad|venc|échéance|vervald", re.IGNORECASE)
# What says at its head that it lasts, and what is to be paid.
_LASTS = later(
    r"contrat|contract|agreement|lease|polic[yi]|p[óo]liza|polizza|seguro|arrend|convenio|accord|"
    r"\bbail\b|locazione|vertrag|overeenkomst",
    re.IGNORECASE,
)
_PAYABLE = later(
    r"factur|fattura|invoice|rechnung|recibo|quittance|ricevuta|aviso|avis\b|avviso", re.IGNORECASE
)
_HEAD = 300  # characters
_ENDS_THEN = later(r"\s*(?:befristet|gültig|verlängert|in\s+kraft|valid|in\s+force)\b", re.I)
_LASTING = later(
    r"\b(?:term|lease|contract|agreement|polic[iy]\w*|cover\w*|runs?|lasts?|force|läuft|befristet|"
    r"laufzeit|vertrag|mietvertrag|\w+verhältnis|durée|contrat|vigor|vigencia|contrato|vigore|durata|"
    r"contratto|warranty|guarantee|garantie|gewährleistung|garantía|garanzia|bail|abonnement|licen[cs]e)\b",
    re.IGNORECASE,
)
# A contract says of itself from when it is in force; the words may close around the date.
_IN_FORCE = later(
    r"\b(?:contract|agreement|lease|amendment|polic[iy]\w*|terms|this|vertrags?|mietvertrag|\w+vertrag|"
    r"vereinbarung|contrat|bail|avenant|convention|accord|contrato|acuerdo|convenio|contratto|accordo)\b"
    r"[^.;\n]{0,70}\b(?:tak(?:es?|ing)\s+effect|com(?:es?|ing)\s+into\s+(?:force|effect)|"
    r"enter(?:s|ing)?\s+into\s+(?:force|effect)|tritt|treten|gilt|gelten|wirksam|prend(?:ra)?\s+effet|"
    r"entre(?:ra)?\s+en\s+vigueur|entra(?:rá)?\s+en\s+vigor|surtirá\s+efectos?|"
    r"à\s+compter|entra\s+in\s+vigore|ha\s+efficacia|decorre|efficace)\b[^.;\n\d]{0,20}\Z",
    re.IGNORECASE,
)
# What takes place on a date, said shortly before it.
_EVENT = later(
    r"\b(?:held|tak(?:es?|ing)\s+place|took\s+place|scheduled|appointment|meeting|conference|hearing|"
    r"workshop|webinar|ceremony|flight|check-?in|check-?out|findet|stattfind\w*|sitzung|termin|"
    r"besprechung|réunion|rendez-vous|reunión|cita|riunione|appuntamento)\b[^.;\n]{0,30}\Z",
    re.IGNORECASE,
)
_TOWARDS = later(
    r"\b(?:until|till|before|by|after|next|since|through|to|between|bis|ab|jusqu\w*\W\w+|hasta|fino\s+al?)"
    r"\s+(?:the\s+|zum\s+|el\s+|au\s+)?\Z",
    re.IGNORECASE,
)
# "the agreement dated", "your letter dated": another document's date. "This agreement" is ours.
_REFERENCE = later(
    r"\b(?:the|your|our|his|her|their|my|said|that|an?|under|per)\s+(?:[\w-]+\s+){0,3}"
    r"(?:agreement|contract|lease|letter|invoice|e-?mail|order|report|deed|amendment|quote|"
    r"statement|notice|policy|minutes)s?\s*,?\s*(?:was\s+|were\s+)?\Z",
    re.IGNORECASE,
)
# "your letter of 3 May": a document that this one only speaks of.
_SPOKEN_OF = later(
    r"\b(?:letter|invoice|e-?mail|order|report|contract|agreement|lease|notice|quote|call|meeting|"
    r"schreibens?|briefe?s?|bestellung|auftrags?|lieferung|anfrage|gesprächs?|protokolls?|commande|"
    r"entretien|pedido|ordine|procès-verbal|minutes|acta|verbale|rechnung|vertrage?s?|angebote?s?|lettre|facture|contrat|carta|factura|"
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
_PLACE_LINE = later(rf"\s*(?:{_PLACE}|{_ARTICLE})?{_WEEKDAY}", re.IGNORECASE)
_OPENS = later(
    rf"\s*(?:(?:en|in|à|a|fait\s+à|fatto\s+a|hecho\s+en)\s+)?[^\W\d_][\w'\u2019-]*(?:\s[\w'\u2019-]+)?,\s*{_ARTICLE}",
    re.IGNORECASE,
)
_PLACED = later(rf"\s*{_PLACE}{_WEEKDAY}", re.IGNORECASE)
_COLUMN = later(r"\s{3,}|\t|\||_{2,}")  # what parts two signatures in a line
_SUBJECT = later(
    r"\W*(?:re|subject|betreff|betr|objet|asunto|oggetto|dear|hi|hello|sehr|lieber?|liebe|cher|ch\u00e8re|bonjour|estimad[oa]|hola|gentile|caro)\b",
    re.IGNORECASE,
)
# "PROTOKOLL der Sitzung vom": the day of the meeting is that of its minutes.
_MINUTES = later(
    r"[\s#*_]*(?!(?:the|das|les?|la|el|il|top)\b)(?:\w+\s+)?(?:minutes|protokoll|niederschrift|"
    r"ergebnisprotokoll|procès-verbal|compte[ -]rendu|acta|verbale|notulen)\b[^.;]*\Z",
    re.IGNORECASE,
)
# "Rechnung (380) Nr. 471102 vom", "Invoice # 17/507 issued at": what a paper calls itself, and of
# which day.
_NUMBERED_TITLE = later(
    r"[\s#*_|]*(?:(?!(?:zu[rm]?|für|gemäß|laut|lt|ihre?r?|unsere?r?|for|to|of|re|your|our|per|pour|"
    r"sur|votre|notre|para|su|per|vostra|nostra|betreff|mahnung|reminder)\b)[^\W\d_]+[\s-]+){0,2}?"
    r"\w*(?:rechnung|invoice|facture|factura|fattura|factuur|"
    r"rechnungskorrektur|gutschrift|credit\s+note|avoir|beleg|receipt|quittung)\b"
    r"(?:\s+(?:des|der)\s+[^\W\d_]+)?(?:\s*\([^()\n]{0,40}\)){0,2}[\s.:#|]*(?:(?:no|nr|num|number|nummer|num[ée]ro|n)\b)?[\s.:#\u00b0\u00ba|]*"
    r"(?=\S*\d)[\w./-]{2,24}[\s,|]+"
    r"(?:vom|von|of|dated|issued\s+(?:at|on)|du|en\s+date\s+du|de|del|van|date[:|\s]*)\s*(?:the\s+)?\Z",
    re.IGNORECASE,
)
_HEAD_LINES = 3
_PLACE_WORDS = 5  # a date line is a place and a date, not a sentence that ends in one
_LETTER_HEAD = 800  # characters in which a letter's date line stands, below two addresses
# The start of a period that a document covers: the last that can date it.
_PERIOD = later(
    r"\b(?:(?:polic(?:y|ies)|insurance|cover(?:age)?|contract|lease|rental|licen[cs]e|warranty|"
    r"subscription|service|billing|statement|validity)\s+(?:period|term)|period\s+of\s+(?:cover\w*|"
    r"insurance|validity)|period|term|valid|coverage|commencement\s+date|start\s+date|inception|"
    r"(?:vertrags|versicherungs)?(?:laufzeit|dauer|beginn)|versicherungszeitraum|zeitraum|gültig|"
    r"gültigkeit|mietbeginn|période|durée|valable|vigencia|periodo|período|duración|válid[oa]|"
    r"durata|validità|valid[oa])(?:\s+(?:of|de|di|der|des)\s+[\w\s-]{1,24}?)?\s*[:|]?\s*(?:is|are|runs?|läuft|vom?|von|"
    r"ab|from|between|du|de|dal?|del|desde|dès|à\s+partir\s+du|el|le|il|the|am|on|\s)*\Z",
    re.IGNORECASE,
)
_END = later(
    r"\b(?:until|till|to|through|by|bis|end\w*|jusqu\w*|hasta|fino|expir\w+)\b[^\n]{0,20}\Z",
    re.IGNORECASE,
)
_RANGE = later(r"\s*(?:[-\u2013\u2014]|to|until|through|bis|au|al?|hasta|fino al)\s*", re.I)
MEANT = 1  # the strength of a mention of which is said that it is another's
_SENTENCE = later(r"\n\s*\n(?=[^\n]{40})|(?<=[a-z)])[.;!?]\s+(?=[A-Z])")


def meaning(text: str, one: Found, since: int, last: DateKind | None) -> tuple[DateKind, int]:
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
            return DateKind.MENTIONED, PLAIN if passive else MEANT
        takes_effect = cue[0][:9].lower() == "effective"
        kind = DateKind.EFFECTIVE if takes_effect else DateKind.SIGNED
        ordered = cue[0][:5].lower() == "order"  # a bill names the day of the order, too
        return kind, (4 if weak else 2 if ordered else 1) + (0 if one.start < OPENING else 2)
    line_start = text.rfind("\n", 0, one.start) + 1
    if one.start < OPENING and _NUMBERED_TITLE.match(text, line_start, one.start):
        return DateKind.SIGNED, 4
    if one.start < OPENING and _IN_FORCE.search(text, max(0, one.start - 2 * _BEFORE), one.start):
        return DateKind.EFFECTIVE, 4
    if since and _RANGE.fullmatch(text[since : one.start]):
        begun = last in (DateKind.PERIOD, DateKind.STARTS, DateKind.EFFECTIVE)
        return (DateKind.EXPIRES if begun else DateKind.MENTIONED), MEANT
    if _PERIOD.search(before) and not _END.search(before):
        return DateKind.PERIOD, 9
    running = last in (DateKind.PERIOD, DateKind.STARTS, DateKind.EFFECTIVE)
    if _UNTIL.search(before) and (_ENDS_THEN.match(text, one.end) or (running and since >= offset)):
        return DateKind.EXPIRES, MEANT  # "beginnt am 1.9.2020 und ist bis zum 31.8.2023 befristet"
    if others:
        other = _other_meaning(before, words[-1] if words else None)
        lapses = other is DateKind.DUE and _LAPSES.match(words[-1][0])
        if lapses and (running or _is_lasting(text)):
            other = DateKind.EXPIRES  # "decorrenza dal 1° maggio 2016, scadenza il 30 aprile 2020"
        return other, MEANT
    kind, strength = _by_line(text, one)
    if kind is DateKind.MENTIONED and _EVENT.search(before):
        kind = DateKind.EVENT
    return kind, strength


def _is_lasting(text: str) -> bool:
    """Whether a text calls itself a contract or a policy, and no bill."""
    return bool(_LASTS.search(text, 0, _HEAD)) and not _PAYABLE.search(text, 0, _HEAD)


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
    if place >= OPENING:
        return False
    line = lead.rsplit("\n", 1)[-1].strip(" *_#|-")
    own = r"\b[Tt]h(?:is|ese)\b|\b[Mm]eeting\b|\b[Hh]ereby\b|\bNOW,? THEREFORE\b"
    return not line or re.search(own, lead) is not None


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


def _of_minutes(text: str, line_start: int, one: Found) -> bool:
    """Whether a day stands in one of the first lines, which says that these are minutes."""
    if one.form != "day" or one.start > _LETTER_HEAD:
        return False
    above = sum(bool(line.strip()) for line in text[:line_start].split("\n"))
    return above < _HEAD_LINES and _MINUTES.match(text, line_start, one.start) is not None


def _by_line(text: str, one: Found) -> tuple[DateKind, int]:
    """What a date without a cue means by the line that it stands in."""
    foot = one.start >= max(_LETTER_HEAD, len(text) - FOOT)
    line_start = text.rfind("\n", 0, one.start) + 1
    if _of_minutes(text, line_start, one):
        return DateKind.NAMED, 8
    if _SPOKEN_OF.search(text, max(line_start, one.start - _BEFORE), one.start):
        return DateKind.MENTIONED, MEANT
    if one.start >= _LETTER_HEAD and not foot:
        return DateKind.MENTIONED, PLAIN
    line_end = text.find("\n", one.end)
    line_end = len(text) if line_end < 0 else line_end
    lead, tail = text[line_start : one.start], text[one.end : line_end].strip(" \t\r.,")
    if foot:
        lead, tail = _COLUMN.split(lead)[-1], ""
        rest = _COLUMN.match(text, one.end) or not text[one.end : line_end].strip(" \t\r.,")
        placed = rest and len(lead.split()) <= _PLACE_WORDS and _PLACED.fullmatch(lead)
        signed = placed and one.form == "day"
        return (DateKind.SIGNED, 5) if signed else (DateKind.MENTIONED, PLAIN)
    alone = not tail and len(lead.split()) <= _PLACE_WORDS and _PLACE_LINE.fullmatch(lead)
    if alone and one.form in ("day", "month"):
        return DateKind.SIGNED, 0 if one.form == "day" else 3
    if one.form == "day" and tail and _OPENS.fullmatch(lead) and text[one.end] in ".,":
        return DateKind.SIGNED, 4  # "En Madrid, a 5 de febrero de 2019, reunidos"
    # A heading: one of the first two lines, short, neither a greeting nor a subject.
    above = [line for line in text[:line_start].split("\n") if line.strip()]
    short = line_end - line_start < 70 and len(tail) < 25
    if short and len(above) < 2 and not _SUBJECT.match(lead) and text[line_end - 1] != ".":
        return DateKind.NAMED, 9
    return DateKind.MENTIONED, PLAIN
