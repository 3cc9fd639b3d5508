"""Versions from end to end: how fast they come back, what they take, how long a look takes.

    python -m benchmarks.versions [--on DIR] [--parts rollback,space,append,look] [...]

rollback: a file of each size is written 41 times through a mount; then it is brought back to
versions 40 to 1, before and after what was kept has been settled, through the Python API of the
running drive. Each time the bytes are compared. space: 100 edits of a text of 1 MB through a mount,
and all that lsfs has of them on the disk, beside borg and restic on the same versions. append: a
large file that is appended to 50 times; what was captured, and whether all versions can be read.
look: the first and the second look at a tree of many files. What a version costs its writer is
measured by ``benchmarks.versions_writes``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

import lsfs
from benchmarks import objects
from benchmarks.versions_writes import cpu_of, say
from lsfs.config import MountConfig
from lsfs.fuse import record
from lsfs.fuse.mount import mount, umount
from lsfs.paths import StatePaths

SIZES = (1 << 10, 64 << 10, 1 << 20, 16 << 20)
VERSIONS = 41
STEPS = (1, 2, 5, 10, 20, 40)
APART_S = 0.03  # between versions: files that are younger can be written to without it showing

LOOK = """
import json, os, resource, sys, time
from pathlib import Path
from lsfs.clock import SystemClock
from lsfs.paths import StatePaths
from lsfs.versions.keeper import Keeper
state, source, one = StatePaths(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]
state.create()
keeper = Keeper(state, source, SystemClock())
found = {}
for name, paths in (("first", None), ("again", None), ("one file", [one]), ("one file", [one])):
    cpu, wall = time.process_time(), time.perf_counter()
    keeper.look(paths)
    found[name] = [time.process_time() - cpu, time.perf_counter() - wall]
