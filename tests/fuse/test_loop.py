"""The loop that serves the device, on a pair of sockets: like the device, a message at a time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import signal
import socket
import stat
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import AccessDenied, LsfsError
from lsfs.fuse.kernel import Kernel
from lsfs.fuse.nodes import Node
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.virtual import Parts, VirtualTree
from tests.fuse import wire as w
from tests.fuse.bare import descriptors
from tests.fuse.fake_index import Index

Wait = Callable[..., object]

# From linux/fuse.h.
ASYNC_READ, POSIX_LOCKS, ATOMIC_O_TRUNC, EXPORT_SUPPORT, BIG_WRITES = 1, 2, 8, 16, 32
DONT_MASK, FLOCK_LOCKS, AUTO_INVAL_DATA, DO_READDIRPLUS, READDIRPLUS_AUTO = (
    1 << 6, 1 << 10, 1 << 12, 1 << 13, 1 << 14,
)  # fmt: skip
ASYNC_DIO, WRITEBACK_CACHE, PARALLEL_DIROPS, POSIX_ACL, MAX_PAGES = (
    1 << 15, 1 << 16, 1 << 18, 1 << 20, 1 << 22,
)  # fmt: skip
HANDLE_KILLPRIV_V2, INIT_EXT = 1 << 28, 1 << 30
WANTED = (
    ASYNC_READ | POSIX_LOCKS | ATOMIC_O_TRUNC | BIG_WRITES | FLOCK_LOCKS | AUTO_INVAL_DATA
    | DO_READDIRPLUS | READDIRPLUS_AUTO | ASYNC_DIO | PARALLEL_DIROPS | MAX_PAGES
    | HANDLE_KILLPRIV_V2 | INIT_EXT
)  # fmt: skip
EVERYTHING = 0xFFFFFFFF
DIRECT_IO_ALLOW_MMAP, PASSTHROUGH = 1 << 4, 1 << 5  # of the upper flags
GETATTR_IN = bytes(16)


class Line:
    """A mount's loop in a thread, and the kernel's end of the line to it.

    Attributes:
        error: what the loop ended with.
        events: what has happened, in order.
    """

    def __init__(self, vfs: Vfs, *, passthrough: bool = False) -> None:
        self._end, self._device = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._end.settimeout(180)
        self.events: list[str] = []
        self.error: BaseException | None = None
        self._unique = 0
        fd = self._device.fileno()
        self.kernel = Kernel(
            fd, vfs, lambda: self.events.append("ready"), timeout_s=1.0, passthrough=passthrough
        )
        self._thread = threading.Thread(target=self._serve, name="test-loop")
        self._thread.start()

    def _serve(self) -> None:
        try:
            self.kernel.serve()
        except BaseException as error:
            self.error = error
        self.events.append("ended")

    def send(self, opcode: int, node: int = 1, body: bytes = b"") -> int:
        """Ask, without waiting; gives the request's number."""
        self._unique += 2
        self._end.send(w.message(opcode, self._unique, node, body))
        return self._unique

    def receive(self) -> tuple[int, int, bytes]:
        """The next answer: the request's number, an errno or 0, and the content."""
        while True:
            data = self._end.recv(1 << 20)
            length, error, unique = struct.unpack_from("=IiQ", data)
            assert length == len(data)
            if unique:  # no notice
                return unique, -error, data[16:]

    def ask(self, opcode: int, node: int = 1, body: bytes = b"") -> bytes:
        """Ask, and take the answer, which must be the next.

        Raises:
            OSError: it is a refusal.
        """
        unique = self.send(opcode, node, body)
        answered, error, content = self.receive()
        assert answered == unique
        if error:
            raise OSError(error, os.strerror(error))
        return content

    def init(self, body: bytes | None = None) -> tuple[int, ...]:
        """Greet: the fields of the answer."""
        content = self.ask(w.INIT, 0, w.init_in(41, WANTED) if body is None else body)
        assert len(content) == 64
        return struct.unpack("=IIIIHHIIHHII24x", content)

    def lookup(self, *names: bytes) -> w.EntryOut:
        """The entry at a path."""
        node = 1
        for name in names:
            found = w.entry_out(self.ask(w.LOOKUP, node, name + b"\0"))
            node = found.nodeid
        return found

    def interrupt(self, unique: int) -> None:
        """Whoever asked has got a signal; the kernel marks such a message by an odd number."""
        body = struct.pack("=Q", unique)
        self._end.send(w.message(w.INTERRUPT, unique + 1, 0, body))

    def hang_up(self) -> None:
        """The mount is gone; wait for the loop to end."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def close(self) -> None:
        self.hang_up()
        self._end.close()
        self._device.close()


@pytest.fixture
def line(vfs: Vfs) -> Iterator[Line]:
    line = Line(vfs)
    yield line
    line.close()
    assert line.error is None


@pytest.fixture
def greeted(line: Line) -> Line:
    line.init()
    return line


def refused(code: int, call: Callable[..., object], *arguments: object) -> None:
    with pytest.raises(OSError) as error:
        call(*arguments)
    assert error.value.errno == code


# --- the greeting


def test_what_is_offered_and_wanted_is_agreed_on(line: Line) -> None:
    major, minor, readahead, flags, background, congestion, *rest = line.init(
        w.init_in(41, EVERYTHING, 0, readahead=65536)
    )
    assert (major, minor, readahead, flags) == (7, 41, 65536, WANTED)
    assert 0 < congestion <= background
    max_write, time_granularity, max_pages, alignment, upper, depth = rest
    assert (max_write, time_granularity, max_pages) == (1 << 20, 1, (1 << 20) // 4096)
    assert (alignment, upper, depth) == (0, 0, 0)
    line.ask(w.STATFS)
    assert line.events == ["ready"]


@pytest.mark.parametrize("missing", [READDIRPLUS_AUTO, POSIX_LOCKS, HANDLE_KILLPRIV_V2, MAX_PAGES])
def test_what_is_not_offered_is_not_taken(line: Line, missing: int) -> None:
    assert line.init(w.init_in(41, EVERYTHING & ~missing))[3] == WANTED & ~missing


def test_nothing_offered_is_nothing_taken(line: Line) -> None:
    answer = line.init(w.init_in(41, 0, 0))
    assert (answer[3], answer[10]) == (0, 0)


@pytest.mark.parametrize("minor, agreed", [(31, 31), (38, 38), (45, 45), (99, 45)])
def test_the_older_of_two_versions_is_spoken(line: Line, minor: int, agreed: int) -> None:
    assert line.init(w.init_in(minor, WANTED))[:2] == (7, agreed)


def test_kernels_before_5_17_greet_with_fewer_fields(line: Line, folder: Path) -> None:
    body = w.init_in(33, EVERYTHING & ~INIT_EXT, None)
    assert len(body) == 16
    answer = line.init(body)
    assert (answer[1], answer[3], answer[10]) == (33, WANTED & ~INIT_EXT, 0)
    assert line.lookup(b".lsfs").nodeid > 1


@pytest.mark.parametrize("major, minor", [(7, 30), (6, 99)])
def test_a_kernel_that_is_too_old_is_refused(vfs: Vfs, major: int, minor: int) -> None:
    line = Line(vfs)
    refused(errno.EPROTO, line.init, w.init_in(minor, WANTED, major=major))
    line.close()
    assert isinstance(line.error, LsfsError)
    assert f"{major}.{minor}" in line.error.message
    assert "mfusepy" in line.error.hint
    assert line.events == ["ended"]


def test_a_mount_that_goes_before_the_greeting_is_no_error(line: Line) -> None:
    line.hang_up()
    assert (line.events, line.error) == (["ended"], None)


def test_files_are_passed_through_only_where_the_kernel_takes_them(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("x")
    line = Line(vfs, passthrough=True)
    answer = line.init(w.init_in(41, EVERYTHING, EVERYTHING))
    assert answer[10:] == (PASSTHROUGH | DIRECT_IO_ALLOW_MMAP, 1)
    # A socket takes none.
    file = line.lookup(b"f").nodeid
    opened = w.open_out(line.ask(w.OPEN, file, struct.pack("=II", os.O_RDONLY, 0)))
    assert (opened.open_flags, opened.backing_id) == (w.FOPEN_NOFLUSH, 0)
    assert "pass through this process" in line.kernel.describe()
    line.ask(w.RELEASE, file, w.release_in(opened.fh))
    line.close()
    assert line.error is None


def test_contents_are_not_passed_through_where_that_is_not_wanted(line: Line) -> None:
    assert line.init(w.init_in(41, EVERYTHING, EVERYTHING))[10:] == (0, 0)


# --- requests and answers


def test_a_request_that_nobody_knows_is_said_to_be_unknown(greeted: Line) -> None:
    for opcode in (w.POLL, 4096, 0):
        refused(errno.ENOSYS, greeted.ask, opcode, 1, bytes(64))
    assert len(greeted.ask(w.GETATTR, 1, GETATTR_IN)) == 104


def test_refusals_are_passed_on(greeted: Line) -> None:
    refused(errno.ENOENT, greeted.lookup, b"nothing")
    refused(errno.ESTALE, greeted.ask, w.GETATTR, 99, GETATTR_IN)
    refused(errno.EBADF, greeted.ask, w.READ, 1, w.read_in(999, 0, 10))


def test_forgetting_has_no_answer(greeted: Line, folder: Path, vfs: Vfs) -> None:
    (folder / "f").write_text("x")
    file = greeted.lookup(b"f").nodeid
    greeted.send(w.FORGET, file, struct.pack("=Q", 1))
    greeted.send(w.BATCH_FORGET, 0, struct.pack("=IIQQ", 1, 0, 99, 1))
    assert len(greeted.ask(w.STATFS)) == 80
    assert file not in vfs.nodes


def test_a_file_is_written_and_read(greeted: Line, folder: Path) -> None:
    body = w.create_in(os.O_RDWR, 0o640, b"f")
    made, opened = w.create_out(greeted.ask(w.CREATE, 1, body))
    for number in range(50):
        data = b"%05d" % number
        greeted.ask(w.WRITE, made.nodeid, w.write_in(opened.fh, number * 5, data))
    assert greeted.ask(w.READ, made.nodeid, w.read_in(opened.fh, 240, 100)) == b"0004800049"
    greeted.ask(w.RELEASE, made.nodeid, w.release_in(opened.fh))
    assert (folder / "f").read_bytes() == b"".join(b"%05d" % number for number in range(50))


def test_a_mistake_of_ours_is_an_error_of_one_request_and_is_logged(
    greeted: Line, vfs: Vfs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(node: Node) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(vfs, "statfs", broken)
    refused(errno.EIO, greeted.ask, w.STATFS)
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.name == "lsfs.fuse.kernel"
    assert record.exc_info is not None and record.exc_info[0] is ZeroDivisionError
    # So is a request that is too short.
    refused(errno.EIO, greeted.ask, w.GETATTR, 1, b"short")
    assert len(greeted.ask(w.GETATTR, 1, GETATTR_IN)) == 104


@pytest.mark.parametrize(
    "error, code",
    [
        (OSError(errno.ENOSPC, ""), errno.ENOSPC),
        (OSError("without a number"), errno.EIO),
        (AccessDenied("not for you"), AccessDenied("").errno),
    ],
)
def test_each_error_has_its_number(
    greeted: Line, vfs: Vfs, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def refuse(node: Node) -> None:
        raise error

    monkeypatch.setattr(vfs, "statfs", refuse)
    refused(code, greeted.ask, w.STATFS)


# --- answers that come later


class Gate:
    """Work on the virtual directory that begins and ends when a test says so."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()

    def wait(self) -> None:
        self.begun.release()
        assert self.go.wait(20)


