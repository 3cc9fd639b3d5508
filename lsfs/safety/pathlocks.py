"""Locks on paths, between the clients of the syscalls: who holds one, and until when.

They are advice that every door of lsfs follows. Files behind them are not locked: what a program
writes in the folder or through the mount is not held up, for a drive behaves as its folder does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import LockHeld
from lsfs.safety.clients import Client
from lsfs.safety.statefile import StateFile


class PathLock(Struct, frozen=True):
    """A lock.

    Attributes:
        path: what is locked, with all below it; relative to the drive.
        holder: who holds it, for people.
        session: whose writes pass.
        until_ns: when it ends by itself, in nanoseconds since the epoch.
    """

    path: str
    holder: str
    session: str
    until_ns: int

    def meets(self, path: str) -> bool:
        """Whether changing a path would change what is locked: it, what is in it, or above it."""
        mine, theirs = self.path, path
        return mine == theirs or _is_below(mine, theirs) or _is_below(theirs, mine)


class PathLocks:
    """The locks of one drive.

    Args:
        path: the file that they are kept in.
    """

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, tuple[PathLock, ...], ())

    def held(self, now_ns: int) -> tuple[PathLock, ...]:
        """The locks that have not ended."""
        return tuple(one for one in self._file.read() if one.until_ns > now_ns)

    def against(self, path: str, client: Client, now_ns: int) -> PathLock | None:
        """The lock of somebody else that forbids to change a path; None when there is none."""
        return next(
            (
                one
                for one in self.held(now_ns)
                if one.session != session_of(client) and one.meets(path)
            ),
            None,
        )

    def would_take(self, path: str, client: Client, until_ns: int, now_ns: int) -> PathLock:
        """The lock that :meth:`take` would make.

        Raises:
            LockHeld: somebody else holds it, or a part of it.
        """
        other = self.against(path, client, now_ns)
        if other is not None:
            raise LockHeld(f"{told(other)}", hint="wait, or ask them: lsfs unlock --force")
        return PathLock(path, str(client), session_of(client), until_ns)

    def take(self, path: str, client: Client, until_ns: int, now_ns: int) -> PathLock:
        """Lock a path; one's own lock on it is prolonged.

        Raises:
            LockHeld: somebody else holds it, or a part of it.
            StateUnwritable: it cannot be kept.
        """
        with self._file.changing():
            mine = self.would_take(path, client, until_ns, now_ns)
            kept = [one for one in self.held(now_ns) if one.path != path]
            self._file.write((*kept, mine))
        return mine

    def release(self, path: str, client: Client, now_ns: int, *, force: bool) -> PathLock | None:
        """Give a lock up; gives it, or None when there was none.

        Args:
            force: also one of somebody else.

        Raises:
            LockHeld: it is somebody else's.
        """
        with self._file.changing():
            found = self.would_release(path, client, now_ns, force=force)
            if found is not None:
                left = tuple(one for one in self.held(now_ns) if one.path != path)
                self._file.write(left)
        return found

    def would_release(
        self, path: str, client: Client, now_ns: int, *, force: bool
    ) -> PathLock | None:
        """The lock that :meth:`release` would give up; None where there is none.

        Raises:
            LockHeld: it is somebody else's.
        """
        found = next((one for one in self.held(now_ns) if one.path == path), None)
        if found is not None and found.session != session_of(client) and not force:
            raise LockHeld(told(found), hint="take it from them with: lsfs unlock --force")
        return found

    @contextlib.contextmanager
    def following(self, source: str, target: str, now_ns: int) -> Iterator[None]:
        """Locks on a path, and below it, are on another when the block has moved it there.

        While it runs both are locked, so that nobody finds either of them free.

        Raises:
            StateUnwritable: they cannot be kept; nothing was moved.
        """
        here = [one for one in self.held(now_ns) if _is_at(one.path, source)]
        if not here:
            yield
            return
        there = [replace(one, path=target + one.path[len(source) :]) for one in here]
        self._exchange([], there)
        try:
            yield
        except BaseException:
            self._exchange(there, [])
            raise
        self._exchange(here, [])

    def _exchange(self, gone: list[PathLock], new: list[PathLock]) -> None:
        with self._file.changing() as kept:
            left = [one for one in kept if one not in gone]
            self._file.write((*left, *(one for one in new if one not in left)))

    def forget(self, paths: Iterable[str]) -> None:
        """Drop locks of paths that are purged."""
        gone = set(paths)
        if self._file.path.exists():
            with self._file.changing():
                self._file.write(tuple(one for one in self.held(0) if one.path not in gone))


def session_of(client: Client) -> str:
    """Whose locks are a client's own: those of its session, else of its process."""
    return client.session or f"{client.door} {client.uid} {client.pid}"


def told(lock: PathLock) -> str:
    """Who holds a lock, and how long at most."""
    until = datetime.fromtimestamp(lock.until_ns // 10**9).astimezone()
    return f"{lock.path or 'the drive'} is locked by {lock.holder} until {until:%Y-%m-%d %H:%M:%S}"


def _is_at(path: str, place: str) -> bool:
    """Whether it is this place, or below it."""
    return path == place or (bool(place) and _is_below(path, place))


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")
