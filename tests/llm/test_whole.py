from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
import pytest

from lsfs.errors import Cancelled, UsageError
from lsfs.llm.kv import kvblob
from lsfs.llm.kv.facts import facts_of
from lsfs.llm.kv.kvblob import Cells, Placing
from lsfs.llm.policies import POLICIES
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse import form, select
from lsfs.llm.sparse.whole import Narrow, forged
from tests.llm import tiny
from tests.llm.test_reader import CONFIG, reading

TOKENS = [(13 * at + 7) % 250 for at in range(300)]


def test_each_layer_of_a_forged_state_has_its_own_rows() -> None:
    random = np.random.default_rng(3)
    layers = [random.standard_normal((10, 32)).astype(np.float16) for _ in range(4)]
    cells = Cells(np.arange(5, 15, dtype=np.int32), tuple(layers[:2]), tuple(layers[2:]))
    made = forged(cells, [np.array([0, 3, 9]), np.array([1, 2, 4])])
    assert made.positions.tolist() == [12, 13, 14]
    np.testing.assert_array_equal(made.keys[0], layers[0][[0, 3, 9]])
    np.testing.assert_array_equal(made.keys[1], layers[1][[1, 2, 4]])
    np.testing.assert_array_equal(made.values[1], layers[3][[1, 2, 4]])


def test_all_rows_are_the_state_itself_and_a_policy_keeps_its_budget(tmp_path: Path) -> None:
    path = tiny.write(tmp_path / "m.gguf")
    with Model(path) as model, Context(model, Shape(512, 1, 512, 1)) as context:
        facts = facts_of(context)
        context.feed(TOKENS)
        cells = kvblob.parse(context.state())
        expected = context.feed([1, 2, 3]).copy()
        narrow = Narrow(model, facts, threads=1)
        scene = narrow.scene(cells, [1, 2, 3], [4, 5, 6])
        assert scene.text.neutral is not None
        assert scene.text.neutral.shape == (
            len(select.middle(tiny.LAYERS)),
            tiny.HEADS,
            len(TOKENS),
        )
        np.testing.assert_allclose(scene.mass.sum(axis=1), tiny.HEADS, rtol=1e-3)

        def after(kept: Cells) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
            context.clear()
            context.load_state(kvblob.build(kept))
            return context.feed([1, 2, 3]).copy()

        whole = narrow.narrowed(cells, scene, POLICIES["full"], 100)
        np.testing.assert_array_equal(after(whole), expected)
        kept = narrow.narrowed(cells, scene, POLICIES["hybrid"], 128)
        assert len(kept) == 128
        assert not np.array_equal(after(kept), expected)
        # What a question looks at most says more of the answer than what stands at the edges.
        chosen = np.abs(after(narrow.narrowed(cells, scene, POLICIES["snap"], 200)) - expected)
        edges = np.abs(after(narrow.narrowed(cells, scene, POLICIES["streaming"], 200)) - expected)
        assert chosen.mean() < edges.mean()
        rows = POLICIES["hybrid"].build(scene.text).rows(scene, 128)
        turned = forged(cells, rows, Placing(dense=True), facts.rope)
        assert turned.positions.tolist() == list(range(128))
        np.testing.assert_array_equal(turned.keys[0][:16], cells.keys[0][:16])


def test_a_document_beyond_the_window_is_answered_in_few_cells(tmp_path: Path) -> None:
    passages = [
        f"Tree {number} costs {3 * number} euros in May, and less in June." for number in range(38)
    ]
    with reading(tmp_path) as reader:
        cells: list[int] = []

        def on_text(_piece: str) -> None:
            cells.append(len(kvblob.parse(reader._context.state())))

        found = reader.read_document(
            "What does tree 7 cost?", passages, budget=128, on_text=on_text
        )
        tokens = sum(len(piece.tokens) for piece in reader._pieces(passages))
        assert tokens > CONFIG.context
        assert (found.hits, len(found.used)) == (len(found.used), len({*found.used}))
        assert found.misses == len(passages)
        asked = form.question_tokens(reader._model, reader.form, "What does tree 7 cost?")
        assert cells
        assert max(cells) <= 128 + len(asked) + CONFIG.max_tokens
        again = reader.read_document("What does tree 7 cost?", passages, budget=128)
        assert (again.misses, again.text, again.used) == (0, found.text, found.used)
        for policy in ("hybrid-heads", "xl3m", "streaming"):
            other = reader.read_document("What?", passages, budget=96, policy=policy)
            assert other.used
        with pytest.raises(UsageError, match="watched"):
            reader.read_document("What?", passages, budget=96, policy="sirllm")
        stop = Event()
        stop.set()
        with pytest.raises(Cancelled):
            reader.read_document("What?", passages, cancel=stop)
        with pytest.raises(UsageError):
            reader.read_document("What?", passages, policy="best")
        assert reader._context.next_position() == 0


def test_without_a_store_or_a_state_a_document_is_read_as_far_as_it_fits(tmp_path: Path) -> None:
    passages = [f"Tree {number} costs {3 * number} euros in May." for number in range(38)]
    with reading(tmp_path, "mamba") as reader:
        found = reader.read_document("What does tree 7 cost?", passages)
        assert found.used[-1] == 0
        assert 1 < len(found.used) < len(passages)
    with reading(tmp_path, kept=False) as reader:
        few = reader.read_document("What does tree 7 cost?", passages[:3], budget=64)
        assert {*few.used} == {0, 1, 2}
