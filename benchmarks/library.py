"""Shared libraries on an S3 server: local and Ray ingestion, kills, and writers beside a reader.

    python -m benchmarks.library [--files 300] [--kills 0] [--minutes 0] [--seed 1]
                                 [--engines local,ray]

So many generated files (text, markdown, tables, pages, mail; one in ten a copy) are put into one
library by each engine, on moto's S3 server; all rows of all tables are compared. With --kills the
driver, or with Ray a worker, is killed (SIGKILL) at random moments; the run after it must give the
same rows. With --minutes two writers, whose folders change at random (benchmarks.churn_storm), a
reader that checks each state that it meets, and a keeper that compacts, use one library at once;
then it must pass a deep check and equal one made afresh. The exit code is 1 when something did not.
Prints a table and a line of JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.churn_storm import WORDS
from lsfs.index.library.check import check
from lsfs.index.library.objects import Objects
from lsfs.index.library.schema import TABLES
from lsfs.index.library.tables import Library
from tests.s3 import Server, serving

SUFFIXES = (".txt", ".md", ".csv", ".html", ".eml")
SAMPLED = 0.1  # seconds between looks at the CPU time of processes


def generate(folder: Path, count: int, seed: int) -> int:
    """Make files; gives their bytes."""
    chance = random.Random(seed)
    made: list[tuple[str, str]] = []
    size = 0
    for number in range(count):
        suffix, text = chance.choice(SUFFIXES), ""
        if made and chance.random() < 0.1:
            suffix, text = chance.choice(made)
        else:
            text = content(chance, number, suffix)
            made.append((suffix, text))
        place = folder / f"{number // 100:03}" / f"{number:05}{suffix}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        size += len(text)
    return size


def content(chance: random.Random, number: int, suffix: str) -> str:
    """The text of a file of a kind."""
    lines = [" ".join(chance.choices(WORDS, k=chance.randint(5, 40))) + "." for _ in range(3)]
    title, day = f"Note {number}", f"2023-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    if suffix == ".csv":
        rows = [f"{word},{chance.randint(1, 9999)},{day}" for word in WORDS]
        return "\n".join(["name,amount,day", *rows]) + "\n"
    if suffix == ".html":
        body = "".join(f"<p>{line}</p>" for line in lines)
        return f"<html><title>{title}</title><body><h1>{title}</h1>{body}</body></html>"
    if suffix == ".eml":
        head = f"From: a@example.org\nTo: b@example.org\nSubject: {title}\nDate: {day}\n\n"
        return head + "\n\n".join(lines)
    return f"# {title} of {day}\n\n" + "\n\n".join(lines) + "\n"


# --- programs


class Program:
    """A program with all that it starts, and the CPU seconds that they take."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "benchmarks.library_work", *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._times: dict[int, float] = {}
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def _sample(self) -> None:
        while self._process.poll() is None:
            for process in self.tree():
                with contextlib.suppress(psutil.Error):
                    used = process.cpu_times()
                    self._times[process.pid] = used.user + used.system
            time.sleep(SAMPLED)

    def tree(self) -> list[psutil.Process]:
        """The process and all below it."""
        with contextlib.suppress(psutil.Error):
            top = psutil.Process(self._process.pid)
            return [top, *top.children(recursive=True)]
        return []

    def kill(self) -> None:
        """Kill the program itself; what it has started ends with it, as on a lost machine."""
        below = self.tree()[1:]
        self._process.send_signal(signal.SIGKILL)
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.kill()

    def kill_worker(self, chance: random.Random) -> bool:
        """Kill one of Ray's workers; False where there is none now."""
        workers = []
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                if "MapWorker" in " ".join(process.cmdline()):
                    workers.append(process)
        if not workers:
            return False
        with contextlib.suppress(psutil.Error):
            chance.choice(workers).kill()
        return True

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def end(self) -> tuple[Any, float]:
        """What it has said, and the CPU seconds of it and all that it started.

        Raises:
            RuntimeError: it failed.
        """
        said, _ = self._process.communicate()
        self._thread.join()
        if self._process.returncode:
            raise RuntimeError(f"a program ended with {self._process.returncode}")
        return json.loads(said.splitlines()[-1]), sum(self._times.values())

    def forget(self) -> None:
        """Wait for one that was killed."""
        self._process.communicate()
        self._thread.join()


# --- parts


def rows(uri: str) -> dict[str, list[str]]:
    """All rows of a library, each as a text."""
    snapshot = Library(Objects(uri)).snapshot()
    return {
        name: sorted(repr(row) for row in snapshot.table(name).to_arrow().to_pylist())
        for name in TABLES
    }


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> int:
    """In how many rows two libraries differ, a doubled one counted as one."""
    from collections import Counter

    pairs = ((Counter(one[name]), Counter(other[name])) for name in TABLES)
    return sum(((a - b) + (b - a)).total() for a, b in pairs)


def problems(uri: str) -> list[str]:
    """What a deep check finds."""
    return [f"{one.kind}: {one.count}" for one in check(Library(Objects(uri)), deep=True).problems]


