"""What is fetched is whole and what it should be, whatever the server and the connection do."""

from __future__ import annotations

import errno
import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lsfs.errors import LockHeld, ModelError, NotFound, UsageError
from lsfs.llm.files import fetch, hub, library, pull, recommend
from lsfs.llm.files.advice import Room
from lsfs.llm.files.hub import quant_of
from lsfs_cli.main import cli
from tests.llm import tiny

TRIES = 40  # broken connections of one fetch


class Server:
    """Serves one file in ranges, and breaks what it is told to break.

    Attributes:
        body: of the file.
        etag: which state of the file it is; "" is not told.
        faults: what is done to the next answers, one each; then they are right.
        asked: the ranges that were asked for, and who asked.
    """

    def __init__(self, body: bytes) -> None:
        self.body, self.etag, self.stated = body, '"one"', ""
        self.faults: list[Callable[[BaseHTTPRequestHandler], bool]] = []
        self.asked: list[str | None] = []
        self.tokens: list[str | None] = []
        self.pages: dict[str, tuple[Any, str]] = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.tokens.append(self.headers.get("Authorization"))
                if self.path in server.pages:
                    server.list(self)
                    return
                server.asked.append(self.headers.get("Range"))
                if not (server.faults and server.faults.pop(0)(self)):
                    server.serve(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.file = f"{self.url}/o/r/resolve/main/small.gguf"

    def serve(self, to: BaseHTTPRequestHandler, *, shift: int = 0, upto: int | None = None) -> bool:
        """Answer as asked; from another place by ``shift``, and no further than ``upto`` bytes."""
        wanted, same = to.headers.get("Range"), to.headers.get("If-Range") in (None, self.etag)
        first = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and same else 0
        if first and first >= len(self.body):
            to.send_response(416)
            to.send_header("Content-Range", f"bytes */{len(self.body)}")
            to.end_headers()
            return True
        to.send_response(206 if first else 200)
        if first:
            begin = first + shift
            to.send_header("Content-Range", f"bytes {begin}-{len(self.body) - 1}/{len(self.body)}")
        if self.etag:
            to.send_header("ETag", self.etag)
        if self.stated:
            to.send_header("X-Linked-ETag", f'"{self.stated}"')
        to.send_header("Content-Length", str(len(self.body) - first))
        to.end_headers()
        to.wfile.write(self.body[first:] if upto is None else self.body[first : first + upto])
        return True

    def list(self, to: BaseHTTPRequestHandler) -> None:
        page, following = self.pages[to.path]
        to.send_response(200)
        if following:
            to.send_header("Link", f'<{following}>; rel="next"')
        to.end_headers()
        to.wfile.write(json.dumps(page).encode())

    def cut(self, upto: int) -> Callable[[BaseHTTPRequestHandler], bool]:
        """A connection that ends after so many bytes."""
        return lambda to: self.serve(to, upto=upto)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def refused(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], bool]:
    def answer(to: BaseHTTPRequestHandler) -> bool:
        to.send_response(code)
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        return True

    return answer


def no_answer(to: BaseHTTPRequestHandler) -> bool:
    return True


