"""How the bytes of a record are written down: as they are, compressed, or as a delta to others."""

from __future__ import annotations

import threading
from typing import Any

import zstandard
from msgspec import Struct

from lsfs.versions.objects.records import DIGEST_BYTES, BrokenRecord, Way

LEVEL = 3
_WORTH = 0.97  # compressed bytes that are more than this share of the plain ones are not kept
_DELTA_WORTH = 0.5  # a delta is kept when it is at most this share of the bytes without it
_SURELY = 1 / 16  # a delta this small need not be compared


class Base(Struct, frozen=True):
    """A record that others may be deltas to: its digest, and its bytes decoded."""

    digest: bytes
    data: bytes


class _Contexts(threading.local):
    """zstd's working memory, which takes longer to set up than a small chunk to compress."""

    def __init__(self) -> None:
        self.compressor: Any = zstandard.ZstdCompressor(
            level=LEVEL, write_content_size=False, write_checksum=False
        )
        self.decompressor: Any = zstandard.ZstdDecompressor()


class Coder:
    """Encodes and decodes; any number of threads may use it."""

    def __init__(self) -> None:
        self._contexts = _Contexts()

    def encode(self, data: bytes | memoryview, base: Base | None) -> tuple[Way, list[bytes]]:
        """The shortest of the three ways, and the body of the record."""
        if base is None:
            way, body = self._alone(data)
            return way, [body]
        delta = self._delta(data, base)
        if len(delta) <= len(data) * _SURELY:
            return Way.DELTA, [base.digest, delta]
        way, body = self._alone(data)
        if len(delta) + DIGEST_BYTES <= _DELTA_WORTH * len(body):
            return Way.DELTA, [base.digest, delta]
        return way, [body]

    def _alone(self, data: bytes | memoryview) -> tuple[Way, bytes]:
        compressed: bytes = self._contexts.compressor.compress(data)
        if len(compressed) <= _WORTH * len(data):
            return Way.ZSTD, compressed
        return Way.RAW, bytes(data)

    def _delta(self, data: bytes | memoryview, base: Base) -> bytes:
        compressor = zstandard.ZstdCompressor(
            level=LEVEL, dict_data=_dictionary(base.data), write_content_size=False,
            write_checksum=False, write_dict_id=False,
        )  # fmt: skip
        return compressor.compress(data)

    def decode(self, way: Way, body: memoryview, raw: int, base: bytes | None) -> bytes:
        """The bytes of a record.

        Args:
            body: without the digest of the base.
            raw: how many bytes they are.
            base: the bytes of the base, decoded; only of a delta.

        Raises:
            BrokenRecord: they cannot be decoded.
        """
        if way is Way.RAW:
            return bytes(body)
        decompressor = self._contexts.decompressor
        if base is not None:
            decompressor = zstandard.ZstdDecompressor(dict_data=_dictionary(base))
        try:
            data: bytes = decompressor.decompress(body, max_output_size=max(raw, 1))
        except zstandard.ZstdError as error:
            raise BrokenRecord(str(error)) from error
        return data


def _dictionary(data: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
