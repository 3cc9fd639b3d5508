"""Values that a label announces: "Invoice no.: 17", a row "Total | 1,234.00", a line below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from msgspec import Struct

from lsfs import bytewise
from lsfs.index.facts.dates import fold
from lsfs.index.fields.definitions import (
    LONGEST_LABEL,
    Definition,
    Definitions,
    label_key,
    word_key,
    words_of,
)
from lsfs.index.fields.forms import FIRM, Form, Reader, is_firm, is_title, says_more, windows
from lsfs.model import BlockKind, Document
from lsfs.patterns import later


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LINE = later(r"[^\n]+")
# \s\|\s?, \t+, \s{3,}, \s\u00b7\s or \.{4,}; what begins with a set of characters is found faster.
_CELL_GAP = later(r"[\s.](?:(?<=\s)\|\s?|(?<=\t)\t*|(?<=\s)\s{2,}|(?<=\s)\u00b7\s|(?<=\.)\.{3,})")
_GAP_MARKS = ("|", "   ", "\u00b7", "....")
_WORD = later(r"[^\W_]+")
_COLON = later(r"[:\uff1a](?!\d\d\b|//)")
_REMARK = later(r"\s*\([^()\n]{0,40}\)\s*\Z")
# What may follow a label: another word for it ("Buyer/Bill to"), a remark, a mark.
_LEAD = later(
    r"\s*(?:/\s*[^\W\d_][^\W\d_-]+(?=\s*[:|]?\s*$))?(?:\([^()\n]{0,40}\))?"
    r"[\s.#\u00b0\u00ba=\u2013\u2014-]*",
    re.MULTILINE,
)
_OR_ELSE = later(r"[^\W\d_][^\W\d_-]+\s*/\s*\Z")  # another word for a label, before it
_HOUSE = later(r"[^\W\d_][.,]?\s\d{1,4}\s?[a-z]?\Z")
_RATE = later(r"(?:[.,]\d+)?\s?%")
# Who signs for a party is none: "Signed for the Landlord: Ann Pell".
_SIGNS = later(
    r"(?:\b(?:signed\s+(?:for|by\s+\S+\s+\S+\s+for)|on\s+behalf\s+of|i\.\s?[av]\.|in vertretung|"
    r"sign\u00e9e?\s+pour|firmado\s+por\s+cuenta\s+de|firmato\s+per)|^\W*(?:for|f\u00fcr|pour))\s+"
    r"(?:the|den|die|das|le|la|l['\u2019]|el|il)\s*\Z",
    re.IGNORECASE | re.MULTILINE,
)
# A line of a section that is headed by a party's role: "Name: Acme Ltd", "Number | : | 4711".
_KEYED = later(r"[^\S\n]*(?P<key>[^:|\n]{1,40}?)[ |]*:[ |]*(?P<value>[^|\n]*)")
NAME_KEYS = frozenset(
    ("name", "names", "firma", "firmenname", "unternehmen", "company", "company name", "nom",
     "raison sociale", "nombre", "razon social", "nome", "ragione sociale", "naam", "bedrijf")
)  # fmt: skip
_SECTION_LINES = 6
_NUMBER_WORD = later(
    r"\b(no|nr|number|nummer|numéro|número|\w+nummer|\w+nr|n)\b[.\s:\u00b0\u00ba#]{1,3}(?=[A-Z]{0,6}[-/]?\d)",
    re.IGNORECASE,
)
_DOCUMENT = later(
    r"\b(?:(?P<contract>\w*vertrag|contract|agreement|lease|contrat|contrato|contratto)"
    r"|(?P<invoice>\w*rechnung(?:skorrektur)?|gutschrift|credit note|avoir|invoice|facture|factura|"
    r"fattura)"
    r"|(?P<order>order|\w*bestellung|commande|pedido|ordine)"
    r"|(?P<quote>quot(?:e|ation)|estimate|\w*angebot|devis|presupuesto|preventivo)"
    r"|(?P<stop>tel\w*|fax|room|page|seite|art\w*|clause|section|appendix|ziffer|konto|account))\b",
    re.IGNORECASE,
)
_CODE = later(r"[-/_]\d")
# Below "INVOICE" a number with letters and marks: "IC-2024-003 of 4 March", no "PO-5004".
_CODE_BELOW = later(r"\s{1,6}(?!PO\b)(?=\S*\d)[A-Z]{1,5}(?:[-/][A-Z\d]+)+(?![\w@-])")
_HEAD, _LONGEST_TITLE = 3000, 60  # characters in which a title stands, and of it
_LEAD_WORDS = 3  # "Sales", "Final Tax" before the word for the document
_OF_ANOTHER = _words("for to of zu zur fur von pour de sur per a su credit gutschrift avoir")
_NUMBERED = later(r"\d[^\s]{0,20}[\s.*_]*\Z")  # the end of a line that may be one
_NAMED = later(r"[^\W\d_A-Z]{4}")  # no number has so many small letters
_YEAR = later(r"(?:19|20)\d\d")
# What stands before the first digit behind one of these words, which end with one of three letters.
_BEFORE_NUMBER = later(r"[nNoOrR][.\s:\u00b0\u00ba#]{1,3}[A-Za-z]{0,6}[-/]?\Z")
_LONGEST_NUMBER_WORD = 64  # characters of it, and between it and the first digit
WIDE = 3  # columns from which on the first row is not a label and its value
_MOST_LINES = 20_000
_MOST_ROWS = 200  # of a column that may be added up
_LONGEST_LINE = 2000
# Labels that are words of every sentence count only with a colon or alone in their cell.
_COMMON = _words(
    """from to an von ab due end ends start starts between expires fin ende beginn client
    kunde date net netto neto tax period term notice price reference ref subject re duration
    born issued dated le attention aseguradora contratista contratante cedente cesionario cesionaria
    committente appaltante appaltatore klant koper verkoper huurder borg efecto
    amount betrag montant importe importo bedrag"""
)
# An amount of anything: it is what a paper comes to where nothing else is said before the colon.
_BARE = _words("amount betrag montant importe importo bedrag")


# A document's name and no word for a number: "Contract: 12 months", "Lease: Flat 3".
_NO_NUMBER = _words(
    """agreement contract lease policy vertrag contrat bail police convention contrato poliza
    contratto polizza"""
)
_WHOLE_CODE = later(r"(?:[A-Z]{1,5} )?(?=\S*\d)[A-Z\d]+(?:[-/.][A-Z\d]+)+|[A-Z]{1,6}\d{2,12}")


class Found(Struct, frozen=True):
    """A value of a field, before it is given its page."""

    name: str
    form: Form
    rule: str
    confidence: float


class _Mark(Struct, frozen=True):
    """A label: where it stands, where its value may begin, and whether a colon follows."""

    start: int
    value_start: int
    field: Definition
    label: str
    colon: bool


def labelled(document: Document, known: Definitions, reader: Reader) -> Iterator[Found]:
    """All values that stand behind or below a label."""
    heads = _heads(document)
    below: list[tuple[int, _Mark]] = []  # labels whose value may stand in the next line, by cell
    section = _Section()
    for count, match in enumerate(_LINE.finditer(document.text)):
        if count >= _MOST_LINES:
            break
        start, end = match.span()
        if end - start > _LONGEST_LINE or not document.text[start:end].strip():
            continue
        cells = _cells(document.text, start, end)
        marks = _marks(document.text, cells, known)
        has_colon = document.text.find(":", start, end) >= 0
        keyed = _KEYED.match(document.text, start, end) if has_colon else None
        yield from section.line(keyed, (start, end), reader)
        yield from _from_above(below, cells, marks, reader, is_keyed=keyed is not None)
        below = []
        for n, mark in enumerate(marks):
            limit = marks[n + 1].start if n + 1 < len(marks) else end
            cell = next(i for i, (_, b) in enumerate(cells) if mark.start < b)
            found = None if start in heads else _beside(mark, cells, cell, limit, reader)
            if found is not None:
                yield found
            elif _is_alone(document.text, mark, cells[cell], head=len(marks) > 1):
                if mark.field.type == "amount" and len(cells) > 1:
                    yield from _column(mark, cells, cell, end, reader)
                    continue
                below.append((cell, mark))
                if mark.field.type == "party" and len(marks) == 1:
                    section.begin(mark)
    yield from _headed(document, known, reader)
    yield from _numbered(known, reader)
    yield from _titled(known, reader)


class _Section:
    """Who is named below a role that heads lines of keys and values: "Seller", "Name: Acme"."""

    def __init__(self) -> None:
        self._head: _Mark | None = None
        self._lines = 0

    def begin(self, head: _Mark) -> None:
        self._head, self._lines = head, 0

    def line(
        self, keyed: re.Match[str] | None, line: tuple[int, int], reader: Reader
    ) -> Iterator[Found]:
        """The name in a line of the section; the first line that is no key's ends it."""
        head = self._head
        if head is None:
            return
        self._lines += 1
        if keyed is not None and self._lines <= _SECTION_LINES:
            if label_key(words_of(keyed["key"])) not in NAME_KEYS:
                return
            line = keyed.span("value")
        if keyed is None and is_title(reader.text[slice(*line)].strip()):
            return  # "Herrn" above the name
        self._head = None
        if keyed is None and self._lines == 1:
            return  # what stands right below its label is found otherwise
        form = reader.read("party", *line, loose=True)
        if form is None:
            return
        written = reader.text[form.start : form.end]
        if is_firm(written) or not _HOUSE.search(written):  # no street
            yield Found("party", form, f"below: {head.label}", 0.75)


