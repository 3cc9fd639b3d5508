"""Tables in PDF pages: wrapped cells, columns that nearly touch, what goes on on the next page."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from lsfs.model import BlockKind, Document, FurnitureRole
from lsfs_parsers.pdf_lines import page_text
from tests.parsers.conftest import Reader
from tests.parsers.pdf_drawing import (
    HEIGHT,
    LEFT,
    TOWNS,
    WIDTH,
    Draw,
    draw_rows,
    drawn,
    found_in,
    prose,
    put,
    rows_of,
)

NAMES = ["Northam Abbas", "Eastbury", "Southwick Mill", "Westfield", "Midford", "Overton Hill"]
NUMBERS = ["12.50", "7.05", "103.90", "55.00", "9.75", "881.20"]


def pages(*draws: Draw) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT))
    for draw in draws:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def tables(document: Document) -> list[list[list[str]]]:
    return [list(map(list, table.rows)) for table in document.tables]


# --- columns that nearly touch


def near(count: int, canvas: Canvas, top: float = 100) -> list[list[str]]:
    """Numbers that end 5 points before the words of the next column begin."""
    rows = [[NAMES[n], NUMBERS[n], NAMES[-1 - n]] for n in range(count)]
    for n, (name, number, other) in enumerate(rows):
        put(canvas, 60, top + 13 * n, name)
        put(canvas, 240, top + 13 * n, number, "r")
        put(canvas, 245.5, top + 13 * n, other)
    return rows


@pytest.mark.parametrize("count", [3, 6])
def test_numbers_that_end_where_words_begin(count: int) -> None:
    rows: list[list[str]] = []
    data = drawn(lambda canvas: rows.extend(near(count, canvas)))
    assert [rows_of(table) for table in found_in(data)] == [rows]


def test_a_heading_that_no_row_shares_its_place_with() -> None:
    """It stands at the left of a column of numbers, which are read with the words behind them."""
    rows: list[list[str]] = []

    def draw(canvas: Canvas) -> None:
        for x, text in ((60, "Town"), (160, "Area"), (245.5, "Mayor")):
            put(canvas, x, 87, text)
        rows.extend(near(6, canvas))

    (table,) = found_in(drawn(draw))
    assert rows_of(table) == [["Town", "Area", "Mayor"], *rows]


# --- lines of cells


def with_second_lines(second: dict[str, str], *, first: str = "") -> bytes:
    def draw(canvas: Canvas) -> None:
        top = 100.0
        for text, x in (("Town", 60), ("Area", 222), ("People", 310)):
            put(canvas, x, 88, text)
        if first:
            put(canvas, 60, top, first)
            top += 12
        for n, name in enumerate(NAMES):
            put(canvas, 60, top, name)
            put(canvas, 240, top, NUMBERS[n], "r")
            put(canvas, 340, top, str(7 * len(name) ** 2), "r")
            top += 12
            if name in second:
                put(canvas, 60, top, second[name])
                top += 12

    return drawn(draw)


def names_of(data: bytes) -> list[str]:
    (table,) = found_in(data)
    assert table.rows[0] == ("Town", "Area", "People")
    return [row[0] for row in table.rows[1:]]


def test_one_line_alone_that_had_no_room_is_wrapped() -> None:
    second = {"Eastbury": "Cleeve Prior"}
    wanted = [f"{one} {second[one]}" if one in second else one for one in NAMES]
    assert names_of(with_second_lines(second)) == wanted


def test_a_line_in_small_letters_below_names_is_wrapped() -> None:
    second = {"Midford": "in part"}
    wanted = [f"{one} {second[one]}" if one in second else one for one in NAMES]
    assert names_of(with_second_lines(second)) == wanted


@pytest.mark.parametrize("first", ["Towns in the north", ""])
def test_names_of_groups_are_rows_of_their_own(first: str) -> None:
    """One stands above the first row, or they end with a colon."""
    group = "Towns in the south" if first else "Towns in the south:"
    names = names_of(with_second_lines({"Southwick Mill": group}, first=first))
    assert names == [*([first] if first else []), *NAMES[:3], group, *NAMES[3:]]


def test_rows_with_empty_cells_are_no_wrapped_lines() -> None:
    """One of them could not be: its first word had room."""
    rows = [
        ["Northam by the long water", "1.50", "Ada", "Bo"],
        ["Eastbury over the hill", "", "Eve", ""],
        ["West", "7.05", "Carl", "Dora"],
        ["Mid", "", "Max", ""],
        ["Over", "8.00", "Una", "Kim"],
    ]

    def draw(canvas: Canvas) -> None:
        for y in (88, 103, 156):
            canvas.line(55, HEIGHT - y, 420, HEIGHT - y)
        draw_rows(canvas, [["Town", "Area", "Mayor", "Clerk"], *rows], LEFT, top=100, pitch=11)

    (table,) = found_in(drawn(draw))
    assert rows_of(table)[1:] == rows


# --- goes on


def first_page(canvas: Canvas) -> None:
    top = prose(canvas, 60, 6)
    put(canvas, 60, top + 20, "Table 1: Towns and their mayors")
    rows = [*TOWNS, *[[f"Town {n}", f"{n}.50", f"{n},001", f"Mayor {n}"] for n in range(42)]]
    draw_rows(canvas, rows, LEFT, top=top + 40)


@pytest.mark.parametrize("count", [1, 2])
def test_few_rows_on_the_next_page(read: Reader, count: int) -> None:
    """They would be no table by themselves."""
    rest = [[f"Last {n}", f"{n}.75", f"{n},500", f"Clerk {n}"] for n in range(count)]

    def second(canvas: Canvas) -> None:
        draw_rows(canvas, rest, LEFT, top=60)
        prose(canvas, 60 + 13 * count + 30, 6)

    (table,) = tables(read(pages(first_page, second), "a.pdf"))
    assert table[0] == TOWNS[0]
    assert table[-count:] == rest


def test_rows_that_show_fewer_columns_stand_in_those_before(read: Reader) -> None:
    """A name reaches nearly to the number behind it: the page before tells that these are two."""
    long, number = "A town with a name as long as this", "9.75"

    def before(canvas: Canvas) -> None:
        prose(canvas, 60, 6)
        rows = [[f"Town {n} on the water by the hill", f"{n}.50", f"Mayor {n}"] for n in range(46)]
        draw_rows(canvas, rows, [(60, "l"), (204, "l"), (320, "l")], top=160)

    def second(canvas: Canvas) -> None:
        for top, name in ((60, long), (73, long), (86, "Mill")):
            put(canvas, 60, top, name)
            put(canvas, 204, top, number)
            put(canvas, 320, top, "Eve Stone")
        prose(canvas, 130, 6)

    (table,) = tables(read(pages(before, second), "a.pdf"))
    assert table[-3:] == [[long, number, "Eve Stone"]] * 2 + [["Mill", number, "Eve Stone"]]


@pytest.mark.parametrize("aligned", [True, False])
def test_under_a_figure_columns_at_the_same_places_go_on(read: Reader, aligned: bool) -> None:
    columns = [(x + (0 if aligned or x == 60 else 55), align) for x, align in LEFT]
    rest = [[f"Last {n}", f"{n}.75", f"{n},500", f"Clerk {n}"] for n in range(5)]

    def second(canvas: Canvas) -> None:
        put(canvas, 60, 150, "Figure 3: The towns on a map of the county")
        draw_rows(canvas, rest, columns, top=190)
        prose(canvas, 300, 6)

    found = tables(read(pages(first_page, second), "a.pdf"))
    assert [len(table) for table in found] == ([53] if aligned else [48, 5])


def test_headings_between_a_rule_and_shaded_rows(read: Reader) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.line(55, HEIGHT - 88, 455, HEIGHT - 88)
        draw_rows(canvas, TOWNS[:1], LEFT, top=100)
        for n, row in enumerate(TOWNS[1:]):
            canvas.setFillGray(0.9 if n % 2 else 0.8)
            canvas.rect(55, HEIGHT - 119 - 14 * n, 400, 14, stroke=1, fill=1)
            canvas.setFillGray(0)
            draw_rows(canvas, [row], LEFT, top=115 + 14 * n)
        for x in (55, 170, 250, 350, 455):
            canvas.line(x, HEIGHT - 175, x, HEIGHT - 105)

    assert tables(read(drawn(draw), "a.pdf")) == [TOWNS]


# --- lines of several columns


def test_lines_of_two_columns_drawn_as_one(read: Reader) -> None:
    """One operator draws both; what stands between them is no space."""
    said = ["the owner keeps what the tenant pays", "on the first day of each month and so"]

    def draw(canvas: Canvas) -> None:
        for n in range(30):
            line = canvas.beginText(60, HEIGHT - 100 - 13 * n)
            line.setFont("Helvetica", 10)
            line.textOut(f"{said[n % 2]} one")
            line.moveCursor(240, 0)
            line.textOut(f"{said[n % 2]} two")
            canvas.drawText(line)

    words = read(drawn(draw), "a.pdf").text.split()
    assert words.index("two") > len(words) - words[::-1].index("one") - 1


def test_lines_of_two_columns_a_little_apart_in_height() -> None:
    """pdfium takes for one line what is drawn beside it three points lower."""

    def draw(canvas: Canvas) -> None:
        for n in range(12):
            put(canvas, 60, 100 + 13 * n, "the owner keeps what the tenant pays", size=10)
            put(canvas, 300, 103 + 13 * n, "on the first day of every month", size=10)

    with pypdfium2.PdfDocument(drawn(draw)) as pdf:
        page = pdf[0]
        lines = page_text(page).lines
        page.close()
    assert sorted(line.text for line in lines) == [
        *["on the first day of every month"] * 12,
        *["the owner keeps what the tenant pays"] * 12,
    ]


DAYS = ["one", "two", "six", "ten", "few"]


def words_of(rows: Sequence[str]) -> str:
    return " ".join(rows)


@pytest.mark.parametrize("gap", [14.0, 9.0])
def test_columns_of_text_that_nearly_touch(read: Reader, gap: float) -> None:
    """White space little wider than that between words, but it runs down the page."""
    rows = {
        side: [
            f"{side}{n} the owner keeps what tenants pay on day {DAYS[n % 5]}" for n in range(36)
        ]
        for side in ("left", "right")
    }

    def draw(canvas: Canvas) -> None:
        width = max(canvas.stringWidth(row, "Helvetica", 10) for row in rows["left"])
        for n in range(36):
            put(canvas, 40, 80 + 13 * n, rows["left"][n], size=10)
            put(canvas, 40 + width + gap, 80 + 13 * n, rows["right"][n], size=10)

    document = read(drawn(draw), "a.pdf")
    assert document.text.split() == [
        *words_of(rows["left"]).split(),
        *words_of(rows["right"]).split(),
    ]


# --- only one page


@pytest.mark.parametrize(("text", "is_number"), [("- 199 -", True), ("199 ducks", False)])
def test_the_number_of_an_only_page(read: Reader, text: str, is_number: bool) -> None:
    def draw(canvas: Canvas) -> None:
        prose(canvas, 100, 20)
        put(canvas, 290, 800, text)

    document = read(drawn(draw), "a.pdf")
    assert [one.role for one in document.furniture] == [FurnitureRole.PAGE_NUMBER] * is_number
    assert document.blocks[0].kind is BlockKind.PARAGRAPH
