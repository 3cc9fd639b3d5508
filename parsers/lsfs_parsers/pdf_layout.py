"""From the lines of one PDF page to its paragraphs, in reading order.

The rules and their thresholds were found on documents of four typesetting systems with known
content. Lengths are points, or multiples of the body's letter size.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from lsfs.model import BlockKind
from lsfs_parsers.pdf_lines import Cell, Line, union

BULLET = re.compile(
    r"\s*([\u2022\u25e6\u2023\u25aa\u25cf\u2013*\u2219\u00b7-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+"
)
_ENDS_SENTENCE = re.compile(r"[.!?:;][\"'\u201d\u2019)\]\d]*$")
_HEADING_SIZE = 1.15  # of the body's size
_HEADING_LENGTH = 160  # characters
_HEADING_LEVELS = 5
_SAME_SIZE = 0.6
_NEW_PARAGRAPH_GAP = 1.32  # of the page's usual distance between lines
_INDENT = 0.6
_NOT_FULL = 2.2  # a line that ends this far before the right edge could have taken more
_SAME_ROW = 0.6  # share of the height in which two parts of a row overlap
_TABLE_ROWS = 3  # fewer rows of equal width happen by chance
_COLUMN_LINES = 6
_COLUMN_WIDTH = 0.28  # of the page: lines of running text are this wide, cells of a form are not
_CROSSING = 0.08  # share of lines that may cross a gutter
_SCRAMBLED = 0.2  # share of jumps up the page beyond which the drawing order means nothing
_HALF_POINTS = 2


@dataclass(frozen=True, slots=True)
class Style:
    """What letter sizes mean in a document.

    Attributes:
        body: size of running text, in points.
        levels: sizes of headings, the biggest first.
    """

    body: float
    levels: tuple[float, ...]

    def is_big(self, line: Line) -> bool:
        """Whether a line's letters are those of a heading."""
        return line.size > _HEADING_SIZE * self.body and len(line.text) < _HEADING_LENGTH

    def heading_level(self, line: Line) -> int:
        """1 for the biggest headings; 0 for what is none."""
        if self.is_big(line):
            size = _rounded(line.size)
            return next((n for n, one in enumerate(self.levels, 1) if size >= one), 1)
        ends_open = not _ENDS_SENTENCE.search(line.text)
        if line.bold and line.size >= self.body - 0.3 and ends_open and len(line.cells) == 1:
            is_short = len(line.text) < _HEADING_LENGTH // 2
            return min(len(self.levels) + 1, _HEADING_LEVELS + 1) if is_short else 0
        return 0


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together."""

    kind: BlockKind
    level: int
    lines: list[Line] = field(default_factory=list)


def style_of(pages: Iterable[Sequence[Line]]) -> Style:
    """The style of a document; the most frequent size by letters is the body's."""
    letters: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            letters[_rounded(line.size)] += len(line.text)
    if not letters:
        return Style(1.0, ())
    body = max(letters, key=lambda size: (letters[size], size))
    bigger = sorted((size for size in letters if size > _HEADING_SIZE * body), reverse=True)
    return Style(body, tuple(bigger[:_HEADING_LEVELS]))


def gutter_of(lines: Sequence[Line], width: float) -> float | None:
    """Where the white space between two columns of running text stands, if there is any."""
    cells = [cell.box for line in lines for cell in line.cells]
    best: tuple[int, list[int]] | None = None
    for x in range(int(0.35 * width), int(0.65 * width), 2):
        left = [box[2] - box[0] for box in cells if box[2] <= x + 1]
        right = [box[2] - box[0] for box in cells if box[0] >= x - 1]
        crossing = len(cells) - len(left) - len(right)
        if crossing > _CROSSING * len(cells) + 1 or min(len(left), len(right)) < _COLUMN_LINES:
            continue
        if min(statistics.median(left), statistics.median(right)) < _COLUMN_WIDTH * width:
            continue
        if best is None or crossing < best[0]:
            best = (crossing, [x])
        elif crossing == best[0]:
            best[1].append(x)
    return (best[1][0] + best[1][-1]) / 2 if best else None


