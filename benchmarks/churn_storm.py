"""Random changes to a folder, of every kind that programs make; the same ones for the same seed."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

WORDS = (
    "heron", "reed", "river", "lease", "invoice", "rent", "contract", "otter", "bank", "March 2023",
    "EUR 450", "Harbour Ltd",
)  # fmt: skip
SUFFIXES = (".txt", ".txt", ".txt", ".md", ".csv", ".log", "", ".bin")
NAMES = ("contract", "invoice", "notes", 'it\'s "so"', "new\nline", "caf\udce9", "ü", "2023-05-01")
FILES = 300  # the folder has about so many


class Storm:
    """Changes a folder.

    Args:
        root: the folder.
        seed: of all choices.
        rules: also change what is ignored.
    """

    def __init__(self, root: Path, seed: int, *, rules: bool = True) -> None:
        self.root = root
        self.chance = random.Random(seed)
        self.done = 0
        self._kinds: list[Callable[[], None]] = [
            self.create, self.create, self.edit, self.edit, self.append, self.rename, self.rename,
            self.rename_over, self.delete, self.move_folder, self.move_folder_into,
            self.delete_folder,
            self.atomic_save, self.atomic_save, self.copy, self.copy_folder, self.hard_link,
            self.edit_a_link, self.swap, self.swap_folders, self.exchange_for_link,
            self.set_clock_back, self.rename_and_set_clock_back, self.touch, self.forbid,
            self.other_suffix, self.file_for_folder, self.there_and_back, self.make_empty,
        ]  # fmt: skip
        if rules:
            self._kinds += [self.ignore, self.ignore, self.repository]

    def run(self, count: int) -> None:
        """Do so many changes."""
        for _ in range(count):
            self.chance.choice(self._kinds)()
            self.done += 1

    # --- choices

    def files(self) -> list[Path]:
        """Regular files, in a fixed order."""
        found = []
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            found += [Path(folder, name) for name in sorted(names)]
        return [path for path in found if path.is_file() and not path.is_symlink()]

    def folders(self) -> list[Path]:
        """Folders below the root, in a fixed order."""
        found = []
        for folder, folders, _ in os.walk(self.root):
            folders.sort()
            found += [Path(folder, name) for name in folders]
        return [path for path in found if not path.is_symlink()]

    def one(self) -> Path:
        """A file that is there."""
        files = self.files()
        if not files:
            self.create()
            files = self.files()
        return self.chance.choice(files)

    def two(self) -> tuple[Path, Path]:
        """Two files, perhaps the same."""
        return self.one(), self.one()

    def folder(self) -> Path:
        """A folder, or the root."""
        return self.chance.choice([self.root, *self.folders()])

    def place(self) -> Path:
        """A path where nothing stands, in a folder that is there or is made."""
        folder = self.folder()
        if self.chance.random() < 0.2 and len(folder.relative_to(self.root).parts) < 4:
            folder = folder / self.chance.choice(["Contracts", "d", "Invoices", "x y"])
            if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
                return self.place()
            folder.mkdir(exist_ok=True)
        name = f"{self.chance.choice(NAMES)}{self.done}{self.chance.choice(SUFFIXES)}"
        path = folder / name
        return self.place() if os.path.lexists(path) else path

    def text(self) -> bytes:
        """Text with a heading; some of it comes often, so that contents are equal."""
        if self.chance.random() < 0.2:
            return f"the same words {self.chance.randrange(5)}\n".encode()
        parts = [
            " ".join(self.chance.choices(WORDS, k=self.chance.randrange(3, 60)))
            for _ in range(self.chance.randrange(1, 8))
        ]
        if self.chance.random() < 0.05:
            return b"\0" + parts[0].encode()
        return f"# {self.done}\n\n".encode() + "\n\n".join(parts).encode()

    # --- changes

    def create(self) -> None:
        if len(self.files()) > FILES:
            return self.delete()
        self.place().write_bytes(self.text())

    def edit(self) -> None:
        self.one().write_bytes(self.text())

    def append(self) -> None:
        with self.one().open("ab") as file:
            file.write(b"\n\n" + self.text())

    def make_empty(self) -> None:
        self.one().write_bytes(b"")

    def rename(self) -> None:
        self.one().rename(self.place())

    def other_suffix(self) -> None:
        path = self.one()
        target = path.with_name(path.name + self.chance.choice([".txt", ".md", ".csv"]))
        if not os.path.lexists(target) and len(os.fsencode(target.name)) < 200:
            path.rename(target)

    def rename_over(self) -> None:
        one, other = self.two()
        one.replace(other)

    def delete(self) -> None:
        self.one().unlink()

    def move_folder(self) -> None:
        if folders := self.folders():
            self.chance.choice(folders).rename(self.root / f"moved{self.done}")

    def move_folder_into(self) -> None:
        if folders := self.folders():
            moved, into = self.chance.choice(folders), self.folder()
            if into != moved and moved not in into.parents and len(into.parts) < 12:
                moved.rename(into / f"into{self.done}")

    def delete_folder(self) -> None:
        folders = [path for path in self.folders() if len(list(path.rglob("*"))) < FILES // 10]
        if folders:
            shutil.rmtree(self.chance.choice(folders))

    def copy(self) -> None:
        if len(self.files()) > FILES:
            return self.delete()
        self.chance.choice([shutil.copy, shutil.copy2])(self.one(), self.place())

    def copy_folder(self) -> None:
        small = [path for path in self.folders() if len(list(path.rglob("*"))) < 15]
        if small and len(self.files()) < FILES:
            shutil.copytree(
                self.chance.choice(small), self.root / f"copied{self.done}", symlinks=True
            )

    def atomic_save(self) -> None:
        path = self.one()
        draft = path.with_name(self.chance.choice([f".{self.done}.swp", f"draft{self.done}"]))
        draft.write_bytes(self.text())
        draft.replace(path)

    def hard_link(self) -> None:
        os.link(self.one(), self.place())

    def edit_a_link(self) -> None:
        linked = [path for path in self.files() if path.stat().st_nlink > 1]
        if linked:
            self.chance.choice(linked).write_bytes(self.text())

    def swap(self) -> None:
        one, other = self.two()
        self._exchange(one, other)

    def swap_folders(self) -> None:
        if len(folders := self.folders()) > 1:
            one, other = self.chance.sample(folders, 2)
            if one not in other.parents and other not in one.parents:
                self._exchange(one, other)

    def _exchange(self, one: Path, other: Path) -> None:
        if one == other:
            return
        aside = self.root / f".aside{self.done}"
        one.rename(aside)
        other.rename(one)
        aside.rename(other)

    def there_and_back(self) -> None:
        path, place = self.one(), self.place()
        path.rename(place)
        place.rename(path)

    def set_clock_back(self) -> None:
        """Other bytes of the same number, and the time that there was."""
        path = self.one()
        before = path.stat()
        data = bytearray(path.read_bytes())
        if data:
            data[self.chance.randrange(len(data))] ^= 1
            with path.open("r+b") as file:
                file.write(data)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def rename_and_set_clock_back(self) -> None:
        path = self.one()
        before = path.stat()
        place = self.place()
        path.rename(place)
        with place.open("r+b") as file:
            file.write(bytes(reversed(place.read_bytes())))
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))

    def touch(self) -> None:
        time_ns = self.chance.randrange(10**18, 2 * 10**18)
        os.utime(self.one(), ns=(time_ns, time_ns))

    def forbid(self) -> None:
        self.one().chmod(self.chance.choice([0o600, 0o644, 0o755]))

    def file_for_folder(self) -> None:
        """A file where a folder was, or a folder where a file was."""
        small = [path for path in self.folders() if len(list(path.rglob("*"))) < 5]
        if small and self.chance.random() < 0.5:
            path = self.chance.choice(small)
            shutil.rmtree(path)
            path.write_bytes(self.text())
        else:
            path = self.one()
            path.unlink()
            path.mkdir()
            (path / "inside.txt").write_bytes(self.text())

    def exchange_for_link(self) -> None:
        """A folder becomes a link to where it is now."""
        small = [path for path in self.folders() if len(list(path.rglob("*"))) < 8]
        if small:
            path = self.chance.choice(small)
            target = self.root / f"linked{self.done}"
            path.rename(target)
            path.symlink_to(target)

    def ignore(self) -> None:
        """Rules come, change, and go."""
        path = self.folder() / self.chance.choice([".lsfsignore", ".gitignore"])
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            return
        if path.exists() and self.chance.random() < 0.6:
            path.unlink()
            return
        lines = ["*.log", "*.md\n!contract*.md", "d/", "/x*", "*.csv"]
        path.write_text(self.chance.choice(lines) + "\n")

    def repository(self) -> None:
        """A folder becomes a working tree, or is none any more."""
        path = self.folder() / ".git"
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif not os.path.lexists(path):
            path.mkdir()
