"""What kind of document a file is, by rules that can be read and explained.

What a document calls itself, in its title and first lines, speaks loudest; then how it is built
("the parties agree", "Amount due", "Dear … Sincerely"); then what the file and its folder are
called. A document *about* contracts names another kind first, or names the contract after a
preposition, and is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from lsfs.index.facts.dates import MONTHS, fold
from lsfs.index.facts.kindwords import ASKED_PLURALS, broad_names, kin, plural_in_form
from lsfs.model import BlockKind, Document

__all__ = ["Kind", "broad_names", "kin", "kind_of", "kinds_in", "kinds_of_many"]

_LINES = 4  # first lines that may be a title
_CLEAR = 3.0  # points below which a kind is not clear
_NAME_CLEAR = 2.0  # the same, for what a file's own name says
_TITLE, _TITLE_PART, _STEM, _FOLDER = 5.0, 2.5, 2.2, 1.5
CALLS_ITSELF = "calls itself"  # in the reason of a kind
_EXACT = 10.0
_LED = 1.5  # for a name that begins with its kind; enough when a scan has no text


def _table(text: str) -> dict[str, str]:
    """``kind: term term`` line by line, as a mapping from term to kind."""
    table = {}
    for line in text.strip().splitlines():
        kind, _, terms = line.partition(":")
        table.update({term.replace("_", " "): kind.strip() for term in terms.split()})
    return table


# Folded, singular; "_" joins the words of a term. English terms get a plural below.
_ENGLISH = _table(
    """
    contract: contract agreement lease nda non_disclosure_agreement non-disclosure_agreement deed
    contract: terms_of_service terms_of_engagement terms_of_use terms_and_conditions
    contract: letter_of_intent subcontract
    contract: addendum amendment licence_agreement license_agreement service_level_agreement sla
    contract: statement_of_work memorandum_of_understanding offer_of_employment employment_offer
    contract: engagement_letter bill_of_sale promissory_note tenancy sublease settlement_agreement
    invoice: invoice tax_invoice bill pro_forma_invoice credit_note credit_memo adjustment_note
    receipt: receipt sales_receipt payment_receipt payment_confirmation proof_of_payment
    letter: letter cover_letter covering_letter letter_of_recommendation notice_letter
    report: report annual_report status_report analysis assessment audit survey_results study
    report: executive_summary review white_paper whitepaper evaluation
    minutes: minutes meeting_minutes minutes_of_meeting meeting_notes protocol_of_meeting
    email: email e-mail mail
    resume: resume cv curriculum_vitae
    statement: bank_statement account_statement statement_of_account credit_card_statement statement
    policy: policy privacy_policy code_of_conduct insurance_policy guidelines data_protection_policy
    presentation: presentation slide_deck slides pitch_deck slideshow
    notes: notes note memo memorandum journal diary to-do todo_list lecture_notes shopping_list
    newsletter: newsletter bulletin news_digest weekly_digest press_release
    manual: manual user_guide handbook guide instructions tutorial how_to readme installation_guide
    paper: paper research_paper thesis dissertation preprint essay article
    code: source_code script
    form: form application_form questionnaire registration_form claim_form checklist consent_form
    quote: quote quotation estimate price_quote proposal offer tender bid
    order: purchase_order order order_confirmation work_order sales_order
    """
)
_FOREIGN = _table(
    """
    contract: vertrag vertrage vereinbarung vereinbarungen mietvertrag arbeitsvertrag kaufvertrag
    contract: contrat contrats contrat_de_bail contrat_de_travail bail baux avenant convention
    contract: accord_de_confidentialite accord-cadre accords-cadres
    contract: contrato contratos acuerdo acuerdos convenio contrato_de_arrendamiento
    contract: contratto contratti accordo accordi contratto_di_locazione
    invoice: rechnung rechnungen facture factures factura facturas fattura fatture factuur facturen
    invoice: gutschrift gutschriften rechnungskorrektur note_de_credit nota_de_credito
    invoice: nota_di_credito creditnota
    receipt: quittung quittungen kassenbon recu recus recibo recibos ricevuta ricevute scontrino
    letter: brief briefe schreiben anschreiben lettre lettres carta cartas lettera lettere
    report: bericht berichte rapport rapports informe informes
    report: rapporto rapporti relazione relazioni
    minutes: protokoll protokolle sitzungsprotokoll compte_rendu comptes_rendus proces-verbal acta
    minutes: actas verbale verbali
    email: e-mails courriel courriels correo correos
    resume: lebenslauf curriculum hoja_de_vida
    statement: kontoauszug kontoauszuge releve_bancaire releve_de_compte extracto_bancario
    statement: estratto_conto
    policy: richtlinie richtlinien politique politica regolamento
    presentation: prasentation prasentationen presentacion presentazione
    notes: notiz notizen notas appunti
    newsletter: rundbrief rundbriefe boletin
    manual: handbuch handbucher anleitung bedienungsanleitung
    manual: mode_d'emploi manuale manuel guia guida
    paper: aufsatz dissertationen tesis tesi these
    form: formular formulare formulaire formulaires formulario modulo
    quote: angebot angebote kostenvoranschlag devis presupuesto presupuestos preventivo preventivi
    order: bestellung bestellungen auftragsbestatigung bon_de_commande pedido pedidos ordine
    """
)
_COMPOUNDS = (
    ("vertrag", "contract"), ("vertrage", "contract"), ("vereinbarung", "contract"),
    ("rechnung", "invoice"), ("rechnungen", "invoice"), ("bericht", "report"),
    ("berichte", "report"), ("protokoll", "minutes"), ("angebot", "quote"),
    ("vertragen", "contract"), ("vereinbarungen", "contract"), ("protokolle", "minutes"),
    ("angebote", "quote"), ("bestellungen", "order"), ("auszuge", "statement"),
    ("bestellung", "order"), ("auszug", "statement"), ("handbuch", "manual"),
    ("formular", "form"), ("richtlinie", "policy"),
)  # fmt: skip
_FALSE_COMPOUNDS = frozenset(("abrechnung", "berechnung", "lohnabrechnung", "auszug"))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PARTS = _words("article form order section clause")
_OTHER_HEADS = _words("law laws management manager spend spending overview basics negotiations")
# An extension of a contract is one, as its amendment is.
_CARRIER = re.compile(
    r"^(?:extension|renewal|prolongation|supplement|annex) (?:of|to) (?:the |our |your )?",
    re.IGNORECASE,
)


def _plural(term: str) -> str:
    if term.endswith(("ss", "x", "sh", "ch")):
        return term + "es"
    if term.endswith("y") and term[-2] not in "aeiou":
        return term[:-1] + "ies"
    return term if term.endswith("s") else term + "s"


_PLURALS = {_plural(term): kind for term, kind in _ENGLISH.items()} | {"analyses": "report"}
_PLURALS |= {"policies": "policy", "cvs": "resume", "résumé": "resume"}
_TERMS = _ENGLISH | _FOREIGN
_ASKED = ASKED_PLURALS | _TERMS | _PLURALS  # what a question may call the kinds
_LONGEST = 4
# In a question these singulars are mostly something else ("in order to", "what form of").
_VAGUE = _words(
    """order form code paper quote note bill review offer article statement guide analysis study
    script mail deed bid tender terms bail modulo acta convention brief these carta guia
    survey estimate audit assessment evaluation proposal instructions"""
)

# --- where a title's own noun ends

_CUT = _words(
    """of on about for regarding concerning to between with from by in at re against under per
    into uber zum zur von vom fur mit zwischen betreffend sur de du des d pour avec entre
    sobre con para su di del della per tra fra which that how why what when is are was the
    and und et y e or a an dated our your we you i changed signed will"""
)
_VERBS = _words(
    """signs wins loses awards announces gets breaks extends renews ends seeks rejects approves
    reviews cancels closes lands secures negotiate negotiating write writing sign signing read
    reading end ending understanding managing send sending need needs"""
)
_IGNORED = _words(
    """no nr number num draft final copy version v rev signed fully executed scan gmbh inc ltd
    llc ag template sample original duplicate page ref id"""
) | frozenset(MONTHS)
_DROP_LINE = re.compile(
    r"\W*(?:re|subject|betreff|betr|objet|asunto|oggetto|cc|attn|attachments?|encl\w*)\b\s*[.:]",
    re.IGNORECASE,
)
_SALUTATION = re.compile(
    r"^[ \t]*(?:dear\b|to whom it may concern|hi\b|hello\b|sehr geehrte|liebe[rs]?\b|"
    r"(?:cher|chère|madame|monsieur)\b[^\n]{0,40},|estimad[oa]s?\b|muy señor|gentile\b|egregio\b|"
    r"spett)",
    re.IGNORECASE | re.MULTILINE,
)
_TOKEN = re.compile(r"[^\W_]+(?:[-'\u2019][^\W_]+)*|[:;|()\[\]\u2013\u2014]|\s-\s")
# Words that begin what a verb is about.
_OBJECTS = frozenset(("a", "an", "the", "that", "this", "these", "no", "any"))
_CODE_SUFFIXES = _words(
    "py c h cc cpp hpp rs go js ts jsx tsx java kt rb sh sql cs swift scala lua pl php r jl"
)
_ROWS = "spreadsheet"
_MEDIA = (
    (re.compile(r"\Amessage/|\Aapplication/mbox|outlook"), "email", 10.0),
    (re.compile(r"presentation|powerpoint"), "presentation", 6.0),
    (re.compile(r"spreadsheet|ms-excel|/csv|tab-separated"), _ROWS, 4.0),
    (re.compile(r"\Atext/x-(?!markdown|rst|log|web|tex)|javascript|x-sh\b|x-python"), "code", 10.0),
)


class Kind(Struct, frozen=True):
    """The kind of a document.

    Attributes:
        name: "contract", "invoice", …; "" when nothing is clear.
        score: the points that speak for it; comparable between files.
        reason: what spoke for it, in words.
    """

    name: str = ""
    score: float = 0.0
    reason: str = ""


def kind_of(document: Document, path: str) -> Kind:
    """The kind of a document, by its title, its structure, its names and its media type.

    Args:
        document: the file as read; it may hold no text.
        path: its path relative to the drive.
    """
    points: dict[str, list[tuple[float, str]]] = {}

    def add(kind: str, weight: float, why: str) -> None:
        points.setdefault(kind, []).append((weight, why))

    from lsfs.index.facts.einvoice import einvoice

    if einvoice(document) is not None:
        return Kind("invoice", _EXACT, "structured invoice")
    for kind, weight, why in _by_media(document, path):
        add(kind, weight, why)
    titled = _by_title(document)
    if titled is not None:
        add(*titled)
    # What is asked for has its kind from its words alone; only documents are looked through.
    from lsfs.index.facts.kindcues import by_structure

    for kind, weight, why in by_structure(document.text):
        add(kind, weight, why)
    for kind, weight, why in _by_name(path):
        if kind != "letter" or not _is_english_brief(document.text, path):
            add(kind, weight, why)
    own = titled[0] if titled is not None and titled[1] >= _TITLE else ""
    if own and own != "contract":
        # It calls itself something else: what it says of contracts is its topic.
        points.pop("contract", None)
    return _strongest(points, own, scanned=not document.text.strip())


def _is_english_brief(text: str, path: str) -> bool:
    """Whether a file called "brief" is no German letter, but an English text: a project's brief."""
    words = fold(path.rsplit("/", 1)[-1]).rpartition(".")[0]
    if "brief" not in re.split(r"[\W_]+", words):
        return False
    from lsfs.index.groups.languages import language_of

    return language_of(text)[0] == "English" and not _SALUTATION.search(text[:1500])


