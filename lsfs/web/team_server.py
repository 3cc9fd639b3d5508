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


class _Server(uvicorn.Server):
    """A server that a signal asks to end; a second one ends it.

    Args:
        asked: called with the first, in the event loop.
    """

    def __init__(self, config: uvicorn.Config, asked: Callable[[], None]) -> None:
        super().__init__(config)
        self._loop = asyncio.get_running_loop()
        self._asked = asked
        self._was_asked = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._was_asked:
            self.should_exit = True
        self._was_asked = True
        self._loop.call_soon_threadsafe(self._asked)


async def serve(
    team: Team, listener: socket.socket, drain_s: float, ready: Callable[[], None] = lambda: None
) -> None:
    """Answer a team until cancelled, or until SIGINT or SIGTERM.

    Args:
        drain_s: seconds that requests have to end by themselves when the service ends.
        ready: called when requests are answered.
    """
    end = anyio.Event()
    settings = uvicorn.Config(
        team, log_config=None, access_log=False, lifespan="off", server_header=False,
        proxy_headers=False, ws="none", timeout_graceful_shutdown=_CLOSING_S,
    )  # fmt: skip
    server = _Server(settings, end.set)

    async def watch() -> None:
        while not server.started:
            await anyio.sleep(0.01)
        ready()
        await end.wait()
        await team.drain(drain_s)
        server.should_exit = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await server.serve(sockets=[listener])
        tasks.cancel_scope.cancel()
