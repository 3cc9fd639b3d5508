"""Files in groups: by what they are, the words they hold, what they state, what they are about.

The paper's ``group_keywords`` and ``group_semantic`` (Shi et al., "From Commands to Prompts:
LLM-based Semantic File System for AIOS", appendix A) are here under their names.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from lsfs.errors import NotFound, UsageError
from lsfs.index.groups.grouped import FileGroup
from lsfs.syscalls.done import Done
from lsfs.syscalls.engines import Call
from lsfs.syscalls.registry import Effect, Param, Tool, registry


class GroupRequest(Struct, frozen=True):
    """What to group by, and which files."""

    key: Annotated[
        str,
        Param(
            "date, date:month, changed, type, author, folder:2, kind, language, size, topic, "
            "keyword, or what files state: counterparty, supplier, deadline, project",
            words=True,
        ),
    ]
    dir: Annotated[str, Param("only below this folder of the drive")] = ""
    k: Annotated[
        int, Param("so many groups: topics are cut to it, of others the largest", flags=("-k",))
    ] = 0
    query: Annotated[str, Param("only files that this question asks for: contracts from 2023")] = ""
    after: Annotated[str, Param("only documents of this day or later, 2023-01-31")] = ""
    before: Annotated[str, Param("only documents before this day")] = ""
    type: Annotated[tuple[str, ...], Param("only files of this type: pdf, email, spreadsheet")] = ()
    kind: Annotated[tuple[str, ...], Param("only documents of this kind: contract, invoice")] = ()
    author: Annotated[str, Param("only documents of this author or sender")] = ""
    keyword: Annotated[
        tuple[str, ...], Param("a word or phrase, for the key: keyword", flags=("-w",))
    ] = ()
    condition: Annotated[
        str,
        Param("a group for each keyword, or one of files with all or any",
              choices=("each", "and", "or")),
    ] = "each"  # fmt: skip
    model: Annotated[bool, Param("let the language model look where the rules find nothing")] = (
        False
    )
    name_with_model: Annotated[bool, Param("let the language model name topics")] = False
    anew: Annotated[bool, Param("find topics anew instead of keeping the known ones")] = False
    save: Annotated[str, Param("keep the groups as a directory .lsfs/group/NAME")] = ""
    wait: Annotated[bool, Param("first wait until the index is up to date")] = False


class Groups(Struct, frozen=True):
    """Files in groups.

    Attributes:
        key: what they are grouped by.
        groups: a file may be in several, as a contract is with each of its parties.
        ungrouped: paths of the files that are in none.
        files: how many files were to be grouped.
        notes: how the request was read, and what is missing.
    """

    key: str
    groups: tuple[FileGroup, ...]
    ungrouped: tuple[str, ...] = ()
    files: int = 0
    notes: tuple[str, ...] = ()


@registry.syscall(
    command="group",
    writes_with="save",
    examples=(
        "lsfs group type",
        'lsfs group counterparty --query "contracts from 2023"',
        "lsfs group date:month --dir Invoices --json",
        'lsfs group keyword -w rent -w "notice period" --condition and',
        "lsfs group topic -k 8 --save topics",
    ),
    tools=(
        Tool(
            "group",
            "Group files by date, type, author, folder, topic, keyword, or by what they state "
            "(counterparty, deadline, …).",
            leaves_out=(
                "after",
                "before",
                "type",
                "kind",
                "author",
                "model",
                "name_with_model",
                "anew",
                "save",
                "wait",
            ),
        ),
    ),
)
def group_by(call: Call, request: GroupRequest) -> Groups:
    """Group files by date, type, author, folder, keywords, topic, or by what they state.

    Any other word is taken as a meaning: ``counterparty``, ``deadline``, ``project``, a field of
    the settings, or what documents write before a colon or above a column.
    """
    from lsfs.syscalls.relations import grouping

    if request.k < 0:
        raise UsageError("k must not be negative")
    call.engines.indexer.fresh(call.emit)
    if request.wait:
        call.engines.indexer.wait(call.emit, None)
    found = grouping.groups(call, request)
    if request.save:
        grouping.keep(call.engines, request.save, request, found)
    return found


class KeywordGroupRequest(Struct, frozen=True):
    """Which words, and where."""

    keywords: Annotated[tuple[str, ...], Param("words, or phrases")]
    condition: Annotated[str, Param("files with all or any of them", choices=("and", "or"))] = "and"
    name: Annotated[str, Param("keep the group as a directory .lsfs/group/NAME")] = ""
    dir: Annotated[str, Param("only below this folder of the drive")] = ""


@registry.syscall(writes_with="name")
def group_keywords(call: Call, request: KeywordGroupRequest) -> Groups:
    """Group the files that hold keywords: whole words in any case, phrases word for word."""
    wanted = GroupRequest(
        "keyword", dir=request.dir, keyword=request.keywords, condition=request.condition,
        save=request.name,
    )  # fmt: skip
    return group_by(call, wanted)


class SemanticGroupRequest(Struct, frozen=True):
    """What the files are to be about, and where."""

    query: Annotated[str, Param("what the files are about, in words")]
    name: Annotated[str, Param("keep the group as a directory .lsfs/group/NAME")] = ""
    dir: Annotated[str, Param("only below this folder of the drive")] = ""
    k: Annotated[int, Param("how many files at most; 0 ends where they are much less like it")] = 0
    min_score: Annotated[float, Param("leave out files below this score")] = 0.0


@registry.syscall(writes_with="name")
def group_semantic(call: Call, request: SemanticGroupRequest) -> Groups:
    """Group the files that are about a query, by meaning."""
    from lsfs.syscalls.relations import grouping

    if not request.query.strip():
        raise UsageError("what should the files be about?")
    call.engines.indexer.fresh(call.emit)
    found = grouping.about(call, request)
    if request.name:
        grouping.keep(call.engines, request.name, request, found)
    return found


class IntegratedRequest(Struct, frozen=True):
    """Which words, what about, and where."""

    keywords: Annotated[tuple[str, ...], Param("words, or phrases")]
    query: Annotated[str, Param("what to look for in the files that hold them")]
    condition: Annotated[str, Param("files with all or any of them", choices=("and", "or"))] = "and"
    dir: Annotated[str, Param("only below this folder of the drive")] = ""
    k: Annotated[int, Param("how many hits")] = 10
    name: Annotated[str, Param("keep the files as a directory .lsfs/group/NAME")] = ""


class GroupName(Struct, frozen=True):
    """A kept grouping."""

    name: Annotated[str, Param("name of the directory below .lsfs/group")]


@registry.syscall(effect=Effect.WRITE)
def save_group(call: Call, request: GroupName) -> Done:
    """Keep a grouping as a directory below ``.lsfs/group``; its name is what to group by.

    Filters may follow: ``counterparty type:pdf``, ``keyword rent "notice period"``.
    """
    from lsfs.syscalls.relations import grouping

    wanted = grouping.named(call.engines, request.name)
    found = grouping.groups(call, wanted)
    grouping.keep(call.engines, request.name, wanted, found)
    return Done(f"{request.name}: {len(found.groups)} groups")


@registry.syscall(effect=Effect.WRITE)
def drop_group(call: Call, request: GroupName) -> Done:
    """Forget a kept grouping; no file is touched."""
    from lsfs.index.store.kept import Groupings

    if not Groupings(call.engines.catalog).drop(request.name):
        raise NotFound(f"no kept grouping {request.name!r}")
    return Done(f"{request.name}: forgotten")
