"""Are the files' answers found, absent ones admitted, and nothing said that no file says?

    python -m benchmarks.answers --data DIR [--seed N] [--model-questions 60]

Through the product's own path: every paragraph of XQuAD (English, 240) is a file; each of the 1,190
questions is read, searched for and answered, once as the files are and once without its paragraph.
Thresholds are fitted on the questions of half the articles and judged on the other half. Two other
proses are asked for transfer: abstracts (a retrieval set, where only the file is known), and
generated papers with questions that just miss what they say. With ``--model-questions``, as many
questions of the second half are also put to the language model alone, with the best passages and
the plain instruction to answer or to say that it is not found. Prints a table, with intervals of
95 % by bootstrap, and one line of JSON.

DIR holds ``xquad.en.json`` and ``retrieval/pubmedqa``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

import lsfs
from benchmarks import answers_model, answers_set
from benchmarks.answers_liar import Liar
from benchmarks.answers_papers import papers
from benchmarks.answers_set import Asked, Texts
from benchmarks.answers_support import unsupported
from lsfs.config import Config, ModelConfig
from lsfs.llm.answers.answer import quoted
from lsfs.llm.answers.evidence import CALIBRATIONS, answerable
from lsfs.syscalls.answers import facts
from lsfs.syscalls.answers.again import looked_again
from lsfs.syscalls.ask import AskRequest, answered
from lsfs.syscalls.drive import LocalCaller
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.retrieve import read_query

NONE = -9.0  # the score of a question that no sentence was found for
FURTHER = 120  # questions that are also looked for again without their file
SAMPLES = 1000  # of a bootstrap


class Outcome(Struct, frozen=True):
    """A question, asked with its file and without.

    Attributes:
        score, removed: of the best sentence with the file and without it.
        places: of the candidates in their order, whether each holds an answer.
        shown: how many of them an answer would quote.
        unsupported: statements shown, either time, that their citations do not bear.
        answered: whether the product answered, with the file.
        refused: whether it did not without, also after it looked again; None where not tried.
        wall_s: what answering took.
    """

    score: float
    removed: float
    places: tuple[bool, ...]
    shown: int
    unsupported: int
    statements: int
    answered: bool
    refused: bool | None
    wall_s: float


@contextmanager
def opened(texts: dict[str, str], state: Path | None) -> Iterator[Engines]:
    """The engines of a drive with these files, without a language model."""
    with tempfile.TemporaryDirectory() as place:
        root = state or Path(place)
        answers_set.write(texts, root / "files")
        config = replace(Config(), model=ModelConfig(chat="none"))
        with lsfs.open(root / "files", config=config, state=str(root / "state")) as drive:
            drive.wait_indexed()
            caller = drive._caller
            assert isinstance(caller, LocalCaller)
            _remember(caller.engines.embedder)
            yield caller.engines


def _remember(embedder: Any) -> None:
    """Let an embedder compute each text once: the same sentences are read for many questions."""
    for name in ("encode", "encode_tokens"):
        setattr(embedder, name, _remembered(getattr(embedder, name)))


def _remembered(encode: Callable[[Sequence[str]], Any]) -> Callable[[Sequence[str]], Any]:
    known: dict[str, Any] = {}

    def remembered(texts: Sequence[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, encode(new), strict=True))
        found = [known[text] for text in texts]
        return np.array(found) if found and isinstance(found[0], np.ndarray) else found

    return remembered


def outcome(
    engines: Engines, asked: Asked, *, remove: bool = True, further: bool = False
) -> Outcome:
    """Ask a question with its file and, with ``remove``, without.

    Args:
        further: without it also look again, as the product does.
    """
    began = time.perf_counter()
    answer = answered(Call(engines), AskRequest(asked.text, no_model=True))
    wall = time.perf_counter() - began
    found = gathered(engines, asked.text, ())
    without = gathered(engines, asked.text, (asked.file,)) if remove else None
    rest = without.candidates if without else ()
    places = tuple(
        found.read[c.passage].path == asked.file
        and (not asked.answers or any(a in " ".join(c.text.split()) for a in asked.answers))
        for c in found.candidates
    )
    wrong = unsupported(engines, answer)
    return Outcome(
        found.candidates[0].score if found.candidates else NONE,
        rest[0].score if rest else NONE,
        places,
        len(quoted(found.candidates)) if found.candidates else 0,
        len(wrong),
        len(answer.statements),
        answer.grounded,
        _refused(engines, asked, without) if further and without else None,
        wall,
    )


def _refused(engines: Engines, asked: Asked, found: facts.Gathered) -> bool:
    """Whether nothing is found without the file, as often as the product looks."""
    if answerable(found.candidates):
        return False
    read = read_query(engines, asked.text)
    filters = replace(read.filters, not_dirs=(asked.file,))
    again = looked_again(Call(engines), read.words, read.plan, filters, found)
    return not answerable(again.found.candidates)


def gathered(engines: Engines, question: str, without: tuple[str, ...]) -> facts.Gathered:
    """What the product reads for a question, as if some files were not there."""
    read = read_query(engines, question)
    filters = replace(read.filters, not_dirs=without)
    return facts.gathered(Call(engines), read.words, read.plan, filters)


def figures(first: list[Outcome], second: list[Outcome], shipped: float) -> dict[str, Any]:
    """Fitted on the first half, judged on the second, each with its interval."""
    scores = [o.score for o in first] + [o.removed for o in first]
    best = max(scores, key=lambda at: _accuracy(first, at))
    rows: dict[str, Callable[[list[Outcome]], float]] = {
        "first quote holds the answer": lambda o: _mean([any(x.places[:1]) for x in o]),
        "first two hold it": lambda o: _mean([any(x.places[:2]) for x in o]),
        "quotes as shown hold it": lambda o: _mean([any(x.places[: x.shown]) for x in o]),
        "quotes shown": lambda o: _mean([x.shown for x in o]),
        "AUC": auc,
        "right decisions, fitted": lambda o: _accuracy(o, best),
        "right decisions, shipped": lambda o: _accuracy(o, shipped),
        "answered, shipped": lambda o: _mean([x.score >= shipped for x in o]),
        "refused, shipped": lambda o: _mean([x.removed < shipped for x in o]),
        "answered by the product": lambda o: _mean([x.answered for x in o]),
        "refused by the product": lambda o: _mean([x.refused for x in o if x.refused is not None]),
        "unsupported statements": lambda o: float(sum(x.unsupported for x in o)),
        "statements": lambda o: float(sum(x.statements for x in o)),
    }
    found: dict[str, Any] = {name: interval(second, row) for name, row in rows.items()}
    found["fitted threshold"] = [best]
    found["ms per question (median)"] = [float(np.median([o.wall_s for o in second])) * 1000]
    return found


def interval(results: list[Outcome], figure: Callable[[list[Outcome]], float]) -> list[float]:
    """A figure with the 2.5 % and 97.5 % points of its bootstrap."""
    chance = random.Random(0)
    drawn = [figure(chance.choices(results, k=len(results))) for _ in range(SAMPLES // 5)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return [figure(results), float(low), float(high)]


def auc(results: list[Outcome]) -> float:
    """How often a question with its file scores above one without."""
    answered = np.array([o.score for o in results])[:, None]
    removed = np.array([o.removed for o in results])[None]
    return float(np.mean((answered > removed) + 0.5 * (answered == removed)))


def _accuracy(results: list[Outcome], threshold: float) -> float:
    right = [o.score >= threshold for o in results] + [o.removed < threshold for o in results]
    return _mean(right)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def on_papers(seed: int, shipped: float) -> dict[str, Any]:
    """Facts of generated papers, and questions that miss them by a word."""
    made = papers(seed)
    with opened(made.texts.files, None) as engines:
        asked = [outcome(engines, one, remove=False) for one in made.texts.questions]
        missing = [outcome(engines, Asked(text, (), ""), remove=False) for text in made.missing]
    right = np.array([o.score for o in asked])[:, None]
    wrong = np.array([o.score for o in missing])[None]
    both = [*asked, *missing]
    return {
        "questions": [len(asked)],
        "near misses": [len(missing)],
        "first quote holds the answer": interval(asked, lambda o: _mean([x.places[0] for x in o])),
        "answered": interval(asked, lambda o: _mean([x.score >= shipped for x in o])),
        "near misses refused": interval(missing, lambda o: _mean([x.score < shipped for x in o])),
        "AUC": [float(np.mean((right > wrong) + 0.5 * (right == wrong)))],
        "unsupported statements": [float(sum(o.unsupported for o in both))],
    }


def on_texts(texts: Texts, keep: Path | None) -> list[Outcome]:
    """All questions about some texts."""
    step = max(len(texts.questions) // FURTHER, 1)
    with opened(texts.files, keep) as engines:
        return [
            outcome(engines, asked, further=n % step == 0)
            for n, asked in enumerate(texts.questions)
        ]


def lied_to(engines: Engines, questions: Sequence[Asked], seed: int) -> dict[str, Any]:
    """Questions answered with a model that lies; what it says is shown, or not."""
    liar = Liar(seed)
    chat: Any = liar  # it stands in for all that answering asks of a model
    shown: list[str] = []
    wrong: list[str] = []
    statements = 0
    for asked in questions:
        answer = answered(Call(replace(engines, chat=chat)), AskRequest(asked.text))
        quotes = {one.quote for one in answer.citations}
        statements += len(answer.statements)
        shown += [one.text for one in answer.statements if one.text not in quotes]
        wrong += unsupported(engines, answer)
    lies = {" ".join(text.split()) for text in liar.told}
    return {
        "questions": [len(questions)],
        "lies told": [len(lies)],
        "lies shown": [sum(text in lies for text in shown)],
        "true sentences shown": [sum(text not in lies for text in shown)],
        "statements": [statements],
        "unsupported": [len(wrong)],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=os.environ.get("LSFS_BENCH_DATA"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--every", type=int, default=1, help="ask every n-th question of XQuAD")
    parser.add_argument("--abstracts", type=int, default=250, help="questions about abstracts")
    parser.add_argument("--model-questions", type=int, default=0)
    parser.add_argument("--liar", type=int, default=0, help="questions put to a model that lies")
    parser.add_argument("--keep", type=Path, help="keep files and index of XQuAD in this folder")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name the folder with --data, or set LSFS_BENCH_DATA")
    shipped = CALIBRATIONS["words", False].threshold
    texts, fitting = answers_set.xquad(options.data / "xquad.en.json", options.seed)
    chosen = range(0, len(texts.questions), options.every)
    results = on_texts(Texts(texts.files, [texts.questions[n] for n in chosen]), options.keep)
    first = [o for n, o in zip(chosen, results, strict=True) if fitting[n]]
    second = [o for n, o in zip(chosen, results, strict=True) if not fitting[n]]
    table = {"XQuAD, second half": figures(first, second, shipped)}
    other = answers_set.abstracts(options.data / "retrieval/pubmedqa", options.abstracts,
                                  options.seed)  # fmt: skip
    judged = on_texts(other, None)
    table["abstracts"] = figures(judged, judged, shipped)
    table["papers"] = on_papers(options.seed, shipped)
    if options.liar:
        held = [texts.questions[n] for n in chosen if not fitting[n]][: options.liar]
        with opened(texts.files, options.keep) as engines:
            table["a model that lies"] = lied_to(engines, held, options.seed)
    if options.model_questions:
        held = [texts.questions[n] for n in chosen if not fitting[n]]
        drawn = random.Random(options.seed).sample(held, min(options.model_questions, len(held)))
        with opened(texts.files, options.keep) as engines:
            table |= answers_model.measured(engines, drawn)
    for name, rows in table.items():
        print(f"\n{name}")
        for row, values in rows.items():
            extra = f"  [{values[1]:.3f}, {values[2]:.3f}]" if len(values) == 3 else ""
            print(f"  {row:34}{values[0]:>10.3f}{extra}")
    print(json.dumps({"seed": options.seed, "shipped": shipped, "tables": table}))


if __name__ == "__main__":
    main()
