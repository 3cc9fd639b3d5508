"""Joins as folders, and any documents one after the other as one file.

A join is made by ``mkdir "join/invoices+contracts on counterparty"`` and forgotten by ``rmdir``.
``join/<a>+<b>`` is there for any two documents and more, without being made or listed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator

from msgspec import Struct

from lsfs import codec, concatenation, markdown
from lsfs.fuse import rendering
from lsfs.fuse.branches import nodes
from lsfs.fuse.branches.linked import distinct_names
from lsfs.fuse.branches.nodes import Branch, Node, NodeKind, Parts
from lsfs.fuse.branches.text import TextBranch
from lsfs.fuse.knowledge import Brain, Fresh, Published
from lsfs.joins import Evidence, JoinRow, SavedJoin, csv_of
from lsfs.model import Document, DocumentEntry
from lsfs.places import cited

ROWS, ROWS_CSV, ROWS_JSON = "ROWS.md", "rows.csv", "rows.json"
TEXT, PAGE_MAP = ".md", ".json"
MOST_FILES = 50  # that one name joins
SHOWN_NAME = 60  # bytes of each file's name in that of a row


class _Rows(Struct, frozen=True):
    """A join as entries, made once for its rows."""

    saved: SavedJoin
    files: dict[str, bytes]
    rows: dict[str, dict[str, str]]  # paths by name of the link, by name of the row's folder


class _Documents(TextBranch):
    """The documents of the drive by their own names."""

    suffix = ""

    def folder(self, names: Parts) -> bool:
        """Whether documents are below a folder."""
        return self._folder(names) is not None

    def entry(self, path: str) -> DocumentEntry | None:
        """A document by its path."""
        *folders, name = path.split("/")
        folder = self._folder(tuple(folders))
        return folder.documents.get(name) if folder else None


class JoinBranch(Branch):
    """``join/<join>/`` and ``join/<a>+<b>``.

    Args:
        published: what the brain has published.
        brain: makes and forgets joins.
        generation: of the index.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        published: Published,
        brain: Brain,
        generation: Fresh[int],
        monotonic: Callable[[], float],
    ) -> None:
        self._published = published
        self._brain = brain
        self._monotonic = monotonic
        self._documents = _Documents(published, generation, monotonic)
        self._names: Fresh[list[str]] = Fresh(published.joins, [], monotonic)
        self._joins: dict[str, Fresh[SavedJoin | None]] = {}
        self._rows: dict[str, _Rows] = {}

    # --- looking

    def lookup(self, parts: Parts) -> Node:
        """A join, something in one, or documents one after the other."""
        if len(parts) == 1:
            return nodes.directory(parts, writable=True)
        rows = self._rows_of(parts[1])
        if rows is None:
            return self._concatenation(parts)
        if len(parts) == 2:
            return nodes.directory(parts, writable=True)
        if len(parts) == 3:
            if parts[2] in rows.files:
                return nodes.file(parts, rows.files[parts[2]])
            if parts[2] in rows.rows:
                return nodes.directory(parts)
        links = rows.rows.get(parts[2], {}) if len(parts) == 4 else {}
        if parts[-1] not in links:
            raise nodes.error(errno.ENOENT, parts)
        target = b"../" * len(parts) + os.fsencode(links[parts[-1]])
        return nodes.link(parts, target[: rendering.LINK_MAX])

    def listing(self, parts: Parts) -> list[tuple[str, Node]]:
        """The joins; what is in one; the two files of a row."""
        names: list[str] = []
        if len(parts) == 1:
            names = self._names.get()
        elif (rows := self._rows_of(parts[1])) is not None:
            names = [*rows.files, *rows.rows] if len(parts) == 2 else [*rows.rows[parts[2]]]
        return [(name, self.lookup((*parts, name))) for name in names]

    def read(self, parts: Parts) -> bytes:
        """A file of a join; or documents, written anew."""
        node = self.lookup(parts)
        if node.content is not None or node.kind is NodeKind.DIRECTORY:
            return nodes.content_of(node, parts)
        paths = self._joined("/".join(parts[1:]))[0]
        documents = [self._document(path, parts) for path in paths]
        sources = [(path, len(one.pages)) for path, one in zip(paths, documents, strict=True)]
        heads = concatenation.headers(sources)
        return b"".join(
            head + markdown.whole(one) for head, one in zip(heads, documents, strict=True)
        )

    def _document(self, path: str, parts: Parts) -> Document:
        found = self._published.document(path)
        if found is None:
            raise nodes.error(errno.ENOENT, parts)
        return found

    # --- changing

    def mkdir(self, parts: Parts) -> None:
        """Make a join.

        Raises:
            OSError: EEXIST, EINVAL (no name), EROFS (no place for a join).
            LsfsError: the brain refused: it is no join.
        """
        if len(parts) != 2:
            raise nodes.error(errno.EROFS, parts)
        if parts[1] in self._names.get():
            raise nodes.error(errno.EEXIST, parts)
        if not nodes.is_name(parts[1]):
            raise nodes.error(errno.EINVAL, parts)
        try:
            self._brain.save_join(parts[1])
        finally:
            # Also after a failure: a request that timed out may be carried out all the same.
            self._forget()

    def rmdir(self, parts: Parts) -> None:
        """Forget a join; its files are not touched.

        Raises:
            OSError: ENOENT, ENOTDIR, EROFS (no join).
            LsfsError: the brain refused.
        """
        if len(parts) != 2 or parts[1] not in self._names.get():
            self.lookup(parts)
            raise nodes.error(errno.EROFS, parts)
        try:
            self._brain.drop_join(parts[1])
        finally:
            self._forget()

    def _forget(self) -> None:
        self._names.forget()
        self._joins.clear()

    # --- joins

    def _rows_of(self, name: str) -> _Rows | None:
        """The entries of a join; None when nobody made it."""
        if name not in self._names.get():
            self._joins.pop(name, None)
            self._rows.pop(name, None)
            return None
        fresh = self._joins.get(name)
        if fresh is None:
            fresh = Fresh(lambda: self._published.join(name), None, self._monotonic)
            self._joins[name] = fresh
        saved = fresh.get()
        if saved is None:
            return None
        known = self._rows.get(name)
        # Equal rows of a later generation keep the texts, and with them the sizes.
        if known is None or known.saved != saved:
            known = self._rows[name] = _Rows(saved, _files(saved), _folders(saved))
        return known

    # --- documents one after the other

    def _concatenation(self, parts: Parts) -> Node:
        """The file, or a folder on the way to one."""
        path = "/".join(parts[1:])
        paths, form = self._joined(path)
        if not paths:
            if self._leads_on(path):
                return nodes.directory(parts)
            raise nodes.error(errno.ENOENT, parts)
        entries = [entry for one in paths if (entry := self._documents.entry(one))]
        sources = [(one, entry.pages) for one, entry in zip(paths, entries, strict=True)]
        if form == PAGE_MAP:
            pages = concatenation.page_map(sources)
            data = codec.dumps({"files": paths, "pages": list(pages)}, indent=2) + "\n"
            return nodes.file(parts, data.encode())
        size = sum(entry.text_bytes for entry in entries)
        size += sum(map(len, concatenation.headers(sources)))
        return nodes.file_to_make(parts, size, mtime_ns=max(entry.mtime_ns for entry in entries))

    def _joined(self, path: str) -> tuple[list[str], str]:
        """The documents that a path joins, and as what; none where it joins none."""
        for form in ("", TEXT, PAGE_MAP):
            if path.endswith(form):
                found = self._split(path.removesuffix(form).split("+"))
                if len(found) > 1:
                    return found, form or TEXT
        return [], ""

    def _split(self, pieces: list[str]) -> list[str]:
        """Documents whose paths are pieces, or several with "+" between; [] where not all are."""
        if not 2 <= len(pieces) <= MOST_FILES:
            return []
        # From the end: what is behind each piece, if all of that are documents.
        behind: list[list[str] | None] = [None] * len(pieces) + [[]]
        for start in reversed(range(len(pieces))):
            for end in range(start + 1, len(pieces) + 1):
                rest = behind[end]
                one = "+".join(pieces[start:end])
                if rest is not None and self._documents.entry(one) is not None:
                    behind[start] = [one, *rest]
                    break
        return behind[0] or []

    def _leads_on(self, path: str) -> bool:
        """Whether documents below a folder can follow: ``a.pdf+Contracts``."""
        for at in (0, *(n + 1 for n, character in enumerate(path) if character == "+")):
            before, folder = path[:at].removesuffix("+"), path[at:]
            if not folder or not self._documents.folder(tuple(folder.split("/"))):
                continue
            pieces = before.split("+") if before else []
            if not before or self._documents.entry(before) or self._split(pieces):
                return True
        return False


