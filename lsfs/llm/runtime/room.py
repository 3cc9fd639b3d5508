"""Whether there is memory for what llama.cpp is about to allocate.

It says of large allocations that they failed, but ends the whole process where a small one fails.
So what is needed is reserved before, and given back at once: that costs nothing, for no page of it
is touched.
"""

from __future__ import annotations

import mmap

from lsfs.errors import OutOfMemory
from lsfs.llm.runtime.memory import MACHINE

SMALL = 48 * 2**20  # bytes of the many small allocations that come with a large one


def check_room(size: int, what: str, *, touched: bool) -> None:
    """See that so many bytes can be had.

    Args:
        size: bytes, apart from the small things.
        what: what cannot be done without; the beginning of the message.
        touched: all of it will be written to, so that the machine itself must have it; else it is
            mapped from a file, and read as far as there is room.

    Raises:
        OutOfMemory: they cannot.
    """
    hint = "use a smaller model or a smaller model.context"
    try:
        mmap.mmap(-1, size + SMALL).close()
    except (OSError, ValueError, OverflowError) as error:
        message = f"{what}: it takes {size // 2**20} MiB, and this process may not have so much"
        raise OutOfMemory(message, hint=hint) from error
    available = MACHINE.available()
    if touched and available is not None and size > available:
        message = f"{what}: it takes {size // 2**20} MiB of {available // 2**20} that are free"
        raise OutOfMemory(message, hint=hint)
