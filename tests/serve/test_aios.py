"""A drive as the storage of AIOS agents, in this process and over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.errors import UsageError
from lsfs.serve.aios import StorageResponse
from lsfs.serve.aios_given import count, given, length, words
from tests.syscalls.conftest import fill

ROOT = Path(__file__).resolve().parents[2]


class Query(Struct):
    """What an agent asks, with the attributes that AIOS's kernel looks at."""

    operation_type: str
    params: dict[str, Any]
    query_class: str = "storage"


class Request(Struct):
    """A query with the name of its agent."""

    query: Query
    agent_name: str = "ada"


class Agent(Struct):
    """Asks as an agent does."""

    storage: lsfs.AiosStorage
    name: str = "ada"
    refused: list[str] = field(default_factory=list)

    def ask(self, operation: str, **params: Any) -> StorageResponse:
        return self.storage.address_request(Request(Query(operation, params), self.name))

    def done(self, operation: str, **params: Any) -> str:
        answer = self.ask(operation, **params)
        assert (answer.finished, answer.error, answer.status_code) == (True, None, 200), answer
        return answer.response_message or ""

    def found(self, **params: Any) -> list[str]:
        text = self.done("retrieve", **params)
        if text == "No documents found":
            return []
        return [one["metadata"]["file_name"] for one in json.loads(text)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("aios") / "docs")


@pytest.fixture(scope="module")
def agent(folder: Path) -> Iterator[Agent]:
    settings = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    state = str(folder.parent / "state")
    with lsfs.AiosStorage(folder, config=settings, state=state) as storage:
        yield Agent(storage)


def test_files_are_made_written_read_and_rolled_back(agent: Agent, folder: Path) -> None:
    path = str(folder / "Plans" / "plan.txt")
    assert agent.done("create_dir", dir_name="Plans") == (
        f"Directory has been created successfully at: {folder / 'Plans'}"
    )
    assert "already exists" in agent.done("create_dir", dir_path="Plans")
    assert agent.done("create_file", file_path="Plans/plan.txt").endswith(
        f"successfully at: {path}"
    )
    assert (
        agent.done("create_file", file_name="Plans/plan.txt") == f"File already exists at: {path}"
    )
    for text in ("one\n", "two\n", "three\n"):
        written = agent.done("write", file_path=path, file_name="plan.txt", content=text)
        assert written == f"Content has been written to file: {path}"
    assert agent.done("read", file_path="Plans/plan.txt") == "three\n"
    assert "rolled back" in agent.done("rollback", file_path="Plans/plan.txt", n="1", time=None)
    assert Path(path).read_text() == "two\n"
    agent.done("rollback", file_path=path, n=2)  # a roll back is a version too
    assert Path(path).read_text() == "two\n"
    assert agent.ask("rollback", file_path=path, n=50).status_code == 404
    assert agent.done("read", file_path=path, version="2") == "one\n"
    made = agent.storage.drive.versions("Plans/plan.txt").versions[1]
    agent.done("rollback", file_path=path, n="1", time=made.time)
    assert Path(path).read_text() == "one\n"


def test_n_and_keywords_are_kept_to(agent: Agent) -> None:
    for key in ("n", "k"):
        for number in (1, "2", 3):
            assert len(agent.found(query_text="rent lease contract", **{key: number})) == int(
                number
            )
    assert agent.found(query_text="rent", keywords=["harbour homes"], n=5) == ["harbour-lease.md"]
    assert agent.found(query_text="rent", keywords="rent, old mill", n=5) == ["mill-lease.txt"]
    assert agent.found(query_text="rent", keywords=["zebra"], n=5) == []
    assert agent.found(query_text="", keywords=["kitchen"]) == ["invoice-2023-17.txt"]
    assert set(agent.found(query_text="rent", file_path="Contracts", n=9)) == {
        "harbour-lease.md",
        "mill-lease.txt",
    }
    first = json.loads(agent.done("retrieve", query_text="monthly rent harbour", n=1))[0]
    assert first["document_summary"].startswith("# Residential Lease")
    assert set(first["metadata"]) == {"file_path", "file_name", "last_modified"}
    assert "EUR 1,450" in first["passage"]


