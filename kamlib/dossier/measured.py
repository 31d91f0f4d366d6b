"""Objectives whose state is read from data: where it stands, against its target."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kamlib.dossier.objectives import manager_names
from kamlib.dossier.register import readings
from kamlib.period.calendar import Span
from kamlib.period.months import trailing_months
from kamlib.tables import shaped

NAN = float("nan")


def measured_objectives(
    account_months: pd.DataFrame,
    category_months: pd.DataFrame,
    deliveries: pd.DataFrame,
    interactions: pd.DataFrame,
    contacts: pd.DataFrame,
    accounts: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    plans: dict[str, Path],
    as_of: pd.Timestamp,
    previous_span: Span,
) -> pd.DataFrame:
    """One row per objective of a plan that names a measure: its value, and its target.

    Measures are ``revenue``, ``margin_rate``, ``categories`` (how many are bought), ``on_time``
    (share of the orders due), ``satisfaction``, ``users`` (people of the account with that role, as
    known today), and for one category ``revenue:<category>`` and ``category_share:<category>`` (its
    share of the account's revenue). ``reached_share`` is value / target, between 0 and 1;
    ``previous_reached_share`` that at the end of the period before, ``year_ago_value`` the value of
    the 12 months before; n/a where it is not known, or no order has the category. What is measured
    is how far the objective is in its plan (`plan_objectives`), whatever the plan says is done.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.measured_objectives["objective_measure"].tolist()
    ['category_share:Drives']
    """
    tables = {
        "months": account_months,
        "goods": category_months,
        "due": deliveries,
        "met": interactions,
        "people": contacts,
    }
    known = set(category_months["category"].unique())
    names = manager_names(managers)
    ends = trailing_months(as_of, 13)
    days = (as_of, previous_span.end if previous_span.end in ends else None, ends[0])
    rows = []
    measured = [
        (account, objective)
        for account, reading in readings(plans).items()
        for objective in (reading.plan.objectives if reading.plan else ())
        if objective.measure
    ]
    parts = {name: _by_account(t, {one for one, _ in measured}) for name, t in tables.items()}
    for account, objective in measured:
        own = {n: parts[n].get(account, t.head(0)) for n, t in tables.items()}
        of, target = objective.measured_category, float(objective.target or 0)
        is_known = not of or of in known
        values = [
            _value(objective.measure, own, day, as_of) if is_known and day else NAN for day in days
        ]
        now, before, year_ago = values
        rows.append(
            {
                "account_id": account,
                "objective_id": objective.id,
                "text": objective.text,
                "objective_measure": objective.measure,
                "value": now,
                "year_ago_value": year_ago,
                "target_value": target,
                "reached_share": _reached(now, target),
                "previous_reached_share": _reached(before, target),
                "owner": names.get(objective.owner, objective.owner),
                "due_date": objective.due,
                "measured_category": of,
                "is_known_category": is_known,
            }
        )
    table = shaped("measured_objectives", rows)
    named = accounts.set_index("account_id")["name"].reindex(table["account_id"])
    table["name"] = named.astype("str").to_numpy()
    return table.sort_values(["account_id", "objective_id"]).reset_index(drop=True)


def _by_account(table: pd.DataFrame, wanted: set[str]) -> dict[str, pd.DataFrame]:
    """Return the rows of each of some accounts: tables are looked through once for all of them."""
    own = table[table["account_id"].isin(wanted)]
    return {str(account): part for account, part in own.groupby("account_id")}


def _reached(value: float, target: float) -> float:
    return min(max(value / target, 0.0), 1.0) if value == value else NAN


def _value(
    measure: str, own: dict[str, pd.DataFrame], day: pd.Timestamp, as_of: pd.Timestamp
) -> float:
    """Return what is measured, of the 12 months up to a day."""
    inside = trailing_months(day, 12)
    what, _, category = measure.partition(":")
    if what == "users":
        return float(own["people"]["role"].eq("user").sum()) if day == as_of else NAN
    months = own["months"][own["months"]["month"].isin(inside)]
    goods = own["goods"][own["goods"]["month"].isin(inside)]
    revenue, of_category = months["revenue"].sum(), goods["category"].eq(category.strip())
    if what == "categories":
        return float(goods[goods["revenue"].gt(0)]["category"].nunique())
    if what == "revenue":
        return float(goods.loc[of_category, "revenue"].sum() if category else revenue)
    if what == "on_time":
        due = own["due"][own["due"]["month"].isin(inside)]
        many = due["due_count"].sum()
        return float(1 - due["late_count"].sum() / many) if many else NAN
    if what == "satisfaction":
        met = own["met"][own["met"]["date"].le(day)]
        return float(met[met["date"].gt(day - pd.DateOffset(months=12))]["satisfaction"].mean())
    if revenue <= 0:
        return NAN
    if what == "margin_rate":
        return float((revenue - months["cost"].sum(skipna=False)) / revenue)
    return float(goods.loc[of_category, "revenue"].sum() / revenue)