def ingested(server: Server, folder: Path, engine: str) -> dict[str, Any]:
    """Put a folder into a new library."""
    uri = server.bucket(f"made-by-{engine}") + "/library"
    begun = time.monotonic()
    _, cpu = Program("write", uri, str(folder), "files", engine).end()
    return {"uri": uri, "seconds": time.monotonic() - begun, "cpu": cpu}


def killed(
    server: Server, folder: Path, engine: str, kills: int, chance: random.Random
) -> dict[str, Any]:
    """Kill drivers, and of Ray workers in turn; then let one run come to its end."""
    uri = server.bucket(f"killed-{engine}") + "/library"
    done = {"drivers": 0, "workers": 0}
    for number in range(kills):
        program = Program("write", uri, str(folder), "files", engine)
        if engine == "ray" and number % 2:
            time.sleep(chance.uniform(10, 20))
            while program.is_running() and not program.kill_worker(chance):
                time.sleep(0.2)
            done["workers"] += program.is_running()
            program.end()  # Ray reads again what the worker had
        else:
            time.sleep(chance.uniform(1, 12))
            done["drivers"] += program.is_running()
            program.kill()
            program.forget()
    Program("write", uri, str(folder), "files", engine).end()
    return {"uri": uri, **done}


def together(server: Server, place: Path, minutes: float, seed: int) -> dict[str, Any]:
    """Two writers, a reader and a keeper at once; then what is wrong with their library."""
    uri, seconds = server.bucket("together") + "/library", str(60 * minutes)
    folders = [place / "one", place / "other"]
    for folder in folders:
        folder.mkdir()
        (folder / "first.txt").write_text("The first note.")
        Program("write", uri, str(folder), folder.name).end()
    begun = [
        Program("storm", uri, str(folder), folder.name, str(seed + number), seconds)
        for number, folder in enumerate(folders)
    ]
    begun += [Program("read", uri, seconds), Program("keep", uri, str(seed), seconds)]
    told = [program.end()[0] for program in begun]
    afresh = server.bucket("afresh") + "/library"
    for folder in folders:
        for target in (uri, afresh):
            Program("write", target, str(folder), folder.name).end()
    Program("keep", uri, str(seed), "1").end()  # without what no file has
    return {
        "writers": told[:2], "reader": told[2], "keeper": told[3], "problems": problems(uri),
        "differ": differences(rows(uri), rows(afresh)),
    }  # fmt: skip


# --- the whole


def run(options: argparse.Namespace, place: Path, server: Server) -> dict[str, Any]:
    """All parts that are asked for."""
    found: dict[str, Any] = {"files": options.files, "seed": options.seed}
    folder = place / "files"
    if options.files:
        found["bytes"] = generate(folder, options.files, options.seed)
        made = {engine: ingested(server, folder, engine) for engine in options.engines}
        first = rows(made[options.engines[0]]["uri"])
        found["rows"] = {name: len(listed) for name, listed in first.items()}
        for engine, one in made.items():
            uri = one.pop("uri")
            found[engine] = one | {
                "files_s": options.files / one["seconds"],
                "cpu_ms": 1000 * one["cpu"] / options.files,
                "differ": differences(first, rows(uri)),
                "problems": problems(uri),
            }
            if options.kills:
                chance = random.Random(options.seed)
                again = killed(server, folder, engine, options.kills, chance)
                uri = again.pop("uri")
                again |= {"differ": differences(first, rows(uri)), "problems": problems(uri)}
                found[engine]["killed"] = again
    if options.minutes:
        found["together"] = together(server, place, options.minutes, options.seed)
    return found


def lines(found: dict[str, Any], engines: Sequence[str]) -> Iterator[str]:
    """The table."""
    yield f"{'':24}{'files/s':>10}{'CPU ms/file':>13}{'rows differ':>13}{'problems':>10}"
    for engine in engines:
        one = found.get(engine)
        if one is None:
            continue
        yield (
            f"{engine:24}{one['files_s']:10.1f}{one['cpu_ms']:13.1f}{one['differ']:13}"
            f"{len(one['problems']):10}"
        )
        if again := one.get("killed"):
            name = f"  after {again['drivers']}+{again['workers']} kills"
            yield f"{name:47}{again['differ']:13}{len(again['problems']):10}"
    if both := found.get("together"):
        name = f"two writers, {sum(one['rounds'] for one in both['writers'])} rounds"
        yield f"{name:47}{both['differ']:13}{len(both['problems']):10}"
        reader = both["reader"]
        name = f"a reader, {reader['looks']} looks at {reader['heads']} states"
        yield f"{name:60}{reader['wrong']:10}"


def wrong(value: Any) -> bool:
    """Whether anywhere in what was found rows differ or something is wrong."""
    if not isinstance(value, dict):
        return False
    return any(
        bool(one) if key in ("differ", "problems", "wrong") else wrong(one)
        for key, one in value.items()
    )


def main() -> int:
    """Run, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", type=lambda text: text.split(","), default=["local", "ray"])
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="lsfs-library-"))
    try:
        with serving() as server:
            os.environ.update(server.variables)
            found = run(options, place, server)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print("\n".join(lines(found, options.engines)))
    print(json.dumps(found))
    return 1 if wrong(found) else 0


if __name__ == "__main__":
    sys.exit(main())
