"""Commands that start, stop and examine: init, index, mount, umount, unit, doctor."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

from lsfs_cli.session import Session

pass_session = click.make_pass_decorator(Session, ensure=True)


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    found = {command.name or "": command for command in (init, index, mount, umount, unit, doctor)}
    for command in found.values():
        command.params += common
    return found


def _state(session: Session) -> str | None:
    import os

    return session.state or os.environ.get("LSFS_STATE") or None


@click.command()
@click.argument("source", type=click.Path(readable=False))
@pass_session
def init(session: Session, source: str) -> None:
    """Make a folder a drive. Nothing is written into the folder.

    \b
    Examples:
      lsfs init ~/Documents
    """
    from lsfs.drives import initialise

    record = initialise(source, _state(session))
    if session.json:
        session.print_json({"source": str(record.source), "state": str(record.state.root)})
    else:
        click.echo(f"{record.source} is a drive; its state is in {record.state.root}")


@click.command()
@click.argument("source", type=click.Path(readable=False), required=False)
@click.option("--watch", is_flag=True, help="stay, follow changes and answer other commands")
@pass_session
def index(session: Session, source: str | None, watch: bool) -> None:
    """Index a folder, making it a drive if it is none: that of --drive, or the present one.

    \b
    Examples:
      lsfs index ~/Documents
      lsfs index ~/Documents --watch
    """
    from lsfs.drives import find, initialise
    from lsfs.errors import NotInitialised
    from lsfs_cli.progress import ProgressBar

    place = source or session.drive or "."
    try:
        record = find(place, _state(session)) if Path(place).exists() else None
    except NotInitialised:
        record = None
    is_meant = record is not None and (
        bool(session.drive and not source) or record.source == Path(place).expanduser().resolve()
    )
    if record is None or not is_meant:
        record = initialise(place, _state(session))
    session.drive, session.state = str(record.source), str(record.state.root)
    _tell_of_page_model(session, record.source)
    if watch:
        _serve(session)
    with ProgressBar(not (session.quiet or session.json)) as bar, session.open(bar.event) as drive:
        drive.call("wait_indexed")
        report = drive.call("status", problems=True)
    _report(session, report)


def _tell_of_page_model(session: Session, source: Path) -> None:
    """Say what keeps the page model from reading, where one is chosen."""
    from lsfs import config
    from lsfs.index import page_model

    chosen = config.load(source).index.neural
    if chosen and (hindrance := page_model.hindrance(chosen)):
        session.note(f"PDF is read without the page model: {hindrance}")


def _serve(session: Session) -> None:
    from lsfs.serve.brain import serving

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serving(session.record()) as engines:
        session.note(f"following {engines.source}; Ctrl-C ends it")
        stop.wait()
    sys.exit(0)


def _report(session: Session, report: Any) -> None:
    from lsfs import codec

    if session.json:
        session.print_json(codec.to_builtins(report))
        return
    from lsfs_cli import render

    render.show(report, render.console(session.color))


@click.command()
@click.argument("source", type=click.Path(readable=False))
@click.argument("mountpoint", type=click.Path(readable=False))
@click.option("--foreground", is_flag=True, help="stay in the foreground until it is unmounted")
@click.option("--read-only", is_flag=True, help="refuse every change")
@click.option("--allow-other", is_flag=True, help="let other users in, within file permissions")
@click.option(
    "--transport",
    type=click.Choice(["auto", "kernel", "mfusepy", "fusepy"]),
    default="auto",
    show_default=True,
    help="how to talk to the kernel",
)
@pass_session
def mount(
    session: Session,
    source: str,
    mountpoint: str,
    foreground: bool,
    read_only: bool,
    allow_other: bool,
    transport: str,
) -> None:
    """Mount a folder as a drive; returns when the mount answers.

    \b
    Examples:
      lsfs mount ~/Documents ~/Drive
      lsfs umount ~/Drive
    """
    from lsfs import config, logs
    from lsfs.drives import initialise
    from lsfs.fuse.mount import mount as mount_drive

    record = initialise(source, _state(session))
    settings = config.load(record.source, options={"mount.transport": transport})
    if foreground:
        # Nobody reads a log file then, but a terminal or systemd's journal.
        logs.begin("fs", record.state.log, default="WARNING" if session.quiet else "INFO")
    info = mount_drive(
        record.source,
        Path(mountpoint).expanduser(),
        record.state,
        settings.mount,
        versions=settings.versions,
        read_only=read_only,
        allow_other=allow_other,
        foreground=foreground,
    )
    if session.json:
        session.print_json(
            {
                "source": str(info.source),
                "mountpoint": str(info.mountpoint),
                "pid": info.pid,
                "transport": info.transport,
                "why": info.why,
                "mounted": not foreground,
            }
        )
    elif foreground:
        click.echo(f"{info.mountpoint} is unmounted")
    else:
        click.echo(f"{info.source} is mounted on {info.mountpoint} ({info.transport})")


@click.command()
@click.argument("mountpoint", type=click.Path(readable=False))
@click.option("--lazy", is_flag=True, help="detach now, finish when nobody uses it any more")
@click.option("--stale", is_flag=True, help="only remove what a killed process has left, if it has")
@pass_session
def umount(session: Session, mountpoint: str, lazy: bool, stale: bool) -> None:
    """Unmount a drive; returns when it is gone.

    \b
    Examples:
      lsfs umount ~/Drive
    """
    from lsfs.fuse import mounts
    from lsfs.fuse.mount import umount as unmount

    place = Path(mountpoint).expanduser()
    if stale and not mounts.is_stale(place):
        session.note(f"{mountpoint} holds no dead mount")
        if session.json:
            held = mounts.at(place.absolute()) is not None
            session.print_json({"mountpoint": mountpoint, "mounted": held})
        return
    unmount(place, lazy=lazy)
    if session.json:
        session.print_json({"mountpoint": mountpoint, "mounted": False})
    else:
        click.echo(f"{mountpoint} is unmounted")


@click.command()
@click.argument("source", type=click.Path(readable=False))
@click.argument("mountpoint", type=click.Path(readable=False))
@click.option(
    "--transport",
    type=click.Choice(["auto", "kernel", "mfusepy", "fusepy"]),
    default="auto",
    show_default=True,
    help="how to talk to the kernel",
)
@click.option("--name", help="what to call it; by default after the mountpoint")
@click.option("--install", is_flag=True, help="write it to ~/.config/systemd/user")
@pass_session
def unit(
    session: Session, source: str, mountpoint: str, transport: str, name: str | None, install: bool
) -> None:
    """Print a systemd unit that mounts a drive at login.

    \b
    Examples:
      lsfs unit ~/Documents ~/Drive
      lsfs unit ~/Documents ~/Drive --install
    """
    from lsfs.fuse import unit as units

    made = units.unit_of(source, mountpoint, transport=transport, state=_state(session), name=name)
    path = units.install(made) if install else None
    commands = ["systemctl --user daemon-reload", f"systemctl --user enable --now {made.file_name}"]
    if session.json:
        session.print_json(
            {
                "name": made.file_name,
                "unit": made.text,
                "path": str(path) if path else None,
                "commands": commands,
            }
        )
    elif path is None:
        click.echo(made.text, nl=False)
    else:
        click.echo(f"{path} is written; start it now and at every login with:")
        for command in commands:
            click.echo(f"  {command}")


@click.command()
@pass_session
def doctor(session: Session) -> None:
    """Look for what keeps lsfs from working, and say what to do.

    \b
    Examples:
      lsfs doctor
    """
    from lsfs_cli.checks import examine

    findings = examine(session)
    if session.json:
        session.print_json(
            {"checks": [{"name": f.name, "ok": f.ok, "message": f.message} for f in findings]}
        )
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name}: {finding.message}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)
