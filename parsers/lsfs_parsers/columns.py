"""Tells which row of a table names its columns, so that each cell can be read with its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_LONGEST_HEADER = 60  # characters; a longer cell is a sentence and names no column


def header_row(first_rows: Sequence[list[str]]) -> list[str]:
    """The first row, when it names columns: short, distinct texts above something else.

    The first column may have no name: it names the rows.
    """
    if len(first_rows) < 2:
        return []
    names = first_rows[0]
    are_names = all(
        (name or at == 0) and len(name) <= _LONGEST_HEADER and not _is_number(name)
        for at, name in enumerate(names)
    )
    return names if are_names and len(names) > 1 and len(set(names)) == len(names) else []


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "").replace(",", "").isdecimal()


def named_cells(header: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    """The filled cells of a row, each with its column's name before it."""
    for at, cell in enumerate(row):
        if cell:
            yield f"{header[at]}: {cell}" if at < len(header) and header[at] else cell
