"""An index and a brain in memory, and a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import Struct
from msgspec.structs import replace

from lsfs.fuse.virtual import VirtualTree
from lsfs.index.groups.grouped import Links, SavedGroup
from lsfs.joins import Joined, SavedJoin
from lsfs.model import (
    Block,
    BlockKind,
    Citation,
    Document,
    DocumentEntry,
    FileProblem,
    FolderEntries,
    Hit,
    IndexCounts,
    Page,
    SavedQuestion,
    SavedSearch,
    Span,
    Statement,
)
from lsfs.summaries import Summary, SummaryPart


def hit(path: str, text: str = "the rent is due", page: int | None = 2) -> Hit:
    return Hit(path, page, page, None, None, 0, len(text), 0.5, "A title", "2023-05-01", text)


class File(Struct, frozen=True):
    path: str
    suffix: str
    status: str
    author: str
    pages: int
    dates: list[str]
    until: str
    parties: tuple[str, ...] = ()
    kind: str = ""
    topics: tuple[str, ...] = ()


class Index:
    """What a brain has published, and the brain."""

    def __init__(self) -> None:
        self.made: dict[str, SavedSearch] = {}
        self.hits: tuple[Hit, ...] = ()
        self.grouped: dict[str, SavedGroup] = {}
        self.links: tuple[Links, ...] = ()
        self.joined: dict[str, SavedJoin] = {}
        self.rows = Joined((), 0, more=False, left_files=0, right_files=0)
        self.asked_questions: dict[str, SavedQuestion] = {}
        self.files: dict[str, File] = {}
        self.current = 1
        self.trouble: list[FileProblem] = []
        self.error: Exception | None = None  # of whoever is asked
        self.brain_error: Exception | None = None  # of the brain alone
        self.asked: list[str] = []

    # --- setting the stage

    def add(
        self,
        path: str,
        *,
        suffix: str | None = None,
        status: str = "ok",
        author: str = "",
        pages: int = 0,
        dates: list[str] | None = None,
        until: str = "",
        parties: tuple[str, ...] = (),
        kind: str = "",
        topics: tuple[str, ...] = (),
    ) -> None:
        ending = path.rpartition(".")[2] if suffix is None else suffix
        self.files[path] = File(
            path, ending, status, author, pages, dates or [], until, parties, kind, topics
        )
        self.current += 1

    def asked_for(self, name: str, question: str) -> None:
        self.asked_questions[name] = SavedQuestion(name, question)

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if self.error:
            raise self.error

    # --- what is published

    def generation(self) -> int:
        self._note("generation")
        return self.current

    def searches(self) -> list[str]:
        self._note("searches")
        return sorted(self.made)

    def search(self, name: str) -> SavedSearch | None:
        self._note("search")
        return self.made.get(name)

    def questions(self) -> list[str]:
        self._note("questions")
        return sorted(self.asked_questions)

    def question(self, name: str) -> SavedQuestion | None:
        self._note("question")
        return self.asked_questions.get(name)

    def joins(self) -> list[str]:
        self._note("joins")
        return sorted(self.joined)

    def join(self, name: str) -> SavedJoin | None:
        self._note("join")
        return self.joined.get(name)

    def counts(self) -> IndexCounts:
        self.asked.append("counts")
        return IndexCounts(files=3, indexed=2, pending=1, generation=self.current)

    def progress(self) -> dict[str, object]:
        return {}

    def problems(self) -> list[FileProblem]:
        return self.trouble

    def dated(self) -> list[tuple[str, str, str]]:
        self._note("dated")
        return [(f.path, f.dates[0], f.until) for f in self.files.values() if f.dates]

    def typed(self) -> list[tuple[str, str]]:
        self._note("typed")
        return [(f.path, f.suffix) for f in self.files.values()]

    def parties(self) -> list[tuple[str, str]]:
        self._note("parties")
        return [(f.path, party) for f in self.files.values() for party in f.parties]

    def authored(self) -> list[tuple[str, str]]:
        self._note("authored")
        return [(f.path, f.author) for f in self.files.values() if f.author]

    def kinds(self) -> list[tuple[str, str]]:
        self._note("kinds")
        return [(f.path, f.kind) for f in self.files.values() if f.kind]

    def topics(self) -> list[tuple[str, tuple[str, ...]]]:
        self._note("topics")
        return [(f.path, f.topics) for f in self.files.values() if f.topics]

    def groupings(self) -> list[str]:
        self._note("groupings")
        return sorted(self.grouped)

    def grouping(self, name: str) -> SavedGroup | None:
        self._note("grouping")
        return self.grouped.get(name)

    def folder(self, path: str) -> FolderEntries:
        self._note(f"folder {path}")
        start = f"{path}/" if path else ""
        below = [f for f in self.files.values() if f.path.startswith(start) and f.status == "ok"]
        own = [f for f in below if "/" not in f.path[len(start) :]]
        folders = {f.path[len(start) :].split("/")[0] for f in below if f not in own}
        return FolderEntries(
            tuple(sorted(folders)),
            tuple(DocumentEntry(f.path[len(start) :], 5, 100, f.pages) for f in own),
        )

    def page_sizes(self, path: str) -> tuple[int, ...]:
        self._note("page_sizes")
        return (10,) * self.files[path].pages if path in self.files else ()

    def document(self, path: str) -> Document | None:
        self._note(f"document {path}")
        file = self.files.get(path)
        return paged(max(1, file.pages)) if file and file.status == "ok" else None

    def status(self, path: str) -> str:
        self._note("status")
        return self.files[path].status if path in self.files else ""

    def dates(self, path: str) -> list[str]:
        return self.files[path].dates if path in self.files else []

    # --- what the brain does

    def _act(self, what: str) -> None:
        self._note(what)
        if self.brain_error:
            raise self.brain_error

    def save_search(self, name: str) -> None:
        self._act("save_search")
        self.made[name] = SavedSearch(name, self.current, self.hits)

    def drop_search(self, name: str) -> None:
        self._act("drop_search")
        del self.made[name]

    def save_group(self, name: str) -> None:
        self._act("save_group")
        self.grouped[name] = SavedGroup(name, "{}", self.current, name, self.links)

    def drop_group(self, name: str) -> None:
        self._act("drop_group")
        del self.grouped[name]

    def save_join(self, name: str) -> None:
        self._act("save_join")
        self.joined[name] = SavedJoin(name, "{}", self.current, self.rows)

    def drop_join(self, name: str) -> None:
        self._act("drop_join")
        del self.joined[name]

    def save_question(self, name: str, question: str) -> None:
        self._act("save_question")
        self.asked_for(name, question)

    def drop_question(self, name: str) -> None:
        self._act("drop_question")
        del self.asked_questions[name]

    def answer(self, name: str) -> SavedQuestion:
        self._act("answer")
        asked = self.asked_questions[name]
        found = replace(
            asked, generation=self.current, time_ns=7, answer=f"In state {self.current}."
        )
        self.asked_questions[name] = found
        return found

    def summarize(self, path: str) -> Summary:
        self._act("summarize")
        said = f"{path} in short."
        return Summary(
            said, "extractive", "page", True, (Citation(path, 3, None, None, said, "p.3"),),
            (Statement(said, (0,), True),), (SummaryPart("", (0,)),), title=path, paths=(path,),
        )  # fmt: skip


def paged(count: int) -> Document:
    """A document of so many pages, each with a line of its own."""
    texts = [f"page {number}" for number in range(1, count + 1)]
    blocks, pages, at = [], [], 0
    for number, text in enumerate(texts, 1):
        end = at + len(text)
        span = Span(at, end, page=number)
        blocks.append(Block(BlockKind.PARAGRAPH, text, at, end, spans=(span,)))
        pages.append(Page(number, str(number), at, min(end + 2, len("\n\n".join(texts)))))
        at = end + 2
    return Document(
        "text/plain", "fake", 1, text="\n\n".join(texts), blocks=tuple(blocks), pages=tuple(pages)
    )


class Seconds:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def names(tree: VirtualTree, *parts: str) -> list[str]:
    return [name for name, _ in tree.listing(parts)]


def refused(code: int, call: Callable[..., object], *arguments: object) -> None:
    with pytest.raises(OSError) as error:
        call(*arguments)
    assert error.value.errno == code
