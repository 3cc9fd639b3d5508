"""What stands in columns on a page of a PDF and is no table."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from lsfs.model import BlockKind
from lsfs_parsers.pdf_lines import page_text
from lsfs_parsers.pdf_parts import are_rows_of_one, parts_of
from lsfs_parsers.pdf_parts import rows_of as parts_in_rows
from lsfs_parsers.pdf_tables import find_tables
from tests.parsers.conftest import Reader
from tests.parsers.pdf_drawing import (
    BODY,
    HEIGHT,
    LEFT,
    STYLES,
    TOWNS,
    Draw,
    draw_rows,
    drawn,
    found_in,
    prose,
    put,
    rows_of,
)


def contents(canvas: Canvas) -> None:
    titles = ["Introduction", "Methods", "Results of the trial", "Discussion", "Annex", "Index"]
    for number, title in enumerate(titles, start=1):
        put(canvas, 60, 100 + 14 * number, f"{number}")
        put(canvas, 80, 100 + 14 * number, title)
        put(canvas, 500, 100 + 14 * number, str(3 * number), "r")


def contents_with_leaders(canvas: Canvas) -> None:
    for number, title in enumerate(["Introduction", "Methods", "Results", "Discussion"]):
        put(canvas, 60, 100 + 14 * number, title)
        put(canvas, 160, 100 + 14 * number, ". " * 60)
        put(canvas, 500, 100 + 14 * number, ["iv", "7", "12", "9"][number], "r")


def two_columns(canvas: Canvas) -> None:
    texts = (
        "the owner keeps the roof and walls of the house in good repair and pays for",
        "a tenant may not let rooms to others unless the owner has agreed to that in",
    )
    for half, text in enumerate(texts):
        words = (text + " ").split() * 6
        top, line = 100, ""
        for word in words:
            if stringWidth(f"{line} {word}", "Helvetica", 9) > 210:
                put(canvas, 60 + 240 * half, top, line)
                top, line = top + 12, word
            else:
                line = f"{line} {word}".strip()


def justified(canvas: Canvas) -> None:
    style = ParagraphStyle("narrow", parent=STYLES["BodyText"], alignment=4)
    text = "considerably extraordinary responsibilities notwithstanding counterproductive " * 8
    paragraph = Paragraph(text, style)
    paragraph.wrapOn(canvas, 190, 700)
    paragraph.drawOn(canvas, 60, 500)


def numbered_list(canvas: Canvas) -> None:
    for number in range(1, 8):
        put(canvas, 60, 100 + 24 * number, f"{number}.")
        put(canvas, 85, 100 + 24 * number, "The tenant pays for water and light and the heating of")
        put(canvas, 85, 112 + 24 * number, "the rooms that are let under this agreement.")


def bullets(canvas: Canvas) -> None:
    for number in range(6):
        put(canvas, 60, 100 + 12 * number, "\u2022")
        put(canvas, 80, 100 + 12 * number, f"entry of a list, the one with number {number}")


def bibliography(canvas: Canvas) -> None:
    for number in range(1, 7):
        put(canvas, 60, 100 + 24 * number, f"[{number}]")
        put(
            canvas,
            90,
            100 + 24 * number,
            "A. Miller and B. Lind. On the repair of old roofs. Journal",
        )
        put(canvas, 90, 112 + 24 * number, f"of Houses, {number}(2), 2011.")


def addresses(canvas: Canvas) -> None:
    ours = ["Miller & Sons", "12 High Street", "Northam NH1 4XY", "Great Britain"]
    theirs = ["Mrs Dora Ek", "Kungsgatan 8", "111 43 Stockholm", "Sweden"]
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        put(canvas, 60, 100 + 13 * number, one)
        put(canvas, 350, 100 + 13 * number, other)


def definitions(canvas: Canvas) -> None:
    terms = ["Owner", "Tenant", "Rent", "House", "Term", "Deposit"]
    for number, term in enumerate(terms):
        canvas.setFont("Helvetica-Bold", 9)
        canvas.drawString(60, HEIGHT - 100 - 24 * number, term)
        put(
            canvas,
            130,
            100 + 24 * number,
            "whoever is named as such on the first page of this paper",
        )
        put(canvas, 130, 112 + 24 * number, "and has signed it with two witnesses.")


def form(canvas: Canvas) -> None:
    pairs = [
        ("Name:", "Ada Miller"),
        ("Date:", "3 May 2024"),
        ("Amount:", "120.00"),
        ("No.:", "17"),
    ]
    for number, (label, value) in enumerate(pairs * 2):
        put(canvas, 60, 100 + 14 * number, label)
        put(canvas, 180, 100 + 14 * number, value)


def formulas(canvas: Canvas) -> None:
    for number in range(1, 6):
        put(canvas, 150, 100 + 20 * number, f"x + {number}y")
        put(canvas, 220, 100 + 20 * number, "=")
        put(canvas, 250, 100 + 20 * number, f"a - {number}b")
        put(canvas, 500, 100 + 20 * number, f"({number})", "r")


def code(canvas: Canvas) -> None:
    lines = [
        ("def area(self):", "# in square metres"),
        ("    left = self.box[0]", "# the first corner"),
        ("    right = self.box[2]", "# the other one"),
        ("    top = self.box[1]", "# from above"),
        ("    return abs(right - left)", "# never below zero"),
        ("print(area(None))", "# fails"),
    ]
    for number, (one, other) in enumerate(lines):
        put(canvas, 60, 100 + 11 * number, one)
        put(canvas, 300, 100 + 11 * number, other)


def numbered_code(canvas: Canvas) -> None:
    for number, text in enumerate(
        ["while there is work", "take one", "do it", "end", "rest", "stop"]
    ):
        put(canvas, 60, 100 + 11 * number, str(number + 30))
        put(canvas, 85, 100 + 11 * number, text)


def chart(canvas: Canvas) -> None:
    for number in range(8):
        put(canvas, 60, 100 + 20 * number, str(400 - 50 * number), "r")
        put(canvas, 450, 100 + 20 * number, str(80 - 10 * number))
        canvas.line(70, HEIGHT - 97 - 20 * number, 440, HEIGHT - 97 - 20 * number)
    for number in range(7):
        put(canvas, 80 + 50 * number, 270, str(2001 + number))


def framed_text(canvas: Canvas) -> None:
    canvas.rect(50, HEIGHT - 180, 500, 100)
    canvas.line(50, HEIGHT - 105, 550, HEIGHT - 105)
    put(canvas, 60, 98, "Box 3")
    prose(canvas, 120, 4)


def running_head(canvas: Canvas) -> None:
    put(canvas, 60, 40, "Chapter 3")
    put(canvas, 535, 40, "17", "r")
    canvas.line(60, HEIGHT - 45, 535, HEIGHT - 45)
    prose(canvas, 80, 20)


@pytest.mark.parametrize(
    "draw",
    [
        contents,
        contents_with_leaders,
        two_columns,
        justified,
        numbered_list,
        bullets,
        bibliography,
        addresses,
        definitions,
        form,
        formulas,
        code,
        numbered_code,
        chart,
        framed_text,
        running_head,
        lambda canvas: prose(canvas, 80, 30) and None,
    ],
)
@pytest.mark.parametrize("seed", [None, 2])
def test_what_is_no_table(draw: Draw, seed: int | None) -> None:
    assert found_in(drawn(draw), seed=seed) == []


def test_a_page_without_text() -> None:
    assert find_tables([], [], (0.0, 0.0, 100.0, 100.0), BODY) == []


TEXT = "the owner keeps the roof and walls of the house in good repair"


@pytest.mark.parametrize(
    ("added", "is_clear"),
    [
        (lambda canvas: put(canvas, 60, 200, TEXT), True),
        (lambda canvas: put(canvas, 60, 200, "the rent is 1.500.00"), True),
        (lambda canvas: put(canvas, 60, 200, "12.50 7.05"), False),
        (lambda canvas: put(canvas, 400, 101, "beside"), False),
        (lambda canvas: draw_rows(canvas, TOWNS, LEFT), False),
    ],
)
def test_at_first_sight_text_has_no_rows_of_cells(added: Draw, is_clear: bool) -> None:
    """Then nothing more is asked about it: no two parts stand in one row."""

    def draw(canvas: Canvas) -> None:
        for number in range(4):
            put(canvas, 60, 100 + 12 * number, TEXT)
        added(canvas)

    with pypdfium2.PdfDocument(drawn(draw)) as pdf:
        lines = page_text(pdf[0]).lines
    assert are_rows_of_one(lines) is is_clear
    assert all(len(row.parts) == 1 for row in parts_in_rows(parts_of(lines))) is is_clear


def test_hostile_rules_cost_no_more_than_rows() -> None:
    """Thousands of crossing rules are a drawing, not a grid with millions of cells."""

    def draw(canvas: Canvas) -> None:
        for step in range(1100):
            at = 20 + step / 2
            canvas.line(at, 20, at, 800)
            canvas.line(20, at, 570, at)
        draw_rows(canvas, TOWNS, LEFT)

    tables = found_in(drawn(draw))
    assert [rows_of(table) for table in tables] == [TOWNS]


SAID = "see also what the owner has said of it in the letter that came with the lease"


def test_notes_of_narrow_columns_whose_spaces_were_stretched(read: Reader) -> None:
    """They look like rows of a table, but no white space runs down between the words."""
    words = SAID.split()

    def draw(canvas: Canvas) -> None:
        for left in (60, 320):
            for number in range(40):
                put(
                    canvas, left, 100 + 13 * number, "the tenant pays the rent to the owner on time"
                )
            for number in range(6):
                chosen = [words[(number * 2 + n) % len(words)] for n in range(8)]
                texts = [f"{'1 See ' if number == 0 else ''}{chosen[0]}", *chosen[1:]]
                widths = [stringWidth(text, "Helvetica", 7) for text in texts]
                x, gap = float(left), (200 - sum(widths)) / 7
                for text, width in zip(texts, widths, strict=True):
                    put(canvas, x, 640 + 9 * number, text, size=7)
                    x += width + gap

    document = read(drawn(draw), "a.pdf")
    kinds = [block.kind for block in document.blocks]
    assert kinds.count(BlockKind.FOOTNOTE) == 2
    assert not document.tables


def test_rows_of_amounts_at_the_foot_of_a_narrow_page_are_no_notes(read: Reader) -> None:
    """Only one white space runs down through all of them, since cells are empty."""
    rows = [
        ["Northam", "2,070.61", "5,303.88", "318.38"],
        ["Eastbury by the", "2,970.08", "839.47", ""],
        ["Southwick", "4,569.57", "", "553.44"],
        ["", "9,264.42", "8,631.43", "200.25"],
    ]
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(298, 420))
    canvas.setFont("Helvetica", 10)
    for n in range(16):
        canvas.drawString(30, 380 - 13 * n, "the owner keeps what the tenant pays on the first day")
    canvas.setFont("Helvetica", 8)
    for n, row in enumerate(rows):
        for text, x in zip(row, (100, 160, 220, 268), strict=True):
            canvas.drawRightString(x, 160 - 11 * n, text)
    canvas.save()
    document = read(stream.getvalue(), "a.pdf")
    assert all(block.kind is not BlockKind.FOOTNOTE for block in document.blocks)
    assert [list(map(list, table.rows)) for table in document.tables] == [rows]
