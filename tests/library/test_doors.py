"""A library through the mount, the command line and an agent's protocol: whole processes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from mcp import Client

import lsfs
from tests.library.conftest import NAME, World
from tests.serve.mcp_clients import Agent, environment, server

Eventually = Callable[[Callable[[], object]], object]
Run = Callable[..., str]


@pytest.fixture
def run(own: World, tmp_path: Path) -> Run:
    """Runs the command as a user would, without models; gives what it prints."""
    variables = environment(tmp_path / "data")

    def call(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lsfs_cli", *arguments],
            env=variables, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


@pytest.fixture
def mounted(
    own: World, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    mountpoint = tmp_path / "drive"
    assert own.uri in run("mount", own.uri, str(mountpoint))
    yield mountpoint
    if os.path.ismount(mountpoint):
        run("umount", str(mountpoint))


def files_of(folder: Path) -> list[Path]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(found)


@pytest.mark.mount
def test_a_mounted_library(own: World, mounted: Path, eventually: Eventually) -> None:
    names = files_of(own.folder)
    shown = mounted / NAME
    assert files_of(shown) == names
    for name in names:
        assert (shown / name).stat().st_size == (own.folder / name).stat().st_size
        assert (shown / name).stat().st_mtime_ns == (own.folder / name).stat().st_mtime_ns
    assert all(
        (shown / name).read_bytes() == (own.folder / name).read_bytes() for name in names[1:]
    )
    _refuses_changes(shown, names[0])

    own.tap.cut()  # what was read once is here
    try:
        assert (shown / names[1]).read_bytes() == (own.folder / names[1]).read_bytes()
        with pytest.raises(OSError) as refused:
            (shown / names[0]).read_bytes()
        assert refused.value.errno == errno.EIO
    finally:
        own.tap.mend()
    assert (shown / names[0]).read_bytes() == (own.folder / names[0]).read_bytes()

    query = mounted / ".lsfs" / "search" / "heron"
    eventually(lambda: _made(query))  # the process that answers may be just beginning
    assert "heron" in (query / "RESULTS.md").read_text()
    status = json.loads((mounted / ".lsfs" / "status").read_text())
    assert (status["source"], status["index"]["files"]) == (own.uri, len(names))
    text = mounted / ".lsfs" / "text" / NAME / names[2]
    assert "minutes" in text.with_name(f"{text.name}.md").read_text()

    (own.folder / names[0]).write_text("A shoebill stands in the reeds.\n")
    (own.folder / names[1]).unlink()
    own.write()
    eventually(lambda: not (shown / names[1]).exists())
    eventually(lambda: (shown / names[0]).read_text().startswith("A shoebill"))
    with lsfs.open(mounted) as drive:
        found = drive.retrieve("shoebill", mode="keyword").hits
    assert [hit.path for hit in found] == [f"{NAME}/{names[0]}"]


def _made(folder: Path) -> bool:
    try:
        folder.mkdir()
    except OSError as error:  # it may still be asking the server that did not answer
        assert error.errno in (errno.EAGAIN, errno.EIO)
        return False
    return True


def _refuses_changes(shown: Path, name: Path) -> None:
    for change in (
        lambda: (shown / "new.txt").write_text("text"),
        lambda: (shown / name).write_text("text"),
        lambda: (shown / name).unlink(),
        lambda: (shown / name).rename(shown / "other.txt"),
        lambda: (shown / name).chmod(0o600),
        lambda: (shown / "folder").mkdir(),
        lambda: os.truncate(shown / name, 0),
        lambda: os.setxattr(shown / name, "user.x", b"x"),
    ):
        with pytest.raises(OSError) as refused:
            change()
        assert refused.value.errno == errno.EROFS


def test_commands_take_a_uri(own: World, run: Run) -> None:
    found = json.loads(run("--drive", own.uri, "search", "heron", "--json"))
    assert found["hits"][0]["path"] == f"{NAME}/Field/2019/harbour-heron.txt"
    own.tap.cut()
    try:
        assert own.uri in run("--drive", own.uri, "search", "heron", code=74)
    finally:
        own.tap.mend()


def test_an_agent_reads_a_library(own: World, tmp_path: Path) -> None:
    path = f"{NAME}/Field/2019/harbour-heron.txt"

    async def story() -> None:
        async with Client(server(own.uri, tmp_path / "data")) as client:
            agent = Agent(client)
            assert path in await agent.text("search", query="heron")
            assert "a heron was seen" in await agent.text("read_text_file", path=path)
            folder = f"{NAME}/Field/2019"
            assert "harbour-heron.txt" in await agent.text("list_directory", path=folder)
            assert own.uri in await agent.text("index_status")

    anyio.run(story)
