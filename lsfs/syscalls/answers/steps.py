"""Answering in steps: each part of a question by itself, one answer put into the next question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lsfs.model import Citation, FoundFile, QueryPlan, Statement
from lsfs.syscalls.ask import NOT_FOUND, Answer, AnswerPart
from lsfs.syscalls.engines import Call

if TYPE_CHECKING:
    from lsfs.index.dialogue.bridge import Bridge
    from lsfs.index.dialogue.comparison import Comparison
    from lsfs.index.dialogue.division import Part
    from lsfs.index.dialogue.measured import Measure

One = Callable[[Call, str], Answer]
"""Answers a question that is one."""


def answered(call: Call, question: str, one: One) -> Answer:
    """The answer to a question: in one step, unless it is several questions or needs another first.

    Args:
        question: in words.
        one: answers a question in one step; it alone is called for most.
    """
    from lsfs.index.dialogue import division

    stepped = _stepped(call, question, one)
    if stepped is not None:
        return stepped
    parts = division.divide(question)
    return _parts(call, question, parts, one) if parts else one(call, question)


def described(question: str) -> tuple[str, ...]:
    """How a question would be taken apart, in words; nothing when it is one."""
    from lsfs.index.dialogue import bridge, comparison, division

    compared = comparison.compared(question)
    if compared is not None:
        return (f"compared: {compared.left}", f"with: {compared.right}")
    bridged = bridge.bridged(question)
    if bridged is not None:
        return (f"asked first: {bridged.first}", f"then: {bridged.second('…')}")
    parts = division.divide(question)
    told = [f"part {i}: {part.question}" for i, part in enumerate(parts, 1)]
    return tuple(told[: division.MOST_PARTS])


def _stepped(call: Call, question: str, one: One, steps: int = 0) -> Answer | None:
    """The answer to a question that compares, or that needs another answered first."""
    from lsfs.index.dialogue import bridge, comparison

    compared = comparison.compared(question)
    if compared is not None:
        return _comparison(call, question, compared, one)
    bridged = bridge.bridged(question)
    if bridged is not None and steps < bridge.MOST_STEPS - 1:
        return _bridge(call, question, bridged, one, steps)
    return None


def _quietly(call: Call, question: str, one: One, steps: int = 0) -> Answer:
    """An answer whose text is not told as it comes."""
    call.check()
    quiet = replace(call, emit=lambda event: None if "text" in event else call.emit(event))
    return _stepped(quiet, question, one, steps) or one(quiet, question)


# --- parts


def _parts(call: Call, question: str, parts: Sequence[Part], one: One) -> Answer:
    from lsfs.index.dialogue.division import MOST_PARTS

    found: list[Answer] = []
    told: list[AnswerPart] = []
    text = ""
    for part in parts[:MOST_PARTS]:
        asked = _of_person(part, told) if part.of_person and told else part.question
        answer = _quietly(call, asked, one) if asked else _nobody(part.question)
        found.append(answer)
        told.append(_part(asked or part.question, answer))
        piece = ("\n\n" if text else "") + _shown(told[-1])
        text += piece
        if any(one_part.grounded for one_part in told):  # else the whole is "not found"
            first = not any(one_part.grounded for one_part in told[:-1])
            call.emit({"text": text if first else piece})
    rest = [part.question for part in parts[MOST_PARTS:]]
    notes = [f"part {i}: {part.question}" for i, part in enumerate(told, 1)]
    notes += [f"not asked, for {MOST_PARTS} parts are asked at most: {one}" for one in rest]
    whole = _joined(question, text, found, told, notes)
    return replace(whole, by="parts" if whole.grounded else "none", notes=tuple(notes[len(told) :]))


def _shown(part: AnswerPart) -> str:
    asked = f"{part.question[0].upper()}{part.question[1:]}"
    return f"{asked}\n{part.answer}"


def _of_person(part: Part, told: Sequence[AnswerPart]) -> str:
    """A question about whom the part before is answered with; "" when that is not certain."""
    from lsfs.index.dialogue.pronouns import with_person

    before = told[-1]
    name = whom(before.question, before.citations)
    return with_person(part.question, name) if name else ""


def whom(question: str, citations: Iterable[Citation]) -> str:
    """Whom a question for a person or a company is answered with; "" when that is not certain."""
    from lsfs.index.dialogue.nouns import ROLES, phrases
    from lsfs.index.find.folding import fold
    from lsfs.llm.answers import who

    roles = [
        word
        for phrase in phrases(question)
        for word in phrase.text.split()
        if fold(word) in ROLES or fold(word).removesuffix("s") in ROLES
    ]
    return who.named([c.quote for c in citations], roles[0] if roles else "", question)


def _nobody(question: str) -> Answer:
    reason = f"{NOT_FOUND} (whom this is about could not be told from the part before)"
    return Answer(reason, False, (), (), QueryPlan(question))


# --- one answer put into the next question


def _bridge(call: Call, question: str, bridge: Bridge, one: One, steps: int) -> Answer:
    from lsfs.index.dialogue.bridge import states

    direct = _quietly_one(call, question, one)
    if direct.grounded and any(states(c.quote, bridge.fact, said=True) for c in direct.citations):
        call.emit({"text": direct.answer})
        return direct
    first = _quietly(call, bridge.first, one, steps + 1)
    name = whom_in(bridge, first)
    if not name:
        reason = "" if first.grounded else f"; {bridge.first} {first.answer}"
        who = bridge.role or "who that is"
        text = f"{NOT_FOUND} (the {who} is not named{reason})" if bridge.role else (
            f"{NOT_FOUND} ({who} is not named{reason})"
        )  # fmt: skip
        whole = _joined(question, text, [first], [_part(bridge.first, first)], [])
        return replace(whole, grounded=False, citations=(), statements=(), by="none")
    asked = bridge.second(name)
    second = _quietly(call, asked, one, steps + 1)
    stated = [c for c in second.citations if states(c.quote, bridge.fact, said=False)]
    told = [_part(bridge.first, first), _part(asked, second)]
    notes = [f"asked first: {bridge.first} {name}", f"then: {asked}"]
    if not (second.grounded and stated):
        near = f"; nearest: {', '.join(f.path for f in second.files[:3])}" if second.files else ""
        text = f"{NOT_FOUND} ({asked} {bridge.first} {name}{near})"
        told[1] = replace(told[1], answer=NOT_FOUND, grounded=False, citations=(), by="none")
        whole = _joined(question, text, [first, second], told, notes)
        return replace(whole, grounded=False, citations=(), statements=(), by="none")
    text = "\n\n".join(_shown(part) for part in told)
    call.emit({"text": text})
    return replace(_joined(question, text, [first, second], told, notes), by="parts")


def whom_in(bridge: Bridge, first: Answer) -> str:
    """The name that the first step of a bridge gives."""
    from lsfs.llm.answers import who

    if not first.grounded:
        return ""
    last = first.parts[-1] if first.parts else None
    citations = last.citations if last else first.citations
    question = last.question if last else bridge.first
    return who.named([c.quote for c in citations], bridge.role, question)


def _quietly_one(call: Call, question: str, one: One) -> Answer:
    call.check()
    quiet = replace(call, emit=lambda event: None if "text" in event else call.emit(event))
    return one(quiet, question)


# --- comparisons


def _comparison(call: Call, question: str, asked: Comparison, one: One) -> Answer:
    from lsfs.index.dialogue.measured import measured

    found = [_quietly(call, each, one) for each in (asked.left, asked.right)]
    told = [
        _part(each, answer) for each, answer in zip((asked.left, asked.right), found, strict=True)
    ]
    notes = [f"compared: {asked.left}", f"with: {asked.right}"]
    values = [
        measured(asked.fact, [c.quote for c in answer.citations]) if answer.grounded else None
        for answer in found
    ]
    left, right = values
    same = left and right and _place(found[0], left) == _place(found[1], right)
    if left is None or right is None or left.unit != right.unit or same:
        text = "\n\n".join([_not_compared(asked, values), *map(_shown, told)])
        whole = _joined(question, text, found, told, notes)
        if whole.grounded:
            call.emit({"text": text})
        return replace(whole, by="parts" if whole.grounded else "none")
    places = (_place(found[0], left), _place(found[1], right))
    lines = [_verdict(asked, left, right)]
    lines += [
        f"- {name}: \u201c{c.quote}\u201d" for name, c in zip(asked.names, places, strict=True)
    ]
    text = "\n".join(lines)
    call.emit({"text": text})
    whole = _joined(question, text, found, told, notes)
    stated = Statement(lines[0], (0, 1), True)
    return replace(whole, by="computed", citations=places, statements=(stated,))


def _place(answer: Answer, value: Measure) -> Citation:
    return answer.citations[value.quote]


def _not_compared(asked: Comparison, values: Sequence[Measure | None]) -> str:
    left, right = values
    if left is None or right is None:
        missing = [name for name, one in zip(asked.names, values, strict=True) if one is None]
        return f"not compared: no value of {asked.fact} is found for {' and '.join(missing)}"
    if left.unit != right.unit:
        return f"not compared: {asked.fact} is stated as {left.unit} and as {right.unit}"
    return f"not compared: both are answered by the same place ({left.text})"


def _verdict(asked: Comparison, left: Measure, right: Measure) -> str:
    """What the comparison comes to, in words."""
    against = f"{left.text} against {right.text}"
    apart = left.value - right.value
    greater, smaller = (left, right) if apart > 0 else (right, left)
    if asked.form == "whether":
        return f"{'yes' if apart * asked.sign > 0 else 'no'}: {against}"
    if not apart:
        return f"the same: {left.text}"
    more, less = asked.names if apart > 0 else asked.names[::-1]
    if asked.form == "which":
        first, then = (greater, smaller) if asked.sign > 0 else (smaller, greater)
        return f"{more if asked.sign > 0 else less}: {first.text} against {then.text}"
    unit = "days" if left.unit == "date" else left.unit.partition(" ")[0]
    comes = "later" if left.unit == "date" else "more"
    return f"{abs(apart).normalize():f} {unit}".strip() + f": {against} ({more}: {comes})"


# --- made of several answers


def _part(question: str, answer: Answer) -> AnswerPart:
    return AnswerPart(
        question, answer.answer, answer.grounded, answer.citations, answer.by, answer.plan.notes
    )


def _joined(
    question: str,
    text: str,
    answers: Sequence[Answer],
    parts: Sequence[AnswerPart],
    notes: Sequence[str],
) -> Answer:
    """Several answers as one."""
    citations = _unique((c for one in answers for c in one.citations), lambda c: c)
    stated = tuple(
        replace(each, citations=tuple(citations.index(one.citations[n]) for n in each.citations))
        for one in answers
        for each in one.statements
    )
    grounded = [one for one in answers if one.grounded]  # of the others, files are the nearest
    files: tuple[FoundFile, ...] = _unique(
        (file for one in grounded or answers for file in one.files), lambda file: file.path
    )
    return Answer(
        text,
        bool(grounded),
        citations,
        files,
        QueryPlan(question, notes=tuple(notes)),
        model=next((one.model for one in answers if one.model), ""),
        parts=tuple(parts),
        statements=stated,
    )


def _unique(values: Iterable[Any], key: Callable[[Any], Any]) -> tuple[Any, ...]:
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(key(value), value)
    return tuple(found.values())
