"""What AIOS agents ask of their storage, operation by operation, in the words of AIOS."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from lsfs.errors import AlreadyThere, ConfirmationRequired, LsfsError, NotFound, UsageError
from lsfs.serve.aios_given import count, length, words
from lsfs.serve.mcp_names import shown

if TYPE_CHECKING:
    from lsfs.model import Hit
    from lsfs.serve.mcp_tools import Paths
    from lsfs.syscalls.drive import Drive

log = logging.getLogger("lsfs.serve.aios")

SUMMARY = 2000  # characters of a document that an answer holds, as in AIOS
DOCUMENTS = 3  # that are found when the agent does not say how many
MOST_DOCUMENTS = 100
_PARTS = ("head", "tail", "version")
PASSAGES = 4  # looked at for each document that is wanted
INDEXED_SECONDS = 15.0  # to wait for what has just been written to be indexed


class Agent:
    """One agent at its storage.

    Args:
        name: what it calls itself.
        drive: the drive, in its name.
        paths: tells what it means by a path.
        mounted: the folder that each agent has mounted, of the drive.
    """

    def __init__(self, name: str, drive: Drive, paths: Paths, mounted: dict[str, str]) -> None:
        self._agent = name
        self._drive = drive
        self._paths = paths
        self._mounted = mounted

    # --- operations, in the words of AIOS

    def mount(self, values: dict[str, Any]) -> str:
        """Choose the folder that the agent works in."""
        folder = self._paths.within(str(values.get("path", "")))
        folder = "" if folder == "." else folder
        if folder and self._drive.stat(folder).entry.kind != "directory":
            raise UsageError(f"{folder} is no folder")
        self._mounted[self._agent] = folder
        self._drive.wait_indexed(timeout=INDEXED_SECONDS)
        return f"File system mounted successfully for agent: {self._agent}"

    def create_file(self, values: dict[str, Any]) -> str:
        """Make an empty file."""
        path = self._path(values)
        try:
            self._drive.write_file(path, "", mode="create", parents=True)
        except AlreadyThere:
            return f"File already exists at: {self._named(path)}"
        return f"File has been created successfully at: {self._named(path)}"

    def create_dir(self, values: dict[str, Any]) -> str:
        """Make a folder."""
        path = self._path(values)
        if self._kind(path) == "directory":
            return f"Directory already exists at: {self._named(path)}"
        self._drive.make_dir(path)
        return f"Directory has been created successfully at: {self._named(path)}"

    def write(self, values: dict[str, Any]) -> str:
        """Replace what a file holds."""
        path = self._path(values)
        content = values.get("content")
        if not isinstance(content, str):
            raise UsageError("write needs 'content', a text")
        try:
            content.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UsageError(f"content is no text: {error.reason}") from None
        self._drive.write_file(path, content, parents=True)
        return f"Content has been written to file: {self._named(path)}"

    def read(self, values: dict[str, Any]) -> str:
        """The text of a file."""
        lines = {name: count(name, values[name]) for name in _PARTS if name in values}
        text: str = self._drive.call("read_text", self._path(values), **lines).text
        return text

    def retrieve(self, values: dict[str, Any]) -> str:
        """The documents that a query finds, as JSON."""
        query, keywords = str(values.get("query", "")).strip(), words(values.get("keywords"))
        if not query and not keywords:
            raise UsageError("retrieve needs 'query_text', or 'keywords'")
        wanted = min(count("n", values.get("n", DOCUMENTS)), MOST_DOCUMENTS)
        within = self._path(values) if values.get("path") else self._folder()
        self._drive.wait_indexed(timeout=INDEXED_SECONDS)
        found = self._documents(query, keywords, within, wanted)
        if not found:
            return "No documents found"
        return json.dumps([self._document(hit) for hit in found])

    def rollback(self, values: dict[str, Any]) -> str:
        """Bring a file back."""
        path = self._path(values)
        time, back = str(values.get("time") or ""), count("n", values.get("n", 1))
        done = (
            self._drive.rollback(path, to=time) if time else self._drive.rollback(path, back=back)
        )
        problems = [change.problem for change in done.changes if change.problem]
        if problems:
            raise LsfsError(f"{path} is not rolled back: {problems[0]}")
        to = f"what it was at {time}" if time else f"its previous {back} version"
        return f"Successfully rolled back the file: {self._named(path)} to {to}"

    def share(self, values: dict[str, Any]) -> str:
        """Make a link to a file, told as JSON."""
        path = self._path(values)
        expires = values.get("expires")
        made = self._drive.share(path, expires=length(expires))
        entry = self._drive.stat(path).entry
        return json.dumps(
            {
                "file_name": shown(entry.name),
                "file_path": shown(self._named(path)),
                "share_link": made.link or made.token,
                "expires_in": expires or "7 days",
                "expires_at": made.expires,
                "last_modified": entry.modified,
            }
        )

    def delete_file(self, values: dict[str, Any]) -> str:
        """Move a file to the trash, by a plan."""
        path = self._path(values)
        if self._kind(path) == "directory":
            raise UsageError(f"{path} is a directory", hint="Use delete_dir")
        return self._deleted("File", path, str(values.get("apply") or ""))

    def delete_dir(self, values: dict[str, Any]) -> str:
        """Move a folder to the trash, by a plan."""
        path = self._path(values)
        if self._kind(path) not in ("directory", ""):
            raise UsageError(f"{path} is a file", hint="Use delete_file")
        return self._deleted("Directory", path, str(values.get("apply") or ""))

    def _deleted(self, what: str, path: str, digest: str) -> str:
        plan = self._drive.delete((path,), recursive=True, apply=digest)
        if not plan.applied:
            inside = f"{plan.files} files" if plan.files != 1 else "1 file"
            raise ConfirmationRequired(
                f"nothing is deleted yet: {inside}, {plan.bytes} bytes, would go to the trash",
                hint=f"To do exactly this, send it again with apply={plan.digest}",
            )
        return f"{what} has been deleted: {self._named(path)}"

    # --- paths and documents

    def _folder(self) -> str:
        return self._mounted.get(self._agent, "")

    def _path(self, values: dict[str, Any]) -> str:
        """The path that is meant, relative to the drive.

        Raises:
            UsageError: none was given.
            AccessDenied: it lies outside.
        """
        text = str(values.get("path") or "")
        if not text:
            raise UsageError("a path is needed: 'file_path' or 'dir_path'")
        folder = "" if text.startswith(("/", "~")) else self._folder()
        path: str = self._paths.within(f"{folder}/{text}" if folder else text)
        return path

    def _named(self, path: str) -> str:
        """A path as AIOS names files: in full."""
        return str(self._drive.source / path)

    def _kind(self, path: str) -> str:
        """What stands at a path; "" where nothing does."""
        try:
            return self._drive.stat(path).entry.kind
        except NotFound:
            return ""

    def _documents(
        self, query: str, keywords: tuple[str, ...], within: str, wanted: int
    ) -> list[Hit]:
        """The best passage of each of the best documents."""
        limit = wanted * PASSAGES
        while True:
            hits = self._passages(query, keywords, within, limit)
            best: dict[str, Hit] = {}
            for hit in hits:
                best.setdefault(hit.path, hit)
            if len(best) >= wanted or len(hits) < limit:
                return list(best.values())[:wanted]
            limit *= 2

    def _passages(
        self, query: str, keywords: tuple[str, ...], within: str, limit: int
    ) -> tuple[Hit, ...]:
        if not keywords:
            return self._drive.retrieve(query, k=limit, dir=within).hits
        if query:
            return self._drive.integrated_retrieve(keywords, query, dir=within, k=limit).hits
        return self._drive.keywords_retrieve(keywords, dir=within).hits[:limit]

    def _document(self, hit: Hit) -> dict[str, Any]:
        """A document that was found: what AIOS tells of it, and where in it the query is met."""
        try:
            text = self._drive.read_text(hit.path, limit=SUMMARY * 4).text[:SUMMARY]
            modified = self._drive.stat(hit.path).entry.modified
        except LsfsError as error:  # it is going, or is no text as a whole
            log.info("%s: %s", hit.path, error)
            text, modified = hit.text[:SUMMARY], ""
        path = shown(self._named(hit.path))
        return {
            "document_summary": text,
            "metadata": {
                "file_path": path,
                "file_name": path.rpartition("/")[2],
                "last_modified": modified,
            },
            "passage": hit.text,
            "where": hit.where,
            "page": hit.page,
            "score": hit.score,
        }


class Operation(Struct, frozen=True):
    """One operation.

    Attributes:
        run: takes the agent and the arguments, by our names; gives the message.
        spelled: our name of each argument, and how callers spell it.
        changes: whether it changes files.
    """

    run: Callable[[Agent, dict[str, Any]], str]
    spelled: Mapping[str, tuple[str, ...]]
    changes: bool = False


_FILE, _FOLDER, _TO = ("file_path", "file_name"), ("dir_path", "dir_name"), ("apply",)
OPERATIONS: Mapping[str, Operation] = {
    "mount": Operation(Agent.mount, {"path": ("root_dir", "root")}),
    "create_file": Operation(Agent.create_file, {"path": _FILE}, changes=True),
    "create_dir": Operation(Agent.create_dir, {"path": _FOLDER}, changes=True),
    "write": Operation(Agent.write, {"path": _FILE, "content": ("content",)}, changes=True),
    "read": Operation(
        Agent.read, {"path": _FILE, "head": ("head",), "tail": ("tail",), "version": ("version",)}
    ),
    "retrieve": Operation(
        Agent.retrieve,
        {"query": ("query_text",), "n": ("n", "k"), "keywords": ("keywords",),
         "path": ("file_path", "dir_path")},
    ),
    "rollback": Operation(
        Agent.rollback, {"path": _FILE, "n": ("n",), "time": ("time",)}, changes=True
    ),
    "share": Operation(Agent.share, {"path": _FILE, "expires": ("expires_in",)}, changes=True),
    "delete_file": Operation(Agent.delete_file, {"path": _FILE, "apply": _TO}, changes=True),
    "delete_dir": Operation(Agent.delete_dir, {"path": _FOLDER, "apply": _TO}, changes=True),
}  # fmt: skip
