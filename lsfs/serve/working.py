"""Work in a thread on behalf of an HTTP request: given up when its caller goes, or takes too long.

Whoever awaits it here goes on when the thread has ended, and no sooner: so what was reserved for
the work can be given to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from msgspec import Struct, field

from lsfs.errors import Cancelled, LsfsError
from lsfs.serve.access import Cancellation

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Emit = Callable[[dict[str, Any]], None]
Work = Callable[[Emit, Cancellation], Any]
THREADS = 256  # of all works together; who waits for one holds no place meanwhile


class TookTooLong(LsfsError):
    """A request was given up because it took longer than requests may."""


class Ending(LsfsError):
    """A request was given up because the service ends."""


class Patience(Struct, frozen=True):
    """How long work may take.

    Attributes:
        seconds: since its beginning; 0 is any number.
        end: when this is set, at once; None never is.
    """

    seconds: float = 0.0
    end: anyio.Event | None = None


class Outcome(Struct, frozen=True):
    """What came of a piece of work: a result, or an error."""

    result: Any = None
    error: Exception | None = None


async def ended(
    work: Work, receive: Receive, emit: Emit = lambda _: None, patience: Patience | None = None
) -> Outcome:
    """The outcome of work in a thread.

    Args:
        work: is given a sink for its events, and what is set when nobody wants it any more.
        receive: the request's; its body was read.
        emit: called in the thread.
        patience: how long to wait for it.
    """
    patience = patience or Patience()
    cancelled = Cancellation()
    why: list[LsfsError] = []  # it is given up, where the caller is there still

    def run() -> Outcome:
        try:
            return Outcome(work(emit, cancelled))
        except Exception as error:  # the outermost edge of a request: whoever answers it logs it
            return Outcome(error=error)

    async def give_up() -> None:
        await anyio.to_thread.run_sync(cancelled.set)  # waits until the call has noticed

    async def until_gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        await give_up()

    async def until_late(seconds: float) -> None:
        await anyio.sleep(seconds)
        why.append(TookTooLong(f"it was given up after {seconds:.0f} s"))
        await give_up()

    async def until_end(end: anyio.Event) -> None:
        await end.wait()
        why.append(Ending("the service ends", hint="try again"))
        await give_up()

    outcome: Outcome | None = None
    try:
        async with anyio.create_task_group() as watching:
            watching.start_soon(until_gone)
            if patience.seconds:
                watching.start_soon(until_late, patience.seconds)
            if patience.end is not None:
                watching.start_soon(until_end, patience.end)
            outcome = await anyio.to_thread.run_sync(run, limiter=_threads())
            watching.cancel_scope.cancel()
    finally:
        if outcome is None:  # whoever waited here was stopped
            cancelled.set()
    assert outcome is not None  # noqa: S101 - what stops this raises above
    if why and isinstance(outcome.error, Cancelled):
        return Outcome(error=why[0])
    return outcome


_limiter: RunVar[anyio.CapacityLimiter] = RunVar("lsfs-working")


def _threads() -> anyio.CapacityLimiter:
    """Threads of this event loop; places are counted elsewhere, so there are more than enough."""
    try:
        return _limiter.get()
    except LookupError:
        made = anyio.CapacityLimiter(THREADS)
        _limiter.set(made)
        return made


class Streamed(Struct):
    """An answer whose parts are sent as they come; an ASGI application.

    Attributes:
        work: as for :func:`ended`.
        part: an event as bytes of the body; b"" leaves it out.
        last: the outcome as the end of the body.
        media_type: of the body.
        begin: of the body, sent at once.
        patience: as for :func:`ended`.
    """

    work: Work
    part: Callable[[dict[str, Any]], bytes]
    last: Callable[[Outcome], bytes]
    media_type: str
    begin: bytes = b""
    patience: Patience | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"Cache-Control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

        def tell(event: dict[str, Any] | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody listens
                loop.call_soon_threadsafe(told.put_nowait, event)

        async def pass_on() -> None:
            while (event := await told.get()) is not None:
                if data := self.part(event):
                    await _sent(send, data, more=True)

        headers = {"Content-Type": self.media_type, **self.headers}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await _sent(send, self.begin, more=True)
        async with anyio.create_task_group() as sending:
            sending.start_soon(pass_on)
            outcome = await ended(self.work, receive, tell, self.patience)
            tell(None)
        await _sent(send, self.last(outcome), more=False)


async def _sent(send: Send, data: bytes, *, more: bool) -> None:
    with contextlib.suppress(OSError):  # the caller has gone, which is noticed elsewhere
        await send({"type": "http.response.body", "body": data, "more_body": more})
