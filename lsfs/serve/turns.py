"""Who is next: places for work, given in turn to many members, none of whom can crowd out others.

A member has at most so many requests that run and so many that wait; all together wait at most so
many. Whoever comes beyond that is refused at once and told when to come again, so that a request
either runs or has an answer. A place that comes free is for the member who has the fewest; among
those it goes round (Nagle, "On packet switches with infinite storage", RFC 970, 1985), and within
each the first comes first.

All of it is used from the thread of one event loop.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Callable

from msgspec import Struct

from lsfs.errors import LsfsError

LONGEST_RETRY_S = 60
_FIRST_GUESS_S = 2.0  # how long a request takes, before one has ended
_WEIGHT = 0.2  # of the last request in the mean of how long they take


class Limits(Struct, frozen=True):
    """How much work there is room for.

    Attributes:
        places: requests that run at the same time.
        waiting: requests that wait, of all members.
        member_running, member_waiting: the same of one member.
    """

    places: int
    waiting: int
    member_running: int
    member_waiting: int


class Refused(LsfsError):
    """There is no room for a request now.

    Args:
        retry_s: when to try again, in whole seconds from now.
    """

    status = 503
    exit_code = 75  # EX_TEMPFAIL

    def __init__(self, message: str, retry_s: int) -> None:
        super().__init__(message, hint=f"try again in {retry_s} s")
        self.retry_s = retry_s


class TooManyRequests(Refused):
    """This member has as many requests here as one member may have."""

    status = 429


class QueueFull(Refused):
    """As many requests wait as may wait, of all members together."""


class ShuttingDown(Refused):
    """The service is about to end."""


class Turn(Struct, eq=False):
    """A request's place, from when it came until :meth:`leave`."""

    member: str
    came: float
    _turns: Turns
    _called: asyncio.Future[None]
    began: float | None = None
    _left: bool = False

    async def begin(self) -> None:
        """Wait until it is this request's turn; who is cancelled here still has to leave.

        Raises:
            ShuttingDown: the service ends before that.
        """
        await self._called

    def leave(self) -> None:
        """Give the place back, or wait no longer; doing it again does nothing."""
        if not self._left:
            self._left = True
            self._turns._leave(self)


class Turns:
    """Places for one kind of work.

    Args:
        limits: how many.
        waited: told of each request how long it has waited, in seconds, when it begins.
        clock: seconds.
    """

    def __init__(
        self,
        limits: Limits,
        waited: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self._waited = waited
        self._clock = clock
        self._mean_s = _FIRST_GUESS_S
        self._at_work: Counter[str] = Counter()
        self._queues: dict[str, deque[Turn]] = {}  # of members that wait
        self._round: deque[str] = deque()  # the same members, who is next first
        self._closing = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def running(self) -> int:
        """Requests that run."""
        return self._at_work.total()

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return sum(map(len, self._queues.values()))

    def enter(self, member: str) -> Turn:
        """Take a place, or a place in the queue; it has to be left in any case.

        Raises:
            TooManyRequests: this member has no more.
            QueueFull: nobody has.
            ShuttingDown: nobody is let in any more.
        """
        self._check(member)
        turn = Turn(member, self._clock(), self, asyncio.get_running_loop().create_future())
        if member not in self._queues:
            self._queues[member] = deque()
            self._round.append(member)
        self._queues[member].append(turn)
        self._empty.clear()
        self._hand_out()
        return turn

    def _check(self, member: str) -> None:
        if self._closing:
            raise ShuttingDown("the service is about to end", self._retry_s(1))
        limits, mine = self.limits, len(self._queues.get(member, ()))
        busy = self._at_work[member] >= limits.member_running
        if not busy and self.running < limits.places:  # then who waits may run no more
            return
        if mine >= limits.member_waiting:
            said = f"{self._at_work[member]} of your requests run and {mine} wait here: no more do"
            raise TooManyRequests(said, self._retry_s(mine))
        if self.waiting >= limits.waiting:
            said = f"{self.waiting} requests wait here: no more do"
            raise QueueFull(said, self._retry_s(self.waiting))

    def _retry_s(self, ahead: int) -> int:
        """When there is likely to be room, with so many requests ahead."""
        seconds = self._mean_s * max(1, ahead) / self.limits.places
        return max(1, min(LONGEST_RETRY_S, math.ceil(seconds)))

    def _hand_out(self) -> None:
        while self.running < self.limits.places and (turn := self._next()) is not None:
            self._at_work[turn.member] += 1
            turn.began = self._clock()
            self._waited(turn.began - turn.came)
            turn._called.set_result(None)

    def _next(self) -> Turn | None:
        """Take out the turn that is next; None when nobody who waits may run more."""
        member = min(self._round, key=lambda one: self._at_work[one], default="")
        if not self._round or self._at_work[member] >= self.limits.member_running:
            return None
        self._round.remove(member)
        turn = self._queues[member].popleft()
        if self._queues[member]:
            self._round.append(member)
        else:
            del self._queues[member]
        return turn

    def _leave(self, turn: Turn) -> None:
        if turn.began is not None:
            took = self._clock() - turn.began
            self._mean_s += _WEIGHT * (took - self._mean_s)
            self._at_work[turn.member] -= 1
            self._at_work += Counter()  # who has none is forgotten
            self._hand_out()
        else:
            self._drop(turn)
        if not self.running and not self.waiting:
            self._empty.set()

    def _drop(self, turn: Turn) -> None:
        queue = self._queues.get(turn.member)
        if queue is None or turn not in queue:
            return  # refused when the service ended
        queue.remove(turn)
        if not queue:
            del self._queues[turn.member]
            self._round.remove(turn.member)

    def close(self) -> None:
        """Let nobody in any more; who is here may wait, and run."""
        self._closing = True

    def refuse_waiting(self) -> None:
        """Refuse all who wait; who runs goes on."""
        for queue in self._queues.values():
            for turn in queue:
                if not turn._called.done():
                    turn._called.set_exception(
                        ShuttingDown("the service is about to end", self._retry_s(1))
                    )
        self._queues.clear()
        self._round.clear()

    async def emptied(self) -> None:
        """Wait until nobody runs or waits."""
        await self._empty.wait()
