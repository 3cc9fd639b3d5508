"""A real S3 server for tests and benchmarks: moto's, in a process of its own, on loopback."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping

from msgspec import Struct

_SERVE = """
import logging, sys, threading
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()  # until whoever started it is gone
server.stop()
"""


class Server(Struct, frozen=True):
    """A server that answers.

    Attributes:
        url: where.
        variables: by which LanceDB and lsfs find it.
    """

    url: str
    variables: Mapping[str, str]

    def bucket(self, name: str) -> str:
        """Make a bucket; gives its URI."""
        request = urllib.request.Request(f"{self.url}/{name}", method="PUT")
        with urllib.request.urlopen(request):
            return f"s3://{name}"


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server for as long as the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )
    try:
        assert process.stdout is not None
        port = ""
        while not port.strip().isdigit():  # it says other things first
            port = process.stdout.readline().decode()
            if not port:
                raise RuntimeError("moto's server does not start")
        url = f"http://127.0.0.1:{int(port)}"
        variables = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }
        yield Server(url, variables)
    finally:
        process.communicate()
