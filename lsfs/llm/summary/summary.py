"""The sentences of a document's summary, of any length, in the order of the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lsfs.llm.answers.stopwords import stop_words
from lsfs.llm.summary.summary_select import DEFAULT, Weights, chosen, weighed
from lsfs.llm.summary.summary_tree import Digested, Kept
from lsfs.llm.summary.summary_units import WORD_KIND, Span, Unit, concepts

# Words of a summary. The first three are about those of Multi-LexSum's summaries (Shen et al.,
# NeurIPS 2022: 25, 130 and 650 words on average).
WORDS = {"line": 40, "paragraph": 130, "page": 500, "report": 2000}
LEAST_WORDS = 40  # of a summary that is longer than a line
SHARE = 0.6  # of a document that its summary is at most
LEAD = 1.5  # what the first sentences of a document have beside their prior
LEAD_CHARS = 4000
LEAD_SHARE = 0.15  # of a document is its beginning, at most
STATED = 1.0  # what a value that the index found stated weighs more, in weights of the heaviest
TITLE = 6.0  # times the share of the title's words that a sentence has


def budget(length: str, words: int) -> int:
    """How many words a summary may have.

    Args:
        words: of the document.
    """
    if length == "line":
        return WORDS["line"]
    return min(WORDS[length], max(LEAST_WORDS, round(SHARE * words)))


class Known(Struct, frozen=True):
    """What is known of a document beside its text.

    Attributes:
        title: of the document, and of its file.
        stated: the values that the index found stated: parties, amounts, dates.
        said: those that the summary says otherwise.
    """

    title: str = ""
    stated: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def summarized(
    digested: Digested,
    length: str,
    known: Known,
    *,
    spared: int = 0,
    weights: Weights = DEFAULT,
) -> list[Span]:
    """The sentences of a summary, in the order of the document.

    Args:
        length: a key of :data:`WORDS`.
        spared: words of the summary that are said otherwise.
    """
    kept = digested.kept
    words = max(LEAST_WORDS // 2, budget(length, kept.words) - spared)
    worth = weighed(kept.counts, weights)
    most = max(worth.values(), default=1.0)
    for concept in _values(known.stated) & worth.keys():
        worth[concept] += STATED * most
    for concept in _values(known.said) & worth.keys():
        worth[concept] = 0.0
    extra = _extra(kept, known.title)
    if length == "line":
        best = _line(kept.units, worth, words, extra, weights)
    else:
        best = chosen(kept.units, worth, words, extra=extra, weights=weights)
    return sorted({span for n in best for span in kept.units[n].spans})


def _values(written: Sequence[str]) -> set[int]:
    found = (concepts(f"the {value}", frozenset()) for value in written)
    return {concept for said in found for concept in said if concept & 3 != WORD_KIND}


def _line(
    units: Sequence[Unit],
    worth: Mapping[int, float],
    words: int,
    extra: Mapping[int, float],
    weights: Weights,
) -> list[int]:
    """The one sentence that says most; a longer one only where all are long."""
    whole = replace(weights, scale=0.0)
    alone = [n for n, unit in enumerate(units) if len(unit.spans) == 1]
    for most in (words, 2 * words):
        few = [n for n in alone if units[n].words <= most]
        if few:
            mine = {at: extra.get(n, 0.0) for at, n in enumerate(few)}
            best = chosen([units[n] for n in few], worth, most, most=1, extra=mine, weights=whole)
            return [few[n] for n in best]
    return chosen(units, worth, 4 * words, most=1, extra=extra, weights=whole)


def focused(worth: Mapping[int, float], focus: str) -> dict[int, float]:
    """Weights of concepts where those that are asked about count most."""
    most = max(worth.values(), default=1.0)
    asked = concepts(focus, stop_words(focus))
    return {**worth, **{concept: worth.get(concept, 0.0) + 2 * most for concept in asked}}


def _extra(kept: Kept, title: str) -> dict[int, float]:
    """What speaks for units that only the whole document tells: its beginning, its title."""
    asked = concepts(title, stop_words(title)) if title else frozenset()
    first = min((unit.start for unit in kept.units), default=0)
    last = max((unit.start for unit in kept.units), default=0)
    lead = max(1.0, min(LEAD_CHARS, LEAD_SHARE * (last - first)))
    found: dict[int, float] = {}
    for n, unit in enumerate(kept.units):
        found[n] = LEAD * max(0.0, 1 - (unit.start - first) / lead)
        if asked:
            found[n] += TITLE * len(asked & unit.concepts) / len(asked)
    return found
