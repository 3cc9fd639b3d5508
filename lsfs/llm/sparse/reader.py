"""Answers from texts that were read before: their attention states are kept, chosen, composed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Self

import numpy as np
from msgspec import Struct

from lsfs.config import ModelConfig
from lsfs.errors import Cancelled
from lsfs.llm import policies
from lsfs.llm.answers import alone, prompts
from lsfs.llm.kv import compose, kvblob
from lsfs.llm.kv.facts import Facts, facts_of
from lsfs.llm.kv.kvstore import Blocks, KvStore, context_key
from lsfs.llm.policies import Policy
from lsfs.llm.runtime.batch import Stop
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.generation import Request
from lsfs.llm.runtime.sampling import Sampling
from lsfs.llm.sparse import form, glance
from lsfs.llm.sparse.capture import ScoringContext
from lsfs.llm.sparse.cores import each
from lsfs.llm.sparse.device import DeviceMasses
from lsfs.llm.sparse.drafter import Asks, Drafter
from lsfs.llm.sparse.select import Queries
from lsfs.llm.sparse.whole import Narrow

OpenStore = Callable[[str], KvStore | None]
"""Gives the store of a context key; None keeps nothing."""

OnText = Callable[[str], None]

BUDGET = 512  # cells of a long document that an answer is written from
WIDER = 4  # times the budget: cells that a policy chooses from
CANDIDATES = 16  # passages that are looked at
NEAR = 0.5  # standard deviations of relevance within which a passage is as good as the best one
LOOK = 0.3  # what the look at kept blocks counts beside the search's score, both standardised
PENALTY = 1.1  # small models repeat themselves without one
TOKENISING = 64  # numbers that cost as much as a character that is made tokens
ALONE_TOKENS = 32  # of an answer to one text among several
STOP = ("\n\n", prompts.BEGIN, prompts.END)


class Reading(Struct, frozen=True):
    """What the model says after some passages; nothing in it is verified.

    Attributes:
        text: the answer.
        used: the numbers of the passages that it was read from, the most relevant one last.
        hits: blocks that were kept.
        misses: blocks that were computed now.
        first_text_s: seconds from the question to the first piece of the answer, or to its end
            where none came.
        share: for answers of several texts asked alone, the weight of those that agree, 0 to 1.
    """

    text: str
    used: tuple[int, ...]
    hits: int = 0
    misses: int = 0
    first_text_s: float = 0.0
    share: float = 1.0


class _Piece(Struct, frozen=True):
    """A block of a passage: tokens, and which passage."""

    tokens: tuple[int, ...]
    passage: int


class Reader:
    """A model that reads passages once; safe for several threads, which wait for each other.

    Models whose attention state cannot be handled (``facts.obstacle``) read the same passages anew
    each time, in the same order.

    Args:
        context: lent for as long as the reader; a call clears it, and leaves it clear.
        sha256: of the model's file.
        config: its threads, context and longest answer.
        open_store: where blocks are kept.
        drafter: guesses what is said, from the best passage; closed with the reader.

    Raises:
        ModelError, OutOfMemory: the model failed.
    """

    def __init__(
        self,
        context: Context,
        sha256: str,
        config: ModelConfig,
        open_store: OpenStore | None = None,
        drafter: Drafter | None = None,
    ) -> None:
        self._lock = Lock()
        self._drafter = drafter
        self._model = context.model
        self._config = config
        self._context = context
        self._scoring: ScoringContext | None = None
        self._device: DeviceMasses | None = None
        self._blocks: Blocks | None = None
        try:
            self.form = form.form_of(self._model)
            self.facts: Facts = facts_of(self._context)
            if not self.facts.obstacle:
                self._keep(sha256, open_store)
        except BaseException:
            self.close()
            raise

    def _keep(self, sha256: str, open_store: OpenStore | None) -> None:
        window, labels = self._context.n_ctx, (glance.LABEL,)
        key = context_key(sha256, self.facts, self.form.head, window=window, labels=labels)
        store = None if open_store is None else open_store(key)
        self._scoring = glance.scoring_context(self._model, self.facts, self._config.threads)
        before = Blocks(self._context, self.facts, store, self.form.head).prefix_cells()
        self._device = glance.device_of(self._model)
        scoring, form_ = self._scoring, self.form
        self._glance = glance.Glance(scoring, self.facts, before, form_, self._device)
        self._blocks = Blocks(self._context, self.facts, store, self.form.head, self._glance.extras)

    def prepare(
        self, passages: Sequence[str], cancel: Stop | None = None, *, used_ns: int | None = None
    ) -> bool:
        """Compute the blocks of passages that are not kept yet; False where they cannot be kept.

        Args:
            passages: their texts.
            cancel: stops the model; blocks that are done are kept.
            used_ns: what they are worth; see :meth:`lsfs.llm.kv.kvstore.KvStore.put`.

        Raises:
            Cancelled: ``cancel`` was set.
            ModelError: the model failed.
        """
        with self._lock:
            if self._blocks is None:
                return False
            try:
                for piece in self._pieces(passages):
                    if not self._blocks.keep(piece.tokens, cancel, used_ns=used_ns):
                        return False
            finally:
                self._context.clear()
            return True

    def read(
        self,
        question: str,
        passages: Sequence[str],
        scores: Sequence[float],
        *,
        on_text: OnText | None = None,
        cancel: Stop | None = None,
        most: int = compose.MOST,
        near: float = NEAR,
    ) -> Reading:
        """The answer to a question from the passages that it is most about.

        Args:
            question: what is asked.
            passages: that may hold the answer; the best ``CANDIDATES`` of them are looked at.
            scores: of each, as the search gives them; more is better.
            on_text: takes pieces of the answer as they come.
            cancel: stops the model.
            most: passages that are read at most.
            near: those that are less relevant than the best one by more than this are left out;
                in standard deviations of the scores.

        Raises:
            Cancelled: ``cancel`` was set.
            ContextTooLong: not even one passage fits beside the question.
            ModelError: the model failed.
        """
        with self._turn() as begun:
            tail = form.question_tokens(self._model, self.form, question)
            pieces = self._pieces(passages)
            relevance = self._relevance(pieces, scores, tail, cancel)
            room = self._room(tail, self._config.max_tokens)
            sizes = [len(piece.tokens) for piece in pieces]
            chosen = compose.choose(relevance, sizes, room, most, near)
            self._load([[pieces[n] for n in chosen.blocks]], cancel)
            asks = Asks(question, [passages[pieces[n].passage] for n in chosen.blocks[-1:]])
            text = self._write(self._said(tail, asks, cancel), begun, on_text)
            used = dict.fromkeys(pieces[n].passage for n in reversed(chosen.blocks))
            return begun.reading(text, tuple(used)[::-1])

    def read_each(
        self,
        question: str,
        passages: Sequence[str],
        scores: Sequence[float],
        *,
        cancel: Stop | None = None,
        most: int = compose.MOST,
    ) -> list[Reading]:
        """Answers of the best passages, each asked alone; those that agree are one.

        Args:
            question, passages, scores, cancel, most: see :meth:`read`.

        Returns:
            The answer with the most weight first.

        Raises:
            Cancelled, ContextTooLong, ModelError: see :meth:`read`.
        """
        with self._turn() as begun:
            tail = form.question_tokens(self._model, self.form, question)
            pieces = self._pieces(passages)
            relevance = self._relevance(pieces, scores, tail, cancel)
            each = len(tail) + len(self.form.head) + ALONE_TOKENS
            room = self._context.n_ctx - most * each
            chosen = compose.choose(relevance, [len(p.tokens) for p in pieces], room, most)
            self._load([[pieces[n]] for n in chosen.blocks], cancel)
            count = len(chosen.blocks)
            said = alone.ask_each(self._context, tail, count, ALONE_TOKENS, cancel)
            weights = np.exp(np.asarray(chosen.relevance) - max(chosen.relevance, default=0.0))
            return [
                begun.reading(
                    answer.text,
                    tuple(pieces[chosen.blocks[n]].passage for n in answer.supporters),
                    answer.share,
                )
                for answer in alone.merged(said, weights.tolist())
            ]

    def read_document(
        self,
        question: str,
        passages: Sequence[str],
        *,
        budget: int = BUDGET,
        policy: str = policies.DEFAULT,
        on_text: OnText | None = None,
        cancel: Stop | None = None,
    ) -> Reading:
        """The answer from a document of any length, in a cache of few cells.

        All its blocks are looked at, one after the other; see :mod:`lsfs.llm.sparse.whole`. A model
        whose state is not handled reads its beginning, as much as fits.

        Args:
            question: what is asked.
            passages: all of the document, in order.
            budget: cells that the answer is written from, of each layer.
            policy: which rows those are; see :mod:`lsfs.llm.policies`.
            on_text, cancel: see :meth:`read`.

        Raises:
            UsageError: there is no such policy.
            Cancelled, ContextTooLong, ModelError: see :meth:`read`.
        """
        chooses = policies.policy(policy)
        with self._turn() as begun:
            tail = form.question_tokens(self._model, self.form, question)
            pieces = self._pieces(passages)
            room = self._room(tail, self._config.max_tokens)
            if self._blocks is not None:
                room = min(room, max(WIDER * budget, form.BLOCK_TOKENS))
            looks = self._looks(pieces, tail, cancel)
            chosen = compose.choose(looks, [len(p.tokens) for p in pieces], room, len(pieces))
            self._load([[pieces[n] for n in chosen.blocks]], cancel)
            self._narrow(tail, chooses, budget, cancel)
            asks = Asks(question, [passages[pieces[n].passage] for n in chosen.blocks[-1:]])
            text = self._write(self._said(tail, asks, cancel), begun, on_text)
            used = dict.fromkeys(pieces[n].passage for n in reversed(chosen.blocks))
            return begun.reading(text, tuple(used)[::-1])

    # --- parts

    @contextlib.contextmanager
    def _turn(self) -> Iterator[_Begun]:
        """One reading; whatever becomes of it, it leaves nothing behind."""
        with self._lock:
            try:
                yield _Begun(self._blocks)
            finally:
                self._context.clear()

    def _looks(
        self, pieces: Sequence[_Piece], tail: Sequence[int], cancel: Stop | None
    ) -> list[float]:
        """How much a question looks at each block; only one of them is in memory at a time."""
        blocks = self._blocks
        if blocks is None:
            return [-float(number) for number in range(len(pieces))]
        queries, layers = self._glance.queries(tail, cancel), self._glance.layers
        found = self._looks_at_kept(pieces, queries, blocks.store, cancel)
        for n, piece in enumerate(pieces):
            if found[n] is None:
                block = blocks.block(piece.tokens, cancel)
                keys = [block.cells.keys[layer] for layer in layers]
                found[n] = self._glance.relevance(queries, keys, block.extras)
        return [look for look in found if look is not None]

    def _looks_at_kept(
        self,
        pieces: Sequence[_Piece],
        queries: Queries,
        store: KvStore | None,
        cancel: Stop | None,
    ) -> list[float | None]:
        """The same of blocks that are kept, None of others; each core has one in memory."""

        def look(piece: _Piece) -> float | None:
            if cancel is not None and cancel.is_set():
                raise Cancelled("the model was stopped")
            part = None if store is None else store.part_of(piece.tokens, self._glance.layers)
            if part is None:
                return None
            return self._glance.relevance(queries, part.keys, part.extras)

        asking = sum(asked[..., 0].size for asked in queries.values())
        return each(look, pieces, asking * sum(len(piece.tokens) for piece in pieces))

    def _narrow(
        self, tail: Sequence[int], policy: Policy, budget: int, cancel: Stop | None
    ) -> None:
        """Let sequence 0 keep the rows that a policy chooses."""
        if self._blocks is None or self._context.next_position() <= budget:
            return
        cells = kvblob.parse(self._context.state())
        self._context.clear()
        neutral = form.question_tokens(self._model, self.form, glance.NEUTRAL_QUESTION)
        narrow = Narrow(self._model, self.facts, self._config.threads)
        scene = narrow.scene(cells, tail, neutral, cancel)
        kept = narrow.narrowed(cells, scene, policy, budget)
        self._context.load_state(kvblob.build(kept))

    def _pieces(self, passages: Sequence[str]) -> list[_Piece]:
        blocks = each(
            lambda passage: form.block_tokens(self._model, passage),
            passages,
            TOKENISING * sum(len(passage) for passage in passages),
        )
        return [_Piece(tokens, number) for number, of in enumerate(blocks) for tokens in of]

    def _room(self, tail: Sequence[int], answer: int) -> int:
        return self._context.n_ctx - len(self.form.head) - len(tail) - answer

    def _relevance(
        self,
        pieces: Sequence[_Piece],
        scores: Sequence[float],
        tail: Sequence[int],
        cancel: Stop | None,
    ) -> list[float]:
        """Of each block: the search's score, and the look at it where all candidates are kept."""
        found = _standard([scores[piece.passage] for piece in pieces])
        blocks = self._blocks
        if blocks is None or blocks.store is None:
            return found
        order = sorted(range(len(pieces)), key=lambda n: -found[n])[:CANDIDATES]
        # Were some looked at and others not, the next answer would rest on other passages.
        if len(order) < 2 or not all(blocks.store.has(pieces[n].tokens) for n in order):
            return found
        queries = self._glance.queries(tail, cancel)
        looks = self._looks_at_kept([pieces[n] for n in order], queries, blocks.store, cancel)
        known = [look for look in looks if look is not None]
        if len(known) == len(order):
            for n, look in zip(order, _standard(known), strict=True):
                found[n] += LOOK * look
        return found

    def _load(self, sequences: Sequence[Sequence[_Piece]], cancel: Stop | None) -> None:
        """Let each sequence hold the prefix and its pieces."""
        blocks = self._blocks
        if blocks is None:
            self._context.clear()
            for number, pieces in enumerate(sequences):
                texts = [piece.tokens for piece in pieces]
                compose.read_anew(self._context, self.form.head, texts, number, cancel)
            return
        before = blocks.prefix_cells()
        # All first: computing one that is not kept clears the context.
        states = [
            [blocks.block(piece.tokens, cancel).cells for piece in pieces] for pieces in sequences
        ]
        self._context.clear()
        for number, cells in enumerate(states):
            compose.load(self._context, before, cells, self.facts.rope, number)

    def _said(self, tail: Sequence[int], asks: Asks, cancel: Stop | None) -> Iterator[str]:
        """What the model says behind what it holds; a drafter only makes it come sooner."""
        sampling = Sampling(penalty=PENALTY)
        request = Request(tail, self._config.max_tokens, sampling, STOP)
        if self._drafter is None:
            return self._context.go_on(request, cancel)
        return self._drafter.go_on(self._context, request, asks, cancel)

    @staticmethod
    def _write(pieces: Iterator[str], begun: _Begun, on_text: OnText | None) -> str:
        text = ""
        for piece in pieces:
            begun.spoken()
            text += piece
            if on_text is not None:
                on_text(piece)
        return text.strip()

    def close(self) -> None:
        """Free what it has beside the context it was lent; waits for a call that is running."""
        with self._lock:
            for owned in (self._scoring, self._device):
                if owned is not None:
                    owned.close()
            if self._drafter is not None:
                self._drafter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Begun:
    """A reading that has begun: when, and what was counted before."""

    def __init__(self, blocks: Blocks | None) -> None:
        self._at = time.perf_counter()
        self._first: float | None = None
        self._blocks = blocks
        self._before = self._counts()

    def _counts(self) -> tuple[int, int]:
        return (0, 0) if self._blocks is None else (self._blocks.hits, self._blocks.misses)

    def spoken(self) -> None:
        """A piece of the answer has come."""
        if self._first is None:
            self._first = time.perf_counter()

    def reading(self, text: str, used: tuple[int, ...], share: float = 1.0) -> Reading:
        """What came of it."""
        self.spoken()
        hits, misses = (now - then for now, then in zip(self._counts(), self._before, strict=True))
        assert self._first is not None  # noqa: S101 - just spoken
        return Reading(text, used, hits, misses, self._first - self._at, share)


def _standard(values: Sequence[float]) -> list[float]:
    """Values with mean 0 and deviation 1; zeros where all are equal."""
    array = np.asarray(values, np.float64)
    deviation = array.std() if len(array) else 0.0
    return ((array - array.mean()) / deviation).tolist() if deviation > 0 else [0.0] * len(array)
