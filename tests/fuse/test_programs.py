"""Programs as people run them, on a mounted drive: what they leave is whole, and the journal knows.

A program that is missing is named by the skipped test.
"""

# The calls of the programs that are imitated are made one by one.
# ruff: noqa: PTH104, PTH108, PTH115, PTH123, PTH208

from __future__ import annotations

import fcntl
import json
import mmap
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lsfs.versions.events import Op
from tests.fuse.conftest import Drive, Place

pytestmark = pytest.mark.mount

Wait = Callable[..., object]
QUIET = {"PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS"}
MCP_SERVER = "@modelcontextprotocol/server-filesystem"
MCP_VERSION = "2026.8.31"


def needs(*names: str) -> str:
    """A program, under the first of its names that there is; without it the test is skipped."""
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip(f"{names[0]} is not installed")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def described(root: Path) -> dict[str, tuple[object, ...]]:
    """A tree: kind, mode, owner, time and content by path."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder, name)
            about = path.lstat()
            content: object = None
            if path.is_symlink():
                content = os.readlink(path)
            elif path.is_file():
                content = path.read_bytes()
            time = None if path.is_symlink() else about.st_mtime_ns
            found[str(path.relative_to(root))] = (about.st_mode, time, about.st_uid, content)
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Some of everything that can be copied."""
    root = tmp_path / "tree"
    (root / "sub/deep").mkdir(parents=True)
    (root / "empty").mkdir()
    for number, size in enumerate((0, 1, 4096, 300_000)):
        path = root / f"sub/f{number}"
        path.write_bytes(os.urandom(size))
        path.chmod(0o640 + number)
        os.utime(path, ns=(10**18 + number, 10**18 + 7 * number + 123))
    (root / "sub/deep/ü ü").write_text("x")
    (root / "link").symlink_to("sub/f1")
    (root / "broken").symlink_to("nowhere/at all")
    for number, folder in enumerate(("sub/deep", "sub", "empty", ".")):
        os.utime(root / folder, (10**9, 10**9 + number))
    return root


# --- copying


def test_cp_there_and_back(place: Place, tree: Path, tmp_path: Path) -> None:
    run("cp", "-a", f"{tree}/.", place.front)
    run("cp", "-a", place.front, tmp_path / "back")
    assert described(tree) == described(place.front) == described(place.behind)
    assert described(tree) == described(tmp_path / "back")


def test_tar_out_and_in(place: Place, tree: Path, tmp_path: Path) -> None:
    needs("tar")
    archive = tmp_path / "t.tar"
    run("tar", "-cf", archive, "-C", tree, ".")
    run("tar", "-xpf", archive, "-C", place.front)
    seconds = described(tree)
    for path, (mode, time, uid, content) in seconds.items():
        whole = time // 10**9 * 10**9 if isinstance(time, int) else None  # tar keeps no more
        seconds[path] = (mode, whole, uid, content)
    assert described(place.front) == seconds
    run("tar", "-cf", archive, "-C", place.front, ".")
    (tmp_path / "back").mkdir()
    run("tar", "-xpf", archive, "-C", tmp_path / "back")
    assert described(tmp_path / "back") == seconds


def test_rsync_has_nothing_to_do_the_second_time(place: Place, tree: Path, tmp_path: Path) -> None:
    rsync = needs("rsync")
    assert "sub/f3" in run(rsync, "-ai", f"{tree}/", place.front)
    assert run(rsync, "-ai", f"{tree}/", place.front) == ""
    assert described(place.front) == described(tree)
    (place.front / "sub/f1").write_text("changed on the mount")
    run(rsync, "-a", "--delete", f"{place.front}/", tmp_path / "back")
    assert run(rsync, "-ai", "--delete", "--checksum", f"{place.front}/", tmp_path / "back") == ""


# --- git


def git(cwd: Path, *arguments: str | Path) -> str:
    safe = ["-c", "user.name=n", "-c", "user.email=e@x", "-c", "safe.directory=*"]
    return run("git", *safe, *arguments, cwd=cwd)


