"""HTML: what a browser would show as text, in blocks."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lsfs.model import BlockKind, Document, Merged
from lsfs_parsers import html_parts
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Grid, Piece
from lsfs_parsers.dates import day
from lsfs_parsers.encoding import decode
from lsfs_parsers.text import MAX_BYTES
from lsfs_parsers.versions import VERSIONS

_DROPPED = frozenset({"script", "style", "template", "svg", "iframe", "object", "noframes"})
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_MAX_COLUMNS = 1_000  # of a table, and rows that a cell may cover
_MAX_PADDING = 100_000  # empty cells of all tables, for those that cover others
_BREAK = "\x0b"  # a <br> among collected text; a vertical tab in the source is white space
_PLAIN_BLOCKS = """
    p div section article main header footer nav aside address blockquote dl dt dd ul ol figure
    form fieldset body hr details summary table tbody thead tfoot center
"""
_BLOCKS = {
    **dict.fromkeys(_HEADINGS, BlockKind.HEADING),
    "li": BlockKind.LIST_ITEM,
    **dict.fromkeys(("pre", "textarea", "listing"), BlockKind.CODE),
    **dict.fromkeys(("caption", "figcaption"), BlockKind.CAPTION),
    **dict.fromkeys(_PLAIN_BLOCKS.split(), BlockKind.PARAGRAPH),
}
_CELLS = frozenset({"td", "th"})
_AUTHOR = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author")
_DATE = (
    "article:published_time", "date", "dc.date", "dcterms.created", "dcterms.date",
    "datepublished", "publication_date", "pubdate",
)  # fmt: skip
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)""", re.I)
_CHARSET_WITHIN = 4096
_ANY_TAG = re.compile(r"<[A-Za-z]")


