"""Rows that join two sets of files, and numbers over files; and what they rest on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from msgspec import Struct


class Evidence(Struct, frozen=True):
    """Where a file states what it was joined, or counted, by.

    Attributes:
        path: the file.
        field: the field, or "passage" for what was compared by its meaning.
        value: as written; ``normal`` as it was compared.
        page, line: where it begins; None where the format has none.
        where: the place as people write it; see lsfs.places.
        quote: the words around it.
        rule: how it was found; see lsfs.model.FieldValue.
        confidence: how sure that kind of rule is, from 0 to 1.
    """

    path: str
    field: str
    value: str
    normal: str
    page: int | None = None
    line: int | None = None
    where: str = ""
    quote: str = ""
    rule: str = ""
    confidence: float = 0.0


class KeyMatch(Struct, frozen=True):
    """A key that two files have in common.

    Attributes:
        on: the key as it was asked for.
        score: how alike the two values are, from 0 to 1.
        how: what makes them alike, in words: "equal", "3 days apart".
    """

    on: str
    score: float
    how: str
    left: Evidence
    right: Evidence


class JoinRow(Struct, frozen=True):
    """A pair of files, or a file that has no partner; of lists each row counts as a file.

    Attributes:
        left, right: paths; ``right`` is "" where nothing on the right fits.
        left_place, right_place: where the row of a list stands in it; "" for a whole file.
        key: the values in common, as the left file writes them.
        score: the product of the scores of the keys; 0 without a partner.
        keys: each key with both places.
        why: why there is no partner; "" where there is one.
    """

    left: str
    right: str
    key: str
    score: float
    keys: tuple[KeyMatch, ...] = ()
    why: str = ""
    left_place: str = ""
    right_place: str = ""


class NearMiss(Struct, frozen=True):
    """A pair that is no row, but almost.

    Attributes:
        why: what is missing, in words.
    """

    left: Evidence
    right: Evidence
    score: float
    why: str


class KeyUse(Struct, frozen=True):
    """How a key was compared.

    Attributes:
        on: the key as it was asked for.
        left, right: what was read for it on each side.
        comparison: when two values count as the same, in words.
        left_files, right_files: how many files state it.
        left_values, right_values: how many different values there are.
        compared: pairs of values that were looked at closely.
    """

    on: str
    left: str
    right: str
    comparison: str
    left_files: int
    right_files: int
    left_values: int
    right_values: int
    compared: int = 0


class Joined(Struct, frozen=True):
    """Rows by left path, then by score, then by right path.

    Attributes:
        total: how many rows there are; with ``more`` at least so many.
        more: there are more rows than ``rows`` holds.
        left_files, right_files: how many files each side has.
        left_missing: files of the left that state no key; ``right_missing`` likewise.
        near_misses: pairs that almost fit, when they were asked for.
        keys: how the keys were compared, when it was asked for.
        notes: how the sides were read, and what is missing.
        table: the rows as CSV, when it was asked for.
    """

    rows: tuple[JoinRow, ...]
    total: int
    more: bool
    left_files: int
    right_files: int
    left_missing: tuple[str, ...] = ()
    right_missing: tuple[str, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    keys: tuple[KeyUse, ...] = ()
    notes: tuple[str, ...] = ()
    table: str = ""


class SavedJoin(Struct, frozen=True):
    """A join that is kept as a directory, with its latest rows.

    Attributes:
        name: the directory below ``.lsfs/join``.
        request: what was asked for, as JSON of a join's request.
        generation: the index generation that the rows were computed from.
        problem: why there are no rows; "" where there are.
    """

    name: str
    request: str
    generation: int
    joined: Joined
    problem: str = ""


class AggregateRow(Struct, frozen=True):
    """One number.

    Attributes:
        group: a value for each column that is grouped by; "" for files that state none.
        unit: the currency; "" where none is stated, or there is none.
        value: exact, in digits with a point; an average is rounded to two places.
        files: how many files it is of.
        evidence: their values; of a least or greatest one, those that have it.
    """

    group: tuple[str, ...]
    unit: str
    value: str
    files: int
    evidence: tuple[Evidence, ...] = ()


class LeftOut(Struct, frozen=True):
    """A file that does not count, and why."""

    path: str
    reason: str


class Aggregated(Struct, frozen=True):
    """Numbers over files.

    Attributes:
        function, field, by: as they were asked for.
        rows: one for each group and currency, by group.
        totals: the same over all files, each once, by currency.
        left_out: files that do not count, by path.
        files: how many count.
        unit: what is counted: "files", or the "rows" of lists.
        show_files: the places are to be shown, too.
        notes: how the files were chosen, and what is missing.
    """

    function: str
    field: str
    by: tuple[str, ...]
    rows: tuple[AggregateRow, ...]
    totals: tuple[AggregateRow, ...]
    left_out: tuple[LeftOut, ...]
    files: int
    show_files: bool = False
    notes: tuple[str, ...] = ()
    unit: str = "files"


# --- as a table

_HEAD = (
    "left", "right", "key", "score", "left_place", "left_value", "left_quote", "right_place",
    "right_value", "right_quote", "how", "why",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # with these a spreadsheet begins a formula


def csv_of(rows: Iterable[JoinRow]) -> str:
    """Rows as CSV (RFC 4180), a line for each key, with nothing that a spreadsheet would run."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for row in rows:
        for line in _lines(row):
            writer.writerow([_inert(cell) for cell in line])
    return out.getvalue()


def _lines(row: JoinRow) -> list[tuple[str, ...]]:
    head = (row.left, row.right, row.key, f"{row.score:g}")
    if not row.keys:
        return [(*head, row.left_place, *[""] * 6, row.why)]
    return [
        (
            *head, key.left.where, key.left.value, key.left.quote, key.right.where,
            key.right.value, key.right.quote, f"{key.on}: {key.how}", row.why,
        )
        for key in row.keys
    ]  # fmt: skip


def _inert(cell: str) -> str:
    """A cell as text; see OWASP, "CSV Injection"."""
    plain = cell.replace("\0", "").encode("utf-8", "replace").decode()
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
