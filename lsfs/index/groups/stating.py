"""Files by what they state: the values of a field, equal ones together whatever their spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta

from msgspec.structs import replace

from lsfs.index.facts.greeted import BRIEF, Values, in_full
from lsfs.index.fields.forms import party_key
from lsfs.index.fields.meant import (
    Source,
    has_role,
    label_of,
    other_sides,
    role_of,
    without_signers,
)
from lsfs.index.find.scope import Entry
from lsfs.index.groups import names
from lsfs.index.groups.attributes import Placed, grouped, part_of, period
from lsfs.index.groups.grouped import FileGroup, GroupedFile
from lsfs.index.join.lists import may_be_list
from lsfs.index.join.mentions import filled
from lsfs.index.join.reading import SideFile, own_names
from lsfs.index.store.catalog import Catalog
from lsfs.model import FieldValue

_ONE_VALUE = ("date", "amount", "duration")  # a document has one; further ones are read by mistake
_OWN_SHARE = 0.6  # of the files: who is a party in so many is the owner of the drive
_OWN_FILES = 4
_SENDER = frozenset(("from", "von", "absender", "expediteur", "de", "da"))  # of an invoice
_OF_SUPPLIERS = frozenset(("invoice", "quote", "receipt"))  # kinds of papers
_BESIDE = {"tenant": "customer", "landlord": "supplier"}  # roles that go with one
_RECEIVER = frozenset(("to", "an", "adresse a"))
_ORDER = "order"  # the kind of a paper that the customer writes


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
    called: Values = []
    stated_anywhere = _stated(catalog, one, model=model)
    if one.type == "party":
        stated_anywhere = in_full(stated_anywhere)
    values = [(path, value) for path, value in stated_anywhere if path in paths]
    if one.announced:
        called = list(_in_role(stated_anywhere, found, one))
        mine = _own(catalog, stated_anywhere)  # is in all papers, whatever the role
        others = [(path, value) for path, value in stated_anywhere if value.normal not in mine]
        values = [*called, *_known_in_role(called, others, one.role)]
        values = [(path, value) for path, value in values if path in paths]
    if one.type in _ONE_VALUE:
        values = list({path: (path, value) for path, value in reversed(values)}.values())
    own = _own(catalog, stated_anywhere) if one.foreign else set()
    told = {v.value for path, v in stated_anywhere if path in paths and v.normal in own}
    if one.foreign:
        values = list(_foreign([(path, v) for path, v in values if v.normal not in own]))
    if one.type != "party" or one.foreign or (one.announced and one.role):
        known = called if one.announced else stated_anywhere
        values += _mentioned(
            catalog, found, one, values, [v for _, v in known if v.normal not in own]
        )
    if one.type == "date":
        part = part_of(option, "month")
        return grouped(_by_period(values, part), in_order=True), ""
    same = _names(values, one.type)
    return _by_value(values, same), ", ".join(sorted(told)[:1])


def _stated(catalog: Catalog, one: Source, *, model: bool) -> Values:
    """What all files state of it; of fields of which the first counts, that one."""
    values: Values = []
    for name in one.fields:
        before = {path for path, _ in values} if one.first else set()
        stated = [(row.path, row.field) for row in catalog.fields(name, model=model)]
        values += [value for value in stated if value[0] not in before]
    return _without_signers(values) if one.type == "party" else values


def _without_signers(values: Values) -> Values:
    by_path: dict[str, list[FieldValue]] = {}
    for path, value in values:
        by_path.setdefault(path, []).append(value)
    return [(path, value) for path, found in by_path.items() for value in without_signers(found)]


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
    if type_ != "number":
        return {v.normal: names.Name(v.normal, (v.normal,)) for _, v in values}
    spelled: dict[str, Counter[str]] = {}
    for _, value in values:  # as most write it: "HV 30-118842"
        spelled.setdefault(value.normal, Counter())[value.value] += 1
    ranked = {normal: tuple(dict(found.most_common())) for normal, found in spelled.items()}
    return {normal: names.Name(found[0], found) for normal, found in ranked.items()}


def _by_value(values: Values, same: Mapping[str, names.Name]) -> list[FileGroup]:
    placed = (Placed(same[value.normal].label, _file(path, value)) for path, value in values)
    others = {name.label: name.spellings[1:] for name in same.values()}
    return [replace(group, spellings=others[group.label]) for group in grouped(placed)]


def _file(path: str, value: FieldValue) -> GroupedFile:
    return GroupedFile(
        path, value.rule, value.value, value.page, value.line, value.char_start, value.char_end,
        value.where, value.confidence,
    )  # fmt: skip


def _own(catalog: Catalog, values: Values) -> set[str]:
    """Who is a party in nearly all files, or in most that name two: the owner of the drive."""
    files = {path for path, _ in values}
    per_party = Counter(normal for _, normal in {(path, v.normal) for path, v in values})
    return {party_key(name) for name in own_names(catalog)} | {
        normal
        for normal, count in per_party.items()
        if count >= _OWN_FILES and count >= _OWN_SHARE * len(files)
    }


def _in_role(
    values: Values, found: Collection[Entry], one: Source
) -> Iterator[tuple[str, FieldValue]]:
    """Parties that a file calls by one of the roles, before their name or right behind it."""
    yield from _foreign(list(_called(values, {entry.path: entry.kind for entry in found}, one)))


def _called(
    values: Values, kinds: Mapping[str, str], one: Source
) -> Iterator[tuple[str, FieldValue]]:
    written = {"supplier": _SENDER, "customer": _RECEIVER}.get(one.role, frozenset())
    ordered = {"supplier": _RECEIVER, "customer": _SENDER}.get(one.role, frozenset())
    for path, value in values:
        label, kind = label_of(value.rule), kinds.get(path)
        # These are on the paper of who is, or wants to be, the supplier.
        by_place = not label and role_of(value.rule) == one.role
        on_paper = label in written or by_place
        to_whom = kind == _ORDER and label in ordered
        by_name = one.role == "insurer" and has_role(value, one.role)
        if label in one.announced or by_name or to_whom or (on_paper and kind in _OF_SUPPLIERS):
            yield path, value


def _known_in_role(values: Values, anywhere: Values, role: str) -> Iterator[tuple[str, FieldValue]]:
    """Parties that other files call by a role, in files that call nobody so."""
    if not role:
        return
    has = {path for path, _ in values}
    same = names.merged(((v.normal, v.value) for _, v in anywhere), parties=True)
    known = {same[value.normal].label for _, value in values if value.normal in same}
    able = {"", _BESIDE.get(role, "")}
    for path, value in anywhere:
        if path in has or role_of(value.rule) not in able:
            continue
        if same[value.normal].label in known:
            yield path, replace(value, rule=f"{value.rule}; {role} by other files")


def _mentioned(
    catalog: Catalog,
    found: Collection[Entry],
    one: Source,
    values: Values,
    known: Collection[FieldValue],
) -> Iterator[tuple[str, FieldValue]]:
    """Codes and parties that other files state, in files that state none but mention them."""
    has = {path for path, _ in values}
    files = [
        SideFile(entry.path, entry.document_id, entry.kind)
        for entry in found
        if entry.path not in has
        and entry.document_id is not None
        and not may_be_list(entry.path, entry.kind)
    ]
    known = [value for value in known if value.rule not in BRIEF]
    for path, mentioned in filled(catalog, one, {}, files, known).items():
        yield from ((path, value) for value in mentioned)


def _foreign(values: Values) -> Iterator[tuple[str, FieldValue]]:
    by_path: dict[str, list[FieldValue]] = {}
    for path, value in values:
        by_path.setdefault(path, []).append(value)
    for path, found in by_path.items():
        yield from ((path, value) for value in other_sides(found))
