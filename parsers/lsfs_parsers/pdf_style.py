"""What letter sizes mean in a document: running text, headings of several levels, notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lsfs_parsers.pdf_lines import Line

SAME_SIZE = 0.6  # points
ENDS_SENTENCE = re.compile(
    r"(?:[.!?:;\u2026\u061f\u06d4\u0964][\"'\u201d\u2019\u00bb)\]\d]*"
    r"|[\u3002\uff01\uff1f\uff1a][\u300d\u300f\uff09]*)$"
)

_HEADING_SIZE = 1.15  # of the body's size
_HEADING_LENGTH = 160  # characters
_HEADING_LEVELS = 5
_HALF_POINTS = 2
_NOTE_SIZE = 0.93  # of the body's size
_SMALLER = 0.975
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Style:
    """What letter sizes mean in a document.

    Attributes:
        body: size of running text, in points.
        levels: sizes of headings, the biggest first.
    """

    body: float
    levels: tuple[float, ...]

    def is_body(self, line: Line) -> bool:
        """Whether a line is set as running text is."""
        return abs(line.size - self.body) < SAME_SIZE

    def is_big(self, line: Line) -> bool:
        """Whether a line's letters are those of a heading."""
        return line.size > _HEADING_SIZE * self.body and len(line.text) < _HEADING_LENGTH

    def is_small(self, line: Line) -> bool:
        """Whether a line's letters are those of a note."""
        return line.size < _NOTE_SIZE * self.body

    def is_smaller(self, line: Line) -> bool:
        """Whether a line's letters may be those of a note, if something else says so too."""
        return line.size < _SMALLER * self.body

    def heading_level(self, line: Line) -> int:
        """1 for the biggest headings; 0 for what is none."""
        if not _LETTER.search(line.text):
            return 0
        if self.is_big(line):
            size = _rounded(line.size)
            return next((n for n, one in enumerate(self.levels, 1) if size >= one), 1)
        ends_open = not ENDS_SENTENCE.search(line.text)
        if line.bold and line.size >= self.body - 0.3 and ends_open and len(line.cells) == 1:
            is_short = len(line.text) < _HEADING_LENGTH // 2
            return min(len(self.levels) + 1, _HEADING_LEVELS + 1) if is_short else 0
        return 0


class Survey:
    """Counts letters by size, page after page.

    The most frequent size is the body's.
    """

    def __init__(self) -> None:
        self._letters: Counter[float] = Counter()

    def add(self, lines: Iterable[Line]) -> None:
        """Count the letters of some lines."""
        for line in lines:
            self._letters[_rounded(line.size)] += len(line.text)

    def style(self) -> Style:
        """The style as far as it has been seen."""
        letters = self._letters
        if not letters:
            return Style(1.0, ())
        # A damaged file may have letters without a size.
        body = max(letters, key=lambda size: (letters[size], size)) or _rounded(1.0)
        bigger = sorted((size for size in letters if size > _HEADING_SIZE * body), reverse=True)
        return Style(body, tuple(bigger[:_HEADING_LEVELS]))


def _rounded(size: float) -> float:
    return round(size * _HALF_POINTS) / _HALF_POINTS
