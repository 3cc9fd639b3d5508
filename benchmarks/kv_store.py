"""How much sooner a document is ready from the store of attention states than by reading it again.

    python -m benchmarks.kv_store --tokens 2048 --seed 1

A text (docstrings of Python's library, in an order of the seed) is read by the model, as a whole
and in blocks behind a prefix, and then taken from the store; each time a question follows. Figures:
CPU and wall seconds to the first scores after the question, whether these are the same bits, the
size and speed of files with 16 and with 8 bits, and how often the likeliest next token is another
one when the document's state was kept with 8 bits. One thread, so that CPU seconds are of use.
Prints a table and one line of JSON.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import statistics
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.llm.files import models
from lsfs.llm.kv import kvblob
from lsfs.llm.kv.facts import Facts, facts_of
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.kv.kvfile import NUMBERS
from lsfs.llm.kv.kvstore import Block, Blocks, KvStore, context_key
from lsfs.llm.runtime.batch import Shape, Step
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model

BLOCK = 256  # tokens
PREFIX = "You answer from the user's files.\n\n"
QUESTION = "\n\nQuestion: What does it return? Answer: It returns"
LIMIT = 64 << 30
REPEATS = 7


def prose(seed: int) -> str:
    """Paragraphs of docstrings of Python's library, in an order of the seed."""
    paragraphs: set[str] = set()
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
        nodes = (ast.Module, ast.ClassDef, ast.FunctionDef)
        texts = [
            ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, nodes)
        ]
        paragraphs |= {part for text in texts for part in text.split("\n\n") if len(part) > 200}
    chosen = sorted(paragraphs)
    random.Random(seed).shuffle(chosen)
    return "\n\n".join(chosen)


class Clock:
    """Seconds of one run: of this process's CPU, and on the wall."""

    def __init__(self) -> None:
        self.cpu: list[float] = []
        self.wall: list[float] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure the block."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.cpu.append(time.process_time() - cpu)
        self.wall.append(time.perf_counter() - wall)

    def medians(self) -> dict[str, float]:
        """Of all runs."""
        return {"cpu_s": statistics.median(self.cpu), "wall_s": statistics.median(self.wall)}


def timed(
    act: Callable[[], NDArray[np.float32]], repeats: int
) -> tuple[dict[str, float], NDArray[np.float32]]:
    """Medians of some runs, and the scores that the last of them gave."""
    clock = Clock()
    for _ in range(repeats):
        with clock.running():
            scores = act()
    return clock.medians(), scores.copy()


