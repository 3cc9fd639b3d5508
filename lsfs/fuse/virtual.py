"""What the virtual directory of a mount contains: how the index is doing, and a folder a feature.

Nothing here knows FUSE; paths are tuples of names below the virtual directory (surrogate escapes
for bytes that are not UTF-8), answers are nodes, refusals are ``OSError``. Looking at anything
reads what the brain has published and computes nothing: a shell, a file manager or ``find`` that
probes names costs next to nothing, and a query or a question exists only after somebody made it.

    search/   queries as folders             lsfs.fuse.branches.search
    ask/      questions as files             lsfs.fuse.branches.ask
    by/       all files, grouped             lsfs.fuse.branches.by
    group/    groupings of the user's        lsfs.fuse.branches.group
    join/     files joined, as folders       lsfs.fuse.branches.join
    text/     documents as Markdown          lsfs.fuse.branches.text
    pages/    the same, page by page         lsfs.fuse.branches.text
    summary/  documents and folders in short lsfs.fuse.branches.summary
    versions/ what each file was             lsfs.fuse.branches.past
    at/       the tree of any moment         lsfs.fuse.branches.past
    trash/    what was removed               lsfs.fuse.branches.past
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from lsfs import codec
from lsfs.fuse import rendering
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.ask import AskBranch
from lsfs.fuse.branches.by import ByBranch
from lsfs.fuse.branches.group import GroupBranch
from lsfs.fuse.branches.join import JoinBranch
from lsfs.fuse.branches.nodes import Branch, Node, NodeKind, Parts, inode_of
from lsfs.fuse.branches.past import AtBranch, TrashBranch, VersionsBranch
from lsfs.fuse.branches.search import SearchBranch
from lsfs.fuse.branches.summary import SummaryBranch
from lsfs.fuse.branches.text import PagesBranch, TextBranch
from lsfs.fuse.knowledge import FRESH_S, TROUBLE, Brain, Fresh, Published
from lsfs.model import FileProblem, IndexCounts
from lsfs.versions.contents import Content, whole
from lsfs.versions.past import Past

__all__ = ["FRESH_S", "Brain", "Node", "NodeKind", "Parts", "Published", "VirtualTree", "inode_of"]

log = logging.getLogger("lsfs.fuse.virtual")

README = "README.md"
STATUS = "status"
PROBLEMS = "errors.ndjson"
NOTHING = Branch()  # has no entries, and refuses every change
INDEXED, PAGES, DATES = "user.lsfs.indexed", "user.lsfs.pages", "user.lsfs.dates"
VERSION = "user.lsfs.version"


class VirtualTree:
    """The virtual directory of one drive.

    ``lookup``, ``listing``, ``creates_file`` and ``attribute`` never wait for the brain and are
    called in one thread; the others may take long and run in other threads meanwhile.

    Args:
        published: what the brain has published.
        brain: makes and forgets queries and questions, and answers.
        facts: lines of ``status`` that do not change: source, mountpoint, pid, transport.
        past: what was; None shows nothing of it.
        name: the directory's own name, for the help text.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        published: Published,
        brain: Brain,
        facts: Mapping[str, str | int],
        *,
        past: Past | None = None,
        name: str = ".lsfs",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._published = published
        self._past = past
        self._facts = dict(facts)
        self._readme = rendering.readme(name).encode()
        self._counts: Fresh[IndexCounts] = Fresh(published.counts, IndexCounts(), monotonic)
        self._work: Fresh[dict[str, Any]] = Fresh(published.progress, {}, monotonic)
        self._problems: Fresh[list[FileProblem]] = Fresh(published.problems, [], monotonic)
        generation: Fresh[int] = Fresh(published.generation, 0, monotonic)
        self._files: dict[str, Callable[[], bytes]] = {
            README: lambda: self._readme,
            STATUS: self._status,
            PROBLEMS: lambda: rendering.problems(self._problems.get()),
        }
        self._branches: dict[str, Branch] = {
            "search": SearchBranch(published, brain, monotonic),
            "ask": AskBranch(published, brain, monotonic),
            "by": ByBranch(published, generation, monotonic),
            "group": GroupBranch(published, brain, monotonic),
            "join": JoinBranch(published, brain, generation, monotonic),
            "text": TextBranch(published, generation, monotonic),
            "pages": PagesBranch(published, generation, monotonic),
            "summary": SummaryBranch(published, brain, generation, monotonic),
        }
        if past is not None:
            changed: Fresh[int] = Fresh(past.generation, 0, monotonic)
            self._branches["versions"] = VersionsBranch(past, changed)
            self._branches["at"] = AtBranch(past, changed)
            self._branches["trash"] = TrashBranch(past, changed)

    # --- looking

    def lookup(self, parts: Parts) -> Node:
        """The entry at a path.

        Raises:
            FileNotFoundError: there is none.
        """
        if not parts:
            return nodes.directory(parts)
        branch = self._branches.get(parts[0])
        if branch is not None:
            _check_names(branch, parts)
            return branch.lookup(parts)
        if len(parts) == 1 and parts[0] in self._files:
            return nodes.file(parts, self._files[parts[0]]())
        raise nodes.error(errno.ENOENT, parts)

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """Names and entries of a folder, without ``.`` and ``..``.

        Raises:
            FileNotFoundError, NotADirectoryError: there is no folder at the path.
        """
        if self.lookup(parts).kind is not NodeKind.DIRECTORY:
            raise nodes.error(errno.ENOTDIR, parts)
        if not parts:
            return [(name, self.lookup((name,))) for name in (*self._files, *self._branches)]
        branch = self._branches[parts[0]]
        found = branch.listing(parts)
        if branch.holds_files:
            return found
        return [entry for entry in found if not nodes.is_probed(entry[0])]

    def is_steady(self, parts: Parts) -> bool:
        """Whether what is at a path stays what it is, or a second does not matter to it."""
        if len(parts) > 1:
            return self.holds_files(parts)
        return not parts or parts[0] in self._branches

    def holds_files(self, parts: Parts) -> bool:
        """Whether what is below a path are files of the user's, as they were."""
        return self._branch(parts).holds_files

    def creates_file(self, parts: Parts) -> bool:
        """Whether a file may be made, or overwritten, by writing it: a question."""
        return bool(parts) and self._branch(parts).creates_file(parts)

    def attribute(self, path: str, name: str) -> bytes | None:
        """An extended attribute of a file of the drive; None when it has none of this name.

        Args:
            path: relative to the drive.
        """
        try:
            if name == INDEXED:
                return self._published.status(path).encode() or None
            if name == PAGES:
                pages = len(self._published.page_sizes(path))
                return str(pages).encode() if pages else None
            if name == DATES:
                return ",".join(self._published.dates(path)).encode() or None
            if name == VERSION and self._past is not None:
                row = self._past.live(path)
                return str(row.number).encode() if row and row.kind == "file" else None
        except TROUBLE as error:
            log.warning("the index cannot be read: %s", error)
        return None

    def _status(self) -> bytes:
        counts = codec.to_builtins(self._counts.get())
        told = {**self._facts, "index": counts, "work": self._work.get()}
        return (codec.dumps(told, indent=2) + "\n").encode()

    # --- reading and changing

    def open(self, parts: Parts) -> bytes | Content:
        """The content of a file for one open: what is at hand, made now, or read as it is wanted.

        Raises:
            OSError: there is no file, or the index cannot be read.
            LsfsError: the stored document is damaged.
        """
        if not parts or parts[0] not in self._branches:
            return nodes.content_of(self.lookup(parts), parts)
        branch = self._branches[parts[0]]
        _check_names(branch, parts)
        with _readable(parts):
            return branch.open(parts)

    def read(self, parts: Parts) -> bytes:
        """The same, all of it."""
        found = self.open(parts)
        if isinstance(found, bytes):
            return found
        with closing(found):
            return whole(found)

    def mkdir(self, parts: Parts) -> None:
        """Make a query, ``search/<query>`` or a narrower one in another, or a grouping.

        Raises:
            OSError: EEXIST, ENOENT, EINVAL, EROFS (not below ``search`` or ``group``).
            LsfsError: the brain refused.
        """
        self._branch(parts).mkdir(parts)

    def rmdir(self, parts: Parts) -> None:
        """Forget a query or a grouping; the files it found are not touched.

        Raises:
            OSError: ENOENT, ENOTDIR, ENOTEMPTY, EROFS (neither).
            LsfsError: the brain refused.
        """
        self._branch(parts).rmdir(parts)

    def write(self, parts: Parts, data: bytes) -> None:
        """Take a file that was written and closed: ``ask/<name>`` becomes a question.

        Returns when it is kept; the answer is found meanwhile, or when it is read.

        Raises:
            OSError: EINVAL (no question, or no name), EFBIG, ENAMETOOLONG, EROFS.
            LsfsError: the brain refused.
        """
        self._branch(parts).write(parts, data)

    def unlink(self, parts: Parts) -> None:
        """Forget a question.

        Raises:
            OSError: ENOENT, EROFS (no question).
            LsfsError: the brain refused.
        """
        with _readable(parts):
            self._branch(parts).unlink(parts)

    def _branch(self, parts: Parts) -> Branch:
        return self._branches.get(parts[0], NOTHING) if parts else NOTHING


def _check_names(branch: Branch, parts: Parts) -> None:
    """Say of what programs look for everywhere that it is not there."""
    if not branch.holds_files and any(map(nodes.is_probed, parts)):
        raise nodes.error(errno.ENOENT, parts)


@contextmanager
def _readable(parts: Parts) -> Iterator[None]:
    """Turns what SQLite says of an index that cannot be read into an error of files."""
    try:
        yield
    except sqlite3.Error as error:
        log.warning("the index cannot be read: %s", error)
        raise nodes.error(errno.EIO, parts) from error
