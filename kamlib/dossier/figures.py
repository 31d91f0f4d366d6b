"""Figures: the account's position in numbers, each with the year before."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.dossier.history import NO_CATEGORY
from kamlib.dossier.shape import DATE, NUMBER, TEXT, covers_year_before, in_window, shaped
from kamlib.tables import each

_FIGURES = {
    "account_id": TEXT, "figure": TEXT, "unit": TEXT, "value": NUMBER, "year_ago_value": NUMBER, "source": TEXT,
    "evidence_date": DATE, "note": TEXT,
}  # fmt: skip


def dossier_figures(
    account_days: pd.DataFrame,
    account_months: pd.DataFrame,
    account_id: str,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    category_totals: pd.DataFrame | None = None,
    promises: pd.DataFrame | None = None,
    incidents: pd.DataFrame | None = None,
    wallet: pd.DataFrame | None = None,
    owed: pd.DataFrame | None = None,
    pipeline: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per figure of the account: the window, and the same window a year before.

    The first six come from orders alone; each further table adds its figure. A figure whose table
    is empty is left out. Where an account's costs are not known throughout, there is no margin.
    Where the book's data begin (``first_date``) within the year before, its values are n/a.

    Columns
    -------
    account_id: the account
    figure: what it is
    unit: money, share, count or days
    value: as of the day
    year_ago_value: a year before; n/a where it cannot be known
    source: the table it rests on
    evidence_date: the latest day it rests on
    note: how to read it

    >>> days = pd.DataFrame({"account_id": ["A"], "date": [pd.Timestamp("2025-09-20")], "revenue": [10.0]})
    >>> months = pd.DataFrame({"account_id": ["A"], "month": [pd.Timestamp("2025-09-30")], "revenue": [10.0]})
    >>> table = dossier_figures(days, months, "A", as_of=pd.Timestamp("2025-09-30"))
    >>> table[["figure", "value"]].head(3).values.tolist()
    [['revenue', 10.0], ['order days', 1.0], ['revenue per order day', 10.0]]
    """
    rows = [
        *_order_figures(account_days, account_months, account_id, as_of, first_date),
        *_category_figures(category_totals),
        *_service_figures(promises, incidents, interactions, account_id, as_of),
        *_money_figures(wallet, owed, pipeline, account_id),
    ]
    return shaped(
        [{"account_id": account_id, "evidence_date": as_of, "note": "", **row} for row in rows],
        _FIGURES,
    )


def _row(figure: str, unit: str, value: Any, before: Any, source: str, **more: Any) -> dict:
    return {
        "figure": figure,
        "unit": unit,
        "value": value,
        "year_ago_value": before,
        "source": source,
        **more,
    }


def _order_figures(
    days: pd.DataFrame,
    months: pd.DataFrame,
    account_id: str,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
) -> list[dict]:
    days = days[days["account_id"].eq(account_id) & days["date"].le(as_of) & days["revenue"].gt(0)]
    months = months[months["account_id"].eq(account_id)]
    if days.empty and months.empty:
        return []
    a_year_ago = as_of - pd.DateOffset(years=1)
    first = days["date"].min()
    known = pd.notna(first) and first <= a_year_ago and covers_year_before(first_date, as_of)
    latest = days["date"].max()
    now, before = in_window(months, as_of), in_window(months, as_of, skip=12)
    revenue, earlier = now["revenue"].sum(), before["revenue"].sum() if known else float("nan")
    on_days = days["date"].gt(a_year_ago).sum()
    then = (
        days["date"]
        .between(a_year_ago - pd.DateOffset(years=1), a_year_ago, inclusive="right")
        .sum()
    )
    earlier_days = float(then) if known else float("nan")
    year = {"note": "12 months", "evidence_date": latest}
    rows = [_row("revenue", "money", revenue, earlier, "orders", **year)]
    margin, margin_before = _margin(now), _margin(before) if known else float("nan")
    if pd.notna(margin):
        rows.append(_row("margin", "money", margin, margin_before, "orders", **year))
        rate_before = margin_before / earlier if earlier and earlier > 0 else float("nan")
        rate = margin / revenue if revenue > 0 else float("nan")
        rows.append(_row("margin rate", "share", rate, rate_before, "orders", **year))
    rows.append(_row("order days", "count", on_days, earlier_days, "orders", **year))
    per_day = revenue / on_days if on_days else float("nan")
    per_day_before = earlier / then if known and then else float("nan")
    rows.append(_row("revenue per order day", "money", per_day, per_day_before, "orders", **year))
    silence = float((as_of - latest).days) if pd.notna(latest) else float("nan")
    gap = days["date"].drop_duplicates().sort_values().diff().dt.days.median()
    usual = f"usual gap {gap:.0f} days" if pd.notna(gap) else "no usual gap yet"
    rows.append(
        _row(
            "silence",
            "days",
            silence,
            float("nan"),
            "orders",
            note=f"since the last order; {usual}",
            evidence_date=latest,
        )
    )
    return rows


