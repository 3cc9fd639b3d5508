"""The result of a syscall that does something and has nothing to show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in words."""

    message: str
