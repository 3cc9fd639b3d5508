"""A brain that knows no models: makes and forgets queries, each finding what ``hits.json`` says."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

from lsfs import codec
from lsfs.index.catalog import Catalog
from lsfs.model import Hit, SavedSearch
from lsfs.paths import StatePaths
from lsfs.serve.rpc import Emit, Server


def main() -> None:
    """Serve until standard input ends."""
    state = StatePaths(Path(sys.argv[1]))
    catalog = Catalog(state.catalog)
    hits_file = state.root / "hits.json"
    hits = codec.loads(hits_file.read_bytes(), tuple[Hit, ...]) if hits_file.exists() else ()

    def handle(name: str, arguments: dict[str, Any], emit: Emit, gone: threading.Event) -> Any:
        if name == "save_search":
            catalog.save_search(SavedSearch(arguments["name"], 1, hits))
        elif name == "drop_search":
            catalog.drop_search(arguments["name"])
        return {}

    server = Server(state.socket, handle)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.read(0, 4096):
        pass
    server.close()
    catalog.close()


if __name__ == "__main__":
    main()
