"""Finds running heads and page numbers by comparing a page with the pages around it."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from lsfs.model import FurnitureRole
from lsfs_parsers.pdf_lines import Box, Line
from lsfs_parsers.pdf_marks import CAPTION
from lsfs_parsers.pdf_page import PdfPage
from lsfs_parsers.pdf_style import Style
from lsfs_parsers.window import Beside

REACH = 2  # pages before and after: left and right pages may have heads of their own
_MARGIN = 0.13  # of the height
_ROWS = 4  # rows at the edge of a page among which furniture is
_SAME_PLACE = 3.0  # points
_SAME_SIZE = 0.3
_APART = 0.9  # of the size: how far a row of cells stands from the text at least
_FAR = 2.0  # of the size: how far the number of an only page stands from the text
_CLEAR = 1.5  # of the size: white space between a running head of several lines and the text
_CLOSE = 0.8  # of the size: the lines of one head are not further apart
_MANY_CELLS = 3  # a row of so many cells is more often a table's header than a running head
_TITLE_SIZE = 1.1  # of the usual letters of a slide
_NEAR_BODY = 0.4
_FEWEST_LINES = 3
_MOSTLY = 0.6  # of the lines of a slide
_SHORT = 80  # characters
_FULL_LINE = 25

_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_PAGE_NUMBER = re.compile(
    r"[\s\-\u2013\u2014|\[(]*(?:page|seite|p\.|s\.|p[a\u00e1]gina|pagina|sayfa|trang|str\.)?\s*"
    r"(\d{1,4}|[ivxlc]{1,7})\s*(?:(?:/|of|von|sur|de|di|din|von)\s*\d+)?[\s\-\u2013\u2014|\])]*$",
    re.IGNORECASE,
)
_NUMBER_ALONE = re.compile(r"[\-\u2013\u2014|\[( ]*\d{1,4}[\])\-\u2013\u2014| ]*")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


class _Edge(Struct, frozen=True):
    """A line near the edge of a page, as it is compared.

    Attributes:
        keys: its text, and that of each cell, with each number replaced.
        numbers: the numbers of each, roman ones too.
        is_outer: no other text stands between it and the edge.
        gap: points between it and the next line towards the middle.
        inner: the lines of the next row towards the middle.
    """

    line: Line
    keys: tuple[str, ...]
    numbers: tuple[tuple[int, ...], ...]
    at_top: bool
    is_outer: bool
    gap: float
    inner: Sequence[Line]

    @property
    def is_page_number(self) -> bool:
        return _PAGE_NUMBER.match(self.line.text) is not None


class FurnitureFinder:
    """Takes furniture out of pages; remembers from page to page where it stands."""

    def __init__(self) -> None:
        self._slots: set[tuple[bool, int, int]] = set()  # at the top, place, size
        self._headings: set[str] = set()

    def mark(self, pages: Sequence[PdfPage], chosen: range, style: Style) -> None:
        """Move the furniture of some pages from their lines to what stands beside.

        Args:
            pages: pages in order, with up to ``REACH`` more before and after the chosen ones.
            chosen: positions of the pages that are to be cleared.
        """
        edges = [list(_edges(page)) for page in pages]
        for page in pages:
            self._headings.update(_plain(line.text) for line in page.lines if style.is_big(line))
        found: list[list[_Edge]] = []
        for at in chosen:
            others = [
                [] if _is_same_slide(pages[at], page) else found
                for page, found in zip(pages, edges, strict=True)
            ]
            certain = [edge for edge in edges[at] if _repeats(edge, at, others, style)]
            if len(pages) == 1:
                certain += [edge for edge in edges[at] if _is_lone_number(edge)]
            self._slots.update(map(_slot, certain))
            found.append(certain)
        if all(len(lines) == len(page.lines) for lines, page in zip(edges, pages, strict=True)):
            # A form of two lines on every page: there is nothing that these lines stand beside.
            found = [[edge for edge in certain if edge.is_page_number] for certain in found]
        for at, certain in zip(chosen, found, strict=True):
            known = {id(edge) for edge in certain}
            rest = [edge for edge in edges[at] if id(edge) not in known]
            certain += [edge for edge in rest if self._changes(edge, certain, style)]
            _clear(pages[at], certain, _wrapped(edges[at], certain, style))

    def _changes(self, edge: _Edge, certain: Sequence[_Edge], style: Style) -> bool:
        """Whether a line is the running head of its section: it stands beside or beyond one that
        repeats, or where others stand, and is a heading's text or not set as running text is."""
        line = edge.line
        if any(_is_beyond(edge, one) for one in certain) and len(line.text) < _SHORT:
            known = {id(one.line) for one in certain}
            among = bool(edge.inner) and all(id(one) in known for one in edge.inner)
            return among or edge.gap > _APART * line.size
        places = {_slot(edge, shift) for shift in (-1, 0, 1)}
        if not places & self._slots or not edge.is_outer:
            return False
        is_heading = _plain(line.text) in self._headings and not style.is_big(line)
        return is_heading or abs(line.size - style.body) > _NEAR_BODY or edge.is_page_number


