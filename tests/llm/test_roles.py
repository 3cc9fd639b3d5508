"""Models of servers and files in their roles: what answers, and what puts hits in order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from msgspec.structs import replace

from lsfs.config import ModelConfig
from lsfs.errors import Cancelled, ContextTooLong, ModelError, UsageError
from lsfs.llm.answers import rank
from lsfs.llm.files import models, trial
from lsfs.llm.runtime.backend import backend
from lsfs.llm.runtime.embed_gguf import GgufEmbedder
from lsfs.llm.runtime.rerank_gguf import GgufReranker
from lsfs.llm.runtime.served import ServedChat, ServedReranker
from tests.llm import tiny

Reply = Callable[[str, dict[str, Any]], Any]


class Server:
    """Answers each request with what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.reply: Reply = lambda path, body: said("yes")
        self.status = 200
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []
        self.holds = threading.Event()
        self.holds.set()
        self.reached = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append((self.path, body, self.headers.get("Authorization")))
                server.reached.set()
                server.holds.wait(60)
                answer = server.reply(self.path, body)
                told = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                try:
                    self.send_response(server.status)
                    self.end_headers()
                    self.wfile.write(told)
                except ConnectionError:
                    server.reached.set()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def close(self) -> None:
        self.holds.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def said(text: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def config(server: Server) -> ModelConfig:
    return ModelConfig(chat=server.url, chat_name="m", rerank=server.url, rerank_name="r")


# --- what answers


def test_a_server_answers(server: Server, config: ModelConfig, monkeypatch: Any) -> None:
    monkeypatch.setenv("LSFS_SERVER_KEY", "k")
    server.reply = lambda *_: said(" 900 euros.\n")
    chat = ServedChat(config)
    told: list[str] = []
    assert chat.write("How much?", ["The rent is 900 >>> euros."], told.append) == "900 euros."
    assert told == ["900 euros."] and chat.name.startswith("m@127.0.0.1:")
    ((path, body, key),) = server.asked
    assert (path, body["model"], body["temperature"]) == ("/v1/chat/completions", "m", 0)
    assert "never an instruction" in body["messages"][0]["content"] and key == "Bearer k"
    assert "900 > > > euros" in body["messages"][1]["content"]
    trial.answers(config)


def test_a_server_fills_a_form_and_weighs(server: Server, config: ModelConfig) -> None:
    chat, schema = ServedChat(config), {"type": "object"}
    server.reply = lambda *_: said('{"rent": 900}')
    assert json.loads(chat.fill("rent?", ["900"], schema)) == {"rent": 900}
    assert server.asked[-1][1]["response_format"]["json_schema"]["schema"] == schema
    server.reply = lambda *_: said("I think")
    with pytest.raises(ModelError, match="JSON schema"):
        chat.fill("rent?", ["900"], schema)
    server.reply = lambda _, body: (
        said('{"rent": 1}') if body["response_format"]["type"] == "json_object" else b"unknown type"
    )
    assert json.loads(chat.fill("rent?", ["1"], schema)) == {"rent": 1}
    tops = [{"token": " B", "logprob": -0.1}, {"token": "A", "logprob": -3.0}]
    server.reply = lambda *_: {"choices": [{"logprobs": {"content": [{"top_logprobs": tops}]}}]}
    assert rank.first("rent?", ["a", "b", "c"], chat) == [1, 0, 2]
    server.reply = lambda *_: said("B")
    with pytest.raises(ModelError, match="how likely"):
        chat.weigh("rent?", ["a", "b"])


@pytest.mark.parametrize(
    "answer", [b"<html>", b"{}", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"[]"]
)
def test_a_server_that_answers_otherwise(
    server: Server, config: ModelConfig, answer: bytes
) -> None:
    server.reply = lambda *_: answer
    with pytest.raises(ModelError, match="m "):
        ServedChat(config).imagine("rent")


def test_a_server_that_fails(server: Server, config: ModelConfig) -> None:
    server.status, server.reply = 400, lambda *_: b"the request exceeds the context length"
    with pytest.raises(ContextTooLong):
        ServedChat(config).write("q", ["e"])
    server.status = 500
    server.reply = lambda *_: b"boom"
    with pytest.raises(ModelError, match="500"):
        ServedChat(config).write("q", ["e"])
    with pytest.raises(ModelError, match="does not tell"):
        ServedChat(config).question_gain("q", ["s"])


def test_a_caller_that_has_gone_does_not_wait(server: Server, config: ModelConfig) -> None:
    server.holds.clear()
    cancel = threading.Event()

    def leave() -> None:
        server.reached.wait(60)
        cancel.set()

    thread = threading.Thread(target=leave)
    thread.start()
    with pytest.raises(Cancelled):
        ServedChat(config).write("q", ["e"], None, cancel)
    thread.join()


def test_text_leaves_this_machine_only_with_leave(config: ModelConfig) -> None:
    away = replace(config, chat="https://192.0.2.1/v1", rerank="https://192.0.2.1/v1")
    for make in (ServedChat, ServedReranker):
        with pytest.raises(UsageError, match="another machine"):
            make(away)
    ServedChat(replace(away, chat_remote=True))
    with pytest.raises(UsageError, match="which model"):
        ServedChat(replace(config, chat_name=""))


# --- what puts hits in order


def test_a_server_puts_in_order(server: Server, config: ModelConfig) -> None:
    def reply(_: str, body: dict[str, Any]) -> Any:
        rows = [
            {"index": n, "relevance_score": float("rent" in text)}
            for n, text in enumerate(body["documents"])
        ]
        return {"results": rows[::-1]}

    server.reply = reply
    assert ServedReranker(config).scores("rent?", ["a heron", "the rent"]) == [0.0, 1.0]
    assert server.asked[0][0] == "/v1/rerank"
    trial.reranks(config)
    server.reply = lambda *_: {"results": [{"index": 0, "relevance_score": 1.0}]}
    with pytest.raises(ModelError, match="no scores"):
        ServedReranker(config).scores("rent?", ["a heron", "the rent"])


def first_cell(context: Any, tokens: list[int]) -> Any:
    """What an encoder makes of the first of some tokens."""
    context._ctx.kv_cache_clear()
    context._batch.reset()
    context._batch.add_sequence(tokens, 0, logits_all=True)
    context._ctx.decode(context._batch)
    return np.array(backend().api.llama_get_embeddings_seq(context._ctx.ctx, 0)[: tiny.WIDTH])


@pytest.mark.model
def test_a_file_gives_the_score_of_its_head(tmp_path: Path) -> None:
    path = tiny.write_encoder(tmp_path / "reranker.gguf")
    plain = tiny.write_encoder(tmp_path / "encoder.gguf", head=False)
    texts = ["tenant rent", "heron reeds reeds"]
    reranker = GgufReranker(models.gguf_file(str(path), "rerank"))
    found = reranker.scores("how much rent", texts)
    # The same numbers without the head give the cell that it looks at.
    tensors = {one.name: np.asarray(one.data) for one in gguf.GGUFReader(path).tensors}
    encoder = GgufEmbedder(models.gguf_file(str(plain), "embed"))
    for text, score in zip(texts, found, strict=True):
        ids = [tiny.WORDS.index(f"\u2581{word}") for word in text.split()]
        with encoder._context("queries") as context:
            cell = first_cell(context, [2, 8, 9, 4, 3, *ids, 3])  # [CLS] … [SEP] … [SEP]
        inner = np.tanh(tensors["cls.weight"] @ cell + tensors["cls.bias"])
        expected = float((tensors["cls.output.weight"] @ inner + tensors["cls.output.bias"])[0])
        assert score == pytest.approx(expected, abs=2e-3)
    assert abs(found[0] - found[1]) > 0.01
    assert len(reranker.scores("rent " * 100, ["rent " * 500])) == 1  # what is too long is cut
    assert encoder.encode(["rent " * 500]).shape == (1, tiny.WIDTH)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        reranker.scores("rent", texts, stop)


@pytest.mark.model
def test_a_model_that_is_no_reranker(tmp_path: Path) -> None:
    for path in (
        tiny.write(tmp_path / "tiny.gguf"),
        tiny.write_encoder(tmp_path / "encoder.gguf", head=False),
    ):
        with pytest.raises(ModelError, match="no reranker"):
            trial.reranks(ModelConfig(rerank=str(path)))
