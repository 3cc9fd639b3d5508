"""Each policy has the property that its paper rests on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lsfs.errors import UsageError
from lsfs.llm.kv import kvblob
from lsfs.llm.kv.facts import facts_of
from lsfs.llm.kv.kvblob import Cells, Placing, Rope
from lsfs.llm.policies import POLICIES, Scene, Text
from lsfs.llm.policies.blocks import InfLlm, ShadowKv
from lsfs.llm.policies.clusters import A2ats, Squeezed, SqueezedLevels, k_means, means
from lsfs.llm.policies.edges import Infinite, Streaming
from lsfs.llm.policies.hierarchy import Hip, halved
from lsfs.llm.policies.looked import HybridHeads, SnapHeads
from lsfs.llm.policies.pages import LServe, Quest
from lsfs.llm.policies.surprise import SirLlm, Xl3m
from lsfs.llm.runtime.batch import Shape, Step
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse import select
from lsfs.llm.sparse.watch import LOCAL, watched
from lsfs.llm.sparse.whole import Narrow, entropy, forged
from tests.llm import tiny
from tests.llm.test_policies import HEADS, KEY_HEADS, LAYERS, MIDDLE, ROPE, SIZE, about, scene

TOKENS = [(13 * at + 7) % 250 for at in range(300)]


def exact(of: Scene, layer: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Products of all that ask with all keys, [key heads, queries, cells]."""
    return select.products(of.asked(layer), of.text.by_head(layer))


# --- pages


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 99))
def test_quest_bounds_every_key_of_a_page_from_above(cells: int, page: int, seed: int) -> None:
    asked = scene(cells, seed)
    bounds = Quest(page=page).build(asked.text)
    for layer in range(LAYERS):
        above = np.repeat(bounds.scores(asked.asked(layer), layer), page, axis=-1)[..., :cells]
        assert np.all(above >= exact(asked, layer) - 1e-3)


