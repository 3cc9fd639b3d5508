"""Many small files: how long the first index of a source tree takes, and a look at it unchanged.

    python -m benchmarks.many_files [--files 50000] [--keep DIR]

The tree is made of the sources that the Python installation has, copied under new names with a line
of their own each, so that no two are alike. Without an embedding model: what is measured is the
pipeline, not the model. One table, and one line of JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import resource
import shutil
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig

SUFFIXES = (".py", ".pyi", ".txt", ".md", ".rst", ".c", ".h", ".json", ".toml", ".html")
LARGEST = 30_000  # bytes of a file that is taken


def sources() -> list[Path]:
    """Small text files of the Python installation, in a fixed order."""
    roots = {Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")}
    found = [
        path
        for root in sorted(roots)
        for path in sorted(root.rglob("*"))
        if path.suffix in SUFFIXES and path.is_file() and 0 < path.stat().st_size <= LARGEST
    ]
    return [path for path in found if "__pycache__" not in path.parts]


def fill(folder: Path, count: int, seed: int) -> int:
    """Make a tree of so many files, each with a line that no other has; gives its bytes."""
    chance = random.Random(seed)
    texts = sources()
    size = 0
    for number in range(count):
        origin = texts[number % len(texts)]
        place = folder / f"part{number // 2000:02}" / origin.parent.name
        place.mkdir(parents=True, exist_ok=True)
        mark = f"# copy {number} {chance.getrandbits(64):x}\n".encode()
        data = mark + origin.read_bytes()
        (place / f"{origin.stem}_{number}{origin.suffix}").write_bytes(data)
        size += len(data)
    return size


@contextlib.contextmanager
def first_answer(drive: lsfs.Drive, begun: float, times: dict[str, float]) -> Iterator[None]:
    """Notes when a second caller first gets a hit while the block runs."""
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            with lsfs.open(drive.source) as reader:
                if reader.retrieve("import", k=1, mode="keyword").hits:
                    times["first answer s"] = time.monotonic() - begun
                    return
            done.wait(0.2)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Index the tree, look at it again, move all of it, and look again."""
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    times: dict[str, Any] = {}
    begun, cpu = time.monotonic(), time.process_time()
    with lsfs.open(folder, config=config) as drive:
        with first_answer(drive, begun, times):
            drive.wait_indexed()
        times["index s"] = time.monotonic() - begun
        times["files/s"] = count / times["index s"]
        times["parent CPU s"] = time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        times["parent peak MiB"] = peak / 1024
        for name in ("unchanged look s", "again s"):
            begun = time.monotonic()
            drive.wait_indexed()
            times[name] = time.monotonic() - begun
        (folder / "part00").rename(folder / "moved")
        begun = time.monotonic()
        drive.wait_indexed()
        times["folder moved s"] = time.monotonic() - begun
        counts = drive.status().index
        assert counts["files"] == count and counts["pending"] == 0, counts
    return times


def main() -> int:
    """Run, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # The second caller would say each time that the index is being made.
    logging.getLogger("lsfs").setLevel(logging.ERROR)
    place = Path(tempfile.mkdtemp(prefix="lsfs-many-"))
    os.environ["XDG_DATA_HOME"] = str(place / "data")
    try:
        size = fill(place / "tree", options.files, options.seed)
        print(f"{options.files} files, {size / 2**20:.0f} MiB", file=sys.stderr)
        times = measure(place / "tree", options.files)
        for name, value in times.items():
            print(f"{name:>20}  {value:10.1f}")
        print(json.dumps({"files": options.files, "bytes": size, **times}))
    finally:
        shutil.rmtree(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
