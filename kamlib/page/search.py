"""The search over accounts that every page carries: names, ids and where each account's page is."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from kamlib.page.fragments import json_of

MOST_BYTES = 40_000
"""Most that a page spends on the search; the accounts beyond it stand in the list of all."""
PLACES = ("", "accounts", "dossiers")
"""Folder of an account's page by its place: none, so the list of all; a short page; a dossier."""


def account_search(
    accounts: pd.DataFrame, places: Mapping[str, int], names: Mapping[str, str]
) -> Markup:
    r"""Return the accounts as a page carries them, in few bytes: as many of the first as have room.

    ``accounts`` has ``account_id`` and ``name``, those to find first on top; ``places`` says where
    the page of an account is, ``names`` how its file is called.

    >>> accounts = pd.DataFrame({"account_id": ["A1", "B/2"], "name": ["Größle", "Bo"]})
    >>> print(account_search(accounts, {"A1": 2, "B/2": 1}, {"A1": "A1", "B/2": "b-2"}))
    {"names":"Größle\nBo","ids":"A1\nB/2","places":"21","files":{"1":"b-2"},"whole":true}
    """
    names_: list[str] = []
    ids: list[str] = []
    where: list[str] = []
    files: dict[str, str] = {}
    size = 80
    for account, name in zip(accounts["account_id"], accounts["name"], strict=True):
        plain, place = " ".join(str(name).split())[:80], places.get(account, 0)
        file = names[account] if place and names[account] != account else ""
        size += len(f"{plain}{account}{file}".encode()) + 3 + (10 if file else 0)
        if size > MOST_BYTES or "\n" in account:
            break
        if file:
            files[str(len(ids))] = file
        names_.append(plain)
        ids.append(account)
        where.append(str(place))
    return json_of(
        {
            "names": "\n".join(names_),
            "ids": "\n".join(ids),
            "places": "".join(where),
            "files": files,
            "whole": len(ids) == len(accounts),
        }
    )
