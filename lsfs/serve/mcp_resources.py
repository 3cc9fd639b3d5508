"""The files of a drive as resources, and beside them what lsfs knows of each.

lsfs:///Contracts/lease.pdf                    the file itself
lsfs:///.lsfs/status                           how far the index is
lsfs:///.lsfs/errors                           files that could not be read, and why
lsfs:///.lsfs/text/Contracts/lease.pdf         its text, as Markdown
lsfs:///.lsfs/pages/Contracts/lease.pdf/7      page 7 of it
lsfs:///.lsfs/versions/Contracts/lease.pdf     its versions
lsfs:///.lsfs/versions/Contracts/lease.pdf/3   version 3 of it
"""

from __future__ import annotations

import base64
import json
import mimetypes
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

import mcp_types as types
from mcp.shared.exceptions import MCPError

from lsfs import codec, markdown
from lsfs.errors import LsfsError, NotFound, UsageError
from lsfs.model import Document
from lsfs.serve.mcp_names import shown
from lsfs.serve.mcp_text import FORMS

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

    from lsfs.syscalls.files import Text

SCHEME = "lsfs://"
VIEWS = ".lsfs"
AT_ONCE = 200  # resources of one answer
_NOT_FOUND = -32002  # of the protocol, for resources
_MARKDOWN, _JSON, _LINES = "text/markdown", "application/json", "application/x-ndjson"

Run = Callable[["ServerRequestContext[Any]", str, dict[str, Any]], Awaitable[Any]]


def uri_of(path: str) -> str:
    """The address of a file."""
    return f"{SCHEME}/{quote_from_bytes(os.fsencode(path))}"


def path_of(uri: str) -> str:
    """The path in an address; the third slash may be left out.

    Raises:
        UsageError: it is none of ours.
    """
    if not uri.startswith(SCHEME):
        raise UsageError(f"not an address of this server: {uri!r}", hint="lsfs:///path/of/file")
    return os.fsdecode(unquote_to_bytes(uri[len(SCHEME) :])).lstrip("/")


