"""Whom to win back: the chance of a return, what a second life is worth, the list in budget."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, sparse, stats

from kamlib.book import WinBackSettings
from kamlib.retention.losses import UNKNOWN
from kamlib.retention.order_days import looked_up, window_sums
from kamlib.tables import shaped

ALL = "all"
LOST_FOR_DAYS = (0, 90, 365)
_CHANCE = ["return_probability", "return_low", "return_high"]


def return_rates(
    lost_accounts: pd.DataFrame,
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    within_days: int = 365,
    min_spells: int = 10,
    prior_spells: float = 10.0,
) -> pd.DataFrame:
    """One row per time lost × reason, and one for all reasons: how many lost accounts came back
    within a year.

    From the book's own history. Most silences that end do so soon, many were no loss at all: what
    counts for an account that has been lost for a while is how many came back of those that had
    been lost as long. So losses are looked at when they were detected, and 90 and 365 days after
    that (``lost_for_days``), each only if it was still one then and the ``within_days`` after it
    are over. A reason counts from the day it was recorded: who comes back at once gets none, and
    those whose reason is only written down later would make "not recorded" a good sign. The rate of
    a reason is drawn towards that of all reasons as if ``prior_spells`` losses more had been seen
    at that rate (beta-binomial; half a return and half a loss are added to all, after Jeffreys);
    the interval is the 95 % one of the resulting beta distribution. Fewer than ``min_spells``
    losses: no rate. ``second_life_share``: margin (revenue where costs are unknown) of the 12
    months after the return / of the 12 months before the loss, summed over accounts that came back
    after having been lost that long; at least 5 of them. These accounts came back by themselves or
    by what was done then: the rate is not what an offer adds.

    Parameters
    ----------
    within_days
        Days in which a return counts.
    min_spells
        Spells that a rate of their own needs.
    prior_spells
        Losses that the rate of all reasons counts for.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.return_rates["lost_for_days"].unique().tolist()
    [0.0, 90.0, 365.0]
    """
    spells = lost_accounts[lost_accounts["last_order_date"].notna()]
    written = (spells["recorded_date"] - spells["detection_date"]).dt.days
    waited = (spells["return_date"] - spells["detection_date"]).dt.days
    parts = []
    for since in LOST_FOR_DAYS:
        judged = spells["detection_date"].le(as_of - pd.Timedelta(days=since + within_days))
        reason = spells["reason"].where(written.le(since)).fillna(UNKNOWN)
        there = spells.assign(reason=reason, is_back=waited.le(since + within_days))
        there = there[judged & ~waited.le(since)]
        if len(there):
            part = _rates(there, min_spells, prior_spells).assign(lost_for_days=since)
            back = there[there["is_back"]]
            parts.append(part.assign(second_life_share=_second_life(back, account_days, as_of)))
    return shaped("return_rates", pd.concat(parts) if parts else [])


def win_back(
    account_status: pd.DataFrame,
    lost_accounts: pd.DataFrame,
    offers: pd.DataFrame,
    return_rates: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    budget: WinBackSettings = WinBackSettings(),
) -> pd.DataFrame:
    """One row per lost account: the best offer for it, what to expect of it, and whether the budget
    should go there.

    Value = P(return) × expected margin of the second life − cost of the offer, over the 12 months
    after a return. P(return): the book's own rate (``return_rates``) for the recorded reason and
    the time the account has been lost; else the offer's ``return_probability``; else n/a. Expected
    margin: margin of the 12 months to the last order × the share of it that a second life brings:
    the book's setting, else what returned accounts brought, else 1 (assumed; ``margin_source`` says
    which). The cost is paid per offer made; a discount belongs in the margin. An offer with a
    reason is made only to accounts lost for that reason; at most one offer per account. The chosen
    ones maximise the total value under the budget (none: no limit), solved exactly as an integer
    programme.

    An account whose recorded reason says that it closed (the word "closed" in it) gets no offer.

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
    table["reason"] = looked_up(table["account_id"], reasons).astype("str").fillna(UNKNOWN)
    lost_for = (as_of - table["detection_date"]).dt.days
    place = np.searchsorted(LOST_FOR_DAYS, lost_for.clip(lower=0), side="right") - 1
    table["lost_for_days"] = np.array(LOST_FOR_DAYS)[place]
    seen = return_rates.drop_duplicates("lost_for_days").set_index("lost_for_days")
    share = looked_up(table["lost_for_days"], seen["second_life_share"]).astype("float64")
    table["margin_source"] = np.where(share.notna(), "own returns", "assumed: as before the loss")
    if budget.second_life_share is not None:
        share = pd.Series(budget.second_life_share, index=table.index)
        table["margin_source"] = "book setting"
    table["expected_margin"] = table["last_year_margin"] * share.fillna(1.0)
    pairs = _pairs(table, offers, return_rates)
    pairs["is_chosen"] = _chosen(pairs, budget.budget)
    best = pairs.sort_values(
        ["account_id", "is_chosen", "offer_value", "cost", "offer"],
        ascending=[True, False, False, True, True],
    )
    best = best.drop_duplicates("account_id").set_index("account_id")
    for column in ("offer", "cost", *_CHANCE, "probability_source", "offer_value", "is_chosen"):
        table[column] = looked_up(table["account_id"], best[column])
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


