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
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from kamlib.errors import KamError
from kamlib.period.calendar import parse_period
from kamlib.report import scratch

_SCRATCH = ".kam"
_FIGURE = {"figure", "scope", "value", "previous_value", "year_ago_value"}
_PLAIN = (str, int, float, type(None))
_OWN: dict[tuple[int, Path], scratch.Owned] = {}
_AT_FDCWD, _EXCHANGE_LINUX, _SWAP_MACOS = -100, 2, 2


def stage(out: Path, label: str) -> Path:
    """Return a new empty folder on the site's disk, beside the published ones."""
    folder = _own_folder(out) / f"{label}-{time.monotonic_ns()}"
    folder.mkdir(parents=True)
    return folder


def _own_folder(out: Path) -> Path:
    """Return this process's own folder of the site's scratch."""
    own = _OWN.get((os.getpid(), out))
    while own is None or not own.folder.is_dir():
        with contextlib.suppress(FileNotFoundError):  # another run has just cleared the scratch
            (out / _SCRATCH).mkdir(parents=True, exist_ok=True)
            own = _OWN[os.getpid(), out] = scratch.take(out / _SCRATCH, "")
    return own.folder


def manifest(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder but ``run.json``, by path."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.relative_to(folder).as_posix() != "run.json"
    }


def published_run(out: Path, label: str) -> dict | None:
    """Return the ``run.json`` of a published period, or None where there is none that this kit can
    have written.
    """
    run = _read_run(out / label)
    return run if _is_run(run, label) else None


def _read_run(folder: Path) -> Any:
    try:
        return json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _is_run(run: Any, label: str) -> bool:
    """Return whether a ``run.json`` has the parts that other runs read, each of its kind."""
    if not isinstance(run, dict) or not isinstance(period := run.get("period"), dict):
        return False
    figures, files = run.get("figures"), run.get("files")
    try:
        parse_period(label)
        date.fromisoformat(period.get("as_of", ""))
    except (KamError, TypeError, ValueError):
        return False
    return (
        period.get("label") == label
        and isinstance(run.get("rendered"), str)
        and isinstance(files, dict)
        and isinstance(figures, list)
        and all(isinstance(row, dict) and row.keys() >= _FIGURE for row in figures)
        and all(isinstance(row[name], _PLAIN) for row in figures for name in _FIGURE)
    )


def published_runs(out: Path) -> dict[str, dict]:
    """Return the ``run.json`` of every published period, by label."""
    if not out.is_dir():
        return {}
    labels = sorted(entry.name for entry in out.iterdir() if entry.is_dir())
    found = {label: published_run(out, label) for label in labels if label != _SCRATCH}
    return {label: run for label, run in found.items() if run is not None}


def damaged_runs(out: Path) -> list[str]:
    """Return the folders whose ``run.json`` this kit cannot have written, or cannot read."""
    if not out.is_dir():
        return []
    known = published_runs(out)
    return sorted(
        entry.name
        for entry in out.iterdir()
        if entry.name not in known and os.path.lexists(entry / "run.json")
    )


def check_own(out: Path, labels: Iterable[str]) -> None:
    """Refuse to write over what is not the kit's.

    Raises
    ------
    KamError
        There is a file, a link or a folder of another's where a period would go, or a front page
        of another site.
    """
    foreign = [
        out / label
        for label in labels
        if os.path.lexists(out / label) and not _may_be_own(out / label)
    ]
    index = out / "index.html"
    if index.is_file() and not published_runs(out) and not damaged_runs(out):
        head = index.read_bytes()[:20_000]
        foreign += [index] if head.strip() and b"kam" not in head.lower() else []
    elif os.path.lexists(index) and not index.is_file():
        foreign.append(index)
    if foreign:
        raise KamError(
            f"There is something that no report has made: '{foreign[0].name}'.",
            where=str(foreign[0]),
            next="Name another folder after --out, or move it away.",
        )


def _may_be_own(folder: Path) -> bool:
    is_empty_or_made = folder.is_dir() and (
        not any(folder.iterdir())
        or any((folder / name).exists() for name in ("run.json", "tables.html"))
    )
    return is_empty_or_made and not folder.is_symlink()


def is_whole(out: Path, label: str) -> bool:
    """Return whether every file of a published period is there and as its ``run.json`` says."""
    run = _read_run(out / label)
    return isinstance(run, dict) and manifest(out / label) == run.get("files")


def publish(staged: Path, out: Path, label: str, *, mode: str = "owner") -> None:
    """Make a staged period the published one, in one step; ``mode`` says who may read it."""
    with locked(out):
        put(staged, out, label, mode=mode)


def put(staged: Path, out: Path, label: str, *, mode: str = "owner") -> None:
    """Do what `publish` does, where the site is locked already."""
    set_mode([staged, *staged.rglob("*")], mode)
    for file in sorted(staged.rglob("*")):
        if file.is_file():
            flush(file)
    target = out / label
    if target.exists():
        _exchange(staged, target)
        shutil.rmtree(staged, ignore_errors=True)
    else:
        os.rename(staged, target)
    _flush_folder(out)


def write_run(folder: Path, run: dict) -> None:
    """Write a period's ``run.json``."""
    text = json.dumps(run, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / "run.json").write_text(text + "\n", encoding="utf-8")


def write_file(file: Path, content: bytes, *, mode: str = "owner") -> None:
    """Replace a file of the site in one step."""
    fresh = _own_folder(file.parent) / f"{file.name}-{time.monotonic_ns()}"
    fresh.write_bytes(content)
    set_mode([fresh], mode)
    flush(fresh)
    os.replace(fresh, file)


def clear_scratch(out: Path) -> None:
    """Remove what runs that are no longer there have left, and what of the scratch is empty."""
    home = out / _SCRATCH
    own = _OWN.get((os.getpid(), out))
    if own is not None and not (own.folder.is_dir() and any(own.folder.iterdir())):
        _OWN.pop((os.getpid(), out)).give_back()
    if not home.is_dir():
        return
    scratch.clear_left_behind(home, "")
    with contextlib.suppress(OSError):
        home.rmdir()


def clear_staged(staged: Path) -> None:
    """Remove a staged folder, whatever became of it."""
    shutil.rmtree(staged, ignore_errors=True)


MODES = {"owner": (0o700, 0o600), "group": (0o750, 0o640), "world": (0o755, 0o644)}
"""Who may read a site → the modes of its folders and of its files."""


def set_mode(paths: Iterable[Path], mode: str) -> None:
    """Let the owner alone, the group or everybody read files and folders."""
    folder_mode, file_mode = MODES[mode]
    for path in paths:
        wanted = folder_mode if path.is_dir() else file_mode
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) != wanted:
            path.chmod(wanted)


def set_mode_of(out: Path, label: str, mode: str) -> None:
    """Let the group or everybody read a period that stands; for the owner alone nothing is done."""
    if mode != "owner":
        period = out / label
        set_mode([out, out / "index.html", period, *period.rglob("*")], mode)


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
def locked(out: Path) -> Iterator[None]:
    """Hold the site's lock, the folder itself (on Windows a file): no two runs switch at once."""
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


def flush(file: Path) -> None:
    """Wait until a file is on the disk."""
    writable = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY  # Windows flushes no other
    descriptor = os.open(file, writable | getattr(os, "O_BINARY", 0))
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
