"""PowerPoint files of before 2007: order, outline, boxes, tables, notes, edits, hostile files."""

from __future__ import annotations

import random
import struct

import pytest

from benchmarks import fuzz_ppt as deck
from benchmarks.fuzz_ppt import BODY, OTHER, TITLE, Slide, file, saved, shape, slide, text, textbox
from benchmarks.fuzz_xls import compound
from lsfs.errors import Encrypted, ParseError, UnsupportedFormat
from lsfs.model import Document, Merged, Status
from lsfs_parsers.builder import broken_promise
from lsfs_parsers.ppt_records import Kind
from tests.parsers.conftest import Reader

STREAM = "PowerPoint Document"


def kinds_and_texts(document: Document, page: int = 1) -> list[tuple[str, str]]:
    return [
        (block.kind.value, block.text) for block in document.blocks if block.spans[0].page == page
    ]


def box(value: str, *more: bytes, at: tuple[int, int] = (0, 0), kind: int = OTHER) -> bytes:
    left, top = at
    place = (left, top, left + 80, top + 80)
    return shape(textbox(text(kind, value, *more)), box=place)


def outlined(title: str, body: str, *more: bytes) -> Slide:
    """A slide whose body stands before its title in the file."""
    shapes = deck.from_outline(deck.BODY_HOLDER, 1), deck.from_outline(deck.TITLE_HOLDER, 0)
    return Slide(slide(*shapes), text(TITLE, title, narrow=True) + text(BODY, body, *more))


def test_slides_are_pages(read: Reader) -> None:
    styles = deck.styles((4, 0, deck.bullet(False)), (8, 0, struct.pack("<I", 0)))
    slides = [
        outlined("Größe\vund", "eins\nzw\vei\ndrei", styles),
        outlined("Second", "я", deck.styles((2, 1, struct.pack("<I", 0)))),
    ]
    document = read(file(*saved(slides)), "a.ppt")
    assert document.page_unit == "slide"
    assert [(page.width, page.height) for page in document.pages] == [(720.0, 540.0)] * 2
    assert kinds_and_texts(document) == [
        ("heading", "Größe und"),
        ("para", "eins"),
        ("list_item", "zw\nei"),
        ("list_item", "drei"),
    ]
    assert kinds_and_texts(document, 2) == [("heading", "Second"), ("para", "я")]
    assert document.status is Status.OK
    assert document.title == "Größe und"


def test_the_order_is_that_of_the_list(read: Reader) -> None:
    first, second = Slide(slide(box("first"))), Slide(slide(box("second")))
    objects = deck.parts([first, second])
    objects[2], objects[3] = objects[3], objects[2]
    listed = dict(zip((1, 2, 4, 3), objects, strict=True))
    document = read(file(*deck.edit(listed)), "a.ppt")
    assert document.text == "first\n\nsecond"


def test_boxes_are_read_row_by_row(read: Reader) -> None:
    placed = Kind.CHILD_ANCHOR
    inner = [
        shape(textbox(text(OTHER, name)), box=(0, top, 9, top + 9), placed=placed)
        for name, top in (("lower", 90), ("upper", 0))
    ]
    # Its own units are ten times as big as those of the slide.
    group = deck.group(*inner, box=(500, 0, 590, 990), frame=(0, 0, 9, 99))
    shapes = [
        box("below", at=(0, 2000)),
        group,
        box("left"),
        shape(textbox(text(OTHER, "deleted")), box=(0, 90, 9, 99), flags=0x8),
        shape(deck.properties((0x7F, 1), (deck.WORD_ART, "Art\r\nwork")), box=(0, 3000, 9, 3009)),
        box("title", at=(0, 4000), kind=TITLE),
        shape(textbox(), box=(0, 0, 1, 1)),
    ]
    document = read(file(*saved([Slide(slide(*shapes))])), "a.ppt")
    assert [text for _, text in kinds_and_texts(document)] == [
        "title", "left", "upper", "lower", "below", "Art", "work",
    ]  # fmt: skip
    lower = next(block for block in document.blocks if block.text == "lower")
    assert lower.spans[0].bbox == (62.5, 112.5, 73.75, 123.75)


def test_what_the_outline_has_and_no_shape_shows(read: Reader) -> None:
    lost = Slide(slide(box("box"), box("twice")), text(BODY, "rest") + text(BODY, "twice"))
    document = read(file(*saved([lost])), "a.ppt")
    assert document.text == "box\n\ntwice\n\nrest"


