"""The past as somebody sees it who may see some of the files only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from lsfs.paths import StatePaths
from lsfs.safety.sight import Sight
from lsfs.versions.past import Change, FileThen, Past
from lsfs.versions.tables import Row

ALL_CHANGES = 1_000_000  # of which those that may be seen are taken


class SeenPast(Past):
    """The past without the rows of what may not be seen.

    A version counts by the path that it had, and by the permissions that it had. One of a file that
    has been moved into sight is shown from then on.

    Args:
        state: the drive's.
        source: a descriptor of its folder; stays the caller's.
        sees: what may be seen.
    """

    def __init__(self, state: StatePaths, source: int, sees: Sight) -> None:
        super().__init__(state.versions, state.history, state.objects, source)
        self._sees = sees

    def _rows(self, where: str, values: Iterable[Any]) -> list[Row]:
        return [row for row in super()._rows(where, values) if self._shows_row(row)]

    def chain(self, row: Row) -> list[Row]:
        return [one for one in super().chain(row) if self._shows_row(one)]

    def files(self, time_ns: int) -> list[FileThen]:
        return [one for one in super().files(time_ns) if self._sees(one.path)]

    def changes(
        self, path: str, since_ns: int, after: int = 0, limit: int = 100, *, latest: bool = True
    ) -> list[Change]:
        found = [
            one if self._shows(one.origin or b"") else one._replace(origin=b"")
            for one in super().changes(path, since_ns, after, ALL_CHANGES, latest=latest)
            if self._shows(one.path)
        ]
        return found[-limit:] if latest else found[:limit]

    def names(self, path: str) -> dict[bytes, int]:
        return {raw: ns for raw, ns in super().names(path).items() if self._shows(raw)}

    def folders(self, path: str) -> list[bytes]:
        return [raw for raw in super().folders(path) if self._shows(raw)]

    def kinds(self, path: str) -> dict[str, int]:
        return super().kinds(path) if self._sees(path) else {}

    def has_trash(self, path: str) -> bool:
        return bool(self.trash(path))

    def snapshots(self) -> dict[str, int]:
        return {}  # their names are the owner's

    def _shows(self, path: bytes) -> bool:
        return self._sees(os.fsdecode(path))

    def _shows_row(self, row: Row) -> bool:
        return self._sees.of_past(os.fsdecode(row.path), row.mode, row.uid, row.gid)
