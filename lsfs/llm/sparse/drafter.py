"""The model that guesses what another one says, from the best passages alone (see ``rapid``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from lsfs.errors import ContextTooLong
from lsfs.llm.kv import compose
from lsfs.llm.runtime.batch import Stop
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.generation import Pieces, Request
from lsfs.llm.runtime.loading import Loaded
from lsfs.llm.sparse import form
from lsfs.llm.sparse.rapid import Counts, Rapid, check_words

WINDOW = 2048  # tokens of its context: passages, question, answer


class Asks(Struct, frozen=True):
    """A question and what the drafter reads for it.

    Attributes:
        question: its text.
        passages: texts, the most relevant one last, of which the last ones that fit are read.
    """

    question: str
    passages: Sequence[str]


class Drafter:
    """Guesses; not safe for use by two threads at once.

    Args:
        loaded: a model, and a context of one sequence; closed with the drafter.
        target: a context of the model whose words are guessed.

    Raises:
        UsageError: their tokens differ.
    """

    def __init__(self, loaded: Loaded, target: Context) -> None:
        self._loaded, self._context = loaded, loaded.context
        check_words(target.model, self._context.model)
        self._form = form.form_of(self._context.model)
        self.counts = Counts()

    def go_on(
        self, target: Context, request: Request, asks: Asks, cancel: Stop | None = None
    ) -> Iterator[str]:
        """A text after what the target holds and a prompt.

        See :func:`lsfs.llm.runtime.generation.go_on`.

        Where no passage fits the drafter's window the target writes alone.
        """
        try:
            tail = self._read(asks, request.max_tokens, cancel)
        except ContextTooLong:
            return target.go_on(request, cancel)
        return self._pieces(target, request, tail, cancel)

    def _read(self, asks: Asks, answer: int, cancel: Stop | None) -> list[int]:
        """Run the passages; what is left to be run is the question."""
        model, head = self._context.model, self._form.head
        tail = form.question_tokens(model, self._form, asks.question)
        blocks = [b for text in asks.passages for b in form.block_tokens(model, text)]
        room = self._context.n_ctx - len(head) - len(tail) - answer
        # The last blocks are the most relevant ones.
        order = [float(at) for at in range(len(blocks))]
        chosen = compose.choose(order, [len(block) for block in blocks], room, len(blocks))
        texts = [blocks[n] for n in chosen.blocks]
        self._context.clear()
        compose.read_anew(self._context, head, texts, cancel=cancel)
        return tail

    def _pieces(
        self, target: Context, request: Request, tail: Sequence[int], cancel: Stop | None
    ) -> Iterator[str]:
        rapid = Rapid(target, self._context, request.sampling)
        pieces = Pieces(request.stop)
        self.counts = rapid.counts
        for token in rapid.tokens((request.prompt, tail), request.max_tokens, cancel):
            if text := pieces.push(target.model.piece(token)):
                yield text
            if pieces.ended:
                return
        if text := pieces.push(b"", last=True):
            yield text

    def close(self) -> None:
        """Free the model."""
        self._loaded.close()
