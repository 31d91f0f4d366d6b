"""Accounts that stop or cut a category though they still order, and those that fall as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.ahead.steady import (
    TELLS,
    WINDOWS,
    Cells,
    Steady,
    cells_of,
    false_discoveries,
    is_told,
    tested,
)
from kamlib.holes import NO_HOLES, Holes
from kamlib.tables import shaped

LEVEL = 0.05
"""Chance by which a steady account may be alerted, after Benjamini and Hochberg."""
FEW_CATEGORIES = 3
"""With fewer categories than this the book is looked at by product."""
TAKEN_UP = 0.5
"""Of a product's fall: when the rest of its category took up so much, another has replaced it."""
LEFT = 0.4
"""Of what was usual: what is down to less is shown, though chance may explain it."""


def category_alerts(
    category_months: pd.DataFrame,
    product_months: pd.DataFrame,
    account_months: pd.DataFrame,
    account_status: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per active account × category that stopped or fell: the largest yearly fall first.

    Looked at are active accounts and categories bought in at least 6 of 24 months; products, where
    the book has fewer than three categories. The last 3 and the last 6 months are held against what
    a steady account would buy (`kamlib.ahead.steady`). ``chance`` is the smaller of both,
    doubled; an alert needs less than 5 % after Benjamini and Hochberg over all that were looked at.
    A product whose fall the rest of its category (of the account, where it has none) took up by
    half is no alert. ``yearly_fall`` is the usual yearly revenue times the share by which the same
    months fell. *Stopped*: nothing in the last three months; else *falling*.

    Examples
    --------
    >>> months = pd.date_range("2023-04-30", "2025-09-30", freq="ME").as_unit("us")
    >>> sold = pd.DataFrame({"account_id": "A", "month": months, "revenue": [100.0] * 24 + [0] * 6,
    ...     "order_day_count": [2] * 24 + [0] * 6})
    >>> all_sold = sold.assign(order_day_count=2)
    >>> books = [sold.assign(category=one) for one in ("Ink", "Pens", "Paper")]
    >>> books[1:] = [all_sold.assign(category=one, revenue=100.0) for one in "PQ"]
    >>> status = shaped("account_status", {"account_id": ["A"], "status": ["active"]})
    >>> alerts = category_alerts(pd.concat(books), sold.iloc[:0], all_sold, status,
    ...     shaped("key_accounts", []), as_of=months[-1])
    >>> alerts[["group", "verdict", "yearly_fall"]].values.tolist()
    [['Ink', 'stopped', 1200.0]]
    """
    if not is_told(first_date, as_of, holes):
        return shaped("category_alerts", [])
    active = account_status[account_status["status"].eq("active")]
    dimension, cells = _goods(category_months, product_months, active)
    found = _fallen(cells_of(cells, ["account_id", "group"], as_of, account_months))
    if dimension == "product" and len(found):
        found = found[~_is_replaced(found, cells, category_months, account_months, as_of)]
    found["dimension"] = dimension
    return shaped("category_alerts", _owned(found, active, key_accounts))


def category_falls(
    category_months: pd.DataFrame,
    product_months: pd.DataFrame,
    account_months: pd.DataFrame,
    account_status: pd.DataFrame,
    key_accounts: pd.DataFrame,
    category_alerts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per active account × category down by more than 60 % without an alert, largest first.

    Looked at are active accounts and categories bought in at least 6 of 24 months, however rarely;
    the last 6 months are held against the same months of the two years before. Rare purchases pause
    by chance: ``chance`` is how often a steady account would buy so little, before it is asked how
    many were looked at. They are questions for the next meeting.

    Examples
    --------
    >>> months = pd.date_range("2023-04-30", "2025-09-30", freq="ME").as_unit("us")
    >>> sold = pd.DataFrame({"account_id": "A", "month": months, "order_day_count": 2})
    >>> bought = [1, 0, 0, 0] * 6
    >>> ink = sold.assign(category="Ink", order_day_count=bought + [0] * 6)
    >>> ink["revenue"] = 100.0 * ink["order_day_count"]
    >>> books = [ink, *(sold.assign(category=one, revenue=100.0) for one in "PQ")]
    >>> status = shaped("account_status", {"account_id": ["A"], "status": ["active"]})
    >>> found = category_falls(pd.concat(books), sold.iloc[:0], sold, status,
    ...     shaped("key_accounts", []), shaped("category_alerts", []), as_of=months[-1])
    >>> found[["group", "yearly_fall"]].values.tolist()
    [['Ink', 300.0]]
    """
    if not is_told(first_date, as_of, holes):
        return shaped("category_falls", [])
    active = account_status[account_status["status"].eq("active")]
    dimension, cells = _goods(category_months, product_months, active)
    months = cells_of(cells, ["account_id", "group"], as_of, account_months)
    found = _looked_at(months, WINDOWS[-1:], tells=1.0)
    if found.empty:
        return shaped("category_falls", [])
    found = found[found["now"].lt(LEFT * found["usual"])].assign(dimension=dimension)
    alerted = pd.MultiIndex.from_frame(category_alerts[["account_id", "group"]])
    is_alert = pd.MultiIndex.from_frame(found[["account_id", "group"]]).isin(alerted)
    return shaped("category_falls", _owned(_measured(found[~is_alert]), active, key_accounts))


def account_alerts(
    account_months: pd.DataFrame,
    account_status: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per active account that falls as a whole: the largest yearly fall first.

    The test is that of ``category_alerts``, over the account's whole revenue. None is said to have
    stopped: by its own rhythm it is still active.

    Examples
    --------
    >>> months = pd.date_range("2023-04-30", "2025-09-30", freq="ME").as_unit("us")
    >>> sold = pd.DataFrame({"account_id": "A", "month": months, "revenue": [100.0] * 24 + [9] * 6})
    >>> status = shaped("account_status", {"account_id": ["A"], "status": ["active"]})
    >>> alerts = account_alerts(sold, status, shaped("key_accounts", []), as_of=months[-1])
    >>> alerts[["verdict", "yearly_fall"]].values.tolist()
    [['falling', 1092.0]]
    """
    if not is_told(first_date, as_of, holes):
        return shaped("account_alerts", [])
    active = account_status[account_status["status"].eq("active")]
    cells = account_months[account_months["account_id"].isin(active["account_id"])]
    found = _fallen(cells_of(cells, ["account_id"], as_of, None)).assign(verdict="falling")
    return shaped("account_alerts", _owned(found, active, key_accounts))


def _goods(
    category_months: pd.DataFrame, product_months: pd.DataFrame, active: pd.DataFrame
) -> tuple[str, pd.DataFrame]:
    """Return by what goods are told apart, and the revenue months of each at active accounts."""
    dimension, goods = "category", category_months
    if goods["category"].nunique() < FEW_CATEGORIES:
        dimension, goods = "product", product_months
    own = goods[goods["account_id"].isin(active["account_id"])]
    return dimension, own.rename(columns={dimension: "group"})


def _fallen(cells: Cells) -> pd.DataFrame:
    """Return the cells that fell beyond chance."""
    table = _looked_at(cells, WINDOWS)
    fell = table[table["adjusted"].lt(LEVEL)]
    return _measured(fell.assign(verdict=np.where(fell["is_silent"], "stopped", "falling")))


def _measured(fell: pd.DataFrame) -> pd.DataFrame:
    """Return falls with what the window brought, what was usual, and what is gone in a year."""
    return fell.assign(
        window_revenue=fell["now"],
        usual_revenue=fell["usual"],
        usual_yearly_revenue=fell["yearly"],
        bought_month_count=fell["bought"],
        yearly_fall=(fell["yearly"] * (1 - fell["now"].clip(lower=0) / fell["usual"])).round(6),
    )


def _looked_at(cells: Cells, windows: tuple[int, ...], tells: float = TELLS) -> pd.DataFrame:
    """Return every cell with a habit: what it bought, what was usual, and the chance of that."""
    wide = cells.revenue
    if wide.empty:
        rows = [*wide.index.names, "now", "usual", "yearly", "bought", "adjusted", "is_silent"]
        return pd.DataFrame(columns=rows, dtype="float64")
    tests = [tested(cells, window, tells) for window in windows]
    is_looked_at = np.any([one.is_tested for one in tests], axis=0)
    chances = np.stack([one.chance[is_looked_at] for one in tests])
    chance, best = np.fmin(len(windows) * chances.min(axis=0), 1.0), chances.argmin(axis=0)
    table = wide.index[is_looked_at].to_frame(index=False)
    table["window_months"] = np.array(windows)[best]
    table["chance"], table["adjusted"] = chance, false_discoveries(chance)
    for name in ("now", "usual", "yearly", "bought"):
        values = np.stack([_of(one, name)[is_looked_at] for one in tests])
        table[name] = values[best, np.arange(len(best))]
    is_bought = wide.to_numpy() > 0
    last = wide.shape[1] - 1 - is_bought[:, ::-1].argmax(axis=1)
    table["last_bought_month"] = wide.columns.to_numpy()[last][is_looked_at]
    table["tested_count"] = len(table)
    table["is_silent"] = np.nansum(wide.to_numpy()[:, -3:], axis=1)[is_looked_at] <= 0
    return table


def _of(test: Steady, name: str) -> np.ndarray:
    return np.asarray(getattr(test, name), dtype="float64")


def _is_replaced(
    found: pd.DataFrame,
    products: pd.DataFrame,
    category_months: pd.DataFrame,
    account_months: pd.DataFrame,
    as_of: pd.Timestamp,
) -> np.ndarray:
    """Return which falls of a product the rest of its category took up, at the same account; the
    rest of what the account buys, where the product has no category.
    """
    wholes = pd.concat([category_months, account_months.assign(category="")], ignore_index=True)
    within = ["account_id", "category"]
    of = products.drop_duplicates(["account_id", "group"]).set_index(["account_id", "group"])
    category = of["category"].reindex(pd.MultiIndex.from_frame(found[["account_id", "group"]]))
    place = pd.MultiIndex.from_arrays(
        [found["account_id"], category.fillna("").to_numpy()], names=within
    )
    whole = cells_of(wholes, within, as_of, None)
    fell = np.zeros(len(found))
    for window in WINDOWS:
        test = tested(whole, window)
        gone = pd.Series(test.usual - test.now, index=whole.revenue.index).reindex(place).to_numpy()
        fell = np.where(found["window_months"].eq(window), gone, fell)
    return fell <= (1 - TAKEN_UP) * (found["usual"] - found["now"]).to_numpy()


def _owned(found: pd.DataFrame, active: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Return falls with whose they are, the largest first."""
    known = active.set_index("account_id")
    is_key = keys.loc[keys["is_key"].eq(True), "account_id"]
    ids = found["account_id"]
    table = found.assign(
        name=ids.map(known["name"]),
        owner=ids.map(known["manager_name"]),
        is_key=ids.isin(is_key),
        revenue=ids.map(known["revenue"]),
    )
    by = ["yearly_fall", "account_id", *(["group"] if "group" in found else [])]
    return table.sort_values(by, ascending=[False, *[True] * (len(by) - 1)], kind="stable")
