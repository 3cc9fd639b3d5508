"""Files by what they state: the values of a field, equal ones together whatever their spelling."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from lsfs.index import stated
from lsfs.index.catalog import Catalog
from lsfs.index.dates import fold
from lsfs.index.fields.definitions import Definitions, label_key, words_of
from lsfs.index.fields.extract import placed
from lsfs.index.fields.forms import Form, Reader
from lsfs.index.fields.labels import Found, labelled
from lsfs.index.groups import names
from lsfs.index.groups.attributes import Placed, grouped, part_of, period
from lsfs.index.groups.grouped import FileGroup, GroupedFile
from lsfs.index.groups.meanings import Meaning, role_pattern, sought
from lsfs.index.groups.scope import Entry, by_document
from lsfs.model import Block, BlockKind, Document, FieldValue, Table
from lsfs.places import Places

VERSION = 1  # raise when the rules of undefined fields change: files are then read for them anew
RULES = f"rules {VERSION}"
LONGEST = 80  # characters of a value
MOST_VALUES = 200  # of one field in one document
_ONE_VALUE = ("date", "amount", "duration")  # a document has one; further ones are read by mistake
_OWN_SHARE = 0.6  # of the files: who is a party in so many is the owner of the drive
_OWN_FILES = 4
_VALUE_END = re.compile(r"\s*(?:[;|\t]|\.(?:\s|\Z)|\s[\u2013\u2014-]\s)")
_REMARK = r"[^\S\n]*(?:\([^()\n]{0,40}\))?[^\S\n]*"
_ANNOUNCED = re.compile(r"(?:label|row|below): (.*)")

Values = list[tuple[str, FieldValue]]


def by_meaning(
    catalog: Catalog, found: Collection[Entry], meaning: Meaning, option: str, *, model: bool
) -> tuple[list[FileGroup], str]:
    """Groups by the values of a field, and whose side was left out.

    Args:
        option: of a field of dates: year, quarter, month, week or day.
        model: the values of the language model, too.

    Raises:
        UsageError: no part of a date.
    """
    paths = {entry.path for entry in found}
    stated_anywhere = [(one.path, one.field) for one in catalog.fields(meaning.field, model=model)]
    values = [(path, value) for path, value in stated_anywhere if path in paths]
    if meaning.roles:
        values = list(_in_role(catalog, values, found, meaning.roles))
    if meaning.type in _ONE_VALUE:
        values = list({path: (path, value) for path, value in reversed(values)}.values())
    own = _own(stated_anywhere) if meaning.other_side else set()
    others = {path for path, value in values if value.normal not in own}
    values = [(path, v) for path, v in values if v.normal not in own or path not in others]
    if meaning.type == "date":
        part = part_of(option, "month")
        return grouped(_by_period(values, part), in_order=True), ""
    same = _names(values, meaning.type)
    told = {value.value for path, value in stated_anywhere if path in paths & others
            and value.normal in own}  # fmt: skip
    return _by_value(values, same), ", ".join(sorted(told)[:1])


def _by_period(values: Values, part: str) -> Iterator[Placed]:
    for path, value in values:
        day = date.fromisoformat(value.normal)
        label = period(value.normal, (day + timedelta(days=1)).isoformat(), part)
        yield Placed(label, _file(path, value))


def _names(values: Values, type_: str) -> Mapping[str, names.Name]:
    """What each normal form is called."""
    if type_ in ("party", "text"):
        return names.merged((value.normal, value.value) for _, value in values)
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
    catalog: Catalog, values: Values, found: Collection[Entry], roles: frozenset[str]
) -> Iterator[tuple[str, FieldValue]]:
    """Parties that a file calls by one of the roles, before their name or right behind it."""
    entries = {entry.path: entry for entry in found}
    behind = role_pattern(roles)
    for path, value in values:
        announced = _ANNOUNCED.match(value.rule)
        if announced:
            if announced[1] in roles:
                yield path, value
        elif value.rule != "letterhead":
            after = _text_after(catalog, entries[path].document_id, value.char_end)
            if behind.match(after.casefold()):
                yield path, value
        elif "issued by" in roles and entries[path].kind == "invoice":
            yield path, value  # an invoice is on the paper of who wrote it


def _text_after(catalog: Catalog, document_id: int | None, end: int) -> str:
    with catalog.lock:
        row = catalog.db.execute(
            "SELECT substr(text, ? - char_start + 1, 80) FROM passage WHERE document_id = ? "
            "AND char_start <= ? AND char_end >= ?",
            (end, document_id, end, end),
        ).fetchone()
    return str(row[0]) if row else ""


# --- fields that nobody defined


def seek(
    catalog: Catalog, meaning: Meaning, found: Collection[Entry]
) -> Iterator[tuple[int, list[FieldValue]]]:
    """Read files for a field that they were not read for, as far as that was not done before.

    Only documents that hold one of its labels or codes are looked at.

    Yields:
        each document that was looked at, and what it states; store it with :func:`keep`.
    """
    known = sought(meaning)
    documents = _likely(catalog, known, meaning) & by_document(found).keys()
    documents -= known_documents(catalog, meaning.field, RULES)
    for document_id in sorted(documents):
        yield document_id, values_in(catalog.load(document_id), known, meaning)


def known_documents(catalog: Catalog, field: str, rule: str) -> set[int]:
    """Documents that were read for a field in this way."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT document_id FROM sought WHERE name = ? AND rule = ?", (field, rule)
        ).fetchall()
    return {row[0] for row in rows}


