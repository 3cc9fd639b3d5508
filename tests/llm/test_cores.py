"""Work on several cores gives what it gives on one."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import pytest

from lsfs.llm.kv import facts
from lsfs.llm.kv.kvblob import Rope
from lsfs.llm.sparse import cores


def test_results_come_in_the_order_of_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    seen: set[int] = set()

    def work(number: int) -> int:
        seen.add(threading.get_ident())
        return number * number

    expected = [number * number for number in range(50)]
    assert cores.each(work, range(50), values=cores.LARGE) == expected
    assert threading.get_ident() not in seen
    seen.clear()
    assert cores.each(work, range(50), values=cores.LARGE - 1) == expected
    assert seen == {threading.get_ident()}


def test_an_error_on_another_core_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with pytest.raises(ZeroDivisionError):
        cores.each(lambda number: 1 // number, [1, 0, 1], values=cores.LARGE)


class FarOff:
    """A context whose model turns keys as a GPU does: angles are off by some parts of 2**-23."""

    def __init__(self, rope: Rope, parts: float) -> None:
        self._rope, self._parts = rope, parts
        self.model = self
        self.n_ctx_train = 1 << 18

    def keys(self, position: int) -> Any:
        """K at a position."""
        rows = 5 * np.random.default_rng(1).standard_normal((48, 256)).astype(np.float16)
        delta: Any = np.full(len(rows), position) * (1 + self._parts * 2.0**-23)
        return self._rope.rotate(rows, delta)


@pytest.mark.parametrize(
    ("parts", "base", "is_taken"),
    [(0, 1e6, True), (1.5, 1e6, True), (0, 9.9e5, False), (400, 1e6, False)],
)
def test_what_float32_loses_far_away_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, parts: float, base: float, is_taken: bool
) -> None:
    context = FarOff(Rope(128, 128, 1e6), parts)
    monkeypatch.setattr(facts, "_keys_at", lambda of, at: of.keys(at).astype(np.float32))
    ours = Rope(128, 128, base)
    assert facts._turns_so(context, context.keys(0), ours) is is_taken  # type: ignore[arg-type]
