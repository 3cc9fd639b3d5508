"""Files into the index: what changed is read, cut, dated and embedded, and nothing is done twice.

The file system is the truth and events are hints: each hint makes us look at a path, and the
catalog is brought in step with what stands there. Order of every write: intent in SQLite, keyed
upsert in LanceDB, done in SQLite; whatever is still intended at a start is done then.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lsfs import codec
from lsfs.config import FieldConfig, IndexConfig
from lsfs.index import check, passages, stated
from lsfs.index.ahead import Ahead, threads, workers_of
from lsfs.index.catalog import Catalog, Facts, FileIdentity, FileRow, Outcome
from lsfs.index.dates import content_dates, primary
from lsfs.index.embed import Embedder
from lsfs.index.fields.definitions import definitions
from lsfs.index.fields.extract import VERSION as FIELDS_VERSION
from lsfs.index.fields.extract import fields_of
from lsfs.index.kinds import kind_of
from lsfs.index.reading import FileReader, Reader, Reading
from lsfs.index.tree import SourceTree
from lsfs.index.vectors import VectorStore
from lsfs.model import ContentDate, Document, FieldValue, Passage, Status

log = logging.getLogger("lsfs.index.ingest")

EMBED_BATCH = 32
FACTS_VERSION = 1  # raise when the rules for kinds or dates change: files are then judged anew
BATCH = 100  # files that are asked for at once
UNFOUND = "detect"  # stands as the parser of contents that no parser was found for
WITH_DOCUMENT = (Status.OK, Status.PARTIAL)
# Endings that the same content would have again; what is unreadable or pending is tried anew.
OF_THE_CONTENT = (
    Status.EMPTY, Status.UNSUPPORTED, Status.ENCRYPTED, Status.DAMAGED, Status.TOO_LARGE,
    Status.TIMEOUT, Status.OUT_OF_MEMORY,
)  # fmt: skip
# Documents of the past may be so many more than are to be retained before the rest is looked for:
# this many, or a tenth of them. Which to retain is not asked after each change.
COLLECT_AFTER = 32

Progress = Callable[[str, int, int], None]  # stage, done, total


class Witness(Protocol):
    """Somebody who keeps what the files held, and is told on the way. Never fails."""

    def look(self, paths: Iterable[str] | None) -> None:
        """Something may have changed at these paths; None: anywhere."""
        ...

    def read(self, fd: int, digest: bytes) -> None:
        """An open file has been read whole; its digest is BLAKE3."""
        ...

    def rest(self, stop: Callable[[], bool]) -> None:
        """All is indexed: time for what is not urgent."""
        ...


class Nobody:
    """A witness who keeps nothing."""

    def look(self, paths: Iterable[str] | None) -> None:
        """Nothing."""

    def read(self, fd: int, digest: bytes) -> None:
        """Nothing."""

    def rest(self, stop: Callable[[], bool]) -> None:
        """Nothing."""


@dataclass(slots=True)
class Work:
    """What a pipeline has done since it was made; tests hold it to doing nothing twice."""

    read: int = 0
    parsed: int = 0
    renamed: int = 0
    removed: int = 0
    embedded: int = 0
    reused: int = 0


class Pipeline:
    """Brings the index in step with the files.

    Args:
        catalog, vectors: the stores; ``vectors`` is None when there is no embedding model.
        embedder: makes vectors; None leaves search to keywords.
        reader: makes documents.
        tree: the source.
        config: limits.
        witness: told what is looked at and read.
        retained: digests of contents whose documents are kept though no file has them now, so that
            a content that comes back is not read and embedded again; None keeps none.
        fields: the user's fields beside the built-in ones.
    """

    def __init__(
        self,
        catalog: Catalog,
        vectors: VectorStore | None,
        embedder: Embedder | None,
        reader: Reader,
        tree: SourceTree,
        config: IndexConfig,
        witness: Witness | None = None,
        retained: Callable[[], set[bytes]] | None = None,
        fields: Mapping[str, FieldConfig] | None = None,
    ) -> None:
        self._fields = definitions(fields)
        self._witness = witness or Nobody()
        self._retained = retained
        self._of_the_past: int | None = None  # documents that the last collection retained
        self._embedding = threading.Lock()
        self._catalog = catalog
        self._vectors = vectors
        self._embedder = embedder
        self._reader = reader
        self._tree = tree
        self._config = config
        self.work = Work()
        self._files = FileReader(tree, catalog, reader, config.max_file_bytes)
        self._parsers_are_checked = False
        self.restless = 0  # files that changed while they were read by the last run
        self._is_checked = False  # at the first run, for it loads what many a command needs not
        self._check_facts()
        self._check_fields(fields or {})

    def _check_facts(self) -> None:
        """Judge all files anew when the rules for kinds and dates have changed."""
        if self._catalog.meta("facts", str(FACTS_VERSION)) != str(FACTS_VERSION):
            for path, row in self._catalog.files_below().items():
                self._restate_facts(row, path)
            self._catalog.bump()
        self._catalog.set_meta("facts", str(FACTS_VERSION))

    def _check_fields(self, own: Mapping[str, FieldConfig]) -> None:
        """Read all documents for fields anew when the rules or the user's fields have changed."""
        state = f"{FIELDS_VERSION} {codec.dumps(dict(sorted(own.items())))}"
        if self._catalog.meta("fields", state) != state:
            for document_id in self._catalog.documents().values():
                document = self._catalog.load(document_id)
                found = fields_of(document, content_dates(document, ""), self._fields)
                with self._catalog.transaction() as db:
                    stated.replace_by_rules(db, document_id, found)
            self._catalog.bump()
        self._catalog.set_meta("fields", state)

    def _check_vectors(self) -> None:
        """Void vectors of another model, and intend those that the store has lost."""
        if self._vectors is None or self._embedder is None:
            return
        if self._catalog.meta("embedder") != self._embedder.name:
            self._catalog.collect()  # the past is not worth embedding again
            with self._catalog.transaction() as db:
                db.execute("UPDATE passage SET embedded = 0")
                db.execute("DELETE FROM vector_removal")
            self._vectors.clear()
            self._catalog.set_meta("embedder", self._embedder.name)
            return
        with self._catalog.transaction():
            check.mend_vectors(self._catalog, self._vectors)

    def run(
        self,
        paths: Iterable[str] | None = None,
        *,
        progress: Progress | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Look at ``paths`` (None: at everything) and do all that is pending.

        Args:
            progress: told the stage, how much of it is done, and how much there is.
            stop: asked between files; what is done then stays done.
        """
        if not self._is_checked:
            self._check_vectors()
            self._is_checked = True
        paths = None if paths is None else list(paths)
        self._witness.look(paths)
        self.refresh(paths)
        self._read_pending(progress, stop)
        self._embed_pending(progress, stop)
        if not stop():
            self._collect()
            self._remove_vectors()
            self._witness.rest(stop)

    # --- step 1: what is there

    def refresh(self, paths: Iterable[str] | None = None) -> bool:
        """Bring the file rows in step with the tree; says whether anything changed."""
        known: dict[str, FileRow] = {}
        seen: dict[str, FileIdentity] = {}
        for path in [""] if paths is None else _outermost(paths):
            known |= self._catalog.files_below(path)
            seen |= dict(self._tree.files(path))
        gone = {path: row for path, row in known.items() if path not in seen}
        new = {path: identity for path, identity in seen.items() if path not in known}
        changed = [
            (row, seen[path])
            for path, row in known.items()
            if path in seen and row.identity != seen[path]
        ]
        if not (gone or new or changed):
            return False
        moved = _moves(gone, new)
        with self._catalog.transaction():
            for row, path in moved:
                self._catalog.rename(row, path, new.pop(path))
                gone.pop(row.path)
            for row in gone.values():
                self._catalog.remove(row)
            for path, identity in new.items():
                self._catalog.add_pending(path, identity)
            for row, identity in changed:
                self._catalog.add_pending(row.path, identity)
            self._catalog.bump()
        self.work.renamed += len(moved)
        self.work.removed += len(gone)
        for row, path in moved:
            self._restate_facts(row, path)
        return True

    def _restate_facts(self, row: FileRow, path: str) -> None:
        """Kind and date may rest on the name, which has changed."""
        if row.document_id is None:
            return
        facts = facts_of(self._catalog.load(row.document_id), path)
        with self._catalog.transaction():
            self._catalog.set_facts(row.id, facts)

    # --- step 2: what it says

    def check_parsers(self) -> None:
        """Have files read again that newer parsers or wider limits may read better.

        Raises:
            ParseError: the parsers do not start.
        """
        if self._parsers_are_checked:
            return
        self._catalog.parsers_are(self._reader.versions(), UNFOUND)
        self._catalog.limits_are({
            "max_file_bytes": self._config.max_file_bytes,
            "parse_seconds": self._config.parse_seconds,
            "scan_seconds": self._config.scan_seconds,
            "parse_memory_mb": self._config.parse_memory_mb,
        })  # fmt: skip
        self._parsers_are_checked = True

    def _read_pending(self, progress: Progress | None, stop: Callable[[], bool]) -> None:
        self.restless = 0
        waiting = self._count("SELECT count(*) FROM file WHERE status = 'pending'")
        if not waiting or stop():
            return
        self.check_parsers()
        workers = workers_of(self._config)
        with threads(workers) as executor:
            ahead = Ahead(executor, workers, self._files.read, _weight)
            try:
                self._take_in_all(ahead, waiting, progress, stop)
            finally:
                for reading in ahead.left():
                    self._files.forget(reading)

    def _take_in_all(
        self,
        ahead: Ahead[FileRow, Reading],
        waiting: int,
        progress: Progress | None,
        stop: Callable[[], bool],
    ) -> None:
        for done, reading in enumerate(ahead.results(self._pending()), start=1):
            if not self._take_in(reading):
                return  # the reader was closed
            if progress:
                progress("reading", done, max(waiting, done))
            if stop():
                break
        # What has been begun is done, too: it would have to be done again.
        for reading in ahead.left():
            self._take_in(reading)

    def _pending(self) -> Iterator[FileRow]:
        """What is to be read, each file once in a run: one that never rests holds up nobody."""
        seen: set[int] = set()
        while rows := [r for r in self._catalog.pending(BATCH + len(seen)) if r.id not in seen]:
            for row in rows:
                seen.add(row.id)
                yield row

    def _take_in(self, reading: Reading) -> bool:
        """Write down what a file says; False when reading it was interrupted."""
        try:
            self.work.read += 1
            if reading.is_gone:
                self._drop(reading.row)
                return True
            if reading.is_open_question:  # what the other thread found is known by now
                reading = self._files.known_or_parsed(reading)
            self.work.parsed += reading.parsed
            if reading.document is not None and reading.document.status is Status.PENDING:
                return False
            if reading.digest and (now := reading.changed()):
                # Written to while it was read: the writer's event, or the next look, comes back.
                self.restless += 1
                with self._catalog.transaction():
                    self._catalog.add_pending(reading.row.path, now)
                return True
            if reading.digest:
                self._witness.read(reading.fd, reading.digest)
            self._store(reading)
            return True
        finally:
            self._files.forget(reading)

    def _drop(self, row: FileRow) -> None:
        with self._catalog.transaction():
            self._catalog.remove(row)
            self._catalog.bump()

    def _store(self, reading: Reading) -> None:
        if reading.document_id is not None:
            document = self._catalog.load(reading.document_id)
        elif reading.document is not None:
            document = reading.document
        else:
            self._finish(reading.row, reading.outcome or Outcome(Status.UNREADABLE))
            return
        document_id = reading.document_id
        facts = facts_of(document, reading.row.path)
        is_new = document_id is None and document.status in WITH_DOCUMENT
        made = self._made_of(document, facts.dates) if is_new else None
        with self._catalog.transaction():
            if made is not None:
                document_id = self._add(reading.digest, document, made)
            elif document.status in OF_THE_CONTENT:
                self._catalog.add_failure(reading.digest, document)
            outcome = Outcome(document.status, document.reason, reading.digest)
            self._catalog.finish(reading.row, outcome, document_id, document.title)
            self._catalog.set_facts(reading.row.id, facts)
            self._catalog.bump()

    def _made_of(self, document: Document, dates: Sequence[ContentDate]) -> Made:
        cut = passages.split(document)
        return Made(
            [(passage, passages.text_hash(passage)) for passage in cut],
            fields_of(document, dates, self._fields),
            stated.signature_of(cut),
        )

    def _add(self, digest: bytes, document: Document, made: Made) -> int:
        """Store a document with what was made of it."""
        document_id = self._catalog.add_document(digest, document, made.cut)
        stated.add(self._catalog.db, document_id, made.fields)
        stated.sign(self._catalog.db, document_id, made.minima)
        return document_id

    def _finish(self, row: FileRow, outcome: Outcome) -> None:
        with self._catalog.transaction():
            self._catalog.finish(row, outcome, None, "")
            self._catalog.set_facts(row.id, Facts())
            self._catalog.bump()

    # --- step 3: what it means

    def _embed_pending(self, progress: Progress | None, stop: Callable[[], bool]) -> None:
        if self._vectors is None or self._embedder is None:
            with self._catalog.transaction() as db:
                db.execute("UPDATE passage SET embedded = 1 WHERE embedded = 0")
            return
        waiting = self._count("SELECT count(*) FROM passage WHERE embedded = 0")
        done = 0
        while not stop():
            with self._embedding:
                batch = self._intents(EMBED_BATCH)
                if not batch:
                    return
                self._embed(batch)
            done += len(batch)
            if progress:
                progress("embedding", done, max(waiting, done))

    def _count(self, query: str) -> int:
        with self._catalog.lock:
            return int(self._catalog.db.execute(query).fetchone()[0])

    def _intents(self, limit: int) -> list[tuple[int, Passage, bytes]]:
        with self._catalog.lock:
            rows = self._catalog.db.execute(
                # The beginnings of all documents first: one huge file does not hold up the rest.
                "SELECT id, text, heading, text_hash FROM passage WHERE embedded = 0 "
                "ORDER BY ordinal, id LIMIT ?",
                (limit,),
            ).fetchall()
        return [
            (id_, Passage(text, 0, len(text), heading=heading), digest)
            for id_, text, heading, digest in rows
        ]

    def _embed(self, batch: list[tuple[int, Passage, bytes]]) -> None:
        assert self._vectors is not None and self._embedder is not None  # noqa: S101
        known: dict[bytes, np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = {}
        texts: dict[bytes, str] = {}
        for _, passage, digest in batch:
            vector = self._stored_vector(digest)
            if vector is not None:
                known[digest] = vector
            else:
                texts[digest] = passages.embedded_text(passage)
        self.work.embedded += len(texts)
        self.work.reused += len(batch) - len(texts)
        if texts:
            known |= dict(zip(texts, self._embedder.encode(list(texts.values())), strict=True))
        ids = [id_ for id_, _, _ in batch]
        self._vectors.upsert(ids, np.stack([known[digest] for _, _, digest in batch]))
        with self._catalog.transaction() as db:
            db.executemany("UPDATE passage SET embedded = 1 WHERE id = ?", [(i,) for i in ids])
            self._catalog.bump()

    def _stored_vector(
        self, digest: bytes
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None:
        assert self._vectors is not None  # noqa: S101
        with self._catalog.lock:
            row = self._catalog.db.execute(
                "SELECT id FROM passage WHERE text_hash = ? AND embedded = 1 LIMIT 1", (digest,)
            ).fetchone()
        return None if row is None else self._vectors.get(row[0])

    # --- step 4: what is gone

    def _collect(self) -> None:
        if self._retained is None:
            self._catalog.collect()
            return
        past = self._catalog.orphans()
        known = self._of_the_past
        if known is not None and past <= known + max(COLLECT_AFTER, known // 10):
            return
        self._of_the_past = past - self._catalog.collect(self._retained)

    def _remove_vectors(self) -> None:
        with self._catalog.lock:
            rows = self._catalog.db.execute("SELECT passage_id FROM vector_removal").fetchall()
        ids = [row[0] for row in rows]
        if not ids:
            return
        if self._vectors is not None:
            self._vectors.remove(ids)
        with self._catalog.transaction() as db:
            db.executemany("DELETE FROM vector_removal WHERE passage_id = ?", [(i,) for i in ids])

    # --- what files held earlier

    def read_past(self, fd: int, name: str, digest: bytes) -> bool:
        """Read an earlier content of a file as a document that no file has; not yet its vectors.

        Any thread may do so. It is dropped again by the next run unless it is to be retained.

        Args:
            fd: a file that holds the content and that nobody writes to.
            name: what the file was called.
            digest: BLAKE3 of the content.

        Returns:
            whether there is such a document now.
        """
        if self._catalog.document_of(digest, self._reader.versions()) is not None:
            return True
        self.work.parsed += 1
        document = self._reader.read(fd, name)
        if document.status not in WITH_DOCUMENT:
            return False
        made = self._made_of(document, content_dates(document, name))
        with self._catalog.transaction():
            self._add(digest, document, made)
        return True

    def embed(self, progress: Progress | None, stop: Callable[[], bool]) -> None:
        """Embed all passages that are not yet; any thread may do so."""
        self._embed_pending(progress, stop)


@dataclass(frozen=True, slots=True)
class Made:
    """What is made of a document before it is stored.

    Attributes:
        cut: its passages, each with the hash of what is embedded for it.
        fields: what it states.
        minima: the signature of its wording; b"" for one too short to be compared.
    """

    cut: list[tuple[Passage, bytes]]
    fields: list[FieldValue]
    minima: bytes


def _weight(row: FileRow) -> int:
    return row.identity.size


def facts_of(document: Document, path: str) -> Facts:
    """Kind and dates of a file, from what it says and what it is called."""
    kind = kind_of(document, path)
    dates = content_dates(document, path)
    main = primary(dates)
    return Facts(
        kind=kind.name,
        kind_reason=kind.reason,
        day=main.day.isoformat() if main else "",
        day_end=main.end.isoformat() if main else "",
        dates=dates,
    )


def _outermost(paths: Iterable[str]) -> list[str]:
    """The paths without those that lie below another one."""
    kept: list[str] = []
    # Sorted by parts, what lies below a path follows it at once.
    for path in sorted(set(paths), key=lambda path: path.split("/")):
        if not path:
            return [""]
        if not kept or not path.startswith(kept[-1] + "/"):
            kept.append(path)
    return kept


def _moves(gone: dict[str, FileRow], new: dict[str, FileIdentity]) -> list[tuple[FileRow, str]]:
    """Which new paths are old rows under another name: same inode, size and time of change."""
    by_inode = {identity.inode: path for path, identity in new.items()}
    moves = []
    for row in gone.values():
        path = by_inode.get(row.identity.inode)
        if path is None or row.status is Status.PENDING:
            continue
        if row.identity.same_content(new[path]):
            moves.append((row, path))
            del by_inode[row.identity.inode]
    return moves
