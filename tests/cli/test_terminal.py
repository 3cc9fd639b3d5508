"""What a terminal gets and a pipe does not; readers that go early; few letters."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[2]


def environment(hostile: Path, **extra: str) -> dict[str, str]:
    roots = os.pathsep.join(str(ROOT / part) for part in (".", "parsers", "cli"))
    # Whoever runs the tests may have told the size of a terminal, which goes before the real one.
    plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**plain, "PYTHONPATH": roots, "LSFS_STATE": str(hostile / "state"),
            "TERM": "xterm", "LSFS_DRIVE": str(hostile / "docs"), **extra}  # fmt: skip


def on_terminal(hostile: Path, *arguments: str, columns: int = 80, **extra: str) -> str:
    """What a command writes to a terminal of 24 lines."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with subprocess.Popen(
        [sys.executable, "-m", "lsfs_cli", *arguments],
        env=environment(hostile, **extra), cwd=hostile, stdin=theirs, stdout=theirs, stderr=theirs,
    ):  # fmt: skip
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:  # EIO: nobody has the other end any more
            pass
    os.close(ours)
    return b"".join(parts).decode()


@pytest.fixture
def pager(tmp_path: Path) -> str:
    script = tmp_path / "pager"
    script.write_text("#!/bin/sh\necho PAGED\nexec cat\n")
    script.chmod(0o755)
    return str(script)


def test_long_results_are_paged_on_terminals_alone(hostile: Path, run: Run, pager: str) -> None:
    long, short = ("history", "long.txt"), ("ls",)
    for number in range(30):
        run("write", "long.txt", f"{number}")
    shown = on_terminal(hostile, *long, LSFS_PAGER=pager)
    assert shown.startswith("PAGED") and shown.count("written") == 29
    assert "PAGED" not in on_terminal(hostile, *short, LSFS_PAGER=pager)
    assert on_terminal(hostile, *long, PAGER=pager).startswith("PAGED")
    for off in ("", "cat", "/no/such/pager"):
        shown = on_terminal(hostile, *long, LSFS_PAGER=off, PAGER=pager)
        assert "PAGED" not in shown and shown.count("written") == 29
    piped = subprocess.run(
        [sys.executable, "-m", "lsfs_cli", *long],
        env=environment(hostile, LSFS_PAGER=pager), cwd=hostile, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "PAGED" not in piped.stdout and "\x1b" not in piped.stdout


def test_colours_and_widths(hostile: Path, run: Run) -> None:
    run("status", "--wait")
    shown = on_terminal(hostile, "search", "monthly", "rent", LSFS_PAGER="")
    assert "\x1b[1;36m" in shown  # what matched
    assert "\x1b" not in on_terminal(hostile, "search", "rent", NO_COLOR="1", LSFS_PAGER="")
    assert "\x1b" not in on_terminal(hostile, "--no-color", "search", "rent", LSFS_PAGER="")
    assert "\x1b" not in on_terminal(hostile, "search", "rent", TERM="dumb", LSFS_PAGER="")
    narrow = on_terminal(
        hostile, "--no-color", "search", "lease between", "-k", "1", columns=40, LSFS_PAGER=""
    )
    quoted = [line for line in narrow.splitlines() if line.startswith("    ")]
    assert len(quoted) > 2 and max(map(len, quoted)) <= 40


@pytest.mark.parametrize("arguments", ["ls", "search rent", "--help", "config list", "schema"])
def test_a_reader_may_go_early(hostile: Path, arguments: str) -> None:
    script = f'{sys.executable} -m lsfs_cli {arguments} | true; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", script],
        env=environment(hostile), cwd=hostile, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "0" and done.stderr == ""


def test_a_terminal_that_knows_few_letters(hostile: Path, run: Run) -> None:
    run("write", "snowman.txt", "the \N{SNOWMAN} melts")
    run("status", "--wait")
    for encoding in ("ascii", "latin-1"):
        done = subprocess.run(
            [sys.executable, "-m", "lsfs_cli", "search", "melts"],
            env=environment(hostile, PYTHONIOENCODING=encoding), cwd=hostile, capture_output=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0 and done.stderr == b""
        assert b"the ? melts" in done.stdout


def test_threads_of_numpy_do_not_spin_while_they_wait() -> None:
    script = (
        "import os; from lsfs_cli import main;"
        "main.main = lambda: print(os.environ['OPENBLAS_THREAD_TIMEOUT']);"
        "main.command()"
    )
    environment = {name: value for name, value in os.environ.items() if "OPENBLAS" not in name}
    for asked, given in (({}, "4"), ({"OPENBLAS_THREAD_TIMEOUT": "20"}, "20")):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=environment | asked, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == given
