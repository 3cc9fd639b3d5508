"""The lines of a PDF page as pdfium finds them, with their boxes and letter sizes."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, chain, count
from operator import add, gt, sub
from typing import Any, NamedTuple

from msgspec import Struct

from lsfs_parsers.pdf_calls import Characters

Gap = tuple[int, float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom; points from the top left

# pdfium ends a line with CR LF, or with one of two marks in place of the hyphen of a divided word.
_HYPHEN_MARKS = "\ufffe\x02"
_LINE_ENDS = f"\r\n\x00{_HYPHEN_MARKS}"
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


class Told(Struct, frozen=True):
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


class Turn(Struct, frozen=True):
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


class PageText(Struct, frozen=True):
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
        reader = _Reader(text_page)
        turned = _turned(reader, page.get_rotation())
        turn = turn_of(page, turned)
        found = list(reader.lines(turn))
        upright = -turn.degrees % 360
        lines = attached([line for line, angle in found if angle == upright])
        return PageText(lines, [line for line, angle in found if angle != upright], turn)
    finally:
        text_page.close()


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
    middle = (mark.box[1] + mark.box[3]) / 2
    if not line.box[1] - 2 <= middle <= line.box[3] + 2:
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
    """A line as pdfium has it.

    Attributes:
        start, end: its range among the units of the page's text.
        first, middle, last: of its characters.
        angle: in degrees, clockwise, in user space.
        ends: the unit before each space, but for those at the ends.
        words: the unit behind each of these spaces.
        places: where they are in ``text``, if each is one unit there; else none.
    """

    text: str
    start: int
    end: int
    first: int
    middle: int
    last: int
    hyphen: bool
    angle: int
    ends: list[int]
    words: list[int]
    places: list[int]


_Sides = tuple[list[float], list[float]]  # left and right


class _Gaps:
    """The spaces of some runs, one run after the other.

    Args:
        before, after: the left sides, and the right ones, of the letters beside each.

    Attributes:
        lefts, rights: where each space begins, and where it ends.
        widths: how wide each is.
    """

    def __init__(self, before: _Sides, after: _Sides) -> None:
        self.before, self.after = before, after
        (starts, lefts), (rights, ends) = before, after
        turned = list(map(gt, starts, rights))
        if True in turned:
            # From right to left, or another run of text, where the first stands behind.
            lefts = [
                end if is_turned else left
                for is_turned, left, end in zip(turned, lefts, ends, strict=True)
            ]
            rights = [
                start if is_turned else right
                for is_turned, right, start in zip(turned, rights, starts, strict=True)
            ]
        self.lefts, self.rights = lefts, rights
        self.widths = list(map(sub, rights, lefts))


class _Reader:
    """A few questions about each line, for all lines at once.

    Units are those of UTF-16, a character each in ``_units``.
    """

    def __init__(self, text_page: Any) -> None:
        self._characters = Characters(text_page)
        count = text_page.count_chars()
        self._units = self._characters.units(count)
        self._same = len(self._units) == count  # then each unit's index is its character's
        runs = list(self._runs())
        angles = self._characters.angles([run.first for run in runs])
        self.runs = [
            run._replace(angle=angle) if angle else run
            for run, angle in zip(runs, angles, strict=True)
        ]

    def lines(self, turn: Turn) -> Iterator[tuple[Line, int]]:
        """The lines, and the angle at which each runs in user space."""
        for run, line in zip(self.runs, self._lines(self.runs, turn), strict=True):
            if line is None:
                continue
            pieces = [run]
            _, top, _, bottom = line.box
            if line.size and (bottom - top) / line.size > _TALL:
                pieces = self._at_one_height(run, turn, line.size)
            if len(pieces) == 1:
                yield line, run.angle
                continue
            for piece in self._lines(pieces, turn):
                if piece is not None:
                    yield piece, run.angle

    def _at_one_height(self, run: _Run, turn: Turn, size: float) -> list[_Run]:
        """The pieces of a line in which pdfium put what stands below it, the first cell of the next
        row of a table behind the last cell of a row, or what is drawn next in another column."""
        cuts = [run.start]
        baseline = next(self._baselines([run.first], turn))
        for end, word in zip(run.ends, run.words, strict=True):
            one, other = self._boxes([end, word], turn)
            apart = abs(one[1] + one[3] - other[1] - other[3]) / 2 > _APART * size
            turned = _is_turned(self._units[end]) or _is_turned(self._units[word])
            gap = other[0] - one[2]
            if not apart and not turned and not -_BACK * size < gap < GAP_IN_SIZES * size:
                here = self._baseline(word, turn)
                if here is not None and baseline is not None:
                    apart = abs(here - baseline) > _OFF_LINE * size
            if apart:
                cuts.append(word)
                baseline = self._baseline(word, turn)
        if len(cuts) == 1:
            return [run]
        ends = [*cuts[1:], run.end]
        return [
            self._run(start, end, hyphen=run.hyphen and end == run.end)._replace(angle=run.angle)
            for start, end in zip(cuts, ends, strict=True)
        ]

    def _runs(self) -> Iterator[_Run]:
        units = parted = self._units
        for mark in _LINE_ENDS:  # quicker than a pattern that looks at each character
            parted = parted.replace(mark, "\n")
        end = -1
        for line in parted.split("\n"):
            start, end = end + 1, end + 1 + len(line)
            if line and not line.isspace():
                hyphen = units[end : end + 1] in _HYPHEN_MARKS and end < len(units)
                yield self._run(start, end, hyphen=hyphen)

    def _run(self, start: int, end: int, *, hyphen: bool) -> _Run:
        units = self._units[start:end]
        lead = len(units) - len(units.lstrip())
        # A space may be pdfium's own, which has neither size nor matrix.
        half = len(units[: len(units) // 2].rstrip())
        first, middle, last = self._indices([start + lead, start + max(half - 1, lead), end - 1])
        text = _joined(units)
        places = _ends(units.split())
        if places.pop() == len(units):
            ends = [start - 1 + place for place in places]
            words = [start + 1 + place for place in places]
        else:
            found = [space.span() for space in _SPACES.finditer(units.strip())]
            ends = [start + lead + begun - 1 for begun, _ in found]
            words = [start + lead + ended for _, ended in found]
            places = []
        if text != units:
            places = []
        return _Run(text, start, end, first, middle, last, hyphen, 0, ends, words, places)

    def _lines(self, runs: list[_Run], turn: Turn) -> Iterator[Line | None]:
        """The line that each run is; None for one of which nothing is to be seen."""
        characters = self._characters
        middles = [run.middle for run in runs]
        sizes, weights = characters.sizes(middles), characters.weights(middles)
        baselines = self._baselines([run.first for run in runs], turn)
        gaps = self._gaps(runs, turn)
        behind = 0
        for run, size, weight, baseline in zip(runs, sizes, weights, baselines, strict=True):
            here = slice(behind, behind + len(run.ends))
            behind = here.stop
            boxes = self._rectangles(run, turn)
            if not boxes:
                yield None
                continue
            bold = weight >= _BOLD
            text = run.text.strip()
            if len(boxes) > 1:  # one rectangle is one run of letters in one font and size
                if text[0] not in _BULLETS:  # programs draw them bigger than the text of the item
                    size = max(size, *characters.sizes([run.first]))
                bold = bold and characters.weights([run.first])[0] >= _BOLD
            box = union(boxes)
            least = max(GAP_IN_SIZES * size, SMALLEST_GAP)
            cells = self._cells(run, turn, box, gaps, here, least)
            yield Line(text, box, size, bold, run.hyphen, cells, None, baseline)

    def _cells(
        self, run: _Run, turn: Turn, box: Box, gaps: _Gaps, here: slice, least: float
    ) -> tuple[Cell, ...]:
        """The parts of a line, whose spaces are those ``here``, between the ones wider than
        ``least``.

        A rectangle of pdfium's is no part: one operator can draw a whole row of a table.
        """
        lefts, rights = gaps.lefts[here], gaps.rights[here]
        wide = _wide(gaps.widths[here], least)
        if not wide and run.places:
            return (
                Cell(run.text, box, tuple(zip(run.places, lefts, rights, strict=True)), run.hyphen),
            )
        if not wide:
            return (_cell(run.text, box, lefts, rights, hyphen=run.hyphen),)
        units = self._units[run.start : run.end]
        first, last = run.end - len(units.lstrip()), run.start + len(units.rstrip()) - 1
        outer_lefts, outer_rights = self._sides([first, last], turn)
        firsts, lasts = zip(outer_lefts, outer_rights, strict=True)
        (before_lefts, before_rights), (after_lefts, after_rights) = gaps.before, gaps.after
        numbers = [here.start + n for n in wide]
        starts = [firsts, *((after_lefts[n], after_rights[n]) for n in numbers)]
        ends = [*((before_lefts[n], before_rights[n]) for n in numbers), lasts]
        cells: list[Cell] = []
        begun, at = run.start, 0
        for start, end, number in zip(starts, ends, [*wide, len(lefts)], strict=True):
            is_last = number == len(lefts)
            until = run.end if is_last else run.ends[number] + 1
            # They may run from right to left.
            around = min(start[0], end[0]), box[1], max(start[1], end[1]), box[3]
            text = _joined(self._units[begun:until])
            hyphen = run.hyphen and is_last
            cells.append(_cell(text, around, lefts[at:number], rights[at:number], hyphen=hyphen))
            begun, at = until if is_last else run.words[number], number + 1
        # Runs of text that were drawn at one height, whatever their order.
        return tuple(sorted(cells, key=lambda cell: cell.box[0]))

    def _gaps(self, runs: list[_Run], turn: Turn) -> _Gaps:
        """The spaces of all runs."""
        before = self._sides(list(chain.from_iterable(run.ends for run in runs)), turn)
        after = self._sides(list(chain.from_iterable(run.words for run in runs)), turn)
        return _Gaps(before, after)

    def _sides(self, units: list[int], turn: Turn) -> _Sides:
        if turn.degrees:
            boxes = self._boxes(units, turn)
            return [box[0] for box in boxes], [box[2] for box in boxes]
        at_left = turn.bounds[0]
        lefts, rights = self._characters.sides(self._indices(units))
        if at_left:
            return [left - at_left for left in lefts], [right - at_left for right in rights]
        return lefts, rights

    def _boxes(self, units: list[int], turn: Turn) -> list[Box]:
        lefts, rights, bottoms, tops = self._characters.boxes(self._indices(units))
        return list(map(turn.box, lefts, bottoms, rights, tops))

    def _baseline(self, unit: int, turn: Turn) -> float | None:
        return next(self._baselines(self._indices([unit]), turn))

    def _baselines(self, indices: list[int], turn: Turn) -> Iterator[float | None]:
        for x, y in zip(*self._characters.origins(indices), strict=True):
            yield None if math.isnan(y) else turn.box(x, y, x, y)[1]

    def _indices(self, units: list[int]) -> list[int]:
        """pdfium's index of each character; its list has some that the text leaves out."""
        return units if self._same else self._characters.indices(units)

    def _rectangles(self, run: _Run, turn: Turn) -> list[Box]:
        """Where the pieces of a run are that are more than marks of white space."""
        found = self._characters.rectangles(run.first, run.last - run.first + 1)
        return [box for sides in found if (box := turn.box(*sides))[2] - box[0] > _THIN]


