"""Large contents are copied by a thread, and what waits for them is carried out after that."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.clock import SystemClock
from lsfs.fuse.later import Later
from lsfs.fuse.requests import Request
from lsfs.versions.capture import INLINE, Captures, TakesLong
from lsfs.versions.events import Op, State
from lsfs.versions.history import Journal, JournalReader
from tests.fuse.conftest import Place

LARGE = INLINE + 1


@pytest.fixture
def captures(tmp_path: Path) -> Iterator[Captures]:
    journal = Journal(tmp_path / "history.sqlite")
    made = Captures(tmp_path / "incoming", journal, SystemClock())
    made.at_once = 0
    yield made
    made.close()
    journal.close()


def captured(tmp_path: Path) -> list[bytes]:
    reader = JournalReader(tmp_path / "history.sqlite")
    events = [event for event in reader.after(0) if event.op is Op.CAPTURED]
    reader.close()
    return [(tmp_path / "incoming" / str(event.target)).read_bytes() for event in events]


def test_it_is_copied_once_whoever_asks(tmp_path: Path, captures: Captures) -> None:
    content = os.urandom(LARGE)
    (tmp_path / "f").write_bytes(content)
    fd = os.open(tmp_path / "f", os.O_RDWR)
    state = State.of(os.fstat(fd))
    with pytest.raises(TakesLong) as first:
        captures.keep(fd, b"f", None, state=state)
    with pytest.raises(TakesLong) as second:
        captures.keep(fd, b"f", None, state=state)
    waiting = threading.Thread(target=second.value.work)
    waiting.start()
    first.value.work()
    waiting.join()
    captures.keep(fd, b"f", None, state=state)
    assert captured(tmp_path) == [content]
    os.close(fd)


def test_a_disk_that_is_full_is_said_to_who_asked(
    tmp_path: Path, captures: Captures, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_bytes(os.urandom(LARGE))
    fd = os.open(tmp_path / "f", os.O_RDWR)
    with pytest.raises(TakesLong) as long:
        captures.keep(fd, b"f", None)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "copy_file_range", full)
        with pytest.raises(TakesLong) as other:
            captures.keep(fd, b"f", None)
        with pytest.raises(OSError, match="No space"):
            long.value.work()
        other.value.work()
        with pytest.raises(TakesLong):  # who only waited is not let through
            captures.keep(fd, b"f", None)
    assert list((tmp_path / "incoming").iterdir()) == []
    os.close(fd)


def test_a_request_comes_again_with_its_own_body() -> None:
    read_end, write_end = os.pipe()
    later = Later(read_end)
    room = bytearray(b"the body")
    go = threading.Event()
    later.put_off(Request(16, 7, 1, 2, 3, 4, memoryview(room)), go.wait)
    later.put_off(Request(10, 8, 1, 2, 3, 4, memoryview(room)), lambda: 1 / 0)
    room[:] = b"no more "
    failed = later.next(lambda: False)
    assert failed is not None and failed[0].unique == 8
    assert isinstance(failed[1], ZeroDivisionError)
    os.write(write_end, b"a new request")
    assert later.next(lambda: False) is None
    os.read(read_end, 100)
    go.set()
    again = later.next(lambda: False)
    assert again is not None and again[1] is None
    assert (again[0].opcode, bytes(again[0].body), later.count) == (16, b"the body", 0)
    assert later.next(lambda: True) is None
    later.close()
    os.close(read_end)
    os.close(write_end)


@pytest.mark.mount
def test_large_files_through_the_mount(
    place: Place, eventually: Callable[[Callable[[], object]], object]
) -> None:
    content = os.urandom(9 << 20)
    (place.behind / "f").write_bytes(content)
    state = place.drive.state

    def kept() -> list[bytes]:
        reader = JournalReader(state.history)
        names = [
            event.target
            for event in reader.after(0)
            if event.op is Op.CAPTURED and event.path == f"{place.name}/f"
        ]
        reader.close()
        return [(state.incoming / str(name)).read_bytes() for name in names]

    fd = os.open(place.front / "f", os.O_RDWR)
    threads = [
        threading.Thread(target=os.pwrite, args=(fd, b"%d" % n * 10, n << 20)) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    (place.front / "other").write_text("others go on meanwhile")
    for thread in threads:
        thread.join()
    os.close(fd)
    changed = bytearray(content)
    for n in range(4):
        changed[n << 20 : (n << 20) + 10] = b"%d" % n * 10
    assert (place.behind / "f").read_bytes() == changed
    assert kept() == [content]
    eventually(lambda: place.changes())
    (place.front / "f").write_bytes(b"cut, and less")
    assert kept() == [content, bytes(changed)]