def _margin(months: pd.DataFrame) -> float:
    if months.empty or "cost" not in months or months["cost"].isna().any():
        return float("nan")
    return float(months["revenue"].sum() - months["cost"].sum())


def _category_figures(totals: pd.DataFrame | None) -> list[dict]:
    if totals is None or totals.empty or totals["category"].eq(NO_CATEGORY).all():
        return []
    now, earlier = totals["revenue"].gt(0).sum(), totals["previous_revenue"]
    before = earlier.gt(0).sum() if earlier.notna().any() else None
    latest = totals["last_month"].max()
    return [
        _row(
            "categories bought",
            "count",
            now,
            before,
            "orders",
            note="12 months",
            evidence_date=latest,
        )
    ]


def _service_figures(
    promises, incidents, interactions, account_id: str, as_of: pd.Timestamp
) -> list[dict]:
    rows = []
    if promises is not None and len(promises):
        now, before = promises.tail(4), promises.iloc[-8:-4]
        shares = [
            q["on_time_count"].sum() / q["due_count"].sum() if q["due_count"].sum() else None
            for q in (now, before)
        ]
        if shares[0] is not None:
            note = f"{now['late_count'].sum()} of {now['due_count'].sum()} late, 12 months"
            rows.append(_row("on time", "share", shares[0], shares[1], "orders", note=note))
    if incidents is not None and len(incidents):
        is_open, oldest = (
            incidents["is_open"],
            incidents.loc[incidents["is_open"], "opened_date"].min(),
        )
        a_year_ago = as_of - pd.DateOffset(years=1)
        was_open = incidents["opened_date"].le(a_year_ago) & ~incidents["resolved_date"].le(
            a_year_ago
        )
        note = (
            f"oldest {incidents.loc[is_open, 'open_days'].max():.0f} days" if is_open.any() else ""
        )
        rows.append(
            _row(
                "open incidents",
                "count",
                is_open.sum(),
                was_open.sum(),
                "incidents",
                note=note,
                evidence_date=oldest,
            )
        )
    if interactions is not None and len(interactions):
        own = interactions[
            interactions["account_id"].eq(account_id) & interactions["date"].le(as_of)
        ]
        marks = own.dropna(subset="satisfaction").sort_values("date")
        before = marks[marks["date"].le(as_of - pd.DateOffset(years=1))]
        if len(marks):
            then = before["satisfaction"].iloc[-1] if len(before) else None
            latest = marks.iloc[-1]
            rows.append(
                _row("satisfaction", "count", latest["satisfaction"], then, "interactions", note="latest mark, of 10",
                     evidence_date=latest["date"])
            )  # fmt: skip
    return rows


def _money_figures(wallet, owed, pipeline, account_id: str) -> list[dict]:
    rows, none = [], float("nan")
    if wallet is not None and wallet["annual_spend"].gt(0).any():
        good = wallet[wallet["annual_spend"].gt(0) & ~wallet["is_bad_estimate"]]
        bad = int(wallet["is_bad_estimate"].sum())
        spend = good["annual_spend"].sum()
        note = f"{bad} bad estimates left out" if bad else ""
        rows.append(
            _row(
                "share of wallet",
                "share",
                good["revenue"].sum() / spend if spend else none,
                none,
                "needs",
                note=note,
            )
        )
    if owed is not None and len(owed):
        own = owed[owed["account_id"].eq(account_id)]
        for row in each(own):
            note = f"{row.overdue_count} invoices" if row.overdue_count else ""
            rows.append(_row("overdue", "money", row.overdue_amount, none, "invoices", note=note))
            rows.append(
                _row(
                    "days late, paying",
                    "days",
                    row.mean_late_days,
                    none,
                    "invoices",
                    note=row.trend,
                )
            )
    if pipeline is not None and len(pipeline):
        own = pipeline[pipeline["account_id"].eq(account_id)]
        if len(own):
            note = f"{len(own)} open, {own['weighted_value'].isna().sum()} not weighted"
            rows.append(
                _row("weighted pipeline", "money", own["weighted_value"].sum(), none, "opportunities", note=note,
                     evidence_date=own["opened_date"].max())
            )  # fmt: skip
    return rows
