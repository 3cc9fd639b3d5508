"""Word documents and spreadsheets: order, places, properties, and archives that are attacks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime

import docx
import openpyxl
import pytest
from docx.oxml import OxmlElement, parse_xml

from benchmarks.fuzz_xls import xls
from lsfs.errors import Encrypted, ParseError, TooLarge
from lsfs.model import Document, Merged, Status
from lsfs.places import Places
from lsfs_parsers import archive, spreadsheet
from lsfs_parsers.base import Source
from tests.parsers.conftest import Reader

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
MakeSource = Callable[..., Source]


def kinds_and_texts(document: Document) -> list[tuple[str, str]]:
    return [(block.kind.value, block.text) for block in document.blocks]


def saved(document: object) -> bytes:
    stream = io.BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return stream.getvalue()


def edited(data: bytes, **changes: Callable[[bytes], bytes]) -> bytes:
    """A package with some members changed, named as in :func:`zipped`."""
    by_name = {k.replace("__", "/").replace("_xml", ".xml"): v for k, v in changes.items()}
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, by_name[name](content) if name in by_name else content)
    return stream.getvalue()


# --- docx


def document_xml(text: str) -> str:
    run = f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
    return f'<w:document xmlns:w="{W}"><w:body>{run}</w:body></w:document>'


def report() -> docx.document.Document:  # type: ignore[name-defined]
    document = docx.Document()
    document.core_properties.title = "The Report"
    document.core_properties.author = "Ann Author"
    document.core_properties.created = datetime(2023, 4, 5, 23, 30, tzinfo=UTC)
    document.add_heading("Report", 0)
    document.add_heading("First", 1)
    document.add_paragraph("before")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, "abcd", strict=True):
        cell.text = text
    document.add_paragraph("after")
    document.add_heading("Deeper", 2)
    document.add_paragraph("item", style="List Bullet")
    return document


def test_docx_keeps_the_order_of_tables(read: Reader) -> None:
    document = read(saved(report()), "a.docx")
    assert kinds_and_texts(document) == [
        ("title", "Report"),
        ("heading", "First"),
        ("para", "before"),
        ("table", "a | b\nc | d"),
        ("para", "after"),
        ("heading", "Deeper"),
        ("list_item", "item"),
    ]
    assert document.blocks[-1].heading_path == ("First", "Deeper")
    assert document.line_unit == "paragraph"
    assert [block.spans[0].line for block in document.blocks] == [1, 2, 3, 4, 6, 7, 8]
    assert document.tables[0].rows == (("a", "b"), ("c", "d"))


def test_docx_properties(read: Reader) -> None:
    document = read(saved(report()), "a.docx")
    assert (document.title, document.author) == ("The Report", "Ann Author")
    assert document.created == date(2023, 4, 5)


def test_docx_tracked_changes_and_content_controls(read: Reader) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("agreed ")
    paragraph._p.append(parse_xml(f'<w:ins xmlns:w="{W}"><w:r><w:t>new</w:t></w:r></w:ins>'))
    paragraph._p.append(
        parse_xml(f'<w:del xmlns:w="{W}"><w:r><w:delText>old</w:delText></w:r></w:del>')
    )
    paragraph._p.append(
        parse_xml(f'<w:moveFrom xmlns:w="{W}"><w:r><w:t>gone</w:t></w:r></w:moveFrom>')
    )
    control = parse_xml(
        f'<w:sdt xmlns:w="{W}"><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p>'
        "</w:sdtContent></w:sdt>"
    )
    paragraph._p.addnext(control)
    found = read(saved(document), "a.docx")
    assert kinds_and_texts(found) == [("para", "agreed new"), ("para", "in a control")]


def test_docx_styles_based_on_headings(read: Reader) -> None:
    document = docx.Document()
    style = document.styles.add_style("Kapitel", 1)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("Chapter", style="Kapitel")
    style.element.append(OxmlElement("w:unknown"))
    block = read(saved(document), "a.docx").blocks[0]
    assert (block.kind.value, block.level) == ("heading", 2)


def test_docx_footnotes(read: Reader) -> None:
    notes = (
        f'<w:footnotes xmlns:w="{W}"><w:footnote w:type="separator"><w:p/></w:footnote>'
        '<w:footnote w:id="1"><w:p><w:r><w:t>the note</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    body = document_xml("x")
    data = zipped(word__document_xml=body.encode(), word__footnotes_xml=notes.encode())
    document = read(data, "a.docx")
    assert kinds_and_texts(document) == [("para", "x"), ("footnote", "the note")]


def test_strict_and_macro_documents(read: Reader) -> None:
    def strict(content: bytes) -> bytes:
        return content.replace(W.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main")

    def macro(content: bytes) -> bytes:
        main = b"openxmlformats-officedocument.wordprocessingml.document.main"
        return content.replace(main, b"ms-word.document.macroEnabled.main")

    changes = {"word__document_xml": strict, "[Content_Types]_xml": macro}
    assert "after" in read(edited(saved(report()), **changes), "a.docm").text


def test_an_entity_bomb_is_not_expanded(read: Reader) -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    body = f"{bomb}]>{document_xml('&i;')}"
    data = zipped(word__document_xml=body.encode())
    try:
        assert len(read(data, "a.docx").text) < 1000
    except ParseError as error:
        assert "damaged" in error.message


def test_a_damaged_docx(read: Reader) -> None:
    data = edited(saved(report()), word__document_xml=lambda content: content[:500])
    with pytest.raises(ParseError, match="damaged"):
        read(data, "a.docx")


# --- archives


def test_a_zip_bomb_is_refused_unopened(sandboxed: Reader) -> None:
    data = zipped(word__document_xml=b" " * (300 * 2**20))
    assert len(data) < 2**20
    document = sandboxed(data, "bomb.docx")
    assert document.status is Status.TOO_LARGE
    assert "100 times" in document.reason


def test_archive_limits() -> None:
    entry = zipfile.ZipInfo("x")
    entry.file_size, entry.compress_size = 300 * 2**20, 100 * 2**20
    archive.check_limits([entry])
    with pytest.raises(TooLarge, match="600 MiB"):
        archive.check_limits([entry, entry])
    small = zipfile.ZipInfo("x")
    with pytest.raises(TooLarge, match="10,001 members"):
        archive.check_limits([small] * 10_001)
    small.flag_bits = 1
    with pytest.raises(Encrypted):
        archive.check_limits([small])


def test_an_archive_cut_short(sandboxed: Reader) -> None:
    data = saved(report())
    document = sandboxed(data[: len(data) // 2], "a.docx")
    assert document.status is Status.DAMAGED
    assert "cut short" in document.reason


def test_an_encrypted_office_document(sandboxed: Reader) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    data += "EncryptedPackage\0".encode("utf-16-le") + bytes(500)
    assert sandboxed(data, "a.docx").status is Status.ENCRYPTED


# --- spreadsheets


def workbook() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.properties.creator = "Ann Author"
    book.properties.created = datetime(2023, 4, 5)
    sheet = book.active
    assert sheet is not None
    sheet.title = "Größen"
    sheet["B3"], sheet["C3"], sheet["D3"] = "Name", "Amount", "Paid"
    sheet["B4"], sheet["C4"], sheet["D4"] = "Ann", 3.0, True
    sheet["B6"], sheet["C6"] = datetime(2023, 1, 2), 1.5
    book.create_sheet("Empty")
    book.create_sheet("Last")["A1"] = "x"
    return book


def test_spreadsheet(read: Reader) -> None:
    document = read(saved(workbook()), "a.xlsx")
    assert kinds_and_texts(document) == [
        ("heading", "Größen"),
        (
            "table",
            "Name | Amount | Paid\nName: Ann | Amount: 3 | Paid: TRUE\n"
            "Name: 2023-01-02 | Amount: 1.5",
        ),
        ("heading", "Last"),
        ("table", "x"),
    ]
    assert [page.label for page in document.pages] == ["Größen", "Empty", "Last"]
    assert document.line_unit == "row"
    assert [(span.page, span.line) for span in document.blocks[1].spans] == [(1, 3), (1, 4), (1, 6)]
    assert document.blocks[3].spans[0].page == 3
    assert document.tables[0].header_rows == 1
    assert document.tables[0].rows[1] == ("Ann", "3", "TRUE")
    assert document.tables[0].row_lines == (3, 4, 6)
    assert document.tables[0].first_column == 1
    assert document.page_unit == "sheet"
    row = document.text.index("Name: Ann")
    assert Places(document).where(row, row + 5) == "!Größen B4:D4"
    assert (document.title, document.author) == ("", "Ann Author")
    assert document.created == date(2023, 4, 5)


@pytest.mark.parametrize(
    ("at", "value"),
    [(516, b"\1\0\0\0"), (48, b"\x02\0\0\0")],  # its directory goes round; it is in the book
    ids=["endless", "lost"],
)
def test_a_damaged_old_workbook(read: Reader, at: int, value: bytes) -> None:
    data = xls()
    with pytest.raises(ParseError, match="damaged"):
        read(data[:at] + value + data[at + len(value) :], "a.xls")


def test_merged_cells_of_a_sheet(read: Reader) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B2"], sheet["B3"], sheet["D3"], sheet["D6"] = "wide", "high", "x", "y"
    sheet.merge_cells("B2:D2")
    sheet.merge_cells("B3:B6")
    (table,) = read(saved(book), "a.xlsx").tables
    assert table.rows == (("wide",), ("high", "", "x"), ("", "", "y"))
    assert table.merged == (Merged(0, 0, 1, 3), Merged(1, 0, 2, 1))


def test_a_sheet_over_the_limits_is_partial(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_ROWS", 2)
    document = read(saved(workbook()), "a.xlsx")
    assert document.status is Status.PARTIAL
    assert "Größen" in document.reason
    assert "2023-01-02" not in document.text


def test_opendocument(read: Reader) -> None:
    names = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    )
    row = (
        "<table:table-row><table:table-cell office:value-type='string'><text:p>{}</text:p>"
        "</table:table-cell></table:table-row>"
    )
    rows = (
        "<table:table-row><table:table-cell/></table:table-row>"
        + row.format("one")
        + row.format("two")
    )
    content = (
        f"<office:document-content {names}><office:body><office:spreadsheet>"
        f"<table:table table:name='S'>{rows}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    data = zipped(
        mimetype=ODS.encode(), content_xml=content.encode(), **{"META-INF__manifest_xml": manifest}
    )
    document = read(data, "a.ods")
    assert kinds_and_texts(document) == [("heading", "S"), ("table", "one\ntwo")]
    assert [span.line for span in document.blocks[1].spans] == [2, 3]


def test_a_sheet_as_big_as_the_grid_harms_nobody(sandboxed: Reader) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["XFD1048576"] = 1, 2
    document = sandboxed(saved(book), "a.xlsx")
    assert document.status is Status.OUT_OF_MEMORY
    assert document.parser == "spreadsheet"


def test_a_damaged_workbook(sandboxed: Reader) -> None:
    data = edited(saved(workbook()), xl__workbook_xml=lambda content: b"<not xml")
    assert sandboxed(data, "a.xlsx").status is Status.DAMAGED
