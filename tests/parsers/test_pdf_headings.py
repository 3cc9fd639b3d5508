"""PDF: headings that the outline or the tags of a file name, or that stand alone over text."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from typing import Any

import pypdfium2
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from lsfs.model import BlockKind, Document
from lsfs_parsers import pdf_outline
from lsfs_parsers.pdf_lines import Line, Turn
from lsfs_parsers.pdf_outline import MOST_ENTRIES, Entry, Outline, keys_of, read_outline
from lsfs_parsers.pdf_page import PdfPage
from lsfs_parsers.pdf_style import Style
from tests.parsers.conftest import Reader

HEIGHT: float = A4[1]
SIZE, LEADING = 10, 13
PROSE = [
    "The tenant pays the rent on every first working day of a month, and the owner keeps the",
    "house in order so that nobody who lives there has a reason to complain about it before",
    "the end of the year in which the contract was signed by both of them.",
]
Page = list[str]


def drawn(*pages: Page, bookmarks: Callable[[Canvas], None] = lambda canvas: None) -> bytes:
    """Pages of lines, all in the same letters; an empty one is a gap."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    for number, lines in enumerate(pages, 1):
        canvas.setFont("Helvetica", SIZE)
        for letter in "abc":  # one entry for each
            canvas.bookmarkPage(f"page {number}{letter}")
        for place, line in enumerate(lines):
            canvas.drawString(72, y_of(place), line)
        canvas.showPage()
    bookmarks(canvas)
    canvas.save()
    return stream.getvalue()


def y_of(place: int) -> float:
    return HEIGHT - 90 - place * LEADING


def headings(document: Document) -> list[tuple[int, str]]:
    found = [block for block in document.blocks if block.kind is BlockKind.HEADING]
    return [(block.level, block.text) for block in found]


def outlined(*entries: tuple[str, int, str]) -> Callable[[Canvas], None]:
    """An outline of titles, levels from 0, and the keys of what they point to."""

    def add(canvas: Canvas) -> None:
        for title, level, key in entries:
            canvas.addOutlineEntry(title, key, level)

    return add


def test_headings_that_only_the_outline_tells(read: Reader) -> None:
    """Their lines look as the text does, follow it without a gap, and one has two lines."""
    page = ["Duties", *PROSE, "What the owner may ask of the tenant when the lease", "ends", *PROSE]
    entries = outlined(
        ("1 Duties", 0, "page 1a"),
        ("1.1 What the owner may ask of the tenant when the lease ends", 1, "page 1b"),
        ("A page that is not there", 1, "page 1c"),
    )
    document = read(drawn(page, bookmarks=entries))
    long = "What the owner may ask of the tenant when the lease ends"
    assert headings(document) == [(1, "Duties"), (2, long)]
    paragraphs = [block for block in document.blocks if block.kind is BlockKind.PARAGRAPH]
    assert [block.heading_path for block in paragraphs] == [("Duties",), ("Duties", long)]


def test_an_entry_that_points_to_the_page_before(read: Reader) -> None:
    document = read(drawn(PROSE, ["Duties", *PROSE], bookmarks=outlined(("Duties", 0, "page 1a"))))
    assert headings(document) == [(1, "Duties")]
    assert document.blocks[1].spans[0].page == 2


def test_of_two_lines_that_say_it_the_one_that_is_pointed_to(read: Reader) -> None:
    def mark(canvas: Canvas) -> None:
        canvas.bookmarkHorizontal("there", 0, y_of(8) + SIZE)
        canvas.addOutlineEntry("Duties", "there", 0)

    lines = ["Duties", "", *PROSE, "", "", "", "Duties", *PROSE]
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    canvas.setFont("Helvetica", SIZE)
    for place, line in enumerate(lines):
        canvas.drawString(72, y_of(place), line)
    mark(canvas)
    canvas.save()
    document = read(stream.getvalue())
    (heading,) = (block for block in document.blocks if block.kind is BlockKind.HEADING)
    assert heading.char_start > document.text.index(PROSE[0])


