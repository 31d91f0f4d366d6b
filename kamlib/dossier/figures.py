"""Figures: the account's position in numbers, each with the year before."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.dossier.history import NO_CATEGORY
from kamlib.dossier.window import in_window
from kamlib.holes import NO_HOLES, Holes, gap_days, silence_days
from kamlib.period.months import is_base_whole
from kamlib.tables import each, shaped

_NAN = float("nan")


def dossier_figures(
    account_days: pd.DataFrame,
    account_months: pd.DataFrame,
    category_totals: pd.DataFrame,
    promises_kept: pd.DataFrame,
    account_incidents: pd.DataFrame,
    interactions: pd.DataFrame,
    wallet: pd.DataFrame,
    money_owed: pd.DataFrame,
    pipeline: pd.DataFrame,
    account_status: pd.DataFrame | None = None,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per figure of the account: the window, and the same window a year before.

    The first six come from orders alone; each further table adds its figure. A figure whose table
    is empty is left out. Where an account's costs are not known throughout, there is no margin.
    Where the book's data begin (``first_date``) within the year before, its values are n/a.

    What the note says of a figure is ``noted_count`` (late, badly estimated, overdue or not
    weighted), out of ``noted_of_count``; ``noted_days`` (the usual gap, the oldest incident); and
    ``trend`` (of the days late).

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.dossier_figures["figure"].tolist()[:4]
    ['revenue', 'margin', 'margin rate', 'order days']
    """
    rows = [
        *_order_figures(account_days, account_months, account_status, as_of, first_date, holes),
        *_category_figures(category_totals, account_days, as_of),
        *_service_figures(promises_kept, account_incidents, as_of),
        *_satisfaction(interactions, as_of),
        *_money_figures(wallet, money_owed, pipeline),
    ]
    known = {"account_id": account_id, "evidence_date": as_of}
    return shaped("dossier_figures", [known | row for row in rows])


def _row(
    figure: str, unit: str, value: Any, before: Any = _NAN, source: str = "orders", **more: Any
) -> dict:
    row = {"figure": figure, "unit": unit, "value": value, "year_ago_value": before}
    return {**row, "source": source, **more}


def _order_figures(
    days: pd.DataFrame,
    months: pd.DataFrame,
    status: pd.DataFrame | None,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    holes: Holes,
) -> list[dict]:
    days = days[days["date"].le(as_of) & days["revenue"].gt(0)]
    if days.empty and months.empty:
        return []
    a_year_ago = as_of - pd.DateOffset(years=1)
    two_years_ago = a_year_ago - pd.DateOffset(years=1)
    first, latest = days["date"].min(), days["date"].max()
    known = pd.notna(first) and first <= a_year_ago and is_base_whole(first_date, as_of, holes)
    now, before = in_window(months, as_of), in_window(months, as_of, skip=12)
    revenue, earlier = now["revenue"].sum(), before["revenue"].sum() if known else _NAN
    on_days = days["date"].gt(a_year_ago).sum()
    then = days["date"].between(two_years_ago, a_year_ago, inclusive="right").sum()
    day = {"evidence_date": latest}
    rows = [_row("revenue", "money", revenue, earlier, **day)]
    margin, margin_before = _margin(now), _margin(before) if known else _NAN
    if pd.notna(margin):
        rate = margin / revenue if revenue > 0 else _NAN
        rate_before = margin_before / earlier if earlier and earlier > 0 else _NAN
        rows.append(_row("margin", "money", margin, margin_before, **day))
        rows.append(_row("margin rate", "share", rate, rate_before, **day))
    per_day = revenue / on_days if on_days else _NAN
    per_day_before = earlier / then if known and then else _NAN
    gap = gap_days(days["date"].drop_duplicates().sort_values(), holes).median()
    silent = silence_days(latest, as_of, holes)
    if status is not None and len(status):
        silent = status["silence_days"].iloc[0]
    return [
        *rows,
        _row("order days", "count", on_days, float(then) if known else _NAN, **day),
        _row("revenue per order day", "money", per_day, per_day_before, **day),
        _row("silence", "days", silent, noted_days=gap, **day),
    ]


