"""The operations against a plain folder, with no mount: what libfuse would call, in its order."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.clock import SystemClock
from lsfs.fuse import libc
from lsfs.fuse.changes import Changes
from lsfs.fuse.operations import Operations
from lsfs.fuse.source import Caller, Source
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.virtual import VirtualTree
from lsfs.versions.events import Op
from tests.fuse.test_virtual import Index

HIDDEN = b"/.fuse_hidden0000000200000001"


class Noted:
    """A journal in memory."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []

    def append(
        self, time_ns: int, op: Op, path: bytes, target: bytes | None = None, **_: object
    ) -> int:
        names = [os.fsdecode(name) for name in (path, target) if name is not None]
        self.events.append((op, *names))
        return len(self.events)


@pytest.fixture
def noted() -> Noted:
    return Noted()


def opened_below(folder: Path) -> int:
    """How many descriptors are of files of the test; threads of other tests have others."""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += str(descriptor.readlink()).startswith(str(folder))
    return count


@pytest.fixture
def operations(tmp_path: Path, noted: Noted) -> Iterator[Operations]:
    source = Source(tmp_path)
    index = Index()
    caller = Caller(os.geteuid(), os.getegid())
    vfs = Vfs(source, VirtualTree(index, index, {}), Changes(noted, SystemClock()))
    made = Operations(vfs, source, lambda: caller)
    before = opened_below(tmp_path)
    yield made
    made.destroy()
    vfs.close()
    assert opened_below(tmp_path) == before, "a descriptor was left open"
    source.close()


def refused(code: int, call: Callable[..., object], *arguments: object) -> None:
    with pytest.raises(OSError) as error:
        call(*arguments)
    assert error.value.errno == code


def test_a_file_from_beginning_to_end(operations: Operations, noted: Noted, tmp_path: Path) -> None:
    fd = operations.create(b"/f", 0o640, os.O_WRONLY)
    assert operations.write(b"hello", 0, fd) == 5
    operations.flush(fd)
    operations.fsync(1, fd)
    assert operations.getattr(b"/f", fd)["st_size"] == 5
    operations.release(b"/f", fd)
    assert (tmp_path / "f").read_bytes() == b"hello"
    fd = operations.open(b"/f", os.O_RDONLY)
    assert os.pread(fd, 100, 1) == b"ello"
    operations.release(b"/f", fd)
    assert noted.events == [(Op.WRITTEN, "f")]


def test_the_event_bears_the_name_that_the_file_has_when_it_is_closed(
    operations: Operations, noted: Noted
) -> None:
    fd = operations.create(b"/a", 0o600, os.O_WRONLY)
    operations.rename(b"/a", b"/b")
    operations.release(b"/b", fd)
    assert noted.events == [(Op.RENAMED, "a", "b"), (Op.WRITTEN, "b")]


def test_a_page_of_a_mapping_goes_where_it_belongs(operations: Operations, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 10)
    fd = operations.open(b"/f", os.O_RDWR | os.O_APPEND)
    operations.write(b"YY", 3, fd, page=True)
    operations.write(b"end", 0, fd)
    operations.release(b"/f", fd)
    assert (tmp_path / "f").read_bytes() == b"xxxYYxxxxxend"


