"""The object storage that a library is on: S3 by ``s3://``, or a folder by ``file://``.

Credentials, region and endpoint are those of the environment (``AWS_*``), as LanceDB takes them
too; nothing of them is written anywhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from lsfs.errors import LsfsError, NotFound, UsageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("s3", "file")
RETRIES = 5  # of a request that the storage does not answer, with longer and longer pauses
PATIENCE = timedelta(seconds=30)
_CODE = re.compile(r"<Code>(\w+)</Code>")
PUTS = "AWS_CONDITIONAL_PUT"


def is_library(place: str) -> bool:
    """Whether a place is the URI of a library, and no folder of this machine."""
    return urlsplit(place).scheme in SCHEMES


class Object(Struct, frozen=True):
    """An object as it is listed: where, how many bytes, and since when."""

    path: str
    size: int
    changed: datetime


class Objects:
    """Objects below a URI.

    Args:
        uri: ``s3://bucket/prefix`` or ``file:///folder``.
        make: make the folder of a ``file`` URI if it is missing.

    Raises:
        UsageError: it is no such URI.
    """

    def __init__(self, uri: str, *, make: bool = False) -> None:
        self.uri = uri.rstrip("/")
        parts = urlsplit(self.uri)
        if parts.scheme not in SCHEMES or not (parts.netloc or parts.path):
            raise UsageError(
                f"{uri!r} is no library", hint="a library is at s3://BUCKET/NAME or file:///FOLDER"
            )
        if parts.username or parts.password or parts.query:
            raise UsageError(
                "a library's URI holds no credentials and no options",
                hint="they are taken from the environment: AWS_ACCESS_KEY_ID and others",
            )
        self._store = self._opened(make)

    def _opened(self, make: bool) -> ObjectStore:
        from obstore.exceptions import BaseError
        from obstore.store import LocalStore, from_url

        parts = urlsplit(self.uri)
        if parts.scheme == "file":
            folder = Path(unquote(parts.path))
            if not make and not folder.is_dir():
                raise NotFound(f"there is no library at {self.uri}")
            return LocalStore(folder, mkdir=make)
        if os.environ.get(PUTS) == "disabled":
            raise UsageError(f"{PUTS}=disabled: a library needs conditional writes")
        try:
            retry = {"max_retries": RETRIES, "retry_timeout": PATIENCE}
            return from_url(self.uri, retry_config=retry)
        except (BaseError, ValueError) as error:
            raise UsageError(f"{self.uri}: {_first_line(error)}") from error

    @property
    def tables_uri(self) -> str:
        """Where LanceDB finds the tables."""
        parts = urlsplit(self.uri)
        if parts.scheme == "file":
            return str(Path(unquote(parts.path)) / "tables")
        return f"{self.uri}/tables"

    def get(self, path: str) -> bytes:
        """The bytes of an object.

        Raises:
            NotFound: there is none.
            LsfsError: the storage does not answer, or refuses.
        """
        import obstore

        with _told(self.uri, path):
            return bytes(obstore.get(self._store, path).bytes())

    def parts(self, path: str, size: int) -> Iterator[bytes]:
        """The bytes of an object, about so many at a time.

        Raises:
            NotFound, LsfsError: as :meth:`get`.
        """
        import obstore

        with _told(self.uri, path):
            for part in obstore.get(self._store, path).stream(min_chunk_size=size):
                yield bytes(part)

    def size(self, path: str) -> int | None:
        """Bytes of an object; None where there is none."""
        import obstore

        try:
            with _told(self.uri, path):
                return int(obstore.head(self._store, path)["size"])
        except NotFound:
            return None

    def create(self, path: str, data: Any) -> bool:
        """Write an object that is not there yet; False when there is one already.

        Args:
            data: bytes, or an open file that is read from where it stands.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError

        try:
            with _told(self.uri, path):
                obstore.put(self._store, path, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            # A try that the server took and whose answer was lost is tried again, and finds itself.
            return isinstance(data, bytes) and self.get(path) == data
        return True

    def put(self, path: str, data: Any) -> None:
        """Write an object, whether there is one or not; a large one in parts."""
        import obstore

        with _told(self.uri, path):
            obstore.put(self._store, path, data)

    def delete(self, paths: list[str]) -> None:
        """Delete objects; those that are gone already are no error."""
        import contextlib

        import obstore

        for path in paths:
            with contextlib.suppress(NotFound), _told(self.uri, path):
                obstore.delete(self._store, path)

    def set_aside(self, path: str, to: str) -> None:
        """Give an object another name; what has that name goes. One that is gone is no error."""
        import contextlib

        import obstore

        with contextlib.suppress(NotFound), _told(self.uri, path):
            obstore.rename(self._store, path, to, overwrite=True)

    def all(self, folder: str, after: str = "") -> Iterator[Object]:
        """All objects below a folder, of those that sort after a path."""
        import obstore

        with _told(self.uri, folder):
            for found in obstore.list(self._store, folder, offset=after or None):
                for one in found:
                    if not after or one["path"] > after:
                        yield Object(one["path"], one["size"], one["last_modified"])


class _told:
    """Errors of the storage as those of lsfs, without the noise around them."""

    def __init__(self, uri: str, path: str) -> None:
        self._where = f"{uri}/{path}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        from obstore import exceptions

        if isinstance(error, exceptions.AlreadyExistsError):
            return
        if isinstance(error, (exceptions.NotFoundError, FileNotFoundError)):
            raise NotFound(f"{self._where} is not there") from error
        if isinstance(error, (exceptions.BaseError, OSError)):
            raise LibraryUnreachable(f"{self._where}: {_first_line(error)}") from error


class LibraryUnreachable(LsfsError):
    """The storage of a library does not answer, or refuses."""

    exit_code = 74
    default_hint = (
        "are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL set?"
    )


def _first_line(error: BaseException) -> str:
    """What the storage said, or why it said nothing, without how the request was made."""
    said = str(error)
    first = said.strip().split("\n", 1)[0].split(" - ", 1)[-1].split(": <?xml", 1)[0]
    code = _CODE.search(said)
    return f"{first} ({code[1]})"[:300] if code else first[:300]
