"""The texts, and the names of links, that the virtual directory shows."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

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
    text = Path(__file__).with_name("readme.md").read_text("utf-8")
    return text.replace("{name}", name)


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
