"""Fetching a GGUF file: over HTTPS, on from where it stopped, by a digest that is held."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote, urlsplit

from lsfs.errors import ModelError, UsageError
from lsfs.llm import library

HUB = "https://huggingface.co"
PIECE = 1 << 20  # bytes
SECONDS = 60.0  # without a byte
SPARE = 1 << 30  # bytes that are left on the disk
_HUB_FILE = re.compile(r"([\w.-]+)/([\w.-]+)/([\w./-]+\.gguf)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAGIC = b"GGUF"

Progress = Callable[[int, int], None]  # bytes that are there, bytes in all (0: not known)


@dataclass(frozen=True, slots=True)
class Pulled:
    """A file that is here now."""

    path: Path
    bytes: int
    sha256: str
    url: str


def address(source: str) -> str:
    """The URL of what a user names: a URL, or ``OWNER/REPO/FILE.gguf`` on the Hugging Face hub.

    Raises:
        UsageError: it is neither, or the URL is not of HTTPS.
    """
    found = _HUB_FILE.fullmatch(source)
    if found:
        return f"{HUB}/{found[1]}/{found[2]}/resolve/main/{found[3]}"
    url = source.replace("/blob/", "/resolve/", 1) if source.startswith(HUB) else source
    _see_that_it_is_safe(url)
    if not urlsplit(url).path.endswith(".gguf"):
        raise UsageError(f"{source!r} is no GGUF file", hint="name a file that ends with .gguf")
    return url


def _see_that_it_is_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise UsageError(f"{url!r} is not fetched: not HTTPS", hint="give an https:// address")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to safe places only, and remembers the digest that the hub states on the way."""

    stated = ""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
        headers: HTTPMessage, newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        """Raises UsageError: it leads to a place that is not safe."""
        _see_that_it_is_safe(newurl)
        self.stated = _stated(headers) or self.stated
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _stated(headers: HTTPMessage) -> str:
    """The SHA-256 of a large file, as the hub states it; "" when it does not."""
    tag = str(headers.get("X-Linked-ETag", "")).removeprefix("W/").strip('"').lower()
    return tag if _SHA256.fullmatch(tag) else ""


def pull(source: str, *, sha256: str = "", progress: Progress = lambda *_: None) -> Pulled:
    """Fetch a model to :func:`lsfs.llm.library.folder`.

    Args:
        source: see :func:`address`.
        sha256: what the file must be; "" takes what the hub states, and else what comes, which is
            then written down.

    Raises:
        UsageError: there is another file of this name, or the address is not safe.
        ModelError: it cannot be fetched, or is not what it should be.
    """
    url, wanted = address(source), sha256.lower()
    if wanted and not _SHA256.fullmatch(wanted):
        raise UsageError(f"{sha256!r} is no SHA-256", hint="give 64 hexadecimal digits")
    target = library.folder() / Path(unquote(urlsplit(url).path)).name
    if target.exists():
        return _already(target, url, wanted)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        stated = _fetch(url, part, progress)
    except urllib.error.HTTPError as error:
        with error:
            raise ModelError(f"{url}: {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        hint = "run the same command again: it goes on from where it stopped"
        raise ModelError(f"{url} cannot be fetched: {error}", hint=hint) from error
    return _accept(part, target, url, wanted or stated)


def _already(target: Path, url: str, wanted: str) -> Pulled:
    known = library.recorded(target)
    digest = known.get("sha256", "")
    if known.get("url") != url or (wanted and wanted != digest):
        hint = f"first: lsfs model remove {target.stem}"
        raise UsageError(f"there is another model {target.stem} already", hint=hint)
    return Pulled(target, target.stat().st_size, digest, url)


def _fetch(url: str, part: Path, progress: Progress) -> str:
    """Fetch what is lacking of a file; gives the digest that the server states, or ""."""
    there = part.stat().st_size if part.exists() else 0
    redirects = _Redirects()
    request = urllib.request.Request(url, headers={"User-Agent": "lsfs"})  # noqa: S310 - seen above
    if there:
        request.add_header("Range", f"bytes={there}-")
    try:
        opened = urllib.request.build_opener(redirects).open(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416 and there:  # it is whole: what is lacking is nothing
            error.close()
            return redirects.stated
        raise
    with cast(HTTPResponse, opened) as answer:
        if answer.status != 206:
            there = 0  # the server does not go on: from the beginning
        length = int(answer.headers.get("Content-Length") or 0)
        total = there + length if length else 0
        free = shutil.disk_usage(part.parent).free
        if length and length + SPARE > free:
            raise ModelError(f"{url} has {length >> 20} MiB, and the disk {free >> 20} MiB free")
        with part.open("r+b" if there else "wb") as file:
            file.seek(there)
            while piece := answer.read(PIECE):
                file.write(piece)
                progress(file.tell(), total)
            file.flush()
            os.fsync(file.fileno())
            if total and file.tell() != total:
                raise OSError(f"it broke off at {file.tell()} of {total} bytes")
        return _stated(answer.headers) or redirects.stated


def _accept(part: Path, target: Path, url: str, wanted: str) -> Pulled:
    """Give a fetched file its name, if it is what it should be; else delete it."""
    with part.open("rb") as file:
        magic = file.read(len(_MAGIC))
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if magic != _MAGIC or (wanted and digest != wanted):
        part.unlink()
        why = f"its SHA-256 is {digest}" if magic == _MAGIC else "it is no GGUF file"
        raise ModelError(f"what came from {url} is not what it should be: {why}")
    record = json.dumps({"url": url, "sha256": digest}, indent=1)
    target.with_suffix(library.RECORD).write_text(record, encoding="utf-8")
    part.replace(target)
    return Pulled(target, target.stat().st_size, digest, url)
