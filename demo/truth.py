"""What is known to be true of the files of the sample drive."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fact:
    """A question that one file answers.

    Attributes:
        answer: the words that stand in the file.
        page: number from 1 in a PDF or spreadsheet (the sheet); None where the format has no pages.
    """

    question: str
    answer: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """A file of the sample drive.

    Attributes:
        path: relative to the drive, with ``/`` between the parts.
        kind: what the file is: "contract", "invoice", "letter", "report", ...
        date: the document's own date, ISO; "" when it has none.
        is_contract: whether two parties agree something in it, whatever it calls itself.
    """

    path: str
    kind: str
    date: str
    facts: tuple[Fact, ...] = ()
    is_contract: bool = False

    def signed_in(self, year: int) -> bool:
        """Whether this is a contract whose own date lies in ``year``."""
        return self.is_contract and bool(self.date) and date.fromisoformat(self.date).year == year


def save(truths: Iterable[Truth], file: Path) -> None:
    """Write the truth as a JSON list."""
    rows = [asdict(truth) for truth in truths]
    file.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(file: Path) -> list[Truth]:
    """Read what ``save`` wrote."""
    rows = json.loads(file.read_text(encoding="utf-8"))
    return [Truth(**{**row, "facts": tuple(Fact(**fact) for fact in row["facts"])}) for row in rows]
