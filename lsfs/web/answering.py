"""The page of a question: the answer as it comes, each statement with the places it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsfs.web.pages import Emit, Pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from lsfs.model import Citation
    from lsfs.serve.access import Cancellation
    from lsfs.syscalls.ask import Answer

_AS_FILES = ("list",)
_LONGEST = 4_000  # characters of a question


@dataclass(frozen=True, slots=True)
class Stated:
    """A sentence of an answer, and the numbers of its citations, from 1."""

    text: str
    numbers: tuple[int, ...]


def asked(pages: Pages, request: Request) -> Response:
    """The page of a question; it is answered while the page is already there."""
    question = request.query_params.get("q", "").strip()[:_LONGEST]
    if not question:
        return pages.page("ask.html", query="")

    def work(emit: Emit, cancelled: Cancellation) -> str:
        answer = pages.access.call("ask", {"question": question}, emit, cancelled)
        return pages.text(
            "_answer.html",
            query=question,
            answer=answer,
            statements=statements(answer),
            is_listing=answer.by in _AS_FILES,
            others=_others(answer),
        )

    return pages.slowly("asked.html", work, query=question)


def statements(answer: Answer) -> list[Stated]:
    """What an answer says, sentence by sentence; all of it at once where it is not told apart."""
    if answer.statements:
        return [Stated(one.text, tuple(n + 1 for n in one.citations)) for one in answer.statements]
    return [Stated(line, ()) for line in answer.answer.splitlines() if line.strip()]


def _others(answer: Answer) -> list[object]:
    """Files beside the cited ones."""
    cited = paths(answer.citations)
    return [file for file in answer.files if file.path not in cited]


def paths(citations: Sequence[Citation]) -> set[str]:
    """The files that are cited."""
    return {citation.path for citation in citations}
