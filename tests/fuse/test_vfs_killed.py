"""The process that serves a mount is killed at any line of what it does to a file.

Whatever is half done then, each version that was known before is read right, also by processes
that know of nothing but the journal.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3

from lsfs.clock import SystemClock
from lsfs.fuse import libc
from lsfs.fuse.changes import Changes
from lsfs.fuse.nodes import Change, Handle, Node
from lsfs.fuse.source import Source
from lsfs.fuse.unlinked import Unlinked
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.virtual import VirtualTree
from lsfs.paths import StatePaths
from lsfs.versions import mend
from lsfs.versions.capture import INLINE, Captures
from lsfs.versions.contents import ContentLost, whole
from lsfs.versions.events import Op
from lsfs.versions.history import Journal
from lsfs.versions.keeper import Keeper
from lsfs.versions.past import Past
from tests.fuse.bare import ME, find, now
from tests.fuse.fake_index import Index
from tests.versions import killing
from tests.versions.contents import noise

POINTS = 2  # of each operation, in the ordinary suite
MANY = 60
BIG = INLINE + 1000


class Served:
    """A drive as the process that serves its mount has it open; nobody follows its journal."""

    def __init__(self, root: Path) -> None:
        self.folder, state = root / "source", StatePaths(root / "state")
        self._stack = stack = contextlib.ExitStack()
        self.source = Source(self.folder)
        stack.callback(self.source.close)
        past = Past(state.versions, state.history, state.objects, self.source.root)
        stack.callback(past.close)
        journal = Journal(state.history, past.settled, past.position)
        stack.callback(journal.close)
        clock = SystemClock()
        captures = Captures(
            state.incoming, journal, clock, past.has, past.known_names, durable=False
        )
        stack.callback(captures.close)
        index = Index()
        tree = VirtualTree(index, index, {}, past=past)
        self.vfs = Vfs(self.source, tree, Changes(journal, clock), captures=captures)
        stack.callback(self.vfs.close)
        past.contents.is_watched = self.vfs.keeping.is_watched

    def close(self) -> None:
        self._stack.close()

    def place(self, path: str) -> tuple[Node, bytes]:
        *folders, name = path.split("/")
        return find(self.vfs, *folders), os.fsencode(name)

    def opened(self, path: str, flags: int) -> Handle:
        parent, name = self.place(path)
        try:
            return now(self.vfs.open(self.vfs.lookup(parent, name).node, flags))
        except FileNotFoundError:
            handle = self.vfs.create(parent, name, flags, 0o644, ME)
            self.vfs.adopt(handle, parent, name)
            return handle

    def write(self, path: str, data: bytes, flags: int = os.O_TRUNC, offset: int = 0) -> None:
        handle = self.opened(path, os.O_WRONLY | flags)
        self.vfs.write(handle, data, offset, page=False)
        self.vfs.flush(handle)
        self.vfs.release(handle)

    def rename(self, old: str, new: str, flags: int = 0) -> None:
        self.vfs.rename(*self.place(old), *self.place(new), flags)

    def change(self, path: str, change: Change) -> None:
        self.vfs.setattr(find(self.vfs, *path.split("/")), change)


# --- what a drive holds, and what is done to it


def filled(served: Served) -> None:
    for name in ("d", "d/deep", "empty"):
        served.vfs.mkdir(*served.place(name), 0o755, ME)
    for path in ("small", "d/small", "other"):
        served.write(path, path.encode() + b" first")
    for path in ("big", "d/deep/big"):
        served.write(path, noise(BIG, len(path)))


def changed(served: Served) -> None:
    """So that some versions are kept, and those that are there now are not."""
    served.write("small", b"small second")
    served.write("big", noise(BIG, 7))


def overwrite(served: Served) -> None:
    served.write("small", b"cut to nothing, and written")
    served.write("big", noise(BIG, 2))


def write_over(served: Served) -> None:
    served.write("small", b"S", 0)
    served.write("big", b"B", 0, 500)
    served.write("small", b"again", 0)


def append(served: Served) -> None:
    served.write("small", b" and more", os.O_APPEND)
    served.write("big", b" and more", os.O_APPEND)
    served.write("big", b" and more", os.O_APPEND)


def append_and_overwrite(served: Served) -> None:
    for path in ("small", "big"):
        handle = served.opened(path, os.O_RDWR)
        served.vfs.write(handle, b" and more", os.fstat(handle.fd).st_size, page=False)
        served.vfs.write(handle, b"over", 0, page=False)
        served.vfs.release(handle)


def cut(served: Served) -> None:
    served.change("small", Change(size=3))
    served.change("big", Change(size=BIG // 2))
    handle = served.opened("other", os.O_WRONLY)
    served.vfs.setattr(find(served.vfs, "other"), Change(size=2), handle)
    served.vfs.release(handle)


def lengthen(served: Served) -> None:
    served.change("small", Change(size=300))
    served.change("big", Change(size=2 * BIG))
    handle = served.opened("other", os.O_WRONLY)
    served.vfs.setattr(find(served.vfs, "other"), Change(size=200), handle)
    served.vfs.release(handle)


def allocate(served: Served) -> None:
    for mode in (0, 1, 3):  # longer, only room, a hole
        handle = served.opened("big", os.O_WRONLY)
        served.vfs.allocate(handle, mode, 4096, BIG)
        served.vfs.release(handle)


def copy(served: Served) -> None:
    origin = served.opened("big", os.O_RDONLY)
    target = served.opened("small", os.O_WRONLY)
    served.vfs.copy(origin, 0, target, 0, BIG)
    served.vfs.release(target)
    served.vfs.release(origin)


def remove(served: Served) -> None:
    served.vfs.unlink(*served.place("small"))
    served.vfs.unlink(*served.place("big"))


def remove_folder(served: Served) -> None:
    served.vfs.unlink(*served.place("d/deep/big"))
    served.vfs.rmdir(*served.place("d/deep"))


def remove_open(served: Served) -> None:
    for path in ("small", "big"):
        handle = served.opened(path, os.O_RDWR)
        served.vfs.write(handle, b" and more", os.fstat(handle.fd).st_size, page=False)
        served.vfs.unlink(*served.place(path))
        served.vfs.release(handle)


def hide(served: Served) -> None:
    """What libfuse asks for when an open file is removed."""
    unlinked = Unlinked(served.vfs, served.source)
    for number, path in enumerate(("small", "big")):
        handle = served.opened(path, os.O_RDWR)
        hidden = b"/.fuse_hidden%016x" % number
        unlinked.hide(b"/" + path.encode(), hidden)
        unlinked.sweep()
        served.vfs.release(handle)
        unlinked.forget(hidden)


def save(served: Served) -> None:
    """By renaming a new file over the old."""
    served.write("draft", b"new content")
    served.rename("draft", "small")
    served.write("draft", noise(BIG, 4))
    served.rename("draft", "big")


def save_with_backup(served: Served) -> None:
    for path in ("small", "big"):
        served.rename(path, path + "~")
        served.write(path, b"new content")


def rename(served: Served) -> None:
    served.rename("small", "renamed")
    served.rename("big", "d/renamed")
    served.rename("other", "small")


def rename_over(served: Served) -> None:
    served.rename("small", "big")
    served.rename("d/deep/big", "other")


def move_folder(served: Served) -> None:
    served.rename("d", "moved")
    served.rename("moved/deep", "empty")


def exchange(served: Served) -> None:
    served.rename("small", "big", libc.RENAME_EXCHANGE)
    served.rename("d", "other", libc.RENAME_EXCHANGE)


def link(served: Served) -> None:
    for path in ("small", "big"):
        served.vfs.link(find(served.vfs, path), *served.place("d/" + path + "2"))
        served.write("d/" + path + "2", b"by its other name", 0)
        served.vfs.unlink(*served.place(path))


def set_mode(served: Served) -> None:
    for path in ("small", "big"):
        served.change(path, Change(mode=0o600))


def set_times(served: Served) -> None:
    for path in ("small", "big"):
        served.change(path, Change(times=((1, 5), (1, 5))))


# A file that has just got another name or other times is found by the next look only.
LATER = {
    "rename", "rename_over", "save_with_backup", "move_folder", "exchange", "set_times"
}  # fmt: skip
OPERATIONS: tuple[Callable[[Served], None], ...] = (
    overwrite, write_over, append, append_and_overwrite, cut, lengthen, allocate, copy, remove,
    remove_folder, remove_open, hide, save, save_with_backup, rename, rename_over, move_folder,
    exchange, link, set_mode, set_times,
)  # fmt: skip


# --- what must be there


class Killed:
    """A drive on which one operation is cut off.

    Attributes:
        known: the bytes of each version that was known before, by the id of its row.
        unknown: versions that could not be read before somebody had looked at the source.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = StatePaths(root / "state")
        self.unknown: list[str] = []
        (root / "source").mkdir(parents=True)
        self.state.create()
        for action in (filled, changed):
            served = Served(root)
            action(served)
            served.close()
            with contextlib.closing(self._keeper()) as keeper:
                keeper.look()
                if action is filled:
                    keeper.settle()
                self._say_digests(keeper)
        self.known = self._read(None)
        assert len(self.known) == 7

    def cut_off(self, operation: Callable[[Served], None], lines: int) -> tuple[bool, int]:
        """Carry it out in a process that is killed after so many lines, 0: not at all."""
        served: list[Served] = []

        def do() -> None:
            operation(served[0])
            served[0].close()

        return killing.run(do, lines, lambda: served.append(Served(self.root)))

    def verify(self, *, found_later: bool = False) -> None:
        """All that was known is there, whoever asks and at whatever time.

        Args:
            found_later: some of it is not before somebody has looked at the source.
        """
        self._read(self.known)  # by somebody else, before anybody has looked
        with contextlib.closing(self._keeper()) as keeper:
            keeper.follow()
            self._read(self.known)
        assert found_later or self.unknown == []
        Served(self.root).close()  # the next mount
        with contextlib.closing(self._keeper()) as keeper:
            keeper.look()
            self.unknown.clear()
            self._read(self.known)
            assert self.unknown == []
            self._check(keeper)
            keeper.settle()
            self._read(self.known)
            assert self.unknown == []
            self._check(keeper)

    def _say_digests(self, keeper: Keeper) -> None:
        """As the index does of files that are too large to be kept when they are read."""
        for path in (self.root / "source").rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    keeper.keep_read([(file.fileno(), blake3(path.read_bytes()).digest())])

    def _check(self, keeper: Keeper) -> None:
        found = mend.check(keeper, self.state, SystemClock().now_ns(), deep=True)
        assert found.problems == []

    def _keeper(self) -> Keeper:
        return Keeper(self.state, self.root / "source", SystemClock(), read_bytes=0)

    def _read(self, expected: dict[int, bytes] | None) -> dict[int, bytes]:
        found = {}
        source = os.open(self.root / "source", os.O_RDONLY | os.O_DIRECTORY)
        past = Past(self.state.versions, self.state.history, self.state.objects, source)
        try:
            rows = expected or [row.id for row in past._rows("WHERE kind = 'file'", ())]
            for id_ in rows:
                row = past.row(id_)
                assert row is not None
                try:
                    with contextlib.closing(past.open(row)) as content:
                        found[id_] = whole(content)
                except ContentLost as error:
                    assert "changed or elsewhere" in error.message
                    self.unknown.append(os.fsdecode(row.path))
                    continue
                assert expected is None or found[id_] == expected[id_], row
        finally:
            past.close()
            os.close(source)
        return found


