"""The command ``mcp``: a drive for agents, over the Model Context Protocol."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lsfs_cli.session import Session
from lsfs_cli.told import Served

if TYPE_CHECKING:
    from lsfs.drives import DriveRecord
    from lsfs.safety.grants import Grant

PORT = 8377


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    mcp.params += common
    return {"mcp": mcp}


@click.command()
@click.argument("source", type=click.Path(), default="")
@click.option("--http", is_flag=True, help="serve HTTP on this machine instead of stdin and stdout")
@click.option("--port", default=PORT, show_default=True, help="of HTTP; 0 takes a free one")
@click.option("--allow-write", is_flag=True, help="offer also what changes files (all of it kept)")
@click.option(
    "--paths", multiple=True, metavar="GLOB", help="only these paths, as in 'Notes/**'; repeatable"
)
@click.option(
    "--verbs",
    default="",
    metavar="LIST",
    help="only these: read, search, write, delete, or names of syscalls, by commas",
)
@click.option("--print-config", is_flag=True, help="print the entry for an MCP client, and end")
@click.make_pass_decorator(Session, ensure=True)
def mcp(
    session: Session,
    source: str,
    http: bool,
    port: int,
    allow_write: bool,
    paths: tuple[str, ...],
    verbs: str,
    print_config: bool,
) -> None:
    """Offer a drive to agents, over the Model Context Protocol.

    Its tools only read, unless --allow-write is given. A folder that is no drive yet becomes one;
    nothing is written into it. With --http a client has to bring the token that is printed.

    \b
    Examples:
      lsfs mcp ~/Documents --print-config
      lsfs mcp ~/Documents --allow-write --paths 'Notes/**' --verbs read,search,write
      lsfs mcp ~/Documents --http --port 8377
    """
    grant = _grant(paths, verbs, allow_write=allow_write)
    record = drive_of(session, source)
    if print_config:
        entry = _entry(session, record, ["--allow-write"] if allow_write else [], grant)
        sys.stdout.write(json.dumps(entry, indent=2) + "\n")
        return
    import anyio

    from lsfs.safety.clients import Client
    from lsfs.serve.access import Access
    from lsfs.serve.mcp import AgentServer
    from lsfs.serve.mcp_http import HOST, PATH, listen, token_of
    from lsfs.syscalls.drive import new_session

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    client = Client("mcp", session=new_session())
    with contextlib.closing(Access(record, client=client, grant=grant)) as access:
        server = AgentServer(access, allow_write=allow_write)
        if not http:
            anyio.run(server.stdio)
            return
        token = token_of(record.state)
        with contextlib.closing(listen(port)) as listener:
            url = f"http://{HOST}:{listener.getsockname()[1]}{PATH}"
            session.show(Served(url, token), f"{url}\nAuthorization: Bearer {token}")
            sys.stdout.flush()
            anyio.run(server.http, listener, token)


def _grant(paths: tuple[str, ...], verbs: str, *, allow_write: bool) -> Grant:
    """What agents may do: as they are told, and nothing that writes unless that is allowed."""
    from lsfs.safety.grants import Grant

    grant = granted(paths, verbs)
    return grant if allow_write else Grant(verbs=("read", "search")).narrowed(grant)


def granted(paths: tuple[str, ...], verbs: str) -> Grant:
    """A grant as options say it.

    Raises:
        UsageError: there is no such verb, or a pattern is none.
    """
    from lsfs.errors import UsageError
    from lsfs.safety.grants import VERBS, Grant
    from lsfs.syscalls.declared import DECLARED

    wanted = tuple(word.strip() for word in verbs.split(",") if word.strip())
    unknown = [word for word in wanted if word not in VERBS and word not in DECLARED]
    if unknown:
        raise UsageError(f"no verb {unknown[0]!r}", hint=f"verbs are: {', '.join(VERBS)}")
    return Grant(paths, wanted)


def drive_of(session: Session, source: str) -> DriveRecord:
    """The drive that is meant; a folder that is none becomes one."""
    from lsfs.drives import find, initialise
    from lsfs.errors import NotInitialised

    if not source:
        return session.record()
    state = session.state or os.environ.get("LSFS_STATE") or None
    try:
        record = find(source, state)
    except NotInitialised:
        return initialise(source, state)
    place = Path(source).expanduser().resolve()
    mounted = record.mount_info().get("mountpoint")
    if place == record.source or str(place) == mounted:
        return record
    return initialise(source, state)  # a folder inside of a drive is one of its own here


def _entry(
    session: Session, record: DriveRecord, flags: list[str], grant: Grant
) -> dict[str, object]:
    """What a client's list of servers needs."""
    arguments = ["-m", "lsfs_cli", "mcp", record.library or str(record.source)]
    arguments += ["--state", str(record.state.root)] if session.state else []
    arguments += flags
    arguments += [word for pattern in grant.paths for word in ("--paths", pattern)]
    arguments += ["--verbs", ",".join(grant.verbs)] if grant.verbs else []
    entry = {"command": sys.executable, "args": arguments}
    return {"mcpServers": {f"lsfs-{record.name}": entry}}
