"""Questions in one: "What are the rent and the deposit?", "Who signed X and when does it end?".

Rules that would rather leave two questions together than part one: what is joined has to be two
clauses that each ask, two facts that documents state, or two documents. A question that these do
not part is asked as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from lsfs.index.asked.questionframe import TOKEN, asks_files
from lsfs.index.asked.union import sets
from lsfs.index.dialogue.nouns import (
    is_attribute,
    is_role,
    names_kind,
    phrases,
    subject_of,
    tail_of,
)
from lsfs.index.dialogue.pronouns import PERSONAL, with_subject
from lsfs.index.find.folding import fold

MOST_PARTS = 4
MOST_CHARS = 500  # of a question that is looked at; a longer one is a text

_WH = (
    r"(?:what(?:['\u2019]s)?|which|who(?:['\u2019]s)?|whom|whose|when|where|why|how|"
    r"was|wer|wem|wen|wann|wo|warum|wie|wieviel|welche[rsmn]?)"
)
_AUX = (
    r"(?:is|are|was|were|does|do|did|has|have|had|can|may|must|will|would|should|ist|sind|war|hat|"
    r"haben|gilt|gibt)"
)
_SUBJECTS = (
    r"(?:there|it|they|he|she|the|a|an|we|you|i|this|that|es|er|sie|der|die|das|ein|eine|wir|ich)"
)
_AND = r"(?:and|und|&)"
_ASKS = re.compile(rf"\W*(?:{_AND}\s+)?(?:{_WH}|{_AUX}\s+{_SUBJECTS})\b", re.IGNORECASE)
_LEAD = re.compile(rf"\W*(?:{_AND}|also|auch|then|dann|,)\s+", re.IGNORECASE)
_SENTENCES = re.compile(r"(?<=\?)\s+(?=\w)")
_TELL = re.compile(
    r"\A\W*(?:(?:please|bitte)\s+)?(?:(?:can|could|would) you\s+)?(?:tell|show|give) (?:me|us)\s+"
    r"|\A\W*(?:i (?:want|would like|need) to know)\s+",
    re.IGNORECASE,
)
# "… and when does it end", "…, and is there a deposit".
_CLAUSE = re.compile(
    rf"(?:\s*,)?\s+{_AND}\s+(?:also\s+|auch\s+)?(?={_WH}\s+\S)|"
    rf"(?:\s*,)?\s+{_AND}\s+(?:also\s+|auch\s+)?(?={_AUX}\s+{_SUBJECTS}\s)|\s*,\s+(?={_WH}\s+\S)",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"\A(?P<head>.+?)(?:\s*,)?\s+{_AND}\s+(?P<word>when|where|why|how|wann|wo|warum|wie)\W*\Z",
    re.IGNORECASE,
)
_WHO_DID = re.compile(
    r"\A\W*(?:who|wer)\s+(?P<verb>[a-z]+ed|wrote|sent|made)\s+(?P<what>.+)\Z", re.I
)
_PARTICIPLE = {"wrote": "written", "sent": "sent", "made": "made"}
_TWO_WORDS = re.compile(
    rf"\A\W*(?P<a>when|where|why|how|who|wann|wo|warum|wie|wer)\s+{_AND}\s+"
    r"(?P<b>when|where|why|how|wann|wo|warum|wie)\s+(?P<rest>\S.*)\Z",
    re.IGNORECASE,
)
_FACTS = re.compile(
    r"\A(?P<frame>\W*(?:(?:what|which)(?:['\u2019]s|\s+(?:is|are|was|were))|how (?:high|much|"
    r"long|large)"
    r"\s+(?:is|are|was|were)|who\s+(?:is|are|was|were)|(?:give|tell|show) (?:me|us)|wie (?:hoch|"
    r"lang|"
    r"viel)\s+(?:ist|sind)|was\s+(?:ist|sind)|wer\s+(?:ist|sind)|welche[rs]?\s+(?:ist|sind))\s+)"
    r"(?P<facts>.+?)(?P<tail>\s+(?:in|of|for|from|under|on|at|according to|as per|im|in der|des|"
    r"der|"
    r"vom|von|laut|beim?)\s+\S.*)?\Z",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\b(?:difference|relation(?:ship)?|connection|between|compare|comparison|ratio|both|"
    r"unterschied|zwischen|beziehung|together|combined|sum|zusammen)\b",
    re.IGNORECASE,
)
_JOINT = re.compile(
    rf"\s*,\s*(?:{_AND}\s+)?|\s+{_AND}\s+|\s+as well as\s+|\s+sowie\s+", re.IGNORECASE
)
_FIXED = re.compile(
    r"\b(?:terms (?:and|&) conditions|profit (?:and|&) loss|research (?:and|&) development|health "
    r"(?:and|&) safety|wear and tear|supply and demand|bed and breakfast|assets and liabilities|"
    r"mergers and acquisitions|rights and (?:obligations|duties)|date and time|time and date|"
    r"day and (?:time|date)|place and date|name and shame|costs? and (?:charges|expenses)|fees? "
    r"and "
    r"(?:charges|costs|expenses)|tax(?:es)? and duties|salar(?:y|ies) and wages|wages and salaries|"
    r"debit and credit|back and forth|law and order|food and drink|goods and services|"
    r"height and weight class|term and termination|time and (?:again|materials?)|"
    r"duties and responsibilities|size and shape|miete und pacht)\b",
    re.IGNORECASE,
)
_PAID = re.compile(r"\b(?:due|paid|payable|increased|raised|fällig|zahlbar)\b", re.IGNORECASE)
_STARTS_ENDS = re.compile(
    r"\b(?P<a>start(?:ing)?|begin(?:ning)?|commencement)\s+(?:and|&)\s+(?P<b>end(?:ing)?|expiry) "
    r"dates?\b",
    re.IGNORECASE,
)
_DOCUMENTS = re.compile(
    rf"\A(?P<head>.+?\s)(?P<link>in|of|for|from|under|im|in der|des|"
    rf"vom)\s+(?P<a>(?:the\s+)?[^,]+?)\s+"
    rf"{_AND}\s+(?:(?:in|of|for|from|under|im|in der|des|vom)\s+)?(?P<b>(?:the\s+)?[^,?]+)\W*\Z",
    re.IGNORECASE,
)


class Part(Struct, frozen=True):
    """A question of several.

    Attributes:
        question: complete in itself, but where ``of_person``.
        of_person: "he", "her" or "their" in it is whom the part before is answered with.
    """

    question: str
    of_person: bool = False


def divide(question: str) -> tuple[Part, ...]:
    """The questions in a question; none when it is one.

    Args:
        question: any text.
    """
    text = " ".join(question.split())
    if len(text) > MOST_CHARS or not _may_hold_two(text):
        return ()
    masked = _masked(text)
    if masked is None:
        return ()
    parts: list[Part] = []
    for clause in _clauses(masked):
        told = _completed(clause, parts)
        inner = () if told.of_person else _within(told.question)
        parts += [Part(one) for one in inner] if inner else [told]
    if len(parts) < 2:
        return ()
    return tuple(parts)


def _may_hold_two(text: str) -> bool:
    joined = re.search(
        rf"\s(?:{_AND}|or|oder)\s|\?\s+\w|,\s|\bas well as\b|\bsowie\b", text, re.IGNORECASE
    )
    return joined is not None


def _masked(text: str) -> str | None:
    """The question, unless a title in quotes has what would part it."""
    for quoted in re.findall(r'"[^"]*"|\u201c[^\u201d]*\u201d|\u201e[^\u201c]*\u201c', text):
        if _may_hold_two(quoted):
            return None
    return text


# --- clauses


def _clauses(text: str) -> list[str]:
    """The clauses that each ask something."""
    found: list[str] = []
    for sentence in _SENTENCES.split(text):
        found += _coordinated(_TELL.sub("", sentence) if _TELL.match(sentence) else sentence)
    if len(found) > 1 and all(_ASKS.match(one) or asks_files(_unled(one)) for one in found):
        return [_unled(one) for one in found]
    # "Hello? Is the rent due?" is one question, and so is what follows a sentence that is none.
    return [text] if len(_SENTENCES.split(text)) > 1 else found


def _unled(clause: str) -> str:
    return _LEAD.sub("", clause, count=1) if _LEAD.match(clause) else clause


def _coordinated(sentence: str) -> list[str]:
    two = _TWO_WORDS.match(sentence)
    if two is not None:
        return [f"{two[name][0].upper()}{two[name][1:]} {two['rest']}" for name in ("a", "b")]
    bare = _BARE.match(sentence)
    if bare is not None and _ASKS.match(bare["head"]):
        second = _elliptical(bare["head"], bare["word"])
        if second:
            return [bare["head"] + "?", second]
    if not _ASKS.match(sentence):
        return [sentence]
    at = [m for m in _CLAUSE.finditer(sentence) if _splits(sentence, m)]
    if not at:
        return [sentence]
    starts = [0, *(m.end() for m in at)]
    ends = [*(m.start() for m in at), len(sentence)]
    return [_asked(sentence[a:b]) for a, b in zip(starts, ends, strict=True)]


def _splits(sentence: str, joint: re.Match[str]) -> bool:
    """Whether both sides of a joint ask; "we know who and when" and "in which" do not."""
    before, after = sentence[: joint.start()], sentence[joint.end() :]
    if len(TOKEN.findall(before)) < 2 or len(TOKEN.findall(after)) < 3:
        return False
    # A comma alone parts only questions with a question word of their own and a verb behind it.
    if "," in joint[0] and not re.search(_AND, joint[0], re.IGNORECASE):
        verb = re.match(rf"{_WH}\s+(?:\S+\s+)?(?:{_AUX}|signed|wrote|sent)\b", after, re.IGNORECASE)
        relative = fold(after.split()[0]) in ("which", "who", "where", "when")
        # "When people are arrested, what …" begins with a condition.
        whole = re.match(rf"\W*{_WH}\s+(?:{_AUX}|signed|wrote|sent)\b", before, re.IGNORECASE)
        return verb is not None and whole is not None and not relative
    # "… explain how and why", "what he said and what he did": one embedded clause beside another.
    last = fold(TOKEN.findall(before)[-1])
    return last not in ("how", "who", "what", "when", "where", "why", "which", "between", "both")


def _elliptical(head: str, word: str) -> str:
    """ "Who signed it and when" as a second question: "When was it signed?"."""
    did = _WHO_DID.match(head)
    if did is not None:
        verb = did["verb"].lower()
        participle = _PARTICIPLE.get(verb, verb)
        return f"{word[0].upper()}{word[1:].lower()} was {did['what'].rstrip(' ?')} {participle}?"
    asked = re.match(rf"\W*{_WH}\s+(?P<rest>{_AUX}\s+.+)\Z", head, re.IGNORECASE)
    if asked is not None:
        return f"{word[0].upper()}{word[1:].lower()} {asked['rest'].rstrip(' ?')}?"
    return ""


def _asked(clause: str) -> str:
    told = clause.strip(" ,.;")
    return told if told.endswith("?") else f"{told}?"


def _completed(clause: str, before: list[Part]) -> Part:
    """A clause with what it leaves to the one before put in."""
    if not before:
        return Part(clause)
    first = before[-1].question
    if PERSONAL.search(clause) and re.match(r"\W*(?:who|wer)\b", first, re.IGNORECASE):
        return Part(clause, of_person=True)
    subject = subject_of(first)
    asked = next((p.text for p in phrases(first) if is_attribute(p.text)), "")
    if asked and (subject is None or _PAID.search(clause)):
        end = f" {tail_of(first)}" if subject is not None else ""
        return Part(with_subject(clause, f"{asked}{end}"))
    if subject is None:
        return Part(clause)
    told = with_subject(clause, subject.text)
    own = subject_of(told)
    if told == clause and (own is None or not (own.named or own.kind)) and tail_of(first):
        return Part(f"{told.rstrip(' ?.')} {tail_of(first)}?")
    return Part(told)


# --- within a clause


def _within(clause: str) -> tuple[str, ...]:
    """The questions in a clause that asks for several facts, or of several documents."""
    for parts in (_listings(clause), _facts(clause), _documents(clause)):
        if len(parts) > 1:
            return parts
    return ()


def _facts(clause: str) -> tuple[str, ...]:
    """ "What are the rent and the deposit of X?" as two questions."""
    clause = _STARTS_ENDS.sub(r"\g<a> date and \g<b> date", clause)
    found = _FACTS.match(clause.rstrip(" ?.!"))
    if found is None or _BETWEEN.search(clause) or _FIXED.search(clause):
        return ()
    items = [item.strip() for item in _JOINT.split(found["facts"])]
    if len(items) < 2 or not all(_is_fact(item) for item in items):
        # "the rent of X and the deposit of Y": each with its own document.
        return tuple(_each_its_own(clause, found))
    frame = _singular(found["frame"])
    tail = found["tail"] or ""
    if _JOINT.search(tail) and not tail_is_one(tail):
        return tuple(
            f"{frame}{_article(items, i)}{one}"
            for i, item in enumerate(items)
            for one in _spread(item, tail)
        )
    last = len(items) - 1
    return tuple(
        f"{frame}{_article(items, i)}{item}{tail if i == last else _common(tail)}?"
        for i, item in enumerate(items)
    )


def _common(tail: str) -> str:
    """The part of the end that all facts share: not "of the door" of "the rent and the colour"."""
    shared = f" {tail_of(tail)}"
    own = tail.removesuffix(shared)
    if shared.strip() and own != tail and own.strip():
        told = phrases(own)
        if told and not any(p.kind or p.named or is_role(p.text) for p in told):
            return shared
    return tail


def _spread(item: str, tail: str) -> Iterator[str]:
    both = _DOCUMENTS.match(f"x{tail}")
    if both is None or not _are_documents(both["a"], both["b"]):
        yield f"{item}{tail}?"
        return
    for name in ("a", "b"):
        yield f"{item} {both['link']} {both[name].strip()}?"


def tail_is_one(tail: str) -> bool:
    """Whether an "and" in the end of a question is within a name: "with Smith and Sons"."""
    both = _DOCUMENTS.match(f"x{tail}")
    return both is None or not _are_documents(both["a"], both["b"])


def _each_its_own(clause: str, found: re.Match[str]) -> Iterator[str]:
    whole = clause.rstrip(" ?.!")[found.end("frame") :]
    items = [item.strip() for item in re.split(rf"\s+{_AND}\s+", whole, flags=re.IGNORECASE)]
    told = [
        re.match(r"(?P<fact>.+?)\s+(?:in|of|for|from|under|at)\s+(?P<tail>.+)", i) for i in items
    ]
    if len(items) == 2 and all(one is not None and _is_fact(one["fact"]) for one in told):
        for item in items:
            yield f"{_singular(found['frame'])}{item}?"


def _is_fact(item: str) -> bool:
    words = TOKEN.findall(item)
    lower = all(word[0].islower() or word.isupper() for word in words)
    german = any(fold(word) in ("der", "die", "das") for word in words[:1])
    return 1 <= len(words) <= 5 and (lower or german) and is_attribute(item)


def _singular(frame: str) -> str:
    """ "What are the …" of one of them."""
    for many, one in ((r"\bare\b", "is"), (r"\bwere\b", "was"), (r"\bsind\b", "ist")):
        frame = re.sub(many, one, frame, flags=re.IGNORECASE)
    return frame


def _article(items: list[str], i: int) -> str:
    """The article that only the first of several has: "the rent and deposit"."""
    first = items[0].split()[0]
    if i and fold(first) == "the" and fold(items[i].split()[0]) not in ("the", "a", "an", "its"):
        return f"{first} "
    return ""


def _documents(clause: str) -> tuple[str, ...]:
    """ "the rent in the A lease and the B lease" as two questions."""
    text = clause.rstrip(" ?.!")
    found = _DOCUMENTS.match(text)
    if found is None or _BETWEEN.search(clause) or not _ASKS.match(clause):
        return ()
    if not _are_documents(found["a"], found["b"]):
        return ()
    return tuple(f"{found['head']}{found['link']} {found[one].strip()}?" for one in ("a", "b"))


def _are_documents(a: str, b: str) -> bool:
    """Whether both are documents: "the A lease" and "the B lease", not "Smith" and "Sons"."""

    def is_one(text: str) -> bool:
        words = TOKEN.findall(text)
        named = any(word[0].isupper() or word[0].isdigit() for word in words)
        return 2 <= len(words) <= 7 and named and names_kind(words[-1]) and words[-1].islower()

    return is_one(a) and is_one(b)


def _listings(clause: str) -> tuple[str, ...]:
    """ "the contracts from 2023 and the invoices from 2022" as two listings."""
    return sets(clause, apart=True) if asks_files(clause) else ()
