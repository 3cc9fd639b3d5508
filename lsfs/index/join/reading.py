"""The values of a source in a set of files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lsfs.index.facts import greeted
from lsfs.index.facts.names import likeness, name_of
from lsfs.index.fields import undefined
from lsfs.index.fields.definitions import Definitions
from lsfs.index.fields.homes import homes
from lsfs.index.fields.meant import (
    Source,
    has_role,
    label_of,
    other_sides,
    role_of,
    source,
    without_signers,
)
from lsfs.index.join.lists import List, Row, file_of, is_list, may_be_list
from lsfs.index.store import stated
from lsfs.index.store.catalog import Catalog
from lsfs.model import FieldValue

OWN_SHARE = 0.5  # of the files with two parties and more: who stands in so many has the drive
OWN_FILES = 5  # and in at least so many
SHOWN_HEADS = 12  # columns of a list that are named
TITLE = frozenset(("title", "titel", "titre", "titulo", "titolo"))  # labels, as looked up
_ONE_VALUE = ("amount", "date", "duration")  # of these only the surest reading counts


UNREAD = 0  # in place of a document, where a file gave none


class SideFile(Struct, frozen=True):
    """A file of one side of a join, or of what is added up; or a row of a list.

    Attributes:
        path: of the file; of a row what stands for it, see lsfs.index.join.lists.
        document_id: what it says; :data:`UNREAD` of a file that is only counted.
    """

    path: str
    document_id: int
    kind: str = ""
    day: str = ""
    row: Row | None = None

    @property
    def file(self) -> str:
        """The path of the file, or of the list that it is a row of."""
        return file_of(self.path)

    @property
    def place(self) -> str:
        """Where a row stands in its list; "" for a file."""
        return self.row.place if self.row else ""


def with_rows(
    catalog: Catalog, files: Sequence[SideFile], known: Definitions
) -> tuple[list[SideFile], list[str]]:
    """Files, in place of each list its rows; and what is to be said of the lists."""
    found: list[SideFile] = []
    notes = []
    for file in files:
        if not may_be_list(file.path, file.kind):
            found.append(file)
            continue
        document = catalog.load(file.document_id)
        if not is_list(document, file.kind):
            found.append(file)
            continue
        one = List(file.path, document, known)
        found += [_of_row(file, row, known) for row in one.rows] or [file]
        if one.rows:
            heads = ", ".join(filter(None, one.rows[0].heads[:SHOWN_HEADS]))
            notes.append(f"{file.path}: each of its {len(one.rows)} rows by itself ({heads})")
        if one.sums:
            notes.append(f"{file.path}: rows that add up others were left out ({one.sums})")
        if one.total > len(one.rows):
            notes.append(f"{file.path}: {one.total - len(one.rows)} more rows were left out")
    return found, notes


def _of_row(file: SideFile, row: Row, known: Definitions) -> SideFile:
    days = row.values(source("date", known)).get("date", ())
    return replace(file, path=row.unit, row=row, day=days[0].normal if days else "")


Values = dict[str, list[FieldValue]]  # by path, the surest first


def values_of(
    catalog: Catalog,
    one: Source,
    files: Sequence[SideFile],
    own: Sequence[str] = (),
    *,
    surest: bool = True,
) -> Values:
    """What files state of a source; those that state nothing are left out.

    Args:
        own: names of the drive's owner, which are no counterparty.
        surest: of amounts, dates and durations only the surest.
    """
    rows = {file.path: file.row for file in files if file.row}
    of_rows = {
        unit: values
        for unit, row in rows.items()
        if (values := _chosen(one, row.values(one), own, surest=surest))
    }
    if rows:
        files = [file for file in files if not file.row]
    return _of_files(catalog, one, files, own, surest=surest) | of_rows


def _of_files(
    catalog: Catalog, one: Source, files: Sequence[SideFile], own: Sequence[str], *, surest: bool
) -> Values:
    if one.label:
        documents = {file.document_id for file in files}
        read = dict(undefined.seek(catalog, one, documents))
        if one.label in TITLE:
            read = _titles(catalog, documents) | {
                id_: found for id_, found in read.items() if found
            }
        return {file.path: read[file.document_id] for file in files if read.get(file.document_id)}
    wanted = {file.path for file in files}
    found: dict[str, dict[str, list[FieldValue]]] = {}
    for name in one.names:
        stated_anywhere = [(value.path, value.field) for value in catalog.fields(name)]
        for path, field in _in_full(stated_anywhere) if one.type == "party" else stated_anywhere:
            if path in wanted:
                found.setdefault(path, {}).setdefault(name, []).append(field)
    if one.type == "amount":
        _in_homes(catalog, files, found)
    if one.names == ("date",):
        found |= _own_dates(catalog, {path for path in wanted if path not in found})
    chosen = {path: _chosen(one, by_name, own, surest=surest) for path, by_name in found.items()}
    return {path: values for path, values in chosen.items() if values}


def _in_homes(
    catalog: Catalog, files: Sequence[SideFile], found: dict[str, dict[str, list[FieldValue]]]
) -> None:
    """Give amounts the currency of the drive where their papers do not tell one."""
    known = homes(catalog)
    documents = {file.path: file.document_id for file in files}
    for path, by_name in found.items():
        for name, values in by_name.items():
            by_name[name] = [known.told(catalog, documents[path], value) for value in values]


def _in_full(values: greeted.Values) -> greeted.Values:
    """Parties, with the whole name of who is greeted by one of several."""
    written = {value.normal: value.value for _, value in values}
    return [
        (path, replace(value, value=written.get(value.normal, value.value)))
        if value.rule in greeted.BRIEF
        else (path, value)
        for path, value in greeted.in_full(values)
    ]


def parties_anywhere(catalog: Catalog, one: Source, own: Sequence[str]) -> Iterator[FieldValue]:
    """What all files state of a source of parties; of a role only who is told to have it."""
    by_path: dict[str, list[FieldValue]] = {}
    for stated_there in catalog.fields("party"):
        by_path.setdefault(stated_there.path, []).append(stated_there.field)
    for values in by_path.values():
        for value in _chosen(one, {"party": values}, own, surest=False):
            told = not one.role or has_role(value, one.role)
            if told and value.rule not in greeted.BRIEF:
                yield value


def _titles(catalog: Catalog, documents: Collection[int]) -> dict[int, list[FieldValue]]:
    """The titles of documents, which need not call them so."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT d.id, d.title, p.text, p.page, p.place FROM document d JOIN passage p "
            "ON p.document_id = d.id AND p.ordinal = 0 WHERE d.title <> ''"
        ).fetchall()
    found = {}
    for id_, title, text, page, place in rows:
        if id_ in documents:
            at = max(text.find(title), 0)
            normal = " ".join(title.casefold().split())
            found[id_] = [
                FieldValue("title", title, normal, at, at + len(title), page, None, place,
                           "title of the document", 0.9)
            ]  # fmt: skip
    return found


