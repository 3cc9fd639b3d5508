"""Questions whose answers stand on known pages of long PDFs: does the first hit name the page?

    python -m benchmarks.page_questions --data FOLDER [--fillers CORPUS.json] [--seed 1]
        [--questions 400] [--chapters 40] [--out FOLDER]

Sets one long document with each engine of benchmarks.parsing that is installed, in one to three
columns, of the chapters in FOLDER/xquad.en.json, each in one document only, and of chapters of
other texts ({id: text}), so that most pages hold no answer. A question's page is looked up in the
file: of its answer, and whether the paragraph or the sentence around it goes over the page's end.

Compared, with the same embedding model and the same words:

- lsfs: the documents as they are, ``retrieve`` by its default search;
- pages: the text of each page by pdftotext as a file of its own, and the same search;
- chunks: the text of each page in chunks of 800 characters, BM25 and the embedding by rank fusion.

A hit is right when its file is, and the page of the answer is among the pages it cites; "cited" is
how many those are in the first hit. Prints a table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

import lsfs
from benchmarks.parsing_documents import Engine, Truth, document
from benchmarks.parsing_files import _fitted, _pages, engines, looked_up
from benchmarks.parsing_letters import letters
from benchmarks.parsing_score import forms
from benchmarks.parsing_texts import Chapter, Texts, plain, texts
from lsfs.config import Config, ModelConfig
from lsfs.index.meaning.embed import load
from lsfs.llm.files.models import DEFAULT, embed_model_folder

COLUMNS = (1, 2, 2, 3)
K = 3
_FILLER_PARAGRAPHS = 5
_AROUND = 40  # letters on each side by which an answer is found on its page
_CHUNK, _OVERLAP = 800, 100  # characters
_FUSION = 60  # Cormack et al. 2009
_SENTENCE = re.compile(r"[.!?]\s")


class Question(Struct, frozen=True):
    """A question and where its answer is.

    Attributes:
        name: of the document.
        pages: that show the answer; two for an answer that the page's end divides.
        crosses: "" or what goes over the end of the page: "paragraph" or "sentence".
    """

    text: str
    name: str
    pages: frozenset[int]
    crosses: str


class Cited(Struct, frozen=True):
    """A hit of any tool."""

    name: str
    first: int
    last: int


Search = Callable[[str], Sequence[Cited]]


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with xquad.en.json")
    parser.add_argument("--fillers", type=Path, help="JSON {id: text} of texts without answers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--questions", type=int, default=400, help="those over a page's end first")
    parser.add_argument("--chapters", type=int, default=40, help="of each document")
    parser.add_argument("--out", type=Path, help="keep the documents there")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        folder = options.out or Path(place)
        made = list(_documents(folder / "source", options, chance))
        asked = _asked(folder / "source", made, options.data, chance, options.questions)
        rows = {}
        for name, searcher in (("lsfs", _lsfs), ("pages", _page_files), ("chunks", _chunks)):
            rows[name] = _figures(asked, searcher(folder))
            _note(f"{name}: {rows[name]}")
    _print(rows, made, asked)


def _documents(folder: Path, options: argparse.Namespace, chance: random.Random) -> Iterator[Truth]:
    """Long documents, with the numbers of their pages known."""
    folder.mkdir(parents=True, exist_ok=True)
    installed, missing = engines()
    for name, how in missing.items():
        _note(f"{name} is not installed: {how}")
    chapters = texts("en", options.data).chapters
    fillers = _fillers(options.fillers) if options.fillers else []
    chance.shuffle(chapters)
    chance.shuffle(fillers)
    for number, engine in enumerate(installed):
        own = chapters[number :: len(installed)]
        others = fillers[number :: len(installed)][: max(0, options.chapters - len(own))]
        source = _fitted(Texts("en", [*own, *others]), engine.characters)
        yield _document(engine, source, options.seed * 1000 + number, folder, COLUMNS[number % 4])


def _document(engine: Engine, source: Texts, seed: int, folder: Path, columns: int) -> Truth:
    count = len(source.chapters)
    truth = document(engine.name, source, seed, columns, engine.wanted(columns), count)
    path = folder / f"{truth.name}.pdf"
    engine.render(truth, path)
    truth = looked_up(truth, path)
    _note(f"{truth.name}: {len(truth.page_labels)} pages, {columns} columns")
    return truth


def _fillers(path: Path) -> list[Chapter]:
    paragraphs = [plain(text) for text in json.loads(path.read_text(encoding="utf-8")).values()]
    groups = range(0, len(paragraphs) - _FILLER_PARAGRAPHS, _FILLER_PARAGRAPHS)
    return [
        Chapter(
            " ".join(paragraphs[n].split()[:4]).strip(",.:;"),
            tuple(paragraphs[n : n + _FILLER_PARAGRAPHS]),
        )
        for n in groups
    ]


def _asked(
    folder: Path, made: Sequence[Truth], data: Path, chance: random.Random, count: int
) -> list[Question]:
    """Questions with their pages: half of those wanted where the page ends, as far as there are."""
    articles = json.loads((data / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    found: list[Question] = []
    for truth in made:
        pages = _pages(folder / f"{truth.name}.pdf")
        shown = {letters(e.text): forms(e) for e in truth.elements if e.kind == "para"}
        for paragraph in paragraphs:
            context = letters(plain(paragraph["context"]))
            for one in paragraph["qas"] if context in shown else ():
                question = _question(one, paragraph["context"], shown[context], truth.name, pages)
                found += [question] if question else []
    chance.shuffle(found)
    crossing = [question for question in found if question.crosses][: count // 2]
    within = [question for question in found if not question.crosses]
    return crossing + within[: count - len(crossing)]


def _question(
    asked: dict[str, Any], context: str, shown: Sequence[str], name: str, pages: Sequence[str]
) -> Question | None:
    """A question with the pages of its answer; None where they cannot be told."""
    answer = asked["answers"][0]
    start = answer["answer_start"]
    end = start + len(answer["text"])
    begin = max((m.end() for m in _SENTENCE.finditer(context, 0, start)), default=0)
    stop = _SENTENCE.search(context, end)
    cuts = [letters(plain(context[:at])) for at in (begin, start, end)]
    sentence = letters(plain(context[begin : stop.start() + 1 if stop else len(context)]))
    places = _places(shown, pages)
    if places is None:
        return None
    first, border, form = places
    if border >= len(form):
        return Question(asked["question"], name, frozenset({first}), "")
    at = range(len(cuts[1]), max(len(cuts[1]) + 1, len(cuts[2])))
    own = frozenset(first + (letter >= border) for letter in (at[0], at[-1]))
    divided = len(cuts[0]) < border < len(cuts[0]) + len(sentence)
    return Question(asked["question"], name, own, "sentence" if divided else "paragraph")


def _places(shown: Sequence[str], pages: Sequence[str]) -> tuple[int, int, str] | None:
    """The page that a paragraph begins on, and how many of its letters stand there."""
    for form in shown:
        for number, page in enumerate(pages, 1):
            if form in page:
                return number, len(form), form
    for form in shown:
        for number, page in enumerate(pages[:-1], 1):
            if form[:_AROUND] not in page:
                continue
            low = next((n for n in range(len(form), 0, -1) if form[:n] in page), 0)
            if form[low : low + _AROUND] in pages[number]:
                return number, low, form
    return None


def _lsfs(folder: Path) -> Search:
    return _searched(folder / "source", folder / "state", lambda name: (Path(name).stem, 0))


def _page_files(folder: Path) -> Search:
    """The text of each page as a file of its own."""
    target = folder / "pages"
    for name, number, text in _page_texts(folder):
        target.joinpath(name).mkdir(parents=True, exist_ok=True)
        target.joinpath(name, f"{number:04}.txt").write_text(text, encoding="utf-8")
    return _searched(
        target, folder / "state-pages", lambda name: (Path(name).parent.name, int(Path(name).stem))
    )


def _searched(source: Path, state: Path, named: Callable[[str], tuple[str, int]]) -> Search:
    """lsfs's search of a folder; ``named`` tells the document and the page (or 0) of a file."""
    config = replace(Config(), model=ModelConfig(chat="none"))
    drive = lsfs.open(source, config=config, state=str(state))
    drive.wait_indexed()
    if errors := drive.status().index["errors"]:
        raise RuntimeError(f"{errors} files of {source} could not be read")

    def search(text: str) -> list[Cited]:
        found = []
        for hit in drive.retrieve(text, k=K).hits:
            name, page = named(hit.path)
            first = page or hit.page or 0
            found.append(Cited(name, first, page or hit.page_end or first))
        return found

    return search


