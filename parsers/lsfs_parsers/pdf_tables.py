"""The tables in a column of a PDF page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsfs.model import Merged
from lsfs_parsers.pdf_lines import Box, Line, union
from lsfs_parsers.pdf_rules import Rule


@dataclass(frozen=True, slots=True)
class FoundTable:
    box: Box
    rows: tuple[tuple[str, ...], ...]
    row_boxes: tuple[Box, ...]
    cell_boxes: tuple[tuple[Box | None, ...], ...]
    merged: tuple[Merged, ...]
    header_rows: int
    lines: frozenset[int]
    ruled: bool
    columns: tuple[tuple[float, float], ...]
    runs_off: bool
    starts_on_top: bool


def find_tables(
    lines: Sequence[Line], rules: Sequence[Rule], region: Box, body_size: float
) -> list[FoundTable]:
    found = []
    start = 0
    while start < len(lines):
        width = len(lines[start].cells)
        end = start + 1
        while end < len(lines) and len(lines[end].cells) == width:
            end += 1
        if width > 1 and end - start >= 3:
            rows = lines[start:end]
            found.append(FoundTable(
                union([x.box for x in rows]),
                tuple(tuple(c.text for c in x.cells) for x in rows),
                tuple(x.box for x in rows),
                tuple(tuple(c.box for c in x.cells) for x in rows), (), 0,
                frozenset(range(start, end)), False, (), end >= len(lines) - 1, start <= 1))  # fmt: skip
        start = end
    return found
