"""Sales by what tells them apart: category, product, region, industry, channel, manager."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from kamlib.holes import NO_HOLES, Holes, is_known
from kamlib.period.calendar import Span
from kamlib.period.groups import NOT_RECORDED
from kamlib.period.months import is_base_whole, trailing_months
from kamlib.period.served import served_costs
from kamlib.tables import shaped

DIMENSIONS = ("category", "region", "industry", "channel", "manager")
"""What two of can be crossed; products are many, and stand alone."""

SPANS = ("year", "year_before", "period", "previous_period", "year_ago_period")
TOLD = ("year", *SPANS[2:])
"""Of these, margins, orders and the accounts that bought are told, too."""
_ORDER = ["account_id", "order_date", "order_id"]


def revenue_by(
    sales_cells: pd.DataFrame,
    product_sales: pd.DataFrame,
    order_cells: pd.DataFrame,
    split_orders: pd.DataFrame,
    account_days: pd.DataFrame,
    accounts: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    span: Span,
    previous_span: Span,
    year_ago_span: Span,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per dimension × group: its sales of the period, beside the periods compared with.

    Dimensions that the book does not record are not there; lines without one of a recorded
    dimension are the group *not recorded*, so that each dimension adds up to all revenue. The
    region is the order's, else the account's; the manager is the one on the order, else the
    account's. ``period_change_share`` is against the same period a year ago. Margins, orders and
    the accounts that bought are told of the same periods and of the 12 months; a margin is n/a
    where a cost is unknown. Times that the data do not hold from their first day on are n/a, as is
    the period before where they hold some days of the period alone.

    Margin is gross margin less cost to serve: the account's yearly figure, evenly by day, of every
    account with an order line in the 12 months to the time's end. It is shared among what the
    account bought then by revenue, and where it bought nothing by revenue of two years; so each
    dimension adds up to the same margin. An order counts once in each group that one of its lines
    is of, so that orders of categories and products add up to more than there were.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sums = q.revenue_by.groupby("dimension")[["period_revenue", "period_margin"]].sum().round(2)
    >>> sums.nunique().tolist()
    [1, 1]
    """
    spans = _spans(as_of, span, previous_span, year_ago_span)
    costs = served_costs(account_days, accounts, spans)
    cells = _with_service(sales_cells, costs)
    cells, whole, split = (
        _named(one, accounts, managers) for one in (cells, order_cells, split_orders)
    )
    parts = [
        _told(cells, whole, split, {"group": one}).assign(dimension=one)
        for one in DIMENSIONS
        if _is_recorded(cells[one])
    ]
    if _is_recorded(product_sales["product_id"]):
        named = _with_service(product_sales, costs)
        named["product"] = named["product"].fillna(NOT_RECORDED)
        sums = _summed(named, ["product"]).join(_counted(named.groupby("product")))
        parts.append(sums.rename_axis("group").reset_index().assign(dimension="product"))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    held = _held(as_of, spans, first_date, holes)
    return shaped("revenue_by", _compared(table, held, ["dimension"]))


