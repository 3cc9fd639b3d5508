"""What the files of a drive are about, as a tree of topics that stays when files come and go.

Documents are grouped by their directions; a group of many documents is grouped again. The tree is
stored with its centroids: a new document goes to the nearest topic, and only when there are many
new ones are topics found anew. Those that have the same documents as before then keep their labels.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Collection, Iterator

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from lsfs import codec
from lsfs.index.find.stores import Vectors
from lsfs.index.groups import documents
from lsfs.index.groups.cluster import Labels, Matrix, clustered, normalised, reduced
from lsfs.index.groups.labels import Texts, label, terms
from lsfs.index.store.catalog import Catalog

SPLIT = (60, 400)  # documents from which on a topic of the first, of the second level is split
NEW_SHARE = 0.25  # of new documents, from which on topics are found anew
FEWEST = 3  # documents below which there are no topics
SAME = 0.5  # Jaccard of the documents of two topics that are one
ALIKE = 0.98  # cosine of the centroids of two topics that are one, where all was read anew
READ = 30  # documents of a topic whose words its label is found in
WORDS = "words"  # what stands for the embedder's name where there is none


class Topic(Struct, frozen=True):
    """A topic of the stored tree.

    Attributes:
        parent: id of the wider topic; None for one of the widest.
        name: what a language model calls it; "" without one.
    """

    id: int
    parent: int | None
    label: str
    name: str
    terms: tuple[str, ...]

    @property
    def shown(self) -> str:
        """Its name, or its label where it has none."""
        return self.name or self.label


class Found(Struct, frozen=True):
    """How the stored topics were found.

    Attributes:
        k: how many were asked for; 0 for none.
        by: name of the embedder, or :data:`WORDS`.
        count: how many documents they were found in.
        rarity: weights of words, as :func:`documents.by_words` gives them, in base64.
    """

    k: int = 0
    by: str = ""
    count: int = 0
    rarity: str = ""


class Branch(Struct):
    """A topic on its way into the tree.

    Attributes:
        members: rows of its documents.
    """

    members: Labels
    centroid: Matrix
    parts: list[Branch] = field(default_factory=list)
    terms: tuple[str, ...] = ()
    label: str = ""

    def leaves(self) -> Iterator[Branch]:
        """The narrowest topics below it; itself where there are none."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


class Directions(Struct, frozen=True):
    """Documents with their directions.

    Attributes:
        ids: [n].
        x: float32, [n, dimension].
        rarity: see :class:`Found`.
    """

    ids: documents.Ids
    x: Matrix
    rarity: str = ""


def found(catalog: Catalog) -> Found | None:
    """How the stored topics were found; None when there are none."""
    stored = catalog.meta("topics")
    return codec.loads(stored, Found) if stored else None


def directions(
    catalog: Catalog,
    vectors: Vectors | None,
    only: Collection[int] | None = None,
    rarity: str = "",
) -> Directions:
    """Directions of documents: by meaning where there are vectors, else by their words.

    In an order that depends on their contents alone, so that equal files have equal topics.
    """
    weights = ""
    if vectors is not None:
        ids, x = documents.by_meaning(catalog, vectors, only)
    else:
        known = np.frombuffer(base64.b64decode(rarity), np.float32) if rarity else None
        ids, x, used = documents.by_words(catalog, only, known)
        weights = base64.b64encode(used.tobytes()).decode()
    digests = {id_: digest for digest, id_ in catalog.documents().items()}
    order = sorted(range(len(ids)), key=lambda n: digests.get(int(ids[n]), b""))
    return Directions(ids[order], x[order], weights)


def tree(x: Matrix, k: int = 0) -> list[Branch]:
    """Topics of documents by their directions.

    Args:
        x: float32, [n, dimension], of length 1.
        k: so many topics on one level; 0 lets the documents decide, on up to three levels.
    """
    return _parts(x, np.arange(len(x)), k, 0)


def _parts(x: Matrix, members: Labels, k: int, level: int) -> list[Branch]:
    """Topics of some of the documents, the largest first."""
    part = x[members]
    labels = clustered(reduced(part), k).labels if len(members) >= FEWEST else None
    if labels is None or labels.max(initial=0) == 0:
        return [] if level else [Branch(members, _centroid(part))]
    branches = []
    for number in range(int(labels.max()) + 1):
        own = members[labels == number]
        branch = Branch(own, _centroid(x[own]))
        if not k and level < len(SPLIT) and len(own) >= SPLIT[level]:
            branch.parts = _parts(x, own, 0, level + 1)
        branches.append(branch)
    return sorted(branches, key=lambda one: (-len(one.members), int(one.members[0])))


