"""Answering questions from the files: evidence first, the model's words only where they hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs import paths
from lsfs.errors import UsageError
from lsfs.model import Citation, FoundFile, Hit, QueryPlan, Statement
from lsfs.places import Places, cited
from lsfs.syscalls.answers.lists import amounts_cited
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.registry import Param, Tool, registry
from lsfs.syscalls.retrieve import find, pending_note, read_query
from lsfs.syscalls.selection import in_order, topic_of, within_sort

if TYPE_CHECKING:  # the rules and the model load where a question is answered, not for --help
    from lsfs.index.find.filters import Filters

RELATED = 5  # files shown beside an answer
NEAREST = 3  # files named when there is none
LISTED = 200  # files of a listing at most
# A listing about a topic leaves out what is much less about it than the best file.
TOPIC_SHARE = 0.45
NOT_FOUND = "not found in your files"


class AskRequest(Struct, frozen=True):
    """A question in words."""

    question: Annotated[str, Param("the question, in words", words=True, positional=True)] = ""
    dir: Annotated[str, Param("only from files below this folder of the drive")] = ""
    no_model: Annotated[bool, Param("answer with quotes alone")] = False
    plan: Annotated[bool, Param("only show how the question is read")] = False
    wait: Annotated[bool, Param("first wait until the index is up to date")] = False
    at: Annotated[
        str, Param("answer from the files as they were then: yesterday, 2026-11-24, 3 days ago")
    ] = ""
    continue_: Annotated[
        bool, Param("go on from the question before: and the deposit?", flags=("-c",))
    ] = False
    conversation: Annotated[
        str, Param("the conversation that this belongs to; the terminal's own when left out",
                   session=True)
    ] = ""  # fmt: skip
    forget: Annotated[bool, Param("forget the conversation")] = False


class AnswerPart(Struct, frozen=True):
    """The answer to a part of a question, or to a step on the way to its answer.

    Attributes:
        question: the part, complete in itself.
        answer, grounded, citations, by: see :class:`Answer`.
        notes: how it was read.
    """

    question: str
    answer: str
    grounded: bool
    citations: tuple[Citation, ...]
    by: str
    notes: tuple[str, ...] = ()


class Answer(Struct, frozen=True):
    """An answer and what it rests on.

    Attributes:
        answer: the text; every statement in it is a quote or was checked against one.
        grounded: whether it rests on the cited places; False for "not found".
        citations: the places quoted, in the order of the answer.
        files: the files that match the question; for a question about files, these are the answer.
        plan: how the question was read.
        model: the language model that took part; "" when none did.
        by: ``list`` (of files), ``rows`` (of what files state), ``quote``, ``model`` (its sentence
            was verified), ``computed`` (a sum, a comparison), ``summary``, ``parts``, ``none`` or
            ``plan``.
        notes: which moment the answer is of, and what is missing of it; empty for the present.
        statements: each sentence or row of the answer, with the citations that bear it.
        read_as: the question as it was asked, where it went on from an earlier one.
        parts: the answers to its parts, or to the steps to it; empty for a question that is one.
    """

    answer: str
    grounded: bool
    citations: tuple[Citation, ...]
    files: tuple[FoundFile, ...]
    plan: QueryPlan
    model: str = ""
    by: str = "none"
    notes: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    read_as: str = ""
    parts: tuple[AnswerPart, ...] = ()


@registry.syscall(
    command="ask",
    streams=True,
    examples=(
        'lsfs ask "contracts from 2023"',
        'lsfs ask "What is the monthly rent in the Harbour Street lease?"',
        'lsfs ask "who are our suppliers?"',
        'lsfs ask --continue "and the deposit?"',
        'lsfs ask "invoices of last year" --plan',
    ),
    tools=(
        Tool(
            "ask",
            "Answer a question from the files: quotes with file, page and line, files that match "
            '("contracts from 2023"), or a sum. Says so when the files do not say it.',
            leaves_out=("no_model", "plan", "wait", "continue_", "conversation", "forget"),
            requires=("question",),
        ),
    ),
)
def ask(call: Call, request: AskRequest) -> Answer:
    """Answer a question from the files, with the place of every statement.

    A question for files ("contracts from 2023") is answered with all files that match, one for what
    they state ("who are our tenants?") with a row for each value. Any other is answered with the
    sentences that say it; the language model's own sentence is added only where each number, date
    and name in it stands in those sentences. A question that is several is answered part by part.
    With ``--continue`` it goes on from the one before: "and in 2022?", "who signed it?", "only the
    ones with Acme", "the second one".
    """
    from lsfs.syscalls.answers import conversation
    from lsfs.syscalls.kv import folder_of

    if request.forget:
        return conversation.forgotten(call, request)
    if not request.question.strip():
        raise UsageError("the question is empty", hint='try: lsfs ask "contracts from 2023"')
    engines = call.engines
    engines.indexer.fresh(call.emit)
    if request.wait:
        engines.indexer.wait(call.emit, None)
    with engines.question(), folder_of(engines).reading():
        answer = conversation.held(call, request)
    if engines.ahead is not None:  # the next question is likely to be about the same
        engines.ahead.asked(file.path for file in answer.files[:RELATED])
    return answer


def answered(call: Call, request: AskRequest, files: Collection[str] = ()) -> Answer:
    """The answer to a question that is complete in itself, of the present.

    Args:
        files: paths of the files that it is asked of; none stands for all.
    """
    from lsfs.syscalls.answers import steps
    from lsfs.syscalls.summary import summary_asked

    wanted = summary_asked.asked_summary(request.question)
    if wanted is not None:
        return summary_asked.answered(call, request, wanted, tuple(files))
    if request.plan:
        plan = read_query(call.engines, request.question).plan
        told = (*steps.described(request.question), *plan.notes)
        return Answer("", False, (), (), replace(plan, notes=told), by="plan")
    ids = _ids(call.engines, files)

    def one(then: Call, question: str) -> Answer:
        answer = _one(then, replace(request, question=question), ids)
        return answer if answer.grounded else _by_fields(then, question, files, answer)

    return steps.answered(call, request.question, one)


def _by_fields(call: Call, question: str, files: Collection[str], answer: Answer) -> Answer:
    """Who wrote or received the files that are asked, where no sentence says it."""
    from lsfs.syscalls.answers.stated_by import stated_by

    citations = stated_by(call.engines, question, tuple(files))
    if not citations:
        return answer
    lines = tuple(f"\u201c{one.quote}\u201d" for one in citations)
    text = "\n".join(lines)
    call.emit({"text": text})
    stated = tuple(Statement(one.quote, (n,), True) for n, one in enumerate(citations))
    return replace(
        answer, answer=text, grounded=True, citations=citations, by="quote", statements=stated
    )


def _ids(engines: Engines, files: Collection[str]) -> tuple[int, ...] | None:
    rows = (engines.catalog.file(path) for path in files)
    return tuple(row.id for row in rows if row is not None) if files else None


def _one(call: Call, request: AskRequest, ids: tuple[int, ...] | None) -> Answer:
    """The answer to a question that is one."""
    asked = read_query(call.engines, request.question)
    plan, rest = asked.plan, asked.words
    folder = paths.relative(request.dir) or asked.filters.dir
    filters = replace(asked.filters, dir=folder, ids=ids)
    answer = _sum(call, plan, filters) or _authorship(call, request, rest, plan, filters)
    if answer is None and ids is None:
        answer = _values(call, request, plan, filters)
    if answer is not None:
        return answer
    if plan.listing:
        return _listing(call, plan, filters)
    return _fact(call, request, rest, plan, filters)


# --- questions for a sum


def _sum(call: Call, plan: QueryPlan, filters: Filters) -> Answer | None:
    """The sum that is asked for, added up; None when none is, or nothing can be added up."""
    from lsfs.syscalls.answers import sums

    if split := sums.dated(call, plan):
        plan, filters = split[0], replace(split[1], dir=filters.dir, ids=filters.ids)
    who = sums.asked_sum(plan)
    found = None if who is None else sums.summed(call, plan, filters, who)
    if found is None:
        return None
    text = sums.text_of(found)
    call.emit({"text": text})
    files = sums.files_of(found)
    citations = sums.citations_of(found)
    stated = Statement(text.partition("\n")[0], tuple(range(len(citations))), True)
    return Answer(text, True, citations, files, plan, by="computed", statements=(stated,))


# --- questions for who wrote something


def _authorship(
    call: Call, request: AskRequest, words: str, plan: QueryPlan, filters: Filters
) -> Answer | None:
    """Who wrote the text that is named; None when that is not asked, or no text is called so."""
    from lsfs.syscalls.answers.authorship import written_by

    found, files = written_by(call.engines, request.question, filters)
    if not found and files:  # it may say so in a sentence; what others say is of other texts
        within = replace(filters, ids=_ids(call.engines, [file.path for file in files]))
        return _fact(call, request, words, plan, within)
    if not found:
        return None
    text = "\n".join(author.said for author in found)
    call.emit({"text": text})
    stated = tuple(Statement(author.said, (n,), True) for n, author in enumerate(found))
    citations = tuple(author.citation for author in found)
    return Answer(text, True, citations, files, plan, by="quote", statements=stated)


# --- questions for what files state


def _values(call: Call, request: AskRequest, plan: QueryPlan, filters: Filters) -> Answer | None:
    """The values that are asked for, from all files; None when none are, or no file states any."""
    from lsfs.syscalls.answers import lists

    asked = lists.asked_list(call, request.question)
    found = None if asked is None else lists.listed(call, asked, filters.dir)
    if found is None:
        return None
    call.emit({"text": found.text})
    return Answer(
        found.text,
        True,
        found.citations,
        found.files,
        plan,
        by="rows",
        notes=found.notes,
        statements=found.rows,
    )


# --- questions for files


def _listing(call: Call, plan: QueryPlan, filters: Filters) -> Answer:
    from lsfs.index.asked.question import of_all

    engines, plan = call.engines, of_all(plan)
    files, notes = _fitting(engines, plan, filters)
    if not files:
        return _no_files(engines, plan, filters, notes)
    citations = tuple(
        Citation(f.path, f.page, None, None, f.evidence, f.where) for f in files if f.evidence
    )
    citations += tuple(amounts_cited(engines, plan, files))
    count = _count(engines, plan, filters, len(files))
    lines = [_line(file) for file in files]
    stated = _statements(files, lines, citations)
    text = "\n".join([f"{count}:", *(f"- {line}" for line in lines)])
    return Answer(
        text, True, citations, tuple(files), plan, by="list", notes=notes, statements=stated
    )


def _count(engines: Engines, plan: QueryPlan, filters: Filters, found: int) -> str:
    """How many files match, also where they are more than a listing has."""
    from lsfs.syscalls.answers import payment
    from lsfs.syscalls.selection import there

    if found < LISTED or plan.limit:
        return "1 file matches" if found == 1 else f"{found} files match"
    if plan.either or topic_of(plan) or payment.asked_state(plan):
        return f"{found} files match, or more"
    whole = filters.with_plan(plan, whole=True)
    total = len(there(engines, whole, unread=whole.is_place))
    return f"{total} files match" + (f", of which {found} are listed" if total > found else "")


def _fitting(
    engines: Engines, plan: QueryPlan, filters: Filters
) -> tuple[list[FoundFile], tuple[str, ...]]:
    """The files that are asked for, and what is to be said of others."""
    from lsfs.syscalls.answers import payment

    if plan.either:
        return _united([_fitting(engines, one, filters) for one in plan.either])
    state = payment.asked_state(plan)
    if not state:
        return matching_files(engines, plan, filters), ()
    files = matching_files(engines, payment.without_state(plan), filters)
    paid = payment.by_state(engines, files, state)
    return list(paid.files), paid.note()


def _united(
    parts: Sequence[tuple[list[FoundFile], tuple[str, ...]]],
) -> tuple[list[FoundFile], tuple[str, ...]]:
    """The files of several sets, each once, and what is to be said of others."""
    files = {file.path: file for found, _ in reversed(parts) for file in reversed(found)}
    return list(reversed(files.values())), tuple(note for _, notes in parts for note in notes)


def _no_files(
    engines: Engines, plan: QueryPlan, filters: Filters, notes: tuple[str, ...]
) -> Answer:
    """That no file fits, what was looked for, and what comes nearest."""
    from lsfs.syscalls.answers.relaxed import nearest_in_time, nearest_relaxation
    from lsfs.syscalls.selection import told

    def files_of(other: QueryPlan) -> list[FoundFile]:
        return _fitting(engines, other, filters)[0]

    timely = nearest_in_time(plan, files_of, partial(_days, engines, plan))[:NEAREST]
    near = tuple(file for file, _ in timely) or _related(
        engines, find(engines, replace(plan, listing=False), filters, RELATED * 2)
    )
    reason = nearest_relaxation(plan, files_of)
    if timely:
        reason += f"; {', '.join(f'{file.path}: {day}' for file, day in timely)}"
    looked = " or ".join(
        told(filters.with_plan(one, whole=True))
        + (f" with the words {', '.join(topic)}" if (topic := topic_of(one)) else "")
        for one in plan.either or (plan,)
    )
    reason = "; ".join(filter(None, (f"looked for: {looked}", reason)))
    return Answer(_nothing(engines, near, reason), False, (), near, plan, notes=notes)


def _days(engines: Engines, plan: QueryPlan, path: str) -> list[str]:
    """The days that a file states, of the kinds that a question asks for."""
    row = engines.catalog.file(path)
    kinds = plan.date_kinds or ("signed", "effective", "named")
    marks = ", ".join("?" * len(kinds))
    with engines.catalog.lock:
        found = engines.catalog.db.execute(
            f"SELECT day FROM content_date WHERE file_id = ? AND kind IN ({marks})",  # noqa: S608
            (row.id if row else -1, *kinds),
        ).fetchall()
    return [day for (day,) in found]


def _statements(
    files: Sequence[FoundFile], lines: Sequence[str], citations: Sequence[Citation]
) -> tuple[Statement, ...]:
    """Each line of a listing, with the places that it is listed for."""
    return tuple(
        Statement(line, tuple(n for n, one in enumerate(citations) if one.path == file.path), True)
        for file, line in zip(files, lines, strict=True)
    )


def matching_files(engines: Engines, plan: QueryPlan, filters: Filters) -> list[FoundFile]:
    """The files that a listing question asks for, best first; see also ``selection.matching``."""
    from lsfs.index.facts.kinds import kinds_in

    plan, filters = within_sort(engines, plan, filters.with_plan(plan, whole=True))
    topic = topic_of(plan)
    words = " ".join(part for word in topic for part in (word, *_family(word)))
    files = _about(engines, words, filters) if topic else _all(engines, filters, plan)
    if not files and topic:  # pictures have no words but those of their path
        files = [file for file in _all(engines, filters, plan) if _is_called(file, topic)]
    if not files and filters.author and "email" not in filters.types:
        # Few documents say in their properties who wrote them; most say it in their text.
        unsigned = replace(filters, author="")
        files = _about(engines, " ".join([*topic, f'"{filters.author}"']), unsigned)
    if not files and all(kinds_in([word]) & {*plan.kinds} for word in topic):
        files = _all(engines, filters, plan)
    there = [file for file in files if engines.is_there(file.path)]
    return _ordered(engines, there, plan)


def _is_called(file: FoundFile, topic: Sequence[str]) -> bool:
    from lsfs.index.find.sqlwords import holds_any

    return not file.evidence and all(holds_any(word, file.path) for word in topic)


def _all(engines: Engines, filters: Filters, plan: QueryPlan) -> list[FoundFile]:
    return engines.search.files(
        filters, LISTED, plan.sort, unread=replace(filters, ids=None).is_place
    )


def _ordered(engines: Engines, files: list[FoundFile], plan: QueryPlan) -> list[FoundFile]:
    def size(file: FoundFile) -> int:
        row = engines.catalog.file(file.path)
        return row.identity.size if row else 0

    return in_order(engines, files, plan, day=lambda file: file.date, size=size)


def _family(word: str) -> list[str]:
    """Other words for what a word names, as phrases: a tenancy agreement is a lease."""
    from lsfs.index.asked.sortwords import sort_kin
    from lsfs.index.facts.kinds import kin

    others = sorted(kin(word) | sort_kin(word))
    return [f'"{other}"' if " " in other else other for other in others]


def _about(engines: Engines, words: str, filters: Filters) -> list[FoundFile]:
    hits = engines.search.hits(words, k=LISTED, filters=filters, per_file=1, plain=True)
    if not hits:
        return []
    least = hits[0].score * TOPIC_SHARE
    return [
        _found(engines, hit, words)
        for hit in hits
        if hit.score >= least and _shares_word(hit, words)
    ]


def _shares_word(hit: Hit, words: str) -> bool:
    """Whether keywords or the name speak for a hit; likeness alone finds something for anything."""
    return bool({"keyword", "name"} & hit.explain.keys()) or not words


def _line(file: FoundFile) -> str:
    date = f" ({file.date})" if file.date else ""
    return f"{cited(file.path, file.where)} - {file.title}{date}"


def _nothing(engines: Engines, near: Sequence[FoundFile], reason: str = "") -> str:
    """ "Not found", with the nearest files, and a warning while the index is not complete."""
    details = [reason] if reason else []
    details += [f"nearest: {', '.join(f.path for f in near[:NEAREST])}"] if near else []
    details += pending_note(engines)
    return NOT_FOUND + (f" ({'; '.join(details)})" if details else "")


# --- questions for facts


def _fact(call: Call, request: AskRequest, words: str, plan: QueryPlan, filters: Filters) -> Answer:
    from lsfs.llm.answers import answer as llm
    from lsfs.llm.answers import evidence
    from lsfs.syscalls.answers import again, facts

    engines = call.engines
    chat = None if request.no_model else engines.chat
    found = facts.gathered(call, words, plan, filters)
    related = _related(engines, found.read)
    if not evidence.answerable(found.candidates):
        looked = again.looked_again(call, words, plan, filters, found)
        found, words = looked.found, looked.words
        plan = replace(plan, notes=(*plan.notes, *looked.notes))
    if not evidence.answerable(found.candidates):
        text = _nothing(engines, related, _looked_for(words, found.unknown))
        return Answer(text, False, (), related, plan, model=chat.name if chat else "")
    draft = llm.compose_answer(
        words,
        found.candidates,
        chat,
        lambda text: call.emit({"text": text}),
        passages=[hit.text for hit in found.read],
        tokens=engines.config.model.read_tokens,
        cancel=call.cancelled,
    )
    citations = tuple(facts.citation(engines, found, found.candidates[i]) for i in draft.used)
    first = [citation.path for citation in citations]
    files = sorted(related, key=lambda f: first.index(f.path) if f.path in first else len(first))
    return Answer(
        draft.text,
        draft.grounded,
        citations,
        tuple(files),
        plan,
        model=chat.name if chat else "",
        by=draft.by,
        notes=(f"no sentence by the model: {draft.trouble}",) if draft.trouble else (),
        statements=draft.statements,
    )


def _looked_for(words: str, unknown: Sequence[str]) -> str:
    """What was looked for in vain, and the words that are to blame."""
    from lsfs.index.find.terms import query_words

    looked = f"looked for: {' '.join(query_words(words))}"
    said = " or ".join(f"\u201c{word}\u201d" for word in unknown)
    return f"{looked}; no {said} in what comes nearest" if said else looked


def _related(engines: Engines, hits: Sequence[Hit]) -> tuple[FoundFile, ...]:
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.path, hit)
    return tuple(_found(engines, hit, "") for hit in list(best.values())[:RELATED])


def _found(engines: Engines, hit: Hit, words: str) -> FoundFile:
    """A hit as a file, with the sentence of it that holds most of the words."""
    from lsfs.index.find.search import sentence_at

    position = next(
        (hit.text.lower().find(word) for word in words.lower().split() if word in hit.text.lower()),
        0,
    )
    sentence = sentence_at(hit.text, position)
    page, where = hit.page, hit.where if hit.page is not None else ""
    if page != hit.page_end:  # the passage crosses a page: on which of them is the word?
        row = engines.catalog.file(hit.path)
        if row is not None and row.document_id is not None:
            start = hit.char_start + position
            places = Places(engines.catalog.load(row.document_id))
            page = next((span.page for span in places.spans(start, start + 1)), page)
            where = places.where(start, start + 1)
    return FoundFile(hit.path, hit.score, hit.title, hit.date, hit.kind, page, sentence, where)
