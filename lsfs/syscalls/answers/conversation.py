"""Questions that go on from earlier ones: what is remembered of a conversation, and its use."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lsfs.errors import StateUnwritable, UsageError
from lsfs.syscalls.answers.talks import DEFAULT, Talks
from lsfs.syscalls.ask import NOT_FOUND, Answer, AskRequest, answered, matching_files
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.retrieve import read_query

if TYPE_CHECKING:
    from lsfs.index.dialogue.turns import Reading, Turn
    from lsfs.model import FoundFile, QueryPlan

log = logging.getLogger("lsfs.syscalls.answers.conversation")

MOST_FILES = 200  # of an answer that later questions can mean
LONGEST_NAME = 200  # characters


def held(call: Call, request: AskRequest) -> Answer:
    """The answer to a question, which may go on from the one before it.

    A question of a conversation, or of a terminal, is remembered; one without ``continue_`` begins
    the conversation anew.

    Raises:
        UsageError: the conversation has no possible name.
    """
    name = _name(request)
    talks = Talks(call.engines.state.conversations)
    reading: Reading | None = None
    turns: tuple[Turn, ...] = ()
    if not request.continue_:
        answer = _asked(call, request)
    else:
        from lsfs.index.dialogue import followup

        turns = talks.turns(name or DEFAULT)
        reading = followup.read(request.question, turns, call.engines.today())
        if turns:  # a moment and a folder hold until others are named
            before = turns[-1]
            at = request.at or (before.at if reading.at is None else reading.at)
            request = replace(request, at=at, dir=request.dir or before.dir)
        answer = _continued(call, request, reading)
    if request.plan or not (name or request.continue_):
        return answer
    turn = _turn(call, request, reading, answer)
    try:
        talks.keep(name or DEFAULT, (*turns, turn))
    except OSError as error:  # the answer is worth more than what could be asked next
        log.error("a question is not remembered: %s", error)
        return replace(answer, notes=(*answer.notes, f"not remembered: {error.strerror}"))
    return answer


def forgotten(call: Call, request: AskRequest) -> Answer:
    """Forget a conversation; with a question, which would be answered otherwise, that is an error.

    Raises:
        UsageError: there is a question, or the conversation has no possible name.
        StateUnwritable: it cannot be removed.
    """
    if request.question.strip():
        raise UsageError("--forget takes no question", hint="ask after it: lsfs ask QUESTION")
    name = _name(request) or DEFAULT
    from lsfs.model import QueryPlan

    try:
        was = Talks(call.engines.state.conversations).forget(name)
    except OSError as error:
        raise StateUnwritable(f"the conversation cannot be removed: {error.strerror}") from error
    told = "the conversation is forgotten" if was else "there was nothing to forget"
    return Answer(told, False, (), (), QueryPlan("", notes=(told,)), by="plan")


def _name(request: AskRequest) -> str:
    name = request.conversation.strip()
    if len(name) > LONGEST_NAME or "\0" in name:
        raise UsageError(f"not a name for a conversation: {name[:40]!r}")
    return name


# --- asking


def _asked(
    call: Call, request: AskRequest, files: Collection[str] = (), *, quiet: bool = False
) -> Answer:
    """The answer as of the moment that is asked for."""
    from lsfs.syscalls.search.then import at_moment

    if quiet:
        outer = call.emit
        call = replace(call, emit=lambda event: None if "text" in event else outer(event))
    if request.plan:
        return answered(call, request, files)
    with at_moment(call, request.at, wait=request.wait) as (then, notes):
        answer = answered(then, request, files)
    return replace(answer, notes=(*notes, *answer.notes))


def _continued(call: Call, request: AskRequest, reading: Reading) -> Answer:
    asked = replace(request, question=reading.question)
    notes = (reading.note,) if reading.note else ()
    files = reading.files
    if reading.other_than:
        others = _others(call.engines, reading)
        if len(others) != 1:
            return _unclear(call, reading, others)
        files = (others[0].path,)
    answer = None
    if files and not reading.only and not request.plan:
        answer = _asked(call, asked, files, quiet=True)
        if answer.grounded and answer.by != "list":
            call.emit({"text": answer.answer})
        elif not answer.grounded:
            answer, files = None, ()
    if answer is None:
        answer = _asked(call, asked, files if reading.only else ())
    where = _where(files) if answer.grounded or reading.only else ""
    told = f"{reading.question}{where}{f' (as of {request.at})' if request.at else ''}"
    plan = answer.plan
    if request.plan:
        plan = replace(plan, notes=(f"read as: {told}", *plan.notes))
    return replace(answer, read_as=told, notes=(*answer.notes, *notes), plan=plan)


def _where(files: Collection[str]) -> str:
    if not files:
        return ""
    return (
        f" (in {', '.join(files)})" if len(files) <= 2 else f" (of the {len(files)} files before)"
    )


def _others(engines: Engines, reading: Reading) -> list[FoundFile]:
    """The documents of a sort but those that were spoken of."""
    asked = read_query(engines, _plural(reading.sort))
    found = matching_files(engines, asked.plan, asked.filters)
    return [file for file in found if file.path not in reading.other_than]


def _plural(sort: str) -> str:
    return f"{sort[:-1]}ies" if sort.endswith("y") else sort if sort.endswith("s") else f"{sort}s"


def _unclear(call: Call, reading: Reading, others: list[FoundFile]) -> Answer:
    plan: QueryPlan = read_query(call.engines, reading.question).plan
    if not others:
        text = f"{NOT_FOUND} (there is no other {reading.sort})"
    else:
        names = ", ".join(file.path for file in others[:5])
        text = f"which one is meant? There are {len(others)} others: {names}"
    return Answer(text, False, (), tuple(others[:5]), plan, read_as=reading.question)


# --- remembering


def _turn(call: Call, request: AskRequest, reading: Reading | None, answer: Answer) -> Turn:
    from lsfs.index.dialogue.turns import Turn

    question = request.question if reading is None else reading.question
    listing = answer.by == "list" or answer.plan.listing
    cited = tuple(dict.fromkeys(citation.path for citation in answer.citations))
    files = tuple(file.path for file in answer.files) if answer.by == "list" else cited
    if listing and answer.by != "list":
        files = ()
    return Turn(
        question=request.question.strip(),
        read_as=" ".join(question.split()),
        listing=listing,
        picked=bool(reading and reading.picked),
        files=(files if listing else files[:1])[:MOST_FILES],
        asked_of=reading.files if reading and reading.only else (),
        sources=tuple(dict.fromkeys((*cited, *(file.path for file in answer.files)))),
        names=_names(question, answer),
        days=_days(answer),
        at=request.at,
        dir=request.dir,
        time_ns=call.engines.clock.now_ns(),
    )


def _names(question: str, answer: Answer) -> tuple[str, ...]:
    """Whom an answer names; or whom the question does, where it asks for no one."""
    from lsfs.index.dialogue.nouns import subject_of
    from lsfs.syscalls.answers.steps import whom

    if answer.grounded and answer.by != "list":
        part = answer.parts[-1] if answer.parts else None
        asked, citations = (part.question, part.citations) if part else (question, answer.citations)
        if re.match(
            r"\W*(?:who|wer|whom|wem|what is the name|what is the \w+$)\b", asked, re.I
        ) or (_asks_role(asked)):
            name = whom(asked, citations)
            return (name,) if name else ()
    subject = subject_of(question)
    if subject is not None and subject.named and not subject.kind:
        return (subject.text,)
    return ()


def _asks_role(question: str) -> bool:
    from lsfs.index.dialogue.nouns import is_role, phrases

    found = phrases(question)
    return bool(found) and is_role(found[0].text)


def _days(answer: Answer) -> tuple[str, ...]:
    """The days that an answer states, or those that its listing begins with."""
    from lsfs import values

    if answer.by == "list":
        return (answer.plan.after,) if answer.plan.after else ()
    found = []
    for citation in answer.citations:
        for one in values.dates(citation.quote):
            whole = [reading for reading in one.readings if all(reading)]
            if len(whole) == 1:
                year, month, day = whole[0]
                found.append(f"{year:04}-{month:02}-{day:02}")
    return tuple(dict.fromkeys(found))[:5]
