"""Searches a set with one engine, in a process of its own; runs in any Python that has the engine.

Called by benchmarks.retrieval with the interpreter of the engines, which need not have lsfs:

    PYTHON retrieval_peers.py --list
    PYTHON retrieval_peers.py ENGINE FOLDER OUT.json

FOLDER holds task.json {texts, queries}; texts.npy and queries.npy for engines that take vectors.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEEP = 100
Search = Callable[[int, str], list[int]]  # number and text of a query to documents, best first


def main(arguments: list[str]) -> None:
    """List the engines that are here, or search with one."""
    if arguments == ["--list"]:
        here = [name for name, (module, _) in ENGINES.items() if importlib.util.find_spec(module)]
        sys.stdout.write(json.dumps(here))
        return
    name, folder, target = arguments
    task = json.loads((Path(folder) / "task.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as place:
        search = ENGINES[name][1](task["texts"], Path(folder), Path(place))
        started = time.process_time()
        ranked = [search(n, text) for n, text in enumerate(task["queries"])]
        cpu_ms = 1000 * (time.process_time() - started) / len(ranked)
    Path(target).write_text(json.dumps({"ranked": ranked, "cpu_ms": cpu_ms}), encoding="utf-8")


def _lance(texts: list[str], _: Path, place: Path) -> Search:
    import lancedb

    rows = [{"n": n, "text": text} for n, text in enumerate(texts)]
    table = lancedb.connect(place).create_table("texts", rows)
    table.create_fts_index("text", use_tantivy=False, stem=True, remove_stop_words=True)

    def search(_: int, query: str) -> list[int]:
        found = table.search(_words(query), query_type="fts").limit(DEEP).to_list()
        return [row["n"] for row in found]

    return search


def _tantivy(texts: list[str], _: Path, place: Path) -> Search:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("n", stored=True)
    builder.add_text_field("text", tokenizer_name="en_stem")
    index = tantivy.Index(builder.build(), path=str(place))
    writer = index.writer()
    for n, text in enumerate(texts):
        writer.add_document(tantivy.Document(n=n, text=text))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def search(_: int, query: str) -> list[int]:
        parsed = index.parse_query(_words(query).lower(), ["text"])
        return [searcher.doc(at)["n"][0] for _, at in searcher.search(parsed, DEEP).hits]

    return search


def _chroma(texts: list[str], folder: Path, place: Path) -> Search:
    import chromadb
    import numpy as np

    vectors, queries = np.load(folder / "texts.npy"), np.load(folder / "queries.npy")
    client: Any = chromadb.PersistentClient(path=str(place))
    table = client.create_collection("texts", metadata={"hnsw:space": "cosine"})
    for low in range(0, len(texts), 1000):
        ids = [str(n) for n in range(low, min(low + 1000, len(texts)))]
        table.add(ids=ids, embeddings=vectors[low : low + 1000])

    def search(n: int, _: str) -> list[int]:
        found = table.query(query_embeddings=queries[n : n + 1], n_results=min(DEEP, len(texts)))
        return [int(id_) for id_ in found["ids"][0]]

    return search


def _words(query: str) -> str:
    """A query without what a query parser would act on."""
    return " ".join(re.findall(r"\w+", query))


ENGINES: dict[str, tuple[str, Callable[[list[str], Path, Path], Search]]] = {
    "lance fts": ("lancedb", _lance),
    "tantivy": ("tantivy", _tantivy),
    "chromadb": ("chromadb", _chroma),
}

if __name__ == "__main__":
    main(sys.argv[1:])
