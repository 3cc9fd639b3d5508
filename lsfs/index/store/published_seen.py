"""What is published of some of the files, to who may see no more."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsfs.index.store.published import Published
from lsfs.index.store.veil import veil


class SeenPublished(Published):
    """A read-only view of a catalog without the files that may not be seen.

    Each row is asked about when it is read, so permissions count as they are then.

    Args:
        path: the catalog.
        sees: whether a path may be seen.
    """

    def __init__(self, path: Path, sees: Callable[[str], bool]) -> None:
        super().__init__(path)
        self._sees = sees

    def generation(self) -> int:
        """Another number each second: what is derived from the index ends with permissions, too."""
        return super().generation() * 1_000_000_000 + int(time.monotonic())

    def progress(self) -> dict[str, Any]:
        """Nothing: it may name a file."""
        return {}

    def _connect(self) -> sqlite3.Connection | None:
        db = super()._connect()
        if db is not None:
            db.create_function("seen", 1, lambda path: self._sees(os.fsdecode(path)))
            db.execute("CREATE TEMP VIEW file AS SELECT * FROM main.file WHERE seen(path)")
            db.execute(
                "CREATE TEMP VIEW content_date AS SELECT * FROM main.content_date "
                "WHERE file_id IN (SELECT id FROM temp.file)"
            )
            veil(db)
        return db
