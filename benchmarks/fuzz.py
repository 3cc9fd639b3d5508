"""Spoiled files of every format through the real parsing child and what the index does with text.

    python -m benchmarks.fuzz [--inputs N] [--minutes M] [--formats A,B] [--seed S] [--save DIR]

Each input is a seed of ``benchmarks.fuzz_seeds`` after some of the mutations of
``benchmarks.fuzz_mutate``; a seed number makes the same inputs again. It is read as the daemon
reads it: by a sandboxed child, and what comes back is cut into passages, dated and rendered in this
process, which stands for the daemon. Prints a table, a row a format, and one JSON line:

- crashed: the child died or its answer was refused; the next input got a fresh child;
- failed: a parser raised what it does not foresee; the file ends as damaged, with that reason;
- stopped: out of time or memory, at the limits of a drive;
- slowest: seconds of the slowest input, in the child and behind it;
- MB: most memory of a child; the last line has this process's own, first and last.

Inputs that crashed, failed, were stopped or were slow are saved with what happened, to be read
again by ``--replay FILE ...``. What would be a hole is an exception here, which ends the run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, field

from benchmarks.fuzz_mutate import mutant
from benchmarks.fuzz_seeds import SEEDS
from lsfs import markdown
from lsfs.config import IndexConfig
from lsfs.index.fields.definitions import definitions
from lsfs.index.fields.extract import fields_of
from lsfs.index.readers import passages
from lsfs.index.readers.making import facts_of
from lsfs.index.readers.sandbox import Sandbox
from lsfs.model import Document, Status

SLOW = 2.0  # seconds that no small input may take
LIMITS = IndexConfig(parse_seconds=10.0, scan_seconds=0.0, parse_memory_mb=1024)
STOPPED = (Status.TIMEOUT, Status.OUT_OF_MEMORY)
CRASHES = ("the parser crashed", "the parser stopped", "the parser's answer", "faulty document")
UNFORESEEN = "the parser failed: "


class Row(Struct):
    """What became of the inputs of one format."""

    inputs: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    crashed: int = 0
    failed: int = 0
    stopped: int = 0
    parsing: float = 0.0
    indexing: float = 0.0
    memory: int = 0


class Outcome(Struct, frozen=True):
    """What became of one input."""

    document: Document
    parsing: float
    indexing: float

    @property
    def verdict(self) -> str:
        """Why it is worth keeping; "" when it is not."""
        reason = self.document.reason
        if any(words in reason for words in CRASHES):
            return "crashed"
        if reason.startswith(UNFORESEEN):
            return "failed"
        if self.document.status in STOPPED:
            return "stopped"
        return "slow" if max(self.parsing, self.indexing) > SLOW else ""


@contextmanager
def opened(data: bytes) -> Iterator[int]:
    """A file in memory that holds ``data``."""
    fd = os.memfd_create("input")
    try:
        os.write(fd, data)
        yield fd
    finally:
        os.close(fd)


def tried(sandbox: Sandbox, data: bytes, name: str) -> Outcome:
    """One input, all the way that a file goes."""
    began = time.perf_counter()
    with opened(data) as fd:
        document = sandbox.read(fd, name)
    parsed = time.perf_counter()
    assert document.status not in (Status.PENDING, Status.UNREADABLE), document.reason
    fields_of(document, facts_of(document, name).dates, definitions({}))
    for passage in passages.split(document):
        passages.text_hash(passage)
    markdown.sizes(document)
    return Outcome(document, parsed - began, time.perf_counter() - parsed)


def memory_of(pid: int | str, what: str = "VmHWM") -> int:
    """Memory of a process in MiB, the most so far by default; 0 when there is none."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = next((line for line in lines.splitlines() if line.startswith(what)), "x: 0 kB")
    return int(found.split()[1]) // 1024


def run(options: argparse.Namespace, save: Path) -> dict[str, Row]:
    """Try inputs, a format after the other, until there are enough or the time is over."""
    seeds = {name: make() for name, make in SEEDS.items() if _is_wanted(name, options.formats)}
    families: dict[str, list[bytes]] = {}
    for name, data in seeds.items():
        families.setdefault(_format(name), []).append(data)
    rows = {name: Row() for name in seeds}
    deadline = time.monotonic() + 60 * options.minutes
    with Sandbox(LIMITS) as sandbox:
        for number in range(options.inputs):
            name = list(seeds)[number % len(seeds)]
            if time.monotonic() > deadline:
                break
            chance = random.Random(f"{options.seed} {name} {number}")
            data = mutant(seeds[name], families[_format(name)], chance)
            outcome = tried(sandbox, data, name)
            _count(rows[name], outcome, memory_of(sandbox.pid) if sandbox.pid else 0)
            if outcome.verdict:
                _save(save, f"{options.seed}-{number}-{name}", data, outcome)
    return rows


