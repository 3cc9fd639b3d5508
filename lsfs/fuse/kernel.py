"""The kernel's FUSE protocol, served on ``/dev/fuse`` by one loop: the transport ``kernel``.

Each request is decoded, done by :mod:`lsfs.fuse.vfs`, and answered; what the tree defers is worked
out by a thread of its own and answered when it is done, so nothing that needs the index's process
holds up a file. With the rights for it (CAP_SYS_ADMIN, Linux 6.9) the bytes of files do not come
here at all: the kernel reads the source's file itself, see :mod:`lsfs.fuse.passthrough`.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from lsfs.errors import LsfsError
from lsfs.fuse import device, mounts, protocol
from lsfs.fuse.later import Later
from lsfs.fuse.locks import Locks
from lsfs.fuse.nodes import Deferred
from lsfs.fuse.notices import Notices
from lsfs.fuse.passthrough import Passthrough
from lsfs.fuse.protocol import Init, Opcode
from lsfs.fuse.requests import MAX_WRITE, Payload, Request, Requests
from lsfs.fuse.vfs import Vfs
from lsfs.versions.capture import TakesLong

log = logging.getLogger("lsfs.fuse.kernel")

_ROOM = MAX_WRITE + 4096  # the largest request, with its structures
_WANTED = (
    Init.ASYNC_READ | Init.ATOMIC_O_TRUNC | Init.BIG_WRITES | Init.AUTO_INVAL_DATA
    | Init.DO_READDIRPLUS | Init.READDIRPLUS_AUTO | Init.ASYNC_DIO | Init.PARALLEL_DIROPS
    | Init.MAX_PAGES | Init.INIT_EXT | Init.POSIX_LOCKS | Init.FLOCK_LOCKS
    # Whoever writes to a program may not keep it running as its owner; told so in each request,
    # or else the kernel would ask for an extended attribute before every write.
    | Init.HANDLE_KILLPRIV_V2
)  # fmt: skip


class Kernel:
    """Serves one mount.

    Args:
        fd: the device, on which the mount has just been made.
        vfs: the tree.
        ready: called once the kernel has accepted the mount.
        timeout_s: how long the kernel may keep names and attributes of the source, in seconds.
        passthrough: let the kernel read and write files itself where it can.
    """

    def __init__(
        self,
        fd: int,
        vfs: Vfs,
        ready: Callable[[], None],
        *,
        timeout_s: float,
        passthrough: bool,
    ) -> None:
        self._fd = fd
        self._ready = ready
        self.passthrough = Passthrough(fd, wanted=passthrough)
        self._locks = Locks(self._answer_lock)
        self._waiting: set[int] = set()  # deferred requests that nobody has answered yet
        self._waiting_lock = threading.Lock()
        self._notices = Notices(fd, vfs.table)
        self._requests = Requests(
            vfs,
            self.passthrough,
            self._locks,
            self._notices,
            timeout_s=timeout_s,
            locked=self._lock_set,
        )
        self._later = Later(fd)
        self._stopping = False
        self._reading = False

    # --- the loop

    def serve(self) -> None:
        """Answer requests until the mount is gone."""
        try:
            with contextlib.suppress(_Stop):
                self._answer_all()
        finally:
            self._later.close()
            self._notices.close()

    def _answer_all(self) -> None:
        buffer = bytearray(_ROOM)
        view = memoryview(buffer)
        unpack, head = protocol.HEADER_IN.unpack_from, protocol.HEADER_SIZE
        fd, notices, requests = self._fd, self._notices, self._requests
        handlers = requests.handlers | {Opcode.INTERRUPT: self._interrupt}
        if not self._greet(buffer):
            return
        while True:
            again = self._later.next(self._is_stopping) if self._later.count else None
            if again is not None:
                request, error = again
                opcode, unique = request.opcode, request.unique
            elif length := self._receive(buffer):
                _, opcode, unique, node, uid, gid, pid, _, _ = unpack(buffer)
                request = Request(opcode, unique, node, uid, gid, pid, view[head:length])
                error = None
            else:
                return
            requests.asked, requests.asked_group = (request.uid, request.pid), request.gid
            try:
                if error is not None:
                    raise error
                result = handlers[opcode](request) if opcode in handlers else self._unknown()
                if result is None:
                    continue
                if isinstance(result, Deferred):
                    self._defer(unique, result)
                    continue
                message = protocol.reply(unique, result)
            except TakesLong as long:
                self._later.put_off(request, long.work)
                continue
            except Exception as failure:
                message = protocol.refusal(unique, _code(failure, opcode))
            self._send(fd, message)
            if notices.due:
                notices.collect()

    def _is_stopping(self) -> bool:
        return self._stopping

    def _greet(self, buffer: bytearray) -> bool:
        """Answer the first request, INIT; False when the mount went before."""
        length = self._receive(buffer)
        if not length:
            return False
        unique = protocol.HEADER_IN.unpack_from(buffer)[2]
        body = memoryview(buffer)[protocol.HEADER_SIZE : length]
        # Before 5.17 there are no upper flags.
        fields = bytes(body[: protocol.INIT_IN.size]).ljust(protocol.INIT_IN.size, b"\0")
        major, minor, readahead, low, high = protocol.INIT_IN.unpack(fields)
        if major != protocol.MAJOR or minor < protocol.OLDEST_MINOR:
            self._send(self._fd, protocol.refusal(unique, errno.EPROTO))
            raise LsfsError(
                f"the kernel speaks FUSE {major}.{minor}, which is too old",
                hint="mount with --transport mfusepy",
            )
        offered = low | high << 32
        flags = offered & (_WANTED | self.passthrough.flags(offered))
        answer = protocol.init_out(minor, readahead, flags, MAX_WRITE)
        self._send(self._fd, protocol.reply(unique, answer))
        self.passthrough.probe()
        self._ready()
        return True

    def _receive(self, buffer: bytearray) -> int:
        """The next request's length; 0 when there will be none."""
        while not self._stopping:
            self._reading = True
            try:
                return os.readv(self._fd, [buffer])
            except OSError as error:
                if device.is_gone(error):
                    return 0
                # ENOENT: the request was interrupted before it could be read.
                if error.errno not in (errno.ENOENT, errno.EAGAIN, errno.EINTR):
                    raise
            finally:
                self._reading = False
        return 0

    @staticmethod
    def _send(fd: int, message: list[Payload]) -> None:
        try:
            os.writev(fd, message)
        except OSError as error:
            # ENOENT: whoever asked was interrupted and has gone. ENODEV: so is the mount.
            if error.errno not in (errno.ENOENT, errno.ENODEV):
                log.warning("an answer was not taken: %s", error)

    def describe(self) -> str:
        """What this mount does for the speed of files, in words."""
        if self.passthrough.active:
            return "the kernel reads the files itself"
        return "file contents pass through this process (no rights, or Linux before 6.9)"

    def stop(self) -> None:
        """End the loop though the mount is still used; from a signal handler in its own thread."""
        self._stopping = True
        if self._reading:
            raise _Stop

    # --- answers that come later

    def _defer(self, unique: int, result: Deferred[Payload]) -> None:
        with self._waiting_lock:
            self._waiting.add(unique)

        def work() -> None:
            done = False
            try:
                message = protocol.reply(unique, result.work())
                done = True
            except Exception as error:
                message = protocol.refusal(unique, _code(error, 0))
            if self._claim(unique):
                self._send(self._fd, message)
            elif done:
                result.unwanted()

        threading.Thread(target=work, name="lsfs-later", daemon=True).start()

    @staticmethod
    def _unknown() -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    def _answer_lock(self, unique: int, node: int, code: int) -> None:
        """Answer a request that waited for a lock."""
        if code:
            self._send(self._fd, protocol.refusal(unique, code))
        else:
            self._lock_set(unique, node)

    def _lock_set(self, unique: int, node: int) -> None:
        """Answer that a lock is set: who has it reads what others wrote, behind the mount too.

        What the kernel keeps of the file goes first. By a thread, for it may wait for answers.
        """
        message = protocol.reply(unique, b"")
        if self.passthrough.has(node):
            self._send(self._fd, message)
            return

        def work() -> None:
            self._notices.send(protocol.forget_inode(node))
            self._send(self._fd, message)

        threading.Thread(target=work, name="lsfs-locked", daemon=True).start()

    def _claim(self, unique: int) -> bool:
        """Whether a deferred request is still to be answered; only one may do it."""
        with self._waiting_lock:
            if unique not in self._waiting:
                return False
            self._waiting.remove(unique)
            return True

    def _interrupt(self, request: Request) -> None:
        """Whoever asked has got a signal. What is deferred ends for them here."""
        (unique,) = protocol.INTERRUPT_IN.unpack_from(request.body)
        if self._claim(unique) or self._locks.give_up(unique):
            self._send(self._fd, protocol.refusal(unique, errno.EINTR))