def _clear(page: PdfPage, found: Sequence[_Edge], wrapped: Sequence[_Edge]) -> None:
    """Move what was found, and the further lines of it, to what stands beside the page."""
    taken = set()
    for edge in (*found, *wrapped):
        taken.add(id(edge.line))
        role = FurnitureRole.HEADER if edge.at_top else FurnitureRole.FOOTER
        if edge in found and edge.is_page_number:
            role = FurnitureRole.PAGE_NUMBER
        page.beside.append(Beside(edge.line.text, role, edge.line.box))
    if taken:
        page.lines = [line for line in page.lines if id(line) not in taken]


def _is_same_slide(page: PdfPage, other: PdfPage) -> bool:
    """Whether two pages show one slide as it is built up: that a line is on both says nothing."""
    if not (page.is_slide and other.is_slide):
        return False
    one, two = ({line.text for line in each.lines} for each in (page, other))
    fewest = min(len(one), len(two))
    return fewest >= _FEWEST_LINES and len(one & two) >= _MOSTLY * fewest


def _edges(page: PdfPage) -> Iterator[_Edge]:
    """The lines in the first and the last rows of a page that stand in its margins; the title of a
    slide is none of them."""
    top, bottom = _MARGIN * page.height, (1 - _MARGIN) * page.height
    lines = page.lines
    if page.is_slide:
        usual = statistics.median_low([line.size for line in lines])
        lines = [line for line in lines if line.size <= _TITLE_SIZE * usual]
    downwards = sorted(lines, key=lambda line: line.box[1])
    yield from _rows_from(downwards, lambda line: line.bottom < top, at_top=True)
    upwards = sorted(lines, key=lambda line: -line.box[3])
    yield from _rows_from(upwards, lambda line: line.top > bottom, at_top=False)


def _rows_from(
    lines: Sequence[Line], is_near: Callable[[Line], bool], *, at_top: bool
) -> Iterator[_Edge]:
    rows: list[list[Line]] = []
    for line in lines:
        if rows and _same_row(rows[-1][0], line):
            rows[-1].append(line)
        elif len(rows) > _ROWS:
            break
        else:
            rows.append([line])
    for number, row in enumerate(rows[:_ROWS]):
        inner = rows[number + 1] if number + 1 < len(rows) else []
        for line in row:
            # Where margins are wide, the number of the page is the last line all the same.
            if not is_near(line) and not (number == 0 and _PAGE_NUMBER.match(line.text)):
                continue
            gap = min((_distance(line, one) for one in inner), default=float("inf"))
            texts = [line.text.lower()]
            if len(line.cells) > 1:
                texts += [cell.text.lower() for cell in line.cells]
            keys = tuple(" ".join(_NUMBER.sub("#", text).split()) for text in texts)
            numbers = tuple(tuple(map(_value, _NUMBER.findall(text))) for text in texts)
            yield _Edge(line, keys, numbers, at_top, number == 0, gap, inner)


def _distance(one: Line, other: Line) -> float:
    return max(other.top - one.bottom, one.top - other.bottom)


def _is_beyond(edge: _Edge, other: _Edge) -> bool:
    """Whether a line stands at the height of another one, or further out."""
    if edge.at_top != other.at_top:
        return False
    line, one = edge.line, other.line
    middle = (line.top + line.bottom) / 2
    return middle < one.bottom if edge.at_top else middle > one.top


def _wrapped(edges: Sequence[_Edge], certain: Sequence[_Edge], style: Style) -> list[_Edge]:
    """The other lines of running heads that had no room on one, and what stands beside these.

    They are set as the first one is and aligned with it; between all of them and the text there is
    white space.
    """
    found: list[_Edge] = []
    known = set(map(id, certain))
    for at_top in (True, False):
        heads = [edge for edge in certain if edge.at_top == at_top]
        rest = [edge for edge in edges if edge.at_top == at_top and id(edge) not in known]
        more: list[_Edge] = []
        for _ in range(_ROWS):  # from one line to the next
            more += [
                edge
                for edge in rest
                if edge not in more
                and any(_is_wrapped_from(one.line, edge.line, style) for one in (*heads, *more))
            ]
        if more:
            inwards = 1 if at_top else -1
            last = max((*heads, *more), key=lambda edge: inwards * edge.line.top)
            found += more if last.gap > _CLEAR * last.line.size else []
    return found


