"""Questions that need another answered first: "the phone number of the landlord of the A lease"."""

from __future__ import annotations

import re

from msgspec import Struct

from lsfs.index.asked.questionframe import TOKEN
from lsfs.index.dialogue.nouns import is_attribute, is_role

MOST_STEPS = 3

_ASKS = (
    r"(?:(?:what|which|who)(?:['\u2019]s|\s+(?:is|are|was|were))|(?:give|tell|show) me|"
    r"(?:do (?:you|we) have|i need)|was\s+ist|wie\s+(?:ist|lautet)|wer\s+ist)\s+"
)
_THE = r"(?:the|our|my|die|der|das|den|dem|des)\s+"
_OF = r"(?:of|for|from|von|vom|des|der)\s+"
_ROLE = r"(?P<role>(?:[\w-]+\s+)?[\w-]+)"
_WHOSE = r"(?P<link>of|in|at|under|on|for|im|in der|des|der|vom|von)\s+(?P<rest>\S.*)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # What is the phone number of the landlord of the A lease?
        rf"\W*(?P<ask>{_ASKS})(?P<fact>{_THE}?[\w-]+(?:\s+[\w-]+){{0,3}}?)\s+{_OF}{_THE}{_ROLE}\s+{_WHOSE}",
        # What is the landlord's phone number in the A lease?
        rf"\W*(?P<ask>{_ASKS})(?:{_THE})?{_ROLE}['\u2019]s?\s+(?P<fact>[\w-]+(?:\s+[\w-]+){{0,2}}?)\s+{_WHOSE}",
        # Wie ist die Telefonnummer des Vermieters der Wohnung?
        rf"\W*(?P<ask>{_ASKS})(?P<fact>(?:die|der|das)\s+[\w-]+)\s+(?:des|der|vom|von der)\s+"
        r"(?P<role>[\w-]+)\s+(?P<link>der|des|im|in der|vom|von)\s+(?P<rest>\S.*)",
        # What is the phone number of the person who signed the A contract?
        rf"\W*(?P<ask>{_ASKS})(?P<fact>{_THE}?[\w-]+(?:\s+[\w-]+){{0,3}}?)\s+{_OF}"
        r"(?:the\s+(?:person|man|woman|one|company|firm)\s+(?:who|that|which)|whoever)\s+"
        r"(?P<did>\w+ed|wrote|sent|made)\s+(?P<rest>\S.*)",
    )
)
_CALL = re.compile(
    rf"\W*how (?:can|do|could|should) (?:i|we) (?P<how>call|phone|reach|contact|e-?mail|write "
    rf"to)\s+{_THE}"
    rf"{_ROLE}\s+{_WHOSE}",
    re.IGNORECASE,
)
_MEANS = {"call": "phone number", "phone": "phone number", "email": "email address",
          "e-mail": "email address", "write to": "address"}  # fmt: skip
_GERMAN = re.compile(r"(?:die|der|das)\s", re.IGNORECASE)
# What a value of a fact looks like, and what is said beside it; a quote without says something else
# of the same people.
_VALUES = (
    (r"phone|tel(?:ephone|efon\w*)?|mobile|fax|handy", r"\+?\(?\d[\d ()/\u2013-]{4,}\d",
     r"phone|tel|mobile|fax|call|handy"),
    (r"e-?mail|mail", r"[^\s@]+@[^\s@]+\.\w", r"@"),
    (r"iban|account", r"\b[A-Z]{2}\d{2}[ \d A-Z]{8,}|\d{6,}", r"iban|account|konto"),
    (r"website|url|homepage", r"\bwww\.|https?://|\b[\w-]+\.(?:com|org|net|de|at|io)\b", r"\w"),
    (r"address|adresse", r"\d+\s+[A-Z]\w+|[A-Z]\w+(?:\s[A-Z]\w+)*\s+\d+|\b\d{4,5}\b",
     r"address|adresse|resid|lives|located|wohn|seat"),
    (r"birthday|birth|born|age|geburtsdatum|alter", r"\d", r"born|birth|age|old|geb"),
)  # fmt: skip


class Bridge(Struct, frozen=True):
    """A question, and the one that is asked first.

    Attributes:
        first: the question for a name.
        role: what the name is of in the files: "landlord"; "" where a verb tells.
        fact: what is asked of it: "the phone number".
    """

    first: str
    role: str
    fact: str

    def second(self, name: str) -> str:
        """The question for the fact, with the name put in."""
        if _GERMAN.match(self.fact):
            return f"Wie ist {self.fact} von {name}?"
        return f"What is {self.fact} of {name}?"


def bridged(question: str) -> Bridge | None:
    """The steps of a question; None when it needs none."""
    text = " ".join(question.split()).rstrip(" ?.!")
    if len(text) > 300:
        return None
    call = _CALL.fullmatch(text)
    if call is not None and is_role(call["role"]):
        means = _MEANS.get(call["how"].lower(), "phone number")
        first = f"Who is the {call['role']} {call['link']} {call['rest']}?"
        return Bridge(first, call["role"], f"the {means}")
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is None or not (is_attribute(found["fact"]) or is_contact(found["fact"])):
            continue
        articled = re.match(r"(?:the|die|der|das)\s", found["fact"], re.IGNORECASE)
        fact = found["fact"] if articled else f"the {found['fact']}"
        if "did" in form.groupindex:
            return Bridge(f"Who {found['did']} {found['rest']}?", "", fact)
        # Of a role asked of a thing: "the rent of the tenant in 2020" asks no name.
        if is_role(found["role"]) and (is_contact(fact) or is_role(fact)):
            ask, article = ("Wer ist", "der") if _GERMAN.match(fact) else ("Who is", "the")
            role = found["role"].removesuffix("s") if ask == "Wer ist" else found["role"]
            first = f"{ask} {article} {role} {found['link']} {found['rest']}?"
            return Bridge(first, role, fact)
    return None


def is_contact(fact: str) -> bool:
    """Whether a fact is one of people, which a contract seldom states of its parties."""
    return _value(fact) is not None


def states(quote: str, fact: str, *, said: bool) -> bool:
    """Whether a quote can state a fact: it holds a value of its form.

    Args:
        said: it must also say what the value is, "Tel. 555 01"; else the value will do.
    """
    found = _value(fact)
    if found is None:
        words = [word for word in TOKEN.findall(fact.casefold()) if len(word) > 3]
        return any(word.removesuffix("s") in quote.casefold() for word in words)
    value, beside = found
    return re.search(value, quote) is not None and (
        not said or re.search(beside, quote, re.IGNORECASE) is not None
    )


def _value(fact: str) -> tuple[str, str] | None:
    """The form of a fact's values, and what is said beside one; None when none is known."""
    for words, value, beside in _VALUES:
        if re.search(rf"\b(?:{words})\b", fact, re.IGNORECASE):
            return value, beside
    return None