def _heads(document: Document) -> set[int]:
    """Where the heads of columns begin: what stands beside one is another one, no value."""
    blocks = [block for block in document.blocks if block.kind is BlockKind.TABLE]
    return {
        block.char_start
        for block, table in zip(blocks, document.tables, strict=False)
        if table.header_rows and len(table.rows) > 1 and len(table.rows[0]) >= WIDE
    }


def _cells(text: str, start: int, end: int) -> list[tuple[int, int]]:
    if not _may_have_columns(text[start:end]):
        return [(start, end)]
    cells = []
    at = start
    for gap in _CELL_GAP.finditer(text, start, end):
        if gap.start() > at:
            cells.append((at, gap.start()))
        at = gap.end()
    if at < end:
        cells.append((at, end))
    return cells or [(start, end)]


def _may_have_columns(line: str) -> bool:
    """Whether anything parts a line; False is sure. Of blank space only " " is printable."""
    bar, gap, dot, points = _GAP_MARKS
    return not line.isprintable() or bar in line or gap in line or dot in line or points in line


def _marks(text: str, cells: list[tuple[int, int]], known: Definitions) -> list[_Mark]:
    """The labels of a line in order."""
    marks: list[_Mark] = []
    for start, end in cells:
        at = start
        for colon in _COLON.finditer(text, start, min(end, start + 400)):
            mark = _before_colon(text, at, colon.start(), known)
            if mark is not None:
                marks.append(mark)
            at = colon.end()
        if not any(start <= mark.start < end for mark in marks):
            mark = _at_start(text, start, end, known)
            if mark is not None:
                marks.append(mark)
    return marks


