"""The pages of accounts beside their dossiers: the list of all, that of dossiers, short pages."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import nbformat
import numpy as np
import pandas as pd

from kamlib.page import pieces, rows
from kamlib.page.fragments import Fragment
from kamlib.period import Period
from kamlib.period.months import is_base_whole, trailing_months
from kamlib.story.accounts import cards_account, headline_account
from kamlib.words import count, say


def named_in_front(data: Period, dossiers: list[str]) -> list[str]:
    """Return the accounts that something is to be done about and that have no dossier: each gets a
    short page.
    """
    return [one for one in data.account_actions["account_id"] if one not in set(dossiers)]


def short_pages(data: Period, accounts: list[str]) -> Iterator[tuple[str, nbformat.NotebookNode]]:
    """Yield the short page of each account as a notebook of outputs: each is told from its own rows
    alone, which are looked for once for all.
    """
    if not accounts:
        return
    listed = data.accounts.set_index("account_id")["name"]
    standing = _by_account(data.account_standing, accounts)
    actions = _by_account(data.told("account_actions"), accounts)
    status = _by_account(data.account_status, accounts)
    months = _two_years(data, accounts)
    is_whole = is_base_whole(data.first_date, data.as_of, data.holes)
    for account in accounts:
        said = headline_account(account, standing[account][0], actions.get(account, []))
        figures = cards_account(status[account][0], months[account], is_base_whole=is_whole)
        head = pieces.headline(None, str(listed[account]), said)
        yield account, notebook(head, pieces.cards(data, figures))


def _by_account(table: pd.DataFrame, accounts: list[str]) -> dict[str, list[dict[Hashable, Any]]]:
    """Return the rows of each of some accounts."""
    found: dict[str, list[dict[Hashable, Any]]] = {}
    for row in table[table["account_id"].isin(accounts)].to_dict("records"):
        found.setdefault(row["account_id"], []).append(row)
    return found


def _two_years(data: Period, accounts: list[str]) -> dict[str, np.ndarray]:
    """Return the revenue of each of some accounts in the 24 months to the as-of day."""
    ends = trailing_months(data.as_of, 24)
    own = data.account_months[data.account_months["account_id"].isin(accounts)]
    own = own[own["month"].isin(ends)]
    revenue = np.zeros((len(accounts), len(ends)))
    row = pd.Index(accounts).get_indexer(pd.Index(own["account_id"]))
    revenue[row, ends.get_indexer(pd.DatetimeIndex(own["month"]))] = own["revenue"].fillna(0.0)
    return dict(zip(accounts, revenue, strict=True))


def account_list(data: Period, addresses: dict[str, str]) -> nbformat.NotebookNode:
    """Return the list of all accounts, each with the page it has."""
    heading = pieces.headline(None, say("Accounts"), [])
    return notebook(heading, rows.table(data.account_list, links=addresses))


def dossier_list(
    data: Period, accounts: list[str], addresses: dict[str, str]
) -> nbformat.NotebookNode:
    """Return the list of dossiers."""
    listed = data.account_list
    title = say("{dossiers}, the largest account first", dossiers=count(len(accounts), "dossier"))
    own = listed[listed["account_id"].isin(accounts)]
    heading = pieces.headline(None, say("Dossiers"), [])
    return notebook(heading, rows.table(own, title=title, links=addresses))


def notebook(*fragments: Fragment) -> nbformat.NotebookNode:
    """Return pieces of a page as a notebook that has run. It is not held against the schema of
    notebooks, which takes as long as all the rest of a short page.
    """
    cells: list[dict] = [
        {
            "cell_type": "code",
            "id": f"piece-{number}",
            "metadata": {},
            "execution_count": None,
            "source": "",
            "outputs": [
                {
                    "output_type": "display_data",
                    "data": {"text/html": one.html, "text/plain": one.text},
                    "metadata": {},
                }
            ],
        }
        for number, one in enumerate(fragments)
    ]
    return nbformat.from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
