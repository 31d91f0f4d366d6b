"""What a book's files were read to, kept in the user's cache as Parquet: found by what it was made
from, believed only with its own hash, let go when it is not used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

CACHE = "KAM_CACHE"
"""Environment variable: the folder for what is kept; empty for nothing that lasts."""
LINES = "lines"
_OLDEST_SECONDS = 30 * 24 * 3600


def cache_folder(kind: str) -> Path | None:
    """Return the folder for what is kept of a kind (``periods``, ``lines``); None for none."""
    import platformdirs

    said = os.environ.get(CACHE)
    if said == "":
        return None
    if said is None:
        return Path(platformdirs.user_cache_dir("kamlib")) / kind
    return Path(said) / LINES if kind == LINES else Path(said)


def code_state() -> list[str]:
    """Return what tells a version of the kit's code from all others."""
    import kamlib

    package = Path(kamlib.__file__).parent
    code = sorted(file for kind in ("*.py", "*.toml") for file in package.rglob(kind))
    about = [(file, file.stat()) for file in code]
    return [f"{file} {stat.st_size} {stat.st_mtime_ns}" for file, stat in about]


def file_hash(file: Path) -> str:
    """Return a file's SHA-256."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Shelf:
    """The place of one book in the cache; files are named for their key and their own hash.

    A run that reads from it holds a lock of its own there as long as its engine is open; what is
    not used any more goes as soon as nobody else holds one.
    """

    folder: Path
    own: Path

    def find(self, key: str) -> list[Path]:
        """Return what is kept under a key and is as it was written."""
        found = []
        for file in sorted(self.folder.glob(f"{key}-*.parquet")):
            with suppress(OSError):
                if file.stem == f"{key}-{file_hash(file)}":
                    found.append(file)
        return found

    def put(self, key: str, file: Path) -> list[Path]:
        """Keep a copy of a file, and return it; nothing where the disk is full or not writable."""
        fresh = self.folder / f"{uuid.uuid4().hex}.part"
        try:
            shutil.copyfile(file, fresh)
            return [fresh.replace(self.folder / f"{key}-{file_hash(fresh)}.parquet")]
        except OSError:
            fresh.unlink(missing_ok=True)
            return []

    def sweep(self, used: Collection[Path]) -> None:
        """Let go of all that is kept but what is used, and of books that are gone."""
        from filelock import FileLock

        with suppress(OSError), FileLock(self.folder.parent / "sweep.lock"):
            os.utime(self.folder)
            if not _is_held(self.folder, but=self.own):
                for file in self.folder.iterdir():
                    if file.is_file() and file.name != "book" and file not in used:
                        file.unlink()
            for other in self.folder.parent.iterdir():
                if other.is_dir() and other != self.folder and _is_over(other):
                    shutil.rmtree(other, ignore_errors=True)


def open_shelf(book: Path, closing: ExitStack) -> Shelf | None:
    """Return a book's place in the cache, held until ``closing`` closes; None for no place."""
    from filelock import FileLock

    root = cache_folder(LINES)
    if root is None:
        return None
    path = str(book.resolve())
    folder = root / hashlib.sha256(path.encode()).hexdigest()[:32]
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(root / "sweep.lock"):
            (folder / "held").mkdir(parents=True, exist_ok=True)
            (folder / "book").write_text(path, encoding="utf-8")
            own = folder / "held" / f"{uuid.uuid4().hex}.lock"
            lock = FileLock(own)
            lock.acquire()
    except OSError:
        return None
    closing.callback(own.unlink, missing_ok=True)
    closing.callback(lock.release)
    return Shelf(folder, own)


def _is_held(folder: Path, but: Path | None = None) -> bool:
    """Return whether a run holds a lock in a book's place; those that ended without are cleared."""
    from filelock import FileLock, Timeout

    for file in (folder / "held").glob("*.lock"):
        if file == but:
            continue
        try:
            with FileLock(file, timeout=0):
                pass
        except Timeout:
            return True
        file.unlink(missing_ok=True)
    return False


def _is_over(folder: Path) -> bool:
    """Return whether a book is gone, or was not read for a month, and nobody holds its place."""
    try:
        is_gone = not Path((folder / "book").read_text(encoding="utf-8")).is_dir()
    except OSError:
        is_gone = True
    is_old = folder.stat().st_mtime < time.time() - _OLDEST_SECONDS
    return (is_gone or is_old) and not _is_held(folder)
