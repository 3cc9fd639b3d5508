"""What the two processes of a mounted drive write down: lines for a person, in a bounded file."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import stat
import sys
from pathlib import Path

LIMIT_BYTES = 5 * 1024 * 1024
_KEPT = ".1"


class PlainFormatter(logging.Formatter):
    """``2026-01-31 12:00:00 fs: what happened``; what is no news of ours says whose it is.

    Args:
        who: the process that speaks.
    """

    def __init__(self, who: str) -> None:
        super().__init__(datefmt="%Y-%m-%d %H:%M:%S")
        self._who = who

    def formatMessage(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        origin = "" if record.name.split(".")[0] == "lsfs" else f"{record.name}: "
        # One event, one line: a file name may hold anything.
        text = record.message.replace("\n", "\\n")
        return f"{record.asctime} {self._who}: {level}{origin}{text}"

    def usesTime(self) -> bool:
        return True


class CappedHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error, and keeps the file there short when it is the drive's log.

    Args:
        path: the drive's log.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(sys.stderr)
        self._path = path

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        with contextlib.suppress(OSError, ValueError):
            if _is_file(self.stream.fileno(), self._path):
                cap(self._path)


def begin(who: str, path: Path, *, default: str = "INFO") -> None:
    """Set up the log of this process.

    ``LSFS_LOG`` names the level of what lsfs itself says; libraries are heard from warnings on.

    Args:
        who: how the lines name this process.
        path: the drive's log; kept short where standard error leads there.
        default: the level when ``LSFS_LOG`` is not set.
    """
    handler = CappedHandler(path)
    handler.setFormatter(PlainFormatter(who))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("lsfs").setLevel(os.environ.get("LSFS_LOG", default).upper())


def cap(path: Path, limit: int = LIMIT_BYTES) -> None:
    """Set a log aside as ``NAME.1``, in place of the one before, when it is longer than ``limit``.

    It is copied and emptied, not renamed: several processes have it open, all to append. What
    cannot be set aside because the disk is full is dropped.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if os.fstat(fd).st_size <= limit:
            return
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_size > limit:  # else another process has just done it
            with contextlib.suppress(OSError):
                _set_aside(fd, path.with_name(path.name + _KEPT))
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _set_aside(fd: int, kept: Path) -> None:
    kept.unlink(missing_ok=True)
    with open(fd, "rb", closefd=False) as old, kept.open("xb") as new:
        os.fchmod(new.fileno(), 0o600)
        shutil.copyfileobj(old, new)


def _is_file(fd: int, path: Path) -> bool:
    here = os.fstat(fd)
    return stat.S_ISREG(here.st_mode) and os.path.samestat(here, path.stat())
