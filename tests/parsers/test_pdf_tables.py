"""Tables in PDF pages: ruled and not, wrapped, spanning, scrambled."""

from __future__ import annotations

import pytest
from reportlab.lib import colors
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table

from lsfs.model import Merged
from lsfs_parsers.pdf_parts import Part
from lsfs_parsers.pdf_table_rows import could_wrap
from lsfs_parsers.stitch import may_continue
from tests.parsers.conftest import Reader
from tests.parsers.pdf_drawing import (
    CELL,
    HEIGHT,
    LEFT,
    MIXED,
    TOWNS,
    WIDTH,
    draw_rows,
    drawn,
    found_in,
    made,
    prose,
    put,
    rows_of,
)

# --- ruled


@pytest.mark.parametrize("seed", [None, 1])
def test_a_full_grid(seed: int | None) -> None:
    table = Table(TOWNS, style=[("GRID", (0, 0), (-1, -1), 0.5, colors.black)])
    (found,) = found_in(made([Paragraph("Before it."), table, Paragraph("After it.")]), seed=seed)
    assert rows_of(found) == TOWNS
    assert found.ruled
    assert found.header_rows == 1
    assert len(found.lines) >= len(TOWNS)
    assert not found.runs_off
    assert not found.starts_on_top
    assert len(found.columns) == 4
    assert all(box is not None for row in found.cell_boxes for box in row)


