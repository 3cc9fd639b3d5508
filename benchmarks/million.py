"""A million passages through the whole product: catalog, full text, vectors, search.

    python -m benchmarks.million FOLDER... [--passages 1000000] [--seed 1] [--keep PLACE]

FOLDERs are sets with ``corpus.json`` and ``queries.json`` ({id: text}); texts are made of their
sentences (see :mod:`benchmarks.million_texts`), and half of the queries are theirs, half are words
of passages that were written. The pipeline is the product's own in every step but one: the vectors
are of a stand-in for the embedding model, a random projection of word counts, for MiniLM would take
hours (``benchmarks.embedding`` says how many passages a second it does). What is near by words is
near by these vectors, and what is not is not: recall is that of the store against all float32.
``--stores`` writes catalog and vectors without the pipeline (:mod:`benchmarks.million_stores`).

Each step runs in a process of its own, whose memory is its own: ``index`` makes the index (and
another process asks it meanwhile), ``ask`` opens it and searches, ``follow`` is what a mounted
drive has, and ``command`` is ``lsfs search`` without a mount. A table for each, and one line of
JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import logging
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

import lsfs
from benchmarks import million_stores, million_texts
from lsfs.config import Config, ModelConfig
from lsfs.index.find.terms import STOP_WORDS, query_words
from lsfs.syscalls import embedders

DIMENSION = 384  # MiniLM's
QUERIES = 40  # of each kind
EXACT = 30  # queries whose nearest are computed from all vectors
BLOCK = 50_000
MODES = ("keyword", "semantic", "hybrid")
FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "folder, 5 %": {"dir": "part07"},
    "type, 25 %": {"type": ("md",)},
    "a year, 10 %": {"after": "2020-01-01", "before": "2021-01-01"},
}

Vectors = NDArray[np.float32]
Result = dict[str, Any]


class Projection:
    """The stand-in: a random projection of the counts of words that carry meaning."""

    name = "benchmark/random-projection"
    dimension = DIMENSION

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, [len(texts), dimension]."""
        return np.stack([self.encode_query(text) for text in texts])

    def knows(self, word: str) -> bool:
        """There is no vocabulary."""
        return False

    def encode_query(self, text: str) -> Vectors:
        """The vector of a text, [dimension]."""
        words = [word for word in query_words(text) if word not in STOP_WORDS] or [text]
        signs = np.frombuffer(b"".join(map(_signs, words)), np.uint8)
        total = np.unpackbits(signs).reshape(-1, DIMENSION).sum(axis=0, dtype=np.float32)
        vector: Vectors = 2 * total - len(words) + np.float32(1e-3)
        return vector / np.linalg.norm(vector)


@lru_cache(maxsize=1 << 16)
def _signs(word: str) -> bytes:
    return hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=DIMENSION // 8).digest()


def stand_in() -> None:
    """Have the product take the stand-in for its embedding model, in this process."""
    embedders.load = lambda config, residents=None: Projection()


def opened(place: Path) -> lsfs.Drive:
    """The drive of the benchmark."""
    config = replace(Config(), model=ModelConfig(chat="none"))
    return lsfs.open(place / "tree", config=config, state=str(place / "state"))


def memory() -> Result:
    """The most memory that this process had, and that any of its children had, in MiB."""
    own, children = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {"peak MiB": own, "peak MiB of a child": children, "anonymous MiB": _anonymous()}


def _anonymous() -> float:
    """Memory that no file backs: what is mapped can be dropped at any time."""
    text = Path("/proc/self/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) / 1024


# --- the steps, each in a process of its own


def index(place: Path, _: Result) -> Result:
    """Index the tree from nothing."""
    stages: dict[str, float] = {}
    begun, cpu = time.monotonic(), time.process_time()
    last = begun

    def note(event: Result) -> None:
        nonlocal last
        now = time.monotonic()
        stage = str(event.get("stage", ""))
        stages[stage] = stages.get(stage, 0.0) + now - last
        last = now

    config = replace(Config(), model=ModelConfig(chat="none"))
    with lsfs.open(
        place / "tree", config=config, state=str(place / "state"), on_event=note
    ) as drive:
        drive.wait_indexed()
        counts = drive.status().index
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall s": time.monotonic() - begun,
        "CPU s": time.process_time() - cpu,
        "CPU s of children": children.ru_utime + children.ru_stime,
        **{f"{name} s": took for name, took in stages.items() if name},
        "passages": counts["passages"],
        **memory(),
    }


def stores(place: Path, _: Result) -> Result:
    """Write the index through the product's stores, without its pipeline."""
    begun = time.monotonic()
    told = million_stores.write(place, Projection())
    return {**told, "wall s": time.monotonic() - begun, **memory()}


