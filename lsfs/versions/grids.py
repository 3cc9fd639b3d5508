"""The tables of a document, with their places."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from lsfs.differences import Quoted
from lsfs.model import Block, BlockKind, Document, Table

_DELIMITED = ("text/csv", "text/tab-separated-values")
_SAMPLE = 100  # lines by which the delimiter is told

Row = tuple[str, ...]


class Grid(Struct, frozen=True):
    """A table with its place.

    Attributes:
        heading: the headings above it, joined with " > ".
        header: names of the columns; () when it has none.
        rows: those below the header.
        places: where each row stands.
    """

    heading: str
    header: Row
    rows: tuple[Row, ...]
    places: tuple[Quoted, ...]

    @property
    def place(self) -> Quoted:
        """Where it begins."""
        return self.places[0] if self.places else Quoted(" | ".join(self.header))


def grids(document: Document) -> list[Grid]:
    """The tables whose cells are known and not all empty, in order."""
    blocks = [block for block in document.blocks if block.kind is BlockKind.TABLE]
    pairs = zip(blocks, document.tables, strict=False)
    return [_grid(block, table) for block, table in pairs if any(map(any, table.rows))]


def _grid(block: Block, table: Table) -> Grid:
    filled = [row for row in table.rows if any(row)]
    lines = block.text.split("\n")
    if len(lines) != len(filled):  # a row's text may have line breaks of its own
        lines = [" | ".join(row) for row in filled]
    places = [
        Quoted(" ".join(line.split()), page, number, number)
        for line, (page, number) in zip(lines, _numbers(block, table, len(filled)), strict=False)
    ]
    places += [Quoted(" ".join(line.split())) for line in lines[len(places) :]]
    head = min(table.header_rows, 1)
    header = filled[0] if head and filled else ()
    return Grid(" > ".join(block.heading_path), header, tuple(filled[head:]), tuple(places[head:]))


def _numbers(block: Block, table: Table, rows: int) -> list[tuple[int | None, int | None]]:
    """Page and line of each row that is not empty."""
    if len(block.spans) == rows:
        return [(span.page, span.line) for span in block.spans]
    first = block.spans[0] if block.spans else None
    page, line = (first.page, first.line) if first else (None, None)
    if len(table.row_lines) != len(table.rows):
        return [(page, line)] * rows
    return [
        (page, number) for number, row in zip(table.row_lines, table.rows, strict=True) if any(row)
    ]


def delimited(document: Document) -> Grid | None:
    """A document that is a table in text form (CSV, TSV); None when it is not, or not plainly.

    Of a document that was kept as lines, cells that go on in the next line are not put together.
    """
    if document.media_type not in _DELIMITED:
        return None
    if document.tables:
        found = grids(document)
        return found[0] if len(found) == len(document.blocks) == 1 else None
    lines = [place for block in document.blocks for place in _lines(block)]
    texts = [place.quote for place in lines]
    if not texts or any(text.count('"') % 2 for text in texts):
        return None
    mark = "\t" if document.media_type != "text/csv" else _mark(texts[:_SAMPLE])
    try:
        rows = [tuple(" ".join(c.split()) for c in r) for r in csv.reader(texts, delimiter=mark)]
    except csv.Error:  # a cell too long for the library, a line break within one
        return None
    if len(rows) != len(lines):
        return None
    head = int(len(rows) > 1 and len(set(rows[0])) == len(rows[0]) and all(map(_names, rows[0])))
    return Grid("", rows[0] if head else (), tuple(rows[head:]), tuple(lines[head:]))


def _lines(block: Block) -> list[Quoted]:
    texts = block.text.split("\n")
    known = len(block.spans) == len(texts)
    numbers = [span.line for span in block.spans] if known else [None] * len(texts)
    pairs = zip(texts, numbers, strict=True)
    return [Quoted(text, None, number, number) for text, number in pairs if text.strip()]


def _mark(lines: Sequence[str]) -> str:
    """The delimiter: the mark that stands equally often in most lines, the more the better."""
    counts = {mark: Counter(line.count(mark) for line in lines) for mark in ",;\t|"}
    common = {mark: found.most_common(1)[0] for mark, found in counts.items()}
    usable = [mark for mark, (times, _) in common.items() if times]
    return max(usable, key=lambda mark: (common[mark][1], common[mark][0]), default=",")


def _names(cell: str) -> bool:
    """Whether a cell may name a column."""
    return bool(cell) and not cell.replace(".", "").replace("-", "").isdigit()
