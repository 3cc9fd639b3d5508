"""A team's service under load: below its capacity, above it, and with one member who wants it all.

    python -m benchmarks.service [--seed 7] [--seconds 12] [--files 300] [--engine both]

`lsfs serve --team` runs in a process of its own, on loopback. Members send searches and questions
over real connections, each with a token. Two engines: quotes alone, and a stand-in for a model's
server that takes `--latency` seconds for an answer and answers `--slots` at a time, as llama-server
does with `-np`; so what is measured is the service, and not a model. (`--engine local` takes the
model of this machine.) Latencies are of the answers with status 200, from the first byte sent to
the last one read; whoever is told to come later comes a tenth of a second later, whatever it was
told, so that the pressure stays.

`lost` are requests that were sent and had no answer, or for which the service has counted another
number of answers than the members have; it has to be 0.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, field

from lsfs.drives import initialise
from lsfs.paths import StatePaths
from lsfs.safety.grants import Grant
from lsfs.safety.members import Members

ROOT = Path(__file__).parents[1]
PLACES = ("harbour", "mill", "quay", "orchard", "chapel", "foundry", "lighthouse", "bakery")
MODEST = ("ada", "ben", "cleo", "dan")
CROWD = (*MODEST, "eve", "finn", "gus", "hal")
LATER_S = 0.1  # until a member who was told to come later comes
PATIENCE_S = 60.0  # of a client; nobody should need it
RUNNING, WAITING, QUEUE = 2, 4, 24  # of team.running, team.waiting, team.queue


class Answered(Struct, frozen=True):
    """A request and what became of it; status 0: nothing."""

    member: str
    call: str
    status: int
    seconds: float


class Row(Struct, frozen=True):
    """What a phase has shown, of one kind of call."""

    engine: str
    phase: str
    call: str
    sent: int
    answered: int
    too_many: int
    full: int
    other: int
    lost: int
    p50_ms: float
    p95_ms: float
    per_second: float


class StandIn:
    """A model's server that takes its time.

    Args:
        latency: seconds of an answer.
        slots: answers at the same time; more wait.
    """

    def __init__(self, latency: float, slots: int) -> None:
        free = threading.BoundedSemaphore(slots)
        self.most, self._now, lock = 0, 0, threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    outer._now += 1
                    outer.most = max(outer.most, outer._now)
                with free:
                    time.sleep(latency)
                with lock:
                    outer._now -= 1
                text = {"choices": [{"message": {"role": "assistant", "content": "Not known."}}]}
                body = json.dumps(text).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._http.shutdown()
        self._http.server_close()


class Service(Struct):
    """A service that runs."""

    port: int
    pid: int
    tokens: dict[str, str]
    metrics_token: str
    answered: list[Answered] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def metrics(self) -> dict[str, float]:
        """What it says of itself."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request(
            "GET", "/metrics", headers={"Authorization": f"Bearer {self.metrics_token}"}
        )
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return {
            line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
            for line in lines
            if not line.startswith("#")
        }

    def resident(self) -> int:
        """Bytes that it has in memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


class Client(threading.Thread):
    """One connection of a member, that sends one request after the other.

    Args:
        asks: the share of questions among its requests.
        pause: seconds between an answer and the next request, in the mean.
    """

    def __init__(
        self, service: Service, member: str, until: float, asks: float, pause: float, seed: int
    ) -> None:
        super().__init__()
        self._service, self._member, self._until = service, member, until
        self._asks, self._pause = asks, pause
        self._random = random.Random(seed)
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_S)

    def run(self) -> None:
        found = []
        while time.monotonic() < self._until:
            place = self._random.choice(PLACES)
            if self._random.random() < self._asks:
                one = self._send("ask", {"question": f"What is the monthly rent of the {place}?"})
            else:
                one = self._send("search", {"query": f"deposit {place}", "k": 5})
            found.append(one)
            later = LATER_S if one.status != 200 else 0.0
            time.sleep(later + (self._random.expovariate(1 / self._pause) if self._pause else 0.0))
        self._connection.close()
        with self._service.lock:
            self._service.answered += found

    def _send(self, call: str, arguments: dict[str, Any]) -> Answered:
        token = self._service.tokens[self._member]
        begin = time.monotonic()
        try:
            self._connection.request(
                "POST",
                f"/api/v1/{call}",
                json.dumps(arguments),
                {"Authorization": f"Bearer {token}"},
            )
            answer = self._connection.getresponse()
            told = json.loads(answer.read())
            status = answer.status
            if status in (429, 503):  # it has to say what to do
                assert int(answer.headers["Retry-After"]) > 0 and told["error"]["hint"], told
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            status = 0
        return Answered(self._member, call, status, time.monotonic() - begin)


def main() -> None:
    """Measure, and print one table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=12.0, help="of each phase")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--engine", choices=("both", "quotes", "server", "local"), default="both")
    parser.add_argument("--latency", type=float, default=0.3, help="seconds of the model's answer")
    parser.add_argument("--slots", type=int, default=4, help="answers of the model at a time")
    given = parser.parse_args()
    rows: list[Row] = []
    ends: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="lsfs-service-") as folder:
        source = Path(folder) / "library"
        fill(source, given.files, given.seed)
        engines = ("quotes", "server") if given.engine == "both" else (given.engine,)
        for engine in engines:
            stand_in = StandIn(given.latency, given.slots)
            with served(source, Path(folder) / engine, engine, stand_in, given.slots) as service:
                found, ends[engine] = measured(service, engine, given.seconds, given.seed)
            rows += found
            ends[engine]["most_at_the_model"] = stand_in.most
            stand_in.close()
    show(rows, ends)
    told = {"seed": given.seed, "rows": [vars(row) for row in rows], "ends": ends}
    print(json.dumps(told))


