"""Documents for tests of comparison, read from files by the parsers in this process."""

from __future__ import annotations

import tempfile
from functools import cache

from msgspec.structs import replace

from lsfs.model import Document, Status
from lsfs_parsers.base import Source
from lsfs_parsers.detect import EMPTY, Detector
from lsfs_parsers.registry import Registry


@cache
def _parts() -> tuple[Detector, Registry]:
    return Detector(), Registry()


def read(data: bytes | str, name: str = "file.md") -> Document:
    """What the parsers make of a file."""
    content = data.encode() if isinstance(data, str) else data
    detector, registry = _parts()
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        source = Source(file.fileno(), name, len(content))
        source = replace(source, media_type=detector.media_type(source))
        if source.media_type == EMPTY:
            return Document(EMPTY, "detect", 1, Status.EMPTY)
        parser = registry.find(source.media_type)
        assert parser is not None, source.media_type
        return parser.parse(source)
