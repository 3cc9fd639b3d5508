"""The store: what is in it is right or not used, and whatever the disk does, answers go on."""

from __future__ import annotations

import errno
import os
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from lsfs.errors import Cancelled, ModelError
from lsfs.llm.kv import kvblob, kvfolder
from lsfs.llm.kv.facts import Facts, facts_of
from lsfs.llm.kv.kvblob import Rope
from lsfs.llm.kv.kvfolder import KvFolder
from lsfs.llm.kv.kvstore import Block, Blocks, KvStore, context_key
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from tests.llm import tiny
from tests.llm.test_kvfile import same, some_block

FACTS = Facts(3, 4, 2, 16, Rope(16, 16, 10000.0))
KEY = context_key("ab" * 32, FACTS, (1, 2, 3))
LARGE = 1 << 30
BYTES = 3648  # of the file of a block of some_block(numbered(n))


def numbered(number: int) -> tuple[int, ...]:
    return (number, 6, 7, 9)


def a_store(tmp_path: Path, limit: int = LARGE, numbers: str = "f16", key: str = KEY) -> KvStore:
    return KvStore(tmp_path / "kv", key, limit=limit, numbers=numbers, about={"model": "tiny"})


def block_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.kv"))


# --- keys


def test_a_context_key_is_of_everything_that_states_depend_on() -> None:
    measured = replace(FACTS, rope=replace(FACTS.rope, factors=(1.0, 2.0)))
    nearly = replace(FACTS, rope=replace(FACTS.rope, factors=(1.0, 2.001)))
    keys = [
        KEY,
        context_key("cd" * 32, FACTS, (1, 2, 3)),
        context_key("ab" * 32, FACTS, (1, 2)),
        context_key("ab" * 32, replace(FACTS, layers=4), (1, 2, 3)),
        context_key("ab" * 32, replace(FACTS, rope=Rope(16, 16, 5e5)), (1, 2, 3)),
        context_key("ab" * 32, FACTS, (1, 2, 3), labels=("adapter",)),
        context_key("ab" * 32, measured, (1, 2, 3), window=4096),
        context_key("ab" * 32, measured, (1, 2, 3), window=8192),
    ]
    assert len(set(keys)) == len(keys)
    assert context_key("ab" * 32, FACTS, [1, 2, 3], window=77) == KEY
    assert context_key("ab" * 32, nearly, (1, 2, 3), window=4096) == keys[6]


# --- reading and writing


@pytest.mark.parametrize("numbers", ["f16", "q8"])
def test_a_block_is_there_for_whoever_opens_the_folder(tmp_path: Path, numbers: str) -> None:
    block = some_block()
    ours = a_store(tmp_path, numbers=numbers)
    assert ours.get(block.tokens) is None
    assert ours.put(block)
    assert ours.has(block.tokens)
    found = a_store(tmp_path, numbers=numbers).get(block.tokens)
    assert found is not None
    if numbers == "f16":
        same(found, block)
    keys = ours.keys_of(block.tokens, [1])
    assert keys is not None
    np.testing.assert_array_equal(keys[0], found.cells.keys[1])
    assert a_store(tmp_path, numbers="q8" if numbers == "f16" else "f16").get(block.tokens) is None
    status = ours.status()
    assert (status.blocks, status.hits, status.misses) == (1, 1, 1)
    assert status.bytes == sum(path.stat().st_size for path in block_files(tmp_path))


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = a_store(tmp_path)
        store.put(some_block())
        store.put_prefix((1, 2), some_block((1, 2), 0).cells)
        store.get((1,))
    finally:
        os.umask(before)
    for path in [tmp_path / "kv", *(tmp_path / "kv").rglob("*")]:
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


@pytest.mark.parametrize("damage", ["flipped", "short", "empty", "other tokens", "link", "folder"])
def test_what_does_not_check_out_is_removed_and_not_used(tmp_path: Path, damage: str) -> None:
    store, block = a_store(tmp_path), some_block()
    store.put(block)
    (path,) = block_files(tmp_path)
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[-5] ^= 4
        path.write_bytes(data)
    if damage in ("short", "empty"):
        path.write_bytes(data[: 200 if damage == "short" else 0])
    if damage == "other tokens":
        store.put(some_block(numbered(8)))
        (other,) = [one for one in block_files(tmp_path) if one != path]
        other.replace(path)
    if damage == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    if damage == "folder":
        path.unlink()
        path.mkdir()
    assert store.get(block.tokens) is None
    if damage not in ("link", "folder"):
        assert not path.exists()
        assert store.part_of(block.tokens, [0]) is None
    if damage != "folder":
        assert store.put(block)
        found = store.get(block.tokens)
        assert found is not None
        same(found, block)


def test_another_models_file_in_the_place_of_ours_is_removed(tmp_path: Path) -> None:
    store, block = a_store(tmp_path), some_block()
    other = a_store(tmp_path, key=context_key("cd" * 32, FACTS, (1, 2, 3)))
    store.put(block)
    (ours,) = block_files(tmp_path)
    other.put(block)
    (theirs,) = [one for one in block_files(tmp_path) if one != ours]
    theirs.replace(ours)
    assert store.get(block.tokens) is None
    assert not ours.exists()