class _Stop(Exception):
    """Raised by a signal handler into the read that would wait for the next request."""


def _code(error: Exception, opcode: int) -> int:
    """What the kernel is told of a failure; the one place where an error becomes a number."""
    if isinstance(error, OSError):
        return error.errno or errno.EIO
    if isinstance(error, LsfsError):
        log.info("%s", error.message)
        return error.errno
    log.error("request %s failed", opcode, exc_info=error)
    return errno.EIO


# --- the life of a mount

SYNC_S = 10.0  # for what programs have written to mappings, before the mount is taken away
LINGER_S = 1.0  # for programs that still use it


def serve(
    vfs: Vfs,
    mountpoint: Path,
    ready: Callable[[Kernel], None],
    *,
    timeout_s: float,
    read_only: bool,
    allow_other: bool,
    passthrough: bool,
) -> None:
    """Mount, and serve until the mount is gone; SIGTERM, SIGINT and SIGHUP take it away.

    Args:
        ready: called once the kernel has accepted the mount.
        timeout_s, passthrough: as for :class:`Kernel`.

    Raises:
        LsfsError: the mount was refused.
    """
    connection = device.mount(mountpoint, read_only=read_only, allow_other=allow_other)
    mask = os.umask(0)  # the kernel has applied the caller's; ours would take more away
    server = Kernel(
        connection.fd,
        vfs,
        lambda: ready(server),
        timeout_s=timeout_s,
        passthrough=passthrough,
    )
    leaving = _Leaving(server, mountpoint)
    try:
        with leaving.on_signals():
            server.serve()
    except BaseException:
        # Not after an end in order: by now another mount may be in the place of ours.
        with contextlib.suppress(LsfsError):
            mounts.unmount(mountpoint, lazy=True)
        raise
    finally:
        leaving.done.set()
        connection.close()
        os.umask(mask)


