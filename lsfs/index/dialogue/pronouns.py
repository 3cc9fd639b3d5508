"""Words that stand for what was named before, and putting the name in their place."""

from __future__ import annotations

import re

PERSONAL = re.compile(
    r"\b(?:he|she|him|his|her|hers|they|them|their|theirs|ihm|ihn|ihre?n?|seine?n?)\b",
    re.IGNORECASE,
)
_NO_ONE = r"(?!\s+(?:true|possible|clear|likely|correct|said|necessary|raining|late))"
_THING = re.compile(
    rf"\b(?P<word>it|this one|that one|this|that)\b{_NO_ONE}(?!\s+[A-Za-z]+\s+(?:is|are|was|were|"
    rf"say|"
    r"says)\b)(?!\s+(?:lease|contract|agreement|invoice|document|file|letter|policy|report|year|"
    r"month|"
    r"week|day)s?\b)",
    re.IGNORECASE,
)
_THIS_KIND = re.compile(
    r"\b(?:this|that|the same|diese[rsmn]?)\s+(?P<kind>lease|contract|agreement|invoice|document|"
    r"file|"
    r"letter|policy|report|vertrag|rechnung|brief)\b",
    re.IGNORECASE,
)
_GERMAN_THING = re.compile(r"(?<=\s)(?P<word>er|sie|es)\b(?=\W*\Z|\s)", re.IGNORECASE)
_ITS = re.compile(r"\b(?:its|dessen|deren)\s+(?P<what>[\w-]+(?:\s+[\w-]+)?)", re.IGNORECASE)
_THERE = re.compile(r"\b(?:in there|there|dort|darin)\b(?=\W*\Z)", re.IGNORECASE)
_GERMAN_VERB = re.compile(
    r"\A\W*(?:und\s+)?(?:wann|wie(?:\s+\w+)?|wo|was|wer)\s+\w+(?:t|te|en)\s+(?:er|sie|es)\b", re.I
)


def with_subject(question: str, subject: str) -> str:
    """A question with what "it" and "its" stand for put in.

    Args:
        question: that has them, or not.
        subject: a noun phrase with its article.
    """
    bare = re.sub(r"\A(?:im|vom|zum|zur)\s+", "der ", subject, flags=re.IGNORECASE)
    told = _ITS.sub(lambda m: f"the {m['what']} of {bare}", question, count=1)
    told = _THIS_KIND.sub(lambda m: bare, told, count=1)
    told = _THERE.sub(f"in {bare}", told, count=1)
    if told != question:
        return told
    if _GERMAN_VERB.search(question):
        return _GERMAN_THING.sub(bare, question, count=1)
    return _THING.sub(lambda m: bare, question, count=1)


def has_thing(question: str) -> bool:
    """Whether a question speaks of a thing that it does not name."""
    return with_subject(question, "\0") != question


def with_person(question: str, name: str) -> str:
    """A question with whom "he", "her" or "their" stands for put in."""
    possessive = re.compile(
        r"\b(?:his|her|their|ihre?n?|seine?n?)\s+(?P<what>(?:[\w-]+\s+)?[\w-]+)(?=\W*\Z)",
        re.IGNORECASE,
    )
    told = possessive.sub(lambda m: f"the {m['what']} of {name}", question, count=1)
    if told != question:
        return told
    return PERSONAL.sub(lambda m: name, question, count=1)
