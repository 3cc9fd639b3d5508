"""Mending a library: what is there twice is there once, what cannot be true goes, and is made anew.

Nothing is lost by it. Tables and indexes are made of the bytes of files; what is taken out of them,
or is not right, is marked in the rows of its files, and the next time that their folder is put into
the library they are read again. All is done under one claim, and seen at once or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from blake3 import blake3
from msgspec.structs import replace

from lsfs.index.library import damage, indexes, schema
from lsfs.index.library.check import Look, Progress, looked
from lsfs.index.library.claims import Hold, Overtaken
from lsfs.index.library.edits import Edit, changing
from lsfs.index.library.objects import LibraryUnreachable
from lsfs.index.library.told import LibraryReport
from lsfs.index.library.writing import TRIES, Writer
from lsfs.model import Status

# Documents that are made again rather than mended.
_SPOILT = (
    damage.DOCUMENT_ID, damage.UNREADABLE, damage.NO_VECTOR, damage.OTHER_TEXT,
    damage.OTHER_PASSAGES,
)  # fmt: skip
_DEEP = (damage.UNREADABLE, damage.OTHER_TEXT, damage.OTHER_BYTES)  # what a deep look finds
_AT_ONCE = 200  # documents whose rows are in memory


def repair(
    writer: Writer,
    *,
    deep: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> LibraryReport:
    """Mend a library; gives what was wrong with it.

    Args:
        deep: as for :func:`lsfs.index.library.check.check`.

    Raises:
        LibraryUnreachable: the storage fails, or others overtake each try.
    """
    library = writer.library
    found = looked(library, library.head(), deep=deep, progress=progress)
    if not found.problems:
        return found.report()
    for _ in range(TRIES):
        try:
            with writer.claims.held("repair") as hold:
                return _Repair(writer, hold, found, progress).run()
        except Overtaken:
            continue
    raise LibraryUnreachable(f"{TRIES} repairs were overtaken by other writers")


class _Repair:
    """Mends what was found before the claim was had, as far as it is there still."""

    def __init__(self, writer: Writer, hold: Hold, found: Look, progress: Progress) -> None:
        self._writer = writer
        self._library = writer.library
        self._hold = hold
        now = looked(self._library, hold.head, deep=False, progress=progress)
        for kind in _DEEP:
            now.add(kind, found.problems.get(kind, ()))
        self._found = now
        self._marked: set[str] = set()  # files
        self._sources: set[str] = set()

    def run(self) -> LibraryReport:
        """Do it, and have readers see it."""
        bad = self._found.problems.get(damage.BAD_TABLE)
        if bad == ["file"]:
            return self._found.report()
        versions = self._emptied() if bad else self._mended()
        head = self._hold.head
        self._hold.publish(versions, mended=head.mended + 1)
        wrong = self._of(damage.OTHER_SIZE, damage.OTHER_BYTES)
        for digest in sorted(wrong):  # perhaps nobody has better ones
            self._library.objects.set_aside(schema.bytes_at(digest), schema.damaged_at(digest))
        report = self._found.report()
        return replace(
            report,
            problems=tuple(replace(one, is_mended=True) for one in report.problems),
            marked=len(self._marked),
            sources=tuple(sorted(self._sources)),
        )

    def _of(self, *kinds: str) -> set[str]:
        return {id_ for kind in kinds for id_ in self._found.problems.get(kind, ())}

    # --- tables that cannot be read

    def _emptied(self) -> dict[str, int]:
        """Tables of documents and passages with nothing in them, and all files marked."""
        versions = {}
        schemas = schema.schemas(self._hold.head.dimension)
        for name in ("document", "passage"):
            self._hold.check()
            versions[name] = self._emptied_table(name, schemas[name])
        edit = self._edit("file")
        self._mark(edit, set(edit.column("document")) - {None}, "document", unread=True)
        return {**versions, "file": edit.version}

    def _emptied_table(self, name: str, wanted: Any) -> int:
        database, objects = self._library.database, self._library.objects
        try:
            table = database.create_table(name, schema=wanted, mode="overwrite")
        except (RuntimeError, OSError, ValueError):  # not even that can be read which says what is
            objects.delete([one.path for one in objects.all(f"tables/{name}.lance")])
            with changing():
                table = database.create_table(name, schema=wanted)
        if name == "passage":
            with changing():
                indexes.words(table)
        return int(table.version)

    def _edit(self, name: str) -> Edit:
        table = self._library.database.open_table(name)
        return Edit(table, name, self._hold.head.tables[name], self._hold.check)

    # --- rows that are not right

    def _mended(self) -> dict[str, int]:
        edits = {name: self._edit(name) for name in schema.TABLES}
        for place in self._of(damage.BAD_INDEX):  # first: the rest may be asked of them
            name, _, column = place.partition(".")
            edits[name].maintain(_remaking(name, column))
        spoilt = self._of(*_SPOILT) - self._doubled(edits["passage"])
        for name in ("passage", "document"):
            edits[name].delete(spoilt | self._of(damage.NO_OWNER))
        self._once(edits["document"], self._of(damage.DOCUMENT_TWICE) - spoilt, ("id",))
        self._rekeyed(edits["file"])
        self._mark(edits["file"], spoilt | self._of(damage.NO_DOCUMENT), "document", unread=True)
        lost = self._of(damage.NO_BYTES, damage.OTHER_SIZE, damage.OTHER_BYTES)
        self._mark(edits["file"], lost, "digest", unread=False)
        return {name: edit.version for name, edit in edits.items()}

    def _doubled(self, edit: Edit) -> set[str]:
        """Documents whose passages are right once each of them is there once."""
        owners = self._of(damage.PASSAGE_TWICE)
        self._once(edit, owners, schema.UNIQUE["passage"])
        there: dict[str, list[int]] = {}
        for row in edit.rows(owners, ["document", "ordinal"]):
            there.setdefault(row["document"], []).append(row["ordinal"])
        beside = tuple(kind for kind in _SPOILT if kind != damage.OTHER_PASSAGES)
        return {
            owner
            for owner in owners - self._of(*beside)
            if sorted(there.get(owner, ())) == list(range(self._found.cut.get(owner, -1)))
        }

    def _once(self, edit: Edit, keys: Collection[str], unique: tuple[str, ...]) -> None:
        """Leave one row of each key; rows of one key were made of the same."""
        wanted = sorted(keys)
        for first in range(0, len(wanted), _AT_ONCE):
            some = wanted[first : first + _AT_ONCE]
            rows = edit.table_of(some)
            kept = {tuple(row.values()): n for n, row in enumerate(rows.select(unique).to_pylist())}
            edit.delete(some)
            edit.add(rows.take(sorted(kept.values())))

    def _rekeyed(self, edit: Edit) -> None:
        """One row for each path, under its id."""
        ids = self._of(damage.FILE_ID, damage.FILE_TWICE)
        if not ids:
            return
        rows = edit.table_of(ids).to_pylist()
        right = {blake3(row["path"]).hexdigest(length=16) for row in rows}
        rows += edit.table_of(right - ids).to_pylist()
        latest: dict[bytes, dict[str, Any]] = {}
        for row in sorted(rows, key=lambda row: (row["ctime_ns"], row["mtime_ns"])):
            id_ = blake3(row["path"]).hexdigest(length=16)
            latest[row["path"]] = {**row, "id": id_, "rules": ""}
        edit.delete(ids | right)
        self._put(edit, latest.values())

    def _mark(self, edit: Edit, keys: Collection[str], column: str, *, unread: bool) -> None:
        """Have files looked at again by whoever puts their folder into the library.

        Args:
            column: that has the keys.
            unread: they say nothing until then.
        """
        wanted = sorted(keys)
        for first in range(0, len(wanted), _AT_ONCE):
            some = wanted[first : first + _AT_ONCE]
            rows = edit.table_of(some, column).to_pylist()
            for row in rows:
                row["rules"] = ""
                if unread:
                    row |= {"document": None, "status": Status.PENDING.value, "reason": ""}
            edit.delete({row["id"] for row in rows})
            self._put(edit, rows)

    def _put(self, edit: Edit, rows: Iterable[dict[str, Any]]) -> None:
        import pyarrow as pa

        rows = list(rows)
        self._marked |= {row["id"] for row in rows}
        self._sources |= {row["source"] for row in rows}
        edit.add(pa.Table.from_pylist(rows, schema=schema.file_schema()))


def _remaking(name: str, column: str) -> Callable[[Any], None]:
    return lambda table: indexes.remake(table, name, column)