def test_git(place: Place, tmp_path: Path) -> None:
    needs("git")
    origin = tmp_path / "origin"
    git(tmp_path, "init", "-q", "-b", "main", origin)
    for number in range(30):
        (origin / f"f{number}").write_text(f"{number}\n" * 100)
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", "--bare", origin, "bare.git")

    git(place.front, "clone", "-q", "--no-local", tmp_path / "bare.git", "clone")
    clone = place.front / "clone"
    assert git(clone, "status", "--porcelain") == ""
    (clone / "f1").write_text("changed")
    (clone / "new").write_text("new")
    assert git(clone, "status", "--porcelain").splitlines() == [" M f1", "?? new"]
    git(clone, "add", ".")
    git(clone, "commit", "-qm", "second")
    git(clone, "checkout", "-q", "-b", "side", "HEAD~1")
    assert not (clone / "new").exists()
    git(clone, "checkout", "-q", "main")
    git(clone, "gc", "-q", "--prune=now")
    git(clone, "fsck", "--strict")
    git(clone, "push", "-q", "origin", "main")
    assert git(clone, "status", "--porcelain") == ""
    # Behind the mount it is the same repository, whose index holds the same inodes and times.
    behind = place.behind / "clone"
    assert git(behind, "fsck", "--strict") == ""
    assert (behind / "new").read_text() == "new"


# --- databases


def test_sqlite_in_wal_mode(place: Place) -> None:
    database = sqlite3.connect(place.front / "db")
    assert database.execute("pragma journal_mode=wal").fetchone() == ("wal",)
    database.execute("create table t(x)")
    database.executemany("insert into t values(?)", [(i,) for i in range(1000)])
    database.commit()
    other = sqlite3.connect(place.front / "db")
    assert other.execute("select count(*) from t").fetchone() == (1000,)
    other.close()
    database.close()
    behind = sqlite3.connect(place.behind / "db")
    assert behind.execute("pragma integrity_check").fetchone() == ("ok",)
    behind.close()


def test_sqlite_in_wal_mode_from_two_processes(place: Place) -> None:
    script = (
        "import sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], timeout=60)\n"
        "for number in range(100):\n"
        "    with database: database.execute('insert into t values(?, ?)', (sys.argv[2], number))\n"
        "database.close()\n"
    )
    path = place.front / "db"
    database = sqlite3.connect(path)
    database.execute("pragma journal_mode=wal")
    database.execute("create table t(who, x, unique(who, x))")
    database.commit()
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(path), name]) for name in ("a", "b")
    ]
    # The index of the log is memory that processes share: a reader sees what both have written.
    counts = [0]
    while any(writer.poll() is None for writer in writers):
        counts.append(database.execute("select count(*) from t").fetchone()[0])
    assert [writer.wait() for writer in writers] == [0, 0]
    assert counts == sorted(counts)
    assert database.execute("select count(*) from t").fetchone() == (200,)
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    database.close()


# --- saving: the journal must name the file that people know


class Named:
    """Waits for the journal to say that a file has content that is new."""

    def __init__(self, place: Place, eventually: Wait) -> None:
        self._place = place
        self._eventually = eventually

    def __call__(self, name: str) -> None:
        found: set[str] = set()

        def is_named() -> bool:
            for event in self._place.changes():
                if event[0] in (Op.WRITTEN, Op.RENAMED):
                    found.add(event[-1])
            return name in found

        self._eventually(is_named)


@pytest.fixture
def named(place: Place, eventually: Wait) -> Named:
    return Named(place, eventually)


@pytest.mark.parametrize("way", ["yes", "no", "auto"])
def test_vim(place: Place, named: Named, way: str) -> None:
    vim = needs("vim", "vim.tiny")
    path = place.front / "notes.txt"
    path.write_text("one\n")
    path.chmod(0o640)
    inode = path.stat().st_ino
    named("notes.txt")
    run(
        vim, "-es", "-u", "NONE", "-i", "NONE", "-c", f"set backupcopy={way} writebackup",
        "-c", r"$s/$/\rtwo/", "-c", "wq", path,
    )  # fmt: skip
    assert (place.behind / "notes.txt").read_text() == "one\ntwo\n"
    assert path.stat().st_mode & 0o777 == 0o640
    if way == "yes":
        assert path.stat().st_ino == inode
    assert os.listdir(place.front) == ["notes.txt"]  # neither a backup nor a swap file
    named("notes.txt")


