"""What the mount costs: lsfs over each transport beside bindfs and the folder itself, in one run.

    python -m benchmarks.mount [--files N] [--rounds N] [--transports A,B]

Two tables: single operations, and whole workloads. The figures are CPU: of the program that works,
of its children, and of the daemon that serves it, added. A ratio is `CPU/wall`, each by its own
figure. Each figure is the minimum of the rounds, which alternate between the systems; metadata is
asked for when the second has passed for which the kernel may remember names. The brain is off but
for one row, and the column "no journal" is the first transport without its journal. Needs root,
/dev/fuse, git, and bindfs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks import mount_work
from benchmarks.mount_work import OPERATIONS, WORKLOADS, Place, Work
from lsfs import paths
from lsfs.config import MountConfig
from lsfs.errors import LsfsError
from lsfs.fuse import brain, mounts, record
from lsfs.fuse.mount import mount, umount

TRANSPORTS = ("kernel", "mfusepy", "fusepy")  # those that are not there are left out
FORGET_S = 1.1  # after this the kernel asks again, for names and for attributes
SETTLE_S = 0.002  # what follows a close comes after it has returned

# lsfs in a process whose changes nobody notes: what there is more to pay is the journal's.
WITHOUT_JOURNAL = """
import sys
from pathlib import Path
from lsfs.config import MountConfig
from lsfs.fuse import changes
from lsfs.fuse.mount import mount
from lsfs.paths import StatePaths
changes.Changes.note = lambda *_: None
source, place, state, transport = sys.argv[1:]
mount(Path(source), Path(place), StatePaths(Path(state)), MountConfig(transport=transport),
      foreground=True, brain_command=())
"""


class System(Struct):
    """One that is measured.

    Attributes:
        name: as the tables show it.
        place: where.
        pid: of its daemon; 0 for none.
        journal: whether it is in the tables of work that changes nothing, too.
        used: when it was last at work.
    """

    name: str
    place: Place
    pid: int
    compared: bool = False
    journal: bool = True
    used: float = 0.0


class Cost(Struct, frozen=True):
    """Seconds."""

    cpu: float
    wall: float


Costs = dict[str, dict[str, Cost]]  # by work, by system


def cpu_now(pid: int) -> float:
    """CPU seconds so far: ours, of children that have ended, of a daemon with all its threads."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time() + children.ru_utime + children.ru_stime
    # The clock of another process, as clock_getcpuclockid(3) makes it: nanoseconds, not ticks.
    return own + (time.clock_gettime((~pid << 3) | 2) if pid else 0.0)


def measure(work: Work, system: System) -> Cost:
    """One piece of work on one system."""
    if work.group == "metadata":
        time.sleep(max(0.0, system.used + FORGET_S - time.monotonic()))
    steps = work.steps(system.place)
    body = next(steps)
    before, began = cpu_now(system.pid), time.perf_counter()
    body()
    wall = time.perf_counter() - began
    time.sleep(SETTLE_S if system.pid else 0.0)
    cpu = cpu_now(system.pid) - before
    next(steps, None)
    system.used = time.monotonic()
    times = work.per or system.place.count
    return Cost(cpu / times, wall / times)


def compare(works: Sequence[Work], systems: Sequence[System], rounds: int) -> Costs:
    """The least cost of each work on each system."""
    best: Costs = {work.name: {} for work in works}
    for number in range(rounds):
        turn = number % len(systems)
        for work in works:
            for system in [*systems[turn:], *systems[:turn]]:
                if not (work.mutates or system.journal):
                    continue
                cost = measure(work, system)
                known = best[work.name].get(system.name, cost)
                least = Cost(min(known.cpu, cost.cpu), min(known.wall, cost.wall))
                best[work.name][system.name] = least
        say(f"round {number + 1} of {rounds}")
    return best


# --- the systems


@contextlib.contextmanager
def bindfs(source: Path, place: Path) -> Iterator[int]:
    """The C reference, in the foreground so that its process is ours to measure."""
    place.mkdir()
    process = subprocess.Popen(["bindfs", "-f", str(source), str(place)])
    try:
        while not os.path.ismount(place) and process.poll() is None:
            time.sleep(0.02)
        yield process.pid
    finally:
        subprocess.run(["fusermount3", "-u", str(place)], check=True)
        process.wait()


