"""What a served drive does, in numbers, in Prometheus's text format.

Labels take few values, all of them chosen here: routes, statuses, kinds of work. No file, no
question and no member is named.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lsfs.errors import LsfsError
from lsfs.serve.turns import Turns

log = logging.getLogger("lsfs.serve.metrics")

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_WAITS = (0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)  # seconds
_ASKS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_STATES = ("indexed", "pending", "errors", "unsupported")  # of files in the index

Status = Callable[[], Mapping[str, Mapping[str, Any]]]  # ``index`` and ``memory`` of the drive


class Metrics:
    """The numbers of one service.

    Args:
        status: what is known of the drive; asked whenever the numbers are looked at.
    """

    def __init__(self, status: Status) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "lsfs_requests", "Requests that were answered.", ("route", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "lsfs_request_seconds", "From the request to the end of its answer.", ("route",),
            buckets=_ASKS, registry=self.registry,
        )  # fmt: skip
        self._waits = Histogram(
            "lsfs_queue_wait_seconds", "Time in the queue, of requests whose turn came.",
            ("queue",), buckets=_WAITS, registry=self.registry,
        )  # fmt: skip
        self._asks = Histogram(
            "lsfs_ask_seconds", "Questions: from the request to the whole answer.",
            buckets=_ASKS, registry=self.registry,
        )  # fmt: skip
        self._refused = Counter(
            "lsfs_queue_refused", "Requests for which there was no room.", ("queue", "reason"),
            registry=self.registry,
        )  # fmt: skip
        self._queues: dict[str, Turns] = {}
        self.registry.register(_Looked(self._lengths, status))

    def watch(self, name: str, turns: Turns) -> None:
        """Tell the lengths of a queue from now on."""
        self._queues[name] = turns

    def waited(self, queue: str, seconds: float) -> None:
        """A request's turn has come."""
        self._waits.labels(queue).observe(seconds)

    def refused(self, queue: str, reason: str) -> None:
        """There was no room for a request.

        Args:
            reason: the name of the error.
        """
        self._refused.labels(queue, reason).inc()

    def answered(self, route: str, status: int, seconds: float, *, is_ask: bool) -> None:
        """A request was answered.

        Args:
            route: which kind of request; one of few.
        """
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if is_ask and status == 200:
            self._asks.observe(seconds)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _lengths(self) -> Iterator[Metric]:
        counts: tuple[tuple[str, str, Callable[[Turns], int]], ...] = (
            ("lsfs_queue_waiting", "Requests that wait.", lambda turns: turns.waiting),
            ("lsfs_queue_running", "Requests that run.", lambda turns: turns.running),
            ("lsfs_queue_places", "Requests that may run.", lambda turns: turns.limits.places),
        )
        for name, doc, count in counts:
            family = GaugeMetricFamily(name, doc, labels=("queue",))
            for queue, turns in self._queues.items():
                family.add_metric((queue,), count(turns))
            yield family


class _Looked(Collector):
    """What is looked up when somebody asks."""

    def __init__(self, lengths: Callable[[], Iterable[Metric]], status: Status) -> None:
        self._lengths = lengths
        self._status = status
        self._looking = threading.Lock()
        self._known: Mapping[str, Mapping[str, Any]] | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered does not ask the drive."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The numbers of now."""
        yield from self._lengths()
        known = self._looked_up()
        up = GaugeMetricFamily("lsfs_up", "Whether the drive answers.")
        up.add_metric((), known is not None)
        yield up
        if known is None:
            return
        files = GaugeMetricFamily("lsfs_index_files", "Files by state.", labels=("state",))
        for state in _STATES:
            files.add_metric((state,), known["index"].get(state, 0))
        yield files
        for name, doc, value in (
            ("lsfs_index_passages", "Passages that can be found.", known["index"]["passages"]),
            ("lsfs_index_generation", "State of the index.", known["index"]["generation"]),
            ("lsfs_model_memory_bytes", "Models in memory.", known["memory"].get("models", 0)),
            ("lsfs_engine_memory_bytes", "Resident memory of the process that answers.",
             known["memory"].get("process", 0)),
        ):  # fmt: skip
            gauge = GaugeMetricFamily(name, doc)
            gauge.add_metric((), value)
            yield gauge

    def _looked_up(self) -> Mapping[str, Mapping[str, Any]] | None:
        """How the drive is; as it was lately where it takes its time to say so; None: it does not.

        One asks at a time, so that a drive which hangs does not take all threads along.
        """
        if not self._looking.acquire(blocking=False):
            return self._known
        try:
            self._known = self._status()
        except LsfsError as error:
            log.warning("the drive does not say how it is: %s", error.message)
            self._known = None
        finally:
            self._looking.release()
        return self._known
