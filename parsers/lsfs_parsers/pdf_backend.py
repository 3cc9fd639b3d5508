"""Reads the pages of a PDF by geometry: what stands where, and how that looks beside its
neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from lsfs.model import BlockKind, FurnitureRole
from lsfs_parsers.builder import BETWEEN_CELLS, Grid, Piece
from lsfs_parsers.pdf_asides import Stretch, boxes_of, parted, without_boxes
from lsfs_parsers.pdf_columns import Region, find_gutters, regions
from lsfs_parsers.pdf_edges import Habits, Paragraph
from lsfs_parsers.pdf_furniture import REACH, FurnitureFinder
from lsfs_parsers.pdf_line_numbers import without_line_numbers
from lsfs_parsers.pdf_lines import Box, Line, union
from lsfs_parsers.pdf_notes import notes_of, split_notes
from lsfs_parsers.pdf_outline import Outline
from lsfs_parsers.pdf_page import PdfPage
from lsfs_parsers.pdf_paragraphs import paragraphs_of
from lsfs_parsers.pdf_slides import boxes_of_slide, is_among_slides, paragraphs_of_box
from lsfs_parsers.pdf_style import Style, Survey
from lsfs_parsers.pdf_table_continued import Before
from lsfs_parsers.pdf_tables import FoundTable, find_tables
from lsfs_parsers.pdf_words import Words
from lsfs_parsers.stitch import join
from lsfs_parsers.window import Beside, ContextWindow, End, PageBlock, PageReading, Start

_AHEAD = 64  # pages read before the first is laid out: sizes and words mean something among many
_NARROW = 42.0  # of the size: a page of A5 with letters of 10 points
_SAME_GUTTER = 8.0  # points
_USUAL = 0.4  # share of the pages
_CUT = (End.OPEN, End.DIVIDED)


class GeometricBackend:
    """The default backend.

    Args:
        raw_pages: the pages with their lines, in order; taken as they are needed.
        outline: the headings that the file names.
    """

    def __init__(self, raw_pages: Iterator[PdfPage], outline: Outline | None = None) -> None:
        self._raw = raw_pages
        self._outline = outline or Outline()
        self._survey = Survey()
        self._style = Style(1.0, ())
        self._finder = FurnitureFinder()
        self._habits = Habits()
        self._gutters = _UsualGutters()
        self._notes_open = False
        self._open_table: Before | None = None  # which the last page ends with
        self.words = Words()

    def pages(self) -> Iterator[PdfPage]:
        """Each page once, without its furniture and with its gutters."""
        waiting: list[PdfPage] = []
        behind: list[PdfPage] = []
        more = True
        while more or waiting:
            while more and len(waiting) < _AHEAD:
                page = next(self._raw, None)
                if page is None:
                    more = False
                else:
                    page.lines, numbers = without_line_numbers(page.lines)
                    page.beside += numbers
                    self._survey.add(page.lines)
                    self.words.add(page.lines)
                    waiting.append(page)
            self._style = self._survey.style()
            count = len(waiting) - (REACH if more else 0)
            around = behind + waiting
            chosen = range(len(behind), len(behind) + count)
            self._finder.mark(around, chosen, self._style)
            for page in waiting[:count]:
                self._outline.tell(page, self._style)
            self._style = replace(self._style, ranks=self._outline.ranks())
            for page in waiting[:count]:
                page.gutters = find_gutters(page, self._style)
                self._gutters.add(page)
                yield page
            behind = (behind + waiting[:count])[-REACH:]
            waiting = waiting[count:]

    def read(self, window: ContextWindow[PdfPage]) -> PageReading:
        """The blocks of the window's page, those that columns divide made whole."""
        page = window.current
        if is_among_slides(window):
            return self._slide(page)
        columns: list[list[PageBlock]] = []
        flow: list[list[PageBlock]] = []  # those of the columns that are not in a box
        notes: list[PageBlock] = []
        expected = self._notes_open
        before: Box | None = None
        boxes = boxes_of(page.rules)
        has_columns = bool(page.gutters or self._gutters.usual())
        is_narrow = has_columns or page.width < _NARROW * self._style.body
        for region in regions(window, page.lines, self._gutters.usual()):
            text, note_lines = split_notes(
                region,
                page.rules,
                self._style,
                page.height,
                expected=expected,
                is_narrow=is_narrow,
            )
            # A column goes on in the next one, and not in what stands below it.
            here = union([line.box for line in region.lines])
            may_join = before is not None and not _is_under(here, before)
            before = here
            stretches = parted(text, boxes)
            around = [line for one in stretches if one.box is None for line in one.lines]
            column = Region(around, region.box)
            for number, stretch in enumerate(stretches):
                if stretch.box is not None:
                    columns.append(self._aside(stretch, page))
                    # Below a box goes on what it cuts, and not what only leads to it.
                    may_join = may_join and (number == 0 or _is_cut(flow))
                    continue
                above = _open_table(flow) if may_join else None if flow else self._open_table
                for found in self._stretches(stretch.lines, column, page, boxes, above):
                    flow.append(join(flow, found, self.joint) if may_join else found)
                    columns.append(flow[-1])
                    may_join = True
            below = [self._block(note, page) for note in notes_of(note_lines)]
            notes += join([notes], below, self.joint) if notes else below
        if notes or page.lines:
            self._notes_open = bool(notes) and notes[-1].end is not End.CLOSED
            self._open_table = _open_table(flow)
        return _reading(page, [block for column in columns for block in column] + notes)

    def _slide(self, page: PdfPage) -> PageReading:
        """The boxes of a slide; nothing goes on behind it."""
        self._notes_open, self._open_table = False, None
        blocks: list[PageBlock] = []
        for box in boxes_of_slide(page):
            if box.table is not None:
                blocks.append(replace(self._table(box.table, box.lines, page), end=End.CLOSED))
            else:
                blocks += [self._block(one, page) for one in paragraphs_of_box(box)]
        return _reading(page, blocks)

    def joint(self, before: PageBlock, after: PageBlock) -> Piece:
        """The last piece of a block as it is to stand before its continuation."""
        last = before.pieces[-1]
        divided = before.end is End.DIVIDED
        text, glue = self.words.joint(last.text, after.pieces[0].text, divided=divided)
        return last._replace(text=text, glue=glue)

    def _aside(self, stretch: Stretch, page: PdfPage) -> list[PageBlock]:
        """The blocks in a box; what is open there goes on in the box on the next page."""
        room = Region(stretch.lines, stretch.box or (0.0, 0.0, page.width, page.height))
        found = self._stretches(stretch.lines, room, page, [room.box])
        blocks = [block for blocks in found for block in blocks]
        return [replace(block, aside=not _is_open(block)) for block in blocks]

    def _stretches(
        self,
        lines: list[Line],
        region: Region,
        page: PdfPage,
        boxes: Sequence[Box],
        above: Before | None = None,
    ) -> Iterator[list[PageBlock]]:
        """The blocks between the tables of a column, and the tables, the first of which may go on
        from ``above``; the sides of boxes with text of their own are no rules of these."""
        rules = without_boxes(page.rules, boxes)
        tables = find_tables(lines, rules, region.box, self._style.body, above)
        done = 0
        for table in sorted(tables, key=lambda one: min(one.lines)):
            first = min(table.lines)
            before = [line for n, line in enumerate(lines[done:first], done) if not _in(n, tables)]
            if before:
                yield self._paragraphs(before, region, page)
            yield [self._table(table, lines, page)]
            done = max(done, first)
        after = lines
        if tables:
            after = [line for n, line in enumerate(lines[done:], done) if not _in(n, tables)]
        if after:
            yield self._paragraphs(after, region, page)

    def _paragraphs(self, lines: list[Line], region: Region, page: PdfPage) -> list[PageBlock]:
        found = paragraphs_of(lines, region, self._style, self._habits)
        return [self._block(paragraph, page) for paragraph in found]

    def _block(self, paragraph: Paragraph, page: PdfPage) -> PageBlock:
        lines = paragraph.lines
        pieces: list[Piece] = []
        for line, after in zip(lines, [*lines[1:], None], strict=True):
            text, glue = line.text, " "
            if after is not None:
                text, glue = self.words.joint(line.text, after.text, divided=line.hyphen)
            pieces += _pieces(line, text, glue, page)
        return PageBlock(
            paragraph.kind,
            tuple(pieces),
            paragraph.level,
            start=paragraph.start,
            end=paragraph.end,
            confidence=_confidence(lines),
        )

    def _table(self, table: FoundTable, lines: Sequence[Line], page: PdfPage) -> PageBlock:
        pieces = tuple(
            Piece(BETWEEN_CELLS.join(row), page=page.number, bbox=page.shown_box(box))
            for row, box in zip(table.rows, table.row_boxes, strict=True)
        )
        boxes = [[page.shown_box(box) for box in row] for row in table.cell_boxes]
        return PageBlock(
            BlockKind.TABLE,
            pieces,
            rows=table.rows,
            columns=table.columns,
            grid=Grid(table.header_rows, boxes=boxes, merged=table.merged),
            start=Start.RUNNING if table.starts_on_top else Start.CLOSED,
            end=End.OPEN if table.runs_off else End.CLOSED,
            confidence=_confidence([lines[n] for n in table.lines]),
        )


