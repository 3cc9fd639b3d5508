"""Results as HTML, as notebooks show them: what comes from files is text and never markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from msgspec import Struct

from lsfs.places import cited
from lsfs.untrusted import safe

MOST_ROWS = 50
MOST_CHARACTERS = 400  # of a cell
# What places are made of, which are shown instead, and what only programs need.
_UNSHOWN = {
    "char_start", "char_end", "line_start", "line_end", "page", "page_end", "line",
    "snippet_start", "highlights", "scores", "explain", "similar", "time_ns", "mtime_ns", "mode",
    "cursor",
}  # fmt: skip


def html(result: Any) -> str:
    """A result of a syscall as a piece of HTML."""
    form = {"Hits": _hits, "Answer": _answer}.get(type(result).__name__, _parts)
    return f'<div class="lsfs-result">{form(result)}</div>'


def _text(value: Any) -> str:
    """Any text as HTML; it cannot turn the order of what stands around it."""
    return f"<bdi>{escape(safe(str(value), lines=True))}</bdi>"


def _hits(result: Any) -> str:
    rows = "".join(
        f"<li><b>{_text(cited(hit.path, hit.where))}</b> <small>{_text(hit.title)}"
        f"{' · ' + _text(hit.date) if hit.date else ''} · {hit.score:.3f}</small><br>"
        f"{_marked(hit)}</li>"
        for hit in result.hits
    )
    return f"{_notes(result)}<ol>{rows}</ol>" if rows else f"{_notes(result)}<p>nothing found</p>"


def _marked(hit: Any) -> str:
    """The part of a passage that was found, with what matches in it."""
    if not hit.snippet:
        return _text(_short(hit.text))
    made, done = "", 0
    for start, end in hit.highlights:
        made += escape(safe(hit.snippet[done:start]))
        made += f"<mark>{escape(safe(hit.snippet[start:end]))}</mark>"
        done = end
    return f"<bdi>{made}{escape(safe(hit.snippet[done:]))}</bdi>"


def _answer(result: Any) -> str:
    said = f'<p style="white-space: pre-wrap">{_text(result.answer)}</p>'
    places = "".join(
        f"<li><b>{_text(cited(one.path, one.where))}</b> {_text(one.quote)}</li>"
        for one in result.citations
    )
    files = "".join(
        f"<li><b>{_text(cited(one.path, one.where))}</b> {_text(one.date)} {_text(one.title)}</li>"
        for one in (result.files if result.by == "list" else ())
    )
    lists = "".join(f"<ul>{items}</ul>" for items in (places, files) if items)
    return f"{said}{lists}{_notes(result)}"


def _notes(result: Any) -> str:
    return "".join(f"<p><small>({_text(note)})</small></p>" for note in result.notes)


def _parts(result: Any) -> str:
    """Any result: its lists as tables below each other, the rest before them."""
    facts, tables = [], []
    for name in result.__struct_fields__:
        value = getattr(result, name)
        if _is_rows(value):
            tables.append(_table(value))
        elif value not in ("", None, (), {}) and name not in _UNSHOWN:
            facts.append(f"<b>{_text(name)}</b> {_cell(value)}")
    head = f"<p>{' · '.join(facts)}</p>" if facts else ""
    return head + "".join(tables) or "<p>nothing</p>"


def _is_rows(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Struct)


def _table(rows: tuple[Any, ...]) -> str:
    names = [name for name in rows[0].__struct_fields__ if name not in _UNSHOWN]
    names = [
        name for name in names if any(getattr(row, name) not in ("", None, ()) for row in rows)
    ]
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(getattr(row, name))}</td>' for name in names)}</tr>"
        for row in rows[:MOST_ROWS]
    )
    more = f"<p>and {len(rows) - MOST_ROWS} more</p>" if len(rows) > MOST_ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: Any) -> str:
    if _is_rows(value):
        return f"<details><summary>{len(value)}</summary>{_table(value)}</details>"
    if isinstance(value, Struct):
        return _parts(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{_text(key)}: {_text(_short(str(one)))}" for key, one in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return ", ".join(_text(_short(str(one))) for one in list(value)[:MOST_ROWS])
    return _text(_short(str(value)))


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