def locked(path: Path, content: bytes) -> int:
    """A file made as an office suite makes its lock: exclusively, and with a record lock."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.write(fd, content)
    return fd


def libreoffice_in_place(path: Path) -> None:
    """As it stores over a file: locked, cut to nothing, written, synced."""
    fd = os.open(path, os.O_RDWR)
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.ftruncate(fd, 0)
    os.lseek(fd, 0, os.SEEK_SET)
    for _ in range(20):
        os.write(fd, b"new" * 1000)
    os.fsync(fd)
    os.close(fd)


def libreoffice_by_copy(path: Path) -> None:
    """As its library copies from the temporary folder over a file that exists: the old one is
    renamed away, the source mapped and written at once."""
    spare = path.with_name(path.name + ".osl-tmp")
    with open(path.parent.parent / f"{path.parent.name}.source", "w+b") as source:
        source.write(b"new" * 20_000)
        source.flush()
        os.rename(path, spare)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        with mmap.mmap(source.fileno(), 60_000, prot=mmap.PROT_READ) as mapped:
            os.write(fd, mapped)
    os.fsync(fd)
    os.close(fd)
    os.unlink(spare)
    path.chmod(0o644)
    os.utime(path, (10**9, 10**9))
    os.chown(path, os.getuid(), os.getgid())


@pytest.mark.parametrize("save", [libreoffice_in_place, libreoffice_by_copy])
def test_libreoffice(place: Place, named: Named, save: Callable[[Path], None]) -> None:
    path = place.front / "letter.odt"
    path.write_bytes(b"old" * 40_000)
    named("letter.odt")
    lock = place.front / ".~lock.letter.odt#"
    fd = locked(lock, b",me,host,01.01.2026 10:00,file:///home/me;")
    with pytest.raises(FileExistsError):
        locked(lock, b"somebody else")
    save(path)
    os.unlink(lock)
    os.close(fd)
    assert (place.behind / "letter.odt").read_bytes() == b"new" * 20_000
    assert os.listdir(place.behind) == ["letter.odt"]
    named("letter.odt")


def test_gedit(place: Place, named: Named) -> None:
    """As GLib replaces a file: a temporary one beside it, the old one linked as the backup."""
    path = place.front / "notes.txt"
    path.write_text("old")
    path.chmod(0o640)
    named("notes.txt")
    old = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    about = os.fstat(old)
    spare = place.front / ".goutputstream-A1B2C3"
    fd = os.open(spare, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
    os.fchown(fd, about.st_uid, about.st_gid)
    os.fchmod(fd, about.st_mode)
    os.close(old)
    os.write(fd, b"new")
    os.fsync(fd)
    os.link(path, place.front / "notes.txt~")
    os.rename(spare, path)
    os.close(fd)
    assert (place.behind / "notes.txt").read_text() == "new"
    assert (place.behind / "notes.txt~").read_text() == "old"
    assert (place.behind / "notes.txt").stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(place.front)) == ["notes.txt", "notes.txt~"]
    named("notes.txt")


def test_word(place: Place, named: Named) -> None:
    """As Word saves over a share: the old file is renamed away while it is open."""
    path = place.front / "letter.docx"
    path.write_bytes(b"old" * 1000)
    named("letter.docx")
    owner = os.open(place.front / "~$letter.docx", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    os.write(owner, b"me")
    reader = os.open(path, os.O_RDWR)
    spare, old = place.front / "~WRD0000.tmp", place.front / "~WRL0001.tmp"
    fd = os.open(spare, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    os.write(fd, b"new" * 1000)
    os.close(fd)
    os.rename(path, old)
    os.rename(spare, path)
    os.unlink(old)
    assert os.pread(reader, 3, 0) == b"old"
    os.close(reader)
    os.unlink(place.front / "~$letter.docx")
    os.close(owner)
    assert (place.behind / "letter.docx").read_bytes() == b"new" * 1000
    assert os.listdir(place.front) == ["letter.docx"]
    named("letter.docx")


# --- Python


def wheel(folder: Path) -> Path:
    """A wheel with one module and one program, without a build tool."""
    path = folder / "thing-1.0-py3-none-any.whl"
    about = "thing-1.0.dist-info"
    files = {
        "thing/__init__.py": "def answer() -> int:\n    return 42\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\nthing = thing:answer\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        record = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
        archive.writestr(f"{about}/RECORD", record)
    return path


def test_pip_installs_into_the_mount(place: Place, tmp_path: Path) -> None:
    pytest.importorskip("pip")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir"]
    run(*pip, "install", "-q", "--no-index", "--target", place.front / "lib", wheel(tmp_path))
    assert (place.behind / "lib/bin/thing").stat().st_mode & 0o100
    script = f"import sys; sys.path.insert(0, {str(place.front / 'lib')!r}); import thing; "
    assert run(sys.executable, "-c", script + "print(thing.answer(), thing.__file__)") == (
        f"42 {place.front}/lib/thing/__init__.py\n"
    )


def test_pytest_runs_inside_the_mount(place: Place) -> None:
    (place.front / "test_it.py").write_text(
        "def test_writing(tmp_path):\n"
        "    (tmp_path / 'f').write_text('x')\n"
        "    assert (tmp_path / 'f').read_text() == 'x'\n"
        "def test_failing():\n"
        "    assert 0\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", ".", "-c", os.devnull]
    command += ["--basetemp", "tmp"]
    environment = {name: value for name, value in os.environ.items() if name not in QUIET}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for extra, outcome in ([], "1 failed, 1 passed"), (["--lf"], "1 failed"):
        done = subprocess.run(
            [*command, *extra],
            cwd=place.front, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert outcome in done.stdout, done.stdout + done.stderr
    assert list((place.behind / "__pycache__").iterdir())


# --- the filesystem server of the Model Context Protocol


@pytest.fixture(scope="session")
def mcp_server(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command of the npm package, unmodified."""
    node, npm = needs("node"), needs("npm")
    folder = tmp_path_factory.mktemp("npm")
    command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund"]
    command += ["--prefer-offline", "--fetch-retries=0", f"{MCP_SERVER}@{MCP_VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not install {MCP_SERVER} within 120 s")
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        pytest.skip(f"npm could not install {MCP_SERVER}: {' '.join(last)}")
    return [node, str(folder / "node_modules" / MCP_SERVER / "dist/index.js")]


