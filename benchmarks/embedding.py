"""Embedding models beside sentence-transformers: passages per CPU second, ranking, memory.

    python -m benchmarks.embedding FOLDER [--passages 64] [--queries 200] [--gguf FILE]
                                   [--peers PYTHON] [--no-ndcg]

FOLDER holds ``corpus.json``, ``queries.json`` ({id: text}) and ``qrels.json`` ({query: {doc:
grade}}). Each model runs in a process of its own: the default one (MiniLM as an int8 graph), with
``--gguf`` the file by llama.cpp (``benchmarks.minilm_gguf`` writes one), and where ``--peers`` (by
default this Python) has it, sentence-transformers with the same weights. nDCG@10 is by vectors
alone over all documents and the first queries.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.config import ModelConfig
from lsfs.llm.files import models
from lsfs.syscalls import embedders

Matrix = NDArray[np.float32]


def _encoder(name: str) -> Any:
    """What encodes passages and queries: an embedder, or sentence-transformers in its form."""
    if name == "sentence-transformers":
        return _Peer()
    found = embedders.load(ModelConfig(embed=name))
    if found is None:
        raise SystemExit("the model is not installed")
    return found


class _Peer:
    """sentence-transformers on one thread, with the batches that it takes by itself."""

    def __init__(self) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        found = models.embed_model_folder(models.DEFAULT)
        if found is None:
            raise SystemExit("MiniLM is not installed")
        self._model = SentenceTransformer(str(found.path.parent), device="cpu")
        self._model.max_seq_length = 256

    def encode(self, texts: list[str]) -> Matrix:
        made: Matrix = np.asarray(
            self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        )
        return made

    def encode_query(self, text: str) -> Matrix:
        vector: Matrix = self.encode([text])[0]
        return vector


def measured(name: str, folder: Path, passages: int, queries: int, ndcg: bool) -> dict[str, Any]:
    """All figures of one model."""
    before = time.perf_counter()
    encoder = _encoder(name)
    corpus = json.loads((folder / "corpus.json").read_text())
    asked = json.loads((folder / "queries.json").read_text())
    texts = [str(text)[:800] for text in corpus.values()]
    encoder.encode(texts[:1])
    row: dict[str, Any] = {"model": name, "load_s": time.perf_counter() - before}
    cpu, wall = time.process_time(), time.perf_counter()
    encoder.encode(texts[:passages])
    row["passages_per_cpu_s"] = passages / (time.process_time() - cpu)
    row["passages_per_s"] = passages / (time.perf_counter() - wall)
    cpu = time.process_time()
    for text in list(asked.values())[:20]:
        encoder.encode_query(text)
    row["query_ms"] = 1000 * (time.process_time() - cpu) / 20
    row["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if ndcg:
        row["ndcg10"] = _ndcg(encoder, folder, corpus, dict(list(asked.items())[:queries]))
    return row


def _ndcg(encoder: Any, folder: Path, corpus: dict[str, str], asked: dict[str, str]) -> float:
    grades = json.loads((folder / "qrels.json").read_text())
    ids = list(corpus)
    made = encoder.encode([str(text)[:2000] for text in corpus.values()])
    gains = []
    for query, text in asked.items():
        top = np.argsort(-(made @ encoder.encode_query(text)))[:10]
        wanted = grades.get(query, {})
        found = [float(wanted.get(ids[row], 0)) for row in top]
        best = sorted(map(float, wanted.values()), reverse=True)[:10]
        gains.append(_dcg(found) / (_dcg(best) or 1.0))
    return float(np.mean(gains))


def _dcg(grades: list[float]) -> float:
    return float(sum((2**g - 1) / np.log2(n + 2) for n, g in enumerate(grades)))


def main() -> None:
    """Measure each model in a process of its own; print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=64)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--gguf", default="", metavar="FILE")
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--no-ndcg", action="store_true")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        ndcg = not options.no_ndcg
        found = measured(options.one, options.folder, options.passages, options.queries, ndcg)
        print(json.dumps(found))
        return
    names = ["default", *([options.gguf] if options.gguf else []), "sentence-transformers"]
    rows = [row for name in names if (row := _apart(name, options.peers))]
    print(f"{'model':28} passages/CPU s  passages/s  query ms  RSS MB  load s  nDCG@10")
    for row in rows:
        print(
            f"{Path(row['model']).name:28}{row['passages_per_cpu_s']:15.1f}"
            f"{row['passages_per_s']:12.1f}{row['query_ms']:10.1f}{row['rss_mb']:8.0f}"
            f"{row['load_s']:8.1f}{row.get('ndcg10', float('nan')):9.3f}"
        )
    print(json.dumps({"benchmark": "embedding", "passages": options.passages, "rows": rows}))


def _apart(name: str, peers: str) -> dict[str, Any]:
    python = peers if name == "sentence-transformers" else sys.executable
    command = [python, "-m", "benchmarks.embedding", *sys.argv[1:], "--one", name]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        print(f"{name}: {(run.stderr.strip().splitlines() or ['failed'])[-1][:100]}")
        return {}
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