def in_reading_order(lines: list[Line], gutter: float | None) -> list[list[Line]]:
    """The columns of a page from first to last, each a list of its lines from top to bottom.

    Without a gutter the drawing order is kept, unless it jumps about: programs draw what they lay
    out in order, also three columns or a box beside the text, which geometry alone would mix.
    """
    if gutter is None:
        rows = _rows(lines)
        jumps = sum(after.bottom < before.top for before, after in pairwise(rows))
        if jumps > _SCRAMBLED * len(rows):
            rows = _rows(sorted(lines, key=lambda line: (line.top + line.bottom, line.left)))
            rows.sort(key=lambda line: (line.top, line.left))
        return [rows]
    halves = [half for line in lines for half in _split(line, gutter)]
    across = sorted((x for x in halves if _crosses(x, gutter)), key=lambda line: line.top)
    rest = [line for line in halves if not _crosses(line, gutter)]
    columns: list[list[Line]] = []
    above = float("-inf")
    for line in [*across, None]:
        below = line.top if line is not None else float("inf")
        band = [one for one in rest if above <= one.top < below]
        columns.append(_sorted_rows(one for one in band if one.left < gutter))
        columns.append(_sorted_rows(one for one in band if one.left >= gutter))
        if line is not None:
            columns.append([line])
        above = below
    return [column for column in columns if column]


def paragraphs_of(columns: list[list[Line]], style: Style) -> list[Paragraph]:
    """The paragraphs, headings, list items and tables of a page."""
    found: list[Paragraph] = []
    for column in columns:
        edges = _Edges.of(column, style)
        for start, end, is_table in _runs(column):
            if is_table:
                found.append(Paragraph(BlockKind.TABLE, 0, column[start:end]))
                continue
            for line in column[start:end]:
                if found and edges.continues(found[-1], line, style):
                    found[-1].lines.append(line)
                else:
                    found.append(_begun(line, style))
    return found


def _begun(line: Line, style: Style) -> Paragraph:
    level = style.heading_level(line)
    if level:
        return Paragraph(BlockKind.HEADING, level, [line])
    kind = BlockKind.LIST_ITEM if BULLET.match(line.text) else BlockKind.PARAGRAPH
    return Paragraph(kind, 0, [line])


@dataclass(frozen=True, slots=True)
class _Edges:
    """The usual left and right edge of a column and the distance between its lines."""

    left: float
    right: float
    leading: float

    @classmethod
    def of(cls, column: Sequence[Line], style: Style) -> _Edges:
        body = [line for line in column if abs(line.size - style.body) < _SAME_SIZE] or column
        lefts, rights = sorted(x.left for x in body), sorted(x.right for x in body)
        gaps = [
            after.top - before.top
            for before, after in pairwise(body)
            if 0 < after.top - before.top < 3 * style.body
        ]
        leading = statistics.median(gaps) if gaps else 1.25 * style.body
        left = lefts[int(0.15 * (len(lefts) - 1))]
        return cls(left, rights[int(0.85 * (len(rights) - 1))], leading)

    def continues(self, paragraph: Paragraph, line: Line, style: Style) -> bool:
        """Whether ``line`` goes on with ``paragraph``, whose last line stands before it."""
        last = paragraph.lines[-1]
        if paragraph.kind is BlockKind.TABLE or abs(last.size - line.size) > _SAME_SIZE:
            return False
        if last.bold != line.bold or BULLET.match(line.text):
            return False
        if paragraph.kind is BlockKind.HEADING:
            return 0 < line.top - last.top < 1.6 * line.size and self._had_no_room(last, line)
        full = last.hyphen or last.right > self.right - _NOT_FULL * style.body
        ended = _ENDS_SENTENCE.search(last.text) is not None
        gap = line.top - last.top
        if gap <= 0:  # the next column: a sentence that is not over goes on there
            return last.hyphen or not ended
        scale = max(1.0, line.size / style.body)
        if gap > _NEW_PARAGRAPH_GAP * self.leading * scale:
            return False
        indented = line.left - self.left > _INDENT * style.body
        deeper = line.left - paragraph.lines[0].left > _INDENT * style.body
        if indented and deeper and paragraph.kind is not BlockKind.LIST_ITEM:
            return not (ended or len(paragraph.lines) > 1)
        return full or not ended

    def _had_no_room(self, last: Line, line: Line) -> bool:
        """Whether the first word of ``line`` would not have fitted on ``last``."""
        word = line.text.split(maxsplit=1)[0]
        needed = last.right - last.left + 0.45 * line.size * (len(word) + 1)
        return needed > 0.85 * (self.right - self.left)


