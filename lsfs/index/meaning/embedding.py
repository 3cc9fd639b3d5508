"""Vectors for passages, and the change from one embedding model to another behind the search.

Order of every write: intent in SQLite, keyed upsert in LanceDB, done in SQLite. While a new model
is coming, its vectors fill a table of their own and the old ones answer; then they change places
at once. A passage that is new meanwhile gets a vector of each.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from lsfs.index.meaning.codes import Matrix
from lsfs.index.meaning.meanings import Meaning, Meanings
from lsfs.index.meaning.vectors import VectorStore, drop_others, table_of
from lsfs.index.readers import passages
from lsfs.index.store import check
from lsfs.index.store.catalog import Catalog
from lsfs.model import Passage

log = logging.getLogger("lsfs.index.meaning.embedding")

SAME = 0.97  # cosine of two vectors of one text by one model, for all that batches and builds do
# Passages between two looks at whether something more urgent has come: as many as take so long.
BATCH, LARGEST, BATCH_SECONDS = 32, 2048, 0.5
# Vectors are stored this often, or so many at once: each commit costs LanceDB 10 ms and a version.
COMMIT_SECONDS, COMMIT = 2.0, 2048

Batch = list[tuple[int, Passage, bytes]]
Progress = Callable[[str, int, int], None]  # stage, done, total


class Counted(Protocol):
    """Told how many passages were embedded, and how many had a vector by their text."""

    embedded: int
    reused: int


class Embedding:
    """The step of the pipeline that gives passages their vectors.

    Args:
        catalog: knows which are intended.
        meanings: the models; changed here when the coming one is complete.
        work: what is counted.
    """

    def __init__(self, catalog: Catalog, meanings: Meanings, work: Counted) -> None:
        self._catalog = catalog
        self._meanings = meanings
        self._work = work
        self._lock = threading.Lock()  # one batch at a time
        self._last = 0  # passages up to this one have a vector of the coming model
        self._at_once = BATCH  # passages in a batch

    # --- at the first run

    def check(self) -> None:
        """Void vectors of an unknown model, and intend those that the stores have lost."""
        now, coming = self._meanings.now, self._meanings.coming
        if now is not None:
            self._check_now(now)
        self._check_coming(coming)
        for one in (now, coming):
            if one is not None:
                known = [self._catalog.meta(key) for key in ("embedder", "embedder_next")]
                drop_others(one.store.path, [one.store.table, *map(table_of, known)])

    def _check_now(self, now: Meaning) -> None:
        if self._catalog.meta("embedder") == now.embedder.name and self._is_same_model(now):
            with self._catalog.transaction():
                check.mend_vectors(self._catalog, now.store)
            return
        self._catalog.collect()  # the past is not worth embedding again
        with self._catalog.transaction() as db:
            db.execute("UPDATE passage SET embedded = 0")
            db.execute("DELETE FROM vector_removal")
        now.store.clear()
        self._catalog.set_meta("embedder", now.embedder.name)
        self._catalog.set_meta("embedder_setting", now.setting)

    def _is_same_model(self, now: Meaning) -> bool:
        """Whether a model that does not prove what it is still gives the vectors that it gave."""
        if getattr(now.embedder, "is_proven", True):
            return True
        for id_, passage, _ in self._batch("embedded = 1 ORDER BY id LIMIT ?", 1):
            before = now.vectors.get(id_)
            after = now.embedder.encode([passages.embedded_text(passage)])[0]
            if before is not None and float(before @ after) < SAME:
                log.warning("%s is another model now: all is embedded anew", now.embedder.name)
                return False
        return True

    def _check_coming(self, coming: Meaning | None) -> None:
        name = coming.embedder.name if coming else ""
        if self._catalog.meta("embedder_next") != name:
            if coming is not None:
                self._catalog.collect()
                coming.store.clear()
            with self._catalog.transaction() as db:
                db.execute("UPDATE passage SET coming = 0 WHERE coming = 1")
                self._catalog.set_meta("embedder_next", name)
        elif coming is not None:
            with self._catalog.transaction():
                check.mend_vectors(self._catalog, coming.store, "coming")

    # --- vectors that answer

    def pending(self, progress: Progress | None, stop: Callable[[], bool]) -> None:
        """Embed what is intended for the model that answers; any thread may do so."""
        now = self._meanings.now
        if now is None:
            if self._count("embedded = 0"):
                with self._catalog.transaction() as db:
                    db.execute("UPDATE passage SET embedded = 1 WHERE embedded = 0")
            return
        waiting, done = self._count("embedded = 0"), 0
        while not stop():
            with self._lock:
                # The beginnings of all documents first: one huge file does not hold up the rest.
                batch = self._batch("embedded = 0 ORDER BY ordinal, id LIMIT ?", COMMIT)
                if not batch:
                    now.store.settle()
                    return
                done += len(self._embed(batch, now, "embedded", stop))
            if progress:
                progress("embedding", done, max(waiting, done))

    # --- vectors that will

    def advance(self, progress: Progress | None, stop: Callable[[], bool]) -> None:
        """Embed for the coming model; when all is done, it answers."""
        coming = self._meanings.coming
        if coming is None:
            return
        total, done = self._count("1"), self._count("coming = 1")
        while not stop():
            with self._lock:
                where = "coming = 0 AND id > ? ORDER BY id LIMIT ?"
                batch = self._batch(where, self._last, COMMIT)
                if batch:
                    ids = self._embed(batch, coming, "coming", stop)
                    self._last = ids[-1]
                    done += len(ids)
                elif self._last and self._count("coming = 0"):
                    self._last = 0  # a vector was lost, and is intended anew
                else:
                    coming.store.settle()
                    self._switch(coming)
                    return
            if progress:
                progress("embedding anew", min(done, total), total)

    def _switch(self, coming: Meaning) -> None:
        old = self._meanings.now
        with self._catalog.transaction() as db:
            # A passage that came in this very moment has no vector yet: it is intended.
            db.execute("UPDATE passage SET embedded = coming, coming = 0")
            self._catalog.set_meta("embedder", coming.embedder.name)
            self._catalog.set_meta("embedder_setting", coming.setting)
            self._catalog.set_meta("embedder_next", "")
            self._catalog.bump()
        self._meanings.now, self._meanings.coming = coming, None
        log.info("search is by %s now", coming.embedder.name)
        if old is not None:
            old.store.drop()
        drop_others(coming.store.path, [coming.store.table])

    # --- both

    def _count(self, where: str) -> int:
        query = f"SELECT count(*) FROM passage WHERE {where}"  # noqa: S608 - a literal of this class
        with self._catalog.lock:
            return int(self._catalog.db.execute(query).fetchone()[0])

    def _batch(self, where: str, *values: int) -> Batch:
        query = f"SELECT id, text, heading, text_hash FROM passage WHERE {where}"  # noqa: S608
        with self._catalog.lock:
            rows = self._catalog.db.execute(query, values).fetchall()
        return [
            (id_, Passage(text, 0, len(text), heading=heading), digest)
            for id_, text, heading, digest in rows
        ]

    def _embed(
        self, batch: Batch, meaning: Meaning, column: str, stop: Callable[[], bool]
    ) -> list[int]:
        """Embed passages, the first ones at least, and store their vectors; gives their ids."""
        deadline = time.monotonic() + COMMIT_SECONDS
        known: dict[bytes, Matrix] = {}
        done = 0
        while done < len(batch):
            begun = time.monotonic()
            if done and (begun >= deadline or stop()):
                break
            part = batch[done : done + self._at_once]
            self._encode(part, meaning, column, known)
            done += len(part)
            if len(part) == self._at_once:
                self._at_once = _next_size(self._at_once, time.monotonic() - begun)
        ids = [id_ for id_, _, _ in batch[:done]]
        meaning.store.upsert(ids, np.stack([known[digest] for _, _, digest in batch[:done]]))
        with self._catalog.transaction() as db:
            db.executemany(
                f"UPDATE passage SET {column} = 1 WHERE id = ?",  # noqa: S608
                [(i,) for i in ids],
            )
            if column == "embedded":
                self._catalog.bump()
        return ids

    def _encode(
        self, batch: Batch, meaning: Meaning, column: str, known: dict[bytes, Matrix]
    ) -> None:
        """Add the vectors of passages to ``known``, by the hash of their text."""
        texts: dict[bytes, str] = {}
        for _, passage, digest in batch:
            if digest in known:
                continue
            vector = self._stored_vector(digest, meaning.store, column)
            if vector is not None:
                known[digest] = vector
            else:
                texts[digest] = passages.embedded_text(passage)
        if texts:
            made = meaning.embedder.encode(list(texts.values()))
            known |= dict(zip(texts, made, strict=True))
        self._work.embedded += len(texts)
        self._work.reused += len(batch) - len(texts)

    def _stored_vector(self, digest: bytes, vectors: VectorStore, column: str) -> Matrix | None:
        with self._catalog.lock:
            row = self._catalog.db.execute(
                "SELECT id FROM passage WHERE text_hash = ? AND embedded = 1 "  # noqa: S608
                f"AND {column} = 1 LIMIT 1",
                (digest,),
            ).fetchone()
        return None if row is None else vectors.get(row[0])

    def remove(self) -> None:
        """Delete the vectors of passages that are gone."""
        with self._catalog.lock:
            rows = self._catalog.db.execute("SELECT passage_id FROM vector_removal").fetchall()
        ids = [row[0] for row in rows]
        if not ids:
            return
        for one in (self._meanings.now, self._meanings.coming):
            if one is not None:
                one.store.remove(ids)
                one.store.settle()
        with self._catalog.transaction() as db:
            db.executemany("DELETE FROM vector_removal WHERE passage_id = ?", [(i,) for i in ids])


def _next_size(size: int, seconds: float) -> int:
    """How many passages the next batch has, when one of ``size`` took so long."""
    fitting = int(size * BATCH_SECONDS / max(seconds, 1e-6))
    return max(BATCH, min(fitting, 2 * size, LARGEST))
