"""The past: versions of files, bringing them back, moments with a name, the trash."""

from __future__ import annotations

import contextlib
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs import paths
from lsfs.clock import iso
from lsfs.errors import LockHeld, LsfsError, NotFound, UsageError
from lsfs.syscalls.done import Done
from lsfs.syscalls.engines import Call
from lsfs.syscalls.registry import Effect, Param, Tool, registry
from lsfs.syscalls.within import found, source, told

if TYPE_CHECKING:
    from lsfs.clock import Clock
    from lsfs.versions.keeper import Keeper
    from lsfs.versions.tables import Row

MOST_BYTES = 8 << 20  # of one answer of `read`
DIGESTED = 256 << 20  # bytes of a version whose digest is worked out when it is asked for
_BACK = re.compile(r"(\d+|an?|one|two|three|four|five) versions? (?:ago|back|earlier)\Z", re.I)
_WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_PATH = Annotated[str, Param("the file", path=True)]


class Version(Struct, frozen=True):
    """A content that a file had.

    Attributes:
        version: its number, from 1.
        time: when it came, ISO 8601 in UTC; ``time_ns`` the same in nanoseconds since the epoch.
        until: when the next came, or the file went; "" for the present one.
        op: how it came: found, created, written, outside (behind the mount), restored, exchanged.
        path: what the file was called then.
        size: in bytes.
        digest: BLAKE3 of its bytes, in hexadecimal; "" when the bytes are not to be had.
        mode: permission bits.
        mtime_ns: the file's own time.
        who: the program that wrote it, with user and process; "" when it is not known.
        kept: whether its bytes are to be had.
        present: whether it is what the file holds now.
    """

    version: int
    time: str
    time_ns: int
    until: str
    op: str
    path: str
    size: int
    digest: str
    mode: int
    mtime_ns: int
    who: str
    kept: bool
    present: bool


class History(Struct, frozen=True):
    """The versions of a file, oldest first."""

    path: str
    versions: tuple[Version, ...]


class HistoryRequest(Struct, frozen=True):
    """Of which file."""

    path: _PATH


@registry.syscall(
    command="history",
    examples=("lsfs history report.txt", "lsfs history report.txt --json"),
    tools=(Tool("versions"),),
)
def versions(call: Call, request: HistoryRequest) -> History:
    """Show the versions of a file: when each came, how, and who wrote it.

    A file keeps its history when it is renamed, and gets it back with its name after it was
    removed.
    """
    path = paths.relative(request.path)
    look(call, path)
    past = call.engines.past
    rows = past.versions(path)
    if not rows:
        raise _no_history(call, path)
    return History(path, tuple(_version(call, row) for row in rows))


def look(call: Call, path: str) -> None:
    """Take in what happened to a path, through the mount and behind it, up to now."""
    if call.engines.keeper is not None:
        call.engines.keeper.look([path])


def _no_history(call: Call, path: str) -> LsfsError:
    row = call.engines.past.last(path)
    if row is not None and row.kind == "dir":
        return UsageError(f"{path} is a folder", hint=f"what changed in it: lsfs log {path}")
    if row is not None:
        return UsageError(f"{path} is a symbolic link, which has no versions")
    if os.path.lexists(call.engines.source / path):
        return NotFound(
            f"{path} has no version yet",
            hint="one is made when whoever writes the file closes it; ask again then",
        )
    return NotFound(f"nothing is known of {path!r}", hint="paths are relative to the drive")


def _version(call: Call, row: Row) -> Version:
    past = call.engines.past
    kept = past.is_kept(row)
    return Version(
        version=row.number,
        time=iso(row.begin_ns),
        time_ns=row.begin_ns,
        until="" if row.end_ns is None else iso(row.end_ns),
        op=row.op,
        path=os.fsdecode(row.path),
        size=row.size,
        digest=_digest(call, row) if kept else "",
        mode=row.mode & 0o7777,
        mtime_ns=row.mtime_ns,
        who=row.who,
        kept=kept,
        present=row.end_ns is None,
    )


def _digest(call: Call, row: Row) -> str:
    """BLAKE3 of a version's bytes, read now where nobody has done so."""
    from lsfs import digest as digests

    known = call.engines.past.digest(row)
    if known is not None:
        return known.hex()
    if row.size > DIGESTED:
        return ""
    try:
        with contextlib.closing(call.engines.past.open(row)) as content:
            return digests.of(content.read).hex()
    except LsfsError:
        return ""


