"""Small whole files of every format, for the fuzzing harness to spoil.

A format is a line in ``SEEDS``: a file name, whose ending names the format, and what makes the
bytes. Seeds are made by the libraries that write the format, and hold a bit of everything.
"""

from __future__ import annotations

import io
import json
import mailbox
import tempfile
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from benchmarks import fuzz_doc
from benchmarks.fuzz_doc import Par
from benchmarks.fuzz_ppt import ppt
from benchmarks.fuzz_xls import xls

TEXT = "The tenant pays the rent of 1,250 EUR on 3 March 2023. Zürich, naïve ﬁnal - x.\n"


def text() -> bytes:
    return (TEXT * 3 + "\n" + "    indented\n\n" + TEXT).encode()


def utf16() -> bytes:
    return (TEXT * 3).encode("utf-16")


def markdown() -> bytes:
    return (
        b"---\ntitle: Lease\nauthor: Ann\ndate: 2023-04-05\n---\n# Head\n\nText *b* [l](u) `c`\n\n"
        b"Under\n---\n\n| a | b |\n|---|:-:|\n| 1 | x\\|y |\n\n- one\n  - two\n1. three\n\n"
        b"```py\nprint(1)\n```\n\n> quoted\n\n    code\n\n***\nend\n"
    )


def html() -> bytes:
    return (
        b'<!doctype html><html lang="de"><head><meta charset="utf-8"><title>Lease</title>'
        b'<meta name="author" content="Ann"><style>p{}</style></head><body><h1>Head &amp; tail</h1>'
        b"<p>Text<br>more &#x41; &nbsp;<ul><li>one<li>two<ol><li>deep</ol></ul><pre>a\n  b</pre>"
        b"<table><tr><th>a<th>b<tr><td rowspan=2>1<td colspan='3'>2</table><script>1</script>"
        b"<!-- note --><div><h2>Sub</h2>end</div></body></html>"
    )


def mail() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Ann <ann@example.org>", "bob@example.org"
    message["Subject"], message["Date"] = "Grüße vom Vertrag", "Mon, 1 May 2023 23:00:00 -0700"
    message.set_content("Hello\nthere\n\nsecond é\n")
    message.add_alternative("<p>the same in <b>html</b></p>", subtype="html")
    message.add_attachment(b"x" * 90, maintype="application", subtype="pdf", filename="Größe.pdf")
    return bytes(message)


def mbox() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "box"
        box = mailbox.mbox(path)
        for number in range(3):
            message = mailbox.mboxMessage(mail())
            message["X-Number"] = str(number)
            message.set_from("ann@example.org", (2023, 5, 1, 12, 0, 0, 0, 121, 0))
            box.add(message)
        box.close()
        return path.read_bytes()


def csv() -> bytes:
    return b'Name;Amount;Note\nAnn;1,5;"a ""b""\nc"\nBob;2;\n;;\n' * 3


def some_json() -> bytes:
    value = {
        "title": "Lease",
        "rows": [{"n": n, "t": TEXT, "x": [None, True, 1e9]} for n in (1, 2)],
    }
    return json.dumps(value, indent=1).encode()


def xml() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "text">]>'
        b'<a b="c">&e;<d><![CDATA[x]]></d></a>'
    )


def yaml() -> bytes:
    return (
        b"title: Lease\nauthors: &a [Ann, {name: Bob}]\ndate: 5 April 2023\nrows:\n  - *a\n"
        b"  - |\n    text\n"
    )


def toml() -> bytes:
    return b'title = "Lease"\n[project]\nauthors = [{ name = "Ann" }]\ndate = 2023-04-05\n'


def code() -> bytes:
    return (
        b'#!/usr/bin/env python3\n"""Doc.\n\nAuthor: Ann\nDate: 5 April 2023\n"""\n'
        b"import os\n\n\ndef f(x: int) -> int:\n    return x\n"
    )


def notebook() -> bytes:
    def cell(kind: str, **more: Any) -> dict[str, Any]:
        return {"cell_type": kind, "metadata": {}, "source": ["# Head\n", "text"], **more}

    outputs = [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]
    cells = [cell("markdown"), cell("code", execution_count=1, outputs=outputs)]
    meta = {"kernelspec": {"name": "python3", "language": "python", "display_name": "P"}}
    value = {"cells": cells, "metadata": meta, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(value).encode()


def latex() -> bytes:
    return (
        rb"\documentclass{article}\title{Lease}\author{Ann}\begin{document}\maketitle"
        b"\n\\section{One} Text $a^2$ \\emph{b} % note\n\n"
        b"\\begin{itemize}\\item a\\item b\\end{itemize}"
        b"\n\\begin{tabular}{ll}a & b\\\\ c & d\\end{tabular}\n\\begin{verbatim}x\\end{verbatim}"
        b"\n\\end{document}\n"
    )


def rtf() -> bytes:
    return (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\title Lease}{\author Ann}}"
        rb"\pard\b Head\b0\par Text \'fc \u8364? more\par"
        rb"\trowd\cellx100\cellx200 a\cell b\cell\row}"
    )


