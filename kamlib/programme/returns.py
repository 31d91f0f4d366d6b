"""What the key account programme has brought: effect on margin, and the return against cost."""

from __future__ import annotations

import pandas as pd

from kamlib.period.months import month_of
from kamlib.programme.accounts import names_of
from kamlib.programme.comparison import Comparison
from kamlib.programme.counterfactual import LEAST
from kamlib.programme.uncertainty import (
    account_effects,
    att_interval,
    money_half_width,
    smallest_effect,
)
from kamlib.tables import shaped, typed


def programme_effect(programme_comparison: Comparison, accounts: pd.DataFrame) -> pd.DataFrame:
    """One row per account ever admitted: its margin since the admission against what its past let
    expect.

    The counterfactual is the regression of the margin on **all** whole years before admission,
    fitted on accounts of comparable size that were not (yet) key in the same months; so neither a
    good year for everybody nor the fall back from a peak counts as an effect. An account counts
    from its admission to the last month, also when it left: losing it is a result too. Months begun
    before the admission belong to neither side. Without costs the measure is revenue (see
    `programme_verdict`). The interval of one account is wide: judge the programme by the verdict.

    Parameters
    ----------
    programme_comparison
        The treated accounts against their counterfactual.
    accounts
        The accounts' names.

    Examples
    --------
    An account admitted on the last day known:

    >>> from kamlib.programme import programme_comparison
    >>> day = pd.Timestamp("2025-12-31")
    >>> months = pd.DataFrame({"account_id": ["A", "B"], "month": day, "revenue": 9.0, "cost": 6.0})
    >>> tiers = pd.DataFrame({"account_id": ["A"], "tier": "key", "start_date": day})
    >>> names = pd.DataFrame({"account_id": ["A"], "name": ["Alpha"]})
    >>> found = programme_effect(programme_comparison(months, tiers, as_of=day), names)
    >>> found[["name", "note_code"]].values.tolist()
    [['Alpha', 'few months']]
    """
    found = programme_comparison
    money, spells = found.months.groupby("account_id").sum(), found.panel.spells["admission_date"]
    counts = ["months_count", "past_years_count", "control_count"]
    table = (
        found.notes.to_frame("note_code")
        .join([spells, found.treated[counts], account_effects(found), money])
        .assign(
            incremental_margin=lambda t: t["margin"] - t["counterfactual_margin"],
            least_count=lambda t: t["note_code"].map(LEAST).fillna(0),
        )
        .fillna(dict.fromkeys(counts, 0))
    )
    table = table.rename_axis("account_id").reset_index()
    return shaped("programme_effect", table.assign(name=names_of(table["account_id"], accounts)))


def programme_verdict(
    programme_comparison: Comparison, placebo_comparison: Comparison
) -> pd.DataFrame:
    """One row: the programme's effect on the average key account with its interval, the placebo
    check, and the verdict.

    The effect is the ATT, the average treatment effect on the treated. Its interval rests on the
    spread between the key accounts (from five of them on; below, between the controls) and on the
    uncertainty of the regression, clustered by account, with Student's t. The smallest effect that
    could have been seen is one whose interval lies beyond 0 in four of five cases. Placebo:
    accounts whose size and last year were most like the key accounts' are treated as if they had
    been admitted; if their interval excludes 0, the method is not to be trusted here and the
    verdict is "cannot be told".

    Parameters
    ----------
    programme_comparison, placebo_comparison
        The treated accounts, and accounts treated as if they were, against their counterfactual.

    Examples
    --------
    >>> from kamlib.programme import placebo_comparison, programme_comparison
    >>> months = pd.DataFrame(columns=["account_id", "month", "revenue", "cost"])
    >>> found = programme_comparison(months, pd.DataFrame(), as_of=pd.Timestamp("2025-12-31"))
    >>> verdict = programme_verdict(found, placebo_comparison(found)).iloc[0]
    >>> verdict["verdict"], verdict["note_code"]
    ('cannot be told', 'no tiers')
    """
    found, placebo = programme_comparison, placebo_comparison
    row: dict[str, object] = {
        "measure": found.panel.measure,
        "admitted_count": len(found.notes),
        "measured_count": len(found.treated),
    }
    verdict = "cannot be told"
    if found.treated.empty:
        note = next(iter(found.notes.value_counts().index), "no tiers")
    else:
        low, high = att_interval(found)
        row |= {"effect_share": found.att, "effect_low_share": low, "effect_high_share": high}
        row["smallest_effect_share"] = smallest_effect(found)
        note = verdict = "gain" if low > 0 else "loss" if high < 0 else "no effect shown"
    row["placebo_count"] = len(placebo.treated) if len(placebo.treated) >= 2 else 0
    if row["placebo_count"]:
        low, high = att_interval(placebo)
        row |= {"placebo_share": placebo.att, "placebo_low_share": low, "placebo_high_share": high}
        if low > 0 or high < 0:
            verdict, note = "cannot be told", "placebo"
    row |= {"verdict": verdict, "note_code": note, "least_count": LEAST.get(note, 0)}
    return shaped("programme_verdict", [row])


def programme_return(
    programme_comparison: Comparison, programme_costs: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per month since the first admission or cost: margin above expectation, cost, and
    their running total.

    Not discounted. Costs are counted in the share of the admitted accounts that could be measured,
    so that a programme is not charged for accounts whose gain nobody can know. The interval is of
    the running total. Without costs of orders, or with nobody measured, there are no rows.

    Parameters
    ----------
    programme_comparison
        The treated accounts against their counterfactual.
    programme_costs
        What the programme costs, by month.

    Examples
    --------
    >>> from kamlib.programme import programme_comparison
    >>> day = pd.Timestamp("2025-12-31")
    >>> months = pd.DataFrame(columns=["account_id", "month", "revenue", "cost"])
    >>> found = programme_comparison(months, pd.DataFrame(), as_of=day)
    >>> len(programme_return(found, pd.DataFrame(), as_of=day))
    0
    """
    found = programme_comparison
    if found.treated.empty or found.panel.measure != "margin":
        return shaped("programme_return", [])
    costs = typed(programme_costs, "programme_costs").query("month <= @as_of")
    counted = len(found.treated) / len(found.notes)
    cost = costs.groupby(month_of(costs["month"], as_of))["cost"].sum() * counted
    sold, months = found.months.groupby("month"), found.panel.margin.columns.union(cost.index)
    first = min([*list(sold.groups)[:1], *cost.index[:1]])  # the first admission or cost
    table = (
        sold.sum()
        .assign(key_count=sold.size())
        .reindex(months[months >= first])
        .assign(cost=cost, half=money_half_width(found))
        .fillna(0.0)
        .assign(
            incremental_margin=lambda t: t["margin"] - t["counterfactual_margin"],
            cumulative=lambda t: (t["incremental_margin"] - t["cost"]).cumsum(),
            cumulative_low=lambda t: t["cumulative"] - t["half"],
            cumulative_high=lambda t: t["cumulative"] + t["half"],
        )
        .rename_axis("month")
        .reset_index()
    )
    if len(cost):
        month, paid = table["month"].dt, cost.index[0]
        since = (month.year - paid.year) * 12 + month.month - paid.month
        table["months_since_first_cost"] = since
    return shaped("programme_return", table)
