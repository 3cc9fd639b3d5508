"""A drive whose brain dies over a call."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lsfs.drives import DriveRecord, initialise
from lsfs.serve import client, rpc
from tests.syscalls.conftest import fill

# It hangs up and takes another caller still, as a process does while it is being killed.
DYING = """
import socket, sys, time
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen()
print("listening", flush=True)
peer, _ = listening.accept()
peer.recv(1000)
peer.close()
time.sleep(0.3)
"""


def test_what_only_reads_is_asked_again_of_the_next_brain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = initialise(fill(tmp_path / "docs"), str(tmp_path / "state"))
    monkeypatch.setattr(DriveRecord, "mount_info", lambda _: {"pid": 1})
    path = record.state.socket
    dying = subprocess.Popen([sys.executable, "-c", DYING, path], stdout=subprocess.PIPE)
    assert dying.stdout is not None
    with dying.stdout:
        assert dying.stdout.readline() == b"listening\n"
    caller = client.connect(record)
    assert caller is not None
    servers: list[rpc.Server] = []

    def serve() -> None:
        dying.wait()
        servers.append(rpc.Server(path, lambda *_: {"path": "", "entries": []}))
        servers[0].serve_forever()

    thread = threading.Thread(target=serve)
    thread.start()
    assert caller.call("list_dir", {}, lambda _: None).entries == ()
    caller.close()
    servers[0].close()
    thread.join()
