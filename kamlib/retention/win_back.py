"""Whom to win back: the chance of a return by reason, what a second life is worth, and the list
under a budget.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, sparse, stats

from kamlib.retention.order_days import looked_up, window_sums

UNKNOWN = "not recorded"
ALL = "all"
LOST_FOR_DAYS = (0, 90, 365)
_RATES = {
    "lost_for_days": "int64", "reason": "str", "spell_count": "int64", "return_count": "int64",
    "return_probability": "float64", "return_low": "float64", "return_high": "float64", "second_life_share": "float64",
    "note": "str",
}  # fmt: skip
_LIST = {
    "account_id": "str", "name": "str", "manager_id": "str", "manager_name": "str", "last_order_date": "datetime64[us]",
    "reason": "str", "offer": "str", "cost": "float64", "return_probability": "float64", "return_low": "float64",
    "return_high": "float64", "probability_source": "str", "last_year_margin": "float64", "expected_margin": "float64",
    "margin_source": "str", "value": "float64", "is_chosen": "bool", "why_not": "str",
}  # fmt: skip


def return_rates(
    lost: pd.DataFrame,
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    within_days: int = 365,
    min_spells: int = 10,
    prior_spells: float = 10.0,
) -> pd.DataFrame:
    """One row per time lost × reason, and one for all reasons: how many lost accounts came back
    within a year.

    From the book's own history, the table ``lost_accounts``. Most silences that end do so soon,
        many were no
    loss at all: what counts for an account that has been lost for a while is how many came back of
        those that
    had been lost as long. So losses are looked at when they were detected, and 90 and 365 days
        after that
    (``lost_for_days``), each only if it was still one then and the ``within_days`` after it are
        over. A
    reason counts from the day it was recorded: who comes back at once gets none, and those whose
        reason is
    only written down later would make "not recorded" a good sign. The rate of a reason is drawn
        towards that
    of all reasons as if ``prior_spells`` losses more had been seen at that rate (beta-binomial;
        half a return
    and half a loss are added to all, after Jeffreys); the interval is the 95 % one of the resulting
        beta
    distribution. Fewer than ``min_spells`` losses: no rate. ``second_life_share``: margin (revenue
        where
    costs are unknown) of the 12 months after the return / of the 12 months before the loss, summed
        over
    accounts that came back after having been lost that long; at least 5 of them. These accounts
        came back by
    themselves or by what was done then: the rate is not what an offer adds.

    Columns
    -------
    lost_for_days: days since the loss was detected, at least
    reason: the reason recorded by then, "not recorded", or "all"
    spell_count: losses that lasted that long and are old enough to judge
    return_count: of these came back within a year from then
    return_probability: chance of a return, drawn towards all
    return_low: lower end of its 95 % interval
    return_high: upper end
    second_life_share: margin after the return / before the loss; n/a with fewer than 5 returns
    note: what keeps a figure from being known
    """
    spells = lost[lost["last_order_date"].notna()]
    written = (spells["recorded_date"] - spells["detection_date"]).dt.days
    waited = (spells["return_date"] - spells["detection_date"]).dt.days
    parts = []
    for since in LOST_FOR_DAYS:
        judged = spells["detection_date"].le(as_of - pd.Timedelta(days=since + within_days))
        reason = spells["reason"].where(written.le(since)).fillna(UNKNOWN)
        there = spells.assign(reason=reason, is_back=waited.le(since + within_days))[
            judged & ~waited.le(since)
        ]
        if len(there):
            part = _rates(there, min_spells, prior_spells).assign(lost_for_days=since)
            parts.append(
                part.assign(
                    second_life_share=_second_life(there[there["is_back"]], account_days, as_of)
                )
            )
    if not parts:
        return pd.DataFrame({c: pd.Series(dtype=t) for c, t in _RATES.items()})
    return pd.concat(parts, ignore_index=True)[list(_RATES)].astype(_RATES)


def win_back(
    status: pd.DataFrame,
    lost: pd.DataFrame,
    offers: pd.DataFrame,
    rates: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    budget: float | None = None,
    second_life_share: float | None = None,
) -> pd.DataFrame:
    """One row per lost account: the best offer for it, what to expect of it, and whether the budget
    should go there.

    Value = P(return) × expected margin of the second life − cost of the offer, over the 12 months
    after a return. P(return): the book's own rate (``return_rates``) for the recorded reason and
    the time the account has been lost; else the offer's ``return_probability``; else n/a. Expected
    margin: margin of the 12 months to the last order × the share of it that a second life brings:
    the book's setting ``second_life_share``, else what returned accounts brought, else 1 (assumed;
    ``margin_source`` says which). The cost is paid per offer made; a discount belongs in the
    margin. An offer with a reason is made only to accounts lost for that reason; at most one offer
    per account. The chosen ones maximise the total value under ``budget`` (None: no limit), solved
    exactly as an integer programme.

    Columns
    -------
    account_id: the account
    name: its name
    manager_id: who owns it
    manager_name: the owner's name
    last_order_date: its last order
    reason: the reason recorded for the loss, or "not recorded"
    offer: the offer chosen, else the one of the highest value
    cost: its cost
    return_probability: chance of a return
    return_low: lower end of its 95 % interval; n/a for a probability given by the book
    return_high: upper end
    probability_source: own returns, offer, or blank
    last_year_margin: margin of the 12 months to the last order
    expected_margin: expected margin of the first 12 months after a return
    margin_source: where the share of a second life comes from: own returns, book setting, or
        assumed
    value: expected value of making the offer
    is_chosen: on the list
    why_not: why the account is not on the list
    """
    gone = status[status["status"].eq("lost")]
    open_spells = lost[lost["last_order_date"].notna() & lost["return_date"].isna()]
    reasons = open_spells.drop_duplicates("account_id").set_index("account_id")["reason"]
    table = gone[
        ["account_id", "name", "manager_id", "manager_name", "last_order_date", "last_year_margin"]
    ].copy()
    table["reason"] = looked_up(table["account_id"], reasons).astype("str").fillna(UNKNOWN)
    lost_for = (as_of - gone["detection_date"]).dt.days
    table["lost_for_days"] = np.select(
        [lost_for >= days for days in LOST_FOR_DAYS[::-1]], LOST_FOR_DAYS[::-1], 0
    )
    seen = rates.drop_duplicates("lost_for_days").set_index("lost_for_days")["second_life_share"]
    share = looked_up(table["lost_for_days"], seen).astype("float64")
    source = np.where(share.notna(), "own returns", "assumed: as before the loss")
    if second_life_share is not None:
        share, source = (
            pd.Series(second_life_share, index=table.index),
            np.full(len(table), "book setting"),
        )
    table["expected_margin"] = table["last_year_margin"] * share.fillna(1.0)
    table["margin_source"] = source
    pairs = _pairs(table, offers, rates)
    pairs["is_chosen"] = _chosen(pairs, budget)
    best = pairs.sort_values(
        ["account_id", "is_chosen", "value", "cost", "offer"],
        ascending=[True, False, False, True, True],
    ).drop_duplicates("account_id")
    columns = [
        "offer",
        "cost",
        "return_probability",
        "return_low",
        "return_high",
        "probability_source",
        "value",
    ]
    best = best.set_index("account_id")
    for column in columns:
        table[column] = looked_up(table["account_id"], best[column])
    table["is_chosen"] = looked_up(table["account_id"], best["is_chosen"]).eq(True)
    table["why_not"] = _why_not(table, offers)
    table = table.sort_values(
        ["is_chosen", "value", "last_year_margin", "account_id"],
        ascending=[False, False, False, True],
        ignore_index=True,
    )
    return table[list(_LIST)].astype(_LIST).round({"value": 6, "expected_margin": 6})


def _pairs(table: pd.DataFrame, offers: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """Return every account with every offer that may be made to it, and what it would be worth."""
    given = offers[["offer", "cost", "reason", "return_probability"]].rename(
        columns={"reason": "for_reason", "return_probability": "given_probability"}
    )
    given = given[given["cost"].notna()].sort_values(["offer", "cost"], ignore_index=True)
    pairs = table.sort_values("account_id").merge(given, how="cross")
    fits = pairs["for_reason"].eq(pairs["reason"])
    general = pairs["for_reason"].isna() & ~pairs["reason"].isin(given["for_reason"].dropna())
    pairs = pairs[fits | general].reset_index(drop=True)
    own = rates.set_index(["lost_for_days", "reason"])
    by_reason = pd.MultiIndex.from_frame(pairs[["lost_for_days", "reason"]])
    of_all = pd.MultiIndex.from_frame(pairs[["lost_for_days"]].assign(reason=ALL))
    for column in ("return_probability", "return_low", "return_high"):
        found = pd.Series(own[column].reindex(by_reason).to_numpy(), index=pairs.index).astype(
            "float64"
        )
        pairs[column] = found.fillna(
            pd.Series(own[column].reindex(of_all).to_numpy(), index=pairs.index)
        )
    is_own = pairs["return_probability"].notna()
    pairs["return_probability"] = pairs["return_probability"].fillna(pairs["given_probability"])
    source = np.select([is_own, pairs["return_probability"].notna()], ["own returns", "offer"], "")
    pairs["probability_source"] = (
        pd.Series(source, index=pairs.index).replace("", None).astype("str")
    )
    pairs["value"] = pairs["return_probability"] * pairs["expected_margin"] - pairs["cost"]
    return pairs


def _chosen(pairs: pd.DataFrame, budget: float | None) -> np.ndarray:
    """Return which pairs maximise the total value: one offer an account at most, the cost within
    the budget.
    """
    chosen = np.zeros(len(pairs), dtype=bool)
    worth = np.flatnonzero(pairs["value"].gt(0).to_numpy())
    if not len(worth):
        return chosen
    rows = pd.factorize(pairs["account_id"].to_numpy()[worth])[0]
    once = sparse.csr_array((np.ones(len(worth)), (rows, np.arange(len(worth)))))
    limits = [optimize.LinearConstraint(once, ub=1)]
    if budget is not None:
        cost = pairs["cost"].to_numpy()[worth]
        limits.append(optimize.LinearConstraint(sparse.csr_array(cost[None, :]), ub=budget))
    answer = optimize.milp(
        -pairs["value"].to_numpy()[worth],
        constraints=limits,
        integrality=np.ones(len(worth)),
        bounds=optimize.Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    chosen[worth] = answer.x > 0.5
    return chosen


def _why_not(table: pd.DataFrame, offers: pd.DataFrame) -> pd.Series:
    """Return for each account that is not on the list the first thing in its way."""
    reasons = np.select(
        [
            table["is_chosen"],
            np.full(len(table), offers.empty),
            table["offer"].isna(),
            table["last_year_margin"].isna(),
            table["return_probability"].isna(),
            table["value"].le(0),
        ],
        [
            "",
            "the book has no offers",
            "no offer fits the reason",
            "its margin is not known",
            "chance of a return not known: too few returns, and none given with the offer",
            "the offer costs more than it can be expected to bring",
        ],
        "the budget brings more elsewhere",
    )
    return pd.Series(reasons, index=table.index).replace("", None).astype("str")


def _rates(spells: pd.DataFrame, min_spells: int, prior_spells: float) -> pd.DataFrame:
    """Return the rates of all losses together and of each reason drawn towards them."""
    total, back = len(spells), int(spells["is_back"].sum())
    counts = (
        spells.groupby("reason")
        .agg(spell_count=("is_back", "size"), return_count=("is_back", "sum"))
        .reset_index()
    )
    counts = counts.sort_values(["spell_count", "reason"], ascending=[False, True])
    table = pd.concat(
        [pd.DataFrame({"reason": [ALL], "spell_count": [total], "return_count": [back]}), counts],
        ignore_index=True,
    )
    rate = (back + 0.5) / (total + 1)
    is_all = table["reason"].eq(ALL)
    a = table["return_count"] + np.where(is_all, 0.5, prior_spells * rate)
    b = (
        table["spell_count"]
        - table["return_count"]
        + np.where(is_all, 0.5, prior_spells * (1 - rate))
    )
    known = total >= min_spells
    table["return_probability"] = a / (a + b) if known else np.nan
    table["return_low"] = np.where(known, stats.beta.ppf(0.025, a, b), np.nan)
    table["return_high"] = np.where(known, stats.beta.ppf(0.975, a, b), np.nan)
    return table.assign(note=None if known else f"only {total} losses old enough to judge")


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
