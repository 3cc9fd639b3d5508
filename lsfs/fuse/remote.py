"""The brain, as the process that serves the mount reaches it."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsfs import codec
from lsfs.errors import LockHeld
from lsfs.model import SavedQuestion
from lsfs.safety.grants import FULL, Grant
from lsfs.summaries import Summary

if TYPE_CHECKING:
    from lsfs.serve.rpc import Client

# How long keeping or forgetting something may take, in seconds; the brain carries on with it.
BRAIN_WAIT_S = 3.0
# A brain that is alive says so within this time, in seconds, however busy it is.
PING_S = 1.0
_CONNECT_S = 0.05  # between two tries to reach it
# How long an answer may take, in seconds.
PATIENCE_S = 120.0


class RpcBrain:
    """The brain, by its socket; a call that takes too long is EAGAIN.

    The brain carries on with it all the same, so the result appears when it is done.

    Args:
        socket: where it listens.
        patience_s: how long to wait for an answer to a question, in seconds.
        grant: what may be asked of it.
    """

    def __init__(
        self, socket: Path, *, patience_s: float = PATIENCE_S, grant: Grant = FULL
    ) -> None:
        self._socket = socket
        self._patience_s = patience_s
        self._grant = grant

    def save_search(self, name: str) -> None:
        """Make a query."""
        self._call("save_search", {"name": name})

    def drop_search(self, name: str) -> None:
        """Forget a query."""
        self._call("drop_search", {"name": name})

    def save_group(self, name: str) -> None:
        """Make a grouping."""
        self._call("save_group", {"name": name})

    def drop_group(self, name: str) -> None:
        """Forget a grouping."""
        self._call("drop_group", {"name": name})

    def save_question(self, name: str, question: str) -> None:
        """Keep a question, and let the brain begin to answer it."""
        with self._client(BRAIN_WAIT_S) as client:
            _within(BRAIN_WAIT_S, client, "save_question", {"name": name, "question": question})
            with contextlib.suppress(OSError):  # it is answered when it is read
                client.post("answer_question", {"name": name})

    def drop_question(self, name: str) -> None:
        """Forget a question."""
        self._call("drop_question", {"name": name})

    def save_join(self, name: str) -> None:
        """Make a join."""
        self._call("save_join", {"name": name})

    def drop_join(self, name: str) -> None:
        """Forget a join."""
        self._call("drop_join", {"name": name})

    def answer(self, name: str) -> SavedQuestion:
        """A kept question with an answer of now.

        Raises:
            BlockingIOError: the brain does not answer, at once or within the patience.
            LsfsError: the brain says why it cannot.
        """
        return codec.from_builtins(self._patiently("answer_question", name=name), SavedQuestion)

    def bring(self, path: str) -> None:
        """Have the document of a file brought into the catalog.

        Raises:
            BlockingIOError: the brain does not answer, at once or within the patience.
            LsfsError: the brain says why it cannot.
        """
        self._patiently("stat", path=path)

    def summarize(self, path: str) -> Summary:
        """What a document or a folder says, in about a page.

        Raises:
            BlockingIOError: the brain does not answer, at once or within the patience.
            LsfsError: the brain says why it cannot.
        """
        return codec.from_builtins(self._patiently("summarize", what=path, length="page"), Summary)

    def _patiently(self, syscall: str, **arguments: str) -> Any:
        from lsfs.serve.rpc import PING

        with self._client(PING_S) as client:
            _within(PING_S, client, PING, {})
            return _within(self._patience_s, client, syscall, arguments)

    def _call(self, syscall: str, arguments: dict[str, str]) -> None:
        with self._client(BRAIN_WAIT_S) as client:
            _within(BRAIN_WAIT_S, client, syscall, arguments)

    @contextlib.contextmanager
    def _client(self, timeout: float) -> Iterator[Client]:
        from lsfs.safety.clients import Client as Who
        from lsfs.serve.rpc import Asking, Client

        asks = Asking(Who("mount"), self._grant)
        deadline = time.monotonic() + timeout
        while True:
            try:
                client = Client(self._socket, timeout=timeout, asks=asks)
                break
            except OSError as error:
                # It is being started or restarted: a moment later it may answer.
                if time.monotonic() + _CONNECT_S >= deadline:
                    raise _again(str(error)) from error
            time.sleep(_CONNECT_S)
        with contextlib.closing(client):
            yield client


def _within(seconds: float, client: Client, syscall: str, arguments: dict[str, str]) -> Any:
    """The result of a call that may take so long, all in all."""
    deadline = time.monotonic() + seconds

    def progress(_: object) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError  # as the socket would, were it silent
        client.limit(left)

    client.limit(seconds)
    try:
        return client.call(syscall, arguments, progress)
    except LockHeld as error:
        raise _again(error.message) from error


def _again(why: str) -> BlockingIOError:
    return BlockingIOError(errno.EAGAIN, f"the index does not answer: {why}")
