"""Questions that compare one fact of two documents: "Which is higher, the rent of A or of B?"."""

from __future__ import annotations

import re

from msgspec import Struct

from lsfs.index.asked.questionframe import TOKEN
from lsfs.index.dialogue.nouns import is_attribute, names_kind

_MORE = (
    r"higher|more(?: expensive)?|larger|bigger|greater|longer|later|older|dearer|höher|größer|"
    r"länger|"
    r"später|teurer"
)
_LESS = (
    r"lower|less(?: expensive)?|smaller|cheaper|shorter|earlier|sooner|newer|niedriger|kleiner|"
    r"kürzer|"
    r"früher|billiger"
)
_HOW = rf"(?P<how>{_MORE}|{_LESS}|first|last)"
_LINK = r"(?P<link>in|of|for|at|under|from|im|in der|des|der|von|vom)"
_LINKS = r"(?:in|of|for|at|under|from|im|in der|des|der|von|vom)"
_SAME = rf"(?:(?:that|the one|the {{0}}|the \w+(?: \w+)?)\s+)?(?:{_LINKS}\s+)?"
_REST = rf"(?:(?:that|the one|those|die|der|das)\s+{_LINKS}\s+|{_LINKS}\s+)?"
_OR = r"\s*,?\s+(?:or|oder)\s+"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # Which is higher, the rent of A or (that) of B?
        rf"(?:which|what|welche[rs]?|was)\s+(?:one\s+)?(?:is|was|are|ist|"
        rf"war)\s+(?:the\s+)?{_HOW}\s*[,:]?\s+"
        rf"(?P<fact>(?:the|die|der|das)\s+.+?)\s+{_LINK}\s+(?P<a>.+?){_OR}"
        rf"(?:(?:the|die|der|das)\s+(?P<again>\w+(?:\s\w+)?)\s+(?={_LINKS}\s))?{_REST}(?P<b>.+)",
        # Is the rent of A higher than (that of) B?
        rf"(?P<whether>is|was|are|ist|war)\s+(?P<fact>(?:the|die|der|"
        rf"das)\s+.+?)\s+{_LINK}\s+(?P<a>.+?)\s+"
        rf"{_HOW}\s+(?:than|als)\s+(?:the\s+(?P<again>\w+(?:\s\w+)?)\s+(?={_LINKS}\s))?{_REST}(?P<b>.+)",
        # Which lease has the higher rent, A or B?
        rf"(?:which|welche[rs]?)\s+(?P<noun>\w+)\s+(?:has|had|hat)\s+(?:the|a|die|den|"
        rf"das)\s+{_HOW}[rn]?\s+"
        rf"(?P<fact>\w+(?:\s\w+){{0,2}})\s*[,:]\s+(?P<a>.+?){_OR}(?P<b>.+)",
        # Which contract ends first, A or B?
        rf"(?:which|welche[rs]?)\s+(?P<noun>\w+)\s+(?P<verb>ends?|expires?|starts?|begins?|ended|"
        rf"expired|"
        rf"started|began|endet|beginnt)\s+{_HOW}\s*[,:]\s+(?P<a>.+?){_OR}(?P<b>.+)",
        # Does A end before B?
        r"(?P<whether>does|did)\s+(?P<a>(?:the\s+)?.+?)\s+(?P<verb>end|expire|start|begin)\s+"
        r"(?P<how>before|after|earlier|later)\s+(?:than\s+)?(?P<b>(?:the\s+)?.+?)(?:\s+(?:does|"
        r"did))?",
        # What is the difference between the rent of A and (the rent of) B?
        rf"(?:what\s+is\s+)?(?:the\s+)?(?P<difference>difference|unterschied)\s+(?:between|"
        rf"zwischen)\s+"
        rf"(?P<fact>(?:the|der|die|den)\s+.+?)\s+{_LINK}\s+(?P<a>.+?)\s+(?:and|und)\s+"
        rf"(?:(?:the|der|die)\s+(?P<again>\w+(?:\s\w+)?)\s+(?={_LINKS}\s))?{_REST}(?P<b>.+)",
        # How much higher is the rent of A than (that of) B?
        rf"(?P<difference>how much)\s+{_HOW}\s+(?:is|"
        rf"was)\s+(?P<fact>the\s+.+?)\s+{_LINK}\s+(?P<a>.+?)\s+than\s+"
        rf"(?:the\s+(?P<again>\w+(?:\s\w+)?)\s+(?={_LINKS}\s))?{_REST}(?P<b>.+)",
        # Compare the rent of A and B
        rf"(?P<compare>compare|vergleiche)\s+(?P<fact>(?:the|die|den|"
        rf"das)\s+.+?)\s+{_LINK}\s+(?P<a>.+?)\s+"
        rf"(?:and|with|to|und|mit)\s+(?:(?:the|"
        rf"die)\s+(?P<again>\w+(?:\s\w+)?)\s+(?={_LINKS}\s))?{_REST}(?P<b>.+)",
    )
)
_MORE_OF = re.compile(rf"(?:{_MORE}|last|after)\Z", re.IGNORECASE)
_VERB_FIELDS = {"end": "end", "expire": "end", "start": "start", "begin": "start", "began": "start",
                "started": "start", "ended": "end", "expired": "end"}  # fmt: skip


