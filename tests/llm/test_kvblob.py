from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from lsfs.errors import ContextTooLong, ModelError
from lsfs.llm.files import models
from lsfs.llm.kv import kvblob
from lsfs.llm.kv.facts import Facts, facts_of, stated
from lsfs.llm.kv.kvblob import Cells, Rope
from lsfs.llm.runtime.engine import Context, Model, Shape, Step
from tests.llm import tiny

TOKENS = [(31 * at + 5) % tiny.VOCABULARY for at in range(60)]
SHAPE = Shape(tokens=512, sequences=4, threads=1)
LLAMA3 = [1.0, 1.0, 1.0, 2.5, 4.0, 8.0, 8.0, 8.0]


@contextmanager
def opened(path: Path, shape: Shape = SHAPE) -> Iterator[Context]:
    with Model(path) as model, Context(model, shape) as context:
        yield context


# --- arrays alone


def some_cells(count: int = 5, start: int = 3) -> Cells:
    random = np.random.default_rng(count)
    layers = [random.standard_normal((count, 32)).astype(np.float16) for _ in range(6)]
    positions = np.arange(start, start + count, dtype=np.int32)
    return Cells(positions, tuple(layers[:3]), tuple(layers[3:]))


def test_what_is_built_is_parsed_again_and_gives_the_same_bytes() -> None:
    cells = some_cells()
    blob = kvblob.build(cells, sequence=2)
    again = kvblob.parse(blob)
    np.testing.assert_array_equal(again.positions, cells.positions)
    for ours, theirs in zip(
        (*cells.keys, *cells.values), (*again.keys, *again.values), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(kvblob.build(again, sequence=2), blob)


@pytest.mark.parametrize(
    "damage", ["short", "long", "magic", "layers", "fields", "streams", "empty"]
)
def test_a_damaged_blob_is_refused(damage: str) -> None:
    blob = kvblob.build(some_cells())
    if damage == "magic":
        blob[0] ^= 1
    if damage == "streams":
        blob[8] = 2
    if damage == "fields":
        blob[20] = 2
    if damage == "layers":
        blob[16 + 12 * 5 + 4] = 200
    sized = {"short": blob[:-1], "long": np.append(blob, np.uint8(0)), "empty": blob[:0]}
    with pytest.raises(ModelError, match="layout"):
        kvblob.parse(sized.get(damage, blob))


def test_parts_are_joined_only_where_positions_rise() -> None:
    first, second = some_cells(4, 0), some_cells(5, 4)
    both = kvblob.joined([first, second])
    assert both.positions.tolist() == list(range(9))
    np.testing.assert_array_equal(both.take(slice(4, 9)).values[2], second.values[2])
    with pytest.raises(ModelError, match="fit together"):
        kvblob.joined([second, first])
    with pytest.raises(ModelError, match="no attention state"):
        kvblob.joined([])


def test_parts_are_moved_to_where_those_before_them_end() -> None:
    rope = Rope(4, 4, 10000.0)
    parts = [some_cells(4, 2), some_cells(5, 40), some_cells(3, 0)]
    both = kvblob.joined(parts, rope)
    assert both.positions.tolist() == list(range(2, 14))
    for n, layer in enumerate(both.keys):
        turned = [rope.rotate(parts[1].keys[n], 6 - 40), rope.rotate(parts[2].keys[n], 11)]
        np.testing.assert_array_equal(layer, np.concatenate([parts[0].keys[n], *turned]))


@pytest.mark.parametrize("halves", [False, True])
def test_rotations_add_up_and_leave_lengths_and_the_rest_of_a_head(halves: bool) -> None:
    rope = Rope(16, 12, 10000.0, halves, factors=(1.0, 2.0, 4.0, 8.0, 8.0, 8.0))
    keys = some_cells(50).keys[0].astype(np.float32)
    there = rope.rotate(keys, 700)
    np.testing.assert_allclose(rope.rotate(there, -700), keys, atol=0.01)
    each = rope.rotate(keys, np.arange(50))
    np.testing.assert_allclose(each[7], rope.rotate(keys[7:8], 7)[0])
    heads = keys.reshape(50, 2, 16), there.astype(np.float32).reshape(50, 2, 16)
    np.testing.assert_allclose(heads[1][..., 12:], heads[0][..., 12:], atol=0.002)
    lengths = [np.linalg.norm(each, axis=2) for each in heads]
    np.testing.assert_allclose(lengths[1], lengths[0], rtol=0.002)


def test_q8_keeps_values_to_half_a_step_and_nothing_at_all_of_nothing() -> None:
    rows = some_cells(20).keys[0]
    rows[3] = 0
    packed = kvblob.to_q8(rows)
    assert packed.shape == (20, 34)
    back = kvblob.from_q8(packed).astype(np.float32)
    step = np.abs(rows.astype(np.float32)).max(axis=1, keepdims=True) / 127
    assert np.all(np.abs(back - rows) <= 0.51 * step + 1e-3)
    assert not back[3].any()
    np.testing.assert_array_equal(kvblob.to_q8(back), packed)
    with pytest.raises(ModelError, match="Q8_0"):
        kvblob.from_q8(packed[:, :33])


# --- llama.cpp's own blobs


@pytest.mark.parametrize(
    ("architecture", "scaling"),
    [(a, s) for a in ("llama", "qwen2") for s in ("", "linear", "yarn")] + [("llama", "factors")],
)
def test_keys_turn_as_llama_cpp_turns_them(tmp_path: Path, architecture: str, scaling: str) -> None:
    if scaling == "factors":
        path = tiny.write(tmp_path / "m.gguf", architecture, factors=LLAMA3)
    else:
        path = tiny.write(tmp_path / "m.gguf", architecture, scaling=scaling)
    with opened(path) as context:
        facts = facts_of(context)
        assert facts.obstacle == ""
        assert facts == Facts(3, 4, 2, 16, facts.rope)
        assert facts.rope.halves == (architecture == "qwen2")
        if scaling in ("", "linear"):
            scale = 0.25 if scaling else 1.0
            assert facts.rope == Rope(16, 16, 10000.0, architecture == "qwen2", scale)
        if scaling == "factors":  # they were found, though no metadata says them
            assert facts.rope.factors is not None
            np.testing.assert_allclose(facts.rope.factors, LLAMA3, rtol=0.02)


@pytest.mark.parametrize(
    ("architecture", "reason"), [("gemma2", "sliding window"), ("mamba", "recurrent")]
)
def test_a_model_whose_state_is_another_is_known_by_its_file(
    tmp_path: Path, architecture: str, reason: str
) -> None:
    with opened(tiny.write(tmp_path / "m.gguf", architecture)) as context:
        assert reason in facts_of(context).obstacle
        assert reason in stated(context.model).obstacle
        context.feed(TOKENS)  # it can still be read from the start


def test_a_forged_state_goes_on_as_the_real_one(tmp_path: Path) -> None:
    """Cells that were computed at the start and moved give what was computed there."""
    with opened(tiny.write(tmp_path / "m.gguf")) as context:
        rope = facts_of(context).rope
        context.feed(TOKENS[:20])
        blob = context.state()
        np.testing.assert_array_equal(kvblob.build(kvblob.parse(blob)), blob)
        expected = context.feed(TOKENS[20:28]).copy()
        context.clear()
        context.load_state(blob, 2)
        np.testing.assert_array_equal(context.feed(TOKENS[20:28], 2), expected)

        # The same text 100 positions further on, as the model reads it there, and as we move it.
        context.clear()
        for at, token in enumerate(TOKENS[:20]):
            context.decode([Step(token, 100 + at)])
        there = kvblob.parse(context.state())
        read_there = context.feed(TOKENS[20:28]).copy()
        here = kvblob.parse(blob)
        turned = tuple(rope.rotate(layer, 100) for layer in here.keys)
        moved = replace(here, positions=here.positions + np.int32(100), keys=turned)
        np.testing.assert_array_equal(moved.positions, there.positions)
        for ours, theirs in zip(moved.keys, there.keys, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=0.02)
        context.clear()
        context.load_state(kvblob.build(moved))
        assert context.next_position() == 120
        np.testing.assert_allclose(context.feed(TOKENS[20:28]), read_there, atol=0.05)


def test_a_state_that_is_too_long_or_foreign_is_refused(tmp_path: Path) -> None:
    path = tiny.write(tmp_path / "m.gguf")
    with opened(path) as context:
        context.feed(TOKENS)
        blob = context.state()
        cells = kvblob.parse(blob)
        fewer = Cells(cells.positions, cells.keys[:2], cells.values[:2])
        with pytest.raises(ModelError, match="attention state"):
            context.load_state(kvblob.build(fewer))
        many = kvblob.joined(40 * [cells], facts_of(context).rope)
        with pytest.raises(ContextTooLong, match="2400 tokens"):
            context.load_state(kvblob.build(many))
        context.clear()
        context.load_state(blob)
    with pytest.raises(ModelError, match="closed"):
        context.state()


@pytest.mark.model
def test_the_default_model_is_handled() -> None:
    file = models.chat_model_file("default")
    assert file is not None
    with opened(file.path) as context:
        facts = facts_of(context)
        assert facts == Facts(30, 9, 3, 64, Rope(64, 64, 100000.0))
        text = "The rent of the flat is 900 euros a month, due on the third of each month. " * 4
        tokens = context.model.tokenise(text)
        context.feed(tokens)
        blob = context.state()
        question = context.model.tokenise(" How high is the rent?")
        expected = context.feed(question).copy()
        context.clear()
        context.load_state(kvblob.build(kvblob.parse(blob)))
        np.testing.assert_array_equal(context.feed(question), expected)
