"""How a question is read: its filters, its words, and whether it asks for files.

Deterministic and without a model. Each reading is taken out of the question where it stands and
noted in words; what no rule reads stays in the query, where it does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from msgspec.structs import replace

from lsfs.index.asked import (
    askedcounts,
    askeddates,
    askedlanguages,
    exclusions,
    explicit,
    folders,
    measures,
    ordering,
    people,
)
from lsfs.index.asked import questionwords as w
from lsfs.index.asked.questionframe import (
    COMMAND,
    DETERMINERS,
    EXISTS,
    FILE_WORDS,
    LEFT_OVER,
    POLITE,
    TOKEN,
    TYPE_WORDS,
    WHICH,
    asks_fact,
    asks_files,
    bare,
    compound,
    names_files,
    sort_of,
    topic,
)  # fmt: skip
from lsfs.index.asked.questionreading import Reading
from lsfs.index.asked.sortwords import is_plural, sort_kin
from lsfs.index.asked.union import sets
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.find.folding import fold
from lsfs.model import QueryPlan

MAX_CHARS = 4000

_GLOB = re.compile(r"(?<!\S)\*?\.([A-Za-z][A-Za-z0-9]{0,4})(?=[\s,;?!]|$)")
_WHAT = re.compile(
    r"\A\W*(?:what|was|qu'est-ce qui|qué|cosa)\b"
    r"(?:\s+(?:is|are|has|have|did|i|we|hat|habe|ich)\b)*",
    re.IGNORECASE,
)
# Of photos this is no topic.
_TAKEN = frozenset(("taken", "shot", "aufgenommen", "prises", "tomadas", "scattate"))
_TEXTS = sort_kin("text") | {"text"}  # all that is in a language is
# A type of three words; what takes its place is no longer, so that places stay.
_SHEETS = re.compile(
    r"\b(?:hojas?\s+de\s+cálculo|fogli(?:o)?\s+di\s+calcolo|feuilles?\s+de\s+calcul)\b",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    r"\b(?:in|from|per|inside|im|dans|en|nel)\s+(?:(?:the|an?|my|our|any|all|that|this)\s+)?(?:\w+\s+)?\Z",
    re.IGNORECASE,
)


def plan(
    question: str,
    today: date,
    *,
    words: bool = True,
    is_folder: Callable[[str], bool] | None = None,
) -> QueryPlan:
    """Read a question.

    Args:
        question: any text.
        today: the day that "last month" counts from.
        words: whether ``-word`` leaves files out; in a long sentence it is a dash.
        is_folder: whether a path is one of a folder; without it only what is called a folder
            is read as one.

    Returns:
        The plan: conditions, the words that remain, and whether files are asked for; for sets of
        files that are asked for together, a plan of each in ``either``.
    """
    whole = _plan(question, today, words, is_folder)
    parts = sets(question[:MAX_CHARS]) if asks_files(question) else ()
    if not parts and is_folder is not None and whole.listing:
        parts = folders.apart(question[:MAX_CHARS], is_folder)
    either = tuple(_plan(part, today, words, is_folder) for part in parts)
    if not either or not all(one.listing for one in either):
        return whole
    notes = [
        f"set {i}: {'; '.join((part, *one.notes))}"
        for i, (part, one) in enumerate(zip(parts, either, strict=True), 1)
    ]
    return QueryPlan(query=whole.query, listing=True, notes=tuple(notes), either=either)


def _plan(
    question: str, today: date, words: bool, is_folder: Callable[[str], bool] | None
) -> QueryPlan:
    text = _SHEETS.sub(lambda m: "spreadsheets".ljust(len(m[0])), question.replace("\0", " "))
    reading = Reading(text[:MAX_CHARS], QueryPlan(query=""))
    explicit.read(reading, today, words=words)
    counted = askedcounts.read(reading)
    if not asks_fact(reading.text):
        measures.read(reading)
        exclusions.read(reading, today)
    _read_globs(reading)
    folders.read(reading)
    fact = asks_fact(askeddates.read(reading, today))
    asked = counted
    if not fact:
        asked |= askedlanguages.read(reading)
        measures.read_amounts(reading)
        asked |= ordering.read(reading)
        if is_folder is not None:
            folders.read_known(reading, is_folder)
    shape = reading.text
    # In a question for a fact "from Jane Smith" may be the fact's own words, not the file's.
    listed = reading.copy()
    if not fact:
        people.read_author(listed)
        people.read_recipients(listed)
    _read_types(listed, fact)
    _read_kinds(listed)
    listing = not fact and (asked or _lists(shape, listed))
    if listing or listed.plan.author == reading.plan.author:
        reading = listed
    else:
        _read_types(reading, fact)
        _read_kinds(reading)
    query = _remaining(reading, question, listing)
    return replace(reading.plan, query=query, listing=listing, notes=tuple(reading.notes))


def written(text: str, today: date, *, words: bool = True) -> QueryPlan:
    """The written filters of a query alone (``type:pdf``); ``query`` is the rest of it.

    Args:
        words: whether ``-word`` is one.
    """
    head, tail = text[:MAX_CHARS], text[MAX_CHARS:]
    reading = Reading(head.replace("\0", " "), QueryPlan(query=""))
    explicit.read(reading, today, words=words)
    rest = " ".join((reading.text + tail).split()) if reading.filtered else text
    return replace(reading.plan, query=rest, notes=tuple(reading.notes))


def _read_globs(reading: Reading) -> None:
    for match in _GLOB.finditer(reading.text):
        ending = match[1].lower()
        reading.put(types=ending)
        reading.take(*match.span(), f"{match[0]!r} read as files that end in .{ending}")


# --- types, kinds


def _is_mail(text: str, match: re.Match[str]) -> bool:
    """Whether "mail" or "message" is what is listed: alone, or before a sender or a topic."""
    following = TOKEN.search(text, match.end())
    before = TOKEN.findall(bare(text[: match.start()]))
    heads = DETERMINERS.issuperset(map(fold, before))
    gap = text[match.end() : following.start()] if following else "  "
    if following is None or len(gap) > 1:
        return heads or match[0].lower().endswith("s")
    return fold(following[0]) in w.MAIL_LINKS


def _read_types(reading: Reading, fact: bool) -> None:
    """Types asked for; "about emails" names a topic, "her email" a fact."""
    end = topic(reading.text)
    matches = list(TOKEN.finditer(reading.text, 0, end))
    skip = -1
    for i, match in enumerate(matches):
        following = matches[i + 1] if i + 1 < len(matches) else match
        pair = f"{match[0]}_{following[0]}".lower()
        last = following if pair in TYPE_WORDS else match
        name = TYPE_WORDS.get(pair) or TYPE_WORDS.get(match[0].lower())
        if name is None and fold(match[0]) in w.MAIL_WORDS and _is_mail(reading.text, match):
            name = "email"
        if name is None or i <= skip or compound(reading.text, last.end()):
            continue
        if fact and not _WITHIN.search(reading.text[: match.start()]):
            continue
        skip = i + (last is following)
        reading.put(types=name)
        words = reading.text[match.start() : last.end()]
        reading.take(match.start(), last.end(), f"{words!r} read as the file type {name}")


def _read_kinds(reading: Reading) -> None:
    """Kinds asked for, before a topic; their words stay in the query."""
    head = reading.text[: topic(reading.text)]
    # The first group of nouns is what is asked for: "letters" in "letters to the contract office".
    for part in re.split(r"\b(?:to|of|for|with|on|zu|an|für|à|pour|para|per)\b", head):
        kinds = kinds_in(TOKEN.findall(part)) - set(reading.plan.kinds)
        kinds.discard("email")  # a type; both together would miss the half of each
        if kinds:
            reading.plan = replace(
                reading.plan, kinds=tuple(dict.fromkeys((*reading.plan.kinds, *sorted(kinds))))
            )
            reading.notes.append(f"kinds asked for: {', '.join(sorted(kinds))}")
            return


# --- files or a fact?


def _lists(text: str, reading: Reading) -> bool:
    """Whether what is no question for a fact asks for files."""
    asked = POLITE.sub("", text)
    if reading.filtered and not TOKEN.search(_WHAT.sub("", asked)):
        return True  # "what changed since yesterday?"
    command = COMMAND.match(asked)
    if command is not None:
        if fold(command[0].split()[0]).startswith("list"):
            return True
        asked = asked[command.end() :]
        if is_plural(sort_of(asked)):
            return True  # "show me the payslips"
    else:
        for form in (WHICH, EXISTS):
            frame = form.match(asked)
            if frame is not None:
                return names_files(asked[frame.end() :])
    if not TOKEN.search(asked):
        return reading.filtered  # nothing but filters
    by_form = bool(reading.plan.types or reading.plan.author or reading.plan.dir)
    only_form = by_form and not TOKEN.search(reading.text)
    return names_files(asked) or only_form


# --- what remains to be searched for


def _remaining(reading: Reading, question: str, listing: bool) -> str:
    """The words to look for: without the frame, as long as something remains to go by."""
    rest = _rest(reading.text, reading.plan, listing)
    if rest or reading.filtered:
        return rest
    return " ".join(reading.text.split()) or " ".join(question.split())


def of_all(plan: QueryPlan) -> QueryPlan:
    """A plan whose words name files and nothing else, "how many files do I have?", without them.

    A search looks for these words; who asks for files with them means all.
    """
    return plan if _rest(plan.query, plan, plan.listing) else replace(plan, query="")


def _rest(words: str, plan: QueryPlan, listing: bool) -> str:
    """What is left without the frame of a question; "" when no word is."""
    if listing:
        words = POLITE.sub("", words)
        for form in (COMMAND, EXISTS, WHICH):
            words = form.sub("", words, count=1)
    kept = words.split()
    if listing:
        idle = FILE_WORDS | (_TAKEN if "image" in plan.types else frozenset())
        idle |= _TEXTS if plan.languages else frozenset()
        kept = [word for word in kept if fold(word.strip(".,;?!")) not in idle]
        kept = _WHAT.sub("", " ".join(kept)).split()
    while kept and fold(kept[-1].strip(".,;:?!")) in LEFT_OVER | {""}:
        kept.pop()
    while kept and (fold(kept[0]) in LEFT_OVER or not TOKEN.search(kept[0])):
        kept.pop(0)
    rest = " ".join(kept).strip(" ,;:?!")
    return rest if TOKEN.search(rest) else ""
