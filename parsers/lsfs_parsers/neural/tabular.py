"""The rows of a LaTeX ``tabular``, as a page model writes it."""

from __future__ import annotations

import re

from msgspec import Struct, field

from lsfs.model import Merged

MAX_COLUMNS = 100  # more are not a table but a model that lost itself

_SIGN = re.compile(r"\\\\(?:\[[^\]\n]{0,20}\])?|\\[A-Za-z]+\*?|\\.|[&{}\n]|[^\\&{}\n]+", re.S)
_RULES = frozenset({"\\hline", "\\toprule", "\\midrule", "\\bottomrule"})
_PART_RULES = frozenset({"\\cline", "\\cmidrule"})
_SPANS = re.compile(
    r"\s*\\(multicolumn|multirow)\s*\{\s*(\d{1,3})\s*\}\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*"
)
_ROW_BREAK = "\\\\"


class Tabular(Struct, frozen=True):
    """A table.

    Attributes:
        rows: the cells, in each row as many.
        header_rows: how many rows a rule sets off at the top.
        merged: the cells that stand for several.
    """

    rows: tuple[tuple[str, ...], ...]
    header_rows: int = 0
    merged: tuple[Merged, ...] = ()


class _Row(Struct):
    cells: list[str] = field(default_factory=lambda: [""])
    rule_above: bool = False


def read_tabular(body: str) -> Tabular | None:
    """The table between ``\\begin{tabular}{...}`` and its end; None where there is none in it."""
    lines = _split(body)
    rows: list[list[str]] = []
    merged: list[Merged] = []
    for number, line in enumerate(lines):
        row: list[str] = []
        for cell in line.cells:
            text, down, across = _spanning(cell)
            if down > 1 or across > 1:
                merged.append(Merged(number, len(row), down, across))
            row += [text, *[""] * (across - 1)]
        rows.append(row)
    width = max(map(len, rows), default=0)
    if not any(cell for row in rows for cell in row) or width > MAX_COLUMNS:
        return None
    filled = tuple(tuple(row + [""] * (width - len(row))) for row in rows)
    return Tabular(filled, _header_rows(lines), _inside(merged, len(rows), width))


def _split(body: str) -> list[_Row]:
    """The rows with their raw cells."""
    rows = [_Row()]
    depth = 0
    skipping = False  # the columns that a partial rule is for
    for sign in _SIGN.findall(body):
        if skipping and sign.strip():
            skipping = sign != "}"
        elif depth == 0 and sign in _RULES:
            rows[-1].rule_above = True
        elif depth == 0 and sign in _PART_RULES:
            skipping = True
        elif depth == 0 and sign.startswith(_ROW_BREAK):
            rows.append(_Row())
        elif depth == 0 and sign == "&":
            rows[-1].cells.append("")
        else:
            depth = max(0, depth + (sign == "{") - (sign == "}"))
            rows[-1].cells[-1] += sign
    if not any(cell.strip() for cell in rows[-1].cells):
        rows.pop()  # only what stands behind the last row's end
    return rows


def _spanning(cell: str) -> tuple[str, int, int]:
    """A cell's text, and how many rows and columns it stands for."""
    down = across = 1
    while (match := _SPANS.match(cell)) is not None:
        count = max(1, min(int(match[2]), MAX_COLUMNS))
        if match[1] == "multicolumn":
            across = count
        else:
            down = count
        cell = cell[match.end() :].strip()
        if cell.startswith("{") and cell.endswith("}"):
            cell = cell[1:-1]
    return " ".join(cell.split()), down, across


def _header_rows(rows: list[_Row]) -> int:
    """The rows above the first rule that has rows on both sides."""
    return next((number for number in range(1, len(rows)) if rows[number].rule_above), 0)


def _inside(merged: list[Merged], rows: int, columns: int) -> tuple[Merged, ...]:
    """What is merged, without what reaches over the edge."""
    fitting = (
        Merged(
            one.row,
            one.column,
            min(one.rows, rows - one.row),
            min(one.columns, columns - one.column),
        )
        for one in merged
    )
    return tuple(one for one in fitting if one.rows > 1 or one.columns > 1)
