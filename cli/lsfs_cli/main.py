"""The command ``lsfs``."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import logging
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

import click

from lsfs.errors import LsfsError, UsageError
from lsfs.syscalls.declared import DECLARED
from lsfs_cli.session import Session

EXIT_CODES = """\b
Exit codes: 0 done, 1 nothing found, 2 usage, 10 not a drive, 11 locked,
12 not found, 13 denied, 14 confirmation needed, 20 cannot be parsed,
30 model, 40 state damaged, 41 version conflict, 70 internal error,
74 state cannot be written, 130 interrupted."""

# Commands that are no syscalls, and the module of each.
OWN = {
    "aios": "aios", "bench": "bench", "cat": "cat", "completion": "settings", "config": "settings",
    "do": "do", "doctor": "processes", "index": "processes", "init": "processes",
    "library": "library", "man": "reference", "map": "map", "mcp": "mcp", "member": "member",
    "model": "model", "mount": "processes", "schema": "reference", "serve": "serve",
    "share": "share", "trust": "trust", "umount": "processes", "unit": "processes",
}  # fmt: skip
GROUPS = {
    "trash": "Removed files: list them, bring them back, give them up.",
    "audit": "Who called what that changes something: the log of it, and its proof.",
    "kv": "What the language model made of passages: how much is kept, and its end.",
}

_NEW_OBJECTS = 20_000  # between two looks for cycles; a start makes 100,000 that stay
_SHORTEST = "4"  # the least that OpenBLAS takes: 2^4 cycles


def _common() -> list[click.Parameter]:
    """Options that stand before the command or behind it."""

    def remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            setattr(context.ensure_object(Session), parameter.name or "", value)

    def option(*names: str, **settings: Any) -> click.Option:
        return click.Option(names, callback=remember, expose_value=False, **settings)

    return [
        option("--drive", metavar="PATH", help="the drive: its folder or its mountpoint"),
        option("--state", metavar="DIR", help="where the drive's state is kept"),
        option("--json", is_flag=True, help="print the result as JSON"),
        option("--quiet", "-q", is_flag=True, help="no progress, no notes"),
    ]


class _ReaderGoneError(Exception):
    """Nobody reads our output any more. click takes the error itself for a failure."""


@contextlib.contextmanager
def _read() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderGoneError from error


class Commands(click.Group):
    """Loads the modules of the one command that is meant."""

    def make_context(self, *args: Any, **settings: Any) -> click.Context:
        """Read the command line, and print the help where that is asked for."""
        with _read():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _read():
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options; ``lsfs help COMMAND`` is ``lsfs COMMAND --help``."""
        return super().parse_args(ctx, [*args[1:], "--help"] if args[:1] == ["help"] else args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*OWN, *_summaries()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in OWN and cmd_name not in self.commands:
            module = importlib.import_module(f"lsfs_cli.{OWN[cmd_name]}")
            self.commands.update(module.commands(_common()))
        elif cmd_name in _summaries() and cmd_name not in self.commands:
            from lsfs_cli import generate

            self.commands[cmd_name] = generate.command(cmd_name, GROUPS.get(cmd_name), _common())
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from lsfs_cli import sections

        own = {name: self.get_command(ctx, name) for name in OWN}
        helps = {name: one.get_short_help_str(limit=1000) for name, one in own.items() if one}
        sections.write({**helps, **_summaries()}, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(error.message + hint, ctx) from None


def _summaries() -> dict[str, str]:
    """What the syscalls' commands do, in a sentence."""
    found = {}
    for one in DECLARED.values():
        group, _, name = one.command.rpartition(" ")
        if name:
            found[group or name] = GROUPS[group] if group else one.summary
    return found


@click.command(
    cls=Commands,
    epilog=EXIT_CODES,
    params=_common(),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--no-color", is_flag=True, help="no colours (also: NO_COLOR)")
@click.version_option(package_name="lsfs")
@click.pass_context
def cli(context: click.Context, no_color: bool) -> None:
    """A semantic file system: mount a folder, ask it questions.

    \b
    Examples:
      lsfs mount ~/Documents ~/Drive
      lsfs ask "contracts from 2023"
      lsfs search "termination notice" --type pdf

    What a command does in full, with examples: lsfs COMMAND --help
    """
    session = context.ensure_object(Session)
    session.color = not (no_color or os.environ.get("NO_COLOR"))


def main() -> None:
    """Run the command line; every error becomes one message and an exit code."""
    logging.basicConfig(
        level=os.environ.get("LSFS_LOG", "ERROR").upper(), format="lsfs: %(message)s"
    )
    # That the settings of a drive are not obeyed, its user has to know.
    logging.getLogger("lsfs.config").setLevel(logging.WARNING)
    session = Session()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may not be able to show every letter
            stream.reconfigure(errors="replace")
    try:
        code = _run(session)
        sys.stdout.flush()
    except LsfsError as error:
        code = session.fail(error)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        hint = _of_minus(error)
        if "--json" in sys.argv:
            code = session.fail(UsageError(error.format_message(), hint=hint), as_json=True)
        else:
            error.show()
            sys.stderr.write(f"{hint}\n" if hint else "")
            code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("lsfs: interrupted\n")
        code = 130
    except (BrokenPipeError, _ReaderGoneError):
        # The reader of our output has gone: nothing is left to say, not even by the flush at exit.
        _discard_output()
        code = 0
    except OSError as error:
        _discard_output()
        code = session.fail(LsfsError(str(error)), as_json=False)
    except Exception:
        logging.getLogger("lsfs").exception("an internal error; please report it")
        code = 70
    sys.exit(code if isinstance(code, int) else 0)


def _of_minus(error: click.ClickException) -> str:
    """How a query that begins with a minus is typed: "-type:pdf rent" is no option; "" else."""
    typed = [one for one in sys.argv[1:] if one.startswith("-") and (" " in one or ":" in one)]
    if not (isinstance(error, click.NoSuchOption) and typed):
        return ""
    return f"What begins with a minus goes behind --, as in: lsfs search -- {typed[0]!r}"


def _run(session: Session) -> Any:
    """Run the command that is meant; gives the exit code."""
    try:
        return cli.main(prog_name="lsfs", standalone_mode=False, obj=session)
    except SystemExit as ended:
        return ended.code


def command() -> None:
    """The program ``lsfs``: :func:`main`, and an end that does not free each object by itself.

    After a search that takes a tenth of all its CPU time.
    """
    gc.set_threshold(_NEW_OBJECTS)
    # Read when numpy is loaded. Else its threads spin for a tenth of a second before they sleep.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", _SHORTEST)
    try:
        main()
    except SystemExit as ended:
        others = set(threading.enumerate()) - {threading.main_thread()}
        if not all(one.daemon for one in others) or isinstance(ended.code, str):
            raise  # Python waits for those, and prints this
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):  # nobody is left who could be told
                stream.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 0)


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    command()
