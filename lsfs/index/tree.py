"""The source folder as the index sees it: which files there are, and how they are opened.

Every access starts from a descriptor of the source and never follows a symbolic link, so no name in
the tree, however it changes in the meantime, leads out of it.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lsfs import beneath
from lsfs.index.ignore import (
    DECIDING,
    MOST_BYTES,
    GitRules,
    Ignore,
    Scope,
    is_made_by_program,
    within_repository,
)
from lsfs.index.store.rows import FileIdentity

log = logging.getLogger("lsfs.index.tree")


class SourceTree:
    """A source folder.

    Args:
        root: its real path.
        ignore: names and patterns that are left out, wherever they stand.
        git: where ``.gitignore`` counts; see :mod:`lsfs.index.ignore`.

    Attributes:
        entered: told of each folder, with a descriptor of it, before its entries are listed.
    """

    def __init__(self, root: Path, ignore: Iterable[str], git: GitRules = "repositories") -> None:
        self.root = root
        self.entered: Callable[[str, int], None] = lambda folder, fd: None
        self._fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._ignore = Ignore(ignore, git, in_repository=within_repository(root))
        # The rules of each folder that was looked into, None for one that is left out itself. What
        # changes them is an event, after which the folder is looked into again.
        self._scopes: dict[str, Scope | None] = {}
        self._told: dict[str, tuple[object, ...]] = {}  # rules that were said not to be heeded

    @property
    def name(self) -> str:
        """Where the files come from, for a person."""
        return str(self.root)

    def ready(self) -> None:
        """See that all of it can be listed below ``root``, as a user's own folder always can."""

    def fetch(self, path: str) -> None:
        """See that the bytes of a file are there, as in a user's own folder they always are."""

    def close(self) -> None:
        """Release the descriptor."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def ignored(self, path: str, *, is_dir: bool = False) -> bool:
        """Whether a path, or a folder that it lies in, is left out."""
        folder, _, _ = path.rpartition("/")
        scope = self._scope(folder)
        return scope is None or self._ignore.leaves_out(scope, path, is_dir=is_dir)

    def to_look_at(self, path: str) -> str | None:
        """Where to look when something happened at a path; None: it is left out.

        What decides on others (rules, a new repository) has its folder looked at.
        """
        folder, _, name = path.rpartition("/")
        if name in DECIDING:
            return None if folder and self._is_left_out(folder) else folder
        return None if self._is_left_out(path) else path

    def _is_left_out(self, path: str) -> bool:
        """Whether a path is left out whatever stands there, or stood."""
        return self.ignored(path) and self.ignored(path, is_dir=True)

    def _scope(self, folder: str, *, fresh: bool = False) -> Scope | None:
        """The rules for the entries of a folder; None when it is left out.

        Args:
            fresh: read them again, of this folder and those above it.
        """
        if not fresh and folder in self._scopes:
            return self._scopes[folder]
        above: Scope | None = None
        if folder:
            above = self._scope(folder.rpartition("/")[0], fresh=fresh)
            if above is None or self._ignore.leaves_out(above, folder, is_dir=True):
                self._scopes[folder] = None
                return None
        prefix = f"{folder}/" if folder else ""
        return self._enter(folder, [n for n in DECIDING if self.stat(prefix + n)], above)

    def _enter(self, folder: str, deciding: list[str], above: Scope | None) -> Scope | None:
        scope = None
        if not is_made_by_program(folder, deciding):
            scope = self._ignore.entered(folder, deciding, above, self._rules)
        self._scopes[folder] = scope
        return scope

    def _rules(self, path: str) -> bytes | None:
        """The content of a file of rules; None where there is none that can be read."""
        try:
            fd = self.open(path)
        except OSError as error:
            self._say(path, f"the rules in {path!r} cannot be read: {error.strerror}")
            return None
        with os.fdopen(fd, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            self._say(path, f"{path!r} is too large for rules, and is not heeded")
            return None
        self._told.pop(path, None)
        return data

    def _say(self, path: str, what: str) -> None:
        """Warn of a file of rules, once for as long as it stays as it is."""
        found = self.stat(path)
        now = (what, found and (found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode))
        if self._told.get(path) != now:
            self._told[path] = now
            log.warning("%s", what)

    def stat(self, path: str) -> os.stat_result | None:
        """What stands at a path, not following links; None when nothing does."""
        return beneath.stat(self._fd, os.fsencode(path))

    def exists(self, path: str) -> bool:
        """Whether a regular file stands at the path now."""
        found = self.stat(path)
        return found is not None and stat.S_ISREG(found.st_mode)

    def open(self, path: str) -> int:
        """A read-only descriptor of a regular file.

        Raises:
            OSError: as ``open(2)``; ELOOP when a part of the path is a link.
        """
        fd = beneath.open_file(self._fd, os.fsencode(path))
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "not a regular file", path)
        return fd

    def files(self, path: str = "") -> Iterator[tuple[str, FileIdentity]]:
        """Regular files at or below a path, with their identity, in no particular order."""
        if not path:
            self._scopes.clear()
        found = self.stat(path)
        if found is None:
            return
        is_dir = stat.S_ISDIR(found.st_mode)
        above = self._scope(path.rpartition("/")[0], fresh=True) if path else None
        if path and (above is None or self._ignore.leaves_out(above, path, is_dir=is_dir)):
            return
        if is_dir:
            yield from self._below(path, above)
        elif stat.S_ISREG(found.st_mode):
            yield path, FileIdentity.of(found)

    def _below(self, path: str, above: Scope | None) -> Iterator[tuple[str, FileIdentity]]:
        waiting = [(path, above)]
        while waiting:
            folder, above = waiting.pop()
            try:
                fd = self._open_folder(folder.split("/") if folder else [])
            except OSError as error:
                log.warning("cannot list %r: %s", folder, error.strerror)
                continue
            try:
                self.entered(folder, fd)
                with os.scandir(fd) as listed:
                    entries = list(listed)
                deciding = [entry.name for entry in entries if entry.name in DECIDING]
                scope = self._enter(folder, deciding, above)
                if scope is None:
                    continue
                for entry in entries:
                    yield from self._entry(folder, entry, scope, waiting)
            finally:
                os.close(fd)

    def _entry(
        self,
        folder: str,
        entry: os.DirEntry[str],
        scope: Scope,
        waiting: list[tuple[str, Scope | None]],
    ) -> Iterator[tuple[str, FileIdentity]]:
        path = f"{folder}/{entry.name}" if folder else entry.name
        try:
            is_dir = entry.is_dir(follow_symlinks=False)
            if not is_dir and not entry.is_file(follow_symlinks=False):
                return
            if self._ignore.leaves_out(scope, path, is_dir=is_dir):
                return
            if is_dir:
                waiting.append((path, scope))
            else:
                yield path, FileIdentity.of(entry.stat(follow_symlinks=False))
        except OSError as error:  # gone since it was listed
            log.debug("skipping %r: %s", path, error.strerror)

    def _open_folder(self, parts: list[str]) -> int:
        return beneath.open_folder(self._fd, parts)
