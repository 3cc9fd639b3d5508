"""A drive as fsspec sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.fsspec import DriveFileSystem


@pytest.fixture(scope="session")
def drive_fs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DriveFileSystem]:
    """One for all tests, each of which cleans up; opening a drive takes a moment."""
    folder = tmp_path_factory.mktemp("fsspec")
    (folder / "docs").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSFS_MODEL_CHAT", "none")
        patch.setenv("LSFS_MODEL_EMBED", "none")
        patch.setenv("LSFS_VERSIONS_DURABILITY", "fast")
        made = DriveFileSystem(
            str(folder / "docs"), str(folder / "state"), skip_instance_cache=True
        )
        yield made
        made.close()


@pytest.fixture
def files(drive_fs: DriveFileSystem) -> Path:
    """The folder of the drive."""
    return drive_fs.drive.source
