"""Pictures and scanned pages: what tesseract reads, laid out as pages of a document are."""

from __future__ import annotations

import io
import shutil
import struct
import zlib
from collections.abc import Callable
from datetime import date
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A6
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from lsfs.errors import ParseError, ParserTimeout
from lsfs.model import Document, Status
from lsfs_parsers import image, ocr
from lsfs_parsers.base import Source
from lsfs_parsers.ocr import Tesseract
from lsfs_parsers.ocr_lines import lines_of
from tests.parsers.conftest import Reader

WITH_TESSERACT = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="tesseract is not installed"
)
SENTENCE = (
    "The committee considers the annual budget, which amounts to 1250 euros, and hopes that"
    " everybody agrees with the proposals of last winter. "
)


def story() -> bytes:
    styles = getSampleStyleSheet()
    stream = io.BytesIO()
    flow: list[Any] = [
        Paragraph("Annual Report", styles["Title"]),
        Paragraph("Results", styles["Heading2"]),
        Paragraph(SENTENCE * 2, styles["BodyText"]),
        Paragraph(SENTENCE, styles["BodyText"]),
        Table([["Item", "Price"], ["Apples", "12.50"], ["Pears", "17.25"]], colWidths=80),
    ]
    SimpleDocTemplate(
        stream, pagesize=A6, topMargin=20, bottomMargin=20, leftMargin=24, rightMargin=24
    ).build(flow)
    return stream.getvalue()


@pytest.fixture(scope="module")
def scan() -> Image.Image:
    page = pypdfium2.PdfDocument(story())[0]
    return page.render(scale=200 / 72, grayscale=True).to_pil().convert("L")


