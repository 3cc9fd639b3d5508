"""The composition root: one folder, its engines, and the object that an agent holds."""

from __future__ import annotations

import contextlib
import logging
import os
import time
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec.structs import replace

from lsfs.clock import Clock, SystemClock
from lsfs.drives import DriveRecord, locked
from lsfs.errors import LockHeld, LsfsError
from lsfs.safety.clients import Client
from lsfs.safety.grants import FULL, Grant
from lsfs.syscalls.engines import Call, Emit, Engines
from lsfs.syscalls.methods import Methods
from lsfs.syscalls.registry import registry

if TYPE_CHECKING:
    from lsfs.config import Config, ModelConfig
    from lsfs.index.find.search import Search
    from lsfs.index.ingest import Pipeline
    from lsfs.index.readers.pool import SandboxPool
    from lsfs.index.store.catalog import Catalog
    from lsfs.llm.answers.chat import ChatModel
    from lsfs.llm.runtime.residents import Residents
    from lsfs.llm.runtime.shedding import Shedding
    from lsfs.paths import StatePaths
    from lsfs.syscalls.ahead import Ahead
    from lsfs.syscalls.changes import FileEvent
    from lsfs.syscalls.streaming import Stream
    from lsfs.versions.keeper import Keeper
    from lsfs.versions.past import Past

log = logging.getLogger("lsfs.syscalls.drive")

WATCH_SECONDS = 0.25  # between looks at what has changed
FIRST_INDEX_SECONDS = 20.0  # to wait for another process that is just making the index


def new_session() -> str:
    """A name for a session that nobody else has."""
    return f"drive {uuid.uuid4().hex}"


class Caller(Protocol):
    """Runs syscalls by name: here, or in a daemon."""

    def call(self, name: str, arguments: dict[str, Any], emit: Emit) -> Any:
        """The result of a syscall, of its declared type.

        Raises:
            LsfsError: what the syscall raised.
        """
        ...

    def close(self) -> None:
        """Release what the caller holds."""
        ...


class Drive(Methods):
    """A folder that can be asked. Get one from :func:`lsfs.open`.

    Every syscall is a method: ``drive.retrieve("rent", k=5)``. Arguments are checked; unknown ones
    are errors. ``on_event`` takes progress and streamed text.

    Args:
        source: the folder.
        caller: who runs the syscalls.
        on_event: called with each event of a call.
        session: what conversations and locks are known by; a new one by default.
    """

    def __init__(
        self,
        source: Path,
        caller: Caller,
        on_event: Callable[[dict[str, Any]], None] | None = None,
        *,
        session: str = "",
    ) -> None:
        self.source = source
        self._caller = caller
        self._on_event = on_event or (lambda _: None)
        self._session = session or new_session()
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()

    def __repr__(self) -> str:
        return f"Drive({str(self.source)!r})"

    def __enter__(self) -> Drive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the drive, once what is streamed has come to its end."""
        for stream in self._streams:
            stream.wait()
        self._caller.close()

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Run a syscall by name.

        Raises:
            UsageError: no such syscall, or wrong arguments.
            LsfsError: what the syscall raised.
        """
        return self._caller.call(name, bound(name, args, kwargs, self._session), self._on_event)

    def stream(self, name: str, /, *args: Any, **kwargs: Any) -> Stream:
        """Run a syscall, and give its text as it comes: ``for text in drive.stream("ask", …)``.

        The answer itself is the ``result`` of what is returned, once all of its text has come.

        Raises:
            UsageError: no such syscall, or wrong arguments.
        """
        from lsfs.syscalls.streaming import Stream

        arguments = bound(name, args, kwargs, self._session)
        made = Stream(partial(self._caller.call, name, arguments), self._on_event)
        self._streams.add(made)
        return made

    def watch(
        self, path: str = "", cursor: str = "", *, interval: float = WATCH_SECONDS
    ) -> Iterator[FileEvent]:
        """Give what happens to files, as it happens, without end.

        Args:
            path: only at and below this path.
            cursor: go on from here: the ``cursor`` of the last event, perhaps of another process;
                without one, from now.
            interval: seconds between looks.
        """
        begin = cursor or self.changes_since(path=path).cursor
        return self._watching(path, begin, interval)

    def _watching(self, path: str, cursor: str, interval: float) -> Iterator[FileEvent]:
        while True:
            news = self.changes_since(cursor, path=path)
            yield from news.events
            cursor = news.cursor
            if not news.events:
                time.sleep(interval)


