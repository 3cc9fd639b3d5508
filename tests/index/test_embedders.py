"""Embedding models of each kind: what they give, what they refuse, what they are called."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.errors import ModelError, ModelMissing, UsageError
from lsfs.index.meaning import embed
from lsfs.index.meaning.embed import HashEmbedder, LateEmbedder, Vectors
from lsfs.index.meaning.prefixes import of_family
from lsfs.llm.files import models
from lsfs.llm.runtime.backend import backend
from lsfs.syscalls import embedders
from lsfs.syscalls.drive import LocalCaller
from tests.llm import tiny

TEXTS = ["The tenant pays the rent each month.", "A heron stands in the reeds.", "", "kōan \udc80"]


@pytest.fixture(scope="module")
def minilm() -> LateEmbedder:
    found = embedders.load(ModelConfig())
    if not isinstance(found, LateEmbedder):
        pytest.skip("MiniLM is not installed")
    return found


def cosines(a: Vectors, b: Vectors) -> np.ndarray[Any, Any]:
    return np.asarray((a * b).sum(axis=1))


def test_threads_change_no_vector(minilm: LateEmbedder) -> None:
    texts = [f"{word} " * n for n, word in enumerate(["rent", "heron", "lease", "reed"] * 3, 1)]
    together = minilm.encode(texts)
    assert np.array_equal(together, np.stack([minilm.encode([text])[0] for text in texts]))
    assert np.array_equal(minilm.encode_query(texts[3]), together[3])
    embedders.check(minilm)


@pytest.mark.usefixtures("minilm")
def test_a_model_is_loaded_when_it_is_used() -> None:
    code = (
        "import sys; from lsfs.config import ModelConfig; from lsfs.syscalls import embedders; "
        "found = embedders.load(ModelConfig()); print(found.name, 'onnxruntime' in sys.modules); "
        "print(found.encode_query('rent').shape == (found.dimension,))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1:] == ["False", "True"]


def test_its_graph_is_fused_when_it_is_made(minilm: LateEmbedder, tmp_path: Path) -> None:
    import onnx

    found = models.embed_model_folder("default")
    assert found is not None
    made = embed.load(found.path.parent, tmp_path)
    assert np.array_equal(made.encode_query("rent"), minilm.encode_query("rent"))
    (path,) = (tmp_path / "embed").iterdir()
    graph = onnx.load(path).graph
    assert "com.microsoft" in {node.domain for node in graph.node}
    assert "Erf" not in {node.op_type for node in graph.node}  # it is a part of a GELU
    assert [output.name for output in graph.output] == ["embedding", "states"]


def test_a_name_tells_the_content(minilm: LateEmbedder) -> None:
    assert models.EMBED.sha256[:16] in minilm.name


WORDS = {"election": True, "boots": True, "elektion": False, "reedwarbler": False}


def test_words_that_a_model_knows(minilm: LateEmbedder) -> None:
    assert {word: minilm.knows(word) for word in WORDS} == WORDS


# --- llama.cpp


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory, minilm: LateEmbedder) -> Path:
    pytest.importorskip("gguf")
    from benchmarks.minilm_gguf import write

    return write(tmp_path_factory.mktemp("gguf") / "minilm.gguf")


@pytest.mark.model
def test_a_gguf_file_embeds_as_the_model_it_was_made_from(gguf: Path, minilm: LateEmbedder) -> None:
    found = embedders.load(ModelConfig(embed=str(gguf)))
    assert found is not None
    embedders.check(found)
    assert cosines(found.encode(TEXTS), minilm.encode(TEXTS)).min() > 0.97
    assert {word: found.knows(word) for word in WORDS} == WORDS
    long = found.encode(["heron " * 3000])
    assert np.linalg.norm(long) == pytest.approx(1.0, abs=1e-3)
    assert models.file_digest(gguf)[:16] in found.name
    other = embedders.load(ModelConfig(embed=str(gguf), embed_passage_prefix="passage: "))
    assert other is not None and other.name != found.name
    assert cosines(other.encode(TEXTS), found.encode(TEXTS)).min() < 0.99
    same = cosines(other.encode_query(TEXTS[0])[None], found.encode(TEXTS[:1]))
    assert same[0] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.model
def test_texts_side_by_side_as_on_a_gpu(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This build has no GPU, so the CPU runs the batches that one would have."""
    from llama_cpp import Llama

    texts = [*TEXTS, "heron " * 3000, "", *(f"rent of flat {n} " * (30 * n) for n in range(1, 9))]
    ran: list[int] = []
    embed = Llama.embed
    monkeypatch.setattr(Llama, "embed", lambda *a, **k: ran.append(len(a[1])) or embed(*a, **k))
    one_by_one = embedders.load(ModelConfig(embed=str(gguf)))
    assert one_by_one is not None
    expected = one_by_one.encode(texts)
    assert ran == [1] * len(texts)
    monkeypatch.setattr(backend(), "gpu", True)
    beside = embedders.load(ModelConfig(embed=str(gguf)))
    assert beside is not None
    assert cosines(beside.encode(texts), expected).min() > 0.999
    assert ran[-1] == len(texts)
    assert cosines(beside.encode_query(TEXTS[0])[None], expected[:1])[0] > 0.999
    assert beside.encode([]).shape == (0, beside.dimension)


