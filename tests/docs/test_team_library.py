"""The example of a team's library does what its README says, as far as one machine can show it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from lsfs.config import known_keys
from tests.docs.console import ROOT

EXAMPLE = ROOT / "examples/team-library"
UNIT = (EXAMPLE / "lsfs-team.service").read_text()
PROMETHEUS = yaml.safe_load((EXAMPLE / "prometheus.yml").read_text())["scrape_configs"][0]


def settings() -> dict[str, str]:
    """The settings of the service, also those that are only shown."""
    lines = (EXAMPLE / "team.env").read_text().splitlines()
    found = [re.fullmatch(r"#?([A-Z_]+)=(.*)", line) for line in lines]
    return {one[1]: one[2] for one in found if one}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Of a shell that has ``lsfs``, in a home of its own."""
    program = tmp_path / "bin" / "lsfs"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m lsfs_cli "$@"\n')
    program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{program.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "parsers", "cli")),
        "XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }  # fmt: skip


def ran(env: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [str(EXAMPLE / command[0]), *command[1:]],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def service(env: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of the service as its unit starts it, but on a free port."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lease.txt").write_text("The monthly rent of the mill is EUR 700.\n")
    env |= {**settings(), "LIBRARY": f"file://{tmp_path}/library", "LSFS_METRICS_TOKEN": "s" * 32,
            "LSFS_MODEL_CHAT": "none", "LSFS_MODEL_EMBED": "none"}  # fmt: skip
    assert "all is well" in ran(env, "library.sh", str(tmp_path / "docs"), env["LIBRARY"])
    told = ran(env, "members.sh", env["LIBRARY"], str(tmp_path / "tokens"), "ada")
    assert re.findall(r"^(\w+)  until", told, re.MULTILINE) == ["ada"]
    assert (tmp_path / "tokens" / "ada").stat().st_mode & 0o077 == 0
    start = re.search(r"^ExecStart=/opt/lsfs/bin/(lsfs .*--port )8378( .*)$", UNIT, re.MULTILINE)
    assert start
    line = re.sub(r"\$\{(\w+)\}", lambda name: env[name[1]], f"{start[1]}0{start[2]}")
    process = subprocess.Popen(
        shlex.split(line), env=env, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        told = process.stderr.readline()
        found = re.search(r"http://127.0.0.1:\d+", told)
        assert found, told
        yield found[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_example_serves_a_library(service: str, env: dict[str, str], tmp_path: Path) -> None:
    mine = {**env, "LSFS_TOKEN": (tmp_path / "tokens" / "ada").read_text().strip()}
    told = ran(mine, "ask.py", service, "What is the monthly rent of the mill?")
    assert "EUR 700" in told and "library" not in told and "lease.txt:1" in told

    place = service + PROMETHEUS["metrics_path"]
    kind = PROMETHEUS["authorization"]["type"]
    headers = {"Authorization": f"{kind} {env['LSFS_METRICS_TOKEN']}"}
    with urllib.request.urlopen(urllib.request.Request(place, headers=headers)) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    names = {sample.name for family in families for sample in family.samples}
    names |= {"lsfs_queue_refused_total"}  # nobody was
    rules = yaml.safe_load((EXAMPLE / "alerts.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        assert set(re.findall(r"lsfs_\w+", rule["expr"])) <= names, rule


def test_its_parts_agree() -> None:
    port = re.search(r"reverse_proxy 127.0.0.1:(\d+)", (EXAMPLE / "Caddyfile").read_text())
    assert port and f"--port {port[1]} " in UNIT
    assert PROMETHEUS["static_configs"][0]["targets"] == [f"127.0.0.1:{port[1]}"]
    keys = {"LSFS_" + key.replace(".", "_").upper() for key in known_keys()}
    assert {name for name in settings() if name.startswith("LSFS_")} <= {
        *keys,
        "LSFS_METRICS_TOKEN",
    }
    model = (EXAMPLE / "llama-server.service").read_text()
    assert f"-np {settings()['LSFS_TEAM_ASKS']} " in model
    assert f"--alias {settings()['LSFS_MODEL_CHAT_NAME']} " in model
    stop = re.search(r"TimeoutStopSec=(\d+)", UNIT)
    assert stop and int(stop[1]) > int(settings()["LSFS_TEAM_DRAIN"])
    listed = set(re.findall(r"`([\w.-]+\.(?:sh|py|env|service|yml))`|`(Caddyfile)`",
                           (EXAMPLE / "README.md").read_text()))  # fmt: skip
    assert {a or b for a, b in listed} == {one.name for one in EXAMPLE.iterdir()} - {"README.md"}
