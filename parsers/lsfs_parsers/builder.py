"""Puts a parser's blocks together into a document whose offsets hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from lsfs.model import (
    Block,
    BlockKind,
    Document,
    Furniture,
    Merged,
    Page,
    Span,
    Status,
    Table,
)
from lsfs_parsers.base import MAX_CELLS, Source

BETWEEN_BLOCKS = "\n\n"
BETWEEN_CELLS = " | "

_MAX_TITLE = 300  # characters; a longer "title" is a paragraph in big letters
_HEADINGS_IN_A_PART = 100  # characters of the headings above a block, which all blocks below repeat

# What no reader of the text can use and SQLite or a terminal may choke on. One character stands for
# one, so that a parser's own offsets survive the cleaning.
_UNPRINTABLE = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}
_CONTROL = bytes(_UNPRINTABLE)  # of one byte a character
_MOST_MARKS = 30
_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]{64,}")  # shorter ones hold no pile that costs anything
_UNPRINTABLE |= dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")


class Piece(NamedTuple):
    """A run of a block's text that comes from one place in the file.

    Attributes:
        glue: what stands between this piece and the next one of the same block.
        page: number of its page; the page that was begun last when None.
        line: line, row or paragraph number from 1.
        bbox: left, top, right, bottom in points from the top left of the page.
    """

    text: str
    line: int | None = None
    glue: str = "\n"
    page: int | None = None
    bbox: tuple[float, float, float, float] | None = None


class Grid(Struct, frozen=True):
    """What is known of a table beside its cells' texts; see :class:`lsfs.model.Table`."""

    header_rows: int = 0
    row_pages: Sequence[int] = ()
    boxes: Sequence[Sequence[tuple[float, float, float, float] | None]] = ()
    merged: Sequence[Merged] = ()
    first_column: int = 0


class Facts(Struct, frozen=True):
    """What a file says about itself; empty where it says nothing."""

    title: str = ""
    author: str = ""
    language: str = ""
    created: date | None = None

    def or_else(self, other: Facts) -> Facts:
        """These facts, and of ``other`` those that are missing."""
        return Facts(
            self.title or other.title,
            self.author or other.author,
            self.language or other.language,
            self.created or other.created,
        )


def clean(text: str) -> str:
    """``text`` in NFC, without control characters (but tab and newline) and lone surrogates."""
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        if not text.isprintable():
            text = text.translate(_UNPRINTABLE)
        return unicodedata.normalize("NFC", _FOREIGN_RUN.sub(_without_piles, text))
    # The first 256 characters are in NFC, and looked through as bytes a fifth of the time.
    return text if len(raw.translate(None, _CONTROL)) == len(raw) else text.translate(_UNPRINTABLE)


