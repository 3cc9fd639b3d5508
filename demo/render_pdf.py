"""Writes a document as PDF: headings, running head, page numbers, tables, text over pages."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Table,
)

from demo.sources import Part, Source, parts

_BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=11.5, leading=18, spaceAfter=10)
_ITEM = ParagraphStyle("item", _BODY, leftIndent=18, bulletIndent=4, spaceAfter=4)
_CELL = ParagraphStyle("cell", _BODY, fontSize=10, leading=13, spaceAfter=0)
_HEADINGS = {
    1: ParagraphStyle("h1", fontName="Helvetica-Bold", fontSize=18, leading=24, spaceAfter=14),
    2: ParagraphStyle(
        "h2",
        fontName="Helvetica-Bold",
        fontSize=12.5,
        leading=17,
        spaceBefore=8,
        spaceAfter=5,
    ),
}
_GRID = [
    ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
    ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]


def pdf(source: Source) -> bytes:
    """The document as PDF; the same bytes each time."""
    out = io.BytesIO()
    password = source.extra.get("password")
    lock = StandardEncryption(password, "owner-" + password, strength=128) if password else None
    title = source.extra.get("title") or _title(source)
    author = source.extra.get("author", "Ellingsen & Roth")
    with _at(source.created):
        document = SimpleDocTemplate(
            out,
            pagesize=A4,
            leftMargin=84,
            rightMargin=84,
            topMargin=92,
            bottomMargin=80,
            title=title,
            author=author,
            encrypt=lock,
            invariant=1,
        )
        frame = _furniture(source.extra.get("head", title))
        document.build(list(_flow(source.body)), onFirstPage=frame, onLaterPages=frame)
    return out.getvalue()


def _title(source: Source) -> str:
    headings = (part.text for part in parts(source.body) if part.kind == "heading")
    return next(headings, source.kind)


@contextmanager
def _at(created: date | None) -> Iterator[None]:
    """Make reportlab stamp the file with ``created``, not with the time of the run."""
    day = created or date(2019, 1, 1)
    stamp = datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC)
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(stamp.timestamp()))
    try:
        yield
    finally:
        del os.environ["SOURCE_DATE_EPOCH"]
        if before is not None:
            os.environ["SOURCE_DATE_EPOCH"] = before


def _furniture(head: str) -> Callable[[Any, Any], None]:
    def draw(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont("Helvetica", 8.5)
        canvas.drawString(84, A4[1] - 56, head)
        canvas.drawRightString(A4[0] - 84, 48, f"Page {document.page}")
        canvas.restoreState()

    return draw


def _flow(body: str) -> Iterator[Flowable]:
    for part in parts(body):
        if part.kind == "heading":
            yield CondPageBreak(60)  # a heading stands with the beginning of its text
        yield _flowable(part)


def _flowable(part: Part) -> Flowable:
    if part.kind == "page":
        return PageBreak()
    if part.kind == "table":
        return _table(part.rows)
    if part.kind == "heading":
        return Paragraph(escape(part.text), _HEADINGS[min(part.level, 2)])
    if part.kind == "item":
        return Paragraph(escape(part.text), _ITEM, bulletText="\N{BULLET}")
    return Paragraph(escape(part.text), _BODY)


def _table(rows: tuple[tuple[str, ...], ...]) -> Flowable:
    width = (A4[0] - 168) / len(rows[0])
    cells = [[Paragraph(escape(cell), _CELL) for cell in row] for row in rows]
    return Table(cells, colWidths=[width] * len(rows[0]), style=_GRID, repeatRows=1, spaceAfter=12)
