"""The pages of accounts beside their dossiers: the list of all, that of dossiers, short pages."""

from __future__ import annotations

import nbformat

from kamlib.page import pieces, rows
from kamlib.page.fragments import Fragment
from kamlib.period import Period
from kamlib.story.accounts import cards_account, headline_account
from kamlib.words import count, say


def named_in_front(data: Period, dossiers: list[str]) -> list[str]:
    """Return the accounts that something is to be done about and that have no dossier: each gets a
    short page.
    """
    return [one for one in data.account_actions["account_id"] if one not in set(dossiers)]


def short_page(data: Period, account: str) -> nbformat.NotebookNode:
    """Return the short page of an account as a notebook of outputs."""
    name = str(data.accounts.set_index("account_id").loc[account, "name"])
    said = data.call(headline_account, account_id=account)
    cards = data.call(cards_account, account_id=account)
    return notebook(pieces.headline(None, name, said), pieces.cards(data, cards))


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
    """Return pieces of a page as a notebook that has run."""
    cells = []
    for number, one in enumerate(fragments):
        output = nbformat.v4.new_output(
            "display_data", data={"text/html": one.html, "text/plain": one.text}
        )
        cells.append(nbformat.v4.new_code_cell(id=f"piece-{number}", outputs=[output]))
    return nbformat.v4.new_notebook(cells=cells)
