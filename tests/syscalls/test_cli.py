"""The command line as a contract: output, JSON, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lsfs.untrusted import safe
from lsfs_cli.render import place
from tests.command import ROOTS, apart, lsfs


def test_index_without_a_folder_is_of_the_named_drive(source: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = lsfs("--drive", str(source), "index", "--json", cwd=elsewhere, LSFS_MODEL_EMBED="none")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["source"] == str(source)


def test_index_search_ask(source: Path) -> None:
    done = apart("index", str(source), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["schema"] == 1
    assert report["index"]["pending"] == 0

    done = apart("search", "monthly", "rent", "-k", "2", "--json", cwd=source)
    assert done.returncode == 0, done.stderr
    hits = json.loads(done.stdout)["hits"]
    assert hits[0]["path"].startswith("Contracts/")
    contract = {
        "path", "page", "page_end", "line_start", "line_end", "char_start", "char_end", "score",
        "title", "date", "text",
    }  # fmt: skip
    assert contract <= hits[0].keys()

    done = lsfs("--json", "ask", "contracts from 2023", cwd=source)
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert [file["path"] for file in answer["files"]] == ["Contracts/harbour-lease.md"]
    assert {"answer", "grounded", "citations", "files", "plan", "model"} <= answer.keys()

    done = lsfs("ask", "contracts from 2023", cwd=source)
    assert "Contracts/harbour-lease.md" in done.stdout
    assert done.stderr == ""


def test_exit_codes(source: Path, tmp_path: Path) -> None:
    assert lsfs("search", "rent", cwd=tmp_path).returncode == 10
    assert lsfs("index", str(tmp_path / "none")).returncode == 12
    assert lsfs("search").returncode == 2
    assert lsfs("serch", "x").returncode == 2
    lsfs("index", str(source))
    at = ("--drive", str(source))
    assert lsfs(*at, "search", "zzzz", "--mode", "keyword").returncode == 1
    assert lsfs(*at, "search", "rent", "--mode", "odd").returncode == 2
    assert lsfs(*at, "search", "rent", "--after", "soon").returncode == 2
    assert lsfs(*at, "text", "none.txt").returncode == 12
    assert lsfs(*at, "ask", "  ").returncode == 2
    assert lsfs(*at, "ask", "What is the wingspan of an albatross?").returncode == 1


def test_every_way_to_name_a_drive_refuses_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for command in (["init"], ["index"], ["mount"]):
        rest = [str(tmp_path)] if command == ["mount"] else []
        assert lsfs(*command, str(tmp_path / "none"), *rest).returncode == 12
        assert lsfs(*command, str(tmp_path / "file"), *rest).returncode == 12
    assert lsfs("umount", str(tmp_path)).returncode == 12


def test_usage_errors_are_json_when_asked_for() -> None:
    assert json.loads(lsfs("search", "--json").stdout)["error"]["code"] == "UsageError"


def test_a_query_that_begins_with_a_minus_is_told_from_an_option() -> None:
    assert "lsfs search -- '-type:pdf rent'" in lsfs("search", "-type:pdf rent").stderr


def test_a_full_device_is_an_error_of_one_line(source: Path) -> None:
    lsfs("index", str(source))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lsfs_cli", "--drive", str(source), "search", "rent"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, ROOTS))},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 70
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_errors_say_what_to_do(source: Path, tmp_path: Path) -> None:
    done = lsfs("search", "rent", cwd=tmp_path)
    assert "belongs to no drive" in done.stderr
    assert "lsfs init" in done.stderr
    done = lsfs("search", "rent", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["error"]["code"] == "NotInitialised"
    done = lsfs("serch", "x")
    assert "Did you mean 'search'?" in done.stderr


ODD_NAMES = (
    'it\'s "q".txt',
    "new\nline.txt",
    "[bold]x[red].txt",
    "caf\udce9.txt",
    "esc\x1b[31m.txt",
)


def test_odd_names_are_shown_safely(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for number, name in enumerate(ODD_NAMES):
        (tmp_path / "d" / name).write_text(f"a heron in the reeds of lake {number}")
    assert lsfs("index", str(tmp_path / "d")).returncode == 0
    done = lsfs("search", "heron", cwd=tmp_path / "d")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert done.stdout.count("\n") == 2 * len(ODD_NAMES)
    found = json.loads(lsfs("search", "heron", "--json", cwd=tmp_path / "d").stdout)
    assert {hit["path"] for hit in found["hits"]} == set(ODD_NAMES)


def test_a_path_relative_to_the_current_folder(source: Path) -> None:
    lsfs("index", str(source))
    done = lsfs("text", "mill-lease.txt", cwd=source / "Contracts")
    assert "EUR 700" in done.stdout, done.stderr
    done = lsfs("text", "Contracts/mill-lease.txt", cwd=source)
    assert "EUR 700" in done.stdout, done.stderr


def test_state_can_be_elsewhere(source: Path, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    assert lsfs("index", str(source), LSFS_STATE=state).returncode == 0
    assert (tmp_path / "state" / "catalog.sqlite").exists()
    done = lsfs("--state", state, "search", "heron", cwd=tmp_path)
    assert done.returncode == 10
    done = lsfs("--state", state, "--drive", str(source), "search", "heron")
    assert done.returncode == 0


def test_settings(tmp_path: Path) -> None:
    assert lsfs("config", "set", "index.debounce_ms", "50").returncode == 0
    assert (
        json.loads(lsfs("config", "list", "--json").stdout)["settings"]["index.debounce_ms"] == 50
    )
    assert lsfs("config", "get", "index.debounce").returncode == 2


def test_completion_and_doctor() -> None:
    assert "_LSFS_COMPLETE" in lsfs("completion", "bash").stdout
    checks = json.loads(lsfs("doctor", "--json").stdout)["checks"]
    assert {"name", "ok", "message"} <= checks[0].keys()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é ü 漢", "plain é ü 漢"),
        ("a\x1b[31mb", "a�[31mb"),
        ("a\nb\tc", "a b c"),
        ("a\u202eb", "a�b"),
        ("caf\udce9", "caf�"),
    ],
)
def test_safe(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_places() -> None:
    assert place("a.pdf", "p.3") == "a.pdf p.3"
    assert place("a\x1b.txt", ":4-9") == "a\N{REPLACEMENT CHARACTER}.txt:4-9"
    assert place("a.txt", "") == "a.txt"


def test_versions_on_the_command_line(source: Path, tmp_path: Path) -> None:
    """One session: history, cat, diff, rollback, a removed file, and a plan that is asked about."""
    model = {"LSFS_MODEL_EMBED": "none"}
    file = source / "Notes" / "plan.txt"
    for text in ("one\n", "two, longer\n"):
        file.write_text(text)
        assert lsfs("index", str(source), "-q", **model).returncode == 0
    done = lsfs("history", "Notes/plan.txt", "--json", cwd=source, **model)
    history = json.loads(done.stdout)
    assert [v["version"] for v in history["versions"]] == [1, 2]
    assert {"version", "time", "op", "size", "digest", "mode"} <= history["versions"][0].keys()
    done = lsfs("cat", "plan.txt", "--version", "1", cwd=file.parent, **model)
    assert (done.returncode, done.stdout) == (0, "one\n")
    done = lsfs("diff", "Notes/plan.txt", cwd=source, **model)
    assert "-one\n+two, longer\n" in done.stdout
    done = lsfs("rollback", "Notes/plan.txt", "--back", "1", cwd=source, **model)
    assert "brought back  Notes/plan.txt  version 1" in done.stdout
    assert file.read_text() == "one\n"
    file.unlink()
    done = lsfs("trash", "restore", "plan.txt", cwd=file.parent, **model)
    assert done.returncode == 0, done.stderr
    assert file.read_text() == "one\n"
    done = lsfs("history", "nothing.txt", cwd=source, **model)
    assert done.returncode == 12 and "nothing is known of" in done.stderr
    done = lsfs("prune", "--keep-last", "1", "--json", cwd=source, **model)
    plan = json.loads(done.stdout)
    assert done.returncode == 14
    assert plan["versions"] > 0 and not plan["applied"]
    done = lsfs("prune", "--keep-last", "1", cwd=source, **model)
    assert done.returncode == 14 and plan["digest"] in done.stderr
    done = lsfs("prune", "--keep-last", "1", "--apply", plan["digest"], cwd=source, **model)
    assert done.returncode == 0 and "are gone" in done.stdout
    done = lsfs("cat", "Notes/plan.txt", "--version", "2", cwd=source, **model)
    assert done.returncode == 12