def keep(
    catalog: Catalog, field: str, rule: str, read: Sequence[tuple[int, list[FieldValue]]]
) -> None:
    """Store what documents state, and that they were read for it."""
    with catalog.transaction() as db:
        for document_id, values in read:
            stated.add(db, document_id, values)
            db.execute("INSERT OR IGNORE INTO sought VALUES (?, ?, ?)", (document_id, field, rule))


def values_in(document: Document, known: Definitions, meaning: Meaning) -> list[FieldValue]:
    """The values of a field that nobody defined: behind labels, in columns of tables, as codes."""
    reader = Reader(document.text, ())
    heads = [_head(block) for block, _ in _headed(document, known)]
    found = [
        one
        for one in labelled(document, known, reader)
        if not any(start <= one.form.start < end for start, end in heads)
    ]
    found += _columns(document, known)
    pattern = known.fields[meaning.field].pattern
    if pattern:
        for match in re.finditer(pattern, document.text):
            normal = re.sub(r"[\s_/]", "-", match[0]).casefold()
            found.append(Found(meaning.field, Form(*match.span(), normal), "code", 0.8))
    places = Places(document)
    kept: dict[tuple[str, int], FieldValue] = {}
    for one in sorted(found, key=lambda one: (-one.confidence, one.form.start)):
        short = _short(document.text, one)
        if short is not None and len(kept) < MOST_VALUES:
            value = placed(short, document.text, places)
            kept.setdefault((value.name, value.char_start), value)
    return _once(kept.values())


def _once(values: Iterable[FieldValue]) -> list[FieldValue]:
    """Each value by its surest place; a code within a longer value is that value."""
    by_normal: dict[str, FieldValue] = {}
    taken: list[tuple[int, int]] = []
    for value in values:
        inside = any(a <= value.char_start and value.char_end <= b for a, b in taken)
        if value.normal not in by_normal and not (inside and value.rule == "code"):
            by_normal[value.normal] = value
        taken.append((value.char_start, value.char_end))
    return list(by_normal.values())


def _columns(document: Document, known: Definitions) -> Iterator[Found]:
    """Values below a head that names the field, one for each row."""
    for block, table in _headed(document, known):
        named = [known.labels.get(label_key(words_of(cell))) for cell in table.rows[0]]
        at = _head(block)[1]
        for row in table.rows[1:]:
            for name, cell in zip(named, row, strict=False):
                place = document.text.find(cell, at, block.char_end) if cell else -1
                if place < 0:
                    continue
                at = place + len(cell)
                if name:
                    normal = " ".join(cell.casefold().split())
                    yield Found(name, Form(place, at, normal), "column", 0.9)


def _headed(document: Document, known: Definitions) -> Iterator[tuple[Block, Table]]:
    """Tables whose first row names the field; not forms of labels on the left."""
    blocks = [block for block in document.blocks if block.kind is BlockKind.TABLE]
    for block, table in zip(blocks, document.tables, strict=False):
        if len(table.rows) < 2 or (not table.header_rows and len(table.rows[0]) < 3):
            continue
        if any(label_key(words_of(cell)) in known.labels for cell in table.rows[0]):
            yield block, table


def _head(block: Block) -> tuple[int, int]:
    """Where the first row of a table stands in the text."""
    return block.char_start, block.char_start + len(block.text.split("\n", 1)[0])


def _short(text: str, one: Found) -> Found | None:
    """A value up to where something else is said; None for a sentence."""
    if one.rule == "code":
        return one
    written = text[one.form.start : one.form.end]
    stop = _VALUE_END.search(written, 1)
    written = written[: stop.start()] if stop else written
    written = written.rstrip(" .,*_")
    if not written or len(written) > LONGEST:
        return None
    normal = " ".join(written.casefold().split())
    return replace(one, form=Form(one.form.start, one.form.start + len(written), normal))


def _likely(catalog: Catalog, known: Definitions, meaning: Meaning) -> set[int]:
    """Documents in whose text a label is set apart, or a code stands."""
    pattern = known.fields[meaning.field].pattern
    labels = [r"[\W_]+".join(map(re.escape, label.split())) for label in known.labels]
    apart = re.compile(rf"\b(?:{'|'.join(labels)})s?\b{_REMARK}(?:[:\uff1a|\t\n]|\Z|  )")
    phrases = [f'"{label}"' for label in known.labels]
    prefixes = re.findall(r"[A-Z]+", pattern.partition(")[-_")[0])
    match = " OR ".join([*phrases, *(f"{prefix.lower()}*" for prefix in prefixes)])
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT p.document_id, p.text FROM passage_fts "
            "CROSS JOIN passage p ON p.id = passage_fts.rowid WHERE passage_fts MATCH ?",
            (f"text : ({match})",),
        ).fetchall()
    code = re.compile(pattern or r"(?!)")
    return {id_ for id_, text in rows if code.search(text) or apart.search(fold(text))}
