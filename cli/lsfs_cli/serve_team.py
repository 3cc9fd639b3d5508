"""``lsfs serve --team``: a drive for the members of a team."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.errors import UsageError
from lsfs_cli.told import Served

if TYPE_CHECKING:
    from lsfs.config import Config
    from lsfs.drives import DriveRecord
    from lsfs.serve.shared import SharedFiles
    from lsfs_cli.session import Session

SERVED = 8  # questions at the same time that a server of a model is sent, unless settings say more


class TeamOptions(Struct, frozen=True):
    """What the command line says of a team's service.

    Attributes:
        names: of the proxy before it.
        address: where it listens; "" is this machine alone.
        allow_write: offer what changes files.
    """

    names: tuple[str, ...]
    address: str
    allow_write: bool


def serve_team(
    session: Session,
    record: DriveRecord,
    settings: Config,
    listener: socket.socket,
    shared: SharedFiles | None,
    options: TeamOptions,
) -> None:
    """Serve until told to end; what runs then is brought to its end.

    Raises:
        UsageError: nobody is a member, or all the network could come and there is no proxy's name.
    """
    import anyio

    from lsfs.safety.clients import Client
    from lsfs.safety.members import Members
    from lsfs.serve import api
    from lsfs.serve.access import Access
    from lsfs.serve.mcp_http import token_of
    from lsfs.syscalls.drive import new_session
    from lsfs.web.pages import Pages
    from lsfs.web.team import Service, Team, known_names
    from lsfs.web.team_server import TeamServer

    members = Members(record.state.members)
    _check(options, [one for one in members.all() if one.until_ns > time.time_ns()])
    names = known_names(options.names)
    client = Client("web", session=new_session())
    grant = api.granted(
        api.offered(allow_write=options.allow_write), allow_write=options.allow_write
    )
    with contextlib.closing(Access(record, settings, client=client, grant=grant)) as access:
        access.call("status", {}, lambda _: None)  # a drive that does not open is said here
        number = listener.getsockname()[1]
        service = Service(
            access, Pages(access, allow_write=options.allow_write), members, shared, settings.team,
            number, token_of(record.state, "metrics"), names, options.allow_write,
            asks_at_once(settings),
        )  # fmt: skip
        here = f"http://{options.address or '127.0.0.1'}:{number}/"
        url = f"https://{names[0]}/" if names else here

        def ready() -> None:
            session.show(Served(url), url, f"the proxy sends requests to {here}" if names else "")
            sys.stdout.flush()
            _notify()

        anyio.run(TeamServer(Team(service), listener, settings.team.drain, ready).serve)


def _check(options: TeamOptions, members: list[object]) -> None:
    if not members:
        raise UsageError("nobody is a member yet", hint="lsfs member add NAME")
    if not options.address or _is_loopback(options.address):
        return
    if not options.names:
        raise UsageError(
            f"{options.address} is open to the network, and no name says what for",
            hint="put a proxy with TLS before it and give its name: --name docs.example.org",
        )
    sys.stderr.write(
        f"lsfs: {options.address} is open to the network, and tokens come there as they are:\n"
        "      see that only the proxy with TLS reaches it\n"
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a name, which may lead anywhere
        return False


def asks_at_once(settings: Config) -> int:
    """Questions that are answered at the same time: a model in this process takes one by one."""
    from lsfs.llm.files.models import is_server

    return settings.team.asks or (SERVED if is_server(settings.model.chat) else 1)


def _notify() -> None:
    from lsfs.fuse.sd_notify import notify

    notify("READY=1")
