"""Addresses of the page, and what stands in them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urlencode

if TYPE_CHECKING:
    from starlette.requests import Request

_QUOTED = 300  # characters of a quote in an address; of a longer one also so many of its end
_END = 80


def link(route: str, path: str | None = None, **query: object) -> str:
    """The address of a route, of a file where one is named; what is empty is left out.

    Args:
        path: relative to the drive, of any bytes.
    """
    place = f"/{route}" if path is None else f"/{route}/{quote(os.fsencode(path))}"
    asked = {name: value for name, value in query.items() if value not in ("", None, 0, False)}
    return f"{place}?{urlencode(asked, errors='surrogateescape')}" if asked else place


def quoting(path: str, page: int | None, words: str) -> str:
    """The address of a place in a file where these words are marked."""
    words = " ".join(words.split())
    end = words[-_END:] if len(words) > _QUOTED + _END else ""
    return link("file", path, page=page, quote=words[:_QUOTED] if end else words, to=end) + "#quote"


def path_of(request: Request) -> str:
    """The path in the drive that a request names, byte for byte."""
    raw: bytes = request.scope["raw_path"]
    return os.fsdecode(unquote_to_bytes(raw.split(b"/", 2)[2].partition(b"?")[0]))


def number(request: Request, name: str, default: int) -> int:
    """A number from 1 in the query of a request."""
    text = request.query_params.get(name, "")
    return max(1, int(text[:9])) if text.isascii() and text.isdecimal() else default
