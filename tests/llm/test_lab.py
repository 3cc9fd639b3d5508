from __future__ import annotations

import importlib
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from lsfs.errors import UsageError
from lsfs.llm.kv import kvblob
from lsfs.llm.kv.facts import facts_of
from lsfs.llm.kv.formats import FORMATS, LowRank, Packed, Shrunk, Thin, format_of
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.lab import plot, report
from lsfs.llm.lab.prose import Made, Written
from lsfs.llm.lab.rate import Rate
from lsfs.llm.lab.readings import Reads
from lsfs.llm.lab.run import Laboratory, Plan, Row
from lsfs.llm.lab.tasks import CHAIN, TASKS, Makes
from lsfs.llm.policies import POLICIES, Scene, Text
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse.again import Again, Source
from lsfs.llm.sparse.capture import ScoringContext
from lsfs.llm.sparse.watch import watched
from lsfs.llm.sparse.whole import Narrow, forged
from lsfs_cli import schemas
from lsfs_cli.main import cli
from tests.llm import tiny
from tests.llm.test_policies import KEY_HEADS, LAYERS, ROPE, SIZE, scene

TOKENS = [(13 * at + 7) % 250 for at in range(200)]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("lab") / "tiny.gguf", speaks=True)


@pytest.fixture
def reads(file: Path) -> Iterator[Reads]:
    with Model(file) as model:
        with Context(model, Shape(512, 1, 512, 1)) as context:
            facts = facts_of(context)
        yield Reads(model, facts, format_of("f16"), threads=1)


# --- rows


def rows_of(reads: Reads, plan: Plan, notes: list[str] | None = None) -> list[Row]:
    makes = Makes(reads.model, Made())
    said: list[str] = [] if notes is None else notes
    return list(Laboratory(reads, makes, said.append).rows(plan))


def test_every_policy_is_measured_and_all_cells_are_the_whole_text(reads: Reads) -> None:
    names = [name for name in POLICIES if name != "contrast"]
    rows = rows_of(reads, Plan(names, ["needle"], [300], [0.25, 1.0], 1, 5))
    found = {(row.policy, row.budget): row for row in rows}
    assert len(found) == len(rows) == 1 + 2 * (len(names) - 1)
    whole = found["full", 1.0]
    assert (whole.right.trials, whole.agree) == (1, 1.0)
    for (name, budget), row in found.items():
        assert row.cells == round(budget * whole.cells)
        assert row.cell_bytes == row.cells * 2 * 2 * tiny.LAYERS * tiny.KEY_HEADS * tiny.HEAD
        assert row.first_s > 0
        assert row.step_s > 0
        if budget == 1.0:
            assert row.agree == 1.0, name
            assert row.nll == pytest.approx(whole.nll, abs=0.05), name
    assert found["quest", 0.25].index_bytes > 0 == found["snap", 0.25].index_bytes
    # What chooses anew for each token pays for it.
    assert found["hip", 0.25].step_s > found["snap", 0.25].step_s
    same = rows_of(reads, Plan(["snap"], ["needle"], [300], [0.25], 1, 5))[1]
    assert (same.right, same.agree, same.nll) == tuple(
        getattr(found["snap", 0.25], name) for name in ("right", "agree", "nll")
    )


def test_other_models_are_measured_or_said_not_to_be_handled(tmp_path: Path) -> None:
    wanted = ["--lengths", "300", "--budgets", "50", "--trials", "1", "--tasks", "needle"]
    names = ["--policies", "infinite,a2ats,infllm,streaming"]  # all that turn rows or queries
    for architecture in ("qwen2", "gemma2"):
        path = tiny.write(tmp_path / f"{architecture}.gguf", architecture, speaks=True)
        arguments = ["bench", "kv", "--model", str(path), "--json", *wanted, *names]
        if architecture == "gemma2":
            with pytest.raises(UsageError, match="sliding window"):
                CliRunner().invoke(cli, arguments, catch_exceptions=False)
            continue
        done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        found = json.loads(done.stdout)
        jsonschema.validate(found, schemas.of("bench kv"))
        assert [row["policy"] for row in found["rows"]] == ["full", *names[1].split(",")]


