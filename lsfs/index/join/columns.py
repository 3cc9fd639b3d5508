"""What files are grouped by: a field, a period of a date, their kind, type, folder or author."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import PurePosixPath

from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.index.facts import addresses, identifiers
from lsfs.index.facts.dates import fold
from lsfs.index.facts.names import Name, families, name_of, ranked
from lsfs.index.find.filters import type_of
from lsfs.index.join.reading import SideFile, Values
from lsfs.index.store.rows import suffix_of
from lsfs.model import FieldValue

NONE = ""  # the group of what states nothing
PERIODS = ("year", "quarter", "month", "week", "day")
_MARKS = re.compile(r"[\W_]+")

Groups = dict[str, dict[str, FieldValue | None]]  # by path, by group, with what states it


class Column(Struct, frozen=True):
    """A column that files are grouped by.

    Attributes:
        field: what is read; a name of :data:`OF_FILES` or a field.
        period: of a date; "" takes it whole.
    """

    field: str
    period: str = ""


def column(asked: str) -> Column:
    """A column from words: "kind", "counterparty", "date:month", "due:year".

    Raises:
        UsageError: there is no such period.
    """
    name, mark, period = asked.partition(":")
    if mark and period not in PERIODS:
        raise UsageError(f"no period {period!r}", hint=f"there are: {', '.join(PERIODS)}")
    return Column(name.strip(), period)


def period_of(day: str, period: str) -> str:
    """The period of an ISO day: 2023, 2023-Q2, 2023-05, 2023-W18, or the day."""
    if not day or not period or period == "day":
        return day
    if period == "year":
        return day[:4]
    if period == "month":
        return day[:7]
    if period == "quarter":
        return f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}"
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{week:02}"


OF_FILES: dict[str, Callable[[SideFile], str]] = {
    "kind": lambda file: file.kind,
    "type": lambda file: type_of(suffix_of(file.file)),
    "folder": lambda file: str(PurePosixPath(file.file).parent).removeprefix("."),
}


def by_file(one: Column, files: Sequence[SideFile]) -> Groups:
    """Groups by what is known of the files themselves."""
    read = OF_FILES[one.field]
    return {file.path: {read(file): None} for file in files}


def by_day(one: Column, files: Sequence[SideFile]) -> Groups:
    """Groups by the documents' own dates."""
    return {file.path: {period_of(file.day, one.period): None} for file in files}


def by_value(one: Column, type_: str, stated: Values, files: Sequence[SideFile]) -> Groups:
    """Groups by what files state; a file that states several is in several.

    Args:
        type_: of the field.
        stated: what they state, by path.
    """
    label = _labels(type_, [value for values in stated.values() for value in values])
    found: Groups = {}
    for file in files:
        groups: dict[str, FieldValue | None] = {}
        for value in stated.get(file.path, ()):
            name = period_of(value.normal, one.period) if type_ == "date" else label(value)
            groups.setdefault(name, value)
        found[file.path] = groups or {NONE: None}
    return found


def _labels(type_: str, values: Sequence[FieldValue]) -> Callable[[FieldValue], str]:
    """How the group of a value is called: as it is written most."""
    if type_ in ("amount", "date", "duration"):
        return lambda value: value.normal
    if type_ == "party":
        return _name_labels(values)
    counts = Counter(value.normal for value in values)
    head = {normal: normal for normal in counts}
    if type_ == "text":
        places, named = addresses.heads(counts), identifiers.heads(counts)
        head = {normal: places[named[normal]] for normal in counts}
    written: dict[str, Counter[str]] = {}
    for value in values:
        written.setdefault(_plain(head[value.normal]), Counter())[value.value] += 1
    shown = {key: ranked(spellings)[0] for key, spellings in written.items()}
    return lambda value: shown[_plain(head[value.normal])]


def _plain(normal: str) -> str:
    return _MARKS.sub("", fold(normal))


def _name_labels(values: Sequence[FieldValue]) -> Callable[[FieldValue], str]:
    """Spellings of one name are one group, that of the spelling that is there most."""
    counts = Counter(value.value for value in values)
    of_name: dict[Name, Counter[str]] = {}
    for written, count in counts.items():
        of_name.setdefault(name_of(written), Counter())[written] += count
    head = families({name: spellings.total() for name, spellings in of_name.items()})
    spelled: dict[Name, Counter[str]] = {}
    for name, spellings in of_name.items():
        spelled.setdefault(head[name], Counter()).update(spellings)
    shown = {name: ranked(found)[0] for name, found in spelled.items()}
    return lambda value: shown[head[name_of(value.value)]]
