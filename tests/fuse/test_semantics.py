"""The drive is the folder, byte for byte: what programs may rely on, on both transports.

Where a transport cannot do something, the test asserts what it does instead, and says why.
"""

# The calls themselves are what is tested, with bytes as names.
# ruff: noqa: PTH104, PTH108, PTH115, PTH123, PTH208, PTH211

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs.fuse import libc
from lsfs.versions.events import Op
from tests.fuse.conftest import Place

pytestmark = pytest.mark.mount

Wait = Callable[..., object]


def rename(old: Path, new: Path, flags: int) -> None:
    libc.rename(libc.AT_FDCWD, os.fsencode(old), libc.AT_FDCWD, os.fsencode(new), flags)


def _said(link: Path) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:
        return ""


def opened(path: Path, flags: int, mode: int = 0o644) -> int:
    return os.open(path, flags, mode)


# --- rename


def test_rename_noreplace(place: Place) -> None:
    (place.front / "a").write_text("A")
    (place.front / "b").write_text("B")
    with pytest.raises(OSError) as refused:
        rename(place.front / "a", place.front / "b", libc.RENAME_NOREPLACE)
    # The kernel sees that b exists before it asks anybody.
    assert refused.value.errno == errno.EEXIST
    assert (place.behind / "a").read_text() == "A"
    assert (place.behind / "b").read_text() == "B"
    if place.has_flags:
        rename(place.front / "a", place.front / "c", libc.RENAME_NOREPLACE)
        assert (place.behind / "c").read_text() == "A"
    else:
        # The protocol of libfuse 2 has no flags: refused, so that nothing is replaced by mistake.
        with pytest.raises(OSError) as unsupported:
            rename(place.front / "a", place.front / "c", libc.RENAME_NOREPLACE)
        assert unsupported.value.errno in (errno.EINVAL, errno.ENOSYS)


def test_rename_exchange_loses_nothing(place: Place) -> None:
    (place.front / "a").write_text("A")
    (place.front / "b").write_text("B")
    if place.has_flags:
        rename(place.front / "a", place.front / "b", libc.RENAME_EXCHANGE)
        assert ((place.front / "a").read_text(), (place.front / "b").read_text()) == ("B", "A")
        assert (place.behind / "a").read_text() == "B"
    else:
        with pytest.raises(OSError) as unsupported:
            rename(place.front / "a", place.front / "b", libc.RENAME_EXCHANGE)
        assert unsupported.value.errno in (errno.EINVAL, errno.ENOSYS)
        assert (place.behind / "a").read_text() == "A"
    assert len(os.listdir(place.behind)) == 2


def test_rename_of_a_folder_with_an_open_file(place: Place) -> None:
    (place.front / "old").mkdir()
    with (place.front / "old/f").open("w") as file:
        (place.front / "old").rename(place.front / "new")
        file.write("late")
    assert (place.behind / "new/f").read_text() == "late"


# --- names


def test_names_are_bytes(place: Place) -> None:
    front, behind = os.fsencode(place.front), os.fsencode(place.behind)
    for name in (b"\xff\xfe", b"two\nlines", b"tab\t\x1b[31m", b"n" * 255, "ü ü".encode()):
        with open(front + b"/" + name, "wb") as file:
            file.write(name)
        assert name in os.listdir(front)
        with open(behind + b"/" + name, "rb") as file:
            assert file.read() == name
        os.rename(front + b"/" + name, front + b"/-" + name[1:])
        os.symlink(name, front + b"/link")
        assert os.readlink(front + b"/link") == name
        os.unlink(front + b"/link")
        os.unlink(front + b"/-" + name[1:])
    with pytest.raises(OSError) as refused:
        os.open(front + b"/" + b"n" * 256, os.O_CREAT | os.O_WRONLY)
    assert refused.value.errno == errno.ENAMETOOLONG


def test_paths_longer_than_path_max(place: Place) -> None:
    fd = os.open(place.front, os.O_RDONLY)
    names = ["d" * 200] * 25  # 5000 bytes
    for name in names:
        os.mkdir(name, dir_fd=fd)
        deeper = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = deeper
    file = os.open("deep", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=fd)
    os.write(file, b"down here")
    os.close(file)
    assert os.listdir(fd) == ["deep"]
    assert os.stat("deep", dir_fd=fd).st_size == 9
    os.rename("deep", "deeper", src_dir_fd=fd, dst_dir_fd=fd)
    os.chmod("deeper", 0o640, dir_fd=fd)
    os.unlink("deeper", dir_fd=fd)
    os.close(fd)
    subprocess.run(["rm", "-rf", str(place.front)], check=True)
    assert not place.behind.exists()


