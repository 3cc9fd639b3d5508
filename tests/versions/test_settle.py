"""Giving captured contents their place."""

from __future__ import annotations

import contextlib
import os
import random
from pathlib import Path

import pytest

from lsfs.clock import SystemClock
from lsfs.paths import StatePaths
from lsfs.versions.capture import Captures
from lsfs.versions.events import Op, State
from lsfs.versions.history import Journal
from lsfs.versions.keeper import Keeper


@pytest.mark.parametrize("read_first", [False, True])
def test_versions_that_are_settled_together_take_the_room_of_one(
    tmp_path: Path, read_first: bool
) -> None:
    source, state, clock = tmp_path / "source", StatePaths(tmp_path / "state"), SystemClock()
    source.mkdir()
    state.create()
    content = bytearray(random.Random(1).randbytes(300_000))
    with contextlib.ExitStack() as stack:
        journal = Journal(state.history)
        stack.callback(journal.close)
        captures = Captures(state.incoming, journal, clock, durable=False)
        stack.callback(captures.close)
        file = stack.enter_context((source / "f").open("w+b"))
        for number in range(12):
            captures.keep(file.fileno(), b"f", None)
            content[number * 20_000] ^= 1
            os.pwrite(file.fileno(), content, 0)
            now = State.of(os.fstat(file.fileno()))
            journal.append(clock.now_ns(), Op.WRITTEN, b"f", state=now)
        keeper = Keeper(state, source, clock)
        stack.callback(keeper.close)
        keeper.follow()
        if read_first:
            keeper.keep_read([(file.fileno(), keeper.store.put_bytes(bytes(content)))])
        assert keeper.settle() == 11
        assert len(keeper.past.versions("f")) == 12
        assert keeper.store.usage().bytes_on_disk < 2 * len(content)
