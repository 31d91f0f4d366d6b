"""Whom to win back: what a second life is worth, and the list that brings most in budget."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from kamlib.book import WinBackSettings
from kamlib.choice import published, share_that_came
from kamlib.decided import latest_decisions
from kamlib.retention.budget import most_valuable
from kamlib.retention.losses import UNKNOWN
from kamlib.retention.order_days import looked_up
from kamlib.retention.returns import ALL, CHANCE, LOST_FOR_DAYS, chances, is_closed, time_lost
from kamlib.tables import shaped


def win_back(
    account_status: pd.DataFrame,
    lost_accounts: pd.DataFrame,
    offers: pd.DataFrame,
    return_rates: pd.DataFrame,
    return_choice: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    budget: WinBackSettings = WinBackSettings(),
) -> pd.DataFrame:
    """One row per lost account: the best offer for it, what to expect of it, and whether the budget
    should go there.

    Value = P(return) × expected margin of the second life − cost of the offer, over the 12 months
    after a return. P(return): the book's own rate (``return_rates``) for the recorded reason
    and the time the account has been lost, of all reasons where that foretold as well on the
    book's own past (``estimate_choice``); else the offer's ``return_probability``; else n/a.
    Expected margin: margin of the 12 months to the last order × the share of it that a second
    life brings: the book's setting, else what returned accounts brought, else 1 (assumed;
    ``margin_source`` says which), times what came of the money so expected on the book's past
    where that was far off. The cost is paid per offer made; a discount belongs in the margin.
    An offer with a reason is made only to accounts lost for that reason; at most one offer per
    account. The chosen ones maximise the total value under the budget (none: no limit), solved
    exactly as an integer programme.

    The reason is the one recorded with the loss, else the one written down with a decision taken
    after the last order; words that name the reason of an offer or of a rate in it count as that
    reason. An account whose reason says that it closed (the word "closed" in it) gets no offer.

    ``why_not_code``: the first thing in the way of an account that is not on the list: closed,
    no_offers, no_fit, no_margin, no_chance, no_gain or budget. ``verdict``: an account is *let go*
    when it closed, when its best offer costs more than it can be expected to bring, and when it has
    been lost for a year without an offer on the list; every other one is to be *won back*, with the
    offer or by asking first.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.win_back.loc[q.win_back["is_chosen"], "verdict"].unique().tolist()
    ['win back']
    """
    table = account_status[account_status["status"].eq("lost")].copy()
    is_open = lost_accounts["last_order_date"].notna() & lost_accounts["return_date"].isna()
    reasons = lost_accounts[is_open].drop_duplicates("account_id").set_index("account_id")["reason"]
    told = looked_up(table["account_id"], reasons).astype("str")
    table["reason"] = told.fillna(_decided_for(table, decisions, as_of)).fillna(UNKNOWN)
    table["lost_for_days"] = time_lost(table["detection_date"], as_of)
    seen = return_rates.drop_duplicates("lost_for_days").set_index("lost_for_days")
    share = looked_up(table["lost_for_days"], seen["second_life_share"]).astype("float64")
    known_share = share.notna()
    share = share.fillna(1.0) * share_that_came(return_choice)
    table["margin_source"] = np.where(known_share, "own returns", "assumed: as before the loss")
    if budget.second_life_share is not None:
        share = pd.Series(budget.second_life_share, index=table.index)
        table["margin_source"] = "book setting"
    table["expected_margin"] = table["last_year_margin"] * share
    if published(return_choice, "return") == "naive":
        return_rates = return_rates[return_rates["reason"].eq(ALL)]
    known = {*offers["reason"].dropna(), *return_rates["reason"]} - {ALL, UNKNOWN}
    named = table.assign(reason=_named(table["reason"], known))
    pairs = _pairs(named, offers, return_rates)
    pairs["is_chosen"] = _chosen(pairs, budget.budget)
    best = pairs.sort_values(
        ["account_id", "is_chosen", "offer_value", "cost", "offer"],
        ascending=[True, False, False, True, True],
    )
    best = best.drop_duplicates("account_id").set_index("account_id")
    for column in ("offer", "cost", *CHANCE, "probability_source", "offer_value", "is_chosen"):
        table[column] = looked_up(table["account_id"], best[column])
    # an account without an offer has a chance too
    own = chances(named, return_rates).where(~is_closed(table["reason"]))
    is_own = table["return_probability"].isna() & own["return_probability"].notna()
    table[CHANCE] = table[CHANCE].astype("float64").mask(is_own, own[CHANCE])
    table["probability_source"] = table["probability_source"].mask(is_own, "own returns")
    table["is_chosen"] = table["is_chosen"].eq(True)
    table["why_not_code"] = _why_not(table, offers)
    is_over = table["why_not_code"].isin(["closed", "no_gain"])
    is_old = ~table["is_chosen"] & table["lost_for_days"].ge(LOST_FOR_DAYS[-1])
    table["verdict"] = np.where(is_over | is_old, "let go", "win back")
    table = table.sort_values(
        ["is_chosen", "offer_value", "last_year_margin", "account_id"],
        ascending=[False, False, False, True],
    )
    return shaped("win_back", table.round({"offer_value": 6, "expected_margin": 6}))


def _decided_for(
    table: pd.DataFrame, decisions: pd.DataFrame | None, as_of: pd.Timestamp
) -> pd.Series:
    """Return the reason of the latest decision on each account, where it was taken after its last
    order.
    """
    if decisions is None:
        return pd.Series(index=table.index, dtype="str")
    latest = latest_decisions(decisions, as_of)
    is_later = looked_up(table["account_id"], latest["recorded_date"]).ge(table["last_order_date"])
    reason = looked_up(table["account_id"], latest["recorded_reason"]).astype("str").where(is_later)
    return reason.mask(reason.str.strip().eq(""))


def _named(reason: pd.Series, known: set[str]) -> pd.Series:
    """Return each text as the known reason that it names, the longest of several; else as it is.

    >>> _named(pd.Series(["Left for the Price", "priceless", "late"]), {"price", "late"}).tolist()
    ['price', 'priceless', 'late']
    """
    words = {
        word: re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        for word in sorted(known, key=lambda text: (len(text), text))
    }
    found = {}
    for text in reason.unique():
        named = [word for word, pattern in words.items() if pattern.search(text)]
        found[text] = named[-1] if named and text not in known else text
    return reason.map(found)


def _pairs(table: pd.DataFrame, offers: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """Return every account with every offer that may be made to it, and what it would be worth."""
    given = offers[["offer", "cost", "reason", "return_probability"]].rename(
        columns={"reason": "for_reason", "return_probability": "given_probability"}
    )
    given = given[given["cost"].notna()].sort_values(["offer", "cost"], ignore_index=True)
    open_ones = table[~is_closed(table["reason"])]
    asked = ["account_id", "reason", "lost_for_days", "expected_margin"]
    pairs = open_ones[asked].sort_values("account_id").merge(given, how="cross")
    fits = pairs["for_reason"].eq(pairs["reason"])
    general = pairs["for_reason"].isna() & ~pairs["reason"].isin(given["for_reason"].dropna())
    pairs = pairs[fits | general].reset_index(drop=True)
    pairs[CHANCE] = chances(pairs, rates)[CHANCE]
    is_own = pairs["return_probability"].notna()
    pairs["return_probability"] = pairs["return_probability"].fillna(pairs["given_probability"])
    is_given = pairs["return_probability"].notna()
    source = pd.Series("own returns", index=pairs.index).where(is_own, "offer")
    pairs["probability_source"] = source.where(is_given)
    pairs["offer_value"] = pairs["return_probability"] * pairs["expected_margin"] - pairs["cost"]
    return pairs


def _chosen(pairs: pd.DataFrame, budget: float | None) -> np.ndarray:
    """Return which pairs maximise the total value: one offer an account, the cost within budget."""
    chosen = np.zeros(len(pairs), dtype=bool)
    worth = np.flatnonzero(pairs["offer_value"].gt(0).to_numpy())
    if not len(worth):
        return chosen
    account = pd.factorize(pairs["account_id"].to_numpy()[worth])[0].astype("int64")
    value, cost = (pairs[name].to_numpy(dtype="float64")[worth] for name in ("offer_value", "cost"))
    chosen[worth] = most_valuable(account, value, cost, budget)
    return chosen


def _why_not(table: pd.DataFrame, offers: pd.DataFrame) -> pd.Series:
    """Return for each account that is not on the list the first thing in its way."""
    ways = {
        "": table["is_chosen"],
        "closed": is_closed(table["reason"]),
        "no_offers": pd.Series(offers.empty, index=table.index),
        "no_fit": table["offer"].isna(),
        "no_margin": table["last_year_margin"].isna(),
        "no_chance": table["return_probability"].isna(),
        "no_gain": table["offer_value"].le(0),
    }
    code = np.select(list(ways.values()), list(ways), "budget")
    return pd.Series(code, index=table.index).replace("", None)