def _chunks(folder: Path) -> Search:
    """Chunks of pages: BM25 of SQLite and the embedding, by reciprocal rank."""
    model = embed_model_folder(DEFAULT)
    if model is None:
        raise SystemExit("the embedding model is not installed")
    pages = [
        (name, number, text[start : start + _CHUNK + _OVERLAP])
        for name, number, text in _page_texts(folder)
        for start in range(0, len(text), _CHUNK)
    ]
    words = sqlite3.connect(":memory:")
    words.execute("CREATE VIRTUAL TABLE page USING fts5(text, tokenize='porter unicode61')")
    words.executemany(
        "INSERT INTO page (rowid, text) VALUES (?, ?)",
        [(n, text) for n, (_, _, text) in enumerate(pages)],
    )
    embedder = load(model.path.parent, folder / "cache")
    vectors = embedder.encode([text for _, _, text in pages])

    def search(text: str) -> list[Cited]:
        terms = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", text))
        query = "SELECT rowid FROM page WHERE page MATCH ? ORDER BY rank LIMIT 50"
        by_words = [row for (row,) in words.execute(query, (terms,))]
        nearness = vectors @ embedder.encode([text])[0]
        by_meaning = [int(n) for n in np.argsort(-nearness)[:50]]
        scores: dict[int, float] = {}
        for ranking in (by_words, by_meaning):
            for rank, page in enumerate(ranking, 1):
                scores[page] = scores.get(page, 0.0) + 1 / (_FUSION + rank)
        best = sorted(scores, key=lambda page: -scores[page])[:K]
        return [Cited(pages[n][0], pages[n][1], pages[n][1]) for n in best]  # of each the page

    return search


