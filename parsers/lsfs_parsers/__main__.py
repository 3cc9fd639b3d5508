"""Runs the parsing child: ``python -m lsfs_parsers --fd N``."""

from __future__ import annotations

import sys

from lsfs_parsers.child import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
