"""Whether work that nobody waits for should wait itself: on battery, or on a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

Policy = Literal["never", "battery", "busy", "either"]

ASK_SECONDS = 5.0  # the machine is asked no more often
BUSY = 0.6  # of all cores taken by others: indexing waits
CALM = 0.4  # it goes on below this


class Machine(Struct, frozen=True):
    """What is asked of the machine.

    Attributes:
        on_battery: whether it runs on one.
        others: share of all cores that other programs took since the last call, 0 to 1.
    """

    on_battery: Callable[[], bool]
    others: Callable[[], float]


class Pause:
    """Says why indexing should wait.

    Args:
        policy: ``index.pause`` of the settings.
        machine: what is asked; this one by default.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        policy: Policy,
        machine: Machine | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._machine = machine
        self._monotonic = monotonic
        self._asked = float("-inf")
        self._reason = ""
        self._is_busy = False

    def reason(self) -> str:
        """Why to wait; "" when there is no reason."""
        if self._policy == "never":
            return ""
        now = self._monotonic()
        if now - self._asked >= ASK_SECONDS:
            self._asked = now
            self._reason = self._ask()
        return self._reason

    def _ask(self) -> str:
        if self._machine is None:
            self._machine = this_machine()
        if self._policy in ("battery", "either") and self._machine.on_battery():
            return "on battery"
        if self._policy in ("busy", "either"):
            # Two limits: it does not stop and go all the time around one.
            self._is_busy = self._machine.others() >= (CALM if self._is_busy else BUSY)
            if self._is_busy:
                return "the machine is busy"
        return ""


def this_machine() -> Machine:
    """The machine that this runs on, asked through psutil."""
    import psutil

    cores = psutil.cpu_count() or 1
    before = {"time": time.monotonic(), "busy": _busy(), "own": _own()}

    def on_battery() -> bool:
        battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
        return battery is not None and battery.power_plugged is False

    def others() -> float:
        now = {"time": time.monotonic(), "busy": _busy(), "own": _own()}
        elapsed = now["time"] - before["time"]
        # Children that ended in between take their times with them.
        own = max(0.0, now["own"] - before["own"])
        taken = now["busy"] - before["busy"] - own
        before.update(now)
        return min(1.0, max(0.0, taken / (elapsed * cores))) if elapsed > 0 else 0.0

    return Machine(on_battery, others)


def _busy() -> float:
    """Seconds that all cores have worked."""
    import psutil

    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - _counted_twice(times))


def _counted_twice(times: object) -> float:
    """Guests' time is part of user time on Linux."""
    return float(getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0))


def _own() -> float:
    """Seconds that this process and its children have worked."""
    import psutil

    me = psutil.Process()
    total = sum(me.cpu_times()[:4])
    for child in me.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return float(total)
