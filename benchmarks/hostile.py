"""A night with hostile files in miniature: a real daemon indexes them among ordinary ones.

    python -m benchmarks.hostile [--minutes M] [--seed S] [--ordinary N] [--embed]

The drive's daemon follows a folder with the files of ``tests.parsers.hostile``. Round after round
hostile and spoiled files come, are touched, renamed and removed, and ordinary files come between
them, until the time is over. All the while its memory, open files, threads and children are
sampled. Search is by keyword unless ``--embed`` is given: megabytes of noise take an hour to embed.
At the end every ordinary file must be found, every file must have a status, and the
daemon must end when it is told to. Prints one table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

import lsfs
from benchmarks.fuzz_mutate import mutant
from benchmarks.fuzz_seeds import SEEDS
from lsfs.drives import initialise
from tests.parsers.hostile import FILES

SAMPLE_S = 0.5
SETTLE_S = 600.0
SPOILED = 20  # files of a round


class Sample(Struct, frozen=True):
    """The daemon at one moment: memory of it and of its children in MiB, and what it holds."""

    rss: int
    children_rss: int
    files: int
    threads: int
    children: int


def sample(pid: int) -> Sample:
    """The daemon now."""
    below = children_of(pid)
    threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(resident(pid), sum(map(resident, below)), files, threads, len(below))


def resident(pid: int) -> int:
    """Memory of a process in MiB; 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def children_of(pid: int) -> list[int]:
    """All processes below one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(child) for child in task.read_text(encoding="ascii").split()]
        except OSError:
            continue
        for child in direct:
            found += [child, *children_of(child)]
    return found


class Night:
    """One folder, its daemon, and what is done to both."""

    def __init__(self, folder: Path, seed: int, ordinary: int) -> None:
        self.source = folder / "source"
        self.source.mkdir()
        self._chance = random.Random(seed)
        self._ordinary = ordinary
        self._said = 0  # ordinary files so far, each with a word of its own
        self._seeds = {name: make() for name, make in SEEDS.items()}
        self.samples: list[Sample] = []
        self.rounds = 0
        record = initialise(self.source, folder / "state")
        self._log = (folder / "daemon.log").open("wb")
        self.daemon = subprocess.Popen(
            [sys.executable, "-m", "lsfs_cli", "--drive", str(record.source), "--state",
             str(record.state.root), "index", str(record.source), "--watch"],
            stdout=self._log, stderr=self._log,
        )  # fmt: skip
        self.state = record.state.root

    def hostile(self) -> None:
        """All hostile files."""
        for name, file in FILES.items():
            (self.source / name).write_bytes(file.make())

    def round(self) -> None:
        """Spoiled files, ordinary files, and what happens to those that are there."""
        self.rounds += 1
        folder = self.source / f"round{self.rounds}"
        folder.mkdir()
        for number in range(SPOILED):
            name = self._chance.choice(list(self._seeds))
            data = self._seeds[name]
            (folder / f"{number}-{name}").write_bytes(mutant(data, [data], self._chance))
        for _ in range(self._ordinary):
            self._said += 1
            text = f"The keeper of ledger{self._said:05d}x writes down what he saw.\n"
            (folder / f"ordinary{self._said}.txt").write_text(text, encoding="utf-8")
        for name in self._chance.sample(list(FILES), 5):
            path = self.source / name
            path.touch()
            path.rename(self.source / f"{name}.away")
            (self.source / f"{name}.away").rename(path)
        if self.rounds > 5:
            for path in (self.source / f"round{self.rounds - 5}").glob("*-*"):
                path.unlink()

    def watch(self, seconds: float) -> None:
        """Sample for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.daemon.poll() is not None:
                raise SystemExit(f"the daemon ended with {self.daemon.returncode}")
            self.samples.append(sample(self.daemon.pid))
            time.sleep(SAMPLE_S)

    def words(self) -> list[str]:
        """What the ordinary files are found by."""
        return [f"ledger{number:05d}x" for number in range(1, self._said + 1)]

    def close(self) -> None:
        """End the daemon; a second is enough for it, whatever it reads."""
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(30)
        self._log.close()


def settled(night: Night) -> dict[str, int]:
    """The counts of the index when nothing is pending any more."""
    with lsfs.open(night.source, state=night.state) as drive:
        until = time.monotonic() + SETTLE_S
        while time.monotonic() < until:
            counts = dict(drive.status().index)
            if counts["pending"] == 0:
                return counts
            night.watch(2 * SAMPLE_S)
    raise SystemExit("files are pending still")


def checked(night: Night) -> tuple[int, Counter[str]]:
    """Ordinary files that are not found, and how many files ended in which way."""
    with lsfs.open(night.source, state=night.state) as drive:
        lost = sum(not drive.retrieve(word, k=1) for word in night.words())
        statuses = Counter(problem["status"] for problem in drive.status(problems=True).problems)
    return lost, statuses


def show(night: Night, lost: int, statuses: Counter[str], closing: float) -> None:
    """The table and the JSON line."""
    half = len(night.samples) // 2
    first, second = night.samples[:half], night.samples[half:]
    print(f"{'':<22}{'first half':>12}{'second half':>12}{'end':>8}")
    for name in ("rss", "children_rss", "files", "threads", "children"):
        tops = [max(getattr(one, name) for one in part) for part in (first, second)]
        last = getattr(night.samples[-1], name)
        print(f"most {name:<17}{tops[0]:>12}{tops[1]:>12}{last:>8}")
    print(f"{night.rounds} rounds; ordinary files lost: {lost} of {len(night.words())}")
    print("ended:", ", ".join(f"{status} {count}" for status, count in statuses.most_common()))
    summary = {
        "benchmark": "hostile",
        "rounds": night.rounds,
        "ordinary": len(night.words()),
        "lost": lost,
        "statuses": dict(statuses),
        "rss_mb": [max(one.rss for one in first), max(one.rss for one in second)],
        "rss_end_mb": night.samples[-1].rss,
        "files": [max(one.files for one in first), max(one.files for one in second)],
        "closing_s": round(closing, 2),
    }
    print(json.dumps(summary))


def main(arguments: Sequence[str] | None = None) -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(prog="benchmarks.hostile", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--embed", action="store_true", help="with the embedding model")
    parser.add_argument("--ordinary", type=int, default=5, help="ordinary files of a round")
    options = parser.parse_args(arguments)
    if not options.embed:
        os.environ["LSFS_MODEL_EMBED"] = "none"
    with tempfile.TemporaryDirectory(prefix="lsfs-hostile-") as folder:
        night = Night(Path(folder), options.seed, options.ordinary)
        try:
            night.watch(2)
            night.hostile()
            until = time.monotonic() + 60 * options.minutes
            while time.monotonic() < until:
                night.round()
                night.watch(5)
            settled(night)
            night.watch(5)
            lost, statuses = checked(night)
        finally:
            began = time.monotonic()
            night.close()
        show(night, lost, statuses, time.monotonic() - began)


if __name__ == "__main__":
    main()
