"""Unmounting: who is in the way, and that nothing which was written is lost."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs.errors import LockHeld, LsfsError
from lsfs.fuse import libc, mounts
from lsfs.fuse import mount as mounting
from tests.fuse.conftest import Drive

Wait = Callable[..., object]

pytestmark = pytest.mark.mount

NOBODY = 65534
MAP_AND_WAIT = """
import mmap, os, sys
with open(sys.argv[1], "r+b") as file:
    view = mmap.mmap(file.fileno(), 0)
os.closerange(3, 100)  # mmap keeps a descriptor of its own
print("mapped", flush=True)
sys.stdin.read()
"""


def test_a_mapped_file_is_in_use(unmounted: Drive) -> None:
    # The descriptor is closed; all that holds the mount is the mapping.
    name = "a b\nc.txt"
    (unmounted.source / name).write_text("x" * 5000)
    unmounted.mount()
    with subprocess.Popen(
        [sys.executable, "-c", MAP_AND_WAIT, str(unmounted.mountpoint / name)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"mapped\n"
        # Gone from the table of descriptors: seen in /proc/PID/maps alone.
        links = [str(fd.readlink()) for fd in Path(f"/proc/{user.pid}/fd").iterdir()]
        assert not any(link.startswith(str(unmounted.mountpoint)) for link in links)
        with pytest.raises(LockHeld, match=rf"python[^ ]* \({user.pid}\)"):
            unmounted.umount()
        user.communicate()
    unmounted.umount()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees what others have open")
def test_root_is_told_of_other_users(unmounted: Drive) -> None:
    for folder in (unmounted.source, *unmounted.source.parents):
        if folder.owner() == "root" and str(folder) not in ("/", "/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    unmounted.mount(allow_other=True)
    with subprocess.Popen(
        ["sleep", "100"], cwd=unmounted.mountpoint, user=NOBODY, group=NOBODY, extra_groups=[]
    ) as user:
        with pytest.raises(LockHeld, match=rf"sleep \({user.pid}\)"):
            unmounted.umount()
        user.kill()
    unmounted.umount()


def test_what_was_written_is_in_the_source(unmounted: Drive) -> None:
    (unmounted.source / "mapped").write_bytes(bytes(1 << 20))
    unmounted.mount()
    data = os.urandom(1 << 20)
    with (unmounted.mountpoint / "mapped").open("r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        view[:] = data
    for n in range(20):
        (unmounted.mountpoint / f"f{n}").write_bytes(data[n : n + 5000])
    unmounted.umount()
    assert (unmounted.source / "mapped").read_bytes() == data
    for n in range(20):
        assert (unmounted.source / f"f{n}").read_bytes() == data[n : n + 5000]


def test_a_busy_mount_has_passed_on_what_was_mapped(unmounted: Drive, eventually: Wait) -> None:
    mapped = unmounted.source / "mapped"
    mapped.write_bytes(bytes(4096))
    unmounted.mount()
    with (unmounted.mountpoint / "mapped").open("r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        view[:5] = b"hello"
        with pytest.raises(LockHeld):
            unmounted.umount()
        # The kernel sends what is written back, and does not wait until it has been taken.
        eventually(lambda: mapped.read_bytes()[:5] == b"hello")
    unmounted.umount()


def test_what_cannot_be_flushed_is_said(unmounted: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    unmounted.mount()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(libc, "syncfs", full)
        with pytest.raises(LsfsError, match="No space left"):
            unmounted.umount()
    assert mounts.at(unmounted.mountpoint) is not None
    unmounted.umount()


def test_a_stopped_process_holds_nobody_up(
    unmounted: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounting, "ANSWER_S", 1.0)
    info = unmounted.mount()
    os.kill(info.pid, signal.SIGSTOP)
    try:
        with pytest.raises(LockHeld, match="does not answer"):
            unmounted.umount()
        unmounted.umount(lazy=True)
        assert mounts.at(unmounted.mountpoint) is None
    finally:
        os.kill(info.pid, signal.SIGCONT)


def test_a_mount_right_after_a_kill_waits_for_the_end(unmounted: Drive) -> None:
    (unmounted.source / "f").write_text("x")
    for _ in range(3):
        info = unmounted.mount()
        os.kill(info.pid, signal.SIGKILL)
    unmounted.mount()
    assert (unmounted.mountpoint / "f").read_text() == "x"
    unmounted.umount()


def test_a_dead_mount_that_goes_while_it_is_taken_away_is_gone(
    unmounted: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    (unmounted.source / "f").write_text("x")
    looks = iter([True])
    is_stale = mounts.is_stale
    monkeypatch.setattr(mounts, "is_stale", lambda at: next(looks, None) or is_stale(at))
    unmounted.mount()
    assert (unmounted.mountpoint / "f").read_text() == "x"
    unmounted.umount()


def test_a_mount_that_is_still_used_after_a_lazy_umount_says_so(unmounted: Drive) -> None:
    (unmounted.source / "f").write_text("x")
    unmounted.mount()
    with (unmounted.mountpoint / "f").open() as file:
        unmounted.umount(lazy=True)
        with pytest.raises(LockHeld, match="programs still use it"):
            unmounted.mount()
        assert file.read() == "x"
