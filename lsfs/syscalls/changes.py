"""What happens to files, as events to go on from: the journal of changes, and what is indexed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from lsfs import paths
from lsfs.clock import iso
from lsfs.errors import UsageError
from lsfs.syscalls.engines import Call
from lsfs.syscalls.log import LogEntry, catch_up, entry_of
from lsfs.syscalls.registry import Param, registry

AT_ONCE = 1000
_EVENTS = {"created": "created", "renamed": "moved", "removed": "removed"}


class FileEvent(Struct, frozen=True):
    """Something that happened to a file, folder or link.

    Attributes:
        event: created, changed, moved, removed; or indexed: what it says is found from now on.
        path: of what; ``origin`` is its path before, when it was moved.
        kind: file, dir or link.
        time: when, ISO 8601 in UTC.
        version: the number of the content; 0 where there is none, or when it was indexed.
        status: how well it could be read (:class:`lsfs.model.Status`), when it was indexed.
        program: who did it; "" where that is not known.
        cursor: goes on behind this event.
    """

    event: str
    path: str
    origin: str
    kind: str
    time: str
    version: int
    status: str
    program: str
    cursor: str


class FileEvents(Struct, frozen=True):
    """Events in order, and what to go on from.

    Attributes:
        cursor: give it back to get what comes next; it holds over restarts of everything.
    """

    events: tuple[FileEvent, ...]
    cursor: str


class ChangesRequest(Struct, frozen=True):
    """From where on."""

    cursor: Annotated[str, Param("go on from here; without, only say where the end is now")] = ""
    path: Annotated[str, Param("only at and below this path", path=True)] = ""
    limit: Annotated[int, Param("events of one answer at most")] = AT_ONCE


class _Position(Struct, frozen=True):
    """How far somebody has read: the journal by its id; the index by time of reading, and id."""

    change: int = 0
    read_ns: int = 0
    file: int = 0

    def __str__(self) -> str:
        return f"{self.change}.{self.read_ns}.{self.file}"


@registry.syscall()
def changes_since(call: Call, request: ChangesRequest) -> FileEvents:
    """Give what has happened to files since a cursor; without one, the cursor of now.

    What happened to a file comes in order, and that it is indexed comes behind it. A file that was
    changed again before it was read is indexed once.
    """
    path = paths.relative(request.path)
    call.engines.indexer.fresh(call.emit)
    catch_up(call)
    if not request.cursor:
        return FileEvents((), str(_end(call)))
    events = tuple(_news(call, path, _position(request.cursor), max(1, request.limit)))
    return FileEvents(events, events[-1].cursor if events else request.cursor)


def _position(cursor: str) -> _Position:
    try:
        change, read_ns, file = map(int, cursor.split("."))
        return _Position(change, read_ns, file)
    except ValueError:
        raise UsageError(f"{cursor!r} is no cursor", hint="begin with an empty one") from None


def _end(call: Call) -> _Position:
    latest = call.engines.past.changes("", 0, 0, 1)
    catalog = call.engines.catalog
    with catalog.lock:
        row = catalog.db.execute(
            "SELECT read_ns, id FROM file ORDER BY read_ns DESC, id DESC LIMIT 1"
        ).fetchone()
    return _Position(latest[-1].id if latest else 0, *(row or (0, 0)))


def _news(call: Call, path: str, position: _Position, limit: int) -> Iterator[FileEvent]:
    changes = call.engines.past.changes(path, 0, position.change, limit, latest=False)
    for change in changes:
        position = _Position(change.id, position.read_ns, position.file)
        yield _changed(entry_of(change), position)
    left = limit - len(changes)
    if not left:
        return  # what was indexed comes behind what happened
    for file, raw, status, read_ns in _indexed(call, path, position, left):
        position = _Position(position.change, read_ns, file)
        name = os.fsdecode(raw)
        yield FileEvent("indexed", name, "", "file", iso(read_ns), 0, status, "", str(position))


def _changed(entry: LogEntry, position: _Position) -> FileEvent:
    event = _EVENTS.get(entry.op, "changed")
    if entry.op == "outside" and entry.version <= 1:
        event = "created"
    return FileEvent(
        event, entry.path, entry.origin, entry.kind, entry.time, entry.version, "", entry.program,
        str(position),
    )  # fmt: skip


def _indexed(
    call: Call, path: str, position: _Position, limit: int
) -> list[tuple[int, bytes, str, int]]:
    """Files that were read, and whose passages are found by meaning too, in that order."""
    raw = os.fsencode(path)
    catalog = call.engines.catalog
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT id, path, status, read_ns, EXISTS (SELECT 1 FROM passage WHERE "
            "passage.document_id = file.document_id AND embedded = 0) FROM file "
            "WHERE (read_ns, id) > (?, ?) AND status <> 'pending' AND (? = X'' OR path = ? "
            "OR (path > ? AND path < ?)) ORDER BY read_ns, id LIMIT ?",
            (position.read_ns, position.file, raw, raw, raw + b"/", raw + b"0", limit),
        ).fetchall()
    waiting = next((n for n, row in enumerate(rows) if row[4]), len(rows))
    return [row[:4] for row in rows[:waiting]]
