"""Killed anywhere, or with its vectors damaged in any way, an index becomes what it should be."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks import kill_ingest
from benchmarks.churn import Index, NamedReader, differences, fresh, opened
from lsfs.index.meaning.lance_repair import sound
from lsfs.index.store import check


def test_killed_at_random_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = [Path.cwd(), Path.cwd() / "parsers", Path.cwd() / "cli"]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(os.fspath, roots)))
    for found in kill_ingest.loop(tmp_path, 2, seed=4, points=300):
        assert found == []


def newest(place: Path, pattern: str) -> Path:
    return max(place.rglob(pattern), key=lambda path: path.stat().st_mtime_ns)


def empty_manifest(place: Path) -> None:
    newest(place, "*.manifest").write_bytes(b"")


def garbled_manifest(place: Path) -> None:
    newest(place, "*.manifest").write_bytes(b"\x5a" * 500)


def empty_manifests(place: Path) -> None:
    for path in place.rglob("*.manifest"):
        path.write_bytes(b"")


def cut_data(place: Path) -> None:
    path = newest(place, "*.lance/data/*.lance")
    os.truncate(path, path.stat().st_size // 2)


def no_data(place: Path) -> None:
    newest(place, "*.lance/data/*.lance").unlink()


def garbled_data(place: Path) -> None:
    path = newest(place, "*.lance/data/*.lance")
    data = bytearray(path.read_bytes())
    data[: len(data) // 2] = b"\x5a" * (len(data) // 2)
    path.write_bytes(data)


def no_table(place: Path) -> None:
    for path in place.glob("*.lance"):
        shutil.rmtree(path)


def no_folder(place: Path) -> None:
    shutil.rmtree(place)


def file_for_folder(place: Path) -> None:
    shutil.rmtree(place)
    place.write_text("no database")


DAMAGE: dict[str, Callable[[Path], None]] = {
    damage.__name__: damage
    for damage in (
        empty_manifest, garbled_manifest, empty_manifests, cut_data, no_data, garbled_data,
        no_table, no_folder, file_for_folder,
    )
}  # fmt: skip


def fill(source: Path, index: Index) -> None:
    """Several changes, each with a state of its own in LanceDB."""
    for number in range(4):
        for part in range(5):
            (source / f"{number}-{part}.txt").write_text(f"heron {number} reed {part}\n\n" * 9)
        index.pipeline.run()
    (source / "0-0.txt").unlink()
    index.pipeline.run()


def whole(index: Index, source: Path, tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    assert check.check(index.catalog, index.vectors, counts, deep=True, tree=index.tree) == []
    assert differences(index.state(), fresh(source, tmp_path / "fresh", NamedReader())) == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_vectors(source: Path, tmp_path: Path, damage: str) -> None:
    with opened(source, tmp_path / "state", NamedReader()) as index:
        fill(source, index)
    DAMAGE[damage](tmp_path / "state" / "vectors.lance")
    with opened(source, tmp_path / "state", NamedReader()) as index:
        index.pipeline.run()
        whole(index, source, tmp_path)
        assert index.pipeline.work.read == 0
        if "manifest" in damage and damage != "empty_manifests":
            assert index.pipeline.work.embedded <= 5  # only what the last change had


def test_vectors_of_another_catalog_are_not_used(source: Path, tmp_path: Path) -> None:
    with opened(source, tmp_path / "state", NamedReader()) as index:
        fill(source, index)
    (tmp_path / "state" / "catalog.sqlite").unlink()
    for path in list(source.iterdir())[:7]:
        path.unlink()
    (source / "new.txt").write_text("otter")
    with opened(source, tmp_path / "state", NamedReader()) as index:
        index.pipeline.run()
        whole(index, source, tmp_path)


def test_an_older_catalog(source: Path, tmp_path: Path) -> None:
    """Its numbers were given to other passages since."""
    state = tmp_path / "state"
    with opened(source, state, NamedReader()) as index:
        fill(source, index)
        index.catalog.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(state / "catalog.sqlite", tmp_path / "older.sqlite")
        for number in range(9):
            (source / f"late {number}.txt").write_text(f"otter {number}")
        index.pipeline.run()
    for path in source.glob("late*"):
        path.write_text("lease " + path.name)
    shutil.copy(tmp_path / "older.sqlite", state / "catalog.sqlite")
    with opened(source, state, NamedReader()) as index:
        index.pipeline.run()
        whole(index, source, tmp_path)


def test_a_vector_that_none_makes_is_noticed_and_made_again(source: Path, tmp_path: Path) -> None:
    with opened(source, tmp_path / "state", NamedReader()) as index:
        fill(source, index)
        one = int(index.vectors.ids[0])
        index.vectors.upsert([one], np.full((1, len(index.vectors.get(one))), 7, np.float32))  # type: ignore[arg-type]
        found = check.check(index.catalog, index.vectors, Counter(), deep=False)
        assert [problem.what for problem in found] == ["1 vectors are damaged"]
        check.mend(index.catalog, index.vectors, found)
        index.pipeline.run()
        whole(index, source, tmp_path)


def test_what_a_vector_can_be() -> None:
    vectors = np.zeros((5, 4), np.float32)
    vectors[0, 0], vectors[1, 0], vectors[2, 0], vectors[3, 0] = 1, 2, np.nan, np.inf
    assert sound(vectors).tolist() == [True, False, False, False, True]