# --- room


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    store = a_store(tmp_path, limit=3 * BYTES + 100)
    for number in range(3):
        assert store.put(some_block(numbered(number)))
    assert {path.stat().st_size for path in block_files(tmp_path)} == {BYTES}
    assert store.get(numbered(0)) is not None  # so the next one is the oldest
    assert store.put(some_block(numbered(3)))
    assert [store.has(numbered(number)) for number in range(4)] == [True, False, True, True]
    assert not a_store(tmp_path, limit=BYTES - 1).put(some_block(numbered(4)))
    smaller = a_store(tmp_path, limit=BYTES)
    assert smaller.put(some_block(numbered(5)))
    assert len(block_files(tmp_path)) == 1


def test_what_is_made_ahead_does_not_drive_out_what_was_used_since(tmp_path: Path) -> None:
    store = a_store(tmp_path, limit=2 * BYTES)
    now = time.time_ns()
    assert store.put(some_block(numbered(1)), used_ns=now - 100)
    assert store.put(some_block(numbered(2)), used_ns=now - 300)
    assert not store.put(some_block(numbered(3)), used_ns=now - 400)
    assert "used since" in store.status().trouble
    assert store.put(some_block(numbered(4)), used_ns=now - 200)
    assert [store.has(numbered(number)) for number in range(1, 5)] == [True, False, False, True]


def test_part_of_the_disk_is_left_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = a_store(tmp_path)
    assert store.put(some_block(numbered(1)))

    def nearly_full(_: object) -> os.statvfs_result:
        size, blocks, free = 1, 20_000_000, 1_000_000
        return os.statvfs_result((size, size, blocks, free, free, 0, 0, 0, 0, 255))

    monkeypatch.setattr(kvfolder, "SPARED_BYTES", 1 << 62)
    monkeypatch.setattr(os, "statvfs", nearly_full)
    assert store.put(some_block(numbered(2)))  # in the place of the first one
    assert not store.has(numbered(1))
    store.clear()
    monkeypatch.setattr(kvfolder, "SPARED_SHARE", 10)
    assert not store.put(some_block(numbered(3)))
    assert store.status().trouble == "the disk is nearly full"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_disk_that_refuses_keeps_nothing_and_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    store = a_store(tmp_path)
    assert store.put(some_block(numbered(1)))
    real, written = os.write, 0

    def write(fd: int, data: memoryview) -> int:
        nonlocal written
        written += 1
        if written > 1:
            raise OSError(code, os.strerror(code))
        return real(fd, data[:1000])

    monkeypatch.setattr(os, "write", write)
    assert not store.put(some_block(numbered(2)))
    assert store.status().trouble
    monkeypatch.undo()
    assert len(block_files(tmp_path)) == 1
    assert not list(tmp_path.rglob("*.new"))
    assert store.get(numbered(1)) is not None
    assert store.put(some_block(numbered(2)))
    assert not store.status().trouble


# --- several processes, and the end of one


def _put_many(folder: Path, seed: int) -> None:
    store = KvStore(folder, KEY, limit=6 * BYTES)
    order = np.random.default_rng(seed).permutation(np.repeat(np.arange(12), 4))
    for number in order:
        block = some_block(numbered(int(number)))
        found = store.get(block.tokens)
        if found is not None:
            same(found, block)
        if not store.put(block):
            raise AssertionError(store.status().trouble)


