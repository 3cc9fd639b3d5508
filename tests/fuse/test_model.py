"""A mounted drive does what a folder does: random operations on both, and one file against bytes.

``benchmarks/posix_model.py`` and ``benchmarks/fsx.py`` do the same for as long as wanted.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from benchmarks.fsx import MODES, Exerciser
from tests.fuse.conftest import Place, make_drive
from tests.fuse.histories import ACTING, KINDS, LIMITS, Arena, Difference, operations, play
from tests.fuse.model import ROOT, Actor, Operation
from tests.fuse.ways import ALL_WAYS

pytestmark = pytest.mark.mount

USERS = ACTING if os.geteuid() == 0 else (0,)


@pytest.fixture(scope="module", params=ALL_WAYS)
def arena(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Arena]:
    """A mounted drive that other users may enter, and a plain folder."""
    root = tmp_path_factory.mktemp("model")
    drive = make_drive(root, request.param)
    plain = root / "plain"
    plain.mkdir()
    drive.mount(allow_other=os.geteuid() == 0)
    yield Arena(drive.mountpoint, plain, drive.source, LIMITS[request.param])
    drive.umount()


def some(*kinds: str) -> st.SearchStrategy[Operation]:
    """Operations of these kinds."""
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(
            Operation,
            st.just(kind),
            st.tuples(*map(st.sampled_from, KINDS[kind][1])),
            st.sampled_from(USERS),
        )
    )


NAMES = ("mkdir", "rmdir", "unlink", "rename", "link", "link_open", "symlink", "mknod", "umask")
OPENING = ("open", "reopen", "tmpfile", "close_file", "dup", "open_folder", "close_folder")
CONTENTS = (
    "read", "write", "pread", "pwrite", "seek", "seek_data", "ftruncate", "truncate", "fallocate",
    "copy", "map_write", "map_read", "sync", "lock", "sync_folder",
)  # fmt: skip
ATTRIBUTES = (
    "chmod", "chown", "utime", "setxattr", "getxattr", "listxattr", "removexattr", "fchmod",
    "fchown", "futime", "fsetxattr", "fgetxattr", "flistxattr",
)  # fmt: skip
LOOKING = ("stat", "readlink", "access", "listing", "statvfs", "fstat", "list_folder")


class Folder(RuleBasedStateMachine):
    """The operations as rules, so that hypothesis finds the shortest history."""

    arena: ClassVar[Arena]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._pair = self._stack.enter_context(self.arena.pair())

    @initialize(choose=st.randoms(use_true_random=False))
    def begin(self, choose: random.Random) -> None:
        """Something to work on: without it most operations find nothing there."""
        for name in (b"a", b"b/c", b"b"):
            folder = Operation("mkdir", ((ROOT, name), 0o777))
            self._same(self._pair.apply(folder))
        for slot, name in enumerate((b"c", b"a/a", b"b/b")):
            flags = choose.choice((os.O_RDWR, os.O_RDWR | os.O_APPEND)) | os.O_CREAT
            self._same(self._pair.apply(Operation("open", (slot, (ROOT, name), flags, 0o666))))
            data = (slot, choose.choice((0, 100, 5000)))
            self._same(self._pair.apply(Operation("write", (slot, data))))
        self._same(self._pair.apply(Operation("open_folder", (0, (ROOT, b"a")))))

    @rule(operation=some(*NAMES))
    def names(self, operation: Operation) -> None:
        self._same(self._pair.apply(operation))

    @rule(operation=some(*OPENING))
    def opening(self, operation: Operation) -> None:
        self._same(self._pair.apply(operation))

    @rule(operation=some(*CONTENTS))
    def contents(self, operation: Operation) -> None:
        self._same(self._pair.apply(operation))

    @rule(operation=some(*ATTRIBUTES))
    def attributes(self, operation: Operation) -> None:
        self._same(self._pair.apply(operation))

    @rule(operation=some(*LOOKING))
    def looking(self, operation: Operation) -> None:
        self._same(self._pair.apply(operation))

    def teardown(self) -> None:
        with self._stack:
            self._same(self._pair.check())

    @staticmethod
    def _same(difference: Difference | None) -> None:
        assert difference is None, str(difference)


def test_the_rules_cover_all_operations() -> None:
    ruled = [*NAMES, *OPENING, *CONTENTS, *ATTRIBUTES, *LOOKING]
    assert sorted(ruled) == sorted(KINDS)
    assert all(callable(getattr(Actor, kind)) for kind in KINDS)


def test_the_mount_is_like_a_folder(arena: Arena) -> None:
    Folder.arena = arena
    run_state_machine_as_test(
        Folder,
        settings=settings(
            max_examples=40,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,  # the same histories on every machine
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mount_is_like_a_folder_for_long(arena: Arena, seed: int) -> None:
    history = itertools.islice(operations(random.Random(seed), USERS), 10_000)
    done, difference = play(arena, history)
    assert difference is None, f"{difference}\nafter {len(done)} operations of seed {seed}"


@pytest.mark.parametrize("mode", MODES)
def test_random_operations_on_one_file(place: Place, mode: str) -> None:
    exerciser = Exerciser(place.front / "f", mode, seed=1)
    try:
        exerciser.run(3000)
    finally:
        exerciser.close()
    assert (place.behind / "f").read_bytes() == exerciser.expected
    lacking = {"collapse", "insert"}  # no FUSE file system can be asked for them
    if place.drive.transport == "fusepy":
        lacking |= {"allocate", "punch", "zero"}
    assert exerciser.unsupported <= lacking
