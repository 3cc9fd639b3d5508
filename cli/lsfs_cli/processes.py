"""Commands that start, stop and examine: init, index, mount, umount, unit, doctor."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lsfs.errors import LsfsError
from lsfs_cli.noted import note
from lsfs_cli.session import Session

if TYPE_CHECKING:
    from lsfs.config import Config
    from lsfs.drives import DriveRecord
    from lsfs_cli.told import Mounted

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


def _initialised(source: str, state: str | None) -> DriveRecord:
    """A folder as a drive, which is noted where it was none."""
    from lsfs import drives

    is_new = not drives.would_initialise(source, state).state.source_record.exists()
    record = drives.initialise(source, state)
    if is_new:
        note(record, "init", {})
    return record


@click.command()
@click.argument("source", type=click.Path(readable=False), default=".", metavar="[SOURCE]")
@click.option("--dry-run", is_flag=True, help="only say what would be done")
@pass_session
def init(session: Session, source: str, dry_run: bool) -> None:
    """Make a folder a drive: the present one, when none is named. Nothing is written into it.

    \b
    Examples:
      lsfs init ~/Documents
      lsfs init
    """
    from lsfs import drives
    from lsfs_cli.told import Initialised

    make = drives.would_initialise if dry_run else _initialised
    record = make(source, _state(session))
    told = Initialised(str(record.source), str(record.state.root), dry_run)
    said = "would be a drive" if dry_run else "is a drive"
    session.show(told, f"{told.source} {said}; its state is in {told.state}")


@click.command()
@click.argument("source", type=click.Path(readable=False), required=False)
@click.option("--watch", is_flag=True, help="stay, follow changes and answer other commands")
@click.option("--dry-run", is_flag=True, help="only say what would be indexed")
@click.option("--library", metavar="URI", help="put it into a shared library: s3://… or file:///…")
@click.option("--as", "name", metavar="NAME", help="of the folder in the library; else its own")
@click.option("--engine", type=click.Choice(["local", "ray"]), help="who reads for a library")
@click.option("--address", metavar="HOST:PORT", help="of a cluster of Ray; else one is started")
@click.option("--replace", is_flag=True, help="most of what is in the library as NAME may go")
@pass_session
def index(
    session: Session, /, source: str | None, watch: bool, dry_run: bool, **options: Any
) -> None:
    """Index a folder, making it a drive if it is none: that of --drive, or the present one.

    With --library it becomes no drive: its files, and what they say, go into a library that others
    read from (lsfs --drive URI search …). What is there already is not read again.

    \b
    Examples:
      lsfs index ~/Documents
      lsfs index ~/Documents --watch
      lsfs index ~/Papers --library s3://bucket/library
      lsfs index /srv/papers --library s3://bucket/library --engine ray --address auto
    """
    place = source or session.drive or "."
    if options["library"]:
        if watch or dry_run:
            raise click.UsageError("--watch and --dry-run are for a drive, not for --library")
        from lsfs_cli.library import put

        put(session, place, options)
        return
    if any(options.values()):
        raise click.UsageError("--as, --engine, --address and --replace go with --library")
    record = _drive_of(session, place, is_within=bool(session.drive and not source))
    if dry_run:
        _would_index(session, record, place)
        return
    if record is None:
        record = _initialised(place, _state(session))
    note(record, "index", {"watch": watch})
    session.drive, session.state = str(record.source), str(record.state.root)
    _tell_of_page_model(session, record.source)
    if watch:
        _serve(session)
    from lsfs_cli.progress import ProgressBar

    with ProgressBar(not (session.quiet or session.json)) as bar, session.open(bar.event) as drive:
        drive.call("wait_indexed")
        report = drive.call("status", problems=True)
    _report(session, report)


def _drive_of(session: Session, place: str, *, is_within: bool) -> DriveRecord | None:
    """The drive of a folder; of one that it lies in only if ``is_within``, or within its mount."""
    from lsfs.drives import find
    from lsfs.errors import NotInitialised

    try:
        record = find(place, _state(session)) if Path(place).exists() else None
    except NotInitialised:
        return None
    if record is None or is_within:
        return record
    folder = Path(place).expanduser().resolve()
    mountpoint = record.mount_info().get("mountpoint")
    around = {os.fspath(one) for one in (folder, *folder.parents)}
    return record if record.source == folder or mountpoint in around else None


def _would_index(session: Session, record: DriveRecord | None, place: str) -> None:
    """Say how much there is to index; nothing is read of it, and nothing is written."""
    from lsfs import config
    from lsfs.drives import would_initialise
    from lsfs.index.tree import SourceTree
    from lsfs_cli.told import WouldIndex

    there = record or would_initialise(place, _state(session))
    settings = config.load(there.source).index
    with contextlib.closing(SourceTree(there.source, settings.ignore, settings.gitignore)) as tree:
        sizes = [identity.size for _, identity in tree.files()]
    told = WouldIndex(
        str(there.source), str(there.state.root), record is not None, len(sizes), sum(sizes)
    )
    said = f"{len(sizes)} files of {sum(sizes) / 1e6:.1f} MB would be looked at"
    new = "" if record else ", and it would be a drive"
    session.show(told, f"{told.source}: {said}{new}")


def _tell_of_page_model(session: Session, source: Path) -> None:
    """Say what keeps the page model from reading, where one is chosen."""
    from lsfs import config
    from lsfs.index.readers import page_model

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


_transport = click.option(
    "--transport",
    type=click.Choice(["auto", "kernel", "mfusepy", "fusepy"]),
    default="auto",
    show_default=True,
    help="how to talk to the kernel",
)


@click.command()
@click.argument("source", type=click.Path(readable=False), default="", metavar="[SOURCE]")
@click.argument("mountpoint", type=click.Path(readable=False), default="", metavar="[MOUNTPOINT]")
@click.option("--foreground", is_flag=True, help="stay in the foreground until it is unmounted")
@click.option("--read-only", is_flag=True, help="refuse every change")
@click.option("--allow-other", is_flag=True, help="let other users in, within file permissions")
@_transport
@click.option("--dry-run", is_flag=True, help="only say what would be mounted, and where")
@pass_session
def mount(session: Session, /, source: str, mountpoint: str, **options: Any) -> None:
    """Mount a folder as a drive; returns when the mount answers.

    Without MOUNTPOINT it is ~/lsfs/NAME, after the folder; without SOURCE it is the drive of
    --drive, or the present one. A mountpoint that is missing is made.

    \b
    Examples:
      lsfs mount ~/Documents ~/Drive
      lsfs mount ~/Documents
      lsfs umount ~/Drive
    """
    from lsfs import config, drives

    make = drives.would_initialise if options["dry_run"] else _initialised
    record = make(source, _state(session)) if source else session.record()
    place = Path(mountpoint or Path.home() / "lsfs" / record.name).expanduser()
    settings = config.load(record.source, options={"mount.transport": options["transport"]})
    shown = record.library or record.source
    if options["dry_run"]:
        told = _would_be_mounted(record, place, settings.mount.transport)
        words = f"{shown} would be mounted on {told.mountpoint} ({told.transport})"
    else:
        told = _mounted(session, record, place, settings, options)
        words = f"{shown} is mounted on {told.mountpoint} ({told.transport})"
        if options["foreground"]:
            words = f"{told.mountpoint} is unmounted"
    session.show(told, words)


def _mounted(
    session: Session, record: DriveRecord, place: Path, settings: Config, options: dict[str, Any]
) -> Mounted:
    from lsfs import logs
    from lsfs.fuse.mount import mount as mount_drive
    from lsfs_cli.told import Mounted

    if options["foreground"]:
        # Nobody reads a log file then, but a terminal or systemd's journal.
        logs.begin("fs", record.state.log, default="WARNING" if session.quiet else "INFO")
    if record.library:
        _lay_out(session, record)
    with contextlib.suppress(OSError):  # a dead mount is there, and cannot be looked at; or refused
        place.mkdir(parents=True, exist_ok=True)
    how = {key: options[key] for key in ("read_only", "allow_other", "foreground")}
    named = {"mountpoint": str(place.absolute()), **how}
    if options["foreground"]:  # it returns when it is unmounted
        note(record, "mount", named)
    try:
        info = mount_drive(
            record.source, place, record.state, settings.mount, versions=settings.versions, **how
        )
    except LsfsError as error:
        note(record, "mount", named, error.code)
        raise
    if not options["foreground"]:
        note(record, "mount", named)
    return Mounted(
        str(info.source), str(info.mountpoint), info.pid, info.transport, info.why,
        not options["foreground"],
    )  # fmt: skip


def _lay_out(session: Session, record: DriveRecord) -> None:
    """See that the folder which is mounted shows the files of the library."""
    session.drive, session.state = str(record.source), str(record.state.root)
    with session.open(None) as drive:
        drive.call("list_dir", "")


def _would_be_mounted(record: DriveRecord, place: Path, transport: str) -> Mounted:
    from lsfs.fuse import transports
    from lsfs_cli.told import Mounted

    choice = transports.choose(transport)
    return Mounted(
        str(record.source), str(place.absolute()), 0, choice.name, choice.why, False, True
    )


@click.command()
@click.argument("mountpoint", type=click.Path(readable=False), default="", metavar="[MOUNTPOINT]")
@click.option("--lazy", is_flag=True, help="detach now, finish when nobody uses it any more")
@click.option("--stale", is_flag=True, help="only remove what a killed process has left, if it has")
@click.option("--dry-run", is_flag=True, help="only say what is mounted there")
@pass_session
def umount(session: Session, mountpoint: str, lazy: bool, stale: bool, dry_run: bool) -> None:
    """Unmount a drive; returns when it is gone. Without MOUNTPOINT: the present drive.

    \b
    Examples:
      lsfs umount ~/Drive
      lsfs --drive ~/Documents umount
    """
    from lsfs.drives import find
    from lsfs.errors import NotFound, NotInitialised
    from lsfs.fuse import mounts
    from lsfs.fuse.mount import umount as unmount
    from lsfs_cli.told import Unmounted

    if not mountpoint:
        mountpoint = str(session.record().mount_info().get("mountpoint", ""))
        if not mountpoint:
            raise NotFound("the drive is not mounted", hint="mount it with: lsfs mount")
    place = Path(mountpoint).expanduser()
    held = mounts.at(place.absolute()) is not None
    if stale and not mounts.is_stale(place):
        session.show(Unmounted(mountpoint, held), "", f"{mountpoint} holds no dead mount")
        return
    if dry_run:
        words = "would be unmounted" if held else "holds no mount"
        session.show(Unmounted(mountpoint, held, dry_run=True), f"{mountpoint} {words}")
        return
    record = None
    with contextlib.suppress(NotInitialised):  # something else is mounted there
        record = find(place, _state(session))
    unmount(place, lazy=lazy)
    if record is not None:
        note(record, "umount", {"mountpoint": str(place.absolute()), "lazy": lazy})
    session.show(Unmounted(mountpoint, False), f"{mountpoint} is unmounted")


@click.command()
@click.argument("source", type=click.Path(readable=False))
@click.argument("mountpoint", type=click.Path(readable=False))
@_transport
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
    from lsfs_cli.told import Unit

    made = units.unit_of(source, mountpoint, transport=transport, state=_state(session), name=name)
    path = units.install(made) if install else None
    commands = ("systemctl --user daemon-reload", f"systemctl --user enable --now {made.file_name}")
    words = made.text.rstrip("\n")
    if path is not None:
        lines = "".join(f"\n  {command}" for command in commands)
        words = f"{path} is written; start it now and at every login with:{lines}"
    session.show(Unit(made.file_name, made.text, str(path) if path else None, commands), words)


@click.command()
@pass_session
def doctor(session: Session) -> None:
    """Look for what keeps lsfs from working, and say what to do.

    \b
    Examples:
      lsfs doctor
    """
    from lsfs_cli.checks import examine
    from lsfs_cli.told import Checks

    findings = examine(session)
    lines = []
    for one in findings:
        lines.append(f"{one.severity.upper() or 'ok':<8} {one.name}: {one.message}")
        lines += [f"{'':<8} fix: {one.fix}"] if one.fix else []
    session.show(Checks(tuple(findings)), "\n".join(lines))
    sys.exit(1 if any(one.severity == "error" for one in findings) else 0)