def pdf() -> bytes:
    """Paragraphs, a table and a picture on three pages, compressed as most are."""
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

    styles = getSampleStyleSheet()
    story: list[Any] = [Paragraph("Title", styles["Title"])]
    for number in range(3):
        story += [Paragraph(f"Section {number}", styles["Heading1"]), Paragraph(TEXT * 4)]
        story += [Table([["a", "b"], ["1", "2"]], style=[("GRID", (0, 0), (-1, -1), 1, "black")])]
        story += [PageBreak()]
    stream = io.BytesIO()
    SimpleDocTemplate(stream, title="Lease", author="Ann").build(story)
    return stream.getvalue()


def pdf_plain() -> bytes:
    """Without compression, with an outline, links and page labels: its structure lies open."""
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    canvas = Canvas(stream, pageCompression=0)
    for number in range(2):
        canvas.bookmarkPage(str(number))
        canvas.addOutlineEntry(f"Part {number}", str(number), number)
        canvas.drawString(72, 700, TEXT.strip())
        canvas.rotate(90)
        canvas.drawString(300, -100, "up the side")
        canvas.linkURL("https://example.org", (0, 0, 50, 50))
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def pdf_tagged() -> bytes:
    """Two pages with tags for headings and paragraphs, and an outline that points at them."""
    lines = [
        ("H1", "Duties of the tenant"),
        ("P", TEXT.strip()),
        ("H2", "Rent"),
        ("P", "It is due."),
    ]
    shown = "".join(
        f"/{tag} <</MCID {n}>> BDC BT /F 10 Tf 72 {700 - 30 * n} Td ({text}) Tj ET EMC\n"
        for n, (tag, text) in enumerate(lines)
    ).encode("latin-1", "replace")
    tags = [
        f"<</Type /StructElem /S /{tag} /P 8 0 R /Pg {page} 0 R /K {n}>>"
        for page in (3, 4)
        for n, (tag, _) in enumerate(lines)
    ]
    kids = [f"{12 + n} 0 R" for n in range(len(tags))]
    parents = " ".join(
        f"{page} [{' '.join(kids[page * len(lines) : (page + 1) * len(lines)])}]" for page in (0, 1)
    )
    drawing = b"<</Length %d>>\nstream\n%bendstream" % (len(shown), shown)
    return _pdf_of(
        "<</Type /Catalog /Pages 2 0 R /MarkInfo <</Marked true>> /StructTreeRoot 7 0 R"
        " /Outlines 9 0 R>>",
        "<</Type /Pages /Kids [3 0 R 4 0 R] /Count 2 /MediaBox [0 0 595 842]>>",
        *(
            "<</Type /Page /Parent 2 0 R /Contents 5 0 R /Resources <</Font <</F 6 0 R>>>>"
            f" /StructParents {page}>>"
            for page in (0, 1)
        ),
        drawing,
        "<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        f"<</Type /StructTreeRoot /K 8 0 R /ParentTree <</Nums [{parents}]>>>>",
        f"<</Type /StructElem /S /Document /P 7 0 R /K [{' '.join(kids)}]>>",
        "<</Type /Outlines /First 10 0 R /Last 11 0 R /Count 2>>",
        "<</Title (Duties of the tenant) /Parent 9 0 R /Next 11 0 R /Dest [3 0 R /XYZ 72 712 0]>>",
        "<</Title (Rent) /Parent 9 0 R /Prev 10 0 R /A <</S /GoTo /D [4 0 R /Fit]>>>>",
        *tags,
    )


def _pdf_of(*objects: str | bytes) -> bytes:
    """A file of objects, numbered from 1; the first one is the catalog."""
    data, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(data))
        body = one if isinstance(one, bytes) else one.encode("latin-1")
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Root 1 0 R /Size %d>>\n" % (
        len(places) + 1, table, len(places) + 1,
    ) + b"startxref\n%d\n%%%%EOF\n" % len(data)  # fmt: skip


def docx() -> bytes:
    import docx as library

    document = library.Document()
    document.core_properties.title = "Lease"
    document.add_heading("Report", 0)
    document.add_heading("First", 1)
    document.add_paragraph(TEXT)
    table = document.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "merged"
    table.cell(1, 1).text = "x"
    document.add_paragraph("item", style="List Bullet")
    return _saved(document)


