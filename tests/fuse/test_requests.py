"""What is asked in the bytes of the kernel's protocol, and what is answered in them."""

# The calls themselves are what is tested.
# ruff: noqa: PTH208

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs.fuse.locks import WHOLE
from lsfs.fuse.nodes import Deferred, Node
from lsfs.fuse.requests import Requests
from lsfs.fuse.vfs import Vfs
from lsfs.versions.events import Op
from tests.fuse import wire as w
from tests.fuse.bare import descriptors
from tests.fuse.fake_index import Index, refused
from tests.fuse.test_operations import Noted
from tests.fuse.wire import Told, Wire, name, padded, short

VALID_NS = 1_500_000_000
SOMEBODY = 12345


# --- all of it


def test_every_request_that_is_answered_here(
    wire: Wire, requests: Requests, vfs: Vfs, folder: Path, told: Told
) -> None:
    """A session with each kind of request in it, as a kernel might send them."""
    ask = wire.ask
    # Folders and names.
    d = w.entry_out(ask(w.MKDIR, 1, short(0o750, 0o022) + name(b"d"))).nodeid
    assert (folder / "d").stat().st_mode == stat.S_IFDIR | 0o750
    fifo = w.entry_out(ask(w.MKNOD, d, short(stat.S_IFIFO | 0o600, 0, 0, 0) + name(b"fifo")))
    assert stat.S_ISFIFO(fifo.attr.mode)
    link = w.entry_out(ask(w.SYMLINK, d, name(b"link") + name(b"to/there")))
    assert (stat.S_ISLNK(link.attr.mode), (folder / "d/link").readlink()) == (
        True,
        Path("to/there"),
    )
    assert ask(w.READLINK, link.nodeid) == b"to/there"
    # A file.
    made, opened = wire.create(b"f", os.O_RDWR, node=d)
    file, fh = made.nodeid, opened.fh
    assert ask(w.WRITE, file, w.write_in(fh, 2, b"hello")) == short(5, 0)
    assert ask(w.READ, file, w.read_in(fh, 0, 100)) == b"\0\0hello"
    assert ask(w.LSEEK, file, padded(fh, 0) + short(os.SEEK_END, 0)) == padded(7)
    assert ask(w.FALLOCATE, file, padded(fh, 0, 4096) + short(0, 0)) == b""
    assert w.attr_out(ask(w.GETATTR, file, short(1, 0) + padded(fh)))[1].size == 4096
    changed = w.setattr_in(w.FATTR_SIZE | w.FATTR_FH, fh=fh, size=7)
    assert w.attr_out(ask(w.SETATTR, file, changed))[1].size == 7
    assert ask(w.FSYNC, file, padded(fh) + short(0, 0)) == b""
    # Locks.
    assert ask(w.SETLK, file, w.lk_in(fh, 11, 0, 9, fcntl.F_WRLCK, 4000)) == b""
    found = ask(w.GETLK, file, w.lk_in(fh, 22, 5, 6, fcntl.F_RDLCK, 5000))
    assert struct.unpack("=QQII", found) == (0, 9, fcntl.F_WRLCK, 4000)
    assert ask(w.SETLKW, file, w.lk_in(fh, 11, 0, WHOLE, fcntl.F_UNLCK, 4000)) == b""
    # A second file, by no name at first.
    made, temporary = w.create_out(ask(w.TMPFILE, d, w.create_in(os.O_RDWR, 0o600, b"")))
    copy = padded(fh, 2, made.nodeid, temporary.fh, 0, 5, 0)
    assert ask(w.COPY_FILE_RANGE, file, copy) == short(5, 0)
    assert ask(w.COPY_FILE_RANGE_64, file, copy) == padded(5)
    about = bytes(ask(w.STATX, file, short(0, 0) + padded(0) + short(0, 0xFFF)))
    # Behind the validity (32 bytes): mask, block size, attributes, links … as ``struct statx``.
    assert len(about) == 32 + 256
    inode, size = struct.unpack_from("=QQ", about, 32 + 32)
    behind = (folder / "d/f").stat()
    assert (inode, size) == (behind.st_ino, behind.st_size)
    linked = w.entry_out(ask(w.LINK, d, padded(made.nodeid) + name(b"copy")))
    assert (linked.nodeid, (folder / "d/copy").read_text()) == (made.nodeid, "hello")
    ask(w.RELEASE, made.nodeid, w.release_in(temporary.fh))
    # Extended attributes.
    assert ask(w.SETXATTR, file, w.setxattr_in(b"user.a", b"value")) == b""
    assert ask(w.GETXATTR, file, w.getxattr_in(100, b"user.a")) == b"value"
    assert ask(w.LISTXATTR, file, w.getxattr_in(100)) == b"user.a\0"
    assert ask(w.REMOVEXATTR, file, name(b"user.a")) == b""
    assert os.listxattr(folder / "d/f") == []
    # Closing and opening.
    assert ask(w.FLUSH, file, w.flush_in(fh, 11)) == b""
    assert ask(w.RELEASE, file, w.release_in(fh)) == b""
    opened = wire.open(file, os.O_RDONLY)
    assert ask(w.READ, file, w.read_in(opened.fh, 3, 2)) == b"el"
    ask(w.RELEASE, file, w.release_in(opened.fh))
    # Listing.
    listing = wire.opendir(d)
    names = {entry.name for entry in w.dirents(ask(w.READDIR, d, w.read_in(listing, 0, 4096)))}
    assert names == {b".", b"..", b"f", b"copy", b"fifo", b"link"}
    plus = w.direntplus(ask(w.READDIRPLUS, d, w.read_in(listing, 0, 4096)))
    assert {entry.name: about.nodeid for about, entry in plus}[b"f"] == file
    assert ask(w.FSYNCDIR, d, padded(listing) + short(1, 0)) == b""
    assert ask(w.RELEASEDIR, d, w.release_in(listing)) == b""
    # Other names, and none.
    assert ask(w.RENAME, d, padded(1) + name(b"f") + name(b"g")) == b""
    assert wire.lookup(b"g").nodeid == file
    assert ask(w.RENAME2, d, padded(1) + short(1, 0) + name(b"copy") + name(b"h")) == b""
    assert ask(w.UNLINK, 1, name(b"g")) == b""
    assert ask(w.STATFS, file)[:8] == padded(os.statvfs(folder).f_blocks)
    for entry in (b"fifo", b"link"):
        ask(w.UNLINK, d, name(entry))
    assert ask(w.RMDIR, 1, name(b"d")) == b""
    assert os.listdir(folder) == ["h"]
    # And what the kernel lets go of.
    known = {number: node.lookups for number, node in vfs.nodes.items() if number not in (1, file)}
    assert ask(w.FORGET, file, padded(vfs.nodes[file].lookups)) == b""
    body = b"".join(padded(number, lookups) for number, lookups in known.items())
    assert ask(w.BATCH_FORGET, 0, short(len(known), 0) + body) == b""
    assert (list(vfs.nodes), set(told.forgotten)) == ([1], {file, *known})
    assert wire.used == set(requests.handlers)


