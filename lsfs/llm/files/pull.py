"""A model file brought to where models are kept: from the hub, an address, or a place here."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from lsfs.errors import LsfsError, ModelError, NotFound, UsageError
from lsfs.llm.files import hub, library
from lsfs.llm.files.address import check_address
from lsfs.llm.files.fetch import ABOUT, PIECE, Progress, Wanted, fetch, held
from lsfs.llm.files.hub import HubFile

MAGIC = b"GGUF"
_HUB_FILE = re.compile(r"([\w.-]+/[\w.-]+)/([\w./-]+\.gguf)")
_HUB_QUANT = re.compile(r"([\w.-]+/[\w.-]+)(?::([\w-]+))?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SPLIT = re.compile(r"-\d{5}-of-\d{5}$")


class Pulled(Struct, frozen=True):
    """A file that is here now."""

    path: Path
    bytes: int
    sha256: str
    url: str


def repository_of(source: str) -> tuple[str, str] | None:
    """The repository and the form of numbers of ``OWNER/REPO`` or ``OWNER/REPO:Q4_K_M``; None
    where a user names something else."""
    found = _HUB_QUANT.fullmatch(source)
    if found is None or source.endswith(".gguf") or Path(source).exists():
        return None
    return found[1], (found[2] or "").upper()


def of_quant(files: Sequence[HubFile], quant: str) -> HubFile:
    """The model of a repository in a form of numbers.

    Raises:
        NotFound: it has none such.
    """
    for one in files:
        if one.quant == quant:
            return one
    there = ", ".join(dict.fromkeys(one.quant or one.parts[0] for one in files))
    raise NotFound(f"there is no {quant}", hint=f"there are: {there}")


def address(source: str) -> str:
    """The URL of what a user names: a URL, or ``OWNER/REPO/FILE.gguf`` on the Hugging Face hub.

    Raises:
        UsageError: it is neither, or the URL is not of HTTPS.
    """
    found = None if "://" in source else _HUB_FILE.fullmatch(source)
    if found:
        return hub.file_url(found[1], found[2])
    is_hub = source.startswith(hub.base())
    url = source.replace("/blob/", "/resolve/", 1) if is_hub else source
    check_address(url)
    if not urlsplit(url).path.endswith(".gguf"):
        raise UsageError(f"{source!r} is no GGUF file", hint="name a file that ends with .gguf")
    return url


def pull_hub(repository: str, file: HubFile, progress: Progress = lambda *_: None) -> Pulled:
    """Fetch a model that a repository lists; it must have the size and digest that are listed.

    Raises:
        UsageError: it is in several parts, or there is another file of this name.
        ModelError: it cannot be fetched, or is not what it should be.
    """
    url = _url_in(repository, file)
    return _pull(Wanted(url, file.sizes[0], MAGIC, hub.headers()), file.digests[0], progress)


def pull(source: str, *, sha256: str = "", progress: Progress = lambda *_: None) -> Pulled:
    """Bring a model to :func:`lsfs.llm.files.library.folder`.

    Args:
        source: a file here, or see :func:`address`.
        sha256: what the file must be; "" takes what the hub states, and else what comes, which is
            then written down.

    Raises:
        UsageError: there is another file of this name, or the address is not safe.
        ModelError: it cannot be had, or is not what it should be.
    """
    wanted = _digest(sha256)
    here = Path(source).expanduser()
    if "://" not in source and here.is_file():
        return _copied(here, wanted, progress)
    url = address(source)
    sent = hub.headers() if url.startswith(hub.base() + "/") else {}
    return _pull(Wanted(url, 0, MAGIC, sent), wanted, progress)


def would_pull(source: str, *, sha256: str = "") -> Pulled:
    """What :func:`pull` would bring, and where to; nothing is fetched, so its size is not known
    where it is not here.

    Raises:
        UsageError: there is another file of this name, or the address is not safe.
    """
    wanted = _digest(sha256)
    here = Path(source).expanduser()
    if "://" not in source and here.is_file():
        target = _target_of_copy(here)
        url, size = here.resolve().as_uri(), here.stat().st_size
    else:
        url, size = address(source), 0
        target = _target(url)
    return _already(target, url, wanted) if target.exists() else Pulled(target, size, wanted, url)


def would_pull_hub(repository: str, file: HubFile) -> Pulled:
    """What :func:`pull_hub` would bring, and where to.

    Raises:
        UsageError: it is in several parts, or there is another file of this name.
    """
    url = _url_in(repository, file)
    target, digest = _target(url), file.digests[0]
    if target.exists():
        return _already(target, url, digest)
    return Pulled(target, file.sizes[0], digest, url)


def _digest(sha256: str) -> str:
    wanted = sha256.lower()
    if wanted and not _SHA256.fullmatch(wanted):
        raise UsageError(f"{sha256!r} is no SHA-256", hint="give 64 hexadecimal digits")
    return wanted


def _url_in(repository: str, file: HubFile) -> str:
    if len(file.parts) > 1:
        hint = "choose one that is in one file, or join the parts with llama-gguf-split"
        raise UsageError(f"{file.parts[0]} is in {len(file.parts)} parts", hint=hint)
    return hub.file_url(repository, file.parts[0])


def _target(url: str) -> Path:
    """Where what is at an address is put."""
    name = Path(unquote(urlsplit(url).path)).name
    if _SPLIT.search(name.removesuffix(".gguf")):
        hint = "choose one that is in one file, or join the parts with llama-gguf-split"
        raise UsageError(f"{name} is one of several parts", hint=hint)
    return library.folder() / name


def _target_of_copy(here: Path) -> Path:
    if here.suffix != ".gguf":
        raise UsageError(f"{str(here)!r} is no GGUF file", hint="name a file that ends with .gguf")
    return library.folder() / here.name


def _pull(wanted: Wanted, digest: str, progress: Progress) -> Pulled:
    target = _target(wanted.url)
    if target.exists():
        return _already(target, wanted.url, digest)
    part = _part_of(target)
    with held(part) as file:  # until it has its name
        stated = fetch(wanted, part, file, progress)
        return _accept(part, target, wanted.url, digest or stated)


def _copied(here: Path, wanted: str, progress: Progress) -> Pulled:
    """A copy of a file here, so that it may go."""
    target, url = _target_of_copy(here), here.resolve().as_uri()
    if target.exists():
        return _already(target, url, wanted)
    part = _part_of(target)
    with held(part) as file:
        try:
            file.truncate(0)
            with here.open("rb") as source:
                shutil.copyfileobj(source, file, PIECE)
            file.flush()
            progress(file.tell(), file.tell())
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ModelError(f"{here} cannot be copied: {error.strerror}") from error
        return _accept(part, target, url, wanted)


def _part_of(target: Path) -> Path:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return target.with_name(f"{target.name}.part")


def _already(target: Path, url: str, wanted: str) -> Pulled:
    known = library.recorded(target)
    digest = known.get("sha256", "")
    if known.get("url") != url or (wanted and wanted != digest):
        hint = f"first: lsfs model remove {target.stem}"
        raise UsageError(f"there is another model {target.stem} already", hint=hint)
    return Pulled(target, target.stat().st_size, digest, url)


def _accept(part: Path, target: Path, url: str, wanted: str) -> Pulled:
    """Give a fetched file its name, if it is what it should be; else delete it."""
    with part.open("rb") as file:
        magic = file.read(len(MAGIC))
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    why = "" if magic == MAGIC else "it is no GGUF file"
    if wanted and digest != wanted:
        why = why or f"its SHA-256 is {digest}, and not {wanted}"
    elif not why and not wanted:
        why = _incomplete(part)  # nobody said what it should be
    if why:
        part.unlink()
        part.with_name(part.name + ABOUT).unlink(missing_ok=True)
        raise ModelError(f"what came from {url} is not what it should be: {why}")
    record = json.dumps({"url": url, "sha256": digest}, indent=1)
    target.with_suffix(library.RECORD).write_text(record, encoding="utf-8")
    part.replace(target)
    return Pulled(target, target.stat().st_size, digest, url)


def _incomplete(part: Path) -> str:
    """Why a file cannot be a whole model, by its own head; "" when it can, or nobody can tell."""
    from lsfs.llm.files.weights import weights_of
    from lsfs.llm.runtime.backend import backend

    try:
        llama = backend()
    except LsfsError:
        return ""
    try:
        least = weights_of(part, llama).least_bytes
    except LsfsError as error:
        return error.message
    size = part.stat().st_size
    return f"it has {size} of {least} bytes" if size < least else ""