@pytest.fixture
def gate(tree: VirtualTree, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    make, open_ = tree.mkdir, tree.open

    def mkdir(parts: Parts) -> None:
        gate.wait()
        make(parts)

    def open_late(parts: Parts) -> Any:
        gate.wait()
        return open_(parts)

    monkeypatch.setattr(tree, "mkdir", mkdir)
    monkeypatch.setattr(tree, "open", open_late)
    yield gate
    gate.go.set()


def is_working() -> bool:
    return any(thread.name == "lsfs-later" for thread in threading.enumerate())


MKDIR_RENT = struct.pack("=II", 0o700, 0) + b"rent\0"
OPEN_TO_READ = struct.pack("=II", os.O_RDONLY, 0)


def test_others_are_answered_while_one_waits(greeted: Line, gate: Gate, index: Index) -> None:
    search = greeted.lookup(b".lsfs", b"search").nodeid
    waiting = greeted.send(w.MKDIR, search, MKDIR_RENT)
    assert gate.begun.acquire(timeout=120)
    for _ in range(20):
        assert len(greeted.ask(w.GETATTR, 1, GETATTR_IN)) == 104
    assert index.made == {}
    gate.go.set()
    unique, error, content = greeted.receive()
    assert (unique, error) == (waiting, 0)
    assert stat.S_ISDIR(w.entry_out(content).attr.mode)
    assert list(index.made) == ["rent"]


def test_a_refusal_may_come_later_too(greeted: Line, gate: Gate, index: Index) -> None:
    search = greeted.lookup(b".lsfs", b"search").nodeid
    index.brain_error = AccessDenied("not now")
    waiting = greeted.send(w.MKDIR, search, MKDIR_RENT)
    gate.go.set()
    assert greeted.receive() == (waiting, AccessDenied("").errno, b"")


def test_several_wait_at_a_time(greeted: Line, gate: Gate, index: Index) -> None:
    search = greeted.lookup(b".lsfs", b"search").nodeid
    waiting = {
        greeted.send(w.MKDIR, search, struct.pack("=II", 0o700, 0) + b"%d\0" % number)
        for number in (1, 2, 3)
    }
    for _ in waiting:
        assert gate.begun.acquire(timeout=120)
    gate.go.set()
    answers = [greeted.receive() for _ in waiting]
    assert {unique for unique, error, _ in answers if not error} == waiting
    assert sorted(index.made) == ["1", "2", "3"]


def test_an_interrupted_request_ends_once(
    greeted: Line, gate: Gate, index: Index, eventually: Wait
) -> None:
    search = greeted.lookup(b".lsfs", b"search").nodeid
    waiting = greeted.send(w.MKDIR, search, MKDIR_RENT)
    assert gate.begun.acquire(timeout=120)
    greeted.interrupt(waiting)
    assert greeted.receive() == (waiting, errno.EINTR, b"")
    greeted.interrupt(waiting)
    gate.go.set()
    eventually(lambda: not is_working())
    # Nothing more of it: the next answer is that to the next request.
    assert len(greeted.ask(w.STATFS)) == 80
    assert list(index.made) == ["rent"]


def test_a_folder_that_nobody_was_told_of_is_not_referred_to(
    greeted: Line, gate: Gate, vfs: Vfs, eventually: Wait
) -> None:
    search = greeted.lookup(b".lsfs", b"search").nodeid
    known = dict(vfs.nodes)
    waiting = greeted.send(w.MKDIR, search, MKDIR_RENT)
    assert gate.begun.acquire(timeout=120)
    greeted.interrupt(waiting)
    assert greeted.receive()[1] == errno.EINTR
    gate.go.set()
    eventually(lambda: not is_working())
    assert vfs.nodes == known


def test_a_file_that_was_opened_for_nobody_is_closed(
    greeted: Line, gate: Gate, index: Index, vfs: Vfs, eventually: Wait
) -> None:
    index.asked_for("rent", "What is the rent?")
    file = greeted.lookup(b".lsfs", b"ask", b"rent.md").nodeid
    before = descriptors()
    for _ in range(3):
        gate.go.clear()
        waiting = greeted.send(w.OPEN, file, OPEN_TO_READ)
        assert gate.begun.acquire(timeout=120)
        greeted.interrupt(waiting)
        assert greeted.receive() == (waiting, errno.EINTR, b"")
        gate.go.set()
        eventually(lambda: not is_working())
    assert (vfs.handles, descriptors()) == ({}, before)
    # And who waits for it, gets it.
    opened = w.open_out(greeted.ask(w.OPEN, file, OPEN_TO_READ))
    assert greeted.ask(w.READ, file, w.read_in(opened.fh, 2, 4)) == b"What"
    greeted.ask(w.RELEASE, file, w.release_in(opened.fh))


def test_an_interrupt_of_what_is_not_waited_for_is_nothing(greeted: Line) -> None:
    greeted.interrupt(4711)
    assert len(greeted.ask(w.STATFS)) == 80


def test_a_wait_for_a_lock_ends_by_the_lock_or_by_an_interrupt(greeted: Line, folder: Path) -> None:
    made, opened = w.create_out(greeted.ask(w.CREATE, 1, w.create_in(os.O_RDWR, 0o600, b"f")))
    file, fh = made.nodeid, opened.fh
    greeted.ask(w.SETLK, file, w.lk_in(fh, 1, 0, 9, fcntl.F_WRLCK, 5))
    first = greeted.send(w.SETLKW, file, w.lk_in(fh, 2, 0, 9, fcntl.F_WRLCK, 6))
    second = greeted.send(w.SETLKW, file, w.lk_in(fh, 3, 0, 9, fcntl.F_WRLCK, 7))
    greeted.interrupt(first)
    assert greeted.receive() == (first, errno.EINTR, b"")
    unlock = greeted.send(w.SETLK, file, w.lk_in(fh, 1, 0, 9, fcntl.F_UNLCK, 5))
    assert {greeted.receive(), greeted.receive()} == {(second, 0, b""), (unlock, 0, b"")}
    for owner in (1, 2, 3):
        greeted.ask(w.FLUSH, file, w.flush_in(fh, owner))
    greeted.ask(w.RELEASE, file, w.release_in(fh))


# --- the end


def test_the_loop_ends_with_the_mount(greeted: Line) -> None:
    greeted.hang_up()
    assert (greeted.events, greeted.error) == (["ready", "ended"], None)


@pytest.mark.parametrize(
    "errors, ended, raised",
    [
        ([errno.ENOENT, errno.EAGAIN, errno.EINTR], False, None),
        ([errno.ENODEV], True, None),
        ([errno.EIO], True, errno.EIO),
    ],
)
def test_the_device_says_whether_to_read_on(
    vfs: Vfs,
    monkeypatch: pytest.MonkeyPatch,
    errors: list[int],
    ended: bool,
    raised: int | None,
) -> None:
    left = list(errors)
    plain = os.readv

    def readv(fd: int, buffers: list[bytearray]) -> int:
        length = plain(fd, buffers)
        if left and length and struct.unpack_from("=II", buffers[0])[1] == w.POLL:
            code = left.pop(0)
            raise OSError(code, os.strerror(code))
        return length

    monkeypatch.setattr(os, "readv", readv)
    line = Line(vfs)
    line.init()
    for _ in errors:
        line.send(w.POLL)
    if not ended:
        assert len(line.ask(w.STATFS)) == 80
    else:
        line._thread.join(20)
        assert "ended" in line.events
    line.close()
    assert getattr(line.error, "errno", None) == raised


def test_the_loop_can_be_ended_while_the_mount_is_used(
    greeted: Line, vfs: Vfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = vfs.statfs

    def statfs(node: Node) -> dict[str, int]:
        greeted.kernel.stop()  # a signal that comes while a request is worked on
        return plain(node)

    monkeypatch.setattr(vfs, "statfs", statfs)
    assert len(greeted.ask(w.STATFS)) == 80
    greeted._thread.join(20)
    assert (greeted.events, greeted.error) == (["ready", "ended"], None)


def test_a_signal_ends_the_loop_while_it_waits(vfs: Vfs) -> None:
    theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kernel = Kernel(ours.fileno(), vfs, lambda: None, timeout_s=1.0, passthrough=False)
    ended = threading.Event()
    loop = threading.get_ident()

    def signal_it() -> None:
        theirs.send(w.message(w.INIT, 2, 0, w.init_in(41, WANTED)))
        theirs.recv(4096)
        # One that comes before the loop waits may be missed.
        while not ended.wait(0.01):
            signal.pthread_kill(loop, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: None if ended.is_set() else kernel.stop())
    signaller = threading.Thread(target=signal_it)
    signaller.start()
    try:
        kernel.serve()
    finally:
        ended.set()
        signaller.join()
        signal.signal(signal.SIGUSR1, before)
    theirs.close()
    ours.close()


class Hasty(Kernel):
    """Gets its signal just when it has said that it will wait."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "_reading" and value:
            self.stop()


def test_a_signal_just_before_the_loop_waits_ends_it_too(vfs: Vfs) -> None:
    theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kernel = Hasty(ours.fileno(), vfs, lambda: None, timeout_s=1.0, passthrough=False)
    kernel.serve()
    theirs.close()
    ours.close()


def test_an_answer_that_is_not_taken_ends_nothing(
    greeted: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plain = os.writev
    codes = [errno.ENOENT, errno.EINVAL]

    def writev(fd: int, parts: list[bytes]) -> int:
        if codes:
            code = codes.pop(0)
            raise OSError(code, os.strerror(code))
        return plain(fd, parts)

    monkeypatch.setattr(os, "writev", writev)
    greeted.send(w.STATFS)
    greeted.send(w.STATFS)
    assert len(greeted.ask(w.STATFS)) == 80
    # Who asked may be gone (ENOENT); anything else is worth a line.
    (said,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert "Invalid argument" in said