def exact(time_ns: int) -> str:
    """A moment as ISO 8601 in UTC, to the nanosecond."""
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


# --- which version


def chosen(call: Call, path: str, text: str) -> Row:
    """The version that is meant by a number ("3", "-1" for the one before), or by a moment.

    Raises:
        NotFound: there is none.
        UsageError: the words are not understood.
    """
    number = text.strip().removeprefix("v")
    if re.fullmatch(r"\d{1,9}", number):
        return numbered(call, path, int(number))
    if re.fullmatch(r"-\d{1,9}", number):
        return back(call, path, int(number[1:]))
    ago = _BACK.match(text.strip())
    if ago:
        return back(call, path, _WORDS.get(ago[1].lower()) or int(ago[1]))
    return at(call, path, when(call, text))


def numbered(call: Call, path: str, number: int) -> Row:
    """The version of a number."""
    rows = call.engines.past.versions(path)
    found = next((row for row in rows if row.number == number), None)
    if found is None:
        raise _no_version(call, path, f"version {number}", rows)
    return found


def back(call: Call, path: str, count: int) -> Row:
    """The version so many before the present one; of a removed file, before its removal."""
    rows = call.engines.past.versions(path)
    position = len(rows) - 1 - count + (1 if rows and rows[-1].end_ns is not None else 0)
    if count < 0 or not 0 <= position < len(rows):
        raise _no_version(call, path, f"version {count} back", rows)
    return rows[position]


def at(call: Call, path: str, time_ns: int) -> Row:
    """The version that a file had at a moment, whatever it was called then."""
    rows = call.engines.past.versions(path)
    for row in rows:
        if row.begin_ns <= time_ns and (row.end_ns is None or time_ns < row.end_ns):
            return row
    raise _no_version(call, path, f"version at {iso(time_ns)}", rows)


def _no_version(call: Call, path: str, what: str, rows: list[Row]) -> LsfsError:
    if not rows:
        return _no_history(call, path)
    first, last = rows[0], rows[-1]
    return NotFound(
        f"{path} has no {what}: it has {first.number} to {last.number}, since "
        f"{iso(first.begin_ns)}",
        hint=f"see them with: lsfs history {path}",
    )


def when(call: Call, text: str, *, first: bool = False) -> int:
    """A moment in words, in nanoseconds since the epoch; of a day its last, or its first one."""
    from lsfs.syscalls.moments import moment

    engines = call.engines
    clock = _NotBefore(engines.clock, engines.past.latest_ns())
    return moment(text, clock, engines.past.snapshots(), first=first)


class _NotBefore:
    """A clock that is not behind what is known to have happened.

    Args:
        clock: says the time.
        least_ns: but no earlier one than this.
    """

    def __init__(self, clock: Clock, least_ns: int) -> None:
        self._clock = clock
        self._least_ns = least_ns

    def now_ns(self) -> int:
        return max(self._clock.now_ns(), self._least_ns)

    def now(self) -> datetime:
        least = datetime.fromtimestamp(self._least_ns / 1e9, UTC)
        return max(self._clock.now(), least)


# --- reading


class ReadRequest(Struct, frozen=True):
    """Which bytes of which version."""

    path: _PATH
    version: Annotated[int, Param("this version; 0 is the present one")] = 0
    at: Annotated[str, Param("as it was at a moment: '2026-11-24', 'yesterday 15:00'")] = ""
    offset: Annotated[int, Param("from this byte on")] = 0
    size: Annotated[int, Param("so many bytes; 0 is as many as one answer takes")] = 0
    named_then: Annotated[
        bool, Param("with `at`: the file that had this name then, whatever it is called now")
    ] = False


class Bytes(Struct, frozen=True):
    """A part of a version; ``total`` is the size of the whole."""

    path: str
    version: int
    offset: int
    total: int
    data: bytes


