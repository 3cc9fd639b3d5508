"""Markdown: blocks with the line numbers of the source, inline marks left as they are."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsfs.model import BlockKind, Document
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Grid, Piece
from lsfs_parsers.front_matter import front_matter
from lsfs_parsers.html import read_html
from lsfs_parsers.text import built, lines_of, paragraphs_of, read_text
from lsfs_parsers.versions import VERSIONS

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_CHUNK = 64 * 1024  # characters after which a heading may begin a new reading
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_MAX_NESTING = 60  # of quotes and lists; what is deeper is kept as paragraphs


class MarkdownParser:
    """Reads CommonMark's blocks and GitHub's tables with markdown-it."""

    name = "markdown"
    version = VERSIONS["markdown"]
    media_types = ("text/markdown",)

    def parse(self, source: Source) -> Document:
        """The document in ``source``.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version)
        lines = lines_of(read_text(source, builder))
        head = front_matter(lines)
        builder.add(BlockKind.PARAGRAPH, head.pieces)
        deadline = time.monotonic() + source.seconds_left() / 2
        add_markdown(builder, [""] * head.lines + lines[head.lines :], deadline=deadline)
        return built(source, builder, head.facts)


def add_markdown(
    builder: Builder, lines: list[str], *, numbered: bool = True, deadline: float = math.inf
) -> None:
    """Append the blocks of a Markdown text.

    Args:
        numbered: whether the spans carry the numbers of the lines.
        deadline: ``time.monotonic()`` seconds after which the rest is kept as paragraphs.
    """
    reader = _reader()
    for first, chunk in _chunks(lines):
        if time.monotonic() > deadline:
            builder.warn("for want of time, the end was read as plain paragraphs")
            for pieces in paragraphs_of(lines[first:], first=first + 1):
                builder.add(BlockKind.PARAGRAPH, pieces)
            return
        tokens = reader.parse("\n".join(chunk))
        _Blocks(builder, chunk, first if numbered else None).read(tokens)
        if builder.full:
            return


def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")
    reader.core.ruler.enableOnly(["normalize", "block"])  # inline marks stay as they are
    return reader


def _chunks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The lines in stretches that begin with a heading, each with the index of its first line.

    What stands in a fence is never taken for a heading.
    """
    start = size = 0
    fence = ""
    for at, line in enumerate(lines):
        mark = line.lstrip(" >\t")[:3]
        if mark in ("```", "~~~") and (not fence or mark == fence):
            fence = "" if fence else mark
        if size > _CHUNK and not fence and line.startswith("#") and not lines[at - 1].strip():
            yield start, lines[start:at]
            start, size = at, 0
        size += len(line) + 1
    yield start, lines[start:]


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.replace("\\|", "|").strip() for cell in _CELL_BORDER.split(inner)]


class _Blocks:
    """Turns the tokens of some lines into blocks; each method takes the tokens of one.

    Args:
        above: lines above these; None when they have no numbers.
    """

    def __init__(self, builder: Builder, lines: list[str], above: int | None) -> None:
        self._builder = builder
        self._lines = lines
        self._above = above
        self._taken = 0  # lines that are in a block, or in none for a reason
        self._marker = ""  # of the item that begins
        self._items = 0  # that are open
        self._quotes = 0
        self._headings: list[int] = []
        self._rows: list[list[str]] | None = None
        self._row_lines: list[int | None] = []
        self._row = 0

    def read(self, tokens: list[Token]) -> None:
        for token in tokens:
            if self._builder.full:
                return
            self._token(token)
        self._between(len(self._lines))

    def _token(self, token: Token) -> None:
        first, end = token.map or (self._taken, self._taken)
        match token.type:
            case "list_item_open":
                self._items += 1
                self._marker = f"{token.info}{token.markup} "
            case "list_item_close":
                self._items -= 1
            case "blockquote_open" | "blockquote_close":
                self._quotes += 1 if token.nesting > 0 else -1
            case "heading_open":
                self._between(first)
                self._headings.append(int(token.tag[1]))
                self._taken = end
            case "heading_close":
                self._headings.pop()
            case "table_open":
                self._between(first)
                self._rows, self._row_lines = [], []
                self._taken = end
            case "tr_open" if self._rows is not None:
                self._rows.append([])
                self._row_lines.append(self._number(first))
                self._row = first
            case "tr_close" if self._rows is not None:
                # The standard drops the cells of a row that are more than the header's.
                self._rows[-1] += _cells(self._lines[self._row])[len(self._rows[-1]) :]
            case "table_close" if self._rows is not None:
                self._builder.add_table(self._rows, lines=self._row_lines, grid=Grid(1))
                self._rows = None
            case "inline":
                self._inline(token, first, end)
            case "fence" | "code_block":
                self._code(token, first, end)
            case "html_block":
                self._html(token, first, end)
            case "hr":
                self._between(first)
                self._taken = end

    def _inline(self, token: Token, first: int, end: int) -> None:
        if self._rows is not None:
            self._rows[-1].append(token.content)
            return
        if not self._headings:
            self._between(first)
        marker, self._marker = self._marker, ""
        pieces = self._pieces(f"{marker}{token.content}", first)
        if self._headings and not self._quotes and not self._items:
            self._builder.add(BlockKind.HEADING, pieces, level=self._headings[-1])
        else:
            kind = BlockKind.LIST_ITEM if self._items else BlockKind.PARAGRAPH
            self._builder.add(kind, pieces)
        self._taken = max(self._taken, end)

    def _code(self, token: Token, first: int, end: int) -> None:
        self._between(first)
        is_fence = token.type == "fence"
        pieces = self._pieces(token.content.removesuffix("\n"), first + is_fence)
        self._builder.add(BlockKind.CODE, pieces)
        self._taken = end

    def _html(self, token: Token, first: int, end: int) -> None:
        self._between(first)
        number = self._number(first)
        read_html(token.content, self._builder, lines=number is not None, first=number or 1)
        self._taken = end

    def _pieces(self, content: str, first: int) -> list[Piece]:
        return [
            Piece(line.rstrip(), self._number(at))
            for at, line in enumerate(content.split("\n"), start=first)
        ]

    def _number(self, at: int) -> int | None:
        return None if self._above is None else self._above + at + 1

    def _between(self, end: int) -> None:
        """Lines of which the reader made no block: link definitions, what is nested too deep."""
        run: list[Piece] = []
        for at in range(self._taken, end):
            line = self._lines[at].strip()
            if any(map(str.isalnum, line)):
                run.append(Piece(line, self._number(at)))
        self._builder.add(BlockKind.PARAGRAPH, run)
        self._taken = max(self._taken, end)
