"""PDF: layouts that hide their columns, running heads, notes or items."""

from __future__ import annotations

import io
import random

import pypdfium2
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from lsfs.model import BlockKind, FurnitureRole
from lsfs_parsers.pdf_lines import page_text
from lsfs_parsers.pdf_style import ends_sentence
from tests.parsers.conftest import Reader
from tests.parsers.test_pdf_structure import HEIGHT, LEADING, WORDS, Setter, paragraphs, prose


def test_columns_of_words_far_apart(read: Reader) -> None:
    """Justification can make the spaces between a few words as wide as those between cells."""
    source = random.Random(1)
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFont("Helvetica", 10)
    said, drawn = [], []
    for left in (60, 310):
        for n in range(40):
            words: list[str] = []
            widths: list[float] = []
            while sum(widths) < 140:
                words.append(source.choice(WORDS))
                widths.append(canvas.stringWidth(words[-1], "Helvetica", 10))
            said += words
            space = (225 - sum(widths)) / (len(words) - 1)
            for at, word in enumerate(words):
                x = left + sum(widths[:at]) + at * space
                drawn.append((x, 740 - LEADING * n, word))
    for x, y, word in sorted(drawn, key=lambda one: -one[1]):
        canvas.drawString(x, y, word)
    canvas.save()
    document = read(stream.getvalue(), "a.pdf")
    assert document.tables == ()
    assert document.text.split() == said


def test_running_heads_of_several_lines(read: Reader) -> None:
    setter = Setter()

    def head(canvas: Canvas, number: int) -> None:
        canvas.setFont("Helvetica", 8)
        lines = ("Annual report of", "the housing", "association") if number % 2 else ("Housing",)
        for row, line in enumerate(lines):
            canvas.drawString(60, HEIGHT - 34 - 10 * row, line)
        canvas.drawString(300, HEIGHT - 44, f"3 May 2023 | {number}")

    setter.on_page = head
    written = [prose(90 + n, n) for n in range(44)]
    for words in written:
        setter.paragraph(words)
    document = read(setter.done(), "a.pdf")
    assert len(document.pages) >= 4
    assert paragraphs(document) == [" ".join(words) for words in written]
    first = [one.text for one in document.furniture if one.page == 1]
    assert sorted(" ".join(first).split()) == sorted(
        ["Annual", "report", "of", "the", "housing", "association", "3", "May", "2023", "|", "1"]
    )
    assert {one.role for one in document.furniture} == {FurnitureRole.HEADER}


def test_a_column_that_a_table_fills(read: Reader) -> None:
    """It shows no gutter of its own, but the page before does."""
    setter = Setter(3, bottom=700)
    setter.paragraph(prose(630))
    setter.page()
    setter.canvas.setFont("Helvetica", 8)
    rows = [(f"house {n}", f"{n * n * 37 % 991}.50", f"street {n % 5}") for n in range(43)]
    for n, row in enumerate(rows):
        for x, cell in zip((60, 115, 160), row, strict=True):
            setter.canvas.drawString(x, HEIGHT - 90 - LEADING * n, cell)
    setter._column = 1
    setter.paragraph(prose(500))
    (table,) = read(setter.done(), "a.pdf").tables
    assert table.rows == tuple(rows)


def test_cells_that_nearly_touch(read: Reader) -> None:
    """Only in the header two columns stand apart: amounts to the right, names to the left."""
    setter = Setter()
    setter.paragraph(prose(90))
    canvas = setter.canvas
    canvas.setFont("Helvetica", 9)
    names = ("Hamburg", "Bremen", "Kiel", "Rostock", "Emden", "Husum")
    rows = [
        (f"house {n}", f"{1000 + 97 * n * n % 811}.50", names[n % 6], str(n * n % 83))
        for n in range(14)
    ]
    for n, row in enumerate([("What", "Rent", "Where", "Flats"), *rows]):
        y = 600 - LEADING * n
        canvas.drawString(60, y, row[0])
        if n:
            canvas.drawRightString(200, y, row[1])
        else:
            canvas.drawString(150, y, row[1])
        canvas.drawString(205, y, row[2])
        canvas.drawRightString(340, y, row[3])
    (table,) = read(setter.done(), "a.pdf").tables
    assert table.rows[1:] == tuple(rows)


@pytest.mark.parametrize(
    ("line", "ends"),
    [("said Dr.", False), ("an address.", True), ("(see Fig.", False), ("the end.\u201d", True),
     ("no end", False), ("\u7d42\u308f\u308a\u3002", True), ("as said.12", True)],
)  # fmt: skip
def test_where_sentences_end(line: str, ends: bool) -> None:
    assert ends_sentence(line) is ends


def test_a_note_over_three_pages(read: Reader) -> None:
    """Its second and third part begin with sentences, and have no mark."""
    setter = Setter(bottom=400)
    parts = [
        [f"{words} on the contract and on the house." for words in lines]
        for lines in (("1 The first words", "More words"), ("Other words",) * 20, ("Last words",))
    ]
    for number, lines in enumerate(parts):
        if number:
            setter.page()
        setter.paragraph(prose(220, number))
        setter.canvas.line(60, HEIGHT - 500, 160, HEIGHT - 500)
        setter.canvas.setFont("Helvetica", 8)
        for row, line in enumerate(lines):
            setter.canvas.drawString(60, HEIGHT - 512 - 10 * row, line)
    document = read(setter.done(), "a.pdf")
    assert len(document.pages) == 3
    notes = [block.text for block in document.blocks if block.kind is BlockKind.FOOTNOTE]
    assert notes == [" ".join(line for lines in parts for line in lines)]


