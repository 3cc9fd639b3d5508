"""What letter sizes mean in a document: running text, headings of several levels, notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from lsfs_parsers.pdf_lines import Line

SAME_SIZE = 0.6  # points
BOLD = 0.0  # in place of a size: headings in the bold letters of running text
LOWEST_LEVEL = 9
_ENDS_SENTENCE = re.compile(
    r"(?:[.!?:;\u2026\u061f\u06d4\u0964][\"'\u201d\u2019\u00bb)\]\d]*"
    r"|[\u3002\uff01\uff1f\uff1a][\u300d\u300f\uff09]*)$"
)
# "Dr." and the like stand before a name or a number.
_SHORTENED = re.compile(
    r"\b(?:Dra?|Prof|Mrs?|Ms|St|Sra?|Hr|Nr|vs|cf|Fig|Abb|Art|Vol|ca|bzw)$", re.ASCII
)
_END = 16  # characters in which the mark that ends a sentence and what closes behind it have room

_HEADING_SIZE = 1.15  # of the body's size
_HEADING_LENGTH = 160  # characters
_HEADING_LEVELS = 5
_HALF_POINTS = 2
_NOTE_SIZE = 0.93  # of the body's size
_SMALLER = 0.975
_LETTER = re.compile(r"[^\W\d_]")


def ends_sentence(text: str) -> bool:
    """Whether a line ends where a sentence does."""
    if text[-1:].isalpha():  # as most lines do
        return False
    end = _ENDS_SENTENCE.search(text, max(0, len(text) - _END))
    if end is None:
        return False
    at = end.start()
    return text[at] != "." or _SHORTENED.search(text, max(0, at - _END), at) is None


class Style(Struct, frozen=True):
    """What letter sizes mean in a document.

    Attributes:
        body: size of running text, in points.
        levels: sizes of headings, the biggest first.
        ranks: the level that the headings of a size have by the outline of the file.
    """

    body: float
    levels: tuple[float, ...]
    ranks: Mapping[float, int] = field(default_factory=dict)

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
        """1 for the highest headings; 0 for what is none."""
        if line.told:
            return line.told.level
        size = self.heading_size(line)
        return 0 if size is None else self.level_of(size)

    def heading_size(self, line: Line) -> float | None:
        """The size by which a heading's level is known: one of ``levels``, or ``BOLD`` for the
        bold letters of running text; None for what does not look like a heading."""
        if not _LETTER.search(line.text):
            return None
        if self.is_big(line):
            size = _rounded(line.size)
            return next((one for one in self.levels if size >= one), size)
        ends_open = not ends_sentence(line.text)
        if line.bold and line.size >= self.body - 0.3 and ends_open and len(line.cells) == 1:
            return BOLD if len(line.text) < _HEADING_LENGTH // 2 else None
        return None

    def level_of(self, size: float) -> int:
        """The level of headings of a size (see :meth:`heading_size`): the outline's, or as many
        below that of the next bigger one with a level there as there are sizes between."""
        sizes = (*self.levels, BOLD)
        own = sizes.index(size) if size in sizes else 0
        for place in range(own, -1, -1):
            if sizes[place] in self.ranks:
                return min(self.ranks[sizes[place]] + own - place, LOWEST_LEVEL)
        return 1 if self.ranks else own + 1


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
