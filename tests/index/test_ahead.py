"""Work is done ahead in order, within bounds, and what was begun is not lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lsfs.config import IndexConfig
from lsfs.index.readers import pool as pool_module
from lsfs.index.readers.ahead import FOR_EACH_WORKER, MAX_WEIGHT, Ahead, threads, workers_of
from lsfs.index.readers.bundles import BYTES, bundles
from lsfs.index.readers.pool import SandboxPool
from lsfs.index.store.rows import FileIdentity, FileRow
from lsfs.model import Status


class Gate:
    """Work that waits until it is let through."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.open = threading.Semaphore(0)

    def work(self, item: int) -> list[int]:
        self.begun.append(item)
        self.open.acquire()
        return [item]


def test_results_come_in_order_whoever_is_first() -> None:
    first = threading.Event()

    def work(item: int) -> list[int]:
        if item == 0:
            first.wait()
        elif item == 3:
            first.set()
        return [item] * (item % 3)

    with threads(2) as executor:
        ahead = Ahead(executor, 2, work, lambda _: 1)
        assert list(ahead.results(range(9))) == [1, 2, 2, 4, 5, 5, 7, 8, 8]


@pytest.mark.parametrize(("weight", "most"), [(1, FOR_EACH_WORKER), (MAX_WEIGHT, 1)])
def test_no_more_is_begun_than_there_is_room_for(weight: int, most: int) -> None:
    taken: list[int] = []

    def items() -> list[int]:
        return list(range(50))

    with threads(1) as executor:
        ahead: Ahead[int, int] = Ahead(executor, 1, lambda item: [item], lambda _: weight)
        for result in ahead.results(items()):
            taken.append(result)
            assert len(ahead._begun) < most
    assert taken == items()


def test_what_was_begun_is_had_and_the_rest_called_off(
    eventually: Callable[[Callable[[], object]], object],
) -> None:
    gate = Gate()
    with ThreadPoolExecutor(1) as executor:
        ahead = Ahead(executor, 1, gate.work, lambda _: 1)
        results = ahead.results(range(50))
        gate.open.release()
        assert next(results) == 0
        eventually(lambda: gate.begun == [0, 1])
        gate.open.release(50)
        assert list(ahead.left()) in ([1], [1, 2], [1, 2, 3])
    assert len(gate.begun) <= FOR_EACH_WORKER


def test_what_a_piece_gave_is_had_to_its_end() -> None:
    def following(item: int) -> range:
        return range(item, item + 3)

    with threads(1) as executor:
        three = Ahead(executor, 1, following, lambda _: MAX_WEIGHT)
        assert next(three.results([1, 4])) == 1
        assert list(three.left()) == [2, 3]


def test_small_files_are_read_together() -> None:
    def row(name: str, size: int) -> FileRow:
        return FileRow(size, name, FileIdentity(size, 0, 0, size), Status.PENDING, None)

    rows = [row(f"{n}.txt", 1000 + n) for n in range(20)]
    rows += [row("scan.PDF", 5000), row("a.md", 6000), row("b.md", BYTES), row("c.txt", 9 * BYTES)]
    sizes = [len(bundle) for bundle in bundles(rows, 1)]
    assert sizes == [8, 8, 4, 1, 1, 1, 1]
    assert [one for bundle in bundles(rows, 1) for one in bundle] == rows
    assert {len(bundle) for bundle in bundles(rows, 800)} == {1}


def test_one_less_than_there_are_cores() -> None:
    assert workers_of(IndexConfig(parse_workers=3)) == 3
    assert workers_of(IndexConfig()) == max(1, (os.cpu_count() or 1) - 1)


def test_a_pool_reads_with_one_process_what_comes_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("heron")
    pool = SandboxPool(IndexConfig(parse_workers=2))
    fd = os.open(path, os.O_RDONLY)
    try:
        assert "text" in pool.versions()
        assert {pool.read(fd, "a.txt").text for _ in range(3)} == {"heron"}
        assert sum(sandbox.pid is not None for sandbox in pool._all) == 1
        pool.close()
        assert pool.read(fd, "a.txt").status is Status.PENDING
    finally:
        os.close(fd)
        pool.close()


class Reading:
    """A sandbox whose process takes as long to start, and to read, as it is let."""

    made: list[Reading]

    def __init__(self, _: IndexConfig) -> None:
        self.is_starting = False
        self.begun, self.started, self.done = (threading.Event() for _ in range(3))
        self.made.append(self)

    def read(self, fd: int, name: str) -> str:
        self.is_starting = True
        self.begun.set()
        self.started.wait()
        self.is_starting = False
        self.done.wait()
        return name


def test_a_second_process_is_not_started_while_the_first_is_starting(
    monkeypatch: pytest.MonkeyPatch, eventually: Callable[[Callable[[], object]], object]
) -> None:
    monkeypatch.setattr(pool_module, "PATIENCE", 0.005)
    monkeypatch.setattr(Reading, "made", [], raising=False)
    pool = SandboxPool(IndexConfig(parse_workers=1), Reading)  # type: ignore[arg-type]
    first, second = Reading.made
    with ThreadPoolExecutor(2) as executor:
        try:
            one = executor.submit(pool.read, 0, "one")
            eventually(first.begun.is_set)
            two = executor.submit(pool.read, 0, "two")
            assert not second.begun.wait(0.1)
            first.started.set()  # and it reads for long
            eventually(second.begun.is_set)
        finally:
            for event in (first.started, second.started, first.done, second.done):
                event.set()
        assert {one.result(), two.result()} == {"one", "two"}
