"""A drive as the storage of AIOS: what its kernel and the Cerebrum SDK ask, answered from syscalls.

    storage = lsfs.AiosStorage("~/Documents")
    storage.answer("my_agent", "retrieve", {"query_text": "notice period", "n": 3})

The names of operations and arguments, and the words of the answers, are those of AIOS
(``aios/storage/filesystem/lsfs.py``, ``aios/syscall/storage.py``) and Cerebrum
(``cerebrum/storage/apis.py``), which do not spell all arguments alike: both spellings are taken.
"""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from lsfs import errors
from lsfs.errors import AccessDenied, LsfsError, UsageError
from lsfs.serve.access import Access, Seat
from lsfs.serve.aios_given import given
from lsfs.serve.aios_operations import OPERATIONS, Agent
from lsfs.serve.mcp_names import shown
from lsfs.serve.mcp_tools import Paths, in_tools
from lsfs.serve.rpc import LONGEST, Asking
from lsfs.syscalls.drive import Drive

if TYPE_CHECKING:
    from lsfs.config import Config
    from lsfs.safety.grants import Grant

log = logging.getLogger("lsfs.serve.aios")

_STATUS: tuple[tuple[type[LsfsError], int], ...] = (
    (errors.AlreadyThere, 409), (errors.ConfirmationRequired, 409), (errors.VersionConflict, 409),
    (errors.LockHeld, 409), (errors.NotFound, 404), (errors.AccessDenied, 403),
    (errors.UsageError, 400),
)  # fmt: skip


class StorageResponse(Struct, frozen=True):
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
        from lsfs.syscalls.drive import new_session

        folder = Path(root_dir).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        record = initialise(folder, state)
        may = (grant or FULL).narrowed(Grant(verbs=("read", "search")) if read_only else FULL)
        client = Client("aios", session=new_session())
        self._access = Access(record, config, client=client, grant=may)
        self.drive = Drive(record.source, self._access, session=client.session)
        self._read_only = read_only
        self._paths = Paths(record)
        self._mounted: dict[str, str] = {}  # the folder that an agent has mounted, of the drive

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
        operation = OPERATIONS.get(name)
        if operation is None:
            near = difflib.get_close_matches(name, OPERATIONS, n=1)
            hint = f"Did you mean {near[0]}" if near else f"Use {', '.join(OPERATIONS)}"
            raise UsageError(f"Operation type: {name} not supported", hint=hint)
        if operation.changes and self._read_only:
            raise AccessDenied(f"{name} changes files, and this storage only reads")
        return operation.run(self._agent(agent), given(name, params, operation.spelled))

    def _agent(self, name: str) -> Agent:
        """An agent, whose calls are made in its name: the one that it gives itself."""
        client = replace(self._access.client, name=shown(name)[:LONGEST])
        seat = Seat(self._access, Asking(client))
        drive = Drive(self.drive.source, seat, session=client.session)
        return Agent(name, drive, self._paths, self._mounted)


def _status(error: LsfsError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
