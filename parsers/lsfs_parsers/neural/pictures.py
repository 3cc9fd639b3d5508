"""Pictures of a PDF's pages, as an encoder takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

DPI = 96  # as the published models were trained
_POINTS = 72
_MAX_PIXELS = 16_000_000  # a page of A4 has 0.9 million
_INK = 200  # of 255: what is darker is no margin (Nougat's threshold)
_MAX_ASPECT = 4  # a single line across a page would be blown up to a gigabyte

_DIVIDED = re.compile("[\ufffe\u0002\u00ad]\\s*")  # pdfium's marks for a hyphen at a line's end
_WORD = re.compile(r"[^\W\d_]{4,}")


class PagePicture(Struct, frozen=True):
    """A page before a model has seen it.

    Attributes:
        number: from 1.
        image: a PIL image; None where the page cannot be drawn.
        words: the longer words of its text layer, lower case; empty for a scan.
        label: what is printed on it; "" when nothing is known.
        size: width and height as it is shown, in points.
        rotation: degrees clockwise by which the page is turned to be shown.
    """

    number: int
    image: Any
    words: frozenset[str] = frozenset()
    label: str = ""
    size: tuple[float, float] = (0.0, 0.0)
    rotation: int = 0


def words_of(text: str) -> frozenset[str]:
    """The words of four letters and more, lower case."""
    return frozenset(word.lower() for word in _WORD.findall(text))


def pictures(pdf: Any) -> Iterator[PagePicture]:
    """Each page of a pypdfium2 document, drawn when it is asked for."""
    import pypdfium2

    for index in range(len(pdf)):
        label = str(pdf.get_page_label(index) or "")
        try:
            page = pdf[index]
        except pypdfium2.PdfiumError:
            yield PagePicture(index + 1, None, label=label)
            continue
        try:
            yield _picture(page, index + 1, label)
        finally:
            page.close()


def _picture(page: Any, number: int, label: str) -> PagePicture:
    import pypdfium2

    width, height = page.get_size()
    rotation = int(page.get_rotation())
    try:
        image = _drawn(page, width, height)
        words = words_of(_DIVIDED.sub("", _layer(page)))
    except (pypdfium2.PdfiumError, ValueError):  # a page without any extent
        image, words = None, frozenset()
    return PagePicture(number, image, words, label, (width, height), rotation)


def _drawn(page: Any, width: float, height: float) -> Any:
    scale = DPI / _POINTS
    if width * height * scale**2 > _MAX_PIXELS:
        scale = float((_MAX_PIXELS / (width * height)) ** 0.5)
    bitmap = page.render(scale=scale)
    try:
        return bitmap.to_pil().convert("RGB")
    finally:
        bitmap.close()


def _layer(page: Any) -> str:
    text = page.get_textpage()
    try:
        return str(text.get_text_range())
    finally:
        text.close()


def cropped(image: Any) -> Any:
    """A picture without its margins, as Nougat takes it; None where there is no ink at all."""
    from PIL import Image

    grey = image.convert("L")
    darkest, lightest = grey.getextrema()
    if darkest == lightest:
        return None
    stretch = 255 / (lightest - darkest)
    ink = grey.point([255 * ((value - darkest) * stretch < _INK) for value in range(256)])
    part = image.crop(ink.getbbox())
    longest = max(part.size)
    shortest = -(-longest // _MAX_ASPECT)
    if min(part.size) >= shortest:
        return part
    room = Image.new("RGB", tuple(max(side, shortest) for side in part.size), "white")
    room.paste(part, ((room.width - part.width) // 2, (room.height - part.height) // 2))
    return room


class Preparation:
    """Brings a cropped picture to the encoder's size and scale.

    Args:
        image_size: height and width in pixels.
    """

    def __init__(self, image_size: tuple[int, int]) -> None:
        try:
            from transformers import NougatImageProcessorPil as Processor
        except ImportError:  # transformers 4, whose only one works with numpy
            from transformers import NougatImageProcessor as Processor
        height, width = image_size
        self._processor = Processor(size={"height": height, "width": width}, do_crop_margin=False)

    def pixels(self, image: Any) -> Any:
        """The tensor [1, 3, H, W] of a picture."""
        return self._processor(image, return_tensors="pt").pixel_values