def _margin(months: pd.DataFrame) -> float:
    if months.empty or months["cost"].isna().any():
        return _NAN
    return float(months["revenue"].sum() - months["cost"].sum())


def _category_figures(totals: pd.DataFrame, days: pd.DataFrame, as_of: pd.Timestamp) -> list[dict]:
    if totals["category"].eq(NO_CATEGORY).all():
        return []
    now, earlier = totals["revenue"].gt(0).sum(), totals["previous_revenue"]
    before = earlier.gt(0).sum() if earlier.notna().any() else _NAN
    latest = days.loc[days["date"].le(as_of) & days["revenue"].gt(0), "date"].max()
    return [_row("categories bought", "count", now, before, evidence_date=latest)]


def _service_figures(
    promises: pd.DataFrame, incidents: pd.DataFrame, as_of: pd.Timestamp
) -> list[dict]:
    rows = []
    counts = ["on_time_count", "late_count", "due_count"]
    now, before = promises.tail(4)[counts].sum(), promises.iloc[-8:-4][counts].sum()
    if now["due_count"]:
        share = now["on_time_count"] / now["due_count"]
        then = before["on_time_count"] / before["due_count"] if before["due_count"] else _NAN
        noted = {"noted_count": now["late_count"], "noted_of_count": now["due_count"]}
        rows.append(_row("on time", "share", share, then, **noted))
    if len(incidents):
        a_year_ago = as_of - pd.DateOffset(years=1)
        is_open, opened = incidents["is_open"], incidents["opened_date"]
        was_open = opened.le(a_year_ago) & ~incidents["resolved_date"].le(a_year_ago)
        noted = {
            "noted_days": incidents.loc[is_open, "open_days"].max(),
            "evidence_date": opened[is_open].min(),
        }
        open_count = is_open.sum()
        rows.append(
            _row("open incidents", "count", open_count, was_open.sum(), "incidents", **noted)
        )
    return rows


def _satisfaction(interactions: pd.DataFrame, as_of: pd.Timestamp) -> list[dict]:
    marks = interactions[interactions["date"].le(as_of)].dropna(subset="satisfaction")
    if marks.empty:
        return []
    marks = marks.sort_values("date")
    before = marks.loc[marks["date"].le(as_of - pd.DateOffset(years=1)), "satisfaction"]
    latest, then = marks.iloc[-1], before.iloc[-1] if len(before) else _NAN
    day, value = latest["date"], latest["satisfaction"]
    return [_row("satisfaction", "count", value, then, "interactions", evidence_date=day)]


def _money_figures(wallet: pd.DataFrame, owed: pd.DataFrame, pipeline: pd.DataFrame) -> list[dict]:
    rows = []
    if wallet["annual_spend"].gt(0).any():
        good = wallet[wallet["annual_spend"].gt(0) & ~wallet["is_bad_estimate"]]
        spend, bad = good["annual_spend"].sum(), wallet["is_bad_estimate"].sum()
        share = good["revenue"].sum() / spend if spend else _NAN
        rows.append(_row("share of wallet", "share", share, source="needs", noted_count=bad))
    for row in each(owed):
        many = {"source": "invoices", "noted_count": row.overdue_count}
        rows.append(_row("overdue", "money", row.overdue_amount, **many))
        how = {"source": "invoices", "trend": row.trend}
        rows.append(_row("days late, paying", "days", row.mean_late_days, **how))
    if len(pipeline):
        worth = pipeline["weighted_value"]
        noted = {"noted_count": worth.isna().sum(), "noted_of_count": len(pipeline)}
        day = pipeline["opened_date"].max()
        rows.append(
            _row("weighted pipeline", "money", worth.sum(), source="opportunities", **noted)
            | {"evidence_date": day}
        )
    return rows