def pptx() -> bytes:
    import pptx as library

    show = library.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "Head", "one\ntwo"
    cells = slide.shapes.add_table(2, 2, 0, 0, 900, 900).table
    cells.cell(0, 0).text = "a"
    slide.notes_slide.notes_text_frame.text = TEXT
    return _saved(show)


def png() -> bytes:
    """A small picture with a line of text in its metadata."""
    from PIL import Image, PngImagePlugin

    about = PngImagePlugin.PngInfo()
    about.add_text("Title", "Lease")
    stream = io.BytesIO()
    Image.new("L", (60, 30), 255).save(stream, "PNG", pnginfo=about)
    return stream.getvalue()


def jpeg() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(stream, "JPEG")
    return stream.getvalue()


def word() -> bytes:
    paragraphs = [
        Par("Lease", 1), Par(TEXT.replace("\n", "\x0b")),
        *fuzz_doc.cells("a", "b"), fuzz_doc.row((0, 100, 200)),
        Par("\x13 REF x \x14one\x15 and\x02"),
    ]  # fmt: skip
    return fuzz_doc.doc(paragraphs, styles=((0, 0xFFF), (1, 0)), notes=["a note"], hidden=["1,250"])


def xlsx() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for row in (("Name", "Amount"), ("Ann", 3.5), ("Bob", True), (None, "=1+1")):
        sheet.append(row)
    sheet.merge_cells("A5:B6")
    book.create_sheet("Zweites")["C7"] = TEXT
    return _saved(book)


def ods() -> bytes:
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<office:document-content xmlns:office="{office}office:1.0" '
        f'xmlns:table="{office}table:1.0" xmlns:text="{office}text:1.0"><office:body>'
        '<office:spreadsheet><table:table table:name="One"><table:table-row>'
        '<table:table-cell office:value-type="string"><text:p>Name</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="3" office:value-type="float" '
        'office:value="1.5"><text:p>1.5</text:p></table:table-cell></table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    return _opendocument("spreadsheet", content)


def odt() -> bytes:
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<office:document-content xmlns:office="{office}office:1.0" '
        f'xmlns:text="{office}text:1.0" xmlns:table="{office}table:1.0"><office:body><office:text>'
        f'<text:h text:outline-level="1">Head</text:h><text:p>{TEXT}<text:s text:c="3"/><text:tab/>'
        "</text:p><text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>"
        "</table:table-row></table:table></office:text></office:body></office:document-content>"
    )
    return _opendocument("text", content)


def _opendocument(kind: str, content: str) -> bytes:
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="application/vnd.oasis.opendocument.{kind}"/></manifest:manifest>'
    )
    return zipped({
        "mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(),
        "content.xml": content.encode(),
        "META-INF/manifest.xml": manifest.encode(),
    })  # fmt: skip


def epub() -> bytes:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
        '<rootfiles><rootfile full-path="c.opf" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>"
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Lease</dc:title></metadata>'
        '<manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>'
    )
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>One</h1><p>Text</p></body></html>'
    )
    return zipped({
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": container.encode(),
        "c.opf": package.encode(),
        "a.xhtml": chapter.encode(),
    })  # fmt: skip


def zipped(members: dict[str, bytes]) -> bytes:
    """An archive; the first member is stored, as ``mimetype`` must be."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for number, (name, content) in enumerate(members.items()):
            package.writestr(name, content, zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED)
    return stream.getvalue()


def archive() -> bytes:
    return zipped({"a/lease.txt": text(), "b.html": html(), "c.zip": zipped({"d.md": markdown()})})


def _saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


SEEDS: dict[str, Callable[[], bytes]] = {
    "a.txt": text,
    "utf16.txt": utf16,
    "a.md": markdown,
    "a.html": html,
    "a.eml": mail,
    "a.mbox": mbox,
    "a.csv": csv,
    "a.json": some_json,
    "a.xml": xml,
    "a.yaml": yaml,
    "a.toml": toml,
    "a.py": code,
    "a.ipynb": notebook,
    "a.tex": latex,
    "a.rtf": rtf,
    "a.doc": word,
    "a.pdf": pdf,
    "plain.pdf": pdf_plain,
    "tagged.pdf": pdf_tagged,
    "a.docx": docx,
    "a.xlsx": xlsx,
    "a.xls": xls,
    "a.ppt": ppt,
    "a.pptx": pptx,
    "a.png": png,
    "a.jpg": jpeg,
    "a.ods": ods,
    "a.odt": odt,
    "a.epub": epub,
    "a.zip": archive,
}
