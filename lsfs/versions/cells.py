"""How tables differ, cell by cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from lsfs.differences import Quoted
from lsfs.versions.grids import Grid, Row
from lsfs.versions.matching import best_pairs, matching

ALIKE = 0.5  # share of cells that two versions of a row have in common
_BETWEEN = "\0"
_SAME = 3.0  # more than two tables that only resemble each other can score
_COMMON = 40  # rows that share a cell; beyond, it says nothing about which is which


class CellChange(Struct, frozen=True):
    """A cell that is not what it was.

    Attributes:
        row, column: what names them: the first cell of the row, the header or the number.
        before, after: the cell's text.
    """

    row: str
    column: str
    before: str
    after: str
    place_before: Quoted
    place_after: Quoted


class GridChange(Struct):
    """How a table became another one."""

    old: Grid
    new: Grid
    cells: list[CellChange] = field(default_factory=list)
    rows_added: list[Quoted] = field(default_factory=list)
    rows_removed: list[Quoted] = field(default_factory=list)
    columns_added: list[str] = field(default_factory=list)
    columns_removed: list[str] = field(default_factory=list)
    rows_moved: int = 0
    complete: bool = True


class TableChanges(Struct, frozen=True):
    """The tables that changed, and those that are in one version only."""

    changed: tuple[GridChange, ...]
    added: tuple[Grid, ...]
    removed: tuple[Grid, ...]


def table_changes(old: Sequence[Grid], new: Sequence[Grid]) -> TableChanges:
    """How the tables of a document changed."""
    pairs = _partners(old, new)
    changes = [_grid_change(old[i], new[j]) for i, j in pairs]
    paired_old, paired_new = {i for i, _ in pairs}, {j for _, j in pairs}
    return TableChanges(
        tuple(changes),
        tuple(grid for j, grid in enumerate(new) if j not in paired_new),
        tuple(grid for i, grid in enumerate(old) if i not in paired_old),
    )


def _partners(old: Sequence[Grid], new: Sequence[Grid]) -> list[tuple[int, int]]:
    """Tables that are versions of each other: of one heading, header or content."""
    scores = (
        (i, j, _likeness(mine, theirs))
        for i, mine in enumerate(old)
        for j, theirs in enumerate(new)
    )
    return sorted(best_pairs(scores), key=lambda pair: pair[1])


def _likeness(mine: Grid, theirs: Grid) -> float:
    if (mine.header, mine.rows) == (theirs.header, theirs.rows):
        return _SAME
    cells, others = _cells(mine), _cells(theirs)
    total = cells.total() + others.total()
    shared = 2 * (cells & others).total() / total if total else 0.0
    score = shared if shared >= ALIKE else 0.0
    score += 0.5 if mine.header and mine.header == theirs.header else 0.0
    score += 0.4 if mine.heading and mine.heading == theirs.heading and shared else 0.0
    return score + shared if score else 0.0


def _cells(grid: Grid) -> Counter[str]:
    return Counter(cell for row in (grid.header, *grid.rows) for cell in row if cell)


# --- rows and cells


def _grid_change(old: Grid, new: Grid) -> GridChange:
    change = GridChange(old, new)
    columns = _columns(old, new)
    kept_old, kept_new = {i for i, _ in columns}, {j for _, j in columns}
    change.columns_removed = [
        name for i, name in enumerate(old.header) if i not in kept_old and name
    ]
    change.columns_added = [name for j, name in enumerate(new.header) if j not in kept_new and name]
    mine = [_BETWEEN.join(_cell(row, i) for i, _ in columns) for row in old.rows]
    theirs = [_BETWEEN.join(_cell(row, j) for _, j in columns) for row in new.rows]
    found = matching(mine, theirs)
    change.complete = found.complete
    pairs = found.pairs()
    left, right = _rest(range(len(mine)), range(len(theirs)), pairs)
    moved = _equal(mine, theirs, left, right)
    change.rows_moved = len(moved)
    left, right = _rest(left, right, moved)
    changed = _same_rows(old, new, left, right, columns)
    left, right = _rest(left, right, changed)
    for i, j in changed:
        change.cells += _changed_cells(old, new, i, j, columns)
    change.rows_removed = [old.places[i] for i in left]
    change.rows_added = [new.places[j] for j in right]
    return change


def _cell(row: Row, column: int) -> str:
    return row[column] if column < len(row) else ""


def _rest(
    left: Sequence[int], right: Sequence[int], pairs: Sequence[tuple[int, int]]
) -> tuple[list[int], list[int]]:
    gone_old, gone_new = {i for i, _ in pairs}, {j for _, j in pairs}
    return [i for i in left if i not in gone_old], [j for j in right if j not in gone_new]


def _columns(old: Grid, new: Grid) -> list[tuple[int, int]]:
    """Which columns are the same: by name, then by place between two that are; else by number."""
    if not (old.header and new.header):
        width = max((len(row) for row in (*old.rows, *new.rows)), default=0)
        return [(k, k) for k in range(width)]
    named = dict(zip(_told_apart(old.header), range(len(old.header)), strict=True))
    pairs = {named[key]: j for j, key in enumerate(_told_apart(new.header)) if key in named}
    if len(old.header) == len(new.header):
        taken = set(pairs.values())
        # A column under another name, at its old place.
        pairs |= {k: k for k in range(len(old.header)) if k not in pairs and k not in taken}
    return sorted(pairs.items(), key=lambda pair: pair[1])


def _told_apart(header: Row) -> list[tuple[str, int]]:
    """The names of columns, each with how often it stood before."""
    seen: Counter[str] = Counter()
    found = []
    for name in header:
        found.append((name, seen[name]))
        seen[name] += 1
    return found


def _equal(
    mine: Sequence[str], theirs: Sequence[str], left: Sequence[int], right: Sequence[int]
) -> list[tuple[int, int]]:
    waiting: dict[str, list[int]] = defaultdict(list)
    for i in reversed(left):
        waiting[mine[i]].append(i)
    return [(waiting[theirs[j]].pop(), j) for j in right if waiting.get(theirs[j])]


def _same_rows(
    old: Grid,
    new: Grid,
    left: Sequence[int],
    right: Sequence[int],
    columns: Sequence[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Rows that are versions of each other: by their first cell, then by most of their cells."""
    pairs = _equal(
        [_name(row) for row in old.rows],
        [_name(row) for row in new.rows],
        [i for i in left if _name(old.rows[i])],
        [j for j in right if _name(new.rows[j])],
    )
    left, right = _rest(left, right, pairs)
    holders: dict[tuple[int, str], list[int]] = defaultdict(list)
    for i in left:
        for column, (k, _) in enumerate(columns):
            if cell := _cell(old.rows[i], k):
                holders[column, cell].append(i)
    used: set[int] = set()
    for j in right:
        votes: Counter[int] = Counter()
        filled = 0
        for column, (_, k) in enumerate(columns):
            cell = _cell(new.rows[j], k)
            filled += bool(cell)
            rows = holders.get((column, cell), ())
            if len(rows) <= _COMMON:
                votes.update(i for i in rows if i not in used)
        best = min(votes, key=lambda i: (-votes[i], abs(i - j)), default=None)
        if best is not None and votes[best] >= ALIKE * filled:
            used.add(best)
            pairs.append((best, j))
    return pairs


def _name(row: Row) -> str:
    """What names a row: its first cell, unless that is a number."""
    first = row[0] if row else ""
    return first if any(c.isalpha() for c in first) else ""


def _changed_cells(
    old: Grid, new: Grid, i: int, j: int, columns: Sequence[tuple[int, int]]
) -> Iterator[CellChange]:
    mine, theirs = old.rows[i], new.rows[j]
    for k, m in columns:
        before, after = _cell(mine, k), _cell(theirs, m)
        if before != after:
            column = _cell(new.header, m) or _cell(old.header, k) or f"column {m + 1}"
            row = next((cell for cell in theirs if cell and cell != after), "")
            name = _name(theirs) or row or f"row {j + 1}"
            yield CellChange(name, column, before, after, old.places[i], new.places[j])
