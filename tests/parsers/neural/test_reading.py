"""Pages are read by the model, each with its neighbours, and by geometry where it fails."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from msgspec.structs import replace
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from lsfs.config import IndexConfig
from lsfs.index.readers.sandbox import Sandbox
from lsfs.model import BlockKind, Document, Status
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Piece, broken_promise
from lsfs_parsers.neural import backend as backends
from lsfs_parsers.neural import decode
from lsfs_parsers.neural.backend import NeuralBackend, agrees
from lsfs_parsers.neural.model import PageModel
from lsfs_parsers.neural.parser import NeuralPdfParser, NeuralReading
from lsfs_parsers.neural.pictures import PagePicture, Preparation, cropped, words_of
from lsfs_parsers.ocr import Recognised
from lsfs_parsers.pdf import PdfParser
from lsfs_parsers.window import PageBlock, PageReading, windows
from tests.parsers.neural import tiny

STORY = "The tenant pays the rent on the first working day of every month and no later. "
MANY_WORDS = (
    "every tenant pays rent upon first working days within months while landlords repair roofs"
    " windows doors walls heating pipes kitchens gardens fences garages cellars lifts"
)


def inked(number: int = 1, words: str = "") -> PagePicture:
    image = Image.new("RGB", (200, 260), "white")
    for at in range(number):
        ImageDraw.Draw(image).rectangle((20, 20 + 40 * at, 100, 40 + 40 * at), fill="black")
    return PagePicture(number, image, words_of(words), size=(150.0, 195.0))


def geometric(number: int) -> PageReading:
    return PageReading("", [PageBlock(BlockKind.PARAGRAPH, (Piece(f"geometry {number}"),))])


def reading(model: PageModel, pages: list[PagePicture], **options: Any) -> NeuralBackend:
    return NeuralBackend(model, tiny.tokenizer(), pages, geometric, **options)


def read(backend: NeuralBackend) -> list[PageReading]:
    return [backend.read(window) for window in windows(backend.pages())]


def text(page: PageReading) -> str:
    return " ".join(piece.text for block in page.blocks for piece in block.pieces)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the adapter is given, window by window."""
    calls: list[tuple[Any, ...]] = []
    memory = PageModel.memory

    def noted(self: PageModel, *pages: Any) -> Any:
        calls.append(pages)
        return memory(self, *pages)

    monkeypatch.setattr(PageModel, "memory", noted)
    return calls


def test_each_page_is_encoded_once_and_seen_with_its_neighbours(seen: list[Any]) -> None:
    model = tiny.reciting("It is read.")
    passes: list[int] = []
    model.reader.encoder.register_forward_hook(lambda *_: passes.append(1))
    backend = reading(model, [inked(number) for number in range(1, 5)])
    pages = read(backend)
    assert len(passes) == backend.encoded == 4
    assert [text(page) for page in pages] == ["It is read."] * 4
    assert {page.source for page in pages} == {"neural"}
    assert seen[0][0] is None
    assert seen[3][2] is None
    for before, after in pairwise(seen):
        assert before[1] is after[0]
        assert before[2] is after[1]
    assert not torch.equal(seen[0][1], seen[1][1])


def test_a_page_without_ink_says_nothing_and_costs_no_writing(seen: list[Any]) -> None:
    blank = PagePicture(1, Image.new("RGB", (200, 260), "white"))
    backend = reading(tiny.reciting("invented"), [blank, inked(2)])
    pages = read(backend)
    assert [text(page) for page in pages] == ["", "invented"]
    assert len(seen) == 1
    assert seen[0][0] is not None  # the blank page is a neighbour all the same


def test_a_loop_is_stopped_and_read_by_other_means() -> None:
    backend = reading(tiny.looping(), [inked(1), inked(2)])
    assert [text(page) for page in read(backend)] == ["geometry 1", "geometry 2"]
    assert backend.failures == {1: decode.LOOPS, 2: decode.LOOPS}


