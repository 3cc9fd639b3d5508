"""Who asks learns of every change that was made before, without a look at everything."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import churn
from benchmarks.churn import NamedReader
from lsfs import inotify
from lsfs.index import follow
from lsfs.index.follow import CatchUp

from .conftest import Index

CHANGES = {
    "create": ("open('b.txt', 'w').write('otter')", ["b.txt"]),
    "edit": ("open('a.txt', 'w').write('otter')", ["a.txt"]),
    "atomic": ("open('d', 'w').write('otter'); os.rename('d', 'a.txt')", ["a.txt"]),
    "mapped": (
        "import mmap; f = open('a.txt', 'r+b'); m = mmap.mmap(f.fileno(), 0); m[:] = b'otter'; "
        "m.close(); f.close()",
        ["a.txt"],
    ),
    "folder": (
        "os.makedirs('x/y'); open('x/y/b.txt', 'w').write('otter')",
        ["x/y/b.txt"],
    ),
    "moved": (
        "os.makedirs('x/y'); open('x/y/b.txt', 'w').write('otter'); os.rename('x', 'z'); "
        "open('z/y/c.txt', 'w').write('otter, too')",
        ["z/y/b.txt", "z/y/c.txt"],
    ),
    "rules": (
        "open('b.log', 'w').write('otter'); open('.lsfsignore', 'w').write('*.txt')",
        ["b.log"],
    ),
}


class Asking:
    """A drive that is asked in this process, and what was looked at for it."""

    def __init__(self, index: Index, catch_up: CatchUp) -> None:
        self.index = index
        self.looks: list[object] = []
        self._catch_up = catch_up
        run = index.pipeline.run

        def noted(paths: object = None, **options: object) -> None:
            self.looks.append(paths)
            run(paths, **options)  # type: ignore[arg-type]

        index.pipeline.run = noted  # type: ignore[method-assign]

    def paths(self, word: str) -> list[str]:
        self._catch_up.fresh(lambda _: None)
        return sorted(self.index.paths(word, mode="keyword"))


@pytest.fixture
def asking(index: Index, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asking]:
    monkeypatch.setattr(follow, "LOOK_SECONDS", follow.FULL_LOOK_SECONDS)
    (index.source / "a.txt").write_text("heron")
    (index.source / "deep").mkdir()
    catch_up = CatchUp(index.catalog, index.pipeline, index.tree)
    yield Asking(index, catch_up)
    catch_up.close()


def elsewhere(index: Index, code: str) -> None:
    """Run Python in another process, in the drive."""
    subprocess.run([sys.executable, "-c", f"import os; {code}"], cwd=index.source, check=True)


@pytest.mark.parametrize("change", CHANGES)
def test_what_another_process_did_is_seen(index: Index, asking: Asking, change: str) -> None:
    code, found = CHANGES[change]
    assert asking.paths("heron") == ["a.txt"]
    elsewhere(index, code)
    assert asking.paths("otter") == found
    elsewhere(index, f"os.remove({found[-1]!r})")
    assert asking.paths("otter") == found[:-1]


def test_only_what_changed_is_looked_at(index: Index, asking: Asking) -> None:
    assert [asking.paths("heron") for _ in range(3)] == [["a.txt"]] * 3
    (index.source / "deep" / "b.txt").write_text("otter")
    assert asking.paths("otter") == ["deep/b.txt"]
    assert asking.looks == [None, {"deep/b.txt"}]


def test_what_is_left_undone_is_done_at_the_next_question(index: Index, asking: Asking) -> None:
    assert asking.paths("heron") == ["a.txt"]
    with index.catalog.transaction() as db:
        db.execute("UPDATE file SET status = 'pending', document_id = NULL")
    assert asking.paths("heron") == ["a.txt"]
    assert index.catalog.waiting().files == 0


def test_a_look_that_failed_is_made_again(index: Index, asking: Asking) -> None:
    assert asking.paths("heron") == ["a.txt"]
    (index.source / "a.txt").write_text("otter")
    refresh = index.pipeline.refresh

    def fail(_: object) -> bool:
        raise OSError(errno.EIO, "the disk")

    index.pipeline.refresh = fail  # type: ignore[method-assign, assignment]
    with pytest.raises(OSError, match="the disk"):
        asking.paths("otter")
    index.pipeline.refresh = refresh  # type: ignore[method-assign]
    assert asking.paths("otter") == ["a.txt"]


def test_events_that_were_dropped_are_made_up_for(index: Index, asking: Asking) -> None:
    (index.source / "b.txt").write_text("heron")
    assert asking.paths("heron") == ["a.txt", "b.txt"]
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for _ in range(room // 2 + 1):
        os.utime(index.source / "a.txt")
        os.utime(index.source / "b.txt")
    (index.source / "deep" / "c.txt").write_text("otter")
    assert asking.paths("otter") == ["deep/c.txt"]
    assert asking.looks[-1] is None


@pytest.mark.parametrize("why", ["no more queues", "no more watches", "not local"])
def test_without_events_all_is_looked_at(
    index: Index, asking: Asking, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    if why == "not local":
        monkeypatch.setattr(inotify, "is_local", lambda _: False)
    else:
        monkeypatch.setattr(inotify, "opened" if why == "no more queues" else "add", full)
    assert asking.paths("heron") == ["a.txt"]
    (index.source / "deep" / "b.txt").write_text("otter")
    assert asking.paths("otter") == ["deep/b.txt"]
    assert asking.looks == [None, None]


def test_the_index_equals_a_fresh_one(tmp_path: Path) -> None:
    for found in churn.asked(tmp_path, 120, 4, NamedReader(), each=60):
        assert found == []
