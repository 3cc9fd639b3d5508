"""Who the parties of a document are: by what introduces a name, an address, a letterhead."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from lsfs import bytewise
from lsfs.index.facts.dates import fold
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.facts.literals import Sought, Strings, at_lines, folded
from lsfs.index.fields.definitions import label_key, words_of
from lsfs.index.fields.forms import FIRM, LONGEST_NAME, Form, is_firm, is_name, name_at, party_key
from lsfs.index.fields.labels import Found
from lsfs.index.fields.meant import INSURES, ROLE_NAMES, role_of
from lsfs.index.fields.persons import of_certificate, of_life
from lsfs.index.fields.undertakings import AGREED, undertaken
from lsfs.patterns import later

FRONT = 4000  # characters in which a contract names its parties
ADDRESS_LINES = 40  # in which addresses of sender and receiver stand
LONGEST_ADDRESS = 120  # characters of a line
HEAD_LINES = 3  # in which a letterhead stands
TITLE_WORDS = 3  # of what a paper calls itself
LONGEST_LETTERHEAD = 2 * LONGEST_NAME  # characters that are looked at for the name on it
FOOT = 1500  # characters in which a letter is signed
SIGNED_LINES = 2  # below a signature in which the firm may stand
ROLE_CHARS = 200  # behind a name, in which it is said what a contract calls it

_BETWEEN = later(
    r"\b(?:between|zwischen|entre|tra|by and between)\b(?:\s+(?:the|les|los|der|den|undersigned|"
    r"soussignés?|abajo firmantes|Firma))*\s*[:,]?\s*",
    re.IGNORECASE,
)
_AND = later(
    r"(?:^|[\s,;)\u2013\u2014.-])(?:and|und|et|y|e)\s*[:,]?\s+"
    r"(?!(?:is|are|has|represented|wohnhaft|demeurant|domicili|with|provided|shall)\b)|&\s",
    re.IGNORECASE,
)
_NUMBERING = later(
    r"\s*(?:\(?[\dabAB]{1,2}[.)]\s*|[-\u2013\u2022*]\s*|"
    r"(?:(?:de|por) una parte|(?:de|por) (?:la )?otra(?: parte)?|d['\u2019]une part|"
    r"d['\u2019]autre part|da una parte|dall['\u2019]altra(?: parte)?),?\s*"
    r"(?:(?:el|la|los|las|le|les|il|lo|l['\u2019])\s+(?!soc|emp))?)*",
    re.I,
)
# What makes a name a party, right behind it: (the "Tenant"), - nachfolgend "Mieter" genannt -
_ROLE = later(
    r"\(?\s*(?:hereinafter|hereafter|the \W*(?:landlord|tenant|buyer|seller|client|contractor|"
    r"lender|borrower|employer|employee|provider|supplier|lessor|lessee)|im folgenden|nachfolgend|"
    r"nachstehend|ci-après|dénommée?|en adelante|di seguito)\b",
    re.IGNORECASE,
)
_DESCRIBED = later(r"\s*,|\s(?:of|aus|in|à|de|en)\s(?=[A-Z\d])")  # where it is, who it is
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
    r"cliente|proveedor|empleador|trabajador|empresa|prestador|prestatario|contratista|"
    r"contratante|cedente|cesionari[oa]|patrocinador|donante"
)
# Where a contract defines what it calls a party.
_DEFINED_BY_WORD = later(
    r"\b(?:hereinafter|hereafter|im folgenden|nachfolgend|nachstehend|ci-après|en adelante|"
    r"en lo sucesivo|di seguito)\b",
    re.IGNORECASE,
)
_DEFINED_IN_BRACKETS = later(
    r"\([\"\u201c\u201e\u00ab'\s]*(?:each an? |the |le |la |l['\u2019]|el |der |die )?"
    r"[\"\u201c\u201e\u00ab'\s]*"
    rf"(?:{_ROLES})(?:in|e|a)?[\"\u201d\u201c\u00bb'\s]*\)",
    re.IGNORECASE,
)
# Where a list of the parties tells it: "(1) Acme Ltd, the supplier".
_DEFINED_IN_LIST = later(
    rf"(?<=,)\s+(?:the|der|die|le|la|el)\s+(?:{_ROLES})(?:in)?[,;.]?[ \t]*"
    r"(?:\b(?:and|und|et|y)\b)?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
# "Seabank Borough Council and Ellingsen & Roth conclude a contract".
_AGREEING = later(
    r"^[ \t]*(?P<first>[^\W\d_a-zß-ÿ][^\n.;:]{2,120}?)\s(?:and|und|et|y|e)\s"
    r"(?P<second>[^\n.;:]{3,120}?),?\s"
    r"(?:hereby\s+|hiermit\s+)?(?:conclude|agree,?\s+(?:that|to|on|as)|enter\s+into|"
    r"have\s+(?:agreed|concluded|entered)|(?:schließen|vereinbaren)|conviennent|concluent|acuerdan|"
    r"celebran|convienen|stipulano|convengono)\b",
    re.MULTILINE,
)
# Where a name may begin before it: a line, a sentence, behind a word that leads to a name.
_BEGINS = later(
    r"^[ \t]*|(?<=[.;:,]\s)|\b(?:between|by|and|und|et|y|e|zwischen|entre|an|to|à|a|from|von|de|"
    r"parte,|part,|with|mit|avec|con)\s+",
    re.IGNORECASE | re.MULTILINE,
)
_TO_WHOM = later(
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
POSTAL = later(
    r"(?:^|[,|\u00b7\u2022\u25cf\u25aa\u25a0]|\s[-\u2013])\s*(?:[A-Z]{1,2}[- ])?"
    r"(?:\d{4,5}\s+[^\W\d_]|\d{5}[^\W\d_a-z\u00df-\u00ff][a-z\u00df-\u00ff])|"
    r"\b(?=[A-Z])(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]{2} \d{5}(?:-\d{4})?|"
    r"(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT),? \d{4}|[A-Z]\d[A-Z] \d[A-Z]\d)\s*$"
)
# A street: "7 Beck Row", "Oakwell Lane, Batley", "Gartenstraße 12", "Am Markt 1", "3 rue du Lac".
STREET = later(
    r"\s*(?:"
    r"(?:\d{1,4}[a-z]?,?\s+)?(?:[^\W\d_][\w'\u2019.-]*\s+){0,4}(?:lane|street|road|avenue|row|square|"
    r"close|drive|terrace|court|gardens|crescent|parade|quay|wharf)\b\.?|"
    r"(?:[^\W\d_][\w.-]*[ -]){0,3}[\w-]*(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ufer|damm)"
    r"\s+\d{1,4}\s?[a-z]?|"
    r"(?:am|an der|an den|auf dem|im|in der|zum|zur)\s(?:[^\W\d_][\w.-]*\s){1,3}\d{1,4}\s?[a-z]?|"
    r"\d{1,4}(?:\s?bis)?,?\s+(?:rue|avenue|av\.|boulevard|bd\.?|place|quai|chemin|impasse|allée)\s"
    r"[^\n,:|]*|"
    r"(?:calle|c/|avda\.?|avenida|plaza|paseo|via|viale|piazza|corso)\s[^\n:|]*\d{1,4}"
    r")\s*(?:,[^\n:|]*)?",
    re.IGNORECASE,
)
_ASIDE = later(
    r"\s*(?:[|\u00b7\u2022\u25cf\u25aa\u25a0]|\s[\u2013\u2014-]\s)"
)  # parts a letterhead's name and address
# "Nimbus Gases AG, Zug"
_TOWN = later(r"\s*(?:,|[|\u00b7\u2022\u2013-])\s*[^\W\d_a-zß-ÿ][^\W\d_]+(?:[ -][^\W\d_]+){0,3}\s*")
HOUSE = later(r"[^\W\d_][.,]?\s\d{1,4}\s?[a-z]?\s*$")
_BILL = later(
    r"^[\W_]*(?:(?:tax|vat|sales|service) |\w{0,16})(?:rechnung|rechnungskorrektur|"
    r"gutschrift|invoice|facture|factura|fattura|factuur|credit note|avoir)\b",
    re.IGNORECASE | re.MULTILINE,
)
REACHED = later(
    r"\W*(?:fon|phone|tel|telefon|telephone|téléphone|tél|teléfono|telefono|fax|telefax|mobil|mobile|"
    r"e-?mail|web|www|https?)\b|[^\s@]+@[^\s@]+\s*$",
    re.IGNORECASE,
)
_POLICY = later(r"\b(?:polic[ye]|p[óo]liza|polizza|police|polis)\b", re.IGNORECASE)
_TO = later(r"\s*(?:an|to|à)\s(?=\S+\s+\S)", re.IGNORECASE)  # whom a letter is for
_TRADE = later(r"\s*[,|\u00b7\u2022\u2013-]\s*[^\W\d_]+(?:[ -][^\W\d_]+){0,3}\s*")
_NO_NAME = later(r"[:,;]|\d{3}|\s\d+\w?\Z")
_CODED = later(
    r"\d(?:\d{3}(?:\s+[^\W\d_]|\s*\Z)|\d{4}|[A-Z]{2}\s*\Z|[A-Z]\d\s*\Z)"
)  # each POSTAL has one
_WRITTEN_LINE = later(r"[^\n]*\S[^\n]*")
_MAIL_HEAD = later(r"(?:(?:From|To|Cc|Subject|Date|Attachment): [^\n]*\n+)+")
_IN_BRACKETS = later(r"\s*\([^()]{0,200}\)\s*,?\s*")
_DEAR = later(
    r"^[ \t]*(?:(?:dear|sehr geehrte[rs]?|liebe[rs]?|cher|chère|estimad[oa]|gentile|hi|hello|"
    r"guten tag|bonjour|hola|good (?:morning|day))\s+|"
    r"(?:madame|monsieur)\s+(?=[^\n,]{2,40},[ \t]*$))",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSING = later(
    r"^[ \t]*(?:(?:yours|kind|best|warm|with kind|with best) (?:sincerely|faithfully|truly|regards)"
    r"|(?:yours |very )?(?:sincerely|truly)(?: yours)?|regards|respectfully(?: yours)?|"
    r"(?:mit )?(?:freundliche|beste|herzliche|liebe|viele)n? gr[üu](?:ß|ss)en?|hochachtungsvoll|"
    r"cordialement|bien (?:cordialement|à vous)|"
    r"(?:sincères |meilleures )?salutations(?: distinguées)?|"
    r"[^\n]{0,80}(?:salutations distinguées|sentiments (?:distingués|les meilleurs))|atentamente|"
    r"with (?:many thanks|thanks and regards)|(?:with |many )?thanks|thank you|es grüßt sie|"
    r"best wishes|met vriendelijke groet(?:en)?|mvh|reciba un saludo|saludos|un saludo|"
    r"(?:un )?cordial(?:es)? saludos?|saludos cordiales|cordiali saluti|distinti saluti)"
    # The name may stand in the same line: "Kind regards, Ann Pell".
    r"(?:[ \t]*[,.]?[ \t]*\n\s*|"
    r"[ \t]*,[ \t]*(?=(?-i:(?:[^\W\d_a-zß-ÿ][\w.'\u2019-]*[ \t]*){1,4}$)))",
    re.IGNORECASE | re.MULTILINE,
)


# Behind a name, its address aside: "(the Client)", "ci-après « le Prestataire »", "as tenant".
_BLANK = r"(?:[^\S\n]|\n(?!\s*\n))"  # not between two paragraphs
_CALLED = later(
    rf"(?:(?:{_BLANK}|[,(])*(?:[^\W\d_]+(?:{_BLANK}|:)+){{0,5}}?(?:{_BLANK}|[^\w\s]){{0,2}}|"
    r".*?(?:[(\u00ab\u201c\u201e\"]|hereinafter|hereafter|folgenden|nachfolgend|nachstehend|"
    r"ci-apres|adelante|sucesivo|seguito)[^\w)]*(?:[^\W\d_]+[^\w)]+){0,3}?)"
    rf"(?P<role>{'|'.join(sorted(map(re.escape, ROLE_NAMES), key=len, reverse=True))})\b",
    re.DOTALL,
)
_DEFINITION = Sought(_DEFINED_BY_WORD)
_TRANSFER = Sought(_TO_WHOM, _TO_WHOM_NEEDS)
_BETWEEN_TWO = Sought(_BETWEEN)
_BETWEEN_WORDS = Strings(("between", "zwischen", "entre", "tra", "by and between"))
_AGREEMENT = Sought(_AGREEING)
_ROLE_WORDS = Sought(_ROLES, flags=re.IGNORECASE).needs
_IN_BRACKETS_ROLE = Sought(_DEFINED_IN_BRACKETS, _ROLE_WORDS)
_IN_LIST_ROLE = Sought(_DEFINED_IN_LIST, _ROLE_WORDS)
_NEEDED = Strings(
    need
    for sought in (
        _DEFINITION, _TRANSFER, _BETWEEN_TWO, _AGREEMENT, AGREED, _IN_BRACKETS_ROLE, _IN_LIST_ROLE,
    )
    for need in sought.needs
)  # fmt: skip


def parties(text: str) -> Iterator[Found]:
    """The parties of a contract, who wrote a letter to whom, and whose paper it is on."""
    front = text[:FRONT]
    own = of_life(text)
    if own is not None:  # all else are those whom somebody worked for, and where
        yield Found("party", own, "own paper", 0.8)
        return
    yield from of_certificate(text)
    yield from _with_roles(text, list(_of_contract(text, front)))
    yield from (Found("party", form, "addressee", 0.66) for form in _addressee(text, front))
    paper = list(on_paper(text, 0, len(text)))
    named = [*_addressed(front), *_above_streets(front)]
    billed = _billed(front, paper, named)
    yield from (Found("party", form, "addressee", 0.66) for form in billed)
    yield from (Found("party", form, "address", 0.65) for form in named)
    yield from _of_letter(text, front)
    yield from paper


def _of_contract(text: str, front: str) -> Iterator[Found]:
    held = _NEEDED.held(folded(front))
    for match in _leading(front) if _BETWEEN_TWO.may_match(held) else ():
        pair = _pair(text, match.end())
        # "zwischen Übergabe und Rückgabe" names nobody.
        if any(" " in form.normal or is_firm(text[form.start : form.end]) for form in pair):
            yield from (Found("party", form, "between", 0.85) for form in pair)
            break
    if _AGREEMENT.may_match(held):
        yield from (Found("party", form, "between", 0.8) for form in _agreeing(front))
    if _TRANSFER.may_match(held):
        yield from (Found("party", form, "transfer", 0.75) for form in _transferred(front))
    if AGREED.may_match(held):
        yield from undertaken(front)
    defined: list[re.Match[str]] = []
    for sought in (_IN_BRACKETS_ROLE, _DEFINITION, _IN_LIST_ROLE):
        if sought.may_match(held):
            defined += sought.pattern.finditer(front)
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
    lines = _address_lines(front)
    for n, line in enumerate(lines):
        if len(line[0]) > LONGEST_ADDRESS or ":" in line[0] or not POSTAL.search(line[0]):
            continue
        firm = name_at(front, *line.span())
        if firm and is_firm(front[firm.start : firm.end]):  # "Acme Ltd, 8 Mill Lane, Leeds LS2 7EW"
            yield firm
            continue
        above = 1 if "," in line[0] else 2
        street = lines[n - above + 1][0] if n >= above else ""
        if not any(map(str.isdigit, street)) and not STREET.fullmatch(street):
            continue
        if above == 2 and POSTAL.search(lines[n - 1][0]):
            continue  # a sender's line below the address that it repeats
        if above == 2 and n > above and _is_street(lines[n - 2][0], lines[n - 1][0]):
            above = 3
        form = name_at(front, *lines[n - above].span())
        rest = front[form.end : lines[n - above].end()] if form else ""
        if form and is_name(front, form) and (not rest.strip(" .,") or _ASIDE.match(rest)):
            yield form


def _above_streets(front: str) -> Iterator[Form]:
    """Names with a line to themselves above a street: who a letter or an invoice is sent to."""
    lines = itertools.islice(re.finditer(r"[^\n]+", front), 2 * ADDRESS_LINES)
    for line, below in itertools.pairwise(lines):
        if len(line[0]) > LONGEST_NAME or front[line.end() : below.start()] != "\n":
            continue
        if len(below[0]) > LONGEST_NAME or not STREET.fullmatch(below[0]):
            continue
        form = name_at(front, *line.span())
        if form is None or " " not in form.normal or front[form.end : line.end()].strip(" .,"):
            continue
        if is_name(front, form) and not kinds_in(line[0].split()):
            yield form


def _address_lines(front: str) -> list[re.Match[str]]:
    """The lines of addresses at the head of a text.

    How to reach the writer may stand in a column beside them, and so between them.
    """
    every = itertools.islice(_WRITTEN_LINE.finditer(front), ADDRESS_LINES)
    return [line for line in every if not REACHED.match(line[0])]


def _is_street(line: str, below: str) -> bool:
    """Whether a line above another part of an address is a street, and nobody's name."""
    return HOUSE.search(line) is not None and not is_firm(line) and not below[:1].isdigit()


