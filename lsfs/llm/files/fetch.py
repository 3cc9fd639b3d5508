"""One file over HTTPS: on from where it stopped, as often as the connection breaks."""

from __future__ import annotations

import contextlib
import email.utils
import errno
import fcntl
import http.client
import json
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from http.client import HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, BinaryIO, cast
from urllib.parse import urlsplit

from msgspec import Struct

from lsfs.errors import LockHeld, ModelError
from lsfs.llm.files.address import check_address

PIECE = 1 << 20  # bytes
SECONDS = 60.0  # without a byte
SPARE = 1 << 30  # bytes that are left on the disk
TRIES = 6  # in a row that bring nothing
LONGEST_WAIT = 300.0  # seconds that a server may ask for
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # what passes, as a rule
ABOUT = ".about"  # beside a part: of which file it is a part
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")

Progress = Callable[[int, int], None]  # bytes that are there, bytes in all (0: not known)


class Wanted(Struct, frozen=True):
    """A file to fetch.

    Attributes:
        url: where it is.
        size: what it must have, in bytes; 0 where that is not known.
        begins: its first bytes; what begins otherwise is not fetched to its end.
        headers: sent to the host of the URL, and to no other.
    """

    url: str
    size: int = 0
    begins: bytes = b""
    headers: Mapping[str, str] | None = None


class _Broken(Exception):
    """The connection ended, or the server is busy: another try may do.

    Args:
        wait: seconds that the server asks for; None where it asks for none.
    """

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to safe places only, and remembers the digest that the hub states on the way."""

    stated = ""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
        headers: HTTPMessage, newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        """Raises UsageError: it leads to a place that is not safe."""
        check_address(newurl)
        self.stated = _stated(headers) or self.stated
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            new.remove_header("Authorization")  # it is for the first host
        return new


def _stated(headers: Message) -> str:
    """The SHA-256 of a large file, as the hub states it; "" when it does not."""
    tag = str(headers.get("X-Linked-ETag", "")).removeprefix("W/").strip('"').lower()
    return tag if _SHA256.fullmatch(tag) else ""


@contextlib.contextmanager
def held(part: Path) -> Iterator[BinaryIO]:
    """The part of a file, for one process at a time; until the block ends, also when it has got
    another name by then.

    Raises:
        LockHeld: another process is fetching it.
    """
    with part.open("ab+") as file:
        busy = LockHeld(f"{part.name} is being fetched already")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise busy from error
        # Between opening and locking the other process may have finished it and named it.
        try:
            is_part = os.path.samestat(part.stat(), os.fstat(file.fileno()))
        except FileNotFoundError:
            is_part = False
        if not is_part:
            raise busy
        yield file


def fetch(
    wanted: Wanted,
    part: Path,
    file: BinaryIO,
    progress: Progress = lambda *_: None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Fetch what is lacking of a file; it is whole afterwards, as far as the server tells.

    A part is gone on with where the server says that its file is still the same (by ETag); where it
    answers for another place than was asked for, it is begun anew.

    Args:
        part: where it is put; what is there of an earlier try is used.
        file: it, from :func:`held`.
        sleep: waits between two tries, so many seconds.

    Returns:
        The SHA-256 that the server states; "" where it states none.

    Raises:
        ModelError: it cannot be fetched; what has come stays.
        UsageError: it is at a place that is not safe.
    """
    return _Fetching(wanted, part, file, progress).run(sleep)


