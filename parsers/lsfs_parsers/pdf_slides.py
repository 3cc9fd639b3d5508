"""Slides: boxes of text anywhere on a page, each of which is read before the next one."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from lsfs.model import BlockKind
from lsfs_parsers.pdf_columns import of_cells, sorted_rows
from lsfs_parsers.pdf_edges import Paragraph, pitch
from lsfs_parsers.pdf_lines import Box, Line, one_cell, union
from lsfs_parsers.pdf_marks import BULLET, BULLETED, CAPTION, ENUMERATED
from lsfs_parsers.pdf_page import PdfPage
from lsfs_parsers.pdf_style import SAME_SIZE, ends_sentence
from lsfs_parsers.pdf_tables import FoundTable, find_tables
from lsfs_parsers.window import ContextWindow

_MOST_LINES = 150
_BULLET_GAP = 4.0  # letter sizes between a bullet and its text
_NEXT_LINE = 2.0  # letter sizes between the lines of one box
_SIZES = 1.3  # ratio of letter sizes within a box
_OVERLAP = 0.5  # of the narrower of two lines
_TITLE_PLACE = 0.4  # of the height
_TITLE_SIZE = 1.1  # of the page's usual letters
_TITLE_LENGTH = 160  # characters
_BESIDE = 0.2  # of the lower of two boxes
_TOUCHING = 1.0  # points by which boxes may overlap
_COLUMNS_FIRST = 1.5  # by so much wider must white space between rows be to divide before columns
_DENSE = 0.6  # share of the cells of a table that have text
_TABLE_ROWS = 3
_NEW_PARAGRAPH = 1.3  # of the box's usual distance between lines
_LETTER = 0.5  # of the size: how wide a letter is
_FULL = 0.6  # of the box's width: a shorter line was not wrapped


class TextBox(Struct, frozen=True):
    """What is read together on a slide.

    Attributes:
        lines: from top to bottom.
        table: what they are, if they are one.
    """

    lines: tuple[Line, ...]
    table: FoundTable | None = None
    is_title: bool = False

    @property
    def box(self) -> Box:
        return union([line.box for line in self.lines])


def is_among_slides(window: ContextWindow[PdfPage]) -> bool:
    """Whether a page is a slide, or one in smaller letters between slides of its size."""
    page = window.current
    if page.is_slide:
        return True
    around = [one for one in (window.previous, window.next) if one is not None]
    same = [one.is_slide and (one.width, one.height) == (page.width, page.height) for one in around]
    return 0 < len(page.lines) <= _MOST_LINES and bool(same) and all(same)


def boxes_of_slide(page: PdfPage) -> list[TextBox]:
    """The boxes of a slide as they are read: the title, then what stands in columns and rows, which
    the widest white space divides first."""
    body = statistics.median(line.size for line in page.lines)
    rows = sorted_rows(page.lines)
    room = (0.0, 0.0, page.width, page.height)
    tables = [table for table in find_tables(rows, page.rules, room, body) if _is_dense(table)]
    taken = {number for table in tables for number in table.lines}
    loose = [piece for n, line in enumerate(rows) if n not in taken for piece in _pieces(line)]
    boxes = [TextBox(tuple(chain)) for chain in _chains(loose)]
    title = _title(boxes, page)
    rest = [box for box in boxes if box is not title]
    rest += [TextBox(tuple(rows[n] for n in sorted(t.lines)), _renumbered(t)) for t in tables]
    return [*([replace(title, is_title=True)] if title else []), *_ordered(rest)]


def paragraphs_of_box(box: TextBox) -> list[Paragraph]:
    """The paragraphs and items of a box; its title is one heading."""
    if box.is_title:
        return [Paragraph(BlockKind.HEADING, 1, list(box.lines))]
    pitches = [pitch(one, other) for one, other in pairwise(box.lines)]
    usual = min((one for one in pitches if one > 0), default=0.0)
    width = box.box[2] - box.box[0]
    found: list[Paragraph] = []
    for line in box.lines:
        if found and _goes_on(found[-1], line, usual, width):
            found[-1].lines.append(line)
        else:
            found.append(_begun(line))
    return found


def _begun(line: Line) -> Paragraph:
    if line.told:
        return Paragraph(BlockKind.HEADING, line.told.level, [line])
    if BULLETED.match(line.text) or ENUMERATED.match(line.text):
        return Paragraph(BlockKind.LIST_ITEM, 0, [line])
    kind = BlockKind.CAPTION if CAPTION.match(line.text) else BlockKind.PARAGRAPH
    return Paragraph(kind, 0, [line])


def _goes_on(paragraph: Paragraph, line: Line, usual: float, width: float) -> bool:
    """Whether a line is the next one of a paragraph: it is no item, it stands near, and its first
    word had no room above it, or is written small."""
    last = paragraph.lines[-1]
    if last.told != line.told or abs(last.size - line.size) > SAME_SIZE:
        return False
    if BULLETED.match(line.text) or pitch(last, line) > _NEW_PARAGRAPH * usual:
        return False
    if line.told or last.hyphen:
        return True
    starts_small = line.text[0].islower()
    if ENUMERATED.match(line.text) and not starts_small:
        return False
    if starts_small and not ends_sentence(last.text):
        return True
    word = line.text.split(maxsplit=1)[0]
    used = last.right - last.left
    return used > _FULL * width and used + _LETTER * line.size * (len(word) + 1) > width


def _pieces(line: Line) -> list[Line]:
    """The cells of a line as lines of their own, a bullet with its text."""
    cells = [line.cells[0]]
    for cell in line.cells[1:]:
        last = cells[-1]
        if _is_mark(last.text) and cell.box[0] - last.box[2] < _BULLET_GAP * line.size:
            cells[-1] = one_cell(last, cell, " ")
        else:
            cells.append(cell)
    if len(cells) == 1:
        return [line if len(line.cells) == 1 else of_cells(line, cells, hyphen=line.hyphen)]
    return [of_cells(line, [cell], hyphen=line.hyphen and cell is cells[-1]) for cell in cells]


def _is_mark(text: str) -> bool:
    return BULLET.fullmatch(text) is not None or ENUMERATED.fullmatch(f"{text} ") is not None


def _chains(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that stand below each other, each in one chain."""
    chains: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: (one.top + one.bottom, one.left)):
        able = [chain for chain in chains if _is_next(chain[-1], line)]
        if able:
            min(able, key=lambda chain: pitch(chain[-1], line)).append(line)
        else:
            chains.append([line])
    return chains


