"""A drive without a mount that anything can happen to, and what is known of it afterwards.

Steps are plain values, so a history can be kept, repeated and cut down. What should be known is
taken from the folder itself, after each step: every file as it was when it was last closed.
"""

# What is tested is what happens to names that are bytes, by descriptor.
# ruff: noqa: PTH102, PTH104, PTH108, PTH112, PTH113, PTH114, PTH115, PTH116, PTH211

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from msgspec import Struct, field

from lsfs.clock import SystemClock
from lsfs.fuse import libc
from lsfs.fuse.changes import Changes
from lsfs.fuse.nodes import Change, Handle, Node
from lsfs.fuse.source import Caller, Source
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.virtual import VirtualTree
from lsfs.paths import StatePaths
from lsfs.versions.capture import INLINE, Captures
from lsfs.versions.contents import ContentLost, whole
from lsfs.versions.history import Journal
from lsfs.versions.keeper import Keeper
from lsfs.versions.past import Past
from lsfs.versions.tables import How, Row
from tests.fuse.fake_index import Index

Step = tuple[object, ...]
NAMES = (b"a", b"b", b"c", b"d/a", b"d/b", b"d/e/a", b"e/a", b"d", b"e", b"d/e", b"\xff \n")
FILES = 3
PUNCH = 3  # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
LATE_NS = 15_000_000  # what a file system says of the time may be so late
OLD_NS = 1_000_000_000 * 10**9
Known = tuple[str, frozenset[bytes | None]]  # kind, and what it may hold; None: may be missing
SIZES = (0, 3, 10, 5000, INLINE + 5)


class BusyError(Exception):
    """A step that would change behind the mount what is open."""


class Moment(Struct):
    """What was there at a time."""

    time_ns: int
    step: Step
    tree: dict[bytes, Known]


