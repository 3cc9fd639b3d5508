"""Texts side by side, JSON that has an end, and what stops a model."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lsfs.config import ModelConfig
from lsfs.errors import Cancelled, ContextTooLong, ModelError
from lsfs.llm.files import models
from lsfs.llm.runtime.batch import Deadline
from lsfs.llm.runtime.engine import Context, Model, Request, Sampling, Shape
from lsfs.llm.runtime.generation import _Side
from lsfs.llm.runtime.local import LocalChat
from lsfs.llm.runtime.schema import MOST, form_of
from lsfs.serve import rpc

real = pytest.mark.model


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    found = models.chat_model_file("default")
    if found is None:
        pytest.skip("the default model is not installed")
    with Model(found.path) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def context(model: Model) -> Iterator[Context]:
    with Context(model, Shape(tokens=1024, sequences=4, batch=64)) as made:
        yield made


def texts(pairs: Iterator[tuple[int, str]], count: int) -> list[str]:
    found = [""] * count
    for number, piece in pairs:
        found[number] += piece
    return found


def requests(model: Model, asked: Sequence[str], **more: Any) -> list[Request]:
    head = "A list of well-known facts about the world, each of them in one short sentence.\n"
    return [Request(model.tokenise(head + text), 6, **more) for text in asked]


CAPITALS = ["The capital of France is", "One, two, three,", "A, B, C,", "Monday, Tuesday,"]


# --- side by side


@real
def test_texts_side_by_side_are_those_written_alone(model: Model, context: Context) -> None:
    asked = requests(model, CAPITALS)
    alone = ["".join(piece for _, piece in context.generate_many([one])) for one in asked]
    together = texts(context.generate_many(asked), len(asked))
    assert "Paris" in together[0] and "four" in together[1]
    # Batches of other shapes differ in their last digits: a text may turn where two tokens are
    # equally likely, but not most of them.
    assert sum(a == b for a, b in zip(alone, together, strict=True)) >= len(asked) - 1


@real
def test_each_text_has_its_own_seed_sampling_length_and_end(model: Model, context: Context) -> None:
    prompt = model.tokenise("Once upon a time there was a")
    hot = [Sampling(temperature=1.5, seed=seed) for seed in (1, 2)]
    asked = [*(Request(prompt, 10, one) for one in hot), Request(prompt, 4, stop=(" little",))]
    first, second, short = texts(context.generate_many(asked), 3)
    assert first != second
    assert " little" not in short
    assert [first, second, short] == texts(context.generate_many(asked), 3)
    ended = texts(context.generate_many([Request(prompt, most) for most in (0, 1, 5)]), 3)
    assert ended[0] == "" and 0 < len(ended[1]) < len(ended[2])
    assert ended[2].startswith(ended[1])


@real
def test_texts_wait_for_sequences_and_for_cells(model: Model) -> None:
    with Context(model, Shape(tokens=256, sequences=3, batch=64)) as small:
        prompt = model.tokenise("word " * 20)
        brief = Sampling(grammar='root ::= "ok"')
        asked = [Request([*prompt, *model.tokenise(f" {n}")], 150, brief) for n in range(4)]
        together = _Side(small, asked, None)
        most = 0
        for _ in together.run():
            most = max(most, len(together._running))
        assert most == 1  # two would need more cells than there are
        few = [replace(one, max_tokens=3) for one in asked]
        assert texts(small.generate_many(few), 4) == ["ok"] * 4
        with pytest.raises(ContextTooLong):
            small.generate_many([*asked, Request([5] * 256, 1)])
        assert texts(small.generate_many([]), 0) == []
        long = Request([5] * 250, 10_000)
        assert texts(small.generate_many([long]), 1)[0]


@real
def test_a_text_goes_on_after_a_loaded_state(model: Model, context: Context) -> None:
    head, tail = model.tokenise("The capital of France"), model.tokenise(" is")
    context.clear()
    context.feed(head)
    blob = context.state()
    context.clear()
    context.load_state(blob)
    assert "Paris" in "".join(context.go_on(Request(tail, 6)))
    assert context.next_position() > len(head) + len(tail)


# --- JSON

NAME = {"type": "string", "maxLength": 6}
ODD = [
    "a",
    "caf\u00e9 \U0001f600",
    'she said "no"',
    "C:\\new\n",
    3,
    None,
    {"x": [True]},
    "caf\udce9",
]
SCHEMAS: list[dict[str, Any]] = [
    {"type": "object", "properties": {"say \"hi\"\\": NAME}},
    {"type": "array", "items": {"enum": ODD}, "minItems": 3, "maxItems": 4},
    {"type": "array", "items": NAME, "minItems": 1, "maxItems": 2},
    {"anyOf": [{"type": "integer"}, {"const": ODD}]},
    {"type": ["number", "null"]},
    {"type": "object", "required": ["d"], "properties": {
        "a": NAME, "d": {"type": "string", "format": "date"}, "n": {"type": "boolean"}}},
    {"type": "object", "required": [], "properties": {"a": NAME, "b": NAME}},
    {"type": "array", "items": {"type": "array", "items": {"type": "null"}, "maxItems": 0},
     "maxItems": 2},
]  # fmt: skip


@real
def test_every_text_of_a_schema_is_json_of_it(model: Model, context: Context) -> None:
    prompt = model.tokenise("JSON: ")
    forms = [form_of(schema) for schema in SCHEMAS]
    asked = [
        Request(prompt, form.longest, Sampling(temperature=2.0, seed=seed, grammar=form.grammar))
        for seed, form in enumerate(forms)
    ]
    found = texts(context.generate_many(asked), len(asked))
    for number, text in enumerate(found):
        assert len(text.encode()) <= forms[number].longest
        assert fits(json.loads(text), SCHEMAS[number]), text


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value is of a schema, as far as those above go."""
    if "anyOf" in schema:
        return any(fits(value, one) for one in schema["anyOf"])
    if "const" in schema:
        return bool(value == schema["const"])
    if "enum" in schema:
        return value in schema["enum"]
    if isinstance(schema["type"], list):
        return any(fits(value, {"type": one}) for one in schema["type"])
    if schema["type"] == "object":
        known, needed = schema["properties"], schema.get("required", schema["properties"])
        return (
            isinstance(value, dict)
            and set(needed) <= value.keys() <= known.keys()
            and all(fits(one, known[name]) for name, one in value.items())
        )
    if schema["type"] == "array":
        least, most = schema.get("minItems", 0), schema.get("maxItems", MOST)
        return least <= len(value) <= most and all(fits(one, schema["items"]) for one in value)
    if schema["type"] == "string":
        pattern = r"\d{4}-[01]\d-[0-3]\d" if "format" in schema else r"(?s).{0,6}"
        return re.fullmatch(pattern, value) is not None
    kinds = {"integer": int, "number": int | float, "null": type(None), "boolean": bool}
    return isinstance(value, kinds[schema["type"]])


