"""Telling agents that files have changed: subscriptions to resources and to their list.

Each subscription looks at the change feed once in a while, as long as the client listens.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    ResourcesListChanged,
    ResourceUpdated,
)

from lsfs.errors import LsfsError
from lsfs.serve.mcp_resources import Run, uri_of

if TYPE_CHECKING:
    import mcp_types as types
    from mcp.server.context import ServerRequestContext

log = logging.getLogger("lsfs.serve.mcp_changes")

LOOK_SECONDS = 1.0
AT_ONCE = 1000  # changes of one look
_SAME_LIST = frozenset({"written", "outside", "attributes"})  # what leaves the list as it is


class Changes:
    """Serves subscriptions.

    Args:
        run: runs a syscall.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    async def listen(
        self, context: ServerRequestContext[Any], params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Tell a client of changes until it hangs up."""
        bus = InMemorySubscriptionBus()
        async with anyio.create_task_group() as group:
            group.start_soon(self._follow, context, bus, await self._latest(context))
            result = await ListenHandler(bus)(context, params)
            group.cancel_scope.cancel()
        return result

    async def _latest(self, context: ServerRequestContext[Any]) -> int:
        found = await self._run(context, "log", {"limit": 1})
        return found.changes[-1].id if found.changes else 0

    async def _follow(
        self, context: ServerRequestContext[Any], bus: InMemorySubscriptionBus, last: int
    ) -> None:
        while True:
            await anyio.sleep(LOOK_SECONDS)
            try:
                found = await self._run(context, "log", {"after": last, "limit": AT_ONCE})
            except LsfsError as error:  # the one that serves the drive is going, perhaps
                log.info("%s", error)
                continue
            if not found.changes:
                continue
            last = found.changes[-1].id
            paths = {path for one in found.changes for path in (one.path, one.origin) if path}
            for path in sorted(paths):
                await bus.publish(ResourceUpdated(uri_of(path)))
            if any(one.op not in _SAME_LIST for one in found.changes):
                await bus.publish(ResourcesListChanged())
