"""Lists: spreadsheets and CSV files, each row of which is joined, and counted, by itself.

What a row states stands in its cells, and what a column is for is told by its head; where no head
tells, the only column of dates is that of the date, and the only one of amounts that of the amount.
A row has an identifier in place of a path: the path, and the number of the row behind a character
that no path has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from lsfs import values
from lsfs.errors import UsageError
from lsfs.index.dates import days_in
from lsfs.index.fields.definitions import Definitions, label_key, words_of
from lsfs.index.fields.extract import placed
from lsfs.index.fields.forms import Form, Reader
from lsfs.index.fields.labels import Found
from lsfs.index.fields.meant import AMOUNT, Source, called, source
from lsfs.index.filters import type_of
from lsfs.index.rows import suffix_of
from lsfs.model import Block, BlockKind, Document, FieldValue, Table
from lsfs.places import Places

TYPE = "spreadsheet"  # of a file that may be a list
KINDS = ("", TYPE, "statement")  # of these one is: an invoice in cells is one paper
MOST_ROWS = 20_000  # of one list that are looked at
_MARK = "\0"
_SURE, _GUESSED = 0.9, 0.7  # of a value in a column by its head, by what stands in it
_SHARE = 0.8  # of the cells of a column that make it one of dates, or of amounts
_SAMPLE = 200  # rows that are looked at for that
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CURRENCY = re.compile(r"[€$£\u00a5]|\b(?:in\s+)?(?:EUR|USD|GBP|CHF)\b", re.IGNORECASE)
_BY_CONTENT = ("date", AMOUNT)  # types of which a column is told by what stands in it


def file_of(unit: str) -> str:
    """The path of a file, or of the list that a row is in."""
    return unit.partition(_MARK)[0]


def may_be_list(path: str, kind: str) -> bool:
    """Whether a file is one whose rows count by themselves, if it has rows."""
    return kind in KINDS and type_of(suffix_of(path)) == TYPE


@dataclass(frozen=True, slots=True)
class Row:
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


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read for a source.

    Attributes:
        name, type: of the field that its values are of.
        label: its head, as labels are looked up.
        currency: that its head names; "" without one.
        confidence: how sure it is that the source means it.
    """

    number: int
    name: str
    type: str
    label: str
    currency: str
    confidence: float


@dataclass(slots=True)
class List:
    """A list as it was read.

    Attributes:
        rows: the first :data:`MOST_ROWS`.
        total: how many it has.
    """

    path: str
    document: Document
    known: Definitions
    rows: list[Row] = field(init=False)
    total: int = field(init=False, default=0)
    places: Places = field(init=False)
    _reader: Reader = field(init=False)
    _columns: dict[tuple[Source, tuple[str, ...]], list[Column]] = field(
        init=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        document = self.document
        self.places = Places(document)
        self._reader = Reader(document.text, days_in(document), document.language)
        self.rows = list(self._read())

    def _read(self) -> Iterator[Row]:
        blocks = [block for block in self.document.blocks if block.kind is BlockKind.TABLE]
        for block, table in zip(blocks, self.document.tables, strict=False):
            if not table.header_rows or len(table.rows) - table.header_rows < 1:
                continue
            for start, end, cells in _rows(self.document.text, block, table):
                self.total += 1
                if self.total <= MOST_ROWS:
                    unit = f"{self.path}{_MARK}{self.total:06}"
                    yield Row(unit, start, end, cells, table.rows[table.header_rows - 1], self)

    def columns(self, one: Source, heads: tuple[str, ...]) -> list[Column]:
        """The columns that are read for a source."""
        key = one, heads
        if key not in self._columns:
            told = [c for n, head in enumerate(heads) if (c := self._by_head(one, n, head))]
            self._columns[key] = told or self._by_content(one, heads)
        return self._columns[key]

    def value(self, row: Row, column: Column) -> FieldValue | None:
        """What a row states in a column."""
        cell = row.cells.get(column.number)
        form = self._reader.read(column.type, *cell, loose=True) if cell else None
        if cell is None or form is None:
            return None
        if column.type == "text":
            written = self.document.text[slice(*cell)]
            form = Form(*cell, " ".join(written.casefold().split()))
        if column.type == AMOUNT and column.currency and " " not in form.normal:
            form = replace(form, normal=f"{form.normal} {column.currency}")
        found = Found(column.name, form, f"column: {column.label}", column.confidence)
        return placed(found, self.document.text, self.places)

    def _by_head(self, one: Source, number: int, head: str) -> Column | None:
        """A column whose head is a word for the source."""
        bare = _CURRENCY.sub(" ", _REMARK.sub(" ", head))
        words = words_of(bare)
        label = label_key(words)
        found = currency_of(head)
        if one.label:
            fits = bool({label, label.removesuffix("s")} & called(one.label))
            name = one.fields[0] if fits else ""
            return Column(number, name, one.type, label, found, _SURE) if fits else None
        try:
            meant = source(" ".join(words), self.known) if words else None
        except UsageError:  # longer than a label
            return None
        name = next((n for n in one.names if meant and n in meant.names), "")
        type_ = self.known.fields[name].type if name else ""
        return Column(number, name, type_, label, found, _SURE) if name else None

    def _by_content(self, one: Source, heads: tuple[str, ...]) -> list[Column]:
        """The only column of dates for the date, the only one of amounts for the amount."""
        if one.type not in _BY_CONTENT or not (one.first or one.names == ("date",)):
            return []
        rows = [row for row in self.rows if row.heads == heads][:_SAMPLE]
        found = []
        for number, head in enumerate(heads):
            filled = [cell for row in rows if (cell := row.cells.get(number))]
            read = sum(bool(self._reader.all_of(one.type, *cell)) for cell in filled)
            if filled and read >= _SHARE * len(filled):
                label = label_key(words_of(head))
                name = one.names[0]
                found.append(Column(number, name, one.type, label, currency_of(head), _GUESSED))
        return found if len(found) == 1 else []


def currency_of(head: str) -> str:
    """The currency that a head names, if it is one."""
    named = values.currencies(head)
    return next(iter(named)) if len(named) == 1 else ""


def _rows(
    text: str, block: Block, table: Table
) -> Iterator[tuple[int, int, dict[int, tuple[int, int]]]]:
    """Each row of a table with its cells, at their places in the text."""
    heads = table.rows[table.header_rows - 1]
    at = block.char_start
    for row in table.rows[: table.header_rows]:
        at = _behind(text, row, at, block.char_end)
    for row in table.rows[table.header_rows :]:
        cells: dict[int, tuple[int, int]] = {}
        for number, cell in enumerate(row):
            head = heads[number] if number < len(heads) else ""
            named = text.find(f"{head}: {cell}", at, block.char_end) if cell else -1
            start = named + len(head) + 2 if named >= 0 else text.find(cell, at, block.char_end)
            if cell and start >= 0:
                at = start + len(cell)
                cells[number] = start, at
        if cells:
            first = text.rfind("\n", block.char_start, min(start for start, _ in cells.values()))
            yield max(first + 1, block.char_start), at, cells


def _behind(text: str, row: Sequence[str], at: int, end: int) -> int:
    """Behind the cells of a row, which stand one after the other."""
    for cell in row:
        found = text.find(cell, at, end) if cell else -1
        at = found + len(cell) if found >= 0 else at
    return at