def cut_off(root: Path, operation: Callable[[Served], None], points: int) -> None:
    finished, lines = Killed(root / "whole").cut_off(operation, 0)
    assert finished
    dice = random.Random(operation.__name__ + str(points))
    for point in range(points):
        line = dice.randrange(1, lines)
        killed = Killed(root / str(point))
        killed.cut_off(operation, line)
        try:
            killed.verify(found_later=operation.__name__ in LATER)
        except BaseException as error:
            error.add_note(f"{operation.__name__} was killed at line {line} of {lines}")
            raise


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_any_line(tmp_path: Path, operation: Callable[[Served], None]) -> None:
    cut_off(tmp_path, operation, POINTS)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_many_lines(tmp_path: Path, operation: Callable[[Served], None]) -> None:
    cut_off(tmp_path, operation, MANY)


@pytest.mark.parametrize("operation", [lengthen, exchange, set_times])
def test_killed_when_it_is_done_and_before_it_is_noted(
    tmp_path: Path, operation: Callable[[Served], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = Killed(tmp_path)

    def done(self: Changes, op: Op, *_: object, **__: object) -> None:
        if op is not Op.APPENDING:
            os.kill(os.getpid(), signal.SIGKILL)
        note(self, op, *_, **__)  # type: ignore[arg-type]

    note = Changes.note
    monkeypatch.setattr(Changes, "note", done)
    finished, _ = killed.cut_off(operation, 10**9)
    assert not finished
    monkeypatch.undo()
    killed.verify(found_later=operation.__name__ in LATER)
