"""A folder goes into a library by Ray as it does by this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lsfs.index.library.check import check
from lsfs.index.library.objects import Objects
from lsfs.index.library.tables import Library
from tests.index.library.conftest import contents


def index(
    folder: Path, uri: str, *options: str, without: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``lsfs index`` without a model of vectors, and without a module."""
    hidden = f"import sys; sys.modules[{without!r}] = None; " if without else ""
    command = f"{hidden}from lsfs_cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", command, "index", str(folder), "--library", uri, "--json", *options],
        capture_output=True,
        text=True,
        env={**os.environ, "LSFS_MODEL_EMBED": "none"},
        check=False,
    )


def test_ray_makes_the_rows_that_this_process_makes(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.md").write_text(f"# Note {number}\n\nThe rent is {number}00 EUR.\n")
    (folder / "same.md").write_bytes((folder / "0.md").read_bytes())
    (folder / "picture.bin").write_bytes(b"\0\1\2")
    uris = [f"file://{tmp_path}/{engine}" for engine in ("local", "ray")]
    for uri, engine in zip(uris, ("local", "ray"), strict=True):
        ran = index(folder, uri, "--engine", engine)
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout)["ingested"]["added"] == 3
        assert check(Library(Objects(uri)), deep=True).problems == ()
    assert contents(uris[0]) == contents(uris[1])


def test_without_ray_it_is_said_how_to_install_it(tmp_path: Path) -> None:
    ran = index(tmp_path, f"file://{tmp_path}/library", "--engine", "ray", without="ray")
    assert ran.returncode == 2
    assert "pip install 'lsfs[ray]'" in ran.stdout
