"""What the page was given for itself shows a limited caller nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lsfs.errors import AccessDenied, LsfsError, NotFound, UsageError
from lsfs.safety.grants import Grant
from lsfs.serve.access import Access
from tests.web.conftest import CONFIG, LEASE, NOTES


@pytest.fixture
def notes(access: Access) -> Iterator[Access]:
    """Somebody who may see the notes, and asks the process that serves the drive."""
    other = Access(access.record, CONFIG, grant=Grant(paths=("Notes/**",)))
    yield other
    other.close()


def call(access: Access, name: str, **arguments: Any) -> Any:
    return access.call(name, arguments, lambda _: None)


def test_files_are_described_as_far_as_they_may_be_seen(access: Access, notes: Access) -> None:
    both = call(access, "describe", paths=(LEASE, "nothing", NOTES)).files
    assert [one.path for one in both] == [LEASE, NOTES]
    assert (both[0].type, both[0].author, both[0].date) == ("pdf", "Ada Byron", "2021-05-03")
    assert [one.path for one in call(notes, "describe", paths=(NOTES,)).files] == [NOTES]
    with pytest.raises(AccessDenied):
        call(notes, "describe", paths=(NOTES, LEASE))


def test_no_link_leads_to_a_page_that_may_not_be_seen(
    access: Access, notes: Access, source: Path
) -> None:
    link = source / "Notes" / "peek.pdf"
    link.symlink_to(source / LEASE)
    try:
        assert call(access, "page_image", path="Notes/peek.pdf").data.startswith(b"\x89PNG")
        for path in ("Notes/peek.pdf", LEASE, "Notes/../" + LEASE):
            with pytest.raises(LsfsError) as refused:
                call(notes, "page_image", path=path)
            assert isinstance(refused.value, AccessDenied | NotFound | UsageError)
    finally:
        link.unlink()
    other = Access(access.record, CONFIG)  # through the socket, bytes and all
    picture = call(other, "page_image", path=LEASE, width=300)
    other.close()
    assert picture.data.startswith(b"\x89PNG") and picture.media_type == "image/png"
