"""The version of each built-in parser, to be raised when it may read a file otherwise than before.

Apart from the parsers, so that a process need not load all of them to tell what is outdated.
"""

from __future__ import annotations

VERSIONS = {
    "text": 3,
    "code": 2,
    "archive": 3,
    "notebook": 2,
    "latex": 2,
    "delimited": 1,
    "json": 2,
    "settings": 2,
    "xml": 3,
    "markdown": 3,
    "html": 2,
    "email": 5,
    "doc": 1,
    "docx": 2,
    "spreadsheet": 5,
    "pdf": 11,
    "ppt": 1,
    "pptx": 2,
    "odf": 1,
    "epub": 1,
    "image": 4,
    "rtf": 1,
}