# --- sizes and contents of answers


def test_an_entry_says_all_of_a_file_and_how_long_it_may_be_kept(
    wire: Wire, folder: Path, told: Told
) -> None:
    (folder / "f").write_bytes(b"x" * 5000)
    os.utime(folder / "f", ns=(1_000_000_001, -1))
    found, real = wire.lookup(b"f"), (folder / "f").stat()
    assert (found.generation, found.entry_valid, found.attr_valid) == (0, VALID_NS, VALID_NS)
    about = found.attr
    assert (about.ino, about.size, about.blocks, about.blksize) == (
        real.st_ino, 5000, real.st_blocks, real.st_blksize,
    )  # fmt: skip
    assert (about.mode, about.nlink, about.uid, about.gid) == (
        real.st_mode, 1, real.st_uid, real.st_gid,
    )  # fmt: skip
    assert (about.atime, about.atimensec) == (1, 1)
    assert (about.mtime, about.mtimensec) == (-1, 999_999_999)
    assert about.ctime * 10**9 + about.ctimensec == real.st_ctime_ns
    assert w.attr_out(wire.ask(w.GETATTR, found.nodeid, bytes(16))) == (VALID_NS, about)
    assert told.seen == [1]


def test_what_changes_with_the_index_is_not_kept(wire: Wire, index: Index) -> None:
    ours = wire.lookup(b".lsfs")
    assert (ours.entry_valid, ours.attr_valid) == (VALID_NS, VALID_NS)
    status = wire.lookup(b"status", ours.nodeid)
    assert (status.entry_valid, status.attr_valid) == (0, 0)
    valid, about = w.attr_out(wire.ask(w.GETATTR, status.nodeid, bytes(16)))
    assert (valid, about.size, about.mode) == (0, status.attr.size, stat.S_IFREG | 0o400)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes device nodes")
