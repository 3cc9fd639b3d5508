"""Models leave when memory is short, and come back when they are used again."""

from __future__ import annotations

import logging
import threading

from lsfs.llm.runtime.memory import MACHINE, Sources
from lsfs.llm.runtime.residents import Residents

log = logging.getLogger("lsfs.llm")

SECONDS = 2.0  # between two looks
WAITING = 20.0  # percent of the last ten seconds in which some program waited for memory


class Shedding:
    """Looks at the machine's memory, and closes models that nobody uses while it is short.

    A model that is in use stays until it is done. One that was closed is loaded when it is next
    used; where there is no room for it then, that use fails and says so.

    Args:
        residents: the models.
        free: bytes that are left to other programs.
        sources: where the kernel tells.
    """

    def __init__(self, residents: Residents, free: int, sources: Sources = MACHINE) -> None:
        self._residents, self._free, self._sources = residents, free, sources
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lsfs-memory", daemon=True)
        self._reason = ""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def reason(self) -> str:
        """Why no model is to be loaded that nobody waits for; "" when there is memory."""
        return self._reason

    def look(self) -> list[str]:
        """Look once; gives the names of the models that left."""
        self._reason = self._short()
        if not self._reason:
            return []
        left = self._residents.shed()
        for name in left:
            log.info("%s leaves: %s", name, self._reason)
        return left

    def _short(self) -> str:
        available = self._sources.available()
        if available is not None and available < self._free:
            return f"memory is short: {available >> 20} MiB are free"
        waiting = self._sources.waiting()
        return (
            f"programs wait for memory, {waiting:.0f} % of the time" if waiting >= WAITING else ""
        )

    def _run(self) -> None:
        while not self._stop.wait(SECONDS):
            self.look()
