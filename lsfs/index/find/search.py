"""Passages that answer a query: keywords and meaning, filtered first, fused after."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from lsfs.errors import UsageError
from lsfs.index.find import fusion, keyword, listing
from lsfs.index.find import query as queries
from lsfs.index.find.filters import Filters
from lsfs.index.find.fulltext import FullText
from lsfs.index.find.fusion import Candidate
from lsfs.index.find.listing import sentence_at
from lsfs.index.find.preference import Preference, date_share
from lsfs.index.find.query import Leaf, Query
from lsfs.index.find.snippets import Snippet, Snippets
from lsfs.index.find.spelling import Correction
from lsfs.index.find.stores import CANDIDATES, Vectors, Where, Words
from lsfs.index.find.terms import query_words
from lsfs.index.meaning.meanings import Meanings
from lsfs.model import ContentDate, FoundFile, Hit

if TYPE_CHECKING:  # a client of a daemon needs this module's words, not its engines
    from lsfs.index.meaning.embed import Embedder
    from lsfs.index.store.catalog import Catalog

__all__ = ("MODES", "Found", "Preference", "Search", "query_words", "sentence_at")

PER_FILE = 3  # passages of one file in a result
MODES = ("hybrid", "keyword", "semantic")
GONE = 10  # of the newest files, some may have gone in the last moments
MOST_AT_ONCE = 500  # candidates whose rows are asked for
BY_FILE = 100  # candidates, the best, whose files are looked at
CORRECTED = 0.5  # weight of a word that was searched for in place of another


class Found(Struct, frozen=True):
    """Hits, best first, and how the query was read."""

    hits: list[Hit]
    notes: tuple[str, ...] = ()


class _Task(Struct):
    """One search on its way.

    Attributes:
        hypothetical, is_there: see :meth:`Search.find`.
    """

    query: Query
    where: Where
    hypothetical: str = ""
    is_there: Callable[[str], bool] | None = None
    corrections: list[Correction] = field(default_factory=list)
    found: dict[int, Candidate] = field(default_factory=dict)

    def candidate(self, id_: int) -> Candidate:
        return self.found.setdefault(id_, Candidate(id_))

    def has(self, path: bytes) -> bool:
        return self.is_there is None or self.is_there(os.fsdecode(path))

    @property
    def wanted(self) -> tuple[Leaf, ...]:
        """What is looked for, with what was put in place of misspelt words."""
        instead = (word for one in self.corrections for word in one.instead)
        return (*self.query.wanted, *(Leaf("phrase", word) for word in instead))


class Search:
    """Searches one catalog, the words of its passages and their vectors.

    Args:
        vectors, embedder: None leaves the keyword arm alone.
        meanings: the embedding models, in their place, where one may follow on another.
        words: by default the full text that the catalog itself has.
    """

    def __init__(
        self,
        catalog: Catalog,
        vectors: Vectors | None,
        embedder: Embedder | None,
        meanings: Meanings | None = None,
        words: Words | None = None,
    ) -> None:
        self._catalog = catalog
        self.meanings = meanings or Meanings.of(vectors, embedder)
        self._words = words or FullText(catalog)
        self._snippets = Snippets()
        self._hidden_at = (-1, -1)
        self._hidden: frozenset[int] = frozenset()
        self._owners: tuple[tuple[int, int], Any] | None = None

    @property
    def vectors(self) -> Vectors | None:
        """The vectors that it searches."""
        now = self.meanings.now
        return now.vectors if now else None

    @property
    def embedder(self) -> Embedder | None:
        """What reads a query for them."""
        now = self.meanings.now
        return now.embedder if now else None

    def of(self, catalog: Catalog) -> Search:
        """A search of another catalog that knows the same passages, so has the same vectors."""
        return Search(catalog, None, None, self.meanings, self._words.of(catalog))

    def hits(self, query: str, **options: Any) -> list[Hit]:
        """The hits of :meth:`find`."""
        return self.find(query, **options).hits

    def find(
        self,
        query: str,
        *,
        k: int = 10,
        mode: str = "hybrid",
        filters: Filters | None = None,
        prefer: Preference | None = None,
        min_score: float = 0.0,
        per_file: int = PER_FILE,
        plain: bool = False,
        hypothetical: str = "",
        is_there: Callable[[str], bool] | None = None,
    ) -> Found:
        """The best passages for a query, best first.

        Args:
            query: words, or words with operators (lsfs.index.find.query); "" gives the newest files
                that pass the filters.
            k: how many hits at most.
            mode: ``hybrid``, ``keyword`` or ``semantic``.
            filters: what a file must satisfy.
            prefer: what raises a file without excluding others.
            min_score: hits below it are left out.
            per_file: passages of one file at most.
            plain: the query is a sentence: it has no operators but quotes.
            hypothetical: a text that might answer the query; what is like it is found, too (HyDE,
                Gao et al., ACL 2023).
            is_there: asked of each path before its passages become hits.

        Raises:
            UsageError: unknown mode, ``k`` below 1, a filter that is none, or an operator without
                a meaning.
        """
        if mode not in MODES:
            raise UsageError(f"unknown mode {mode!r}", hint=f"use one of: {', '.join(MODES)}")
        if k < 1:
            raise UsageError("k must be at least 1")
        read = queries.read(query, plain=plain)
        with self._catalog.lock:
            self._catalog.db.create_function(keyword.BEGINS, 2, keyword.begins, deterministic=True)
        task = _Task(read, Where.of(filters or Filters(), read), hypothetical, is_there)
        if not read.words.strip():
            return Found(self._page(self._newest(task.where, k + GONE), task, k, 1), read.notes)
        self._candidates(task, mode)
        self._prefer(task.found, prefer or Preference())
        ranked = sorted(task.found.values(), key=lambda c: (-c.score, c.id))
        ranked = [c for c in ranked if c.score >= min_score]
        hits = self._page(ranked, task, k, per_file)
        also = [word for one in task.corrections for word in one.instead]
        told = (f"also searched for: {', '.join(also)}",) if also else ()
        return Found(hits, (*read.notes, *told))

    # --- the arms

    def _candidates(self, task: _Task, mode: str) -> None:
        if mode == "hybrid" and task.query.exact and self.embedder is None:
            mode = "keyword"
        if mode != "semantic":
            self._correct(task, self.embedder if mode == "hybrid" else None)
            self._keyword(task)
        if mode != "keyword":
            self._semantic(task, only_these=mode == "hybrid" and task.query.exact)
        if mode == "hybrid":
            self._files(task.found)
        if mode != "semantic":
            self._named(task)

    def _correct(self, task: _Task, embedder: Embedder | None) -> None:
        """Take words that no file has for misspelt ones.

        A word that the embedding model knows is none, and what it means is found by meaning
        ("election" is not "electrons"); but it may be that of a name ("Jonson", "Johnson").
        """
        if self._catalog.is_partial:  # the words that are known are those of all files
            return
        plain = [leaf.text for leaf in task.query.wanted if leaf.kind == "word" and not leaf.field]
        asked = {leaf.text for leaf in queries.leaves(task.query.condition)}
        for one in self._words.corrections([word for word in plain if word not in asked]):
            instead = one.instead
            if embedder is not None and embedder.knows(one.word):
                instead = tuple(word for word in instead if not word.islower())
            if instead:
                task.corrections.append(Correction(one.word, instead))

    def _keyword(self, task: _Task) -> None:
        """BM25 of passages as a share of the best one's."""
        terms = keyword.ranking(task.query.wanted)
        scores = self._bm25(terms, task.where)
        for one in task.corrections:
            instead = [Leaf("phrase", word) for word in one.instead]
            for id_, score in self._bm25(keyword.ranking(instead), task.where).items():
                scores[id_] = scores.get(id_, 0.0) + CORRECTED * score
        places = fusion.ranked(scores)
        least = fusion.SURE * self._words.most(terms) if scores else 0.0
        for id_, share in fusion.of_best(scores, least).items():
            candidate = task.candidate(id_)
            candidate.add("keyword", share, fusion.KEYWORD)
            candidate.scores |= {"bm25": scores[id_], "keyword_rank": places[id_]}

    def _bm25(self, terms: Sequence[str], where: Where) -> dict[int, float]:
        return self._words.ranked(terms, where, self._without_file()) if terms else {}

    def _semantic(self, task: _Task, *, only_these: bool) -> None:
        """Cosines of passages, spread over 0..1 below the best candidate."""
        now = self.meanings.now  # taken once: query and passages must be of one model
        if now is None or not len(now.vectors):
            return
        vector = _vector(task, now.embedder)
        cosines = now.vectors.similarities(vector, list(task.found))
        if not only_these:
            allowed = None if task.where.all else self._allowed(task.where)
            hidden = self._without_file() if allowed is None else frozenset[int]()
            ids, scores = now.vectors.search(vector, CANDIDATES, allowed, hidden)
            cosines |= dict(zip(ids.tolist(), scores.tolist(), strict=True))
        places = fusion.ranked(cosines)
        for id_, share in fusion.spread(cosines, task.found).items():
            candidate = task.candidate(id_)
            candidate.add("semantic", share, fusion.SEMANTIC)
            candidate.scores |= {"cosine": cosines[id_], "semantic_rank": places[id_]}

    def _files(self, found: dict[int, Candidate]) -> None:
        """What long files say as a whole, for those of their passages that are among the best."""
        if not any("semantic" in candidate.parts for candidate in found.values()):
            return  # there is nothing to weigh the words against
        among = heapq.nlargest(BY_FILE, found.values(), key=lambda c: (c.score, -c.id))
        marks = ", ".join("?" * len(among))
        rows = self._rows(
            f"SELECT id, document_id, ordinal FROM passage p WHERE id IN ({marks}) AND EXISTS "  # noqa: S608
            "(SELECT 1 FROM passage WHERE document_id = p.document_id AND ordinal = ?)",
            [*(candidate.id for candidate in among), fusion.SHORT],
        )
        best: dict[int, float] = {}
        first: dict[int, float] = {}
        for id_, document, ordinal in rows:
            share = found[id_].scores.get("keyword_share", 0.0)
            best[document] = max(share, best.get(document, 0.0))
            if ordinal < fusion.FIRST:
                first[document] = max(share, first.get(document, 0.0))
        for id_, document, _ in rows:
            found[id_].belongs(best[document], first.get(document, 0.0))

    def _named(self, task: _Task) -> None:
        """Share of the best match of names and titles, for each file's passages that were found.

        A file that matches by name only comes in with its first passage.
        """
        match = keyword.wanted(task.wanted, field=False)
        if not match:
            return
        files = self._rows(
            f"SELECT d.id, -{keyword.FILE_RANK} AS score FROM file_fts "  # noqa: S608
            "CROSS JOIN file f ON f.id = file_fts.rowid JOIN document d ON d.id = f.document_id "
            f"WHERE file_fts MATCH ? AND {task.where.sql} ORDER BY score DESC LIMIT ?",
            [match, *task.where.values, CANDIDATES],
        )
        scores = dict(reversed(files))
        shares = fusion.of_best(scores)
        marks = ", ".join("?" * len(shares))
        rows = self._rows(
            f"SELECT id, document_id, ordinal FROM passage WHERE document_id IN ({marks})",  # noqa: S608
            list(shares),
        )
        # Words in quotes must be in the text; a field of the name asks for no text.
        comes_in = not task.query.exact
        for id_, document, ordinal in rows:
            if id_ in task.found or (ordinal == 0 and comes_in):
                candidate = task.candidate(id_)
                candidate.add("name", shares[document], fusion.NAME)
                candidate.scores["name_bm25"] = scores[document]

    def _without_file(self) -> frozenset[int]:
        """Passages of documents that no file has now: what files held earlier.

        The same object as long as they are the same, for who searches keeps what follows from it.
        """
        last = self._rows("SELECT coalesce(max(id), 0) FROM document", ())[0][0]
        state = (self._catalog.generation(), last)
        if state != self._hidden_at:
            rows = self._rows(
                # CROSS JOIN: there are many passages, and hardly a document without a file. `main`:
                # also those that a catalog of some files only hides (lsfs.index.store.seen).
                "SELECT p.id FROM main.document d CROSS JOIN main.passage p "
                "ON p.document_id = d.id WHERE NOT EXISTS "
                "(SELECT 1 FROM file f WHERE f.document_id = d.id)",
                (),
            )
            hidden = frozenset(row[0] for row in rows)
            if hidden != self._hidden:
                self._hidden = hidden
            self._hidden_at = state
        return self._hidden

    def _allowed(self, where: Where) -> Any:
        """Ids of the passages of files that may be found, int64 [n]."""
        import numpy as np

        rows = self._rows(
            "SELECT d.id FROM file f JOIN document d ON d.id = f.document_id "  # noqa: S608
            f"WHERE {where.sql}",
            where.values,
        )
        documents, first, count = self._owned()
        chosen = np.isin(documents, [row[0] for row in rows])
        first, count = first[chosen], count[chosen]
        before = np.cumsum(count) - count  # of the passages of the documents before each
        return np.repeat(first - before, count) + np.arange(count.sum())

    def _owned(self) -> Any:
        """All documents with their first passage and how many it has, int64 [3, n].

        Kept while it is true. The passages of a document are stored at once, so their ids follow
        one another.
        """
        import numpy as np

        last = self._rows("SELECT coalesce(max(id), 0) FROM document", ())[0][0]
        state = (self._catalog.generation(), last)
        if self._owners is None or self._owners[0] != state:
            rows = self._rows(
                "SELECT document_id, min(id), count(*) FROM passage GROUP BY document_id", ()
            )
            self._owners = state, np.array(rows, np.int64).reshape(-1, 3).T
        return self._owners[1]

    def _newest(self, where: Where, k: int) -> list[Candidate]:
        rows = self._rows(
            "SELECT p.id FROM file f JOIN document d ON d.id = f.document_id "  # noqa: S608
            f"JOIN passage p ON p.document_id = d.id AND p.ordinal = 0 WHERE {where.sql} "
            "ORDER BY f.mtime_ns DESC LIMIT ?",
            [*where.values, k],
        )
        return [Candidate(row[0]) for row in rows]

    def _prefer(self, candidates: dict[int, Candidate], prefer: Preference) -> None:
        if prefer == Preference() or not candidates:
            return
        marks = ", ".join("?" * len(candidates))
        rows = self._rows(
            "SELECT p.id, f.id, f.kind, f.day, f.day_end FROM passage p "  # noqa: S608
            f"JOIN file f ON f.document_id = p.document_id WHERE p.id IN ({marks})",
            list(candidates),
        )
        strong = fusion.STRONG if prefer.strong else 0.0
        stated = self._dates_within({row[1] for row in rows}, prefer)
        for id_, file_id, kind, day, day_end in rows:
            if kind in prefer.kinds:
                candidates[id_].add("kind", 1.0, strong or fusion.KIND)
            share = date_share(day, day_end, stated.get(file_id, ()), prefer)
            if share > candidates[id_].scores.get("date_share", 0.0):  # of several equal files
                candidates[id_].add("date", share, strong or fusion.DATE)

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

    def _page(self, ranked: Sequence[Candidate], task: _Task, k: int, per_file: int) -> list[Hit]:
        """The first ``k`` hits, few of one file, and what stands elsewhere word for word last."""
        chosen: list[tuple[Candidate, tuple[Any, ...]]] = []
        again: list[tuple[Candidate, tuple[Any, ...]]] = []
        of_file: dict[bytes, int] = {}
        said: set[bytes] = set()
        for candidate, row in self._rows_of(ranked, task.where, min(3 * k, MOST_AT_ONCE)):
            raw, digest = row[1], row[-1]
            if raw not in of_file and not task.has(raw):
                of_file[raw] = per_file
            of_file[raw] = of_file.get(raw, 0) + 1
            if of_file[raw] <= per_file:
                (again if digest in said else chosen).append((candidate, row))
                said.add(digest)
                if len(chosen) >= k:
                    break
        page = (chosen + again)[:k]
        snippets = self._snippets.of([row[12] for _, row in page], task.wanted)
        return [_hit(row, candidate, s) for (candidate, row), s in zip(page, snippets, strict=True)]

    def _rows_of(
        self, ranked: Sequence[Candidate], where: Where, at_once: int
    ) -> Iterator[tuple[Candidate, tuple[Any, ...]]]:
        """Candidates with a row for each file that has the passage, fetched as they are needed."""
        first = 0
        while first < len(ranked):
            batch = ranked[first : first + at_once]
            rows = self._passages([candidate.id for candidate in batch], where)
            for candidate in batch:
                for row in rows.get(candidate.id, []):
                    yield candidate, row
            first, at_once = first + len(batch), min(2 * at_once, MOST_AT_ONCE)

    def _passages(self, ids: Sequence[int], where: Where) -> dict[int, list[tuple[Any, ...]]]:
        self._words.ahead(ids)
        marks = ", ".join("?" * len(ids))
        rows = self._rows(
            "SELECT p.id, f.path, p.page, p.page_end, p.line_start, p.line_end, p.char_start, "  # noqa: S608
            "p.char_end, d.title, f.day, f.kind, p.place, p.text, p.text_hash FROM passage p "
            "JOIN document d ON d.id = p.document_id JOIN file f ON f.document_id = d.id "
            f"WHERE p.id IN ({marks}) AND {where.sql} ORDER BY f.path",
            [*ids, *where.values],
        )
        found: dict[int, list[tuple[Any, ...]]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(row)
        return found

    def files(
        self, filters: Filters, limit: int = 500, order: str = "newest", *, unread: bool = False
    ) -> list[FoundFile]:
        """All files that pass the filters, with the words that date them.

        Args:
            order: ``newest``, ``oldest``, ``largest`` or ``smallest`` first; undated ones last.
            unread: also files without a document, where nothing is asked of text.
        """
        return listing.files(self._catalog, filters, limit, order, unread=unread)

    def dates(self, path: str) -> list[ContentDate]:
        """The dates that a file states, strongest first."""
        return listing.dates(self._catalog, path)

    def _rows(self, query: str, values: Iterable[object]) -> list[Any]:
        with self._catalog.lock:
            return self._catalog.db.execute(query, list(values)).fetchall()


def _hit(row: tuple[Any, ...], candidate: Candidate, shown: Snippet) -> Hit:
    _, raw, page, page_end, line, line_end, start, end, title, day, kind, where, text, _ = row
    path = os.fsdecode(raw)
    return Hit(
        path=path,
        page=page,
        page_end=page_end,
        line_start=line,
        line_end=line_end,
        char_start=start,
        char_end=end,
        score=round(candidate.score, 6),
        title=str(title) or PurePosixPath(path).name,
        date=str(day),
        text=str(text),
        kind=str(kind),
        explain={name: round(value, 6) for name, value in candidate.parts.items()},
        where=str(where),
        scores={name: round(value, 6) for name, value in candidate.scores.items()},
        snippet=shown.text,
        snippet_start=shown.start,
        highlights=shown.highlights,
    )


def _vector(task: _Task, embedder: Embedder) -> Any:
    """The query as a vector; misspelt words as they were meant."""
    words = task.query.words
    for one in task.corrections:
        words = words.lower().replace(one.word, one.instead[0])
    vector = embedder.encode_query(words)
    if not task.hypothetical:
        return vector
    import numpy as np

    # A hypothetical answer is like a passage, not like a question.
    mean = (vector + embedder.encode([task.hypothetical])[0]) / 2
    return mean / max(float(np.linalg.norm(mean)), 1e-9)