def bound(
    name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], session: str
) -> dict[str, Any]:
    """The arguments of a call, checked, and complete with what its caller knows.

    Args:
        session: names the caller.

    Raises:
        UsageError: no such syscall, or wrong arguments.
    """
    declared = registry[name]
    request = declared.bind(args, kwargs)
    arguments = {entry.name: getattr(request, entry.name) for entry, _, _ in declared.fields()}
    for entry, _, param in declared.fields():
        if param.session and not arguments[entry.name]:
            arguments[entry.name] = session
        if param.local:  # whoever runs it may be elsewhere
            arguments[entry.name] = str(Path(arguments[entry.name]).expanduser().absolute())
    return arguments


def run(call: Call, name: str, arguments: dict[str, Any]) -> Any:
    """Run a syscall on engines: :func:`lsfs.syscalls.gate.run`, which is loaded when it is used."""
    from lsfs.syscalls import gate

    return gate.run(call, name, arguments)


class LocalCaller:
    """Runs syscalls on engines in this process.

    Args:
        release: closes them.
        client: who calls.
        grant: what they may do.
    """

    def __init__(
        self,
        engines: Engines,
        release: Callable[[], None],
        client: Client | None = None,
        grant: Grant = FULL,
    ) -> None:
        self.engines = engines
        self._release = release
        self._client = client or Client()
        self._grant = grant

    def call(self, name: str, arguments: dict[str, Any], emit: Emit) -> Any:
        """Run a syscall in this thread."""
        call = Call(self.engines, emit, client=self._client, grant=self._grant)
        return run(call, name, arguments)

    def close(self) -> None:
        self._release()


def open_local(
    record: DriveRecord,
    config: Config,
    *,
    clock: Clock | None = None,
    client: Client | None = None,
    grant: Grant = FULL,
) -> LocalCaller:
    """Engines of a drive in this process, indexing whenever a result is asked for.

    When another process is indexing the drive right now, the index is read as it is.
    """
    stack = contextlib.ExitStack()
    with stack:
        read_only = not _lock(record, stack)
        with _room(record):
            engines = open_engines(record, config, stack, read_only=read_only, clock=clock)
        return LocalCaller(engines, stack.pop_all().close, client, grant)
    raise AssertionError  # the block returns or raises; a with statement hides that from checkers


def _room(record: DriveRecord) -> contextlib.AbstractContextManager[None]:
    """A full disk does not keep anybody from opening a drive to make room on it."""
    from lsfs.versions.reserve import Reserve

    return Reserve(record.state.reserve).lent()


def _lock(record: DriveRecord, stack: contextlib.ExitStack) -> bool:
    """Take the catalog for writing; False when another process has it and it can be read.

    Raises:
        LockHeld: another process has it, and has not made it in all this time.
    """
    from lsfs.index.store.opening import is_made

    deadline = time.monotonic() + FIRST_INDEX_SECONDS
    while True:
        try:
            stack.enter_context(locked(record.state.catalog_lock))
        except LockHeld as held:
            if is_made(record.state.catalog):
                log.warning("%s: reading the index as it is", held)
                return False
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return True


