"""The steps of ``benchmarks.scale``: made vectors, what is built from them, and what is asked.

Each step is run in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import json
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.index.meaning import codes

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]
Result = dict[str, Any]
Search = Callable[[Matrix, int], Rows]

DIMENSION = 384  # MiniLM's
CHUNK = 50_000  # vectors that are in memory at once
QUERIES, WARMING, EXACT = 200, 20, 20
WIDE = 50  # queries for the 200 nearest, which a search takes before it fuses
TOPICS, ASPECTS = 20_000, 4_000
DECAY, NOISE = 0.4, 0.6
SHARES = (codes.SHARE, 400, 1600)  # one in so many vectors is scored after the coarse stage
# Partitions that are looked at, and the refine factor.
PROBES = ((20, 10), (20, 4), (50, 10), (200, 10), (200, 4))
MORE = 2048  # vectors that are added to what is there, as the product adds them
NAME, COLUMN = "made", "vector"
# Of IVF_PQ: one byte for so many numbers. Of 100,000 vectors, with refine 10, recall is .77 with
# one for 16 (Lance's default), .93 with one for 8 and .999 with one for 4. Training is most of the
# work: 10 rounds over a sample of 64 vectors a centre give the recall of Lance's 50 and 256 (.998)
# in a quarter of the time.
NUMBERS_A_BYTE, ROUNDS, SAMPLE = 4, 10, 64


class Made:
    """Vectors like those of passages, made again from the seed whenever they are wanted.

    Each is a topic (some are frequent, by Zipf's law), three aspects of it in varying shares, and
    noise. Topics and aspects have a spectrum that decays, so that they vary in about 90 dimensions,
    as MiniLM's vectors of abstracts do (participation ratio of the covariance, 2,000 passages: 95).

    Args:
        seed: of all that is random.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        rng = np.random.default_rng([seed, 0])
        spectrum = (1 + np.arange(DIMENSION, dtype=np.float32)) ** -DECAY
        turned = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))[0].astype(np.float32)
        basis = spectrum[:, None] * turned
        self._topics = _unit(rng.standard_normal((TOPICS, DIMENSION), np.float32) @ basis)
        self._aspects = _unit(rng.standard_normal((ASPECTS, DIMENSION), np.float32) @ basis)

    def chunk(self, number: int, size: int) -> Matrix:
        """Vectors of length 1, [size, dimension]; those of a number are always the same."""
        rng = np.random.default_rng([self._seed, 1, number])
        rank = np.exp(rng.random(size) * np.log(TOPICS)).astype(np.int64)
        made: Matrix = self._topics[np.minimum(rank, TOPICS) - 1]
        for weights in rng.uniform(0.2, 0.9, (3, size, 1)).astype(np.float32):
            made += weights * self._aspects[rng.integers(ASPECTS, size=size)]
        noise = rng.standard_normal(made.shape, np.float32)
        made += np.float32(NOISE / np.sqrt(DIMENSION)) * noise
        return _unit(made)

    def chunks(self, n: int) -> Iterator[tuple[int, Matrix]]:
        """The first n vectors, with the number of the first of each chunk."""
        for first in range(0, n, CHUNK):
            yield first, self.chunk(first // CHUNK, min(CHUNK, n - first))

    def queries(self) -> Matrix:
        """Vectors that are asked for, none of them stored, [WARMING + QUERIES, dimension]."""
        return self.chunk(1_000_000, WARMING + QUERIES)


def _unit(vectors: Matrix) -> Matrix:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


class Clock:
    """CPU seconds of all threads, and seconds by the clock, of what runs within it."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    def __enter__(self) -> Clock:
        self._begun = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu += time.process_time() - self._begun[0]
        self.wall += time.perf_counter() - self._begun[1]

    def told(self) -> Result:
        """Both."""
        return {"cpu_s": self.cpu, "wall_s": self.wall}


def memory() -> Result:
    """MiB of this process: now, of its own and of files that are mapped, and the most it had."""
    status = Path("/proc/self/status").read_text()
    own, mapped = (
        int(status.split(f"{name}:")[1].split()[0]) / 1024 for name in ("RssAnon", "RssFile")
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"own_mib": own, "mapped_mib": mapped, "peak_mib": peak}


def size(path: Path) -> int:
    """Bytes of a file or of all below a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


def timed(search: Search, queries: Matrix, truth: Rows) -> Result:
    """Milliseconds of CPU and by the clock, p50 and p95 over the queries, and recall@10.

    Args:
        queries: the first :data:`WARMING` are not counted.
        truth: the ten nearest of each of the others, [QUERIES, 10].
    """
    for query in queries[:WARMING]:
        search(query, 10)
    told: Result = {}
    for k, asked in ((10, queries[WARMING:]), (200, queries[WARMING:][:WIDE])):
        clocks, found = [], []
        for query in asked:
            with Clock() as clock:
                found.append(search(query, k)[:10])
            clocks.append((1000 * clock.cpu, 1000 * clock.wall))
        cpu, wall = np.array(clocks).T
        for name, took in (("cpu_ms", cpu), ("wall_ms", wall)):
            told |= {f"{name}_{k}_p{p}": float(np.percentile(took, p)) for p in (50, 95)}
        if k == 10:
            hits = [len(np.intersect1d(a, b)) for a, b in zip(found, truth, strict=True)]
            told["recall"] = sum(hits) / truth.size
    return told


# --- the steps


def write(place: Path, n: int, seed: int) -> Result:
    """Make the vectors, store them, and find the truth, chunk by chunk."""
    import lancedb
    import pyarrow as pa

    made = Made(seed)
    queries = made.queries()[WARMING:]
    kind = pa.list_(pa.float32(), DIMENSION)
    schema = pa.schema([("passage_id", pa.int64()), (COLUMN, kind)])
    table = lancedb.connect(str(place / "lance")).create_table(NAME, schema=schema)
    (place / "parts").mkdir(exist_ok=True)
    stored, coded, scanned = Clock(), Clock(), np.zeros((EXACT, 2))
    best, scores = np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32)
    for first, vectors in made.chunks(n):
        ids = np.arange(first, first + len(vectors))
        with stored:
            flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), DIMENSION)
            table.add(pa.table([pa.array(ids), flat], schema=schema))
        with coded:
            part = codes.Codes.of(ids, vectors)
            codes.write(place / "parts" / f"{first}.codes", "", [part], DIMENSION)
        scanned += _scan(vectors, queries[:EXACT])
        top, near = _highest(queries @ vectors.T)
        best, scores = _highest(np.hstack([scores, near]), np.hstack([best, top + first]))
    np.save(place / "truth.npy", best)
    cpu, wall = (1000 * scanned).T
    return {
        "store": stored.told() | {"bytes": size(place / "lance") / n},
        "code": coded.told(),
        "exact": {
            "cpu_ms_10_p50": float(np.percentile(cpu, 50)),
            "cpu_ms_10_p95": float(np.percentile(cpu, 95)),
            "wall_ms_10_p50": float(np.percentile(wall, 50)),
            "wall_ms_10_p95": float(np.percentile(wall, 95)),
        },
        "cosines": {f"of {k}": float(scores[:, k - 1].mean()) for k in (1, 10)},
        **memory(),
    }


