"""Pictures: scans, photographs of pages and screenshots, read as pages of a document are."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from lsfs.errors import ParseError, ParserTimeout, TooLarge
from lsfs.model import BlockKind, Document, Status
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, one_line
from lsfs_parsers.dates import day
from lsfs_parsers.ocr import DPI, LONGEST, Tesseract
from lsfs_parsers.pdf_backend import GeometricBackend, aslant
from lsfs_parsers.pdf_lines import Turn
from lsfs_parsers.pdf_page import PdfPage
from lsfs_parsers.stitch import stitch
from lsfs_parsers.unread import reason
from lsfs_parsers.versions import VERSIONS
from lsfs_parsers.window import windows
from lsfs_parsers.xmp import xmp_facts

MAX_PIXELS = 120_000_000  # of one frame; A3 at 600 dots per inch has 70 million
MAX_FRAMES = 1_000

FORMATS = {
    "image/png": "PNG", "image/jpeg": "JPEG", "image/tiff": "TIFF", "image/webp": "WEBP",
    "image/bmp": "BMP", "image/gif": "GIF",
}  # fmt: skip
# What Pillow is known to raise for frames that contradict themselves.
DAMAGED = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError)
_MARGIN = 0.15  # share of the time that is kept for putting the document together
_ENOUGH_PIXELS = 9_000_000  # A4 at 300 dots per inch; more costs time and shows no more letters
_SCREEN_DPI = 96
_POINTS = 72
_PAGE_HEIGHT = 842.0  # points; what a photograph of a page is taken to show
_BIG = 1_600  # pixels of the longer side, above which a picture is of a page, not of a screen
_ICON = 64  # pixels of the longer side; what is smaller has no room for words
_UNSURE = 0.4  # mean over a page; below, the letters are leaves and windows
# EXIF and TIFF tags (Exif 2.32, 4.6)
_DESCRIPTION, _CHANGED, _ARTIST, _EXIF = 0x010E, 0x0132, 0x013B, 0x8769
_TAKEN, _WINDOWS_TITLE, _WINDOWS_AUTHOR = 0x9003, 0x9C9B, 0x9C9D
_OBJECT_NAME, _BY_LINE, _DATE_CREATED = (2, 5), (2, 80), (2, 55)  # IPTC-IIM 4.2, 6
_CAMERAS_WORDS = re.compile(r"\s*(\w+ )?(digital camera|dsc|screenshot|default|untitled)\s*$", re.I)


class ImageParser:
    """Reads PNG, JPEG, TIFF, WebP, BMP and GIF with tesseract."""

    name = "image"
    version = VERSIONS["image"]
    media_types = tuple(FORMATS)

    def parse(self, source: Source) -> Document:
        """The text on the picture in ``source``; a page for each frame of a TIFF.

        Raises:
            TooLarge: it has more pixels than a page can have.
            ParserTimeout: there was no time for it.
            ParseError: it is damaged.
        """
        from PIL import Image, UnidentifiedImageError

        builder = Builder(source, self.name, self.version)
        try:
            with (
                # It warns of damaged properties and of many pixels, which are counted here.
                warnings.catch_warnings(action="ignore"),
                source.open() as stream,
                Image.open(stream, formats=[FORMATS[source.media_type]]) as image,
            ):
                return _Reading(image, source, builder).document()
        except Image.DecompressionBombError as error:
            raise TooLarge("the picture has too many pixels") from error
        except UnidentifiedImageError as error:
            raise ParseError("the picture is damaged: its head cannot be read") from error
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise ParseError(f"the picture is damaged: {error}") from error


class _Reading:
    """The reading of one picture."""

    def __init__(self, image: Any, source: Source, builder: Builder) -> None:
        self._image = image
        self._source = source
        self._builder = builder
        self._reserve = min(source.seconds_left(), LONGEST) * _MARGIN
        self._tesseract = Tesseract.find(source.memory)
        self._failed: list[int] = []
        self._late = False
        self._count = 0

    def document(self) -> Document:
        _check_size(self._image)
        facts = _facts(self._image)
        description = _description(self._image)
        if self._tesseract is None:
            self._builder.page()
            self._builder.warn("tesseract, which would read the picture, is not installed")
        else:
            backend = GeometricBackend(self._pages())
            readings = (backend.read(window) for window in windows(backend.pages()))
            stitch(readings, self._builder, backend.joint)
        self._builder.add_text(BlockKind.FIGURE, description)
        if not self._failed:
            return self._builder.build(facts)
        if len(self._failed) == self._count and self._late:
            raise ParserTimeout("there was no time to read the picture")
        setting = "index.scan_seconds" if self._late else ""
        why = reason(sorted(self._failed), self._count, setting)
        return self._builder.build(facts, status=Status.PARTIAL, reason=why)

    def _pages(self) -> Iterator[PdfPage]:
        for picture, scale in self._frames():
            self._count += 1
            width, height = picture.width / scale, picture.height / scale
            shown = Turn(0, (0.0, 0.0, width, height))
            page = PdfPage(self._count, "", shown, shown, source="ocr")
            self._recognise(picture, scale, page)
            yield page

    def _frames(self) -> Iterator[tuple[Any, float]]:
        """The frames of a TIFF; of another format the first, since what follows is a film.

        Raises:
            ParseError: not even the first can be read.
        """
        frames = MAX_FRAMES if self._image.format == "TIFF" else 1
        for number in range(frames):
            try:
                self._image.seek(number)
                _check_size(self._image)
                prepared = _prepared(self._image)
            except EOFError:
                return
            except DAMAGED as error:
                if number == 0:
                    raise ParseError(f"the picture is damaged: {error}") from error
                self._count += 1
                self._failed.append(self._count)
                self._builder.warn(f"the pages from {self._count} on are damaged")
                return
            yield prepared

    def _recognise(self, picture: Any, scale: float, page: PdfPage) -> None:
        """Put what a picture shows on its page."""
        if max(self._image.size) < _ICON:
            return
        left = self._source.seconds_left() - self._reserve
        if left <= 0 or self._tesseract is None:
            self._failed.append(page.number)
            self._late = True
            return
        try:
            with self._source.reading_picture(self._reserve) as seconds:
                seen = self._tesseract.read(picture, scale, seconds, may_be_blank=True)
        except OSError as error:
            self._failed.append(page.number)
            self._late = self._late or isinstance(error, TimeoutError)
            return
        if seen.confidence >= _UNSURE:
            page.lines = seen.lines
            page.turn = Turn(seen.degrees, page.shown.bounds)
            page.beside = aslant(seen.aslant)


def _check_size(image: Any) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooLarge(f"the picture has {width * height / 1e6:,.0f} million pixels")


def _prepared(frame: Any) -> tuple[Any, float]:
    """A frame upright and in grey, neither coarse nor huge, and its pixels in a point."""
    from PIL import Image, ImageOps

    dots = _dots(frame)
    picture = ImageOps.exif_transpose(frame)
    if picture.mode.startswith("I;16"):
        picture = picture.convert("I").point(lambda value: value / 256)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture.convert("RGBA"))
    picture = picture.convert("L")
    scale = dots / _POINTS
    factor = 2.0 if dots <= 0.5 * DPI else 1.0
    pixels = picture.width * picture.height
    factor = min(factor, (_ENOUGH_PIXELS / pixels) ** 0.5)
    if factor != 1.0:
        size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
        picture = picture.resize(size)
    return picture, scale * factor


def _dots(frame: Any) -> float:
    """Dots per inch: what the file says, if that makes a page; else what its size suggests."""
    longer = max(frame.size)
    said = frame.info.get("dpi", (0, 0))[0]
    with suppress(TypeError, ValueError, ZeroDivisionError):
        dots = float(said)
        if 100 <= dots <= 1_200 and 2 <= longer / dots <= 50:
            return dots
    return longer * _POINTS / _PAGE_HEIGHT if longer > _BIG else float(_SCREEN_DPI)


def _facts(image: Any) -> Facts:
    """What EXIF says about a picture, then XMP, then IPTC."""
    return _exif_facts(image).or_else(_xmp_facts(image)).or_else(_iptc_facts(image))


def _xmp_facts(image: Any) -> Facts:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return xmp_facts(packet.encode() if isinstance(packet, str) else bytes(packet))


def _iptc_facts(image: Any) -> Facts:
    """What IPTC-IIM 4.2 says: object name, by-line, date created."""
    from PIL import IptcImagePlugin

    try:
        found = IptcImagePlugin.getiptcinfo(image) or {}
    except DAMAGED:
        return Facts()
    authors = found.get(_BY_LINE, b"")
    names = authors if isinstance(authors, list) else [authors]
    title, made = (_text(found.get(key, b"")) for key in (_OBJECT_NAME, _DATE_CREATED))
    return Facts(title, ", ".join(filter(None, map(_text, names))), "", day(made))


def _exif_facts(image: Any) -> Facts:
    exif = image.getexif()
    taken = exif.get_ifd(_EXIF).get(_TAKEN) or exif.get(_CHANGED) or image.info.get("Creation Time")
    return Facts(
        _wide(exif.get(_WINDOWS_TITLE)) or _text(image.info.get("Title")),
        _wide(exif.get(_WINDOWS_AUTHOR))
        or _text(exif.get(_ARTIST))
        or _text(image.info.get("Author")),
        "",
        day(_text(taken)),
    )


def _description(image: Any) -> str:
    """What a person wrote about the picture; not what a camera writes about all of them."""
    said = _text(image.getexif().get(_DESCRIPTION)) or _text(image.info.get("Description"))
    return "" if _CAMERAS_WORDS.match(said) else said


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return one_line(value.replace("\0", " ")) if isinstance(value, str) else ""


def _wide(value: object) -> str:
    """Text as Windows writes it into photographs: UTF-16, with a NUL behind it."""
    if not isinstance(value, bytes):
        return ""
    return one_line(value.decode("utf-16-le", "replace").replace("\0", " "))
