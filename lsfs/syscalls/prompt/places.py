"""What files and folders of a drive are called, for names that are said without their folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath


class Places:
    """Finds paths by what people call them: the path, the name, or the name without its ending.

    Args:
        paths: of all files, relative to the drive.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._files: dict[str, set[str]] = defaultdict(set)
        self._stems: dict[str, set[str]] = defaultdict(set)
        self._folders: dict[str, set[str]] = defaultdict(set)
        for path in paths:
            folder, _, name = path.rpartition("/")
            for called in (path, name):
                self._files[called.lower()].add(path)
            self._stems[PurePosixPath(name).stem.lower()].add(path)
            while folder and folder not in self._folders[folder.lower()]:
                for called in (folder, folder.rpartition("/")[2]):
                    self._folders[called.lower()].add(folder)
                folder = folder.rpartition("/")[0]

    def found(self, name: str) -> list[str]:
        """The paths that a name may mean, only those that it means most exactly."""
        called = name.strip("/").removeprefix("./").lower()
        for known in (self._files, self._folders, self._stems):
            paths = known.get(called)
            if paths:
                exact = [path for path in paths if path.lower() == called]
                return exact or sorted(paths)
        return []

    def is_there(self, name: str) -> bool:
        """Whether a file or folder is called so."""
        return bool(self.found(name))

    def is_folder(self, name: str) -> bool:
        """Whether a folder is called so, and no file."""
        called = name.strip("/").lower()
        return bool(self._folders.get(called)) and not self._files.get(called)
