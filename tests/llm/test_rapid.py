from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.config import ModelConfig
from lsfs.errors import UsageError
from lsfs.llm.files.models import ModelFile
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.generation import Request
from lsfs.llm.runtime.local import LocalChat
from lsfs.llm.runtime.model import Model
from lsfs.llm.runtime.sampling import Sampling
from lsfs.llm.sparse.rapid import (
    Rapid,
    Shares,
    chance_of,
    check_words,
    drawn,
    rest_of,
    shares_of,
    verified,
)
from tests.llm import tiny

SHAPE = Shape(512, 1, 512, 1)
TEXT, PASSAGE, ASKED = [(7 * n + 3) % 250 for n in range(200)], [9, 8, 7, 6], [5, 4, 3]

distributions = st.lists(st.integers(0, 9), min_size=5, max_size=5).filter(any)


def spread(weights: list[int]) -> Shares:
    return np.asarray(weights, np.float64) / sum(weights)


# --- the rule, exactly


@given(distributions, distributions)
def test_what_is_accepted_and_what_replaces_it_are_together_the_targets_distribution(
    target: list[int], draft: list[int]
) -> None:
    p, q = spread(target), spread(draft)
    accepted = np.array([q[t] * chance_of(p, q, t) if q[t] else 0.0 for t in range(5)])
    refused = 1 - accepted.sum()
    np.testing.assert_allclose(accepted + refused * rest_of(p, q), p, atol=1e-12)


def test_two_tokens_of_a_chain_have_the_targets_joint_distribution() -> None:
    random = np.random.default_rng(6)
    p, q = random.dirichlet(np.ones(4), 5), random.dirichlet(np.ones(4), 5)  # last row: the first
    count, seen = 8_000, Counter[tuple[int, int]]()
    for _ in range(count):
        written: list[int] = []
        while len(written) < 2:
            last = written[-1] if written else 4
            first = drawn(q[last], random)
            second = drawn(q[first], random)
            real, guessed = [p[last], p[first], p[second]], [q[last], q[first]]
            written += verified(real, guessed, [first, second], random)
        seen[written[0], written[1]] += 1
    expected = {(a, b): count * p[4, a] * p[a, b] for a in range(4) for b in range(4)}
    chi2 = sum((seen[pair] - n) ** 2 / n for pair, n in expected.items())
    assert chi2 < 30.6  # 15 degrees of freedom: 1 in 100 is above


@settings(max_examples=40)
@given(distributions)
def test_only_tokens_that_have_a_chance_are_drawn(weights: list[int]) -> None:
    shares = spread(weights)
    assert all(shares[drawn(shares, np.random.default_rng(seed))] > 0 for seed in range(20))


# --- as llama.cpp chooses


def test_distributions_are_those_of_the_samplers() -> None:
    scores = np.array([2.0, 1.0, -1.0, 0.0], np.float32)
    assert shares_of(scores, Sampling(), [0]).tolist() == [1, 0, 0, 0]
    assert shares_of(scores, Sampling(penalty=3.0), [0]).tolist() == [0, 1, 0, 0]
    assert shares_of(scores, Sampling(penalty=3.0, penalty_window=1), [0, 2]).tolist()[0] == 1
    warm = shares_of(scores, Sampling(temperature=2.0, penalty=2.0), [0, 2])
    expected = np.exp(np.array([1.0, 1.0, -2.0, 0.0]) / 2)
    np.testing.assert_allclose(warm, expected / expected.sum())
    few = shares_of(scores, Sampling(temperature=1.0, top_p=0.7), [])
    np.testing.assert_allclose(few, [np.e / (1 + np.e), 1 / (1 + np.e), 0, 0])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("rapid")
    one = tiny.write(folder / "one.gguf", speaks=True, seed=7)
    return one, tiny.write(folder / "other.gguf", speaks=True, seed=8)


