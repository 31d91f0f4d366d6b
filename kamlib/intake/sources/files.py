"""Which files a book has, and which table each of them is."""

from __future__ import annotations

import tomllib
from pathlib import Path

from kamlib.errors import KamError, nearest
from kamlib.tables import CANONICAL

_FORMS = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")


def input_files(folder: Path) -> list[Path]:
    """Return every file that the book's figures rest on, in a fixed order."""
    found = [folder / "book.toml", *table_files(folder).values()]
    for parts in raw_files(folder / "raw").values():
        found += parts
    return found + plan_files(folder)


def plan_files(folder: Path) -> list[Path]:
    """Return the account plans of a book, in a fixed order."""
    plans = folder / "plans"
    return sorted(plans.glob("*.toml")) if plans.is_dir() else []


def plan_account(plan: Path) -> str:
    """Return the account that a plan names; nothing where it names none or cannot be read."""
    try:
        return str(tomllib.loads(plan.read_text(encoding="utf-8-sig")).get("account_id", ""))
    except (OSError, ValueError):
        return ""


def table_files(folder: Path) -> dict[str, Path]:
    """Return the file of each table of a book; refuse a file of no table, a table twice, a book
    without orders.
    """
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in (*_FORMS, ".sql") or file.name.startswith((".", "~$")):
            continue
        if file.stem not in CANONICAL:
            raise KamError(
                f"'{file.name}' is not a table of the kit.",
                where=str(file),
                next=f"{nearest(file.stem, CANONICAL)} Files that .sql files read belong in raw/.",
            )
        if file.stem in found:
            raise KamError(
                f"The table '{file.stem}' is there twice.",
                where=f"{found[file.stem].name} and {file.name}",
                next="Keep one of them.",
            )
        found[file.stem] = file
    if "orders" not in found:
        raise KamError(
            "The book has no orders.",
            where=str(folder),
            next="Add orders.csv (order_id, account_id, order_date, revenue), or orders.sql that "
            "selects them.",
        )
    return found


def raw_files(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each table that statements can read: a file, or all files of a folder."""
    if not folder.is_dir():
        return {}
    found: dict[str, list[Path]] = {}
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            parts = sorted(
                p
                for p in entry.iterdir()
                if p.suffix.lower() in _FORMS and not p.name.startswith(".")
            )
            if len({p.suffix.lower() for p in parts}) > 1:
                raise KamError(
                    "A folder of raw files holds files of one form only.",
                    where=str(entry),
                    next="Split it into one folder per form.",
                )
        else:
            parts = (
                [entry]
                if entry.suffix.lower() in _FORMS and not entry.name.startswith((".", "~$"))
                else []
            )
        if parts and entry.stem in found:
            raise KamError(
                f"raw/ has two tables named '{entry.stem}'.",
                where=str(entry),
                next="Rename one of them.",
            )
        if parts:
            found[entry.stem] = parts
    return found
