"""The words of a line from a picture keep their places where the line's text is another."""

from __future__ import annotations

import pytest

from lsfs_parsers.pdf_backend import _pieces
from lsfs_parsers.pdf_lines import Line, Turn
from lsfs_parsers.pdf_page import PdfPage

TURN = Turn(0, (0.0, 0.0, 100.0, 100.0))
WORDS = (
    ("the", (10.0, 0.0, 30.0, 9.0)),
    ("long", (35.0, 0.0, 60.0, 9.0)),
    ("exam-", (65.0, 0.0, 90.0, 9.0)),
)


def line(text: str, right: float = 90.0) -> Line:
    """A line of those words, up to an edge."""
    return Line(text, (10.0, 0.0, right, 9.0), 9, False, False, (), 0.9, words=WORDS)


@pytest.mark.parametrize(
    ("text", "right", "expected"),
    [
        ("the long exam-", 90.0, ["the", "long", "exam-"]),
        ("the long exam", 90.0, ["the", "long", "exam"]),  # a hyphen that was taken away
        ("thelongexam", 90.0, ["the", "long", "exam"]),
        ("the long", 60.0, ["the", "long"]),  # a column of the line
        ("a long exam", 90.0, ["a long exam"]),  # another text
        ("the long exam here", 90.0, ["the long exam here"]),
    ],
)
def test_pieces_of_a_line(text: str, right: float, expected: list[str]) -> None:
    page = PdfPage(1, "", TURN, TURN, [line(text, right)])
    pieces = list(_pieces(page.lines[0], text, "/", page))
    assert [one.text for one in pieces] == expected
    assert "".join(one.text + one.glue for one in pieces) == f"{text}/"
    boxes = [one.bbox for one in pieces if one.bbox is not None]
    assert len(boxes) == len(pieces)
    assert boxes == sorted(boxes)


def test_a_line_of_a_text_has_one_piece() -> None:
    plain = line("the long exam-")._replace(words=())
    page = PdfPage(1, "", TURN, TURN, [plain])
    assert [one.text for one in _pieces(plain, plain.text, " ", page)] == [plain.text]
