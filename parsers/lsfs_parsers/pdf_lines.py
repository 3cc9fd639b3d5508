"""The lines of a PDF page as pdfium finds them, with their boxes and letter sizes."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Box = tuple[float, float, float, float]  # left, top, right, bottom; points from the top left

# pdfium ends a line with CR LF, or with one of two marks in place of the hyphen of a divided word.
_HYPHEN_MARKS = "\ufffe\x02"
_LINE = re.compile(r"[^\r\n\ufffe\x02\x00]+")
_BULLETS = "\u2022\u25e6\u2023\u25aa\u25cf"
_BOLD = 600
_GAP_IN_SIZES = 0.9  # a gap this wide, in letter sizes, divides a line into cells
_SMALLEST_GAP = 3.2  # points
_SPACE = re.compile(r"\s+")
_THIN = 0.2  # points; narrower rectangles are marks of white space


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a line between wide gaps."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text.

    Attributes:
        size: letter size in points.
        hyphen: it ended with a hyphen, taken away by pdfium, that divides a word.
        cells: its parts between wide gaps; one for a line of prose.
        gaps: for each white space in ``text`` the index of its first character, and where the
            letter before it ends and the one after it begins.
        baseline: the height on which its letters stand; None where it is not known.
    """

    text: str
    box: Box
    size: float
    bold: bool
    hyphen: bool
    cells: tuple[Cell, ...]
    gaps: tuple[tuple[int, float, float], ...] = ()
    baseline: float | None = None

    @property
    def left(self) -> float:
        return self.box[0]

    @property
    def top(self) -> float:
        return self.box[1]

    @property
    def right(self) -> float:
        return self.box[2]

    @property
    def bottom(self) -> float:
        return self.box[3]


