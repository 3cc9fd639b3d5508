"""The texts, and the names of links, that the virtual directory shows."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence

from lsfs import codec
from lsfs.index.groups.grouped import SavedGroup
from lsfs.model import Citation, FileProblem, FoundFile, Hit, SavedQuestion, SavedSearch
from lsfs.places import cited, plain
from lsfs.summaries import Summary

NAME_MAX = 255
LINK_MAX = 4095
SUFFIX_MAX = 16

# Direction overrides make "exe.pdf" out of "fdp.exe" on the screen.
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def readme(name: str) -> str:
    """How to use the virtual directory called ``name``."""
    return f"""# {name}: what this drive knows about its files

This directory is not listed by `ls`, `find` or `grep -r`; go to it by name. Nothing in it is
stored in your folder.

| path | what it is |
|---|---|
| `status` | how far the index is, as JSON |
| `errors.ndjson` | files that could not be read in full, one JSON object a line |
| `search/` | your queries, as directories |
| `ask/` | your questions, as files that hold the answers |
| `by/` | all files by date, type, author, kind, party and topic |
| `group/` | your own groupings, as directories |
| `join/` | files joined on what they state, as directories; documents joined into one |
| `text/` | each document as text, in Markdown |
| `pages/` | the same, page by page |
| `summary/` | each document in about a page, and each folder |
| `versions/` | what each file was before, as files |
| `at/` | the whole drive as it was at a time |
| `trash/` | files that were removed |

## Search

Make a directory named as your question; list it to see what was found:

    mkdir "{name}/search/rental contracts"
    ls -l "{name}/search/rental contracts"

Each entry is a symbolic link to a file of the drive, best first. `RESULTS.md` shows the passages
with page and line, `results.json` the same for programs.

A directory inside narrows the one around it:

    mkdir "{name}/search/rental contracts/after:2023-01-01"

`rmdir` forgets a query. The files that it found stay as they are: links can be read through but
not changed or removed here.

## Ask

Write a question to a file of any name, and read the answer from the file of that name with `.md`:

    echo "What is the monthly rent?" > {name}/ask/rent
    cat {name}/ask/rent.md

Each statement comes with the file, the place and the words it rests on. When the files have changed
since, the question is asked again as you open its file. `rm {name}/ask/rent.md` forgets it.

## Browse

    ls {name}/by/date/2023/2023-04 {name}/by/type/pdf {name}/by/author {name}/by/topic

Links again. The date is the one that a document states of itself; where it states a year only, the
link is in the year's folder. A file whose name another one of the same folder has bears its own
folder's name in brackets.

Make a directory in `group/` named as what the files should be grouped by:

    mkdir {name}/group/counterparty "{name}/group/project type:pdf"
    ls {name}/group/counterparty

It is computed again as files change; `GROUPS.md` in it says what there is; `rmdir` forgets it.

## Join

    mkdir "{name}/join/invoices+contracts on counterparty"
    cat "{name}/join/invoices+contracts on counterparty/ROWS.md"

There is a directory for each pair, with a link to both files; `rows.csv` and `rows.json` are for
programs. Behind `on` stand one or more fields, parted by commas; `within 7d`, `tolerance 1%` and
`how anti` (files without a partner) may follow. `rmdir` forgets a join.

    cat "{name}/join/Contracts/lease.pdf+Finance/invoice.txt"

Any documents joined by `+` are one file of text, without being made; with `.json` behind it, which
page of it is which page of what file.

## Read

    cat "{name}/text/Contracts/lease.pdf.md"
    cat "{name}/pages/Contracts/lease.pdf/0002.md"
    grep -ri "notice period" {name}/text

`text/` has the folders of the drive that hold documents, without hidden ones. How reading a file
ended, how many pages it has and which days it states are also attributes of the file itself:
`getfattr -n user.lsfs.indexed FILE`, and likewise `user.lsfs.pages` and `user.lsfs.dates`.

## Go back

    ls {name}/versions/Contracts/lease.txt
    diff "{name}/versions/Contracts/lease.txt/0002 2026-11-23T10:00:00Z.txt" Contracts/lease.txt
    cp -r {name}/at/2026-11-24/Contracts /tmp/contracts-of-that-day
    diff -r {name}/at/2026-11-24T10:00/Contracts Contracts
    cp {name}/trash/Contracts/old.txt Contracts/