def _strongest(points: dict[str, list[tuple[float, str]]], own: str, *, scanned: bool) -> Kind:
    totals = {kind: sum(weight for weight, _ in found) for kind, found in points.items()}
    if not totals:
        return Kind()
    # At equal points what it calls itself wins, then the name in order: always the same answer.
    name = max(totals, key=lambda kind: (totals[kind], kind == own, kind))
    named = any(why.startswith("file name") for _, why in points[name])
    enough = _NAME_CLEAR if named else _CLEAR
    if totals[name] < (min(enough, _LED) if scanned else enough):
        return Kind()
    reason = ", ".join(dict.fromkeys(why for _, why in points[name]))
    return Kind(name, round(totals[name], 1), reason)


def _by_media(document: Document, path: str) -> Iterator[tuple[str, float, str]]:
    for pattern, kind, weight in _MEDIA:
        if pattern.search(document.media_type):
            yield kind, weight, f"media type {document.media_type}"
    suffix = path.rsplit("/", 1)[-1].rpartition(".")[2].lower()
    if suffix in _CODE_SUFFIXES:
        yield "code", 10.0, f"ending .{suffix}"


def _by_title(document: Document) -> tuple[str, float, str] | None:
    """What the title, the first heading or one of the first lines calls the document."""
    best: tuple[str, float, str] | None = None
    for line in _title_lines(document):
        read = _head(line)
        if read is not None and (best is None or read[1] > best[1]):
            best = read[0], read[1], f"{CALLS_ITSELF} {line.strip()[:60]!r}"
    return best


