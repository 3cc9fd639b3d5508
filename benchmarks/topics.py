"""Topics of texts whose topics are known, and how long they take for many files.

    python -m benchmarks.topics --data FOLDER [--sets N] [--scale N]

FOLDER holds ``xquad.en.json`` (SQuAD format: paragraphs of 48 Wikipedia articles). Paragraphs of 4
to 24 articles drawn at random are grouped without a hint of how many there are; truth is the
article. Adjusted Rand index (Hubert and Arabie 1985) and normalised mutual information against it,
by meaning and by words alone, and for the true number of topics. Beside them, where scikit-learn is
installed, its KMeans and BisectingKMeans on the same vectors (with the true number: they do not
find it). ``--scale`` makes a catalog of so many documents with five passages each and vectors
around 200 middles, and measures the whole way from the catalog to stored topics with labels. Prints
one table each and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lsfs.index.groups import cluster, topics
from lsfs.index.groups.documents import BUCKETS, _bucketed
from lsfs.index.meaning.embed import load
from lsfs.index.store.catalog import Catalog
from lsfs.llm.files import models
from lsfs.paths import user_cache

ARTICLES = (4, 8, 12, 16, 24)
PASSAGES, MIDDLES, DIMENSION = 5, 200, 384


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--sets", type=int, default=5, help="sets drawn for each number of articles"
    )
    parser.add_argument("--scale", type=int, default=0, help="documents of the made catalog")
    options = parser.parse_args()
    result: dict[str, Any] = {"quality": quality(options.data, options.sets)}
    if options.scale:
        result["scale"] = scale(options.scale)
    print(json.dumps(result))


def quality(data: Path, sets: int) -> dict[str, list[float]]:
    """Mean ARI, NMI and number of topics found for each true one, by method."""
    paragraphs = [
        (article["title"], paragraph["context"])
        for article in json.loads((data / "xquad.en.json").read_text())["data"]
        for paragraph in article["paragraphs"]
    ]
    found = models.embed_model_folder("default")
    if found is None:
        raise SystemExit("no embedding model is installed")
    texts = [text for _, text in paragraphs]
    meaning = load(found.path.parent, user_cache()).encode(texts)
    rng = random.Random(4)
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for count in ARTICLES:
        for _ in range(sets):
            chosen = set(rng.sample(sorted({title for title, _ in paragraphs}), count))
            at = [n for n, (title, _) in enumerate(paragraphs) if title in chosen]
            truth = [paragraphs[n][0] for n in at]
            for name, labels in _methods(meaning[at], _by_words([texts[n] for n in at]), count):
                score = ari(truth, labels), nmi(truth, labels), len(set(labels)) / count
                rows.setdefault(name, []).append(score)
    print(f"{sets} sets each of {ARTICLES} articles: ARI, NMI, topics found / articles")
    means = {name: [sum(c) / len(c) for c in zip(*r, strict=True)] for name, r in rows.items()}
    for name, (rand, mutual, share) in means.items():
        print(f"{name:44}{rand:>8.3f}{mutual:>8.3f}{share:>8.2f}")
    return means


def _by_words(texts: Sequence[str]) -> cluster.Matrix:
    counts = np.array([_bucketed(text) for text in texts]).reshape(-1, BUCKETS)
    holding = (counts != 0).sum(axis=0)
    rarity = np.where(holding > 1, np.log((1 + len(counts)) / (1 + holding)), 0)
    return cluster.normalised(counts * rarity)


def _methods(x: cluster.Matrix, words: cluster.Matrix, count: int) -> list[tuple[str, list[int]]]:
    flat, rough = cluster.reduced(x), cluster.reduced(words)
    found = [
        ("lsfs, by meaning", cluster.clustered(flat).labels.tolist()),
        ("lsfs, by meaning, true number", cluster.clustered(flat, count).labels.tolist()),
        ("lsfs, by words", cluster.clustered(rough).labels.tolist()),
    ]
    try:
        from sklearn.cluster import BisectingKMeans, KMeans  # type: ignore[import-not-found]
    except ImportError:
        return found
    for name, method in (("KMeans", KMeans), ("BisectingKMeans", BisectingKMeans)):
        for data, told in ((x, ""), (flat, ", our reduction")):
            labels = method(count, n_init=10, random_state=0).fit_predict(data).tolist()
            found.append((f"scikit-learn {name}{told}, true number", labels))
    return found


def ari(truth: Sequence[Any], found: Sequence[Any]) -> float:
    """The adjusted Rand index of two groupings: 1 for equal ones, 0 for chance."""
    pairs = _pairs(Counter(zip(truth, found, strict=True)))
    true, guessed, every = _pairs(Counter(truth)), _pairs(Counter(found)), math.comb(len(truth), 2)
    expected = true * guessed / every
    return (pairs - expected) / max((true + guessed) / 2 - expected, 1e-12)


def _pairs(counts: Counter[Any]) -> float:
    return sum(math.comb(count, 2) for count in counts.values())


def nmi(truth: Sequence[Any], found: Sequence[Any]) -> float:
    """Mutual information of two groupings, by the mean of their entropies."""
    n = len(truth)
    both, one, other = Counter(zip(truth, found, strict=True)), Counter(truth), Counter(found)
    mutual = sum(c / n * math.log(c * n / (one[a] * other[b])) for (a, b), c in both.items())
    entropy = sum(-c / n * math.log(c / n) for counts in (one, other) for c in counts.values())
    return 2 * mutual / entropy if entropy else 1.0


class _Vectors:
    """Vectors of passages around middles, made when they are asked for."""

    dimension = DIMENSION

    def __init__(self) -> None:
        self._middles = np.random.default_rng(1).normal(size=(MIDDLES, DIMENSION))

    def many(self, ids: cluster.Labels) -> tuple[cluster.Labels, cluster.Matrix]:
        rng = np.random.default_rng(int(ids[0]))
        noise = rng.normal(size=(len(ids), DIMENSION))
        found = self._middles[(ids // PASSAGES) % MIDDLES] + noise
        return ids, cluster.normalised(found.astype(np.float32))


def scale(count: int) -> dict[str, float]:
    """Seconds of the first topics, of the next call, and of a thousand new documents."""
    vectors: Any = _Vectors()
    with tempfile.TemporaryDirectory() as place:
        catalog = Catalog(Path(place, "catalog.sqlite"))
        _fill(catalog, 0, count)
        seconds = {"first": _timed(lambda: topics.refresh(catalog, vectors, "made"))}
        seconds["again"] = _timed(lambda: topics.refresh(catalog, vectors, "made"))
        _fill(catalog, count, count + 1000)
        seconds["1000 new"] = _timed(lambda: topics.refresh(catalog, vectors, "made"))
        seconds["topics"] = len(topics.topics(catalog))
        catalog.close()
    seconds["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} documents: " + ", ".join(f"{k} {v:.1f}" for k, v in seconds.items()))
    return seconds


def _fill(catalog: Catalog, first: int, last: int) -> None:
    rng = random.Random(first)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [f"{a}{b}ren{b}{a}l" for a in letters for b in letters]
    with catalog.transaction() as db:
        for n in range(first, last):
            own = words[3 * (n % MIDDLES) : 3 * (n % MIDDLES) + 3]
            _insert(db, "document", [{"id": n + 1, "digest": n.to_bytes(32, "big")}])
            path = f"{n:08}.txt".encode()
            _insert(db, "file", [{"path": path, "document_id": n + 1, "status": "ok"}])
            rows = [
                {
                    "id": n * PASSAGES + part, "document_id": n + 1, "ordinal": part, "embedded": 1,
                    "text": " ".join(rng.choices(words, k=60) + own * 3),
                }
                for part in range(PASSAGES)
            ]  # fmt: skip
            _insert(db, "passage", rows)


def _insert(db: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows; what a column must have and none of them says is empty."""
    empty = {"INTEGER": 0, "TEXT": "", "BLOB": b"", "REAL": 0.0}
    columns = db.execute(f"PRAGMA table_info({table})").fetchall()
    needed = {name: empty[kind] for _, name, kind, must, value, key in columns
              if must and value is None and not key}  # fmt: skip
    full = [needed | row for row in rows]
    names, marks = ", ".join(full[0]), ", ".join("?" * len(full[0]))
    statement = f"INSERT INTO {table}({names}) VALUES ({marks})"
    db.executemany(statement, [list(row.values()) for row in full])


def _timed(run: Any) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