def test_a_text_beyond_the_window_is_composed_and_who_must_watch_it_is_left_out(
    reads: Reads,
) -> None:
    notes: list[str] = []
    plan = Plan(["snap", "sirllm"], ["pairs"], [1300], [0.25, 1.0], 2, 1)
    rows = rows_of(replace(reads, window=1100), plan, notes)
    assert [(row.policy, row.budget) for row in rows] == [
        ("full", 1.0),
        ("snap", 1.0),
        ("snap", 0.25),
    ]
    assert {row.right.trials for row in rows} == {2}
    assert any("sirllm needs a text that was read as a whole" in note for note in notes)
    room = replace(reads, window=1100).room
    assert rows[0].cells <= room
    assert rows[1].cells == rows[0].cells
    assert rows[2].cells == round(0.25 * room)


def test_what_cannot_be_run_is_said_before_anything_is(reads: Reads) -> None:
    good = Plan(["snap"], ["needles"], [700], [0.5], 1, 1)
    for plan, what in (
        (replace(good, policies=["best"]), "no policy best"),
        (replace(good, tasks=["sums"]), "no task sums"),
        (replace(good, budgets=[1.5]), "share"),
        (replace(good, trials=0), "at least one trial"),
        (replace(good, lengths=[100]), "256 tokens"),
        (replace(good, tasks=["documents"]), "form of SQuAD"),
    ):
        with pytest.raises(UsageError, match=what):
            rows_of(reads, plan)
    with pytest.raises(UsageError, match="no store format"):
        format_of("zip")


# --- tasks


def test_tasks_have_their_length_their_answers_and_are_the_same_for_a_seed(
    reads: Reads, tmp_path: Path
) -> None:
    squad = tmp_path / "squad.json"
    asked = [{"question": "Where?", "answers": [{"text": "Kelso"}]}]
    paragraphs = [{"context": f"The {n} mills stood in Kelso.", "qas": asked} for n in range(60)]
    squad.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
    makes = Makes(reads.model, Made(), squad)
    for name, make in TASKS.items():
        one, same, other = (make(makes, random.Random(seed), 900) for seed in (1, 1, 2))
        assert one == same
        assert one.tokens != other.tokens
        assert 800 < len(one.tokens) <= 900
        text = reads.model.detokenise(one.tokens)
        assert one.questions
        for question in one.questions:
            assert question.tail
            if question.words:
                assert all(word in text for word in question.words)
            elif not question.scored:
                assert reads.model.detokenise(question.follows).strip() in text
        assert name != "variables" or len(one.questions[0].words) == CHAIN


def test_prose_is_read_from_files_or_made_up(tmp_path: Path) -> None:
    sentences = Made().sentences(random.Random(3))
    many = [next(sentences) for _ in range(60)]
    assert len({*many}) > 50
    assert all(one.endswith(".") and "{" not in one for one in many)
    page = tmp_path / "a.md"
    page.write_text("# Head\n\nOne is here. Two is there.\n\n```\ncode. here.\n```\n")
    assert {*Written(tmp_path)._paragraphs[0]} == {"One is here.", "Two is there."}
    page.write_text("nothing")
    with pytest.raises(UsageError, match="no paragraphs"):
        Written(tmp_path)


def test_the_interval_is_wilsons() -> None:
    low, high = Rate(8, 10).interval
    assert [low, high] == pytest.approx([0.490, 0.943], abs=0.001)
    assert Rate(0, 0).interval == (0.0, 1.0)


# --- chosen again


