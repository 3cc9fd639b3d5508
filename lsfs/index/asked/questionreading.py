"""A question while it is read: what remains of it, and what was read so far."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lsfs.model import QueryPlan


class Reading(Struct):
    """A question while it is read.

    Attributes:
        text: the question; what was read is blanked out, so that places stay.
        plan: what was read.
        notes: each reading in words.
        filtered: whether anything at all became a filter.
    """

    text: str
    plan: QueryPlan
    notes: list[str] = field(default_factory=list)
    filtered: bool = False

    def copy(self) -> Reading:
        """A reading that goes on by itself."""
        return replace(self, notes=[*self.notes])

    def blank(self, start: int, end: int) -> None:
        """Take out words without a note."""
        self.text = f"{self.text[:start]}{' ' * (end - start)}{self.text[end:]}"

    def take(self, start: int, end: int, note: str) -> None:
        """Take out words that became a filter."""
        self.blank(start, end)
        self.notes.append(note)
        self.filtered = True

    def put(self, **conditions: Any) -> None:
        """Set conditions; those that hold several values get one more."""
        values = {}
        for name, value in conditions.items():
            old = getattr(self.plan, name)
            if isinstance(old, tuple) and not isinstance(value, list):
                value = old if value in old else (*old, value)
            elif isinstance(value, list):
                value = tuple(value)
            values[name] = value
        self.plan = replace(self.plan, **values)
