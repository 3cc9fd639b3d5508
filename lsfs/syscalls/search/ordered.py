"""A search that asks for an order: "latest invoice", ``sort:oldest lease``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lsfs.syscalls.search.unread import as_hit
from lsfs.syscalls.selection import in_order, matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsfs.index.find.filters import Filters
    from lsfs.index.find.scope import Entry
    from lsfs.index.find.search import Found
    from lsfs.model import Hit, QueryPlan
    from lsfs.syscalls.engines import Engines


def by_order(
    engines: Engines,
    plan: QueryPlan,
    filters: Filters,
    k: int,
    *,
    unread: bool = False,
    **options: Any,
) -> Found | None:
    """The best passage of each file that fits a query, the files in the order it asks for.

    Args:
        plan: with ``sort``; its ``limit`` is how many files are asked for.
        unread: also files without text.
        options: see :meth:`lsfs.index.find.search.Search.find`.

    Returns:
        None where no file fits all of the query: then likeness has to do.
    """
    fitting = matching(engines, replace(plan, limit=0), filters).entries
    read = [one for one in fitting if unread or one.document_id is not None]
    first = in_order(engines, read, plan, day=lambda one: one.day, size=lambda one: one.size)[:k]
    if not first:
        return None
    place = {one.path: n for n, one in enumerate(first)}
    within = replace(filters, ids=tuple(one.id for one in first))
    found = engines.search.find(
        plan.query, k=len(first), filters=within, per_file=1, is_there=engines.is_there, **options
    )
    hits = [*found.hits, *(as_hit(one) for one in first if one.document_id is None)]
    hits += _beginnings(engines, filters, first, {hit.path for hit in hits})
    return replace(found, hits=sorted(hits, key=lambda hit: place[hit.path]))


def _beginnings(
    engines: Engines, filters: Filters, fitting: Sequence[Entry], shown: set[str]
) -> list[Hit]:
    """Hits of the files that fit without the words: an invoice of which "Rechnung" is asked."""
    missing = [one for one in fitting if one.path not in shown]
    if not missing:
        return []
    within = replace(filters, ids=tuple(one.id for one in missing))
    found = engines.search.find(
        "", k=len(missing), filters=within, per_file=1, is_there=engines.is_there
    )
    return found.hits


def sorted_hits(engines: Engines, plan: QueryPlan, hits: list[Hit]) -> list[Hit]:
    """Hits in the order that a query asks for; those of one file by their score."""

    def size(hit: Hit) -> int:
        row = engines.catalog.file(hit.path)
        return row.identity.size if row else 0

    return in_order(engines, hits, replace(plan, limit=0), day=lambda hit: hit.date, size=size)
