"""Commits to a library: each is whole or nothing, whoever else writes, whenever it is cut short.

Under a claim, the tables are brought to what the last head names; the rows of documents and
passages that are not there yet are added, and those of files put in place of the ones they had;
then a head names the new versions. A content that two writers have read is added by the first one
only; a file that somebody else has changed meanwhile is left to the next look at the folder.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from lsfs.errors import LsfsError, UsageError
from lsfs.index.library import indexes
from lsfs.index.library.batches import MARKS, Batch, Mark, Rows, mark_of
from lsfs.index.library.claims import Claims, Hold, Overtaken
from lsfs.index.library.edits import Edit, changing
from lsfs.index.library.heads import Head
from lsfs.index.library.objects import LibraryUnreachable
from lsfs.index.library.rules import MadeBy
from lsfs.index.library.schema import TABLES, bytes_at, schemas
from lsfs.index.library.tables import Library
from lsfs.index.meaning.embed import Embedder

log = logging.getLogger("lsfs.index.library.writing")

TRIES = 20  # of one commit that others overtake


class Committed(Struct, frozen=True):
    """What came of a commit.

    Attributes:
        head: that readers see now.
        overtaken: files that are to be looked at again: others have changed their rows, or have
            collected what they say.
        added: contents whose rows were added.
    """

    head: Head
    overtaken: int = 0
    added: int = 0


class Writer:
    """Commits of one process.

    Attributes:
        library: what is written to.
        claims: of the library.
        made_by: what rows are made with.
    """

    def __init__(self, library: Library, claims: Claims, made_by: MadeBy) -> None:
        self.library = library
        self.claims = claims
        self.made_by = made_by
        self._tables: dict[str, Any] = {}

    def commit(self, batches: Sequence[Batch]) -> Committed:
        """Take in batches, all at once.

        Raises:
            LibraryUnreachable: the storage fails, or others overtake each try.
        """
        for attempt in range(TRIES):
            try:
                with self.claims.held("commit") as hold:
                    return self._commit(batches, hold)
            except Overtaken as error:
                log.info("a commit is tried again: %s", error)
                time.sleep(random.random() * min(2.0, 0.1 * 2**attempt))  # noqa: S311
        raise LibraryUnreachable(f"{TRIES} commits were overtaken by other writers")

    def _commit(self, batches: Sequence[Batch], hold: Hold) -> Committed:
        edits = self.edits(hold)
        files, lost = self._files(batches, edits)
        added = self._contents(batches, edits)
        if self._put_files(batches, edits["file"], files) or added:
            versions = {name: edit.version for name, edit in edits.items()}
            head = hold.publish(versions, made_by=self.made_by.entered(hold.head).made_by)
        else:
            head = hold.head
        return Committed(head, lost, added)

    def edits(self, hold: Hold) -> dict[str, Edit]:
        """The tables as the last head names them, to be changed."""
        for name in TABLES:
            if name not in self._tables:
                self._tables[name] = self.library.database.open_table(name)
        return {
            name: Edit(self._tables[name], name, hold.head.tables[name], hold.check)
            for name in TABLES
        }

    def _files(self, batches: Sequence[Batch], edits: dict[str, Edit]) -> tuple[set[str], int]:
        """Ids of the files whose rows are to be put, and how many are to be looked at again."""
        before = {id_: mark for batch in batches for id_, mark in batch.before.items()}
        now = _marks(edits["file"].rows(before, ["id", *MARKS]))
        new = _marks(_listed(batches, ["id", *MARKS]))
        wanted = {id_ for id_ in before if now.get(id_) == before[id_] != new.get(id_)}
        others = {id_ for id_ in before if now.get(id_) not in (before[id_], new.get(id_))}
        kept = self._without_document(batches, edits["document"], wanted)
        kept |= self._without_bytes(batches, edits["file"], wanted)
        return wanted - kept, len(others) + len(kept)

    def _without_document(self, batches: Sequence[Batch], edit: Edit, wanted: set[str]) -> set[str]:
        """Files whose document is neither there nor comes along: it was collected meanwhile."""
        coming = {id_ for batch in batches for id_ in batch.contents}
        needed = {
            row["id"]: row["document"]
            for row in _listed(batches, ["id", "document"])
            if row["id"] in wanted and row["document"] and row["document"] not in coming
        }
        there = {row["id"] for row in edit.rows(set(needed.values()), ["id"])}
        return {id_ for id_, document in needed.items() if document not in there}

    def _without_bytes(self, batches: Sequence[Batch], edit: Edit, wanted: set[str]) -> set[str]:
        """Files whose bytes were there when they were read, and may have been taken away since."""
        lent = {digest for batch in batches for digest in batch.lent}
        files = {
            row["id"]: row["digest"]
            for row in _listed(batches, ["id", "digest"])
            if row["id"] in wanted and row["digest"] in lent
        }
        rows = edit.rows(set(files.values()), ["digest"], key="digest")
        there = {row["digest"] for row in rows}
        objects = self.library.objects
        gone = {
            digest
            for digest in set(files.values()) - there
            if objects.size(bytes_at(digest)) is None
        }
        return {id_ for id_, digest in files.items() if digest in gone}

    def _contents(self, batches: Sequence[Batch], edits: dict[str, Edit]) -> int:
        """Add documents and passages that are not there, or were made by older rules."""
        ids = {id_ for batch in batches for id_ in batch.contents}
        rows = edits["document"].rows(ids, ["id", "parser", "parser_version", "rules"])
        old = {row["id"] for row in rows if not self.made_by.is_current(row)}
        known = {row["id"] for row in rows} - old
        added = len(ids - known)
        whole: list[Batch] = []  # all of their rows go in
        apart: list[Batch] = []  # fragments with rows that are there, or come twice
        for batch in batches:
            if not batch.contents & known:
                whole.append(batch)
            elif batch.documents.table is not None:
                whole.append(_only(batch, batch.contents - known))
            else:
                apart.append(batch)
            known = known | batch.contents
        for name, edit in (("passage", edits["passage"]), ("document", edits["document"])):
            edit.delete(old)
            _put(edit, [_rows(batch, name) for batch in whole])
            for batch in apart:  # equal contents have equal rows: the later ones may stand
                edit.delete(batch.contents)
                _put(edit, [_rows(batch, name)])
        return added

    def _put_files(self, batches: Sequence[Batch], edit: Edit, ids: set[str]) -> bool:
        import pyarrow as pa
        import pyarrow.compute as pc

        edit.delete({
            id_
            for batch in batches
            for id_, mark in batch.before.items()
            if mark is not None and id_ in ids
        })  # fmt: skip
        rows = pa.concat_tables([batch.files for batch in batches])
        edit.add(rows.filter(pc.is_in(rows["id"], pa.array(sorted(ids), pa.string()))))
        return bool(ids)


def _marks(rows: Iterable[dict[str, Any]]) -> dict[str, Mark]:
    return {row["id"]: mark_of(row) for row in rows}


def _listed(batches: Sequence[Batch], columns: list[str]) -> Iterable[dict[str, Any]]:
    for batch in batches:
        yield from batch.files.select(columns).to_pylist()


def _rows(batch: Batch, name: str) -> Rows:
    return batch.documents if name == "document" else batch.passages


def _put(edit: Edit, rows: Sequence[Rows]) -> None:
    import pyarrow as pa

    tables = [one.table for one in rows if one.table is not None]
    if tables:
        edit.add(pa.concat_tables(tables))
    edit.append([fragment for one in rows for fragment in one.fragments])


def _only(batch: Batch, contents: frozenset[str]) -> Batch:
    """A batch without the rows of other contents."""
    from msgspec.structs import replace

    return replace(
        batch,
        contents=contents,
        documents=Rows(_of(batch.documents.table, "id", contents)),
        passages=Rows(_of(batch.passages.table, "document", contents)),
    )


def _of(table: Any, column: str, ids: Iterable[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return table.filter(pc.is_in(table[column], pa.array(sorted(ids), pa.string())))


def opened(library: Library, embedder: Embedder | None, made_by: MadeBy) -> Head:
    """The head of a library that is written to, which is made if there is none.

    Raises:
        UsageError: its vectors are of another model, or its rows of a newer lsfs.
    """
    head = library.heads.last()
    name, dimension = (embedder.name, embedder.dimension) if embedder else ("", 0)
    if head is None:
        head = _made(library, Head(1, {}, name, dimension, made_by.values(), changed=1))
    if (head.embedder, head.dimension) != (name, dimension):
        raise UsageError(
            f"the library's vectors are made by {head.embedder or 'no model'}, "
            f"and the settings name {name or 'none'}",
            hint="set model.embed to the model of the library",
        )
    made_by.check(head)
    return head


def _made(library: Library, first: Head) -> Head:
    """The first head of a library, or that of another writer who was quicker."""
    versions = {}
    for name, schema in schemas(first.dimension).items():
        versions[name] = _made_table(library.database, name, schema)
    from msgspec.structs import replace

    library.heads.add(replace(first, tables=versions))
    head = library.heads.last()
    if head is None:
        raise LsfsError("the library went away while it was made")
    return head


def _made_table(database: Any, name: str, schema: Any) -> int:
    """The version of an empty table of this name, made by this writer or another one."""
    try:
        table = database.create_table(name, schema=schema)
    except (ValueError, RuntimeError, OSError) as error:  # it is there: by another, or cut short
        log.info("%s: %s", name, error)
        table = database.open_table(name)
        if table.schema != schema or table.count_rows():
            table = database.create_table(name, schema=schema, mode="overwrite")
    if name == "passage":
        _words(table)
    return int(table.version)


def _words(table: Any) -> None:
    """Make the indexes of words, where another writer may be making them, too."""
    for _ in range(TRIES):
        try:
            with changing():
                return indexes.words(table)
        except Overtaken as error:
            log.info("%s: %s", table.name, error)
            time.sleep(random.random())  # noqa: S311
            table.checkout_latest()
    raise LibraryUnreachable(f"{TRIES} tries to make a library were overtaken by other writers")