def _centroid(x: Matrix) -> Matrix:
    mean: Matrix = normalised(x.mean(axis=0, keepdims=True))[0]
    return mean


def label_all(catalog: Catalog, branches: list[Branch], known: Directions) -> None:
    """Give topics their terms and labels, from the words of their most typical documents."""
    leaves = [leaf for branch in branches for leaf in branch.leaves()]
    chosen: dict[int, int] = {}
    for number, leaf in enumerate(leaves):
        likeness = known.x[leaf.members] @ leaf.centroid
        typical = leaf.members[np.argsort(-likeness, kind="stable")[:READ]]
        chosen |= dict.fromkeys(known.ids[typical].tolist(), number)
    texts = [Texts() for _ in leaves]
    for document, text in documents.beginnings(catalog, chosen.keys()):
        texts[chosen[document]].add(text)
    for one in texts:
        one.settle()
    _label(branches, {id(leaf): text for leaf, text in zip(leaves, texts, strict=True)})


def _label(branches: list[Branch], texts: dict[int, Texts]) -> None:
    """Label siblings by what tells them apart; words of the topic above say nothing more."""
    joined = [
        Texts.joined(texts[id(leaf)] for leaf in branch.leaves()) if branch.parts
        else texts[id(branch)]
        for branch in branches
    ]  # fmt: skip
    taken: set[str] = set()
    for branch, own in zip(branches, terms(joined), strict=True):
        branch.terms, branch.label = own, label(own, taken)
        taken.add(branch.label)
        _label(branch.parts, texts)


# --- kept in the catalog


def refresh(
    catalog: Catalog,
    vectors: Vectors | None,
    by: str,
    *,
    k: int | None = None,
    anew: bool = False,
) -> bool:
    """Bring the stored topics up to date; says whether a file has another topic, or one at last.

    Args:
        by: name of the embedder, or :data:`WORDS`.
        k: so many topics; 0 lets the documents decide, None leaves it as it was.
        anew: find them anew in any case.
    """
    before = found(catalog)
    asked = k if k is not None else 0 if before is None or anew else before.k
    new = _unplaced(catalog)
    same = before is not None and (before.by, before.k) == (by, asked) and not anew
    if before is not None and same and len(new) <= NEW_SHARE * before.count:
        return bool(new) and _place(catalog, directions(catalog, vectors, new, before.rarity))
    known = directions(catalog, vectors)
    if len(known.ids) < FEWEST:
        _forget(catalog)
        return False
    branches = tree(known.x, asked)
    label_all(catalog, branches, known)
    _store(catalog, branches, known, Found(asked, by, len(known.ids), known.rarity))
    return True


def is_due(catalog: Catalog, by: str) -> bool:
    """Whether :func:`refresh` would have anything to do."""
    before = found(catalog)
    return before is None or before.by != by or bool(_unplaced(catalog))


