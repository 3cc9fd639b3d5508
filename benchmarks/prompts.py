"""Prompts in plain words: how many become the system calls that were meant, by set.

    python -m benchmarks.prompts [--model default|PATH|none] [--wrong]

The rules were written on the set ``tuned``. The others were written blind, and measured before they
were looked at; since then their wordings are examples, so what is shown now is how well they are
remembered (docs/prompts.md has the first figures). The second column lets the language model read
what the rules do not know.
"""

from __future__ import annotations

import argparse
import functools
import json
import time
from collections import Counter

from lsfs.config import ModelConfig
from lsfs.llm.files import models
from lsfs.llm.runtime.local import LocalChat
from lsfs.syscalls.prompt.reader import PromptReader, Reading, Second
from lsfs.syscalls.prompt.second import proposed
from tests.prompts import sets

DANGEROUS = ("delete", "purge", "prune", "trash_empty", "drop_snapshot", "kv_clear")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="default", help="a GGUF file; default; none")
    options.add_argument("--wrong", action="store_true", help="show those that are read wrong")
    chosen = options.parse_args()
    file = models.chat_model_file(chosen.model)
    chat = None if file is None else LocalChat(file, ModelConfig(chat=chosen.model, kv="off"))
    second = None if chat is None else functools.partial(proposed, model=chat)
    counts: Counter[tuple[str, str]] = Counter()
    for name in ("tuned", "others", "fourth", "fifth"):
        _measure(sets.load(name), second, counts, chosen.wrong)
    if chat is not None:
        chat.close()
    _print(counts)


def _measure(
    prompts: list[sets.Prompt], second: Second | None, counts: Counter[tuple[str, str]], wrong: bool
) -> None:
    around = sets.surroundings(prompts)
    for prompt in prompts:
        began = time.process_time()
        rules = PromptReader(around).read(prompt.text)
        between = time.process_time()
        both = PromptReader(around, second).read(prompt.text) if rules.is_unknown else rules
        spent = int((time.process_time() - between) * 1e6) if rules.is_unknown else 0
        for one in (prompt.origin, "all"):
            counts[one, "prompts"] += 1
            counts[one, "rules"] += sets.same(prompt, rules)
            counts[one, "both"] += sets.same(prompt, both)
            counts[one, "asked"] += rules.is_unknown
            counts[one, "taken"] += both.by == "model"
            counts[one, "removes"] += _removes(prompt, rules) or _removes(prompt, both)
            counts[one, "rules us"] += int((between - began) * 1e6)
            counts[one, "model us"] += spent
        if wrong and not sets.same(prompt, both):
            meant = [(one["syscall"], one["arguments"]) for one in prompt.calls]
            made = [(one.syscall, one.arguments) for one in both.calls]
            print(f"{prompt.text}\n  meant {meant}\n  made  {made or both.unclear} by {both.by}")


def _removes(prompt: sets.Prompt, reading: Reading) -> bool:
    """Whether a call removes something that was not asked for."""
    meant = [(one["syscall"], one["arguments"]) for one in prompt.calls]
    return any(
        one.syscall in DANGEROUS and (one.syscall, one.arguments) not in meant
        for one in reading.calls
    )


def _print(counts: Counter[tuple[str, str]]) -> None:
    names = list(dict.fromkeys(name for name, _ in counts))
    print(f"{'set':8} {'prompts':>8} {'rules':>6} {'+ model':>8} {'asked':>6} {'taken':>6}")
    for name in names:
        count = counts[name, "prompts"]
        rules, both = (counts[name, key] / count for key in ("rules", "both"))
        print(
            f"{name:8} {count:8} {rules:6.3f} {both:8.3f} "
            f"{counts[name, 'asked']:6} {counts[name, 'taken']:6}"
        )
    count, asked = counts["all", "prompts"], max(1, counts["all", "asked"])
    rules_ms, model_s = counts["all", "rules us"] / count / 1e3, counts["all", "model us"] / 1e6
    print(
        f"\nwrong calls that remove something: {counts['all', 'removes']}; CPU: {rules_ms:.0f} ms "
        f"a prompt by rules, {model_s / asked:.1f} s more for one that the model was asked about"
    )
    figures = {
        name: {key: counts[name, key] for key in ("prompts", "rules", "both", "asked", "taken")}
        for name in names
    }
    dangerous = counts["all", "removes"]
    print(json.dumps({"benchmark": "prompts", "sets": figures, "dangerous": dangerous}))


if __name__ == "__main__":
    main()
