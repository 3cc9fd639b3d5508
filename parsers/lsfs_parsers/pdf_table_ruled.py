"""A table whose cells are enclosed by ruling lines."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lsfs.model import Merged
from lsfs_parsers.pdf_lines import union
from lsfs_parsers.pdf_marks import BULLET, TABLE_NOTE, TABLE_TITLE
from lsfs_parsers.pdf_parts import Part, joined, rows_of
from lsfs_parsers.pdf_table_cells import Body, body_of, header_rows
from lsfs_parsers.pdf_table_columns import Placed, columns_of
from lsfs_parsers.pdf_table_grid import Grid
from lsfs_parsers.pdf_table_rows import Group, could_wrap, split_band

_EDGE = 1.5  # points by which text may reach over the outer rules
_OVER = 2.0  # points by which a part reaches over an inner rule that it crosses
_FILLED = 0.25  # share of the cells that have text; a chart's have none
_NARROW = 9.0  # points; an empty column of this width is the space in a double rule
_FEW_BANDS = 3
_SHOWN = 0.6  # share of the rows of a column that show columns within it

Cell = tuple[int, int, int, int]  # top row, left column, rows, columns


def ruled_body(grid: Grid, parts: Sequence[Part]) -> Body | None:
    """The table in a grid; None when the grid is a chart, a frame or the like."""
    inside = [part for part in parts if _is_inside(part, grid)]
    whole = {part.line for part in inside} - {
        part.line for part in parts if not _is_inside(part, grid)
    }
    ruled, spanned = grid.xs, _spanned(grid)
    inside = [
        piece for part in inside if part.line in whole for piece in _cut(part, grid, ruled, spanned)
    ]
    grid = _with_unruled_columns(grid, inside)
    if grid.xs != ruled:
        spanned = _spanned(grid)
        inside = [piece for part in inside for piece in _cut(part, grid, ruled, spanned)]
    filled = _filled(grid, inside)
    if len(filled) < max(3, _FILLED * len(grid.cells)):
        return None
    return _Builder(grid, filled).body()


def _is_inside(part: Part, grid: Grid) -> bool:
    left, top, right, bottom = grid.box
    height = (part.box[1] + part.box[3]) / 2
    return left - _EDGE <= part.middle <= right + _EDGE and top < height < bottom


def _with_unruled_columns(grid: Grid, parts: Sequence[Part]) -> Grid:
    """A grid with its columns divided where most of their rows show several."""
    for column in range(len(grid.xs) - 2, -1, -1):
        left, right = grid.xs[column], grid.xs[column + 1]
        rows = rows_of(part for part in parts if left < part.left and part.right < right)
        several = [row for row in rows if len(row.parts) > 1]
        if len(several) < max(2, _SHOWN * len(rows)):
            continue
        found = columns_of(several)
        if len(found) > 1 and not all(BULLET.fullmatch(row.parts[0].text) for row in several):
            grid = _divided(grid, column, [(a[1] + b[0]) / 2 for a, b in pairwise(found)])
    return grid


def _divided(grid: Grid, column: int, places: list[float]) -> Grid:
    """A grid with edges added within a column; its cells reach over all of the new ones."""
    more = len(places)
    return Grid(
        (*grid.xs[: column + 1], *places, *grid.xs[column + 1 :]),
        grid.ys,
        tuple(
            (
                top,
                left + more * (left > column),
                height,
                width + more * (left <= column < left + width),
            )
            for top, left, height, width in grid.cells
        ),
    )


def _cut(
    part: Part, grid: Grid, ruled: Sequence[float], spanned: set[tuple[int, float]]
) -> Iterator[Part]:
    """The pieces of a part that reaches over upright rules; numbers also between columns."""
    row = _index(grid.ys, (part.box[1] + part.box[3]) / 2)
    for x in grid.xs[1:-1]:
        if not part.left + _OVER < x < part.right - _OVER:
            continue
        wall = x in ruled and (row, x) not in spanned
        index = _gap_at(part, x)
        if index is None and wall:
            part = part.seam(x) or part
            index = _gap_at(part, x)
        if index is None:
            continue
        before, after = part.cut(index)
        if wall or (x not in ruled and before.is_number and after.is_number):
            yield before
            part = after
    yield part


def _spanned(grid: Grid) -> set[tuple[int, float]]:
    """The bands, and the edges of columns that a cell reaches over there."""
    return {
        (row, grid.xs[edge])
        for top, left, height, width in grid.cells
        for row in range(top, top + height)
        for edge in range(left + 1, left + width)
    }


def _gap_at(part: Part, x: float) -> int | None:
    return next(
        (n for n, (_, x1, x2) in enumerate(part.gaps) if x1 - _OVER <= x <= x2 + _OVER), None
    )


def _index(edges: Sequence[float], value: float) -> int:
    return bisect_right(edges, value, 1, len(edges) - 1) - 1


def _filled(grid: Grid, parts: Sequence[Part]) -> dict[Cell, list[Part]]:
    """The cells that have text, with it."""
    at = {
        (i, j): cell
        for cell in grid.cells
        for i in range(cell[0], cell[0] + cell[2])
        for j in range(cell[1], cell[1] + cell[3])
    }
    found: dict[Cell, list[Part]] = {}
    for part in parts:
        height = (part.box[1] + part.box[3]) / 2
        place = _index(grid.ys, height), _index(grid.xs, part.middle)
        found.setdefault(at[place], []).append(part)
    return dict(one for cell, some in found.items() for one in _by_bands(grid, cell, some))


def _by_bands(grid: Grid, cell: Cell, parts: list[Part]) -> Iterator[tuple[Cell, list[Part]]]:
    """A cell over several bands, or the cells that it is when each band has a line of it: some
    tables have rules between the rows of some columns only."""
    _, left, height, width = cell
    lines: dict[int, list[Part]] = {}
    for part in parts:
        band = _index(grid.ys, (part.box[1] + part.box[3]) / 2)
        lines.setdefault(band, []).append(part)
    single = all(len(rows_of(line)) == 1 for line in lines.values())
    if (
        height > 1
        and len(lines) >= max(3, _SHOWN * height)
        and single
        and _are_apart(list(lines.values()), grid.xs[left + width] - grid.xs[left])
    ):
        for band, line in lines.items():
            yield (band, left, 1, width), line
    else:
        yield cell, parts


def _are_apart(lines: Sequence[Sequence[Part]], width: float) -> bool:
    """Whether lines could not be the wrapped text of one cell."""
    apart = sum(
        not could_wrap(one[-1], other[0], width - 2 * _OVER) for one, other in pairwise(lines)
    )
    return apart >= _SHOWN * (len(lines) - 1)


class _Builder:
    """Makes rows of the bands between level rules; a band can hold several."""

    def __init__(self, grid: Grid, filled: dict[Cell, list[Part]]) -> None:
        self._grid = grid
        self._flat: dict[int, list[tuple[Cell, list[Part]]]] = {}
        self._tall: dict[int, list[tuple[Cell, list[Part]]]] = {}
        for cell, parts in sorted(filled.items(), key=lambda one: one[0]):
            kind = self._flat if cell[2] == 1 else self._tall
            kind.setdefault(cell[0], []).append((cell, parts))
        used = {
            column
            for cell, parts in filled.items()
            for part in parts
            for column in (_index(grid.xs, part.middle), cell[1])
        }
        self._columns = _kept_columns(grid, used)
        self._extents = [
            (grid.xs[columns.start], grid.xs[columns.stop]) for columns in self._columns
        ]

    def body(self) -> Body | None:
        """The table, where it has at least two rows and two columns with text."""
        if len(self._columns) < 2:
            return None
        starts, groups = self._rows()
        starts, groups = _without_margins(starts, groups, len(self._columns))
        body = body_of(groups, self._extents, ruled=True)
        self._add_tall(body, starts)
        if len(body.texts) < 2 or sum(_several(row) for row in body.texts) < 2:
            return None
        body.header_rows = header_rows(groups, body.texts, _ruled_off(starts, len(groups)))
        return body

    def _rows(self) -> tuple[list[int], list[Group]]:
        """The number of the first row of each band, and the rows: lines in columns."""
        starts: list[int] = []
        groups: list[Group] = []
        bands = len(self._grid.ys) - 1
        for band in range(bands):
            starts.append(len(groups))
            placed = self._band(band)
            if not placed and band not in self._tall:
                continue
            few = bands <= _FEW_BANDS
            split = split_band(placed, self._extents, only_numbers=not few) if placed else None
            groups += split or [placed]
        starts.append(len(groups))
        return starts, groups

    def _band(self, band: int) -> list[Placed]:
        """The lines of the cells that stand in one band only."""
        where: dict[int, tuple[int, int]] = {}
        parts: list[Part] = []
        for cell, some in self._flat.get(band, ()):
            where |= self._places(cell, some)
            parts += some
        found = []
        for row in rows_of(parts):
            placed = Placed(row)
            for part in row.parts:
                column, width = where[id(part)]
                placed.cells.setdefault(column, []).append(part)
                if width > 1:
                    placed.spans[column] = width
            found.append(placed)
        return found

    def _places(self, cell: Cell, parts: list[Part]) -> dict[int, tuple[int, int]]:
        """The column of each part of a cell, and how many it covers.

        Where the parts of a line stand in several columns, rules between these were left out.
        """
        first, last = self._column(cell[1]), self._column(cell[1] + cell[3] - 1)
        covered = {id(part): self._covered(part) for part in parts}
        lines = [[covered[id(part)] for part in row.parts] for row in rows_of(parts)]
        divided = any(
            len(line) > 1 and all(a == b for a, b in line) and len(set(line)) == len(line)
            for line in lines
        )
        if first == last or not divided:
            return {id(part): (first, last - first + 1) for part in parts}
        return {
            key: (a, b - a + 1) if a == b else (first, last - first + 1)
            for key, (a, b) in covered.items()
        }

    def _covered(self, part: Part) -> tuple[int, int]:
        xs = self._grid.xs
        left, right = _index(xs, part.left + _OVER), _index(xs, part.right - _OVER)
        return self._column(left), self._column(max(left, right))

    def _column(self, edge: int) -> int:
        """The number of the kept column in which an edge's column went."""
        return next(
            (n for n, columns in enumerate(self._columns) if edge < columns.stop),
            len(self._columns) - 1,
        )

    def _add_tall(self, body: Body, starts: Sequence[int]) -> None:
        """Put the cells that reach over several bands into the first row of theirs."""
        for cell, parts in (one for band in self._tall.values() for one in band):
            row = starts[cell[0]]
            if row >= len(body.texts):
                continue
            first, last = self._column(cell[1]), self._column(cell[1] + cell[3] - 1)
            lines = [part for row_of_cell in rows_of(parts) for part in row_of_cell.parts]
            body.texts[row][first] = f"{body.texts[row][first]} {joined(lines)}".strip()
            body.boxes[row][first] = union([part.box for part in lines])
            body.lines |= {part.line for part in lines}
            rows = max(1, starts[cell[0] + cell[2]] - row)
            if rows > 1 or last > first:
                body.merged.append(Merged(row, first, rows, last - first + 1))


