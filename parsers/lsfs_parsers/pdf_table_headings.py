"""Headings of a table whose other rows stand on shades or in a grid, between that and the rule at
its top."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from lsfs_parsers.pdf_parts import Part, Row, rows_of
from lsfs_parsers.pdf_rules import Rule
from lsfs_parsers.pdf_table_cells import Body, body_of
from lsfs_parsers.pdf_table_columns import placed
from lsfs_parsers.pdf_table_grid import Grid

_SAME_EDGE = 5.0  # points between the ends of the rule and those of the grid
_MOST_ROWS = 4
_NEAR = 1.5  # letter sizes between the last heading and the grid


def with_headings(body: Body, grid: Grid, parts: Sequence[Part], rules: Sequence[Rule]) -> Body:
    """A table with the rows above its grid that a rule as wide as the grid is drawn over.

    Args:
        parts: those that stand in no table yet.
        rules: of the column of text.
    """
    left, top, right, _ = grid.box
    above = [
        rule.box[1]
        for rule in rules
        if rule.horizontal
        and not rule.shade
        and rule.box[3] < top - _SAME_EDGE
        and abs(rule.box[0] - left) <= _SAME_EDGE
        and abs(rule.box[2] - right) <= _SAME_EDGE
    ]
    if not above:
        return body
    between = [part for part in parts if max(above) < part.baseline <= top + 1]
    rows = rows_of(between)
    if not _are_headings(rows, grid):
        return body
    groups = [[one] for one in placed(rows, body.columns)]
    heading = body_of(groups, body.columns, ruled=True)
    count = len(heading.texts)
    moved = [replace(one, row=one.row + count) for one in body.merged]
    return Body(
        [*heading.texts, *body.texts],
        [*heading.boxes, *body.boxes],
        heading.lines | body.lines,
        body.columns,
        body.ruled,
        count,
        [*heading.merged, *moved],
    )


def _are_headings(rows: Sequence[Row], grid: Grid) -> bool:
    """Whether rows stand over the columns of a grid, right above it."""
    if not 0 < len(rows) <= _MOST_ROWS or not any(len(row.parts) > 1 for row in rows):
        return False
    left, top, right, _ = grid.box
    if top - rows[-1].bottom > _NEAR * rows[-1].size:
        return False
    return all(row.left >= left - _SAME_EDGE and row.right <= right + _SAME_EDGE for row in rows)
