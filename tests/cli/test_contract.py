"""Every command: what it prints for programs and for people, and that looking changes nothing."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import jsonschema
import pytest

from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.registry import Effect, registry
from lsfs_cli import schemas
from tests.cli.calls import APART, CALLS, every_command
from tests.cli.conftest import EVIL, FOLDER, NAMES, Run

CHANGING = {"init", "index", "mount", "umount", "config set", "man"}
CHANGING |= {"model pull", "model remove", "model use"}


def test_every_command_is_called_here_or_tested_apart() -> None:
    names = {name for name, _ in every_command()}
    assert {name for name, _, _ in CALLS} >= names - APART
    assert set(schemas.results()) >= names - schemas.UNDESCRIBED
    assert set(schemas.results()) <= names


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_what_commands_print(run: Run, as_json: bool) -> None:
    validators = {
        name: jsonschema.Draft202012Validator(schemas.of(name)) for name in schemas.results()
    }
    for name, arguments, code in CALLS:
        ran = run(*name.split(), *arguments, *(["--json"] if as_json else []))
        told = (name, arguments, ran)
        assert ran.code == code, told
        if as_json:
            validators[name].validate(ran.json)
            assert ("error" in ran.json) == (code > 1), told
        elif name != "cat":  # the bytes themselves
            # A name or a quote cannot colour, move the cursor, turn text round or end its line.
            for char in (ran.out + ran.err).replace("\n", ""):
                assert unicodedata.category(char) not in ("Cc", "Cf", "Cs"), told


def test_a_schema_says_no_to_what_is_none() -> None:
    validator = jsonschema.Draft202012Validator(schemas.of("search"))
    assert validator.is_valid({"schema": 1, "hits": [], "notes": []})
    assert validator.is_valid({"schema": 1, "error": {"code": "X", "message": "", "hint": ""}})
    for wrong in ({"hits": []}, {"schema": 2, "hits": []}, {"schema": 1, "hits": [{"path": 3}]}):
        assert not validator.is_valid(wrong)


def test_a_name_with_a_line_break_stays_on_its_line(run: Run) -> None:
    lines = run("ls").out.splitlines()
    assert len(lines) == len(list(Path("docs").iterdir()))
    assert sum("[red]" in line and "second line" in line for line in lines) == 2
    assert run("search", "rent").out.count("\N{REPLACEMENT CHARACTER}") > 4


def state_of(root: Path) -> dict[str, object]:
    """Everything that a command could change, but logs and what only speeds things up."""
    files = {}
    for path in sorted(root.rglob("*")):
        text = str(path.relative_to(root))
        if path.is_file() and not text.startswith("state"):
            files[text] = path.read_bytes()
        elif path.is_dir() and not text.startswith("state"):
            files[text] = b""
    return files


def test_dry_runs_change_nothing(run: Run, hostile: Path) -> None:
    lease = NAMES[0]
    run("write", "docs.txt", "x")
    run("write", "docs.txt", "y")
    run("snapshot", "kept")
    run("rm", "docs.txt", "--yes")
    arguments = {
        "init": [str(hostile / "docs")], "mount": ["docs", "mounted"], "umount": ["mounted"],
        "config set": ["index.debounce_ms", "7"], "man": ["pages"],
        "write": ["new.txt", "x"], "put": ["docs/plain.txt", "new.txt"],
        "cp": [lease, "new.txt"], "mv": [lease, "new.txt"], "mkdir": ["a/b"], "rm": [lease],
        "rollback": [".", "--to", "kept"], "restore": ["kept"], "snapshot": ["other"],
        "drop-snapshot": ["kept"], "trash restore": ["docs.txt"], "trash empty": [],
        "prune": ["--keep-last", "1"], "purge": ["docs.txt"], "file-join": [lease, NAMES[1]],
        "reindex": [], "kv clear": [], "index": ["docs"], "lock": [lease], "unlock": [NAMES[1]],
        "share": [lease], "unshare": [NAMES[1]],
    }  # fmt: skip
    run("config", "set", "share.enabled", "true")
    run("lock", NAMES[1])
    run("share", NAMES[1])
    before, held = state_of(hostile), run("status", "--json").json["locks"]
    history = run("log", "-n", "1000", "--json").json, run("snapshots", "--json").json
    for name, command in every_command():
        options = {option for one in command.params for option in one.opts}
        effects = [registry[key].effect for key, one in DECLARED.items() if one.command == name]
        if (any(effect is not Effect.READ for effect in effects) or name in CHANGING) and (
            name not in APART - {"model pull", "model remove", "model use"}
        ):
            assert "--dry-run" in options, name
        if "--dry-run" in options and name not in APART and name in arguments:
            ran = run(*name.split(), *arguments[name], "--dry-run")
            assert ran.code == 0, (name, ran)
            assert state_of(hostile) == before, name
    assert (run("log", "-n", "1000", "--json").json, run("snapshots", "--json").json) == history
    assert run("status", "--json").json["locks"] == held
    assert [one["path"] for one in run("share", "--list", "--json").json["shares"]] == [NAMES[1]]


def test_dry_runs_refuse_what_would_fail(run: Run) -> None:
    lease, folder = NAMES[0], FOLDER
    for arguments, code in (
        (["mv", lease, NAMES[1]], 2), (["mv", "none.txt", "new.txt"], 12),
        (["mv", folder, f"{folder}/in/it"], 12), (["cp", lease, NAMES[1]], 2),
        (["write", folder, "x"], 2), (["write", f"{lease}/below.txt", "x"], 12),
        (["write", "no/folder.txt", "x"], 12), (["write", "../out.txt", "x"], 2),
        (["write", lease, "x", "--if-version", "9"], 41), (["mkdir", lease], 12),
        (["drop-snapshot", "none"], 12), (["rm", folder], 2), (["put", "none", "x"], 13),
    ):  # fmt: skip
        dry, wet = run(*arguments, "--dry-run"), run(*arguments)
        assert (dry.code, wet.code) == (code, code), (arguments, dry, wet)
    assert EVIL in lease
