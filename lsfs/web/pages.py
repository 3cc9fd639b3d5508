"""What every page is made with: templates that escape all they are given, and the drive."""

from __future__ import annotations

import copy
import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from lsfs.errors import Cancelled, LsfsError
from lsfs.serve.access import Calls, Cancellation
from lsfs.serve.statuses import status_of
from lsfs.serve.working import Outcome, Patience, Streamed
from lsfs.untrusted import on_a_page
from lsfs.web import links

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.responses import Response
    from starlette.types import ASGIApp

log = logging.getLogger("lsfs.web")

Emit = Callable[[dict[str, Any]], None]
Work = Callable[[Emit, Cancellation], str]  # makes the end of a page

_SEAM = "<!-- what takes long comes here -->"  # nothing that is escaped has a comment
_PRIVATE = {"Cache-Control": "no-store"}
_OPS = {"outside": "changed behind the mount", "exchanged": "exchanged with another file"}
_UNITS = ("bytes", "KB", "MB", "GB", "TB")


class Pages:
    """Makes pages about one drive.

    Args:
        access: runs the syscalls.
        allow_write: offer also what changes files.
    """

    def __init__(self, access: Calls, *, allow_write: bool = False) -> None:
        self.access = access
        self.allow_write = allow_write
        self.form_token = ""  # what a form has to bring that changes something
        self.patience = Patience()
        self.member = ""  # who looks, where several may

    def seen_by(self, calls: Calls, member: str) -> Pages:
        """The same pages, of what a member of a team may see."""
        other = copy.copy(self)
        other.access, other.member = calls, member
        return other

    def call(self, name: str, **arguments: Any) -> Any:
        """The result of a syscall."""
        return self.access.call(name, arguments, lambda _: None)

    # --- templates

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import Environment, PackageLoader, StrictUndefined

        made = Environment(
            loader=PackageLoader("lsfs.web"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_harmless,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.globals.update(
            link=links.link, quoting=links.quoting, drive=self.access.record.name,
            style=f"/static/style.css?{_style_digest()}", writes=self.allow_write,
        )  # fmt: skip
        made.filters.update(bytes=size, day=day, moment=moment, name=name, how=how, where=where)
        return made

    def text(self, template: str, **values: Any) -> str:
        """A template with its values; all text is escaped."""
        values.setdefault("query", "")
        values["member"] = self.member
        return self._environment.get_template(template).render(values)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A whole page."""
        from starlette.responses import HTMLResponse

        return HTMLResponse(self.text(template, **values), status, _PRIVATE)

    def refusal(self, status: int, reason: str) -> Response:
        """A page for those who may see nothing: not even what the drive is called."""
        heading = "Please come in by the link" if status == 401 else "Refused"
        return self.page("refused.html", status, heading=heading, reason=reason)

    def problem(self, status: int, reason: str, hint: str = "") -> Response:
        """A page that says why there is no other."""
        heading = {404: "Not found", 403: "Refused"}.get(status, "That did not work")
        return self.page("error.html", status, heading=heading, reason=reason, hint=hint)

    def failure(self, error: Exception) -> Response:
        """A page about what a syscall raised."""
        if not isinstance(error, LsfsError):
            log.error("a page failed", exc_info=error)
            return self.problem(500, "The page failed. The log of lsfs serve says why.")
        return self.problem(status_of(error), error.message, error.hint)

    # --- pages that take long

    def slowly(self, template: str, work: Work, **values: Any) -> ASGIApp:
        """A page that is shown at once, and whose content follows when it is found.

        Args:
            template: has the seam where ``work`` goes on.
            work: gives the content; texts that it emits are shown until then.
        """
        from markupsafe import escape

        head, _, tail = self.text(template, **values).partition(_SEAM)

        def part(event: dict[str, Any]) -> bytes:
            return str(escape(on_a_page(str(event.get("text", ""))))).encode()

        def last(outcome: Outcome) -> bytes:
            made = outcome.result
            if outcome.error is not None:
                gone = isinstance(outcome.error, Cancelled)
                made = "" if gone else self._failed(outcome.error)
            return f'</p></div>\n<div class="done">{made}</div>{tail}'.encode()

        begin = head + '<div class="waiting" role="status"><p class="hint">Looking …</p>\n<p>'
        kind = "text/html; charset=utf-8"
        return Streamed(work, part, last, kind, begin.encode(), self.patience)

    def _failed(self, error: Exception) -> str:
        known = isinstance(error, LsfsError)
        if not known:
            log.error("a page failed", exc_info=error)
        reason = error.message if isinstance(error, LsfsError) else "The page failed."
        hint = error.hint if isinstance(error, LsfsError) else "The log of lsfs serve says why."
        return self.text("_failure.html", reason=reason, hint=hint)


def _harmless(value: object) -> object:
    """What a template shows, without what would mislead whoever reads it."""
    from markupsafe import Markup

    if isinstance(value, str) and not isinstance(value, Markup):
        return on_a_page(value)
    return value


def _style_digest() -> str:
    return hashlib.blake2s(static("style.css"), digest_size=6).hexdigest()


def static(name: str) -> bytes:
    """A file that comes with the page."""
    return files("lsfs.web").joinpath("static", name).read_bytes()


# --- how values are written


def size(count: int) -> str:
    """A number of bytes as people say it: "3.1 MB"."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return (
        f"{value:.0f} {_UNITS[unit]}" if unit == 0 or value >= 10 else f"{value:.1f} {_UNITS[unit]}"
    )


def day(time_ns: int) -> str:
    """The day of a moment, where the user is."""
    return f"{datetime.fromtimestamp(time_ns / 1e9, UTC).astimezone():%-d %B %Y}"


def moment(time_ns: int) -> str:
    """A moment to the minute, where the user is."""
    return f"{datetime.fromtimestamp(time_ns / 1e9, UTC).astimezone():%-d %B %Y, %H:%M}"


def how(op: str) -> str:
    """How a version came, in words."""
    return _OPS.get(op, op)


def where(place: str, short: bool = False) -> str:
    """A place as :mod:`lsfs.places` writes it behind a path, as it reads by itself.

    Args:
        short: without the headings above it.
    """
    if place.startswith(":"):
        return f"{'lines' if '-' in place else 'line'} {place[1:]}"
    headings, _, spot = place.rpartition(", ")
    if short and headings and spot.startswith("paragraph"):
        return spot
    return place.removeprefix("!")


def name(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]
