"""Facts of change as short plain sentences."""

from __future__ import annotations

from lsfs.differences import ChangeFact, ChangeKind, Quoted

MAX_QUOTE = 160  # characters of a quote within a sentence
ARROW = " \u2192 "
NOTHING = "\u2205"  # stands for an empty cell


def sentence(fact: ChangeFact) -> str:
    """A fact in words, with the headings above it in front and its place at the end."""
    return f"{_heading(fact)}{_said(fact)}{_where(fact)}"


def rows(count: int) -> str:
    """How many rows a table has, in words."""
    return "1 row" if count == 1 else f"{count} rows"


def quoted(text: str) -> str:
    """A quote, cut at a word when it is long."""
    if len(text) > MAX_QUOTE:
        text = text[:MAX_QUOTE].rpartition(" ")[0] + " \u2026"
    return f"\u201c{text}\u201d"


def _heading(fact: ChangeFact) -> str:
    named = fact.kind in (ChangeKind.SECTION_ADDED, ChangeKind.SECTION_REMOVED, ChangeKind.MOVED)
    last = fact.heading.rpartition(" > ")[2]
    return f"{last}: " if last and not named else ""


def _said(fact: ChangeFact) -> str:
    before, after = _quote(fact.quote_before), _quote(fact.quote_after)
    match fact.kind:
        case ChangeKind.VALUE:
            times = f" ({fact.places} places)" if fact.places > 1 else ""
            subject = f"{fact.subject} " if fact.subject else ""
            return f"{subject}{fact.before}{ARROW}{fact.after}{times}"
        case ChangeKind.CELL:
            return f"{fact.subject}: {fact.before or NOTHING}{ARROW}{fact.after or NOTHING}"
        case ChangeKind.SECTION_RENAMED:
            return f"heading {quoted(fact.before)}{ARROW}{quoted(fact.after)}"
        case ChangeKind.RENUMBERED:
            more = fact.places - 1
            others = f" and {more} more" if more else ""
            return f"heading {quoted(fact.before)} is now {quoted(fact.after)}{others}"
        case ChangeKind.SECTION_ADDED:
            return f"section {quoted(fact.after)} was added: {_body(fact.quote_after, fact.after)}"
        case ChangeKind.SECTION_REMOVED:
            return f"section {quoted(fact.before)} was removed: " + _body(
                fact.quote_before, fact.before
            )
        case ChangeKind.ADDED | ChangeKind.ROW_ADDED:
            what = "row added: " if fact.kind is ChangeKind.ROW_ADDED else "added: "
            return what + after
        case ChangeKind.REMOVED | ChangeKind.ROW_REMOVED:
            what = "row removed: " if fact.kind is ChangeKind.ROW_REMOVED else "removed: "
            return what + before
        case ChangeKind.COLUMN_ADDED:
            return f"column {quoted(fact.after)} was added"
        case ChangeKind.COLUMN_REMOVED:
            return f"column {quoted(fact.before)} was removed"
        case ChangeKind.TABLE_ADDED:
            return f"a table of {fact.after} was added: {after}"
        case ChangeKind.TABLE_REMOVED:
            return f"a table of {fact.before} was removed: {before}"
        case ChangeKind.MOVED:
            return _moved(fact)
        case ChangeKind.NEGATED | ChangeKind.WORDING:
            return f"{before}{ARROW}{after}"


def _quote(place: Quoted | None) -> str:
    return quoted(place.quote) if place is not None else ""


def _body(place: Quoted | None, title: str) -> str:
    """What stands below a heading, which the quote begins with."""
    text = place.quote.removeprefix(title).strip() if place is not None else ""
    return quoted(text) if text else "it has only its heading"


def _moved(fact: ChangeFact) -> str:
    if fact.subject:
        return f"section {quoted(fact.subject)} moved"
    places = ""
    if fact.before != fact.after:
        old, new = (name.rpartition(" > ")[2] for name in (fact.before, fact.after))
        places = f" from {quoted(old)}" if old else ""
        places += f" to {quoted(new)}" if new else ""
    return f"moved{places}: {_quote(fact.quote_after)}"


def _where(fact: ChangeFact) -> str:
    old, new = fact.quote_before, fact.quote_after
    pages = old.page if old else None, new.page if new else None
    if old and new and pages[0] != pages[1] and None not in pages:
        return f" (page {pages[1]}, was page {pages[0]})"
    place = new or old
    if place is None:
        return ""
    if place.page is not None:
        return f" (page {place.page})"
    return f" (line {place.line_start})" if place.line_start is not None else ""
