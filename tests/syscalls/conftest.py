"""A small drive, indexed with the real parsers and embedder, without a language model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig

TEXTS = {
    "Contracts/harbour-lease.md": """# Residential Lease

This lease is made on 14 February 2023 between Ada Byron (tenant) and Harbour Homes Ltd (landlord).

## Rent

The monthly rent is EUR 1,450, due on the first day of each month.

## Notice

Either party may end this lease with three months' notice in writing.
""",
    "Contracts/mill-lease.txt": """RESIDENTIAL LEASE AGREEMENT

This agreement is made on 3 May 2019 between Ada Byron and Old Mill Estates.

The tenant shall pay a monthly rent of EUR 700.
""",
    "Finance/invoice-2023-17.txt": """INVOICE

Invoice number: 2023-17
Invoice date: 20 March 2023
Bill to: Ada Byron

Painting of the kitchen under the contract of February: EUR 380
Amount due: EUR 380
""",
    "Notes/newsletter.html": """<html><head><title>Spring newsletter 2024</title></head><body>
<h1>Spring newsletter</h1><p>April 2024</p>
<p>In 2023 we won many contracts, and a heron visited the office pond.</p></body></html>
""",
}


def fill(folder: Path) -> Path:
    """Write the texts below a folder."""
    for name, text in TEXTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return fill(tmp_path / "docs")


@pytest.fixture
def no_chat() -> Config:
    """Settings without a language model: answers are quotes."""
    return replace(Config(), model=ModelConfig(chat="none"))


@pytest.fixture
def drive(source: Path, no_chat: Config) -> Iterator[lsfs.Drive]:
    with lsfs.open(source, config=no_chat) as opened:
        opened.wait_indexed()  # a call waits for some seconds only, and machines are busy
        yield opened
