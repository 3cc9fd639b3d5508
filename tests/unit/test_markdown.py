"""Documents as Markdown."""

from __future__ import annotations

from lsfs import markdown
from lsfs.model import Block, BlockKind, Document, Page, Span, Table


def made(*parts: tuple[BlockKind, str, int | None], **facts: object) -> Document:
    """A document of blocks on pages; a block of several pages has ``|`` between them."""
    blocks, spans_of, at = [], [], 0
    for kind, text, page in parts:
        spans, start = [], at
        for offset, piece in enumerate(text.split("|") if page else [text]):
            number = None if page is None else page + offset
            spans.append(Span(at, at + len(piece), page=number))
            at += len(piece)
        plain = text.replace("|", "") if page else text
        level = 1 if kind is BlockKind.HEADING else 0
        blocks.append(Block(kind, plain, start, at, level, spans=tuple(spans)))
        spans_of += spans
        at += 2
    numbers = sorted({span.page for span in spans_of if span.page is not None})
    pages = []
    for number in range(1, (numbers or [0])[-1] + 1):
        start = min((s.char_start for s in spans_of if (s.page or 0) >= number), default=at - 2)
        pages.append(Page(number, str(number), start, start))
    text = "\n\n".join(block.text for block in blocks)
    return Document(
        "x", "x", 1, text=text, blocks=tuple(blocks), pages=tuple(pages), **facts  # type: ignore[arg-type]
    )  # fmt: skip


def whole(document: Document) -> str:
    return markdown.whole(document).decode()


P, H, T = BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.TABLE


def test_each_kind_of_block() -> None:
    document = made(
        (H, "A\nheading", None), (P, "text\nof two lines", None),
        (BlockKind.LIST_ITEM, "bare", None), (BlockKind.LIST_ITEM, "- marked\nwrapped", None),
        (BlockKind.LIST_ITEM, "1. numbered", None), (BlockKind.CODE, "a = `````", None),
    )  # fmt: skip
    assert whole(document) == (
        "# A heading\n\ntext\nof two lines\n\n- bare\n\n- marked\n  wrapped\n\n1. numbered\n\n"
        "``````\na = `````\n``````\n"
    )


def test_levels_are_those_that_markdown_has() -> None:
    block = Block(H, "deep", 0, 4, 9)
    assert whole(Document("x", "x", 1, blocks=(block,))) == "###### deep\n"


def test_the_title_comes_first_unless_it_is_there() -> None:
    assert whole(made((P, "text", None), title="A  title")) == "# A title\n\ntext\n"
    assert whole(made((H, "A title", None), title="A title")) == "# A title\n"
    assert whole(made((P, "A title", None), title="A title")) == "# A title\n\nA title\n"


def test_tables_have_cells() -> None:
    rows = (("Who", "EUR"), ("A|B", "1\n2"), ("C",))
    table = made((T, "as text", None), tables=(Table(rows, header_rows=1),))
    assert whole(table) == "| Who | EUR |\n| --- | --- |\n| A\\|B | 1 2 |\n| C |  |\n"
    bare = made((T, "as text", None), tables=(Table(rows[:1]),))
    assert whole(bare) == "|  |  |\n| --- | --- |\n| Who | EUR |\n"
    assert whole(made((T, "as text", None))) == "as text\n"
    assert whole(made((T, "as text", None), tables=(Table(((),)),))) == ""


def test_pages_are_marked_and_can_be_had_alone() -> None:
    document = made((P, "one", 1), (P, "be|gin", 1), (P, "four", 4))
    assert whole(document) == (
        "<!-- page 1 -->\n\none\n\nbegin\n\n<!-- page 2 -->\n\n<!-- page 3 -->\n\n"
        "<!-- page 4 -->\n\nfour\n"
    )
    alone = [markdown.page(document, number).decode() for number in (1, 2, 3, 4)]
    assert alone == ["one\n\nbe\n", "gin\n", "", "four\n"]


def test_a_table_over_two_pages_is_text_on_each() -> None:
    document = made((T, "a |b ", 1), tables=(Table((("a", "b"),)),))
    assert [markdown.page(document, n) for n in (1, 2)] == [b"a\n", b"b\n"]


def test_labels_cannot_end_the_mark() -> None:
    block = Block(P, "x", 0, 1, spans=(Span(0, 1, page=1),))
    document = Document("x", "x", 1, text="x", blocks=(block,), pages=(Page(1, "-->\nx", 0, 1),))
    assert whole(document) == "<!-- page 1: -> x -->\n\nx\n"


def test_sizes_are_bytes() -> None:
    document = made((P, "ü", 1), (P, "\ud800", 2))
    sizes = markdown.sizes(document)
    assert sizes.text == len(markdown.whole(document))
    assert sizes.pages == (3, 2)
    assert markdown.sizes(Document("x", "x", 1)) == markdown.Sizes(0, ())
