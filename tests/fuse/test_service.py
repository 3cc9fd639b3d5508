"""A drive as a service: what systemd is told, what the log says, and the unit."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from lsfs import logs
from lsfs.errors import LockHeld, NotFound, UsageError
from lsfs.fuse import mount as mounting
from lsfs.fuse import mounts, sd_notify, unit
from tests.fuse.conftest import Drive

Wait = Callable[..., object]

ROOT = Path(__file__).resolve().parents[2]
PATHS = os.pathsep.join(map(str, (ROOT, ROOT / "parsers", ROOT / "cli")))


# --- sd_notify


@pytest.fixture(params=["path", "abstract"])
def systemd(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """The socket that systemd would read, named in NOTIFY_SOCKET."""
    name = f"@lsfs-test-{os.getpid()}-{tmp_path.name}"
    if request.param == "path":
        name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if name[0] == "@" else name)
        listener.settimeout(180)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listener


def test_notify(systemd: socket.socket) -> None:
    assert sd_notify.notify("READY=1", "STATUS=two\nlines")
    assert systemd.recv(4096) == b"READY=1\nSTATUS=two lines"


@pytest.mark.parametrize("address", [None, "", "no path", "/nonexistent/socket"])
def test_nobody_listens(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not sd_notify.notify("READY=1")


@pytest.mark.mount
def test_a_service_says_when_it_is_ready_and_when_it_ends(
    unmounted: Drive, systemd: socket.socket, tmp_path: Path
) -> None:
    (unmounted.source / "f").write_text("x")
    command = [
        sys.executable, "-m", "lsfs_cli", "mount", "--foreground", "--transport",
        unmounted.transport, "--state", str(unmounted.state.root),
        str(unmounted.source), str(unmounted.mountpoint),
    ]  # fmt: skip
    # The real brain, which finds nothing to do; it must not hear of systemd.
    environment = {**os.environ, "PYTHONPATH": PATHS, "LSFS_MODEL_CHAT": "none"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said: list[str] = []
            while "READY=1" not in said:
                said.append(systemd.recv(4096).decode())
            # From here on it serves.
            assert (unmounted.mountpoint / "f").read_text() == "x"
            while not any("files are served" in text for text in said):
                said.append(systemd.recv(4096).decode())
            status = f"STATUS={unmounted.source} on {unmounted.mountpoint} ({unmounted.transport})"
            assert said[-1].startswith(status) or said[0].startswith(status)
            info = mounting.mounted(unmounted.state)
            assert info is not None and info.pid == process.pid
            environ = Path(f"/proc/{info.brain_pid}/environ")
            assert info.brain_pid is None or b"NOTIFY_SOCKET" not in environ.read_bytes()
            process.send_signal(signal.SIGTERM)
            while not said[-1].startswith("STOPPING=1\nSTATUS=unmounted "):
                said.append(systemd.recv(4096).decode())
            out, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert "is unmounted" in out
    assert f"fs: mounted {unmounted.source} on {unmounted.mountpoint}" in errors
    assert f"fs: unmounted {unmounted.mountpoint}" in errors
    assert mounts.at(unmounted.mountpoint) is None


# --- the log


@pytest.mark.mount
def test_the_log_tells_the_story(unmounted: Drive, eventually: Wait) -> None:
    info = unmounted.mount(brain=True)
    first = eventually(lambda: unmounted.info.brain_pid)
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: unmounted.info.brain_pid not in (None, first))
    second = unmounted.info.brain_pid
    (unmounted.mountpoint / "f").write_text("x")
    unmounted.umount()
    lines = [line.split(" ", 2)[2] for line in unmounted.state.log.read_text().splitlines()]
    assert lines == [
        f"fs: mounted {unmounted.source} on {unmounted.mountpoint} through {info.transport} "
        f"(process {info.pid})",
        f"fs: the brain, which indexes, was started (process {first})",
        "fs: warning: the brain ended (signal 9: Killed); files are served on, it is restarted",
        f"fs: the brain, which indexes, was started again (process {second})",
        f"fs: unmounted {unmounted.mountpoint}; what was written is in {unmounted.source}",
        "fs: the brain has ended",
    ]


@pytest.mark.mount
def test_a_long_log_is_set_aside_at_the_next_mount(unmounted: Drive) -> None:
    unmounted.state.log.write_bytes(b"x" * (logs.LIMIT_BYTES + 1))
    unmounted.mount()
    unmounted.umount()
    kept = unmounted.state.log.with_name("lsfs.log.1")
    assert kept.stat().st_size == logs.LIMIT_BYTES + 1
    assert kept.stat().st_mode & 0o777 == 0o600
    assert unmounted.state.log.read_text().count("\n") == 2


def test_a_log_is_emptied_under_those_who_write_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("ab", buffering=0) as one, path.open("ab", buffering=0) as other:
        one.write(b"one\n" * 10)
        logs.cap(path, 10)
        other.write(b"other\n")
        logs.cap(path, 10)
        assert path.read_bytes() == b"other\n"
        one.write(b"a longer line\n")
        logs.cap(path, 10)
    assert path.read_bytes() == b""
    assert (tmp_path / "log.1").read_bytes() == b"other\na longer line\n"


def test_a_process_that_goes_on_for_ever_has_a_short_log(tmp_path: Path) -> None:
    code = (
        "import logging, sys\nfrom pathlib import Path\nfrom lsfs import logs\n"
        "logs.begin('fs', Path(sys.argv[1]))\nlogs.LIMIT_BYTES = 10_000\n"
        "logs.cap.__defaults__ = (10_000,)\n"
        "for n in range(1000): logging.getLogger('lsfs.x').info('%d %s', n, 'x' * 100)\n"
        "logging.getLogger('other').info('nobody wants to know')\n"
        "logging.getLogger('other').warning('two\\nlines')\n"
    )
    path = tmp_path / "log"
    with path.open("ab") as log:
        subprocess.run([sys.executable, "-c", code, path], check=True, stderr=log, cwd=ROOT)
    text = path.read_text()
    assert text.endswith("fs: warning: other: two\\nlines\n")
    assert "nobody" not in text
    assert len(text) < 11_000 and (tmp_path / "log.1").stat().st_size < 11_000
    mine = tmp_path / "mine"  # somebody redirected the output: that file is theirs
    with mine.open("ab") as log:
        subprocess.run([sys.executable, "-c", code, path], check=True, stderr=log, cwd=ROOT)
    assert mine.stat().st_size > 100_000


def test_the_format_names_levels_and_strangers() -> None:
    plain = logs.PlainFormatter("brain")

    def line(name: str, level: int) -> str:
        return plain.format(logging.LogRecord(name, level, "", 1, "text", (), None))

    assert line("lsfs.fuse", logging.INFO).endswith(" brain: text")
    assert line("lsfs.fuse", logging.ERROR).endswith(" brain: error: text")
    assert line("httpx", logging.WARNING).endswith(" brain: warning: httpx: text")


# --- the unit

ODD = 'it\'s "odd" %h $HOME ${X} \\ \t*'


@pytest.fixture
def odd(tmp_path: Path) -> unit.Unit:
    """A unit in which everything is called something that systemd could misread."""
    for name in ("source", "place", "bin"):
        (tmp_path / ODD / name).mkdir(parents=True)
    program = tmp_path / ODD / "bin" / "lsfs"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    environment = {"LSFS_INDEX_IGNORE": ODD, "LSFS_STATE": "/elsewhere", "HOME": "/root"}
    made = unit.unit_of(tmp_path / ODD / "source", tmp_path / ODD / "place",
                        environment=environment, state=str(tmp_path / "state"))  # fmt: skip
    return replace(made, program=(str(program),))


def test_the_environment_is_what_is_needed(odd: unit.Unit) -> None:
    assert odd.environment["LSFS_INDEX_IGNORE"] == ODD
    assert not {"LSFS_STATE", "HOME"} & odd.environment.keys()


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/usr/bin/lsfs", "/usr/bin/lsfs"),
        ("", '""'),
        ("a b", '"a b"'),
        ("100%", '"100%%"'),
        ('"\\', '"\\"\\\\"'),
        ("a\nb", '"a\\x0ab"'),
        (os.fsdecode(b"\xff"), '"\\xff"'),
        ("höhe", '"höhe"'),
    ],
)
def test_words_of_a_unit(word: str, written: str) -> None:
    assert unit.quoted(word) == written


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(odd: unit.Unit, tmp_path: Path) -> None:
    path = unit.install(odd, tmp_path / "units")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", path],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("source", "one", "two"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    made = unit.unit_of(tmp_path / "source", tmp_path / "one", name="drive")
    path = unit.install(made)
    assert path == tmp_path / "config/systemd/user/lsfs-drive.service"
    assert path.read_text() == made.text
    unit.install(replace(made, transport="fusepy"))
    assert "--transport fusepy" in path.read_text()
    with pytest.raises(LockHeld, match="another drive"):
        unit.install(unit.unit_of(tmp_path / "source", tmp_path / "two", name="drive"))
    with pytest.raises(UsageError, match="a b"):
        unit.unit_of(tmp_path / "source", tmp_path / "one", name="a b")
    with pytest.raises(NotFound, match="three"):
        unit.unit_of(tmp_path / "source", tmp_path / "three")


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    place = tmp_path / "My Drives/é"
    place.mkdir(parents=True)
    assert unit.unit_of(tmp_path, place).file_name == "lsfs-My_Drives-_.service"


def lsfs(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lsfs_cli", *arguments],
        env={**os.environ, "PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "m").mkdir()
    places = [str(tmp_path / "s"), str(tmp_path / "m")]
    done = lsfs("unit", *places)
    assert done.returncode == 0, done.stderr
    assert f"-- {places[0]} {places[1]}\n" in done.stdout
    found = json.loads(lsfs("unit", *places, "--name", "x", "--install", "--json").stdout)
    assert Path(found["path"]).read_text() == found["unit"]
    assert found["commands"][1] == "systemctl --user enable --now lsfs-x.service"
    assert lsfs("umount", "--stale", places[1]).returncode == 0