def open_engines(
    record: DriveRecord,
    config: Config,
    stack: contextlib.ExitStack,
    *,
    read_only: bool = False,
    follow: bool = False,
    clock: Clock | None = None,
) -> Engines:
    """Build the engines of a drive; ``stack`` closes them.

    Args:
        read_only: take the index as it is.
        follow: index behind the caller, as files change, instead of when asked.
    """
    from lsfs.index.follow import CatchUp
    from lsfs.index.ingest import Pipeline
    from lsfs.index.store.catalog import open_or_rebuild
    from lsfs.index.store.seen import Views
    from lsfs.index.tree import SourceTree
    from lsfs.syscalls.search import rerank
    from lsfs.syscalls.search.then import Earlier, Retained

    residents, shedding = _residents(config, stack, follow=follow)
    clock = clock or SystemClock()
    if record.library:
        return _library((record, config, clock), residents, (read_only, follow), stack)
    catalog = open_or_rebuild(record.state.catalog, read_only=read_only)
    stack.callback(catalog.close)
    tree = SourceTree(record.source, config.index.ignore, config.index.gitignore)
    stack.callback(tree.close)
    search = _search(record, config.model, residents, catalog)
    views = Views(catalog, record.state.catalog, search)
    stack.callback(views.close)
    chat = _chat(config, residents, record.state.kv, stack)
    reranker = rerank.reranker(config.model, residents)
    keeper, past = _versions(record, config, clock, stack, read_only=read_only)
    retained = Retained(past, config.versions.indexed)
    reader = _reader(config, None if read_only else record.state)
    stack.callback(reader.close)
    pipeline = None
    if not read_only:
        witness = None if keeper is None else VersionsWitness(keeper)
        pipeline = Pipeline(
            catalog, None, None, reader, tree, config.index, witness,
            retained if config.versions.indexed > 0 else None, config.fields, search.meanings,
        )  # fmt: skip
    indexer = CatchUp(catalog, pipeline, tree)
    stack.callback(indexer.close)
    engines = Engines(
        record.source, record.state, config, clock, catalog, search, tree, chat, indexer,
        past, keeper, reader, views, Earlier(past, pipeline, retained, record.state.incoming),
        reranker=reranker, residents=residents,
    )  # fmt: skip
    if not follow or pipeline is None:
        return engines
    return _following(engines, pipeline, reader.close, stack, shedding)


def _search(
    record: DriveRecord, model: ModelConfig, residents: Residents, catalog: Catalog
) -> Search:
    """The search of a drive, with the vectors of its embedding model."""
    from lsfs.index.find.search import Search
    from lsfs.syscalls import embedders

    embedder = embedders.load(model, residents)
    meanings = embedders.meanings(
        embedder, model, catalog, record.state.vectors, read_only=catalog.read_only
    )
    return Search(catalog, None, None, meanings)


def _residents(
    config: Config, stack: contextlib.ExitStack, *, follow: bool
) -> tuple[Residents, Shedding]:
    """The models that are loaded, and what unloads them when memory is short."""
    from lsfs.llm.runtime.residents import Residents
    from lsfs.llm.runtime.shedding import Shedding

    residents = Residents(config.model.memory * 2**20)
    stack.callback(residents.close)
    shedding = Shedding(residents, config.model.memory_free * 2**20)
    if follow and config.model.memory_free:  # a process that stays
        stack.callback(shedding.close)
        shedding.start()
    return residents, shedding


def _library(
    what: tuple[DriveRecord, Config, Clock],
    residents: Residents,
    how: tuple[bool, bool],
    stack: contextlib.ExitStack,
) -> Engines:
    """The engines of a shared library, with the models of this machine."""
    from lsfs.syscalls import embedders, shared
    from lsfs.syscalls.search import rerank

    record, config, clock = what
    read_only, follow = how
    reader = _reader(config)
    stack.callback(reader.close)
    opening = shared.Opening(
        record, config, clock, embedders.load(config.model, residents),
        _chat(config, residents, record.state.kv, stack), rerank.reranker(config.model, residents),
        reader, read_only=read_only, follow=follow,
    )  # fmt: skip
    return shared.open_library(opening, stack)