def saved(picture: Image.Image, kind: str = "png", **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def kinds_and_texts(document: Document) -> list[tuple[str, str]]:
    return [(block.kind.value, block.text) for block in document.blocks]


EXPECTED = [
    ("heading", "Annual Report"),
    ("heading", "Results"),
    ("para", (SENTENCE * 2).strip()),
    ("para", SENTENCE.strip()),
    ("table", "Item | Price\nApples | 12.50\nPears | 17.25"),
]


@WITH_TESSERACT
def test_a_scan_is_laid_out_as_a_page(read: Reader, scan: Image.Image) -> None:
    document = read(saved(scan, dpi=(200, 200)), "a.png")
    assert kinds_and_texts(document) == EXPECTED
    (page,) = document.pages
    assert page.source == "ocr"
    assert (page.width, page.height) == pytest.approx(A6, abs=1)
    assert all((block.confidence or 0) > 0.8 for block in document.blocks[:4])
    box = document.blocks[0].spans[0].bbox
    assert box is not None
    assert 20 < box[1] < box[3] < 70
    assert document.title == "Annual Report"


@WITH_TESSERACT
def test_pictures_that_lie_on_their_side(read: Reader, scan: Image.Image) -> None:
    turned = scan.rotate(-90, expand=True).rotate(0.5, fillcolor=255, resample=3)
    document = read(saved(turned, "tiff", dpi=(200, 200)), "a.tif")
    assert kinds_and_texts(document) == EXPECTED
    box = document.blocks[0].spans[0].bbox
    assert box is not None
    _, height = A6
    # The heading stands near the right edge of the picture, and is higher than wide.
    assert document.pages[0].width == pytest.approx(height, abs=1)
    assert box[0] > height - 80
    assert box[3] - box[1] > 2 * (box[2] - box[0])


@WITH_TESSERACT
def test_scanned_pages_of_a_pdf(read: Reader, scan: Image.Image) -> None:
    stream = io.BytesIO()
    drawing = canvas.Canvas(stream, pagesize=A6)
    drawing.drawImage(ImageReader(scan.rotate(180)), 0, 0, *A6)
    drawing.save()
    document = read(stream.getvalue(), "a.pdf")
    assert [page.source for page in document.pages] == ["ocr"]
    assert kinds_and_texts(document) == EXPECTED


@WITH_TESSERACT
def test_every_frame_of_a_tiff_is_a_page(read: Reader) -> None:
    frames = []
    for text in ("first frame here", "second frame here"):
        frame = Image.new("1", (700, 200), 1)
        ImageDraw.Draw(frame).text((40, 60), text, fill=0, font_size=44)
        frames.append(frame)
    data = saved(frames[0], "tiff", save_all=True, append_images=frames[1:], dpi=(200, 200))
    document = read(data, "a.tif")
    assert [(b.spans[0].page, b.text) for b in document.blocks] == [
        (1, "first frame here"),
        (2, "second frame here"),
    ]


@WITH_TESSERACT
def test_photographs_that_are_not_of_text(read: Reader) -> None:
    photograph = Image.effect_noise((150, 100), 80).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = "The house in winter"
    exif[0x013B] = "Ann Author"
    exif.get_ifd(0x8769)[0x9003] = "2023:04:05 23:30:00"
    document = read(saved(photograph, "jpeg", exif=exif), "a.jpg")
    assert kinds_and_texts(document) == [("figure", "The house in winter")]
    assert (document.author, document.created) == ("Ann Author", date(2023, 4, 5))
    exif[0x010E] = "OLYMPUS DIGITAL CAMERA"
    assert read(saved(photograph, "jpeg", exif=exif), "a.jpg").status is Status.EMPTY


@WITH_TESSERACT
@pytest.mark.parametrize("kind", ["png", "webp", "bmp", "gif", "jpeg"])
def test_light_letters_see_through(read: Reader, kind: str) -> None:
    mode = "RGBA" if kind in ("png", "webp") else "RGB"
    picture = Image.new(mode, (420, 80), (0, 0, 0, 0) if mode == "RGBA" else "white")
    ImageDraw.Draw(picture).text((20, 20), "Invoice 4711", fill="black", font_size=26)
    assert read(saved(picture, kind), "a").text == "Invoice 4711"


def test_without_tesseract(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr.shutil, "which", lambda _: None)
    document = read(saved(Image.new("L", (50, 50))), "a.png")
    assert document.status is Status.EMPTY
    assert "tesseract" in document.warnings[0]


def test_a_picture_of_too_many_pixels(sandboxed: Reader) -> None:
    small = saved(Image.new("1", (10, 10)))
    header = b"IHDR" + struct.pack(">II", 40_000, 40_000) + small[24:29]
    huge = small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]
    assert sandboxed(huge, "a.png").status is Status.TOO_LARGE


