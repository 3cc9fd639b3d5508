"""The command ``serve``: a drive as a page in the browser, for one person or for a team."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lsfs_cli.session import Session
from lsfs_cli.told import Served

if TYPE_CHECKING:
    from lsfs.config import Config
    from lsfs.drives import DriveRecord
    from lsfs.serve.access import Access
    from lsfs.serve.shared import SharedFiles


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    serve.params += common
    return {"serve": serve}


@click.command()
@click.argument("source", type=click.Path(), default="")
@click.option("--port", type=int, default=None, help="of HTTP; 0, or none given: a free one")
@click.option("--no-open", is_flag=True, help="only print the link; open no browser")
@click.option("--allow-write", is_flag=True, help="let files go back to earlier versions")
@click.option("--team", is_flag=True, help="serve the members of a team, each by a token")
@click.option(
    "--name", "names", multiple=True, metavar="HOST", help="of the proxy before it; repeatable"
)
@click.option("--listen", default="", metavar="ADDRESS", help="other than 127.0.0.1 (with --team)")
@click.make_pass_decorator(Session, ensure=True)
def serve(
    session: Session,
    source: str,
    port: int | None,
    no_open: bool,
    allow_write: bool,
    team: bool,
    names: tuple[str, ...],
    listen: str,
) -> None:
    """Show a drive as a page in the browser: search, answers, files, their past, a map.

    The page is for this machine alone, and works without a network. The link that is printed lets
    in one browser, once; after each use another one is printed. The page changes nothing, unless
    --allow-write is given. Links that 'lsfs share' made are answered too.

    With --team it serves the members of 'lsfs member', who come with their tokens: the page, and
    the same calls as JSON (POST /api/v1/search). Put a proxy with TLS before it, and give its name.

    \b
    Examples:
      lsfs serve
      lsfs serve ~/Documents --port 8378
      lsfs serve /srv/library --team --name docs.example.org
    """
    from lsfs import config as configuration
    from lsfs.errors import UsageError
    from lsfs_cli.mcp import drive_of

    if not team and (names or listen):
        raise UsageError("--name and --listen are for a team", hint="lsfs serve --team")
    record = drive_of(session, source)
    settings = configuration.load(record.source)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    with (
        contextlib.closing(_listener(port, listen, settings)) as listener,
        _shared(record, settings) as shared,
    ):
        if team:
            from lsfs_cli.serve_team import TeamOptions, serve_team

            options = TeamOptions(names, listen, allow_write)
            serve_team(session, record, settings, listener, shared, options)
        else:
            _alone(session, record, listener, shared, allow_write=allow_write, opens=not no_open)


def _listener(port: int | None, address: str, settings: Config) -> socket.socket:
    """Where it listens; without a port that is asked for, where links to shared files lead."""
    from lsfs.errors import UsageError
    from lsfs.serve.mcp_http import HOST, listen

    if port is None and settings.share.enabled:
        with contextlib.suppress(UsageError):  # another server has it
            return listen(settings.share.port, address or HOST)
    return listen(port or 0, address or HOST)


@contextlib.contextmanager
def _shared(record: DriveRecord, settings: Config) -> Iterator[SharedFiles | None]:
    """What links stand for, where there may be some."""
    if not settings.share.enabled:
        yield None
        return
    from lsfs.serve.shared import SharedFiles

    with contextlib.closing(SharedFiles(record)) as shared:
        yield shared


def _alone(
    session: Session,
    record: DriveRecord,
    listener: socket.socket,
    shared: SharedFiles | None,
    *,
    allow_write: bool,
    opens: bool,
) -> None:
    """Serve one person at this machine."""
    import anyio

    from lsfs.safety.clients import Client
    from lsfs.serve.access import Access
    from lsfs.serve.shared import PREFIX
    from lsfs.syscalls.drive import new_session
    from lsfs.web import app
    from lsfs.web.pages import Pages

    client = Client("web", session=new_session())
    grant = app.CHANGING if allow_write else app.LOOKING
    number = listener.getsockname()[1]

    def entered() -> None:
        if not session.json:
            session.note(f"for another browser: {app.entrance(gate, number)}")

    access: Access
    with contextlib.closing(Access(record, client=client, grant=grant)) as access:
        pages = Pages(access, allow_write=allow_write)
        more = [] if shared is None else shared.routes
        gate = app.guarded(
            pages, number, entered=entered, more=more, open_to=[PREFIX] if more else []
        )
        with contextlib.suppress(KeyboardInterrupt):  # also from who has just read the link
            _tell(session, app.entrance(gate, number), opened=opens)
            anyio.run(app.serve, gate, listener)


def _tell(session: Session, url: str, *, opened: bool) -> None:
    """Print the link, and open it where a person sits before this machine."""
    import webbrowser

    session.show(Served(url), url)
    sys.stdout.flush()
    if opened and not session.json and sys.stdout.isatty():
        webbrowser.open(url)
