"""Requests of a team in turn: who waits may go, and a place is held no longer than it is used."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import anyio

from lsfs.config import TeamConfig
from lsfs.errors import LsfsError
from lsfs.serve.metrics import Metrics
from lsfs.serve.turns import Limits, Refused, Turn, Turns

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from lsfs.web.exchange import Exchange

ASKS, CALLS = "asks", "calls"  # the two kinds of work
_GIVING_UP_S = 5.0  # for what is given up at the end to be answered

Refusal = Callable[[LsfsError], "ASGIApp"]


class TeamTurns:
    """The places of a service for questions, and for all other calls.

    Args:
        settings: how many there are.
        asks: questions that are answered at the same time.
        metrics: is told of them.
    """

    def __init__(self, settings: TeamConfig, asks: int, metrics: Metrics) -> None:
        self._metrics = metrics
        self.of = {
            kind: Turns(limits, partial(metrics.waited, kind))
            for kind, limits in limits_of(settings, asks).items()
        }
        for kind, turns in self.of.items():
            metrics.watch(kind, turns)
        self.is_ending = False
        self._end: anyio.Event | None = None

    @property
    def end(self) -> anyio.Event:
        """Set when what still runs has to end; belongs to the event loop that asks first."""
        if self._end is None:
            self._end = anyio.Event()
        return self._end

    async def answer(
        self, exchange: Exchange, kind: str, member: str, app: ASGIApp, refusal: Refusal
    ) -> None:
        """Have a request answered when it is its turn, or say that there is no room.

        Args:
            exchange: the request, its body read.
            kind: of the work.
            refusal: makes the answer where there is no room.
        """
        try:
            turn = self.of[kind].enter(member)
            try:
                if await _came(turn, exchange):
                    await exchange.answer(_leaving(app, turn))
            finally:
                turn.leave()
        except Refused as error:
            self._metrics.refused(kind, error.code)
            await exchange.answer(refusal(error))

    async def drain(self, seconds: float) -> None:
        """Let nobody in any more, and wait for who is here; then end what still runs.

        Args:
            seconds: to wait.
        """
        self.is_ending = True
        for turns in self.of.values():
            turns.close()
        with anyio.move_on_after(seconds):
            await self._emptied()
        for turns in self.of.values():
            turns.refuse_waiting()
        self.end.set()
        with anyio.move_on_after(_GIVING_UP_S):
            await self._emptied()

    async def _emptied(self) -> None:
        for turns in self.of.values():
            await turns.emptied()


async def _came(turn: Turn, exchange: Exchange) -> bool:
    """Wait for a turn; False when the caller went before it came.

    Raises:
        Refused: it does not come any more.
    """
    if turn.began is not None:
        return True
    refused: list[Refused] = []
    is_there = True

    async def watch() -> None:
        nonlocal is_there
        await exchange.until_gone()
        is_there = False
        waiting.cancel_scope.cancel()

    async with anyio.create_task_group() as waiting:
        waiting.start_soon(watch)
        try:
            await turn.begin()
        except Refused as error:  # a group would wrap it
            refused.append(error)
        waiting.cancel_scope.cancel()
    if refused:
        raise refused[0]
    return is_there


def _leaving(app: ASGIApp, turn: Turn) -> ASGIApp:
    """An application that gives its place back with the last part: who reads it needs none."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                turn.leave()
            await send(message)

        await app(scope, receive, sending)

    return answering


def limits_of(settings: TeamConfig, asks: int) -> dict[str, Limits]:
    """How much is done at a time, of each kind of work.

    Args:
        asks: questions that are answered at the same time.
    """
    places = max(4, 2 * (os.cpu_count() or 1))
    questions = Limits(asks, settings.queue, min(settings.running, asks), settings.waiting)
    return {ASKS: questions, CALLS: Limits(places, 16 * places, places // 2, 4 * places)}
