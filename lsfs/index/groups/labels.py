"""Words that set a group of texts apart from others.

Class-based TF-IDF (Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF
procedure", 2022), of the share of a group's texts that hold a term instead of how often it stands
in them: one text that repeats a word does not make it a group's.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from msgspec import Struct, field

from lsfs.index.groups.languages import STOP_WORDS
from lsfs.index.groups.wording import SPACELESS

TERMS = 10  # of a group that are kept
SHOWN = 3  # in a label
SMALL = 4  # texts of a group of which one may be the only one with a term
LONGEST_WORD = 25
MOST_TOKENS = 300  # of one text: what it is about is said at its beginning
_PAIR_BONUS = 1.1  # "prime number" says more than "prime"
_LEAST_SHARE = 0.12  # of a group's texts that hold a term
_WORD = re.compile(rf"[{SPACELESS}]{{2,4}}|[^\W\d_{SPACELESS}]+(?:['\u2019-][^\W\d_]{{3,}})*")
_VOWEL = re.compile(r"[aeiouyàâäéèêëíìîïóòôöúùûüæœåø]")
_JUNK = frozenset(
    """
    www http https com org net html htm php pdf doc docx xlsx txt png jpg page pages seite chapter
    figure table fig tab vol isbn copyright reserved click dear regards sincerely yours mfg january
    february march april may june july august september october november december januar februar
    märz mai juni juli oktober dezember janvier février mars avril juin juillet août septembre
    octobre novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre
    noviembre diciembre monday tuesday wednesday thursday friday saturday sunday date datum fecha
    subject note notes untitled citation needed according available based become began called
    certain common considered current currently different early especially example examples
    following found general generally good great high important include included includes including
    increase increased known large larger largest late later long low lower main major modern
    necessary number numerous old original particular particularly possible present previous
    previously provide provided quickly recent recently related required result results several
    significant significantly similar small smaller specific started taken time times today total
    type types used various way ways year years day days month months week weeks part parts
    verschiedene verschiedenen einige mehrere jahr jahre jahren tag tage zeit teil beispiel
    année années jour jours temps partie exemple plusieurs año años día días tiempo parte ejemplo
    anno anni giorno giorni tempo esempio
    """.split()  # noqa: SIM905
)


class Texts(Struct):
    """What is counted of a group's texts.

    Attributes:
        holding: texts that hold a term, by the term.
        forms: terms with other ways of writing them, and how many texts write them so.
    """

    count: int = 0
    holding: Counter[str] = field(default_factory=Counter)
    forms: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Count a text."""
        self.count += 1
        found: dict[str, str] = {}
        before, shown, end = "", "", -9
        for match in islice(_WORD.finditer(text), MOST_TOKENS):
            word = match[0]
            if not is_term(word):
                before = ""
                continue
            folded = word.casefold()
            found.setdefault(folded, word)
            # A heading and the title above it are no pair of words: "Invoice", "Invoice".
            apart = not before or before == folded or match.start() != end + 1
            if not apart and text[end] in " \n":
                found.setdefault(f"{before} {folded}", f"{shown} {word}")
            before, shown, end = folded, word, match.end()
        self.holding.update(found.keys())
        self.forms.update(pair for pair in found.items() if pair[0] != pair[1])

    def settle(self) -> None:
        """Forget terms of one text alone, where there are enough texts to tell."""
        if self.count >= SMALL:
            self.holding = Counter({term: n for term, n in self.holding.items() if n > 1})
            self.forms = Counter({p: n for p, n in self.forms.items() if p[0] in self.holding})

    def written(self, terms: Iterable[str]) -> Iterator[str]:
        """How each term is written most often."""
        wanted = dict.fromkeys(terms, "")
        most = {term: self.holding[term] for term in wanted}
        for (term, form), count in sorted(self.forms.items()):
            if term in wanted:
                most[term] -= count  # what is left is written small
                if not wanted[term] or count > self.forms[term, wanted[term]]:
                    wanted[term] = form
        for term, form in wanted.items():
            form = form if form and self.forms[term, form] >= most[term] else term
            yield form.title() if form.isupper() and len(form) > 5 else form

    @classmethod
    def joined(cls, parts: Iterable[Texts]) -> Texts:
        """The texts of several groups."""
        whole = cls()
        for part in parts:
            whole.count += part.count
            whole.holding.update(part.holding)
            whole.forms.update(part.forms)
        return whole


@lru_cache(maxsize=50_000)
def is_term(word: str) -> bool:
    """Whether a word can say what a text is about: no small word, number, letter or code."""
    folded = word.casefold()
    if len(word) < 3 and not re.match(f"[{SPACELESS}]", word):
        return False
    if len(word) > LONGEST_WORD or folded in STOP_WORDS or folded in _JUNK:
        return False
    return not word.isascii() or _VOWEL.search(folded) is not None


def terms(groups: Sequence[Texts]) -> list[tuple[str, ...]]:
    """The terms that set each group apart from the others, the most distinctive first."""
    everywhere: Counter[str] = Counter()
    for group in groups:
        for term, holding in group.holding.items():
            everywhere[term] += holding / group.count  # type: ignore[assignment]
    return [_best(group, everywhere, len(groups)) for group in groups]


def _best(group: Texts, everywhere: Counter[str], groups: int) -> tuple[str, ...]:
    least = max(1 if group.count < SMALL else 2, _LEAST_SHARE * group.count)
    scores = {
        term: (holding / group.count)
        * math.log(1 + groups / everywhere[term])
        * (_PAIR_BONUS if " " in term else 1)
        for term, holding in group.holding.items()
        if holding >= least
    }
    chosen: list[str] = []
    for term in sorted(scores, key=lambda one: (-scores[one], one)):
        if not any(_alike(word, other) for word in term.split() for t in chosen for other in
                   t.split()):  # fmt: skip
            chosen.append(term)
        if len(chosen) == TERMS:
            break
    return tuple(group.written(chosen))


def _alike(word: str, other: str) -> bool:
    """Whether two words are likely forms of one: contract, contracts, contractual."""
    shorter = min(len(word), len(other))
    common = next((n for n in range(shorter) if word[n] != other[n]), shorter)
    return common >= max(4, shorter - 2) or word == other


def label(found: Sequence[str], taken: Iterable[str] = ()) -> str:
    """A group's label from its terms, other than those that are taken."""
    used = set(taken)
    for count in range(min(SHOWN, len(found)), len(found) + 1):
        name = ", ".join(found[:count])
        if name and name not in used:
            return name
    name = ", ".join(found[:SHOWN]) or "without common words"
    return next(
        one for n in range(1, 10_000) if (one := name if n == 1 else f"{name} ({n})") not in used
    )
