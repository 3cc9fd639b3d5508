"""The command ``serve``: a drive as a page in the browser."""

from __future__ import annotations

import contextlib
import signal
import sys

import click

from lsfs_cli.session import Session
from lsfs_cli.told import Served


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    serve.params += common
    return {"serve": serve}


@click.command()
@click.argument("source", type=click.Path(), default="")
@click.option("--port", default=0, show_default=True, help="of HTTP; 0 takes a free one")
@click.option("--no-open", is_flag=True, help="only print the link; open no browser")
@click.option("--allow-write", is_flag=True, help="let files go back to earlier versions")
@click.make_pass_decorator(Session, ensure=True)
def serve(session: Session, source: str, port: int, no_open: bool, allow_write: bool) -> None:
    """Show a drive as a page in the browser: search, answers, files, their past, a map.

    The page is for this machine alone, and works without a network. The link that is printed lets
    in one browser, once; after each use another one is printed. The page changes nothing, unless
    --allow-write is given.

    \b
    Examples:
      lsfs serve
      lsfs serve ~/Documents --port 8378
      lsfs serve --no-open --json
    """
    import anyio

    from lsfs.safety.clients import Client
    from lsfs.serve.access import Access
    from lsfs.serve.mcp_http import listen
    from lsfs.syscalls.drive import new_session
    from lsfs.web import app
    from lsfs.web.pages import Pages
    from lsfs_cli.mcp import drive_of

    record = drive_of(session, source)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    client = Client("web", session=new_session())
    grant = app.CHANGING if allow_write else app.LOOKING
    with (
        contextlib.closing(Access(record, client=client, grant=grant)) as access,
        contextlib.closing(listen(port)) as listener,
    ):
        number = listener.getsockname()[1]

        def entered() -> None:
            if not session.json:
                session.note(f"for another browser: {app.entrance(gate, number)}")

        pages = Pages(access, allow_write=allow_write)
        gate = app.guarded(pages, number, entered=entered)
        _tell(session, app.entrance(gate, number), opened=not no_open)
        with contextlib.suppress(KeyboardInterrupt):
            anyio.run(app.serve, gate, listener)


def _tell(session: Session, url: str, *, opened: bool) -> None:
    """Print the link, and open it where a person sits before this machine."""
    import webbrowser

    session.show(Served(url), url)
    sys.stdout.flush()
    if opened and not session.json and sys.stdout.isatty():
        webbrowser.open(url)