def _chosen(
    one: Source, by_name: dict[str, list[FieldValue]], own: Sequence[str], *, surest: bool
) -> list[FieldValue]:
    names = [name for name in one.fields if name in by_name]
    values = [value for name in (names[:1] if one.first else names) for value in by_name[name]]
    if one.type == "party":
        values = without_signers(values)
    if one.announced:
        told = [value for value in values if _announced(value, one)]
        # Who has the drive is in all papers, whatever the role.
        values = told or _without(own, [v for v in values if not role_of(v.rule)])
    if one.foreign:
        values = other_sides(_without(own, values))
    if surest and one.type in _ONE_VALUE and values:
        most = max(value.confidence for value in values)
        values = [value for value in values if value.confidence == most]
    return sorted(values, key=lambda value: (-value.confidence, value.char_start))


def _without(own: Sequence[str], values: Sequence[FieldValue]) -> list[FieldValue]:
    mine = [name_of(name) for name in own]
    return [
        value
        for value in values
        if not any(likeness(name_of(value.value), name)[0] >= 0.9 for name in mine)
    ]


def _announced(value: FieldValue, one: Source) -> bool:
    return has_role(value, one.role) if one.role else label_of(value.rule) in one.announced


def _own_dates(catalog: Catalog, wanted: Collection[str]) -> dict[str, dict[str, list[FieldValue]]]:
    """The own dates of files that state none as a field: of a letter, of a payment."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT f.path, f.day, c.words, c.char_start, c.char_end, p.page, p.place FROM file f "
            "JOIN content_date c ON c.file_id = f.id AND c.day = f.day AND c.char_start >= 0 "
            "JOIN passage p ON p.document_id = f.document_id AND p.char_start <= c.char_start "
            "AND p.char_end > c.char_start WHERE f.day <> '' ORDER BY f.path, c.ordinal DESC"
        ).fetchall()
    found = {}
    for raw, day, words, start, end, page, place in rows:  # the strongest of a file comes last
        path = os.fsdecode(raw)
        if path in wanted:
            value = FieldValue("date", words, day, start, end, page, None, place, "own date", 0.6)
            found[path] = {"date": [value]}
    return found


def own_names(catalog: Catalog) -> list[str]:
    """The names that stand in most files that name two parties: whose drive it is."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT v.document_id, v.normal, min(v.value) FROM field v "
            "WHERE v.name = 'party' AND v.rule <> ? "
            "AND v.document_id IN (SELECT document_id FROM file) "
            "GROUP BY v.document_id, v.normal",
            (stated.MODEL,),
        ).fetchall()
    per_document = Counter(document for document, _, _ in rows)
    several = {document for document, count in per_document.items() if count > 1}
    written = {normal: value for _, normal, value in reversed(rows)}
    holders: dict[str, set[int]] = {}
    for document, normal, _ in rows:
        if document in several:
            holders.setdefault(normal, set()).add(document)
    least = max(OWN_FILES, OWN_SHARE * len(several))
    own = sorted(name for name, found in holders.items() if len(found) >= least)
    if not own:  # two spellings may share the files; where one has them this is another firm
        for name, *longer in _by_beginning(holders):
            if len(holders[name].union(*(holders[one] for one in longer))) >= least:
                own += [name, *(one for one in longer if len(holders[one]) >= OWN_FILES)]
    return [written[name] for name in own]


def _by_beginning(names: Collection[str]) -> list[list[str]]:
    """Names that begin with the words of another one behind it: on its paper a firm says more."""
    found: list[list[str]] = []
    for name in sorted(names):  # what begins with a name follows it
        if found and " " in found[-1][0] and name.startswith(f"{found[-1][0]} "):
            found[-1].append(name)
        else:
            found.append([name])
    return found
