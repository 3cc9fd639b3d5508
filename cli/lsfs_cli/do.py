"""``lsfs do``: what a prompt asks for, shown, approved and run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from lsfs.errors import ConfirmationRequired
from lsfs.syscalls.registry import Effect, registry
from lsfs_cli.session import Session

if TYPE_CHECKING:
    from lsfs.syscalls.drive import Drive
    from lsfs.syscalls.parse import Parsed, PlannedCall


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The command."""
    return {
        "do": click.Command(
            "do",
            callback=_do,
            params=[
                click.Argument(["prompt"], nargs=-1, required=True),
                click.Option(["--yes", "-y"], is_flag=True, help="do it without asking"),
                click.Option(["--dry-run"], is_flag=True, help="only show what would be run"),
                *common,
            ],
            short_help="Do what a prompt asks for, after showing what that is.",
            help=(
                "Do what a prompt asks for, after showing what that is.\n\n"
                "What only reads is run at once. What changes files is shown as commands, and run "
                "when somebody has said so. Nothing that a file says is ever part of them.\n\n"
                "\b\nExamples:\n"
                "  lsfs do roll back report.txt to the version from yesterday\n"
                "  lsfs do 'make a folder Taxes and move taxes.pdf into it' --dry-run\n"
                "  lsfs do who changed what in Contracts since Monday"
            ),
        )
    }


def _do(prompt: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    session = click.get_current_context().ensure_object(Session)
    session.door = "do"
    sys.exit(run(" ".join(prompt), session, yes=yes, dry_run=dry_run))


def run(prompt: str, session: Session, *, yes: bool, dry_run: bool) -> int:
    """Read a prompt, show its calls, and run them; gives the exit code.

    Raises:
        ConfirmationRequired: files would be changed, and there is nobody to ask.
    """
    from lsfs import codec
    from lsfs_cli import results
    from lsfs_cli.exits import exit_code

    with session.open(lambda _: None) as drive:
        parsed = drive.call("parse", prompt=prompt)
        changes = any(one.effect != Effect.READ for one in parsed.calls)
        if not parsed.calls or dry_run or (changes and session.json and not yes):
            if session.json:
                session.print_json(codec.to_builtins(parsed))
            else:
                results.show(parsed, session)
            is_asking = parsed.calls and not dry_run
            return ConfirmationRequired.exit_code if is_asking else exit_code(parsed)
        if changes and not yes:
            results.show(parsed, session)
            _preview(drive, parsed, session)
            _approve()
        done = [_result(drive, one, session) for one in parsed.calls]
    if session.json:
        plain = [codec.to_builtins(result) for result in done]
        session.print_json({**codec.to_builtins(parsed), "results": plain})
    return max(map(exit_code, done))


def _preview(drive: Drive, parsed: Parsed, session: Session) -> None:
    """What the first call would change, where it changes something and can say so before."""
    from lsfs_cli import results

    first = parsed.calls[0]
    fields = {entry.name for entry, _, _ in registry[first.syscall].fields()}
    if first.effect == Effect.WRITE and "dry_run" in fields:
        results.show(drive.call(first.syscall, **{**first.arguments, "dry_run": True}), session)
    elif first.effect == Effect.DESTRUCTIVE:
        results.show(drive.call(first.syscall, **first.arguments), session)


def _approve() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfirmationRequired(
            "this changes files", hint="do it with --yes, or only look with --dry-run"
        )
    if not click.confirm("Do it?", default=False):
        raise click.Abort


def _result(drive: Drive, one: PlannedCall, session: Session) -> Any:
    """Run one call; a plan is carried out as it was made, and no other."""
    from lsfs_cli import results

    result = drive.call(one.syscall, **one.arguments)
    if one.effect == Effect.DESTRUCTIVE and not result.applied and result.digest:
        result = drive.call(one.syscall, **{**one.arguments, "apply": result.digest})
    if not session.json:
        results.show(result, session)
    return result
