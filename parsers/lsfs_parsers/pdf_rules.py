"""The ruling lines of a PDF page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsfs_parsers.pdf_lines import Box


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight ruling line."""

    box: Box
    horizontal: bool


def page_rules(page: Any, limit: int = 0) -> list[Rule]:
    """Placeholder until the real reader is merged."""
    return []
