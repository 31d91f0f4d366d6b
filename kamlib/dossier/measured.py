"""Objectives whose state is read from data: where it stands, against its target."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kamlib.dossier.register import readings
from kamlib.period.calendar import trailing_months
from kamlib.tables import shaped


def measured_objectives(
    account_months: pd.DataFrame,
    category_months: pd.DataFrame,
    deliveries: pd.DataFrame,
    interactions: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    plans: dict[str, Path],
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per objective of a plan that names a measure: its value, and its target.

    Measures are ``revenue``, ``margin_rate``, ``categories`` (how many are bought), ``on_time``
    (share of the orders due), ``satisfaction``, and for one category ``revenue:<category>`` and
    ``category_share:<category>`` (its share of the account's revenue). ``reached_share`` is value /
    target, between 0 and 1; n/a where either is not known. ``year_ago_value`` is the same of the
    12 months before.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.measured_objectives)
    0
    """
    tables = {"months": account_months, "goods": category_months, "due": deliveries}
    rows = []
    for account, reading in readings(plans).items():
        for objective in reading.plan.objectives if reading.plan else ():
            if not objective.measure:
                continue
            own = {n: t[t["account_id"].eq(account)] for n, t in tables.items()}
            own["met"] = interactions[interactions["account_id"].eq(account)]
            now, before = (_value(objective.measure, own, as_of, skip) for skip in (0, 12))
            target = float(objective.target or 0)
            reached = now / target if target > 0 else float("nan")
            rows.append(
                {
                    "account_id": account,
                    "objective_id": objective.id,
                    "text": objective.text,
                    "objective_measure": objective.measure,
                    "value": now,
                    "year_ago_value": before,
                    "target_value": target,
                    "reached_share": min(max(reached, 0.0), 1.0) if reached == reached else reached,
                    "owner": objective.owner,
                    "due_date": objective.due,
                }
            )
    table = shaped("measured_objectives", rows)
    table["name"] = (
        accounts.set_index("account_id")["name"]
        .reindex(table["account_id"])
        .astype("str")
        .to_numpy()
    )
    return table.sort_values(["account_id", "objective_id"]).reset_index(drop=True)


def _value(measure: str, own: dict[str, pd.DataFrame], as_of: pd.Timestamp, skip: int) -> float:
    """Return what is measured, of the 12 months that end so many months before."""
    inside = trailing_months(as_of, 12 + skip)[:12]
    what, _, category = measure.partition(":")
    months = own["months"][own["months"]["month"].isin(inside)]
    goods = own["goods"][own["goods"]["month"].isin(inside)]
    revenue, of_category = months["revenue"].sum(), goods["category"].eq(category)
    if what == "categories":
        return float(goods[goods["revenue"].gt(0)]["category"].nunique())
    if what == "revenue":
        return float(goods.loc[of_category, "revenue"].sum() if category else revenue)
    if what == "on_time":
        due = own["due"][own["due"]["month"].isin(inside)]
        many = due["due_count"].sum()
        return float(1 - due["late_count"].sum() / many) if many else float("nan")
    if what == "satisfaction":
        end = inside[-1]
        met = own["met"][own["met"]["date"].le(end)]
        return float(met[met["date"].gt(end - pd.DateOffset(months=12))]["satisfaction"].mean())
    if revenue <= 0:
        return float("nan")
    if what == "margin_rate":
        return float((revenue - months["cost"].sum(skipna=False)) / revenue)
    return float(goods.loc[of_category, "revenue"].sum() / revenue)
