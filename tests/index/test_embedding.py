"""The change from one embedding model to another: the old one answers until the new one can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec import Struct, field

from lsfs.config import IndexConfig
from lsfs.index.find.search import Search
from lsfs.index.ingest import Pipeline
from lsfs.index.meaning import embedding
from lsfs.index.meaning.embed import HashEmbedder, Vectors
from lsfs.index.meaning.meanings import Meaning, Meanings
from lsfs.index.meaning.vectors import VectorStore, table_of
from lsfs.index.store import check
from lsfs.index.store.catalog import Catalog
from lsfs.index.tree import SourceTree
from tests.index.conftest import PlainReader


class Model(HashEmbedder):
    """Hashed words under another name, that counts what it was given."""

    def __init__(self, name: str, dimension: int) -> None:
        super().__init__(dimension)
        self.name = name
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.seen += texts
        return super().encode(texts)


class World(Struct, dict=True):
    """A drive that is opened again and again, each time with other models."""

    source: Path
    state: Path
    open: list[Callable[[], None]] = field(default_factory=list)

    def store(self, model: Model) -> VectorStore:
        return VectorStore(
            self.state / "vectors.lance", model.dimension, table=table_of(model.name)
        )

    def start(self, now: Model | None, coming: Model | None = None) -> tuple[Pipeline, Search]:
        self.close()
        catalog = Catalog(self.state / "catalog.sqlite")
        tree = SourceTree(self.source, IndexConfig().ignore)
        self.open = [catalog.close, tree.close]
        both = [
            Meaning(m, self.store(m), f"setting of {m.name}") if m else None for m in (now, coming)
        ]
        meanings = Meanings(*both)
        pipeline = Pipeline(
            catalog, None, None, PlainReader(), tree, IndexConfig(), meanings=meanings
        )
        search = Search(catalog, None, None, meanings)
        pipeline.run()
        self.catalog = catalog
        return pipeline, search

    def close(self) -> None:
        for close in self.open:
            close()
        self.open = []

    def tables(self) -> set[str]:
        return {path.stem for path in (self.state / "vectors.lance").glob("*.lance")}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(embedding, "LARGEST", 32)  # batches are stopped between
    made = World(tmp_path / "source", tmp_path / "state")
    made.source.mkdir()
    made.state.mkdir()
    for n in range(100):
        (made.source / f"{n}.txt").write_text(f"heron number {n}")
    yield made
    made.close()


OLD, NEW = ("old", 64), ("new", 48)


def found(search: Search, query: str = "heron number 7") -> str:
    return search.hits(query, mode="semantic")[0].path


def after(calls: int) -> Callable[[], bool]:
    """Stops at the n-th time it is asked."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def test_the_old_model_answers_until_the_new_one_has_all(world: World) -> None:
    world.start(Model(*OLD))
    old, new = Model(*OLD), Model(*NEW)
    pipeline, search = world.start(old, new)
    assert old.seen == []  # its vectors are there
    pipeline.advance(stop=after(2))
    assert len(new.seen) == 64
    assert search.embedder is old and found(search) == "7.txt"
    assert world.catalog.waiting().files == 0  # nobody waits for this
    (world.source / "new.txt").write_text("otter between the models")
    pipeline.run()
    assert found(search, "otter between the models") == "new.txt"
    assert old.seen[-1:] == ["otter between the models"]
    pipeline.advance()
    assert len(new.seen) == len(set(new.seen)) == 101  # nothing twice
    assert search.embedder is new and found(search) == "7.txt"
    assert found(search, "otter between the models") == "new.txt"
    assert world.tables() == {table_of("new")}
    assert world.catalog.meta("embedder") == "new"
    assert world.catalog.meta("embedder_setting") == "setting of new"


@pytest.mark.parametrize("stops", [0, 1, 3])
def test_it_goes_on_after_a_restart(world: World, stops: int) -> None:
    world.start(Model(*OLD))
    pipeline, _ = world.start(Model(*OLD), Model(*NEW))
    pipeline.advance(stop=after(stops))
    new = Model(*NEW)
    pipeline, search = world.start(Model(*OLD), new)
    pipeline.advance()
    assert len(new.seen) == 100 - 32 * stops
    assert search.embedder is new and found(search) == "7.txt"


@pytest.mark.parametrize(
    ("size", "seconds", "then"),
    [(32, 1.1, 32), (32, 0.001, 64), (1500, 0.1, 2048), (1000, 1.0, 500), (64, 9.0, 32)],
)
def test_a_batch_is_as_large_as_its_model_is_fast(size: int, seconds: float, then: int) -> None:
    assert embedding._next_size(size, seconds) == then


