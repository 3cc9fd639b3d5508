"""The numbers of lines in the margin of a page, as drafts, statutes and pleadings have them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from lsfs.model import FurnitureRole
from lsfs_parsers.pdf_lines import Box, Cell, Line, union
from lsfs_parsers.pdf_parts import is_number
from lsfs_parsers.window import Beside

_DIGITS = 4
_LEAST = 8  # numbers on a page that rise by one
_LEAST_APART = 4  # that rise by five or ten
_STEPS = (1, 5, 10)
_RISING = 0.9  # share of neighbours that rise by the step
_ALIGNED = 3.0  # points
_OUTSIDE = 0.95  # share of the text that does not stand further out
_PROSE = 25  # characters; a cell of a table has fewer
_MOSTLY = 0.75  # share of the characters that are in longer pieces
_AMOUNTS = 0.2  # share of the lines that have a cell with an amount


class _Numbered(Struct, frozen=True):
    """A line that begins or ends with a number, or is one.

    Attributes:
        rest: the line without it; None when nothing is left.
    """

    number: int
    box: Box
    line: Line
    rest: Line | None

    @property
    def middle(self) -> float:
        return (self.box[1] + self.box[3]) / 2


def without_line_numbers(lines: list[Line]) -> tuple[list[Line], list[Beside]]:
    """The lines of a page without the numbers in its margins, and those numbers.

    A column of numbers that rise by one, five or ten from line to line, further out than all text,
    beside lines of running text: the first column of a table stands beside cells.
    """
    beside: list[Beside] = []
    for at_left in (True, False):
        numbered = [one for line in lines if (one := _numbered(line, at_left))]
        found = _margin(numbered, lines, at_left)
        if found:
            rests = {id(one.line): one.rest for one in found}
            kept = [rests.get(id(line), line) for line in lines]
            lines = [line for line in kept if line is not None]
            text = " ".join(str(one.number) for one in found)
            box = union([one.box for one in found])
            beside.append(Beside(text, FurnitureRole.MARGIN, box))
    return lines, beside


def _numbered(line: Line, at_left: bool) -> _Numbered | None:
    cell = line.cells[0 if at_left else -1]
    if not cell.text[0 if at_left else -1].isdecimal():
        return None
    word, rest = _cut(cell, at_left)
    if not (word.text.isdecimal() and len(word.text) <= _DIGITS):
        return None
    others = line.cells[1:] if at_left else line.cells[:-1]
    cells = others if rest is None else (rest, *others) if at_left else (*others, rest)
    return _Numbered(int(word.text), word.box, line, _of_cells(line, cells))


def _cut(cell: Cell, at_left: bool) -> tuple[Cell, Cell | None]:
    """The first or the last word of a cell, and the rest."""
    if not cell.gaps or (cell.hyphen and not at_left):
        return cell, None
    left, top, right, bottom = cell.box
    at, start, end = cell.gaps[0 if at_left else -1]
    first = Cell(cell.text[:at], (left, top, start, bottom), cell.gaps[:-1])
    last = Cell(cell.text[at + 1 :], (end, top, right, bottom))
    if at_left:
        gaps = tuple((place - at - 1, one, two) for place, one, two in cell.gaps[1:])
        return first._replace(gaps=()), last._replace(gaps=gaps, hyphen=cell.hyphen)
    return last, first


def _of_cells(line: Line, cells: Sequence[Cell]) -> Line | None:
    if not cells:
        return None
    text = " ".join(cell.text for cell in cells)
    return line._replace(text=text, box=union([cell.box for cell in cells]), cells=tuple(cells))


def _margin(numbered: list[_Numbered], lines: Sequence[Line], at_left: bool) -> list[_Numbered]:
    """Those that are the numbers of the lines; [] when there is no such column of numbers."""
    if len(numbered) < _LEAST_APART:
        return []
    left = statistics.median(one.box[0] for one in numbered)
    right = statistics.median(one.box[2] for one in numbered)
    near = [
        one
        for one in numbered
        if abs(one.box[0] - left) < _ALIGNED or abs(one.box[2] - right) < _ALIGNED
    ]
    near.sort(key=lambda one: one.middle)
    step = _step([one.number for one in near])
    if len(near) < (_LEAST if step == 1 else _LEAST_APART) or not step:
        return []
    return near if _is_outside(near, lines, at_left) and _is_prose(near, lines) else []


def _step(numbers: Sequence[int]) -> int:
    """By how much numbers rise from one to the next; 0 when they do not."""
    rises = [other - one for one, other in pairwise(numbers)]
    return next((s for s in _STEPS if rises and rises.count(s) >= _RISING * len(rises)), 0)


def _is_outside(near: Sequence[_Numbered], lines: Sequence[Line], at_left: bool) -> bool:
    """Whether the text begins where the numbers end, or ends where they begin."""
    taken = {id(one.line) for one in near}
    text = [one.rest for one in near if one.rest] + [x for x in lines if id(x) not in taken]
    if at_left:
        inner = max(one.box[2] for one in near)
        outside = sum(line.left > inner for line in text)
    else:
        inner = min(one.box[0] for one in near)
        outside = sum(line.right < inner for line in text)
    return outside >= _OUTSIDE * len(text)


def _is_prose(near: Sequence[_Numbered], lines: Sequence[Line]) -> bool:
    """Whether the text at the heights of the numbers is of long pieces, with no amounts beside
    them: lines of two columns of text may have been taken for one."""
    taken = {id(one.line): one.rest for one in near}
    top, bottom = near[0].box[1], near[-1].box[3]
    kept = [taken.get(id(line), line) for line in lines]
    text = [line for line in kept if line and top - 1 <= line.top and line.bottom <= bottom + 1]
    lengths = [len(cell.text) for line in text for cell in line.cells]
    long = sum(length for length in lengths if length >= _PROSE)
    amounts = sum(any(is_number(cell.text) for cell in line.cells) for line in text)
    return long >= _MOSTLY * sum(lengths) > 0 and amounts <= _AMOUNTS * len(text)
