"""Published checkpoints are converted value for value, and nothing in them is run.

The checkpoints are made here, with the original names: real weights are not tested.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lsfs.errors import ModelError, ModelMissing
from lsfs_parsers.neural import convert
from lsfs_parsers.neural.model import load
from tests.parsers.neural import tiny

SETTINGS = {"input_size": list(tiny.IMAGE), "decoder_heads": 4}


def published(place: Path, *, adapter: bool = True) -> Path:
    """A folder as the projects publish them."""
    torch.save(tiny.checkpoint(adapter=adapter), place / "pytorch_model.bin")
    (place / "config.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    tiny.tokenizer().save(str(place / "tokenizer.json"))
    return place


def test_a_checkpoint_is_converted_value_for_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = torch.randn(1, tiny.TOKENS, tiny.WIDTH).to(torch.bfloat16)
    torch.save(blank, published(tmp_path) / "whitepage.pt")
    assert convert.main([str(tmp_path), str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "CC-BY-NC 4.0" in said.err
    assert said.out.startswith("muGAT")
    original, model = tiny.checkpoint(), load(tmp_path / "out", device="cpu")
    ours = model.reader.state_dict()
    for stage in range(3):
        theirs = f"encoder.model.layers.{stage}.blocks.0"
        own = f"encoder.encoder.layers.{stage}.blocks.0"
        query, key, value = original[f"{theirs}.attn.qkv.weight"].chunk(3)
        assert torch.equal(ours[f"{own}.attention.self.query.weight"], query)
        assert torch.equal(ours[f"{own}.attention.self.key.weight"], key)
        assert torch.equal(ours[f"{own}.attention.self.value.weight"], value)
        bias = torch.cat(
            [ours[f"{own}.attention.self.{n}.bias"] for n in ("query", "key", "value")]
        )
        assert torch.equal(bias, original[f"{theirs}.attn.qkv.bias"])
        for new, old in (
            ("attention.output.dense", "attn.proj"), ("layernorm_before", "norm1"),
            ("layernorm_after", "norm2"), ("intermediate.dense", "mlp.fc1"),
            ("output.dense", "mlp.fc2"),
        ):  # fmt: skip
            assert torch.equal(ours[f"{own}.{new}.weight"], original[f"{theirs}.{old}.weight"])
    for name, value in original.items():
        if name.startswith("decoder.model."):
            assert torch.equal(ours["decoder." + name.removeprefix("decoder.model.")], value), name
        if name.startswith("adapter."):
            assert torch.equal(model.state_dict()[name], value), name
    assert torch.equal(model.blank, blank.float())
    # All that is ours is theirs: no weight was left as it was made up.
    assert len(ours) == sum(3 if ".qkv." in n else 1 for n in original if _is_used(n))


def _is_used(name: str) -> bool:
    dropped = name.endswith("attn_mask") or name.startswith(("encoder.model.norm.", "adapter."))
    return not dropped


def test_a_nougat_has_no_context(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    published(tmp_path, adapter=False)
    assert convert.main([str(tmp_path / "pytorch_model.bin"), str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.startswith("Nougat")
    assert load(tmp_path / "out").adapter is None


def test_stages_that_start_with_their_downsampling_are_read_too(tmp_path: Path) -> None:
    """timm moved it from the end of a stage to the start of the next one."""
    old = tiny.checkpoint()
    new = {
        name.replace("layers.1.downsample", "layers.2.downsample").replace(
            "layers.0.downsample", "layers.1.downsample"
        ): value
        for name, value in old.items()
    }
    assert new.keys() != old.keys()
    first, second = convert.converted(old), convert.converted(new)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_training_run_and_safetensors_are_read(tmp_path: Path) -> None:
    weights = tiny.checkpoint()
    run = {"state_dict": {f"model.{name}": value for name, value in weights.items()}, "epoch": 3}
    torch.save(run, tmp_path / "last.ckpt")
    save_file(weights, tmp_path / "weights.safetensors")
    for name in ("last.ckpt", "weights.safetensors"):
        assert convert.Original.read(tmp_path / name).weights.keys() == weights.keys()


def test_code_in_a_checkpoint_is_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = tmp_path / "ran"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (ran,)

    published(tmp_path)
    torch.save({"encoder.model.patch_embed.proj.weight": Bomb()}, tmp_path / "pytorch_model.bin")
    assert convert.main([str(tmp_path), str(tmp_path / "out")]) == ModelError.exit_code
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(), protocol=2))
    assert convert.main([str(tmp_path), str(tmp_path / "out")]) == ModelError.exit_code
    assert "holds more than weights" in capsys.readouterr().err
    assert not ran.exists()


def test_what_is_missing_or_does_not_fit_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        convert.Original.read(tmp_path)
    save_file({"x": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="no original checkpoint"):
        convert.Original.read(tmp_path)
    weights = tiny.checkpoint()
    with pytest.raises(ModelError, match="48 tokens a page"):
        convert.convert(convert.Original(weights, {"input_size": [256, 96]}))
    del weights["decoder.model.lm_head.weight"]
    with pytest.raises(ModelError, match="not complete"):
        convert.convert(convert.Original(weights, SETTINGS))
