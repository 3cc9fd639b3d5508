"""Runs the laboratory: each policy on each task, at each length and budget."""

from __future__ import annotations

import contextlib
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct, field

from lsfs.errors import UsageError
from lsfs.llm import policies
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.lab.rate import Rate
from lsfs.llm.lab.readings import RESERVE, WIDER, Composes, Read, Reads
from lsfs.llm.lab.sitting import BATCH, Asked, Sitting
from lsfs.llm.lab.tasks import Makes, Question, Task, task_of
from lsfs.llm.lab.writing import Answer, Plain, Runs, answered, step_s
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.sparse.again import Again
from lsfs.llm.sparse.capture import ScoringContext

Spent = tuple[float, float]  # seconds of the CPU, and by the clock
FULL = "full"
AS_WRITTEN = -1
SHORTEST = 256  # tokens of a text that a task can be made of
WHOLE = 1.0  # the budget of the full state


class Plan(Struct, frozen=True):
    """What is to be measured.

    Attributes:
        policies: names; ``full`` is always measured, because the others are compared with it.
        tasks: names.
        lengths: tokens of a text; one that is as long as the window leaves room for the question.
        budgets: shares of the cells that are kept, over 0 and at most 1.
        trials: questions of each task at each length.
        seed: of the texts; the same seed makes the same ones.
        again: tokens of an answer after which policies choose again whose papers do; 0: never, -1:
            as the papers have it.
    """

    policies: Sequence[str]
    tasks: Sequence[str]
    lengths: Sequence[int]
    budgets: Sequence[float]
    trials: int
    seed: int
    again: int = AS_WRITTEN

    def check(self) -> None:
        """See that all of it can be run.

        Raises:
            UsageError: it cannot.
        """
        for name in self.policies:
            policies.policy(name)
        for name in self.tasks:
            task_of(name)
        if not all(0 < budget <= 1 for budget in self.budgets):
            raise UsageError("a budget is a share of the cells", hint="--budgets 12,25,50")
        if self.trials < 1 or min(self.lengths, default=0) < SHORTEST:
            raise UsageError(f"at least one trial, and lengths of {SHORTEST} tokens or more")


class Row(Struct, frozen=True):
    """What was measured of a policy on a task.

    Attributes:
        task, length, policy, budget: of what.
        right: answers that are right; of no trials where only likelihood counts.
        agree: share of the full state's tokens that are the likeliest ones here, too.
        nll: mean -log p of what follows, in nats.
        first_s: median CPU seconds from the question to the scores of the first token: the look at
            the text if the policy takes one, its choice, loading, the question.
        first_wall_s: the same by the clock.
        index_s, index_bytes: what the policy's index of a text takes.
        cells: that are kept.
        cell_bytes: keys and values of those.
        step_s: CPU seconds of a token that is written; with the choice where one is made anew.
    """

    task: str
    length: int
    policy: str
    budget: float
    right: Rate
    agree: float
    nll: float
    first_s: float
    first_wall_s: float
    index_s: float
    index_bytes: int
    cells: int
    cell_bytes: int
    step_s: float


class _Tally(Struct):
    """What comes together of one row."""

    answers: list[Answer] = field(default_factory=list)
    agree: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    index: tuple[float, int] = (0.0, 0)
    cells: int = 0
    cell_bytes: int = 0
    anew: bool = False

    def add(self, answer: Answer, whole: Answer, spent: Spent, kept: Cells) -> None:
        self.answers.append(answer)
        self.agree.append(answer.agrees(whole))
        self.first.append(answer.first_s + spent[0])
        self.wall.append(answer.first_wall_s + spent[1])
        self.cells = len(kept)
        self.cell_bytes = sum(layer.nbytes for layer in (*kept.keys, *kept.values))

    def row(self, key: tuple[str, int, str, float], step: float) -> Row:
        if self.anew:
            step = statistics.fmean(answer.next_s for answer in self.answers)
        hits, trials = (sum(getattr(a, n) for a in self.answers) for n in ("hits", "trials"))
        return Row(
            *key,
            Rate(hits, trials),
            statistics.fmean(self.agree),
            statistics.fmean(answer.nll for answer in self.answers),
            statistics.median(self.first),
            statistics.median(self.wall),
            *self.index,
            self.cells,
            self.cell_bytes,
            step,
        )