def ask(place: Path, made: Result) -> Result:
    """Open the index and search it."""
    queries = made["queries"]
    begun, cpu = time.monotonic(), time.process_time()
    with opened(place) as drive:
        drive.retrieve(queries[0], k=10)
        told: Result = {
            "first answer s": time.monotonic() - begun,
            "first answer CPU s": time.process_time() - cpu,
        }
        rows = {}
        for label, given in FILTERS.items():
            for mode in MODES:
                search = partial(drive.retrieve, k=10, mode=mode, **given)
                rows[f"{mode}, {label}"] = timed(search, queries)
        told |= {"latency": rows, **memory()}
        told["found again"] = statistics.mean(
            any(hit.path == path for hit in drive.retrieve(text, k=10).hits)
            for text, path in made["known"][:QUERIES]
        )
    told["recall@10"] = recall(place, queries[:EXACT])
    return told


def timed(search: Callable[[str], object], queries: Sequence[str]) -> dict[str, float]:
    """Milliseconds of CPU and by the clock, p50 and p95 over the queries."""
    search(queries[-1])
    cpu, wall = [], []
    for text in queries:
        before = time.process_time(), time.perf_counter()
        search(text)
        cpu.append(1000 * (time.process_time() - before[0]))
        wall.append(1000 * (time.perf_counter() - before[1]))
    return {
        f"{name} p{p}": float(np.percentile(values, p))
        for name, values in (("CPU", cpu), ("wall", wall))
        for p in (50, 95)
    }


def recall(place: Path, queries: Sequence[str]) -> float:
    """The share of the ten nearest that the store finds, against all float32 in LanceDB."""
    import lancedb

    from lsfs.index.meaning.vectors import VectorStore, table_of

    folder, table = place / "state" / "vectors.lance", table_of(Projection.name)
    store = VectorStore(folder, DIMENSION, table=table, read_only=True)
    vectors = np.stack([Projection().encode_query(text) for text in queries])
    best: list[tuple[Vectors, NDArray[np.int64]]] = []
    rows = lancedb.connect(str(folder)).open_table(table).search()
    for batch in rows.select(["passage_id", "vector"]).to_batches(BLOCK):
        ids = batch.column("passage_id").to_numpy()
        flat = batch.column("vector").flatten().to_numpy()
        best.append((flat.reshape(-1, DIMENSION) @ vectors.T, ids))
    scores = np.concatenate([one for one, _ in best])
    ids = np.concatenate([one for _, one in best])
    hits = 0.0
    for column, vector in enumerate(vectors):
        tenth = np.partition(scores[:, column], -10)[-10]
        near = set(ids[scores[:, column] >= tenth - 1e-6].tolist())  # equal ones count
        hits += sum(id_ in near for id_ in store.search(vector, 10)[0].tolist())
    return hits / (10 * len(queries))


def follow(place: Path, made: Result) -> Result:
    """What a mounted drive has beside it: the process that follows the files and answers."""
    from lsfs.drives import DriveRecord
    from lsfs.paths import StatePaths
    from lsfs.serve.brain import serving
    from lsfs.syscalls.drive import run
    from lsfs.syscalls.engines import Call

    record = DriveRecord(place / "tree", StatePaths(place / "state"))
    config = replace(Config(), model=ModelConfig(chat="none"))
    begun, cpu = time.monotonic(), time.process_time()
    with serving(record, config) as engines:
        engines.indexer.wait(lambda _: None, None)
        told: Result = {
            "in step s": time.monotonic() - begun,
            "in step CPU s": time.process_time() - cpu,
            "at rest MiB": _anonymous(),
        }
        word = "quixotically"
        (place / "tree" / "part03" / "new.txt").write_text(f"A {word} new note.\n")
        begun = time.monotonic()
        request = {"query": word, "mode": "keyword"}
        while not run(Call(engines), "retrieve", request).hits:
            time.sleep(0.05)
        told["new file found s"] = time.monotonic() - begun
        (place / "tree" / "part03" / "new.txt").unlink()
        begun, cpu = time.monotonic(), time.process_time()
        engines.indexer.wait(lambda _: None, None)
        told |= {"a look s": time.monotonic() - begun, "a look CPU s": time.process_time() - cpu}
        for text in made["queries"]:
            run(Call(engines), "retrieve", {"query": text, "dir": "part07"})
        return told | memory()


def command(place: Path, made: Result) -> Result:
    """One ``lsfs search`` without a mount, as it is run from a shell."""
    from lsfs_cli.main import main as lsfs_main

    begun = time.process_time()
    where = ["--drive", str(place / "tree"), "--state", str(place / "state")]
    sys.argv = ["lsfs", *where, "search", made["queries"][1]]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        lsfs_main()
    return {"CPU s": time.process_time() - begun, **memory()}


