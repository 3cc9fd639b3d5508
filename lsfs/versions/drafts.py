"""Names of files that lsfs writes before they take another's place."""

from __future__ import annotations

import re
import secrets

# Then come the id of the version that the file has the content of, and something unique.
PREFIX = ".lsfs-restore-"
_DRAFT = re.compile(rb"\.lsfs-restore-(\d+)-[0-9a-f]{8}\Z")


def named(version: int) -> bytes:
    """A new name for a file with the content of a version, by the id of its row."""
    return f"{PREFIX}{version}-{secrets.token_hex(4)}".encode("ascii")


def is_draft(path: bytes) -> bool:
    """Whether a path has such a name."""
    return _DRAFT.match(path.rpartition(b"/")[2]) is not None


def origin_of(path: bytes) -> int | None:
    """The version that a name written by lsfs has the content of; None for other names."""
    found = _DRAFT.match(path.rpartition(b"/")[2])
    return int(found[1]) if found else None
