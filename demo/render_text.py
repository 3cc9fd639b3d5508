"""Writes a document as HTML, e-mail, CSV or plain text."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape

from demo.sources import Part, Source, parts


def plain(source: Source) -> bytes:
    """The body as it stands (text, Markdown, source code)."""
    return source.body.encode()


def web_page(source: Source) -> bytes:
    """The document as an HTML page."""
    title = escape(source.extra.get("title", source.kind))
    lines = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        "<style>body { font-family: sans-serif; max-width: 42em }</style></head>",
        "<body>",
        "<nav><a href='#'>Home</a> <a href='#'>Print this page</a></nav>",
        *(_element(part) for part in parts(source.body)),
        "</body></html>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _element(part: Part) -> str:
    if part.kind == "page":
        return "<hr>"
    if part.kind == "heading":
        return f"<h{part.level}>{escape(part.text)}</h{part.level}>"
    if part.kind == "item":
        return f"<ul><li>{escape(part.text)}</li></ul>"
    if part.kind == "table":
        rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in part.rows)
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"
    return f"<p>{escape(part.text)}</p>"


def mail(source: Source) -> bytes:
    """The document as a message with its headers; ``html`` in the extras adds that alternative."""
    message = EmailMessage(policy=SMTP)
    day = source.day or date(2019, 1, 1)
    clock = time.fromisoformat(source.extra.get("time", "09:12"))
    message["From"] = source.extra["from"]
    message["To"] = source.extra["to"]
    message["Subject"] = source.extra["subject"]
    message["Date"] = format_datetime(datetime.combine(day, clock, UTC))
    message["Message-ID"] = (
        f"<{sha256(source.path.encode()).hexdigest()[:20]}@ellingsen-roth.example>"
    )
    message.set_content(source.body)
    if source.extra.get("html"):
        paragraphs = "\n".join(_element(part) for part in parts(source.body))
        message.add_alternative(f"<html><body>\n{paragraphs}\n</body></html>\n", subtype="html")
        message.set_boundary("=_" + sha256(source.path.encode()).hexdigest()[:24])
    return message.as_bytes()


def comma_separated(source: Source) -> bytes:
    """The tables of the document as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for part in parts(source.body):
        writer.writerows(part.rows)
    return out.getvalue().encode()