# --- what a join's folder holds


def _files(saved: SavedJoin) -> dict[str, bytes]:
    rows = saved.joined.rows
    data = {
        "name": saved.name, "rows": list(rows), "total": saved.joined.total,
        "more": saved.joined.more, "left_missing": list(saved.joined.left_missing),
        "right_missing": list(saved.joined.right_missing), "notes": list(saved.joined.notes),
        "problem": saved.problem,
    }  # fmt: skip
    return {
        ROWS: _page(saved).encode("utf-8", "replace"),
        ROWS_CSV: csv_of(rows).encode(),
        ROWS_JSON: (codec.dumps(data, indent=2) + "\n").encode(),
    }


def _folders(saved: SavedJoin) -> dict[str, dict[str, str]]:
    """For each row a folder with links to both files."""
    width = max(3, len(str(len(saved.joined.rows))))
    found: dict[str, dict[str, str]] = {}
    for number, row in enumerate(saved.joined.rows, 1):
        paths = [path for path in (row.left, row.right) if path]
        shown = " + ".join(_shown(path) for path in paths)
        found[rendering.safe_name(f"{number:0{width}d} {shown}")] = distinct_names(paths)
    return found


def _shown(path: str) -> str:
    return rendering.safe_name(path.rpartition("/")[2], SHOWN_NAME)