A file has a directory in `versions/` with each content that it had, numbered, with the time (UTC)
at which it came. A renamed file keeps its numbers and is under its new name; what was removed stays
under the old. A content that was given up, or that nobody could keep because the file was changed
behind the mount, is left out: its number is missing. `getfattr -n user.lsfs.version FILE` tells the
number of what the file holds now.

Below `at/` any time can be named: `2026-11-24` is the end of that day, `2026-11-24T10:00` that
minute's beginning, `2026-11-24T10:00:30` the end of that second. That is your local time; put `Z`
behind it for UTC, or an offset like `+01:00`. The name of a snapshot is a time too. A time to come
shows the present. `ls {name}/at` lists the snapshots and the last days on which something changed.
A file whose bytes were not kept is there, and cannot be read (Input/output error). Of the time
before lsfs first looked at a file nothing is known but the file's own date.

`trash/` has the files that were removed and have not come back, in their folders. Nothing can be
changed here: copy files out. `lsfs trash restore` and `lsfs rollback` bring things back with their
history; `lsfs trash empty` empties the trash.
"""


def problems(found: Iterable[FileProblem]) -> bytes:
    """One JSON object a line."""
    return "".join(codec.dumps(problem) + "\n" for problem in found).encode()


def links(hits: Sequence[Hit], depth: int) -> dict[str, bytes]:
    """The links of a result: names like ``01 lease.pdf`` with the relative paths they say.

    Args:
        hits: best first; a file that has several gets one link, at its best.
        depth: how many folders the links lie below the root of the mount.
    """
    paths = list(dict.fromkeys(hit.path for hit in hits))
    width = max(2, len(str(len(paths))))
    up = b"../" * depth
    found = {}
    for rank, path in enumerate(paths, 1):
        target = up + os.fsencode(path)
        # A link that is too long to be read is worse than none; the page still names the file.
        if len(target) <= LINK_MAX:
            found[_link_name(f"{rank:0{width}d} ", path.rpartition("/")[2])] = target
    return found


def _link_name(rank: str, name: str) -> str:
    return rank + safe_name(name, NAME_MAX - len(rank))


def safe_name(name: str, room: int = NAME_MAX) -> str:
    """A file's name, safe to show and cut to ``room`` bytes before its ending."""
    safe = name
    if not name.isprintable():
        safe = "".join("\N{REPLACEMENT CHARACTER}" if is_control(c) else c for c in name)
    raw = os.fsencode(safe)
    if len(raw) <= room:
        return safe
    suffix = split_name(safe)[1]
    tail = os.fsencode(suffix) if len(suffix) <= SUFFIX_MAX + 1 else b""
    # Cut between characters, not within one: go back over UTF-8 continuation bytes.
    cut = room - len(tail)
    while cut and raw[cut] & 0xC0 == 0x80:
        cut -= 1
    return os.fsdecode(raw[:cut] + tail)


