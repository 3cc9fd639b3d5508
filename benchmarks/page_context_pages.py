"""Documents of small pages that cannot be transcribed right one by one.

A page is a grid of letters, drawn at low resolution. Of each table only the header finds room at
the foot of a page, its rows are on the next one; a word is divided by each page break. The
transcript labels every cell by its column and has both ends of a divided word, so that it says more
than the page shows; for a reader who does not see the other page it has question marks there.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LETTERS = "ABDEHKLMNPRSTXYZ"
HEIGHT, WIDTH = 128, 96
CELL = 16  # pixels
HOLE = "?"  # stands in a transcript for what is not known
SIGNS = LETTERS + HOLE
START, PAD, END, GAP, FIRST_SIGN = range(5)  # tokens; the signs are the last ones
VOCABULARY = FIRST_SIGN + len(SIGNS)

_COLUMNS = 2
_ROWS = 3
_PART = 2  # letters of a divided word on each side
_PAGES = 4
_TOP, _FIRST_ROW, _HEADER, _BOTTOM = 0, 1, 5, 6  # grid rows
_NOISE = 12  # grey levels

# As Nougat scales its pictures.
_MEAN = np.array((0.485, 0.456, 0.406)).reshape(3, 1, 1)
_DEVIATION = np.array((0.229, 0.224, 0.225)).reshape(3, 1, 1)

# The paper is tinted, redder to the left and bluer to the top: so shallow a Swin, with no windows
# that are shifted, has no other means to tell where on the page a letter stands.
_DOWN, _RIGHT = np.meshgrid(np.linspace(0, 1, HEIGHT), np.linspace(0, 1, WIDTH), indexing="ij")
_TINT = np.stack([1 - 0.6 * _RIGHT, np.ones((HEIGHT, WIDTH)), 1 - 0.6 * _DOWN])


@dataclass(slots=True)
class Page:
    """A page of a document.

    Attributes:
        grid: letters by row and column.
        begun: the part of a word that the page before ends with; "" on the first page.
        ended: the part of a word that the page after begins with; "" on the last page.
        header: the letters at the foot of the page before that name its columns; "" on the first.
    """

    grid: dict[tuple[int, int], str] = field(default_factory=dict)
    begun: str = ""
    ended: str = ""
    header: str = ""

    def letter(self, row: int, column: int) -> int:
        """What stands in a cell: the number of its letter from 1; 0 for nothing."""
        return LETTERS.find(self.grid.get((row, column), " ")) + 1

    def parts(self, *, before: bool, after: bool) -> tuple[str, str, str]:
        """The word that the page begins with, its cells with their labels, its last word.

        Args:
            before, after: whether the pages beside it are seen; what only they show is ``?``.
        """
        header = self.header if before and self.header else HOLE * _COLUMNS
        cells = [
            label + self.grid.get((row, 2 * column), HOLE)
            for row in range(_FIRST_ROW, _FIRST_ROW + _ROWS)
            for column, label in enumerate(header)
        ]
        first, last = (
            "".join(self.grid.get((row, column), HOLE) for column in range(_PART))
            for row in (_TOP, _BOTTOM)
        )
        begun = self.begun if before and self.begun else HOLE * _PART
        ended = self.ended if after and self.ended else HOLE * _PART
        return begun + first, "".join(cells), last + ended

    def tokens(self, *, before: bool, after: bool) -> list[int]:
        """The transcript to somebody who sees the page and, maybe, the pages beside it."""
        found = [START]
        for number, part in enumerate(self.parts(before=before, after=after)):
            found += [GAP] if number else []
            found += [FIRST_SIGN + SIGNS.index(sign) for sign in part]
        return [*found, END]


def fields(tokens: list[int]) -> list[list[int]]:
    """A transcript's parts: what stands between the gaps, up to its end."""
    parts: list[list[int]] = [[]]
    for token in tokens:
        if token == END:
            break
        if token == GAP:
            parts.append([])
        elif token > GAP:
            parts[-1].append(token)
    return parts


def document(source: random.Random) -> list[Page]:
    """A document of four pages: three tables and three words that page breaks divide."""
    pages = [Page() for _ in range(_PAGES)]
    for page in pages:
        for row in range(_FIRST_ROW, _FIRST_ROW + _ROWS):
            for column in range(_COLUMNS):
                page.grid[row, 2 * column] = source.choice(LETTERS)
    for page, after in pairwise(pages):
        after.begun, page.ended = _word(source, _PART), _word(source, _PART)
        after.header = _word(source, _COLUMNS)
        for column, letter in enumerate(after.header):
            page.grid[_HEADER, 2 * column] = letter
        for column in range(_PART):
            page.grid[_BOTTOM, column] = after.begun[column]
            after.grid[_TOP, column] = page.ended[column]
    return pages


def _word(source: random.Random, length: int) -> str:
    return "".join(source.choices(LETTERS, k=length))


class Printer:
    """Draws pages, each letter a little out of place and all of it in noise."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        fonts = [ImageFont.load_default(size=size) for size in (13, 14, 15)]
        self._letters = {letter: [_drawn(letter, font) for font in fonts] for letter in LETTERS}

    def picture(self, page: Page) -> np.ndarray:
        """The page as an encoder takes it: [3, H, W], scaled."""
        sheet = np.full((HEIGHT + 4, WIDTH + 4), 255.0, dtype=np.float32)
        for (row, column), letter in page.grid.items():
            forms = self._letters[letter]
            form = forms[self._random.integers(len(forms))]
            off_down, off_right = self._random.integers(0, 4, size=2)
            down, right = CELL * row + off_down, CELL * column + off_right
            part = sheet[down : down + CELL, right : right + CELL]
            np.minimum(part, form, out=part)
        grey = sheet[2:-2, 2:-2] + self._random.normal(0, _NOISE, (HEIGHT, WIDTH))
        colours = np.clip(grey, 0, 255) / 255 * _TINT
        return ((colours - _MEAN) / _DEVIATION).astype(np.float32)


def _drawn(letter: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> np.ndarray:
    image = Image.new("L", (CELL, CELL), 255)
    ImageDraw.Draw(image).text((CELL / 2, CELL / 2), letter, fill=0, font=font, anchor="mm")
    return np.asarray(image, dtype=np.float32)
