"""Attention states kept and composed: answers, time and memory beside reading anew.

    python -m benchmarks.sparse_kv --quick --seed 11
    python -m benchmarks.sparse_kv --prose xquad.en.json --trials 48

Which rows of one state are kept is measured by ``lsfs bench kv``.

Times are CPU seconds of one thread: they do not depend on what else runs. Rates come with their
Wilson 95 % interval. Prints tables, and the same figures as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import asdict

from benchmarks.sparse_kv_tasks import Fact, facts, haystack, with_facts
from lsfs.config import ModelConfig
from lsfs.index.meaning.embed import load
from lsfs.llm.files import models
from lsfs.llm.kv import compose, kvblob
from lsfs.llm.kv.facts import Facts, facts_of
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.kv.kvstore import KvStore
from lsfs.llm.lab.prose import Written
from lsfs.llm.lab.rate import Rate
from lsfs.llm.runtime.batch import Shape, Step
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.generation import Request
from lsfs.llm.runtime.model import Model
from lsfs.llm.runtime.sampling import Sampling
from lsfs.llm.sparse import form
from lsfs.llm.sparse.reader import PENALTY, STOP, Reader
from lsfs.paths import user_cache

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = 256  # tokens of a block
WHOLE = 65536  # tokens of a document that is read as a whole here


class Bench:
    """A model, a context for its answers, and prose."""

    def __init__(self, prose: Path, seed: int) -> None:
        found = models.chat_model_file("default")
        if found is None:
            raise SystemExit("the default model is not installed")
        self.file = found
        self.model = Model(found.path)
        self.context = self.sized(2048)
        self.facts: Facts = facts_of(self.context)
        self.prose = Written(prose)
        self.seed = seed
        self.around = form.form_of(self.model)
        self.prefix = self.state(self.around.head)

    def sized(self, tokens: int) -> Context:
        """A context of one thread."""
        return Context(self.model, Shape(tokens, sequences=8, threads=1))

    def chance(self, name: str) -> random.Random:
        """Random numbers of a part of the benchmark."""
        return random.Random(f"{self.seed} {name}")

    def state(self, tokens: Sequence[int]) -> Cells:
        """What the context holds after some tokens."""
        self.context.clear()
        self.context.feed(tokens)
        return kvblob.parse(self.context.state())

    def block(self, tokens: Sequence[int]) -> Cells:
        """The state of tokens behind the prefix."""
        self.context.clear()
        self.context.load_state(kvblob.build(self.prefix))
        self.context.feed(tokens)
        return kvblob.parse(self.context.state()).take(slice(len(self.prefix), None))

    def says(self, context: Context, fact: Fact) -> tuple[bool, list[int]]:
        """Whether the likeliest tokens after the fact's beginning are its value; and those."""
        tail = self.model.tokenise(f"\n\n{fact.asked}")
        value = self.model.tokenise(f" {fact.value}")
        begin, tokens = context.next_position(), [*tail, *value[:-1]]
        last = len(tail) - 1
        steps = [Step(t, begin + at, 0, at >= last) for at, t in enumerate(tokens)]
        likeliest = context.decode(steps).argmax(axis=1).tolist()
        context.remove(0, begin)
        return likeliest == value, likeliest


# --- composition


def composition(bench: Bench, trials: int, again: int) -> dict[str, Any]:
    """Blocks of 256 tokens with a fact each: alone, several, the right one last or first."""
    chance = bench.chance("blocks")
    told = facts(chance, max(8, min(16, trials)))
    tasks = [with_facts(bench.model, bench.prose, chance, BLOCK, [fact]) for fact in told]
    start = time.process_time()
    blocks = [bench.block(task.tokens) for task in tasks]
    each = (time.process_time() - start) / len(blocks)
    rows: dict[str, list[tuple[bool, float]]] = {}
    for trial in range(trials):
        right = trial % len(told)
        others = chance.sample([n for n in range(len(told)) if n != right], 3)
        orders = {
            "1 block": [right],
            "2 blocks, right one last": [*others[:1], right],
            "2 blocks, right one first": [right, *others[:1]],
            "4 blocks, right one last": [*others, right],
            "4 blocks, right one first": [right, *others],
        }
        for name, order in orders.items():
            rows.setdefault(name, []).append(_composed(bench, blocks, order, told[right]))
            if name.startswith("4") and trial < again:
                outcome = _anew(bench, [tasks[n].tokens for n in order], told[right])
                rows.setdefault(f"read anew: {name}", []).append(outcome)
    print(f"\nblocks of {BLOCK} tokens ({each:.2f} CPU s each to compute), exact answers, CPU s")
    result: dict[str, Any] = {"block_cpu_s": each}
    result |= {name: _shown(name, outcomes) for name, outcomes in rows.items()}
    last, anew = result["4 blocks, right one last"], result["read anew: 4 blocks, right one last"]
    result["ttft_ratio"] = anew["cpu_s"] / last["cpu_s"]
    print(f"  time to the first token, read anew / composed: {result['ttft_ratio']:.1f}")
    return result


