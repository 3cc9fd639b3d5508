"""Commands about the commands: schema and man."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from lsfs.errors import UsageError
from lsfs_cli.session import Session
from lsfs_cli.told import Manual

MAN1 = Path("~/.local/share/man/man1")
pass_session = click.make_pass_decorator(Session, ensure=True)


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    for command in (schema, man):
        command.params += common
    return {"schema": schema, "man": man}


@click.command()
@click.argument("command", nargs=-1)
def schema(command: tuple[str, ...]) -> None:
    """Print the JSON schema of what a command prints with --json; of all, when none is named.

    Keys are only ever added within a schema version.

    \b
    Examples:
      lsfs schema search
      lsfs schema trash list
      lsfs schema
    """
    import difflib

    from lsfs_cli import schemas

    name, known = " ".join(command), schemas.results()
    if name and name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(known)}"
        raise UsageError(f"no schema of {name!r}", hint=hint)
    made = schemas.of(name) if name else {one: schemas.of(one) for one in known}
    sys.stdout.write(json.dumps(made, indent=2) + "\n")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False), default=str(MAN1), metavar="[FOLDER]")
@click.option("--dry-run", is_flag=True, help="only say which pages would be written")
@pass_session
def man(session: Session, folder: str, dry_run: bool) -> None:
    """Write manual pages, one for each command; then: man lsfs, man lsfs-search.

    Without FOLDER they go to ~/.local/share/man/man1, where man finds them.

    \b
    Examples:
      lsfs man
      lsfs man ./man1 --dry-run
    """
    from lsfs_cli import manual
    from lsfs_cli.main import cli

    target = Path(folder).expanduser()
    pages = manual.pages(cli)
    if not dry_run:
        target.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (target / name).write_text(text, encoding="utf-8")
    said = "would be written to" if dry_run else "are written to"
    told = Manual(str(target), tuple(pages), dry_run)
    session.show(told, f"{len(pages)} pages {said} {target}; read them with: man lsfs")
