"""Model files on the Hugging Face hub: which ones a repository has, their sizes and digests."""

from __future__ import annotations

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urljoin

from msgspec import Struct

from lsfs.errors import ModelError, NotFound
from lsfs.llm.files.address import check_address
from lsfs.llm.files.fetch import Redirects

HUB = "https://huggingface.co"
SECONDS = 30.0
MOST_LISTED = 8 << 20  # bytes of a listing
MOST_PAGES = 50
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_QUANT = re.compile(
    r"(?:^|[-._])((?:UD-)?(?:I?Q\d(?:_\d|_K|_XS|_XXS|_S|_M|_NL)?(?:_(?:XXS|XS|S|M|L|XL))?"
    r"|B?F16|FP16|F32|FP32|MXFP4|TQ[12]_0))(?=[-._]|$)",
    re.IGNORECASE,
)
_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="next"')


class HubFile(Struct, frozen=True):
    """A model in a repository: one file, or one that was split.

    Attributes:
        parts: the paths of its files in the repository, in order.
        sizes: of each, in bytes.
        digests: SHA-256 of each; "" where the hub states none.
        quant: how its numbers are written, as ``Q4_K_M``; "" where its name does not say.
    """

    parts: tuple[str, ...]
    sizes: tuple[int, ...]
    digests: tuple[str, ...]
    quant: str

    @property
    def bytes(self) -> int:
        """Of all parts."""
        return sum(self.sizes)


def base() -> str:
    """The hub's address; ``HF_ENDPOINT`` says otherwise, as for the hub's own tools.

    Raises:
        UsageError: it is no address that may be used.
    """
    address = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    check_address(address)
    return address


def headers() -> Mapping[str, str]:
    """What is sent to the hub: the user's token, where ``HF_TOKEN`` holds one."""
    token = os.environ.get("HF_TOKEN", "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def file_url(repository: str, path: str) -> str:
    """The address of a file."""
    return f"{base()}/{repository}/resolve/main/{quote(path)}"


def models_of(repository: str) -> list[HubFile]:
    """The GGUF models of a repository, the largest first; companions of images are left out.

    Raises:
        NotFound: there is no such repository, or it holds no GGUF file.
        ModelError: the hub does not answer as it should.
    """
    found: dict[str, list[tuple[str, int, str]]] = {}
    for entry in _entries(repository):
        path = str(entry.get("path", ""))
        name = path.rpartition("/")[2]
        if not name.endswith(".gguf") or name.lower().startswith(("mmproj", "imatrix")):
            continue
        large = entry.get("lfs") or {}
        size = int(large.get("size") or entry.get("size") or 0)
        stem = _PART.sub("", path.removesuffix(".gguf"))
        found.setdefault(stem, []).append((path, size, str(large.get("oid") or "")))
    models = [_model(stem, sorted(files)) for stem, files in found.items()]
    if not models:
        raise NotFound(f"{repository} has no GGUF files", hint="look for one whose name has -GGUF")
    return sorted(models, key=lambda model: -model.bytes)


def head_of(repository: str, file: HubFile, size: int) -> bytes:
    """The beginning of a model's file, so many bytes at most.

    Raises:
        ModelError: the hub does not give it.
    """
    sent = {"User-Agent": "lsfs", "Range": f"bytes=0-{size - 1}", **headers()}
    request = urllib.request.Request(  # noqa: S310 - the hub's, see base()
        file_url(repository, file.parts[0]), headers=sent
    )
    try:
        opener = urllib.request.build_opener(Redirects())
        with opener.open(request, timeout=SECONDS) as answer:
            return bytes(answer.read(size))
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(f"the hub does not give {file.parts[0]}: {error}") from error


def _model(stem: str, files: list[tuple[str, int, str]]) -> HubFile:
    paths, sizes, digests = zip(*files, strict=True)
    return HubFile(paths, sizes, digests, quant_of(stem))


def quant_of(name: str) -> str:
    """How the numbers of a model are written, by its file's name: ``Q4_K_M``, ``F16``; "" if it
    does not say."""
    found = _QUANT.findall(name.rpartition("/")[2].removesuffix(".gguf"))
    return re.sub(r"^FP", "F", found[-1].upper()) if found else ""


def _entries(repository: str) -> Iterator[Mapping[str, Any]]:
    url = f"{base()}/api/models/{repository}/tree/main?recursive=true"
    for _ in range(MOST_PAGES):
        page, following = _page(url, repository)
        yield from page
        if not following:
            return
        url = urljoin(url, following)
        check_address(url)


def _page(url: str, repository: str) -> tuple[list[Mapping[str, Any]], str]:
    """One page of a listing, and where the next one is."""
    sent = {"User-Agent": "lsfs", **(headers() if url.startswith(base() + "/") else {})}
    request = urllib.request.Request(url, headers=sent)  # noqa: S310 - the hub's, see base()
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            told = answer.read(MOST_LISTED + 1)
            following = _NEXT.search(answer.headers.get("Link", ""))
        page = json.loads(told)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(repository, error) from error
    except (OSError, ValueError) as error:
        hint = "see that this machine is online, or use a file that is here"
        why = getattr(error, "reason", None) or error
        raise ModelError(
            f"the hub does not tell what {repository} has: {why}", hint=hint
        ) from error
    if not isinstance(page, list) or not all(isinstance(one, dict) for one in page):
        raise ModelError(f"the hub does not tell what {repository} has")
    return page, following[1] if following else ""


def _refused(repository: str, error: urllib.error.HTTPError) -> NotFound | ModelError:
    if error.code in (401, 403):  # the hub says so of what does not exist, too
        hint = "see that it is spelled as on the hub; where it has terms, set HF_TOKEN"
        return NotFound(f"no repository {repository} that is open to you", hint=hint)
    if error.code == 404:
        return NotFound(f"no repository {repository} on the hub")
    return ModelError(f"the hub does not tell what {repository} has: {error.code} {error.reason}")
