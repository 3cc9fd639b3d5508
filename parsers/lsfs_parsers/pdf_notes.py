"""The footnotes of a column."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

from lsfs.model import BlockKind
from lsfs_parsers.pdf_columns import Region, rivers
from lsfs_parsers.pdf_edges import Paragraph
from lsfs_parsers.pdf_lines import Line
from lsfs_parsers.pdf_rules import Rule
from lsfs_parsers.pdf_style import Style, ends_sentence
from lsfs_parsers.pdf_words import HYPHENS
from lsfs_parsers.window import End, Start

_MARK = re.compile(r"\s*(?:(\d{1,3})|[*\u2020\u2021\u00a7\u00b6]{1,3}|\[(\d{1,3})\])[.)]?\s*(?=\S)")
_AMOUNT = re.compile(r"[(+\u2212-]?\d[\d.,']*[.,]\d\d\)?")
_AMOUNTS = 0.3  # share of the words of a table's row
_LOWEST = 0.3  # of the height: notes start below
_APART = 2.4  # of the size: further up stands something else
_RULE = 0.6  # of the column's width: longer lines over small letters are a table's
_TABLE_ROWS = 3
_MANY_ROWS = 6
_HALF = 0.5
_NEAR_RULE = 2.5  # of the size
_NOT_FULL = 2.5


def split_notes(
    region: Region,
    rules: Sequence[Rule],
    style: Style,
    height: float,
    *,
    expected: bool,
    is_narrow: bool,
) -> tuple[list[Line], list[Line]]:
    """The lines of a column without its footnotes, and the footnotes' lines.

    Notes are small letters at the foot that begin with a mark or stand under a short line.

    Args:
        height: of the page.
        expected: the last note of the page before goes on here.
        is_narrow: lines of text are short, so that justification makes their spaces wide.
    """
    notes: list[Line] = []
    for line in reversed(region.lines):
        if not style.is_smaller(line):
            break
        if notes and notes[-1].top - line.top > _APART * line.size + 2:
            break
        notes.append(line)
    notes.reverse()
    del notes[: _end_of_rows(notes, is_narrow=is_narrow)]
    while notes and notes[0].top < _LOWEST * height:
        notes.pop(0)
    if not notes:
        return region.lines, []
    under_rule = _under_rule(notes, rules, region)
    if under_rule is None and not all(map(style.is_small, notes)):
        return region.lines, []
    if under_rule is None and not expected:
        first = next((n for n, line in enumerate(notes) if _MARK.match(line.text)), None)
        notes = notes[first:] if first is not None else []
    elif under_rule is not None:
        notes = notes[under_rule:]
    return region.lines[: len(region.lines) - len(notes)], notes


def _end_of_rows(lines: Sequence[Line], *, is_narrow: bool) -> int:
    """Where the last rows of a table end that stands above the notes, or at the foot of the page.

    In narrow columns the spaces between words may be as wide as those between cells; but white
    space does not run down between them, and they are not amounts.
    """
    rows = [number for number, line in enumerate(lines) if len(line.cells) > 1]
    of_amounts = [number for number in rows if _says_amounts(lines[number].text)]
    if len(of_amounts) >= _TABLE_ROWS:
        return of_amounts[-1] + 1
    for count in range(len(rows), _TABLE_ROWS - 1, -1):
        if not is_narrow or _are_aligned([lines[number] for number in rows[:count]]):
            return rows[count - 1] + 1
    return 0


def _says_amounts(text: str) -> bool:
    """Whether a good part of a line are amounts: several."""
    count = sum(_AMOUNT.fullmatch(word) is not None for word in text.split())
    return count > 1 and count >= _AMOUNTS * len(text.split())


def _are_aligned(rows: Sequence[Line]) -> bool:
    """Whether white space runs down between the cells of rows; through few rows it does so here
    and there by chance."""
    found = rivers(rows)
    if len(rows) >= _MANY_ROWS:
        return found > 0
    return found > _HALF * (statistics.median(len(row.cells) for row in rows) - 1)


def notes_of(lines: Sequence[Line]) -> list[Paragraph]:
    """The footnotes: each begins with a mark, and numbers rise by one."""
    found: list[Paragraph] = []
    last: int | None = None
    right = max((line.right for line in lines), default=0.0)
    for line in lines:
        mark = _MARK.match(line.text)
        number = int(mark[1] or mark[2] or 0) if mark else 0
        begins = mark is not None and (not number or last is None or number == last + 1)
        if begins or not found:
            found.append(Paragraph(BlockKind.FOOTNOTE, 0, [line]))
            if mark is None:  # all notes begin with one: it is the rest of the last page's note
                found[-1].start = Start.RUNNING
        else:
            found[-1].lines.append(line)
        if begins and number:
            last = number
    for note in found[-1:]:
        note.end = _end(note.lines[-1], right)
    return found


def _end(line: Line, right: float) -> End:
    if line.hyphen or (line.text[-1] in HYPHENS and line.text[-2:-1].isalpha()):
        return End.DIVIDED
    if line.right < right - _NOT_FULL * line.size:
        return End.CLOSED
    return End.DOUBTFUL if ends_sentence(line.text) else End.OPEN


def _under_rule(notes: Sequence[Line], rules: Sequence[Rule], region: Region) -> int | None:
    """The first of the notes that stands under a short line, if one does."""
    width = max(1.0, max(line.right for line in region.lines) - min(x.left for x in region.lines))
    for rule in rules:
        left, top, right, _ = rule.box
        if not rule.horizontal or right - left > _RULE * width:
            continue
        for number, line in enumerate(notes):
            if (
                left < line.right
                and right > line.left
                and 0 <= line.top - top + 1 < (_NEAR_RULE * line.size)
            ):
                return number
    return None
