"""Archives: a table of what is in them. A compressed file is read as the document that it holds."""

from __future__ import annotations

import struct
import tarfile
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import IO, Any, cast

from msgspec import Struct

from lsfs.errors import ParseError, UnsupportedFormat
from lsfs.model import Document, Status
from lsfs_parsers import archive, compressed, detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import BETWEEN_CELLS, Builder, Facts, Grid, Piece, one_line
from lsfs_parsers.dates import day
from lsfs_parsers.encoding import decode
from lsfs_parsers.versions import VERSIONS

MAX_MEMBERS = 10_000  # listed; an archive may have more
MAX_READ = 512 * 1024 * 1024  # bytes of a compressed tar that are gone through for its names

_BLOCK = 512
_HEADER = ("Name", "Bytes", "Modified")
_UTF8_NAME = 0x800  # flag of a zip member, APPNOTE.TXT 4.4.4
_ENCRYPTED = 0x1


class _Member(Struct, frozen=True):
    name: str
    size: int | None
    modified: str


_UNSET = "1980-01-01"  # what zip and reproducible tar files write for no date


class _EnoughRead(Exception):
    pass


class ArchiveParser:
    """Lists zip and tar archives, and reads what a compressed file holds."""

    name = "archive"
    version = VERSIONS["archive"]
    media_types = (
        detect.ZIP, detect.JAR, detect.TAR, detect.GZIP, detect.BZIP2, detect.XZ, detect.ZSTD,
    )  # fmt: skip

    def parse(self, source: Source) -> Document:
        """The members of ``source`` as a table of names, sizes in bytes and dates.

        Of a compressed file that is no tar archive the document that it holds, if that can be read.

        Raises:
            TooLarge: its directory is over the limits.
            ParseError: it is damaged, so that nothing can be listed.
        """
        if source.media_type in _COMPRESSED and not _holds_tar(source):
            held = compressed.document(source)
            if held is not None:
                return held
        builder = Builder(source, self.name, self.version, line_unit="row", heading_is_title=False)
        listing = _Listing(source, builder)
        members = listing.zipped() if source.media_type in _ZIPPED else listing.streamed()
        _add_table(members, builder)
        facts = Facts(title=_common_folder(members), created=_newest(members))
        if listing.cut:
            return builder.build(facts, status=Status.PARTIAL, reason=listing.cut)
        return builder.build(facts)


_ZIPPED = (detect.ZIP, detect.JAR)
_COMPRESSED = (detect.GZIP, detect.BZIP2, detect.XZ, detect.ZSTD)


def _holds_tar(source: Source) -> bool:
    with source.open() as stream, suppress(*compressed.STREAM_ERRORS):
        return _is_tar(compressed.unpacked(stream, source.media_type).read(_BLOCK))
    return False


class _Listing:
    """Reads the names in one archive.

    Attributes:
        cut: why not all members are listed; "" when they are.
    """

    def __init__(self, source: Source, builder: Builder) -> None:
        self._source = source
        self._builder = builder
        self.cut = ""

    def zipped(self) -> list[_Member]:
        with archive.directory(self._source) as opened:
            entries = opened.infolist()
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            self._builder.warn("its members need a password")
        if len(entries) > MAX_MEMBERS:
            self.cut = f"only the first {MAX_MEMBERS:,} of {len(entries):,} members are listed"
        entries = entries[:MAX_MEMBERS]
        names = _zip_names(entries)
        return [
            _Member(name, None if name.endswith("/") else entry.file_size, _zip_day(entry))
            for name, entry in zip(names, entries, strict=True)
        ]

    def streamed(self) -> list[_Member]:
        """The members of a tar archive, compressed or not, or what a compressed file holds."""
        with self._source.open() as stream:
            if self._source.media_type == detect.TAR:
                return self._tar(stream, seekable=True)
            unpacked = _Limited(compressed.unpacked(stream, self._source.media_type))
            try:
                head = unpacked.peek_block()
            except compressed.STREAM_ERRORS as error:
                raise ParseError(f"it cannot be unpacked: {error}") from error
            if not _is_tar(head):
                return [_single(self._source)]
            return self._tar(unpacked, seekable=False)

    def _tar(self, stream: IO[bytes] | _Limited, *, seekable: bool) -> list[_Member]:
        found: list[_Member] = []
        try:
            with tarfile.open(
                fileobj=cast(IO[bytes], stream), mode="r:" if seekable else "r|", encoding="utf-8"
            ) as opened:
                for entry in opened:
                    found.append(_tar_member(entry))
                    end = entry.offset_data + entry.size
                    if seekable and entry.isfile() and end > self._source.size:
                        self.cut = "the archive is cut short"
                    if self._is_enough(len(found)):
                        break
        except _EnoughRead:
            self.cut = f"only the first {MAX_READ // 2**20} MiB were looked through"
        except compressed.STREAM_ERRORS as error:
            if not found:
                raise ParseError(f"the archive is damaged: {error}") from error
            self.cut = f"the archive is damaged behind the last member that is listed: {error}"
        return _with_names_decoded(found)

    def _is_enough(self, count: int) -> bool:
        if count >= MAX_MEMBERS:
            self.cut = f"only the first {MAX_MEMBERS:,} members are listed"
        elif self._source.seconds_left() < 2:
            self.cut = "for want of time, not all members are listed"
        return bool(self.cut)


