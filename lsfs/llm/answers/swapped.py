"""Whether a sentence puts values of its evidence in each other's place.

"A rent of 500 and a deposit of 1,000" bears every word and number of "a rent of 1,000". So each
value has to stand by the same words as in the evidence, units behind the same number, and names and
numbers in the same order. Where this is too strict, a quote is shown instead of a sentence.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from lsfs import values
from lsfs.llm.answers.stopwords import ENGLISH
from lsfs.llm.answers.wordforms import WORD, stem

_UNIT = re.compile(
    r"\s*-?(?P<unit>seconds?|minutes?|hours?|(?:calendar |working |business )?days?|weeks?|months?"
    r"|quarters?|years?|mm|cm|m|km|miles?|metres?|meters?|feet|inch(?:es)?|g|kg|tons?|tonnes?"
    r"|lit(?:er|re)s?|square \w+|sqm|kwh|mb|gb|tage?n?|wochen?|monate?n?|jahre?n?|stunden?|jours?"
    r"|semaines?|mois|ans?|días?|semanas?|meses|años?|giorni|settimane|mesi|anni)\b",
    re.IGNORECASE,
)


_NOT = re.compile(r"\b(?:not|no|never|without|except|cannot)\b|n['\u2019]t\b", re.IGNORECASE)


class _Value(Struct, frozen=True):
    """A number or a name, its meaning, and at which word of the text it begins and ends."""

    text: str
    meaning: str
    first: int
    last: int


def swapped(sentence: str, evidence: str) -> tuple[str, ...]:
    """The values of a sentence that stand in another one's place than in the evidence.

    Args:
        sentence: what somebody says; its values all stand in the evidence.
        evidence: one text that is taken to be true.
    """
    wrong = [*_units(sentence, evidence), *_negated(sentence, evidence)]
    for values_of in (_numbers, _names):
        said, known = values_of(sentence), values_of(evidence)
        wrong += _out_of_order(said, known)
        if len({value.meaning for value in known}) > 1:
            wrong += _elsewhere(sentence, said, evidence, known)
    return tuple(dict.fromkeys(wrong))


def _units(sentence: str, evidence: str) -> Iterator[str]:
    """Numbers behind which another unit stands than in the evidence."""
    known = list(_measured(evidence))
    for number, unit in _measured(sentence):
        theirs = {other for value, other in known if value == number}
        if unit and theirs and unit not in theirs:
            yield f"{number} {unit}"


def _negated(sentence: str, evidence: str) -> Iterator[str]:
    """Words that one of the two denies more often: "cats, not dogs" of "dogs, not cats"."""
    said, known = _denied(sentence), _denied(evidence)
    held = {stem(word) for word in WORD.findall(sentence.casefold())}
    yield from (f"not {word}" for word in sorted(said - known))
    yield from (f"not {word}" for word in sorted((known - said).keys() & held))


def _denied(text: str) -> Counter[str]:
    """What stands behind each word of negation, by stem; "not no reason" denies it twice."""
    found: Counter[str] = Counter()
    for match in _NOT.finditer(text):
        behind = (word[0] for word in WORD.finditer(text.casefold(), match.end()))
        found[next((stem(word) for word in behind if word not in ENGLISH), "")] += 1
    del found[""]
    return found


def _measured(text: str) -> Iterator[tuple[str, str]]:
    for number in values.numbers(text):
        match = _UNIT.match(text, number.end)
        yield f"{number.value.normalize():f}", stem(match["unit"].casefold()) if match else ""


def _numbers(text: str) -> list[_Value]:
    """Numbers and dates."""
    days = values.dates(text)
    spans = [(day.start, day.end) for day in days]
    found = [(s, e, f"{text[s:e].casefold()}") for s, e in spans]
    plain = values.without(text, spans)
    found += [(n.start, n.end, f"{n.value.normalize():f}") for n in values.numbers(plain)]
    return _placed(text, sorted(found))


def _names(text: str) -> list[_Value]:
    from lsfs.llm.answers.ground import names

    plain = values.without(text, [(day.start, day.end) for day in values.dates(text)])
    return _placed(text, [(s, e, " ".join(text[s:e].casefold().split())) for s, e in names(plain)])


def _placed(text: str, found: Sequence[tuple[int, int, str]]) -> list[_Value]:
    starts = [match.start() for match in WORD.finditer(text)]

    def at(char: int) -> int:
        return bisect_right(starts, char) - 1

    return [_Value(text[s:e].strip(), meaning, at(s), at(max(e - 1, s))) for s, e, meaning in found]


def _out_of_order(said: Sequence[_Value], known: Sequence[_Value]) -> Iterator[str]:
    """Values that follow one another the other way round."""
    first = {value.meaning: value.first for value in reversed(known)}
    last = {value.meaning: value.first for value in known}
    for one, other in pairwise(said):
        both = one.meaning in first and other.meaning in first
        if both and one.meaning != other.meaning and first[one.meaning] > last[other.meaning]:
            yield other.text


def _elsewhere(
    sentence: str, said: Sequence[_Value], evidence: str, known: Sequence[_Value]
) -> Iterator[str]:
    """Values of which a word by their side stands nearer to another value in the evidence."""
    places: dict[str, list[int]] = {}
    for at, word in _content(evidence, known):
        places.setdefault(word, []).append(at)
    for at, word in _content(sentence, said):
        if word not in places or not said:
            continue
        _, number = min((_distance(one, at), n) for n, one in enumerate(said))
        value = said[number]
        own = [one for one in known if one.meaning == value.meaning]
        if own and _nearest(own, places[word]) > _nearest(known, places[word]):
            yield value.text


def _nearest(found: Sequence[_Value], places: Sequence[int]) -> int:
    return min(_distance(value, at) for value in found for at in places)


def _content(text: str, taken: Sequence[_Value]) -> list[tuple[int, str]]:
    """Words that mean something and belong to no value, with their positions."""
    inside = {at for value in taken for at in range(value.first, value.last + 1)}
    found = []
    for at, match in enumerate(WORD.finditer(text.casefold())):
        if at not in inside and match[0] not in ENGLISH and not match[0][0].isdigit():
            found.append((at, stem(match[0])))
    return found


def _distance(value: _Value, at: int) -> int:
    return min(abs(value.first - at), abs(value.last - at))
