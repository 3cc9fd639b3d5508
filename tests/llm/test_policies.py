from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.errors import UsageError
from lsfs.llm import policies
from lsfs.llm.kv.kvblob import Rope
from lsfs.llm.policies import (
    BLOCK,
    RECENT,
    SINKS,
    Contrast,
    Hybrid,
    Scene,
    Snap,
    Streaming,
    Text,
    Watched,
)
from lsfs.llm.sparse import select

LAYERS, HEADS, KEY_HEADS, SIZE = 6, 4, 2, 8
MIDDLE = select.middle(LAYERS)
ROPE = Rope(SIZE, SIZE, 10000.0)


def scene(cells: int, seed: int = 1, tokens: int = 3) -> Scene:
    random = np.random.default_rng(seed)
    keys = [
        random.standard_normal((cells, KEY_HEADS * SIZE)).astype(np.float16) for _ in range(LAYERS)
    ]
    queries = {
        layer: random.standard_normal((tokens, HEADS, SIZE)).astype(np.float32)
        for layer in range(LAYERS)
    }
    neutral = {n: q[:1] * 0.5 for n, q in queries.items()}
    moments = np.broadcast_to(np.eye(SIZE, dtype=np.float32), (LAYERS, KEY_HEADS, SIZE, SIZE))
    watched = Watched(
        random.exponential(size=cells).astype(np.float32),
        random.standard_normal((LAYERS, KEY_HEADS, cells)).astype(np.float32),
        moments,
        queries,
    )
    mass = select.masses(neutral, keys, KEY_HEADS, MIDDLE)
    text = Text(keys, KEY_HEADS, mass, rope=ROPE, watched=watched)
    return Scene(text, queries, lambda sets: np.array([len(s) + s[0] for s in sets], np.float32))


def about(cells: int, at: dict[int, int]) -> Scene:
    """A question that looks at one cell of each layer of ``at``, and nowhere in particular else."""
    keys = [np.zeros((cells, KEY_HEADS * SIZE), np.float16) for _ in range(LAYERS)]
    queries = {n: np.ones((2, HEADS, SIZE), np.float32) for n in range(LAYERS)}
    for layer, cell in at.items():
        keys[layer][cell] = 4.0
    even = np.full((len(MIDDLE), HEADS, cells), 1 / cells, np.float32)
    return Scene(Text(keys, KEY_HEADS, even), queries)


# --- mass and contrast


def test_mass_is_the_softmax_of_queries_and_keys() -> None:
    given_scene = scene(20)
    keys = given_scene.text.keys[2].astype(np.float64).reshape(20, KEY_HEADS, SIZE)
    queries = given_scene.queries[2].astype(np.float64)
    for head in range(HEADS):
        expected = np.zeros(20)
        for token in range(3):
            products = [
                math.exp(queries[token, head] @ keys[cell, head // 2] / math.sqrt(SIZE))
                for cell in range(20)
            ]
            expected += np.asarray(products) / sum(products) / 3
        found = select.mass(given_scene.queries[2], given_scene.text.keys[2], KEY_HEADS)
        np.testing.assert_allclose(found[head], expected, rtol=1e-3)


def test_contrast_counts_only_what_the_question_looks_at_more() -> None:
    asked = np.array([[[0.5, 0.3, 0.2]], [[0.1, 0.1, 0.8]]], np.float32)
    neutral = np.array([[[0.6, 0.1, 0.3]], [[0.1, 0.0, 0.9]]], np.float16)
    np.testing.assert_allclose(select.contrast(asked, neutral), [0.0, 0.3, 0.0], atol=1e-3)


@given(st.integers(2, 128))
def test_the_middle_layers_are_there_and_never_all_of_them(layers: int) -> None:
    middle = select.middle(layers)
    assert 0 < len(middle) < layers
    assert middle.stop <= layers


def test_the_middle_of_thirty_layers() -> None:
    assert select.middle(30) == range(10, 20)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=30), st.sampled_from([1, 3, 7]))
def test_pooled_is_the_maximum_around_each_cell(values: list[float], width: int) -> None:
    half = width // 2
    expected = [max(values[max(0, at - half) : at + half + 1]) for at in range(len(values))]
    np.testing.assert_array_equal(
        select.pooled(np.asarray(values, np.float32), width), np.asarray(expected, np.float32)
    )