@pytest.mark.model
def test_a_chat_model_is_no_embedding_model() -> None:
    chat = models.chat_model_file(models.DEFAULT)
    if chat is None:
        pytest.skip("no chat model is installed")
    with pytest.raises(ModelError, match="no embedding model"):
        embedders.load(ModelConfig(embed=str(chat.path)))


# --- transformers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of transformers with random weights, small."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=24,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(tmp_path)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    return tmp_path


def pool(folder: Path, **modes: bool) -> None:
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(modes))


def test_a_folder_of_transformers(folder: Path) -> None:
    def load() -> Any:
        return embedders.load(ModelConfig(embed=str(folder)))

    mean = load()
    texts = ["a b c d", "e", "a b " * 50, ""]
    made = mean.encode(texts)
    assert made.shape == (4, 32)
    assert np.allclose(np.linalg.norm(made, axis=1), 1.0, atol=1e-5)
    for text, vector in zip(texts, made, strict=True):  # batches change nothing
        assert np.allclose(mean.encode_query(text), vector, atol=1e-5)
    assert mean.knows("a") and not mean.knows("a b")
    pool(folder, pooling_mode_cls_token=True, pooling_mode_mean_tokens=False)
    cls = load()
    assert cls.name != mean.name
    assert not np.allclose(cls.encode(texts), made, atol=1e-3)
    pool(folder, pooling_mode_max_tokens=True)
    with pytest.raises(ModelError, match="pooling_mode_max_tokens"):
        load()


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with pytest.raises(ModelError, match="no model's folder"):
        embedders.load(ModelConfig(embed=str(tmp_path)))
    with pytest.raises(ModelMissing):
        embedders.load(ModelConfig(embed=str(tmp_path / "nothing")))
    (tmp_path / "text.gguf").write_text("no model")
    with pytest.raises(ModelError, match="no GGUF file"):
        embedders.load(ModelConfig(embed=str(tmp_path / "text.gguf")))


# --- a server


