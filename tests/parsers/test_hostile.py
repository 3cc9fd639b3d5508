"""Every hostile file ends with a status, within the limits, and the next one is read as ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from lsfs import markdown
from lsfs.config import IndexConfig
from lsfs.index.fields.definitions import definitions
from lsfs.index.fields.extract import fields_of
from lsfs.index.readers import passages
from lsfs.index.readers.making import facts_of
from lsfs.index.readers.sandbox import Sandbox
from lsfs.model import Document, Status
from tests.parsers.hostile import FILES, REPEATED

MEMORY_MB = 1024
LIMITS = IndexConfig(parse_seconds=5.0, scan_seconds=0.0, parse_memory_mb=MEMORY_MB)
PATIENT = replace(LIMITS, parse_seconds=30.0)  # on a busy machine a second of work takes many
MUCH = 20_000  # characters: what takes the square of it takes minutes in all


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(LIMITS) as opened:
        yield opened


@pytest.fixture(scope="module")
def patient() -> Iterator[Sandbox]:
    """For files that are read to their end."""
    with Sandbox(PATIENT) as opened:
        yield opened


def read(sandbox: Sandbox, data: bytes, name: str) -> Document:
    fd = os.memfd_create("hostile")
    try:
        with os.fdopen(os.dup(fd), "wb") as stream:
            stream.write(data)
        return sandbox.read(fd, name)
    finally:
        os.close(fd)


def index(document: Document, name: str) -> None:
    """What the daemon does with a document."""
    fields_of(document, facts_of(document, name).dates, definitions({}))
    assert all(passages.text_hash(passage) for passage in passages.split(document))
    markdown.sizes(document)


def peak_mb(sandbox: Sandbox) -> int:
    """Most memory of the child so far; 0 when it was ended."""
    if sandbox.pid is None:
        return 0
    status = Path(f"/proc/{sandbox.pid}/status").read_text(encoding="ascii", errors="replace")
    return next(int(s.split()[1]) // 1024 for s in status.splitlines() if s.startswith("VmHWM"))


def cases() -> list[object]:
    slow = {True: [pytest.mark.slow], False: []}
    return [pytest.param(name, marks=slow[one.slow]) for name, one in FILES.items()]


@pytest.mark.parametrize("name", cases())
def test_a_hostile_file_ends_with_a_status(sandbox: Sandbox, patient: Sandbox, name: str) -> None:
    hostile = FILES[name]
    if Status.TIMEOUT not in hostile.ends:
        sandbox = patient
    document = read(sandbox, hostile.make(), name)
    assert document.status in hostile.ends, (document.status, document.reason)
    assert document.status == "ok" or document.reason
    assert peak_mb(sandbox) <= MEMORY_MB
    index(document, name)
    assert read(sandbox, b"all is well", "after.txt").text == "all is well"


@pytest.mark.parametrize("suffix", ["txt", "md", "html", "eml", "csv", "json", "py", "tex", "rtf"])
def test_what_is_repeated_costs_a_parser_what_it_is_long(sandbox: Sandbox, suffix: str) -> None:
    head = {"eml": "From: a\nTo: b\nDate: c\n\n", "rtf": "{\\rtf1 "}.get(suffix, "")
    text = head + "\n\nx\n\n".join(part * (MUCH // len(part)) for part in REPEATED)
    document = read(sandbox, text.encode(), f"a.{suffix}")
    assert document.status not in ("timeout", "out_of_memory"), document.reason


def test_what_is_repeated_costs_the_index_what_it_is_long(sandbox: Sandbox) -> None:
    for part in REPEATED:
        index(read(sandbox, (part * (MUCH // len(part))).encode(), "a.txt"), "a.txt")
