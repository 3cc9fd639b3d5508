"""A compressed file: the stream of what it holds, and the document that this is."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from pathlib import PurePosixPath
from typing import Any

from msgspec.structs import replace

from lsfs.model import Document, Status
from lsfs_parsers import detect
from lsfs_parsers.base import HeldSource, Source

STREAM_ERRORS = (
    tarfile.TarError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, OverflowError,
)  # fmt: skip
MAX_HELD = 64 * 1024 * 1024  # bytes that are unpacked to be read
_STEP = 1024 * 1024
_SUFFIXES = {".gz": "", ".bz2": "", ".xz": "", ".zst": "", ".lzma": "", ".svgz": ".svg"}
_READ = (Status.OK, Status.PARTIAL)


def unpacked(stream: io.BufferedReader, media_type: str) -> Any:
    """What can be read from a stream that is compressed in the way that its type says."""
    if media_type == detect.GZIP:
        return gzip.GzipFile(fileobj=stream)
    if media_type == detect.BZIP2:
        return bz2.BZ2File(stream)
    if media_type == detect.XZ:
        return lzma.LZMAFile(stream)
    import zstandard

    return _ZstdErrors(zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True))


def name_within(name: str) -> str:
    """What the one file in a compressed file is called, as far as the latter's name tells."""
    path = PurePosixPath(name)
    within = _SUFFIXES.get(path.suffix.lower())
    return path.name if within is None else path.stem + within


def document(source: Source) -> Document | None:
    """The document that a compressed file holds, with the lines and pages that it has unpacked.

    None where there is none that can be read, where it is larger than 64 MiB, and in a file that
    was itself packed into another: some unpack to themselves for ever.
    """
    if isinstance(source, HeldSource):
        return None
    # Imported here: it knows all parsers, and one of them asks.
    from lsfs_parsers import embed

    data, cut = _held(source)
    if not data or len(data) > MAX_HELD:
        return None
    found = embed.read_held(data, name_within(source.name), source, share=1)
    if found.status not in _READ:
        return None
    # The type stays that of the file: who is told "PDF" would open it as one.
    found = replace(found, media_type=source.media_type)
    return replace(found, status=Status.PARTIAL, reason=cut) if cut else found


def _held(source: Source) -> tuple[bytes, str]:
    """What is unpacked, at most a byte more than may be; and why there is no more, if not all."""
    parts: list[bytes] = []
    left = MAX_HELD + 1
    with source.open() as stream:
        whole = unpacked(stream, source.media_type)
        try:
            # read() of a stream that is cut short would lose what came before.
            while left > 0 and (part := whole.read1(min(left, _STEP))):
                parts.append(part)
                left -= len(part)
        except STREAM_ERRORS as error:
            return b"".join(parts), f"the rest cannot be unpacked: {error}"
    return b"".join(parts), ""


class _ZstdErrors:
    """A zstd stream whose errors are those of a damaged file."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        import zstandard

        try:
            return bytes(self._stream.read(size))
        except zstandard.ZstdError as error:
            raise OSError(str(error)) from error

    read1 = read
