from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.errors import Cancelled, ContextTooLong
from lsfs.llm.answers.alone import Said, ask_each, merged
from lsfs.llm.kv import compose, kvblob
from lsfs.llm.kv.facts import Facts, facts_of
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from tests.llm import tiny

PREFIX = [7, 8, 9, 10]
BLOCKS = [[(seed * at + 5) % 250 for at in range(20 + seed)] for seed in (3, 7, 11)]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    path = tiny.write(tmp_path_factory.mktemp("models") / "m.gguf", speaks=True)
    shape = Shape(tokens=512, sequences=4, batch=128, threads=1)
    with Model(path) as model, Context(model, shape) as made:
        yield made


@pytest.fixture(scope="module")
def facts(context: Context) -> Facts:
    return facts_of(context)


def state_of(context: Context, tokens: list[int]) -> Cells:
    context.clear()
    context.feed(tokens)
    return kvblob.parse(context.state())


def block_of(context: Context, tokens: list[int]) -> Cells:
    return state_of(context, [*PREFIX, *tokens]).take(slice(len(PREFIX), None))


# --- which blocks, in which order


@given(
    st.lists(st.tuples(st.floats(-10, 10, width=16), st.integers(1, 300)), min_size=1, max_size=20),
    st.integers(300, 1500),
    st.integers(1, 6),
)
def test_the_best_block_is_last_and_never_first_among_several(
    given_blocks: list[tuple[float, int]], room: int, most: int
) -> None:
    relevance, sizes = [r for r, _ in given_blocks], [s for _, s in given_blocks]
    chosen = compose.choose(relevance, sizes, room, most)
    assert relevance[chosen.blocks[-1]] == max(relevance)
    assert [relevance[block] for block in chosen.blocks] == sorted(chosen.relevance)
    assert len({*chosen.blocks}) == len(chosen.blocks) <= most
    assert sum(sizes[block] for block in chosen.blocks) <= room
    if len(chosen.blocks) > 1:
        assert chosen.blocks[0] != max(range(len(sizes)), key=lambda n: (relevance[n], -n))


def test_what_does_not_fit_is_left_out_and_smaller_ones_take_its_place() -> None:
    assert compose.choose([5, 4, 3, 2], [60, 50, 30, 10], 100).blocks == (3, 2, 0)
    assert compose.choose([1, 2], [60, 120], 100).blocks == (0,)
    assert compose.choose([], [], 100).blocks == ()
    with pytest.raises(ContextTooLong, match="120 tokens"):
        compose.choose([1, 2], [130, 120], 100)


# --- composed states


def test_one_block_behind_the_prefix_is_what_the_model_itself_computes(
    context: Context, facts: Facts
) -> None:
    block = block_of(context, BLOCKS[0])
    whole = state_of(context, [*PREFIX, *BLOCKS[0]])
    made = compose.composed(whole.take(slice(0, len(PREFIX))), [block], facts.rope)
    np.testing.assert_array_equal(kvblob.build(made), kvblob.build(whole))


def test_blocks_stand_at_positions_without_a_gap_and_are_turned_there(
    context: Context, facts: Facts
) -> None:
    prefix = state_of(context, PREFIX)
    cells = [block_of(context, tokens) for tokens in BLOCKS]
    made = compose.composed(prefix, cells, facts.rope)
    count = len(PREFIX) + sum(map(len, BLOCKS))
    assert made.positions.tolist() == list(range(count))
    # In the first layer keys depend on a token and its position alone.
    whole = state_of(context, [*PREFIX, *BLOCKS[0], *BLOCKS[1], *BLOCKS[2]])
    np.testing.assert_allclose(
        made.keys[0].astype(np.float32), whole.keys[0].astype(np.float32), atol=0.02
    )
    compose.load(context, prefix, cells, facts.rope)
    assert context.next_position() == count
    assert np.isfinite(context.feed([1, 2, 3])).all()


def test_a_gap_moves_what_is_fed_next_and_nothing_else(context: Context) -> None:
    prefix = state_of(context, PREFIX)
    context.load_state(kvblob.build(compose.with_gap(prefix, 100)))
    assert context.next_position() == len(PREFIX) + 100
    context.feed([1])
    after = kvblob.parse(context.state())
    np.testing.assert_array_equal(after.keys[2][: len(PREFIX)], prefix.keys[2])
    assert prefix.positions.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "mamba"])
def test_reading_anew_gives_what_one_prompt_gives(tmp_path: Path, architecture: str) -> None:
    path = tiny.write(tmp_path / "m.gguf", architecture)
    shape = Shape(tokens=512, sequences=2, batch=512, threads=1)
    with Model(path) as model, Context(model, shape) as context:
        context.feed([*PREFIX, *BLOCKS[1], *BLOCKS[0]])
        expected = context.feed([1, 2]).copy()
        compose.read_anew(context, PREFIX, [BLOCKS[1], BLOCKS[0]])
        np.testing.assert_array_equal(context.feed([1, 2]), expected)


# --- several blocks, each asked alone


def test_each_sequence_answers_as_if_it_were_alone(context: Context, facts: Facts) -> None:
    prefix = state_of(context, PREFIX)
    cells = [block_of(context, tokens) for tokens in BLOCKS]
    tail = [65, 66, 67]

    def asked(numbers: list[int]) -> list[Said]:
        context.clear()
        for sequence, number in enumerate(numbers):
            compose.load(context, prefix, [cells[number]], facts.rope, sequence)
        return ask_each(context, tail, len(numbers), 6)

    together, alone = asked([0, 1, 2]), [asked([n])[0] for n in range(3)]
    assert [said.text for said in together] == [said.text for said in alone]
    for both in zip(together, alone, strict=True):
        assert both[0].likelihood == pytest.approx(both[1].likelihood, abs=0.01)
        assert both[0].likelihood < 0
    stop = Event()
    stop.set()
    with pytest.raises(Cancelled):
        ask_each(context, tail, 3, 6, stop)


def test_answers_that_agree_are_one_and_the_surest_speaks_for_them() -> None:
    answers = [Said("In 1969.", -0.4), Said("Paris", -0.1), Said("in 1969", -0.2), Said("", 0.0)]
    first, second = merged(answers, [1.0, 1.0, 1.0, 1.0])
    assert (first.text, first.source, first.supporters) == ("in 1969", 2, (0, 2))
    assert (second.text, second.supporters) == ("Paris", (1,))
    assert first.share + second.share == pytest.approx(1.0)
    assert merged(answers, [1.0, 9.0, 1.0, 1.0])[0].text == "Paris"
    assert merged([Said("", -1.0)], [1.0]) == []


def test_the_numbers_of_an_answer_count() -> None:
    answers = [Said("1,450 euros", -0.1), Said("1.450 euros", -0.1), Said("the 1,450 euros", -0.1)]
    assert [one.supporters for one in merged(answers, [1, 1, 1])] == [(0, 2), (1,)]
