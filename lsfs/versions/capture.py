"""Keeping the content of a file before it goes.

What is small goes into the journal itself; of the rest a file is made in ``objects/incoming``: by
reference where the file system can (reflink), by a hard link where the name goes and nobody can
still write to the file, else by copying. Cutting it into chunks, compressing and finding out what
is known already takes longer than a writer should wait, and is done later, by another process
(:mod:`lsfs.versions.settle`).
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import secrets
import signal
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from lsfs.clock import Clock
from lsfs.versions.events import STEP_NS, Op, State, Who

log = logging.getLogger("lsfs.versions.capture")

T = TypeVar("T")

INLINE = 64 << 10  # bytes that the journal itself takes
COPIED_AT_ONCE = 32 << 20
REMEMBERED = 65536  # files whose content is known to be kept
UNSURE = 0  # time of change of a state that may also be that of a later content
_FICLONE = 0x40049409
_F_SETSIG = 10
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_NO_COPY = frozenset({errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS})


class Noting(Protocol):
    """The writing end of a journal, as far as those use it who serve a mount."""

    def append(
        self,
        time_ns: int,
        op: Op,
        path: bytes,
        target: bytes | None = None,
        *,
        state: State | None = None,
        who: Who | None = None,
        appended: bool = False,
        content: bytes | None = None,
        sync: bool = False,
    ) -> int:
        """Note an event; gives its position."""
        ...


class TakesLong(Exception):
    """A large content has to be copied before the operation that lets it go may be carried out.

    Attributes:
        work: copies it, in whatever thread runs it; then the operation is to be tried again.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__("a large content is to be copied first")
        self.work = work


