"""A scan that was not read to its end is read on, not anew."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from lsfs.config import IndexConfig
from lsfs.index.readers import scans as scans_module
from lsfs.index.readers.sandbox import Sandbox
from lsfs.index.readers.scans import ScanReading, Scans
from lsfs.model import Document, Status
from lsfs_parsers import picture_notes
from lsfs_parsers.base import PictureMemory, Source
from lsfs_parsers.ocr import Tesseract
from lsfs_parsers.pdf import PdfParser
from tests.parsers.misbehaving import SIGNATURE

PLUGIN = {"misbehaving": "tests.parsers.misbehaving:MisbehavingParser"}
FIRST, SECOND = b"1" * 32, b"2" * 32


@pytest.fixture
def scans(tmp_path: Path) -> Scans:
    return Scans(tmp_path / "scans")


@pytest.fixture
def sandbox(scans: Scans) -> Iterator[Sandbox]:
    with Sandbox(IndexConfig(), extra_parsers=PLUGIN, scans=scans) as opened:
        yield opened


def read(sandbox: Sandbox, path: Path) -> Document:
    fd = os.open(path, os.O_RDONLY)
    try:
        return sandbox.read(fd, path.name)
    finally:
        os.close(fd)


def said(scans: Scans, digest: bytes) -> list[bytes]:
    fd = scans.open(digest)
    if fd < 0:
        return []
    try:
        return list(picture_notes.notes_in(fd).values())
    finally:
        os.close(fd)


def noted(number: int, text: bytes = b"") -> bytes:
    return picture_notes.note(f"{number:032x}", text or b"page %d" % number)


def test_a_child_that_dies_leaves_its_pages_to_the_next_one(
    sandbox: Sandbox, scans: Scans, tmp_path: Path
) -> None:
    file, other = tmp_path / "scan", tmp_path / "other"
    file.write_bytes(SIGNATURE + b"notes")
    other.write_bytes(SIGNATURE + b"notes of another content")
    assert [read(sandbox, file).status for _ in range(2)] == [Status.DAMAGED] * 2
    assert read(sandbox, other).status is Status.DAMAGED
    assert len(scans) == 2
    document = read(sandbox, file)
    assert (document.status, document.text) == (Status.OK, "page 0, page 1, page 2, page 3")
    # What was read to its end is of no more use; the other is.
    assert len(list((tmp_path / "scans").iterdir())) == len(scans) == 1


def test_a_file_that_is_written_to_meanwhile(scans: Scans, tmp_path: Path) -> None:
    path = tmp_path / "scan"
    path.write_bytes(b"one")
    with path.open("rb") as file:
        reading = ScanReading(scans, file.fileno())
        reading.keep(noted(1))
        assert len(scans) == 1
        os.utime(path, ns=(1, 1))
        reading.keep(noted(2))
        reading.done(Document("", "", 1, Status.PARTIAL))
    with path.open("rb") as file:
        again = ScanReading(scans, file.fileno())
        assert list(picture_notes.notes_in(again.known).values()) == [b"page 1"]
        again.done(Document("", "", 1, Status.OK))
    assert len(scans) == 0


def test_what_is_kept_outlives_the_process_and_is_bounded(
    scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans.add(FIRST, noted(1))
    scans.add(SECOND, noted(2))
    (kept,) = (tmp_path / "scans").glob(FIRST.hex())
    assert kept.stat().st_mode & 0o777 == 0o600
    again = Scans(tmp_path / "scans", most=2 * kept.stat().st_size)
    assert said(again, FIRST) == [b"page 1"]  # now the one used last
    again.add(FIRST, noted(3))
    assert (said(again, FIRST), said(again, SECOND)) == ([b"page 1", b"page 3"], [])
    monkeypatch.setattr(scans_module, "MOST_OF_ONE", kept.stat().st_size)
    again.add(FIRST, noted(4))
    again.add(SECOND, noted(5, os.urandom(picture_notes.LONGEST_NOTE)))
    assert (said(again, FIRST), len(again)) == ([b"page 1", b"page 3"], 1)
    os.utime(kept, (1, 1))
    assert len(Scans(tmp_path / "scans")) == 0
    assert not kept.exists()


@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[:-3], lambda data: data + b"\0\0\0\5abcde", lambda data: data + b"\0\0"],
    ids=["cut", "garbage", "torn"],
)
def test_notes_that_are_damaged_end_there(
    scans: Scans, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    for number in (1, 2):
        scans.add(FIRST, noted(number))
    (kept,) = (tmp_path / "scans").iterdir()
    kept.write_bytes(spoil(kept.read_bytes()))
    assert said(scans, FIRST) in ([b"page 1"], [b"page 1", b"page 2"])


def test_a_folder_that_cannot_be_written_costs_no_reading(tmp_path: Path) -> None:
    (tmp_path / "scans").write_bytes(b"a file where the folder should be")
    scans = Scans(tmp_path / "other")
    scans._folder = tmp_path / "scans"
    scans.add(FIRST, noted(1))
    assert said(scans, FIRST) == []


# --- the pages of a PDF


def scanned(pages: int) -> bytes:
    stream = io.BytesIO()
    made = canvas.Canvas(stream, pagesize=(100, 100))
    for number in range(pages):
        picture = Image.new("L", (100, 100), 255)
        ImageDraw.Draw(picture).rectangle((10, 10, 20 + 10 * number, 30), fill=0)
        made.drawImage(ImageReader(picture), 0, 0, 100, 100)
        made.showPage()
    made.save()
    return stream.getvalue()


class Recogniser:
    """Stands for the program: a word for each picture, for as many as there is time for."""

    def __init__(self, pages: int) -> None:
        self.left = pages
        self.words: list[str] = []

    def run(self, _: Tesseract, arguments: list[str], data: bytes, seconds: float) -> str:
        if arguments == ["--list-langs"]:
            return "List of available languages\neng\n"
        if not self.left:
            raise TimeoutError("tesseract took too long")
        self.left -= 1
        self.words.append(hashlib.blake2b(data, digest_size=4).hexdigest())
        head = "level page_num block_num par_num line_num word_num left top width height conf text"
        row = ["5", "1", "1", "1", "1", "1", "20", "20", "90", "30", "96", self.words[-1]]
        return "\t".join(head.split()) + "\n" + "\t".join(row) + "\n"


def test_pages_that_are_known_are_not_read_again(
    source: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    known: dict[str, bytes] = {}

    def parsed(data: bytes, pages: int) -> tuple[Document, list[str]]:
        program = Recogniser(pages)
        monkeypatch.setattr(Tesseract, "_run", lambda *given: program.run(*given))
        memory = PictureMemory(dict(known), known.__setitem__)
        file = replace(source(data, "a.pdf"), memory=memory)
        return PdfParser().parse(file), program.words

    monkeypatch.setattr("shutil.which", lambda _: "/tesseract")
    data = scanned(5)
    first, seen = parsed(data, 2)
    assert (first.status, len(seen)) == (Status.PARTIAL, 2)
    second, more = parsed(data, 2)
    assert "pages 4/5 were read" in second.reason
    third, rest = parsed(data, 9)
    assert (third.status, [*seen, *more, *rest]) == (Status.OK, third.text.split())
    assert len(rest) == 1
    known.clear()
    whole, _ = parsed(data, 9)
    assert whole == third
    known.update(dict.fromkeys(known, b'{"lines": 3}'))  # what nobody understands is not believed
    assert parsed(data, 9)[0] == whole
