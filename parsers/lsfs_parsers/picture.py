"""Draws one page of a document, in a process of its own that is confined as the parsers' are.

Run as a program: ``python -m lsfs_parsers.picture --fd N --media-type TYPE --page N --width PIXELS
--seconds S --memory-mb N``. What it draws, PNG or JPEG, goes to standard output; where it cannot,
the reason does, and the exit code is that of the error.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import resource
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from lsfs.errors import Encrypted, LsfsError, NotFound, ParseError, TooLarge, UnsupportedFormat
from lsfs_parsers.base import Source
from lsfs_parsers.confine import confine
from lsfs_parsers.image import DAMAGED, FORMATS, MAX_PIXELS

PDF = "application/pdf"
DRAWN = frozenset({PDF, *FORMATS})
_MOST_PIXELS = 6_000_000  # of what is drawn, whatever the shape of the page
_QUALITY = 85  # of JPEG
_JPEG_SIDE = 65_500  # pixels; the format ends there
_PHOTOGRAPH = 400_000  # bytes: a PNG that is larger holds photographs


def drawn(source: Source, page: int, width: int) -> bytes:
    """A page as PNG, or as JPEG where it is a photograph.

    Args:
        source: the file, with its media type.
        page: from 1.
        width: in pixels; it gets less where the page is very high.

    Raises:
        UnsupportedFormat: files of this kind have no pages that could be shown.
        NotFound: it has no such page.
        ParseError: it cannot be drawn.
    """
    if source.media_type == PDF:
        return _of_pdf(source, page, width)
    if source.media_type in FORMATS:
        return _of_picture(source, page, width)
    raise UnsupportedFormat(f"{source.media_type} has no pages to show")


def _of_pdf(source: Source, page: int, width: int) -> bytes:
    import pypdfium2
    import pypdfium2.raw as raw

    try:
        pdf = pypdfium2.PdfDocument(source.open())
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise Encrypted("the document needs a password") from error
        raise ParseError("the PDF is damaged") from error
    with pdf:
        if not 1 <= page <= len(pdf):
            raise NotFound(f"there is no page {page}")
        try:
            drawing = pdf[page - 1]
            scale = _scale(drawing.get_size(), width)
            bitmap = drawing.render(scale=scale, may_draw_forms=False)
            return _encoded(bitmap.to_pil().convert("RGB"))
        except pypdfium2.PdfiumError as error:
            raise ParseError(f"page {page} cannot be drawn") from error


def _scale(size: tuple[float, float], width: int) -> float:
    wide, high = (max(side, 1.0) for side in size)
    return min(width / wide, math.sqrt(_MOST_PIXELS / (wide * high)))


def _of_picture(source: Source, page: int, width: int) -> bytes:
    from PIL import Image, ImageOps

    try:
        with source.open() as stream, Image.open(stream, formats=[FORMATS[source.media_type]]) as f:
            f.seek(page - 1)
            if f.width * f.height > MAX_PIXELS:
                raise TooLarge("the picture has too many pixels")
            scale = min(1.0, _scale(f.size, width))
            upright = ImageOps.exif_transpose(f)
            if upright.mode.startswith("I;16"):
                upright = upright.convert("I").point(lambda value: value / 256).convert("L")
            return _encoded(_scaled(_on_paper(upright), scale))
    except EOFError as error:
        raise NotFound(f"there is no page {page}") from error
    except Image.DecompressionBombError as error:
        raise TooLarge("the picture has too many pixels") from error
    except DAMAGED as error:
        raise ParseError("the picture is damaged") from error


def _scaled(image: Any, scale: float) -> Any:
    if scale == 1.0:
        return image
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def _on_paper(image: Any) -> Any:
    from PIL import Image

    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


def _encoded(image: Any) -> bytes:
    png = io.BytesIO()
    image.save(png, "PNG")
    if png.tell() <= _PHOTOGRAPH or max(image.size) > _JPEG_SIDE:
        return png.getvalue()
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=_QUALITY)
    return min(png.getvalue(), jpeg.getvalue(), key=len)


def main(arguments: Sequence[str]) -> int:
    """Draw what the arguments name; gives the exit code."""
    options = argparse.ArgumentParser(prog="lsfs_parsers.picture", description=__doc__)
    for name in ("--fd", "--page", "--width", "--seconds", "--memory-mb"):
        options.add_argument(name, type=int, required=True)
    options.add_argument("--media-type", required=True)
    chosen = options.parse_args(arguments)
    _warm_up(chosen.media_type)
    confine(chosen.memory_mb)
    resource.setrlimit(resource.RLIMIT_CPU, (chosen.seconds, chosen.seconds))
    signal.alarm(chosen.seconds + 1)  # should whoever asked be gone
    size = os.fstat(chosen.fd).st_size
    try:
        with warnings.catch_warnings(action="ignore"):
            source = Source(chosen.fd, "", size, media_type=chosen.media_type)
            picture = drawn(source, chosen.page, chosen.width)
    except LsfsError as error:
        return _told(error.message, error.exit_code)
    except Exception as error:  # the outermost edge: whatever a file does, it is only this page
        return _told(f"the page cannot be drawn: {type(error).__name__}", ParseError.exit_code)
    sys.stdout.buffer.write(picture)
    return 0


def _warm_up(media_type: str) -> None:
    """Load the library while its files can be read."""
    if media_type == PDF:
        import pypdfium2.raw  # noqa: F401
    import PIL.JpegImagePlugin
    import PIL.PngImagePlugin  # noqa: F401


def _told(reason: str, code: int) -> int:
    sys.stdout.write(reason)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