def test_pages_of_one_key_are_the_keys_themselves_and_larger_ones_are_whole() -> None:
    asked = scene(90)
    rows = Quest(page=1).build(asked.text).rows(asked, 20)
    for layer in range(LAYERS):
        expected = select.best(select.shares(exact(asked, layer)), 20)
        np.testing.assert_array_equal(rows[layer], expected)
    for policy in (Quest(page=16), LServe(page=32, logical=16)):
        (heads,) = {layer.shape for layer in policy.build(asked.text).rows(asked, 64)}
        assert heads == (KEY_HEADS, 64)
        for head in policy.build(asked.text).rows(asked, 64)[2]:
            pages = {*(head // policy.page).tolist()}
            assert len(pages) <= 64 // policy.page + 1  # the last page of the text is short


def test_lserve_takes_a_page_for_the_best_of_its_logical_pages() -> None:
    looked = about(256, {0: 200})
    pages = LServe(page=64, logical=16).build(looked.text).rows(looked, 64)[0]
    assert pages.tolist() == [[*range(192, 256)]] * KEY_HEADS


# --- clusters


def test_squeezed_with_a_cluster_for_each_key_is_the_exact_choice() -> None:
    asked = scene(80)
    for policy in (Squeezed(share=1.0), SqueezedLevels(share=1.0, coarse=0.1, wider=9.0)):
        rows = policy.build(asked.text).rows(asked, 25)
        for layer in range(LAYERS):
            expected = select.best(select.shares(exact(asked, layer)), 25)
            np.testing.assert_array_equal(rows[layer], expected)


def test_both_levels_are_one_where_all_coarse_clusters_are_opened() -> None:
    asked = scene(200)
    one, two = Squeezed(share=0.1), SqueezedLevels(share=0.1, coarse=0.03, wider=1e9)
    np.testing.assert_array_equal(
        one.build(asked.text).rows(asked, 50), two.build(asked.text).rows(asked, 50)
    )
    narrow = replace(two, wider=0.1).build(asked.text)
    opened = narrow._under(asked.asked(0), 0, 50)
    assert narrow.over is not None
    for head in range(KEY_HEADS):
        assert len({*narrow.over[0][head][opened[head]].tolist()}) == 1


def test_squeezed_keeps_whole_clusters() -> None:
    asked = scene(200)
    index = Squeezed(share=0.1).build(asked.text)
    kept = index.rows(asked, 60)[1][0]
    labels = index.labels[1, 0]
    partly = [
        one
        for one in {*labels[kept].tolist()}
        if np.isin(np.flatnonzero(labels == one), kept).all()
    ]
    assert len({*labels[kept].tolist()}) - len(partly) <= 1


def test_k_means_puts_each_point_to_the_nearest_mean() -> None:
    random = np.random.default_rng(5)
    centres = 20 * random.standard_normal((4, 6))
    points = (centres[np.arange(80) % 4] + random.standard_normal((80, 6))).astype(np.float32)
    labels = k_means(points, 4, rounds=50)
    found = means(points, labels, 4)
    distances = ((points[:, None] - found) ** 2).sum(axis=2)
    np.testing.assert_array_equal(distances.argmin(axis=1), labels)
    assert len({*labels.tolist()}) == 4
    np.testing.assert_array_equal(k_means(points, 80), np.arange(80))


def test_a2ats_with_a_codeword_for_each_key_is_rope_applied_afterwards() -> None:
    asked = scene(60)
    policy = A2ats(share=1.0, sinks=0, recent=0, distance=40)
    rows = policy.build(asked.text).rows(asked, 15)
    end = 60
    for layer in range(LAYERS):
        # Every key is turned to stand 40 before the query, and only then multiplied.
        bare = ROPE.rotate(asked.text.keys[layer], -np.arange(60))
        queries = asked.queries[layer]
        total = np.zeros((KEY_HEADS, 60))
        for token in range(len(queries)):
            keys = ROPE.rotate(bare, end + token - 40).astype(np.float64).reshape(60, KEY_HEADS, -1)
            for head in range(HEADS):
                group = head // (HEADS // KEY_HEADS)
                weight = np.exp(keys[:, group] @ queries[token, head] / np.sqrt(SIZE))
                total[group] += weight / weight.sum()
        for group in range(KEY_HEADS):
            # What float16 loses in turning twice may change the order of two that are alike.
            kept, least = rows[layer][group], np.sort(total[group])[-15]
            assert np.all(total[group][kept] >= least * 0.98)


def test_a2ats_codewords_are_nearer_for_queries_than_those_of_plain_k_means() -> None:
    random = np.random.default_rng(2)
    asked = scene(400, seed=2)
    spread = np.diag(np.geomspace(0.01, 30, SIZE)).astype(np.float32)
    moments = np.broadcast_to(spread, (LAYERS, KEY_HEADS, SIZE, SIZE))
    assert asked.text.watched is not None
    text = replace(asked.text, watched=replace(asked.text.watched, moments=moments))
    queries = random.multivariate_normal(np.zeros(SIZE), spread, 500).astype(np.float32)

    def error(policy: A2ats, of: Text) -> float:
        codes = policy.build(of)
        found = 0.0
        for layer in range(LAYERS):
            bare = of.bare(layer)
            for head in range(KEY_HEADS):
                words = codes.books[layer, head][codes.codes[layer, head]]
                found += float(((queries @ (bare[head] - words).T) ** 2).mean())
        return found

    assert error(A2ats(share=0.05), text) < 0.8 * error(A2ats(share=0.05), asked.text)


# --- hierarchy


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 9))
def test_hip_finds_single_keys_and_the_best_ones_where_neighbours_are_alike(
    cells: int, count: int, peak: int
) -> None:
    count = min(count, cells)
    asked = np.ones((1, 1), np.float32)
    slope = -np.abs(np.arange(cells, dtype=np.float32) - cells * peak / 9)
    found = np.sort(halved(slope[:, None], asked, count))
    assert len({*found.tolist()}) == count
    best = np.sort(slope)[cells - count :]
    assert slope[found].min(initial=0) >= best.min(initial=0) - 2


def test_hip_with_room_for_all_keeps_all() -> None:
    rows = Hip(sinks=2, recent=3).build(scene(50).text).rows(scene(50), 50)
    assert rows[0].tolist() == [[*range(50)]] * KEY_HEADS


# --- blocks


def test_infllm_keeps_the_block_of_the_keys_that_were_looked_at_and_are_asked_for() -> None:
    keys = [np.zeros((320, KEY_HEADS * SIZE), np.float16) for _ in range(LAYERS)]
    queries = {n: np.ones((2, HEADS, SIZE), np.float32) for n in range(LAYERS)}
    received = np.zeros((LAYERS, KEY_HEADS, 320), np.float32)
    for cell, looked_at in ((70, 1.0), (200, 1.0), (135, -1.0)):
        for layer in keys:
            layer[cell] = 4.0 if cell != 70 else -4.0
        received[:, :, cell] = looked_at
    known = scene(320).text.watched
    assert known is not None
    text = Text(keys, KEY_HEADS, watched=replace(known, received=received))
    asked = Scene(text, queries)
    rows = InfLlm(sinks=1, recent=1, represents=1).build(text).rows(asked, 34)
    # The key at 70 is not asked for; the one at 135 was looked at by nobody: it stands for nothing.
    assert rows[0].tolist() == [0, *range(192, 224), 319]


