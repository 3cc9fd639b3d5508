"""Locks on paths, between those who change files through lsfs."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs import paths
from lsfs.clock import iso
from lsfs.errors import NotFound
from lsfs.safety.pathlocks import PathLock, PathLocks, session_of, told
from lsfs.syscalls.done import Done
from lsfs.syscalls.engines import Call
from lsfs.syscalls.lengths import nanoseconds
from lsfs.syscalls.registry import Effect, Param, registry

LONGEST_S = 30 * 86_400.0
_DRY = Annotated[bool, Param("only say what would be done")]
_PATH = Annotated[str, Param("the file or folder, with all in it", path=True)]


class LockRequest(Struct, frozen=True):
    """What to lock, and how long."""

    path: _PATH
    for_: Annotated[str, Param("how long: 30s, 10m, 2h, 1d")] = "10m"
    dry_run: _DRY = False


class Locked(Struct, frozen=True):
    """A lock that is held.

    Attributes:
        holder: who holds it.
        until: when it ends by itself, ISO 8601.
        mine: whether it is the caller's.
        dry_run: it was not taken.
        is_there: something stands at the path; a name that is not taken yet can be locked too.
    """

    path: str
    holder: str
    until: str
    mine: bool
    dry_run: bool = False
    is_there: bool = True


@registry.syscall(
    effect=Effect.WRITE,
    command="lock",
    examples=("lsfs lock report.txt --for 30m", "lsfs lock Contracts"),
)
def lock(call: Call, request: LockRequest) -> Locked:
    """Keep other clients of lsfs from changing a path for a while.

    Reading goes on, and so does what programs write in the folder or the mount, which stays as a
    plain folder is: a lock is between those who use commands, the API and agents' tools.
    """
    path = paths.relative(request.path)
    length_ns = nanoseconds(request.for_, LONGEST_S)
    now_ns = call.engines.clock.now_ns()
    locks = PathLocks(call.engines.state.path_locks)
    take = locks.would_take if request.dry_run else locks.take
    taken = _shown(call, take(path, call.client, now_ns + length_ns, now_ns))
    is_there = call.engines.tree.stat(path) is not None
    return replace(taken, dry_run=request.dry_run, is_there=is_there)


class UnlockRequest(Struct, frozen=True):
    """What to unlock."""

    path: _PATH
    force: Annotated[bool, Param("also when somebody else has locked it")] = False
    dry_run: _DRY = False


@registry.syscall(
    effect=Effect.WRITE,
    command="unlock",
    examples=("lsfs unlock report.txt", "lsfs unlock Contracts --force"),
)
def unlock(call: Call, request: UnlockRequest) -> Done:
    """Give up a lock on a path."""
    path = paths.relative(request.path)
    locks = PathLocks(call.engines.state.path_locks)
    now_ns = call.engines.clock.now_ns()
    release = locks.would_release if request.dry_run else locks.release
    gone = release(path, call.client, now_ns, force=request.force)
    if gone is None:
        raise NotFound(f"{path!r} is not locked", hint="see what is: lsfs status")
    return Done(f"{path} would be unlocked" if request.dry_run else f"{path} is unlocked")


def held(call: Call) -> tuple[Locked, ...]:
    """The locks that the caller may see."""
    locks = PathLocks(call.engines.state.path_locks)
    now_ns = call.engines.clock.now_ns()
    return tuple(_shown(call, one) for one in locks.held(now_ns) if call.sees(one.path))


def on(call: Call, path: str) -> str:
    """Who has locked a path, or a folder that it is in, and until when; "" when nobody has."""
    locks = PathLocks(call.engines.state.path_locks)
    for one in locks.held(call.engines.clock.now_ns()):
        if one.path == path or not one.path or path.startswith(one.path + "/"):
            return told(one)
    return ""


def _shown(call: Call, one: PathLock) -> Locked:
    return Locked(one.path, one.holder, iso(one.until_ns), one.session == session_of(call.client))
