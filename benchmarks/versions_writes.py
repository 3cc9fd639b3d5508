"""What keeping versions costs whoever writes through a mount.

    python -m benchmarks.versions_writes [--on DIR]... [--rounds N] [--transports A,B]

The same work on drives that differ only in `versions.durability`: off, fast, full. Figures are the
CPU of the process that serves the mount, its journal included, and the time that the work took; a
ratio is "CPU/wall" by those of `off`. Each is the minimum of the rounds, which alternate between
the drives. Rows marked * lose bytes that nobody has yet: what makes them dear is bringing those to
the disk, or copying them. Run on a disk, for on tmpfs `full` is `fast`. No brain runs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks import mount_work
from benchmarks.versions_work import QUIET_S, WORKS, Place, Work
from lsfs.clock import SystemClock
from lsfs.config import MountConfig, VersionsConfig
from lsfs.errors import LsfsError
from lsfs.fuse.mount import mount, umount
from lsfs.paths import StatePaths
from lsfs.versions.keeper import Keeper

MODES = ("off", "fast", "full")
GATHERED_S = 0.08  # after this the journal has taken in what was noted


class System(Struct, frozen=True):
    """A mounted drive."""

    mode: str
    place: Place
    pid: int


class Cost(Struct, frozen=True):
    """Seconds: of CPU in the process that serves the mount, and until the work was done."""

    cpu: float
    wall: float


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far, with all its threads."""
    return time.clock_gettime((~pid << 3) | 2)


def measure(work: Work, system: System) -> Cost:
    """One piece of work on one drive."""
    steps = work.steps(system.place)
    body = next(steps)
    time.sleep(QUIET_S + GATHERED_S)
    before, began = cpu_of(system.pid), time.perf_counter()
    body()
    wall = time.perf_counter() - began
    time.sleep(GATHERED_S)
    cpu = cpu_of(system.pid) - before
    next(steps, None)
    system.place.clear()
    times = work.per or system.place.count
    return Cost(cpu / times, wall / times)


@contextlib.contextmanager
def drive(base: Path, mode: str, transport: str, options: argparse.Namespace) -> Iterator[System]:
    """A fresh drive, mounted."""
    top = base / mode
    source, point = top / "source", top / "mnt"
    (source / "own").mkdir(parents=True)
    point.mkdir()
    state = StatePaths(top / "state")
    info = mount(
        source, point, state, MountConfig(transport=transport), brain_command=(),
        versions=VersionsConfig(durability=mode),  # type: ignore[arg-type]
    )  # fmt: skip
    if mode != "off":
        Keeper(state, source, SystemClock()).close()  # as the brain does when it begins
    try:
        yield System(
            mode,
            Place(
                point / "own", source / "own", source, None if mode == "off" else state,
                options.count, options.archive, options.repository,
            ),
            info.pid,
        )  # fmt: skip
    finally:
        umount(point, state=state)


def compare(systems: Sequence[System], works: Sequence[Work], rounds: int) -> dict[str, list[Cost]]:
    """The least cost of each work, by mode."""
    best: dict[str, list[Cost]] = {}
    for number in range(rounds):
        turn = number % len(systems)
        for work in works:
            costs = {
                system.mode: measure(work, system) for system in [*systems[turn:], *systems[:turn]]
            }
            row = [costs[system.mode] for system in systems]
            known = best.get(work.name, row)
            best[work.name] = [
                Cost(min(a.cpu, b.cpu), min(a.wall, b.wall))
                for a, b in zip(known, row, strict=True)
            ]
        say(f"round {number + 1} of {rounds}")
    return best


def table(title: str, best: dict[str, list[Cost]]) -> None:
    """One row for each work."""
    heads = [title, "off: CPU", "wall", "fast: CPU", "wall", "full: CPU", "wall", "fast", "full"]
    marked = {work.name for work in WORKS if work.loses}
    rows = []
    for name, costs in best.items():
        off = costs[0]
        figures = [f"{x * 1e6:.1f}" for cost in costs for x in (cost.cpu, cost.wall)]
        ratios = [f"{c.cpu / off.cpu:.2f}/{c.wall / off.wall:.2f}" for c in costs[1:]]
        rows.append([name + (" *" if name in marked else ""), *figures, *ratios])
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in [heads, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        sys.stdout.write("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip() + "\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def means(best: dict[str, list[Cost]]) -> dict[str, list[float]]:
    """Geometric means of the ratios of CPU and wall to `off`, by mode."""
    found = {}
    for index, mode in enumerate(MODES[1:], 1):
        pairs = [(costs[index], costs[0]) for costs in best.values()]
        cpu = sum(math.log(a.cpu / b.cpu) for a, b in pairs) / len(pairs)
        wall = sum(math.log(a.wall / b.wall) for a, b in pairs) / len(pairs)
        found[mode] = [round(math.exp(cpu), 2), round(math.exp(wall), 2)]
    return found


def say(text: str) -> None:
    """Progress, to standard error."""
    sys.stderr.write(text + "\n")


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--on", type=Path, action="append", help="make the drives in this folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=300, help="repetitions of an operation")
    parser.add_argument("--files", type=int, default=500, help="small files in the tree")
    parser.add_argument("--transports", type=lambda text: text.split(","), default=["kernel"])
    parser.add_argument("--work", default="", help="only the work whose name has this in it")
    options = parser.parse_args()
    works = [work for work in WORKS if options.work in work.name]
    figures: dict[str, object] = {}
    for folder in options.on or [None]:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            base = Path(name).resolve()
            tree = base / "tree"
            mount_work.fill(tree, options.files)
            options.archive, options.repository = base / "small.tar", tree / "repository"
            mount_work.run("tar", "cf", options.archive, "-C", tree, "small")
            for transport in options.transports:
                title = f"µs; {transport}, {folder or tempfile.gettempdir()}"
                try:
                    with contextlib.ExitStack() as stack:
                        (base / transport).mkdir()
                        systems = [
                            stack.enter_context(drive(base / transport, mode, transport, options))
                            for mode in MODES
                        ]
                        best = compare(systems, works, options.rounds)
                except LsfsError as error:
                    say(f"{transport} is left out: {error.message}")
                    continue
                table(title, best)
                rows = {k: [[c.cpu, c.wall] for c in row] for k, row in best.items()}
                figures[title] = {"seconds": rows, "geometric_mean": means(best)}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