def test_a_loop_is_stopped_as_soon_as_it_is_one() -> None:
    memory = torch.randn(1, tiny.TOKENS + 4, tiny.WIDTH)
    detector = decode.LoopDetector(tokens=20)
    written = decode.transcribe(tiny.looping(), memory, detector=detector)
    assert written.failure == decode.LOOPS
    assert len(written.tokens) == 21


@pytest.mark.parametrize("period", [1, 2, 7, 60, 400])
def test_repetition_is_told_from_what_only_looks_like_it(period: int) -> None:
    detector = decode.LoopDetector()
    before = list(range(1000, 1300))
    assert not any(detector.push(token) for token in before)
    pushed = 0
    while not detector.push(pushed % period):
        pushed += 1
        assert pushed < 3000
    rounds = (pushed + 1) / period
    assert rounds >= decode.LOOP_ROUNDS
    assert pushed + 1 == max(decode.LOOP_TOKENS, decode.LOOP_ROUNDS * period)


def test_rows_of_empty_cells_and_what_counts_up_are_no_loops() -> None:
    detector = decode.LoopDetector()
    assert not any(detector.push(token) for token in [5, 6] * 49)
    detector = decode.LoopDetector()
    counted = [token for number in range(500) for token in (1, 2, 100 + number, 3)]
    assert not any(detector.push(token) for token in counted)


def test_a_page_that_finds_no_end_is_read_by_other_means() -> None:
    backend = reading(tiny.reciting("abc", ends=False), [inked()], max_tokens=4)
    assert text(read(backend)[0]) == "geometry 1"
    assert backend.failures == {1: decode.ENDLESS}


def test_what_the_page_does_not_say_is_not_believed() -> None:
    backend = reading(tiny.reciting("A fluent invention."), [inked(1, MANY_WORDS), inked(2)])
    assert [text(page) for page in read(backend)] == ["geometry 1", "A fluent invention."]
    assert backend.failures == {1: backends.DISAGREES}


def test_agreement() -> None:
    layer = words_of(MANY_WORDS)
    assert agrees(layer, layer)
    assert agrees(frozenset(), words_of("few words"))
    assert not agrees(frozenset(), layer)
    assert not agrees(words_of("other things that nobody wrote down anywhere"), layer)
    assert agrees(layer | words_of("formulas inserted"), layer)


def test_what_comes_too_late_is_read_by_other_means() -> None:
    backend = reading(tiny.reciting("late"), [inked(1), inked(2)], deadline=0.0)
    assert [text(page) for page in read(backend)] == ["geometry 1", "geometry 2"]
    assert backend.failures == {1: decode.LATE, 2: decode.LATE}
    assert backend.encoded == 0


def test_an_end_that_comes_while_writing_is_kept() -> None:
    memory = torch.randn(1, tiny.TOKENS + 4, tiny.WIDTH)
    written = decode.transcribe(tiny.looping(), memory, deadline=0.0)
    assert written.failure == decode.LATE
    assert len(written.tokens) == 2


def test_a_page_on_which_the_model_fails_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encode = PageModel.encode
    counted = iter(range(9))

    def failing(self: PageModel, pixels: Any) -> Any:
        if next(counted) == 1:
            raise RuntimeError("not enough memory")
        return encode(self, pixels)

    monkeypatch.setattr(PageModel, "encode", failing)
    undrawn = replace(inked(4), image=None)
    backend = reading(tiny.reciting("well"), [inked(1), inked(2), inked(3), undrawn])
    assert [text(page) for page in read(backend)] == ["well", "geometry 2", "well", "geometry 4"]
    assert backend.failures == {2: backends.FAILED, 4: backends.UNDRAWN}


def test_a_line_across_a_page_is_not_blown_up() -> None:
    image = Image.new("RGB", (1000, 1400), "white")
    ImageDraw.Draw(image).line((0, 700, 999, 700), fill="black")
    part = cropped(image)
    assert part.size == (1000, 250)
    assert Preparation(tiny.IMAGE).pixels(part).shape == (1, 3, *tiny.IMAGE)