def test_shadowkv_keeps_the_chunk_that_its_landmark_finds_and_those_that_none_stands_for() -> None:
    random = np.random.default_rng(1)
    keys = [np.tile(random.standard_normal(KEY_HEADS * SIZE), (160, 1)) for _ in range(LAYERS)]
    for layer in keys:
        layer[40:48] += 3.0  # a chunk whose keys are alike, and asked for
        layer[100] *= -5.0  # one that is like none of its chunk
    text = Text([layer.astype(np.float16) for layer in keys], KEY_HEADS)
    asked = Scene(text, {n: np.ones((2, HEADS, SIZE), np.float32) for n in range(LAYERS)})
    rows = ShadowKv(outliers=0.01, recent=0).build(text).rows(asked, 16)
    assert rows[0].tolist() == [[*range(40, 48), *range(96, 104)]] * KEY_HEADS


# --- SnapKV by head, SirLLM, XL3M


def test_snap_gives_each_head_of_keys_its_own_rows() -> None:
    keys = [np.zeros((200, KEY_HEADS * SIZE), np.float16) for _ in range(LAYERS)]
    keys[0][50, :SIZE] = 4.0
    keys[0][120, SIZE:] = 4.0
    queries = {n: np.ones((2, HEADS, SIZE), np.float32) for n in range(LAYERS)}
    rows = SnapHeads(sinks=1, recent=1).rows(Scene(Text(keys, KEY_HEADS), queries), 9)
    assert rows[0].tolist() == [[0, *range(47, 54), 199], [0, *range(117, 124), 199]]


def test_hybrid_by_heads_keeps_the_blocks_of_hybrid_and_gives_each_head_the_rest() -> None:
    looked = about(320, {0: 40, MIDDLE.start: 200})
    looked.text.keys[0][:, :SIZE] = 0  # the first head of the first layer looks elsewhere
    looked.text.keys[0][120, :SIZE] = 4.0
    rows = HybridHeads(sinks=1, recent=1).rows(looked, 80)
    block = {*range(192, 224)}
    assert all(block <= {*head.tolist()} for layer in rows for head in layer)
    first, second = rows[0].tolist()
    assert 120 in first
    assert 120 not in second
    assert {*range(37, 44)} <= {*second}


def test_sirllm_keeps_what_was_least_expected_and_forgets_it_with_time() -> None:
    asked = scene(100)
    assert asked.text.watched is not None
    surprise = np.full(100, 0.1, np.float32)
    surprise[[10, 90]] = [5.0, 4.0]
    text = replace(asked.text, watched=replace(asked.text.watched, surprise=surprise))
    assert SirLlm(sinks=2).build(text).rows(asked, 3)[0].tolist() == [0, 1, 10]
    old = SirLlm(sinks=2, decay=0.7, turn=20).build(text).rows(asked, 3)
    assert old[0].tolist() == [0, 1, 90]


