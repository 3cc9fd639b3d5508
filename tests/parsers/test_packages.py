"""Attacks and damage that every format in a zip archive has in common."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pptx
import pytest
from odf import opendocument, table, text

from lsfs.model import Status
from lsfs_parsers.base import Source
from tests.parsers.conftest import Reader
from tests.parsers.test_books import book


def deck() -> bytes:
    made, stream = pptx.Presentation(), io.BytesIO()
    made.slides.add_slide(made.slide_layouts[0]).shapes.title.text = "A title"
    made.save(stream)
    return stream.getvalue()


def letter() -> bytes:
    made, stream = opendocument.OpenDocumentText(), io.BytesIO()
    made.text.addElement(text.P(text="A letter. " * 100))
    made.save(stream)
    return stream.getvalue()


# The file, and the member that holds its text.
PACKAGES = {
    "a.pptx": (deck, "ppt/slides/slide1.xml"),
    "a.odt": (letter, "content.xml"),
    "a.epub": (book, "OEBPS/text/one.xhtml"),
}


def rebuilt(data: bytes, member: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, content if name == member else old.read(name))
    return stream.getvalue()


def lying(data: bytes, member: str, size: int) -> bytes:
    """A package whose directory states another unpacked size of a member."""
    name = member.encode()
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    return data[: at + 24] + struct.pack("<L", size) + data[at + 28 :]


@pytest.mark.parametrize("name", PACKAGES)
def test_damage_and_bombs(sandboxed: Reader, name: str) -> None:
    make, member = PACKAGES[name]
    data = make()
    assert sandboxed(data, name).status is Status.OK
    assert sandboxed(data[: len(data) // 2], name).status is Status.DAMAGED
    bomb = rebuilt(data, member, b" " * (8 * 2**20))
    assert sandboxed(bomb, name).status is Status.TOO_LARGE
    # The directory says that the bomb is small; what is unpacked ends at what it says.
    short = sandboxed(lying(bomb, member, 100), name)
    assert short.status in (Status.DAMAGED, Status.PARTIAL)
    assert sandboxed(lying(data, member, 2**32 - 2), name).status is Status.TOO_LARGE
    noise = rebuilt(data, member, bytes(range(256)) * 40)
    assert sandboxed(noise, name).status in (Status.DAMAGED, Status.PARTIAL, Status.OK)


def test_a_template_of_a_spreadsheet(source: Callable[..., Source], read: Reader) -> None:
    made, stream = opendocument.OpenDocumentSpreadsheet(), io.BytesIO()
    sheet, row, cell = table.Table(name="S"), table.TableRow(), table.TableCell(valuetype="string")
    cell.addElement(text.P(text="one"))
    row.addElement(cell)
    sheet.addElement(row)
    made.spreadsheet.addElement(sheet)
    made.mimetype += "-template"
    made.save(stream)
    assert read(stream.getvalue(), "a.ots").tables[0].rows == (("one",),)
