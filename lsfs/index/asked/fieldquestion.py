"""Questions for a list of what files state: "who are our suppliers?", "list the tenants"."""

from __future__ import annotations

import re

from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.fields.definitions import Definitions
from lsfs.index.fields.meant import called, source

_OURS = (
    r"(?:(?:all|any|each|every|of|the|our|my|different|various|alle|die|der|unsere[rn]?|meine|tous|"
    r"toutes|les|nos|mes|todos|todas|los|las|nuestr[oa]s|mis|tutti|tutte|i|gli|le|nostri|nostre)\s+)*"
)
_WHAT = r"(?P<what>[^\W\d_][\w'\u2019-]*(?:\s+[^\W\d_][\w'\u2019-]*){0,3}?)"
# Where the noun ends and its conditions begin.
_REST = (
    r"(?P<rest>(?:\s+(?:in|of|from|for|during|since|before|after|between|under|below|on|at|with|"
    r"who|that|which|whose|im|in|aus|von|vom|seit|vor|nach|bei|zwischen|de|des|du|en|depuis|avant|"
    r"après|del|desde|antes|di|nel|dal|prima)\b.*)?)"
)
_HAVE = (
    r"(?:(?:do|did|have)\s+(?:we|i)(?:\s+(?:have|had|use|used|know))?|are\s+there|"
    r"haben\s+wir|gibt\s+es|avons-nous|y\s+a-t-il|tenemos|hay|abbiamo|ci\s+sono)"
)
_FORMS = tuple(
    re.compile(rf"\W*(?:{form})\W*", re.IGNORECASE)
    for form in (
        rf"(?:please\s+)?(?:can\s+you\s+|could\s+you\s+)?(?:list|name|enumerate|show(?:\s+me)?|"
        rf"give(?:\s+me)?(?:\s+a)?(?:\s+list\s+of)?|tell\s+me|liste|nenne|zeige?|listez?|"
        rf"montre[rz]?|enumera|lista|elenca)\s+{_OURS}{_WHAT}{_REST}",
        rf"(?:who|what|which)\s+(?:are|were)\s+{_OURS}{_WHAT}{_REST}",
        rf"(?:wer|was|welches?)\s+(?:sind|waren)\s+{_OURS}{_WHAT}{_REST}",
        rf"(?:qui|quels|quelles)\s+sont\s+{_OURS}{_WHAT}{_REST}",
        rf"(?:quiénes|cuáles|chi|quali)\s+(?:son|sono)\s+{_OURS}{_WHAT}{_REST}",
        rf"(?:which|what|welche|quels|quelles|qué|quali)\s+{_WHAT}\s+{_HAVE}{_REST}",
    )
)
_EACH = re.compile(
    r"\W*(?:what\s+(?:is|are)|how\s+(?:much|high)\s+is|list|show(?:\s+me)?)\s+(?:the\s+)?"
    r"(?P<what>[^\W\d_][\w'-]*(?:\s+[^\W\d_][\w'-]*){0,2}?)\s+(?:of|in|for|on)\s+"
    r"(?:each|every|all(?:\s+of)?(?:\s+(?:the|our|my))?)\s+(?P<rest>.+?)\W*",
    re.IGNORECASE,
)
_HOW_MUCH_EACH = re.compile(
    r"\W*how\s+much\s+(?:is|was|does|do)\s+(?:each|every)\s+(?P<rest>.+?)(?:\s+cost)?\W*",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\W*when\s+(?:do|did|will|are)\s+(?:(?:all|each|of|our|my|the)\s+)*(?P<rest>.+?)\s+"
    r"(?P<verb>end|expire|run\s+out|start|begin|due)\W*",
    re.IGNORECASE,
)
_BILLED = re.compile(
    r"\W*(?:who|which\s+(?:firm|companie|supplier|vendor|compan)\w*|what\s+companies)\s+"
    r"(?:have\s+|has\s+)?(?:billed|invoiced|charged)\s+(?:us|me)(?P<rest>.*?)\W*",
    re.IGNORECASE,
)
# Words that name a field in a form, and files or anything else in a question.
_VAGUE = frozenset(
    [
        "invoice",
        "order",
        "contract",
        "date",
        "subject",
        "number",
        "text",
        "term",
        "notice",
        "reference",
        "name",
        "person",
        "company",
    ]
)
_DATED = re.compile(r"\d{4}|\b(?:year|month|quarter|jahr|monat|année|mois|año|mes|anno|mese)\b")
_VERBS = {"end": "end", "expire": "end", "start": "start", "begin": "start", "due": "due"}