def test_the_end_of_a_sentence_is_no_heading(read: Reader) -> None:
    page = [*PROSE[:2], "duties.", *PROSE]
    assert headings(read(drawn(page, bookmarks=outlined(("Duties", 0, "page 1a"))))) == []


def test_sizes_have_the_levels_of_the_outline() -> None:
    """Headings that the outline leaves out stand under those of a bigger size that it names."""

    def line(text: str, size: float, top: float) -> Line:
        return Line(text, (72, top, 200, top + size), size, False, False, ())

    turn = Turn(0, (0, 0, *A4))
    page = PdfPage(1, "", turn, turn)
    page.lines = [line("Book", 30, 50), line("One", 20, 100), line("Two", 20, 300)]
    outline = Outline([Entry(1, keys_of("One"), 1, None), Entry(1, keys_of("Two"), 1, None)])
    style = Style(10, (30, 20, 14, 12))
    outline.tell(page, style)
    ranked = Style(10, style.levels, outline.ranks())
    levels = {size: ranked.heading_level(line("Any", size, 0)) for size in style.levels}
    assert levels == {30: 1, 20: 1, 14: 2, 12: 3}
    assert [one.told.level if one.told else 0 for one in page.lines] == [0, 1, 1]


@pytest.mark.parametrize(
    ("heading", "level"),
    [("2.1 Scope", 2), ("2.1.3 Terms of payment", 3), ("3. Term", 1), ("DEFINITIONS", 1),
     ("Article 5 Confidentiality", 1), ("§ 12 Kündigung", 1), ("Section IV", 1)],
)  # fmt: skip
def test_lines_that_stand_alone_over_text(read: Reader, heading: str, level: int) -> None:
    document = read(drawn([*PROSE, "", heading, *PROSE]))
    assert headings(document) == [(level, heading)]


@pytest.mark.parametrize(
    "lines",
    [
        ["2.1 The tenant shall pay the rent.", *PROSE],  # a sentence
        ["2.1 Scope", "2.2 Terms", "2.3 Notices"],  # a list of contents
        ["2.5 million"],  # nothing below
        ["2.1 scope of the", *PROSE],  # a sentence that goes on
        ["ACME HOLDINGS", "12 Mill Lane", "Leeds"],  # an address
        ["Scope 2.1 . . . . . 12", *PROSE],
        ["3. The first of the things that the tenant has to do in the house is to pay the", *PROSE],
    ],
)  # fmt: skip
def test_lines_that_are_no_headings(read: Reader, lines: Page) -> None:
    assert headings(read(drawn([*PROSE, "", *lines]))) == []


def objects(*bodies: str) -> bytes:
    """A PDF file of numbered objects, the first of which is the catalog."""
    data = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(data)
    data += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += f"trailer <</Size {len(places) + 1} /Root 1 0 R>>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(data)


def stream(text: str) -> str:
    return f"<</Length {len(text)}>>\nstream\n{text}\nendstream"


PAGES = (
    "<</Type /Pages /Kids [3 0 R] /Count 1>>",
    "<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /StructParents 0"
    " /Resources <</Font <</F <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>>>>>>",
)


def hostile_outlines() -> Iterator[tuple[str, bytes]]:
    text = stream("BT /F 10 Tf 72 700 Td (Duties) Tj ET")
    to_page = "/Dest [3 0 R /XYZ 0 710 0]"
    catalog = "<</Type /Catalog /Pages 2 0 R /Outlines 5 0 R>>"
    root = "<</Type /Outlines /First 6 0 R /Last 6 0 R>>"
    circle = f"<</Title (Duties) /Parent 5 0 R /Next 6 0 R /First 6 0 R {to_page}>>"
    yield "circle", objects(catalog, *PAGES, text, root, circle)
    nowhere = "<</Title (Duties) /Parent 5 0 R /Dest [99 0 R /XYZ null null null]>>"
    yield "nowhere", objects(catalog, *PAGES, text, root, nowhere)
    far = "<</Title (Duties) /Parent 5 0 R /Dest [400000 /Fit]>>"
    yield "far", objects(catalog, *PAGES, text, root, far)
    deep = [f"<</Title (Duties {n}) /First {n + 1} 0 R {to_page}>>" for n in range(6, 3000)]
    yield "deep", objects(catalog, *PAGES, text, root, *deep)
    wide = [f"<</Title (Duties {n}) /Next {n + 1} 0 R {to_page}>>" for n in range(6, 40_000)]
    yield "wide", objects(catalog, *PAGES, text, root, *wide)


