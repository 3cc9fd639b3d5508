"""What the page may change, where it was allowed: a file goes back to a version, by a plan."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from lsfs.errors import LsfsError
from lsfs.web.links import path_of
from lsfs.web.pages import Pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def rolled_back(pages: Pages, request: Request) -> Response:
    """The plan of a rollback; or, with the plan's digest, that it was carried out."""
    from starlette.concurrency import run_in_threadpool

    async with request.form(max_files=0, max_fields=8) as form:
        fields = {name: str(value) for name, value in form.items()}
    given = fields.get("form", "").encode()
    if not hmac.compare_digest(given, pages.form_token.encode()):
        return pages.problem(403, "This form is an old one. Open the page again.")
    try:
        return await run_in_threadpool(_carried_out, pages, path_of(request), fields)
    except Exception as error:  # the outermost edge of a request
        return pages.failure(error)


def _carried_out(pages: Pages, path: str, fields: dict[str, str]) -> Response:
    text = fields.get("version", "")
    if not (text.isascii() and text.isdecimal()):
        raise LsfsError("no version was chosen")
    version, digest = int(text[:9]), fields.get("apply", "")
    done = pages.call("rollback", path=path, version=version, dry_run=not digest, apply=digest)
    return pages.page("rollback.html", path=path, version=version, plan=done, form=pages.form_token)
