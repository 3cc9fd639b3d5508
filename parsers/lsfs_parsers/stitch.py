"""Joins what page breaks divide: paragraphs, footnotes and tables that go on on the next page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from lsfs.model import BlockKind, Furniture, Merged
from lsfs_parsers.builder import Builder, Grid, Piece
from lsfs_parsers.window import End, PageBlock, PageReading, goes_on

# What stands at the top or the foot of a page may divide a paragraph without being a part of it.
_FLOATS = frozenset({BlockKind.TABLE, BlockKind.CAPTION, BlockKind.FIGURE, BlockKind.FOOTNOTE})
_ANYTHING = frozenset(BlockKind)
_FLOAT_PAGES = 2  # pages of nothing but floats within a paragraph
_FLOWING = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.CODE})

Joint = Callable[[Piece, Piece], Piece]


@dataclass(slots=True)
class _Held:
    """A page whose last blocks may go on on the next one."""

    reading: PageReading
    blocks: list[PageBlock] = field(default_factory=list)
    number: int = 0


def plain_joint(last: Piece, first: Piece) -> Piece:
    """The last piece of a page with a space behind it, or nothing behind a divided word's."""
    del first
    return replace(last, glue=" ")


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
        blocks = [_placed(block, number) for block in reading.blocks]
        if self._held:
            blocks = self._joined(blocks)
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

    def _joined(self, blocks: list[PageBlock]) -> list[PageBlock]:
        """What is left of a page's blocks when the continuations are taken from it."""
        left = self._continue_table(blocks)
        left = self._continue_text(left, _is_footnote, _ANYTHING)
        return self._continue_text(left, _is_flowing, _FLOATS)

    def _continue_text(
        self,
        blocks: list[PageBlock],
        wanted: Callable[[PageBlock], bool],
        between: frozenset[BlockKind],
    ) -> list[PageBlock]:
        at = next((n for n, block in enumerate(blocks) if wanted(block)), None)
        if at is None or not all(block.kind in between for block in blocks[:at]):
            return blocks
        place = self._last(wanted, between)
        if place is None:
            return blocks
        held, index = place
        before, after = held.blocks[index], blocks[at]
        if not goes_on(before.end, after.start) or not _fit(before, after):
            return blocks
        held.blocks[index] = self._whole(before, after)
        return blocks[:at] + blocks[at + 1 :]

    def _last(
        self, wanted: Callable[[PageBlock], bool], between: frozenset[BlockKind]
    ) -> tuple[_Held, int] | None:
        """The last block that is wanted, when only what may stand between is behind it."""
        for held in reversed(self._held):
            for index in range(len(held.blocks) - 1, -1, -1):
                block = held.blocks[index]
                if wanted(block):
                    return held, index
                if block.kind not in between:
                    return None
        return None

    def _whole(self, before: PageBlock, after: PageBlock) -> PageBlock:
        last = self._joint(before.pieces[-1], after.pieces[0])
        pieces = (*before.pieces[:-1], last, *after.pieces)
        return replace(
            before, pieces=pieces, end=after.end, confidence=_mean_confidence(before, after)
        )

    def _continue_table(self, blocks: list[PageBlock]) -> list[PageBlock]:
        """Rows that go on under the table that the page before ends with; a header that is
        repeated for them is dropped, and so is a caption that says that it goes on."""
        at = next((n for n, block in enumerate(blocks) if block.kind is BlockKind.TABLE), None)
        place = self._last(_is_table, _FLOATS)
        if at is None or place is None or any(not _repeats(block) for block in blocks[:at]):
            return blocks
        held, index = place
        before, after = held.blocks[index], blocks[at]
        if not goes_on(before.end, after.start) or not _same_columns(before, after):
            return blocks
        held.blocks[index] = _one_table(before, after)
        return blocks[at + 1 :]

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


def stitch(readings: Iterable[PageReading], builder: Builder, joint: Joint = plain_joint) -> None:
    """Give all pages to ``builder``, with the blocks that page breaks divide made whole."""
    stitcher = Stitcher(builder, joint)
    for reading in readings:
        stitcher.add(reading)
    stitcher.close()


def _placed(block: PageBlock, number: int) -> PageBlock:
    pieces = tuple(replace(piece, page=number) for piece in block.pieces)
    if block.kind is not BlockKind.TABLE:
        return replace(block, pieces=pieces)
    grid = replace(block.grid, row_pages=(number,) * len(block.rows))
    return replace(block, pieces=pieces, grid=grid)


def _flow(blocks: list[PageBlock]) -> list[PageBlock]:
    return [block for block in blocks if block.kind not in _FLOATS]


def _is_flowing(block: PageBlock) -> bool:
    return block.kind in _FLOWING


def _is_footnote(block: PageBlock) -> bool:
    return block.kind is BlockKind.FOOTNOTE


def _is_table(block: PageBlock) -> bool:
    return block.kind is BlockKind.TABLE


def _fit(before: PageBlock, after: PageBlock) -> bool:
    """An item goes on as a paragraph; code goes on as code only."""
    if BlockKind.CODE in (before.kind, after.kind):
        return before.kind is after.kind
    return after.kind in (BlockKind.PARAGRAPH, BlockKind.FOOTNOTE)


def _repeats(block: PageBlock) -> bool:
    return block.kind is BlockKind.CAPTION


def _same_columns(before: PageBlock, after: PageBlock) -> bool:
    return max(map(len, before.rows)) == max(map(len, after.rows))


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