def test_what_has_no_end_gets_one_or_is_refused() -> None:
    assert form_of({"type": "string"}).longest > 6 * 200
    schemas: tuple[dict[str, Any], ...] = (
        {}, {"type": "object"}, {"type": "array"}, {"$ref": "#"}, {"type": "any"},
        {"type": "string", "pattern": "^a*$"}, {"type": "array", "items": {}}, {"enum": []},
        {"type": "integer", "maximum": 3}, {"type": "string", "minLength": 9, "maxLength": 3},
        {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["b"]},
        {"type": "string", "format": "uuid"}, {"const": object()}, {"anyOf": [3]},
    )  # fmt: skip
    for schema in schemas:
        with pytest.raises(ModelError, match="JSON schema"):
            form_of(schema)
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(9):
        deep = {"type": "array", "items": deep}
    with pytest.raises(ModelError, match="deeper"):
        form_of(deep)


# --- stopping


@pytest.fixture(scope="module")
def chat() -> Iterator[LocalChat]:
    found = models.chat_model_file("default")
    if found is None:
        pytest.skip("the default model is not installed")
    local = LocalChat(found, ModelConfig(context=4096, max_tokens=400, timeout=60))
    yield local
    local.close()


@real
def test_time_runs_out(chat: LocalChat) -> None:
    quick = LocalChat(chat._file, ModelConfig(context=4096, timeout=0.3))
    with pytest.raises(ModelError, match=r"longer than 0\.3 seconds") as raised:
        quick.write("What?", ["a long story " * 900])
    assert "model.timeout" in raised.value.hint
    quick.close()
    assert not Deadline(0).is_set()
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Cancelled), Deadline(0, stopped).told():
        raise Cancelled("stopped")


@real
def test_who_waits_for_the_model_can_leave(chat: LocalChat) -> None:
    leaves = threading.Event()
    with chat.context(), pytest.raises(Cancelled):
        threading.Timer(0.1, leaves.set).start()
        chat.imagine("anything", leaves)


@real
@pytest.mark.parametrize("busy_with", ["reading", "writing"])
def test_a_closed_socket_stops_the_model(busy_with: str, chat: LocalChat, tmp_path: Path) -> None:
    begun, ended = threading.Event(), threading.Event()
    outcome: list[BaseException] = []

    def work(
        name: str, arguments: dict[str, Any], emit: rpc.Emit, gone: threading.Event, *_: Any
    ) -> None:
        begun.set()
        try:
            if busy_with == "reading":
                chat.write("What?", ["a long story " * 1000], cancel=gone)
            else:
                with chat.context(gone) as (context, stop):
                    list(context.generate([5, 6], max_tokens=4000, cancel=stop))
        except Cancelled as error:
            outcome.append(error)
        ended.set()

    server = rpc.Server(tmp_path / "s", work)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    client = rpc.Client(tmp_path / "s")
    asking = threading.Thread(target=_disconnected, args=(client,))
    asking.start()
    assert begun.wait(10)
    time.sleep(0.3)
    client.close()
    assert ended.wait(20)
    asking.join()
    server.close()
    thread.join()
    assert len(outcome) == 1


def _disconnected(client: rpc.Client) -> None:
    with pytest.raises(rpc.Disconnected):
        client.call("work", {})


INTERRUPTED = """
import signal, sys, threading
from pathlib import Path
from lsfs.llm.runtime.engine import Context, Model, Shape
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a background job
with Model(Path(sys.argv[1])) as model, Context(model, Shape(tokens=4096)) as context:
    context.feed([5, 6])
    print("ready", flush=True)
    try:
        context.feed([5] * 4000, cancel=threading.Event())
    except KeyboardInterrupt:
        print("interrupted at", context.next_position(), flush=True)
        context.clear()
        print(context.feed([5, 6]).shape[0], flush=True)
"""


@real
def test_ctrl_c_stops_the_reading_of_a_prompt(model: Model) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(model.path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.3)
    os.kill(child.pid, signal.SIGINT)
    out, error = child.communicate(timeout=120)
    assert out.splitlines()[0].startswith("interrupted at"), error
    assert out.splitlines()[1] == str(model.n_vocab)
    assert "ignored" not in error
