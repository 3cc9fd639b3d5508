"""The columns of a page, in reading order."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from lsfs_parsers.pdf_lines import GAP_IN_SIZES, SMALLEST_GAP, Box, Cell, Line, one_cell, union
from lsfs_parsers.pdf_page import PdfPage
from lsfs_parsers.pdf_rules import Rule
from lsfs_parsers.pdf_style import SAME_SIZE, Style, ends_sentence
from lsfs_parsers.window import ContextWindow

_PUNCTUATED = re.compile(r"[.!?,;]\s|[.!?-]$")
_SCRAMBLED = 0.05  # share of jumps up the page beyond which the drawing order means nothing
_COLUMN_LINES = 6  # fewer lines show no gutter, unless the pages around have one there
_CROSSING = 0.08  # share of lines that may cross a gutter
_MOST_COLUMNS = 3
_NEXT_LINE = 0.7  # of the size
_INDENTED = 2.0
_TABLE_GAP = 3.0  # of the size: rows of one table are not further apart
_RULED_GAP = 60.0  # points between ruling lines of one table
_STEP = 2  # points between the places tried
_EDGE = 0.12  # of the width: no gutter stands further out
_FILLED = 0.55  # of a column's width: lines of running text are this wide, cells are not
_SPACED = 0.75  # of a column's width: most lines are as wide where words stand far apart
_COVERED = 0.3  # share of such lines that have letters, not white space, at any place
_SAME_GUTTER = 15.0  # points: what is indented beside it moves its middle
_ACROSS = 6.0  # points by which a line reaches over a gutter
_TABLE_ROWS = 3
_SAME_HEIGHT = 0.3  # of a cell's height: the middles of two cells of a row are not further apart
_TABULAR = 0.25  # share of the lines of a table that have several cells, beside wrapped ones
_CELL_LINES = 4  # letter sizes by which a cell beside one of several lines goes up the page
_SAME_ROW = 0.6  # share of the height in which two parts of a row overlap
_WORDS_IN_PROSE = 3  # a cell of running text has at least so many
_WIDEST = 0.75  # of the widest cell's width
_MOSTLY = 0.7  # share of the cells of a column of running text that are filled
_RIVER = 0.8  # of the size
_RUNS_ON = 0.5  # share of lines of running text after which a sentence goes on


class Region(Struct, frozen=True):
    """A stretch of a column, or of the whole page, that is read from top to bottom.

    Attributes:
        lines: its rows, in order.
        box: the room for them: the column's, or the page's.
    """

    lines: list[Line]
    box: Box


def find_gutters(page: PdfPage, style: Style) -> tuple[float, ...]:
    """Where white space stands between columns of running text, from left to right."""
    rows = [
        [cell.box for cell in line.cells]
        for line in page.lines
        if abs(line.size - style.body) < SAME_SIZE
    ]
    return _gutters(rows, page) if sum(map(len, rows)) >= 2 * _COLUMN_LINES else ()


def regions(
    window: ContextWindow[PdfPage], lines: list[Line], usual: tuple[float, ...]
) -> list[Region]:
    """The columns of a page from first to last, between what reaches across them.

    A page whose text does not show its columns, for want of lines or for tables among them, has
    those of the pages around it.

    Args:
        lines: the text of the window's current page, without notes and furniture.
        usual: the gutters of most pages of the document.
    """
    page = window.current
    hints = [one.gutters for one in (window.previous, window.next) if one is not None]
    gutters = next(
        (hint for hint in (*hints, usual) if _adds_to(hint, page) and _admits(page, hint)),
        page.gutters,
    )
    whole = (0.0, 0.0, page.width, page.height)
    if not gutters:
        return [Region(rows, whole) for rows in _stacks(_in_drawn_order(lines))]
    return list(_bands(lines, gutters, page))


def _adds_to(hint: Sequence[float], page: PdfPage) -> bool:
    """Whether gutters of other pages are those of a page and more: a column that a table fills
    shows none, or all of it is taken for white space between the columns beside it."""
    if len(hint) <= len(page.gutters):
        return False
    rest = [own for own in page.gutters if not any(abs(own - one) < _SAME_GUTTER for one in hint)]
    if not rest:
        return True
    rows = [[cell.box for cell in line.cells] for line in page.lines]
    columns = list(pairwise([0.0, *hint, page.width]))
    return all(
        any(left < own < right and _is_tabular(rows, left, right) for left, right in columns)
        for own in rest
    )


def _admits(page: PdfPage, gutters: Sequence[float]) -> bool:
    """Whether a page can have columns there: what does not reach across is running text between
    the gutters, or next to nothing."""
    covers = _covers(page.lines, page.rules, gutters)
    rows = [
        [cell.box for cell in line.cells] for line in page.lines if not _is_covered(line, covers)
    ]
    cells = [box for row in rows for box in row]
    inner = [min((box[0] for box in cells), default=0.0), *gutters]
    inner.append(max((box[2] for box in cells), default=page.width))
    columns = list(pairwise(inner))
    # A rule alone, under the running head, says nothing.
    if all(bottom - top < 1 for top, bottom in covers) or len(cells) < _COLUMN_LINES * len(columns):
        return any(box[0] >= gutters[0] for box in cells)
    prose = [_is_prose(rows, left, right, page.width) for left, right in columns]
    if sum(prose) > 1:
        return True
    # A table that fills columns of text has rows of its own in each of them.
    tabular = [_is_tabular(rows, left, right) for left, right in columns]
    full = all(one or other for one, other in zip(prose, tabular, strict=True))
    return full and (any(prose) or _has_equal_heads(page.lines, columns))


def _within(row: Sequence[Box], start: float, end: float) -> list[Box]:
    return [box for box in row if start - _STEP <= box[0] and box[2] <= end + _STEP]


def _is_tabular(rows: Sequence[Sequence[Box]], start: float, end: float) -> bool:
    """Whether at most heights between two places stand several cells, in whatever order drawn."""
    boxes = [box for row in rows for box in _within(row, start, end)]
    counts: list[int] = []
    height = float("-inf")
    for middle, size in sorted(((box[1] + box[3]) / 2, box[3] - box[1]) for box in boxes):
        if middle - height <= _SAME_HEIGHT * size:
            counts[-1] += 1
        else:
            counts.append(1)
            height = middle
    several = sum(count > 1 for count in counts)
    return several >= max(_TABLE_ROWS, _TABULAR * len(counts))


def _has_equal_heads(lines: Sequence[Line], columns: Sequence[tuple[float, float]]) -> bool:
    """Whether each column begins with the same words: a table's header is repeated in each."""
    heads = []
    for left, right in columns:
        cells = [
            cell
            for line in lines
            for cell in line.cells
            if left - _STEP <= cell.box[0] and cell.box[2] <= right + _STEP
        ]
        top = min((cell.box[1] for cell in cells), default=0.0)
        first = [cell for cell in cells if cell.box[1] < top + _STEP]
        heads.append(" ".join(cell.text for cell in sorted(first, key=lambda one: one.box[0])))
    return len(set(heads)) == 1


