"""What pictures said in an earlier reading, as the parent kept it: notes, one behind the other.

A note is the picture's key in hexadecimal and, as JSON, what the picture says. In the file each
note is compressed (zstd) behind four bytes of its compressed length, big endian. What is cut short,
or has become something else, ends it.
"""

from __future__ import annotations

import os
import struct

KEY = 32  # characters
LONGEST_NOTE = 1024 * 1024  # bytes
MOST = 16 * 1024 * 1024  # bytes of a file; a page of text takes some 10,000

LENGTH = struct.Struct(">I")


def note(key: str, said: bytes) -> bytes:
    """What is sent to the parent."""
    return key.encode("ascii") + said


def notes_in(fd: int) -> dict[str, bytes]:
    """What the pictures said, by their keys, in an open file of notes."""
    import zstandard

    found: dict[str, bytes] = {}
    unpack = zstandard.ZstdDecompressor()
    data = os.pread(fd, MOST, 0)
    at = 0
    while at + LENGTH.size <= len(data):
        (length,) = LENGTH.unpack_from(data, at)
        at += LENGTH.size
        packed, at = data[at : at + length], at + length
        try:
            one = unpack.decompress(packed, max_output_size=LONGEST_NOTE)
        except zstandard.ZstdError:
            break
        found[one[:KEY].decode("ascii", "replace")] = one[KEY:]
    return found
