"""Makes a folder that lsfs can read pages with from a published muGAT or Nougat checkpoint.

    python -m lsfs_parsers.neural.convert ORIGINAL FOLDER

ORIGINAL is the checkpoint as its authors publish it: the folder, or the file with the weights
(``pytorch_model.bin`` or ``.safetensors``), with ``tokenizer.json`` beside it. Weights are read
with torch's loader for weights alone or with safetensors: nothing in such a file is run.

The code of both projects is under the MIT licence, but their weights are licensed CC-BY-NC 4.0: no
commercial use. That holds for the converted folder too. lsfs does not fetch them.
"""

from __future__ import annotations

import argparse
import json
import math
import pickle
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from torch import Tensor

from lsfs.errors import LsfsError, ModelError, ModelMissing
from lsfs_parsers.neural.model import ADAPTER, TOKENIZER_FILE, PageModel, adapter_of

LICENCE = (
    "The weights of muGAT and Nougat are licensed CC-BY-NC 4.0: attribution, no commercial use.\n"
    "That holds for what is made of them here too. lsfs neither brings nor fetches them."
)

_FILES = ("model.safetensors", "pytorch_model.bin", "last.ckpt")
_BLANK_FILE = "whitepage.pt"
_IMAGE_SIZE = (896, 672)  # height, width; of both published models
_DECODER_HEADS = 16  # MBart's, which the weights do not show
_MARKS = (0, 1, 2)  # start, padding and end in both published models
_POSITION_OFFSET = 2  # rows that MBart's position table has before the first position

# In this order: the first that fits a name's part is taken.
_ENCODER_NAMES = (
    ("patch_embed.proj.", "embeddings.patch_embeddings.projection."),
    ("patch_embed.norm.", "embeddings.norm."),
    ("layers.", "encoder.layers."),
)
_BLOCK_NAMES = (
    (".attn.proj.", ".attention.output.dense."),
    (".attn.", ".attention.self."),
    (".norm1.", ".layernorm_before."),
    (".norm2.", ".layernorm_after."),
    (".mlp.fc1.", ".intermediate.dense."),
    (".mlp.fc2.", ".output.dense."),
)
_FUSED = re.compile(r"(.*\.attn\.)qkv\.(weight|bias)")
_STAGE = re.compile(r"layers\.(\d+)\.(downsample\..*)")


class Original(Struct, frozen=True):
    """A checkpoint as it was published.

    Attributes:
        weights: its parameters by their published names.
        settings: its ``config.json``; empty where there is none.
        blank: the encoding of a blank page, where it comes with one.
        tokenizer: path of its tokenizer, where it comes with one.
    """

    weights: Mapping[str, Tensor]
    settings: Mapping[str, Any]
    blank: Tensor | None = None
    tokenizer: Path | None = None

    @classmethod
    def read(cls, place: Path) -> Original:
        """The checkpoint in a file or folder.

        Raises:
            ModelMissing: there is none.
            ModelError: it cannot be read without running what is in it.
        """
        folder = place if place.is_dir() else place.parent
        file = place
        if place.is_dir():
            found = [place / name for name in _FILES if (place / name).is_file()]
            if not found:
                raise ModelMissing(f"none of {', '.join(_FILES)} is in {place}", hint="name it")
            file = found[0]
        config, blank, tokenizer = (
            folder / name for name in ("config.json", _BLANK_FILE, TOKENIZER_FILE)
        )
        return cls(
            weights=_weights(file),
            settings=json.loads(config.read_text("utf-8")) if config.is_file() else {},
            blank=_tensors(blank) if blank.is_file() else None,
            tokenizer=tokenizer if tokenizer.is_file() else None,
        )


def _weights(file: Path) -> Mapping[str, Tensor]:
    loaded = _tensors(file)
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]  # a training run's checkpoint
    if not isinstance(loaded, Mapping):
        raise ModelError(f"{file} holds no weights by name")
    weights = {str(name): value for name, value in loaded.items() if isinstance(value, Tensor)}
    own = "model."  # what a training run's module calls the model
    if weights and all(name.startswith(own) for name in weights):
        weights = {name.removeprefix(own): value for name, value in weights.items()}
    if "encoder.model.patch_embed.proj.weight" not in weights:
        raise ModelError(
            f"{file} is no original checkpoint of muGAT or Nougat",
            hint="one in transformers' own form needs no conversion",
        )
    return weights


