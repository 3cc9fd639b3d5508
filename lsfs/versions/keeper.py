"""The versions of a drive in one hand: for the process that writes them (holds ``catalog.lock``).

It takes in what the journal says, looks for what happened behind the mount, and settles contents.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from lsfs import beneath
from lsfs import digest as digests
from lsfs.clock import Clock
from lsfs.errors import LsfsError
from lsfs.paths import StatePaths
from lsfs.versions import recover
from lsfs.versions.contents import Contents
from lsfs.versions.events import STEP_NS, State
from lsfs.versions.objects import ObjectStore
from lsfs.versions.past import Past
from lsfs.versions.prune import Held, Pruning
from lsfs.versions.reserve import Reserve
from lsfs.versions.scan import Scan
from lsfs.versions.settle import Settler
from lsfs.versions.tables import ContentRow

log = logging.getLogger("lsfs.versions.keeper")

COMPARED = 256 << 20  # bytes at most of contents that are compared


class Keeper:
    """Keeps the versions of a drive.

    Args:
        state: where.
        source: the folder.
        clock: says when.
        read_bytes: files up to this size are kept when they are read for the index, so that an
            edit behind the mount does not lose what they held.

    Attributes:
        source: descriptor of the folder.
        store, ledger, past, pruning, reserve: the parts.
    """

    def __init__(
        self, state: StatePaths, source: Path, clock: Clock, *, read_bytes: int = 32 << 20
    ) -> None:
        state.incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._state = state
        self._incoming = state.incoming
        self._clock = clock
        self._read_bytes = read_bytes
        self._stack = contextlib.ExitStack()
        with self._stack as stack:
            self.source = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, self.source)
            self.store = ObjectStore(state.objects)
            stack.callback(self.store.close)
            self.past = Past(state.versions, state.history, state.objects, self.source)
            stack.callback(self.past.close)
            self.ledger = recover.opened(
                state, self, self.past.journal, self.store.has, clock.now_ns()
            )
            stack.callback(self.ledger.close)
            self._stack = stack.pop_all()
        if not self.ledger.meta("began_ns"):
            first = next(self.past.journal.after(0, 1), None)
            self.ledger.begin(first.time_ns if first else clock.now_ns())
        self._scan = Scan(self.ledger, self.source, self.follow, clock.now_ns)
        # By the ledger's own connection: what is being written is seen before it is committed.
        self._contents = Contents(
            self.ledger.query, lambda: self.store, self.past.journal, state.incoming, self.source
        )
        self.pruning = Pruning(self.ledger)
        self._settler = Settler(self.ledger, self.store, self._contents, state.incoming)
        self.reserve = Reserve(state.reserve)
        self.reserve.keep()
        self._busy: set[str] = set()
        self._storing = threading.RLock()

    def close(self) -> None:
        """Release the files."""
        self._stack.close()

    def follow(self) -> None:
        """Take in all events of the journal that are there now."""
        while self.ledger.follow(self.past.journal.after(self.ledger.position)):
            pass

    def look(self, paths: Iterable[str] | None = None) -> int:
        """Find what happened behind the mount at and below some paths; None or "": everywhere.

        Returns:
            the moment that it began at, in nanoseconds since the epoch: what has happened by then
            is known.
        """
        if paths is not None:
            paths = {*paths, *self._busy}
            if "" in paths:
                paths = None
        now_ns = self._clock.now_ns()
        self._busy = self._scan.look(paths)
        return max(now_ns, self.ledger.latest_ns)

    def now_ns(self) -> int:
        """The time, in nanoseconds since the epoch; later than all that is known."""
        return max(self._clock.now_ns(), self.ledger.latest_ns + 1)

    def keep_read(self, files: Sequence[tuple[int, bytes]]) -> None:
        """Files were read for the index: their contents are known, and kept if not too large.

        Args:
            files: each open for reading, with BLAKE3 of its bytes. They share one wait for the
                disk.
        """
        now_ns = self._clock.now_ns()
        with self._storing:
            states = {fd: State.of(os.fstat(fd)) for fd, _ in files}
            with self.ledger.transaction():  # each by itself would lock the file three times
                likes = {fd: self._like(state) for fd, state in states.items()}
            kept: dict[int, tuple[State, bool]] = {}  # by descriptor
            try:
                with self.store.batch():
                    for fd, digest in files:
                        state = states[fd]
                        kept[fd] = state, self._is_kept(fd, digest, state, likes[fd])
            except (LsfsError, OSError) as error:  # what was put in the batch is not stored
                log.warning("versions are not kept: %s", error)
                for fd, digest in files:
                    if fd in kept:
                        kept[fd] = kept[fd][0], kept[fd][1] and self.store.has(digest)
            with self.ledger.transaction():
                for fd, digest in files:
                    if fd in kept:
                        self._note_read(fd, digest, *kept[fd], now_ns)

    def _is_kept(self, fd: int, digest: bytes, state: State, like: bytes | None) -> bool:
        """Whether the content of a file is in the store, now at least."""
        try:
            # That others have the same says nothing of what is in this file by now.
            if self.store.has(digest) and digests.of_file(fd) == digest:
                return True
            if not 0 < state.size <= self._read_bytes:
                return False
            return self.store.put(fd, length=state.size, like=like).digest == digest
        except (LsfsError, OSError) as error:
            log.warning("a version is not kept: %s", error)
            return False

    def _note_read(self, fd: int, digest: bytes, state: State, is_kept: bool, now_ns: int) -> None:
        """Note what a file held in a state that it was in at ``now_ns`` or later."""
        if State.of(os.fstat(fd)) != state:
            return  # it will be read again
        if now_ns - state.ctime_ns < STEP_NS:
            state = state._replace(ctime_ns=0)  # it may be written to without being seen
        self.ledger.read(state, digest, kept=is_kept)

    def _like(self, state: State) -> bytes | None:
        """Digest of what the file in this state held before."""
        with self.ledger.lock:
            content = self.ledger.content_in(state)
        return None if content is None else self._settler.like(content)

    def name_moment(self, name: str, time_ns: int) -> None:
        """Give a moment a name.

        Raises:
            UsageError: another has it.
        """
        self.ledger.name_moment(name, time_ns)

    def forget_moment(self, name: str) -> bool:
        """Take a moment its name; False when no moment has it."""
        return self.ledger.forget_moment(name)

    def give_up(self, doomed: list[Held], *, thorough: bool = False) -> int:
        """Let versions go; gives how many bytes the object store has become smaller."""
        with self._storing:
            for file in self.pruning.give_up(doomed):
                (self._incoming / os.fsdecode(file)).unlink(missing_ok=True)
            return self.store.sweep(self.pruning.kept_digests(), thorough=thorough).bytes

    def give_up_oldest(self, most_bytes: int) -> int:
        """Let the oldest versions go until the object store has so many bytes; gives how many."""
        count = 0
        while True:
            excess = self.store.usage().bytes_on_disk - most_bytes
            doomed = self.pruning.oldest()
            if excess <= 0 or not doomed:
                return count
            # What chunks they share with others is not known before: a part at a time.
            size = 0
            some: list[Held] = []
            for one in doomed:
                if some and size >= excess:
                    break
                some.append(one)
                size += one.size
            self.give_up(some, thorough=True)
            count += len(some)

    def settle(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Give what was captured its place in the object store; gives how many contents."""
        with self._storing:
            done = self._settler.run(stop)
            self._settler.sweep_incoming()
        return done

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Nothing is settled, stored or given up meanwhile."""
        with self._storing:
            yield

    def copy_if_due(self) -> None:
        """Copy the ledger once in a while, so that it can be made again."""
        if recover.is_copy_due(self.ledger, self._clock.now_ns()):
            recover.copy(self.ledger, self._state.versions_copy, self._clock.now_ns())

    def recover(self, why: str, *, better_than: int | None = None) -> bool:
        """Make the ledger again.

        Args:
            why: what is wrong with it.
            better_than: only when fewer problems are left than so many.
        """
        with self._storing, self.ledger.lock:
            now_ns = self._clock.now_ns()
            recover.build(self._state, self.past.journal, self.store.has, why, now_ns)
            if (
                better_than is not None
                and recover.problems_left(self._state, now_ns) >= better_than
            ):
                recover.discard(self._state)
                return False
            self.ledger.exchange(lambda: recover.put_in_place(self._state))
        return True

    def is_equal(self, content: ContentRow, path: bytes, state: State) -> bool | None:
        """Whether a content is what the file at a path holds; None when it is in another state."""
        if content.size > COMPARED:
            return None
        try:
            fd = beneath.open_file(self.source, path)
        except OSError:
            return None
        try:
            if State.of(os.fstat(fd)) != state:
                return None
            # Of what was read once the digest is known, also where nobody kept the bytes.
            known = content.digest or self._digest_of(content.id)
            same = known == digests.of_file(fd)
            return same if State.of(os.fstat(fd)) == state else None
        except (OSError, LsfsError):
            return None
        finally:
            os.close(fd)

    def are_alike(self, one: int, other: int) -> bool:
        """Whether two contents are the same bytes."""
        try:
            if self._contents.row(one).size > COMPARED:
                return False
            return self._digest_of(one) == self._digest_of(other)
        except (OSError, LsfsError):
            return False

    def _digest_of(self, content: int) -> bytes:
        with contextlib.closing(self._contents.open(content)) as held:
            return digests.of(held.read)