@contextlib.contextmanager
def lsfs_mount(
    source: Path, place: Path, transport: str, *, indexed: bool = False
) -> Iterator[int]:
    """lsfs over one transport, with its journal."""
    place.mkdir()
    state = paths.StatePaths(place.with_name(place.name + ".state"))
    command = None if indexed else ()
    info = mount(source, place, state, MountConfig(transport=transport), brain_command=command)
    try:
        if indexed:
            await_quiet(state)
        yield info.pid
    finally:
        umount(place, state=state)


@contextlib.contextmanager
def lsfs_without_journal(source: Path, place: Path, transport: str) -> Iterator[int]:
    """lsfs over one transport, noting nothing."""
    place.mkdir()
    state = place.with_name(place.name + ".state")
    process = subprocess.Popen(
        [sys.executable, "-c", WITHOUT_JOURNAL, source, place, state, transport],
        env=brain.environment(),
    )
    try:
        while mounts.at(place) is None and process.poll() is None:
            time.sleep(0.02)
        list(place.iterdir())
        yield process.pid
    finally:
        umount(place, state=paths.StatePaths(state))
        process.wait()


def await_quiet(state: paths.StatePaths, seconds: float = 60.0) -> None:
    """Wait until the brain has indexed what there is: it uses no CPU for two seconds."""
    deadline = time.monotonic() + seconds
    quiet, last = 0, -1.0
    while quiet < 4 and time.monotonic() < deadline:
        time.sleep(0.5)
        info = record.live(state)
        if info is None or info.brain_pid is None:
            continue
        now = time.clock_gettime((~info.brain_pid << 3) | 2)
        quiet, last = (quiet + 1 if now - last < 0.01 else 0), now


@contextlib.contextmanager
def everything(base: Path, options: argparse.Namespace) -> Iterator[list[System]]:
    """All systems that this machine has, mounted side by side on one tree."""
    source = base / "source"
    with contextlib.ExitStack() as stack:

        def system(name: str, root: Path, pid: int) -> System:
            (source / f"own-{root.name}").mkdir(exist_ok=True)
            own = root / f"own-{root.name}"
            return System(name, Place(root, own, source, base / "small.tar", options.count), pid)

        systems = [system("folder", source, 0)]
        if shutil.which("bindfs"):
            place = base / "bindfs"
            systems.append(system("bindfs", place, stack.enter_context(bindfs(source, place))))
        else:
            say("bindfs is missing, so there is no reference: apt install bindfs")
        for transport in options.transports:
            place = base / transport
            try:
                pid = stack.enter_context(lsfs_mount(source, place, transport))
            except LsfsError as error:
                say(f"{transport} is left out: {error.message}")
                continue
            systems.append(system(transport, place, pid))
            systems[-1].compared = True
        first = next((system.name for system in systems if system.compared), None)
        if first is not None:
            place = base / "unnoted"
            pid = stack.enter_context(lsfs_without_journal(source, place, first))
            systems.append(system(f"{first}, no journal", place, pid))
            systems[-1].journal = False
        yield systems


def with_brain(base: Path, systems: Sequence[System], options: argparse.Namespace) -> Costs:
    """One workload while the brain indexes what it makes; its own CPU is not counted."""
    work = next(work for work in WORKLOADS if work.steps is mount_work.tar_in)
    row: dict[str, Cost] = {}
    for system in systems:
        if not system.compared:
            continue
        root = base / f"{system.name}-indexed"
        with lsfs_mount(base / "source", root, system.name, indexed=True) as pid:
            own = base / "source" / f"own-{root.name}"
            own.mkdir()
            place = Place(root, root / own.name, base / "source", system.place.archive, 1)
            busy = System(system.name, place, pid)
            row |= compare([work], [busy], options.rounds)[work.name]
    return {f"{work.name}, indexed": row}


# --- the report


