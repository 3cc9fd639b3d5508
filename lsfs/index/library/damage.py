"""What can be wrong with a library, by name, and what mending does about it.

Rows are made of the bytes of files, and the bytes are in the folders that the files come from. So
what is taken out of the tables is lost until the folder is put into the library again, and no
longer; what is marked is read again then.
"""

from __future__ import annotations

FILE_ID = "file has another id than its path"
FILE_TWICE = "file twice"
NO_DOCUMENT = "document of a file is missing"
DOCUMENT_ID = "document has another id than its content"
DOCUMENT_TWICE = "document twice"
UNREADABLE = "document cannot be read"
PASSAGE_TWICE = "passage twice"
NO_VECTOR = "passage has no vector of length 1"
NO_OWNER = "passages of no document"
OTHER_PASSAGES = "document has other passages than it says"
NO_BYTES = "bytes of a file are missing"
OTHER_SIZE = "bytes of a file are of another size"
OTHER_BYTES = "bytes of a file are others"
OTHER_TEXT = "passage says something else than was made of its document"
BAD_INDEX = "index is missing or cannot be used"
BAD_TABLE = "table cannot be read"

_AGAIN = "its files are marked, and read when their folder is indexed again"
_OTHER_BYTES = (
    "they are set aside (damaged/DIGEST); its files are marked, and sent when their folder is "
    "indexed again"
)
# What mending does about each, for a person.
MENDING = {
    FILE_ID: "the row gets the id of its path",
    FILE_TWICE: "the latest row stays, and is marked to be looked at again",
    NO_DOCUMENT: _AGAIN,
    DOCUMENT_ID: f"the document goes; {_AGAIN}",
    DOCUMENT_TWICE: "one of its rows stays",
    UNREADABLE: f"the document goes; {_AGAIN}",
    PASSAGE_TWICE: "one of its rows stays",
    NO_VECTOR: f"the document goes; {_AGAIN}",
    NO_OWNER: "they go",
    OTHER_PASSAGES: f"the document goes; {_AGAIN}",
    NO_BYTES: "its files are marked, and sent when their folder is indexed again",
    OTHER_SIZE: _OTHER_BYTES,
    OTHER_BYTES: _OTHER_BYTES,
    OTHER_TEXT: f"the document goes; {_AGAIN}",
    BAD_INDEX: "it is made anew",
    BAD_TABLE: "a table of documents or passages is emptied, with the other one, and all files are "
    "marked; one of files cannot be mended: put the folders into a new library",
}
