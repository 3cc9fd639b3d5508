"""What presentations of all formats share: the order of shapes, and what programs wrote in them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from lsfs_parsers.builder import Facts, one_line

Box = tuple[float, float, float, float]  # left, top, right, bottom; points from the top left

_SAME_ROW = 0.5  # share of the lower of two shapes by which they must stand side by side
_NO_TITLE = re.compile(r"(powerpoint|slide|presentation)\W*(presentation|\d*)$", re.I)
_FILE_NAME = re.compile(r"\S+\.\w{3,4}$")
_MADE_UP = re.compile(r"\s{0,4}(AI-generated content may be incorrect|Description automatically "
                      r"generated.*)\.?\s*$", re.S)  # fmt: skip


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


def without_usual_title(facts: Facts) -> Facts:
    """``facts`` without a title that a program gives to all presentations."""
    return replace(facts, title="") if _NO_TITLE.match(facts.title.strip()) else facts


def by_a_person(description: str) -> str:
    """What somebody wrote of a picture for those who cannot see it; "" for what a program did."""
    text = one_line(_MADE_UP.sub("", description))
    return "" if _FILE_NAME.match(text) else text


def _side_by_side(first: Box | None, other: Box | None) -> bool:
    if first is None or other is None:
        return False
    overlap = min(first[3], other[3]) - max(first[1], other[1])
    lower = min(first[3] - first[1], other[3] - other[1])
    return overlap > _SAME_ROW * lower
