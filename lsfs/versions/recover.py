"""A ledger that is damaged or lost is made again: from its last copy, its notes and the journal.

Nothing is thrown away: what is replaced stays beside it, as ``versions.sqlite.damaged``.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from lsfs.errors import LsfsError, StateUnwritable
from lsfs.paths import StatePaths
from lsfs.versions import check_ledger, notes
from lsfs.versions.events import State
from lsfs.versions.history import JournalReader
from lsfs.versions.ledger import Ledger
from lsfs.versions.notes import Compare, NotedLedger
from lsfs.versions.tables import SCHEMA_VERSION, ContentRow

log = logging.getLogger("lsfs.versions.recover")

CHECKED_BYTES = 64 << 20  # ledgers up to this size are checked whole when they are opened
COPY_S = 24 * 3600.0  # how often a ledger is copied
NOTED_BYTES = 32 << 20  # or when so much has been noted
NEW = ".new"
DAMAGED = ".damaged"
_PARTS = ("", "-wal", "-shm")


class Recovered(Struct, frozen=True):
    """How a ledger was made again.

    Attributes:
        why: what was wrong with the old one.
        copied_ns: of when the copy was that it was made from, 0 for none.
        events, told: how many events and notes were taken in.
        lost: captured contents that nobody has any more.
    """

    why: str
    copied_ns: int = 0
    events: int = 0
    told: int = 0
    lost: int = 0


def problem(path: Path) -> str:
    """What is wrong with a ledger's file; "" when nothing is, or when it cannot be told now."""
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                return ""  # of another lsfs
            if path.stat().st_size > CHECKED_BYTES:
                return ""
            found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            return "" if found == "ok" else found
    except sqlite3.OperationalError:
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)


def opened(
    state: StatePaths,
    compare: Compare,
    journal: JournalReader,
    has: Callable[[bytes], bool],
    now_ns: int,
) -> NotedLedger:
    """The ledger of a drive; a damaged or lost one is made again.

    Args:
        compare: compares contents.
        journal: what happened.
        has: whether ``objects/`` has a content.
        now_ns: the time.
    """
    why = problem(state.versions) if state.versions.exists() else ""
    why = why or _lost(state)
    if why:
        log.error("%s: %s; it is made again", state.versions, why)
        made = build(state, journal, has, why, now_ns)
        put_in_place(state)
        log.warning("%s is made again: %s", state.versions, made)
    return NotedLedger(state.versions, compare, state.versions_notes)


def _lost(state: StatePaths) -> str:
    """Whether there was a ledger, and there is none."""
    if not (state.versions_copy.exists() or state.versions_notes.exists()):
        return ""
    if not state.versions.exists():
        return "it is lost"
    with contextlib.closing(sqlite3.connect(state.versions)) as db:
        return "" if db.execute("PRAGMA user_version").fetchone()[0] else "it is empty"


def build(
    state: StatePaths,
    journal: JournalReader,
    has: Callable[[bytes], bool],
    why: str,
    now_ns: int,
) -> Recovered:
    """Make a ledger beside the present one, see :func:`put_in_place`."""
    made = _new(state.versions)
    _remove(made)
    if state.versions_copy.exists() and not problem(state.versions_copy):
        shutil.copyfile(state.versions_copy, made)
    replay = _Replay(state)
    ledger = Ledger(made, replay.is_equal, replay.are_alike)
    try:
        replay.run(ledger, journal)
        lost = _contents(ledger, replay.digests, _available(state, journal), has)
        copied = int(ledger.meta("copied_ns", "0"))
        found = Recovered(why, copied, replay.events, replay.told, lost)
        ledger.set_meta("recovered", json.dumps([now_ns, why, copied, lost]))
        # What replaces the other is one file.
        ledger.db.execute("PRAGMA journal_mode=DELETE")
    finally:
        ledger.close()
    return found


def put_in_place(state: StatePaths) -> None:
    """Give the ledger that :func:`build` made the place of the old one, which is set aside."""
    path = state.versions
    _remove(path.with_name(path.name + DAMAGED))
    for part in _PARTS:
        old = path.with_name(path.name + part)
        if old.exists():
            old.replace(path.with_name(path.name + DAMAGED + part))
    made = _new(path)
    _sync(made)
    made.replace(path)
    _sync(path.parent)


def problems_left(state: StatePaths, now_ns: int) -> int:
    """How much is wrong with the ledger that :func:`build` made."""
    with contextlib.closing(sqlite3.connect(_new(state.versions), isolation_level=None)) as db:
        return len(check_ledger.problems(db, now_ns))


def discard(state: StatePaths) -> None:
    """Drop the ledger that :func:`build` made."""
    _remove(_new(state.versions))


def is_copy_due(ledger: NotedLedger, now_ns: int) -> bool:
    """Whether it is time for another copy."""
    if not ledger.notes.bytes:
        return False  # what came through the mount since is in the journal
    age = now_ns - int(ledger.meta("copied_ns", "0"))
    return not 0 <= age < COPY_S * 1e9 or ledger.notes.bytes > NOTED_BYTES


