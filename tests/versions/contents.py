"""Contents for the tests of the store: text that compresses, edits of it, noise, holes."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile

from lsfs.versions.objects import ObjectStore, Put

WORDS = [b"%x" % (number * 2654435761 % 4294967291) for number in range(3000)]


def text(size: int, seed: int = 1) -> bytes:
    """Words, the same ones for the same seed."""
    chance = random.Random(seed)
    return b" ".join(chance.choices(WORDS, k=size // 8 + 1))[:size]


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that cannot be compressed."""
    return random.Random(seed).randbytes(size)


def edited(data: bytes, seed: int) -> bytes:
    """A few words put in or taken out somewhere."""
    chance = random.Random(seed)
    place = chance.randrange(len(data) + 1)
    if chance.random() < 0.3:
        return data[:place] + data[place + chance.randrange(200) :]
    return data[:place] + text(chance.randrange(1, 300), seed) + data[place:]


def put(
    store: ObjectStore, data: bytes, *, like: bytes | None = None, cuts: tuple[int, ...] = ()
) -> Put:
    """Put by way of a file."""
    with TemporaryFile() as file:
        file.write(data)
        file.flush()
        return store.put(file.fileno(), like=like, cuts=cuts)


def flip(path: Path, offset: int) -> None:
    """Change one bit."""
    with path.open("r+b") as file:
        byte = os.pread(file.fileno(), 1, offset)
        os.pwrite(file.fileno(), bytes([byte[0] ^ 4]), offset)


def packs(root: Path) -> list[Path]:
    """The pack files of a store."""
    return sorted((root / "packs").glob("*.pack"))


Make = Callable[[], ObjectStore]
