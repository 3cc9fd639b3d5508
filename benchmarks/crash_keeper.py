"""The part of the brain that keeps versions, alone: quick to start, so it can be killed often.

    python -m benchmarks.crash_keeper SOURCE STATE SEED

It ends when its standard input ends, as the brain does.
"""

from __future__ import annotations

import os
import random
import select
import sys
from pathlib import Path

from lsfs.clock import SystemClock
from lsfs.drives import locked
from lsfs.errors import LsfsError
from lsfs.paths import StatePaths
from lsfs.versions import recover
from lsfs.versions.keeper import Keeper
from lsfs.versions.prune import Rules

KEPT = 3  # versions of each file that are never pruned


def main(source: str, state: str, seed: str) -> None:
    """Follow, look, settle, prune and copy until standard input ends."""
    dice = random.Random(seed)
    paths = StatePaths(Path(state))
    with locked(paths.catalog_lock):
        keeper = Keeper(paths, Path(source), SystemClock())
        keeper.look()
        while True:
            if select.select([0], [], [], 0.02)[0] and not os.read(0, 4096):
                keeper.close()
                return
            try:
                _some(keeper, paths, dice)
            except (LsfsError, OSError) as error:
                sys.stderr.write(f"keeper: {error}\n")


def _some(keeper: Keeper, paths: StatePaths, dice: random.Random) -> None:
    keeper.follow()
    match dice.randrange(10):
        case 0:
            keeper.look()
        case 1:
            doomed = keeper.pruning.by_rules(Rules(last=KEPT), 0)
            keeper.give_up(doomed, thorough=dice.random() < 0.5)
        case 2:
            recover.copy(keeper.ledger, paths.versions_copy, 0)
        case 3 | 4 | 5:
            keeper.settle()


if __name__ == "__main__":
    main(*sys.argv[1:])