def _tensors(file: Path) -> Any:
    if not file.is_file():
        raise ModelMissing(f"there is no file {file}", hint="name the checkpoint or its folder")
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        # Torch's own words advise to load it all the same, which runs what is in it.
        raise ModelError(f"{file} is damaged, or holds more than weights") from error


def converted(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Encoder's and decoder's parameters by the names that transformers gives them.

    The encoder's query, key and value matrices, one in the original, become three; nothing else
    changes but names. Attention masks are computed, and the encoder's last norm is not used.
    """
    renamed: dict[str, Tensor] = {}
    shift = _stages_shifted(weights)
    for name, value in weights.items():
        if name.startswith("decoder.model."):
            renamed["decoder." + name.removeprefix("decoder.model.")] = value
        elif name.startswith("encoder.model."):
            renamed |= _of_encoder(name.removeprefix("encoder.model."), value, shift)
    return renamed


def _of_encoder(name: str, value: Tensor, shift: int) -> dict[str, Tensor]:
    if name.startswith("norm.") or name.endswith("attn_mask"):
        return {}
    fused = _FUSED.fullmatch(name)
    if fused is not None:
        parts = zip(("query", "key", "value"), value.chunk(3), strict=True)
        return {
            _encoder_name(f"{fused[1]}{part}.{fused[2]}"): piece.clone() for part, piece in parts
        }
    stage = _STAGE.fullmatch(name)
    if stage is not None:
        name = f"layers.{int(stage[1]) - shift}.{stage[2]}"
    return {_encoder_name(name): value}


def _encoder_name(name: str) -> str:
    for old, new in _ENCODER_NAMES:
        if name.startswith(old):
            name = new + name.removeprefix(old)
            break
    for old, new in _BLOCK_NAMES:
        if old in name:
            name = name.replace(old, new)
            break
    return "encoder." + name


def _stages_shifted(weights: Mapping[str, Tensor]) -> int:
    """1 where a stage starts with what makes it smaller: timm moved it there from the end of the
    stage before; the published checkpoints are of the older form."""
    return int("encoder.model.layers.0.downsample.reduction.weight" not in weights)


def configuration(original: Original) -> Any:
    """The model's configuration, read from the shapes of its weights where these show it."""
    from transformers import DonutSwinConfig, MBartConfig, VisionEncoderDecoderConfig

    weights, settings = original.weights, original.settings
    embedding = weights["decoder.model.model.decoder.embed_tokens.weight"]
    positions = weights["decoder.model.model.decoder.embed_positions.weight"]
    layers = _count(weights, r"decoder\.model\.model\.decoder\.layers\.(\d+)\.")
    heads = int(settings.get("decoder_heads", _DECODER_HEADS))
    decoder = MBartConfig(
        is_decoder=True,
        is_encoder_decoder=False,
        add_cross_attention=True,
        vocab_size=embedding.shape[0],
        d_model=embedding.shape[1],
        # There is no encoder here, but generation sizes its cache by these.
        encoder_layers=layers,
        encoder_attention_heads=heads,
        decoder_layers=layers,
        decoder_attention_heads=heads,
        decoder_ffn_dim=weights["decoder.model.model.decoder.layers.0.fc1.weight"].shape[0],
        max_position_embeddings=positions.shape[0] - _POSITION_OFFSET,
        scale_embedding=True,
        add_final_layer_norm=True,
        tie_word_embeddings=False,
    )
    encoder = DonutSwinConfig(**_swin(weights, settings))
    _check_size(encoder, weights)
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.tie_word_embeddings = False
    return config


def _swin(weights: Mapping[str, Tensor], settings: Mapping[str, Any]) -> dict[str, Any]:
    patch = weights["encoder.model.patch_embed.proj.weight"]
    stages = _count(weights, r"encoder\.model\.layers\.(\d+)\.")
    tables = [
        weights[f"encoder.model.layers.{stage}.blocks.0.attn.relative_position_bias_table"]
        for stage in range(stages)
    ]
    return {
        "image_size": list(settings.get("input_size", _IMAGE_SIZE)),
        "patch_size": patch.shape[2],
        "embed_dim": patch.shape[0],
        "depths": [
            _count(weights, rf"encoder\.model\.layers\.{stage}\.blocks\.(\d+)\.")
            for stage in range(stages)
        ],
        "num_heads": [table.shape[1] for table in tables],
        # A table has a row for each distance of two places in a window, in both directions.
        "window_size": (math.isqrt(tables[0].shape[0]) + 1) // 2,
    }


def _check_size(encoder: Any, weights: Mapping[str, Tensor]) -> None:
    """Raise ModelError when the adapter was made for pages of another size."""
    embeddings = weights.get(ADAPTER + "intra_page_embeddings")
    step = encoder.patch_size * 2 ** (len(encoder.depths) - 1)
    height, width = encoder.image_size
    tokens = math.ceil(height / step) * math.ceil(width / step)
    if embeddings is not None and embeddings.shape[1] != tokens:
        raise ModelError(
            f"the adapter is for {embeddings.shape[1]} tokens a page, but pictures of"
            f" {height} x {width} make {tokens}",
            hint="put the checkpoint's config.json, which names input_size, beside it",
        )


def _count(weights: Mapping[str, Tensor], pattern: str) -> int:
    found = [int(match[1]) for name in weights if (match := re.match(pattern, name))]
    if not found:
        raise ModelError(f"the checkpoint has no weights like {pattern}")
    return 1 + max(found)


def convert(original: Original) -> PageModel:
    """The model of a published checkpoint.

    Raises:
        ModelError: weights are missing, or are of another model.
    """
    from transformers import VisionEncoderDecoderModel

    try:
        reader = VisionEncoderDecoderModel(config=configuration(original))
        reader.load_state_dict(converted(original.weights))
        has_adapter = ADAPTER + "queries" in original.weights
        adapter = adapter_of(original.weights) if has_adapter else None
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"the checkpoint is not complete: {error}") from error
    _set_tokens(reader, original.tokenizer)
    return PageModel(reader, adapter, original.blank if adapter is not None else None)