Report = Callable[[str], None]


class Laboratory:
    """Measures.

    Args:
        reads: reads texts.
        makes: makes them.
        report: takes notes of how far it is.
    """

    def __init__(self, reads: Reads, makes: Makes, report: Report = lambda _: None) -> None:
        if reads.facts.obstacle:
            raise UsageError(
                f"attention states of this model are not handled: {reads.facts.obstacle}",
                hint="take another one with --model",
            )
        self._reads, self._makes, self._report = reads, makes, report
        self.formats: list[dict[str, Any]] = []

    def rows(self, plan: Plan) -> Iterator[Row]:
        """All of a plan.

        Raises:
            UsageError: it cannot be run.
            ModelError: the model failed.
        """
        plan.check()
        for task in plan.tasks:
            for length in plan.lengths:
                yield from self._of(plan, task, length)

    def _of(self, plan: Plan, task: str, length: int) -> Iterator[Row]:
        room = self._reads.room
        # A text that fits the window leaves room for its question; a longer one is composed.
        size = length if length > room + RESERVE else min(length, room)
        run = _Run(self._reads, plan, min(size, room))
        done = number = 0
        with run.contexts():
            while done < plan.trials:
                name = f"{plan.seed} {task} {length} {number}"
                chance = random.Random(name)  # noqa: S311 - texts are made of it
                made = task_of(task)(self._makes, chance, size)
                made = Task(made.tokens, made.questions[: plan.trials - done])
                if not made.questions:
                    raise UsageError(f"the task {task} has no questions at {length} tokens")
                for left_out in run.text(made):
                    self._report(f"{left_out} needs a text that was read as a whole: left out")
                done, number = done + len(made.questions), number + 1
                self._report(f"{task}, {length} tokens: {done} of {plan.trials} questions")
        self.formats.append({"task": task, "length": length, **run.format})
        for (policy, budget), tally in run.tallies.items():
            yield tally.row((task, length, policy, budget), run.steps[tally.cells])


class _Desk(Struct, frozen=True):
    """A question to a text: where the text is, the question for each policy, the full answer."""

    sitting: Sitting
    asks: Iterator[Asked]
    whole: Answer