def _cell(
    text: str, box: Box, lefts: list[float], rights: list[float], *, hyphen: bool = False
) -> Cell:
    """A cell with spaces that begin and end at some places."""
    left, top, right, bottom = box
    words = text.split()
    if left > right:
        box = (right, top, left, bottom)
    return Cell(" ".join(words), box, tuple(zip(_ends(words), lefts, rights, strict=False)), hyphen)


def _ends(words: list[str]) -> list[int]:
    """Where each word ends in a text that has one space between them."""
    return list(map(add, accumulate(map(len, words)), count()))


def _is_turned(unit: str) -> bool:
    """Whether text with this goes to the left, and has marks with baselines of their own."""
    return unicodedata.bidirectional(unit) in ("R", "AL", "AN", "NSM")


def _wide(gaps: list[float], least: float) -> list[int]:
    """Which spaces stand between cells: wide ones, unless justification made all of them wide."""
    widest = max(gaps, default=0.0)
    if widest < least:
        return []
    narrowest = min(gaps, default=0.0)
    if narrowest < least:
        much = _MUCH_WIDER * narrowest
        return [number for number, gap in enumerate(gaps) if gap >= least and gap > much]
    if len(gaps) > 1 and widest < _UNIFORM * narrowest:  # as justification makes them
        least *= _STRETCHED
    return [number for number, gap in enumerate(gaps) if gap >= least]


def _joined(units: str) -> str:
    """UTF-16 units, a character each, as text in NFC."""
    if units.isascii():
        return units
    if _SURROGATE.search(units):
        units = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return unicodedata.normalize("NFC", units)
