"""What every test gets: a home of its own, and a check that it leaves nothing running."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.s3 import Server
from hypothesis import HealthCheck, settings

# Tests start hundreds of processes; where nothing may be cached, each compiles all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No test asserts a time, also not one that hypothesis sets, and each run is the same: new examples
# are looked for with HYPOTHESIS_PROFILE=search.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("same"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many more as there are cores: tests wait for processes a third of their time.

    Each takes a gigabyte, and the processes that it starts may take as much.
    """
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(cores + (cores + 1) // 2, memory // 2**31))


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the user's drives or settings, or another test's; caches are shared."""
    home = tmp_path_factory.mktemp("home")
    for name in ("DATA", "CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    cache = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    for name in [name for name in os.environ if name.startswith("LSFS_")]:
        monkeypatch.delenv(name)
    return home


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """A test ends with the threads it began with."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 60
    while left := [t for t in set(threading.enumerate()) - before if not _library_thread(t)]:
        if time.monotonic() > deadline:
            pytest.fail(f"left running: {[thread.name for thread in left]}")
        time.sleep(0.01)


def _library_thread(thread: threading.Thread) -> bool:
    """Pools that LanceDB and Python's RPC server keep for the life of the process."""
    return thread.daemon or thread.name.startswith(("LanceDB", "ThreadPoolExecutor", "asyncio"))


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    """A real S3 server, started by the first test that wants one."""
    from tests.s3 import serving

    with serving() as server:
        yield server


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], object]:
    """Waits for a condition instead of for a time; fails when it does not come true."""

    def wait(condition: Callable[[], object], seconds: float = 180.0) -> object:
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError("it did not come true in time")
            time.sleep(0.02)
        return value

    return wait
