"""Tables without enclosed cells: rows whose pieces stand below each other, between rules or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from lsfs_parsers.pdf_marks import TABLE_TITLE
from lsfs_parsers.pdf_parts import Part, Row, rows_of
from lsfs_parsers.pdf_rules import Rule
from lsfs_parsers.pdf_table_cells import Body, body_of, header_rows
from lsfs_parsers.pdf_table_columns import Extent, Placed, columns_of, placed, with_rivers
from lsfs_parsers.pdf_table_continued import Before
from lsfs_parsers.pdf_table_doubts import Draft, is_false
from lsfs_parsers.pdf_table_rows import banded, could_wrap, grouped, with_whole_headings

_SHORTEST_RULE = 40.0  # points
_MOST_RULES = 400  # on one page; more are a drawing
_SAME_EDGE = 5.0  # points between the ends of the rules of one table
_ACROSS = 0.7  # of a table's width: a rule this long goes across
_GAP = 2.4  # of the letter size; rows further apart are of different tables
_FRAMED_GAP = 6.0
_PROSE = 45  # characters
_PROSE_WIDTH = 0.7  # of the widest row
_FULL_LINE = 22  # characters
_FULL_WIDTH = 0.9  # of the widest row
_NEAR_ROWS = 40
_LONE_ROWS = 3  # rows with one piece that may stand between two with several
_SAME_SIZE = 0.3  # points
_SIZES = 1.25  # ratio of letter sizes within a table
_OVERLAP = 1.0  # points of white space that two rows share
_ROWS_OF_A_TABLE = 3


class Frame(Struct, frozen=True):
    """Level rules of one length above each other."""

    left: float
    right: float
    heights: tuple[float, ...]

    def holds(self, row: Row) -> bool:
        middle = (row.top + row.bottom) / 2
        return (
            self.heights[0] < middle < self.heights[-1]
            and row.left > self.left - _SAME_EDGE
            and row.right < self.right + _SAME_EDGE
        )


def zone_bodies(
    parts: Sequence[Part], rules: Sequence[Rule], body_size: float, before: Before | None = None
) -> list[Body]:
    """The tables among parts that no grid encloses, from top to bottom.

    Args:
        before: the table that the first of them may continue.
    """
    rows = rows_of(parts)
    if sum(len(row.parts) > 1 for row in rows) < (1 if before else 2):
        return []
    level = [
        rule for rule in rules if rule.horizontal and rule.box[2] - rule.box[0] >= _SHORTEST_RULE
    ]
    frames = _frames(level)
    found = []
    for zone in _zones(rows, frames):
        is_first = all(_is_caption(row) for row in rows if row.baseline < zone[0].baseline)
        body = _body(zone, level, frames, body_size, before if is_first else None)
        if body is not None:
            found.append(body)
    return found


def _frames(level: Sequence[Rule]) -> list[Frame]:
    """Rules of equal ends; two or more of them may enclose a table."""
    groups: list[list[Rule]] = []
    drawn = [rule for rule in level if not rule.shade]
    if len(drawn) > _MOST_RULES:
        return []
    for rule in sorted(drawn, key=lambda rule: rule.box[1]):
        group = next((group for group in groups if _same_ends(group[-1], rule)), None)
        if group is None:
            groups.append([rule])
        else:
            group.append(rule)
    return [
        Frame(
            min(rule.box[0] for rule in group),
            max(rule.box[2] for rule in group),
            tuple((rule.box[1] + rule.box[3]) / 2 for rule in group),
        )
        for group in groups
        if len(group) > 1
    ]


def _same_ends(one: Rule, other: Rule) -> bool:
    return (
        abs(one.box[0] - other.box[0]) <= _SAME_EDGE
        and abs(one.box[2] - other.box[2]) <= _SAME_EDGE
    )


def _framed(frames: Sequence[Frame], one: Row, other: Row) -> bool:
    """Whether two rows stand between the same rules, or only one such rule between them."""
    return any(frame.holds(one) and frame.holds(other) for frame in frames)


def _zones(rows: Sequence[Row], frames: Sequence[Frame]) -> Iterator[list[Row]]:
    """Stretches of rows that may be a table."""
    zone: list[Row] = []
    lone: list[Row] = []  # rows of one piece, kept back until one with several follows
    for number, row in enumerate(rows):
        last = lone[-1] if lone else zone[-1] if zone else None
        if last is not None and (not _is_near(last, row, frames) or _left(zone, row, frames)):
            yield _closed(zone, lone, frames)
            zone, lone = [], []
        if _is_caption(row):
            continue
        if len(row.parts) == 1:
            framed = bool(zone) and _framed(frames, zone[-1], row)
            if zone and _may_be_cell(row, zone, framed=framed) and len(lone) < _LONE_ROWS:
                lone.append(row)
            elif zone:
                yield _closed(zone, lone, frames)
                zone, lone = [], []
        elif zone and not _shares_gap(zone, row) and not _framed(frames, zone[-1], row):
            yield _closed(zone, lone, frames)
            zone, lone = [*_heads(rows, number, frames), row], []
        else:
            zone += [*(lone if zone else _heads(rows, number, frames)), row]
            lone = []
    if zone:
        yield _closed(zone, lone, frames)


def _heads(rows: Sequence[Row], number: int, frames: Sequence[Frame]) -> list[Row]:
    """The rows of one piece between the rule above a table and its first row with several."""
    found: list[Row] = []
    row = rows[number]
    for one in reversed(rows[max(0, number - _LONE_ROWS) : number]):
        if len(one.parts) > 1 or not _framed(frames, one, row) or not _is_near(one, row, frames):
            break
        if _is_caption(one) or len(one.parts[0].text) >= _PROSE:
            break
        if abs(one.size - row.size) > _SAME_SIZE and _ruled_between(one, row, frames):
            break
        found.insert(0, one)
        row = one
    return found


def _ruled_between(one: Row, other: Row, frames: Sequence[Frame]) -> bool:
    return any(one.bottom <= y <= other.top for frame in frames for y in frame.heights)


def _left(zone: Sequence[Row], row: Row, frames: Sequence[Frame]) -> bool:
    """Whether a row stands below the last rule of the table that a zone is."""
    middle = (row.top + row.bottom) / 2
    last = zone[-2 * _ROWS_OF_A_TABLE :]
    for frame in frames:
        if not last or not last[0].top < frame.heights[-1] < middle:
            continue
        inside = sum(frame.holds(one) for one in last)
        if inside >= (_ROWS_OF_A_TABLE if len(frame.heights) > 2 else 2 * _ROWS_OF_A_TABLE):
            return True
    return False


def _closed(zone: list[Row], lone: list[Row], frames: Sequence[Frame]) -> list[Row]:
    """A zone with the rows of one piece behind it that still belong to it."""
    kept: list[Row] = []
    for row in lone:
        # The other cells of its row may stand in the middle, between its first line and this one.
        wraps = any(
            row.baseline - before.baseline < 1.4 * row.size
            and part.left - 2 <= row.parts[0].left
            and could_wrap(part, row.parts[0], part.width)
            for before in (zone + kept)[-2:]
            for part in before.parts
        )
        if not _framed(frames, zone[-1], row) and not wraps:
            break
        kept.append(row)
    return zone + kept


def _is_near(last: Row, row: Row, frames: Sequence[Frame]) -> bool:
    if _is_caption(row):
        return False
    size = max(last.size, row.size)
    framed = _framed(frames, last, row)
    if not framed and max(last.size, row.size) > _SIZES * min(last.size, row.size):
        return False
    return row.top - last.bottom <= (_FRAMED_GAP if framed else _GAP) * size


def _is_caption(row: Row) -> bool:
    first = row.parts[0].text
    match = TABLE_TITLE.match(first)
    if len(row.parts) == 1:
        return match is not None
    if match is not None and len(row.parts) == 2:
        return match.end() == len(first)
    # In a narrow column, justification makes all spaces of a line as wide as between cells.
    match = TABLE_TITLE.match(row.text)
    is_marked = match is not None and match[0][-1] in ".:" and len(match[0].split()) == 2
    return is_marked and not any(part.is_number for part in row.parts[2:])


def _may_be_cell(row: Row, zone: Sequence[Row], *, framed: bool) -> bool:
    """Whether a row of one piece is a wrapped cell or a heading among rows, and not a paragraph."""
    part = row.parts[0]
    near = zone[-_NEAR_ROWS:]
    left, right = min(one.left for one in near), max(one.right for one in near)
    inside = part.left >= left - part.size and part.right <= right + part.size
    is_prose = len(part.text) >= _PROSE and part.width >= _PROSE_WIDTH * (right - left)
    is_full = len(part.text) >= _FULL_LINE and part.width >= _FULL_WIDTH * (right - left)
    return inside and not is_prose and (framed or not is_full)


def _shares_gap(zone: Sequence[Row], row: Row) -> bool:
    """Whether white space runs through a row and the last ones with several pieces before it."""
    before = [one for one in zone if len(one.parts) > 1][-3:]
    gaps = _gaps(row)
    return any(
        min(a[1], b[1]) - max(a[0], b[0]) >= _OVERLAP
        for one in before
        for a in _gaps(one)
        for b in gaps
    )


def _gaps(row: Row) -> list[Extent]:
    return [(one.right, other.left) for one, other in pairwise(row.parts)]


def _body(
    zone: list[Row],
    level: Sequence[Rule],
    frames: Sequence[Frame],
    body_size: float,
    before: Before | None,
) -> Body | None:
    columns = _columns(zone, before)
    if len(columns) < 2:
        return None
    lines = placed(zone, columns)
    columns = _filled_extents(lines, columns)
    breaks, drawn = _breaks(zone, level)
    groups = grouped(lines, columns, breaks)
    body = body_of(groups, columns, ruled=drawn)
    bands = banded(lines, breaks)
    body.header_rows = header_rows(groups, body.texts, _ruled_off(groups, bands))
    whole = with_whole_headings(groups, body.header_rows, breaks)
    if len(whole) < len(groups):
        heading = body.header_rows - len(groups) + len(whole)
        groups, body = whole, body_of(whole, columns, ruled=drawn)
        body.header_rows = heading
    framed = drawn and (len(breaks) > 1 or any(_holds(frame, zone) for frame in frames))
    is_banded = len(bands) >= max(_ROWS_OF_A_TABLE, 0.5 * len(groups))
    framed = framed or drawn or is_banded  # shades between rows are no proof: listings have them
    draft = Draft(
        columns, groups, body.texts, framed, drawn and is_banded, body.header_rows, body_size
    )
    goes_on = before is not None and before.agrees(columns)
    return None if is_false(draft, goes_on=goes_on) else body


def _columns(zone: Sequence[Row], before: Before | None) -> list[Extent]:
    """The columns that rows show, or those of the table before them, if there are more of these and
    the rows stand in them."""
    several = [row for row in zone if len(row.parts) > 1]
    found = with_rivers(columns_of(several), several) if len(several) > 1 else []
    if before is not None and len(before.columns) > len(found):
        return before.fitted(zone) or found
    return found


def _holds(frame: Frame, zone: Sequence[Row]) -> bool:
    return any(frame.holds(row) for row in zone)


def _filled_extents(lines: Sequence[Placed], columns: list[Extent]) -> list[Extent]:
    """Where the cells of each column begin and end, spanning ones left aside."""
    found = []
    for n, column in enumerate(columns):
        parts = [part for line in lines if n not in line.spans for part in line.cells.get(n, ())]
        if not parts:
            found.append(column)
            continue
        found.append((min(part.left for part in parts), max(part.right for part in parts)))
    return found


def _breaks(zone: Sequence[Row], level: Sequence[Rule]) -> tuple[list[float], bool]:
    """The heights of the rules across a zone, and whether any is drawn within or at its edges."""
    left, right = min(row.left for row in zone), max(row.right for row in zone)
    near = 1.5 * zone[0].size
    top, bottom = zone[0].top - near, zone[-1].bottom + near
    across = [
        rule
        for rule in level
        if top < rule.box[1] < bottom
        and min(rule.box[2], right) - max(rule.box[0], left) >= _ACROSS * (right - left)
    ]
    heights = [(rule.box[1] + rule.box[3]) / 2 for rule in across]
    inner = [y for y in heights if zone[0].bottom - 2 < y < zone[-1].top + 2]
    drawn = [(rule.box[1] + rule.box[3]) / 2 for rule in across if not rule.shade]
    within = any(y in inner for y in drawn)
    around = bool(drawn) and min(drawn) < zone[0].bottom and max(drawn) > zone[-1].top
    return inner, within or around


def _ruled_off(groups: Sequence[Sequence[Placed]], bands: Sequence[Sequence[Placed]]) -> int:
    """The rows above the first rule, where the rows below it are not all ruled off."""
    if len(bands) < 2 or len(groups) < 1.5 * len(bands):
        return 0
    first = {id(row) for row in bands[0]}
    return sum(id(group[0]) in first for group in groups)
