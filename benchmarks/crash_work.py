"""A program writes through a mount whose processes are killed; what must be there afterwards.

What the program was told is done is told to us through a pipe: those contents must be versions,
byte for byte, and each file must be as it was before or after the operation that was cut off.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
from blake3 import blake3
from msgspec import Struct, field

from lsfs.clock import SystemClock
from lsfs.config import MountConfig
from lsfs.drives import locked
from lsfs.errors import LockHeld, NotFound
from lsfs.fuse import record
from lsfs.fuse.mount import mount, umount
from lsfs.paths import StatePaths
from lsfs.versions import drafts, mend
from lsfs.versions.contents import whole
from lsfs.versions.history import Journal
from lsfs.versions.keeper import Keeper
from lsfs.versions.past import Past
from lsfs.versions.restore import Restorer, Step, ThroughMount
from lsfs.versions.tables import ROW, Row

NAMES = ("a", "b", "c", "d/e", "d/f", "g")
SIZES = (1, 40, 3000, 70_000, 300_000)
PATIENCE_S = 60.0
SHOWN = 20  # events before those that the ledger has not read, where something is wrong
LONGEST_S = 0.5  # of a program's work before the kill
KINDS = ("fs", "fs", "brain", "both")  # which processes are killed
OPERATIONS = (
    "write", "write", "write", "append", "append", "truncate", "save", "rename", "remove",
    "roll_back", "overwrite",
)  # fmt: skip


def digest(data: bytes) -> str:
    """A short name of a content; "" of the empty one."""
    return blake3(data).hexdigest(length=16)


# --- the program


class Program:
    """Changes files below a folder, and says so.

    Args:
        folder: descriptor of the mount.
        told: where it says what it begins, and what has returned.
        past: tells it to which versions it can go back.
    """

    def __init__(self, folder: int, told: int, seed: int, past: Past) -> None:
        self._folder = folder
        self._told = told
        self._dice = random.Random(seed)
        self._past = past

    def run(self) -> None:
        """Go on until the mount is gone."""
        while True:
            name = self._dice.choice(NAMES)
            operation = self._dice.choice(OPERATIONS)
            if operation in ("write", "save") or os.access(name, os.F_OK, dir_fd=self._folder):
                getattr(self, "_" + operation)(name)

    def _say(self, **what: object) -> None:
        os.write(self._told, json.dumps(what).encode() + b"\n")

    def _begin(self, after: dict[str, str | None], *, torn: bool = False) -> None:
        self._say(begin=after, torn=torn)

    def _done(self) -> None:
        self._say(done=True)

    def _data(self) -> bytes:
        return self._dice.randbytes(self._dice.choice(SIZES))

    def _read(self, name: str) -> bytes:
        fd = os.open(name, os.O_RDONLY, dir_fd=self._folder)
        with os.fdopen(fd, "rb") as file:
            return file.read()

    def _put(self, name: str, data: bytes, flags: int) -> None:
        fd = os.open(name, os.O_WRONLY | flags, 0o644, dir_fd=self._folder)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view[:50_000]) :]
        finally:
            os.close(fd)

    def _write(self, name: str) -> None:
        data = self._data()
        self._begin({name: digest(data)}, torn=True)
        self._put(name, data, os.O_CREAT | os.O_TRUNC)
        self._done()

    def _overwrite(self, name: str) -> None:
        """From the beginning, and maybe not to the end."""
        old, data = self._read(name), self._data()
        self._begin({name: digest(data + old[len(data) :])}, torn=True)
        self._put(name, data, 0)
        self._done()

    def _append(self, name: str) -> None:
        data = self._data()
        self._begin({name: digest(self._read(name) + data)}, torn=True)
        self._put(name, data, os.O_APPEND)
        self._done()

    def _truncate(self, name: str) -> None:
        old = self._read(name)
        size = self._dice.randrange(len(old) + 1)
        fd = os.open(name, os.O_WRONLY, dir_fd=self._folder)
        try:
            self._begin({name: digest(old[:size])})
            os.ftruncate(fd, size)
        finally:
            os.close(fd)
        self._done()

    def _save(self, name: str) -> None:
        data = self._data()
        self._begin({"draft": digest(data)}, torn=True)
        self._put("draft", data, os.O_CREAT | os.O_TRUNC)
        self._done()
        self._begin({name: digest(data), "draft": None})
        os.rename("draft", name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._done()

    def _rename(self, name: str) -> None:
        other = self._dice.choice(NAMES)
        if other != name:
            self._begin({other: digest(self._read(name)), name: None})
            os.rename(name, other, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self._done()

    def _remove(self, name: str) -> None:
        self._begin({name: None})
        os.unlink(name, dir_fd=self._folder)
        self._done()

    def _roll_back(self, name: str) -> None:
        rows = [row for row in self._past.versions(name) if self._past.is_kept(row)]
        if not rows:
            return
        row = self._dice.choice(rows)
        try:
            with contextlib.closing(self._past.open(row)) as content:
                data = whole(content)
        except NotFound as error:
            self._check_pruned(row, str(error))
            return
        self._begin({name: digest(data)})
        hands = ThroughMount(self._folder)
        outcome = Restorer(hands, self._past.open, durable=False).run(
            [Step("write", name.encode(), row)]
        )
        if outcome.failed:
            self._check_pruned(row, outcome.failed[0][1])
            return
        self._done()

    def _check_pruned(self, row: Row, problem: str) -> None:
        """A version is not to be had: its keeper has pruned it since it was chosen, and no other
        reason is good enough while the mount is there."""
        os.fstatvfs(self._folder)  # answered by nobody but the mount
        now = self._past.row(row.id)
        assert now is not None and now.pruned, f"{problem}: {now}, {self._held(row)}"

    def _held(self, row: Row) -> str:
        """All that is known of where the bytes of a version are."""
        content = None if row.content is None else self._past.contents.row(row.content)
        position = self._past.position()
        events = [
            msgspec.structs.replace(event, content=None)
            for event in self._past.journal.after(max(0, position - SHOWN))
        ]
        return f"{content}, position {position}, {events}"


def _run_program(drive: CrashDrive, told: int, seed: int) -> None:
    """In a process of its own; ends it."""
    code = 1
    try:
        folder = os.open(drive.mountpoint, os.O_RDONLY | os.O_DIRECTORY)
        source = os.open(drive.source, os.O_RDONLY | os.O_DIRECTORY)
        state = drive.state
        past = Past(state.versions, state.history, state.objects, source)
        Program(folder, told, seed, past).run()
    except OSError:
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


# --- what must be there


class CrashDrive(Struct, dict=True):
    """A drive that is crashed again and again.

    Attributes:
        kept: contents that must be versions, by path.
        present: what each file may hold; None: it may be missing.
        counts: what happened.
    """

    root: Path
    transport: str = "auto"
    kept: dict[str, set[str]] = field(default_factory=dict)
    present: dict[str, set[str | None]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.source, self.mountpoint = self.root / "source", self.root / "mnt"
        (self.source / "d").mkdir(parents=True)
        self.mountpoint.mkdir()
        self.state = StatePaths(self.root / "state")
        self.state.create()

    def crash(self, seed: int) -> None:
        """One life of the mount, ended by force at a random moment; then all is verified.

        Raises:
            AssertionError: something is lost or damaged.
        """
        dice = random.Random(seed)
        kind = dice.choice(KINDS)
        info = self.mount(seed=seed)
        lines = self._work(info, kind, dice, seed)
        torn = self._read(lines)
        self._check_source(torn)
        self._check_past(settle=dice.random() < 0.5)
        self.counts[f"killed: {kind}"] += 1
        self.counts["points"] += 1

    def close(self) -> None:
        """Take away a mount that is left."""
        from lsfs.fuse import mounts

        while mounts.at(self.mountpoint) is not None:
            mounts.unmount(self.mountpoint, lazy=True)

    # --- a life

    def mount(self, *, brain: bool = True, seed: int = 0) -> record.MountInfo:
        """Mount it; a mount whose process was killed is replaced."""
        keeper = [sys.executable, "-m", "benchmarks.crash_keeper"]
        keeper += [os.fspath(self.source), os.fspath(self.state.root), str(seed)]
        return mount(
            self.source, self.mountpoint, self.state, MountConfig(transport=self.transport),
            brain_command=keeper if brain else (),
        )  # fmt: skip

    def _work(self, info: record.MountInfo, kind: str, dice: random.Random, seed: int) -> list[str]:
        """Have the program work, and kill; gives what it said."""
        read_end, write_end = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read_end)
            _run_program(self, write_end, seed)
        os.close(write_end)
        brain = self._brain(PATIENCE_S) if kind != "fs" or dice.random() < 0.8 else None
        with os.fdopen(read_end, "rb") as pipe:
            said = _gathered(pipe.fileno(), dice.random() * LONGEST_S)
            if kind in ("brain", "both") and brain is not None:
                _kill(brain)
            if kind == "brain":
                said += _gathered(pipe.fileno(), 0.2)
                _kill(pid)  # the program; the mount ends in order
            else:
                _kill(info.pid)
            said += pipe.read()
        _, status = os.waitpid(pid, 0)
        assert kind == "brain" or status == 0, "the program failed; its traceback is above"
        if kind == "brain":
            umount(self.mountpoint, state=self.state)
        return said.decode().splitlines()

    def _brain(self, seconds: float) -> int | None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            info = record.read(self.state)
            if info is not None and info.brain_pid is not None:
                return info.brain_pid
            time.sleep(0.005)
        return None

    # --- afterwards

    def _read(self, lines: list[str]) -> set[str]:
        """Take in what the program said; gives the files that it was cut off in writing to."""
        begun: dict[str, str | None] = {}
        torn = False
        for line in lines:
            said = json.loads(line)
            if "begin" in said:
                begun, torn = said["begin"], said["torn"]
                continue
            for path, after in begun.items():
                self.present[path] = {after}
                if after is not None:
                    self.kept.setdefault(path, set()).add(after)
            begun = {}
            self.counts["acknowledged"] += 1
        for path, after in begun.items():
            self.present.setdefault(path, {None}).add(after)
        self.counts["cut off"] += bool(begun)
        self._together(begun)
        return set(begun) if torn else set()

    def _together(self, begun: dict[str, str | None]) -> None:
        """A rename has happened at both ends or at none."""
        if len(begun) < 2:
            return
        found = {path: self._found(path) for path in begun}
        happened = {found[path] == after for path, after in begun.items()}
        before = {found[path] != after for path, after in begun.items()}
        assert happened == {True} or before == {True} or len(set(found.values())) == 1, begun

    def _found(self, path: str) -> str | None:
        place = self.source / path
        return digest(place.read_bytes()) if place.exists() else None

    def _check_source(self, torn: set[str]) -> None:
        for path, allowed in self.present.items():
            found = self._found(path)
            assert path in torn or found in allowed, f"{path} is {found}, not of {allowed}"
            self.present[path] = {found}
        known = {*self.present, "d"}
        for place in self.source.rglob("*"):
            name = place.relative_to(self.source).as_posix()
            assert name in known or drafts.PREFIX in name, f"{name} came from nowhere"

    def _check_past(self, *, settle: bool) -> None:
        with released(self.state):
            keeper = Keeper(self.state, self.source, SystemClock())
            try:
                past = keeper.past
                Journal(self.state.history, past.settled, past.position).close()
                keeper.look()
                self._check_versions(keeper)
                if settle:
                    keeper.settle()
                    self._check_versions(keeper)
            finally:
                keeper.close()

    def _check_versions(self, keeper: Keeper) -> None:
        now_ns = time.time_ns()
        found = mend.check(keeper, self.state, now_ns, deep=True)
        assert found.problems == [], found.problems
        self.counts["versions"] += found.counts["versions"]
        readable: dict[str, set[str]] = {}
        pruned: set[str] = set()
        for row in _rows(keeper):
            path = os.fsdecode(row.path)
            if row.pruned:
                pruned.add(path)
            elif keeper.past.is_kept(row):
                with contextlib.closing(keeper.past.open(row)) as content:
                    readable.setdefault(path, set()).add(digest(whole(content)))
        for path, contents in self.kept.items():
            lost = contents - readable.get(path, set())
            assert not lost or path in pruned, f"{len(lost)} versions of {path} are lost"
            self.kept[path] -= lost  # pruned, and not asked for again


def _rows(keeper: Keeper) -> list[Row]:
    rows = keeper.ledger.query(f"SELECT {ROW} FROM version WHERE kind = 'file'", ())
    return [Row(*row) for row in rows]


def _gathered(pipe: int, seconds: float) -> bytes:
    """What comes through a pipe in a time; without reading, whoever writes would stand still."""
    said = b""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            more = os.read(pipe, 65536)
            if not more:
                break
            said += more
    return said


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def released(state: StatePaths) -> Iterator[None]:
    """Hold both locks, once the processes of the mount have ended."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(state.history_lock))
                stack.enter_context(locked(state.catalog_lock))
            except LockHeld:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
                continue
            yield
            return