class Bench:
    """A model, a text, and stores of either kind of numbers in a folder."""

    def __init__(self, context: Context, facts: Facts, folder: Path, options: Any) -> None:
        self.context, self.facts, self.folder = context, facts, folder
        model = context.model
        tokens = model.tokenise(prose(options.seed))
        self.text = tokens[: options.tokens]
        self.rest = tokens[options.tokens : options.tokens + options.positions]
        self.question = model.tokenise(QUESTION)
        self.prefix = model.tokenise(PREFIX, special=True, begin=True)

    def store(self, numbers: str, prefix: Sequence[int]) -> KvStore:
        """A store; two of the same arguments hold the same."""
        key = context_key("0" * 64, self.facts, prefix)
        return KvStore(self.folder, key, limit=LIMIT, numbers=numbers)

    def ask(self, cells: Cells) -> NDArray[np.float32]:
        """Load a state and read the question."""
        self.context.clear()
        self.context.load_state(kvblob.build(cells))
        return self.context.feed(self.question)

    # --- what is measured

    def whole(self, repeats: int) -> dict[str, Any]:
        """The document in one piece, without a prefix."""

        def prefill() -> NDArray[np.float32]:
            self.context.clear()
            self.context.feed(self.text)
            return self.context.feed(self.question)

        read, expected = timed(prefill, repeats)
        self.context.clear()
        self.context.feed(self.text)
        cells = kvblob.parse(self.context.state())
        store = self.store("f16", ())
        store.put(Block(tuple(self.text), cells))
        restored, scores = timed(lambda: self.ask(_got(store, self.text).cells), REPEATS)
        for numbers in NUMBERS:
            self.store(numbers, ()).put(Block(tuple(self.text), cells))
        return self._row("whole", read, restored, scores, expected)

    def in_blocks(self, repeats: int) -> dict[str, Any]:
        """The document in blocks that were read apart, turned to where they stand."""
        pieces = [self.text[at : at + BLOCK] for at in range(0, len(self.text), BLOCK)]

        def answer(store: KvStore | None) -> NDArray[np.float32]:
            blocks = Blocks(self.context, self.facts, store, self.prefix)
            parts = [blocks.prefix_cells()]
            for piece in pieces:
                end = int(parts[-1].positions[-1]) + 1
                parts.append(blocks.block(piece).cells.at(end, self.facts.rope))
            return self.ask(kvblob.joined(parts))

        read, expected = timed(lambda: answer(None), repeats)
        store = self.store("f16", self.prefix)
        answer(store)
        restored, scores = timed(lambda: answer(store), REPEATS)
        return self._row(f"{len(pieces)} blocks", read, restored, scores, expected)

    def _row(
        self,
        name: str,
        read: dict[str, float],
        restored: dict[str, float],
        scores: NDArray[np.float32],
        expected: NDArray[np.float32],
    ) -> dict[str, Any]:
        return {
            "what": name,
            "read": read,
            "restored": restored,
            "ratio_cpu": read["cpu_s"] / restored["cpu_s"],
            "ratio_wall": read["wall_s"] / restored["wall_s"],
            "same_bits": bool(np.array_equal(scores, expected)),
        }

    def files(self, numbers: str) -> dict[str, Any]:
        """Size and speed of one block's file."""
        tokens = self.text[:BLOCK]
        store, source = self.store(numbers, (1,)), self.store("f16", self.prefix)
        block = _got(source, tokens)
        clocks = {name: Clock() for name in ("put", "get", "cold get", "keys of a third")}
        layers = range(self.facts.layers // 3, 2 * self.facts.layers // 3)
        for _ in range(REPEATS):
            store.clear()
            with clocks["put"].running():
                store.put(block)
            with clocks["get"].running():
                _got(store, tokens)
            with clocks["keys of a third"].running():
                store.keys_of(tokens, layers)
            (path,) = self._files(store)
            fd = os.open(path, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)
            with clocks["cold get"].running():
                _got(store, tokens)
        (path,) = self._files(store)
        times = {name: clock.medians() for name, clock in clocks.items()}
        return {
            "numbers": numbers,
            "bytes_per_token": path.stat().st_size / len(tokens),
            **{name.replace(" ", "_"): one for name, one in times.items()},
        }

    def _files(self, store: KvStore) -> list[Path]:
        return [path for path in store.path.rglob("*.kv") if path.name != "prefix.kv"]

    def eight_bits(self) -> dict[str, Any]:
        """What follows the document, predicted from its state with 16 and with 8 bits."""
        first, second = (
            self._predicted(_got(self.store(numbers, ()), self.text).cells) for numbers in NUMBERS
        )
        ones = [scores - scores.max(axis=1, keepdims=True) for scores in (first, second)]
        logs = [one - np.log(np.exp(one).sum(axis=1, keepdims=True)) for one in ones]
        apart = (np.exp(logs[0]) * (logs[0] - logs[1])).sum(axis=1)
        top = first.argmax(axis=1)
        return {
            "positions": len(first),
            "same_argmax": float((top == second.argmax(axis=1)).mean()),
            "mean_kl_nats": float(apart.mean()),
            "largest_kl_nats": float(apart.max()),
        }

    def _predicted(self, cells: Cells) -> NDArray[np.float32]:
        self.context.clear()
        self.context.load_state(kvblob.build(cells))
        start, size = self.context.next_position(), self.context.shape.batch
        found = []
        for low in range(0, len(self.rest), size):
            part = enumerate(self.rest[low : low + size], start + low)
            found.append(self.context.decode([Step(t, at, 0, True) for at, t in part]).copy())
        return np.concatenate(found).astype(np.float64)


def _got(store: KvStore, tokens: Sequence[int]) -> Block:
    found = store.get(tokens)
    if found is None:
        raise SystemExit("a block that was put is not there")
    return found


def main() -> None:
    """Measure; print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default", help="default, or the path of a GGUF file")
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--positions", type=int, default=400, help="that 8 bits are judged on")
    parser.add_argument("--repeats", type=int, default=2, help="of what reads the text")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the store lies; a temporary one")
    options = parser.parse_args()
    file = models.chat_model_file(options.model)
    if file is None:
        raise SystemExit("there is no language model")
    shape = Shape(tokens=options.tokens + options.positions + 256, sequences=1, threads=1)
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
        Model(file.path) as model,
        Context(model, shape) as context,
    ):
        bench = Bench(context, facts_of(context), Path(folder) / "kv", options)
        rows = [bench.whole(options.repeats), bench.in_blocks(options.repeats)]
        files = [bench.files(numbers) for numbers in NUMBERS]
        quality = bench.eight_bits()
    _table(rows, files, quality)
    figures = {"restore": rows, "files": files, "q8": quality}
    about = {"benchmark": "kv_store", "model": file.name, "seed": options.seed}
    print(json.dumps({**about, "tokens": options.tokens, **figures}))


def _table(rows: list[dict[str, Any]], files: list[dict[str, Any]], q8: dict[str, Any]) -> None:
    print("document    read CPU s  wall s   restored CPU s  wall s   ratio CPU  wall   same bits")
    for row in rows:
        read, restored = row["read"], row["restored"]
        print(
            f"{row['what']:<12}{read['cpu_s']:10.2f}{read['wall_s']:8.2f}"
            f"{restored['cpu_s']:17.3f}{restored['wall_s']:8.3f}"
            f"{row['ratio_cpu']:12.0f}{row['ratio_wall']:6.0f}   {row['same_bits']}"
        )
    print(
        "\nfile of a block   bytes/token   put ms   get ms   cold ms   keys of a third ms   (wall)"
    )
    for row in files:
        names = ("put", "get", "cold_get", "keys_of_a_third")
        put, get, cold, keys = (1000 * row[name]["wall_s"] for name in names)
        print(
            f"{row['numbers']:<16}{row['bytes_per_token']:13.0f}{put:9.1f}{get:9.1f}{cold:10.1f}"
            f"{keys:21.1f}"
        )
    same = f"{q8['same_argmax']:.3f} of {q8['positions']} positions"
    apart = f"KL {q8['mean_kl_nats']:.4f} nats, at most {q8['largest_kl_nats']:.3f}"
    print(f"\n8 bits: the same likeliest token at {same}; {apart}")


if __name__ == "__main__":
    main()
