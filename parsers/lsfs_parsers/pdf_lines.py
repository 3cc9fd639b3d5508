"""The lines of a PDF page as pdfium finds them, with their boxes and letter sizes."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

Extent = tuple[float, float]
Gap = tuple[int, float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom; points from the top left

# pdfium ends a line with CR LF, or with one of two marks in place of the hyphen of a divided word.
_HYPHEN_MARKS = "\ufffe\x02"
_LINE = re.compile(r"[^\r\n\ufffe\x02\x00]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_BULLETS = "\u2022\u25e6\u2023\u25aa\u25cf\u25a0\u25cb\uf0b7"
_MARK = re.compile(
    rf"(?:\xad|[{_BULLETS}\u2013-]|\d{{1,3}}|[*\u2020\u2021\u00a7]{{1,3}}|\(?(?:\d{{1,3}}|[a-z]|[ivxl]{{2,5}})[.)])$"
)
_LONGEST_MARK = len("(viiii)")
_RAISED_MARK = re.compile(r"(?:\xad|\d{1,3}|[*\u2020\u2021\u00a7]{1,3})$")
_MANY_MARKS = 60  # on one page they are something else
_SOFT_HYPHEN = "\xad"
_RAISED = 0.85  # of the size of the line
_MARK_GAP = 0.6  # of the size
_BULLET_GAP = 2.5
_TALL = 1.2  # of the letter size; a higher line may be several
_BACK = 0.3  # of the letter size by which the next word of a line may begin before the end of one
_OFF_LINE = 0.15  # of the letter size between the baselines of two cells that are not of one line
_APART = 0.9  # of the letter size; letters of one line are not further above each other
_BOLD = 600
GAP_IN_SIZES = 0.9  # a gap this wide, in letter sizes, divides a line into cells
_MUCH_WIDER = 1.7  # times the narrowest space of the line
_UNIFORM = 1.15
_STRETCHED = 2.4  # times the least gap: no justification makes all spaces so wide
SMALLEST_GAP = 3.2  # points
_THIN = 0.2  # points; narrower rectangles are marks of white space


class Cell(NamedTuple):  # quicker to make than a dataclass, and a page has thousands
    """A part of a line between wide gaps.

    Attributes:
        gaps: for each white space in ``text`` its index, and where the letter before it ends and
            the one after it begins; empty where that is not known.
        hyphen: it ended with a hyphen, taken away by pdfium, that divides a word.
    """

    text: str
    box: Box
    gaps: tuple[Gap, ...] = ()
    hyphen: bool = False


def one_cell(before: Cell, after: Cell, glue: str) -> Cell:
    """Two neighbouring cells as one, with ``glue`` between their texts."""
    start = len(before.text) + len(glue)
    between = [(len(before.text), before.box[2], after.box[0])] if glue else []
    behind = [(at + start, left, right) for at, left, right in after.gaps]
    return Cell(
        f"{before.text}{glue}{after.text}",
        union([before.box, after.box]),
        (*before.gaps, *between, *behind),
        after.hyphen,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """That a line is a heading, or a part of one, as the file itself says.

    Attributes:
        level: from 1.
        number: which heading of the document; its lines have it in common.
    """

    level: int
    number: int


class Line(NamedTuple):
    """A line of text.

    Attributes:
        size: letter size in points.
        hyphen: it ended with a hyphen, taken away by pdfium, that divides a word.
        cells: its parts between wide gaps; one for a line of prose.
        confidence: of a line read from a picture, from 0 to 1.
        baseline: the height on which its letters stand; None where it is not known.
        told: of a heading that the outline of the file or its tags name.
        words: where each word stands, of a line read from a picture; else none.
    """

    text: str
    box: Box
    size: float
    bold: bool
    hyphen: bool
    cells: tuple[Cell, ...]
    confidence: float | None = None
    baseline: float | None = None
    told: Told | None = None
    words: tuple[tuple[str, Box], ...] = ()

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
    if len(boxes) == 1:
        return boxes[0]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


@dataclass(frozen=True, slots=True)
class Turn:
    """How the user space of a page lies on the page as it is read.

    Attributes:
        degrees: clockwise by which the page is turned: as the file says, and further where most of
            its text would still not stand upright.
        bounds: left, bottom, right and top of the page in user space.
    """

    degrees: int
    bounds: Box

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page as it is read."""
        left, bottom, right, top = self.bounds
        flat, tall = right - left, top - bottom
        return (flat, tall) if self.degrees % 180 == 0 else (tall, flat)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """A rectangle of user space, in points from the top left of the page as it is read."""
        at_left, at_bottom, at_right, at_top = self.bounds
        if self.degrees == 0:
            return left - at_left, at_top - top, right - at_left, at_top - bottom
        if self.degrees == 90:
            return bottom - at_bottom, left - at_left, top - at_bottom, right - at_left
        if self.degrees == 180:
            return at_right - right, bottom - at_bottom, at_right - left, top - at_bottom
        return at_top - top, at_right - right, at_top - bottom, at_right - left

    def user(self, box: Box) -> Box:
        """The inverse of :meth:`box`: left, bottom, right and top in user space."""
        at_left, at_bottom, at_right, at_top = self.bounds
        one, two, three, four = box
        if self.degrees == 0:
            return one + at_left, at_top - four, three + at_left, at_top - two
        if self.degrees == 90:
            return two + at_left, one + at_bottom, four + at_left, three + at_bottom
        if self.degrees == 180:
            return at_right - three, two + at_bottom, at_right - one, four + at_bottom
        return at_right - four, at_top - three, at_right - two, at_top - one


