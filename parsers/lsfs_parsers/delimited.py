"""Tables in text form: CSV and its relatives, each cell with its column's name."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from lsfs.model import BlockKind, Document
from lsfs_parsers.base import MAX_CHARS, Source
from lsfs_parsers.builder import BETWEEN_CELLS, Builder, Grid, Piece
from lsfs_parsers.columns import header_row, named_cells
from lsfs_parsers.text import MAX_SPANS, add_lines, built, lines_of, read_text
from lsfs_parsers.versions import VERSIONS

MAX_CELLS = 2_000_000  # of the table; rows beyond are kept as lines of text

_CSV = "text/csv"
_TSV = "text/tab-separated-values"
_MARKS = ",;\t|"
_SAMPLE_LINES = 200
_MOST_LINES = 500  # of one record; more means that a quote was never closed


class _Record(Struct, frozen=True):
    line: int
    cells: list[str]


class DelimitedParser:
    """Reads CSV, also with semicolons, bars or tabs between the cells, and TSV."""

    name = "delimited"
    version = VERSIONS["delimited"]
    media_types = (_CSV, _TSV)

    def parse(self, source: Source) -> Document:
        """The table in ``source``; spans carry the line of the file on which a row begins.

        Below a header row, a row's text names the column of each filled cell:
        ``Customer: Acme | Total: 12.5``. The table keeps the bare cells. A file in which nothing
        divides the lines is kept as lines.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version, heading_is_title=False)
        lines = lines_of(read_text(source, builder))
        mark = _mark(lines[:_SAMPLE_LINES], "\t" if source.media_type == _TSV else _MARKS)
        if not mark:
            add_lines(builder, lines, BlockKind.CODE)
            return built(source, builder)
        records, rest = _records(lines, mark, builder)
        _add_table(records, builder)
        if rest < len(lines):
            builder.warn("the table is long: the last rows are kept as lines, without cells")
            add_lines(builder, lines[rest:], BlockKind.CODE, first=rest + 1)
        return built(source, builder)


def _mark(sample: list[str], marks: str) -> str:
    """The mark that divides most lines into the same number of cells; "" when none does."""
    filled = [line for line in sample if line.strip()]
    best, best_score = "", (0.0, 0)
    for mark in marks:
        widths = Counter(len(record.cells) for record in _tried(filled, mark))
        width, times = max(
            ((width, times) for width, times in widths.items() if width > 1),
            key=lambda found: found[1],
            default=(0, 0),
        )
        score = (round(times / max(1, widths.total()), 1), width)
        if width and score > best_score:
            best, best_score = mark, score
    return best


def _tried(lines: list[str], mark: str) -> Iterator[_Record]:
    try:
        yield from _read(lines, mark, quotes=True)
    except csv.Error:
        yield from _read(lines, mark, quotes=False)


def _records(lines: list[str], mark: str, builder: Builder) -> tuple[list[_Record], int]:
    """The rows that hold anything, and the index of the first line that is in none of them."""
    try:
        return _within_limits(lines, mark, quotes=True)
    except csv.Error:
        builder.warn("a quote is not closed: quotes were taken for text")
        return _within_limits(lines, mark, quotes=False)


def _within_limits(lines: list[str], mark: str, *, quotes: bool) -> tuple[list[_Record], int]:
    records: list[_Record] = []
    budget = MAX_CELLS
    for record in _read(lines, mark, quotes=quotes):
        budget -= len(record.cells)
        if budget < 0:
            return records, record.line - 1
        if any(record.cells):
            records.append(record)
    return records, len(lines)


def _read(lines: list[str], mark: str, *, quotes: bool) -> Iterator[_Record]:
    """The records of some lines.

    Raises:
        csv.Error: a record goes on and on.
    """
    csv.field_size_limit(MAX_CHARS)  # by default a cell of 128 KiB is an error
    reader = csv.reader(
        (f"{line}\n" for line in lines),
        delimiter=mark,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        skipinitialspace=True,
    )
    before = 0
    for row in reader:
        if reader.line_num - before > _MOST_LINES:
            raise csv.Error("a record of too many lines")
        yield _Record(before + 1, [" ".join(cell.split()) for cell in row])
        before = reader.line_num


def _add_table(records: list[_Record], builder: Builder) -> None:
    header = header_row([record.cells for record in records[:2]])
    pieces: list[Piece] = []
    step = 1 + len(records) // MAX_SPANS
    for at, record in enumerate(records):
        named = header and at > 0
        text = BETWEEN_CELLS.join(named_cells(header, record.cells) if named else record.cells)
        if at % step:
            pieces[-1] = Piece(f"{pieces[-1].text}\n{text}", pieces[-1].line)
        else:
            pieces.append(Piece(text, record.line))
    rows = [record.cells for record in records]
    lines = [record.line for record in records]
    builder.add_table(rows, pieces=pieces, lines=lines, grid=Grid(1 if header else 0))
