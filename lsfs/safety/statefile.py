"""A small value of the state in a file of its own: read and replaced whole, by one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

from lsfs import codec
from lsfs.errors import StateUnwritable

T = TypeVar("T")


class StateFile(Generic[T]):
    """A value in a file, 0600; who reads finds the old one or the new.

    Args:
        path: the file; ``.lock`` stands beside it.
        kind: the value's type.
        empty: the value while there is no file.
    """

    def __init__(self, path: Path, kind: type[T], empty: T) -> None:
        self.path = path
        self._kind = kind
        self._empty = empty

    def read(self) -> T:
        """The value.

        Raises:
            UsageError: the file holds no such value.
        """
        try:
            return codec.loads(self.path.read_bytes(), self._kind)
        except FileNotFoundError:
            return self._empty

    @contextlib.contextmanager
    def changing(self) -> Iterator[T]:
        """The value, which nobody else changes while the block runs.

        Raises:
            StateUnwritable: the disk is full, or refuses.
        """
        try:
            with exclusive(self.path.with_name(self.path.name + ".lock")):
                yield self.read()
        except OSError as error:
            raise StateUnwritable(f"cannot write {self.path}: {error.strerror}") from error

    def write(self, value: T) -> None:
        """Put a value in its place, within :meth:`changing`."""
        replace(self.path, [codec.dumps(value).encode("ascii")])


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs; waits for it.

    Raises:
        OSError: it cannot be made.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def replace(path: Path, parts: Iterator[bytes] | list[bytes]) -> None:
    """Put a file, 0600, in the place of another, whole on the disk.

    Raises:
        OSError: the disk is full, or refuses; the old one stays.
    """
    import tempfile

    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
