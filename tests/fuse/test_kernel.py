"""What only the transport ``kernel`` can do: answer later, tell the kernel, share locks."""

# The calls themselves are what is tested.
# ruff: noqa: PTH208

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.clock import SystemClock
from lsfs.fuse import brain, protocol, table, transports
from lsfs.fuse import mount as mounting
from lsfs.fuse.branches.ask import LONGEST
from lsfs.fuse.changes import Changes
from lsfs.fuse.notices import Notices
from lsfs.fuse.source import Caller, Source
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.virtual import VirtualTree
from tests.fuse.conftest import Drive, make_drive
from tests.fuse.fake_index import Index
from tests.fuse.test_operations import Noted
from tests.fuse.ways import COPYING, config_of

pytestmark = pytest.mark.mount

Wait = Callable[..., object]
NOBODY = 65534


@pytest.fixture(params=["kernel", COPYING])
def drive(request: pytest.FixtureRequest, tmp_path: Path) -> Drive:
    return make_drive(tmp_path, request.param)


# --- the choice of a transport


def test_auto_takes_the_kernels_protocol_and_says_why(tmp_path: Path) -> None:
    drive = make_drive(tmp_path, "auto")
    info = drive.mount()
    assert info.transport == "kernel"
    assert info.why == "the fastest, and possible here; " + (
        "the kernel reads the files itself"
        if "itself" in info.why
        else "file contents pass through this process (no rights, or Linux before 6.9)"
    )
    drive.umount()


def test_contents_can_be_kept_from_passing(tmp_path: Path) -> None:
    drive = make_drive(tmp_path, COPYING)
    assert "pass through this process" in drive.mount().why
    drive.umount()


def test_auto_takes_another_way_where_few_files_may_be_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transports.resource, "getrlimit", lambda _: (1024, 4096))
    choice = transports.choose("auto")
    assert (choice.name, choice.module is None) == ("mfusepy", False)
    assert "4096 open files" in choice.why
    with pytest.raises(transports.UsageError, match="4096"):
        transports.choose("kernel")


# --- changes behind the mount


@pytest.fixture
def unhurried(drive: Drive) -> Iterator[Drive]:
    """A mount that lets the kernel keep everything for a minute: only a notice changes its mind."""
    config = config_of(drive.transport, timeout_s=60.0)
    mounting.mount(drive.source, drive.mountpoint, drive.state, config, brain_command=())
    yield drive
    drive.umount()


def test_attributes_follow_edits_behind(unhurried: Drive, eventually: Wait) -> None:
    front, behind = unhurried.mountpoint / "f", unhurried.source / "f"
    behind.write_text("old")
    assert front.stat().st_size == 3
    behind.write_text("newer")
    eventually(lambda: front.stat().st_size == 5)
    behind.chmod(0o640)
    eventually(lambda: front.stat().st_mode & 0o777 == 0o640)


def test_names_follow_changes_behind(unhurried: Drive, eventually: Wait) -> None:
    front, behind = unhurried.mountpoint, unhurried.source
    for name in ("a", "b", "c"):
        (behind / name).write_text(name)
        (front / name).stat()
    (behind / "d/e").mkdir(parents=True)
    (front / "d/e").stat()
    (behind / "a").unlink()
    eventually(lambda: not (front / "a").exists())
    (behind / "b").rename(behind / "c")
    eventually(lambda: not (front / "b").exists() and (front / "c").read_text() == "b")
    (behind / "d/e").rmdir()
    eventually(lambda: not (front / "d/e").exists())
    (behind / "d").rename(behind / "dd")
    eventually(lambda: not (front / "d").exists())
    assert (front / "dd").is_dir()


def test_an_atomic_save_behind_is_another_file(unhurried: Drive, eventually: Wait) -> None:
    front, behind = unhurried.mountpoint / "f", unhurried.source / "f"
    behind.write_text("1")
    inode = front.stat().st_ino
    (unhurried.source / "draft").write_text("two")
    (unhurried.source / "draft").rename(behind)
    eventually(lambda: front.stat().st_ino != inode and front.read_text() == "two")


