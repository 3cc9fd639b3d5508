"""PDF: what is read beside the neighbours: columns, furniture, notes, joins, turned pages."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from lsfs.model import BlockKind, Document, FurnitureRole, Status
from lsfs_parsers.builder import broken_promise
from tests.parsers.conftest import Reader

WIDTH, HEIGHT = A4
TEXT = """
the tenant pays rent to the owner on every first working day of a month and the owner keeps the
house in order so that nobody who lives there has a reason to complain about it before the end of
the year in which the contract was signed by both of them in Hamburg
"""
WORDS = TEXT.split()
LEADING = 14.0


def prose(count: int, first: int = 0) -> list[str]:
    """So many words, the first one capitalised and the last one with a full stop."""
    words = [WORDS[(first + n) % len(WORDS)] for n in range(count)]
    return [words[0].capitalize(), *words[1:-1], f"{words[-1]}."]


class Setter:
    """Sets words in columns, as a typesetter does: from column to column, from page to page."""

    def __init__(self, columns: int = 1, *, top: float = 90, bottom: float = 760) -> None:
        self.stream = io.BytesIO()
        self.canvas = Canvas(self.stream, pagesize=A4, invariant=True)
        self._top, self._bottom = top, bottom
        gap = 24.0
        self._measure = (WIDTH - 120 - gap * (columns - 1)) / columns
        self._lefts = [60 + n * (self._measure + gap) for n in range(columns)]
        self._column, self._y = 0, top
        self.pages = 1
        self.on_page: Callable[[Canvas, int], None] = lambda canvas, number: None

    def paragraph(self, words: list[str], *, indent: float = 0.0, size: float = 10) -> None:
        font = "Helvetica"
        line: list[str] = []
        room = self._measure - indent
        for word in words:
            if line and self.canvas.stringWidth(" ".join([*line, word]), font, size) > room:
                self._line(line, indent, size, justified=True)
                line, indent, room = [], 0.0, self._measure
            line.append(word)
        self._line(line, indent, size, justified=False)
        self._y += 6

    def heading(self, text: str) -> None:
        self._y += 10
        self._room()
        self.canvas.setFont("Helvetica-Bold", 14)
        self.canvas.drawString(self._lefts[self._column], HEIGHT - self._y, text)
        self._y += 22

    def note(self, text: str, at: float = 770) -> None:
        self.canvas.line(60, HEIGHT - at + 10, 160, HEIGHT - at + 10)
        self.canvas.setFont("Helvetica", 8)
        self.canvas.drawString(60, HEIGHT - at, text)

    def page(self) -> None:
        self.on_page(self.canvas, self.pages)
        self.canvas.showPage()
        self.pages += 1
        self._column, self._y = 0, self._top

    def done(self) -> bytes:
        self.on_page(self.canvas, self.pages)
        self.canvas.save()
        return self.stream.getvalue()

    def _room(self) -> None:
        if self._y > self._bottom:
            self._column, self._y = self._column + 1, self._top
            if self._column == len(self._lefts):
                self.page()

    def _line(self, words: list[str], indent: float, size: float, *, justified: bool) -> None:
        self._room()
        text = self.canvas.beginText(self._lefts[self._column] + indent, HEIGHT - self._y)
        text.setFont("Helvetica", size)
        line = " ".join(words)
        room = self._measure - indent - self.canvas.stringWidth(line, "Helvetica", size)
        text.setWordSpace(room / (len(words) - 1) if justified and len(words) > 1 else 0)
        text.textLine(line)
        self.canvas.drawText(text)
        self._y += LEADING


def paragraphs(document: Document) -> list[str]:
    return [block.text for block in document.blocks if block.kind is BlockKind.PARAGRAPH]


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("indent", [0.0, 14.0])
def test_paragraphs_go_on_over_columns_and_pages(read: Reader, columns: int, indent: float) -> None:
    setter = Setter(columns)
    written = [prose(70 + 9 * n, n) for n in range(24)]
    for words in written:
        setter.paragraph(words, indent=indent)
    document = read(setter.done(), "a.pdf")
    assert len(document.pages) > 1
    assert paragraphs(document) == [" ".join(words) for words in written]
    assert any(len({span.page for span in block.spans}) == 2 for block in document.blocks)


def test_columns_do_not_depend_on_the_drawing_order(read: Reader) -> None:
    """The left column's lines and the right one's are drawn in turns."""
    left = [f"left line number {n} goes on and on to the edge" for n in range(20)]
    right = [f"right line number {n} goes on and on to the edge" for n in range(20)]
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFont("Helvetica", 10)
    for n in sorted(range(20), key=lambda n: n * 7 % 20):
        canvas.drawString(320, 700 - LEADING * n, right[n])
        canvas.drawString(60, 700 - LEADING * n, left[n])
    canvas.save()
    text = " ".join(read(stream.getvalue(), "a.pdf").text.split())
    found = [text.index(line) for line in (*left, *right)]
    assert found == sorted(found)


def test_running_heads_and_page_numbers_stand_beside(read: Reader) -> None:
    setter = Setter()

    def furniture(canvas: Canvas, number: int) -> None:
        canvas.setFont("Helvetica", 8)
        head = "Annual report 2023" if number % 2 else "Chapter one"
        canvas.drawString(60, HEIGHT - 40, head)
        canvas.drawCentredString(WIDTH / 2, 30, f"- {number + 9} -")

    setter.on_page = furniture
    for n in range(28):
        setter.paragraph(prose(90 + n, n))
    document = read(setter.done(), "a.pdf")
    count = len(document.pages)
    assert count >= 4
    assert "report" not in document.text and "Chapter" not in document.text
    heads = [one for one in document.furniture if one.role is FurnitureRole.HEADER]
    assert [one.page for one in heads] == list(range(1, count + 1))
    numbers = [one.text for one in document.furniture if one.role is FurnitureRole.PAGE_NUMBER]
    assert numbers == [f"- {number + 9} -" for number in range(1, count + 1)]
    box = heads[0].bbox
    assert box is not None and box[3] < 50


def test_pages_that_hold_nothing_but_the_same_lines_keep_them(read: Reader) -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    for number in range(4):
        canvas.drawString(60, HEIGHT - 60, "Receipt of the harbour office")
        canvas.drawString(60, HEIGHT - 80, "paid in cash, with thanks")
        canvas.drawCentredString(WIDTH / 2, 30, f"{number + 1}")
        canvas.showPage()
    canvas.save()
    document = read(stream.getvalue(), "receipts.pdf")
    assert document.text.count("Receipt of the harbour office") == 4
    assert [one.role for one in document.furniture] == [FurnitureRole.PAGE_NUMBER] * 4


def test_page_numbers_within_wide_margins(read: Reader) -> None:
    setter = Setter(top=200, bottom=600)
    setter.on_page = lambda canvas, number: canvas.drawString(300, HEIGHT - 660, str(number))
    for n in range(14):
        setter.paragraph(prose(90 + n, n))
    document = read(setter.done(), "a.pdf")
    assert len(document.pages) > 2
    assert [one.text for one in document.furniture] == [str(p.no) for p in document.pages]


def test_what_repeats_within_the_text_stays(read: Reader) -> None:
    """Headings of chapters that begin each page, and a table's header, are no running heads."""
    setter = Setter(top=60)
    for number in range(1, 5):
        setter.heading(f"Section {number}")
        setter.paragraph(prose(80, number))
        setter.page()
    document = read(setter.done(), "a.pdf")
    assert document.furniture == ()
    headings = [b.text for b in document.blocks if b.kind is BlockKind.HEADING]
    assert headings == [f"Section {number}" for number in range(1, 5)]


