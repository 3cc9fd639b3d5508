"""Files by what they state: the values of a field, equal ones together whatever their spelling."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

from lsfs.index.catalog import Catalog
from lsfs.index.dates import fold
from lsfs.index.fields.meant import Source, label_of
from lsfs.index.groups import names
from lsfs.index.groups.attributes import Placed, grouped, part_of, period
from lsfs.index.groups.grouped import FileGroup, GroupedFile
from lsfs.index.scope import Entry
from lsfs.model import FieldValue

_ONE_VALUE = ("date", "amount", "duration")  # a document has one; further ones are read by mistake
_OWN_SHARE = 0.6  # of the files: who is a party in so many is the owner of the drive
_OWN_FILES = 4
_SENDER = frozenset(("from", "von", "absender", "expediteur", "de", "da"))  # of an invoice

Values = list[tuple[str, FieldValue]]


def by_meaning(
    catalog: Catalog, found: Collection[Entry], one: Source, option: str, *, model: bool
) -> tuple[list[FileGroup], str]:
    """Groups by the values of a field, and whose side was left out.

    Args:
        option: of a field of dates: year, quarter, month, week or day.
        model: the values of the language model, too.

    Raises:
        UsageError: no part of a date.
    """
    paths = {entry.path for entry in found}
    stated_anywhere = _stated(catalog, one, model=model)
    values = [(path, value) for path, value in stated_anywhere if path in paths]
    if one.announced:
        values = list(_in_role(catalog, values, found, one))
    if one.type in _ONE_VALUE:
        values = list({path: (path, value) for path, value in reversed(values)}.values())
    own = _own(stated_anywhere) if one.foreign else set()
    others = {path for path, value in values if value.normal not in own}
    values = [(path, v) for path, v in values if v.normal not in own or path not in others]
    if one.type == "date":
        part = part_of(option, "month")
        return grouped(_by_period(values, part), in_order=True), ""
    same = _names(values, one.type)
    told = {value.value for path, value in stated_anywhere if path in paths & others
            and value.normal in own}  # fmt: skip
    return _by_value(values, same), ", ".join(sorted(told)[:1])


def _stated(catalog: Catalog, one: Source, *, model: bool) -> Values:
    """What all files state of it; of fields of which the first counts, that one."""
    values: Values = []
    for name in one.fields:
        before = {path for path, _ in values} if one.first else set()
        stated = [(row.path, row.field) for row in catalog.fields(name, model=model)]
        values += [value for value in stated if value[0] not in before]
    return values


def _by_period(values: Values, part: str) -> Iterator[Placed]:
    for path, value in values:
        day = date.fromisoformat(value.normal)
        label = period(value.normal, (day + timedelta(days=1)).isoformat(), part)
        yield Placed(label, _file(path, value))


def _names(values: Values, type_: str) -> Mapping[str, names.Name]:
    """What each normal form is called."""
    if type_ in ("party", "text"):
        written = ((value.normal, value.value) for _, value in values)
        return names.merged(written, parties=type_ == "party")
    return {v.normal: names.Name(v.normal, (v.normal,)) for _, v in values}


def _by_value(values: Values, same: Mapping[str, names.Name]) -> list[FileGroup]:
    placed = (Placed(same[value.normal].label, _file(path, value)) for path, value in values)
    others = {name.label: name.spellings[1:] for name in same.values()}
    return [replace(group, spellings=others[group.label]) for group in grouped(placed)]


def _file(path: str, value: FieldValue) -> GroupedFile:
    return GroupedFile(
        path, value.rule, value.value, value.page, value.line, value.char_start, value.char_end,
        value.where, value.confidence,
    )  # fmt: skip


def _own(values: Values) -> set[str]:
    """Who is a party in nearly all files: the owner of the drive."""
    files = {path for path, _ in values}
    per_party = Counter(normal for _, normal in {(path, v.normal) for path, v in values})
    return {
        normal
        for normal, count in per_party.items()
        if count >= _OWN_FILES and count >= _OWN_SHARE * len(files)
    }


def _in_role(
    catalog: Catalog, values: Values, found: Collection[Entry], one: Source
) -> Iterator[tuple[str, FieldValue]]:
    """Parties that a file calls by one of the roles, before their name or right behind it."""
    entries = {entry.path: entry for entry in found}
    behind = _role_pattern(one.announced)
    for path, value in values:
        label = label_of(value.rule)
        if label:
            sender = label in _SENDER and one.role == "supplier"
            if label in one.announced or (sender and entries[path].kind == "invoice"):
                yield path, value
        elif value.rule != "letterhead":
            after = _text_after(catalog, entries[path].document_id, value.char_end)
            if behind.match(fold(after)):
                yield path, value
        elif one.role == "supplier" and entries[path].kind == "invoice":
            yield path, value  # an invoice is on the paper of who wrote it


def _text_after(catalog: Catalog, document_id: int | None, end: int) -> str:
    with catalog.lock:
        row = catalog.db.execute(
            "SELECT substr(text, ? - char_start + 1, 80) FROM passage WHERE document_id = ? "
            "AND char_start <= ? AND char_end >= ?",
            (end, document_id, end, end),
        ).fetchone()
    return str(row[0]) if row else ""


def _role_pattern(roles: frozenset[str]) -> re.Pattern[str]:
    """Finds a role right behind a name: (the "Landlord"), im Folgenden "Mieter"."""
    any_of = "|".join(re.escape(role) for role in sorted(roles, key=lambda r: (-len(r), r)))
    return re.compile(rf"[\s,(]*(?:[^\W\d_]+[\s:]+){{0,5}}?[\W\s]{{0,2}}(?:{any_of})\b")
