"""What has changed since the file of codes was made: a short log beside it, read with it.

The file of codes is large and is made anew rarely. Without the log, a process that starts after a
small change would have to load LanceDB to learn of it. The log is good for one file of codes and
one state of the table; one that is torn, or of another state, is not used.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3
from msgspec import Struct

from lsfs.index.meaning.codes import Codes, Ids, words

MAGIC = b"lsfs recent 1\n"
_HEAD = struct.Struct(">Q16s")  # bytes of a record, and the beginning of their BLAKE3


class Change(Struct, frozen=True):
    """One step: vectors that went, then vectors that came, and the state of the table after it."""

    state: str
    gone: Ids
    new: Codes


def begin(path: Path, made_from: str) -> None:
    """Start a log for the file of codes that was made from a state of the table."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(MAGIC + _framed(made_from.encode()))


def append(path: Path, change: Change) -> None:
    """Write a step down behind the others."""
    head = {"state": change.state, "gone": len(change.gone), "new": len(change.new)}
    arrays = (
        change.gone, change.new.ids, np.ascontiguousarray(change.new.signs), change.new.scales,
        change.new.codes,
    )  # fmt: skip
    body = json.dumps(head).encode() + b"\n" + b"".join(array.tobytes() for array in arrays)
    with path.open("ab") as file:
        file.write(_framed(body))


def read(path: Path, made_from: str, dimension: int) -> list[Change]:
    """The steps since the codes were made; none when there are none or they are not whole.

    Args:
        made_from: what the file of codes was made from.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    records = _records(data.removeprefix(MAGIC)) if data.startswith(MAGIC) else iter(())
    if next(records, None) != made_from.encode():
        return []
    return [_change(body, dimension) for body in records]


def _framed(body: bytes) -> bytes:
    return _HEAD.pack(len(body), blake3(body).digest(length=16)) + body


def _records(data: bytes) -> Iterator[bytes]:
    """The records of a log up to the first that is not whole."""
    at = 0
    while at + _HEAD.size <= len(data):
        length, digest = _HEAD.unpack_from(data, at)
        body = data[at + _HEAD.size : at + _HEAD.size + length]
        if len(body) < length or blake3(body).digest(length=16) != digest:
            return
        yield body
        at += _HEAD.size + length


def _change(body: bytes, dimension: int) -> Change:
    line, _, rest = body.partition(b"\n")
    head = json.loads(line)
    n = int(head["new"])
    shapes = (
        (np.int64, (int(head["gone"]),)), (np.int64, (n,)), (np.uint64, (words(dimension), n)),
        (np.float32, (n,)), (np.int8, (n, dimension)),
    )  # fmt: skip
    arrays: list[Any] = []
    for kind, shape in shapes:
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        arrays.append(np.frombuffer(rest[:size], kind).reshape(shape))
        rest = rest[size:]
    gone, ids, signs, scales, codes = arrays
    return Change(head["state"], gone, Codes(ids, scales, codes, signs, np.ones(n, np.bool_)))
