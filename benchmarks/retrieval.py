"""Retrieval quality: lsfs's default search beside its two arms, on a set in BEIR-like JSON.

    python -m benchmarks.retrieval FOLDER [--queries N]

FOLDER holds corpus.json {id: text}, queries.json {id: text}, qrels.json {query: {doc: grade}}.
Each document becomes a file of a drive, which is indexed by the ordinary pipeline. Prints one table
and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import lsfs
from lsfs.config import Config, ModelConfig

CUT = 10


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--queries", type=int, default=0, help="only the first N; 0 is all")
    options = parser.parse_args()
    corpus, queries, qrels = (
        json.loads((options.folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("corpus", "queries", "qrels")
    )
    asked = list(queries.items())[: options.queries or None]
    with tempfile.TemporaryDirectory() as place:
        rows = measure(Path(place), corpus, asked, qrels)
    sys.stdout.write(f"{options.folder.name}: {len(corpus)} documents, {len(asked)} queries\n")
    sys.stdout.write(f"{'search':<10} {'nDCG@10':>8} {'CPU ms a query':>15}\n")
    for row in rows["arms"]:
        sys.stdout.write(f"{row['mode']:<10} {row['ndcg']:>8.4f} {row['cpu_ms']:>15.1f}\n")
    sys.stdout.write(json.dumps({"set": options.folder.name, **rows}) + "\n")


def measure(
    place: Path,
    corpus: dict[str, str],
    queries: list[tuple[str, str]],
    qrels: dict[str, dict[str, int]],
) -> dict[str, Any]:
    """Index a corpus and search it in every mode."""
    source = place / "source"
    source.mkdir()
    for name, text in corpus.items():
        (source / f"{name}.txt").write_text(text, encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none"))
    arms = []
    with lsfs.open(source, config=config, state=str(place / "state")) as drive:
        started = time.process_time()
        drive.wait_indexed()
        ingest = time.process_time() - started
        for mode in ("keyword", "semantic", "hybrid"):
            started = time.process_time()
            gains = [
                _ndcg(_ranked(drive, text, mode), qrels[query])
                for query, text in queries
                if query in qrels
            ]
            cpu = (time.process_time() - started) / len(gains)
            arms.append({"mode": mode, "ndcg": sum(gains) / len(gains), "cpu_ms": 1000 * cpu})
    return {"documents": len(corpus), "ingest_cpu_s": ingest, "arms": arms}


def _ranked(drive: lsfs.Drive, text: str, mode: str) -> list[str]:
    hits = drive.retrieve(text, k=3 * CUT, mode=mode).hits
    return list(dict.fromkeys(Path(hit.path).stem for hit in hits))[:CUT]


def _ndcg(ranked: list[str], grades: dict[str, int]) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) of the first ten."""
    gained = sum(grades.get(d, 0) / math.log2(n + 2) for n, d in enumerate(ranked))
    ideal = sorted(grades.values(), reverse=True)[:CUT]
    return gained / sum(grade / math.log2(n + 2) for n, grade in enumerate(ideal))


if __name__ == "__main__":
    main()