def test_who_comes_by_the_name_gets_what_is_there_now(unhurried: Drive) -> None:
    front, behind = unhurried.mountpoint / "f", unhurried.source / "f"
    behind.write_text("0")
    with front.open() as first:
        for number in range(1, 30):
            (unhurried.source / "draft").write_text(str(number))
            (unhurried.source / "draft").rename(behind)
            assert front.read_text() == str(number)
        assert first.read() == "0"
        assert os.fstat(first.fileno()).st_nlink == 0


def test_what_is_saved_by_name_is_not_lost_while_the_old_file_is_open(unhurried: Drive) -> None:
    for number in range(10):
        front, behind = (place / f"f{number}" for place in (unhurried.mountpoint, unhurried.source))
        behind.write_text("old")
        with front.open() as reader:
            draft = unhurried.source / "draft"
            draft.write_text("new")
            draft.rename(behind)
            os.fstat(reader.fileno())
            front.write_text("precious")
            assert behind.read_text() == "precious"
            assert reader.read() == "old"


def test_what_is_cut_by_name_is_what_has_the_name_now(unhurried: Drive) -> None:
    front, behind = (place / "f" for place in (unhurried.mountpoint, unhurried.source))
    behind.write_text("old")
    with front.open() as reader:
        draft = unhurried.source / "draft"
        draft.write_text("newer")
        draft.rename(behind)
        os.fstat(reader.fileno())
        os.truncate(front, 2)
        assert behind.read_text() == "ne"
        assert reader.read() == "old"


def test_an_open_file_shows_what_was_written_behind(unhurried: Drive, eventually: Wait) -> None:
    (unhurried.source / "f").write_text("old")
    with (unhurried.mountpoint / "f").open() as file:
        assert file.read() == "old"
        with (unhurried.source / "f").open("r+") as other:
            other.write("new")

        def read_again() -> str:
            file.seek(0)
            return file.read()

        eventually(lambda: read_again() == "new")


def test_our_own_changes_are_no_news(tmp_path: Path, eventually: Wait) -> None:
    source = Source(tmp_path)
    index = Index()
    vfs = Vfs(source, VirtualTree(index, index, {}), Changes(Noted(), SystemClock()))
    told, device = os.pipe()
    os.set_blocking(told, False)
    notices = Notices(device, vfs.table)
    notices.watch(vfs.root)
    nodes = []
    for number in range(30):
        name = b"f%d" % number
        handle = vfs.create(vfs.root, name, os.O_WRONLY, 0o600, Caller(0, 0))
        node = vfs.adopt(handle, vfs.root, name).node
        node.writers += 1
        vfs.write(handle, b"x", 0, page=False)
        node.writers -= 1
        vfs.getattr(node, handle)
        vfs.release(handle)
        nodes.append(node)
    (tmp_path / "f7").write_text("changed behind")
    (tmp_path / "f8").unlink()
    found = b""

    def complete() -> bool:
        nonlocal found
        with contextlib.suppress(BlockingIOError):
            found += os.read(told, 1 << 16)
        return protocol.forget_name(1, b"f8") in found

    eventually(complete)
    assert protocol.forget_inode(nodes[7].id) in found
    # The folder's own times are told; of the other files there is nothing to say.
    for node in (*nodes[:7], *nodes[9:]):
        assert protocol.forget_inode(node.id) not in found
    notices.close()
    vfs.close()
    source.close()
    os.close(told)
    os.close(device)


# --- small things that show


def test_the_time_when_a_file_was_made_is_shown(drive: Drive) -> None:
    drive.mount()
    (drive.source / "f").write_text("x")

    def born(path: Path) -> str:
        done = subprocess.run(["stat", "-c", "%W %n", str(path)], capture_output=True, check=True)
        return done.stdout.split()[0].decode()

    assert born(drive.mountpoint / "f") == born(drive.source / "f")
    assert born(drive.mountpoint / ".lsfs/README.md") in ("0", "-")
    drive.umount()


@pytest.fixture
def forgetful(drive: Drive) -> Iterator[Drive]:
    """A mount of which the kernel keeps nothing: each call asks."""
    config = config_of(drive.transport, timeout_s=0.0)
    mounting.mount(drive.source, drive.mountpoint, drive.state, config, brain_command=())
    yield drive
    mounting.umount(drive.mountpoint, lazy=True, state=drive.state)


