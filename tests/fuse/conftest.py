"""Drives to mount, and a check that no test leaves a mount or a process behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, field

from lsfs.clock import SystemClock
from lsfs.fuse import mount as mounting
from lsfs.fuse import mounts
from lsfs.fuse.changes import Changes
from lsfs.fuse.locks import Locks
from lsfs.fuse.passthrough import Passthrough
from lsfs.fuse.record import MountInfo, start_ticks
from lsfs.fuse.requests import Requests
from lsfs.fuse.source import Source
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.virtual import VirtualTree
from lsfs.paths import StatePaths
from lsfs.versions.events import Event, Op
from lsfs.versions.history import JournalReader
from tests.fuse.bare import Pipe, descriptors
from tests.fuse.fake_index import Index, Seconds
from tests.fuse.test_operations import Noted
from tests.fuse.ways import ALL_WAYS, TRANSPORTS, config_of
from tests.fuse.wire import Told, Wire

ASIDE = (Op.CAPTURED, Op.APPENDING)  # for those who keep versions
FAKE_BRAIN = Path(__file__).parent / "fake_brain.py"


class Drive(Struct):
    """A folder, where it is mounted, and what its journal says."""

    source: Path
    mountpoint: Path
    state: StatePaths
    transport: str = "mfusepy"
    pids: list[int] = field(default_factory=list)
    position: int = 0

    def mount(self, *, brain: bool = False, **options: Any) -> MountInfo:
        command = [sys.executable, str(FAKE_BRAIN), str(self.state.root)] if brain else []
        options.setdefault("brain_command", command)
        config = config_of(self.transport)
        info = mounting.mount(self.source, self.mountpoint, self.state, config, **options)
        self.pids.append(info.pid)
        return info

    def umount(self, **options: Any) -> None:
        mounting.umount(self.mountpoint, state=self.state, **options)

    @property
    def info(self) -> MountInfo:
        info = mounting.mounted(self.state)
        assert info is not None
        return info

    def events(self) -> list[tuple[Any, ...]]:
        """What has been noted since the last call, without positions and times."""
        # Events reach the journal in order: with the marker, all before it are there.
        marker = f"marker-{self.position}" if mounting.mounted(self.state) else ""
        if marker:
            (self.mountpoint / marker).mkdir()
            (self.mountpoint / marker).rmdir()
        deadline = time.monotonic() + 180
        while True:
            found = self._read()
            if not marker or (found and found[-1].path == marker):
                break
            assert time.monotonic() < deadline, "the journal does not move"
            time.sleep(0.005)
        if found:
            self.position = found[-1].id
        found = [event for event in found if event.path != marker and event.op not in ASIDE]
        return [(e.op, e.path) if e.target is None else (e.op, e.path, e.target) for e in found]

    def _read(self) -> list[Event]:
        reader = JournalReader(self.state.history)
        try:
            return list(reader.after(self.position, 1_000_000))
        finally:
            reader.close()

    def changes(self) -> list[tuple[Any, ...]]:
        """The same without changes of attributes."""
        return [event for event in self.events() if event[0] != Op.ATTRIBUTES]


def make_drive(root: Path, transport: str = "mfusepy") -> Drive:
    source, mountpoint = root / "source", root / "mnt"
    source.mkdir(parents=True)
    mountpoint.mkdir()
    state = StatePaths(root / "state")
    state.create()
    return Drive(source, mountpoint, state, transport)


@pytest.fixture
def index() -> Index:
    return Index()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def tree(index: Index, seconds: Seconds) -> VirtualTree:
    return VirtualTree(index, index, {"source": "/s", "pid": 7}, monotonic=seconds)


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The source of a tree that is not mounted."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def woken() -> Iterator[Pipe]:
    """What is written to whoever reads the journal."""
    pipe = Pipe()
    yield pipe
    pipe.close()


@pytest.fixture
def vfs(folder: Path, noted: Noted, tree: VirtualTree, woken: Pipe) -> Iterator[Vfs]:
    """The tree of ``folder``, not mounted; it leaves no descriptor open."""
    source = Source(folder)
    changes = Changes(noted, SystemClock(), woken.write_end)
    before = descriptors()
    vfs = Vfs(source, tree, changes, mount_facts=b'{"pid": 7}')
    yield vfs
    vfs.close()
    assert descriptors() <= before, "a descriptor was left open"
    source.close()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def requests(vfs: Vfs, told: Told) -> Requests:
    return Requests(
        vfs,
        Passthrough(-1, wanted=False),
        Locks(lambda unique, _, code: told.answers.append((unique, code))),
        told,
        timeout_s=1.5,
        locked=lambda unique, _: told.answers.append((unique, 0)),
    )


@pytest.fixture
def wire(requests: Requests) -> Wire:
    return Wire(requests, os.geteuid(), os.getegid())


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def unmounted(tmp_path: Path, transport: str) -> Drive:
    """A drive that the test mounts itself."""
    return make_drive(tmp_path, transport)


@pytest.fixture(scope="module", params=ALL_WAYS)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Drive]:
    """A mounted drive for all tests of a module, once for each transport."""
    drive = make_drive(tmp_path_factory.mktemp("shared"), request.param)
    drive.mount()
    yield drive
    try:
        drive.umount()
    except BaseException:
        mounts.unmount(drive.mountpoint, lazy=True)
        raise


class Place(Struct, frozen=True):
    """A folder of a test's own in a shared drive, seen through the mount and behind it."""

    drive: Drive
    name: str

    @property
    def front(self) -> Path:
        return self.drive.mountpoint / self.name

    @property
    def behind(self) -> Path:
        return self.drive.source / self.name

    @property
    def has_flags(self) -> bool:
        return self.drive.transport != "fusepy"

    @property
    def speaks_protocol(self) -> bool:
        """Whether no libfuse is between."""
        return self.drive.transport.startswith("kernel")

    def changes(self) -> list[tuple[Any, ...]]:
        """What the journal says since the last call, paths relative to this folder."""
        here = self.name + "/"
        return [
            (op, *(path.removeprefix(here) for path in paths))
            for op, *paths in self.drive.changes()
        ]


