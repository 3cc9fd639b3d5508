"""Events of a running syscall as progress notifications to the agent that waits for it."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio

if TYPE_CHECKING:
    from anyio.abc import TaskGroup
    from mcp.server.context import ServerRequestContext

WAITING = 64  # events that wait to be sent; more are left out


class Progress:
    """Sends events from any thread, while the block runs.

    Progress only rises, over all stages of the work, as the protocol wants it.

    Args:
        context: of the request.
    """

    def __init__(self, context: ServerRequestContext[Any]) -> None:
        self._session = context.session
        self._loop = asyncio.get_running_loop()
        self._send, self._receive = anyio.create_memory_object_stream[dict[str, Any]](WAITING)
        self._group: TaskGroup = anyio.create_task_group()
        self._stage = ""
        self._before = 0.0  # what the stages before this one came to
        self._last = 0.0

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._group.start_soon(self._tell)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self._send.close()
        return await self._group.__aexit__(kind, error, trace)

    def event(self, event: dict[str, Any]) -> None:
        """Take an event, in any thread; what is no progress is left out."""
        if "stage" in event and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._push, event)

    def _push(self, event: dict[str, Any]) -> None:
        with contextlib.suppress(
            anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError
        ):
            self._send.send_nowait(event)

    async def _tell(self) -> None:
        async with self._receive:
            async for event in self._receive:
                stage = str(event["stage"])
                if stage != self._stage:
                    self._stage, self._before = stage, self._last
                done = self._before + float(event.get("done", 0))
                if done > self._last:
                    self._last = done
                    total = self._before + float(event.get("total", 0))
                    await self._session.report_progress(done, max(done, total), stage)
