"""What the store of old contents gives back."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Put(Struct, frozen=True):
    """A stored content.

    Attributes:
        digest: BLAKE3 of the bytes (32 bytes).
        size: how many bytes were read and stored.
        cuts: digests of the prefixes that were asked for, in their order.
    """

    digest: bytes
    size: int
    cuts: tuple[bytes, ...] = ()


class Swept(Struct, frozen=True):
    """What a sweep removed: contents, and the bytes that the disk got back."""

    objects: int
    bytes: int


class Usage(Struct, frozen=True):
    """How much is stored.

    Attributes:
        contents: how many contents.
        chunks: how many distinct chunks they consist of.
        bytes_on_disk: lengths of all files of the store, added.
        bytes_of_contents: lengths of all contents, added.
    """

    contents: int
    chunks: int
    bytes_on_disk: int
    bytes_of_contents: int


class DamageKind(StrEnum):
    """What can be wrong with a store."""

    INDEX = "index"  # lost, or no database any more; the packs have everything
    PACK_MISSING = "pack_missing"
    PACK_TRUNCATED = "pack_truncated"
    RECORD = "record"  # a row of the index without its record, or with one that is not whole
    INCOMPLETE = "incomplete"  # a content one of whose chunks is nowhere
    UNINDEXED = "unindexed"  # records that the index does not know, as a crash leaves them
    LEFTOVER = "leftover"  # a file that a crash left half made


class Damage(Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        kind: which.
        where: the file, and the byte in it when it is one record.
        detail: what was found, for a person.
        contents: digests of the contents that cannot be read because of it; all others can.
        repaired: whether the store is whole again, without those contents.
    """

    kind: DamageKind
    where: str
    detail: str
    contents: tuple[bytes, ...] = ()
    repaired: bool = False