def _is_next(last: Line, line: Line) -> bool:
    size = max(last.size, line.size)
    if size > _SIZES * min(last.size, line.size) or last.told != line.told:
        return False
    if not 0.5 * size < pitch(last, line) <= _NEXT_LINE * size:
        return False
    overlap = min(last.right, line.right) - max(last.left, line.left)
    return overlap >= _OVERLAP * min(last.right - last.left, line.right - line.left)


def _title(boxes: Sequence[TextBox], page: PdfPage) -> TextBox | None:
    """The box near the top with the biggest letters, if they are bigger than those of the rest, or
    the only text in big ones."""
    able = [box for box in boxes if sum(len(line.text) for line in box.lines) <= _TITLE_LENGTH]
    upper = [box for box in able if box.box[1] < _TITLE_PLACE * page.height]
    chosen = max(upper or able, key=lambda box: (box.lines[0].size, -box.box[1]), default=None)
    if chosen is None or any(BULLETED.match(line.text) for line in chosen.lines):
        return None
    rest = [line.size for box in boxes if box is not chosen for line in box.lines]
    usual = statistics.median_low(rest) if rest else 0.0
    size, is_bold = chosen.lines[0].size, all(line.bold for line in chosen.lines)
    is_first = all(chosen.box[1] <= box.box[1] for box in boxes)
    return chosen if size > _TITLE_SIZE * usual or (is_bold and is_first) else None


def _is_dense(table: FoundTable) -> bool:
    """Whether a table is one, and not a diagram, lists side by side, or big numbers with what they
    mean."""
    if not table.ruled and any(BULLETED.match(text) for row in table.rows for text in row):
        return False
    filled = [sum(map(bool, row)) for row in table.rows]
    several = sum(count > 1 for count in filled)
    room = len(table.rows) * len(table.columns)
    return several >= max(_TABLE_ROWS, len(filled) / 2) and sum(filled) >= _DENSE * room


def _renumbered(table: FoundTable) -> FoundTable:
    return replace(table, lines=frozenset(range(len(table.lines))))


def _ordered(boxes: Sequence[TextBox]) -> list[TextBox]:
    """Boxes in reading order: the recursive cut of Nagy and Seth (1984), at the widest space."""
    down = sorted(boxes, key=lambda one: (one.box[1], one.box[0]))
    if not any(_are_beside(one.box, other.box) for n, one in enumerate(down) for other in down[:n]):
        return down
    across, wide = _cut(boxes, 0)
    along, high = _cut(boxes, 1)
    if max(wide, high) <= 0:
        return down
    first, second = across if _COLUMNS_FIRST * wide >= high else along
    return [*_ordered(first), *_ordered(second)]


def _are_beside(one: Box, other: Box) -> bool:
    overlap = min(one[3], other[3]) - max(one[1], other[1])
    return overlap > _BESIDE * min(one[3] - one[1], other[3] - other[1])


def _cut(boxes: Sequence[TextBox], side: int) -> tuple[tuple[list[TextBox], list[TextBox]], float]:
    """The boxes before and behind the widest white space along x (0) or y (1), and its width."""
    order = sorted(boxes, key=lambda one: one.box[side])
    at, widest, end = 0, 0.0, order[0].box[side + 2]
    for number, box in enumerate(order[1:], start=1):
        space = box.box[side] - end + _TOUCHING
        if space > widest:
            at, widest = number, space
        end = max(end, box.box[side + 2])
    return (order[:at], order[at:]), widest
