"""What goes wrong in llama.cpp becomes an error that says what to do."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from lsfs.errors import ContextTooLong, ModelError, OutOfMemory
from lsfs.llm.files import models
from lsfs.llm.runtime import room
from lsfs.llm.runtime.engine import Context, Model, Sampling, Shape, Step
from lsfs.llm.runtime.memory import Sources
from lsfs.llm.runtime.sampling import Sampler
from tests.llm import tiny

pytestmark = pytest.mark.model

SHAPE = Shape(tokens=256, sequences=2, batch=32, threads=1)


def other(path: Path, architecture: str) -> Path:
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_block_count(1)
    writer.add_tensor("x.weight", np.zeros((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def cut(path: Path, keep: float) -> Path:
    data = tiny.write(path).read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


@pytest.mark.parametrize(
    ("make", "says", "hint"),
    [
        (lambda p: cut(p, 0.9), "not within the file bounds", "not whole"),
        (lambda p: cut(p, 0.001), "failed to read", "not whole"),
        (lambda p: other(p, "nonsense"), "'nonsense'", "does not know"),
        (lambda p: other(p, "clip"), "CLIP", "part of another model"),
        (lambda p: other(p, "llama"), "key not found", "get another one"),
        (lambda p: (p.write_text("<html>404</html>"), p)[1], "magic", "no GGUF file"),
        (lambda p: (p.write_bytes(b""), p)[1], "magic", "no GGUF file"),
        (lambda p: p, "no model file", "model.chat"),
        (lambda p: (p.mkdir(), p)[1], "no model file", "model.chat"),
    ],
)
def test_a_file_that_is_no_model(
    make: Any, says: str, hint: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make(tmp_path / "x.gguf")
    with pytest.raises(ModelError, match=r"x\.gguf") as raised:
        Model(path)
    assert says in raised.value.message
    assert hint in raised.value.hint
    assert "llama_model_load:" not in raised.value.message
    assert capfd.readouterr() == ("", "")


def test_a_model_whose_end_is_missing(tmp_path: Path) -> None:
    file = models.chat_model_file("default")
    if file is None:
        pytest.skip("the default model is not installed")
    path = tmp_path / "half.gguf"
    with file.path.open("rb") as whole:
        path.write_bytes(whole.read(file.path.stat().st_size // 2))
    with pytest.raises(ModelError, match="file bounds") as raised:
        Model(path)
    assert "get it again" in raised.value.hint


@pytest.fixture
def context(tmp_path: Path) -> Any:
    with Model(tiny.write(tmp_path / "tiny.gguf")) as model, Context(model, SHAPE) as made:
        yield made


@pytest.fixture(scope="module")
def speaking() -> Any:
    file = models.chat_model_file("default")
    if file is None:
        pytest.skip("the default model is not installed")
    with Model(file.path) as model, Context(model, SHAPE) as made:
        yield made


@pytest.mark.parametrize("grammar", ["nonsense ((", "root ::= missing", "a ::= [a-z]"])
def test_a_grammar_that_is_none(grammar: str, speaking: Context) -> None:
    with pytest.raises(ModelError, match="grammar") as raised:
        list(speaking.generate([1, 2], max_tokens=3, sampling=Sampling(grammar=grammar)))
    assert "root" in raised.value.hint
    assert "".join(speaking.generate([1, 2], max_tokens=3))


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_a_grammar_that_allows_nothing_more_ends_the_text(
    speaking: Context, temperature: float
) -> None:
    sampling = Sampling(grammar='root ::= "yes" | "no"', temperature=temperature, seed=5)
    assert "".join(speaking.generate([5, 6], max_tokens=9, sampling=sampling)) in ("yes", "no")
    nothing = np.full(speaking.model.n_vocab, -np.inf, np.float32)
    with Sampler(speaking.model, sampling) as sampler:
        sampler._api = Silent(speaking.model.backend.api, nothing)
        assert sampler.sample(speaking.handle, -1) is None


class Silent:
    """The library, with other scores."""

    def __init__(self, api: Any, scores: np.ndarray) -> None:
        self._api, self._scores = api, scores

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def llama_get_logits_ith(self, _context: Any, _row: int) -> Any:
        return self._scores.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def test_a_model_without_a_tokenizer(context: Context) -> None:
    for use in (
        lambda: context.model.tokenise("text"),
        lambda: list(context.generate([1, 2], max_tokens=3)),
        lambda: Sampler(context.model, Sampling(grammar="root ::= [a-z]")),
    ):
        with pytest.raises(ModelError, match="no tokenizer"):
            use()


def test_what_does_not_fit_a_batch_or_the_context(context: Context) -> None:
    with pytest.raises(ModelError, match="a batch of 33 tokens, over 32"):
        context.decode([Step(1, at) for at in range(33)])
    with pytest.raises(ContextTooLong, match="257 tokens, the context 256") as raised:
        context.feed([1] * 257)
    assert "model.context" in raised.value.hint
    with pytest.raises(ModelError, match="invalid token"):
        context.decode([Step(tiny.VOCABULARY + 5, 0)])
    with pytest.raises(ModelError, match="no tokens"):
        context.feed([])
    with pytest.raises(ModelError, match="no tokens"):
        context.generate([], max_tokens=1)
    assert context.feed([1, 2]).shape == (tiny.VOCABULARY,)


def test_a_model_that_is_closed(tmp_path: Path) -> None:
    model = Model(tiny.write(tmp_path / "tiny.gguf"))
    model.close()
    model.close()
    for use in (lambda: model.tokenise("x"), lambda: Context(model), lambda: model.metadata("x")):
        with pytest.raises(ModelError, match="closed"):
            use()


def test_more_memory_than_the_machine_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "meminfo"
    memory.write_text("MemTotal: 8000000 kB\nMemAvailable: 1000 kB\n")
    monkeypatch.setattr(room, "MACHINE", Sources(memory, group=tmp_path))
    with Model(tiny.write(tmp_path / "tiny.gguf")) as model:
        with pytest.raises(OutOfMemory, match="of 0 that are free") as raised:
            Context(model, Shape(tokens=4096))
        assert "model.context" in raised.value.hint
        memory.unlink()
        Context(model, SHAPE).close()


LIMITED = """
import os, resource, sys
from pathlib import Path
from lsfs.errors import OutOfMemory
from lsfs.llm.runtime.backend import backend
from lsfs.llm.runtime.engine import Context, Model, Shape

def limit(mib):
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + mib * 2**20, -1))

def attempt(mib, late):
    if not late:
        limit(mib)
    model = Model(Path(sys.argv[1]))
    if late:
        limit(mib)
    Context(model, Shape(tokens=8192, threads=1)).feed([5, 6, 7])

backend()
for late in (False, True):
    for mib in (5, 190, 300, 700):
        child = os.fork()
        if child == 0:
            try:
                attempt(mib, late)
            except OutOfMemory as error:
                assert error.hint and str(mib) and "takes" in error.message, error
                os._exit(3)
            os._exit(4)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), end=" ", flush=True)
"""


def test_a_process_without_memory_is_told_so_and_lives(tmp_path: Path) -> None:
    file = models.chat_model_file("default")
    if file is None:
        pytest.skip("the default model is not installed")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(file.path)], capture_output=True, text=True, timeout=120
    )
    codes = done.stdout.split()
    assert len(codes) == 8, done.stderr
    assert set(codes) == {"3", "4"}  # each either says so or works, and none was ended by llama.cpp
    assert codes[0] == codes[4] == "3"
    assert codes[3] == codes[7] == "4"
