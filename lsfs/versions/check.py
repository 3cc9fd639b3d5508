"""Whether the past of a drive is whole: the journal, the ledger, and the bytes of every version.

Nothing is changed here (:mod:`lsfs.versions.mend` does). What a person changed behind the mount is
no damage, nor is what a crash leaves: files that nobody names are counted and swept later.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections import Counter
from pathlib import Path

from msgspec import Struct, field

from lsfs import beneath
from lsfs.errors import LsfsError, NotFound
from lsfs.model import Problem
from lsfs.paths import StatePaths
from lsfs.versions import check_ledger, events
from lsfs.versions.contents import connect
from lsfs.versions.history import SPOOL
from lsfs.versions.objects import DamageKind, ObjectStore
from lsfs.versions.tables import CONTENT, ContentRow

TRIES = 3


class Found(Struct):
    """What a check came to.

    Attributes:
        problems: what is wrong.
        counts: how many of what were looked at.
        lost: contents whose bytes are not where they should be, by id.
        torn_journal: what is wrong with the journal's database.
        is_torn: the ledger's rows are wrong, not only what they point at.
        digests: contents that the object store cannot read.
    """

    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lost: set[int] = field(default_factory=set)
    torn_journal: str = ""
    is_torn: bool = False
    digests: set[bytes] = field(default_factory=set)


class Check:
    """One look at the past of a drive, for anybody who may read its state.

    Whoever settles contents meanwhile is to be held off.

    Args:
        state: where it is.
        source: descriptor of the source.
        store: the object store.
        now_ns: the time.
        deep: read all that is stored.
    """

    def __init__(
        self, state: StatePaths, source: int, store: ObjectStore, now_ns: int, *, deep: bool
    ) -> None:
        self._state = state
        self._source = source
        self._store = store
        self._now_ns = now_ns
        self._deep = deep
        self._found = Found()
        self._last_event = 0
        self._contents: dict[int, ContentRow] = {}
        self._sizes: dict[bytes, int | None] = {}
        self._journal: sqlite3.Connection | None = None

    def run(self) -> Found:
        """Everything."""
        with contextlib.ExitStack() as stack:
            # The ledger first: the events that it has taken in are in the journal then.
            ledger = _opened(self._state.versions, stack)
            taken = 0 if ledger is None else _taken(ledger)
            self._journal = _opened(self._state.history, stack)
            self._check_journal(taken)
            if ledger is not None:
                self._check_ledger(ledger)
            self._check_store()
        return self._found

    def _say(self, where: str, what: str, path: str = "", version: int = 0, hint: str = "") -> None:
        self._found.problems.append(Problem(where, what, path, version, hint=hint))

    # --- the journal

    def _check_journal(self, taken: int) -> None:
        hint = "it is mended by the next mount; what is known of versions stays"
        if self._journal is None:
            return
        # The spool first: what it no longer has is in the database by then.
        spooled, broken = _spooled(self._state.history)
        self._last_event = max((row.id for row in spooled), default=0)
        try:
            found = self._journal.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                self._say("history", f"the database is damaged: {found}", hint=hint)
            self._check_events(self._journal)
        except sqlite3.DatabaseError as error:
            self._say("history", f"the database is damaged: {error}", hint=hint)
            self._journal = None
        self._found.torn_journal = next((one.what for one in self._found.problems), "")
        if broken:
            self._say("history", f"{broken} bytes of the last events cannot be read", hint=hint)
        if taken > self._last_event and self._journal is not None:
            what = f"its last events are lost: it ends at {self._last_event}, not {taken}"
            self._say("history", what, hint="new events are numbered on from there")

    def _check_events(self, db: sqlite3.Connection) -> None:
        count, last = db.execute("SELECT count(*), coalesce(max(id), 0) FROM event").fetchone()
        given = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
        self._found.counts["events"] += count
        self._last_event = max(self._last_event, last, given[0] if given else 0)
        backwards = db.execute(
            "SELECT id FROM (SELECT id, time_ns, lag(time_ns) OVER (ORDER BY id) AS before "
            "FROM event) WHERE time_ns < before LIMIT 1"
        ).fetchone()
        if backwards:
            self._say("history", f"event {backwards[0]} is older than the one before it")
        columns = "id, time_ns, op, path, target, detail, NULL"
        for row in map(events.Row._make, db.execute(f"SELECT {columns} FROM event")):  # noqa: S608
            if not events.is_readable(row):
                self._say("history", f"event {row.id} cannot be read", os.fsdecode(row.path))

    # --- the ledger

    def _check_ledger(self, db: sqlite3.Connection) -> None:
        found = check_ledger.problems(db, self._now_ns, deep=self._deep)
        self._found.problems += found
        self._found.is_torn = bool(found)
        if found and "database is damaged" in found[0].what:
            return
        rows = db.execute(f"SELECT {CONTENT} FROM content")  # noqa: S608
        self._contents = {row[0]: ContentRow(*row) for row in rows}
        self._check_contents(db)
        self._count_garbage(db)

    def _check_contents(self, db: sqlite3.Connection) -> None:
        users: dict[int, list[tuple[bytes, int, int | None]]] = {}
        for content, path, number, end_ns in db.execute(
            "SELECT content, path, number, end_ns FROM version "
            "WHERE content IS NOT NULL AND NOT pruned"
        ):
            self._found.counts["versions"] += 1
            users.setdefault(content, []).append((path, number, end_ns))
        for id_, uses in users.items():
            row = self._contents.get(id_)
            if row is None:
                continue  # said already
            live = [path for path, _, end_ns in uses if end_ns is None]
            why = self._missing(row, live)
            while why and (fresh := self._now(id_)) is not None and fresh != self._contents[id_]:
                self._contents[id_] = row = fresh  # it was settled meanwhile
                why = self._missing(row, live)
            if why is None:
                self._found.counts["not_kept"] += 1
            elif why:
                self._found.lost.add(id_)
                hint = "the file itself still has it" if self._is_live(row, live) else ""
                for path, number in sorted({(path, number) for path, number, _ in uses}):
                    self._say("versions", why, os.fsdecode(path), number, hint)
        self._found.counts["contents"] += len(users)

    def _missing(self, row: ContentRow, live: list[bytes], depth: int = 0) -> str | None:
        """Why a content is not to be had; "" when it is, None when nobody said that it is kept."""
        if not row.size:
            return ""
        if row.kept and row.digest is not None:
            return self._not_stored(row.digest, row.size)
        if row.event is not None:
            return self._not_captured(row)
        if row.within is not None:
            whole = self._contents.get(row.within)
            if whole is None or depth > len(self._contents):
                return "it is the beginning of a content that is not there"
            if whole.size < row.size:
                return "it is the beginning of a content that is shorter"
            return self._missing(whole, live, depth + 1)
        # In the source only. That it was changed there meanwhile is the user's right.
        return "" if row.inode is not None else None

    def _now(self, id_: int) -> ContentRow | None:
        """What the ledger says of a content by now, and not when the check began."""
        with contextlib.closing(connect(self._state.versions)) as db:
            row = db.execute(f"SELECT {CONTENT} FROM content WHERE id = ?", (id_,)).fetchone()  # noqa: S608
        return None if row is None else ContentRow(*row)

    def _not_stored(self, digest: bytes, size: int) -> str:
        if digest not in self._sizes:
            try:
                self._sizes[digest] = self._store.size(digest)
            except (NotFound, LsfsError):
                self._sizes[digest] = None
        found = self._sizes[digest]
        if found is None:
            return "its content is not stored"
        return "" if found == size else f"its content is stored with {found} bytes, not {size}"

    def _not_captured(self, row: ContentRow) -> str:
        if row.file is not None:
            try:
                found = (self._state.incoming / os.fsdecode(row.file)).stat().st_size
            except FileNotFoundError:
                return "its captured content is not there"
            return "" if found >= row.size else "its captured content is cut short"
        assert row.event is not None  # noqa: S101 - the caller looked
        length = self._captured_length(row.event)
        if length is None:
            return "the journal does not have its captured content"
        return "" if length >= row.size else "its captured content is cut short"

    def _captured_length(self, event: int) -> int | None:
        found = self._length_in_journal(event)
        if found is not None:
            return found
        for spooled in _spooled(self._state.history)[0]:
            if spooled.id == event and spooled.content is not None:
                return len(spooled.content)
        return self._length_in_journal(event)  # it may have gone there meanwhile

    def _length_in_journal(self, event: int) -> int | None:
        if self._journal is None:
            return None
        try:
            row = self._journal.execute(
                "SELECT length(content) FROM event WHERE id = ?", (event,)
            ).fetchone()
        except sqlite3.DatabaseError:
            return None
        return None if row is None or row[0] is None else int(row[0])

    def _is_live(self, row: ContentRow, paths: list[bytes]) -> bool:
        """Whether the source has a content."""
        for path in paths:
            stat = beneath.stat(self._source, path)
            if stat is not None and row.is_in(events.State.of(stat)):
                return True
        return False

    def _count_garbage(self, db: sqlite3.Connection) -> None:
        known = {row[0] for row in db.execute("SELECT file FROM content WHERE file IS NOT NULL")}
        if self._state.incoming.exists():
            names = [os.fsencode(entry.name) for entry in os.scandir(self._state.incoming)]
            self._found.counts["unused_captures"] += sum(name not in known for name in names)
        kept = {row.digest for row in self._contents.values() if row.kept}
        with contextlib.suppress(LsfsError):
            stored = set(self._store.digests())
            self._found.counts["objects"] += len(stored)
            self._found.counts["unused_objects"] += len(stored - kept)

    # --- the object store

    def _check_store(self) -> None:
        by_digest: dict[bytes, list[int]] = {}
        for row in self._contents.values():
            if row.kept and row.digest is not None:
                by_digest.setdefault(row.digest, []).append(row.id)
        for damage in self._store.check(deep=self._deep):
            if damage.kind is DamageKind.LEFTOVER:
                self._found.counts["leftovers"] += 1
                continue
            hint = "the other versions are unharmed"
            self._say("objects", f"{damage.where}: {damage.detail}", hint=hint)
            self._found.digests.update(damage.contents)
        self._name_damaged(by_digest)

    def _name_damaged(self, by_digest: dict[bytes, list[int]]) -> None:
        damaged = {id_ for digest in self._found.digests for id_ in by_digest.get(digest, ())}
        news = damaged - self._found.lost
        self._found.lost |= damaged
        if not news:
            return
        with contextlib.closing(connect(self._state.versions)) as db:
            rows = db.execute(
                "SELECT DISTINCT path, number, content FROM version "
                "WHERE content IS NOT NULL AND NOT pruned ORDER BY path, number"
            )
            for path, number, content in rows:
                if content in news:
                    self._say("versions", "its content is damaged", os.fsdecode(path), number)


def _opened(path: Path, stack: contextlib.ExitStack) -> sqlite3.Connection | None:
    """A reading connection; None while there is no database."""
    if not path.exists():
        return None
    db = connect(path)
    stack.callback(db.close)
    return db


def _taken(ledger: sqlite3.Connection) -> int:
    """The last event that a ledger has; what is read of it from now on is of this moment."""
    try:
        ledger.execute("BEGIN")
        found = ledger.execute("SELECT value FROM meta WHERE key = 'position'").fetchone()
    except sqlite3.DatabaseError:
        return 0
    return int(found[0]) if found and found[0].isdigit() else 0


def _spooled(history: Path) -> tuple[list[events.Row], int]:
    """The events in the spool of a journal, and how many bytes of it are damaged."""
    path = history.with_name(history.name + SPOOL)
    for _ in range(TRIES):
        data = path.read_bytes() if path.exists() else b""
        rows = list(events.unframed(data))
        rest = data[sum(len(events.framed(row)) for row in rows) :]
        # A last row that is not whole was torn by a crash before anybody was told that it is there.
        if not events.is_broken(rest):
            return rows, 0
        time.sleep(0.05)  # it may have been written to while it was read
    return rows, len(rest)