def copy(ledger: NotedLedger, path: Path, now_ns: int) -> None:
    """Copy a ledger that is sound, and forget what was noted for the copy before.

    One that is not is left uncopied, so that the copy before stays.

    Raises:
        StateUnwritable: there is no room for it; all stays as it was.
    """
    made = _new(path)
    with ledger.lock:
        ledger.set_meta("noted", str(ledger.notes.last))
        ledger.set_meta("copied_ns", str(now_ns))
        try:
            _remove(made)
            with contextlib.closing(sqlite3.connect(made, isolation_level=None)) as db:
                ledger.db.backup(db)
                db.execute("PRAGMA journal_mode=DELETE")
                problems = check_ledger.problems(db, now_ns)
            if problems:
                log.error("%s is not copied: %s", path, problems[0].what)
                _remove(made)
                return
            made.chmod(0o600)
            _sync(made)
            made.replace(path)
            _sync(path.parent)
        except (OSError, sqlite3.OperationalError) as error:
            _remove(made)
            raise StateUnwritable(f"{path}: {error}") from error
        ledger.notes.clear()


class _Replay:
    """Tells a ledger again what it was told."""

    def __init__(self, state: StatePaths) -> None:
        self._notes = notes.read(state.versions_notes)
        self._equal: dict[tuple[bytes, State], bool | None] = {}
        self._alike: dict[tuple[int, int], bool] = {}
        self.digests: dict[int, bytes] = {}  # of captured contents, by event
        self.events = 0
        self.told = 0
        for note in self._notes:
            match note.kind, note.values:
                case "equal", [path, state_, equal]:
                    self._equal[path, State(*state_)] = equal
                case "alike", [one, other, alike]:
                    self._alike[one, other] = alike
                case "settled", [event, digest]:
                    self.digests[event] = digest

    def is_equal(self, content: ContentRow, path: bytes, state: State) -> bool | None:
        """What a comparison came to at the time."""
        return self._equal.get((path, state))

    def are_alike(self, one: int, other: int) -> bool:
        """The same."""
        return self._alike.get((one, other), False)

    def run(self, ledger: Ledger, journal: JournalReader) -> None:
        """All of it, in its order."""
        known = int(ledger.meta("noted", "0"))
        last = known
        for note in self._notes:
            last = max(last, note.number)
            if note.number > known:
                self._follow(ledger, journal, note.position)
                self._tell(ledger, note.kind, note.values)
        self._follow(ledger, journal, None)
        ledger.set_meta("noted", str(known))
        if last > known and self._notes[-1].position > ledger.position:
            # The journal has lost what came last. New events must not be taken for old ones.
            ledger.set_meta("position", str(self._notes[-1].position))

    def _follow(self, ledger: Ledger, journal: JournalReader, until: int | None) -> None:
        try:
            while until is None or ledger.position < until:
                events: Iterable[Any] = journal.after(ledger.position)
                if until is not None:
                    events = itertools.takewhile(lambda event: event.id <= until, events)
                count = ledger.follow(events)
                self.events += count
                if not count:
                    return
        except sqlite3.DatabaseError as error:
            log.error("the journal cannot be read on: %s", error)

    def _tell(self, ledger: Ledger, kind: str, values: list[Any]) -> None:
        self.told += 1
        if kind == "named":
            with contextlib.suppress(LsfsError):
                ledger.name_moment(*values)
            return
        with ledger.transaction():
            match kind, values:
                case "found", [path, state, time_ns, target]:
                    ledger.found(path, State(*state), time_ns, target=target)
                case "gone", [path, time_ns]:
                    ledger.gone(path, time_ns)
                case "stay", [contents]:
                    ledger.stay(contents)
                case "moved", [path, target, state, time_ns]:
                    ledger.moved(path, target, State(*state), time_ns)
                case "read", [state, digest, kept]:
                    ledger.read(State(*state), digest, kept=kept)
                case "forgotten", [name]:
                    ledger.db.execute("DELETE FROM snapshot WHERE name = ?", (name,))
                case "meta", ["began_ns", value]:
                    ledger.begin(int(value))
                case "meta", [key, value]:
                    ledger.set_meta(key, value)


def _contents(
    ledger: Ledger,
    digests: dict[int, bytes],
    available: Callable[[ContentRow], bool],
    has: Callable[[bytes], bool],
) -> int:
    """Say of each content where it is by now; gives how many are lost."""
    lost = 0
    with ledger.transaction() as db:
        rows = ledger.contents([row[0] for row in ledger.query("SELECT id FROM content", ())])
        for row in rows:
            digest = row.digest if row.kept or row.event is None else digests.get(row.event)
            if row.event is not None and not row.kept and digest is None and available(row):
                continue
            if not (row.kept or row.event is not None):
                continue
            if digest is not None and has(digest):
                db.execute(
                    "UPDATE content SET digest = ?, kept = 1, event = NULL, file = NULL "
                    "WHERE id = ?",
                    (digest, row.id),
                )
                continue
            if row.event is not None and available(row):
                continue
            db.execute(
                "UPDATE content SET kept = 0, event = NULL, file = NULL WHERE id = ?", (row.id,)
            )
            if digest is None:
                lost += 1
            elif row.inode is None:  # it had its place, and was pruned since
                db.execute("UPDATE version SET pruned = 1 WHERE content = ?", (row.id,))
    return lost


def _available(state: StatePaths, journal: JournalReader) -> Callable[[ContentRow], bool]:
    """Whether what was captured is still where it was captured."""

    def available(row: ContentRow) -> bool:
        if row.file is not None:
            return (state.incoming / os.fsdecode(row.file)).exists()
        try:
            return row.event is not None and journal.content(row.event) is not None
        except sqlite3.DatabaseError:
            return False

    return available


def _new(path: Path) -> Path:
    return path.with_name(path.name + NEW)


def _remove(path: Path) -> None:
    for part in (*_PARTS, "-journal"):
        path.with_name(path.name + part).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
