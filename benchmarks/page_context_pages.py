"""Documents of small pages that cannot be transcribed right one by one.

A page is a grid of letters, drawn at low resolution: the end of a word that began on the page
before, lines of text, a table without its header, the header of the next page's table, and the
beginning of a word that ends on the next page. The transcript labels every cell by its column and
has both ends of a divided word, so that it says more than the page shows; for a reader who does
not see the other page it has question marks there. The lines of text need no neighbour.
"""

from __future__ import annotations

import random
from itertools import chain, pairwise

import numpy as np
from msgspec import Struct, field
from PIL import Image, ImageDraw, ImageFont

CELL = 16  # pixels
PAGES = 4  # of a document
HOLE = "?"  # stands in a transcript for what is not known
SPACE = " "
START, PAD, END, GAP, BREAK, FIRST_SIGN = range(6)  # tokens; the signs are the last ones
TEXT_PART, TABLE_PART = 1, 2
PARTS = 4  # of a transcript: word, text, table, word

_MARGIN = 2  # pixels by which a letter may stand out of its place


class Layout(Struct, frozen=True):
    """How pages look. Ranges are (least, most).

    Attributes:
        rows, columns: of the page's grid.
        letters: that are used.
        part: letters of a divided word on each side.
        lines: of text.
        table_rows: of a table.
        table_columns: of a table.
        label: letters that name a column.
        cell: letters in a cell of a table.
    """

    rows: int = 8
    columns: int = 6
    letters: str = "ABDEHKLMNPRSTXYZ"
    part: int = 2
    lines: tuple[int, int] = (1, 1)
    table_rows: tuple[int, int] = (3, 3)
    table_columns: int = 2
    label: int = 1
    cell: int = 1

    @property
    def picture(self) -> tuple[int, int]:
        """Height and width of a page in pixels."""
        return self.rows * CELL, self.columns * CELL

    @property
    def signs(self) -> str:
        """What a transcript can say; a sign's token is FIRST_SIGN and its place here."""
        return self.letters + SPACE + HOLE

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return FIRST_SIGN + len(self.signs)

    @property
    def longest(self) -> int:
        """Tokens of the longest transcript, with those that start and end it."""
        words = 2 * (2 * self.part)
        text = self.lines[1] * self.columns
        row = self.table_columns * (self.label + self.cell) + 1
        return words + text + self.table_rows[1] * row + PARTS - 1 + 2

    @property
    def header(self) -> int:
        """The row in which the next page's table has its header; the last word is below."""
        return self.rows - 3

    def starts(self, column: int) -> int:
        """Where on the grid a column of a table begins."""
        return column * (max(self.label, self.cell) + 1)