def test_footnotes_are_blocks_of_their_own(read: Reader) -> None:
    setter = Setter(bottom=740)
    setter.paragraph(prose(120))
    setter.note("1 See the contract of 3 May 2023.")
    setter.note("2 Also the letter of the owner.", at=780)
    document = read(setter.done(), "a.pdf")
    kinds = [block.kind for block in document.blocks]
    assert kinds == [BlockKind.PARAGRAPH, BlockKind.FOOTNOTE, BlockKind.FOOTNOTE]
    assert document.blocks[2].text == "2 Also the letter of the owner."


def test_a_caption_between_the_halves_of_a_sentence(read: Reader) -> None:
    setter = Setter(bottom=600)
    words = prose(300)
    setter.paragraph(words)
    setter.canvas.setFont("Helvetica", 10)
    setter.canvas.drawString(60, 100, "Figure 1: The house in Hamburg")
    document = read(setter.done(), "a.pdf")
    assert paragraphs(document) == [" ".join(words)]
    assert [b.text for b in document.blocks if b.kind is BlockKind.CAPTION] == [
        "Figure 1: The house in Hamburg"
    ]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("upright", [True, False], ids=["upright", "as drawn"])
def test_turned_pages(read: Reader, rotation: int, upright: bool) -> None:
    """Text that stands upright on a turned page, and text that is turned on an upright page."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(600, 600))
    canvas.setPageRotation(rotation if upright else 0)
    canvas.translate(300, 300)
    canvas.rotate(rotation)
    canvas.translate(-300, -300)
    canvas.setFont("Helvetica", 11)
    lines = [f"This is line number {n} and it is long enough to be read" for n in range(8)]
    for n, line in enumerate(lines):
        canvas.drawString(80, 500 - LEADING * n, line)
    canvas.save()
    document = read(stream.getvalue(), "a.pdf")
    assert " ".join(document.text.split()) == " ".join(lines)
    assert document.pages[0].rotation == (rotation if upright else 0)
    box = document.blocks[0].spans[0].bbox
    assert box is not None
    left, top, right, bottom = box
    if upright or rotation == 0:
        assert (left, bottom) == (pytest.approx(80, abs=3), pytest.approx(100, abs=5))
        assert right - left > 200 > bottom - top
    else:
        assert 0 <= left < right <= 600 and 0 <= top < bottom <= 600
        assert (bottom - top > 200) is (rotation != 180)


def test_text_up_the_side_is_furniture(read: Reader) -> None:
    setter = Setter()
    setter.paragraph(prose(120))
    setter.canvas.saveState()
    setter.canvas.translate(30, 300)
    setter.canvas.rotate(90)
    setter.canvas.drawString(0, 0, "arXiv:2410.11843v1")
    setter.canvas.restoreState()
    document = read(setter.done(), "a.pdf")
    assert len(document.blocks) == 1
    (side,) = document.furniture
    assert (side.text, side.role) == ("arXiv:2410.11843v1", FurnitureRole.MARGIN)


def test_letters_scaled_by_the_matrix_keep_their_size(read: Reader) -> None:
    """Many programs set the font to one point and scale it."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    for y, scale, line in ((780, 20, "A Big Title"), (740, 10, " ".join(prose(16)))):
        canvas.saveState()
        canvas.translate(60, y)
        canvas.scale(scale, scale)
        canvas.setFont("Helvetica", 1)
        canvas.drawString(0, 0, line)
        canvas.restoreState()
    canvas.save()
    blocks = read(stream.getvalue(), "a.pdf").blocks
    assert [block.kind for block in blocks] == [BlockKind.HEADING, BlockKind.PARAGRAPH]


