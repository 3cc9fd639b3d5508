"""What a page model writes becomes blocks, whatever it writes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.model import BlockKind, Merged
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, broken_promise
from lsfs_parsers.neural.markup import page_blocks, plain
from lsfs_parsers.neural.tabular import read_tabular
from lsfs_parsers.stitch import plain_joint, stitch
from lsfs_parsers.window import End, PageBlock, PageReading, Start

PAGE = r"""
# A Study of Rivers

###### Abstract

Rivers _flow_ to the **sea**\({}^{1}\), and 5\% of them do not.

## 2 Method

We measure speed, \(v_{max} = s/t\), and find
\[v = \frac{s}{t} \tag{1}\]
where both are known.

* The Nile is long.
* The Elbe is short, and its
source is high.

1. First we look.

\begin{table}
\begin{tabular}{l c c} \hline River & \multicolumn{2}{c}{Length} \\ \hline Nile & 6650 & km \\
Elbe & 1094 & km \\ \hline \end{tabular}
\end{table}
Table 1: Rivers and their lengths.

Figure 2: The delta.

[FOOTNOTE:1]Footnote 1: Not all of them.[ENDFOOTNOTE]

```
flow(x)
  return x
```

The water goes on and is mea-"""


def text(block: PageBlock) -> str:
    return " ".join(piece.text for piece in block.pieces)


def test_a_page_is_read() -> None:
    found = [(block.kind.value, text(block)) for block in page_blocks(PAGE)]
    assert found == [
        ("heading", "A Study of Rivers"),
        ("heading", "Abstract"),
        ("para", r"Rivers flow to the sea\({}^{1}\), and 5% of them do not."),
        ("heading", "2 Method"),
        ("para", r"We measure speed, \(v_{max} = s/t\), and find"),
        ("para", r"\[v = \frac{s}{t} \tag{1}\] where both are known."),
        ("list_item", "* The Nile is long."),
        ("list_item", "* The Elbe is short, and its source is high."),
        ("list_item", "1. First we look."),
        ("table", "River | Length |  Nile | 6650 | km Elbe | 1094 | km"),
        ("caption", "Table 1: Rivers and their lengths."),
        ("caption", "Figure 2: The delta."),
        ("footnote", "Not all of them."),
        ("code", "flow(x)\n  return x"),
        ("para", "The water goes on and is mea-"),
    ]


def test_levels_and_tables_are_kept() -> None:
    blocks = page_blocks(PAGE)
    assert [block.level for block in blocks if block.kind is BlockKind.HEADING] == [1, 6, 2]
    table = next(block for block in blocks if block.kind is BlockKind.TABLE)
    assert table.rows == (("River", "Length", ""), ("Nile", "6650", "km"), ("Elbe", "1094", "km"))
    assert table.grid.header_rows == 1
    assert table.grid.merged == (Merged(0, 1, 1, 2),)


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("and so it goes on.", Start.RUNNING, End.DOUBTFUL),
        ("It begins here and", Start.PLAIN, End.OPEN),
        ("It is mea-", Start.PLAIN, End.DIVIDED),
        ("He said: \u201cgo.\u201d", Start.PLAIN, End.DOUBTFUL),
        ("It is known.3", Start.PLAIN, End.DOUBTFUL),
        ("# A heading", Start.CLOSED, End.CLOSED),
        (r"\[x = y\]", Start.CLOSED, End.CLOSED),
        ("* an item that", Start.CLOSED, End.OPEN),
    ],
)
def test_words_tell_whether_a_block_goes_on(written: str, start: Start, end: End) -> None:
    (block,) = page_blocks(written)
    assert (block.start, block.end) == (start, end)


def test_a_table_with_a_caption_of_its_own_does_not_continue_another() -> None:
    rows = r"\begin{tabular}{l l} a & b \\ \end{tabular}"
    for caption, start in (
        ("Table 2: Others.", Start.CLOSED),
        ("Table 1: Rivers (continued).", Start.RUNNING),
        ("", Start.RUNNING),
    ):
        (table,) = [b for b in page_blocks(f"{rows}\n{caption}") if b.kind is BlockKind.TABLE]
        assert table.start is start


def test_the_stitcher_joins_what_the_model_read() -> None:
    pages = [
        "A story about the won-",
        r"derful river, and a table."
        "\n"
        r"\begin{tabular}{l l} Name & Size \\ \hline a & 1 \\"
        r" \end{tabular}",
        r"\begin{tabular}{l l} Name & Size \\ \hline b & 2 \\ \end{tabular}",
    ]
    builder = Builder(Source(-1, "x", 0), "test", 1)
    stitch((PageReading("", page_blocks(page)) for page in pages), builder, plain_joint)
    document = builder.build()
    assert broken_promise(document) == ""
    assert [len({span.page for span in block.spans}) for block in document.blocks] == [2, 2]
    assert document.tables[0].rows == (("Name", "Size"), ("a", "1"), ("b", "2"))
    assert document.tables[0].row_pages == (2, 2, 3)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (r"a & b \\ c \\", (("a", "b"), ("c", ""))),
        (r"\hline a \& b & \{c\} \\[2pt] \cline{1-2} d & e", ((r"a \& b", r"\{c\}"), ("d", "e"))),
        (r"\multicolumn{2}{|p{3cm}|}{\multirow{2}{*}{x}} & y \\", (("x", "", "y"),)),
        (r"\frac{a & b}{c} & d", ((r"\frac{a & b}{c}", "d"),)),
        (r"\toprule", None),
        (r"}}}} & a {{{ & b", (("}}}}", "a {{{ & b"),)),
        ("& " * 500 + "a", None),
    ],
)
def test_rows_of_a_table(body: str, rows: tuple[tuple[str, ...], ...] | None) -> None:
    table = read_tabular(body)
    assert (table.rows if table else None) == rows


def test_marks_are_taken_from_words_and_not_from_formulas() -> None:
    assert plain(r"**a** _b_ snake_case \(x_1 + **y**_2\) \_c\_ 3\%") == (
        r"a b snake_case \(x_1 + **y**_2\) _c_ 3%"
    )


def test_marks_of_missing_pages_are_no_text() -> None:
    assert page_blocks("[MISSING_PAGE_FAIL:3]\n\n[MISSING_PAGE_EMPTY:12]") == []


SIGNS = st.sampled_from(
    [r"\begin{tabular}", r"\end{tabular}", "{", "}", "&", r"\\", r"\(", r"\)", r"\[", r"\]", "```",
     "\n", "\n\n", "#", "* ", "a", "-", "_", "**", r"\hline", r"\multicolumn{2}{c}", "Table 1:",
     " "]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(SIGNS, max_size=60))
def test_any_markup_makes_a_sound_document(signs: list[str]) -> None:
    builder = Builder(Source(-1, "x", 0), "test", 1)
    page = page_blocks("".join(signs))
    stitch([PageReading("", page), PageReading("", page)], builder)
    assert broken_promise(builder.build()) == ""


@pytest.mark.parametrize("sign", [r"\begin{tabular}{", r"\(", r"\multicolumn{2}{c}{", "_a", "**a"])
def test_nonsense_of_a_page_s_length_ends(sign: str) -> None:
    page_blocks(sign * 4096)