def test_tables(read: Reader) -> None:
    def cell(value: str, left: int, top: int, width: int = 100) -> bytes:
        place = (left, top, left + width, top + 50)
        return shape(textbox(text(OTHER, value)), box=place, placed=Kind.CHILD_ANCHOR)

    border = shape(box=(30, 30, 40, 30), kind=20, placed=Kind.CHILD_ANCHOR)
    cells = [cell("d", 100, 50), cell("a\nb", 0, 0), cell("c", 0, 50), cell("wide", 0, 100, 200)]
    frame = (0, 0, 200, 150)
    table = deck.group(*cells, border, box=frame, frame=frame, table=True)
    apart = [cell(name, at * 200, at * 100) for at, name in enumerate("uvwxyz")]
    no_table = deck.group(*apart, box=(0, 900, 2000, 2000), frame=(0, 0, 2000, 1100), table=True)
    document = read(file(*saved([Slide(slide(table, no_table))])), "a.ppt")
    (found,) = document.tables
    assert found.rows == (("a b", ""), ("c", "d"), ("wide", ""))
    assert found.merged == (Merged(2, 0, 1, 2),)
    assert document.text.endswith("u\n\nv\n\nw\n\nx\n\ny\n\nz")


@pytest.mark.parametrize(
    ("said", "shown"),
    [("a house in the rain", 1), ("EPF_logo", 0), ("C:\\My Files\\a", 0), ("my house.jpg", 1)],
)
def test_what_a_person_says_of_a_picture(read: Reader, said: str, shown: int) -> None:
    picture = shape(deck.properties((deck.DESCRIPTION, said)), kind=deck.PICTURE)
    document = read(file(*saved([Slide(slide(box("x"), picture))])), "a.ppt")
    assert kinds_and_texts(document)[1:] == [("figure", said)] * shown


def test_notes_comments_and_hidden_slides(read: Reader) -> None:
    slides = [
        Slide(slide(box("one"))),
        Slide(
            slide(notes=1, hidden=True, more=deck.comment("why?\r\nso")), b"", deck.notes_of("a\nb")
        ),
    ]
    document = read(file(*saved(slides)), "a.ppt")
    assert kinds_and_texts(document, 2) == [
        ("footnote", "Notes: a\nb"),
        ("footnote", "Comment: why?\nso"),
    ]
    assert [page.label for page in document.pages] == ["1", "2 (hidden)"]


def test_what_stands_at_the_edge(read: Reader) -> None:
    fields = [
        deck.numbers(kind, "<I", at)
        for at, kind in (
            (0, Kind.NUMBER_FIELD),
            (2, Kind.FOOTER_FIELD),
            (4, Kind.DATE_FIELD),
            (9, 1),
        )
    ]
    own = deck.footers(0x20, (2, "Own"), instance=0)
    edge = shape(
        deck.record(Kind.CLIENT_DATA, deck.numbers(Kind.EDGE_PLACEHOLDER, "<B", 9)),
        textbox(text(OTHER, "as drawn")),
    )
    slides = [
        Slide(slide(box("* * * *", *fields))),
        Slide(slide(box("x"), more=own)),
        Slide(slide(box("x"), edge)),
    ]
    said = deck.footers(0x2C, (0, "May"), (2, "Firm"))
    document = read(file(*saved(slides, said)), "a.ppt")
    assert kinds_and_texts(document) == [("para", "1 Firm  *")]
    beside = [(one.page, one.role.value, one.text) for one in document.furniture]
    assert beside == [
        (1, "footer", "May"), (1, "page_number", "1"), (1, "footer", "Firm"),
        (2, "footer", "Own"),
        (3, "footer", "as drawn"), (3, "footer", "May"), (3, "page_number", "3"),
    ]  # fmt: skip


# --- what was saved when


def edited() -> tuple[bytes, int, int]:
    """A presentation whose slide was changed: its main stream, the first edit and the last."""
    data, first = saved([Slide(slide(box("old")))])
    data, last = deck.edit({3: slide(box("new"))}, data, first)
    return data, first, last


def test_the_newest_edit_counts(read: Reader) -> None:
    data, _, last = edited()
    assert read(file(data, last), "a.ppt").text == "new"


@pytest.mark.parametrize("before", ["itself", "nowhere", "nothing"])
def test_a_chain_of_edits_that_is_broken(read: Reader, before: str) -> None:
    data, _, last = edited()
    target = {"itself": last, "nowhere": 2**31, "nothing": 0}[before]
    data = data[: last + 16] + struct.pack("<I", target) + data[last + 20 :]
    document = read(file(data, last), "a.ppt")
    assert (document.text, document.status) == ("new", Status.OK)