def _before_colon(text: str, start: int, colon: int, known: Definitions) -> _Mark | None:
    """The longest label that ends at a colon, a remark in brackets aside."""
    remark = _REMARK.search(text, max(start, colon - 48), colon)
    end = remark.start() if remark else colon
    words = list(_WORD.finditer(text, max(start, end - 64), end))[-LONGEST_LABEL:]
    keys = [_key(text, word) for word in words]
    if keys and keys[-1].removesuffix("s") not in known.last_words:
        return None
    for n in range(len(words)):
        label = " ".join(filter(None, keys[n:]))
        name = known.labels.get(label)
        if name is None and label.endswith("s"):
            name = known.labels.get(label[:-1])
        if name is not None:
            if known.fields[name].type == "party" and _SIGNS.search(text, start, words[n].start()):
                return None
            if label in _BARE and text[start : words[n].start()].strip(" |*_#-\u2022"):
                return None  # "Insured amount: 1,000,000"
            return _Mark(words[n].start(), colon + 1, known.fields[name], label, True)
    return None


def _key(text: str, word: re.Match[str]) -> str:
    """A word as labels have it; "" for one of a rate: "Total incl. 20 % VAT"."""
    is_rate = word[0].isdecimal() and _RATE.match(text, word.end())
    return "" if is_rate else word_key(word[0])


def _at_start(text: str, start: int, end: int, known: Definitions) -> _Mark | None:
    """The longest label with which a cell begins."""
    end_of_label = min(end, start + 64)
    first = _WORD.search(text, start, end_of_label)
    if first is None or word_key(first[0]) not in known.first_words:
        return None
    words = list(_WORD.finditer(text, start, end_of_label))[:LONGEST_LABEL]
    if text[start : words[0].start()].strip(" *_#-\u2013\u2022"):
        return None
    keys = [_key(text, word) for word in words]
    for count in range(len(words), 0, -1):
        label = " ".join(filter(None, keys[:count]))
        name = known.labels.get(label)
        if name is not None:
            after = words[count - 1].end()
            if _CODE.match(text, after):  # "PO-5004" is a number, not one behind "PO"
                return None
            lead = _LEAD.match(text, after, end)
            value = lead.end() if lead else after
            alone = value >= end
            if label in _COMMON and not alone:
                return None
            return _Mark(words[0].start(), value, known.fields[name], label, False)
    return None


