"""A drive for programs that await: every syscall is a coroutine, under asyncio or trio.

    async with lsfs.aopen("~/Documents") as drive:
        found = await drive.retrieve("notice period", k=5)
        async with drive.stream("ask", "When does the lease end?") as answer:
            async for text in answer:
                print(text, end="")

A call runs in a thread. When the task that awaits it is cancelled, the call is told so, and ends.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread

from lsfs.errors import LsfsError, UsageError
from lsfs.serve.access import Access, Cancellation
from lsfs.syscalls.drive import WATCH_SECONDS, bound, new_session
from lsfs.syscalls.methods import AsyncMethods

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream

    from lsfs.syscalls.changes import FileEvent

AT_ONCE = 16  # calls that run at the same time; more wait
Event = dict[str, Any]


class AsyncDrive(AsyncMethods):
    """A folder that can be asked. Get one from :func:`lsfs.aopen`.

    Every syscall is a method to be awaited: ``await drive.retrieve("rent", k=5)``. Any number of
    tasks may use it.

    Args:
        access: runs the syscalls.
        on_event: called in the event loop with each event of a call.
    """

    def __init__(self, access: Access, on_event: Callable[[Event], None] | None = None) -> None:
        self.source: Path = access.record.source
        self._access = access
        self._on_event = on_event
        self._session = access.client.session or new_session()
        self._threads = anyio.CapacityLimiter(AT_ONCE)

    def __repr__(self) -> str:
        return f"AsyncDrive({str(self.source)!r})"

    async def aclose(self) -> None:
        """Release the drive."""
        await anyio.to_thread.run_sync(self._access.close)

    async def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Run a syscall by name.

        Raises:
            UsageError: no such syscall, or wrong arguments.
            LsfsError: what the syscall raised.
        """
        if self._on_event is None:
            return await self._run(name, args, kwargs, lambda _: None)
        on_event = self._on_event
        return await self._run(
            name, args, kwargs, lambda event: anyio.from_thread.run_sync(on_event, event)
        )

    async def _run(
        self, name: str, args: tuple[Any, ...], kwargs: Event, emit: Callable[[Event], None]
    ) -> Any:
        arguments = bound(name, args, kwargs, self._session)
        cancelled = Cancellation()

        def sink(event: Event) -> None:
            if not cancelled.is_set():  # nobody listens any more
                emit(event)

        def work() -> Any:
            return self._access.call(name, arguments, sink, cancelled)

        try:
            return await anyio.to_thread.run_sync(
                work, abandon_on_cancel=True, limiter=self._threads
            )
        except anyio.get_cancelled_exc_class():
            cancelled.set()
            raise

    def stream(self, name: str, /, *args: Any, **kwargs: Any) -> AsyncStream:
        """Run a syscall, and give its text as it comes; see :class:`AsyncStream`."""
        return AsyncStream(lambda emit: self._run(name, args, kwargs, emit))

    def watch(self, path: str = "", cursor: str = "", *, interval: float = WATCH_SECONDS) -> Feed:
        """Give what happens to files, as it happens, without end.

        Args:
            path: only at and below this path.
            cursor: go on from here: the ``cursor`` of the last event, perhaps of another process;
                without one, from when the first event is asked for.
            interval: seconds between looks.
        """
        return Feed(self, path, cursor, interval)


class Feed:
    """Events as they happen; may be left at any time, for it holds nothing.

    Args:
        drive, path, cursor, interval: see :meth:`AsyncDrive.watch`.
    """

    def __init__(self, drive: AsyncDrive, path: str, cursor: str, interval: float) -> None:
        self._drive = drive
        self._path = path
        self._cursor = cursor
        self._interval = interval
        self._events: deque[FileEvent] = deque()

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> FileEvent:
        while not self._events:
            news = await self._drive.changes_since(self._cursor, path=self._path)
            self._cursor = news.cursor
            self._events.extend(news.events)
            if not news.events:
                await anyio.sleep(self._interval)
        return self._events.popleft()


class AsyncStream:
    """The text of one call, part by part, and then its result.

    Use it with ``async with``: leaving the block early ends the call.

    Args:
        run: runs the call with a sink for its events.
    """

    def __init__(self, run: Callable[[Callable[[Event], None]], Awaitable[Any]]) -> None:
        self._run = run
        self._parts: MemoryObjectReceiveStream[str] | None = None
        self._result: Any = None
        self._error: LsfsError | None = None

    async def __aenter__(self) -> AsyncStream:
        self._send, self._parts = anyio.create_memory_object_stream[str](math.inf)
        self._group = await anyio.create_task_group().__aenter__()
        self._group.start_soon(self._work)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._group.cancel_scope.cancel()
        if self._parts is not None:
            self._parts.close()
        await self._group.__aexit__(None, None, None)  # an error of the block stays as it is

    async def _work(self) -> None:
        with self._send:
            try:
                self._result = await self._run(self._event)
            except LsfsError as error:
                self._error = error

    def _event(self, event: Event) -> None:
        if "text" in event:
            anyio.from_thread.run_sync(self._send.send_nowait, event["text"])

    def __aiter__(self) -> AsyncStream:
        return self

    async def __anext__(self) -> str:
        """The next part.

        Raises:
            LsfsError: what the call raised, behind the last part.
            UsageError: it was not entered.
        """
        if self._parts is None:
            raise UsageError("a stream is used with: async with drive.stream(…) as parts")
        try:
            return await self._parts.receive()
        except anyio.EndOfStream:
            if self._error is not None:
                raise self._error from None
            raise StopAsyncIteration from None

    @property
    def result(self) -> Any:
        """The result, once all parts have come; None before."""
        return self._result


class Opening:
    """What :func:`lsfs.aopen` gives: to be awaited, or entered with ``async with``."""

    def __init__(self, opened: Callable[[], AsyncDrive]) -> None:
        self._opened = opened
        self._drive: AsyncDrive | None = None

    def __await__(self) -> Generator[Any, Any, AsyncDrive]:
        return anyio.to_thread.run_sync(self._opened).__await__()

    async def __aenter__(self) -> AsyncDrive:
        self._drive = await self
        return self._drive

    async def __aexit__(self, *_: object) -> None:
        if self._drive is not None:
            with anyio.CancelScope(shield=True):
                await self._drive.aclose()
