"""A drive for programs that await."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.errors import Cancelled, NotFound, UsageError
from lsfs.syscalls.drive import Drive
from lsfs.syscalls.registry import registry
from tests.syscalls.conftest import fill

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings() -> Config:
    return replace(Config(), model=ModelConfig(chat="none", embed="none"))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Path]:
    yield fill(tmp_path / "docs")


async def test_methods_are_awaited_and_run_together(source: Path, settings: Config) -> None:
    events: list[dict[str, Any]] = []
    async with lsfs.aopen(source, config=settings, on_event=events.append) as drive:
        await drive.wait_indexed()
        found: dict[str, str] = {}

        async def look(query: str) -> None:
            found[query] = (await drive.retrieve(query, k=1)).hits[0].path

        async with anyio.create_task_group() as group:
            for query in ("heron", "kitchen", "harbour"):
                group.start_soon(look, query)
        assert found["heron"] == "Notes/newsletter.html"
        assert found["kitchen"] == "Finance/invoice-2023-17.txt"
        with pytest.raises(NotFound):
            await drive.text("none.txt")
        with pytest.raises(UsageError, match="'top_k'"):
            await drive.retrieve("rent", top_k=3)  # type: ignore[call-arg]
        events.clear()
        answer = await drive.ask("What is the monthly rent of the lease with Harbour Homes?")
        assert "".join(event.get("text", "") for event in events) == answer.answer
    drive = await lsfs.aopen(source, config=settings)
    await drive.aclose()


async def test_text_and_changes_come_as_they_happen(source: Path, settings: Config) -> None:
    async with lsfs.aopen(source, config=settings) as drive:
        question = "What is the monthly rent of the lease with Harbour Homes?"
        await drive.wait_indexed()
        async with drive.stream("ask", question) as stream:
            text = "".join([part async for part in stream])
        assert "1,450" in text and "1,450" in stream.result.answer
        with pytest.raises(UsageError):
            async with drive.stream("ask", " ") as stream:
                [part async for part in stream]
        with pytest.raises(UsageError, match="async with"):
            [part async for part in drive.stream("ask", question)]
        with pytest.raises(KeyError):
            async with drive.stream("ask", question):
                raise KeyError
        cursor = (await drive.changes_since()).cursor
        (source / "new.txt").write_text("an okapi")
        seen = set()
        with anyio.fail_after(120):
            async for event in drive.watch(cursor=cursor, interval=0.02):
                seen.add((event.event, event.path))
                if event.event == "indexed":
                    break
        assert seen == {("created", "new.txt"), ("indexed", "new.txt")}


async def test_a_cancelled_task_ends_its_call(
    source: Path, settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow(call: Any, _: Any) -> Any:
        begun.set()
        call.cancelled.wait(120)
        ended.set()
        raise Cancelled("the caller has gone")

    monkeypatch.setitem(registry._syscalls, "grep", replace(registry["grep"], run=slow))
    async with lsfs.aopen(source, config=settings) as drive:
        async with anyio.create_task_group() as group:
            group.start_soon(drive.grep, "rent")
            assert await anyio.to_thread.run_sync(begun.wait, 120)
            group.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(ended.wait, 120)


def test_each_method_is_that_of_the_drive_and_a_coroutine() -> None:
    for declared in registry:
        method = getattr(lsfs.AsyncDrive, declared.name)
        assert inspect.iscoroutinefunction(method)
        assert inspect.signature(method) == inspect.signature(getattr(Drive, declared.name))
