"""Opens zip-based documents after their directory was found harmless."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from lsfs.errors import Encrypted, ParseError, TooLarge
from lsfs_parsers.base import Source

MAX_UNPACKED = 512 * 1024 * 1024
MAX_RATIO = 100
RATIO_FROM = 1024 * 1024  # below this size a high ratio harms nobody
MAX_ENTRIES = 10_000

_END = struct.Struct("<4s4H2LH")  # end of central directory record, APPNOTE.TXT 4.3.16
_END_SIGNATURE = b"PK\x05\x06"
_END_SEARCH = 65_535 + _END.size  # the record is followed by a comment of at most 64 KiB
_MAX_DIRECTORY = MAX_ENTRIES * 512
_IN_ZIP64 = 0xFFFFFFFF
_ENCRYPTED_FLAG = 0x1
_DAMAGED = (
    zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip


@contextmanager
def opened(source: Source) -> Iterator[zipfile.ZipFile]:
    """The zip archive in ``source``.

    Sizes in the directory may lie; ``zipfile`` hands out no more than the size that it was told, so
    what was checked here bounds what is read from it.

    Raises:
        TooLarge: it would unpack to more than a document can be.
        Encrypted: its members need a password.
        ParseError: it is no whole zip archive.
    """
    with directory(source) as archive:
        check_limits(archive.infolist())
        yield archive


@contextmanager
def directory(source: Source) -> Iterator[zipfile.ZipFile]:
    """The zip archive in ``source``, to look at its directory: its members may be of any size.

    Raises:
        TooLarge: the directory is too long.
        ParseError: it is no whole zip archive.
    """
    _check_directory_size(source)
    with source.open() as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise ParseError(f"the archive is damaged: {error}") from error
        with archive:
            yield archive


def beginning(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    """At most ``size`` bytes of a member; b"" when there is none or it cannot be unpacked."""
    try:
        with archive.open(name) as member:
            return member.read(size)
    except (KeyError, RuntimeError, *_DAMAGED):  # RuntimeError: it needs a password
        return b""


def check_limits(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive by what its directory says.

    Raises:
        TooLarge, Encrypted: see :func:`opened`.
    """
    if len(entries) > MAX_ENTRIES:
        raise TooLarge(f"the archive has {len(entries):,} members, more than {MAX_ENTRIES:,}")
    total = sum(entry.file_size for entry in entries)
    if total > MAX_UNPACKED:
        raise TooLarge(
            f"the archive would unpack to {total / 2**20:,.0f} MiB,"
            f" more than {MAX_UNPACKED / 2**20:,.0f}"
        )
    for entry in entries:
        if entry.file_size > RATIO_FROM and entry.file_size > MAX_RATIO * entry.compress_size:
            raise TooLarge(f"a member unpacks to more than {MAX_RATIO} times its size")
    if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
        raise Encrypted("the archive needs a password")


def member(archive: zipfile.ZipFile, name: str) -> bytes | None:
    """The content of a member, or None when there is none of that name.

    Raises:
        ParseError: it cannot be unpacked.
    """
    try:
        return archive.read(name)
    except KeyError:
        return None
    except _DAMAGED as error:
        raise ParseError(f"{name} cannot be unpacked: {error}") from error


def _check_directory_size(source: Source) -> None:
    """Refuse a huge directory before ``zipfile`` makes an object of each of its entries."""
    start = max(0, source.size - _END_SEARCH)
    tail = source.read(offset=start)
    at = tail.rfind(_END_SIGNATURE)
    if at < 0 or len(tail) - at < _END.size:
        raise ParseError("the archive is cut short: its directory is missing")
    size = _END.unpack_from(tail, at)[5]
    if size != _IN_ZIP64 and size > _MAX_DIRECTORY:
        raise TooLarge(f"the archive's directory has {size / 2**20:,.0f} MiB")
