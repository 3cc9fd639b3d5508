"""The command ``map``: the drive as a picture."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lsfs_cli.session import Session

if TYPE_CHECKING:
    from lsfs.syscalls.map import DriveMap

FORMATS = (".png", ".svg", ".html")


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module by name."""
    map_.params += common
    return {"map": map_}


@click.command(name="map")
@click.option("-o", "--output", default="", metavar="FILE", help="a .png, .svg or .html file")
@click.option("--dir", "dir_", default="", help="only below this folder of the drive")
@click.option("--query", default="", help="only files that this question asks for")
@click.option("-k", default=0, help="so many topics; without, the files decide")
@click.option("--wait", is_flag=True, help="first wait until the index is up to date")
@click.pass_obj
def map_(session: Session, output: str, dir_: str, query: str, k: int, wait: bool) -> None:
    """Draw the files as a map: what is alike lies close together, in the colour of its topic.

    With --json the places are printed; x and y lie between -1 and 1.

    \b
    Examples:
      lsfs map -o map.html
      lsfs map -o contracts.png --query "contracts from 2023"
      lsfs map --json
    """
    from lsfs import codec
    from lsfs.errors import UsageError
    from lsfs_cli.progress import ProgressBar

    target = Path(output) if output else None
    if target is not None and target.suffix.lower() not in FORMATS:
        raise UsageError(f"no such picture: {output!r}", hint=f"use one of: {', '.join(FORMATS)}")
    if target is None and not session.json:
        raise UsageError("where should the map go?", hint="for example: lsfs map -o map.html")
    with ProgressBar(not (session.quiet or session.json)) as bar, session.open(bar.event) as drive:
        found = drive.map_files(dir=dir_, query=query, k=k, wait=wait)
        name = dir_ or drive.source.name
    if target is not None and found.points:
        target.write_bytes(drawn(found, name, target.suffix.lower()))
    if session.json:
        session.print_json(codec.to_builtins(found))
    else:
        for note in found.notes:
            session.note(note)
        if found.points:
            session.note(f"{output}: {len(found.points)} files in {len(found.topics)} topics")
    sys.exit(0 if found.points else 1)


def drawn(found: DriveMap, name: str, format_: str) -> bytes:
    """A map as a file of one of :data:`FORMATS`."""
    from lsfs.web import map_scene
    from lsfs_cli import map_png, map_svg

    png = format_ == ".png"
    scene = map_scene.scene(found, name, map_png.measure if png else map_svg.measure)
    draw: Callable[[map_scene.Scene], bytes] = map_png.draw if png else map_svg.draw
    return map_svg.page(scene) if format_ == ".html" else draw(scene)
