"""What the key account programme has brought: effect on margin, return against cost, payback (M32)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from kamlib.period.calendar import month_of
from kamlib.programme.comparison import placebo_admissions
from kamlib.programme.panel import compared, panel_of
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


def programme_effect(
    account_months: pd.DataFrame,
    tiers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """One row per account ever admitted: its margin in the programme against what its past let
    expect.

    The expectation is the regression of the margin on **all** whole years before admission, fitted
    on accounts of comparable size that were not (yet) key in the same months; so neither a good
    year for everybody nor the fall back from a peak counts as an effect. Months begun before the
    admission belong to neither side. Without costs the measure is revenue (see
    `programme_verdict`). The interval of one account is wide: judge the programme by the verdict.

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
    effect_share: the difference as a share of the expectation, by the regression
    effect_low_share: lower end of its interval
    effect_high_share: upper end of its interval
    reason: why there is no figure, else blank
    """
    panel = panel_of(account_months, tiers, as_of)
    if panel is None:
        return shaped([], _EFFECT)
    found, reasons = compared(panel)
    rows = []
    for k, i in enumerate(found.account):
        effect = found.surprise[k] / max(found.expected[k], 0.05)
        half = (
            stats.t.ppf((1 + confidence) / 2, max(found.freedom, 1))
            * found.spread[k]
            / max(found.expected[k], 0.05)
        )
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
                "effect_share": effect,
                "effect_low_share": effect - half,
                "effect_high_share": effect + half,
                "reason": "",
            }
        )
    missing = {"months_count": 0, "past_years_count": 0, "control_count": 0}
    rows += [{"account_id": a, **missing, "reason": reason} for a, reason in reasons.items()]
    table = pd.DataFrame(rows, columns=list(_EFFECT))
    table["admission_date"] = table["account_id"].map(panel.admitted)
    return shaped(table.sort_values("account_id", kind="stable"), _EFFECT)


def programme_verdict(
    account_months: pd.DataFrame,
    tiers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """One row: the programme's effect on the average key account with its interval, the placebo
    check, and the verdict.

    The interval rests on the spread between the key accounts (from five of them on; below, between
    the comparison accounts) and on the uncertainty of the regression, clustered by account, with
    Student's t. Placebo: comparison accounts whose size and last year were most like the key
    accounts' are treated as if they had been admitted; if their interval excludes 0, the method is
    not to be trusted here and the verdict is "cannot be told".

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
    blank = {
        "measure": "margin",
        "key_count": 0,
        "measured_count": 0,
        "placebo_count": 0,
        "verdict": "cannot be told",
    }
    panel = panel_of(account_months, tiers, as_of)
    if panel is None:
        return shaped(
            [{**blank, "reason": "No dated tiers: it is not known who was admitted when."}],
            _VERDICT,
        )
    found, reasons = compared(panel)
    row = {
        **blank,
        "measure": panel.measure,
        "key_count": len(found.account) + len(reasons),
        "measured_count": len(found.account),
    }
    if not found.account:
        most = pd.Series(list(reasons.values())).value_counts().index[0]
        return shaped(
            [{**row, "reason": f"No key account can be measured; most often: {most}."}], _VERDICT
        )
    low, high = found.interval(confidence)
    row |= {"effect_share": found.effect, "effect_low_share": low, "effect_high_share": high}
    placebo = placebo_admissions(panel.margin, panel.spells, found)
    fooled = False
    if len(placebo.account) >= 2:
        below, above = placebo.interval(confidence)
        fooled = below > 0 or above < 0
        row |= {
            "placebo_count": len(placebo.account),
            "placebo_share": placebo.effect,
            "placebo_low_share": below,
            "placebo_high_share": above,
        }
    if fooled:
        verdict, reason = (
            "cannot be told",
            "Accounts that were never admitted show an effect too (placebo check).",
        )
    elif low > 0:
        verdict, reason = (
            "gain",
            "The whole interval lies above what was to be expected without the programme.",
        )
    elif high < 0:
        verdict, reason = (
            "loss",
            "The whole interval lies below what was to be expected without the programme.",
        )
    else:
        verdict, reason = "no effect shown", "The interval holds both a gain and a loss."
    if row["placebo_count"] == 0:
        reason += " Too few comparable accounts for a placebo check."
    return shaped([{**row, "verdict": verdict, "reason": reason}], _VERDICT)


def programme_return(
    account_months: pd.DataFrame,
    tiers: pd.DataFrame,
    programme_costs: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """One row per month since the first admission or cost: margin above expectation, cost, and
    their running total.

    Not discounted. Costs are counted in the share of the admitted accounts that could be measured,
    so that a programme is not charged for accounts whose gain nobody can know. The interval is of
    the cumulative figure: what the past does not tell about a key account, and the uncertainty of
    the regression, clustered by account.

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
    panel = panel_of(account_months, tiers, as_of)
    costs = canonical(programme_costs, "programme_costs").dropna(subset=["month"])
    costs = costs[costs["month"] <= as_of]
    if panel is None or panel.measure != "margin":
        return shaped([], _RETURN)
    found, reasons = compared(panel)
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
    half = found.money_half(confidence)
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
    table["months_since_first_cost"] = (
        (number - number[first].iloc[0]).astype(float) if first.any() else np.nan
    )
    return shaped(table, _RETURN)