def test_the_index_follows_what_an_agent_does(agent: Agent) -> None:
    agent.done("write", file_path="okapi.txt", content="The okapi eats leaves.")
    assert agent.found(query_text="okapi") == ["okapi.txt"]
    plan = agent.ask("delete_file", file_path="okapi.txt")
    assert (plan.finished, plan.error, plan.status_code) == (False, "ConfirmationRequired", 409)
    assert agent.found(query_text="okapi") == ["okapi.txt"]
    digest = str(plan.response_message).rpartition("apply=")[2].rstrip(".")
    assert "deleted" in agent.done("delete_file", file_path="okapi.txt", apply=digest)
    assert "okapi.txt" not in agent.found(query_text="okapi")
    assert [file.path for file in agent.storage.drive.trash().files] == ["okapi.txt"]
    assert agent.ask("delete_dir", dir_path="Contracts/mill-lease.txt").status_code == 400
    assert agent.ask("delete_file", file_path="Contracts").status_code == 400
    assert agent.ask("delete_file", file_path="none.txt").status_code == 404


def test_sharing_is_off_until_it_is_allowed_and_ends(tmp_path: Path) -> None:
    fill(tmp_path / "docs")
    settings = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    for enabled in (False, True):
        allowed = replace(settings, share=replace(settings.share, enabled=enabled))
        with lsfs.AiosStorage(tmp_path / "docs", config=allowed) as storage:
            answer = Agent(storage).ask(
                "share", file_path="Contracts/mill-lease.txt", expires_in="2 hours"
            )
            assert answer.status_code == (200 if enabled else 403)
    made = json.loads(str(answer.response_message))
    assert made["share_link"].startswith("http://127.0.0.1:") and made["expires_in"] == "2 hours"
    assert made["file_path"] == str(tmp_path / "docs" / "Contracts" / "mill-lease.txt")


def test_a_storage_that_only_reads(agent: Agent, folder: Path) -> None:
    state, config = str(folder.parent / "state"), Config()
    with lsfs.AiosStorage(folder, read_only=True, state=state, config=config) as storage:
        reader = Agent(storage)
        assert "EUR 700" in reader.done("read", file_path="Contracts/mill-lease.txt")
        for operation in ("write", "create_file", "delete_file", "rollback", "share"):
            answer = reader.ask(operation, file_path="a.txt", content="x")
            assert (answer.finished, answer.status_code) == (False, 403)
    grant = lsfs.Grant(paths=("Notes",))
    with lsfs.AiosStorage(folder, grant=grant, state=state, config=config) as storage:
        assert Agent(storage).found(query_text="rent lease heron") == ["newsletter.html"]


def test_a_mount_is_what_its_agent_works_in(agent: Agent, folder: Path) -> None:
    other = Agent(agent.storage, "bob")
    for spelled in ({"root_dir": "Contracts"}, {"root": str(folder / "Contracts")}):
        message = other.done("mount", **spelled)
        assert message == "File system mounted successfully for agent: bob"
    assert set(other.found(query_text="invoice rent lease", n=9)) == {
        "harbour-lease.md",
        "mill-lease.txt",
    }
    assert "EUR 700" in other.done("read", file_path="mill-lease.txt")
    assert agent.ask("read", file_path="mill-lease.txt").status_code == 404
    for whole in (".", "", str(folder)):
        other.done("mount", root_dir=whole)
        assert "EUR 700" in other.done("read", file_path="Contracts/mill-lease.txt")
        refused = other.ask("read", file_path="../out.txt").response_message
        assert str(refused).startswith("Error: '../out.txt' lies outside")
    for wrong, status in (("/etc", 403), ("../..", 403), ("none", 404)):
        assert other.ask("mount", root_dir=wrong).status_code == status