class Captures:
    """Takes contents into keeping, for the process that writes the journal.

    Args:
        incoming: the folder that takes the contents; made if missing.
        journal: says what was kept.
        clock: says when.
        is_kept: whether the content of a file in this state is kept already.
        names: how many names of a file in this state are known.
        captured: the state that a file was in when it was captured, by its name in ``incoming``.
        durable: a content is on the disk when the call that keeps it returns; else it survives the
            end of this process, and maybe not a power cut.

    Attributes:
        at_once: contents up to this size, in bytes, are copied while the caller waits; of larger
            ones it is told by :class:`TakesLong`. None copies all at once.
    """

    def __init__(
        self,
        incoming: Path,
        journal: Noting,
        clock: Clock,
        is_kept: Callable[[State], bool] = lambda _: False,
        names: Callable[[State], int] = lambda _: 0,
        captured: Callable[[bytes], State | None] = lambda _: None,
        *,
        durable: bool = True,
    ) -> None:
        incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = os.open(incoming, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._journal = journal
        self._clock = clock
        self._is_kept = is_kept
        self.names = names
        self._durable = durable
        self._recent: OrderedDict[tuple[int, int], State] = OrderedDict()
        # File systems that have said no; asking again would cost a call each time.
        self._no_reflink: set[int] = set()
        self._no_link: set[int] = set()
        self.at_once: int | None = None
        # By device and inode: large contents that are being copied, and those that have been.
        self._copying: dict[tuple[int, int], threading.Event] = {}
        self._prepared: dict[tuple[int, int], State] = {}
        self._part_all(captured)

    def close(self) -> None:
        """Let the folder go."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def has(self, state: State) -> bool:
        """Whether nothing is lost when the content of a file in this state goes."""
        if not state.size or not state.is_file:
            return True
        if self._clock.now_ns() - state.ctime_ns < STEP_NS:
            return False
        if self._recent.get((state.device, state.inode)) == state:
            return True
        return self._is_kept(state)

    def keep(
        self,
        fd: int,
        path: bytes,
        who: Who | None,
        *,
        state: State | None = None,
        goes: bool = False,
        readable: bool = False,
    ) -> bytes | None:
        """Keep what a file holds, unless it is kept.

        Args:
            fd: any descriptor of the file, also one that cannot read.
            path: where it is, relative to the source.
            state: the file was in this state when it had the content, and nothing but appended to
                since, and it is not kept; None stands for its present state.
            goes: its last name is about to go, and with it the file.
            readable: ``fd`` can read.

        Returns:
            the name in ``incoming`` of a link to the very file: if that does not go after all,
            :meth:`part` them.

        Raises:
            OSError: ENOSPC: it could not be kept, so it must not go.
            TakesLong: it is large, and the operation is to be tried again later.
        """
        if state is None:
            state = State.of(os.fstat(fd))
            if self.has(state):
                return None
        ready = self._prepared.pop((state.device, state.inode), None) if self._prepared else None
        if ready is not None and ready.same_content(state):
            return None
        if self._clock.now_ns() - state.ctime_ns < STEP_NS:
            # What is written next may leave it in the very same state.
            state = state._replace(ctime_ns=UNSURE)
        if readable:
            return self._keep_or_refuse(fd, state, path, who, goes)
        try:
            opened = _opened(fd)
        except OSError as error:
            log.warning("what %r holds cannot be kept: %s", path, error.strerror)
            return None
        try:
            return self._keep_or_refuse(opened, state, path, who, goes)
        finally:
            os.close(opened)

    def _keep_or_refuse(
        self, fd: int, state: State, path: bytes, who: Who | None, goes: bool
    ) -> bytes | None:
        return self._or_refuse(lambda: self._keep(fd, state, path, who, goes), fd, path)

    def _or_refuse(self, keep: Callable[[], T], fd: int, path: bytes) -> T | None:
        try:
            return keep()
        except OSError as error:
            if error.errno not in _NO_ROOM and _can_be_read(fd):
                log.error(
                    "what %r holds cannot be kept (%s), so it is not let go; see the disk of the "
                    "drive's state, or mount with versions.durability = 'off'",
                    path, error.strerror,
                )  # fmt: skip
                raise OSError(errno.EIO, os.strerror(errno.EIO)) from error
            if error.errno in _NO_ROOM:
                log.error(
                    "what %r holds cannot be kept (%s), so it is not let go; "
                    "make room with: lsfs prune, or lsfs trash empty", path, error.strerror,
                )  # fmt: skip
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            # It cannot be read. That must not keep anybody from removing it.
            log.warning("what %r holds cannot be kept: %s", path, error.strerror)
            return None

    def _keep(
        self, fd: int, state: State, path: bytes, who: Who | None, goes: bool
    ) -> bytes | None:
        name = b"%x-%x" % (self._clock.now_ns(), secrets.randbits(48))
        is_linked = False
        if state.size <= INLINE:
            try:
                self._keep_inline(fd, state, path, who)
                return None
            except OSError as error:
                # On a full disk a link and a line about it may find room still.
                is_linked = goes and error.errno in _NO_ROOM and self._linked(fd, state, name)
                if not is_linked:
                    raise
        is_linked = is_linked or (goes and self._linked(fd, state, name))
        if not is_linked:
            may_wait = self.at_once is None or state.size <= self.at_once
            copied = self._copied(fd, state, name, may_copy=may_wait)
            if copied is None:
                raise self._later(fd, state, name, path, who)
            state = copied
        self._note(state, name, path, who)
        self._remember(state)
        return name if is_linked else None

    def _keep_inline(self, fd: int, state: State, path: bytes, who: Who | None) -> None:
        content = os.pread(fd, state.size, 0)
        self._journal.append(
            self._clock.now_ns(), Op.CAPTURED, path, state=_sized(state, len(content)),
            who=who, content=content, sync=self._durable,
        )  # fmt: skip
        self._remember(state)

    def _later(self, fd: int, state: State, name: bytes, path: bytes, who: Who | None) -> TakesLong:
        """What copies a large content while the caller goes on with other things."""
        key = state.device, state.inode
        other = self._copying.get(key)
        if other is not None:
            return TakesLong(other.wait)
        done = self._copying[key] = threading.Event()
        mine = os.dup(fd)

        def copy() -> None:
            copied = self._copied(mine, state, name)
            assert copied is not None  # noqa: S101 - it may be copied
            self._note(copied, name, path, who)

        def work() -> None:
            try:
                self._or_refuse(copy, mine, path)
                # Only now: whoever waits for the same is let through by this.
                self._prepared[key] = state
            finally:
                os.close(mine)
                del self._copying[key]
                done.set()

        return TakesLong(work)

    def _note(self, state: State, name: bytes, path: bytes, who: Who | None) -> None:
        """Say in the journal what a file of ours holds."""
        if self._durable:
            os.fsync(self._folder)
        try:
            self._journal.append(
                self._clock.now_ns(), Op.CAPTURED, path, name, state=state, who=who,
                sync=self._durable,
            )  # fmt: skip
        except OSError:
            os.unlink(name, dir_fd=self._folder)
            raise

    def part(self, name: bytes) -> None:
        """Make a copy of what is in ``incoming`` by a link, because the file has stayed."""
        try:
            fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._folder)
        except FileNotFoundError:
            return  # settled
        copy = name + b"-"
        try:
            self._copied(fd, State.of(os.fstat(fd)), copy)
            os.rename(copy, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except OSError as error:
            log.warning("what was kept may change with its file: %s", error.strerror)
        finally:
            os.close(fd)

    def _part_all(self, captured: Callable[[bytes], State | None]) -> None:
        """Part what a process had linked that was killed before it removed the file.

        Somebody may have written to the file since; then nobody has what was captured any more.
        """
        with os.scandir(self._folder) as entries:
            linked = [(entry.name, entry.stat()) for entry in entries if entry.stat().st_nlink > 1]
        for name, stat in linked:
            state = captured(os.fsencode(name))
            if state is None or state.same_content(State.of(stat)):
                self.part(os.fsencode(name))
                continue
            os.unlink(name, dir_fd=self._folder)
            log.error(
                "a version is lost: its file was to be removed, and lsfs was ended meanwhile; then "
                "it was written to behind the mount"
            )

    def _remember(self, state: State) -> None:
        self._recent[state.device, state.inode] = state
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    # --- ways to make a file of it

    def _linked(self, fd: int, state: State, name: bytes) -> bool:
        """Keep the file itself, under a name of ours; False where that is not safe or possible."""
        if state.device in self._no_link or os.fstat(fd).st_nlink != 1 or _is_open(fd):
            return False
        try:
            os.link(b"/proc/self/fd/%d" % fd, name, dst_dir_fd=self._folder, follow_symlinks=True)
        except OSError as error:
            if error.errno in (errno.EXDEV, errno.EOPNOTSUPP):
                self._no_link.add(state.device)
            return False
        return True

    def _copied(self, fd: int, state: State, name: bytes, *, may_copy: bool = True) -> State | None:
        """Keep a copy; gives the state that was copied.

        Args:
            may_copy: take the time that it takes; otherwise None is given where it would take long.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        copy = os.open(name, flags, 0o600, dir_fd=self._folder)
        try:
            if not self._reflinked(fd, copy, state.device):
                if not may_copy:
                    os.unlink(name, dir_fd=self._folder)
                    return None
                _copy(fd, copy, min(state.size, os.fstat(fd).st_size))
            size = min(state.size, os.fstat(fd).st_size)
            os.ftruncate(copy, size)
            if self._durable:
                os.fdatasync(copy)
            return _sized(state, size)
        except OSError:
            os.unlink(name, dir_fd=self._folder)
            raise
        finally:
            os.close(copy)

    def _reflinked(self, fd: int, copy: int, device: int) -> bool:
        if device in self._no_reflink:
            return False
        try:
            fcntl.ioctl(copy, _FICLONE, fd)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise
            self._no_reflink.add(device)
            return False
        return True


def _opened(fd: int) -> int:
    """A descriptor that can read, of an open file."""
    link = b"/proc/self/fd/%d" % fd
    try:
        return os.open(link, os.O_RDONLY | os.O_CLOEXEC | os.O_NOATIME)
    except PermissionError:
        return os.open(link, os.O_RDONLY | os.O_CLOEXEC)


def _can_be_read(fd: int) -> bool:
    """Whether a file can be read to its end: then what went wrong is on our side."""
    offset = 0
    try:
        while block := os.pread(fd, 1 << 20, offset):
            offset += len(block)
    except OSError:
        return False
    return True


def _sized(state: State, size: int) -> State:
    """The state of what was read, which may have become longer or shorter meanwhile."""
    return state if state.size == size else state._replace(size=size)


def _is_open(fd: int) -> bool:
    """Whether anybody else may have the file open: to write to it, or to ask how many names it has.

    Asked by taking a lease, which the kernel gives only when nobody has.
    """
    try:
        # Whoever opens it in this very moment breaks the lease. The signal that says so would by
        # default end us; this one is ignored.
        fcntl.fcntl(fd, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError:
        return True  # somebody has, or the question is not allowed here
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _copy(origin: int, copy: int, size: int) -> None:
    """Copy the data of a file, and leave its holes."""
    offset = 0
    while offset < size:
        try:
            offset = os.lseek(origin, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # nothing but a hole is left
            raise
        end = min(os.lseek(origin, offset, os.SEEK_HOLE), size)
        while offset < end:
            done = _copy_some(origin, copy, offset, min(COPIED_AT_ONCE, end - offset))
            if not done:
                return  # it has become shorter
            offset += done


def _copy_some(origin: int, copy: int, offset: int, length: int) -> int:
    try:
        return os.copy_file_range(origin, copy, length, offset, offset)
    except OSError as error:
        if error.errno not in _NO_COPY:
            raise
    data = os.pread(origin, min(length, 1 << 20), offset)
    return os.pwrite(copy, data, offset)
