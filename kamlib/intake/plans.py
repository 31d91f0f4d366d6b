"""Which account each plan in ``plans/`` belongs to."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from pathlib import Path

from kamlib.book import BookSettings
from kamlib.intake.notices import Notice
from kamlib.intake.sources import plan_account, plan_files


def plans_of(
    folder: Path, accounts: Collection[str], book: BookSettings
) -> tuple[dict[str, Path], list[Path]]:
    """Return the account plans of a book by account, and the plan files that belong to none of the
    accounts.

    A file in ``plans/`` is named for its account. One that is not (the id may be no file name)
    belongs to the account that its key ``account_id`` says, unless that account has a file of its
    own name.
    """
    ids = {_plain(account, book): account for account in accounts}
    files = plan_files(folder)
    found = {ids[name]: file for file in files if (name := _plain(file.stem, book)) in ids}
    named, astray = set(found.values()), []
    for file in (file for file in files if file not in named):
        account = ids.get(_plain(plan_account(file), book))
        if account is None or account in found:
            astray.append(file)
        else:
            found[account] = file
    return found, astray


def plan_notices(folder: Path, accounts: Collection[str], book: BookSettings) -> list[Notice]:
    """Name the plans that belong to no account: nobody would read them."""
    return [
        Notice(
            "plans",
            f"The plan {file.name} belongs to no account, or to one that has another plan; it is "
            "not used.",
            "Name it for its account, or write account_id = … in it as in the orders.",
        )
        for file in plans_of(folder, accounts, book)[1]
    ]


def _plain(account_id: str, book: BookSettings) -> str:
    plain = unicodedata.normalize("NFC", account_id).strip()
    return plain.lower() if book.input.fold_case else plain
