"""What the mount costs: lsfs beside bindfs and the folder itself, in CPU seconds of one run.

    python -m benchmarks.mount [--files N] [--rounds N]

CPU of the program that works and of the daemon that serves it are added; each figure is the minimum
of the rounds, which alternate between the systems. Needs root, /dev/fuse, and bindfs. Prints one
table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lsfs import paths
from lsfs.config import MountConfig
from lsfs.fuse.mount import mount, umount

TICKS = os.sysconf("SC_CLK_TCK")
BLOCK = b"x" * 131072

Work = Callable[[Path], None]


def walk(root: Path) -> None:
    """find: every folder listed, every entry looked at."""
    for folder, _, names in os.walk(root):
        for name in names:
            Path(folder, name).lstat()


def read_small(root: Path) -> None:
    """grep -r: every file opened and read."""
    for file in sorted(root.rglob("*.txt")):
        file.read_bytes()


def read_large(root: Path) -> None:
    """One large file, in order."""
    with (root / "large").open("rb", buffering=0) as file:
        while file.read(len(BLOCK)):
            pass


def write_large(root: Path) -> None:
    """One large file written, in order."""
    with (root / "written").open("wb", buffering=0) as file:
        for _ in range(256):
            file.write(BLOCK)
    (root / "written").unlink()


def create(root: Path) -> None:
    """Small files made and removed again."""
    for n in range(200):
        (root / f"new{n}").write_bytes(b"x" * 100)
    for n in range(200):
        (root / f"new{n}").unlink()


WORK: tuple[Work, ...] = (walk, read_small, read_large, write_large, create)


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(work: Work, root: Path, daemon: int) -> float:
    """CPU seconds of one piece of work, with its daemon's."""
    before = time.process_time() + (cpu_of(daemon) if daemon else 0.0)
    work(root)
    return time.process_time() + (cpu_of(daemon) if daemon else 0.0) - before


@contextmanager
def bindfs(source: Path, place: Path) -> Iterator[tuple[Path, int]]:
    """The C reference, in the foreground so that its process is ours to measure."""
    place.mkdir()
    process = subprocess.Popen(["bindfs", "-f", str(source), str(place)])
    while not os.path.ismount(place):
        time.sleep(0.02)
    yield place, process.pid
    subprocess.run(["fusermount3", "-u", str(place)], check=True)
    process.wait()


@contextmanager
def lsfs_mount(source: Path, place: Path, transport: str) -> Iterator[tuple[Path, int]]:
    """lsfs over one transport, with its journal on and its brain running."""
    place.mkdir()
    state = paths.StatePaths(place.with_name(place.name + ".state"))
    info = mount(source, place, state, MountConfig(transport=transport))
    yield place, info.pid
    umount(place)


def fill(source: Path, files: int) -> None:
    """A tree of small files in folders of 50, and one large file."""
    for n in range(files):
        folder = source / f"d{n // 50}"
        folder.mkdir(exist_ok=True, parents=True)
        (folder / f"{n}.txt").write_text(f"line {n}\n" * 40)
    with (source / "large").open("wb") as file:
        for _ in range(512):
            file.write(BLOCK)


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        source = base / "source"
        fill(source, options.files)
        with (
            bindfs(source, base / "bindfs") as reference,
            lsfs_mount(source, base / "mfusepy", "mfusepy") as first,
        ):
            systems = {"folder": (source, 0), "bindfs": reference, "lsfs (mfusepy)": first}
            best: dict[str, dict[str, float]] = {system: {} for system in systems}
            for _ in range(options.rounds):
                for work in WORK:
                    for system, (root, pid) in systems.items():
                        seconds = measure(work, root, pid)
                        known = best[system].get(work.__name__, seconds)
                        best[system][work.__name__] = min(known, seconds)
    report(best)


def report(best: dict[str, dict[str, float]]) -> None:
    """The table and the JSON line."""
    sys.stdout.write(f"{'CPU s':<12}" + "".join(f"{s:>16}" for s in best) + f"{'x bindfs':>10}\n")
    for work in WORK:
        row = [best[system][work.__name__] for system in best]
        ratio = best["lsfs (mfusepy)"][work.__name__] / max(best["bindfs"][work.__name__], 1e-9)
        cells = "".join(f"{seconds:>16.3f}" for seconds in row)
        sys.stdout.write(f"{work.__name__:<12}{cells}{ratio:>10.2f}\n")
    sys.stdout.write(json.dumps({"cpu_s": best}) + "\n")


if __name__ == "__main__":
    main()