def test_a_device_has_its_number(wire: Wire, folder: Path) -> None:
    device = os.makedev(240, 17)  # below 2^16 in the kernel's own form, and the same in libc's
    body = short(stat.S_IFCHR | 0o600, device, 0, 0) + name(b"device")
    assert w.entry_out(wire.ask(w.MKNOD, 1, body)).attr.rdev == device
    assert (folder / "device").stat().st_rdev == device


def test_the_state_of_the_file_system_takes_80_bytes(wire: Wire, folder: Path) -> None:
    data, real = wire.ask(w.STATFS, 1), os.statvfs(folder)
    assert len(data) == 80
    *_, files, _, size, longest, fragment, zero = struct.unpack("=QQQQQIIII24x", data)
    assert (files, size, longest, fragment, zero) == (
        real.f_files, real.f_bsize, real.f_namemax, real.f_frsize, 0,
    )  # fmt: skip


def test_who_asks_owns_what_is_made(wire: Wire, folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes files for others")
    wire.ask(w.MKDIR, 1, short(0o700, 0) + name(b"d"), uid=SOMEBODY)
    wire.ask(w.SYMLINK, 1, name(b"l") + name(b"x"), uid=SOMEBODY)
    assert {os.lstat(folder / entry).st_uid for entry in "dl"} == {SOMEBODY}


# --- refusals


def test_a_node_that_is_not_known_is_stale(wire: Wire, requests: Requests) -> None:
    body = {
        w.SETXATTR: w.setxattr_in(b"user.a", b"1"),
        w.LINK: padded(99) + name(b"x"),
        w.SETATTR: w.setattr_in(w.FATTR_MODE, mode=0o600),
        w.GETXATTR: w.getxattr_in(100, b"user.a"),
        w.CREATE: w.create_in(os.O_RDWR, 0o600, b"x"),
        w.TMPFILE: w.create_in(os.O_RDWR, 0o600, b""),
        w.RENAME: padded(99) + name(b"x") + name(b"y"),
        w.RENAME2: padded(99) + short(0, 0) + name(b"x") + name(b"y"),
        w.MKNOD: short(stat.S_IFREG | 0o600, 0, 0, 0) + name(b"x"),
        w.MKDIR: short(0o700, 0) + name(b"x"),
    }
    by_node = {
        w.LOOKUP, w.GETATTR, w.READLINK, w.SYMLINK, w.UNLINK, w.RMDIR, w.OPEN, w.STATFS,
        w.LISTXATTR, w.REMOVEXATTR, w.OPENDIR, *body,
    }  # fmt: skip
    for opcode in by_node:
        refused(errno.ESTALE, wire.ask, opcode, 99, body.get(opcode, padded(0, 0) + b"x\0y\0"))
    # The second node of a request, too.
    refused(errno.ESTALE, wire.ask, w.LINK, 1, body[w.LINK])
    refused(errno.ESTALE, wire.ask, w.RENAME, 1, body[w.RENAME])


BY_HANDLE: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "read": (w.READ, lambda fh: w.read_in(fh, 0, 10)),
    "read much": (w.READ, lambda fh: w.read_in(fh, 0, 4 << 20)),
    "write": (w.WRITE, lambda fh: w.write_in(fh, 0, b"x")),
    "write, clearing setuid": (w.WRITE, lambda fh: w.write_in(fh, 0, b"x", 4)),
    "flush": (w.FLUSH, w.flush_in),
    "fsync": (w.FSYNC, lambda fh: padded(fh, 0)),
    "release": (w.RELEASE, w.release_in),
    "release, clearing flock": (w.RELEASE, lambda fh: w.release_in(fh, 2)),
    "fallocate": (w.FALLOCATE, lambda fh: padded(fh, 0, 10, 0)),
    "lseek": (w.LSEEK, lambda fh: padded(fh, 0, os.SEEK_END)),
    "copy from": (w.COPY_FILE_RANGE, lambda fh: padded(fh, 0, 1, fh, 0, 1, 0)),
    "readdir": (w.READDIR, lambda fh: w.read_in(fh, 0, 4096)),
    "readdirplus": (w.READDIRPLUS, lambda fh: w.read_in(fh, 0, 4096)),
    "fsyncdir": (w.FSYNCDIR, lambda fh: padded(fh, 0)),
    "releasedir": (w.RELEASEDIR, w.release_in),
    "getlk": (w.GETLK, lambda fh: w.lk_in(fh, 1, 0, 9, fcntl.F_WRLCK, 5)),
    "setlk": (w.SETLK, lambda fh: w.lk_in(fh, 1, 0, 9, fcntl.F_WRLCK, 5)),
    "setlkw": (w.SETLKW, lambda fh: w.lk_in(fh, 1, 0, 9, fcntl.F_WRLCK, 5)),
    "flock": (w.SETLK, lambda fh: w.lk_in(fh, 1, 0, 9, fcntl.F_WRLCK, 5, w.FUSE_LK_FLOCK)),
}


