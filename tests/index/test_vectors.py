"""The store of vectors against plain numpy: what is found, what survives, what is read anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsfs.index.meaning import codes, vectors
from lsfs.index.meaning.codes import Codes, Matrix
from lsfs.index.meaning.vectors import VectorStore, drop_others, table_of

DIMENSION = 96  # no multiple of 64, so that the last word of signs is not full


def of_length_1(n: int, seed: int = 1, near: int = 40) -> Matrix:
    """Vectors in clusters, as those of texts are."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((near, DIMENSION))
    made = centres[rng.integers(near, size=n)] + 0.7 * rng.standard_normal((n, DIMENSION))
    normal: Matrix = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    return normal


def exact(made: Matrix, query: Matrix, k: int, rows: np.ndarray | None = None) -> set[int]:
    rows = np.arange(len(made)) if rows is None else rows
    return set(rows[np.argsort(-(made[rows] @ query))[:k]].tolist())


@pytest.fixture
def open_store(tmp_path: Path) -> Callable[..., VectorStore]:
    return lambda **options: VectorStore(tmp_path / "vectors.lance", DIMENSION, **options)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The coarse stage already at some hundred vectors."""
    monkeypatch.setattr(codes, "FEW", 800)
    monkeypatch.setattr(codes, "BLOCK", 512)


def recall(store: VectorStore, made: Matrix, allowed: np.ndarray | None, seen: np.ndarray) -> float:
    """Share of the exact best ten that are found, over 20 queries."""
    found = 0
    for query in of_length_1(20, seed=2):
        ids, scores = store.search(query, 10, allowed)
        assert np.all(np.diff(scores) <= 0)
        assert np.allclose(scores, made[ids] @ query, atol=0.01)
        found += len(exact(made, query, 10, seen) & set(ids.tolist()))
    return found / 200


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01])
def test_filters_keep_recall(
    open_store: Callable[..., VectorStore], few: None, share: float
) -> None:
    made, store = of_length_1(6000), open_store()
    store.upsert(np.arange(3000), made[:3000])
    store.settle()
    store.upsert(np.arange(3000, 6000), made[3000:])  # half mapped, half in memory
    rng = np.random.default_rng(3)
    seen = np.flatnonzero(rng.random(6000) < share)
    allowed = None if share == 1 else rng.permutation(seen)
    assert recall(store, made, allowed, seen) >= 0.9


def test_what_is_hidden_or_removed_is_not_found(
    open_store: Callable[..., VectorStore], few: None
) -> None:
    made, store = of_length_1(2000), open_store()
    store.upsert(range(2000), made)
    store.settle()
    removed = list(range(0, 2000, 3))
    store.remove([*removed, 123456])
    hidden = frozenset(range(1, 2000, 3))
    for query in of_length_1(5, seed=4):
        ids, _ = store.search(query, 10, hidden=hidden)
        assert set((ids % 3).tolist()) == {2}
        ids, _ = store.search(query, 10, allowed=range(500), hidden=hidden)
        assert set((ids % 3).tolist()) == {2} and ids.max() < 500
    assert len(store) == 2000 - len(removed)
    assert store.get(0) is None
    assert store.similarities(made[2], [0, 2]) == {2: pytest.approx(1.0, abs=0.01)}


def test_a_vector_is_replaced(open_store: Callable[..., VectorStore]) -> None:
    made, store = of_length_1(10), open_store()
    store.upsert([7, 8], made[:2])
    store.settle()
    for new in made[2:5]:
        store.upsert([7], new[None])
        assert len(store) == 2
        ids, scores = store.search(new, 1)
        assert ids.tolist() == [7] and scores[0] == pytest.approx(1.0, abs=0.01)
    store.settle()
    assert open_store().get(7) == pytest.approx(made[4], abs=0.01)


def test_an_empty_store_answers(open_store: Callable[..., VectorStore]) -> None:
    store = open_store()
    query = of_length_1(1)[0]
    for each in (store, open_store(read_only=True)):
        assert each.search(query, 5)[0].tolist() == []
        assert each.search(query, 5, allowed=[])[0].tolist() == []
        assert each.similarities(query, [1]) == {} and each.get(1) is None
        assert len(each) == 0 and each.many([])[1].shape == (0, DIMENSION)


def test_many_gives_those_that_there_are(open_store: Callable[..., VectorStore]) -> None:
    made, store = of_length_1(30), open_store()
    store.upsert(range(20), made[:20])
    store.settle()
    store.upsert(range(20, 30), made[20:])
    ids, got = store.many([25, 99, 3])
    assert sorted(ids.tolist()) == [3, 25]
    assert np.allclose(got, made[ids], atol=0.01)


def test_opened_again_it_is_mapped_without_lancedb(
    open_store: Callable[..., VectorStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, store = of_length_1(50), open_store()
    store.upsert(range(50), made)
    store.settle()
    monkeypatch.setattr(vectors, "lancedb_library", lambda: pytest.fail("LanceDB was loaded"))
    again = open_store()
    assert sorted(again.ids.tolist()) == list(range(50))
    assert isinstance(again._base.codes.base, np.memmap | np.ndarray) and not len(again._tail.view)


def test_what_the_file_lacks_is_read_from_the_table(open_store: Callable[..., VectorStore]) -> None:
    made, store = of_length_1(400), open_store()
    store.upsert(range(300), made[:300])
    store.settle()
    before = store._file.read_bytes()
    store.upsert(range(300, 310), made[300:310])
    store.remove([5])
    assert store._file.read_bytes() == before
    for options in ({}, {"read_only": True}):
        again = open_store(**options)
        assert set(again.ids.tolist()) == set(range(310)) - {5}
        assert again.get(305) == pytest.approx(made[305], abs=0.01)


def test_small_changes_of_a_large_store_need_no_lancedb(
    open_store: Callable[..., VectorStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "SMALL", 500)
    made, store = of_length_1(3000), open_store()
    store.upsert(np.arange(2000), made[:2000])
    store.settle()
    chance = np.random.default_rng(3)
    there = set(range(2000))
    connect = VectorStore._connect

    def refused(self: VectorStore) -> None:
        raise AssertionError("LanceDB is loaded")

    for step in range(6):
        store.upsert([2000 + step, step], made[[2000 + step, step]])
        gone = [int(one) for one in chance.choice(sorted(there), 3, replace=False)]
        store.remove(gone)
        store.settle()
        there = (there | {2000 + step, step}) - set(gone)
        if step % 2:
            monkeypatch.setattr(VectorStore, "_connect", refused)
            store = open_store()
            assert set(store.ids.tolist()) == there
            for passage in (*gone, step, 1500):
                found = store.get(passage)
                assert (found is not None) == (passage in there)
                assert found is None or found @ made[passage] > 0.99
            monkeypatch.setattr(VectorStore, "_connect", connect)
    log = store.path / f"{store.table}.recent"
    whole = log.read_bytes()
    for torn in (whole[:-7], whole[:60], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        log.write_bytes(torn)
        assert set(open_store(read_only=True).ids.tolist()) == there
    log.write_bytes(whole[:-7])
    store = open_store()  # finds in the table what the log does not tell, and writes it down
    assert set(store.ids.tolist()) == there
    monkeypatch.setattr(VectorStore, "_connect", refused)
    assert set(open_store().ids.tolist()) == there


def written_over(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def pages_exchanged(path: Path) -> None:
    data = path.read_bytes()
    pages = [data[codes.HEADER + n * codes.PAGE :][: codes.PAGE] for n in range(2)]
    written_over(path, codes.HEADER, pages[1] + pages[0])


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(codes.MAGIC + b"{"),
        lambda path: path.write_bytes(codes.MAGIC.ljust(codes.HEADER) + path.read_bytes()),
        lambda path: written_over(path, codes.HEADER + 900, bytes(700)),
        lambda path: written_over(path, path.stat().st_size - 9, b"\x5a" * 9),
        lambda path: pages_exchanged(path),
    ],
)
def test_a_torn_file_of_codes_is_made_anew(
    open_store: Callable[..., VectorStore], damage: Callable[[Path], None]
) -> None:
    made, store = of_length_1(600), open_store()
    store.upsert(range(600), made)
    store.settle()
    damage(store._file)
    again = open_store()
    ids, vectors = again.many(range(600))
    assert ids.tolist() == list(range(600)) and not again.rebuilt
    assert (np.einsum("ij,ij->i", vectors, made) > 0.99).all()
    assert codes.mapped(again._file, DIMENSION) is not None


def test_a_damaged_table_reads_as_empty_and_spares_the_others(
    open_store: Callable[..., VectorStore],
) -> None:
    made = of_length_1(5)
    for name in ("one", "two"):
        open_store(table=name).upsert(range(5), made)
    for manifest in open_store(table="one")._folder.rglob("*.manifest"):
        manifest.write_bytes(b"")
    reader = open_store(table="one", read_only=True)
    assert len(reader) == 0 and reader.rebuilt
    writer = open_store(table="one")
    assert len(writer) == 0 and writer.rebuilt
    assert len(open_store(table="two")) == 5


def test_tables_of_other_models_go(tmp_path: Path, open_store: Callable[..., VectorStore]) -> None:
    made = of_length_1(5)
    kept, dropped = table_of("org/A model: v1"), table_of("org/A model: v2")
    assert kept != dropped and "/" not in kept
    for name in (kept, dropped):
        store = open_store(table=name)
        store.upsert(range(5), made)
        store.settle()
    drop_others(tmp_path / "vectors.lance", [kept])
    assert len(open_store(table=kept)) == 5
    assert len(open_store(table=dropped)) == 0


def test_who_searches_a_dropped_store_finds_what_was_there(
    open_store: Callable[..., VectorStore],
) -> None:
    made, store = of_length_1(30), open_store()
    store.upsert(range(30), made)
    store.settle()
    store.drop()
    assert not store._folder.exists()
    assert store.search(made[4], 1)[0].tolist() == [4]


def test_memory_is_folded_into_the_file(
    open_store: Callable[..., VectorStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "FOLD_ROWS", 100)
    made, store = of_length_1(350), open_store()
    for first in range(0, 350, 35):
        store.upsert(range(first, first + 35), made[first : first + 35])
        assert len(store._tail.view) <= 100
    assert sorted(store.ids.tolist()) == list(range(350))
    assert store.search(made[222], 1)[0].tolist() == [222]


def test_all_rows_are_read_when_the_file_is_lost_at_size(
    open_store: Callable[..., VectorStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "FEW_MISSING", 20)
    monkeypatch.setattr(vectors, "READ", 16)
    made, store = of_length_1(90), open_store()
    store.upsert(range(90), made)
    assert not store._file.exists()
    again = open_store()
    assert sorted(again.ids.tolist()) == list(range(90))
    assert again.get(77) == pytest.approx(made[77], abs=0.01)


def test_of_vectors_that_are_stored_twice_each_is_taken_once(
    open_store: Callable[..., VectorStore], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(vectors, "FEW_MISSING", 1)
    monkeypatch.setattr(vectors, "READ", 64)
    made, store = of_length_1(300), open_store()
    store.upsert(np.arange(0, 600, 2), made)
    database = vectors.lancedb_library().connect(str(tmp_path / "vectors.lance"))
    table = database.open_table(vectors.TABLE)
    table.add(table.to_arrow().slice(50, 100))  # across batches
    (row,) = table.search().where("passage_id = 598").to_arrow().to_pylist()
    table.add([row, row])  # within one
    again = open_store()  # there is no file of codes yet
    assert sorted(again.ids.tolist()) == list(range(0, 600, 2))
    found, there = again.many(np.arange(0, 600, 2))
    assert np.allclose(there, made[found // 2], atol=0.01)


def test_codes_of_nothing_and_of_zero() -> None:
    one = Codes.of(np.arange(2), np.zeros((2, DIMENSION), np.float32))
    assert not one.vectors(np.arange(2)).any()
    assert codes.best(np.empty(0, np.float32), 3).tolist() == []
