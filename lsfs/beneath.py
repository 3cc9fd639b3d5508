"""Opening what lies beneath a folder, without ever leaving it.

No symbolic link is followed, in no part of a path, so no name in a tree, however it changes in the
meantime, leads out of it.
"""

from __future__ import annotations

import errno
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


MOST_LINKS = 40  # as the kernel


def resolve(root: int, path: bytes, bases: Sequence[bytes] = ()) -> bytes:
    """A path with the symbolic links on it followed, as long as they stay beneath ``root``.

    What is not there is left as it is. The result has no link in it now; whoever opens it with the
    functions above is safe from links that are put there later.

    Args:
        bases: absolute paths of ``root``, so that links which name it in full can be followed.

    Raises:
        PermissionError: a link leads out.
        OSError: ELOOP: too many links.
    """
    waiting = path.split(b"/")
    done: list[bytes] = []
    links = 0
    while waiting:
        part = waiting.pop(0)
        if part in (b"", b"."):
            continue
        if part == b"..":
            if not done:
                raise PermissionError(errno.EACCES, "it leads out of the drive", path)
            done.pop()
            continue
        target = _link(root, done, part)
        if target is None:
            done.append(part)
            continue
        links += 1
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith(b"/"):
            base = next((b for b in bases if target == b or target.startswith(b + b"/")), None)
            if base is None:
                raise PermissionError(errno.EACCES, "a link on it leads out of the drive", path)
            target, done = target[len(base) :], []
        waiting = [*target.split(b"/"), *waiting]
    return b"/".join(done)


def _link(root: int, folders: Sequence[bytes], name: bytes) -> bytes | None:
    """What a symbolic link says; None for all else, and for what is not there."""
    try:
        parent = open_folder(root, folders)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return os.readlink(name, dir_fd=parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:  # no link
            return None
        raise
    finally:
        os.close(parent)
