"""Files made for a test, read with a parser in this process or in the sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from lsfs.config import IndexConfig
from lsfs.index.readers.sandbox import Sandbox, inconsistency
from lsfs.model import Document
from lsfs_parsers import detect
from lsfs_parsers.base import MAX_CHARS, Source
from lsfs_parsers.builder import broken_promise
from lsfs_parsers.detect import Detector
from lsfs_parsers.registry import Registry
from lsfs_parsers.versions import VERSIONS

Reader = Callable[..., Document]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry()


@pytest.fixture(scope="session")
def detector() -> Detector:
    return Detector()


@pytest.fixture
def source(tmp_path: Path, detector: Detector) -> Iterator[Callable[..., Source]]:
    """Makes a file of some bytes and opens it as a parser's source."""
    opened: list[int] = []

    def make(data: bytes, name: str = "file", *, max_chars: int = MAX_CHARS) -> Source:
        path = tmp_path / f"source{len(opened)}"
        path.write_bytes(data)
        opened.append(os.open(path, os.O_RDONLY))
        plain = Source(opened[-1], name, len(data), max_chars=max_chars)
        return replace(plain, media_type=detector.media_type(plain))

    yield make
    for fd in opened:
        os.close(fd)


@pytest.fixture
def read(source: Callable[..., Source], registry: Registry) -> Reader:
    """Parses some bytes in this process; checks every promise about the document."""

    def parse(data: bytes, name: str = "file", *, max_chars: int = MAX_CHARS) -> Document:
        file = source(data, name, max_chars=max_chars)
        parser = registry.find(file.media_type)
        assert parser is not None, file.media_type
        document = parser.parse(file)
        assert broken_promise(document) == ""
        assert inconsistency(document) == ""
        # What leaves the child is checked against the types of the model, which bool is not int of.
        assert msgspec.json.decode(msgspec.json.encode(document), type=Document) == document
        if file.media_type in (detect.GZIP, detect.BZIP2, detect.XZ, detect.ZSTD):
            # What it holds is read anew when the parser of that has a new version.
            assert VERSIONS[document.parser] == document.parser_version
        else:
            assert document.parser == parser.name
        return document

    return parse


@pytest.fixture
def sandboxed(tmp_path: Path) -> Iterator[Reader]:
    """Parses some bytes in a sandbox's child."""
    with Sandbox(IndexConfig()) as sandbox:

        def parse(data: bytes, name: str = "file") -> Document:
            path = tmp_path / "sandboxed"
            path.write_bytes(data)
            fd = os.open(path, os.O_RDONLY)
            try:
                return sandbox.read(fd, name)
            finally:
                os.close(fd)

        yield parse


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page model as the converter leaves it, tiny and random."""
    from tests.parsers.neural import tiny  # skips without torch

    return tiny.folder(tmp_path_factory.mktemp("page-model"))
