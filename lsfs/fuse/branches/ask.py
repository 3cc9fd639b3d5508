"""Questions as files: made by writing one, answered when it is read, forgotten by ``rm``."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from lsfs.errors import LsfsError
from lsfs.fuse import rendering
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.nodes import Branch, Node, Parts
from lsfs.fuse.knowledge import Brain, Fresh, Published
from lsfs.model import SavedQuestion

SUFFIX = ".md"
LONGEST = 64 << 10  # bytes of a question


class AskBranch(Branch):
    """``ask/<name>.md``; ``ask/<name>`` is the same file by another name.

    Args:
        published: what the brain has published.
        brain: keeps, answers and forgets questions.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(self, published: Published, brain: Brain, monotonic: Callable[[], float]) -> None:
        self._published = published
        self._brain = brain
        self._monotonic = monotonic
        self._names: Fresh[list[str]] = Fresh(published.questions, [], monotonic)
        self._questions: dict[str, Fresh[SavedQuestion | None]] = {}
        self._pages: dict[str, tuple[SavedQuestion, bytes]] = {}

    def lookup(self, parts: Parts) -> Node:
        """A question; its size is that of the latest answer."""
        if len(parts) == 1:
            return nodes.directory(parts, writable=True)
        name = _name(parts)
        asked = self._known(name) if name else None
        if asked is None:
            raise nodes.error(errno.ENOENT, parts)
        size = len(self._page(asked)) if asked.generation >= 0 else 0
        return nodes.file_to_make((parts[0], name + SUFFIX), size, mtime_ns=asked.time_ns)

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """The questions."""
        found = []
        for name in self._names.get():
            try:
                found.append((name + SUFFIX, self.lookup((*parts, name + SUFFIX))))
            except FileNotFoundError:
                continue  # forgotten between the two looks
        return found

    def read(self, parts: Parts) -> bytes:
        """The answer; asked for again when the index has changed, in words when there is none."""
        if len(parts) == 1:
            raise nodes.error(errno.EISDIR, parts)
        # What was looked up may be old by FRESH_S; the answer shall not be.
        asked = self._published.question(_name(parts))
        if asked is None:
            raise nodes.error(errno.ENOENT, parts)
        if asked.generation >= 0 and asked.generation >= self._published.generation():
            return rendering.answer_page(asked)
        try:
            return rendering.answer_page(self._brain.answer(asked.name))
        except LsfsError as error:
            return rendering.no_answer_page(asked, f"{error.message}. {error.hint}".strip())
        except OSError as error:
            return rendering.no_answer_page(asked, f"{error.strerror or error}.")
        finally:
            self._forget(asked.name)

    def creates_file(self, parts: Parts) -> bool:
        """Whether a question can have this name."""
        return len(parts) == 2 and _is_name(_name(parts))

    def write(self, parts: Parts, data: bytes) -> None:
        """Keep the text as a question, in place of one of the same name.

        Raises:
            OSError: EINVAL (the text, or the name, is none), EFBIG, ENAMETOOLONG, EROFS (no place
                for a question).
            LsfsError: the brain refused.
        """
        if len(parts) != 2:
            raise nodes.error(errno.EROFS, parts)
        name = _name(parts)
        if len(os.fsencode(name + SUFFIX)) > rendering.NAME_MAX:
            raise nodes.error(errno.ENAMETOOLONG, parts)
        if len(data) > LONGEST:
            raise nodes.error(errno.EFBIG, parts)
        try:
            question = data.decode().strip()
        except UnicodeDecodeError:
            raise nodes.error(errno.EINVAL, parts) from None
        if not (_is_name(name) and question and nodes.is_text(question)):
            raise nodes.error(errno.EINVAL, parts)
        try:
            self._brain.save_question(name, question)
        finally:
            self._forget(name)

    def unlink(self, parts: Parts) -> None:
        """Forget a question.

        Raises:
            OSError: ENOENT, EROFS (no question).
            LsfsError: the brain refused.
        """
        if len(parts) != 2:
            raise nodes.error(errno.EROFS, parts)
        name = _name(parts)
        if self._published.question(name) is None:
            raise nodes.error(errno.ENOENT, parts)
        try:
            self._brain.drop_question(name)
        finally:
            self._forget(name)

    def _known(self, name: str) -> SavedQuestion | None:
        if name not in self._names.get():
            self._questions.pop(name, None)
            self._pages.pop(name, None)
            return None
        fresh = self._questions.get(name)
        if fresh is None:
            fresh = Fresh(lambda: self._published.question(name), None, self._monotonic)
            self._questions[name] = fresh
        return fresh.get()

    def _page(self, asked: SavedQuestion) -> bytes:
        known = self._pages.get(asked.name)
        if known is None or known[0] != asked:
            known = self._pages[asked.name] = asked, rendering.answer_page(asked)
        return known[1]

    def _forget(self, name: str) -> None:
        self._names.forget()
        self._questions.pop(name, None)


def _name(parts: Parts) -> str:
    """The question's name in a path; "" when it is no path of one."""
    return parts[1].removesuffix(SUFFIX) if len(parts) == 2 else ""


def _is_name(name: str) -> bool:
    return nodes.is_name(name) and len(os.fsencode(name + SUFFIX)) <= rendering.NAME_MAX
