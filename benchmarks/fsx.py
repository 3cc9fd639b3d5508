"""Does a file keep what is written to it? One file on a mount against bytes in memory.

    python -m benchmarks.fsx [--operations 100000] [--mode plain|mmap|direct] [--transport mfusepy]

Every way of changing a file, mixed at random, after each of which its size, and often its content,
must be what the bytes are. ``mmap`` adds mappings; in ``direct`` every descriptor is opened with
O_DIRECT, with the alignment that it wants. Prints one JSON line for each mode; at the first
difference the last operations, and exits with 1.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import mmap
import os
import random
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

from lsfs.fuse import libc
from lsfs.fuse.mount import mount, umount
from lsfs.paths import StatePaths
from tests.fuse.ways import config_of

MODES = ("plain", "mmap", "direct")
LARGEST = 1 << 18
LONGEST = 1 << 16
ALIGNED = 4096
KEEP_SIZE, PUNCH_HOLE, COLLAPSE, ZERO_RANGE, INSERT = 1, 2, 8, 16, 32


class Mismatch(AssertionError):
    """The file is not what was written to it; the message names the last operations."""


class Exerciser:
    """Changes a file and bytes in memory alike.

    Args:
        path: the file; made anew.
        mode: one of MODES.
        seed: decides everything.
    """

    def __init__(self, path: Path, mode: str, seed: int) -> None:
        self._path = path
        self._chance = random.Random(f"{seed}/{mode}")
        self._step = ALIGNED if mode == "direct" else 1
        self._direct = os.O_DIRECT if mode == "direct" else 0
        self._buffer = mmap.mmap(-1, LARGEST)  # aligned as O_DIRECT wants it
        self.kinds: Counter[str] = Counter()
        self.unsupported: set[str] = set()
        self._log: deque[str] = deque(maxlen=30)
        self.expected = bytearray()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | self._direct, 0o600)
        self._choices: list[Callable[[], str]] = [
            *[self._read] * 4, *[self._write] * 5, self._append, self._append_open, self._truncate,
            self._truncate_by_name, self._allocate, self._punch, self._zero, self._collapse,
            self._insert, self._copy, self._seek_data, self._seek_hole, self._sync, self._reopen,
            self._second_handle,
        ]  # fmt: skip
        if mode == "mmap":
            self._choices += [*[self._map_read] * 3, *[self._map_write] * 4]

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)
        self._buffer.close()

    def run(self, operations: int) -> None:
        """Do so many operations.

        Raises:
            Mismatch: the file differs.
        """
        for _ in range(operations):
            method = self._chance.choice(self._choices)
            name = method.__name__[1:]
            try:
                self._log.append(f"{name} {method()}")
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise Mismatch(self._told(f"{name}: {error}")) from error
                self.unsupported.add(name)
                continue
            self.kinds[name] += 1
            self._check(os.fstat(self._fd).st_size == len(self.expected), "its size is wrong")
        self._compare(0, len(self.expected))

    # --- choosing

    def _offset(self, end: int = LARGEST) -> int:
        return self._chance.randrange(0, max(end, 1), self._step)

    def _size(self, room: int = LONGEST) -> int:
        most = min(room, self._chance.choice((16, 5000, LONGEST)) * (1 if self._step == 1 else 8))
        return self._chance.randint(1, max(1, most // self._step)) * self._step

    def _range(self) -> tuple[int, int]:
        """Where, and how much: within the largest size, not always within the file."""
        offset = self._offset()
        return offset, min(self._size(), LARGEST - offset)

    def _inside(self) -> tuple[int, int]:
        """The same, within the file; a size of 0 where it is too short."""
        end = len(self.expected) // self._step * self._step
        if not end:
            return 0, 0
        offset = self._offset(end)
        return offset, min(self._size(), end - offset)

    def _data(self, size: int) -> bytes:
        return self._chance.randbytes(size)

    # --- comparing

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            raise Mismatch(self._told(what))

    def _told(self, what: str) -> str:
        lines = "\n".join(f"    {line}" for line in self._log)
        return f"{self._path.name}: {what}; last operations:\n{lines}"

    def _got(self, fd: int, size: int, offset: int) -> bytes:
        if not self._direct:
            return os.pread(fd, size, offset)
        with memoryview(self._buffer) as view, view[:size] as room:
            return bytes(room[: os.preadv(fd, [room], offset)])

    def _put(self, fd: int, data: bytes, offset: int) -> None:
        if self._direct:
            self._buffer[: len(data)] = data
            with memoryview(self._buffer) as view, view[: len(data)] as room:
                done = os.pwritev(fd, [room], offset)
        else:
            done = os.pwrite(fd, data, offset)
        self._check(done == len(data), f"{done} of {len(data)} bytes were written")

    def _compare(self, offset: int, size: int, fd: int | None = None) -> None:
        size = -(-size // self._step) * self._step
        found = self._got(self._fd if fd is None else fd, size, offset)
        self._same(found, offset, size)

    def _same(self, found: bytes, offset: int, size: int) -> None:
        wanted = self.expected[offset : offset + size]
        if found == wanted:
            return
        at = next((n for n, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), 0)
        raise Mismatch(
            self._told(f"at {offset + at} of {offset}+{size}, {len(found)} of {len(wanted)} bytes")
        )

    def _lengthen(self, size: int) -> None:
        self.expected.extend(bytes(max(0, size - len(self.expected))))

    def _replace(self, offset: int, data: bytes) -> None:
        self._lengthen(offset)
        self.expected[offset : offset + len(data)] = data

    # --- operations: each does it, notes it, and says with what

    def _read(self) -> str:
        offset, size = self._range()
        self._compare(offset, size)
        return f"{offset}+{size}"

    def _write(self) -> str:
        offset, size = self._range()
        data = self._data(size)
        self._put(self._fd, data, offset)
        self._replace(offset, data)
        return f"{offset}+{size}"

    def _append(self) -> str:
        """With a descriptor of its own."""
        self._align_end()
        size = min(self._size(), LARGEST - len(self.expected))
        if size <= 0:
            return "nothing"
        data = self._data(size)
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | self._direct)
        try:
            self._put(fd, data, 0)
        finally:
            os.close(fd)
        self.expected += data
        return str(size)

    def _append_open(self) -> str:
        """With a descriptor that another write, behind its back, has moved the end of."""
        self._align_end()
        size = 2 * self._size(LONGEST // 2)
        if size > LARGEST - len(self.expected):
            return "nothing"
        data = self._data(size)
        fd = os.open(self._path, os.O_RDWR | os.O_APPEND | self._direct)
        try:
            self._put(self._fd, data[: size // 2], len(self.expected))
            self._put(fd, data[size // 2 :], 0)
            self.expected += data
            self._compare(max(0, len(self.expected) - size), size, fd)
        finally:
            os.close(fd)
        return str(size)

    def _align_end(self) -> None:
        """O_DIRECT writes at multiples of its step only."""
        if len(self.expected) % self._step:
            size = len(self.expected) // self._step * self._step
            os.ftruncate(self._fd, size)
            del self.expected[size:]

    def _truncate(self) -> str:
        size = self._chance.randrange(LARGEST)
        os.ftruncate(self._fd, size)
        self._resize(size)
        return str(size)

    def _truncate_by_name(self) -> str:
        size = self._chance.randrange(LARGEST)
        os.truncate(self._path, size)
        self._resize(size)
        return str(size)

    def _resize(self, size: int) -> None:
        del self.expected[size:]
        self._lengthen(size)

    def _allocate(self) -> str:
        offset, size = self._range()
        keep = self._chance.choice((0, KEEP_SIZE))
        libc.allocate(self._fd, keep, offset, size)
        if not keep:
            self._lengthen(offset + size)
        return f"{offset}+{size}{' keeping the size' if keep else ''}"

    def _punch(self) -> str:
        offset, size = self._range()
        libc.allocate(self._fd, PUNCH_HOLE | KEEP_SIZE, offset, size)
        end = min(offset + size, len(self.expected))
        self.expected[offset:end] = bytes(max(0, end - offset))
        return f"{offset}+{size}"

    def _zero(self) -> str:
        offset, size = self._range()
        keep = self._chance.choice((0, KEEP_SIZE))
        libc.allocate(self._fd, ZERO_RANGE | keep, offset, size)
        if not keep:
            self._lengthen(offset + size)
        end = min(offset + size, len(self.expected))
        self.expected[offset:end] = bytes(max(0, end - offset))
        return f"{offset}+{size}{' keeping the size' if keep else ''}"

    def _collapse(self) -> str:
        """Whole blocks out of the middle; FUSE has no such request, the folder itself has."""
        offset, size = self._blocks()
        if not size or offset + size >= len(self.expected):
            return "nothing"
        libc.allocate(self._fd, COLLAPSE, offset, size)
        del self.expected[offset : offset + size]
        return f"{offset}+{size}"

    def _insert(self) -> str:
        """Whole blocks of zeros into the middle."""
        offset, size = self._blocks()
        if not size or offset >= len(self.expected) or len(self.expected) + size > LARGEST:
            return "nothing"
        libc.allocate(self._fd, INSERT, offset, size)
        self.expected[offset:offset] = bytes(size)
        return f"{offset}+{size}"

    def _blocks(self) -> tuple[int, int]:
        offset, size = self._inside()
        return offset // ALIGNED * ALIGNED, size // ALIGNED * ALIGNED

    def _copy(self) -> str:
        """A part of the file to another place in it, which may not overlap."""
        start, size = self._inside()
        offset = self._offset()
        size = min(size, LARGEST - offset, abs(offset - start))
        done = 0
        while done < size:
            step = os.copy_file_range(self._fd, self._fd, size - done, start + done, offset + done)
            self._check(step > 0, f"copied {done} of {size} bytes from {start} to {offset}")
            done += step
        if size:
            self._replace(offset, bytes(self.expected[start : start + size]))
        return f"{start}+{size} to {offset}"

    def _seek_data(self) -> str:
        """What comes before the data that is found must be zeros."""
        offset = self._offset(len(self.expected))
        try:
            found = os.lseek(self._fd, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            found = len(self.expected)
        self._check(not any(self.expected[offset:found]), f"a hole with data in {offset}..{found}")
        return f"{offset}: {found}"

    def _seek_hole(self) -> str:
        """A hole is at zeros, or at the end."""
        if not self.expected:
            return "nothing"
        offset = self._offset(len(self.expected))
        found = os.lseek(self._fd, offset, os.SEEK_HOLE)
        self._check(offset <= found <= len(self.expected), f"a hole from {offset} at {found}")
        self._check(not any(self.expected[found : found + 1]), f"a hole with data at {found}")
        return f"{offset}: {found}"

    def _sync(self) -> str:
        os.fdatasync(self._fd)
        return ""

    def _reopen(self) -> str:
        os.close(self._fd)
        self._fd = os.open(self._path, os.O_RDWR | self._direct)
        self._compare(0, len(self.expected))
        return ""

    def _second_handle(self) -> str:
        """A fresh reader sees all that the other has written."""
        offset, size = self._range()
        fd = os.open(self._path, os.O_RDONLY | self._direct)
        try:
            self._compare(offset, size, fd)
        finally:
            os.close(fd)
        return f"{offset}+{size}"

    def _map_read(self) -> str:
        if not self.expected:
            return "nothing"
        with mmap.mmap(self._fd, len(self.expected), prot=mmap.PROT_READ) as mapped:
            offset, size = self._inside()
            self._same(mapped[offset : offset + size], offset, size)
        return f"{offset}+{size}"

    def _map_write(self) -> str:
        if not self.expected:
            return "nothing"
        offset, size = self._inside()
        data = self._data(size)
        with mmap.mmap(self._fd, len(self.expected)) as mapped:
            mapped[offset : offset + size] = data
            if self._chance.random() < 0.5:
                mapped.flush()
        self._replace(offset, data)
        return f"{offset}+{size}"


def main() -> int:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operations", type=int, default=100_000, help="for each mode")
    parser.add_argument("--mode", choices=MODES, action="append", help="default: all of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transport", default="mfusepy", help='"none" tests the folder itself')
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        source, place = Path(name, "source"), Path(name, "mnt")
        source.mkdir()
        place.mkdir()
        if options.transport == "none":
            place = source
        else:
            state = StatePaths(Path(name, "state"))
            config = config_of(options.transport)
            mount(source, place, state, config, brain_command=())
            stack.callback(umount, place, state=state)
        for mode in options.mode or MODES:
            failed |= exercise(place / f"{mode}.bin", source / f"{mode}.bin", mode, options)
    return int(failed)


def exercise(path: Path, behind: Path, mode: str, options: argparse.Namespace) -> bool:
    """One mode; prints its line, and says whether it failed."""
    exerciser = Exerciser(path, mode, options.seed)
    began = time.monotonic()
    problem = ""
    try:
        exerciser.run(options.operations)
        if behind.read_bytes() != exerciser.expected:
            problem = "the file behind the mount differs"
    except Mismatch as error:
        problem = str(error)
    finally:
        exerciser.close()
    if problem:
        sys.stdout.write(f"{problem}\n")
    facts = {
        "transport": options.transport,
        "mode": mode,
        "seed": options.seed,
        "operations": exerciser.kinds.total(),
        "unsupported": sorted(exerciser.unsupported),
        "seconds": round(time.monotonic() - began, 1),
        "ok": not problem,
    }
    sys.stdout.write(json.dumps(facts) + "\n")
    return bool(problem)


if __name__ == "__main__":
    sys.exit(main())
