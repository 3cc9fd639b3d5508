"""What each system call needs of what a prompt names; nothing that was named may be left over.

A frame takes the entities of a prompt and gives the arguments, or None where they do not fit: a
rollback needs a file and a version of it, a copy needs two names. That all of them are used keeps a
call from being read into a prompt that says more, or something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from lsfs.syscalls.prompt import sets
from lsfs.syscalls.prompt.entities import Entity, between
from lsfs.syscalls.prompt.named import ALL, Named
from lsfs.syscalls.prompt.slots import NUMBERS, Arguments, Surroundings, lasting

_INTO = re.compile(r"(?:to|into|in|under|inside|onto|over)\s+(?:the\s+|my\s+)?$", re.IGNORECASE)
LISTED = re.compile(r"\s*(?:,\s+and|,|\s+and|\s*&)\s+(?:the\s+|also\s+)?", re.IGNORECASE)
_DRY = re.compile(
    r"\bwould\b|\bdry[ -]run\b|\bpreview\b|\bonly\s+(?:show|say|tell|list)\b|"
    r"\bwithout\s+(?:really\s+)?doing\b",
    re.I,
)


Frame = Callable[[Named], Arguments | None]


def fill(
    syscall: str, text: str, entities: Sequence[Entity], around: Surroundings
) -> Arguments | None:
    """The arguments of a system call from what a prompt names; None where it does not fit.

    Args:
        text: the prompt, with its quotes masked.
        entities: what it names, in order.
        around: what reading it may look at.
    """
    named = Named(text, entities, around)
    frame, cue = FRAMES.get(syscall), CUES.get(syscall)
    if frame is None or (cue is not None and not named.says(cue)):
        return None
    if syscall in REMOVES and not re.search(rf"\b(?:{REMOVES[syscall]})\b", _unnamed(named), re.I):
        return None
    arguments = frame(named)
    return arguments if arguments is not None and named.is_done() else None


def _unnamed(named: Named) -> str:
    """The prompt without what it names."""
    text = named.text
    for one in reversed(named.entities):
        text = f"{text[: one.start]} {text[one.end :]}"
    return text


def _only(**fixed: Any) -> Frame:
    return lambda named: dict(fixed)


def _path(named: Named) -> Arguments | None:
    path = named.path()
    return {"path": path} if path else None


def _paths(named: Named) -> Arguments | None:
    found = [one.value for one in named.all("file", "folder")]
    return {"path": found} if found else None


def _delete(named: Named) -> Arguments | None:
    arguments = _paths(named)
    deep = named.says(
        r"(?:everything|all|whatever)\s+(?:\w+\s+){0,3}(?:in\s+it|inside|contents?)|recursively|with\s+(?:all\s+)?its\s+contents?|everything\s+in\s+(?:it|there)"
    ) or re.search(r"(?<!\S)-(?:r|rf|fr|R)\b", named.text)
    return arguments and {**arguments, **({"recursive": True} if deep else {})}


def _rollback(named: Named) -> Arguments | None:
    path = named.path() or ("." if ALL.search(named.text) else None)
    moment = named.take("moment")
    if path is None:
        return None
    back: Arguments | None = moment.at if moment else None
    if back is None and named.says(
        r"(?:last|latest|most\s+recent)\s+(?:change|edit|save|modification|version)"
    ):
        back = {"back": 1}
    if back is None:
        count = named.number("version", "change", "edit", "save", "step")
        back = {"back": count} if count else None
    dry = {"dry_run": True} if _DRY.search(named.text) else {}
    return {"path": path, **back, **dry} if back else None


def _snapshot(named: Named) -> Arguments | None:
    name = named.label()
    return {"name": name} if name else {}


def _drop_snapshot(named: Named) -> Arguments | None:
    name = named.label()
    return {"name": name} if name else None


def _restore(named: Named) -> Arguments | None:
    path = named.path()
    name = named.label()
    if name is None:
        moment = named.take("moment")
        name = moment.value if moment else None
    dry = {"dry_run": True} if _DRY.search(named.text) else {}
    return {"name": name, **({"path": path} if path else {}), **dry} if name else None


def _between(named: Named) -> Arguments | None:
    path = named.path()
    if not path:
        return None
    states = [_state(one) for one in named.all("moment")]
    if len(states) < 2:
        states += _bare_numbers(named)
    if len(states) > 2:
        return None
    return {"path": path, **dict(zip(("before", "after"), states, strict=False))}


def _bare_numbers(named: Named) -> list[str]:
    if not named.says("versions?|revisions?"):
        return []
    return [one.value for one in named.all("number")]


def _state(moment: Entity) -> str:
    at = moment.at
    if "version" in at:
        return str(at["version"])
    return f"-{at['back']}" if "back" in at else str(at["to"])


def _age(named: Named) -> str | None:
    """How old something has to be: "older than 30 days", "more than 30 days ago"."""
    span = named.take("span")
    if span:
        return span.value
    moment = named.take("moment")
    words = (
        re.fullmatch(r"(?:an?|\w+)\s+(?:hour|day|week|month|year)s?\s+ago", moment.value)
        if moment
        else None
    )
    if words is None or moment is None:
        return None
    count, unit = moment.value.split()[:2]
    number = NUMBERS.get(count.lower()) or (int(count) if count.isdigit() else None)
    return f"{number}{unit[0].lower()}" if number else None


def _trash_empty(named: Named) -> Arguments | None:
    path, age = named.path(), _age(named)
    return {**({"path": path} if path else {}), **({"older_than": age} if age else {})}


def _prune(named: Named) -> Arguments | None:
    arguments: Arguments = {}
    size = named.take("size")
    if size:
        arguments["max_size"] = size.value
    for word in ("hour", "day", "week", "month", "year"):
        adverb = "daily" if word == "day" else f"{word}ly"
        if not named.says(
            rf"one\s+(?:version\s+)?(?:for\s+each|per|for\s+every|a|each|every)\s+(?:of\s+the\s+last\s+\d+\s+)?{word}s?|{adverb}"
        ):
            continue
        span = next(
            (one for one in named.entities if one.kind == "span" and one.value.endswith(word[0])),
            None,
        )
        if span is not None and span in named.entities:
            named.take_exactly(span)
            arguments[f"keep_{adverb}"] = int(span.value[:-1])
    age = _age(named)
    if age:
        arguments["keep_within"] = age
    last = named.number("last", "latest", "newest", "version", "recent")
    if last:
        arguments["keep_last"] = last
    return arguments


def _trash(named: Named) -> Arguments | None:
    path = named.path()
    return {"path": path} if path else {}


def _write(named: Named) -> Arguments | None:
    path, text = named.path(), named.take("quote")
    if not path:
        return None
    if named.says("append|appended|add|added|end|bottom|attach"):
        mode = "append"
    elif named.says("overwrite|overwritten|replace|replaced|replacing|instead"):
        mode = "replace"
    else:
        mode = "create"
    if text is None and mode != "create":
        return None
    if text is None and not named.says("file|document|note|empty|blank|touch|create|make|new"):
        return None
    return {"path": path, "content": text.value if text else "", "mode": mode}


def _make_dir(named: Named) -> Arguments | None:
    one = named.take("folder", "quote", "file")
    other = named.take("folder", "quote")
    if one is None:
        name = named.label()
        return {"path": name} if name else None
    if other is None:
        return {"path": one.value}
    inside, new = (other, one) if _INTO.search(named.text[: other.start]) else (one, other)
    return {"path": f"{inside.value}/{new.value}"}


def _two(named: Named) -> Arguments | None:
    """From one name to another: what stands behind "to" is where it goes."""
    names = named.all("file", "folder", "quote")
    if len(names) == 1 and named.says("called|named|name|rename\\w*"):
        label = named.label()
        return {"source": names[0].value, "destination": label} if label else None
    if len(names) > 1 and LISTED.fullmatch(between(named.text, *names[:2])):
        return None  # each of them is to go somewhere
    if len(names) == 3:
        folder = next((one for one in names[1:] if one.kind == "folder"), None)
        other = next((one for one in names[1:] if one is not folder), None)
        if folder and other:
            base = other.value.rpartition("/")[2]
            return {"source": names[0].value, "destination": f"{folder.value}/{base}"}
    if len(names) != 2:
        return None
    source, goal = names
    if _INTO.search(named.text[: source.start]) and not _INTO.search(named.text[: goal.start]):
        source, goal = goal, source
    into = goal.kind == "folder" and (source.kind != "folder" or named.says("into|inside|within"))
    base = f"/{source.value.rpartition('/')[2]}" if into else ""
    return {"source": source.value, "destination": goal.value + base}


def _list_dir(named: Named) -> Arguments | None:
    path, moment = named.path(), named.take("moment")
    by_size = named.says("by size|sorted by size|largest first|biggest first|size order")
    return {
        **({"path": path} if path else {}),
        **({"at": moment.at["to"]} if moment and "to" in moment.at else {}),
        **({"sort_by": "size"} if by_size else {}),
    }  # fmt: skip


def _tree(named: Named) -> Arguments | None:
    path = named.path()
    out = [one.value for one in named.all("glob")]
    return {**({"path": path} if path else {}), **({"exclude_patterns": out} if out else {})}


_NAMES = (
    (r"(?:start|begin)\w*\s+with\s+(\S+)", "**/{}*"),
    (r"(?:end|ending|ends)\s+(?:in|with|on)\s+\*?\.?(\w+)", "**/*.{}"),
    (r"extension\s+(?:is\s+|of\s+)?\*?\.?(\w+)", "**/*.{}"),
    (
        r"names?\s+(?:\w+\s+){0,2}(?:contain|include|hav|has|with)\w*\s+(?:the\s+word\s+)?(\S+)",
        "**/*{}*",
    ),
    (r"\b(\S+)\s+in\s+(?:the|its|their)\s+(?:file\s*)?names?", "**/*{}*"),
    (r"(?:called|named)\s+(\S+)", "**/{}"),
)


def _find_files(named: Named) -> Arguments | None:
    glob = named.take("glob")
    if glob is None:
        wanted = None
        for pattern, form in _NAMES:
            match = re.search(pattern, named.text, re.IGNORECASE)
            if match:
                said = match[1].strip(".,;:!?\"'")
                quote = next(
                    (one for one in named.entities if one.start <= match.start(1) < one.end), None
                )
                if quote is not None:
                    named.take_exactly(quote)
                    said = quote.value
                wanted = form.format(said)
                break
        if wanted is None:
            one = named.take("file", "quote")
            wanted = f"**/{one.value}" if one else None
    else:
        wanted = glob.value if "/" in glob.value else f"**/{glob.value}"
    path = named.path()
    return {"path": path or ".", "pattern": wanted} if wanted else None


def _stat(named: Named) -> Arguments | None:
    path, moment = named.path(), named.take("moment")
    if moment and "to" not in moment.at:
        return None
    return {"path": path, **({"at": moment.at["to"]} if moment else {})} if path else None


def _status(named: Named) -> Arguments | None:
    problems = named.says(
        "problems?|errors?|could not|cannot|can not|fail\\w*|unreadable|not read|trouble|broken"
    )
    waits = named.says("wait|until|till")
    return {**({"problems": True} if problems else {}), **({"wait": True} if waits else {})}


def _fsck(named: Named) -> Arguments | None:
    mends = named.says("repair|mend|fix|heal|correct")
    deep = named.says(
        "deep|deeply|thorough|thoroughly|every byte|every version|each version|in depth|full"
    )
    return {**({"repair": True} if mends else {}), **({"deep": True} if deep else {})}


def _files(named: Named) -> list[str]:
    return [one.value for one in named.all("file")]


def _concat(named: Named) -> Arguments | None:
    files = _files(named)
    if len(files) < 2:
        return None
    also = {"also": files[2:]} if files[2:] else {}
    return {"file1": files[0], "file2": files[1], **also}


def _file_join(named: Named) -> Arguments | None:
    if named.says("append|attach|end of|onto"):
        files = _files(named)
        if len(set(files)) != 2:
            return None
        later = _INTO.search(named.text[: named.text.find(files[1])]) or named.says("end of")
        first, second = (files[1], files[0]) if later else files[:2]
        return {"file1": first, "file2": second, "condition": "append"}
    named_as = _new_name(named)
    files = [one for one in _files(named) if one != named_as]
    if len(files) < 2:
        return None
    return {
        "file1": files[0], "file2": files[1],
        **({"also": files[2:]} if files[2:] else {}),
        **({"name": named_as} if named_as else {}),
    }  # fmt: skip


def _new_name(named: Named) -> str | None:
    """The file that is to be made: behind "into" or "called"."""
    for one in reversed(list(named.entities)):
        lead = named.text[: one.start].rstrip()
        said = named.text[one.start : one.end].lower()
        if one.kind == "file" and re.search(r"\b(?:called|named)\s", said):
            return one.value
        if one.kind == "file" and re.search(
            r"(?:into|as|called|named|to|form|file|document|in|name)(?:\s+(?:a|one|the|single|new|file|document|called|named))*$",
            lead,
            re.I,
        ):
            return one.value
    return None


def _log(named: Named) -> Arguments | None:
    path, moment = named.path(), named.take("moment")
    limit = named.number("last", "latest", "recent", "newest", "change", "entr", "event")
    if moment and "to" not in moment.at:
        return None
    return {
        **({"path": path} if path else {}),
        **({"since": moment.at["to"]} if moment else {}),
        **({"limit": limit} if limit else {}),
    }  # fmt: skip


def _text(named: Named) -> Arguments | None:
    path = named.path()
    page = named.number("page")
    return {"path": path, **({"page": page} if page else {})} if path else None


def _past_content(named: Named) -> Arguments | None:
    path, moment = named.path(), named.take("moment")
    if not path or not moment or named.around.is_folder(path):
        return None
    if "version" in moment.at:
        return {"path": path, "version": moment.at["version"]}
    return {"path": path, "at": moment.at["to"]} if "to" in moment.at else None


def _read_text(named: Named) -> Arguments | None:
    path = named.path()
    if not path:
        return None
    head = named.number("first", "top", "beginning", "head", "start")
    tail = named.number("last", "bottom", "end", "tail", "final") if head is None else None
    moment = named.take("moment")
    if moment and "version" not in moment.at:
        return None
    return {
        "path": path,
        **({"head": head} if head else {}),
        **({"tail": tail} if tail else {}),
        **({"version": moment.at["version"]} if moment else {}),
    }  # fmt: skip


def _held(name: str) -> Frame:
    """A path, and how long something is to hold for it."""

    def frame(named: Named) -> Arguments | None:
        path, span = named.path(), named.take("span")
        if not path or named.says("until|till"):
            return None
        return {"path": path, **({name: lasting(span.value)} if span else {})}

    return frame


_LENGTHS = (
    ("line", "line|sentence|one-line|one-sentence|single sentence"),
    ("paragraph", "paragraph|one-paragraph"),
    ("page", "page|one-page|full-page"),
    ("report", "report|at length|detailed|long"),
)


def _summarize(named: Named) -> Arguments | None:
    path = named.path()
    length = next((name for name, words in _LENGTHS if named.says(words)), None)
    return {"what": path, **({"length": length} if length else {})} if path else None


def _duplicates(named: Named) -> Arguments | None:
    path = named.path()
    exact = named.says("exact|exactly|identical|byte|bytes|bit|bits")
    least = re.search(r"threshold\s+(?:of\s+|is\s+)?(0?\.\d+)", named.text)
    return {
        **({"path": path} if path else {}),
        **({"mode": "exact"} if exact else {}),
        **({"threshold": float(least[1])} if least else {}),
    }  # fmt: skip


def _kv_clear(named: Named) -> Arguments | None:
    unused = named.says("unused|no longer|not used|not needed|old models|out of use")
    return {"unused": True} if unused else {}


# Words of which a prompt has one, for calls that need not name anything.
CUES = {
    "snapshot": r"snapshots?|checkpoints?|moment|state",
    "snapshots": r"snapshots?|checkpoints?|moments?",
    "drop_snapshot": r"snapshots?|checkpoints?",
    "kv_status": r"kv|caches?|cached|attention|language model\S*|model\S*",
    "kv_clear": r"kv|caches?|cached|attention|language model\S*|model\S*",
    "reindex": r"re-?index\w*|index\w*|again|anew|scratch|embed\w*",
    "fsck": r"fsck|check\w*|damag\w*|integrity|verif\w*|consisten\w*|repair\w*|"
    r"corrupt\w*|broken|intact|mend|ok",
    "status": r"status|index\w*|problems?|errors?|running|ready|progress|read|alive|healthy|"
    r"up to date",
    "trash": r"trash\w*|bin|deleted|removed|thrown|delete|restor\w*",
    "trash_empty": r"trash|bin",
    "map_files": r"map|plot|draw|picture|chart",
    "prune": r"versions?|history|histories|revisions?|prune",
    "log": r"chang\w*|logs?|activity|edited|edits?|who|happen\w*|touched|modified|events?|"
    r"journal|been",
    "duplicates": r"duplicat\w*|same|identical|twice|cop(?:y|ies)|more than once|double\w*|alike",
}

# Words of which a prompt must have one, beside the names in it, for calls that remove something:
# nearness alone would read "zip a.txt and b.txt" as what most is said of two files.
REMOVES = {
    "delete": r"delet\w*|remov\w*|eras\w*|rid|throw\w*|thrown|discard\w*|trash\w*|bin|rm|dispos\w*|"
    r"dump\w*|scrap\w*|ditch\w*|toss\w*|drop\w*|clear\w*|clean\w*|junk|away",
    "purge": r"purg\w*|shred\w*|wip\w*|traces?|good|forever|permanent\w*|irrevocabl\w*|forget|"
    r"destroy\w*|eras\w*|obliterat\w*|unrecoverabl\w*",
    "prune": r"prun\w*|thin\w*|delet\w*|remov\w*|drop\w*|throw\w*|keep\w*|clear\w*|clean\w*|"
    r"discard\w*|reduc\w*|trim\w*|limit\w*|forget|cut|shrink|free|at most",
    "trash_empty": r"empt\w*|delet\w*|remov\w*|clear\w*|clean\w*|purg\w*|wip\w*|eras\w*|free|rid|"
    r"discard\w*|throw\w*|flush",
    "drop_snapshot": r"drop\w*|delet\w*|remov\w*|discard\w*|throw\w*|rid|eras\w*|forget|clear\w*",
    "kv_clear": r"clear\w*|clean\w*|drop\w*|delet\w*|remov\w*|empt\w*|throw\w*|discard\w*|purg\w*|"
    r"wip\w*|free|flush|rid|eras\w*|forget",
}

FRAMES: dict[str, Frame] = {
    "rollback": _rollback, "snapshot": _snapshot, "snapshots": _only(),
    "drop_snapshot": _drop_snapshot, "restore": _restore, "versions": _path,
    "change_summary": _between, "diff": _between, "delete": _delete, "purge": _paths,
    "prune": _prune, "trash": _trash, "trash_restore": _path, "trash_empty": _trash_empty,
    "write_file": _write, "make_dir": _make_dir, "copy": _two, "move": _two,
    "list_dir": _list_dir, "tree": _tree, "find_files": _find_files, "stat": _stat,
    "status": _status, "reindex": _only(), "fsck": _fsck, "concat": _concat,
    "file_join": _file_join, "log": _log, "text": _text, "read": _past_content,
    "read_text": _read_text,
    "share": _held("expires"), "unshare": _path, "lock": _held("for_"),
    "unlock": _path, "summarize": _summarize,
    "duplicates": _duplicates, "kv_status": _only(), "kv_clear": _kv_clear,
    "map_files": _only(), "group_by": sets.group_by, "join": sets.join, "aggregate": sets.aggregate,
    "keywords_retrieve": sets.keywords, "grep": sets.grep, "extract": sets.extract,
}  # fmt: skip
