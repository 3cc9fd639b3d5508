"""Settings, paths, the codec, and the records of drives."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs import codec, config, drives, paths
from lsfs.errors import AccessDenied, LockHeld, NotFound, NotInitialised, UsageError
from lsfs.model import Citation, Hit


def test_order_of_settings(tmp_path: Path) -> None:
    user = tmp_path / "user.toml"
    user.write_text('[index]\nparse_seconds = 5\ndebounce_ms = 5\n[model]\nchat = "none"\n')
    (tmp_path / ".lsfs.toml").write_text("[index]\ndebounce_ms = 6\nmax_file_bytes = 6\n")
    loaded = config.load(
        tmp_path,
        options={"mount.transport": "fusepy"},
        environment={"LSFS_INDEX_MAX_FILE_BYTES": "7"},
        user_file=user,
    )
    assert loaded.index.parse_seconds == 5
    assert loaded.index.debounce_ms == 6
    assert loaded.index.max_file_bytes == 7
    assert loaded.mount.transport == "fusepy"
    assert loaded.model.chat == "none"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[index]\ndebounce = 3\n", "unknown setting 'index.debounce'"),
        ("[index]\ndebounce_ms = 'soon'\n", "debounce_ms"),
        ("index = 3\n", "no section"),
        ("[index\n", "user.toml"),
    ],
)
def test_wrong_settings_name_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    user = tmp_path / "user.toml"
    user.write_text(text)
    with pytest.raises(UsageError, match=words):
        config.load(environment={}, user_file=user)


def test_a_tree_may_not_choose_models(tmp_path: Path) -> None:
    (tmp_path / ".lsfs.toml").write_text('[model]\nchat = "/tmp/evil.gguf"\n')
    read = partial(config.load, tmp_path, environment={}, user_file=tmp_path / "none")
    assert read().model.chat == "default"
    assert config.untrusted(tmp_path) == ["model.chat"]


@pytest.mark.parametrize(
    ("given_path", "expected"),
    [("/a/b", "a/b"), ("a//b/./c/", "a/b/c"), ("", ""), (".", ""), ("a b/'x\"", "a b/'x\"")],
)
def test_relative_paths_have_one_spelling(given_path: str, expected: str) -> None:
    assert paths.relative(given_path) == expected


@given(st.text())
def test_no_relative_path_climbs_out(text: str) -> None:
    try:
        inside = paths.relative(text)
    except UsageError:
        return
    assert not inside.startswith("/")
    assert ".." not in inside.split("/")


def test_state_is_never_inside_the_source(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="inside the drive"):
        paths.state_of(tmp_path, tmp_path / "state")


def test_folders_that_cannot_be_drives(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        paths.source_folder(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotFound, match="not a folder"):
        paths.source_folder(tmp_path / "file")


def test_an_unreadable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    with pytest.raises(AccessDenied):
        paths.source_folder(tmp_path)


def test_a_long_state_path_gets_a_short_socket(tmp_path: Path) -> None:
    state = paths.StatePaths(tmp_path / ("x" * 120))
    assert len(os.fsencode(state.socket)) < 108
    assert paths.StatePaths(Path("/s")).socket == Path("/s/rpc.sock")


def test_a_drive_is_found_from_inside(tmp_path: Path) -> None:
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    record = drives.initialise(tmp_path / "docs")
    assert drives.initialise(tmp_path / "docs") == record
    assert drives.find(tmp_path / "docs" / "deep") == record
    assert record.state.root.stat().st_mode & 0o777 == 0o700
    with pytest.raises(NotInitialised):
        drives.find(tmp_path)
    assert list((tmp_path / "docs").iterdir()) == [tmp_path / "docs" / "deep"]


def test_the_innermost_drive_wins(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    drives.initialise(tmp_path / "a")
    inner = drives.initialise(tmp_path / "a" / "b")
    assert drives.find(tmp_path / "a" / "b") == inner


def test_one_state_belongs_to_one_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    drives.initialise(tmp_path / "a", str(tmp_path / "state"))
    with pytest.raises(UsageError, match="is the state of"):
        drives.initialise(tmp_path / "b", str(tmp_path / "state"))


def test_a_lock_names_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with drives.locked(lock), pytest.raises(LockHeld, match=str(os.getpid())):
        drives.locked(lock).__enter__()
    with drives.locked(lock):
        pass


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_name_survives_json(name: str) -> None:
    citation = Citation(name, 1, None, None, "quote")
    assert codec.loads(codec.dumps(citation), Citation) == citation


def test_text_of_both_kinds_is_read_alike() -> None:
    for name in ("plain", "\N{GRINNING FACE}", "caf\udce9", "a\ud83db"):
        citation = Citation(name, 1, None, None, "quote")
        for text in (codec.dumps(citation), codec.dumps(citation).encode()):
            assert codec.loads(text, Citation) == citation


def test_wrong_json_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        codec.loads("{", Hit)
    with pytest.raises(UsageError):
        codec.loads('{"path": 3}', Hit)
