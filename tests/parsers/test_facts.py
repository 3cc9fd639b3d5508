"""Title, authors and date of every format, from its own place for them or from its text."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import docx
import openpyxl
import pptx
import pytest
from odf import dc, meta, opendocument, table, text
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from reportlab.pdfgen import canvas

from benchmarks import fuzz_seeds
from benchmarks.fuzz_xls import xls
from lsfs.index.facts.dates import content_dates, primary
from lsfs.index.fields.definitions import definitions
from lsfs.index.fields.extract import fields_of
from lsfs.model import Document
from lsfs_parsers.head_facts import head_facts
from lsfs_parsers.ocr import Tesseract
from lsfs_parsers.xml_facts import xml_facts
from tests.parsers.conftest import Reader

TITLE, AUTHOR, DAY = "On Rivers", "Ann Author", date(2023, 4, 5)
NOON = datetime(2023, 4, 5, 12)
XMP = f"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmp:CreateDate="2023-04-05T12:00:00+02:00">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{TITLE}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{AUTHOR}</rdf:li></rdf:Seq></dc:creator>
<pdf:Producer>x</pdf:Producer></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


@pytest.fixture(autouse=True)
def without_tesseract(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a picture shows is not asked here."""
    monkeypatch.setattr(Tesseract, "find", lambda *_: None)


def saved(save: Callable[[Any], Any]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def office(made: Any) -> bytes:
    """A document of python-docx or python-pptx with its core properties."""
    made.core_properties.title, made.core_properties.author = TITLE, AUTHOR
    made.core_properties.created = NOON
    return saved(made.save)


def word() -> bytes:
    made = docx.Document()
    made.add_paragraph("Water flows.")
    return office(made)


def slides() -> bytes:
    made = pptx.Presentation()
    made.slides.add_slide(made.slide_layouts[0]).shapes.title.text = "Water flows"
    return office(made)


def workbook() -> bytes:
    made = openpyxl.Workbook()
    made.properties.title, made.properties.creator = TITLE, AUTHOR
    made.properties.created = NOON
    made.worksheets[0]["A1"] = "water"
    return saved(made.save)


def opened(made: Any, *parts: Any) -> bytes:
    """An OpenDocument file with its ``meta.xml``."""
    for one in (
        dc.Title(text=TITLE),
        meta.InitialCreator(text=AUTHOR),
        meta.CreationDate(text=NOON.isoformat()),
    ):
        made.meta.addElement(one)
    body = getattr(made, "spreadsheet", None) or made.text
    for part in parts:
        body.addElement(part)
    return saved(made.save)


def cells() -> Any:
    made, row, cell = table.Table(name="S"), table.TableRow(), table.TableCell(valuetype="string")
    cell.addElement(text.P(text="water"))
    row.addElement(cell)
    made.addElement(row)
    return made


def picture(kind: str, **options: Any) -> bytes:
    return saved(lambda stream: Image.new("L", (60, 40), 255).save(stream, kind, **options))


def with_exif(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x013B], exif[0x9C9B] = AUTHOR, TITLE.encode("utf-16-le")
    exif[0x0132] = "2023:04:05 12:00:00"
    return picture(kind, exif=exif)


def with_iptc() -> bytes:
    """A JPEG with an IPTC record in Photoshop's resource block."""
    sets = ((5, TITLE), (55, "20230405"), (80, AUTHOR))
    record = b"".join(struct.pack(">BBBH", 0x1C, 2, n, len(v)) + v.encode() for n, v in sets)
    block = (
        b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    )
    segment = b"Photoshop 3.0\0" + block
    data = picture("JPEG")
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def with_text() -> bytes:
    said = PngInfo()
    for name, value in (("Title", TITLE), ("Author", AUTHOR), ("Creation Time", "2023-04-05")):
        said.add_text(name, value)
    return picture("PNG", pnginfo=said)


def pdf() -> bytes:
    stream = io.BytesIO()
    made = canvas.Canvas(stream)
    made.setTitle(TITLE)
    made.setAuthor(AUTHOR)
    made.drawString(72, 700, "Water flows.")
    made.save()
    today = f"{date.today():%Y%m%d}".encode()
    return stream.getvalue().replace(b"D:" + today, b"D:20230405")


def pdf_with_xmp() -> bytes:
    """Without an information dictionary, as PDF 2.0 has it; a picture's packet stands behind."""
    of_picture = XMP.replace(TITLE, "A Camera").replace("http://ns.adobe.com/pdf/1.3/", "urn:x")
    objects = (
        "<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
        f"<</Type/Metadata/Subtype/XML/Length {len(XMP)}>>stream\n{XMP}\nendstream",
        f"<</Type/Metadata/Subtype/XML/Length {len(of_picture)}>>stream\n{of_picture}\nendstream",
    )
    return fuzz_seeds._pdf_of(*objects)


def mail() -> bytes:
    return (
        f"From: {AUTHOR} <ann@example.org>\nTo: b@example.org\nSubject: {TITLE}\n"
        "Date: Wed, 5 Apr 2023 23:00:00 -0700\n\nWater flows.\n"
    ).encode()


def epub() -> bytes:
    package = (
        "<package xmlns='http://www.idpf.org/2007/opf' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<metadata><dc:title>{TITLE}</dc:title><dc:creator>{AUTHOR}</dc:creator>"
        "<dc:date>2023-04-05</dc:date></metadata><manifest><item id='a' href='a.xhtml'"
        " media-type='application/xhtml+xml'/></manifest><spine><itemref idref='a'/></spine>"
        "</package>"
    )
    container = "<container><rootfiles><rootfile full-path='a.opf'/></rootfiles></container>"
    return fuzz_seeds.zipped(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": container.encode(),
            "a.opf": package.encode(),
            "a.xhtml": b"<html><body><p>Water flows.</p></body></html>",
        }
    )


