"""A folder into a library: what is other there is read and committed, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from msgspec.structs import replace

from lsfs.errors import ConfirmationRequired
from lsfs.index.library import rows
from lsfs.index.library.batches import Batch
from lsfs.index.library.plan import Plan, batches, plan
from lsfs.index.library.tables import Library
from lsfs.index.library.told import Ingested
from lsfs.index.library.work import Look, Settings, Source, Worker, embedded
from lsfs.index.library.writing import Writer
from lsfs.index.meaning.embed import Embedder
from lsfs.index.readers.ahead import workers_of
from lsfs.index.readers.making import Rules
from lsfs.index.readers.making_pool import makers
from lsfs.index.readers.reading import Reader

ROUNDS = 3  # looks at the folder in one run: files may change, and others may write, meanwhile
FEW = 20  # files, of which all may go without being asked for

Progress = Callable[[str, int, int], None]  # stage, done, total


class Engine(Protocol):
    """Makes batches of files, here or on other machines."""

    def made(self, units: Sequence[Sequence[Look]]) -> Iterator[list[Batch]]:
        """Batches with vectors, those to be committed together; one for each unit, in any order."""
        ...


class Ingest:
    """Brings what a library has of a folder in step with it.

    Args:
        library: where to.
        source: the folder, and its name there.
        engine: makes batches.
        writer: commits them.
        replaces: most of what the library has under this name may go.
    """

    def __init__(
        self,
        library: Library,
        source: Source,
        engine: Engine,
        writer: Writer,
        *,
        replaces: bool = False,
    ) -> None:
        self._library = library
        self._source = source
        self._engine = engine
        self._writer = writer
        self._replaces = replaces

    def run(
        self, progress: Progress | None = None, stop: Callable[[], bool] = lambda: False
    ) -> Ingested:
        """Do all there is to do.

        Args:
            progress: told the stage, how much of it is done, and how much there is.
            stop: asked between commits; what is committed stays.

        Raises:
            ConfirmationRequired: most files under this name would go.
        """
        done = Ingested(self._source.name)
        for _ in range(ROUNDS):
            look = self._plan()
            done = self._round(look, replace(done, files=look.there, left=0), progress, stop)
            if not done.left or stop():
                break
        return done

    def _plan(self) -> Plan:
        snapshot = self._library.snapshot()
        seen = dict(self._source.tree.files(""))
        found = plan(snapshot, self._source.name, seen, self._writer.made_by)
        if len(found.gone) > max(FEW, found.known // 2) and not self._replaces:
            raise ConfirmationRequired(
                f"{len(found.gone):,} of the {found.known:,} files that the library has under "
                f"{self._source.name!r} are not in the folder",
                hint="is it another folder? Give it another name with --as NAME; "
                "or let the files go with --replace",
            )
        return found

    def _round(
        self,
        look: Plan,
        done: Ingested,
        progress: Progress | None,
        stop: Callable[[], bool],
    ) -> Ingested:
        read = 0
        if look.gone:
            gone = Batch(rows.table("file", ()), look.gone)
            done = self._commit([gone], done)
        made = self._engine.made(list(batches(look.looks)))
        for some in made:
            done = self._commit(some, done)
            read += sum(batch.read for batch in some)
            if progress:
                progress("reading", read, len(look.looks))
            if stop():
                break
        return replace(done, head=done.head or self._library.head().number)

    def _commit(self, some: list[Batch], done: Ingested) -> Ingested:
        committed = self._writer.commit(some)
        return replace(
            done,
            head=committed.head.number,
            read=done.read + sum(batch.files.num_rows for batch in some),
            removed=done.removed + sum(len(batch.before) - batch.files.num_rows for batch in some),
            parsed=done.parsed + sum(batch.parsed for batch in some),
            embedded=done.embedded + sum(batch.embedded for batch in some),
            size=done.size + sum(batch.size for batch in some),
            added=done.added + committed.added,
            commits=done.commits + 1,
            left=done.left + committed.overtaken + sum(batch.restless for batch in some),
        )


class LocalEngine:
    """Makes batches in this process; one is read while the one before it is committed.

    Args:
        library: where they go.
        source: the folder.
        reader: makes documents.
        settings: limits, and what rows are made with.
        embedder: makes vectors; None for none.
    """

    def __init__(
        self,
        library: Library,
        source: Source,
        reader: Reader,
        settings: Settings,
        embedder: Embedder | None,
    ) -> None:
        self._library = library
        self._source = source
        self._reader = reader
        self._settings = settings
        self._embedder = embedder

    def made(self, units: Sequence[Sequence[Look]]) -> Iterator[list[Batch]]:
        """See :class:`Engine`; in order."""
        own = self._settings.fields
        waiting = sum(map(len, units))
        workers = workers_of(self._settings.index)
        with (
            makers(Rules(own), own, waiting=waiting, workers=workers) as (maker, _),
            ThreadPoolExecutor(1, "lsfs-library") as ahead,
        ):
            worker = Worker(self._library, self._source, self._reader, maker, self._settings)
            begun: Future[Batch] | None = None
            for unit in units:
                last, begun = begun, ahead.submit(worker.read, unit)
                if last is not None:
                    yield [embedded(last.result(), self._embedder)]
            if begun is not None:
                yield [embedded(begun.result(), self._embedder)]
