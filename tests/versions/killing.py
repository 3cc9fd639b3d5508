"""Ending a process at any line of what it does, as a power switch would."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import lsfs

_ROOT = str(Path(lsfs.__file__).parent)


def run(
    action: Callable[[], object], lines: int = 0, before: Callable[[], object] = lambda: None
) -> tuple[bool, int]:
    """Run an action in a process of its own, which is killed after so many lines of lsfs.

    Args:
        lines: 0 for not at all.
        before: is done there first, and its lines are not counted.

    Returns:
        whether it came to its end, and how many lines that took.
    """
    read_end, write_end = os.pipe()
    pid = os.fork()
    if not pid:
        _child(action, lines, before, write_end)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False, lines
    assert status == 0, "the action failed; its traceback is above"
    return True, int(told)


def _child(
    action: Callable[[], object], lines: int, before: Callable[[], object], told: int
) -> None:
    done = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal done
        if not frame.f_code.co_filename.startswith(_ROOT):
            return None
        done += 1
        if done == lines:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    code = 1
    try:
        before()
        threading.settrace(trace)
        sys.settrace(trace)
        action()
        sys.settrace(None)
        os.write(told, str(done).encode())
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