def test_asterisks_drawn_behind_the_text(read: Reader) -> None:
    """As WeasyPrint draws them: those of all items of a page after its last line."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFont("Helvetica", 10)
    items = [f"Item number {n} of the list of things in the house" for n in range(5)]
    for n, item in enumerate(items):
        canvas.drawString(80, 700 - LEADING * n, item)
    for n in range(5):
        canvas.drawString(70, 700 - LEADING * n, "*")
    canvas.save()
    blocks = read(stream.getvalue(), "a.pdf").blocks
    assert [block.kind for block in blocks] == [BlockKind.LIST_ITEM] * 5
    assert [block.text for block in blocks] == [f"* {item}" for item in items]


def test_a_paragraph_goes_on_behind_a_box(read: Reader) -> None:
    """The box stands where the column ends, and its sides are no rules of a table."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFont("Helvetica", 10)

    def draw(lines: list[str], left: float, top: float) -> None:
        for row, line in enumerate(lines):
            canvas.drawString(left, HEIGHT - top - LEADING * row, line)

    body = [f"one of the many lines of paragraph {n:02} stand here" for n in range(40)]
    boxed = ["A box has words of its own,", "and they are in two lines."]
    draw(body[:20], 60, 90)
    canvas.rect(56, HEIGHT - 90 - LEADING * 24, 260, LEADING * 3)
    draw(boxed, 66, 90 + LEADING * 22)
    draw(body[20:], 60, 90 + LEADING * 26)
    canvas.save()
    document = read(stream.getvalue(), "a.pdf")
    assert document.tables == ()
    assert [block.text for block in document.blocks] == [" ".join(body), " ".join(boxed)]


def test_text_below_a_box_does_not_go_on_in_it(read: Reader) -> None:
    """The box shows what a sentence speaks of, and has no end mark of its own."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFont("Helvetica", 10)
    body = [f"one of the many lines of paragraph {n:02} stand here" for n in range(20)]
    boxed = ["count the words of the file", "print the ten of them that are longest here"]
    lines = [*body, "and it is called as in", "", *boxed, "", "which prints ten words for it."]
    for row, line in enumerate(lines):
        canvas.drawString(60, HEIGHT - 90 - LEADING * row, line)
    canvas.rect(56, HEIGHT - 90 - LEADING * 23.5, 260, LEADING * 2.5)
    canvas.save()
    texts = [block.text for block in read(stream.getvalue(), "a.pdf").blocks]
    assert texts == [" ".join([*body, lines[20]]), " ".join(boxed), lines[-1]]


def test_a_box_beside_text_is_read_behind_it(read: Reader) -> None:
    """Cells of one line that are of different texts are taken apart at the side of the box."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFont("Helvetica", 10)
    body = [
        f"one of the many wide lines of paragraph {n:02}, which stand above both" for n in range(9)
    ]
    for row, line in enumerate(body):
        canvas.drawString(60, HEIGHT - 90 - LEADING * row, line)
    source = ["Write the words", "that are wanted", "in this column."]
    shown = ["What comes out of", "them is beside it,", "in a box like this."]
    top = HEIGHT - 90 - LEADING * 11
    for row, (line, other) in enumerate(zip(source, shown, strict=True)):
        canvas.drawString(60, top - LEADING * row, line)
        canvas.drawString(150, top - LEADING * row, other)
    canvas.rect(145, top - LEADING * 2.5, 120, LEADING * 3.5)
    canvas.save()
    texts = [block.text for block in read(stream.getvalue(), "a.pdf").blocks]
    assert texts == [" ".join(body), " ".join(source), " ".join(shown)]


def of_hebrew(content: bytes) -> bytes:
    """A page whose letters from a on stand for those of the Hebrew alphabet."""
    letters = (
        b"begincmap 1 begincodespacerange <00> <ff> endcodespacerange\n"
        b"1 beginbfrange <61> <7a> <05d0> endbfrange endcmap"
    )
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(letters), letters),
    ]
    body = b"\n".join(b"%d 0 obj\n%s\nendobj" % one for one in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"\ntrailer<</Root 1 0 R/Size 7>>\n"


def test_a_raised_word_does_not_cut_a_line_from_right_to_left() -> None:
    """Each word stands to the left of the one before, as the first word of a line does."""
    words = [
        b"BT /F 10 Tf 1 0 0 1 %d %d Tm (%s) Tj ET" % word
        for word in (
            (470, 700, b"cba"),
            (440, 700, b"fed"),
            (410, 703, b"ihg"),
            (350, 700, b"mlk"),
            (320, 700, b"pon"),
        )
    ]
    with pypdfium2.PdfDocument(of_hebrew(b"\n".join(words))) as pdf:
        (line,) = page_text(pdf[0]).lines
    assert len(line.text.split()) == len(words)