def turn_of(page: Any, further: int = 0) -> Turn:
    """The turn of a pypdfium2 page, and ``further`` degrees."""
    return Turn((page.get_rotation() + further) % 360, page.get_bbox())


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page.

    Attributes:
        lines: in the order in which they were drawn.
        aslant: those that run in another direction than most; their boxes are right.
        turn: where they stand.
    """

    lines: list[Line]
    aslant: list[Line]
    turn: Turn


def page_text(page: Any) -> PageText:
    """The lines of a pypdfium2 page."""
    text_page = page.get_textpage()
    try:
        reader = _Reader(page, text_page)
        turned = _turned(reader, page.get_rotation())
        turn = turn_of(page, turned)
        found = list(reader.lines(turn))
        upright = -turn.degrees % 360
        lines = attached([line for line, angle in found if angle == upright])
        return PageText(lines, [line for line, angle in found if angle != upright], turn)
    finally:
        text_page.close()


def page_lines(page: Any) -> list[Line]:
    """The lines of a pypdfium2 page in the order in which they were drawn."""
    return page_text(page).lines


def attached(lines: list[Line]) -> list[Line]:
    """The lines, with bullets and raised marks put to the line beside which they stand."""
    marks = [line for line in lines if len(line.text) <= _LONGEST_MARK and _MARK.match(line.text)]
    if not marks or len(marks) > _MANY_MARKS:
        return lines
    whole = {id(line): line for line in lines}
    are_marks = {id(mark) for mark in marks}
    owners = [line for line in lines if id(line) not in are_marks]
    for mark in marks:
        found = min(
            (line for line in owners if _stands_beside(mark, line)),
            key=lambda line: abs(line.top - mark.top),
            default=None,
        )
        if found is not None:
            whole[id(found)] = _with_mark(mark, whole[id(found)])
        if found is not None or mark.text == _SOFT_HYPHEN:
            del whole[id(mark)]
    return list(whole.values())


def _stands_beside(mark: Line, line: Line) -> bool:
    middle = (mark.top + mark.bottom) / 2
    if not line.top - 2 <= middle <= line.bottom + 2:
        return False
    is_bullet = _is_bullet(mark, line)
    is_soft = mark.text == _SOFT_HYPHEN
    if not is_bullet and not is_soft and mark.size > _RAISED * line.size:
        return False
    reach = (_BULLET_GAP if is_bullet else _MARK_GAP) * line.size
    before = not is_soft and -1 <= line.left - mark.right < reach
    behind = not is_bullet and -1 <= mark.left - line.right < _MARK_GAP * line.size
    return before or behind


def _is_bullet(mark: Line, line: Line) -> bool:
    """Whether a mark is that of an item; an asterisk as big as the text is no note's."""
    if mark.text == "*":
        return mark.size > _RAISED * line.size
    return not _RAISED_MARK.match(mark.text)


