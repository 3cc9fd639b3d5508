"""The right to change a library's tables: one writer at a time has it, and none keeps it in death.

A claim is a head (:mod:`lsfs.index.library.heads`). Whoever holds it writes a head every few
seconds; one whose head has been the last for :data:`STALE` seconds, by the watch of whoever waits,
has lost it (no two clocks are compared). A holder that was stopped for long notices by its own
watch, or at the latest when it publishes: the number of its head is taken then, and nothing that it
did to the tables is ever seen. Only the short work of committing is done under a claim; reading and
embedding files is not.
"""

from __future__ import annotations

import contextlib
import logging
import random
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from lsfs.errors import NotFound
from lsfs.index.library.heads import Claim, Head, Heads

log = logging.getLogger("lsfs.index.library.claims")

STALE = 30.0  # seconds without a head of its holder after which a claim is taken over
BEAT = 5.0  # seconds between the heads of a holder
_POLL = 0.2  # seconds between looks of one that waits, on average


class Overtaken(Exception):
    """Somebody else has the claim, or has changed the tables: what was done is to be done again."""


class Claims:
    """Claims of one writer.

    Args:
        heads: of the library.
        stale: see :data:`STALE`; the same for all writers of a library.
        beat: see :data:`BEAT`.
    """

    def __init__(self, heads: Heads, *, stale: float = STALE, beat: float = BEAT) -> None:
        self._heads = heads
        self._stale = stale
        self._beat = beat
        self._random = random.Random()  # noqa: S311 - when to look again

    @contextlib.contextmanager
    def held(self, work: str) -> Iterator[Hold]:
        """Have the claim for as long as the block; waits for whoever has it.

        Args:
            work: what is done with it, for a person.

        Raises:
            NotFound: there is no library.
        """
        hold = Hold(self._heads, self._taken(work), self._stale, self._beat)
        try:
            yield hold
        finally:
            hold.release()

    def _taken(self, work: str) -> Head:
        token = secrets.token_hex(8)
        head, since = self._last(None), time.monotonic()
        while True:
            is_dead = time.monotonic() - since > self._stale
            if head.claim is None or is_dead:
                if head.claim is not None:
                    log.warning("taking over from a writer that has ended: %s", head.claim.work)
                claimed = replace(head, number=head.number + 1, claim=Claim(token, 0, work))
                if self._heads.add(claimed):
                    return claimed
            else:
                time.sleep(_POLL * (0.5 + self._random.random()))
            now = self._last(head)
            if now.number != head.number:
                head, since = now, time.monotonic()

    def _last(self, known: Head | None) -> Head:
        head = self._heads.last(known)
        if head is None:
            raise NotFound("the library is gone")
        return head


class Hold:
    """A claim that is held; a thread of its own keeps it.

    Attributes:
        head: the claim's last head; its tables are those to begin from.
    """

    def __init__(self, heads: Heads, head: Head, stale: float, beat: float) -> None:
        self.head = head
        self._heads = heads
        self._lost_after = stale / 2
        self._beat = beat
        self._lock = threading.Lock()
        self._beaten = time.monotonic()
        self._is_over = threading.Event()
        self._is_lost = False
        self._thread = threading.Thread(target=self._keep, name="lsfs-claim", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._is_over.wait(self._beat):
            with self._lock:
                claim = self.head.claim
                if self._is_over.is_set() or claim is None:
                    return
                try:
                    self._add(claim=replace(claim, beats=claim.beats + 1))
                except Overtaken:
                    return
                except Exception:
                    # The edge of a thread: while the storage does not answer the claim runs out.
                    log.exception("cannot keep the claim")

    def _add(self, **changes: Any) -> None:
        head = replace(self.head, number=self.head.number + 1, **changes)
        if not self._heads.add(head):
            self._is_lost = True
            raise Overtaken(f"head {head.number} is another's")
        self.head = head
        self._beaten = time.monotonic()

    def check(self) -> None:
        """See that the claim is held still; to be asked before each change of a table.

        Raises:
            Overtaken: it is another's, or may be.
        """
        if self._is_lost or time.monotonic() - self._beaten > self._lost_after:
            raise Overtaken("the claim has run out")

    def publish(self, tables: Mapping[str, int], **changes: Any) -> Head:
        """Make versions of the tables those that readers see, and give the claim back.

        Args:
            changes: of other values of the head.

        Raises:
            Overtaken: it was another's meanwhile; nobody will see what was done.
        """
        self._is_over.set()
        with self._lock:
            self.check()
            self._add(tables=dict(tables), claim=None, changed=self.head.number + 1, **changes)
            return self.head

    def advance(self, tables: Mapping[str, int]) -> None:
        """Have readers see these versions, and keep the claim.

        Raises:
            Overtaken: it is another's.
        """
        with self._lock:
            self.check()
            self._add(tables=dict(tables), changed=self.head.number + 1)

    def release(self) -> None:
        """Give the claim back; what was not published is not seen by anybody."""
        self._is_over.set()
        self._thread.join()
        if self._is_lost or self.head.claim is None:
            return
        with contextlib.suppress(Overtaken):
            self._add(claim=None)
