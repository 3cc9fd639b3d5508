"""Reads files in a process that can be killed, so that no file can harm the index.

The parent's half of the protocol that the parsing child documents. What comes back is checked: the
child has read the user's files with libraries written in C, and may be under a file's control.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from lsfs.config import IndexConfig
from lsfs.errors import ParseError
from lsfs.index.readers.scans import ScanReading, Scans
from lsfs.model import Document, Status

MODULE: Final = "lsfs_parsers"  # run as a program; parsers are never imported here
FILES_PER_CHILD: Final = 4000  # then a fresh one, also one that has not grown: libraries leak
MAX_CHILD_RSS: Final = 500 * 2**20  # bytes
START_SECONDS: Final = 60.0  # a cold disk, a busy machine
STOP_SECONDS: Final = 2.0
SECONDS_PER_MB: Final = 0.5
MAX_SECONDS: Final = 300.0
SECONDS_PER_PICTURE: Final = 60.0  # of one page that is a picture

T = TypeVar("T")

_LENGTH = struct.Struct(">Q")
# Bytes of a document, which is the text twice and what is known of it: none of 2,000 files of all
# formats took more than 25 for each of its own. 50 million characters of any script take the most.
_LEAST_ANSWER = 4 * 2**20
_ANSWER_PER_BYTE = 64
_MAX_ANSWER = 2**29
_MAX_PARTS = 600_000  # blocks, spans and pages; the parsers end at 500,000
_PART = b'"char_start":'  # of each; within a text its quotation marks would be escaped
_PICTURE = b"P"  # begins what a page says that is a picture
_MAX_NOTE = 2**20  # bytes of any other message
_LEAST_STEP, _RECEIVE_STEP = 2**16, 2**20
_LONGEST_STATM = 256  # bytes
_STDERR_PIPE = 64 * 1024  # bytes; more is lost, never waited for
_MAX_REASON = 200  # characters
_UNKNOWN = "application/octet-stream"
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "MAGIC", "SYSTEMROOT")
_MEMORY_SHARE = 0.8  # of the allowed memory: a child that dies above it died of it
_OUT_OF_MEMORY_WORDS = ("memory allocation of", "out of memory", "bad_alloc", "MemoryError")


class _Stopped(Exception):
    """The child did not answer.

    Attributes:
        status: what became of the file.
        reason: why, for a person.
    """

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Sandbox:
    """One parsing child, started when it is needed and again whenever it was lost.

    Safe to use from several threads; files are read one at a time. Use one sandbox for each file
    that is to be read in parallel.

    Attributes:
        is_starting: its process has been started, and is not ready yet.

    Args:
        limits: largest file, time and memory.
        extra_parsers: more parsers for the child by name, as ``module:Class``.
        scans: keeps the pages of scans that are not read to their end.
    """

    def __init__(
        self,
        limits: IndexConfig,
        *,
        extra_parsers: Mapping[str, str] | None = None,
        scans: Scans | None = None,
    ) -> None:
        self._limits = limits
        self._scans = scans
        self._extra = dict(extra_parsers or {})
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._versions: dict[str, int] | None = None
        self._closed = False
        self.is_starting = False

    @property
    def pid(self) -> int | None:
        """The process that reads, while there is one."""
        child = self._child
        return None if child is None else child.pid

    def read(self, fd: int, name: str) -> Document:
        """The document in an open file.

        Never raises for what a file does: the document's status says how the reading ended.

        Args:
            fd: descriptor, open for reading; it stays open and its offset is not used.
            name: what the file is called; helps to tell kinds of text apart.

        Raises:
            ParseError: the parsing process cannot be started.
        """
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            return _unread(Status.UNREADABLE, "it is not a regular file")
        if facts.st_size > self._limits.max_file_bytes:
            limit = self._limits.max_file_bytes / 2**20
            return _unread(Status.TOO_LARGE, f"the file is larger than {limit:,.0f} MiB")
        with self._lock:
            return self._read(fd, name, Allowed.of(self._limits, facts.st_size))

    def versions(self) -> dict[str, int]:
        """Version of each parser by name, and of the detector that chooses between them.

        Asked once: the parsers of an installation do not change while it runs.

        Raises:
            ParseError: the parsing process cannot be started.
        """
        with self._lock:
            if self._versions is None:
                try:
                    self._versions = self._ready_child().versions()
                except _Stopped as error:
                    self._drop_child()
                    raise _no_start(error) from error
            return dict(self._versions)

    def close(self) -> None:
        """End the child; a reading that goes on in another thread ends as pending."""
        self._closed = True
        child = self._child
        if child is not None:
            child.interrupt()
        with self._lock:
            self._drop_child()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, fd: int, name: str, allowed: Allowed) -> Document:
        try:
            child = self._ready_child()
        except _Stopped as error:
            self._drop_child()
            if error.status is Status.PENDING:
                return _unread(error.status, error.reason)
            raise _no_start(error) from error
        scan = ScanReading(self._scans, fd)
        try:
            document = child.read(fd, name, allowed, scan)
        except _Stopped as error:
            self._drop_child()
            if self._closed:
                document = _unread(Status.PENDING, "reading was interrupted")
            else:
                document = _unread(error.status, error.reason, child.claim)
        else:
            if document.status is Status.OUT_OF_MEMORY or child.is_worn():
                self._drop_child()
        scan.done(document)
        return document

    def _ready_child(self) -> _Child:
        """The running child, or a fresh one; one that died idle is nobody's fault."""
        if self._closed:
            raise _Stopped(Status.PENDING, "reading was interrupted")
        if self._child is not None and not self._child.is_alive():
            self._drop_child()
        if self._child is None:
            self.is_starting = True
            try:
                self._child = _Child(self._limits, self._extra)
                self._child.greet()
            finally:
                self.is_starting = False
        return self._child

    def _drop_child(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def allowed_seconds(limits: IndexConfig, size: int) -> float:
    """Wall seconds that a file of ``size`` bytes may take."""
    seconds = limits.parse_seconds + SECONDS_PER_MB * size / 1e6
    return min(seconds, max(MAX_SECONDS, limits.parse_seconds))


class Allowed(Struct, frozen=True):
    """What the reading of one file may take.

    Attributes:
        seconds: wall seconds.
        picture_seconds: more of them for all pages that are pictures.
        answer: bytes of the document.
    """

    seconds: float
    picture_seconds: float
    answer: int

    @classmethod
    def of(cls, limits: IndexConfig, size: int) -> Allowed:
        """What a file of ``size`` bytes may take."""
        answer = min(_LEAST_ANSWER + _ANSWER_PER_BYTE * size, _MAX_ANSWER)
        return cls(allowed_seconds(limits, size), limits.scan_seconds, answer)


class _Deadline(Struct):
    """When a child is stopped; the time for which it reads pictures is added, up to a limit."""

    at: float
    pictures_left: float
    begun: float | None = None  # when it began with the picture that it reads now

    @property
    def now(self) -> float:
        """``time.monotonic()`` seconds, as far as is known now."""
        if self.begun is None:
            return self.at
        return self.at + min(SECONDS_PER_PICTURE, self.pictures_left)

    def turn(self) -> None:
        """A picture is begun, or done with."""
        if self.begun is None:
            self.begun = time.monotonic()
            return
        used = min(time.monotonic() - self.begun, SECONDS_PER_PICTURE, self.pictures_left)
        self.at += used
        self.pictures_left -= used
        self.begun = None


class _Child:
    """A parsing process and the socket to it."""

    def __init__(self, limits: IndexConfig, extra: Mapping[str, str]) -> None:
        import subprocess  # most commands read no file

        self._memory_mb = limits.neural_memory_mb if limits.neural else limits.parse_memory_mb
        # A page model stays in the child's memory, and takes long to load.
        self._worn_bytes = math.inf if limits.neural else MAX_CHILD_RSS
        # Between fork and exec the child has our own memory, and Linux counts that as its peak.
        self._inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        self._files = 0
        self._busy = False
        self._exit: tuple[int, resource.struct_rusage] | None = None
        self.claim: Mapping[str, Any] = {}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        errors, errors_write = os.pipe()
        # A full pipe loses what is written to it; a child must never wait for its reader.
        os.set_blocking(errors_write, False)
        os.set_blocking(errors, False)
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                _command(theirs.fileno(), self._memory_mb, extra, limits),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors_write,
                pass_fds=(theirs.fileno(),),
                env=environment(),
                cwd="/",
                start_new_session=True,  # its own process group, killed as a whole
            )
        except OSError as error:
            ours.close()
            os.close(errors)
            raise _Stopped(Status.UNREADABLE, error.strerror or str(error)) from error
        finally:
            theirs.close()
            os.close(errors_write)
        self._socket = ours
        self._errors = errors
        self._received = bytearray()  # and not taken yet
        self._statm = _statm(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    def greet(self) -> None:
        """Wait until the child is ready, so that its start costs no file any time."""
        try:
            self._receive(time.monotonic() + START_SECONDS)
        except (EOFError, TimeoutError):
            self._wait(STOP_SECONDS)
            said = self._said().strip().splitlines() or ["it does not answer"]
            raise _Stopped(Status.UNREADABLE, said[-1][:_MAX_REASON]) from None

    def versions(self) -> dict[str, int]:
        """See :meth:`Sandbox.versions`."""
        try:
            self._send({"op": "versions"})
            answer = self._receive(time.monotonic() + START_SECONDS)
        except (EOFError, ConnectionError, TimeoutError):
            raise self._obituary() from None
        return _decoded(answer, dict[str, dict[str, int]]).get("versions", {})

    def read(self, fd: int, name: str, allowed: Allowed, scan: ScanReading) -> Document:
        """The document in ``fd``.

        Raises:
            _Stopped: the child was too slow, died, or talked nonsense; it is of no use any more.
        """
        self._files += 1
        self._busy = True
        self.claim = {}
        begun = time.monotonic()
        deadline = _Deadline(time.monotonic() + allowed.seconds, allowed.picture_seconds)
        self._said()  # what earlier files left there explains nothing about this one
        try:
            self._send(_request(name, allowed), *([fd, scan.known] if scan.known >= 0 else [fd]))
            self.claim = _decoded(self._receive(deadline.now), dict[str, str | int])
            document = _decoded_document(self._answer(deadline, allowed.answer, scan))
        except TimeoutError:
            reason = f"the parser was stopped after {deadline.now - begun:.3g} s"
            raise _Stopped(Status.TIMEOUT, reason) from None
        except (EOFError, ConnectionError):
            raise self._obituary() from None
        self._busy = False
        fault = inconsistency(document)
        if fault:
            raise _Stopped(Status.DAMAGED, f"the parser's answer is inconsistent: {fault}")
        return document

    def _answer(self, deadline: _Deadline, longest: int, scan: ScanReading) -> bytes:
        """The document as it comes, after what is said of pages that are pictures."""
        while True:
            answer = self._receive(deadline.now, longest)
            if answer.startswith(_PICTURE):
                scan.keep(answer[len(_PICTURE) :])
            elif answer:
                return answer
            else:
                deadline.turn()

    def is_alive(self) -> bool:
        return self._exit is None and not self._wait(0)

    def is_worn(self) -> bool:
        """Whether it is time for a fresh child."""
        return self._files >= FILES_PER_CHILD or self._resident() > self._worn_bytes

    def interrupt(self) -> None:
        """Make a reading in another thread end; that thread cleans up."""
        with suppress(OSError):  # already closed, or the other end is
            self._socket.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Stop the process, politely when it is idle, and free what belongs to it."""
        self._socket.close()
        if not self._wait(0 if self._busy else STOP_SECONDS):
            self._kill()
        os.close(self._errors)
        if self._statm >= 0:
            os.close(self._statm)
        # The process was waited for here, with its use of memory; Popen only has to know.
        self._process.returncode = self._exit_facts()[0]

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._wait(math.inf)

    def _wait(self, seconds: float) -> bool:
        """Whether the process has ended, waiting at most so long; if so, reaps it."""
        if self._exit is not None:
            return True
        deadline = time.monotonic() + seconds
        flags = os.WEXITED | os.WNOWAIT | (0 if seconds == math.inf else os.WNOHANG)
        try:
            while os.waitid(os.P_PID, self._process.pid, flags) is None:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.005)
            # What it started (tesseract) must not outlive it. Its number names this group as long
            # as it is not reaped.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            _, status, usage = os.wait4(self._process.pid, 0)
            self._exit = (os.waitstatus_to_exitcode(status), usage)
        except ChildProcessError:  # this program ignores SIGCHLD, or waits for all its children
            self._exit = (0, resource.getrusage(resource.RUSAGE_CHILDREN))
        return True

    def _obituary(self) -> _Stopped:
        """Why the child ended, as far as can be told."""
        if not self._wait(STOP_SECONDS):
            self._kill()
            return _Stopped(Status.DAMAGED, "the parser stopped answering")
        code, peak = self._exit_facts()
        said = self._said()
        own_peak = peak if peak > self._inherited else 0
        too_much = 0 < _MEMORY_SHARE * self._memory_mb * 2**20 < own_peak
        if too_much or code == -signal.SIGKILL or any(w in said for w in _OUT_OF_MEMORY_WORDS):
            limit = f"the {self._memory_mb:,} MiB allowed" if self._memory_mb else "there is"
            return _Stopped(Status.OUT_OF_MEMORY, f"the parser needed more memory than {limit}")
        if code in (-signal.SIGXCPU, -signal.SIGALRM):
            return _Stopped(Status.TIMEOUT, "the parser used up its time")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        last = said.strip().splitlines()[-1:] if code >= 0 else []
        detail = f": {last[0]}" if last else ""
        return _Stopped(Status.DAMAGED, f"the parser crashed ({how}){detail}"[:_MAX_REASON])

    def _exit_facts(self) -> tuple[int, int]:
        """Exit code, negative for a signal, and the most memory it used, in bytes."""
        if self._exit is None:
            return 0, 0
        code, usage = self._exit
        return code, usage.ru_maxrss * 1024

    def _said(self) -> str:
        """What the child wrote to its standard error since the last call."""
        parts = []
        with suppress(BlockingIOError):
            while part := os.read(self._errors, _STDERR_PIPE):
                parts.append(part)
        return b"".join(parts).decode("utf-8", "replace")

    def _resident(self) -> int:
        """Memory of the child, in bytes."""
        try:
            fields = os.pread(self._statm, _LONGEST_STATM, 0).split()
        except OSError:
            return 0
        return int(fields[1]) * resource.getpagesize() if fields else 0

    def _send(self, message: Mapping[str, object], *fds: int) -> None:
        # ASCII, so that a name with bytes that are not UTF-8 arrives as it is.
        data = json.dumps(message).encode("ascii")
        data = _LENGTH.pack(len(data)) + data
        self._socket.settimeout(START_SECONDS)
        try:
            # Beside the head alone: of a child that ends behind a message all of which came with
            # descriptors, Linux (6.18) loses what it had said, as if some were not read.
            sent = socket.send_fds(self._socket, [data[: _LENGTH.size]], fds) if fds else 0
            self._socket.sendall(data[sent:])
        except OSError as error:
            raise ConnectionError(str(error)) from error

    def _receive(self, deadline: float, limit: int = _MAX_NOTE) -> bytes:
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline))
        if length > limit:
            raise _Stopped(Status.DAMAGED, "the parser's answer is too long")
        return self._exactly(length, deadline)

    def _exactly(self, count: int, deadline: float) -> bytes:
        data = self._received
        while len(data) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            try:
                part = self._socket.recv(max(_LEAST_STEP, min(count - len(data), _RECEIVE_STEP)))
            except ConnectionError as error:
                raise EOFError from error
            if not part:
                raise EOFError
            data += part
        taken = bytes(data[:count])
        del data[:count]
        return taken


def _statm(pid: int) -> int:
    """The file that tells of a process's memory, opened; -1 where there is none."""
    try:
        return os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _command(fd: int, memory_mb: int, extra: Mapping[str, str], limits: IndexConfig) -> list[str]:
    # -P and no empty entry in PYTHONPATH: a module in the user's folder must not run.
    command = [sys.executable, "-P", "-s", "-B", "-X", "utf8", "-m", MODULE]
    command += ["--fd", str(fd), "--memory-mb", str(memory_mb)]
    for name, place in extra.items():
        command += ["--parser", f"{name}={place}"]
    if limits.neural:
        command += ["--neural", str(Path(limits.neural).expanduser().absolute())]
        command += ["--neural-dtype", limits.neural_dtype]
    return command


def environment() -> dict[str, str]:
    """What the child gets to know: where modules and programs are, no user's settings."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    path = os.pathsep.join(entry for entry in sys.path if entry and Path(entry).exists())
    return kept | {"PYTHONPATH": path, "LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1"}


def _request(name: str, allowed: Allowed) -> dict[str, object]:
    return {
        "op": "read",
        "name": name,
        "seconds": allowed.seconds,
        "picture_seconds": allowed.picture_seconds,
        "longest_picture": SECONDS_PER_PICTURE,
        "longest_answer": allowed.answer,
    }


def _decoded_document(answer: bytes) -> Document:
    """The document in an answer; one of very many parts is not even taken apart."""
    if answer.count(_PART) > _MAX_PARTS:
        raise _Stopped(Status.DAMAGED, "the parser's answer has too many parts")
    return _decoded(answer, Document)


def _decoded(answer: bytes, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(answer, type=type_)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _Stopped(Status.DAMAGED, "the parser's answer cannot be understood") from error


def _no_start(error: _Stopped) -> ParseError:
    return ParseError(f"the parsers do not start: {error.reason}", hint="lsfs doctor")


def _unread(status: Status, reason: str, claim: Mapping[str, Any] | None = None) -> Document:
    claim = claim or {}
    return Document(
        media_type=str(claim.get("media_type", _UNKNOWN)),
        parser=str(claim.get("parser", "")),
        parser_version=int(claim.get("version", 0)),
        status=status,
        reason=reason,
    )


def inconsistency(document: Document) -> str:
    """What in a document's offsets would mislead the index; "" when they are sound."""
    at = 0
    for number, block in enumerate(document.blocks):
        is_in_order = at <= block.char_start <= block.char_end <= len(document.text)
        if not is_in_order or document.text[block.char_start : block.char_end] != block.text:
            return f"block {number} is not where it says"
        at = block.char_start
        for span in block.spans:
            if not at <= span.char_start <= span.char_end <= block.char_end:
                return f"a span of block {number} is outside it"
            at = span.char_start
        at = block.char_end
    numbers = [page.no for page in document.pages]
    if numbers != list(range(1, len(numbers) + 1)):
        return "the pages are not numbered from 1"
    return ""
