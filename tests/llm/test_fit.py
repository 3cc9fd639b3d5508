from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import ModelError, OutOfMemory
from lsfs.llm.files import fit, models
from lsfs.llm.files.fit import Device, Fit
from lsfs.llm.files.weights import Weights, weights_of
from lsfs.llm.runtime import loading
from lsfs.llm.runtime.backend import backend
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.loading import load, memory_of, placed
from lsfs.llm.runtime.model import Model
from tests.llm import tiny

MIB = 2**20
# As of an 8B model in 4 bits: 32 layers of 130 MiB, output and input of 400 MiB.
LARGE = Weights((130 * MIB,) * 32, 400 * MIB, 280 * MIB, 4096, 4096, 14336, 128256, 131072)
SHAPE = Shape(tokens=8192, batch=512)


def card(free: int, total: int = 0, name: str = "CUDA0") -> Device:
    return Device(name, "Test card", free * MIB, (total or free) * MIB)


# --- the rule


@pytest.mark.parametrize(
    ("free", "layers"), [(80_000, 33), (8_000, 33), (4_000, 16), (1_600, 2), (1_000, 0), (0, 0)]
)
def test_as_many_layers_as_fit(free: int, layers: int) -> None:
    found = fit.fit(LARGE, SHAPE, [card(free)])
    assert (found.gpu_layers, found.layers) == (layers, 33)
    assert found.bytes <= found.free or not layers
    assert "Test card (CUDA0)" in found.reason


def test_one_layer_more_would_not_fit() -> None:
    previous = -1
    for free in range(1_000, 7_000, 97):
        found = fit.fit(LARGE, SHAPE, [card(free)])
        assert found.gpu_layers >= previous
        previous = found.gpu_layers
        more = fit.fit(LARGE, SHAPE, [card(free)], wanted=found.gpu_layers + 1)
        assert more.bytes > found.free or found.gpu_layers == 33
    assert previous == 33


def test_a_longer_context_leaves_room_for_fewer_layers() -> None:
    layers = [
        fit.fit(LARGE, Shape(tokens=tokens), [card(4_000)]).gpu_layers
        for tokens in (2048, 8192, 32768, 0)
    ]
    assert layers == sorted(layers, reverse=True)
    assert layers[0] > layers[-1]


def test_what_others_use_of_a_card_counts() -> None:
    assert fit.fit(LARGE, SHAPE, [card(4_000, 80_000)]).gpu_layers == 0
    two = [card(3_000), card(3_000, name="CUDA1")]
    assert 0 < fit.fit(LARGE, SHAPE, two[:1]).gpu_layers < fit.fit(LARGE, SHAPE, two).gpu_layers


def test_the_user_decides() -> None:
    assert fit.fit(LARGE, SHAPE, [card(80_000)], wanted=7).gpu_layers == 7
    assert fit.fit(LARGE, SHAPE, [card(80_000)], wanted=0).gpu_layers == 0
    assert fit.fit(LARGE, SHAPE, [card(2_000)], wanted=99).gpu_layers == 33
    assert fit.fit(LARGE, SHAPE, [], wanted=99).gpu_layers == 0
    assert "CPU" in fit.fit(LARGE, SHAPE, []).reason


def test_fewer_ends_at_none() -> None:
    layers, tried = 33, []
    while layers:
        layers = fit.fewer(layers)
        tried.append(layers)
    assert tried[-1] == 0 and len(tried) < 16


# --- the sizes of a file


@pytest.mark.model
def test_the_sizes_of_a_model_are_those_of_its_file(tmp_path: Path) -> None:
    path = tiny.write(tmp_path / "tiny.gguf")
    found = weights_of(path, backend())
    block = 4 * (
        2 * tiny.WIDTH + 2 * tiny.WIDTH**2 + 2 * tiny.KEY_HEADS * tiny.HEAD * tiny.WIDTH
        + 3 * 2 * tiny.WIDTH**2
    )  # fmt: skip
    assert found.blocks == (block,) * tiny.LAYERS
    assert found.input == 4 * tiny.VOCABULARY * tiny.WIDTH
    assert found.output == found.input + 4 * tiny.WIDTH
    assert found.cell == tiny.KEY_HEADS * tiny.HEAD * 2 * 2
    assert (found.vocabulary, found.context) == (tiny.VOCABULARY, tiny.CONTEXT)
    assert memory_of(path, Shape(tokens=100)) == path.stat().st_size + 100 * 3 * found.cell
    assert memory_of(tmp_path / "absent", SHAPE) == 0


@pytest.mark.model
def test_a_model_whose_output_is_its_input() -> None:
    file = models.chat_model_file("default")
    if file is None:
        pytest.skip("the default model is not installed")
    found = weights_of(file.path, backend())
    assert len(found.blocks) == 30
    assert found.output > found.input > 0
    assert sum(found.blocks) + found.output == pytest.approx(file.path.stat().st_size, rel=0.05)


@pytest.mark.model
@pytest.mark.parametrize("content", [b"", b"no model", b"GGUF" + b"\xff" * 60])
def test_a_file_without_a_head(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="head of the model"):
        weights_of(path, backend())


# --- loading


@pytest.mark.model
def test_fewer_layers_are_tried_where_memory_runs_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path, tried = tiny.write(tmp_path / "tiny.gguf"), []

    class Small(Model):
        def __init__(self, path: Path, *, gpu_layers: int | None = None) -> None:
            tried.append(gpu_layers)
            if gpu_layers and gpu_layers > 2:
                raise OutOfMemory("cudaMalloc failed: out of memory")
            super().__init__(path, gpu_layers=gpu_layers)

    monkeypatch.setattr(loading, "Model", Small)
    monkeypatch.setattr(backend(), "gpu", True)
    monkeypatch.setattr(fit, "devices", lambda _: [card(80_000)])
    with caplog.at_level(logging.INFO, "lsfs.llm"):
        loaded = load(path, Shape(tokens=64, batch=32, sequences=1))
    loaded.close()
    assert tried == [4, 3, 2]
    assert loaded.fit.gpu_layers == 2
    assert "ran out" in loaded.fit.reason
    assert "4 layers on the GPU" in caplog.text


@pytest.mark.model
def test_a_machine_without_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Model:
        raise OutOfMemory("no memory")

    monkeypatch.setattr(loading, "Model", full)
    with pytest.raises(OutOfMemory):
        load(tiny.write(tmp_path / "tiny.gguf"), SHAPE)


@pytest.mark.model
def test_where_layers_would_go(tmp_path: Path) -> None:
    path = tiny.write(tmp_path / "tiny.gguf")
    assert placed(path, SHAPE, found=[card(80_000)]).gpu_layers == tiny.LAYERS + 1
    assert placed(path, SHAPE, found=[]) == Fit(0, 4, 0, 0, placed(path, SHAPE, found=[]).reason)
    if not backend().gpu:
        assert fit.devices(backend()) == []
