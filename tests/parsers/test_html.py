"""Web pages: what is not shown and what is around the text, merged cells, and linked data."""

from __future__ import annotations

from datetime import date

import pytest

from lsfs.model import Document, Merged
from tests.parsers.conftest import Reader

WORDS = "The tenant pays the rent on the first day of each month. " * 5


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks]


def page(body: str, head: str = "") -> bytes:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode()


def test_menus_and_footers_are_left_out_beside_a_text(read: Reader) -> None:
    around = (
        "<nav><a>Home</a></nav><div role=navigation>Menu</div>"
        "<div class='cookie-banner x'>We use cookies</div>"
    )
    body = f"{around}<main><h1>Head</h1><p>{WORDS}<footer>signed</footer></main>"
    body += "<aside>note</aside><footer>Imprint</footer>tail"
    assert texts(read(page(body), "a.html")) == ["Head", WORDS.strip(), "signed", "note", "tail"]


def test_a_page_of_links_keeps_them(read: Reader) -> None:
    body = "<nav><ul><li>One<li>Two</ul></nav><p>few words</p><footer>Imprint</footer>"
    assert texts(read(page(body), "a.html")) == ["One", "Two", "few words", "Imprint"]


@pytest.mark.parametrize(
    "attribute",
    [
        "hidden",
        "style='color:red; display : none'",
        "aria-hidden=true",
        "style='visibility:hidden'",
    ],
)
def test_what_is_not_shown_is_left_out(read: Reader, attribute: str) -> None:
    body = f"<p>one</p><div {attribute}>secret <p>more</p></div>after<p style='display:block'>two"
    assert texts(read(page(body), "a.html")) == ["one", "after", "two"]


def test_merged_cells_keep_the_columns(read: Reader) -> None:
    body = """<table><tr><th rowspan=2>A<th colspan=2>B<tr><td>b1<td>b2
    <tr><td>1<td rowspan=99>2<td>3<tr><td>4<td>5</table>"""
    table = read(page(body), "a.html").tables[0]
    assert table.rows == (("A", "B", ""), ("", "b1", "b2"), ("1", "2", "3"), ("4", "", "5"))
    assert table.merged == (Merged(0, 0, 2, 1), Merged(0, 1, 1, 2), Merged(2, 1, 2, 1))


def test_huge_spans_make_no_huge_tables(read: Reader) -> None:
    row = "<tr>" + "<td colspan=99999 rowspan=65534>x" * 5
    table = read(page(f"<table>{row * 2_000}</table>"), "a.html").tables[0]
    assert sum(map(len, table.rows)) < 200_000
    assert sum(cell == "x" for row in table.rows for cell in row) == 10_000


def test_lists_of_definitions_and_breaks(read: Reader) -> None:
    body = "<dl><dt>Rent<dd>950<br>euros</dl><ul><li>a<ul><li>b</ul>c</ul>"
    assert texts(read(page(body), "a.html")) == ["Rent", "950\neuros", "a", "b", "c"]


LINKED = """<script type="application/ld+json">{"@graph": [{"@type": "WebSite", "name": "x"},
{"headline": "H", "datePublished": "2024-02-03T10:00", "author": [{"name": "Ann"}, "Bob"]}]}
</script>"""


@pytest.mark.parametrize(
    ("head", "created", "author"),
    [
        (LINKED, date(2024, 2, 3), "Ann, Bob"),
        ("<meta itemprop=datePublished content=2024-02-03>", date(2024, 2, 3), ""),
        ("<meta name=DC.Date content=2024><meta name=DC.Creator content=Ann>", date(2024, 1, 1),
         "Ann"),
        ("<meta name=dcterms.created content=2024-02-03>", date(2024, 2, 3), ""),
        ("<script type='application/ld+json'>{broken</script>", None, ""),
        ("<script type='application/ld+json'>" + "[" * 9_999 + "</script>", None, ""),
    ],
)  # fmt: skip
def test_what_a_page_says_of_itself(
    read: Reader, head: str, created: date | None, author: str
) -> None:
    document = read(page("<p>words", head), "a.html")
    assert (document.created, document.author) == (created, author)


def test_a_marked_time(read: Reader) -> None:
    body = "<time datetime=2020-01-01>x</time><time pubdate datetime=2024-02-03>y</time>"
    assert read(page(body), "a.html").created == date(2024, 2, 3)


@pytest.mark.parametrize("name", ["{x", "{}", "{a}b", "\u0001x", "=", "a:b:c", "xmlns:"])
def test_attributes_of_any_name(read: Reader, name: str) -> None:
    body = f"<p {name}=1>words</p><table><tr><td {name}>1<td>2<tr><td>3<td>4</table>"
    assert "words" in read(page(body), "a.html").text
