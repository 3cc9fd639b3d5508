"""Opening what lies beneath a folder, without ever leaving it.

No symbolic link is followed, in no part of a path, so no name in a tree, however it changes in the
meantime, leads out of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, a FIFO that took a file's place would hang the reader.
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def open_folder(root: int, parts: Sequence[str | bytes]) -> int:
    """A descriptor of a folder beneath ``root``, given by the names on the way.

    Raises:
        OSError: ELOOP or ENOTDIR: one of the names is a link.
    """
    fd = os.open(".", FOLDER, dir_fd=root)
    for part in parts:
        try:
            below = os.open(part, FOLDER, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd


def open_file(root: int, path: bytes, flags: int = FILE) -> int:
    """A descriptor of what is at a path beneath ``root``.

    Raises:
        OSError: ELOOP: the path, or a part of it, is a link.
    """
    *folders, name = path.split(b"/")
    parent = open_folder(root, folders)
    try:
        return os.open(name, flags, dir_fd=parent)
    finally:
        os.close(parent)


def stat(root: int, path: bytes) -> os.stat_result | None:
    """What stands at a path beneath ``root``; None when nothing does, or only behind a link."""
    *folders, name = path.split(b"/")
    try:
        parent = open_folder(root, folders)
    except OSError:
        return None
    try:
        return os.stat(name or b".", dir_fd=parent, follow_symlinks=False)
    except OSError:
        return None
    finally:
        os.close(parent)
