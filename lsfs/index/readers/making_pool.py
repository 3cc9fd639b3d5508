"""Several documents made ready at once, in processes of their own: Python runs one thread a time.

What is made of a document is computed by rules, in Python, and takes longer than all that has to be
done by the process that writes. So where many files are waiting and there are cores, it is done by
others. They are this program again, with the same rights; what they are sent and send is pickled.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import queue
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from lsfs import codec
from lsfs.config import FieldConfig
from lsfs.index.readers.making import Made, Maker, Rules
from lsfs.index.store.rows import Facts
from lsfs.model import Document

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger("lsfs.index.readers.making_pool")

# Files, below which no process is started: with them 3,000 texts take 15 % more CPU time in all, as
# each document goes there and back, and a few seconds less of a person's.
MANY = 5000
_LENGTH = struct.Struct(">Q")
_SERVE = "from lsfs.index.readers.making_pool import serve; serve()"


@contextlib.contextmanager
def makers(
    rules: Rules, own: Mapping[str, FieldConfig], *, waiting: int, workers: int
) -> Iterator[tuple[Maker, int]]:
    """Who makes documents ready for as long as the block, and how many at once besides.

    Args:
        rules: what does it here.
        own: the user's fields, as ``rules`` has them.
        waiting: how many files are to be read.
        workers: how many are read at once.
    """
    if waiting < MANY or len(os.sched_getaffinity(0)) < 2:
        yield rules, 0
        return
    count = max(1, workers // 2)
    pool = _Pool(rules, own, count)
    try:
        yield pool, count
    finally:
        pool.close()


class _Pool:
    """Processes that make documents ready; where one fails it is done here."""

    def __init__(self, rules: Rules, own: Mapping[str, FieldConfig], count: int) -> None:
        self._rules = rules
        self._all = [_Process(own) for _ in range(count)]
        self._free: queue.LifoQueue[_Process] = queue.LifoQueue()
        for process in self._all:
            self._free.put(process)

    def make_all(self, documents: Sequence[tuple[Document, str]]) -> list[tuple[Facts, Made]]:
        """See :class:`lsfs.index.readers.making.Maker`; waits until a process is free."""
        if not documents:
            return []
        process = self._free.get()
        try:
            return process.make_all(documents)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            if not process.is_lost:
                log.warning("a process that reads for fields has ended: %r", error)
            process.close()
            return self._rules.make_all(documents)
        finally:
            self._free.put(process)

    def close(self) -> None:
        """End all processes."""
        for process in self._all:
            process.close()


class _Process:
    """One process, started with its first document."""

    def __init__(self, own: Mapping[str, FieldConfig]) -> None:
        self._own = dict(own)
        self._process: subprocess.Popen[bytes] | None = None
        self.is_lost = False

    def make_all(self, documents: Sequence[tuple[Document, str]]) -> list[tuple[Facts, Made]]:
        if self.is_lost:
            raise EOFError
        if self._process is None:
            self._process = _started()
            _send(self._process.stdin, self._own)
        # JSON is quicker than pickle for the many small parts of documents.
        bodies = [(codec.encoded(document), path) for document, path in documents]
        _send(self._process.stdin, bodies)
        return [codec.loads(made, tuple[Facts, Made]) for made in _receive(self._process.stdout)]

    def close(self) -> None:
        """End the process, which is done when its input ends."""
        self.is_lost = True
        if self._process is None:
            return
        with contextlib.suppress(OSError):  # it has gone, and what it was to be sent is left
            self._process.communicate()
        self._process = None


def _started() -> subprocess.Popen[bytes]:
    import subprocess

    path = os.pathsep.join(entry for entry in sys.path if entry and Path(entry).exists())
    # -P and no empty entry in PYTHONPATH: a module in the user's folder must not run.
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        [sys.executable, "-P", "-s", "-X", "utf8", "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
        cwd="/",
        start_new_session=True,  # Ctrl-C is for the one that was started by hand; it ends this one
    )


def serve() -> None:
    """Make documents ready until there are no more; the program of each process."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.suppress(EOFError, BrokenPipeError):  # there is nobody any more who asks
        rules = Rules(_receive(asked))
        while True:
            bodies = _receive(asked)
            made = [rules.make(codec.loads(body, Document), path) for body, path in bodies]
            _send(answers, [codec.encoded(one) for one in made])


def _send(stream: IO[bytes] | None, value: Any) -> None:
    assert stream is not None  # noqa: S101
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes] | None) -> Any:
    assert stream is not None  # noqa: S101
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    data = stream.read(*_LENGTH.unpack(head))
    return pickle.loads(data)  # noqa: S301  from this program itself
