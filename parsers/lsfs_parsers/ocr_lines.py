"""The lines of a page from tesseract's table of words."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise

from msgspec import Struct
from msgspec.structs import replace

from lsfs_parsers.pdf_lines import Box, Cell, Line, union

Pixels = tuple[int, int, int, int]  # left, top, right, bottom; from the top left of the picture

_FIELDS = 12  # of a row; the first five say where in the page the word belongs
_UPRIGHT_LETTERS = 4  # shorter words may be higher than wide
_UNSURE = 0.3  # a word without letters that is read less surely is dirt, or a part of a picture
_GAP_IN_SIZES = 0.9  # a gap this wide, in letter sizes, divides a line into cells
_SMALLEST_GAP = 3.2  # points

# How high letters stand above the line they are written on, and reach below it, in letter sizes;
# the mean of Times, Helvetica and Computer Modern.
_HIGH = re.compile(r"[A-Z0-9bdfhijklt\u00c0-\u00de\u0400-\u042f({\[/]")
_LOW = re.compile(r"[gjpqy,;({\[/\u00e7Q]")
_IDEOGRAPH = re.compile(r"[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")
_HEIGHT, _X_HEIGHT, _DEPTH, _IDEOGRAPH_HEIGHT = 0.70, 0.49, 0.21, 0.9

_SAME_SIZE = 0.08  # of the body's size, by which a long paragraph may seem to differ from it
_SAME_SIZE_SHORT = 0.13
_LONG = 100  # letters
_OWN_SIZE = 0.2  # a line differs so much from its paragraph only when it is no part of it
_STEP = 0.5  # points: sizes are known no better

_LEVEL_WORDS = 4  # a line with fewer shows no skew
_LEVEL_WIDTH = 100.0  # points
_NO_SKEW = 0.001
_DIVIDED = re.compile(r"[^\W\d_][-\u2010]$")


class _Word(Struct, frozen=True):
    """A word.

    Attributes:
        place: the numbers of its block, paragraph and line.
        box: in points.
        confidence: from 0 to 1.
    """

    text: str
    place: tuple[str, str, str]
    box: Box
    confidence: float

    @property
    def is_upright(self) -> bool:
        """Whether its letters stand above each other."""
        width, height = self.box[2] - self.box[0], self.box[3] - self.box[1]
        return len(self.text) >= _UPRIGHT_LETTERS and height > 2 * width

    @property
    def size(self) -> float | None:
        """Its letter size, by which letters it has; None without any."""
        if not any(letter.isalnum() for letter in self.text):
            return None
        height = self.box[3] - self.box[1]
        if _IDEOGRAPH.search(self.text):
            return height / _IDEOGRAPH_HEIGHT
        above = _HEIGHT if _HIGH.search(self.text) else _X_HEIGHT
        return height / (above + (_DEPTH if _LOW.search(self.text) else 0.0))


def lines_of(
    table: str, scale: float, ink: Callable[[Pixels], Pixels] = lambda box: box
) -> tuple[list[Line], list[Line]]:
    """The lines in a table of words (tesseract's ``tsv``), in its reading order.

    Words that are not level, because the page does not lie straight, are put level.

    Args:
        scale: pixels in a point.
        ink: the part of a box in which there are letters.

    Returns:
        The lines, and those that run up or down the page.
    """
    words = [word for word in _words(table, scale, ink) if not _is_dirt(word)]
    aside = [word for word in words if word.is_upright]
    words = _level([word for word in words if not word.is_upright])
    sizes = _sizes(words)
    lines = [
        _line(list(group), sizes[place])
        for place, group in groupby(words, key=lambda word: word.place)
    ]
    blocks = [place[0] for place, _ in groupby(word.place for word in words)]
    aslant = [_line(list(group), _STEP) for _, group in groupby(aside, key=lambda word: word.place)]
    return list(_undivided(lines, blocks)), aslant


def _words(table: str, scale: float, ink: Callable[[Pixels], Pixels]) -> Iterable[_Word]:
    for row in table.splitlines()[1:]:
        fields = row.split("\t")
        if len(fields) < _FIELDS or not fields[11].strip():
            continue
        left, top, width, height = (int(value) for value in fields[6:10])
        sides = ink((left, top, left + width, top + height))
        box = (sides[0] / scale, sides[1] / scale, sides[2] / scale, sides[3] / scale)
        place = (fields[2], fields[3], fields[4])
        confidence = min(max(float(fields[10]) / 100, 0.0), 1.0)
        yield _Word(fields[11].strip(), place, box, confidence)


def _is_dirt(word: _Word) -> bool:
    return word.confidence < _UNSURE and not any(letter.isalnum() for letter in word.text)


def _level(words: list[_Word]) -> list[_Word]:
    """The words as they would stand if the page lay straight."""
    slopes = [
        slope
        for _, group in groupby(words, key=lambda word: word.place)
        if (slope := _slope(list(group))) is not None
    ]
    slope = statistics.median(slopes) if slopes else 0.0
    if abs(slope) < _NO_SKEW:
        return words
    return [replace(word, box=_turned(word.box, slope)) for word in words]


def _slope(line: Sequence[_Word]) -> float | None:
    """By how much a line falls from left to right; None where it is too short to tell."""
    # Only what stands on the line shows it, not what reaches below.
    standing = [word for word in line if word.size and not _LOW.search(word.text)]
    if len(standing) < _LEVEL_WORDS:
        return None
    first, last = standing[0].box, standing[-1].box
    across = (last[0] + last[2] - first[0] - first[2]) / 2
    return (last[3] - first[3]) / across if abs(across) >= _LEVEL_WIDTH else None


def _turned(box: Box, slope: float) -> Box:
    left, top, right, bottom = box
    fall = slope * (left + right) / 2
    # What stands aslant fills a box that is higher than it.
    spare = min(abs(slope) * (right - left), 0.3 * (bottom - top)) / 2
    return left + slope * top, top - fall + spare, right + slope * top, bottom - fall - spare


def _sizes(words: list[_Word]) -> dict[tuple[str, str, str], float]:
    """The letter size of each line.

    A single line says it to a tenth, a paragraph more exactly; what comes near the size of most of
    the page, or of a line before, has that size.
    """
    body = _median(words) or 10.0
    sizes: dict[tuple[str, str, str], float] = {}
    others: list[float] = []
    for _, group in groupby(words, key=lambda word: word.place[:2]):
        paragraph = list(group)
        common = _snapped(_median(paragraph) or body, body, others, paragraph)
        for place, line_group in groupby(paragraph, key=lambda word: word.place):
            line = list(line_group)
            own = _median(line) or common
            is_other = len(line) > 1 and abs(own / common - 1) > _OWN_SIZE
            sizes[place] = _snapped(own, body, others, line) if is_other else common
    return sizes


def _median(words: Sequence[_Word]) -> float | None:
    """The size that half of the letters reach."""
    known = sorted((word.size, len(word.text)) for word in words if word.size is not None)
    half = sum(letters for _, letters in known) / 2
    for size, letters in known:
        half -= letters
        if half <= 0:
            return size
    return None


def _snapped(size: float, body: float, others: list[float], words: Sequence[_Word]) -> float:
    """The size that is meant: the body's, or one of ``others``, to which a new one is added."""
    letters = sum(len(word.text) for word in words)
    near = _SAME_SIZE if letters >= _LONG else _SAME_SIZE_SHORT
    if abs(size / body - 1) <= near:
        return _stepped(body)
    for other in others:
        if abs(size / other - 1) <= _SAME_SIZE:
            return _stepped(other)
    others.append(size)
    return _stepped(size)


def _stepped(size: float) -> float:
    return max(_STEP, round(size / _STEP) * _STEP)


def _line(words: Sequence[_Word], size: float) -> Line:
    gap = max(_GAP_IN_SIZES * size, _SMALLEST_GAP)
    cells: list[list[_Word]] = [[words[0]]]
    for before, word in pairwise(words):
        # Between neighbours, in whichever direction the script runs.
        if max(word.box[0] - before.box[2], before.box[0] - word.box[2]) >= gap:
            cells.append([])
        cells[-1].append(word)
    letters = sum(len(word.text) for word in words)
    confidence = sum(word.confidence * len(word.text) for word in words) / letters
    return Line(
        _joined(words),
        union([word.box for word in words]),
        size,
        False,
        False,
        tuple(Cell(_joined(cell), union([word.box for word in cell])) for cell in cells),
        confidence,
        words=tuple((word.text, word.box) for word in words),
    )


def _joined(words: Sequence[_Word]) -> str:
    text = words[0].text
    for word in words[1:]:
        unspaced = _IDEOGRAPH.match(text[-1]) and _IDEOGRAPH.match(word.text[0])
        text += word.text if unspaced else f" {word.text}"
    return text


def _undivided(lines: Sequence[Line], blocks: Sequence[str]) -> Iterable[Line]:
    """The lines, with the hyphen taken from one that divides a word."""
    for at, line in enumerate(lines):
        follows = at + 1 < len(lines) and blocks[at] == blocks[at + 1]
        if follows and _DIVIDED.search(line.text) and lines[at + 1].text[0].islower():
            last = line.cells[-1]
            cells = (*line.cells[:-1], last._replace(text=last.text[:-1]))
            yield line._replace(text=line.text[:-1], hyphen=True, cells=cells)
        else:
            yield line
