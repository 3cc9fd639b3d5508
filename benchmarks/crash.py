"""Crashes: processes killed at random points, and what was lost. Nothing may be.

    python -m benchmarks.crash [--points N] [--jobs N] [--seed N] [--transport NAME]

Two of three points kill the process that serves a mount, the one that keeps versions, or both, at a
random moment of a program's work; the third kills a process without a mount at a random line of
settling, pruning, rolling back, copying, or mending. After each, `fsck --deep` must find nothing,
every content that a program was told is written must be a version, byte for byte, and every file
must be as it was before or after the operation that was cut off. Prints a table, and one line of
JSON. Needs root or fusermount, and /dev/fuse. On two cores 1,000 points take ten minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

LIVES = 10  # crashes of one drive before the next one is begun


def mounted(points: int, seed: int, transport: str) -> Counter[str]:
    """Kill the processes of a mount."""
    from benchmarks.crash_work import CrashDrive

    counts: Counter[str] = Counter()
    for first in range(seed, seed + points, LIVES):
        folder = Path(tempfile.mkdtemp(prefix="lsfs-crash-"))
        drive = CrashDrive(folder, transport)
        try:
            for one in range(first, min(first + LIVES, seed + points)):
                drive.crash(one)
        except Exception:
            traceback.print_exc()
            sys.stderr.write(f"seed {one}, begun at {first}; left for inspection: {folder}\n")
            drive.counts["failures"] += 1
            drive.counts["points"] += 1
            drive.close()
        else:
            drive.close()
            shutil.rmtree(folder)
        counts += drive.counts
    return counts


def unmounted(points: int, seed: int) -> Counter[str]:
    """Kill a process at a line of what it does to the past."""
    from tests.versions.test_crash import ACTIONS, crash

    counts: Counter[str] = Counter()
    dice = random.Random(seed)
    lines: dict[str, int] = {}
    for number in range(points):
        action = list(ACTIONS)[number % len(ACTIONS)]
        folder = Path(tempfile.mkdtemp(prefix="lsfs-crash-"))
        name = action.__name__
        try:
            if name not in lines:
                lines[name] = crash(folder / "whole", action, 0)[1]
            line = dice.randrange(1, lines[name])
            crash(folder / "killed", action, line)
        except Exception:
            traceback.print_exc()
            sys.stderr.write(f"{name}, line {line}; left for inspection: {folder}\n")
            counts["failures"] += 1
        else:
            shutil.rmtree(folder)
        counts[f"killed: {name}"] += 1
        counts["points"] += 1
    return counts


def job(arguments: argparse.Namespace) -> None:
    """A part of the points, in this process; says its counts as JSON."""
    third = arguments.points // 3
    counts = unmounted(third, arguments.seed)
    counts += mounted(arguments.points - third, arguments.seed, arguments.transport)
    sys.stdout.write(json.dumps(counts) + "\n")


def main() -> None:
    """Share the points out, add up, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transport", default="auto")
    parser.add_argument("--part", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        job(arguments)
        return
    began = time.monotonic()
    share, rest = divmod(arguments.points, arguments.jobs)
    parts = []
    for number in range(arguments.jobs):
        command = [sys.executable, "-m", "benchmarks.crash", "--part"]
        command += ["--points", str(share + (number < rest))]
        command += ["--seed", str(arguments.seed + 1_000_000 * number)]
        command += ["--transport", arguments.transport]
        parts.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    counts: Counter[str] = Counter()
    for part in parts:
        told, _ = part.communicate()
        counts += Counter(json.loads(told.splitlines()[-1]))
    seconds = time.monotonic() - began
    _print(counts, seconds)
    sys.exit(1 if counts["failures"] else 0)


def _print(counts: Counter[str], seconds: float) -> None:
    rows = [(name.removeprefix("killed: "), n) for name, n in sorted(counts.items()) if ":" in name]
    sys.stdout.write(f"{'killed while':<14}{'points':>8}\n")
    for name, number in rows:
        sys.stdout.write(f"{name:<14}{number:>8}\n")
    sys.stdout.write(
        f"{counts['points']} points, {counts['acknowledged']} acknowledged operations, "
        f"{counts['versions']} versions read back, {counts['failures']} failures, "
        f"{seconds:.0f} s\n"
    )
    result = {
        "benchmark": "crash", "points": counts["points"], "failures": counts["failures"],
        "acknowledged": counts["acknowledged"], "cut_off": counts["cut off"],
        "versions_read": counts["versions"], "seconds": round(seconds, 1),
        "killed": dict(rows),
    }  # fmt: skip
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
