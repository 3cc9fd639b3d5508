"""Why nothing was found: the condition of a question without which there would be files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from lsfs.model import FoundFile, QueryPlan

MOST = 3  # of the conditions named
# What is given up together, from what is least likely meant to the letter; and what it is called.
_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("what is left out", (
        "not_dirs", "not_types", "not_kinds", "not_authors", "not_recipients", "not_spans",
        "not_words", "not_titles",
    )),
    ("the size", ("min_bytes", "max_bytes", "empty")),
    ("the number of pages", ("min_pages", "max_pages")),
    ("the attachments", ("attachments",)),
    ("the amount", ("amounts",)),
    ("the people", ("author", "recipient", "people")),
    ("the kind of date", ("date_kinds", "dated")),
    ("the time", ("after", "before", "spans", "date_kinds", "dated")),
    ("the folder", ("dir",)),
    ("the type", ("types",)),
    ("the kind", ("kinds",)),
)  # fmt: skip


def nearest_relaxation(
    plan: QueryPlan, files_of: Callable[[QueryPlan], Sequence[FoundFile]]
) -> str:
    """The single conditions without which files are found, in words; "" when there are none.

    Args:
        plan: what finds nothing.
        files_of: the files of another plan.
    """
    found: list[str] = []
    for name, other in _relaxed(plan):
        count = len(files_of(other))
        if count:
            found.append(f"without {name}: {count} {'file' if count == 1 else 'files'}")
        if len(found) == MOST:
            break
    return "; ".join(found)


def _relaxed(plan: QueryPlan) -> Iterator[tuple[str, QueryPlan]]:
    empty = QueryPlan("")
    for name, fields in _GROUPS:
        other = replace(plan, **{field: getattr(empty, field) for field in fields})
        if other != plan:
            yield name, other
