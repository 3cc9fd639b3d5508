"""What files and folders say in short, as files: made when they are opened, by the brain."""

from __future__ import annotations

import errno
from collections.abc import Callable

from lsfs.errors import LsfsError
from lsfs.fuse import rendering
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.nodes import Node, NodeKind, Parts
from lsfs.fuse.branches.text import SUFFIX, TextBranch
from lsfs.fuse.knowledge import Brain, Fresh, Published
from lsfs.fuse.rendering import NAME_MAX
from lsfs.model import DocumentEntry


class SummaryBranch(TextBranch):
    """``summary/<path>.md`` of a document, and ``summary/<folder>.md`` of what a folder holds.

    The folders and names are those of ``text``. Looking and listing ask nobody for a summary, so
    the size is not known before a file is opened.

    Args:
        published: what the brain has published.
        brain: makes summaries.
        generation: of the index.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        published: Published,
        brain: Brain,
        generation: Fresh[int],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(published, generation, monotonic)
        self._brain = brain

    def lookup(self, parts: Parts) -> Node:
        """A folder that has documents below it, or the summary of a document or folder."""
        if self._is_of_folder(parts):
            return nodes.file_to_make(parts, 0)
        return super().lookup(parts)

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """The folders of a folder, and the summaries of what it holds."""
        found = super().listing(parts)
        taken = {name for name, _ in found}
        names = [name for name, node in found if node.kind is NodeKind.DIRECTORY]
        for name in (name + SUFFIX for name in names):
            if name not in taken and len(name.encode("utf-8", "surrogateescape")) <= NAME_MAX:
                found.append((name, nodes.file_to_make((*parts, name), 0)))
        return found

    def read(self, parts: Parts) -> bytes:
        """A summary of now; in words, where there can be none."""
        if self.lookup(parts).kind is NodeKind.DIRECTORY:
            raise nodes.error(errno.EISDIR, parts)
        path = "/".join(parts[1:]).removesuffix(SUFFIX)
        try:
            return rendering.summary_page(self._brain.summarize(path))
        except LsfsError as error:
            return rendering.no_summary_page(path, f"{error.message}. {error.hint}".strip())
        except OSError as error:
            return rendering.no_summary_page(path, f"{error.strerror or error}.")

    def _is_of_folder(self, parts: Parts) -> bool:
        """Whether a name is that of a folder's summary, and of nothing else."""
        if len(parts) < 2 or not parts[-1].endswith(SUFFIX):
            return False
        folder = self._folder(parts[1:-1])
        name = parts[-1].removesuffix(SUFFIX)
        if folder is None or name not in folder.folders:
            return False
        return parts[-1] not in folder.folders and parts[-1] not in folder.documents

    def _entry(self, parts: Parts, entry: DocumentEntry) -> Node:
        return nodes.file_to_make(parts, 0, mtime_ns=entry.mtime_ns)
