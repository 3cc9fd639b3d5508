"""Files into the index: what changed is read, cut, dated and embedded, and nothing is done twice.

The file system is the truth and events are hints: each hint makes us look at a path, and the
catalog is brought in step with what stands there. Order of every write: intent in SQLite, keyed
upsert in LanceDB, done in SQLite; whatever is still intended at a start is done then.
"""

from __future__ import annotations

import ctypes
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Protocol

from msgspec import Struct

from lsfs import codec
from lsfs.config import FieldConfig, IndexConfig
from lsfs.index.compare import Changes, Move, compare
from lsfs.index.facts.dates import content_dates
from lsfs.index.facts.kinds import by_folders
from lsfs.index.fields import VERSION as FIELDS_VERSION
from lsfs.index.find import terms
from lsfs.index.meaning.embed import Embedder
from lsfs.index.meaning.embedding import Embedding
from lsfs.index.meaning.meanings import Meanings
from lsfs.index.meaning.vectors import VectorStore
from lsfs.index.readers.ahead import Ahead, threads, workers_of
from lsfs.index.readers.bundles import bundles, weight
from lsfs.index.readers.making import FACTS_VERSION, Made, Maker, Rules, facts_of
from lsfs.index.readers.making_pool import makers
from lsfs.index.readers.reading import FileReader, Reader, Reading
from lsfs.index.readers.ready import WITH_DOCUMENT, Ready, all_ready
from lsfs.index.store import filerows, passagerows, stated
from lsfs.index.store.catalog import Catalog
from lsfs.index.store.rows import Facts, FileIdentity, FileRow, Outcome
from lsfs.index.tree import SourceTree
from lsfs.model import Document, Status

log = logging.getLogger("lsfs.index.ingest")

BATCH = 100  # files that are asked for, and written down, at once
BATCH_SECONDS = 0.5  # what was read is written down after this time at the latest
MOVED = "moved"  # of the catalog's `meta`: ids of files whose kind and dates are to be judged anew
UNFOUND = "detect"  # stands as the parser of contents that no parser was found for
# Endings that the same content would have again; what is unreadable or pending is tried anew.
OF_THE_CONTENT = (
    Status.EMPTY, Status.UNSUPPORTED, Status.ENCRYPTED, Status.DAMAGED, Status.TOO_LARGE,
    Status.TIMEOUT, Status.OUT_OF_MEMORY,
)  # fmt: skip
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_KEPT = 8 << 20  # bytes of freed memory that the next batch wants again
# Documents of the past may be so many more than are to be retained before the rest is looked for:
# this many, or a tenth of them. Which to retain is not asked after each change.
COLLECT_AFTER = 32

Progress = Callable[[str, int, int], None]  # stage, done, total


class Witness(Protocol):
    """Somebody who keeps what the files held, and is told on the way. Never fails."""

    def look(self, paths: Iterable[str] | None) -> None:
        """Something may have changed at these paths; None: anywhere."""
        ...

    def read(self, files: Sequence[tuple[int, bytes]]) -> None:
        """Open files have been read whole; each with BLAKE3 of its bytes."""
        ...

    def rest(self, stop: Callable[[], bool]) -> None:
        """All is indexed: time for what is not urgent."""
        ...


class Nobody:
    """A witness who keeps nothing."""

    def look(self, paths: Iterable[str] | None) -> None:
        """Nothing."""

    def read(self, files: Sequence[tuple[int, bytes]]) -> None:
        """Nothing."""

    def rest(self, stop: Callable[[], bool]) -> None:
        """Nothing."""