@pytest.mark.parametrize("how", ["removed", "replaced", "renamed"])
def test_an_open_file_outlives_its_name(forgetful: Drive, how: str) -> None:
    drive = forgetful
    behind = drive.source / "f"
    behind.write_text("first")
    fd = os.open(drive.mountpoint / "f", os.O_RDWR)
    if how == "removed":
        behind.unlink()
    elif how == "replaced":
        (drive.source / "draft").write_text("second")
        (drive.source / "draft").rename(behind)
    else:
        behind.rename(drive.source / "g")
    assert os.fstat(fd).st_nlink == (how == "renamed")
    os.fchmod(fd, 0o640)
    os.fchown(fd, -1, os.getegid())
    os.utime(fd, (1, 2))
    os.setxattr(fd, "user.a", b"b")
    assert os.getxattr(fd, "user.a") == b"b"
    assert os.fstatvfs(fd).f_bsize > 0
    os.ftruncate(fd, 3)
    about = os.fstat(fd)
    assert (about.st_size, about.st_mode & 0o777) == (3, 0o640)
    again = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
    assert os.read(again, 10) == b"fir"
    os.close(again)
    os.close(fd)
    if how == "replaced":
        assert (drive.mountpoint / "f").read_text() == "second"
    else:
        assert not (drive.mountpoint / "f").exists()
    if how == "renamed":
        assert (drive.mountpoint / "g").read_text() == "fir"


@pytest.fixture
def vfs(tmp_path: Path) -> Iterator[Vfs]:
    """The tree of the folder ``tmp_path``, without a mount."""
    source = Source(tmp_path)
    index = Index()
    vfs = Vfs(source, VirtualTree(index, index, {}), Changes(Noted(), SystemClock()))
    yield vfs
    vfs.close()
    source.close()


def test_the_kernel_need_not_look_more_than_twice(vfs: Vfs, tmp_path: Path) -> None:
    def replace(text: str) -> None:
        (tmp_path / "draft").write_text(text)
        (tmp_path / "draft").rename(tmp_path / "f")

    replace("1")
    first = vfs.lookup(vfs.root, b"f").node
    replace("two")
    with pytest.raises(OSError) as refused:
        vfs.getattr(first)
    assert refused.value.errno == errno.ESTALE
    second = vfs.lookup(vfs.root, b"f").node
    replace("three")
    assert vfs.getattr(second).st_size == 3
    third = vfs.lookup(vfs.root, b"f").node
    assert vfs.table.at(vfs.root, b"f") is third
    assert vfs.getattr(third).st_size == 5


def test_files_with_more_names_take_no_end_of_descriptors(
    vfs: Vfs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "HELD", 4)
    names = [b"f%d" % number for number in range(20)]
    found = []
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
        os.link(tmp_path / os.fsdecode(name), tmp_path / (os.fsdecode(name) + "-again"))
        found.append(vfs.lookup(vfs.root, name).node)
        vfs.unlink(vfs.root, name)
    assert [node.fd >= 0 for node in found] == [False] * 16 + [True] * 4
    with pytest.raises(OSError) as refused:
        vfs.getattr(found[0])
    assert refused.value.errno == errno.ESTALE  # upon which the kernel looks again
    again = vfs.lookup(vfs.root, b"f0-again").node
    assert vfs.getattr(again).st_nlink == 1


def test_what_others_may_open_is_for_the_kernel_to_say(vfs: Vfs, tmp_path: Path) -> None:
    # It appeared after the kernel had looked: it has not seen whose it is.
    (tmp_path / "f").write_text("secret")
    (tmp_path / "f").chmod(0o600)
    with pytest.raises(OSError) as refused:
        vfs.create(vfs.root, b"f", os.O_RDWR, 0o600, Caller(os.geteuid() + 1, 0))
    assert refused.value.errno == errno.ESTALE
    (tmp_path / "link").symlink_to("f")
    ours = Caller(os.geteuid(), os.getegid())
    with pytest.raises(OSError) as refused:
        vfs.create(vfs.root, b"link", os.O_RDWR, 0o600, ours)
    assert refused.value.errno == errno.ESTALE
    vfs.release(vfs.create(vfs.root, b"f", os.O_RDWR, 0o600, ours))


