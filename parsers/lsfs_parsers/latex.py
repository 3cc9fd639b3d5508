"""LaTeX: what the document says, in blocks with the lines of the source, mathematics as written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum, auto

from msgspec import Struct, field

from lsfs.model import BlockKind, Document
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import BETWEEN_CELLS, Builder, Facts, Grid, Piece, one_line
from lsfs_parsers.dates import day
from lsfs_parsers.latex_commands import (
    ACCENTS,
    AS_WRITTEN,
    KEYS,
    LIGATURES,
    LISTS,
    REFERENCES,
    SILENT,
    SYMBOLS,
    TABLE_ARGUMENTS,
    TABLES,
)
from lsfs_parsers.latex_tokens import Kind, Token, tokens
from lsfs_parsers.packing import Lines
from lsfs_parsers.text import add_lines, built, lines_of, read_text
from lsfs_parsers.versions import VERSIONS

_MAX_CHARS = 8 * 1024 * 1024  # more is kept as lines: a token costs more than its text
_MAX_SINKS = 50  # captions in footnotes in captions; deeper ones are read as plain text

_SECTIONS = (
    "part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph",
)  # fmt: skip
_USED_SECTION = re.compile(rf"\\({'|'.join(_SECTIONS)})\*?\s*[\[{{]")


class LatexParser:
    """Reads LaTeX documents and the parts that they are made of. Runs no macros."""

    name = "latex"
    version = VERSIONS["latex"]
    media_types = (detect.LATEX,)

    def parse(self, source: Source) -> Document:
        """The document in ``source``, from ``begin{document}`` on where it has one.

        Commands are taken away from what they are applied to; files that it takes in are named and
        not read.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version)
        text = "\n".join(lines_of(read_text(source, builder)))
        if len(text) > _MAX_CHARS:
            builder.warn("it is very long: it was read as lines")
            add_lines(builder, text.split("\n"), BlockKind.PARAGRAPH)
            return built(source, builder)
        reader = _Reader(builder, text)
        reader.read()
        return built(source, builder, reader.facts())


class _Role(Enum):
    """What the text that is being collected will be."""

    FLOW = auto()
    TITLE = auto()
    AUTHOR = auto()
    DATE = auto()
    HEADING = auto()
    CAPTION = auto()
    FOOTNOTE = auto()
    TABLE = auto()


class _Sink(Struct):
    """Where text goes: the flow of paragraphs, or what stands in some command's braces.

    Attributes:
        until: index of the token that ends it; -1 for what an environment or the file ends.
        runs: its text, line by line of the source.
        rows, row_lines: of a table, those that are complete; the last row is being filled.
        row_pieces: of each row, its text as it stands on lines of the source.
    """

    role: _Role
    until: int = -1
    level: int = 0
    runs: list[tuple[int, str]] = field(default_factory=list)
    environment: str = ""
    rows: list[list[str]] = field(default_factory=list)
    row_lines: list[int] = field(default_factory=list)
    row_pieces: list[list[Piece]] = field(default_factory=list)

    def add(self, text: str, line: int) -> None:
        if self.runs and self.runs[-1][0] == line:
            self.runs[-1] = (line, self.runs[-1][1] + text)
        else:
            self.runs.append((line, text))

    def take(self) -> list[Piece]:
        """The text so far, which is collected anew from here on."""
        pieces = [Piece(" ".join(text.split()), line) for line, text in self.runs]
        self.runs = []
        return [piece for piece in pieces if piece.text]


def _divide(pieces: list[Piece]) -> None:
    """Put the mark between two cells behind what a row has so far."""
    if not pieces:
        pieces.append(Piece("", glue=""))
    last = pieces[-1]
    pieces[-1] = last._replace(glue=f"{last.glue.removesuffix(' ')}{BETWEEN_CELLS}")


def _row_end(pieces: list[Piece]) -> list[Piece]:
    last = pieces[-1]
    return [*pieces[:-1], last._replace(glue=f"{last.glue.rstrip()}\n")]