@pytest.mark.parametrize(
    "sampling", [Sampling(), Sampling(penalty=1.3), Sampling(temperature=0.7, top_p=0.01)]
)
@pytest.mark.parametrize("ahead", [1, 4])
def test_the_likeliest_text_is_the_targets_own(
    files: tuple[Path, Path], sampling: Sampling, ahead: int
) -> None:
    with (
        Model(files[0]) as model,
        Model(files[1]) as guesser,
        Context(model, SHAPE) as target,
        Context(model, SHAPE) as alike,
        Context(guesser, SHAPE) as other,
    ):
        target.feed(TEXT)
        alone = "".join(target.go_on(Request(ASKED, 24, sampling)))
        for draft, passage in ((other, PASSAGE), (alike, PASSAGE), (alike, TEXT)):
            target.clear()
            draft.clear()
            target.feed(TEXT)
            draft.feed(passage)
            rapid = Rapid(target, draft, sampling, ahead)
            said = list(rapid.tokens((ASKED, ASKED), 24))
            assert model.detokenise(said) == alone
            counts = rapid.counts
            assert counts.written == len(said) <= 24
            assert counts.accepted <= counts.guessed
            assert counts.looks <= counts.written
        # A drafter that knows all that the target knows is always right.
        assert counts.accepted == counts.guessed
        assert counts.looks == -(-counts.written // (ahead + 1))


def test_what_is_drawn_has_the_targets_distribution(files: tuple[Path, Path]) -> None:
    sampling = Sampling(temperature=0.8)
    with (
        Model(files[0]) as model,
        Model(files[1]) as guesser,
        Context(model, SHAPE) as target,
        Context(guesser, SHAPE) as draft,
    ):
        target.feed(TEXT)
        draft.feed(PASSAGE)
        ends = [context.next_position() for context in (target, draft)]
        first = shares_of(target.feed(ASKED).copy(), sampling, [])
        second = np.zeros(tiny.VOCABULARY)
        for token in np.flatnonzero((first > 1e-4) & (np.arange(len(first)) > 0)):
            second += first[token] * shares_of(target.feed([int(token)]).copy(), sampling, [])
            target.remove(0, ends[0] + len(ASKED))
        count, found = 1000, Counter[int]()
        rapid = Rapid(target, draft, sampling, ahead=2)
        for _ in range(count):
            for context, end in zip((target, draft), ends, strict=True):
                context.remove(0, end)
            # The second token: it is behind one that was guessed, or behind one that was drawn.
            said = list(rapid.tokens((ASKED, ASKED), 2))
            if len(said) == 2:
                found[said[1] % 8] += 1
        assert 0.05 < rapid.counts.accepted / rapid.counts.guessed < 0.95
    second[0] = 0.0  # the end of the text, which is not written
    expected = np.array([second[group::8].sum() for group in range(8)])
    expected *= sum(found.values()) / expected.sum()
    chi2 = sum((found[group] - expected[group]) ** 2 / expected[group] for group in range(8))
    assert chi2 < 18.5  # 7 degrees of freedom: 1 in 100 is above


def test_models_with_other_tokens_and_grammars_are_refused(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    mute = tiny.write(tmp_path / "mute.gguf")
    with Model(files[0]) as one, Model(files[1]) as two, Context(one, SHAPE) as context:
        check_words(one, two)
        with pytest.raises(UsageError, match="grammar"):
            Rapid(context, context, Sampling(grammar='root ::= "a"'))
        with Model(mute) as other, pytest.raises(Exception, match="token"):
            check_words(one, other)


# --- the reader


def test_a_reader_with_a_drafter_says_the_same(files: tuple[Path, Path], tmp_path: Path) -> None:
    passages = ["Oak costs 12 euros.", "Elm costs 9 euros.", "Rain fell in May."]
    scores = [0.9, 0.8, 0.1]

    def said(draft: str) -> tuple[str, str]:
        config = ModelConfig(context=1536, threads=1, max_tokens=12, draft=draft, timeout=0)
        file = ModelFile("one", files[0], "00" * 32, "chat")
        with contextlib.closing(LocalChat(file, config, kept=tmp_path / draft[-9:])) as chat:
            with chat._reading(None) as (reader, _):
                assert (reader._drafter is None) == (draft == "none")
                document = reader.read_document("What does oak cost?", passages, budget=64)
            answer = chat.read("What does oak cost?", passages, scores)
        return answer, document.text

    alone = said("none")
    assert alone[0]
    assert said(str(files[1])) == alone
