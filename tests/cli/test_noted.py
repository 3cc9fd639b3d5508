"""Commands that are no syscalls, in the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def lines(run: Run) -> list[tuple[str, str, dict[str, object]]]:
    found = run("audit", "list", "--json").json["entries"]
    return [(one["call"], one["outcome"], one["details"].get("arguments", {})) for one in found]


def test_what_sets_a_drive_up_is_noted(
    run: Run, hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hostile / "new").mkdir()
    monkeypatch.setenv("LSFS_STATE", str(hostile / "state2"))
    monkeypatch.setenv("LSFS_DRIVE", str(hostile / "new"))
    for dry in (["--dry-run"], []):
        assert run("init", "new", *dry).code == 0
        assert run("index", "new", *dry).code == 0
        assert run("config", "set", "index.debounce_ms", "70", *dry).code == 0
    run("init", "new")  # it is one already
    assert run("config", "set", "index.debounce_ms", "much").code == 2
    assert run("mount", "new", "new/in/it").code != 0
    noted = lines(run)
    assert [one for one in noted if one[0] != "mount"] == [
        ("init", "done", {}),
        ("index", "done", {"watch": False}),
        ("config_set", "done", {"index.debounce_ms": "70"}),
    ]
    ((_, outcome, named),) = [one for one in noted if one[0] == "mount"]
    assert (outcome, named["mountpoint"]) == ("failed", str(hostile / "new/in/it"))
    assert run("audit", "verify").code == 0
