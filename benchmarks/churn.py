"""Random changes to a folder, and whether the index then equals one that was made afresh.

    python -m benchmarks.churn [--changes 10000] [--seed 1] [--mode down|live|asked|all] [--real]

"down": the changes happen while nobody looks, some dozens between two looks. "live": the index
follows them as a daemon does, and is compared when it has come to rest by itself. "asked": it
catches up when a question comes, by what the kernel tells then, with some changes between two
questions; nothing is looked at as a whole unless it has to be. Compared are all rows of all tables
(files, documents, passages, dates, fields, signatures, names), the vectors, and what a full-text
search finds; only ids and times of reading may differ. With ``--real`` the files are read by the
parsers, else by a small reader that judges text by its name as they do. Prints a line for each
comparison, and one of JSON; the exit code is 1 when something differed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from benchmarks.churn_storm import WORDS, Storm
from lsfs.config import IndexConfig
from lsfs.index import follow
from lsfs.index.follow import CatchUp, Follower
from lsfs.index.ingest import Pipeline
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.index.meaning.vectors import VectorStore
from lsfs.index.readers.pool import SandboxPool
from lsfs.index.readers.reading import Reader
from lsfs.index.store.catalog import Catalog
from lsfs.index.tree import SourceTree
from lsfs.model import Block, BlockKind, Document, Span, Status

CODED = "coded vectors"
STEP = 0.02  # numbers of vectors of length 1 are alike within this
REST_SECONDS = 60.0  # for the index to come to rest by itself

# All that is kept, without ids and times of reading: each table with what stands for its keys.
_OF_FILES = "FROM file f LEFT JOIN document d ON d.id = f.document_id"
_OF_DOCUMENTS = (
    "JOIN document d ON d.id = {0}.document_id WHERE d.id IN (SELECT document_id FROM file)"
)
TABLES = {
    "file": (
        "SELECT f.path, f.suffix, f.size, f.mtime_ns, f.ctime_ns, f.inode, f.status, f.reason, "
        f"f.digest, d.digest, d.named, f.kind, f.kind_reason, f.day, f.day_end {_OF_FILES}"
    ),
    "document": (
        "SELECT digest, named, parser, parser_version, media_type, title, author, line_unit, "
        "text_bytes, page_bytes, body FROM document WHERE id IN (SELECT document_id FROM file)"
    ),
    "passage": (
        "SELECT d.digest, d.named, p.ordinal, p.char_start, p.char_end, p.page, p.page_end, "
        "p.line_start, p.line_end, p.heading, p.place, p.parts, p.text, p.text_hash, p.embedded "
        f"FROM passage p {_OF_DOCUMENTS.format('p')}"
    ),
    "content_date": (
        "SELECT f.path, c.ordinal, c.day, c.day_end, c.kind, c.char_start, c.char_end, c.words "
        "FROM content_date c LEFT JOIN file f ON f.id = c.file_id"
    ),
    "field": (
        "SELECT d.digest, d.named, v.name, v.char_start, v.char_end, v.value, v.normal, v.page, "
        f"v.line, v.place, v.rule, v.confidence FROM field v {_OF_DOCUMENTS.format('v')}"
    ),
    "signature": f"SELECT d.digest, d.named, s.minima FROM signature s {_OF_DOCUMENTS.format('s')}",
    "file_fts": (
        "SELECT f.path, n.name, n.title, n.name_parts, n.title_parts FROM file_fts n "
        "LEFT JOIN file f ON f.id = n.rowid"
    ),
    "failure": "SELECT digest, named, status, reason, media_type FROM failure",
}
_PASSAGES = f"SELECT p.id, d.digest, d.named, p.ordinal FROM passage p {_OF_DOCUMENTS.format('p')}"
_FOUND = (
    "SELECT f.path, p.ordinal FROM passage_fts JOIN passage p ON p.id = passage_fts.rowid "
    "JOIN file f ON f.document_id = p.document_id WHERE passage_fts MATCH ?"
)


class NamedReader:
    """Reads UTF-8 text, a block a paragraph; what type it is its name says, as with the parsers."""

    def versions(self) -> dict[str, int]:
        return {"plain": 1}

    def read(self, fd: int, name: str) -> Document:
        data = os.pread(fd, 1 << 24, 0)
        if data.startswith(b"\0"):
            return Document("application/octet-stream", "plain", 1, Status.UNSUPPORTED, "binary")
        media = {"md": "text/markdown", "csv": "text/csv"}.get(
            name.rpartition(".")[2], "text/plain"
        )
        if not data.strip():
            return Document(media, "plain", 1, Status.EMPTY)
        text = data.decode("utf-8", "replace")
        blocks, offset = [], 0
        for part in text.split(", " if media == "text/csv" else "\n\n"):
            if part.strip():
                line = text.count("\n", 0, offset) + 1
                span = Span(offset, offset + len(part), line=line)
                kind = BlockKind.PARAGRAPH
                blocks.append(Block(kind, part, offset, offset + len(part), spans=(span,)))
            offset += len(part) + 2
        return Document(media, "plain", 1, text=text, blocks=tuple(blocks), title=text[:9].strip())


class Index(Struct):
    """An index of a folder."""

    catalog: Catalog
    vectors: VectorStore
    tree: SourceTree
    pipeline: Pipeline

    def state(self) -> dict[str, Any]:
        """All that an index is, apart from ids."""
        with self.catalog.lock:
            found: dict[str, Any] = {
                name: sorted(self.catalog.db.execute(query).fetchall(), key=repr)
                for name, query in TABLES.items()
            }
            for word in WORDS:
                if word.isalpha():
                    rows = self.catalog.db.execute(_FOUND, (word,)).fetchall()
                    found[f"search for {word}"] = sorted(rows)
            ids = self.catalog.db.execute(_PASSAGES).fetchall()
        # Vectors are known from codes of a byte a number: what is within a step of them is equal.
        kept = {tuple(key): self.vectors.get(id_) for id_, *key in ids}
        found["vectors"] = sorted(key for key, vector in kept.items() if vector is not None)
        found[CODED] = {key: vector for key, vector in kept.items() if vector is not None}
        found["number of vectors"] = [len(self.vectors)]
        return found


@contextlib.contextmanager
def opened(source: Path, state: Path, reader: Reader) -> Iterator[Index]:
    """An index of a folder, made if missing."""
    state.mkdir(exist_ok=True)
    config = IndexConfig(parse_workers=2)
    embedder = HashEmbedder()
    with contextlib.ExitStack() as stack:
        catalog = Catalog(state / "catalog.sqlite")
        stack.callback(catalog.close)
        vectors = VectorStore(state / "vectors.lance", embedder.dimension)
        tree = SourceTree(source, config.ignore)
        stack.callback(tree.close)
        pipeline = Pipeline(catalog, vectors, embedder, reader, tree, config)
        yield Index(catalog, vectors, tree, pipeline)


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What is in only one of two states, in words."""
    found = []
    for key, vector in one[CODED].items():
        if key in other[CODED] and not np.allclose(vector, other[CODED][key], atol=STEP):
            found.append(f"vectors + - {key!r:.300}")
    for name in one.keys() - {CODED}:
        for rows, others, side in ((one[name], other[name], "+"), (other[name], one[name], "-")):
            there = Counter(map(repr, others))
            extra = Counter(map(repr, rows)) - there
            found += [f"{name} {side} {row:.300}" for row in extra]
    return found


