"""The page of a question: the answer as it comes, each statement with the places it rests on."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.web import filing
from lsfs.web.pages import Emit, Pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from lsfs.serve.access import Cancellation
    from lsfs.syscalls.ask import Answer

_AS_FILES = ("list",)
_TALK = re.compile(r"[0-9a-f]{16}")
_LONGEST = 4_000  # characters of a question


class Stated(Struct, frozen=True):
    """A sentence of an answer, and the numbers of its citations, from 1."""

    text: str
    numbers: tuple[int, ...]


def asked(pages: Pages, request: Request) -> ASGIApp:
    """The page of a question; it is answered while the page is already there."""
    question = request.query_params.get("q", "").strip()[:_LONGEST]
    if not question:
        return pages.page("ask.html", query="")

    talk = request.query_params.get("talk", "")
    continues = bool(_TALK.fullmatch(talk))
    talk = talk if continues else secrets.token_hex(8)
    asks = {"question": question, "conversation": f"page {talk}", "continue_": continues}

    def work(emit: Emit, cancelled: Cancellation) -> str:
        answer = pages.access.call("ask", asks, emit, cancelled)
        return pages.text(
            "_answer.html",
            query=question,
            answer=answer,
            talk=talk,
            statements=statements(answer),
            is_listing=answer.by in _AS_FILES,
            others=_others(answer),
            evidence=filing.evidence(pages, answer.citations) if answer.grounded else None,
        )

    return pages.slowly("asked.html", work, query=question)


def statements(answer: Answer) -> list[Stated]:
    """What an answer says, sentence by sentence; all of it at once where it is not told apart."""
    if answer.statements:
        return [Stated(one.text, tuple(n + 1 for n in one.citations)) for one in answer.statements]
    return [Stated(line, ()) for line in answer.answer.splitlines() if line.strip()]


def _others(answer: Answer) -> list[object]:
    """Files beside the cited ones."""
    cited = {citation.path for citation in answer.citations}
    return [file for file in answer.files if file.path not in cited]
