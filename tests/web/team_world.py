"""A team's service over real HTTP, in this process; what it serves is scripted."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

import anyio
from msgspec import Struct, field

from lsfs.config import TeamConfig
from lsfs.errors import Cancelled
from lsfs.model import QueryPlan
from lsfs.safety.grants import Grant
from lsfs.safety.members import Members
from lsfs.serve.access import Access, Cancellation
from lsfs.serve.mcp_http import listen
from lsfs.serve.rpc import Asking
from lsfs.syscalls.ask import Answer
from lsfs.web.pages import Pages
from lsfs.web.team import Service, Team
from lsfs.web.team_server import TeamServer

NAME = "docs.example.org"
SECONDS = 60.0
DAY = 86_400 * 10**9


class Drive:
    """Stands in for an access: questions are answered when the test says so.

    Attributes:
        asked: whose questions were begun, in order.
        cancelled: questions that were given up.
    """

    def __init__(self) -> None:
        self.record = SimpleNamespace(name="library")
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.asks: list[Asking] = []
        self._lock = threading.Condition()
        self._answered: set[str] = set()
        self._all = False

    def call(
        self, name: str, arguments: Any, emit: Any, cancelled: Any = None, asks: Any = None
    ) -> Any:
        """Answer "ask" when it is released, and "status" at once."""
        if name == "status":
            index = {"indexed": 3, "pending": 1, "errors": 0, "passages": 9, "generation": 4}
            return SimpleNamespace(index=index, memory={"process": 1000, "models": 77})
        question, cancellation = arguments["question"], cast(Cancellation, cancelled)
        emit({"text": "first words"})
        with self._lock:
            self.asked.append(question)
            self.asks.append(asks)
            self._lock.notify_all()
            while not (self._all or question in self._answered):
                if cancellation.is_set():
                    self.cancelled.append(question)
                    self._lock.notify_all()
                    raise Cancelled("the caller has gone")
                self._lock.wait(0.02)
        return Answer(f"to {question}", True, (), (), QueryPlan(question))

    def release(self, *questions: str) -> None:
        """Have these answered, or all."""
        with self._lock:
            self._answered |= set(questions)
            self._all = self._all or not questions
            self._lock.notify_all()

    def await_(self, condition: Any) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + SECONDS
        with self._lock:
            while not condition():
                assert time.monotonic() < deadline, "it did not come true in time"
                self._lock.wait(0.02)


class World(Struct):
    """The service, and what its members have."""

    drive: Drive
    members: Members
    team: Team
    port: int
    tokens: dict[str, str] = field(default_factory=dict)
    server: TeamServer | None = None

    def join(self, name: str, grant: Grant | None = None, days: float = 1.0) -> str:
        """Give somebody a token."""
        now = time.time_ns()
        until = now + int(days * DAY)
        _, token = self.members.add(name, until, now, grant or Grant(verbs=("read", "search")))
        self.tokens[name] = token
        return token

    def request(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> Got:
        """Send a request, and wait for all of its answer."""
        return sent(self.port, method, path, body, headers)

    def api(self, name: str, call: str, arguments: Any = None, accept: str = "*/*") -> Got:
        """A call of a member."""
        headers = {"Authorization": f"Bearer {self.tokens.get(name, name)}", "Accept": accept}
        return self.request("POST", f"/api/v1/{call}", json.dumps(arguments or {}), headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Got:
        """Send a form of the page."""
        here = {"Origin": f"http://127.0.0.1:{self.port}", **headers}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.request("POST", path, urlencode(fields), {**here, **kind})

    def asking(self, name: str, question: str) -> Future:
        """A question that is asked in a thread."""
        return Future(lambda: self.api(name, "ask", {"question": question}))

    def metrics(self) -> dict[str, float]:
        """What the service says of itself."""
        answer = self.request("GET", "/metrics", headers={"Authorization": "Bearer look"})
        assert answer.status == 200
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def sent(
    port: int, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
) -> Got:
    """Send a request to this machine, and wait for all of its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        return Got(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


class Got(Struct, frozen=True):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Future:
    """A request in a thread of its own."""

    def __init__(self, work: Any) -> None:
        self._got: list[Got] = []
        self._thread = threading.Thread(target=lambda: self._got.append(work()))
        self._thread.start()

    def result(self) -> Got:
        self._thread.join(SECONDS)
        assert self._got, "there was no answer"
        return self._got[0]


@contextlib.contextmanager
def world(state: Path, settings: TeamConfig, asks: int = 1) -> Iterator[World]:
    """The service while the block runs."""
    drive = Drive()
    members = Members(state / "members.json")
    access = cast(Access, drive)
    with contextlib.closing(listen(0)) as listener:
        port = listener.getsockname()[1]
        service = Service(
            access, Pages(access), members, None, settings, port, "look", (NAME,),
            asks_at_once=asks,
        )  # fmt: skip
        made = World(drive, members, Team(service), port)
        ready = threading.Event()
        made.server = TeamServer(made.team, listener, settings.drain, ready.set)
        thread = threading.Thread(target=anyio.run, args=(made.server.serve,))
        thread.start()
        try:
            assert ready.wait(SECONDS)
            yield made
        finally:
            drive.release()
            made.server.stop()
            thread.join(SECONDS)
            assert not thread.is_alive()
