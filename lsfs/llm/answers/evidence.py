"""The sentences that answer a question, and whether any does.

Summed for each sentence are: the share of the question's words that it holds, and that the one
before it holds; its likeness to the question, as a whole and word by word (the mean over the
question's words of the likeness to the nearest word: MaxSim of ColBERT, Khattab and Zaharia 2020);
and how much likelier it makes the question under the language model. All but the last choose a few
sentences, because that is dear.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Event

from msgspec import Struct
from msgspec.structs import replace

from lsfs.llm.answers.chat import ChatModel
from lsfs.llm.answers.contrary import Alike, Asked, Document, against
from lsfs.llm.answers.expected import asks_person, value_pattern
from lsfs.llm.answers.orders import speaks_to_a_model
from lsfs.llm.answers.stopwords import stop_words
from lsfs.llm.answers.who import lead_of
from lsfs.llm.answers.wordforms import WORD, stem, words
from lsfs.sentences import sentences

Similarity = Callable[[Sequence[str]], Sequence["Likeness"]]
Rarity = Callable[[str], float]

LOCATED = 0.25  # what it counts that a document's name or headings hold the rest of the question
MAX_COMPARED = 128  # sentences whose likeness is computed; beyond, those that share words first
MAX_JOINED = 240  # characters of a label line and the line after it, together
MAX_HEADING = 12  # words
ORDER = 1.0  # what a sentence loses that gives orders to a model
MISFIT = 0.25  # what a sentence loses that holds no value of the kind asked for
NEARBY = 0.5  # what a word counts that stands elsewhere in the passage, not in the sentence
_SUBJECT = re.compile(r"(?:subject|re|title|betreff)\s*:", re.IGNORECASE)
# Lines of courtesy, which say nothing and share words with every letter.
_GREETING = re.compile(
    r"(?:dear|hello|hi|good (?:morning|day|evening|afternoon)|to whom it may concern|yours|cheers|"
    r"sincerely|(?:kind|best|warm|many)?\s*(?:regards|thanks|wishes)|sehr geehrte[rs]?|liebe[rs]?|"
    r"hallo|guten (?:tag|morgen|abend)|mit (?:freundlichen|besten|herzlichen) grüßen|"
    r"(?:viele|beste|liebe) grüße|bonjour|cher|chère|madame|monsieur|cordialement|bien à vous|"
    r"salutations|estimad[oa]s?|hola|atentamente|un (?:cordial )?saludo|gentil[ei]|egregi[oa]|"
    r"cordiali saluti|distinti saluti)\b(?:\W*[^\W_]+){0,5}\W*",
    re.IGNORECASE,
)
_COLUMN = re.compile(r"\t|\s\|\s")
# "4. Break clause. Either party may …"; without a number two words, which are seldom a sentence.
_RUN_IN = re.compile(
    r"(?:\W*(?:\d{1,3}(?:\.\d{1,3})*|[a-z]|[ivx]{1,5})[.)](?:\s+[\w'\u2019&/-]+){1,4}"
    r"|[^\W\d_][\w'\u2019&/-]*(?:\s+[\w'\u2019&/-]+)?)[.:]",
    re.IGNORECASE,
)
# The head of a mail, which says of each of its sentences from whom it is and answers few questions.
_MAIL_HEAD = re.compile(
    r"(?:from|to|cc|bcc|reply-to|von|an|de|à|para|da|a):.*\S@\S"
    r"|(?:date|sent|datum|fecha|data|envoyé):.*\d\d:\d\d"
    r"|(?:subject|betreff|objet|asunto|oggetto):",
    re.IGNORECASE,
)
_OF_MAIL = re.compile(
    r"\b(?:e-?mails?|mails?|mailed|messages?|address(?:ed|es)?|sen[dt]s?|sender|recipients?|wr[io]tes?|"
    r"written|subject|received?|geschickt|gesendet|geschrieben|adresse|absender)\b",
    re.IGNORECASE,
)
_POLAR = re.compile(
    r"\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|may|must|should|will|would|ist|sind|"
    r"war|hat|haben|darf|kann|muss|wird|gibt|est-ce|es|está|è)\b",
    re.IGNORECASE,
)


class Likeness(Struct, frozen=True):
    """How alike a text is to the question, -1 to 1.

    Attributes:
        whole: as a whole.
        words: to each word of the question; none where the embedding model gives no vectors of
            words.
    """

    whole: float
    words: tuple[float, ...] = ()


class Candidate(Struct, frozen=True):
    """A sentence that may answer the question.

    Attributes:
        text: the sentence as it stands in the passage.
        passage: which passage it is from, from 0.
        char_start, char_end: where it stands in that passage.
        likeness: to the question; None when there is no embedding model.
        overlap: share of the weight of the question's words that it holds, 0 to 1.
        before: share of it that only the sentence before it holds.
        least: the likeness of the question's word to which nothing that was read of its document is
            more alike; 0 without such likeness.
        gain: how much likelier it makes the question, in nats per token; None without chat model.
        score: the weighted sum; comparable where the same measures were taken.
        fits: whether it holds a value of the kind asked for: an amount, a time, a person.
        against: what speaks against it, and is taken from its score; see lsfs.llm.answers.contrary.
    """

    text: str
    passage: int
    char_start: int
    char_end: int
    likeness: Likeness | None
    overlap: float
    gain: float | None
    score: float
    before: float = 0.0
    least: float = 0.0
    fits: bool = True
    against: float = 0.0


class Calibration(Struct, frozen=True):
    """The weight of each measure, and the score from which on a question counts as answered.

    Attributes:
        whole, words: of the likeness; of that to words the mean.
    """

    whole: float
    words: float
    least: float
    overlap: float
    before: float
    gain: float
    threshold: float


# Keys: what likeness was measured ("words", "whole", "") and whether gain was. From
# benchmarks/answers.py on XQuAD (English): fitted on the questions of half its articles, each asked
# with and without the paragraph that answers it; weights by logistic regression of the right
# sentence against the others. The gain of a 135M model weighs little, because more weight made it
# worse; no answer rests on the thresholds with it, which were moved by as much as the others.
CALIBRATIONS = {
    ("words", True): Calibration(0.5, 0.8, 0.6, 1.0, 0.5, 0.1, 1.47),
    ("words", False): Calibration(0.5, 0.8, 0.6, 1.0, 0.5, 0.0, 1.35),
    ("whole", True): Calibration(1.0, 0.0, 0.0, 1.0, 0.0, 0.1, 1.04),
    ("whole", False): Calibration(1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.92),
    ("", True): Calibration(0.0, 0.0, 0.0, 1.0, 0.0, 0.1, 0.55),
    ("", False): Calibration(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.40),
}


def rank(
    question: str,
    passages: Sequence[str],
    similarity: Similarity | None,
    chat: ChatModel | None,
    *,
    limit: int = 6,
    contexts: Sequence[str] | None = None,
    rarity: Rarity | None = None,
    documents: Sequence[str] | None = None,
    alike: Alike | None = None,
    cancel: Event | None = None,
) -> list[Candidate]:
    """The sentences most likely to answer a question, best first.

    Args:
        question: in words.
        passages: texts from the files, whole; one is tabular when its lines have columns.
        similarity: likeness of texts to the question.
        chat: measures how much likelier a sentence makes the question.
        limit: sentences returned, and measured by ``chat``.
        contexts: words that go with each passage but do not stand in it: its file's name, title
            and headings. A question may name its document by them.
        rarity: the weight of a word (lower case); by default from how few sentences hold it.
        documents: the whole text of each passage's document; by default the passage.
        alike: likeness of two words, -1 to 1.
        cancel: stops the model.

    Raises:
        Cancelled: ``cancel`` was set.
        ModelError: the model failed.
    """
    said = _sentences(passages)
    if asks_person(question):
        said = [_led(c, passages[c.passage]) for c in said]
    said = [c for c in said if _may_answer(question, c.text)] or said
    found = _overlapping(question, said, passages, contexts, rarity)
    pattern = value_pattern(question)
    if pattern is not None:
        found = [replace(c, fits=pattern.search(c.text) is not None) for c in found]
    found.sort(key=lambda c: -c.overlap)
    found = found[:MAX_COMPARED]
    if similarity is not None and found:
        # Questions name their document; read alone, the sentence that answers seldom does.
        about = [f"{contexts[c.passage]}: " if contexts else "" for c in found]
        values = similarity(
            [about + _in_context(c, passages) for about, c in zip(about, found, strict=True)]
        )
        found = [replace(c, likeness=v) for c, v in zip(found, values, strict=True)]
        found = _with_least(found, documents or passages)
    found = _scored(_doubted(question, found, contexts, documents or passages, alike))[:limit]
    if chat is not None and found:
        gains = chat.question_gain(question, [_in_context(c, passages) for c in found], cancel)
        found = _scored([replace(c, gain=g) for c, g in zip(found, gains, strict=True)])
    return found


def answerable(candidates: Sequence[Candidate]) -> bool:
    """Whether the best of the candidates is good enough to be an answer."""
    if not candidates:
        return False
    best = max(candidates, key=lambda c: c.score)
    return best.score >= calibration(best).threshold


def calibration(candidate: Candidate) -> Calibration:
    """The weights that the candidate's score was made with."""
    alike = candidate.likeness
    measured = "" if alike is None else "whole" if not alike.words else "words"
    return CALIBRATIONS[measured, candidate.gain is not None]


