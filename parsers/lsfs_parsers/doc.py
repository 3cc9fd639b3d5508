"""Word documents of 97 to 2003, and the text of those of Word 6 and 95.

No library that may be used here and is kept reads them; the format is published ([MS-DOC]).
Headings and lists are told by Word's own numbers of styles, which do not depend on its language.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from lsfs.errors import ParseError
from lsfs.model import BlockKind, Document
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Grid, Piece
from lsfs_parsers.ole import compound_facts, streams
from lsfs_parsers.rtf_tables import Cell, Row, table_of
from lsfs_parsers.versions import VERSIONS
from lsfs_parsers.word_binary import Note, Properties, WordFile

_MARK = re.compile("[\r\x07\x0c\x13\x14\x15]")
_CHARACTERS = {0x0B: "\n", 0x0E: "\n", 0x1E: "-", 0xA0: "\xa0", 0xF0B7: "\u2022"} | dict.fromkeys(
    (*range(0x01, 0x07), 0x08, 0x1F)  # references, pictures, hyphens where a word may be divided
)
_TITLE, _CAPTION = 62, 34  # numbers of Word's own styles
_LISTS = range(47, 62)
_HEADINGS = range(1, 10)
_ROW_MARK = "\x07"
_FIRST_BELOW, _BELOW = 0x60, 0x20  # vertical merging, in the first word of a cell
_BESIDE = 0x01


class DocParser:
    """Reads binary Word documents."""

    name = "doc"
    version = VERSIONS["doc"]
    media_types = (detect.DOC,)

    def parse(self, source: Source) -> Document:
        """The document in ``source``; spans count its paragraphs, a table's row being one.

        Raises:
            Encrypted: it needs a password.
            UnsupportedFormat: it is older than Word 6.
            ParseError: it is damaged.
        """
        found = streams(source, "WordDocument", "0Table", "1Table", "Data")
        if not found["WordDocument"]:
            raise ParseError("the document is damaged: its main part is missing")
        file = WordFile(found["WordDocument"], (found["0Table"], found["1Table"]), found["Data"])
        builder = Builder(source, self.name, self.version, line_unit="paragraph")
        _Reading(file, builder).read()
        return builder.build(compound_facts(source))


class _Reading:
    """The reading of one document."""

    def __init__(self, file: WordFile, builder: Builder) -> None:
        self._file = file
        self._builder = builder
        self._number = 0
        self._notes = iter(file.notes)
        self._note = next(self._notes, None)
        self._cell: list[str] = []
        self._cells: list[str] = []
        self._rows: list[Row] = []

    def read(self) -> None:
        """Put the body and what stands apart from it into the builder."""
        end = 0
        for text, end in self._paragraphs(*self._file.body):
            if self._builder.full:
                return
            self._paragraph(text, end)
        self._end_table(end)
        self._add_notes(self._file.body[1])
        for text, _ in self._paragraphs(*self._file.boxes):
            self._add(BlockKind.PARAGRAPH, text)

    def _paragraphs(self, start: int, end: int) -> Iterator[tuple[str, int]]:
        """The text of each paragraph as it is shown, and the place of its mark.

        Of a field, what it gives is shown and what it asks for is not; fields stand in each other.
        """
        whole, parts = self._file.text, []
        asking: list[bool] = []
        for match in _MARK.finditer(whole, start, end):
            if not any(asking):
                parts.append(self._shown(start, match.start()))
            start = match.end()
            mark = match[0]
            if mark == "\x13":
                asking.append(True)
            elif mark == "\x14" and asking:
                asking[-1] = False
            elif mark == "\x15" and asking:
                asking.pop()
            elif mark not in "\x14\x15" and not any(asking):
                yield "".join(parts), match.start()
                parts = []
        parts.append(self._shown(start, end))
        if any(part.strip() for part in parts):
            yield "".join(parts), end - 1

    def _shown(self, start: int, end: int) -> str:
        hidden = self._file.hidden
        at = bisect_right(hidden, start, key=lambda one: one[1])
        kept = []
        while at < len(hidden) and hidden[at][0] < end:
            kept.append(self._file.text[start : max(start, hidden[at][0])])
            start = max(start, hidden[at][1])
            at += 1
        kept.append(self._file.text[start:end] if start < end else "")
        text = "".join(kept).translate(_CHARACTERS)
        if any("\ud800" <= letter <= "\udfff" for letter in text):  # pairs, half by half
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text

    def _paragraph(self, text: str, end: int) -> None:
        properties = self._file.properties(end)
        if properties.depth:
            if properties.depth == 1 and properties.ends_row:
                self._end_row(properties)
            else:
                self._cell.append(text)
                if properties.depth == 1 and self._file.text[end] == _ROW_MARK:
                    self._end_cell()
            return
        self._end_table(end)
        kind, level = self._kind(properties)
        self._add(kind, text, level)
        self._add_notes(end)

    def _kind(self, properties: Properties) -> tuple[BlockKind, int]:
        built_in, outline, listed = self._file.style_of(properties.style)
        outline = outline if properties.outline is None else properties.outline
        if built_in in _HEADINGS:
            return BlockKind.HEADING, built_in
        if built_in in (_TITLE, _CAPTION):
            return (BlockKind.TITLE if built_in == _TITLE else BlockKind.CAPTION), 0
        if outline is not None and outline < 9:
            return BlockKind.HEADING, outline + 1
        listed = listed if properties.listed is None else properties.listed
        return (BlockKind.LIST_ITEM if listed or built_in in _LISTS else BlockKind.PARAGRAPH), 0

    def _add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        if text.strip():
            self._number += 1
            self._builder.add(
                kind, [Piece(line, self._number) for line in text.split("\n")], level=level
            )

    def _add_notes(self, end: int) -> None:
        """Append the notes that the text refers to before a place."""
        while self._note is not None and self._note.at <= end:
            self._add_note(self._note)
            self._note = next(self._notes, None)

    def _add_note(self, note: Note) -> None:
        paragraphs = [text.strip() for text, _ in self._paragraphs(note.start, note.end)]
        text = "\n".join(part for part in paragraphs if part)
        if text:
            text = f"Comment: {text}" if note.kind == "comment" else text
            lines = [Piece(line, self._number or 1) for line in text.split("\n")]
            self._builder.add(BlockKind.FOOTNOTE, lines)

    # --- tables

    def _end_cell(self) -> None:
        self._cells.append("\n".join(part.strip() for part in self._cell if part.strip()))
        self._cell = []

    def _end_row(self, properties: Properties) -> None:
        if any(part.strip() for part in self._cell):
            self._end_cell()
        edges, words = properties.shape
        row = Row(is_header=properties.is_header)
        for right, word in zip(edges[1:], words, strict=False):
            row.next = Cell(
                covered_left=word & 0x3 == _BESIDE,
                covered_above=word & _FIRST_BELOW == _BELOW,
                begins_merge=word & _FIRST_BELOW == _FIRST_BELOW,
            )
            row.define(right)
        if self._cells:
            self._rows.append(row.filled(self._cells))
        self._cells, self._cell = [], []

    def _end_table(self, end: int) -> None:
        if self._cell or self._cells:
            self._end_row(Properties())
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        table = table_of(rows)
        lines = list(range(self._number + 1, self._number + 1 + len(rows)))
        self._number += len(rows)
        grid = Grid(table.header_rows, merged=table.merged)
        self._builder.add_table(table.rows, lines=lines, grid=grid)
        self._add_notes(end - 1)
