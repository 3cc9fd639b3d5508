"""What is said of a change of the source in the journal, and what is kept before it."""

from __future__ import annotations

import contextlib
import os

from lsfs.fuse.changes import Changes
from lsfs.fuse.keeping import Keeping
from lsfs.fuse.nodes import Guard, Handle, Node
from lsfs.fuse.source import Source
from lsfs.fuse.table import Table
from lsfs.versions.capture import Captures
from lsfs.versions.events import Op, State


class Noting:
    """The part of a mount's tree that keeps contents and notes changes; see
    :class:`lsfs.fuse.vfs.Vfs`.

    Args:
        folder: the source.
        changes: where changes are noted.
        captures: keeps contents before they go; None keeps nothing.
    """

    def __init__(self, folder: Source, changes: Changes, captures: Captures | None) -> None:
        self._source = folder
        self._changes = changes
        self.keeping = Keeping(folder, captures, self._finish)
        self.table = Table(folder.root, self.keeping.before_cutting)
        self.root = self.table.root
        self.handles: dict[int, Handle] = {}

    def note(self, op: Op, path: bytes) -> None:
        """Note a change that was made beside the tree; ``path`` is relative to the source."""
        self._changes.note(op, path, who=self.keeping.who())

    def removing(self, parent: Node, name: bytes) -> contextlib.AbstractContextManager[None]:
        """For the block in which a name of the source goes, or is given to another file."""
        return self.keeping.removing(
            self.table.folder(parent), name, lambda: self._path_at(parent, name)
        )

    def _replacing(
        self, parent: Node, name: bytes, path: bytes
    ) -> contextlib.AbstractContextManager[None]:
        """The same, of which the path is known."""
        return self.keeping.removing(self.table.folder(parent), name, lambda: path)

    def _path_at(self, parent: Node, name: bytes) -> bytes:
        """The path of a name; ``b""`` where that of its folder is too long to be told."""
        if parent.fd == self.root.fd:
            return name
        folder = self._source.path_of(self.table.folder(parent))
        return folder + b"/" + name if folder else b""

    def _state_at(self, parent: Node, name: bytes) -> State | None:
        """What stands at a name; None when it has gone again, behind the mount."""
        try:
            stat = os.stat(name, dir_fd=self.table.folder(parent), follow_symlinks=False)
        except OSError:
            return None
        return State.of(stat)

    def _note_gone(self, op: Op, parent: Node, name: bytes) -> None:
        self._changes.note(op, self._path_at(parent, name), who=self.keeping.who())

    def _note_made(self, op: Op, parent: Node, name: bytes, target: bytes | None = None) -> None:
        state, who = self._state_at(parent, name), self.keeping.who()
        self._changes.note(op, self._path_at(parent, name), target, state=state, who=who)

    def _note_node(self, op: Op, fd: int, *, appended: bool = False) -> None:
        """Note a change of a file at hand; without a name there is nothing to say."""
        path = self._source.path_of(fd)
        if path is not None:
            state, who = State.of(os.fstat(fd)), self.keeping.who()
            self._changes.note(op, path, state=state, who=who, appended=appended)

    def _finish(self, guard: Guard) -> None:
        """A file that is open for writing goes: what was written to it so far is a version too."""
        for handle in self.handles.values():
            if handle.guard is guard and (handle.dirty or changed(handle)):
                self._note_written(handle)
                return

    def keep_open(self, node: Node) -> None:
        """Keep at once what is open for writing; where there is no room it is not kept."""
        for handle in [self.handles[fd] for fd in node.opened or ()]:
            with contextlib.suppress(OSError):
                self.keeping.keep(handle)

    def _noted(self, guard: Guard | None, stat: os.stat_result) -> bool:
        """All that was written to a file is a version; whether it was only appended to."""
        if guard is not None and guard.writers > 1:
            for handle in self.handles.values():
                if handle.guard is guard:
                    handle.dirty = False
                    handle.opened = stat.st_mtime_ns, stat.st_size
        return self.keeping.noted(guard, stat)

    def _before_writing(self, handle: Handle, offset: int) -> None:
        """Keep what a file holds, if what it held from an offset on is about to go.

        Raises:
            OSError: ENOSPC: it cannot be kept, and must not be overwritten.
        """
        guard = handle.guard
        if guard is None or guard.state is None or not guard.size:
            return
        is_first = not guard.written
        if is_first and not guard.state.same_content(State.of(os.fstat(handle.fd))):
            self._note_written(handle)  # it was changed behind the mount while it was open
        if offset < guard.size:
            self.keeping.keep(handle)
        elif is_first:
            # What it holds will be its beginning, should we not live to say more.
            path = self._source.path_of(handle.fd)
            if path is not None:
                self._changes.note(Op.APPENDING, path, state=guard.state, who=handle.who)

    def _note_written(self, handle: Handle) -> None:
        """Note that a file that was written to is closed."""
        path = self._source.path_of(handle.fd)
        if path is None:
            return
        stat = os.fstat(handle.fd)
        appended = self._noted(handle.guard, stat)
        handle.dirty = False
        handle.opened = stat.st_mtime_ns, stat.st_size
        self._changes.note(
            Op.WRITTEN, path, state=State.of(stat), who=handle.who, appended=appended
        )


def changed(handle: Handle) -> bool:
    """Whether the file is another than at open: pages of a mapping reach the source through
    whichever handle the kernel picks, so a handle's own writes do not tell."""
    stat = os.fstat(handle.fd)
    return (stat.st_mtime_ns, stat.st_size) != handle.opened