class Page(Struct):
    """A page of a document.

    Attributes:
        layout: how it looks.
        grid: letters by row and column.
        text: its lines.
        cells: the letters in its table, by row.
        first, last: the part that it has of the words divided by its beginning and its end.
        begun: the part of the first word that the page before ends with; "" on the first page.
        ended: the part of the last word that the page after begins with; "" on the last page.
        header: the names of its columns, at the foot of the page before; empty on the first.
    """

    layout: Layout
    grid: dict[tuple[int, int], str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    first: str = ""
    last: str = ""
    begun: str = ""
    ended: str = ""
    header: list[str] = field(default_factory=list)

    def write(self, row: int, column: int, text: str) -> None:
        """Put letters on the grid."""
        for offset, letter in enumerate(text):
            if letter != SPACE:
                self.grid[row, column + offset] = letter

    def letter_numbers(self) -> list[int]:
        """What stands in each cell of the grid, row by row: a letter's number; 0 for nothing."""
        at, layout = self.grid.get, self.layout
        places = ((row, column) for row in range(layout.rows) for column in range(layout.columns))
        return [layout.letters.find(at(place, SPACE)) + 1 for place in places]

    def parts(self, *, before: bool, after: bool) -> list[list[str]]:
        """The parts of the transcript, each as lines.

        Args:
            before, after: whether the pages beside it are seen; what only they show is ``?``.
        """
        unknown = HOLE * self.layout.part
        names = self.header if before and self.header else []
        names = names or [HOLE * self.layout.label] * self.layout.table_columns
        table = ["".join(chain(*zip(names, row, strict=True))) for row in self.cells]
        begun = (self.begun if before else "") or unknown
        ended = (self.ended if after else "") or unknown
        first, last = self.first or unknown, self.last or unknown
        return [[begun + first], self.text, table, [last + ended]]

    def tokens(self, *, before: bool, after: bool) -> list[int]:
        """The transcript to somebody who sees the page and, maybe, the pages beside it."""
        signs, found = self.layout.signs, [START]
        for part, lines in enumerate(self.parts(before=before, after=after)):
            found += [GAP] if part else []
            for line, text in enumerate(lines):
                found += [BREAK] if line else []
                found += [FIRST_SIGN + signs.index(sign) for sign in text]
        return [*found, END]


def divided(tokens: list[int], mark: int) -> list[list[int]]:
    """Tokens between the marks, up to the end of the transcript."""
    parts: list[list[int]] = [[]]
    for token in tokens:
        if token == END:
            break
        if token == mark:
            parts.append([])
        elif token > END:
            parts[-1].append(token)
    return parts


def spoken(layout: Layout, tokens: list[int]) -> str:
    """A transcript for a person."""
    marks = {GAP: " | ", BREAK: " / "}
    parts = list(chain(*divided(tokens, -1)))
    return "".join(marks.get(one) or layout.signs[one - FIRST_SIGN] for one in parts)


def document(layout: Layout, source: random.Random) -> list[Page]:
    """A document of four pages: text, three tables and three words that page breaks divide."""
    pages = [_page(layout, source) for _ in range(PAGES)]
    for page, after in pairwise(pages):
        after.begun = page.last = _letters(layout, source, layout.part)
        page.ended = after.first = _letters(layout, source, layout.part)
        after.header = [_letters(layout, source, layout.label) for _ in range(layout.table_columns)]
        for column, label in enumerate(after.header):
            page.write(layout.header, layout.starts(column), label)
        page.write(layout.header + 1, 0, page.last)
        after.write(0, 0, after.first)
    return pages


def _page(layout: Layout, source: random.Random) -> Page:
    """A page with its text and the rows of its table."""
    page, row = Page(layout), 1
    for _ in range(source.randint(*layout.lines)):
        page.text.append(_line(layout, source))
        page.write(row, 0, page.text[-1])
        row += 1
    row += layout.rows > 8  # there is no room for white space on a small page
    for _ in range(source.randint(*layout.table_rows)):
        cells = [_letters(layout, source, layout.cell) for _ in range(layout.table_columns)]
        page.cells.append(cells)
        for column, cell in enumerate(cells):
            page.write(row, layout.starts(column), cell)
        row += 1
    return page


def _line(layout: Layout, source: random.Random) -> str:
    """Words that fill a line, the last one cut."""
    room, words = layout.columns - 1, [_letters(layout, source, source.randint(2, 6))]
    while room - len(SPACE.join(words)) > 1:
        words.append(_letters(layout, source, source.randint(2, 6)))
    return SPACE.join(words)[:room]


def _letters(layout: Layout, source: random.Random, length: int) -> str:
    return "".join(source.choices(layout.letters, k=length))


class Printer:
    """Draws pages in grey, each letter a little out of place and in one of three sizes."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self._layout = layout
        self._random = np.random.default_rng(seed)
        fonts = [ImageFont.load_default(size=size) for size in (13, 14, 15)]
        self._forms = {one: [_drawn(one, font) for font in fonts] for one in layout.letters}

    def picture(self, page: Page) -> np.ndarray:
        """The page as bytes [H, W]."""
        height, width = self._layout.picture
        sheet = np.full((height + 2 * _MARGIN, width + 2 * _MARGIN), 255, dtype=np.uint8)
        chosen = self._random.integers(0, (3, 2 * _MARGIN, 2 * _MARGIN), (len(page.grid), 3))
        for ((row, column), letter), (form, off_down, off_right) in zip(
            page.grid.items(), chosen.tolist(), strict=True
        ):
            down, right = CELL * row + off_down, CELL * column + off_right
            part = sheet[down : down + CELL, right : right + CELL]
            np.minimum(part, self._forms[letter][form], out=part)
        return sheet[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]


def _drawn(letter: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> np.ndarray:
    image = Image.new("L", (CELL, CELL), 255)
    ImageDraw.Draw(image).text((CELL / 2, CELL / 2), letter, fill=0, font=font, anchor="mm")
    return np.asarray(image, dtype=np.uint8)