def _scan(vectors: Matrix, queries: Matrix) -> NDArray[np.float64]:
    """Seconds that one chunk takes for each query alone, CPU and by the clock, [EXACT, 2]."""
    took = []
    for query in queries:
        with Clock() as clock:
            codes.best(vectors @ query, 10)
        took.append((clock.cpu, clock.wall))
    return np.array(took)


def _highest(scores: Matrix, ids: Rows | None = None) -> tuple[Rows, Matrix]:
    """The ten highest of each row: their ids, by default columns, and themselves, [n, 10]."""
    top = np.argpartition(-scores, 9, axis=1)[:, :10]
    kept = np.take_along_axis(scores, top, 1)
    order = np.argsort(-kept, axis=1)
    top = np.take_along_axis(top, order, 1)
    found = top if ids is None else np.take_along_axis(ids, top, 1)
    return found, np.take_along_axis(kept, order, 1)


def build_codes(place: Path, n: int, seed: int) -> Result:
    """Join the parts to one file of codes, as the product does when it folds."""
    parts = []
    for path in sorted((place / "parts").iterdir(), key=lambda path: int(path.stem)):
        found = codes.mapped(path, DIMENSION)
        if found is None:
            raise OSError(f"{path} is not whole")
        parts.append(found[0])
    with Clock() as clock:
        codes.write(place / "all.codes", "", parts, DIMENSION)
    shutil.rmtree(place / "parts")
    return {**clock.told(), "bytes": size(place / "all.codes") / n, **memory()}


