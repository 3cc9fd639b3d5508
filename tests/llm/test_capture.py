from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsfs.errors import ModelError
from lsfs.llm.files import models
from lsfs.llm.kv import kvblob
from lsfs.llm.kv.facts import facts_of, stated
from lsfs.llm.runtime.backend import backend
from lsfs.llm.runtime.engine import Context, Model, Shape
from lsfs.llm.sparse.capture import ScoringContext
from lsfs.llm.sparse.scale import WeighingContext, query_scale
from tests.llm import tiny

SHAPE = Shape(tokens=256, sequences=2, batch=64, threads=1)
ROOT = tiny.HEAD**0.5
TOLERANCE = 4e-3  # a scale is told to three digits
TOKENS = [(31 * at + 5) % tiny.VOCABULARY for at in range(40)]

pytestmark = pytest.mark.model


def weights(queries: NDArray[np.float32], keys: kvblob.Rows, past: int) -> NDArray[np.float32]:
    """Attention [heads, tokens, cells] of queries over keys; token i sees past + i + 1 cells."""
    count, heads, size = queries.shape
    rows = keys.astype(np.float32).reshape(len(keys), -1, size)
    rows = np.repeat(rows, heads // rows.shape[1], axis=1)
    scores = np.einsum("thd,chd->htc", queries, rows) / np.sqrt(size)
    hidden = np.arange(len(keys)) > past + np.arange(count)[:, None]
    scores = np.where(hidden, -np.inf, scores)
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


@pytest.fixture(params=["llama", "qwen2", "gemma", "phi3", "granite", "default"])
def model_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param != "default":
        return tiny.write(tmp_path / "tiny.gguf", request.param)
    found = models.chat_model_file("default")
    if found is None:
        pytest.skip("the default model is not installed")
    return found.path


def test_queries_times_keys_are_the_weights_of_attention(model_file: Path) -> None:
    past, asked = TOKENS[:30], TOKENS[30:]
    with Model(model_file) as model:
        layers = sorted({0, stated(model).layers // 2, stated(model).layers - 1})
        scale = query_scale(model)
        with WeighingContext(model, SHAPE, layers) as context:
            context.feed(past)
            queries = context.queries(asked)
            keys, theirs = context.keys(layers[-1] + 1), context.weights
        with ScoringContext(model, SHAPE, layers, scale) as context:
            context.feed(past)
            same = context.queries(asked)
            rows = kvblob.parse(context.state()).keys
        with Context(model, SHAPE) as context:
            facts = facts_of(context)
    assert (facts.obstacle, facts.query_scale) == ("", scale)
    for layer in layers:
        assert queries[layer].dtype == np.float32
        ours = weights(queries[layer] * scale, keys[layer], len(past))
        cells = theirs[layer][:, : len(asked), : len(TOKENS)]
        assert np.abs(ours - cells).max() < TOLERANCE
    # The first layer has nothing before it that flash attention could round otherwise.
    assert np.abs(weights(same[0], rows[0], len(past)) - theirs[0][:, :10, :40]).max() < TOLERANCE


@pytest.mark.parametrize(
    ("architecture", "scale"),
    [
        ("llama", 1.0),
        ("gemma", 1.0),
        ("phi3", tiny.HEAD**0.5),
        ("granite", tiny.SCALE * tiny.HEAD**0.5),
    ],
)
def test_the_scale_is_what_the_model_has(architecture: str, scale: float, tmp_path: Path) -> None:
    with Model(tiny.write(tmp_path / "tiny.gguf", architecture)) as model:
        assert query_scale(model) == pytest.approx(scale, rel=0.01)


@pytest.fixture
def scoring(tmp_path: Path) -> Any:
    with (
        Model(tiny.write(tmp_path / "tiny.gguf")) as model,
        ScoringContext(model, SHAPE, [2, 1, 1]) as context,
    ):
        yield context


def test_queries_are_the_same_each_time_and_after_a_loaded_state(scoring: ScoringContext) -> None:
    scoring.feed(TOKENS[:30])
    blob = scoring.state()
    first = scoring.queries(TOKENS[30:])
    assert sorted(first) == [1, 2]
    scoring.clear()
    scoring.load_state(blob)
    again = scoring.queries(TOKENS[30:])
    for layer in (1, 2):
        np.testing.assert_array_equal(first[layer], again[layer])
    assert first[1].shape == (10, tiny.HEADS, tiny.HEAD)


def test_nothing_is_read_unless_it_is_asked_for(
    scoring: ScoringContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, named = Counted(scoring._tensors.read), Counted(scoring._tensors.name)
    monkeypatch.setattr(scoring._tensors, "read", read)
    monkeypatch.setattr(scoring._tensors, "name", named)
    scoring.feed(TOKENS)
    assert (read.calls, named.calls) == (0, 0)
    # At first it is not known which of the tensors of a name is the last; then only that is read.
    scoring.queries(TOKENS[:3])
    first = read.calls
    scoring.queries(TOKENS[3:6])
    assert (read.calls - first, first > 2) == (2, True)
    with pytest.raises(ModelError, match="over 64"):
        scoring.queries([1] * 65)


class Counted:
    def __init__(self, real: Callable[[int], Any]) -> None:
        self._real = real
        self.calls = 0

    def __call__(self, address: int) -> Any:
        self.calls += 1
        return self._real(address)


@pytest.mark.parametrize("field", ["_elements", "_bytes", "_element_size"])
def test_tensors_of_another_layout_are_refused(
    scoring: ScoringContext, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(scoring._tensors, field)
    monkeypatch.setattr(scoring._tensors, field, lambda address: real(address) + 2)
    with pytest.raises(ModelError, match="laid out") as raised:
        scoring.queries(TOKENS)
    assert "llama-cpp-python" in raised.value.hint
    monkeypatch.undo()
    scoring.clear()
    assert set(scoring.queries(TOKENS)) == {1, 2}


def test_an_interrupt_in_the_callback_is_not_lost(
    scoring: ScoringContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: int) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(scoring._tensors, "name", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scoring.queries(TOKENS)


def test_functions_and_layers_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="ggml_nothing"):
        backend().function("ggml_nothing", None)
    with Model(tiny.write(tmp_path / "tiny.gguf")) as model:
        for layers in ([], [tiny.LAYERS], [-1]):
            with pytest.raises(ModelError, match="no layers"):
                ScoringContext(model, SHAPE, layers)
    recurrent = tiny.write(tmp_path / "mamba.gguf", "mamba")
    with (
        Model(recurrent) as model,
        ScoringContext(model, SHAPE, [0]) as context,
        pytest.raises(ModelError, match="no queries"),
    ):
        context.queries(TOKENS)
