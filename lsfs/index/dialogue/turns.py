"""Turns of a conversation, and how a further question is read behind them."""

from __future__ import annotations

from msgspec import Struct


class Turn(Struct, frozen=True, kw_only=True):
    """A question that was answered, with what later questions can refer to. Holds no text of files
    but names and days.

    Attributes:
        question: as it was asked.
        read_as: the same, complete in itself.
        listing: whether it asked for files.
        picked: it took some out of an earlier listing: "the second one".
        files: what the answer is about: the files of a listing in its order, else those cited.
        asked_of: the files that it was asked of; empty for all.
        sources: every file that the answer rests on or names.
        names: whom the answer names.
        days: ISO days that the answer states, the likeliest first.
        at: the moment that it was asked of; "" for the present.
        dir: the folder that it was asked of; "" for the whole drive.
        time_ns: when, in nanoseconds since the epoch.
    """

    question: str
    read_as: str
    listing: bool = False
    picked: bool = False
    files: tuple[str, ...] = ()
    asked_of: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    at: str = ""
    dir: str = ""
    time_ns: int = 0


class Reading(Struct, frozen=True, kw_only=True):
    """A question behind others, as it is to be asked.

    Attributes:
        question: complete in itself.
        files: asked of these first; none stands for all files.
        only: asked of ``files`` alone, even when they do not tell.
        picked: it takes some out of an earlier listing.
        at: the moment of which it is asked; None leaves that to the caller, "" is the present.
        other_than: asked of the one document of the sort ``sort`` that is none of these.
        sort: a word for a sort of documents: "lease".
        note: what was not understood; "" when all was.
    """

    question: str
    files: tuple[str, ...] = ()
    only: bool = False
    picked: bool = False
    at: str | None = None
    other_than: tuple[str, ...] = ()
    sort: str = ""
    note: str = ""
