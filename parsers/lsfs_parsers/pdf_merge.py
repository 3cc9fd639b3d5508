"""Pages of several PDF files as one file, in a process that has nothing to lose.

    python -m lsfs_parsers.pdf_merge MEMORY_MB FD FD …

Reads the files from descriptors that it inherits, and writes the whole to standard output. What
goes wrong stands on standard error, and the exit code is 1.
"""

from __future__ import annotations

import os
import sys

import pypdfium2 as pdfium

from lsfs_parsers.confine import confine


def main() -> int:
    """Merge what the arguments name."""
    memory_mb, *descriptors = (int(argument) for argument in sys.argv[1:])
    confine(memory_mb)
    merged = pdfium.PdfDocument.new()
    for at, fd in enumerate(descriptors, 1):
        with os.fdopen(fd, "rb") as file:
            try:
                part = pdfium.PdfDocument(file.read())
                merged.import_pages(part)
            except (pdfium.PdfiumError, MemoryError) as error:
                sys.stderr.write(f"file {at} cannot be read as PDF: {error}\n")
                return 1
    merged.save(sys.stdout.buffer)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
