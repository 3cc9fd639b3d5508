"""What a change does to the versions of a path: which row ends, which begins, and whose history
it goes on with.

A row of ``version`` is a path for as long as the same thing stood there: from ``begin_ns`` until
``end_ns``. So the tree of any moment is a query. Rows of one file are chained by ``previous``, over
renames too, and a number counts the contents along the chain:

- A file keeps its history when it is renamed.
- What is saved by renaming a new file over an old one continues the history of the old.
- A file that is made, or a new file that is renamed, where an earlier one was removed or moved away
  continues the history of that path.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lsfs.versions.drafts import is_draft, origin_of
from lsfs.versions.events import State
from lsfs.versions.tables import GROWING, ContentRow, How, Row, Tables

# Whether a content is the same bytes as the file that is at a path in a state now; it has the same
# size. None when that cannot be told.
Equal = Callable[[ContentRow, bytes, State], bool | None]
# Whether two contents, by their ids, are known to be the same bytes.
Alike = Callable[[int, int], bool]


class Timeline(Tables):
    """The rows of a drive's versions, and how they follow each other.

    Args:
        path: the SQLite file; made if missing.
        equal: compares contents with files.
        alike: compares contents.
    """

    def __init__(self, path: Path, equal: Equal | None = None, alike: Alike | None = None) -> None:
        super().__init__(path)
        self._equal = equal or (lambda *_: None)
        self._alike = alike or (lambda *_: False)
        self._staying: frozenset[int] = frozenset()  # contents that come at other names next

    def _seen(self, path: bytes, row: Row | None, state: State, time_ns: int) -> ContentRow:
        """A content that no event told of: a version that came some time before ``time_ns``."""
        if row is None:
            began, how = self._appeared(path, state, time_ns)
        else:
            # A time that somebody set tells nothing; it is not after the last change, as known.
            known = self._one(row.content) if row.content is not None else None
            is_told = (
                known is not None
                and (known.device, known.inode) == (state.device, state.inode)
                and state.mtime_ns > (known.ctime_ns or row.begin_ns)
            )
            began = state.mtime_ns if is_told else state.ctime_ns or time_ns
            began = min(max(began, row.begin_ns + 1), time_ns)
            how = How.OUTSIDE
        self._written(path, state, began, how, "", False)
        found = self.live(path)
        assert found is not None and found.content is not None  # noqa: S101 - just made
        return self._one(found.content)

    def _appeared(self, path: bytes, state: State, time_ns: int) -> tuple[int, str]:
        """Since when something may be at a path where it was found, and how it came there."""
        before = self.last(path)
        if self.meta("looked"):
            began, how = state.ctime_ns or time_ns, How.OUTSIDE
        else:
            began = 0 if state.is_dir else state.mtime_ns
            how = How.FOUND if before is None else How.OUTSIDE
        folder = self.live(path.rpartition(b"/")[0])
        began = max(
            began,
            before.end_ns or 0 if before is not None else 0,
            folder.begin_ns if folder is not None else 0,  # no longer than its folder
        )
        return min(began, time_ns), how

    def _written(
        self, path: bytes, state: State, time_ns: int, how: str, who: str, appended: bool
    ) -> None:
        """A file has, or may have, another content than before."""
        row = self.live(path)
        if row is not None and row.kind != "file":
            self._end(row, time_ns, how)
            row = None
        if row is None or row.content is None:
            known = self._content_of(state)
            # A further name of a known file has what that has.
            content = known.id if known and known.is_in(state) else self._new_content(state, known)
            how = How.CREATED if how == How.WRITTEN else how
            self._begin(path, "file", state, time_ns, how, who, content=content)
            return
        old = self._one(row.content)
        is_begun = old.open == 1 and not appended and not old.is_stored
        if old.open == GROWING and how == How.OUTSIDE and old.inode == state.inode:
            appended = True  # who served the file was killed before it could say so
        if is_begun or self._is_same(old, path, state, appended):
            if is_begun and not old.is_in(state):
                self.db.execute(
                    "UPDATE content SET size = ?, digest = NULL WHERE id = ?", (state.size, old.id)
                )
            self._settle(old, state)
            self._set_attributes(row, state, time_ns)
            return
        known = self._content_of(state)
        if known is not None and known.is_in(state) and known.id != old.id:
            content = known.id
        else:  # also of one with its time set back
            content = self._new_content(state, known)
        if not old.is_safe and appended and old.size <= state.size:
            self.db.execute("UPDATE content SET within = ? WHERE id = ?", (content, old.id))
        is_another = old.inode is not None and old.inode != state.inode
        rows = [row] if is_another else self._live_with(old.id, row)
        self._replace(rows, content, state, time_ns, how, who)
        has_left = known is not None and known.id == old.id
        if not has_left:
            self._leave_unless_there(old.id)

    def _replace(
        self, rows: list[Row], content: int, state: State, time_ns: int, how: str, who: str
    ) -> None:
        """All names of a file have another content."""
        for one in rows:
            began = max(time_ns, one.begin_ns + 1)  # a further name may be younger than what it has
            self._end(one, began, how)
            self._begin(
                one.path, "file", state, began, how, who,
                content=content, number=one.number + 1, previous=one.id,
            )  # fmt: skip

    def _live_with(self, content: int, row: Row | None = None) -> list[Row]:
        """The rows that have a content now; ``row`` where there are none."""
        rows = self._rows("WHERE content = ? AND end_ns IS NULL", (content,))
        return rows or ([] if row is None else [row])

    def _is_same(self, old: ContentRow, path: bytes, state: State, appended: bool) -> bool:
        """Whether what was written to, or seen to be changed, holds what it held before."""
        if old.is_in(state) and (not old.is_stored or old.ctime_ns == state.ctime_ns):
            return True  # nothing goes that is not stored before
        if old.size != state.size:
            return False
        if not old.size or (appended and not old.is_stored):
            return True
        # Something was written over: it may be the same again, or be another within one step of
        # the file system's clock, or with its time set back.
        return self._equal(old, path, state) is True

    def _removed(self, path: bytes, time_ns: int, how: str, who: str = "") -> None:
        row = self.live(path)
        if row is None:
            last = self.last(path)
            # It was seen to be gone before its event was read.
            if how == How.REMOVED and last is not None and last.end_op == How.OUTSIDE:
                self.db.execute(
                    "UPDATE version SET end_op = ? WHERE id = ?", (How.REMOVED, last.id)
                )
            return
        if row.kind == "dir":
            for below in self._below(path):
                self._end(below, time_ns, how)
                self._forget_place(below)
        self._end(row, time_ns, how)
        self._forget_place(row)
        if how in (How.REMOVED, How.OUTSIDE):
            self._tell(How.REMOVED, path, row.id, time_ns, who or _by(how))

    def _forget_place(self, row: Row) -> None:
        """A file has lost a name: its content is not found in the source by it any more."""
        if row.content is not None:
            self._leave_unless_there(row.content)

    def _leave_unless_there(self, content: int) -> None:
        if content not in self._staying and not self._live_with(content):
            self._leave(content)

    def _renamed(
        self, path: bytes, target: bytes, state: State | None, time_ns: int, who: str
    ) -> None:
        row = self.live(path)
        if (row is not None and row.kind == "dir") or (state is not None and state.is_dir):
            self._removed(target, time_ns, How.REPLACED)  # an empty folder
            self._move(path, target, state, time_ns, who)
            return
        if row is not None and row.kind == "link":
            self._removed(target, time_ns, How.REPLACED)
            self._end(row, time_ns, How.RENAMED)
            self._begin(
                target, "link", _state(row), time_ns, How.RENAMED, who,
                target=row.target, came_from=path,
            )  # fmt: skip
            return
        self._renamed_file(row, path, target, state, time_ns, who)

    def _renamed_file(
        self,
        row: Row | None,
        path: bytes,
        target: bytes,
        state: State | None,
        time_ns: int,
        who: str,
    ) -> None:
        if row is None and (state is None or not state.is_file):
            self._removed(target, time_ns, How.REPLACED)
            return
        content, state = self._content_moved(row, path, target, state)
        if row is not None:
            self._end(row, time_ns, How.RENAMED)
        previous, number, how = row, row.number if row else 1, How.RENAMED
        origin = origin_of(path)
        over = self.live(target)
        earlier = over or self.last(target)
        # What was just made has none, whatever else had its name before: a name for drafts.
        has_history = (
            row is not None
            and row.op != How.CREATED
            and (row.previous is not None or row.number > 1)
        )
        if earlier is not None and earlier.kind == "file" and (over or not has_history):
            # Saved in the place of what was there: that one's history goes on.
            same = (
                over is not None
                and over.content is not None
                and self._same(over.content, content, target, state)
            )
            previous, number = earlier, earlier.number + (0 if same else 1)
            how = How.WRITTEN if origin is None else How.RESTORED
            origin = row.id if row is not None and origin is None else origin
        elif origin is not None:
            how = How.RESTORED
        if over is not None:
            self._end(over, time_ns, How.REPLACED if over.kind != "file" else how)
            if over.content != content:
                self._forget_place(over)
        self._begin(
            target, "file", state, time_ns, how, who, content=content, number=number,
            previous=previous.id if previous else None, origin=origin,
            came_from=path if how == How.RENAMED else None,
        )  # fmt: skip

    def _content_moved(
        self, row: Row | None, path: bytes, target: bytes, state: State | None
    ) -> tuple[int, State]:
        """What a file holds that was renamed, and the state that it is in."""
        if row is None:
            assert state is not None  # noqa: S101 - else nothing is known of it
            found = self.content_in(state) or self._restored(path, target, state)
            return found or self._new_content(state, still_open=not is_draft(path)), state
        assert row.content is not None  # noqa: S101 - it is a file
        content = self._one(row.content)
        if state is None or not content.is_in(state):  # somebody is writing to it
            return row.content, _state(row)
        self._settle(content, state)
        return row.content, state

    def _restored(self, draft: bytes, target: bytes, state: State) -> int | None:
        """The content of a version that was brought back; None for other files.

        The name of the draft says which it was. Anybody can choose such a name, so it is compared.
        """
        origin = origin_of(draft)
        rows = self._rows("WHERE id = ?", (origin,)) if origin is not None else []
        if not rows or rows[0].content is None:
            return None
        held = self._one(rows[0].content)
        if held.size != state.size or self._equal(held, target, state) is not True:
            return None
        if held.inode is None:
            self._settle(held, state, verified=True)
            return held.id
        # The old one is still what another file holds.
        fresh = self._new_content(state)
        self.db.execute(
            "UPDATE content SET digest = ?, kept = ? WHERE id = ?", (held.digest, held.kept, fresh)
        )
        return fresh

    def _same(self, first: int, second: int, path: bytes, state: State) -> bool:
        """Whether two contents, the second of the file that is at a path, are the same bytes."""
        if first == second:
            return True
        one, other = self._one(first), self._one(second)
        if one.digest is not None and other.digest is not None:
            return one.digest == other.digest
        return one.size == state.size and (
            not one.size or (one.is_stored and self._equal(one, path, state) is True)
        )

    def _move(
        self, path: bytes, target: bytes, state: State | None, time_ns: int, who: str
    ) -> None:
        """A folder has another path, and all that is below it."""
        top = self.live(path)
        if top is None and state is not None:
            self._made(target, "dir", state, time_ns, How.RENAMED, who)
        for row in [*([top] if top else []), *self._below(path)]:
            self._end(row, time_ns, How.RENAMED)
            moved = target + row.path[len(path) :]
            self._begin(
                moved, row.kind, _state(row), time_ns, How.RENAMED, who, content=row.content,
                number=row.number, previous=row.id, target=row.target,
                came_from=row.path if row.path == path else None, told=row.path == path,
            )  # fmt: skip

    def _exchanged(self, path: bytes, target: bytes, time_ns: int, who: str) -> None:
        """Two names have each what the other had; files keep the history of their path."""
        sides = []
        for old, new in ((path, target), (target, path)):
            top = self.live(old)
            rows = [*([top] if top else []), *self._below(old)]
            for row in rows:
                self._end(row, time_ns, How.EXCHANGED)
            sides.append((old, new, rows))
        for old, new, rows in sides:
            for row in rows:
                moved = new + row.path[len(old) :]
                earlier = self.last(moved) if row.path == old else None
                if earlier is None or earlier.kind != row.kind or row.kind != "file":
                    earlier = None
                self._begin(
                    moved, row.kind, _state(row), time_ns, How.EXCHANGED, who,
                    content=row.content, target=row.target,
                    number=earlier.number + 1 if earlier else row.number,
                    previous=(earlier or row).id, origin=row.id if earlier else None,
                    came_from=row.path, told=row.path == old,
                )  # fmt: skip

    def _made(
        self,
        path: bytes,
        kind: str,
        state: State,
        time_ns: int,
        how: str,
        who: str,
        target: bytes | None = None,
    ) -> None:
        """A folder or a link is at a path."""
        row = self.live(path)
        if row is not None and row.kind == kind and row.target == target:
            self._set_attributes(row, state, time_ns)
            return
        if row is not None:
            self._removed(path, time_ns, How.REPLACED)
        self._begin(path, kind, state, time_ns, how, who, target=target)

    def _attributes(self, path: bytes, state: State, time_ns: int, who: str) -> None:
        row = self.live(path)
        if row is None:
            return
        if row.content is not None:
            content = self._one(row.content)
            # Times were set: whoever did so has not written to it. Somebody behind the mount may
            # have.
            if (content.device, content.inode, content.size) == (
                state.device, state.inode, state.size,
            ):  # fmt: skip
                if (
                    not content.is_in(state)
                    and content.is_stored
                    and self._equal(content, path, state) is False
                ):
                    self._seen(path, row, state, time_ns)
                    return
                self._settle(content, state)
            else:
                state = state._replace(size=row.size, mtime_ns=row.mtime_ns)
        if not differs(row, state):
            self._set_attributes(row, state, time_ns)
            return
        if (row.mode, row.uid, row.gid) == (state.mode, state.uid, state.gid):
            self._set_attributes(row, state, time_ns)  # times alone make no version
            return
        self._end(row, time_ns, How.ATTRIBUTES)
        self._begin(
            path, row.kind, state, time_ns, How.ATTRIBUTES, who, content=row.content,
            number=row.number, previous=row.id, target=row.target,
        )  # fmt: skip


def differs(row: Row, state: State) -> bool:
    return (row.mode, row.uid, row.gid, row.mtime_ns) != (
        state.mode, state.uid, state.gid, state.mtime_ns,
    )  # fmt: skip


def _state(row: Row) -> State:
    return State(row.mode, row.uid, row.gid, row.size, row.mtime_ns, 0, 0, 0)


def _by(how: str) -> str:
    """Who did what was found behind the mount: somebody, that is all that is known."""
    return "outside" if how == How.OUTSIDE else ""
