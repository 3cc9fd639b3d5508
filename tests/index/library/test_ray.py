"""A folder goes into a library by Ray as it does by this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lsfs.errors import UsageError
from lsfs.index.library import ray_engine
from lsfs.index.library.check import check
from lsfs.index.library.objects import Objects
from lsfs.index.library.tables import Library
from lsfs.syscalls import bulk
from tests.index.library.conftest import contents


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LSFS_MODEL_EMBED", "none")
    folder = tmp_path / "papers"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.md").write_text(f"# Note {number}\n\nThe rent is {number}00 EUR.\n")
    (folder / "same.md").write_bytes((folder / "0.md").read_bytes())
    (folder / "picture.bin").write_bytes(b"\0\1\2")
    return folder


def test_ray_makes_the_rows_that_this_process_makes(folder: Path, tmp_path: Path) -> None:
    uris = [f"file://{tmp_path}/{engine}" for engine in ("local", "ray")]
    assert bulk.put(bulk.Order(folder, uris[0])).ingested.added == 3
    # Ray leaves threads behind: it has a process of its own.
    arguments = ["index", str(folder), "--library", uris[1], "--engine", "ray", "--json"]
    ran = subprocess.run(
        [sys.executable, "-m", "lsfs_cli", *arguments],
        capture_output=True, text=True, env=dict(os.environ), check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["ingested"]["added"] == 3
    assert check(Library(Objects(uris[1])), deep=True).problems == ()
    local, ray = contents(uris[0]), contents(uris[1])
    for table, rows in local.items():
        assert [row for row in rows if row not in ray[table]] == [], table
        assert [row for row in ray[table] if row not in rows] == [], table
    assert local == ray


def test_without_ray_it_is_said_how_to_install_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_engine, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="ray, pandas, lance") as error:
        bulk.put(bulk.Order(folder, f"file://{tmp_path}/library", engine="ray"))
    assert error.value.hint == "pip install 'lsfs[ray]'"
