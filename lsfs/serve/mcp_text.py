"""Results as an agent reads them: text that is short, whole items only, and can be gone on with.

Those of the standard filesystem server's tools are in its form, so that what an agent has learnt of
that server holds here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from lsfs.serve.mcp_names import named, named_at, shown

if TYPE_CHECKING:
    from lsfs.differences import Diff
    from lsfs.joins import Joined, JoinRow
    from lsfs.model import Hit
    from lsfs.summaries import Summary
    from lsfs.syscalls.ask import Answer
    from lsfs.syscalls.done import Done
    from lsfs.syscalls.editing import Edited
    from lsfs.syscalls.files import StatusReport
    from lsfs.syscalls.group import Groups
    from lsfs.syscalls.listing import Listing, Names, Stat, Tree
    from lsfs.syscalls.past import History
    from lsfs.syscalls.reading import FileText, Texts
    from lsfs.syscalls.retrieve import Hits, Matches
    from lsfs.syscalls.rollback import Restored
    from lsfs.syscalls.within import Entry
    from lsfs.syscalls.writing import Written

BUDGET = 48_000  # characters of one answer: some 12,000 tokens of English
_LINE = 500  # characters of a matching line that are shown
_GROUP = 20  # files of a group that are named
_MARKS = {"directory": "[DIR]", "link": "[LINK]"}
_NOISE = frozenset({"scores", "explain", "snippet", "snippet_start", "highlights", "char_start",
                    "char_end", "plan"})  # fmt: skip
_LISTED = 50  # of a list inside an item


class Shown(Struct, frozen=True):
    """A result as text, in parts.

    Attributes:
        items: each whole; as many are shown as fit.
        head, foot: shown always; the foot of what is not the end is left out.
        next: of a result that the syscall has cut itself.
    """

    items: Sequence[str]
    head: str = ""
    foot: str = ""
    next: str = ""


class Form(Struct, frozen=True):
    """How the results of a tool are shown.

    Attributes:
        show: gives the parts, from the result and the arguments.
        of: the list in the result that the items are of; "" when they are of none.
        is_paged: whether it may be gone on with by a cursor.
        is_plain: the structured result is the text, as the standard server's.
    """

    show: Callable[[Any, Mapping[str, Any]], Shown]
    of: str = ""
    is_paged: bool = False
    is_plain: bool = False


class Page(Struct, frozen=True):
    """What is sent of a result: the text, the same for programs, and how to go on."""

    text: str
    structured: dict[str, Any]
    next: str = ""


FORMS: dict[str, Form] = {}
_Show = Callable[[Any, Mapping[str, Any]], Shown]


def _form(name: str, **how: Any) -> Callable[[_Show], _Show]:
    def declare(show: _Show) -> _Show:
        FORMS[name] = Form(show, **how)
        return show

    return declare


def page(name: str, result: Any, arguments: Mapping[str, Any], begin: int = 0) -> Page:
    """A result of a tool, or what follows what was shown of it.

    Args:
        begin: how many items were shown already.
    """
    from lsfs import codec

    form = FORMS[name]
    parts_ = form.show(result, arguments)
    items = parts_.items[begin:]
    count, room = 0, BUDGET - len(parts_.head) - len(parts_.foot)
    while count < len(items) and (room >= len(items[count]) or not count):
        room -= len(items[count]) + 1
        count += 1
    left = len(items) - count
    after = str(begin + count) if left and form.is_paged else parts_.next
    parts = [parts_.head if not begin else "", *(_cut(item) for item in items[:count])]
    if left:
        parts.append(f"[{left} more" + (f"; go on with cursor={after!r}]" if after else "]"))
    else:
        parts.append(parts_.foot)
        if after:
            parts = [part.removesuffix("\n") for part in parts]
            parts.append(f"[cut here; go on with cursor={after!r}]")
    text = "\n".join(part for part in parts if part)
    if form.is_plain:
        structured: dict[str, Any] = {"content": text}
    else:
        whole = codec.to_builtins(result)
        if form.of:
            whole[form.of] = whole[form.of][begin : begin + count]
        structured = _pruned(whole, most=max(_LISTED, count))
    return Page(text, {**structured, "next": after} if after else structured, after)


def _cut(item: str) -> str:
    return item if len(item) <= BUDGET else item[:BUDGET] + " …"


def _pruned(value: Any, most: int) -> Any:
    """A result without what is empty, and without what only programs of ours need.

    Args:
        most: items of a list that are kept.
    """
    if isinstance(value, dict):
        kept = {key: _pruned(one, most) for key, one in value.items() if key not in _NOISE}
        return {key: one for key, one in kept.items() if one not in (None, "", [], {}, ())}
    if isinstance(value, list | tuple):
        return [_pruned(one, _LISTED) for one in value[:most]]
    return value


def _notes(notes: Sequence[str]) -> str:
    return "\n".join(f"({note})" for note in notes)


# --- finding


@_form("search", of="hits", is_paged=True)
def _search(result: Hits, _: Mapping[str, Any]) -> Shown:
    head = _notes(result.notes) or ("" if result.hits else "nothing found")
    return Shown([_hit(at, hit) for at, hit in enumerate(result.hits, 1)], head)


def _hit(at: int, hit: Hit) -> str:
    about = ", ".join(part for part in (hit.kind, hit.date) if part)
    return f"{at}. {named_at(hit.path, hit.where)}{f'  ({about})' if about else ''}\n{hit.text}\n"


@_form("grep_files", of="matches", is_paged=True)
def _grep(result: Matches, _: Mapping[str, Any]) -> Shown:
    lines = [f"{named_at(one.path, one.where)}: {one.text[:_LINE]}" for one in result.matches]
    more = "(there are more: make the pattern narrower)" if result.more else ""
    return Shown(lines, "" if lines else "no line matches", more)


@_form("ask", of="files", is_paged=True)
def _ask(result: Answer, _: Mapping[str, Any]) -> Shown:
    files = [
        f"- {named_at(file.path, file.where)}  {file.date} {file.title}".rstrip()
        for file in result.files
    ]
    if result.by == "list":
        notes = _notes((*result.plan.notes, *result.notes))
        head = result.answer.partition("\n")[0]
        return Shown(files, f"{head}\n{notes}".rstrip())
    told = [result.answer]
    for one in result.citations:
        quote = "" if one.quote in result.answer else f": “{one.quote}”"
        told.append(f"[{named_at(one.path, one.where)}]{quote}")
    see = ["see also:"] if files and result.citations else []
    return Shown(files, "\n".join([*told, _notes(result.notes), *see]).strip())


@_form("summarize", of="statements", is_paged=True)
def _summary(result: Summary, _: Mapping[str, Any]) -> Shown:
    if not result.statements:
        return Shown([result.summary], _notes(result.notes))
    said = []
    for part in result.parts:
        heading = f"## {part.heading}\n" if part.heading else ""
        for n in part.statements:
            one = result.statements[n]
            places = dict.fromkeys(
                named_at(c.path, c.where) for c in (result.citations[at] for at in one.citations)
            )
            where = f" [{'; '.join(places)}]" if places else ""
            said.append(f"{heading}{one.text}{where}")
            heading = ""
    return Shown(said, _notes(result.notes))


@_form("group", of="groups", is_paged=True)
def _group(result: Groups, _: Mapping[str, Any]) -> Shown:
    items = []
    for one in result.groups:
        label = " / ".join((*one.within, one.label))
        names = [named_at(file.path, file.where) for file in one.files[:_GROUP]]
        rest = [f"… and {one.count - _GROUP} more"] if one.count > _GROUP else []
        items.append(f"{label} ({one.count})\n" + "\n".join(f"  {n}" for n in [*names, *rest]))
    loose = len(result.ungrouped)
    return Shown(items, _notes(result.notes), f"({loose} files are in no group)" if loose else "")


@_form("join", of="rows", is_paged=True)
def _join(result: Joined, _: Mapping[str, Any]) -> Shown:
    head = f"{result.total}{'+' if result.more else ''} rows\n{_notes(result.notes)}".rstrip()
    return Shown([_row(row) for row in result.rows], head)


def _row(row: JoinRow) -> str:
    left, right = named_at(row.left, row.left_place), named_at(row.right, row.right_place)
    return f"{left} | {right if row.right else f'({row.why})'} | {row.key} | {row.score:.2f}"


@_form("index_status")
def _status(result: StatusReport, _: Mapping[str, Any]) -> Shown:
    index = ", ".join(f"{value} {key}" for key, value in result.index.items())
    models = ", ".join(f"{key}: {value}" for key, value in result.models.items() if value)
    mounted = result.fs.get("mountpoint")
    lines = [
        f"drive: {result.source}" + (f", mounted on {mounted}" if mounted else ""),
        f"index: {index}",
        f"models: {models or 'none'}",
    ]
    lines += [f"now: {json.dumps(result.work)}"] if result.work else []
    problems = [
        f"- {named(one['path'])}: {one['status']}: "
        f"{one.get('reason', '')} ({one.get('advice', '')})"
        for one in result.problems
    ]
    return Shown(problems, "\n".join(lines))


# --- the past


@_form("versions", of="versions", is_paged=True)
def _versions(result: History, _: Mapping[str, Any]) -> Shown:
    return Shown(
        [
            f"{one.version}  {one.time}  {one.size} bytes  {one.op}"
            + (f"  as {named(one.path)}" if one.path != result.path else "")
            + ("" if one.kept else "  not kept")
            + ("  (now)" if one.present else "")
            for one in result.versions
        ],
        f"versions of {named(result.path)}:",
    )


@_form("diff", is_paged=True)
def _diff(result: Diff, _: Mapping[str, Any]) -> Shown:
    head = f"{named(result.path)}: {result.before} → {result.after} ({result.kind.value})"
    return Shown(result.text.splitlines(), f"{head}\n{_notes(result.notes)}".rstrip())


@_form("rollback", of="changes", is_paged=True)
def _rollback(result: Restored, _: Mapping[str, Any]) -> Shown:
    lines = [
        f"- {one.action} {named(one.path)}"
        + (f" (version {one.version})" if one.version else "")
        + (f" from {named(one.origin)}" if one.origin else "")
        + (f" NOT DONE: {one.problem}" if one.problem else "")
        for one in result.changes
    ]
    what = named(result.path) or "the drive"
    if not lines:
        return Shown([], f"{what} is at {result.to} already")
    if result.dry_run:
        foot = f"Nothing is done yet. To do exactly this, call again with apply={result.digest!r}"
        return Shown(lines, f"{what} to {result.to} would change:", foot)
    return Shown(lines, f"{what} is as at {result.to}:", f"To take it back: to={result.undo!r}")


# --- the standard filesystem tools


@_form("read_text_file", is_plain=True)
@_form("read_file", is_plain=True)
def _read(result: FileText, _: Mapping[str, Any]) -> Shown:
    return Shown([result.text], next=result.next)


@_form("read_multiple_files", is_plain=True)
def _read_many(result: Texts, _: Mapping[str, Any]) -> Shown:
    told = []
    for one in result.files:
        rest = f"[cut here; go on: read_text_file with cursor={one.next!r}]\n" if one.next else ""
        told.append(
            f"{named(one.path)}: Error - {one.problem}"
            if one.problem
            else f"{named(one.path)}:\n{one.text}\n{rest}"
        )
    return Shown(["\n---\n".join(told)])


@_form("write_file", is_plain=True)
def _write(result: Written, _: Mapping[str, Any]) -> Shown:
    return Shown([f"Successfully wrote to {named(result.path)} (version {result.version})"])


@_form("edit_file", is_plain=True)
def _edit(result: Edited, _: Mapping[str, Any]) -> Shown:
    longest = max((len(run) for run in re.findall(r"`+", result.diff)), default=0)
    fence = "`" * max(3, longest + 1)
    return Shown([f"{fence}diff\n{result.diff}{fence}\n"])


@_form("create_directory", is_plain=True)
def _make(_: Done, arguments: Mapping[str, Any]) -> Shown:
    return Shown([f"Successfully created directory {named(arguments['path'])}"])


@_form("move_file", is_plain=True)
def _move(_: Done, arguments: Mapping[str, Any]) -> Shown:
    source, destination = named(arguments["source"]), named(arguments["destination"])
    return Shown([f"Successfully moved {source} to {destination}"])


@_form("list_directory", is_plain=True, is_paged=True)
def _list(result: Listing, _: Mapping[str, Any]) -> Shown:
    return Shown([_named(one) for one in result.entries], foot=_more(result.more))


@_form("list_directory_with_sizes", is_plain=True, is_paged=True)
def _sizes(result: Listing, _: Mapping[str, Any]) -> Shown:
    lines = [
        _named(one) if one.kind == "directory" else f"{_named(one):<40} {size(one.size):>10}"
        for one in result.entries
    ]
    folders = sum(one.kind == "directory" for one in result.entries)
    total = size(sum(one.size for one in result.entries))
    counts = f"\nTotal: {len(lines) - folders} files, {folders} directories\nCombined size: {total}"
    return Shown(lines, foot=counts + _more(result.more))


def _named(one: Entry) -> str:
    link = f" -> {named(one.target)}" if one.kind == "link" else ""
    return f"{_MARKS.get(one.kind, '[FILE]')} {named(one.name)}{link}"


def _more(count: int) -> str:
    return f"\n[{count} more are not shown: use search_files with a pattern]" if count else ""


def size(count: int) -> str:
    """Bytes as the standard server writes them."""
    value, unit = float(count), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{count} B" if unit == "B" else f"{value:.2f} {unit}"


@_form("directory_tree", is_plain=True)
def _tree(result: Tree, _: Mapping[str, Any]) -> Shown:
    room = BUDGET - 200
    cut = set(result.cut)
    fit = []
    for one in sorted(result.entries, key=lambda one: one.path.count("/")):  # the top first
        room -= len(one.name) + 60 + 4 * one.path.count("/")
        if room < 0:
            cut.add(one.path.rpartition("/")[0])
        else:
            fit.append(one)
    below: dict[str, list[Any]] = {result.path: []}
    for one in sorted(fit, key=lambda one: one.path.split("/")):
        node: dict[str, Any] = {"name": shown(one.name), "type": "file"}
        if one.kind == "directory":
            below[one.path] = []
            node = {"name": shown(one.name), "type": "directory", "children": below[one.path]}
            node |= {"cut": True} if one.path in cut else {}
        below[one.path.rpartition("/")[0]].append(node)
    told = "not all is shown: ask for the tree of a folder that is marked as cut"
    text = json.dumps(below[result.path], separators=(",", ":"), ensure_ascii=False)
    return Shown([text], foot=f"[{told}]" if cut else "")


@_form("search_files", is_plain=True, is_paged=True)
def _find(result: Names, _: Mapping[str, Any]) -> Shown:
    lines = [named(one.path) for one in result.entries]
    more = "[there are more: make the pattern narrower]" if result.more else ""
    return Shown(lines, "" if lines else "No matches found", more)


@_form("get_file_info", is_plain=True)
def _info(result: Stat, _: Mapping[str, Any]) -> Shown:
    one = result.entry
    facts = {
        "size": one.size, "modified": one.modified, "accessed": result.accessed,
        "isDirectory": json.dumps(one.kind == "directory"),
        "isFile": json.dumps(one.kind == "file"),
        "permissions": f"{one.mode & 0o777:03o}", "linksTo": one.target,
        "version": result.version or "", "indexed": result.indexed, "mediaType": result.media_type,
    }  # fmt: skip
    return Shown([f"{key}: {value}" for key, value in facts.items() if value != ""])


@_form("read_media_file", is_plain=True)
def _media(_: Any, __: Mapping[str, Any]) -> Shown:
    return Shown([])  # its bytes are a content of their own
