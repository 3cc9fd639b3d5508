"""What a model reads for a question: chosen under a budget, or a fixed number of passages?

    python -m benchmarks.budget --data DIR [--seed N] [--every 3] [--questions 40] [--keep FOLDER]

XQuAD as files of a paragraph each, through the product's reading and search. The rule's numbers are
chosen on half of the articles, by what the contexts hold, and judged on the other half: whether the
context holds a gold answer, in how many tokens, and for ``--questions`` of them whether the default
model then says it. Facts of generated papers, on which nothing was chosen, are asked as well.
Prints a table, with intervals of 95 % by bootstrap (of differences in pairs), and a line of JSON.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict

from benchmarks import answers_set
from benchmarks.answers import gathered, opened
from benchmarks.answers_papers import papers
from benchmarks.answers_set import Asked
from lsfs.config import ModelConfig
from lsfs.llm.answers import budget
from lsfs.llm.answers.budget import Read, Rule
from lsfs.llm.files import models
from lsfs.llm.runtime.local import LocalChat
from lsfs.syscalls.answers import facts
from lsfs.syscalls.engines import Engines

BUDGETS = (64, 128, 256, 512)
NEAR = (0.4, 0.8, 1.2)
AROUND = (0, 1)
WHOLE = (0.6, 2.0)
FIXED = (1, 4, 8)


class Question(Struct, frozen=True):
    """A question, what was found for it, and the answers that count."""

    asked: Asked
    found: facts.Gathered

    def read(self, count: budget.Count, rule: Rule | int) -> Read:
        """What is read by a rule, or of so many passages."""
        texts = [hit.text for hit in self.found.read]
        if isinstance(rule, int):
            return budget.fixed(self.found.candidates, texts, count, rule)
        return budget.chosen(self.found.candidates, texts, count, rule)

    def holds(self, text: str) -> bool:
        """Whether a text holds an answer."""
        plain = " ".join(text.split()).casefold()
        return any(answer.casefold() in plain for answer in self.asked.answers)


def looked_up(engines: Engines, asked: Sequence[Asked]) -> list[Question]:
    """The questions with what the product finds for them."""
    return [Question(one, gathered(engines, one.text, ())) for one in asked]


def fitted(questions: Sequence[Question], count: budget.Count, tokens: int) -> Rule:
    """The rule whose contexts hold most answers; of rules that do not differ by more than half a
    percent the one that reads least."""
    tried = []
    for near, around, whole in itertools.product(NEAR, AROUND, WHOLE):
        rule = Rule(tokens, near, around, whole)
        reads = [(one, one.read(count, rule)) for one in questions]
        held = float(np.mean([one.holds(" ".join(read.texts)) for one, read in reads]))
        tried.append((held, float(np.mean([read.tokens for _, read in reads])), rule))
    best = max(held for held, _, _ in tried)
    return min((row for row in tried if row[0] >= best - 0.005), key=lambda row: row[1])[2]


def judged(
    questions: Sequence[Question], count: budget.Count, rules: dict[str, Rule | int]
) -> dict[str, dict[str, Any]]:
    """For each rule how often the context holds an answer, and in how many tokens."""
    table = {}
    for name, rule in rules.items():
        reads = [one.read(count, rule) for one in questions]
        held = [one.holds(" ".join(r.texts)) for one, r in zip(questions, reads, strict=True)]
        table[name] = {
            "holds": interval(held),
            "tokens": float(np.mean([read.tokens for read in reads])),
            "most": max(read.tokens for read in reads),
            "held": held,
        }
    return table


def answered(
    questions: Sequence[Question], chat: LocalChat, count: budget.Count,
    rules: dict[str, Rule | int],
) -> dict[str, list[bool]]:  # fmt: skip
    """Whether the model says an answer, for each rule."""
    found: dict[str, list[bool]] = {name: [] for name in rules}
    for one in questions:
        for name, rule in rules.items():
            read = one.read(count, rule)
            # ``write`` puts the best one last.
            said = chat.write(one.asked.text, read.texts[::-1])
            found[name].append(one.holds(said))
    return found


def interval(values: Sequence[float]) -> list[float]:
    """A mean with the 2.5 % and 97.5 % points of its bootstrap."""
    row = np.array(values, float)
    drawn = np.random.default_rng(0).choice(row, (2000, len(row))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return [float(row.mean()), float(low), float(high)]


def compared(table: dict[str, dict[str, Any]], values: dict[str, list[bool]], what: str) -> None:
    """Note and print by how much each budget differs from each fixed number."""
    for rule in (name for name in values if name.startswith("budget")):
        for fixed in (name for name in values if name.endswith("passages")):
            found = difference(values[rule], values[fixed])
            table[rule][f"{what}, less {fixed}"] = found
            print(f"  {rule} {what} it, less {fixed}: {_shown(found)}")


def difference(one: Sequence[bool], other: Sequence[bool]) -> list[float]:
    """By how much more often one is true, question by question."""
    return interval([float(a) - float(b) for a, b in zip(one, other, strict=True)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=os.environ.get("LSFS_BENCH_DATA"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--every", type=int, default=1, help="take every n-th question of XQuAD")
    parser.add_argument("--questions", type=int, default=0, help="put to the model, of each set")
    parser.add_argument(
        "--put", default="1 passages,4 passages,budget 128,budget 256", help="rules to put to it"
    )
    parser.add_argument("--keep", type=Path, help="keep files and index of XQuAD in this folder")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name the folder with --data, or set LSFS_BENCH_DATA")
    file = models.chat_model_file("default")
    if file is None:
        parser.error("the default model is not installed")
    chat = LocalChat(file, ModelConfig(max_tokens=48))
    with chat.context() as (context, _):
        model = context.model
    count: budget.Count = functools.cache(lambda text: len(model.tokenise(text)))
    texts, fitting = answers_set.xquad(options.data / "xquad.en.json", options.seed)
    taken = range(0, len(texts.questions), options.every)
    with opened(texts.files, options.keep) as engines:
        questions = looked_up(engines, [texts.questions[n] for n in taken])
    first = [one for n, one in zip(taken, questions, strict=True) if fitting[n]]
    second = [one for n, one in zip(taken, questions, strict=True) if not fitting[n]]
    rules: dict[str, Rule | int] = {f"{k} passages": k for k in FIXED}
    rules |= {f"budget {b}": fitted(first, count, b) for b in BUDGETS}
    made = papers(options.seed)
    with opened(made.texts.files, None) as engines:
        other = looked_up(engines, made.texts.questions)
    table: dict[str, Any] = {
        "rules": {n: asdict(r) for n, r in rules.items() if not isinstance(r, int)}
    }
    for name, rule in table["rules"].items():
        print(name, rule)
    sets = {"XQuAD, second half": second, "papers": other}
    for name, asked in sets.items():
        table[name] = judged(asked, count, rules)
        print(
            f"\n{name}: {len(asked)} questions\n{'':14}{'context holds the answer':28} tokens  most"
        )
        for rule, row in table[name].items():
            print(f"{rule:14}{_shown(row['holds']):28}{row['tokens']:>7.0f}{row['most']:>6}")
        compared(table[name], {rule: row.pop("held") for rule, row in table[name].items()}, "holds")
    some = {rule: one for rule, one in rules.items() if rule in options.put.split(",")}
    for name, asked in sets.items() if options.questions else ():
        drawn = random.Random(options.seed).sample(asked, min(options.questions, len(asked)))
        said = answered(drawn, chat, count, some)
        print(f"\n{name}: {len(drawn)} questions put to the model; it says the answer")
        for rule, values in said.items():
            table[name][rule]["says"] = interval(values)
            print(f"{rule:14}{_shown(table[name][rule]['says'])}")
        compared(table[name], said, "says")
    chat.close()
    print(json.dumps({"seed": options.seed, "questions": options.questions, **table}))


def _shown(values: Sequence[float]) -> str:
    return f"{values[0]:+.3f} [{values[1]:+.3f}, {values[2]:+.3f}]" if values else ""


if __name__ == "__main__":
    main()
