"""One answer from a folder of so many tokens: time and peak memory; part of benchmarks.sparse_kv.

    python -m benchmarks.sparse_kv_folder 65536 --store DIR

The passages that the search would give are real, and the blocks of all others are there as files,
but with the contents of one of them: what is measured is time and memory, not answers. For the
whole-document mode the same passages are repeated, so every block is read. Prints a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from pathlib import Path
from typing import Any

from benchmarks.sparse_kv_tasks import facts, with_facts
from lsfs.config import ModelConfig
from lsfs.llm.files import models
from lsfs.llm.kv.kvstore import KvStore
from lsfs.llm.lab.prose import Written
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse.reader import CANDIDATES, Reader

BLOCK = 240  # tokens of a passage
STATUS = Path("/proc/self/status")


def filled(folder: Path, count: int) -> None:
    """Let the store hold files for so many blocks."""
    real = next(path for path in folder.glob("*/*/*.kv"))
    shards = real.parent.parent
    for number in range(len(list(shards.glob("*/*.kv"))), count):
        name = f"{number:064x}"
        shard = shards / name[-2:]
        shard.mkdir(exist_ok=True)
        os.link(real, shard / f"{name}.kv")


def peak_mb() -> float:
    """The most that was resident since :func:`forget_peak`."""
    line = next(x for x in STATUS.read_text(encoding="ascii").splitlines() if "VmHWM" in x)
    return int(line.split()[1]) / 1000


def forget_peak() -> None:
    """Begin to measure anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def measured(run: Any) -> dict[str, float]:
    """CPU seconds, seconds and peak of a reading."""
    forget_peak()
    cpu = time.process_time()
    found = run()
    cpu = time.process_time() - cpu
    return {"cpu_s": cpu, "first_text_s": found.first_text_s, "peak_mb": peak_mb()}


def main() -> None:
    """Measure one size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("tokens", type=int)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--prose", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--document", action="store_true", help="the whole-document mode, too")
    options = parser.parse_args()
    file = models.chat_model_file("default")
    assert file is not None
    chance = random.Random(options.seed)
    prose = Written(options.prose)
    config = ModelConfig(context=2048, threads=1, max_tokens=1)

    def store(key: str) -> KvStore:
        return KvStore(options.store, key, limit=1 << 40)

    with (
        Model(file.path) as model,
        Context(model, Shape(config.context, threads=1)) as context,
        Reader(context, file.sha256, config, store) as reader,
    ):
        told = facts(chance, CANDIDATES)
        texts = [with_facts(model, prose, chance, BLOCK, [fact]).text for fact in told]
        reader.prepare(texts)
        count = options.tokens // BLOCK
        filled(options.store, count)
        scores = [1.0 / (1 + number) for number in range(CANDIDATES)]
        question = told[0].question
        row: dict[str, Any] = {"tokens": options.tokens}
        row |= measured(lambda: reader.read(question, texts, scores, most=4, near=99.0))
        if options.document:
            many = (texts * (count // len(texts) + 1))[:count]
            row["document"] = measured(lambda: reader.read_document(question, many))
    print(json.dumps(row))


if __name__ == "__main__":
    main()
