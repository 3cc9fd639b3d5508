"""A table whose cells are enclosed by ruling lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from lsfs.model import Merged
from lsfs_parsers.pdf_lines import union
from lsfs_parsers.pdf_parts import Part, Row, joined, rows_of
from lsfs_parsers.pdf_table_cells import Body, header_rows
from lsfs_parsers.pdf_table_columns import Placed
from lsfs_parsers.pdf_table_grid import Grid
from lsfs_parsers.pdf_table_rows import Group, split_band

_EDGE = 1.5  # points by which text may reach over the outer rules
_OVER = 2.0  # points by which a part reaches over an inner rule that it crosses
_FILLED = 0.25  # share of the cells that have text; a chart's have none
_NARROW = 9.0  # points; an empty column of this width is the space in a double rule
_FEW_BANDS = 3

Cells = dict[int, list[Part]]


def ruled_body(grid: Grid, parts: Sequence[Part]) -> Body | None:
    """The table in a grid; None when the grid is a chart, a frame or the like."""
    inside = [part for part in parts if _is_inside(part, grid)]
    whole = {part.line for part in inside} - {
        part.line for part in parts if not _is_inside(part, grid)
    }
    inside = [piece for part in inside if part.line in whole for piece in _cut(part, grid)]
    if len(inside) < 2:
        return None
    filled = _filled(grid, inside)
    if len(filled) < max(3, _FILLED * len(grid.cells)):
        return None
    return _Builder(grid, filled).body(whole)


def _is_inside(part: Part, grid: Grid) -> bool:
    left, top, right, bottom = grid.box
    height = (part.box[1] + part.box[3]) / 2
    return left - _EDGE <= part.middle <= right + _EDGE and top < height < bottom


def _cut(part: Part, grid: Grid) -> Iterator[Part]:
    """The pieces of a part that reaches over upright rules."""
    row = _index(grid.ys, (part.box[1] + part.box[3]) / 2)
    for x in grid.xs[1:-1]:
        if not part.left + _OVER < x < part.right - _OVER or not _has_wall(grid, row, x):
            continue
        index = next(
            (n for n, (_, x1, x2) in enumerate(part.gaps) if x1 - _OVER <= x <= x2 + _OVER), None
        )
        if index is not None:
            before, part = part.cut(index)
            yield before
    yield part


def _has_wall(grid: Grid, row: int, x: float) -> bool:
    column = grid.xs.index(x)
    return not any(
        top <= row < top + height and left < column < left + width
        for top, left, height, width in grid.cells
    )


def _index(edges: Sequence[float], value: float) -> int:
    inner = sum(edge <= value for edge in edges[1:-1])
    return min(inner, len(edges) - 2)


def _filled(grid: Grid, parts: Sequence[Part]) -> dict[tuple[int, int, int, int], list[Part]]:
    """The cells that have text, with it."""
    at = {
        (i, j): cell
        for cell in grid.cells
        for i in range(cell[0], cell[0] + cell[2])
        for j in range(cell[1], cell[1] + cell[3])
    }
    found: dict[tuple[int, int, int, int], list[Part]] = {}
    for part in parts:
        height = (part.box[1] + part.box[3]) / 2
        place = _index(grid.ys, height), _index(grid.xs, part.middle)
        found.setdefault(at[place], []).append(part)
    return found


class _Builder:
    """Makes rows of the bands between level rules; a band can hold several."""

    def __init__(self, grid: Grid, filled: dict[tuple[int, int, int, int], list[Part]]) -> None:
        self._grid = grid
        self._filled = filled
        self._columns = _kept_columns(grid, filled)
        self._extents = [self._extent(columns) for columns in self._columns]

    def body(self, lines: set[int]) -> Body | None:
        """The table, where it has at least two rows and two columns with text."""
        if len(self._columns) < 2:
            return None
        starts, groups = self._rows()
        body = Body([], [], lines, self._extents, True)
        body.merged = self._merged(starts)
        for number, (group, cells) in enumerate(
            zip(groups, self._cells(starts, groups), strict=True)
        ):
            del number, group
            body.texts.append([joined(cells.get(n, [])) for n in range(len(self._columns))])
            body.boxes.append([
                union([part.box for part in cells[n]]) if n in cells else None
                for n in range(len(self._columns))
            ])  # fmt: skip
        if len(body.texts) < 2 or sum(_several(row) for row in body.texts) < 2:
            return None
        body.header_rows = header_rows(groups, body.texts, self._ruled_off(starts, len(groups)))
        return body

    def _extent(self, columns: range) -> tuple[float, float]:
        return self._grid.xs[columns.start], self._grid.xs[columns.stop]

    def _rows(self) -> tuple[list[int], list[Group]]:
        """The number of the first row of each band, and the rows: lines in columns."""
        starts: list[int] = []
        groups: list[Group] = []
        bands = len(self._grid.ys) - 1
        for band in range(bands):
            starts.append(len(groups))
            placed = self._band(band)
            if not placed and not self._is_covered(band):
                continue
            few = bands <= _FEW_BANDS
            split = split_band(placed, self._extents, only_numbers=not few) if placed else None
            groups += split or [placed]
        starts.append(len(groups))
        return starts, groups

    def _is_covered(self, band: int) -> bool:
        """Whether a cell of several bands begins here, of which another one has text."""
        return any(cell[0] == band and cell[2] > 1 for cell in self._filled)

    def _band(self, band: int) -> list[Placed]:
        """The lines of the cells that stand in one band only."""
        column_of = {
            id(part): self._column(cell[1])
            for cell, parts in self._filled.items()
            if cell[0] == band and cell[2] == 1
            for part in parts
        }
        parts = [
            part
            for cell, some in self._filled.items()
            if cell[0] == band and cell[2] == 1
            for part in some
        ]
        found = []
        for row in rows_of(parts):
            placed = Placed(Row(row.parts))
            for part in row.parts:
                placed.cells.setdefault(column_of[id(part)], []).append(part)
            found.append(placed)
        return found

    def _column(self, edge: int) -> int:
        """The number of the kept column in which an edge's column went."""
        return next(
            (n for n, columns in enumerate(self._columns) if edge < columns.stop),
            len(self._columns) - 1,
        )

    def _cells(self, starts: Sequence[int], groups: Sequence[Group]) -> list[Cells]:
        found: list[Cells] = []
        for group in groups:
            cells: Cells = {}
            for row in group:
                for column, parts in row.cells.items():
                    cells.setdefault(column, []).extend(parts)
            found.append(cells)
        for cell, parts in self._filled.items():
            if cell[2] > 1:
                lines = [part for row in rows_of(parts) for part in row.parts]
                row_number = min(starts[cell[0]], len(found) - 1)
                found[row_number].setdefault(self._column(cell[1]), []).extend(lines)
        return found

    def _merged(self, starts: Sequence[int]) -> list[Merged]:
        found = []
        for cell in sorted(self._filled):
            first, last = self._column(cell[1]), self._column(cell[1] + cell[3] - 1)
            rows = starts[cell[0] + cell[2]] - starts[cell[0]] if cell[2] > 1 else 1
            if last > first or rows > 1:
                found.append(Merged(starts[cell[0]], first, max(1, rows), last - first + 1))
        return found

    def _ruled_off(self, starts: Sequence[int], rows: int) -> int:
        """The rows above the first inner rule, where the other bands have many."""
        bands = sum(one < other for one, other in pairwise(starts))
        first = next((n for n in starts if n > 0), 0)
        return first if rows >= 2 * bands else 0


def _kept_columns(grid: Grid, filled: dict[tuple[int, int, int, int], list[Part]]) -> list[range]:
    """The columns of a grid, narrow ones without text made part of the one before."""
    used = {cell[1] for cell in filled}
    kept: list[range] = []
    for n, (left, right) in enumerate(pairwise(grid.xs)):
        if n in used or right - left > _NARROW or not kept:
            kept.append(range(n, n + 1))
        else:
            kept[-1] = range(kept[-1].start, n + 1)
    if kept and kept[0].start not in used and grid.xs[1] - grid.xs[0] <= _NARROW and len(kept) > 1:
        kept[:2] = [range(kept[0].start, kept[1].stop)]
    return kept


def _several(row: Sequence[str]) -> bool:
    return sum(map(bool, row)) > 1