# --- answers that take long


def test_a_hung_brain_holds_up_only_who_asks_it(drive: Drive, eventually: Wait) -> None:
    drive.mount(brain=True)
    pid = eventually(lambda: drive.info.brain_pid)
    eventually(drive.state.socket.exists)
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGSTOP)
    asked = subprocess.Popen(
        ["mkdir", str(drive.mountpoint / ".lsfs/search/rent")], stderr=subprocess.PIPE
    )
    try:
        for number in range(200):
            (drive.mountpoint / f"f{number}").write_text("x")
        # Files were served while that one waited, and it can be interrupted.
        assert asked.poll() is None
        asked.send_signal(signal.SIGKILL)
        asked.communicate(timeout=60)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert len(os.listdir(drive.source)) == 200
    drive.umount()


def test_a_question_is_a_file(drive: Drive, eventually: Wait) -> None:
    drive.mount(brain=True)
    eventually(drive.state.socket.exists)
    ask = drive.mountpoint / ".lsfs/ask"
    subprocess.run(
        ["bash", "-c", 'echo "What is the rent?" > rent'], cwd=ask, check=True, timeout=180
    )
    assert os.listdir(ask) == ["rent.md"]
    with (ask / "rent.md").open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        text = file.read()
    assert b"What is the rent?" in text
    assert len(text) == size
    copied = drive.source.parent / "copied.md"
    subprocess.run(["cp", str(ask / "rent.md"), str(copied)], check=True, timeout=120)
    assert copied.read_bytes() == text
    (ask / "rent.md").unlink()
    assert os.listdir(ask) == []
    drive.umount()


def test_a_question_takes_no_more_memory_than_it_may(drive: Drive) -> None:
    drive.mount()
    with (drive.mountpoint / ".lsfs/ask/q").open("wb") as file:
        with pytest.raises(OSError) as refused:
            os.posix_fallocate(file.fileno(), 0, LONGEST + 1)
        assert refused.value.errno == errno.EFBIG
    drive.umount()


# --- locks


def holder(path: Path, kind: str) -> subprocess.Popen[str]:
    """A process that holds a lock until its standard input ends."""
    code = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'r+')\n"
        f"fcntl.{kind}(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("kind", ["lockf", "flock"])
@pytest.mark.parametrize("side", ["front", "behind"])
def test_who_waits_for_a_lock_gets_it(drive: Drive, kind: str, side: str) -> None:
    drive.mount()
    (drive.source / "f").write_text("x")
    place = drive.mountpoint if side == "front" else drive.source
    with holder(place / "f", kind) as held, (drive.mountpoint / "f").open("r+") as file:
        lock = getattr(fcntl, kind)
        with pytest.raises(BlockingIOError):
            lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        got: list[float] = []

        def wait() -> None:
            lock(file, fcntl.LOCK_EX)
            got.append(time.monotonic())

        waiter = threading.Thread(target=wait)
        waiter.start()
        # Nobody else waits with it.
        (drive.mountpoint / "other").write_text("y")
        assert not got
        held.communicate("")
        waiter.join(20)
        assert got
    drive.umount()


def test_a_wait_for_a_lock_can_be_interrupted(drive: Drive) -> None:
    drive.mount()
    (drive.source / "f").write_text("x")
    with holder(drive.mountpoint / "f", "lockf") as held:
        waiter = subprocess.Popen(
            [sys.executable, "-c",
             # Whoever runs the tests in the background has Ctrl-C ignored, by children too.
            "import fcntl, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
            "fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX)",
             str(drive.mountpoint / "f")],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(0.3)
        assert waiter.poll() is None
        waiter.send_signal(signal.SIGINT)
        waiter.wait(10)
        held.communicate("")
    drive.umount()


def test_who_has_the_lock_is_told(drive: Drive) -> None:
    drive.mount()
    (drive.source / "f").write_bytes(b"x" * 100)
    import struct

    with holder(drive.mountpoint / "f", "lockf") as held, (drive.mountpoint / "f").open("r+") as f:
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 10, 5, 0)
        kind, _, start, length, pid = struct.unpack("hhqqi4x", fcntl.fcntl(f, fcntl.F_GETLK, asked))
        assert (kind, start, length, pid) == (fcntl.F_WRLCK, 0, 0, held.pid)
        held.communicate("")
    drive.umount()


