"""Files that lsfs itself writes and removes: whole or not at all, and kept before they go."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat as modes
from collections.abc import Callable

from lsfs import beneath
from lsfs.versions.events import Op, State
from lsfs.versions.restore import Hands

_MODE = 0o644


class Writer:
    """Writes files through hands that keep what they replace.

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
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        known = beneath.stat(self._hands.root, like)
        try:
            fd = os.open(draft, flags, 0o600, dir_fd=folder)
            try:
                try:
                    fill(fd)
                    os.fchmod(fd, modes.S_IMODE(known.st_mode) if known else _MODE)
                    if self._durable:
                        os.fsync(fd)
                finally:
                    os.close(fd)
                self._hands.before_going(folder, name, path)
                os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=folder)
                raise
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
            self._hands.before_going(folder, name, path)
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)
        self._hands.done(Op.REMOVED, path, None, None)
