"""The upkeep of a library: what nobody needs goes, many small fragments become few, indexes grow.

It is done under one claim: writers go on reading files meanwhile, and commit when it is over.
Readers see one version before and one after it; the versions of earlier heads stay for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from lsfs.index.library import indexes
from lsfs.index.library.claims import Hold, Overtaken
from lsfs.index.library.objects import LibraryUnreachable
from lsfs.index.library.schema import TABLES
from lsfs.index.library.told import Compacted
from lsfs.index.library.writing import TRIES, Writer

KEPT_SECONDS = 24 * 3600.0  # that versions and bytes stay which no head needs any more
KEPT_HEADS = 1000
_ALL = timedelta(days=36500)

Progress = Callable[[str, int, int], None]  # stage, done, total


def compact(
    writer: Writer,
    *,
    kept_seconds: float = KEPT_SECONDS,
    progress: Progress = lambda stage, done, total: None,
) -> Compacted:
    """Compact a library.

    Args:
        writer: commits to it.
        kept_seconds: how long versions of the tables, and bytes, stay after the last head that
            needs them; a reader that has not looked for a new head for so long fails.

    Raises:
        LibraryUnreachable: the storage fails, or others overtake each try.
    """
    begun = time.monotonic()
    for _ in range(TRIES):
        try:
            with writer.claims.held("compaction") as hold:
                work = _Compaction(writer, hold, kept_seconds, progress)
                return work.run(begun)
        except Overtaken:
            continue
    raise LibraryUnreachable(f"{TRIES} compactions were overtaken by other writers")


class _Compaction:
    def __init__(self, writer: Writer, hold: Hold, kept_seconds: float, progress: Progress) -> None:
        self._objects = writer.library.objects
        self._heads = writer.library.heads
        self._hold = hold
        self._edits = writer.edits(hold)
        self._kept = timedelta(seconds=max(kept_seconds, 0.001))
        self._progress = progress

    def run(self, begun: float) -> Compacted:
        before = self._fragments()
        documents = self._collect()
        for done, name in enumerate(TABLES):
            self._progress("compacting", done, len(TABLES) + 1)
            self._edits[name].maintain(partial(_compacted, name))
        # Readers see what was made before anything goes that they may look at: the versions that
        # are named then are the newest and a moment old, so that none of them can be taken away.
        self._hold.advance(self._versions())
        for name in TABLES:
            self._edits[name].maintain(lambda table: table.optimize(cleanup_older_than=self._kept))
        self._progress("compacting", len(TABLES), len(TABLES) + 1)
        objects = self._sweep()
        self._heads.forget(self._hold.head.number - KEPT_HEADS)
        head = self._hold.publish(self._versions())
        return Compacted(
            head.number, documents, objects, (before, self._fragments()), time.monotonic() - begun
        )

    def _versions(self) -> dict[str, int]:
        return {name: edit.version for name, edit in self._edits.items()}

    def _fragments(self) -> int:
        return sum(self._edits[name].fragments() for name in TABLES)

    def _collect(self) -> int:
        """Drop documents that no file has."""
        needed = set(self._edits["file"].column("document"))
        there = self._edits["document"].column("id")
        gone = {id_ for id_ in there if id_ not in needed}
        self._edits["passage"].delete(gone)
        self._edits["document"].delete(gone)
        return len(gone)

    def _sweep(self) -> int:
        """Delete the bytes of contents that no file has.

        Those sent a moment ago are of a batch that is not committed yet. Who found them there
        without sending them looks again when it commits.
        """
        needed = set(self._edits["file"].column("digest"))
        limit = datetime.now(UTC) - self._kept
        old = [
            one.path
            for one in self._objects.all("files")
            if one.path.rpartition("/")[2] not in needed and one.changed < limit
        ]
        self._hold.check()
        self._objects.delete(old)
        return len(old)


def _compacted(name: str, table: Any) -> None:
    """One table with few fragments and whole indexes, in a version of its own."""
    version = table.version
    indexes.keys(table, name)
    if name == "passage":
        indexes.words(table)
        if indexes.lacks_vectors(table):
            indexes.vectors(table)
    table.optimize(cleanup_older_than=_ALL)
    if table.version == version:
        table.restore(version)
