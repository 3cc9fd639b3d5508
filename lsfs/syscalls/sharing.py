"""Links to files, for programs and people of this machine."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lsfs import config as configuration
from lsfs import paths
from lsfs.clock import iso
from lsfs.errors import AccessDenied, NotFound, UsageError
from lsfs.safety.shares import Share, Shares
from lsfs.syscalls.engines import Call
from lsfs.syscalls.lengths import nanoseconds
from lsfs.syscalls.registry import Effect, Param, registry
from lsfs.syscalls.within import found, source, told

_DRY = Annotated[bool, Param("only say what would be done")]
LONGEST_S = 366 * 86_400.0


class ShareRequest(Struct, frozen=True):
    """What to share, and how long."""

    path: Annotated[str, Param("the file or folder", path=True)]
    expires: Annotated[str, Param("how long the link is good for: 1h, 1d, 4w")] = "1d"
    dry_run: _DRY = False


class SharedLink(Struct, frozen=True):
    """A link that was given out.

    Attributes:
        id: what ends it, beside the path: ``lsfs unshare ID``.
        expires: when it ends by itself, ISO 8601.
        by: who made it.
        token: what opens it; only said when it is made.
        link: where it is served while ``lsfs share --serve`` or ``lsfs serve`` runs.
        dry_run: it was not made, or not ended.
    """

    path: str
    id: str
    expires: str
    by: str
    token: str = ""
    link: str = ""
    dry_run: bool = False


@registry.syscall(
    effect=Effect.WRITE, command="share", examples=("lsfs share Contracts/lease.pdf --expires 2h",)
)
def share(call: Call, request: ShareRequest) -> SharedLink:
    """Make a link to a file or folder that ends by itself; it is for this machine only.

    Off until ``share.enabled`` is set. Whoever has the link may read what is there, until it ends
    or ``unshare`` ends it. Nothing is sent anywhere.
    """
    settings = call.engines.config.share
    # It may have been allowed since the drive was opened.
    if not (settings.enabled or configuration.load(call.engines.source).share.enabled):
        raise AccessDenied("sharing is off", hint="lsfs config set share.enabled true")
    length_ns = nanoseconds(request.expires, LONGEST_S)
    with source(call) as root, told(request.path):
        path = found(call, root, request.path)
        if not path:
            raise UsageError("that is the whole drive", hint="share a folder in it")
        if call.engines.tree.stat(path) is None:
            raise FileNotFoundError(2, "no such file", path)
    now_ns = call.engines.clock.now_ns()
    until_ns = now_ns + length_ns
    if request.dry_run:
        return SharedLink(path, "", iso(until_ns), str(call.client), dry_run=True)
    made, token = Shares(call.engines.state.shares).make(path, until_ns, now_ns, str(call.client))
    link = f"http://127.0.0.1:{settings.port}/share/{token}" if settings.port else ""
    return SharedLink(made.path, made.id, iso(made.until_ns), made.by, token, link)


class SharesRequest(Struct, frozen=True):
    """Nothing to choose."""


class SharedLinks(Struct, frozen=True):
    """The links that are good now."""

    shares: tuple[SharedLink, ...]


@registry.syscall()
def shares(call: Call, request: SharesRequest) -> SharedLinks:
    """List what is shared, with whom made it and when it ends."""
    return SharedLinks(_shown(Shares(call.engines.state.shares).all(call.engines.clock.now_ns())))


class UnshareRequest(Struct, frozen=True):
    """What to end."""

    path: Annotated[str, Param("what is shared, or the id or token of a link", path=True)]
    dry_run: _DRY = False


@registry.syscall(
    effect=Effect.WRITE, command="unshare", examples=("lsfs unshare Contracts/lease.pdf",)
)
def unshare(call: Call, request: UnshareRequest) -> SharedLinks:
    """End the links to a path, or one link."""
    kept, now_ns = Shares(call.engines.state.shares), call.engines.clock.now_ns()
    what = paths.relative(request.path)
    end = kept.would_revoke if request.dry_run else kept.revoke
    gone = end(what, now_ns)
    # An id that is typed in a folder of the drive comes as the name of a file there.
    name = what.rpartition("/")[2]
    if not gone and all(one.path != name for one in kept.all(now_ns)):
        gone = end(name, now_ns)
    if not gone:
        raise NotFound(f"{request.path!r} is not shared", hint="see what is: lsfs share --list")
    return SharedLinks(_shown(gone, dry_run=request.dry_run))


def _shown(found_: tuple[Share, ...], *, dry_run: bool = False) -> tuple[SharedLink, ...]:
    return tuple(
        SharedLink(one.path, one.id, iso(one.until_ns), one.by, dry_run=dry_run) for one in found_
    )
