"""The file that was meant by a path at which nothing is, for the hint of an error."""

from __future__ import annotations

import os
from collections.abc import Iterable

from lsfs.syscalls.engines import Call

MOST = 200_000  # files of a drive whose names are compared
ALIKE = 80.0  # of 100


def nearest(call: Call, paths: Iterable[str]) -> str:
    """The path of a file that the caller may see and that is called nearly so; "" for none.

    Args:
        call: on the engines that show what its grant shows.
        paths: those that a request names, relative to the drive.
    """
    missing = [one for one in paths if one and not os.path.lexists(call.engines.source / one)]
    if not missing:
        return ""
    catalog = call.engines.catalog
    with catalog.lock:
        rows = catalog.db.execute("SELECT path FROM file LIMIT ?", (MOST + 1,)).fetchall()
    if not rows or len(rows) > MOST:
        return ""
    return _alike(missing[0], [os.fsdecode(raw) for (raw,) in rows])


def _alike(path: str, there: list[str]) -> str:
    """The nearest of some paths: by its name in any folder, else as a whole."""
    from rapidfuzz import fuzz, process

    called = path.rpartition("/")[2].lower()
    names = [one.rpartition("/")[2].lower() for one in there]
    for wanted, known in ((called, names), (path.lower(), [one.lower() for one in there])):
        found = process.extractOne(wanted, known, scorer=fuzz.ratio, score_cutoff=ALIKE)
        if found is not None:
            return there[found[2]]
    return ""
