"""What cannot be undone: shown first, and done when somebody has said so."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from lsfs.errors import ConfirmationRequired

if TYPE_CHECKING:
    from lsfs.syscalls.registry import Syscall
    from lsfs_cli.session import Session


def show(declared: Syscall, arguments: dict[str, Any], session: Session) -> int:
    """Show what a destructive syscall would do, and do nothing; gives the exit code."""
    from lsfs import codec
    from lsfs_cli import results

    with session.open(lambda _: None) as drive:
        plan = drive.call(declared.name, **arguments)
    if session.json:
        session.print_json(codec.to_builtins(plan))
    else:
        results.show(plan, session)
    session.note("(only looked: nothing was changed)")
    return 0


def run(
    declared: Syscall, arguments: dict[str, Any], session: Session, yes: bool, digest: str
) -> int:
    """Plan a destructive syscall, ask, and carry it out; gives the exit code.

    Args:
        yes: do not ask.
        digest: of a plan that was approved before.

    Raises:
        ConfirmationRequired: there is nobody to ask. With ``--json`` the plan itself is the answer.
    """
    from lsfs import codec
    from lsfs_cli import render, render_files, render_past  # noqa: F401 - know how plans are shown

    with session.open(lambda _: None) as drive:
        plan = drive.call(declared.name, **arguments, apply=digest)
        out = render.console(session.color)
        if not plan.applied and (getattr(plan, "versions", None) or getattr(plan, "paths", None)):
            if session.json and not yes:
                session.print_json(codec.to_builtins(plan))
                return ConfirmationRequired.exit_code
            if not yes:
                render.show(plan, out)
                _approve(plan.digest, is_kept=hasattr(plan, "undo"))
            plan = drive.call(declared.name, **arguments, apply=plan.digest)
    if session.json:
        session.print_json(codec.to_builtins(plan))
    else:
        render.show(plan, out)
    return 0


def _approve(digest: str, *, is_kept: bool) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        said = "this removes files" if is_kept else "this cannot be undone"
        raise ConfirmationRequired(
            f"{said} (plan {digest})",
            hint=f"do it with --yes, or exactly this plan with --apply {digest}",
        )
    asked = "Do it? The files go to the trash" if is_kept else "Do it? It cannot be undone"
    if not click.confirm(asked, default=False):
        raise click.Abort
