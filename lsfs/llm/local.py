"""The chat model of this machine: a GGUF file, run by llama.cpp in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from string import ascii_uppercase
from threading import Event, Lock
from typing import Any

from lsfs.config import ModelConfig
from lsfs.errors import ModelError
from lsfs.llm import prompts
from lsfs.llm.engine import Context, Message, Model, Sampling, Shape
from lsfs.llm.models import ModelFile

PENALTY = 1.1  # small models repeat themselves without one
IMAGINED = 96  # tokens of an imagined passage at most
MAX_QUESTION = 128  # tokens of a question whose likelihood is measured; the head of a longer one


class LocalChat:
    """A GGUF model in this process, loaded when it is first used; safe for several threads.

    Args:
        file: the model's file.
        config: its threads, context and longest answer.
    """

    def __init__(self, file: ModelFile, config: ModelConfig) -> None:
        self._file = file
        self._config = config
        self._lock = Lock()
        self._context: Context | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """The name of the model's file, or of the known model that it is."""
        return self._file.name

    def question_gain(
        self, question: str, sentences: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """Pointwise mutual information of question and sentence, per token of the question.

        The mean log probability of the question after the sentence, less the same without it;
        measured for all sentences side by side.
        """
        if not sentences:
            return []
        texts = [prompts.LIKELIHOOD_WITHOUT_TEXT, *map(prompts.likelihood_prompt, sentences)]
        with self._lock:
            context = self._loaded()
            model = context.model
            target = model.tokenise(" " + " ".join(question.split()))[:MAX_QUESTION]
            tokens = [model.tokenise(text, begin=True) for text in texts]
            without, *with_text = context.likelihoods(tokens, target, cancel)
        return [value - without for value in with_text]

    def write(
        self,
        question: str,
        evidence: Sequence[str],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        """The likeliest answer, token by token."""
        messages = [
            Message("system", prompts.SYSTEM),
            Message("user", prompts.question_prompt(question, evidence)),
        ]
        text = ""
        with self._lock:
            context = self._loaded()
            pieces = context.generate(
                context.model.chat_tokens(messages),
                max_tokens=self._config.max_tokens,
                sampling=Sampling(penalty=PENALTY),
                stop=("\n\n", prompts.BEGIN, prompts.END),
                cancel=cancel,
            )
            for piece in pieces:
                text += piece
                if on_text is not None:
                    on_text(piece)
        return text.strip()

    def fill(
        self,
        question: str,
        evidence: Sequence[str],
        schema: Mapping[str, Any],
        cancel: Event | None = None,
    ) -> str:
        """The likeliest JSON of the schema."""
        from llama_cpp.llama_grammar import json_schema_to_gbnf

        messages = [
            Message("system", prompts.FILL),
            Message("user", prompts.question_prompt(question, evidence)),
        ]
        with self._lock:
            context = self._loaded()
            pieces = context.generate(
                context.model.chat_tokens(messages),
                max_tokens=self._config.max_tokens,
                sampling=Sampling(grammar=json_schema_to_gbnf(json.dumps(schema))),
                cancel=cancel,
            )
            return "".join(pieces)

    def weigh(
        self, query: str, passages: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """The scores of the letters behind an opened bracket, where the model's answer begins."""
        labels = ascii_uppercase[: len(passages)]
        messages = [
            Message("system", prompts.RANK),
            Message("user", prompts.rank_prompt(query, passages, labels)),
        ]
        with self._lock:
            context = self._loaded()
            model = context.model
            tokens = [*model.chat_tokens(messages), *model.tokenise("[")]
            context.clear()
            scores = context.feed(tokens, cancel=cancel)
            return [float(scores[model.tokenise(label)[0]]) for label in labels]

    def imagine(self, query: str, cancel: Event | None = None) -> str:
        """The likeliest passage."""
        messages = [Message("system", prompts.IMAGINE), Message("user", " ".join(query.split()))]
        with self._lock:
            context = self._loaded()
            pieces = context.generate(
                context.model.chat_tokens(messages),
                max_tokens=IMAGINED,
                sampling=Sampling(penalty=PENALTY),
                cancel=cancel,
            )
            return "".join(pieces).strip()

    def _loaded(self) -> Context:
        if self._closed:
            raise ModelError(f"the model {self.name} is closed")
        if self._context is None:
            model = Model(self._file.path)
            shape = Shape(tokens=self._config.context, threads=self._config.threads)
            try:
                self._context = Context(model, shape)
            except ModelError:
                model.close()
                raise
        return self._context

    def close(self) -> None:
        """Free the model; waits for a call that is running."""
        with self._lock:
            self._closed = True
            if self._context is not None:
                model = self._context.model
                self._context.close()
                model.close()
                self._context = None
