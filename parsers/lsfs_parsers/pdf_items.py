"""Brings the bullets of lists to the lines that they stand before, where they are drawn apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lsfs_parsers.pdf_lines import Line, one_cell, union
from lsfs_parsers.pdf_marks import BULLET

_MARK = re.compile(rf"(?:{BULLET.pattern}|[*\u2013-])\s*")
_FAR = 2.5  # of the size: how far a bullet stands before its text at most


def with_bullets(lines: list[Line]) -> list[Line]:
    """The lines, each bullet that was drawn long before or after its text put before it.

    Some programs draw the text of a page first and the bullets of all its lists behind it.
    """
    marks = [at for at, line in enumerate(lines) if _MARK.fullmatch(line.text)]
    found = list(lines)
    taken = set()
    for at in marks:
        target = _text_of(lines[at], lines)
        if target is not None and abs(target - at) > 1:
            found[target] = _marked(lines[at], lines[target])
            taken.add(at)
    return [line for at, line in enumerate(found) if at not in taken]


def _text_of(mark: Line, lines: Sequence[Line]) -> int | None:
    """Which line begins right of a bullet, when nothing ends left of it there."""
    middle, far = (mark.top + mark.bottom) / 2, _FAR * mark.size
    beside = [at for at, line in enumerate(lines) if line.top < middle < line.bottom]
    if any(-far < lines[at].right - mark.left <= 0 for at in beside):
        return None
    after = [at for at in beside if -1 <= lines[at].left - mark.right < far]
    return min(after, key=lambda at: lines[at].left, default=None)


def _marked(mark: Line, line: Line) -> Line:
    first, *rest = line.cells
    return replace(
        line,
        text=f"{mark.text} {line.text}",
        box=union([mark.box, line.box]),
        cells=(one_cell(mark.cells[0], first, " "), *rest),
    )
