"""The change feed: who changed what, and when."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs import codec, paths
from lsfs.clock import iso
from lsfs.syscalls.engines import Call
from lsfs.syscalls.past import when
from lsfs.syscalls.registry import Param, registry
from lsfs.syscalls.within import is_draft

if TYPE_CHECKING:
    from lsfs.versions.past import Change

POLL_S = 0.2
AT_ONCE = 1000


class LogEntry(Struct, frozen=True):
    """One change of a file, folder or link.

    Attributes:
        id: rises; what to go on from.
        op: created, written, renamed, exchanged, restored, attributes, removed; or outside, when
            the content was found to be another, made behind the mount.
        path: of what; ``origin`` is its path before, when it was renamed.
        kind: file, dir or link.
        version: the number of the content; 0 where there is none.
        program, uid, pid: who did it; "" and -1 where that is not known.
        outside: it was done behind the mount, and found afterwards.
    """

    id: int
    time: str
    op: str
    path: str
    origin: str
    kind: str
    version: int
    size: int
    program: str
    uid: int
    pid: int
    outside: bool


class ChangeLog(Struct, frozen=True):
    """Changes, oldest first."""

    changes: tuple[LogEntry, ...]


class LogRequest(Struct, frozen=True):
    """Which changes."""

    path: Annotated[str, Param("only at and below this path", path=True, positional=True)] = ""
    since: Annotated[str, Param("only from then on: 'today', 'monday', '2 hours ago'")] = ""
    limit: Annotated[int, Param("the last so many", flags=("-n",))] = 50
    after: Annotated[int, Param("only behind the change of this id", hidden=True)] = 0
    follow: Annotated[bool, Param("go on with what happens next", flags=("-f",))] = False


@registry.syscall(
    command="log",
    examples=("lsfs log --since yesterday", "lsfs log letters -n 5", "lsfs log --follow"),
    streams=True,
)
def log(call: Call, request: LogRequest) -> ChangeLog:
    """Show who changed what, and when.

    With ``follow``, each change is also sent as an event ``{"change": …}``, until the caller goes.
    """
    path = paths.relative(request.path)
    catch_up(call)
    since_ns = when(call, request.since, first=True) if request.since else 0
    past = call.engines.past
    found = past.changes(path, since_ns, request.after, max(1, request.limit))
    entries = [entry_of(change) for change in found]
    if not request.follow:
        return ChangeLog(tuple(entries))
    last = request.after
    while True:
        for entry in entries:
            call.emit({"change": codec.to_builtins(entry)})
            last = max(last, entry.id)
        if call.cancelled.wait(POLL_S):
            return ChangeLog(())
        catch_up(call)
        news = past.changes(path, since_ns, last, AT_ONCE, latest=False)
        entries = [entry_of(change) for change in news]
        if not entries:
            call.emit({"change": None})  # by which we learn that the caller has gone


def catch_up(call: Call) -> None:
    """Take in what the mount has noted up to now."""
    if call.engines.keeper is not None:
        call.engines.keeper.follow()


def entry_of(change: Change) -> LogEntry:
    """A change as it is shown."""
    from lsfs.versions.tables import How

    known = change.who.startswith("[")
    uid, pid, program = json.loads(change.who) if known else (-1, -1, "")
    op, origin = change.op, os.fsdecode(change.origin or b"")
    if is_draft(origin.rpartition("/")[2]):  # written whole by lsfs, which nobody called a renaming
        op, origin = How.CREATED if change.number == 1 else How.WRITTEN, ""
    return LogEntry(
        id=change.id,
        time=iso(change.time_ns),
        op=op,
        path=os.fsdecode(change.path),
        origin=origin,
        kind=change.kind,
        version=change.number,
        size=change.size,
        program=program,
        uid=uid,
        pid=pid,
        outside=change.op == How.OUTSIDE or change.who == "outside",
    )
