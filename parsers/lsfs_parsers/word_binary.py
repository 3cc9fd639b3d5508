"""What a binary Word file is made of ([MS-DOC]): text in pieces, properties by place, styles.

Numbers of sections are those of the specification. A place in the text (a CP) counts characters; a
place in the file (an FC) counts bytes of the stream ``WordDocument``, and properties are found by
it.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct, field

from lsfs.errors import Encrypted, ParseError, UnsupportedFormat
from lsfs_parsers.encoding import decode

_MAGIC, _OLD_MAGIC = 0xA5EC, 0xA5DC  # since Word 97; Word 6 and 95
_COMPLEX, _ENCRYPTED, _SECOND_TABLE = 0x0004, 0x0100, 0x0200
_MACINTOSH = 0x12  # 1 where the text of an old document is a Mac's
_OLD_TEXT, _OLD_COUNT, _OLD_CLX = 0x18, 0x34, 0x160
_COUNTS = 0x4C  # of characters: text, notes, headers, (macros), comments, endnotes, boxes
_PAIRS = 0x9A  # places and lengths in the table stream, by number
_STYLES, _CHARACTER_RUNS, _PARAGRAPH_RUNS, _PIECES = 1, 12, 13, 33
_NOTES = {"footnote": (2, 3), "comment": (4, 5), "endnote": (46, 47)}  # references, texts
_PAGE = 512  # bytes of a page of properties
_MOST_BASES = 20  # styles are based on each other; a loop must end
_USERS, _NO_STYLE = 0xFFE, 0xFFF

# Modifiers of properties (2.6.1, 2.6.2, 2.6.3).
_DELETED, _HIDDEN = 0x0800, 0x083C
_IN_TABLE, _ROW_END, _DEPTH, _LIST = 0x2416, 0x2417, 0x6649, 0x460B
_OUTLINE, _STYLE, _ELSEWHERE = 0x2640, 0x4600, 0x6646
_HEADER_ROW, _ROW_SHAPE = 0x3404, 0xD608
_SIZES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}  # of an operand, by the last three bits
_TABS = 0xC615  # its size is no size when it is 255; none of ours stand behind it


class Fragment(NamedTuple):
    """A piece of the text: its place there, and in the file."""

    start: int
    end: int
    offset: int
    width: int  # bytes of a character, 1 or 2


class Properties(Struct):
    """What is said of a paragraph, or of a style for all of its paragraphs.

    Attributes:
        outline: its level as a heading from 0; 9 is body text; None where nothing is said.
        listed: whether it is an item of a list; None where nothing is said.
        depth: in how many tables it stands.
        shape: of the row of a table that it ends: edges in twips, and the first word of each cell.
    """

    style: int = 0
    outline: int | None = None
    listed: bool | None = None
    depth: int = 0
    ends_row: bool = False
    is_header: bool = False
    shape: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


class Style(Struct):
    """A style of paragraphs.

    Attributes:
        built_in: number of a style that Word has from the start; 1 to 9 are headings.
    """

    built_in: int = _NO_STYLE
    base: int = _NO_STYLE
    own: Properties = field(default_factory=Properties)


class Note(NamedTuple):
    """A note: where the text refers to it, and where its own text stands."""

    kind: str
    at: int
    start: int
    end: int


class WordFile:
    """A binary Word file.

    Attributes:
        text: all of it: the body, then notes, headers, comments, boxes.
        body: the part of the text that is the body; its end is exclusive.
        boxes: the same of what stands in text boxes.

    Args:
        main: the stream ``WordDocument``.
        tables: the streams ``0Table`` and ``1Table``; empty where there is none.
        data: the stream ``Data``.

    Raises:
        Encrypted: it needs a password.
        UnsupportedFormat: it is older than Word 6.
        ParseError: it is damaged.
    """

    def __init__(self, main: bytes, tables: tuple[bytes, bytes], data: bytes) -> None:
        self._main, self._data, self._table = main, data, b""
        self._fragments: list[Fragment] = []
        self._places: list[int] = []  # of runs of properties in the file
        self._runs: list[tuple[int, int]] = []  # where the properties of each begin; bytes of them
        self.styles: list[Style] = []
        self.hidden: list[tuple[int, int]] = []
        self.notes: list[Note] = []
        try:
            magic, flags = _u16(main, 0), _u16(main, 0x0A)
            if magic not in (_MAGIC, _OLD_MAGIC):
                raise UnsupportedFormat("Word documents of before Word 6 are not read")
            if flags & _ENCRYPTED:
                raise Encrypted("the document needs a password")
            if magic == _OLD_MAGIC:
                self._read_old(flags)
            else:
                self._table = tables[bool(flags & _SECOND_TABLE)]
                self._read()
        except (struct.error, IndexError) as error:
            raise ParseError(f"the document is damaged: {error}") from error

    def properties(self, place: int) -> Properties:
        """Those of the paragraph whose mark stands at a place of the text."""
        offset = self._offset(place)
        run = bisect_right(self._places, offset) - 1 if offset is not None else -1
        if run < 0 or not self._runs[run][1]:
            return Properties()
        start, length = self._runs[run]
        found = Properties(style=_u16(self._main, start))
        self._modify(found, self._main[start + 2 : start + length])
        return found

    def style_of(self, number: int) -> tuple[int, int | None, bool]:
        """The number among Word's own styles, outline level and whether it is a list's.

        Of a style that says nothing of it, what the styles say that it is based on.
        """
        built_in, outline, listed = _NO_STYLE, None, None
        for _ in range(_MOST_BASES):
            if not 0 <= number < len(self.styles):
                break
            style = self.styles[number]
            built_in = style.built_in if built_in in (0, _USERS, _NO_STYLE) else built_in
            outline = style.own.outline if outline is None else outline
            listed = style.own.listed if listed is None else listed
            number = style.base
        return built_in, outline, bool(listed)

    # --- Word 6 and 95: the text, and nothing of how it looks

    def _read_old(self, flags: int) -> None:
        start, (count,) = _u32(self._main, _OLD_TEXT), struct.unpack_from("<i", self._main, 0x34)
        self._fragments = [Fragment(0, count, start, 1)]
        if flags & _COMPLEX:
            clx = self._main[_u32(self._main, _OLD_CLX) :][: _u32(self._main, _OLD_CLX + 4)]
            self._fragments = [one._replace(width=1) for one in _pieces(clx, old=True)]
        raw = b"".join(self._main[p.offset : p.offset + p.end - p.start] for p in self._fragments)
        raw = raw[: max(0, count)]
        is_mac = self._main[_MACINTOSH] == 1
        self.text = raw.decode("mac_roman") if is_mac else _guessed(raw)
        self.body, self.boxes = (0, len(self.text)), (0, 0)

    # --- since Word 97

    def _read(self) -> None:
        self._fragments = _pieces(self._part(_PIECES), old=False)
        self.text = "".join(_characters(self._main, piece) for piece in self._fragments)
        counts = struct.unpack_from("<8i", self._main, _COUNTS)
        if min(counts) < 0:
            raise ParseError("the document is damaged: it counts fewer than no characters")
        starts = [0]
        for count in counts:
            starts.append(starts[-1] + count)
        self.body = (0, min(counts[0], len(self.text)))
        self.boxes = (starts[6], starts[7])
        self._read_styles()
        for pages, wide in ((_PARAGRAPH_RUNS, True), (_CHARACTER_RUNS, False)):
            for page in _page_numbers(self._part(pages)):
                self._read_page(self._main[page * _PAGE : (page + 1) * _PAGE], page * _PAGE, wide)
        self.hidden.sort()
        order = sorted(range(len(self._places)), key=self._places.__getitem__)
        self._places = [self._places[n] for n in order]
        self._runs = [self._runs[n] for n in order]
        for kind, subdocument in (("footnote", 1), ("comment", 4), ("endnote", 5)):
            self.notes += self._notes(kind, starts[subdocument])
        self.notes.sort(key=lambda note: note.at)

    def _part(self, number: int) -> bytes:
        place, length = struct.unpack_from("<II", self._main, _PAIRS + 8 * number)
        return self._table[place : place + length]

    def _read_page(self, page: bytes, at: int, paragraphs: bool) -> None:
        """The runs in a page of properties: of paragraphs (2.9.23), of characters (2.9.33)."""
        if len(page) < _PAGE:
            return
        count = page[-1]
        size = 13 if paragraphs else 1
        if 4 * (count + 1) + size * count > _PAGE - 1:
            return
        places = struct.unpack_from(f"<{count + 1}I", page)
        for run in range(count):
            begin = 2 * page[4 * (count + 1) + size * run]
            if paragraphs:
                self._places.append(places[run])
                self._runs.append(_paragraph_run(page, begin, at))
            elif begin and _is_hidden(page[begin + 1 : begin + 1 + page[begin]]):
                self.hidden += self._spans(places[run], places[run + 1])

    def _spans(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The places in the text of a range in the file."""
        for start, end, offset, width in self._fragments:
            low = max(first, offset)
            high = min(last, offset + (end - start) * width)
            if low < high:
                yield start + (low - offset) // width, start + (high - offset) // width

    def _offset(self, place: int) -> int | None:
        at = bisect_right(self._fragments, place, key=lambda piece: piece.start) - 1
        if at < 0 or place >= self._fragments[at].end:
            return None
        piece = self._fragments[at]
        return piece.offset + (place - piece.start) * piece.width

    def _modify(self, found: Properties, modifiers: bytes) -> None:
        for code, operand in _modifiers(modifiers):
            if code == _ELSEWHERE:
                place = _u32(operand, 0)
                more = self._data[place + 2 : place + 2 + _u16(self._data, place)]
                for own, value in _modifiers(more):
                    _apply(found, own, value)
            else:
                _apply(found, code, operand)

    def _read_styles(self) -> None:
        """The style sheet (2.9.271): a header, then a length and a definition for each style."""
        sheet = self._part(_STYLES)
        if len(sheet) < 6:
            return
        at = 2 + _u16(sheet, 0)
        fixed = _u16(sheet, 4)  # bytes of a definition before its name
        while at + 2 <= len(sheet) and len(self.styles) < _NO_STYLE:
            length = _u16(sheet, at)
            self.styles.append(_style(sheet[at + 2 : at + 2 + length], fixed))
            at += 2 + length + length % 2

    def _notes(self, kind: str, begin: int) -> Iterator[Note]:
        """Notes of a kind, whose texts stand from ``begin`` on."""
        references, texts = (self._part(number) for number in _NOTES[kind])
        count = len(texts) // 4 - 2
        size = 30 if kind == "comment" else 2  # bytes that are said of a reference beside its place
        if count < 1 or len(references) < 4 * (count + 1) + size * count:
            return
        at = struct.unpack_from(f"<{count}I", references)
        bounds = struct.unpack_from(f"<{count + 1}I", texts)
        for number in range(count):
            start, end = begin + bounds[number], begin + bounds[number + 1]
            if start < end <= len(self.text):
                yield Note(kind, at[number], start, end)


