"""The paragraphs, lists, tables and notes of an OpenDocument text or shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from lsfs.model import BlockKind, Merged
from lsfs_parsers.builder import BETWEEN_CELLS, Builder, Grid, Piece, one_line
from lsfs_parsers.slides import Box
from lsfs_parsers.xmltree import attribute, child, number, tag, within

MAX_COLUMNS = 256
MAX_REPEATED = 1_000  # a row or cell may say that it stands for millions
MAX_REPEATED_LETTERS = 1_000_000  # of one table, by all that is repeated in it

_MAX_STYLE_DEPTH = 20  # styles are based on each other; a loop must end
_WHITE = re.compile(r"[ \t\r\n]+")
_PARAGRAPHS = frozenset({"h", "p"})
# Containers whose paragraphs are the document's.
_TRANSPARENT = frozenset({
    "section", "index-body", "index-title", "numbered-paragraph", "table-of-content",
    "illustration-index", "table-index", "object-index", "user-index", "alphabetical-index",
    "bibliography", "frame", "text-box", "g", "a", "shape-group",
    "custom-shape", "rect", "ellipse", "circle", "line", "connector", "polygon", "polyline", "path",
    "regular-polygon", "measure", "caption",
})  # fmt: skip
_LISTS = frozenset({"list", "list-item", "list-header"})
# Within a paragraph: shown elsewhere, or no text at all.
_APART = frozenset({"note", "annotation", "frame", "custom-shape", "rect", "ellipse", "g", "line"})
_SKIPPED = frozenset({"ruby-text", "tracked-changes", "annotation-end", "event-listeners"})
_COLUMN_HEAD = "Table_20_Heading"
_KINDS = {
    "Title": BlockKind.TITLE, "Caption": BlockKind.CAPTION,
    "Preformatted_20_Text": BlockKind.CODE, "Preformatted": BlockKind.CODE,
}  # fmt: skip


class Style(Struct, frozen=True):
    """What a style says; see :class:`Styles`.

    Attributes:
        outline: the heading level, as written.
        breaks: a page begins before what has this style.
        hides: a slide of this style is not shown.
    """

    parent: str = ""
    outline: str = ""
    breaks: bool = False
    hides: bool = False


class Styles:
    """A document's styles, which inherit from each other."""

    def __init__(self, by_name: Mapping[str, Style]) -> None:
        self._by_name = by_name

    def kind(self, name: str) -> tuple[BlockKind, int]:
        """The role and heading level of paragraphs of a style."""
        for at in self._line(name):
            if at in _KINDS:
                return _KINDS[at], 0
            outline = self._by_name[at].outline if at in self._by_name else ""
            if outline.isdecimal() and int(outline) > 0:
                return BlockKind.HEADING, int(outline)
        return BlockKind.PARAGRAPH, 0

    def heads_column(self, name: str) -> bool:
        """Whether paragraphs of a style name the columns of a table."""
        return _COLUMN_HEAD in self._line(name)

    def breaks(self, name: str) -> bool:
        """Whether a page begins before what has this style; a master page is not inherited."""
        return name in self._by_name and self._by_name[name].breaks

    def hides(self, name: str) -> bool:
        """Whether a slide of this style is hidden."""
        return name in self._by_name and self._by_name[name].hides

    def _line(self, name: str) -> list[str]:
        """A style and those that it is based on."""
        line: list[str] = []
        while name and len(line) < _MAX_STYLE_DEPTH:
            line.append(name)
            name = self._by_name[name].parent if name in self._by_name else ""
        return line


class _Inline(Struct):
    """The text of a paragraph: a run for each page that it stands on; and what stands apart."""

    runs: list[list[str]] = field(default_factory=lambda: [[]])
    apart: list[Any] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(part for run in self.runs for part in run)