def fill(source: Path, count: int, seed: int) -> None:
    """Leases of places, one paragraph or several each."""
    draw = random.Random(seed)
    source.mkdir()
    for number in range(count):
        place = PLACES[number % len(PLACES)]
        lines = [f"Lease {number} of the {place}."]
        lines.append(f"The monthly rent of the {place} is EUR {draw.randrange(300, 3000)}.")
        lines += [
            f"The deposit for room {room} of the {place} is EUR {draw.randrange(600, 9000)}."
            for room in range(draw.randrange(1, 12))
        ]
        (source / f"lease-{number:04d}-{place}.txt").write_text("\n\n".join(lines) + "\n")


@contextmanager
def served(source: Path, state: Path, engine: str, model: StandIn, slots: int) -> Iterator[Service]:
    """The service, with an index that is complete."""
    record = initialise(source, str(state))
    members, now_ns = Members(record.state.members), time.time_ns()
    tokens = {
        name: members.add(name, now_ns + 10**13, now_ns, Grant())[1] for name in (*CROWD, "greedy")
    }
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "parsers", "cli")),
        "LSFS_MODEL_EMBED": "none",
        "LSFS_MODEL_CHAT": {"server": model.url, "local": "default"}.get(engine, "none"),
        "LSFS_MODEL_CHAT_NAME": "stand-in",
        "LSFS_TEAM_ASKS": str(slots if engine == "server" else 1),
        "LSFS_TEAM_RUNNING": str(RUNNING),
        "LSFS_TEAM_WAITING": str(WAITING),
        "LSFS_TEAM_QUEUE": str(QUEUE),
    }
    command = [sys.executable, "-m", "lsfs_cli", "serve", str(source), "--team", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--state", str(state)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = urlsplit(process.stdout.readline().strip()).port or 0
        token = (StatePaths(record.state.root).root / "metrics.token").read_text().strip()
        service = Service(port, process.pid, tokens, token)
        first = Client(service, "ada", 0.0, 0.0, 0.0, 0)
        assert first._send("wait-indexed", {}).status == 200
        yield service
    finally:
        process.terminate()
        assert process.wait(60) == 0, "the service did not end in order"


def measured(
    service: Service, engine: str, seconds: float, seed: int
) -> tuple[list[Row], dict[str, Any]]:
    """All phases against a service, and how it is at the end."""
    crowd = [(name, 0.5, 0.0) for name in CROWD for _ in range(8)]
    phases = (
        ("warm-up", [(name, 0.5, 0.2) for name in MODEST]),
        ("below", [(name, 0.5, 0.4) for name in MODEST]),
        ("above", crowd),
        ("modest alone", [(name, 1.0, 0.0) for name in MODEST]),
        ("modest, and one greedy", [*((name, 1.0, 0.0) for name in MODEST),
                                    *[("greedy", 1.0, 0.0)] * 32]),
        ("below, again", [(name, 0.5, 0.4) for name in MODEST]),
    )  # fmt: skip
    rows, resident = [], {}
    for number, (phase, clients) in enumerate(phases):
        length = min(3.0, seconds) if phase == "warm-up" else seconds
        begin = time.monotonic()
        answered = run(service, clients, length, seed + 1000 * number)
        took = time.monotonic() - begin  # with what was still under way
        resident[phase] = service.resident()
        if phase != "warm-up":
            rows += summed(engine, phase, answered, took)
    told = service.metrics()
    everything = Counter((one.call, one.status) for one in service.answered)
    for (call, status), count in everything.items():
        name = f'lsfs_requests_total{{route="api {call}",status="{status}"}}'
        assert told.get(name, 0.0) == count or status == 0, (name, told.get(name), count)
    ends = {
        "resident_mb": {phase: round(size / 2**20, 1) for phase, size in resident.items()},
        "queue_at_the_end": told['lsfs_queue_waiting{queue="asks"}'],
        "running_at_the_end": told['lsfs_queue_running{queue="asks"}'],
        "sent": len(service.answered),
        "lost": sum(one.status == 0 for one in service.answered),
        "open_files": told["process_open_fds"],
    }
    return rows, ends


def run(
    service: Service, clients: Sequence[tuple[str, float, float]], seconds: float, seed: int
) -> list[Answered]:
    """What clients were answered, in so many seconds."""
    before = len(service.answered)
    until = time.monotonic() + seconds
    threads = [
        Client(service, member, until, asks, pause, seed + number)
        for number, (member, asks, pause) in enumerate(clients)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return service.answered[before:]


def summed(engine: str, phase: str, answered: Sequence[Answered], seconds: float) -> Iterator[Row]:
    """A row for each kind of call; in the phase with a greedy member, of it and of the others."""
    groups: dict[str, list[Answered]] = {}
    for one in answered:
        who = " of the greedy" if one.member == "greedy" else ""
        groups.setdefault(one.call + who, []).append(one)
    for call, those in sorted(groups.items()):
        good = sorted(one.seconds * 1000 for one in those if one.status == 200)
        status = Counter(one.status for one in those)
        cuts = statistics.quantiles(good, n=20) if len(good) > 1 else [0.0] * 19
        known = sum(status[code] for code in (200, 429, 503, 0))
        yield Row(
            engine, phase, call, len(those), status[200], status[429], status[503],
            len(those) - known, status[0], round(cuts[9], 1), round(cuts[18], 1),
            round(len(good) / seconds, 1),
        )  # fmt: skip


def show(rows: Sequence[Row], ends: dict[str, Any]) -> None:
    """The table."""
    heads = ("engine", "phase", "call", "sent", "200", "429", "503", "other", "lost", "p50 ms",
             "p95 ms", "a second")  # fmt: skip
    lines = [heads, *(tuple(str(value) for value in vars(row).values()) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        print(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        )
    for engine, end in ends.items():
        print(f"{engine}: {end}")


if __name__ == "__main__":
    main()
