"""Indexing killed at random points, again and again, and whether the index is whole each time.

    python -m benchmarks.kill_ingest [--kills 100] [--seed 1]

A folder is changed at random (:mod:`benchmarks.churn_storm`) and indexed by a child process that
kills itself (SIGKILL) at a random one of the statements that it gives to SQLite or LanceDB, thus
also in the middle of transactions and between the two stores. Then the index is opened and brought
up to date, must pass a deep check, and must equal one that is made afresh. The exit code is 1 when
one did not; prints a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.churn import NamedReader, differences, fresh, opened
from benchmarks.churn_storm import Storm
from lsfs.index.store import check

CHANGES = 25  # between two kills
POINTS = 1200


def killed_in(source: Path, state: Path, point: int) -> None:
    """Index, and be killed at a statement; return when there were fewer."""
    left = point

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with opened(source, state, NamedReader()) as index:
        index.catalog.db.set_trace_callback(count)
        upsert, remove = index.vectors.upsert, index.vectors.remove
        index.vectors.upsert = lambda *given: (count(), upsert(*given), count())  # type: ignore
        index.vectors.remove = lambda *given: (count(), remove(*given), count())  # type: ignore
        index.pipeline.run()


def kill(source: Path, state: Path, point: int) -> bool:
    """Index in a child that is killed; says whether it came to that."""
    command = [sys.executable, "-m", "benchmarks.kill_ingest", "--child"]
    arguments = [os.fspath(source), os.fspath(state), str(point)]
    done = subprocess.run([*command, *arguments], check=False)
    if done.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the child ended with {done.returncode}")
    return done.returncode != 0


def loop(place: Path, kills: int, seed: int, points: int = POINTS) -> Iterator[list[str]]:
    """Kill so many times; after each what is wrong.

    Args:
        points: statements after which a child is killed, at most.
    """
    (place / "source").mkdir()
    storm = Storm(place / "source", seed)
    storm.run(60)
    done = 0
    while done < kills:
        storm.run(CHANGES)
        if not kill(storm.root, place / "state", storm.chance.randrange(1, points)):
            continue
        done += 1
        with opened(storm.root, place / "state", NamedReader()) as index:
            index.pipeline.run()
            found = [
                f"{one.where}: {one.what} {one.path}"
                for one in check.check(
                    index.catalog, index.vectors, Counter(), deep=True, tree=index.tree
                )
            ]
            expected = fresh(storm.root, place / "fresh", NamedReader())
            yield found + differences(index.state(), expected)


def main() -> int:
    """Run, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", nargs=3, metavar=("SOURCE", "STATE", "POINT"))
    options = parser.parse_args()
    if options.child:
        source, state, point = options.child
        killed_in(Path(source), Path(state), int(point))
        return 0
    place = Path(tempfile.mkdtemp(prefix="lsfs-kill-"))
    begun, wrong = time.monotonic(), 0
    try:
        for number, found in enumerate(loop(place, options.kills, options.seed), start=1):
            wrong += bool(found)
            for line in found[:8]:
                print(f"{number}: {line:.200}", flush=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    seconds = round(time.monotonic() - begun)
    print(json.dumps({"kills": options.kills, "seed": options.seed, "wrong": wrong, "s": seconds}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
