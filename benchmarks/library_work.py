"""The programs that benchmarks.library runs: a writer, a reader and a keeper of one library.

Vectors are hashes of words, so that what is measured is the library and no model.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from benchmarks.churn_storm import Storm
from lsfs.errors import ConfirmationRequired
from lsfs.index.library import check
from lsfs.index.library.objects import Objects
from lsfs.index.library.tables import Library
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.syscalls import bulk, embedders

embedders.load = lambda config: HashEmbedder()  # type: ignore[assignment, misc]


def write(uri: str, folder: str, name: str, engine: str = "local") -> dict[str, int]:
    """Put a folder into a library once."""
    order = bulk.Order(
        Path(folder),
        uri,
        name,
        engine,
        replaces=True,
        compacts=False,  # type: ignore[arg-type]
    )
    done = bulk.put(order).ingested
    return {"read": done.read, "added": done.added, "commits": done.commits, "left": done.left}


def storm(uri: str, folder: str, name: str, seed: str, seconds: str) -> dict[str, int]:
    """Change a folder and put it into a library, again and again."""
    end = time.monotonic() + float(seconds)
    work = Storm(Path(folder), int(seed))
    work.run(200)
    totals: dict[str, int] = {"rounds": 0}
    while time.monotonic() < end:
        work.run(25)
        for key, count in write(uri, folder, name).items():
            totals[key] = totals.get(key, 0) + count
        totals["rounds"] += 1
    return totals | {"changes": work.done}


def read(uri: str, seconds: str) -> dict[str, object]:
    """Look at each state of a library as a whole, again and again."""
    end = time.monotonic() + float(seconds)
    library = Library(Objects(uri))
    seen: set[int] = set()
    looks, wrong = 0, []
    while time.monotonic() < end:
        found = check.check(library)
        looks += 1
        seen.add(found.head)
        wrong += [f"{found.head}: {one.kind} {one.examples[:2]}" for one in found.problems]
    return {"looks": looks, "heads": len(seen), "wrong": len(wrong), "examples": wrong[:5]}


def keep(uri: str, seed: str, seconds: str) -> dict[str, int]:
    """Compact a library now and then; what is older than two minutes goes."""
    end = time.monotonic() + float(seconds)
    chance = random.Random(int(seed))
    done = objects = documents = 0
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, chance.uniform(10, 30)))
        compacted = bulk.compact(uri, kept_seconds=120)
        done += 1
        objects += compacted.objects
        documents += compacted.documents
    return {"compactions": done, "documents": documents, "objects": objects}


PROGRAMS = {"write": write, "storm": storm, "read": read, "keep": keep}

if __name__ == "__main__":
    program, *arguments = sys.argv[1:]
    try:
        print(json.dumps(PROGRAMS[program](*arguments)))  # type: ignore[operator]
    except ConfirmationRequired as error:
        sys.exit(error.message)
