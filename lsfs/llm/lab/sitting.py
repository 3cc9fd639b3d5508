"""A text on the desk: its state, what policies know of it, and questions to it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from lsfs.llm.kv import kvblob
from lsfs.llm.kv.facts import Facts
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.policies import Policy, Scene, Text
from lsfs.llm.policies.interface import Index
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse import select
from lsfs.llm.sparse.again import Source
from lsfs.llm.sparse.capture import ScoringContext
from lsfs.llm.sparse.select import Floats
from lsfs.llm.sparse.whole import Narrow

NEUTRAL = "\n\nThe answer to the question is"
BATCH = 512


class _Noted(dict[int, Floats]):
    """Queries, and whether anybody has looked at them."""

    def __init__(self, queries: dict[int, Floats]) -> None:
        super().__init__(queries)
        self.read = False

    def __getitem__(self, layer: int) -> Floats:
        self.read = True
        return super().__getitem__(layer)


class Asked(Struct, frozen=True):
    """A question to a text, for one policy.

    Attributes:
        scene: what the policy sees.
        look: CPU seconds, and seconds, in which it was run over the text for its queries.
    """

    scene: Scene
    look: tuple[float, float]

    @property
    def paid(self) -> tuple[float, float]:
        """What the look has cost, if the policy has used it."""
        queries = self.scene.queries
        return self.look if isinstance(queries, _Noted) and queries.read else (0.0, 0.0)


class Built(Struct, frozen=True):
    """The index of a text.

    Attributes:
        source: with it.
        cpu_s: in which it was made.
    """

    source: Source
    cpu_s: float


class Sitting:
    """A text whose state is there.

    Attributes:
        model: that has read it.
        facts: of it.
        cells: all of the text.
        text: the same as policies see it.
        threads: of the model.
    """

    def __init__(self, model: Model, facts: Facts, cells: Cells, text: Text, threads: int) -> None:
        self.model = model
        self.facts = facts
        self.cells = cells
        self.text = text
        self.threads = threads
        self._indexes: dict[str, Built] = {}
        size = int(self.cells.positions[-1]) + 1 + BATCH
        shape = Shape(size, 1, BATCH, self.threads)
        self._scoring = ScoringContext(
            self.model, shape, range(self.facts.layers), self.facts.query_scale
        )
        self._scoring.load_state(kvblob.build(self.cells))
        without = self._queries(self.model.tokenise(NEUTRAL))
        layers = select.middle(self.facts.layers)
        mass = select.masses(without, self.text.keys, self.facts.key_heads, layers)
        self.text = replace(self.text, neutral=mass)

    def _queries(self, tail: Sequence[int]) -> dict[int, Floats]:
        end = self._scoring.next_position()
        found = self._scoring.queries(tail)
        self._scoring.remove(0, end)
        return found

    def ask(self, tail: Sequence[int]) -> Iterator[Asked]:
        """A question, anew for each policy, without end: none gets what another has found out."""
        start = time.process_time(), time.perf_counter()
        queries = self._queries(tail)
        look = time.process_time() - start[0], time.perf_counter() - start[1]
        narrow = Narrow(self.model, self.facts, self.threads)
        certainty = narrow.certainty(self.cells, tail)
        while True:
            yield Asked(Scene(self.text, _Noted(queries), certainty), look)

    def built(self, policy: Policy) -> Built:
        """The index of the text, made once.

        Raises:
            UsageError: the policy needs what is not known of the text.
        """
        if policy.name not in self._indexes:
            start = time.process_time()
            index: Index = policy.build(self.text)
            seconds = time.process_time() - start
            source = Source(self.cells, self.text, index, policy, self.facts.rope)
            self._indexes[policy.name] = Built(source, seconds)
        return self._indexes[policy.name]

    def close(self) -> None:
        """Free the cells."""
        self._scoring.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
