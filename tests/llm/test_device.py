"""Attention masses by ggml are those of numpy; a device that fails leaves them to the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsfs.config import ModelConfig
from lsfs.errors import ModelError, OutOfMemory
from lsfs.llm.runtime.backend import backend
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse import device, glance, select
from lsfs.llm.sparse.device import DeviceMasses
from lsfs.llm.sparse.reader import Reader
from tests.llm import tiny

TEXTS = [f"The harbour of town {n} has {40 + n} berths, and a keeper." for n in range(6)]
QUESTION = "How many berths has town 3?"


@pytest.fixture
def masses() -> Iterator[DeviceMasses]:
    made = DeviceMasses(backend(), device.CPU)
    yield made
    made.close()


def drawn(
    seed: int, tokens: int, heads: int, key_heads: int, size: int, cells: int
) -> tuple[Any, list[Any]]:
    """Queries and keys of three layers."""
    rng = np.random.default_rng(seed)
    asked = {
        layer: 2 * rng.standard_normal((tokens, heads, size)).astype(np.float32)
        for layer in (4, 5, 6)
    }
    shape = cells, key_heads * size
    return asked, [rng.standard_normal(shape).astype(np.float16) for _ in asked]


@pytest.mark.parametrize(
    ("tokens", "heads", "key_heads", "size", "cells"),
    [(36, 8, 2, 64, 270), (12, 9, 3, 64, 97), (1, 4, 4, 32, 1), (7, 6, 1, 80, 33)],
)
def test_masses_are_those_of_numpy(
    masses: DeviceMasses, tokens: int, heads: int, key_heads: int, size: int, cells: int
) -> None:
    for seed in range(2):  # other queries take the place of the first ones
        asked, keys = drawn(seed, tokens, heads, key_heads, size, cells)
        found = masses.masses(asked, keys, key_heads)
        expected = np.stack(
            [select.mass(asked[n], rows, key_heads) for n, rows in zip(asked, keys, strict=True)]
        )
        assert found.shape == (3, heads, cells)
        np.testing.assert_allclose(found, expected, atol=2e-3)
        np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-3)


def test_there_is_no_such_device() -> None:
    if backend().gpu:
        pytest.skip("this build has one")
    with pytest.raises(ModelError, match="no such device"):
        DeviceMasses(backend())


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("device") / "tiny.gguf", speaks=True)


def looks(path: Path, monkeypatch: pytest.MonkeyPatch, made: DeviceMasses | None) -> list[float]:
    """How much a question looks at each text."""
    monkeypatch.setattr(glance, "device_of", lambda _: made)
    with (
        Model(path) as model,
        Context(model, Shape(1024)) as context,
        Reader(context, "0" * 64, ModelConfig(max_tokens=4), lambda _: None) as reader,
    ):
        tail = model.tokenise(QUESTION)
        return reader._looks(reader._pieces(TEXTS), tail, None)


def test_a_reader_looks_by_the_device(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = looks(path, monkeypatch, None)
    found = looks(path, monkeypatch, DeviceMasses(backend(), device.CPU))
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=1e-4)
    assert np.argmax(found) == np.argmax(expected)


def test_where_the_device_fails_the_cpu_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = looks(path, monkeypatch, None)
    full = DeviceMasses(backend(), device.CPU)

    def refuse(*_: object) -> Any:
        raise OutOfMemory("a look at a text does not fit the memory of the device")

    monkeypatch.setattr(full, "masses", refuse)
    assert looks(path, monkeypatch, full) == expected
    assert "the CPU looks at texts from now on" in caplog.text
