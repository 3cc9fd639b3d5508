"""Whatever a file does to its parser, the caller gets a document, and nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from lsfs.config import IndexConfig
from lsfs.errors import ParseError
from lsfs.index.readers import sandbox as sandbox_module
from lsfs.index.readers.sandbox import Allowed, Sandbox, allowed_seconds
from lsfs.model import Block, BlockKind, Document, Status
from tests.parsers.misbehaving import SIGNATURE

PLUGIN = {"misbehaving": "tests.parsers.misbehaving:MisbehavingParser"}
LIMITS = IndexConfig(parse_seconds=2.0, parse_memory_mb=512)
Ask = Callable[..., Document]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(LIMITS, extra_parsers=PLUGIN) as opened:
        yield opened


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path) -> Ask:
    def run(order: str, name: str = "x") -> Document:
        return read(sandbox, SIGNATURE + order.encode(), tmp_path, name)

    return run


def read(sandbox: Sandbox, data: bytes, folder: Path, name: str = "x") -> Document:
    path = folder / f"file-{threading.get_ident()}"
    path.write_bytes(data)
    fd = os.open(path, os.O_RDONLY)
    try:
        return sandbox.read(fd, name)
    finally:
        os.close(fd)


def child_pid(sandbox: Sandbox) -> int:
    child = sandbox._child
    assert child is not None
    return child._process.pid


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("order", "status", "reason"),
    [
        ("hang", Status.TIMEOUT, "stopped after 2 s"),
        ("spin", Status.TIMEOUT, "stopped after 2 s"),
        ("eat", Status.OUT_OF_MEMORY, "memory"),
        ("crash", Status.DAMAGED, "SIGSEGV"),
        ("exit", Status.DAMAGED, "exit code 3"),
        ("sys.exit", Status.DAMAGED, "SystemExit"),
        ("raise", Status.DAMAGED, "ZeroDivisionError"),
        ("lie", Status.DAMAGED, "block 0"),
        ("surrogates", Status.DAMAGED, "cannot be stored"),
        ("garbage", Status.DAMAGED, "parser"),
        ("write", Status.DAMAGED, "OSError|PermissionError"),
        ("print", Status.OK, ""),
        ("moan", Status.OK, ""),
    ],
)
def test_misbehaviour_becomes_a_status(ask: Ask, order: str, status: Status, reason: str) -> None:
    document = ask(order)
    assert document.status is status
    assert re.search(reason, document.reason)
    if order != "surrogates":
        assert (document.parser, document.parser_version) == ("misbehaving", 7)
    after = ask("all is well")
    assert (after.status, after.text) == (Status.OK, "all is well")
    Path("/tmp/lsfs-must-not-exist").unlink(missing_ok=True)


def test_a_parser_has_no_network(ask: Ask) -> None:
    document = ask("network")
    assert document.status is Status.DAMAGED
    if "unreachable" not in document.reason and "PermissionError" not in document.reason:
        pytest.skip("this kernel gives no network namespace to a user")


@pytest.mark.parametrize("order", ["peek", "kill"])
def test_a_parser_has_no_files_and_reaches_no_process(ask: Ask, order: str) -> None:
    document = ask(order)
    if document.status is Status.OK:
        pytest.skip("this kernel's landlock does not cover it")
    assert "PermissionError" in document.reason


def test_the_child_sees_no_settings_of_the_user(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "1")
    seen = ask("look").text
    assert "SECRET_TOKEN" not in seen
    assert seen.endswith(" /")


def test_a_timeout_also_ends_what_the_parser_started(sandbox: Sandbox, tmp_path: Path) -> None:
    document = read(sandbox, SIGNATURE + b"grandchild", tmp_path)
    assert document.status is Status.TIMEOUT
    grandchild = ["pgrep", "-f", rf"^sleep 98761\.{os.getpid()}$"]
    deadline = time.monotonic() + 60
    while subprocess.run(grandchild, capture_output=True, check=False).stdout:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_is_leaked(ask: Ask, sandbox: Sandbox) -> None:
    ask("warm up")
    before = open_files()
    pids = set()
    for order in ("crash", "exit", "fine", "raise", "crash", "fine"):
        ask(order)
        if sandbox._child is not None:
            pids.add(child_pid(sandbox))
    assert open_files() <= before
    sandbox.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)  # a zombie would be there


def test_a_child_that_died_idle_is_replaced(ask: Ask, sandbox: Sandbox) -> None:
    assert ask("one").status is Status.OK
    os.kill(child_pid(sandbox), signal.SIGKILL)
    time.sleep(0.1)
    assert ask("two").status is Status.OK


def test_a_fresh_child_after_so_many_files(
    ask: Ask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_module, "FILES_PER_CHILD", 2)
    ask("one")
    first = child_pid(sandbox)
    ask("two")
    assert sandbox._child is None
    ask("three")
    assert child_pid(sandbox) != first


def test_a_fresh_child_when_it_grew(
    ask: Ask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_module, "MAX_CHILD_RSS", 1)
    assert ask("one").status is Status.OK
    assert sandbox._child is None


def test_closing_interrupts_a_reading(sandbox: Sandbox, tmp_path: Path) -> None:
    found: list[Document] = []
    thread = threading.Thread(
        target=lambda: found.append(read(sandbox, SIGNATURE + b"hang", tmp_path))
    )
    thread.start()
    while sandbox._child is None or not sandbox._child.claim:
        time.sleep(0.01)
    began = time.monotonic()
    sandbox.close()
    thread.join()
    assert time.monotonic() - began < 60
    assert found[0].status is Status.PENDING
    assert read(sandbox, b"text", tmp_path).status is Status.PENDING


def test_threads_take_turns(sandbox: Sandbox, tmp_path: Path) -> None:
    found: dict[int, str] = {}

    def work(number: int) -> None:
        for _ in range(10):
            found[number] = read(sandbox, f"text {number}".encode(), tmp_path, "a.txt").text

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"text {number}" for number in range(4)}


def test_a_child_outlives_the_thread_that_started_it(sandbox: Sandbox, tmp_path: Path) -> None:
    thread = threading.Thread(target=lambda: read(sandbox, b"first", tmp_path))
    thread.start()
    thread.join()
    pid = child_pid(sandbox)
    assert read(sandbox, b"second", tmp_path).text == "second"
    assert child_pid(sandbox) == pid


@pytest.mark.parametrize("order", ["hang", "spin"])
def test_a_busy_child_ends_with_its_parent(
    order: str, tmp_path: Path, eventually: Callable[[Callable[[], object]], object]
) -> None:
    file = tmp_path / "file"
    file.write_bytes(SIGNATURE + order.encode())
    code = (
        "import os, sys, threading, time\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from lsfs.config import IndexConfig\n"
        "from lsfs.index.readers.sandbox import Sandbox\n"
        f"box = Sandbox(IndexConfig(), extra_parsers={PLUGIN!r})\n"
        f"fd = os.open({str(file)!r}, os.O_RDONLY)\n"
        "threading.Thread(target=box.read, args=(fd, 'x'), daemon=True).start()\n"
        "while box._child is None or not box._child.claim: time.sleep(0.01)\n"
        "print(box._child._process.pid, flush=True)\n"
        "time.sleep(1000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    eventually(lambda: not is_running(pid))


def test_versions_are_known_without_parsing(sandbox: Sandbox) -> None:
    versions = sandbox.versions()
    assert versions.keys() >= {"text", "spreadsheet", "pdf", "pptx", "detect", "misbehaving"}
    assert versions["misbehaving"] == 7
    sandbox.close()
    assert sandbox.versions() == versions


def test_a_broken_plugin_is_a_warning(tmp_path: Path) -> None:
    plugins = {"broken": "tests.parsers.misbehaving:Broken", "gone": "no.such.module:Parser"}
    with Sandbox(LIMITS, extra_parsers=plugins) as sandbox:
        assert "text" in sandbox.versions()
        document = read(sandbox, SIGNATURE, tmp_path)
        assert document.status is Status.UNSUPPORTED
        assert len(document.warnings) == 2
        assert "'broken' of lsfs" in document.warnings[0]
        assert "this plugin is broken" in document.warnings[0]


def test_a_child_that_cannot_start_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_module, "MODULE", "no_such_module")
    with Sandbox(LIMITS) as sandbox, pytest.raises(ParseError, match="no_such_module"):
        read(sandbox, b"text", tmp_path)


def test_names_need_not_be_utf8(sandbox: Sandbox, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9/\xff.md")
    document = read(sandbox, b"# Head\n", tmp_path, name)
    assert (document.media_type, document.title) == ("text/markdown", "Head")


def test_a_large_file_is_not_sent(tmp_path: Path) -> None:
    with Sandbox(IndexConfig(max_file_bytes=10)) as sandbox:
        assert read(sandbox, b"x" * 11, tmp_path).status is Status.TOO_LARGE
        assert sandbox._child is None


def test_only_regular_files_are_read(sandbox: Sandbox, tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        assert sandbox.read(fd, "folder").status is Status.UNREADABLE
    finally:
        os.close(fd)


def test_the_offset_of_the_descriptor_is_left_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"some text")
    fd = os.open(path, os.O_RDONLY)
    try:
        os.lseek(fd, 3, os.SEEK_SET)
        assert sandbox.read(fd, "a.txt").text == "some text"
        assert os.lseek(fd, 0, os.SEEK_CUR) == 3
    finally:
        os.close(fd)


def test_a_deleted_file_is_still_read(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"some text")
    fd = os.open(path, os.O_RDONLY)
    path.unlink()
    try:
        assert sandbox.read(fd, "a.txt").text == "some text"
    finally:
        os.close(fd)


def test_time_grows_with_size_up_to_a_limit() -> None:
    limits = IndexConfig(parse_seconds=60)
    assert allowed_seconds(limits, 0) == 60
    assert allowed_seconds(limits, 10**7) == 65
    assert allowed_seconds(limits, 10**10) == 300
    assert allowed_seconds(IndexConfig(parse_seconds=900), 10**10) == 900


def test_an_answer_may_not_be_much_longer_than_the_file() -> None:
    limits = IndexConfig()
    assert Allowed.of(limits, 1000).answer < 5 * 2**20
    assert Allowed.of(limits, 10**6).answer > 60 * 10**6  # the longest seen has 25 bytes for one
    assert Allowed.of(limits, 10**10).answer == 2**29


@pytest.mark.parametrize(
    ("order", "status", "reason"),
    [("flood", Status.DAMAGED, "too long"), ("bloat", Status.TOO_LARGE, "too much for its size")],
)
def test_a_long_answer_is_not_taken(ask: Ask, order: str, status: Status, reason: str) -> None:
    document = ask(order)
    assert document.status is status
    assert reason in document.reason


def test_an_answer_of_very_many_parts_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '"char_start":' * 10  # in a text it counts for nothing
    blocks = tuple(Block(BlockKind.PARAGRAPH, text, 0, len(text)) for _ in range(5))
    answer = msgspec.json.encode(Document("text/plain", "x", 1, text=text, blocks=blocks))
    monkeypatch.setattr(sandbox_module, "_MAX_PARTS", 5)
    assert len(sandbox_module._decoded_document(answer).blocks) == 5
    monkeypatch.setattr(sandbox_module, "_MAX_PARTS", 4)
    with pytest.raises(sandbox_module._Stopped):
        sandbox_module._decoded_document(answer)


def test_the_time_stands_still_while_a_picture_is_read(tmp_path: Path) -> None:
    with Sandbox(IndexConfig(parse_seconds=1.0, scan_seconds=60), extra_parsers=PLUGIN) as sandbox:
        assert read(sandbox, SIGNATURE + b"picture", tmp_path).status is Status.OK
    with Sandbox(IndexConfig(parse_seconds=1.0, scan_seconds=1), extra_parsers=PLUGIN) as sandbox:
        assert read(sandbox, SIGNATURE + b"pictures", tmp_path).status is Status.TIMEOUT


def test_our_own_memory_is_not_taken_for_the_childs(ask: Ask) -> None:
    """A forked child starts with its parent's memory as its peak, until it executes."""
    ballast = bytearray(600 * 2**20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    assert ask("crash").status is Status.DAMAGED
    del ballast