def _guessed(raw: bytes) -> str:
    """Text in the code page of who wrote it, which is guessed as that of any text is."""
    return decode(raw).text.replace("\n", "\r") if raw.strip(b"\0\r") else ""


def _u16(data: bytes, at: int) -> int:
    value: int = struct.unpack_from("<H", data, at)[0]
    return value


def _u32(data: bytes, at: int) -> int:
    value: int = struct.unpack_from("<I", data, at)[0]
    return value


def _pieces(clx: bytes, *, old: bool) -> list[Fragment]:
    """The table of pieces (2.8.35), behind what a fast save has put before it."""
    at = 0
    while clx[at : at + 1] == b"\x01":
        at += 3 + _u16(clx, at + 1)
    if clx[at : at + 1] != b"\x02":
        raise ParseError("the document is damaged: nothing says where its text stands")
    table = clx[at + 5 : at + 5 + _u32(clx, at + 1)]
    count = (len(table) - 4) // 12
    if count < 1:
        raise ParseError("the document is damaged: nothing says where its text stands")
    bounds = struct.unpack_from(f"<{count + 1}I", table)
    found = []
    for number in range(count):
        place = _u32(table, 4 * (count + 1) + 8 * number + 2)
        narrow = old or bool(place & 0x40000000)
        offset = place & 0x3FFFFFFF
        offset = offset // 2 if narrow and not old else offset
        if bounds[number] > bounds[number + 1]:
            raise ParseError("the document is damaged: a piece of its text ends before it begins")
        found.append(Fragment(bounds[number], bounds[number + 1], offset, 1 if narrow else 2))
    return found