# --- open files


def test_removed_files_stay_usable_until_closed(place: Place) -> None:
    path = place.front / "f"
    with path.open("w+b") as file:
        file.write(b"hello")
        file.flush()
        path.unlink()
        file.seek(0)
        assert file.read() == b"hello"
        assert os.listdir(place.front) == []
        assert os.listdir(place.behind) == []
        fd = file.fileno()
        assert os.fstat(fd).st_nlink == 0
        os.ftruncate(fd, 2)
        os.fchmod(fd, 0o600)
        os.utime(fd, ns=(1, 2))
        os.setxattr(fd, "user.k", b"v")
        assert os.getxattr(fd, "user.k") == b"v"
        again = Path(f"/proc/self/fd/{fd}").read_bytes()
        assert (again, stat.S_IMODE(os.fstat(fd).st_mode)) == (b"he", 0o600)
        assert os.fstat(fd).st_mtime_ns == 2


def test_a_folder_around_a_removed_open_file_can_go(place: Place, eventually: Wait) -> None:
    (place.front / "d").mkdir()
    with (place.front / "d/f").open("w+b", buffering=0) as file:
        (place.front / "d/f").unlink()
        (place.front / "d").rmdir()
        assert os.listdir(place.behind) == []
        file.write(b"still here")
        file.seek(0)
        assert file.read() == b"still here"
    fds = Path(f"/proc/{place.drive.info.pid}/fd")
    # The kernel lets go of a handle some time after close() has returned.
    eventually(lambda: not [f for f in fds.iterdir() if "deleted" in _said(f)])


def test_a_folder_with_a_removed_open_file_can_change_places(place: Place) -> None:
    (place.front / "a").mkdir()
    (place.front / "b").mkdir()
    with (place.front / "b/f").open("w+b", buffering=0) as file:
        file.write(b"still here")
        (place.front / "b/f").unlink()
        if place.has_flags:
            rename(place.front / "a", place.front / "b", libc.RENAME_EXCHANGE)
        else:
            (place.front / "b").rename(place.front / "a")
        assert file.seek(0) == 0
        assert file.read() == b"still here"
    assert [path for path in place.behind.rglob("*") if path.is_file()] == []


def test_rename_over_an_open_file(place: Place) -> None:
    (place.front / "f").write_text("old")
    (place.front / "new").write_text("new")
    with (place.front / "f").open() as file:
        (place.front / "new").rename(place.front / "f")
        assert file.read() == "old"
        assert (place.front / "f").read_text() == "new"
        assert os.listdir(place.behind) == ["f"]
    assert (place.behind / "f").read_text() == "new"


def test_appending_from_two_descriptors(place: Place) -> None:
    path = place.front / "f"
    path.write_text("1")
    one = opened(path, os.O_WRONLY | os.O_APPEND)
    two = opened(path, os.O_WRONLY | os.O_APPEND)
    for _ in range(20):
        os.write(one, b"a")
        os.write(two, b"b")
    os.close(one)
    os.close(two)
    assert (place.behind / "f").read_bytes() == b"1" + b"ab" * 20


def test_appending_after_an_append_behind(place: Place) -> None:
    path = place.front / "f"
    path.write_text("1")
    fd = opened(path, os.O_WRONLY | os.O_APPEND)
    with (place.behind / "f").open("a") as file:
        file.write("2")
    os.write(fd, b"3")
    os.close(fd)
    assert (place.behind / "f").read_text() == "123"


def test_direct_io_is_accepted(place: Place) -> None:
    path = place.front / "f"
    fd = opened(path, os.O_CREAT | os.O_RDWR | os.O_DIRECT)
    aligned = mmap.mmap(-1, 4096)
    aligned.write(b"x" * 4096)
    assert os.write(fd, aligned) == 4096
    assert os.preadv(fd, [aligned], 0) == 4096
    try:
        assert os.pread(fd, 7, 3) == b"x" * 7
    except OSError as error:
        # Not aligned as O_DIRECT demands. Where the kernel reads the file itself, the mount is
        # what the folder is; otherwise the flag is dropped.
        assert place.speaks_protocol
        assert error.errno == errno.EINVAL
    os.close(fd)


