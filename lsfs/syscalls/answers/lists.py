"""Questions for a list of values, answered from what the files state, each with its places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs import currencies
from lsfs.model import Citation, FieldValue, FoundFile, QueryPlan, Statement
from lsfs.places import cited
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.relations.evidence import Quotes

if TYPE_CHECKING:
    from lsfs.index.asked.fieldquestion import FieldQuestion
    from lsfs.index.groups.grouped import FileGroup, GroupedFile
    from lsfs.syscalls.group import Groups

ROWS = 200
PLACES = 3  # of a row that its line names


class Listed(Struct, frozen=True):
    """Values and their places.

    Attributes:
        text: a line for each value.
        rows: the same, each with the numbers of its citations.
        citations: the places.
        files: the files that were read for it.
        notes: how they were chosen, and what some do not state.
    """

    text: str
    rows: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    files: tuple[FoundFile, ...]
    notes: tuple[str, ...]


def asked_list(call: Call, question: str) -> FieldQuestion | None:
    """How a question for a list of values is read; None when it is none."""
    from lsfs.index.asked.fieldquestion import field_question
    from lsfs.index.fields.definitions import definitions

    return field_question(question, definitions(call.engines.config.fields))


def listed(call: Call, asked: FieldQuestion, folder: str) -> Listed | None:
    """The values that the files state; None when none states any.

    Args:
        folder: only files below it.
    """
    from lsfs.index.fields.definitions import definitions
    from lsfs.index.fields.meant import source
    from lsfs.syscalls.group import GroupRequest
    from lsfs.syscalls.relations import grouping

    known = definitions(call.engines.config.fields)
    type_ = source(asked.key, known).type
    key = f"{asked.key}:day" if type_ == "date" else asked.key
    found = grouping.groups(call, GroupRequest(key, dir=folder, query=asked.files))
    there = [(group, _there(call, group)) for group in found.groups]
    rows = [(group.label, files) for group, files in there if files]
    if type_ == "amount":
        rows.sort(key=lambda row: _by_amount(row[0]))
    return _made(call, asked, rows, found) if rows else None


def _by_amount(label: str) -> tuple[str, float]:
    """The order of amounts ("1450 EUR"): by currency, the largest first."""
    number, _, unit = label.partition(" ")
    try:
        return unit, -float(number)
    except ValueError:
        return label, 0.0


def _there(call: Call, group: FileGroup) -> list[GroupedFile]:
    return [file for file in group.files if call.engines.is_there(file.path)]


def _made(
    call: Call,
    asked: FieldQuestion,
    rows: Sequence[tuple[str, list[GroupedFile]]],
    found: Groups,
) -> Listed:
    quotes = Quotes(call.engines.catalog)
    citations: list[Citation] = []
    statements: list[Statement] = []
    lines = [f"{asked.what} ({len(rows)}):"]
    for label, files in rows[:ROWS]:
        call.check()
        numbers = range(len(citations), len(citations) + len(files))
        citations += [_citation(quotes, file) for file in files]
        line = f"{label}: {_places(files)}"
        lines.append(f"- {line}")
        statements.append(Statement(line, tuple(numbers), True))
    if len(rows) > ROWS:
        lines.append(f"- and {len(rows) - ROWS} more")
    paths = dict.fromkeys(citation.path for citation in citations)
    first = {citation.path: citation for citation in reversed(citations)}
    read = tuple(
        FoundFile(path, 1.0, PurePosixPath(path).name, "", "", first[path].page, first[path].quote,
                  first[path].where)
        for path in paths
    )  # fmt: skip
    silent = len(found.ungrouped)
    notes = [f"{silent} of {found.files} files state none"] if asked.files and silent else []
    return Listed("\n".join(lines), tuple(statements), tuple(citations), read, tuple(notes))


def _places(files: Sequence[GroupedFile]) -> str:
    shown = ", ".join(cited(file.path, file.where) for file in files[:PLACES])
    more = len(files) - PLACES
    return f"{shown} and {more} more" if more > 0 else shown


def _citation(quotes: Quotes, file: GroupedFile) -> Citation:
    value = FieldValue(
        "", file.value, file.value, file.char_start, file.char_end, file.page, file.line,
        file.where,
    )  # fmt: skip
    stated = quotes.evidence(file.path, value)
    return Citation(file.path, file.page, file.line, file.line, stated.quote, file.where)


def amounts_cited(
    engines: Engines, plan: QueryPlan, files: Sequence[FoundFile]
) -> Iterator[Citation]:
    """Where files state the amounts for which a question with bounds ("over 500 euros") lists them.

    Of several the surest counts, as it does where files are chosen.
    """
    quotes = Quotes(engines.catalog)
    for bound in plan.amounts:
        surest: dict[str, FieldValue] = {}
        for one in engines.catalog.fields(bound.field):
            if currencies.fits(one.field.normal, bound.unit):
                surest.setdefault(one.path, one.field)
        for file in files:
            if file.path in surest:
                value = surest[file.path]
                quote = quotes.evidence(file.path, value).quote
                yield Citation(file.path, value.page, value.line, value.line, quote, value.where)
