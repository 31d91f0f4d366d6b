"""What was planted is advised upon, in practice companies that nothing was tuned on."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

import kamlib as kam
from kamlib.practice import company, write_company
from kamlib.tables import shaped
from kamlib.verdict import account_declines, account_standing, due_renewals

KINDS = ("spring_buyer", "missed_season", "one_order", "slow_decline", "renewals")
FIRST = 8000


def planted_in(seed, folder):
    """Return a company with what was planted, and its fourth quarter as a report opens it."""
    made = company(seed, story=KINDS, accounts=60)
    write_company(made, folder)
    return made, kam.open_period(folder, "2025-Q4")


def seen(seed, made, q, standing, declines, due):
    """Return what the report says of the accounts planted."""
    planted = made.truth.set_index("story")["account_id"].to_dict()
    stands = standing.set_index("account_id")
    status, verdict = stands["status"], stands["verdict"]
    notice = made.truth[made.truth["story"].eq("renewals")]
    soon = notice[notice["date"].le(q.span.shift(1).end) & notice["date"].gt(q.as_of)]
    due = due.query("agreement_id.str.startswith('R')")
    return {
        "seed": seed,
        "spring called lost": status[planted["spring_buyer"]] in ("lost", "overdue"),
        "missed season found": status[planted["missed_season"]] in ("lost", "overdue"),
        "one order promoted": verdict[planted["one_order"]] == "promote",
        "decline named": planted["slow_decline"] in set(declines["account_id"]),
        "renewals seen": set(soon["account_id"]) <= set(due["account_id"]) and len(soon) == 3,
    }


def as_reported(seed, made, q):
    return seen(seed, made, q, q.account_standing, q.account_declines, q.due_renewals)


def quickly(seed, made, q):
    """The same without what only says whether a lost account is to be won back."""
    standing = q.call(account_standing, win_back=shaped("win_back", []))
    declines = q.call(account_declines, account_standing=standing)
    due = q.call(due_renewals, account_standing=standing)
    return seen(seed, made, q, standing, declines, due)


def alone(seed, folder):
    """What is seen in a company of which nothing is kept."""
    made, q = planted_in(seed, folder)
    found = quickly(seed, made, q)
    shutil.rmtree(folder)
    shutil.rmtree(q.folder)
    return found


def test_what_is_planted_is_seen_in_one_company(tmp_path):
    made, q = planted_in(FIRST, tmp_path / "book")
    found = as_reported(FIRST, made, q)
    assert found == {
        "seed": FIRST,
        "spring called lost": False,
        "missed season found": True,
        "one order promoted": False,
        "decline named": True,
        "renewals seen": True,
    }
    assert quickly(FIRST, made, q) == found


@pytest.mark.soak
def test_what_is_planted_is_seen_in_a_hundred_companies(tmp_path):
    seeds = range(FIRST, FIRST + 100)
    found = pd.DataFrame([alone(seed, tmp_path / str(seed)) for seed in seeds])
    print(found.set_index("seed").astype(int).to_string())
    share = found.drop(columns="seed").mean()
    assert share["spring called lost"] <= 0.05, share
    assert share["missed season found"] >= 0.80, share
    assert share["one order promoted"] <= 0.05, share
    assert share["decline named"] >= 0.95, share
    assert share["renewals seen"] == 1.0, share