class HtmlParser:
    """Reads HTML with lxml, and with the standard library where lxml gives up."""

    name = "html"
    version = VERSIONS["html"]
    media_types = ("text/html", "application/xhtml+xml")

    def parse(self, source: Source) -> Document:
        """The document in ``source``.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version)
        data = source.read(min(source.size, MAX_BYTES))
        found = _CHARSET.search(data[:_CHARSET_WITHIN])
        decoded = decode(data, declared=found[1].decode("ascii") if found else "")
        if decoded.warning:
            builder.warn(decoded.warning)
        return builder.build(read_html(decoded.text, builder))


def read_html(text: str, builder: Builder, *, lines: bool = True, first: int = 1) -> Facts:
    """Append the blocks of an HTML document to ``builder``.

    Args:
        lines: whether spans carry line numbers of ``text``.
        first: the number of its first line.

    Returns:
        What the document says about itself.
    """
    collector = _Collector(builder, with_lines=lines, first=first)
    root = _tree(text)
    if root is not None:
        _walk_tree(root, collector)
        collector.facts = html_parts.completed(collector.facts, root)
    else:
        _StandardLibraryWalk(collector).walk(text)
    collector.close()
    return collector.facts


def _tree(text: str) -> Any:
    """The tree that lxml makes of ``text``; None where it stopped before the end.

    libxml2 gives up at some hundred nested elements, and then returns an empty or a cut tree
    without raising. The standard library's parser is slower and has no depth.
    """
    from lxml import etree

    parser = etree.HTMLParser(
        encoding="utf-8", recover=True, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return None
    if any("xcessive depth" in entry.message for entry in parser.error_log):
        return None
    if root is None:  # white space, comments; or a version of lxml that gave up without a word
        return None if _ANY_TAG.search(text) else etree.Element("html")
    return root


def _walk_tree(root: Any, collector: _Collector) -> None:
    from lxml import etree

    left_out = html_parts.left_out(root)
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if not isinstance(tag, str):  # an entity or the like that the parser left in the tree
            continue
        if element in left_out:
            if event == "start":
                walk.skip_subtree()
            else:
                collector.data(element.tail or "")
            continue
        if event == "start":
            collector.start(tag, dict(element.items()), element.sourceline)
            collector.data(element.text or "")
        else:
            collector.end(tag)
            collector.data(element.tail or "")


class _StandardLibraryWalk(HTMLParser):
    """Drives a collector with html.parser."""

    def __init__(self, collector: _Collector) -> None:
        super().__init__(convert_charrefs=True)
        self._collector = collector

    def walk(self, text: str) -> None:
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._collector.start(tag, {key: value or "" for key, value in attrs}, self.getpos()[0])
        if tag in _VOID:
            self._collector.end(tag)

    def handle_endtag(self, tag: str) -> None:
        self._collector.end(tag)

    def handle_data(self, data: str) -> None:
        self._collector.data(data)


class _Cells(Struct):
    """A table that is being read.

    Attributes:
        span: rows and columns that the current cell covers.
        above: for how many rows below this one a column is covered by a cell that began higher; one
            that begins in this row counts too, and 0 is the last covered row.
        layout: it holds headings, lists or tables, so it arranges a page and is no table of data.
    """

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int | None] = field(default_factory=list)
    header_rows: int = 0
    cell: list[str] | None = None
    span: tuple[int, int] = (1, 1)
    merged: list[Merged] = field(default_factory=list)
    above: dict[int, int] = field(default_factory=dict)
    layout: bool = False

    def new_row(self, line: int | None) -> None:
        self.above = {column: left - 1 for column, left in self.above.items() if left > 0}
        self.rows.append([])
        self.lines.append(line)

    def known(self) -> Grid:
        """What is known of the table; a cell covers no more rows than there are."""
        merged = [replace(one, rows=min(one.rows, len(self.rows) - one.row)) for one in self.merged]
        return Grid(self.header_rows, merged=merged)

    def put(self, text: str) -> None:
        """Put a cell beside those that are there and those that reach down from above."""
        row = self.rows[-1]
        while self.above.get(len(row), -1) >= 0 and len(row) < _MAX_COLUMNS:
            row.append("")
        down, across = self.span
        across = min(across, max(1, _MAX_COLUMNS - len(row)))
        if down > 1 or across > 1:
            self.merged.append(Merged(len(self.rows) - 1, len(row), down, across))
        if down > 1:
            for column in range(len(row), len(row) + across):
                self.above[column] = down - 1
        row += [text] + [""] * (across - 1)


def _span(attributes: dict[str, str], name: str) -> int:
    value = attributes.get(name, "")
    return max(1, min(int(value), _MAX_COLUMNS)) if value.isdecimal() and len(value) < 6 else 1


class _Collector:
    """Turns start tags, text and end tags into blocks. Never recurses."""

    def __init__(self, builder: Builder, *, with_lines: bool, first: int = 1) -> None:
        self._builder = builder
        self._with_lines = with_lines
        self._above = first - 1
        self._line = first
        self._open: list[tuple[str, BlockKind]] = []
        self._open_count: Counter[str] = Counter()
        self._dropped = 0
        self._text: list[str] = []
        self._text_line = first
        self._grids: list[_Cells] = []
        self._padding = _MAX_PADDING
        self._title: list[str] | None = None
        self.facts = Facts()

    def start(self, tag: str, attributes: dict[str, str], line: int | None) -> None:
        """A start tag, at ``line`` of the source."""
        self._line = line + self._above if line else self._line
        if tag in _DROPPED:
            self._dropped += 1
        if self._dropped:
            return
        if tag == "title" and not self.facts.title:
            self._title = []
        elif tag in ("meta", "html"):
            self._note(tag, attributes)
        elif tag == "br":
            self.data("\n" if self._kind() is BlockKind.CODE else _BREAK)
        elif tag == "table":
            self._begin_table()
        elif self._in_table(tag):
            self._table_tag(tag, attributes)
        elif tag in _BLOCKS or tag in _CELLS or tag == "tr":
            self._begin_block(tag, _BLOCKS.get(tag, BlockKind.PARAGRAPH))

    def end(self, tag: str) -> None:
        """An end tag; one without a start is ignored."""
        if tag in _DROPPED:
            self._dropped = max(0, self._dropped - 1)
        if self._dropped:
            return
        if tag == "title" and self._title is not None:
            self.facts = replace(self.facts, title="".join(self._title))
            self._title = None
        elif tag == "table":
            self._end_table()
        elif self._in_table(tag) and tag in _CELLS:
            self._end_cell()
        elif self._open_count[tag]:
            self._end_block(tag)

    def data(self, text: str) -> None:
        """Text between tags."""
        if not text:
            return
        if self._dropped:
            self._line += text.count("\n")
            return
        if self._title is not None:
            self._title.append(text)
        elif self._grids and self._grids[-1].cell is not None:
            self._grids[-1].cell.append(text)
        else:
            if not "".join(self._text[-1:]).strip():
                blank = len(text) - len(text.lstrip())
                self._text_line = self._line + text.count("\n", 0, blank)
            self._text.append(text)
        self._line += text.count("\n")

    def close(self) -> None:
        """The end of the document: whatever is still open ends here."""
        while self._grids:
            self._end_table()
        self._flush()

    def _kind(self) -> BlockKind:
        return self._open[-1][1] if self._open else BlockKind.PARAGRAPH

    def _begin_block(self, tag: str, kind: BlockKind) -> None:
        self._flush()
        if kind is BlockKind.PARAGRAPH and self._kind() is not BlockKind.HEADING:
            kind = self._kind()  # a div in a list item is part of the item
        self._open.append((tag, kind))
        self._open_count[tag] += 1

    def _end_block(self, tag: str) -> None:
        self._flush()
        while self._open:
            opened, _ = self._open.pop()
            self._open_count[opened] -= 1
            if opened == tag:
                return

    def _flush(self) -> None:
        text, self._text = "".join(self._text), []
        if not text.strip():
            return
        kind = self._kind()
        level = 0
        if kind is BlockKind.HEADING:
            level = next((int(tag[1]) for tag, _ in reversed(self._open) if tag in _HEADINGS), 1)
        first = self._text_line if self._with_lines else None
        if kind is BlockKind.CODE:
            pieces = [
                Piece(line.rstrip(), first + number if first is not None else None)
                for number, line in enumerate(text.strip("\n").split("\n"))
            ]
        else:
            pieces = [Piece(" ".join(line.split()), first) for line in text.split(_BREAK)]
            pieces = [piece for piece in pieces if piece.text]
        self._builder.add(kind, pieces, level=level)

    def _note(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "html":
            self.facts = replace(self.facts, language=attributes.get("lang", ""))
            return
        names = (attributes.get(name) for name in ("name", "property", "itemprop"))
        key = next((name for name in names if name), "").lower()
        content = attributes.get("content", "")
        if key in _AUTHOR and not self.facts.author and "://" not in content:
            self.facts = replace(self.facts, author=content)
        if key in _DATE and self.facts.created is None:
            self.facts = replace(self.facts, created=day(content))

    def _in_table(self, tag: str) -> bool:
        """Whether ``tag`` stands in a table that is still taken for one of data."""
        return bool(self._grids) and not self._grids[-1].layout and tag != "caption"

    def _begin_table(self) -> None:
        if self._grids:
            self._make_layout(self._grids[-1])
        self._flush()
        self._grids.append(_Cells())

    def _table_tag(self, tag: str, attributes: dict[str, str]) -> None:
        grid = self._grids[-1]
        if tag == "tr":
            self._end_cell()
            grid.new_row(self._line if self._with_lines else None)
        elif tag in _CELLS:
            self._begin_cell(grid, tag)
            grid.span = _span(attributes, "rowspan"), _span(attributes, "colspan")
        elif tag in _HEADINGS or tag in ("li", "pre"):
            self._make_layout(grid)
            self._begin_block(tag, _BLOCKS[tag])
        elif grid.cell is not None and tag in _BLOCKS:
            grid.cell.append(" ")

    def _begin_cell(self, grid: _Cells, tag: str) -> None:
        self._end_cell()
        self._flush()
        if not grid.rows:
            grid.new_row(self._line if self._with_lines else None)
        if tag == "th" and len(grid.rows) == 1:
            grid.header_rows = 1
        grid.cell = []

    def _end_cell(self) -> None:
        grid = self._grids[-1]
        if grid.cell is not None:
            if self._padding <= 0:
                grid.span, grid.above = (1, 1), {}
            before = len(grid.rows[-1])
            grid.put(" ".join("".join(grid.cell).replace(_BREAK, " ").split()))
            self._padding -= len(grid.rows[-1]) - before - 1
            grid.cell = None

    def _make_layout(self, grid: _Cells) -> None:
        """Let the cells of ``grid`` flow as paragraphs, those read so far and those to come."""
        if grid.layout:
            return
        if grid.cell is not None:
            self._end_cell()
        self._flow(grid)
        grid.layout = True

    def _flow(self, grid: _Cells) -> None:
        for row, line in zip(grid.rows, grid.lines, strict=True):
            for cell in row:
                self._builder.add_text(BlockKind.PARAGRAPH, cell, line=line)
        grid.rows, grid.lines, grid.merged, grid.above = [], [], [], {}

    def _end_table(self) -> None:
        if not self._grids:
            return
        self._flush()
        if not self._grids[-1].layout:
            self._end_cell()
        grid = self._grids.pop()
        if len(grid.rows) > 1 and max(map(len, grid.rows)) > 1:
            self._builder.add_table(grid.rows, lines=grid.lines, grid=grid.known())
        else:
            self._flow(grid)
