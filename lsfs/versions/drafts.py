"""Files that lsfs writes whole before they take another's place, and their names."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Iterator

from lsfs import beneath

# Then come the id of the version that the file has the content of, and something unique.
PREFIX = ".lsfs-restore-"
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DRAFT = re.compile(rb"\.lsfs-restore-(\d+)-[0-9a-f]{8}\Z")


def named(version: int) -> bytes:
    """A new name for a file with the content of a version, by the id of its row."""
    return f"{PREFIX}{version}-{secrets.token_hex(4)}".encode("ascii")


def is_draft(path: bytes) -> bool:
    """Whether a path has such a name."""
    return _DRAFT.match(path.rpartition(b"/")[2]) is not None


def origin_of(path: bytes) -> int | None:
    """The version that a name written by lsfs has the content of; None for other names."""
    found = _DRAFT.match(path.rpartition(b"/")[2])
    return int(found[1]) if found else None


@contextlib.contextmanager
def draft(folder: int, name: bytes, fill: Callable[[int], None]) -> Iterator[None]:
    """Write a new file; it is removed again where the caller fails to rename it.

    Args:
        folder: a descriptor of where it is.
        fill: writes to the file's descriptor.
    """
    fd = os.open(name, _FLAGS, 0o600, dir_fd=folder)
    try:
        try:
            fill(fd)
        finally:
            os.close(fd)
        yield
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        raise


def carry_over(folder: int, name: bytes, fd: int) -> None:
    """Give a file the extended attributes of the one whose place it takes."""
    try:
        old = os.open(name, beneath.FILE, dir_fd=folder)
    except OSError:
        return
    try:
        for attribute in os.listxattr(old):
            # Those of the system are for whoever may; the file is the same without.
            with contextlib.suppress(OSError):
                os.setxattr(fd, attribute, os.getxattr(old, attribute))
    finally:
        os.close(old)
