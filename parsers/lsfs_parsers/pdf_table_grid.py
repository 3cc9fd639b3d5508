"""The cells that ruling lines enclose."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from lsfs_parsers.pdf_lines import Box, union
from lsfs_parsers.pdf_rules import Rule

_TOUCH = 3.0  # points between two rules that meet
_SAME_X = 3.0  # points between two upright rules that are one edge
_SAME_Y = 2.5
_COVER = 1.0  # points by which a wall may be too short
_MOST_CELLS = 20_000
_MOST_PAIRS = 250_000  # of a level and an upright rule; a page of more is a drawing
_SMALLEST = 12.0  # points; the shorter side of a grid


class Grid(Struct, frozen=True):
    """A lattice of rules.

    Attributes:
        xs, ys: where its columns and rows end.
        cells: top row, left column, and how many rows and columns each cell takes.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[tuple[int, int, int, int], ...]

    @property
    def box(self) -> Box:
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]


def grids_of(rules: Sequence[Rule]) -> list[Grid]:
    """The lattices that rules form which cross or touch each other."""
    level_count = sum(rule.horizontal for rule in rules)
    if level_count * (len(rules) - level_count) > _MOST_PAIRS:
        return []
    found = []
    for group in touching(rules):
        level = [rule.box for rule in group if rule.horizontal]
        upright = [rule.box for rule in group if not rule.horizontal]
        if level and upright:
            grid = _grid(level, upright)
            if grid is not None:
                found.append(grid)
    return found


def touching(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Rules that touch, directly or over others."""
    parent = list(range(len(rules)))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    level = [n for n, rule in enumerate(rules) if rule.horizontal]
    upright = [n for n, rule in enumerate(rules) if not rule.horizontal]
    for one in upright:
        for other in level:
            if _meet(rules[one].box, rules[other].box):
                parent[root(one)] = root(other)
    groups: dict[int, list[Rule]] = {}
    for n, rule in enumerate(rules):
        groups.setdefault(root(n), []).append(rule)
    return [group for group in groups.values() if len(group) > 2]


def _meet(one: Box, other: Box) -> bool:
    return (
        one[0] - _TOUCH <= other[2]
        and other[0] - _TOUCH <= one[2]
        and one[1] - _TOUCH <= other[3]
        and other[1] - _TOUCH <= one[3]
    )


def _grid(level: list[Box], upright: list[Box]) -> Grid | None:
    left, top, right, bottom = union([*level, *upright])
    xs = clustered([(box[0] + box[2]) / 2 for box in upright] + [left, right], _SAME_X)
    ys = clustered([(box[1] + box[3]) / 2 for box in level] + [top, bottom], _SAME_Y)
    if len(xs) < 3 or len(ys) < 2 or min(xs[-1] - xs[0], ys[-1] - ys[0]) < _SMALLEST:
        return None
    if len(xs) * len(ys) > _MOST_CELLS:
        return None
    regions = _regions(len(ys) - 1, len(xs) - 1, _Walls(xs, ys, level, upright))
    return Grid(tuple(xs), tuple(ys), tuple(sorted(regions)))


def clustered(values: list[float], near: float) -> list[float]:
    """The means of values that are near each other."""
    values.sort()
    groups = [[values[0]]]
    for value in values[1:]:
        if value - groups[-1][0] <= near:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


class _Walls:
    """The stretches of each edge along which a rule is drawn."""

    def __init__(
        self, xs: list[float], ys: list[float], level: list[Box], upright: list[Box]
    ) -> None:
        self._upright: list[list[tuple[float, float]]] = [[] for _ in xs]
        self._level: list[list[tuple[float, float]]] = [[] for _ in ys]
        for box in upright:
            at = _nearest(xs, (box[0] + box[2]) / 2)
            self._upright[at].append((box[1] - _COVER, box[3] + _COVER))
        for box in level:
            at = _nearest(ys, (box[1] + box[3]) / 2)
            self._level[at].append((box[0] - _COVER, box[2] + _COVER))
        self._middles = [(one + other) / 2 for one, other in pairwise(xs)]
        self._heights = [(one + other) / 2 for one, other in pairwise(ys)]

    def left_of(self, column: int, row: int) -> bool:
        """Whether an upright rule stands there along most of the cell's side."""
        height = self._heights[row]
        return any(top <= height <= bottom for top, bottom in self._upright[column])

    def above(self, row: int, column: int) -> bool:
        """Whether a level rule stands there along most of the cell's side."""
        middle = self._middles[column]
        return any(left <= middle <= right for left, right in self._level[row])


def _nearest(values: list[float], value: float) -> int:
    return min(range(len(values)), key=lambda n: abs(values[n] - value))


def _regions(rows: int, columns: int, walls: _Walls) -> list[tuple[int, int, int, int]]:
    """The rectangles of elementary cells without a wall between them.

    Cells are taken from the top left; each grows to the right, then down as long as all of its
    width is open.
    """
    taken = [[False] * columns for _ in range(rows)]
    found = []
    for i in range(rows):
        for j in range(columns):
            if taken[i][j]:
                continue
            width = 1
            while (
                j + width < columns and not taken[i][j + width] and not walls.left_of(j + width, i)
            ):
                width += 1
            height = 1
            while i + height < rows and _goes_on(walls, i + height, j, width, columns):
                height += 1
            for a in range(i, i + height):
                taken[a][j : j + width] = [True] * width
            found.append((i, j, height, width))
    return found


def _goes_on(walls: _Walls, row: int, column: int, width: int, columns: int) -> bool:
    """Whether a cell goes on in ``row``: no wall above it there, and the same walls beside it."""
    end = column + width
    if any(walls.above(row, k) for k in range(column, end)):
        return False
    if any(walls.left_of(k, row) for k in range(column + 1, end)):
        return False
    return end == columns or walls.left_of(end, row)
