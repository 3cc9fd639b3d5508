"""A page of a PDF as far as it can be understood without its neighbours."""

from __future__ import annotations

from msgspec import Struct, field

from lsfs_parsers.pdf_lines import Box, Line, Turn
from lsfs_parsers.pdf_rules import Rule
from lsfs_parsers.pdf_tags import Tagged
from lsfs_parsers.window import Beside

_WIDER = 1.2
_LETTERS = 0.023  # of the page's height: those of a document on a page of this shape are smaller
_MOST_LINES = 60


class PdfPage(Struct):
    """What stands on a page.

    Attributes:
        number: from 1.
        label: what is printed on it, as the file says.
        turn: how it is turned to be read.
        shown: how it is turned to be shown.
        lines: its text; what is found to be furniture is taken out.
        rules: its ruling lines.
        source: ``text`` or ``ocr``.
        beside: furniture.
        tagged: the headings that its tags name.
        gutters: where white space stands between columns of running text.
    """

    number: int
    label: str
    turn: Turn
    shown: Turn
    lines: list[Line] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    source: str = "text"
    beside: list[Beside] = field(default_factory=list)
    tagged: list[Tagged] = field(default_factory=list)
    gutters: tuple[float, ...] = ()

    @property
    def width(self) -> float:
        """In points, as it is read."""
        return self.turn.size[0]

    @property
    def height(self) -> float:
        """In points, as it is read."""
        return self.turn.size[1]

    @property
    def is_slide(self) -> bool:
        """Whether it is wider than high, with big letters and few lines."""
        if self.width < _WIDER * self.height or not 0 < len(self.lines) <= _MOST_LINES:
            return False
        sizes = sorted(size for line in self.lines for size in [line.size] * len(line.text))
        return sizes[len(sizes) // 2] >= _LETTERS * self.height

    def shown_box(self, box: Box | None) -> Box | None:
        """A box of the page as it is read, on the page as it is shown."""
        if box is None or self.turn == self.shown:
            return box
        return self.shown.box(*self.turn.user(box))
