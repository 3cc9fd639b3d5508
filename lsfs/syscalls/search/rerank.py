"""What the language model adds to a search: an order of the best hits, a guess to look for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lsfs.errors import ModelError, ModelMissing
from lsfs.model import Hit
from lsfs.syscalls.engines import Call

if TYPE_CHECKING:
    from lsfs.config import ModelConfig
    from lsfs.llm.answers.chat import ChatModel, Reranker
    from lsfs.llm.runtime.residents import Residents

log = logging.getLogger("lsfs.syscalls.search.rerank")

WINDOW = 20  # hits that are put in order


def reranker(config: ModelConfig, residents: Residents | None = None) -> Reranker | None:
    """The model of ``model.rerank``; nothing is loaded until it is used.

    Raises:
        ModelMissing: there is nothing at the path.
        ModelError: it is no GGUF file.
        UsageError: it is a server on another machine, without leave.
    """
    from lsfs.llm.files import models

    if config.rerank in (models.NONE, ""):
        return None
    if models.is_server(config.rerank):
        from lsfs.llm.runtime.served import ServedReranker

        return ServedReranker(config)
    from lsfs.llm.runtime.rerank_gguf import GgufReranker

    return GgufReranker(models.gguf_file(config.rerank, "rerank"), config.threads, residents)


def looked_at(call: Call, how: str) -> int:
    """How many hits are put in order."""
    is_none = how == "none" or (how == "auto" and call.engines.reranker is None)
    return 0 if is_none else WINDOW


def ordered(call: Call, query: str, hits: Sequence[Hit], how: str) -> list[Hit]:
    """Hits in the model's order; their scores stay those of the search.

    Args:
        how: ``auto`` (the reranker where there is one, and none where it fails), ``none``,
            ``model`` (the reranker), ``first`` or ``listwise`` (the language model; see
            lsfs.llm.answers.rank).

    Raises:
        ModelMissing: there is no such model.
    """
    if not looked_at(call, how) or len(hits) < 2:
        return list(hits)
    if how == "auto":
        try:
            return ordered(call, query, hits, "model")
        except ModelError as error:
            log.warning("hits stay in the order of the search: %s", error.message)
            return list(hits)
    from lsfs.llm.answers import rank

    best = hits[:WINDOW]
    texts = [hit.text for hit in best]
    if how == "model":
        scores = _reranker(call).scores(query, texts, call.cancelled)
        order = sorted(range(len(best)), key=lambda n: -scores[n])
    else:
        rule = {"first": rank.first, "listwise": rank.listwise}[how]
        order = rule(query, texts, _chat(call), call.cancelled)
    moved = [
        replace(best[n], scores=best[n].scores | {"rank_before": n + 1.0, "rank_model": place})
        for place, n in enumerate(order, 1)
    ]
    return [*moved, *hits[WINDOW:]]


def hypothetical(call: Call, query: str) -> str:
    """A passage that might answer the query; what is like it is looked for.

    Raises:
        ModelMissing: there is no language model.
    """
    return _chat(call).imagine(query, call.cancelled) if query.strip() else ""


def _chat(call: Call) -> ChatModel:
    if call.engines.chat is None:
        hint = "leave out --rerank and --hyde, or see: lsfs config get model.chat"
        raise ModelMissing("no language model is installed", hint=hint)
    return call.engines.chat


def _reranker(call: Call) -> Reranker:
    if call.engines.reranker is None:
        hint = "choose one: lsfs model use --rerank MODEL"
        raise ModelMissing("no reranker is set", hint=hint)
    return call.engines.reranker
