"""A drive without a mount whose files are changed as a mount would, and what is expected of it."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from pathlib import Path

from lsfs.clock import Clock, SystemClock
from lsfs.paths import StatePaths
from lsfs.versions import history, mend
from lsfs.versions.capture import Captures
from lsfs.versions.check import Found
from lsfs.versions.contents import whole
from lsfs.versions.events import Op, State, Who
from lsfs.versions.history import Journal
from lsfs.versions.keeper import Keeper
from lsfs.versions.restore import Directly, Outcome, Restorer, Step


class World:
    """Source and state below a folder; ``expected`` has the bytes of each version by path."""

    def __init__(self, root: Path, clock: Clock | None = None) -> None:
        self.source = root / "source"
        self.state = StatePaths(root / "state")
        self.source.mkdir(exist_ok=True)
        self.state.create()
        self.clock = clock or SystemClock()
        self.expected: dict[str, list[bytes]] = defaultdict(list)
        self.is_open = False
        self.open()

    def open(self) -> None:
        self.keeper = Keeper(self.state, self.source, self.clock)
        past = self.keeper.past
        self.journal = Journal(self.state.history, past.settled, past.position)
        self.captures = Captures(self.state.incoming, self.journal, self.clock, durable=False)
        self.is_open = True

    def close(self) -> None:
        if self.is_open:
            self.captures.close()
            self.journal.close()
            self.keeper.close()
        self.is_open = False

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what programs do

    def write(self, path: str, data: bytes) -> None:
        place = self.source / path
        if place.exists():
            self._keep(path)
        place.write_bytes(data)
        self._note(Op.WRITTEN, path)
        self.expected[path].append(data)

    def append(self, path: str, data: bytes) -> None:
        with (self.source / path).open("ab") as file:
            file.write(data)
        state = State.of((self.source / path).stat())
        now_ns = self.clock.now_ns()
        self.journal.append(now_ns, Op.WRITTEN, path.encode(), state=state, appended=True)
        self.expected[path].append(self.expected[path][-1] + data)

    def remove(self, path: str) -> None:
        self._keep(path, goes=True)
        (self.source / path).unlink()
        self.journal.append(self.clock.now_ns(), Op.REMOVED, path.encode())

    def rename(self, path: str, target: str) -> None:
        """Over what is there, as programs save."""
        if (self.source / target).exists():
            self._keep(target, goes=True)
        (self.source / path).rename(self.source / target)
        state = State.of((self.source / target).stat())
        self.journal.append(
            self.clock.now_ns(), Op.RENAMED, path.encode(), target.encode(), state=state
        )

    def restore(self, planned: list[Step]) -> Outcome:
        """As a rollback does where there is no mount."""
        root = os.open(self.source, os.O_RDONLY | os.O_DIRECTORY)
        try:
            hands = Directly(root, self.captures, self.journal, self.clock, Who(1, 2, "lsfs"))
            return Restorer(hands, self.keeper.past.open, durable=False).run(planned)
        finally:
            os.close(root)

    def rollback(self, path: str, number: int) -> None:
        self.keeper.follow()
        row = self.keeper.past.version(path, number)
        assert row is not None
        outcome = self.restore([Step("write", path.encode(), row)])
        assert not outcome.failed, outcome.failed
        self.keeper.follow()

    def outside(self, path: str, data: bytes) -> None:
        (self.source / path).write_bytes(data)
        self.expected[path].append(data)
        self.keeper.look([path])

    def _keep(self, path: str, *, goes: bool = False) -> None:
        fd = os.open(self.source / path, os.O_PATH)
        try:
            self.captures.keep(fd, path.encode(), None, goes=goes)
        finally:
            os.close(fd)

    def _note(self, op: Op, path: str) -> None:
        state = State.of((self.source / path).stat())
        self.journal.append(self.clock.now_ns(), op, path.encode(), state=state)

    # --- what lsfs says

    def settle(self) -> None:
        self.keeper.follow()
        self.keeper.settle()

    def committed(self) -> None:
        """The journal's database has all events."""
        self.journal.close()
        self.journal = Journal(
            self.state.history, self.keeper.past.settled, self.keeper.past.position
        )
        self.captures._journal = self.journal

    def check(self, *, deep: bool = False) -> Found:
        return mend.check(self.keeper, self.state, self.clock.now_ns(), deep=deep)

    def mend(self, *, deep: bool = False) -> Found:
        """As the syscall does where there is no mount."""

        def mend_journal(why: str) -> None:
            self.journal.close()
            history.mend(self.state.history, why)
            self.committed()

        now_ns = self.clock.now_ns()
        return mend.mend(self.keeper, self.state, now_ns, deep=deep, mend_journal=mend_journal)

    def readable(self) -> dict[str, dict[int, bytes]]:
        """The bytes of every version that is kept."""
        found: dict[str, dict[int, bytes]] = {}
        past = self.keeper.past
        for path in list(self.expected):
            found[path] = {}
            for row in past.versions(path):
                if past.is_kept(row):
                    with contextlib.closing(past.open(row)) as content:
                        found[path][row.number] = whole(content)
        return found

    def missing(self) -> set[tuple[str, int]]:
        """Versions that are not kept; all others have to be what was written."""
        readable = self.readable()
        gone = set()
        for path, versions in self.expected.items():
            for number, data in enumerate(versions, 1):
                if number not in readable[path]:
                    gone.add((path, number))
                else:
                    assert readable[path][number] == data, (path, number)
        return gone


def said(found: Found) -> list[tuple[str, str, int]]:
    """Where, of which file and version."""
    return [(one.where, one.path, one.version) for one in found.problems]