@settings(max_examples=60)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 9), st.integers(0, 45))
def test_blocks_are_taken_by_their_sums_until_the_next_is_too_much(
    values: list[int], size: int, budget: int
) -> None:
    array = np.asarray(values, np.float32)
    always = np.zeros(len(values), bool)
    always[:1] = True
    kept = select.best_blocks(array, size, budget, always)
    blocks = [list(range(at, min(at + size, len(values)))) for at in range(0, len(values), size)]
    expected = {0}
    for block in sorted(blocks, key=lambda cells: -sum(values[cell] for cell in cells)):
        if len(expected | {*block}) > budget:
            break
        expected |= {*block}
    assert {*np.flatnonzero(kept).tolist()} == expected


# --- policies


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.integers(1, 420), st.sampled_from([*policies.POLICIES]))
def test_rows_rise_are_there_and_are_as_many_in_each_layer(
    cells: int, budget: int, name: str
) -> None:
    given_scene = scene(cells)
    rows = policies.policy(name).build(given_scene.text).rows(given_scene, budget)
    assert len(rows) == LAYERS
    assert len({layer.shape[-1] for layer in rows}) == 1
    for layer in rows:
        assert layer.shape[:-1] in ((), (KEY_HEADS,))
        assert np.all(np.diff(layer, axis=-1) > 0)
        assert 0 <= layer.min() <= layer.max() < cells
    count = rows[0].shape[-1]
    if name == "contrast":
        assert count <= max(budget, min(cells, SINKS + RECENT))
    else:
        assert count == (cells if name == "full" else min(budget, cells))


def test_streaming_keeps_the_first_and_the_last() -> None:
    rows = Streaming(sinks=2).rows(scene(50), 7)
    assert rows[0].tolist() == rows[5].tolist() == [0, 1, 45, 46, 47, 48, 49]


def test_snap_keeps_in_each_layer_what_is_looked_at_there_with_its_neighbours() -> None:
    rows = Snap(sinks=1, recent=1).rows(about(200, {0: 50, 3: 120}), 9)
    assert {*range(47, 54)} <= {*rows[0].tolist()}
    assert {*range(117, 124)} <= {*rows[3].tolist()}
    assert 50 not in rows[3]


def test_contrast_keeps_the_block_that_the_middle_layers_look_at_in_all_layers() -> None:
    middle = MIDDLE.start
    rows = Contrast(sinks=1, recent=1).rows(about(320, {0: 40, middle: 200}), 40)
    block = 200 // BLOCK * BLOCK
    for layer in rows:
        assert layer.tolist() == [0, *range(block, block + BLOCK), 319]


def test_contrast_does_not_see_what_every_question_looks_at() -> None:
    looked = about(320, {n: 200 for n in range(LAYERS)})
    same = select.masses(looked.queries, looked.text.keys, KEY_HEADS, MIDDLE)
    sink = Scene(Text(looked.text.keys, KEY_HEADS, same), looked.queries)
    assert sink.contrast.max() == 0
    assert looked.contrast.argmax() == 200


def test_hybrid_keeps_blocks_for_all_layers_and_rows_of_each() -> None:
    middle = MIDDLE.start
    looked = about(320, {0: 40, middle: 200})
    rows = Hybrid(sinks=1, recent=1).rows(looked, 80)
    block = {*range(200 // BLOCK * BLOCK, 200 // BLOCK * BLOCK + BLOCK)}
    assert all(block <= {*layer.tolist()} for layer in rows)
    assert {*range(37, 44)} <= {*rows[0].tolist()}


def test_hybrid_has_a_block_in_a_small_budget_and_none_in_too_small_a_one() -> None:
    looked = about(320, {MIDDLE.start: 200})
    block = {*range(200 // BLOCK * BLOCK, 200 // BLOCK * BLOCK + BLOCK)}
    small = Hybrid(sinks=1, recent=1).rows(looked, BLOCK + 4)
    assert all(block <= {*layer.tolist()} for layer in small)
    smaller = Hybrid(sinks=1, recent=1).rows(looked, BLOCK)
    assert not any(block <= {*layer.tolist()} for layer in smaller)


def test_an_unknown_policy_is_an_error_that_names_the_others() -> None:
    with pytest.raises(UsageError, match="no policy quick") as caught:
        policies.policy("quick")
    assert "hybrid" in str(caught.value.hint)