def test_nothing_says_which_edit_is_the_newest(read: Reader) -> None:
    data, _, _ = edited()
    assert read(compound({STREAM: data}), "a.ppt").text == "new"
    assert read(file(data, 5), "a.ppt").text == "new"


def test_slides_that_are_lost(read: Reader) -> None:
    data, last = saved([outlined("Kept", "a"), Slide(slide(box("x")))])
    lost = data.replace(struct.pack("<HHI", 0xF, Kind.SLIDE, 0)[:4], b"\x0f\0\xef\x0f", 1)
    document = read(file(lost, last), "a.ppt")
    assert document.status is Status.PARTIAL
    assert "slides 1/2 were read" in document.reason
    assert document.text == "Kept\n\na\n\nx"
    assert len(document.pages) == 2


def test_slides_without_a_document(read: Reader) -> None:
    data = slide(box("first")) + slide(box("second"))
    assert read(compound({STREAM: data}), "a.ppt").text == "first\n\nsecond"
    with pytest.raises(ParseError, match="damaged"):
        read(compound({STREAM: deck.master()}), "a.ppt")


def test_a_presentation_without_slides(read: Reader) -> None:
    assert read(file(*saved([])), "a.ppt").status is Status.EMPTY


# --- what is not read


def test_a_password(read: Reader) -> None:
    data, last = saved([Slide(slide(box("x")))])
    marked = deck.numbers(Kind.USER_EDIT, "<8I", 0, 0, 0, 0, 1, 1, 0, 9)
    for streams in (
        {STREAM: data, "EncryptedSummary": b"x"},
        {STREAM: data, "Current User": deck.user(last, 0xF3D1C4DF)},
        {STREAM: data + marked, "Current User": deck.user(len(data))},
    ):
        with pytest.raises(Encrypted):
            read(compound(streams), "a.ppt")


def test_of_powerpoint_95(read: Reader) -> None:
    name = struct.pack("<I", 4092).ljust(4096, b"N")
    for streams in ({"PP40": b"x"}, {STREAM: b"x", "Current User": name}):
        with pytest.raises(UnsupportedFormat, match="95"):
            read(compound(streams), "a.ppt")


# --- hostile files


def test_groups_in_groups(read: Reader) -> None:
    depth = 20_000
    deep = b"".join(
        struct.pack("<HHI", 0xF, Kind.GROUP, 8 * (depth - 1 - at)) for at in range(depth)
    )
    document = read(file(*saved([Slide(slide(deep, box("x")))])), "a.ppt")
    assert document.text == "x"


def test_lengths_beyond_the_end(read: Reader) -> None:
    long = deck.record(Kind.WIDE_TEXT, b"a\0b\0", length=2**32 - 1)
    cut = shape(textbox(deck.numbers(Kind.TEXT_HEADER, "<I", OTHER), long))
    document = read(file(*saved([Slide(slide(cut, box("x")))])), "a.ppt")
    assert kinds_and_texts(document)[-1] == ("para", "ab")


def test_a_slide_that_is_listed_again_and_again(read: Reader) -> None:
    many = deck.parts([Slide(slide(*[box("x")] * 500))] * 500)
    places = {1: many[0], 2: many[1], 3: many[2]}
    data, _ = deck.edit(places)
    start = data.index(struct.pack("<HHI", 0, Kind.PERSIST_DIRECTORY, 24))
    (where,) = struct.unpack_from("<I", data, start + 28)
    directory = struct.pack("<II", 1 << 20 | 1, 0)
    directory += struct.pack("<I", 500 - 1 << 20 | 3) + struct.pack("<I", where) * 499
    data = data[:start] + deck.record(Kind.PERSIST_DIRECTORY, directory)
    edit = deck.numbers(Kind.USER_EDIT, "<7I", 0, 0, 0, start, 1, 9, 0)
    document = read(file(data + edit, len(data)), "a.ppt")
    assert document.status is Status.PARTIAL
    assert "too big" in document.reason
    assert 0 < len(document.pages) < 500


def test_nothing_but_records(read: Reader) -> None:
    tiny = struct.pack("<HHI", 0, Kind.DOCUMENT, 0) * 800_000
    with pytest.raises(ParseError, match="too big"):
        read(compound({STREAM: tiny}), "a.ppt")


def test_spoiled_presentations_are_read_or_damaged(read: Reader) -> None:
    whole, chance = deck.ppt(), random.Random(7)
    for _ in range(150):
        spoiled = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(512, len(spoiled))
            spoiled[at] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        try:
            assert broken_promise(read(bytes(spoiled), "a.ppt")) == ""
        except ParseError:
            continue