class Client:
    """Speaks JSON-RPC over the pipes of a server.

    Args:
        server: the process.
    """

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server
        self._number = 0

    def send(self, method: str, **more: Any) -> None:
        assert self._server.stdin is not None
        message = {"jsonrpc": "2.0", "method": method, **more}
        self._server.stdin.write(json.dumps(message) + "\n")
        self._server.stdin.flush()

    def call(self, method: str, **parameters: Any) -> Any:
        assert self._server.stdout is not None
        self._number += 1
        self.send(method, id=self._number, params=parameters)
        for line in self._server.stdout:
            answer = json.loads(line)
            if answer.get("id") == self._number and "method" not in answer:
                assert "error" not in answer, answer
                return answer["result"]
        raise AssertionError("the server has ended")

    def tool(self, name: str, **arguments: Any) -> str:
        result = self.call("tools/call", name=name, arguments=arguments)
        assert not result.get("isError"), result
        return str(result["content"][0]["text"])


@pytest.fixture
def mcp(mcp_server: list[str], place: Place) -> Iterator[Client]:
    """A client of a server that may use the test's folder on the mount."""
    server = subprocess.Popen(
        [*mcp_server, str(place.front)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with server:
        client = Client(server)
        client.call(
            "initialize",
            protocolVersion="2025-06-18",
            capabilities={},
            clientInfo={"name": "lsfs tests", "version": "1"},
        )
        client.send("notifications/initialized")
        yield client
        assert server.stdin is not None
        server.stdin.close()
        assert server.wait(30) == 0


def test_the_filesystem_server_of_mcp(mcp: Client, place: Place, named: Named) -> None:
    tools = {tool["name"] for tool in mcp.call("tools/list")["tools"]}
    assert {"write_file", "read_file", "edit_file", "move_file", "search_files"} <= tools
    path = str(place.front / "notes.txt")
    mcp.tool("write_file", path=path, content="one\ntwo\n")
    named("notes.txt")
    assert mcp.tool("read_file", path=path) == "one\ntwo\n"
    mcp.tool("write_file", path=path, content="one\nthree\n")
    named("notes.txt")
    edited = mcp.tool("edit_file", path=path, edits=[{"oldText": "three", "newText": "four"}])
    assert "+four" in edited
    named("notes.txt")
    mcp.tool("create_directory", path=str(place.front / "deep/er"))
    target = str(place.front / "deep/er/moved.txt")
    mcp.tool("move_file", source=path, destination=target)
    named("deep/er/moved.txt")
    found = mcp.tool("search_files", path=str(place.front), pattern="**/*.txt")
    assert found.splitlines() == [target]
    shown = json.loads(mcp.tool("directory_tree", path=str(place.front)))
    assert shown == [
        {"name": "deep", "type": "directory", "children": [
            {"name": "er", "type": "directory", "children": [
                {"name": "moved.txt", "type": "file"},
            ]},
        ]},
    ]  # fmt: skip
    assert (place.behind / "deep/er/moved.txt").read_text() == "one\nfour\n"


# --- the virtual directory is in nobody's way


@pytest.fixture
def full(unmounted: Drive) -> Iterator[Drive]:
    """A mounted drive with a few files at its root."""
    (unmounted.source / "d").mkdir()
    (unmounted.source / "f").write_text("How to use this")
    (unmounted.source / "d/g").write_text("needle")
    unmounted.mount()
    yield unmounted
    unmounted.umount()


@pytest.mark.parametrize(
    "command",
    [
        ["find", "."],
        ["grep", "-r", "e", "."],
        ["du", "-a"],
        ["tar", "c", "."],
        ["ls", "-aR"],
        ["tree", "-a"],
        ["git", "ls-files", "--others"],
        ["rsync", "-a", "--list-only", "./"],
    ],
    ids=lambda command: command[0],
)
def test_programs_that_walk_do_not_meet_it(full: Drive, command: list[str]) -> None:
    needs(command[0])
    if command[0] == "git":
        git(full.mountpoint, "init", "-q")
        command = ["git", "-c", "safe.directory=*", *command[1:]]
    done = run(*command, cwd=full.mountpoint)
    assert "g" in done
    assert ".lsfs" not in done
    # It is there for those who name it.
    assert (full.mountpoint / ".lsfs/README.md").is_file()


def test_git_status_does_not_see_it(full: Drive) -> None:
    needs("git")
    git(full.mountpoint, "init", "-q")
    assert git(full.mountpoint, "status", "--porcelain").splitlines() == ["?? d/", "?? f"]
    git(full.mountpoint, "add", "-A")
    git(full.mountpoint, "clean", "-qfdx")
    assert (full.mountpoint / ".lsfs/README.md").is_file()


def test_backups_leave_it_out(full: Drive, tmp_path: Path) -> None:
    rsync = needs("rsync")
    shutil.copytree(full.mountpoint, tmp_path / "copy")
    run(rsync, "-a", "--delete", f"{full.mountpoint}/", tmp_path / "synced")
    # And a restore with --delete has nothing to remove.
    restored = run(rsync, "-ai", "--delete", f"{tmp_path / 'synced'}/", full.mountpoint)
    assert "deleting" not in restored
    for copy in ("copy", "synced"):
        assert sorted(os.listdir(tmp_path / copy)) == ["d", "f"]