def test_mapped_writes(place: Place) -> None:
    path = place.front / "f"
    path.write_bytes(b"x" * 8192)
    # The kernel writes pages back through any writable handle; through one that appends, pwrite
    # would put the page at the end.
    fd = opened(path, os.O_RDWR | os.O_APPEND)
    with mmap.mmap(fd, 8192) as mapped:
        mapped[5000:5003] = b"YYY"
        mapped.flush()
    os.close(fd)
    found = (place.behind / "f").read_bytes()
    assert (len(found), found[5000:5003]) == (8192, b"YYY")


def test_holes(place: Place) -> None:
    fd = opened(place.front / "f", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"x", 1 << 20)
    os.fsync(fd)
    if place.has_flags:
        assert os.lseek(fd, 0, os.SEEK_DATA) == 1 << 20
        assert os.lseek(fd, 0, os.SEEK_HOLE) == 0
    else:
        # libfuse 2 has no lseek: the kernel takes the whole file for data.
        assert os.lseek(fd, 0, os.SEEK_DATA) == 0
    assert os.fstat(fd).st_blocks * 512 < 1 << 20
    os.close(fd)


def test_allocating_and_punching(place: Place) -> None:
    fd = opened(place.front / "f", os.O_RDWR | os.O_CREAT)
    os.posix_fallocate(fd, 0, 100_000)  # the C library writes zeros where this is missing
    assert os.fstat(fd).st_size == 100_000
    os.pwrite(fd, b"z" * 65536, 0)
    punch_and_keep_size = 3
    if place.has_flags:
        libc.allocate(fd, punch_and_keep_size, 0, 32768)
        assert os.pread(fd, 1, 0) == b"\0"
    else:
        # fusepy's structure of operations ends before fallocate.
        with pytest.raises(OSError) as refused:
            libc.allocate(fd, punch_and_keep_size, 0, 32768)
        assert refused.value.errno == errno.EOPNOTSUPP
        assert os.pread(fd, 1, 0) == b"z"
    os.close(fd)


def test_copy_file_range(place: Place) -> None:
    (place.front / "a").write_bytes(os.urandom(300_000))
    with (place.front / "a").open("rb") as one, (place.front / "b").open("wb") as two:
        left = 300_000
        while left:
            left -= os.copy_file_range(one.fileno(), two.fileno(), left)
    assert (place.behind / "b").read_bytes() == (place.behind / "a").read_bytes()


def test_files_without_a_name(place: Place) -> None:
    if not place.speaks_protocol:
        # Neither libfuse passes O_TMPFILE on; programs fall back to a named file.
        with pytest.raises(OSError) as refused:
            opened(place.front, os.O_TMPFILE | os.O_RDWR)
        assert refused.value.errno == errno.EOPNOTSUPP
        return
    fd = opened(place.front, os.O_TMPFILE | os.O_RDWR, 0o640)
    os.write(fd, b"from nowhere")
    assert os.listdir(place.behind) == []
    assert os.fstat(fd).st_nlink == 0
    libc.link(fd, libc.AT_FDCWD, os.fsencode(place.front / "f"))
    os.close(fd)
    assert (place.behind / "f").read_bytes() == b"from nowhere"
    assert stat.S_IMODE((place.behind / "f").stat().st_mode) == 0o640
    assert (Op.WRITTEN, "f") in place.changes()


def test_truncating(place: Place) -> None:
    path = place.front / "f"
    path.write_bytes(b"x" * 100)
    os.truncate(path, 10)
    with path.open("r+b") as file:
        file.truncate(20)
    assert (place.behind / "f").read_bytes() == b"x" * 10 + b"\0" * 10
    path.open("wb").close()
    assert path.stat().st_size == 0


# --- locks


def test_flock_excludes(place: Place) -> None:
    one = opened(place.front / "f", os.O_RDWR | os.O_CREAT)
    two = opened(place.front / "f", os.O_RDWR)
    fcntl.flock(one, fcntl.LOCK_EX)
    with pytest.raises(BlockingIOError):
        fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(one)
    os.close(two)


