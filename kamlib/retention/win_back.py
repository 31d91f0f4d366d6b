"""Whom to win back: the chance of a return by reason, what a second life is worth, and the list under a budget."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, sparse, stats

from kamlib.retention.order_days import looked_up, window_sums

UNKNOWN = "not recorded"
_RATES = {
    "reason": "str", "spell_count": "int64", "return_count": "int64", "return_probability": "float64",
    "return_low": "float64", "return_high": "float64", "second_life_share": "float64", "note": "str",
}  # fmt: skip
_LIST = {
    "account_id": "str", "name": "str", "manager_id": "str", "manager_name": "str", "last_order_date": "datetime64[us]",
    "reason": "str", "offer": "str", "cost": "float64", "return_probability": "float64", "return_low": "float64",
    "return_high": "float64", "probability_source": "str", "last_year_margin": "float64", "expected_margin": "float64",
    "value": "float64", "is_chosen": "bool", "why_not": "str",
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
    """One row per reason, and one for all: how many lost accounts came back within a year of being seen as lost.

    From the book's own history: the table ``lost_accounts``, of which only losses count that were detected at
    least ``within_days`` ago (the others may still return). The rate of a reason is drawn towards that of all
    losses as if ``prior_spells`` spells more had been seen at that rate (beta-binomial; the rate of all with
    Jeffreys' half a return and half a loss added); the interval is the 95 % one of the resulting beta
    distribution. With fewer than ``min_spells`` losses in all: no rate. ``second_life_share``: margin
    (revenue where costs are unknown) of the 12 months after the return / of the 12 months before the loss,
    summed over the accounts that came back and whose 12 months are over; at least 5 of them. These are
    accounts that came back by themselves or by whatever was done then: the rate is not what an offer adds.

    Columns
    -------
    reason: the recorded reason, "not recorded", or "all"
    spell_count: losses old enough to judge
    return_count: of these came back in time
    return_probability: chance of a return, drawn towards all
    return_low: lower end of its 95 % interval
    return_high: upper end
    second_life_share: margin after the return / before the loss; n/a with fewer than 5 returns
    note: what keeps a figure from being known
    """
    spells = lost[lost["last_order_date"].notna()]
    spells = spells[spells["detection_date"].le(as_of - pd.Timedelta(days=within_days))]
    spells = spells.assign(reason=spells["reason"].fillna(UNKNOWN))
    waited = (spells["return_date"] - spells["detection_date"]).dt.days
    spells["is_back"] = waited.le(within_days)
    total, back = len(spells), int(spells["is_back"].sum())
    if not total:
        return pd.DataFrame({c: pd.Series(dtype=t) for c, t in _RATES.items()})
    table = spells.groupby("reason").agg(spell_count=("is_back", "size"), return_count=("is_back", "sum")).reset_index()
    rate = (back + 0.5) / (total + 1)
    a = table["return_count"] + prior_spells * rate
    b = table["spell_count"] - table["return_count"] + prior_spells * (1 - rate)
    _add_beta(table, a, b)
    overall = pd.DataFrame({"reason": ["all"], "spell_count": [total], "return_count": [back]})
    _add_beta(overall, pd.Series([back + 0.5]), pd.Series([total - back + 0.5]))
    table = pd.concat(
        [table.sort_values(["spell_count", "reason"], ascending=[False, True]), overall], ignore_index=True
    )
    table["second_life_share"] = _second_life(spells[spells["is_back"]], account_days, as_of)
    table["note"] = None
    if total < min_spells:
        table[["return_probability", "return_low", "return_high"]] = np.nan
        table["note"] = f"only {total} losses old enough to judge"
    return table[list(_RATES)].astype(_RATES)


def win_back(
    status: pd.DataFrame,
    lost: pd.DataFrame,
    offers: pd.DataFrame,
    rates: pd.DataFrame,
    *,
    budget: float | None = None,
    second_life_share: float | None = None,
) -> pd.DataFrame:
    """One row per lost account: the best offer for it, what to expect of it, and whether the budget should go there.

    Value = P(return) × expected margin of the second life − cost of the offer, over the first 12 months after
    a return. P(return): the book's own rate for the recorded reason (``return_rates``), else the offer's
    ``return_probability``, else n/a. Expected margin: margin of the 12 months to the last order ×
    ``second_life_share`` (the book's setting, else the share seen at returned accounts; n/a without either).
    The cost is paid per offer made; a discount belongs in the margin. An offer with a reason is made only to
    accounts lost for that reason. At most one offer per account; the chosen ones maximise the total value
    under ``budget`` (None: no limit), solved exactly as an integer programme.

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
    value: expected value of making the offer
    is_chosen: on the list
    why_not: why the account is not on the list
    """
    gone = status[status["status"].eq("lost")]
    open_spells = lost[lost["last_order_date"].notna() & lost["return_date"].isna()]
    reasons = open_spells.drop_duplicates("account_id").set_index("account_id")["reason"]
    table = gone[["account_id", "name", "manager_id", "manager_name", "last_order_date", "last_year_margin"]].copy()
    table["reason"] = looked_up(table["account_id"], reasons).astype("str").fillna(UNKNOWN)
    share = second_life_share
    if share is None and len(rates):
        share = rates["second_life_share"].iloc[0]
    table["expected_margin"] = table["last_year_margin"] * (np.nan if share is None else share)
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
    table["why_not"] = _why_not(table, offers, share)
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
    pairs = pairs[pairs["for_reason"].isna() | pairs["for_reason"].eq(pairs["reason"])].reset_index(drop=True)
    own = rates.drop_duplicates("reason").set_index("reason")
    for column in ("return_probability", "return_low", "return_high"):
        of_reason = looked_up(pairs["reason"], own[column]).astype("float64")
        pairs[column] = of_reason.fillna(own[column].get("all", np.nan))
    is_own = pairs["return_probability"].notna()
    pairs["return_probability"] = pairs["return_probability"].fillna(pairs["given_probability"])
    source = np.select([is_own, pairs["return_probability"].notna()], ["own returns", "offer"], "")
    pairs["probability_source"] = pd.Series(source, index=pairs.index).replace("", None).astype("str")
    pairs["value"] = pairs["return_probability"] * pairs["expected_margin"] - pairs["cost"]
    return pairs


def _chosen(pairs: pd.DataFrame, budget: float | None) -> np.ndarray:
    """Return which pairs maximise the total value: one offer an account at most, the cost within the budget."""
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


def _why_not(table: pd.DataFrame, offers: pd.DataFrame, share: float | None) -> pd.Series:
    """Return for each account that is not on the list the first thing in its way."""
    no_share = share is None or share != share
    reasons = np.select(
        [
            table["is_chosen"],
            np.full(len(table), offers.empty),
            table["offer"].isna(),
            table["last_year_margin"].isna(),
            np.full(len(table), no_share),
            table["return_probability"].isna(),
            table["value"].le(0),
        ],
        [
            "",
            "the book has no offers",
            "no offer fits the reason",
            "its margin is not known",
            "worth of a second life not known: too few returns, and no [win_back] second_life_share",
            "chance of a return not known: too few returns, and none given with the offer",
            "the offer costs more than it can be expected to bring",
        ],
        "the budget brings more elsewhere",
    )
    return pd.Series(reasons, index=table.index).replace("", None).astype("str")


def _add_beta(table: pd.DataFrame, a: pd.Series, b: pd.Series) -> None:
    table["return_probability"] = a / (a + b)
    table["return_low"], table["return_high"] = stats.beta.ppf(0.025, a, b), stats.beta.ppf(0.975, a, b)


def _second_life(back: pd.DataFrame, account_days: pd.DataFrame, as_of: pd.Timestamp) -> float:
    over = back[back["return_date"].le(as_of - pd.DateOffset(years=1))]
    if len(over) < 5:
        return np.nan
    first = over["return_date"] - pd.Timedelta(days=1)
    spans = over[["account_id"]].assign(after_date=first, until_date=first + pd.DateOffset(years=1))
    after = window_sums(account_days, spans)
    money = "margin" if after["margin"].notna().all() and over["margin_lost"].notna().all() else "revenue"
    before = over[f"{money}_lost"].sum()
    return float(after[money].sum() / before) if before > 0 else np.nan
