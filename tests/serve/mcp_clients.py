"""Real clients of the Model Context Protocol, and the server that they talk to."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

ROOT = Path(__file__).resolve().parents[2]


def environment(state: Path) -> dict[str, str]:
    """For a server without models, with its state apart."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "parsers", "cli")),
        "XDG_DATA_HOME": str(state),
        "LSFS_MODEL_CHAT": "none",
        "LSFS_MODEL_EMBED": "none",
    }


def server(source: Path | str, state: Path, *options: str) -> StdioServerParameters:
    """How a client starts the server, on its standard input and output."""
    arguments = ["-m", "lsfs_cli", "mcp", str(source), *options]
    return StdioServerParameters(
        command=sys.executable, args=arguments, env=environment(state), cwd=str(ROOT)
    )


class Agent:
    """What an agent does with a connection.

    Args:
        client: the connection.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    async def raw(self, tool: str, **arguments: Any) -> Any:
        """The whole answer of a tool."""
        return await self.client.call_tool(tool, arguments)

    async def text(self, tool: str, **arguments: Any) -> str:
        """What a tool says; it has to succeed."""
        answer = await self.raw(tool, **arguments)
        assert not answer.is_error, answer.content[0].text
        return str(answer.content[0].text)

    async def refusal(self, tool: str, **arguments: Any) -> str:
        """What a tool says when it refuses."""
        answer = await self.raw(tool, **arguments)
        assert answer.is_error, answer.content
        return str(answer.content[0].text)