def _scored(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Candidates with their scores, best first; equal ones stay in the order of the passages."""
    scored = []
    for c in candidates:
        weights = calibration(c)
        score = weights.overlap * c.overlap + weights.before * c.before
        score += weights.gain * (c.gain or 0.0)
        if c.likeness is not None:
            score += weights.whole * c.likeness.whole + weights.least * c.least
            score += weights.words * sum(c.likeness.words) / (len(c.likeness.words) or 1)
        score -= c.against + (0.0 if c.fits else MISFIT)
        score -= ORDER if speaks_to_a_model(c.text) else 0.0
        scored.append(replace(c, score=score))
    return sorted(scored, key=lambda c: (-c.score, c.passage, c.char_start, c.char_end))


def _with_least(candidates: Sequence[Candidate], documents: Sequence[str]) -> list[Candidate]:
    """Candidates with the word that their document has least of."""
    best: dict[str, list[float]] = {}
    for c in candidates:
        told = c.likeness.words if c.likeness else ()
        known = best.setdefault(documents[c.passage], list(told))
        best[documents[c.passage]] = [max(pair) for pair in zip(known, told, strict=True)]
    return [replace(c, least=min(best[documents[c.passage]], default=0.0)) for c in candidates]


def _doubted(
    question: str,
    candidates: Sequence[Candidate],
    contexts: Sequence[str] | None,
    texts: Sequence[str],
    alike: Alike | None,
) -> list[Candidate]:
    """Candidates with what speaks against each; a document's text is looked through once."""
    asked = Asked.of(question)
    known: dict[tuple[str, str], Document] = {}
    doubted = []
    for c in candidates:
        key = (contexts[c.passage] if contexts else "", texts[c.passage])
        if key not in known:
            known[key] = Document(asked, "\n".join(key))
        doubted.append(replace(c, against=against(asked, known[key], c.text, alike)))
    return doubted


# --- sentences


def _sentences(passages: Sequence[str]) -> list[Candidate]:
    """Every sentence once, with a line that is only a label joined to the line after it."""
    seen: set[str] = set()
    found = []
    for number, passage in enumerate(passages):
        spans = _joined(passage, sentences(passage))
        # A heading is like any question about its document, and answers none.
        body = [span for span in spans if not _is_heading(passage, span)]
        for start, end in body or spans:
            text = passage[start:end]
            key = " ".join(text.split())
            if key in seen or not WORD.search(text) or _GREETING.fullmatch(key):
                continue
            seen.add(key)
            found.append(Candidate(text, number, start, end, None, 0.0, None, 0.0))
    return found


def _may_answer(question: str, text: str) -> bool:
    """Whether a sentence can answer: no head of a mail, and not the question's words alone."""
    if _MAIL_HEAD.match(text) and not _OF_MAIL.search(question):
        return False
    if _POLAR.match(question):
        return True
    asked = set(words(question))
    frame = stop_words(question)
    first, *others = [*WORD.findall(text), ""]
    # "in May", "the Who": a capital within a sentence makes a name of any word.
    told = [w for w in others if w and (w[0].isupper() or w.casefold() not in frame)]
    told += [first] if first.casefold() not in frame else []
    return any(stem(word.casefold()) not in asked for word in told)


def _led(candidate: Candidate, passage: str) -> Candidate:
    """An item of a list with the line above it, where that names who did what it says."""
    start = lead_of(passage, candidate.char_start)
    if start == candidate.char_start or candidate.char_end - start > MAX_JOINED:
        return candidate
    return replace(candidate, text=passage[start : candidate.char_end], char_start=start)


def _joined(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans where a label ("Monthly rent:") has its value, from the next line, with it.

    So has a heading on the line of its text ("5. Pets. The tenant …"), and a question its answer.
    """
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        label = joined[-1] if joined else None
        if label and end - label[0] <= MAX_JOINED and _opens(text, label, start):
            joined[-1] = (label[0], end)
        else:
            joined.append((start, end))
    return joined


def _opens(text: str, label: tuple[int, int], after: int) -> bool:
    """Whether what stands at ``label`` is only read with what comes after it."""
    start, end = label
    if text[end - 1] in ":?":
        return True
    begins = not text[:start].strip() or text[:start].rstrip(" *_").endswith("\n")
    beside = "\n" not in text[end:after]
    return begins and beside and _RUN_IN.fullmatch(text[start:end]) is not None


def _headings(passage: str) -> list[str]:
    spans = _joined(passage, sentences(passage))
    return [passage[start:end] for start, end in spans if _is_heading(passage, (start, end))]


def _is_heading(passage: str, span: tuple[int, int]) -> bool:
    """Whether a sentence is a heading: a subject line, or a short block with no end mark.

    A heading has text below it; so a passage that is one short line has none.
    """
    start, end = span
    text = passage[start:end]
    if not passage[end:].strip():
        return False
    if _SUBJECT.match(text):
        return True
    alone = not passage[:start].strip() or passage[:start].endswith("\n\n")
    alone = alone and passage[end:].startswith("\n\n")
    # A short line with a long number or an amount is more often a fact than a title.
    plain = not re.search(r"\d{5}|\d[ .,]\d{3}|:", text) and not _COLUMN.search(text)
    plain = plain and text[-1] not in ".!?;,"
    return alone and plain and len(text.split()) <= MAX_HEADING


def _in_context(candidate: Candidate, passages: Sequence[str]) -> str:
    """A sentence as the models read it: a table row together with the row of its column names."""
    columns = len(_COLUMN.findall(candidate.text))
    if not columns or "\n" in candidate.text:
        return candidate.text
    above = passages[candidate.passage][: candidate.char_start].splitlines()
    names = next((line for line in above if len(_COLUMN.findall(line)) == columns), "")
    return f"{names}\n{candidate.text}" if names else candidate.text


# --- words


def _overlapping(
    question: str,
    candidates: Sequence[Candidate],
    passages: Sequence[str],
    contexts: Sequence[str] | None,
    rarity: Rarity | None,
) -> list[Candidate]:
    """Candidates with the share of the question's weight that is in them or near them."""
    held = [frozenset(words(_in_context(c, passages))) for c in candidates]
    weights = _weights(question, held, rarity)
    extra = contexts or [""] * len(passages)
    near = [frozenset(words(passage)) for passage in passages]
    places = [
        frozenset(words(extra[number] or " ".join(_headings(passage))))
        for number, passage in enumerate(passages)
    ]
    spans = [sentences(passage) for passage in passages]
    scored = []
    for candidate, bag in zip(candidates, held, strict=True):
        number = candidate.passage
        share = _share(weights, bag, near[number], places[number])
        above = [span for span in spans[number] if span[1] <= candidate.char_start][-1:]
        told = words(passages[number][slice(*above[0])]) if above else ()
        before = _share_before(weights, frozenset(told) - bag, places[number])
        scored.append(replace(candidate, overlap=share, before=before))
    return scored


def _weights(
    question: str, held: Sequence[frozenset[str]], rarity: Rarity | None
) -> dict[str, float]:
    """The weight of each word of the question, by stem."""
    every = WORD.findall(question.casefold())
    frame = stop_words(question)
    asked = [word for word in every if word not in frame] or every
    counts = Counter(word for bag in held for word in bag)
    return {
        stem(word): rarity(word) if rarity else _idf(counts[stem(word)], len(held))
        for word in asked
    }


def _share(
    weights: Mapping[str, float], bag: frozenset[str], near: frozenset[str], place: frozenset[str]
) -> float:
    """The share of the weights that a sentence holds.

    Words that only say which document is meant ("... in the Harbour Street lease") stand in its
    headings or its name, and there they prove nothing about what is asked. So they make up no more
    than ``LOCATED`` of the share, and the sentence has to hold the others.
    """
    counted, located = _turning(weights, place)
    total = sum(counted.values()) or 1.0
    around = near | place
    share = sum(
        weight * (1.0 if word in bag else NEARBY if word in around else 0.0)
        for word, weight in counted.items()
    )
    if not any(word in bag for word in counted):
        share *= NEARBY  # it stands near what is asked, and says none of it
    return LOCATED + (1.0 - LOCATED) * share / total if located else share / total


def _share_before(
    weights: Mapping[str, float], told: frozenset[str], place: frozenset[str]
) -> float:
    """The share of the weights that only the sentence before holds, whose subject may go on."""
    counted, located = _turning(weights, place)
    share = sum(weight for word, weight in counted.items() if word in told)
    return (1.0 - LOCATED if located else 1.0) * share / (sum(counted.values()) or 1.0)


def _turning(
    weights: Mapping[str, float], place: frozenset[str]
) -> tuple[Mapping[str, float], bool]:
    """The words that do not just name the document, if there are any; and whether others do."""
    asked = {word: weight for word, weight in weights.items() if word not in place}
    located = 0 < len(asked) < len(weights)
    return (asked if located else weights), located


def _idf(count: int, total: int) -> float:
    """Robertson's weight of a word in ``count`` of ``total`` sentences; never negative."""
    return math.log(1.0 + (total - count + 0.5) / (count + 0.5))
