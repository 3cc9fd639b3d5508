"""A page model of the published kind, but tiny, with random weights; and a checkpoint of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from transformers import (
    DonutSwinConfig,
    MBartConfig,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
)

from lsfs_parsers.neural.adapter import AdapterShape, ContextAdapter
from lsfs_parsers.neural.model import TOKENIZER_FILE, PageModel

torch.set_num_threads(1)  # there is too little to do for more

IMAGE = (128, 96)  # height, width
EMBED, DEPTHS, HEADS, WINDOW = 16, (1, 1, 1), (1, 2, 4), 4
TOKENS, WIDTH, HIDDEN = 48, 64, 128
LAYERS, FEED_FORWARD, POSITIONS = 2, 128, 128
MARKS = ("<s>", "<pad>", "</s>", "<unk>")
VOCABULARY = 260
SHAPE = AdapterShape(2, 4, TOKENS, WIDTH, HIDDEN)


def tokenizer() -> Tokenizer:
    """A token for each byte, as the published one would write them."""
    alphabet = [*MARKS, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    made = Tokenizer(models.BPE({sign: at for at, sign in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(list(MARKS))
    return made


def reader() -> Any:
    encoder = DonutSwinConfig(
        image_size=list(IMAGE), patch_size=4, embed_dim=EMBED, depths=list(DEPTHS),
        num_heads=list(HEADS), window_size=WINDOW,
    )  # fmt: skip
    decoder = MBartConfig(
        vocab_size=VOCABULARY, d_model=WIDTH, encoder_layers=LAYERS, decoder_layers=LAYERS,
        encoder_attention_heads=4, decoder_attention_heads=4, decoder_ffn_dim=FEED_FORWARD,
        max_position_embeddings=POSITIONS, is_decoder=True, add_cross_attention=True,
        is_encoder_decoder=False, scale_embedding=True, add_final_layer_norm=True,
        tie_word_embeddings=False,
    )  # fmt: skip
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.tie_word_embeddings = False
    made = VisionEncoderDecoderModel(config=config)
    for settings in (made.config, made.generation_config):
        settings.decoder_start_token_id = settings.bos_token_id = 0
        settings.pad_token_id, settings.eos_token_id = 1, 2
    return made


def model(*, adapter: bool = True, seed: int = 0) -> PageModel:
    """A muGAT, or else a Nougat; its queries are not zeros, as after training."""
    torch.manual_seed(seed)
    if not adapter:
        return PageModel(reader()).eval()
    context = ContextAdapter(SHAPE)
    torch.nn.init.normal_(context.queries)
    blank = torch.randn(1, TOKENS, WIDTH)
    return PageModel(reader(), context, blank).eval()


def reciting(text: str, *, ends: bool = True) -> PageModel:
    """A model that writes ``text`` whatever is on the page: its decoder looks at nothing but the
    position, and its last layer is solved for what is to be written there."""
    made = model()
    decoder = made.reader.decoder.model.decoder
    script = [tokenizer().token_to_id(sign) for sign in tokenizer().encode(text).tokens]
    script += [2] if ends else []
    with torch.no_grad():
        decoder.embed_tokens.weight.zero_()
        for layer in decoder.layers:
            for last in (layer.self_attn.out_proj, layer.encoder_attn.out_proj, layer.fc2):
                last.weight.zero_()
                last.bias.zero_()
        torch.nn.init.normal_(decoder.embed_positions.weight)
        seen = decoder(input_ids=torch.zeros(1, len(script), dtype=torch.long)).last_hidden_state
        wanted = torch.nn.functional.one_hot(torch.tensor(script), VOCABULARY).float()
        made.reader.decoder.lm_head.weight.copy_((torch.linalg.pinv(seen[0]) @ wanted).T)
    return made


def looping() -> PageModel:
    """A model that writes one letter for ever."""
    made = model()
    decoder = made.reader.decoder.model.decoder
    with torch.no_grad():
        decoder.layer_norm.weight.zero_()
        decoder.layer_norm.bias.fill_(1)
        made.reader.decoder.lm_head.weight.zero_()
        made.reader.decoder.lm_head.weight[tokenizer().token_to_id("a")] = 1
    return made


def folder(place: Path, **options: Any) -> Path:
    """A folder as the converter makes it."""
    model(**options).save(place)
    tokenizer().save(str(place / TOKENIZER_FILE))
    return place


def checkpoint(*, adapter: bool = True) -> dict[str, Tensor]:
    """Weights with the names and shapes that the original projects give them."""
    torch.manual_seed(3)
    shapes = _encoder_shapes() | _decoder_shapes() | (_adapter_shapes() if adapter else {})
    weights = {name: torch.randn(shape) * 0.05 for name, shape in shapes.items()}
    index = reader().state_dict()
    for stage in range(len(DEPTHS)):
        name = f"layers.{stage}.blocks.0.attn.relative_position_index"
        own = f"encoder.encoder.layers.{stage}.blocks.0.attention.self.relative_position_index"
        weights[f"encoder.model.{name}"] = index[own]
        weights[f"encoder.model.layers.{stage}.blocks.0.attn_mask"] = torch.zeros(6, 16, 16)
    return weights


def _linear(name: str, out: int, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (out, width), f"{name}.bias": (out,)}


def _norm(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape}


def _encoder_shapes() -> dict[str, tuple[int, ...]]:
    root = "encoder.model"
    found = {f"{root}.patch_embed.proj.weight": (EMBED, 3, 4, 4)}
    found |= {f"{root}.patch_embed.proj.bias": (EMBED,)} | _norm(f"{root}.patch_embed.norm", EMBED)
    for stage, heads in enumerate(HEADS):
        width = EMBED * 2**stage
        block = f"{root}.layers.{stage}.blocks.0"
        found |= _norm(f"{block}.norm1", width) | _norm(f"{block}.norm2", width)
        found |= _linear(f"{block}.attn.qkv", 3 * width, width)
        found |= _linear(f"{block}.attn.proj", width, width)
        found[f"{block}.attn.relative_position_bias_table"] = ((2 * WINDOW - 1) ** 2, heads)
        found |= _linear(f"{block}.mlp.fc1", 4 * width, width)
        found |= _linear(f"{block}.mlp.fc2", width, 4 * width)
        if stage < len(HEADS) - 1:
            found[f"{root}.layers.{stage}.downsample.reduction.weight"] = (2 * width, 4 * width)
            found |= _norm(f"{root}.layers.{stage}.downsample.norm", 4 * width)
    return found | _norm(f"{root}.norm", WIDTH)


def _decoder_shapes() -> dict[str, tuple[int, ...]]:
    root = "decoder.model.model.decoder"
    found: dict[str, tuple[int, ...]] = {
        f"{root}.embed_tokens.weight": (VOCABULARY, WIDTH),
        f"{root}.embed_positions.weight": (POSITIONS + 2, WIDTH),
        "decoder.model.lm_head.weight": (VOCABULARY, WIDTH),
    }
    found |= _norm(f"{root}.layernorm_embedding", WIDTH) | _norm(f"{root}.layer_norm", WIDTH)
    for layer in range(LAYERS):
        at = f"{root}.layers.{layer}"
        for attention in ("self_attn", "encoder_attn"):
            for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                found |= _linear(f"{at}.{attention}.{part}", WIDTH, WIDTH)
            found |= _norm(f"{at}.{attention}_layer_norm", WIDTH)
        found |= _linear(f"{at}.fc1", FEED_FORWARD, WIDTH) | _linear(
            f"{at}.fc2", WIDTH, FEED_FORWARD
        )
        found |= _norm(f"{at}.final_layer_norm", WIDTH)
    return found


def _adapter_shapes() -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {
        "adapter.queries": (1, SHAPE.tokens, WIDTH),
        "adapter.page_embeddings": (1, 3, WIDTH),
        "adapter.intra_page_embeddings": (1, TOKENS, WIDTH),
    }
    for layer in range(SHAPE.layers):
        at = f"adapter.transformer.{layer}"
        for name in ("q_projection", "k_projection", "v_projection", "attention.out_proj"):
            found |= _linear(f"{at}.{name}", WIDTH, WIDTH)
        found |= {f"{at}.attention.in_proj_weight": (3 * WIDTH, WIDTH)}
        found |= {f"{at}.attention.in_proj_bias": (3 * WIDTH,)}
        found |= _norm(f"{at}.norm1q", SHAPE.tokens, WIDTH) | _norm(
            f"{at}.norm2", SHAPE.tokens, WIDTH
        )
        found |= _norm(f"{at}.norm1kv", 3 * TOKENS, WIDTH)
        found |= _linear(f"{at}.ff.0", HIDDEN, WIDTH) | _linear(f"{at}.ff.2", WIDTH, HIDDEN)
    return found
