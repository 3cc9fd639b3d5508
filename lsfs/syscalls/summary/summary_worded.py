"""A summary in the words of the language model, where its quotes bear them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blake3 import blake3
from msgspec.structs import replace

from lsfs.summaries import Summary
from lsfs.syscalls.summary.summary_document import text_of

if TYPE_CHECKING:
    from lsfs.syscalls.engines import Call
    from lsfs.syscalls.summary.summary_kept import SummaryStore


def worded(call: Call, store: SummaryStore, found: Summary) -> Summary:
    """The same summary with those sentences that the model can say in fewer words.

    A sentence that was worded before is not worded again; what stays as it was is a quote still.

    Raises:
        ModelError: the model failed.
    """
    from lsfs.llm.summary.summary_write import worded as one_worded

    chat = call.engines.chat
    if chat is None:
        return found
    statements = list(found.statements)
    used = refused = 0
    for n, one in enumerate(statements):
        call.check()
        call.emit({"stage": "wording", "done": n, "total": len(statements)})
        quotes = {found.citations[number].quote for number in one.citations}
        if quotes != {one.text}:
            continue  # counted, or put together of values: there is nothing to say in fewer words
        key = blake3(f"worded 1\0{chat.name}\0{one.text}".encode("utf-8", "surrogatepass")).digest()
        body = store.get(key)
        if body is None:
            made = one_worded(one.text, chat, call.cancelled)
            mark = "=" if made.used else "-" if made.tried else " "
            body = f"{mark}{made.text}".encode("utf-8", "surrogatepass")
            store.put(key, body)
        text = body.decode("utf-8", "surrogatepass")
        used += text[0] == "="
        refused += text[0] == "-"
        statements[n] = replace(one, text=text[1:])
    return replace(
        found,
        summary=text_of(found.parts, statements),
        statements=tuple(statements),
        method="model" if used else found.method,
        model=chat.name,
        rewritten=used,
        refused=refused,
    )
