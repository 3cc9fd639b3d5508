"""The pieces of the lines of a PDF page that may be cells of a table, in rows of equal height."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import sub
from typing import NamedTuple

from lsfs_parsers.pdf_lines import Box, Cell, Gap, Line, union

_WIDE = 0.9  # of the letter size
_WIDEST_SPACE = 3.2  # points
_SAME_BASELINE = 0.3  # of the letter size
_SPACE = 0.27  # of the letter size; a space where letters do not tell
_NUMBER = re.compile(
    r"[(\[]?[^\w\s(]{0,3} ?[A-Z]{0,3}[$\u20ac\u00a3\u00a5]? ?[+\u00b1\u2212-]?"
    r"\d[\d.,'\u2019 \u00a0\u2009:/-]*(?:e[+-]?\d+)?[)\]]?\s?"
    r"(?:%|\u2030|\u00b0C?|[*\u2020\u2021]+|[a-zA-Z]{1,2})?[)\]]?"
    r"(?: ?[(\u00b1\u2013/-] ?[+\u2212-]?[\d.,]+ ?%?\)?)?"
)
_SEAM = re.compile(r"[^\W\d_]{3}(?=[\d(+-])|\d(?=[^\W\d_]{3})")
_AMOUNTS = re.compile(r"[.,]\d\d(?= [(+\u2212-]?\d[\d.,']*[.,]\d\d\)?(?!\S))")
_NOTHING = re.compile(r"[\u2013\u2014\u2212.*-]{1,3}|n/?a|n\.a\.?", re.I)


class Part(NamedTuple):
    """A piece of a line between wide gaps.

    Attributes:
        line: position of its line among those given.
        hyphen: it ends with a divided word.
        baseline: the height on which its letters stand.
        gaps: see :class:`~lsfs_parsers.pdf_lines.Cell`.
    """

    text: str
    box: Box
    line: int
    size: float
    bold: bool
    hyphen: bool
    baseline: float
    gaps: tuple[Gap, ...] = ()

    @property
    def left(self) -> float:
        return self.box[0]

    @property
    def right(self) -> float:
        return self.box[2]

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def middle(self) -> float:
        return (self.box[0] + self.box[2]) / 2

    @property
    def is_number(self) -> bool:
        """Whether it is an amount, a share, a date in digits or the like."""
        return is_number(self.text)

    def cut(self, index: int) -> tuple[Part, Part]:
        """The parts before and behind the gap with this number."""
        at, left, right = self.gaps[index]
        _, top, _, bottom = self.box
        behind = self.text[at:].lstrip()
        start = len(self.text) - len(behind)
        return (
            self._replace(
                text=self.text[:at],
                box=(self.box[0], top, left, bottom),
                hyphen=False,
                gaps=self.gaps[:index],
            ),
            self._replace(
                text=behind,
                box=(right, top, self.box[2], bottom),
                gaps=tuple((n - start, x1, x2) for n, x1, x2 in self.gaps[index + 1 :]),
            ),
        )

    def seam(self, x: float) -> Part | None:
        """The part with a gap at ``x``, when cells that touch were read as one word there.

        Only letters before a number, or a number before letters, show where one ends.
        """
        edges = [(0, self.left), *((at + 1, right) for at, _, right in self.gaps)]
        ends = [*((at, left) for at, left, _ in self.gaps), (len(self.text), self.right)]
        for number, ((start, left), (end, right)) in enumerate(zip(edges, ends, strict=True)):
            if not left < x < right:
                continue
            step = (right - left) / max(1, end - start)
            found = [
                match.end()
                for match in _SEAM.finditer(self.text, start, end)
                if abs(left + (match.end() - start) * step - x) <= self.size
            ]
            if len(found) == 1:
                gap = (found[0], x, x)
                return self._replace(gaps=(*self.gaps[:number], gap, *self.gaps[number:]))
        return None

    def first_word(self) -> float:
        """The width of its first word."""
        if self.gaps:
            return self.gaps[0][1] - self.left
        return self.width * len(self.text.split(maxsplit=1)[0]) / len(self.text)

    def space(self) -> float:
        """The width of a space."""
        return _SPACE * self.size


class Row(NamedTuple):
    """Parts at one height, from left to right.

    Attributes:
        baseline: of the first.
        size: the biggest.
    """

    parts: list[Part]
    baseline: float
    left: float
    top: float
    right: float
    bottom: float
    size: float

    @classmethod
    def of(cls, parts: list[Part]) -> Row:
        """The row of some parts, whatever their order."""
        parts.sort(key=lambda part: part.box[0])
        first = parts[0]
        left, top, right, bottom = union([part.box for part in parts])
        size = first.size if len(parts) == 1 else max(part.size for part in parts)
        return cls(parts, first.baseline, left, top, right, bottom, size)

    @property
    def text(self) -> str:
        return " ".join(part.text for part in self.parts)

    @property
    def box(self) -> Box:
        return self.left, self.top, self.right, self.bottom


@lru_cache(4096)  # a cell's text is asked about by many doubts
def is_number(text: str) -> bool:
    """Whether a cell is an amount, a share, a date in digits or the like."""
    return _NUMBER.fullmatch(text) is not None


def says_nothing(text: str) -> bool:
    """Whether a cell is a mark for an empty one."""
    return _NOTHING.fullmatch(text) is not None


def parts_of(lines: Sequence[Line]) -> list[Part]:
    """The pieces of lines between wide gaps, which know their lines.

    What is wide does not depend on the other gaps of the line, as it does where text is justified:
    the words of a heading can be equally far from each other. Two amounts are never one cell.
    """
    found = []
    for number, line in enumerate(lines):
        wide = _wide(line)
        for cell in line.cells:
            part = Part(
                cell.text,
                cell.box,
                number,
                line.size,
                line.bold,
                cell.hyphen,
                _baseline(line),
                cell.gaps,
            )
            for index in reversed(_cuts(cell, wide)):
                part, behind = part.cut(index)
                found.append(behind)
            found.append(part)
    return found


def _cuts(cell: Cell, wide: float) -> list[int]:
    """The gaps of a cell that are wide or stand between two amounts."""
    if not cell.gaps:
        return []
    amounts = {match.end() for match in _AMOUNTS.finditer(cell.text)}
    return [
        n for n, (at, left, right) in enumerate(cell.gaps) if right - left >= wide or at in amounts
    ]


def are_rows_of_one(lines: Sequence[Line]) -> bool:
    """Whether it is clear at first sight that :func:`parts_of` these lines form rows of one part
    each, as those of running text do."""
    if any(len(line.cells) != 1 for line in lines):
        return False
    for line in lines:
        wide = _wide(line)
        for _, left, right in line.cells[0].gaps:
            if right - left >= wide:
                return False
    heights = sorted(map(_baseline, lines))
    nearest = min(map(sub, heights[1:], heights), default=math.inf)
    if nearest <= _SAME_BASELINE * max((line.size for line in lines), default=0.0):
        return False
    return _AMOUNTS.search("\n".join([line.cells[0].text for line in lines])) is None


def _wide(line: Line) -> float:
    return max(_WIDE * line.size, _WIDEST_SPACE)


def _baseline(line: Line) -> float:
    return line.box[3] if line.baseline is None else line.baseline


def rows_of(parts: Iterable[Part]) -> list[Row]:
    """Parts with the same baseline, from the top to the bottom of the page."""
    rows: list[list[Part]] = []
    for part in sorted(parts, key=lambda part: (part.baseline, part.box[0])):
        first = rows[-1][0] if rows else part
        near = part.baseline - first.baseline <= _SAME_BASELINE * min(part.size, first.size)
        if rows and near:
            rows[-1].append(part)
        else:
            rows.append([part])
    return [Row.of(row) for row in rows]


def joined(parts: Sequence[Part]) -> str:
    """The text of a cell; a word divided between two of its lines is made whole."""
    text = ""
    for before, part in zip([None, *parts], parts, strict=False):
        if before is None:
            text = part.text
        elif before.hyphen:
            text += part.text
        elif text[-1] in "-\u2010\u00ad" and text[-2:-1].isalpha() and part.text[0].islower():
            text = text[:-1] + part.text
        else:
            text += f" {part.text}"
    return text
