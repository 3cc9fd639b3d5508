"""What the language model adds to a search: an order of the best hits, a guess to look for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lsfs.errors import ModelMissing
from lsfs.model import Hit
from lsfs.syscalls.engines import Call

if TYPE_CHECKING:
    from lsfs.llm.chat import ChatModel

WINDOW = 20  # hits that are put in order


def ordered(call: Call, query: str, hits: Sequence[Hit], how: str) -> list[Hit]:
    """Hits in the model's order; their scores stay those of the search.

    Args:
        how: ``none``, ``first`` or ``listwise``; see lsfs.llm.rank.

    Raises:
        ModelMissing: there is no language model.
    """
    if how == "none" or len(hits) < 2:
        return list(hits)
    from lsfs.llm import rank

    rule = {"first": rank.first, "listwise": rank.listwise}[how]
    best = hits[:WINDOW]
    order = rule(query, [hit.text for hit in best], _chat(call), call.cancelled)
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
