"""The command ``serve``: a drive as a page in the browser."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING

import click

from lsfs_cli.session import Session

if TYPE_CHECKING:
    from lsfs.web.gate import Gate


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

    from lsfs.serve.access import Access
    from lsfs.serve.mcp_http import listen
    from lsfs.web import app
    from lsfs.web.pages import Pages
    from lsfs_cli.mcp import drive_of

    record = drive_of(session, source)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    with contextlib.closing(Access(record)) as access, contextlib.closing(listen(port)) as listener:
        pages = Pages(access, allow_write=allow_write)
        number = listener.getsockname()[1]

        def entered() -> None:
            if not session.json:
                session.note(f"for another browser: {app.entrance(gate, number)}")

        gate = app.guarded(pages, number, entered=entered)
        _tell(session, gate, number, opened=not no_open and not session.json)
        with contextlib.suppress(KeyboardInterrupt):
            anyio.run(app.serve, gate, listener)


def _tell(session: Session, gate: Gate, port: int, *, opened: bool) -> None:
    """Print the link, and open it where a person sits before this machine."""
    import webbrowser

    from lsfs.web.app import entrance

    url = entrance(gate, port)
    if session.json:
        session.print_json({"url": url})
    else:
        click.echo(url)
    sys.stdout.flush()
    if opened and sys.stdout.isatty():
        webbrowser.open(url)
