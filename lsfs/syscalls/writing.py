"""Changing files: written whole, edited, moved, copied; what was there stays as a version."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs import beneath
from lsfs.errors import AccessDenied, NotFound, VersionConflict
from lsfs.safety.pathlocks import PathLocks
from lsfs.syscalls.done import Done
from lsfs.syscalls.engines import Call
from lsfs.syscalls.past import exact, keeper_of
from lsfs.syscalls.reading import present
from lsfs.syscalls.registry import Effect, Param, Tool, registry
from lsfs.syscalls.rehearsal import Changes, Rehearsal
from lsfs.syscalls.within import for_change, source, told

if TYPE_CHECKING:
    from lsfs.versions.writing import Writer

_BLOCK = 1 << 20
_PATH = Annotated[str, Param("the file", path=True)]
_MODE = Annotated[
    str,
    Param("replace what is there, append to it, or write only where nothing is",
          choices=("replace", "append", "create")),
]  # fmt: skip
_EXPECTED = Annotated[
    int, Param("only if the file still has this version; 0 does not look", flags=("--if-version",))
]
_DRY = Annotated[bool, Param("only say what would be done")]
_PARENTS = Annotated[bool, Param("make the folders on the way")]


class Written(Struct, frozen=True):
    """A file that was written.

    Attributes:
        version: the number of the content that it has now.
        created: there was none before.
        undo: the moment just before, in ISO 8601: a rollback to it takes this back.
        dry_run: nothing was done; the size is what it would be, the version what is there.
    """

    path: str
    size: int
    version: int
    created: bool
    undo: str
    dry_run: bool = False


class WriteRequest(Struct, frozen=True):
    """What is written, and where."""

    path: _PATH
    content: Annotated[str, Param("the text")]
    mode: _MODE = "replace"
    parents: _PARENTS = False
    expected_version: _EXPECTED = 0
    dry_run: _DRY = False


@registry.syscall(
    effect=Effect.WRITE,
    command="write",
    examples=("lsfs write todo.txt 'call Ada' --mode append",),
    tools=(
        Tool("write_file", "Create a file, or replace what it holds. What was there stays as a "
             "version: rollback brings it back.", camel=True, idempotent=True, destructive=True,
             leaves_out=("mode", "parents", "expected_version", "dry_run")),
    ),
)  # fmt: skip
def write_file(call: Call, request: WriteRequest) -> Written:
    """Write a text to a file, as UTF-8. What was there stays as a version."""
    data = request.content.encode("utf-8", "surrogateescape")
    return _put(call, request, lambda fd: write_all(fd, data), len(data))


class PutRequest(Struct, frozen=True):
    """Which file of this machine is taken in, and where."""

    source: Annotated[str, Param("a file of this machine, which stays as it is", local=True)]
    path: Annotated[str, Param("where it goes in the drive", path=True)]
    mode: _MODE = "replace"
    parents: _PARENTS = False
    expected_version: _EXPECTED = 0
    dry_run: _DRY = False


@registry.syscall(
    effect=Effect.WRITE,
    command="put",
    examples=("lsfs put ~/Downloads/lease.pdf Contracts/lease.pdf",),
)
def put(call: Call, request: PutRequest) -> Written:
    """Copy a file of this machine into the drive. What was there stays as a version."""
    outside = Path(request.source)
    try:
        fd = os.open(outside, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise AccessDenied(f"{outside}: {error.strerror}", hint="check the path") from error
    try:
        return _put(call, request, lambda to: _pour(fd, to), os.fstat(fd).st_size)
    finally:
        os.close(fd)


def _put(
    call: Call, request: WriteRequest | PutRequest, fill: Callable[[int], None], size: int
) -> Written:
    doing = _doing(call, request.path, parents=request.parents, dry_run=request.dry_run)
    with doing as (path, writer, undo):
        with source(call) as root:
            there = beneath.stat(root, os.fsencode(path))
        if there is not None and request.mode == "create":
            raise FileExistsError(17, os.strerror(17), path)
        _check_version(call, path, request.expected_version)
        is_longer = request.mode == "append" and there is not None
        raw = os.fsencode(path)
        writer.put(raw, _appended(call, path, fill) if is_longer else fill, like=raw)
    done = _written(call, path, created=there is None, undo=undo)
    if not request.dry_run:
        return done
    before = there.st_size if is_longer and there else 0
    return replace(done, size=before + size, dry_run=True)


def _appended(call: Call, path: str, fill: Callable[[int], None]) -> Callable[[int], None]:
    def write(fd: int) -> None:
        _, old = present(call, path)
        with contextlib.closing(old):
            at = 0
            while block := old.read(at, _BLOCK):
                write_all(fd, block)
                at += len(block)
        fill(fd)

    return write


class CopyRequest(Struct, frozen=True):
    """What is copied, and where."""

    source: Annotated[str, Param("the file", path=True)]
    destination: Annotated[str, Param("what the copy is called; it must be free", path=True)]
    replace: Annotated[bool, Param("it need not be free")] = False
    parents: _PARENTS = False
    dry_run: _DRY = False


@registry.syscall(
    effect=Effect.WRITE, command="cp", examples=("lsfs cp lease.txt 'lease (copy).txt'",)
)
def copy(call: Call, request: CopyRequest) -> Written:
    """Copy a file within the drive."""
    _, bytes_ = present(call, request.source)

    def fill(fd: int) -> None:
        at = 0
        while block := bytes_.read(at, _BLOCK):
            write_all(fd, block)
            at += len(block)

    mode = "replace" if request.replace else "create"
    with contextlib.closing(bytes_):
        to = WriteRequest(request.destination, "", mode, request.parents, dry_run=request.dry_run)
        return _put(call, to, fill, bytes_.size)


class MoveRequest(Struct, frozen=True):
    """What is moved, and where."""

    source: Annotated[str, Param("the file or folder", path=True)]
    destination: Annotated[str, Param("what it is called then; it must be free", path=True)]
    parents: _PARENTS = False
    dry_run: _DRY = False


@registry.syscall(
    effect=Effect.WRITE,
    command="mv",
    examples=("lsfs mv draft.txt Contracts/lease.txt",),
    tools=(
        Tool("move_file", "Move or rename a file or folder; fails if the destination exists.",
             leaves_out=("parents", "dry_run"), camel=True, idempotent=False, destructive=True),
    ),
)  # fmt: skip
def move(call: Call, request: MoveRequest) -> Done:
    """Move or rename a file or folder. Its versions go with it; nothing is ever replaced."""
    dry = request.dry_run
    doing = _doing(
        call, request.destination, request.source, parents=request.parents, last=False, dry_run=dry
    )
    with doing as (target, writer, _):
        with source(call) as root, told(request.source):
            path = for_change(call, root, request.source, last=False)
            if beneath.stat(root, os.fsencode(path)) is None:
                raise FileNotFoundError(2, os.strerror(2), path)
        with contextlib.nullcontext() if dry else _locks_too(call, path, target):
            writer.move(os.fsencode(path), os.fsencode(target))
    return Done(f"{path} would be {target}" if dry else f"{path} is {target} now")


class MakeDirRequest(Struct, frozen=True):
    """Which folder."""

    path: Annotated[str, Param("the folder; those above it are made too", path=True)]
    dry_run: _DRY = False


@registry.syscall(
    effect=Effect.WRITE,
    command="mkdir",
    examples=("lsfs mkdir Contracts/2026",),
    tools=(
        Tool("create_directory", "Make a folder and those above it; fine if it is there already.",
             leaves_out=("dry_run",), camel=True, idempotent=True, destructive=False),
    ),
)  # fmt: skip
def make_dir(call: Call, request: MakeDirRequest) -> Done:
    """Make a folder, and those above it. It may be there already."""
    with _doing(call, request.path, parents=True, dry_run=request.dry_run) as (path, writer, _):
        made = writer.make_folders(os.fsencode(path))
    done = "would be made" if request.dry_run else "made"
    return Done(f"{path}: {done}" if made else f"{path} is there already")


# --- shared with other changes


def _doing(
    call: Call, path: str, *others: str, parents: bool, last: bool = True, dry_run: bool
) -> contextlib.AbstractContextManager[tuple[str, Changes, str]]:
    """What changes a path of the drive, or only looks whether it could; see :func:`changing`."""
    if dry_run:
        return _rehearsing(call, path, parents=parents, last=last)
    return changing(call, path, *others, parents=parents, last=last)


@contextlib.contextmanager
def _rehearsing(
    call: Call, path: str, *, parents: bool, last: bool
) -> Iterator[tuple[str, Rehearsal, str]]:
    keeper_of(call)
    with told(path), source(call) as root:
        yield _place(call, root, path, parents=parents, last=last), Rehearsal(root), ""


@contextlib.contextmanager
def changing(
    call: Call, path: str, *others: str, parents: bool = False, last: bool = True
) -> Iterator[tuple[str, Writer, str]]:
    """What changes a path of the drive.

    Args:
        others: what else is changed.
        parents: make the folders that it is in.
        last: follow a link that stands at the path.

    Yields:
        the real path, a writer, and the moment just before.
    """
    from lsfs.syscalls.rollback import durable, hands
    from lsfs.versions.writing import Writer

    keeper = keeper_of(call)
    with told(path), call.engines.writing:
        with source(call) as root:
            real = _place(call, root, path, parents=parents, last=last)
        keeper.look([real, *others])
        undo = exact(keeper.now_ns() - 1)
        try:
            with hands(call) as changing_:
                writer = Writer(changing_, durable=durable(call))
                if parents and (folder := real.rpartition("/")[0]):
                    writer.make_folders(os.fsencode(folder))
                yield real, writer, undo
        finally:
            keeper.follow()


def _place(call: Call, root: int, path: str, *, parents: bool, last: bool) -> str:
    """The real path of what is to be changed.

    Raises:
        NotFound: its folder is not there, and is not to be made.
    """
    real = for_change(call, root, path, last=last)
    folder = real.rpartition("/")[0]
    if folder and not parents and beneath.stat(root, os.fsencode(folder)) is None:
        raise NotFound(f"there is no folder {folder!r}", hint="make it: lsfs mkdir")
    return real


def _locks_too(call: Call, path: str, target: str) -> contextlib.AbstractContextManager[None]:
    """While something is moved: the caller's locks on it go with it."""
    locks = PathLocks(call.engines.state.path_locks)
    return locks.following(path, target, call.engines.clock.now_ns())


def _check_version(call: Call, path: str, expected: int) -> None:
    if not expected:
        return
    row = call.engines.past.live(path)
    number = row.number if row is not None and row.kind == "file" else 0
    if number != expected:
        raise VersionConflict(
            f"{path} has version {number}, not {expected}: somebody has changed it",
            hint="read it again, and decide anew",
        )


def _written(call: Call, path: str, *, created: bool, undo: str) -> Written:
    if undo:  # something was done
        keeper_of(call).look([path])
    row = call.engines.past.live(path)
    with source(call) as root:
        status = beneath.stat(root, os.fsencode(path))
    return Written(path, status.st_size if status else 0, row.number if row else 0, created, undo)


def write_all(fd: int, data: bytes) -> None:
    """Write all of some bytes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _pour(fd: int, to: int) -> None:
    while block := os.read(fd, _BLOCK):
        write_all(to, block)
