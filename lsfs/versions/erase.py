"""Making the versions forget paths, so that no byte of them is left in their files.

What :mod:`lsfs.versions.prune` gives up keeps its row, its number and its name; here all of it
goes: rows, events of the journal, contents that nobody else has, and the copies and notes that the
ledger could be made again from.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs import databases
from lsfs.paths import StatePaths
from lsfs.versions import recover

if TYPE_CHECKING:
    from lsfs.versions.keeper import Keeper
    from lsfs.versions.ledger import Ledger

_BELOW = "(path = ?1 OR (path > CAST(?1 || '/' AS BLOB) AND path < CAST(?1 || '0' AS BLOB)))"
# Databases that were set aside because they were damaged hold what they held.
SET_ASIDE = ("*.damaged*", "*.new", "*.salvaged*")


class Doomed(Struct, frozen=True):
    """What is to go.

    Attributes:
        rows: of the ledger.
        paths: that these files had, at or below what was named, or before they came to it.
        digests: contents that no other path has or had.
        shared: contents that another path has or had too, each with one of those.
        events: how many of the journal go.
    """

    rows: frozenset[int]
    paths: frozenset[bytes]
    digests: frozenset[bytes]
    shared: dict[bytes, bytes]
    events: int


def doomed(ledger: Ledger, history: Path, named: Iterable[bytes]) -> Doomed:
    """What is known of paths and of all below them.

    A file takes its history with it, under whatever names it had. One that has gone on to another
    place, where it still is, loses only what it was at these paths.

    Args:
        history: the journal's database.
        named: relative to the source.
    """
    below = f"SELECT id FROM version WHERE {_BELOW}"  # noqa: S608 - a literal of this module
    rows = {row for path in named for (row,) in ledger.query(below, (path,))}
    rows |= _chains(ledger, rows)
    chosen = _of(ledger, "SELECT id, path, content FROM version", rows)
    paths = {path for _, path, _ in chosen}
    paths |= set(named)
    contents = {content for _, _, content in chosen if content is not None}
    digests: set[bytes] = set()
    shared: dict[bytes, bytes] = {}
    for digest in {row[0] for row in _of_contents(ledger, contents) if row[0] is not None}:
        other = [
            (id_, path)
            for id_, path in ledger.query(
                "SELECT v.id, v.path FROM version v JOIN content c ON c.id = v.content "
                "WHERE c.digest = ? AND NOT v.pruned ORDER BY v.end_ns IS NOT NULL, v.id DESC",
                (digest,),
            )
            if id_ not in rows
        ]
        if other:
            shared[digest] = bytes(other[0][1])
        else:
            digests.add(digest)
    found = Doomed(frozenset(rows), frozenset(paths), frozenset(digests), shared, 0)
    return Doomed(found.rows, found.paths, found.digests, shared, _events(history, found.paths))


def _chains(ledger: Ledger, rows: set[int]) -> set[int]:
    """All rows of the files that these rows are of, where the file has not gone on elsewhere."""
    links = ledger.query("SELECT id, previous, end_ns FROM version", ())
    after: dict[int, list[int]] = {}
    before: dict[int, int] = {}
    live: set[int] = set()
    for id_, previous, end_ns in links:
        if previous is not None:
            after.setdefault(previous, []).append(id_)
            before[id_] = previous
        if end_ns is None:
            live.add(id_)
    found: set[int] = set()
    for start in rows:
        if start in found:
            continue
        chain: set[int] = set()
        waiting = [start]
        while waiting:
            row = waiting.pop()
            if row not in chain:
                chain.add(row)
                waiting += [*after.get(row, ()), *([before[row]] if row in before else ())]
        if not (chain & live) - rows:
            found |= chain
    return found


def erase(keeper: Keeper, state: StatePaths, found: Doomed) -> None:
    """Let it go, from the ledger, the journal, and the store of contents.

    For the process that holds both locks of the drive. All that was captured has its place
    (:meth:`Keeper.settle`). It may be cut short anywhere, and done again.
    """
    ledger = keeper.ledger
    with keeper.still(), ledger.lock:
        _forget_events(state.history, found.paths)
        with ledger.transaction() as db:
            db.execute("PRAGMA secure_delete = ON")
            _forget_rows(db, found)
        keeper.store.sweep(keeper.pruning.kept_digests(), thorough=True)
        ledger.db.execute("VACUUM")
        databases.empty_log(ledger.db)
        # What it would be made again from: the journal and the notes are behind this copy.
        recover.copy(ledger, state.versions_copy, keeper.now_ns())
        databases.empty_log(ledger.db)
    for pattern in SET_ASIDE:
        for path in state.root.glob(pattern):
            path.unlink(missing_ok=True)


def _forget_rows(db: sqlite3.Connection, found: Doomed) -> None:
    db.execute("CREATE TEMP TABLE IF NOT EXISTS doomed (id INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM doomed")
    db.executemany("INSERT INTO doomed VALUES (?)", [(row,) for row in found.rows])
    contents = [
        row[0]
        for row in db.execute(
            "SELECT DISTINCT content FROM version WHERE id IN (SELECT id FROM doomed) "
            "AND content IS NOT NULL"
        )
    ]
    db.execute("DELETE FROM change WHERE version IN (SELECT id FROM doomed)")
    for path in found.paths:
        db.execute("DELETE FROM change WHERE path = ?", (path,))
        db.execute("UPDATE change SET origin = NULL WHERE origin = ?", (path,))
    for column in ("previous", "origin"):
        db.execute(
            f"UPDATE version SET {column} = NULL WHERE {column} IN (SELECT id FROM doomed)"  # noqa: S608
        )
    db.execute("DELETE FROM version WHERE id IN (SELECT id FROM doomed)")
    # A content that another begins with stays for that one, without a path.
    for content in contents:
        db.execute(
            "DELETE FROM content WHERE id = ? AND NOT EXISTS "
            "(SELECT 1 FROM version WHERE version.content = content.id) AND NOT EXISTS "
            "(SELECT 1 FROM content part WHERE part.within = content.id)",
            (content,),
        )
    db.execute("DROP TABLE doomed")


def _forget_events(history: Path, paths: Collection[bytes]) -> None:
    if not history.exists():
        return
    with contextlib.closing(sqlite3.connect(history, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("BEGIN IMMEDIATE")
        for path in paths:
            db.execute("DELETE FROM event WHERE path = ? OR target = ?", (path, path))
        # Bytes that were captured have their place by now.
        db.execute("UPDATE event SET content = NULL WHERE content IS NOT NULL")
        db.execute("COMMIT")
        db.execute("VACUUM")
        databases.empty_log(db)


def _events(history: Path, paths: Collection[bytes]) -> int:
    if not history.exists():
        return 0
    count = 0
    with contextlib.closing(sqlite3.connect(history)) as db:
        for path in paths:
            row = db.execute(
                "SELECT count(*) FROM event WHERE path = ? OR target = ?", (path, path)
            )
            count += row.fetchone()[0]
    return count


def _of(ledger: Ledger, query: str, rows: Iterable[int]) -> list[tuple[int, bytes, int | None]]:
    found = []
    for row in rows:
        found += list(ledger.query(f"{query} WHERE id = ?", (row,)))
    return found


def _of_contents(ledger: Ledger, contents: Iterable[int]) -> list[tuple[bytes | None]]:
    found = []
    for content in contents:
        found += list(ledger.query("SELECT digest FROM content WHERE id = ?", (content,)))
    return found