def _with_mark(mark: Line, line: Line) -> Line:
    box = union([mark.box, line.box])
    first, last = line.cells[0], line.cells[-1]
    if mark.left < line.left:
        glue = " " if _is_bullet(mark, line) else ""
        cell = one_cell(mark.cells[0], first, glue)
        text, cells = f"{mark.text}{glue}{line.text}", (cell, *line.cells[1:])
    else:
        cell = one_cell(last, mark.cells[0], "")
        text, cells = f"{line.text}{mark.text}", (*line.cells[:-1], cell)
    return line._replace(text=text, box=box, cells=cells)


def _turned(reader: _Reader, rotation: int) -> int:
    """By how much a page must be turned, beside what the file says, for most of its letters."""
    letters: Counter[int] = Counter()
    for run in reader.runs:
        letters[run.angle] += len(run.text)
    if not letters:
        return 0
    most = max(letters, key=lambda angle: letters[angle])
    return (-most - rotation) % 360 if most % 90 == 0 else 0


class _Run(NamedTuple):
    """A line as pdfium has it: its text, its range of characters, and its direction."""

    text: str
    start: int  # among the units
    end: int
    first: int  # among the characters
    middle: int
    last: int
    hyphen: bool
    angle: int  # degrees, clockwise, in user space


class _Reader:
    """A few calls of pdfium for each line; calls for each character are ten times slower.

    Positions are pdfium's: counted in UTF-16 units, from the bottom left of the user space.
    """

    def __init__(self, page: Any, text_page: Any) -> None:
        import pypdfium2.raw as raw

        self._raw = raw
        self._page = text_page.raw
        self._matrix = raw.FS_MATRIX()
        self._char_box = raw.FPDFText_GetCharBox
        self._doubles = [ctypes.c_double() for _ in range(4)]
        count = text_page.count_chars()
        self._units = self._all_units(count)
        self._same = len(self._units) == count  # then each unit's index is its character's
        self.runs = list(self._runs())

    def lines(self, turn: Turn) -> Iterator[tuple[Line, int]]:
        """The lines, and the angle at which each runs in user space."""
        for run in self.runs:
            line = self._line(run, turn)
            if line is None:
                continue
            pieces = [run]
            height = (line.bottom - line.top) / line.size if line.size else 0.0
            if height > _TALL:
                pieces = self._at_one_height(run, turn, line.size)
            if len(pieces) == 1:
                yield line, run.angle
                continue
            for piece in pieces:
                line = self._line(piece, turn)
                if line is not None:
                    yield line, run.angle

    def _at_one_height(self, run: _Run, turn: Turn, size: float) -> list[_Run]:
        """The pieces of a line in which pdfium put what stands below it, the first cell of the next
        row of a table behind the last cell of a row, or what is drawn next in another column."""
        cuts = [run.start]
        spaces, _ = self._gaps(run, turn)
        baseline = self._baseline(run.first, turn)
        for before, after in spaces:
            one, other = self._char(before - 1, turn), self._char(after, turn)
            apart = abs(one[1] + one[3] - other[1] - other[3]) / 2 > _APART * size
            turned = _is_turned(self._units[before - 1]) or _is_turned(self._units[after])
            gap = other[0] - one[2]
            if not apart and not turned and not -_BACK * size < gap < GAP_IN_SIZES * size:
                here = self._baseline(self._char_index(after), turn)
                if here is not None and baseline is not None:
                    apart = abs(here - baseline) > _OFF_LINE * size
            if apart:
                cuts.append(after)
                baseline = self._baseline(self._char_index(after), turn)
        if len(cuts) == 1:
            return [run]
        ends = [*cuts[1:], run.end]
        return [
            self._run(start, end, hyphen=run.hyphen and end == run.end, angle=run.angle)
            for start, end in zip(cuts, ends, strict=True)
        ]

    def _runs(self) -> Iterator[_Run]:
        units = self._units
        for match in _LINE.finditer(units):
            if not match.group().strip():
                continue
            start, end = match.span()
            hyphen = units[end : end + 1] in _HYPHEN_MARKS and end < len(units)
            run = self._run(start, end, hyphen=hyphen, angle=0)
            turns = self._raw.FPDFText_GetCharAngle(self._page, run.first)
            angle = round(math.degrees(turns)) % 360 if turns > 0 else 0
            yield run._replace(angle=angle) if angle else run

    def _run(self, start: int, end: int, *, hyphen: bool, angle: int) -> _Run:
        units = self._units[start:end]
        lead = len(units) - len(units.lstrip())
        # A space may be pdfium's own, which has neither size nor matrix.
        half = len(units) // 2
        half -= len(units[:half]) - len(units[:half].rstrip())
        middle = self._char_index(start + max(half - 1, lead))
        first, last = self._char_index(start + lead), self._char_index(end - 1)
        return _Run(_joined(units), start, end, first, middle, last, hyphen, angle)

    def _all_units(self, count: int) -> str:
        """The page's text with one character for each UTF-16 unit, so that indices are pdfium's."""
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * (count + 1))()
        written = max(0, self._raw.FPDFText_GetText(self._page, 0, count, buffer) - 1)
        text = bytes(buffer)[: 2 * written].decode("utf-16-le", "surrogatepass")
        # A pair of units is one character of Python's.
        return text if len(text) == written else "".join(map(chr, buffer[:written]))

    def _line(self, run: _Run, turn: Turn) -> Line | None:
        boxes = self._boxes(run.first, run.last - run.first + 1, turn)
        if not boxes:
            return None
        box = union(boxes)
        raw, page = self._raw, self._page
        size = self._size(run.middle)
        bold = raw.FPDFText_GetFontWeight(page, run.middle) >= _BOLD
        text = run.text.strip()
        if len(boxes) > 1:  # one rectangle is one run of letters in one font and size
            if text[0] not in _BULLETS:  # programs draw them bigger than the text of the item
                size = max(size, self._size(run.first))
            bold = bold and raw.FPDFText_GetFontWeight(page, run.first) >= _BOLD
        cells = self._cells(run, turn, max(GAP_IN_SIZES * size, SMALLEST_GAP), box)
        baseline = self._baseline(run.first, turn)
        return Line(text, box, size, bold, run.hyphen, cells, baseline=baseline)

    def _cells(self, run: _Run, turn: Turn, gap: float, box: Box) -> tuple[Cell, ...]:
        """The parts of a line between spaces wider than ``gap``.

        A rectangle of pdfium's is no part: one operator can draw a whole row of a table.
        """
        units, extents = self._gaps(run, turn)
        wide = _wide([right - left for left, right in extents], gap)
        if True not in wide:
            return (_cell(run.text, box, extents, hyphen=run.hyphen),)
        cells: list[Cell] = []
        begun, narrow = run.start, list[Extent]()
        for (before, after), extent, is_wide in zip(units, extents, wide, strict=True):
            if is_wide:
                around = self._between(begun, before, box, turn)
                cells.append(_cell(_joined(self._units[begun:before]), around, narrow))
                begun, narrow = after, []
            else:
                narrow.append(extent)
        around = self._between(begun, run.end, box, turn)
        text = _joined(self._units[begun : run.end])
        cells.append(_cell(text, around, narrow, hyphen=run.hyphen))
        # Runs of text that were drawn at one height, whatever their order.
        return tuple(sorted(cells, key=lambda cell: cell.box[0]))

    def _between(self, start: int, end: int, box: Box, turn: Turn) -> Box:
        """The box of some units of a line, which may run from right to left."""
        units = self._units
        while start < end - 1 and units[start].isspace():
            start += 1
        while end - 1 > start and units[end - 1].isspace():
            end -= 1
        one, other = self._char(start, turn), self._char(end - 1, turn)
        return min(one[0], other[0]), box[1], max(one[2], other[2]), box[3]

    def _gaps(self, run: _Run, turn: Turn) -> tuple[list[tuple[int, int]], list[Extent]]:
        """The spaces in a line: the units around them, and where they begin and end."""
        start, end = run.start, run.end
        spaces = [space.span() for space in _SPACES.finditer(self._units, start, end)]
        if spaces and spaces[0][0] == start:
            del spaces[0]
        if spaces and spaces[-1][1] == end:
            del spaces[-1]
        extent = self._extents(turn)
        extents = []
        for before, after in spaces:
            left, right = extent(before - 1)
            left_again, right_again = extent(after)
            # From right to left, or another run of text, where the first stands behind.
            turned = left > left_again
            extents.append((right_again, left) if turned else (right, left_again))
        return spaces, extents

    def _extents(self, turn: Turn) -> Callable[[int], Extent]:
        """What tells where a unit begins and ends; it is asked twice for each word."""
        char_box, page, at_left = self._char_box, self._page, turn.bounds[0]
        left, right, bottom, top = self._doubles

        def upright(unit: int) -> Extent:
            char_box(page, unit, left, right, bottom, top)
            return left.value - at_left, right.value - at_left

        def any_other(unit: int) -> Extent:
            box = self._char(unit, turn)
            return box[0], box[2]

        return upright if self._same and not turn.degrees else any_other

    def _baseline(self, index: int, turn: Turn) -> float | None:
        x, y = self._doubles[:2]
        if not self._raw.FPDFText_GetCharOrigin(self._page, index, x, y):
            return None
        return turn.box(x.value, y.value, x.value, y.value)[1]

    def _char(self, unit: int, turn: Turn) -> Box:
        left, right, bottom, top = self._doubles
        index = unit if self._same else self._char_index(unit)
        self._char_box(self._page, index, left, right, bottom, top)
        return turn.box(left.value, bottom.value, right.value, top.value)

    def _size(self, index: int) -> float:
        """The size of a letter as it is shown: many programs leave it to the matrix."""
        size = float(self._raw.FPDFText_GetFontSize(self._page, index))
        matrix = self._matrix
        if self._raw.FPDFText_GetMatrix(self._page, index, matrix):
            size *= math.hypot(matrix.c, matrix.d)
        return size if math.isfinite(size) else 0.0  # a matrix of a damaged file

    def _char_index(self, unit: int) -> int:
        """pdfium's index of a character; its list has some that the text leaves out."""
        if self._same:
            return unit
        index = self._raw.FPDFText_GetCharIndexFromTextIndex(self._page, unit)
        return int(index) if index >= 0 else unit

    def _boxes(self, start: int, count: int, turn: Turn) -> list[Box]:
        """pdfium's rectangles of some characters."""
        left, top, right, bottom = self._doubles
        get, page = self._raw.FPDFText_GetRect, self._page
        found = []
        for index in range(self._raw.FPDFText_CountRects(page, start, count)):
            get(page, index, left, top, right, bottom)
            box = turn.box(left.value, bottom.value, right.value, top.value)
            if box[2] - box[0] > _THIN:
                found.append(box)
        return found


