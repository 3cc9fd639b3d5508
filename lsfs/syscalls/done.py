"""The result of a syscall that does something and has nothing to show."""

from __future__ import annotations

from msgspec import Struct


class Done(Struct, frozen=True):
    """What was done, in words."""

    message: str
