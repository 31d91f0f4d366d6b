"""A book as of one period: what a notebook gets.

A snapshot is a folder with the activity tables, the canonical tables as known on the period's last
day, and the settings. ``kam report`` prepares each once and hands the same folder to every
notebook; opened by hand, :func:`open_period` prepares it in a scratch folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from kamlib.book import BookSettings, read_settings
from kamlib.errors import KamError, nearest
from kamlib.period.calendar import Span, last_whole_quarter, parse_period, period_of
from kamlib.tables import CANONICAL

ACTIVITY = (
    "account_days",
    "account_months",
    "category_months",
    "product_windows",
    "manager_months",
    "deliveries",
)
_BY_ACCOUNT = frozenset(
    {
        *ACTIVITY,
        "accounts",
        *(name for name, table in CANONICAL.items() if "account_id" in table.names),
    }
)
_SHARED = frozenset({"rates", "offers"})


@dataclass(frozen=True)
class PeriodData:
    """One book as of one period's last day; every table is an attribute (``data.account_months``).

    Attributes
    ----------
    book, period, manager_id
        The settings, the period, and the manager whose accounts these are (empty: all accounts).
    present
        The names of the tables that the book has.
    has_cost
        Whether order lines carry a cost.
    first_date
        The first order day of the book, missing where it has none up to the as-of day.
    """

    folder: Path
    book: BookSettings
    period: Span
    manager_id: str
    present: frozenset[str]
    has_cost: bool
    first_date: pd.Timestamp | None
    plans: dict[str, Path]
    _kept: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    _scratch: object = field(default=None, repr=False, compare=False)

    @property
    def as_of(self) -> pd.Timestamp:
        """The period's last day: everything is as known then, never as of today."""
        return self.period.end

    def has(self, table: str) -> bool:
        """Return whether the book has a table."""
        return table in self.present

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a table by its name, as a copy that may be changed."""
        if (
            name.startswith("_")
            or name not in (*ACTIVITY, *CANONICAL, "intake")
            or name == "orders"
        ):
            raise AttributeError(
                f"A period has no table '{name}'. {nearest(name, [*ACTIVITY, *CANONICAL, 'intake'])}"
            )
        if name not in self._kept:
            self._kept[name] = _read_table(self.folder / f"{name}.parquet")
        return self._kept[name].copy()

    @property
    def previous(self) -> PeriodData | None:
        """The same book as of the previous period's end, or None where its data do not reach back."""
        return self._neighbour(self.period.previous())

    @property
    def year_ago(self) -> PeriodData | None:
        """The same book as of a year before, or None where its data do not reach back."""
        return self._neighbour(self.period.year_ago())

    def _neighbour(self, period: Span) -> PeriodData | None:
        folder = self.folder.parent / period.label
        return (
            read_snapshot(folder, scratch=self._scratch)
            if (folder / "snapshot.json").is_file()
            else None
        )

    def published(self, table: str) -> pd.DataFrame | None:
        """Return a table that another notebook of this report has published, or None."""
        folder = os.environ.get("KAM_PUBLISHED")
        file = Path(folder) / f"{table}.parquet" if folder else None
        return _read_table(file) if file and file.is_file() else None


def _read_table(file: Path) -> pd.DataFrame:
    frame = pd.read_parquet(file)
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = frame[name].astype("datetime64[us]")
    return frame


def open_period(
    book: str | Path = "data/sample", period: str = "", manager_id: str = ""
) -> PeriodData:
    """Return a book as of a period, for a notebook.

    ``book`` is a book's folder, or a snapshot that ``kam report`` has prepared. An empty period is
    the last quarter that the data cover whole.

    Raises
    ------
    KamError
        The book or the period cannot be read, or the manager has no account.
    """
    folder = Path(book)
    if (folder / "snapshot.json").is_file():
        return read_snapshot(folder)
    from kamlib.intake import read_book
    from kamlib.intake.sources import open_engine

    settings = read_settings(folder)
    scratch = tempfile.TemporaryDirectory(prefix="kam-")
    with open_engine() as engine:
        intake = read_book(folder, settings, engine)
        wanted = (
            parse_period(period, first_month=settings.fiscal_year.first_month)
            if period
            else default_period(intake, settings)
        )
        folders = write_snapshots(intake, [wanted], Path(scratch.name), manager_id=manager_id)
    return read_snapshot(folders[wanted.label], scratch=scratch)


def default_period(intake, settings: BookSettings, today: date | None = None) -> Span:
    """Return the last quarter that the data cover whole; order days after ``today`` do not count.

    Where they cover none, it is the quarter of the first order.
    """
    from kamlib.period.activity import first_day, last_covered_day

    day = last_covered_day(intake, settings, today=today)
    first = first_day(intake)
    if day is None and first is not None:
        raise KamError(
            f"Every order is dated after today, the first on {first.date()}, so there is no period to report.",
            where=str(intake.folder),
            next="Mend the dates, or name the period with --period.",
        )
    if day is None:
        raise KamError(
            "No order line could be used, so there is no period to report.",
            where=str(intake.folder),
            next="Run kam check to see why the lines were set aside.",
        )
    first_month = settings.fiscal_year.first_month
    whole = last_whole_quarter(pd.Timestamp(day), first_month=first_month)
    return (
        whole if first is None or whole.end >= first else period_of(first, first_month=first_month)
    )


