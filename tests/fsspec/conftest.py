"""A drive as fsspec sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from lsfs.fsspec import DriveFileSystem


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Three times 25 variants of patterns take a quarter of a minute: with ``-m slow``."""
    for item in items:
        if "glob_edge_cases" in item.name and "tests/fsspec/" in item.path.as_posix():
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def drive_fs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DriveFileSystem]:
    """One for all tests, each of which cleans up; opening a drive takes a moment."""
    # As the entry point does where the package is installed.
    fsspec.register_implementation("lsfs", DriveFileSystem, clobber=True)
    folder = tmp_path_factory.mktemp("fsspec")
    (folder / "docs").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSFS_MODEL_CHAT", "none")
        patch.setenv("LSFS_MODEL_EMBED", "none")
        patch.setenv("LSFS_VERSIONS_DURABILITY", "fast")
        patch.setenv("LSFS_INDEX_IGNORE", "*")  # what is tested here needs no index
        made = DriveFileSystem(
            str(folder / "docs"), str(folder / "state"), skip_instance_cache=True
        )
        made.ls("")  # opens it, with these settings, which are for no other test
    yield made
    made.close()


@pytest.fixture
def files(drive_fs: DriveFileSystem) -> Path:
    """The folder of the drive."""
    return drive_fs.drive.source