@pytest.mark.parametrize("case", BY_HANDLE.values(), ids=BY_HANDLE)
@pytest.mark.parametrize("which", ["huge", "closed", "one of our own"])
def test_a_handle_that_is_not_known_is_bad(
    wire: Wire, vfs: Vfs, folder: Path, case: tuple[int, Callable[[int], bytes]], which: str
) -> None:
    opcode, body = case
    (folder / "secret").write_text("secret")
    (folder / "secret").chmod(0o4755)
    # What this process has open for itself is no file of the mount.
    own = os.open(folder / "secret", os.O_RDWR)
    number = {"huge": 1 << 40, "closed": 987, "one of our own": own}[which]
    refused(errno.EBADF, wire.ask, opcode, 1, body(number))
    os.close(own)
    assert ((folder / "secret").read_text(), vfs.handles) == ("secret", {})
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o4755


def test_attributes_by_a_handle_that_is_not_known_are_those_of_the_node(
    wire: Wire, folder: Path
) -> None:
    (folder / "f").write_text("content")
    file = wire.lookup(b"f").nodeid
    assert w.attr_out(wire.ask(w.GETATTR, file, short(1, 0) + padded(987)))[1].size == 7


def test_folders_that_are_looked_into_or_opened_are_said_to_be_seen(
    wire: Wire, folder: Path, told: Told
) -> None:
    (folder / "d").mkdir()
    d = wire.lookup(b"d").nodeid
    assert told.seen == [1]
    wire.ask(w.RELEASEDIR, d, w.release_in(wire.opendir(d)))
    assert told.seen == [1, d]


# --- forgetting


def test_forgetting_what_is_not_known_is_nothing(wire: Wire, told: Told) -> None:
    assert wire.begin(w.FORGET, 99, padded(1)) is None
    assert wire.begin(w.BATCH_FORGET, 0, short(2, 0) + padded(98, 1, 99, 3)) is None
    assert told.forgotten == []


def test_a_node_is_gone_with_its_last_reference_only(
    wire: Wire, vfs: Vfs, folder: Path, told: Told
) -> None:
    for entry in "ab":
        (folder / entry).write_text("x")
    a, b = (wire.lookup(entry).nodeid for entry in (b"a", b"b"))
    wire.lookup(b"a")
    wire.ask(w.BATCH_FORGET, 0, short(2, 0) + padded(a, 1, b, 1))
    assert (told.forgotten, sorted(vfs.nodes)) == ([b], [1, a])
    wire.ask(w.FORGET, a, padded(1))
    assert told.forgotten == [b, a]


