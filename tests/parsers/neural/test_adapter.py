"""muGAT's adapter is the published one, and what it is fed is what was published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lsfs.errors import ModelError, ModelMissing
from lsfs_parsers.neural.adapter import AdapterShape, ContextAdapter
from lsfs_parsers.neural.model import CONTEXT_FILE, PageModel, load
from tests.parsers.neural import tiny

Array = np.ndarray


def published(weights: dict[str, Array], pages: list[Array], heads: int) -> Array:
    """The arithmetic of aimagelab/mugat's adapter, written out in numpy."""
    seen = np.concatenate(
        [
            page + weights["page_embeddings"][:, number] + weights["intra_page_embeddings"][0]
            for number, page in enumerate(pages)
        ]
    )
    latent = weights["queries"][0]
    layers = {int(name.split(".")[1]) for name in weights if name.startswith("transformer")}
    for layer in sorted(layers):
        own = {
            name.removeprefix(f"transformer.{layer}."): value
            for name, value in weights.items()
            if name.startswith(f"transformer.{layer}.")
        }
        latent = latent + attended(own, latent, seen, heads) + fed_forward(own, latent)
    return latent


def attended(own: dict[str, Array], latent: Array, seen: Array, heads: int) -> Array:
    query = linear(own, "q_projection", norm(own, "norm1q", latent))
    both = norm(own, "norm1kv", seen)
    key, value = linear(own, "k_projection", both), linear(own, "v_projection", both)
    matrices = np.split(own["attention.in_proj_weight"], 3)
    biases = np.split(own["attention.in_proj_bias"], 3)
    query, key, value = (
        part @ matrix.T + bias
        for part, matrix, bias in zip((query, key, value), matrices, biases, strict=True)
    )
    parts = [np.split(part, heads, axis=1) for part in (query, key, value)]
    out = []
    for q, k, v in zip(*parts, strict=True):
        scores = q @ k.T / np.sqrt(q.shape[1])
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        out.append(scores / scores.sum(axis=1, keepdims=True) @ v)
    return linear(own, "attention.out_proj", np.concatenate(out, axis=1))


def fed_forward(own: dict[str, Array], latent: Array) -> Array:
    hidden = linear(own, "ff.0", norm(own, "norm2", latent))
    error_function = np.vectorize(__import__("math").erf)
    hidden = hidden * 0.5 * (1 + error_function(hidden / np.sqrt(2)))
    return linear(own, "ff.2", hidden)


def norm(own: dict[str, Array], name: str, x: Array) -> Array:
    """Over sequence and channels together."""
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5) * own[f"{name}.weight"] + own[f"{name}.bias"]


def linear(own: dict[str, Array], name: str, x: Array) -> Array:
    return x @ own[f"{name}.weight"].T + own[f"{name}.bias"]


@pytest.mark.parametrize("heads", [1, 4])
def test_the_adapter_calculates_what_was_published(heads: int) -> None:
    torch.manual_seed(heads)
    adapter = ContextAdapter(AdapterShape(2, 4, tiny.TOKENS, tiny.WIDTH, tiny.HIDDEN, heads))
    for value in adapter.parameters():  # norms and biases too, which start as ones and zeros
        torch.nn.init.normal_(value, std=0.3)
    pages = [torch.randn(1, tiny.TOKENS, tiny.WIDTH) for _ in range(3)]
    with torch.no_grad():
        ours = adapter(pages)[0].numpy()
    weights = {name: value.double().numpy() for name, value in adapter.state_dict().items()}
    theirs = published(weights, [page[0].double().numpy() for page in pages], heads)
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


def test_the_default_sizes_are_the_published_ones() -> None:
    with torch.device("meta"):
        adapter = ContextAdapter(AdapterShape())
    assert sum(value.numel() for value in adapter.parameters()) == 30_956_544
    assert adapter.transformer[0].norm1kv.weight.shape == (1764, 1024)


def test_the_decoder_sees_the_current_page_and_the_context_tokens() -> None:
    model = tiny.model()
    pages = [torch.randn(1, tiny.TOKENS, tiny.WIDTH) for _ in range(3)]
    with torch.no_grad():
        memory = model.memory(*pages)
        other = model.memory(torch.randn_like(pages[0]), *pages[1:])
    assert memory.shape == (1, tiny.TOKENS + 4, tiny.WIDTH)
    assert torch.equal(memory[:, : tiny.TOKENS], pages[1])
    assert torch.equal(other[:, : tiny.TOKENS], pages[1])
    assert not torch.allclose(memory[:, tiny.TOKENS :], other[:, tiny.TOKENS :])


def test_a_missing_neighbour_is_the_blank_page() -> None:
    model = tiny.model()
    page = torch.randn(1, tiny.TOKENS, tiny.WIDTH)
    with torch.no_grad():
        alone = model.memory(None, page, None)
        assert torch.equal(alone, model.memory(model.blank, page, model.blank))
        assert not torch.equal(alone, model.memory(page, page, model.blank))
    assert "blank" in dict(model.named_buffers())
    without = PageModel(model.reader, model.adapter)
    assert not without.blank.any()


def test_a_nougat_sees_one_page() -> None:
    model = tiny.model(adapter=False)
    page = torch.randn(1, tiny.TOKENS, tiny.WIDTH)
    assert model.memory(page, page, page) is page


def test_what_is_saved_is_loaded_bit_for_bit(model_folder: Path) -> None:
    saved, loaded = tiny.model().state_dict(), load(model_folder, device="cpu").state_dict()
    assert saved.keys() == loaded.keys()
    for name, value in saved.items():
        assert torch.equal(value, loaded[name]), name
    assert set(load_file(model_folder / CONTEXT_FILE)) > {"blank", "adapter.queries"}


def test_a_smaller_number_format_can_be_chosen(model_folder: Path) -> None:
    model = load(model_folder, device="cpu", dtype="bfloat16")
    assert {value.dtype for value in model.parameters()} == {torch.bfloat16}
    with torch.inference_mode():
        tokens = model.encode(torch.zeros(1, 3, *tiny.IMAGE))
        assert model.memory(None, tokens, None).dtype == torch.bfloat16


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=str(tmp_path)):
        load(tmp_path)


def test_a_damaged_adapter_is_an_error(tmp_path: Path) -> None:
    folder = tiny.folder(tmp_path)
    (folder / CONTEXT_FILE).write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    with pytest.raises(ModelError, match="holds no adapter"):
        load(folder)


def test_missing_weights_are_an_error_and_not_random(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folder = tiny.folder(tmp_path, adapter=False)
    weights = load_file(folder / "model.safetensors")
    del weights["decoder.lm_head.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="lm_head"):
        load(folder)
