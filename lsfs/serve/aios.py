"""A drive as the storage of AIOS: what its kernel and the Cerebrum SDK ask, answered from syscalls.

    storage = lsfs.AiosStorage("~/Documents")
    storage.answer("my_agent", "retrieve", {"query_text": "notice period", "n": 3})

The names of operations and arguments, and the words of the answers, are those of AIOS
(``aios/storage/filesystem/lsfs.py``, ``aios/syscall/storage.py``) and Cerebrum
(``cerebrum/storage/apis.py``), which do not spell all arguments alike: both spellings are taken.
"""

from __future__ import annotations

import difflib
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsfs import errors
from lsfs.errors import AccessDenied, AlreadyThere, ConfirmationRequired, LsfsError, UsageError
from lsfs.serve.aios_given import count, given, length, words
from lsfs.serve.mcp_names import shown
from lsfs.serve.mcp_tools import Paths, in_tools

if TYPE_CHECKING:
    from lsfs.config import Config
    from lsfs.model import Hit
    from lsfs.safety.grants import Grant

log = logging.getLogger("lsfs.serve.aios")

SUMMARY = 2000  # characters of a document that an answer holds, as in AIOS
DOCUMENTS = 3  # that are found when the agent does not say how many
MOST_DOCUMENTS = 100
_PARTS = ("head", "tail", "version")
PASSAGES = 4  # looked at for each document that is wanted
INDEXED_SECONDS = 15.0  # to wait for what has just been written to be indexed
_STATUS: tuple[tuple[type[LsfsError], int], ...] = (
    (errors.AlreadyThere, 409), (errors.ConfirmationRequired, 409), (errors.VersionConflict, 409),
    (errors.LockHeld, 409), (errors.NotFound, 404), (errors.AccessDenied, 403),
    (errors.UsageError, 400),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StorageResponse:
    """What AIOS calls by the same name.

    Attributes:
        response_message: the result in words, or as JSON where it is a list or an object.
        finished: whether the operation was done.
        error: the name of the error, None where there is none.
        status_code: as in HTTP: 200, 400, 403, 404, 409 or 500.
    """

    response_class: str = "storage"
    response_message: str | None = None
    finished: bool = False
    error: str | None = None
    status_code: int = 200

    def model_dump(self) -> dict[str, Any]:
        """All of it as a dict; the name is that of the class in Cerebrum."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation.

    Attributes:
        run: takes the agent's name and the arguments, by our names; gives the message.
        spelled: our name of each argument, and how callers spell it.
        changes: whether it changes files.
    """

    run: Callable[[str, dict[str, Any]], str]
    spelled: Mapping[str, tuple[str, ...]]
    changes: bool = field(default=False)


class AiosStorage:
    """Answers AIOS storage requests about one folder, from any thread.

    It stands in for ``aios.storage.storage.StorageManager``, whose first argument and method it
    has. What is overwritten stays as a version and what is deleted goes to the trash; deleting
    takes two requests, the second with the digest that the first one gave.

    Args:
        root_dir: the folder; it is made when it is missing, and becomes a drive.
        read_only: refuse what changes files.
        grant: what agents may do; everything by default.
        state: where the drive's state is kept, when not in its default place.
        config: settings, where this process is the one that serves the drive.
    """

    def __init__(
        self,
        root_dir: str | os.PathLike[str],
        *,
        read_only: bool = False,
        grant: Grant | None = None,
        state: str | None = None,
        config: Config | None = None,
    ) -> None:
        from lsfs.drives import initialise
        from lsfs.safety.clients import Client
        from lsfs.safety.grants import FULL, Grant
        from lsfs.serve.access import Access
        from lsfs.syscalls.drive import Drive, new_session

        folder = Path(root_dir).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        record = initialise(folder, state)
        may = (grant or FULL).narrowed(Grant(verbs=("read", "search")) if read_only else FULL)
        client = Client("aios", session=new_session())
        access = Access(record, config, client=client, grant=may)
        self.drive = Drive(record.source, access, session=client.session)
        self._read_only = read_only
        self._paths = Paths(record)
        self._mounted: dict[str, str] = {}  # the folder that an agent has mounted, of the drive
        self._lock = threading.Lock()
        file, folder_, to = ("file_path", "file_name"), ("dir_path", "dir_name"), ("apply",)
        self._operations = {
            "mount": _Operation(self._mount, {"path": ("root_dir", "root")}),
            "create_file": _Operation(self._create_file, {"path": file}, changes=True),
            "create_dir": _Operation(self._create_dir, {"path": folder_}, changes=True),
            "write": _Operation(
                self._write, {"path": file, "content": ("content",)}, changes=True
            ),
            "read": _Operation(
                self._read,
                {"path": file, "head": ("head",), "tail": ("tail",), "version": ("version",)},
            ),
            "retrieve": _Operation(
                self._retrieve,
                {"query": ("query_text",), "n": ("n", "k"), "keywords": ("keywords",),
                 "path": ("file_path", "dir_path")},
            ),
            "rollback": _Operation(
                self._rollback, {"path": file, "n": ("n",), "time": ("time",)}, changes=True
            ),
            "share": _Operation(
                self._share, {"path": file, "expires": ("expires_in",)}, changes=True
            ),
            "delete_file": _Operation(
                self._delete_file, {"path": file, "apply": to}, changes=True
            ),
            "delete_dir": _Operation(
                self._delete_dir, {"path": folder_, "apply": to}, changes=True
            ),
        }  # fmt: skip

    def __enter__(self) -> AiosStorage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the drive."""
        self.drive.close()

    def address_request(self, agent_request: Any) -> StorageResponse:
        """Answer a request as AIOS hands it on.

        Args:
            agent_request: has ``agent_name``, and in ``query`` ``operation_type`` and ``params``.
        """
        query = agent_request.query
        return self.answer(agent_request.agent_name, query.operation_type, query.params)

    def answer(
        self, agent_name: str, operation_type: str, params: Mapping[str, Any]
    ) -> StorageResponse:
        """Do what is asked for, and say what came of it.

        Args:
            agent_name: who asks.
            operation_type: mount, create_file, create_dir, write, read, retrieve, rollback, share,
                delete_file or delete_dir.
            params: its arguments, as the kernel or as the SDK spells them; those that are None are
                as if they were not there.
        """
        try:
            message = self._done(agent_name, operation_type, params)
        except LsfsError as error:
            text = shown(f"Error: {error.message}. {in_tools(error.hint)}".rstrip(". ") + ".")
            return StorageResponse(
                response_message=text, error=error.code, status_code=_status(error)
            )
        except Exception as error:
            # The edge of the request: the agent gets the name, the log the traceback.
            log.exception("a request failed: %s", operation_type)
            text = f"Error: internal: {error!r}"
            return StorageResponse(response_message=text, error="LsfsError", status_code=500)
        return StorageResponse(response_message=shown(message), finished=True)

    def _done(self, agent: str, name: str, params: Mapping[str, Any]) -> str:
        operation = self._operations.get(name)
        if operation is None:
            near = difflib.get_close_matches(name, self._operations, n=1)
            hint = f"Did you mean {near[0]}" if near else f"Use {', '.join(self._operations)}"
            raise UsageError(f"Operation type: {name} not supported", hint=hint)
        if operation.changes and self._read_only:
            raise AccessDenied(f"{name} changes files, and this storage only reads")
        return operation.run(agent, given(name, params, operation.spelled))

    # --- operations, in the words of AIOS

    def _mount(self, agent: str, values: dict[str, Any]) -> str:
        folder = self._paths.within(str(values.get("path", "")))
        folder = "" if folder == "." else folder
        if folder and self.drive.stat(folder).entry.kind != "directory":
            raise UsageError(f"{folder} is no folder")
        with self._lock:
            self._mounted[agent] = folder
        self.drive.wait_indexed(timeout=INDEXED_SECONDS)
        return f"File system mounted successfully for agent: {agent}"

    def _create_file(self, agent: str, values: dict[str, Any]) -> str:
        path = self._path(agent, values)
        try:
            self.drive.write_file(path, "", mode="create", parents=True)
        except AlreadyThere:
            return f"File already exists at: {self._named(path)}"
        return f"File has been created successfully at: {self._named(path)}"

    def _create_dir(self, agent: str, values: dict[str, Any]) -> str:
        path = self._path(agent, values)
        if self._kind(path) == "directory":
            return f"Directory already exists at: {self._named(path)}"
        self.drive.make_dir(path)
        return f"Directory has been created successfully at: {self._named(path)}"

    def _write(self, agent: str, values: dict[str, Any]) -> str:
        path = self._path(agent, values)
        content = values.get("content")
        if not isinstance(content, str):
            raise UsageError("write needs 'content', a text")
        try:
            content.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UsageError(f"content is no text: {error.reason}") from None
        self.drive.write_file(path, content, parents=True)
        return f"Content has been written to file: {self._named(path)}"

    def _read(self, agent: str, values: dict[str, Any]) -> str:
        lines = {name: count(name, values[name]) for name in _PARTS if name in values}
        text: str = self.drive.call("read_text", self._path(agent, values), **lines).text
        return text

    def _retrieve(self, agent: str, values: dict[str, Any]) -> str:
        query, keywords = str(values.get("query", "")).strip(), words(values.get("keywords"))
        if not query and not keywords:
            raise UsageError("retrieve needs 'query_text', or 'keywords'")
        wanted = min(count("n", values.get("n", DOCUMENTS)), MOST_DOCUMENTS)
        within = self._path(agent, values) if values.get("path") else self._folder(agent)
        self.drive.wait_indexed(timeout=INDEXED_SECONDS)
        found = self._documents(query, keywords, within, wanted)
        if not found:
            return "No documents found"
        return json.dumps([self._document(hit) for hit in found])

    def _rollback(self, agent: str, values: dict[str, Any]) -> str:
        path = self._path(agent, values)
        time, back = str(values.get("time") or ""), count("n", values.get("n", 1))
        done = self.drive.rollback(path, to=time) if time else self.drive.rollback(path, back=back)
        problems = [change.problem for change in done.changes if change.problem]
        if problems:
            raise LsfsError(f"{path} is not rolled back: {problems[0]}")
        to = f"what it was at {time}" if time else f"its previous {back} version"
        return f"Successfully rolled back the file: {self._named(path)} to {to}"

    def _share(self, agent: str, values: dict[str, Any]) -> str:
        path = self._path(agent, values)
        expires = values.get("expires")
        made = self.drive.share(path, expires=length(expires))
        entry = self.drive.stat(path).entry
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

    def _delete_file(self, agent: str, values: dict[str, Any]) -> str:
        path = self._path(agent, values)
        if self._kind(path) == "directory":
            raise UsageError(f"{path} is a directory", hint="Use delete_dir")
        return self._deleted("File", path, str(values.get("apply") or ""))

    def _delete_dir(self, agent: str, values: dict[str, Any]) -> str:
        path = self._path(agent, values)
        if self._kind(path) not in ("directory", ""):
            raise UsageError(f"{path} is a file", hint="Use delete_file")
        return self._deleted("Directory", path, str(values.get("apply") or ""))

    def _deleted(self, what: str, path: str, digest: str) -> str:
        plan = self.drive.delete((path,), recursive=True, apply=digest)
        if not plan.applied:
            inside = f"{plan.files} files" if plan.files != 1 else "1 file"
            raise ConfirmationRequired(
                f"nothing is deleted yet: {inside}, {plan.bytes} bytes, would go to the trash",
                hint=f"To do exactly this, send it again with apply={plan.digest}",
            )
        return f"{what} has been deleted: {self._named(path)}"

    # --- paths and documents

    def _folder(self, agent: str) -> str:
        with self._lock:
            return self._mounted.get(agent, "")

    def _path(self, agent: str, values: dict[str, Any]) -> str:
        """The path that is meant, relative to the drive.

        Raises:
            UsageError: none was given.
            AccessDenied: it lies outside.
        """
        text = str(values.get("path") or "")
        if not text:
            raise UsageError("a path is needed: 'file_path' or 'dir_path'")
        folder = "" if text.startswith(("/", "~")) else self._folder(agent)
        path: str = self._paths.within(f"{folder}/{text}" if folder else text)
        return path

    def _named(self, path: str) -> str:
        """A path as AIOS names files: in full."""
        return str(self.drive.source / path)

    def _kind(self, path: str) -> str:
        """What stands at a path; "" where nothing does."""
        try:
            return self.drive.stat(path).entry.kind
        except errors.NotFound:
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
            return self.drive.retrieve(query, k=limit, dir=within).hits
        if query:
            return self.drive.integrated_retrieve(keywords, query, dir=within, k=limit).hits
        return self.drive.keywords_retrieve(keywords, dir=within).hits[:limit]

    def _document(self, hit: Hit) -> dict[str, Any]:
        """A document that was found: what AIOS tells of it, and where in it the query is met."""
        try:
            text = self.drive.read_text(hit.path, limit=SUMMARY * 4).text[:SUMMARY]
            modified = self.drive.stat(hit.path).entry.modified
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


def _status(error: LsfsError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