def _is_wanted(name: str, formats: str) -> bool:
    return not formats or _format(name) in formats.split(",")


def _format(name: str) -> str:
    return name.rpartition(".")[2]


def _count(row: Row, outcome: Outcome, memory: int) -> None:
    row.inputs += 1
    row.statuses[outcome.document.status.value] += 1
    row.crashed += outcome.verdict == "crashed"
    row.failed += outcome.verdict == "failed"
    row.stopped += outcome.verdict == "stopped"
    row.parsing = max(row.parsing, outcome.parsing)
    row.indexing = max(row.indexing, outcome.indexing)
    row.memory = max(row.memory, memory)


def _save(folder: Path, name: str, data: bytes, outcome: Outcome) -> None:
    (folder / name).write_bytes(data)
    said = {
        "verdict": outcome.verdict,
        "status": outcome.document.status.value,
        "reason": outcome.document.reason,
        "parsing": round(outcome.parsing, 3),
        "indexing": round(outcome.indexing, 3),
    }
    with (folder / "found.ndjson").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"input": name, **said}) + "\n")


def replay(files: Sequence[Path]) -> None:
    """Try saved inputs again."""
    with Sandbox(LIMITS) as sandbox:
        for path in files:
            outcome = tried(sandbox, path.read_bytes(), path.name.rpartition("-")[2])
            took = f"{outcome.parsing:.2f} + {outcome.indexing:.2f} s"
            print(f"{path.name}: {outcome.document.status} {outcome.document.reason} ({took})")


def show(rows: dict[str, Row], seconds: float, own: tuple[int, int]) -> None:
    """The table and the JSON line."""
    print(
        f"{'seed':<11}{'inputs':>8}{'crashed':>9}{'failed':>8}{'stopped':>9}{'slowest':>14}{'MB':>6}"
    )
    for name, row in rows.items():
        slowest = f"{row.parsing:.2f}+{row.indexing:.2f}"
        counts = f"{row.inputs:>8}{row.crashed:>9}{row.failed:>8}{row.stopped:>9}"
        statuses = ", ".join(f"{status} {n}" for status, n in row.statuses.most_common())
        print(f"{name:<11}{counts}{slowest:>14}{row.memory:>6}  {statuses}")
    total = sum(row.inputs for row in rows.values())
    print(f"{total} inputs, {total / max(seconds, 1e-9):.0f}/s; own memory {own[0]} -> {own[1]} MB")
    summary = {
        "benchmark": "fuzz",
        "inputs": total,
        "seconds": round(seconds, 1),
        "crashed": sum(row.crashed for row in rows.values()),
        "failed": sum(row.failed for row in rows.values()),
        "stopped": sum(row.stopped for row in rows.values()),
        "child_mb": max((row.memory for row in rows.values()), default=0),
        "own_mb": own,
        "slowest": round(max((r.parsing for r in rows.values()), default=0), 2),
    }
    print(json.dumps(summary))


def main(arguments: Sequence[str] | None = None) -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(prog="benchmarks.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=24 * 60.0)
    parser.add_argument("--formats", default="", help="endings, with commas; all by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, help="where inputs that matter are kept")
    parser.add_argument("--replay", type=Path, nargs="*", help="saved inputs to try again")
    options = parser.parse_args(arguments)
    if options.replay:
        replay(options.replay)
        return
    save = options.save or Path(tempfile.mkdtemp(prefix="lsfs-fuzz-"))
    save.mkdir(parents=True, exist_ok=True)
    before = memory_of("self", "VmRSS")
    began = time.monotonic()
    rows = run(options, save)
    show(rows, time.monotonic() - began, (before, memory_of("self", "VmRSS")))
    kept = len(list(itertools.islice(save.iterdir(), 10_000)))
    print(f"inputs that matter: {save}" if kept else "no input was worth keeping")


if __name__ == "__main__":
    main()
