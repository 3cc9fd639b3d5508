"""Writes a document as DOCX or XLSX, with the same bytes each time."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time

import docx
import openpyxl
from openpyxl.styles import Font

from demo.sources import Source, parts

_STAMP = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def word(source: Source) -> bytes:
    """The document as DOCX; ``<<page>>`` becomes a page break."""
    document = docx.Document()
    for part in parts(source.body):
        if part.kind == "page":
            document.add_page_break()
        elif part.kind == "heading":
            document.add_heading(part.text, level=min(part.level, 4))
        elif part.kind == "item":
            document.add_paragraph(part.text, style="List Bullet")
        elif part.kind == "table":
            _word_table(document, part.rows)
        else:
            document.add_paragraph(part.text)
    document.sections[0].header.paragraphs[0].text = source.extra.get("head", "")
    properties = document.core_properties
    properties.author = source.extra.get("author", "Ellingsen & Roth")
    properties.title = source.extra.get("title", "")
    properties.created = properties.modified = _noon(source.created)
    properties.comments = ""
    out = io.BytesIO()
    document.save(out)
    return _same_each_time(out.getvalue(), source.created)


def _word_table(document: docx.document.Document, rows: tuple[tuple[str, ...], ...]) -> None:
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text


def sheets(source: Source) -> bytes:
    """The document as XLSX: each heading begins a sheet, each table fills one."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for part in parts(source.body):
        if part.kind == "heading":
            sheet = book.create_sheet(part.text)
        elif part.kind == "table":
            for row in part.rows:
                sheet.append([_value(cell) for cell in row])
            for cell in sheet[1]:
                cell.font = Font(bold=True)
        else:
            sheet.append([part.text])
    book.properties.creator = source.extra.get("author", "Pia Lund")
    book.properties.created = _noon(source.created)
    out = io.BytesIO()
    book.save(out)
    return _same_each_time(out.getvalue(), source.created)


def _value(cell: str) -> str | int | float | date:
    if re.fullmatch(r"-?\d+", cell):
        return int(cell)
    if re.fullmatch(r"-?\d+\.\d+", cell):
        return float(cell)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return date.fromisoformat(cell)
    return cell


def _noon(day: date | None) -> datetime:
    return datetime.combine(day or date(2019, 1, 1), time(12))


def _same_each_time(content: bytes, day: date | None) -> bytes:
    """Take the time of the run out of an office file (a ZIP archive)."""
    out = io.BytesIO()
    stamp = _noon(day).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, _STAMP)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", old.read(name)))
    return out.getvalue()