def _without_piles(match: re.Match[str]) -> str:
    """A run of characters with at most ``_MOST_MARKS`` marks on each.

    Putting marks in order takes the square of their number (UAX #15, D4 has the same limit).
    """
    kept, marks = [], 0
    for character in match[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def one_line(text: str) -> str:
    """``text`` cleaned, each run of white space made one space."""
    return " ".join(clean(text).split())


class Builder:
    """Collects blocks in reading order and keeps count of offsets, pages and headings.

    Args:
        source: the file being read.
        parser: name of the parser.
        version: version of the parser.
        line_unit: what ``Piece.line`` counts.
        page_unit: what ``Piece.page`` counts.
        heading_is_title: a document without a title of its own takes its first heading for one.
    """

    def __init__(
        self,
        source: Source,
        parser: str,
        version: int,
        *,
        line_unit: str = "line",
        page_unit: str = "page",
        heading_is_title: bool = True,
    ) -> None:
        self._source = source
        self._parser = parser
        self._version = version
        self._line_unit = line_unit
        self._page_unit = page_unit
        self._heading_is_title = heading_is_title
        self._length = 0
        self._parts = 0
        self._cells = 0
        self._limit = ""  # what there was too much of
        self._blocks: list[Block] = []
        self._tables: list[Table] = []
        self._pages: list[tuple[Page, int]] = []  # without its range; blocks before it
        self._furniture: list[Furniture] = []
        self._headings: list[tuple[int, str]] = []
        self._above: tuple[str, ...] = ()  # names that no heading in the text says
        self._warnings: list[str] = []
        self.full = False  # nothing more is taken; a parser may stop

    @property
    def count(self) -> int:
        """Blocks taken so far."""
        return len(self._blocks)

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings that the next block stands below, highest first."""
        if not self._headings:
            return self._above
        return (*self._above, *(heading for _, heading in self._headings))

    @contextmanager
    def under(self, *names: str) -> Iterator[None]:
        """Blocks that are added meanwhile stand below ``names``, and below no other headings.

        Their own headings end with it.
        """
        before = self._above, self._headings
        self._above = (*self._above, *(one_line(name)[:_MAX_TITLE] for name in names))
        self._headings = []
        try:
            yield
        finally:
            self._above, self._headings = before

    @property
    def pages(self) -> int:
        """Pages begun so far; the number of the last one."""
        return len(self._pages)

    def leave_headings(self) -> None:
        """What follows stands under none of the headings so far: a slide without a title."""
        self._headings.clear()

    def page(
        self,
        label: str = "",
        *,
        source: str = "text",
        size: tuple[float, float] = (0.0, 0.0),
        rotation: int = 0,
    ) -> int:
        """Begin the next page and return its number, from 1.

        Args:
            size: width and height in points.
        """
        self._count(1)
        number = len(self._pages) + 1
        name = one_line(label) or str(number)
        page = Page(number, name, 0, 0, source, *size, rotation=rotation)
        self._pages.append((page, len(self._blocks)))
        return number

    def beside(self, furniture: Furniture) -> None:
        """Keep what stands on a page and is not of the text; nothing when it is blank."""
        text = one_line(furniture.text)
        if text and self._count(1):
            self._furniture.append(replace(furniture, text=text))

    def warn(self, text: str) -> None:
        """Note something that a reader of the document should know; each text once."""
        if text not in self._warnings:
            self._warnings.append(text)

    def add(
        self,
        kind: BlockKind,
        pieces: Iterable[Piece],
        *,
        level: int = 0,
        confidence: float | None = None,
        headings: tuple[str, ...] | None = None,
    ) -> bool:
        """Append a block; one without any visible character is left out.

        Args:
            confidence: of text read from a picture, from 0 to 1.
            headings: what names its place where that is not the headings above it, as the
                functions around a stretch of code.

        Returns:
            Whether a block was appended.
        """
        return not self.full and self._add_whole(kind, pieces, level, confidence, headings)

    def _add_whole(
        self,
        kind: BlockKind,
        pieces: Iterable[Piece],
        level: int,
        confidence: float | None,
        headings: tuple[str, ...] | None,
    ) -> bool:
        placed = _trimmed(kind, [(clean(piece.text), piece) for piece in pieces])
        if not placed:
            return False
        parts = [text + piece.glue for text, piece in placed[:-1]] + [placed[-1][0]]
        whole = "".join(parts)
        if len(parts) > 1 and not unicodedata.is_normalized("NFC", whole):
            # Glued without a space, two pieces can compose into one character; then the border
            # between them is gone too, and the block is one run.
            parts, placed = [unicodedata.normalize("NFC", whole)], placed[:1]
        spans = self._spans(parts, [piece for _, piece in placed])
        above = self.headings if headings is None else headings
        length = sum(map(len, above))
        if not spans or not self._count(1 + len(spans) + length // _HEADINGS_IN_A_PART):
            return False
        self._append(kind, parts, spans, level, confidence, headings)
        return True

    def add_text(
        self, kind: BlockKind, text: str, *, line: int | None = None, level: int = 0
    ) -> bool:
        """Append a block that comes from one place."""
        return self.add(kind, [Piece(text, line)], level=level)

    def add_table(
        self,
        rows: Sequence[Sequence[str]],
        *,
        pieces: Sequence[Piece] | None = None,
        lines: Sequence[int | None] | None = None,
        grid: Grid | None = None,
        confidence: float | None = None,
    ) -> bool:
        """Append a table, whose text has a line for each row.

        The n-th table of the document belongs to its n-th block of kind ``table``.

        Args:
            rows: the cells.
            pieces: the text of each row where it is not simply its cells.
            lines: line, row or paragraph number of each row.
            grid: what else is known of it.
        """
        if self.full:
            return False
        grid = grid or Grid()
        kept = self._room_for(rows)
        if kept < len(rows):
            rows, grid = rows[:kept], _first_rows(grid, kept)
            pieces = None if pieces is None else pieces[:kept]
            lines = None if lines is None else lines[:kept]
        cells = [tuple(one_line(cell) for cell in row) for row in rows]
        if pieces is None:
            at = lines or [None] * len(cells)
            pieces = [
                Piece(BETWEEN_CELLS.join(row), line)
                for row, line in zip(cells, at, strict=True)
                if any(row)
            ]
        if not self._add_whole(BlockKind.TABLE, pieces, 0, confidence, None):
            return False
        pages = {span.page for span in self._blocks[-1].spans if span.page is not None}
        numbers = [line for line in lines or () if line is not None]
        self._tables.append(
            Table(
                tuple(cells),
                tuple(sorted(pages)),
                grid.header_rows,
                tuple(grid.row_pages),
                tuple(numbers) if len(numbers) == len(cells) else (),
                tuple(tuple(row) for row in grid.boxes),
                tuple(grid.merged),
                grid.first_column,
            )
        )
        return True

    def build(
        self, facts: Facts | None = None, *, status: Status = Status.OK, reason: str = ""
    ) -> Document:
        """The document.

        Args:
            status, reason: how the reading ended; worsened here when text is missing.
        """
        facts = facts or Facts()
        if self.full and status is Status.OK:
            status = Status.PARTIAL
            reason = f"only the first {self._limit} were kept"
        if not self._blocks and status in (Status.OK, Status.PARTIAL):
            status = Status.TOO_LARGE if self.full else Status.EMPTY
            reason = reason or "there is no text in it"
        return Document(
            media_type=self._source.media_type,
            parser=self._parser,
            parser_version=self._version,
            status=status,
            reason=one_line(reason),
            text=BETWEEN_BLOCKS.join(block.text for block in self._blocks),
            title=one_line(facts.title)[:_MAX_TITLE] or self._first_heading(),
            author=one_line(facts.author)[:_MAX_TITLE],
            language=one_line(facts.language)[:20],
            created=facts.created,
            line_unit=self._line_unit,
            page_unit=self._page_unit,
            pages=self._page_values(),
            blocks=tuple(self._blocks),
            tables=tuple(self._tables),
            furniture=tuple(self._furniture),
            warnings=tuple(clean(text) for text in self._warnings),
        )

    def _append(
        self,
        kind: BlockKind,
        parts: list[str],
        spans: list[Span],
        level: int,
        confidence: float | None,
        headings: tuple[str, ...] | None,
    ) -> None:
        start, end = spans[0].char_start, spans[-1].char_end
        text = "".join(parts)[: end - start]
        if kind is BlockKind.HEADING:
            level = max(1, level)
            while self._headings and self._headings[-1][0] >= level:
                self._headings.pop()
        above = self.headings if headings is None else headings
        self._blocks.append(Block(kind, text, start, end, level, above, tuple(spans), confidence))
        self._length = end
        if kind is BlockKind.HEADING:
            self._headings.append((level, one_line(text)[:_MAX_TITLE]))

    def _spans(self, parts: list[str], pieces: list[Piece]) -> list[Span]:
        """Where each part comes to stand, as far as there is room."""
        at = self._length + (len(BETWEEN_BLOCKS) if self._blocks else 0)
        here = len(self._pages) or None
        spans = []
        for part, piece in zip(parts, pieces, strict=True):
            end = min(at + len(part), self._source.max_chars)
            if end > at:
                spans.append(Span(at, end, piece.page or here, piece.line, piece.bbox))
            if end < at + len(part):
                self._stop(f"{self._source.max_chars:,} characters")
                break
            at = end
        return spans

    def _count(self, parts: int) -> bool:
        """Whether there is room for so many parts more."""
        self._parts += parts
        if self._parts > self._source.max_parts:
            self._stop(f"{self._source.max_parts:,} blocks and lines")
            return False
        return True

    def _room_for(self, rows: Sequence[Sequence[str]]) -> int:
        """How many of ``rows`` there is room for."""
        for number, row in enumerate(rows):
            self._cells += len(row)
            if self._cells > MAX_CELLS:
                self._stop(f"{MAX_CELLS:,} table cells")
                return number
        return len(rows)

    def _stop(self, limit: str) -> None:
        self._limit = self._limit or limit
        self.full = True

    def _first_heading(self) -> str:
        if not self._heading_is_title:
            return ""
        for kind in (BlockKind.TITLE, BlockKind.HEADING):
            found = next((block.text for block in self._blocks if block.kind is kind), "")
            if found:
                return one_line(found)[:_MAX_TITLE]
        return ""

    def _page_values(self) -> tuple[Page, ...]:
        """The pages, which tile the text: each ends where the next one starts."""
        if not self._pages:
            return ()
        starts = [
            self._blocks[before].char_start if before < len(self._blocks) else self._length
            for _, before in self._pages
        ]
        starts[0] = 0
        ends = [*starts[1:], self._length]
        return tuple(
            replace(page, char_start=start, char_end=end)
            for (page, _), start, end in zip(self._pages, starts, ends, strict=True)
        )


def _first_rows(grid: Grid, count: int) -> Grid:
    """What is known of the first rows of a table."""
    return replace(
        grid,
        row_pages=grid.row_pages[:count],
        boxes=grid.boxes[:count],
        merged=[cell for cell in grid.merged if cell.row < count],
    )


def _trimmed(kind: BlockKind, placed: list[tuple[str, Piece]]) -> list[tuple[str, Piece]]:
    """Without blank pieces and white space at both ends; code keeps its first indentation."""
    first, last = 0, len(placed)
    while first < last and not placed[first][0].strip():
        first += 1
    while first < last and not placed[last - 1][0].strip():
        last -= 1
    placed = placed[first:last]
    if not placed:
        return []
    placed[-1] = (placed[-1][0].rstrip(), placed[-1][1])
    if kind is not BlockKind.CODE:
        placed[0] = (placed[0][0].lstrip(), placed[0][1])
    return placed


def broken_promise(document: Document) -> str:
    """The first promise of the model that ``document`` breaks, in words; "" when it keeps all.

    Blocks stand in order and are joined by two newlines; a block's text is what its offsets cut
    out; its spans cover it without gap or overlap; pages are in order and tile the text.
    """
    at = 0
    for number, block in enumerate(document.blocks):
        start = at + (len(BETWEEN_BLOCKS) if number else 0)
        if block.char_start != start or document.text[at:start] != BETWEEN_BLOCKS[: start - at]:
            return f"block {number} does not start two newlines after the one before it"
        at = block.char_end
        if document.text[start:at] != block.text or len(block.text) != at - start:
            return f"the text of block {number} is not what its offsets cut out"
        for span in block.spans:
            if span.char_start != start or span.char_end <= start:
                return f"the spans of block {number} leave a gap or overlap"
            start = span.char_end
        if block.spans and start != at:
            return f"the spans of block {number} do not reach its end"
    if at != len(document.text):
        return "the text goes on behind the last block"
    edges = [0, *(page.char_end for page in document.pages)]
    for page, edge in zip(document.pages, edges, strict=False):
        if page.char_start != edge or page.char_end < edge:
            return f"page {page.no} does not start where the one before it ends"
    if document.pages and edges[-1] != at:
        return "the text goes on behind the last page"
    return ""
