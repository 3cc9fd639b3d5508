"""The page as a person uses it: with a browser, from the link in the terminal to the quote."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.serve.mcp_clients import environment
from tests.syscalls.conftest import fill
from tests.web.chromium import SECONDS, Browser, browser
from tests.web.conftest import EVIL, LEASE, QUOTE, lease, mail


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    """What `lsfs serve` prints, while it runs."""
    source = fill(tmp_path / "docs")
    (source / LEASE).write_bytes(lease())
    (source / "pelican.eml").write_bytes(mail())
    command = [sys.executable, "-m", "lsfs_cli", "serve", str(source), "--json"]
    with subprocess.Popen(
        command, env=environment(tmp_path / "state"), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            lines = b"".join(iter(process.stdout.readline, b"}\n"))
            yield json.loads(lines + b"}")["url"]
        finally:
            process.terminate()
    assert process.returncode == 0


def test_from_the_link_to_the_quote(link: str, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as page:
        page.open(link)
        page.wait("location.pathname == '/'")
        page.complete()
        _search(page)
        _ask(page)
        _sees_the_quote(page)
        page.open(link)  # a second time it lets nobody in
        assert "used already" in page.value("document.body.textContent")
        denied = "Failed to load resource: the server responded with a status of 401"
        assert [one for one in page.problems if not one.startswith(denied)] == []


def _search(page: Browser) -> None:
    """By keys alone: the box has the focus, the second button searches."""
    assert page.value("document.activeElement.id") == "q"
    page.type("pelican")
    for key, code in (("Tab", 9), ("Tab", 9), ("Enter", 13)):
        page.press(key, code)
    page.wait("location.search == '?q=pelican' && document.readyState == 'complete'")
    assert page.value("document.querySelector('article h2').textContent") == f"Pelican {EVIL}"
    assert page.value("document.scripts.length") == 0


def _ask(page: Browser) -> None:
    page.value("document.getElementById('q').select()")
    page.type("How much is the deposit for the quay?")
    page.follow("button[formaction='/ask']")
    page.wait("document.querySelector('.done .answer') !== null")
    assert "4,350" in page.value("document.querySelector('.answer').textContent")
    assert page.value("getComputedStyle(document.querySelector('.waiting')).display") == "none"


def _sees_the_quote(page: Browser) -> None:
    page.follow(".sources a[href*='Quay']")
    assert page.value("document.querySelector('mark').textContent") == QUOTE
    deadline = time.monotonic() + SECONDS
    while not _is_marked(page):
        assert time.monotonic() < deadline, "the quote is not marked on its page"
        time.sleep(0.1)


def _is_marked(page: Browser) -> bool:
    """Whether a line is in the window, yellow at its beginning, and white above it.

    The page moves until the quote is in the window, and the picture of the page comes later.
    """
    left, top, right, bottom, height = page.value(
        "(() => { const b = document.querySelector('.marker').getBoundingClientRect();"
        " return [b.x, b.y, b.right, b.bottom, innerHeight]; })()"
    )
    assert right - left > 4 * (bottom - top)
    if not 10 <= top < bottom <= height:
        return False
    picture = Image.open(io.BytesIO(page.picture())).convert("RGB")
    inside = picture.getpixel((round(left) + 2, round((top + bottom) / 2)))
    above = picture.getpixel((round(left) + 2, round(top) - 8))
    assert isinstance(inside, tuple) and isinstance(above, tuple)
    return inside[2] < 200 <= inside[0] and min(above) > 240
