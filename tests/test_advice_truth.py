"""What was planted is advised upon, in practice companies that nothing was tuned on."""

from __future__ import annotations

import pandas as pd
import pytest

import kamlib as kam
from kamlib.practice import company, write_company

KINDS = ("spring_buyer", "missed_season", "one_order", "slow_decline", "renewals")
FIRST = 8000


def seen(seed, folder):
    """Return what the report of the fourth quarter says of the accounts planted."""
    made = company(seed, story=KINDS, accounts=60)
    write_company(made, folder)
    q = kam.open_period(folder, "2025-Q4")
    planted = made.truth.set_index("story")["account_id"].to_dict()
    status = q.account_status.set_index("account_id")["status"]
    verdict = q.account_standing.set_index("account_id")["verdict"]
    notice = made.truth[made.truth["story"].eq("renewals")]
    soon = notice[notice["date"].le(q.span.shift(1).end) & notice["date"].gt(q.as_of)]
    due = q.due_renewals.query("agreement_id.str.startswith('R')")
    return {
        "seed": seed,
        "spring called lost": status[planted["spring_buyer"]] in ("lost", "overdue"),
        "missed season found": status[planted["missed_season"]] in ("lost", "overdue"),
        "one order promoted": verdict[planted["one_order"]] == "promote",
        "decline named": planted["slow_decline"] in set(q.account_declines["account_id"]),
        "renewals seen": set(soon["account_id"]) <= set(due["account_id"]) and len(soon) == 3,
    }


def table_of(seeds, folder):
    rows = [seen(seed, folder / str(seed)) for seed in seeds]
    return pd.DataFrame(rows).set_index("seed").mean()


def test_what_is_planted_is_seen_in_one_company(tmp_path):
    found = table_of([FIRST], tmp_path)
    assert found.to_dict() == {
        "spring called lost": 0.0,
        "missed season found": 1.0,
        "one order promoted": 0.0,
        "decline named": 1.0,
        "renewals seen": 1.0,
    }


@pytest.mark.soak
def test_what_is_planted_is_seen_in_a_hundred_companies(tmp_path):
    found = table_of(range(FIRST, FIRST + 100), tmp_path)
    assert found["spring called lost"] <= 0.05, found
    assert found["missed season found"] >= 0.80, found
    assert found["one order promoted"] <= 0.05, found
    assert found["decline named"] >= 0.95, found
    assert found["renewals seen"] == 1.0, found
