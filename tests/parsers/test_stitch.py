"""The window over pages, and the joining of what page breaks divide."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lsfs.model import BlockKind, Document, FurnitureRole, Merged
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Grid, Piece, broken_promise
from lsfs_parsers.stitch import may_continue, stitch
from lsfs_parsers.window import (
    Beside,
    ContextWindow,
    End,
    PageBlock,
    PageReading,
    Start,
    goes_on,
    windows,
)

Stitched = Callable[..., Document]
PARA, NOTE, TABLE = BlockKind.PARAGRAPH, BlockKind.FOOTNOTE, BlockKind.TABLE


@pytest.fixture
def stitched(source: Callable[..., Source]) -> Stitched:
    """Puts pages, each a list of blocks, together to a document."""

    def put(*pages: list[PageBlock]) -> Document:
        builder = Builder(source(b"x"), "test", 1)
        stitch((PageReading("", blocks) for blocks in pages), builder)
        document = builder.build()
        assert broken_promise(document) == ""
        return document

    return put


def block(
    text: str, start: Start = Start.CLOSED, end: End = End.CLOSED, kind: BlockKind = PARA
) -> PageBlock:
    return PageBlock(kind, (Piece(text),), start=start, end=end)


def table(*rows: str, header: int = 0, start: Start = Start.RUNNING) -> PageBlock:
    cells = tuple(tuple(row.split()) for row in rows)
    pieces = tuple(Piece(row) for row in rows)
    return PageBlock(TABLE, pieces, rows=cells, grid=Grid(header), start=start, end=End.OPEN)


def texts(document: Document) -> list[str]:
    return [one.text for one in document.blocks]


def pages_of(document: Document, number: int) -> list[int | None]:
    return [span.page for span in document.blocks[number].spans]


# --- the window


@pytest.mark.parametrize("count", range(5))
def test_each_page_is_taken_once_and_one_ahead(count: int) -> None:
    taken: list[int] = []

    def pages() -> Iterator[int]:
        for number in range(count):
            taken.append(number)
            yield number

    for number, window in enumerate(windows(pages())):
        before = number - 1 if number else None
        after = number + 1 if number + 1 < count else None
        assert window == ContextWindow(before, number, after)
        assert taken == list(range(min(count, number + 2)))
    assert taken == list(range(count))


@pytest.mark.parametrize("end", End)
@pytest.mark.parametrize("start", Start)
def test_what_goes_on(end: End, start: Start) -> None:
    if End.CLOSED is end or Start.CLOSED is start:
        assert not goes_on(end, start)
    elif end is End.DOUBTFUL:
        assert goes_on(end, start) is (start is Start.RUNNING)
    else:
        assert goes_on(end, start)


# --- paragraphs


def test_a_paragraph_over_three_pages(stitched: Stitched) -> None:
    document = stitched(
        [block("one", end=End.OPEN)],
        [block("two", Start.RUNNING, End.OPEN)],
        [block("three.", Start.PLAIN), block("Next.")],
    )
    assert texts(document) == ["one two three.", "Next."]
    assert pages_of(document, 0) == [1, 2, 3]
    assert [page.char_start for page in document.pages] == [0, 16, 16]


def test_a_divided_word(stitched: Stitched) -> None:
    document = stitched([block("exam", end=End.DIVIDED)], [block("ple", Start.RUNNING)])
    assert texts(document) == ["example"]


def test_floats_and_notes_do_not_divide(stitched: Stitched) -> None:
    document = stitched(
        [block("a sentence", end=End.OPEN), block("1 note", kind=NOTE)],
        [
            block("Figure 1: x", kind=BlockKind.CAPTION),
            block("goes on.", Start.RUNNING),
        ],
    )
    assert texts(document) == ["a sentence goes on.", "1 note", "Figure 1: x"]
    assert pages_of(document, 0) == [1, 2]


def test_a_page_of_pictures_may_stand_between(stitched: Stitched) -> None:
    figure = block("Figure 1: x", kind=BlockKind.CAPTION)
    document = stitched(
        [block("a sentence", end=End.OPEN)], [figure], [block("goes on.", Start.RUNNING)]
    )
    assert texts(document) == ["a sentence goes on.", "Figure 1: x"]
    far = [[figure]] * 4
    document = stitched(
        [block("a sentence", end=End.OPEN)], *far, [block("goes on.", Start.RUNNING)]
    )
    assert texts(document)[0] == "a sentence"


def test_a_heading_ends_what_stands_before(stitched: Stitched) -> None:
    heading = block("Two", kind=BlockKind.HEADING)
    document = stitched(
        [block("a sentence", end=End.OPEN)], [heading, block("goes on.", Start.RUNNING)]
    )
    assert texts(document) == ["a sentence", "Two", "goes on."]


def test_an_item_goes_on_as_a_paragraph(stitched: Stitched) -> None:
    item = block("- an item", end=End.OPEN, kind=BlockKind.LIST_ITEM)
    document = stitched([item], [block("of two pages", Start.PLAIN)])
    assert [(b.kind, b.text) for b in document.blocks] == [
        (BlockKind.LIST_ITEM, "- an item of two pages")
    ]


def test_code_goes_on_as_code_only(stitched: Stitched) -> None:
    code = replace(block("x = (", end=End.OPEN), kind=BlockKind.CODE)
    document = stitched([code], [block("text", Start.RUNNING)])
    assert len(document.blocks) == 2


def test_a_note_goes_on_below_the_text(stitched: Stitched) -> None:
    document = stitched(
        [block("text one."), block("1 a note", end=End.OPEN, kind=NOTE)],
        [block("Text two."), block("of two pages.", Start.RUNNING, kind=NOTE)],
    )
    assert texts(document) == ["text one.", "1 a note of two pages.", "Text two."]
    assert pages_of(document, 1) == [1, 2]


# --- tables


def test_rows_go_on_and_a_repeated_header_is_dropped(stitched: Stitched) -> None:
    document = stitched(
        [table("a b", "1 2", header=1, start=Start.CLOSED)],
        [table("a b", "3 4", header=1)],
        [table("a b", "5 6", header=1), block("Text.")],
    )
    (found,) = document.tables
    assert found.rows == (("a", "b"), ("1", "2"), ("3", "4"), ("5", "6"))
    assert (found.pages, found.row_pages, found.header_rows) == ((1, 2, 3), (1, 1, 2, 3), 1)
    assert texts(document) == ["a b\n1 2\n3 4\n5 6", "Text."]


def test_a_repeated_header_tells_columns_that_stand_elsewhere(stitched: Stitched) -> None:
    here = replace(table("a b", "1 2", header=1), columns=((0.0, 10.0), (20.0, 30.0)))
    there = replace(table("a b", "3 4"), columns=((0.0, 10.0), (200.0, 230.0)))
    (found,) = stitched([here], [there]).tables
    assert found.rows == (("a", "b"), ("1", "2"), ("3", "4"))
    other = replace(there, rows=(("x", "y"), ("3", "4")))
    assert len(stitched([here], [other]).tables) == 2


def test_a_caption_that_says_so_is_dropped_with_it(stitched: Stitched) -> None:
    again = block("Table 1 (continued)", kind=BlockKind.CAPTION)
    other = block("Table 2: y", kind=BlockKind.CAPTION)
    first = table("a b", "1 2", header=1)
    assert texts(stitched([first], [again, table("3 4")])) == ["a b\n1 2\n3 4"]
    assert len(stitched([first], [other, table("3 4")]).tables) == 2


def test_another_number_of_columns_is_another_table(stitched: Stitched) -> None:
    assert len(stitched([table("a b")], [table("1 2 3")]).tables) == 2


def test_merged_cells_keep_their_rows(stitched: Stitched) -> None:
    one = table("a b", "1 2", header=1)
    two = table("a b", "3 4", header=1)
    two = replace(two, grid=replace(two.grid, merged=(Merged(1, 0, 1, 2), Merged(0, 0, 1, 2))))
    (found,) = stitched([one], [two]).tables
    assert found.merged == (Merged(2, 0, 1, 2),)


def test_columns_may_stand_elsewhere_and_not_otherwise() -> None:
    here = [(50.0, 100.0), (120.0, 200.0)]
    assert may_continue(here, [(left + 250, right + 250) for left, right in here])
    assert not may_continue(here, [(50.0, 100.0), (300.0, 400.0)])
    assert may_continue(here, [])


# --- pages


def test_furniture_is_kept_beside_the_text(source: Callable[..., Source]) -> None:
    builder = Builder(source(b"x"), "test", 1)
    head = Beside("Annual  report", FurnitureRole.HEADER, (1, 2, 3, 4))
    page = PageReading("iv", [block("text")], [head], "ocr", (595.0, 842.0), 90)
    stitch([page], builder)
    document = builder.build()
    (kept,) = document.furniture
    assert (kept.page, kept.text, kept.role) == (1, "Annual report", FurnitureRole.HEADER)
    assert document.text == "text"
    shown = document.pages[0]
    assert (shown.label, shown.source, shown.width, shown.rotation) == ("iv", "ocr", 595.0, 90)


def test_confidence_is_that_of_the_letters(stitched: Stitched) -> None:
    one = replace(block("aaaa", end=End.OPEN), confidence=0.5)
    two = replace(block("bbbb", Start.RUNNING), confidence=1.0)
    assert stitched([one], [two]).blocks[0].confidence == pytest.approx(0.75)


_BLOCKS = st.lists(
    st.builds(
        PageBlock,
        st.sampled_from([PARA, NOTE, BlockKind.HEADING, BlockKind.LIST_ITEM, BlockKind.CAPTION]),
        st.tuples(st.builds(Piece, st.sampled_from(["word", "two words", "e\u0301", " ", "x-"]))),
        start=st.sampled_from(Start),
        end=st.sampled_from(End),
    ),
    max_size=4,
)


@given(st.lists(_BLOCKS, max_size=6))
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_and_all_offsets_hold(pages: list[list[PageBlock]]) -> None:
    builder = Builder(Source(-1, "x", 0), "test", 1)
    stitch((PageReading("", blocks) for blocks in pages), builder)
    document = builder.build()
    assert broken_promise(document) == ""
    letters = "".join(p.text for blocks in pages for one in blocks for p in one.pieces)
    kept = sorted("".join(document.text.split()))
    assert kept == sorted("".join(letters.split()).replace("e\u0301", "\u00e9"))
    assert len(document.pages) == len(pages)
    spans = [span for one in document.blocks for span in one.spans]
    assert [span.char_start for span in spans] == sorted(span.char_start for span in spans)
    begun = [one.spans[0].page or 0 for one in document.blocks]
    assert begun == sorted(begun)


def test_rows_go_on_under_a_figure_when_the_header_is_repeated(stitched: Stitched) -> None:
    first = table("a b", "1 2", header=1, start=Start.CLOSED)
    again = table("a b", "3 4", header=1, start=Start.CLOSED)
    figure = block("Figure 1: A door.", kind=BlockKind.CAPTION)
    document = stitched([first], [figure, again])
    (found,) = document.tables
    assert found.rows == (("a", "b"), ("1", "2"), ("3", "4"))
    assert texts(document)[1:] == ["Figure 1: A door."]
    other = block("Table 2: Doors.", kind=BlockKind.CAPTION)
    assert len(stitched([first], [other, again]).tables) == 2
    assert len(stitched([first], [figure, table("c d", "3 4", start=Start.CLOSED)]).tables) == 2
