"""Language models and rerankers behind a server that speaks as OpenAI's does."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from string import ascii_uppercase
from threading import Event
from typing import Any

from lsfs.config import ModelConfig
from lsfs.endpoint import Endpoint
from lsfs.errors import ContextTooLong, ModelError
from lsfs.llm.answers import prompts

IMAGINED = 96  # tokens of an imagined passage at most
LONGEST_JSON = 1024  # tokens
MOST_TOLD = 20  # likeliest tokens that servers tell the scores of
_TOO_LONG = (
    "context length",
    "context_length",
    "context size",
    "too many tokens",
    "maximum context",
)


class ServedChat:
    """A model that answers, behind a server.

    Its sentences are checked as those of a model here are. What it makes of passages is not kept.

    Args:
        config: the address (``chat``), the model's name there, and the longest answer.

    Raises:
        UsageError: the address is none, or of another machine without leave.
    """

    def __init__(self, config: ModelConfig) -> None:
        self._server = Endpoint(
            config.chat, config.chat_name, "chat", remote=config.chat_remote, seconds=config.timeout
        )
        self._longest = config.max_tokens

    @property
    def name(self) -> str:
        """The model, and where it is."""
        return f"{self._server.model}@{self._server.place}"

    def check(self) -> None:
        """See that the server answers with words.

        Raises:
            ModelError: it does not.
        """
        self._said("You answer in one word.", "Say yes.", 8, None)

    def question_gain(
        self, question: str, sentences: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """Servers do not tell how likely a prompt is.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"{self.name} does not tell how likely a question is")

    def write(
        self,
        question: str,
        evidence: Sequence[str],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        """The likeliest answer, in one piece."""
        asked = prompts.question_prompt(question, evidence)
        text = self._said(prompts.SYSTEM, asked, self._longest, cancel)
        if on_text is not None and text:
            on_text(text)
        return text

    def fill(
        self,
        question: str,
        evidence: Sequence[str],
        schema: Mapping[str, Any],
        cancel: Event | None = None,
    ) -> str:
        """JSON of the schema, by the server's constrained decoding.

        Raises:
            ModelError: what it says is no JSON.
        """
        asked = prompts.question_prompt(question, evidence)
        form = {"name": "answer", "schema": schema, "strict": True}
        try:
            text = self._filled(asked, {"type": "json_schema", "json_schema": form}, cancel)
        except ContextTooLong:
            raise
        except ModelError:  # the older form, which llama-cpp-python's server has
            text = self._filled(asked, {"type": "json_object", "schema": schema}, cancel)
        try:
            json.loads(text)
        except ValueError as error:
            raise self._server.strange("does not answer by a JSON schema") from error
        return text

    def _filled(self, asked: str, form: Mapping[str, Any], cancel: Event | None) -> str:
        return self._said(prompts.FILL, asked, LONGEST_JSON, cancel, response_format=form)

    def weigh(
        self, query: str, passages: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """Log likelihoods of the letters as first token; those not told share what is below."""
        labels = ascii_uppercase[: len(passages)]
        asked = prompts.rank_prompt(query, passages, labels)
        answer = self._asked(
            prompts.RANK, asked, 2, cancel, {"logprobs": True, "top_logprobs": MOST_TOLD}
        )
        try:
            tokens = answer["choices"][0]["logprobs"]["content"]
            told = {
                label: max(
                    (float(one["logprob"]) for token in tokens for one in token["top_logprobs"]
                     if one["token"].strip("[ ]\n") == label),
                    default=-math.inf,
                )
                for label in labels
            }  # fmt: skip
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise self._server.strange("does not tell how likely its words are") from error
        least = min((value for value in told.values() if value > -math.inf), default=0.0) - 1
        return [max(told[label], least) for label in labels]

    def imagine(self, query: str, cancel: Event | None = None) -> str:
        """The likeliest passage."""
        return self._said(prompts.IMAGINE, " ".join(query.split()), IMAGINED, cancel)

    def _said(
        self, system: str, asked: str, longest: int, cancel: Event | None, **more: Any
    ) -> str:
        answer = self._asked(system, asked, longest, cancel, more)
        try:
            said = answer["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError) as error:
            raise self._server.strange(f"says nothing ({error!r})") from error
        if not isinstance(said, str):
            raise self._server.strange("says nothing")
        return said.strip()

    def _asked(
        self, system: str, asked: str, longest: int, cancel: Event | None, more: Mapping[str, Any]
    ) -> Any:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": asked}]
        # Names of files may hold bytes that are no text.
        clean = [{k: v.encode("utf-8", "replace").decode() for k, v in m.items()} for m in messages]
        body = {"messages": clean, "max_tokens": longest, "temperature": 0, "stream": False, **more}
        try:
            return self._server.post("/chat/completions", body, cancel)
        except ModelError as error:
            if any(words in error.message.casefold() for words in _TOO_LONG):
                raise ContextTooLong(error.message, hint=error.hint) from error
            raise

    def close(self) -> None:
        """Nothing is held."""


class ServedReranker:
    """A reranker behind a server: ``POST {base}/rerank``, as llama.cpp, vLLM and Jina have it.

    Args:
        config: the address (``rerank``) and the model's name there.

    Raises:
        UsageError: the address is none, or of another machine without leave.
    """

    def __init__(self, config: ModelConfig) -> None:
        self._server = Endpoint(
            config.rerank, config.rerank_name, "rerank", remote=config.rerank_remote,
            seconds=config.timeout,
        )  # fmt: skip

    @property
    def name(self) -> str:
        """The model, and where it is."""
        return f"{self._server.model}@{self._server.place}"

    def scores(
        self, query: str, passages: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """How well each passage answers a query; more is better."""
        clean = [text.encode("utf-8", "replace").decode() for text in passages]
        asked = {"query": query, "documents": clean, "top_n": len(clean)}
        answer = self._server.post("/rerank", asked, cancel)
        try:
            told = {int(one["index"]): float(one["relevance_score"]) for one in answer["results"]}
            found = [told[number] for number in range(len(passages))]
        except (KeyError, TypeError, ValueError) as error:
            raise self._server.strange(f"gives no scores ({error!r})") from error
        if not all(map(math.isfinite, found)):
            raise self._server.strange("gives scores that are no numbers")
        return found

    def close(self) -> None:
        """Nothing is held."""
