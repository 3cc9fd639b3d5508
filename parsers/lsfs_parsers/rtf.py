"""Rich Text: paragraphs, headings by their styles, lists, tables and notes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from msgspec import Struct, field
from msgspec.structs import replace

from lsfs.errors import ParseError
from lsfs.model import BlockKind, Document, Status
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Grid, Piece
from lsfs_parsers.rtf_tables import Row, table_of
from lsfs_parsers.rtf_tokens import Kind, Token, codec_of_charset, codec_of_page, decoded, tokens
from lsfs_parsers.versions import VERSIONS

MAX_BYTES = 256 * 1024 * 1024  # pictures are written as text
MAX_DEPTH = 2_000

_HEADING_NAME = re.compile(r"heading (\d)$", re.I)
_ITEM = re.compile(r"\s*(?:[\u2022\u25e6\u25aa\u2013-]|\(?(?:\d{1,3}|[A-Za-z])[.)])[ ]?\t")
_MAX_STYLE_DEPTH = 20  # styles are based on each other; a loop must end
_CODE_PAGES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "\u2014", "endash": "\u2013",
    "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d",
    "bullet": "\u2022", "emspace": " ", "enspace": " ", "qmspace": " ", "~": "\xa0", "_": "-",
    "\\": "\\", "{": "{", "}": "}", "zwj": "\u200d", "zwnj": "\u200c",
    "ltrmark": "\u200e", "rtlmark": "\u200f",
}  # fmt: skip
_ENDS = frozenset({"par", "sect", "page", "column", "\r", "\n"})
# Groups whose text is the document's although a reader may pass over them, or stands apart.
_SHOWN = frozenset({
    "shpinst", "shptxt", "do", "dptxbxtext", "nesttableprops", "result", "fldrslt",
})  # fmt: skip
_BOXES = frozenset({"shptxt", "dptxbxtext"})
_MARKS = frozenset({"listtext", "pntext"})  # a bullet or number, as a program without lists has it
_NOTES = {"footnote": "", "annotation": "Comment: "}
_PROPERTIES = frozenset({"title", "author", "creatim"})
_HIDDEN = frozenset({
    "upr",
    "colortbl", "pict", "fldinst", "objdata", "objclass", "objname", "header", "headerl",
    "headerr", "headerf", "footer", "footerl", "footerr", "footerf", "ftnsep", "ftnsepc", "ftncn",
    "aftnsep", "aftnsepc", "aftncn", "xe", "tc", "tcn", "rxe", "txe", "bkmkstart", "bkmkend",
    "filetbl",
    "listtable", "listoverridetable", "revtbl", "nonshppict", "nonesttables", "sp", "datafield",
    "subject", "manager", "company", "operator", "category", "keywords", "comment", "doccomm",
    "hlinkbase", "revtim", "printim", "buptim", "generator", "template", "pntxta", "pntxtb",
})  # fmt: skip


class _State(Struct):
    """What a group inherits and its end takes back.

    Attributes:
        place: what the text is for: ``body``, ``hidden``, ``fonts``, ``styles``, ``info``, a
            property's name.
        codec: of the bytes of text.
        uc: characters behind a Unicode one for readers that do not know it.
        intbl, depth: whether the paragraph stands in a table, and in how many.
        outline: its own heading level from 0; None for its style's.
    """

    place: str = "body"
    codec: str = "cp1252"
    uc: int = 1
    invisible: bool = False
    style: int = 0
    intbl: bool = False
    depth: int = 1
    outline: int | None = None
    listed: bool = False


class _Style(Struct):
    name: str = ""
    outline: int | None = None
    based_on: int | None = None


class _Flow(Struct):
    """A stretch of text: the body, a note or a box; each has a paragraph of its own in hand."""

    kind: BlockKind
    level: int  # of the group that it began with
    mark: str = ""
    text: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    listed: bool = False


class RtfParser:
    """Reads Rich Text Format."""

    name = "rtf"
    version = VERSIONS["rtf"]
    media_types = ("application/rtf",)

    def parse(self, source: Source) -> Document:
        """The document in ``source``; spans count its paragraphs, a table's row being one.

        Raises:
            ParseError: it is nested too deep.
        """
        builder = Builder(source, self.name, self.version, line_unit="paragraph")
        reading = _Reading(builder)
        for token in tokens(source.read(min(source.size, MAX_BYTES))):
            reading.take(token)
            if builder.full:
                break
        whole = reading.finish()
        if whole and source.size <= MAX_BYTES:
            return builder.build(reading.facts)
        reason = "the document is cut short"
        return builder.build(reading.facts, status=Status.PARTIAL, reason=reason)


class _Reading:
    """The reading of one document, token by token."""

    def __init__(self, builder: Builder) -> None:
        self.facts = Facts()
        self._builder = builder
        self._state = _State()
        self._stack: list[_State] = []
        self._begun = False  # the group has had its first word
        self._ignorable = False
        self._skip = 0
        self._bytes = bytearray()
        self._default = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = self._plain_font = 0
        self._styles: dict[int, _Style] = {}
        self._style = _Style()
        self._style_number = 0
        self._property: list[str] = []
        self._date: dict[str, int] = {}
        self._flows = [_Flow(BlockKind.PARAGRAPH, 0)]
        self._apart: list[_Flow] = []
        self._number = 0
        self._row = Row()
        self._cells: list[str] = []
        self._cell: list[str] = []
        self._rows: list[Row] = []
        self._ended = False
        self._words: dict[str, Callable[[int | None], None]] = {
            "ansicpg": self._code_page, "deff": self._default_font, "f": self._choose_font,
            "fcharset": self._charset, "cpg": self._font_page, "u": self._unicode,
            "uc": self._fallback, "s": self._choose_style, "outlinelevel": self._outline,
            "sbasedon": self._based_on, "pard": self._plain_paragraph,
            "plain": self._plain_letters, "v": self._hide, "deleted": self._hide,
            "intbl": self._in_table, "itap": self._depth, "ls": self._list, "cell": self._end_cell,
            "nestcell": self._nested_cell, "row": self._end_row, "trowd": self._begin_row,
            "trhdr": self._header_row, "cellx": self._cell_edge, "clmrg": self._covered,
            "clvmgf": self._covers_below, "clvmrg": self._covered_above,
        }  # fmt: skip

    def take(self, token: Token) -> None:
        """The next token."""
        if self._ended:
            return
        if token.kind is Kind.BYTES or token.kind is Kind.BYTE:
            self._begun = True
            data = token.data
            if self._skip:
                self._skip, data = max(0, self._skip - len(data)), data[self._skip :]
            self._bytes += data
            return
        self._flush()
        if token.kind is Kind.OPEN:
            self._open()
        elif token.kind is Kind.CLOSE:
            self._close()
        elif self._skip:
            self._skip -= 1
        else:
            self._word(token.name, token.number)

    def finish(self) -> bool:
        """The end of the file; return whether the document ends before it."""
        whole = self._ended
        while self._stack:
            self._flush()
            self._close()
        self._flush()
        self._end_paragraph()
        self._end_table()
        return whole

    # --- groups

    def _open(self) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise ParseError("it is nested too deep")
        self._stack.append(replace(self._state))
        self._begun, self._ignorable, self._skip = False, False, 0

    def _close(self) -> None:
        if not self._stack:
            return
        self._end_destination()
        self._state = self._stack.pop()
        if len(self._flows) > 1 and self._flows[-1].level > len(self._stack):
            self._end_paragraph()
            self._apart.append(self._flows.pop())
        self._begun, self._ignorable, self._skip = True, False, 0
        if not self._stack:
            self._end_paragraph()
            self._end_table()
            self._ended = True

    def _enter(self, name: str) -> bool:
        """Begin a group that is for something else than the text around it."""
        state = self._state
        if name == "ud" and len(self._stack) > 1:  # beside a form for old readers, which is hidden
            state.place = self._stack[-2].place
            return True
        if state.place == "hidden":
            return False
        if name in ("fonttbl", "stylesheet", "info"):
            state.place = {"fonttbl": "fonts", "stylesheet": "styles", "info": "info"}[name]
        elif name in _NOTES or name in _BOXES:
            state.place = "body"
            state.intbl, state.depth = False, 1
            kind = BlockKind.FOOTNOTE if name in _NOTES else BlockKind.PARAGRAPH
            self._flows.append(_Flow(kind, len(self._stack), _NOTES.get(name, "")))
        elif name in _MARKS:
            state.place = "hidden"
            self._flows[-1].listed = True
        elif name in _PROPERTIES and state.place == "info":
            state.place = name
            self._property, self._date = [], {}
        elif name in _HIDDEN or (self._ignorable and name not in _SHOWN):
            state.place = "hidden"
        elif name not in _SHOWN:
            return False
        return True

    def _end_destination(self) -> None:
        """Take in what a group of the file's head said."""
        outer = self._stack[-1].place
        place = self._state.place
        if place == "fonts":
            return
        if place == "styles":
            if outer == "styles":
                self._style.name = "".join(self._property).strip().rstrip(";").strip()
                self._styles[self._style_number] = self._style
            self._style, self._style_number, self._property = _Style(), 0, []
        elif place != outer and place in _PROPERTIES:
            text = "".join(self._property)
            if place == "title" and text.strip():
                self.facts = replace(self.facts, title=text)
            elif place == "author" and text.strip():
                self.facts = replace(self.facts, author=text)
            elif place == "creatim":
                self.facts = replace(self.facts, created=_day(self._date))

    # --- words

    def _word(self, name: str, number: int | None) -> None:
        if name == "*":
            self._ignorable = True
            return
        first, self._begun = not self._begun, True
        if first and self._enter(name):
            return
        if self._state.place == "creatim":
            self._date[name] = number or 0
        elif name in _CODE_PAGES:
            self._set_default(_CODE_PAGES[name])
        elif name in self._words:
            self._words[name](number)
        elif name in _ENDS:
            self._end_paragraph()
        elif name in _CHARACTERS:
            self._add(_CHARACTERS[name])

    def _set_default(self, codec: str) -> None:
        self._default = self._state.codec = codec

    def _code_page(self, number: int | None) -> None:
        self._set_default(codec_of_page(number or 1252))

    def _default_font(self, number: int | None) -> None:
        self._plain_font = number or 0

    def _choose_font(self, number: int | None) -> None:
        self._font = number or 0
        if self._state.place != "fonts":
            self._state.codec = self._fonts.get(self._font, self._default)

    def _charset(self, number: int | None) -> None:
        if self._state.place == "fonts":
            self._fonts[self._font] = codec_of_charset(number or 0, self._default)

    def _font_page(self, number: int | None) -> None:
        if self._state.place == "fonts" and number:
            self._fonts[self._font] = codec_of_page(number)

    def _unicode(self, number: int | None) -> None:
        self._add(chr((number or 0) % 0x10000))
        self._skip = self._state.uc

    def _fallback(self, number: int | None) -> None:
        self._state.uc = min(max(0, 1 if number is None else number), 20)

    def _choose_style(self, number: int | None) -> None:
        self._state.style = number or 0
        if self._state.place == "styles":
            self._style_number = self._state.style

    def _outline(self, number: int | None) -> None:
        self._state.outline = number or 0
        if self._state.place == "styles":
            self._style.outline = self._state.outline

    def _based_on(self, number: int | None) -> None:
        if self._state.place == "styles":
            self._style.based_on = number

    def _plain_paragraph(self, number: int | None) -> None:
        state = self._state
        state.style, state.intbl, state.depth = 0, False, 1
        state.outline, state.listed = None, False

    def _plain_letters(self, number: int | None) -> None:
        self._state.invisible = False
        self._state.codec = self._fonts.get(self._plain_font, self._default)

    def _hide(self, number: int | None) -> None:
        self._state.invisible = number != 0

    def _list(self, number: int | None) -> None:
        self._state.listed = bool(number)

    # --- text

    def _flush(self) -> None:
        if self._bytes:
            text = decoded(bytes(self._bytes), self._state.codec)
            self._bytes.clear()
            self._add(text)

    def _add(self, text: str) -> None:
        state = self._state
        if state.place == "body":
            if not state.invisible:
                self._flows[-1].text.append(text)
        elif state.place in ("styles", "title", "author"):
            self._property.append(text)

    def _end_paragraph(self) -> None:
        if self._state.place != "body":
            return
        flow = self._flows[-1]
        text, flow.text = _whole("".join(flow.text)), []
        listed, flow.listed = flow.listed or self._state.listed, False
        if len(self._flows) > 1:
            if text.strip():
                flow.paragraphs.append(text)
        elif self._state.intbl:
            self._cell.append(text)
        elif text.strip():
            self._end_table()
            self._number += 1
            kind, level = self._kind(listed=listed or _ITEM.match(text) is not None)
            pieces = [Piece(line, self._number) for line in text.split("\n")]
            self._builder.add(kind, pieces, level=level)
            self._add_apart()
        else:
            self._end_table()
            self._add_apart()

    def _kind(self, *, listed: bool) -> tuple[BlockKind, int]:
        at: int | None = self._state.style
        outline = self._state.outline
        for _ in range(_MAX_STYLE_DEPTH):
            style = self._styles.get(at) if at is not None else None
            if style is None:
                break
            name = style.name.lower()
            if match := _HEADING_NAME.match(name):
                return BlockKind.HEADING, int(match[1])
            if name in ("title", "caption"):
                return (BlockKind.TITLE if name == "title" else BlockKind.CAPTION), 0
            outline = style.outline if outline is None else outline
            at = style.based_on if style.based_on != at else None
        if outline is not None and 0 <= outline < 9:  # 9 means body text
            return BlockKind.HEADING, outline + 1
        return (BlockKind.LIST_ITEM if listed else BlockKind.PARAGRAPH), 0

    def _add_apart(self) -> None:
        """Append the notes and boxes that hang on what was appended before."""
        for flow in self._apart:
            if flow.paragraphs:
                first = flow.mark + flow.paragraphs[0].lstrip()
                lines = "\n".join([first, *flow.paragraphs[1:]]).split("\n")
                self._builder.add(flow.kind, [Piece(line, self._number or 1) for line in lines])
        self._apart = []

    # --- tables

    def _in_table(self, number: int | None) -> None:
        self._state.intbl = number != 0

    def _depth(self, number: int | None) -> None:
        self._state.depth = number if number is not None else 1
        self._state.intbl = self._state.intbl or self._state.depth > 0

    def _begin_row(self, number: int | None) -> None:
        if self._state.depth <= 1:
            self._row = Row()

    def _header_row(self, number: int | None) -> None:
        self._row.is_header = True

    def _cell_edge(self, number: int | None) -> None:
        if self._state.depth <= 1:
            self._row.define(number or 0)

    def _covered(self, number: int | None) -> None:
        self._row.next.covered_left = True

    def _covers_below(self, number: int | None) -> None:
        self._row.next.begins_merge = True

    def _covered_above(self, number: int | None) -> None:
        self._row.next.covered_above = True

    def _end_cell(self, number: int | None) -> None:
        if self._state.place != "body" or len(self._flows) > 1:
            return
        self._nested_cell(number)
        self._cells.append("\n".join(part for part in self._cell if part.strip()))
        self._cell = []

    def _nested_cell(self, number: int | None) -> None:
        flow = self._flows[0]
        if self._state.place == "body" and len(self._flows) == 1:
            self._cell.append(_whole("".join(flow.text)).strip())
            flow.text, flow.listed = [], False

    def _end_row(self, number: int | None) -> None:
        if self._state.place != "body":
            return
        if self._cell:
            self._end_cell(None)
        if self._cells:
            self._rows.append(self._row.filled(self._cells))
        self._cells = []

    def _end_table(self) -> None:
        if self._cells or self._cell:
            self._end_row(None)
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        table = table_of(rows)
        lines = list(range(self._number + 1, self._number + 1 + len(rows)))
        self._number += len(rows)
        grid = Grid(table.header_rows, merged=table.merged)
        self._builder.add_table(table.rows, lines=lines, grid=grid)
        self._add_apart()


def _whole(text: str) -> str:
    """Text with surrogate pairs, which are written one by one, made characters."""
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _day(parts: dict[str, int]) -> date | None:
    try:
        return date(parts.get("yr", 0), parts.get("mo", 1), parts.get("dy", 1))
    except ValueError:
        return None
