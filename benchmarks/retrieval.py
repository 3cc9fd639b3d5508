"""Retrieval quality: lsfs's default search beside its two arms and other engines.

    python -m benchmarks.retrieval FOLDER... [--queries N] [--peers PYTHON] [--model]

Each FOLDER holds a set in BEIR-like JSON: corpus.json {id: text}, queries.json {id: text},
qrels.json {query: {doc: grade}}. Each document becomes a file of a drive, which is indexed by the
ordinary pipeline. PYTHON is an interpreter that has some of lancedb, tantivy and chromadb (see
retrieval_peers.py). With --model the language model's orders and guesses are measured, too.

Prints a table for each set: nDCG@10 with its 95 % interval (bootstrap over queries, seed 0), how
much better the default search is than that row (paired bootstrap), recall@100, CPU ms a query; and
one JSON line.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig

CUT, DEEP = 10, 100
RESAMPLES = 2000
DEFAULT = "lsfs hybrid"
MODES = ("keyword", "semantic", "hybrid")
WITH_MODEL: dict[str, dict[str, Any]] = {
    "rerank first": {"rerank": "first"},
    "rerank listwise": {"rerank": "listwise"},
    "hyde": {"hyde": True},
}
PEERS = Path(__file__).with_name("retrieval_peers.py")


class Asked(Struct, frozen=True):
    """A set: its documents, and its queries with what is relevant to each."""

    corpus: dict[str, str]
    queries: list[tuple[str, str]]
    qrels: dict[str, dict[str, int]]


class Row(Struct, frozen=True):
    """A search engine's results: documents of each query, best first, and its CPU time."""

    name: str
    ranked: list[list[str]]
    cpu_ms: float


def main() -> None:
    """Run the benchmark on the sets named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--queries", type=int, default=0, help="only the first N; 0 is all")
    parser.add_argument("--peers", default="", metavar="PYTHON", help="other engines' interpreter")
    parser.add_argument("--model", action="store_true", help="also with the language model")
    options = parser.parse_args()
    for folder in options.folders:
        asked = load(folder, options.queries)
        with tempfile.TemporaryDirectory() as place:
            rows = measure(Path(place), asked, model=options.model)
            if options.peers:
                rows += peers(Path(place), asked, options.peers)
        report(folder.name, asked, rows)


def load(folder: Path, most: int) -> Asked:
    """A set from its folder; queries without a relevant document are left out."""
    corpus, queries, qrels = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("corpus", "queries", "qrels")
    )
    judged = [(id_, text) for id_, text in queries.items() if any(qrels.get(id_, {}).values())]
    return Asked(corpus, judged[: most or None], qrels)


def measure(place: Path, asked: Asked, *, model: bool) -> list[Row]:
    """Index a corpus and search it in every mode."""
    source = place / "source"
    source.mkdir()
    files: dict[str, str] = {}
    for n, (name, text) in enumerate(asked.corpus.items()):
        # Ids are no names that a person would give: they must not help.
        files[f"{n}.txt"] = name
        (source / f"{n}.txt").write_text(text, encoding="utf-8")
    config = Config() if model else replace(Config(), model=ModelConfig(chat="none"))
    with lsfs.open(source, config=config, state=str(place / "state")) as drive:
        drive.wait_indexed()
        arms: dict[str, dict[str, Any]] = {f"lsfs {mode}": {"mode": mode} for mode in MODES}
        if model:
            arms |= {f"lsfs {name}": given for name, given in WITH_MODEL.items()}
        return [_row(drive, name, given, asked, files) for name, given in arms.items()]


def _row(
    drive: lsfs.Drive, name: str, given: dict[str, Any], asked: Asked, files: dict[str, str]
) -> Row:
    def found(text: str, k: int) -> list[str]:
        hits = drive.retrieve(text, k=k, **given).hits
        return list(dict.fromkeys(files[hit.path] for hit in hits))

    def timed(k: int) -> tuple[list[list[str]], float]:
        started = time.process_time()
        ranked = [found(text, k) for _, text in asked.queries]
        return ranked, 1000 * (time.process_time() - started) / len(asked.queries)

    deep, cpu = timed(3 * DEEP)
    if "mode" in given:  # with the language model, how much is fetched is nothing beside it
        _, cpu = timed(CUT)
    return Row(name, deep, cpu)


def peers(place: Path, asked: Asked, python: str) -> list[Row]:
    """What other engines find; each in a process of its own."""
    task = place / "task.json"
    queries = [text for _, text in asked.queries]
    texts = list(asked.corpus.values())
    task.write_text(json.dumps({"texts": texts, "queries": queries}), encoding="utf-8")
    listed = subprocess.run([python, PEERS, "--list"], capture_output=True, check=True, text=True)
    if "chromadb" in json.loads(listed.stdout):
        _embed(place, texts, queries)
    rows = []
    ids = list(asked.corpus)
    for name in json.loads(listed.stdout):
        target = place / f"{name}.json"
        subprocess.run([python, PEERS, name, place, target], check=True)
        told = json.loads(target.read_text(encoding="utf-8"))
        rows.append(Row(name, [[ids[n] for n in one] for one in told["ranked"]], told["cpu_ms"]))
    return rows


def _embed(place: Path, texts: Sequence[str], queries: Sequence[str]) -> None:
    """One vector a document, as chromadb's own encoder makes it of its first 256 tokens."""
    from lsfs.index.meaning.embed import load as load_encoder
    from lsfs.llm.files.models import embed_model_folder
    from lsfs.paths import user_cache

    folder = embed_model_folder(Config().model.embed)
    if folder is None:
        raise SystemExit("no embedding model is installed")
    encoder = load_encoder(folder.path.parent, user_cache())
    np.save(place / "texts.npy", encoder.encode(texts))
    np.save(place / "queries.npy", encoder.encode(queries))


