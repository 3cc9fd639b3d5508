"""Files without text as hits of a search: a photo is found by its type, its day and its path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lsfs.model import Hit

if TYPE_CHECKING:
    from lsfs.index.find.filters import Filters
    from lsfs.index.find.scope import Entry
    from lsfs.model import QueryPlan
    from lsfs.syscalls.engines import Engines


def as_hit(entry: Entry, score: float = 0.0) -> Hit:
    """A file of which there is no passage."""
    name = PurePosixPath(entry.path).name
    return Hit(
        path=entry.path, page=None, page_end=None, line_start=None, line_end=None, char_start=0,
        char_end=0, score=score, title=name, date=entry.day, text="", kind=entry.kind,
    )  # fmt: skip


def with_unread(
    engines: Engines, plan: QueryPlan, filters: Filters, hits: Sequence[Hit]
) -> list[Hit]:
    """Hits with the files without text that fit all of a query.

    Where words are looked for these have them in their path, so they come before what is merely
    alike; else all hits are in order of change, as they were.
    """
    from lsfs.index.find.scope import has_unread
    from lsfs.syscalls.selection import matching, topic_of

    # Who made a photo may be said in its path alone, which `matching` looks at.
    widest = replace(filters.with_plan(plan, whole=True), author=filters.author)
    if not has_unread(engines.catalog, widest):
        return list(hits)
    fitting = matching(engines, plan, filters).entries
    silent = [entry for entry in fitting if entry.document_id is None]
    if not silent:
        return list(hits)
    if not topic_of(plan):
        changed = {entry.path: entry.mtime_ns for entry in fitting}
        every = [*hits, *map(as_hit, silent)]
        return sorted(every, key=lambda hit: -changed.get(hit.path, 0))
    sure = [hit for hit in hits if {"keyword", "name"} & hit.explain.keys()]
    alike = [hit for hit in hits if not {"keyword", "name"} & hit.explain.keys()]
    least = min((hit.score for hit in sure), default=max((hit.score for hit in alike), default=1.0))
    return [*sure, *(as_hit(entry, least) for entry in silent), *alike]