STEPS = {"index": index, "stores": stores, "ask": ask, "follow": follow, "command": command}


# --- the whole


def run_step(name: str, place: Path) -> Result:
    """Run a step in a process of its own."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.million", "--step", name, "--keep", str(place)]
    environment = {**os.environ, "LSFS_MODEL_CHAT": "none"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    told: Result = json.loads(done.stdout.splitlines()[-1])
    return {**told, "process s": time.monotonic() - begun}


def first_answer(place: Path, queries: Sequence[str], done: threading.Event) -> float | None:
    """Seconds until somebody else first gets a hit."""
    begun = time.monotonic()
    while not done.wait(0.5):
        if (place / "state" / "catalog.sqlite").exists():
            with opened(place) as drive:
                if drive.retrieve(queries[0], k=1).hits:
                    return time.monotonic() - begun
    return None


def made_index(place: Path, queries: Sequence[str]) -> Result:
    """Index, and ask meanwhile."""
    done = threading.Event()
    answered: list[float | None] = []
    asking = threading.Thread(target=lambda: answered.append(first_answer(place, queries, done)))
    asking.start()
    try:
        told = run_step("index", place)
    finally:
        done.set()
        asking.join()
    return {**told, "first answer s": answered[0] if answered else None}


def sizes(state: Path) -> dict[str, float]:
    """MiB of each store."""
    found: dict[str, float] = {}
    for path in state.rglob("*"):
        if path.is_file():
            name = path.relative_to(state).parts[0].removesuffix("-wal").removesuffix("-shm")
            name = "codes" if path.suffix == ".codes" else name
            found[name] = found.get(name, 0.0) + path.lstat().st_blocks * 512 / 2**20
    return {name: size for name, size in sorted(found.items()) if size >= 0.05}


def prepare(place: Path, folders: Sequence[Path], passages: int, seed: int) -> Result:
    """Write the tree, and what is asked of it."""
    made = million_texts.write(place / "tree", folders, passages, seed)
    asked = [
        text
        for folder in folders
        for text in json.loads((folder / "queries.json").read_text(encoding="utf-8")).values()
    ]
    chance = random.Random(f"queries {seed}")
    known = made.known[:]
    chance.shuffle(known)
    queries = [text for text, _ in known[:QUERIES]] + chance.sample(asked, QUERIES)
    chance.shuffle(queries)
    plan = {
        "files": made.files, "passages": made.passages, "MiB": made.size / 2**20,
        "queries": queries, "known": known,
    }  # fmt: skip
    (place / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return plan


def show(name: str, told: Result) -> None:
    """Print what a step said."""
    print(f"\n{name}")
    for key, value in told.items():
        if isinstance(value, dict):
            for label, row in value.items():
                cells = row.items() if isinstance(row, dict) else [("MiB", row)]
                print(f"  {label:28}" + "".join(f"{k:>10} {v:8.1f}" for k, v in cells))
        elif value is not None:
            print(f"  {key:28}{value:12.3f}")
    sys.stdout.flush()


def measure(place: Path, options: argparse.Namespace) -> Result:
    """All steps, one after the other."""
    if (place / "plan.json").exists():
        plan = json.loads((place / "plan.json").read_text(encoding="utf-8"))
    else:
        plan = prepare(place, options.folders, options.passages, options.seed)
    report: Result = {"written": {k: plan[k] for k in ("files", "passages", "MiB")}}
    show("written", report["written"])
    if not (place / "state").exists():
        whole = not options.stores
        report["index"] = made_index(place, plan["queries"]) if whole else run_step("stores", place)
        show("index", report["index"])
    report["stores"] = {"disk": sizes(place / "state")}
    show("stores", report["stores"])
    for name in ("ask", "follow", "command", "command"):
        report[name] = run_step(name, place)
        show(name, report[name])
    return report


def main() -> None:
    """Run, print, and give one line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER")
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="PLACE", help="keep all here, and go on there")
    parser.add_argument("--stores", action="store_true", help="write them without the pipeline")
    parser.add_argument("--step", choices=sorted(STEPS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    stand_in()
    if options.step:
        plan = json.loads((options.keep / "plan.json").read_text(encoding="utf-8"))
        print(json.dumps(STEPS[options.step](options.keep, plan)))
        return
    logging.getLogger("lsfs").setLevel(logging.ERROR)
    place = options.keep or Path(tempfile.mkdtemp(prefix="lsfs-million-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        report = measure(place, options)
        print(json.dumps({"benchmark": "million", "seed": options.seed, **report}))
    finally:
        if options.keep is None:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
