"""Whether a sentence says nothing that its evidence does not.

This does not understand language. It holds a sentence to what can be checked exactly: numbers,
dates, names, identifiers, quotations and negation. What fails is not shown; the evidence is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from lsfs import currencies, values
from lsfs.values import Number, WrittenDate

_TOKEN = re.compile(r"[^\W_]+(?:[-./_&'\u2019][^\W_]+)*")
_WORD = re.compile(r"[^\W_]+")
_QUOTED = re.compile(
    '"([^"]+)"|\u201c([^\u201d]+)\u201d|\u201e([^\u201c\u201d]+)[\u201c\u201d]|\u00ab([^\u00bb]+)\u00bb'
)
_TIME = re.compile(r"(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)")
_QUANTITY = re.compile(r"\d[\d.,]*(?:st|nd|rd|th|[kK]|[^\W\d_]{1,3})?")
_NEGATION = re.compile(
    r"\b(?:not|never|none|neither|nor|nothing|nobody|cannot|without|except|unless)\b|n['\u2019]t\b"
    r"|\bno\b(?!\.?\s*[:#]?\s*\d)(?!\.:)",
    re.IGNORECASE,
)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that are written with a capital only because they begin a sentence, and the pronoun.
_COMMON = _set(
    """see a an the this that these those it its he she they we you i his her their our your
    there here in on at by for from with to of as if when while after before since until
    although because but and or however therefore also then so such not no yes all each every
    any some both either neither what who where why how which upon under during once only
    nothing according based per about between among over within without"""
) | frozenset(values.NUMBER_WORDS)


class Grounding(Struct, frozen=True):
    """The outcome of a check.

    Attributes:
        ok: whether all of the sentence was found.
        missing: what was not, as written.
    """

    ok: bool
    missing: tuple[str, ...] = ()


def supported(sentence: str, evidence: Sequence[str]) -> Grounding:
    """Whether each number, date, name and quotation of a sentence occurs in its evidence.

    Numbers and dates are compared by what they mean ("1.200,00" is 1200; "3 March 2023" is
    2023-03-03), a run of names as a run, a currency or percent sign together with its number. A
    sentence that negates what its nearest evidence does not, or the other way round, fails with
    ``not``.

    Args:
        sentence: what somebody says.
        evidence: texts that are taken to be true.
    """
    missing = [
        *_missing_quotations(sentence, evidence),
        *_missing_dates(sentence, evidence),
        *_missing_numbers(sentence, evidence),
        *_missing_tokens(sentence, evidence),
        *_missing_names(sentence, evidence),
        *_flipped(sentence, evidence),
    ]
    unique = tuple(dict.fromkeys(missing))
    return Grounding(not unique, unique)


def _missing_quotations(sentence: str, evidence: Sequence[str]) -> Iterator[str]:
    texts = [" ".join(text.casefold().split()) for text in evidence]
    for match in _QUOTED.finditer(sentence):
        quoted = next(group for group in match.groups() if group)
        inner = " ".join(quoted.casefold().split()).rstrip(".,;:!?")
        if not any(inner in text for text in texts):
            yield quoted


# --- dates


def _missing_dates(sentence: str, evidence: Sequence[str]) -> Iterator[str]:
    known = [day for text in evidence for day in values.dates(text)]
    for day in values.dates(sentence):
        if not any(_same_day(day, other) for other in known):
            yield day.text


def _same_day(said: WrittenDate, known: WrittenDate) -> bool:
    """Whether ``known`` says all that ``said`` says; 3/4 may be two days, and proves neither."""
    if said.text.casefold() == known.text.casefold():
        return True
    if len(said.readings) != 1 or len(known.readings) != 1:
        return False
    (mine,), (theirs,) = said.readings, known.readings
    return all(m in (0, t) for m, t in zip(mine, theirs, strict=True))


# --- numbers


def _missing_numbers(sentence: str, evidence: Sequence[str]) -> Iterator[str]:
    comma = next((c for c in map(values.decimal_comma, evidence) if c is not None), None)
    known = [number for text in evidence for number in _numbers(text, comma, dates=True)]
    units = frozenset().union(*map(currencies.named, evidence))
    if any(currencies.DOLLAR in text for text in evidence):  # is read alike on both sides
        units |= {currencies.code(currencies.DOLLAR)}
    for number in _numbers(sentence, comma, dates=False):
        if number.text.casefold() == "one":
            continue  # mostly a pronoun
        if not any(_same_number(number, other, units) for other in known):
            yield number.text


def _numbers(text: str, comma: bool | None, *, dates: bool) -> list[Number]:
    """The numbers of a text, without those of other checks; with the years of dates if asked."""
    spans = [(day.start, day.end) for day in values.dates(text)]
    parts = [n for a, b in spans for n in values.numbers(text[a:b]) if n.value >= 1000]
    spans += [match.span() for match in _TIME.finditer(text)]
    spans += [match.span() for match in _TOKEN.finditer(text) if _is_identifier(match.group())]
    return values.numbers(values.without(text, spans), comma=comma) + (parts if dates else [])


def _same_number(said: Number, known: Number, units: frozenset[str]) -> bool:
    if said.value != known.value:
        return False
    if said.unit == known.unit or not said.unit:
        return said.unit == known.unit or known.unit != "%"
    # "Rent (EUR) | 1,200": the currency may stand apart from its number, a percent sign may not.
    return said.unit != "%" and not known.unit and said.unit in units


# --- identifiers and times: INV-2023-001, 10:30, 1.2.3


def _missing_tokens(sentence: str, evidence: Sequence[str]) -> Iterator[str]:
    known = {t.casefold() for text in evidence for t in _TOKEN.findall(text)}
    known |= {time for text in evidence for time in _TIME.findall(text)}
    for token in _TOKEN.findall(sentence):
        if _is_identifier(token) and not _is_date(token) and token.casefold() not in known:
            yield token
    for time in _TIME.findall(sentence):
        if time not in known:
            yield time


def identifiers(text: str) -> list[tuple[int, int]]:
    """Where the identifiers of a text stand: tokens such as INV-2023-001 and 1.2.3."""
    return [match.span() for match in _TOKEN.finditer(text) if _is_identifier(match.group())]


def times(text: str) -> list[tuple[int, int]]:
    """Where the times of day of a text stand."""
    return [match.span() for match in _TIME.finditer(text)]


def _is_identifier(token: str) -> bool:
    """Whether a token with digits is a name rather than a number, a quantity or a date."""
    if not any(c.isdigit() for c in token) or _QUANTITY.fullmatch(token) or _is_date(token):
        return token.count(".") > 1 and values.numbers(token) == [] and not _is_date(token)
    return any(c.isalpha() for c in token)


def _is_date(token: str) -> bool:
    return any(day.text == token for day in values.dates(token))


# --- names


def _missing_names(sentence: str, evidence: Sequence[str]) -> Iterator[str]:
    known = [[w.casefold() for w in _WORD.findall(text)] for text in evidence]
    months = {month for text in evidence for d in values.dates(text) for _, month, _ in d.readings}
    spans = [(day.start, day.end) for day in values.dates(sentence)]
    spans += [m.span() for m in _TOKEN.finditer(sentence) if _is_identifier(m.group())]
    plain = values.without(sentence, spans)
    for start, end in names(plain):
        name = " ".join(_WORD.findall(plain[start:end]))
        run = name.casefold().split()
        if len(run) == 1 and values.MONTHS.get(run[0]) in months:
            continue
        if not any(_contains(text, run) for text in known):
            yield name


def names(sentence: str) -> Iterator[tuple[int, int]]:
    """Where runs of words with a capital stand, without the common words that begin them.

    Args:
        sentence: with blanks in place of its dates, whose months are no names.
    """
    run: list[tuple[int, int]] = []
    end = -1
    for match in _WORD.finditer(sentence):
        word = match.group()
        # What is left of "Acme's" and "don't" after the apostrophe is no word, and ends a name.
        if sentence[max(0, match.start() - 1) : match.start()] in ("'", "\u2019") and run:
            end = match.end()
            yield run[0][0], run[-1][1]
            run = []
            continue
        apart = sentence[end : match.start()].strip(" .&-'\u2019") if end >= 0 else ""
        capital = word[0].isupper() and not any(c.isdigit() for c in word)
        if run and (apart or not capital):
            yield run[0][0], run[-1][1]
            run = []
        if capital and (run or word.casefold() not in _COMMON):
            run.append(match.span())
        end = match.end()
    if run:
        yield run[0][0], run[-1][1]


def _contains(words: Sequence[str], run: Sequence[str]) -> bool:
    """Whether ``run`` stands in ``words`` as a run."""
    width = len(run)
    return any(list(words[i : i + width]) == list(run) for i in range(len(words) - width + 1))


# --- negation


def _flipped(sentence: str, evidence: Sequence[str]) -> Iterator[str]:
    """``not`` when the sentence and the evidence nearest to it differ in whether they negate."""
    if not evidence:
        return
    mine = {word.casefold() for word in _WORD.findall(sentence)} - _COMMON
    nearest = max(
        evidence, key=lambda text: len(mine & {word.casefold() for word in _WORD.findall(text)})
    )
    if bool(_NEGATION.search(sentence)) != bool(_NEGATION.search(nearest)):
        yield "not"
