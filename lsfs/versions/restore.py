"""Bringing back what was: one file, a folder, or the whole drive, as it was at a moment.

A restore goes forward. It is worked out as steps, each an ordinary operation on the tree (a file
is written beside and renamed into its place, a name is removed, a folder made); what a step
replaces is captured like anything that is replaced, so a restore can be undone by another one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat as modes
from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec import Struct, field

from lsfs import beneath
from lsfs.clock import Clock
from lsfs.errors import LsfsError
from lsfs.versions import drafts
from lsfs.versions.capture import Captures
from lsfs.versions.contents import Content, copy
from lsfs.versions.events import Op, State, Who
from lsfs.versions.history import Journal
from lsfs.versions.tables import Row


class Hands(Protocol):
    """Changes the tree, and has noted what it changes."""

    root: int  # descriptor of the folder that the paths are relative to

    def going(
        self, folder: int, name: bytes, path: bytes
    ) -> contextlib.AbstractContextManager[None]:
        """For the block in which a file's name goes, or is given to another."""
        ...

    def done(self, op: Op, path: bytes, target: bytes | None, state: State | None) -> None:
        """Something has been done."""
        ...


class ThroughMount:
    """Changes the tree of a mount, which captures and notes by itself.

    Args:
        root: descriptor of the mountpoint; stays the caller's.
    """

    def __init__(self, root: int) -> None:
        self.root = root

    def going(
        self, folder: int, name: bytes, path: bytes
    ) -> contextlib.AbstractContextManager[None]:
        """The mount sees to it."""
        return contextlib.nullcontext()

    def done(self, op: Op, path: bytes, target: bytes | None, state: State | None) -> None:
        """The mount has noted it."""


class Directly:
    """Changes the source of a drive that is not mounted; for the holder of ``history.lock``.

    Args:
        root: descriptor of the source; stays the caller's.
        captures: keeps what goes.
        journal: is told what was done.
        clock: says when.
        who: does it.
    """

    def __init__(
        self, root: int, captures: Captures, journal: Journal, clock: Clock, who: Who
    ) -> None:
        self.root = root
        self._captures = captures
        self._journal = journal
        self._clock = clock
        self._who = who

    @contextlib.contextmanager
    def going(self, folder: int, name: bytes, path: bytes) -> Iterator[None]:
        """Keep what the file holds, apart from the file if that stays after all."""
        kept = self._kept(folder, name, path)
        try:
            yield
        except OSError:
            if kept is not None:
                self._captures.part(kept)
            raise

    def _kept(self, folder: int, name: bytes, path: bytes) -> bytes | None:
        try:
            fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        except FileNotFoundError:
            return None
        try:
            if modes.S_ISREG(os.fstat(fd).st_mode):
                return self._captures.keep(fd, path, self._who, goes=True)
            return None
        finally:
            os.close(fd)

    def done(self, op: Op, path: bytes, target: bytes | None, state: State | None) -> None:
        """Note it."""
        now_ns = self._clock.now_ns()
        self._journal.append(now_ns, op, path, target, state=state, who=self._who)


class Step(Struct, frozen=True):
    """One operation of a restore.

    Attributes:
        action: write | remove | make_dir | remove_dir | link | move | mode
        path: what is changed.
        row: what it becomes; None for what goes.
        origin: of a move: where the file is now.
    """

    action: str
    path: bytes
    row: Row | None = None
    origin: bytes = b""


_FILLED = 0o300  # what the owner of a folder needs to put something into it


class Outcome(Struct):
    """What came of the steps of a restore: those that were done, and why others were not."""

    done: list[Step] = field(default_factory=list)
    failed: list[tuple[Step, str]] = field(default_factory=list)


