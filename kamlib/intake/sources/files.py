"""Which files a book has, and which table each of them is."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

from kamlib.errors import KamError, nearest
from kamlib.tables import CANONICAL

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
FORMS = (".csv", ".tsv", ".txt", ".parquet", *WORKBOOKS)


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
        if file.suffix.lower() not in (*FORMS, ".sql") or file.name.startswith((".", "~$")):
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
        found[file.stem] = ordinary(file)
    if "orders" not in found:
        raise _no_orders(folder)
    return found


def ordinary(file: Path) -> Path:
    """Return a file that can be opened as one; refuse a folder, a pipe, a link to nothing.

    Raises
    ------
    KamError
        What it is instead.
    """
    if file.is_file():
        return file
    what = (
        "a folder"
        if file.is_dir()
        else "no ordinary file"
        if file.exists()
        else "a link to nothing"
    )
    raise KamError(
        f"'{file.name}' is {what}.",
        where=str(file),
        next="Put the file itself there"
        + (
            ", or its parts in a folder in raw/ and an .sql file that selects from it."
            if file.is_dir()
            else "."
        ),
    )


def _no_orders(folder: Path) -> KamError:
    """Return the refusal of a book without orders: a file of another form is named."""
    others = [file for file in sorted(folder.iterdir()) if file.stem.casefold() == "orders"]
    if others:
        return KamError(
            f"'{others[0].name}' is not of a form that can be read.",
            where=str(others[0]),
            next=f"Save it as one of {', '.join(FORMS)}, in small letters: orders.csv.",
        )
    return KamError(
        "The book has no table orders.",
        where=str(folder),
        next="Add orders.csv (order_id, account_id, order_date, revenue), or orders.sql that "
        "selects them from the files in raw/.",
    )


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
                if p.suffix.lower() in FORMS and not p.name.startswith(".")
            )
            if len({p.suffix.lower() for p in parts}) > 1:
                raise KamError(
                    "A folder of raw files holds files of one form only.",
                    where=str(entry),
                    next="Split it into one folder per form.",
                )
        else:
            parts = (
                [ordinary(entry)]
                if entry.suffix.lower() in FORMS and not entry.name.startswith((".", "~$"))
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


def table_word(name: str) -> str:
    """Return a file's or a sheet's name as the name of a table.

    >>> table_word("Order Details (3)")
    'order_details_3'
    """
    return re.sub(r"\W+", "_", name).strip("_").lower() or "table"


def unread_files(folder: Path) -> list[str]:
    """Return the names of what lies in ``raw/`` and is of no form that can be read."""
    if not folder.is_dir():
        return []
    read = {file.resolve() for parts in raw_files(folder).values() for file in parts}
    return [
        entry.name
        for entry in sorted(folder.iterdir())
        if not entry.name.startswith(".") and entry.is_file() and entry.resolve() not in read
    ]


def fingerprint(files: list[Path], root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file, by its path within a folder."""
    found = {}
    for file in files:
        with file.open("rb") as stream:
            found[file.relative_to(root).as_posix()] = hashlib.file_digest(
                stream, "sha256"
            ).hexdigest()
    return found