def test_a_lock_ends_with_its_descriptor(place: Place, eventually: Wait) -> None:
    one = opened(place.front / "f", os.O_RDWR | os.O_CREAT)
    fcntl.flock(one, fcntl.LOCK_EX)
    two = opened(place.front / "f", os.O_RDWR)
    os.close(one)

    def is_free() -> bool:
        try:
            fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    eventually(is_free)
    os.close(two)


def test_record_locks_exclude(place: Place) -> None:
    fd = opened(place.front / "f", os.O_RDWR | os.O_CREAT)
    fcntl.lockf(fd, fcntl.LOCK_EX)
    script = (
        "import fcntl, os, sys\n"
        "fd = os.open(sys.argv[1], os.O_RDWR)\n"
        "try: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB); print('got')\n"
        "except OSError: print('blocked')\n"
    )

    def attempt(path: Path) -> str:
        arguments = [sys.executable, "-c", script, str(path)]
        return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip()

    assert attempt(place.front / "f") == "blocked"
    if place.speaks_protocol:
        assert attempt(place.behind / "f") == "blocked"
    else:
        # Here the kernel keeps locks itself: with libfuse one waiter would block the whole mount.
        assert attempt(place.behind / "f") == "got"
    os.close(fd)
    assert attempt(place.front / "f") == attempt(place.behind / "f") == "got"


# --- attributes


def test_hard_links(place: Place) -> None:
    (place.front / "a").write_text("1")
    os.link(place.front / "a", place.front / "b")
    one, two = (place.front / "a").stat(), (place.front / "b").stat()
    assert one.st_ino == two.st_ino == (place.behind / "a").stat().st_ino
    assert one.st_nlink == two.st_nlink == 2


def test_times_are_exact(place: Place) -> None:
    path = place.front / "f"
    path.write_text("")
    times = (1234567890_123456789, 1234567890_987654321)
    os.utime(path, ns=times)
    for side in (place.front, place.behind):
        found = (side / "f").stat()
        assert (found.st_atime_ns, found.st_mtime_ns) == times


@pytest.mark.parametrize("by_handle", [False, True])
def test_one_time_can_be_left_or_set_to_now(place: Place, by_handle: bool) -> None:
    path = place.front / "f"
    path.write_text("")
    os.utime(path, ns=(5 * 10**9, 6 * 10**9))
    fd = opened(path, os.O_RDWR)
    where, name = (fd, None) if by_handle else (libc.AT_FDCWD, os.fsencode(path))
    libc.set_times(where, name, ((0, libc.UTIME_OMIT), (99, 7)))
    found = (place.behind / "f").stat()
    assert (found.st_atime_ns, found.st_mtime_ns) == (5 * 10**9, 99 * 10**9 + 7)
    libc.set_times(where, name, ((0, libc.UTIME_NOW), (0, libc.UTIME_OMIT)))
    found = (place.behind / "f").stat()
    assert found.st_atime_ns > 10**18
    assert found.st_mtime_ns == 99 * 10**9 + 7
    os.close(fd)


def test_xattrs(place: Place) -> None:
    path = place.front / "f"
    path.write_text("")
    os.setxattr(path, "user.k", b"v\0w")
    assert os.getxattr(path, "user.k") == os.getxattr(place.behind / "f", "user.k") == b"v\0w"
    assert os.listxattr(path) == ["user.k"]
    with pytest.raises(FileExistsError):
        os.setxattr(path, "user.k", b"", os.XATTR_CREATE)
    os.removexattr(path, "user.k")
    with pytest.raises(OSError) as missing:
        os.getxattr(path, "user.k")
    assert missing.value.errno == errno.ENODATA
    assert os.listxattr(path) == []


def test_modes_are_what_was_asked(place: Place) -> None:
    for mode in (0o600, 0o664, 0o4755, 0o2755, 0o1777):
        path = place.front / f"m{mode:o}"
        path.write_text("")
        path.chmod(mode)
        assert stat.S_IMODE((place.behind / path.name).stat().st_mode) == mode
    old = os.umask(0o027)
    try:
        os.close(opened(place.front / "masked", os.O_CREAT | os.O_WRONLY, 0o666))
        (place.front / "dir").mkdir(0o777)
    finally:
        os.umask(old)
    assert stat.S_IMODE((place.behind / "masked").stat().st_mode) == 0o640
    assert stat.S_IMODE((place.behind / "dir").stat().st_mode) == 0o750