def test_rows_are_chosen_again_by_the_token_that_is_run_next(reads: Reads) -> None:
    model, facts = reads.model, reads.facts
    cells, _ = watched(model, facts, TOKENS, threads=1)
    scene = Narrow(model, facts, threads=1).scene(cells, [1, 2, 3], [4])
    policy = POLICIES["quest"]
    source = Source(cells, scene.text, policy.build(scene.text), policy, facts.rope)
    shape = Shape(512, 1, 512, 1)
    with (
        ScoringContext(model, shape, range(facts.layers)) as choosing,
        Context(model, shape) as plain,
    ):
        every = Again(choosing, source, 64, 1)
        every.begin(source.kept(scene, 64))
        scores = every.run([1, 2, 3])
        assert (scores.shape, every.choices) == ((3, tiny.VOCABULARY), 2)
        later = every.run([9, 8])
        assert every.choices == 4
        assert len(kvblob.parse(choosing.state())) == 64 + 5
        # The last token behind the rows that its own queries choose.
        plain.load_state(kvblob.build(source.kept(scene, 64)))
        plain.feed([1, 2])
        written = kvblob.parse(plain.state()).take(slice(64, None))
        choosing.clear()
        choosing.load_state(kvblob.build(source.kept(scene, 64)))
        choosing.feed([1, 2])
        alone = Scene(scene.text, choosing.queries([3]), behind=2)
        kept = kvblob.joined([source.kept(alone, 64), written])
        plain.load_state(kvblob.build(kept))
        np.testing.assert_allclose(plain.feed([3]), scores[2], atol=0.05)
        rare = Again(choosing, source, 64, 4)
        rare.begin(source.kept(scene, 64))
        rare.run([1, 2, 3])
        assert np.abs(rare.run([9, 8]) - later).max() > 0
        assert rare.choices == 2
        # Where all rows are kept, choosing again changes nothing.
        every = Again(choosing, source, len(TOKENS), 1)
        every.begin(cells)
        every.run([1, 2, 3])
        again = every.run([9, 8])
        plain.load_state(kvblob.build(cells))
        plain.feed([1, 2, 3, 9])
        np.testing.assert_allclose(again[1], plain.feed([8]), atol=0.1)


# --- store formats


def state(cells: int) -> tuple[Cells, Text]:
    text = scene(cells).text
    keys = tuple(text.keys)
    random_values = np.random.default_rng(9).standard_normal((LAYERS, cells, KEY_HEADS * SIZE))
    values = tuple(random_values.astype(np.float16))
    return Cells(np.arange(cells, dtype=np.int32), keys, values), text


def test_full_rank_is_exact_and_less_is_worse(tmp_path: Path) -> None:
    cells, text = state(120)

    def packed(rank: float) -> Packed:
        return LowRank(rank=rank).packed(cells, text, tmp_path)

    whole, half, little = (packed(rank) for rank in (1.0, 0.5, 0.2))
    assert whole.errors(cells)[0] < 2e-3  # what float16 loses
    assert whole.errors(cells)[1] == 0
    assert whole.errors(cells)[0] < half.errors(cells)[0] < little.errors(cells)[0] < 1
    assert little.near < half.near < whole.near
    assert little.far == sum(layer.nbytes for layer in cells.values)
    assert isinstance(little.cells.values[0], np.memmap)
    rows = [np.array([3, 50, 119])] * LAYERS
    kept = forged(little.cells, rows)
    np.testing.assert_array_equal(kept.values[2], cells.values[2][rows[2]])


