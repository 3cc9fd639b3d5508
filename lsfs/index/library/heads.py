"""Which versions of a library's tables belong together: a chain of small objects, each made once.

Head n names one version of each table, and never changes. The next one is number n + 1, written
only if there is none of this number yet (a conditional PUT; on a disk, a link). So there is one
chain however many write, the last head is what a reader sees, and a writer that was too slow cannot
undo what others have done: its number is taken.

A writer that is about to change the tables says so by a head with a :class:`Claim`; the tables in
it are those of the head before. Readers need not mind it.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from lsfs import codec
from lsfs.errors import IndexCorrupt, NotFound
from lsfs.index.library.objects import Objects
from lsfs.index.library.schema import FORMAT, TABLES

FOLDER = "heads"
DIGITS = 20


class Claim(Struct, frozen=True):
    """Who changes the tables now.

    Attributes:
        token: of one writer, by chance.
        beats: raised every few seconds by a writer that is alive.
        work: what it does, for a person.
    """

    token: str
    beats: int = 0
    work: str = ""


class Head(Struct, frozen=True):
    """One state of a library.

    Attributes:
        number: from 1; the state of a library changes with it, and only with it.
        tables: version of each table of :data:`lsfs.index.library.schema.TABLES`.
        embedder: name of the model that made the vectors, as :attr:`Embedder.name`; '' for none.
        dimension: numbers in a vector; 0 without an embedder.
        made_by: what rows are made with now, by name: versions of rules and of parsers; see
            :mod:`lsfs.index.library.rules`. A writer with an older one is refused.
        changed: number of the last head whose tables were other than those of the one before.
        mended: raised each time that rows were mended: a copy of earlier ones is to be made anew.
        claim: who is about to change the tables; None: nobody.
        format: of the library; see :data:`lsfs.index.library.schema.FORMAT`.
    """

    number: int
    tables: Mapping[str, int]
    embedder: str = ""
    dimension: int = 0
    made_by: Mapping[str, str] = field(default_factory=dict)
    changed: int = 0
    mended: int = 0
    claim: Claim | None = None
    format: int = FORMAT


class Heads:
    """The chain of heads of a library."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def last(self, known: Head | None = None) -> Head | None:
        """The last head; None where there is no library.

        Args:
            known: a head that was read before; given back when none has come after it.

        Raises:
            IndexCorrupt: it cannot be read.
            LsfsError: it was written by a later lsfs, or the storage does not answer.
        """
        while True:
            after = _path(known.number) if known else ""
            path = max((one.path for one in self._objects.all(FOLDER, after)), default="")
            if not path:
                return known
            try:
                return _read(path, self._objects.get(path))
            except NotFound:  # old heads are deleted; there is a later one then
                known = None

    def add(self, head: Head) -> bool:
        """Write a head if there is none of its number; says whether it was written."""
        return self._objects.create(_path(head.number), codec.dumps(head).encode())

    def forget(self, before: int) -> None:
        """Delete the heads of numbers below ``before``."""
        limit = _path(before)
        old = [one.path for one in self._objects.all(FOLDER) if one.path < limit]
        self._objects.delete(old)


def _path(number: int) -> str:
    return f"{FOLDER}/{number:0{DIGITS}}.json"


def _read(path: str, data: bytes) -> Head:
    from lsfs.errors import UsageError

    try:
        head = codec.loads(data, Head)
    except UsageError as error:
        raise IndexCorrupt(f"{path}: {error.message}", repairable=False) from error
    if head.format > FORMAT:
        raise UsageError(f"the library is of format {head.format}, this lsfs knows {FORMAT}")
    if set(head.tables) != set(TABLES):
        raise IndexCorrupt(f"{path} does not name the tables", repairable=False)
    return head