def _page_texts(folder: Path) -> Iterator[tuple[str, int, str]]:
    for path in sorted((folder / "source").glob("*.pdf")):
        command = ["pdftotext", str(path), "-"]
        done = subprocess.run(command, capture_output=True, check=True)
        texts_ = done.stdout.decode("utf-8", "replace").split("\f")[:-1]
        yield from ((path.stem, number, text) for number, text in enumerate(texts_, 1))


def _figures(asked: Sequence[Question], search: Search) -> dict[str, float]:
    ranks: list[tuple[Question, int]] = []
    cited: list[int] = []
    for question in asked:
        hits = search(question.text)
        right = (
            n
            for n, hit in enumerate(hits)
            if hit.name == question.name
            and any(hit.first <= page <= hit.last for page in question.pages)
        )
        ranks.append((question, next(right, K)))
        cited += [hit.last - hit.first + 1 for hit in hits[:1]]
    found: dict[str, float] = {}
    for group in ("all", "within", "paragraph", "sentence"):
        chosen = [rank for q, rank in ranks if group == "all" or (q.crosses or "within") == group]
        if chosen:
            found[f"{group} n"] = len(chosen)
            found[f"{group} hit@1"] = sum(rank == 0 for rank in chosen) / len(chosen)
            found[f"{group} hit@3"] = sum(rank < K for rank in chosen) / len(chosen)
    return found | {"cited": sum(cited) / max(1, len(cited))}


def _print(
    rows: dict[str, dict[str, float]], made: Sequence[Truth], asked: Sequence[Question]
) -> None:
    pages = [len(truth.page_labels) for truth in made]
    sys.stdout.write(f"{len(made)} documents of {pages} pages, {len(asked)} questions\n")
    names = list(next(iter(rows.values())))
    for name in names:
        cells = "".join(f"{row.get(name, float('nan')):>10.3f}" for row in rows.values())
        sys.stdout.write(f"{name:<20}{cells}\n")
    sys.stdout.write(json.dumps({"pages": pages, "tools": rows}) + "\n")


def _note(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
