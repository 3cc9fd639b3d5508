"""A progress bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from typing import Any


class ProgressBar:
    """Shows ``{"stage", "done", "total"}`` events on standard error.

    Args:
        enabled: False shows nothing; nor does a standard error that is no terminal.
    """

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr.isatty()
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def event(self, event: dict[str, Any]) -> None:
        """Take one event; those of other kinds are ignored."""
        if not self._enabled or "stage" not in event:
            return
        if self._bar is None:
            self._bar = _bar()
            self._bar.start()
        stage = str(event["stage"])
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=event["total"])
        self._bar.update(self._tasks[stage], completed=event["done"], total=event["total"])


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