BODY = b"GGUF" + random.Random(5).randbytes(3_000_000)
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(BODY)
    made.stated = DIGEST
    yield made
    made.close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries; none is waited for."""
    waits: list[float] = []
    monkeypatch.setattr(fetch, "PIECE", 100_000)
    monkeypatch.setattr(pull, "fetch", lambda *a: fetch.fetch(*a, sleep=waits.append))
    return waits


def left() -> list[str]:
    return sorted(path.name for path in library.folder().iterdir())


@pytest.mark.parametrize("seed", range(3))
def test_a_connection_that_breaks_at_random(server: Server, slept: list[float], seed: int) -> None:
    chance = random.Random(seed)
    server.faults = [
        chance.choice([
            server.cut(chance.randrange(1, 400_000)), no_answer, refused(503), refused(500),
            lambda to: server.serve(to, shift=chance.choice([-7, 11])),
        ])
        for _ in range(TRIES)
    ]  # fmt: skip
    server.faults = [
        fault
        for n, fault in enumerate(server.faults)
        for fault in ((server.cut(150_000), fault) if n % 2 else (fault,))
    ]
    for _ in range(10):  # the command is run again where it gave up
        try:
            found = pull.pull(server.file)
            break
        except ModelError as error:
            assert "run the same command again" in error.hint
            assert left() == [name for name in left() if not name.endswith(".gguf")]
    assert found.path.read_bytes() == BODY and found.sha256 == DIGEST
    assert left() == ["small.gguf", "small.json"]


def test_it_goes_on_and_does_not_begin_anew(server: Server, slept: list[float]) -> None:
    server.faults = [server.cut(1_000_000), server.cut(700_000)]
    told: list[int] = []
    pull.pull(server.file, progress=lambda there, total: told.append(there))
    assert server.asked[0] is None
    begun = [int(str(one).removeprefix("bytes=").rstrip("-")) for one in server.asked[1:]]
    assert begun[0] > 500_000 and begun[1] > begun[0]
    assert told == sorted(told) and told[-1] == len(BODY)


def test_what_changed_on_the_server_is_not_mixed(server: Server, slept: list[float]) -> None:
    old = server.body
    server.faults = [server.cut(1_000_000), *[no_answer] * fetch.TRIES]
    with pytest.raises(ModelError, match="cannot be fetched"):
        pull.pull(server.file)
    server.body, server.etag = b"GGUF" + random.Random(6).randbytes(len(old) - 4), '"two"'
    server.stated, server.faults = "", []
    server.body = tiny_bytes()
    assert pull.pull(server.file).path.read_bytes() == server.body


def tiny_bytes() -> bytes:
    path = library.folder() / "tiny.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return tiny.write(path).read_bytes()
    finally:
        path.unlink()


def test_a_server_that_answers_for_another_place_is_asked_anew(
    server: Server, slept: list[float]
) -> None:
    server.faults = [server.cut(500_000), lambda to: server.serve(to, shift=5)]
    assert pull.pull(server.file).path.read_bytes() == BODY
    assert server.asked[-1] is None


def test_a_part_of_another_file_is_not_gone_on_with(server: Server, slept: list[float]) -> None:
    library.folder().mkdir(parents=True)
    part = library.folder() / "small.gguf.part"
    part.write_bytes(b"GGUF of something else")
    assert pull.pull(server.file).path.read_bytes() == BODY
    assert server.asked == [None]


@pytest.mark.parametrize("extra", [-1, 1])
def test_a_wrong_length(server: Server, slept: list[float], extra: int) -> None:
    file = hub.HubFile(("small.gguf",), (len(BODY) + extra,), ("",), "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", server.url)
        with pytest.raises(ModelError, match="bytes, and not"):
            pull.pull_hub("o/r", file)
    assert not list(library.folder().glob("*.gguf"))


@pytest.mark.parametrize(("code", "hint"), [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "spelled")])
def test_what_is_refused_is_not_asked_for_again(
    server: Server, slept: list[float], code: int, hint: str
) -> None:
    server.faults = [refused(code)] * 9
    with pytest.raises(ModelError, match=str(code)) as raised:
        pull.pull(server.file)
    assert hint in raised.value.hint and len(server.asked) == 1 and slept == []


def test_a_server_that_asks_to_wait(server: Server, slept: list[float]) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    server.faults = [refused(429, Retry_After="17"), refused(503, Retry_After=soon), refused(503)]
    assert pull.pull(server.file).sha256 == DIGEST
    assert slept[0] == 17 and 20 < slept[1] <= 40 and slept[2] > 0
    library.remove("small", library.ModelConfig())
    server.faults = [refused(429, Retry_After="86400")]
    with pytest.raises(ModelError, match="429") as raised:
        pull.pull(server.file)
    assert "86400" in raised.value.hint


def test_a_full_disk(server: Server, slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    usage = fetch.shutil.disk_usage(".")
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage._replace(free=10_000))
    with pytest.raises(ModelError, match="the disk has 0 MiB free"):
        pull.pull(server.file)
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(fetch.os, "fsync", _full)
    with pytest.raises(ModelError, match="the disk is full") as raised:
        pull.pull(server.file)
    assert "goes on" in raised.value.hint and slept == []
    assert not list(library.folder().glob("*.gguf"))


def _full(_fd: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_is_no_model_is_not_fetched_to_its_end(server: Server, slept: list[float]) -> None:
    server.body, server.stated = b"<html>" + bytes(5_000_000), ""
    sent = threading.Event()
    with pytest.raises(ModelError, match="it is no GGUF file"):
        pull.pull(server.file, progress=lambda *_: sent.set())
    assert not sent.is_set() and left() == []


def test_half_a_model_of_which_nothing_is_stated(server: Server, slept: list[float]) -> None:
    server.stated = ""
    server.body = tiny_bytes()[:-50_000]
    with pytest.raises(ModelError, match=r"it has \d+ of \d+ bytes"):
        pull.pull(server.file)
    assert left() == []


def test_two_at_once(server: Server, slept: list[float]) -> None:
    library.folder().mkdir(parents=True)
    at_work, go_on = threading.Event(), threading.Event()

    def wait(*_: int) -> None:
        at_work.set()
        go_on.wait(60)

    first = threading.Thread(target=pull.pull, args=(server.file,), kwargs={"progress": wait})
    first.start()
    try:
        assert at_work.wait(60)
        with pytest.raises(LockHeld, match="already"):
            pull.pull(server.file)
    finally:
        go_on.set()
        first.join()
    assert left() == ["small.gguf", "small.json"]


def test_what_has_its_name_is_not_begun_anew(
    server: Server, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    library.folder().mkdir(parents=True)
    part = library.folder() / "small.gguf.part"
    real = fetch.fcntl.flock

    def late(file: Any, how: int) -> None:
        part.replace(library.folder() / "small.gguf")  # the other process has just finished
        real(file, how)

    part.write_bytes(BODY)
    monkeypatch.setattr(fetch.fcntl, "flock", late)
    with pytest.raises(LockHeld), fetch.held(part):
        pytest.fail("it is another's")
    assert (library.folder() / "small.gguf").read_bytes() == BODY


def test_a_token_is_for_the_hub_alone(
    server: Server, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Server(BODY)
    try:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", "secret")
        server.faults = [refused(302, Location=other.file, X_Linked_ETag=f'"{DIGEST}"')]
        assert pull.pull("o/r/small.gguf").sha256 == DIGEST
        assert server.tokens == ["Bearer secret"] and other.tokens == [None]
        library.remove("small", library.ModelConfig())
        pull.pull(other.file, sha256=DIGEST)
        assert other.tokens == [None, None]
    finally:
        other.close()


def test_a_server_that_is_not_there(
    server: Server, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.close()
    with pytest.raises(ModelError, match="refused"):
        pull.pull(server.file)
    assert slept == []
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    with pytest.raises(ModelError, match="does not tell"):
        hub.models_of("o/r")


def test_a_file_that_is_here(tmp_path: Path, slept: list[float]) -> None:
    mine = tiny.write(tmp_path / "mine.gguf")
    found = pull.pull(str(mine))
    assert found.path == library.folder() / "mine.gguf"
    assert found.path.read_bytes() == mine.read_bytes() and found.url == mine.as_uri()
    assert pull.pull(str(mine)) == found
    mine.with_name("half.gguf").write_bytes(mine.read_bytes()[:-1000])
    with pytest.raises(ModelError, match="of"):
        pull.pull(str(mine.with_name("half.gguf")))
    with pytest.raises(ModelError, match="is not what it should be"):
        pull.pull(str(tiny.write(tmp_path / "other.gguf")), sha256="0" * 64)
    assert left() == ["mine.gguf", "mine.json"]


# --- repositories


def entry(name: str, size: int, oid: str = "") -> dict[str, Any]:
    return {"type": "file", "path": name, "size": 130, "lfs": {"oid": oid, "size": size}}


def listed(server: Server, monkeypatch: pytest.MonkeyPatch, *entries: dict[str, Any]) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    first = "/api/models/o/r/tree/main?recursive=true"
    half = len(entries) // 2
    server.pages = {
        first: (list(entries[:half]), f"{server.url}/page2"),
        "/page2": (list(entries[half:]), ""),
    }


def test_what_a_repository_has(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(
        server, monkeypatch,
        {"type": "directory", "path": "Q8_0"}, {"type": "file", "path": "README.md", "size": 9},
        entry("m-Q4_K_M.gguf", 400, DIGEST), entry("mmproj-F16.gguf", 9),
        entry("big/m-F16-00002-of-00002.gguf", 700), entry("big/m-F16-00001-of-00002.gguf", 900),
        entry("m-Q8_0.gguf", 800),
    )  # fmt: skip
    found = hub.models_of("o/r")
    assert [(one.quant, one.bytes, len(one.parts)) for one in found] == [
        ("F16", 1600, 2), ("Q8_0", 800, 1), ("Q4_K_M", 400, 1),
    ]  # fmt: skip
    assert pull.of_quant(found, "Q4_K_M").digests == (DIGEST,)
    with pytest.raises(NotFound, match="no Q2_K") as raised:
        pull.of_quant(found, "Q2_K")
    assert "Q8_0" in raised.value.hint
    with pytest.raises(UsageError, match="2 parts"):
        pull.pull_hub("o/r", found[0])
    server.pages = {}
    server.faults = [refused(404), refused(401)]
    for _ in range(2):
        with pytest.raises(NotFound, match="o/r"):
            hub.models_of("o/r")


def test_a_listed_digest_is_held(
    server: Server, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    server.stated = ""
    with pytest.raises(ModelError, match="is not what it should be"):
        pull.pull_hub("o/r", hub.HubFile(("small.gguf",), (len(BODY),), ("0" * 64,), ""))
    assert left() == []
    found = pull.pull_hub("o/r", hub.HubFile(("small.gguf",), (len(BODY),), (DIGEST,), ""))
    assert found.sha256 == DIGEST


@pytest.mark.parametrize(
    ("name", "quant"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1"), ("a/Qwen3-4B-Q4_K_M.gguf", "Q4_K_M"),
        ("m-IQ3_XXS.gguf", "IQ3_XXS"), ("llama-3.2-1b-instruct-q8_0.gguf", "Q8_0"),
        ("m.fp16.gguf", "F16"), ("m-BF16.gguf", "BF16"), ("m-UD-Q2_K_XL.gguf", "UD-Q2_K_XL"),
        ("Qwen3-Q.gguf", ""), ("m-MXFP4.gguf", "MXFP4"),
    ],
)  # fmt: skip
def test_how_numbers_are_written_by_the_name(name: str, quant: str) -> None:
    assert quant_of(name) == quant


@pytest.mark.model
def test_the_form_that_fits_is_fetched(
    server: Server, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.body = tiny_bytes()
    server.stated = digest = hashlib.sha256(server.body).hexdigest()
    size = len(server.body)
    listed(
        server, monkeypatch,
        entry("small-Q4_0.gguf", size, digest), entry("small-Q8_0.gguf", 90 * 10**9, DIGEST),
        entry("small-F16-00001-of-00002.gguf", 5), entry("small-F16-00002-of-00002.gguf", 5),
    )  # fmt: skip
    files, judged = recommend.of_repository("o/r", 1024, Room(16 * 10**9, None))
    assert [one.quant for one in files] == ["Q8_0", "Q4_0", "F16"]
    large, fits, split = judged
    assert (large.where, fits.is_advised, split.where) == ("", True, "")
    assert "does not fit" in large.reason and "2 parts" in split.reason
    cell = 2 * tiny.LAYERS * tiny.KEY_HEADS * tiny.HEAD * 2
    assert (fits.weights, fits.state, fits.longest) == (size, 1024 * cell, tiny.CONTEXT)
    done = CliRunner().invoke(cli, ["model", "pull", "o/r"])
    assert done.exception is None, done.exception
    assert left() == ["small-Q4_0.gguf", "small-Q4_0.json"] and digest in done.stdout
    assert "small-Q4_0.gguf: fits" in done.stderr
    monkeypatch.setattr(recommend, "room", lambda: Room(1000, None))
    refused_ = CliRunner().invoke(cli, ["model", "pull", "o/r"])
    assert isinstance(refused_.exception, UsageError) and "nothing of o/r fits" in str(
        refused_.exception
    )


@pytest.mark.model
def test_a_head_that_cannot_be_had(
    server: Server, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(server, monkeypatch, entry("a-Q8_0.gguf", 1000), entry("a-Q4_0.gguf", 500))
    server.faults = [refused(500)] * 3
    _, judged = recommend.of_repository("o/r", 1024, Room(16 * 10**9, None))
    assert judged[0].is_advised and "without its attention state" in judged[0].reason
