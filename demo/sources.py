"""Reads the texts of the sample drive.

A file in ``texts/`` holds many documents. Each begins with its properties in TOML between two lines
``+++``; what follows, up to the next ``+++``, is its body: paragraphs, ``#`` headings, ``- `` list
items and ``|`` tables as in Markdown, and ``<<page>>`` where a new page begins.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from demo.truth import Fact, Truth

TEXTS = Path(__file__).resolve().parent / "texts"


@dataclass(frozen=True, slots=True)
class Source:
    """A document before it is written in its format.

    Attributes:
        path: where it goes on the drive; its suffix is its format.
        day: the document's own date; None when it has none.
        created: the date in the file's properties, where the format has them.
        touched: the day of the file's modification time.
        body: the text, in the markup of this module.
        extra: what only one format uses (``from``, ``to``, ``author``, ``head``, ``password``).
    """

    path: str
    kind: str
    day: date | None
    body: str
    created: date | None = None
    touched: date | None = None
    facts: tuple[Fact, ...] = ()
    is_contract: bool = False
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def format(self) -> str:
        return self.path.rpartition(".")[2].lower()

    def truth(self) -> Truth:
        day = self.day.isoformat() if self.day else ""
        return Truth(self.path, self.kind, day, self.facts, self.is_contract)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a body.

    Attributes:
        kind: "heading", "para", "item", "table" or "page".
        level: 1 for the title; 0 for what is no heading.
        rows: the cells of a table, its header first.
    """

    kind: str
    text: str = ""
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()


def read_all(folder: Path = TEXTS) -> list[Source]:
    """All documents of all files of ``folder``, in the order of the files' names."""
    found: list[Source] = []
    for file in sorted(folder.glob("*.txt")):
        pieces = re.split(r"^\+\+\+\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        found += [_source(*pair) for pair in zip(pieces[1::2], pieces[2::2], strict=True)]
    return found


def _source(properties: str, body: str) -> Source:
    given: dict[str, Any] = tomllib.loads(properties)
    facts = tuple(Fact(*fact) for fact in given.pop("facts", []))
    kind, day = given.pop("kind"), given.pop("date", None)
    return Source(
        path=given.pop("path"),
        kind=kind,
        day=day,
        body=body.strip("\n") + "\n",
        created=given.pop("created", day),
        touched=given.pop("touched", None),
        facts=facts,
        is_contract=kind == "contract",
        extra={key: str(value) for key, value in given.items()},
    )


def parts(body: str) -> Iterator[Part]:
    """The pieces of a body; lines of one paragraph are joined."""
    for chunk in re.split(r"\n\s*\n", body.strip()):
        if chunk == "<<page>>":
            yield Part("page")
        elif chunk.startswith("|"):
            yield Part("table", rows=tuple(_cells(line) for line in chunk.splitlines()))
        elif chunk.startswith("- "):
            items = re.split(r"\n(?=- )", chunk)
            yield from (Part("item", " ".join(item[2:].split())) for item in items)
        elif mark := re.match(r"(#+) (.+)", chunk):
            yield Part("heading", mark[2], len(mark[1]))
        else:
            yield Part("para", " ".join(chunk.split()))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