def _addressee(text: str, front: str) -> Iterator[Form]:
    """To whom a bill goes: below the line in which the sender's whole address stands."""
    if next(at_lines(_BILL, front), None) is None:
        return
    lines = _address_lines(front)
    for n, line in enumerate(lines[:-1]):
        form = sender(text, line.start(), line.end())
        if form is None:
            continue
        below = name_at(text, *lines[n + 1].span())
        whole = below is not None and not text[below.end : lines[n + 1].end()].strip(" .,")
        if below is not None and whole and is_name(text, below) and below.normal != form.normal:
            yield below
        return


def sender(text: str, start: int, end: int) -> Form | None:
    """Who writes, by a line with a whole address: "Acme - 8 Mill Lane - Leeds LS2 7EW".

    It stands small above the address of who gets the letter (DIN 5008), whatever the name is like:
    "shop.example | Am Markt 3 | 12345 Stadt".
    """
    parted = _ASIDE.search(text, start, end)
    if parted is None or not POSTAL.search(text, parted.start(), end):
        return None
    form = name_at(text, start, parted.start())
    if form is not None and not text[form.end : parted.start()].strip(" .,"):
        return form
    written = text[start : parted.start()].strip()
    is_alone = _ASIDE.search(text, parted.end(), end) is None
    if is_alone or not written[:1].isalpha() or len(written) > LONGEST_NAME:
        return None
    if _NO_NAME.search(written) or kinds_in(written.split()):
        return None
    at = text.index(written, start)
    return Form(at, at + len(written), party_key(written))


