"""A headless Chromium, driven by its DevTools protocol over a pipe."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SECONDS = 120.0  # a busy machine
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


class Browser:
    """One page of a browser.

    Args:
        profile: an empty folder for what it keeps.
        scheme: light or dark.
        size: of the window, in pixels.
    """

    def __init__(self, profile: Path, size: tuple[int, int] = (1280, 900)) -> None:
        program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
        if program is None:
            pytest.skip("no Chromium is installed: apt install chromium")
        for_it, ours = os.pipe()
        from_it, its = os.pipe()
        # It reads from descriptor 3 and writes to 4, which may be ours now.
        for_it, its = _moved(for_it), _moved(its)
        script = f'exec 3<&{for_it} 4>&{its} {for_it}<&- {its}>&-; exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", program, *_OPTIONS, f"--user-data-dir={profile}",
             f"--window-size={size[0]},{size[1]}", "about:blank"],
            pass_fds=(for_it, its), stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        os.close(for_it)
        os.close(its)
        self._out, self._in = os.fdopen(ours, "wb"), os.fdopen(from_it, "rb")
        self._rest = b""
        self._number = 0
        self.problems: list[str] = []
        targets = self._call("Target.getTargets")["targetInfos"]
        page = next(one for one in targets if one["type"] == "page")
        attached = self._call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.send(f"{domain}.enable")

    # --- the protocol

    def send(self, method: str, **arguments: Any) -> Any:
        """The result of a method of the protocol, on the page."""
        return self._call(method, self._session, **arguments)

    def _call(self, method: str, session: str = "", **arguments: Any) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": arguments}
        if session:
            message["sessionId"] = session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._in.fileno(), 1 << 20)
            assert part, "the browser has gone"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(line)
        if told.get("method") == "Log.entryAdded":
            self.problems.append(told["params"]["entry"]["text"])
        if told.get("method") == "Runtime.consoleAPICalled":
            self.problems.append(str(told["params"]["args"]))
        return told

    # --- what a person does

    def open(self, url: str) -> None:
        """Go to an address, and wait until the page is complete."""
        self.send("Page.navigate", url=url)
        self.wait(f"location.href == {json.dumps(url)} || performance.now() > 200")
        self.complete()

    def complete(self) -> None:
        """Wait until the page has all it needs."""
        self.wait("document.readyState == 'complete'")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true on the page."""
        deadline = time.monotonic() + SECONDS
        while True:
            with contextlib.suppress(AssertionError):  # the page is just changing
                if self.value(condition):
                    return
            assert time.monotonic() < deadline, condition
            time.sleep(0.05)

    def value(self, expression: str) -> Any:
        """What an expression is on the page."""
        done = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press a key."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code, **text)  # fmt: skip

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.send("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Click on the middle of an element, and wait for the page behind it."""
        where = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'});"
            " window.left = true;"
            " const b = e.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1],
                      button="left", clickCount=1)  # fmt: skip

    def follow(self, selector: str) -> None:
        """Click on a link, and wait for the page that it leads to."""
        self.click(selector)
        self.wait("!window.left")
        self.complete()

    def scheme(self, name: str) -> None:
        """Prefer a light or a dark page."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.send("Emulation.setEmulatedMedia", features=features)

    def screen(self, width: int, height: int) -> None:
        """Have a screen of this size."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip

    def picture(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])

    def close(self) -> None:
        """End the browser and all that belongs to it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._out.close()
        self._in.close()


def _moved(fd: int) -> int:
    """The same under a higher number."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD, 20)
    os.close(fd)
    return moved


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser for as long as the block runs."""
    opened = Browser(profile)
    try:
        yield opened
    finally:
        opened.close()
