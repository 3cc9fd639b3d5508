"""What the laboratory has measured, as lines of a table and as values for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import asdict

from lsfs.llm.lab.rate import Rate
from lsfs.llm.lab.run import FULL, Row

_HEAD = (
    f"{'policy':16}{'kept':>6}{'cells':>7}  {'right [95 %]':26}{'agree':>6}{'nll':>7}"
    f"{'first s':>9}{'ms/token':>10}{'MB':>7}{'index MB':>10}{'index s':>9}"
)


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """A table for each task and length, then one over all of them."""
    for task, length in dict.fromkeys((row.task, row.length) for row in rows):
        yield f"{task}, {length} tokens"
        yield _HEAD
        yield from (_line(r) for r in rows if (r.task, r.length) == (task, length))
        yield ""
    yield "all tasks and lengths with right answers: right, and agree, by the share that is kept"
    yield from _over_all(rows)


def _line(row: Row) -> str:
    right = str(row.right) if row.right.trials else "-"
    nll = f"{row.nll:7.2f}" if row.nll else f"{'-':>7}"
    return (
        f"{row.policy:16}{row.budget:6.0%}{row.cells:7}  {right:26}{row.agree:6.2f}{nll}"
        f"{row.first_s:9.2f}{1000 * row.step_s:10.1f}{row.cell_bytes / 1e6:7.1f}"
        f"{row.index_bytes / 1e6:10.2f}{row.index_s:9.2f}"
    )


def pooled(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, Any]]]:
    """By policy and budget ("12 %"): the rate over all tasks and lengths, and the mean agreement.

    Trials are counted alike, whatever their task.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for policy, budget in dict.fromkeys((row.policy, row.budget) for row in rows):
        same = [r for r in rows if (r.policy, r.budget) == (policy, budget)]
        rate = Rate(sum(r.right.hits for r in same), sum(r.right.trials for r in same))
        agree = sum(r.agree for r in same) / len(same)
        figures = {**rate.as_json(), "agree": agree}
        found.setdefault(policy, {})[f"{budget:.0%}"] = figures
    return found


def _over_all(rows: Sequence[Row]) -> Iterator[str]:
    figures = pooled(rows)
    budgets = [b for b in dict.fromkeys(f"{r.budget:.0%}" for r in rows if r.policy != FULL)]
    whole = figures.get(FULL, {})
    for policy, by_budget in figures.items():
        shown = by_budget if policy != FULL else dict.fromkeys(budgets, next(iter(whole.values())))
        cells = (shown.get(budget) for budget in budgets)
        yield f"{policy:16}" + "".join(_cell(b, c) for b, c in zip(budgets, cells, strict=True))


def _cell(budget: str, figures: dict[str, Any] | None) -> str:
    if figures is None:
        return f"  {budget:>4} -" + 31 * " "
    return f"  {budget:>4} {Rate(figures['hits'], figures['trials'])!s:27}{figures['agree']:.2f}"


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For the line of JSON."""
    return [{**asdict(row), "right": row.right.as_json()} for row in rows]
