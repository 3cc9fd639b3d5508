"""What the work on a library has to tell when it is done."""

from __future__ import annotations

from msgspec import Struct

SHOWN = 20  # examples of each kind of problem


class Ingested(Struct, frozen=True):
    """What one run has done.

    Attributes:
        source: name of the folder in the library.
        head: number of the head that holds all of it.
        files: in the folder.
        read, removed, parsed, added, embedded: files that were read, and that are gone from it;
            contents that were parsed, and added; texts that were embedded.
        size: bytes of the files that were read.
        commits: how many there were.
        left: files that changed as they were read; the next run reads them.
    """

    source: str
    head: int = 0
    files: int = 0
    read: int = 0
    removed: int = 0
    parsed: int = 0
    added: int = 0
    embedded: int = 0
    size: int = 0
    commits: int = 0
    left: int = 0


class Compacted(Struct, frozen=True):
    """What a compaction has done.

    Attributes:
        head: number of the head that it made.
        documents: that no file had, and that are gone.
        objects: bytes of contents that no file had, and that are gone: how many objects.
        fragments: of all tables, before and after.
        seconds: that it took.
    """

    head: int
    documents: int
    objects: int
    fragments: tuple[int, int]
    seconds: float


class Problem(Struct, frozen=True):
    """Something that should not be.

    Attributes:
        kind: which of the rules in :mod:`lsfs.index.library.schema` is broken.
        count: how often.
        examples: ids, up to :data:`SHOWN`.
        mending: what is done about it when the library is mended.
        is_mended: it was.
    """

    kind: str
    count: int
    examples: tuple[str, ...]
    mending: str = ""
    is_mended: bool = False


class LibraryReport(Struct, frozen=True):
    """What was found in a library.

    Attributes:
        uri: where it is.
        head: number of the head that was looked at.
        files, documents, passages: rows of each table.
        contents, size: objects with the bytes of files, and how many bytes they are.
        unneeded: documents, and objects, that no file has: a compaction collects them.
        problems: nothing, in a library that is well; of one that was mended, what was wrong.
        marked: files that are read, or sent, when their folders are indexed again.
        sources: names of these folders in the library.
    """

    uri: str
    head: int
    files: int
    documents: int
    passages: int
    contents: int
    size: int
    unneeded: tuple[int, int]
    problems: tuple[Problem, ...] = ()
    marked: int = 0
    sources: tuple[str, ...] = ()
