"""A folder into a shared library, and the library's upkeep: the engines of it, put together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from lsfs import config as settings
from lsfs.errors import NotFound, UsageError
from lsfs.index.library.told import Compacted, Ingested, LibraryReport

if TYPE_CHECKING:
    from lsfs.config import Config
    from lsfs.index.library.ingest import Engine
    from lsfs.index.library.rules import MadeBy
    from lsfs.index.library.tables import Library
    from lsfs.index.library.work import Source
    from lsfs.index.library.writing import Writer
    from lsfs.index.meaning.embed import Embedder

EngineName = Literal["local", "ray"]
COMPACT_AFTER = 1  # commits of one run, after which the library is compacted and its indexes whole

Progress = Callable[[str, int, int], None]  # stage, done, total


class Order(Struct, frozen=True):
    """What is to be put into a library, and how.

    Attributes:
        folder: what is put in.
        uri: the library; made if there is none.
        name: of the folder in the library; '' for the folder's own.
        engine: who reads: this process, or Ray.
        address: of a cluster of Ray; '' for one on this machine, started for it.
        replaces: most of what the library has under the name may go.
        compacts: compact it at the end, if there were several commits.
    """

    folder: Path
    uri: str
    name: str = ""
    engine: EngineName = "local"
    address: str = ""
    replaces: bool = False
    compacts: bool = True


class Put(Struct, frozen=True):
    """What came of it.

    Attributes:
        ingested: what was read and committed.
        compacted: the library's upkeep at the end; None where it was not due.
    """

    ingested: Ingested
    compacted: Compacted | None = None


def _nothing(stage: str, done: int, total: int) -> None:
    """Nobody watches."""


def put(
    order: Order, *, progress: Progress = _nothing, stop: Callable[[], bool] = lambda: False
) -> Put:
    """Bring what a library has of a folder in step with it.

    Args:
        progress: told the stage, how much of it is done, and how much there is.
        stop: asked between commits.

    Raises:
        NotFound: there is no such folder.
        UsageError: the name, the URI or the settings do not fit; Ray is wanted and not installed.
        LsfsError: the storage does not answer.
    """
    from lsfs.index.library.compaction import compact
    from lsfs.index.library.ingest import Ingest

    folder = order.folder.expanduser().resolve()
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}")
    config = settings.load(folder)
    with contextlib.ExitStack() as stack:
        work = _work(order, folder, config, stack)
        run = Ingest(work.library, work.source, work.engine, work.writer, replaces=order.replaces)
        ingested = run.run(progress, stop)
        compacted = None
        if order.compacts and ingested.commits >= COMPACT_AFTER and not stop():
            compacted = compact(work.writer, progress=progress)
    return Put(ingested, compacted)


class _Work(Struct, frozen=True):
    library: Library
    source: Source
    engine: Engine
    writer: Writer


def _work(order: Order, folder: Path, config: Config, stack: contextlib.ExitStack) -> _Work:
    from lsfs.index.library.ingest import LocalEngine
    from lsfs.index.library.rules import MadeBy
    from lsfs.index.library.work import Settings, Source
    from lsfs.index.readers.pool import SandboxPool
    from lsfs.index.tree import SourceTree
    from lsfs.syscalls import embedders

    name = _name(order.name or folder.name)
    reader = SandboxPool(config.index)
    stack.callback(reader.close)
    made_by = MadeBy.of(reader.versions(), config.fields, config.index)
    settings_ = Settings(made_by, config.index, config.fields)
    engine: Engine
    if order.engine == "ray":
        from lsfs.index.library.ray_engine import RayEngine, Recipe

        reader.close()  # those who read have their own
        load = partial(embedders.load, config.model)
        on_gpu = Path(config.model.embed).is_dir()  # a model of torch
        recipe = Recipe(order.uri, folder, name, settings_, load, on_gpu)
        engine = RayEngine(recipe, order.address)
        stack.callback(engine.close)
    embedder = embedders.load(config.model)
    library, writer = _opened(order.uri, embedder, made_by)
    tree = SourceTree(folder, config.index.ignore, config.index.gitignore)
    stack.callback(tree.close)
    source = Source(name, tree)
    if order.engine == "local":
        engine = LocalEngine(library, source, reader, settings_, embedder)
    return _Work(library, source, engine, writer)


def _opened(uri: str, embedder: Embedder | None, made_by: MadeBy) -> tuple[Library, Writer]:
    from lsfs.index.library import writing
    from lsfs.index.library.claims import Claims
    from lsfs.index.library.objects import Objects
    from lsfs.index.library.tables import Library

    library = Library(Objects(uri, make=True))
    writing.opened(library, embedder, made_by)
    return library, writing.Writer(library, Claims(library.heads), made_by)


def _name(name: str) -> str:
    """A name of a folder in a library, if it is one.

    Raises:
        UsageError: it is none.
    """
    if not name or "/" in name or "\0" in name or name in (".", ".."):
        raise UsageError(
            f"{name!r} is no name of a folder in a library", hint="give it one with --as NAME"
        )
    return name


def compact(
    uri: str, *, kept_seconds: float | None = None, progress: Progress = _nothing
) -> Compacted:
    """Compact a library: see :mod:`lsfs.index.library.compaction`.

    Args:
        kept_seconds: how long versions and bytes stay that no head needs any more.

    Raises:
        NotFound: there is no library.
    """
    from lsfs.index.library import compaction

    kept = compaction.KEPT_SECONDS if kept_seconds is None else kept_seconds
    return compaction.compact(_keeper(uri), kept_seconds=kept, progress=progress)


def check(uri: str, *, deep: bool = False, progress: Progress = _nothing) -> LibraryReport:
    """Whether a library is well: see :mod:`lsfs.index.library.check`.

    Args:
        deep: read the bytes of all files, too.

    Raises:
        NotFound: there is no library.
    """
    from lsfs.index.library.check import check as look

    return look(_library(uri), deep=deep, progress=progress)


def repair(uri: str, *, deep: bool = False, progress: Progress = _nothing) -> LibraryReport:
    """Mend a library: see :mod:`lsfs.index.library.repair`.

    Args:
        deep: read the bytes of all files, too.

    Raises:
        NotFound: there is no library.
    """
    from lsfs.index.library.repair import repair as mend

    return mend(_keeper(uri), deep=deep, progress=progress)


def _keeper(uri: str) -> Writer:
    """Who looks after a library, and adds nothing to it."""
    from lsfs.index.library.claims import Claims
    from lsfs.index.library.rules import MadeBy
    from lsfs.index.library.writing import Writer

    library = _library(uri)
    return Writer(library, Claims(library.heads), MadeBy({}))


def _library(uri: str) -> Library:
    from lsfs.index.library.objects import Objects
    from lsfs.index.library.tables import Library

    library = Library(Objects(uri))
    library.head()
    return library
