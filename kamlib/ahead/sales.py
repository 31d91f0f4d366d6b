"""Sales by what tells them apart: category, product, region, industry, channel, manager."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from kamlib.period.calendar import Span
from kamlib.period.groups import NOT_RECORDED
from kamlib.period.months import base_months
from kamlib.tables import shaped

DIMENSIONS = ("category", "region", "industry", "channel", "manager")
"""What two of can be crossed; products are many, and stand alone."""

SPANS = ("year", "year_before", "period", "previous_period", "year_ago_period")
PERIODS = SPANS[2:]
"""Of these, and of the 12 months, gross margin and the accounts that bought are told, too."""


def revenue_by(
    sales_cells: pd.DataFrame,
    product_sales: pd.DataFrame,
    accounts: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    previous_span: Span,
    year_ago_span: Span,
    first_date: pd.Timestamp | None,
) -> pd.DataFrame:
    """One row per dimension × group: its sales of the period, beside the periods compared with.

    Dimensions that the book does not record are not there; lines without one of a recorded
    dimension are the group *not recorded*, so that each dimension adds up to all revenue. The
    region is the order's, else the account's; the manager is the one on the order, else the
    account's. ``period_change_share`` is against the same period a year ago. Gross margin and the
    accounts that bought are told of the same periods and of the 12 months; a margin is n/a where a
    cost is unknown. Times that the data do not hold from their first day on are n/a. Orders are not
    told: one order has lines of several categories and products.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sums = q.revenue_by.groupby("dimension")["period_revenue"].sum().round(2)
    >>> sums.nunique()
    1
    """
    cells = _named(sales_cells, accounts, managers)
    parts = [
        _summed(cells, {"group": one}).assign(dimension=one)
        for one in DIMENSIONS
        if _is_recorded(cells[one])
    ]
    if _is_recorded(product_sales["product_id"]):
        named = product_sales.assign(product=product_sales["product_id"].fillna(NOT_RECORDED))
        parts.append(_summed(named, {"group": "product"}).assign(dimension="product"))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    held = _held(as_of, previous_span, year_ago_span, first_date)
    return shaped("revenue_by", _compared(table, held, ["dimension"]))


def revenue_by_two(
    sales_cells: pd.DataFrame,
    accounts: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    previous_span: Span,
    year_ago_span: Span,
    first_date: pd.Timestamp | None,
) -> pd.DataFrame:
    """One row per two dimensions × their groups: sales as ``revenue_by`` has them, crossed.

    Every pair of the recorded dimensions but products, each pair once; cells without any sale are
    not there.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> pair = q.revenue_by_two.query("dimension == 'category' and second_dimension == 'region'")
    >>> bool(np.isclose(pair["year_revenue"].sum(), q.sales_cells["year_revenue"].sum()))
    True
    """
    cells = _named(sales_cells, accounts, managers)
    known = [one for one in DIMENSIONS if _is_recorded(cells[one])]
    parts = [
        _summed(cells, {"group": one, "second_group": two}).assign(
            dimension=one, second_dimension=two
        )
        for one, two in combinations(known, 2)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    held = _held(as_of, previous_span, year_ago_span, first_date)
    return shaped("revenue_by_two", _compared(table, held, ["dimension", "second_dimension"]))


def working_days(span: Span) -> int:
    """Return how many days from Monday to Friday a period has, holidays among them.

    >>> from kamlib.period.calendar import parse_period
    >>> working_days(parse_period("2025-Q3"))
    66
    """
    first, after = span.start.date(), (span.end + pd.Timedelta(days=1)).date()
    return int(np.busday_count(first, after))


def crossed(revenue_by_two: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return the rows of one pair of dimensions."""
    of_first = revenue_by_two["dimension"].eq(first)
    return revenue_by_two[of_first & revenue_by_two["second_dimension"].eq(second)]


def _named(cells: pd.DataFrame, accounts: pd.DataFrame, managers: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with the groups of every dimension as readers know them."""
    of = accounts.set_index("account_id")
    names = managers.dropna(subset=["name"]).set_index("manager_id")["name"]
    manager = cells["manager_id"].fillna(cells["account_id"].map(of["manager_id"]))
    groups = {
        "category": cells["category"],
        "region": cells["region"].fillna(cells["account_id"].map(of["region"])),
        "industry": cells["account_id"].map(of["industry"]),
        "channel": cells["channel"],
        "manager": manager.map(names).astype("str").fillna(manager),
    }
    named = {name: group.astype("str").fillna(NOT_RECORDED) for name, group in groups.items()}
    return cells.drop(columns=["manager_id"]).assign(**named)


def _is_recorded(groups: pd.Series) -> bool:
    """Return whether a dimension tells anything apart."""
    return bool((groups.notna() & groups.ne(NOT_RECORDED)).any())


def _summed(cells: pd.DataFrame, by: dict[str, str]) -> pd.DataFrame:
    """Return the sums by some groups, exact to the cent, and how many accounts bought."""
    groups = list(by.values())
    times = {"year": "", **{one: f"{one}_" for one in PERIODS}}
    revenues, costs = [f"{one}_revenue" for one in SPANS], [f"{one}_cost" for one in times]
    own = cells.groupby([*groups, "account_id"])[revenues].sum().round(6)
    bought = own.gt(0).groupby(groups).sum()
    sums = cells.groupby(groups)[[*revenues, *costs]].sum(skipna=False).round(6)
    for span, name in times.items():
        sums[f"{name}gross_margin"] = (sums[f"{span}_revenue"] - sums[f"{span}_cost"]).round(6)
        sums[f"{name}account_count"] = bought[f"{span}_revenue"]
    return sums.rename_axis(list(by)).reset_index()


def _held(
    as_of: pd.Timestamp,
    previous: Span,
    year_ago: Span,
    first_date: pd.Timestamp | None,
) -> dict[str, bool]:
    """Return which of the earlier times the data hold from their first day on."""
    starts = {"previous_period": previous.start, "year_ago_period": year_ago.start}
    held = {name: first_date is not None and first_date <= day for name, day in starts.items()}
    return {**held, "year_before": first_date is not None and base_months(first_date, as_of) == 12}


def _compared(table: pd.DataFrame, held: dict[str, bool], within: list[str]) -> pd.DataFrame:
    """Return the sums with their change and share, the largest of each dimension first."""
    if table.empty:
        return table
    spans = [f"{span}_revenue" for span in SPANS]
    table = table[table[spans].ne(0).any(axis=1)]
    untold = tuple(f"{span}_" for span, is_held in held.items() if not is_held)
    gone = [name for name in map(str, table) if name.startswith(untold)]
    table = table.assign(**dict.fromkeys(gone, np.nan))
    now, ago = table["period_revenue"], table["year_ago_period_revenue"]
    year = table["year_revenue"]
    whole = table.groupby(within)["year_revenue"].transform("sum")
    table = table.assign(
        period_change=now - ago,
        period_change_share=((now - ago) / ago).where(ago > 0),
        gross_margin_rate=(table["gross_margin"] / year).where(year > 0),
        revenue_share=(year / whole).where(whole > 0),
        place=table["dimension"].map({name: n for n, name in enumerate([*DIMENSIONS, "product"])}),
        size=-np.fmax(year, now),
    )
    groups = [name for name in ("group", "second_group") if name in table]
    return table.sort_values(["place", *within[1:], "size", *groups], kind="stable")