class _Reader:
    """One pass over the tokens. Never recurses."""

    def __init__(self, builder: Builder, text: str) -> None:
        self._builder = builder
        self._text = text
        self._lines = Lines(text)
        self._tokens: Sequence[Token] = tokens(text)
        used = set(_USED_SECTION.findall(text))
        self._levels = {
            name: 1 + sum(above in used for above in _SECTIONS[:rank])
            for rank, name in enumerate(_SECTIONS)
        }
        self._at = 0
        self._sinks = [_Sink(_Role.FLOW)]
        self._environments: list[str] = []
        self._open: Counter[str] = Counter()  # of each environment
        self._in_item = False
        self._accent = ""
        self._notes: list[list[Piece]] = []
        self._facts: dict[_Role, str] = {}
        self._in_preamble = any(
            token.kind is Kind.BEGIN and token.value == "document" for token in self._tokens
        )

    def facts(self) -> Facts:
        """What the document says about itself."""
        title, author = self._facts.get(_Role.TITLE, ""), self._facts.get(_Role.AUTHOR, "")
        return Facts(title, author, "", day(self._facts.get(_Role.DATE, "")))

    def read(self) -> None:
        while self._at < len(self._tokens) and not self._builder.full:
            token = self._tokens[self._at]
            self._at += 1
            self._close_at(self._at - 1)
            self._token(token)
        while len(self._sinks) > 1:
            self._close()
        self._flush()

    def _token(self, token: Token) -> None:
        kind = token.kind
        if kind is Kind.COMMAND:
            self._command(token)
        elif kind is Kind.BEGIN:
            self._begin(token)
        elif kind is Kind.END:
            self._end(token)
        elif self._in_preamble and len(self._sinks) == 1:
            return
        elif kind is Kind.TEXT:
            self._plain(token)
        elif kind is Kind.PARAGRAPH:
            self._paragraph(token)
        elif kind is Kind.MATH:
            self._add(token.value, token.at)
        elif kind in (Kind.DISPLAY, Kind.CODE):
            self._own_lines(token)
        elif kind is Kind.CELL and self._sinks[-1].role is _Role.TABLE:
            self._cell()
        elif kind in (Kind.CELL, Kind.BRACKET):
            self._add(token.value, token.at)

    # --- text

    def _plain(self, token: Token) -> None:
        text = token.value
        for mark, sign in LIGATURES:
            text = text.replace(mark, sign)
        if self._accent and text.strip():
            text = text.lstrip()
            text = text[0] + self._accent + text[1:]
            self._accent = ""
        self._add(text, token.at)

    def _add(self, text: str, at: int) -> None:
        line = self._lines.line(at)
        for number, part in enumerate(text.split("\n")):
            if part or number:
                self._sinks[-1].add(part, line + number)

    def _paragraph(self, token: Token) -> None:
        # As in TeX, an empty line ends a heading that was not closed.
        while self._sinks[-1].role is _Role.HEADING:
            self._close()
        if len(self._sinks) == 1:
            self._flush()
        else:
            self._add(" ", token.at)

    def _flush(self) -> None:
        """End the paragraph; its footnotes follow it."""
        kind = BlockKind.LIST_ITEM if self._in_item else BlockKind.PARAGRAPH
        self._builder.add(kind, self._sinks[0].take())
        for note in self._notes:
            self._builder.add(BlockKind.FOOTNOTE, note)
        self._notes = []

    def _own_lines(self, token: Token) -> None:
        """Code or mathematics that stands on lines of its own."""
        if len(self._sinks) > 1:
            self._add(token.value, token.at)
            return
        self._flush()
        first = self._lines.line(token.at)
        kind = BlockKind.CODE if token.kind is Kind.CODE else BlockKind.PARAGRAPH
        lines = token.value.split("\n")
        pieces = [Piece(line.rstrip(), first + n) for n, line in enumerate(lines)]
        if kind is BlockKind.PARAGRAPH:
            pieces = [Piece(piece.text.strip(), piece.line) for piece in pieces]
            pieces = [piece for piece in pieces if piece.text]
        self._builder.add(kind, pieces)

    # --- commands

    def _command(self, token: Token) -> None:
        name = token.value.rstrip("*") or "*"
        role = {"title": _Role.TITLE, "author": _Role.AUTHOR, "date": _Role.DATE}.get(name)
        if role is not None:
            self._collect(role)
        elif self._in_preamble and len(self._sinks) == 1:
            self._skip_groups(SILENT.get(name, 0))
        elif name in self._levels:
            self._break()
            self._collect(_Role.HEADING, self._levels[name])
        elif name in ("caption", "captionof"):
            self._skip_groups(name == "captionof")
            self._collect(_Role.CAPTION)
        elif name in ("footnote", "footnotetext", "thanks"):
            self._collect(_Role.FOOTNOTE)
        elif name in ("item", "bibitem"):
            self._item(name, token)
        elif token.value in ("\\", "tabularnewline", "cr"):
            self._line_break(token)
        elif name == "par":
            self._paragraph(token)
        else:
            self._inline(name, token)

    def _inline(self, name: str, token: Token) -> None:
        """A command within a line of text."""
        if name in ACCENTS and (not name.isalpha() or self._is_group(self._at)):
            self._accent = ACCENTS[name]
        elif name in SYMBOLS:
            self._plain(Token(Kind.TEXT, SYMBOLS[name], token.at))
        elif name in KEYS or name in REFERENCES:
            self._skip_optional()
            keys = self._source_of_group()
            self._add(f"[{keys}]" if name in KEYS else keys, token.at)
        elif name in AS_WRITTEN:
            self._skip_optional()
            self._add(f"\\{name}{{{self._source_of_group()}}}", token.at)
        elif name in ("def", "gdef", "edef", "let"):
            while self._at < len(self._tokens) and self._tokens[self._at].kind is Kind.COMMAND:
                self._at += 1
            self._skip_groups(1)
        else:
            # Of any other command, what it is applied to is text.
            self._skip_groups(SILENT.get(name, 0))
            self._skip_optional()

    def _item(self, name: str, token: Token) -> None:
        self._break()
        self._in_item = True
        label = self._skip_optional()
        if name == "bibitem":
            label = f"[{self._source_of_group()}]"
        if label:
            self._add(f"{label} ", token.at)

    def _line_break(self, token: Token) -> None:
        sink = self._sinks[-1]
        self._skip_optional()
        if sink.role is _Role.TABLE:
            self._row(self._lines.line(token.at))
        else:
            self._add(" ", token.at)

    def _break(self) -> None:
        """End whatever is being collected but tables, and the paragraph."""
        while len(self._sinks) > 1 and self._sinks[-1].role is not _Role.TABLE:
            self._close()
        if len(self._sinks) == 1:
            self._flush()

    # --- groups and arguments

    def _is_group(self, at: int) -> bool:
        return at < len(self._tokens) and self._tokens[at].kind is Kind.OPEN

    def _skip_space(self) -> None:
        while self._at < len(self._tokens) and self._tokens[self._at].value.isspace():
            self._at += 1

    def _skip_groups(self, count: int) -> None:
        """Skip groups, and the options before and between them."""
        for _ in range(count):
            self._skip_optional()
            if not self._is_group(self._at):
                return
            match = self._tokens[self._at].match
            self._at = match + 1 if match >= 0 else self._at + 1

    def _skip_optional(self) -> str:
        """Skip an argument in brackets; its source."""
        start = self._at
        while start < len(self._tokens) and self._tokens[start].value.isspace():
            start += 1
        if start >= len(self._tokens) or self._tokens[start].value != "[":
            return ""
        at = start + 1
        limit = min(len(self._tokens), start + 200)
        while at < limit and self._tokens[at].kind is not Kind.PARAGRAPH:
            token = self._tokens[at]
            if token.value == "]":
                self._at = at + 1
                return one_line(self._text[self._tokens[start].at + 1 : token.at])
            if token.value == "[":
                break
            at = token.match + 1 if token.match >= 0 else at + 1
        return ""

    def _source_of_group(self) -> str:
        """The source of the group that follows, which is skipped."""
        self._skip_space()
        if not self._is_group(self._at):
            return ""
        first = self._tokens[self._at]
        if first.match < 0:
            return ""
        last = self._tokens[first.match]
        self._at = first.match + 1
        return one_line(self._text[first.at + 1 : last.at])

    def _collect(self, role: _Role, level: int = 0) -> None:
        """Collect the group that follows apart from the flow."""
        self._skip_optional()
        self._skip_space()
        if not self._is_group(self._at) or len(self._sinks) > _MAX_SINKS:
            return
        until = self._tokens[self._at].match
        self._at += 1
        self._sinks.append(_Sink(role, until if until >= 0 else len(self._tokens), level))

    def _close_at(self, index: int) -> None:
        while len(self._sinks) > 1 and 0 <= self._sinks[-1].until <= index:
            self._close()

    def _close(self) -> None:
        """The innermost sink is full."""
        sink = self._sinks.pop()
        if sink.role is _Role.TABLE:
            self._close_table(sink)
            return
        pieces = sink.take()
        text = one_line(" ".join(piece.text for piece in pieces))
        if sink.role in (_Role.TITLE, _Role.AUTHOR, _Role.DATE):
            self._facts.setdefault(sink.role, text)
            if sink.role is _Role.TITLE:
                self._builder.add(BlockKind.TITLE, pieces)
        elif sink.role is _Role.FOOTNOTE:
            self._notes.append(pieces)
        elif sink.role is _Role.HEADING:
            self._builder.add(BlockKind.HEADING, pieces, level=sink.level)
        elif sink.role is _Role.CAPTION:
            self._builder.add(BlockKind.CAPTION, pieces)

    # --- environments

    def _begin(self, token: Token) -> None:
        name = token.value
        if name == "document":
            self._in_preamble = False
        if self._in_preamble:
            return
        self._environments.append(name)
        plain = name.rstrip("*")
        self._open[name] += 1
        self._open["any list"] += plain in LISTS
        if plain in TABLES:
            self._begin_table(name)
            return
        if self._sinks[-1].role is _Role.TABLE:
            return
        self._break()
        if plain in LISTS or plain == "thebibliography":
            self._in_item = False
            self._skip_groups(plain == "thebibliography")
        elif plain == "abstract":
            line = self._lines.line(token.at)
            self._builder.add_text(BlockKind.HEADING, "Abstract", line=line, level=1)
        elif plain in ("figure", "table", "wrapfigure", "minipage", "multicols"):
            self._skip_optional()
            self._skip_groups(plain in ("minipage", "multicols"))

    def _end(self, token: Token) -> None:
        name = token.value
        if not self._open[name]:
            return
        while self._environments:
            ended = self._environments.pop()
            self._open[ended] -= 1
            self._open["any list"] -= ended.rstrip("*") in LISTS
            self._end_table(ended)
            if ended == name:
                break
        if len(self._sinks) > 1:
            return
        self._flush()
        if name.rstrip("*") in LISTS:
            self._in_item = self._open["any list"] > 0
        if name == "document":
            self._at = len(self._tokens)

    def _begin_table(self, name: str) -> None:
        if len(self._sinks) == 1:
            self._flush()
        self._skip_groups(TABLE_ARGUMENTS.get(name, 1))
        if len(self._sinks) <= _MAX_SINKS:
            self._sinks.append(_Sink(_Role.TABLE, environment=name, rows=[[]], row_pieces=[[]]))

    def _end_table(self, name: str) -> None:
        if any(sink.environment == name for sink in self._sinks):
            while self._sinks[-1].environment != name:
                self._close()
            self._close()

    def _cell(self) -> None:
        sink = self._sinks[-1]
        pieces = sink.take()
        if pieces and len(sink.row_lines) < len(sink.rows):
            sink.row_lines.append(pieces[0].line or 0)
        if sink.rows[-1]:
            _divide(sink.row_pieces[-1])
        sink.row_pieces[-1] += [piece._replace(glue=" ") for piece in pieces]
        sink.rows[-1].append(one_line(" ".join(piece.text for piece in pieces)))

    def _row(self, line: int) -> None:
        sink = self._sinks[-1]
        self._cell()
        if len(sink.row_lines) < len(sink.rows):
            sink.row_lines.append(line)
        sink.rows.append([])
        sink.row_pieces.append([])

    def _close_table(self, sink: _Sink) -> None:
        self._sinks.append(sink)
        self._row(sink.row_lines[-1] if sink.row_lines else 1)
        self._sinks.pop()
        numbered = zip(sink.rows, sink.row_lines, sink.row_pieces, strict=False)
        rows = [(row, line, pieces) for row, line, pieces in numbered if any(row)]
        if not rows:
            return
        if len(self._sinks) > 1:  # a table in a cell or a footnote
            for _, line, pieces in rows:
                for piece in pieces:
                    self._sinks[-1].add(f"{piece.text} ", piece.line or line)
            return
        self._builder.add_table(
            [row for row, _, _ in rows],
            pieces=[piece for _, _, pieces in rows for piece in _row_end(pieces)],
            lines=[line for _, line, _ in rows],
            grid=Grid(1 if len(rows) > 1 else 0),
        )
