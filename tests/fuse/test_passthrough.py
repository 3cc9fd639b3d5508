"""Which files the kernel reads by itself, with a kernel that only takes notes."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.fuse.nodes import Handle, Node
from lsfs.fuse.passthrough import Passthrough
from tests.fuse.bare import descriptors

DEVICE = 1234
# From linux/fuse.h of 6.9 and later.
BACKING_OPEN, BACKING_CLOSE = 0x4010E501, 0x4004E502
FUSE_PASSTHROUGH, FUSE_DIRECT_IO_ALLOW_MMAP = 1 << 37, 1 << 36
OFFERED = FUSE_PASSTHROUGH | FUSE_DIRECT_IO_ALLOW_MMAP | 0xFF
DIRECT_IO, PARALLEL_DIRECT_WRITES, PASSTHROUGH = 1, 1 << 6, 1 << 7
DETOUR = PASSTHROUGH | DIRECT_IO | PARALLEL_DIRECT_WRITES


class Kernel:
    """Takes files, and notes which it has.

    Attributes:
        error: what it refuses the next file with; 0 takes it.
        files: descriptors by backing id.
    """

    def __init__(self) -> None:
        self.error = 0
        self.files: dict[int, int] = {}
        self.last = 0
        self.calls = 0

    def ioctl(self, device: int, request: int, argument: bytes | bytearray) -> int:
        assert device == DEVICE
        self.calls += 1
        if request == BACKING_OPEN:
            fd, flags, padding = struct.unpack("=iIQ", argument)
            assert (flags, padding) == (0, 0)
            os.fstat(fd)
            if self.error:
                raise OSError(self.error, os.strerror(self.error))
            self.last += 1
            self.files[self.last] = fd
            return self.last
        assert request == BACKING_CLOSE
        (number,) = struct.unpack("=I", argument)
        del self.files[number]
        return 0


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(fcntl, "ioctl", kernel.ioctl)
    return kernel


@pytest.fixture
def passthrough(kernel: Kernel) -> Passthrough:
    made = Passthrough(DEVICE, wanted=True)
    made.flags(OFFERED)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


def node(number: int = 2, mode: int = 0o644) -> Node:
    made = Node(number, -1, (1, number))
    made.stat = os.stat_result((stat.S_IFREG | mode, *[0] * 9))
    return made


def reader(fd: int) -> Handle:
    return Handle(fd, os.O_RDONLY)


def writer(fd: int, *, new: bool = False) -> Handle:
    return Handle(fd, os.O_RDWR, new=new)


def test_what_is_offered_is_taken_where_it_is_wanted(kernel: Kernel) -> None:
    for wanted, offered, taken in (
        (True, OFFERED, FUSE_PASSTHROUGH | FUSE_DIRECT_IO_ALLOW_MMAP),
        (True, OFFERED & ~FUSE_PASSTHROUGH, 0),
        (False, OFFERED, 0),
    ):
        made = Passthrough(DEVICE, wanted=wanted)
        assert not made.active
        assert made.flags(offered) == taken
        assert made.active == bool(taken)


def test_without_passthrough_the_kernel_is_not_asked(kernel: Kernel, file: int) -> None:
    made = Passthrough(DEVICE, wanted=False)
    made.flags(OFFERED)
    made.probe()
    handle = reader(file)
    assert made.begin(node(), handle) == (0, 0)
    made.end(2, handle)
    assert kernel.calls == 0


def test_a_node_has_one_backing_id_until_its_last_user_closes(
    kernel: Kernel, passthrough: Passthrough, file: int
) -> None:
    handles = [reader(file) for _ in range(3)]
    answers = [passthrough.begin(node(), handle) for handle in handles]
    assert answers == [(PASSTHROUGH, 1)] * 3
    assert kernel.files == {1: file}
    for handle in handles[:2]:
        passthrough.end(2, handle)
    assert kernel.files == {1: file}
    passthrough.end(2, handles[2])
    assert kernel.files == {}
    assert passthrough.begin(node(), handles[0]) == (PASSTHROUGH, 2)


def test_each_node_has_its_own_backing_id(
    kernel: Kernel, passthrough: Passthrough, file: int
) -> None:
    one, two = reader(file), reader(file)
    assert passthrough.begin(node(2), one) == (PASSTHROUGH, 1)
    assert passthrough.begin(node(3), two) == (PASSTHROUGH, 2)
    passthrough.end(2, one)
    assert list(kernel.files) == [2]
    passthrough.end(3, two)
    assert kernel.files == {}


def test_who_writes_to_a_file_that_was_there_writes_through_us(
    passthrough: Passthrough, file: int
) -> None:
    assert passthrough.begin(node(), writer(file)) == (DETOUR, 1)
    assert passthrough.begin(node(), reader(file)) == (PASSTHROUGH, 1)
    assert passthrough.begin(node(), Handle(file, os.O_WRONLY)) == (DETOUR, 1)


def test_who_writes_to_a_file_that_was_just_made_needs_no_detour(
    passthrough: Passthrough, file: int
) -> None:
    assert passthrough.begin(node(), writer(file, new=True)) == (PASSTHROUGH, 1)
    assert passthrough.begin(node(), writer(file)) == (DETOUR, 1)


@pytest.mark.parametrize("mode", [0o4755, 0o2755])
def test_a_new_program_that_runs_as_its_owner_is_written_through_us(
    passthrough: Passthrough, file: int, mode: int
) -> None:
    assert passthrough.begin(node(mode=mode), writer(file, new=True)) == (DETOUR, 1)


def test_virtual_files_are_not_registered(
    kernel: Kernel, passthrough: Passthrough, file: int
) -> None:
    handle = reader(file)
    passthrough.begin(node(), handle)
    passthrough.end(2, Handle(file, os.O_RDONLY, parts=("status",)))
    assert kernel.files == {1: file}


@pytest.mark.parametrize("error", [errno.EPERM, errno.ENOTTY])
def test_a_kernel_that_takes_no_files_is_not_asked_again(
    kernel: Kernel, passthrough: Passthrough, error: int
) -> None:
    kernel.error = error
    before = descriptors()
    passthrough.probe()
    assert descriptors() == before
    assert not passthrough.active
    passthrough.probe()
    assert passthrough.begin(node(), reader(0)) == (0, 0)
    passthrough.end(2, reader(0))
    assert kernel.calls == 1


def test_a_probe_leaves_nothing_registered(kernel: Kernel, passthrough: Passthrough) -> None:
    before = descriptors()
    passthrough.probe()
    assert (passthrough.active, kernel.files, kernel.last) == (True, {}, 1)
    assert descriptors() == before


def test_a_file_that_is_refused_once_does_not_switch_it_off(
    kernel: Kernel, passthrough: Passthrough, file: int
) -> None:
    kernel.error = errno.ELOOP  # it lies on too many file systems
    handle = reader(file)
    assert passthrough.begin(node(2), handle) == (0, 0)
    kernel.error = 0
    assert passthrough.begin(node(3), reader(file)) == (PASSTHROUGH, 1)
    passthrough.end(2, handle)
    assert kernel.files == {1: file}


def test_all_users_of_a_node_go_one_way(
    kernel: Kernel, passthrough: Passthrough, file: int
) -> None:
    # The kernel refuses (EIO) to open a file in passthrough that is open through the page cache.
    plain, later = reader(file), reader(file)
    kernel.error = errno.ENFILE
    assert passthrough.begin(node(), plain) == (0, 0)
    kernel.error = 0
    assert passthrough.begin(node(), later) == (0, 0)
    passthrough.end(2, plain)
    assert passthrough.begin(node(), plain) == (0, 0)
    passthrough.end(2, plain)
    passthrough.end(2, later)
    assert passthrough.begin(node(), plain) == (PASSTHROUGH, 1)


def test_what_is_registered_stays_so_when_nothing_more_is_taken(
    kernel: Kernel, passthrough: Passthrough, file: int
) -> None:
    first, second = reader(file), reader(file)
    passthrough.begin(node(2), first)
    kernel.error = errno.EPERM
    assert passthrough.begin(node(3), reader(file)) == (0, 0)
    assert passthrough.begin(node(2), second) == (PASSTHROUGH, 1)
    passthrough.end(2, first)
    assert kernel.files == {1: file}
    passthrough.end(2, second)
    assert kernel.files == {}
