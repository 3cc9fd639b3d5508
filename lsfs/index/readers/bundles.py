"""Small files that are read together: to hand each over to another thread costs as much as a page.

A bundle is taken in when all its files are read, so only files that are read in no time are put
into one; what may be a scan, or be slow for other reasons, is read by itself and holds up nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lsfs.index.store.rows import FileRow, suffix_of

FILES = 8  # in one bundle
BYTES = 256 * 1024  # of all its files together
OPEN = 512  # files of all bundles that are begun: each is an open descriptor, of about 1,000
# Pages that are pictures, archives and office documents may take seconds each.
SLOW = frozenset({
    "pdf", "png", "jpg", "jpeg", "tif", "tiff", "gif", "webp", "bmp", "heic", "epub", "zip", "gz",
    "tar", "tgz", "bz2", "xz", "zst", "7z", "docx", "docm", "doc", "xlsx", "xlsm", "xlsb", "xls",
    "pptx", "pptm", "ppt", "odt", "ods", "odp", "odg", "rtf", "eml", "mbox", "msg",
})  # fmt: skip


def bundles(rows: Iterable[FileRow], begun: int) -> Iterator[list[FileRow]]:
    """Files in their order, several at once where they are small.

    Args:
        begun: how many bundles are read, or wait to be taken in, at once.
    """
    most = max(1, min(FILES, OPEN // begun))
    bundle: list[FileRow] = []
    size = 0
    for row in rows:
        weight = BYTES if suffix_of(row.path) in SLOW else row.identity.size
        if bundle and (len(bundle) == most or size + weight > BYTES):
            yield bundle
            bundle, size = [], 0
        bundle.append(row)
        size += weight
    if bundle:
        yield bundle


def weight(bundle: Sequence[FileRow]) -> int:
    """Bytes of all files of a bundle."""
    return sum(row.identity.size for row in bundle)
