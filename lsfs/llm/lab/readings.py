"""How texts get on the desk: read as they are, or composed where the window is too short."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lsfs.llm.kv import compose
from lsfs.llm.kv.facts import Facts
from lsfs.llm.kv.formats import Format
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.kv.kvfile import Block
from lsfs.llm.kv.kvstore import Blocks
from lsfs.llm.lab.sitting import Sitting
from lsfs.llm.policies import Text, Watched
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse import form
from lsfs.llm.sparse.glance import Glance, scoring_context
from lsfs.llm.sparse.watch import watched

BLOCK = 256  # tokens of a block of a text that is composed
WIDER = 4  # budgets that a policy chooses from, as in lsfs.llm.sparse.reader
RESERVE = 256  # of the window: the question, and what is written


class Read(Struct, frozen=True):
    """A text that was read.

    Attributes:
        sitting: with it.
        near, far: bytes in which its state is kept, in memory and on disk.
        errors: how far keys and values are off, as shares of their length.
    """

    sitting: Sitting
    near: int
    far: int
    errors: tuple[float, float]


class Reads(Struct, frozen=True):
    """What reads texts.

    Attributes:
        model: it.
        facts: of its attention.
        format: how states are kept.
        threads: of the model.
        window: tokens over which a text is composed; 0: those that the model was trained on.
    """

    model: Model
    facts: Facts
    format: Format
    threads: int
    window: int = 0

    @property
    def room(self) -> int:
        """Cells of a text in the window."""
        return min(self.window or self.model.n_ctx_train, self.model.n_ctx_train) - RESERVE

    def prefix(self) -> tuple[int, ...]:
        """What stands before every text."""
        return form.form_of(self.model).head

    @contextlib.contextmanager
    def read(self, tokens: Sequence[int]) -> Iterator[Read]:
        """A text that fits the window."""
        cells, seen = watched(self.model, self.facts, [*self.prefix(), *tokens], self.threads)
        with self.kept(cells, seen) as read:
            yield read

    @contextlib.contextmanager
    def kept(self, cells: Cells, seen: Watched | None) -> Iterator[Read]:
        text = Text(cells.keys, self.facts.key_heads, None, self.facts.rope, cells.positions, seen)
        with tempfile.TemporaryDirectory(prefix="lsfs-lab-") as folder:
            packed = self.format.packed(cells, text, Path(folder))
            errors = packed.errors(cells)
            text = replace(text, keys=packed.cells.keys)
            with Sitting(self.model, self.facts, packed.cells, text, self.threads) as sitting:
                yield Read(sitting, packed.near, packed.far, errors)

    @contextlib.contextmanager
    def blocks(self, tokens: Sequence[int]) -> Iterator[Composes]:
        """A text of any length, in blocks."""
        head = self.prefix()
        around = form.form_of(self.model)
        shape = Shape(len(head) + BLOCK, 1, 512, self.threads)
        with (
            Context(self.model, shape) as context,
            scoring_context(self.model, self.facts, self.threads) as scoring,
        ):
            prefix = Blocks(context, self.facts, None, head).prefix_cells()
            glance = Glance(scoring, self.facts, prefix, around)
            made = Blocks(context, self.facts, None, head, glance.extras)
            parts = [tuple(tokens[low : low + BLOCK]) for low in range(0, len(tokens), BLOCK)]
            yield Composes(self, glance, prefix, [made.block(part) for part in parts])


class Composes(Struct, frozen=True):
    """Blocks of a text, of which a question composes the ones that it looks at.

    Attributes:
        reads: what has read them.
        glance: looks.
        prefix: the state before each.
        made: the blocks.
    """

    reads: Reads
    glance: Glance
    prefix: Cells
    made: Sequence[Block]

    def order(self, tail: Sequence[int]) -> list[float]:
        """How much a question looks at each block."""
        queries = self.glance.queries(tail)
        return [
            self.glance.relevance(
                queries, [block.cells.keys[layer] for layer in self.glance.layers], block.extras
            )
            for block in self.made
        ]

    def cells(self, relevance: Sequence[float], most: int) -> Cells:
        """The blocks that are looked at most, the best one last, in ``most`` cells."""
        sizes = [len(block.cells) for block in self.made]
        room = max(most - len(self.prefix), max(sizes))
        chosen = compose.choose(relevance, sizes, room, len(sizes))
        taken = [self.made[n].cells for n in chosen.blocks]
        return compose.composed(self.prefix, taken, self.reads.facts.rope)
