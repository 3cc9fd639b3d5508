"""``lsfs kv``, and what status, fsck and purge make of kept attention states."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config
from lsfs.drives import initialise
from lsfs.errors import ModelMissing, StateUnwritable
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.llm.files import models
from lsfs.llm.files.models import ModelFile
from lsfs.llm.kv.facts import Facts
from lsfs.llm.kv.kvblob import Rope
from lsfs.llm.kv.kvfolder import KvFolder
from lsfs.llm.kv.kvstore import KvStore, context_key, open_store
from lsfs.paths import StatePaths, state_of
from lsfs.syscalls import drive as opening
from lsfs.syscalls import embedders
from lsfs.syscalls.drive import open_local
from tests.command import lsfs as run
from tests.llm.test_kvfile import some_block

NOW = ModelFile("present", Path("present.gguf"), "ab" * 32, "chat")
THEN = ModelFile("former", Path("former.gguf"), "cd" * 32, "chat")
FACTS = Facts(3, 4, 2, 16, Rope(16, 16, 10000.0))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedders, "load", lambda *_: HashEmbedder())
    monkeypatch.setattr(models, "chat_model_file", lambda _: NOW)
    monkeypatch.setattr(opening, "_chat", lambda *_: None)


@pytest.fixture
def state(source: Path) -> StatePaths:
    return state_of(source)


@pytest.fixture
def drive(source: Path, no_chat: Config) -> Iterator[lsfs.Drive]:
    with lsfs.Drive(source, open_local(initialise(source), no_chat)) as opened:
        yield opened


def a_store(state: StatePaths, config: Config, file: ModelFile = NOW) -> KvStore:
    key = context_key(file.sha256, FACTS, (1, 2))
    store = open_store(state.kv, file, config.model, key)
    assert store is not None
    return store


def test_what_is_kept_is_told_by_model_and_forgotten(
    drive: lsfs.Drive, state: StatePaths, no_chat: Config
) -> None:
    empty = drive.kv_status()
    assert (empty.on, empty.blocks, empty.contexts) == (True, 0, ())
    assert drive.kv_clear().blocks == 0
    then, now = a_store(state, no_chat, THEN), a_store(state, no_chat)
    then.put(some_block((1, 2)))
    now.put(some_block((1, 2)))
    now.put(some_block((1, 2, 3)))
    assert now.get((1, 2)) is not None
    assert now.get((9,)) is None

    report = drive.kv_status()
    assert (report.blocks, report.numbers) == (3, "f16")
    first, second = report.contexts
    assert (first.model, first.in_use, first.blocks) == ("present", True, 2)
    assert (first.hits, first.misses) == (1, 1)
    assert (second.model, second.in_use, second.blocks) == ("former", False, 1)
    assert drive.status().kv == {
        "blocks": 3,
        "bytes": first.bytes + second.bytes,
        "limit": no_chat.model.kv_bytes,
    }
    gone = drive.kv_clear(unused=True)
    assert (gone.blocks, gone.bytes) == (1, second.bytes)
    assert [one.model for one in drive.kv_status().contexts] == ["present"]
    assert drive.kv_clear().blocks == 2
    assert drive.kv_status().contexts == ()


def test_a_model_that_is_missing_and_a_folder_that_is_none_are_told(
    drive: lsfs.Drive, state: StatePaths, no_chat: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_store(state, no_chat).put(some_block())

    def missing(_: str) -> ModelFile:
        raise ModelMissing("no model file")

    monkeypatch.setattr(models, "chat_model_file", missing)
    (one,) = drive.kv_status().contexts
    assert not one.in_use
    with pytest.raises(ModelMissing):
        drive.kv_clear(unused=True)
    assert drive.kv_clear().blocks == 1
    (state.kv / "lock").unlink()
    state.kv.rmdir()
    state.kv.write_text("no folder")
    assert drive.status().kv["blocks"] == 0
    with pytest.raises(StateUnwritable, match="cannot clear"):
        drive.kv_clear()


def test_settings_say_whether_and_how_much(state: StatePaths, no_chat: Config) -> None:
    off = replace(no_chat.model, kv="off")
    assert open_store(state.kv, NOW, off, context_key("ab", FACTS, ())) is None
    few = replace(no_chat, model=replace(no_chat.model, kv_bytes=1000, kv_numbers="q8"))
    state.create()
    assert not a_store(state, few).put(some_block())
    assert a_store(state, few).numbers == "q8"


def test_the_command_line_says_it_in_words(
    source: Path, drive: lsfs.Drive, state: StatePaths, no_chat: Config
) -> None:
    a_store(state, no_chat, THEN).put(some_block())
    drive.close()
    done = run("kv", "status", cwd=source, LSFS_MODEL_EMBED="none")
    assert done.returncode == 0, done.stderr
    assert "1 block, 3.6 KiB of 2.0 GiB" in done.stdout
    assert "another model answers" in done.stdout
    done = run("status", cwd=source, LSFS_MODEL_EMBED="none")
    assert "1 passage read by the model, 3.6 KiB of 2.0 GiB" in done.stdout
    done = run("kv", "clear", "--json", cwd=source, LSFS_MODEL_EMBED="none")
    assert json.loads(done.stdout)["blocks"] == 1


@pytest.mark.parametrize("damage", ["flipped", "cut", "name", "folder"])
def test_fsck_finds_what_is_damaged_and_removes_it(
    drive: lsfs.Drive, state: StatePaths, no_chat: Config, damage: str
) -> None:
    drive.wait_indexed()
    store = a_store(state, no_chat)
    store.put(some_block((1, 2)))
    store.put_prefix((7, 8), some_block((7, 8), 0).cells)
    assert drive.fsck(deep=True).problems == ()
    store.put(some_block((3, 4)))
    path = store._path((3, 4))
    if damage == "flipped":
        data = bytearray(path.read_bytes())
        data[-100] ^= 1
        path.write_bytes(data)
        assert drive.fsck().problems == ()  # it does not read that far
    if damage == "cut":
        os.truncate(path, 1000)
    if damage == "name":
        path.rename(path.with_name("other.kv"))
    if damage == "folder":
        (state.kv / "foreign").mkdir()
        path.rename(state.kv / "foreign" / path.name)
    (problem,) = drive.fsck(deep=True).problems
    assert (problem.where, problem.repaired) == ("kv", False)
    (mended,) = drive.fsck(repair=True).problems
    assert mended.repaired
    found = drive.fsck(deep=True)
    assert found.problems == ()
    assert found.checked["attention_states"] == 2
    assert store.get((1, 2)) is not None
    assert store.get((3, 4)) is None


def test_purge_leaves_no_token_of_a_text(
    source: Path, drive: lsfs.Drive, state: StatePaths, no_chat: Config
) -> None:
    secret = b"xylocarpquillwort".ljust(20)
    store = a_store(state, no_chat)
    store.put(some_block(np.frombuffer(secret, "<i4").tolist()))
    drive.wait_indexed()

    def holders() -> list[Path]:
        files = [path for path in state.root.rglob("*") if path.is_file()]
        return [path for path in files if secret in path.read_bytes()]

    assert len(holders()) == 1
    path = "Contracts/mill-lease.txt"
    (source / path).unlink()
    plan = drive.purge([path])
    assert len(holders()) == 1
    drive.purge([path], apply=plan.digest)
    assert holders() == []
    assert store.put(some_block())


def test_a_question_that_is_answered_during_a_purge_keeps_nothing_of_what_was_purged(
    drive: lsfs.Drive, state: StatePaths, no_chat: Config
) -> None:
    folder, store = KvFolder(state.kv, 1 << 30), a_store(state, no_chat)
    with pytest.raises(KeyError), folder.reading():
        KvFolder(state.kv, 1 << 30).purge()  # by another process
        assert store.put(some_block())
        raise KeyError  # however the question ends
    assert folder.files() == []
    with folder.reading():
        assert store.put(some_block())
    assert len(folder.files()) == 1
