"""Reading a question behind others: "and the deposit?", "who signed it?", "what about 2022?".

By rules alone, and in their order: a moment, what was picked from a listing, a time, conditions on
a listing, then what a question leaves out or stands for with a pronoun. A question that is complete
in itself is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from lsfs.index.asked.questionframe import TOKEN, asks_fact, asks_files
from lsfs.index.dialogue import narrowing
from lsfs.index.dialogue.nouns import (
    Phrase,
    is_attribute,
    names_kind,
    phrases,
    subject_of,
    tail_of,
)  # fmt: skip
from lsfs.index.dialogue.pronouns import PERSONAL, has_thing, with_person, with_subject
from lsfs.index.dialogue.turns import Reading, Turn
from lsfs.index.find.folding import fold

MOST_CHARS = 500

_LEAD = re.compile(
    r"\A\W*(?:(?:and|und|ok(?:ay)?|so|now|then|also|but|or|oh|well|yes|no(?=\s*,)|great|thanks|"
    r"thank you|please|auch|dann|danke|bitte)\b[\s,.!:]*)*",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\A(?:(?:what|how) about|what is it (?:for|in|at)|(?:is it )?(?:the )?same (?:question |"
    r"thing )?"
    r"(?:for|in|with|at|of|about)?|(?:was|wie) (?:ist|sieht es|steht es) (?:aus )?mit|dasselbe "
    r"(?:für|bei)|"
    r"das gleiche (?:für|bei)|ditto for|repeat (?:that|it) for)\s+",
    re.IGNORECASE,
)
_IN = re.compile(
    r"\A(?:in|for|at|of|with|from|under|on|im|in der|für|bei|beim|von|vom|mit)\s+", re.IGNORECASE
)
_OTHER = re.compile(
    r"\b(?:the|dem|der|den|das|die)\s+(?:other|andere[nrsm]?)\s*(?P<sort>[a-z]+)?\b", re.IGNORECASE
)
_AS_OF = re.compile(
    r"\s*\b(?:as of|stand|as it was|as they were)\s+(?P<when>.+?)\s*\??\Z", re.IGNORECASE
)
_NOW = re.compile(r"(?:now|today|at present|jetzt|heute|and now)", re.IGNORECASE)
_THEN = re.compile(r"(?:then|that (?:day|date|time|moment)|damals)", re.IGNORECASE)
_SINCE = re.compile(
    r"\b(?P<way>since|after|before|until|seit|nach|vor|bis)\s+(?:then|that(?: day| date| time)?|"
    r"dann)\b|"
    r"\b(?P<one>seitdem|seither|danach|davor|from then on|afterwards)\b(?=\W*\Z)",
    re.IGNORECASE,
)
_WAYS = {"seit": "since", "nach": "after", "vor": "before", "bis": "until", "seitdem": "since",
         "seither": "since", "danach": "after", "davor": "before", "from then on": "since",
         "afterwards": "after"}  # fmt: skip
_HOW_MANY = re.compile(
    r"(?:how many|wie viele)(?: (?:of them|are there|are they|is that|sind es|gibt es))*", re.I
)
_HOW_MUCH = re.compile(
    r"(?:(?:how much|wie ?viel)(?: (?:is|was|are|were|ist|sind|war))?(?: (?:it|that|this|they|"
    r"these|das|es|"
    r"sie|all))*(?: (?:in total|altogether|together|zusammen|insgesamt))?|(?:what is |what's "
    r")?(?:the )?"
    r"(?:total|sum|gesamtsumme|summe)(?: of (?:them|these|those|it))?|in total)",
    re.IGNORECASE,
)
_HAVE = re.compile(
    r"\A(?:do (?:you|we|i) have|is there|have (?:you|we) got|gibt es|haben wir)\s+", re.IGNORECASE
)
_WHATS = re.compile(r"\A(what|who|when|where)['\u2019]s\b", re.IGNORECASE)
_THEM = re.compile(r"\b(?:them|these|those|they|the files|the documents)\b", re.IGNORECASE)
_WH = re.compile(
    r"\A(?:(?:until|since|by|from|to|for|on|in|at|with|bis|seit|ab|an|von|mit)\s+)?(?:what|which|who|"
    r"whom|whose|when|where|why|how|wer|wem|wen|wann|was|wo|wie|warum|welche[rsmn]?)\b|"
    r"\A(?:is|are|was|were|does|do|did|has|have|can|ist|hat|gibt)\b",
    re.IGNORECASE,
)
_OF_DOCUMENT = re.compile(
    r"\b(?:sign(?:ed|s)?|made|wrote|writ(?:es|ten)|sent|unterschrieben)\b", re.I
)
_SUMMED = frozenset(("invoice", "bill", "receipt", "rechnung"))


def read(question: str, turns: Sequence[Turn], today: date) -> Reading:
    """A question as it is to be asked behind others.

    Args:
        question: as typed.
        turns: of the conversation, the latest last.
        today: the day that "last month" counts from.
    """
    asked = " ".join(question.split())
    if len(asked) > MOST_CHARS:
        return Reading(question=asked)  # a text, not a question that leaves things out
    if not turns:
        return Reading(question=asked, note="nothing was asked before; read as it stands")
    dated = _dated(asked, turns)
    of_moment = _of_moment(dated, turns)
    if of_moment is not None:
        return of_moment
    core = _WHATS.sub(r"\1 is", _core(dated))
    about = _ABOUT.match(core)
    bare = core[about.end() :] if about else core
    led = about is not None or _core(dated) != dated.strip(" ?.!")
    last = turns[-1]
    found = (
        narrowing.picked(bare, turns)
        or narrowing.of_picked(core, turns)
        or narrowing.timed_or_none(bare, turns, today)
        or _counted(core, turns)
        or narrowing.narrowed(core, turns, today)
        or (narrowing.swapped(bare, turns) if _goes_on_listing(bare, last, led) else None)
        or _of_fact(core, bare, led, turns)
    )
    return found or Reading(question=dated)


def _core(question: str) -> str:
    text = question.strip(" ?.!")
    rest = _LEAD.sub("", text, count=1)
    return rest or text


# --- moments


def _dated(question: str, turns: Sequence[Turn]) -> str:
    """A question with "since then" as a day."""
    found = _SINCE.search(question)
    if found is None:
        return question
    day = next((turn.days[0] for turn in reversed(turns) if turn.days), "")
    if not day:
        return question
    way = (found["way"] or found["one"]).lower()
    return f"{question[: found.start()]}{_WAYS.get(way, way)} {day}{question[found.end() :]}"


def _of_moment(question: str, turns: Sequence[Turn]) -> Reading | None:
    """ "And now?", "as of last week", "as of then"."""
    core = _core(question)
    last = turns[-1]
    if _NOW.fullmatch(core):
        return Reading(question=last.read_as, files=last.asked_of, at="")
    found = _AS_OF.search(question)
    if found is None:
        return None
    when = found["when"]
    if _THEN.fullmatch(when):
        when = next((t.at or (t.days[0] if t.days else "") for t in reversed(turns)), "")
        when = when or next((t.days[0] for t in reversed(turns) if t.days), "")
        if not when:
            return None
    rest = _core(question[: found.start()])
    if len(TOKEN.findall(rest)) < 2:
        return Reading(question=last.read_as, files=last.asked_of, at=when)
    return Reading(question=f"{rest}?", at=when)


# --- listings


def _goes_on_listing(bare: str, last: Turn, led: bool) -> bool:
    """Whether words without a verb are said of a listing."""
    if _WH.match(bare):
        return False
    kinds = any(names_kind(word) for word in TOKEN.findall(bare)[:3])
    return led and (
        last.listing or (kinds and not bare.lower().startswith(("the ", "in ", "its ")))
    )


def _counted(core: str, turns: Sequence[Turn]) -> Reading | None:
    """ "How many are there?", "how much is it in total?"."""
    base = narrowing.listing_of(turns)
    last = turns[-1]
    if _HOW_MANY.fullmatch(core) and base is not None:
        return Reading(question=base.read_as, files=base.files, only=True)
    if _HOW_MUCH.fullmatch(core) and last.listing and last.files:
        kind = narrowing.one_of(last.read_as)
        if kind in _SUMMED:
            return Reading(
                question="What is the total of the invoices?", files=last.files, only=True
            )
    return None


# --- facts


def _of_fact(core: str, bare: str, led: bool, turns: Sequence[Turn]) -> Reading | None:
    last = turns[-1]
    person = _of_person(core, turns)
    if person is not None:
        return person
    have = _HAVE.match(core)
    if have is not None and is_attribute(core[have.end() :]):
        core = bare = core[have.end() :]
    if not _WH.match(bare):
        return _phrase(bare, led, turns)
    if asks_files(core) and not has_thing(core):
        return None
    return _clause(core, last, turns)


def _of_person(core: str, turns: Sequence[Turn]) -> Reading | None:
    """A question about one whom an answer named: "what is her phone number?"."""
    if not PERSONAL.search(core):
        return None
    if _THEM.search(core) and turns[-1].listing:
        return None
    name = next((turn.names[0] for turn in reversed(turns) if turn.names), "")
    if not name:
        return None
    told = with_person(core, name)
    have = _HAVE.match(told)
    if have is not None:
        told = told[have.end() :]
    return Reading(question=f"{told}?" if _WH.match(told) else f"What is {told}?")


def _phrase(bare: str, led: bool, turns: Sequence[Turn]) -> Reading | None:
    """A noun phrase alone: another fact of the same thing, or the same fact of another thing."""
    last = turns[-1]
    base = next((turn for turn in reversed(turns) if not turn.listing), None)
    other = _OTHER.search(bare)
    if other is not None and base is not None:
        return _of_other(base, other["sort"] or "", turns)
    lead = _IN.match(bare)
    thing = bare[lead.end() :] if lead else bare
    found = phrases(thing)
    if not found:
        return None
    its = with_subject(thing, _subject_text(last))
    if its != thing:
        return Reading(question=f"{_what_is(its, last)} {its}?", files=_focus(last))
    named = [phrase for phrase in found if phrase.named or phrase.kind]
    if is_attribute(found[0].text) and not lead:
        if named and named[-1] is not found[0]:  # "the deposit in the Mill Road lease"
            return Reading(question=f"{_what_is(thing, last)} {thing}?")
        return _of_same(thing, last)
    if base is not None and (named or lead or not _has_fact(base.read_as)):
        return _same_of(base, thing, found[-1])
    return _of_same(thing, last) if base is not None or last.files else None


def _what_is(phrase: str, last: Turn) -> str:
    words = [fold(word) for word in TOKEN.findall(phrase)]
    german = bool(words) and words[0] in ("der", "die", "das") and fold(last.read_as)[:3] in (
        "wie", "was", "wer", "wan", "wel",
    )  # fmt: skip
    return "Wie ist" if german else "What is"


def _of_same(fact: str, last: Turn) -> Reading:
    """Another fact of what the last question was about."""
    end = tail_of(last.read_as)
    if not end and not last.listing:
        subject = subject_of(last.read_as)
        end = f"of {subject.text}" if subject is not None else ""
    elif last.listing and len(last.files) == 1:
        end = f"of the {narrowing.one_of(last.read_as)}"
    elif last.listing:
        end = ""
    return Reading(
        question=f"{_what_is(fact, last)} {fact} {end}".strip() + "?", files=_focus(last)
    )


def _same_of(base: Turn, thing: str, phrase: Phrase) -> Reading:
    """The same fact of another thing."""
    question = base.read_as
    subject = subject_of(question)
    if subject is None:
        return Reading(question=f"{question.rstrip(' ?')} in {thing}?")
    told = thing
    kind = next((word for word in reversed(subject.text.split()) if names_kind(word)), "")
    if kind and not phrase.kind and phrase.named:
        name = thing if thing.lower().startswith("the ") else f"the {thing}"
        told = f"{name} {kind}" if kind.islower() else f"{subject.text.split()[0]} {kind} {thing}"
    return Reading(question=f"{question[: subject.start]}{told}{question[subject.end :]}")


def _has_fact(question: str) -> bool:
    """Whether a question asks for a fact by its name, "the rent", and not by a verb."""
    return any(is_attribute(phrase.text) for phrase in phrases(question))


def _of_other(base: Turn, sort: str, turns: Sequence[Turn]) -> Reading:
    """The same fact of the one other document of a sort."""
    subject = subject_of(base.read_as)
    kind = next(
        (word for word in reversed((subject.text if subject else "").split()) if names_kind(word)),
        "",
    )
    sort = sort if sort and names_kind(sort) else kind.lower() or "document"
    question = base.read_as
    if subject is not None:
        question = f"{question[: subject.start]}the {sort}{question[subject.end :]}"
    for turn in reversed(turns):
        rest = [path for path in turn.files if path not in base.files]
        if turn.listing and len(rest) == 1:
            return Reading(question=question, files=(rest[0],), only=True)
    return Reading(question=question, other_than=base.files, sort=sort, only=True)


def _clause(core: str, last: Turn, turns: Sequence[Turn]) -> Reading | None:
    """A question with a verb that leaves out what it is about, or says "it"."""
    if has_thing(core) or (last.listing and _THEM.search(core)):
        last = _last_thing(turns)
        subject = _document_text(turns) if _OF_DOCUMENT.search(core) else _subject_text(last)
        told = with_subject(core, subject) if subject else core
        return Reading(question=f"{told}?", files=_focus(last))
    own = subject_of(core)
    if own is not None and own.named:
        # Of a name that was just spoken of, it is likelier said of the same files.
        same = set(_capitals(own.text)) & set(_capitals(last.read_as))
        return Reading(question=f"{core}?", files=_focus(last)) if same else None
    if own is not None and not is_attribute(own.text) and (own.kind or own.definite):
        # Complete as it stands, and yet likelier said of the same files.
        return Reading(question=f"{core}?", files=_focus(last))
    if not asks_fact(core):
        return None
    end = tail_of(last.read_as)
    if not end:
        subject = _subject_text(last)
        end = f"of {subject}" if subject else ""
    facts = [p for p in phrases(core) if is_attribute(p.text)]
    if not facts or core.rstrip()[facts[-1].end - 0 :].strip():
        # A verb stands behind the fact: what it is said of cannot be put there.
        return Reading(question=f"{core}?", files=_focus(last))
    return Reading(question=f"{core} {end}".strip() + "?", files=_focus(last))


def _last_thing(turns: Sequence[Turn]) -> Turn:
    """The latest turn about a thing: whom an answer named is no "it"."""
    people = {name for turn in turns for name in turn.names if name not in turn.read_as}
    for turn in reversed(turns):
        subject = None if turn.listing else subject_of(turn.read_as)
        if subject is None or subject.text not in people or turn is turns[0]:
            return turn
    return turns[-1]


def _document_text(turns: Sequence[Turn]) -> str:
    """The document that was spoken of last: nobody signs a parking space."""
    for turn in reversed(turns):
        subject = subject_of(turn.read_as)
        if turn.listing or (subject is not None and subject.kind):
            return _subject_text(turn)
    return _subject_text(turns[-1])


def _capitals(text: str) -> list[str]:
    return [word for word in TOKEN.findall(text) if not word[0].islower()]


def _subject_text(last: Turn) -> str:
    """What "it" stands for behind a question."""
    if last.listing:
        return f"the {narrowing.one_of(last.read_as)}"
    subject = subject_of(last.read_as)
    return subject.text if subject is not None else ""


def _focus(last: Turn) -> tuple[str, ...]:
    return last.files