@pytest.mark.parametrize(("name", "data"), list(hostile_outlines()))
def test_hostile_outlines_are_bounded(read: Reader, name: str, data: bytes) -> None:
    with pypdfium2.PdfDocument(data) as pdf:
        assert len(read_outline(pdf)) <= MOST_ENTRIES
    document = read(data)
    assert document.text == "Duties"
    assert (document.blocks[0].kind is BlockKind.HEADING) == (name == "circle")


def test_many_entries_are_compared_with_few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def counted(junk: None, one: str, other: str) -> SequenceMatcher[str]:
        compared.append(one)
        return SequenceMatcher(junk, one, other)

    monkeypatch.setattr(pdf_outline, "SequenceMatcher", counted)
    turn = Turn(0, (0, 0, *A4))
    page = PdfPage(1, "", turn, turn)
    page.lines = [
        Line(f"A tale of two houses {n}", (72, 100, 500, 110), 10, False, False, ())
        for n in range(1000)
    ]
    entries = [Entry(1, keys_of(f"A tale of a street {n}"), 1, 742.0) for n in range(1000)]
    Outline(entries).tell(page, Style(10, ()))
    assert 0 < len(compared) < 50 * len(entries)


def tagged(*contents: tuple[str, str, float]) -> bytes:
    """A page of texts with their tags and heights."""
    drawing = "".join(
        f"/{tag} <</MCID {n}>> BDC BT /F 10 Tf 72 {y} Td ({text}) Tj ET EMC\n"
        for n, (tag, text, y) in enumerate(contents)
    )
    elements = [
        f"<</Type /StructElem /S /{tag} /P 6 0 R /Pg 3 0 R /K {n}>>"
        for n, (tag, _, _) in enumerate(contents)
    ]
    kids = " ".join(f"{7 + n} 0 R" for n in range(len(elements)))
    return objects(
        "<</Type /Catalog /Pages 2 0 R /MarkInfo <</Marked true>> /StructTreeRoot 5 0 R>>",
        *PAGES,
        stream(drawing),
        f"<</Type /StructTreeRoot /K 6 0 R /ParentTree <</Nums [0 [{kids}]]>>>>",
        f"<</Type /StructElem /S /Document /P 5 0 R /K [{kids}]>>",
        *elements,
    )


def test_headings_that_only_the_tags_tell(read: Reader) -> None:
    contents: list[Any] = [("H1", "Duties of the tenant", 700), ("H3", "Rent", 670)]
    contents += [("P", line, 657 - LEADING * n) for n, line in enumerate(PROSE)]
    document = read(tagged(*contents))
    assert headings(document) == [(1, "Duties of the tenant"), (3, "Rent")]
    assert document.blocks[-1].heading_path == ("Duties of the tenant", "Rent")


def test_tags_that_call_the_text_headings_are_wrong(read: Reader) -> None:
    contents = [("H1", line, 700.0 - LEADING * n) for n, line in enumerate(PROSE * 4)]
    assert headings(read(tagged(*contents))) == []


def test_a_tagged_word_within_a_line_is_no_heading(read: Reader) -> None:
    document = read(tagged(("H1", "Rent", 700), ("P", "          is due on the first day.", 700)))
    assert headings(document) == []