# --- names


def test_renames_obey_their_flags(wire: Wire, folder: Path, noted: Noted) -> None:
    (folder / "a").write_text("A")
    (folder / "b").write_text("B")

    def rename(flags: int) -> bytes:
        body = padded(1) + short(flags, 0) + name(b"a") + name(b"b")
        return wire.ask(w.RENAME2, 1, body)

    refused(errno.EEXIST, rename, 1)
    rename(2)
    assert ((folder / "a").read_text(), (folder / "b").read_text()) == ("B", "A")
    refused(errno.EINVAL, rename, 3)
    rename(0)
    assert ([path.name for path in folder.iterdir()], (folder / "b").read_text()) == (["b"], "B")
    assert noted.events[-1] == (Op.RENAMED, "a", "b")


def test_names_may_hold_any_byte(wire: Wire, folder: Path) -> None:
    for entry in (b"\xff\xfe", b" ", b"a\nb", b"n" * 255):
        made, opened = wire.create(entry, os.O_RDWR)
        assert wire.lookup(entry).nodeid == made.nodeid
        wire.ask(w.RELEASE, made.nodeid, w.release_in(opened.fh))
        assert entry in os.listdir(os.fsencode(folder))
    refused(errno.ENAMETOOLONG, wire.create, b"n" * 256, os.O_RDWR)


# --- attributes


def setattr_(wire: Wire, node: int, data: bytes, uid: int | None = None) -> w.Attr:
    return w.attr_out(wire.ask(w.SETATTR, node, data, uid=uid))[1]


def test_only_the_attributes_that_are_named_are_set(wire: Wire, folder: Path) -> None:
    path = folder / "f"
    path.write_text("content")
    file = wire.lookup(b"f").nodeid
    before = path.stat()
    rubbish = {"size": 3, "mode": 0o7777, "uid": 1, "gid": 1, "atime": (5, 6), "mtime": (7, 8)}

    def change(valid: int, **others: int | tuple[int, int]) -> w.Attr:
        return setattr_(wire, file, w.setattr_in(valid, **(rubbish | others)))  # type: ignore[arg-type]

    about = change(w.FATTR_MODE, mode=0o640)
    assert (stat.S_IMODE(about.mode), about.size) == (0o640, 7)
    about = change(w.FATTR_SIZE, size=2)
    assert (stat.S_IMODE(about.mode), about.size) == (0o640, 2)
    about = change(w.FATTR_ATIME)
    assert (about.atime, about.atimensec, about.mtime != 7) == (5, 6, True)
    about = change(w.FATTR_MTIME)
    assert (about.atime, about.mtime, about.mtimensec) == (5, 7, 8)
    assert (path.stat().st_uid, path.stat().st_gid) == (before.st_uid, before.st_gid)
    about = change(w.FATTR_UID | w.FATTR_GID, uid=before.st_uid, gid=before.st_gid)
    assert (about.uid, about.size) == (before.st_uid, 2)


def test_times_are_set_to_now_or_left(wire: Wire, folder: Path) -> None:
    path = folder / "f"
    path.write_text("x")
    file = wire.lookup(b"f").nodeid
    both = w.FATTR_ATIME | w.FATTR_MTIME
    about = setattr_(wire, file, w.setattr_in(both, atime=(-5, 6), mtime=(1 << 33, 8)))
    assert (about.atime, about.atimensec, about.mtime) == (-5, 6, 1 << 33)
    about = setattr_(wire, file, w.setattr_in(w.FATTR_ATIME | w.FATTR_ATIME_NOW, atime=(9, 9)))
    assert (about.atime > 10**9, about.mtime) == (True, 1 << 33)
    about = setattr_(wire, file, w.setattr_in(both, atime=(5, 0), mtime=(6, 0)))
    about = setattr_(wire, file, w.setattr_in(w.FATTR_MTIME | w.FATTR_MTIME_NOW))
    assert (about.atime, about.mtime > 10**9) == (5, True)
    now = both | w.FATTR_ATIME_NOW | w.FATTR_MTIME_NOW
    about = setattr_(wire, file, w.setattr_in(now))
    assert about.atime > 10**9


