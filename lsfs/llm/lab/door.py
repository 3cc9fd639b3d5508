"""The laboratory as a command calls it: what is asked for in plain values, what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from lsfs.errors import ModelMissing
from lsfs.llm.files import library, models
from lsfs.llm.kv.facts import facts_of
from lsfs.llm.kv.formats import format_of
from lsfs.llm.lab import report
from lsfs.llm.lab.prose import Made, Written
from lsfs.llm.lab.readings import Reads
from lsfs.llm.lab.run import AS_WRITTEN, FULL, Laboratory, Plan, Report, Row
from lsfs.llm.lab.tasks import TASKS, Makes
from lsfs.llm.policies import POLICIES
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model

PLAIN = ("trials", "seed", "store", "again", "window", "threads", "prose", "xquad")


class Asked(Struct, frozen=True):
    """What is to be measured.

    Attributes:
        model: ``default``, the name of a model, or a GGUF file.
        policies, tasks, lengths, budgets, trials, seed, again: see
            :class:`lsfs.llm.lab.run.Plan`.
        store: the name of a format; see :mod:`lsfs.llm.kv.formats`.
        window: tokens over which a text is composed; 0: those of the model.
        threads: of the model; 0 is one less than there are cores.
        prose: a file of what stands around facts; "" makes it up.
        xquad: a file in the form of SQuAD; "": there is none.
    """

    model: str
    policies: Sequence[str]
    tasks: Sequence[str]
    lengths: Sequence[int]
    budgets: Sequence[float]
    trials: int = 24
    seed: int = 1
    store: str = "f16"
    again: int = AS_WRITTEN
    window: int = 0
    threads: int = 1
    prose: str = ""
    xquad: str = ""


class Measured(Struct, frozen=True):
    """What came of it.

    Attributes:
        asked: what was.
        model: the name of the model.
        rows: of each task, length, policy and budget.
        formats: of each task and length, how the store format kept the last text.
    """

    asked: Asked
    model: str
    rows: list[Row]
    formats: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """For the line of JSON."""
        return {
            **asdict(self.asked),
            "model": self.model,
            "rows": report.as_json(self.rows),
            "pooled": report.pooled(self.rows),
            "formats": self.formats,
        }


def policy_names() -> list[str]:
    """All policies but the one that keeps all, which is always measured."""
    return [name for name in POLICIES if name != FULL]


def task_names(documents: str) -> list[str]:
    """All tasks; the one about documents only where there are some."""
    return [name for name in TASKS if documents or name != "documents"]


def measured(asked: Asked, note: Report) -> Measured:
    """Measure.

    Args:
        asked: what.
        note: takes notes of how far it is.

    Raises:
        UsageError: it cannot be run.
        ModelMissing: there is no such model.
        ModelError: the model failed.
    """
    plan = Plan(
        *(asked.policies, asked.tasks, asked.lengths, asked.budgets),
        *(asked.trials, asked.seed, asked.again),
    )
    plan.check()
    form, prose = format_of(asked.store), Written(Path(asked.prose)) if asked.prose else Made()
    file = models.chat_model_file(library.resolve(asked.model))
    if file is None:
        raise ModelMissing(f"there is no model {asked.model}", hint="lsfs model list")
    with Model(file.path) as model:
        with Context(model, Shape(1024, 1, 512, asked.threads)) as context:
            facts = facts_of(context)
        reads = Reads(model, facts, form, asked.threads, asked.window)
        makes = Makes(model, prose, Path(asked.xquad) if asked.xquad else None)
        laboratory = Laboratory(reads, makes, note)
        rows = list(laboratory.rows(plan))
    return Measured(asked, file.name, rows, laboratory.formats)