def _page(saved: SavedJoin) -> str:
    """The rows for people, as Markdown."""
    joined = saved.joined
    parts = [f"# {rendering.one_line(saved.name)}"]
    if saved.problem:
        parts.append(f"This cannot be joined: {rendering.one_line(saved.problem)}")
        return "\n\n".join(parts) + "\n"
    count = f"{len(joined.rows)} of {joined.total} rows" if joined.more else f"{joined.total} rows"
    parts.append(count)
    parts += [rendering.one_line(note) for note in joined.notes]
    parts += [part for number, row in enumerate(joined.rows, 1) for part in _entry(number, row)]
    for side, paths in (("left", joined.left_missing), ("right", joined.right_missing)):
        if paths:
            listed = "\n".join(f"- {rendering.one_line(path)}" for path in paths)
            parts.append(f"## Files of the {side} that state no such key\n\n{listed}")
    return "\n\n".join(parts) + "\n"


def _entry(number: int, row: JoinRow) -> Iterator[str]:
    sides = ((row.left, row.left_place), (row.right, row.right_place))
    names = " + ".join(rendering.one_line(cited(*side)) for side in sides if side[0])
    yield f"## {number}. {names}"
    if row.why:
        yield rendering.one_line(row.why)
    for key in row.keys:
        yield f"{rendering.one_line(key.on)}: {rendering.one_line(key.how)} ({key.score:.2f})"
        yield "\n".join((_stated(key.left), _stated(key.right)))


def _stated(one: Evidence) -> str:
    place = rendering.one_line(cited(one.path, one.where))
    return f"- {place}: {rendering.one_line(one.value)}\n  > {rendering.one_line(one.quote)}"