class _Limited:
    """A stream of unpacked bytes that ends with an error when too many were asked for."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._head = b""
        self._left = MAX_READ

    def peek_block(self) -> bytes:
        self._head = self._stream.read(_BLOCK)
        return self._head

    def read(self, size: int) -> bytes:
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        self._left -= size
        if self._left < 0:
            raise _EnoughRead
        return bytes(self._stream.read(size))


def _is_tar(block: bytes) -> bool:
    with suppress(*compressed.STREAM_ERRORS):
        return bool(tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape").name)
    return False


def _single(source: Source) -> _Member:
    """The one file in a compressed file, as far as its head and name tell."""
    size, modified = None, ""
    if source.media_type == detect.GZIP:
        seconds = int.from_bytes(source.read(4, 4), "little")
        modified = _day(seconds) if seconds else ""
        if source.size < 2**31:  # the size is kept modulo 2**32, of the last part (RFC 1952)
            (size,) = struct.unpack("<I", source.read(4, source.size - 4).rjust(4, b"\0"))
    return _Member(compressed.name_within(source.name), size, modified)


def _tar_member(entry: tarfile.TarInfo) -> _Member:
    name = entry.name + "/" * entry.isdir()
    if entry.issym() or entry.islnk():
        name = f"{name} -> {entry.linkname}"
    return _Member(name, entry.size if entry.isfile() else None, _day(int(entry.mtime)))


def _day(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _zip_day(entry: zipfile.ZipInfo) -> str:
    try:
        return datetime(*entry.date_time, tzinfo=UTC).date().isoformat()
    except ValueError:
        return ""


def _zip_names(entries: list[zipfile.ZipInfo]) -> list[str]:
    """The names; those that do not say that they are UTF-8 in the encoding that fits them all."""
    unsure = [n for n, entry in enumerate(entries) if not entry.flag_bits & _UTF8_NAME]
    names = [entry.filename for entry in entries]
    raw = [names[n].encode("cp437", "replace") for n in unsure]  # as zipfile decoded them
    for n, name in zip(unsure, _decoded(raw), strict=True):
        names[n] = name
    return names


def _with_names_decoded(members: list[_Member]) -> list[_Member]:
    names = _decoded([one.name.encode("utf-8", "surrogateescape") for one in members])
    return [_Member(name, one.size, one.modified) for name, one in zip(names, members, strict=True)]


def _decoded(names: list[bytes]) -> list[str]:
    """Names in one encoding, which all together tell better than each alone."""
    try:
        text = decode(b"\n".join(name.replace(b"\n", b" ") for name in names)).text
    except UnsupportedFormat:
        text = ""
    parts = text.split("\n")
    if len(parts) == len(names):
        return parts
    return [name.decode("latin-1") for name in names]


def _add_table(members: list[_Member], builder: Builder) -> None:
    rows, pieces = [list(_HEADER)], [Piece(BETWEEN_CELLS.join(_HEADER))]
    lines: list[int | None] = [None]
    for number, member in enumerate(members, start=1):
        size = "" if member.size is None else str(member.size)
        row = [one_line(member.name), size, member.modified]
        rows.append(row)
        pieces.append(Piece(BETWEEN_CELLS.join(cell for cell in row if cell), number))
        lines.append(number)
    if members:
        builder.add_table(rows, pieces=pieces, lines=lines, grid=Grid(1))


def _newest(members: list[_Member]) -> date | None:
    """The day of the newest member, from which on the archive can exist."""
    return day(max((one.modified for one in members if one.modified > _UNSET), default=""))


def _common_folder(members: list[_Member]) -> str:
    """The folder that all members are in, which often names the whole."""
    folders = {member.name.removeprefix("./").partition("/")[0] for member in members}
    has_folder = all("/" in member.name.removeprefix("./") for member in members)
    return folders.pop() if len(folders) == 1 and has_folder else ""
