"""Summaries as values: sentences of files, each with the place that it rests on."""

from __future__ import annotations

from msgspec import Struct

from lsfs.model import Citation, Statement

LENGTHS = ("line", "paragraph", "page", "report")
METHODS = ("auto", "extractive", "model")


class SummaryPart(Struct, frozen=True):
    """What a summary says under one heading.

    Attributes:
        heading: as the document has it, or the path of a file; "" above the first.
        statements: numbers of the summary's statements, in order, from 0.
        listed: whether each stands on a line of its own.
    """

    heading: str
    statements: tuple[int, ...]
    listed: bool = False


class Summary(Struct, frozen=True):
    """What files say, in short; every sentence of it is a quote or was checked against one.

    Attributes:
        summary: the text; Markdown where it has headings.
        method: ``extractive`` (sentences of the files), ``model`` (some are the model's, each
            borne by a quote) or ``none``.
        length: ``line``, ``paragraph``, ``page`` or ``report``.
        grounded: whether all statements rest on their citations.
        citations: the quotes, in the order of the text.
        statements: each sentence, with the citations that bear it.
        parts: how the text is made of them.
        title: of the document, the folder or the question.
        paths: the files that it is of.
        model: the language model that took part; "" when none did.
        notes: how it was read, and what was left out.
        nodes, computed: into how many parts the documents are divided, and how many of them were
            read for this; what was known already is not read again.
        rewritten, refused: sentences of the model that a quote bears, and that none does.
    """

    summary: str
    method: str
    length: str
    grounded: bool = False
    citations: tuple[Citation, ...] = ()
    statements: tuple[Statement, ...] = ()
    parts: tuple[SummaryPart, ...] = ()
    title: str = ""
    paths: tuple[str, ...] = ()
    model: str = ""
    notes: tuple[str, ...] = ()
    nodes: int = 0
    computed: int = 0
    rewritten: int = 0
    refused: int = 0


class Summaries(Struct, frozen=True):
    """The summaries of several files, the one that fits best first."""

    summaries: tuple[Summary, ...]