def _billed(front: str, paper: Sequence[Found], named: Sequence[Form]) -> Iterator[Form]:
    """To whom a bill goes: the only other one above an address, below the sender's letterhead."""
    if not paper or not named or _BILL.search(front) is None:
        return
    others = {form.normal: form for form in named if form.normal != paper[0].form.normal}
    if len(others) == 1:
        (other,) = others.values()
        above = front[: paper[0].form.start].rstrip().rpartition("\n")[2]
        is_buyer = role_of(f"label: {label_key(words_of(above))}") == "customer"
        if paper[0].form.end < other.start and not is_buyer:
            yield other


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
            yield from (Found("party", firm, "sender", 0.66) for firm in _firm_below(text, end))


def _firm_below(text: str, end: int) -> Iterator[Form]:
    """The firm that somebody writes for: below the name, or below what he does there."""
    lines = _WRITTEN_LINE.finditer(text, end) if end >= 0 else iter(())
    for line in itertools.islice(lines, SIGNED_LINES):
        form = name_at(text, *line.span())
        if form is not None and is_firm(line[0]) and not text[form.end : line.end()].strip(" .,"):
            yield form
            return


def _in_full(text: str, last: Form, before: int) -> Form | None:
    """The whole name above a salutation that has only the last one: "Dear Ms Nair", Priya Nair."""
    ending = re.escape(text[last.start : last.end])
    line = re.compile(rf"^[ \t]*(?:\S+[ \t]+){{1,4}}{ending}[ \t]*$", re.MULTILINE)
    match = line.search(text, 0, before)
    form = name_at(text, match.start(), match.end()) if match else None
    return form if form and form.end == (match.end() if match else -1) else None