def _set_tokens(reader: Any, tokenizer: Path | None) -> None:
    """Tell the reader how a page starts and ends."""
    start, pad, end = _marks(tokenizer) if tokenizer is not None else _MARKS
    for settings in (reader.config, reader.generation_config):
        settings.decoder_start_token_id = settings.bos_token_id = start
        settings.pad_token_id, settings.eos_token_id = pad, end


def _marks(tokenizer: Path) -> tuple[int, int, int]:
    from tokenizers import Tokenizer

    known = Tokenizer.from_file(str(tokenizer))
    start, pad, end = (known.token_to_id(name) for name in ("<s>", "<pad>", "</s>"))
    if start is None or pad is None or end is None:
        raise ModelError(f"{tokenizer} has no <s>, <pad> and </s>")
    return start, pad, end


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert a checkpoint; 0 when that went well."""
    options = argparse.ArgumentParser(
        prog="python -m lsfs_parsers.neural.convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("original", type=Path, help="the published checkpoint: file or folder")
    options.add_argument("folder", type=Path, help="where the model for lsfs is to be")
    options.add_argument("--blank-page", type=Path, help="whitepage.pt, if it is not beside it")
    options.add_argument("--tokenizer", type=Path, help="tokenizer.json, if it is not beside it")
    chosen = options.parse_args(arguments)
    print(LICENCE, file=sys.stderr)
    try:
        return _run(chosen)
    except LsfsError as error:
        print(f"{error.message}; {error.hint}" if error.hint else error.message, file=sys.stderr)
        return error.exit_code


def _run(chosen: argparse.Namespace) -> int:
    from msgspec.structs import replace

    original = Original.read(chosen.original)
    if chosen.blank_page is not None:
        original = replace(original, blank=_tensors(chosen.blank_page))
    tokenizer = chosen.tokenizer or original.tokenizer
    if tokenizer is None or not tokenizer.is_file():
        raise ModelMissing(
            f"{TOKENIZER_FILE} is not beside the checkpoint", hint="name it with --tokenizer"
        )
    model = convert(replace(original, tokenizer=tokenizer))
    model.save(chosen.folder)
    shutil.copyfile(tokenizer, chosen.folder / TOKENIZER_FILE)
    kind = "Nougat (each page by itself)" if model.adapter is None else "muGAT"
    size = sum(value.numel() for value in model.parameters()) / 1e6
    blank = original.blank is not None and model.adapter is not None
    print(f"{kind}, {size:,.0f} million parameters: {chosen.folder}")
    if model.adapter is not None and not blank:
        print(f"no {_BLANK_FILE}: a missing neighbour page is zeros")
    return 0


if __name__ == "__main__":
    sys.exit(main())
