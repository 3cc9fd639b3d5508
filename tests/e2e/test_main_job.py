"""The main job on real parts: mount, write, ask, unmount, with the real model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lsfs
from tests.syscalls.conftest import fill

pytestmark = [pytest.mark.mount, pytest.mark.model]

ROOT = Path(__file__).resolve().parents[2]
Eventually = Callable[[Callable[[], object]], object]


def run(*arguments: str, code: int = 0) -> str:
    """Run the command as a user would; gives what it prints."""
    roots = os.pathsep.join(str(ROOT / part) for part in ("", "parsers", "cli"))
    done = subprocess.run(
        [sys.executable, "-m", "lsfs_cli", *arguments],
        env={**os.environ, "PYTHONPATH": roots},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A small drive, mounted: its source and its mountpoint."""
    source, mountpoint = fill(tmp_path / "docs"), tmp_path / "drive"
    mountpoint.mkdir()
    run("mount", str(source), str(mountpoint))
    yield source, mountpoint
    if os.path.ismount(mountpoint):
        run("umount", str(mountpoint))


def paths(output: str) -> list[str]:
    return list(dict.fromkeys(hit["path"] for hit in json.loads(output)["hits"]))


def test_a_mount_is_indexed_as_the_drive_that_it_is(mounted: tuple[Path, Path]) -> None:
    source, mountpoint = mounted
    for place in (mountpoint, mountpoint / "Contracts"):
        told = json.loads(run("index", str(place), "--json"))
        assert (told["source"], told["fs"]["mountpoint"]) == (str(source), str(mountpoint))


def test_the_main_job(mounted: tuple[Path, Path]) -> None:
    source, mountpoint = mounted
    drive = ("--drive", str(mountpoint))
    assert (mountpoint / "Contracts" / "harbour-lease.md").read_bytes() == (
        source / "Contracts" / "harbour-lease.md"
    ).read_bytes()

    report = json.loads(run(*drive, "status", "--wait", "--json"))
    assert report["index"]["pending"] == 0
    assert report["fs"]["mountpoint"] == str(mountpoint)
    assert report["brain"]["pid"] not in (0, report["fs"]["pid"])

    answer = json.loads(run(*drive, "ask", "contracts from 2023", "--json"))
    assert [file["path"] for file in answer["files"]] == ["Contracts/harbour-lease.md"]

    answer = json.loads(
        run(*drive, "ask", "What is the monthly rent in the Harbour Homes lease?", "--json")
    )
    assert "1,450" in answer["answer"]
    assert answer["model"]
    assert answer["citations"][0]["path"] == "Contracts/harbour-lease.md"

    summary = mountpoint / ".lsfs" / "summary"
    assert "1,450" in (summary / "Contracts" / "harbour-lease.md.md").read_text()
    assert "2 contract" in (summary / "Contracts.md").read_text()

    missing = run(*drive, "ask", "What is the wingspan of the albatross?", code=1)
    assert missing.startswith("not found in your files")

    (mountpoint / "Notes" / "pond.txt").write_text("A kingfisher lives at the office pond.")
    assert paths(run(*drive, "search", "kingfisher", "--wait", "--json"))[0] == "Notes/pond.txt"
    assert (source / "Notes" / "pond.txt").exists()

    (mountpoint / "Notes" / "pond.txt").rename(mountpoint / "Notes" / "birds.txt")
    found = paths(run(*drive, "search", "kingfisher", "--wait", "--json"))
    assert found[0] == "Notes/birds.txt"
    assert "Notes/pond.txt" not in found

    run("umount", str(mountpoint))
    assert list(mountpoint.iterdir()) == []


def test_a_query_is_a_directory(mounted: tuple[Path, Path], eventually: Eventually) -> None:
    _, mountpoint = mounted
    run("--drive", str(mountpoint), "status", "--wait")
    query = mountpoint / ".lsfs" / "search" / "monthly rent"
    query.mkdir()
    links = sorted(p for p in query.iterdir() if p.is_symlink())
    assert {"harbour-lease.md", "mill-lease.txt"} <= {p.name.partition(" ")[2] for p in links}
    assert links[0].read_bytes() == (mountpoint / links[0].resolve()).read_bytes()
    assert json.loads((query / "results.json").read_text())["hits"]
    (mountpoint / "Contracts" / "barn.md").write_text("The monthly rent of the barn is EUR 90.")
    eventually(lambda: any("barn.md" in p.name for p in query.iterdir()))
    (mountpoint / "Contracts" / "barn.md").unlink()
    eventually(lambda: not any("barn.md" in p.name for p in query.iterdir()))
    query.rmdir()
    assert list((mountpoint / ".lsfs" / "search").iterdir()) == []


def test_edits_behind_the_mount_are_followed(
    mounted: tuple[Path, Path], eventually: Eventually
) -> None:
    source, mountpoint = mounted
    with lsfs.open(mountpoint) as drive:
        drive.wait_indexed()
        (source / "Notes" / "owl.txt").write_text("A tawny owl nests in the barn.")
        eventually(lambda: [h.path for h in drive.retrieve("tawny owl", mode="keyword").hits])
        (source / "Notes" / "owl.txt").unlink()
        assert not drive.retrieve("tawny owl", mode="keyword").hits


def test_the_python_api_and_the_command_line_agree(mounted: tuple[Path, Path]) -> None:
    source, mountpoint = mounted
    with lsfs.open(source) as drive:
        drive.wait_indexed()
        hits = drive.retrieve("rent", k=5).hits
    printed = json.loads(run("--drive", str(mountpoint), "search", "rent", "-k", "5", "--json"))
    assert [hit.path for hit in hits] == [hit["path"] for hit in printed["hits"]]
    assert [hit.score for hit in hits] == [hit["score"] for hit in printed["hits"]]


def test_the_drive_outlives_its_brain(mounted: tuple[Path, Path], eventually: Eventually) -> None:
    _, mountpoint = mounted
    status = json.loads(run("--drive", str(mountpoint), "status", "--wait", "--json"))
    os.kill(status["brain"]["pid"], signal.SIGKILL)
    (mountpoint / "Notes" / "late.txt").write_text("A cormorant dries its wings.")
    assert (mountpoint / "Notes" / "late.txt").read_text().startswith("A cormorant")

    def found() -> bool:
        with lsfs.open(mountpoint) as drive:
            drive.wait_indexed()
            return bool(drive.retrieve("cormorant", mode="keyword").hits)

    assert found()
