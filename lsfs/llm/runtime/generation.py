"""Texts that a model writes, one or several side by side, in pieces as they come."""

from __future__ import annotations

import codecs
import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from lsfs.errors import ContextTooLong, ModelError
from lsfs.llm.runtime.batch import Step, Stop, check
from lsfs.llm.runtime.sampling import Sampler, Sampling

if TYPE_CHECKING:
    from lsfs.llm.runtime.engine import Context

SHARED = 16  # tokens that all prompts begin with, from which on they are run once for all
WATCHED = 16  # tokens of a batch from which on it is worth a callback for every tensor of the graph


class Request(Struct, frozen=True):
    """A text to write.

    Attributes:
        prompt: tokens, at least one.
        max_tokens: most tokens to make; fewer when the context is full.
        sampling: how to choose them; greedy by default.
        stop: strings before which the text ends.
    """

    prompt: Sequence[int]
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()


class Pieces:
    """The text of tokens, as far as it is certain.

    A character that is spread over tokens comes with the last of them; what may become a stop
    string is held back.

    Args:
        stop: strings before which the text ends; "" is none.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._stops = [text for text in stop if text]
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.ended = False

    def push(self, piece: bytes, *, last: bool = False) -> str:
        """The text that the bytes of one more token make certain.

        Args:
            piece: the bytes.
            last: nothing follows.
        """
        self._held += self._decoder.decode(piece, last)
        found = [at for at in (self._held.find(text) for text in self._stops) if at >= 0]
        if found:
            self.ended = True
            ready, self._held = self._held[: min(found)], ""
            return ready
        keep = 0 if last else max((_overlap(self._held, text) for text in self._stops), default=0)
        cut = len(self._held) - keep
        ready, self._held = self._held[:cut], self._held[cut:]
        return ready


def _overlap(text: str, stop: str) -> int:
    """How many of the last characters of ``text`` could begin ``stop``."""
    return next((n for n in range(len(stop) - 1, 0, -1) if text.endswith(stop[:n])), 0)


class _Text:
    """One text that is being written, in a sequence of its own."""

    def __init__(self, context: Context, number: int, request: Request, sequence: int) -> None:
        self.number, self.sequence = number, sequence
        self.pending = list(request.prompt)
        self.position = 0
        self.left = request.max_tokens
        self.ended = False
        self.row = -1  # of the batch that holds its last token
        self._model = context.model
        self._pieces = Pieces(request.stop)
        self._sampler = Sampler(context.model, request.sampling)

    def steps(self, first_row: int, room: int) -> list[Step]:
        """What of it goes into the next batch."""
        taken, self.pending = self.pending[:room], self.pending[room:]
        self.row = -1 if self.pending else first_row + len(taken) - 1
        last = len(taken) - 1
        begin, self.position = self.position, self.position + len(taken)
        return [
            Step(token, begin + at, self.sequence, not self.pending and at == last)
            for at, token in enumerate(taken)
        ]

    def take(self, context: Context) -> str:
        """The text that its next token makes certain."""
        if self.left <= 0:
            return self.finish()
        token = self._sampler.sample(context.handle, self.row)
        self.left -= 1
        if token is None or self._model.is_end(token):
            return self.finish()
        text = self._pieces.push(self._model.piece(token))
        self.pending = [token]
        if self._pieces.ended:
            self.ended = True
        elif self.left <= 0:
            text += self.finish()
        return text

    def finish(self) -> str:
        """What was held back."""
        self.ended = True
        return self._pieces.push(b"", last=True)

    def close(self) -> None:
        self._sampler.close()


def generate_many(
    context: Context, requests: Sequence[Request], cancel: Stop | None = None
) -> Iterator[tuple[int, str]]:
    """Texts written side by side, in as many sequences as the context has. Clears the context.

    What all prompts begin with is run once. A text whose prompt and answer find no cells waits for
    others to end. Batches of other shapes differ in their last digits: a text may differ, where two
    tokens are equally likely, from the one that is written alone.

    Args:
        context: whose cells are used.
        requests: the texts; each with its own sampling and seed.
        cancel: looked at before each token, and while prompts are read.

    Yields:
        The number of a request, and a piece of its text.

    Raises:
        ContextTooLong: a prompt leaves no room for an answer; nothing was run.
        Cancelled: ``cancel`` was set.
        ModelError: a grammar is none.
    """
    for request in requests:
        _check_prompt(request)
        if len(request.prompt) >= context.n_ctx:
            raise ContextTooLong(
                f"the prompt has {len(request.prompt)} tokens, the context {context.n_ctx}",
                hint="ask for less, or raise model.context",
            )
    return _Side(context, requests, cancel).run()


def go_on(context: Context, request: Request, cancel: Stop | None = None) -> Iterator[str]:
    """A text after what sequence 0 holds already, and a prompt.

    Args:
        context: whose sequence 0 goes on at its ``next_position``.
        request: its prompt is what is added before the text.
        cancel: looked at before each token, and while the prompt is read.

    Raises:
        ContextTooLong: the cells ran out.
        Cancelled: ``cancel`` was set.
        ModelError: the grammar is none.
    """
    _check_prompt(request)
    with contextlib.closing(_Text(context, 0, request, 0)) as text:
        text.position = context.next_position(0)
        while not text.ended:
            check(cancel)
            steps = text.steps(0, context.shape.batch)
            context.decode(steps, cancel if len(steps) >= WATCHED else None)
            if text.row >= 0 and (piece := text.take(context)):
                yield piece


class _Side:
    """Several texts in one context."""

    def __init__(self, context: Context, requests: Sequence[Request], cancel: Stop | None) -> None:
        self._context, self._requests, self._cancel = context, requests, cancel
        self._waiting = deque(enumerate(requests))
        self._running: list[_Text] = []
        sequences = min(context.shape.sequences, len(requests))
        self._shared = 0
        if sequences > 1:
            self._shared = _shared([request.prompt for request in requests])
        self._free = list(range(sequences))[::-1]
        # The prompts' common head has a sequence of its own, if one is left for it.
        self._head = sequences if sequences < context.shape.sequences else sequences - 1
        if self._shared and self._head in self._free:
            self._free.remove(self._head)
        self._cells = context.n_ctx - self._shared

    def run(self) -> Iterator[tuple[int, str]]:
        context = self._context
        context.clear()
        try:
            if self._shared:
                head = self._requests[0].prompt[: self._shared]
                context.feed(head, self._head, self._cancel)
            while self._waiting or self._running:
                check(self._cancel)
                self._admit()
                yield from self._advance()
        finally:
            for text in self._running:
                text.close()

    def _advance(self) -> Iterator[tuple[int, str]]:
        """Run one batch, and take a token of each text whose prompt was read."""
        steps: list[Step] = []
        # Those that are being written come first: they need one row each.
        for text in sorted(self._running, key=lambda text: len(text.pending)):
            room = self._context.shape.batch - len(steps)
            steps += text.steps(len(steps), room) if room else []
        self._context.decode(steps, self._cancel if len(steps) >= WATCHED else None)
        for text in [text for text in self._running if not text.pending]:
            if piece := text.take(self._context):
                yield text.number, piece
            if text.ended:
                self._retire(text)

    def _admit(self) -> None:
        """Let texts begin, while there are sequences and cells for them."""
        while self._waiting and self._free:
            number, request = self._waiting[0]
            if self._running and self._need(request) > self._cells:
                return
            self._waiting.popleft()
            text = _Text(self._context, number, request, self._free.pop())
            if self._shared:
                self._context.copy(self._head, text.sequence)
                text.position = self._shared
                text.pending = text.pending[self._shared :]
            room = self._context.n_ctx - len(request.prompt)
            text.left = min(text.left, room)
            self._cells -= self._need(request)
            self._running.append(text)

    def _retire(self, text: _Text) -> None:
        text.close()
        self._running.remove(text)
        self._context.remove(text.sequence)
        self._free.append(text.sequence)
        self._cells += self._need(self._requests[text.number])

    def _need(self, request: Request) -> int:
        """Cells of a text at its longest, but for those that it shares."""
        most = min(len(request.prompt) + request.max_tokens, self._context.n_ctx)
        return most - self._shared


def _shared(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with; each keeps at least one of its own."""
    shortest = min(map(len, prompts)) - 1
    first = prompts[0]
    count = next(
        (at for at in range(shortest) if any(p[at] != first[at] for p in prompts)), shortest
    )
    return count if count >= SHARED else 0


def _check_prompt(request: Request) -> None:
    if not request.prompt:
        raise ModelError("no tokens to run")