def notebook(**metadata: Any) -> bytes:
    cell = {"cell_type": "raw", "metadata": {}, "source": ["---\n", f"title: {TITLE}\n", "---\n"]}
    return json.dumps(
        {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


FRONT = f"---\ntitle: {TITLE}\nauthor: [{AUTHOR}]\ndate: 5 April 2023\n---\nWater flows.\n"
HTML = (
    f"<title>{TITLE}</title><meta name=author content='{AUTHOR}'>"
    "<meta property=article:published_time content=2023-04-05T12:00><p>Water flows."
)
RTF = (
    rf"{{\rtf1{{\info{{\title {TITLE}}}{{\author {AUTHOR}}}"
    r"{\creatim\yr2023\mo4\dy5}}Water flows.\par}"
)
LATEX = (
    rf"\documentclass{{article}}\title{{{TITLE}}}\author{{{AUTHOR}}}\date{{April 5, 2023}}"
    "\n\\begin{document}\\maketitle Water flows.\n\\end{document}\n"
)
ARTICLE = (
    "<article><front><article-meta><title-group><article-title>On <i>Rivers</i></article-title>"
    "</title-group><contrib-group><contrib contrib-type='author'><name><given-names>Ann"
    "</given-names> <surname>Author</surname></name><email>a@example.org</email></contrib>"
    "</contrib-group><pub-date iso-8601-date='2023-04-05'/></article-meta></front></article>"
)
FEED = (
    f"<rss><channel><title>{TITLE}</title><creator>{AUTHOR}</creator>"
    "<pubDate>Wed, 05 Apr 2023 10:00:00 +0000</pubDate><item><author>Bob</author></item>"
    "</channel></rss>"
)
PYTHON = f'__author__ = "{AUTHOR}"\n__date__ = "2023-04-05"\n\n\ndef flow():\n    pass\n'
JAVA = f"/**\n * Flow.\n *\n * @author {AUTHOR}\n * @date 5 April 2023\n */\nclass Flow {{}}\n"
GUTENBERG = (
    f"The eBook of On Rivers\n\nTitle: {TITLE}\n\nAuthor: {AUTHOR}\n\n"
    "Release date: April 5, 2023 [eBook #84]\n\n\nWater flows.\n"
)
TOML = f'[project]\ntitle = "{TITLE}"\nauthors = [{{ name = "{AUTHOR}" }}]\ndate = 2023-04-05\n'
CFF = (
    f"cff-version: 1.2.0\ntitle: {TITLE}\nauthors:\n"
    "  - family-names: Author\n    given-names: Ann\n"
    "date-released: 2023-04-05\n"
)

# What each format has its own place for.
FILES: dict[str, Callable[[], bytes]] = {
    "a.md": FRONT.encode,
    "a.html": HTML.encode,
    "a.docx": word,
    "a.pptx": slides,
    "a.xlsx": workbook,
    "a.xls": lambda: xls(TITLE, AUTHOR, NOON),
    "a.ods": lambda: opened(opendocument.OpenDocumentSpreadsheet(), cells()),
    "a.odt": lambda: opened(opendocument.OpenDocumentText(), text.P(text="Water flows.")),
    "a.epub": epub,
    "a.rtf": RTF.encode,
    "a.eml": mail,
    "a.ipynb": lambda: notebook(authors=[{"name": AUTHOR}], date="2023-04-05"),
    "a.tex": LATEX.encode,
    "a.pdf": pdf,
    "xmp.pdf": pdf_with_xmp,
    "a.jpg": lambda: with_exif("JPEG"),
    "a.tif": lambda: with_exif("TIFF"),
    "a.webp": lambda: with_exif("WEBP"),
    "xmp.jpg": lambda: picture("JPEG", xmp=XMP.encode()),
    "iptc.jpg": with_iptc,
    "a.png": with_text,
    "a.json": lambda: json.dumps({"title": TITLE, "author": AUTHOR, "date": "2023-04-05"}).encode(),
    "a.cff.yaml": CFF.encode,
    "a.toml": TOML.encode,
    "a.xml": ARTICLE.encode,
    "feed.xml": FEED.encode,
    "a.txt": GUTENBERG.encode,
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_tells_its_title_author_and_date(read: Reader, name: str) -> None:
    document = read(FILES[name](), name)
    author = document.author.removesuffix(" <ann@example.org>")
    assert (document.title, author, document.created) == (TITLE, AUTHOR, DAY)


def test_a_document_is_not_as_old_as_the_template_that_a_program_made_it_from(read: Reader) -> None:
    assert read(saved(docx.Document().save), "a.docx").created is None
    assert read(saved(pptx.Presentation().save), "a.pptx").created is None


@pytest.mark.parametrize(("name", "code"), [("a.py", PYTHON), ("A.java", JAVA)])
def test_code_tells_its_author_and_date(read: Reader, name: str, code: str) -> None:
    document = read(code.encode(), name)
    assert (document.author, document.created) == (AUTHOR, DAY)


def test_dates_in_words_are_read_in_the_child_too(sandboxed: Reader) -> None:
    assert sandboxed(FRONT.encode(), "a.md").created == DAY


def test_an_archive_is_of_the_day_of_its_newest_member(read: Reader) -> None:
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as made:
        for day in ((2023, 4, 5), (2021, 1, 1), (1980, 1, 1)):
            made.writestr(zipfile.ZipInfo(f"rivers/{day[0]}", (*day, 12, 0, 0)), "water")
    with tarfile.open(fileobj=tarred, mode="w:gz") as packed:
        for n, seconds in enumerate((0, NOON.timestamp(), 86_400 * 366 * 30)):
            member = tarfile.TarInfo(f"rivers/{n}")
            member.mtime = int(seconds)
            packed.addfile(member)
    for data, name in ((zipped.getvalue(), "a.zip"), (tarred.getvalue(), "a.tgz")):
        document = read(data, name)
        assert (document.title, document.created) == ("rivers", DAY)


# --- and what has no such place says it in its text

LINES = (TITLE, f"Author: {AUTHOR}", "Dated: 5 April 2023", "Water flows where the ground is low.")


def stated_mbox() -> bytes:
    return b"From ann@example.org Wed Apr  5 12:00:00 2023\n" + mail()


def stated_pdf() -> bytes:
    stream = io.BytesIO()
    made = canvas.Canvas(stream)
    for at, line in enumerate((*LINES, *["It goes on and on, and the water with it."] * 9)):
        made.setFont("Helvetica", 10 if at else 22)
        made.drawString(72, 740 - 30 * (at > 0) - 24 * at, line)
    made.save()
    return stream.getvalue()


def stated_word() -> bytes:
    made = docx.Document()
    made.add_heading(LINES[0])
    for line in LINES[1:]:
        made.add_paragraph(line)
    return saved(made.save)


STATED: dict[str, Callable[[], bytes]] = {
    "a.md": lambda: ("# " + "\n\n".join(LINES)).encode(),
    "a.html": lambda: (f"<h1>{TITLE}</h1>" + "".join(f"<p>{one}" for one in LINES[1:])).encode(),
    "a.docx": stated_word,
    "a.pdf": stated_pdf,
    "a.mbox": stated_mbox,
    "a.rst": lambda: f":Title: {TITLE}\n:Author: {AUTHOR}\n:Date: 2023-04-05\n\nWater.\n".encode(),
    "a.org": lambda: f"#+TITLE: {TITLE}\n#+AUTHOR: {AUTHOR}\n#+DATE: 2023-04-05\n".encode(),
    "a.csv": lambda: f"Title,Author,Date\n{TITLE},{AUTHOR},2023-04-05\n".encode(),
}


def authors(document: Document) -> set[str]:
    found = fields_of(document, content_dates(document, ""), definitions({}))
    return {document.author, *(one.value for one in found if one.name == "author")}


@pytest.mark.parametrize("name", STATED)
def test_a_text_tells_its_title_author_and_date(read: Reader, name: str) -> None:
    document = read(STATED[name](), name)
    day = primary(content_dates(document, ""))
    assert day is not None
    assert day.day == DAY
    if name == "a.mbox":  # each message has its own
        assert [page.label for page in document.pages] == [TITLE]
        assert f"From: {AUTHOR}" in document.text
    elif name == "a.csv":
        assert f"Title: {TITLE} | Author: {AUTHOR}" in document.text
    else:
        assert document.title == TITLE
        assert AUTHOR in authors(document)


@pytest.mark.parametrize(
    "lines",
    [
        ["Title: Mr", "Name: Smith", "Nationality: French"],  # a form
        ["The author: a life", "x = date(2023)", "authority: none"],
        ["Water"] * 60 + ["Author: Late"],
        ["a" * 300 + " Author: Ann"],
    ],
)
def test_what_is_no_head(lines: list[str]) -> None:
    facts = head_facts(lines)
    assert (facts.title, facts.author, facts.created) == ("", "", None)


def test_a_part_of_an_xml_document_does_not_speak_for_all_of_it() -> None:
    books = "<catalog><book><author>Bob</author><title>Part</title></book></catalog>"
    facts = xml_facts(books)
    assert (facts.title, facts.author) == ("", "")
    assert xml_facts(f"<svg><title>{TITLE}</title><g><title>Part</title></svg").title == TITLE