def write_snapshots(
    intake, periods: list[Span], root: Path, *, manager_id: str = ""
) -> dict[str, Path]:
    """Write the snapshots of periods, and of the periods they compare with; return folder by label."""
    from kamlib.period.activity import first_day

    first = first_day(intake)
    wanted: dict[str, Span] = {}
    for period in periods:
        wanted[period.label] = period
        for other in (period.previous(), period.year_ago()):
            if first is not None and other.end >= first:
                wanted.setdefault(other.label, other)
    return {
        label: _write_snapshot(intake, period, root / label, manager_id, first)
        for label, period in wanted.items()
    }


def _write_snapshot(
    intake, period: Span, folder: Path, manager_id: str, first: pd.Timestamp | None
) -> Path:
    from kamlib.intake import plans_of, row_account
    from kamlib.period.activity import activity_tables

    if (folder / "snapshot.json").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    tables = activity_tables(intake, period, intake.book)
    tables["intake"] = row_account(intake, period.as_of)
    if manager_id:
        tables = only_manager(tables, manager_id)
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    plans, _ = plans_of(intake.folder, tables["accounts"]["account_id"], intake.book)
    for file in plans.values():
        (folder / "plans").mkdir(exist_ok=True)
        (folder / "plans" / file.name).write_bytes(file.read_bytes())
    about = {
        "settings": json.loads(intake.book.model_dump_json(by_alias=True)),
        "period": period.label,
        "manager_id": manager_id,
        "present": sorted(intake.present),
        "has_cost": "cost" in intake.order_columns,
        "first_date": first and first.date().isoformat(),
        "plans": {account: file.name for account, file in plans.items()},
    }
    (folder / "snapshot.json").write_text(
        json.dumps(about, indent=1, sort_keys=True), encoding="utf-8"
    )
    return folder


def read_snapshot(folder: Path, scratch: object = None) -> PeriodData:
    """Return the snapshot in a folder."""
    about = json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))
    settings = BookSettings.model_validate(about["settings"])
    return PeriodData(
        folder=folder,
        book=settings,
        period=parse_period(about["period"], first_month=settings.fiscal_year.first_month),
        manager_id=about["manager_id"],
        present=frozenset(about["present"]),
        has_cost=about["has_cost"],
        first_date=pd.Timestamp(about["first_date"]).as_unit("us") if about["first_date"] else None,
        plans={account: folder / "plans" / name for account, name in about["plans"].items()},
        _scratch=scratch,
    )


def only_manager(tables: dict[str, pd.DataFrame], manager_id: str) -> dict[str, pd.DataFrame]:
    """Return tables with one manager's accounts alone: nothing of another's is left to derive.

    Raises
    ------
    KamError
        No account has that manager; the nearest id is named.
    """
    accounts = tables["accounts"]
    mine = accounts[accounts["manager_id"].eq(manager_id)]
    if mine.empty:
        raise KamError(
            f"No account has the manager '{manager_id}'.",
            where="--manager",
            next=nearest(manager_id, accounts["manager_id"].dropna().unique()),
        )
    ids = set(mine["account_id"])
    cut = {}
    for name, frame in tables.items():
        if name in _BY_ACCOUNT:
            kept = frame[frame["account_id"].isin(ids)]
            if "manager_id" in kept and name != "accounts":
                kept = kept[kept["manager_id"].isna() | kept["manager_id"].eq(manager_id)]
            if name == "accounts":
                foreign = kept["parent_id"].notna() & ~kept["parent_id"].isin(ids)
                kept = kept.assign(parent_id=kept["parent_id"].mask(foreign))
                outside = ~kept["group_id"].isin(ids)
                kept = kept.assign(
                    group_id=kept["group_id"].mask(outside, kept["account_id"]),
                    group_name=kept["group_name"].mask(outside, kept["name"]),
                )
            cut[name] = kept.reset_index(drop=True)
        elif name in _SHARED:
            cut[name] = frame
        elif "manager_id" in frame:
            cut[name] = frame[frame["manager_id"].eq(manager_id)].reset_index(drop=True)
        else:
            cut[name] = frame.iloc[0:0]
    return cut


def fingerprint(files: list[Path], root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file, by its path within a folder."""
    found = {}
    for file in files:
        with file.open("rb") as stream:
            found[file.relative_to(root).as_posix()] = hashlib.file_digest(
                stream, "sha256"
            ).hexdigest()
    return found
