"""Three users and what each may read: at the socket, in the mount, against the kernel's own word.

A file that a user may not read is not named to it, not quoted, not counted. Who may read what is
not taken from our own code, but from trying it: a child with that user's numbers opens the file.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from lsfs import codec, config
from lsfs.config import Config, ModelConfig, MountConfig
from lsfs.drives import initialise
from lsfs.errors import LsfsError
from lsfs.fuse import mount as mounting
from lsfs.fuse import transports
from lsfs.safety.audit import AuditLog
from lsfs.safety.clients import Client
from lsfs.safety.readers import Permissions, Reader
from lsfs.serve import rpc
from lsfs.serve.brain import _handler
from lsfs.syscalls.drive import open_local

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as other users")

GROUP = 62001
ADA, BOB, EVE = 61001, 61002, 61003
USERS = {ADA: (GROUP,), BOB: (GROUP, 62002), EVE: (62003,)}
# path, owner, group, mode; each file holds a word of its own, which is in its name too.
MATRIX = (
    ("open/alphaword.txt", ADA, GROUP, 0o644), ("open/betaword.md", ADA, GROUP, 0o640),
    ("open/gammaword.txt", ADA, GROUP, 0o600), ("open/deltaword.txt", BOB, 62002, 0o604),
    ("open/epsiword.txt", BOB, 62002, 0o060), ("open/zetaword.txt", EVE, 62003, 0o400),
    ("team/hotelword.txt", ADA, GROUP, 0o644), ("team/thetaword.txt", EVE, GROUP, 0o640),
    ("shut/iotaword.txt", BOB, GROUP, 0o644), ("blind/kappaword.txt", ADA, GROUP, 0o644),
    ("open/deep/lambword.txt", EVE, 62003, 0o644), ("muword.txt", 0, 0, 0o600),
)  # fmt: skip
FOLDERS = {"open": (0, 0, 0o755), "team": (ADA, GROUP, 0o750), "shut": (BOB, GROUP, 0o700),
           "blind": (ADA, GROUP, 0o711), "open/deep": (EVE, 62003, 0o705)}  # fmt: skip


def as_user(uid: int, work: Callable[[], Any]) -> Any:
    """What a child says that has this user's numbers and no rights beyond."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.setgroups(list(USERS.get(uid, ())[1:]))
            group = USERS.get(uid, (uid,))[0]
            os.setresgid(group, group, group)
            os.setresuid(uid, uid, uid)
            with os.fdopen(write_end, "w") as out:
                json.dump(work(), out)
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end) as told:
        text = told.read()
    assert os.waitpid(child, 0)[1] == 0, text
    return json.loads(text)


def word_of(path: str) -> str:
    return Path(path).stem


class World(Struct, frozen=True):
    """The folder of the matrix, in a place that everybody reaches, and its state."""

    base: Path
    source: Path

    def readable(self, uid: int) -> list[str]:
        """What the kernel lets a user read."""

        def tried() -> list[str]:
            found = []
            for path, *_ in MATRIX:
                with contextlib.suppress(OSError):
                    os.close(os.open(self.source / path, os.O_RDONLY))
                    found.append(path)
            return found

        return list(as_user(uid, tried))


@pytest.fixture
def world() -> Iterator[World]:
    base = Path(tempfile.mkdtemp(prefix="lsfs-readers-"))
    base.chmod(0o755)
    source = base / "docs"
    source.mkdir(mode=0o755)
    for folder in FOLDERS:
        (source / folder).mkdir()
    for path, uid, gid, mode in MATRIX:
        file = source / path
        file.write_text(f"The commonword of {word_of(path)}. Dated 3 March 2023.\n")
        os.chown(file, uid, gid)
        file.chmod(mode)
    for folder, (uid, gid, mode) in FOLDERS.items():
        os.chown(source / folder, uid, gid)
        (source / folder).chmod(mode)
    yield World(base, source)
    shutil.rmtree(base)


def leaks(text: str, readable: list[str]) -> list[str]:
    """Words of files that are not among these."""
    return [word_of(path) for path, *_ in MATRIX if path not in readable and word_of(path) in text]


def test_the_matrix_tells_the_users_apart(world: World) -> None:
    seen = {uid: world.readable(uid) for uid in USERS}
    assert all(0 < len(paths) < len(MATRIX) for paths in seen.values())
    assert len({tuple(paths) for paths in seen.values()}) == len(USERS)


