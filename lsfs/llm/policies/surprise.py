"""Policies by how sure the model is: SirLLM of each token, XL3M of what follows a segment."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.llm.kv.kvblob import Placing
from lsfs.llm.policies.interface import AS_READ, DENSE, Index, NoIndex, Scene, Text
from lsfs.llm.sparse import select
from lsfs.llm.sparse.select import Floats, Indices


class SirLlm(Struct, frozen=True):
    """The tokens that were least expected, older ones less so.

    SirLLM (Yao et al., 2024, arXiv 2405.12528): a token's entropy is -log p of it after those
    before it; the cache holds the first tokens and those of the greatest entropy, at the positions
    that they have in the cache; at each turn of a conversation all that is there is multiplied by a
    decay. A document has no turns: every ``turn`` tokens count as one.

    Attributes:
        sinks: 4 in the paper.
        decay: of a turn; the paper has 1 for shopping lists, .7 for talk and .9 for games.
        turn: tokens.
    """

    sinks: int = 4
    decay: float = 1.0
    turn: int = 256
    name: str = "sirllm"
    placing: Placing = DENSE
    anew: int = 0

    def build(self, text: Text) -> Index:
        """What each token is worth."""
        age = (text.cells - 1 - np.arange(text.cells)) // self.turn
        worth = text.seen(self.name).surprise * np.float32(self.decay) ** age
        return _Worth(worth.astype(np.float32), text.edges(self.sinks, 0))


class _Worth(Struct, frozen=True):
    values: Floats
    always: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    @property
    def nbytes(self) -> int:
        """Of the values."""
        return self.values.nbytes

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The most worth; the same in all layers."""
        return [select.best(self.values, budget, self.always)] * len(scene.text.keys)


class Xl3m(Struct, frozen=True):
    """The segments behind which the model is surest of what follows the question.

    XL3M (Wang et al., 2024, arXiv 2405.17755): each segment together with the question is run, the
    entropy of the model's next token says how little the segment has to do with it, and the best
    segments in the order of the text are the context. Here a segment is its cells of the text as
    read, behind the first ones, and is not read anew without what stood before it.

    Attributes:
        segment: cells.
        sinks: cells before each segment.
    """

    segment: int = 128
    sinks: int = 16
    name: str = "xl3m"
    placing: Placing = AS_READ
    anew: int = 0

    def build(self, text: Text) -> Index:
        """None."""
        return NoIndex(self.rows)

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """Whole segments, and the beginning of the last one that has room."""
        if scene.certainty is None:
            raise UsageError("the policy xl3m needs a model to ask")
        cells = np.arange(scene.text.cells)
        always = scene.text.edges(self.sinks, 0)
        starts = range(0, len(cells), self.segment)
        segments = [cells[(cells >= s) & (cells < s + self.segment) | always] for s in starts]
        sure = -scene.certainty(segments)
        values = np.repeat(sure, self.segment)[: len(cells)]
        return [select.best(values, budget, always)] * len(scene.text.keys)
