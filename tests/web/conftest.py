"""A small drive with PDFs, versions and hostile names, and its page as a browser gets it."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas
from starlette.testclient import TestClient

from lsfs.config import Config, ModelConfig
from lsfs.drives import initialise
from lsfs.safety.clients import Client
from lsfs.serve.access import Access
from lsfs.web import app
from lsfs.web.app import guarded
from lsfs.web.gate import Gate
from lsfs.web.pages import Pages
from tests.syscalls.conftest import fill

CONFIG = replace(Config(), model=ModelConfig(chat="none", embed="none"))
PORT = 8000
BASE = f"http://127.0.0.1:{PORT}"
EVIL = "<script>alert(1)</script>"
NOTES = "Notes/rules.txt"
LEASE = "Contracts/Quay lease.pdf"
QUOTE = "The deposit for the quay is EUR 4,350."
NAMED = f"{EVIL} \"x\" 'y' & 100%25 #1 ? \u202efdp.txt".replace("/", "\u2215")
RAW = os.fsdecode(b"odd \xe9 name.txt")


def lease() -> bytes:
    """A PDF of two pages, whose title is an attack."""
    data = io.BytesIO()
    drawing = canvas.Canvas(data, pagesize=A4, invariant=1)
    drawing.setTitle(f"Quay lease {EVIL}")
    drawing.setAuthor("Ada Byron")
    for number, lines in enumerate((
        ["Lease of the quay", "This lease is made on 3 May 2021 between Ada Byron and Bo Quay Ltd.",
         "The boats lie at the northern side, beside the crane."],
        ["Money", QUOTE, "It is paid back within a month."],
    )):  # fmt: skip
        drawing.setFont("Times-Roman", 12)
        for line, text in enumerate(lines):
            drawing.drawString(72, 760 - 30 * line - 10 * number, text)
        drawing.showPage()
    drawing.save()
    return data.getvalue()


def mail() -> bytes:
    """A mail whose subject and sender are attacks."""
    message = EmailMessage()
    message["From"] = f'"Mallory {EVIL}" <mallory@example.org>'
    message["To"] = "ada@example.org"
    message["Subject"] = f"Pelican {EVIL}"
    message["Date"] = "Mon, 06 May 2024 10:00:00 +0000"
    message.set_content(f"The pelican says {EVIL} and <img src=x onerror=alert(1)>.\n")
    return message.as_bytes()


class Shown(Struct, frozen=True):
    """A drive and its page."""

    source: Path
    pages: Pages
    gate: Gate


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = fill(tmp_path_factory.mktemp("web") / "docs")
    (folder / LEASE).write_bytes(lease())
    (folder / "Mail").mkdir()
    (folder / "Mail" / "pelican.eml").write_bytes(mail())
    (folder / NOTES).write_text("Rules\n\nNo gloves at the saw.\nNo ladder alone.\n")
    (folder / NAMED).write_text(f"Heron {EVIL} {{{{ 7 * 7 }}}} text\n")
    (folder / RAW).write_text("An odd walrus.\n")
    (folder / "table.csv").write_text("name;amount\nAnna;12\nBen;30\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n")
    return folder


@pytest.fixture(scope="session")
def access(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Access]:
    record = initialise(source, str(tmp_path_factory.mktemp("state")))
    access = Access(record, CONFIG, client=Client("web"), grant=app.CHANGING)
    _call(access, "wait_indexed")
    notes = source / NOTES
    notes.write_text("Rules\n\nNo gloves at the old saw.\nNo ladder alone.\nLights out at six.\n")
    _wait_for_versions(access, 2)
    yield access
    access.close()


def _call(access: Access, name: str, **arguments: Any) -> Any:
    return access.call(name, arguments, lambda _: None)


def _wait_for_versions(access: Access, count: int) -> None:
    deadline = time.monotonic() + 120
    while len([v for v in _call(access, "versions", path=NOTES).versions if v.kept]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def shown(source: Path, access: Access) -> Shown:
    pages = Pages(access, allow_write=True)
    return Shown(source, pages, guarded(pages, PORT))


@pytest.fixture
def stranger(shown: Shown) -> Iterator[TestClient]:
    """A browser that was not let in."""
    with TestClient(shown.gate, base_url=BASE) as client:
        yield client


@pytest.fixture
def web(shown: Shown, stranger: TestClient) -> TestClient:
    """A browser that was let in."""
    assert stranger.get("/enter", params={"token": shown.gate.ticket()}).status_code == 200
    return stranger
