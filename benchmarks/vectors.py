"""The vector store at 10,000, 100,000 and 1,000,000 passages, beside numpy and other stores.

    python -m benchmarks.vectors FOLDER [--sizes 10000,100000,1000000] [--peers PYTHON]

FOLDER holds ``corpus.json`` and ``queries.json`` ({id: text}). Its texts are embedded by the
installed MiniLM; more vectors are made as mixtures of two or three of these with some noise, for
purely random ones are no nearer to one than to another, and say nothing. The queries are real ones.
Recall is that of the ten best against exact float32; time is CPU time of one query, in
milliseconds, for k = 10 and for the 200 that the search asks for. Filters allow a random share of
the passages.
``--peers`` is a Python that has faiss, usearch, sqlite-vec or chromadb: those there are measured on
the same vectors (see ``benchmarks.vectors_peers``).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.config import ModelConfig
from lsfs.index.meaning.vectors import VectorStore
from lsfs.syscalls import embedders

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]

SEED = 20_261_127
PASSAGE = 400  # characters
QUERIES = 60
BLOCK = 50_000
SHARES = (1.0, 0.5, 0.1, 0.01)


def real(folder: Path, most: int) -> tuple[Matrix, Matrix]:
    """Vectors of passages and of queries."""
    embedder = embedders.load(ModelConfig())
    if embedder is None:
        raise SystemExit("MiniLM is not installed")
    texts = [str(text) for text in json.loads((folder / "corpus.json").read_text()).values()]
    cut = [text[i : i + PASSAGE] for text in texts for i in range(0, len(text), PASSAGE)][:most]
    queries = list(json.loads((folder / "queries.json").read_text()).values())[:QUERIES]
    return embedder.encode(cut), np.stack([embedder.encode_query(text) for text in queries])


def mixtures(passages: Matrix, path: Path, n: int) -> Matrix:
    """n vectors like those of passages, in a file that is mapped."""
    rng = np.random.default_rng(SEED)
    made = np.lib.format.open_memmap(path, "w+", np.float32, (n, passages.shape[1]))
    for first in range(0, n, BLOCK):
        size = min(BLOCK, n - first)
        weights = rng.uniform(0.2, 0.9, (2, size, 1)).astype(np.float32)
        mixed = passages[rng.integers(len(passages), size=size)].copy()
        for weight in (weights[0], weights[0] * weights[1]):
            mixed += weight * passages[rng.integers(len(passages), size=size)]
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        mixed += 0.15 * rng.standard_normal(mixed.shape, np.float32) / np.sqrt(mixed.shape[1])
        made[first : first + size] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    made.flush()
    return made


def exact(made: Matrix, queries: Matrix, rows: Rows | None) -> list[Rows]:
    """The ten best of ``rows`` for each query."""
    seen = np.arange(len(made)) if rows is None else rows
    scores = np.concatenate(
        [made[seen[i : i + BLOCK]] @ queries.T for i in range(0, len(seen), BLOCK)]
    )
    top = np.argpartition(-scores, min(10, len(seen) - 1), axis=0)[:10]
    return [seen[top[:, q]] for q in range(len(queries))]


def measured(
    search: Callable[[Matrix, int], Rows], queries: Matrix, best: list[Rows]
) -> dict[str, float]:
    """CPU milliseconds of a query, and recall."""
    search(queries[0], 10)
    took = {}
    for k in (10, 200):
        before = time.process_time()
        found = [search(query, k) for query in queries]
        took[f"ms_{k}"] = 1000 * (time.process_time() - before) / len(queries)
        if k == 10:
            hits = [len(np.intersect1d(a, b)) for a, b in zip(found, best, strict=True)]
            took["recall"] = sum(hits) / sum(len(rows) for rows in best)
    return took


def of_lsfs(made: Matrix, queries: Matrix, folder: Path) -> list[dict[str, Any]]:
    """The store, with filters of several widths, and opened again."""
    before = time.process_time()
    store = VectorStore(folder, made.shape[1])
    for first in range(0, len(made), BLOCK):
        store.upsert(np.arange(first, min(first + BLOCK, len(made))), made[first : first + BLOCK])
    store.settle()
    build = time.process_time() - before
    before = time.perf_counter()
    store = VectorStore(folder, made.shape[1])
    opened = len(store)
    reopened = time.perf_counter() - before
    assert opened == len(made)
    rng = np.random.default_rng(SEED)
    rows = []
    for share in SHARES:
        allowed = None if share == 1 else np.flatnonzero(rng.random(len(made)) < share)
        best = exact(made, queries, allowed)
        took = measured(lambda q, k, a=allowed: store.search(q, k, a)[0], queries, best)  # type: ignore[misc]
        rows.append({"store": f"lsfs, {share:.0%} allowed", **took})
    rows[0] |= {
        "build_s": build, "open_s": reopened, "mb": _size(folder) / 1e6,
        "codes_mb": _size(folder, ".codes") / 1e6,
    }  # fmt: skip
    return rows


def of_numpy(made: Matrix, queries: Matrix) -> dict[str, Any]:
    """All float32 in memory, scanned."""
    held = np.ascontiguousarray(made)

    def search(query: Matrix, k: int) -> Rows:
        scores = held @ query
        top = np.argpartition(-scores, k)[:k]
        return top[np.argsort(-scores[top])]

    return {"store": "numpy exact", **measured(search, queries, exact(made, queries, None))}


def of_peers(python: str, vectors: Path, queries: Matrix, best: list[Rows]) -> list[dict[str, Any]]:
    """Other stores, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "queries.npy", queries)
        np.save(Path(folder) / "best.npy", np.stack(best))
        peers = Path(__file__).with_name("vectors_peers.py")
        rows = []
        for name in ("faiss_flat", "usearch", "sqlite_vec", "chromadb", "lance_ivf_pq"):
            run = subprocess.run(
                [python, str(peers), name, str(vectors), folder], capture_output=True, text=True
            )
            if run.returncode == 0:
                rows.append(json.loads(run.stdout.splitlines()[-1]))
            else:
                print(f"{name}: {(run.stderr.strip().splitlines() or ['failed'])[-1][:100]}")
        return rows