def _beside(
    mark: _Mark, cells: list[tuple[int, int]], cell: int, limit: int, reader: Reader
) -> Found | None:
    """The value in the same cell, else in the next one; sums stand in the last."""
    type_, end = mark.field.type, min(limit, cells[cell][1])
    rule = f"label: {mark.label}"
    if mark.value_start < end and reader.text[mark.value_start : end].strip():
        if type_ == "party" and not mark.colon:
            return _firm(mark, end, rule, reader)
        if type_ == "text" and not mark.colon:
            return None
        form = reader.read(type_, mark.value_start, end, loose=mark.colon)
        if (
            form is not None
            and mark.label in _NO_NUMBER
            and not _is_code(reader.text[form.start : form.end])
        ):
            return None
        if form is not None:
            return Found(mark.field.name, form, rule, _sure(mark))
        if type_ != "amount" or says_more(reader.text[mark.value_start : end]):
            return None  # "Total of all discounts | 0.00"
    rest = [one for one in cells[cell + 1 :] if one[0] < limit]
    if not rest:
        return None
    if mark.label in _NO_NUMBER and not _is_code(reader.text[slice(*rest[0])].strip()):
        return None
    if type_ == "amount":
        form = reader.last_amount(rest[0][0], min(limit, rest[-1][1]))
        form = form or reader.read(type_, *rest[-1], loose=True)
    else:
        form = reader.read(type_, *rest[0], loose=True)
    sure = min(0.9, _sure(mark)) if mark.label in _BARE else 0.9
    return Found(mark.field.name, form, f"row: {mark.label}", sure) if form else None


def _is_code(written: str) -> bool:
    """Whether a number is no word and no count: "AM-884-2201", "HV 30-118842", "WS01"."""
    return _WHOLE_CODE.fullmatch(written) is not None and any(map(str.isalpha, written))


def _firm(mark: _Mark, end: int, rule: str, reader: Reader) -> Found | None:
    """A firm that fills the rest of a cell: "Invoice to Acme Ltd", not "Landlord shall pay"."""
    form = reader.read("party", mark.value_start, end, loose=False)
    whole = form is not None and not reader.text[form.end : end].strip(" .,")
    written = reader.text[form.start : form.end] if form is not None else ""
    # "Supplier GmbH" is a firm of that name.
    if form is None or not whole or not is_firm(written) or FIRM.fullmatch(written):
        return None
    return Found(mark.field.name, form, rule, 0.85)


def _sure(mark: _Mark) -> float:
    """How sure a value behind a label is: an amount of anything is less than a total."""
    if mark.label in _BARE or mark.label == "order date":  # a bill has one of its own
        return 0.82
    return 0.95 if mark.colon else 0.85


def _is_alone(text: str, mark: _Mark, cell: tuple[int, int], *, head: bool) -> bool:
    """Whether nothing but the label is in its cell, so that the value may stand below."""
    before, after = text[cell[0] : mark.start], text[mark.value_start : cell[1]]
    before = _OR_ELSE.sub("", before)
    if before.strip(" *_#") or after.strip(" *_"):
        return False
    if mark.label in _BARE:
        return False  # below the head of a column the first amount is one of many
    short = mark.field.type == "number" and not mark.colon and " " not in mark.label
    if head or not short:
        return True
    return bool(_CODE_BELOW.match(text, cell[1]))  # not "INVOICE" above a street number


def _from_above(
    below: list[tuple[int, _Mark]],
    cells: list[tuple[int, int]],
    marks: list[_Mark],
    reader: Reader,
    *,
    is_keyed: bool,
) -> Iterator[Found]:
    """Values in the line below their labels, in the same cell."""
    for cell, mark in below:
        if cell >= len(cells) or (is_keyed and mark.field.type == "party"):
            continue
        start, end = cells[cell]
        if any(start <= one.start < end and one.colon for one in marks):
            continue  # a row that repeats its labels
        if any(one.start == start and one.value_start >= end for one in marks):
            continue  # a label below a label
        if mark.field.type == "text" and any(one.start == start for one in marks):
            continue  # "Grant No. HF-24-0613" below "GRANT AGREEMENT"
        form = reader.read(mark.field.type, *cells[cell], loose=True)
        if form is not None and mark.field.type == "number":
            # "Studio 55" below "TAX INVOICE" is who wrote it.
            form = None if _NAMED.search(reader.text, form.start, form.end) else form
        if form is not None:
            yield Found(mark.field.name, form, f"below: {mark.label}", 0.75)