def test_several_processes_write_the_same_blocks_under_one_limit(tmp_path: Path) -> None:
    folder = tmp_path / "kv"
    workers = [get_context("fork").Process(target=_put_many, args=(folder, n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert sum(one.size for one in KvFolder(folder, LARGE).files()) <= 6 * BYTES
    assert not list(folder.rglob("*.new"))


STEPS = ("open", "write", "fsync", "utime", "unlink", "mkdir", "replace", "pwrite")


def _put_until_killed(folder: Path, left: int) -> None:
    """Put five blocks where there is room for two; die before a step of it."""
    for name in STEPS:
        real = getattr(os, name)

        def step(*args: Any, real: Any = real, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **named)

        setattr(os, name, step)
    store = KvStore(folder, KEY, limit=2 * BYTES)
    for number in range(5):
        store.put(some_block(numbered(number)))


def test_a_writer_that_is_killed_leaves_nothing_wrong(tmp_path: Path) -> None:
    for after in range(1, 200):
        folder = tmp_path / str(after)
        worker = get_context("fork").Process(target=_put_until_killed, args=(folder, after))
        worker.start()
        worker.join(60)
        store = KvStore(folder, KEY, limit=2 * BYTES)
        for number in range(5):
            found = store.get(numbered(number))
            if found is not None:
                same(found, some_block(numbered(number)))
        assert store.put(some_block(numbered(9)))
        assert not list(folder.rglob("*.new"))
        assert sum(one.size for one in KvFolder(folder, LARGE).files()) <= 2 * BYTES
        if worker.exitcode == 0:
            break
        assert worker.exitcode == -signal.SIGKILL
    assert 30 < after < 199


def test_threads_read_and_write_and_clear_at_once(tmp_path: Path) -> None:
    store, ended, wrong = a_store(tmp_path, limit=4 * BYTES), Event(), []

    def work(seed: int) -> None:
        for number in np.random.default_rng(seed).integers(0, 6, 40):
            block = some_block(numbered(int(number)))
            try:
                if (found := store.get(block.tokens)) is not None:
                    same(found, block)
                store.put(block)
            except BaseException as error:
                wrong.append(error)

    def clear() -> None:
        while not ended.wait(0.005):
            store.clear()

    threads = [Thread(target=work, args=(seed,)) for seed in range(3)]
    clearing = Thread(target=clear)
    for thread in (*threads, clearing):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    clearing.join()
    assert not wrong


# --- with a model


@contextmanager
def opened(path: Path) -> Iterator[Context]:
    with Model(path) as model, Context(model, Shape(512, 2, threads=1)) as context:
        yield context


PREFIX = (9, 8, 7, 6, 5)
TEXT = tuple((13 * at + 3) % tiny.VOCABULARY for at in range(40))


def test_a_block_from_the_store_gives_the_bits_that_the_model_gives(tmp_path: Path) -> None:
    path = tiny.write(tmp_path / "tiny.gguf")
    store = a_store(tmp_path)
    with opened(path) as context:
        facts = facts_of(context)
        context.clear()
        context.feed(PREFIX)
        context.feed(TEXT)
        expected = context.feed([1, 2, 3]).copy()
        seen: list[int] = []

        def extras(after: Context, tokens: object, cells: object) -> dict[str, np.ndarray]:
            seen.append(after.next_position())
            return {"mean": np.ones(3, np.float16)}

        blocks = Blocks(context, facts, store, PREFIX, extras)
        first = blocks.block(TEXT)
        assert seen == [len(PREFIX) + len(TEXT)]
        assert first.cells.positions[0] == len(PREFIX)
        assert (blocks.hits, blocks.misses) == (0, 1)
    with opened(path) as context:
        blocks = Blocks(context, facts, a_store(tmp_path), PREFIX, extras)
        second = blocks.block(TEXT)
        assert (blocks.hits, blocks.misses, len(seen)) == (1, 0, 1)
        same(second, first)
        context.clear()
        context.load_state(kvblob.build(kvblob.joined([blocks.prefix_cells(), second.cells])))
        np.testing.assert_array_equal(context.feed([1, 2, 3]), expected)


def test_with_eight_bits_the_first_answer_rests_on_what_the_second_will(tmp_path: Path) -> None:
    with opened(tiny.write(tmp_path / "tiny.gguf")) as context:
        blocks = Blocks(context, facts_of(context), a_store(tmp_path, numbers="q8"), PREFIX)
        same(blocks.block(TEXT), blocks.block(TEXT))
        assert (blocks.hits, blocks.misses) == (1, 1)


def test_answers_go_on_when_nothing_can_be_kept(tmp_path: Path) -> None:
    with opened(tiny.write(tmp_path / "tiny.gguf")) as context:
        facts = facts_of(context)
        (tmp_path / "kv").write_text("no folder")
        blocks = Blocks(context, facts, a_store(tmp_path), PREFIX)
        alone = Blocks(context, facts, None, PREFIX)
        same(blocks.block(TEXT), alone.block(TEXT))
        with pytest.raises(ModelError, match="sliding"):
            Blocks(context, replace(facts, obstacle="a sliding window"), None, PREFIX)


def test_a_computation_can_be_stopped_and_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    with opened(tiny.write(tmp_path / "tiny.gguf")) as context:
        store = a_store(tmp_path)
        blocks = Blocks(context, facts_of(context), store, PREFIX)
        blocks.prefix_cells()
        cancel = Event()
        cancel.set()
        with pytest.raises(Cancelled):
            blocks.block(TEXT, cancel)
        assert not store.has(TEXT)
        assert isinstance(blocks.block(TEXT), Block)


def test_a_block_is_made_ahead_unless_it_is_there_or_nothing_can_be_kept(tmp_path: Path) -> None:
    with opened(tiny.write(tmp_path / "tiny.gguf")) as context:
        facts, store = facts_of(context), a_store(tmp_path)
        blocks = Blocks(context, facts, store, PREFIX)
        assert blocks.keep(TEXT, used_ns=77)
        assert blocks.keep(TEXT)
        assert {path.stat().st_mtime_ns for path in store.path.rglob("*/*.kv")} == {77}
        blocks.block(TEXT)
        assert (blocks.hits, blocks.misses) == (1, 0)
        assert not Blocks(context, facts, None, PREFIX).keep(TEXT)
        assert not Blocks(context, facts, a_store(tmp_path, limit=99), PREFIX).keep(TEXT[:9])
