"""Which settings that came with a tree the user has approved: by folder, and by what they say."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lsfs.safety.statefile import StateFile


class Trust:
    """What the user has approved.

    Args:
        path: the file that it is kept in; its folder is made when there is something to keep.
    """

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, dict[str, str], {})

    def approves(self, folder: Path, content: bytes) -> bool:
        """Whether just these settings of this folder were approved."""
        return self._file.read().get(str(folder)) == digest(content)

    def approve(self, folder: Path, content: bytes) -> None:
        """Approve these settings; any change of them has to be approved again.

        Raises:
            StateUnwritable: it cannot be kept.
        """
        self._change({str(folder): digest(content)})

    def revoke(self, folder: Path) -> bool:
        """Approve nothing of this folder any more; whether there was something.

        Raises:
            StateUnwritable: it cannot be kept.
        """
        had = str(folder) in self._file.read()
        self._change({str(folder): ""})
        return had

    def _change(self, changed: dict[str, str]) -> None:
        self._file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._file.changing() as known:
            self._file.write({key: value for key, value in (known | changed).items() if value})


def digest(content: bytes) -> str:
    """What an approval is for."""
    return hashlib.blake2b(content, digest_size=32).hexdigest()