class Resources:
    """Lists and reads resources.

    Args:
        run: runs a syscall.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    async def listing(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Views and files, by path, a part at a time."""
        cursor = (params.cursor if params else None) or ""
        wanted = {"path": "", "pattern": "**", "exclude_patterns": [VIEWS], "limit": AT_ONCE}
        try:
            after = path_of(cursor) if cursor else ""
        except UsageError as error:
            raise MCPError(types.INVALID_PARAMS, error.message) from None
        found = await self._told(context, "find_files", {**wanted, "after": after})
        resources = [] if cursor else _views()
        resources += [_resource(one) for one in found.entries if one.kind == "file"]
        last = uri_of(found.entries[-1].path) if found.more else None
        return types.ListResourcesResult(resources=resources, next_cursor=last)

    async def templates(
        self, _: ServerRequestContext[Any], __: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """How addresses are made."""
        made = [
            types.ResourceTemplate(name=name, uri_template=f"{SCHEME}/{form}", description=about)
            for name, form, about in (
                ("file", "{+path}", "a file of the drive, as it is; of a folder, what is in it"),
                ("text", f"{VIEWS}/text/{{+path}}", "a document as Markdown, with page marks"),
                ("page", f"{VIEWS}/pages/{{+path}}/{{page}}", "a page of a document, as Markdown"),
                ("versions", f"{VIEWS}/versions/{{+path}}", "the versions of a file, as JSON"),
                ("version", f"{VIEWS}/versions/{{+path}}/{{version}}", "what a version held"),
                ("schema", f"{VIEWS}/schema/{{tool}}", "the JSON schema of a tool's result"),
            )
        ]
        return types.ListResourceTemplatesResult(resource_templates=made)

    async def read(
        self, context: ServerRequestContext[Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """What an address names."""
        try:
            content = await self._content(context, params.uri)
        except LsfsError as error:
            code = _NOT_FOUND if isinstance(error, NotFound) else types.INVALID_PARAMS
            message = shown(f"{error.message}. {error.hint}".rstrip(". "))
            raise MCPError(code, message, {"uri": params.uri}) from None
        return types.ReadResourceResult(contents=[content])

    async def _told(
        self, context: ServerRequestContext[Any], name: str, arguments: dict[str, Any]
    ) -> Any:
        """The result of a syscall; what it refuses is an error of the protocol."""
        try:
            return await self._run(context, name, arguments)
        except LsfsError as error:
            raise MCPError(types.INTERNAL_ERROR, shown(error.message)) from None

    async def _content(
        self, context: ServerRequestContext[Any], uri: str
    ) -> types.TextResourceContents | types.BlobResourceContents:
        path = path_of(uri)
        view, _, rest = path.partition("/")
        if view != VIEWS:
            return await self._file(context, uri, path)
        kind, _, rest = rest.partition("/")
        match kind:
            case "status" | "errors" if not rest:
                report = await self._run(context, "status", {"problems": kind == "errors"})
                if kind == "errors":
                    lines = "".join(json.dumps(one) + "\n" for one in report.problems)
                    return _text(uri, lines, _LINES)
                return _text(uri, codec.dumps(report, indent=1), _JSON)
            case "text" if rest:
                found = await self._run(context, "text", {"path": rest})
                return _text(uri, _markdown(found), _MARKDOWN)
            case "pages" if "/" in rest:
                path, _, number = rest.rpartition("/")
                wanted = {"path": path, "page": _number(number)}
                found = await self._run(context, "text", wanted)
                return _text(uri, _markdown(found, page=True), _MARKDOWN)
            case "versions" if rest:
                return await self._past(context, uri, rest)
            case "schema" if rest:
                return _text(uri, _schema(rest), _JSON)
        raise NotFound(f"no resource {uri}", hint="list the resource templates")

    async def _file(
        self, context: ServerRequestContext[Any], uri: str, path: str
    ) -> types.TextResourceContents | types.BlobResourceContents:
        what = await self._run(context, "stat", {"path": path})
        if what.entry.kind == "directory":
            listed = await self._run(context, "list_dir", {"path": path})
            return _text(uri, codec.dumps(listed, indent=1), _JSON)
        found = await self._run(context, "read", {"path": path})
        return _bytes(uri, found.path, found.data, found.total)

    async def _past(
        self, context: ServerRequestContext[Any], uri: str, rest: str
    ) -> types.TextResourceContents | types.BlobResourceContents:
        path, _, number = rest.rpartition("/")
        if path and number.isdecimal():
            try:
                arguments = {"path": path, "version": int(number)}
                found = await self._run(context, "read", arguments)
            except NotFound:
                pass  # a file whose name is a number, perhaps
            else:
                return _bytes(uri, path, found.data, found.total)
        history = await self._run(context, "versions", {"path": rest})
        return _text(uri, codec.dumps(history, indent=1), _JSON)


def _views() -> list[types.Resource]:
    return [
        types.Resource(name=name, uri=f"{SCHEME}/{VIEWS}/{name}", description=about, mime_type=kind)
        for name, about, kind in (
            ("status", "how far the index is", _JSON),
            ("errors", "files that could not be read in full, and why", _LINES),
        )
    ]


def _resource(one: Any) -> types.Resource:
    return types.Resource(
        name=shown(one.path),
        uri=uri_of(one.path),
        mime_type=mimetypes.guess_type(one.path)[0],
        size=one.size,
    )


def _text(uri: str, text: str, kind: str) -> types.TextResourceContents:
    return types.TextResourceContents(uri=uri, mime_type=kind, text=shown(text))


def _bytes(
    uri: str, path: str, data: bytes, total: int
) -> types.TextResourceContents | types.BlobResourceContents:
    """The content of a file: as text where it is one."""
    if len(data) < total:
        raise UsageError(
            f"{path} has {total} bytes, too many for one answer",
            hint="use read_text_file, in parts",
        )
    kind = mimetypes.guess_type(path)[0]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return types.TextResourceContents(uri=uri, mime_type=kind or "text/plain", text=text)
    blob = base64.b64encode(data).decode("ascii")
    return types.BlobResourceContents(
        uri=uri, mime_type=kind or "application/octet-stream", blob=blob
    )


def _markdown(found: Text, *, page: bool = False) -> str:
    """A document as Markdown, or the one page that was asked for."""
    document = Document(
        found.media_type, "", 0, title=found.title, page_unit=found.page_unit,
        pages=found.pages, blocks=found.blocks, tables=found.tables,
    )  # fmt: skip
    made = markdown.page(document, 1) if page else markdown.whole(document)
    return made.decode("utf-8", "replace")


def _number(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise UsageError(f"not a page: {text!r}", hint="pages are counted from 1")
    return int(text)


def _schema(tool: str) -> str:
    from lsfs.syscalls.registry import registry

    for declared in registry:
        if any(one.name == tool for one in declared.tools) and tool in FORMS:
            return json.dumps(codec.schema(declared.result))
    raise NotFound(f"no tool {tool!r}")
