"""Whole sets of prompts: how many become the calls that were meant, and none a dangerous one."""

from __future__ import annotations

import pytest

from tests.prompts import sets

DANGEROUS = ("delete", "purge", "prune", "trash_empty", "drop_snapshot", "kv_clear")


@pytest.mark.parametrize(
    ("name", "least"), [("tuned", 0.98), ("others", 0.95), ("fourth", 0.97), ("fifth", 0.8)]
)
def test_prompts_become_the_calls_that_were_meant(name: str, least: float) -> None:
    prompts = sets.load(name)
    around = sets.surroundings(prompts)
    wrong, dangerous = [], []
    for prompt in prompts:
        reading = sets.read(prompt, around)
        if sets.same(prompt, reading):
            continue
        wrong.append(prompt.text)
        meant = [(one["syscall"], one["arguments"]) for one in prompt.calls]
        dangerous += [
            (prompt.text, one)
            for one in reading.calls
            if one.syscall in DANGEROUS and (one.syscall, one.arguments) not in meant
        ]
    assert 1 - len(wrong) / len(prompts) >= least, wrong
    assert dangerous == []


def test_the_same_words_always_mean_the_same() -> None:
    prompts = sets.load("tuned")[:40]
    around = sets.surroundings(prompts)
    assert [sets.read(one, around) for one in prompts] == [
        sets.read(one, around) for one in prompts
    ]