def split_name(name: str) -> tuple[str, str]:
    """The part before the last dot of a name, and the ending with its dot."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem else (name, "")


def is_control(character: str) -> bool:
    """Whether a character would move the cursor, break the line or turn the text around."""
    return unicodedata.category(character) in ("Cc", "Zl", "Zp") or character in _OVERRIDES


def results_data(saved: SavedSearch) -> str:
    """The hits for programs, as JSON."""
    return (
        codec.dumps({"query": saved.query or saved.name, "hits": list(saved.hits)}, indent=2) + "\n"
    )


def results_page(saved: SavedSearch) -> str:
    """The hits for people, as Markdown."""
    title = one_line(saved.query or saved.name)
    if not saved.hits:
        return f"# {title}\n\nNothing found.\n"
    entries = [_entry(rank, hit) for rank, hit in enumerate(saved.hits, 1)]
    return f"# {title}\n\n" + "\n".join(entries)


def groups_page(saved: SavedGroup) -> str:
    """A grouping for people, as Markdown."""
    count = "1 group" if len(saved.groups) == 1 else f"{len(saved.groups)} groups"
    lines = [f"# {one_line(saved.name)}", "", f"{count} by {one_line(saved.title)}", ""]
    lines += [f"- {one_line(' / '.join(one.folders))} ({len(one.paths)})" for one in saved.groups]
    return "\n".join(lines) + "\n"


def answer_page(asked: SavedQuestion) -> bytes:
    """An answer for people, as Markdown; paths are relative to the drive."""
    parts = [f"# {one_line(asked.question)}", _lines(asked.answer)]
    if asked.citations:
        parts.append("## Where it says so")
        parts += [_citation(rank, place) for rank, place in enumerate(asked.citations, 1)]
    if asked.files:
        files = "\n".join(_file(found) for found in asked.files)
        parts += ["## Files", files]
    if asked.model:
        parts.append(f"Language model: {one_line(asked.model)}")
    return ("\n\n".join(parts) + "\n").encode("utf-8", "replace")


def no_answer_page(asked: SavedQuestion, why: str) -> bytes:
    """What a question's file says when it cannot be answered: why, what to do, and what was."""
    page = (
        f"# {one_line(asked.question)}\n\nThis cannot be answered at the moment: {_lines(why)}\n\n"
        "Open this file again in a while. Your files are not affected; `lsfs status` tells how the "
        "index is doing, and `lsfs doctor` what is wrong.\n"
    ).encode("utf-8", "replace")
    if asked.generation < 0:
        return page
    return page + b"\n---\n\nThe answer before the files last changed:\n\n" + answer_page(asked)


def summary_page(found: Summary) -> bytes:
    """A summary for people, as Markdown; paths are relative to the drive."""
    parts = [f"# {one_line(found.title)}"]
    for part in found.parts:
        said = [_marked(found, number) for number in part.statements]
        parts += [f"## {one_line(part.heading)}"] if part.heading else []
        parts.append("\n".join(f"- {one}" for one in said) if part.listed else " ".join(said))
    if not found.parts:
        parts.append(_lines(found.summary))
    parts += [f"({one_line(note)})" for note in found.notes]
    if found.citations:
        parts.append("## Where it says so")
        parts += [_citation(rank, place) for rank, place in enumerate(found.citations, 1)]
    return ("\n\n".join(parts) + "\n").encode("utf-8", "replace")


def _marked(found: Summary, number: int) -> str:
    """A statement with the numbers of its citations, from 1."""
    one = found.statements[number]
    marks = "".join(f"[{n + 1}]" for n in one.citations)
    return f"{one_line(one.text)} {marks}".rstrip()


def no_summary_page(path: str, why: str) -> bytes:
    """What a summary's file says when there is none: why, and what to do."""
    return (
        f"# {one_line(path)}\n\nThere is no summary: {_lines(why)}\n\n"
        "Your files are not affected; `lsfs status` tells how the index is doing.\n"
    ).encode("utf-8", "replace")


def _citation(rank: int, place: Citation) -> str:
    quote = "\n".join(f"   > {one_line(line)}" for line in place.quote.strip().splitlines())
    where = place.where or plain(place.page, None, place.line_start, place.line_end)
    return f"{rank}. {one_line(cited(place.path, where))}\n\n{quote}"


def _file(found: FoundFile) -> str:
    place = one_line(cited(found.path, found.where or plain(found.page)))
    about = (one_line(part) for part in (place, found.title, found.date) if part)
    return "- " + " \N{EM DASH} ".join(about)


def _entry(rank: int, hit: Hit) -> str:
    where = hit.where or plain(hit.page, hit.page_end, hit.line_start, hit.line_end)
    place = one_line(cited(hit.path, where))
    about = " \N{EM DASH} ".join(one_line(part) for part in (hit.title, hit.date) if part)
    quote = "\n".join(f"> {one_line(line)}" for line in hit.text.strip().splitlines())
    return f"## {rank}. {place}\n\n" + "".join(f"{part}\n\n" for part in (about, quote) if part)


def _lines(text: str) -> str:
    """Text of several lines, each without what a terminal would obey."""
    return "\n".join(one_line(line) for line in text.strip().splitlines())


def one_line(text: str) -> str:
    """Text from a file on one line, without what a terminal would obey."""
    return "".join(" " if is_control(character) else character for character in text)