class _Fetching:
    def __init__(self, wanted: Wanted, part: Path, file: BinaryIO, progress: Progress) -> None:
        self._wanted, self._part, self._file, self._progress = wanted, part, file, progress
        self._about = part.with_name(part.name + ABOUT)
        self._total = wanted.size
        self._reached = False  # whether the server has answered once

    def run(self, sleep: Callable[[float], None]) -> str:
        tries = most = 0
        while True:
            try:
                return self._once()
            except _Broken as broken:
                # A server that has us begin anew each time brings nothing either.
                tries = 1 if self._there() > most else tries + 1
                most = max(most, self._there())
                wait = min(2.0 ** (tries - 1), 30.0) if broken.wait is None else broken.wait
                if tries >= TRIES or wait > LONGEST_WAIT:
                    raise self._given_up(broken, wait) from broken
                sleep(wait)

    def _given_up(self, broken: _Broken, wait: float) -> ModelError:
        hint = "run the same command again: it goes on from where it stopped"
        if wait > LONGEST_WAIT:
            hint = f"the server asks to wait {wait:.0f} seconds; then {hint}"
        return ModelError(f"{self._wanted.url} cannot be fetched: {broken}", hint=hint)

    def _there(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _once(self) -> str:
        there, tag = self._there(), str(self._remembered().get("etag", ""))
        if not self._remembered():
            there = 0  # nothing says of which file it is a part
        redirects = Redirects()
        try:
            with self._opened(redirects, there, tag) as answer:
                self._take(answer, there)
                stated = _stated(answer.headers) or redirects.stated
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 416 or not self._is_whole(error.headers, there):
                    raise self._refused(error, there) from error
                stated = redirects.stated
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise self._full() from error
            if isinstance(error, urllib.error.URLError) and not self._reached:
                hint = "see that this machine is online, or use a file that is here"
                raise ModelError(f"{self._wanted.url}: {error.reason}", hint=hint) from error
            raise _Broken(str(error) or type(error).__name__) from error
        self._about.unlink(missing_ok=True)
        return stated

    def _opened(self, redirects: Redirects, there: int, tag: str) -> HTTPResponse:
        headers = {"User-Agent": "lsfs", "Accept-Encoding": "identity"}
        headers |= self._wanted.headers or {}
        if there:
            headers["Range"] = f"bytes={there}-"
            if tag and not tag.startswith("W/"):
                headers["If-Range"] = tag
        request = urllib.request.Request(self._wanted.url, headers=headers)  # noqa: S310 - checked
        opener = urllib.request.build_opener(redirects)
        return cast(HTTPResponse, opener.open(request, timeout=SECONDS))

    # --- what a server answers

    def _take(self, answer: HTTPResponse, there: int) -> None:
        """Write what an answer brings behind what is there, or from the beginning."""
        self._reached = True
        length = answer.length or 0
        if answer.status == 206 and there:
            first, total = _range_of(answer.headers)
            if first != there or self._is_another(answer.headers, total):
                self._begin_anew()
                raise _Broken(f"it answers for byte {first} and not {there}", 0.0)
        else:
            self._begin_anew()  # it does not go on, or the file is another by now
            there, total = 0, length
        if self._wanted.size and total and total != self._wanted.size:
            raise ModelError(f"{self._wanted.url} has {total} bytes, and not {self._wanted.size}")
        self._total = self._wanted.size or total
        self._see_room(self._total - there if self._total else 0)
        self._remember(answer.headers)
        while piece := answer.read(PIECE):
            self._file.write(piece)
            self._file.flush()
            there += len(piece)
            self._see_beginning(there)
            self._progress(there, self._total)
        os.fsync(self._file.fileno())
        if self._total and there < self._total:
            raise _Broken(f"it broke off at {there} of {self._total} bytes")
        if self._total and there > self._total:
            self._begin_anew()
            raise _Broken(f"it has more than the {self._total} bytes that it should")

    def _is_another(self, headers: Message, total: int) -> bool:
        """Whether a server goes on with another file than the one that was begun."""
        known, tag = self._remembered(), _tag(headers)
        return bool((known.get("etag") and tag and tag != known["etag"])
                    or (known.get("total") and total and total != known["total"]))  # fmt: skip

    def _is_whole(self, headers: Message, there: int) -> bool:
        """Whether nothing is lacking, where a server has nothing behind what is there."""
        total = self._wanted.size or _range_of(headers)[1]
        return there > 0 and there == total

    def _refused(self, error: urllib.error.HTTPError, there: int) -> Exception:
        what = f"{self._wanted.url}: {error.code} {error.reason}"
        if error.code == 416 and there:
            self._begin_anew()
            return _Broken("what was there of it is not of this file", 0.0)
        if error.code in BUSY:
            return _Broken(f"{error.code} {error.reason}", _asked_wait(error.headers))
        if error.code in (401, 403):
            hint = "accept its terms on its page, and set HF_TOKEN to a token of yours"
            return ModelError(f"{what}: it is not for everybody", hint=hint)
        if error.code == 404:
            return ModelError(what, hint="see that owner, name and file are spelled as on the hub")
        return ModelError(what)

    # --- the part

    def _begin_anew(self) -> None:
        self._file.truncate(0)
        self._about.unlink(missing_ok=True)

    def _see_room(self, lacking: int) -> None:
        free = shutil.disk_usage(self._part.parent).free
        if lacking and lacking + SPARE > free:
            what = f"{self._wanted.url} needs {lacking >> 20} MiB more"
            raise ModelError(f"{what}, and the disk has {free >> 20} MiB free",
                             hint="make room: 1 GiB is left free")  # fmt: skip

    def _full(self) -> ModelError:
        hint = "make room and run the same command again: it goes on from where it stopped"
        return ModelError(f"the disk is full: {self._there() >> 20} MiB have come", hint=hint)

    def _see_beginning(self, there: int) -> None:
        begins = self._wanted.begins
        if there >= len(begins) and os.pread(self._file.fileno(), len(begins), 0) != begins:
            self._begin_anew()
            self._part.unlink()
            what = f"what came from {self._wanted.url} is not what it should be"
            raise ModelError(f"{what}: it is no {begins.decode('ascii', 'replace')} file")

    def _remember(self, headers: Message) -> None:
        about = {"url": self._wanted.url, "etag": _tag(headers), "total": self._total}
        self._about.write_text(json.dumps(about), encoding="utf-8")

    def _remembered(self) -> dict[str, str | int]:
        try:
            about = json.loads(self._about.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        is_ours = isinstance(about, dict) and about.get("url") == self._wanted.url
        return about if is_ours else {}


def _tag(headers: Message) -> str:
    """What tells a file from a later one at its place; "" where the server says nothing."""
    return str(headers.get("ETag") or headers.get("Last-Modified") or "")


def _range_of(headers: Message) -> tuple[int, int]:
    """Where an answer begins, and how much there is in all: -1 and 0 where it does not say."""
    found = _RANGE.fullmatch(str(headers.get("Content-Range", "")).strip())
    if found is None:
        return -1, 0
    return int(found[1] or -1), 0 if found[3] == "*" else int(found[3])


def _asked_wait(headers: Message) -> float | None:
    """Seconds that a server asks to wait for, as a number or as a date."""
    told = str(headers.get("Retry-After", "")).strip()
    if told.isdecimal():
        return float(told)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