class Reading:
    """Appends a document's blocks to a builder.

    Attributes:
        box: place of the shape that is being read; None in a text.

    Args:
        part: the root element of an embedded object by its name, or None.
    """

    def __init__(self, builder: Builder, styles: Styles, part: Callable[[str], Any]) -> None:
        self._builder = builder
        self._styles = styles
        self._part = part
        self._number = 0
        self._paged = False
        self.box: Box | None = None

    def text(self, body: Any) -> None:
        """Append the body of a text."""
        self._paged = next(within(body, "soft-page-break"), None) is not None
        if self._paged:
            self._builder.page()
            self._builder.warn("pages end where the program that saved the document ended them")
        self.blocks(body, BlockKind.PARAGRAPH)

    def blocks(self, container: Any, kind: BlockKind) -> None:
        """Append what is in a container.

        Args:
            kind: of its plain paragraphs.
        """
        for node in container:
            name = tag(node)
            if self._builder.full:
                return
            if name in _PARAGRAPHS:
                self._paragraph(node, kind)
            elif name in _LISTS:
                self.blocks(node, BlockKind.LIST_ITEM)
            elif name == "table":
                self._table(node)
            elif name == "object":
                self._object(node)
            elif name == "soft-page-break":
                self._turn()
            elif name in _TRANSPARENT:
                self.blocks(node, kind)

    def heading(self, shape: Any) -> None:
        """Append all text of a shape as one heading."""
        lines = [one_line(self._inline(node).text) for node in within(shape, *_PARAGRAPHS)]
        pieces = [Piece(line, glue=" ", bbox=self.box) for line in lines if line]
        self._builder.add(BlockKind.HEADING, pieces, level=1)

    def notes(self, shape: Any) -> None:
        """Append what the speaker is to say on a slide."""
        self._marked("Notes: ", shape)

    def _turn(self) -> None:
        """A page ends here."""
        if self._paged:
            self._builder.page()

    def _paragraph(self, node: Any, kind: BlockKind) -> None:
        style = attribute(node, "style-name")
        if self._styles.breaks(style) and self._builder.count:
            self._turn()
        level = 0
        if tag(node) == "h":
            kind, level = BlockKind.HEADING, max(1, number(node, "outline-level", 1))
        elif kind is BlockKind.PARAGRAPH:
            kind, level = self._styles.kind(style)
        self._number += 1
        inline = self._inline(node)
        self._builder.add(kind, self._pieces(inline), level=level)
        for _ in inline.runs[1:]:
            self._turn()
        for apart in inline.apart:
            self._apart(apart)

    def _pieces(self, inline: _Inline) -> list[Piece]:
        page = self._builder.pages
        pieces = []
        for later, run in enumerate(inline.runs):
            lines = "".join(run).split("\n")
            glues = ["\n"] * (len(lines) - 1) + [""]
            at = page + later if self._paged else None
            pieces += [
                Piece(line, self._line(), glue, at, self.box)
                for line, glue in zip(lines, glues, strict=True)
                if line
            ]
        return pieces

    def _line(self) -> int | None:
        """The paragraph's number; a slide's are not counted."""
        return self._number if self.box is None else None

    def _inline(self, paragraph: Any) -> _Inline:
        from lxml import etree

        found = _Inline()
        walk = etree.iterwalk(paragraph, events=("start", "end"))
        for event, node in walk:
            if event == "end":
                if node is not paragraph:
                    found.runs[-1].append(_WHITE.sub(" ", node.tail or ""))
                continue
            name = tag(node)
            if name in _APART and not self._is_formula(node, found):
                found.apart.append(node)
            if name in _APART or name in _SKIPPED or not name:
                walk.skip_subtree()
            elif name == "soft-page-break" and self._paged:
                found.runs.append([])
            else:
                found.runs[-1].append(_characters(node))
        return found

    def _is_formula(self, frame: Any, found: _Inline) -> bool:
        """Take a formula for what it reads as, where it stands."""
        root = self._embedded(child(frame, "object"))
        if root is None or tag(root) != "math":
            return False
        tokens = [one_line(node.text or "") for node in within(root, "mi", "mn", "mo", "mtext")]
        found.runs[-1].append(" ".join(filter(None, tokens)))
        return True

    def _apart(self, node: Any) -> None:
        """A note, a comment, or a box of text that hangs on the paragraph before."""
        if tag(node) == "note":
            self._marked("", child(node, "note-body"))
        elif tag(node) == "annotation":
            self._marked("Comment: ", node)
        else:
            self.blocks([node], BlockKind.PARAGRAPH)

    def _marked(self, mark: str, container: Any) -> None:
        texts = [self._inline(node).text for node in within(container, *_PARAGRAPHS)]
        texts = [text.strip() for text in texts if text.strip()]
        if texts:
            lines = [line for text in texts for line in text.split("\n")]
            at = self._line()
            pieces = [Piece(line, at, bbox=self.box) for line in (mark + lines[0], *lines[1:])]
            self._builder.add(BlockKind.FOOTNOTE, pieces)

    def _object(self, node: Any) -> None:
        """The table behind a chart."""
        root = self._embedded(node)
        chart = next(within(root, "chart"), None)
        for inner in chart if chart is not None else ():
            if tag(inner) == "title":
                self._builder.add_text(BlockKind.CAPTION, " ".join(inner.itertext()))
            elif tag(inner) == "table":
                self._table(inner)

    def _embedded(self, node: Any) -> Any:
        if node is None:
            return None
        inner = next((one for one in node if tag(one) in ("math", "document")), None)
        return inner if inner is not None else self._part(attribute(node, "href").lstrip("./"))

    def _table(self, table: Any) -> None:
        if self._styles.breaks(attribute(table, "style-name")) and self._builder.count:
            self._turn()
        read = _Rows(self)
        read.rows_of(table)
        first = self._number + 1
        self._number += len(read.rows)
        page = self._builder.pages
        pages = [page + later for later in read.later] if self._paged else []
        placed = [
            Piece(
                BETWEEN_CELLS.join(map(one_line, row)),
                first + at if self.box is None else None,
                page=pages[at] if pages else None,
                bbox=self.box,
            )
            for at, row in enumerate(read.rows)
            if any(row)
        ]
        lines = list(range(first, first + len(read.rows))) if self.box is None else None
        grid = Grid(read.header_rows, pages, merged=read.merged)
        self._builder.add_table(read.rows, pieces=placed, lines=lines, grid=grid)
        for _ in range(read.turns):
            self._turn()
        for node in read.apart:
            self._apart(node)

    def is_head(self, row: Any) -> bool:
        """Whether all that is written in a row names columns."""
        written = [node for node in within(row, "p") if "".join(node.itertext()).strip()]
        heads = (self._styles.heads_column(attribute(node, "style-name")) for node in written)
        return bool(written) and all(heads)

    def cell(self, cell: Any, apart: list[Any]) -> str:
        """The text of a cell; what stands apart from it is added to ``apart``."""
        texts = []
        for node in within(cell, *_PARAGRAPHS):
            if _is_apart(node, cell):
                continue
            inline = self._inline(node)
            texts.append(inline.text)
            apart += inline.apart
        return "\n".join(texts)


