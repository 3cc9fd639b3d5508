"""The page of a file's past: its versions on a line of time, and how two of them differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsfs.errors import LsfsError
from lsfs.web import sides
from lsfs.web.links import number, path_of
from lsfs.web.pages import Pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from lsfs.differences import Diff

_FACTS = 12
_PAIRS = 2_000  # lines of a comparison


def history(pages: Pages, request: Request) -> Response:
    """The versions of a file, and two of them beside each other."""
    path = path_of(request)
    versions = list(reversed(pages.call("versions", path=path).versions))
    known = [one.version for one in versions if one.kept]
    before = number(request, "before", known[1] if len(known) > 1 else 0)
    after = number(request, "after", known[0] if known else 0)
    before, after = sorted((before, after))
    values: dict[str, Any] = {
        "path": path, "versions": versions, "before": before, "after": after,
        "form": pages.form_token, "compared": None, "facts": (), "parts": [], "problem": "",
    }  # fmt: skip
    if before and before != after:
        chosen = {"path": path, "before": str(before), "after": str(after)}
        try:
            compared = pages.call("diff", **chosen)
            values |= {"compared": compared, "parts": _parts(compared)}
            values["facts"] = pages.call("change_summary", **chosen, no_model=True).facts[:_FACTS]
        except LsfsError as error:  # of a version that cannot be read, say
            values["problem"] = error.message
    return pages.page("history.html", **values)


def _parts(compared: Diff) -> list[tuple[str, list[sides.Pair]]]:
    """The pairs of lines of each page that differs; of a text all at once."""
    if not compared.pages:
        return [("", sides.of_text(compared.text)[:_PAIRS])] if compared.text else []
    parts = []
    for page in compared.pages:
        before, after = page.page_before, page.page_after
        title = page.label or str(after or before or "")
        if before and after and before != after:
            title += f" (before: {before})"
        parts.append((title, list(sides.pairs(page.lines))[:_PAIRS]))
    return parts