# --- whole files


def paged(*pages: str) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(300, 400))
    canvas.setTitle("Of rents")
    for words in pages:
        for number, line in enumerate(textwrap.wrap(words, 40)):
            canvas.drawString(30, 360 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


@pytest.fixture
def parse(
    source: Callable[..., Source], monkeypatch: pytest.MonkeyPatch, model_folder: Path
) -> Iterator[Callable[..., Document]]:
    def run(model: PageModel, data: bytes) -> Document:
        parser = NeuralPdfParser(model_folder)
        monkeypatch.setattr(parser, "_loaded", (model, tiny.tokenizer()))
        document = parser.parse(source(data))
        assert broken_promise(document) == ""
        return document

    return run


def test_a_file_is_read_by_the_model_and_its_pages_are_stitched(
    parse: Callable[..., Document],
) -> None:
    document = parse(tiny.reciting("and he was won-"), paged("few words", "few", "less"))
    assert document.parser == "pdf-neural"
    assert document.status is Status.OK
    assert document.title == "Of rents"
    assert [page.source for page in document.pages] == ["neural"] * 3
    assert [page.width for page in document.pages] == [300.0] * 3
    # The words of one page are continued by those of the next; "won-" and "and" are no one word
    # that the document knows, but the hyphen says that they are one.
    assert document.text == "and he was wonand he was wonand he was won-"
    assert [span.page for span in document.blocks[0].spans] == [1, 2, 3]
    assert document.warnings == ()


def test_pages_that_the_model_cannot_read_are_what_they_are_without_it(
    parse: Callable[..., Document], source: Callable[..., Source]
) -> None:
    data = paged(STORY * 3, STORY * 2, "The end.")
    document = parse(tiny.looping(), data)
    plainly = PdfParser().parse(source(data))
    assert document.text == plainly.text
    assert [page.source for page in document.pages] == ["text"] * 3
    assert document.warnings == (f"read by geometry: page 1, 2, 3: {decode.LOOPS}",)


def test_a_scan_that_the_model_cannot_read_is_recognised(
    parse: Callable[..., Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Image.new("L", (300, 400), "white")
    ImageDraw.Draw(image).rectangle((20, 20, 200, 60), fill="black")
    stream = io.BytesIO()
    image.save(stream, "PDF")
    recognised: list[int] = []

    def noted(self: NeuralReading, page: Any, number: int) -> Recognised:
        if self._recognises:
            recognised.append(number)
        return Recognised([])

    monkeypatch.setattr(NeuralReading, "_recognised", noted)
    assert parse(tiny.reciting("a scan"), stream.getvalue()).text == "a scan"
    assert recognised == []
    assert parse(tiny.looping(), stream.getvalue()).status is Status.EMPTY
    assert recognised == [1]


def test_no_more_is_read_than_is_kept(
    parse: Callable[..., Document], source: Callable[..., Source], model_folder: Path
) -> None:
    parser = NeuralPdfParser(model_folder)
    parser._loaded = (tiny.reciting("Some words."), tiny.tokenizer())
    document = parser.parse(source(paged("a", "b", "c"), max_chars=5))
    assert document.text == "Some "
    assert document.status is Status.PARTIAL


def test_a_file_is_read_in_the_sandbox(model_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(paged(STORY * 3, STORY))
    limits = IndexConfig(neural=str(model_folder))
    with Sandbox(limits) as sandbox, path.open("rb") as file:
        document = sandbox.read(file.fileno(), "file.pdf")
        assert sandbox.versions()["pdf-neural"] == NeuralPdfParser.version
    assert document.parser == "pdf-neural", document
    assert document.text.count("working day") == 4
    assert document.warnings[0].startswith("read by geometry: page 1, 2")
