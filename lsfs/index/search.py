"""Passages that answer a query: keywords and meaning, filtered first, fused after."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from lsfs.conditions import Days
from lsfs.errors import UsageError
from lsfs.index.filters import Filters
from lsfs.model import ContentDate, DateKind, FoundFile, Hit

if TYPE_CHECKING:  # a client of a daemon needs this module's words, not its engines
    from lsfs.index.catalog import Catalog
    from lsfs.index.embed import Embedder
    from lsfs.index.vectors import VectorStore

CANDIDATES = 200  # from each arm, before fusion
PER_FILE = 3  # passages of one file in a result
MODES = ("hybrid", "keyword", "semantic")

# Weights of the parts of a score; each part lies in 0..1.
KEYWORD, SEMANTIC, NAME, KIND, DATE = 0.5, 0.5, 0.15, 0.10, 0.15
SPREAD = 0.3  # the least width that cosines are spread over
UNLIKE = 0.22  # cosine below which a passage that shares no word has nothing to do with a query
BESIDE = 4  # words beside a phrase in quotes that still leave it the point of a query
QUOTE_CHARS = 160  # about the longest quote that shows why a file is listed
STRONG = 1.0  # outweighs what the arms can tell apart

STOP_WORDS = frozenset((
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "could", "did", "do", "does", "for", "from", "had", "has", "have", "how", "i", "if", "in",
    "into", "is", "it", "its", "may", "me", "my", "no", "not", "of", "on", "or", "our", "shall",
    "should", "so", "than", "that", "the", "their", "them", "then", "there", "these", "they",
    "this", "those", "to", "us", "was", "we", "were", "what", "when", "where", "which", "who",
    "whom", "whose", "why", "will", "with", "would", "you", "your",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preference:
    """What makes a file more likely meant, without excluding others.

    Attributes:
        kinds: kinds of document that the question names.
        after, before: days that the question names, half open; "" leaves a side open.
        spans: several such spans, when it names more than one.
        date_kinds: the dates of a document that they are said of; () for its own.
        strong: files of that kind or time are what is asked for: what fits comes first.
    """

    kinds: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    spans: tuple[Days, ...] = ()
    date_kinds: tuple[str, ...] = ()
    strong: bool = False

    @property
    def asks_days(self) -> bool:
        """Whether days are asked for at all."""
        return bool(self.after or self.before)


MENTIONED = 0.25  # of the weight of a document's own date, for one that it merely mentions
BESIDE_OWN = 0.6  # for another date of a certain meaning: due, expires


def date_share(day: str, day_end: str, stated: Iterable[str], prefer: Preference) -> float:
    """How well a file's dates fit the days asked for, from 0 to 1.

    Its own date, or one of the kinds asked for, comes before another strong one, that before one
    that is only mentioned.

    Args:
        day, day_end: the file's own date; "" when it has none.
        stated: the kinds of the dates within those days that it states.
    """
    if not prefer.asks_days:
        return 0.0
    kinds = {*stated}
    spans = prefer.spans or ((prefer.after, prefer.before),)
    own = bool(day) and any(
        day >= after and (not before or day_end <= before) for after, before in spans
    )
    asked = {*prefer.date_kinds} - {DateKind.SIGNED.value}
    if (kinds & asked) if asked else own:
        return 1.0
    if own or DateKind.EFFECTIVE.value in kinds:
        return 0.8 if not asked else BESIDE_OWN
    if kinds - {DateKind.MENTIONED.value}:
        return BESIDE_OWN
    return MENTIONED if kinds else 0.0


@dataclass(slots=True)
class _Candidate:
    """A passage on its way through fusion; parts in 0..1 by name."""

    id: int
    parts: dict[str, float] = field(default_factory=dict)
    score: float = 0.0


class Search:
    """Searches one catalog and its vectors.

    Args:
        vectors, embedder: None leaves the keyword arm alone.
    """

    def __init__(
        self, catalog: Catalog, vectors: VectorStore | None, embedder: Embedder | None
    ) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._embedder = embedder
        self._hidden_at = (-1, -1)
        self._hidden: frozenset[int] = frozenset()

    @property
    def vectors(self) -> VectorStore | None:
        """The vectors that it searches."""
        return self._vectors

    def of(self, catalog: Catalog) -> Search:
        """A search of another catalog that knows the same passages, so has the same vectors."""
        return Search(catalog, self._vectors, self._embedder)

    def hits(
        self,
        query: str,
        *,
        k: int = 10,
        mode: str = "hybrid",
        filters: Filters | None = None,
        prefer: Preference | None = None,
        min_score: float = 0.0,
        per_file: int = PER_FILE,
    ) -> list[Hit]:
        """The best passages for a query, best first.

        Args:
            query: words; "" gives the newest files that pass the filters.
            k: how many hits at most.
            mode: ``hybrid``, ``keyword`` or ``semantic``.
            filters: what a file must satisfy.
            prefer: what raises a file without excluding others.
            min_score: hits below it are left out.
            per_file: passages of one file at most.

        Raises:
            UsageError: unknown mode, or a filter that is none.
        """
        if mode not in MODES:
            raise UsageError(f"unknown mode {mode!r}", hint=f"use one of: {', '.join(MODES)}")
        filters = filters or Filters()
        if not query.strip():
            return self._hits(self._newest(filters, k), {}, filters, k, 1)
        candidates = self._candidates(query, mode, filters)
        self._prefer(candidates, prefer or Preference())
        for candidate in candidates.values():
            candidate.score = sum(candidate.parts.values())
        ranked = sorted(candidates.values(), key=lambda c: (-c.score, c.id))
        ranked = [c for c in ranked if c.score >= min_score]
        explain = {c.id: c.parts for c in ranked}
        return self._hits([(c.id, c.score) for c in ranked], explain, filters, k, per_file)

    # --- the two arms

    def _candidates(self, query: str, mode: str, filters: Filters) -> dict[int, _Candidate]:
        found: dict[int, _Candidate] = {}
        if mode == "hybrid" and wants_phrase(query):
            mode = "keyword"
        if mode != "semantic":
            for id_, share in self._keyword(query, filters).items():
                found.setdefault(id_, _Candidate(id_)).parts["keyword"] = KEYWORD * share
        if mode != "keyword":
            for id_, share in self._semantic(query, filters, list(found)).items():
                found.setdefault(id_, _Candidate(id_)).parts["semantic"] = SEMANTIC * share
        if mode != "semantic":
            for id_, share in self._named(query, filters, list(found)).items():
                found.setdefault(id_, _Candidate(id_)).parts["name"] = NAME * share
        return found

    def _keyword(self, query: str, filters: Filters) -> dict[int, float]:
        """BM25 of passages as a share of the best one's."""
        match = match_expression(query)
        if not match:
            return {}
        where, values = filters.sql()
        # CROSS JOIN keeps SQLite from walking the files first: the match is the narrow side.
        rows = self._rows(
            "SELECT p.id, -bm25(passage_fts, 1.0, 0.4) AS score FROM passage_fts "  # noqa: S608
            "CROSS JOIN passage p ON p.id = passage_fts.rowid "
            "WHERE passage_fts MATCH ? AND p.document_id IN "
            "(SELECT d.id FROM file f JOIN document d ON d.id = f.document_id "
            f"WHERE {where}) ORDER BY score DESC LIMIT ?",
            [match, *values, CANDIDATES],
        )
        best = max((score for _, score in rows), default=0.0) or 1.0
        return {id_: max(score, 0.0) / best for id_, score in rows}

    def _semantic(self, query: str, filters: Filters, also: list[int]) -> dict[int, float]:
        """Cosines of passages, spread over 0..1 below the best candidate."""
        if self._vectors is None or self._embedder is None or not len(self._vectors):
            return {}
        vector = self._embedder.encode([query])[0]
        allowed = None if filters == Filters() else self._allowed(filters)
        hidden = self._without_file() if allowed is None else frozenset[int]()
        ids, scores = self._vectors.search(vector, CANDIDATES, allowed, hidden)
        cosines = dict(zip(ids.tolist(), scores.tolist(), strict=True))
        cosines |= self._vectors.similarities(vector, also)
        if not cosines:
            return {}
        high = max(cosines.values())
        if high < UNLIKE:
            return {}
        cosines = {id_: c for id_, c in cosines.items() if c >= UNLIKE or id_ in also}
        # Of a few candidates the worst is not at 0: they may all be near the best.
        low = min(min(cosines.values()), high - SPREAD)
        return {id_: (cosine - low) / (high - low) for id_, cosine in cosines.items()}

    def _named(self, query: str, filters: Filters, among: list[int]) -> dict[int, float]:
        """Share of the best match of names and titles, for each file's passages among ``among``.

        A file that matches by name only comes in with its first passage.
        """
        match = match_expression(query)
        if not match:
            return {}
        where, values = filters.sql()
        files = self._rows(
            "SELECT d.id, -bm25(file_fts, 1.0, 1.5) AS score FROM file_fts "  # noqa: S608
            "CROSS JOIN file f ON f.id = file_fts.rowid JOIN document d ON d.id = f.document_id "
            f"WHERE file_fts MATCH ? AND {where} ORDER BY score DESC LIMIT ?",
            [match, *values, CANDIDATES],
        )
        best = max((score for _, score in files), default=0.0) or 1.0
        shares = {document: max(score, 0.0) / best for document, score in reversed(files)}
        marks = ", ".join("?" * len(shares))
        rows = self._rows(
            f"SELECT id, document_id, ordinal FROM passage WHERE document_id IN ({marks})",  # noqa: S608
            list(shares),
        )
        chosen = set(among)
        return {
            id_: shares[document]
            for id_, document, ordinal in rows
            if ordinal == 0 or id_ in chosen
        }

    def _without_file(self) -> frozenset[int]:
        """Passages of documents that no file has now: what files held earlier.

        The same object as long as they are the same, for who searches keeps what follows from it.
        """
        last = self._rows("SELECT coalesce(max(id), 0) FROM document", ())[0][0]
        state = (self._catalog.generation(), last)
        if state != self._hidden_at:
            rows = self._rows(
                "SELECT p.id FROM document d JOIN passage p ON p.document_id = d.id "
                "WHERE NOT EXISTS (SELECT 1 FROM file f WHERE f.document_id = d.id)",
                (),
            )
            hidden = frozenset(row[0] for row in rows)
            if hidden != self._hidden:
                self._hidden = hidden
            self._hidden_at = state
        return self._hidden

    def _allowed(self, filters: Filters) -> list[int]:
        where, values = filters.sql()
        rows = self._rows(
            "SELECT p.id FROM passage p WHERE p.document_id IN "  # noqa: S608
            f"(SELECT d.id FROM file f JOIN document d ON d.id = f.document_id WHERE {where})",
            values,
        )
        return [row[0] for row in rows]

    def _newest(self, filters: Filters, k: int) -> list[tuple[int, float]]:
        where, values = filters.sql()
        rows = self._rows(
            "SELECT p.id FROM file f JOIN document d ON d.id = f.document_id "  # noqa: S608
            f"JOIN passage p ON p.document_id = d.id AND p.ordinal = 0 WHERE {where} "
            "ORDER BY f.mtime_ns DESC LIMIT ?",
            [*values, k],
        )
        return [(row[0], 0.0) for row in rows]

    def _prefer(self, candidates: dict[int, _Candidate], prefer: Preference) -> None:
        if prefer == Preference() or not candidates:
            return
        marks = ", ".join("?" * len(candidates))
        rows = self._rows(
            "SELECT p.id, f.id, f.kind, f.day, f.day_end FROM passage p "  # noqa: S608
            f"JOIN file f ON f.document_id = p.document_id WHERE p.id IN ({marks})",
            list(candidates),
        )
        kind_weight, date_weight = (STRONG, STRONG) if prefer.strong else (KIND, DATE)
        stated = self._dates_within({row[1] for row in rows}, prefer)
        for id_, file_id, kind, day, day_end in rows:
            parts = candidates[id_].parts
            if kind in prefer.kinds:
                parts["kind"] = kind_weight
            share = date_share(day, day_end, stated.get(file_id, ()), prefer)
            if share:
                parts["date"] = max(parts.get("date", 0.0), date_weight * share)

    def _dates_within(self, files: set[int], prefer: Preference) -> dict[int, set[str]]:
        """The kinds of date that files state within the days asked for."""
        spans = prefer.spans or (((prefer.after, prefer.before),) if prefer.asks_days else ())
        found: dict[int, set[str]] = {}
        marks = ", ".join("?" * len(files))
        for after, before in spans:
            rows = self._rows(
                "SELECT file_id, kind FROM content_date "  # noqa: S608
                f"WHERE file_id IN ({marks}) AND day >= ? AND day_end <= ?",
                [*files, after, before or "9999-12-31"],
            )
            for file_id, kind in rows:
                found.setdefault(file_id, set()).add(kind)
        return found

    # --- what was found

    def _hits(
        self,
        ranked: Sequence[tuple[int, float]],
        explain: dict[int, dict[str, float]],
        filters: Filters,
        k: int,
        per_file: int,
    ) -> list[Hit]:
        hits: list[Hit] = []
        of_file: dict[str, int] = {}
        for first in range(0, len(ranked), 100):
            batch = ranked[first : first + 100]
            rows = self._passages([id_ for id_, _ in batch], filters)
            for id_, score in batch:
                for row in rows.get(id_, []):
                    hit = _hit(row, score, explain.get(id_, {}))
                    of_file[hit.path] = of_file.get(hit.path, 0) + 1
                    if of_file[hit.path] <= per_file:
                        hits.append(hit)
                    if len(hits) == k:
                        return hits
        return hits

    def _passages(self, ids: Sequence[int], filters: Filters) -> dict[int, list[tuple[Any, ...]]]:
        marks = ", ".join("?" * len(ids))
        where, values = filters.sql()
        rows = self._rows(
            "SELECT p.id, f.path, p.page, p.page_end, p.line_start, p.line_end, p.char_start, "  # noqa: S608
            "p.char_end, d.title, f.day, f.kind, p.place, p.text FROM passage p "
            "JOIN document d ON d.id = p.document_id JOIN file f ON f.document_id = d.id "
            f"WHERE p.id IN ({marks}) AND {where} ORDER BY f.path",
            [*ids, *values],
        )
        found: dict[int, list[tuple[Any, ...]]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(row)
        return found

    def files(self, filters: Filters, limit: int = 500) -> list[FoundFile]:
        """All files that pass the filters, newest document first, with the words that date them."""
        where, values = filters.sql()
        rows = self._rows(
            "SELECT f.id, f.path, f.kind, f.day, d.title, d.id FROM file f "  # noqa: S608
            f"LEFT JOIN document d ON d.id = f.document_id WHERE {where} "
            "ORDER BY f.day DESC, f.path LIMIT ?",
            [*values, limit],
        )
        return [self._found(*row) for row in rows]

    def _found(
        self,
        file_id: int,
        raw: bytes,
        kind: str,
        day: str,
        title: str | None,
        document_id: int | None,
    ) -> FoundFile:
        path = os.fsdecode(raw)
        evidence, page, where = self._dating(file_id, document_id, day)
        name = title or PurePosixPath(path).name
        return FoundFile(path, 1.0, name, day, kind, page, evidence, where)

    def _dating(
        self, file_id: int, document_id: int | None, day: str
    ) -> tuple[str, int | None, str]:
        """The line that states a file's date, and its page; else how its text begins."""
        rows = self._rows(
            "SELECT char_start FROM content_date WHERE file_id = ? AND day = ? AND char_start >= 0 "
            "ORDER BY ordinal LIMIT 1",
            [file_id, day],
        )
        start = rows[0][0] if rows else 0
        found = self._rows(
            "SELECT text, char_start, page, place FROM passage WHERE document_id = ? "
            "AND char_start <= ? ORDER BY char_start DESC LIMIT 1",
            [document_id, start],
        ) or self._rows(
            "SELECT text, char_start, page, place FROM passage WHERE document_id = ? "
            "ORDER BY ordinal LIMIT 1",
            [document_id],
        )
        if not found:
            return "", None, ""
        text, begins, page, where = found[0]
        # Of a file without pages, the whole is meant, not a line of it.
        return sentence_at(text, max(start - begins, 0)), page, where if page is not None else ""

    def dates(self, path: str) -> list[ContentDate]:
        """The dates that a file states, strongest first."""
        from datetime import date

        rows = self._rows(
            "SELECT c.day, c.day_end, c.kind, c.char_start, c.char_end, c.words "
            "FROM content_date c JOIN file f ON f.id = c.file_id WHERE f.path = ? "
            "ORDER BY c.ordinal",
            [os.fsencode(path)],
        )
        return [
            ContentDate(
                date.fromisoformat(day), date.fromisoformat(end), DateKind(kind), start, stop, words
            )
            for day, end, kind, start, stop, words in rows
        ]

    def _rows(self, query: str, values: Iterable[object]) -> list[Any]:
        with self._catalog.lock:
            return self._catalog.db.execute(query, list(values)).fetchall()


def query_words(query: str) -> list[str]:
    """The words of a query that carry meaning; all of them when none does."""
    words = re.findall(r"\w+", query.lower())
    return [word for word in words if word not in STOP_WORDS] or words


def wants_phrase(query: str) -> bool:
    """Whether a query asks for words in quotes to the letter; a long question merely quotes."""
    phrases = re.findall(r'"[^"]*\w[^"]*"', query)
    return bool(phrases) and len(re.findall(r"\w+", re.sub(r'"[^"]*"', " ", query))) <= BESIDE


def match_expression(query: str) -> str:
    """A query as an FTS5 expression: phrases in quotes must occur, of other words any may."""
    phrases = re.findall(r'"([^"]+)"', query)
    rest = re.sub(r'"[^"]*"', " ", query)
    if not wants_phrase(query):
        return " OR ".join(
            _quoted([*(" ".join(query_words(p)) for p in phrases), *query_words(rest)])
        )
    required = _quoted(" ".join(re.findall(r"\w+", phrase)) for phrase in phrases)
    words = _quoted(query_words(rest))
    together = " AND ".join(required)
    # A word beside a phrase raises what holds both.
    return " OR ".join([together, *(f"({together} AND {word})" for word in words)])


def _quoted(terms: Iterable[str]) -> list[str]:
    # Lone surrogates of odd file names cannot be bound as text.
    clean = (term.encode("utf-8", "ignore").decode() for term in terms)
    return list(dict.fromkeys(f'"{term}"' for term in clean if term))


def sentence_at(text: str, offset: int) -> str:
    """The sentence of ``text`` around an offset; of a long one, the words around it."""
    from lsfs.sentences import sentences

    spans = (span for span in sentences(text) if span[0] <= offset < span[1])
    start, end = next(spans, (0, min(len(text), QUOTE_CHARS)))
    if end - start > QUOTE_CHARS:
        start = max(start, offset - QUOTE_CHARS // 2)
        end = min(end, start + QUOTE_CHARS)
        start = text.rfind(" ", 0, start) + 1 if start else 0
        cut = text.find(" ", end)
        end = cut if cut >= 0 else len(text)
    return " ".join(text[start:end].split())


def _hit(row: tuple[Any, ...], score: float, explain: dict[str, float]) -> Hit:
    _, raw, page, page_end, line, line_end, start, end, title, day, kind, where, text = row
    path = os.fsdecode(raw)
    return Hit(
        path=path,
        page=page,
        page_end=page_end,
        line_start=line,
        line_end=line_end,
        char_start=start,
        char_end=end,
        score=round(score, 6),
        title=str(title) or PurePosixPath(path).name,
        date=str(day),
        text=str(text),
        kind=str(kind),
        explain={name: round(value, 6) for name, value in explain.items()},
        where=str(where),
    )