def revenue_by_two(
    sales_cells: pd.DataFrame,
    order_cells: pd.DataFrame,
    split_orders: pd.DataFrame,
    account_days: pd.DataFrame,
    accounts: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    span: Span,
    previous_span: Span,
    year_ago_span: Span,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
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
    spans = _spans(as_of, span, previous_span, year_ago_span)
    cells = _with_service(sales_cells, served_costs(account_days, accounts, spans))
    cells, whole, split = (
        _named(one, accounts, managers) for one in (cells, order_cells, split_orders)
    )
    known = [one for one in DIMENSIONS if _is_recorded(cells[one])]
    pairs = [{"group": one, "second_group": two} for one, two in combinations(known, 2)]
    parts = [
        _told(cells, whole, split, pair).assign(
            dimension=pair["group"], second_dimension=pair["second_group"]
        )
        for pair in pairs
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    held = _held(as_of, spans, first_date, holes)
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
        "category": cells["category"] if "category" in cells else pd.Series(pd.NA, cells.index),
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


def _spans(as_of: pd.Timestamp, period: Span, previous: Span, year_ago: Span) -> dict[str, Span]:
    """Return the times of which all is told."""
    first = trailing_months(as_of, 13)[0] + pd.Timedelta(days=1)
    year = Span(first.date(), as_of.date(), "", "year")
    return dict(zip(TOLD, (year, period, previous, year_ago), strict=True))


def _with_service(cells: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with their share of what serving their account cost."""
    account, shared = cells["account_id"], {}
    two_years = (cells["year_revenue"] + cells["year_before_revenue"]).clip(lower=0)
    for name in TOLD:
        weight = cells[f"{name}_revenue"].clip(lower=0)
        for other in (two_years, pd.Series(1.0, index=cells.index)):
            weight = weight.where(weight.groupby(account).transform("sum").gt(0), other)
        share = weight / weight.groupby(account).transform("sum")
        shared[f"{name}_service"] = account.map(costs[name]).fillna(0.0) * share
    return cells.assign(**shared)


def _told(
    cells: pd.DataFrame, whole: pd.DataFrame, split: pd.DataFrame, by: dict[str, str]
) -> pd.DataFrame:
    """Return all that is told of some groups, by the names of their columns."""
    groups = list(by.values())
    sums = _summed(cells, groups)
    orders = _ordered(cells, whole, split, groups).reindex(sums.index, fill_value=0)
    return sums.join(orders).rename_axis(list(by)).reset_index()


def _summed(cells: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Return the sums by some groups, exact to the cent, and how many accounts bought."""
    revenues, costs = [f"{one}_revenue" for one in SPANS], [f"{one}_cost" for one in TOLD]
    services = [f"{one}_service" for one in TOLD]
    own = cells.groupby([*groups, "account_id"])[revenues].sum().round(6)
    bought = own.gt(0).groupby(groups).sum()
    sums = cells.groupby(groups)[[*revenues, *costs, *services]].sum(skipna=False).round(6)
    for span in TOLD:
        name = _prefix(span)
        sums[f"{name}gross_margin"] = (sums[f"{span}_revenue"] - sums[f"{span}_cost"]).round(6)
        margin = sums[f"{name}gross_margin"] - sums[f"{span}_service"]
        sums[f"{name}margin"] = margin.round(6)
        sums[f"{name}account_count"] = bought[f"{span}_revenue"]
    return sums


def _ordered(
    cells: pd.DataFrame, whole: pd.DataFrame, split: pd.DataFrame, groups: list[str]
) -> pd.DataFrame:
    """Return how many orders have a line in some groups.

    Orders in a cell add up but for categories of one order, and but for the few orders whose lines
    name several regions, channels or managers: those are taken off, and count once a group.
    """
    base = cells if "category" in groups else whole
    counts = _counted(base.groupby(groups))
    if len(split):
        if base is cells:
            counts = counts.sub(_counted(split.groupby(groups)), fill_value=0)
        once = split.drop_duplicates([*_ORDER, *groups])
        counts = counts.add(_counted(once.groupby(groups)), fill_value=0)
    return counts


def _counted(groups: Any) -> pd.DataFrame:
    """Return the sums of orders by time."""
    told = {f"{span}_order_count": f"{_prefix(span)}order_count" for span in TOLD}
    return groups[list(told)].sum().rename(columns=told)


def _prefix(span: str) -> str:
    """Return what stands before a figure's name: nothing before one of the 12 months."""
    return "" if span == "year" else f"{span}_"


def _held(
    as_of: pd.Timestamp, spans: dict[str, Span], first_date: pd.Timestamp | None, holes: Holes
) -> dict[str, bool]:
    """Return which of the earlier times compare: those that the data hold from their first day on,
    but no whole period with some days of one, and none with a time that the data end in.
    """
    held = {
        name: first_date is not None and first_date <= spans[name].start and is_known(as_of, holes)
        for name in ("previous_period", "year_ago_period")
    }
    held["previous_period"] &= not spans["period"].is_cut
    whole = first_date is not None and is_base_whole(first_date, as_of, holes)
    return {**held, "year_before": whole}


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