class Work(Struct):
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
        meanings: the embedding models, in place of ``vectors`` and ``embedder``, where one may
            follow on another.

    Attributes:
        has_changed: there may be something that nobody needs, which the next run drops.
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
        meanings: Meanings | None = None,
    ) -> None:
        self._own_fields = dict(fields or {})
        self._rules = Rules(fields)
        self._witness = witness or Nobody()
        self._retained = retained
        self._of_the_past: int | None = None  # documents that the last collection retained
        self._catalog = catalog
        self._meanings = meanings or Meanings.of(vectors, embedder)
        self._reader = reader
        self._tree = tree
        self._config = config
        self.work = Work()
        self._embedding = Embedding(catalog, self._meanings, self.work)
        self._files = FileReader(tree, catalog, reader, config.max_file_bytes)
        self._parsers_are_checked = False
        self.restless = 0  # files that changed while they were read by the last run
        self.look_seconds = 0.0  # that the last look took
        self.has_changed = True
        self._is_checked = False  # at the first run, for it loads what many a command needs not
        self._check_facts()
        self._check_fields(fields or {})
        self._check_signatures()
        self._check_words()

    def _check_facts(self) -> None:
        """Judge files anew: all when the rules for kinds and dates have changed, else those that
        were moved when the process ended before it came to that.
        """
        moved = frozenset(codec.loads(self._catalog.meta(MOVED) or "[]", list[int]))
        is_new = self._catalog.meta("facts", str(FACTS_VERSION)) != str(FACTS_VERSION)
        if is_new or moved:
            rows = self._catalog.files_below().items()
            self._restate([
                Move(row, path, row.identity) for path, row in rows if is_new or row.id in moved
            ])  # fmt: skip
            self._catalog.bump()
        self._catalog.set_meta("facts", str(FACTS_VERSION))

    def _check_fields(self, own: Mapping[str, FieldConfig]) -> None:
        """Read all documents for fields anew when the rules or the user's fields have changed."""
        state = f"{FIELDS_VERSION} {codec.dumps(dict(sorted(own.items())))}"
        if self._catalog.meta("fields", state) != state:
            for document_id in self._catalog.documents().values():
                document = self._catalog.load(document_id)
                found = self._rules.fields_of(document, content_dates(document, ""))
                with self._catalog.transaction() as db:
                    stated.replace_by_rules(db, document_id, found)
            self._catalog.bump()
        self._catalog.set_meta("fields", state)

    def _check_signatures(self) -> None:
        """Make the signatures of wordings anew when they are made otherwise now."""
        documents = self._catalog.documents()
        state = str(stated.SIGNATURES_VERSION)
        if documents and self._catalog.meta("signatures", "1") != state:
            with self._catalog.transaction() as db:
                stated.sign_again(db, documents.values())
        self._catalog.set_meta("signatures", state)

    def _check_words(self) -> None:
        """Make the words beside texts and names anew when other ones are made now."""
        state = str(terms.VERSION)
        if self._catalog.meta("words", "1") != state and self._catalog.documents():
            with self._catalog.transaction() as db:
                passagerows.index_words(db)
                self._catalog.index_names()
                self._catalog.bump()
        self._catalog.set_meta("words", state)

    def _retry_unreadable(self) -> None:
        """What could not be opened or read may be readable now, though it looks the same."""
        with self._catalog.transaction() as db:
            db.execute("UPDATE file SET status = 'pending' WHERE status = 'unreadable'")

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
            self._embedding.check()
            self._retry_unreadable()
            self._is_checked = True
        paths = None if paths is None else list(paths)
        begun = time.monotonic()
        self._witness.look(paths)
        self.refresh(paths)
        self.look_seconds = time.monotonic() - begun
        self._read_pending(progress, stop)
        self._embedding.pending(progress, stop)
        if not stop():
            if self.has_changed:
                self._collect()
                self.has_changed = False
            self._embedding.remove()
            self._witness.rest(stop)

    # --- step 1: what is there

    def refresh(self, paths: Iterable[str] | None = None) -> bool:
        """Bring the file rows in step with the tree; says whether anything changed."""
        if self._catalog.meta(MOVED):  # the last run did not come to it
            self._check_facts()
        changes = self._changes([""] if paths is None else _outermost(paths))
        if not changes:
            return False
        self.has_changed = True
        told = [move for move in changes.moved if _is_told_by_path(move)]
        read = [move for move in told if move.row.document_id is not None]
        with self._catalog.transaction() as db:
            filerows.apply(db, changes)
            # Those that gave no document are judged by their path alone, when they are looked up.
            filerows.read_again(db, [move.row.id for move in told if move.row.document_id is None])
            if read:
                self._catalog.set_meta(MOVED, codec.dumps([move.row.id for move in read]))
            self._catalog.bump()
        self.work.renamed += len(changes.moved)
        self.work.removed += len(changes.gone)
        self._restate(read)
        return True

    def _changes(self, paths: list[str]) -> Changes:
        """What is other at and below these paths than the catalog has it."""
        known: dict[str, FileRow] = {}
        seen: dict[str, FileIdentity] = {}
        for path in paths:
            known |= self._catalog.files_below(path)
            seen |= dict(self._tree.files(path))
        changes = compare(known, seen)
        if not changes or paths == [""]:
            return changes
        # A file with several names has one event: the other names are looked at with it.
        inodes = {row.identity.inode for row, _ in changes.changed}
        inodes |= {
            now.inode for now in (*changes.new.values(), *(m.identity for m in changes.moved))
        }
        inodes |= {row.identity.inode for row in changes.gone}
        others = self._catalog.paths_of_inodes(inodes) - known.keys() - seen.keys()
        if not others:
            return changes
        for path in others:
            known |= self._catalog.files_below(path)
            seen |= dict(self._tree.files(path))
        return compare(known, seen)

    def _restate(self, moves: list[Move]) -> None:
        """Judge files anew whose kind and dates rest on a name that has changed."""
        for begin in range(0, len(moves), BATCH):
            facts = [
                (move.row.id, facts_of(self._catalog.load(move.row.document_id), move.path))
                for move in moves[begin : begin + BATCH]
                if move.row.document_id is not None
            ]
            with self._catalog.transaction():
                for file_id, found in facts:
                    self._catalog.set_facts(file_id, found)
        self._catalog.set_meta(MOVED, "")

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
        _keep_freed_memory()
        self.check_parsers()
        self.has_changed = True
        workers = workers_of(self._config)
        batch: list[Reading | Ready] = []
        with (
            makers(self._rules, self._own_fields, waiting=waiting, workers=workers) as (
                maker,
                more,
            ),
            threads(workers + more) as executor,
        ):
            # Where no processes make documents ready, the thread that writes does: two that both
            # compute would have each other wait at every statement.
            read = partial(self._read, maker if more else None)
            ahead = Ahead(executor, workers + more, read, weight)
            try:
                self._take_in_all(ahead, batch, waiting, progress, stop)
            finally:
                self._forget((*ahead.left(), *batch))

    def _take_in_all(
        self,
        ahead: Ahead[Sequence[FileRow], Reading | Ready],
        batch: list[Reading | Ready],
        waiting: int,
        progress: Progress | None,
        stop: Callable[[], bool],
    ) -> None:
        begun = time.monotonic()
        rows = bundles(self._pending(), ahead.most)
        results = ahead.results(rows, lambda: self._write(batch))
        for done, read in enumerate(results, start=1):
            if not self._gather(read, batch):
                break  # the reader was closed
            if len(batch) >= BATCH or time.monotonic() - begun >= BATCH_SECONDS:
                self._write(batch)
                begun = time.monotonic()
            if progress:
                progress("reading", done, max(waiting, done))
            if stop():
                break
        # What has been begun is done, too: it would have to be done again.
        for read in ahead.left():
            self._gather(read, batch)
        self._write(batch)

    def _pending(self) -> Iterator[FileRow]:
        """What is to be read, each file once in a run: one that never rests holds up nobody."""
        seen: set[int] = set()
        last = (-1, 0)
        while rows := self._catalog.pending(BATCH, last):
            for row in rows:
                if row.id not in seen:
                    seen.add(row.id)
                    yield row
            last = (rows[-1].identity.size, rows[-1].id)

    def _gather(self, read: Reading | Ready, batch: list[Reading | Ready]) -> bool:
        """Take in a file that was read; False when reading it was interrupted."""
        reading = read.reading if isinstance(read, Ready) else read
        try:
            self.work.read += 1
            if reading.is_open_question:  # what the other thread found is known by now
                self._write(batch)
                read = reading = self._files.known_or_parsed(reading)
            self.work.parsed += reading.parsed
            if reading.is_interrupted:
                self._files.forget(reading)
                return False
            batch.append(read)
            return True
        except BaseException:
            self._files.forget(reading)
            raise

    def _read(self, maker: Maker | None, rows: Sequence[FileRow]) -> Sequence[Reading | Ready]:
        """Files read, and what ``maker`` makes of them; in a thread of many."""
        read: list[Reading] = []
        try:
            for row in rows:
                read.append(self._files.read(row))  # noqa: PERF401  all so far are to be closed
            return read if maker is None else all_ready(maker, read, self._catalog.load)
        except BaseException:
            self._forget(read)
            raise

    def _forget(self, many: Iterable[Reading | Ready]) -> None:
        """Say that files are taken in or given up, and close them."""
        for one in many:
            self._files.forget(one.reading if isinstance(one, Ready) else one)

    def _write(self, batch: list[Reading | Ready]) -> None:
        """Write down what files say; many at once, for each transaction takes its time."""
        if not batch:
            return
        try:
            made = self._made(batch)
            restless = {}
            read = [ready.reading for ready in made if ready.reading.digest]
            for reading in read:
                # Written to meanwhile: the writer's event, or the next look, comes back.
                if (now := reading.changed()) is not None:
                    restless[reading.row.id] = now
            self._witness.read([(one.fd, one.digest) for one in read if one.row.id not in restless])
            with self._catalog.transaction() as db:
                for ready in made:
                    row = ready.reading.row
                    if ready.reading.is_gone:
                        filerows.remove(db, [row.id])
                    elif row.id in restless:
                        filerows.change(db, row, restless[row.id])
                    else:
                        self._store(ready)
                self._catalog.bump()
            self.restless += len(restless)
        finally:
            self._forget(batch)
            batch.clear()

    def _made(self, batch: Sequence[Reading | Ready]) -> list[Ready]:
        """What was read with all that is made of it, in the same order."""
        left = [one for one in batch if not isinstance(one, Ready)]
        made = iter(all_ready(self._rules, left, self._catalog.load))
        return [one if isinstance(one, Ready) else next(made) for one in batch]

    def _store(self, ready: Ready) -> None:
        reading, document = ready.reading, ready.document
        row = reading.row
        if document is None:
            outcome = reading.outcome or Outcome(Status.UNREADABLE)
            self._catalog.finish(row, outcome, None, "", reading.identity)
            self._catalog.set_facts(row.id, Facts())
            return
        document_id = reading.document_id
        if ready.made is not None:
            # Another thread may have had the same content at work, and been written down first.
            versions = self._reader.versions()
            known = self._catalog.document_of(reading.digest, versions, row.path)
            if known is not None:
                document_id = known[0]
            else:
                document_id = self._add(reading.digest, document, ready.made, row.path)
        elif document.status in OF_THE_CONTENT:
            self._catalog.add_failure(reading.digest, document, row.path)
        outcome = Outcome(document.status, document.reason, reading.digest)
        self._catalog.finish(row, outcome, document_id, document.title, reading.identity)
        self._catalog.set_facts(row.id, ready.facts)

    def _add(self, digest: bytes, document: Document, made: Made, path: str) -> int:
        """Store a document with what was made of it."""
        document_id = self._catalog.add_document(
            digest, document, made.cut, path, embedded=not self._meanings.is_embedding
        )
        stated.add(self._catalog.db, document_id, made.fields)
        stated.sign(self._catalog.db, document_id, made.minima)
        return document_id

    # --- step 3: what it means

    def _count(self, query: str) -> int:
        with self._catalog.lock:
            return int(self._catalog.db.execute(query).fetchone()[0])

    def advance(
        self, progress: Progress | None = None, stop: Callable[[], bool] = lambda: False
    ) -> None:
        """Go on with the change to another embedding model, if there is one under way."""
        self._embedding.advance(progress, stop)

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
        if self._catalog.document_of(digest, self._reader.versions(), name) is not None:
            return True
        self.work.parsed += 1
        document = self._reader.read(fd, name)
        if document.status not in WITH_DOCUMENT:
            return False
        _, made = self._rules.make(document, name)
        self.has_changed = True
        with self._catalog.transaction():
            self._add(digest, document, made, name)
        return True

    def embed(self, progress: Progress | None, stop: Callable[[], bool]) -> None:
        """Embed all passages that are not yet; any thread may do so."""
        self._embedding.pending(progress, stop)


@cache
def _keep_freed_memory() -> None:
    """Have malloc not give back to the kernel what is asked for again a moment later.

    Arrays and texts of a batch are; half of all page faults of reading 600 texts are these.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # musl has none
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)
        libc.mallopt(_M_MMAP_THRESHOLD, _KEPT // 2)


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


def _is_told_by_path(move: Move) -> bool:
    """Whether what a file is judged to be may be other at its new path."""
    *before, old = move.row.path.split("/")
    *folders, name = move.path.split("/")
    return name != old or by_folders(before) != by_folders(folders)
