"""What it costs to read a shared library: requests, bytes and seconds, on an S3 server.

    python -m benchmarks.library_reading [--files 300] [--seed 1]

So many generated files (as in benchmarks.library) are put into a library on moto's S3 server, with
vectors of 384 numbers from hashed words. A reader then does what readers do, each the first time
and again; a line to the server counts requests and bytes. Prints a table and a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

import lsfs
from benchmarks.library import generate
from lsfs.config import Config, ModelConfig
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.syscalls import bulk, embedders
from tests.library.tap import Tap, tapped
from tests.s3 import serving

DIMENSION = 384
NAME = "notes"


class Meter:
    """Counts what some work costs."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self.rows: list[dict[str, Any]] = []

    def of(self, what: str, work: Callable[[], Any]) -> Any:
        """The result of some work, which becomes a row of the table."""
        before = self._tap.requests, self._tap.received
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.rows.append({
            "what": what,
            "requests": self._tap.requests - before[0],
            "kib": round((self._tap.received - before[1]) / 1024, 1),
            "seconds": round(time.perf_counter() - wall, 3),
            "cpu": round(time.process_time() - cpu, 3),
        })  # fmt: skip
        return result

    def show(self) -> None:
        """Print the table."""
        print(f"{'':44} requests      KiB  seconds    CPU s")
        for row in self.rows:
            print(
                f"{row['what']:44} {row['requests']:8} {row['kib']:8} {row['seconds']:8} "
                f"{row['cpu']:8}"
            )


def read(uri: str, folder: Path, root: Path, meter: Meter) -> dict[str, Any]:
    """Do what readers do."""
    settings = replace(Config(), model=ModelConfig(chat="none"))
    state = root / "state"

    def opened() -> lsfs.Drive:
        return lsfs.open(uri, config=settings, state=str(state))

    drive = meter.of("open, the first time (copies the catalog)", opened)
    files = drive.status().index
    drive.close()
    drive = meter.of("open again", opened)
    for mode in ("keyword", "semantic", "hybrid"):
        for query in ("harvest ledger", "winter garden invoice"):
            meter.of(f"search, {mode}", partial(drive.retrieve, query, mode=mode))
    meter.of("search, hybrid, one folder", lambda: drive.retrieve("ledger", dir=f"{NAME}/000"))
    meter.of("search, the same again", lambda: drive.retrieve("ledger", dir=f"{NAME}/000"))
    meter.of("ask", lambda: drive.ask("What is said about the harvest?"))
    meter.of("group by type", lambda: drive.group_by("type"))
    path = min(folder.rglob("*.md"))
    name = f"{NAME}/{path.relative_to(folder)}"
    meter.of("lay out the folder for a mount", lambda: drive.list_dir(""))
    meter.of("read a file", lambda: drive.read(name))
    meter.of("read it again", lambda: drive.read(name))
    meter.of("see that nothing is new", drive.wait_indexed)
    (folder / "new.txt").write_text("A bittern booms in the reeds.\n")
    bulk.put(bulk.Order(folder, uri, NAME, compacts=False))
    meter.of("take in a commit of one file", drive.wait_indexed)
    drive.close()
    return {**files, "copy_bytes": (state / "catalog.sqlite").stat().st_size}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    embedders.load = lambda *_: HashEmbedder(DIMENSION)
    with serving() as server, tapped(server.url) as tap, tempfile.TemporaryDirectory() as place:
        os.environ |= {**server.variables, "AWS_ENDPOINT_URL": tap.url}
        os.environ["XDG_DATA_HOME"] = place
        root = Path(place)
        folder = root / "files"
        size = generate(folder, given.files, given.seed)
        uri = f"{server.bucket('library')}/notes"
        meter = Meter(tap)
        meter.of("write the library", lambda: bulk.put(bulk.Order(folder, uri, NAME)))
        told = read(uri, folder, root, meter)
    meter.show()
    print(json.dumps({"benchmark": "library_reading", "files": given.files, "bytes": size,
                      "seed": given.seed, **told, "rows": meter.rows}))  # fmt: skip


if __name__ == "__main__":
    main()