class _Rows:
    """The rows of a table, and on which page after the first each of them stands."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._letters_left = MAX_REPEATED_LETTERS
        self.rows: list[list[str]] = []
        self.later: list[int] = []
        self.merged: list[Merged] = []
        self.apart: list[Any] = []
        self.header_rows = 0
        self.turns = 0

    def rows_of(self, container: Any) -> None:
        for node in container:
            name = tag(node)
            if name == "table-row":
                self._row(node)
            elif name == "soft-page-break":
                self.turns += 1
            elif name == "table-header-rows":
                before = len(self.rows)
                self.rows_of(node)
                if before == 0:
                    self.header_rows = len(self.rows)
            elif name in ("table-rows", "table-row-group"):
                self.rows_of(node)

    def _row(self, row: Any) -> None:
        if not self.rows and self._reading.is_head(row):
            self.header_rows = 1
        cells: list[str] = []
        for cell in row:
            name = tag(cell)
            if name not in ("table-cell", "covered-table-cell") or len(cells) >= MAX_COLUMNS:
                continue
            text = "" if name.startswith("covered") else self._reading.cell(cell, self.apart)
            width, height = number(cell, "number-columns-spanned", 1), self._height(cell)
            if width > 1 or height > 1:
                width = min(width, MAX_COLUMNS - len(cells))
                self.merged.append(Merged(len(self.rows), len(cells), height, max(1, width)))
            wanted = min(number(cell, "number-columns-repeated", 1), MAX_COLUMNS - len(cells))
            cells += [text] * self._times(wanted, len(text))
        wanted = min(number(row, "number-rows-repeated", 1), MAX_REPEATED) if any(cells) else 1
        for _ in range(self._times(wanted, sum(map(len, cells)) + len(cells))):
            self.rows.append(list(cells))
            self.later.append(self.turns)

    def _times(self, wanted: int, letters: int) -> int:
        """How often something may be repeated, so that a few bytes do not become millions."""
        times = max(1, min(wanted, self._letters_left // (letters + 1)))
        self._letters_left -= (times - 1) * (letters + 1)
        return times

    @staticmethod
    def _height(cell: Any) -> int:
        return min(max(1, number(cell, "number-rows-spanned", 1)), MAX_REPEATED)


def _characters(node: Any) -> str:
    """What an element stands for within a paragraph, with the text before its first child."""
    name = tag(node)
    if name == "s":
        return " " * min(max(1, number(node, "c", 1)), 100)
    if name == "tab":
        return "\t"
    text = _WHITE.sub(" ", node.text or "")
    return f"\n{text}" if name == "line-break" else text


def _is_apart(node: Any, cell: Any) -> bool:
    """Whether a paragraph of a cell stands in a note or box, which its paragraph will bring."""
    above = node.getparent()
    while above is not None and above is not cell:
        if tag(above) in _APART:
            return True
        above = above.getparent()
    return False
