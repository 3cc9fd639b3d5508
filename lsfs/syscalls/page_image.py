"""Pages as they look: what a person who doubts a quote wants to see."""

from __future__ import annotations

import os
from typing import Annotated

from msgspec import Struct

from lsfs import beneath
from lsfs.errors import NotFound, UsageError
from lsfs.syscalls.engines import Call
from lsfs.syscalls.registry import Param, registry
from lsfs.syscalls.within import found, source, told

WIDTH = 1200  # pixels


class PageImageRequest(Struct, frozen=True):
    """Which page of which file, and how large."""

    path: Annotated[str, Param("a PDF or a picture", path=True)]
    page: Annotated[int, Param("from 1")] = 1
    width: Annotated[int, Param("in pixels")] = WIDTH


class PageImage(Struct, frozen=True):
    """A page as a picture, PNG or JPEG."""

    path: str
    page: int
    media_type: str
    data: bytes


@registry.syscall()
def page_image(call: Call, request: PageImageRequest) -> PageImage:
    """Draw a page of a PDF, or a picture; in a process that the file cannot break out of."""
    from lsfs.index.readers.page_picture import page_picture

    if request.page < 1:
        raise UsageError("pages are counted from 1")
    with source(call) as root, told(request.path):
        path = found(call, root, request.path)
        call.engines.tree.fetch(path)
        fd = beneath.open_file(root, os.fsencode(path))
    try:
        limits = call.engines.config.index
        media_type, data = page_picture(
            fd, _media_type(call, path), request.page, request.width, limits
        )
    finally:
        os.close(fd)
    return PageImage(path, request.page, media_type, data)


def _media_type(call: Call, path: str) -> str:
    """What a file is, as it was read last."""
    catalog = call.engines.catalog
    with catalog.lock:
        row = catalog.db.execute(
            "SELECT d.media_type FROM file f JOIN document d ON d.id = f.document_id "
            "WHERE f.path = ?",
            (os.fsencode(path),),
        ).fetchone()
    if row is None:
        raise NotFound(f"{path}: no readable file", hint="lsfs status --problems says why")
    return str(row[0])