def _versions(
    record: DriveRecord,
    config: Config,
    clock: Clock,
    stack: contextlib.ExitStack,
    *,
    read_only: bool,
) -> tuple[Keeper | None, Past]:
    """What keeps the versions, where that is for us to do, and what reads them."""
    from lsfs.versions.keeper import Keeper
    from lsfs.versions.past import Past

    if not read_only:
        keeper = Keeper(record.state, record.source, clock, read_bytes=config.versions.read_bytes)
        stack.callback(keeper.close)
        return keeper, keeper.past
    source = os.open(record.source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    stack.callback(os.close, source)
    state = record.state
    past = Past(state.versions, state.history, state.objects, source)
    stack.callback(past.close)
    return None, past


class VersionsWitness:
    """Tells who keeps the versions what the index sees, and spares the index their troubles."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def look(self, paths: Iterable[str] | None) -> None:
        """Find what happened behind the mount."""
        with _told("versions behind the mount are not noted"):
            self._keeper.look(paths)

    def read(self, files: Sequence[tuple[int, bytes]]) -> None:
        """Keep what was read."""
        with _told("what was read is not kept"):
            self._keeper.keep_read(files)

    def rest(self, stop: Callable[[], bool]) -> None:
        """Give what was captured its place."""
        with _told("what was captured is not settled"):
            self._keeper.settle(stop)
            self._keeper.copy_if_due()


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Log what goes wrong, and go on: it is tried again with the next change."""
    import sqlite3

    try:
        yield
    except (LsfsError, OSError, sqlite3.Error) as error:
        log.error("%s: %s", what, error)


def _following(
    engines: Engines,
    pipeline: Pipeline,
    interrupt: Callable[[], None],
    stack: contextlib.ExitStack,
    shedding: Shedding,
) -> Engines:
    from lsfs.index.follow import Follower
    from lsfs.index.pause import Pause
    from lsfs.syscalls import joins_kept, retrieve
    from lsfs.syscalls.relations import grouping

    ahead = _ahead(engines, shedding)

    def recompute() -> None:
        if ahead is not None:
            ahead.changed()
        grouping.follow(Call(engines))  # first, for new topics are a new state of the index
        for name, query in engines.catalog.saved_searches():
            retrieve.keep_search(engines, name, query)
        joins_kept.refresh(Call(engines))

    follower = Follower(
        engines.catalog,
        pipeline,
        engines.tree,
        debounce_ms=engines.config.index.debounce_ms,
        after_change=recompute,
        interrupt=interrupt,
        pause=Pause(engines.config.index.pause),
    )
    stack.callback(follower.close)
    follower.start()
    if ahead is not None:
        stack.callback(ahead.close)
        ahead.start()
    return replace(engines, indexer=follower, ahead=ahead)


def _ahead(engines: Engines, shedding: Shedding) -> Ahead | None:
    """What reads ahead, where the model keeps what it reads."""
    from lsfs.index.pause import Pause
    from lsfs.llm.answers.chat import ReadsAhead
    from lsfs.syscalls.ahead import Ahead, EitherOf, passages_of

    chat, catalog = engines.chat, engines.catalog
    if engines.config.model.kv == "off" or not isinstance(chat, ReadsAhead):
        return None
    return Ahead(
        chat,
        lambda path: passages_of(catalog, path),
        is_at_rest=lambda: not catalog.waiting().files,
        # Whatever holds for indexing: it is never urgent.
        pause=EitherOf(Pause("either"), shedding),
        now_ns=engines.clock.now_ns,
    )


def _reader(config: Config, state: StatePaths | None = None) -> SandboxPool:
    """What reads files; with a state, it goes on with scans that were not read to their end."""
    from lsfs.index.readers import page_model
    from lsfs.index.readers.pool import SandboxPool
    from lsfs.index.readers.sandbox import Sandbox
    from lsfs.index.readers.scans import Scans

    if config.index.neural and (hindrance := page_model.hindrance(config.index.neural)):
        log.warning("PDF is read without the page model: %s", hindrance)
    scans = None if state is None else Scans(state.scans)
    return SandboxPool(config.index, lambda limits: Sandbox(limits, scans=scans))


def _chat(
    config: Config, residents: Residents, kept: Path, stack: contextlib.ExitStack
) -> ChatModel | None:
    from lsfs.llm.files import models

    if models.is_server(config.model.chat):
        from lsfs.llm.runtime.served import ServedChat

        return ServedChat(config.model)
    found = models.chat_model_file(config.model.chat)
    if found is None:
        return None
    from lsfs.llm.runtime.local import LocalChat

    chat = LocalChat(found, config.model, residents, kept)
    stack.callback(chat.close)
    return chat
