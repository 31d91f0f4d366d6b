"""The health file of a site, for monitors: when it was last tried and renewed, and what failed.

It lies beside the site, so that the published folder changes with a success alone.
"""

from __future__ import annotations

import contextlib
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from kamlib.errors import KamError
from kamlib.report import site
from kamlib.report.site import flush, set_mode


def status_file(out: Path) -> Path:
    """Return the health file of a site.

    >>> status_file(Path("srv/reports")).as_posix()
    'srv/reports.status.json'
    """
    place = out.absolute()
    return (out if out.name else place).with_name(f"{place.name}.status.json")


def now() -> str:
    """Return the time of now, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Status:
    """The health file while a run goes on; what it said before is kept where it still holds."""

    def __init__(self, file: Path, out: Path, *, mode: str = "owner") -> None:
        self.file, self.out, self.mode = file, out, mode
        self.said = _read(file) | {"site": str(out), "last_try": now(), "state": "running"}
        self.said.setdefault("last_success", None)
        self._write()

    def period(self, label: str, state: str, failed: dict[str, KamError]) -> None:
        """Note what became of a period: ``published``, ``unchanged`` or ``failed``."""
        periods = self.said.setdefault("periods", {})
        before = periods.get(label, {}) if isinstance(periods.get(label), dict) else {}
        run = site.published_run(self.out, label)
        tried = self.said["last_try"]
        periods[label] = {
            "state": state,
            "last_try": tried,
            "rendered": run and run["rendered"],
            "stale_since": (before.get("stale_since") or tried) if failed else None,
            "failed": {name: told(error) for name, error in failed.items()},
        }

    def success(self, lost: str = "") -> None:
        """Note that everything that was asked for stands as it should, or what of the data was
        lost to it.
        """
        self.said |= {"state": "lossy" if lost else "ok", "last_success": now(), "failed": None}
        self.said["lost"] = lost or None
        self._write()

    def failure(self, error: BaseException) -> None:
        """Note what ended the run; what is published stands."""
        self.said |= {"state": "failed", "failed": told(error)}
        self._write()

    def default_label(self, state: str, today: date) -> str | None:
        """Return the default period that was found for this state of book and kit, if it holds."""
        known = self.said.get("default_period")
        if not isinstance(known, dict) or known.get("state") != state:
            return None
        from_day = str(known.get("from"))
        return known.get("label") if from_day <= today.isoformat() <= _until(known) else None

    def _write(self) -> None:
        """Replace the file in one step; a place that cannot be written to is no reason to fail."""
        fresh = self.file.with_name(f".{self.file.name}-{os.getpid()}")
        text = json.dumps(self.said, indent=1, sort_keys=True, ensure_ascii=False)
        with contextlib.suppress(OSError, KamError):
            try:
                fresh.write_text(f"{text}\n", encoding="utf-8")
                set_mode([fresh], self.mode)
                flush(fresh)
                os.replace(fresh, self.file)
            finally:
                fresh.unlink(missing_ok=True)


def _until(known: dict) -> str:
    return str(known.get("until") or "9999")


def told(error: BaseException) -> dict[str, Any]:
    """Return an error as a machine reads it: what, where, next, exit_code."""
    if isinstance(error, KamError):
        parts = {"what": error.what, "where": error.where, "next": error.next}
        return {**parts, "exit_code": error.exit_code}
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return {"what": what, "where": "", "next": "", "exit_code": 1}


def _read(file: Path) -> dict[str, Any]:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) and isinstance(said.get("periods", {}), dict) else {}
