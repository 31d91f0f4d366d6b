"""What the orders say about each account: the raw measures that criteria are scored from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book.criteria import MEASURES
from kamlib.period.calendar import trailing_months

YOUNG_MONTHS = 6
BASE_MONTHS_LATE = 3
COLUMNS = ["account_id", "measure", "value", "note"]


def criterion_measures(
    account_months: pd.DataFrame,
    category_months: pd.DataFrame | None = None,
    needs: pd.DataFrame | None = None,
    accounts: pd.DataFrame | None = None,
    key_accounts: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    window_months: int = 12,
) -> pd.DataFrame:
    """One row per scored account and measure: its value in the window, or why there is none.

    Scored are the accounts with an order in the window, and the key accounts of ``key_accounts``
    (``account_id``, ``is_key``). Rows after ``as_of`` are ignored. Values are rounded to 12 places,
    so that a ratio such as 115/100 − 1 meets the anchor 0.15 that it equals.

    - ``growth``: revenue of the window / revenue of the window before − 1. n/a when that is not
      positive, and when the first order ever came after the third month of the window before (a
      part year is no base).
    - ``margin_rate``, ``margin``: revenue − cost, less the year's cost to serve where ``accounts``
    has it; as a share
      of revenue. n/a where the cost of a month of the window is unknown.
    - ``regularity``: share of the window's months with an order, months before the first order
      ever left out. n/a when fewer than 6 months are left.
    - ``breadth``: categories with positive revenue in the window. n/a for all where no order has a
    category. - ``share_of_wallet``, ``open_wallet``: revenue / Σ annual spend of the account's
    needs, and
      the spend that is not ours (never below 0). n/a without needs.
    - ``revenue``: net revenue of the window (book currency).

    Columns
    -------
    account_id: the account
    measure: growth, margin_rate, regularity, breadth, share_of_wallet, revenue, margin or
        open_wallet
    value: the measure (rates and shares 0–1, money in the book's currency); NaN where it cannot be
        known
    note: why there is no value, or what to doubt about it; blank otherwise
    """
    known = account_months[account_months["month"] <= as_of]
    months = trailing_months(as_of, 2 * window_months)
    window = known[known["month"].isin(months[window_months:])]
    ids = _scored_ids(window, key_accounts)
    if ids.empty:
        return pd.DataFrame(
            {"account_id": pd.Series(dtype="str"), "measure": pd.Series(dtype="str"),
             "value": pd.Series(dtype="float64"), "note": pd.Series(dtype="str")}
        )  # fmt: skip
    first = known[known["order_day_count"] > 0].groupby("account_id")["month"].min().reindex(ids)
    revenue = _sums(window, "revenue", ids)
    base = _sums(known[known["month"].isin(months[:window_months])], "revenue", ids)
    wallet = _wallet(needs, ids) * (window_months / 12)
    measured = {
        "growth": _growth(
            revenue, base, first, months[min(BASE_MONTHS_LATE, window_months) - 1], window_months
        ),
        **_margins(window, revenue, accounts, ids, window_months),
        "regularity": _regularity(window, first, months[window_months:], ids),
        "breadth": _breadth(category_months, months[window_months:], ids),
        "share_of_wallet": _share_of_wallet(revenue, wallet),
        "open_wallet": (
            (wallet - revenue).clip(lower=0),
            _where(wallet.isna(), "no needs recorded"),
        ),
        "revenue": (revenue, _where(revenue.isna(), "")),
    }
    rows = [
        pd.DataFrame(
            {"account_id": ids, "measure": name, "value": value.to_numpy(), "note": note.to_numpy()}
        )
        for name in MEASURES
        for value, note in [measured[name]]
    ]
    long = pd.concat(rows, ignore_index=True).astype(
        {"account_id": "str", "measure": "str", "note": "str"}
    )
    long["value"] = long["value"].astype("float64").round(12) + 0.0
    order = long["measure"].map({name: place for place, name in enumerate(MEASURES)})
    return long.assign(_place=order).sort_values(["account_id", "_place"], ignore_index=True)[
        COLUMNS
    ]


def _scored_ids(window: pd.DataFrame, key_accounts: pd.DataFrame | None) -> pd.Index:
    ids = set(window.loc[window["order_day_count"] > 0, "account_id"])
    if key_accounts is not None and len(key_accounts):
        ids |= set(key_accounts.loc[key_accounts["is_key"].astype(bool), "account_id"])
    return pd.Index(sorted(ids), name="account_id", dtype="str")


def _sums(rows: pd.DataFrame, column: str, ids: pd.Index) -> pd.Series:
    # Money has at most 6 places: rounding the sum takes the binary noise out again.
    return rows.groupby("account_id")[column].sum().round(6).reindex(ids, fill_value=0.0)


def _where(condition: pd.Series, text: str) -> pd.Series:
    return pd.Series(np.where(condition, text, ""), index=condition.index, dtype="str")


def _growth(
    revenue: pd.Series, base: pd.Series, first: pd.Series, latest_start: pd.Timestamp, months: int
) -> tuple[pd.Series, pd.Series]:
    no_base, part_base = base <= 0, ~(first <= latest_start)
    value = (revenue / base.where(~(no_base | part_base))) - 1
    note = _where(no_base, f"no revenue in the {months} months before the window")
    return value, note.mask(
        part_base & ~no_base, f"first order within the {months} months before the window"
    )


def _margins(
    window: pd.DataFrame,
    revenue: pd.Series,
    accounts: pd.DataFrame | None,
    ids: pd.Index,
    months: int,
) -> dict[str, tuple[pd.Series, pd.Series]]:
    cost = _sums(window, "cost", ids)
    partly = (
        window["cost"]
        .isna()
        .groupby(window["account_id"])
        .any()
        .reindex(ids, fill_value=False)
        .astype(bool)
    )
    serve = pd.Series(0.0, index=ids)
    if accounts is not None and "cost_to_serve" in accounts:
        by_account = accounts.drop_duplicates("account_id").set_index("account_id")["cost_to_serve"]
        serve = by_account.reindex(ids).fillna(0.0) * (months / 12)
    margin = (revenue - cost - serve).round(6).mask(partly)
    unknown = (
        "no cost in the orders"
        if window["cost"].isna().all()
        else "cost unknown in part of the window"
    )
    note = _where(partly, unknown)
    rate = margin / revenue.where(revenue > 0)
    return {
        "margin": (margin, note),
        "margin_rate": (rate, note.mask(~partly & (revenue <= 0), "no revenue in the window")),
    }


def _regularity(
    window: pd.DataFrame, first: pd.Series, months: pd.DatetimeIndex, ids: pd.Index
) -> tuple[pd.Series, pd.Series]:
    ordered = (
        window[window["order_day_count"] > 0]
        .groupby("account_id")["month"]
        .nunique()
        .reindex(ids, fill_value=0)
    )
    starts = months.searchsorted(first.fillna(months[-1] + pd.Timedelta(days=1)).to_numpy())
    counted = pd.Series(len(months) - starts, index=ids)
    is_young = counted < min(YOUNG_MONTHS, len(months))
    note = _where(is_young, f"first order less than {YOUNG_MONTHS} months ago").mask(
        first.isna(), "no order yet"
    )
    return ordered / counted.where(~is_young).astype("float64"), note


def _breadth(
    category_months: pd.DataFrame | None, months: pd.DatetimeIndex, ids: pd.Index
) -> tuple[pd.Series, pd.Series]:
    named = None if category_months is None else category_months.dropna(subset=["category"])
    if named is None or named.empty:
        return pd.Series(np.nan, index=ids), _where(
            pd.Series(True, index=ids), "no categories in the orders"
        )
    sums = (
        named[named["month"].isin(months)]
        .groupby(["account_id", "category"])["revenue"]
        .sum()
        .round(6)
    )
    counts = (
        sums[sums > 0].groupby("account_id").size().reindex(ids, fill_value=0).astype("float64")
    )
    return counts, _where(counts.isna(), "")


def _wallet(needs: pd.DataFrame | None, ids: pd.Index) -> pd.Series:
    if needs is None or needs.empty:
        return pd.Series(np.nan, index=ids)
    spend = needs.groupby("account_id")["annual_spend"].sum().round(6).reindex(ids)
    return spend.where(spend > 0)


def _share_of_wallet(revenue: pd.Series, wallet: pd.Series) -> tuple[pd.Series, pd.Series]:
    share = revenue / wallet
    note = _where(wallet.isna(), "no needs recorded")
    return share, note.mask(share > 1, "above 1: the account's spend is estimated too low")
