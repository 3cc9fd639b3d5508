"""How near a shared library ranks to the drive of the same files: by keyword, by meaning, by both.

    python -m benchmarks.library_ranking [--folder docs] [--seed 1] [--model none]

The folder is made a drive and a library on this disk. Queries are the headings of its Markdown
files, and as many times four words in a row of a passage. Of the ten best hits of the drive: how
many the library has, whether the first is the same, and whether all are in the same order. By
keyword with other weights of the columns, too (of `lsfs.index.library.expressions`). Prints a
table and a line of JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.index.library import expressions, words
from lsfs.syscalls import bulk

NAME = "folder"
QUERIES = 50  # of each kind, at most
# Text, heading, parts; first those that are used, then those of FTS5 (lsfs.index.find.keyword).
WEIGHTS = (
    tuple(expressions.WEIGHTS.values()), (1.0, 0.4, 1.0), (1.0, 0.2, 0.5), (1.0, 0.1, 1.0),
    (1.0, 0.1, 0.3), (1.0, 0.1, 0.1), (1.0, 0.01, 0.01),
)  # fmt: skip
Told = tuple[Any, ...]


def queries(folder: Path, seed: int) -> list[str]:
    """What is asked."""
    texts = [path.read_text("utf-8") for path in sorted(folder.rglob("*.md"))]
    headings = {one for text in texts for one in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    chance = random.Random(seed)
    asked = chance.sample(sorted(headings), min(QUERIES, len(headings)))
    paragraphs = [p for text in texts for p in text.split("\n\n") if len(_words(p)) > 12]
    for paragraph in chance.sample(paragraphs, min(QUERIES, len(paragraphs))):
        found = _words(paragraph)
        first = chance.randrange(len(found) - 4)
        asked.append(" ".join(found[first : first + 4]))
    return [" ".join(_words(one)) for one in asked]


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]{3,}", text)


def hits(drive: lsfs.Drive, query: str, mode: str) -> list[Told]:
    """The ten best passages."""
    found = drive.retrieve(query, k=10, mode=mode).hits
    return [(hit.path.removeprefix(f"{NAME}/"), hit.char_start, hit.text) for hit in found]


def compared(mine: Sequence[list[Told]], theirs: Sequence[list[Told]]) -> dict[str, float]:
    """Shares over the queries for which the drive finds something."""
    pairs = [(a, b) for a, b in zip(mine, theirs, strict=True) if a]
    return {
        "of_ten": sum(len(set(a) & set(b)) / len(a) for a, b in pairs) / len(pairs),
        "first": sum(a[:1] == b[:1] for a, b in pairs) / len(pairs),
        "order": sum(a == b for a, b in pairs) / len(pairs),
    }


@contextlib.contextmanager
def weighing(weights: Sequence[float], *, rarity: bool = True) -> Iterator[None]:
    """The library with other weights, or with Lance's own view of how rare a word is."""
    known, asked = dict(expressions.WEIGHTS), words.LibraryWords._rarity
    expressions.WEIGHTS.update(zip(known, weights, strict=True))
    if not rarity:
        words.LibraryWords._rarity = lambda self, term: (1.0, 1.0)  # type: ignore[method-assign]
    try:
        yield
    finally:
        expressions.WEIGHTS.update(known)
        words.LibraryWords._rarity = asked  # type: ignore[method-assign]


def measured(folder: Path, place: Path, model: str, asked: list[str]) -> list[dict[str, Any]]:
    """A row for each way of search, and for each setting of the weights."""
    uri = f"file://{place}/library"
    bulk.put(bulk.Order(folder, uri, NAME))
    settings = replace(Config(), model=ModelConfig(chat="none", embed=model))
    rows = []
    with (
        lsfs.open(folder, config=settings, state=str(place / "drive")) as drive,
        lsfs.open(uri, config=settings, state=str(place / "reader")) as library,
    ):
        drive.wait_indexed()
        for mode in ("keyword",) if model == "none" else ("semantic", "hybrid", "keyword"):
            mine = [hits(drive, query, mode) for query in asked]
            rows.append({"what": mode, **compared(mine, [hits(library, q, mode) for q in asked])})
        for weights in WEIGHTS[1:]:
            with weighing(weights):
                theirs = [hits(library, query, "keyword") for query in asked]
            rows.append({"what": f"keyword, weights {weights}", **compared(mine, theirs)})
        with weighing(WEIGHTS[1], rarity=False):
            theirs = [hits(library, query, "keyword") for query in asked]
        rows.append({"what": "keyword, those of FTS5, Lance's rarity", **compared(mine, theirs)})
    return rows


def main() -> None:
    """Measure, and print one table and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(__file__).parents[1] / "docs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default="default", help="of embedding; none: by keyword only")
    given = parser.parse_args()
    asked = queries(given.folder, given.seed)
    with tempfile.TemporaryDirectory(prefix="lsfs-ranking-") as place:
        os.environ |= {"XDG_DATA_HOME": place, "LSFS_MODEL_EMBED": given.model}
        folder = shutil.copytree(given.folder, Path(place) / "files")  # it may change meanwhile
        rows = measured(folder, Path(place), given.model, asked)
    print(f"{len(asked)} queries{'':32}of ten  first  same order")
    for row in rows:
        print(f"{row['what']:42}{row['of_ten']:7.3f}{row['first']:7.3f}{row['order']:7.3f}")
    told = {"seed": given.seed, "queries": len(asked), "rows": rows}
    print(json.dumps({"benchmark": "library_ranking", **told}))


if __name__ == "__main__":
    main()
