"""The Python of the README and of docs/agents.md runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import fsspec
import pytest

import lsfs
from lsfs.fsspec import DriveFileSystem
from tests.syscalls.conftest import fill

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = [
    block
    for page in ("docs/agents.md", "README.md")
    for block in re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S)
]


@pytest.mark.parametrize("block", [one for one in BLOCKS if "pandas" not in one])
def test_an_example_runs(
    block: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(tmp_path / "Documents")
    (tmp_path / "Documents/Contracts/lease.pdf").write_text("The rent is EUR 900.")
    (tmp_path / "Documents/Notes/old.txt").write_text("old")
    (tmp_path / "Documents/report.txt").write_text("before")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LSFS_MODEL_CHAT", "none")
    monkeypatch.setenv("LSFS_MODEL_EMBED", "none")
    exec(compile(block, "docs/agents.md", "exec"), {"lsfs": lsfs, "__name__": "docs"})
    assert capsys.readouterr().out or "print" not in block


def test_the_example_of_fsspec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = (one for one in BLOCKS if "pandas" in one)
    fill(tmp_path / "Documents")
    (tmp_path / "Documents/Notes/todo.txt").write_text("call Ada")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LSFS_MODEL_CHAT", "none")
    monkeypatch.setenv("LSFS_MODEL_EMBED", "none")
    fsspec.register_implementation("lsfs", DriveFileSystem, clobber=True)
    now = [line for line in block.splitlines() if "pandas" not in line and "then" not in line]
    names: dict[str, object] = {"fsspec": fsspec}
    exec(compile("\n".join(now), "docs/agents.md", "exec"), names)
    made = names["fs"]
    assert isinstance(made, DriveFileSystem)
    assert made.cat("Notes/todo.txt") == b"call Ada"
    made.close()
