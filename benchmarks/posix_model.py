"""Is a mounted drive like a folder? The same random operations on both, compared one by one.

    python -m benchmarks.posix_model [--operations 1000000] [--seed N] [--transport mfusepy]

Histories of a few thousand operations, each in fresh folders. At the first difference the history
is cut down to what the difference needs and printed, and the exit code is 1. Prints one table and
one JSON line. As root, some operations are done with the rights of other users.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lsfs.fuse.mount import mount, umount
from lsfs.paths import StatePaths
from tests.fuse.histories import ACTING, LIMITS, Arena, Difference, operations, play, shrink
from tests.fuse.model import Operation
from tests.fuse.ways import config_of

HISTORY = 4000
LONGEST = 100  # of a history that cannot be cut down the end is shown


@contextmanager
def mounted(transport: str, base: Path) -> Iterator[Arena]:
    """A fresh drive, mounted, and a plain folder beside it."""
    source, place, plain = base / "source", base / "mnt", base / "plain"
    for folder in (source, place, plain):
        folder.mkdir()
    state = StatePaths(base / "state")
    is_root = os.geteuid() == 0
    mount(
        source, place, state, config_of(transport), allow_other=is_root,
        brain_command=(),
    )  # fmt: skip
    try:
        yield Arena(place, plain, source, LIMITS[transport])
    finally:
        umount(place, state=state)


def tell(done: int, wanted: int, began: float) -> None:
    """How far it is, where somebody is looking."""
    if sys.stderr.isatty():
        pace = done / (time.monotonic() - began)
        sys.stderr.write(f"\r{done:,} of {wanted:,} operations, {pace:,.0f}/s ")


def main() -> int:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transport", choices=LIMITS, default="mfusepy")
    parser.add_argument("--base", type=Path, help="make the folders in this one")
    options = parser.parse_args()
    users = ACTING if os.geteuid() == 0 else (0,)
    kinds: Counter[str] = Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.base) as name:
        base = Path(name)
        base.chmod(0o755)
        with mounted(options.transport, base) as arena:
            for number in itertools.count():
                left = options.operations - kinds.total()
                if left <= 0:
                    break
                # A history of its own seed: it can be repeated without those before it.
                chance = random.Random(f"{options.seed}/{number}")
                history = itertools.islice(operations(chance, users), min(HISTORY, left))
                done, difference = play(arena, history)
                kinds.update(operation.kind for operation in done)
                tell(kinds.total(), options.operations, began)
                if difference is not None:
                    sys.stdout.write(f"\nseed {options.seed}, history {number}: {difference}\n")
                    shorter, same = shrink(arena, done)
                    report_difference(done, shorter, same)
                    break
    seconds = time.monotonic() - began
    report(options.transport, kinds, seconds, difference is not None)
    return int(difference is not None)


def report_difference(
    done: Sequence[Operation], shorter: Sequence[Operation], difference: Difference | None
) -> None:
    """The shortest history that still differs; the end of the long one if it comes no more."""
    if difference is None:
        sys.stdout.write("It does not come again. The last 50 operations were:\n")
        shorter = done[-50:]
    else:
        sys.stdout.write(f"The shortest history found, of {len(shorter)} operations:\n")
    sys.stdout.writelines(f"    {operation}\n" for operation in shorter[-LONGEST:])
    if difference is not None:
        sys.stdout.write(f"{difference}\n")


def report(transport: str, kinds: Counter[str], seconds: float, differs: bool) -> None:
    """The table and the JSON line."""
    rows = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    sys.stdout.write(f"\n{'operation':<16}{'times':>12}\n")
    sys.stdout.writelines(f"{kind:<16}{times:>12,}\n" for kind, times in rows)
    sys.stdout.write(f"{'all':<16}{kinds.total():>12,}\n")
    facts = {
        "transport": transport,
        "operations": kinds.total(),
        "seconds": round(seconds, 1),
        "differences": int(differs),
    }
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    sys.exit(main())
