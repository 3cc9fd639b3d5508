"""Lists: spreadsheets and CSV files, each row of which is joined, and counted, by itself.

What a row states stands in its cells, and what a column is for is told by its head; where no head
tells, the first column of dates is that of the date, the only one of amounts that of the amount. A
row has an identifier in place of a path: the path, and the number of the row behind a character
that no path has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec import Struct

from lsfs import currencies, values
from lsfs.errors import UsageError
from lsfs.index.facts.dates import days_in
from lsfs.index.fields.definitions import Definitions, label_key, words_of
from lsfs.index.fields.extract import placed
from lsfs.index.fields.forms import Form, Reader, party_key, plain
from lsfs.index.fields.labels import Found
from lsfs.index.fields.meant import AMOUNT, Source, called, source
from lsfs.index.find.filters import type_of
from lsfs.index.store.rows import suffix_of
from lsfs.model import Block, BlockKind, Document, FieldValue, Table
from lsfs.places import Places

TYPE = "spreadsheet"  # of a file that may be a list
KINDS = ("", TYPE, "statement")  # of these one is: an invoice in cells is one paper
EXPORTED = ("csv", "tsv")  # what programs export, of any kind: "orders.csv" is a list of orders
_LEAST_EXPORTED = 3  # columns, below a head in the first line
MOST_ROWS = 20_000  # of one list that are looked at
_MARK = "\0"
_SURE, _GUESSED = 0.9, 0.7  # of a value in a column by its head, by what stands in it
_SHARE = 0.8  # of the cells of a column that make it one of dates, or of amounts
_SAMPLE = 200  # rows that are looked at for that
_HEAD_ROWS = 10  # rows in which the heads are looked for where a table does not tell them
_LEAST_HEADS = 2
_ALTERNATIVE = re.compile(r"\s*(?:/|\bor\b|\boder\b|\bou\b|\bo\b)\s*", re.IGNORECASE)
_CURRENCIES = frozenset(("currency", "ccy", "wahrung", "devise", "moneda", "divisa", "valuta"))
# A row with one of these is no further one, but the sum of others.
_TOTALS = frozenset((
    "total", "totals", "grand total", "sub total", "subtotal", "sum", "sums", "summe", "summen",
    "gesamt", "gesamtsumme", "zwischensumme", "somme", "sous total", "total general", "suma",
    "totale", "totales",
))  # fmt: skip
_NEGATIVE = re.compile(r"\(.*\)|[^-]*\d\s*-|\u2212.*", re.DOTALL)  # (35.50), 35.50-
_NUMERIC = re.compile(r"[-+(\u2212]?\s*[\d.,' \u00a0]*\d[\d.,' \u00a0]*\)?-?")
_GROUPED = re.compile(r"(?<=\d)[ '\u2019\u00a0\u202f](?=\d{3}(?!\d))")  # 2 310, 1'200
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}\.\d{3}(?![\d.,])")
# Columns of a bank's list in place of one of amounts, and the sign of what stands in them.
_SIGNS = {
    word.replace("_", " "): sign
    for sign, words in {
        -1: "debit debits soll belastung ausgabe ausgaben cargo dare paid_out money_out withdrawal "
        "withdrawals uscite",
        1: "credit credits haben gutschrift einnahme einnahmen abono avere paid_in money_in "
        "deposits entrate",
    }.items()
    for word in words.split()
}
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CURRENCY = re.compile(
    rf"{currencies.SIGN}|\b(?:(?:in|en)\s+)?"
    rf"(?:{currencies.WORD}|(?-i:{currencies.CODE}|{currencies.SHORT}))(?!\w)",
    re.IGNORECASE,
)
_ONE_UNIT = (
    r"(?:[kmcdµμn]?[glms]|[km]?m[²³23]|[kM]?[Ww]h?|k?cal|k?J|kPa|bar|ha|hl|min|h(?:rs)?|kg|lbs?|oz|"
    r"ft|mi|mph|km/h|[kM]?Hz|[KMGT]i?B|[mM]?V|m?A|m?mol|ppm|IU|°[CF]?|%|pcs|Stk|St|d|s)"
)
# "Dose mg/kg", "Weight, kg", "Länge in cm"
_UNIT = re.compile(rf"(?<=\w)(?:\s*,\s*|\s+)(?:in\s+)?{_ONE_UNIT}(?:\s*/\s*{_ONE_UNIT})*\.?\s*$")
_EXPONENT = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,30})?[eE][+-]?\d{1,2}")
COLUMN = "column: "  # begins the rule of a value in a list
# Types of which a column is told by what stands in it.
_BY_CONTENT = ("date", AMOUNT, "email", "iban")


def file_of(unit: str) -> str:
    """The path of a file, or of the list that a row is in."""
    return unit.partition(_MARK)[0]


def may_be_list(path: str, kind: str) -> bool:
    """Whether a file is one whose rows count by themselves, if it has rows."""
    suffix = suffix_of(path)
    return type_of(suffix) == TYPE and (kind in KINDS or suffix in EXPORTED)


def is_list(document: Document, kind: str) -> bool:
    """Whether a document that may be one is a list: one of another kind looks as if exported."""
    if kind in KINDS:
        return True
    tables = document.tables
    return len(tables) == 1 and first_row(tables[0]) == 1 and _is_head(tables[0].rows[0])


def _is_head(row: Sequence[str]) -> bool:
    return len(row) >= _LEAST_EXPORTED and all(row)


class Row(Struct, frozen=True):
    """A row of a list.

    Attributes:
        unit: stands for it as a path does for a file.
        start, end: its place in the text.
        cells: where each cell stands, by the number of its column; empty ones are left out.
        heads: what the columns are called.
    """

    unit: str
    start: int
    end: int
    cells: dict[int, tuple[int, int]]
    heads: tuple[str, ...]
    of: List

    @property
    def place(self) -> str:
        """Where it stands, as people write it."""
        return self.of.places.where(self.start, self.end)

    def values(self, one: Source) -> dict[str, list[FieldValue]]:
        """What it states of a source, by field."""
        found: dict[str, list[FieldValue]] = {}
        for column in self.of.columns(one, self.heads):
            if (value := self.of.value(self, column)) is not None:
                found.setdefault(column.name, []).append(value)
        return found


class Column(Struct, frozen=True):
    """A column that is read for a source.

    Attributes:
        name, type: of the field that its values are of.
        label: its head, as labels are looked up.
        currency: that its head names; "" without one.
        confidence: how sure it is that the source means it.
        sign: of its amounts: what an account is debited with leaves it.
        bare: its numbers are of the currency that a cell or the head names, and else of none.
    """

    number: int
    name: str
    type: str
    label: str
    currency: str
    confidence: float
    bare: bool = False
    sign: int = 1


class List:
    """A list as it was read.

    Attributes:
        rows: the first :data:`MOST_ROWS`.
        total: how many it has.
        sums: how many more add up others, and are left out.
    """

    def __init__(self, path: str, document: Document, known: Definitions) -> None:
        self.path = path
        self.document = document
        self.known = known
        self.total = self.sums = 0
        self.places = Places(document)
        self._columns: dict[tuple[Source, tuple[str, ...]], list[Column]] = {}
        self._reader = Reader(document.text, days_in(document), document.language)
        self._comma = values.decimal_comma(document.text)
        self._currency = ""
        self.rows = list(self._read())
        self._currency = self._only_currency()

    def _only_currency(self) -> str:
        """The one currency that heads, titles and amounts name; not what a remark speaks of."""
        text, at, named = self.document.text, 0, []
        for row in self.rows:
            named.append(text[at : max(at, row.start)])
            written = (text[slice(*cell)] for cell in row.cells.values())
            named += [one for one in written if self._number(one, money=True) is not None]
            at = row.end
        named.append(text[at:])
        return currency_of("\n".join(named))

    def _read(self) -> Iterator[Row]:
        blocks = [block for block in self.document.blocks if block.kind is BlockKind.TABLE]
        for block, table in zip(blocks, self.document.tables, strict=False):
            first = first_row(table)
            if not 0 < first < len(table.rows):
                continue
            widths = Counter(sum(map(bool, row)) for row in table.rows[first:])
            width = widths.most_common(1)[0][0]
            for start, end, cells in _rows(self.document.text, block, table, first):
                # Total may also be who was paid: but then the row is as full as others.
                if len(cells) < width and any(map(self._is_total, cells.values())):
                    self.sums += 1
                    continue
                self.total += 1
                if self.total <= MOST_ROWS:
                    unit = f"{self.path}{_MARK}{self.total:06}"
                    yield Row(unit, start, end, cells, table.rows[first - 1], self)

    def _is_total(self, cell: tuple[int, int]) -> bool:
        return label_key(words_of(self.document.text[slice(*cell)])) in _TOTALS

    def columns(self, one: Source, heads: tuple[str, ...]) -> list[Column]:
        """The columns that are read for a source."""
        key = one, heads
        if key not in self._columns:
            told = self._told(one, heads)
            anywhere = {c.name for others in self._all_heads() for c in self._told(one, others)}
            if one.first:  # of total and price the first that it has anywhere is what rows come to
                best = next((name for name in one.names if name in anywhere), "")
                told = [column for column in told if column.name == best]
            self._columns[key] = told if anywhere else self._guessed(one, heads)
        return self._columns[key]

    def _told(self, one: Source, heads: tuple[str, ...]) -> list[Column]:
        return [c for number, head in enumerate(heads) if (c := self._by_head(one, number, head))]

    def _all_heads(self) -> set[tuple[str, ...]]:
        """The heads of each of its tables: of a book of sheets one may tell what others do not."""
        return {row.heads for row in self.rows}

    def value(self, row: Row, column: Column) -> FieldValue | None:
        """What a row states in a column."""
        cell = row.cells.get(column.number)
        form = self._form(row, column, cell) if cell else None
        if form is None:
            return None
        found = Found(column.name, form, f"{COLUMN}{column.label}", column.confidence)
        return placed(found, self.document.text, self.places)

    def _form(self, row: Row, column: Column, cell: tuple[int, int]) -> Form | None:
        written = self.document.text[slice(*cell)]
        if column.type == "text":
            return Form(*cell, " ".join(written.casefold().split()))
        if column.type == "party":  # the whole cell: "Voss, Anna"
            return Form(*cell, party_key(written)) if any(map(str.isalpha, written)) else None
        if column.type != AMOUNT:
            return self._reader.read(column.type, *cell, loose=True)
        number = self._number(written, money=not column.bare)
        if number is None:
            return None
        named = currency_of(written) or self._currency_in(row) or column.currency
        unit = named or ("" if column.bare else self._currency)
        return Form(*cell, f"{plain(column.sign * number)} {unit}".strip())

    def _number(self, written: str, *, money: bool) -> Decimal | None:
        """The number that a cell is: "2 310,00", "(35.50)", "35.50-", "EUR 1'200", "1.5E-3"."""
        if _EXPONENT.fullmatch(written.strip()):
            return Decimal(written.strip().replace(",", "."))
        compact = _GROUPED.sub("", written)
        comma = self._comma
        if comma is None and money:  # of money there are cents, not thousandths
            comma = _THOUSANDS.search(compact) is not None
        found = [one for one in values.numbers(compact, comma=comma) if one.unit != "%"]
        if not found:
            return None
        others = _CURRENCY.sub("", compact.replace(found[0].text, "", 1))
        if any(map(str.isalnum, others)):
            return None
        is_negative = found[0].value > 0 and _NEGATIVE.fullmatch(written.strip())
        return -found[0].value if is_negative else found[0].value

    def _currency_in(self, row: Row) -> str:
        """The currency that a column of currencies names for a row; "" without one."""
        for number, head in enumerate(row.heads):
            cell = row.cells.get(number)
            if cell and label_key(words_of(head)) in _CURRENCIES:
                return currency_of(self.document.text[slice(*cell)])
        return ""

    def _by_head(self, one: Source, number: int, head: str) -> Column | None:
        """A column whose head is a word for the source, or one of two such words."""
        bare = _UNIT.sub("", _CURRENCY.sub(" ", _REMARK.sub(" ", head)).rstrip())
        either = [words for part in _ALTERNATIVE.split(bare) if (words := words_of(part))]
        whole = [words_of(bare)] if len(either) > 1 else []
        whole += [words_of(head)] if bare != head else []
        for words in (*whole, *either):
            name = self._meant(one, words)
            if name:
                type_ = one.type if one.label else self.known.fields[name].type
                # What is headed by two roles tells neither.
                label = label_key(words if len(either) == 1 or type_ != "party" else ())
                return Column(
                    number, name, type_, label, currency_of(head), _SURE, bare=bool(one.label)
                )  # fmt: skip
        return None

    def _meant(self, one: Source, words: list[str]) -> str:
        """The field of a source that a head is a word for; "" for none."""
        label = label_key(words)
        if one.label:
            return one.fields[0] if {label, label.removesuffix("s")} & called(one.label) else ""
        try:
            meant = source(" ".join(words), self.known)
        except UsageError:  # longer than a label
            return ""
        return next((name for name in one.names if name in meant.names), "")

    def _guessed(self, one: Source, heads: tuple[str, ...]) -> list[Column]:
        labels = [label_key(words_of(_CURRENCY.sub(" ", _REMARK.sub(" ", one)))) for one in heads]
        signed = [
            Column(number, one.names[0], AMOUNT, label, currency_of(heads[number]), _GUESSED,
                   sign=_SIGNS[label])
            for number, label in enumerate(labels)
            if one.first and label in _SIGNS
        ]  # fmt: skip
        return signed or self._by_content(one, heads)

    def _by_content(self, one: Source, heads: tuple[str, ...]) -> list[Column]:
        """The only column of amounts, or addresses; of several dates the first of no other field.

        A bank's list has the day of booking before that of value; but a day on which something is
        due is none of the list.
        """
        if one.type not in _BY_CONTENT or not (one.first or one.names == (one.type,)):
            return []
        rows = [row for row in self.rows if row.heads == heads][:_SAMPLE]
        found = []
        for number, head in enumerate(heads):
            filled = [cell for row in rows if (cell := row.cells.get(number))]
            is_money = one.type == AMOUNT and currency_of(head)
            read = sum(
                bool(self._reader.all_of(one.type, *cell))
                or bool(is_money and _NUMERIC.fullmatch(self.document.text[slice(*cell)]))
                for cell in filled
            )
            if filled and read >= _SHARE * len(filled):
                label = label_key(words_of(head))
                name = one.names[0]
                found.append(Column(number, name, one.type, label, currency_of(head), _GUESSED))
        if one.type == "date":
            return [column for column in found if self._is_free(column.label)][:1]
        return found if len(found) == 1 else []

    def _is_free(self, label: str) -> bool:
        """Whether a head is no word for another field: "due", "valid until"."""
        return self.known.labels.get(label, "date") == "date"


def currency_of(head: str) -> str:
    """The currency that a head names, if it is one."""
    named = currencies.named(head)
    return next(iter(named)) if len(named) == 1 else ""


def first_row(table: Table) -> int:
    """The number of the first row below the heads of a table; 0 where it has no heads.

    Where the table does not tell them they are the first row of texts as wide as those below it:
    above there may be a title.
    """
    if table.header_rows:
        return table.header_rows
    widths = [sum(bool(cell) for cell in row) for row in table.rows]
    for number, row in enumerate(table.rows[:_HEAD_ROWS]):
        below = widths[number + 1 : number + 1 + _HEAD_ROWS]
        wide = bool(below) and widths[number] >= max(_LEAST_HEADS, max(below))
        if wide and not any(any(char.isdigit() for char in cell) for cell in row):
            return number + 1
    return 0


def _rows(
    text: str, block: Block, table: Table, first: int
) -> Iterator[tuple[int, int, dict[int, tuple[int, int]]]]:
    """Each row of a table below its heads with its cells, at their places in the text."""
    heads = table.rows[first - 1]
    at = block.char_start
    for row in table.rows[:first]:
        at = _behind(text, row, at, block.char_end)
    for row in table.rows[first:]:
        cells: dict[int, tuple[int, int]] = {}
        for number, cell in enumerate(row):
            head = heads[number] if number < len(heads) else ""
            named = text.find(f"{head}: {cell}", at, block.char_end) if cell else -1
            plain = text.find(cell, at, block.char_end) if cell else -1
            # Of a table without heads of its own the cells stand alone.
            told = named >= 0 and named + len(head) + 2 <= plain + len(head) + 2
            start = named + len(head) + 2 if told else plain
            if cell and start >= 0:
                at = start + len(cell)
                cells[number] = start, at
        if cells:
            begin = text.rfind("\n", block.char_start, min(start for start, _ in cells.values()))
            yield max(begin + 1, block.char_start), at, cells


def _behind(text: str, row: Sequence[str], at: int, end: int) -> int:
    """Behind the cells of a row, which stand one after the other."""
    for cell in row:
        found = text.find(cell, at, end) if cell else -1
        at = found + len(cell) if found >= 0 else at
    return at