# --- at the socket


CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("retrieve", {"query": "commonword", "k": 100, "mode": "keyword"}), ("retrieve", {"query": ""}),
    ("grep", {"pattern": "commonword"}), ("ask", {"question": "files from March 2023"}),
    ("ask", {"question": "what is the commonword?"}), ("group_by", {"key": "type"}),
    ("group_by", {"key": "folder"}), ("group_by", {"key": "topic"}),
    ("group_by", {"key": "keyword", "keyword": ["commonword"]}),
    ("aggregate", {"function": "count"}),
    ("status", {"problems": True}), ("list_dir", {}), ("list_dir", {"path": "open"}), ("tree", {}),
    ("find_files", {"path": "", "pattern": "**/*"}), ("summarize", {"what": "open"}),
    ("summarize", {"what": "commonword"}), ("retrieve_summary", {"query": "commonword"}),
    ("log", {}), ("trash", {}), ("duplicates", {}), ("extract", {"query": "commonword"}),
    ("join", {"left": "commonword", "right": "March", "on": ["date"]}),
)  # fmt: skip


def test_at_the_socket_a_user_finds_what_it_may_read(world: World) -> None:
    settings = Config(model=ModelConfig(chat="none", embed="none"))
    caller = open_local(initialise(world.source, str(world.base / "state")), settings)
    socket = world.base / "everybody.sock"
    server = rpc.Server(socket, _handler(caller.engines), others=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    world.base.chmod(0o755)  # the server keeps its folder to itself
    try:
        for uid in USERS:
            readable = world.readable(uid)
            told = as_user(uid, partial(_asked, socket, readable))
            for call, said in told.items():
                assert not leaks(said, readable), (uid, call, leaks(said, readable), said[:3000])
            hits = json.loads(told[f"0 {CALLS[0][0]}"])["hits"]
            assert sorted(hit["path"] for hit in hits) == sorted(readable)
            counted = json.loads(told["10 status"])["index"]
            assert counted["files"] == counted["indexed"] == len(readable)
            (row,) = json.loads(told["9 aggregate"])["rows"]
            assert int(row["value"]) == len(readable)
            groups = json.loads(told["5 group_by"])["groups"]
            assert sum(group["count"] for group in groups) == len(readable)
            for path, *_ in MATRIX:
                assert ("commonword" in told[f"read {path}"]) is (path in readable)
                assert told[f"write {path}"].startswith("AccessDenied")
        with contextlib.closing(rpc.Client(socket)) as owner:
            everything = owner.call("retrieve", {"query": "commonword", "k": 100})
        assert len(everything["hits"]) == len(MATRIX)
        noted = list(AuditLog(caller.engines.state.audit).entries())
        assert {(one.door, one.uid, one.outcome) for one in noted if one.call == "write_file"} == {
            ("socket", uid, "refused") for uid in USERS
        }
    finally:
        server.close()
        thread.join()
        caller.close()


def _asked(socket: Path, readable: list[str]) -> dict[str, str]:
    """What is said to this process; it claims to be root, and to may everything."""
    claim = rpc.Asking(Client("cli", uid=0, pid=1))
    client = rpc.Client(socket, timeout=120, asks=claim)
    calls = {f"{n} {name}": (name, arguments) for n, (name, arguments) in enumerate(CALLS)}
    for path, *_ in MATRIX:
        calls[f"read {path}"] = ("read_text", {"path": path})
        calls[f"versions {path}"] = ("versions", {"path": path})
        calls[f"write {path}"] = ("write_file", {"path": path, "content": "x"})
    told = {}
    for key, (name, arguments) in calls.items():
        try:
            told[key] = codec.dumps(client.call(name, arguments))
        except LsfsError as error:
            # It says again what was asked for, which is no news.
            said = error.message.replace(str(arguments.get("path", "\0")), "")
            told[key] = f"{error.code}: {said}"
    for key in [key for key in told if key.startswith(("read ", "versions "))]:
        if key.partition(" ")[2] in readable:
            continue
        told[key] = told[key].replace(word_of(key.partition(" ")[2]), "")
    return told


# --- in the mount


@pytest.mark.skipif(
    transports.choose("auto").name != "kernel", reason="needs the kernel's protocol"
)
def test_in_the_mount_a_user_finds_what_it_may_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSFS_MODEL_CHAT", "none")
    monkeypatch.setenv("LSFS_MODEL_EMBED", "none")
    record = initialise(world.source, str(world.base / "state"))
    with contextlib.closing(open_local(record, config.load(world.source))) as caller:
        caller.call("wait_indexed", {}, lambda _: None)
        caller.call("save_search", {"name": "commonword"}, lambda _: None)
    place = world.base / "mnt"
    place.mkdir()
    mounting.mount(world.source, place, record.state, MountConfig(), allow_other=True)
    try:
        for uid in (*USERS, EVE, ADA):  # in turns, so that caches of one would serve another
            readable = world.readable(uid)
            names, texts, refused = as_user(uid, lambda: _walked(place / ".lsfs"))
            said = "\n".join((*names, *texts))
            assert not leaks(said, readable), (uid, leaks(said, readable))
            assert refused
            for path in readable:
                assert f"text/{path}.md" in names
                assert any(name.endswith(f"/{path}") for name in names)  # a link in by/
            assert not any(name.startswith("search/") for name in names)
            for path, *_ in MATRIX:
                there = as_user(uid, partial(os.path.lexists, place / f".lsfs/text/{path}.md"))
                assert there is (path in readable)
        assert (place / ".lsfs" / "search" / "commonword").is_dir()
        (place / ".lsfs" / "search" / "made").mkdir()
        last = list(AuditLog(record.state.audit).entries())[-1]
        assert (last.door, last.call, last.uid) == ("mount", "save_search", os.geteuid())
        # A right that is taken away counts at once, or a second later.
        (world.source / "open" / "alphaword.txt").chmod(0o600)
        hidden = threading.Event()
        for _ in range(200):
            names, _, _ = as_user(EVE, lambda: _walked(place / ".lsfs"))
            if not leaks("\n".join(names), world.readable(EVE)):
                hidden.set()
                break
            hidden.wait(0.1)
        assert hidden.is_set()
    finally:
        mounting.umount(place, state=record.state)


def _walked(top: Path) -> tuple[list[str], list[str], bool]:
    """Names and texts below a folder, and whether nothing can be made there."""
    names, texts = [], []
    for folder, folders, files in os.walk(top):
        if Path(folder) == top / "at":
            folders[:] = folders[:2]
        for name in (*folders, *files):
            path = Path(folder, name)
            names.append(path.relative_to(top).as_posix())
            if path.is_symlink():
                names.append(str(path.readlink()))
            elif name in files:
                with contextlib.suppress(OSError):
                    texts.append(path.read_text(errors="replace"))
    refused = False
    try:
        (top / "search" / "mine").mkdir()
    except OSError:
        refused = True
    return names, texts, refused


# --- what the kernel says


def acl(*entries: tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in entries)


def test_permissions_are_the_kernels(world: World) -> None:
    """Random owners, modes and access control lists, on folders and files."""
    chosen = random.Random(7)
    base = world.base / "random"
    paths = []
    for number in range(60):
        folder = base / f"d{number % 12}"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"f{number}"
        file.write_text("x")
        paths.append(file.relative_to(base).as_posix())
    base.chmod(0o755)
    listed = 0
    for place in (*base.iterdir(), *(base / path for path in paths)):
        os.chown(place, chosen.choice((0, *USERS)), chosen.choice((0, GROUP, 62002, 62003)))
        place.chmod(chosen.choice((0o777, 0o750, 0o705, 0o640, 0o604, 0o444, 0o070, 0o007)))
        if chosen.random() < 0.4:
            none = 0xFFFFFFFF
            rights = [chosen.randint(0, 7) for _ in range(6)]
            with contextlib.suppress(OSError):
                os.setxattr(place, "system.posix_acl_access", acl(
                    (1, rights[0], none), (2, rights[1], chosen.choice(list(USERS))),
                    (4, rights[2], none), (8, rights[3], chosen.choice((GROUP, 62002, 62003))),
                    (16, rights[4], none), (32, rights[5], none),
                ))  # fmt: skip
                listed += 1
    root = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for uid, groups in USERS.items():
            ours = Permissions(Reader(uid, groups), root)
            kernels = as_user(uid, lambda: [_opens(base / path) for path in paths])
            assert [ours.reads(path) for path in paths] == kernels
        assert Permissions(Reader(0), root).reads(paths[0])
    finally:
        os.close(root)
    if not listed:
        pytest.skip("this file system has no access control lists")


def _opens(path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True
