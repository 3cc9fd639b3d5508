"""Small presentations as PowerPoint wrote them before 2007, for tests and the fuzzing harness."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from msgspec import Struct

from benchmarks.fuzz_xls import compound
from lsfs_parsers.ppt_records import Kind

TITLE, BODY, NOTES, OTHER = 0, 1, 2, 4  # text types
TITLE_HOLDER, BODY_HOLDER, NOTES_HOLDER = 13, 14, 12
PICTURE = 75  # a type of shape
DESCRIPTION, WORD_ART, TABLE = 0x381, 0xC0, 0x39F  # properties
MASTER = 0x80000000  # by which slides refer to it
_ATOMS_OF_CONTENT = frozenset({
    Kind.DOCUMENT_ATOM, Kind.SLIDE_ATOM, Kind.SLIDE_PERSIST, Kind.SHOW_INFO, Kind.PLACEHOLDER,
    Kind.EDGE_PLACEHOLDER, Kind.OUTLINE_REFERENCE, Kind.TEXT_HEADER, Kind.WIDE_TEXT,
    Kind.TEXT_STYLE, Kind.MASTER_STYLE, Kind.NARROW_TEXT, Kind.STRING, Kind.NUMBER_FIELD,
    Kind.HEADERS_FOOTERS_ATOM, Kind.USER_EDIT, Kind.DATE_FIELD, Kind.USER_DATE_FIELD,
    Kind.HEADER_FIELD, Kind.FOOTER_FIELD, Kind.FORMATTED_DATE_FIELD, Kind.PERSIST_DIRECTORY,
    Kind.GROUP_FRAME, Kind.SHAPE_ATOM, Kind.PROPERTIES, Kind.CHILD_ANCHOR, Kind.ANCHOR,
    Kind.MORE_PROPERTIES,
})  # fmt: skip


Place = tuple[int, int, int, int]


class Slide(Struct, frozen=True):
    """A slide, and what the document keeps of it.

    Attributes:
        record: all of it.
        outline: the texts that its list has.
        notes: their record.
    """

    record: bytes
    outline: bytes = b""
    notes: bytes = b""


def record(kind: int, *parts: bytes, instance: int = 0, length: int | None = None) -> bytes:
    """A record that holds ``parts``, and says so or that it holds ``length`` bytes."""
    content = b"".join(parts)
    version = 0 if kind in _ATOMS_OF_CONTENT else 0xF
    size = len(content) if length is None else length
    return struct.pack("<HHI", instance << 4 | version, kind, size) + content


def numbers(kind: int, form: str, *values: int, instance: int = 0) -> bytes:
    """A record of numbers."""
    return record(kind, struct.pack(form, *values), instance=instance)


def text(kind: int, value: str, *more: bytes, narrow: bool = False) -> bytes:
    """A text of a type; lines are paragraphs."""
    value = value.replace("\n", "\r")
    letters = record(
        Kind.NARROW_TEXT if narrow else Kind.WIDE_TEXT,
        value.encode("latin-1" if narrow else "utf-16-le"),
    )
    return numbers(Kind.TEXT_HEADER, "<I", kind) + letters + b"".join(more)


def styles(*runs: tuple[int, int, bytes]) -> bytes:
    """Runs of paragraphs: characters, level and what is special about them."""
    packed = [struct.pack("<IH", count, level) + special for count, level, special in runs]
    return record(Kind.TEXT_STYLE, *packed)


def bullet(shown: bool) -> bytes:
    """What is special about a paragraph that has a bullet or none, with a margin and a tab."""
    return struct.pack("<IHHHHI", 0x100101, shown, 30, 1, 40, 0)[:-2]


def shape(
    *parts: bytes, box: Place | None = None, kind: int = 1, flags: int = 0,
    placed: int = Kind.ANCHOR,
) -> bytes:  # fmt: skip
    """A shape; ``box`` is left, top, right, bottom in its own units, eight to a point."""
    place = b""
    if box is not None:
        left, top, right, bottom = box
        order = box if placed == Kind.CHILD_ANCHOR else (top, left, right, bottom)
        place = numbers(placed, "<4i", *order)
    atom = numbers(Kind.SHAPE_ATOM, "<II", 1024, flags, instance=kind)
    return record(Kind.SHAPE, atom, place, *parts)


def textbox(*parts: bytes) -> bytes:
    """What is written in a shape."""
    return record(Kind.TEXT_BOX, *parts)


def holder(kind: int, position: int = 0) -> bytes:
    """What makes a shape a placeholder."""
    return record(Kind.CLIENT_DATA, numbers(Kind.PLACEHOLDER, "<iBBH", position, kind, 0, 0))


def from_outline(kind: int, place: int) -> bytes:
    """A placeholder whose text the outline has."""
    box = (0, 0, 800, 80)
    return shape(
        holder(kind, place), textbox(numbers(Kind.OUTLINE_REFERENCE, "<I", place)), box=box
    )


def properties(*values: tuple[int, str | int], kind: int = Kind.PROPERTIES) -> bytes:
    """Properties of a shape: texts and numbers."""
    index, content = b"", b""
    for name, value in values:
        if isinstance(value, str):
            raw = f"{value}\0".encode("utf-16-le")
            index += struct.pack("<HI", name | 0x8000, len(raw))
            content += raw
        else:
            index += struct.pack("<HI", name, value)
    return record(kind, index, content, instance=len(values))


def group(
    *shapes: bytes, box: Place | None = None, frame: Place = (0, 0, 0, 0), table: bool = False
) -> bytes:
    """A group; those in it stand in the units of ``frame``, which fills ``box``."""
    left, top, right, bottom = frame
    own = numbers(Kind.GROUP_FRAME, "<4i", left, top, right, bottom)
    more = properties((TABLE, 1), kind=Kind.MORE_PROPERTIES) if table else b""
    return record(Kind.GROUP, shape(own, more, box=box), *shapes)


def drawing(*shapes: bytes) -> bytes:
    return record(Kind.DRAWING, record(Kind.ART, group(*shapes)))


def slide(*shapes: bytes, notes: int = 0, hidden: bool = False, more: bytes = b"") -> bytes:
    """A slide.

    Args:
        notes: number of its notes.
        more: what else is in it.
    """
    atom = numbers(Kind.SLIDE_ATOM, "<I8xIIHH", 0, MASTER, notes, 7, 0)
    show = numbers(Kind.SHOW_INFO, "<IIBBHI", 0, 0, 0, 0, 0x4 if hidden else 0, 0)
    return record(Kind.SLIDE, atom, show, drawing(*shapes), more)


def notes_of(value: str) -> bytes:
    """The notes on a slide, beside its picture and a number that the page shows."""
    return record(
        Kind.NOTES,
        drawing(
            shape(textbox(text(OTHER, "7"))),
            shape(holder(NOTES_HOLDER), textbox(text(NOTES, value))),
        ),
    )


def footers(flags: int, *strings: tuple[int, str], instance: int = 3) -> bytes:
    """What stands at the edge of slides."""
    atom = numbers(Kind.HEADERS_FOOTERS_ATOM, "<HH", 0, flags)
    said = [record(Kind.STRING, value.encode("utf-16-le"), instance=at) for at, value in strings]
    return record(Kind.HEADERS_FOOTERS, atom, *said, instance=instance)


def comment(value: str) -> bytes:
    strings = [
        record(Kind.STRING, part.encode("utf-16-le"), instance=at)
        for at, part in enumerate(("Ann", value))
    ]
    tag = record(Kind.BINARY_TAG, record(Kind.TAG_DATA, record(Kind.COMMENT, *strings)))
    return record(Kind.TAGS, tag)


def master() -> bytes:
    """A master whose first level of text has a bullet."""
    plain = struct.pack("<I", 0x1) + struct.pack("<H", 0) + struct.pack("<IH", 0x20000, 20)
    bulleted = struct.pack("<IHH", 0x81, 1, 0x2022) + struct.pack("<IHHI", 0x60001, 1, 20, 0)
    levels = struct.pack("<H", 2) + bulleted + plain
    style = record(Kind.MASTER_STYLE, levels, instance=BODY)
    return record(Kind.MAIN_MASTER, drawing(shape(textbox(text(BODY, "Click here")))), style)


def parts(slides: Sequence[Slide], more: bytes = b"") -> list[bytes]:
    """The objects of a presentation, the document first, numbered from 1."""
    noted = [one for one in slides if one.notes]
    first_notes = 3 + len(slides)
    listed = [
        numbers(Kind.SLIDE_PERSIST, "<IIIII", 3 + at, 0, 0, 256 + at, 0) + one.outline
        for at, one in enumerate(slides)
    ]
    spoken = [
        numbers(Kind.SLIDE_PERSIST, "<IIIII", first_notes + at, 0, 0, 1 + at, 0)
        for at in range(len(noted))
    ]
    document = record(
        Kind.DOCUMENT,
        numbers(Kind.DOCUMENT_ATOM, "<iiii24x", 5760, 4320, 4320, 5760),
        record(Kind.LIST, numbers(Kind.SLIDE_PERSIST, "<IIIII", 2, 0, 0, MASTER, 0), instance=1),
        more,
        record(Kind.LIST, *listed),
        record(Kind.LIST, *spoken, instance=2),
    )
    return [document, master(), *(one.record for one in slides), *(one.notes for one in noted)]


def edit(objects: dict[int, bytes], data: bytes = b"", before: int = 0) -> tuple[bytes, int]:
    """``data`` with objects saved behind it, and where the edit is that tells of them.

    Args:
        objects: by their numbers.
        before: where the edit before it is.
    """
    directory = b""
    for number, content in objects.items():
        directory += struct.pack("<II", 1 << 20 | number, len(data))
        data += content
    place = len(data)
    data += record(Kind.PERSIST_DIRECTORY, directory)
    at = len(data)
    values = (0, 0, before, place, 1, len(objects), 0)
    return data + numbers(Kind.USER_EDIT, "<7I", *values), at


def saved(slides: Sequence[Slide], more: bytes = b"") -> tuple[bytes, int]:
    """The main stream of slides that were saved once, and where its edit is."""
    return edit(dict(enumerate(parts(slides, more), start=1)))


def user(newest: int, mark: int = 0xE391C05F) -> bytes:
    """The stream that tells where the newest edit is."""
    return numbers(0x0FF6, "<III8x", 0x14, mark, newest)


def file(data: bytes, newest: int) -> bytes:
    """A file of a main stream."""
    return compound({"PowerPoint Document": data, "Current User": user(newest)})


def ppt() -> bytes:
    """A presentation with a bit of everything."""
    cells = [
        shape(textbox(text(OTHER, f"{x}{y}")), box=(x * 9, y * 9, x * 9 + 9, y * 9 + 9),
              placed=Kind.CHILD_ANCHOR) for y in (0, 1) for x in (0, 1)
    ]  # fmt: skip
    fields = numbers(Kind.NUMBER_FIELD, "<I", 5)
    first = slide(
        from_outline(TITLE_HOLDER, 0),
        from_outline(BODY_HOLDER, 1),
        shape(textbox(text(OTHER, "Page *", fields, narrow=True)), box=(90, 900, 500, 990)),
        shape(properties((WORD_ART, "Wow"), (0x7F, 1)), box=(90, 2000, 500, 2090)),
        shape(properties((DESCRIPTION, "a house in the rain")), kind=PICTURE),
        group(*cells, box=(0, 0, 18, 18), frame=(0, 0, 18, 18), table=True),
        notes=1,
        more=comment("why?"),
    )
    body = text(BODY, "one\ntwo", styles((4, 0, bullet(True)), (4, 1, bullet(False))))
    outline = text(TITLE, "Head") + body
    slides = [Slide(first, outline, notes_of("say hello")), Slide(slide(hidden=True))]
    return file(*saved(slides, footers(0x2C, (0, "May"), (2, "Firm"))))