def _pairs(table: pd.DataFrame, offers: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """Return every account with every offer that may be made to it, and what it would be worth."""
    given = offers[["offer", "cost", "reason", "return_probability"]].rename(
        columns={"reason": "for_reason", "return_probability": "given_probability"}
    )
    given = given[given["cost"].notna()].sort_values(["offer", "cost"], ignore_index=True)
    open_ones = table[~_is_closed(table["reason"])]
    pairs = open_ones.sort_values("account_id").merge(given, how="cross")
    fits = pairs["for_reason"].eq(pairs["reason"])
    general = pairs["for_reason"].isna() & ~pairs["reason"].isin(given["for_reason"].dropna())
    pairs = pairs[fits | general].reset_index(drop=True)
    # the rate of the account's own reason, where there is one, else that of all reasons
    own = rates.set_index(["lost_for_days", "reason"])
    asked = pairs[["lost_for_days", "reason"]]
    by_reason, of_all = (pd.MultiIndex.from_frame(x) for x in (asked, asked.assign(reason=ALL)))
    for column in _CHANCE:
        found, general_rate = (
            pd.Series(own[column].reindex(at).to_numpy(dtype="float64"), index=pairs.index)
            for at in (by_reason, of_all)
        )
        pairs[column] = found.fillna(general_rate)
    is_own = pairs["return_probability"].notna()
    pairs["return_probability"] = pairs["return_probability"].fillna(pairs["given_probability"])
    is_given = pairs["return_probability"].notna()
    source = pd.Series("own returns", index=pairs.index).where(is_own, "offer")
    pairs["probability_source"] = source.where(is_given)
    pairs["offer_value"] = pairs["return_probability"] * pairs["expected_margin"] - pairs["cost"]
    return pairs


def _is_closed(reason: pd.Series) -> pd.Series:
    """Return whether a recorded reason says that the account closed.

    >>> _is_closed(pd.Series(["business closed", "Closed", "price", "closed-source"])).tolist()
    [True, True, False, False]
    """
    return reason.str.contains(r"\bclosed\b(?!-)", case=False, regex=True).eq(True)


def _chosen(pairs: pd.DataFrame, budget: float | None) -> np.ndarray:
    """Return which pairs maximise the total value: one offer an account, the cost within budget."""
    chosen = np.zeros(len(pairs), dtype=bool)
    worth = np.flatnonzero(pairs["offer_value"].gt(0).to_numpy())
    if not len(worth):
        return chosen
    rows = pd.factorize(pairs["account_id"].to_numpy()[worth])[0]
    once = sparse.csr_array((np.ones(len(worth)), (rows, np.arange(len(worth)))))
    limits = [optimize.LinearConstraint(once, ub=1)]
    if budget is not None:
        cost = pairs["cost"].to_numpy()[worth]
        limits.append(optimize.LinearConstraint(sparse.csr_array(cost[None, :]), ub=budget))
    answer = optimize.milp(
        -pairs["offer_value"].to_numpy()[worth],
        constraints=limits,
        integrality=np.ones(len(worth)),
        bounds=optimize.Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    chosen[worth] = answer.x > 0.5
    return chosen


def _why_not(table: pd.DataFrame, offers: pd.DataFrame) -> pd.Series:
    """Return for each account that is not on the list the first thing in its way."""
    ways = {
        "": table["is_chosen"],
        "closed": _is_closed(table["reason"]),
        "no_offers": pd.Series(offers.empty, index=table.index),
        "no_fit": table["offer"].isna(),
        "no_margin": table["last_year_margin"].isna(),
        "no_chance": table["return_probability"].isna(),
        "no_gain": table["offer_value"].le(0),
    }
    code = np.select(list(ways.values()), list(ways), "budget")
    return pd.Series(code, index=table.index).replace("", None)


def _rates(spells: pd.DataFrame, min_spells: int, prior_spells: float) -> pd.DataFrame:
    """Return the rates of all losses together and of each reason drawn towards them."""
    total, back = len(spells), int(spells["is_back"].sum())
    counts = (
        spells.groupby("reason")
        .agg(loss_count=("is_back", "size"), return_count=("is_back", "sum"))
        .reset_index()
    )
    counts = counts.sort_values(["loss_count", "reason"], ascending=[False, True])
    table = pd.concat(
        [pd.DataFrame({"reason": [ALL], "loss_count": [total], "return_count": [back]}), counts],
        ignore_index=True,
    )
    rate = (back + 0.5) / (total + 1)
    is_all = table["reason"].eq(ALL)
    a = table["return_count"] + np.where(is_all, 0.5, prior_spells * rate)
    b = (
        table["loss_count"]
        - table["return_count"]
        + np.where(is_all, 0.5, prior_spells * (1 - rate))
    )
    is_known = total >= min_spells
    table["return_probability"] = a / (a + b) if is_known else np.nan
    for column, end in (("return_low", 0.025), ("return_high", 0.975)):
        table[column] = stats.beta.ppf(end, a, b) if is_known else np.nan
    return table.assign(judged_count=total)


def _second_life(back: pd.DataFrame, account_days: pd.DataFrame, as_of: pd.Timestamp) -> float:
    over = back[back["return_date"].le(as_of - pd.DateOffset(years=1))]
    if len(over) < 5:
        return np.nan
    first = over["return_date"] - pd.Timedelta(days=1)
    spans = over[["account_id"]].assign(after_date=first, until_date=first + pd.DateOffset(years=1))
    after = window_sums(account_days, spans)
    money = (
        "margin"
        if after["margin"].notna().all() and over["margin_lost"].notna().all()
        else "revenue"
    )
    before = over[f"{money}_lost"].sum()
    return float(after[money].sum() / before) if before > 0 else np.nan
