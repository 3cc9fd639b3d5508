"""Who runs a syscall: this process, another one of its kind, or the brain of a mount."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lsfs.config import Config, ModelConfig
from lsfs.drives import DriveRecord, initialise, locked
from lsfs.errors import Cancelled, LockHeld
from lsfs.index.store.catalog import Catalog
from lsfs.serve import access as accesses
from lsfs.serve import rpc
from lsfs.serve.access import Access, Cancellation
from lsfs.syscalls.drive import open_local
from tests.syscalls.conftest import fill

CONFIG = replace(Config(), model=ModelConfig(chat="none", embed="none"))


@pytest.fixture
def record(tmp_path: Path) -> DriveRecord:
    return initialise(fill(tmp_path / "docs"), str(tmp_path / "state"))


def ask(access: Access, name: str = "status", **arguments: Any) -> Any:
    return access.call(name, arguments, lambda _: None)


def test_closing_does_not_wait_for_engines_that_never_open(
    record: DriveRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()
    monkeypatch.setattr(accesses, "CLOSE_SECONDS", 0.2)
    monkeypatch.setattr(Access, "_open", lambda _: never.wait())
    access = Access(record, CONFIG)
    access.close()
    never.set()
    access._watch.join()


def test_an_index_that_is_being_made_is_waited_for(
    record: DriveRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(_: float) -> None:
        Catalog(record.state.catalog).close()

    monkeypatch.setattr("lsfs.syscalls.drive.time.sleep", sleep)
    with locked(record.state.catalog_lock):
        record.state.catalog.touch()  # as SQLite does before it writes
        with contextlib.closing(open_local(record, CONFIG)) as caller:
            assert caller.call("list_dir", {}, lambda _: None).entries


def test_one_serves_others_until_it_ends(record: DriveRecord) -> None:
    first, second = Access(record, CONFIG), Access(record, CONFIG)
    try:
        assert ask(first, "list_dir").entries == ask(second, "list_dir").entries
        serving = [one for one in (first, second) if one._engines is not None]
        assert len(serving) == 1
        serving[0].close()
        (other,) = {first, second} - set(serving)
        assert ask(other, "list_dir").entries[0].name == "Contracts"
        assert other._engines is not None
    finally:
        first.close()
        second.close()


def test_beside_a_process_that_indexes_and_does_not_answer(record: DriveRecord) -> None:
    with locked(record.state.catalog_lock):
        pass
    first = Access(record, CONFIG)
    ask(first, "wait_indexed")
    first.close()
    with locked(record.state.catalog_lock):
        access = Access(record, CONFIG)
        assert ask(access, "grep", pattern="EUR 700").matches[0].path == "Contracts/mill-lease.txt"
        assert access._engines is None
        access.close()
    assert not record.state.socket.exists()


def test_a_mount_takes_over(record: DriveRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accesses, "LOOK_SECONDS", 0.05)
    access = Access(record, CONFIG)
    ask(access)
    assert access._engines is not None
    record.state.mount_record.write_text(f'{{"pid": {os.getpid()}, "mountpoint": "/nowhere"}}')
    deadline = time.monotonic() + 180
    while True:
        try:
            with locked(record.state.catalog_lock):  # free for the brain of the mount
                break
        except LockHeld:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert access._engines is None
    access.close()


def test_a_call_in_another_process_is_cancelled(record: DriveRecord) -> None:
    gone = threading.Event()

    def handle(_: str, __: Any, ___: rpc.Emit, cancelled: threading.Event, *____: Any) -> Any:
        begun.set()
        assert cancelled.wait(20)
        gone.set()

    begun = threading.Event()
    server = rpc.Server(record.state.socket, handle)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    access = Access(record, CONFIG)
    cancellation = Cancellation()
    outcome: list[BaseException] = []

    def call() -> None:
        try:
            access.call("status", {}, lambda _: None, cancellation)
        except BaseException as error:
            outcome.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert begun.wait(20)
    cancellation.set()
    caller.join(20)
    assert isinstance(outcome[0], Cancelled)
    assert gone.wait(20)
    access.close()
    server.close()
    thread.join()
