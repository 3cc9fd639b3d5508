"""The command ``share``: links to files, and what serves them on this machine."""

from __future__ import annotations

import contextlib
import signal
import sys

import click

from lsfs.errors import UsageError
from lsfs_cli.session import Session


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    share.params += common
    return {"share": share}


@click.command()
@click.argument("path", default="")
@click.option("--expires", default="1d", show_default=True, help="how long the link is good for")
@click.option("--list", "listing", is_flag=True, help="show the links that are good now")
@click.option("--serve", is_flag=True, help="answer the links, on this machine, until interrupted")
@click.option("--dry-run", is_flag=True, help="only see whether it could be shared")
@click.option("--port", type=int, default=None, help="of --serve; 0 takes a free one")
@click.make_pass_decorator(Session, ensure=True)
def share(
    session: Session,
    path: str,
    expires: str,
    listing: bool,
    serve: bool,
    dry_run: bool,
    port: int | None,
) -> None:
    """Make a link to a file or folder that ends by itself; for this machine only.

    Off until share.enabled is set. Whoever has a link may read what it is for, while
    'lsfs share --serve' runs; 'lsfs unshare' ends it.

    \b
    Examples:
      lsfs config set share.enabled true
      lsfs share Contracts/lease.pdf --expires 2h
      lsfs share --serve --port 8378
    """
    from lsfs import codec
    from lsfs_cli import results
    from lsfs_cli.generate import drive_path

    if bool(path) + listing + serve != 1:
        raise UsageError("name one thing: a path, --list or --serve", hint="see: lsfs share --help")
    if serve:
        _serve(session, port)
        return
    with session.open(lambda _: None) as drive:
        made = (
            drive.call("shares")
            if listing
            else drive.call(
                "share", path=drive_path(session, path), expires=expires, dry_run=dry_run
            )
        )
    if session.json:
        session.print_json(codec.to_builtins(made))
    else:
        results.show(made, session)


def _serve(session: Session, port: int | None) -> None:
    from lsfs import config as configuration
    from lsfs.errors import AccessDenied
    from lsfs.serve.shared import SharedServer

    record = session.record()
    settings = configuration.load(record.source).share
    if not settings.enabled:
        raise AccessDenied("sharing is off", hint="lsfs config set share.enabled true")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    with contextlib.closing(SharedServer(record, settings.port if port is None else port)) as files:
        if session.json:
            session.print_json({"url": files.url})
        else:
            click.echo(files.url)
        sys.stdout.flush()
        files.run()
