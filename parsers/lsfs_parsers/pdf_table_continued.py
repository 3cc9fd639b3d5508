"""The columns of a table that goes on from the page or column before: what stands below may be too
little to tell them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from lsfs_parsers.pdf_parts import Row
from lsfs_parsers.pdf_table_columns import Extent, white, words
from lsfs_parsers.stitch import may_continue

_REACH = 0.25  # of the letter size by which a cell may be longer than those above it
_LEAST = 0.12  # of the letter size; less white space divides nothing
_ALIGNED = 1.6  # points
_MOSTLY = 0.6  # share of the cells that begin or end where those above do


class Before(Struct, frozen=True):
    """A table that nothing stands below on its page or in its column.

    Attributes:
        columns: left and right of each.
    """

    columns: tuple[Extent, ...]

    def agrees(self, columns: Sequence[Extent]) -> bool:
        """Whether columns that were found stand as these do."""
        return may_continue(self.columns, columns)

    def fitted(self, rows: Sequence[Row]) -> list[Extent]:
        """The columns of rows that stand as these do; [] when they do not.

        No word stands where two of the columns meet, and most cells begin or end where those above
        do.
        """
        shift = min(row.left for row in rows) - self.columns[0][0]
        columns = [(left + shift, right + shift) for left, right in self.columns]
        size = max(row.size for row in rows)
        every = sorted(word for row in rows for part in row.parts for word in words(part))
        edges = [min(left for left, _ in every)]
        for (_, end), (begin, _) in pairwise(columns):
            near = sorted((end, begin))
            low, high = near[0] - _REACH * size, near[1] + _REACH * size
            free = [(x1, x2) for x1, x2 in white(every, 0) if x1 < high and x2 > low]
            widest = max(free, key=lambda one: one[1] - one[0], default=None)
            if widest is None or widest[1] - widest[0] < _LEAST * size:
                return []
            edges += widest
        edges.append(max(right for _, right in every))
        found = list(zip(edges[::2], edges[1::2], strict=True))
        if any(left >= right for left, right in found):
            return []
        return found if _are_aligned(every, found, columns) else []


def _are_aligned(
    every: Sequence[Extent], found: Sequence[Extent], columns: Sequence[Extent]
) -> bool:
    """Whether the words in each column begin or end where those of the column above do."""
    near = 0
    for (left, right), above in zip(found, columns, strict=True):
        inside = [one for one in every if one[0] >= left - _ALIGNED and one[1] <= right + _ALIGNED]
        begins = any(abs(one[0] - above[0]) <= _ALIGNED for one in inside)
        ends = any(abs(one[1] - above[1]) <= _ALIGNED for one in inside)
        near += begins or ends
    return near >= _MOSTLY * len(columns)
