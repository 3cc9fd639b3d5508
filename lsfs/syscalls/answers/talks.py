"""Conversations as files of a drive's state, one each, 0600; no rebuild of the index touches them.

A file is named after the hash of the conversation's name and holds its latest turns. A new one is
written beside it and takes its place, so that who reads finds the old one or the new.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from msgspec import Struct

from lsfs import codec
from lsfs.errors import UsageError
from lsfs.index.dialogue.turns import Turn

log = logging.getLogger("lsfs.syscalls.answers.talks")

DEFAULT = "default"  # of callers that name none
TURNS = 12  # that are remembered of a conversation
TALKS = 256  # conversations; the one that was idle longest goes first
_SUFFIX = ".json"


class Talk(Struct, frozen=True):
    """A conversation as it is stored."""

    name: str
    turns: tuple[Turn, ...]


class Talks:
    """The conversations of a drive.

    Args:
        folder: where they are; made when there is one to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def turns(self, name: str) -> tuple[Turn, ...]:
        """What is remembered of a conversation, the latest last; nothing of one that is damaged."""
        talk = self._read(self._file(name))
        return talk.turns if talk is not None and talk.name == name else ()

    def keep(self, name: str, turns: Sequence[Turn]) -> None:
        """Remember the latest turns of a conversation.

        Raises:
            OSError: they cannot be written.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        text = codec.dumps(Talk(name, tuple(turns[-TURNS:])))
        descriptor, draft = tempfile.mkstemp(dir=self._folder)  # 0600
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
            Path(draft).replace(self._file(name))
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        self._drop_idle()

    def forget(self, name: str) -> bool:
        """Remove a conversation; whether there was one.

        Raises:
            OSError: it cannot be removed.
        """
        try:
            self._file(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def purge(self, paths: Collection[str]) -> int:
        """Remove every conversation that rests on one of these files or names it, and damaged ones.

        What is said later in a conversation may come from any earlier answer of it, so the whole of
        it goes. Gives their number.

        Raises:
            OSError: one cannot be removed.
        """
        gone = 0
        for file in self._files():
            talk = self._read(file)
            if talk is None or _rests_on(talk, paths):
                file.unlink(missing_ok=True)
                gone += 1
        return gone

    def _file(self, name: str) -> Path:
        from blake3 import blake3

        digest = blake3(name.encode("utf-8", "surrogateescape")).hexdigest(length=16)
        return self._folder / f"{digest}{_SUFFIX}"

    def _files(self) -> list[Path]:
        # Also what a process that was killed while writing has left.
        return sorted(self._folder.iterdir()) if self._folder.is_dir() else []

    def _read(self, file: Path) -> Talk | None:
        try:
            return codec.loads(file.read_text(encoding="utf-8", errors="replace"), Talk)
        except FileNotFoundError:
            return None
        except (OSError, UsageError) as error:
            log.warning("%s: a conversation cannot be read: %s", file, error)
            return None

    def _drop_idle(self) -> None:
        found = []
        for file in self._files():
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                found.append((file.stat().st_mtime_ns, file))
        for _, file in sorted(found)[: max(0, len(found) - TALKS)]:
            file.unlink(missing_ok=True)


def _rests_on(talk: Talk, paths: Collection[str]) -> bool:
    for turn in talk.turns:
        if set(paths) & {*turn.files, *turn.asked_of, *turn.sources}:
            return True
        said = f"{turn.question}\n{turn.read_as}"
        if any(path in said for path in paths):
            return True
    return False