def on_paper(text: str, start: int, end: int) -> Iterator[Found]:
    """Whose paper a stretch of text is on."""
    form = _letterhead(text, start, end)
    if form:
        yield Found("party", form, "letterhead", 0.66)  # tells more than an address
        return
    form = _above_title(text, start, end) or _insurer(text, start, end)
    if form:
        yield Found("party", form, "letterhead", 0.66)


def _above_title(text: str, start: int, end: int) -> Form | None:
    """Who is named in the first line, without a legal form, above what the paper calls itself."""
    lines = itertools.islice(_WRITTEN_LINE.finditer(text, start, end), 1 + HEAD_LINES)
    first, *others = [*lines, None]
    if (
        first is None
        or len(first[0].split(None, 1)) < 2
        or not any(line and _is_title(line[0]) for line in others)
    ):
        return None
    form = name_at(text, *first.span())
    rest = text[form.end : first.end()] if form is not None else ""
    # "Owen Price, film editor" says what he does.
    whole = form is not None and (not rest.strip(" .,#*") or _TRADE.fullmatch(rest))
    named = whole and not kinds_in(first[0].split())  # not "Invoice Template"
    return form if named else None


def _insurer(text: str, start: int, end: int) -> Form | None:
    """Who is named in the first line and says there that it insures: "Mutua de Navegantes"."""
    first = _WRITTEN_LINE.search(text, start, end)
    if first is None or len(first[0]) > LONGEST_LETTERHEAD or not INSURES.search(first[0]):
        return None
    form = name_at(text, *first.span())
    if form is None or " " not in form.normal or not is_name(text, form):
        return None
    rest = text[form.end : first.end()].strip()
    return form if rest.startswith(",") or (not rest and _POLICY.search(text, 0, FRONT)) else None


