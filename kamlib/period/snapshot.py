"""A book as of one period, on disk: what a run prepares once and hands to every notebook.

A snapshot is a folder with the activity tables, the canonical tables as known on the period's last
day, and the settings; tables that are computed from them are kept beside them, so that each is
computed once, whichever notebook asks first. ``kam report`` prepares it in its scratch folder;
:func:`open_period` in the user's cache, found again by the book's fingerprint.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from kamlib.book import BookSettings, read_settings
from kamlib.errors import KamError
from kamlib.holes import NO_HOLES, Hole, Holes
from kamlib.period.calendar import Span, last_whole_quarter, parse_period, period_of
from kamlib.period.held import held
from kamlib.period.kept import (
    is_prepared,
    not_prepared,
    once,
    pickle_table,
    pickle_value,
    read_table,
    write_table,
)
from kamlib.period.listed import told_apart
from kamlib.period.manager import only_manager
from kamlib.period.names import ACTIVITY, READ_TABLES, RUN
from kamlib.period.period import Period
from kamlib.period.reach import beside, comparable, neighbours, reach, reached, unknown_days
from kamlib.tables import catalogue

_MOST_KEPT, _OPEN_SECONDS = 12, 7 * 24 * 3600
"""So many prepared books are kept, and each for a week after it was last opened."""


@dataclass(frozen=True)
class Snapshot:
    """A prepared folder: one book as of one period's last day.

    ``source`` is the book's folder where order lines may be asked for; nothing in a report of one
    manager's accounts. ``is_of_run`` where it lies in the scratch folder of the run that asks: only
    there what is computed is kept as pickles, since who reads one runs what it says.
    """

    folder: Path
    book: BookSettings
    span: Span
    manager_id: str
    present: frozenset[str]
    has_cost: bool
    first_date: pd.Timestamp | None
    plans: dict[str, Path]
    last_date: pd.Timestamp | None = None
    usual_silence_days: int = 0
    neighbours: dict[str, str] = field(default_factory=dict)
    source: str = ""
    scratch: object = field(default=None, repr=False, compare=False)
    is_of_run: bool = False
    holes: Holes = NO_HOLES

    def table(self, name: str) -> pd.DataFrame:
        """Return a table that was read from the book."""
        if not self.has(name):
            raise not_prepared(name, self.span.title)
        return read_table(self.folder / f"{name}.parquet")

    def has(self, name: str) -> bool:
        """Return whether a table that is read from the book was prepared."""
        return is_prepared(self.folder, [name])

    def neighbour(self, name: str) -> Snapshot | None:
        """Return the same book as of the period before (``previous``) or a year ago (``year_ago``),
        where it was prepared beside this one.
        """
        if name not in self.neighbours:
            return None
        folder = self.folder.parent / self.neighbours[name]
        return read_snapshot(folder, scratch=self.scratch, is_of_run=self.is_of_run)

    def holds(self, name: str, *, apart: str = "") -> bool:
        """Return whether a computed table is kept here."""
        return self._kept_in(name, apart).is_file()

    def kept(self) -> list[tuple[str, str]]:
        """Return what a run has computed and kept here: what keeps it apart, and its name."""
        files = sorted(self.folder.glob("computed*/*.pickle"))
        return [(file.parent.name.removeprefix("computed"), file.stem) for file in files]

    def _kept_in(self, name: str, apart: str) -> Path:
        lasts = name in catalogue().tables and not self.is_of_run
        return self.folder / f"computed{apart}" / f"{name}.{'parquet' if lasts else 'pickle'}"

    def stored(self, name: str, compute: Callable[[], Any], *, apart: str = "") -> Any:
        """Return a computed table or value: the one kept here, else compute and keep it, once.

        ``apart`` keeps apart what is computed in another way: as the neighbour of another period,
        without neighbours of its own, or as of an earlier day.
        """
        file, is_table = self._kept_in(name, apart), name in catalogue().tables
        if self.is_of_run:  # read in a tenth of the time that Parquet takes
            return once(file, compute, pickle_table if is_table else pickle_value, pd.read_pickle)
        return once(file, compute, write_table, read_table) if is_table else compute()


def open_period(book: str | Path = "data/sample", period: str = "", manager_id: str = "") -> Period:
    """Return a book as of a period, for a notebook; prepared once, then opened again at once.

    Parameters
    ----------
    book
        A book's folder, or a snapshot that ``kam report`` has prepared.
    period
        Such as 2025, 2025-Q3, 2025-07, 2025-W31; empty for the last quarter the data cover whole.
    manager_id
        Only this manager's accounts; empty for all.

    Raises
    ------
    KamError
        The book or the period cannot be read, the data do not reach the period, or the manager has
        no account.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")    # doctest: +SKIP
    """
    folder = Path(book)
    if (folder / "snapshot.json").is_file():
        run = os.environ.get(RUN, "")
        return held(folder, run) or prepared(folder, run)
    settings = read_settings(folder)
    home = _home(folder, lasts=not settings.connection.url)
    label = _label(period, home, settings)
    scope = hashlib.sha256(manager_id.encode()).hexdigest()[:16] if manager_id else "all"
    found = home.path / scope / label
    if not label or not _is_prepared(found):
        found = _prepare(folder, settings, period, manager_id, home, scope)
    if home.scratch is None:
        _touch(home.path)
    return Period(read_snapshot(found, scratch=home))


def prepared(folder: Path, run: str) -> Period:
    """Return the period of a prepared folder, for who is of the run in this scratch folder."""
    is_of_run = bool(run) and folder.resolve().is_relative_to(Path(run).resolve())
    return Period(read_snapshot(folder, is_of_run=is_of_run))


def _is_prepared(folder: Path) -> bool:
    """Return whether a period is there with those it is compared with."""
    file = folder / "snapshot.json"
    if not file.is_file():
        return False
    others = json.loads(file.read_text(encoding="utf-8"))["neighbours"]
    return all((folder.parent / one / "snapshot.json").is_file() for one in others.values())


@dataclass
class _Home:
    """Where the periods of a book in its present state are prepared."""

    path: Path
    scratch: object = None


def _home(book: Path, *, lasts: bool) -> _Home:
    """Return the folder for a book as it is now: found by the state of its files and of the kit.

    What a database holds may change unseen, so a book that is connected to one is read each time.
    """
    from kamlib.intake.sources.shelf import cache_folder

    root = cache_folder("periods")
    if root is None or not lasts:
        scratch = tempfile.TemporaryDirectory(prefix="kam-")
        return _Home(Path(scratch.name), scratch)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _Home(root / _state(book))


def _state(book: Path) -> str:
    """Return a word for the state of a book's files and of the kit's code."""
    from kamlib.intake.sources.files import input_files
    from kamlib.intake.sources.shelf import code_state

    book = book.resolve()
    seen = [str(book), *code_state()]
    for file in input_files(book):
        about = file.stat()
        seen.append(f"{file} {about.st_size} {about.st_mtime_ns}")
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:32]


def _label(period: str, home: _Home, settings: BookSettings) -> str:
    if period:
        return parse_period(period, first_month=settings.fiscal_year.first_month).label
    known = home.path / "default"
    return known.read_text(encoding="utf-8") if known.is_file() else ""


def _prepare(
    folder: Path, settings: BookSettings, period: str, manager_id: str, home: _Home, scope: str
) -> Path:
    """Read the book and write the snapshot of a period and of those it is compared with."""
    from filelock import FileLock

    from kamlib.intake import read_book
    from kamlib.intake.sources import open_engine
    from kamlib.period.covered import check_reached

    home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(home.path / "prepare.lock"), open_engine() as engine:
        intake = read_book(folder, settings, engine)
        first_month = settings.fiscal_year.first_month
        wanted = parse_period(period, first_month=first_month) if period else None
        if wanted is None:
            wanted = default_period(intake, settings)
            (home.path / "default").write_text(wanted.label, encoding="utf-8")
        check_reached(wanted, intake)
        folders = write_snapshots(intake, [wanted], home.path / scope, manager_id=manager_id)
    return folders[wanted.label]


def _touch(home: Path) -> None:
    """Note that a prepared book was used, and let go of those not used for longest, but of none
    that somebody may still have open.
    """
    os.utime(home)
    from kamlib.intake.sources.shelf import LINES

    kept = (home.name, LINES)
    others = [one for one in home.parent.iterdir() if one.is_dir() and one.name not in kept]
    others.sort(key=lambda one: one.stat().st_mtime, reverse=True)
    unused_since = home.stat().st_mtime - _OPEN_SECONDS
    for old in others[_MOST_KEPT - 1 :]:
        if old.stat().st_mtime < unused_since:
            shutil.rmtree(old, ignore_errors=True)


def default_period(intake, settings: BookSettings, today: date | None = None) -> Span:
    """Return the last quarter that the data cover whole; order days after ``today`` do not count.

    Where they cover none, it is the quarter of the first order.
    """
    from kamlib.period.covered import first_day, last_covered_day

    day = last_covered_day(intake, settings, today=today)
    first = first_day(intake)
    if day is None and first is not None:
        raise KamError(
            f"Every order is dated after today, the first on {first.date()}, so there is no "
            "period to report.",
            where=str(intake.folder),
            next="Mend the dates, or name the period.",
        )
    if day is None:
        is_empty = not intake.orders.count().execute()
        raise KamError(
            "The table orders has no rows, so there is no period to report."
            if is_empty
            else "No order line could be used, so there is no period to report.",
            where=str(intake.folder),
            next="Add order lines."
            if is_empty
            else "Run kam check to see why the lines were set aside.",
        )
    first_month = settings.fiscal_year.first_month
    whole = last_whole_quarter(pd.Timestamp(day), first_month=first_month)
    return (
        whole if first is None or whole.end >= first else period_of(first, first_month=first_month)
    )


def write_snapshots(
    intake,
    periods: list[Span],
    root: Path,
    *,
    manager_id: str = "",
    of_neighbours: Collection[str] = READ_TABLES,
) -> dict[str, Path]:
    """Write the snapshots of periods and, with the tables ``of_neighbours``, of those they compare
    with; return folder by label.

    A period that the data do not reach the end of is that of its days until they end.
    """
    from kamlib.period.covered import order_days

    days = order_days(intake)
    found = {}
    for asked in periods:
        period = reached(asked, days, intake.book)
        for other in neighbours(period, days).values():
            folder = root / beside(other, days, intake.book)
            _write_snapshot(intake, other, folder, manager_id, days, of_neighbours)
        folder = root / period.label
        found[period.label] = _write_snapshot(intake, period, folder, manager_id, days, READ_TABLES)
    return found


def _write_snapshot(
    intake, period: Span, folder: Path, manager_id: str, days: pd.Series, only: Collection[str]
) -> Path:
    from kamlib.intake import row_account
    from kamlib.period.activity import activity_tables

    if (folder / "snapshot.json").is_file() and is_prepared(folder, only):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    tables = activity_tables(intake, period, intake.book, folder, only)
    if "intake" in only:
        tables["intake"] = row_account(intake, period.as_of)
    last, silence = reach(days, period.as_of, intake.book)
    first, _ = comparable(days, period.end)
    unknown = unknown_days(days, last, silence, period, intake.book.freshness)
    if manager_id:
        stored = [name for name in ACTIVITY if name in only and name not in tables]
        sold = {name: read_table(folder / f"{name}.parquet") for name in stored}
        tables = only_manager(sold | tables, manager_id)
    tables["accounts"] = told_apart(tables["accounts"])
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    plans = intake.plans(tables["accounts"]["account_id"])
    for file in plans.values():
        (folder / "plans").mkdir(exist_ok=True)
        (folder / "plans" / file.name).write_bytes(file.read_bytes())
    about = {
        "settings": json.loads(intake.book.model_dump_json(by_alias=True)),
        "period": period.label,
        "until": period.last_day.isoformat() if period.is_cut else None,
        "manager_id": manager_id,
        "present": sorted(intake.present),
        "has_cost": "cost" in intake.order_columns,
        "neighbours": {
            name: beside(other, days, intake.book)
            for name, other in neighbours(period, days).items()
        },
        "source": "" if manager_id else str(intake.folder.resolve()),
        "first_date": first and first.date().isoformat(),
        "holes": [[day.date().isoformat() for day in hole] for hole in unknown],
        "last_date": last and last.date().isoformat(),
        "usual_silence_days": silence,
        "plans": {account: file.name for account, file in plans.items()},
    }
    (folder / "snapshot.json").write_text(
        json.dumps(about, indent=1, sort_keys=True), encoding="utf-8"
    )
    return folder


def read_snapshot(folder: Path, scratch: object = None, *, is_of_run: bool = False) -> Snapshot:
    """Return the snapshot in a folder, which may be one of the run that asks."""
    about = json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))
    settings = BookSettings.model_validate(about["settings"])
    first, last = about["first_date"], about["last_date"]
    span = parse_period(about["period"], first_month=settings.fiscal_year.first_month)
    return Snapshot(
        folder=folder,
        book=settings,
        span=span.until(date.fromisoformat(about["until"])) if about["until"] else span,
        manager_id=about["manager_id"],
        present=frozenset(about["present"]),
        has_cost=about["has_cost"],
        first_date=pd.Timestamp(first).as_unit("us") if first else None,
        last_date=pd.Timestamp(last).as_unit("us") if last else None,
        usual_silence_days=about["usual_silence_days"],
        plans={account: folder / "plans" / name for account, name in about["plans"].items()},
        neighbours=about["neighbours"],
        source=about["source"],
        scratch=scratch,
        is_of_run=is_of_run,
        holes=Holes(
            Hole(*(pd.Timestamp(day).as_unit("us") for day in hole)) for hole in about["holes"]
        ),
    )
