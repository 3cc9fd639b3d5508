"""Commands made from the syscalls' declarations."""

from __future__ import annotations

import os
import sys
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from msgspec.structs import FieldInfo

from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.registry import Effect, Param, Syscall, registry
from lsfs_cli import approval
from lsfs_cli.session import Session, terminal

Common = Callable[[click.Command], click.Command]


def command(name: str, group: str | None, common: list[click.Parameter]) -> click.Command:
    """The command of a syscall, or a group of several.

    Args:
        name: the first word behind ``lsfs``.
        group: of a group, what its commands are for.
        common: options that every command takes.
    """
    if group is None:
        (key,) = (key for key, one in DECLARED.items() if one.command == name)
        return _command(registry[key], name, common)
    parts = {
        one.command.partition(" ")[2]: registry[key]
        for key, one in DECLARED.items()
        if one.command.startswith(name + " ")
    }
    examples = _examples(line for part in parts.values() for line in part.examples[:1])
    holder = _Group(name, help=f"{group}\n\n{examples}", params=[*common])
    for last, part in parts.items():
        holder.add_command(_command(part, last, common))
    return holder


class _Group(click.Group):
    """Commands of one kind; without the name of one, it lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_named = bool(args) and not args[0].startswith("-")
        is_named = is_named or any(word in self.commands or word == "--help" for word in args)
        if not is_named and "list" in self.commands and not ctx.resilient_parsing:
            args = ["list", *args]
        return super().parse_args(ctx, args)


def _command(declared: Syscall, name: str, common: list[click.Parameter]) -> click.Command:
    parameters = [
        _parameter(*described, positional=described[0].name in declared.positionals)
        for described in declared.fields()
        if not described[2].hidden
    ]
    if declared.effect is Effect.DESTRUCTIVE:
        parameters += [
            click.Option(["--yes", "-y"], is_flag=True, help="do it without asking"),
            click.Option(["--apply"], default="", metavar="DIGEST", help="do this plan, as shown"),
            click.Option(["--dry-run"], is_flag=True, help="only show what would be done"),
        ]
    summary, _, rest = declared.doc.partition("\n\n")
    return click.Command(
        name,
        params=[*parameters, *common],
        callback=_callback(declared),
        short_help=summary.replace("\n", " "),
        help="\n\n".join(part for part in (summary, rest, _examples(declared.examples)) if part),
    )


def _examples(commands: Iterable[str]) -> str:
    lines = "\n".join(f"  {line}" for line in commands)
    return f"\b\nExamples:\n{lines}" if lines else ""


def _parameter(entry: FieldInfo, hint: Any, param: Param, *, positional: bool) -> click.Parameter:
    many = typing.get_origin(hint) is tuple
    if positional:
        metavar = entry.name.upper()
        settings: dict[str, Any] = {"metavar": metavar if entry.required else f"[{metavar}]"}
        if not entry.required and not param.words:
            settings["default"] = entry.default
        if param.path or param.local:
            settings["shell_complete"] = _files
        several = -1 if param.words or many else 1
        return _Argument(
            param.help, [entry.name], nargs=several, required=entry.required, **settings
        )
    flag = hint is bool
    return click.Option(
        [*param.flags, f"--{entry.name.rstrip('_').replace('_', '-')}", entry.name],
        help=param.help,
        default=() if many else entry.default,
        multiple=many,
        is_flag=flag,
        type=_click_type(hint, param),
        show_default=not flag and not many and entry.default not in ("", 0, 0.0),
    )


def _files(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """What completes the name of a file: the shell itself does."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


class _Argument(click.Argument):
    """An argument that is described among the options."""

    def __init__(self, described: str, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._described = self.help = described  # click looks at `help` since 8.4

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Its name and description."""
        return str(self.metavar or self.human_readable_name), self._described


def _click_type(hint: Any, param: Param) -> Any:
    if param.choices:
        return click.Choice(param.choices)
    return {int: int, float: float, bool: bool}.get(hint, str)


def _callback(declared: Syscall) -> Callable[..., None]:
    def callback(**values: Any) -> None:
        session = click.get_current_context().ensure_object(Session)
        arguments = _arguments(declared, values, session)
        if declared.effect is Effect.DESTRUCTIVE:
            digest = arguments.pop("apply")
            if values["dry_run"]:
                sys.exit(approval.show(declared, arguments, session))
            sys.exit(approval.run(declared, arguments, session, values["yes"], digest))
        sys.exit(run(declared, arguments, session))

    return callback


def _arguments(declared: Syscall, values: dict[str, Any], session: Session) -> dict[str, Any]:
    arguments = {}
    for entry, _, param in declared.fields():
        value = values.get(entry.name)
        if value is None:
            continue
        if param.words:
            value = " ".join(value)
        if param.session and not value:
            value = terminal()
        if param.path and isinstance(value, tuple):
            value = tuple(drive_path(session, one) for one in value)
        elif param.path:
            value = drive_path(session, value)
        arguments[entry.name] = value
    return arguments


def drive_path(session: Session, path: str) -> str:
    """A path of the drive: as given, or relative to the current folder when that exists there."""
    record = session.record()
    if not path:
        return path
    place = Path(path).expanduser().absolute()
    roots = [record.source]
    mountpoint = record.mount_info().get("mountpoint")
    if mountpoint:
        roots.append(Path(mountpoint))
    real = place.parent.resolve() / place.name
    for root in roots:
        if not real.is_relative_to(root):
            continue
        # One that was removed is meant from where one is, unless the drive has it as it was said.
        if path.startswith(("/", "~")) or os.path.lexists(real):
            return real.relative_to(root).as_posix()
        if not os.path.lexists(root / path):
            return real.relative_to(root).as_posix()
    return path


def run(declared: Syscall, arguments: dict[str, Any], session: Session) -> int:
    """Run a syscall, and show its result; gives the exit code."""
    from lsfs import codec
    from lsfs_cli.exits import exit_code
    from lsfs_cli.progress import ProgressBar

    def event(one: dict[str, Any]) -> None:
        if "change" in one:
            from lsfs_cli import render_past

            render_past.live(one["change"], as_json=session.json, color=session.color)
        elif "text" not in one:
            bar.event(one)
        elif not session.json:
            from lsfs.untrusted import safe

            sys.stdout.write(safe(one["text"], lines=True))
            sys.stdout.flush()

    quiet = session.quiet or session.json
    with ProgressBar(not quiet) as bar, session.open(event) as drive:
        result = drive.call(declared.name, **arguments)
    if session.json:
        session.print_json(codec.to_builtins(result))
    else:
        from lsfs_cli import results

        results.show(result, session)
    if arguments.get("dry_run"):
        session.note("(only looked: nothing was changed)")
    return exit_code(result)
