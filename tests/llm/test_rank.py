"""The order of passages by a model: all in one prompt, window by window, or as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

import pytest

from lsfs.errors import ContextTooLong
from lsfs.llm.answers import rank


class Judge:
    """Prefers passages by the number that they begin with; reads at most ``room`` of them."""

    name = "judge"

    def __init__(self, room: int = 26) -> None:
        self.room = room
        self.calls = 0

    def weigh(
        self, query: str, passages: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        self.calls += 1
        if len(passages) > self.room:
            raise ContextTooLong("too long")
        return [float(text.split()[0]) for text in passages]

    def fill(
        self,
        question: str,
        evidence: Sequence[str],
        schema: Mapping[str, Any],
        cancel: Event | None = None,
    ) -> str:
        labels = schema["items"]["enum"]
        told = sorted(labels, key=lambda label: -int(evidence[labels.index(label)].split()[1]))
        return json.dumps(told[: len(told) // 2] * 2)  # repeats some, leaves others out


def texts(numbers: Sequence[int]) -> list[str]:
    return [f"{n} is the worth of this passage" for n in numbers]


def test_all_in_one_pass() -> None:
    judge = Judge()
    assert rank.first("q", texts([3, 9, 5]), judge) == [1, 2, 0]  # type: ignore[arg-type]
    assert judge.calls == 1


def test_the_best_rises_through_windows() -> None:
    numbers = [*range(40, 0, -1), 99]
    order = rank.first("q", texts(numbers), Judge())  # type: ignore[arg-type]
    assert order[0] == 40
    assert sorted(order) == list(range(41))


def test_windows_shrink_to_what_the_model_can_read() -> None:
    judge = Judge(room=6)
    order = rank.first("q", texts([*range(20), 50, 1]), judge)  # type: ignore[arg-type]
    assert order[0] == 20
    never = Judge(room=2)
    assert rank.first("q", texts([1, 2, 3]), never) == [0, 1, 2]  # type: ignore[arg-type]


def test_what_a_list_leaves_out_stays_behind_in_order() -> None:
    order = rank.listwise("q", texts([1, 8, 2, 9]), Judge())  # type: ignore[arg-type]
    assert order == [3, 1, 0, 2]


@pytest.mark.parametrize("numbers", [[], [1]])
def test_nothing_to_order(numbers: list[int]) -> None:
    judge = Judge()
    assert rank.first("q", texts(numbers), judge) == list(range(len(numbers)))  # type: ignore[arg-type]
    assert judge.calls == 0