def test_wrapped_text_in_a_grid() -> None:
    long = "A long note that does not fit into the narrow cell it was given by the writer"
    rows = [["Key", "Note"], ["one", long], ["two", "short"], ["three", long]]
    cells = [[Paragraph(text, CELL) for text in row] for row in rows]
    style = [("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    (found,) = found_in(made([Table(cells, colWidths=[80, 90], style=style)]))
    assert rows_of(found) == rows


def test_spanning_cells_in_a_grid() -> None:
    rows = [
        ["Town", "2023", "", "2024", ""],
        ["", "Men", "Women", "Men", "Women"],
        ["Northam", "11", "12", "13", "14"],
        ["Eastbury", "21", "22", "23", "24"],
    ]
    style = [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
        ("SPAN", (0, 0), (0, 1)),
        ("SPAN", (1, 0), (2, 0)),
        ("SPAN", (3, 0), (4, 0)),
    ]
    (found,) = found_in(made([Table(rows, style=style)]))
    assert rows_of(found) == rows
    assert set(found.merged) == {Merged(0, 0, 2, 1), Merged(0, 1, 1, 2), Merged(0, 3, 1, 2)}
    assert found.header_rows == 2


def test_only_columns_are_ruled() -> None:
    style = [
        ("BOX", (0, 0), (-1, -1), 0.5, colors.black),
        ("INNERGRID", (0, 0), (-1, 0), 0.5, colors.black),
        ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black),
        ("LINEAFTER", (0, 0), (-1, -1), 0.5, colors.black),
    ]
    (found,) = found_in(made([Table(TOWNS, style=style)]))
    assert rows_of(found) == TOWNS
    assert found.header_rows == 1


def test_a_row_drawn_as_one_text_is_cut_at_the_rules() -> None:
    rows = [
        ["Item", "Red", "Blue"],
        ["apples", "1", "20"],
        ["pears", "33", "4"],
        ["figs", "5", "6"],
    ]

    def draw(canvas: Canvas) -> None:
        for number in range(5):
            canvas.line(60, HEIGHT - 90 - 15 * number, 135, HEIGHT - 90 - 15 * number)
        for x in (60, 92, 114, 135):
            canvas.line(x, HEIGHT - 90, x, HEIGHT - 150)
        for number, (item, red, blue) in enumerate(rows):
            text = canvas.beginText(63, HEIGHT - 100 - 15 * number)
            text.setFont("Helvetica", 9)
            at = 63.0
            for word, x in ((item, 63), (red, 94.5), (blue, 116)):
                if x > at:  # one run of text: a space is stretched up to the next cell
                    text.setWordSpace(x - at - stringWidth(" ", "Helvetica", 9))
                    text.textOut(" ")
                text.setWordSpace(0)
                text.textOut(word)
                at = x + stringWidth(word, "Helvetica", 9)
            canvas.drawText(text)

    (found,) = found_in(drawn(draw))
    assert rows_of(found) == rows


def test_numbers_that_touch_the_name_before_them() -> None:
    rows = [list(row) for row in TOWNS]
    rows[3][0] = "Southwickbythesea"

    def draw(canvas: Canvas) -> None:
        draw_rows(canvas, rows, [(60, "l"), (134.5, "l"), (200, "l"), (300, "l")])

    (found,) = found_in(drawn(draw))
    assert rows_of(found) == rows


def test_rules_above_below_and_under_the_heading() -> None:
    def draw(canvas: Canvas) -> None:
        bottom = draw_rows(canvas, TOWNS, MIXED)
        for y in (88, 103, bottom - 9):
            canvas.line(55, HEIGHT - y, 460, HEIGHT - y)
        prose(canvas, bottom + 20)

    (found,) = found_in(drawn(draw))
    assert rows_of(found) == TOWNS
    assert found.ruled
    assert found.header_rows == 1
    assert found.starts_on_top
    assert not found.runs_off


def test_rules_under_spanning_headings() -> None:
    rows = [
        ["", "Winter", "", "Summer", ""],
        ["Town", "low", "high", "low", "high"],
        *([name, "1.5", "3.5", "11.0", "23.25"] for name in ("Northam", "Eastbury", "Midford")),
    ]

    def draw(canvas: Canvas) -> None:
        places = [(60, "l"), (180, "r"), (240, "r"), (300, "r"), (360, "r")]
        put(canvas, 205, 100, "Winter of last year", "c")
        put(canvas, 328, 100, "Summer of this year", "c")
        bottom = draw_rows(canvas, rows[1:], places, top=115)
        for left, right, y in ((160, 245, 104), (280, 365, 104), (55, 365, 88), (55, 365, 119)):
            canvas.line(left, HEIGHT - y, right, HEIGHT - y)
        canvas.line(55, HEIGHT - bottom + 9, 365, HEIGHT - bottom + 9)

    (found,) = found_in(drawn(draw))
    wanted = [["", "Winter of last year", "", "Summer of this year", ""], *rows[1:]]
    assert rows_of(found) == wanted
    assert set(found.merged) == {Merged(0, 1, 1, 2), Merged(0, 3, 1, 2)}
    assert found.header_rows == 2


def test_shaded_rows() -> None:
    long = "a note that is wrapped in its cell"
    rows = [["Town", "Note", "Area"], *([name, long, "12.5"] for name in "ABCDEF")]
    cells = [[Paragraph(text, CELL) for text in row] for row in rows]
    style = [("ROWBACKGROUNDS", (0, 0), (-1, -1), [colors.lightgrey, colors.white])]
    (found,) = found_in(made([Table(cells, colWidths=[60, 80, 60], style=style)]))
    assert rows_of(found) == rows


# --- not ruled


@pytest.mark.parametrize("columns", [LEFT, MIXED])
@pytest.mark.parametrize("seed", [None, 3])
def test_aligned_columns(columns: list[tuple[float, str]], seed: int | None) -> None:
    def draw(canvas: Canvas) -> None:
        top = prose(canvas, 60)
        put(canvas, 60, top + 15, "Table 1: Towns and who leads them")
        bottom = draw_rows(canvas, TOWNS, columns, top=top + 35)
        prose(canvas, bottom + 15)

    (found,) = found_in(drawn(draw), seed=seed)
    assert rows_of(found) == TOWNS
    assert not found.ruled
    assert found.header_rows == 1
    assert found.merged == ()


def test_small_letters_at_the_foot_of_a_page() -> None:
    def draw(canvas: Canvas) -> None:
        top = prose(canvas, 60)
        for number, row in enumerate(TOWNS):
            for text, x in zip(row, (60, 110, 140, 170), strict=True):
                put(canvas, x, top + 20 + 7 * number, text, size=5.5)

    (found,) = found_in(drawn(draw))
    assert rows_of(found) == TOWNS
    assert found.runs_off
    assert not found.starts_on_top


def test_empty_cells() -> None:
    rows = [list(row) for row in TOWNS]
    rows[2][1] = rows[4][3] = rows[5][2] = ""
    (found,) = found_in(drawn(lambda canvas: draw_rows(canvas, rows, LEFT) and None))
    assert rows_of(found) == rows


@pytest.mark.parametrize("pitch", [9.5, 13.0])
def test_wrapped_text_without_rules(pitch: float) -> None:
    """The lines of a cell are as far from each other as rows are, or closer."""
    rows = [
        ["Item", "Price", "Stock"],
        ["garden chair with a high back", "12.50", "in stock"],
        ["table", "104.00", "in stock"],
        ["parasol, green", "33.00", "sold out"],
        ["hammock with its frame and cover", "59.95", "in stock"],
        ["bench", "80.10", "sold out"],
    ]
    lines = [
        ("Item", "Price", "Stock"),
        ("garden chair with a", "12.50", "in stock"),
        ("high back", "", ""),
        ("table", "104.00", "in stock"),
        ("parasol, green", "33.00", "sold out"),
        ("hammock with its", "59.95", "in stock"),
        ("frame and cover", "", ""),
        ("bench", "80.10", "sold out"),
    ]

    def draw(canvas: Canvas) -> None:
        top = 100.0
        for line in lines:
            top += 9.5 if not line[1] else pitch
            for text, x in zip(line, (60, 150, 200), strict=True):
                if text:
                    put(canvas, x, top, text, size=8)

    (found,) = found_in(drawn(draw))
    assert rows_of(found) == rows


def test_text_in_the_middle_of_a_wrapped_row() -> None:
    names = ("oak from the north", "ash from the south", "elm from the west")

    def draw(canvas: Canvas) -> None:
        top = draw_rows(canvas, [["Wood", "Price", "Stock"]], LEFT[:3], pitch=20)
        for name in names:
            head, tail = name.rsplit(" ", 1)
            put(canvas, 60, top, head)
            put(canvas, 60, top + 10, tail)
            put(canvas, 180, top + 5, "12.50")
            put(canvas, 260, top + 5, "33")
            top += 26

    (found,) = found_in(drawn(draw))
    assert rows_of(found) == [
        ["Wood", "Price", "Stock"],
        *([name, "12.50", "33"] for name in names),
    ]


def test_group_headings_are_rows_of_their_own() -> None:
    rows = [
        ["Country", "2021", "2022"],
        ["Europe", "", ""],
        ["France", "12.1", "13.4"],
        ["Germany", "22.0", "23.9"],
        ["Asia", "", ""],
        ["Japan", "31.5", "30.2"],
        ["Viet Nam", "8.8", "9.1"],
    ]
    (found,) = found_in(drawn(lambda canvas: draw_rows(canvas, rows, LEFT[:3]) and None))
    assert rows_of(found) == rows
    assert found.header_rows == 1


def test_divided_words_are_made_whole() -> None:
    cells = [
        ["Item", "Price"],
        ["accommo-", "1.50"],
        ["dation", ""],
        ["bed", "2.25"],
        ["tent", "3"],
    ]

    def draw(canvas: Canvas) -> None:
        draw_rows(canvas, cells, [(60, "l"), (105, "l")], pitch=10)
        for y in (90, 103, 143):
            canvas.line(55, HEIGHT - y, 140, HEIGHT - y)

    (found,) = found_in(drawn(draw))
    assert rows_of(found)[1] == ["accommodation", "1.50"]


def test_a_small_table_at_the_foot_is_no_note(read: Reader) -> None:
    rows = [list(row[:3]) for row in TOWNS]

    def draw(canvas: Canvas) -> None:
        top = prose(canvas, 400, 20)
        for number, row in enumerate(rows):
            for text, x in zip(row, (60, 120, 180), strict=True):
                put(canvas, x, top + 25 + 9 * number, text, size=7)

    document = read(drawn(draw), "a.pdf")
    assert [list(map(list, table.rows)) for table in document.tables] == [rows]


def test_rows_whose_cells_are_drawn_out_of_order(read: Reader) -> None:
    """A program draws both lines of the first cell before the cell beside them."""
    rows = [["Wood", "Price", "Stock"]] + [
        [f"{name} from the old forest", f"{number}.50", str(number)]
        for number, name in enumerate(("oak", "ash", "elm", "fir"), start=3)
    ]

    def draw(canvas: Canvas) -> None:
        prose(canvas, 60)
        draw_rows(canvas, rows[:1], LEFT[:3], top=160)
        for number, row in enumerate(rows[1:]):
            put(canvas, 60, 174 + 24 * number, row[0].removesuffix(" old forest"))
            put(canvas, 60, 184 + 24 * number, "old forest")
            put(canvas, 180, 174 + 24 * number, row[1])
            put(canvas, 260, 174 + 24 * number, row[2])

    document = read(drawn(draw), "a.pdf")
    assert [list(map(list, table.rows)) for table in document.tables] == [rows]


# --- continued


def test_columns_go_on_in_the_next_column_of_text() -> None:
    def draw(canvas: Canvas) -> None:
        draw_rows(canvas, TOWNS[:4], LEFT)

    def beside(canvas: Canvas) -> None:
        draw_rows(canvas, TOWNS[1:], [(x + 31, align) for x, align in LEFT])

    (one,), (other,) = found_in(drawn(draw)), found_in(drawn(beside))
    assert may_continue(one.columns, other.columns)
    assert one.runs_off
    assert other.starts_on_top


def test_other_columns_are_another_table() -> None:
    def other(canvas: Canvas) -> None:
        draw_rows(canvas, TOWNS, [(60, "l"), (310, "l"), (420, "l"), (500, "l")])

    def fewer(canvas: Canvas) -> None:
        draw_rows(canvas, [row[:3] for row in TOWNS], LEFT[:3])

    (one,) = found_in(drawn(lambda canvas: draw_rows(canvas, TOWNS, LEFT) and None))
    (wide,), (narrow,) = found_in(drawn(other)), found_in(drawn(fewer))
    assert not may_continue(one.columns, wide.columns)
    assert not may_continue(one.columns, narrow.columns)


def test_a_turned_page() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.translate(WIDTH / 2, WIDTH / 2)
        canvas.rotate(90)
        canvas.translate(-WIDTH / 2, WIDTH / 2 - HEIGHT)
        bottom = draw_rows(canvas, TOWNS, LEFT)
        for y in (88, 103, bottom - 9):
            canvas.line(55, HEIGHT - y, 460, HEIGHT - y)

    found = found_in(drawn(draw))
    assert [rows_of(table) for table in found] == [TOWNS]
    assert found[0].ruled


def test_cells_that_had_no_room_beside_numbers_that_are_flush_right() -> None:
    """How wide the first column is shows nowhere; but no wrapped name would fit the widest."""
    rows = [
        ("Northam", "12.50"), ("Easter Combe", "7.05"), ("Southwick", "3.90"),
        ("Newbridge", "5.00"), ("Upper Eastbury", "9.75"), ("Lowermill", "8.10"),
        ("Old Chapel", "6.60"),
    ]  # fmt: skip
    second = {"Southwick": "Abbas Hill", "Newbridge": "Overton", "Lowermill": "Priors Way"}

    def draw(canvas: Canvas) -> None:
        top = 100.0
        for name, area in rows:
            put(canvas, 60, top, name)
            put(canvas, 240, top, area, "r")
            put(canvas, 340, top, str(len(name) * 37), "r")
            top += 12
            if name in second:
                put(canvas, 60, top, second[name])
                top += 12

    (table,) = found_in(drawn(draw))
    names = [f"{name} {second[name]}" if name in second else name for name, _ in rows]
    assert [row[0] for row in table.rows] == names


def test_a_caption_whose_spaces_were_stretched_is_no_row() -> None:
    def draw(canvas: Canvas) -> None:
        for x, word in zip(
            (60, 100, 130, 190, 260, 330), ["Table", "1:", "Towns", "with", "mayors"], strict=False
        ):
            put(canvas, x, 80, word)
        draw_rows(canvas, TOWNS, LEFT, top=94)

    (table,) = found_in(drawn(draw))
    assert rows_of(table) == TOWNS


def test_an_area_without_a_width_is_no_rule() -> None:
    """WeasyPrint draws such ones for empty boxes in the margins, and they touch a table's rules."""

    def draw(canvas: Canvas) -> None:
        path = canvas.beginPath()
        for _ in range(2):
            path.rect(120, HEIGHT - 100, 0, 100)
        canvas.drawPath(path, stroke=0, fill=1)
        for n in range(5):
            canvas.line(60, HEIGHT - 100 - 20 * n, 260, HEIGHT - 100 - 20 * n)
        for x in (60, 160, 260):
            canvas.line(x, HEIGHT - 180, x, HEIGHT - 100)
        for n in range(4):
            put(canvas, 66, 114 + 20 * n, f"name {n}")
            put(canvas, 166, 114 + 20 * n, f"{n}.50")

    (found,) = found_in(drawn(draw))
    assert rows_of(found) == [[f"name {n}", f"{n}.50"] for n in range(4)]


@pytest.mark.parametrize(("last", "wraps"), [("some of them", True), ("RadicalName", False)])
def test_one_short_word_is_no_line_of_a_cell(last: str, wraps: bool) -> None:
    """A third of the column is filled, and a word as wide as all of it stands below."""
    gaps = ((4, 20.0, 22.0), (7, 30.0, 32.0)) if " " in last else ()
    short = Part(last, (0.0, 0.0, 35.0, 9.0), 0, 9.0, False, False, 8.0, gaps)
    wide = Part("rule_thickness+height/4", (0.0, 11.0, 100.0, 20.0), 1, 9.0, False, False, 19.0)
    assert could_wrap(short, wide, 100.0) is wraps
