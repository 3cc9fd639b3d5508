"""What a query looks for, as expressions of FTS5 and as conditions in SQL."""

from __future__ import annotations

import math
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from lsfs.index.find import terms
from lsfs.index.find.common_words import Frequencies
from lsfs.index.find.query import Any, Both, Leaf, Node, Without

# Columns of passage_fts and file_fts with their weights in BM25.
PASSAGE_RANK = "bm25(passage_fts, 1.0, 0.4, 1.0)"  # text, heading, parts
FILE_RANK = "bm25(file_fts, 1.0, 1.5, 1.0, 1.5)"  # name, title, name_parts, title_parts
_COLUMNS = {"": "", "heading": "heading : ", "title": "{title title_parts} : ",
            "path": "{name name_parts} : "}  # fmt: skip
K1 = 1.2  # of BM25 in FTS5
REPEATS = 4  # of a word in a query that still add to its weight
LONGEST = 300  # words of a query that are looked for
# Letters that the stemmer may have taken off what a word begins with, and that it leaves.
STEM_CUTS, STEM_LEAST = 3, 5
BEGINS = "word_begins"  # :func:`begins`, as the connection must have it

_TEXT = (
    "d.id IN (SELECT p.document_id FROM passage_fts CROSS JOIN passage p "
    "ON p.id = passage_fts.rowid WHERE passage_fts MATCH ?)"
)
_BEGINNING = _TEXT.replace("MATCH ?)", f"MATCH ? AND {BEGINS}(p.text || ' ' || p.heading, ?))")
_NAME = "f.id IN (SELECT rowid FROM file_fts WHERE file_fts MATCH ?)"


class Condition(Struct, frozen=True):
    """A condition over ``file f`` and ``document d``, and its bound values."""

    sql: str
    values: tuple[object, ...] = ()


def expression(leaf: Leaf, *, loosely: bool = False) -> str:
    """What matches one thing to look for; "" when nothing can.

    Args:
        loosely: parts of a compound word count, too.
    """
    body = _BODY[leaf.kind](leaf, loosely)
    return f"{_COLUMNS[leaf.field]}{body}" if body and leaf.field else body


def wanted(leaves: Sequence[Leaf], *, field: bool = True) -> str:
    """An expression that any of several things satisfies; its BM25 ranks.

    Args:
        field: see :func:`ranking`.
    """
    return " OR ".join(ranking(leaves, field=field))


def ranking(leaves: Sequence[Leaf], *, field: bool = True) -> list[str]:
    """The expressions that rank, each as often as it weighs.

    A word that a query repeats counts as often: in long queries the words that come again are the
    topic. (BM25's k3 without an end, Robertson et al. 1994, as Lucene has it.)

    Args:
        field: leave out what is looked for in names and titles; False ignores the fields.
    """
    found: list[str] = []
    times: dict[str, int] = {}
    for leaf in leaves[:LONGEST]:
        if field and leaf.field in ("title", "path"):
            continue
        plain = leaf if field else Leaf(leaf.kind, leaf.text, distance=leaf.distance)
        one = expression(plain, loosely=True)
        times[one] = times.get(one, 0) + 1
        if one and times[one] <= REPEATS:
            found.append(one)
    return found


def most(terms: Sequence[str], frequencies: Frequencies, db: sqlite3.Connection) -> float:
    """The greatest BM25 that a passage could have: of all terms, each as often as can be.

    The bound of Bruch, Gai and Ingber (TOIS 2023, section 4.1) for a normalisation that does not
    take the best of what there is for good.

    Args:
        terms: of :func:`ranking`.
        frequencies: in how many passages each stands.
        db: the catalog, whose lock the caller holds.
    """
    total = 0.0
    for term, times in Counter(terms).items():
        # The words are counted over all passages, also where only some of them may be seen.
        holding = min(frequencies.of(db, term), frequencies.passages)
        idf = math.log((frequencies.passages - holding + 0.5) / (holding + 0.5))
        total += times * max(idf, 1e-6) * (K1 + 1)  # as FTS5 has it
    return total


def condition(node: Node) -> Condition:
    """A condition of a query as SQL."""
    if isinstance(node, Without):
        inner = condition(node.part)
        return Condition(f"NOT ({inner.sql})", inner.values)
    if isinstance(node, (Both, Any)):
        parts = [condition(part) for part in node.parts]
        joint = " AND " if isinstance(node, Both) else " OR "
        values = tuple(value for part in parts for value in part.values)
        return Condition(joint.join(f"({part.sql})" for part in parts) or "1", values)
    return _leaf(node)


def _leaf(leaf: Leaf) -> Condition:
    match = expression(leaf)
    if not match:
        return Condition("0")
    if leaf.field == "path":
        return Condition(_NAME, (match,))
    if leaf.field == "title":
        # A file without a title goes by its name.
        name = expression(Leaf(leaf.kind, leaf.text, "path", leaf.distance))
        return Condition(f"{_NAME} OR (d.title = '' AND {_NAME})", (match, name))
    if leaf.kind == "prefix" and not terms.is_dense(leaf.text):
        return Condition(_BEGINNING, (match, leaf.text))
    return Condition(_TEXT, (match,))


# --- one leaf


def _word(leaf: Leaf, loosely: bool) -> str:
    return terms.either((terms.loose if loosely else terms.forms)(leaf.text))


def _phrase(leaf: Leaf, _: bool) -> str:
    """The words one after the other; of a script without blanks, its letters."""
    pieces = terms.written(leaf.text)
    if len(pieces) == 1:
        return terms.either(terms.forms(pieces[0]))
    if any(terms.is_dense(piece) for piece in pieces):
        return _every(pieces)
    plain = terms.quoted(leaf.text)
    folded = terms.quoted(" ".join(terms.fold(piece) for piece in pieces))
    return terms.either([plain, folded] if not leaf.text.isascii() else [plain])


def _every(pieces: Iterable[str]) -> str:
    parts = [part for part in (terms.either(terms.forms(one)) for one in pieces) if part]
    return f"({' AND '.join(parts)})" if parts else ""


def _prefix(leaf: Leaf, _: bool) -> str:
    """Words that begin so, and some that do not.

    The index holds stems, which may be shorter than the beginning of a word: ``universi*`` means
    ``univers``, too. What the text really has is looked at by :func:`begins`.
    """
    if terms.is_dense(leaf.text):
        return terms.either(terms.forms(leaf.text))
    shorter = leaf.text[: max(len(leaf.text) - STEM_CUTS, STEM_LEAST)]
    return terms.either(f"{form} *" for form in (terms.quoted(leaf.text), terms.quoted(shorter)))


def begins(text: str, beginning: str) -> bool:
    """Whether a word of a text begins so; cases and accents aside."""
    pattern = rf"(?<![^\W_]){re.escape(terms.fold(beginning))}"
    return re.search(pattern, terms.fold(text)) is not None


def _near(leaf: Leaf, _: bool) -> str:
    pieces = []
    for word in terms.written(leaf.text):
        form = terms.forms(word)[0]
        if not form.startswith('"'):
            return _every(terms.written(leaf.text))
        pieces.append(form.removesuffix(" *"))
    return f"NEAR({' '.join(pieces)}, {leaf.distance})" if pieces else ""


_BODY = {"word": _word, "phrase": _phrase, "prefix": _prefix, "near": _near}