def test_a_change_of_nothing_is_allowed_to_the_owner_and_to_who_writes(
    wire: Wire, folder: Path
) -> None:
    (folder / "f").write_text("x")
    (folder / "f").chmod(0o4755)
    file = wire.lookup(b"f").nodeid
    refused(errno.EPERM, setattr_, wire, file, w.setattr_in(0), SOMEBODY)
    assert (folder / "f").stat().st_mode & stat.S_ISUID
    opened = wire.open(file, os.O_WRONLY)
    assert stat.S_IMODE(setattr_(wire, file, w.setattr_in(0), SOMEBODY).mode) == 0o755
    wire.ask(w.RELEASE, file, w.release_in(opened.fh))
    setattr_(wire, file, w.setattr_in(0), SOMEBODY)  # there is nothing to take away any more
    (folder / "f").chmod(0o4755)
    refused(errno.EPERM, setattr_, wire, file, w.setattr_in(0), SOMEBODY)
    (folder / "f").chmod(0o4755)
    assert stat.S_IMODE(setattr_(wire, file, w.setattr_in(0)).mode) == 0o755


def test_who_may_not_keep_setuid_loses_it_by_writing_and_by_cutting(
    wire: Wire, folder: Path
) -> None:
    path = folder / "f"
    path.write_text("content")
    file = wire.lookup(b"f").nodeid

    def cleared() -> bool:
        return stat.S_IMODE(path.stat().st_mode) == 0o755

    path.chmod(0o6755)
    setattr_(wire, file, w.setattr_in(w.FATTR_SIZE | w.FATTR_KILL_SUIDGID, size=1))
    assert cleared()
    path.chmod(0o6755)
    opened = w.open_out(wire.ask(w.OPEN, file, short(os.O_RDWR | os.O_TRUNC, 1)))
    assert cleared()
    path.chmod(0o6755)
    wire.ask(w.WRITE, file, w.write_in(opened.fh, 0, b"x"))
    assert path.stat().st_mode & stat.S_ISUID or os.geteuid() != 0
    wire.ask(w.WRITE, file, w.write_in(opened.fh, 0, b"x", 4))
    assert cleared()
    wire.ask(w.RELEASE, file, w.release_in(opened.fh))


# --- extended attributes


def test_the_length_of_an_attribute_is_told_and_minded(wire: Wire, folder: Path) -> None:
    (folder / "f").write_text("x")
    file = wire.lookup(b"f").nodeid
    wire.ask(w.SETXATTR, file, w.setxattr_in(b"user.a", b"12\x00 5"))
    assert wire.ask(w.GETXATTR, file, w.getxattr_in(0, b"user.a")) == short(5, 0)
    refused(errno.ERANGE, wire.ask, w.GETXATTR, file, w.getxattr_in(4, b"user.a"))
    assert wire.ask(w.GETXATTR, file, w.getxattr_in(5, b"user.a")) == b"12\x00 5"
    assert wire.ask(w.LISTXATTR, file, w.getxattr_in(0)) == short(7, 0)
    refused(errno.ERANGE, wire.ask, w.LISTXATTR, file, w.getxattr_in(6))
    assert wire.ask(w.LISTXATTR, file, w.getxattr_in(7)) == b"user.a\0"
    refused(errno.EEXIST, wire.ask, w.SETXATTR, file, w.setxattr_in(b"user.a", b"", 1))
    refused(errno.ENODATA, wire.ask, w.SETXATTR, file, w.setxattr_in(b"user.b", b"", 2))
    wire.ask(w.SETXATTR, file, w.setxattr_in(b"user.a", b""))
    assert wire.ask(w.GETXATTR, file, w.getxattr_in(5, b"user.a")) == b""


