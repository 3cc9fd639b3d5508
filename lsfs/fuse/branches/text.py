"""The documents of the drive as Markdown, in the folders they lie in: whole, and page by page."""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from lsfs import markdown
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.nodes import Branch, Node, NodeKind, Parts
from lsfs.fuse.knowledge import Fresh, PerGeneration, Published
from lsfs.fuse.rendering import NAME_MAX
from lsfs.model import Document, DocumentEntry, FolderEntries

SUFFIX = ".md"
_PAGE = re.compile(r"[0-9]{4,}\.md$")
KEPT_CHARS = 4_000_000  # of the document that was read last, for whoever reads page after page


class _Folder(Struct, frozen=True):
    """A folder of the drive, as far as documents go, by names."""

    folders: frozenset[str] = frozenset()
    documents: Mapping[str, DocumentEntry] = field(default_factory=dict)


class TextBranch(Branch):
    """``text/<path>.md``. A folder that has a document's name with ``.md`` hides the document.

    Args:
        published: what the brain has published.
        generation: of the index.
        monotonic: seconds on a clock that only goes forward.
    """

    suffix = SUFFIX

    def __init__(
        self, published: Published, generation: Fresh[int], monotonic: Callable[[], float]
    ) -> None:
        self._published = published
        self._folders: PerGeneration[str, _Folder] = PerGeneration(
            generation, self._load, _Folder(), monotonic
        )

    def lookup(self, parts: Parts) -> Node:
        """A folder that has documents below it, or a document."""
        if len(parts) == 1:
            return nodes.directory(parts)
        folder = self._folder(parts[1:-1])
        if folder is not None and parts[-1] in folder.folders:
            return nodes.directory(parts)
        entry = folder.documents.get(parts[-1]) if folder else None
        if entry is None:
            raise nodes.error(errno.ENOENT, parts)
        return self._entry(parts, entry)

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """The folders and documents of a folder."""
        folder = self._folder(parts[1:])
        if folder is None:
            raise nodes.error(errno.ENOENT, parts)
        found = [(name, nodes.directory((*parts, name))) for name in sorted(folder.folders)]
        found += [
            (name, self._entry((*parts, name), entry))
            for name, entry in folder.documents.items()
            if name not in folder.folders
        ]
        return found

    def read(self, parts: Parts) -> bytes:
        """A document, written anew."""
        if self.lookup(parts).kind is NodeKind.DIRECTORY:
            raise nodes.error(errno.EISDIR, parts)
        document = self._published.document("/".join(parts[1:]).removesuffix(SUFFIX))
        if document is None:
            raise nodes.error(errno.ENOENT, parts)
        return markdown.whole(document)

    def _entry(self, parts: Parts, entry: DocumentEntry) -> Node:
        return nodes.file_to_make(parts, entry.text_bytes, mtime_ns=entry.mtime_ns)

    def _shown(self, entry: DocumentEntry) -> bool:
        return True

    def _folder(self, names: Parts) -> _Folder | None:
        """A folder by its path; None when no document is below it."""
        path = ""
        folder = self._folders.get("")
        for name in names:
            if name not in folder.folders:
                return None
            path = f"{path}/{name}" if path else name
            folder = self._folders.get(path)
        return folder

    def _load(self, path: str) -> _Folder:
        found: FolderEntries = self._published.folder(path)
        documents = {
            entry.name + self.suffix: entry
            for entry in found.documents
            if self._shown(entry) and _fits(entry.name + self.suffix)
        }
        return _Folder(frozenset(filter(_fits, found.folders)), documents)


class PagesBranch(TextBranch):
    """``pages/<path>/0007.md``, for documents that have pages.

    The folders are those of ``text``, also where none of their documents has pages.
    """

    suffix = ""

    def __init__(
        self, published: Published, generation: Fresh[int], monotonic: Callable[[], float]
    ) -> None:
        super().__init__(published, generation, monotonic)
        self._sizes: PerGeneration[str, tuple[int, ...]] = PerGeneration(
            generation, published.page_sizes, (), monotonic
        )
        self._generation = generation
        self._last: tuple[int, str, Document] | None = None
        self._lock = threading.Lock()  # held to look at, or to change, the document read last

    def lookup(self, parts: Parts) -> Node:
        """A folder, a document, or a page of one."""
        entry = self._document(parts[1:-1])
        if entry is None:
            return super().lookup(parts)
        sizes = self._sizes.get("/".join(parts[1:-1]))
        number = _number(parts[-1])
        if not 0 < number <= len(sizes):
            raise nodes.error(errno.ENOENT, parts)
        return nodes.file_to_make(parts, sizes[number - 1], mtime_ns=entry.mtime_ns)

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """The folders and documents of a folder, or the pages of a document."""
        entry = self._document(parts[1:])
        if entry is None:
            return super().listing(parts)
        found = []
        for number, size in enumerate(self._sizes.get("/".join(parts[1:])), 1):
            name = f"{number:04d}{SUFFIX}"
            node = nodes.file_to_make((*parts, name), size, mtime_ns=entry.mtime_ns)
            found.append((name, node))
        return found

    def read(self, parts: Parts) -> bytes:
        """A page, written anew."""
        if self.lookup(parts).kind is NodeKind.DIRECTORY:
            raise nodes.error(errno.EISDIR, parts)
        document = self._read("/".join(parts[1:-1]))
        number = _number(parts[-1])
        if document is None or number > len(document.pages):
            raise nodes.error(errno.ENOENT, parts)
        return markdown.page(document, number)

    def _entry(self, parts: Parts, entry: DocumentEntry) -> Node:
        return nodes.directory(parts)

    def _shown(self, entry: DocumentEntry) -> bool:
        return entry.pages > 0

    def _document(self, names: Parts) -> DocumentEntry | None:
        folder = self._folder(names[:-1]) if names else None
        return folder.documents.get(names[-1]) if folder else None

    def _read(self, path: str) -> Document | None:
        generation = self._generation.get()
        with self._lock:
            if self._last is not None and self._last[:2] == (generation, path):
                return self._last[2]
        document = self._published.document(path)
        if document is not None and len(document.text) <= KEPT_CHARS:
            with self._lock:
                self._last = generation, path, document
        return document


def _fits(name: str) -> bool:
    """Whether an entry can have this name."""
    return len(os.fsencode(name)) <= NAME_MAX


def _number(name: str) -> int:
    """The page's number in a file's name; 0 when it is none, or not written our way."""
    if not _PAGE.match(name):
        return 0
    number = int(name.removesuffix(SUFFIX))
    return number if name == f"{number:04d}{SUFFIX}" else 0
