"""What stands in columns and is no table: contents, lists, forms, formulas, code, prose."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from lsfs_parsers.pdf_marks import BULLET
from lsfs_parsers.pdf_parts import Part, is_number, says_nothing
from lsfs_parsers.pdf_table_columns import Extent
from lsfs_parsers.pdf_table_rows import Group, could_wrap

_LEADERS = re.compile(r"(?:[.\u2026\u00b7_] ?){5,}|\u2026{2,}")
_PAGE = re.compile(r"(?:[.\u2026\u00b7 ]*)(\d{1,4}|[ivxlc]{1,6})")
_PLAIN = re.compile(r"-?\d{1,3}(?:,\d{3})+|-?\d+(?:\.\d+)?")
_LABEL = re.compile(
    r"[\u2022\u25e6\u2023\u25aa\u25cf\u2219\u00b7\u2013*\u2014o\u27a2\u25a0-]"
    r"|[(\[]?(?:\d{1,3}(?:\.\d{1,2}){0,3}|[a-zA-Z]|[ivxIVX]{1,5})[.):\]]+"
    r"|\[[^\]]{1,12}\]"
)
_CODE = re.compile(
    r"[{};]\s*$|^\s*(?:#|//|/\*|>>>|\$ )|\w\(\)|==|=>|->|::|\w\[\d\]|\bself\b"
    r"|\\[a-z@]+[\\@{[]|\b(?:def|return|import|public|void|if \()"
)
_SYMBOLS = re.compile(
    r"[=\u2260\u2264\u2265\u2248\u2261\u2211\u222b\u220f\u2202\u2207\u221a\u2208\u2203\u2200\u2192\u21d2\u221e\u00d7\u22c5+]"
)
_OPERAND = re.compile(r"[\W\d_]*[^\W\d_]?[\W\d_]*|[a-z]{1,3}")
_EQUATION = re.compile(r"\(?[A-Z]?\.?\d{1,3}(?:\.\d{1,3})*[a-z]?\)")
_ENDS_SENTENCE = re.compile(r"[.!?:;][\"'\u201d\u2019)\]\d]*$")
_PROSE_WORDS = 4
_ALIGNED = 1.2  # points
_ALIGNED_SHARE = 0.6  # of the cells of a column
_FEW_ROWS = 6
_HALF = 0.5
_FEW_NUMBERS = 0.2
_STRETCHED = 3.0  # letter sizes; no space between words is wider
_SPACED = 1.6  # of the letter size
_ALL_BUT_ONE = 0.75
_MANY = 0.6
_MOST = 0.8


class Draft(Struct, frozen=True):
    """What may be a table.

    Attributes:
        groups: its rows.
        texts: the cells of each.
        framed: rules above, below or between rows reach over its whole width.
        banded: rules stand between most of its rows.
        body: letter size of running text.
    """

    columns: Sequence[Extent]
    groups: Sequence[Group]
    texts: Sequence[Sequence[str]]
    framed: bool
    banded: bool
    header_rows: int
    body: float

    def column(self, number: int) -> list[str]:
        """The texts of a column below the headings, empty cells left out."""
        return [row[number] for row in self.texts[self.header_rows :] if row[number]]


def is_false(draft: Draft, *, goes_on: bool = False) -> bool:
    """Whether a draft is something else than a table.

    Args:
        goes_on: it stands at the top, in the columns of the table that the page before ends with.
    """
    if goes_on:
        return _is_contents(draft)
    if len(draft.columns) < 2 or len(draft.texts) < 2:
        return True
    if _is_sparse(draft) or _is_contents(draft) or _is_chart(draft):
        return True
    if draft.banded:
        return False
    doubts = (_is_list, _is_form, _is_formula, _is_code, _is_prose)
    if any(doubt(draft) for doubt in doubts):
        return True
    return not draft.framed and (_is_weak(draft) or _is_ragged(draft) or _is_justified(draft))


def _is_sparse(draft: Draft) -> bool:
    """Most of the cells are empty, or no row has two."""
    filled = [sum(map(bool, row)) for row in draft.texts]
    several = sum(count > 1 for count in filled)
    room = len(draft.texts) * len(draft.columns)
    if several < 2 or several < 0.34 * len(filled):
        return True
    return sum(filled) < (0.2 if draft.banded else 0.34) * room


def _is_contents(draft: Draft) -> bool:
    """Titles and their pages: leaders, or numbers at the right that only rise."""
    rows = [" ".join(filter(None, row)) for row in draft.texts]
    if sum(_LEADERS.search(row) is not None for row in rows) >= 0.4 * len(rows):
        return True
    if draft.framed or draft.header_rows or len(draft.columns) > 3:
        return False
    pages = [_PAGE.fullmatch(text) for text in draft.column(len(draft.columns) - 1)]
    numbers = [int(page[1]) for page in pages if page and page[1].isdigit()]
    if len(numbers) < 4 or len(numbers) < _MOST * len(pages):
        return False
    return all(one <= other for one, other in pairwise(numbers)) and max(numbers) < 2000


def _is_chart(draft: Draft) -> bool:
    """The numbers along the axes of a chart, in equal steps, and little beside them."""
    numeric = [n for n in range(len(draft.columns)) if _share_of_numbers(draft, n) >= _MANY]
    stepped = [n for n in numeric if _has_equal_steps(draft.column(n))]
    if draft.banded or not stepped:
        return len(stepped) == len(draft.columns)
    filled = sum(map(bool, (text for row in draft.texts for text in row)))
    is_thin = filled < _ALL_BUT_ONE * len(draft.texts) * len(draft.columns)
    return is_thin or (len(stepped) == len(numeric) and not draft.framed)


def _has_equal_steps(texts: Sequence[str]) -> bool:
    values = [float(one.replace(",", "")) for one in texts if _PLAIN.fullmatch(one)]
    if len(values) < 4 or len(values) < _MOST * len(texts):
        return False
    steps = [other - one for one, other in pairwise(values)]
    usual = statistics.median(steps)
    near = sum(abs(step - usual) <= 0.01 * abs(usual) for step in steps)
    return abs(usual) not in (0.0, 1.0) and near >= _MOST * len(steps)


def _is_list(draft: Draft) -> bool:
    """Bullets or numbers to the left of text."""
    first = draft.column(0)
    bullets = sum(BULLET.fullmatch(text) is not None for text in first)
    if not draft.framed and bullets >= _MANY * len(first):
        return True
    if _are_counted(first) and not draft.framed and _share_filled(draft, 2) < _HALF:
        return True
    if len(draft.columns) > 3:
        return False
    labels = sum(_LABEL.fullmatch(text) is not None for text in first)
    if labels < _MANY * len(first) and not (len(draft.columns) == 2 and _are_counted(first)):
        return False
    return not any(_share_of_numbers(draft, n) > 0.5 for n in range(1, len(draft.columns)))


def _share_filled(draft: Draft, start: int) -> float:
    """How many of the cells from a column on have text."""
    cells = [bool(text) for row in draft.texts for text in row[start:]]
    return sum(cells) / len(cells) if cells else 0.0


def _are_counted(texts: Sequence[str]) -> bool:
    """Whether texts are the numbers of lines."""
    numbers = [int(text) for text in texts if text.isdecimal()]
    rising = sum(other - one == 1 for one, other in pairwise(numbers))
    return len(numbers) >= _MOST * len(texts) and rising >= _MOST * (len(numbers) - 1) > 0


def _is_form(draft: Draft) -> bool:
    """Labels with a colon, and what belongs to them."""
    labelled = sum(
        any(text.endswith(":") for text in row[:-1]) or row[-1][:1] == ":" for row in draft.texts
    )
    return labelled >= _MANY * len(draft.texts) and not (
        draft.framed and len(draft.columns) > 2 and labelled < len(draft.texts)
    )


def _is_formula(draft: Draft) -> bool:
    """Single letters, operators and a number for the equation at the right."""
    cells = [text for row in draft.texts for text in row if text]
    numbered = sum(_EQUATION.fullmatch(row[-1]) is not None for row in draft.texts)
    symbols = sum(_SYMBOLS.search(text) is not None and not is_number(text) for text in cells)
    short = sum(_OPERAND.fullmatch(text) is not None and not is_number(text) for text in cells)
    numbers = sum(is_number(text) or says_nothing(text) for text in cells)
    if numbered >= 0.3 * len(draft.texts) and symbols:
        return True
    if symbols >= 0.3 * len(cells):
        return True
    return symbols > 0 and symbols + short >= 0.5 * len(cells) and numbers < 0.4 * len(cells)


def _is_code(draft: Draft) -> bool:
    if draft.framed and draft.header_rows:
        return False
    lines = sum(any(_CODE.search(text) for text in row) for row in draft.texts)
    return lines >= 0.4 * len(draft.texts)


def _is_prose(draft: Draft) -> bool:
    """Columns of running text, or terms beside their explanations."""
    columns = [_lines_of(draft, n) for n in range(len(draft.columns))]
    running = [_runs_on(lines) for lines in columns if lines and not _is_spaced(draft)]
    if sum(running) >= 2 or (running and all(running)):
        return True
    if draft.framed or len(draft.columns) > 2 or draft.header_rows:
        return False
    words = [len(text.split()) for text in draft.column(1)] or [0]
    return statistics.mean(words) > _PROSE_WORDS + 1


def _lines_of(draft: Draft, column: int) -> list[Part]:
    return [
        part
        for group in draft.groups[draft.header_rows :]
        for row in group
        for part in row.cells.get(column, ())
    ]


def _runs_on(lines: Sequence[Part]) -> bool:
    """Whether the lines of a column fill it, and sentences go on from one to the next."""
    if len(lines) < 4:
        return False
    words = statistics.median(len(line.text.split()) for line in lines)
    widest = max(line.width for line in lines)
    full = sum(line.width > 0.75 * widest for line in lines)
    on = sum(
        one.hyphen
        or (
            not _ENDS_SENTENCE.search(one.text)
            and other.text[0].islower()
            and could_wrap(one, other, widest)
        )
        for one, other in pairwise(lines)
    )
    return words >= 3 and full >= _MANY * len(lines) and on >= 0.4 * (len(lines) - 1)


def _is_weak(draft: Draft) -> bool:
    """Without rules, few rows or two columns of words are not enough."""
    rows, columns = len(draft.texts), len(draft.columns)
    numeric = [n for n in range(columns) if _share_of_numbers(draft, n) >= _MANY]
    if columns == 2:
        if not numeric:
            least = _FEW_ROWS - 1 if draft.header_rows or _is_small(draft) else _FEW_ROWS + 2
            return rows < (3 if _is_spaced(draft) else least) or _words(draft) > _PROSE_WORDS + 1
        return rows < (3 if draft.header_rows else 4)
    if numeric:
        return rows < 2 or (rows < 3 and not draft.header_rows)
    return rows < (3 if draft.header_rows else 4) or _words(draft) > 2 * _PROSE_WORDS


def _is_ragged(draft: Draft) -> bool:
    """The white space has no edge: it is that between the words of justified lines."""
    columns = [_lines_of(draft, n) for n in range(len(draft.columns))]
    share = _ALIGNED_SHARE if len(draft.groups) > _FEW_ROWS else _ALL_BUT_ONE
    ragged = 0
    for n, (before, parts) in enumerate(pairwise(columns), start=1):
        lefts = _share_at_one([part.left for part in parts])
        middles = _share_at_one([part.middle for part in parts])
        rights = _share_at_one([part.right for part in before])
        ends = _share_at_one([part.right for part in parts])
        by_right_end = ends if _share_of_numbers(draft, n) >= 0.5 else 0.0
        ragged += max(lefts, middles, rights, by_right_end) < share
    return ragged >= max(1, 0.34 * (len(columns) - 1))


def _is_justified(draft: Draft) -> bool:
    """Lines of running text whose spaces were stretched, so that one goes on in the next."""
    rows = [row.row for group in draft.groups for row in group]
    cells = [text for row in draft.texts for text in row if text]
    words = statistics.mean(len(row.text.split()) for row in rows)
    if words < _PROSE_WORDS or sum(map(is_number, cells)) > _FEW_NUMBERS * len(cells):
        return False
    widest = statistics.median(
        max((b.left - a.right for a, b in pairwise(row.parts)), default=0.0) / row.size
        for row in rows
    )
    on = sum(
        one.parts[-1].hyphen or (not _ENDS_SENTENCE.search(one.text) and other.text[0].islower())
        for one, other in pairwise(rows)
    )
    return widest <= _STRETCHED and on >= _HALF * (len(rows) - 1)


def _share_at_one(values: Sequence[float]) -> float:
    """The share of values that are near the most common one."""
    ordered = sorted(values)
    most = start = 0
    for end, value in enumerate(ordered):
        while value - ordered[start] > 2 * _ALIGNED:
            start += 1
        most = max(most, end - start + 1)
    return most / len(ordered) if ordered else 1.0


def _is_small(draft: Draft) -> bool:
    return _size(draft) < 0.93 * draft.body


def _is_spaced(draft: Draft) -> bool:
    """Whether all cells are full, of one line, and further apart than the lines of a text."""
    if any(len(group) > 1 for group in draft.groups) or not all(map(all, draft.texts)):
        return False
    pitches = [other[0].row.baseline - one[0].row.baseline for one, other in pairwise(draft.groups)]
    return statistics.median(pitches) >= _SPACED * _size(draft)


def _size(draft: Draft) -> float:
    return statistics.median(row.row.size for group in draft.groups for row in group)


def _words(draft: Draft) -> float:
    """How many words the cells beyond the first column have."""
    counts = [len(text.split()) for row in draft.texts for text in row[1:] if text]
    return statistics.mean(counts) if counts else 0.0


def _share_of_numbers(draft: Draft, column: int) -> float:
    texts = draft.column(column)
    count = sum(is_number(text) or says_nothing(text) for text in texts)
    return count / len(texts) if texts else 0.0