def union(boxes: list[Box]) -> Box:
    """The smallest box around all of ``boxes``, of which there is at least one."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def page_lines(page: Any) -> list[Line]:
    """The lines of a pypdfium2 page in the order in which they were drawn."""
    text_page = page.get_textpage()
    try:
        return list(_Reader(page, text_page).lines())
    finally:
        text_page.close()


class _Reader:
    """About eight calls of pdfium for each line; calls for each character are ten times slower.

    Positions are pdfium's: counted in UTF-16 units, from the bottom left of the user space.
    """

    def __init__(self, page: Any, text_page: Any) -> None:
        import pypdfium2.raw as raw

        self._raw = raw
        self._helper = text_page
        self._page = text_page.raw
        self._left, _, _, self._top = page.get_bbox()
        self._units = self._all_units(text_page.count_chars())
        self._loose = raw.FS_RECTF()
        self._origin = (ctypes.c_double(), ctypes.c_double())

    def lines(self) -> Iterator[Line]:
        for match in _LINE.finditer(self._units):
            text = _joined(match.group())
            if not text.strip():
                continue
            start, end = match.span()
            hyphen = self._units[end : end + 1] in _HYPHEN_MARKS and end < len(self._units)
            line = self._line(text, start, end, hyphen)
            if line is not None:
                yield line

    def _all_units(self, count: int) -> str:
        """The page's text with one character for each UTF-16 unit, so that indices are pdfium's."""
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * (count + 1))()
        written = self._raw.FPDFText_GetText(self._page, 0, count, buffer)
        units = buffer[: max(0, written - 1)]
        return "".join(map(chr, units))

    def _line(self, text: str, start: int, end: int, hyphen: bool) -> Line | None:
        first = self._char_index(start + len(text) - len(text.lstrip()))
        middle = self._char_index((start + end) // 2)
        last = self._char_index(end - 1)
        raw = self._raw
        boxes = self._boxes(first, last - first + 1)
        if not boxes:
            return None
        size = max(
            raw.FPDFText_GetFontSize(self._page, first),
            raw.FPDFText_GetFontSize(self._page, middle),
        )
        if text.lstrip()[0] in _BULLETS:  # programs draw them bigger than the text of the item
            size = raw.FPDFText_GetFontSize(self._page, middle)
        weights = [raw.FPDFText_GetFontWeight(self._page, at) for at in (first, middle)]
        wide = max(_GAP_IN_SIZES * size, _SMALLEST_GAP)
        parts = _segments(boxes, wide)
        whole = text.strip()
        unit = start + len(text) - len(text.lstrip())
        straight = last - first == end - 1 - unit
        gaps = self._gaps(whole, unit, first if straight else None)
        cells = _between(whole, boxes, [gap for gap in gaps if gap[2] - gap[1] >= wide])
        if len(parts) > len(cells):
            cells = tuple(
                cell for cell in (Cell(self._text_in(box), box) for box in parts) if cell.text
            ) or (Cell(whole, union(parts)),)
        baseline = self._baseline(first)
        bold = min(weights) >= _BOLD
        return Line(whole, union(parts), size, bold, hyphen, cells, gaps, baseline)

    def _baseline(self, index: int) -> float | None:
        x, y = self._origin
        found = self._raw.FPDFText_GetCharOrigin(self._page, index, x, y)
        return self._top - y.value if found else None

    def _gaps(
        self, text: str, unit: int, first: int | None
    ) -> tuple[tuple[int, float, float], ...]:
        """The white space of a line, since one text object can draw all cells of a row.

        Args:
            unit: index of the first letter in the page's text.
            first: its index in pdfium's list, where the two go side by side up to the line's end.
        """
        box, call = self._loose, self._raw.FPDFText_GetLooseCharBox
        wide = _wide_units(text)
        found = []
        for match in _SPACE.finditer(text):
            before, after = match.start() - 1, match.end()
            if wide:
                before += sum(at <= before for at in wide)
                after += sum(at < after for at in wide)
            if first is None:
                before, after = self._char_index(unit + before), self._char_index(unit + after)
            else:
                before, after = first + before, first + after
            call(self._page, before, box)
            left = box.right - self._left
            call(self._page, after, box)
            found.append((match.start(), left, box.left - self._left))
        return tuple(found)

    def _char_index(self, unit: int) -> int:
        """pdfium's index of a character; its list has some that the text leaves out."""
        index = self._raw.FPDFText_GetCharIndexFromTextIndex(self._page, unit)
        return int(index) if index >= 0 else unit

    def _boxes(self, start: int, count: int) -> list[Box]:
        left, top, right, bottom = (ctypes.c_double() for _ in range(4))
        found = []
        for index in range(self._raw.FPDFText_CountRects(self._page, start, count)):
            self._raw.FPDFText_GetRect(self._page, index, left, top, right, bottom)
            if right.value - left.value > _THIN:
                found.append((
                    left.value - self._left, self._top - top.value,
                    right.value - self._left, self._top - bottom.value,
                ))  # fmt: skip
        return found

    def _text_in(self, box: Box) -> str:
        edge = 0.3  # points; a letter counts when its middle is inside
        found = self._helper.get_text_bounded(
            left=box[0] + self._left - edge,
            bottom=self._top - box[3] - edge,
            right=box[2] + self._left + edge,
            top=self._top - box[1] + edge,
        )
        return " ".join(re.sub(r"[\ufffe\x02\x00]", "", str(found)).split())


def _wide_units(text: str) -> list[int]:
    """The indices of characters that take two UTF-16 units."""
    return [] if text.isascii() else [at for at, one in enumerate(text) if one > "\uffff"]


def _between(text: str, boxes: list[Box], gaps: list[tuple[int, float, float]]) -> tuple[Cell, ...]:
    """The parts of a line between wide gaps."""
    whole = union(boxes)
    if not gaps:
        return (Cell(text, whole),)
    starts = [0, *(at for at, _, _ in gaps)]
    ends = [*(at for at, _, _ in gaps), len(text)]
    lefts = [whole[0], *(right for _, _, right in gaps)]
    rights = [*(left for _, left, _ in gaps), whole[2]]
    cells = []
    for start, end, left, right in zip(starts, ends, lefts, rights, strict=True):
        heights = [box for box in boxes if box[0] < right and box[2] > left] or boxes
        _, top, _, bottom = union(heights)
        cells.append(Cell(text[start:end].strip(), (left, top, right, bottom)))
    return tuple(cells)


def _joined(units: str) -> str:
    """UTF-16 units, a character each, as text."""
    if not any("\ud800" <= unit <= "\udfff" for unit in units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _segments(boxes: list[Box], gap: float) -> list[Box]:
    """Boxes of one line, those with less than ``gap`` points between them made one."""
    merged = [boxes[0]]
    for box in boxes[1:]:
        before = merged[-1]
        if box[0] - before[2] < gap and box[0] >= before[0] - 1:
            merged[-1] = union([before, box])
        else:
            merged.append(box)
    return merged
