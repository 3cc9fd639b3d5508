"""How the next token is chosen from the scores of all of them."""

from __future__ import annotations

import ctypes
from typing import Any, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.llm.runtime.model import Model

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class Sampling(Struct, frozen=True):
    """How the next token is chosen.

    Attributes:
        temperature: 0 always takes the likeliest token, and then only the penalty counts.
        top_p: only the likeliest tokens that together have this probability are kept.
        seed: equal seeds give equal texts.
        penalty: divides the scores of recent tokens; 1 is none.
        penalty_window: how many tokens are recent.
        grammar: what the text must be, in llama.cpp's GBNF, from its rule ``root`` on; "" is any.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    penalty: float = 1.0
    penalty_window: int = 64
    grammar: str = ""


class Sampler:
    """A chain of llama.cpp's samplers, with its own random numbers.

    Args:
        model: whose tokens are chosen.
        sampling: how.

    Raises:
        ModelError: the grammar is none.
    """

    def __init__(self, model: Model, sampling: Sampling) -> None:
        self._api = model.backend.api
        self._chain = _chain(model, sampling)
        self._candidates: NDArray[Any] | None = None
        if sampling.grammar:
            self._candidates = np.empty(model.n_vocab, _CANDIDATE)

    def sample(self, context: Any, row: int) -> int | None:
        """The next token, which counts as taken; None where the grammar allows no more.

        Args:
            context: llama.cpp's pointer to the context that ran the batch.
            row: of the batch; scores were wanted there. -1 is the last one.
        """
        if self._candidates is None:
            return int(self._api.llama_sampler_sample(self._chain, context, row))
        return self._allowed(context, row, self._candidates)

    def _allowed(self, context: Any, row: int, candidates: NDArray[Any]) -> int | None:
        """As ``llama_sampler_sample`` does, which ends the process where a grammar has ended and
        the model has no token that ends a text: then the best of none is taken, and refused."""
        scores = self._api.llama_get_logits_ith(context, row)
        candidates["id"] = np.arange(len(candidates))
        candidates["logit"] = np.ctypeslib.as_array(scores, (len(candidates),))
        candidates["p"] = 0.0
        array = self._api.llama_token_data_array(
            candidates.ctypes.data_as(self._api.llama_token_data_p), len(candidates), -1, False
        )
        self._api.llama_sampler_apply(self._chain, ctypes.byref(array))
        if array.selected < 0 or not np.isfinite(array.data[array.selected].logit):
            return None
        token = int(array.data[array.selected].id)
        self._api.llama_sampler_accept(self._chain, token)
        return token

    def close(self) -> None:
        """Free the chain."""
        if self._chain:
            self._api.llama_sampler_free(self._chain)
            self._chain = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _chain(model: Model, sampling: Sampling) -> Any:
    """A chain of samplers; it owns its links."""
    api = model.backend.api
    grammar = _grammar(model, sampling.grammar) if sampling.grammar else None
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
    links = [grammar] if grammar else []
    if sampling.penalty != 1.0:
        make = api.llama_sampler_init_penalties
        args = (sampling.penalty_window, sampling.penalty, 0.0, 0.0)
        # Newer releases of the library are told the size of the vocabulary first.
        links.append(make(model.n_vocab, *args) if len(make.argtypes) == 5 else make(*args))
    if sampling.temperature <= 0:
        links.append(api.llama_sampler_init_greedy())
    else:
        if sampling.top_p < 1:
            links.append(api.llama_sampler_init_top_p(sampling.top_p, 1))
        links.append(api.llama_sampler_init_temp(sampling.temperature))
        links.append(api.llama_sampler_init_dist(sampling.seed))
    for link in links:
        api.llama_sampler_chain_add(chain, link)
    return chain


def _grammar(model: Model, text: str) -> Any:
    """A sampler that lets only what a grammar allows; whoever adds it to a chain gives it up."""
    model.check_text()
    model.backend.forget_errors()
    api = model.backend.api
    sampler = api.llama_sampler_init_grammar(model.vocabulary, text.encode(), b"root")
    if not sampler:
        raise model.backend.failure(
            "the grammar cannot be read", "it must be llama.cpp's GBNF, with a rule named root"
        )
    return sampler
