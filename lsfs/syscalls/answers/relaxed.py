"""Why nothing was found: the condition of a question without which there would be files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from lsfs.model import FoundFile, QueryPlan

MOST = 3  # of the conditions named
_TIME = ("after", "before", "spans", "date_kinds", "dated")
# What is given up together, from what is least likely meant to the letter; and what it is called.
_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("what is left out", (
        "not_dirs", "not_types", "not_languages", "not_kinds", "not_authors", "not_recipients",
        "not_spans", "not_words", "not_titles",
    )),
    ("the size", ("min_bytes", "max_bytes", "empty")),
    ("the number of pages", ("min_pages", "max_pages")),
    ("the attachments", ("attachments",)),
    ("the amount", ("amounts",)),
    ("the people", ("author", "recipient", "people")),
    ("the kind of date", ("date_kinds", "dated")),
    ("the time", _TIME),
    ("the folder", ("dir",)),
    ("the language", ("languages",)),
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


def nearest_in_time(
    plan: QueryPlan,
    files_of: Callable[[QueryPlan], Sequence[FoundFile]],
    days_of: Callable[[str], Sequence[str]],
) -> list[tuple[FoundFile, str]]:
    """The files that fit but for the time, each with its day that is nearest to what was asked.

    Args:
        plan: what finds nothing.
        files_of: the files of another plan.
        days_of: the days of a file, as ISO text, of the kinds that are asked for.
    """
    bounds = [date.fromisoformat(day) for day in (plan.after, plan.before) if len(day) == 10]
    if not bounds:
        return []
    empty = QueryPlan("")
    timeless = replace(plan, **{name: getattr(empty, name) for name in _TIME})
    found = []
    for file in files_of(timeless):
        days = [date.fromisoformat(day) for day in days_of(file.path)]
        if days:
            far, day = min((min(abs((day - at).days) for at in bounds), day) for day in days)
            found.append((far, file, day.isoformat()))
    return [(file, day) for _, file, day in sorted(found, key=lambda row: row[0])]


def _relaxed(plan: QueryPlan) -> Iterator[tuple[str, QueryPlan]]:
    empty = QueryPlan("")
    for name, fields in _GROUPS:
        other = replace(plan, **{field: getattr(empty, field) for field in fields})
        if other != plan:
            yield name, other
