"""The server of a team's service: it answers until it is told to end, and lets nobody down then."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import anyio
import uvicorn

if TYPE_CHECKING:
    from lsfs.web.team import Team

_CLOSING_S = 3  # for answers that are sent still, when all work has ended


class TeamServer:
    """Answers a team on a listening socket.

    Args:
        team: the service.
        listener: the socket.
        drain_s: seconds that requests have to end by themselves when the service ends.
        ready: called when requests are answered.
    """

    def __init__(
        self,
        team: Team,
        listener: socket.socket,
        drain_s: float,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._team = team
        self._listener = listener
        self._drain_s = drain_s
        self._ready = ready
        settings = uvicorn.Config(
            team, log_config=None, access_log=False, lifespan="off", server_header=False,
            proxy_headers=False, ws="none", timeout_graceful_shutdown=_CLOSING_S,
        )  # fmt: skip
        self._server = _Server(settings, self.stop)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: anyio.Event | None = None

    async def serve(self) -> None:
        """Answer until cancelled, or until SIGINT or SIGTERM, or :meth:`stop`."""
        self._loop, self._end = asyncio.get_running_loop(), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, self._end)
            await self._server.serve(sockets=[self._listener])
            tasks.cancel_scope.cancel()

    async def _watch(self, end: anyio.Event) -> None:
        while not self._server.started:
            await anyio.sleep(0.01)
        self._ready()
        await end.wait()
        await self._team.turns.drain(self._drain_s)
        self._server.should_exit = True

    def stop(self) -> None:
        """Ask it to end, from any thread; the second time it ends at once."""
        if self._loop is None or self._end is None:
            return
        if self._end.is_set():
            self._server.should_exit = True
        self._loop.call_soon_threadsafe(self._end.set)


class _Server(uvicorn.Server):
    """A server that leaves it to somebody else what a signal does."""

    def __init__(self, config: uvicorn.Config, asked: Callable[[], None]) -> None:
        super().__init__(config)
        self._asked = asked

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._asked()