def _column(
    mark: _Mark, head: list[tuple[int, int]], cell: int, end: int, reader: Reader
) -> Iterator[Found]:
    """The amount below the head of a column: the only one, or the last that adds up the others."""
    from_right = cell - len(head)
    found: list[Form] = []
    for line in _LINE.finditer(reader.text, end):
        cells = _cells(reader.text, *line.span())
        place = cells[from_right] if len(cells) >= -from_right and len(cells) > 1 else None
        form = reader.last_amount(*place) if place else None
        if form is None or len(found) > _MOST_ROWS:
            break
        found.append(form)
    amounts = [Decimal(form.normal.split()[0]) for form in found]
    is_sum = len(found) > 1 and amounts[-1] == sum(amounts[:-1])
    if len(found) == 1 or is_sum:
        sure = 0.85 if is_sum else 0.75
        yield Found(mark.field.name, found[-1], f"below: {mark.label}", sure)


def _headed(document: Document, known: Definitions, reader: Reader) -> Iterator[Found]:
    """Values of tables with one row below a head of labels, at their places in the text."""
    blocks = [block for block in document.blocks if block.kind is BlockKind.TABLE]
    for block, table in zip(blocks, document.tables, strict=False):
        if len(table.rows) != 2:
            continue
        names = [known.labels.get(label_key(words_of(cell))) for cell in table.rows[0]]
        if sum(name is not None for name in names) < 2:
            continue
        at = block.char_start + len(block.text.split("\n", 1)[0])
        for name, cell in zip(names, table.rows[1], strict=False):
            place = document.text.find(cell, at, block.char_end) if cell else -1
            if place < 0:
                continue
            at = place + len(cell)
            field = known.fields[name] if name else None
            form = reader.read(field.type, place, at, loose=True) if field else None
            if field and form:
                yield Found(field.name, form, "column", 0.9)


def _numbered(known: Definitions, reader: Reader) -> Iterator[Found]:
    """Numbers in sentences: "quoting customer number 4711"."""
    text = reader.text
    runs = bytewise.digit_runs(text)
    digits = (at for at in runs if _BEFORE_NUMBER.search(text, max(0, at - 11), at))
    for match in _matches(_NUMBER_WORD, text, windows(digits, _LONGEST_NUMBER_WORD, 1)):
        words = _WORD.findall(text, max(0, match.start() - 48), match.end(1))[-6:]
        labels = (known.labels.get(label_key(words[n:])) for n in range(len(words)))
        names = (name for name in labels if name and known.fields[name].type == "number")
        name = next(names, "") or _of_document(text, match.start())
        name = name if name in known.fields else ""
        form = reader.read("number", match.end(), match.end() + 40, loose=False) if name else None
        if form is not None:
            yield Found(name, form, "sentence", 0.8)


def _titled(known: Definitions, reader: Reader) -> Iterator[Found]:
    """The number in a line that is a title: "Sales invoice F/2023/1196"."""
    for line in _LINE.finditer(reader.text, 0, _HEAD):
        numbered = len(line[0]) <= _LONGEST_TITLE and _NUMBERED.search(line[0])
        match = _DOCUMENT.search(line[0]) if numbered else None
        if match is None or match["stop"]:
            continue
        lead = words_of(line[0][: match.start()])
        if len(lead) > _LEAD_WORDS or not all(word.isalpha() for word in lead):
            continue
        if any(fold(word) in _OF_ANOTHER for word in lead):
            continue
        name = f"{match.lastgroup}_number"
        start, end = line.start() + match.end(), line.end()
        form = reader.read("number", start, end, loose=False) if name in known.fields else None
        whole = form is not None and not reader.text[form.end : end].strip(" .*_")
        if form is not None and whole and not _YEAR.fullmatch(form.normal):
            yield Found(name, form, "title", 0.8)


def _matches(
    pattern: re.Pattern[str], text: str, places: Iterable[tuple[int, int]]
) -> Iterator[re.Match[str]]:
    for low, high in places:
        yield from pattern.finditer(text, low, high)


def _of_document(text: str, end: int) -> str:
    """Whose number a number is by the document named before it: "Darlehensvertrag Nr. 17"."""
    line = text[max(text.rfind("\n", 0, end), end - 60, 0) : end]
    found = [match for match in _DOCUMENT.finditer(line) if not match["stop"]]
    stopped = any(match["stop"] for match in _DOCUMENT.finditer(line))
    last = found[-1].lastgroup if found and not stopped else None
    return f"{last}_number" if last else ""
