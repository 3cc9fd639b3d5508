"""Several documents as one: what stands between them, and which page is whose."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

_DASHES = re.compile(r"-{2,}")  # two of them may end a comment
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


class JoinedPage(Struct, frozen=True):
    """A page of documents that were joined.

    Attributes:
        page: its number in the whole, from 1.
        path: the document that it is of.
        source_page: its number there, from 1; None where that document has no pages: it counts as
            one.
    """

    page: int
    path: str
    source_page: int | None


def page_map(sources: Sequence[tuple[str, int]]) -> tuple[JoinedPage, ...]:
    """Which page of the whole is which page of which document.

    Args:
        sources: path and number of pages of each document, in order.
    """
    pages = [
        (path, number if count else None)
        for path, count in sources
        for number in range(1, max(count, 1) + 1)
    ]
    return tuple(JoinedPage(at, *page) for at, page in enumerate(pages, 1))


def headers(sources: Sequence[tuple[str, int]]) -> list[bytes]:
    """What stands before each document: which it is, and the page that it begins on."""
    found = []
    page = 1
    for at, (path, count) in enumerate(sources, 1):
        shown = _DASHES.sub("-", _BREAKS.sub(" ", path))
        line = f"<!-- file {at} of {len(sources)}: {shown}; begins on page {page} of this -->"
        lead = "" if at == 1 else "\n"
        found.append(f"{lead}{line}\n\n".encode("utf-8", "replace"))
        page += max(count, 1)
    return found
