"""How much a question looks at blocks that are kept, told from their keys, before any is loaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import ModelError
from lsfs.llm.kv import compose, kvblob
from lsfs.llm.kv.facts import Facts
from lsfs.llm.kv.kvblob import Cells, Rows
from lsfs.llm.runtime.batch import Stop
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse import form, select
from lsfs.llm.sparse.capture import ScoringContext
from lsfs.llm.sparse.device import DeviceMasses
from lsfs.llm.sparse.form import Form
from lsfs.llm.sparse.select import Floats, Queries

NEUTRAL = "neutral"
"""The name of the extra array of a block: mass of a neutral question, float16 [layers, heads,
tokens], in the layers of ``select.middle``."""
LABEL = "neutral mass 2"
"""To be part of the context key: blocks whose extra array is another are others."""

log = logging.getLogger("lsfs.llm.sparse.glance")

BEHIND = 256  # tokens between the prefix and a question: a block is about as long
SPOKEN = 8  # tokens that count: what is asked for is said in a few words
NEUTRAL_QUESTION = "What does the text say?"


class Glance:
    """Scores blocks by contrast in the middle layers.

    The question's queries are taken behind the prefix alone, as if a block stood between; so one
    short run serves all blocks.

    Args:
        scoring: captures the queries of the layers of ``select.middle``.
        facts: of the model.
        prefix: the state of the prefix.
        around: the form of the prompt.
        device: where looks are computed; None is on the CPU, by numpy.
    """

    def __init__(
        self,
        scoring: ScoringContext,
        facts: Facts,
        prefix: Cells,
        around: Form,
        device: DeviceMasses | None = None,
    ) -> None:
        self.layers = tuple(select.middle(facts.layers))
        self._scoring = scoring
        self._facts = facts
        self._prefix = [prefix.keys[layer] for layer in self.layers]
        self._behind = kvblob.build(compose.with_gap(prefix, BEHIND))
        self._form = around
        self._neutral: Queries | None = None
        self._device = device

    def queries(self, tail: Sequence[int], cancel: Stop | None = None) -> Queries:
        """What a question looks for, in the middle layers.

        Args:
            tail: its tokens, with what stands behind it.
            cancel: stops the computation.
        """
        self._scoring.clear()
        self._scoring.load_state(self._behind)
        return self._scoring.queries(tail, cancel=cancel)

    def extras(
        self, context: Context, tokens: Sequence[int], cells: Cells
    ) -> Mapping[str, NDArray[Any]]:
        """What is kept with a block; see :class:`lsfs.llm.kv.kvstore.Blocks`."""
        if self._neutral is None:
            tail = form.question_tokens(context.model, self._form, NEUTRAL_QUESTION)
            self._neutral = self.queries(tail)
        keys = [cells.keys[layer] for layer in self.layers]
        return {NEUTRAL: self._masses(self._neutral, keys).astype(np.float16)}

    def relevance(
        self, queries: Queries, keys: Sequence[Rows], extras: Mapping[str, NDArray[Any]]
    ) -> float:
        """How much more a question looks at a block than a neutral one does.

        Args:
            queries: see :meth:`queries`.
            keys: of the block, in the middle layers.
            extras: of the block.
        """
        more = select.contrast(self._masses(queries, keys), extras[NEUTRAL])
        return float(np.sort(more)[-SPOKEN:].sum()) / SPOKEN

    def _masses(self, queries: Queries, keys: Sequence[Rows]) -> Floats:
        """Mass of the block's cells; the prefix takes its share, else nothing would be little."""
        both = [np.concatenate(pair) for pair in zip(self._prefix, keys, strict=True)]
        return self._masses_of(queries, both)[:, :, len(self._prefix[0]) :]

    def _masses_of(self, queries: Queries, keys: Sequence[Rows]) -> Floats:
        heads, device = self._facts.key_heads, self._device
        if device is not None:
            try:
                return device.masses(queries, keys, heads)
            except ModelError as error:
                log.warning("the CPU looks at texts from now on: %s", error)
                self._device = None  # its owner closes it
        of_layers = zip(self.layers, keys, strict=True)
        return np.stack([select.mass(queries[layer], rows, heads) for layer, rows in of_layers])


def scoring_context(model: Model, facts: Facts, threads: int) -> ScoringContext:
    """A small context for :class:`Glance`."""
    from lsfs.llm.runtime.batch import Shape

    shape = Shape(tokens=1024, sequences=1, threads=threads)
    return ScoringContext(model, shape, list(select.middle(facts.layers)), facts.query_scale)


def device_of(model: Model) -> DeviceMasses | None:
    """Where looks at a model's texts are computed: a GPU that has layers of it; None: the CPU."""
    if not model.backend.gpu or not model.gpu_layers:
        return None
    try:
        return DeviceMasses(model.backend)
    except ModelError as error:
        log.info("the CPU looks at texts: %s", error)
        return None
