"""Bringing back what was: files, folders, the whole drive, and what was removed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs import paths
from lsfs.clock import iso
from lsfs.drives import DriveRecord, locked
from lsfs.errors import AccessDenied, LsfsError, NotFound, UsageError, VersionConflict
from lsfs.syscalls.engines import Call
from lsfs.syscalls.past import back as versions_back
from lsfs.syscalls.past import chosen, exact, keeper_of, numbered, when
from lsfs.syscalls.registry import Effect, Param, Tool, registry

if TYPE_CHECKING:
    from lsfs.versions.restore import Hands, Step
    from lsfs.versions.tables import Row

_ACTIONS = {"make_dir": "made folder", "remove_dir": "removed folder"}


class Change(Struct, frozen=True):
    """One thing that a restore changed, or would change.

    Attributes:
        action: write, remove, make_dir, remove_dir, link, move or mode.
        path: of what; ``origin`` is where a moved file was.
        version: the version that was brought back; 0 for what is no file.
        problem: why it was not done; "" when it was.
        in_use: a program had it open for writing; what that writes from now on goes to the file
            that was replaced or removed, and is lost.
    """

    action: str
    path: str
    version: int = 0
    origin: str = ""
    problem: str = ""
    in_use: bool = False


class Restored(Struct, frozen=True):
    """What a restore did.

    Attributes:
        path: what was brought back; "" is the whole drive.
        to: the moment or version, in words.
        changes: in the order in which they were made; those with a ``problem`` were not.
        undo: the moment just before, in ISO 8601: a rollback to it takes this one back.
        dry_run: nothing was done.
        digest: approves exactly these changes, when it is given back as ``apply``.
    """

    path: str
    to: str
    changes: tuple[Change, ...]
    undo: str
    dry_run: bool = False
    digest: str = ""


class RollbackRequest(Struct, frozen=True):
    """What to bring back, and to which state."""

    path: Annotated[str, Param("the file or folder; '.' is the whole drive", path=True)]
    version: Annotated[int, Param("to this version (files)")] = 0
    back: Annotated[int, Param("by so many versions (files)", flags=("-n",))] = 0
    to: Annotated[str, Param("to a moment: 'yesterday 15:00', '2 versions ago', a snapshot")] = ""
    dry_run: Annotated[bool, Param("only say what would change")] = False
    apply: Annotated[str, Param("carry out the plan of this digest, and no other", hidden=True)] = (
        ""
    )


@registry.syscall(
    effect=Effect.WRITE,
    command="rollback",
    examples=(
        "lsfs rollback report.txt --back 1",
        "lsfs rollback report.txt --to 'yesterday 15:00'",
        "lsfs rollback letters --to 2026-11-24 --dry-run",
    ),
    tools=(
        Tool(
            "rollback",
            "Bring back a file, a folder or the drive ('.') as it was. The first call only shows "
            "what would change, with a digest; call again with apply=digest to do it.",
            leaves_out=("dry_run",),
            idempotent=False,
            destructive=True,
            by_plan=True,
        ),
    ),
)
def rollback(call: Call, request: RollbackRequest) -> Restored:
    """Bring back a file, a folder or the whole drive as it was.

    It goes forward: what was there becomes a version too, so a rollback can be rolled back.
    """
    path = paths.relative(request.path)
    if sum(map(bool, (request.version, request.back, request.to))) != 1:
        hint = f"for example: lsfs rollback {request.path or '.'!r} --back 1"
        raise UsageError("say to what: one of version, back and to", hint=hint)
    how = _How(request.dry_run, request.apply)
    keeper_of(call).look([path])
    past = call.engines.past
    row = past.last(path) if path else None
    is_folder = not path or (row is not None and row.kind == "dir")
    if is_folder or (row is not None and row.kind == "link"):
        if not request.to:
            raise UsageError(f"{path or 'the drive'} is a folder: say the moment with `to`")
        time_ns = when(call, request.to)
        return _to_moment(call, path, time_ns, iso(time_ns), how)
    return _file(call, path, _wanted(call, path, request), how)


def _wanted(call: Call, path: str, request: RollbackRequest) -> Row:
    if request.version:
        return numbered(call, path, request.version)
    if request.back:
        return versions_back(call, path, request.back)
    return chosen(call, path, request.to)


class _How(Struct, frozen=True):
    """Whether changes are made: not at all, or only those of a plan."""

    dry_run: bool
    apply: str = ""


def _file(call: Call, path: str, row: Row, how: _How) -> Restored:
    from lsfs.versions.restore import Step

    present = call.engines.past.live(path)
    same = present is not None and present.content == row.content and present.mode == row.mode
    planned = [] if same else [Step("write", os.fsencode(path), row)]
    return _carry_out(call, path, f"version {row.number}", planned, how)


def _to_moment(call: Call, path: str, time_ns: int, words: str, how: _How) -> Restored:
    from lsfs.versions.restore import steps

    past = call.engines.past
    first = past.began_ns()
    if not first or time_ns < first:
        raise NotFound(
            f"nothing is known of {words}",
            hint=f"the history of the drive begins at {iso(first)}" if first else "see: lsfs index",
        )
    now = past.below_now(path)
    planned = steps(past.below(path, time_ns), now)
    return _carry_out(call, path, words, planned, how)


def _carry_out(call: Call, path: str, words: str, planned: list[Step], how: _How) -> Restored:
    from lsfs.versions.restore import Outcome, Restorer

    undo = exact(keeper_of(call).now_ns() - 1)
    outcome = Outcome(done=planned)
    digest = _digest(call, planned) if how.dry_run or how.apply else ""
    if how.apply and how.apply != digest:
        raise VersionConflict(
            "what would change is not what was approved: something has changed since",
            hint="look at the plan once more",
        )
    in_use = _in_use(call, planned)
    if planned and not how.dry_run:
        with hands(call) as changing:
            restorer = Restorer(changing, call.engines.past.open, durable=durable(call))
            outcome = restorer.run(planned)
        keeper_of(call).follow()
    changes = [_change(step, "", step.path in in_use) for step in outcome.done]
    changes += [_change(step, problem) for step, problem in outcome.failed]
    if outcome.failed and not outcome.done:
        step, problem = outcome.failed[0]
        raise LsfsError(f"{os.fsdecode(step.path)}: {problem}")
    return Restored(path, words, tuple(changes), undo, how.dry_run, digest)


def _digest(call: Call, planned: list[Step]) -> str:
    """What approves these steps, while all that they change is as it is now."""
    from blake3 import blake3

    hasher = blake3()
    for step in planned:
        there = call.engines.past.live(os.fsdecode(step.path))
        rows = [row.id if row is not None else 0 for row in (step.row, there)]
        hasher.update(b"\0".join([step.action.encode(), step.path, step.origin]))
        hasher.update(b"\0%d\0%d\0" % tuple(rows))
    return hasher.hexdigest(length=8)


def _in_use(call: Call, planned: list[Step]) -> set[bytes]:
    """The files that are replaced or removed while a program has them open for writing."""
    from lsfs.versions.scan import is_written

    source = keeper_of(call).source
    return {
        step.path
        for step in planned
        if step.action in ("write", "remove") and is_written(source, step.path)
    }


def _change(step: Step, problem: str, in_use: bool = False) -> Change:
    number = step.row.number if step.row is not None else 0
    path, origin = os.fsdecode(step.path), os.fsdecode(step.origin)
    return Change(step.action, path, number, origin, problem, in_use)


def durable(call: Call) -> bool:
    """Whether what is written is brought to the disk at once."""
    return call.engines.config.versions.durability == "full"


@contextlib.contextmanager
def hands(call: Call) -> Iterator[Hands]:
    """What changes the tree: the mount, or we ourselves where there is none.

    Raises:
        AccessDenied: the mount is for reading only, or the call is.
    """
    from lsfs.versions.capture import Captures
    from lsfs.versions.events import Who
    from lsfs.versions.history import Journal
    from lsfs.versions.restore import Directly, ThroughMount

    call.check_changes()
    engines = call.engines
    mount = DriveRecord(engines.source, engines.state).mount_info()
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    if mount:
        if mount.get("read_only"):
            raise AccessDenied(f"{mount['mountpoint']} is mounted for reading only")
        root = os.open(mount["mountpoint"], flags)
        try:
            yield ThroughMount(root)
        finally:
            os.close(root)
        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(engines.writing)
        stack.enter_context(locked(engines.state.history_lock))
        root = os.open(engines.source, flags)
        stack.callback(os.close, root)
        journal = Journal(engines.state.history, engines.past.settled, engines.past.position)
        stack.callback(journal.close)
        captures = Captures(
            engines.state.incoming, journal, engines.clock, engines.past.has,
            captured=engines.past.journal.captured, durable=durable(call),
        )  # fmt: skip
        stack.callback(captures.close)
        who = Who(os.geteuid(), os.getpid(), "lsfs")
        yield Directly(root, captures, journal, engines.clock, who)


# --- snapshots


class RestoreRequest(Struct, frozen=True):
    """Which moment, and what of it."""

    name: Annotated[str, Param("a snapshot")]
    path: Annotated[str, Param("only this file or folder", path=True, positional=True)] = ""
    dry_run: Annotated[bool, Param("only say what would change")] = False


@registry.syscall(
    effect=Effect.WRITE, command="restore", examples=("lsfs restore before-the-move --dry-run",)
)
def restore(call: Call, request: RestoreRequest) -> Restored:
    """Bring the drive, or a part of it, back to a snapshot. It can be rolled back."""
    path = paths.relative(request.path)
    keeper_of(call).look([path])
    time_ns = call.engines.past.snapshots().get(request.name)
    if time_ns is None:
        raise NotFound(f"no snapshot {request.name!r}", hint="see: lsfs snapshots")
    return _to_moment(call, path, time_ns, request.name, _How(request.dry_run))


# --- the trash


class Removed(Struct, frozen=True):
    """A file that was removed, and has not come back."""

    path: str
    time: str
    size: int
    version: int
    kept: bool


class Trash(Struct, frozen=True):
    """Files that were removed, latest first."""

    files: tuple[Removed, ...]
    bytes: int


class TrashRequest(Struct, frozen=True):
    """Of which part of the drive."""

    path: Annotated[str, Param("only what was in this folder", path=True, positional=True)] = ""


@registry.syscall(command="trash list", examples=("lsfs trash list",))
def trash(call: Call, request: TrashRequest) -> Trash:
    """List the files that were removed and can be brought back."""
    path = paths.relative(request.path)
    if call.engines.keeper is not None:
        call.engines.keeper.look([path])
    past = call.engines.past
    files = tuple(
        Removed(
            os.fsdecode(row.path), iso(row.end_ns or 0), row.size, row.number, past.is_kept(row)
        )
        for row in past.trash(path)
    )
    return Trash(files, sum(file.size for file in files))


class TrashRestoreRequest(Struct, frozen=True):
    """Which file, or folder with all that was removed from it."""

    path: Annotated[str, Param("a removed file, or a folder that it was in", path=True)]
    dry_run: Annotated[bool, Param("only say what would change")] = False


@registry.syscall(
    effect=Effect.WRITE, command="trash restore", examples=("lsfs trash restore letters",)
)
def trash_restore(call: Call, request: TrashRestoreRequest) -> Restored:
    """Bring back a removed file, or all files that were removed from a folder."""
    from lsfs.versions.restore import Step

    path = paths.relative(request.path)
    keeper_of(call).look([path])
    rows = call.engines.past.trash(path)
    if not rows:
        raise NotFound(f"nothing of {path!r} is in the trash", hint="see: lsfs trash list")
    planned = [Step("write", row.path, row) for row in rows]
    return _carry_out(call, path, "before they were removed", planned, _How(request.dry_run))
