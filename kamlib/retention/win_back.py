"""Whom to win back: what a second life is worth, and the list that brings most in budget."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from kamlib.book import WinBackSettings
from kamlib.choice import published, share_that_came
from kamlib.retention.budget import Flags, Floats, Ints, most_valuable
from kamlib.retention.losses import UNKNOWN
from kamlib.retention.order_days import looked_up
from kamlib.retention.returns import (
    ALL,
    CHANCE,
    LOST_FOR_DAYS,
    RECORDED,
    chances,
    is_closed,
    stretch,
)
from kamlib.tables import shaped

_OF_ACCOUNT = (
    *("account_id", "name", "manager_id", "manager_name", "last_order_date", "detection_date"),
    "last_year_margin",
)


def win_back(
    account_status: pd.DataFrame,
    lost_accounts: pd.DataFrame,
    offers: pd.DataFrame,
    return_rates: pd.DataFrame,
    return_choice: pd.DataFrame | None = None,
    latest_decisions: pd.DataFrame | None = None,
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
    is_lost = account_status["status"].to_numpy(dtype=object) == "lost"
    table = account_status.loc[is_lost, [one for one in _OF_ACCOUNT if one in account_status]]
    told = _told(table, lost_accounts, latest_decisions)
    since = stretch((as_of - table["detection_date"]).dt.days)
    seen = dict(zip(return_rates["lost_for_days"], return_rates["second_life_share"], strict=True))
    share = np.array([seen.get(days, np.nan) for days in LOST_FOR_DAYS], dtype="float64")
    share = share[np.searchsorted(LOST_FOR_DAYS, since)]
    has_share = ~np.isnan(share)
    source = np.where(has_share, "own returns", "assumed: as before the loss").astype(object)
    share = np.where(has_share, share, 1.0) * share_that_came(return_choice)
    if budget.second_life_share is not None:
        share[:], source[:] = budget.second_life_share, "book setting"
    margin = table["last_year_margin"].to_numpy(dtype="float64")
    if published(return_choice, "return") == "naive":
        return_rates = return_rates[return_rates["reason"].eq(ALL)]
    known = {*offers["reason"].dropna(), *return_rates["reason"]} - {ALL, RECORDED, UNKNOWN}
    reason, is_gone = _named(told, known), is_closed(told).to_numpy()
    own = chances(since, reason, return_rates)[:, : len(CHANCE)]
    own[is_gone] = np.nan
    by_account = np.argsort(table["account_id"].to_numpy(dtype=object), kind="stable")
    best = _best_offers(reason, is_gone, own[:, 0], margin * share, by_account, offers, budget)
    value, is_chosen = best["offer_value"], best["is_chosen"]
    ways = {
        "closed": is_gone,
        "no_offers": np.full(len(table), offers.empty),
        "no_fit": pd.isna(best["offer"]),
        "no_margin": np.isnan(margin),
        "no_chance": np.isnan(best["return_probability"]),
        "no_gain": value <= 0,
    }
    why_not = np.select(list(ways.values()), list(ways), "budget").astype(object)
    why_not[is_chosen] = None
    is_over = np.isin(why_not, ["closed", "no_gain"])
    is_old = ~is_chosen & (since >= LOST_FOR_DAYS[-1])
    found = {name: table[name].array for name in table} | {
        "reason": told.array,
        "return_low": own[:, 1],
        "return_high": own[:, 2],
        "expected_margin": (margin * share).round(6),
        "margin_source": source,
        "why_not_code": why_not,
        "verdict": np.where(is_over | is_old, "let go", "win back").astype(object),
        **best,
        "offer_value": value.round(6),
    }
    place = np.argsort(by_account)
    order = np.lexsort((place, -margin, -value, ~is_chosen))
    return shaped("win_back", {name: values.take(order) for name, values in found.items()})


def _told(
    table: pd.DataFrame,
    lost_accounts: pd.DataFrame,
    latest_decisions: pd.DataFrame | None,
) -> pd.Series:
    """Return the reason of each loss: the one recorded with it, else that of the latest decision on
    the account, where it was taken after its last order.
    """
    is_open = lost_accounts["last_order_date"].notna() & lost_accounts["return_date"].isna()
    reasons = lost_accounts.loc[is_open, ["account_id", "reason"]].drop_duplicates("account_id")
    told = looked_up(table["account_id"], reasons.set_index("account_id")["reason"]).astype("str")
    if latest_decisions is not None:
        unsaid = table.loc[told.isna(), ["account_id", "last_order_date"]]
        latest = latest_decisions.reindex(unsaid["account_id"]).set_axis(unsaid.index)
        said = latest["recorded_reason"].astype("str")
        is_later = latest["recorded_date"].ge(unsaid["last_order_date"])
        told = told.fillna(said[is_later & said.str.strip().ne("")])
    return told.fillna(UNKNOWN)


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


def _best_offers(
    reason: pd.Series,
    is_gone: Flags,
    own: Floats,
    expected: Floats,
    by_account: Ints,
    offers: pd.DataFrame,
    budget: WinBackSettings,
) -> dict[str, Any]:
    """Return the best offer for each account, of those that may be made to it: what it costs, how
    likely it brings the account back, what it would be worth, and whether it is chosen.

    The chosen ones are worth most in all: one offer an account, the cost within the budget. ``own``
    is the chance by the book's own returns, ``by_account`` the accounts in the order of their ids.
    """
    given = offers[offers["cost"].notna()].sort_values(["offer", "cost"], ignore_index=True)
    fits = reason.to_numpy(dtype=object)[:, None] == given["reason"].to_numpy(dtype=object)
    general = given["reason"].isna().to_numpy() & ~fits.any(axis=1)[:, None]
    row, offer = np.nonzero(((fits | general) & ~is_gone[:, None])[by_account])
    account = by_account[row]
    cost = given["cost"].to_numpy(dtype="float64")[offer]
    promised = given["return_probability"].to_numpy(dtype="float64")[offer]
    chance = np.where(np.isnan(own[account]), promised, own[account])
    value = chance * expected[account] - cost
    is_chosen = np.zeros(len(value), dtype=bool)
    worth = np.flatnonzero(value > 0)
    if len(worth):
        numbers = np.unique(row[worth], return_inverse=True)[1]
        is_chosen[worth] = most_valuable(numbers, value[worth], cost[worth], budget.budget)
    order = np.lexsort((offer, cost, -value, ~is_chosen, account))
    ids, first = np.unique(account[order], return_index=True)
    best = np.full(len(reason), -1)
    best[ids] = order[first]
    has_offer = best >= 0
    chance = np.where(has_offer & np.isnan(own), np.append(chance, np.nan)[best], own)
    source = np.where(np.isnan(own), "offer", "own returns").astype(object)
    source[np.isnan(chance)] = None
    return {
        "offer": given["offer"].array.take(np.append(offer, -1)[best], allow_fill=True),
        "cost": np.append(cost, np.nan)[best],
        "return_probability": chance,
        "probability_source": source,
        "offer_value": np.append(value, np.nan)[best],
        "is_chosen": np.append(is_chosen, False)[best],
    }