def _runs(column: Sequence[Line]) -> list[tuple[int, int, bool]]:
    """Stretches of a column: start, end, and whether they are rows of one table."""
    runs: list[tuple[int, int, bool]] = []
    start = 0
    while start < len(column):
        width = len(column[start].cells)
        end = start + 1
        while end < len(column) and len(column[end].cells) == width:
            end += 1
        is_table = width > 1 and end - start >= _TABLE_ROWS
        if runs and not is_table and not runs[-1][2]:
            runs[-1] = (runs[-1][0], end, False)
        else:
            runs.append((start, end, is_table))
        start = end
    return runs


def _rows(lines: Iterable[Line]) -> list[Line]:
    """Neighbouring lines at one height made one: pdfium cuts table rows at wide gaps."""
    rows: list[Line] = []
    for line in lines:
        if rows and _same_row(rows[-1], line):
            rows[-1] = _beside(rows[-1], line)
        else:
            rows.append(line)
    return rows


def _same_row(one: Line, other: Line) -> bool:
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    height = min(one.bottom - one.top, other.bottom - other.top)
    disjoint = one.right <= other.left + 0.5 or other.right <= one.left + 0.5
    return overlap > _SAME_ROW * height and disjoint and abs(one.size - other.size) < _SAME_SIZE


def _beside(one: Line, other: Line) -> Line:
    cells = sorted((*one.cells, *other.cells), key=lambda cell: cell.box[0])
    touching: list[Cell] = [cells[0]]
    for cell in cells[1:]:
        before = touching[-1]
        space = cell.box[0] - before.box[2]
        if space < max(0.45 * one.size, 2.2):
            glue = " " if space > 0.12 * one.size else ""
            box = union([before.box, cell.box])
            touching[-1] = Cell(f"{before.text}{glue}{cell.text}", box)
        else:
            touching.append(cell)
    return replace(
        one,
        text=" ".join(cell.text for cell in touching),
        box=union([one.box, other.box]),
        hyphen=(one if one.right > other.right else other).hyphen,
        cells=tuple(touching),
    )


def _sorted_rows(lines: Iterable[Line]) -> list[Line]:
    rows = _rows(sorted(lines, key=lambda line: (round(line.top / 2), line.left)))
    return sorted(rows, key=lambda line: (round(line.top / 2), line.left))


def _crosses(line: Line, gutter: float) -> bool:
    return line.left < gutter - 6 and line.right > gutter + 6


def _split(line: Line, gutter: float) -> list[Line]:
    """The two lines that pdfium took for one across the gutter, or the line itself."""
    left = [cell for cell in line.cells if cell.box[2] <= gutter + 1]
    right = [cell for cell in line.cells if cell.box[0] >= gutter - 1]
    if not left or not right or len(left) + len(right) != len(line.cells):
        return [line]
    return [_of_cells(line, left, hyphen=False), _of_cells(line, right, hyphen=line.hyphen)]


def _of_cells(line: Line, cells: list[Cell], *, hyphen: bool) -> Line:
    text = " ".join(cell.text for cell in cells)
    box = union([cell.box for cell in cells])
    return replace(line, text=text, box=box, hyphen=hyphen, cells=tuple(cells))


def _rounded(size: float) -> float:
    return round(size * _HALF_POINTS) / _HALF_POINTS