def _composed(
    bench: Bench, blocks: Sequence[Cells], order: Sequence[int], fact: Fact
) -> tuple[bool, float]:
    start = time.process_time()
    bench.context.clear()
    compose.load(bench.context, bench.prefix, [blocks[n] for n in order], bench.facts.rope)
    right, _ = bench.says(bench.context, fact)
    return right, time.process_time() - start


def _anew(bench: Bench, texts: Sequence[Sequence[int]], fact: Fact) -> tuple[bool, float]:
    start = time.process_time()
    bench.context.clear()
    compose.read_anew(bench.context, bench.around.head, texts)
    right, _ = bench.says(bench.context, fact)
    return right, time.process_time() - start


# --- with the search's own scores


def end_to_end(bench: Bench, trials: int, again: int) -> dict[str, Any]:
    """Questions in chat form to passages of some 200 tokens, scored by likeness of meaning."""
    chance = bench.chance("passages")
    told = facts(chance, max(8, trials))
    texts = [with_facts(bench.model, bench.prose, chance, 200, [fact]).text for fact in told]
    embedder = load(_embedding_model().parent, user_cache())
    vectors = embedder.encode(texts)
    config = ModelConfig(context=2048, threads=1, max_tokens=32)
    rows: dict[str, list[tuple[bool, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, bench.sized(2048) as context:

        def store(key: str) -> KvStore:
            return KvStore(Path(folder), key, limit=1 << 32)

        with Reader(context, bench.file.sha256, config, store) as reader:
            ways: dict[str, Callable[[str, list[float]], str]] = {
                "1 passage": lambda q, s: reader.read(q, texts, s, most=1).text,
                "the fewest passages (the default)": lambda q, s: reader.read(q, texts, s).text,
                "4 passages": lambda q, s: reader.read(q, texts, s, near=99.0).text,
                "4 passages, each asked alone": lambda q, s: reader.read_each(q, texts, s)[0].text,
            }
            reader.prepare(texts)
            for trial in range(trials):
                number = trial % len(told)
                fact = told[number]
                scores = [float(x) for x in vectors @ embedder.encode_query(fact.question)]
                ranked = {"likeness": int(np.argmax(scores))}
                ranked["the look"] = reader.read(fact.question, texts, scores, most=1).used[-1]
                for name, best in ranked.items():
                    rows.setdefault(f"right passage first by {name}", []).append(
                        (best == number, 0.0)
                    )
                for name, way in ways.items():
                    start = time.process_time()
                    right = fact.value in way(fact.question, scores)
                    rows.setdefault(name, []).append((right, time.process_time() - start))
                if trial < again:
                    order = reader.read(fact.question, texts, scores, near=99.0).used
                    start = time.process_time()
                    said = _chat_anew(bench, context, [texts[n] for n in order], fact.question)
                    outcome = (fact.value in said, time.process_time() - start)
                    rows.setdefault("4 passages, read anew", []).append(outcome)
    print("\nquestions in chat form, best passage last: the value is in the answer, CPU s")
    return {name: _shown(name, outcomes) for name, outcomes in rows.items()}


def _chat_anew(bench: Bench, context: Context, texts: Sequence[str], question: str) -> str:
    """The same passages in the same order, read anew."""
    context.clear()
    blocks = [tokens for text in texts for tokens in form.block_tokens(bench.model, text)]
    compose.read_anew(context, bench.around.head, blocks)
    tail = form.question_tokens(bench.model, bench.around, question)
    said = "".join(context.go_on(Request(tail, 32, Sampling(penalty=PENALTY), STOP)))
    context.clear()
    return said


def _embedding_model() -> Path:
    found = models.embed_model_folder("default")
    if found is None:
        raise SystemExit("the default embedding model is not installed")
    return found.path


def _shown(name: str, outcomes: Sequence[tuple[bool, float]]) -> dict[str, Any]:
    rate = Rate(sum(hit for hit, _ in outcomes), len(outcomes))
    cost = statistics.median(seconds for _, seconds in outcomes)
    print(f"  {name:42} {rate}   {cost:.2f}")
    return {**rate.as_json(), "cpu_s": cost}


# --- time and memory


def restore(bench: Bench) -> dict[str, Any]:
    """A document of 2k tokens: read, or loaded from what was kept."""
    chance = bench.chance("restore")
    task = haystack(bench.model, bench.prose, chance, 1900, 1)
    tail = bench.model.tokenise(f"\n\n{task.facts[0].asked}")
    context = bench.context
    context.clear()
    start = time.process_time()
    context.feed(task.tokens)
    blob = context.state()
    first = context.feed(tail).copy()
    read = time.process_time() - start
    context.clear()
    start = time.process_time()
    context.load_state(blob)
    again = context.feed(tail).copy()
    loaded = time.process_time() - start
    same = bool(np.array_equal(first, again))
    print(f"\n2k tokens: read {read:.1f} CPU s, restored {loaded:.2f}, ratio {read / loaded:.0f}")
    print(f"  scores of the first token are bit-equal: {same}")
    return {"read_cpu_s": read, "restored_cpu_s": loaded, "ratio": read / loaded, "equal": same}


def decoding(bench: Bench) -> dict[str, Any]:
    """Tokens after 8,192 cells and after 512 of them; contents do not matter for time."""
    some = bench.state(haystack(bench.model, bench.prose, bench.chance("decode"), 512, 1).tokens)
    result: dict[str, Any] = {}
    for cells in (512, 8160):
        rows = np.arange(cells) % len(some)
        positions = np.arange(cells, dtype=np.int32)
        many = some.take(rows)
        blob = kvblob.build(Cells(positions, many.keys, many.values))
        del many
        before = _resident()
        with Context(bench.model, Shape(cells + 32, 1, 512, 1)) as context:
            context.load_state(blob)
            context.feed([5])
            grown = _resident() - before
            start = time.process_time()
            for token in range(16):
                context.feed([token + 6])
            seconds = (time.process_time() - start) / 16
        result[str(cells)] = {"ms_per_token": 1000 * seconds, "mb": grown / 1e6}
    short, long = result["512"], result["8160"]
    result["ratio"] = long["ms_per_token"] / short["ms_per_token"]
    result["memory_ratio"] = long["mb"] / short["mb"]
    print("\ndecoding: cells, ms CPU a token, MB more resident")
    for name in ("512", "8160"):
        row = result[name]
        print(f"  {name:>6} {row['ms_per_token']:8.1f} {row['mb']:8.0f}")
    print(f"  {result['ratio']:.1f} x faster, {result['memory_ratio']:.1f} x less memory")
    return result


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def folders(sizes: Sequence[int], options: argparse.Namespace) -> list[dict[str, Any]]:
    """An answer from a folder of so many tokens, each in a process of its own."""
    found = []
    print("\na folder on a model of 8k tokens: tokens, CPU s to the first text, peak MB;")
    print("the whole of it as one document: the same")
    with tempfile.TemporaryDirectory() as store:
        for size in sizes:
            command = [sys.executable, "-m", "benchmarks.sparse_kv_folder", str(size)]
            command += ["--seed", str(options.seed), "--prose", str(options.prose)]
            command += ["--store", store, *(["--document"] if size <= WHOLE else [])]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            row = json.loads(done.stdout.splitlines()[-1])
            whole = row.get("document", {"cpu_s": math.nan, "peak_mb": math.nan})
            figures = (row["cpu_s"], row["peak_mb"], whole["cpu_s"], whole["peak_mb"])
            print(f"  {size:>9,}", *(f"{figure:8.1f}" for figure in figures), flush=True)
            found.append(row)
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--prose", type=Path, default=DOCS, help="what stands around the facts")
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--quick", action="store_true", help="a third of the trials")
    parser.add_argument("--only", default="", help="parts, with commas between them")
    options = parser.parse_args()
    trials = max(8, options.trials // 3) if options.quick else options.trials
    sizes = (16384, 65536) if options.quick else (16384, 65536, 262144, 1048576)
    bench = Bench(options.prose, options.seed)
    parts: dict[str, Callable[[], Any]] = {
        "composition": lambda: composition(bench, trials, 2 if options.quick else 8),
        "end_to_end": lambda: end_to_end(bench, trials, 2 if options.quick else 8),
        "restore": lambda: restore(bench),
        "decoding": lambda: decoding(bench),
        "folders": lambda: folders(sizes, options),
    }
    wanted = options.only.split(",") if options.only else list(parts)
    figures = {name: parts[name]() for name in wanted}
    about = {"seed": options.seed, "model": bench.file.name, "rope": asdict(bench.facts.rope)}
    print(json.dumps({**about, **figures}))


if __name__ == "__main__":
    main()
