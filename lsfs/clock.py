"""The time, passed in, so that tests can say what it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


def iso(time_ns: int) -> str:
    """A moment as ISO 8601 in UTC, to the millisecond."""
    found = datetime.fromtimestamp(time_ns // 10**9, UTC).replace(
        microsecond=time_ns % 10**9 // 10**6 * 1000
    )
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def now_ns(self) -> int:
        return time.time_ns()


class FixedClock:
    """A clock that stands still until it is moved; for tests and reproducible demos."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError("FixedClock needs an aware datetime")
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        return self._moment

    def now_ns(self) -> int:
        return int(self._moment.timestamp() * 1_000_000_000)

    def set(self, moment: datetime) -> None:
        """Move the clock to ``moment``."""
        self._moment = moment.astimezone(UTC)
