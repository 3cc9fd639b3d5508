"""How fast a page model of the published size reads, whatever its weights.

    python -m benchmarks.page_model_speed [--device cuda] [--pages 5] [--tokens 300]

Time and memory depend on the size of a model and the length of what it writes, not on its weights;
so the published size (Nougat base with muGAT's adapter: 896 x 672 pixels, 588 tokens a page, ten
layers) is built with random ones, saved, loaded as the product loads it, and given pages. Each page
is encoded once and read with both neighbours, one at a time; the end of a page is forbidden, so
that exactly so many tokens are written.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lsfs_parsers.neural.adapter import AdapterShape, ContextAdapter
from lsfs_parsers.neural.decode import LoopDetector, transcribe
from lsfs_parsers.neural.model import PageModel, load

HEIGHT, WIDTH = 896, 672
LAYERS, CHANNELS, VOCABULARY, POSITIONS = 10, 1024, 50_000, 4096
START, PAD, END = 0, 1, 2


def published_size() -> PageModel:
    """Nougat base and muGAT's adapter, with random weights."""
    from transformers import (
        DonutSwinConfig,
        MBartConfig,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
    )

    encoder = DonutSwinConfig(
        image_size=[HEIGHT, WIDTH], patch_size=4, embed_dim=128, depths=[2, 2, 14, 2],
        num_heads=[4, 8, 16, 32], window_size=7,
    )  # fmt: skip
    decoder = MBartConfig(
        vocab_size=VOCABULARY, d_model=CHANNELS, encoder_layers=LAYERS, decoder_layers=LAYERS,
        encoder_attention_heads=16, decoder_attention_heads=16, decoder_ffn_dim=4 * CHANNELS,
        max_position_embeddings=POSITIONS, is_decoder=True, add_cross_attention=True,
        is_encoder_decoder=False, scale_embedding=True, add_final_layer_norm=True,
        tie_word_embeddings=False,
    )  # fmt: skip
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.tie_word_embeddings = False
    reader = VisionEncoderDecoderModel(config=config)
    for settings in (reader.config, reader.generation_config):
        settings.decoder_start_token_id = settings.bos_token_id = START
        settings.pad_token_id, settings.eos_token_id = PAD, END
    reader.generation_config.forced_eos_token_id = None  # the end is forbidden here
    return PageModel(reader, ContextAdapter(AdapterShape()))


def timed(model: PageModel, work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that some work takes on the model's device, and its result."""
    wait = torch.cuda.synchronize if model.device.type == "cuda" else (lambda: None)
    wait()
    began = time.perf_counter()
    result = work()
    wait()
    return time.perf_counter() - began, result


def measure(model: PageModel, pages: int, tokens: int) -> dict[str, float]:
    """Milliseconds for encoding, context and a token; medians over pages but the first one."""
    endless = LoopDetector(tokens=2 * tokens)  # random weights loop at once, which is not to count
    found: dict[str, list[float]] = {"encode_ms": [], "context_ms": [], "token_ms": []}
    with torch.inference_mode():
        for _ in range(pages + 1):
            pixels = torch.rand((1, 3, HEIGHT, WIDTH))
            seconds, page = timed(model, lambda pixels=pixels: model.encode(pixels))  # type: ignore[misc]
            found["encode_ms"].append(1000 * seconds)
            seconds, memory = timed(model, lambda page=page: model.memory(page, page, page))  # type: ignore[misc]
            found["context_ms"].append(1000 * seconds)
            seconds, said = timed(
                model,
                lambda memory=memory: transcribe(  # type: ignore[misc]
                    model, memory, max_tokens=tokens, never=(END,), detector=endless
                ),
            )
            found["token_ms"].append(1000 * seconds / (len(said.tokens) - 1))
    return {name: round(statistics.median(some[1:]), 2) for name, some in found.items()}


def memory_mb(device: torch.device) -> float:
    """The most memory that was used: of the device, or of this process."""
    if device.type == "cuda":
        used: int = torch.cuda.max_memory_allocated(device)
        return used / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> int:
    """Build, load, measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    options.add_argument("--pages", type=int, default=5)
    options.add_argument("--tokens", type=int, default=300, help="written for each page")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        published_size().save(folder)
        began = time.perf_counter()
        model = load(folder, device=chosen.device)
        loading = time.perf_counter() - began
    found = measure(model, chosen.pages, chosen.tokens)
    device = torch.device(model.device)
    line: dict[str, Any] = {
        "benchmark": "page_model_speed",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "dtype": str(next(model.parameters()).dtype).removeprefix("torch."),
        "cpus": os.cpu_count(),
        "parameters": sum(value.numel() for value in model.parameters()),
        "tokens": chosen.tokens,
        "load_s": round(loading, 2),
        "memory_mb": round(memory_mb(device)),
        **found,
    }
    width = max(map(len, line))
    rows = (f"{name:<{width}}  {value}" for name, value in line.items())
    sys.stdout.write("\n".join(rows) + "\n" + json.dumps(line) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
