from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.config import ModelConfig
from lsfs.errors import ModelError
from lsfs.llm.files.models import chat_model_file
from lsfs.llm.kv.kvfolder import KvFolder
from lsfs.llm.runtime.local import LocalChat
from tests.llm import tiny

PASSAGES = ["Oak costs 12 euros.", "Elm costs 9 euros."]


@pytest.fixture
def weights(tmp_path: Path) -> tuple[bytes, bytes]:
    made = [tiny.write(tmp_path / f"{seed}", speaks=True, seed=seed) for seed in (7, 8)]
    one, other = (path.read_bytes() for path in made)
    assert len(one) == len(other)
    return one, other


@contextlib.contextmanager
def opened(path: Path, kept: Path) -> Iterator[LocalChat]:
    config = ModelConfig(chat=str(path), context=1024, threads=1, max_tokens=12, timeout=0)
    file = chat_model_file(config.chat)
    assert file is not None
    with contextlib.closing(LocalChat(file, config, kept=kept)) as chat:
        yield chat


def said(chat: LocalChat) -> str:
    return chat.read("What does oak cost?", PASSAGES, [0.9, 0.8])


def test_a_model_that_is_overwritten_is_loaded_anew(
    weights: tuple[bytes, bytes], tmp_path: Path
) -> None:
    path, kept = tmp_path / "chat.gguf", tmp_path / "kv"
    path.write_bytes(weights[1])
    with opened(path, tmp_path / "expected") as chat:
        expected = said(chat)
    path.write_bytes(weights[0])
    with opened(path, kept) as chat:
        assert said(chat) != expected
        path.write_bytes(weights[1])  # the same file, which is mapped
        assert said(chat) == expected
        path.write_bytes(weights[1][: len(weights[1]) // 2])
        with pytest.raises(ModelError, match="cannot load"):
            said(chat)
        path.write_bytes(weights[1])
        assert said(chat) == expected
    contexts = KvFolder(kept, 1 << 30).contexts()
    assert [one.blocks for one in contexts] == [1, 1]  # of each its own


def test_nothing_is_kept_of_a_model_that_changes_meanwhile(
    weights: tuple[bytes, bytes], tmp_path: Path
) -> None:
    path, kept = tmp_path / "chat.gguf", tmp_path / "kv"
    path.write_bytes(weights[0])
    with opened(path, kept) as chat:
        with pytest.raises(ModelError, match="was changed while it was read"), chat.context():
            os.truncate(path, len(weights[0]))  # nothing but its times change
        changed = pytest.raises(ModelError, match="was changed while it was read")
        with changed, chat._reading(None) as (reader, _):
            path.write_bytes(weights[1])
            assert not reader.prepare(PASSAGES)
    (context,) = KvFolder(kept, 1 << 30).contexts()  # made with the prefix, before it changed
    assert context.blocks == 0
