"""Reads pictures of pages with the tesseract command line, where it is installed."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from lsfs_parsers.base import PictureMemory
from lsfs_parsers.ocr_lines import lines_of
from lsfs_parsers.pdf_lines import Line

DPI = 200
VERSION = 1  # raised whenever the same picture would be read otherwise
LONGEST = 600.0  # seconds for one page, where nobody sets a limit

_MAX_PIXELS = 25_000_000  # a page of A3 at 200 dpi has 7.7 million
_POINTS = 72
_CONTRAST = 40  # grey levels of 256 between letters and paper
_PREFERRED = "eng"
_MOST_LANGUAGES = 3  # each one takes as long as the first
_ORIENTATION = "osd"  # the data that tells which way up a page is, and its script
_SURE_OF_TURN = 3.0  # pages that stand upright have 4 to 20
_SURE_OF_SCRIPT = 1.0
_READABLE = 0.6  # a page that is read less surely may lie another way
_TOLD = re.compile(r"^(Rotate|Orientation confidence|Script|Script confidence): *(\S+)", re.M)
# The languages of each script that is not Latin, by the names that tesseract has for both.
_SCRIPTS = {
    "Arabic": "ara fas urd pus snd uig kur_ara", "Armenian": "hye", "Bengali": "ben asm",
    "Cherokee": "chr", "Cyrillic": "rus ukr bul bel srp mkd kaz kir mon tat tgk aze_cyrl uzb_cyrl",
    "Devanagari": "hin mar nep san", "Ethiopic": "amh tir", "Fraktur": "frk deu_latf dan_frak",
    "Georgian": "kat kat_old", "Greek": "ell grc", "Gujarati": "guj", "Gurmukhi": "pan",
    "Han": "chi_sim chi_tra", "Hangul": "kor", "Hebrew": "heb yid", "Hiragana": "jpn",
    "Japanese": "jpn", "Kannada": "kan", "Katakana": "jpn", "Khmer": "khm", "Korean": "kor",
    "Lao": "lao", "Malayalam": "mal", "Myanmar": "mya", "Oriya": "ori", "Sinhala": "sin",
    "Syriac": "syr", "Tamil": "tam", "Telugu": "tel", "Thaana": "div", "Thai": "tha",
    "Tibetan": "bod dzo",
}  # fmt: skip
_NOT_LATIN = frozenset(" ".join(_SCRIPTS.values()).split())
_NO_LANGUAGE = frozenset({_ORIENTATION, "equ", "snum"})


class Recognised(Struct, frozen=True):
    """What was read from a picture.

    Attributes:
        lines: in reading order, where they stand on the picture once it is turned.
        degrees: clockwise by which it has to be turned to be read.
        aslant: lines that run up or down the side of it even then.
    """

    lines: list[Line]
    degrees: int = 0
    aslant: Sequence[Line] = ()

    @property
    def is_blank(self) -> bool:
        """Whether it shows no letter at all."""
        return not self.lines and not self.aslant

    @property
    def confidence(self) -> float:
        """The mean over the letters, from 0 to 1; 0 without any."""
        letters = sum(len(line.text) for line in self.lines)
        sure = sum((line.confidence or 0.0) * len(line.text) for line in self.lines)
        return sure / letters if letters else 0.0


class Tesseract:
    """The installed tesseract.

    Args:
        program: path of the executable.
        memory: of pictures that were read before.
    """

    def __init__(self, program: str, memory: PictureMemory | None = None) -> None:
        self._program = program
        self._memory = memory or PictureMemory()
        listed = self._run(["--list-langs"], b"", 10).splitlines()[1:]
        self._installed = [name for name in listed if name]

    @classmethod
    def find(cls, memory: PictureMemory | None = None) -> Tesseract | None:
        """The tesseract on the search path, if there is one."""
        program = shutil.which("tesseract")
        return cls(program, memory) if program else None

    def read_page(self, page: Any, seconds: float) -> Recognised:
        """What a pypdfium2 page shows.

        Raises:
            TimeoutError: tesseract took longer than ``seconds``.
            OSError: it failed.
        """
        width, height = page.get_size()
        scale = DPI / _POINTS
        if width * height * scale**2 > _MAX_PIXELS:
            scale = float((_MAX_PIXELS / (width * height)) ** 0.5)
        bitmap = page.render(scale=scale, grayscale=True)
        try:
            picture = bitmap.to_pil().convert("L")
        finally:
            bitmap.close()
        return self.read(picture, scale, seconds)

    def read(
        self, picture: Any, scale: float, seconds: float, *, may_be_blank: bool = False
    ) -> Recognised:
        """What a grey picture shows: upright, or lying on any side, or on its head.

        Args:
            picture: of PIL.
            scale: pixels in a point.
            seconds: wall seconds it may take.
            may_be_blank: most pictures of its kind, photographs, show no letter: it is read before
                anything is asked about letters, which takes as long again.

        Raises:
            TimeoutError, OSError: see :meth:`read_page`.
        """
        key = self._key(picture, scale)
        seen = _recalled(self._memory.known.get(key))
        if seen is None:
            seen = self._seen(picture, scale, seconds, may_be_blank)
            self._memory.keep(key, msgspec.json.encode(seen))
        return seen

    def _key(self, picture: Any, scale: float) -> str:
        """Names a picture and all else that what is read from it depends on."""
        how = f"{VERSION} {scale} {picture.size} {self._installed}"
        return hashlib.blake2b(
            picture.tobytes(), digest_size=16, key=hashlib.blake2b(how.encode()).digest()
        ).hexdigest()

    def _seen(self, picture: Any, scale: float, seconds: float, may_be_blank: bool) -> Recognised:
        seconds = min(seconds, LONGEST)
        end = time.monotonic() + seconds
        upright = self._turned(picture, scale, 0, "", end) if may_be_blank else None
        if upright is not None and upright.is_blank:
            return upright
        look = self._look(picture, scale, max(0.1, end - time.monotonic()))
        if self.languages(look.script) != self.languages():
            upright = None  # that was read as another script
        first, second = (look.degrees, 0) if look.is_sure else (0, look.degrees)
        seen = (first == 0 and upright) or self._turned(picture, scale, first, look.script, end)
        if first != second and seen.confidence < _READABLE and end > time.monotonic():
            other = (second == 0 and upright) or self._turned(
                picture, scale, second, look.script, end
            )
            seen = max(seen, other, key=lambda one: one.confidence)
        return seen

    def _turned(
        self, picture: Any, scale: float, degrees: int, script: str, end: float
    ) -> Recognised:
        """What a picture shows when it is turned."""
        if degrees:
            picture = picture.rotate(-degrees, expand=True)
        arguments = ["stdin", "stdout", "-l", "+".join(self.languages(script))]
        arguments += ["--dpi", str(round(scale * _POINTS)), "--psm", "3", "tsv"]
        table = self._run(arguments, _pgm(picture), max(0.1, end - time.monotonic()))
        lines, aslant = lines_of(table, scale, lambda box: _ink(picture, box))
        return Recognised(lines, degrees, aslant)

    def languages(self, script: str = "") -> Sequence[str]:
        """The installed languages for a script; for an unknown one, those in Latin letters."""
        names = [name for name in self._installed if name not in _NO_LANGUAGE and "/" not in name]
        wanted = _SCRIPTS.get(script, "").split()
        found = [name for name in wanted if name in names]
        if not found and f"script/{script}" in self._installed:
            found = [f"script/{script}"]
        if not found:
            found = [name for name in names if name not in _NOT_LATIN] or names
            found.sort(key=lambda name: name != _PREFERRED)
        elif _PREFERRED in names:  # names and figures in Latin letters stand in any text
            found = [*found[: _MOST_LANGUAGES - 1], _PREFERRED]
        return found[:_MOST_LANGUAGES] or [_PREFERRED]

    def _look(self, picture: Any, scale: float, seconds: float) -> _Look:
        """Which way up a picture is and what script is on it, where that can be told."""
        if _ORIENTATION not in self._installed:
            return _Look()
        arguments = ["stdin", "stdout", "-l", _ORIENTATION]
        arguments += ["--dpi", str(round(scale * _POINTS)), "--psm", "0"]
        try:
            told = dict(_TOLD.findall(self._run(arguments, _pgm(picture), seconds)))
        except TimeoutError:
            raise
        except OSError:  # what it says of a picture with few letters
            return _Look()
        sure = float(told.get("Orientation confidence", 0)) >= _SURE_OF_TURN
        sure_of_script = float(told.get("Script confidence", 0)) >= _SURE_OF_SCRIPT
        script = told.get("Script", "") if sure_of_script else ""
        return _Look(int(told.get("Rotate", 0)), script, is_sure=sure)

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


def _recalled(said: bytes | None) -> Recognised | None:
    """What a picture said before; None when that is not known, or cannot be understood."""
    if said is None:
        return None
    try:
        return msgspec.json.decode(said, type=Recognised)
    except msgspec.MsgspecError:
        return None


class _Look(Struct, frozen=True):
    """What is known of a picture before it is read."""

    degrees: int = 0
    script: str = ""
    is_sure: bool = False  # of the degrees


def _ink(picture: Any, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The part of a word's box that has letters: tesseract's are often higher than the word."""
    part = picture.crop(box)
    darkest, lightest = part.getextrema()
    if lightest - darkest < _CONTRAST:
        return box
    middle = (darkest + lightest) / 2
    is_dark_on_light = sum(part.histogram()[: round(middle)]) < part.width * part.height / 2
    letters = part.point([255 * ((grey < middle) == is_dark_on_light) for grey in range(256)])
    left, top, right, bottom = letters.getbbox() or (0, 0, *part.size)
    return box[0] + left, box[1] + top, box[0] + right, box[1] + bottom


def _pgm(picture: Any) -> bytes:
    """A grey picture in the plainest form that tesseract takes."""
    width, height = picture.size
    return f"P5\n{width} {height}\n255\n".encode("ascii") + bytes(picture.tobytes())