def test_the_audit_log_names_the_agent_as_it_names_itself(agent: Agent) -> None:
    Agent(agent.storage, "bob").done("write", file_path="bob.txt", content="x")
    last = agent.storage.drive.audit(client="aios").entries[-1]
    assert (last.call, last.door, last.client) == ("write_file", "aios", "bob")
    assert last.claimed
    assert last.details["arguments"]["path"] == "bob.txt"


@pytest.mark.parametrize(
    ("operation", "params", "status"),
    [
        ("write", {"file_path": "/etc/passwd", "content": "x"}, 403),
        ("write", {"file_path": "../out.txt", "content": "x"}, 403),
        ("create_file", {"file_path": "a/../../out.txt"}, 403),
        ("write", {"file_path": "a.txt", "contents": "x"}, 400),
        ("write", {"file_path": "a.txt", "content": "\ud800"}, 400),
        ("write", {"content": "x"}, 400),
        ("create_file", {"file_path": "a\0b"}, 400),
        ("retrieve", {"query_text": " "}, 400),
        ("retrieve", {"query_text": "rent", "n": "many"}, 400),
        ("retrieve", {"query_text": "rent", "keywords": 3}, 400),
        ("rollback", {"file_path": "Contracts/mill-lease.txt", "n": 0}, 400),
        ("format", {}, 400),
    ],
)
def test_wrong_requests_change_nothing(
    agent: Agent, folder: Path, operation: str, params: dict[str, Any], status: int
) -> None:
    before = sorted(folder.parent.rglob("docs/**"))
    answer = agent.ask(operation, **params)
    assert (answer.finished, answer.status_code) == (False, status), answer
    assert str(answer.response_message).startswith("Error")
    assert sorted(folder.parent.rglob("docs/**")) == before


def test_arguments() -> None:
    file = {"path": ("file_path", "file_name")}
    assert given("write", {"file_path": "sub/", "file_name": "a"}, file) == {"path": "sub/a"}
    assert given("write", {"file_path": None, "file_name": "a"}, file) == {"path": "a"}
    assert words(["a b", " c ", ""]) == ("a b", "c")
    assert words("machine learning") == ("machine", "learning")
    assert count("n", " 3 ") == 3
    lengths = {None: "7d", "7 days": "7d", "2 hours": "2h", "30m": "30m", "1.5 weeks": "10.5d"}
    assert {said: length(said) for said in lengths} == lengths
    with pytest.raises(UsageError):
        length("for ever")
    for wrong in (True, -1, 1.5, "three", None):
        with pytest.raises(UsageError):
            count("n", wrong)


def post(url: str, body: Any, **headers: str) -> tuple[int, Any]:
    """What a client of the kernel sends, and gets."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=120)
    try:
        connection.request("POST", f"{parts.path}/query", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(text) if answer.status in (200, 422) else text


def test_over_http(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "parsers", "cli")),
        "LSFS_MODEL_CHAT": "none",
        "LSFS_MODEL_EMBED": "none",
    }
    command = [sys.executable, "-m", "lsfs_cli", "aios", str(tmp_path / "docs"), "--port", "0"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        assert select.select([server.stdout], [], [], 120)[0]
        url = server.stdout.readline().strip().removeprefix("CEREBRUM_KERNEL_URL=")
        body = {
            "query_type": "storage",
            "agent_name": "ada",
            "query_data": {
                "query_class": "storage",
                "operation_type": "write",
                "params": {"file_path": "a.txt", "content": "hello"},
            },
        }
        status, told = post(url, body)
        assert status == 200 and told["response"]["finished"], told
        assert set(told["response"]) == {
            "response_class", "response_message", "finished", "error", "status_code",
        }  # fmt: skip
        assert (tmp_path / "docs" / "a.txt").read_text() == "hello"
        assert post(url, {**body, "query_type": "llm"})[0] == 422
        assert post(url[:-1] + "_", body)[0] == 404
        assert post(url, body, Host="evil.example")[0] == 403
        assert post(url, body, Origin="http://evil.example")[0] == 403
    finally:
        server.terminate()
        server.communicate(timeout=60)
    assert server.returncode == 130
