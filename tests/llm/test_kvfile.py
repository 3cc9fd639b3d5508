"""Blocks in bytes: what is read is what was written, or nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsfs.llm.kv import kvblob, kvfile
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.kv.kvfile import Block, Unusable

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
LAYERS, ROW = 3, 64


def some_block(tokens: Sequence[int] = (5, 6, 7, 9), start: int = 4, row: int = ROW) -> Block:
    random = np.random.default_rng(len(tokens))

    def layers() -> tuple[kvblob.Rows, ...]:
        shape = (len(tokens), row)
        return tuple(random.standard_normal(shape).astype(np.float16) for _ in range(LAYERS))

    positions = np.arange(start, start + len(tokens), dtype=np.int32)
    extras: dict[str, NDArray[Any]] = {
        "neutral": random.standard_normal((2, 9)).astype(np.float16),
        "nothing": np.zeros((0, 3), np.float32),
        "one": np.asarray(7, np.int64),
    }
    return Block(tuple(tokens), Cells(positions, layers(), layers()), extras)


def same(one: Block, other: Block) -> None:
    assert one.tokens == other.tokens
    arrays = [
        (b.cells.positions, *b.cells.keys, *b.cells.values, *b.extras.values())
        for b in (one, other)
    ]
    assert list(one.extras) == list(other.extras)
    for ours, theirs in zip(*arrays, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("numbers", kvfile.NUMBERS)
@pytest.mark.parametrize("row", [ROW, 20])  # 20 does not divide into groups of 32
def test_what_is_written_is_read_and_written_again_the_same(numbers: str, row: int) -> None:
    block = some_block(row=row)
    data = kvfile.encode(block, KEY, numbers)
    again = kvfile.decode(data, KEY, block.tokens)
    same(again, kvfile.rounded(block, numbers))
    np.testing.assert_array_equal(kvfile.encode(again, KEY, numbers), data)
    if numbers == "f16":
        same(again, block)


def test_eight_bits_take_a_little_over_half() -> None:
    block = some_block(range(256), row=192)
    sizes = [len(kvfile.encode(block, KEY, numbers)) for numbers in kvfile.NUMBERS]
    assert sizes[1] < 0.55 * sizes[0]


@pytest.mark.parametrize("numbers", kvfile.NUMBERS)
def test_no_byte_of_a_file_can_change_unseen(numbers: str) -> None:
    block = some_block()
    data = kvfile.encode(block, KEY, numbers)
    for at in range(len(data)):
        data[at] ^= 1 << at % 8
        with pytest.raises(Unusable):
            kvfile.decode(data, KEY, block.tokens)
        data[at] ^= 1 << at % 8
    same(kvfile.decode(data, KEY, block.tokens), kvfile.rounded(block, numbers))


def test_what_is_cut_short_or_too_long_is_refused() -> None:
    data = kvfile.encode(some_block(), KEY)
    for size in (0, 1, 127, 128, 300, len(data) // 2, len(data) - 1):
        with pytest.raises(Unusable):
            kvfile.decode(data[:size], KEY)
    with pytest.raises(Unusable, match="instead of"):
        kvfile.decode(np.append(data, np.uint8(0)), KEY)


def test_another_key_other_tokens_and_another_version_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    block = some_block()
    data = kvfile.encode(block, KEY)
    with pytest.raises(Unusable, match="another model"):
        kvfile.decode(data, OTHER_KEY, block.tokens)
    with pytest.raises(Unusable, match="other tokens"):
        kvfile.decode(data, KEY, (5, 6, 7, 8))
    monkeypatch.setattr(kvfile, "VERSION", 2)
    with pytest.raises(Unusable, match="version 2"):
        kvfile.decode(data, KEY, block.tokens)


def test_what_is_no_block_is_not_written() -> None:
    block = some_block()
    late = Cells(block.cells.positions[::-1], block.cells.keys, block.cells.values)
    packed = Cells(block.cells.positions, block.cells.keys, block.cells.values, kvblob.Q8_0)
    wrong = [
        Block((), block.cells.take(slice(0, 0))),
        Block(block.tokens[1:], block.cells),
        Block(block.tokens, late),
        Block(block.tokens, packed),
        Block(block.tokens, block.cells, {"objects": np.asarray([{}])}),
    ]
    for one in wrong:
        with pytest.raises(ValueError):
            kvfile.encode(one, KEY)


def test_some_layers_are_read_without_the_rest(tmp_path: Path) -> None:
    block = some_block()
    data = kvfile.encode(block, KEY)
    path = tmp_path / "block"
    path.write_bytes(data.tobytes())
    data[-1] ^= 1  # V of the last layer
    path.write_bytes(data.tobytes())
    fd = os.open(path, os.O_RDONLY)
    try:
        part = kvfile.read_part(fd, KEY, block.tokens, [2, 1])
        np.testing.assert_array_equal(part.keys[0], block.cells.keys[2])
        np.testing.assert_array_equal(part.keys[1], block.cells.keys[1])
        np.testing.assert_array_equal(part.extras["neutral"], block.extras["neutral"])
        with pytest.raises(IndexError):
            kvfile.read_part(fd, KEY, block.tokens, [LAYERS])
        with pytest.raises(Unusable, match="other tokens"):
            kvfile.read_part(fd, KEY, block.tokens[1:], [0])
        with pytest.raises(Unusable, match="damaged"):
            kvfile.read(fd, KEY, block.tokens)
        os.truncate(path, len(data) - 1)
        with pytest.raises(Unusable, match="instead of"):
            kvfile.read_part(fd, KEY, block.tokens, [0])
    finally:
        os.close(fd)
