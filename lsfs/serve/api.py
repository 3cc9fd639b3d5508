"""Syscalls as a JSON API: ``POST /api/v1/search {"query": "rent"}``, made from the registry.

A call has the name of its command (``trash list`` is ``trash-list``), or its own where it has none;
arguments and result are those of ``lsfs schema COMMAND``. By the request's ``Accept`` the answer is
one object, or comes in parts: lines of JSON (``application/x-ndjson``) or server-sent events
(``text/event-stream``), first what is told on the way (``event``), then ``result`` or ``error``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from lsfs import codec
from lsfs.errors import Cancelled, LsfsError, TooLarge, UsageError
from lsfs.safety.grants import Grant
from lsfs.serve.access import Calls, Cancellation
from lsfs.serve.statuses import status_of
from lsfs.serve.turns import Refused
from lsfs.serve.working import Emit, Outcome, Patience, Streamed, Work, ended
from lsfs.syscalls.gate import SOME_FILES, verb_of
from lsfs.syscalls.registry import Effect, Syscall, registry

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

log = logging.getLogger("lsfs.serve.api")

PATH = "/api/v1"
SCHEMA = 1  # of results, as the command line prints them
MOST_BYTES = 16 << 20  # of a request
LINES, EVENTS = "application/x-ndjson", "text/event-stream"
# What may take a language model for seconds; it has places of its own.
ASKS = frozenset({"ask", "summarize", "retrieve_summary"})
# What is about files, and so can be granted; not what is about lsfs itself and its other users.
_OFFERED = SOME_FILES | {"map_files", "parse", "snapshots"}
_SOON_S = 2  # when to try again, where nothing more is known
_PRIVATE = {"Cache-Control": "no-store"}
_OTHERWISE = {"read": "read-bytes"}  # its own name is the command of another


def name_of(declared: Syscall) -> str:
    """What a syscall is called in the API."""
    if declared.name in _OTHERWISE:
        return _OTHERWISE[declared.name]
    return (declared.command or declared.name.replace("_", "-")).replace(" ", "-")


def offered(*, allow_write: bool) -> dict[str, Syscall]:
    """The calls that there are, by name.

    Args:
        allow_write: also those that change files.
    """
    return {
        name_of(one): one
        for one in registry
        if one.name in _OFFERED and (allow_write or one.effect is Effect.READ)
    }


def granted(calls: Mapping[str, Syscall], *, allow_write: bool) -> Grant:
    """What callers may do at most: these calls, and of those that can also write the reading."""
    names = tuple(one.name for one in calls.values())
    most = Grant(verbs=names)
    return most if allow_write else Grant(verbs=("read", "search")).narrowed(most)


async def arguments_of(request: Request) -> dict[str, Any]:
    """The arguments of a call: the JSON object that a request brings, or none.

    Raises:
        UsageError: it brings something else.
        TooLarge: it brings too much.
    """
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > MOST_BYTES:
            raise TooLarge(f"the request has over {MOST_BYTES >> 20} MiB")
    try:
        found = json.loads(data) if data else {}
        # Names may hold bytes that are no text, as \udcXX; nothing else that is none gets on.
        json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the request is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError("the request has to be an object: argument to value")
    return found


async def answer(
    request: Request, calls: Calls, declared: Syscall, arguments: dict[str, Any], patience: Patience
) -> ASGIApp:
    """What answers a call; with parts, the work is done while it is sent."""

    def work(emit: Emit, cancelled: Cancellation) -> Any:
        return codec.to_builtins(calls.call(declared.name, arguments, emit, cancelled))

    kind = request.headers.get("accept", "")
    if LINES in kind:
        return _in_parts(work, LINES, _line, patience)
    if EVENTS in kind:
        return _in_parts(work, EVENTS, _sent_event, patience)
    outcome = await ended(work, request.receive, patience=patience)
    if outcome.error is not None:
        return failure(outcome.error)
    return _json({"schema": SCHEMA, **outcome.result})


def _in_parts(work: Work, kind: str, form: Any, patience: Patience) -> Streamed:
    def last(outcome: Outcome) -> bytes:
        if outcome.error is not None:
            return bytes(form("error", told(outcome.error)))
        return bytes(form("result", {"schema": SCHEMA, **outcome.result}))

    return Streamed(work, lambda event: bytes(form("event", event)), last, kind, patience=patience)


def _line(key: str, value: Any) -> bytes:
    return json.dumps({key: value}).encode("ascii") + b"\n"


def _sent_event(key: str, value: Any) -> bytes:
    return f"event: {key}\ndata: {json.dumps(value)}\n\n".encode("ascii")


def told(error: Exception) -> dict[str, str]:
    """An error as callers get it."""
    if isinstance(error, LsfsError):
        return {"code": error.code, "message": error.message, "hint": error.hint}
    log.error("a call failed", exc_info=error)
    hint = "the log of lsfs serve says why"
    return {"code": "LsfsError", "message": "an internal error", "hint": hint}


def failure(
    error: Exception, headers: Mapping[str, str] | None = None, *, status: int = 0
) -> Response:
    """The answer to a call that failed or was refused.

    Args:
        status: where the error does not say it.
    """
    if not status:  # who has gone reads no answer
        status = 499 if isinstance(error, Cancelled) else status_of(error)
    seconds = error.retry_s if isinstance(error, Refused) else _SOON_S
    extra = {"Retry-After": str(seconds)} if status in (429, 503) else {}
    return _json({"schema": SCHEMA, "error": told(error)}, status, {**extra, **(headers or {})})


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    from starlette.responses import Response

    body = json.dumps(value).encode("ascii")  # any name of a file survives
    kind = "application/json"
    return Response(body, status, {**_PRIVATE, **(headers or {})}, media_type=kind)


def description(calls: Mapping[str, Syscall], grant: Grant) -> dict[str, Any]:
    """The API as OpenAPI 3.1 describes it, as far as a grant allows its calls."""
    mine = {
        name: one for name, one in calls.items() if grant.allows(verb_of(one, one.effect), one.name)
    }
    types = [kind for one in mine.values() for kind in (one.request, one.result)]
    template = "#/components/schemas/{name}"
    shapes, components = msgspec.json.schema_components(types, ref_template=template)
    pairs = zip(shapes[::2], shapes[1::2], strict=True)
    return {
        "openapi": "3.1.0",
        "info": {"title": "lsfs", "version": "1"},
        "paths": {
            f"{PATH}/{name}": {"post": _operation(one, asked, given)}
            for (name, one), (asked, given) in zip(mine.items(), pairs, strict=True)
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(one: Syscall, asked: Any, given: Any) -> dict[str, Any]:
    schema = {"application/json": {"schema": asked}}
    return {
        "operationId": one.name,
        "summary": one.doc.partition("\n\n")[0].replace("\n", " "),
        "requestBody": {"required": False, "content": schema},
        "responses": {
            "200": {"description": "the result", "content": {"application/json": {"schema": given}}}
        },
    }


def description_answer(calls: Mapping[str, Syscall], grant: Grant) -> Response:
    """The same as an answer."""
    return _json(description(calls, grant))