class Server:
    """A server that embeds by hashed words; its answers can be spoilt."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.spoil: Callable[[dict[str, Any]], tuple[int, bytes]] | None = None
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append((self.path, body))
                made = HashEmbedder(16).encode(body["input"]) * 3.0
                data = [{"index": n, "embedding": v.tolist()} for n, v in enumerate(made)]
                answer = {"data": data[::-1], "model": body["model"]}
                status, said = 200, json.dumps(answer).encode()
                if server.spoil:
                    status, said = server.spoil(answer)
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def test_a_server_on_this_machine(server: Server) -> None:
    config = ModelConfig(embed=server.url + "/", embed_name="nomic-embed-text")
    found = embedders.load(config)
    assert found is not None and found.dimension == 16
    texts = [f"word{n} other" for n in range(70)]
    made = found.encode(texts)
    assert np.allclose(np.linalg.norm(made, axis=1), 1.0, atol=1e-5)
    sizes = [len(body["input"]) for _, body in server.asked]
    assert sizes == [1, 32, 32, 6]
    path, body = server.asked[-1]
    assert path == "/v1/embeddings" and body["model"] == "nomic-embed-text"
    assert body["input"][0] == "search_document: word64 other"
    found.encode_query("word1")
    assert server.asked[-1][1]["input"] == ["search_query: word1"]
    assert embedders.load(config).name == found.name  # type: ignore[union-attr]
    plain = replace(config, embed_passage_prefix="")
    assert embedders.load(plain).name != found.name  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda _: (500, b"out of memory"), "500"),
        (lambda _: (200, b"<html>"), "no JSON"),
        (lambda _: (200, b"{}"), "no embeddings"),
        (lambda _: (200, b"[]"), "no embeddings"),
        (lambda a: (200, json.dumps({**a, "data": a["data"][1:]}).encode()), "0 embeddings"),
        (lambda _: (200, b'{"data": [{"index": 0, "embedding": [NaN]}]}'), "odd ones"),
    ],
)  # fmt: skip
def test_a_server_that_answers_wrongly_is_an_error(server: Server, spoil: Any, says: str) -> None:
    server.spoil = spoil
    with pytest.raises(ModelError, match=says):
        embedders.load(ModelConfig(embed=server.url, embed_name="m"))


def test_a_server_that_is_not_there(server: Server) -> None:
    server.close()
    with pytest.raises(ModelError, match="does not answer"):
        embedders.load(ModelConfig(embed=server.url, embed_name="m"))


def test_text_leaves_the_machine_only_if_the_user_says_so() -> None:
    for url in ("https://192.0.2.1/v1", "http://198.51.100.7:8080/v1", "http://[2001:db8::1]/v1"):
        with pytest.raises(UsageError, match="another machine"):
            embedders.load(ModelConfig(embed=url, embed_name="m"))
    with pytest.raises(UsageError, match="which model"):
        embedders.load(ModelConfig(embed="http://127.0.0.1:1/v1"))


@pytest.mark.model
def test_another_model_at_the_same_path_is_noticed(tmp_path: Path) -> None:
    path, folder = tmp_path / "m.gguf", tmp_path / "files"
    old, new = (
        tiny.write_encoder(tmp_path / f"{n}", head=False, seed=n).read_bytes() for n in (3, 4)
    )
    assert len(old) == len(new)
    path.write_bytes(old)
    folder.mkdir()
    (folder / "a.txt").write_text("tenant rent much rent\n")
    config = replace(Config(), model=ModelConfig(chat="none", embed=str(path)))
    with lsfs.open(folder, config=config, state=str(tmp_path / "s")) as drive:
        drive.wait_indexed()
        before = drive.status().models["embed"]
        path.write_bytes(new)  # the same file, which is mapped
        with pytest.raises(ModelError, match="was changed while"):
            drive.retrieve("rent")
        (folder / "b.txt").write_text("heron reeds\n")
        with pytest.raises(ModelError, match="was changed while"):  # no vectors of two models
            drive.wait_indexed()
    with lsfs.open(folder, config=config, state=str(tmp_path / "s")) as drive:
        drive.wait_indexed()
        found = drive.retrieve("heron reeds", mode="semantic", explain=True).hits
        caller = drive._caller
        assert isinstance(caller, LocalCaller)
        engines = caller.engines
        assert drive.status().models["embed"] == engines.catalog.meta("embedder") != before
        assert found[0].path == "b.txt"
        meaning = engines.search.meanings.now
        assert meaning is not None and len(meaning.vectors) == 2


# --- what holds for all


def test_prefixes_of_known_families() -> None:
    assert of_family("nomic-embed-text-v1.5.Q8_0.gguf")[0] == "search_query: "
    assert of_family("multilingual-e5-small") == ("query: ", "passage: ")
    assert of_family("BAAI_bge-small-en")[1] == ""
    assert of_family("bge-m3") == ("", "") == of_family("all-MiniLM-L6-v2")


def test_a_model_that_embeds_nothing_is_refused() -> None:
    class Constant(HashEmbedder):
        def encode(self, texts: Any) -> Vectors:
            return np.tile(super().encode(["same"]), (len(texts), 1))

    class Long(HashEmbedder):
        def encode(self, texts: Any) -> Vectors:
            long: Vectors = super().encode(texts) * 2
            return long

    for model, says in ((Constant(), "does not tell"), (Long(), "length 1")):
        with pytest.raises(ModelError, match=says):
            embedders.check(model)
