"""BLAKE3 of contents, by which the index and the versions know them."""

from __future__ import annotations

import os
from collections.abc import Callable

from blake3 import blake3

BLOCK = 4 << 20


def of(read: Callable[[int, int], bytes]) -> bytes:
    """Digest (32 bytes) of what ``read(offset, size)`` gives from 0 on, until it gives nothing."""
    hasher = blake3()
    offset = 0
    while block := read(offset, BLOCK):
        hasher.update(block)
        offset += len(block)
    return hasher.digest()


def of_file(fd: int) -> bytes:
    """Digest of all that an open file holds; its position is left as it is."""
    return of(lambda offset, size: os.pread(fd, size, offset))
