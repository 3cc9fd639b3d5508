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
        shown = pace(event)
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=event["total"], pace=shown)
        task = self._tasks[stage]
        self._bar.update(task, completed=event["done"], total=event["total"], pace=shown)


def pace(event: dict[str, Any]) -> str:
    """Rate and time left, as far as they are known: "31.0/s, 2 min left"."""
    parts = []
    if event.get("rate"):
        parts.append(f"{event['rate']:.1f}/s")
    if event.get("left_s", -1) >= 0:
        parts.append(f"{duration(event['left_s'])} left")
    return ", ".join(parts) or str(event.get("paused", ""))


def duration(seconds: float) -> str:
    """A length of time as people say it: "40 s", "3 min", "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), "{task.fields[pace]}")
    return Progress(*columns, console=Console(stderr=True), transient=True)