def _cell(text: str, box: Box, spaces: list[Extent], *, hyphen: bool = False) -> Cell:
    left, top, right, bottom = box
    words = text.split()
    at, gaps = -1, []
    for word, (x1, x2) in zip(words, spaces, strict=False):
        at += 1 + len(word)
        gaps.append((at, x1, x2))
    if left > right:
        box = (right, top, left, bottom)
    return Cell(" ".join(words), box, tuple(gaps), hyphen)


def _is_turned(unit: str) -> bool:
    """Whether text with this goes to the left, and has marks with baselines of their own."""
    return unicodedata.bidirectional(unit) in ("R", "AL", "AN", "NSM")


def _wide(gaps: list[float], least: float) -> list[bool]:
    """Which spaces stand between cells: wide ones, unless justification made all of them wide."""
    narrowest, widest = min(gaps, default=0.0), max(gaps, default=0.0)
    if narrowest < least:
        return [gap >= least and gap > _MUCH_WIDER * narrowest for gap in gaps]
    if len(gaps) > 1 and widest < _UNIFORM * narrowest:  # as justification makes them
        least *= _STRETCHED
    return [gap >= least for gap in gaps]


def _joined(units: str) -> str:
    """UTF-16 units, a character each, as text in NFC."""
    if units.isascii():
        return units
    if _SURROGATE.search(units):
        units = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return unicodedata.normalize("NFC", units)
