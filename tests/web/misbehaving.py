"""Stands in for what draws pages, and behaves as one that a hostile file has taken over."""

from __future__ import annotations

import os
import signal
import sys
import time


def behave(way: str) -> None:
    """Behave so."""
    if way == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif way == "flood":
        for _ in range(200):
            sys.stdout.write("x" * 2**20)
    elif way == "lie":
        sys.stdout.write("<svg onload=alert(1)>")
    else:
        if way == "close":
            os.close(1)
        time.sleep(600)


if __name__ == "__main__":
    behave(sys.argv[sys.argv.index("--media-type") + 1])