def _unplaced(catalog: Catalog) -> set[int]:
    """Documents with text that files have and no topic."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT DISTINCT f.document_id FROM file f WHERE f.document_id IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM document_topic t WHERE t.document_id = f.document_id) "
            "AND EXISTS (SELECT 1 FROM passage p WHERE p.document_id = f.document_id)"
        ).fetchall()
    return {row[0] for row in rows}


def _place(catalog: Catalog, new: Directions) -> bool:
    """Put documents into the narrowest topics that are nearest to them, if there are any."""
    if not len(new.ids):
        return False
    # One transaction: topics that another thread finds anew meanwhile have other numbers.
    with catalog.transaction() as db:
        rows = db.execute(
            "SELECT id, centroid FROM topic WHERE id NOT IN "
            "(SELECT parent FROM topic WHERE parent IS NOT NULL) ORDER BY id"
        ).fetchall()
        centroids = np.array([np.frombuffer(raw, np.float32) for _, raw in rows])
        likeness = new.x @ centroids.T
        nearest = likeness.argmax(axis=1)
        placed = [
            (int(document), rows[at][0], float(likeness[n, at]))
            for n, (document, at) in enumerate(zip(new.ids, nearest.tolist(), strict=True))
        ]
        db.executemany("INSERT OR REPLACE INTO document_topic VALUES (?, ?, ?)", placed)
    return True


def _forget(catalog: Catalog) -> None:
    with catalog.transaction() as db:
        db.execute("DELETE FROM document_topic")
        db.execute("DELETE FROM topic")
        catalog.set_meta("topics", "")


def _store(catalog: Catalog, branches: list[Branch], known: Directions, how: Found) -> None:
    """Replace the stored topics; those that stay the same keep number, label and name."""
    before = _members(catalog)
    kept = {topic.id: topic for topic in topics(catalog)}
    empty = _centroids(catalog, kept.keys() - before.keys(), known.x.shape[1])
    with catalog.transaction() as db:
        db.execute("DELETE FROM document_topic")
        db.execute("DELETE FROM topic")

        def store(branch: Branch, parent: int | None, taken: set[str]) -> None:
            ids = known.ids[branch.members]
            old = _same(set(ids.tolist()), before)
            old = _alike(branch.centroid, empty) if old is None else old
            topic = kept.pop(old, None) if old is not None else None
            name = topic.name if topic else ""
            shown = topic.label if topic and topic.label not in taken else branch.label
            taken.add(shown)
            cursor = db.execute(
                "INSERT INTO topic VALUES (?, ?, ?, ?, ?, ?)",
                (topic.id if topic else None, parent, shown, name, codec.dumps(branch.terms),
                 branch.centroid.tobytes()),
            )  # fmt: skip
            if topic:
                before.pop(topic.id, None)
                empty.pop(topic.id, None)
            narrower: set[str] = set()
            for part in branch.parts:
                store(part, cursor.lastrowid, narrower)
            if not branch.parts:
                likeness = known.x[branch.members] @ branch.centroid
                rows = zip(ids.tolist(), [cursor.lastrowid] * len(ids), likeness.tolist(),
                           strict=True)  # fmt: skip
                db.executemany("INSERT INTO document_topic VALUES (?, ?, ?)", rows)

        taken: set[str] = set()
        for branch in branches:
            store(branch, None, taken)
        catalog.set_meta("topics", codec.dumps(how))


def _same(members: set[int], before: dict[int, set[int]]) -> int | None:
    """The topic that had mostly the same documents."""

    def share(old: set[int]) -> float:
        return len(members & old) / len(members | old)

    best = max(before, key=lambda id_: (share(before[id_]), -id_), default=None)
    return best if best is not None and share(before[best]) >= SAME else None


def _alike(centroid: Matrix, before: dict[int, Matrix]) -> int | None:
    """The topic of almost the same direction."""
    likeness = {id_: float(centroid @ old) for id_, old in before.items()}
    best = max(likeness, key=lambda id_: (likeness[id_], -id_), default=None)
    return best if best is not None and likeness[best] >= ALIKE else None


def _centroids(catalog: Catalog, ids: Collection[int], dimension: int) -> dict[int, Matrix]:
    """Directions of topics; of those that another embedding model gave none."""
    with catalog.lock:
        rows = catalog.db.execute("SELECT id, centroid FROM topic").fetchall()
    read = {id_: np.frombuffer(raw, np.float32) for id_, raw in rows if id_ in ids}
    return {id_: found for id_, found in read.items() if len(found) == dimension}


def _members(catalog: Catalog) -> dict[int, set[int]]:
    """The documents of every topic, those of narrower ones included."""
    above = {topic.id: topic.parent for topic in topics(catalog)}
    with catalog.lock:
        rows = catalog.db.execute("SELECT topic_id, document_id FROM document_topic").fetchall()
    members: dict[int, set[int]] = defaultdict(set)
    for topic, document in rows:
        at: int | None = topic
        while at is not None:
            members[at].add(document)
            at = above.get(at)
    return dict(members)


def topics(catalog: Catalog) -> list[Topic]:
    """The stored topics."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT id, parent, label, name, terms FROM topic ORDER BY id"
        ).fetchall()
    return [
        Topic(id_, parent, shown, name, codec.loads(words, tuple[str, ...]))
        for id_, parent, shown, name, words in rows
    ]


def placed(catalog: Catalog) -> dict[int, tuple[int, float]]:
    """The narrowest topic of each document, and how like it the document is."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT document_id, topic_id, likeness FROM document_topic"
        ).fetchall()
    return {document: (topic, likeness) for document, topic, likeness in rows}


def typical(catalog: Catalog, topic: int, count: int) -> list[int]:
    """The documents of a topic that are most like it, those of narrower ones included."""
    with catalog.lock:
        rows = catalog.db.execute(
            "WITH RECURSIVE below(id) AS (VALUES (?) UNION ALL "
            "SELECT t.id FROM topic t JOIN below ON t.parent = below.id) "
            "SELECT document_id FROM document_topic WHERE topic_id IN (SELECT id FROM below) "
            "ORDER BY likeness DESC, document_id LIMIT ?",
            (topic, count),
        ).fetchall()
    return [row[0] for row in rows]


def call_it(catalog: Catalog, topic: Topic, name: str) -> Topic:
    """Give a topic a name."""
    with catalog.lock:
        catalog.db.execute("UPDATE topic SET name = ? WHERE id = ?", (name, topic.id))
    return replace(topic, name=name)
