"""Boxes on a page with text of their own, which is not that of the column around them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from msgspec import Struct

from lsfs_parsers.pdf_columns import of_cells
from lsfs_parsers.pdf_lines import Box, Line, union
from lsfs_parsers.pdf_rules import Rule
from lsfs_parsers.pdf_table_grid import clustered, touching

_SAME_EDGE = 3.0  # points
_OVER = 2.0  # points by which text may reach over the edge of its box
_FEWEST_LINES = 2
_SIDES = 4
_LETTER = re.compile(r"[^\W\d_]")
_MOST_RULES = 400  # on one page; more are a drawing


class Stretch(Struct, frozen=True):
    """Lines of a column that are read together.

    Attributes:
        box: the frame around them; None for the text of the column.
    """

    lines: list[Line]
    box: Box | None = None


def parted(lines: Sequence[Line], boxes: Sequence[Box]) -> list[Stretch]:
    """The lines of a column, those in each box on their own, in order.

    A box is read behind the lines to the left of it, as an example behind its code.
    """
    if not boxes:
        return [Stretch(list(lines))]
    inside = Counter(_owner(piece.box, boxes) for line in lines for piece in _pieces(line, boxes))
    kept = [box for box in boxes if _FEWEST_LINES <= inside[box] < inside.total()]
    kept.sort(key=itemgetter(1, 0))
    if not kept:
        return [Stretch(list(lines))]
    pieces = [piece for line in lines for piece in _pieces(line, kept)]
    owners = [_owner(piece.box, kept) for piece in pieces]
    places = [(_place(box, pieces, owners), box) for box in kept if box in owners]
    found: list[Stretch] = []
    for number, (line, owner) in enumerate(zip(pieces, owners, strict=True)):
        if owner is None:
            if not found or found[-1].box is not None:
                found.append(Stretch([]))
            found[-1].lines.append(line)
        for box in (box for place, box in places if place == number):
            its = [one for one, other in zip(pieces, owners, strict=True) if other == box]
            found.append(Stretch(its, box))
    return found


def boxes_of(rules: Sequence[Rule]) -> list[Box]:
    """The rectangles that rules draw around nothing but text."""
    drawn = [rule for rule in rules if not rule.shade]
    if not _SIDES <= len(drawn) <= _MOST_RULES:
        return []
    return list(_rectangles(touching(drawn)))


def without_boxes(rules: Sequence[Rule], boxes: Sequence[Box]) -> list[Rule]:
    """The rules that are not a side of a box."""
    return [rule for rule in rules if not any(_is_side(rule, box) for box in boxes)]


def _rectangles(groups: Sequence[Sequence[Rule]]) -> Iterator[Box]:
    for group in groups:
        level = [rule.box for rule in group if rule.horizontal]
        upright = [rule.box for rule in group if not rule.horizontal]
        if len(level) < 2 or len(upright) < 2:
            continue
        xs = clustered([(box[0] + box[2]) / 2 for box in upright], _SAME_EDGE)
        ys = clustered([(box[1] + box[3]) / 2 for box in level], _SAME_EDGE)
        left, top, right, bottom = union([*level, *upright])
        if len(xs) == 2 and len(ys) == 2 and _encloses(xs, ys, (left, top, right, bottom)):
            yield left, top, right, bottom


def _encloses(xs: Sequence[float], ys: Sequence[float], around: Box) -> bool:
    left, top, right, bottom = around
    gaps = (xs[0] - left, right - xs[1], ys[0] - top, bottom - ys[1])
    return max(gaps) <= _SAME_EDGE


def _is_side(rule: Rule, box: Box) -> bool:
    left, top, right, bottom = rule.box
    ends = (left, right) if rule.horizontal else (top, bottom)
    room = (box[0], box[2]) if rule.horizontal else (box[1], box[3])
    middle = (top + bottom) / 2 if rule.horizontal else (left + right) / 2
    edges = (box[1], box[3]) if rule.horizontal else (box[0], box[2])
    inside = ends[0] >= room[0] - 1 and ends[1] <= room[1] + 1
    return inside and min(abs(middle - edge) for edge in edges) <= _SAME_EDGE


def _pieces(line: Line, boxes: Sequence[Box]) -> list[Line]:
    """The parts of a line that stand in a box and outside of it; a line number is none."""
    owners = [_owner(cell.box, boxes) for cell in line.cells]
    outside = "".join(cell.text for cell, its in zip(line.cells, owners, strict=True) if not its)
    if len(set(owners)) < 2 or (None in owners and _LETTER.search(outside) is None):
        return [line]
    groups = [
        list(group) for _, group in groupby(zip(owners, line.cells, strict=True), itemgetter(0))
    ]
    return [
        of_cells(line, [cell for _, cell in group], hyphen=line.hyphen and group is groups[-1])
        for group in groups
    ]


def _place(box: Box, lines: Sequence[Line], owners: Sequence[Box | None]) -> int:
    """The number of the line behind which a box is read."""
    beside = [number for number, line in enumerate(lines) if _is_left_of(line, box)]
    return max([owners.index(box), *beside])


def _is_left_of(line: Line, box: Box) -> bool:
    return line.right <= box[0] and box[1] < (line.top + line.bottom) / 2 < box[3]


def _owner(one: Box, boxes: Sequence[Box]) -> Box | None:
    left, top, right, bottom = one
    middle = (top + bottom) / 2
    for box in boxes:
        across = left >= box[0] - _OVER and right <= box[2] + _OVER
        if across and box[1] < middle < box[3]:
            return box
    return None