def ask_codes(place: Path, n: int, seed: int) -> Result:
    """Search the file of codes, with candidates of several numbers."""
    begun = time.perf_counter()
    found = codes.mapped(place / "all.codes", DIMENSION)
    assert found is not None
    held, rows = found[0], np.arange(n)
    queries, truth = Made(seed).queries(), np.load(place / "truth.npy")
    held.nearest(queries[0], 10, rows)
    told: Result = {"first_s": time.perf_counter() - begun}
    for share in SHARES:
        codes.SHARE = share
        row = timed(lambda query, k: held.nearest(query, k, rows)[0], queries, truth)
        told[f"1 in {share}"] = row | {"candidates": min(n, max(codes.FEW, n // share))}
    return told | memory()


def _table(place: Path) -> Any:
    import lancedb

    return lancedb.connect(str(place / "lance")).open_table(NAME)


def build_ivf(place: Path, n: int, seed: int) -> Result:
    """Build Lance's IVF_PQ; partitions of about 8,192 vectors, as it takes by default."""
    from lancedb.index import IvfPq

    table, before = _table(place), size(place / "lance")
    config = IvfPq(
        distance_type="cosine", num_sub_vectors=DIMENSION // NUMBERS_A_BYTE,
        max_iterations=ROUNDS, sample_rate=SAMPLE,
    )  # fmt: skip
    with Clock() as clock:
        table.create_index(COLUMN, config=config)
    return {**clock.told(), "bytes": (size(place / "lance") - before) / n, **memory()}


def ask_ivf(place: Path, n: int, seed: int) -> Result:
    """Search by IVF_PQ, with several numbers of partitions."""
    begun = time.perf_counter()
    table = _table(place)
    queries, truth = Made(seed).queries(), np.load(place / "truth.npy")

    def search(query: Matrix, k: int, probes: int = 20, refine: int = 10) -> Rows:
        asked = table.search(query).distance_type("cosine").nprobes(probes).refine_factor(refine)
        ids = asked.limit(k).select(["passage_id", "_distance"]).to_arrow()["passage_id"]
        return np.asarray(ids.to_numpy(), np.int64)

    search(queries[0], 10)
    told: Result = {"first_s": time.perf_counter() - begun}
    for probes, refine in PROBES:
        told[f"{probes} probes, refine {refine}"] = timed(
            lambda query, k, p=probes, r=refine: search(query, k, p, r),  # type: ignore[misc]
            queries, truth,
        )  # fmt: skip
    return told | memory()


def grow(place: Path, n: int, seed: int) -> Result:
    """Add some vectors to what is there, as the product does; bring the index in step."""
    import pyarrow as pa

    table = _table(place)
    vectors = Made(seed).chunk(2_000_000, MORE)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), DIMENSION)
    rows = pa.table([pa.array(np.arange(n, n + MORE)), flat], schema=table.schema)
    with Clock() as stored:
        merge = table.merge_insert("passage_id")
        merge.when_matched_update_all().when_not_matched_insert_all().execute(rows)
    return {"store": stored.told(), **memory()}


STEPS: dict[str, Callable[[Path, int, int], Result]] = {
    "write": write, "build codes": build_codes, "ask codes": ask_codes,
    "build ivf_pq": build_ivf, "ask ivf_pq": ask_ivf, "grow": grow,
}  # fmt: skip


def run(name: str, place: Path, n: int, seed: int) -> Result:
    """Run a step, and keep what it says beside what it made."""
    told = STEPS[name](place, n, seed)
    (place / f"{name}.json").write_text(json.dumps(told), encoding="utf-8")
    return told
