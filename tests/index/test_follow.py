"""Changes behind the index's back are followed without being asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.index import follow
from lsfs.index.follow import Follower

from .conftest import Index

Eventually = Callable[[Callable[[], object]], object]


@pytest.fixture
def follower(index: Index) -> Iterator[Follower]:
    (index.source / "a.txt").write_text("heron")
    running = Follower(index.catalog, index.pipeline, index.tree, debounce_ms=20)
    running.start()
    yield running
    running.close()


def test_a_wait_covers_all_that_is_there(index: Index, follower: Follower) -> None:
    for n in range(20):
        (index.source / f"{n}.txt").write_text(f"otter {n}")
    assert follower.wait(lambda _: None, 30)
    assert index.catalog.counts().pending == 0
    assert len(index.paths("otter", k=50, mode="keyword")) == 20


@pytest.mark.parametrize("change", ["create", "edit", "rename", "delete", "atomic", "folder"])
def test_a_change_is_noticed(
    index: Index, follower: Follower, eventually: Eventually, change: str
) -> None:
    assert follower.wait(lambda _: None, 30)
    file = index.source / "a.txt"
    if change == "create":
        (index.source / "b.txt").write_text("otter")
        eventually(lambda: index.paths("otter", mode="keyword") == ["b.txt"])
    elif change == "edit":
        file.write_text("otter")
        eventually(lambda: index.paths("otter", mode="keyword") == ["a.txt"])
    elif change == "rename":
        file.rename(index.source / "b.txt")
        eventually(lambda: index.paths("heron") == ["b.txt"])
    elif change == "delete":
        file.unlink()
        eventually(lambda: index.paths("heron") == [])
    elif change == "atomic":
        draft: Path = index.source / "draft"
        draft.write_text("otter")
        draft.rename(file)
        eventually(lambda: index.paths("otter", mode="keyword") == ["a.txt"])
    else:
        (index.source / "deep" / "er").mkdir(parents=True)
        (index.source / "deep" / "er" / "b.txt").write_text("otter")
        eventually(lambda: index.paths("otter", mode="keyword") == ["deep/er/b.txt"])


def test_a_failing_run_does_not_end_the_thread(
    index: Index, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[int] = []

    def fail_once() -> None:
        if not failures:
            failures.append(1)
            raise RuntimeError("once")

    (index.source / "a.txt").write_text("heron")
    running = Follower(
        index.catalog, index.pipeline, index.tree, debounce_ms=20, after_change=fail_once
    )
    running.start()
    try:
        eventually(lambda: failures)
        (index.source / "b.txt").write_text("otter")
        eventually(lambda: index.paths("otter", mode="keyword") == ["b.txt"])
    finally:
        running.close()
    assert "indexing failed" in caplog.text


@pytest.mark.parametrize(("share", "again"), [(1e6, False), (20.0, True)])
def test_what_is_kept_is_computed_now_and_then_or_when_somebody_waits(
    index: Index,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    again: bool,
) -> None:
    monkeypatch.setattr(follow, "KEPT_SHARE", share)
    computed: list[int] = []

    def compute() -> None:
        computed.append(index.catalog.generation())
        time.sleep(0.01)

    (index.source / "a.txt").write_text("heron")
    running = Follower(
        index.catalog, index.pipeline, index.tree, debounce_ms=20, after_change=compute
    )
    running.start()
    try:
        eventually(lambda: computed)
        (index.source / "b.txt").write_text("otter")
        eventually(lambda: index.paths("otter", mode="keyword") == ["b.txt"])
        if again:
            eventually(lambda: computed[-1] == index.catalog.generation())
        else:
            assert len(computed) == 1
            assert running.wait(lambda _: None, 30)
            assert computed[1:] == [index.catalog.generation()]
    finally:
        running.close()


def test_reindex_reads_everything_again(index: Index, follower: Follower) -> None:
    assert follower.wait(lambda _: None, 30)
    read = index.pipeline.work.read
    follower.reindex(lambda _: None)
    assert follower.wait(lambda _: None, 30)
    assert index.pipeline.work.read > read
    assert index.paths("heron") == ["a.txt"]


def test_what_no_event_told_of_is_found_when_it_is_quiet(
    index: Index, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "SETTLED_SECONDS", 0.2)
    monkeypatch.setattr(follow, "SETTLED_LOOKS", 0.0)
    (index.source / "a.txt").write_text("heron")
    running = Follower(index.catalog, index.pipeline, index.tree, debounce_ms=20)
    told = running.hint
    monkeypatch.setattr(running, "hint", lambda paths: told(p for p in paths if "lost" not in p))
    running.start()
    try:
        assert running.wait(lambda _: None, 30)
        (index.source / "lost.txt").write_text("otter")
        (index.source / "b.txt").write_text("reed")
        eventually(lambda: index.paths("otter", mode="keyword") == ["lost.txt"])
    finally:
        running.close()
