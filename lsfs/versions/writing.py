"""What lsfs itself writes, moves and removes: whole or not at all, and kept before it goes."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat as modes
from collections.abc import Callable

from lsfs import beneath
from lsfs.versions import drafts
from lsfs.versions.events import Op, State
from lsfs.versions.restore import Hands

_MODE = 0o644


class Writer:
    """Changes files through hands that keep what they replace.

    Args:
        hands: change the tree, and note it.
        durable: bring each file to the disk before it takes its place.
    """

    def __init__(self, hands: Hands, *, durable: bool) -> None:
        self._hands = hands
        self._durable = durable

    def put(self, path: bytes, fill: Callable[[int], None], *, like: bytes) -> None:
        """Put a file at a path, in place of what is there.

        Args:
            fill: writes the content to a descriptor.
            like: the file whose permissions it gets.

        Raises:
            OSError: it cannot be written; then nothing has changed.
        """
        *folders, name = path.split(b"/")
        folder = beneath.open_folder(self._hands.root, folders)
        draft = b".lsfs-" + secrets.token_hex(8).encode("ascii") + b".tmp"
        known = beneath.stat(self._hands.root, like)

        def whole(fd: int) -> None:
            fill(fd)
            drafts.carry_over(folder, name, fd)
            os.fchmod(fd, modes.S_IMODE(known.st_mode) if known else _MODE)
            if self._durable:
                os.fsync(fd)

        try:
            with drafts.draft(folder, draft, whole), self._hands.going(folder, name, path):
                os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
            state = State.of(os.stat(name, dir_fd=folder, follow_symlinks=False))
        finally:
            os.close(folder)
        beside = path.rpartition(b"/")[0]
        written = beside + b"/" + draft if beside else draft
        self._hands.done(Op.RENAMED, written, path, state)

    def remove(self, path: bytes) -> None:
        """Remove a file, which then is in the trash.

        Raises:
            OSError: it cannot be removed.
        """
        *folders, name = path.split(b"/")
        folder = beneath.open_folder(self._hands.root, folders)
        try:
            with self._hands.going(folder, name, path):
                os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)
        self._hands.done(Op.REMOVED, path, None, None)

    def make_folders(self, path: bytes) -> list[bytes]:
        """Make a folder and those above it that are not there; gives those that were made.

        Raises:
            OSError: something else is in the way, or we may not.
        """
        made = []
        parts = path.split(b"/")
        for depth in range(1, len(parts) + 1):
            parent = beneath.open_folder(self._hands.root, parts[: depth - 1])
            try:
                try:
                    os.mkdir(parts[depth - 1], 0o755, dir_fd=parent)
                except FileExistsError:
                    os.close(os.open(parts[depth - 1], beneath.FOLDER, dir_fd=parent))
                    continue
                state = State.of(os.stat(parts[depth - 1], dir_fd=parent, follow_symlinks=False))
            finally:
                os.close(parent)
            made.append(b"/".join(parts[:depth]))
            self._hands.done(Op.MADE_DIR, made[-1], None, state)
        return made

    def move(self, path: bytes, target: bytes) -> None:
        """Give a file, folder or link another name, which must be free.

        Raises:
            OSError: EEXIST: it is not free; or it cannot be moved.
        """
        *folders, name = path.split(b"/")
        *others, new = target.split(b"/")
        with contextlib.ExitStack() as stack:
            folder = beneath.open_folder(self._hands.root, folders)
            stack.callback(os.close, folder)
            other = beneath.open_folder(self._hands.root, others)
            stack.callback(os.close, other)
            os.stat(name, dir_fd=folder, follow_symlinks=False)
            if beneath.stat(self._hands.root, target) is not None:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
            # What takes the name in this very moment is replaced, but kept.
            with self._hands.going(other, new, target):
                os.rename(name, new, src_dir_fd=folder, dst_dir_fd=other)
            state = State.of(os.stat(new, dir_fd=other, follow_symlinks=False))
        self._hands.done(Op.RENAMED, path, target, state)

    def remove_folder(self, path: bytes) -> None:
        """Remove an empty folder.

        Raises:
            OSError: ENOTEMPTY: it is not; or it cannot be removed.
        """
        *folders, name = path.split(b"/")
        folder = beneath.open_folder(self._hands.root, folders)
        try:
            os.rmdir(name, dir_fd=folder)
        finally:
            os.close(folder)
        self._hands.done(Op.REMOVED_DIR, path, None, None)