def _title_lines(document: Document) -> list[str]:
    lines = [document.title] if document.title else []
    head = document.text[:1500]
    salutation = _SALUTATION.search(head)
    if salutation is not None:  # below it a letter speaks, and its subject is its topic
        head = head[: salutation.start()]
    short = [line for line in head.split("\n") if line.strip() and len(line) < 90]
    # A long line is prose; what follows it is no title.
    lines += short[:_LINES]
    if salutation is None:
        titles = (b for b in document.blocks[:8] if b.kind in (BlockKind.TITLE, BlockKind.HEADING))
        lines += [block.text for block in titles][:1]
    lines = [line for line in lines if not line.startswith("@")]  # an entry of a bibliography
    # "Date: 3 May | Invoice no.: 17" is a row of a list, and no list is what its rows are about.
    if any(pattern.search(document.media_type) for pattern, kind, _ in _MEDIA if kind == _ROWS):
        lines = [line for line in lines if " | " not in line]
    return [line for line in lines if not _DROP_LINE.match(line) and not _sentence(line)]


def _sentence(line: str) -> bool:
    """Whether a line is prose, not a title."""
    words = line.split()
    if (
        not words
        or len(words) > 14
        or words[0].lower() in ("this", "these", "i", "we", "please", "my")
    ):
        return True
    return len(words) > 4 and line.rstrip().endswith((".", ",", "?", "!"))


