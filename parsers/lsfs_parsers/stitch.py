"""Joins what page breaks divide: paragraphs, footnotes and tables that go on on the next page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from lsfs.model import BlockKind, Furniture, Merged
from lsfs_parsers.builder import Builder, Grid, Piece
from lsfs_parsers.window import End, Extent, PageBlock, PageReading, goes_on

# What stands at the top or the foot of a page may divide a paragraph without being a part of it.
_FLOATS = frozenset({BlockKind.TABLE, BlockKind.CAPTION, BlockKind.FIGURE, BlockKind.FOOTNOTE})
_ANYTHING = frozenset(BlockKind)
_SHIFT = 4.0  # points
_SAME_EDGE = 0.15  # of a column's width
_SAME_PLACE = 1.5  # points
_FEWEST_COLUMNS = 3  # that stand by chance at no same places
_FLOAT_PAGES = 2  # pages of nothing but floats within a paragraph
_CONTINUED = re.compile(
    r"contin|\(cont|fortsetzung|forts\.|suite|seguito|devam|urmare|ti\u1ebfp|\u7eed|\u7d9a", re.I
)
_OF_TABLE = re.compile(r"tab|b\u1ea3ng|\u8868", re.I)
_FLOWING = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.CODE})

Joint = Callable[[PageBlock, PageBlock], Piece]


class _Held(Struct):
    """A page whose last blocks may go on on the next one."""

    reading: PageReading
    blocks: list[PageBlock] = field(default_factory=list)
    number: int = 0


def plain_joint(before: PageBlock, after: PageBlock) -> Piece:
    """The last piece of a block with a space behind it, or nothing behind a divided word."""
    del after
    return before.pieces[-1]._replace(glue="" if before.end is End.DIVIDED else " ")


class Stitcher:
    """Takes pages in order and gives their blocks to a builder once they are final.

    A block is final when the page after it has been seen; one that goes on holds back all that
    begins behind it.

    Args:
        builder: takes the blocks.
        joint: the last piece of a block as it is to stand before the first piece of its
            continuation: with the glue between them, and without a hyphen that is not the word's.
    """

    def __init__(self, builder: Builder, joint: Joint = plain_joint) -> None:
        self._builder = builder
        self._joint = joint
        self._held: list[_Held] = []
        self._count = 0

    def add(self, reading: PageReading) -> None:
        """The next page."""
        self._count += 1
        number = self._count
        blocks = [_placed(block, number) for block in reading.blocks if _is_visible(block)]
        if self._held:
            blocks = join([held.blocks for held in self._held], blocks, self._joint)
        self._held.append(_Held(reading, blocks, number))
        while len(self._held) > 1 and not self._waits():
            self._give(self._held.pop(0))

    def close(self) -> None:
        """No page comes any more."""
        while self._held:
            self._give(self._held.pop(0))

    def _waits(self) -> bool:
        """Whether a block of the earliest page held can still go on behind the last one."""
        first, *rest = self._held
        open_blocks = [block for block in first.blocks if block.end is not End.CLOSED]
        if any(block.pieces[-1].page == self._count for block in open_blocks):
            return True
        only_floats = not any(_flow(held.blocks) for held in rest)
        return only_floats and len(rest) <= _FLOAT_PAGES and any(map(_is_flowing, open_blocks))

    def _give(self, held: _Held) -> None:
        reading, builder = held.reading, self._builder
        number = builder.page(
            reading.label, source=reading.source, size=reading.size, rotation=reading.rotation
        )
        for one in reading.beside:
            builder.beside(Furniture(number, one.text, one.role, one.box))
        for block in held.blocks:
            if block.kind is BlockKind.TABLE:
                builder.add_table(
                    block.rows, pieces=block.pieces, grid=block.grid, confidence=block.confidence
                )
            else:
                builder.add(
                    block.kind, block.pieces, level=block.level, confidence=block.confidence
                )


def join(
    before: Sequence[list[PageBlock]], blocks: list[PageBlock], joint: Joint
) -> list[PageBlock]:
    """Give what goes on in a page or column to the blocks that it continues.

    Args:
        before: the blocks of the pages or columns before, in order; those that go on are replaced.
        blocks: those of the next one.

    Returns:
        The blocks that begin on the next one.
    """
    left = _continue_table(before, blocks)
    left = _continue_text(before, left, _is_footnote, _ANYTHING, joint)
    return _continue_text(before, left, _is_flowing, _FLOATS, joint)


def _continue_text(
    before: Sequence[list[PageBlock]],
    blocks: list[PageBlock],
    wanted: Callable[[PageBlock], bool],
    between: frozenset[BlockKind],
    joint: Joint,
) -> list[PageBlock]:
    at = next((n for n, block in enumerate(blocks) if wanted(block)), None)
    if at is None or not all(_is_between(block, between) for block in blocks[:at]):
        return blocks
    place = _last(before, wanted, between)
    if place is None:
        return blocks
    earlier, index = place
    one, other = earlier[index], blocks[at]
    if not goes_on(one.end, other.start) or not _fit(one, other):
        return blocks
    pieces = (*one.pieces[:-1], joint(one, other), *other.pieces)
    confidence = _mean_confidence(one, other)
    earlier[index] = replace(one, pieces=pieces, end=other.end, confidence=confidence)
    return blocks[:at] + blocks[at + 1 :]


def _last(
    before: Sequence[list[PageBlock]],
    wanted: Callable[[PageBlock], bool],
    between: frozenset[BlockKind],
) -> tuple[list[PageBlock], int] | None:
    """The last block that is wanted, when only what may stand between is behind it."""
    for blocks in reversed(before):
        for index in range(len(blocks) - 1, -1, -1):
            if wanted(blocks[index]):
                return blocks, index
            if not _is_between(blocks[index], between):
                return None
    return None


def _is_between(block: PageBlock, kinds: frozenset[BlockKind]) -> bool:
    return block.aside or block.kind in kinds


def _continue_table(before: Sequence[list[PageBlock]], blocks: list[PageBlock]) -> list[PageBlock]:
    """Rows that go on under the table that the page before ends with; a header that is repeated
    for them is dropped, and so is a caption that says that it goes on.

    Under a figure only the repeated header tells that they do, or columns that stand exactly where
    they stood.
    """
    at = next((n for n, block in enumerate(blocks) if _is_table(block)), None)
    place = _last(before, _is_table, _FLOATS)
    if at is None or place is None:
        return blocks
    earlier, index = place
    one, other = earlier[index], blocks[at]
    above = blocks[:at]
    if any(block.kind is not BlockKind.CAPTION for block in above) or one.end is End.CLOSED:
        return blocks
    captions = [*_captions_behind(before, one), *above]
    if captions and not any(_OF_TABLE.match(block.pieces[0].text) for block in captions):
        if not _repeats_header(one, other) and not _stand_alike(one, other):
            return blocks
        earlier[index] = _one_table(one, other)
        return [*above, *blocks[at + 1 :]]
    if not goes_on(one.end, other.start) or not _same_columns(one, other):
        return blocks
    if above and not _CONTINUED.search(above[0].pieces[0].text):
        return blocks
    earlier[index] = _one_table(one, other)
    return blocks[at + 1 :]


def _captions_behind(before: Sequence[list[PageBlock]], table: PageBlock) -> list[PageBlock]:
    """The captions that stand behind a table in the columns so far."""
    behind: list[PageBlock] = []
    for block in (block for blocks in before for block in blocks):
        if block is table:
            behind = []
        elif block.kind is BlockKind.CAPTION:
            behind.append(block)
    return behind


def _stand_alike(one: PageBlock, other: PageBlock) -> bool:
    """Whether columns without a header begin or end where those of a table with one do."""
    if other.grid.header_rows or len(one.columns) < _FEWEST_COLUMNS:
        return False
    if len(one.columns) != len(other.columns):
        return False
    return all(
        min(abs(first[0] - second[0]), abs(first[1] - second[1])) <= _SAME_PLACE
        for first, second in zip(one.columns, other.columns, strict=True)
    )


def stitch(readings: Iterable[PageReading], builder: Builder, joint: Joint = plain_joint) -> None:
    """Give all pages to ``builder``, with the blocks that page breaks divide made whole."""
    stitcher = Stitcher(builder, joint)
    for reading in readings:
        stitcher.add(reading)
    stitcher.close()


def _is_visible(block: PageBlock) -> bool:
    return any(piece.text.strip() for piece in block.pieces)


def _placed(block: PageBlock, number: int) -> PageBlock:
    pieces = block.pieces
    if any(piece.page != number for piece in pieces):
        pieces = tuple(piece._replace(page=number) for piece in pieces)
    if block.kind is not BlockKind.TABLE:
        return block if pieces is block.pieces else replace(block, pieces=pieces)
    grid = replace(block.grid, row_pages=(number,) * len(block.rows))
    return replace(block, pieces=pieces, grid=grid)


def _flow(blocks: list[PageBlock]) -> list[PageBlock]:
    return [block for block in blocks if not _is_between(block, _FLOATS)]


def _is_flowing(block: PageBlock) -> bool:
    return block.kind in _FLOWING and not block.aside


def _is_footnote(block: PageBlock) -> bool:
    return block.kind is BlockKind.FOOTNOTE


def _is_table(block: PageBlock) -> bool:
    return block.kind is BlockKind.TABLE


def _fit(before: PageBlock, after: PageBlock) -> bool:
    """An item goes on as a paragraph; code goes on as code only."""
    if BlockKind.CODE in (before.kind, after.kind):
        return before.kind is after.kind
    return after.kind in (BlockKind.PARAGRAPH, BlockKind.FOOTNOTE)


def _same_columns(before: PageBlock, after: PageBlock) -> bool:
    """Whether the columns are as many and stand where they stood; or the header is repeated."""
    if max(map(len, before.rows)) != max(map(len, after.rows)):
        return False
    return _repeats_header(before, after) or may_continue(before.columns, after.columns)


def _repeats_header(before: PageBlock, after: PageBlock) -> bool:
    header = before.rows[: max(1, before.grid.header_rows)]
    return after.rows[: len(header)] == header


def may_continue(one: Sequence[Extent], other: Sequence[Extent]) -> bool:
    """Whether columns agree once their left edges are laid on each other: a column of text or a
    page may stand elsewhere. Unknown ones do."""
    if not one or not other:
        return True
    shift = other[0][0] - one[0][0]
    return len(one) == len(other) and all(
        _agree(first, (left - shift, right - shift))
        for first, (left, right) in zip(one, other, strict=True)
    )


def _agree(one: Extent, other: Extent) -> bool:
    """Whether two columns may be the same: they begin, end or centre at one place."""
    near = _SHIFT + _SAME_EDGE * min(one[1] - one[0], other[1] - other[0])
    return (
        abs(one[0] - other[0]) <= near
        or abs(one[1] - other[1]) <= near
        or abs(sum(one) - sum(other)) <= 2 * near
    )


def _one_table(before: PageBlock, after: PageBlock) -> PageBlock:
    header = before.rows[: max(1, before.grid.header_rows)]
    repeated = len(header) if after.rows[: len(header)] == header else 0
    grid = before.grid
    boxes = (*grid.boxes, *after.grid.boxes[repeated:])
    return replace(
        before,
        pieces=(*before.pieces, *after.pieces[repeated:]),
        rows=(*before.rows, *after.rows[repeated:]),
        grid=Grid(
            grid.header_rows or repeated,
            (*grid.row_pages, *after.grid.row_pages[repeated:]),
            boxes,
            (*grid.merged, *_moved(after, repeated, len(before.rows))),
            grid.first_column,
        ),
        end=after.end,
        confidence=_mean_confidence(before, after),
    )


def _moved(table: PageBlock, dropped: int, above: int) -> list[Merged]:
    return [
        replace(one, row=one.row - dropped + above)
        for one in table.grid.merged
        if one.row >= dropped
    ]


def _mean_confidence(before: PageBlock, after: PageBlock) -> float | None:
    if before.confidence is None or after.confidence is None:
        return before.confidence if after.confidence is None else after.confidence
    sizes = [sum(len(piece.text) for piece in block.pieces) for block in (before, after)]
    total = max(1, sum(sizes))
    return (before.confidence * sizes[0] + after.confidence * sizes[1]) / total
