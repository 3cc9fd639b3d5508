"""The brain behind its socket: what is asked of it, and how long it is waited for."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import LsfsError, ModelError, NotFound
from lsfs.fuse.remote import PING_S, RpcBrain
from lsfs.model import SavedQuestion
from lsfs.serve.rpc import Disconnected, Emit, Server
from tests.fuse.fake_index import refused


class FakeServer:
    """A brain whose calls are noted, and answered by what is put in."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answer: Callable[[Emit], Any] = lambda _: None

    def handle(
        self, name: str, arguments: dict[str, Any], emit: Emit, gone: threading.Event, *_: Any
    ) -> Any:
        self.calls.append((name, arguments))
        return self.answer(emit) if name == "answer_question" else {}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rpc.sock"


@pytest.fixture
def fake(path: Path) -> Iterator[FakeServer]:
    fake = FakeServer()
    server = Server(path, fake.handle)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield fake
    server.close()
    thread.join()


def test_calls(fake: FakeServer, path: Path, eventually: Callable[..., object]) -> None:
    brain = RpcBrain(path)
    brain.save_search("rent")
    brain.drop_search("rent")
    brain.save_question("q", "What?")
    brain.drop_question("q")
    eventually(lambda: len(fake.calls) == 5)
    assert sorted(fake.calls, key=repr) == sorted(
        [
            ("save_search", {"name": "rent"}), ("drop_search", {"name": "rent"}),
            ("save_question", {"name": "q", "question": "What?"}), ("drop_question", {"name": "q"}),
            ("answer_question", {"name": "q"}),
        ],
        key=repr,
    )  # fmt: skip


def test_keeping_a_question_does_not_wait_for_its_answer(
    fake: FakeServer, path: Path, eventually: Callable[..., object]
) -> None:
    ended, may_end = threading.Event(), threading.Event()

    def slow(emit: Emit) -> Any:
        may_end.wait(10)
        emit({"text": "to nobody"})
        ended.set()

    fake.answer = slow
    RpcBrain(path).save_question("q", "What?")
    eventually(lambda: ("answer_question", {"name": "q"}) in fake.calls)
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(10), "that nobody listens does not end the work"


def test_an_answer(fake: FakeServer, path: Path) -> None:
    asked = SavedQuestion("q", "What?", 3, 4, "This.")

    def answer(emit: Emit) -> SavedQuestion:
        emit({"text": "Th"})
        return asked

    fake.answer = answer
    assert RpcBrain(path).answer("q") == asked


@pytest.mark.parametrize("error", [NotFound("none"), ModelError("no model", hint="pull it")])
def test_errors_of_the_brain(fake: FakeServer, path: Path, error: LsfsError) -> None:
    def fail(_: Emit) -> Any:
        raise error

    fake.answer = fail
    with pytest.raises(type(error)) as caught:
        RpcBrain(path).answer("q")
    assert (caught.value.message, caught.value.hint) == (error.message, error.hint)


def test_nobody_there(path: Path) -> None:
    brain = RpcBrain(path)
    refused(errno.EAGAIN, brain.answer, "q")
    refused(errno.EAGAIN, brain.save_question, "q", "What?")


def test_a_brain_that_is_being_started_is_waited_for(path: Path) -> None:
    fake = FakeServer()
    begun: list[Server] = []

    def start() -> None:
        begun.append(Server(path, fake.handle))
        begun[0].serve_forever()

    timer = threading.Timer(0.3, start)
    timer.start()
    RpcBrain(path).save_search("rent")
    assert [name for name, _ in fake.calls] == ["save_search"]
    begun[0].close()
    timer.join()


def test_a_brain_that_hangs_is_found_out_at_once(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen()
        begin = time.monotonic()
        refused(errno.EAGAIN, RpcBrain(path).answer, "q")
        assert time.monotonic() - begin < PING_S + 30


@pytest.mark.parametrize("every", [0.0, 0.05, 5.0])
def test_patience_ends(fake: FakeServer, path: Path, every: float) -> None:
    over = threading.Event()

    def slow(emit: Emit) -> None:
        while not over.wait(every):
            with contextlib.suppress(OSError):
                emit({"stage": "reading"})

    fake.answer = slow
    begin = time.monotonic()
    refused(errno.EAGAIN, RpcBrain(path, patience_s=0.5).answer, "q")
    assert 0.4 < time.monotonic() - begin < 60
    over.set()


def test_a_brain_that_dies_over_it(path: Path) -> None:
    def serve(listening: socket.socket) -> None:
        peer, _ = listening.accept()
        with peer:
            peer.recv(1000)
            peer.sendall(b'{"result": null}\n')
            peer.recv(1000)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        with pytest.raises(Disconnected, match="went away"):
            RpcBrain(path).answer("q")
        thread.join()