def _characters(main: bytes, piece: Fragment) -> str:
    """The characters of a piece; those that the file does not have any more are blank."""
    count = piece.end - piece.start
    raw = main[piece.offset : piece.offset + count * piece.width]
    if piece.width == 2:
        # Each half of a pair is a place of its own, so that places stay those of the file.
        units = struct.unpack(f"<{len(raw) // 2}H", raw[: len(raw) // 2 * 2])
        text = "".join(map(chr, units))
    else:
        text = raw.decode("cp1252", "replace")
    missing = count - len(text)
    if missing > len(main):  # a place that nothing can have been written at
        raise ParseError("the document is damaged: a piece of its text is not in it")
    return text + " " * missing


def _page_numbers(table: bytes) -> list[int]:
    """Which pages of the file hold properties: places, then a number of 22 bits for each."""
    count = (len(table) - 4) // 8
    if count < 1:
        return []
    numbers = struct.unpack_from(f"<{count}I", table, 4 * (count + 1))
    return list(dict.fromkeys(number & 0x3FFFFF for number in numbers))


def _paragraph_run(page: bytes, begin: int, at: int) -> tuple[int, int]:
    """Where the style and modifiers of a paragraph begin in the file, and their length."""
    if not begin:
        return 0, 0
    words = page[begin]
    start = begin + 1
    length = 2 * words - 1
    if not words:  # an even number of bytes, counted by the next one
        start, length = begin + 2, 2 * page[begin + 1]
    return at + start, max(0, min(length, _PAGE - start))


def _modifiers(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Modifiers of properties (2.2.5): a code, whose last bits tell the size, and an operand."""
    at = 0
    while at + 2 <= len(data):
        code = _u16(data, at)
        at += 2
        size = _SIZES.get(code >> 13)
        if size is None:
            if at >= len(data):
                return
            if code == _ROW_SHAPE:
                size, at = _u16(data, at) - 1 if at + 2 <= len(data) else 0, at + 2
            elif code == _TABS and data[at] == 255:
                return
            else:
                size, at = data[at], at + 1
        yield code, data[at : at + size]
        at += max(0, size)


def _apply(found: Properties, code: int, operand: bytes) -> None:
    if not operand:
        return
    if code == _STYLE and len(operand) >= 2:
        found.style = _u16(operand, 0)
    elif code == _IN_TABLE:
        found.depth = max(found.depth, 1) if operand[0] else 0
    elif code == _DEPTH and len(operand) >= 4:
        found.depth = min(_u32(operand, 0), 100)
    elif code == _ROW_END:
        found.ends_row = bool(operand[0])
    elif code == _OUTLINE:
        found.outline = operand[0]
    elif code == _LIST and len(operand) >= 2:
        found.listed = _u16(operand, 0) not in (0, 0xF801)  # the latter takes it out of a list
    elif code == _HEADER_ROW:
        found.is_header = bool(operand[0])
    elif code == _ROW_SHAPE:
        found.shape = _row_shape(operand)


def _row_shape(operand: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Edges of a row's cells, and the first word of each cell's description (2.9.321)."""
    count = operand[0]
    if count > 63 or len(operand) < 1 + 2 * (count + 1):
        return (), ()
    edges = struct.unpack_from(f"<{count + 1}h", operand, 1)
    words = []
    for number in range(count):
        at = 1 + 2 * (count + 1) + 20 * number
        words.append(_u16(operand, at) if at + 2 <= len(operand) else 0)
    return edges, tuple(words)


def _is_hidden(modifiers: bytes) -> bool:
    return any(
        code in (_DELETED, _HIDDEN) and operand[:1] in (b"\x01", b"\x81")
        for code, operand in _modifiers(modifiers)
    )


def _style(definition: bytes, fixed: int) -> Style:
    """A style (2.9.259); an empty one where there is none, or it is not one of paragraphs."""
    if len(definition) < max(10, fixed) + 2 or _u16(definition, 2) & 0xF != 1:
        return Style()
    found = Style(_u16(definition, 0) & 0xFFF, _u16(definition, 2) >> 4)
    at = fixed + 2 + 2 * _u16(definition, fixed) + 2
    if at + 4 <= len(definition):
        for code, operand in _modifiers(definition[at + 4 : at + 2 + _u16(definition, at)]):
            _apply(found.own, code, operand)
    return found