def _reading(page: PdfPage, blocks: list[PageBlock]) -> PageReading:
    return PageReading(
        page.label,
        blocks,
        [replace(one, box=page.shown_box(one.box)) for one in page.beside],
        page.source,
        page.shown.size,
        page.shown.degrees,
    )


class _UsualGutters:
    """The gutters that most pages have had so far."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._last: dict[tuple[int, ...], tuple[float, ...]] = {}
        self._pages = 0

    def add(self, page: PdfPage) -> None:
        """Count a page that has text."""
        if page.lines:
            key = tuple(round(g / _SAME_GUTTER) for g in page.gutters)
            self._pages += 1
            self._seen[key] += 1
            self._last[key] = page.gutters

    def usual(self) -> tuple[float, ...]:
        """Those of the greater part of the pages; () when they have none or differ."""
        for key, count in self._seen.most_common(1):
            if count > _USUAL * self._pages:
                return self._last[key]
        return ()


def _open_table(flow: Sequence[list[PageBlock]]) -> Before | None:
    """The table that columns end with and that may go on."""
    last = next((column[-1] for column in reversed(flow) if column), None)
    if last is None or last.kind is not BlockKind.TABLE or last.end is not End.OPEN:
        return None
    return Before(last.columns) if last.columns else None


def _is_open(block: PageBlock) -> bool:
    return block.start is Start.RUNNING or block.end in _CUT


def _is_cut(columns: Sequence[list[PageBlock]]) -> bool:
    """Whether the last block ends within a sentence, at the end of a full line."""
    last = next((column[-1] for column in reversed(columns) if column), None)
    return last is not None and last.end in _CUT


def _in(number: int, tables: Sequence[FoundTable]) -> bool:
    return any(number in table.lines for table in tables)


def _is_under(box: Box, other: Box) -> bool:
    """Whether a stretch of text stands below another one, in the same column."""
    return box[1] >= other[3] and box[0] < other[2] and other[0] < box[2]


def _pieces(line: Line, text: str, glue: str, page: PdfPage) -> Iterator[Piece]:
    """A line of a paragraph as it stands in the text: of a picture each word, where all are found
    again, else the line."""
    if not line.words:
        yield Piece(text, glue=glue, page=page.number, bbox=page.shown_box(line.box))
        return
    left, _, right, _ = line.box
    words = [word for word in line.words if left <= (word[1][0] + word[1][2]) / 2 <= right]
    starts, at = [], 0
    for word, _ in words:
        # A hyphen that divides the word is not in the text.
        found = text.find(word, at)
        found = text.find(word[:-1], at) if found < 0 else found
        if found < 0 or text[at:found].strip():
            break
        starts.append(found)
        at = min(found + len(word), len(text))
    if not words or len(starts) < len(words) or text[at:].strip():
        yield Piece(text, glue=glue, page=page.number, bbox=page.shown_box(line.box))
        return
    for (_, box), start, end in zip(words, starts, [*starts[1:], len(text)], strict=True):
        own = text[start:end]
        parted = own.rstrip()
        between = glue if end == len(text) else own[len(parted) :]
        yield Piece(parted, glue=between, page=page.number, bbox=page.shown_box(box))


def _confidence(lines: Sequence[Line]) -> float | None:
    known = [(line.confidence, len(line.text)) for line in lines if line.confidence is not None]
    total = sum(length for _, length in known)
    return sum(value * length for value, length in known) / total if total else None


def aslant(lines: Sequence[Line]) -> list[Beside]:
    """What runs up the side of a page, as furniture."""
    return [Beside(line.text, FurnitureRole.MARGIN, line.box) for line in lines]
