"""The papers of ACLSum, each as a document, and two ways to sum it up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from lsfs.llm.summary.summary import Known, summarized
from lsfs.llm.summary.summary_tree import digested
from lsfs.model import Block, BlockKind, Document
from lsfs.sentences import sentences


class _Memory(dict[bytes, bytes]):
    def put(self, key: bytes, body: bytes) -> None:
        self[key] = body


class Paper(Struct, frozen=True):
    """A paper: its abstract, and its text without it."""

    title: str
    abstract: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def body(self) -> str:
        """The text without headings."""
        return "\n\n".join(text for _, paragraphs in self.sections for text in paragraphs)

    def by_lsfs(self, words: int) -> str:
        """The summary that the product makes."""
        from lsfs.llm.summary import summary

        document = self._document()
        found = digested(document, _Memory())
        assert summary.WORDS["paragraph"] == words
        spans = summarized(found, "paragraph", Known(self.title))
        return " ".join(document.text[start:end] for start, end in spans)

    def by_centroid(self, words: int) -> str:
        """Centroid and maximal marginal relevance over vectors of sentences, for comparison.

        Radev et al., "Centroid-based summarization", 2004, with sentence vectors (Rossiello et al.,
        2017); Carbonell and Goldstein, "The Use of MMR", 1998, with 0.7.
        """
        said = [self.body[start:end] for start, end in sentences(self.body)]
        vectors = _embedder().encode(said)
        centroid = vectors.mean(axis=0)
        near = vectors @ (centroid / np.linalg.norm(centroid))
        chosen: list[int] = []
        left = words
        while True:
            alike = (vectors @ vectors[chosen].T).max(axis=1) if chosen else np.zeros(len(said))
            order = np.argsort(-(0.7 * near - 0.3 * alike))
            fitting = (int(n) for n in order if n not in chosen and len(said[n].split()) <= left)
            best = next((n for n in fitting if 4 <= len(said[n].split()) <= 60), None)
            if best is None:
                return " ".join(said[n] for n in sorted(chosen))
            chosen.append(best)
            left -= len(said[best].split())

    def _document(self) -> Document:
        blocks: list[Block] = []
        at = 0
        for heading, paragraphs in self.sections:
            kinds = [(BlockKind.HEADING, heading)] if heading else []
            for kind, text in (*kinds, *((BlockKind.PARAGRAPH, text) for text in paragraphs)):
                path = (heading,) if heading and kind is BlockKind.PARAGRAPH else ()
                level = int(kind is BlockKind.HEADING)
                blocks.append(Block(kind, text, at, at + len(text), level, path))
                at += len(text) + 2
        text = "\n\n".join(block.text for block in blocks)
        return Document("text/plain", "papers", 1, text=text, blocks=tuple(blocks))


@cache
def _embedder() -> Any:
    from lsfs.config import Config
    from lsfs.llm.runtime.residents import Residents
    from lsfs.syscalls import embedders

    return embedders.load(Config().model, Residents(1 << 30))


def read_papers(folder: Path) -> Iterator[Paper]:
    """The papers that have an abstract and a text, in order of their names."""
    for file in sorted(folder.glob("*.json")):
        read = json.loads(file.read_text(encoding="utf-8"))
        abstract = read["abstract"] or ""
        sections: list[tuple[str, list[str]]] = []
        for part in read["pdf_parse"]["body_text"]:
            if not sections or sections[-1][0] != part["section"]:
                sections.append((part["section"], []))
            sections[-1][1].append(part["text"])
        made = tuple((heading, tuple(texts)) for heading, texts in sections)
        paper = Paper(read["title"], abstract, made)
        if len(abstract) >= 300 and len(paper.body) >= 5_000:
            yield paper