def fresh(source: Path, place: Path, reader: Reader) -> dict[str, Any]:
    """The state of an index that is made now."""
    shutil.rmtree(place, ignore_errors=True)
    with opened(source, place, reader) as index:
        index.pipeline.run()
        return index.state()


def down(place: Path, changes: int, seed: int, reader: Reader, each: int) -> Iterator[list[str]]:
    """Changes while nobody looks; after each comparison what differed."""
    storm = Storm(_made(place / "source"), seed)
    looks = 0
    while storm.done < changes:
        with opened(storm.root, place / "state", reader) as index:  # as after a restart
            for _ in range(5):
                storm.run(storm.chance.randrange(1, max(2, each // 5)))
                index.pipeline.run()
                looks += 1
            yield differences(index.state(), fresh(storm.root, place / "fresh", reader))


def live(place: Path, changes: int, seed: int, reader: Reader, each: int) -> Iterator[list[str]]:
    """Changes while the index follows by events alone; after each comparison what differed."""
    storm = Storm(_made(place / "source"), seed)
    with opened(storm.root, place / "state", reader) as index:
        follower = Follower(index.catalog, index.pipeline, index.tree, debounce_ms=20)
        follower.start()
        try:
            follower.wait(lambda _: None, REST_SECONDS)
            while storm.done < changes:
                for _ in range(each):
                    storm.run(1)
                    if storm.chance.random() < 0.05:
                        time.sleep(storm.chance.random() * 0.1)
                expected = fresh(storm.root, place / "fresh", reader)
                yield _at_rest(lambda: differences(index.state(), expected))  # noqa: B023
        finally:
            follower.close()


def asked(place: Path, changes: int, seed: int, reader: Reader, each: int) -> Iterator[list[str]]:
    """Changes between questions; after each comparison what differed.

    Rules stay as they are: of a file that has another name in a folder that is left out, a change
    through that name is found by a look at everything only.
    """
    storm = Storm(_made(place / "source"), seed, rules=False)
    with opened(storm.root, place / "state", reader) as index, _no_full_looks():
        catch_up = CatchUp(index.catalog, index.pipeline, index.tree)
        try:
            while storm.done < changes:
                target = storm.done + each
                while storm.done < target:
                    storm.run(storm.chance.randrange(1, 8))
                    catch_up.fresh(lambda _: None)
                yield differences(index.state(), fresh(storm.root, place / "fresh", reader))
        finally:
            catch_up.close()


@contextlib.contextmanager
def _no_full_looks() -> Iterator[None]:
    """Nothing that no event told of is found."""
    before, follow.LOOK_SECONDS = follow.LOOK_SECONDS, follow.FULL_LOOK_SECONDS
    try:
        yield
    finally:
        follow.LOOK_SECONDS = before


def _at_rest(look: Callable[[], list[str]]) -> list[str]:
    """What differs still when there was time enough."""
    deadline = time.monotonic() + REST_SECONDS
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


MODES = {"down": down, "live": live, "asked": asked}


def main() -> int:
    """Run, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=250, help="changes between two comparisons")
    parser.add_argument("--mode", choices=[*MODES, "all"], default="all")
    parser.add_argument("--real", action="store_true", help="read with the parsers")
    options = parser.parse_args()
    reader: Any = SandboxPool(IndexConfig(parse_workers=2)) if options.real else NamedReader()
    wrong: dict[str, int] = {}
    for mode in MODES if options.mode == "all" else [options.mode]:
        place = Path(tempfile.mkdtemp(prefix="lsfs-churn-"))
        begun, compared = time.monotonic(), 0
        wrong[mode] = 0
        try:
            run = MODES[mode](place, options.changes, options.seed, reader, options.each)
            for compared, found in enumerate(run, start=1):
                wrong[mode] += bool(found)
                print(f"{mode} {compared}: {len(found)} differences", flush=True)
                for line in found[:12]:
                    print("   ", line, flush=True)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        seconds = time.monotonic() - begun
        result = {"mode": mode, "seed": options.seed, "changes": options.changes}
        print(
            json.dumps(result | {"compared": compared, "wrong": wrong[mode], "s": round(seconds)})
        )
    if options.real:
        reader.close()
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
