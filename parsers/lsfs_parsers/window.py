"""A page with its neighbours, and what a backend of pages makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct

from lsfs.model import BlockKind, FurnitureRole
from lsfs_parsers.builder import Grid, Piece

NO_GRID = Grid()

P = TypeVar("P")
P_co = TypeVar("P_co")

Extent = tuple[float, float]  # left, right
Box = tuple[float, float, float, float]  # left, top, right, bottom; points from the top left


class ContextWindow(Struct, Generic[P], frozen=True):
    """A page between the one before it and the one after it (muGAT's context).

    Attributes:
        previous: None for the first page.
        next: None for the last page.
    """

    previous: P | None
    current: P
    next: P | None


def windows(pages: Iterable[P]) -> Iterator[ContextWindow[P]]:
    """Each page with its neighbours; every page is taken once, one ahead of where it is needed."""
    previous: P | None = None
    current: P | None = None
    for page in pages:
        if current is not None:
            yield ContextWindow(previous, current, page)
            previous = current
        current = page
    if current is not None:
        yield ContextWindow(previous, current, None)


class Start(Enum):
    """How the first words of a block look to what stands on the page before."""

    CLOSED = 0  # a heading, a bullet, an indented sentence: it begins something
    PLAIN = 1  # it may begin something
    RUNNING = 2  # it goes on: lower case, not indented


class End(Enum):
    """How the last words of a block look to what stands on the page after."""

    CLOSED = 0  # a sentence ends where there was room for more
    DOUBTFUL = 1  # it goes on if what follows looks like it
    OPEN = 2  # a sentence does not end, and the line is full
    DIVIDED = 3  # a word does not end


def goes_on(end: End, start: Start) -> bool:
    """Whether a block that ends so is continued by a block that starts so."""
    if start is Start.CLOSED or end is End.CLOSED:
        return False
    return end is not End.DOUBTFUL or start is Start.RUNNING


class PageBlock(Struct, frozen=True):
    """A block as far as it stands on one page.

    Attributes:
        pieces: its text; a table's has one piece for each row.
        rows: a table's cells.
        columns: where a table's columns stand; () where that is not known.
        grid: what else is known of the table.
        start, end: whether it may be the continuation of a block, and be continued.
        confidence: of text read from a picture, from 0 to 1.
        aside: it stands in a box, and what is around it goes on behind it.
    """

    kind: BlockKind
    pieces: tuple[Piece, ...]
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()
    columns: tuple[Extent, ...] = ()
    grid: Grid = NO_GRID
    start: Start = Start.CLOSED
    end: End = End.CLOSED
    confidence: float | None = None
    aside: bool = False


class Beside(Struct, frozen=True):
    """A running head, a page number or the like."""

    text: str
    role: FurnitureRole
    box: Box | None = None


class PageReading(Struct, frozen=True):
    """What a page says, in reading order.

    Attributes:
        label: what is printed on it; "" when nothing is known.
        source: how it was read: ``text``, ``ocr`` or ``neural``.
        size: width and height as it is shown, in points.
        rotation: degrees clockwise by which the page is turned to be shown.
    """

    label: str
    blocks: Sequence[PageBlock]
    beside: Sequence[Beside] = ()
    source: str = "text"
    size: tuple[float, float] = (0.0, 0.0)
    rotation: int = 0