def _is_title(line: str) -> bool:
    """Whether a line is the name of a paper that suppliers write: "TAX INVOICE", "Angebot 17"."""
    words = line.strip(" #*_").split(None, TITLE_WORDS)
    return 0 < len(words) <= TITLE_WORDS and bool(kinds_in(words) & {"invoice", "quote", "receipt"})


def _letterhead(text: str, start: int, end: int) -> Form | None:
    """The company whose name is one of the first lines."""
    first = _MAIL_HEAD.match(text, start)
    lines = _WRITTEN_LINE.finditer(text, first.end() if first else start, end)
    for line in itertools.islice(lines, HEAD_LINES):
        if len(line[0].rstrip(" .,")) > LONGEST_LETTERHEAD and not _CODED.search(line[0]):
            continue  # neither the name alone nor its address with it
        form = name_at(text, *line.span()) or sender(text, *line.span())
        if form is None or _TO.match(line[0]):
            continue
        rest = text[form.end : line.end()]
        firm = is_firm(text[form.start : form.end])
        # "Acme Ltd", or with its address in the same line: "Acme - 8 Mill Lane, Leeds LS2 7EW".
        addressed = _ASIDE.match(rest) or (firm and rest.lstrip(" .").startswith(","))
        if (addressed and POSTAL.search(rest)) or (firm and not rest.strip(" .,")):
            return form
        if firm and _TOWN.fullmatch(rest):
            return form
    return None