@pytest.fixture
def place(shared: Drive, request: pytest.FixtureRequest) -> Place:
    name = request.node.name.translate({ord("["): "-", ord("]"): None})[:100]
    (shared.mountpoint / name).mkdir()
    shared.events()
    return Place(shared, name)


@pytest.fixture(scope="module", autouse=True)
def no_leaked_mounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    yield
    base = tmp_path_factory.getbasetemp()
    assert [mount for mount in mounts.table() if base in mount.mountpoint.parents] == []


@pytest.fixture(autouse=True)
def no_leaked_processes(
    monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., object]
) -> Iterator[None]:
    """Every mount that a test makes is gone at its end, and so is every process of it."""
    begun: list[tuple[Drive, MountInfo]] = []
    plain = Drive.mount

    def noted(self: Drive, **options: Any) -> MountInfo:
        info = plain(self, **options)
        begun.append((self, info))
        return info

    monkeypatch.setattr(Drive, "mount", noted)
    yield
    left = [drive for drive, _ in begun if mounts.at(drive.mountpoint) is not None]
    for drive in left:
        mounts.unmount(drive.mountpoint, lazy=True)
    pids = [info.pid for _, info in begun]
    states = {os.fspath(drive.state.root) for drive, _ in begun}
    eventually(lambda: not any(start_ticks(pid) for pid in pids))
    eventually(lambda: not any(processes_naming(state) for state in states))
    assert not left, "a mount was left behind"


def processes_naming(text: str) -> list[int]:
    """Processes with ``text`` in their command line."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                line = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(text) in line:
                found.append(int(process.name))
    return found
