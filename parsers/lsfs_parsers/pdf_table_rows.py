"""Which lines of a table are one row: cells whose text is wrapped have several."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise

from lsfs_parsers.pdf_parts import Part
from lsfs_parsers.pdf_table_columns import Extent, Placed

_OVERLAPPING = 0.75  # of the letter size: lines closer than this are of one row
_WRAPPED = 1.55  # of the letter size: lines of one cell are not further apart
_JUMP = 1.1  # ratio of two distances between lines that mean different things
_FULL = 0.75  # of the usual number of filled cells
_HALF_FULL = 0.3  # of a column's width: a shorter line was not wrapped
_WORD_FULL = 0.4  # the same for a line of one word
_LARGEST_GAP = 1.6  # letter sizes between two columns
_HEADER_LINES = 5
_IN_LINE = 0.35  # of the letter size
_FEW_BANDS = 3
_BANDS = 0.3  # share of the lines; a table with rules between its rows has so many
_LINES_OF_A_ROW = 3
_FEW_LONE = 3
_NUMBERS = 0.3  # share of numbers among the cells of a heading
_NEARLY_ALL = 0.8
_SETTLED = 0.7  # share of cases that settle a question

Group = list[Placed]


def grouped(
    rows: Sequence[Placed], columns: Sequence[Extent], breaks: Sequence[float]
) -> list[Group]:
    """The rows of a table, each with its lines from top to bottom.

    Args:
        breaks: heights of rules across the whole table; no row goes on below one.
    """
    bands = banded(rows, breaks)
    if is_banded(bands):
        return [group for band in bands for group in _of_band(band, columns)]
    found: list[Group] = []
    judge = _Judge(rows, columns, breaks)
    for number, band in enumerate(bands):
        is_heading = number == 0 and len(bands) > 1 and _is_heading(band)
        start = len(found)
        for row in band:
            if len(found) > start and judge.is_one(found[-1], row, is_heading=is_heading):
                found[-1].append(row)
            else:
                found.append([row])
    return found


def is_banded(bands: Sequence[Sequence[Placed]]) -> bool:
    """Whether a table has rules between its rows, and not only around its body."""
    lines = sum(map(len, bands))
    if len(bands) < _FEW_BANDS or len(bands) < _BANDS * lines:
        return False
    return len(bands) > _FEW_BANDS + 1 or max(map(len, bands)) <= _LINES_OF_A_ROW


def with_whole_headings(
    groups: Sequence[Group], header_rows: int, breaks: Sequence[float]
) -> list[Group]:
    """The rows of a table, those at the top made one that are the lines of the same headings."""
    found: list[Group] = []
    for group in groups[:header_rows]:
        last = found[-1][-1].row.baseline if found else 0.0
        is_ruled = any(last < at < group[0].row.baseline for at in breaks)
        if found and not is_ruled and _is_heading_continued(found[-1], group):
            found[-1] = [*found[-1], *group]
        else:
            found.append(group)
    return [*found, *groups[header_rows:]]


def _is_heading_continued(above: Group, group: Group) -> bool:
    """Whether each heading above has a line below that is laid out in the same way."""
    last, first = above[-1], group[0]
    if any(row.spans for row in (*above, *group)):
        return False
    if first.row.baseline - last.row.baseline > _WRAPPED * first.row.size:
        return False
    return all(
        column in first.cells and _are_in_line(parts[-1], first.cells[column][0])
        for column, parts in last.cells.items()
    )


def _are_in_line(one: Part, other: Part) -> bool:
    near = _IN_LINE * other.size
    edges = (one.left - other.left, one.right - other.right, one.middle - other.middle)
    return min(map(abs, edges)) <= near


def banded(rows: Sequence[Placed], breaks: Sequence[float]) -> list[list[Placed]]:
    """Rows between rules."""
    found: list[list[Placed]] = []
    above = None
    for row in rows:
        _, top, _, bottom = row.box
        under = sum(at < (top + bottom) / 2 for at in breaks)
        if not found or under != above:
            found.append([])
        found[-1].append(row)
        above = under
    return found


def _of_band(band: list[Placed], columns: Sequence[Extent]) -> list[Group]:
    """The rows between two rules of a table that has many: one, unless numbers stand below each
    other, or no line could have been wrapped."""
    return split_band(band, columns) or [band]


def split_band(
    band: list[Placed], columns: Sequence[Extent], *, only_numbers: bool = True
) -> list[Group] | None:
    """The rows that stand between two rules without a rule between them; None for a single one."""
    if len(band) < 2:
        return None
    spanning = _below_spans(band)
    if spanning is not None:
        return spanning
    widths = _rooms(band, columns)
    stacks = [
        (column, [parts for row in band if (parts := row.cells.get(column))])
        for column in range(len(columns))
    ]
    tall = [(column, stack) for column, stack in stacks if len(stack) > 1]
    if len(tall) < 2:
        return None
    numbers = [stack for _, stack in tall if all(_are_numbers(parts) for parts in stack)]
    longest = max(len(stack) for _, stack in tall)
    if numbers and max(map(len, numbers)) >= longest - 1:
        judge = _Judge(band, columns, ())
        return _groups(band, judge)
    if only_numbers:
        return None
    judge = _Judge(band, columns, ())
    if judge.has_leading:
        return _groups(band, judge)
    pairs = [
        not could_wrap(one[-1], other[0], widths[column])
        for column, stack in tall
        for one, other in pairwise(stack)
    ]
    if len(band) >= 3 and sum(pairs) >= _SETTLED * len(pairs):
        return _groups(band, _Judge(band, columns, ()))
    return None


def _below_spans(band: list[Placed]) -> list[Group] | None:
    """The rows of a heading in which a cell over several columns stands above their names."""
    if not _is_heading(band):
        return None
    at = next((n for n, row in enumerate(band) if n and _names_below(band[:n], row)), None)
    if at is None or any(row.spans for row in band[at:]):
        return None
    return [band[:at], band[at:]]


def _names_below(above: Sequence[Placed], row: Placed) -> bool:
    """Whether a row has cells below a spanning one, beyond its first column."""
    spans = [span for one in above for span in one.spans.items()]
    return any(first < column < first + width for first, width in spans for column in row.cells)


def _groups(band: list[Placed], judge: _Judge) -> list[Group]:
    found: list[Group] = []
    for row in band:
        if found and judge.is_one(found[-1], row, is_heading=False):
            found[-1].append(row)
        else:
            found.append([row])
    return found


def _are_numbers(parts: Sequence[Part]) -> bool:
    return all(part.is_number for part in parts)


def could_wrap(last: Part, first: Part, width: float, *, at_any_length: bool = False) -> bool:
    """Whether the first word of a line would not have fitted on the one above it.

    Args:
        at_any_length: the line above may be a short one.
    """
    if last.hyphen:
        return True
    if last.bold != first.bold or (last.is_number and first.is_number):
        return False
    least = 0.0 if at_any_length else _HALF_FULL if last.gaps else _WORD_FULL
    if last.width < least * width:
        return False
    return last.width + last.space() + first.first_word() > width - 0.1 * last.size


def _is_heading(band: Sequence[Placed]) -> bool:
    if len(band) > _HEADER_LINES:
        return False
    parts = [part for row in band for cell in row.cells.values() for part in cell]
    return sum(part.is_number for part in parts) <= _NUMBERS * len(parts)


def _rooms(rows: Sequence[Placed], columns: Sequence[Extent]) -> list[float]:
    """The width that each column has for text.

    That is as wide as its widest cell, or reaches nearly up to the next column; within rules it
    keeps the same distance from both.
    """
    rooms = []
    for n, (left, right) in enumerate(columns):
        parts = [part for row in rows if n not in row.spans for part in row.cells.get(n, ())]
        begin = min((part.left for part in parts), default=left)
        widest = max((part.width for part in parts), default=0.0)
        if n + 1 < len(columns) and columns[n + 1][0] > right:
            gap = _LARGEST_GAP * max((part.size for part in parts), default=0.0)
            rooms.append(max(widest, columns[n + 1][0] - begin - gap))
        else:
            rooms.append(max(widest, right - left - 2 * (begin - left)))
    return rooms


class _Judge:
    """Decides whether a line goes on with the row above it, by what is usual in the table."""

    def __init__(
        self, rows: Sequence[Placed], columns: Sequence[Extent], breaks: Sequence[float]
    ) -> None:
        self._widths = _rooms(rows, columns)
        self._usual = statistics.median([len(row.cells) for row in rows]) if rows else 0
        self._capital = self._in_capitals(rows)
        self._wrapping: set[int] = set()  # columns in which lines that stand alone are wrapped ones
        self._narrow(rows)
        self._has_short_rows = self._shows_short_rows(rows)
        self._limit = self._leading(rows, breaks)

    def _narrow(self, rows: Sequence[Placed]) -> None:
        """Give a column the width of its widest cell where the lines below others that are nearly
        empty begin with a word that had no room in that: beside numbers that are flush right, where
        a column ends is not seen.

        Names of groups of rows are such lines too, but then the first one stands above all rows.
        """
        lone = [
            (upper, lower)
            for upper, lower in pairwise(rows)
            if len(lower.cells) < _FULL * self._usual and not upper.spans and not lower.spans
        ]
        fewest = _FEW_LONE if self._has_groups(rows) else 1
        for column, width in enumerate(self._widths):
            pairs = [
                (upper.cells[column][-1], lower.cells[column][0])
                for upper, lower in lone
                if column in upper.cells and column in lower.cells
            ]
            widest = max(
                (
                    p.width
                    for row in rows
                    if column not in row.spans
                    for p in row.cells.get(column, ())
                ),
                default=width,
            )
            wrapped = sum(
                could_wrap(*pair, widest, at_any_length=True) or self._begins_small(column, pair[1])
                for pair in pairs
            )
            alone = [lower for _, lower in lone if len(lower.cells) == 1 and column in lower.cells]
            enough = len(pairs) >= _FEW_LONE or (len(alone) == len(pairs) >= fewest)
            if enough and wrapped >= _NEARLY_ALL * len(pairs):
                self._widths[column] = widest
                self._wrapping.add(column)

    def _has_groups(self, rows: Sequence[Placed]) -> bool:
        """Whether a line that stands alone is the first one with text, or the first one below the
        heading, or ends with a colon."""
        alone = [len(row.cells) == 1 for row in rows]
        colons = any(
            row.row.text.endswith(":") for row, one in zip(rows, alone, strict=True) if one
        )
        return colons or any(alone[:2])

    def _in_capitals(self, rows: Sequence[Placed]) -> set[int]:
        """The columns whose cells begin with a capital letter in the rows that are full."""
        full = [row for row in rows if len(row.cells) >= _FULL * self._usual]
        found = set()
        for column in range(len(self._widths)):
            texts = [parts[0].text for row in full if (parts := row.cells.get(column))]
            capital = sum(text[0].isupper() for text in texts)
            if texts and capital >= _NEARLY_ALL * len(texts):
                found.add(column)
        return found

    def _begins_small(self, column: int, part: Part) -> bool:
        """Whether a line begins with a small letter where cells begin with a capital one."""
        return column in self._capital and part.text[0].islower()

    def _shows_short_rows(self, rows: Sequence[Placed]) -> bool:
        """Whether a row of several cells that lacks others could not be wrapped from the row
        above: the table has empty cells."""
        return any(
            1 < len(lower.cells) < _FULL * self._usual and not self._could_go_on(upper.cells, lower)
            for upper, lower in pairwise(rows)
            if not upper.spans and not lower.spans
        )

    def _could_go_on(self, above: Mapping[int, Sequence[Part]], row: Placed) -> bool:
        """Whether each cell of a line could be the next line of the one above it."""
        shared = [column for column in row.cells if column in above]
        return bool(shared) and all(
            self._begins_small(column, row.cells[column][0])
            or could_wrap(
                above[column][-1],
                row.cells[column][0],
                self._widths[column],
                at_any_length=column in self._wrapping and len(row.cells) == 1,
            )
            for column in shared
        )

    @property
    def has_leading(self) -> bool:
        """Whether rows are further from each other than the lines of one cell."""
        return self._limit is not None

    def is_one(self, group: Group, row: Placed, *, is_heading: bool) -> bool:
        last = group[-1]
        pitch = row.row.baseline - last.row.baseline
        size = max(last.row.size, row.row.size)
        if pitch < _OVERLAPPING * size:
            return True
        if any(one.spans for one in (*group, row)) or pitch > 1.2 * _WRAPPED * size:
            return False
        if is_heading:
            return pitch <= _WRAPPED * size
        if self._limit is not None:
            return pitch < self._limit
        return pitch <= _WRAPPED * size and self._goes_on(group, row)

    def _goes_on(self, group: Group, row: Placed) -> bool:
        above = {column: parts for one in group for column, parts in one.cells.items()}
        if not self._could_go_on(above, row):
            return False
        shared = [column for column in row.cells if column in above]
        if len(shared) < len(row.cells):  # the text of the others stands lower than the first line
            return len(group) == 1 and len(above) == len(shared) < _FULL * self._usual
        is_divided = any(above[column][-1].hyphen for column in shared)
        if len(row.cells) > 1 and self._has_short_rows and not is_divided:
            return False
        return is_divided or len(row.cells) < _FULL * self._usual

    def _leading(self, rows: Sequence[Placed], breaks: Sequence[float]) -> float | None:
        """The distance that divides rows, where it is greater than that of wrapped lines."""
        pairs = [
            (lower.row.baseline - upper.row.baseline, upper, lower)
            for upper, lower in pairwise(rows)
            if not any(upper.row.baseline < at < lower.row.baseline for at in breaks)
        ]
        pairs = [
            pair for pair in pairs if pair[0] >= _OVERLAPPING * max(r.row.size for r in pair[1:])
        ]
        pairs.sort(key=lambda pair: pair[0])
        for count, (one, other) in enumerate(pairwise(pairs), start=1):
            if one[0] > _WRAPPED * one[1].row.size:
                return None
            if other[0] >= _JUMP * one[0] and other[0] - one[0] > 0.8:
                return (one[0] + other[0]) / 2 if self._are_wrapped(pairs[:count]) else None
        return None

    def _are_wrapped(self, pairs: Sequence[tuple[float, Placed, Placed]]) -> bool:
        """Whether the lines closest to each other look like those of one cell."""
        fitting = conflicts = 0
        for _, upper, lower in pairs:
            shared = [column for column in lower.cells if column in upper.cells]
            numbers = any(
                upper.cells[column][-1].is_number and lower.cells[column][0].is_number
                for column in shared
            )
            conflicts += numbers
            fitting += not numbers and (
                len(lower.cells) < self._usual
                or len(upper.cells) < self._usual
                or all(
                    could_wrap(upper.cells[c][-1], lower.cells[c][0], self._widths[c])
                    for c in shared
                )
            )
        return fitting >= _SETTLED * len(pairs) and conflicts <= 0.1 * len(pairs)
