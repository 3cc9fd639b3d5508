"""``lsfs do``: shown first, done when somebody has said so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import lsfs


@pytest.fixture
def indexed(source: Path) -> Path:
    assert lsfs("index", "-q", str(source), LSFS_MODEL_EMBED="none").returncode == 0
    return source


def do(source: Path, *words: str) -> tuple[int, str, str]:
    done = lsfs("do", *words, cwd=source, LSFS_MODEL_EMBED="none")
    return done.returncode, done.stdout, done.stderr


def test_what_changes_files_is_approved_first(indexed: Path) -> None:
    prompt = "delete the file report.txt"
    code, out, error = do(indexed, prompt)
    assert (code, (indexed / "Notes/report.txt").exists()) == (14, True)
    assert out.startswith("lsfs rm Notes/report.txt")
    assert "1 files" in out  # what the plan would remove
    assert "--yes" in error
    code, out, _ = do(indexed, prompt, "--json")
    assert (code, (indexed / "Notes/report.txt").exists()) == (14, True)
    assert json.loads(out)["calls"][0]["syscall"] == "delete"
    code, out, _ = do(indexed, prompt, "--dry-run")
    assert (code, (indexed / "Notes/report.txt").exists()) == (0, True)
    code, out, error = do(indexed, prompt, "--yes", "--json")
    assert (code, (indexed / "Notes/report.txt").exists()) == (0, False), error
    assert json.loads(out)["results"][0]["applied"]
    code, _, _ = do(indexed, "get", "report.txt", "back", "from", "the", "trash", "--yes")
    assert code == 14 or (indexed / "Notes/report.txt").exists()


def test_what_reads_is_run_at_once(indexed: Path) -> None:
    code, out, error = do(indexed, "show me the file report.txt")
    assert (code, out.strip()) == (0, "one"), error
    code, out, _ = do(indexed, "which files contain the word lease?", "--json")
    assert code == 0
    assert json.loads(out)["results"][0]["hits"][0]["path"] == "Archive/van lease.txt"


def test_what_is_not_clear_ends_with_1(indexed: Path) -> None:
    code, out, _ = do(indexed, "delete same.txt")
    assert code == 1
    assert "A/same.txt" in out
    assert "B/same.txt" in out
