"""Locks on real files: who excludes whom, who is told, who waits."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.fuse.locks import WHOLE, Locks
from tests.fuse.bare import descriptors
from tests.fuse.fake_index import refused

READ, WRITE, NONE = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK
FILE, OTHER_FILE = 5, 6  # nodes
ANN, BOB, CAL = 1, 2, 3  # owners; their processes are 100 times that

Open = Callable[..., int]
Wait = Callable[..., object]


@pytest.fixture
def answers() -> list[tuple[int, int]]:
    return []


@pytest.fixture
def locks(answers: list[tuple[int, int]]) -> Locks:
    return Locks(lambda unique, _, code: answers.append((unique, code)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 100)
    return path


@pytest.fixture
def opened(file: Path) -> Iterator[Open]:
    """Opens the file; at the end nothing is open but what this opened."""
    fds: list[int] = []
    before = descriptors()

    def open_(flags: int = os.O_RDWR) -> int:
        fds.append(os.open(file, flags))
        return fds[-1]

    yield open_
    for fd in fds:
        os.close(fd)
    assert descriptors() <= before, "a lock was left behind"


def lock(
    locks: Locks, owner: int, fd: int, kind: int, start: int = 0, end: int = WHOLE, node: int = FILE
) -> None:
    locks.set(node, owner, fd, (kind, start, end, owner * 100))


def holder(
    locks: Locks, owner: int, fd: int, kind: int, start: int = 0, end: int = WHOLE
) -> tuple[int, int, int, int]:
    return locks.conflict(FILE, owner, fd, (kind, start, end, owner * 100))


def behind(fd: int, kind: int, start: int, length: int) -> None:
    """An ordinary record lock, as a program behind the mount sets it."""
    fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, start, length, 0))


# --- record locks


def test_owners_exclude_each_other_and_not_themselves(locks: Locks, opened: Open) -> None:
    a, b = opened(), opened()
    lock(locks, ANN, a, WRITE)
    lock(locks, ANN, b, WRITE)
    refused(errno.EAGAIN, lock, locks, BOB, b, WRITE)
    refused(errno.EAGAIN, lock, locks, BOB, a, READ)
    lock(locks, ANN, a, NONE)
    lock(locks, BOB, b, WRITE)
    refused(errno.EAGAIN, lock, locks, ANN, a, WRITE)
    for owner in (ANN, BOB):
        locks.drop(FILE, owner)


def test_readers_share_and_keep_writers_out(locks: Locks, opened: Open) -> None:
    fd = opened()
    lock(locks, ANN, fd, READ)
    lock(locks, BOB, fd, READ)
    refused(errno.EAGAIN, lock, locks, ANN, fd, WRITE)
    locks.drop(FILE, BOB)
    lock(locks, ANN, fd, WRITE)
    locks.drop(FILE, ANN)


def test_ranges_that_do_not_meet_are_free(locks: Locks, opened: Open) -> None:
    fd = opened()
    lock(locks, ANN, fd, WRITE, 0, 9)
    lock(locks, BOB, fd, WRITE, 10, 19)
    lock(locks, CAL, fd, WRITE, 20, WHOLE)
    refused(errno.EAGAIN, lock, locks, ANN, fd, WRITE, 9, 10)
    refused(errno.EAGAIN, lock, locks, ANN, fd, WRITE, 10**15, 10**15)
    lock(locks, BOB, fd, NONE, 10, 14)
    lock(locks, ANN, fd, WRITE, 10, 14)
    refused(errno.EAGAIN, lock, locks, ANN, fd, WRITE, 15, 15)
    for owner in (ANN, BOB, CAL):
        locks.drop(FILE, owner)


def test_one_owner_may_lock_by_a_handle_that_reads_and_then_by_one_that_writes(
    locks: Locks, opened: Open
) -> None:
    reading, writing = opened(os.O_RDONLY), opened(os.O_RDWR)
    lock(locks, ANN, reading, READ, 0, 9)
    lock(locks, ANN, writing, WRITE, 20, 29)
    refused(errno.EAGAIN, lock, locks, BOB, writing, WRITE, 5, 5)
    refused(errno.EAGAIN, lock, locks, BOB, writing, READ, 25, 25)
    locks.drop(FILE, ANN)


def test_a_file_that_can_only_be_read_is_locked_for_reading(
    locks: Locks, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    fd = opened(os.O_RDONLY)
    plain = os.open

    def read_only(path: bytes, flags: int, *rest: int) -> int:
        if flags & os.O_ACCMODE != os.O_RDONLY:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return plain(path, flags, *rest)

    monkeypatch.setattr(os, "open", read_only)
    lock(locks, ANN, fd, READ)
    monkeypatch.undo()
    refused(errno.EAGAIN, lock, locks, BOB, opened(), WRITE)
    locks.drop(FILE, ANN)


def test_clearing_what_nobody_has_locked_opens_nothing(locks: Locks, opened: Open) -> None:
    fd = opened()
    before = descriptors()
    lock(locks, ANN, fd, NONE)
    assert descriptors() == before
    assert not locks.on(FILE)


def test_a_lock_that_is_refused_leaves_nothing(locks: Locks, opened: Open) -> None:
    fd = opened()
    lock(locks, ANN, fd, WRITE)
    before = descriptors()
    refused(errno.EAGAIN, lock, locks, BOB, fd, WRITE)
    assert descriptors() == before
    locks.drop(FILE, ANN)
    assert not locks.on(FILE)


def test_programs_behind_the_mount_are_kept_out(locks: Locks, opened: Open) -> None:
    fd, outside = opened(), opened()
    lock(locks, ANN, fd, WRITE, 0, 9)
    with pytest.raises(BlockingIOError):
        behind(outside, WRITE, 5, 1)
    behind(outside, WRITE, 50, 10)
    refused(errno.EAGAIN, lock, locks, ANN, fd, READ, 0, 50)
    assert holder(locks, ANN, fd, WRITE) == (WRITE, 50, 59, os.getpid())
    locks.drop(FILE, ANN)


# --- whose it is


def test_a_conflict_tells_what_is_in_the_way_and_whose_it_is(locks: Locks, opened: Open) -> None:
    fd = opened()
    lock(locks, ANN, fd, WRITE, 10, 19)
    assert holder(locks, BOB, fd, READ) == (WRITE, 10, 19, 100)
    assert holder(locks, BOB, fd, WRITE, 0, 9)[0] == NONE
    assert holder(locks, ANN, fd, WRITE)[0] == NONE
    lock(locks, ANN, fd, READ, 10, WHOLE)
    assert holder(locks, BOB, fd, READ)[0] == NONE
    assert holder(locks, BOB, fd, WRITE) == (READ, 10, WHOLE, 100)
    locks.drop(FILE, ANN)


def test_of_several_holders_the_right_one_is_told(locks: Locks, opened: Open) -> None:
    fd = opened()
    for owner, start in ((ANN, 0), (BOB, 20), (CAL, 40)):
        lock(locks, owner, fd, WRITE, start, start + 9)
    for owner, start in ((ANN, 0), (BOB, 20), (CAL, 40)):
        assert holder(locks, 9, fd, WRITE, start + 5, start + 6) == (
            WRITE, start, start + 9, owner * 100,
        )  # fmt: skip
    assert holder(locks, ANN, fd, WRITE, 45, 45)[3] == 300
    for owner in (ANN, BOB, CAL):
        locks.drop(FILE, owner)


def test_of_readers_of_one_range_any_is_told(locks: Locks, opened: Open) -> None:
    fd = opened()
    lock(locks, ANN, fd, READ, 0, 9)
    lock(locks, BOB, fd, READ, 0, 9)
    assert holder(locks, CAL, fd, WRITE)[3] in (100, 200)
    assert holder(locks, ANN, fd, WRITE) == (READ, 0, 9, 200)
    for owner in (ANN, BOB):
        locks.drop(FILE, owner)


def test_asking_leaves_nothing_open(locks: Locks, opened: Open) -> None:
    fd = opened(os.O_RDONLY)
    before = descriptors()
    assert holder(locks, BOB, fd, WRITE)[0] == NONE
    assert descriptors() == before


# --- the end of locks


def test_closing_drops_the_locks_of_one_owner_on_one_file(locks: Locks, opened: Open) -> None:
    fd = opened()
    lock(locks, ANN, fd, WRITE, 0, 9)
    lock(locks, BOB, fd, WRITE, 10, 19)
    locks.drop(OTHER_FILE, ANN)
    locks.drop(FILE, CAL)
    refused(errno.EAGAIN, lock, locks, BOB, fd, WRITE, 0, 9)
    locks.drop(FILE, ANN)
    lock(locks, BOB, fd, WRITE, 0, 9)
    assert locks.on(FILE)
    locks.drop(FILE, BOB)
    assert not locks.on(FILE)


def test_locks_end_with_the_last_handle_they_were_set_by(locks: Locks, opened: Open) -> None:
    a, b = opened(), opened()
    lock(locks, ANN, a, WRITE, 0, 9)
    lock(locks, ANN, b, WRITE, 10, 19)
    lock(locks, BOB, b, WRITE, 20, 29)
    locks.closed(FILE, a)
    refused(errno.EAGAIN, lock, locks, BOB, b, WRITE, 0, 9)
    locks.closed(OTHER_FILE, b)
    refused(errno.EAGAIN, lock, locks, BOB, b, WRITE, 0, 9)
    locks.closed(FILE, b)
    assert not locks.on(FILE)
    lock(locks, CAL, a, WRITE)
    locks.drop(FILE, CAL)


# --- flock


def test_open_files_exclude_each_other_by_flock(locks: Locks, opened: Open) -> None:
    a, b = opened(), opened(os.O_RDONLY)
    locks.flock(a, READ)
    locks.flock(b, READ)
    refused(errno.EAGAIN, locks.flock, a, WRITE)
    locks.flock(b, NONE)
    locks.flock(a, WRITE)
    refused(errno.EAGAIN, locks.flock, b, READ)
    locks.flock(a, NONE)


def test_flock_and_record_locks_do_not_know_each_other(locks: Locks, opened: Open) -> None:
    a, b = opened(), opened()
    locks.flock(a, WRITE)
    lock(locks, BOB, b, WRITE)
    locks.drop(FILE, BOB)


# --- waiting


def wait_for(locks: Locks, unique: int, owner: int, fd: int) -> None:
    locks.wait(unique, FILE, lambda: lock(locks, owner, fd, WRITE))


def test_who_waits_is_answered_when_the_lock_is_dropped(
    locks: Locks, opened: Open, answers: list[tuple[int, int]]
) -> None:
    fd = opened()
    lock(locks, ANN, fd, WRITE)
    wait_for(locks, 71, BOB, fd)
    locks.drop(FILE, CAL)
    assert answers == []
    locks.drop(FILE, ANN)
    assert answers == [(71, 0)]  # at once, in this thread
    refused(errno.EAGAIN, lock, locks, ANN, fd, WRITE)
    assert not locks.give_up(71)
    locks.drop(FILE, BOB)
    assert answers == [(71, 0)]


def test_who_waits_is_answered_when_a_range_is_cleared(
    locks: Locks, opened: Open, answers: list[tuple[int, int]]
) -> None:
    fd = opened()
    lock(locks, ANN, fd, WRITE)
    wait_for(locks, 71, BOB, fd)
    lock(locks, ANN, fd, NONE)
    assert answers == [(71, 0)]
    locks.drop(FILE, ANN)
    locks.drop(FILE, BOB)


def test_only_one_of_those_who_wait_gets_it(
    locks: Locks, opened: Open, answers: list[tuple[int, int]]
) -> None:
    fd = opened()
    lock(locks, ANN, fd, WRITE)
    wait_for(locks, 71, BOB, fd)
    wait_for(locks, 72, CAL, fd)
    locks.drop(FILE, ANN)
    assert answers == [(71, 0)]
    locks.drop(FILE, BOB)
    assert answers == [(71, 0), (72, 0)]
    locks.drop(FILE, CAL)


def test_who_gives_up_is_not_answered_and_gets_nothing(
    locks: Locks, opened: Open, answers: list[tuple[int, int]]
) -> None:
    fd = opened()
    lock(locks, ANN, fd, WRITE)
    wait_for(locks, 71, BOB, fd)
    assert not locks.give_up(99)
    assert locks.give_up(71)
    assert not locks.give_up(71)
    locks.drop(FILE, ANN)
    assert answers == []
    lock(locks, CAL, fd, WRITE)
    locks.drop(FILE, CAL)


def test_who_waits_for_a_lock_behind_the_mount_gets_it(
    locks: Locks, opened: Open, answers: list[tuple[int, int]], eventually: Wait
) -> None:
    fd, outside = opened(), opened()
    behind(outside, WRITE, 0, 0)
    refused(errno.EAGAIN, lock, locks, ANN, fd, WRITE)
    wait_for(locks, 71, ANN, fd)
    assert answers == []
    behind(outside, NONE, 0, 0)
    eventually(lambda: answers == [(71, 0)])
    locks.drop(FILE, ANN)


def test_who_waits_by_flock_gets_it(
    locks: Locks, opened: Open, answers: list[tuple[int, int]]
) -> None:
    a, b = opened(), opened()
    locks.flock(a, WRITE)
    locks.wait(71, FILE, lambda: locks.flock(b, WRITE))
    assert answers == []
    locks.flock(a, NONE)
    assert answers == [(71, 0)]
    locks.flock(b, NONE)


def test_a_wait_that_fails_is_answered_with_the_reason(
    locks: Locks, opened: Open, answers: list[tuple[int, int]]
) -> None:
    def fail() -> None:
        raise OSError(errno.ENOLCK, "")

    fd = opened()
    lock(locks, ANN, fd, WRITE)
    locks.wait(71, FILE, fail)
    locks.drop(FILE, ANN)
    assert answers == [(71, errno.ENOLCK)]
