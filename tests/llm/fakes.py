"""A chat model that says what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

from lsfs.llm.runtime.batch import Stop


class FakeModel:
    """Writes ``text``; a sentence's gain is the first of ``gains`` whose key stands in it."""

    name = "fake"

    def __init__(self, text: str = "", gains: dict[str, float] | None = None) -> None:
        self.text = text
        self.gains = gains or {}
        self.shown: list[str] = []
        self.asked = 0

    def question_gain(
        self, question: str, sentences: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        self.asked += 1
        return [next((g for k, g in self.gains.items() if k in s), 0.0) for s in sentences]

    def write(
        self,
        question: str,
        evidence: Sequence[str],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        self.shown = list(evidence)
        if on_text is not None:
            on_text(self.text)
        return self.text


class ReadingModel(FakeModel):
    """One that keeps what it makes of passages; notes which it was given to read."""

    keeps = True

    def read(
        self,
        question: str,
        passages: Sequence[str],
        scores: Sequence[float],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        self.shown, self.scores = list(passages), list(scores)
        return self.text

    def prepare(
        self, passages: Sequence[str], cancel: Stop | None = None, *, used_ns: int | None = None
    ) -> bool:
        return True
