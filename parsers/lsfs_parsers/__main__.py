"""Runs the parsing child: ``python -m lsfs_parsers --fd N``."""

from __future__ import annotations

import os
import sys

from lsfs_parsers.child import main

if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Not by sys.exit(), which frees each object by itself: nothing is left that needs it.
    sys.stderr.flush()
    os._exit(code)
