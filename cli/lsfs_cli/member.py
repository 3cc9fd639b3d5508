"""The command ``member``: who of a team may use a drive that is served, and by which token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from lsfs_cli.session import Session
from lsfs_cli.told import MemberAdded, MemberRemoved, MembersListed, MemberTold

if TYPE_CHECKING:
    from lsfs.drives import DriveRecord
    from lsfs.safety.members import Member

LONGEST_S = 2 * 366 * 86_400.0


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    for one in (add, listing, remove):
        one.params += common
    return {"member": member}


@click.group()
def member() -> None:
    """Who of a team may use a drive that 'lsfs serve --team' serves, and by which token.

    \b
    Examples:
      lsfs member add ada
      lsfs member list
      lsfs member remove ada
    """


@member.command()
@click.argument("name")
@click.option("--expires", default="90d", show_default=True, help="how long the token is good for")
@click.option(
    "--paths", multiple=True, metavar="GLOB", help="only these paths, as in 'Notes/**'; repeatable"
)
@click.option(
    "--verbs",
    default="",
    metavar="LIST",
    help="other than read,search: also write, delete, or names of syscalls, by commas",
)
@click.make_pass_decorator(Session, ensure=True)
def add(session: Session, name: str, expires: str, paths: tuple[str, ...], verbs: str) -> None:
    """Give somebody a token. It is printed once and not kept: only a hash of it is.

    A member may read and search, everywhere or in some paths. What changes files takes the verb
    here, and --allow-write where the drive is served.

    \b
    Examples:
      lsfs member add ada
      lsfs member add ben --paths 'Legal/**' --expires 30d
    """
    from lsfs.safety.members import Members
    from lsfs.syscalls.lengths import nanoseconds
    from lsfs_cli.mcp import granted

    record, grant = session.record(), granted(paths, verbs)
    record.state.create()  # of a library that this machine has not opened yet
    now_ns = time.time_ns()
    until_ns = now_ns + nanoseconds(expires, LONGEST_S)
    made, token = Members(record.state.members).add(name, until_ns, now_ns, grant)
    _note(record, "member_add", made)
    told = _told(made)
    note = f"for {name}, until {told.expires}; it is not shown again"
    session.show(MemberAdded(told.name, told.expires, told.paths, told.verbs, token), token, note)


@member.command("list")
@click.make_pass_decorator(Session, ensure=True)
def listing(session: Session) -> None:
    """List who has a token, what they may do, and until when.

    \b
    Examples:
      lsfs member list
      lsfs member list --json
    """
    from lsfs.safety.members import Members

    found = tuple(_told(one) for one in Members(session.record().state.members).all())
    lines = [
        f"{one.name}  until {one.expires}{' (ended)' if one.ended else ''}  {','.join(one.verbs)}"
        + (f"  {' '.join(one.paths)}" if one.paths else "")
        for one in found
    ]
    session.show(MembersListed(found), "\n".join(lines) or "nobody is a member")


@member.command()
@click.argument("name")
@click.make_pass_decorator(Session, ensure=True)
def remove(session: Session, name: str) -> None:
    """End somebody's token, at once: also in browsers that were let in by it.

    \b
    Examples:
      lsfs member remove ben
    """
    from lsfs.safety.members import Members

    record = session.record()
    gone = Members(record.state.members).remove(name)
    _note(record, "member_remove", gone)
    session.show(MemberRemoved(gone.name), f"{gone.name} has no token any more")


def _told(one: Member) -> MemberTold:
    from lsfs.clock import iso

    ended = one.until_ns <= time.time_ns()
    return MemberTold(one.name, iso(one.until_ns), one.paths, one.verbs, ended)


def _note(record: DriveRecord, call: str, one: Member) -> None:
    """Write it into the drive's audit log."""
    from lsfs_cli.noted import note

    note(record, call, {"name": one.name, "paths": list(one.paths), "verbs": list(one.verbs)})
