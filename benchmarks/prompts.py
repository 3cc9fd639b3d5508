"""Prompts in plain words: how many become the system calls that were meant, by set and by family.

    python -m benchmarks.prompts [--wrong]

The rules were written on the set ``tuned``. The others were written blind, and measured before they
were looked at; since then their wordings are examples, so what is shown now is how well they are
remembered (docs/prompts.md has the first figures).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter

from tests.prompts import sets

DANGEROUS = ("delete", "purge", "prune", "trash_empty", "drop_snapshot", "kv_clear")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--wrong", action="store_true", help="show those that are read wrong")
    chosen = options.parse_args()
    prompts = [one for name in ("tuned", "others") for one in sets.load(name)]
    around = sets.surroundings(prompts)
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    dangerous = 0
    began = time.process_time()
    for prompt in prompts:
        reading = sets.read(prompt, around)
        same = sets.same(prompt, reading)
        for name in (prompt.origin, "all"):
            total[name] += 1
            right[name] += same
        meant = [(one["syscall"], one["arguments"]) for one in prompt.calls]
        dangerous += any(
            one.syscall in DANGEROUS and (one.syscall, one.arguments) not in meant
            for one in reading.calls
        )
        if chosen.wrong and not same:
            made = [(one.syscall, one.arguments) for one in reading.calls]
            print(f"{prompt.text}\n  meant {meant}\n  made  {made or reading.unclear}")
    spent = (time.process_time() - began) / len(prompts)
    print(f"{'set':10} {'prompts':>8} {'right':>7}")
    for name, count in total.items():
        print(f"{name:10} {count:8} {right[name] / count:7.3f}")
    print(
        f"\nwrong calls that remove something: {dangerous}; {spent * 1000:.0f} ms of CPU a prompt"
    )
    figures = {name: round(right[name] / total[name], 4) for name in total}
    print(json.dumps({"benchmark": "prompts", "right": figures, "dangerous": dangerous}))


if __name__ == "__main__":
    main()
