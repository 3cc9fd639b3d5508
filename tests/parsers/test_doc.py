"""Binary Word documents: structure, tables, notes, what is not shown, and hostile files."""

from __future__ import annotations

import random

import pytest

from benchmarks import fuzz_doc as word
from benchmarks.fuzz_doc import Par, cells, doc, row
from benchmarks.fuzz_xls import compound
from lsfs.errors import Encrypted, ParseError, UnsupportedFormat
from lsfs.model import Document, Merged
from lsfs_parsers.builder import broken_promise
from tests.parsers.conftest import Reader

BASE = 0xFFF
STYLES = (
    (0, BASE), (word.HEADING_1, 0), (2, 0), (word.TITLE, 0), (word.CAPTION, 0),
    (word.LIST_BULLET, 0), (word.OWN, 2), (word.OWN, 7),
)  # fmt: skip


def kinds_and_texts(document: Document) -> list[tuple[str, str]]:
    return [(block.kind.value, block.text) for block in document.blocks]


def test_structure(read: Reader) -> None:
    document = read(
        doc(
            [
                Par("Bericht", 3),
                Par("Erstens", 1),
                Par("etwas\x0bText"),
                Par("Punkt", 5),
                Par("noch einer", 0, word.listed()),
                Par("Tiefer", 2),
                Par("Eigener", 6),
                Par("Am tiefsten", 0, word.outline(2)),
                Par("Bild 1", 4),
                Par(""),
                Par("eine Schleife", 7),
                Par("Ende", 99, mark="\x0c"),
            ],
            styles=STYLES,
        ),
        "a.doc",
    )
    assert kinds_and_texts(document) == [
        ("title", "Bericht"),
        ("heading", "Erstens"),
        ("para", "etwas\nText"),
        ("list_item", "Punkt"),
        ("list_item", "noch einer"),
        ("heading", "Tiefer"),
        ("heading", "Eigener"),
        ("heading", "Am tiefsten"),
        ("caption", "Bild 1"),
        ("para", "eine Schleife"),
        ("para", "Ende"),
    ]
    assert document.blocks[7].heading_path == ("Erstens", "Eigener")
    assert (document.parser, document.line_unit) == ("doc", "paragraph")
    assert [block.spans[0].line for block in document.blocks] == list(range(1, 12))
    assert document.title == "Bericht"


@pytest.mark.parametrize("narrow", [False, True])
def test_characters(read: Reader, narrow: bool) -> None:
    letters = "caf\xe9 \u201cx\u201d \u20ac a\x1eb\x1fc\xa0d\x01\x08"
    document = read(doc([Par(letters)], narrow=narrow), "a.doc")
    assert document.text == "caf\xe9 \u201cx\u201d \u20ac a-bc\xa0d"


def test_characters_beyond_16_bits(read: Reader) -> None:
    document = read(doc([Par("a \ud83d\ude00 b"), Par("\u5951\u7d04\u66f8")]), "a.doc")
    assert document.text == "a \U0001f600 b\n\n\u5951\u7d04\u66f8"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see \x13 HYPERLINK x \x14the page\x15.", "see the page."),
        ("on \x13 DATE \x15 it ends", "on  it ends"),
        (
            "\x13 IF \x13 PAGE \x142\x15 = 2 \x14two \x13 REF a \x14three\x15\x15 done",
            "two three done",
        ),
        ("left \x13 open", "left"),
        ("closed\x15 \x14twice", "closed twice"),
    ],
)
def test_of_a_field_what_it_gives_is_shown(read: Reader, written: str, shown: str) -> None:
    assert read(doc([Par(written)]), "a.doc").text == shown


def test_what_was_deleted_is_not_shown(read: Reader) -> None:
    document = read(
        doc([Par("Revised September 1728, 1999"), Par("gone"), Par("kept")], hidden=["17", "gone"]),
        "a.doc",
    )
    assert document.text == "Revised September 28, 1999\n\nkept"


