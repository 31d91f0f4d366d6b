"""What the orders say about each account: the raw measures that criteria are scored from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import SegmentationSettings
from kamlib.book.criteria import MEASURES
from kamlib.holes import NO_HOLES, Holes, is_broken_since
from kamlib.period.months import months_in_holes, trailing_months
from kamlib.tables import shaped

YOUNG_MONTHS = 6
OF_WHOLE_WINDOWS = ("margin", "revenue", "share_of_wallet", "open_wallet")
"""Measures that are amounts of a window, or stand against yearly ones."""


def criterion_measures(
    account_months: pd.DataFrame,
    category_months: pd.DataFrame,
    needs: pd.DataFrame,
    accounts: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
    window_months: int = SegmentationSettings().window_months,
) -> pd.DataFrame:
    """One row per scored account and measure: its value in the window, or why there is none.

    Scored are the accounts with an order in the window, and the key accounts. Rows after ``as_of``
    are ignored. Values are rounded to 12 places, so that a ratio such as 115/100 − 1 meets the
    anchor 0.15 that it equals. ``note_code`` says why there is no value, or what to doubt about it.

    - ``size``: share of the revenue of all scored accounts; those below zero count as zero.
    - ``growth``: revenue of the window / revenue of the window before − 1. n/a when that is not
      positive, when the first order ever came after the first month of the window before (a part
      year is no base), and when the data do not hold that window whole.
    - ``margin_rate``, ``margin``: revenue − cost, less the year's cost to serve where ``accounts``
      has it; as a share of revenue. n/a where the cost of a month of the window is unknown.
    - ``regularity``: share of the window's months with an order, months before the first order
      ever and those in a hole of the data left out. n/a when fewer than 6 months are left.
    - ``breadth``: categories with positive revenue in the window. n/a for all where no order has a
      category.
    - ``share_of_wallet``, ``open_wallet``: revenue in the categories that the account needs / Σ
      their annual spend, and the spend that is not ours. A need whose spend is below what we sell
      is estimated wrongly and counts in neither; n/a where none is left. Where no order has a
      category, an account's revenue stands against the spend on all its needs.
    - ``revenue``: net revenue of the window (book currency).

    Amounts of a window that a hole in the data reaches into (``margin``, ``revenue``, the wallets)
    are n/a: their anchors are those of whole windows. In its margin rate the cost to serve is that
    of the months that are known.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.criterion_measures["measure"].unique().tolist()[:4]
    ['size', 'growth', 'margin_rate', 'regularity']
    """
    known = account_months[account_months["month"] <= as_of]
    months = trailing_months(as_of, 2 * window_months)
    window = known[known["month"].isin(months[window_months:])]
    ids = _scored_ids(window, key_accounts)
    first = known[known["order_day_count"] > 0].groupby("account_id")["month"].min().reindex(ids)
    revenue = _sums(window, "revenue", ids)
    base = _sums(known[known["month"].isin(months[:window_months])], "revenue", ids)
    wallet = _wallet(needs, revenue, category_months, months[window_months:])
    before = trailing_months(as_of, 2 * window_months + 1)[0]
    unknown = months_in_holes(as_of, window_months, holes)
    is_broken = is_broken_since(trailing_months(as_of, window_months + 1)[0], holes)
    served_months = window_months - int(unknown.sum())
    is_held = first_date is None or first_date <= before + pd.Timedelta(days=1)
    measured = {
        "size": _size(revenue),
        "growth": _growth(revenue, base, first, months[0], is_held),
        **_margins(window, revenue, accounts, ids, served_months),
        "regularity": _regularity(window, first, months[window_months:][~unknown], ids),
        "breadth": _breadth(category_months, months[window_months:], ids),
        "share_of_wallet": (wallet["sold"] / wallet["spend"], wallet["note_code"]),
        "open_wallet": (wallet["spend"] - wallet["sold"], wallet["note_code"]),
        "revenue": (revenue, _where(revenue.isna(), "")),
    }
    if is_broken:
        lacking = pd.Series(np.nan, index=ids), pd.Series("broken", index=ids, dtype="str")
        measured |= dict.fromkeys(OF_WHOLE_WINDOWS, lacking)
    parts = [
        pd.DataFrame({"measure": name, "value": value, "note_code": code}, index=ids)
        for name, (value, code) in measured.items()
    ]
    long = pd.concat(parts).rename_axis("account_id").reset_index()
    # + 0.0 turns −0 into 0
    long["value"] = long["value"].astype("float64").round(12) + 0.0
    place = long["measure"].map({name: place for place, name in enumerate(MEASURES)})
    ordered = long.assign(_place=place).sort_values(["account_id", "_place"])
    return shaped("criterion_measures", ordered)


def _scored_ids(window: pd.DataFrame, key_accounts: pd.DataFrame) -> pd.Index:
    ids = set(window.loc[window["order_day_count"] > 0, "account_id"].unique())
    ids |= set(key_accounts.loc[key_accounts["is_key"].astype(bool), "account_id"])
    return pd.Index(sorted(ids), name="account_id", dtype="str")


def _sums(rows: pd.DataFrame, column: str, ids: pd.Index) -> pd.Series:
    # Money has at most 6 places: rounding the sum takes the binary noise out again.
    return rows.groupby("account_id")[column].sum().round(6).reindex(ids, fill_value=0.0)


def _where(condition: pd.Series, code: str) -> pd.Series:
    return pd.Series(np.where(condition, code, ""), index=condition.index, dtype="str")


def _size(revenue: pd.Series) -> tuple[pd.Series, pd.Series]:
    total = revenue.clip(lower=0).sum()
    value = revenue.clip(lower=0) / (total if total > 0 else np.nan)
    return value, _where(value.isna(), "no_revenue")


def _growth(
    revenue: pd.Series,
    base: pd.Series,
    first: pd.Series,
    latest_start: pd.Timestamp,
    is_held: bool,
) -> tuple[pd.Series, pd.Series]:
    no_base, part_base = base <= 0, ~(first <= latest_start)
    value = (revenue / base.where(~(no_base | part_base))) - 1
    code = _where(no_base, "no_base").mask(part_base & ~no_base, "part_base")
    return (value, code) if is_held else (value * np.nan, code.mask(code.ne("no_base"), "short"))


def _margins(
    window: pd.DataFrame,
    revenue: pd.Series,
    accounts: pd.DataFrame,
    ids: pd.Index,
    months: int,
) -> dict[str, tuple[pd.Series, pd.Series]]:
    cost = _sums(window, "cost", ids)
    is_unknown = window["cost"].isna()
    partly = is_unknown.groupby(window["account_id"]).any().reindex(ids, fill_value=False)
    partly = partly.astype(bool)
    serve = pd.Series(0.0, index=ids)
    if "cost_to_serve" in accounts:
        by_account = accounts.drop_duplicates("account_id").set_index("account_id")["cost_to_serve"]
        serve = by_account.reindex(ids).astype("float64").fillna(0.0) * (months / 12)
    margin = (revenue - cost - serve).round(6).mask(partly)
    code = _where(partly, "no_cost" if is_unknown.all() else "cost_unknown")
    rate = margin / revenue.where(revenue > 0)
    return {
        "margin": (margin, code),
        "margin_rate": (rate, code.mask(~partly & (revenue <= 0), "no_revenue")),
    }


def _regularity(
    window: pd.DataFrame, first: pd.Series, months: pd.DatetimeIndex, ids: pd.Index
) -> tuple[pd.Series, pd.Series]:
    bought = window[window["order_day_count"] > 0].groupby("account_id")["month"]
    ordered = bought.nunique().reindex(ids, fill_value=0)
    starts = months.searchsorted(first.fillna(pd.Timestamp("9999-12-31")).to_numpy())
    counted = pd.Series(len(months) - starts, index=ids)
    is_young = counted < min(YOUNG_MONTHS, len(months))
    code = _where(is_young, "young").mask(first.isna(), "no_order")
    return ordered / counted.where(~is_young).astype("float64"), code


def _breadth(
    category_months: pd.DataFrame, months: pd.DatetimeIndex, ids: pd.Index
) -> tuple[pd.Series, pd.Series]:
    named = category_months.dropna(subset=["category"])
    if named.empty:
        return pd.Series(np.nan, index=ids), pd.Series("no_categories", index=ids, dtype="str")
    mine = named[named["month"].isin(months)].groupby(["account_id", "category"])["revenue"]
    sums = mine.sum().round(6)
    counts = sums[sums > 0].groupby("account_id").size().reindex(ids, fill_value=0)
    return counts.astype("float64"), _where(counts.isna(), "")


def _wallet(
    needs: pd.DataFrame,
    revenue: pd.Series,
    category_months: pd.DataFrame,
    months: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Return the spend on needs of the window and what of it we sell, by account id."""
    pair = ["account_id", "category"]
    wanted = needs.groupby(pair)["annual_spend"].sum() * (len(months) / 12)
    named = category_months.dropna(subset=["category"])
    sold = named[named["month"].isin(months)].groupby(pair)["revenue"].sum()
    if named.empty:
        wanted, sold = wanted.groupby("account_id").sum(), revenue
    table = pd.DataFrame({"spend": wanted.round(6)}).query("spend > 0")
    table["sold"] = sold.reindex(table.index).fillna(0.0).round(6)
    good = table[table["sold"].le(table["spend"])].groupby("account_id").sum()
    good = good.reindex(revenue.index).assign(note_code="")
    has_needs = good.index.isin(table.index.get_level_values("account_id"))
    code = np.where(has_needs, "wallet_too_low", "no_needs")
    return good.assign(note_code=np.where(good["spend"].isna(), code, ""))
