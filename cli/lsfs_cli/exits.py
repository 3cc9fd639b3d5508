"""What a result means to a shell: 0 something was found, 1 nothing was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# By the name of its type, which is not loaded for this. A result that is no search is always 0.
_FOUND: dict[str, Callable[[Any], object]] = {
    "Hits": lambda result: result.hits,
    "Matches": lambda result: result.matches,
    "Answer": lambda result: result.grounded or result.by == "plan",
    "Waited": lambda result: result.done,
}


def exit_code(result: Any) -> int:
    """The exit code of a result."""
    found = _FOUND.get(type(result).__name__)
    return 0 if found is None or found(result) else 1