def _is_wrapped_from(head: Line, line: Line, style: Style) -> bool:
    if abs(head.size - line.size) > _SAME_SIZE or abs(line.size - style.body) <= _NEAR_BODY:
        return False
    apart = max(line.top - head.bottom, head.top - line.bottom)
    is_aligned = any(
        abs(one - other) < _SAME_PLACE
        for cell in head.cells
        for one, other in _alignments(cell.box, line.box)
    )
    return apart < (_CLOSE * line.size if is_aligned else 0)


def _alignments(box: Box, other: Box) -> Iterator[tuple[float, float]]:
    """The left edges, the right edges and the middles of two boxes."""
    yield box[0], other[0]
    yield box[2], other[2]
    yield (box[0] + box[2]) / 2, (other[0] + other[2]) / 2


def _same_row(one: Line, other: Line) -> bool:
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    return overlap > 0.5 * min(one.bottom - one.top, other.bottom - other.top)


def _repeats(edge: _Edge, at: int, edges: Sequence[Sequence[_Edge]], style: Style) -> bool:
    """Whether a line stands on the pages around as well, with the numbers of those pages."""
    # "Chapter 4" in big letters is no page number, but a bare number at the foot is.
    is_foot = not edge.at_top and _NUMBER_ALONE.fullmatch(edge.line.text) is not None
    is_big = style.is_big(edge.line) and not is_foot
    if CAPTION.match(edge.line.text):
        return False
    line = edge.line
    may_be_text = len(line.cells) >= _MANY_CELLS or (
        abs(line.size - style.body) < _SAME_SIZE and len(line.text) >= _FULL_LINE
    )
    if may_be_text and edge.gap < _APART * line.size:
        return False
    where = [
        other
        for other in range(max(0, at - REACH), min(len(edges), at + REACH + 1))
        if other != at
        and any(_is_again(edge, one, 0 if is_big else other - at) for one in edges[other])
    ]
    if len(where) >= 2:
        return True
    # Short documents, and heads that alternate near the ends: what stands apart at the very edge.
    apart = edge.gap > _APART * line.size
    return len(where) == 1 and edge.is_outer and apart


def _is_again(edge: _Edge, other: _Edge, distance: int) -> bool:
    """Whether two lines, or a cell of each, say the same but for the number of the page."""
    one, two = edge.line, other.line
    if edge.at_top != other.at_top:
        return False
    if abs(one.top - two.top) > _SAME_PLACE or abs(one.size - two.size) > _SAME_SIZE:
        return False
    return any(
        key == key_again and _counts_on(key, numbers, numbers_again, distance)
        for key, numbers in zip(edge.keys, edge.numbers, strict=True)
        for key_again, numbers_again in zip(other.keys, other.numbers, strict=True)
    )


def _counts_on(key: str, numbers: tuple[int, ...], again: tuple[int, ...], distance: int) -> bool:
    """Whether the numbers in two texts are the same, or rise with the page."""
    differ = {b - a for a, b in zip(numbers, again, strict=False) if a != b}
    if not _LETTERS.search(key) or _PAGE_NUMBER.match(key.replace("#", "1")):
        return distance != 0 and differ == {distance}
    return not differ or differ == {distance}


def _is_lone_number(edge: _Edge) -> bool:
    """Whether a line at the very edge of an only page is a number, or has one at either end, as
    those of pages have; nothing else tells what repeats."""
    line = edge.line
    if not edge.is_outer or edge.gap <= _FAR * line.size:
        return False
    ends = {line.text} if len(line.cells) == 1 else {line.cells[0].text, line.cells[-1].text}
    return any(_NUMBER_ALONE.fullmatch(text) for text in ends)


def _slot(edge: _Edge, shift: int = 0) -> tuple[bool, int, int]:
    return edge.at_top, round(edge.line.top / _SAME_PLACE) + shift, round(2 * edge.line.size)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _value(number: str) -> int:
    """A number, written in digits or in roman letters; a letter may have been a word."""
    if number.isdigit():
        return int(number)
    values = [_ROMAN[letter] for letter in number]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-one if one < after else one for one, after in pairs)
