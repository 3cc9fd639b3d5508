"""The paper's retrieval by name: by keywords exactly, by meaning, by one within the other.

Shi et al., "From Commands to Prompts: LLM-based Semantic File System for AIOS", appendix A.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lsfs.index.groups.grouped import GroupedFile
from lsfs.model import Hit
from lsfs.syscalls.engines import Call
from lsfs.syscalls.group import IntegratedRequest, KeywordGroupRequest, group_keywords
from lsfs.syscalls.registry import Param, registry
from lsfs.syscalls.retrieve import Hits, RetrieveRequest, retrieve


class KeywordsRequest(Struct, frozen=True):
    """Which words, and where."""

    keywords: Annotated[tuple[str, ...], Param("words, or phrases")]
    condition: Annotated[str, Param("files with all or any of them", choices=("and", "or"))] = "and"
    dir: Annotated[str, Param("only below this folder of the drive")] = ""


@registry.syscall()
def keywords_retrieve(call: Call, request: KeywordsRequest) -> Hits:
    """Find the files that hold keywords exactly, each with the first place where it does."""
    found = group_keywords(
        call, KeywordGroupRequest(request.keywords, request.condition, dir=request.dir)
    )
    hits = tuple(_hit(file) for group in found.groups for file in group.files)
    return Hits(hits, found.notes)


def _hit(file: GroupedFile) -> Hit:
    return Hit(
        file.path, file.page, file.page, file.line, file.line, file.char_start, file.char_end, 1.0,
        file.path.rpartition("/")[2], "", file.value, where=file.where,
    )  # fmt: skip


class SemanticRequest(Struct, frozen=True):
    """What to look for, and where."""

    query: Annotated[str, Param("what to look for, in words")]
    dir: Annotated[str, Param("only below this folder of the drive")] = ""
    k: Annotated[int, Param("how many hits")] = 10


@registry.syscall()
def semantic_retrieve(call: Call, request: SemanticRequest) -> Hits:
    """Find passages by meaning alone."""
    return retrieve(
        call, RetrieveRequest(request.query, k=request.k, mode="semantic", dir=request.dir)
    )


@registry.syscall(writes_with="name")
def integrated_retrieve(call: Call, request: IntegratedRequest) -> Hits:
    """Find passages about a query in those files only that hold keywords exactly."""
    from lsfs.syscalls.relations import grouping

    call.engines.indexer.fresh(call.emit)
    hits, found = grouping.integrated(call, request)
    if request.name:
        grouping.keep(call.engines, request.name, request, found)
    return Hits(tuple(hits), found.notes)