# --- open files


def test_open_files_say_what_the_kernel_need_not_do(wire: Wire, folder: Path) -> None:
    (folder / "f").write_text("x")
    file = wire.lookup(b"f").nodeid
    status = wire.lookup(b"status", wire.lookup(b".lsfs").nodeid).nodeid
    reading, writing = wire.open(file, os.O_RDONLY), wire.open(file, os.O_RDWR)
    assert (reading.open_flags, writing.open_flags) == (w.FOPEN_NOFLUSH, 0)
    wire.ask(w.SETLK, file, w.lk_in(writing.fh, 1, 0, 9, fcntl.F_WRLCK, 5))
    again = wire.open(file, os.O_RDONLY)
    assert again.open_flags == 0  # its close may end a lock
    virtual = wire.open(status, os.O_RDONLY)
    assert virtual.open_flags == w.FOPEN_DIRECT_IO
    wire.ask(w.FLUSH, file, w.flush_in(writing.fh, 1))
    for node, opened in ((file, reading), (file, writing), (file, again), (status, virtual)):
        wire.ask(w.RELEASE, node, w.release_in(opened.fh))


def test_reads_of_any_length_give_what_is_there(wire: Wire, folder: Path) -> None:
    content = os.urandom(3 << 20)
    (folder / "f").write_bytes(content)
    file = wire.lookup(b"f").nodeid
    fh = wire.open(file, os.O_RDONLY).fh
    for offset, size in ((0, 1), (5, 1 << 20), (1, 2 << 20), (len(content) - 3, 100), (1 << 40, 9)):
        data = wire.ask(w.READ, file, w.read_in(fh, offset, size))
        assert data == content[offset : offset + size]
    wire.ask(w.RELEASE, file, w.release_in(fh))


def test_data_and_holes_are_found(wire: Wire, folder: Path) -> None:
    made, opened = wire.create(b"f", os.O_RDWR)
    wire.ask(w.WRITE, made.nodeid, w.write_in(opened.fh, 1 << 20, b"x"))

    def seek(offset: int, whence: int) -> bytes:
        return wire.ask(w.LSEEK, made.nodeid, padded(opened.fh, offset) + short(whence, 0))

    assert seek(0, os.SEEK_DATA) == padded(1 << 20)
    assert seek(5, os.SEEK_HOLE) == padded(5)
    refused(errno.ENXIO, seek, 1 << 30, os.SEEK_DATA)
    punch = padded(opened.fh, 1 << 20, 1) + short(3, 0)
    wire.ask(w.FALLOCATE, made.nodeid, punch)
    assert wire.ask(w.READ, made.nodeid, w.read_in(opened.fh, 1 << 20, 9)) == b"\0"
    wire.ask(w.RELEASE, made.nodeid, w.release_in(opened.fh))


def test_a_lock_that_is_waited_for_is_answered_later(wire: Wire, folder: Path, told: Told) -> None:
    made, opened = wire.create(b"f", os.O_RDWR)
    file, fh = made.nodeid, opened.fh
    wire.ask(w.SETLK, file, w.lk_in(fh, 1, 0, 9, fcntl.F_WRLCK, 5))
    wanted = w.lk_in(fh, 2, 5, 6, fcntl.F_WRLCK, 6)
    refused(errno.EAGAIN, wire.ask, w.SETLK, file, wanted)
    assert wire.begin(w.SETLKW, file, wanted, unique=71) is None
    assert told.answers == [(7, 0)]  # the first one, which got it at once
    wire.ask(w.FLUSH, file, w.flush_in(fh, 1))
    assert told.answers == [(7, 0), (71, 0)]
    wire.ask(w.FLUSH, file, w.flush_in(fh, 2))
    wire.ask(w.RELEASE, file, w.release_in(fh))


