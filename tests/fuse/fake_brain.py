"""A brain that knows no models.

Queries find what ``hits.json`` says; the answer to a question is the question in capitals.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lsfs import codec
from lsfs.errors import NotFound
from lsfs.index.store.catalog import Catalog
from lsfs.index.store.kept import Questions
from lsfs.model import Hit, SavedQuestion, SavedSearch
from lsfs.paths import StatePaths
from lsfs.serve.rpc import Emit, Server


def main() -> None:
    """Serve until standard input ends."""
    state = StatePaths(Path(sys.argv[1]))
    catalog = Catalog(state.catalog)
    questions = Questions(catalog)
    hits_file = state.root / "hits.json"
    hits = codec.loads(hits_file.read_bytes(), tuple[Hit, ...]) if hits_file.exists() else ()

    def handle(
        name: str, arguments: dict[str, Any], emit: Emit, gone: threading.Event, *_: Any
    ) -> Any:
        if name == "save_search":
            catalog.save_search(SavedSearch(arguments["name"], 1, hits))
        elif name == "drop_search":
            catalog.drop_search(arguments["name"])
        elif name == "save_question":
            questions.save(SavedQuestion(arguments["name"], arguments["question"]))
        elif name == "drop_question":
            questions.drop(arguments["name"])
        elif name == "answer_question":
            return answer(arguments["name"])
        return {}

    def answer(name: str) -> SavedQuestion:
        asked = questions.get(name)
        if asked is None:
            raise NotFound(f"no kept question {name!r}")
        generation = catalog.generation()
        found = replace(asked, generation=generation, answer=asked.question.upper())
        questions.save_answer(found)
        return found

    server = Server(state.socket, handle)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.read(0, 4096):
        pass
    server.close()
    catalog.close()


if __name__ == "__main__":
    main()
