"""Commands about shared libraries: a folder into one, whether it is well, its upkeep."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lsfs_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsfs.index.library.told import Compacted, LibraryReport
    from lsfs.syscalls.bulk import Put

pass_session = click.make_pass_decorator(Session, ensure=True)


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    for command in (check, compact):
        command.params += common
    return {"library": library}


@click.group()
def library() -> None:
    """Look after a shared library, which ``lsfs index FOLDER --library URI`` makes.

    \b
    Examples:
      lsfs library check s3://bucket/library
      lsfs library compact s3://bucket/library
    """


def put(session: Session, folder: str, options: dict[str, Any]) -> None:
    """Put a folder into a library, and say what was done."""
    from lsfs.syscalls import bulk
    from lsfs_cli.progress import ProgressBar

    order = bulk.Order(
        Path(folder),
        options["library"],
        options["name"] or "",
        options["engine"] or "local",
        options["address"] or "",
        options["replace"],
    )
    with ProgressBar(not (session.quiet or session.json)) as bar:
        done = bulk.put(order, progress=_shown(bar.event))
    left = done.ingested.left
    note = f"{left:,} files changed meanwhile: run it again to take them in" if left else ""
    session.show(done, _put_words(done, order.uri), note)


def _shown(event: Callable[[dict[str, Any]], None]) -> Callable[[str, int, int], None]:
    return lambda stage, done, total: event({"stage": stage, "done": done, "total": total})


def _put_words(done: Put, uri: str) -> str:
    one = done.ingested
    if not (one.read or one.removed):
        return f"{uri} has all of {one.source}: {one.files:,} files"
    words = (
        f"{uri} has {one.source}: {one.files:,} files, of which {one.read:,} were read "
        f"({one.size / 1e6:,.1f} MB) and {one.added:,} contents added"
    )
    return f"{words}; {one.removed:,} are gone" if one.removed else words


@library.command()
@click.argument("uri")
@click.option("--deep", is_flag=True, help="read the bytes of all files, too")
@click.option("--repair", is_flag=True, help="mend what is wrong; nothing is lost by it")
@click.option("--dry-run", is_flag=True, help="say what --repair would do, and do nothing")
@pass_session
def check(session: Session, uri: str, deep: bool, repair: bool, dry_run: bool) -> None:
    """Look whether the tables of a library agree with each other and with the bytes of its files.

    With --repair rows that are there twice are there once, what cannot be true goes, indexes are
    made anew, and the files that this is about are marked: put their folders into the library
    again, and they are read again. The exit code is 1 when something is wrong and was not mended.

    \b
    Examples:
      lsfs library check s3://bucket/library
      lsfs library check s3://bucket/library --deep --json
      lsfs library check s3://bucket/library --repair --dry-run
    """
    from lsfs.syscalls import bulk
    from lsfs_cli.progress import ProgressBar

    if dry_run and not repair:
        raise click.UsageError("--dry-run goes with --repair")
    look = bulk.repair if repair and not dry_run else bulk.check
    with ProgressBar(not (session.quiet or session.json)) as bar:
        found = look(uri, deep=deep, progress=_shown(bar.event))
    lines = _check_lines(found, planned=dry_run or look is bulk.repair)
    session.show(found, "\n".join(lines), _check_note(found, repair=repair))
    sys.exit(0 if all(problem.is_mended for problem in found.problems) else 1)


def _check_lines(found: LibraryReport, *, planned: bool) -> list[str]:
    lines = [
        f"{found.uri}: {found.files:,} files, {found.documents:,} documents, "
        f"{found.passages:,} passages, {found.contents:,} contents of {found.size / 1e6:,.1f} MB"
    ]
    if any(found.unneeded):
        documents, objects = found.unneeded
        lines.append(f"no file has {documents:,} documents and {objects:,} contents")
    for problem in found.problems:
        lines.append(f"{problem.kind}: {problem.count:,}, as {', '.join(problem.examples[:3])}")
        if planned:
            lines.append(f"  {'mended' if problem.is_mended else 'mending'}: {problem.mending}")
    return lines if found.problems else [*lines, "all is well"]


def _check_note(found: LibraryReport, *, repair: bool) -> str:
    """What is to be done next."""
    if found.marked:
        return (
            f"{found.marked:,} files are marked; to have them read again: lsfs index FOLDER "
            f"--library {found.uri}, for {', '.join(found.sources)}"
        )
    if found.problems and not repair:
        return f"mend it with: lsfs library check {found.uri} --repair"
    return ""


@library.command()
@click.argument("uri")
@click.option("--keep-hours", type=float, default=24.0, show_default=True, metavar="N",
              help="how long what readers may still look at stays")  # fmt: skip
@pass_session
def compact(session: Session, uri: str, keep_hours: float) -> None:
    """Collect what no file has any more, join small fragments, and bring the indexes up to date.

    Writers wait with their commits meanwhile, readers do not notice. After a long run,
    lsfs index --library does it by itself.

    \b
    Examples:
      lsfs library compact s3://bucket/library
      lsfs library compact s3://bucket/library --keep-hours 1
    """
    from lsfs.syscalls import bulk
    from lsfs_cli.progress import ProgressBar

    if keep_hours < 0:
        raise click.UsageError("--keep-hours is a length of time")
    with ProgressBar(not (session.quiet or session.json)) as bar:
        done = bulk.compact(uri, kept_seconds=keep_hours * 3600, progress=_shown(bar.event))
    session.show(done, _compact_words(done, uri))


def _compact_words(done: Compacted, uri: str) -> str:
    before, after = done.fragments
    return (
        f"{uri}: {before:,} fragments are {after:,}; {done.documents:,} documents and "
        f"{done.objects:,} contents that no file has are gone ({done.seconds:.1f} s)"
    )
