"""Shows the result of any syscall."""

from __future__ import annotations

import importlib
from typing import Any

from lsfs_cli import render
from lsfs_cli.paging import paged
from lsfs_cli.session import Session

_MODULES = (
    "render_files", "render_groups", "render_join", "render_kv", "render_past", "render_prompt",
    "render_safety", "render_stated", "render_summary",
)  # fmt: skip
"""Each knows how a part of the results is shown; what a search gives is known without them."""


def show(result: Any, session: Session) -> None:
    """Print a result for people."""
    waiting = iter(_MODULES)
    while not render.knows(result) and (module := next(waiting, None)):
        importlib.import_module(f"lsfs_cli.{module}")
    with paged():
        render.show(result, render.console(session.color))