@pytest.mark.parametrize("first", [os.O_RDONLY, os.O_WRONLY])
def test_a_process_locks_through_descriptors_of_both_kinds(drive: Drive, first: int) -> None:
    drive.mount()
    (drive.source / "f").write_bytes(b"x" * 100)
    kinds = {os.O_RDONLY: fcntl.LOCK_SH, os.O_WRONLY: fcntl.LOCK_EX}
    fds = [os.open(drive.mountpoint / "f", flags) for flags in (first, first ^ os.O_WRONLY)]
    for number, fd in enumerate(fds):
        kind = kinds[first if number == 0 else first ^ os.O_WRONLY]
        fcntl.lockf(fd, kind | fcntl.LOCK_NB, 10, 20 * number)
    with (drive.source / "f").open("r+") as other:
        for start, free in ((0, False), (10, True), (20, False)):
            if free:
                fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, start)
            else:
                with pytest.raises(BlockingIOError):
                    fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, start)
    for fd in fds:
        os.close(fd)
    drive.umount()


@pytest.mark.parametrize("kind", ["lockf", "flock"])
def test_who_has_a_lock_reads_what_was_written_behind(unhurried: Drive, kind: str) -> None:
    behind = unhurried.source / "f"
    behind.write_text("0")
    lock = getattr(fcntl, kind)
    with (unhurried.mountpoint / "f").open("r+") as file, behind.open("r+") as other:
        for number in range(20):
            assert os.pread(file.fileno(), 10, 0) == b"%d" % number
            lock(other, fcntl.LOCK_EX)
            os.pwrite(other.fileno(), b"%d" % (number + 1), 0)
            lock(other, fcntl.LOCK_UN)
            lock(file, fcntl.LOCK_EX)
            assert os.pread(file.fileno(), 10, 0) == b"%d" % (number + 1)
            lock(file, fcntl.LOCK_UN)


# --- mounting without being root


def test_somebody_who_is_not_root_can_mount(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests have shown it")
    if not shutil.which("fusermount3") or not shutil.which("unshare"):
        pytest.skip("fusermount3 or unshare is not installed")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and str(folder) not in ("/", "/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    base = tmp_path / "base"
    base.mkdir()
    os.chown(base, NOBODY, NOBODY)
    code = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from lsfs.config import MountConfig\n"
        "from lsfs.fuse import brain, daemon, kernel\n"
        "from lsfs.fuse.mount import mount\n"
        "from lsfs.index.store import published\n"
        "from lsfs.paths import StatePaths\n"
        "import encodings.ascii, encodings.idna, email.message, urllib.parse\n"
        "base = Path(sys.argv[1])\n"
        "os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
        "(base / 'source').mkdir(); (base / 'mnt').mkdir()\n"
        "work = '''\n"
        "for i in $(seq 200); do mountpoint -q $1/mnt && break; sleep 0.05; done\n"
        "cd $1/mnt && echo hello > f && mkdir d && cp f d/g && mv d/g d/h\n"
        "cat d/h .lsfs/README.md\n"
        "cd / ; fusermount3 -u $1/mnt'''\n"
        "worker = subprocess.Popen(['bash', '-euc', work, 'work', str(base)])\n"
        "info = mount(base / 'source', base / 'mnt', StatePaths(base / 'state'),\n"
        "             MountConfig(transport='kernel'), foreground=True, brain_command=())\n"
        "print(worker.wait(), info.transport, '|', info.why)\n"
    )
    # The usual permissions of the device, for this process and its children alone.
    script = (
        'mknod "$1/fuse" c 10 229 && chmod 666 "$1/fuse" && mount --bind "$1/fuse" /dev/fuse && '
        'exec "$2" -c "$3" "$4"'
    )
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script, "script", str(tmp_path), sys.executable, code,
         str(base)],
        capture_output=True, text=True, env=brain.environment(), timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "0 kernel | asked for; file contents pass through this process" in done.stdout
    assert (base / "source/d/h").read_text() == "hello\n"
    assert (base / "source/d/h").stat().st_uid == NOBODY