@pytest.mark.parametrize("where", ["upsert", "switched"])
def test_a_crash_on_the_way_is_mended(
    world: World, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.start(Model(*OLD))
    new = Model(*NEW)
    pipeline, search = world.start(Model(*OLD), new)
    if where == "upsert":  # vectors that SQLite does not know of
        texts = [f"heron number {n}" for n in range(40)]
        world.store(new).upsert(range(1, 41), new.encode(texts))
    else:  # the tables of the old model are still there
        monkeypatch.setattr(VectorStore, "drop", lambda self: None)
        monkeypatch.setattr("lsfs.index.meaning.embedding.drop_others", lambda *_: None)
        pipeline.advance()
        monkeypatch.undo()
        assert len(world.tables()) == 2
    wanted = Model(*NEW)
    models = (Model(*OLD), wanted) if where == "upsert" else (wanted,)
    pipeline, search = world.start(*models)
    pipeline.advance()
    assert found(search) == "7.txt" and search.embedder is wanted
    assert world.tables() == {table_of("new")}
    assert search.vectors is not None and len(search.vectors) == 100


def test_what_is_removed_meanwhile_is_removed_from_both(world: World) -> None:
    world.start(Model(*OLD))
    pipeline, search = world.start(Model(*OLD), Model(*NEW))
    pipeline.advance(stop=after(2))
    for n in range(100):
        if n != 7:
            (world.source / f"{n}.txt").unlink()
    pipeline.run()
    coming = search.meanings.coming
    assert coming is not None and len(coming.vectors) <= 1
    pipeline.advance()
    assert search.vectors is not None and len(search.vectors) == 1
    assert found(search) == "7.txt"


def test_without_the_old_model_search_is_by_keyword_until_the_new_one_is_done(world: World) -> None:
    world.start(Model(*OLD))
    new = Model(*NEW)
    pipeline, search = world.start(None, new)
    pipeline.advance(stop=after(1))
    assert search.hits("heron number 7", mode="semantic") == []
    assert search.hits("heron number 7")[0].path == "7.txt"
    (world.source / "new.txt").write_text("otter between the models")
    pipeline.run()
    pipeline.advance()
    assert found(search, "otter between the models") == "new.txt"
    assert world.catalog.waiting().files == 0


def test_another_choice_on_the_way_begins_anew(world: World) -> None:
    world.start(Model(*OLD))
    pipeline, _ = world.start(Model(*OLD), Model("other", 32))
    pipeline.advance(stop=after(2))
    new = Model(*NEW)
    pipeline, search = world.start(Model(*OLD), new)
    assert world.tables() == {table_of("old"), table_of("new")}
    pipeline.advance()
    assert len(new.seen) == 100 and found(search) == "7.txt"


def test_back_to_the_old_model_nothing_is_embedded(world: World) -> None:
    world.start(Model(*OLD))
    pipeline, _ = world.start(Model(*OLD), Model(*NEW))
    pipeline.advance(stop=after(2))
    old = Model(*OLD)
    pipeline, search = world.start(old)
    pipeline.advance()
    assert old.seen == [] and found(search) == "7.txt"
    assert world.tables() == {table_of("old")}
    (coming,) = world.catalog.db.execute("SELECT total(coming) FROM passage").fetchone()
    assert coming == 0


def test_fsck_knows_the_coming_vectors(world: World) -> None:
    from collections import Counter

    world.start(Model(*OLD))
    pipeline, search = world.start(Model(*OLD), Model(*NEW))
    pipeline.advance(stop=after(2))
    now, coming = search.meanings.now, search.meanings.coming
    assert now is not None and coming is not None
    coming.vectors.remove(coming.vectors.ids[:3])
    stores = now.vectors, coming.vectors
    problems = check.check(world.catalog, stores[0], Counter(), deep=True, coming=stores[1])
    assert [one.what for one in problems] == ["3 passages have no vector, and should have one"]
    check.mend(world.catalog, stores[0], problems, stores[1])
    assert check.check(world.catalog, stores[0], Counter(), deep=True, coming=stores[1]) == []
    pipeline.advance()
    # What was mended lies before where it was: it is found when all else is done.
    assert search.vectors is not None and len(search.vectors) == 100


def test_a_model_that_does_not_prove_what_it_is_is_compared(world: World) -> None:
    class Server(Model):
        is_proven = False
        sign = 1.0

        def encode(self, texts: Sequence[str]) -> Vectors:
            turned: Vectors = np.roll(super().encode(texts), int(self.sign), axis=1)
            return turned

    world.start(Server("server", 64))
    same = Server("server", 64)
    world.start(same)
    assert len(same.seen) == 1
    other = Server("server", 64)
    other.sign = 5.0
    _, search = world.start(other)
    assert len(other.seen) == 101 and found(search) == "7.txt"


def test_a_follower_takes_up_the_new_model_when_all_is_done(
    world: World, eventually: Callable[[Callable[[], object]], object]
) -> None:
    from lsfs.index.follow import Follower

    world.start(Model(*OLD))
    new = Model(*NEW)
    pipeline, search = world.start(Model(*OLD), new)
    tree = SourceTree(world.source, IndexConfig().ignore)
    follower = Follower(world.catalog, pipeline, tree, debounce_ms=20)
    follower.start()
    try:
        eventually(lambda: search.embedder is new)
        assert follower.wait(lambda _: None, 30)
        assert found(search) == "7.txt"
    finally:
        follower.close()
        tree.close()
