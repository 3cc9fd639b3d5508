"""Which shape of a slide is read after which."""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[float, float, float, float]  # left, top, right, bottom; points from the top left

_SAME_ROW = 0.5  # share of the lower of two shapes by which they must stand side by side


def row_by_row(boxes: Sequence[Box | None]) -> list[int]:
    """The places in ``boxes`` from top to bottom, and in a row from left to right.

    What has no box comes last, in its own order.
    """
    placed = sorted((box[1], box[0], at) for at, box in enumerate(boxes) if box is not None)
    rows: list[list[int]] = []
    for _, _, at in placed:
        if rows and _side_by_side(boxes[rows[-1][0]], boxes[at]):
            rows[-1].append(at)
        else:
            rows.append([at])
    order = [at for row in rows for at in sorted(row, key=lambda at: (boxes[at] or (0.0,))[0])]
    return order + [at for at, box in enumerate(boxes) if box is None]


def around(boxes: Sequence[Box | None]) -> Box | None:
    """The smallest box around all that have one."""
    known = [box for box in boxes if box is not None]
    if not known:
        return None
    lefts, tops, rights, bottoms = zip(*known, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _side_by_side(first: Box | None, other: Box | None) -> bool:
    if first is None or other is None:
        return False
    overlap = min(first[3], other[3]) - max(first[1], other[1])
    lower = min(first[3] - first[1], other[3] - other[1])
    return overlap > _SAME_ROW * lower
