"""What a syscall works with: the engines of one drive, and the call it serves."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from lsfs.errors import AccessDenied, Cancelled
from lsfs.safety.clients import Client
from lsfs.safety.grants import FULL, Grant

if TYPE_CHECKING:
    from lsfs.clock import Clock
    from lsfs.config import Config
    from lsfs.index.find.search import Search
    from lsfs.index.meaning.embed import Embedder
    from lsfs.index.readers.reading import Reader
    from lsfs.index.store.catalog import Catalog
    from lsfs.index.store.seen import Views
    from lsfs.index.tree import SourceTree
    from lsfs.llm.answers.chat import ChatModel, Reranker
    from lsfs.llm.runtime.residents import Residents
    from lsfs.model import Problem
    from lsfs.paths import StatePaths
    from lsfs.syscalls.ahead import Ahead
    from lsfs.syscalls.search.then import Earlier
    from lsfs.versions.keeper import Keeper
    from lsfs.versions.past import Past

Emit = Callable[[dict[str, Any]], None]


class Indexer(Protocol):
    """Keeps the index in step with the files."""

    def fresh(self, emit: Emit) -> None:
        """Called before a result is computed: catch up, where nobody else does so all the time."""
        ...

    def wait(self, emit: Emit, timeout: float | None) -> bool:
        """Wait until all that is on the disk now is indexed; False when time ran out."""
        ...

    def reindex(self, emit: Emit) -> None:
        """Read and embed every file again."""
        ...

    def hint(self, paths: Iterable[str]) -> None:
        """Something happened at these paths, or below them."""
        ...

    @property
    def pid(self) -> int:
        """The process that does the work."""
        ...


class Engines(Struct, frozen=True):
    """The parts of one open drive; built by :func:`lsfs.syscalls.drive.open_engines`.

    Attributes:
        views: of the files that a caller may see, for who may not see all.
        earlier: gives the engines of an earlier moment.
        checked: looks at an index that others keep, where it is; counts what it looks at. None:
            the index is kept here.
        moment_ns: the moment that catalog and search are of, in nanoseconds since the epoch; None:
            the present.
        ahead: reads passages that are likely to be asked about, in a process that stays; else None.
        reranker: puts the best hits of a search in order, where ``model.rerank`` names one.
    """

    source: Path
    state: StatePaths
    config: Config
    clock: Clock
    catalog: Catalog
    search: Search
    tree: SourceTree
    chat: ChatModel | None
    indexer: Indexer
    past: Past
    keeper: Keeper | None  # None where another process keeps the versions
    reader: Reader
    views: Views
    earlier: Earlier | None = None
    checked: Callable[[bool, Counter[str]], list[Problem]] | None = None
    moment_ns: int | None = None
    answering: threading.Lock = field(default_factory=threading.Lock)  # one kept question at a time
    ahead: Ahead | None = None
    reranker: Reranker | None = None
    residents: Residents | None = None  # the models that are in memory

    def question(self) -> contextlib.AbstractContextManager[None]:
        """While a question is answered, nothing that nobody waits for takes the model."""
        return contextlib.nullcontext() if self.ahead is None else self.ahead.standing_back()

    writing: threading.RLock = field(
        default_factory=threading.RLock
    )  # one change of files at a time

    @property
    def embedder(self) -> Embedder | None:
        """The embedding model that answers now; another may follow on it."""
        return self.search.embedder

    def is_there(self, path: str) -> bool:
        """Whether a file that was found stands at its path still; those of the past do not go."""
        return self.moment_ns is not None or self.tree.exists(path)

    def today(self) -> date:
        """The day it is where the user is."""
        return self.clock.now().astimezone().date()


def _ignore(_: dict[str, Any]) -> None:
    """The sink of a caller who wants no events."""


def _everything(_: str) -> bool:
    """What a caller sees whom nothing is hidden from."""
    return True


class Call(Struct, frozen=True):
    """One call of a syscall.

    Attributes:
        engines: the drive it runs on.
        emit: takes events before the result: ``{"text": …}`` of an answer, ``{"stage", "done",
            "total"}`` of long work.
        cancelled: set when the caller has gone.
        client: who calls.
        grant: what they may do.
        sees: whether they may see what is at a path; the engines show nothing else already.
        changes: whether the call may change files; one that only reads may not, whatever it finds
            in them.
    """

    engines: Engines
    emit: Emit = _ignore
    cancelled: threading.Event = field(default_factory=threading.Event)
    client: Client = field(default_factory=Client)
    grant: Grant = FULL
    sees: Callable[[str], bool] = _everything
    changes: bool = True

    def check_changes(self) -> None:
        """Stop here if this call only reads.

        Raises:
            AccessDenied: it does.
        """
        if not self.changes:
            raise AccessDenied("a call that reads tried to change files")

    def check(self) -> None:
        """Stop here if the caller has gone.

        Raises:
            Cancelled: the caller has gone.
        """
        if self.cancelled.is_set():
            raise Cancelled("the caller has gone")