def _without_margins(
    starts: list[int], groups: list[Group], columns: int
) -> tuple[list[int], list[Group]]:
    """Rows without a caption above them, or a source or notes below, in a cell over all columns."""
    before = after = 0
    if len(groups) > 2 and _is_whole(groups[0], columns) and TABLE_TITLE.match(_text(groups[0])):
        before = 1
    if len(groups) > 2 and _is_whole(groups[-1], columns) and TABLE_NOTE.match(_text(groups[-1])):
        after = 1
    kept = groups[before : len(groups) - after]
    return [min(max(0, start - before), len(kept)) for start in starts], kept


def _is_whole(group: Group, columns: int) -> bool:
    return bool(group) and all(row.spans.get(0) == columns for row in group)


def _text(group: Group) -> str:
    return " ".join(row.row.text for row in group)


def _ruled_off(starts: Sequence[int], rows: int) -> int:
    """The rows above the first inner rule, where the other bands have many."""
    bands = sum(one < other for one, other in pairwise(starts))
    first = next((n for n in starts if n > 0), 0)
    return first if rows >= 2 * bands else 0


def _kept_columns(grid: Grid, used: set[int]) -> list[range]:
    """The columns of a grid, narrow ones without text made part of the one before."""
    kept: list[range] = []
    for n, (left, right) in enumerate(pairwise(grid.xs)):
        if n in used or right - left > _NARROW or not kept:
            kept.append(range(n, n + 1))
        else:
            kept[-1] = range(kept[-1].start, n + 1)
    if len(kept) > 1 and 0 not in used and grid.xs[1] - grid.xs[0] <= _NARROW:
        kept[:2] = [range(kept[1].stop)]
    return kept


def _several(row: Sequence[str]) -> bool:
    return sum(map(bool, row)) > 1