def ratio(cost: Cost | None, other: Cost | None) -> str:
    """CPU and wall of one by those of another."""
    if cost is None or other is None:
        return ""
    return f"{cost.cpu / max(other.cpu, 1e-9):.2f}/{cost.wall / max(other.wall, 1e-9):.2f}"


def table(title: str, unit: float, best: Costs, systems: Sequence[System]) -> None:
    """One row for each work: what it costs, and how that compares."""
    names = [system.name for system in systems]
    lsfs = [system.name for system in systems if system.compared]
    compared = [(name, other) for name in lsfs for other in ("bindfs", "folder")]
    heads = [title, *names, *(f"{name} x {other}" for name, other in compared)]
    rows = []
    for work, costs in best.items():
        cells = [f"{costs[name].cpu * unit:.1f}" if name in costs else "" for name in names]
        ratios = [ratio(costs.get(name), costs.get(other)) for name, other in compared]
        rows.append([work, *cells, *ratios])
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in [heads, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        sys.stdout.write("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip() + "\n")
    sys.stdout.write("\n")


def means(best: Costs, works: Sequence[Work], name: str, other: str) -> dict[str, list[float]]:
    """Geometric means of the ratios of CPU and wall, by group."""
    found: dict[str, list[float]] = {}
    for group in dict.fromkeys(work.group for work in works):
        pairs = [
            (best[work.name][name], best[work.name][other]) for work in works if work.group == group
        ]
        cpu = [math.log(max(a.cpu, 1e-9) / max(b.cpu, 1e-9)) for a, b in pairs]
        wall = [math.log(max(a.wall, 1e-9) / max(b.wall, 1e-9)) for a, b in pairs]
        found[group] = [round(math.exp(sum(x) / len(x)), 2) for x in (cpu, wall)]
    return found


def report(operations: Costs, workloads: Costs, indexed: Costs, systems: Sequence[System]) -> None:
    """The tables and the JSON line."""
    table("CPU µs an operation", 1e6, operations, systems)
    for name, row in indexed.items():
        alone = workloads[name.partition(",")[0]]
        for other in ("folder", "bindfs"):
            if other in alone:
                row[other] = alone[other]
    table("CPU ms a workload", 1e3, workloads | indexed, systems)
    summary: dict[str, dict[str, list[float]]] = {}
    for system in systems:
        for other in ("bindfs", "folder"):
            if system.compared and any(s.name == other for s in systems):
                summary[f"{system.name} x {other}"] = means(
                    operations | workloads, [*OPERATIONS, *WORKLOADS], system.name, other
                )
    for pair, groups in summary.items():
        text = ", ".join(f"{group} {cpu}/{wall}" for group, (cpu, wall) in groups.items())
        sys.stdout.write(f"geometric means (CPU/wall), {pair}: {text}\n")
    figures = {
        kind: {
            work: {name: [c.cpu, c.wall] for name, c in row.items()} for work, row in best.items()
        }
        for kind, best in (("operation_s", operations), ("workload_s", workloads | indexed))
    }
    sys.stdout.write(json.dumps({**figures, "geometric_mean": summary}) + "\n")


def say(text: str) -> None:
    """Progress, to standard error."""
    sys.stderr.write(text + "\n")


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000, help="small files in the tree")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=500, help="repetitions of an operation")
    parser.add_argument("--transports", type=lambda text: text.split(","), default=TRANSPORTS)
    parser.add_argument("--no-brain", action="store_true", help="leave the row with the brain out")
    options = parser.parse_args()
    options.count = min(options.count, options.files)
    # No model for the row with the brain: a drive that is indexed by words.
    os.environ |= {"LSFS_MODEL_CHAT": "none", "LSFS_MODEL_EMBED": "none"}
    with tempfile.TemporaryDirectory() as name:
        base = Path(name).resolve()
        mount_work.fill(base / "source", options.files)
        mount_work.run("tar", "cf", base / "small.tar", "-C", base / "source", "small")
        with everything(base, options) as systems:
            operations = compare(OPERATIONS, systems, options.rounds)
            workloads = compare(WORKLOADS, systems, options.rounds)
        indexed = {} if options.no_brain else with_brain(base, systems, options)
    report(operations, workloads, indexed, systems)


if __name__ == "__main__":
    main()
