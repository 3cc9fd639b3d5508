"""Keyword and semantic retrieval as the LSFS paper measures it (its Tables 2 and 3).

    python -m benchmarks.paper_retrieval [--seeds N]

Files in six formats with known keywords (benchmarks.paper_retrieval_set) are asked for by one to
three keywords with "and" and "or". The traps are parts of words, plurals, the words of a phrase
apart, a word that the end of a line or of a page cuts. Beside lsfs: ``grep -i`` on the files as
they are; ``grep -i`` and ``grep -iw`` on their text as pypdf and python-docx give it (the paper's
grep* reads converted files, too); the ten files that keyword search finds best (its "search
window").

The second table asks for "the file that …": in words of the file, and in words that it does not
have (the hardest case there is). What counts is that the first hit is the file, of the default
search and of search by meaning alone. The paper's files are not published; these and the questions
were written by the author of the grouping. The paper's figures stand beside for orientation: they
are of other files.
"""

from __future__ import annotations

import argparse
import html
import itertools
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from email import message_from_bytes, policy
from pathlib import Path

from msgspec.structs import replace

import lsfs
from benchmarks.paper_retrieval_set import (
    KEYWORDS,
    KeywordFile,
    keyword_files,
    subject_files,
    write,
)
from lsfs.config import Config, ModelConfig

SIZES = (10, 20, 40)
QUERIES = 30  # for each number of files and seed
PAPER_F1 = {"LSFS": (0.891, 0.900, 0.909), "grep": (0.402, 0.337, 0.348), "grep*": (1, 1, 1)}
PAPER_ACCURACY = {"LSFS": (0.950, 0.913, 0.934), "without": (0.750, 0.773, 0.709)}

Query = tuple[tuple[str, ...], str]
Finder = Callable[[Query], set[str]]


def main() -> None:
    """Run both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    seeds = range(options.seeds)
    words = {size: [keyword_scores(size, seed) for seed in seeds] for size in SIZES}
    names = list(words[SIZES[0]][0])
    print(f"keywords, {QUERIES} queries x {options.seeds} seeds: precision / recall / F1")
    print(f"{'':28}" + "".join(f"{size:>22}" for size in SIZES))
    scores: dict[str, list[list[float]]] = {}
    for name in names:
        scores[name] = [_mean(run[name] for run in words[size]) for size in SIZES]
        cells = "".join(f"{p:>8.3f} {r:.3f} {f:.3f}" + "  " for p, r, f in scores[name])
        print(f"{name:28}{cells}")
    for name, figures in PAPER_F1.items():
        print(f"{'paper: ' + name:28}" + "".join(f"{'':14}{figure:.3f}   " for figure in figures))
    print(f"\n{'the first hit is the file':34}" + "".join(f"{size:>8}" for size in SIZES))
    rates = {size: [hit_rates(size, seed) for seed in seeds] for size in SIZES}
    accuracy = {
        name: [sum(run[name] for run in rates[size]) / len(seeds) for size in SIZES]
        for name in rates[SIZES[0]][0]
    }
    for name, found in {
        **accuracy,
        **{f"paper: {n}": f for n, f in PAPER_ACCURACY.items()},
    }.items():
        print(f"{name:34}" + "".join(f"{figure:>8.3f}" for figure in found))
    print(json.dumps({"keywords": scores, "first_hit": accuracy}))


def keyword_scores(size: int, seed: int) -> dict[str, list[float]]:
    """Precision, recall and F1 over all queries, by the finder's name."""
    files = keyword_files(size, 100 * size + seed)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "files")
        folder.mkdir()
        for file in files:
            write(file, folder)
        with _opened(folder, Path(place, "state"), embed="none") as drive:
            finders = {
                "lsfs group_keywords": lambda query: _grouped(drive, query),
                "grep -i": _grep(_raw(folder), whole=False),
                "grep -i, converted files": _grep(_converted(folder), whole=False),
                "grep -iw, converted files": _grep(_converted(folder), whole=True),
                "keyword search, 10 best": lambda query: _searched(drive, query),
            }
            queries = list(_queries(rng))
            return {name: _score(find, files, queries) for name, find in finders.items()}


