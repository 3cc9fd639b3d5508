"""Whether words that name files say something of a matter, instead of asking for files.

"Articles in open access are cited more often" names articles and asks for none; its finite verb
tells. A listing has no verb of its own: "articles on rents that are rising".
"""

from __future__ import annotations

import re

from lsfs.index.find.folding import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CLAUSE = re.compile(r"[^.:;,?!()\"\u201c\u201d\n]*")
_TOKEN = re.compile(r"[^\W_]+(?:[-'\u2019][^\W_]+)*")
_ONE = _words("is was has isn't wasn't hasn't ist war hat wurde wird est")
_MANY = _words("are were have aren't weren't haven't sind waren haben wurden werden sont ont")
# These are verbs before another verb only: "tin can recycling", "will of 2019", "to do list".
_HELPING = _words("can will may must should would could might shall do does did had")
_HELPED = _words("be have not also never only been no")
_REPORTING = _words(
    """show shows suggest suggests indicate indicates believe believes claim claims demonstrate
    demonstrates reveal reveals argue argues state states prove proves confirm confirms conclude
    concludes imply implies assume assumes find finds"""
)
# Behind these a verb is one of another clause: "notes on how rents are set".
_CLAUSES = _words(
    """that which who whom whose where when while what how why whether if because since as than
    although though until before after unless die der das den dem qui que dont quand où wie was
    wenn weil ob wo"""
)
# Before these a verb is none of the sentence: "letters I have", "things to do".
_NO_NOUNS = _words(
    """i you we they he she it there to of in on at for with from by about and or not the a an my
    our your their his her its this these those no any all some ich wir sie er es nous vous ils"""
)


def states(text: str, many: bool) -> bool:
    """Whether a text that names files says something of them.

    Args:
        text: without polite words.
        many: whether it names several, which the verb agrees with.
    """
    first = _CLAUSE.match(text)
    clause = first[0] if first else ""
    if "?" in text and text[len(clause) :].startswith(": "):
        return True  # a title that asks: "School food policy: room for improvement?"
    words = [match[0] for match in _TOKEN.finditer(clause)]
    folded = [fold(word) for word in words]
    for i in range(1, len(words)):
        word, before, following = folded[i], folded[i - 1], "".join(folded[i + 1 : i + 2])
        if before in _CLAUSES:
            return False
        if before in _NO_NOUNS or not words[i][0].islower() or not following:
            continue
        if word in (_MANY if many else _ONE):
            return True
        if word in _HELPING and following in _HELPED:
            return True
        if word in _REPORTING and following == "that":
            return True
    return False


# The second word of "what forms seasons" agrees with no several "forms": that is the verb.
_ACTS = re.compile(
    r"\A\W*what\s+[a-z]+s\s+(?!(?:expire|exist|need|mention|contain|say|end|ha|wa|i)s\b)"
    r"[a-z]+[a-rt-z]s(?:\s+(?:in|on|at|during|of)\s.*|\W*)\Z",
    re.IGNORECASE | re.DOTALL,
)
# Of these the noun is none: "on receipt of the goods".
_SET_PHRASE = re.compile(
    r"(?:\A\W*|\b(?:is|are|was|were|be|been|not)\s+)in\s+(?:\w+\s+)?agreement\s+with\b|"
    r"\b(?:in|on|upon)\s+receipt\s+of\b|\bby\s+(?:mutual|common)\s+(?:agreement|contract)\b",
    re.IGNORECASE,
)
_VIEW = re.compile(  # what is understood, and no file
    r"\b(?:the|a)\s+(?:\w+\s+)?(?:real|whole|full|fuller|complete|overall|true|clearer|big|bigger|"
    r"wider|broader|mixed|bleak|grim)\s+picture\b(?!\s+of\b)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?:(?<=\w{4})\.|[?!])\s+(?=\S)")  # none behind "St."


def acts(text: str) -> bool:
    """Whether the plural behind "what" is a verb: "what contracts muscles"."""
    return _ACTS.match(text) is not None


def unset(text: str) -> str:
    """A text whose set phrases are blanked out; places stay."""
    return _SET_PHRASE.sub(lambda match: " " * len(match[0]), text)


def viewless(text: str) -> str:
    """A text whose figures of speech with a picture are blanked out; places stay."""
    return _VIEW.sub(lambda match: " " * len(match[0]), text)


def first_sentence(text: str) -> int:
    """Where the first sentence ends; what follows it tells of a matter."""
    end = _SENTENCE_END.search(text)
    return end.start() if end and len(_TOKEN.findall(text[: end.start()])) > 2 else len(text)
