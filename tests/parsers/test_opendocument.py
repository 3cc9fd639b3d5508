"""OpenDocument texts and presentations: structure, pages, tables, notes, and hostile packages."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from odf import dc, draw, meta, office, opendocument, presentation, style, table, text
from odf.namespaces import PRESENTATIONNS

from lsfs.errors import Encrypted, ParseError
from lsfs.model import Document, Merged, Status
from tests.parsers.conftest import Reader


def kinds_and_texts(document: Document) -> list[tuple[str, str]]:
    return [(block.kind.value, block.text) for block in document.blocks]


def saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def package(data: bytes, **changes: bytes) -> bytes:
    names = {k.replace("__", "/").replace("_xml", ".xml"): v for k, v in changes.items()}
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in [*old.namelist(), *names.keys() - set(old.namelist())]:
            new.writestr(name, names[name] if name in names else old.read(name))
    return stream.getvalue()


def content(data: bytes) -> str:
    return zipfile.ZipFile(io.BytesIO(data)).read("content.xml").decode()


def in_parts(element: Any, *parts: Any) -> Any:
    for part in parts:
        if isinstance(part, str):
            element.addText(part)
        else:
            element.addElement(part)
    return element


def grid(*rows: tuple[Any, ...]) -> Any:
    made = table.Table()
    for row in rows:
        line = table.TableRow()
        for cell in row:
            line.addElement(cell if not isinstance(cell, str) else filled(cell))
        made.addElement(line)
    return made


def filled(words: str, **attributes: int) -> Any:
    return in_parts(table.TableCell(**attributes), text.P(text=words))


def report() -> Any:
    made = opendocument.OpenDocumentText()
    made.meta.addElement(dc.Title(text="The Report"))
    made.meta.addElement(meta.InitialCreator(text="Ann Author"))
    made.meta.addElement(dc.Language(text="de-AT"))
    made.meta.addElement(meta.CreationDate(text="2023-04-05T23:30:00"))
    for name, parent in (("Title", ""), ("Mine", "Title")):
        about = {"parentstylename": parent} if parent else {}
        made.styles.addElement(style.Style(name=name, family="paragraph", **about))
    note = text.Note(noteclass="footnote")
    note.addElement(text.NoteCitation(text="1"))
    note.addElement(in_parts(text.NoteBody(), text.P(text="the note")))
    items = in_parts(text.List(), in_parts(text.ListItem(), text.P(text="item")))
    inner = in_parts(text.List(), in_parts(text.ListItem(), text.P(text="inner")))
    items.childNodes[0].addElement(inner)
    for element in (
        text.P(text="Report", stylename="Mine"),
        text.H(outlinelevel=1, text="First"),
        in_parts(text.P(), "two", text.S(c=2), "words", text.LineBreak(), "a  \n line", note, "."),
        items,
        grid(("a", "b"), ("c", "d")),
        text.H(outlinelevel=2, text="Deeper"),
        text.P(text="end"),
    ):
        made.text.addElement(element)
    return made


def test_structure(read: Reader) -> None:
    document = read(saved(report()), "a.odt")
    assert kinds_and_texts(document) == [
        ("title", "Report"),
        ("heading", "First"),
        ("para", "two  words\na line."),
        ("footnote", "the note"),
        ("list_item", "item"),
        ("list_item", "inner"),
        ("table", "a | b\nc | d"),
        ("heading", "Deeper"),
        ("para", "end"),
    ]
    assert document.blocks[-1].heading_path == ("First", "Deeper")
    assert document.line_unit == "paragraph"
    assert [block.spans[0].line for block in document.blocks] == [1, 2, 3, 3, 4, 5, 6, 8, 9]
    assert document.tables[0].row_lines == (6, 7)
    assert (document.title, document.author, document.language) == (
        "The Report", "Ann Author", "de-AT",
    )  # fmt: skip
    assert document.created == date(2023, 4, 5)
    assert document.pages == ()


def test_merged_cells(read: Reader) -> None:
    made = opendocument.OpenDocumentText()
    covered = table.CoveredTableCell
    made.text.addElement(
        grid(
            (filled("wide", numbercolumnsspanned=2), covered(), "x"),
            (filled("high", numberrowsspanned=2), "y", filled("z")),
            (covered(), table.TableCell(numbercolumnsrepeated=1_000_000)),
        )
    )
    (found,) = read(saved(made), "a.odt").tables
    assert found.rows[:2] == (("wide", "", "x"), ("high", "y", "z"))
    assert found.merged == (Merged(0, 0, 1, 2), Merged(1, 0, 2, 1))
    assert len(found.rows[2]) <= 256


def test_tracked_deletions_are_left_out(read: Reader) -> None:
    data = saved(report())
    deleted = (
        "<text:tracked-changes><text:changed-region text:id='c'><text:deletion><text:p>gone"
        "</text:p></text:deletion></text:changed-region></text:tracked-changes>"
    )
    changed = content(data).replace("<office:text>", f"<office:text>{deleted}")
    assert "gone" not in read(package(data, content_xml=changed.encode()), "a.odt").text


def test_pages_where_they_are_known(read: Reader) -> None:
    made = opendocument.OpenDocumentText()
    breaks = style.Style(name="Breaks", family="paragraph")
    breaks.addElement(style.ParagraphProperties(breakbefore="page"))
    made.automaticstyles.addElement(breaks)
    rows = grid(("r1",), ("r2",))
    rows.insertBefore(text.SoftPageBreak(), rows.childNodes[1])
    for element in (
        text.P(text="one"),
        in_parts(text.P(), "begins here and ", text.SoftPageBreak(), "ends there"),
        text.P(text="two"),
        text.P(text="three", stylename=breaks),
        rows,
        text.P(text="four"),
    ):
        made.text.addElement(element)
    document = read(saved(made), "a.odt")
    assert [page.no for page in document.pages] == [1, 2, 3, 4]
    pages = [[span.page for span in block.spans] for block in document.blocks]
    assert pages == [[1], [1, 2], [2], [3], [3, 4], [4]]
    assert document.blocks[1].text == "begins here and ends there"
    assert document.tables[0].row_pages == (3, 4)
    assert document.tables[0].pages == (3, 4)


def test_comments_and_boxes_do_not_stand_within_a_paragraph(read: Reader) -> None:
    made = opendocument.OpenDocumentText()
    comment = office.Annotation()
    comment.addElement(dc.Creator(text="Bob"))
    comment.addElement(text.P(text="why?"))
    frame = in_parts(draw.Frame(), in_parts(draw.TextBox(), text.P(text="boxed")))
    made.text.addElement(in_parts(text.P(), "before", comment, frame, " after"))
    assert kinds_and_texts(read(saved(made), "a.odt")) == [
        ("para", "before after"),
        ("footnote", "Comment: why?"),
        ("para", "boxed"),
    ]


def test_flat_documents(read: Reader) -> None:
    document = read(report().xml(), "a.fodt")
    assert document.media_type.endswith("text-flat-xml")
    assert "two  words" in document.text
    assert document.title == "The Report"


def test_a_document_with_a_password(sandboxed: Reader) -> None:
    manifest = (
        b'<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry>'
        b"<m:encryption-data/></m:file-entry></m:manifest>"
    )
    data = package(saved(report()), **{"META-INF__manifest_xml": manifest})
    assert sandboxed(data, "a.odt").status is Status.ENCRYPTED


@pytest.mark.parametrize("damage", [b"", b"<office:document-content", b"<a/>"])
def test_damaged_documents(read: Reader, damage: bytes) -> None:
    with pytest.raises(ParseError):
        read(package(saved(report()), content_xml=damage), "a.odt")


def test_nested_lists_without_end(sandboxed: Reader) -> None:
    data = saved(report())
    deep = "<text:list><text:list-item>" * 3_000 + "</text:list-item></text:list>" * 3_000
    changed = content(data).replace("<office:text>", f"<office:text>{deep}")
    assert sandboxed(package(data, content_xml=changed.encode()), "a.odt").status is Status.DAMAGED


def test_rows_that_stand_for_millions(read: Reader) -> None:
    made = opendocument.OpenDocumentText()
    rows = grid(("x", "y"))
    rows.childNodes[0].setAttribute("numberrowsrepeated", 5_000_000)
    made.text.addElement(rows)
    assert len(read(saved(made), "a.odt").tables[0].rows) == 1_000


# --- presentations


def shown(words: str, where: str = "", left: str = "1cm", top: str = "1cm") -> Any:
    frame = draw.Frame(x=left, y=top, width="5cm", height="1cm")
    if where:
        frame.setAttrNS(PRESENTATIONNS, "class", where)
    return in_parts(frame, in_parts(draw.TextBox(), text.P(text=words)))


def test_slides(read: Reader) -> None:
    made = opendocument.OpenDocumentPresentation()
    layout = style.PageLayout(name="L")
    made.automaticstyles.addElement(layout)
    master = style.MasterPage(name="M", pagelayoutname=layout)
    made.masterstyles.addElement(master)
    hidden = style.Style(name="H", family="drawing-page")
    hidden.addElement(style.DrawingPageProperties(visibility="hidden"))
    made.automaticstyles.addElement(hidden)
    first = draw.Page(masterpagename=master)
    second = draw.Page(masterpagename=master, stylename=hidden)
    notes = in_parts(presentation.Notes(), shown("say it", "notes"))
    free = [shown("low", top="9cm"), shown("right", left="8cm", top="11mm"), shown("left")]
    for frame in (*free, shown("points", "outline"), shown("Goals", "title"), notes):
        first.addElement(frame)
    second.addElement(shown("alone"))
    made.presentation.addElement(first)
    made.presentation.addElement(second)
    document = read(saved(made), "a.odp")
    assert document.page_unit == "slide"
    assert [page.label for page in document.pages] == ["1", "2 (hidden)"]
    assert kinds_and_texts(document) == [
        ("heading", "Goals"),
        ("para", "points"),
        ("para", "left"),
        ("para", "right"),
        ("para", "low"),
        ("footnote", "Notes: say it"),
        ("para", "alone"),
    ]
    assert document.blocks[-1].heading_path == ()
    assert document.title == "Goals"


def test_encrypted_is_told_apart(read: Reader) -> None:
    manifest = b"<manifest><encryption-data/></manifest>"
    with pytest.raises(Encrypted):
        read(package(saved(report()), **{"META-INF__manifest_xml": manifest}), "a.odt")