class FieldQuestion(Struct, frozen=True):
    """What is listed, and of which files.

    Attributes:
        what: as it was asked for: "suppliers".
        key: what it is called in the singular, for ``source``.
        files: a question for files; "" for all.
    """

    what: str
    key: str
    files: str = ""


def field_question(question: str, known: Definitions) -> FieldQuestion | None:
    """How a question for a list of values is read; None when it is none.

    Args:
        question: in words.
        known: the fields that there are.
    """
    asked = " ".join(question.split())
    return _of_each(asked, known) or _of_all(asked, known)


def _of_all(asked: str, known: Definitions) -> FieldQuestion | None:
    billed = _BILLED.fullmatch(asked)
    if billed is not None:
        return FieldQuestion("suppliers", "supplier", f"invoices {billed['rest'].strip()}".strip())
    for form in _FORMS:
        match = form.fullmatch(asked)
        key = _key(match["what"], known, several=True) if match else ""
        if match and key:
            rest = match["rest"].strip(" ?.!")
            # "the carriage fees for the channels" are a fact, "the rents of our leases" a list.
            if _is_amount(key, known) and rest and not (_names_kind(rest) or _DATED.search(rest)):
                return None
            return FieldQuestion(match["what"], key, f"documents {rest}" if rest else "")
    return None


def _of_each(asked: str, known: Definitions) -> FieldQuestion | None:
    """A field of each of some files: "when do our contracts end?", "the rent of each lease"."""
    when = _WHEN.fullmatch(asked)
    if when is not None and _names_kind(when["rest"]):
        verb = when["verb"].split()[0].lower()
        key = _VERBS.get(verb, "end")
        return FieldQuestion(f"{key} dates", key, when["rest"])
    much = _HOW_MUCH_EACH.fullmatch(asked)
    if much is not None and _names_kind(much["rest"]):
        return FieldQuestion("amounts", "amount", much["rest"])
    each = _EACH.fullmatch(asked)
    if each is not None and _names_kind(each["rest"]):
        key = _key(each["what"], known, several=False)
        return FieldQuestion(each["what"], key, each["rest"]) if key else None
    return None


def _names_kind(words: str) -> bool:
    return any(kinds_in([word]) for word in re.findall(r"[^\W_]+", words))


def _key(what: str, known: Definitions, *, several: bool) -> str:
    """The singular of a word for a field or a role, or for a label that documents use; else ""."""
    words = what.split()
    singles = _singulars(words[-1]) if several else (words[-1], *_singulars(words[-1]))
    # "monthly rents" are rents: a word before a field's name narrows it, or says what it says.
    for start in range(len(words)):
        for last in singles:
            key = " ".join([*words[start:-1], last])
            if start and not _is_amount(key, known):
                continue
            if _is_field(key, known):
                return key
    return ""


def _is_amount(key: str, known: Definitions) -> bool:
    return _is_field(key, known) and source(key, known).type == "amount"


def _is_field(key: str, known: Definitions) -> bool:
    if key.casefold() in _VAGUE:
        return False
    try:
        one = source(key, known)
    except UsageError:
        return False
    return not one.label or len(called(one.label)) > 1


def _singulars(word: str) -> tuple[str, ...]:
    """Words that a plural may be of, in the languages of the fields."""
    low = word.casefold()
    found = []
    for ending, single in (("ies", "y"), ("s", ""), ("es", ""), ("en", ""), ("n", ""), ("e", "")):
        if low.endswith(ending) and len(low) - len(ending) >= 3:
            found.append(word[: len(word) - len(ending)] + single)
    if low.endswith("i") and len(low) > 4:
        found += [word[:-1] + "e", word[:-1] + "o"]
    # German roles are the same in the plural: Mieter, Lieferanten aside.
    if low.endswith(("er", "or")) and word[0].isupper():
        found.append(word)
    return tuple(found)
