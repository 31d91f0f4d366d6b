"""The published site on disk: what is staged becomes visible in one step, or not at all.

A period's folder is built beside the site and exchanged with the published one by one rename; a
run that dies before that leaves the site as it was, and one that dies after it leaves only scratch
behind, which the next run removes.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from kamlib.errors import KamError

_SCRATCH = ".kam"
_AT_FDCWD, _EXCHANGE_LINUX, _SWAP_MACOS = -100, 2, 2


def stage(out: Path, label: str) -> Path:
    """Return a new empty folder for a period's files, on the same disk as the published."""
    folder = out / _SCRATCH / f"{label}-{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir(parents=True)
    return folder


def manifest(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder but ``run.json``, by path."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.relative_to(folder).as_posix() != "run.json"
    }


def published_run(out: Path, label: str) -> dict | None:
    """Return the ``run.json`` of a published period, None where there is none to be read."""
    try:
        return json.loads((out / label / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def is_whole(out: Path, label: str) -> bool:
    """Return whether every file of a published period is there and as its ``run.json`` says."""
    run = published_run(out, label)
    return run is not None and manifest(out / label) == run.get("files")


def publish(staged: Path, out: Path, label: str) -> None:
    """Make a staged period the published one, in one step."""
    for file in sorted(staged.rglob("*")):
        if file.is_file():
            _flush(file)
    target = out / label
    with _locked(out):
        if target.exists():
            _exchange(staged, target)
            shutil.rmtree(staged, ignore_errors=True)
        else:
            os.rename(staged, target)
        _flush_folder(out)


def write_file(file: Path, content: bytes) -> None:
    """Replace a file in one step."""
    scratch = file.parent / _SCRATCH / f"{file.name}-{os.getpid()}-{time.monotonic_ns()}"
    scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch.write_bytes(content)
    _flush(scratch)
    os.replace(scratch, file)


def clear_scratch(out: Path) -> None:
    """Remove what runs that are gone have left, and the scratch folder when it is empty."""
    scratch = out / _SCRATCH
    if not scratch.is_dir():
        return
    for entry in scratch.iterdir():
        owner = entry.name.split("-")[-2] if entry.name.count("-") >= 2 else ""
        if owner.isdigit() and int(owner) != os.getpid() and _is_running(int(owner)):
            continue
        if entry.name == "lock":
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        scratch.rmdir()


def _is_running(process: int) -> bool:
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _exchange(one: Path, other: Path) -> None:
    """Swap two folders: in one step where the system can, else by two renames."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform != "win32" else None
    done = -1
    if libc is not None and hasattr(libc, "renameat2"):
        done = libc.renameat2(
            _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE_LINUX
        )
    elif libc is not None and hasattr(libc, "renamex_np"):
        done = libc.renamex_np(os.fsencode(one), os.fsencode(other), _SWAP_MACOS)
    if done != 0:
        aside = one.with_name(one.name + "-old")
        os.rename(other, aside)
        os.rename(one, other)
        os.rename(aside, one)


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold the site's lock (the folder, on Windows a file): two runs never switch at once."""
    if sys.platform == "win32":
        import msvcrt

        file = out / _SCRATCH / "lock"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as stream:
            msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
            yield
        return
    import fcntl

    descriptor = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _flush(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise KamError(
            f"The report cannot be written: {error.strerror}.",
            where=str(file.parent),
            next="Make room on the disk, then run again.",
            exit_code=1,
        ) from None
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
