"""Tables of Rich Text, whose rows are defined one by one: their common columns, merged cells."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from lsfs.model import Merged

_SAME_EDGE = 40  # twips (1/20 point) by which edges of one column differ between rows
_MAX_COLUMNS = 256


class Cell(Struct):
    """How a cell is defined.

    Attributes:
        right: its right edge in twips.
        covered_left: it is part of the cell on its left.
        covered_above: it is part of the cell above.
        begins_merge: the cell below may be part of it.
    """

    right: int = 0
    covered_left: bool = False
    covered_above: bool = False
    begins_merge: bool = False


class Row(Struct):
    """A row: the definitions of its cells, and their texts."""

    is_header: bool = False
    cells: list[Cell] = field(default_factory=list)
    next: Cell = field(default_factory=Cell)
    texts: tuple[str, ...] = ()

    def define(self, right: int) -> None:
        """The definition of a cell ends with its right edge."""
        if len(self.cells) < _MAX_COLUMNS:
            self.cells.append(replace(self.next, right=right))
        self.next = Cell()

    def filled(self, texts: Sequence[str]) -> Row:
        """The row with its texts; the definitions hold for the rows below it too."""
        return replace(self, texts=tuple(texts[:_MAX_COLUMNS]))

    @property
    def is_defined(self) -> bool:
        """Whether each cell has a definition, with edges from left to right."""
        rights = [cell.right for cell in self.cells]
        return len(rights) >= len(self.texts) and rights == sorted(set(rights))


class RtfTable(Struct, frozen=True):
    """A table with a text for each row and column."""

    rows: list[list[str]]
    header_rows: int
    merged: list[Merged]


def table_of(rows: Sequence[Row]) -> RtfTable:
    """The table that rows make."""
    header_rows = 0
    while header_rows < len(rows) - 1 and rows[header_rows].is_header:
        header_rows += 1
    if not all(row.is_defined for row in rows):
        return RtfTable([list(row.texts) for row in rows], header_rows, [])
    edges = _edges(rows)
    if len(edges) > _MAX_COLUMNS:
        return RtfTable([list(row.texts) for row in rows], header_rows, [])
    texts: list[list[str]] = []
    merged: list[Merged] = []
    lowest: dict[int, int] = {}  # the last merged cell of each column
    for number, row in enumerate(rows):
        line = [""] * len(edges)
        for text, cell, start, end in _placed(row, edges):
            above = merged[lowest[start]] if start in lowest else None
            if cell.covered_above and above and above.row + above.rows == number:
                merged[lowest[start]] = replace(above, rows=above.rows + 1)
                continue
            line[start] = text
            if end - start > 1 or cell.begins_merge:
                lowest[start] = len(merged)
                merged.append(Merged(number, start, 1, end - start))
        texts.append(line)
    return RtfTable(texts, header_rows, [one for one in merged if one.rows > 1 or one.columns > 1])


def _edges(rows: Sequence[Row]) -> list[int]:
    """The right edges of the table's columns."""
    found: list[int] = []
    for right in sorted({cell.right for row in rows for cell in row.cells[: len(row.texts)]}):
        if not found or right - found[-1] > _SAME_EDGE:
            found.append(right)
    return found


def _placed(row: Row, edges: Sequence[int]) -> list[tuple[str, Cell, int, int]]:
    """Text, definition, first column and the column after the last, of each cell that is seen."""
    placed: list[tuple[str, Cell, int, int]] = []
    start = 0
    for text, cell in zip(row.texts, row.cells, strict=False):
        end = max(start + 1, bisect_left(edges, cell.right - _SAME_EDGE) + 1)
        if cell.covered_left and placed:
            before = placed.pop()
            placed.append((f"{before[0]} {text}".strip(), before[1], before[2], end))
        else:
            placed.append((text, cell, start, end))
        start = end
    return [one for one in placed if one[2] < len(edges)]
