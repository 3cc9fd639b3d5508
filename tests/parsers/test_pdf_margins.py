"""PDF: numbers in the margins are furniture, and the columns of tables are not."""

from __future__ import annotations

import io

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from lsfs.model import BlockKind, Document, FurnitureRole
from tests.parsers.conftest import Reader

WIDTH, HEIGHT = A4
LEADING = 16
TEXT = "the tenant keeps the house in order and pays the rent on the first working day of a month"


def page(
    canvas: Canvas, first: int, *, step: int = 1, at: float = 60, joined: bool = False
) -> None:
    """Lines of text with numbers at ``at``; ``joined``: drawn as one text with the line."""
    canvas.setFont("Helvetica", 9)
    for n in range(30):
        number, y = first + n, HEIGHT - 90 - n * LEADING
        if joined:
            canvas.drawString(at, y, f"{number:>3}   {TEXT}")
            continue
        canvas.drawString(90, y, TEXT)
        if number % step == 0:
            canvas.drawRightString(at, y, str(number))
    canvas.showPage()


def drawn(firsts: tuple[int, ...], **how: float | bool) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    for first in firsts:
        page(canvas, first, **how)  # type: ignore[arg-type]
    canvas.save()
    return stream.getvalue()


def margins(document: Document) -> list[str]:
    return [one.text for one in document.furniture if one.role is FurnitureRole.MARGIN]


@pytest.mark.parametrize(
    ("firsts", "how"),
    [
        ((1, 1), {}),
        ((1, 31, 61), {}),
        ((86, 116), {}),  # from two digits to three
        ((1, 31), {"at": 550}),  # on the right
        ((1, 1), {"step": 5}),
        ((1, 31), {"joined": True}),
    ],
)
def test_numbers_of_lines_are_furniture(
    read: Reader, firsts: tuple[int, ...], how: dict[str, float | bool]
) -> None:
    document = read(drawn(firsts, **how))
    assert not any(letter.isdigit() for letter in document.text)
    assert document.text.count("first working day") == 30 * len(firsts)
    step = int(how.get("step", 1))
    wanted = [[n for n in range(first, first + 30) if n % step == 0] for first in firsts]
    assert margins(document) == [" ".join(map(str, numbers)) for numbers in wanted]


def test_a_first_column_of_numbers_is_of_the_table(read: Reader) -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    canvas.setFont("Helvetica", 9)
    for n in range(1, 31):
        y = HEIGHT - 90 - n * LEADING
        for x, text in (
            (60, str(n)),
            (90, "A door of oak with a frame and a lock"),
            (400, "1,250.00"),
        ):
            canvas.drawString(x, y, text)
    canvas.save()
    document = read(stream.getvalue())
    assert margins(document) == []
    (table,) = document.tables
    assert [row[0] for row in table.rows] == [str(n) for n in range(1, 31)]


def test_a_few_numbers_are_of_the_text(read: Reader) -> None:
    """Numbers at the beginning of lines that do not rise, and a list of five."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    canvas.setFont("Helvetica", 9)
    for n in range(20):
        canvas.drawString(90, HEIGHT - 90 - n * LEADING, f"{1900 + n * n % 17} {TEXT}")
    for n in range(5):
        canvas.drawString(90, HEIGHT - 450 - n * LEADING, f"{n + 1} {TEXT}")
    canvas.save()
    document = read(stream.getvalue())
    assert margins(document) == []
    assert "1900 the tenant" in document.text
    assert all(block.kind is not BlockKind.FURNITURE for block in document.blocks)


@pytest.mark.parametrize("size", [8, 12, 16])
def test_numbers_at_the_foot_are_of_pages_in_letters_of_any_size(read: Reader, size: int) -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    for number in range(1, 4):
        canvas.setFont("Helvetica", 9)
        for n in range(30):
            canvas.drawString(90, HEIGHT - 90 - n * LEADING, TEXT)
        canvas.setFont("Helvetica", size)
        canvas.drawCentredString(WIDTH / 2, 30, str(number))
        canvas.showPage()
    canvas.save()
    document = read(stream.getvalue())
    assert not any(letter.isdigit() for letter in document.text)
    roles = [(one.text, one.role) for one in document.furniture]
    assert roles == [(str(n), FurnitureRole.PAGE_NUMBER) for n in range(1, 4)]
