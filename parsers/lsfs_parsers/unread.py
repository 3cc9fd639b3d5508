"""What is said of a file of which some pages were not read: which ones, and what reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_MOST_RANGES = 6


def reason(failed: Sequence[int], count: int, setting: str = "") -> str:
    """Why a document is partial.

    Args:
        failed: numbers of the pages that were not read, rising.
        count: how many the file has.
        setting: the limit of time that was reached; "" when it was not for want of time.
    """
    read = f"pages {count - len(failed)}/{count} were read"
    if not setting:
        return read
    ranges = list(_ranges(failed))
    named = ", ".join(ranges[:_MOST_RANGES]) + (" and more" if len(ranges) > _MOST_RANGES else "")
    return f"{read}; for want of time not {named}: a higher {setting} reads them"


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    start = end = numbers[0]
    for number in [*numbers[1:], None]:
        if number is not None and number == end + 1:
            end = number
            continue
        yield str(start) if start == end else f"{start}-{end}"
        if number is not None:
            start = end = number
