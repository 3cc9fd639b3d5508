"""The texts and places of the cells of a table, once its rows and columns are known."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field

from lsfs.model import Merged
from lsfs_parsers.pdf_lines import Box, union
from lsfs_parsers.pdf_parts import Part, is_number, joined, says_nothing
from lsfs_parsers.pdf_table_columns import Extent
from lsfs_parsers.pdf_table_rows import Group

_YEAR = re.compile(r"(?:FY|Q[1-4] ?)?(?:19|20)\d\d(?:[/\u2013-]\d{2,4})?(?: ?[A-Za-z*]{1,2})?")
_MOST_HEADERS = 5
_NUMERIC = 0.6  # share of numbers in a column that makes it one of numbers


class Body(Struct):
    """The inside of a table.

    Attributes:
        lines: positions of the lines that it took.
    """

    texts: list[list[str]]
    boxes: list[list[Box | None]]
    lines: set[int]
    columns: list[Extent]
    ruled: bool
    header_rows: int = 0
    merged: list[Merged] = field(default_factory=list)


def body_of(groups: Sequence[Group], columns: Sequence[Extent], *, ruled: bool) -> Body:
    """The cells of rows whose lines are known."""
    body = Body([], [], set(), list(columns), ruled)
    for number, group in enumerate(groups):
        texts, boxes, spans = _row(group, len(columns))
        body.texts.append(texts)
        body.boxes.append(boxes)
        body.merged += [Merged(number, column, 1, count) for column, count in sorted(spans.items())]
        body.lines |= {part.line for row in group for parts in row.cells.values() for part in parts}
    return body


def _row(group: Group, count: int) -> tuple[list[str], list[Box | None], dict[int, int]]:
    cells: dict[int, list[Part]] = {}
    spans: dict[int, int] = {}
    for row in group:
        for column, parts in row.cells.items():
            cells.setdefault(column, []).extend(parts)
        for column, width in row.spans.items():
            spans[column] = max(width, spans.get(column, 1))
    texts = [joined(cells.get(n, [])) for n in range(count)]
    boxes = [union([part.box for part in cells[n]]) if n in cells else None for n in range(count)]
    free = {
        column: min([width, *(other - column for other in cells if other > column)])
        for column, width in spans.items()
    }
    return texts, boxes, {column: width for column, width in free.items() if width > 1}


def header_rows(groups: Sequence[Group], texts: Sequence[Sequence[str]], ruled_off: int) -> int:
    """How many rows at the top name the columns.

    Args:
        ruled_off: how many rows stand above the first rule within the table; 0 when there is none,
            or one below each row.
    """
    if 0 < ruled_off < len(groups) and ruled_off <= _MOST_HEADERS:
        return max(ruled_off, _over_numbers(texts))
    bold = _leading([_is_bold(group) for group in groups])
    if 0 < bold < len(groups) and bold <= _MOST_HEADERS:
        return bold
    return _over_numbers(texts)


def _leading(flags: Sequence[bool]) -> int:
    """How many are true before the first one that is not."""
    return next((n for n, flag in enumerate(flags) if not flag), len(flags))


def _is_bold(group: Group) -> bool:
    return all(part.bold for row in group for parts in row.cells.values() for part in parts)


def _over_numbers(texts: Sequence[Sequence[str]]) -> int:
    """The rows of words, or years, at the top of columns of numbers."""
    if len(texts) < 2:
        return 0
    below = texts[1:]
    columns = range(len(texts[0]))
    numeric = [n for n in columns if _share_of_numbers([row[n] for row in below]) >= _NUMERIC]
    if not numeric:
        return 0
    flags = [
        any(row[n] for n in numeric if n or len(numeric) == 1)
        and not any(_is_value(row[n]) for n in columns if row[n])
        for row in texts[:_MOST_HEADERS]
    ]
    # A row of group names may stand between the first heading and the numbers, or at the very top.
    lead = _leading(flags)
    if lead:
        return lead if lead < len(texts) else 0
    spare = texts[0]
    has_span_on_top = sum(map(bool, spare)) < len(spare) and not any(map(_is_value, spare))
    if has_span_on_top and len(flags) > 1 and flags[1]:
        return 1 + _leading(flags[1:])
    return 0


def _is_value(text: str) -> bool:
    return is_number(text) and _YEAR.fullmatch(text) is None


def _share_of_numbers(texts: Sequence[str]) -> float:
    filled = [text for text in texts if text]
    numbers = sum(is_number(text) or says_nothing(text) for text in filled)
    return numbers / len(filled) if filled else 0.0
