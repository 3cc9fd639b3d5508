"""Places as people write them, for each unit of pages and lines."""

from __future__ import annotations

import pytest

from lsfs.model import Block, BlockKind, Document, Page, Span, Table
from lsfs.places import Places, cited, column_name, plain


def document(
    *spans: tuple[int | None, int | None],
    unit: str = "page",
    line_unit: str = "line",
    labels: tuple[str, ...] = (),
    heading: tuple[str, ...] = (),
    table: Table | None = None,
) -> Document:
    """A block of runs of ten characters, each with a page and a line."""
    placed = tuple(Span(10 * n, 10 * n + 10, page, line) for n, (page, line) in enumerate(spans))
    text = "x" * 10 * len(spans)
    kind = BlockKind.TABLE if table else BlockKind.PARAGRAPH
    block = Block(kind, text, 0, len(text), 0, heading, placed)
    pages = tuple(Page(n, label, 0, 0) for n, label in enumerate(labels, 1))
    return Document(
        "x", "x", 1, text=text, blocks=(block,), page_unit=unit, line_unit=line_unit, pages=pages,
        tables=(table,) if table else (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("of", "where"),
    [
        (document((3, None), labels=("1", "2", "3")), "p.3"),
        (document((3, 7), (4, 8), labels=("1", "2", "3", "4")), "p.3-4"),
        (document((1, None), labels=("iv",)), "p.1 (iv)"),
        (document((2, None), unit="slide", labels=("1", "2")), "slide 2"),
        (document((1, None), unit="slide", labels=("1 (hidden)",)), "slide 1 (hidden)"),
        (document((1, None), (2, None), unit="slide", labels=("1", "2")), "slides 1-2"),
        (document((1, 12), unit="message", labels=("Re: rent",)), "message 1"),
        (document((5, 1), unit="cell"), "cell 5"),
        (document((2, None), unit="chapter", labels=("A", "The  Storm")), "chapter 2: The Storm"),
        (document((2, None), unit="chapter", labels=("1", "2")), "chapter 2"),
        (document((1, 4), unit="sheet", labels=("Sums",)), "!Sums"),
        (document((None, 120), (None, 134)), ":120-134"),
        (document((None, 4)), ":4"),
        (document((None, 4), (None, 5), line_unit="row"), "rows 4-5"),
        (document((None, 14), line_unit="paragraph"), "paragraph 14"),
        (
            document((None, 14), line_unit="paragraph", heading=("A", "Terms", "Notice")),
            "Terms > Notice, paragraph 14",
        ),
        (document((None, None)), ""),
    ],
)
def test_the_whole_of_a_block(of: Document, where: str) -> None:
    assert Places(of).where(0, len(of.text)) == where


def test_cells_of_a_sheet() -> None:
    rows = (("Name", "Sum", ""), ("", "3", ""), ("Ann", "", "x"))
    table = Table(rows, row_lines=(3, 4, 9), first_column=25)
    of = document((1, 3), (1, 4), (1, 9), unit="sheet", labels=("Q 1",), table=table)
    places = Places(of)
    assert places.where(0, 30) == "!Q 1 Z3:AB9"
    assert places.where(11, 12) == "!Q 1 AA4"
    assert places.where(20, 30) == "!Q 1 Z9:AB9"


def test_a_range_between_pages() -> None:
    places = Places(document((3, None), (4, None)))
    assert places.where(0, 10) == "p.3"
    assert places.where(9, 11) == "p.3-4"
    assert places.where(10, 11) == "p.4"
    assert Places(Document("x", "x", 1)).where(0, 1) == ""


def test_long_names_are_cut() -> None:
    of = document((1, None), unit="chapter", labels=("word " * 50,))
    assert len(Places(of).where(0, 10)) < 80


def test_behind_a_path() -> None:
    assert cited("a.pdf", "p.3") == "a.pdf p.3"
    assert cited("a.txt", ":4-9") == "a.txt:4-9"
    assert cited("b.xlsx", "!Sheet1 B4:F9") == "b.xlsx!Sheet1 B4:F9"
    assert cited("a", "") == "a"
    assert [plain(3), plain(3, 4), plain(None, None, 5, 5), plain(None)] == [
        "p.3",
        "p.3-4",
        ":5",
        "",
    ]


def test_names_of_columns() -> None:
    assert [column_name(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
