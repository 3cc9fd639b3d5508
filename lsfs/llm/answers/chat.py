"""What answering needs of a language model; it names no engine, so it loads none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Any, Protocol, runtime_checkable

from lsfs.llm.runtime.batch import Stop


class ChatModel(Protocol):
    """A language model, as far as answering needs one."""

    @property
    def name(self) -> str:
        """The model's name, as shown with an answer."""
        ...

    def question_gain(
        self, question: str, sentences: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """How much likelier each sentence makes the question, in nats per token.

        Raises:
            Cancelled: ``cancel`` was set.
            ModelError: the model failed.
        """
        ...

    def write(
        self,
        question: str,
        evidence: Sequence[str],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        """The model's own answer from the evidence; nothing in it is verified.

        Args:
            question: what the user asked.
            evidence: sentences, best first.
            on_text: takes pieces of the answer as they come.
            cancel: stops the model.

        Raises:
            Cancelled: ``cancel`` was set.
            ContextTooLong: the evidence does not fit.
            ModelError: the model failed.
        """
        ...

    def fill(
        self,
        question: str,
        evidence: Sequence[str],
        schema: Mapping[str, Any],
        cancel: Event | None = None,
    ) -> str:
        """JSON of a schema in answer to a question; what stands in it is not verified.

        Args:
            question: what is asked.
            evidence: text that the answer is taken from, best first.
            schema: JSON schema that the model cannot leave.
            cancel: stops the model.

        Raises:
            Cancelled: ``cancel`` was set.
            ContextTooLong: the evidence does not fit.
            ModelError: the model failed.
        """
        ...

    def weigh(
        self, query: str, passages: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """How readily the model names each passage as the best for a query: scores (logits).

        One pass: all passages stand in one prompt behind a letter each, and the scores are those of
        the letters as the first token of the answer (FIRST, Reddy et al., EMNLP 2024).

        Args:
            passages: at most 26.

        Raises:
            Cancelled: ``cancel`` was set.
            ContextTooLong: they do not fit.
            ModelError: the model failed.
        """
        ...

    def imagine(self, query: str, cancel: Event | None = None) -> str:
        """A passage that might answer a query; nothing in it is true.

        Raises:
            Cancelled: ``cancel`` was set.
            ModelError: the model failed.
        """
        ...


class Reranker(Protocol):
    """A model that tells how well passages answer a query."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    def scores(
        self, query: str, passages: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """Of each passage; more is better, and only the order means something.

        Raises:
            Cancelled: ``cancel`` was set.
            ModelError: the model failed.
        """
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """A model that keeps what it makes of passages, so that it need not wait for a question."""

    @property
    def keeps(self) -> bool:
        """Whether it does so now."""
        ...

    def read(
        self,
        question: str,
        passages: Sequence[str],
        scores: Sequence[float],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        """The model's own answer from whole passages; nothing in it is verified.

        Args:
            question: what the user asked.
            passages: their texts; what was made of them before is used.
            scores: how likely each holds the answer; more is better.
            on_text: takes pieces of the answer as they come.
            cancel: stops the model.

        Raises:
            Cancelled: ``cancel`` was set.
            ContextTooLong: not even one passage fits.
            ModelError: the model failed.
        """
        ...

    def prepare(
        self, passages: Sequence[str], cancel: Stop | None = None, *, used_ns: int | None = None
    ) -> bool:
        """Read passages that are not kept yet; False where they cannot be kept.

        Args:
            passages: their texts, as questions will be answered from them.
            cancel: stops the model, within a batch; what is done is kept.
            used_ns: what they are worth: they do not take the place of what was used since then, in
                nanoseconds since the epoch; now by default.

        Raises:
            Cancelled: ``cancel`` was set.
            ModelError: the model failed.
        """
        ...