# --- scores


def ndcg(ranked: Sequence[str], grades: dict[str, int]) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) of the first ten."""
    gained = sum(grades.get(d, 0) / math.log2(n + 2) for n, d in enumerate(ranked[:CUT]))
    ideal = sorted(grades.values(), reverse=True)[:CUT]
    return gained / sum(grade / math.log2(n + 2) for n, grade in enumerate(ideal))


def recall(ranked: Sequence[str], grades: dict[str, int]) -> float:
    """Share of the relevant documents among the first hundred."""
    relevant = {d for d, grade in grades.items() if grade > 0}
    return len(relevant & {*ranked[:DEEP]}) / len(relevant)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean, by the bootstrap over queries."""
    found = np.asarray(values)
    drawn = np.random.default_rng(0).integers(0, len(found), (RESAMPLES, len(found)))
    low, high = np.percentile(found[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def report(name: str, asked: Asked, rows: Sequence[Row]) -> None:
    """Print a set's table and its JSON line."""

    def scores(row: Row, score: Callable[[Sequence[str], dict[str, int]], float]) -> list[float]:
        pairs = zip(row.ranked, asked.queries, strict=True)
        return [score(ranked, asked.qrels[query]) for ranked, (query, _) in pairs]

    gains = {row.name: scores(row, ndcg) for row in rows}
    out = sys.stdout
    out.write(f"{name}: {len(asked.corpus)} documents, {len(asked.queries)} queries\n")
    out.write(f"{'search':<22}{'nDCG@10':>8} {'95 %':>14} {'default is better by':>24}")
    out.write(f"{'recall@100':>12}{'CPU ms':>8}\n")
    told = []
    for row in rows:
        mean, (low, high) = float(np.mean(gains[row.name])), interval(gains[row.name])
        better = np.subtract(gains[DEFAULT], gains[row.name])
        by = interval(better.tolist())
        deep = float(np.mean(scores(row, recall)))
        lead = f"{better.mean():+.4f} [{by[0]:+.3f}, {by[1]:+.3f}]" if row.name != DEFAULT else ""
        out.write(f"{row.name:<22}{mean:>8.4f}  [{low:.3f}, {high:.3f}] {lead:>24}")
        out.write(f"{deep:>12.4f}{row.cpu_ms:>8.1f}\n")
        told.append(
            {
                "search": row.name, "ndcg": mean, "ndcg_95": [low, high], "recall": deep,
                "cpu_ms": row.cpu_ms, "default_better": [float(better.mean()), *by],
            }
        )  # fmt: skip
    out.write(json.dumps({"set": name, "rows": told}) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
