#!/usr/bin/env python3
"""Asks a team's library a question, and shows the answer as it comes.

    LSFS_TOKEN=… ask.py https://docs.example.org "What is the monthly rent?"

Told that there is no room (429, 503), it comes again after the seconds that it was told.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

TRIES = 5


def parts(address: str, token: str, question: str) -> Iterator[dict[str, Any]]:
    """The parts of an answer: ``event``s with text, then one ``result`` or ``error``."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/x-ndjson"}
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(f"{address}/api/v1/ask", body, headers)
    for left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(request) as answer:
                yield from map(json.loads, answer)
            return
        except urllib.error.HTTPError as refusal:
            if refusal.code not in (429, 503) or not left:
                yield json.load(refusal)
                return
            time.sleep(int(refusal.headers.get("Retry-After", "1")))


def main() -> int:
    address, question = sys.argv[1].rstrip("/"), " ".join(sys.argv[2:])
    for part in parts(address, os.environ["LSFS_TOKEN"], question):
        if "error" in part:
            sys.stderr.write(f"{part['error']['message']}\n{part['error']['hint']}\n")
            return 1
        if "event" in part:
            print(part["event"].get("text", ""), end="", flush=True)
        if "result" in part:
            print()
            for place in part["result"]["citations"]:
                print(f"  {place['path']}{place.get('where') or ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
