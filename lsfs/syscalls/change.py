"""What changed between two versions of a document, in words."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from lsfs.differences import ChangeSummary
from lsfs.model import Document

if TYPE_CHECKING:  # the engines load where versions are compared, not for --help
    from lsfs.llm.answers.chat import ChatModel


def change_summary_of(
    before: Document,
    after: Document,
    chat: ChatModel | None = None,
    *,
    cancel: Event | None = None,
) -> ChangeSummary:
    """The facts of a change, and the model's sentence on them where they bear it.

    Args:
        before, after: two versions of a file, as parsed.
        chat: the model; without one there are only facts.
        cancel: stops the model; the facts take no more than seconds.

    Raises:
        Cancelled: ``cancel`` was set.
        ModelError: the model failed.
    """
    from lsfs.llm.answers.change import change_sentence
    from lsfs.syscalls.values import document_values
    from lsfs.versions.facts import change_facts

    found = change_facts(before, after, document_values)
    sentence = change_sentence(found.facts, chat, cancel=cancel) if chat is not None else ""
    return ChangeSummary(
        found.facts,
        sentence,
        chat.name if chat is not None and found.facts else "",
        found.sections,
        found.counts,
        found.values_added,
        found.values_removed,
        found.more,
        found.notes,
    )