def test_damaged_pictures(read: Reader, scan: Image.Image) -> None:
    data = saved(scan)
    with pytest.raises(ParseError, match="damaged"):
        read(data[: len(data) // 2], "a.png")
    frames = saved(scan, "tiff", save_all=True, append_images=[scan], compression="tiff_lzw")
    with pytest.raises(ParseError, match="damaged"):
        read(frames[:100], "a.tif")
    with pytest.raises(ParseError, match="damaged"):
        read(b"II*\0" + b"\xff" * 100, "a.tif")


def test_no_time_for_a_picture(source: Callable[..., Source], scan: Image.Image) -> None:
    from msgspec.structs import replace

    file = replace(source(saved(scan), "a.png"), deadline=0.0)
    with pytest.raises(ParserTimeout):
        image.ImageParser().parse(file)


# --- the table of words


def word(text: str, line: int, left: int, top: int, **more: Any) -> str:
    width, height = more.get("width", 20 * len(text)), more.get("height", 20)
    place = f"5\t1\t{more.get('block', 1)}\t1\t{line}\t1"
    box = f"{left}\t{top}\t{width}\t{height}"
    return f"{place}\t{box}\t{more.get('sure', 90)}\t{text}"


def table(*rows: str) -> str:
    return "\n".join(("level\t...", *rows))


def test_divided_words_and_dirt() -> None:
    lines, aslant = lines_of(
        table(
            word("the", 1, 0, 0),
            word("commit-", 1, 70, 0),
            word("|~", 1, 300, 0, sure=10),
            word("tee", 2, 0, 40),
            word("ends-", 2, 70, 40),
            word("Here", 3, 0, 80),
            word("sideways", 4, 900, 0, width=20, height=160),
        ),
        scale=2.0,
    )
    assert [(line.text, line.hyphen) for line in lines] == [
        ("the commit", True),
        ("tee ends-", False),
        ("Here", False),
    ]
    assert lines[0].cells[-1].text == "the commit"
    assert lines[0].box == (0.0, 0.0, 105.0, 10.0)
    assert [line.text for line in aslant] == ["sideways"]


def test_wide_gaps_divide_cells() -> None:
    (line,), _ = lines_of(table(word("left", 1, 0, 0), word("right", 1, 400, 0)), scale=2.0)
    assert [cell.text for cell in line.cells] == ["left", "right"]
    assert line.text == "left right"
    (line,), _ = lines_of(table(word("右", 1, 400, 0), word("左", 1, 0, 0)), scale=2.0)
    assert [cell.text for cell in line.cells] == ["右", "左"]


def test_lines_of_a_page_that_lies_aslant_are_level() -> None:
    rows = [
        word("Hand", line, left, 100 * line + left // 50, width=80)
        for line in range(1, 4)
        for left in range(0, 1_000, 100)
    ]
    lines, _ = lines_of(table(*rows), scale=2.0)
    assert all(line.bottom - line.top < 11 for line in lines)


def test_a_page_that_cannot_be_read_is_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def run(_: Tesseract, arguments: list[str], data: bytes, seconds: float) -> str:
        if "--list-langs" in arguments:
            return "List\neng\nosd\n"
        if "osd" in arguments:
            return "Rotate: 90\nOrientation confidence: 1.5\nScript: Latin\n"
        size = data.split(b"\n")[1].decode()
        calls.append(size)
        return table(word("words", 1, 0, 0, sure=90 if size == "20 30" else 20))

    monkeypatch.setattr(Tesseract, "_run", run)
    seen = Tesseract("tesseract").read(Image.new("L", (30, 20)), 2.0, 60)
    assert calls == ["30 20", "20 30"]
    assert (seen.degrees, seen.confidence) == (90, 0.9)


@pytest.mark.parametrize(("sure", "asked"), [(None, ["30 20"]), (30, ["30 20", "osd", "20 30"])])
def test_a_photograph_is_asked_about_letters_once_it_shows_some(
    monkeypatch: pytest.MonkeyPatch, sure: int | None, asked: list[str]
) -> None:
    calls: list[str] = []

    def run(_: Tesseract, arguments: list[str], data: bytes, seconds: float) -> str:
        if "--list-langs" in arguments:
            return "List\neng\nosd\n"
        if "osd" in arguments:
            calls.append("osd")
            return "Rotate: 90\nOrientation confidence: 9\nScript: Latin\n"
        calls.append(data.split(b"\n")[1].decode())
        return table(*([] if sure is None else [word("words", 1, 0, 0, sure=sure)]))

    monkeypatch.setattr(Tesseract, "_run", run)
    Tesseract("tesseract").read(Image.new("L", (30, 20)), 2.0, 60, may_be_blank=True)
    assert calls == asked


@WITH_TESSERACT
def test_icons_are_not_read(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tesseract, "read", lambda *_, **__: pytest.fail("it was read"))
    document = read(saved(Image.effect_noise((48, 48), 80)), "a.png")
    assert document.status is Status.EMPTY


def test_languages_by_script(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "List of\ndeu\neng\nfra\nosd\npol\nrus\nukr\nscript/Thai\n"
    monkeypatch.setattr(Tesseract, "_run", lambda *_: listed)
    installed = Tesseract("tesseract")
    assert installed.languages() == ["eng", "deu", "fra"]
    assert installed.languages("Latin") == ["eng", "deu", "fra"]
    assert installed.languages("Cyrillic") == ["rus", "ukr", "eng"]
    assert installed.languages("Thai") == ["script/Thai", "eng"]
    assert installed.languages("Georgian") == ["eng", "deu", "fra"]