def steps(then: Iterable[Row], now: Iterable[Row]) -> list[Step]:
    """What turns a tree, or a part of it, into what it was, in an order that works.

    Args:
        then, now: what stood there, and what stands there.
    """
    wanted = {row.path: row for row in then}
    there = {row.path: row for row in now}
    extra = {path: row for path, row in there.items() if _is_other_kind(row, wanted.get(path))}
    new = [row for path, row in wanted.items() if path not in there or path in extra]
    moves = _moves(extra, new, wanted, there)
    moved_to = {step.path for step in moves}
    moved_from = {step.origin for step in moves}
    gone = [row for path, row in extra.items() if path not in moved_from]
    kept = [
        (there[path], row) for path, row in wanted.items() if path in there and path not in extra
    ]
    folders = sorted((row for row in new if row.kind == "dir"), key=lambda row: row.path)
    in_the_way = {row.path for row in folders}
    files = [row for row in gone if row.kind != "dir"]
    emptied = sorted((row for row in gone if row.kind == "dir"), key=lambda row: row.path)
    return [
        *(Step("remove", row.path) for row in files if row.path in in_the_way),
        *(Step("make_dir", row.path, row) for row in folders),
        *moves,
        *(Step("remove", row.path) for row in files if row.path not in in_the_way),
        *(Step("remove_dir", row.path) for row in reversed(emptied)),
        *(
            Step("write" if row.kind == "file" else "link", row.path, row)
            for row in new
            if row.kind != "dir" and row.path not in moved_to
        ),
        *_changes(kept),
        # One that its owner may not write to is filled before it becomes so.
        *(
            Step("mode", row.path, row)
            for row in reversed(folders)
            if row.mode & _FILLED != _FILLED
        ),
    ]


def _is_other_kind(row: Row, wanted: Row | None) -> bool:
    return wanted is None or wanted.kind != row.kind


def _moves(
    extra: dict[bytes, Row], new: list[Row], wanted: dict[bytes, Row], there: dict[bytes, Row]
) -> list[Step]:
    """Files that are elsewhere now: they are moved back, and stay the same files.

    Only from a name that is to be free to one that is free, so that the order does not matter.
    """
    by_content = {
        row.content: row
        for path, row in extra.items()
        if row.kind == "file" and row.content is not None and row.size and path not in wanted
    }
    found = []
    for row in new:
        if row.kind != "file" or row.content is None or row.path in there:
            continue
        other = by_content.pop(row.content, None)
        if other is not None:
            found.append(Step("move", row.path, row, other.path))
    return found


def _changes(kept: list[tuple[Row, Row]]) -> Iterator[Step]:
    for current, row in kept:
        if row.kind == "file" and row.content != current.content:
            yield Step("write", row.path, row)
        elif row.kind == "link" and row.target != current.target:
            yield Step("link", row.path, row)
        elif row.kind != "link" and row.mode != current.mode:
            yield Step("mode", row.path, row)