def _gutters(rows: Sequence[Sequence[Box]], page: PdfPage) -> tuple[float, ...]:
    cells = [box for row in rows for box in row]
    found: list[list[tuple[int, int]]] = []  # stretches of places with their crossings
    # Words far apart are cells of their own; as lines, no more count than columns have.
    allowed = _CROSSING * min(len(cells), _MOST_COLUMNS * len(rows)) + 1
    places = range(int(_EDGE * page.width), int((1 - _EDGE) * page.width), _STEP)
    for x, crossing in zip(places, _crossings(cells, places), strict=True):
        if crossing > allowed:
            continue
        if found and x - found[-1][-1][1] <= _STEP:
            found[-1].append((crossing, x))
        else:
            found.append([(crossing, x)])
    middles = [_narrowed(cells, *_clearest(stretch)) for stretch in found]
    return _between_prose(rows, middles, page)


def _clearest(stretch: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The widest part of a stretch that the fewest boxes reach over."""
    fewest = min(crossing for crossing, _ in stretch)
    runs: list[list[int]] = []
    for crossing, x in stretch:
        if crossing > fewest:
            continue
        if runs and x - runs[-1][-1] <= _STEP:
            runs[-1].append(x)
        else:
            runs.append([x])
    widest = max(runs, key=len)
    return widest[0], widest[-1]


def _crossings(cells: Sequence[Box], places: range) -> list[int]:
    """How many boxes reach over each place."""
    first, step = places.start, places.step
    changes = [0] * (len(places) + 1)
    for left, _, right, _ in cells:
        start = max(0, int((left + 1 - first) // step) + 1)
        end = min(len(places), int((right - 1 - first) // step) + 1)
        if start < end:
            changes[start] += 1
            changes[end] -= 1
    counts, now = [], 0
    for change in changes[:-1]:
        now += change
        counts.append(now)
    return counts


def _narrowed(cells: Sequence[Box], start: float, end: float) -> float:
    """The middle of the white space that a range of places lies in."""
    middle = (start + end) / 2
    left = max((box[2] for box in cells if box[2] <= middle + 1), default=start)
    right = min((box[0] for box in cells if box[0] >= middle - 1), default=end)
    return (max(left, start - _STEP) + min(right, end + _STEP)) / 2


def _between_prose(
    rows: Sequence[Sequence[Box]], middles: list[float], page: PdfPage
) -> tuple[float, ...]:
    """Those places that have running text on both sides; the rest stand in tables or margins."""
    cells = [box for row in rows for box in row]
    left_edge = min(box[0] for box in cells)
    right_edge = max(box[2] for box in cells)
    gutters = [x for x in middles if left_edge < x < right_edge]
    while gutters:
        edges = [left_edge, *gutters, right_edge]
        bad = next(
            (
                n
                for n, (start, end) in enumerate(pairwise(edges))
                if not _is_prose(rows, start, end, page.width)
            ),
            None,
        )
        if bad is None:
            return tuple(gutters)
        # The poor column is joined with the neighbour that is poorer, or narrower.
        gutters.pop(min(bad, len(gutters) - 1) if bad == 0 else bad - 1)
    return ()


def _is_prose(rows: Sequence[Sequence[Box]], start: float, end: float, page_width: float) -> bool:
    """Whether there is running text between two places: its lines fill them."""
    within = [row for row in (_within(row, start, end) for row in rows) if row]
    widths = [box[2] - box[0] for row in within for box in row]
    if len(widths) < _COLUMN_LINES or end - start < 0.15 * page_width:
        return False
    if statistics.median(widths) >= _FILLED * (end - start):
        return True
    return len(within) >= _COLUMN_LINES and _is_spaced_out(within, start, end)


def _is_spaced_out(rows: Sequence[Sequence[Box]], start: float, end: float) -> bool:
    """Whether rows of several cells are lines of running text whose words stand far apart, as they
    do in narrow justified columns: the white space runs down nowhere, as it does in tables."""
    extents = [(row[0][0], row[0][1], row[-1][2], row[-1][3]) for row in rows]
    widths = [right - left for left, _, right, _ in extents]
    if statistics.median(widths) < _SPACED * (end - start):
        return False
    places = range(int(start), int(end), _STEP)
    reached = _crossings(extents, places)
    filled = _crossings([box for row in rows for box in row], places)
    shares = [f / r for f, r in zip(filled, reached, strict=True) if r >= _COLUMN_LINES]
    return min(shares, default=0.0) >= _COVERED


def _bands(lines: list[Line], gutters: Sequence[float], page: PdfPage) -> Iterator[Region]:
    """What reaches across a gutter divides the page; between, column after column is read."""
    parts = [part for line in lines for part in _split(line, gutters)]
    covers = _covers(parts, page.rules, gutters)
    across: list[Line] = []
    rest: list[Line] = []
    for part in parts:
        (across if _is_covered(part, covers) else rest).append(part)
    _take_last_lines(across, rest)
    across = sorted_rows(across)
    edges = [0.0, *gutters, page.width]
    above = float("-inf")
    pending: list[Line] = []
    for line in [*across, None]:
        below = line.top if line is not None else float("inf")
        band = [one for one in rest if above <= (one.top + one.bottom) / 2 < below]
        if band and pending:
            yield Region(pending, (0.0, 0.0, page.width, page.height))
            pending = []
        for left, right in pairwise(edges):
            column = [one for one in band if left <= (one.left + one.right) / 2 < right]
            if column:
                yield Region(sorted_rows(column), (left, 0.0, right, page.height))
        if line is not None:
            pending.append(line)
        above = below
    if pending:
        yield Region(pending, (0.0, 0.0, page.width, page.height))


def _covers(
    parts: Sequence[Line], rules: Sequence[Rule], gutters: Sequence[float]
) -> list[tuple[float, float]]:
    """From where to where something reaches across the gutters: lines do, or the ruling lines of a
    table, whose rows need not."""
    found = [
        (part.top, part.bottom, _TABLE_GAP * part.size if len(part.cells) > 1 else 0.0)
        for part in parts
        if any(_crosses(cell.box, g) for cell in part.cells for g in gutters)
    ]
    found += [
        (rule.box[1], rule.box[1], _RULED_GAP)
        for rule in rules
        if rule.horizontal and any(_crosses(rule.box, g) for g in gutters)
    ]
    covers: list[tuple[float, float, float]] = []
    for top, bottom, reach in sorted(found):
        if covers and top - covers[-1][1] <= min(reach, covers[-1][2]):
            start, end, _ = covers[-1]
            covers[-1] = (start, max(end, bottom), reach)
        else:
            covers.append((top, bottom, reach))
    return [(top, bottom) for top, bottom, _ in covers]


def _is_covered(line: Line, covers: Sequence[tuple[float, float]]) -> bool:
    middle = (line.top + line.bottom) / 2
    return any(top <= middle <= bottom for top, bottom in covers)


def _take_last_lines(across: list[Line], rest: list[Line]) -> None:
    """Move to what reaches across the page also the last line of it, which may be short: it
    stands alone below."""
    for above in list(across):
        below = [
            line
            for line in rest
            if 0 <= line.top - above.bottom < _NEXT_LINE * above.size
            and abs(line.size - above.size) < SAME_SIZE
            and abs(line.left - above.left) < _INDENTED * above.size
        ]
        for line in below[:1]:
            beside = [one for one in rest if one.top < line.bottom and one.bottom > line.top]
            if len(beside) == 1:
                rest.remove(line)
                across.append(line)


def _crosses(box: Box, gutter: float) -> bool:
    return box[0] < gutter - _ACROSS and box[2] > gutter + _ACROSS


def _split(line: Line, gutters: Sequence[float]) -> list[Line]:
    """The lines that pdfium took for one across the gutters, or the line itself."""
    if len(line.cells) == 1 or not any(_crosses(line.box, g) for g in gutters):
        return [line]
    if any(_crosses(cell.box, g) for cell in line.cells for g in gutters):
        return [line]
    groups: dict[int, list[Cell]] = {}
    for cell in line.cells:
        middle = (cell.box[0] + cell.box[2]) / 2
        groups.setdefault(sum(g < middle for g in gutters), []).append(cell)
    last = max(groups)
    return [of_cells(line, cells, hyphen=line.hyphen and n == last) for n, cells in groups.items()]


def of_cells(line: Line, cells: Sequence[Cell], *, hyphen: bool) -> Line:
    """The part of a line that some of its cells are."""
    text = " ".join(cell.text for cell in cells)
    box = union([cell.box for cell in cells])
    return line._replace(text=text, box=box, hyphen=hyphen, cells=tuple(cells))


def _in_drawn_order(lines: list[Line]) -> list[Line]:
    """The order in which the lines were drawn, unless it jumps about.

    Programs draw what they lay out in order, also a box beside the text, which geometry alone
    would mix.
    """
    rows = _rows(lines)
    jumps = sum(after.bottom < before.top for before, after in pairwise(rows))
    if jumps > max(1, _SCRAMBLED * len(rows)):
        return sorted_rows(lines)
    return rows


def _stacks(column: list[Line]) -> Iterator[list[Line]]:
    """The lines between jumps up the page: columns that the drawing order alone tells apart, which
    have edges of their own; and short columns whose lines stand at equal heights."""
    start = 0
    for at, (before, line) in enumerate(pairwise(column), start=1):
        # Beside the wrapped text of a cell, the next cell of its row begins higher.
        if line.bottom < before.top - _CELL_LINES * line.size:
            yield from _unmixed(column[start:at])
            start = at
    if column[start:]:
        yield from _unmixed(column[start:])


def _unmixed(stack: list[Line]) -> Iterator[list[Line]]:
    done = 0
    for start, end in _runs_of_pairs(stack):
        if start < done:
            continue
        halves = _side_by_side(stack[start:end])
        if halves is None:
            continue
        if stack[done:start]:
            yield stack[done:start]
        done = _take_along(halves, stack, end)
        yield from halves
    if stack[done:]:
        yield stack[done:]


def _runs_of_pairs(stack: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """Stretches of rows with two cells each."""
    start = 0
    while start < len(stack):
        end = start
        while end < len(stack) and len(stack[end].cells) == 2:
            end += 1
        if end - start >= _TABLE_ROWS:
            yield start, end
        start = max(end, start + 1)


def _side_by_side(rows: Sequence[Line]) -> tuple[list[Line], list[Line]] | None:
    """The two columns of running text that rows of two cells are; None when they are a table.

    Each cell is then filled, and the sentence goes on in the cell below; the cells of a table end
    with what they say. Lower-case entries of equal length look alike, but have no punctuation.
    """
    halves = (
        [of_cells(row, [row.cells[0]], hyphen=False) for row in rows],
        [of_cells(row, [row.cells[1]], hyphen=row.hyphen) for row in rows],
    )
    on = [_share_running_on(half) for half in halves]
    goes_on = min(on) >= _RUNS_ON / 2 and sum(on) / 2 >= _RUNS_ON
    is_prose = goes_on and all(_is_filled(half) and _has_sentences(half) for half in halves)
    return halves if is_prose else None


def _share_running_on(lines: Sequence[Line]) -> float:
    pairs = list(pairwise(lines))
    return sum(runs_on(before, after) for before, after in pairs) / max(1, len(pairs))


def runs_on(line: Line, after: Line) -> bool:
    """Whether a sentence or a word visibly goes on in the next line."""
    if line.hyphen or line.text.endswith("-"):
        return True
    return not ends_sentence(line.text) and after.text[0].islower()


def rivers(rows: Sequence[Line]) -> int:
    """Through how many places white space runs down all rows."""
    common: list[tuple[float, float]] = [(float("-inf"), float("inf"))]
    for row in rows:
        white = [(one.box[2], other.box[0]) for one, other in pairwise(row.cells)]
        common = [
            (max(left, start), min(right, end))
            for left, right in common
            for start, end in white
            if min(right, end) - max(left, start) > _RIVER * row.size
        ]
    return len(common)


def _is_filled(lines: Sequence[Line]) -> bool:
    """Whether most lines (the last may be short) are as wide as there is room, and of words."""
    widths = [line.right - line.left for line in lines]
    filled = sum(width >= _WIDEST * max(widths) for width in widths[:-1])
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
            halves[side or 0].append(of_cells(line, [cell], hyphen=hyphen))
        at += 1
    return at


def _is_below(cell: Cell, box: Box) -> bool:
    return box[0] - 2 <= cell.box[0] and cell.box[2] <= box[2] + 2


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
    left, top, right, bottom = one.box
    x1, y1, x2, y2 = other.box
    if y1 >= bottom or top >= y2:  # most are above or below: there are very many pairs
        return False
    overlap = min(bottom, y2) - max(top, y1)
    disjoint = right <= x1 + 0.5 or x2 <= left + 0.5
    height = min(bottom - top, y2 - y1)
    return overlap > _SAME_ROW * height and disjoint and abs(one.size - other.size) < SAME_SIZE


def _beside(one: Line, other: Line) -> Line:
    cells = sorted((*one.cells, *other.cells), key=lambda cell: cell.box[0])
    touching: list[Cell] = [cells[0]]
    for cell in cells[1:]:
        before = touching[-1]
        space = cell.box[0] - before.box[2]
        if space < max(GAP_IN_SIZES * one.size, SMALLEST_GAP):
            glue = " " if space > 0.12 * one.size else ""
            touching[-1] = one_cell(before, cell, glue)
        else:
            touching.append(cell)
    return one._replace(
        text=" ".join(cell.text for cell in touching),
        box=union([one.box, other.box]),
        hyphen=(one if one.right > other.right else other).hyphen,
        cells=tuple(touching),
        told=one.told or other.told,
    )


def sorted_rows(lines: Iterable[Line]) -> list[Line]:
    """The rows of a column from top to bottom, by geometry alone."""
    waiting = sorted(lines, key=lambda line: (line.top + line.bottom, line.left))
    rows: list[Line] = []
    for line in waiting:
        at = next((n for n in range(len(rows) - 1, max(-1, len(rows) - 6), -1)
                   if _same_row(rows[n], line)), None)  # fmt: skip
        if at is None:
            rows.append(line)
        else:
            rows[at] = _beside(rows[at], line)
    return sorted(rows, key=lambda line: (line.top + line.bottom, line.left))
