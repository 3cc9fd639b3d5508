"""Searching a drive as it was: the versions say which files there were, the index what they say."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from lsfs import digest as digests
from lsfs.errors import LsfsError, UsageError
from lsfs.syscalls.engines import Call, Engines

if TYPE_CHECKING:
    from lsfs.index.ingest import Pipeline
    from lsfs.index.store.rows import Facts
    from lsfs.index.store.then import CatalogThen, Entry
    from lsfs.versions.past import FileThen, Past

log = logging.getLogger("lsfs.syscalls.search.then")

READ_SECONDS = 15.0  # a search does not wait longer than this for what is not in the index
ASKED = 1000  # documents that searches of the past have read, and that are kept for the next one
JUDGED = 5000  # files of the past whose kind and dates are remembered


class Retained:
    """Digests of the contents whose documents the index keeps though no file has them now.

    Those are the last few of each path, for they come back most often, and what was read for a
    search of the past since this process began.

    Args:
        past: knows the contents.
        count: how many of each path.
    """

    def __init__(self, past: Past, count: int) -> None:
        self._past = past
        self._count = count
        self._asked: dict[bytes, None] = {}
        self._lock = threading.Lock()

    def __call__(self) -> set[bytes]:
        with self._lock:
            asked = set(self._asked)
        try:
            return asked | self._past.recent(self._count)
        except (LsfsError, sqlite3.Error) as error:
            log.error("documents of earlier versions are dropped: %s", error)
            return asked

    def keep(self, digest: bytes) -> None:
        """Keep the document of a content, that has not been made yet."""
        with self._lock:
            self._asked.pop(digest, None)
            self._asked[digest] = None
            while len(self._asked) > ASKED:
                del self._asked[next(iter(self._asked))]


class _Missing(Struct):
    """Files of a moment that are not searched, and why."""

    lost: int = 0  # nobody kept their bytes
    unread: int = 0  # there was no time, or nobody may write the index here


class _Visit(Struct):
    """One search of one moment."""

    call: Call
    files: list[FileThen]
    deadline: float | None
    missing: _Missing = field(default_factory=_Missing)

    def is_late(self) -> bool:
        self.call.check()
        return self.deadline is not None and time.monotonic() > self.deadline


class Earlier:
    """Makes engines of a drive whose files are those of an earlier moment.

    Args:
        past: says which files there were.
        pipeline: reads contents that the index does not have; None where another process has it.
        retained: keeps what was read.
        scratch: a folder for copies of contents, without names.
    """

    def __init__(
        self, past: Past, pipeline: Pipeline | None, retained: Retained, scratch: Path
    ) -> None:
        self._past = past
        self._pipeline = pipeline
        self._retained = retained
        self._scratch = scratch
        self._facts: dict[tuple[int, str], Facts] = {}
        self._digests: dict[int, bytes] = {}  # of contents that the ledger has no digest of
        self._wordless: set[bytes] = set()  # contents that are no documents

    @contextlib.contextmanager
    def at(self, call: Call, time_ns: int, *, wait: bool) -> Iterator[tuple[Call, tuple[str, ...]]]:
        """The same call on the drive of a moment, and notes on what is missing there.

        Args:
            call: is told of progress, and says when to stop.
            time_ns: the moment, in nanoseconds since the epoch.
            wait: read all that is to be read, however long it takes.
        """
        from lsfs.index.store.then import CatalogThen

        engines = call.engines
        if engines.keeper is not None:
            engines.keeper.follow()
        files = self._files(engines, time_ns)
        visit = _Visit(call, files, None if wait else time.monotonic() + READ_SECONDS)
        self._read(visit)
        with contextlib.closing(CatalogThen(engines.state.catalog)) as then:
            entries = list(self._entries(then, visit))
            left = then.fill(entries, lambda id_, path: self._judge(visit, then, id_, path))
            visit.missing.unread += left
            earlier = replace(
                engines, catalog=then, search=engines.search.of(then), moment_ns=time_ns
            )
            yield replace(call, engines=earlier), self._notes(visit, time_ns)

    def _files(self, engines: Engines, time_ns: int) -> list[FileThen]:
        limit = engines.config.index.max_file_bytes
        by_path = {
            file.path: file
            for file in self._past.files(time_ns)
            if file.size <= limit and not engines.tree.ignored(file.path)
        }
        return list(by_path.values())

    # --- what the index does not have

    def _read(self, visit: _Visit) -> None:
        """Read the contents that the index does not have, the smallest first."""
        present = visit.call.engines.catalog.contents()
        known = visit.call.engines.catalog.documents()
        todo = [
            file
            for file in visit.files
            if not _is_same(file, present)
            and (digest := self._digest(file)) not in self._wordless
            and (digest is None or digest not in known)
        ]
        todo.sort(key=lambda file: file.size)
        if self._pipeline is None:
            return
        for done, file in enumerate(todo):
            if visit.is_late():
                return
            visit.call.emit({"stage": "reading the past", "done": done, "total": len(todo)})
            self._read_one(self._pipeline, file)
        if todo:
            self._pipeline.embed(None, visit.is_late)

    def _read_one(self, pipeline: Pipeline, file: FileThen) -> None:
        from lsfs.versions.contents import copy

        if file.content is None or file.is_pruned:
            return
        try:
            with (
                tempfile.TemporaryFile(dir=self._scratch) as scratch,
                contextlib.closing(self._past.contents.open(file.content)) as content,
            ):
                copy(content, scratch.fileno())
                digest = digests.of_file(scratch.fileno())
                if file.digest not in (None, digest):
                    log.warning("%s: an earlier content is not what it was", file.path)
                    return
                self._digests[file.content] = digest
                self._retained.keep(digest)
                if not pipeline.read_past(scratch.fileno(), file.path, digest):
                    self._wordless.add(digest)
        except (LsfsError, OSError) as error:
            log.warning("%s: an earlier content cannot be read: %s", file.path, error)

    def _digest(self, file: FileThen) -> bytes | None:
        if file.digest is None and file.content is not None:
            return self._digests.get(file.content)
        return file.digest

    # --- what the files were

    def _entries(self, then: CatalogThen, visit: _Visit) -> Iterator[Entry]:
        from lsfs.index.store.then import Entry

        present = then.contents()
        known = then.documents()
        for file in visit.files:
            digest = self._digest(file)
            if _is_same(file, present):
                yield Entry(file.path, file.size, file.mtime_ns)
            elif digest in known:
                yield Entry(file.path, file.size, file.mtime_ns, known[digest])
            elif digest not in self._wordless:
                self._miss(file, visit.missing)

    def _miss(self, file: FileThen, missing: _Missing) -> None:
        is_kept = file.content is not None and not file.is_pruned
        if is_kept and file.content is not None:
            contents = self._past.contents
            is_kept = contents.is_kept(contents.row(file.content))
        missing.unread += is_kept
        missing.lost += not is_kept

    def _judge(self, visit: _Visit, then: CatalogThen, document_id: int, path: str) -> Facts | None:
        """Kind and dates of a file then; None when there is no time."""
        from lsfs.index.readers.making import facts_of

        known = self._facts.get((document_id, path))
        if known is None:
            if visit.is_late():
                return None
            known = self._facts[document_id, path] = facts_of(then.load(document_id), path)
            while len(self._facts) > JUDGED:
                del self._facts[next(iter(self._facts))]
        return known

    # --- what is said

    def _notes(self, visit: _Visit, time_ns: int) -> tuple[str, ...]:
        first = self._past.first()
        if first is None or time_ns < first:
            since = "" if first is None else f"; its versions begin {told(first)}"
            return (f"nothing is known of this drive {told(time_ns)}{since}",)
        notes = [f"as of {told(time_ns)}"]
        lost, unread = visit.missing.lost, visit.missing.unread
        if lost:
            notes.append(f"{_files(lost)} of that time left out: nobody kept what was in them")
        if unread and self._pipeline is None:
            notes.append(f"{_files(unread)} of that time left out: another process is indexing")
        elif unread:
            notes.append(
                f"{_files(unread)} of that time left out: not read within "
                f"{READ_SECONDS:.0f} s; all are with --wait"
            )
        return tuple(notes)


@contextlib.contextmanager
def at_moment(call: Call, phrase: str, *, wait: bool) -> Iterator[tuple[Call, tuple[str, ...]]]:
    """A call on the drive as it was, and notes; with an empty phrase the call as it is.

    Raises:
        UsageError: the phrase is no moment of the past.
    """
    engines = call.engines
    if not phrase:
        yield call, ()
        return
    from lsfs.syscalls.past import when

    if engines.earlier is None:
        raise UsageError("this drive has no past")
    time_ns = when(call, phrase)
    with engines.earlier.at(call, time_ns, wait=wait) as found:
        yield found


def told(time_ns: int) -> str:
    """A moment as it is shown: local time to the second, with its offset."""
    moment = datetime.fromtimestamp(time_ns // 1_000_000_000).astimezone()
    return moment.isoformat(sep=" ", timespec="seconds")


def _is_same(file: FileThen, present: dict[str, bytes | None]) -> bool:
    """Whether a file is now what it was then."""
    if file.path not in present:
        return False
    now = present[file.path]
    if file.digest is None or now is None:
        return file.is_live
    return file.digest == now


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
