"""The page of a search: files with what was found in them, and what they can be narrowed by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from lsfs.web.links import link, number
from lsfs.web.pages import Pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from lsfs.model import Hit
    from lsfs.syscalls.describe import FileFacts

PASSAGES = 200  # looked at; facets count their files
FILES = 10  # on a page
SHOWN = 3  # passages of a file
VALUES = 8  # of a facet
FOLDERS = 48  # on the first page

Part = tuple[str, bool]  # text, and whether it is marked


class Facet(Struct, frozen=True):
    """Something by which files can be told apart.

    Attributes:
        name: in addresses.
        title: for people.
        of: its value for a file; "" for none.
    """

    name: str
    title: str
    of: Callable[[FileFacts], str]


FACETS = (
    Facet("type", "Type", lambda file: file.type),
    Facet("kind", "Kind", lambda file: file.kind),
    Facet("year", "Year", lambda file: file.date[:4]),
    Facet("folder", "Folder", lambda file: file.path.rpartition("/")[0].partition("/")[0]),
    Facet("author", "Author", lambda file: file.author),
)


class Choice(Struct, frozen=True):
    """A value of a facet: how many files have it, and the address with it or without it."""

    value: str
    count: int
    address: str
    chosen: bool = False


class FoundIn(Struct):
    """A file and the passages of it that were found."""

    facts: FileFacts
    hits: list[Hit] = field(default_factory=list)


def home(pages: Pages, request: Request) -> Response:
    """The search box; with a query, also what was found."""
    query = request.query_params.get("q", "").strip()
    if not query:
        listing = pages.call("list_dir")
        folders = [one for one in listing.entries if one.kind == "directory"]
        return pages.page("home.html", status=200, folders=folders[:FOLDERS], index=_counts(pages))
    chosen = {facet.name: request.query_params.get(facet.name, "") for facet in FACETS}
    result = pages.call("retrieve", query=query, k=PASSAGES, **_filters(chosen))
    found = _by_file(pages, result.hits)
    at = number(request, "page", 1)
    last = max(1, -(-len(found) // FILES))
    at = min(at, last)
    return pages.page(
        "search.html",
        query=query,
        found=found[(at - 1) * FILES : at * FILES],
        count=len(found),
        more=len(result.hits) == PASSAGES,
        notes=result.notes,
        facets=list(_facets(query, chosen, [one.facts for one in found])),
        at=at,
        last=last,
        turned=lambda to: link("", None, q=query, **chosen, page=to if to > 1 else 0),
        shown=SHOWN,
        parts=parts,
    )


def _counts(pages: Pages) -> dict[str, int]:
    counts: dict[str, int] = pages.call("status").index
    return counts


def _filters(chosen: dict[str, str]) -> dict[str, Any]:
    """Arguments of ``retrieve`` for the values of facets that were chosen."""
    year = chosen["year"]
    if not (year.isascii() and year.isdecimal() and 1 <= int(year) < 9999):
        year = ""
    return {
        "type": (chosen["type"],) if chosen["type"] else (),
        "kind": (chosen["kind"],) if chosen["kind"] else (),
        "after": f"{int(year):04d}-01-01" if year else "",
        "before": f"{int(year) + 1:04d}-01-01" if year else "",
        "dir": chosen["folder"],
        "author": chosen["author"],
    }


def _by_file(pages: Pages, hits: Sequence[Hit]) -> list[FoundIn]:
    names = tuple(dict.fromkeys(hit.path for hit in hits))
    facts = pages.call("describe", paths=names).files
    found = {file.path: FoundIn(file) for file in facts}
    for hit in hits:
        if hit.path in found:
            found[hit.path].hits.append(hit)
    return list(found.values())


def _facets(
    query: str, chosen: dict[str, str], files: Sequence[FileFacts]
) -> Iterator[tuple[str, list[Choice]]]:
    for facet in FACETS:
        value = chosen[facet.name]
        others = {name: one for name, one in chosen.items() if name != facet.name}
        if value:
            without = link("", None, q=query, **others)
            yield facet.title, [Choice(value, len(files), without, chosen=True)]
            continue
        counts = Counter(one for file in files if (one := facet.of(file)))
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:VALUES]
        if facet.name == "year":
            ranked.sort(reverse=True)
        if len(ranked) > 1 or (ranked and ranked[0][1] < len(files)):
            yield (
                facet.title,
                [
                    Choice(one, count, link("", None, q=query, **others, **{facet.name: one}))
                    for one, count in ranked
                ],
            )


def parts(hit: Hit) -> list[Part]:
    """The words of a hit that are shown, in runs that are marked or not."""
    text = hit.snippet or hit.text[:280]
    runs: list[Part] = []
    at = 0
    for start, end in hit.highlights if hit.snippet else ():
        runs += [(text[at:start], False), (text[start:end], True)]
        at = end
    runs.append((text[at:], False))
    return [run for run in runs if run[0]]
