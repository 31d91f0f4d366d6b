"""How the tables of a book hang together: ids that no other table knows, spells that end before
they begin or run beside each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from kamlib.intake.notices import Notice
from kamlib.words import count, listed

_SPELLS = {
    "tiers": ("start_date", "end_date"),
    "agreements": ("start_date", "end_date"),
    "invoices": ("invoice_date", "due_date"),
    "incidents": ("opened_date", "resolved_date"),
    "opportunities": ("opened_date", "closed_date"),
}
_KNOWN_BY = {"manager_id": "managers", "contact_id": "contacts"}


def tie_notices(
    frames: Mapping[str, pd.DataFrame], accounts: Collection[str], present: Collection[str]
) -> list[Notice]:
    """Return what is worth knowing of rows that no other table knows, and of spells.

    ``accounts`` are those of the order lines; ``present`` the tables that the book has.
    """
    known = {*accounts, *frames["accounts"]["account_id"]}
    notices = []
    for name in (name for name in frames if name in present and name != "accounts"):
        frame = frames[name]
        if "account_id" in frame and (strange := {*frame["account_id"].dropna()} - known):
            notices.append(
                Notice(
                    name,
                    f"{count(len(strange), 'account stands', 'accounts stand')} neither in orders "
                    f"nor in accounts: {listed(sorted(strange))}.",
                    "Write each account_id as the orders do, or add it to accounts.",
                )
            )
    for column, table in _KNOWN_BY.items():
        if table not in present or column not in frames[table]:
            continue
        for name in (name for name in frames if name in present and name != table):
            own = {*frames[name].get(column, pd.Series(dtype="str")).dropna()}
            if strange := own - {*frames[table][column]}:
                notices.append(
                    Notice(
                        name,
                        f"No row of {table} has the {column} {listed(sorted(strange))}.",
                        f"Write it as in {table}, or add it there.",
                    )
                )
    for name in (name for name in _SPELLS if name in present):
        notices += _backwards(name, frames[name])
    return notices + (_beside(frames["tiers"]) if "tiers" in present else [])


def _backwards(name: str, frame: pd.DataFrame) -> list[Notice]:
    start, end = _SPELLS[name]
    found = frame[frame[end].lt(frame[start])]
    if found.empty:
        return []
    row = found.iloc[0]
    return [
        Notice(
            name,
            f"{count(len(found), 'row ends', 'rows end')} before the start ({end}, {start}), such "
            f"as {row[end]:%Y-%m-%d} and {row[start]:%Y-%m-%d} of account '{row['account_id']}'.",
            "Check the days: one of them is mistyped, or day and month are swapped.",
        )
    ]


def _beside(tiers: pd.DataFrame) -> list[Notice]:
    """Tell of accounts that are in two tiers on one day."""
    spells = tiers.sort_values(["account_id", "start_date"], kind="stable")
    after = spells.groupby("account_id")[["tier", "start_date"]].shift(-1)
    is_open = spells["end_date"].isna() | spells["end_date"].ge(after["start_date"])
    found = spells[after["start_date"].notna() & is_open & spells["tier"].ne(after["tier"])]
    if found.empty:
        return []
    row, later = found.iloc[0], after.loc[found.index[0]]
    return [
        Notice(
            "tiers",
            f"{count(len(found), 'spell runs', 'spells run')} on while the account's next one has "
            f"begun, such as '{row['tier']}' of account '{row['account_id']}', which is "
            f"'{later['tier']}' from {later['start_date']:%Y-%m-%d}.",
            "End each spell on the day before the next: end_date.",
        )
    ]