class Comparison(Struct, frozen=True):
    """Two facts to be compared.

    Attributes:
        fact: what is compared: "the rent".
        left, right: the questions for the two.
        names: what each is of, as written.
        sign: 1 where the greater, or later, is asked for; -1 for the smaller.
        form: ``which``, ``whether`` or ``difference``.
    """

    fact: str
    left: str
    right: str
    names: tuple[str, str]
    sign: int
    form: str


def compared(question: str) -> Comparison | None:
    """The comparison that a question asks for; None when it asks for none."""
    text = " ".join(question.split()).rstrip(" ?.!")
    if len(text) > 300:
        return None
    for form in _FORMS:
        found = form.fullmatch(text)
        made = _made(found) if found is not None else None
        if made is not None:
            return made
    return None


def _made(found: re.Match[str]) -> Comparison | None:
    told = found.groupdict()
    a, b = _named(told["a"], told["b"], told.get("noun") or "")
    if not (_is_one(a) and _is_one(b)):
        return None
    verb = told.get("verb")
    fact = told.get("fact") or ""
    if verb is None:
        if not is_attribute(fact) or not _same_fact(told.get("again"), fact):
            return None
        bare = (
            fact
            if TOKEN.findall(fact)[0].lower() in ("the", "die", "der", "das")
            else f"the {fact}"
        )
        bare = _singular(bare)
        asked = "Wie hoch ist" if bare.split()[0].lower() in ("die", "der", "das") else "What is"
        left, right = (f"{asked} {bare} {told.get('link') or 'in'} {one}?" for one in (a, b))
    else:
        stem = verb.lower().removesuffix("s") if verb.lower() not in ("endet", "beginnt") else verb
        base = {"ended": "end", "expired": "expire", "started": "start", "began": "begin"}
        left, right = (f"When does {one} {base.get(stem, stem)}?" for one in (a, b))
        fact = f"the {_VERB_FIELDS.get(base.get(stem, stem), 'end')} date"
    sign = 1 if _MORE_OF.match(told.get("how") or "more") else -1
    form = "whether" if told.get("whether") else "which"
    form = "difference" if told.get("difference") or told.get("compare") else form
    return Comparison(fact, left, right, (a, b), sign, form)


def _named(a: str, b: str, noun: str) -> tuple[str, str]:
    """Both documents in full: "the A lease" of "A or the B lease", and of "which lease, A or B"."""
    a, b = a.strip(" ,"), re.sub(r"['\u2019]s\Z", "", b.strip(" ,"))
    for first, second, turned in ((a, b, False), (b, a, True)):
        words, others = TOKEN.findall(first), TOKEN.findall(second)
        if words and others and names_kind(words[-1]) and not any(map(names_kind, others)):
            bare = second if second.lower().startswith("the ") else f"the {second}"
            full = f"{bare} {words[-1]}"
            return (full, first) if turned else (first, full)
    plain = not any(names_kind(word) for word in (*TOKEN.findall(a), *TOKEN.findall(b)))
    if noun and names_kind(noun) and plain:
        a, b = (
            f"{one if one.lower().startswith('the ') else f'the {one}'} {noun}" for one in (a, b)
        )
    return a, b


def _is_one(text: str) -> bool:
    words = TOKEN.findall(text)
    return 1 <= len(words) <= 8 and any(w[0].isupper() or w[0].isdigit() for w in words)


def _same_fact(again: str | None, fact: str) -> bool:
    if not again:
        return True
    told, first = TOKEN.findall(again.lower()), TOKEN.findall(fact.lower())
    return bool(told) and told[-1] in first


def _singular(fact: str) -> str:
    return re.sub(r"\b(rent|deposit|price|fee|salar|total|premium)(?:s|ies)\b",
                  lambda m: m[1] + ("y" if m[1] == "salar" else ""), fact)  # fmt: skip
