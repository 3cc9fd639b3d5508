"""Pages as they look: drawn right, and drawn where no file can do harm."""

from __future__ import annotations

import contextlib
import io
import struct
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image

from lsfs.config import IndexConfig
from lsfs.errors import LsfsError, NotFound, ParseError, ParserTimeout
from lsfs.index.readers import page_picture as drawing
from lsfs_parsers.base import Source
from lsfs_parsers.picture import drawn
from tests.web.conftest import lease

LIMITS = IndexConfig()


def draw(data: bytes, media_type: str, page: int = 1, width: int = 600) -> Any:
    """The picture of a page, drawn by this process."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        source = Source(file.fileno(), "", len(data), media_type=media_type)
        return Image.open(io.BytesIO(drawn(source, page, width)))


def draw_apart(data: bytes, media_type: str, page: int = 1) -> Any:
    """The same, drawn by a process of its own."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        found, picture = drawing.page_picture(file.fileno(), media_type, page, 600, LIMITS)
    image = Image.open(io.BytesIO(picture))
    assert Image.MIME[image.format or ""] == found
    return image


def png(image: Image.Image, **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, **{"format": "PNG", **options})
    return data.getvalue()


def test_a_page_of_a_pdf() -> None:
    image = draw_apart(lease(), "application/pdf", 2).convert("L")
    assert image.width == 600 and abs(image.height / image.width - 842 / 595) < 0.01
    assert image.crop((70, 80, 400, 130)).getextrema()[0] < 100  # words
    assert image.crop((0, 400, 600, 800)).getextrema()[0] > 250  # nothing below them
    with pytest.raises(NotFound, match="no page 3"):
        draw_apart(lease(), "application/pdf", 3)


def test_pictures_stand_upright_on_white() -> None:
    red = Image.new("RGB", (40, 20), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    turned = draw(png(red, format="JPEG", exif=exif), "image/jpeg")
    assert turned.size == (20, 40)
    clear = draw(png(Image.new("RGBA", (30, 30), (0, 0, 0, 0))), "image/png")
    assert clear.convert("RGB").getpixel((5, 5)) == (255, 255, 255)
    frames = [Image.new("L", (30, 30), shade) for shade in (0, 255)]
    both = png(frames[0], format="TIFF", save_all=True, append_images=frames[1:])
    assert draw(both, "image/tiff", 2).convert("L").getpixel((5, 5)) == 255
    with pytest.raises(NotFound):
        draw(both, "image/tiff", 3)


def bomb(side: int) -> bytes:
    """A small PNG that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize(("data", "media_type"), [
    (b"%PDF-1.4 nothing", "application/pdf"), (b"", "application/pdf"), (b"", "image/png"),
    (bomb(50_000), "image/png"), (bomb(9_000)[:500], "image/png"), (lease()[:700], "image/tiff"),
    (b"text", "text/plain"), (b"GIF89a" + bytes(30), "image/gif"),
], ids=lambda value: value if isinstance(value, str) else str(len(value)))  # fmt: skip
def test_what_cannot_be_drawn_is_said(data: bytes, media_type: str) -> None:
    with pytest.raises(LsfsError) as caught:
        draw(data, media_type)
    assert isinstance(caught.value, NotFound | ParseError) and caught.value.message


def test_a_bomb_is_refused_by_the_process_too() -> None:
    with pytest.raises(ParseError, match="too many pixels"):
        draw_apart(bomb(50_000), "image/png")


def test_a_page_of_any_shape_is_not_large() -> None:
    for size in ((3.0, 14_400.0), (14_400.0, 14_400.0)):
        blank = (
            b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]>>endobj\n"
            b"trailer<</Root 1 0 R>>" % size
        )
        image = draw(blank, "application/pdf", width=3000)
        assert image.width * image.height <= 6_200_000


def _descriptors() -> set[str]:
    """What is open in this process: pipes and sockets by number, files by path."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # that of the listing itself
            found.add(str(entry.readlink()))
    return found


@pytest.mark.parametrize(("way", "error"), [
    ("sleep", ParserTimeout), ("close", ParserTimeout), ("die", ParseError),
    ("flood", ParseError), ("lie", ParseError),
])  # fmt: skip
def test_whatever_it_does_it_ends(
    way: str, error: type[LsfsError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "MODULE", "tests.web.misbehaving")
    limits = replace(LIMITS, parse_seconds=2.0)
    before = _descriptors()
    with tempfile.TemporaryFile() as file, pytest.raises(error):
        drawing.page_picture(file.fileno(), way, 1, 600, limits)
    deadline = time.monotonic() + 30  # threads of other tests may have some open for a moment
    while (left := _descriptors() - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [one for one in left if one.startswith(("pipe:", "socket:"))]
    assert not any(_is_one(path) for path in Path("/proc").glob("[0-9]*/cmdline"))


def _is_one(path: Path) -> bool:
    """Whether a process is one that this test started."""
    try:
        return b"tests.web.misbehaving\0--fd\0" in path.read_bytes()
    except OSError:
        return False