def named_by(line: str) -> str:
    """The kind that a title or a subject names; "" for none."""
    read = _head(line)
    return read[0] if read is not None else ""


def _head(line: str) -> tuple[str, float] | None:
    """The kind that a title names, before its colon or after it ("The Tool: User Manual")."""
    read = [_noun(part) for part in line[:200].split(":", 1)]
    return max(filter(None, read), key=lambda one: one[1], default=None)


def _noun(line: str) -> tuple[str, float] | None:
    """The kind that a title's main noun names: "lease" in "Lease for the Acme building".

    Returns:
        The kind and its weight, full when the noun ends its phrase; None when it names none.
    """
    tokens = [match[0] for match in _TOKEN.finditer(_CARRIER.sub("", line))]
    words = [fold(token) for token in tokens]
    i, last, after, described = 0, None, 0, False
    while i < len(words):
        read = None if _numbered_part(words, i) else _term(words, i, _TERMS)
        if read is not None:
            last, i = read, i + read[1]
            after = 0
            continue
        word = words[i]
        if word in _CUT or not word[:1].isalnum():
            if last is not None or described or word in ("how", "why", "what", "about"):
                break
            if word not in ("the", "a", "an", "our", "your") and word[:1].isalnum():
                break
        elif last is None and word in _VERBS:
            return None  # a headline: "Council signs contract with builder"
        elif last is not None and after == 0 and _other_head(tokens, i, last[2]):
            last, described = None, True  # "Contract law for beginners" is about law
        elif not (re.search(r"\d", word) or word in _IGNORED or len(word) == 1):
            after += 1
        i += 1
    if last is None:
        return None
    whole = after == 0 or last[2] in _FOREIGN
    return last[0], _TITLE if whole else _TITLE_PART