class _Run:
    """One task at one length.

    Args:
        reads: reads texts.
        plan: whose task it is.
        room: cells of a text at most.
    """

    def __init__(self, reads: Reads, plan: Plan, room: int) -> None:
        self._reads, self._plan, self._room = reads, plan, room
        self.tallies: dict[tuple[str, float], _Tally] = {}
        self.steps: dict[int, float] = {}
        self.format: dict[str, Any] = {}
        self._without: set[str] = set()

    @contextlib.contextmanager
    def contexts(self) -> Iterator[None]:
        """What answers are written in."""
        reads, room = self._reads, self._room
        shape = Shape(room + len(reads.prefix()) + RESERVE, 1, BATCH, reads.threads)
        with contextlib.ExitStack() as stack:
            self._plain = Plain(stack.enter_context(Context(reads.model, shape)))
            if any(map(self._again, self._plan.policies)):
                layers = range(reads.facts.layers)
                choosing = ScoringContext(reads.model, shape, layers, reads.facts.query_scale)
                self._choosing = stack.enter_context(choosing)
            yield

    def text(self, task: Task) -> list[str]:
        """The questions of a text; says which policies could not be used."""
        before = set(self._without)
        if len(task.tokens) <= self._room:
            with self._reads.read(task.tokens) as read:
                self._kept_as(read)
                for question in task.questions:
                    self._question(question, read.sitting, self._plan.budgets)
        else:
            with self._reads.blocks(task.tokens) as blocks:
                for question in task.questions:
                    self._composed(question, blocks)
        return sorted(self._without - before)

    def _kept_as(self, read: Read) -> None:
        keys, values = read.errors
        self.format = {
            "format": self._reads.format.name,
            "near": read.near,
            "far": read.far,
            "key_error": keys,
            "value_error": values,
        }

    def _composed(self, question: Question, blocks: Composes) -> None:
        """A question to a text beyond the window: its blocks are chosen first, for each budget."""
        start = time.process_time(), time.perf_counter()
        order = blocks.order(question.tail)
        look = time.process_time() - start[0], time.perf_counter() - start[1]
        whole = None
        for share in dict.fromkeys((WHOLE, *self._plan.budgets)):
            count = round(share * self._room)
            most = self._room if share == WHOLE else min(self._room, WIDER * count)
            with self._reads.kept(blocks.cells(order, most), None) as read:
                if whole is None:
                    whole = self._whole(question, read.sitting, look)
                if share in self._plan.budgets:
                    desk = _Desk(read.sitting, read.sitting.ask(question.tail), whole)
                    self._policies(question, desk, (share, count), look)

    def _question(self, question: Question, sitting: Sitting, shares: Sequence[float]) -> None:
        whole = self._whole(question, sitting, (0.0, 0.0))
        asks = sitting.ask(question.tail)
        for share in shares:
            count = round(share * len(sitting.cells))
            desk = _Desk(sitting, asks, whole)
            self._policies(question, desk, (share, count), (0.0, 0.0))

    def _whole(self, question: Question, sitting: Sitting, look: Spent) -> Answer:
        """The answer from all cells."""
        start = time.process_time(), time.perf_counter()
        self._plain.load(sitting.cells)
        spent = _since(start, look)
        answer = answered(self._plain, self._reads.model, question)
        self._tally(FULL, WHOLE).add(answer, answer, spent, sitting.cells)
        self._measure(sitting.cells)
        return answer

    def _policies(
        self,
        question: Question,
        desk: _Desk,
        budget: tuple[float, int],
        look: Spent,
    ) -> None:
        share, count = budget
        for name in self._plan.policies:
            if name == FULL or name in self._without:
                continue
            try:
                built = desk.sitting.built(policies.policy(name))
            except UsageError:
                self._without.add(name)
                continue
            asked = next(desk.asks)
            start = time.process_time(), time.perf_counter()
            kept = built.source.kept(asked.scene, count)
            runs: Runs = self._plain
            if every := self._again(name):
                runs = again = Again(self._choosing, built.source, count, every)
                again.begin(kept)
            else:
                self._plain.load(kept)
            spent = _since(start, (look[0] + asked.paid[0], look[1] + asked.paid[1]))
            answer = answered(runs, self._reads.model, question)
            tally = self._tally(name, share)
            tally.anew = runs is not self._plain
            tally.index = built.cpu_s, built.source.index.nbytes
            tally.add(answer, desk.whole, spent, kept)
            self._measure(kept)

    def _again(self, policy: str) -> int:
        """Tokens after which a policy chooses again; 0: never."""
        papers = policies.policy(policy).anew
        return papers if self._plan.again == AS_WRITTEN or not papers else self._plan.again

    def _tally(self, policy: str, share: float) -> _Tally:
        return self.tallies.setdefault((policy, share), _Tally())

    def _measure(self, cells: Cells) -> None:
        """The speed of writing behind so many cells, once: it does not depend on which."""
        if len(cells) not in self.steps:
            self.steps[len(cells)] = step_s(self._plain, cells)


def _since(start: tuple[float, float], before: Spent) -> Spent:
    cpu, wall = time.process_time() - start[0], time.perf_counter() - start[1]
    return before[0] + cpu, before[1] + wall