def test_flock_is_waited_for_and_ends_with_the_open_file(
    wire: Wire, folder: Path, told: Told
) -> None:
    (folder / "f").write_text("x")
    file = wire.lookup(b"f").nodeid
    one, two = wire.open(file, os.O_RDWR).fh, wire.open(file, os.O_RDWR).fh
    wire.ask(w.SETLK, file, w.lk_in(one, 1, 0, WHOLE, fcntl.F_WRLCK, 5, w.FUSE_LK_FLOCK))
    wanted = w.lk_in(two, 2, 0, WHOLE, fcntl.F_WRLCK, 6, w.FUSE_LK_FLOCK)
    refused(errno.EAGAIN, wire.ask, w.SETLK, file, wanted)
    assert wire.begin(w.SETLKW, file, wanted, unique=71) is None
    wire.ask(w.RELEASE, file, w.release_in(one, 2))
    assert told.answers == [(7, 0), (71, 0)]
    wire.ask(w.RELEASE, file, w.release_in(two, 2))


def test_a_file_whose_node_cannot_be_kept_is_closed(
    wire: Wire, vfs: Vfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Node:
        raise OSError(errno.EMFILE, "")

    monkeypatch.setattr(vfs.table, "refer", full)
    monkeypatch.setattr(vfs.table, "refer_nameless", full)
    before = descriptors()
    refused(errno.EMFILE, wire.create, b"f", os.O_RDWR)
    refused(errno.EMFILE, wire.ask, w.TMPFILE, 1, w.create_in(os.O_RDWR, 0o600, b""))
    assert (descriptors(), vfs.handles) == (before, {})


# --- the virtual directory


def test_what_takes_long_is_deferred_with_its_whole_answer(
    wire: Wire, vfs: Vfs, index: Index
) -> None:
    ours = wire.lookup(b".lsfs").nodeid
    search, ask = wire.lookup(b"search", ours).nodeid, wire.lookup(b"ask", ours).nodeid
    make = wire.begin(w.MKDIR, search, short(0o700, 0) + name(b"rent"))
    assert isinstance(make, Deferred)
    assert index.made == {}
    query = w.entry_out(bytes(make.work()))
    assert vfs.nodes[query.nodeid].parts == ("search", "rent")
    made, opened = wire.create(b"q", os.O_WRONLY, node=ask)
    wire.ask(w.WRITE, made.nodeid, w.write_in(opened.fh, 0, b"What?"))
    keep = wire.begin(w.FLUSH, made.nodeid, w.flush_in(opened.fh))
    assert isinstance(keep, Deferred)
    assert index.asked_questions == {}
    assert keep.work() == b""
    assert list(index.asked_questions) == ["q"]
    wire.ask(w.RELEASE, made.nodeid, w.release_in(opened.fh))
    answer = wire.begin(w.OPEN, made.nodeid, short(os.O_RDONLY, 0))
    assert isinstance(answer, Deferred)
    page = w.open_out(bytes(answer.work()))
    assert page.open_flags == w.FOPEN_DIRECT_IO
    assert wire.ask(w.READ, made.nodeid, w.read_in(page.fh, 0, 10)) == b"# What?\n\nI"
    wire.ask(w.RELEASE, made.nodeid, w.release_in(page.fh))
    for opcode, parent, entry in ((w.RMDIR, search, b"rent"), (w.UNLINK, ask, b"q")):
        forget = wire.begin(opcode, parent, name(entry))
        assert isinstance(forget, Deferred)
        assert forget.work() == b""
    assert (index.made, index.asked_questions) == ({}, {})


def test_a_session_leaves_nothing_open(wire: Wire, folder: Path, vfs: Vfs) -> None:
    (folder / "f").write_text("x")
    before = descriptors()
    file = wire.lookup(b"f").nodeid
    listing = wire.opendir()
    fh = wire.open(file, os.O_RDWR).fh
    wire.ask(w.SETLK, file, w.lk_in(fh, 1, 0, 9, fcntl.F_WRLCK, 5))
    wire.ask(w.RELEASE, file, w.release_in(fh))
    wire.ask(w.RELEASEDIR, 1, w.release_in(listing))
    wire.ask(w.FORGET, file, padded(1))
    assert (descriptors(), vfs.handles, list(vfs.nodes)) == (before, {}, [1])
