"""Presentations: slides as pages, the order of shapes, notes, tables, charts, damaged slides."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pptx
import pytest
from PIL import Image
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from lsfs.errors import ParseError
from lsfs.model import Document, Merged, Status
from lsfs_parsers.slides import row_by_row
from tests.parsers.conftest import Reader

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def kinds_and_texts(document: Document, page: int) -> list[tuple[str, str]]:
    return [
        (block.kind.value, block.text) for block in document.blocks if block.spans[0].page == page
    ]


def saved(deck: Any) -> bytes:
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def edited(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        assert name in old.namelist()
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return stream.getvalue()


def slide(deck: Any, layout: int, title: str = "") -> Any:
    made = deck.slides.add_slide(deck.slide_layouts[layout])
    if title:
        made.shapes.title.text = title
    return made


def box(made: Any, text: str, left: float, top: float) -> Any:
    frame = made.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(0.5))
    frame.text_frame.text = text
    return frame


def deck() -> Any:
    made = pptx.Presentation()
    made.core_properties.title = "PowerPoint Presentation"
    made.core_properties.author = "Ann Author"
    made.core_properties.created = datetime(2023, 4, 5, 23, 30, tzinfo=UTC)
    first = slide(made, 0, "Annual\vReview")
    first.placeholders[1].text = "of the year"
    second = slide(made, 1, "Goals")
    second.placeholders[1].text = "grow\nlast"
    second.notes_slide.notes_text_frame.text = "say hello\nand wait"
    return made


def test_slides_are_pages(read: Reader) -> None:
    document = read(saved(deck()), "a.pptx")
    assert document.page_unit == "slide"
    assert kinds_and_texts(document, 1) == [("heading", "Annual Review"), ("para", "of the year")]
    assert kinds_and_texts(document, 2) == [
        ("heading", "Goals"),
        ("list_item", "grow"),
        ("list_item", "last"),
        ("footnote", "Notes: say hello\nand wait"),
    ]
    assert document.blocks[-1].heading_path == ("Goals",)
    assert (document.title, document.author) == ("Annual Review", "Ann Author")
    assert document.created == date(2023, 4, 5)
    assert document.pages[0].width == 720


def test_order_of_shapes(read: Reader) -> None:
    made = pptx.Presentation()
    compared = slide(made, 4, "Compared")
    for at, text in ((4, "right"), (3, "right head"), (2, "left"), (1, "left head")):
        compared.placeholders[at].text = text
    free = slide(made, 6)
    box(free, "below", 1, 4)
    box(free, "right", 4, 1.05)
    box(free, "left", 1, 1)
    group = free.shapes.add_group_shape()
    for left, text in ((3.0, "in group, right"), (0.5, "in group, left")):
        shape = group.shapes.add_textbox(Inches(left), Inches(2), Inches(1), Inches(0.5))
        shape.text_frame.text = text
    document = read(saved(made), "a.pptx")
    first = [text for _, text in kinds_and_texts(document, 1)]
    assert first == ["Compared", "left head", "left", "right head", "right"]
    second = [text for _, text in kinds_and_texts(document, 2)]
    assert second == ["left", "right", "in group, left", "in group, right", "below"]
    assert all(block.heading_path == () for block in document.blocks if block.spans[0].page == 2)


def test_rows_of_boxes() -> None:
    assert row_by_row([None, (5, 0, 6, 2), (0, 1, 1, 3), (0, 2, 9, 4)]) == [1, 2, 3, 0]
    assert row_by_row([(5, 0, 6, 2), (0, 0.5, 1, 2.5)]) == [1, 0]
    assert row_by_row([]) == []


def test_tables_with_merged_cells(read: Reader) -> None:
    made = pptx.Presentation()
    table = slide(made, 5, "T").shapes.add_table(3, 3, 0, 0, Inches(4), Inches(2)).table
    for at, text in enumerate("abcdefghi"):
        table.cell(at // 3, at % 3).text = text
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(1, 2).merge(table.cell(2, 2))
    document = read(saved(made), "a.pptx")
    (found,) = document.tables
    assert found.rows == (("a b", "", "c"), ("d", "e", "f i"), ("g", "h", ""))
    assert found.merged == (Merged(0, 0, 1, 2), Merged(1, 2, 2, 1))
    assert found.header_rows == 1
    assert found.pages == (1,)


def test_charts_are_tables(read: Reader) -> None:
    made = pptx.Presentation()
    data = CategoryChartData()
    data.categories = ["East", "West"]
    data.add_series("2023", (1.5, 2))
    data.add_series("2024", (3, None))
    size = (0, 0, Inches(4), Inches(3))
    frame = slide(made, 5, "C").shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *size, data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "Sales"
    points = XyChartData()
    points.add_series("P").add_data_point(1, 4)
    slide(made, 5, "D").shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *size, points)
    document = read(saved(made), "a.pptx")
    assert ("caption", "Sales") in kinds_and_texts(document, 1)
    assert document.tables[0].rows == (
        ("", "2023", "2024"),
        ("East", "1.5", "3"),
        ("West", "2", ""),
    )
    assert document.tables[1].rows == (("", "P"), ("1", "4"))


def test_pictures_with_a_description(read: Reader) -> None:
    picture = io.BytesIO()
    Image.new("L", (8, 8)).save(picture, "png")
    made = pptx.Presentation()
    shapes = slide(made, 6).shapes
    for text in ("A plan of the house", "image1.png", ""):
        picture.seek(0)
        shape = shapes.add_picture(picture, 0, 0)
        shape._element._nvXxPr.cNvPr.set("descr", text)
    assert kinds_and_texts(read(saved(made), "a.pptx"), 1) == [("figure", "A plan of the house")]


def test_hidden_slides_are_marked(read: Reader) -> None:
    made = deck()
    made.slides[1]._element.set("show", "0")
    assert [page.label for page in read(saved(made), "a.pptx").pages] == ["1", "2 (hidden)"]


def test_what_stands_at_the_foot_is_no_text(read: Reader) -> None:
    made = pptx.Presentation()
    foot = box(slide(made, 6), "\u2039#\u203a", 1, 7)
    holder = foot._element.nvSpPr.nvPr._add_ph()
    holder.set("type", "sldNum")
    document = read(saved(made), "a.pptx")
    assert document.status is Status.EMPTY
    assert [(one.text, one.role.value) for one in document.furniture] == [("1", "page_number")]


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.openxmlformats-officedocument.presentationml.template",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
        "application/vnd.ms-powerpoint.presentation.macroEnabled",
        "application/vnd.ms-powerpoint.slideshow.macroEnabled",
    ],
)
def test_variants(read: Reader, kind: str) -> None:
    def other(content: bytes) -> bytes:
        content = content.replace(PPTX.encode(), kind.encode())
        return content.replace(b"/ppt/presentation.xml", b"/ppt/other.xml")

    data = edited(saved(deck()), "[Content_Types].xml", other)
    data = edited(data, "_rels/.rels", lambda c: c.replace(b"presentation.xml", b"other.xml"))
    moved = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(moved, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("/presentation.xml", "/other.xml"), old.read(name))
    document = read(moved.getvalue(), "a")
    assert document.media_type == PPTX
    assert len(document.pages) == 2


def test_a_damaged_slide_leaves_the_others(read: Reader) -> None:
    data = edited(saved(deck()), "ppt/slides/slide1.xml", lambda content: content[:300])
    document = read(data, "a.pptx")
    assert document.status is Status.PARTIAL
    assert document.reason == "slides 1/2 were read"
    assert len(document.pages) == 2
    assert "grow" in document.text
    assert "slide1.xml is damaged" in document.warnings[0]


def test_a_damaged_presentation(read: Reader) -> None:
    data = edited(saved(deck()), "ppt/presentation.xml", lambda content: content[:300])
    with pytest.raises(ParseError, match="damaged"):
        read(data, "a.pptx")


def test_groups_in_groups(sandboxed: Reader) -> None:
    def nested(content: bytes) -> bytes:
        at = content.index(b"<p:sp>")
        return content[:at] + b"<p:grpSp>" * 5_000 + b"</p:grpSp>" * 5_000 + content[at:]

    data = edited(saved(deck()), "ppt/slides/slide1.xml", nested)
    assert sandboxed(data, "a.pptx").status in (Status.PARTIAL, Status.DAMAGED)


def test_an_entity_bomb_on_a_slide(read: Reader) -> None:
    def bomb(content: bytes) -> bytes:
        entities = "".join(
            f'<!ENTITY {name} "{before * 10}">'
            for name, before in (("a", "ha"), ("b", "&a;"), ("c", "&b;"), ("d", "&c;"))
        )
        head, _, rest = content.partition(b"?>")
        declared = b"?><!DOCTYPE p:sld [" + entities.encode() + b"]>"
        return head + declared + rest.replace(b"Annual", b"&d;")

    document = read(edited(saved(deck()), "ppt/slides/slide1.xml", bomb), "a.pptx")
    assert len(document.text) < 1_000
