"""Models of a few kilobytes with random weights, one for each way in which attention differs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np

VOCABULARY, WIDTH, LAYERS, HEADS, KEY_HEADS, CONTEXT = 256, 64, 3, 4, 2, 4096
HEAD = WIDTH // HEADS
SCALE = 0.4  # of attention, where a model says so itself


def write(
    path: Path,
    architecture: str = "llama",
    *,
    factors: Sequence[float] = (),
    scaling: str = "",
    speaks: bool = False,
    seed: int = 7,
) -> Path:
    """A model of 256 tokens.

    Args:
        architecture: ``llama`` (RoPE in pairs side by side), ``qwen2`` (in halves), ``gemma`` and
            ``phi3`` (queries scaled elsewhere), ``granite`` (by another number), ``gemma2``
            (sliding window) or ``mamba`` (recurrent).
        factors: what each frequency of RoPE is divided by, as Llama 3 does.
        scaling: of positions: ``linear`` or ``yarn``, by four.
        speaks: it has a tokenizer, of which each byte is a token; else none.
    """
    writer = gguf.GGUFWriter(str(path), architecture)
    random = np.random.default_rng(seed)
    writer.add_vocab_size(VOCABULARY)
    if speaks:
        _bytes_as_tokens(writer)
    else:
        writer.add_tokenizer_model("none")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_layer_norm_rms_eps(1e-5)

    def tensor(name: str, *shape: int) -> None:
        scale = 1.0 if len(shape) == 1 else 1.5 / np.sqrt(shape[-1])
        middle = 1.0 if name.endswith("norm.weight") else 0.0
        values = middle + scale * random.standard_normal(shape) * (0.1 if middle else 1.0)
        writer.add_tensor(name, values.astype(np.float32))

    tensor("token_embd.weight", VOCABULARY, WIDTH)
    tensor("output_norm.weight", WIDTH)
    if architecture == "mamba":
        _recurrent(writer, tensor)
    else:
        _attention(writer, tensor, architecture)
    if scaling:
        writer.add_rope_scaling_type(gguf.RopeScalingType(scaling))
        writer.add_rope_scaling_factor(4.0)
        writer.add_rope_scaling_orig_ctx_len(CONTEXT // 4)
    if factors:
        writer.add_tensor("rope_freqs.weight", np.asarray(factors, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _attention(writer: Any, tensor: Any, architecture: str) -> None:
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(10000.0)
    norms = ["attn_norm", "ffn_norm"]
    if architecture == "gemma2":
        writer.add_sliding_window(64)
        writer.add_key_length(HEAD)
        writer.add_value_length(HEAD)
        norms += ["post_attention_norm", "post_ffw_norm"]
    elif architecture == "gemma":
        writer.add_key_length(HEAD)
        writer.add_value_length(HEAD)
    elif architecture == "phi3":
        writer.add_rope_scaling_orig_ctx_len(CONTEXT)
    if architecture == "granite":
        writer.add_attention_scale(SCALE)
        writer.add_logit_scale(1.0)
        writer.add_residual_scale(1.0)
        writer.add_embedding_scale(1.0)
    if architecture not in ("gemma", "gemma2"):
        tensor("output.weight", VOCABULARY, WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        for norm in norms:
            tensor(f"{block}.{norm}.weight", WIDTH)
        for name, size in (("q", WIDTH), ("k", KEY_HEADS * HEAD), ("v", KEY_HEADS * HEAD)):
            tensor(f"{block}.attn_{name}.weight", size, WIDTH)
            if architecture == "qwen2":
                tensor(f"{block}.attn_{name}.bias", size)
        tensor(f"{block}.attn_output.weight", WIDTH, WIDTH)
        if architecture == "phi3":  # both in one
            tensor(f"{block}.ffn_up.weight", 4 * WIDTH, WIDTH)
        else:
            tensor(f"{block}.ffn_gate.weight", 2 * WIDTH, WIDTH)
            tensor(f"{block}.ffn_up.weight", 2 * WIDTH, WIDTH)
        tensor(f"{block}.ffn_down.weight", WIDTH, 2 * WIDTH)


def _recurrent(writer: Any, tensor: Any) -> None:
    inner, states, rank, kernel = 2 * WIDTH, 4, 4, 4
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_ssm_conv_kernel(kernel)
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(states)
    writer.add_ssm_time_step_rank(rank)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        tensor(f"{block}.attn_norm.weight", WIDTH)
        tensor(f"{block}.ssm_in.weight", 2 * inner, WIDTH)
        tensor(f"{block}.ssm_conv1d.weight", inner, kernel)
        tensor(f"{block}.ssm_conv1d.bias", inner)
        tensor(f"{block}.ssm_x.weight", rank + 2 * states, inner)
        tensor(f"{block}.ssm_dt.weight", inner, rank)
        tensor(f"{block}.ssm_dt.bias", inner)
        tensor(f"{block}.ssm_a", inner, states)
        tensor(f"{block}.ssm_d", inner)
        tensor(f"{block}.ssm_out.weight", WIDTH, inner)


def _bytes_as_tokens(writer: Any) -> None:
    # GPT-2's names of bytes: those that can be printed are themselves, the others follow 256.
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    names = [chr(byte if byte in printable else next(others)) for byte in range(VOCABULARY)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(names)
    writer.add_token_types([gguf.TokenType.NORMAL] * VOCABULARY)
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(0)
    writer.add_bos_token_id(0)


# --- encoders

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "\u2581rent", "\u2581heron", "\u2581tenant",
         "\u2581reeds", "\u2581how", "\u2581much")  # fmt: skip


def write_encoder(path: Path, *, head: bool = True, seed: int = 3) -> Path:
    """A BERT of ten words; with a head it is a reranker, else its first cell is the vector."""
    writer = gguf.GGUFWriter(str(path), "bert")
    random = np.random.default_rng(seed)
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-5)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.RANK if head else gguf.PoolingType.CLS)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(list(WORDS))
    writer.add_token_types([3] * 4 + [1] * (len(WORDS) - 4))
    writer.add_token_type_count(2)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_sep_token_id(3)
    writer.add_pad_token_id(0)

    def tensor(name: str, *shape: int) -> None:
        values = random.standard_normal(shape) / np.sqrt(shape[-1])
        if name.endswith("norm.weight"):
            values = np.ones(shape)
        writer.add_tensor(name, values.astype(np.float32))

    tensor("token_embd.weight", len(WORDS), WIDTH)
    tensor("position_embd.weight", 64, WIDTH)
    tensor("token_types.weight", 2, WIDTH)
    parts = {"attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH),
             "attn_output": (WIDTH, WIDTH), "ffn_up": (2 * WIDTH, WIDTH),
             "ffn_down": (WIDTH, 2 * WIDTH)}  # fmt: skip
    for name, shape in parts.items():
        tensor(f"blk.0.{name}.weight", *shape)
        tensor(f"blk.0.{name}.bias", shape[0])
    for name in ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"):
        tensor(f"{name}.weight", WIDTH)
        tensor(f"{name}.bias", WIDTH)
    if head:
        tensor("cls.weight", WIDTH, WIDTH)
        tensor("cls.bias", WIDTH)
        tensor("cls.output.weight", 1, WIDTH)
        tensor("cls.output.bias", 1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