class _Leaving:
    """Takes the mount away at a signal, while the loop still answers what that needs."""

    def __init__(self, server: Kernel, mountpoint: Path) -> None:
        self._server = server
        self._mountpoint = mountpoint
        self._begun = False
        self._loop = threading.get_ident()
        self.gone = False
        self.done = threading.Event()

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """Handle signals; only in the main thread, Python takes them nowhere else."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = [signal.signal(number, self._signalled) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def _signalled(self, number: int, frame: object) -> None:
        if self.gone:
            self._server.stop()
        elif not self._begun:
            self._begun = True
            log.info("signal %d: unmounting", number)
            threading.Thread(target=self._leave, name="lsfs-leave", daemon=True).start()

    def _leave(self) -> None:
        """Not in the loop's thread: each step asks the loop."""
        sync = threading.Thread(target=self._sync, name="lsfs-sync", daemon=True)
        sync.start()
        sync.join(SYNC_S)
        try:
            mounts.unmount(self._mountpoint, lazy=True)
        except LsfsError as error:
            log.warning("%s", error.message)
        self.done.wait(LINGER_S)
        self.gone = True
        # A signal that comes just before the loop begins to wait is missed: send more.
        while not self.done.wait(0.05):
            signal.pthread_kill(self._loop, signal.SIGTERM)

    def _sync(self) -> None:
        try:
            mounts.flush(self._mountpoint)
        except LsfsError as error:
            log.error("%s", error.message)
