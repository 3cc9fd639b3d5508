"""Electronic books: the order and names of their parts, properties, protection, damage."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest

from lsfs.errors import Encrypted, ParseError
from lsfs.model import Document, Status
from tests.parsers.conftest import Reader

OPF = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"
  version="3.0"><metadata><dc:title>The Book</dc:title><dc:creator>Ann Author</dc:creator>
  <dc:creator>Bob Writer</dc:creator><dc:language>de</dc:language>
  <dc:date opf:event="modification" xmlns:opf="http://www.idpf.org/2007/opf">2024-01-01</dc:date>
  <dc:date>2019-06-22</dc:date></metadata>
  <manifest>
    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
    <item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
    <item id="two" href="text/part%20two.xhtml" media-type="application/xhtml+xml"/>
    <item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
    <item id="picture" href="p.png" media-type="image/png"/>
  </manifest>
  <spine toc="ncx"><itemref idref="one"/><itemref idref="picture"/><itemref idref="two"/>
  <itemref idref="none"/></spine></package>"""
CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
  <rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>
  </container>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>
  <nav epub:type="toc"><ol><li><a href="text/part%20two.xhtml#x">Part <b>Two</b></a></li></ol></nav>
  <nav epub:type="landmarks"><a href="text/one.xhtml">Start</a></nav></body></html>"""
NCX = """<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>By
  NCX</text></navLabel><content src="text/part%20two.xhtml"/></navPoint></navMap></ncx>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">
  <head><title/><script src="x"/></head><body><h1>First &amp; <i>foremost</i></h1>
  <p>Words&nbsp;here.</p><a id="x"/><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td>
  </tr></table></body></html>"""
TWO = """<html xmlns="http://www.w3.org/1999/xhtml"><body><p>No heading.</p></body></html>"""

PARTS = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": OPF,
    "OEBPS/nav.xhtml": NAV,
    "OEBPS/toc.ncx": NCX,
    "OEBPS/text/one.xhtml": ONE,
    "OEBPS/text/part two.xhtml": TWO,
}


def book(**changes: str | None) -> bytes:
    """A book; changed members are named by the last word of their names, None leaves one out."""
    parts: dict[str, str | None] = dict(PARTS)
    for short, content in changes.items():
        named = [name for name in parts if name.rpartition("/")[2].startswith(short)]
        parts[named[0] if named else f"META-INF/{short}.xml"] = content
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            if content is not None:
                package.writestr(name, content)
    return stream.getvalue()


def kinds_and_texts(document: Document) -> list[tuple[int | None, str, str]]:
    return [(block.spans[0].page, block.kind.value, block.text) for block in document.blocks]


def test_the_spine_is_the_order(read: Reader) -> None:
    document = read(book(), "a.epub")
    assert kinds_and_texts(document) == [
        (1, "heading", "First & foremost"),
        (1, "para", "Words here."),
        (1, "table", "a | b\n1 | 2"),
        (2, "heading", "Part Two"),
        (2, "para", "No heading."),
    ]
    assert document.page_unit == "chapter"
    assert [page.label for page in document.pages] == ["First & foremost", "Part Two"]
    assert (document.title, document.author) == ("The Book", "Ann Author, Bob Writer")
    assert (document.language, document.created) == ("de", date(2019, 6, 22))


def test_contents_of_the_older_form(read: Reader) -> None:
    older = OPF.replace('properties="nav"', "")
    assert read(book(book=older, mimetype=None), "a.epub").pages[1].label == "By NCX"


def test_parts_that_cannot_be_read(read: Reader) -> None:
    document = read(book(one=None), "a.epub")
    assert document.status is Status.PARTIAL
    assert document.reason == "parts 1/2 were read"
    assert [page.no for page in document.pages] == [1, 2]


def rights(algorithm: str, uri: str) -> str:
    return (
        '<encryption><EncryptedData><EncryptionMethod Algorithm="'
        f'{algorithm}"/><CipherData><CipherReference URI="{uri}"/></CipherData></EncryptedData>'
        "</encryption>"
    )


def test_protected_books(read: Reader) -> None:
    aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    with pytest.raises(Encrypted):
        read(book(encryption=rights(aes, "OEBPS/text/part%20two.xhtml")), "a.epub")
    fonts = rights("http://www.idpf.org/2008/embedding", "OEBPS/text/one.xhtml")
    assert "foremost" in read(book(encryption=fonts), "a.epub").text
    assert "foremost" in read(book(encryption=rights(aes, "OEBPS/p.png")), "a.epub").text


@pytest.mark.parametrize(
    "changes", [{"container": None}, {"container": "<x"}, {"book": None}, {"book": "<package"}]
)
def test_damaged_books(read: Reader, changes: dict[str, str | None]) -> None:
    with pytest.raises(ParseError):
        read(book(**changes), "a.epub")


def test_a_book_with_nothing_in_its_spine(read: Reader) -> None:
    assert read(book(book="<package/>"), "a.epub").status is Status.EMPTY


def test_openings_without_end(sandboxed: Reader) -> None:
    many = "<h1>" * 20_000 + "<a" * 20_000 + "/>" * 20_000
    document = sandboxed(book(one=many), "a.epub")
    assert document.status is Status.OK
    assert "No heading." in document.text
