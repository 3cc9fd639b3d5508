"""What names a shared library: a URI instead of a folder."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from lsfs.errors import UsageError

SCHEMES = ("s3", "file")


def is_library(place: str | os.PathLike[str]) -> bool:
    """Whether a place is the URI of a library, and no folder of this machine."""
    text = os.fspath(place)
    return "://" in text and urlsplit(text).scheme in SCHEMES


def checked(uri: str) -> str:
    """The URI of a library in its one spelling.

    Raises:
        UsageError: it is none, or holds credentials, which would be kept with it.
    """
    parts = urlsplit(uri)
    if parts.scheme not in SCHEMES or not (parts.netloc or parts.path.strip("/")):
        raise UsageError(
            f"{uri!r} is no library", hint="a library is at s3://BUCKET/NAME or file:///FOLDER"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "a library's URI holds no credentials and no options",
            hint="they are taken from the environment: AWS_ACCESS_KEY_ID and others",
        )
    return uri.rstrip("/")