def _size(folder: Path, suffix: str = "") -> int:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files if path.name.endswith(suffix))


def _rss() -> float:
    """Memory of this process that no file backs, in MB."""
    text = Path("/proc/self/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) / 1000


def show(n: int, rows: list[dict[str, Any]]) -> None:
    """One table."""
    print(f"\n{n:,} vectors          ms k=10   k=200  recall@10   build s    MB")
    for row in rows:
        extra = "".join(f"{row[key]:9.1f}" for key in ("build_s", "mb") if key in row)
        print(
            f"{row['store']:24}{row['ms_10']:9.2f}{row['ms_200']:9.2f}{row['recall']:9.3f} {extra}"
        )


def main() -> None:
    """Measure, print a table for each size, and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--passages", type=int, default=2000, help="real passages to mix")
    parser.add_argument("--peers", default="", metavar="PYTHON")
    parser.add_argument("--peers-up-to", type=int, default=100_000, metavar="N")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    passages, queries = real(options.folder, options.passages)
    report = []
    with tempfile.TemporaryDirectory() as scratch:
        for n in map(int, options.sizes.split(",")):
            path = Path(scratch) / "made.npy"
            made, before = mixtures(passages, path, n), _rss()
            rows = of_lsfs(made, queries, Path(scratch) / f"vectors-{n}.lance")
            rows[0]["anon_mb"] = _rss() - before
            rows.append(of_numpy(made, queries))
            if options.peers and n <= options.peers_up_to:
                rows += of_peers(options.peers, path, queries, exact(made, queries, None))
            show(n, rows)
            report.append({"n": n, "rows": rows})
    print(json.dumps({"benchmark": "vectors", "seed": SEED, "sizes": report}))


if __name__ == "__main__":
    main()
