"""Giving contents their place in ``objects/``: cut into chunks, compressed, known by their digest.

Contents come in haste (:mod:`lsfs.versions.capture`) and are settled here at leisure. Order of each
step: the object store has the bytes on the disk, the ledger says so, then the hasty copy goes. A
crash between leaves a copy too many, never one too few.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from lsfs.versions.contents import Content, ContentLost, Contents, copy
from lsfs.versions.ledger import Ledger
from lsfs.versions.objects import ObjectStore
from lsfs.versions.tables import CONTENT, ContentRow

log = logging.getLogger("lsfs.versions.settle")

AT_ONCE = 64 << 20  # bytes of a batch
FEW = 200  # contents of a batch
# A file in incoming that no event names: its capture failed half way. It may also be one whose
# event is just being written.
ORPHAN_S = 3600.0


class Settler:
    """Takes captured contents into the object store.

    Args:
        ledger: says which there are.
        store: takes them.
        contents: has their bytes.
        incoming: the folder of captured files.
    """

    def __init__(
        self, ledger: Ledger, store: ObjectStore, contents: Contents, incoming: Path
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._contents = contents
        self._incoming = incoming
        self._lost: set[int] = set()

    def run(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Settle all that was captured; gives how many contents."""
        done = 0
        while not stop():
            batch = self._batch()
            if not batch:
                break
            self._settle(batch)
            done += len(batch)
        return done

    def _batch(self) -> list[ContentRow]:
        with self._ledger.lock:
            rows = self._ledger.db.execute(
                f"SELECT {CONTENT} FROM content WHERE event IS NOT NULL ORDER BY event LIMIT ?",  # noqa: S608
                (FEW + len(self._lost),),
            ).fetchall()
        found = [row for row in (ContentRow(*row) for row in rows) if row.id not in self._lost]
        batch: list[ContentRow] = []
        size = 0
        for row in found:
            if batch and size + row.size > AT_ONCE:
                break
            batch.append(row)
            size += row.size
        return batch

    def _settle(self, batch: list[ContentRow]) -> None:
        digests: dict[int, bytes] = {}
        with self._store.batch():
            for row in batch:
                try:
                    digests[row.id] = self._put(row, digests)
                except ContentLost as error:
                    log.error("a captured content is missing: %s", error.message)
                    self._lost.add(row.id)
        self._ledger.settled(digests)
        for row in batch:
            if row.id in digests and row.file is not None:
                (self._incoming / os.fsdecode(row.file)).unlink(missing_ok=True)

    def _put(self, row: ContentRow, fresh: Mapping[int, bytes]) -> bytes:
        with contextlib.closing(self._contents.open(row.id)) as content:
            like = self.like(row.id, fresh)
            if content.size <= 1 << 20:
                return self._store.put_bytes(content.read(0, content.size), like=like)
            with _as_file(content, self._incoming) as fd:
                return self._store.put(fd, length=content.size, like=like).digest

    def like(self, content: int, fresh: Mapping[int, bytes] = MappingProxyType({})) -> bytes | None:
        """Digest of what the file held before, or holds now: it differs little, most often.

        Args:
            fresh: digests of contents that the store has by now, though the ledger does not say so.
        """
        with self._ledger.lock:
            rows = self._ledger.db.execute(
                "SELECT other.id, other.digest, other.kept FROM version one "
                "JOIN version two ON two.id = one.previous OR two.previous = one.id "
                "JOIN content other ON other.id = two.content "
                "WHERE one.content = ? AND other.id <> one.content",
                (content,),
            ).fetchall()
        found = (fresh.get(id_, digest if kept else None) for id_, digest, kept in rows)
        near = next((digest for digest in found if digest is not None), None)
        return near or self._like_at_all(content)

    def _like_at_all(self, content: int) -> bytes | None:
        """Digest of anything that was at the same path; what is there now is stored first."""
        with self._ledger.lock:
            row = self._ledger.db.execute(
                "SELECT other.digest FROM version one JOIN version two ON two.path = one.path "
                "JOIN content other ON other.id = two.content "
                "WHERE one.content = ? AND other.kept AND other.id <> one.content "
                "ORDER BY two.begin_ns DESC LIMIT 1",
                (content,),
            ).fetchone()
        return None if row is None else row[0]

    def sweep_incoming(self) -> None:
        """Remove captured files that nothing refers to."""
        names = [
            entry.name
            for entry in os.scandir(self._incoming)
            if time.time() - entry.stat(follow_symlinks=False).st_ctime > ORPHAN_S
        ]
        with self._ledger.lock:
            known = {
                os.fsdecode(row[0])
                for row in self._ledger.db.execute(
                    "SELECT file FROM content WHERE file IS NOT NULL"
                )
            }
        for name in names:
            if name not in known:
                (self._incoming / name).unlink(missing_ok=True)


@contextlib.contextmanager
def _as_file(content: Content, folder: Path) -> Iterator[int]:
    """A content as an open file; one that is a file already is not copied."""
    fd = getattr(content, "fd", None)
    if fd is not None:
        yield fd
        return
    with tempfile.TemporaryFile(dir=folder) as file:
        copy(content, file.fileno())
        yield file.fileno()
