"""Folders as people name them: in any case, and without what they lie in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lsfs.index.find.folding import fold

if TYPE_CHECKING:
    from lsfs.index.store.catalog import Catalog
    from lsfs.model import QueryPlan

ANYWHERE = "**/"  # before a name: each folder of that name, wherever it lies


def is_folder(catalog: Catalog, path: str) -> bool:
    """Whether files lie below a path, written as it is."""
    raw = os.fsencode(path)
    with catalog.lock:
        return bool(
            catalog.db.execute(
                "SELECT EXISTS (SELECT 1 FROM file WHERE path > ? AND path < ?)",
                (raw + b"/", raw + b"0"),  # '0' is the byte behind '/'
            ).fetchone()[0]
        )


def placed(catalog: Catalog, plan: QueryPlan) -> QueryPlan:
    """A plan with its folders as they are called, and all folders of a name that is none's path."""
    notes = list(plan.notes)
    folder = _found(catalog, plan.dir, notes)
    out = tuple(_found(catalog, name, notes) for name in plan.not_dirs)
    either = tuple(placed(catalog, one) for one in plan.either)
    return replace(plan, dir=folder, not_dirs=out, notes=tuple(notes), either=either)


def _found(catalog: Catalog, name: str, notes: list[str]) -> str:
    if not name or is_folder(catalog, name):
        return name
    there = _of_name(catalog, name)
    if not there:
        return name
    notes += [f"folder {name!r}: {', '.join(map(repr, there))}"]
    return there[0] if len(there) == 1 else f"{ANYWHERE}{name}"


def _of_name(catalog: Catalog, name: str) -> list[str]:
    """The folders whose path ends with a name, in any case."""
    with catalog.lock:
        rows = catalog.db.execute("SELECT path FROM file").fetchall()
    folders: set[bytes] = set()
    for (path,) in rows:
        folder = path.rpartition(b"/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition(b"/")[0]
    asked = f"/{fold(name)}"
    return sorted(
        folder for folder in map(os.fsdecode, folders) if f"/{fold(folder)}".endswith(asked)
    )


def below_any(name: str, path: bytes) -> bool:
    """Whether a path lies in a folder of this name, folded, wherever that folder lies."""
    return f"/{name}/" in f"/{fold(os.fsdecode(path))}"