class Storm(Struct, dict=True):
    """The drive."""

    root: Path
    slots: list[tuple[Handle, Node] | None] = field(default_factory=lambda: [None] * FILES)
    moments: list[Moment] = field(default_factory=list)
    closed: dict[int, bytes] = field(default_factory=dict)  # by inode
    since: dict[int, set[bytes | None]] = field(default_factory=dict)  # while written to
    gone: set[bytes] = field(default_factory=set)  # what nobody could keep
    forged: set[bytes] = field(default_factory=set)  # what nobody could tell from another
    count: int = 0

    def __post_init__(self) -> None:
        self.folder = self.root / "source"
        self.folder.mkdir(parents=True)
        self.state = StatePaths(self.root / "state")
        self.state.create()
        self.caller = Caller(os.geteuid(), os.getegid())
        self.begin()
        self.keeper = Keeper(self.state, self.folder, SystemClock())
        self.keeper.look()

    def begin(self) -> None:
        """The process that serves the mount."""
        state = self.state
        self.source = Source(self.folder)
        self.past = Past(state.versions, state.history, state.objects, self.source.root)
        self.journal = Journal(state.history, self.past.settled)
        self.captures = Captures(
            state.incoming,
            self.journal,
            SystemClock(),
            self.past.has,
            self.past.known_names,
            durable=False,
        )
        index = Index()
        changes = Changes(self.journal, SystemClock())
        tree = VirtualTree(index, index, {})
        self.vfs = Vfs(self.source, tree, changes, captures=self.captures)

    def end(self) -> None:
        """The end of that process: open files are not closed in order."""
        self.vfs.close()
        self.captures.close()
        self.journal.close()
        self.past.close()
        self.source.close()
        self.slots = [None] * FILES

    def close(self) -> None:
        self.end()
        self.keeper.close()

    # --- steps

    def do(self, step: Step) -> None:
        name, *arguments = step
        with contextlib.suppress(OSError, BusyError):
            getattr(self, "do_" + str(name))(*arguments)
        self._look_at_it(step)

    def fresh(self, size: int) -> bytes:
        """Bytes that were never there before."""
        self.count += 1
        return (b"%d." % self.count * size)[:size] if size > 3 else b"%03x" % self.count

    def node(self, path: bytes) -> Node:
        node = self.vfs.root
        for name in path.split(b"/"):
            if name:
                node = self.vfs.lookup(node, name).node
        return node

    def place(self, path: bytes) -> tuple[Node, bytes]:
        folder, _, name = path.rpartition(b"/")
        return self.node(folder), name

    def opened(self, path: bytes, flags: int) -> tuple[Handle, Node]:
        parent, name = self.place(path)
        try:
            node = self.vfs.lookup(parent, name).node
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
            made = self.vfs.create(parent, name, flags, 0o644, self.caller)
            return made, self.vfs.adopt(made, parent, name).node
        if os.path.isdir(self.folder / os.fsdecode(path)):
            raise IsADirectoryError
        handle = self.vfs.open(node, flags)
        assert isinstance(handle, Handle)
        return handle, node

    def do_put(self, path: bytes, size: int) -> None:
        handle, _ = self.opened(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        data = self.fresh(size)
        self.vfs.write(handle, data[: size // 2], 0, page=False)
        self.vfs.write(handle, data[size // 2 :], size // 2, page=False)
        self.vfs.release(handle)

    def do_same(self, path: bytes) -> None:
        """The same bytes once more."""
        handle, _ = self.opened(path, os.O_RDWR)
        data = os.pread(handle.fd, 1 << 20, 0)
        self.vfs.write(handle, data, 0, page=False)
        self.vfs.release(handle)

    def do_edit(self, path: bytes, back: bool) -> None:
        """Another content of the same size; ``back``: and of the same time."""
        handle, node = self.opened(path, os.O_RDWR)
        about = os.fstat(handle.fd)
        if about.st_size:
            self.vfs.write(handle, self.fresh(about.st_size)[: about.st_size], 0, page=False)
        if back:
            self.vfs.setattr(node, _times(about.st_mtime_ns), handle)
        self.vfs.release(handle)
        if back and self.count % 2:
            self.vfs.setattr(node, _times(about.st_mtime_ns))

    def do_append(self, path: bytes, size: int) -> None:
        handle, _ = self.opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.vfs.write(handle, self.fresh(size), 0, page=False)
        self.vfs.release(handle)

    def do_open(self, slot: int, path: bytes, flags: int) -> None:
        if self.slots[slot] is None:
            self.slots[slot] = self.opened(path, flags)

    def do_tmpfile(self, slot: int, path: bytes) -> None:
        if self.slots[slot] is None:
            parent, _ = self.place(path)
            handle = self.vfs.create_nameless(parent, os.O_RDWR, 0o644, self.caller)
            self.slots[slot] = handle, self.vfs.adopt(handle, parent, b"").node

    def do_write(self, slot: int, offset: int, size: int, page: bool) -> None:
        handle, _ = self._slot(slot)
        self.vfs.write(handle, self.fresh(size), offset, page=page)

    def do_ftruncate(self, slot: int, size: int) -> None:
        handle, node = self._slot(slot)
        self.vfs.setattr(node, Change(size=size), handle)

    def do_punch(self, slot: int, mode: int) -> None:
        handle, _ = self._slot(slot)
        self.vfs.allocate(handle, mode, 1, 5)

    def do_copy(self, slot: int, other: int, offset: int) -> None:
        origin, target = self._slot(slot, writing=False)[0], self._slot(other)[0]
        if origin is not target:
            self.vfs.copy(origin, 0, target, offset, 7)

    def do_futimes(self, slot: int) -> None:
        handle, node = self._slot(slot, writing=False)
        self.vfs.setattr(node, _times(OLD_NS + self.count), handle)

    def do_fchmod(self, slot: int, mode: int) -> None:
        handle, node = self._slot(slot, writing=False)
        self.vfs.setattr(node, Change(mode=mode), handle)

    def do_close(self, slot: int) -> None:
        handle, _ = self._slot(slot, writing=False)
        self.slots[slot] = None
        self.vfs.release(handle)

    def do_link_slot(self, slot: int, path: bytes) -> None:
        _, node = self._slot(slot, writing=False)
        self.vfs.link(node, *self.place(path))

    def _slot(self, slot: int, *, writing: bool = True) -> tuple[Handle, Node]:
        found = self.slots[slot]
        if found is None or (writing and not found[0].writable):
            raise OSError
        return found

    def do_truncate(self, path: bytes, size: int) -> None:
        self.vfs.setattr(self.node(path), Change(size=size))

    def do_rename(self, path: bytes, target: bytes, flags: int) -> None:
        self.vfs.rename(*self.place(path), *self.place(target), flags)

    def do_link(self, path: bytes, target: bytes) -> None:
        self.vfs.link(self.node(path), *self.place(target))

    def do_unlink(self, path: bytes) -> None:
        self.vfs.unlink(*self.place(path))

    def do_symlink(self, path: bytes, target: bytes) -> None:
        self.vfs.symlink(*self.place(path), target, self.caller)

    def do_mkdir(self, path: bytes) -> None:
        self.vfs.mkdir(*self.place(path), 0o755, self.caller)

    def do_rmdir(self, path: bytes) -> None:
        self.vfs.rmdir(*self.place(path))

    def do_mknod(self, path: bytes) -> None:
        self.vfs.mknod(*self.place(path), 0o100644, 0, self.caller)

    def do_chmod(self, path: bytes, mode: int) -> None:
        self.vfs.setattr(self.node(path), Change(mode=mode))

    def do_utime(self, path: bytes, old: bool) -> None:
        self.vfs.setattr(self.node(path), _times(OLD_NS + self.count if old else time.time_ns()))

    # --- behind the mount, and found at once

    def _behind(self, path: bytes) -> str:
        """A name in the folder, whose content is about to go without anybody's knowledge."""
        time.sleep(0.012)  # what the file system says of the time may be so late
        found = os.fsdecode(os.fsencode(self.folder) + b"/" + path)
        with contextlib.suppress(FileNotFoundError):
            # Of what somebody writes to meanwhile through the mount nothing is promised.
            inode = os.stat(found, follow_symlinks=False).st_ino
            if inode in {os.fstat(slot[0].fd).st_ino for slot in self.slots if slot}:
                raise BusyError
            if os.path.isfile(found) and not os.path.islink(found):
                data = Path(found).read_bytes()
                self.gone |= {
                    held
                    for moment in self.moments
                    for kind, may in moment.tree.values()
                    for held in may
                    if held and kind == "file" and data.startswith(held)
                }
                self.gone.add(self.closed.get(os.stat(found).st_ino, data))
        return found

    def do_behind_put(self, path: bytes, size: int, old: bool) -> None:
        found = self._behind(path)
        if os.path.islink(found):
            return
        Path(found).write_bytes(self.fresh(size))
        if old:
            os.utime(found, ns=(OLD_NS, OLD_NS + self.count))
        self.keeper.look()

    def do_behind_edit(self, path: bytes, back: bool) -> None:
        found = self._behind(path)
        about = os.stat(found, follow_symlinks=False)
        fd = os.open(found, os.O_RDWR | os.O_NOFOLLOW)
        try:
            os.pwrite(fd, self.fresh(about.st_size)[: about.st_size], 0)
        finally:
            os.close(fd)
        if back:
            # Nobody can tell that from another mode, unless it was kept.
            self.forged |= self.gone
            os.utime(found, ns=(about.st_atime_ns, about.st_mtime_ns))
        self.keeper.look()

    def do_behind_rename(self, path: bytes, target: bytes) -> None:
        held = set(self.gone)
        found = self._behind(path)
        self.gone = held  # it stays
        os.rename(found, self._behind(target))
        self.keeper.look()

    def do_behind_unlink(self, path: bytes) -> None:
        os.unlink(self._behind(path))
        self.keeper.look()

    def do_behind_symlink(self, path: bytes, target: bytes) -> None:
        os.symlink(target, os.fsencode(self._behind(path)))
        self.keeper.look()

    def do_behind_mkdir(self, path: bytes) -> None:
        os.mkdir(self._behind(path))
        self.keeper.look()

    def do_behind_link(self, path: bytes, target: bytes) -> None:
        held = set(self.gone)
        self._behind(path)
        self.gone = held  # it stays
        os.link(
            os.fsencode(self.folder) + b"/" + path,
            os.fsencode(self.folder) + b"/" + target,
            follow_symlinks=False,
        )
        self.keeper.look()

    # --- who keeps

    def do_follow(self) -> None:
        self.keeper.follow()

    def do_look(self) -> None:
        self.keeper.look()

    def do_settle(self) -> None:
        self.keeper.follow()
        self.keeper.settle()

    def do_reopen(self) -> None:
        self.keeper.close()
        self.keeper = Keeper(self.state, self.folder, SystemClock())

    def do_restart(self) -> None:
        self.end()
        self.begin()
        self.keeper.look()

    def do_read(self, path: bytes) -> None:
        """The index reads a file."""
        from blake3 import blake3

        fd = os.open(os.fsencode(self.folder) + b"/" + path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            if os.path.isfile(f"/proc/self/fd/{fd}"):
                self.keeper.follow()
                self.keeper.keep_read([(fd, blake3(os.pread(fd, 1 << 20, 0)).digest())])
        finally:
            os.close(fd)

    def do_rest(self) -> None:
        time.sleep(0.025)

    # --- what should be known

    def _look_at_it(self, step: Step) -> None:
        writing: set[int] = set()
        for found in self.slots:
            if found is None:
                continue
            about = os.fstat(found[0].fd)
            if found[0].dirty or (about.st_mtime_ns, about.st_size) != found[0].opened:
                writing.add(about.st_ino)
        tree: dict[bytes, Known] = {}
        for path, kind, inode, data in self._tree():
            if kind != "file":
                tree[path] = kind, frozenset({data})
            elif inode in writing:
                may = self.since.setdefault(inode, {self.closed.get(inode)})
                may.add(data)
                tree[path] = kind, frozenset(may)
            else:
                self.closed[inode] = data
                self.since.pop(inode, None)
                tree[path] = kind, frozenset({data})
        alive = {inode for _, _, inode, _ in self._tree()} | writing
        self.closed = {key: value for key, value in self.closed.items() if key in alive}
        self.since = {key: value for key, value in self.since.items() if key in writing}
        time.sleep(0.00002)
        self.moments.append(Moment(time.time_ns(), step, tree))
        time.sleep(0.00002)

    def _tree(self) -> list[tuple[bytes, str, int, bytes]]:
        found: list[tuple[bytes, str, int, bytes]] = []
        waiting = [b""]
        top = os.fsencode(self.folder)
        while waiting:
            folder = waiting.pop()
            for entry in os.scandir(top + b"/" + folder):
                path = folder + b"/" + entry.name if folder else entry.name
                if entry.is_symlink():
                    found.append((path, "link", 0, os.readlink(entry.path)))
                elif entry.is_dir():
                    waiting.append(path)
                    found.append((path, "dir", 0, b""))
                elif entry.is_file():
                    fd = os.open(entry.path, os.O_RDONLY)
                    found.append((path, "file", entry.inode(), os.pread(fd, 1 << 20, 0)))
                    os.close(fd)
        return found

    # --- what is known

    def check(self, moments: list[Moment] | None = None) -> None:
        """Every moment is known, with every byte; and numbers are in order."""
        self.keeper.follow()
        for number, moment in enumerate(self.moments if moments is None else moments):
            where = f"after step {number}, {moment.step}"
            rows = self.keeper.past.below("", moment.time_ns)
            assert len({row.path for row in rows}) == len(rows), f"{where}: twice"
            known = {row.path: row for row in rows}
            for path, row in known.items():
                is_late = row.op in (How.OUTSIDE, How.FOUND)
                if is_late and moment.time_ns - row.begin_ns < LATE_NS:
                    continue
                assert path in moment.tree, f"{where}: {path!r} was not there ({row})"
                kind, may = moment.tree[path]
                assert row.kind == kind, f"{where}: {path!r} was a {kind}, not {row}"
                if kind == "link":
                    assert row.target in may, f"{where}: {path!r} said {may}, not {row.target!r}"
                elif kind == "file":
                    self._check_content(row, may, f"{where}: {path!r}")
            for path, (_, may) in moment.tree.items():
                assert path in known or None in may, f"{where}: {path!r} is missing"
            self._check_one_by_one(moment, known, where)
        self.check_numbers()

    def _check_content(self, row: Row, may: frozenset[bytes | None], where: str) -> None:
        try:
            content = self.keeper.past.open(row)
        except ContentLost:
            # While somebody writes to it, only the process that sees the writes can tell.
            writing = {held for many in self.since.values() for held in many} | self._open()
            assert may & (self.gone | writing), f"{where} is lost: {_short(may)} {row}"
            return
        with contextlib.closing(content):
            data = whole(content)
        if any(one and len(one) == len(data) for one in may & self.forged):
            return
        if None in may:
            return  # under this name since before it was closed first, when it came to hold that
        assert data in may, f"{where} held {_short(may)}, not {_short([data])} {row}"
        assert row.size == len(data), f"{where}: {row.size} of {len(data)} bytes"

    def _open(self) -> set[bytes | None]:
        inodes = {os.fstat(found[0].fd).st_ino for found in self.slots if found is not None}
        return {self.closed.get(inode) for inode in inodes}

    def _check_one_by_one(self, moment: Moment, known: dict[bytes, Row], where: str) -> None:
        past = self.keeper.past
        for folder in {path.rpartition(b"/")[0] for path in NAMES}:
            rows = past.children(os.fsdecode(folder), moment.time_ns)
            expected = sorted(path for path in known if path.rpartition(b"/")[0] == folder)
            assert [row.path for row in rows] == expected, where
        for path in NAMES:
            assert past.at(os.fsdecode(path), moment.time_ns) == known.get(path), where

    def check_numbers(self) -> None:
        for path in NAMES:
            versions = self.keeper.past.versions(os.fsdecode(path))
            numbers = [row.number for row in versions]
            assert numbers == list(range(1, len(numbers) + 1)), f"{path!r}: {numbers}"


def _times(mtime_ns: int) -> Change:
    time_ = mtime_ns // 10**9, mtime_ns % 10**9
    return Change(times=((0, libc.UTIME_NOW), time_))


def _short(many: object) -> str:
    assert hasattr(many, "__iter__")
    return str([one if one is None or len(one) < 20 else (one[:20], len(one)) for one in many])
