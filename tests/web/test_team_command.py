"""``lsfs serve --team`` from the command line: real tokens, a model behind a server, a signal."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from msgspec import Struct, field

from lsfs.drives import initialise
from lsfs.errors import UsageError
from lsfs.safety.grants import Grant
from lsfs.safety.members import Members
from lsfs_cli.main import cli
from tests.llm.test_roles import Server, said
from tests.serve.mcp_clients import environment
from tests.syscalls.conftest import fill
from tests.web.team_world import Future, Got, sent

LEASE = "Contracts/mill-lease.txt"
QUESTION = "What is the monthly rent in the mill lease?"


class Served(Struct):
    """A drive that is served, and its command line."""

    folder: Path
    model: Server
    tokens: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    port: int = 0

    def lsfs(self, *arguments: str, code: int = 0) -> Any:
        """What a command prints as JSON."""
        command = [sys.executable, "-m", "lsfs_cli", *arguments, "--json"]
        ran = subprocess.run(
            command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=180
        )
        assert ran.returncode == code, ran
        return json.loads(ran.stdout)

    @property
    def env(self) -> dict[str, str]:
        known = environment(self.folder.parent / "state")
        return {
            **known, "LSFS_MODEL_CHAT": self.model.url, "LSFS_MODEL_CHAT_NAME": "m",
            "LSFS_SHARE_ENABLED": "true", "LSFS_SHARE_PORT": "0", "LSFS_TEAM_RUNNING": "1",
        }  # fmt: skip

    def start(self) -> None:
        command = [sys.executable, "-m", "lsfs_cli", "serve", ".", "--team", "--port", "0"]
        self.process = subprocess.Popen(
            command, env=self.env, cwd=self.folder, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 180)[0]
        self.port = urlsplit(self.process.stdout.readline().strip()).port or 0

    def api(self, name: str, call: str, **arguments: Any) -> Got:
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        return sent(self.port, "POST", f"/api/v1/{call}", json.dumps(arguments), headers)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    model = Server()
    model.reply = lambda *_: said("The monthly rent is EUR 700.")
    made = Served(fill(tmp_path / "docs"), model)
    try:
        yield made
    finally:
        model.holds.set()
        if made.process is not None:
            made.process.kill()
            made.process.communicate()
        model.close()


def test_a_team_is_served_until_a_signal(served: Served) -> None:
    kept = Path(served.lsfs("init", ".")["state"]) / "members.json"
    assert "nobody is a member" in served.lsfs("serve", "--team", code=2)["error"]["message"]
    for name, options in (("ada", ()), ("ben", ("--paths", "Notes/**"))):
        served.tokens[name] = served.lsfs("member", "add", name, *options)["token"]
    now_ns = time.time_ns()
    _, served.tokens["cleo"] = Members(kept).add("cleo", now_ns + 10**13, now_ns, Grant())
    listed = served.lsfs("member", "list")["members"]
    assert [(one["name"], one["paths"]) for one in listed][1] == ("ben", ["Notes/**"])
    served.start()

    # One gate holds the grants of all, and the log says who it was.
    assert served.api("ada", "wait-indexed").json["done"]
    assert "EUR 700" in served.api("ada", "read", path=LEASE).json["text"]
    refused = served.api("ben", "read", path=LEASE)
    assert (refused.status, refused.json["error"]["code"]) == (403, "AccessDenied")
    assert served.api("ben", "search", query="monthly rent mill").json["hits"] == []
    assert served.api("ada", "search", query="rent", save="kept").status == 403
    assert served.api("ada", "log", limit=10**30).status == 400
    assert served.api("ada", "status", wait="\udce9").status == 400
    (first, second) = served.lsfs("audit", "list", "--outcome", "refused")["entries"]
    assert (first["client"], first["door"], first["call"]) == ("ben", "api", "read_text")
    assert (second["client"], second["claimed"]) == ("ada", False)

    # A link is answered without a token, and nothing else is.
    link = f"/share/{served.lsfs('share', LEASE)['token']}"
    assert "EUR 700" in sent(served.port, "GET", link).text
    assert sent(served.port, "GET", link + "x").status == 404

    # Questions of several run side by side against the model's server.
    served.model.holds.clear()
    asked = [
        Future(lambda name=name: served.api(name, "ask", question=QUESTION))
        for name in ("ada", "cleo")
    ]
    deadline = time.monotonic() + 120
    while len(served.model.asked) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)

    # Told to end, the service brings them to their end.
    assert served.process is not None
    served.process.send_signal(signal.SIGTERM)
    while sent(served.port, "GET", "/ready").status == 200:
        assert time.monotonic() < deadline
    assert served.api("ben", "search", query="rent").json["error"]["code"] == "ShuttingDown"
    served.model.holds.set()
    for one in asked:
        answer = one.result()
        assert answer.status == 200 and "EUR 700" in answer.json["answer"]
        assert answer.json["model"].startswith("m@127.0.0.1:")
    assert served.process.wait(120) == 0
    assert kept.stat().st_mode & 0o77 == 0


def test_all_the_network_needs_a_name(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    record = initialise(tmp_path / "docs")
    now_ns = time.time_ns()
    Members(record.state.members).add("ada", now_ns + 10**12, now_ns, Grant())
    for options in (("--team", "--listen", "0.0.0.0"), ("--listen", "0.0.0.0"), ("--name", "x")):
        arguments = ["serve", str(record.source), "--port", "0", *options]
        ran = CliRunner().invoke(cli, arguments, standalone_mode=False)
        assert isinstance(ran.exception, UsageError) and ran.exception.hint, ran
