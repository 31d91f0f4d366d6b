"""Tables without dates as they stand today: what must be kept to render an old period again.

A row with a date is left out of the periods before it. A row without one (who owns an account, a
contact's attitude, a plan) is only what it is now; so the first report of a period keeps these
tables, and later ones of that period are made from them.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from kamlib.tables import CANONICAL, typed

UNDATED = tuple(name for name, table in CANONICAL.items() if table.date is None)
"""The canonical tables whose rows have no day since when they are known."""
_KIND = "kam undated tables 1"


@dataclass(frozen=True)
class Undated:
    """The tables without dates of a book, packed into one file, and the word for what it holds."""

    packed: bytes

    @cached_property
    def word(self) -> str:
        """The SHA-256 of the file."""
        return hashlib.sha256(self.packed).hexdigest()

    def into(self, intake: Any, folder: Path) -> Any:
        """Return a book as read, with these tables in the place of its own.

        ``folder`` is an empty one, where the plans go.
        """
        with zipfile.ZipFile(io.BytesIO(self.packed)) as archive:
            about = json.loads(archive.read("about.json"))
            parts = {name: _frame(archive, name) for name in ("side_rows", "rejected")}
            tables = {name: typed(_frame(archive, name), name) for name in about["tables"]}
            (folder / "plans").mkdir(parents=True, exist_ok=True)
            for name in archive.namelist():
                if name.startswith("plans/"):
                    (folder / "plans" / Path(name).name).write_bytes(archive.read(name))
        dated = {
            name: pd.concat([rows[~rows["table"].isin(UNDATED)], parts[name]], ignore_index=True)
            for name, rows in (("side_rows", intake.side_rows), ("rejected", intake.rejected))
        }
        own = {name for name in intake.present if name not in UNDATED}
        return replace(
            intake,
            frames={**intake.frames, **tables},
            present=frozenset({*about["present"], *own}),
            plan_folder=folder,
            **dated,
        )


def undated_of(intake: Any) -> Undated:
    """Return the tables without dates of a book as read."""
    from kamlib.intake.sources import plan_files

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        present = sorted(name for name in intake.present if name in UNDATED)
        about = {"kind": _KIND, "tables": list(UNDATED), "present": present}
        _add(archive, "about.json", json.dumps(about, sort_keys=True).encode())
        for name in UNDATED:
            _add(archive, f"{name}.parquet", intake.frames[name].to_parquet(index=False))
        for name, rows in (("side_rows", intake.side_rows), ("rejected", intake.rejected)):
            own = rows.loc[rows["table"].isin(UNDATED), ["table", "reason"]].astype("str")
            _add(archive, f"{name}.parquet", own.to_parquet(index=False))
        for file in plan_files(intake.folder):
            _add(archive, f"plans/{file.name}", file.read_bytes())
    return Undated(buffer.getvalue())


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file without the time of now: the same tables are the same bytes."""
    about = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    archive.writestr(about, content)


def _frame(archive: zipfile.ZipFile, name: str) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(archive.read(f"{name}.parquet")))
