"""What the events of a drive add up to: which versions each path had, and where their bytes are.

Written by one process, the one that holds ``catalog.lock`` (the brain of a mounted drive); others
read it. It follows the journal (:meth:`Ledger.follow`) and is told what was found behind the mount
(:meth:`Ledger.found`, :meth:`Ledger.gone`). What each does to the rows says
:mod:`lsfs.versions.timeline`.
"""

from __future__ import annotations

import functools
import os
import stat as modes
from collections.abc import Iterable

from msgspec.structs import replace

from lsfs.errors import UsageError
from lsfs.versions.drafts import is_draft
from lsfs.versions.events import STEP_NS, Event, Op, State, Who
from lsfs.versions.tables import GROWING, ContentRow, How, Row
from lsfs.versions.timeline import Timeline, differs


class Ledger(Timeline):
    """The versions of a drive, for the one process that writes them."""

    # --- the journal

    def follow(self, events: Iterable[Event]) -> int:
        """Take in events, oldest first, those that are known already left out; gives how many."""
        count = 0
        with self.transaction():
            position = self.position
            for event in events:
                if event.id <= position:
                    continue
                time_ns = self._advance(event.time_ns)
                self._take(event if time_ns == event.time_ns else replace(event, time_ns=time_ns))
                position = event.id
                count += 1
            if count:
                self.set_meta("position", str(position))
        return count

    def _take(self, event: Event) -> None:
        path = os.fsencode(event.path)
        target = None if event.target is None else os.fsencode(event.target)
        who = _said(event.who)
        if not path and event.state is not None:
            path = self._name_of(event.state)
        if not path:  # without a name that can be told there is no history
            return
        if is_draft(path) and event.op is not Op.RENAMED:
            return
        match event.op:
            case Op.CAPTURED if event.state:
                self._captured(path, event.state, event, target)
            case Op.WRITTEN if event.state and event.state.is_file:
                self._written(path, event.state, event.time_ns, How.WRITTEN, who, event.appended)
            case Op.APPENDING if event.state:
                self._appending(event.state)
            case Op.REMOVED | Op.REMOVED_DIR:
                self._removed(path, event.time_ns, How.REMOVED, who)
            case Op.RENAMED if target:
                self._renamed(path, target, event.state, event.time_ns, who)
            case Op.EXCHANGED if target:
                self._exchanged(path, target, event.time_ns, who)
            case Op.MADE_DIR if event.state:
                self._made(path, "dir", event.state, event.time_ns, How.CREATED, who)
            case Op.MADE_LINK if event.state:
                self._made(path, "link", event.state, event.time_ns, How.CREATED, who, target)
            case Op.ATTRIBUTES if event.state:
                self._attributes(path, event.state, event.time_ns, who)

    def _captured(self, path: bytes, state: State, event: Event, file: bytes | None) -> None:
        """The content that a path is about to lose was taken into keeping."""
        content = self._content_of(state)
        row = self.live(path)
        if content is None and row is not None and row.content is not None:
            content = self._one(row.content)
        if content is None or not content.is_in(state):
            # It was changed behind the mount, or never looked at.
            content = self._seen(path, row, state, event.time_ns)
        if not content.is_safe:
            self._has_captured(content.id, state, event.id, file)
        elif content.size and content.ctime_ns != state.ctime_ns:
            self._captured_again(content, row, state, event, file)
        # Else the file in incoming is nobody's, and is swept.

    def _has_captured(self, content: int, state: State, event: int, file: bytes | None) -> None:
        self.db.execute(
            "UPDATE content SET event = ?, file = ?, size = ?, ctime_ns = ?, open = 0 WHERE id = ?",
            (event, file, state.size, state.ctime_ns, content),
        )

    def _captured_again(
        self, old: ContentRow, row: Row | None, state: State, event: Event, file: bytes | None
    ) -> None:
        """What was captured may be another content, though by its times it is one that is kept."""
        fresh = self._new_content(state)
        self._has_captured(fresh, state, event.id, file)
        if self._alike(old.id, fresh):
            self.db.execute("DELETE FROM content WHERE id = ?", (fresh,))
            self._settle(old, state, verified=True)
            return
        rows = self._live_with(old.id, row)
        began = max((one.begin_ns + 1 for one in rows), default=0)
        began = min(max(began, state.ctime_ns or event.time_ns), event.time_ns)
        self._replace(rows, fresh, state, began, How.OUTSIDE, "")

    def _appending(self, state: State) -> None:
        content = self._content_of(state)
        if content is not None and content.is_in(state) and not content.is_stored:
            self.db.execute("UPDATE content SET open = ? WHERE id = ?", (GROWING, content.id))

    def _name_of(self, state: State) -> bytes:
        """A name of the file in a state, whose name could not be told; ``b""`` without one."""
        content = self._content_of(state)
        rows = [] if content is None else self._live_with(content.id)
        return rows[0].path if rows else b""

    # --- what was found behind the mount

    def found(
        self, path: bytes, state: State, time_ns: int, *, target: bytes | None = None
    ) -> bool:
        """What stands at a path now; says whether that was news.

        Args:
            time_ns: now.
            target: of a link.
        """
        time_ns = self._advance(time_ns)
        row = self.live(path)
        kind = "dir" if state.is_dir else "link" if modes.S_ISLNK(state.mode) else "file"
        if row is not None and row.kind == kind:
            if kind == "file":
                return self._found_file(path, row, state, time_ns)
            if kind == "link" and row.target != target:
                self._made(path, kind, state, time_ns, How.OUTSIDE, "", target)
                return True
            return self._found_attributes(row, state, time_ns)
        if row is not None:
            self._removed(path, time_ns, How.OUTSIDE)
        if kind == "file":
            self._seen(path, None, state, time_ns)
            return True
        began, how = self._appeared(path, state, time_ns)
        self._made(path, kind, state, began, how, "", target)
        return True

    def _found_file(self, path: bytes, row: Row, state: State, time_ns: int) -> bool:
        content = self._one(row.content) if row.content is not None else None
        if content is None or not content.is_in(state):
            self._seen(path, row, state, time_ns)
            return True
        if content.is_stored and content.ctime_ns != state.ctime_ns:
            equal = self._equal(content, path, state)
            if equal is False:  # with its time set back
                self._seen(path, row, state, time_ns)
                return True
            self._settle(
                content, state, verified=bool(equal) and time_ns - state.ctime_ns >= STEP_NS
            )
        else:
            self._settle(content, state)
        return self._found_attributes(row, state, time_ns)

    def _found_attributes(self, row: Row, state: State, time_ns: int) -> bool:
        if not differs(row, state):
            return False
        self._attributes(row.path, state, time_ns, "")
        return True

    def gone(self, path: bytes, time_ns: int) -> bool:
        """Nothing stands at a path any more; says whether that was news."""
        if self.live(path) is None:
            return False
        self._removed(path, self._advance(time_ns), How.OUTSIDE)
        return True

    def stay(self, contents: Iterable[int]) -> None:
        """Some contents have left their names for others, of which is told next; () when it was.

        Names that were exchanged or passed on, as those of logs are, would else take the place of
        contents before these are found at theirs.
        """
        before, self._staying = self._staying, frozenset(contents)
        for content in sorted(before - self._staying):
            self._leave_unless_there(content)

    def moved(self, path: bytes, target: bytes, state: State, time_ns: int) -> None:
        """A file or folder was found under another name."""
        self._renamed(path, target, state, self._advance(time_ns), "")

    def read(self, state: State, digest: bytes, *, kept: bool) -> None:
        """Somebody has read the file in this state: its content is known by its digest.

        Args:
            kept: ``objects/`` has it.
        """
        content = self._content_of(state)
        if content is not None and content.is_in(state):
            self.db.execute(
                "UPDATE content SET digest = ?, kept = max(kept, ?), ctime_ns = ? WHERE id = ?",
                (digest, int(kept), state.ctime_ns, content.id),
            )

    def settled(self, digests: dict[int, bytes]) -> None:
        """Captured contents have their place in ``objects/``; their digests by id."""
        with self.transaction():
            self.db.executemany(
                "UPDATE content SET digest = ?, kept = 1, event = NULL, file = NULL WHERE id = ?",
                [(digest, id_) for id_, digest in digests.items()],
            )

    def lose(self, ids: Iterable[int]) -> None:
        """Contents that turned out to be nowhere, and are not kept therefore."""
        with self.transaction():
            self.db.executemany(
                "UPDATE content SET kept = 0, event = NULL, file = NULL, within = NULL "
                "WHERE id = ?",
                [(id_,) for id_ in ids],
            )

    def paths_of(self, content: int) -> list[bytes]:
        """Where a content is in the source."""
        rows = self.query(
            "SELECT path FROM version WHERE content = ? AND end_ns IS NULL", (content,)
        )
        return [row[0] for row in rows]

    # --- moments with a name

    def name_moment(self, name: str, time_ns: int) -> None:
        """Give a moment a name.

        Raises:
            UsageError: another has it.
        """
        with self.transaction():
            if self.query("SELECT 1 FROM snapshot WHERE name = ?", (name,)):
                raise UsageError(
                    f"there is a snapshot {name!r} already", hint="see: lsfs snapshots"
                )
            self.db.execute("INSERT INTO snapshot VALUES (?, ?)", (name, time_ns))
            self.latest_ns = max(self.latest_ns, time_ns)

    def forget_moment(self, name: str) -> bool:
        """Take a moment its name; False when no moment has it."""
        with self.transaction():
            return self.db.execute("DELETE FROM snapshot WHERE name = ?", (name,)).rowcount > 0


@functools.lru_cache(256)
def _said(who: Who | None) -> str:
    import json

    return json.dumps(list(who)) if who else ""