def _numbered_part(words: list[str], i: int) -> bool:
    """Whether a word only counts parts of a document: "Article 3", "form 2"."""
    return words[i] in _PARTS and i + 1 < len(words) and words[i + 1][:1].isdigit()


def _other_head(tokens: list[str], i: int, term: str) -> bool:
    """Whether the word behind a term is what the phrase is really about.

    Names that follow a kind are capitalised ("Lease Miller"); in a title that is not all capitals
    or all small letters, a small word there is the noun that the kind only describes.
    """
    word = tokens[i]
    described = word.islower() and tokens[0][:1].isupper() and term not in _FOREIGN
    return fold(word) in _OTHER_HEADS or described


def _term(words: list[str], i: int, terms: dict[str, str]) -> tuple[str, int, str] | None:
    """The longest term at word ``i``: its kind, its number of words, itself."""
    for count in range(min(_LONGEST, len(words) - i), 0, -1):
        term = " ".join(words[i : i + count])
        if term in terms:
            return terms[term], count, term
    word = words[i]
    false = word in _FALSE_COMPOUNDS or word.endswith(("abrechnung", "abrechnungen"))
    if len(word) > 9 and not false:
        for ending, kind in _COMPOUNDS:
            if word.endswith(ending):
                return kind, 1, ending
    return None


def _by_name(path: str) -> Iterator[tuple[str, float, str]]:
    """What the file and its folders are called."""
    *folders, name = path.split("/")
    stem = name.rpartition(".")[0] or name
    # Not "_" and "-": a name's words are joined by them, as a title's are by spaces.
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[_+.\-]|(?<=[A-Za-z])(?=\d)", " ", stem)
    read = _head(spaced) or _head_plural(spaced)
    if read is not None:
        led = _term(fold(spaced).split() or [""], 0, _TERMS)
        whole = _STEM * read[1] / _TITLE
        # "contract_acme_2021": the kind leads, and a name follows.
        weight = max(whole, _LED) if led is not None and led[0] == read[0] else whole
        yield read[0], weight, f"file name {name!r}"
    if (said := by_folders(folders)) is not None:
        yield said[0], _FOLDER, f"folder {said[1]!r}"


def by_folders(folders: Sequence[str]) -> tuple[str, str] | None:
    """The kind that the nearest folder with one in its name speaks for, and that name."""
    for folder in reversed(folders):
        kinds = kinds_in(re.split(r"[\W_]+", folder))
        if len(kinds) == 1:
            return kinds.pop(), folder
    return None


def _head_plural(line: str) -> tuple[str, float] | None:
    words = fold(line).split()
    found = [_PLURALS[word] for word in words if word in _PLURALS]
    return (found[-1], _TITLE_PART) if found else None


def kinds_in(words: Iterable[str]) -> set[str]:
    """The kinds of document that the words of a question ask for.

    Args:
        words: in their order; of neighbours that each name a kind ("invoice policy") the last
            counts.
    """
    folded = [fold(word).strip(".,;:!?()\"'\u2019") for word in words]
    kinds: set[str] = set()
    i, run = 0, ""
    while i < len(folded):
        read = _term(folded, i, _ASKED) if folded[i] else None
        if i and folded[i - 1] in _TERMS and "".join(folded[i + 1 : i + 2]) in _OBJECTS:
            read = None  # "which paper reports a loss": what it does, not what it is
        if read is None or read[2] in _VAGUE:
            kinds |= {run} - {""}
            run, i = "", i + 1
        else:
            run, i = read[0], i + read[1]
    return kinds | ({run} - {""})


def kinds_of_many(word: str) -> set[str]:
    """The kinds that a word asks for when it is a plural ("letters", "Mietverträge"); else none."""
    return kinds_in([word]) if plural_in_form(fold(word)) else set()
