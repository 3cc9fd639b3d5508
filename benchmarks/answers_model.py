"""The language model alone, for benchmarks.answers: a plain prompt, free short answers, spans."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from msgspec.structs import replace

from benchmarks import answers_spans
from benchmarks.answers_set import Asked, exact, token_f1
from lsfs.config import Config
from lsfs.llm.answers import prompts
from lsfs.llm.files import models
from lsfs.llm.runtime.engine import Context, Message, Model, Sampling, Shape
from lsfs.syscalls.answers import facts
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.retrieve import read_query

PLAIN = (
    "Answer the question from the text in a few words. If the text does not say it, answer: "
    "not found."
)
VERIFY = "Does the text say the answer to the question? Reply with Yes or No."
_REFUSED = re.compile(
    r"not (?:found|mentioned|stated|provided|say)|no (?:answer|information)", re.I
)
EVIDENCE = 2  # sentences from which the short answer is taken
PASSAGES = 3  # that the plain prompt is given
PRIORS = (0.0, 0.2)


def measured(engines: Engines, questions: Sequence[Asked]) -> dict[str, Any]:
    """Tables of the plain prompt and of short answers; each figure with its interval."""
    file = models.chat_model_file(Config().model.chat)
    if file is None:
        raise SystemExit("no language model is installed")
    plain: list[tuple[bool, bool, bool]] = []
    signals: list[tuple[dict[str, float], dict[str, float]]] = []
    short: dict[str, list[tuple[float, float, float]]] = {}
    with Model(file.path) as model, Context(model, Shape(tokens=2048)) as context:
        for asked in questions:
            found = _gathered(engines, asked, ())
            without = _gathered(engines, asked, (asked.file,))
            said = _plain(context, asked.text, found)
            absent = _plain(context, asked.text, without)
            right = not _REFUSED.search(said) and any(
                a.casefold() in said.casefold() for a in asked.answers
            )
            plain.append((right, bool(_REFUSED.search(said)), bool(_REFUSED.search(absent))))
            both = (found, without)
            signals.append(tuple(_signals(context, asked.text, one) for one in both))  # type: ignore[arg-type]
            text = " ".join(" ".join(c.text.split()) for c in found.candidates[:EVIDENCE])
            for name, answer in _short_answers(context, asked.text, text):
                began = time.perf_counter()
                given = answer()
                spent = time.perf_counter() - began
                f1 = token_f1(given, asked.answers)
                short.setdefault(name, []).append((exact(given, asked.answers), f1, spent))
    return {
        "plain prompt, the same model": {
            "questions": [len(plain)],
            "holds the answer": _interval([row[0] for row in plain]),
            "refused though answerable": _interval([row[1] for row in plain]),
            "refused without the paragraph": _interval([row[2] for row in plain]),
        },
        "telling answered from absent": _aucs(signals),
        **{
            f"short answer: {name}": {
                "exact match": _interval([row[0] for row in rows]),
                "F1": _interval([row[1] for row in rows]),
                "seconds (median)": [float(np.median([row[2] for row in rows]))],
            }
            for name, rows in short.items()
        },
    }


def _signals(context: Context, question: str, found: facts.Gathered) -> dict[str, float]:
    """What may tell whether the files answer: the product's score, and the model's opinions."""
    best = found.candidates[:3]
    if not best:
        return {"score": -9.0, "gain": -9.0, "verifier": -9.0}
    model = context.model
    target = model.tokenise(" " + " ".join(question.split()))
    texts = [prompts.LIKELIHOOD_WITHOUT_TEXT, *(prompts.likelihood_prompt(c.text) for c in best)]
    alone, *told = context.likelihoods([model.tokenise(t, begin=True) for t in texts], target)
    quoted = " ".join(" ".join(c.text.split()) for c in best[:EVIDENCE])
    messages = [Message("system", VERIFY), Message("user", f"{quoted}\n\nQuestion: {question}")]
    context.clear()
    scores = context.feed(model.chat_tokens(messages))
    yes, no = (float(scores[model.tokenise(word)[0]]) for word in ("Yes", "No"))
    return {"score": best[0].score, "gain": max(told) - alone, "verifier": yes - no}


def _aucs(signals: Sequence[tuple[dict[str, float], dict[str, float]]]) -> dict[str, Any]:
    """AUC of each signal, and of the score with a little of another."""
    found: dict[str, Any] = {}
    for name, other, weight in (
        ("score", "", 0.0),
        ("gain", "", 0.0),
        ("verifier", "", 0.0),
        *(("score", other, w) for other in ("gain", "verifier") for w in (0.05, 0.1, 0.2)),
    ):
        with_, without = (
            np.array([row[side][name] + (weight * row[side][other] if other else 0.0)
                      for row in signals])
            for side in (0, 1)
        )  # fmt: skip
        a, b = with_[:, None], without[None]
        label = f"{name} + {weight} {other}" if other else name
        found[f"AUC of {label}"] = [float(np.mean((a > b) + 0.5 * (a == b)))]
    return found


def _gathered(engines: Engines, asked: Asked, without: tuple[str, ...]) -> facts.Gathered:
    read = read_query(engines, asked.text)
    filters = replace(read.filters, not_dirs=without)
    return facts.gathered(Call(engines), read.words, read.plan, filters)


def _plain(context: Context, question: str, found: facts.Gathered) -> str:
    text = "\n\n".join(hit.text for hit in found.read[:PASSAGES])
    messages = [
        Message("system", PLAIN),
        Message("user", f"{text}\n\nQuestion: {question}"),
    ]
    tokens = context.model.chat_tokens(messages)
    pieces = context.generate(tokens, max_tokens=40, sampling=Sampling(penalty=1.1))
    return "".join(pieces)


def _short_answers(
    context: Context, question: str, text: str
) -> list[tuple[str, Callable[[], str]]]:
    def free() -> str:
        prompt = answers_spans.prompt(context.model, question, text)
        pieces = context.generate(prompt, max_tokens=20, stop=("\n", ". "))
        return "".join(pieces).strip(" .")

    def spanned(prior: float) -> str:
        best = answers_spans.best_span(context, question, text, prior=prior)
        return text[best.start : best.end] if best else ""

    named: list[tuple[str, Callable[[], str]]] = [("free", free)]
    named += [(f"span, prior {prior}", partial(spanned, prior)) for prior in PRIORS]
    return named


def _interval(values: Sequence[float]) -> list[float]:
    chance = np.random.default_rng(0)
    row = np.array(values, float)
    drawn = chance.choice(row, (1000, len(row))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return [float(row.mean()), float(low), float(high)]
