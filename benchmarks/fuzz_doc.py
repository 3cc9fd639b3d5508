"""Small documents as Word 97 to 2003 wrote them, for tests and the fuzzing harness to spoil."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from msgspec import Struct

from benchmarks.fuzz_xls import compound

PAGE = 512
TEXT_AT = 1024  # of the main stream
STYLES, FOOTNOTES, FOOTNOTE_TEXTS, CHARACTERS, PARAGRAPHS, PIECES = 1, 2, 3, 12, 13, 33
HEADING_1, TITLE, CAPTION, LIST_BULLET, OWN = 1, 62, 34, 48, 0xFFE


class Par(Struct, frozen=True):
    """A paragraph.

    Attributes:
        style: index in the document's styles.
        modifiers: of its properties, as they are stored.
        mark: ends it.
    """

    text: str
    style: int = 0
    modifiers: bytes = b""
    mark: str = "\r"


def listed() -> bytes:
    """An item of a list, without a style that says so."""
    return struct.pack("<HH", 0x460B, 1)


def outline(level: int) -> bytes:
    """A heading of a level from 0, without a style that says so."""
    return struct.pack("<HB", 0x2640, level)


def in_table(depth: int = 1) -> bytes:
    """A paragraph in so many tables."""
    return struct.pack("<HBHI", 0x2416, 1, 0x6649, depth)


def row(edges: Sequence[int], merging: Sequence[int] = (), *, header: bool = False) -> Par:
    """The end of a row whose cells have these edges, in twips, and words for how they merge."""
    words = [*merging, *[0] * (len(edges) - 1 - len(merging))]
    shape = struct.pack(f"<B{len(edges)}h", len(edges) - 1, *edges)
    shape += b"".join(struct.pack("<H18s", word, b"") for word in words)
    modifiers = in_table() + struct.pack("<HB", 0x2417, 1) + struct.pack("<HB", 0x3404, header)
    return Par("", 0, modifiers + struct.pack("<HH", 0xD608, len(shape) + 1) + shape, "\x07")


def cells(*texts: str) -> list[Par]:
    """The cells of a row."""
    return [Par(text, 0, in_table(), "\x07") for text in texts]


def doc(
    paragraphs: Sequence[Par],
    *,
    styles: Sequence[tuple[int, int]] = ((0, 0xFFF),),
    notes: Sequence[str] = (),
    hidden: Sequence[str] = (),
    narrow: bool = False,
    flags: int = 0,
) -> bytes:
    """A document ([MS-DOC]).

    Args:
        styles: Word's own number of each, and the style that it is based on.
        notes: texts of footnotes; ``\\x02`` in a paragraph refers to the next one.
        hidden: runs of the text that are deleted, of which the document still keeps track.
        narrow: a byte for a character.
    """
    body = "".join(one.text + one.mark for one in paragraphs)
    apart = "".join(f"\x02 {note}\r" for note in notes) + ("\r" if notes else "")
    text = body + apart
    width = 1 if narrow else 2
    raw = text.encode("cp1252" if narrow else "utf-16-le", "surrogatepass")
    main = bytearray(TEXT_AT) + raw
    main += bytes(-len(main) % PAGE)
    pages = [len(main) // PAGE]
    main += _paragraph_pages(paragraphs, width)
    pages += [len(main) // PAGE]
    main += _hidden_page(text, hidden, width)
    table, parts = b"", {}
    for number, part in {
        STYLES: _style_sheet(styles),
        FOOTNOTES: _references(body, len(notes)),
        FOOTNOTE_TEXTS: _note_texts(notes),
        CHARACTERS: struct.pack("<3I", TEXT_AT, TEXT_AT + len(raw), pages[1]),
        PARAGRAPHS: _numbers(range(pages[0], pages[1])),
        PIECES: _pieces(len(text), narrow),
    }.items():
        parts[number] = len(table), len(part)
        table += part
    struct.pack_into("<HH", main, 0, 0xA5EC, 193)
    struct.pack_into("<H", main, 0x0A, 0x0200 | flags)
    struct.pack_into("<H", main, 32, 14)
    struct.pack_into("<H", main, 62, 22)
    struct.pack_into("<2i", main, 0x4C, len(body), len(apart))
    struct.pack_into("<H", main, 152, 93)
    for number, place in parts.items():
        struct.pack_into("<II", main, 0x9A + 8 * number, *place)
    return compound({"WordDocument": bytes(main), "1Table": table})


def old_doc(text: bytes, *, mac: bool = False) -> bytes:
    """A document of Word 95."""
    main = bytearray(TEXT_AT) + text
    struct.pack_into("<HH", main, 0, 0xA5DC, 104)
    main[0x12] = mac
    struct.pack_into("<I", main, 0x18, TEXT_AT)
    struct.pack_into("<i", main, 0x34, len(text))
    return compound({"WordDocument": bytes(main)})


def _numbers(pages: range) -> bytes:
    """A table of pages of properties; their bounds are not looked at."""
    return struct.pack(f"<{2 * len(pages) + 1}I", *[TEXT_AT] * (len(pages) + 1), *pages)


def _paragraph_pages(paragraphs: Sequence[Par], width: int) -> bytes:
    """A page of properties for each paragraph."""
    pages, at = b"", TEXT_AT
    for one in paragraphs:
        end = at + len(one.text + one.mark) * width
        said = struct.pack("<H", one.style) + one.modifiers
        said = struct.pack("<BB", 0, -(-len(said) // 2)) + said + bytes(len(said) % 2)
        begin = (PAGE - 1 - len(said)) // 2 * 2
        page = bytearray(PAGE)
        struct.pack_into("<IIB", page, 0, at, end, begin // 2)
        page[begin : begin + len(said)] = said
        page[-1] = 1
        pages, at = pages + bytes(page), end
    return pages


def _hidden_page(text: str, hidden: Sequence[str], width: int) -> bytes:
    """The runs of characters: those that are deleted, and what is between them."""
    bounds, marks = [0], []
    for one in hidden:
        at = text.index(one, bounds[-1])
        bounds += [at, at + len(one)]
        marks += [False, True]
    bounds.append(len(text))
    marks.append(False)
    page = bytearray(PAGE)
    struct.pack_into(f"<{len(bounds)}I", page, 0, *(TEXT_AT + at * width for at in bounds))
    for number, mark in enumerate(marks):
        page[4 * len(bounds) + number] = 250 if mark else 0
    page[500:504] = struct.pack("<BHB", 3, 0x0800, 1)
    page[-1] = len(marks)
    return bytes(page)


def _style_sheet(styles: Sequence[tuple[int, int]]) -> bytes:
    sheet = struct.pack("<H", 18) + struct.pack("<HH14s", len(styles), 10, b"")
    for built_in, base in styles:
        name = "Stil".encode("utf-16-le")
        one = struct.pack("<5H", built_in, base << 4 | 1, 1, 0, 0)
        one += struct.pack("<H", 4) + name + b"\0\0" + struct.pack("<HH", 2, 0)
        sheet += struct.pack("<H", len(one)) + one
    return sheet


def _references(body: str, count: int) -> bytes:
    if not count:
        return b""
    at = [place for place, letter in enumerate(body) if letter == "\x02"]
    return struct.pack(f"<{count + 1}I", *at, len(body)) + bytes(2 * count)


def _note_texts(notes: Sequence[str]) -> bytes:
    if not notes:
        return b""
    bounds = [0]
    for note in notes:
        bounds.append(bounds[-1] + len(note) + 3)
    return struct.pack(f"<{len(bounds) + 1}I", *bounds, bounds[-1] + 1)


def _pieces(length: int, narrow: bool) -> bytes:
    place = TEXT_AT * 2 | 0x40000000 if narrow else TEXT_AT
    table = struct.pack("<II", 0, length) + struct.pack("<HIH", 0, place, 0)
    return struct.pack("<BI", 2, len(table)) + table