def test_keys_in_few_dimensions_without_position_are_kept_in_as_few(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    width = KEY_HEADS * SIZE
    bare = random.standard_normal((200, 2)) @ random.standard_normal((2, width))
    keys = ROPE.rotate(bare.astype(np.float16), np.arange(200))
    cells = Cells(np.arange(200, dtype=np.int32), (keys,), (keys,))
    text = Text([keys], KEY_HEADS, rope=ROPE, positions=cells.positions)
    few = LowRank(rank=2 / width).packed(cells, text, tmp_path)
    assert few.errors(cells)[0] < 5e-3
    # With their positions in them they fill more dimensions.
    turned = replace(text, rope=None)
    assert LowRank(rank=2 / width).packed(cells, turned, tmp_path).errors(cells)[0] > 0.2


def test_the_window_of_cskv_and_think_is_whole_and_think_keeps_what_is_looked_at(
    tmp_path: Path,
) -> None:
    cells, text = state(100)
    for form in (Shrunk(recent=20), Thin(recent=20)):
        packed = form.packed(cells, text, tmp_path)
        for found, real in zip(packed.cells.keys, cells.keys, strict=True):
            np.testing.assert_array_equal(found[80:], real[80:])
            assert not np.array_equal(found[:80], real[:80])
        assert packed.near < sum(layer.nbytes for layer in (*cells.keys, *cells.values))
    assert text.watched is not None
    window = {n: np.zeros_like(q) for n, q in text.watched.window.items()}
    for asked in window.values():
        asked[..., 3] = 1.0
    text = replace(text, watched=replace(text.watched, window=window))
    thin = Thin(keeps=1 / SIZE, recent=20).packed(cells, text, tmp_path)
    for found, real in zip(thin.cells.keys, cells.keys, strict=True):
        by_head = found[:80].reshape(80, KEY_HEADS, SIZE)
        np.testing.assert_array_equal(
            by_head[..., 3], real[:80].reshape(80, KEY_HEADS, SIZE)[..., 3]
        )
        assert not by_head[..., :3].any()
        assert not by_head[..., 4:].any()


def test_policies_run_on_what_a_format_has_left(reads: Reads) -> None:
    plan = Plan(["shadowkv", "snap"], ["needle"], [500], [0.5], 1, 1)
    for name in FORMATS:
        # Heads of 16 values are no groups of 32, but both heads of keys together are.
        makes = Makes(reads.model, Made())
        laboratory = Laboratory(replace(reads, format=format_of(name)), makes)
        rows = list(laboratory.rows(plan))
        assert [row.policy for row in rows] == ["full", "shadowkv", "snap"]
        (kept,) = laboratory.formats
        assert kept["format"] == name
        assert (kept["key_error"] > 0) == (name != "f16")
        assert (kept["far"] > 0) == (name == "lowrank")


def test_the_policy_of_the_documentation_runs(
    reads: Reads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "laboratory.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "of_ones_own.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        importlib.import_module("of_ones_own")
        rows = rows_of(reads, Plan(["norms"], ["needle"], [300], [0.5], 1, 1))
    finally:
        del POLICIES["norms"]
    assert [row.policy for row in rows] == ["full", "norms"]
    assert {*re.findall(r"^\| `([a-z0-9-]+)` \|", page.read_text(encoding="utf-8"), re.M)} >= {
        *POLICIES,
        *FORMATS,
    }


# --- the command


def test_the_command_prints_a_table_and_a_line_of_json(file: Path) -> None:
    wanted = ["--policies", "snap,streaming", "--lengths", "600", "--budgets", "25,50"]
    arguments = ["bench", "kv", "--model", str(file), "--trials", "1", *wanted]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    table, _, last = done.stdout.rstrip().rpartition("\n")
    found = json.loads(last)
    assert {row["policy"] for row in found["rows"]} == {"full", "snap", "streaming"}
    assert found["pooled"]["snap"]["25%"]["trials"] == 1
    assert "needles, 600 tokens" in table
    assert table.count("streaming") >= 3
    with pytest.raises(UsageError, match="no policy x"):
        CliRunner().invoke(cli, [*arguments, "--policies", "x"], catch_exceptions=False)
    with pytest.raises(UsageError, match="not numbers"):
        CliRunner().invoke(cli, [*arguments, "--budgets", "x"], catch_exceptions=False)
    with pytest.raises(UsageError, match="png"):
        plot.check(Path("kv.txt"))


def test_the_command_draws_a_plot(file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "kv.svg"
    wanted = ["--policies", "streaming", "--lengths", "300", "--budgets", "50", "--trials", "1"]
    arguments = ["bench", "kv", "--model", str(file), *wanted, "--plot", str(picture)]
    CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert picture.read_text(encoding="utf-8").startswith("<?xml")


def test_all_tasks_are_pooled_by_policy_and_budget() -> None:
    def row(task: str, hits: int, agree: float) -> Row:
        rate = Rate(hits, 4)
        return Row(task, 512, "snap", 0.25, rate, agree, 0.5, 1.0, 1.0, 0.0, 0, 10, 10, 0.1)

    pooled = report.pooled([row("needles", 1, 0.5), row("pairs", 3, 1.0)])
    assert pooled["snap"]["25%"]["hits"] == 4
    assert pooled["snap"]["25%"]["agree"] == 0.75
