"""Scratch folders with an owner: held by a lock as long as their process lives, cleared after it.

The lock lies beside the folder and is taken first. It goes with its process, however that ends, so
a folder whose lock can be taken was left behind. One without a lock (made by a program that takes
none) is left behind when nothing in it has changed for a week.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "kam-"
_WEEK = 7 * 24 * 3600
_SHORT = Path("/tmp")
_LONGEST_NAME = 100
"""Bytes in the name of a socket that every system takes."""


@dataclass(frozen=True)
class Owned:
    """A scratch folder of this process."""

    folder: Path
    lock: FileLock

    def give_back(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        Path(self.lock.lock_file).unlink(missing_ok=True)
        self.lock.release(force=True)


def take(home: Path, prefix: str = PREFIX) -> Owned:
    """Return a new folder that this process owns until it gives it back, or ends."""
    folder = home / f"{prefix}{os.getpid()}-{secrets.token_hex(6)}"
    lock = FileLock(_lock_of(folder))
    lock.acquire()
    folder.mkdir(mode=0o700)
    return Owned(folder, lock)


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """Give a folder of the run's own, where everything temporary of it goes; what killed runs have
    left goes first.
    """
    home = Path(tempfile.gettempdir())
    clear_left_behind(home)
    if not _may_hold_sockets(home / "kam-1234567-123456789012"):
        clear_left_behind(_SHORT)
    own = take(home)
    before, tempfile.tempdir = tempfile.tempdir, str(own.folder)
    try:
        yield own.folder
    finally:
        tempfile.tempdir = before
        own.give_back()


@contextlib.contextmanager
def socket_folder() -> Iterator[Path]:
    """Give a folder for sockets: in the scratch space, or in ``/tmp`` where their names would be
    longer there than the system takes. Nothing of the book is in it.
    """
    if _may_hold_sockets(Path(tempfile.gettempdir())):
        with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
            yield Path(folder)
        return
    own = take(_SHORT)
    try:
        yield own.folder
    finally:
        own.give_back()


def _may_hold_sockets(home: Path) -> bool:
    longest = len(os.fsencode(home / f"{PREFIX}12345678" / "warm"))
    return os.name == "nt" or longest <= _LONGEST_NAME


def clear_left_behind(home: Path, prefix: str = PREFIX) -> None:
    """Remove the folders of this user whose owners are gone."""
    with contextlib.suppress(OSError):
        entries = [entry for entry in home.iterdir() if entry.name.startswith(prefix)]
        for entry in entries:
            with contextlib.suppress(OSError, Timeout):
                _clear(entry)


def _clear(entry: Path) -> None:
    about = entry.lstat()
    if entry.is_symlink() or (hasattr(os, "getuid") and about.st_uid != os.getuid()):
        return
    if entry.suffix == ".lock":
        lock = FileLock(entry)
        lock.acquire(timeout=0)  # raises where its owner lives
        Owned(entry.with_suffix(""), lock).give_back()
    elif (
        entry.is_dir()
        and not _lock_of(entry).exists()
        and time.time() - _last_change(entry) > _WEEK
    ):
        shutil.rmtree(entry, ignore_errors=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _last_change(folder: Path) -> float:
    return max(one.lstat().st_mtime for one in (folder, *folder.rglob("*")))
