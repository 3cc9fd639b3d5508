"""How far, how fast, how long; and work that waits for a better time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from lsfs.index import progress
from lsfs.index.follow import OVERFLOWS, Follower
from lsfs.index.pause import ASK_SECONDS, Machine, Pause, this_machine
from lsfs.index.progress import Pace, Progress
from lsfs.index.store.published import Published

from .conftest import Index

Eventually = Callable[[Callable[[], object]], object]


def test_rate_and_time_left() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    assert pace.at("reading", 0, 100).told() == {
        "stage": "reading", "done": 0, "total": 100, "rate": 0.0, "left_s": -1.0, "paused": "",
    }  # fmt: skip
    now[0] += 2
    found = pace.at("reading", 20, 100)
    assert (found.rate, found.left_s) == (10.0, 8.0)
    for _ in range(30):  # it becomes slower, and that is seen before long
        now[0] += 1
        found = pace.at("reading", found.done + 1, 100)
    assert 1.0 <= found.rate < 2.0
    assert pace.at("embedding", 0, 10).rate == 0.0


def test_progress_is_published_while_it_goes_on(index: Index) -> None:
    for n in range(3):
        (index.source / f"{n}.txt").write_text(f"heron {n}")
    writer = progress.Published(index.catalog)
    reader = Published(index.state / "catalog.sqlite")
    seen = []

    def note(stage: str, done: int, total: int) -> None:
        writer.tell(Progress(stage, done, total, 5.0, 2.0), at_once=True)
        seen.append(reader.progress())

    index.pipeline.run(progress=note)
    writer.end()
    assert seen[0] == Progress("reading", 1, 3, 5.0, 2.0).told()
    assert seen[-1]["stage"] == "embedding"
    assert reader.progress() == {}
    index.catalog.set_meta(progress.KEY, '{"stage":"reading","done":1,"total":3,"time_ns":5}')
    assert reader.progress() == {}  # of a process that was killed
    reader.close()


class FakeMachine:
    def __init__(self) -> None:
        self.battery, self.load, self.now = False, 0.0, 0.0

    def pause(self, policy: str) -> Pause:
        machine = Machine(lambda: self.battery, lambda: self.load)
        return Pause(policy, machine, self.clock)  # type: ignore[arg-type]

    def clock(self) -> float:
        self.now += ASK_SECONDS
        return self.now


@pytest.mark.parametrize(
    ("policy", "battery", "load", "reason"),
    [
        ("never", True, 1.0, ""),
        ("battery", True, 0.0, "on battery"),
        ("battery", False, 1.0, ""),
        ("busy", True, 0.0, ""),
        ("busy", False, 0.9, "the machine is busy"),
        ("either", True, 0.9, "on battery"),
        ("either", False, 0.9, "the machine is busy"),
    ],
)
def test_reasons_to_wait(policy: str, battery: bool, load: float, reason: str) -> None:
    machine = FakeMachine()
    machine.battery, machine.load = battery, load
    assert machine.pause(policy).reason() == reason


def test_a_busy_machine_has_to_calm_down() -> None:
    machine = FakeMachine()
    pause = machine.pause("busy")
    said = []
    for machine.load in (0.5, 0.7, 0.5, 0.3, 0.5):
        said.append(bool(pause.reason()))
    assert said == [False, True, True, False, False]


def test_this_machine_can_be_asked() -> None:
    machine = this_machine()
    assert machine.on_battery() in (True, False)
    assert 0.0 <= machine.others() <= 1.0


@pytest.fixture
def paused(index: Index) -> Iterator[tuple[FakeMachine, Follower]]:
    machine = FakeMachine()
    machine.battery = True
    (index.source / "a.txt").write_text("heron")
    running = Follower(
        index.catalog, index.pipeline, index.tree, debounce_ms=20, pause=machine.pause("battery")
    )
    running.start()
    yield machine, running
    running.close()


def test_work_that_nobody_waits_for_waits(
    index: Index, paused: tuple[FakeMachine, Follower], eventually: Eventually
) -> None:
    _, running = paused
    reader = Published(index.state / "catalog.sqlite")
    eventually(lambda: reader.progress().get("paused") == "on battery")
    assert index.pipeline.work.read == 0
    running.fresh(lambda _: None)  # a question does not wait for it
    assert running.wait(lambda _: None, 30)  # but whoever waits for it gets it
    assert index.paths("heron") == ["a.txt"]
    eventually(lambda: reader.progress() == {})
    reader.close()


def test_dropped_events_have_all_looked_at(
    index: Index, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)  # whatever the program wants to see of logs
    others = list(logging.getLogger(OVERFLOWS).handlers)
    running = Follower(index.catalog, index.pipeline, index.tree, debounce_ms=20)
    running.start()
    try:
        assert running.wait(lambda _: None, 30)
        looks = []
        refresh = index.pipeline.refresh
        index.pipeline.refresh = lambda paths: looks.append(paths) or refresh(paths)  # type: ignore
        # What watchdog does when the kernel says that its queue has overflowed.
        logging.getLogger(OVERFLOWS).warning("Inotify queue overflowed; events were lost")
        eventually(lambda: [""] in looks)
    finally:
        running.close()
    assert logging.getLogger(OVERFLOWS).handlers == others


def test_progress_is_plain_data() -> None:
    assert replace(Progress("reading", 1, 2), time_ns=3).told()["done"] == 1