keeper.close()
found["rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(found))
"""


class Drive(Struct, frozen=True):
    """A mounted drive with its brain."""

    root: Path
    source: Path
    state: StatePaths
    pid: int

    def unsettled(self) -> int:
        """Contents that were captured and are not in the object store yet."""
        db = sqlite3.connect(f"file:{self.state.versions}?mode=ro", uri=True)
        with contextlib.closing(db):
            return int(
                db.execute("SELECT count(*) FROM content WHERE event IS NOT NULL").fetchone()[0]
            )

    def await_settled(self, seconds: float = 300.0) -> None:
        """Wait until all is in its place, and the brain is quiet."""
        deadline = time.monotonic() + seconds
        quiet, last = 0, -1.0
        while quiet < 3 and time.monotonic() < deadline:
            time.sleep(0.3)
            info = record.live(self.state)
            if info is None or info.brain_pid is None:
                continue
            now = cpu_of(info.brain_pid)
            quiet = quiet + 1 if now - last < 0.01 and not self.unsettled() else 0
            last = now


@contextlib.contextmanager
def mounted(base: Path) -> Iterator[Drive]:
    """A fresh drive."""
    source, root, state = base / "source", base / "mnt", StatePaths(base / "state")
    source.mkdir(parents=True)
    root.mkdir()
    info = mount(source, root, state, MountConfig())
    try:
        drive = Drive(root, source, state, info.pid)
        drive.await_settled()
        yield drive
    finally:
        umount(root, state=state)


# --- rollback


def rollback(base: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds of a rollback by size, state and distance."""
    found: dict[str, Any] = {}
    with mounted(base) as drive, lsfs.open(drive.root, state=str(drive.state.root)) as api:
        for size in SIZES:
            name = f"file-{size}.txt"
            contents = _written(drive.root / name, size)
            api.versions(name)
            found[_size(size), "at once"] = _brought_back(drive, api, name, contents)
            drive.await_settled()
            found[_size(size), "settled"] = _brought_back(drive, api, name, contents)
    _rollback_table(found)
    return {
        f"{size}, {state}": {f"{how} {step}": ms for (how, step), ms in row.items()}
        for (size, state), row in found.items()
    }


def _written(path: Path, size: int) -> list[bytes]:
    """The contents of a file, each written through the mount."""
    chance = random.Random(size)
    content = bytearray(objects.text(size))
    contents = []
    for number in range(VERSIONS):
        place = chance.randrange(size - 64)
        content[place : place + 20] = b"version %12d" % number
        contents.append(bytes(content))
        path.write_bytes(content)
        time.sleep(APART_S)
    return contents


def _brought_back(
    drive: Drive, api: Any, name: str, contents: list[bytes]
) -> dict[tuple[str, int], float]:
    times = {one.version: one.time_ns for one in api.versions(name).versions}
    found: dict[tuple[str, int], list[float]] = {}
    for step in STEPS * 3:
        number = VERSIONS - step
        at = time_of(times[number])
        for how, to in (("number", {"version": number}), ("time", {"to": at})):
            (drive.root / name).write_bytes(contents[-1] + b"!")  # it is another before
            began = time.perf_counter()
            api.rollback(name, **to)
            found.setdefault((how, step), []).append((time.perf_counter() - began) * 1000)
            if (drive.root / name).read_bytes() != contents[number - 1]:
                raise SystemExit(f"{name}: version {number} by {how} is not what it was")
    return {key: statistics.median(ms) for key, ms in found.items()}


def time_of(time_ns: int) -> str:
    """A moment just behind a version, as it is said."""
    seconds, rest = divmod(time_ns + 1, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"


def _size(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def _rollback_table(found: dict[tuple[str, str], dict[tuple[str, int], float]]) -> None:
    heads = [f"{how} -{step}" for how in ("number", "time") for step in STEPS]
    sys.stdout.write("rollback, ms".ljust(22) + "".join(head.rjust(12) for head in heads) + "\n")
    for (size, state), row in found.items():
        cells = [row[how, step] for how in ("number", "time") for step in STEPS]
        line = f"{size}, {state}".ljust(22) + "".join(f"{cell:12.1f}" for cell in cells)
        sys.stdout.write(line + "\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


# --- space


def space(base: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Bytes on the disk after many edits of a text, beside those of others."""
    kept, new = objects.versions(options.edits)
    ideal = len(objects.zstandard.ZstdCompressor(level=3).compress(kept[0] + new))
    sizes: dict[str, int] = {"ideal": ideal}
    with mounted(base / "drive") as drive:
        for content in kept:
            (drive.root / "text.txt").write_bytes(content)
            time.sleep(options.pause)
        drive.await_settled()
        with lsfs.open(drive.root, state=str(drive.state.root)) as api:
            count = len(api.versions("text.txt").versions)
    state = drive.state
    sizes["lsfs: objects"] = objects.size_of(state.objects)[0]
    for path in _databases(state):
        sizes[f"lsfs: {path.name}"] = _size_of(path)
    others = (("borg", objects._borg), ("restic", objects._restic))
    for name, store in () if options.alone else others:
        try:
            (base / name).mkdir()
            store(base / name, kept)
            sizes[name] = objects.size_of(base / name)[0]
        except (FileNotFoundError, subprocess.CalledProcessError):
            say(f"{name} is missing")
    sys.stdout.write(f"{'space of ' + str(count) + ' versions':<28}{'KiB':>10}{'x ideal':>10}\n")
    for name, size in sizes.items():
        sys.stdout.write(f"{name:<28}{size / 1024:10.0f}{size / ideal:10.2f}\n")
    each = sum(map(_size_of, _databases(state))) / max(1, count)
    sys.stdout.write(f"databases, bytes a version: {each:.0f}\n\n")
    sys.stdout.flush()
    return {"versions": count, "bytes": sizes, "databases_bytes_a_version": round(each)}


def _databases(state: StatePaths) -> list[Path]:
    return [state.history, state.versions]


def _size_of(path: Path) -> int:
    """Bytes of a database that nobody has open; its log, which does not grow with it, is empty."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


# --- append


def append(base: Path, options: argparse.Namespace) -> dict[str, Any]:
    """A large file that is appended to, again and again."""
    with mounted(base) as drive:
        with (drive.source / "large.log").open("wb") as file:
            for _ in range(options.gib * 1024):
                file.write(b"x" * (1 << 20))
        drive.await_settled()
        before, began = cpu_of(drive.pid), time.perf_counter()
        lengths = []
        for number in range(50):
            with (drive.root / "large.log").open("ab") as file:
                file.write(b"line %d\n" % number)
            lengths.append((drive.root / "large.log").stat().st_size)
            time.sleep(APART_S)
        cpu = cpu_of(drive.pid) - before
        wall = time.perf_counter() - began - 50 * APART_S
        captured = sum(path.stat().st_size for path in drive.state.incoming.iterdir())
        with lsfs.open(drive.root, state=str(drive.state.root)) as api:
            found = api.versions("large.log").versions[-50:]
            if [one.size for one in found] != lengths:
                raise SystemExit("not every append is a version")
            for number, one in enumerate(found):
                tail = api.read("large.log", version=one.version, offset=one.size - 20, size=100)
                if not tail.data.endswith(b"line %d\n" % number):
                    raise SystemExit(f"version {one.version} is not what it was")
    figures = {
        "gib": options.gib, "cpu_ms_an_append": round(cpu * 20, 3),
        "wall_ms_an_append": round(wall * 20, 3), "captured_bytes": captured,
    }  # fmt: skip
    sys.stdout.write(f"append: {figures}, all versions are there\n\n")
    sys.stdout.flush()
    return figures


# --- look


def look(base: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The first look at a tree, the second, and one at a file."""
    source, state = base / "source", base / "state"
    for number in range(options.files):
        path = source / f"d{number // 1000}" / f"e{number // 50}" / f"file-{number}.txt"
        if number % 50 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (number % 100))
    one = "d0/e0/file-7.txt"
    done = subprocess.run(
        [sys.executable, "-c", LOOK, state, source, one], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    size = _size_of(StatePaths(state).versions)
    sys.stdout.write(
        f"{'look at ' + str(options.files) + ' files':<28}{'CPU s':>10}{'wall s':>10}\n"
    )
    for name in ("first", "again", "one file"):
        cpu, wall = found[name]
        sys.stdout.write(f"{name:<28}{cpu:10.4f}{wall:10.4f}\n")
    sys.stdout.write(
        f"µs CPU a file: {found['first'][0] / options.files * 1e6:.0f} first, "
        f"{found['again'][0] / options.files * 1e6:.0f} again; ledger bytes a file: "
        f"{size / options.files:.0f}; memory {found['rss_mib']:.0f} MiB\n\n"
    )
    sys.stdout.flush()
    return {**found, "files": options.files, "ledger_bytes": size}


PARTS = {"rollback": rollback, "space": space, "append": append, "look": look}


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--on", type=Path, help="make the drives in this folder")
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--alone", action="store_true", help="space: without borg and restic")
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--pause", type=float, default=APART_S, help="seconds between the edits")
    parser.add_argument("--gib", type=int, default=2, help="of the file that is appended to")
    parser.add_argument("--files", type=int, default=100_000)
    options = parser.parse_args()
    os.environ |= {"LSFS_MODEL_CHAT": "none", "LSFS_MODEL_EMBED": "none"}
    figures = {}
    for part in options.parts:
        with tempfile.TemporaryDirectory(dir=options.on) as name:
            base = Path(name).resolve() / part
            base.mkdir()
            figures[part] = PARTS[part](base, options)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
