"""From the lines of one PDF page to its paragraphs, in reading order.

The rules and their thresholds were found on documents of four typesetting systems with known
content. Lengths are points, or multiples of the body's letter size.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from lsfs.model import BlockKind
from lsfs_parsers.pdf_lines import Box, Cell, Line, union

BULLET = re.compile(
    r"\s*([\u2022\u25e6\u2023\u25aa\u25cf\u2013*\u2219\u00b7-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+"
)
_ENDS_SENTENCE = re.compile(r"[.!?:;][\"'\u201d\u2019)\]\d]*$")
_PUNCTUATED = re.compile(r"[.!?,;]\s|[.!?-]$")
_LABEL = re.compile(r"[^\W_][^\s:!?;,]*(?: [^\s:!?;,]+){0,3} ?:\s+\S")  # "Invoice date: 3 May"
_HEADING_SIZE = 1.15  # of the body's size
_HEADING_LENGTH = 160  # characters
_HEADING_LEVELS = 5
_SAME_SIZE = 0.6
_NEW_PARAGRAPH_GAP = 1.32  # of the page's usual distance between lines
_INDENT = 0.6
_NOT_FULL = 2.2  # a line that ends this far before the right edge could have taken more
_LONG_LINE = 45  # characters; a line this long may well have been wrapped
_WRAPPED_LINE = 20  # characters; shorter ones are an address or a greeting, not a narrow column
_NOT_STRAY = 0.15  # share of the lines
_LETTER = 0.5  # of the size: how wide a letter is
_SINGLE_SPACED = 1.7  # of the size; short lines further apart are paragraphs
_SAME_ROW = 0.6  # share of the height in which two parts of a row overlap
_TABLE_ROWS = 3  # fewer rows of equal width happen by chance
_COLUMN_LINES = 6
_COLUMN_WIDTH = 0.28  # of the page: lines of running text are this wide, cells of a form are not
_CROSSING = 0.08  # share of lines that may cross a gutter
_WORDS_IN_PROSE = 3  # a cell of running text has at least so many
_FILLED = 0.75  # of the widest cell's width
_MOSTLY = 0.7  # share of the cells of a column of running text that are filled
_RUNS_ON = 0.5  # share of lines of running text after which a sentence goes on
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
        for stack in _stacks(column):
            _add_stack(found, stack, style)
    return found


def _stacks(column: list[Line]) -> Iterator[list[Line]]:
    """The lines between jumps up the page: columns that the drawing order alone tells apart, which
    have edges of their own."""
    start = 0
    for at, (before, line) in enumerate(pairwise(column), start=1):
        if line.bottom < before.top:
            yield column[start:at]
            start = at
    yield column[start:]


def _add_stack(found: list[Paragraph], stack: list[Line], style: Style) -> None:
    edges = _Edges.of(stack, style)
    done = 0
    for start, end, is_table in _runs(stack):
        rows = stack[max(start, done) : end]
        halves = _side_by_side(rows) if is_table else None
        if halves is not None:
            done = _take_along(halves, stack, end)
            for half in halves:
                _add_lines(found, half, _Edges.of(half, style), style)
        elif is_table and rows:
            found.append(Paragraph(BlockKind.TABLE, 0, rows))
        else:
            _add_lines(found, rows, edges, style)


def _add_lines(found: list[Paragraph], lines: list[Line], edges: _Edges, style: Style) -> None:
    for line in lines:
        if found and edges.continues(found[-1], line, style):
            found[-1].lines.append(line)
        else:
            found.append(_begun(line, style))


def _side_by_side(rows: Sequence[Line]) -> tuple[list[Line], list[Line]] | None:
    """The two columns of running text that rows of two cells are; None when they are a table.

    The lines of short columns often stand at equal heights. Each cell is then filled, and the
    sentence goes on in the cell below; the cells of a table end with what they say. Lower-case
    entries of equal length look alike, but have no punctuation.
    """
    if any(len(row.cells) != 2 for row in rows):
        return None
    halves = (
        [_of_cells(row, [row.cells[0]], hyphen=False) for row in rows],
        [_of_cells(row, [row.cells[1]], hyphen=row.hyphen) for row in rows],
    )
    on = [_share_running_on(half) for half in halves]
    goes_on = min(on) >= _RUNS_ON / 2 and sum(on) / 2 >= _RUNS_ON
    is_prose = goes_on and all(_is_filled(half) and _has_sentences(half) for half in halves)
    return halves if is_prose else None


def _share_running_on(lines: Sequence[Line]) -> float:
    pairs = list(pairwise(lines))
    return sum(_runs_on(before, after) for before, after in pairs) / max(1, len(pairs))


def _runs_on(line: Line, after: Line) -> bool:
    """Whether a sentence or a word visibly goes on in the next line."""
    if line.hyphen or line.text.endswith("-"):
        return True
    return not _ENDS_SENTENCE.search(line.text) and after.text[0].islower()


def _is_filled(lines: Sequence[Line]) -> bool:
    """Whether most lines (the last may be short) are as wide as there is room, and of words."""
    widths = [line.right - line.left for line in lines]
    filled = sum(width >= _FILLED * max(widths) for width in widths[:-1])
    words = statistics.median(len(line.text.split()) for line in lines)
    return words >= _WORDS_IN_PROSE and filled >= _MOSTLY * (len(widths) - 1)


def _has_sentences(lines: Sequence[Line]) -> bool:
    return any(line.hyphen or _PUNCTUATED.search(line.text) for line in lines)


def _take_along(halves: tuple[list[Line], list[Line]], stack: list[Line], at: int) -> int:
    """Add the lines from ``at`` on that stand in one of two columns; return where they end.

    Columns are seldom equally long, and an empty line in one leaves a row with one cell.
    """
    boxes = [union([line.box for line in half]) for half in halves]
    pitch = statistics.median(after.top - one.top for one, after in pairwise(halves[0]))
    while at < len(stack):
        line, last = stack[at], max(half[-1].top for half in halves)
        sides = [
            next((n for n, box in enumerate(boxes) if _is_below(cell, box)), None)
            for cell in line.cells
        ]
        if None in sides or len(set(sides)) < len(sides):
            return at
        if not 0 < line.top - last < 2.5 * pitch:
            return at
        for side, cell in zip(sides, line.cells, strict=True):
            hyphen = line.hyphen and cell is line.cells[-1]
            halves[side or 0].append(_of_cells(line, [cell], hyphen=hyphen))
        at += 1
    return at


def _is_below(cell: Cell, box: Box) -> bool:
    return box[0] - 2 <= cell.box[0] and cell.box[2] <= box[2] + 2


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
    wraps: bool  # a line that reaches the right edge goes on in the next one

    @classmethod
    def of(cls, column: Sequence[Line], style: Style) -> _Edges:
        body = [line for line in column if abs(line.size - style.body) < _SAME_SIZE] or column
        long = [line for line in body if len(line.text) >= _LONG_LINE]
        # A letter has more short lines than full ones; only a few long ones are strays in a column.
        wide = long if len(long) >= _NOT_STRAY * len(body) else body
        lefts, rights = sorted(x.left for x in body), sorted(x.right for x in wide)
        gaps = [
            after.top - before.top
            for before, after in pairwise(body)
            if 0 < after.top - before.top < 3 * style.body
        ]
        leading = statistics.median(gaps) if gaps else 1.25 * style.body
        left = lefts[int(0.15 * (len(lefts) - 1))]
        right = rights[round(0.85 * (len(rights) - 1))]
        wraps = any(
            one.right > right - _NOT_FULL * style.body
            and len(one.text) >= _WRAPPED_LINE
            and _runs_on(one, after)
            for one, after in pairwise(body)
        )
        return cls(left, right, leading, wraps)

    def continues(self, paragraph: Paragraph, line: Line, style: Style) -> bool:
        """Whether ``line`` goes on with ``paragraph``, whose last line stands before it."""
        last = paragraph.lines[-1]
        if paragraph.kind is BlockKind.TABLE or abs(last.size - line.size) > _SAME_SIZE:
            return False
        if last.bold != line.bold or BULLET.match(line.text):
            return False
        if paragraph.kind is BlockKind.HEADING:
            return 0 < line.top - last.top < 1.6 * line.size and self._had_no_room(last, line)
        ended = _ENDS_SENTENCE.search(last.text) is not None
        gap = line.top - last.top
        if gap <= 0:  # the next column: a sentence that is not over goes on there
            return last.hyphen or not ended
        scale = max(1.0, line.size / style.body)
        if gap > _NEW_PARAGRAPH_GAP * self.leading * scale:
            return False
        if last.hyphen:
            return True
        full = self._is_full(paragraph, line, style)
        # Where lines are wrapped, a name with a colon may also stand within a sentence.
        among_labels = _LABEL.match(last.text) is not None or not self.wraps
        apart = ended or not full or _starts_anew(line)
        if among_labels and apart and _LABEL.match(line.text):
            return False
        if not full and (_starts_anew(line) or gap > _SINGLE_SPACED * line.size):
            return False
        indented = line.left - self.left > _INDENT * style.body
        deeper = line.left - paragraph.lines[0].left > _INDENT * style.body
        if indented and deeper and paragraph.kind is not BlockKind.LIST_ITEM:
            return not (ended or len(paragraph.lines) > 1)
        return full or not ended

    def _is_full(self, paragraph: Paragraph, line: Line, style: Style) -> bool:
        """Whether the last line of ``paragraph`` ends where it does for want of room.

        In a column that shows no wrapped line, the right edge is only where the longest line ends.
        """
        last = paragraph.lines[-1]
        near = _NOT_FULL * style.body
        if _ENDS_SENTENCE.search(last.text):
            return self.wraps and last.right > self.right - near
        first_word = line.text.split(maxsplit=1)[0]
        room = max(near, _LETTER * line.size * (len(first_word) + 1))
        is_long = len(last.text) >= _LONG_LINE
        if last.right > self.right - room and (self.wraps or is_long):
            return True
        # A quotation or a box has an edge of its own, which the line above or below shows.
        beside = [*paragraph.lines[-2:-1], line]
        return is_long and any(
            abs(one.right - last.right) < near and len(one.text) >= _LONG_LINE for one in beside
        )

    def _had_no_room(self, last: Line, line: Line) -> bool:
        """Whether the first word of ``line`` would not have fitted on ``last``."""
        word = line.text.split(maxsplit=1)[0]
        needed = last.right - last.left + 0.45 * line.size * (len(word) + 1)
        return needed > 0.85 * (self.right - self.left)


def _starts_anew(line: Line) -> bool:
    """Whether a line begins as a sentence, a name, a date or a number does."""
    first = next((letter for letter in line.text if letter.isalnum()), "")
    return first.isupper() or first.isdigit()


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
