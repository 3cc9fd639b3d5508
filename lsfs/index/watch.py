"""Which paths have changed since the last look, as the kernel tells when it is asked.

The kernel notes an event before the call that makes it returns. So who asks here before each
question learns of every change that was made before the question, without a look at all files.

Not everything has an event: a change through another name of the file in a folder that is not
watched, writing to a mapping of a file that was closed, another machine on a network file system.
For the last nothing is watched and everything has to be looked at each time; for the rest now and
then.
"""

from __future__ import annotations

import errno
import logging
import os

from lsfs import inotify

log = logging.getLogger("lsfs.index.watch")


class Watch:
    """Watches the folders of a tree that somebody looks into; used by one thread at a time."""

    def __init__(self) -> None:
        self._fd = -1
        self._folders: dict[int, str] = {}  # by watch
        self._local: dict[int, bool] = {}  # by device
        self._open()

    def _open(self) -> None:
        try:
            self._fd = inotify.opened()
        except OSError as error:
            self._give_up(f"{error.strerror}; see fs.inotify.max_user_instances")

    def close(self) -> None:
        """Watch no more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._folders.clear()

    def entered(self, folder: str, fd: int) -> None:
        """A folder is about to be listed; what happens in it from now on is to be told.

        Args:
            folder: its path.
            fd: it, open.
        """
        if self._fd < 0:
            return
        try:
            device = os.fstat(fd).st_dev
            if device not in self._local:
                self._local[device] = inotify.is_local(fd)
            if self._local[device]:
                self._folders[inotify.add(self._fd, fd)] = folder
            else:
                self._give_up(f"{folder or '.'} is not on a disk of this machine")
        except OSError as error:
            if error.errno == errno.ENOENT:
                return  # it was removed, which its parent tells
            self._give_up(f"{error.strerror}; see fs.inotify.max_user_watches")

    def _give_up(self, why: str) -> None:
        log.info("changes are looked for, for they cannot be watched: %s", why)
        self.close()

    def changed(self) -> set[str] | None:
        """Paths at which something has happened since this was asked last.

        Returns:
            None where that cannot be told: everything is to be looked at.
        """
        if self._fd < 0:
            return None
        found: set[str] = set()
        is_known = True
        try:
            while True:
                for watch, mask, name in inotify.events(self._fd):
                    is_known &= self._note(found, watch, mask, os.fsdecode(name))
        except BlockingIOError:
            if is_known:
                return found
        self.close()  # what was moved away is not to be watched under names that others may get
        self._open()
        return None

    def _note(self, found: set[str], watch: int, mask: int, name: str) -> bool:
        """Take in an event; False when it leaves open where something has changed."""
        if mask & inotify.ENDED:
            self._folders.pop(watch, None)
            return True
        # After a folder was moved, the folders in it are watched under names that they have not.
        moved = mask & inotify.IS_FOLDER and mask & inotify.MOVED
        if mask & (inotify.OVERFLOW | inotify.UNMOUNTED) or moved:
            return False
        folder = self._folders.get(watch)
        if folder is None:
            return False
        if name:
            found.add(f"{folder}/{name}" if folder else name)
        return True
