"""Where a quote stands in a document and on its page."""

from __future__ import annotations

import pytest

from lsfs.model import Block, BlockKind, Span
from lsfs.web.links import link, quoting
from lsfs.web.quotes import boxes, find, page_at


def block(
    start: int, *lines: str, page: int = 1, kind: BlockKind = BlockKind.PARAGRAPH, top: float = 0.0
) -> Block:
    """A block of lines, 100 points wide and 10 high each."""
    text = " ".join(lines)
    spans, at = [], start
    for n, line in enumerate(lines):
        end = at + len(line) + (n + 1 < len(lines))
        bbox = (50.0, top + 10.0 * n, 150.0, top + 10.0 * n + 10.0)
        spans.append(Span(at, end, page, None, bbox))
        at = end
    return Block(kind, text, start, start + len(text), spans=tuple(spans))


FIRST = block(0, "The rent is EUR 700", "for each month.")
SECOND = block(37, "The rent is EUR 700", page=2)
TABLE = block(58, "Rent | 700 | EUR", page=2, kind=BlockKind.TABLE)
ALL = (FIRST, SECOND, TABLE)


def test_white_space_does_not_count() -> None:
    assert find(ALL, "EUR\n 700   for each") == (12, 28)
    assert find(ALL, "for each month. The rent is") == (20, 48)
    assert find(ALL, "") == find(ALL, "there is no such thing") == find((), "rent") == (0, 0)


def test_the_page_that_is_meant_comes_first() -> None:
    assert find(ALL, "The rent", page=2) == (37, 45)
    assert find(ALL, "The rent", page=9) == (0, 8)
    assert page_at(ALL, (37, 45)) == 2


def test_a_quote_of_which_the_end_was_read_otherwise() -> None:
    words = "The rent is EUR 700 for each of the years that are still to come"
    assert find(ALL, words) == (0, len("The rent is EUR 700 for each"))


def test_a_long_quote_is_its_beginning_and_its_end() -> None:
    assert find(ALL, "The rent", end="month.") == (0, 35)
    words = " ".join(f"word{n}" for n in range(200))
    address = quoting("a.txt", None, words)
    assert len(address) < 600 and "&to=" in address
    assert find((block(0, words),), words[:300], end=words[-80:]) == (0, len(words))


@pytest.mark.parametrize("pattern", ["(a+)+$", ".*.*.*x", "\\", "[", "a{1,9999}"])
def test_a_quote_is_no_pattern(pattern: str) -> None:
    assert find((block(0, "a" * 5000),), pattern) == (0, 0)
    assert find((block(0, f"so: {pattern}"),), pattern) == (4, 4 + len(pattern))


def test_words_of_a_scan_are_marked_as_a_line() -> None:
    text = "the tall oak falls"
    places = [(10.0, 20.0), (24.0, 40.0), (44.0, 56.0), (10.0, 30.0)]
    starts = [0, 4, 9, 13]
    spans = tuple(
        Span(start, end, page=1, bbox=(left, 100.0 + 12 * (n == 3), right, 109.0 + 12 * (n == 3)))
        for n, (start, end, (left, right)) in enumerate(
            zip(starts, [*starts[1:], len(text)], places, strict=True)
        )
    )
    block = Block(BlockKind.PARAGRAPH, text, 0, len(text), spans=spans)
    first, second = boxes((block,), (0, len(text)), 1)
    assert first[0] < 10 and first[0] + first[2] > 56
    assert second[1] > first[1] + first[3] - 4


def test_boxes_cut_the_first_and_the_last_line() -> None:
    whole = list(boxes(ALL, (0, 35), 1))
    assert [box[2] for box in whole] == [103.0, 103.0]
    (first, second) = boxes(ALL, (12, 28), 1)
    assert first[0] > 90 and first[0] + first[2] == pytest.approx(151.5)
    assert second[0] == 48.5 and 40 < second[2] < 75
    assert list(boxes(ALL, (0, 0), 1)) == []


def test_a_row_of_a_table_and_a_line_from_the_right_are_marked_whole() -> None:
    (row,) = boxes(ALL, (65, 68), 2)
    assert row[2] == 103.0
    arabic = block(0, "\u0627\u0644\u0625\u064a\u062c\u0627\u0631 700")
    (line,) = boxes((arabic,), (0, 3), 1)
    assert line[2] == 103.0


def test_addresses_hold_any_name() -> None:
    assert link("file", "a b/\udce9?#%.txt") == "/file/a%20b/%E9%3F%23%25.txt"
    assert link("", None, q="", page=0) == "/"