@registry.syscall(
    tools=(
        Tool(
            "read_media_file",
            "Read an image or audio file, or the bytes of any other, as base64.",
            leaves_out=("version", "at", "offset", "size", "named_then"),
            camel=True,
        ),
    ),
)
def read(call: Call, request: ReadRequest) -> Bytes:
    """Give the bytes of a file, as it is or as it was."""
    path = paths.relative(request.path)
    if request.version and request.at:
        raise UsageError("give a version or a moment, not both")
    if not request.version and not request.at:
        with source(call) as root, told(path):
            path = found(call, root, path)
    look(call, path)
    if request.at and request.named_then:
        row = called(call, path, request.at)
    else:
        row = _meant(call, path, request.version, request.at)
    size = min(request.size or MOST_BYTES, MOST_BYTES)
    with contextlib.closing(call.engines.past.open(row)) as content:
        data = content.read(max(0, request.offset), size)
        return Bytes(path, row.number, request.offset, content.size, data)


def called(call: Call, path: str, text: str) -> Row:
    """What had this name at a moment.

    Raises:
        NotFound: nothing had.
    """
    time_ns = when(call, text)
    row = call.engines.past.at(path, time_ns)
    if row is None:
        raise NotFound(f"there was no {path!r} at {iso(time_ns)}", hint=f"see: lsfs history {path}")
    return row


def _meant(call: Call, path: str, version: int, moment_: str) -> Row:
    if version:
        return numbered(call, path, version)
    if moment_:
        return at(call, path, when(call, moment_))
    row = call.engines.past.live(path)
    if row is None or row.kind != "file":
        raise (
            _no_history(call, path)
            if row
            else NotFound(f"no file {path!r}", hint=f"its versions: lsfs history {path}")
        )
    return row


# --- moments with a name


class SnapshotRequest(Struct, frozen=True):
    """What to call the present moment."""

    name: Annotated[str, Param("its name; the time when none is given", positional=True)] = ""
    dry_run: Annotated[bool, Param("only see whether the name is free")] = False


class Snapshot(Struct, frozen=True):
    """A moment with a name."""

    name: str
    time: str
    time_ns: int


class Snapshots(Struct, frozen=True):
    """All moments with a name, oldest first."""

    snapshots: tuple[Snapshot, ...]


@registry.syscall(
    effect=Effect.WRITE, command="snapshot", examples=("lsfs snapshot before-the-move",)
)
def snapshot(call: Call, request: SnapshotRequest) -> Snapshot:
    """Give the present moment a name. What the drive holds now is then never pruned."""
    keeper = keeper_of(call)
    now_ns = keeper.now_ns() if request.dry_run else keeper.look(None)
    name = request.name or iso(now_ns).replace(":", "-")
    if name.startswith(".") or "/" in name or not name.isprintable() or len(name.encode()) > 200:
        raise UsageError(f"not a name for a snapshot: {name!r}")
    if not request.dry_run:
        keeper.name_moment(name, now_ns)
    elif name in call.engines.past.snapshots():
        raise UsageError(f"there is a snapshot {name!r} already", hint="see: lsfs snapshots")
    return Snapshot(name, iso(now_ns), now_ns)


class SnapshotsRequest(Struct, frozen=True):
    """Nothing to choose."""


@registry.syscall(command="snapshots", examples=("lsfs snapshots",))
def snapshots(call: Call, request: SnapshotsRequest) -> Snapshots:
    """List the moments with a name."""
    found = call.engines.past.snapshots()
    return Snapshots(tuple(Snapshot(name, iso(ns), ns) for name, ns in found.items()))


class DropSnapshotRequest(Struct, frozen=True):
    """Which."""

    name: Annotated[str, Param("the snapshot")]
    dry_run: Annotated[bool, Param("only see whether there is one")] = False


@registry.syscall(
    effect=Effect.WRITE, command="drop-snapshot", examples=("lsfs drop-snapshot before-the-move",)
)
def drop_snapshot(call: Call, request: DropSnapshotRequest) -> Done:
    """Forget the name of a moment. Nothing is lost by it before the next prune."""
    keeper = keeper_of(call)
    if request.name not in call.engines.past.snapshots():
        raise NotFound(f"no snapshot {request.name!r}", hint="see: lsfs snapshots")
    if request.dry_run:
        return Done(f"{request.name}: would be forgotten")
    keeper.forget_moment(request.name)
    return Done(f"{request.name}: forgotten")


def keeper_of(call: Call) -> Keeper:
    """Who writes the versions of the drive.

    Raises:
        LockHeld: it is another process.
    """
    if call.engines.keeper is None:
        raise LockHeld(f"another process is indexing {call.engines.source}")
    return call.engines.keeper
