"""The command ``trust``: settings that came with a folder, approved or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lsfs_cli.noted import note
from lsfs_cli.session import Session

if TYPE_CHECKING:
    pass


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    trust.params += common
    return {"trust": trust}


@click.command()
@click.option("--revoke", is_flag=True, help="approve them no longer")
@click.option("--show", is_flag=True, help="only say what would be obeyed")
@click.make_pass_decorator(Session, ensure=True)
def trust(session: Session, revoke: bool, show: bool) -> None:
    """Approve the settings in a folder's own .lsfs.toml, as they are now.

    A folder that was downloaded may bring settings. Those that choose models, addresses, programs,
    what is shared, or how much of the machine is used are not obeyed before this; when the file
    changes, it has to be approved again.

    \b
    Examples:
      lsfs trust --show
      lsfs trust
      lsfs trust --revoke
    """
    from lsfs import config
    from lsfs.errors import NotFound

    record = session.record()
    source = record.source
    data = config.content(source / config.DRIVE_FILE)
    if revoke:
        had = config.trusted().revoke(source)
        note(record, "trust", {"settings": "revoke"})
        _say(session, source=str(source), trusted=False, settings=[], changed=had)
        return
    if not data:
        raise NotFound(f"{source} has no {config.DRIVE_FILE}", hint="there is nothing to approve")
    waiting = config.untrusted(source)
    if not show:
        config.trusted().approve(source, data)
        note(record, "trust", {"settings": "approve"})
    approved = config.trusted().approves(source, data)
    _say(session, source=str(source), trusted=approved, settings=waiting, changed=not show)


def _say(
    session: Session, *, source: str, trusted: bool, settings: list[str], changed: bool
) -> None:
    if session.json:
        session.print_json({"source": source, "trusted": trusted, "settings": settings})
        return
    from lsfs.untrusted import safe

    word = "are" if trusted else "are not"
    click.echo(f"the settings of {safe(source)} {word} obeyed in full")
    for key in settings:
        click.echo(f"  {safe(key)}" + (" (now obeyed)" if changed else " (not obeyed)"))