def test_a_justified_line_of_few_words_has_no_cells(read: Reader) -> None:
    setter = Setter(2)
    words = [
        word
        for n in range(20)
        for word in ("Verlängerung", "der", "Vereinbarungen", "mit", "der", "Stadt")
    ]
    setter.paragraph(words)
    document = read(setter.done(), "a.pdf")
    assert document.tables == ()
    assert paragraphs(document) == [" ".join(words)]


@pytest.mark.parametrize("columns", [1, 2])
def test_every_quote_is_on_its_page_by_an_independent_tool(
    read: Reader, tmp_path: Path, columns: int
) -> None:
    """What a span cuts out is found on the span's page by pdftotext; offsets have one page."""
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    setter = Setter(columns)
    for n in range(30):
        setter.heading(f"Number {n}")
        setter.paragraph(prose(60 + n, n))
    path = tmp_path / "a.pdf"
    path.write_bytes(setter.done())
    document = read(path.read_bytes(), "a.pdf")
    assert document.status is Status.OK and broken_promise(document) == ""
    last = 0
    for block in document.blocks:
        for span in block.spans:
            assert span.char_start >= last and span.page is not None
            last = span.char_end
    for number in range(1, len(document.pages) + 1):
        place = ["-f", str(number), "-l", str(number)]
        done = subprocess.run([tool, *place, path, "-"], capture_output=True, check=True)
        said = " ".join(done.stdout.decode().split())
        spans = [s for block in document.blocks for s in block.spans if s.page == number]
        assert spans
        for span in spans:
            assert document.text[span.char_start : span.char_end].strip() in said
