"""Spreadsheets: a page for each sheet, a line for each row, each cell with its column's name."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.parsers import expat

from lsfs.errors import Encrypted, ParseError
from lsfs.model import BlockKind, Document, Merged, Status
from lsfs_parsers import archive, detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import BETWEEN_CELLS, Builder, Facts, Grid, Piece, one_line
from lsfs_parsers.columns import header_row, named_cells
from lsfs_parsers.odf import meta_facts, optional
from lsfs_parsers.ole import compound_facts
from lsfs_parsers.ooxml import core_facts, related
from lsfs_parsers.versions import VERSIONS

MAX_ROWS = 100_000  # of one sheet
MAX_COLUMNS = 256
MAX_CELLS = 2_000_000  # of all sheets together

_ZIPPED = (detect.XLSX, detect.XLSB, detect.ODS)


class SpreadsheetParser:
    """Reads xlsx, xlsb, xls and ods with calamine."""

    name = "spreadsheet"
    version = VERSIONS["spreadsheet"]
    media_types = (*_ZIPPED, detect.XLS)

    def parse(self, source: Source) -> Document:
        """The sheets in ``source``; spans count a sheet's rows as the program numbers them.

        Below a header row, a row's text names the column of each filled cell:
        ``Customer: Acme | Total: 12.5``. The table keeps the bare cells.

        Raises:
            TooLarge: the package is over the limits of an archive.
            Encrypted: it needs a password.
            ParseError: it is damaged.
        """
        import python_calamine as calamine

        facts = Facts() if source.media_type in _ZIPPED else compound_facts(source)
        if source.media_type in _ZIPPED:
            # Opened for its limits too, which are checked here; calamine opens it once more.
            with archive.opened(source) as package:
                if source.media_type == detect.ODS:
                    facts = meta_facts(optional(package, "meta.xml"))
                    _check_ends(archive.member(package, "content.xml") or b"")
                else:
                    facts = core_facts(package, related(package))
        builder = Builder(
            source,
            self.name,
            self.version,
            line_unit="row",
            page_unit="sheet",
            heading_is_title=False,
        )
        try:
            with source.open() as stream, _without_panic():
                return _read(calamine.CalamineWorkbook.from_filelike(stream), builder, facts)
        except calamine.PasswordError as error:
            raise Encrypted("the workbook needs a password") from error
        except (calamine.CalamineError, ValueError, OSError) as error:
            raise ParseError(f"the workbook is damaged: {error}") from error


@contextmanager
def _without_panic() -> Iterator[None]:
    """Take a panic of calamine for the damage that it panics about.

    Raises:
        ParseError: it panicked.
    """
    try:
        yield
    except BaseException as error:  # a Rust library's panic is no Exception, and has no name
        if type(error).__name__ != "PanicException":
            raise
        raise ParseError(f"the workbook is damaged: {error}") from error


def _check_ends(content: bytes) -> None:
    """Refuse a sheet that is cut short or has unmatched tags: calamine would look for its end
    until it is stopped.

    Raises:
        ParseError: it is not well-formed.
    """
    try:
        expat.ParserCreate().Parse(content, True)
    except expat.ExpatError as error:
        raise ParseError(f"the workbook is damaged: {error}") from error


def _read(workbook: Any, builder: Builder, facts: Facts) -> Document:
    budget = MAX_CELLS
    cut = []
    for name in workbook.sheet_names:
        builder.page(name)
        sheet = workbook.get_sheet_by_name(name)
        numbered, complete = _rows(sheet, budget)
        budget -= sum(len(row) for _, row in numbered)
        if not complete:
            cut.append(name)
        if numbered:
            builder.add_text(BlockKind.HEADING, name, level=1)
            _add_rows(numbered, sheet, builder)
        if builder.full:
            break
    if not cut:
        return builder.build(facts)
    reason = f"only the first rows and columns were read of: {', '.join(cut)}"
    return builder.build(facts, status=Status.PARTIAL, reason=reason)


def _rows(sheet: Any, budget: int) -> tuple[list[tuple[int, list[str]]], bool]:
    """The rows that hold anything, each with its number, and whether they are all."""
    if sheet.start is None:
        return [], True
    found: list[tuple[int, list[str]]] = []
    complete = int(sheet.width) <= MAX_COLUMNS
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [cell_text(value) for value in row[:MAX_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        budget -= len(cells)
        if budget < 0 or len(found) == MAX_ROWS:
            return found, False
        found.append((number, cells))
    return found, complete


def cell_text(value: object) -> str:
    """A cell as a person would write it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return one_line(str(value))


def _add_rows(numbered: list[tuple[int, list[str]]], sheet: Any, builder: Builder) -> None:
    header = header_row([row for _, row in numbered[:2]])
    pieces = []
    for at, (number, row) in enumerate(numbered):
        if header and at > 0:
            text = BETWEEN_CELLS.join(named_cells(header, row))
        else:
            text = BETWEEN_CELLS.join(row)
        pieces.append(Piece(text, number))
    rows = [row for _, row in numbered]
    numbers = [number for number, _ in numbered]
    first = int(sheet.start[1])
    grid = Grid(1 if header else 0, merged=_merged(sheet, numbers, first), first_column=first)
    builder.add_table(rows, pieces=pieces, lines=numbers, grid=grid)


def _merged(sheet: Any, numbers: list[int], first_column: int) -> list[Merged]:
    """The merged cells, in rows and columns of the table; not where the format hides them."""
    found = []
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        at, to = bisect_left(numbers, top + 1), bisect_right(numbers, bottom + 1)
        column, end = left - first_column, min(right - first_column + 1, MAX_COLUMNS)
        if at < to and numbers[at] == top + 1 and 0 <= column < end:
            found.append(Merged(at, column, to - at, end - column))
    return sorted(found, key=lambda one: (one.row, one.column))
