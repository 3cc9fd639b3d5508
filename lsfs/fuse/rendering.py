"""The texts, and the names of links, that the virtual directory shows."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence

from lsfs import codec
from lsfs.model import FileProblem, Hit, SavedSearch

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
    """A name that is safe to show and fits a directory entry; the rank makes it unique."""
    safe = "".join("\N{REPLACEMENT CHARACTER}" if is_control(c) else c for c in name)
    room = NAME_MAX - len(rank)
    raw = os.fsencode(safe)
    if len(raw) > room:
        stem, dot, suffix = safe.rpartition(".")
        tail = os.fsencode(dot + suffix) if stem and len(suffix) <= SUFFIX_MAX else b""
        # Cut between characters, not within one: go back over UTF-8 continuation bytes.
        cut = room - len(tail)
        while cut and raw[cut] & 0xC0 == 0x80:
            cut -= 1
        safe = os.fsdecode(raw[:cut] + tail)
    return rank + safe


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
    title = _line(saved.query or saved.name)
    if not saved.hits:
        return f"# {title}\n\nNothing found.\n"
    entries = [_entry(rank, hit) for rank, hit in enumerate(saved.hits, 1)]
    return f"# {title}\n\n" + "\n".join(entries)


def _entry(rank: int, hit: Hit) -> str:
    place = _line(hit.path) + _where(hit)
    about = " \N{EM DASH} ".join(_line(part) for part in (hit.title, hit.date) if part)
    quote = "\n".join(f"> {_line(line)}" for line in hit.text.strip().splitlines())
    return f"## {rank}. {place}\n\n" + "".join(f"{part}\n\n" for part in (about, quote) if part)


def _where(hit: Hit) -> str:
    if hit.page is not None:
        end = hit.page_end
        return f", page {hit.page}" + (f"-{end}" if end and end != hit.page else "")
    if hit.line_start is not None:
        end = hit.line_end
        return f", line {hit.line_start}" + (f"-{end}" if end and end != hit.line_start else "")
    return ""


def _line(text: str) -> str:
    """Text from a file on one line, without what a terminal would obey."""
    return "".join(" " if is_control(character) else character for character in text)
