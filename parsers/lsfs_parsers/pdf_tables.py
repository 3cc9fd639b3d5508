"""The tables in a column of a PDF page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lsfs.model import Merged
from lsfs_parsers.pdf_lines import Box, Line, union
from lsfs_parsers.pdf_parts import Part, are_rows_of_one, parts_of
from lsfs_parsers.pdf_rules import Rule
from lsfs_parsers.pdf_table_cells import Body
from lsfs_parsers.pdf_table_columns import Extent
from lsfs_parsers.pdf_table_continued import Before
from lsfs_parsers.pdf_table_grid import grids_of
from lsfs_parsers.pdf_table_headings import with_headings
from lsfs_parsers.pdf_table_ruled import ruled_body
from lsfs_parsers.pdf_table_zones import zone_bodies

_MOST_PARTS = 20_000  # on one page; more are no table that anyone can read
_OUTSIDE = 12.0  # points by which a rule may reach out of the region


class FoundTable(Struct, frozen=True):
    """A table as far as it stands in one column of text.

    Attributes:
        rows: the texts of its cells; what a spanning cell covers is empty.
        row_boxes: the place of each row.
        cell_boxes: the place of each cell, None for an empty one.
        merged: the cells that cover others.
        header_rows: how many rows at the top name the columns.
        lines: positions of the lines, among those given, that it took.
        ruled: its cells or rows are divided by rules.
        columns: left and right of each.
        runs_off: no text stands below it in the column, so that it may go on in the next.
        starts_on_top: no text stands above it in the column.
    """

    box: Box
    rows: tuple[tuple[str, ...], ...]
    row_boxes: tuple[Box, ...]
    cell_boxes: tuple[tuple[Box | None, ...], ...]
    merged: tuple[Merged, ...]
    header_rows: int
    lines: frozenset[int]
    ruled: bool
    columns: tuple[Extent, ...]
    runs_off: bool = False
    starts_on_top: bool = False


def find_tables(
    lines: Sequence[Line],
    rules: Sequence[Rule],
    region: Box,
    body_size: float,
    before: Before | None = None,
) -> list[FoundTable]:
    """The tables among the lines of one column of text, from top to bottom.

    Args:
        lines: in any order.
        rules: of the whole page.
        region: the room for the column.
        body_size: letter size of running text.
        before: the table that the page or column before ends with.
    """
    inside = [rule for rule in rules if _is_inside(rule.box, region)]
    if all(rule.horizontal for rule in inside) and are_rows_of_one(lines):
        return []
    parts = parts_of(lines)
    if len(parts) > _MOST_PARTS:
        return []
    bodies: list[Body] = []
    for chosen in (
        [rule for rule in inside if not rule.shade],
        inside if any(rule.shade for rule in inside) else [],
    ):
        for grid in grids_of(chosen):
            body = ruled_body(grid, parts)
            if body is not None:
                rest = [part for part in parts if part.line not in body.lines]
                body = with_headings(body, grid, rest, inside)
                bodies.append(body)
                parts = [part for part in parts if part.line not in body.lines]
    before = None if bodies else before
    for stretch in _between_headings(parts, lines):
        bodies += zone_bodies(stretch, inside, body_size, before)
        before = None
    taken = [_found(body) for body in bodies]
    taken.sort(key=lambda table: table.box[1])
    return [
        at_edges(table, [line for n, line in enumerate(lines) if n not in table.lines])
        for table in taken
    ]


def _between_headings(parts: Sequence[Part], lines: Sequence[Line]) -> Iterator[list[Part]]:
    """The parts between the headings that the file itself names, which are in no table."""
    headings = sorted(line.top for line in lines if line.told)
    if not headings:
        yield list(parts)
        return
    above = float("-inf")
    for heading in (*headings, float("inf")):
        stretch = [
            part for part in parts if above < part.baseline <= heading and not lines[part.line].told
        ]
        if stretch:
            yield stretch
        above = heading


def _is_inside(box: Box, region: Box) -> bool:
    return (
        box[0] >= region[0] - _OUTSIDE
        and box[2] <= region[2] + _OUTSIDE
        and box[3] >= region[1] - _OUTSIDE
        and box[1] <= region[3] + _OUTSIDE
    )


def _found(body: Body) -> FoundTable:
    row_boxes = tuple(union([box for box in row if box is not None]) for row in body.boxes)
    return FoundTable(
        union(list(row_boxes)),
        tuple(map(tuple, body.texts)),
        row_boxes,
        tuple(map(tuple, body.boxes)),
        tuple(body.merged),
        body.header_rows,
        frozenset(body.lines),
        body.ruled,
        tuple(body.columns),
    )


def at_edges(table: FoundTable, others: Sequence[Line]) -> FoundTable:
    """A table that knows whether ``others``, the rest of the column, stand above or below it."""
    middles = [(line.top + line.bottom) / 2 for line in others]
    return replace(
        table,
        runs_off=all(middle < table.box[3] for middle in middles),
        starts_on_top=all(middle > table.box[1] for middle in middles),
    )
