"""What the key account programme has brought: effect on margin, return against cost, payback (M32)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from kamlib.periods import month_of, trailing_months
from kamlib.programme.counterfactual import (
    NEVER,
    OWN_SPREAD_FROM,
    Comparison,
    Floats,
    Spells,
    compare,
    placebo_admissions,
)
from kamlib.programme.shape import COUNT, DATE, NUMBER, TEXT, canonical, shaped

_EFFECT = {
    "account_id": TEXT,
    "admission_date": DATE,
    "months_count": COUNT,
    "past_years_count": COUNT,
    "control_count": COUNT,
    "margin": NUMBER,
    "counterfactual_margin": NUMBER,
    "incremental_margin": NUMBER,
    "effect_share": NUMBER,
    "effect_low_share": NUMBER,
    "effect_high_share": NUMBER,
    "reason": TEXT,
}
_VERDICT = {
    "measure": TEXT,
    "key_count": COUNT,
    "measured_count": COUNT,
    "effect_share": NUMBER,
    "effect_low_share": NUMBER,
    "effect_high_share": NUMBER,
    "placebo_count": COUNT,
    "placebo_share": NUMBER,
    "placebo_low_share": NUMBER,
    "placebo_high_share": NUMBER,
    "verdict": TEXT,
    "reason": TEXT,
}
_RETURN = {
    "month": DATE,
    "months_since_first_cost": NUMBER,
    "key_count": COUNT,
    "margin": NUMBER,
    "counterfactual_margin": NUMBER,
    "incremental_margin": NUMBER,
    "cost": NUMBER,
    "cumulative": NUMBER,
    "cumulative_low": NUMBER,
    "cumulative_high": NUMBER,
}
_PAYBACK = {
    "question": TEXT,
    "month": DATE,
    "months_count": NUMBER,
    "cumulative": NUMBER,
    "cumulative_low": NUMBER,
    "cumulative_high": NUMBER,
    "earliest_date": DATE,
    "latest_date": DATE,
    "answer": TEXT,
}


@dataclass(frozen=True)
class _Panel:
    """Margin of every account in every month, and when each was key."""

    accounts: pd.Index
    months: pd.DatetimeIndex
    margin: Floats
    spells: Spells
    admitted: pd.Series
    measure: str
    unknown: np.ndarray


def programme_effect(
    account_months: pd.DataFrame, tiers: pd.DataFrame, *, as_of: pd.Timestamp, confidence: float = 0.95
) -> pd.DataFrame:
    """One row per account ever admitted: its margin in the programme against what its past let expect.

    The expectation is the regression of the margin on **all** whole years before admission, fitted on accounts of
    comparable size that were not (yet) key in the same months; so neither a good year for everybody nor the fall back
    from a peak counts as an effect. Months begun before the admission belong to neither side. Without costs the
    measure is revenue (see `programme_verdict`). The interval of one account is wide: judge the programme by the verdict.

    Columns
    -------
    account_id: the account
    admission_date: first day in tier key
    months_count: whole months in the programme
    past_years_count: whole years with a margin, in a row, before the admission
    control_count: comparison accounts (the fewest in any year)
    margin: margin of the months in the programme (book currency)
    counterfactual_margin: margin expected without the programme
    incremental_margin: the difference
    effect_share: the difference as a share of the expectation, by the regression of logarithms
    effect_low_share: lower end of its interval
    effect_high_share: upper end of its interval
    reason: why there is no figure, else blank
    """
    panel = _panel(account_months, tiers, as_of)
    if panel is None:
        return shaped([], _EFFECT)
    found, reasons = _compare(panel)
    rows = []
    for k, i in enumerate(found.account):
        low, high = _interval(found.effect[k], found.spread[k], max(found.freedom, 1), confidence)
        inside = found.counterfactual[i] != 0
        rows.append(
            {
                "account_id": panel.accounts[i],
                "months_count": int(inside.sum()),
                "past_years_count": found.past_years[k],
                "control_count": found.control_count[k],
                "margin": found.margin[i].sum(),
                "counterfactual_margin": found.counterfactual[i].sum(),
                "incremental_margin": (found.margin[i] - found.counterfactual[i]).sum(),
                "effect_share": np.expm1(found.effect[k]),
                "effect_low_share": low,
                "effect_high_share": high,
                "reason": "",
            }
        )
    missing = {"months_count": 0, "past_years_count": 0, "control_count": 0}
    rows += [{"account_id": a, **missing, "reason": reason} for a, reason in reasons.items()]
    table = pd.DataFrame(rows, columns=list(_EFFECT))
    table["admission_date"] = table["account_id"].map(panel.admitted)
    return shaped(table.sort_values("account_id", kind="stable"), _EFFECT)


def programme_verdict(
    account_months: pd.DataFrame, tiers: pd.DataFrame, *, as_of: pd.Timestamp, confidence: float = 0.95
) -> pd.DataFrame:
    """One row: the programme's effect on the average key account with its interval, the placebo check, and the verdict.

    The interval rests on the spread between the key accounts (from five of them on; below, between the comparison
    accounts) and on the uncertainty of the regression, clustered by account, with Student's t. Placebo: comparison
    accounts whose size and last year were most like the key accounts' are treated as if they had been admitted; if their
    interval excludes 0, the method is not to be trusted here and the verdict is "cannot be told".

    Columns
    -------
    measure: "margin", or "revenue" where costs are not known
    key_count: accounts ever admitted
    measured_count: of them, those that could be measured
    effect_share: effect on the average key account, as a share of what was expected
    effect_low_share: lower end of its interval
    effect_high_share: upper end of its interval
    placebo_count: accounts in the placebo check
    placebo_share: their "effect"
    placebo_low_share: lower end of its interval
    placebo_high_share: upper end of its interval
    verdict: "gain", "loss", "no effect shown" or "cannot be told"
    reason: one sentence why
    """
    blank = {"measure": "margin", "key_count": 0, "measured_count": 0, "placebo_count": 0, "verdict": "cannot be told"}
    panel = _panel(account_months, tiers, as_of)
    if panel is None:
        return shaped([{**blank, "reason": "No dated tiers: it is not known who was admitted when."}], _VERDICT)
    found, reasons = _compare(panel)
    row = {
        **blank,
        "measure": panel.measure,
        "key_count": len(found.account) + len(reasons),
        "measured_count": len(found.account),
    }
    if not found.account:
        most = pd.Series(list(reasons.values())).value_counts().index[0]
        return shaped([{**row, "reason": f"No key account can be measured; most often: {most}."}], _VERDICT)
    effect, low, high = average_effect(found, confidence=confidence)
    row |= {"effect_share": np.expm1(effect), "effect_low_share": np.expm1(low), "effect_high_share": np.expm1(high)}
    placebo = placebo_admissions(panel.margin, panel.spells, found)
    fooled = False
    if len(placebo.account) >= 2:
        centre, below, above = average_effect(placebo, confidence=confidence)
        fooled = below > 0 or above < 0
        row |= {
            "placebo_count": len(placebo.account),
            "placebo_share": np.expm1(centre),
            "placebo_low_share": np.expm1(below),
            "placebo_high_share": np.expm1(above),
        }
    if fooled:
        verdict, reason = "cannot be told", "Accounts that were never admitted show an effect too (placebo check)."
    elif low > 0:
        verdict, reason = "gain", "The whole interval lies above what was to be expected without the programme."
    elif high < 0:
        verdict, reason = "loss", "The whole interval lies below what was to be expected without the programme."
    else:
        verdict, reason = "no effect shown", "The interval holds both a gain and a loss."
    if row["placebo_count"] == 0:
        reason += " Too few comparable accounts for a placebo check."
    return shaped([{**row, "verdict": verdict, "reason": reason}], _VERDICT)


def average_effect(found: Comparison, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """Return the mean effect in log points and the ends of its interval."""
    effects, spreads = np.array(found.effect), np.array(found.spread)
    count, centre = len(effects), float(np.mean(effects))
    residual = float(np.mean(spreads**2))
    freedom = max(found.freedom, 1)
    if count >= OWN_SPREAD_FROM:
        residual, freedom = float(np.var(effects, ddof=1)), count - 1
    elif count > 1:
        residual = max(residual, float(np.var(effects, ddof=1)))
    error = np.sqrt(count * residual + found.log_influence @ found.log_influence) / count
    half = stats.t.ppf((1 + confidence) / 2, freedom) * error
    return centre, centre - half, centre + half


def programme_return(
    account_months: pd.DataFrame,
    tiers: pd.DataFrame,
    programme_costs: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """One row per month since the first admission or cost: margin above expectation, cost, and their running total.

    Not discounted. Costs are counted in the share of the admitted accounts that could be measured, so that a
    programme is not charged for accounts whose gain nobody can know. The interval is of the cumulative figure: what the past
    does not tell about a key account, and the uncertainty of the regression, clustered by account.

    Columns
    -------
    month: last day of the month
    months_since_first_cost: months since the first month with a cost; n/a without costs
    key_count: measured accounts in the programme in the month
    margin: their margin (book currency)
    counterfactual_margin: expected without the programme
    incremental_margin: the difference
    cost: programme cost counted
    cumulative: incremental margin less cost, up to and with the month
    cumulative_low: lower end of its interval
    cumulative_high: upper end of its interval
    """
    panel = _panel(account_months, tiers, as_of)
    costs = canonical(programme_costs, "programme_costs").dropna(subset=["month"])
    costs = costs[costs["month"] <= as_of]
    if panel is None or panel.measure != "margin":
        return shaped([], _RETURN)
    found, reasons = _compare(panel)
    if not found.account:
        return shaped([], _RETURN)
    counted = len(found.account) / (len(found.account) + len(reasons))
    spent = costs.groupby(month_of(costs["month"], as_of))["cost"].sum() * counted
    inside = found.counterfactual != 0
    table = pd.DataFrame(
        {
            "key_count": inside.sum(axis=0),
            "margin": found.margin.sum(axis=0),
            "counterfactual_margin": found.counterfactual.sum(axis=0),
        },
        index=panel.months,
    )
    early = spent.index[spent.index < panel.months[0]]
    table = pd.concat([pd.DataFrame(0.0, index=early, columns=table.columns), table])
    half = _money_margin(found, confidence)
    table["half"] = np.concatenate([np.zeros(len(early)), half])
    table["cost"] = spent.reindex(table.index).fillna(0.0)
    begins = [panel.months[np.flatnonzero(inside.any(axis=0))[0]], *spent.index[:1]]
    table = table[table.index >= min(begins)]
    table["incremental_margin"] = table["margin"] - table["counterfactual_margin"]
    table["cumulative"] = (table["incremental_margin"] - table["cost"]).cumsum()
    table["cumulative_low"] = table["cumulative"] - table["half"]
    table["cumulative_high"] = table["cumulative"] + table["half"]
    table = table.rename_axis("month").reset_index()
    number = table["month"].dt.year * 12 + table["month"].dt.month
    first = table["month"].eq(spent.index[0]) if len(spent) else pd.Series(False, index=table.index)
    table["months_since_first_cost"] = (number - number[first].iloc[0]).astype(float) if first.any() else np.nan
    return shaped(table, _RETURN)


def programme_payback(programme_return: pd.DataFrame) -> pd.DataFrame:
    """One row per question: when the programme paid for itself, and where it stood 12, 24 and 36 months after the first cost.

    Payback is the first month after the first cost from which the cumulative figure stays at or above zero to the last
    month known. Its earliest and latest dates read the upper and lower end of the interval the same way.

    Columns
    -------
    question: "payback", "12 months", "24 months" or "36 months"
    month: the month of the answer
    months_count: months since the first cost
    cumulative: incremental margin less cost by then (book currency)
    cumulative_low: lower end of its interval
    cumulative_high: upper end of its interval
    earliest_date: payback by the upper end of the interval
    latest_date: payback by the lower end; none: not yet
    answer: in words
    """
    known = programme_return.dropna(subset=["months_since_first_cost"]).reset_index(drop=True)
    rows: list[dict[str, object]] = []
    at = {name: _stays_above(known, name) for name in ("cumulative", "cumulative_low", "cumulative_high")}
    dates = {
        "earliest_date": known["month"][at["cumulative_high"]] if at["cumulative_high"] is not None else pd.NaT,
        "latest_date": known["month"][at["cumulative_low"]] if at["cumulative_low"] is not None else pd.NaT,
    }
    if known.empty:
        answer = "cannot be told"
    elif at["cumulative_low"] is not None:
        answer = "paid back"
    elif at["cumulative_high"] is None:
        answer = "not paid back yet"
    else:
        answer = "cannot be told: the interval holds zero"
    rows.append({"question": "payback", **_stand(known, at["cumulative"]), **dates, "answer": answer})
    for months in (12, 24, 36):
        hit = known.index[known["months_since_first_cost"].eq(months)]
        stand = _stand(known, hit[0] if len(hit) else None)
        answer = "not reached yet" if len(known) else "cannot be told"
        if len(hit):
            low, high = known.loc[hit[0], ["cumulative_low", "cumulative_high"]]
            answer = (
                "above zero" if low >= 0 else "below zero" if high < 0 else "cannot be told: the interval holds zero"
            )
        rows.append({"question": f"{months} months", **stand, "answer": answer})
    return shaped(rows, _PAYBACK)


def _stays_above(known: pd.DataFrame, column: str) -> int | None:
    """Return the row of the first month after the first cost from which the column stays at or above zero."""
    after = known[known["months_since_first_cost"].gt(0)]
    if after.empty or not after[column].iloc[-1] >= 0:
        return None
    below = after.index[~after[column].ge(0)]
    return int(after.index[0] if below.empty else below[-1] + 1)


def _stand(known: pd.DataFrame, at: int | None) -> dict[str, object]:
    if at is None:
        return {"month": pd.NaT, "months_count": np.nan}
    row = known.loc[at]
    return {
        "month": row["month"],
        "months_count": row["months_since_first_cost"],
        **{name: row[name] for name in ("cumulative", "cumulative_low", "cumulative_high")},
    }


def _interval(effect: float, spread: float, freedom: int, confidence: float) -> tuple[float, float]:
    half = stats.t.ppf((1 + confidence) / 2, freedom) * spread
    return float(np.expm1(effect - half)), float(np.expm1(effect + half))


def _money_margin(found: Comparison, confidence: float) -> Floats:
    """Half the width of the interval of the cumulative margin, by month."""
    effects, spreads = np.array(found.effect), np.array(found.spread)
    wider = 1.0
    if len(effects) >= OWN_SPREAD_FROM:
        wider = max(1.0, float(np.var(effects, ddof=1) / max(np.mean(spreads**2), 1e-12)))
    size = found.counterfactual[found.account].sum(axis=1)
    equal = size.sum() ** 2 / max((size**2).sum(), 1e-12)
    freedom = max(min(equal - 1, found.freedom), 2.0)
    variance = wider * found.money_noise + (found.money_influence**2).sum(axis=0)
    return np.asarray(stats.t.ppf((1 + confidence) / 2, freedom) * np.sqrt(variance), dtype=float)


def _compare(panel: _Panel) -> tuple[Comparison, dict[str, str]]:
    is_key = (panel.spells.start < NEVER) | panel.accounts.isin(panel.admitted.index)
    found = compare(panel.margin, panel.spells, counted=is_key & ~panel.unknown)
    reasons = {str(panel.accounts[i]): reason for i, reason in found.reasons.items()}
    reasons |= {str(a): "a cost is missing in its history" for a in panel.accounts[is_key & panel.unknown]}
    reasons |= {str(a): "no orders" for a in panel.admitted.index.difference(panel.accounts)}
    return found, dict(sorted(reasons.items()))


def _panel(account_months: pd.DataFrame, tiers: pd.DataFrame, as_of: pd.Timestamp) -> _Panel | None:
    """Return margins and spells as arrays; None where nobody was admitted or nothing ordered."""
    spells = canonical(tiers, "tiers")
    spells = spells[spells["tier"].eq("key") & spells["start_date"].le(as_of)]
    rows = account_months[account_months["month"] <= as_of] if len(account_months) else account_months
    if spells.empty or rows.empty:
        return None
    first_month = rows["month"].min()
    count = (as_of.year - first_month.year) * 12 + as_of.month - first_month.month + 2
    months = trailing_months(as_of, count)
    months = months[months >= first_month]
    measure = "revenue" if rows["cost"].isna().all() else "margin"
    value = rows["revenue"] - rows["cost"] if measure == "margin" else rows["revenue"]
    wide = (
        rows.assign(value=value)
        .groupby(["account_id", "month"])["value"]
        .sum()
        .unstack("month")
        .reindex(columns=months)
    )
    ordered = (
        rows[rows["revenue"] > 0].groupby("account_id")["month"].min().reindex(wide.index).fillna(as_of)
        if (rows["revenue"] > 0).any()
        else pd.Series(as_of, index=wide.index)
    )
    gaps = rows.assign(value=value)[value.isna()]["account_id"].unique()
    unknown = np.asarray(wide.index.isin(gaps))
    margin = np.nan_to_num(wide.to_numpy(dtype=float))
    first = months.get_indexer(pd.DatetimeIndex(ordered)).astype(np.int64)
    first[unknown] = NEVER  # no comparison account either
    admitted = spells.groupby("account_id")["start_date"].min()
    ended = spells.assign(end=spells["end_date"].where(spells["end_date"].le(as_of)))
    ended = ended.groupby("account_id")["end"].agg(lambda v: pd.NaT if v.isna().any() else v.max())
    start, before = _month_numbers(admitted, months, as_of)
    end, inside = _month_numbers(ended.dropna() + pd.Timedelta(days=1), months, as_of)
    place = {account: i for i, account in enumerate(wide.index)}
    arrays = {name: np.full(len(wide), NEVER, dtype=np.int64) for name in ("start", "before", "end")}
    for account in admitted.index:
        if account in place:
            i = place[account]
            arrays["start"][i], arrays["before"][i] = start[account], before[account]
            arrays["end"][i] = inside.get(account, NEVER)
    return _Panel(wide.index, months, margin, Spells(first=first, **arrays), admitted, measure, unknown)


def _month_numbers(days: pd.Series, months: pd.DatetimeIndex, as_of: pd.Timestamp) -> tuple[dict, dict]:
    """Return per account the first month that begins on or after the day, and the month that holds the day."""
    if days.empty:
        return {}, {}
    holding = month_of(days, as_of)
    begins = month_of(days - pd.Timedelta(days=1), as_of).ne(holding)
    origin = months[0].year * 12 + months[0].month
    number = (holding.dt.year * 12 + holding.dt.month - origin).clip(lower=0)
    return (number + (~begins).astype("int64")).to_dict(), number.to_dict()
