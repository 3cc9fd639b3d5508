"""What a result means to a shell: 0 something was found, 1 nothing was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# By the name of its type, which is not loaded for this.
_CODES: dict[str, Callable[[Any], int]] = {
    "Hits": lambda result: 0 if result.hits else 1,
    "Matches": lambda result: 0 if result.matches else 1,
    "ExtractedRows": lambda result: 0 if result.rows else 1,
    "Joined": lambda result: 0 if result.rows else 1,
    "Aggregated": lambda result: 0 if result.rows else 1,
    "Duplicates": lambda result: 0 if result.groups else 1,
    "Groups": lambda result: 0 if result.groups else 1,
    "Answer": lambda result: 0 if result.grounded or result.by == "plan" else 1,
    "Parsed": lambda result: 0 if result.calls else 1,
    "Waited": lambda result: 0 if result.done else 1,
    "Restored": lambda result: int(any(change.problem for change in result.changes)),
    "Verdict": lambda result: 40 if result.problems else 0,
    "Checked": lambda result: 0 if all(one.repaired for one in result.problems) else 40,
}


def exit_code(result: Any) -> int:
    """The exit code of a result; a result that is no search is always 0."""
    code = _CODES.get(type(result).__name__)
    return 0 if code is None else code(result)
