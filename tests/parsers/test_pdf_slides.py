"""Slides in PDF: their boxes are read one after another, whatever the order they are drawn in."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence

import pytest
from reportlab.pdfgen.canvas import Canvas

from lsfs.model import BlockKind, Document
from tests.parsers.conftest import Reader

WIDTH, HEIGHT = 720, 405
Text = tuple[float, float, str, float]  # x, y from the top, text, size


def deck(slides: Sequence[Sequence[Text]], *, seed: int | None = None) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT))
    for texts in slides:
        order = list(texts)
        if seed is not None:
            random.Random(seed).shuffle(order)
        for x, y, text, size in order:
            canvas.setFont("Helvetica", size)
            canvas.drawString(x, HEIGHT - y, text)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def column(x: float, top: float, lines: Sequence[str], size: float = 14) -> list[Text]:
    return [(x, top + 1.2 * size * n, line, size) for n, line in enumerate(lines)]


TITLE: list[Text] = [(40, 50, "Why the harbour was moved", 28)]
LEFT = ["The old harbour silted up", "within forty years of", "the first great storm."]
RIGHT = ["The new one lies north", "of the town, where the", "river has no part in it."]


def texts(document: Document) -> list[tuple[BlockKind, str]]:
    return [(block.kind, block.text) for block in document.blocks]


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_boxes_side_by_side_are_not_mixed(read: Reader, seed: int | None) -> None:
    """Three lines each are no columns by the rules of documents."""
    slide = TITLE + column(40, 160, LEFT) + column(380, 160, RIGHT)
    document = read(deck([slide], seed=seed), "a.pdf")
    assert texts(document) == [
        (BlockKind.HEADING, TITLE[0][2]),
        (BlockKind.PARAGRAPH, " ".join(LEFT)),
        (BlockKind.PARAGRAPH, " ".join(RIGHT)),
    ]
    assert document.blocks[1].heading_path == (TITLE[0][2],)


def test_boxes_that_overlap_are_read_whole(read: Reader) -> None:
    """The lines of one stand at heights between those of the other, and reach under it."""
    slide = TITLE + column(40, 160, LEFT) + column(150, 168, RIGHT)
    said = [text for _, text in texts(read(deck([slide], seed=3), "a.pdf"))]
    assert sorted(said) == sorted([TITLE[0][2], " ".join(LEFT), " ".join(RIGHT)])


def test_cards_are_read_row_by_row(read: Reader) -> None:
    """White space between the rows of cards is wider than that between columns."""
    slide = list(TITLE)
    names = ["Plan", "Build", "Run", "Retire"]
    for n, name in enumerate(names):
        slide += column(
            40 + 140 * (n % 2), 130 + 150 * (n // 2), [name, f"the {name.lower()} step"]
        )
    said = " ".join(text for _, text in texts(read(deck([slide], seed=4), "a.pdf")))
    assert [said.index(name) for name in names] == sorted(said.index(name) for name in names)


def test_big_numbers_over_what_they_mean_are_no_table(read: Reader) -> None:
    slide = list(TITLE)
    for n, (number, what) in enumerate([("94.8k", "readers"), ("4.5M", "loans"), ("78", "towns")]):
        slide += [(60 + 220 * n, 200, number, 40), (60 + 220 * n, 240, what, 18)]
    document = read(deck([slide]), "a.pdf")
    assert not document.tables
    said = [text for _, text in texts(document)]
    assert said[0] == TITLE[0][2]
    assert said[1:] == ["94.8k", "readers", "4.5M", "loans", "78", "towns"]


def test_a_table_on_a_slide(read: Reader) -> None:
    rows = [["Year", "Loans", "Readers"], ["2021", "4,210", "310"], ["2022", "4,800", "356"],
            ["2023", "5,120", "402"]]  # fmt: skip
    slide = list(TITLE)
    for n, row in enumerate(rows):
        slide += [(60 + 150 * k, 160 + 30 * n, cell, 14) for k, cell in enumerate(row)]
    document = read(deck([slide], seed=5), "a.pdf")
    assert [list(map(list, table.rows)) for table in document.tables] == [rows]


def test_what_stays_while_a_slide_is_built_up_is_no_running_head(read: Reader) -> None:
    lines = ["All of it is kept", "from one page to", "the next one", "until it is whole"]
    first: list[Text] = TITLE + column(40, 160, lines[:3]) + [(40, 390, "and this at the foot", 14)]
    document = read(deck([first, first + column(40, 260, lines[3:]), first]), "a.pdf")
    assert not document.furniture
    assert document.text.count("and this at the foot") == 3


def test_a_bullet_drawn_apart_and_its_wrapped_text(read: Reader) -> None:
    slide = [
        *TITLE,
        (40, 160, "\u2022", 14), (60, 160, "An item that is too long for", 14),
        (60, 177, "one line of its box", 14), (40, 200, "\u2022", 14), (60, 200, "Another", 14),
    ]  # fmt: skip
    assert texts(read(deck([slide], seed=6), "a.pdf"))[1:] == [
        (BlockKind.LIST_ITEM, "\u2022 An item that is too long for one line of its box"),
        (BlockKind.LIST_ITEM, "\u2022 Another"),
    ]


def test_a_page_of_a_document_on_its_side_is_no_slide(read: Reader) -> None:
    """Small letters in many lines: its columns are read as those of a document."""
    words = "the owner keeps what the tenant pays on the first day of each month and so on"
    page: list[Text] = []
    for x in (40, 380):
        page += [(x, 40 + 9 * n, words, 8.0) for n in range(38)]
    document = read(deck([page, page]), "a.pdf")
    assert all(block.kind is not BlockKind.HEADING for block in document.blocks)
    assert document.text.count(words) == 4 * 38