def test_tables(read: Reader) -> None:
    document = read(
        doc(
            [
                Par("before"),
                *cells("Item", "Per month", "Per year"),
                row((0, 100, 200, 300), header=True),
                *cells("Rent", "1,450", ""),
                row((0, 100, 200, 300)),
                Par("two", 0, word.in_table()),
                *cells("lines", "over both"),
                row((0, 100, 300)),
                Par("inner", 0, word.in_table(2)),
                *cells("outer", "x", "y"),
                row((0, 100, 200, 300)),
                Par("behind"),
            ]
        ),
        "a.doc",
    )
    assert [block.kind.value for block in document.blocks] == ["para", "table", "para"]
    (table,) = document.tables
    assert table.rows == (
        ("Item", "Per month", "Per year"),
        ("Rent", "1,450", ""),
        ("two lines", "over both", ""),
        ("inner outer", "x", "y"),
    )
    assert table.header_rows == 1
    assert table.merged == (Merged(2, 1, 1, 2),)
    assert table.row_lines == (2, 3, 4, 5)
    assert document.blocks[2].spans[0].line == 6


def test_cells_over_several_rows(read: Reader) -> None:
    edges = (0, 100, 200)
    document = read(
        doc(
            [
                *cells("over two", "a"),
                row(edges, (0x60,)),
                *cells("", "b"),
                row(edges, (0x20,)),
            ]
        ),
        "a.doc",
    )
    (table,) = document.tables
    assert table.rows == (("over two", "a"), ("", "b"))
    assert table.merged == (Merged(0, 0, 2, 1),)


def test_footnotes_stand_behind_what_refers_to_them(read: Reader) -> None:
    document = read(
        doc([Par("one\x02 and\x02"), Par("two")], notes=["first note", "second note"]), "a.doc"
    )
    assert kinds_and_texts(document) == [
        ("para", "one and"),
        ("footnote", "first note"),
        ("footnote", "second note"),
        ("para", "two"),
    ]


def test_word_95(read: Reader) -> None:
    assert read(word.old_doc(b"caf\xe9 \x93x\x94\rnext\r"), "a.doc").text.startswith("caf\xe9")
    document = read(word.old_doc("l\u2019\xe9t\xe9\r".encode("mac_roman"), mac=True), "a.doc")
    assert document.text == "l\u2019\xe9t\xe9"


def test_a_password(read: Reader) -> None:
    with pytest.raises(Encrypted, match="password"):
        read(doc([Par("secret")], flags=0x0100), "a.doc")


def test_older_than_word_6(read: Reader) -> None:
    with pytest.raises(UnsupportedFormat, match="before Word 6"):
        read(compound({"WordDocument": b"\xdb\xa5" + bytes(2000)}), "a.doc")


def test_a_document_with_a_workbook_in_it_is_a_document(read: Reader) -> None:
    """The directory names the streams of both; only those that stand in nothing else count."""
    plain = doc([Par("A letter with a sheet in it")])
    name = "Workbook".encode("utf-16-le")
    spoiled = plain + bytes(-len(plain) % 512) + name + bytes(512 - len(name))
    assert read(spoiled, "a.doc").text == "A letter with a sheet in it"


def test_nothing_says_where_the_text_stands(read: Reader) -> None:
    whole = doc([Par("text")])
    at = whole.index(b"\x02\x10\0\0\0")  # the table of pieces
    with pytest.raises(ParseError, match="damaged: nothing says where"):
        read(whole[:at] + b"\x07" + whole[at + 1 :], "a.doc")


def test_spoiled_documents_are_read_or_damaged(read: Reader) -> None:
    chance = random.Random(4)
    whole = doc(
        [
            Par("Bericht", 3),
            *cells("a", "b"),
            row((0, 100, 200)),
            Par("one\x02"),
            Par("\x13 REF \x14x\x15", 1),
        ],
        styles=STYLES,
        notes=["note"],
        hidden=["o"],
    )
    damaged = 0
    for _ in range(150):
        spoiled = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(512, len(spoiled))
            spoiled[at] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        try:
            document = read(bytes(spoiled), "a.doc")
        except ParseError:
            damaged += 1
        else:
            assert not broken_promise(document)
    assert 0 < damaged < 150