class Restorer:
    """Carries out the steps of a restore.

    Args:
        hands: change the tree.
        open_content: the bytes of a version.
        durable: bring each file to the disk before it takes its place.
    """

    def __init__(self, hands: Hands, open_content: OpenContent, *, durable: bool = True) -> None:
        self._hands = hands
        self._open = open_content
        self._durable = durable

    def run(self, planned: Iterable[Step]) -> Outcome:
        """Carry out steps; one that fails does not stop the others."""
        outcome = Outcome()
        for step in planned:
            try:
                self._do(step)
            except LsfsError as error:
                outcome.failed.append((step, error.message))
            except OSError as error:
                outcome.failed.append((step, error.strerror or str(error)))
            else:
                outcome.done.append(step)
        return outcome

    def _do(self, step: Step) -> None:
        *folders, name = step.path.split(b"/")
        if step.row is not None and step.action in ("write", "link", "move", "make_dir"):
            self._make_folders(folders)
        folder = beneath.open_folder(self._hands.root, folders)
        try:
            match step.action:
                case "write" if step.row:
                    self._write(folder, name, step.path, step.row)
                case "remove":
                    with self._hands.going(folder, name, step.path):
                        os.unlink(name, dir_fd=folder)
                    self._hands.done(Op.REMOVED, step.path, None, None)
                case "remove_dir":
                    os.rmdir(name, dir_fd=folder)
                    self._hands.done(Op.REMOVED_DIR, step.path, None, None)
                case "make_dir" if step.row:
                    os.mkdir(name, modes.S_IMODE(step.row.mode) | _FILLED, dir_fd=folder)
                    if step.row.mode & _FILLED == _FILLED:
                        self._set_attributes(folder, name, step.row)
                    self._note(Op.MADE_DIR, folder, name, step.path)
                case "link" if step.row:
                    self._link(folder, name, step.path, step.row)
                case "move" if step.row:
                    self._move(step, folder, name)
                case "mode" if step.row:
                    self._set_attributes(folder, name, step.row)
                    self._note(Op.ATTRIBUTES, folder, name, step.path)
        finally:
            os.close(folder)

    def _make_folders(self, folders: list[bytes]) -> None:
        """Make the folders on the way that are not there any more."""
        for depth in range(1, len(folders) + 1):
            path = b"/".join(folders[:depth])
            if beneath.stat(self._hands.root, path) is not None:
                continue
            parent = beneath.open_folder(self._hands.root, folders[: depth - 1])
            try:
                os.mkdir(folders[depth - 1], 0o755, dir_fd=parent)
                self._note(Op.MADE_DIR, parent, folders[depth - 1], path)
            finally:
                os.close(parent)

    def _write(self, folder: int, name: bytes, path: bytes, row: Row) -> None:
        """Put a file with the content of a version at a path, whole or not at all."""
        draft = drafts.named(row.id)
        content = self._open(row)

        def fill(fd: int) -> None:
            copy(content, fd)
            drafts.carry_over(folder, name, fd)
            _give(fd, row)
            if self._durable:
                os.fsync(fd)

        try:
            with drafts.draft(folder, draft, fill), self._hands.going(folder, name, path):
                os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            content.close()
        beside = path.rpartition(b"/")[0]
        written = beside + b"/" + draft if beside else draft
        self._note(Op.RENAMED, folder, name, written, target=path)

    def _link(self, folder: int, name: bytes, path: bytes, row: Row) -> None:
        with contextlib.suppress(FileNotFoundError):
            if not modes.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise OSError(errno.EEXIST, "something else is there by now")
            os.unlink(name, dir_fd=folder)
        os.symlink(row.target or b"", name, dir_fd=folder)
        self._note(Op.MADE_LINK, folder, name, path, target=row.target)

    def _move(self, step: Step, folder: int, name: bytes) -> None:
        assert step.row is not None  # noqa: S101 - the caller looked
        *folders, old = step.origin.split(b"/")
        origin = beneath.open_folder(self._hands.root, folders)
        try:
            os.rename(old, name, src_dir_fd=origin, dst_dir_fd=folder)
        finally:
            os.close(origin)
        self._set_attributes(folder, name, step.row)
        self._note(Op.RENAMED, folder, name, step.origin, target=step.path)

    def _set_attributes(self, folder: int, name: bytes, row: Row) -> None:
        fd = os.open(name, beneath.FILE, dir_fd=folder)
        try:
            _give(fd, row, times=row.kind == "file")
        finally:
            os.close(fd)

    def _note(
        self, op: Op, folder: int, name: bytes, path: bytes, target: bytes | None = None
    ) -> None:
        state = State.of(os.stat(name, dir_fd=folder, follow_symlinks=False))
        self._hands.done(op, path, target, state)


class OpenContent(Protocol):
    """Gives the bytes of a version."""

    def __call__(self, row: Row, /) -> Content:
        """The bytes; the caller closes them."""
        ...


def _give(fd: int, row: Row, *, times: bool = True) -> None:
    """Give an open file the attributes of a version, as far as we may."""
    found = os.fstat(fd)
    if (found.st_uid, found.st_gid) != (row.uid, row.gid):
        with contextlib.suppress(PermissionError):
            os.fchown(fd, row.uid, row.gid)
    os.fchmod(fd, modes.S_IMODE(row.mode))
    if times:
        os.utime(fd, ns=(found.st_atime_ns, row.mtime_ns))
