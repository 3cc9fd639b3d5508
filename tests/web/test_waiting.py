"""Pages that take long: shown at once, finished later, given up when nobody waits."""

from __future__ import annotations

import threading
from typing import Any, cast

import anyio

from lsfs.errors import ModelError
from lsfs.serve.access import Access, Cancellation
from lsfs.web.pages import Emit, Pages
from tests.web.conftest import EVIL


class Nobody:
    """Stands in for a drive of which only the name is asked."""

    class record:
        name = "docs"


def messages(pages: Pages, work: Any, *, leaves: bool = False) -> list[str]:
    """What a browser gets of a slow page, piece by piece.

    Args:
        leaves: it goes as soon as it has the first piece.
    """
    got: list[str] = []
    begun = anyio.Event

    async def run() -> None:
        first = begun()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                got.append(message["body"].decode())
                first.set()

        async def receive() -> dict[str, Any]:
            await first.wait()
            if not leaves:
                await anyio.sleep_forever()
            return {"type": "http.disconnect"}

        response = pages.slowly("asked.html", work, query="rent?")
        scope = {"type": "http", "asgi": {"spec_version": "2.0"}, "method": "GET"}
        with anyio.fail_after(60):
            await response(cast(Any, scope), receive, cast(Any, send))

    anyio.run(run)
    return got


def test_words_come_as_they_are_found() -> None:
    pages = Pages(cast(Access, Nobody()))

    def work(emit: Emit, _: Cancellation) -> str:
        emit({"text": f"The rent {EVIL}"})
        emit({"stage": "reading"})
        return "<p>done</p>"

    got = messages(pages, work)
    assert 'role="status"' in got[0] and "rent?" in got[0]
    assert "The rent &lt;script&gt;" in "".join(got) and EVIL not in "".join(got)
    assert '<div class="done"><p>done</p></div>' in "".join(got)
    assert "".join(got).rstrip().endswith("</html>")


def test_a_failure_is_said_in_the_page() -> None:
    pages = Pages(cast(Access, Nobody()))

    def work(_: Emit, __: Cancellation) -> str:
        raise ModelError(f"the model {EVIL} failed", hint="another one")

    got = "".join(messages(pages, work))
    assert "the model &lt;script&gt;" in got and "another one" in got


def test_who_leaves_ends_the_work() -> None:
    pages = Pages(cast(Access, Nobody()))
    ended = threading.Event()

    def work(_: Emit, cancelled: Cancellation) -> str:
        assert cancelled.wait(60)
        ended.set()
        return ""

    messages(pages, work, leaves=True)
    assert ended.wait(60)