def test_xl3m_keeps_the_segments_behind_which_the_model_is_surest() -> None:
    asked = scene(100)
    entropies = {0: 2.0, 20: 0.5, 40: 3.0, 60: 0.1, 80: 1.0}

    def certainty(sets: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        assert isinstance(sets, list)
        assert all({0, 1} <= {*one.tolist()} for one in sets)
        return np.array([entropies[20 * n] for n in range(len(sets))], np.float32)

    rows = Xl3m(segment=20, sinks=2).rows(Scene(asked.text, asked.queries, certainty), 42)
    assert rows[0].tolist() == [0, 1, *range(20, 40), *range(60, 80)]
    with pytest.raises(UsageError, match="needs a model"):
        Xl3m().rows(Scene(asked.text, asked.queries), 40)


def test_what_needs_a_watched_text_says_so() -> None:
    text = replace(scene(40).text, watched=None)
    for name in ("sirllm", "infllm", "a2ats"):
        with pytest.raises(UsageError, match=f"{name} needs a text that is watched"):
            POLICIES[name].build(text)


# --- positions


def test_dense_rows_stand_side_by_side_and_a_ceiling_moves_only_what_is_farther() -> None:
    text = np.arange(100)
    rows = np.array([0, 1, 40, 98])
    assert Streaming().placing.positions(rows, text).tolist() == [0, 1, 2, 3]
    assert Placing(farthest=30).positions(rows, text).tolist() == [70, 70, 70, 98]
    assert Infinite().placing.positions(rows, text).tolist() == rows.tolist()


def test_rows_of_heads_are_moved_each_by_its_own_distance() -> None:
    random = np.random.default_rng(4)
    rope = Rope(16, 16, 10000.0)
    bare = random.standard_normal((1, 32)).astype(np.float16)
    keys = rope.rotate(np.repeat(bare, 20, axis=0), np.arange(20))
    cells = Cells(np.arange(20, dtype=np.int32), (keys,), (keys,))
    made = forged(cells, [np.array([[0, 7], [3, 19]])], Placing(dense=True), rope)
    expected = rope.rotate(np.repeat(bare, 2, axis=0), np.arange(2)).astype(np.float32)
    np.testing.assert_allclose(made.keys[0].astype(np.float32), expected, atol=0.02)
    np.testing.assert_array_equal(made.values[0][0], [*keys[0, :16], *keys[3, 16:]])
    assert made.positions.tolist() == [0, 1]


# --- with a model


def test_what_is_watched_is_what_the_model_computes(tmp_path: Path) -> None:
    with Model(tiny.write(tmp_path / "m.gguf")) as model:
        with Context(model, Shape(512, 1, 512, 1)) as context:
            facts = facts_of(context)
            steps = [Step(token, at, 0, True) for at, token in enumerate(TOKENS)]
            scores = context.decode(steps).astype(np.float64)
            plain = kvblob.parse(context.state())
        cells, found = watched(model, facts, TOKENS, threads=1)
        narrow = Narrow(model, facts, threads=1)
        rows = np.arange(len(TOKENS))
        sure = narrow.certainty(cells, TOKENS[:3])([rows, rows[:50]])
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    expected = -np.log(chances[np.arange(len(TOKENS) - 1), TOKENS[1:]])
    np.testing.assert_allclose(found.surprise[1:], expected, atol=0.05)
    assert found.surprise[0] == 0
    for mine, theirs in zip(cells.keys, plain.keys, strict=True):
        np.testing.assert_allclose(mine.astype(np.float32), theirs.astype(np.float32), atol=0.05)
    # A key's mean product with the queries behind it, from the last queries that are kept.
    asked = found.window[1].reshape(-1, tiny.KEY_HEADS, tiny.HEADS // tiny.KEY_HEADS, tiny.HEAD)
    late = len(TOKENS) - 11
    key = cells.keys[1][late].astype(np.float64).reshape(tiny.KEY_HEADS, tiny.HEAD)
    mean = asked[-10:].mean(axis=(0, 2)).astype(np.float64)
    np.testing.assert_allclose(found.received[1, :, late], (mean * key).sum(axis=1), rtol=0.01)
    assert found.received.shape == (tiny.LAYERS, tiny.KEY_HEADS, len(TOKENS))
    assert len(TOKENS) > LOCAL
    for matrix in found.moments.reshape(-1, tiny.HEAD, tiny.HEAD):
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-4)
        assert np.linalg.eigvalsh(matrix).min() > -1e-3
    assert sure.shape == (2,)
    assert np.all((sure > 0) & (sure < np.log(tiny.VOCABULARY)))


def test_entropy_is_that_of_the_next_token() -> None:
    assert entropy(np.zeros(8, np.float32)) == pytest.approx(np.log(8))
    assert entropy(np.array([0, 500, 0], np.float32)) == pytest.approx(0, abs=1e-6)


def test_every_policy_makes_a_state_that_the_model_goes_on_from(tmp_path: Path) -> None:
    path = tiny.write(tmp_path / "m.gguf")
    with Model(path) as model, Context(model, Shape(512, 1, 512, 1)) as context:
        facts = facts_of(context)
        cells, seen = watched(model, facts, TOKENS, threads=1)
        narrow = Narrow(model, facts, threads=1)
        scene = narrow.scene(cells, [1, 2, 3], [4, 5, 6])
        scene = replace(scene, text=replace(scene.text, watched=seen))
        context.load_state(kvblob.build(cells))
        expected = context.feed([1, 2, 3]).copy()
        for policy in POLICIES.values():
            rows = policy.build(scene.text).rows(scene, len(TOKENS))
            context.load_state(kvblob.build(forged(cells, rows, policy.placing, facts.rope)))
            same = context.feed([1, 2, 3])
            # All rows at their places are the text itself.
            if len(rows[0]) == len(TOKENS) or rows[0].ndim == 2:
                np.testing.assert_allclose(same, expected, atol=0.1)
            rows = policy.build(scene.text).rows(scene, 100)
            kept = forged(cells, rows, policy.placing, facts.rope)
            context.load_state(kvblob.build(kept))
            context.feed([1, 2, 3])
            assert policy.name == "full" or len(kept) <= 100
