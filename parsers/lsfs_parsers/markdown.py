"""Markdown: blocks with the line numbers of the source, inline marks left as they are."""

from __future__ import annotations

import re
from collections.abc import Callable

from lsfs.model import BlockKind, Document
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Grid, Piece
from lsfs_parsers.dates import day
from lsfs_parsers.encoding import decode
from lsfs_parsers.text import MAX_BYTES, lines_of

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
_DELIMITER_ROW = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_FIELD = re.compile(r"([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*)$")
_MAX_FRONT_MATTER = 200  # lines; a rule at the very top is not the start of front matter


class MarkdownParser:
    """Reads CommonMark's blocks and GitHub's tables."""

    name = "markdown"
    version = 1
    media_types = ("text/markdown",)

    def parse(self, source: Source) -> Document:
        """The document in ``source``.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version)
        decoded = decode(source.read(min(source.size, MAX_BYTES)))
        if decoded.warning:
            builder.warn(decoded.warning)
        lines = lines_of(decoded.text)
        fields, start = _front_matter(lines)
        _Blocks(builder, lines, start).read()
        return builder.build(_facts(fields))


def _front_matter(lines: list[str]) -> tuple[dict[str, str], int]:
    """The fields between ``---`` lines at the top, and the index of the first line below."""
    if lines[0].rstrip() != "---":
        return {}, 0
    fields: dict[str, str] = {}
    for index, line in enumerate(lines[1:_MAX_FRONT_MATTER], start=1):
        if line.rstrip() in ("---", "..."):
            return (fields, index + 1) if fields or index == 1 else ({}, 0)
        if match := _FIELD.match(line):
            fields[match[1].lower()] = match[2].strip().strip("\"'")
    return {}, 0


def _facts(fields: dict[str, str]) -> Facts:
    author = fields.get("author") or fields.get("authors", "")
    return Facts(
        title=fields.get("title", ""),
        author=author.strip("[]").replace('"', ""),
        language=fields.get("lang") or fields.get("language", ""),
        created=day(fields.get("date") or fields.get("created", "")),
    )


class _Blocks:
    """One pass over the lines; each method takes the lines of one block."""

    def __init__(self, builder: Builder, lines: list[str], start: int) -> None:
        self._builder = builder
        self._lines = lines
        self._at = start

    def read(self) -> None:
        takers: tuple[Callable[[str], bool], ...] = (
            self._blank, self._fence, self._heading, self._rule, self._table, self._item,
            self._indented,
        )  # fmt: skip
        while self._at < len(self._lines) and not self._builder.full:
            line = self._lines[self._at]
            if not any(take(line) for take in takers):
                self._paragraph()

    def _piece(self, text: str | None = None) -> Piece:
        """The current line, and on to the next one."""
        line = self._lines[self._at] if text is None else text
        self._at += 1
        return Piece(line.rstrip(), self._at)

    def _blank(self, line: str) -> bool:
        if line.strip():
            return False
        self._at += 1
        return True

    def _rule(self, line: str) -> bool:
        if not _RULE.match(line):
            return False
        self._at += 1
        return True

    def _heading(self, line: str) -> bool:
        match = _ATX.match(line)
        if match is None:
            return False
        self._builder.add(BlockKind.HEADING, [self._piece(match[2] or "")], level=len(match[1]))
        return True

    def _fence(self, line: str) -> bool:
        opening = _FENCE.match(line)
        if opening is None or (opening[1][0] == "`" and "`" in opening[2]):
            return False
        self._at += 1
        pieces = []
        while self._at < len(self._lines):
            closing = _FENCE.match(self._lines[self._at])
            if closing and closing[1].startswith(opening[1]) and not closing[2].strip():
                self._at += 1
                break
            pieces.append(self._piece())
        self._builder.add(BlockKind.CODE, pieces)
        return True

    def _indented(self, line: str) -> bool:
        if not line.startswith(("    ", "\t")):
            return False
        pieces = []
        while self._at < len(self._lines) and self._lines[self._at].startswith(("    ", "\t")):
            pieces.append(self._piece())
        self._builder.add(BlockKind.CODE, pieces)
        return True

    def _table(self, line: str) -> bool:
        following = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        if "|" not in line or "|" not in following or not _DELIMITER_ROW.match(following):
            return False
        rows, numbers = [_cells(line)], [self._at + 1]
        self._at += 2
        while self._at < len(self._lines) and "|" in self._lines[self._at]:
            rows.append(_cells(self._lines[self._at]))
            self._at += 1
            numbers.append(self._at)
        self._builder.add_table(rows, lines=numbers, grid=Grid(1))
        return True

    def _item(self, line: str) -> bool:
        if not _ITEM.match(line):
            return False
        pieces = [self._piece(line.strip())]
        while self._continues(list_item=True):
            pieces.append(self._piece())
        self._builder.add(BlockKind.LIST_ITEM, pieces)
        return True

    def _paragraph(self) -> None:
        pieces = [self._piece()]
        while self._continues():
            pieces.append(self._piece())
        underline = _SETEXT.match(self._lines[self._at]) if self._at < len(self._lines) else None
        if underline is None:
            self._builder.add(BlockKind.PARAGRAPH, pieces)
            return
        self._at += 1
        self._builder.add(BlockKind.HEADING, pieces, level=1 if underline[1][0] == "=" else 2)

    def _continues(self, *, list_item: bool = False) -> bool:
        """Whether the current line belongs to the paragraph or item above it."""
        if self._at >= len(self._lines):
            return False
        line = self._lines[self._at]
        if not line.strip() or _ATX.match(line) or _FENCE.match(line) or _ITEM.match(line):
            return False
        if list_item:
            return not _RULE.match(line)
        return not (_SETEXT.match(line) or _RULE.match(line))


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.replace("\\|", "|").strip() for cell in _CELL_BORDER.split(inner)]