def _queries(rng: random.Random) -> Iterable[Query]:
    for n in range(QUERIES):
        words = tuple(rng.sample(sorted(KEYWORDS), 1 + n % 3))
        yield words, "and" if len(words) == 1 or n % 2 else "or"


def _score(find: Finder, files: list[KeywordFile], queries: list[Query]) -> list[float]:
    right = found = wanted = 0
    for query in queries:
        words, condition = query
        test = all if condition == "and" else any
        truth = {file.name for file in files if test(word in file.holds for word in words)}
        answer = find(query)
        right += len(truth & answer)
        found += len(answer)
        wanted += len(truth)
    precision, recall = right / max(found, 1), right / max(wanted, 1)
    return [precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)]


def _grouped(drive: lsfs.Drive, query: Query) -> set[str]:
    words, condition = query
    groups = drive.group_keywords(words, condition).groups
    return {file.path for group in groups for file in group.files}


def _searched(drive: lsfs.Drive, query: Query) -> set[str]:
    hits = drive.retrieve(" ".join(query[0]), k=30, mode="keyword").hits
    return set(list(dict.fromkeys(hit.path for hit in hits))[:10])


def _grep(texts: dict[str, str], *, whole: bool) -> Finder:
    def find(query: Query) -> set[str]:
        words, condition = query
        edge = r"\b" if whole else ""
        forms = [re.compile(f"{edge}{re.escape(word)}{edge}", re.IGNORECASE) for word in words]
        test = all if condition == "and" else any
        return {
            name
            for name, text in texts.items()
            if test(any(form.search(line) for line in text.splitlines()) for form in forms)
        }

    return find


def _raw(folder: Path) -> dict[str, str]:
    return {path.name: path.read_bytes().decode("utf-8", "replace") for path in folder.iterdir()}


def _converted(folder: Path) -> dict[str, str]:
    return {path.name: _text(path) for path in folder.iterdir()}


def _text(path: Path) -> str:
    """A file's text by others' means."""
    if path.suffix == ".pdf":
        import pypdf

        return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    if path.suffix == ".docx":
        import docx

        return "\n".join(part.text for part in docx.Document(str(path)).paragraphs)
    if path.suffix == ".eml":
        return str(message_from_bytes(path.read_bytes(), policy=policy.default).get_content())
    text = path.read_text()
    return html.unescape(re.sub("<[^>]+>", " ", text)) if path.suffix == ".html" else text


def hit_rates(size: int, seed: int) -> dict[str, float]:
    """How often the first hit is the file that is asked for, by how it is asked and searched."""
    right: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "files")
        folder.mkdir()
        asked = subject_files(size, 10 * size + seed, folder)
        with _opened(folder, Path(place, "state")) as drive:
            for own, other, path in asked:
                for words, question in (("its words", own), ("other words", other)):
                    for mode in ("hybrid", "semantic"):
                        hits = drive.retrieve(question, k=1, mode=mode).hits
                        name = "default" if mode == "hybrid" else "by meaning"
                        right[f"in {words}, {name}"] += bool(hits) and hits[0].path == path.name
    return {name: count / size for name, count in sorted(right.items(), reverse=True)}


def _opened(folder: Path, state: Path, embed: str = "default") -> lsfs.Drive:
    config = replace(Config(), model=ModelConfig(chat="none", embed=embed))
    drive = lsfs.open(folder, config=config, state=str(state))
    drive.wait_indexed()
    return drive


def _mean(runs: Iterable[list[float]]) -> list[float]:
    rows = list(runs)
    return [sum(column) / len(rows) for column in itertools.zip_longest(*rows)]


if __name__ == "__main__":
    main()
