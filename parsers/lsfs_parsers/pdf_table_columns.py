"""Where the columns of a table stand, and which of them each piece of its rows fills."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Sequence
from operator import itemgetter

from msgspec import Struct, field

from lsfs_parsers.pdf_lines import Box, union
from lsfs_parsers.pdf_parts import Part, Row

Extent = tuple[float, float]  # left and right

_APART = 0.8  # points between two columns
_KEEP = 0.4  # share of rows that show a column which the others hide
_DEPTH = 8  # how often rows whose cells span columns are left out
_TOUCH = 0.2  # of a column's width by which a neighbour's cell may reach into it
_ALIGNED = 1.3  # points
_SHOWN = 0.25  # share of a column's cells that show an edge
_RIVER = 0.45  # of the letter size: a gap that divides columns when it runs through many rows
_RIVER_ROWS = 5
_ALIGNED_ROWS = 3  # the same, where words end on one side of it and begin on the other
_STRAY = 25  # of so many words one may stand in the way
_CUTS = 3  # parts that could be cut at one place show that columns meet there
_MOST_GAPS = 40  # a part of more words is no row of narrow columns


class Placed(Struct):
    """A row with its parts in columns.

    Attributes:
        cells: the parts in each column that has any; under the first one for a spanning part.
        spans: how many columns a part covers, where it is more than one.
    """

    row: Row
    cells: dict[int, list[Part]] = field(default_factory=dict)
    spans: dict[int, int] = field(default_factory=dict)

    @property
    def box(self) -> Box:
        return union([part.box for parts in self.cells.values() for part in parts])


def columns_of(rows: Sequence[Row]) -> list[Extent]:
    """The columns that rows show, from left to right.

    The white space between two columns reaches through all rows, but for the few whose cells span
    it; these are left out where the others agree.
    """
    extents = [[(part.left, part.right) for part in row.parts] for row in rows]
    columns = _divided(extents, _DEPTH)
    rights = [right for _, right in columns]
    filled = [
        {
            n
            for part in row.parts
            if (n := bisect_left(rights, part.middle)) < len(columns)
            and columns[n][0] <= part.middle
        }
        for row in rows
    ]
    return _without_halves(columns, filled)


def _divided(rows: list[list[Extent]], depth: int) -> list[Extent]:
    found: list[Extent] = []
    for stretch in _stretches([extent for row in rows for extent in row]):
        inside = [
            [one for one in row if one[0] >= stretch[0] and one[1] <= stretch[1]] for row in rows
        ]
        inside = [row for row in inside if row]
        fewest = min(map(len, inside))
        rest = [row for row in inside if len(row) > fewest]
        if depth and len(rest) >= max(2, _KEEP * len(inside)):
            found += _divided(rest, depth - 1)
        else:
            found.append(stretch)
    return found


def _stretches(extents: list[Extent]) -> list[Extent]:
    """The ranges that extents cover without a gap."""
    found: list[Extent] = []
    for left, right in sorted(extents):
        if found and left < found[-1][1] + _APART:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found


def _without_halves(columns: Sequence[Extent], filled: Sequence[set[int]]) -> list[Extent]:
    """Neighbouring columns that no row fills both are one: a heading to the left and numbers to
    the right, or entries that are indented.

    Args:
        filled: the columns that each row fills.
    """
    merged: list[tuple[Extent, set[int]]] = []
    for n, column in enumerate(columns):
        if merged and not any(n in one and merged[-1][1] & one for one in filled):
            (left, _), numbers = merged[-1]
            merged[-1] = ((left, column[1]), numbers | {n})
        else:
            merged.append((column, {n}))
    return [column for column, _ in merged]


def with_rivers(columns: list[Extent], rows: Sequence[Row]) -> list[Extent]:
    """Columns divided further where narrow white space runs through many rows.

    Words stand below each other by chance; cells that begin or end at one place do not.
    """
    inside = [
        [[part for part in row.parts if _overlap(part, column) > 0.9 * part.width] for row in rows]
        for column in columns
    ]
    divided = _with_rivers(columns, inside)
    if len(divided) == len(columns):
        return columns
    # What reached over several columns can now be cut, and may show further ones.
    lines = placed(rows, divided)
    inside = [
        [line.cells.get(n, []) if n not in line.spans else [] for line in lines]
        for n in range(len(divided))
    ]
    again = _with_rivers(divided, inside)
    if len(again) > len(divided):
        lines = placed(rows, again)
    return _without_halves(again, [set(line.cells) for line in lines if not line.spans])


def _with_rivers(
    columns: Sequence[Extent], cells: Sequence[Sequence[Sequence[Part]]]
) -> list[Extent]:
    """Columns divided where white space runs through their cells, which are given by row."""
    found: list[Extent] = []
    for column, rows in zip(columns, cells, strict=True):
        inside = [parts for parts in rows if parts]
        if any(len(part.gaps) > _MOST_GAPS for parts in inside for part in parts):
            found.append(column)
        else:
            found += _cut(column, inside)
    return found


def _cut(column: Extent, rows: Sequence[Sequence[Part]]) -> list[Extent]:
    """A column divided where no word of any part stands, many rows have words on both sides, and
    these begin or end at one place."""
    edges: list[Extent] = []
    left = column[0]
    parts = [part for row in rows for part in row]
    gaps = [(row[0].size, list(_spaces(row))) for row in rows]
    for x1, x2 in white(
        [word for part in parts for word in words(part)], round(len(parts) / _STRAY)
    ):
        both = [
            (end, begin)
            for size, spaces in gaps
            if x2 - x1 > _RIVER * size
            for end, begin in spaces
            if end <= x1 + _ALIGNED and begin >= x2 - _ALIGNED
        ]
        fewest = _RIVER_ROWS if len(both) >= _RIVER_ROWS else _ALIGNED_ROWS
        both_edges = fewest == _ALIGNED_ROWS
        enough = len(both) >= max(fewest, _SHOWN * len(rows))
        if enough and _agree(both, x1, x2, both_edges=both_edges):
            edges.append((left, x1))
            left = x2
    return [*edges, (left, column[1])]


def _spaces(row: Sequence[Part]) -> Iterator[Extent]:
    """Where the white space between the words of a row begins and ends."""
    for part, after in zip(row, [*row[1:], None], strict=True):
        yield from ((left, right) for _, left, right in part.gaps)
        if after is not None:
            yield part.right, after.left


def white(extents: Sequence[Extent], strays: int) -> Iterator[Extent]:
    """The ranges that at most so many of the extents of words reach into."""
    changes = sorted([(left, 1) for left, _ in extents] + [(right, -1) for _, right in extents])
    count, since = 0, None
    for x, change in changes:
        count += change
        if count <= strays and since is None:
            since = x
        elif count > strays and since is not None:
            if x > since:
                yield since, x
            since = None


def words(part: Part) -> Iterator[Extent]:
    """From where to where each word of a part stands."""
    left = part.left
    for _, x1, x2 in part.gaps:
        yield left, x1
        left = x2
    yield left, part.right


def _agree(spaces: Sequence[Extent], left: float, right: float, *, both_edges: bool) -> bool:
    """Whether words end at ``left`` or begin at ``right`` beside most of the white spaces; or end
    and begin there."""
    ends = sum(abs(end - left) <= _ALIGNED for end, _ in spaces)
    begins = sum(abs(begin - right) <= _ALIGNED for _, begin in spaces)
    return (min if both_edges else max)(ends, begins) >= 0.9 * len(spaces)


def _overlap(part: Part, column: Extent) -> float:
    return min(part.right, column[1]) - max(part.left, column[0])


def placed(rows: Sequence[Row], columns: Sequence[Extent]) -> list[Placed]:
    """Rows with their parts in columns; a part that holds several cells is cut."""
    edges = _Edges(rows, columns)
    found = []
    for row in rows:
        one = Placed(row)
        for part in row.parts:
            for piece in edges.pieces(part, begun=one.cells):
                first, last = edges.covered(piece)
                one.cells.setdefault(first, []).append(piece)
                if last > first:
                    one.spans[first] = last - first + 1
        found.append(one)
    return found


def _covered(left: float, right: float, columns: Sequence[Extent]) -> tuple[int, int]:
    full = []
    for n in range(bisect_right(columns, left, key=itemgetter(1)), len(columns)):
        x1, x2 = columns[n]
        if x1 >= right:
            break
        if min(right, x2) - max(left, x1) > _TOUCH * min(right - left, x2 - x1):
            full.append(n)
    if full:
        return full[0], full[-1]
    middle = (left + right) / 2
    nearest = min(
        range(len(columns)), key=lambda n: max(columns[n][0] - middle, middle - columns[n][1])
    )
    return nearest, nearest


class _Edges:
    """Where the cells of columns begin and end, to tell a spanning cell from several in one."""

    def __init__(self, rows: Sequence[Row], columns: Sequence[Extent]) -> None:
        self._columns = columns
        self._known: dict[Extent, tuple[int, int]] = {}
        self._lefts: list[list[float]] = [[] for _ in columns]
        self._rights: list[list[float]] = [[] for _ in columns]
        for row in rows:
            for part in row.parts:
                first, last = self.covered(part)
                if first == last:
                    self._lefts[first].append(part.left)
                    self._rights[first].append(part.right)
        self._add_cuts([part for row in rows for part in row.parts])
        for edges in (*self._lefts, *self._rights):
            edges.sort()

    def _add_cuts(self, parts: Sequence[Part]) -> None:
        """Count also where parts over two columns could be cut, when several could be: where two
        columns nearly touch, there may be no row but the header in which they are apart."""
        ends: list[list[float]] = [[] for _ in self._columns]
        begins: list[list[float]] = [[] for _ in self._columns]
        for part in parts:
            first, last = self.covered(part)
            for n in range(first, last):
                index = self._gap(part, n)
                if index is not None:
                    ends[n].append(part.gaps[index][1])
                    begins[n + 1].append(part.gaps[index][2])
        for n, edges in enumerate(ends):
            self._rights[n] += edges if len(edges) >= _CUTS else []
        for n, edges in enumerate(begins):
            self._lefts[n] += edges if len(edges) >= _CUTS else []

    def covered(self, part: Part) -> tuple[int, int]:
        """The first and the last column that a part fills."""
        extent = part.box[0], part.box[2]
        found = self._known.get(extent)
        if found is None:
            found = self._known[extent] = _covered(*extent, self._columns)
        return found

    def pieces(self, part: Part, begun: Container[int]) -> list[Part]:
        """The cells that a part holds.

        Args:
            begun: columns that have a part already: its last words begin anywhere.
        """
        first, last = self.covered(part)
        # A letter or two of a neighbouring cell may be in the part.
        while last + 1 < len(self._columns) and part.right > self._columns[last + 1][0] + _ALIGNED:
            last += 1
        pieces = []
        for n in range(first, last):
            index = self._gap(part, n)
            if index is None:
                part = part.seam(self._columns[n + 1][0]) or part
                index = self._gap(part, n)
            if index is None:
                continue
            one, other = part.cut(index)
            if (n in begun or self._shows(one, n)) and self._shows(other, n + 1):
                pieces.append(one)
                part = other
        return [*pieces, part]

    def _gap(self, part: Part, column: int) -> int | None:
        """The widest gap of a part between a column and the next."""
        left, right = self._columns[column][1], self._columns[column + 1][0]
        between = [
            n
            for n, (_, x1, x2) in enumerate(part.gaps)
            if x2 > left - _ALIGNED and x1 < right + _ALIGNED
        ]
        return max(between, key=lambda n: part.gaps[n][2] - part.gaps[n][1], default=None)

    def _shows(self, part: Part, column: int) -> bool:
        """Whether a piece begins or ends where cells of the column do."""
        lefts, rights = self._lefts[column], self._rights[column]
        if not lefts:  # its cells are in one piece with their neighbours everywhere
            return True
        enough = max(1, _SHOWN * min(len(lefts), len(rights)))
        return max(_near(lefts, part.left), _near(rights, part.right)) >= enough


def _near(edges: list[float], x: float) -> int:
    """How many of the edges, in order, are at ``x``."""
    return bisect_right(edges, x + _ALIGNED) - bisect_left(edges, x - _ALIGNED)
