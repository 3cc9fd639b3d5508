"""What the MCP server sends: parts of long answers, progress, refusals; in this process."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.client.subscriptions import ResourcesListChanged, ResourceUpdated
from msgspec.structs import replace

from lsfs.config import Config, IndexConfig, ModelConfig
from lsfs.drives import initialise
from lsfs.errors import Cancelled
from lsfs.serve import mcp_changes
from lsfs.serve.access import Access, Cancellation
from lsfs.serve.mcp import AgentServer
from tests.serve.mcp_clients import Agent
from tests.syscalls.conftest import fill

CONFIG = replace(
    Config(),
    model=ModelConfig(chat="none", embed="none"),
    index=IndexConfig(ignore=("many",)),  # so that there is less to do
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return fill(tmp_path / "docs")


@pytest.fixture
def access(source: Path, tmp_path: Path) -> Iterator[Access]:
    made = Access(initialise(source, str(tmp_path / "state")), CONFIG)
    yield made
    made.close()


def test_long_answers_come_in_parts(source: Path, access: Access) -> None:
    text = "".join(f"line {n} of a long text, with a \u00fc in it\n" for n in range(3000))
    (source / "long.txt").write_text(text, encoding="utf-8")
    (source / "many").mkdir()
    names = [f"a rather long name of a file, number {n:04}" for n in range(1500)]
    for name in names:
        (source / "many" / name).touch()

    async def run() -> None:
        async with Client(AgentServer(access).server) as client:
            agent = Agent(client)
            read = [
                part.partition("[cut here")[0]
                for part in await _parts(agent, "read_text_file", "long.txt")
            ]
            assert "".join(read) == text and len(read) == 3
            listed = "\n".join(await _parts(agent, "list_directory", "many")).splitlines()
            assert [one for one in listed if one.startswith("[FILE]")] == [
                f"[FILE] {n}" for n in names
            ]
            assert "cursor" in await agent.refusal("list_directory", path="many", cursor="x")
            tree = json.loads((await agent.text("directory_tree", path=".")).partition("\n[not")[0])
            assert {"name": "many", "type": "directory"}.items() <= tree[-1].items()
            found = await agent.raw("grep_files", pattern="long text")
            assert len(found.structured_content["matches"]) < 3000
            after = found.structured_content["next"]
            more = await agent.raw("grep_files", pattern="long text", cursor=after)
            first = more.structured_content["matches"][0]["text"]
            assert first == f"line {after} of a long text, with a \u00fc in it"

    anyio.run(run)


async def _parts(agent: Agent, tool: str, path: str) -> list[str]:
    parts, cursor = [], ""
    while True:
        answer = await agent.raw(tool, path=path, cursor=cursor)
        parts.append(answer.content[0].text)
        assert len(parts[-1]) < 50_000
        cursor = answer.structured_content.get("next", "")
        if not cursor:
            return parts


def test_all_files_are_resources(source: Path, access: Access) -> None:
    for n in range(130):
        (source / f"{n:03}").mkdir()
        (source / f"{n:03}" / "a").touch()
        (source / f"{n:03}.txt").touch()  # sorts otherwise as a path than as names

    async def run() -> None:
        async with Client(AgentServer(access).server) as client:
            listed: list[str] = []
            cursor: str | None = None
            while True:
                part = await client.list_resources(cursor=cursor)
                listed += [one.name for one in part.resources]
                cursor = part.next_cursor
                if cursor is None:
                    break
            assert len(listed) == len(set(listed)) == 2 * 130 + 4 + 2

    anyio.run(run)


def test_what_is_no_text(source: Path, access: Access) -> None:
    os.mkfifo(source / "pipe")
    (source / "noise.bin").write_bytes(bytes(range(256)) * 8)
    (source / "wide.txt").write_text("breit \u00fc\n", encoding="utf-16")
    (source / "old.txt").write_bytes("\u00fcber\n".encode("latin-1"))

    async def run() -> None:
        async with Client(AgentServer(access).server) as client:
            agent = Agent(client)
            assert "no file that can be read" in await agent.refusal("read_text_file", path="pipe")
            assert "is a folder" in await agent.refusal("read_text_file", path="Contracts")
            assert "read_media_file" in await agent.refusal("read_text_file", path="noise.bin")
            assert "\u00fc" in await agent.text("read_text_file", path="wide.txt")
            assert await agent.text("read_text_file", path="old.txt") == "\u00fcber\n"
            assert "head or tail" in await agent.refusal(
                "read_text_file", path="old.txt", head=1, tail=1
            )

    anyio.run(run)


def test_progress_rises_over_all_stages(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(name: str, arguments: object, emit: object, cancelled: object, *_: object) -> object:
        assert callable(emit)
        for stage in ("reading", "embedding"):
            for done in range(4):
                emit({"stage": stage, "done": done, "total": 3})
        return original(name, arguments, lambda _: None, cancelled)  # type: ignore[arg-type]

    original = access.call
    monkeypatch.setattr(access, "call", call)
    told: list[tuple[float, float | None, str | None]] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async def run() -> None:
        async with Client(AgentServer(access).server, mode="legacy") as client:
            await client.call_tool("index_status", {}, progress_callback=progress)

    anyio.run(run)
    assert [one[0] for one in told] == [1, 2, 3, 4, 5, 6]
    assert told[-1] == (6, 6, "embedding")


def test_a_cancelled_request_ends_its_call(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def call(
        name: str, arguments: object, emit: object, cancelled: Cancellation, *_: object
    ) -> object:
        begun.set()
        assert cancelled.wait(20)
        ended.set()
        raise Cancelled("the caller has gone")

    monkeypatch.setattr(access, "call", call)

    async def run() -> None:
        async with Client(AgentServer(access).server) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "grep_files", {"pattern": "x"})
                await anyio.to_thread.run_sync(begun.wait, 20)
                group.cancel_scope.cancel()
            assert await anyio.to_thread.run_sync(ended.wait, 20)

    anyio.run(run)


def test_an_agent_is_told_of_changes(
    source: Path, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_changes, "LOOK_SECONDS", 0.05)
    uri = "lsfs:///Contracts/mill-lease.txt"

    async def run() -> None:
        async with Client(AgentServer(access, allow_write=True).server) as client:
            agent = Agent(client)
            await agent.text("index_status")
            async with client.listen(
                resource_subscriptions=[uri], resources_list_changed=True
            ) as told:
                await agent.text("write_file", path="Finance/new.txt", content="other")
                with anyio.fail_after(20):
                    assert isinstance(await anext(told), ResourcesListChanged)
                await agent.text("write_file", path="Contracts/mill-lease.txt", content="new")
                with anyio.fail_after(20):
                    while (event := await anext(told)) == ResourcesListChanged():
                        pass
                assert event == ResourceUpdated(uri)

    anyio.run(run)


def test_a_hint_is_in_the_words_of_tools(access: Access) -> None:
    async def run() -> None:
        async with Client(AgentServer(access).server) as client:
            agent = Agent(client)
            text = await agent.refusal("diff", path="Contracts/mill-lease.txt", before="9")
            assert "see them with: versions Contracts/mill-lease.txt" in text

    anyio.run(run)
