"""Where something stands in a document, as people write it: page, sheet and cells, slide, lines."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from lsfs.model import ATTACHED, Block, BlockKind, Document, Page, Span, Table

_LONGEST = 60  # characters of a name or heading

# What pages are called; other units are called what they are.
_PAGE_NAMES = {"page": "p."}
_GLUED = (":", "!")  # what stands right behind a path


def cited(path: str, where: str) -> str:
    """A path with a place in that file: ``a.pdf p.3``, ``notes.txt:12-15``, ``b.xlsx!Sheet1 B4``.

    Args:
        where: see :class:`Places`.
    """
    if not where:
        return path
    return f"{path}{where}" if where.startswith(_GLUED) else f"{path} {where}"


def plain(
    page: int | None, page_end: int | None = None, first: int | None = None, last: int | None = None
) -> str:
    """The place that is known by numbers alone, of pages and lines."""
    if page is not None:
        return f"p.{_range(page, page_end)}"
    return f":{_range(first, last)}" if first is not None else ""


class Places:
    """Says where ranges of a document's text stand.

    The forms are those that :func:`cited` shows: ``p.12-13``, ``p.4 (iv)`` where another number is
    printed on the page, ``attachment data.xml``, ``slide 7``, ``message 3``, ``cell 5``,
    ``chapter 2: The Storm``, ``!Sheet1 B4:F9``, ``:120-134`` for lines, ``row 7``, and for text
    with neither pages nor lines ``Terms > Notice, paragraph 14``.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._blocks = document.blocks
        self._spans = [span for block in self._blocks for span in block.spans]
        self._starts = [span.char_start for span in self._spans]
        self._pages = {page.no: page for page in document.pages}
        self._tables: list[tuple[Block, Table]] = []
        if document.page_unit == "sheet":
            blocks = [block for block in self._blocks if block.kind is BlockKind.TABLE]
            self._tables = list(zip(blocks, document.tables, strict=False))

    def where(self, start: int, end: int) -> str:
        """Where the text between two offsets stands; "" when nothing is known of it."""
        return self.of_spans(self.spans(start, end), start, end)

    def of_spans(self, spans: Sequence[Span], start: int, end: int) -> str:
        """The same, given the runs of text between the offsets."""
        pages = [span.page for span in spans if span.page is not None]
        lines = [span.line for span in spans if span.line is not None]
        if pages:
            return self._on_pages(min(pages), max(pages), start, end)
        unit = self._document.line_unit
        if lines and unit == "line":
            return f":{_range(min(lines), max(lines))}"
        named = f"{_plural(unit, lines)} {_range(min(lines), max(lines))}" if lines else ""
        heading = self._heading(start) if unit == "paragraph" else ""
        return ", ".join(part for part in (heading, named) if part)

    def spans(self, start: int, end: int) -> Sequence[Span]:
        """The runs of text between two offsets."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = bisect_left(self._starts, end)
        return [span for span in self._spans[first:last] if span.char_end > start]

    def _on_pages(self, first: int, last: int, start: int, end: int) -> str:
        unit = self._document.page_unit
        label = _label(self._pages.get(first))
        if unit == "sheet":
            cells = self._cells(first, start, end) if first == last else ""
            return " ".join(part for part in (f"!{label or first}", cells) if part)
        if unit == "chapter" and label and first == last:
            return f"chapter {first}: {label}"
        page = self._pages.get(first)
        if page is not None and page.source == ATTACHED:
            return f"attachment {label}"
        numbers = _range(first, last)
        shown = f" ({label})" if unit == "page" and label and first == last else ""
        if unit == "slide" and first == last and label.endswith("(hidden)"):
            shown = " (hidden)"
        return (
            f"{_PAGE_NAMES[unit]}{numbers}{shown}"
            if unit in _PAGE_NAMES
            else (f"{_plural(unit, (first, last))} {numbers}{shown}")
        )

    def _heading(self, start: int) -> str:
        at = bisect_right([block.char_start for block in self._blocks], start) - 1
        path = self._blocks[at].heading_path if at >= 0 else ()
        return " > ".join(_short(heading) for heading in path[-2:])

    def _cells(self, page: int, start: int, end: int) -> str:
        """The cells of a sheet in whose rows a range of text stands: ``B4:F9``."""
        for block, table in self._tables:
            if block.char_start >= end or block.char_end <= start or not table.row_lines:
                continue
            spans = self.spans(max(start, block.char_start), min(end, block.char_end))
            lines = [span.line for span in spans if span.line is not None and span.page == page]
            if lines:
                return _cell_range(table, min(lines), max(lines))
        return ""


def _cell_range(table: Table, first: int, last: int) -> str:
    at, to = bisect_left(table.row_lines, first), bisect_right(table.row_lines, last)
    filled = [n for row in table.rows[at:to] for n, cell in enumerate(row) if cell]
    left = table.first_column + min(filled, default=0)
    right = table.first_column + max(filled, default=0)
    corner, other = f"{column_name(left)}{first}", f"{column_name(right)}{last}"
    return corner if corner == other else f"{corner}:{other}"


def column_name(number: int) -> str:
    """What a sheet calls a column: 0 is A, 26 is AA."""
    name = ""
    number += 1
    while number > 0:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _range(first: int | None, last: int | None) -> str:
    return f"{first}-{last}" if last not in (None, first) else str(first)


def _plural(unit: str, numbers: Sequence[int]) -> str:
    return unit if min(numbers) == max(numbers) else f"{unit}s"


def _label(page: Page | None) -> str:
    return "" if page is None or page.label == str(page.no) else _short(page.label)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return (
        text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    )
