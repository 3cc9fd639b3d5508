"""Commands about shared libraries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_a_folder_goes_into_a_library_and_is_looked_after(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSFS_MODEL_EMBED", "none")
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "note.txt").write_text("The rent is 300 EUR.")
    uri = f"file://{tmp_path}/library"
    put = run("index", str(papers), "--library", uri, "--as", "Notes", "--json").json
    assert put["ingested"]["source"] == "Notes" and put["ingested"]["added"] == 1
    assert (
        "has all of Notes: 1 files"
        in run("index", str(papers), "--library", uri, "--as", "Notes").out
    )
    assert run("library", "compact", uri, "--json").json["documents"] == 0
    assert "all is well" in run("library", "check", uri).out
    next((tmp_path / "library/files").glob("*/*")).unlink()
    broken = run("library", "check", uri, "--json")
    assert broken.code == 1
    assert [one["kind"] for one in broken.json["problems"]] == ["bytes of a file are missing"]
    planned = run("library", "check", uri, "--repair", "--dry-run")
    assert planned.code == 1 and "mending: its files are marked" in planned.out
    assert run("library", "check", uri).code == 1
    mended = run("library", "check", uri, "--repair")
    assert mended.code == 0 and "mended: its files are marked" in mended.out
    assert f"lsfs index FOLDER --library {uri}, for Notes" in mended.err
    run("index", str(papers), "--library", uri, "--as", "Notes")
    assert "all is well" in run("library", "check", uri).out
    assert run("library", "check", uri, "--dry-run").code == 2
    assert run("library", "check", f"{uri}/no").code == 12
    assert run("index", str(papers), "--engine", "ray").code == 2
    assert run("index", str(papers), "--library", "s3://key:secret@bucket/x").code == 2
    assert run("index", str(papers), "--library", uri, "--as", "a/b").code == 2
