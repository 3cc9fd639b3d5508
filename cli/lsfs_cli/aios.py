"""The command ``aios``: a drive as the storage of AIOS agents."""

from __future__ import annotations

import contextlib
import signal
import sys

import click

from lsfs_cli.session import Session
from lsfs_cli.told import Served

PORT = 8379


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    aios.params += common
    return {"aios": aios}


@click.command()
@click.argument("source", type=click.Path(), default="")
@click.option("--port", default=PORT, show_default=True, help="of HTTP; 0 takes a free one")
@click.option("--read-only", is_flag=True, help="refuse what changes files")
@click.make_pass_decorator(Session, ensure=True)
def aios(session: Session, source: str, port: int, read_only: bool) -> None:
    """Serve a drive as the storage of AIOS agents, over HTTP on this machine.

    The Cerebrum SDK works with it unchanged: its kernel address is what is printed, token included.
    What agents overwrite stays as a version; to delete takes a second request with the plan's
    digest, and goes to the trash.

    \b
    Examples:
      lsfs aios ~/Documents
      lsfs aios ~/Documents --port 0 --read-only
    """
    import anyio

    from lsfs.serve.aios import AiosStorage
    from lsfs.serve.aios_http import address, serve
    from lsfs.serve.mcp_http import listen, token_of
    from lsfs_cli.mcp import drive_of

    record = drive_of(session, source)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    token = token_of(record.state, "aios")
    state = str(record.state.root)
    with (
        contextlib.closing(listen(port)) as listener,
        AiosStorage(record.source, read_only=read_only, state=state) as storage,
    ):
        url = address(listener, token)
        session.show(Served(url), f"CEREBRUM_KERNEL_URL={url}")
        sys.stdout.flush()
        anyio.run(serve, storage, listener, token)