def test_chown_that_changes_nobody_clears_setuid(place: Place) -> None:
    for side in (place.front, place.behind):
        path = side / f"f-{side.parent.name}"
        path.write_text("")
        path.chmod(0o6755)
        os.chown(path, -1, -1)
        assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_a_setgid_folder_passes_its_group_on(place: Place) -> None:
    os.chown(place.front, 0, 12345)
    place.front.chmod(0o2775)
    (place.front / "f").write_text("")
    (place.front / "d").mkdir()
    assert (place.behind / "f").stat().st_gid == 12345
    found = (place.behind / "d").stat()
    assert found.st_gid == 12345
    assert found.st_mode & stat.S_ISGID


def test_special_files(place: Place) -> None:
    os.mkfifo(place.front / "fifo")
    assert stat.S_ISFIFO((place.behind / "fifo").stat().st_mode)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place.front / "s"))
        assert stat.S_ISSOCK((place.behind / "s").stat().st_mode)


def test_free_space_is_the_sources(place: Place) -> None:
    front, behind = os.statvfs(place.front), os.statvfs(place.behind)
    assert (front.f_blocks, front.f_bsize, front.f_namemax) == (
        behind.f_blocks, behind.f_bsize, behind.f_namemax,
    )  # fmt: skip


# --- edits behind the mount


def test_a_fresh_open_sees_edits_behind_at_once(place: Place) -> None:
    path = place.front / "f"
    path.write_text("old")
    assert path.read_text() == "old"
    (place.behind / "f").write_text("newer and longer")
    assert path.read_text() == "newer and longer"
    (place.behind / "f").write_text("short")
    assert path.read_text() == "short"


def test_stat_sees_edits_behind_within_a_second(place: Place, eventually: Wait) -> None:
    path = place.front / "f"
    path.write_text("old")
    path.stat()
    (place.behind / "f").write_text("newer")
    eventually(lambda: path.stat().st_size == 5, 1.5)
    (place.behind / "f").unlink()
    eventually(lambda: not path.exists(), 1.5)


def test_a_name_made_behind_is_there_at_once(place: Place) -> None:
    assert not (place.front / "f").exists()
    (place.behind / "f").write_text("x")
    assert (place.front / "f").read_text() == "x"


def test_a_folder_made_behind_in_the_inode_of_a_removed_file(place: Place) -> None:
    for number in range(20):
        (place.front / f"f{number}").touch()
        inode = (place.front / f"f{number}").stat().st_ino
        (place.behind / f"f{number}").unlink()
        (place.behind / f"d{number}").mkdir()
        (place.behind / f"d{number}/in it").touch()
        assert os.listdir(place.front / f"d{number}") == ["in it"]
        if (place.behind / f"d{number}").stat().st_ino == inode:
            return
    pytest.skip("this file system does not use inodes again at once")


def test_a_link_put_in_place_of_a_folder_behind_is_not_followed(place: Place) -> None:
    outside = place.drive.source.parent / f"outside-{place.drive.transport}"
    outside.mkdir()
    (outside / "secret").write_text("x")
    (place.front / "d").mkdir()
    (place.front / "d/secret").write_text("mine")
    fd = os.open(place.front / "d", os.O_PATH)
    shutil.rmtree(place.behind / "d")
    (place.behind / "d").symlink_to(outside)
    try:
        found = os.open("secret", os.O_RDONLY, dir_fd=fd)
    except OSError:
        pass
    else:
        # By descriptor the removed file can still be read, until the kernel has been told.
        assert os.read(found, 100) == b"mine"
        os.close(found)
    os.close(fd)


# --- large folders


def test_big_folders_are_listed_in_full(place: Place) -> None:
    names = {f"file number {number:05d}" for number in range(3000)}
    for name in names:
        (place.behind / name).touch()
    assert set(os.listdir(place.front)) == names
    assert len([entry for entry in os.scandir(place.front) if entry.is_file()]) == 3000
    done = subprocess.run(["ls", "-l", str(place.front)], capture_output=True, check=True)
    assert len(done.stdout.splitlines()) == 3001
