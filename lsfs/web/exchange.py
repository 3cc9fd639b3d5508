"""A request on its way to its answer, and what is noted of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.serve.names import READING, headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

GONE = 499  # the status of an answer to somebody who had gone before there was one


class Exchange(Struct):
    """A request and where its answer goes.

    Attributes:
        scope, receive, send: as ASGI has them.
        route: which kind of request it is; one of few.
        status: of the answer.
        is_ask: it is a question.
    """

    scope: Scope
    receive: Receive
    send: Send
    route: str = "other"
    status: int = GONE
    is_ask: bool = False

    @property
    def path(self) -> str:
        """What is asked for."""
        found: str = self.scope["path"]
        return found

    @property
    def reads(self) -> bool:
        """Whether it may change nothing."""
        return self.scope["method"] in READING

    @property
    def is_form(self) -> bool:
        """Whether a form of our own page sends it: browsers say of each whence it comes."""
        return self.scope["method"] == "POST" and len(headers(self.scope, b"origin")) == 1

    async def answer(self, app: ASGIApp) -> None:
        """Have it answered by an application; the status is noted."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            await self.send(message)

        await app(self.scope, self.receive, sending)

    async def body(self, most: int) -> bytes:
        """What it brings, as far as it is not too long."""
        found = bytearray()
        while (message := await self.receive())["type"] == "http.request":
            found += message.get("body", b"")
            if not message.get("more_body", False) or len(found) > most:
                break
        return bytes(found[:most])

    async def until_gone(self) -> None:
        """Wait until the caller goes; the body was read before."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


def with_body(app: ASGIApp, body: bytes) -> ASGIApp:
    """An application that gets the body of a request once more."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        given = False

        async def receiving() -> Message:
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": body, "more_body": False}
            return await receive()

        await app(scope, receiving, send)

    return answering
