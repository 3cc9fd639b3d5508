"""Pages with tables, drawn for tests of the PDF parser."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pypdfium2
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate

from lsfs_parsers.pdf_lines import page_text
from lsfs_parsers.pdf_rules import page_rules
from lsfs_parsers.pdf_tables import FoundTable, find_tables

WIDTH, HEIGHT = 595, 842
BODY = 10.0
STYLES = getSampleStyleSheet()
CELL = ParagraphStyle("cell", parent=STYLES["BodyText"], fontSize=8, leading=9.5)

TOWNS = [
    ["Town", "Area", "People", "Mayor"],
    ["Northam", "12.50", "4,301", "Ada Miller"],
    ["Eastbury", "7.05", "988", "Bo Lind"],
    ["Southwick", "103.90", "71,004", "Carl Grant"],
    ["Westfield", "55.00", "12,450", "Dora Ek"],
    ["Midford", "9.75", "2,006", "Eve Stone"],
]

Draw = Callable[[Canvas], None]


def found_in(data: bytes, *, body: float = BODY, seed: int | None = None) -> list[FoundTable]:
    with pypdfium2.PdfDocument(data) as pdf:
        page = pdf[0]
        text = page_text(page)
        rules = page_rules(page, turn=text.turn)
        page.close()
    lines = list(text.lines)
    if seed is not None:
        random.Random(seed).shuffle(lines)
    width, height = text.turn.size
    return find_tables(lines, rules, (0.0, 0.0, width, height), body)


def drawn(draw: Draw) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT))
    draw(canvas)
    canvas.save()
    return stream.getvalue()


def portfolio(files: Mapping[str, bytes], *lines: str) -> bytes:
    """A page with some lines, and files attached to it by their names."""

    def draw(canvas: Canvas) -> None:
        for n, line in enumerate(lines or ("Please find it attached.",)):
            put(canvas, 72, 100 + 30 * n, line)

    with pypdfium2.PdfDocument(drawn(draw)) as pdf:
        for name, data in files.items():
            pdf.new_attachment(name).set_data(data)
        stream = io.BytesIO()
        pdf.save(stream)
    return stream.getvalue()


def made(flowables: Sequence[Any]) -> bytes:
    stream = io.BytesIO()
    SimpleDocTemplate(stream, pagesize=(WIDTH, HEIGHT)).build(list(flowables))
    return stream.getvalue()


def rows_of(table: FoundTable) -> list[list[str]]:
    return [list(row) for row in table.rows]


def put(canvas: Canvas, x: float, y: float, text: str, align: str = "l", size: float = 9) -> None:
    """Text at ``y`` from the top; ``d`` sets a number's point at ``x``."""
    canvas.setFont("Helvetica", size)
    if align == "d":
        x -= stringWidth(text.split(".")[0], "Helvetica", size)
    write = {"r": canvas.drawRightString, "c": canvas.drawCentredString}
    write.get(align, canvas.drawString)(x, HEIGHT - y, text)


def draw_rows(
    canvas: Canvas,
    rows: Sequence[Sequence[str]],
    columns: Sequence[tuple[float, str]],
    top: float = 100,
    pitch: float = 13,
) -> float:
    for row in rows:
        for text, (x, align) in zip(row, columns, strict=True):
            if text:
                put(canvas, x, top, text, align)
        top += pitch
    return top


def prose(canvas: Canvas, top: float, count: int = 6, left: float = 60) -> float:
    words = "the tenant shall pay the rent to the owner on the first working day of a month and"
    for number in range(count):
        put(canvas, left, top, f"{words} {'so on ' * (number % 3)}until the end", size=BODY)
        top += 12.5
    return top


LEFT = [(60, "l"), (180, "l"), (260, "l"), (360, "l")]
MIXED = [(60, "l"), (220, "d"), (320, "r"), (420, "c")]