def _pair(text: str, start: int) -> tuple[Form, ...]:
    """Two names joined by "and", with what is said of each in between; () when they are not."""
    first = _name(text, start)
    if first is None:
        return ()
    found = _of_two_names(text, first) or _joined(text, first)
    inner = _INNER.search(text, first.start, first.end)
    one_firm = (
        inner and inner[0].lstrip().startswith("&") and is_firm(text[first.start : first.end])
    )
    if (
        not found and inner and not one_firm
    ):  # "A and B Ltd" were read as one firm, and there is no other party
        shorter = name_at(text, first.start, inner.start())
        found = _joined(text, shorter) if shorter else ()
    return found


def _of_two_names(text: str, first: Form) -> tuple[Form, ...]:
    """A firm called by two names, "Hollis and Reid Architects", and who is named behind it."""
    whole = name_at(text, first.start, min(len(text), first.start + 120))
    if whole is None or whole.end <= first.end or " " in text[first.start : first.end]:
        return ()
    return _joined(text, whole)


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
        if _DESCRIBED.match(described) and len(described) < 200:
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
_SECOND = later(rf"\s(?:and|und|et|y|e)\s(?!\s*(?i:{_COMPANIONS})\b)")
_INNER = later(rf"{_SECOND.pattern}|&\s(?!\s*(?i:{_COMPANIONS})\b)")


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
