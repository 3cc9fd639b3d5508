"""Shows the result of any syscall."""

from __future__ import annotations

from typing import Any

from lsfs_cli import (  # noqa: F401 - each knows how a part of the results is shown
    render,
    render_files,
    render_groups,
    render_join,
    render_kv,
    render_past,
    render_prompt,
    render_safety,
    render_stated,
    render_summary,
)
from lsfs_cli.paging import paged
from lsfs_cli.session import Session


def show(result: Any, session: Session) -> None:
    """Print a result for people."""
    with paged():
        render.show(result, render.console(session.color))
