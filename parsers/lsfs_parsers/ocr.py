"""Text of a page's picture, by the tesseract command line where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lsfs_parsers.pdf_lines import Box, Cell, Line, union

DPI = 200
_MAX_PIXELS = 25_000_000  # a page of A3 at 200 dpi has 7.7 million
_POINTS = 72
_PREFERRED = "eng"


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line that was read from a picture.

    Attributes:
        paragraph: lines of one paragraph have the same value.
        box: in points from the top left.
    """

    text: str
    paragraph: tuple[str, ...]
    box: Box


class Tesseract:
    """The installed tesseract.

    Args:
        program: path of the executable.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self._language = self._choose_language()

    @classmethod
    def find(cls) -> Tesseract | None:
        """The tesseract on the search path, if there is one."""
        program = shutil.which("tesseract")
        return cls(program) if program else None

    def read(self, page: Any, seconds: float) -> list[ReadLine]:
        """The lines on a pypdfium2 page.

        Raises:
            TimeoutError: tesseract took longer than ``seconds``.
            OSError: it failed.
        """
        image, scale = _picture(page)
        arguments = ["stdin", "stdout", "-l", self._language, "--dpi", str(DPI), "tsv"]
        return list(_lines(self._run(arguments, image, seconds), scale))

    def lines(self, page: Any, seconds: float) -> list[Line]:
        """Temporary: lines as the layout takes them."""
        return [
            Line(one.text, one.box, 0.8 * (one.box[3] - one.box[1]), False, False,
                 (Cell(one.text, one.box),)) for one in self.read(page, seconds)
        ]  # fmt: skip

    def _choose_language(self) -> str:
        listed = self._run(["--list-langs"], b"", 10).splitlines()[1:]
        names = [name for name in listed if name and name != "osd"]
        return _PREFERRED if _PREFERRED in names or not names else names[0]

    def _run(self, arguments: list[str], data: bytes, seconds: float) -> str:
        try:
            # The program was found on the search path and gets no word from the document.
            done = subprocess.run(  # noqa: S603
                [self._program, *arguments],
                input=data,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            raise TimeoutError("tesseract took too long") from error
        except subprocess.CalledProcessError as error:
            raise OSError(f"tesseract failed with {error.returncode}") from error
        return done.stdout.decode("utf-8", "replace")


def _picture(page: Any) -> tuple[bytes, float]:
    """A page as a grey PGM image, and its pixels in a point."""
    width, height = page.get_size()
    scale = DPI / _POINTS
    if width * height * scale**2 > _MAX_PIXELS:
        scale = float((_MAX_PIXELS / (width * height)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        pixels = memoryview(bitmap.buffer).cast("B")
        rows = (
            bytes(pixels[row * bitmap.stride : row * bitmap.stride + bitmap.width])
            for row in range(bitmap.height)
        )
        header = f"P5\n{bitmap.width} {bitmap.height}\n255\n".encode("ascii")
        return header + b"".join(rows), scale
    finally:
        bitmap.close()


def _lines(table: str, scale: float) -> Iterable[ReadLine]:
    """The words in tesseract's table, put together to lines."""
    words: dict[tuple[str, ...], list[tuple[str, Box]]] = {}
    for row in table.splitlines()[1:]:
        fields = row.split("\t")
        if len(fields) < 12 or not fields[11].strip():
            continue
        left, top, width, height = (int(value) / scale for value in fields[6:10])
        box = (left, top, left + width, top + height)
        words.setdefault(tuple(fields[1:5]), []).append((fields[11], box))
    for key, found in words.items():
        text = " ".join(word for word, _ in found)
        yield ReadLine(text, key[:-1], union([box for _, box in found]))