def test_a_hidden_file_goes_at_the_next_call(
    operations: Operations, noted: Noted, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("x")
    fd = operations.open(b"/f", os.O_RDWR)
    operations.rename(b"/f", HIDDEN)
    # The power may fail here: until it is known to be a removal, the file is there.
    assert len(list(tmp_path.iterdir())) == 1
    operations.unlinked.sweep()
    assert list(tmp_path.iterdir()) == []
    assert operations.getattr(HIDDEN)["st_nlink"] == 0
    operations.chmod(HIDDEN, 0o640)
    operations.utimens(HIDDEN, ((1, 0), (2, 5)))
    operations.truncate(HIDDEN, 0)
    found = operations.getattr(HIDDEN)
    assert (stat.S_IMODE(found["st_mode"]), found["st_mtime"] > 2 * 10**9) == (0o640, True)
    operations.release(HIDDEN, fd)
    operations.unlink(HIDDEN)
    refused(errno.ENOENT, operations.getattr, HIDDEN)
    assert noted.events == [(Op.REMOVED, "f")]


def test_a_rename_over_an_open_file_that_fails_puts_it_back(
    operations: Operations, noted: Noted, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("precious")
    fd = operations.open(b"/f", os.O_RDONLY)
    operations.rename(b"/f", HIDDEN)
    refused(errno.ENOENT, operations.rename, b"/gone meanwhile", b"/f")
    assert (tmp_path / "f").read_text() == "precious"
    operations.release(HIDDEN, fd)
    operations.unlink(HIDDEN)
    assert (tmp_path / "f").read_text() == "precious"
    assert noted.events[-1] == (Op.WRITTEN, "f")


def test_a_rename_over_an_open_file_replaces_it_before_the_old_one_goes(
    operations: Operations, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("old")
    (tmp_path / "new").write_text("new")
    fd = operations.open(b"/f", os.O_RDONLY)
    operations.rename(b"/f", HIDDEN)
    operations.rename(b"/new", b"/f")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert os.pread(fd, 10, 0) == b"old"
    operations.release(HIDDEN, fd)
    operations.unlink(HIDDEN)
    assert (tmp_path / "f").read_text() == "new"


def test_a_removed_file_whose_path_is_lost_goes_with_its_last_handle(
    operations: Operations, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("x")
    one = operations.open(b"/f", os.O_RDWR)
    two = operations.open(b"/f", os.O_RDONLY)
    operations.rename(b"/f", HIDDEN)
    operations.unlinked.sweep()
    operations.release(None, one)
    assert operations.unlinked.find(HIDDEN) is not None
    operations.release(None, two)
    assert operations.unlinked.find(HIDDEN) is None


def test_hidden_files_of_a_crash_are_not_listed(operations: Operations, tmp_path: Path) -> None:
    (tmp_path / HIDDEN.decode()[1:]).write_text("x")
    (tmp_path / ".lsfs").mkdir()
    (tmp_path / "sub/.lsfs").mkdir(parents=True)
    for path, expected in ((b"/", [b"sub"]), (b"/sub", [b".lsfs"])):
        fd = operations.opendir(path)
        for _ in range(2):  # a listing can be begun again
            assert [entry.name for entry in operations.readdir(path, fd)] == expected
        operations.releasedir(path, fd)


def test_names_that_only_begin_like_ours_are_files(operations: Operations, tmp_path: Path) -> None:
    (tmp_path / ".lsfs.toml").write_text("x")
    assert operations.vfs.virtual_parts(b"/.lsfs.toml") is None
    assert operations.vfs.virtual_parts(b"/.lsfs") == ()
    assert operations.vfs.virtual_parts(b"/.lsfs/search/a b") == ("search", "a b")
    assert operations.vfs.virtual_parts(b"/sub/.lsfs") is None
    assert operations.vfs.virtual_parts(b"/") is None
    assert operations.getattr(b"/.lsfs.toml")["st_size"] == 1


def test_virtual_attributes(operations: Operations, tmp_path: Path) -> None:
    owner = tmp_path.stat()
    for path, mode in (
        (b"/.lsfs", stat.S_IFDIR | 0o500),
        (b"/.lsfs/search", stat.S_IFDIR | 0o700),
        (b"/.lsfs/README.md", stat.S_IFREG | 0o400),
    ):
        found = operations.getattr(path)
        assert (found["st_mode"], found["st_uid"]) == (mode, owner.st_uid)
    size = operations.getattr(b"/.lsfs/README.md")["st_size"]
    fd = operations.open(b"/.lsfs/README.md", os.O_RDONLY)
    assert len(os.pread(fd, 10**6, 0)) == size
    operations.release(b"/.lsfs/README.md", fd)
    refused(errno.EROFS, operations.open, b"/.lsfs/README.md", os.O_RDWR)
    refused(errno.EINVAL, operations.readlink, b"/.lsfs/README.md")


def test_without_path_or_handle_there_is_no_file(operations: Operations) -> None:
    refused(errno.ENOENT, operations.getattr, None)
    refused(errno.ENOENT, operations.truncate, None, 0)


def test_long_paths_go_in_legs(operations: Operations, tmp_path: Path) -> None:
    path = b""
    for _ in range(30):
        path += b"/" + b"d" * 200
        operations.mkdir(path, 0o700)
    assert len(path) > 4096
    fd = operations.create(path + b"/f", 0o600, os.O_WRONLY)
    operations.release(path + b"/f", fd)
    operations.rename(path + b"/f", b"/up here")
    assert (tmp_path / "up here").exists()
    refused(errno.ENOENT, operations.getattr, path + b"/f")


def test_no_link_is_followed_on_the_way(operations: Operations, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/f").write_text("x")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "out").symlink_to("/etc")
    refused(errno.ELOOP, operations.getattr, b"/link/f")
    refused(errno.ELOOP, operations.getattr, b"/out/passwd")
    (tmp_path / "last").symlink_to("/etc/passwd")
    refused(errno.ELOOP, operations.open, b"/last", os.O_RDONLY)
    assert stat.S_ISLNK(operations.getattr(b"/last")["st_mode"])
    refused(errno.EOPNOTSUPP, operations.chmod, b"/last", 0o777)


def test_steps_when_the_kernel_has_no_openat2(
    operations: Operations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> int:
        import ctypes

        ctypes.set_errno(errno.ENOSYS)
        return -1

    monkeypatch.setattr(libc, "_openat2", missing)
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/f").write_text("x")
    (tmp_path / "link").symlink_to("a")
    assert operations.getattr(b"/a/b/f")["st_size"] == 1
    refused(errno.ENOTDIR, operations.getattr, b"/link/b/f")


def test_exchange(operations: Operations, noted: Noted, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("A")
    (tmp_path / "b").write_text("B")
    operations.rename(b"/a", b"/b", libc.RENAME_EXCHANGE)
    assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("B", "A")
    assert noted.events == [(Op.EXCHANGED, "a", "b")]
    refused(errno.EEXIST, operations.rename, b"/a", b"/b", libc.RENAME_NOREPLACE)


def test_the_root_itself(operations: Operations, tmp_path: Path) -> None:
    operations.chmod(b"/", 0o750)
    operations.utimens(b"/", ((1, 2), (3, 4)))
    os.setxattr(tmp_path, "user.k", b"v")
    assert operations.getxattr(b"/", b"user.k") == b"v"
    assert operations.listxattr(b"/") == b"user.k\0"
    assert operations.getattr(b"/")["st_mtime"] == 3 * 10**9 + 4
    assert operations.statfs(b"/")["f_blocks"] > 0
