"""Calls over the socket: events, results, errors, and callers that go away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import LockHeld, LsfsError, NotFound, UsageError
from lsfs.serve import rpc


def handle(
    name: str, arguments: dict[str, Any], emit: rpc.Emit, gone: threading.Event, *_: Any
) -> Any:
    if name == "count":
        for n in range(arguments["to"]):
            emit({"n": n})
        return {"sum": sum(range(arguments["to"]))}
    if name == "missing":
        raise NotFound("no such thing", hint="look elsewhere")
    if name == "wait":
        threading.Event().wait(5)
    raise RuntimeError("boom")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "s"
    running = rpc.Server(path, handle)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield path
    running.close()
    thread.join()
    assert not path.exists()


@pytest.fixture
def client(server: Path) -> Iterator[rpc.Client]:
    connected = rpc.Client(server)
    yield connected
    connected.close()


def test_events_come_before_the_result(client: rpc.Client) -> None:
    events: list[dict[str, Any]] = []
    assert client.call("count", {"to": 4}, events.append) == {"sum": 6}
    assert events == [{"n": n} for n in range(4)]
    assert client.call("count", {"to": 1}) == {"sum": 0}


def test_an_error_arrives_as_its_own_class(client: rpc.Client) -> None:
    with pytest.raises(NotFound, match="no such thing") as caught:
        client.call("missing", {})
    assert caught.value.hint == "look elsewhere"


def test_an_internal_error_is_logged_there_and_named_here(
    client: rpc.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(LsfsError, match="boom"):
        client.call("other", {})
    assert "a call failed" in caplog.text
    assert client.call("count", {"to": 1}) == {"sum": 0}


def test_a_name_of_odd_bytes_survives(client: rpc.Client) -> None:
    with pytest.raises(LsfsError, match="boom"):
        client.call("caf\udce9", {"path": "caf\udce9"})


def test_the_socket_is_for_its_owner_alone(server: Path) -> None:
    assert server.stat().st_mode & 0o777 == 0o600


def test_the_server_itself_answers_a_ping(client: rpc.Client) -> None:
    assert client.call(rpc.PING, {}) is None


def test_a_call_can_be_posted_without_waiting(tmp_path: Path) -> None:
    reached, left = threading.Event(), threading.Event()

    def note(
        name: str, arguments: dict[str, Any], emit: rpc.Emit, gone: threading.Event, *_: Any
    ) -> None:
        left.wait(5)
        emit({"to": "nobody"})
        emit({"to": "nobody"})
        assert gone.is_set()
        reached.set()

    running = rpc.Server(tmp_path / "s", note)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    poster = rpc.Client(tmp_path / "s")
    poster.post("note", {})
    poster.close()
    left.set()
    assert reached.wait(5)
    running.close()
    thread.join()


def test_a_caller_that_hangs_up_is_noticed_while_nothing_is_said(tmp_path: Path) -> None:
    begun, told = threading.Event(), threading.Event()

    def work(
        name: str, arguments: dict[str, Any], emit: rpc.Emit, gone: threading.Event, *_: Any
    ) -> None:
        begun.set()
        if gone.wait(arguments["for"]):
            told.set()

    running = rpc.Server(tmp_path / "s", work)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    stays, leaves, posts = (rpc.Client(tmp_path / "s") for _ in range(3))
    for _ in range(3):  # a connection is watched once for each of its calls
        assert stays.call("work", {"for": 0.01}) is None
    assert not told.is_set()
    begun.clear()
    posts.post("work", {"for": 0.2})
    posts.close()
    assert begun.wait(5) and not told.wait(0.3)
    begun.clear()
    asking = threading.Thread(target=_disconnected, args=(leaves,))
    asking.start()
    assert begun.wait(5)
    leaves.close()
    assert told.wait(5)
    asking.join()
    stays.close()
    running.close()
    thread.join()


def _disconnected(client: rpc.Client) -> None:
    with pytest.raises(rpc.Disconnected):
        client.call("work", {"for": 5})


def test_a_client_waits_no_longer_than_its_limit(client: rpc.Client) -> None:
    client.limit(0.1)
    with pytest.raises(LockHeld, match="does not answer"):
        client.call("wait", {})


def test_a_server_that_does_not_answer(server: Path) -> None:
    slow = rpc.Client(server, timeout=0.2)
    with pytest.raises(LockHeld, match="does not answer"):
        slow.call("wait", {})
    slow.close()


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        rpc.Client(tmp_path / "nobody")


def test_unknown_error_codes_become_the_base_class() -> None:
    assert type(rpc.revive({"code": "os", "message": "x"})) is LsfsError
    assert type(rpc.revive({"code": "UsageError", "message": "x"})) is UsageError
