"""The command ``cat``: bytes as they are, which no result of another command is."""

from __future__ import annotations

import sys

import click

from lsfs_cli.session import Session


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module by name."""
    cat.params += common
    return {"cat": cat}


@click.command()
@click.argument("path")
@click.option("--version", type=int, default=0, help="this version; without, the present one")
@click.option("--at", "at_", default="", help="as it was: '2026-11-24', 'yesterday 15:00'")
@click.pass_obj
def cat(session: Session, path: str, version: int, at_: str) -> None:
    """Write a file's bytes to standard output, as it is or as it was.

    \b
    Examples:
      lsfs cat report.txt --version 3
      lsfs cat report.txt --at 'yesterday 15:00' > report-of-yesterday.txt
    """
    from lsfs_cli.generate import drive_path

    with session.open(lambda _: None) as drive:
        named = drive_path(session, path)
        part = drive.read(named, version=version, at=at_)
        if session.json:
            from lsfs import codec

            session.print_json(codec.to_builtins(part))
            return
        chosen, offset = part.version, 0
        while part.data:
            sys.stdout.buffer.write(part.data)
            offset += len(part.data)
            if offset >= part.total:
                break
            part = drive.read(named, version=chosen, offset=offset)
        sys.stdout.buffer.flush()
