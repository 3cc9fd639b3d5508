"""Files by what they are: date, type, author, folder, kind, language, size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.index.facts.dates import fold
from lsfs.index.facts.writers import author_of
from lsfs.index.fields.bylines import BYLINE
from lsfs.index.fields.forms import party_key
from lsfs.index.find.filters import type_of
from lsfs.index.find.scope import Entry
from lsfs.index.groups.grouped import FileGroup, GroupedFile
from lsfs.index.groups.languages import language_of
from lsfs.index.groups.names import merged
from lsfs.index.store.catalog import Catalog
from lsfs.model import FieldValue

PARTS = ("year", "quarter", "month", "week", "day")
MONTH_DAYS = 31  # a date that is less exact belongs to its year only
_SIZES = (
    (0, "empty"), (10 << 10, "up to 10 KiB"), (100 << 10, "10 to 100 KiB"),
    (1 << 20, "100 KiB to 1 MiB"), (10 << 20, "1 to 10 MiB"), (100 << 20, "10 to 100 MiB"),
    (1 << 62, "more than 100 MiB"),
)  # fmt: skip
_MARKS = 900  # values in one statement; SQLite takes a thousand in its oldest builds


class Placed(Struct, frozen=True):
    """A file in a group of this label."""

    label: str
    file: GroupedFile


Grouper = Callable[[Catalog, Sequence[Entry], str], Iterator[Placed]]


def grouped(placed: Iterable[Placed], *, in_order: bool = False) -> list[FileGroup]:
    """Groups of the placed files: the largest first, or in order of their labels."""
    by_label: dict[str, list[GroupedFile]] = {}
    for one in placed:
        by_label.setdefault(one.label, []).append(one.file)
    groups = [FileGroup.of(label, files) for label, files in by_label.items()]
    return sorted(groups, key=lambda g: g.label if in_order else (-g.count, g.label))


def period(day: str, day_end: str, part: str) -> str:
    """The year, quarter, month, week or day that a date belongs to; its year if it is vaguer.

    Args:
        day, day_end: ISO days, half open.
    """
    first = date.fromisoformat(day)
    days = (date.fromisoformat(day_end) - first).days
    if part == "year" or days > MONTH_DAYS:
        return f"{first.year:04d}"
    if part == "quarter":
        return f"{first.year:04d}-Q{(first.month + 2) // 3}"
    if part == "month" or days > 1:
        return f"{first.year:04d}-{first.month:02d}"
    if part == "week":
        iso = first.isocalendar()
        return f"{iso.year:04d}-W{iso.week:02d}"
    return day


def period_named(word: str) -> str:
    """The part of a date that a word is for: "year", "Monat"; "" for none."""
    return _PERIODS.get(fold(word).removesuffix("s"), "")


def part_of(option: str, default: str) -> str:
    """A part of a date by its name.

    Raises:
        UsageError: there is none of this name.
    """
    part = option or default
    if part not in PARTS:
        raise UsageError(f"no part of a date: {option!r}", hint=f"use one of: {', '.join(PARTS)}")
    return part


def _by_date(catalog: Catalog, found: Sequence[Entry], option: str) -> Iterator[Placed]:
    part = part_of(option, "year")
    places = _dating(catalog, [entry for entry in found if entry.day])
    for entry in found:
        if entry.day:
            file = places.get(entry.id) or GroupedFile(entry.path, "the date of the document")
            yield Placed(period(entry.day, entry.day_end, part), file)


def _dating(catalog: Catalog, dated: Sequence[Entry]) -> dict[int, GroupedFile]:
    """Where each file states its own date."""
    paths = {entry.id: entry.path for entry in dated}
    found: dict[int, GroupedFile] = {}
    for first in range(0, len(dated), _MARKS):
        ids = [entry.id for entry in dated[first : first + _MARKS]]
        marks = ", ".join("?" * len(ids))
        with catalog.lock:
            rows = catalog.db.execute(
                "SELECT f.id, c.kind, c.words, c.char_start, c.char_end, p.page, p.place "  # noqa: S608
                "FROM file f JOIN content_date c ON c.file_id = f.id AND c.day = f.day "
                "LEFT JOIN passage p ON p.document_id = f.document_id "
                "AND p.char_start <= c.char_start AND p.char_end > c.char_start "
                f"WHERE f.id IN ({marks}) ORDER BY f.id, c.ordinal",
                ids,
            ).fetchall()
        for id_, kind, words, start, end, page, place in rows:
            file = GroupedFile(paths[id_], f"{kind} date", words, page, None, start, end,
                               (place or "") if start >= 0 else "")  # fmt: skip
            found.setdefault(id_, file)
    return found


def _by_change(catalog: Catalog, found: Sequence[Entry], option: str) -> Iterator[Placed]:
    part = part_of(option, "year")
    for entry in found:
        day = datetime.fromtimestamp(entry.mtime_ns / 1e9, UTC).date()
        end = date.fromordinal(day.toordinal() + 1).isoformat()
        label = period(day.isoformat(), end, part)
        yield Placed(label, GroupedFile(entry.path, f"changed on {day.isoformat()}"))


def _by_type(catalog: Catalog, found: Sequence[Entry], option: str) -> Iterator[Placed]:
    for entry in found:
        if entry.suffix:
            file = GroupedFile(entry.path, f"ending .{entry.suffix}")
            yield Placed(type_of(entry.suffix), file)


def _by_author(catalog: Catalog, found: Sequence[Entry], option: str) -> Iterator[Placed]:
    """By the name in the properties, else by what the text says of who wrote it."""
    stated = _writers(catalog)
    placed = []
    for entry in found:
        author = author_of(entry.author)
        if author:
            file = GroupedFile(entry.path, "author in the document's properties")
            placed.append((author, file))
        for one in () if author else stated.get(entry.path, ()):
            file = GroupedFile(
                entry.path, one.rule, one.value, one.page, one.line, one.char_start, one.char_end,
                one.where, one.confidence,
            )  # fmt: skip
            placed.append((one.value, file))
    same = merged(((party_key(author), author) for author, _ in placed), parties=True)
    for author, file in placed:
        yield Placed(same[party_key(author)].label, file)


def _writers(catalog: Catalog) -> dict[str, list[FieldValue]]:
    """Who wrote each file by its own words: who are named as such, else who signed it."""
    signed = {
        row.path: [row.field] for row in catalog.fields("party") if row.field.rule == "signature"
    }
    named: dict[str, list[FieldValue]] = {}
    for row in catalog.fields("author"):  # the surest of a file comes first
        first = named.setdefault(row.path, [row.field])[0]
        if row.field is not first and row.field.rule == first.rule == BYLINE:
            named[row.path].append(row.field)
    return signed | named


def _by_folder(catalog: Catalog, found: Sequence[Entry], option: str) -> Iterator[Placed]:
    try:
        depth = int(option or 1)
    except ValueError:
        depth = 0
    if depth < 1:
        raise UsageError(f"not a depth of folders: {option!r}", hint="for example: folder:2")
    for entry in found:
        folders = entry.path.split("/")[:-1]
        label = "/".join(folders[:depth]) or "."
        yield Placed(label, GroupedFile(entry.path, f"in {'/'.join(folders) or 'the top folder'}"))


def _by_kind(catalog: Catalog, found: Sequence[Entry], option: str) -> Iterator[Placed]:
    for entry in found:
        if entry.kind:
            yield Placed(entry.kind, GroupedFile(entry.path, entry.kind_reason))
        if entry.kind != "email" and type_of(entry.suffix) == "email":  # an invoice by mail
            yield Placed("email", GroupedFile(entry.path, f"ending .{entry.suffix}"))


def _by_language(catalog: Catalog, found: Sequence[Entry], option: str) -> Iterator[Placed]:
    with catalog.lock:
        first = dict(
            catalog.db.execute("SELECT document_id, text FROM passage WHERE ordinal = 0").fetchall()
        )
    known: dict[int, tuple[str, int]] = {}
    for entry in found:
        document = entry.document_id
        if document is None or document not in first:
            continue
        if document not in known:
            known[document] = language_of(first[document])
        language, words = known[document]
        if language:
            yield Placed(language, GroupedFile(entry.path, f"{words} of its words or letters"))


def _by_size(catalog: Catalog, found: Sequence[Entry], option: str) -> Iterator[Placed]:
    for entry in found:
        label = next(name for most, name in _SIZES if entry.size <= most)
        yield Placed(label, GroupedFile(entry.path, f"{entry.size} bytes"))


class Attribute(Struct, frozen=True):
    """A way to group by what a file is.

    Attributes:
        unread: whether files without a document have it too.
        in_order: groups in order of their labels instead of their sizes.
        missing: what is said of files that do not have it.
    """

    placed: Grouper
    unread: bool = False
    in_order: bool = False
    missing: str = ""


_PERIODS = {
    word.removesuffix("s"): part
    for part, words in {
        "year": "year jahr annee ano anno", "quarter": "quarter quartal trimestre",
        "month": "month monat mois mes mese", "week": "week woche semaine semana settimana",
        "day": "day tag jour dia giorno",
    }.items()
    for word in words.split()
}  # fmt: skip

ATTRIBUTES = {
    "date": Attribute(
        _by_date, in_order=True, missing="state no date of their own (by time of change: changed)"
    ),
    "changed": Attribute(_by_change, unread=True, in_order=True),
    "type": Attribute(_by_type, unread=True, missing="have no ending"),
    "author": Attribute(_by_author, missing="name no author"),
    "folder": Attribute(_by_folder, unread=True, in_order=True),
    "kind": Attribute(_by_kind, missing="are of no kind that is known"),
    "language": Attribute(_by_language, missing="have too little text to tell"),
    "size": Attribute(_by_size, unread=True),
}


def by_attribute(
    catalog: Catalog, found: Sequence[Entry], key: str, option: str
) -> list[FileGroup]:
    """Groups by one of :data:`ATTRIBUTES`.

    Args:
        option: what stands behind the key: a part of a date, a depth of folders.

    Raises:
        UsageError: the option is none of this key's.
    """
    attribute = ATTRIBUTES[key]
    if option and key not in ("date", "changed", "folder"):
        raise UsageError(f"{key} takes no {option!r}", hint=f"group by {key} alone")
    groups = grouped(attribute.placed(catalog, found, option), in_order=attribute.in_order)
    if key == "size":
        order = [name for _, name in _SIZES]
        groups.sort(key=lambda group: order.index(group.label))
    return groups
