"""Questions that are kept as files below ``.lsfs/ask``, and their answers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import NotFound, UsageError
from lsfs.model import SavedQuestion
from lsfs.syscalls.ask import AskRequest, ask
from lsfs.syscalls.done import Done
from lsfs.syscalls.engines import Call
from lsfs.syscalls.names import is_line, is_name
from lsfs.syscalls.registry import Effect, Param, registry

LONGEST_NAME = 252  # bytes; ".md" comes to it
LONGEST_QUESTION = 64 << 10  # bytes
TURN_S = 0.2  # between two signs of life to a caller who waits for others' answers


class NewQuestion(Struct, frozen=True):
    """A question, and the name of its file."""

    name: Annotated[str, Param("name of the file below .lsfs/ask, without .md")]
    question: Annotated[str, Param("the question, in words")]


class QuestionName(Struct, frozen=True):
    """A kept question."""

    name: Annotated[str, Param("name of the file below .lsfs/ask, without .md")]


@registry.syscall(effect=Effect.WRITE)
def save_question(call: Call, request: NewQuestion) -> Done:
    """Keep a question as a file below ``.lsfs/ask``, in place of one of the same name.

    It is answered by ``answer_question``, or when the file is read.
    """
    from lsfs.index.store.kept import Questions

    name, question = request.name, request.question.strip()
    if not is_name(name, LONGEST_NAME):
        raise UsageError(f"not a name for a question: {name!r}")
    if not question or not is_line(question, LONGEST_QUESTION):
        raise UsageError(f"not a question: {question[:80]!r}", hint="write it on one line")
    asked = SavedQuestion(name, question, time_ns=call.engines.clock.now_ns())
    Questions(call.engines.catalog).save(asked)
    return Done(f"{name}: {question}")


@registry.syscall(effect=Effect.WRITE)
def drop_question(call: Call, request: QuestionName) -> Done:
    """Forget a kept question and its answer; no file of yours is touched."""
    from lsfs.index.store.kept import Questions

    if not Questions(call.engines.catalog).drop(request.name):
        raise NotFound(f"no kept question {request.name!r}")
    return Done(f"{request.name}: forgotten")


@registry.syscall(effect=Effect.WRITE, streams=True)
def answer_question(call: Call, request: QuestionName) -> SavedQuestion:
    """Answer a kept question, unless its answer is from the present state of the index.

    The answer is found and kept also when the caller goes away meanwhile; an answer that is
    merely old is left to the next caller.
    """
    from lsfs.index.store.kept import Questions

    questions = Questions(call.engines.catalog)
    alone = replace(call, cancelled=threading.Event())
    call.engines.indexer.fresh(call.emit)
    with _my_turn(call):
        while (asked := questions.get(request.name)) is not None:
            # Noted before the answer is looked for: what changes meanwhile makes it old.
            generation = call.engines.catalog.generation()
            if asked.generation >= generation:
                return asked
            if asked.generation >= 0:
                call.check()
            found = ask(alone, AskRequest(asked.question))
            answered = replace(
                asked,
                generation=generation,
                time_ns=call.engines.clock.now_ns(),
                answer=found.answer,
                citations=found.citations,
                files=found.files,
                model=found.model,
            )
            if questions.save_answer(answered):
                return answered
    raise NotFound(f"no kept question {request.name!r}")


@contextlib.contextmanager
def _my_turn(call: Call) -> Iterator[None]:
    """Answer one question at a time: whoever waits for the same one then finds it answered."""
    lock = call.engines.answering
    while not lock.acquire(timeout=TURN_S):
        call.emit({"stage": "waiting", "done": 0, "total": 1})
    try:
        yield
    finally:
        lock.release()
