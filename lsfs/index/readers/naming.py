"""What of a file's name its reading rests on, so that equal bytes share a document where they may.

Most formats are told by their bytes. Text is told by its name: the same lines are a table in
``a.csv`` and prose in ``a.txt``. What a compressed file holds is called after the file.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath

_COMPRESSED = ("gzip", "bzip2", "x-xz", "zstd")
# Told by their first bytes or their parts, whatever they are called.
_BY_CONTENT = ("application/pdf", "application/vnd.", "application/epub", "application/rtf")


def named(media_type: str, path: str) -> str:
    """What of the name of a file of this type its reading rested on; "" where the bytes say it all.

    Args:
        media_type: of the document.
        path: of the file.
    """
    name = PurePosixPath(path).name
    if media_type.endswith(_COMPRESSED):
        return _text(name)
    if media_type.startswith(_BY_CONTENT):
        return ""
    if media_type.startswith("image/") and media_type != "image/svg+xml":
        return ""
    lower = PurePosixPath(name.lower())
    return _text(lower.suffix or lower.name.lstrip("."))


def _text(name: str) -> str:
    """A name that is not UTF-8 as text that SQLite takes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
