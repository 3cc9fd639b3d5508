"""The text of a result as it comes, for who has no callback to give."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

Run = Callable[[Callable[[dict[str, Any]], None]], Any]


class Stream:
    """The text of one call, part by part; iterate over it once.

    The call goes on to its end also when its text is not taken.

    Args:
        run: runs the call with a sink for its events, in a thread of its own.
        on_event: takes the events that are no text.
    """

    def __init__(self, run: Run, on_event: Callable[[dict[str, Any]], None]) -> None:
        self._run = run
        self._on_event = on_event
        self._parts: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="lsfs-stream", daemon=True)
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread.start()

    def _work(self) -> None:
        try:
            self._result = self._run(self._parts.put)
        except BaseException as error:  # is raised where the result is asked for
            self._error = error
        finally:
            self._parts.put(None)

    def __iter__(self) -> Iterator[str]:
        """The parts.

        Raises:
            LsfsError: what the call raised, behind the last part.
        """
        while (event := self._parts.get()) is not None:
            if "text" in event:
                yield event["text"]
            else:
                self._on_event(event)
        self._parts.put(None)  # whoever iterates once more gets nothing, and does not wait
        if self._error is not None:
            raise self._error

    def wait(self) -> None:
        """Wait until the call has ended, whatever came of it."""
        self._thread.join()

    @property
    def result(self) -> Any:
        """The result, once it is there.

        Raises:
            LsfsError: what the call raised.
        """
        self.wait()
        if self._error is not None:
            raise self._error
        return self._result
