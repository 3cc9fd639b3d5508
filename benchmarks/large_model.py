"""Long texts on a large model: read whole, taken from the store, or a few cells of them.

    python -m benchmarks.large_model [--shape 8b] [--lengths 32768,65536,131072] [--folder DIR]

The model has the shape of a published one and random weights, written for the run (Q8_0, 8 GB for
``8b``): figures of time and memory, which do not depend on what weights say; answers are not
looked at. For each length: seconds to the first scores after a question when the text is read, and
when its state is loaded from a file; tokens written a second behind it. Beside them the same
question to the whole-document mode of :mod:`lsfs.llm.sparse.reader`, which looks at every block of
the text and writes from ``budget`` cells, and to four passages out of a folder of that many tokens.
Most blocks of the folder hold the state of one of them: each is looked for, and read, all the same.
With ``--gpu-layers 0`` the same on a CPU. Prints a table and, after each length, a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.config import ModelConfig
from lsfs.llm import policies
from lsfs.llm.files import models
from lsfs.llm.kv.kvstore import KvStore
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context, threads
from lsfs.llm.runtime.generation import Request
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse.reader import CANDIDATES, WIDER, Reader

BLOCK = 240  # tokens of a passage
WRITTEN = 32  # tokens that are timed behind a text
LIMIT = 1 << 40
QUESTION = "What was agreed about the harbour, and when?"
RANDOM = 64 << 20  # random bytes that weights are taken from
STEP = 7919  # a prime, so that two tensors do not begin alike


class Dimensions(Struct, frozen=True):
    """Of a model; names as in GGUF."""

    layers: int
    width: int
    heads: int
    key_heads: int
    inner: int
    vocabulary: int
    base: float = 500000.0
    context: int = 1 << 18


SHAPES = {
    "tiny": Dimensions(4, 256, 4, 2, 512, 49152),
    "1b": Dimensions(16, 2048, 32, 8, 8192, 128256),  # Llama 3.2 1B
    "8b": Dimensions(32, 4096, 32, 8, 14336, 128256),  # Llama 3.1 8B
}


# --- the model


def write_model(path: Path, shape: Dimensions, tokenizer: Path, seed: int) -> None:
    """A model of random weights that reads text as another one does."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(shape.base)
    writer.add_layer_norm_rms_eps(1e-5)
    _add_tokens(writer, tokenizer, shape.vocabulary)
    kinds = gguf.GGMLQuantizationType
    tensors = list(_tensors(shape))
    for name, dimensions in tensors:
        plain = len(dimensions) == 1
        count = int(np.prod(dimensions))
        size = count * 4 if plain else count // 32 * 34
        kind, of = (kinds.F32, np.float32) if plain else (kinds.Q8_0, np.uint8)
        shown = dimensions if plain else (*dimensions[:-1], dimensions[-1] // 32 * 34)
        writer.add_tensor_info(name, shown, np.dtype(of), size, raw_dtype=None if plain else kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    pool = _rows(np.random.default_rng(seed))
    for at, (_, dimensions) in enumerate(tensors):
        if len(dimensions) == 1:
            writer.write_tensor_data(np.ones(dimensions, np.float32))
        else:
            rows = int(np.prod(dimensions)) // 32
            first = at * STEP % len(pool)
            writer.write_tensor_data(np.take(pool, range(first, first + rows), 0, mode="wrap"))
    writer.close()


def _tensors(shape: Dimensions) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, keys = shape.width, shape.width // shape.heads * shape.key_heads
    yield "token_embd.weight", (shape.vocabulary, width)
    yield "output_norm.weight", (width,)
    yield "output.weight", (shape.vocabulary, width)
    for layer in range(shape.layers):
        for name, dimensions in (
            ("attn_norm", (width,)),
            ("ffn_norm", (width,)),
            ("attn_q", (width, width)),
            ("attn_k", (keys, width)),
            ("attn_v", (keys, width)),
            ("attn_output", (width, width)),
            ("ffn_gate", (shape.inner, width)),
            ("ffn_up", (shape.inner, width)),
            ("ffn_down", (width, shape.inner)),
        ):
            yield f"blk.{layer}.{name}.weight", dimensions


def _rows(random: np.random.Generator) -> NDArray[np.uint8]:
    """Blocks of Q8_0: a scale of 16 bits, then 32 numbers; uniform, deviation about 0.02."""
    count = RANDOM // 34
    rows = random.integers(0, 256, (count, 34), np.uint8)
    rows[:, :2] = np.frombuffer(np.float16(0.02 / 74).tobytes(), np.uint8)
    return rows


def _add_tokens(writer: Any, tokenizer: Path, count: int) -> None:
    """The vocabulary of another model, with names that no text has behind it."""
    fields = gguf.GGUFReader(tokenizer).fields
    keys = gguf.Keys.Tokenizer

    def value(key: str) -> Any:
        return fields[key].contents()

    tokens, kinds = value(keys.LIST), value(keys.TOKEN_TYPE)
    more = count - len(tokens)
    writer.add_tokenizer_model(value(keys.MODEL))
    writer.add_tokenizer_pre(value(keys.PRE))
    writer.add_token_list([*tokens, *(f"<unused{number}>" for number in range(more))])
    writer.add_token_types([*kinds, *[gguf.TokenType.UNUSED] * more])
    writer.add_token_merges(value(keys.MERGES))
    writer.add_bos_token_id(value(keys.BOS_ID))
    writer.add_eos_token_id(value(keys.EOS_ID))
    writer.add_chat_template(value(keys.CHAT_TEMPLATE))


# --- what is measured


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._begin = time.perf_counter()

    @property
    def seconds(self) -> float:
        """So far, to the millisecond."""
        return round(time.perf_counter() - self._begin, 3)


def gpu_mib() -> int:
    """What is taken of the first GPU; 0 where there is none."""
    ask = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(ask, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(said.stdout.split()[0])


def words(model: Model, count: int, seed: int) -> str:
    """A text of so many tokens: words of the vocabulary in any order."""
    random = np.random.default_rng(seed)
    known = [model.piece(token).decode("utf-8", "replace") for token in range(2000, 12000)]
    whole = [text for text in known if text[:1] == " " and text[1:].isalpha()]
    tokens = model.tokenise("".join(random.choice(whole, count + 8).tolist()))[:count]
    return b"".join(model.piece(token) for token in tokens).decode("utf-8", "replace")


def speed(context: Context) -> float:
    """Tokens written a second behind what sequence 0 holds; they are taken away again."""
    end = context.next_position()
    clock = Clock()
    for _ in context.go_on(Request([65, 66], WRITTEN)):
        pass
    seconds, written = clock.seconds, context.next_position() - end
    context.remove(0, end)
    return round(written / seconds, 1)


def full(
    context: Context, length: int, question: list[int], folder: Path, seconds: float
) -> dict[str, Any]:
    """The text of which the context holds the first ``length`` tokens, read in ``seconds``."""
    clock = Clock()
    context.feed(question)
    row: dict[str, Any] = {"tokens": length, "read_s": round(seconds + clock.seconds, 3)}
    context.remove(0, length)
    row["full_tokens_a_second"] = speed(context)
    clock = Clock()
    state = context.state()
    row |= {"state_gib": round(len(state) / 2**30, 2), "take_s": clock.seconds}
    file = folder / "state.bin"
    state.tofile(file)
    del state
    context.clear()
    clock = Clock()
    context.load_state(np.fromfile(file, np.uint8))
    row["load_s"] = clock.seconds
    context.feed(question)
    row["kept_s"] = clock.seconds
    context.remove(0, length)
    file.unlink()
    return row


def read_whole(model: Model, options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Each length in turn: the context is filled on, never anew."""
    text = model.tokenise(words(model, options.lengths[-1], options.seed))
    question = model.tokenise(QUESTION)
    before = gpu_mib()
    shape = Shape(len(text) + 512, threads=options.threads, batch=options.batch)
    with Context(model, shape) as context:
        taken = gpu_mib() - before
        seconds = 0.0
        for length in options.lengths:
            clock = Clock()
            context.feed(text[context.next_position() : length])
            seconds += clock.seconds
            yield full(context, length, question, folder, seconds) | {"full_gpu_mib": taken}


@contextmanager
def reader(model: Model, options: argparse.Namespace, folder: Path) -> Iterator[Reader]:
    """A reader as ``lsfs ask`` has one."""
    tokens = max(4096, (WIDER + 1) * options.budget)
    config = ModelConfig(context=tokens, threads=options.threads, max_tokens=1)

    def store(key: str) -> KvStore:
        return KvStore(folder, key, limit=LIMIT)

    with (
        Context(model, Shape(config.context, threads=options.threads)) as context,
        Reader(context, "0" * 64, config, store) as made,
    ):
        yield made


def read_parts(model: Model, options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Each length: four passages of a folder, and a document in few cells."""
    before = gpu_mib()
    with reader(model, options, folder) as made:
        texts = [words(model, BLOCK, options.seed + 1 + number) for number in range(CANDIDATES)]
        clock = Clock()
        if not made.prepare(texts):
            raise SystemExit(f"its states are not handled: {made.facts.obstacle}")
        taken = {"sparse_gpu_mib": gpu_mib() - before, "prepare_16_s": clock.seconds}
        scores = [1.0 / (1 + number) for number in range(CANDIDATES)]
        made.read(QUESTION, texts, scores, most=4, near=99.0)
        for length in options.lengths:
            count = length // BLOCK
            many = (texts * (count // len(texts) + 1))[:count]
            found = made.read(QUESTION, texts, scores, most=4, near=99.0)
            row = {"tokens": length, "passages_s": round(found.first_text_s, 3)}
            found = made.read_document(QUESTION, many, budget=options.budget, policy=options.policy)
            yield row | {"document_s": round(found.first_text_s, 3)} | taken


def few_cells(model: Model, options: argparse.Namespace) -> dict[str, float]:
    """How fast is written behind ``budget`` cells, and how soon four passages are read anew."""
    text = model.tokenise(words(model, 4 * BLOCK, options.seed))
    shape = Shape((WIDER + 1) * options.budget + 64, threads=options.threads)
    with Context(model, shape) as context:
        context.feed((text * (options.budget // len(text) + 1))[: options.budget])
        rate = speed(context)
        rate = max(rate, speed(context))
        context.clear()
        clock = Clock()
        context.feed(text)
        return {"sparse_tokens_a_second": rate, "passages_anew_s": clock.seconds}


# --- the whole

COLUMNS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "tokens": ("tokens", lambda row: f"{row['tokens']:,}"),
    "read": ("read, s", lambda row: f"{row['read_s']:.1f}"),
    "kept": ("whole state from a file, s", lambda row: f"{row['kept_s']:.1f}"),
    "document": ("document, few cells, s", lambda row: f"{row['document_s']:.2f}"),
    "passages": ("4 passages of a folder, s", lambda row: f"{row['passages_s']:.2f}"),
    "rates": (
        "tokens a second, full / few cells",
        lambda row: f"{row['full_tokens_a_second']:.0f} / {row['sparse_tokens_a_second']:.0f}",
    ),
    "memory": (
        "GPU MiB of the context, full / few cells",
        lambda row: f"{row['full_gpu_mib']:,} / {row['sparse_gpu_mib']:,}",
    ),
}


def arguments() -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--lengths", default="32768,65536,131072")
    parser.add_argument("--budget", type=int, default=2048, help="cells of a sparse cache")
    parser.add_argument("--policy", default=policies.DEFAULT)
    parser.add_argument("--batch", type=int, default=512, help="tokens read at once")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--gpu-layers", type=int, help="all, unless said")
    parser.add_argument(
        "--folder", type=Path, help="for the model and states; temporary by default"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--tokenizer", type=Path, help="a GGUF file; the default model's, unless said"
    )
    options = parser.parse_args()
    default = models.chat_model_file("default")
    if not options.tokenizer and default is None:
        parser.error("the default model is not installed: name a GGUF file by --tokenizer")
    options.tokenizer = options.tokenizer or (default and default.path)
    options.lengths = sorted(int(length) for length in options.lengths.split(","))
    options.threads = options.threads or threads()
    return options


def measure(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Rows of the table; the sparse half first, because it is short."""
    clock = Clock()
    path = folder / f"{options.shape}.gguf"
    write_model(path, SHAPES[options.shape], options.tokenizer, options.seed)
    facts = {"write_model_s": clock.seconds, "model_gib": round(path.stat().st_size / 2**30, 2)}
    clock = Clock()
    with Model(path, gpu_layers=options.gpu_layers) as model:
        facts |= {"load_model_s": clock.seconds, "weights_gpu_mib": gpu_mib()}
        facts |= few_cells(model, options)
        print(json.dumps(facts), flush=True)
        parts = {row["tokens"]: row for row in read_parts(model, options, folder)}
        print(json.dumps(list(parts.values())), flush=True)
        for row in read_whole(model, options, folder):
            row |= parts[row["tokens"]] | facts
            print(json.dumps(row), flush=True)
            yield row


def main() -> None:
    """Measure, and print."""
    options = arguments()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        rows = list(measure(options, Path(folder)))
    print("| " + " | ".join(title for title, _ in COLUMNS.values()) + " |")
    print("|" + "---|" * len(COLUMNS))
    for row in rows:
        print("| " + " | ".join(text(row) for _, text in COLUMNS.values()) + " |")


if __name__ == "__main__":
    main()
