"""Mounting, unmounting, and what happens when one of the two processes dies or hangs."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from lsfs import codec, drives
from lsfs.config import MountConfig
from lsfs.errors import LockHeld, NotFound, NotInitialised, UsageError
from lsfs.fuse import bindings, brain, daemon, mounts, record
from lsfs.fuse import mount as mounting
from lsfs.fuse.record import MountInfo, start_ticks
from lsfs.fuse.remote import RpcBrain
from lsfs.index.store import filerows
from lsfs.index.store.catalog import Catalog
from lsfs.index.store.rows import FileIdentity, Outcome
from lsfs.model import Document, Hit, Status
from lsfs.paths import StatePaths, user_data
from tests.fuse.conftest import Drive, make_drive

pytestmark = pytest.mark.mount

Wait = Callable[..., object]
NOBODY = 65534


def hit(path: str) -> Hit:
    return Hit(path, 2, 2, None, None, 0, 4, 0.5, "Lease", "2023-05-01", "rent")


# --- the ordinary course


def test_mount_and_unmount(unmounted: Drive) -> None:
    (unmounted.source / "f").write_text("x")
    info = unmounted.mount()
    assert info == mounting.mounted(unmounted.state)
    assert (info.transport, info.source) == (unmounted.transport, unmounted.source)
    assert (unmounted.mountpoint / "f").read_text() == "x"
    assert (unmounted.mountpoint).stat().st_ino == unmounted.source.stat().st_ino
    mount = mounts.at(unmounted.mountpoint)
    assert mount is not None and mount.kind == "fuse.lsfs"
    assert stat.S_IMODE(unmounted.state.mount_record.stat().st_mode) == 0o600
    assert stat.S_IMODE(unmounted.state.root.stat().st_mode) == 0o700
    unmounted.umount()
    assert start_ticks(info.pid) is None
    assert mounting.mounted(unmounted.state) is None
    assert not unmounted.state.mount_record.exists()
    assert list(unmounted.mountpoint.iterdir()) == []


def test_an_empty_folder(unmounted: Drive) -> None:
    unmounted.mount()
    assert list(unmounted.mountpoint.iterdir()) == []
    unmounted.umount()


def test_the_fs_process_is_light(unmounted: Drive) -> None:
    info = unmounted.mount(brain=True)
    list((unmounted.mountpoint / ".lsfs/search").iterdir())
    (unmounted.mountpoint / ".lsfs/status").read_text()
    maps = Path(f"/proc/{info.pid}/maps").read_text()
    for engine in ("lancedb", "llama", "onnxruntime", "numpy", "pyarrow", "lxml", "pdfium"):
        assert engine not in maps
    unmounted.umount()
    code = (
        "import sys, lsfs.fuse.daemon, lsfs.index.store.published, lsfs.serve.rpc\n"
        "heavy = {'lancedb', 'llama_cpp', 'onnxruntime', 'numpy', 'dateparser', 'pyarrow',\n"
        "         'zstandard', 'fastcdc', 'blake3', 'click', 'rich', 'lsfs.syscalls'}\n"
        "raise SystemExit(bool(heavy & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=brain.environment())


def test_sigterm_unmounts(unmounted: Drive, eventually: Wait) -> None:
    info = unmounted.mount(brain=True)
    os.kill(info.pid, signal.SIGTERM)
    eventually(lambda: mounts.at(unmounted.mountpoint) is None)
    eventually(lambda: start_ticks(info.pid) is None)
    assert not unmounted.state.mount_record.exists()


def test_foreground(unmounted: Drive, eventually: Wait) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom lsfs.config import MountConfig\n"
        "from lsfs.fuse.mount import mount\nfrom lsfs.paths import StatePaths\n"
        "source, place, state, transport = sys.argv[1:]\n"
        "mount(Path(source), Path(place), StatePaths(Path(state)),\n"
        "      MountConfig(transport=transport), foreground=True, brain_command=())\n"
        "print('ended')"
    )
    arguments = [unmounted.source, unmounted.mountpoint, unmounted.state.root, unmounted.transport]
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        env=brain.environment(),
    ) as process:
        eventually(lambda: mounting.mounted(unmounted.state))
        (unmounted.mountpoint / "f").write_text("x")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    assert out == b"ended\n"
    assert mounts.at(unmounted.mountpoint) is None


def test_read_only(unmounted: Drive) -> None:
    (unmounted.source / "f").write_text("x")
    info = unmounted.mount(read_only=True)
    assert info.read_only
    with pytest.raises(OSError, match="Read-only"):
        (unmounted.mountpoint / "f").write_text("y")
    with pytest.raises(OSError, match="Read-only"):
        (unmounted.mountpoint / "d").mkdir()
    assert (unmounted.mountpoint / "f").read_text() == "x"
    unmounted.umount()


def test_the_mount_says_whose_it_is(unmounted: Drive, tmp_path: Path) -> None:
    info = unmounted.mount()
    (unmounted.mountpoint / "d").mkdir()
    # The state is not in the default place, and is not given: the mount itself is asked.
    assert mounting.find_mount(unmounted.mountpoint / "d") == info
    assert mounting.find_mount(tmp_path) is None
    mounting.umount(unmounted.mountpoint)
    assert start_ticks(info.pid) is None
    assert mounting.find_mount(unmounted.mountpoint) is None


def test_commands_inside_a_mount_find_its_state_wherever_it_is(
    unmounted: Drive, tmp_path: Path
) -> None:
    made = drives.initialise(unmounted.source, os.fspath(unmounted.state.root))
    unmounted.mount()
    (unmounted.mountpoint / "d").mkdir()
    assert drives.find(unmounted.mountpoint / "d") == made
    # Any folder can say so of itself.
    other = tmp_path / "other"
    other.mkdir()
    told = os.getxattr(unmounted.mountpoint, "user.lsfs.mount")
    os.setxattr(other, "user.lsfs.mount", told)
    with pytest.raises(NotInitialised):
        drives.find(other)
    unmounted.umount()


def test_mounts_with_state_in_the_default_place_are_found(unmounted: Drive) -> None:
    state = StatePaths(user_data() / "drives" / "x-1")
    drive = replace(unmounted, state=state)
    info = drive.mount()
    assert mounting.find_mount(drive.mountpoint / "a/b") == info
    mounting.umount(drive.mountpoint)


# --- refusals


def test_two_mounts_of_one_source_are_refused(unmounted: Drive, tmp_path: Path) -> None:
    unmounted.mount()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(LockHeld, match=str(unmounted.mountpoint)):
        replace(unmounted, mountpoint=elsewhere).mount()
    with pytest.raises(LockHeld):
        unmounted.mount()
    unmounted.umount()


def test_two_drives_on_one_mountpoint_are_refused(unmounted: Drive, tmp_path: Path) -> None:
    unmounted.mount()
    other = make_drive(tmp_path / "other", unmounted.transport)
    with pytest.raises(LockHeld, match="already"):
        replace(other, mountpoint=unmounted.mountpoint).mount()
    unmounted.umount()


def test_a_held_lock_is_told_by_the_process_that_finds_it(unmounted: Drive) -> None:
    from lsfs.drives import locked

    with locked(unmounted.state.history_lock), pytest.raises(LockHeld, match=str(os.getpid())):
        unmounted.mount()


def test_places_that_would_bite_their_own_tail(unmounted: Drive) -> None:
    inside = unmounted.source / "inside"
    inside.mkdir()
    for mountpoint in (unmounted.source, inside):
        with pytest.raises(UsageError, match="contain itself"):
            replace(unmounted, mountpoint=mountpoint).mount()
    with pytest.raises(UsageError, match="hide its own source"):
        replace(unmounted, mountpoint=unmounted.source.parent).mount()
    state = StatePaths(unmounted.mountpoint / "state")
    with pytest.raises(UsageError, match="hide it"):
        replace(unmounted, state=state).mount()
    link = unmounted.source.parent / "link"
    link.symlink_to(inside)
    with pytest.raises(UsageError, match="contain itself"):
        replace(unmounted, mountpoint=link).mount()


def test_what_is_no_place_to_mount_on(unmounted: Drive) -> None:
    with pytest.raises(NotFound):
        replace(unmounted, mountpoint=unmounted.mountpoint / "missing").mount()
    (unmounted.mountpoint / "file").write_text("x")
    with pytest.raises(NotFound):
        replace(unmounted, mountpoint=unmounted.mountpoint / "file").mount()
    with pytest.raises(UsageError, match="not empty"):
        unmounted.mount()
    with pytest.raises(NotFound, match="no drive is mounted"):
        unmounted.umount()


def test_unknown_transports() -> None:
    with pytest.raises(UsageError, match="kernel2"):
        bindings.load("kernel2")


def test_bindings_load_the_library_they_are_for() -> None:
    assert bindings.load("auto")[0] == "mfusepy"
    assert bindings.load("mfusepy")[1].fuse_version_major == 3
    assert bindings.load("fusepy")[1].__name__ == "fuse"


def test_a_busy_mount_names_who_uses_it(unmounted: Drive) -> None:
    unmounted.mount()
    with subprocess.Popen(
        ["sleep", "100"], cwd=unmounted.mountpoint, stdout=subprocess.DEVNULL
    ) as user:
        with pytest.raises(LockHeld, match=rf"sleep \({user.pid}\)"):
            unmounted.umount()
        assert (unmounted.mountpoint / ".lsfs/status").exists()
        user.kill()
    unmounted.umount()


def test_a_busy_mount_can_be_taken_away_lazily(unmounted: Drive, eventually: Wait) -> None:
    info = unmounted.mount()
    with (unmounted.mountpoint / "f").open("w") as file:
        unmounted.umount(lazy=True)
        assert mounts.at(unmounted.mountpoint) is None
        file.write("to the end")
    eventually(lambda: start_ticks(info.pid) is None)
    assert (unmounted.source / "f").read_text() == "to the end"


# --- death


def test_a_killed_fs_leaves_nothing_that_the_next_mount_cannot_clear(
    unmounted: Drive, eventually: Wait
) -> None:
    info = unmounted.mount(brain=True)
    eventually(lambda: unmounted.info.brain_pid)
    old_brain = unmounted.info.brain_pid
    assert old_brain is not None
    os.kill(info.pid, signal.SIGKILL)
    eventually(lambda: start_ticks(info.pid) is None)
    again = unmounted.mount(brain=True)
    assert again.pid != info.pid
    (unmounted.mountpoint / "f").write_text("x")
    assert (unmounted.source / "f").read_text() == "x"
    eventually(lambda: start_ticks(old_brain) is None)  # its standard input had ended
    unmounted.umount()


def _comes_true(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_the_helper_clears_the_mount_of_a_killed_fs(unmounted: Drive) -> None:
    for _ in range(10):
        info = unmounted.mount()
        os.kill(info.pid, signal.SIGKILL)
        # libfuse's helper looks once: when it does so while the device is still being closed, it
        # takes the mount for a living one, and the next mount has to clear it.
        if _comes_true(lambda: mounts.at(unmounted.mountpoint) is None, seconds=10):
            break
        assert mounts.is_stale(unmounted.mountpoint)
    else:
        pytest.fail("no mount was cleared")
    assert mounting.mounted(unmounted.state) is None
    assert not unmounted.state.mount_record.exists()


def test_a_stale_mount_is_cleared(unmounted: Drive) -> None:
    info = unmounted.mount()
    # Without the helper that would clear it: the mount stays, and answers nothing.
    for child in Path(f"/proc/{info.pid}/task/{info.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    descriptor = os.pidfd_open(info.pid)
    os.kill(info.pid, signal.SIGKILL)
    select.select([descriptor], [], [], 10)
    os.close(descriptor)
    assert mounts.is_stale(unmounted.mountpoint)
    assert mounts.at(unmounted.mountpoint) is not None
    unmounted.mount()
    assert not mounts.is_stale(unmounted.mountpoint)
    unmounted.umount()
    assert mounts.at(unmounted.mountpoint) is None


def test_the_helper_does_not_take_the_next_mount_away(unmounted: Drive) -> None:
    for _ in range(5):
        unmounted.mount()
        unmounted.umount()
    unmounted.mount()
    (unmounted.mountpoint / "f").write_text("x")
    assert mounts.at(unmounted.mountpoint) is not None
    unmounted.umount()


def test_a_dead_brain_is_restarted(unmounted: Drive, eventually: Wait) -> None:
    unmounted.mount(brain=True)
    first = eventually(lambda: unmounted.info.brain_pid)
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    (unmounted.mountpoint / "f").write_text("the drive goes on")
    assert (unmounted.source / "f").read_text() == "the drive goes on"
    eventually(lambda: unmounted.info.brain_pid not in (None, first))
    unmounted.umount()


def test_a_brain_that_cannot_be_started_does_not_matter(unmounted: Drive) -> None:
    unmounted.mount(brain_command=["/nonexistent/brain"])
    (unmounted.mountpoint / "f").write_text("x")
    unmounted.umount()
    assert "cannot be started" in unmounted.state.log.read_text()


def test_a_stopped_brain_holds_nothing_up(unmounted: Drive, eventually: Wait) -> None:
    unmounted.mount(brain=True)
    pid = eventually(lambda: unmounted.info.brain_pid)
    eventually(unmounted.state.socket.exists)
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGSTOP)
    # More events than the pipe to the brain holds.
    work = "for i in {1..3000}; do > f$i; done; ls -l | tail -1; rm f*"
    command = ["timeout", "120", "bash", "-c", work]
    done = subprocess.run(command, cwd=unmounted.mountpoint, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr[-1000:]
    with pytest.raises(BlockingIOError):
        (unmounted.mountpoint / ".lsfs/search/rent").mkdir()
    os.kill(pid, signal.SIGCONT)
    # What was asked for is carried out once it can be.
    eventually((unmounted.mountpoint / ".lsfs/search/rent").exists)
    unmounted.umount()


# --- the virtual directory, mounted


def test_queries_are_directories(unmounted: Drive, eventually: Wait) -> None:
    path = "contracts/le\nase.pdf"
    (unmounted.source / "contracts").mkdir()
    (unmounted.source / path).write_text("the lease")
    hits = (hit(path), hit(path), hit("contracts/gone"))
    (unmounted.state.root / "hits.json").write_text(codec.dumps(hits))
    unmounted.mount(brain=True)
    search = unmounted.mountpoint / ".lsfs/search"
    eventually(unmounted.state.socket.exists)
    assert list(search.iterdir()) == []
    (search / "rent").mkdir()
    (search / "rent/after:2023-01-01").mkdir()
    for folder in (search / "rent", search / "rent/after:2023-01-01"):
        link = folder / "01 le\N{REPLACEMENT CHARACTER}ase.pdf"
        assert link.read_text() == "the lease"
        assert link.resolve() == unmounted.mountpoint / path
        text = (folder / "results.json").read_text()
        assert len(text.encode()) == (folder / "results.json").stat().st_size
        assert json.loads(text)["hits"][0]["path"] == path
    with pytest.raises(FileExistsError):
        (search / "rent").mkdir()
    with pytest.raises(OSError, match="Invalid argument"):
        (search / ".git").mkdir()
    done = subprocess.run(["rm", "-rf", str(search / "rent")], capture_output=True, check=False)
    assert done.returncode
    assert (unmounted.source / path).read_text() == "the lease"
    (search / "rent/after:2023-01-01").rmdir()
    (search / "rent").rmdir()
    assert not (search / "rent").exists()
    unmounted.umount()


def test_questions_and_documents_on_a_mount(unmounted: Drive, eventually: Wait) -> None:
    (unmounted.source / "d").mkdir()
    (unmounted.source / "d/lease.txt").write_text("The rent is EUR 700.")
    catalog = Catalog(unmounted.state.catalog)
    document = Document("text/plain", "fake", 1, title="Lease", text="")
    with catalog.transaction() as db:
        identity = FileIdentity.of((unmounted.source / "d/lease.txt").stat())
        filerows.add(db, "d/lease.txt", identity)
        row = catalog.file("d/lease.txt")
        assert row is not None
        catalog.finish(row, Outcome(Status.OK), catalog.add_document(b"1", document, ()), "Lease")
        catalog.bump()
    catalog.close()
    unmounted.mount(brain=True)
    inside = unmounted.mountpoint / ".lsfs"
    eventually(unmounted.state.socket.exists)
    RpcBrain(unmounted.state.socket).save_question("rent", "What is the rent?")
    eventually((inside / "ask/rent.md").exists)
    answer = (inside / "ask/rent.md").read_text()
    assert answer == "# What is the rent?\n\nWHAT IS THE RENT?\n"
    eventually(lambda: (inside / "ask/rent.md").stat().st_size == len(answer))
    assert [path.name for path in (inside / "ask").iterdir()] == ["rent.md"]
    assert (inside / "by/type/text/lease.txt").read_text() == "The rent is EUR 700."
    assert (inside / "text/d/lease.txt.md").read_text() == "# Lease\n"
    assert (inside / "text/d/lease.txt.md").stat().st_size == len("# Lease\n")
    unmounted.umount()


def test_a_hung_brain_does_not_hold_up_an_answer(unmounted: Drive, eventually: Wait) -> None:
    unmounted.mount(brain=True)
    pid = eventually(lambda: unmounted.info.brain_pid)
    assert isinstance(pid, int)
    eventually(unmounted.state.socket.exists)
    RpcBrain(unmounted.state.socket).save_question("rent", "What is the rent?")
    page = unmounted.mountpoint / ".lsfs/ask/rent.md"
    eventually(lambda: page.stat().st_size)
    before = page.read_text()
    os.kill(pid, signal.SIGSTOP)
    with sqlite3.connect(unmounted.state.catalog) as db:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('generation', '9')")
    db.close()
    begin = time.monotonic()
    text = page.read_text()
    assert time.monotonic() - begin < 60
    assert "cannot be answered at the moment: the index does not answer" in text
    assert before in text
    os.kill(pid, signal.SIGCONT)
    eventually(lambda: page.read_text() == before)
    unmounted.umount()


def test_the_virtual_directory_is_hidden_and_there(unmounted: Drive) -> None:
    (unmounted.source / "f").write_text("How to use this")
    unmounted.mount()
    mountpoint = unmounted.mountpoint
    assert [path.name for path in mountpoint.iterdir()] == ["f"]
    assert [path.name for path in (mountpoint / ".lsfs").iterdir()] == [
        "README.md", "status", "errors.ndjson", "search", "ask", "by", "group", "join", "text",
        "pages", "summary", "versions", "at", "trash",
    ]  # fmt: skip
    assert json.loads((mountpoint / ".lsfs/status").read_text())["source"] == str(unmounted.source)
    unmounted.umount()


def test_nothing_virtual_can_be_changed(unmounted: Drive) -> None:
    (unmounted.source / "f").write_text("x")
    unmounted.mount()
    inside = unmounted.mountpoint / ".lsfs"
    attempts: list[Callable[[], object]] = [
        lambda: (inside / "new").write_text("x"),
        lambda: (inside / "status").write_text("x"),
        lambda: (inside / "status").unlink(),
        lambda: (inside / "status").chmod(0o777),
        lambda: (inside / "status").rename(unmounted.mountpoint / "out"),
        lambda: (unmounted.mountpoint / "f").rename(inside / "f"),
        lambda: (inside / "link").symlink_to("f"),
        lambda: os.link(unmounted.mountpoint / "f", inside / "f"),
        lambda: os.truncate(inside / "status", 0),
        lambda: os.utime(inside / "status"),
        lambda: os.setxattr(inside / "status", "user.x", b""),
        lambda: (inside / "search").rmdir(),
        lambda: inside.rename(unmounted.mountpoint / "moved"),
    ]
    for attempt in attempts:
        with pytest.raises(OSError, match="Read-only file system"):
            attempt()
    unmounted.umount()
    assert unmounted.events() == []


def test_an_entry_of_the_source_with_our_name_is_hidden_not_touched(unmounted: Drive) -> None:
    (unmounted.source / ".lsfs").mkdir()
    (unmounted.source / ".lsfs/mine").write_text("x")
    (unmounted.source / ".lsfs.toml").write_text("")
    (unmounted.source / "d").mkdir()
    (unmounted.source / "d/.lsfs").write_text("deeper ones are files like any")
    unmounted.mount()
    assert sorted(path.name for path in unmounted.mountpoint.iterdir()) == [".lsfs.toml", "d"]
    assert not (unmounted.mountpoint / ".lsfs/mine").exists()
    assert (unmounted.mountpoint / ".lsfs/README.md").exists()
    assert (unmounted.mountpoint / "d/.lsfs").is_file()
    unmounted.umount()
    assert (unmounted.source / ".lsfs/mine").read_text() == "x"


def test_the_virtual_directory_can_have_another_name(unmounted: Drive) -> None:
    config = MountConfig(transport=unmounted.transport, virtual_name="ask me")
    mounting.mount(
        unmounted.source, unmounted.mountpoint, unmounted.state, config, brain_command=()
    )
    assert "ask me/search" in (unmounted.mountpoint / "ask me/README.md").read_text()
    assert not (unmounted.mountpoint / ".lsfs").exists()
    unmounted.umount()


# --- other users


def as_nobody(command: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", command], cwd=cwd, user=NOBODY, group=NOBODY, extra_groups=[],
        capture_output=True, check=False,
    )  # fmt: skip


@pytest.fixture
def open_to_all(unmounted: Drive) -> Drive:
    for folder in (unmounted.source, *unmounted.source.parents):
        if folder.owner() == "root" and str(folder) not in ("/", "/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    unmounted.source.chmod(0o1777)
    return unmounted


def test_others_stay_out_unless_asked_in(open_to_all: Drive) -> None:
    open_to_all.mount()
    assert b"Permission denied" in as_nobody(f"ls {open_to_all.mountpoint}", Path("/")).stderr
    open_to_all.umount()


def test_what_others_make_is_theirs(open_to_all: Drive) -> None:
    shared = open_to_all.source / "shared"
    shared.mkdir()
    os.chown(shared, 0, 12345)
    shared.chmod(0o3777)
    (open_to_all.source / "secret").write_text("x")
    (open_to_all.source / "secret").chmod(0o600)
    open_to_all.mount(allow_other=True)
    place = open_to_all.mountpoint
    done = as_nobody("umask 022; > f && mkdir d && ln -s f l && mkfifo p && > shared/g", place)
    assert done.returncode == 0, done.stderr
    for name in ("f", "d", "l", "p"):
        found = (open_to_all.source / name).lstat()
        assert (found.st_uid, found.st_gid) == (NOBODY, NOBODY)
    found = (open_to_all.source / "shared/g").stat()
    assert (found.st_uid, found.st_gid) == (NOBODY, 12345)
    assert b"Permission denied" in as_nobody("cat secret", place).stderr
    # Results quote files that others may not read: they see their own, or nothing.
    listed = as_nobody("ls .lsfs/text .lsfs/search .lsfs/trash", place)
    if open_to_all.transport == "kernel":
        assert listed.returncode == 0 and b"secret" not in listed.stdout
    else:
        assert b"Permission denied" in listed.stderr
    open_to_all.umount()


@pytest.mark.parametrize("change", ["echo >> f", "truncate -s 1 f", ": > f"])
def test_writing_by_others_clears_setuid(open_to_all: Drive, change: str) -> None:
    file = open_to_all.source / "f"
    file.write_text("long enough")
    file.chmod(0o6777)
    open_to_all.mount(allow_other=True)
    done = as_nobody(change, open_to_all.mountpoint)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o777
    open_to_all.umount()


# --- records


def test_a_record_of_a_process_number_used_again_is_stale(tmp_path: Path) -> None:
    state = StatePaths(tmp_path / "state")
    state.create()
    info = MountInfo(tmp_path, tmp_path / "m", os.getpid(), None, "mfusepy", False, 1)
    record.write(state, info)
    assert record.live(state) == info
    text = state.mount_record.read_text()
    state.mount_record.write_text(
        text.replace(f'"pid_started": {start_ticks(os.getpid())}', '"pid_started": 1')
    )
    assert record.live(state) is None
    assert not state.mount_record.exists()
    state.mount_record.write_text("no json")
    assert record.live(state) is None


def test_an_announcement_is_made_once() -> None:
    listen, tell = os.pipe()
    announcement = daemon.Announcement(tell)
    announcement.ready()
    # The number of the closed descriptor may be that of a user's file by now.
    announcement.failed(LockHeld("too late"))
    assert os.read(listen, 100) == b'{"ready": true}\n'
    assert os.read(listen, 100) == b""
    os.close(listen)


def test_a_mount_that_turns_stale_while_it_is_looked_at(
    unmounted: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, calls = mounting._folder, []

    def dying(path: Path) -> Path:
        calls.append(path)
        if calls.count(unmounted.mountpoint) == 1 and path == unmounted.mountpoint:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected", str(path))
        return plain(path)

    monkeypatch.setattr(mounting, "_folder", dying)
    unmounted.mount()
    assert calls.count(unmounted.mountpoint) == 2
    unmounted.umount()
