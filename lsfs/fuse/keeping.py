"""What the mount keeps before it lets it go: which operations destroy what, and who did it.

A file's content goes when it is overwritten, cut, removed, or another is renamed over it. Opening a
file for writing destroys nothing yet, and appending never does: a :class:`Guard`, which all open
handles of a file share, knows how much of it is still unkept, and the first write, cut or hole that
reaches into that has it kept before. A log of gigabytes that is appended to is therefore never
copied; its earlier versions are beginnings of the later ones.

What a mapping writes past us (passthrough) we do not see in time. A file that is opened for writing
with unkept content is not passed through; if it already is, its content is kept at once.
"""

from __future__ import annotations

import contextlib
import os
import stat as modes
import time
from collections.abc import Callable, Iterator

from lsfs.fuse.nodes import Guard, Handle
from lsfs.fuse.source import Source
from lsfs.versions.capture import Captures
from lsfs.versions.contents import Standing
from lsfs.versions.events import State, Who

NAMED_S = 2.0  # how long a process is taken to run the same program
NAMES = 256
_READ = os.O_RDONLY | os.O_NOATIME | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIN = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Programs:
    """The names of the programs that use the mount, by process."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[float, Who]] = {}

    def who(self, asked: tuple[int, int]) -> Who:
        """A user's process, and the program that it runs.

        Args:
            asked: user and process. The program is "" when the process has ended, or is none of
                this system's.
        """
        now = time.monotonic()
        known = self._known.get(asked)
        if known is not None and now - known[0] < NAMED_S:
            return known[1]
        who = Who(*asked, _program(asked[1]))
        if len(self._known) >= NAMES:
            self._known.clear()
        self._known[asked] = now, who
        return who


def _program(pid: int) -> str:
    try:
        fd = os.open(b"/proc/%d/comm" % pid, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(fd, 64).decode("utf-8", "replace").rstrip("\n")
    except OSError:
        return ""  # it has just ended
    finally:
        os.close(fd)


class Keeping:
    """Has contents kept before operations on the tree let them go.

    Args:
        source: the folder that is mounted.
        captures: keeps them; None keeps nothing.
        finish: notes what was written so far to a file that is open, and goes.

    Attributes:
        asker: tells user and process of the operation that is being carried out.
    """

    def __init__(
        self, source: Source, captures: Captures | None, finish: Callable[[Guard], None]
    ) -> None:
        self._source = source
        self._captures = captures
        self._finish = finish
        self.asker: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self._programs = Programs()
        self._guards: dict[tuple[int, int], Guard] = {}

    def who(self) -> Who | None:
        """Who asks for the operation that is being carried out."""
        asked = self.asker()
        return self._programs.who(asked) if asked[1] else None

    # --- open files

    def opened(self, handle: Handle, stat: os.stat_result) -> None:
        """A file was opened for writing; what it holds is watched over from now on."""
        handle.who = self.who()
        if self._captures is None:
            return
        key = stat.st_dev, stat.st_ino
        guard = self._guards.get(key)
        if guard is None:
            guard = self._guards[key] = Guard(key)
            self._arm(guard, stat)
        guard.writers += 1
        guard.written |= handle.dirty
        handle.guard = guard

    def noted(self, guard: Guard | None, stat: os.stat_result) -> bool:
        """What was written is a version; whether all that the file held is still its beginning."""
        if guard is None:
            return False
        # What nobody wrote through us came from behind the mount, or by a mapping past us.
        appended = guard.written and 0 < guard.size <= stat.st_size
        self._arm(guard, stat)  # who still has it open writes to what is a version from now on
        return appended

    def dated(self, stat: os.stat_result) -> None:
        """Times of a file were set, which tell its contents apart, while it may be open."""
        guard = self.guard_of(stat)
        if guard is not None and guard.state is not None and guard.state.size == stat.st_size:
            guard.state = State.of(stat)

    def left(self, handle: Handle) -> None:
        """A handle that could write is gone."""
        guard, handle.guard = handle.guard, None
        if guard is None:
            return
        guard.writers -= 1
        if not guard.writers:
            del self._guards[guard.key]

    def is_watched(self, standing: Standing) -> bool:
        """Whether a file is open for writing and still begins with all that it held.

        Called in any thread: a guard lets go of what it watches only after that is kept.
        """
        guard = self._guards.get(standing[:2])
        if guard is None or guard.state is None or not guard.size:
            return False
        return guard.size == standing.size and guard.state.mtime_ns == standing.mtime_ns

    def _arm(self, guard: Guard, stat: os.stat_result) -> None:
        assert self._captures is not None  # noqa: S101 - there are no guards without
        guard.written = False
        guard.state = State.of(stat)
        guard.size = 0 if self._captures.has(guard.state) else stat.st_size

    def keep(self, handle: Handle) -> None:
        """Keep what an open file holds: it is about to be overwritten.

        Raises:
            OSError: ENOSPC: it cannot be kept, and must not be overwritten.
        """
        if handle.guard is not None and handle.guard.size:
            self._keep_guarded(handle.guard, handle.fd, handle.who)

    def _keep_guarded(self, guard: Guard, fd: int, who: Who | None) -> None:
        assert self._captures is not None  # noqa: S101 - there are no guards without
        if os.fstat(fd).st_nlink:  # else it has lost its names, and was kept before
            self._captures.keep(fd, self._path(fd), who, state=guard.state)
        guard.size = 0

    def guard_of(self, stat: os.stat_result) -> Guard | None:
        """What watches over a file, if somebody can write to it."""
        return self._guards.get((stat.st_dev, stat.st_ino))

    # --- files by descriptor or name

    def before_cutting(self, fd: int, size: int = 0) -> None:
        """A file is about to be cut to ``size`` bytes, or to be lengthened, by its name.

        Args:
            fd: any descriptor of it.
        """
        if self._captures is None:
            return
        stat = os.fstat(fd)
        guard = self._guards.get((stat.st_dev, stat.st_ino))
        if guard is not None:
            self._finish(guard)  # what others have written so far is a version
            if size < guard.size:
                self._keep_guarded(guard, fd, self.who())
        elif size < stat.st_size and modes.S_ISREG(stat.st_mode):
            self._captures.keep(fd, self._path(fd), self.who())

    @contextlib.contextmanager
    def removing(self, folder: int, name: bytes, path: Callable[[], bytes]) -> Iterator[None]:
        """For the block in which a name goes, or is given to another file.

        Args:
            folder: descriptor of the folder that has it.
            path: tells its path, relative to the source.
        """
        kept = self._before_removing(folder, name, path)
        try:
            yield
        except OSError:
            if kept is not None and self._captures is not None:
                self._captures.part(kept)  # the file is still there, and may be written to
            raise

    def _before_removing(self, folder: int, name: bytes, path: Callable[[], bytes]) -> bytes | None:
        """Keep what would go; gives its name among what is kept if that is the very file."""
        if self._captures is None:
            return None
        try:
            stat = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return None  # the operation will say why
        if not modes.S_ISREG(stat.st_mode) or not stat.st_size:
            return None
        # What has further names in the drive does not go. Whoever changes it later is watched then.
        if stat.st_nlink > 1 and self._captures.names(State.of(stat)) >= stat.st_nlink:
            return None
        guard = self._guards.get((stat.st_dev, stat.st_ino))
        if guard is not None:
            self._finish(guard)
        state = State.of(stat)
        if self._captures.has(state):
            return None
        try:
            fd, is_readable = os.open(name, _READ, dir_fd=folder), True
        except OSError:
            # Somebody else's file, or one with a lease: it is opened by what we may do with it.
            fd, is_readable = os.open(name, _PIN, dir_fd=folder), False
        try:
            found = os.fstat(fd)
            if (found.st_ino, found.st_ctime_ns) != (state.inode, state.ctime_ns):
                state = State.of(found)  # somebody has been faster, behind the mount
            if not state.is_file:
                return None
            return self._captures.keep(
                fd, path(), self.who(), state=state, goes=True, readable=is_readable
            )
        finally:
            os.close(fd)

    def _path(self, fd: int) -> bytes:
        """Where a file is; ``b""`` for one that has no name any more, and so no history."""
        return self._source.path_of(fd) or b""
