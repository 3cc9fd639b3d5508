"""PDF: pages, paragraphs, headings, columns, and files that are damaged or closed."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    ListFlowable,
    PageBreak,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Table,
)  # fmt: skip

from lsfs.errors import Encrypted, ParseError
from lsfs.model import BlockKind, Document, Status
from lsfs_parsers.base import Source
from lsfs_parsers.ocr import Tesseract
from lsfs_parsers.pdf import PdfParser
from tests.parsers.conftest import Reader

STYLES = getSampleStyleSheet()
SENTENCE = "The tenant pays the rent of number {} on the first working day of every month. "
WIDTH, HEIGHT = A4


def story(number: int, sentences: int = 6) -> str:
    return SENTENCE.format(number) * sentences


def made(flowables: list[Any], **facts: Any) -> bytes:
    stream = io.BytesIO()
    SimpleDocTemplate(stream, pagesize=A4, **facts).build(flowables)
    return stream.getvalue()


def drawn(draw: Callable[[Canvas], None], **options: Any) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, **options)
    draw(canvas)
    canvas.save()
    return stream.getvalue()


def report() -> bytes:
    body = STYLES["BodyText"]
    flowables: list[Any] = [Paragraph("Big Title", STYLES["Title"])]
    for number in range(1, 6):
        flowables += [
            Paragraph(f"Section {number}", STYLES["Heading1"]),
            Paragraph(story(number), body),
            Paragraph(story(number + 100), body),
            PageBreak(),
        ]
    return made(flowables, title="Lease", author="Ann Author")


def test_pages_and_paragraphs(read: Reader) -> None:
    document = read(report(), "a")
    assert len(document.pages) == 5
    for number in range(1, 6):
        for wanted in (number, number + 100):
            block = next(b for b in document.blocks if b.text == story(wanted).strip())
            assert block.kind is BlockKind.PARAGRAPH
            assert {span.page for span in block.spans} == {number}
            assert block.heading_path[-1] == f"Section {number}"
            page = document.pages[number - 1]
            assert page.char_start <= block.char_start < block.char_end <= page.char_end


def test_facts(read: Reader) -> None:
    document = read(report(), "a.pdf")
    assert (document.title, document.author) == ("Lease", "Ann Author")
    assert isinstance(document.created, date)


def test_boxes_are_measured_from_the_top_left(read: Reader) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        canvas.drawString(100, HEIGHT - 50, "near the top")

    span = read(drawn(draw), "a.pdf").blocks[0].spans[0]
    assert span.bbox is not None
    left, top, right, bottom = span.bbox
    assert left == pytest.approx(100, abs=2)
    assert 35 < top < bottom < 55
    assert right > 150


def test_page_labels(read: Reader) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.addPageLabel(0, style="ROMAN_LOWER")
        canvas.addPageLabel(2, style="ARABIC", start=1)
        for number in range(4):
            canvas.drawString(100, 500, f"page {number}")
            canvas.showPage()

    assert [page.label for page in read(drawn(draw), "a").pages] == ["i", "ii", "1", "2"]


def test_a_table_has_rows_and_cells(read: Reader) -> None:
    rows = [["Item", "Count", "Price"], ["Apple", "3", "1.50"], ["Pear", "12", "2.25"]]
    document = read(made([Table(rows, colWidths=120)]), "a.pdf")
    assert document.tables[0].rows == tuple(map(tuple, rows))
    assert document.tables[0].pages == (1,)


def test_divided_words_are_made_whole(read: Reader) -> None:
    def draw(canvas: Canvas) -> None:
        for row, line in enumerate(
            ("This is an exam-", "ple of a well-", "known rule; well-known.")
        ):
            canvas.drawString(100, 700 - 14 * row, line)

    text = read(drawn(draw), "a.pdf").text
    assert text == "This is an example of a well-known rule; well-known."


def test_two_columns_are_read_one_after_the_other(read: Reader) -> None:
    stream = io.BytesIO()
    template = BaseDocTemplate(stream, pagesize=A4)
    columns = [
        Frame(50, 50, 235, 740, id="left"),
        Frame(310, 50, 235, 740, id="right"),
    ]
    template.addPageTemplates(PageTemplate(frames=columns))
    template.build([Paragraph(story(n, 5), STYLES["BodyText"]) for n in range(1, 15)])
    text = read(stream.getvalue(), "a.pdf").text
    found = [text.index(f"number {n} ") for n in range(1, 15)]
    assert found == sorted(found)


def lines_drawn(*lines: str, pitch: float = 14, size: float = 11) -> bytes:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", size)
        for row, line in enumerate(lines):
            canvas.drawString(60, 780 - pitch * row, line)

    return drawn(draw)


LETTER = (
    "Hafenstrasse 12",
    "20457 Hamburg",
    "Hamburg, 30.09.2022",
    "Dear Ms Roth,",
    "we end the lease.",
    "Yours, K. Blum",
)


@pytest.mark.parametrize("space", [6, 12, 20])
def test_short_paragraphs_stay_apart(read: Reader, space: int) -> None:
    style = STYLES["Normal"].clone("spaced", spaceAfter=space)
    document = read(made([Paragraph(line, style) for line in LETTER]), "a.pdf")
    assert document.text.split("\n\n")[:4] == list(LETTER[:4])
    if space > 6:
        assert document.text.split("\n\n") == list(LETTER)


def test_a_letter_keeps_its_lines_and_its_prose(read: Reader) -> None:
    body = story(1, 4).strip()
    tail = "The deposit will be paid back within six weeks of the handover of the keys"
    lines = [*LETTER[:4], body, tail, "Kind regards", "K. Blum", "Managing director"]
    text = read(made([Paragraph(line, STYLES["Normal"]) for line in lines]), "a.pdf").text
    assert text.split("\n\n") == lines


def test_lines_with_labels_stay_apart(read: Reader) -> None:
    lines = (
        "Ellingsen and Roth Joinery, Slipway 8, Port Averly",
        "To: Gullwing Cafe, Harbour Street 3, Port Averly",
        "Invoice number: 17",
        "Invoice date: 3 May 2023",
        "due: 17 May 2023",
        "Amount due: 340.00 EUR",
    )
    assert read(lines_drawn(*lines), "a.pdf").text.split("\n\n") == list(lines)


def test_wrapped_prose_stays_together(read: Reader) -> None:
    paragraphs = (
        "The goods were delivered to the warehouse in the harbour by Mr Kowalski, whom Mr Blum of "
        "Hamburg had sent on 3 May 2023. Note: 17 crates were opened in the presence of Ms Roth, "
        "Dr Weber and the harbour master, and no damage was found in any of them. It is agreed",
        "Der Vertrag beginnt am 1. Januar 2023 und endet ohne Kündigung am 31. Dezember 2025, es "
        "sei denn, dass Frau Grundstücksverwalterin Weber die Verlängerungsvereinbarung mit der "
        "Stadt Hamburg unterschreibt",
    )
    for width in (170, 260, 440):
        stream = io.BytesIO()
        template = BaseDocTemplate(stream, pagesize=A4)
        template.addPageTemplates(PageTemplate(frames=[Frame(60, 60, width, 720)]))
        style = STYLES["Normal"].clone("spaced", spaceAfter=8)
        template.build([Paragraph(text, style) for text in paragraphs])
        assert read(stream.getvalue(), "a.pdf").text.split("\n\n") == list(paragraphs)


def test_items_with_big_bullets_are_items(read: Reader) -> None:
    items = [story(1, 3).strip(), "short point", "Another short one"]
    flowables = [
        Paragraph(story(2), STYLES["Normal"]),
        ListFlowable([Paragraph(item, STYLES["Normal"]) for item in items], bulletType="bullet"),
    ]
    document = read(made(flowables), "a.pdf")
    assert [block.kind for block in document.blocks[1:]] == [BlockKind.LIST_ITEM] * 3
    assert [block.text.lstrip("\u2022 ") for block in document.blocks[1:]] == items


LEFT = """\
Abstract. We followed the regrowth
of seagrass for thirty-one months
after dredging in the Husum chan-
nel. Cover returned to 64 % of the
reference level. Sediment compac-
tion delayed the recovery of the
meadow in the inner basin of the
port, where boats lie.""".splitlines()
RIGHT = """\
Methods. Quadrats of 0.25 square
metres were photographed every
six weeks by divers. Images were
scored by two observers inde-
pendently. Agreement between the
observers was 0.91 (Cohen kappa).
Funding came from grant GR-2210.""".splitlines()


def test_two_short_columns_with_aligned_lines_are_no_table(read: Reader) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, 740, "Mei Tanaka and Anna Weber, Preprint, October 2022")
        for row, line in enumerate(LEFT):
            canvas.drawString(60, 700 - 14 * row, line)
            if row < len(RIGHT):
                canvas.drawString(310, 700 - 14 * row, RIGHT[row])
        canvas.drawString(60, 560, "Discussion. Recovery took longer than Olsen had predicted.")

    document = read(drawn(draw), "a.pdf")
    assert document.tables == ()
    _, left, right, _ = document.text.split("\n\n")
    assert left.startswith("Abstract.") and "the Husum channel. Cover" in left
    assert "compaction delayed" in left and left.endswith("the port, where boats lie.")
    assert right.startswith("Methods.") and "two observers independently." in right
    assert right.endswith("grant GR-2210.")


@pytest.mark.parametrize(
    "rows",
    [
        [
            ["Item", "Price"],
            ["repair of the roof over the wing", "1,200.00"],
            ["gutters", "340.00"],
        ],
        [
            ["annual report of the study", "marine biology group in Kiel"],
            ["data set of the quadrats", "field team and its divers"],
            ["final workshop", "the port authority"],
            ["software for the scoring", "informatics group in Hamburg"],
            ["budget report", "administration office of Kiel"],
        ],
        [
            ["Term of the contract", "Three years from 1 May 2023"],
            ["Notice to be given", "Six months before the end"],
            ["Place of jurisdiction", "Hamburg, for all disputes"],
        ],
    ],
)
def test_a_table_of_two_columns_stays_one(read: Reader, rows: list[list[str]]) -> None:
    document = read(made([Table(rows, colWidths=220)]), "a.pdf")
    assert document.tables[0].rows == tuple(map(tuple, rows))


def test_the_drawing_order_may_be_anything(read: Reader) -> None:
    lines = [f"This is line number {n} of the page." for n in range(30)]

    def draw(canvas: Canvas) -> None:
        for n in sorted(range(30), key=lambda n: n * 17 % 30):
            canvas.drawString(100, 800 - 14 * n, lines[n])

    text = read(drawn(draw), "a.pdf").text
    found = [text.index(line) for line in lines]
    assert found == sorted(found)


def test_letters_beyond_the_basic_plane_do_not_shift_the_rest(read: Reader) -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("HeiseiMin-W3", 12)
        canvas.drawString(100, 700, "日本語の文")
        canvas.setFont("Helvetica", 12)
        canvas.drawString(100, 600, "after it")

    assert read(drawn(draw), "a.pdf").text == "日本語の文\n\nafter it"


# --- damaged, closed, without text


def test_encrypted(read: Reader) -> None:
    data = drawn(lambda c: c.drawString(9, 9, "x"), encrypt=StandardEncryption("secret"))
    with pytest.raises(Encrypted):
        read(data, "a.pdf")


def test_an_owner_password_closes_nothing(read: Reader) -> None:
    closed = StandardEncryption("", ownerPassword="secret", canCopy=0)
    assert read(drawn(lambda c: c.drawString(9, 9, "open"), encrypt=closed), "a").text == "open"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_truncated(sandboxed: Reader, share: float) -> None:
    data = report()
    document = sandboxed(data[: int(share * len(data))], "a.pdf")
    assert document.status in (Status.DAMAGED, Status.OK, Status.PARTIAL, Status.EMPTY)
    if document.status is Status.DAMAGED:
        assert "damaged" in document.reason


def test_flipped_bytes_never_crash(sandboxed: Reader) -> None:
    data = report()
    for seed in range(1, 25):
        broken = bytearray(data)
        for step in range(12):
            broken[(seed * 7919 + step * 104_729) % len(data)] ^= 1 << (step % 8)
        document = sandboxed(bytes(broken), "a.pdf")
        assert "crashed" not in document.reason


def test_a_file_that_only_says_so(read: Reader) -> None:
    with pytest.raises(ParseError):
        read(b"%PDF-1.7\nno more", "a.pdf")


def test_no_time_for_all_pages(
    source: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    from msgspec.structs import replace

    left = iter([10.0, 10.0, 10.0, *[0.5] * 100])
    monkeypatch.setattr(Source, "seconds_left", lambda self: next(left))
    document = PdfParser().parse(replace(source(report())))
    assert document.status is Status.PARTIAL
    assert document.reason == (
        "pages 2/5 were read; for want of time not 3-5: a higher index.parse_seconds reads them"
    )
    assert len(document.pages) == 5


def scanned() -> bytes:
    """A page that is a picture of text, made without any imaging library: enlarged letters."""
    import pypdfium2

    page_of_text = drawn(
        lambda c: (c.setFont("Helvetica", 40), c.drawString(60, 600, "HELLO WORLD"))
    )
    pdf = pypdfium2.PdfDocument(page_of_text)
    page = pdf[0]
    bitmap = page.render(scale=2, grayscale=True)
    result = pypdfium2.PdfDocument.new()
    new_page = result.new_page(WIDTH, HEIGHT)
    image = pypdfium2.PdfImage.new(result)
    image.set_bitmap(bitmap)
    image.set_matrix(pypdfium2.PdfMatrix().scale(WIDTH, HEIGHT))
    new_page.insert_obj(image)
    new_page.gen_content()
    stream = io.BytesIO()
    result.save(stream)
    for opened in (bitmap, new_page, page, result, pdf):
        opened.close()
    return stream.getvalue()


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_a_picture_of_text_is_read(sandboxed: Reader) -> None:
    document = sandboxed(scanned(), "scan.pdf")
    assert document.text == "HELLO WORLD"
    assert document.pages[0].source == "ocr"
    spans = document.blocks[0].spans
    assert [document.text[one.char_start : one.char_end].strip() for one in spans] == [
        "HELLO",
        "WORLD",
    ]
    hello, world = (one.bbox for one in spans)
    assert hello is not None and world is not None
    assert hello[1] == pytest.approx(HEIGHT - 630, abs=12)
    assert hello[0] < hello[2] < world[0] < world[2]


def test_a_picture_of_text_without_tesseract(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tesseract, "find", lambda *_: None)
    document: Document = read(scanned(), "scan.pdf")
    assert document.status is Status.EMPTY
    assert "tesseract" in document.warnings[0]
    assert len(document.pages) == 1
