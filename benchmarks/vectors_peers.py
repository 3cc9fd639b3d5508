"""One other vector store on given vectors; run by ``benchmarks.vectors`` with a Python that has it.

    PYTHON vectors_peers.py NAME VECTORS.npy FOLDER

FOLDER holds ``queries.npy`` and ``best.npy``. Prints one line of JSON. Knows nothing of lsfs.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["LANCE_LOG"] = "error"

import numpy as np


def faiss_flat(made, _folder):
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(made.shape[1])
    index.add(made)
    return lambda query, k: index.search(query[None], k)[1][0]


def usearch(made, _folder):
    from usearch.index import Index

    index = Index(ndim=made.shape[1], metric="ip", dtype="f32")
    index.add(np.arange(len(made)), made, threads=1)
    return lambda query, k: index.search(query, k, threads=1).keys


def sqlite_vec(made, folder):
    import sqlite3

    import sqlite_vec as extension

    db = sqlite3.connect(Path(folder) / "vectors.sqlite")
    db.enable_load_extension(True)
    extension.load(db)
    db.execute(
        f"CREATE VIRTUAL TABLE v USING vec0(e float[{made.shape[1]}] distance_metric=cosine)"
    )
    rows = ((n, vector.tobytes()) for n, vector in enumerate(made))
    db.executemany("INSERT INTO v(rowid, e) VALUES (?, ?)", rows)
    db.commit()
    query = "SELECT rowid FROM v WHERE e MATCH ? AND k = ? ORDER BY distance"
    return lambda q, k: np.array([row[0] for row in db.execute(query, (q.tobytes(), k))])


def chromadb(made, folder):
    import chromadb as chroma

    client = chroma.PersistentClient(folder)
    space = {"hnsw:space": "ip"}
    held = client.create_collection("vectors", metadata=space, embedding_function=None)
    for first in range(0, len(made), 5000):
        part = made[first : first + 5000]
        held.add(ids=[str(first + n) for n in range(len(part))], embeddings=part)
    return lambda query, k: np.array(
        [
            int(one)
            for one in held.query(query_embeddings=query[None], n_results=k, include=[])["ids"][0]
        ]
    )


def lance_ivf_pq(made, folder):
    import lancedb
    import pyarrow as pa
    from lancedb.index import IvfPq

    flat = pa.array(np.asarray(made).reshape(-1), pa.float32())
    rows = {"id": np.arange(len(made)), "v": pa.FixedSizeListArray.from_arrays(flat, made.shape[1])}
    table = lancedb.connect(folder).create_table("t", pa.table(rows))
    # As in benchmarks.scale, which says why.
    config = IvfPq(
        distance_type="cosine",
        num_sub_vectors=made.shape[1] // 4,
        max_iterations=10,
        sample_rate=64,
    )
    table.create_index("v", config=config)

    def search(query, k):
        found = table.search(query).distance_type("cosine").nprobes(20).refine_factor(10)
        return found.limit(k).select(["id", "_distance"]).to_arrow()["id"].to_numpy()

    return search


def main():
    name, vectors, folder = sys.argv[1:4]
    made = np.ascontiguousarray(np.load(vectors, mmap_mode="r"))
    queries = np.load(Path(folder) / "queries.npy")
    best = np.load(Path(folder) / "best.npy")
    with tempfile.TemporaryDirectory() as scratch:
        before = time.process_time()
        search = globals()[name](made, scratch)
        row = {"store": name, "build_s": time.process_time() - before}
        search(queries[0], 10)
        for k in (10, 200):
            before = time.process_time()
            found = [search(query, k) for query in queries]
            row[f"ms_{k}"] = 1000 * (time.process_time() - before) / len(queries)
            if k == 10:
                hits = [len(np.intersect1d(a, b)) for a, b in zip(found, best, strict=True)]
                row["recall"] = sum(hits) / best.size
        files = [path for path in Path(scratch).rglob("*") if path.is_file()]
        row["mb"] = sum(path.stat().st_size for path in files) / 1e6
    print(json.dumps(row))


main()
