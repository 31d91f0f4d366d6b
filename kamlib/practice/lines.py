"""Order lines: every order split into products, quantities, prices and costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.practice.cast import NEIGHBOUR_STORY
from kamlib.practice.material import CATEGORIES, PER_CATEGORY, PRODUCTS, material
from kamlib.practice.setting import Setting

PRICE_RISES = material("goods")["price_rises"]
MARGIN, COST_PUSH = (
    np.array([one[name] for one in material("goods")["categories"]])
    for name in ("margin", "cost_push")
)
MOST_LINES = 5
SMALL_LINE = 90.0
CREDITED_SHARE = 0.008


def order_lines(
    orders: pd.DataFrame, worth: np.ndarray, accounts: pd.DataFrame, setting: Setting
) -> pd.DataFrame:
    """One row per order line: order (row number in `orders`), product (number), quantity, revenue,
    cost.

    Each account buys in some categories only, at its own price level; prices and costs rise over
    the years.
    """
    rng = setting.rng("lines")
    taste = _taste(rng, accounts)
    price_level = rng.uniform(0.92, 1.06, len(accounts))
    count = np.minimum(1 + rng.poisson(1.5, len(orders)), MOST_LINES)
    order = np.repeat(np.arange(len(orders)), count)
    who = orders["account"].to_numpy()[order]
    category = (
        (rng.random(len(order))[:, None] > np.cumsum(taste, axis=1)[who])
        .sum(axis=1)
        .clip(max=len(CATEGORIES) - 1)
    )
    product = category * PER_CATEGORY + np.floor(
        rng.random(len(order)) ** 1.5 * PER_CATEGORY
    ).astype(np.int64)
    part = rng.standard_gamma(2.0, len(order)) + 0.05
    part = part / np.bincount(order, part, len(orders))[order]
    year = setting.month_of(orders["day"].to_numpy())[order] // 12
    rise = 1 + np.array(PRICE_RISES)[np.minimum(year, len(PRICE_RISES) - 1)]
    # where orders are small, so are the prices: a line is many pieces, and rounding to whole ones
    # changes little
    smallness = (
        min(1.0, float(np.quantile(worth[order] * part, 0.25)) / SMALL_LINE) if len(order) else 1.0
    )
    listed = np.array([price for _, price in PRODUCTS])[product] * smallness
    price = np.maximum(np.round(listed * rise * price_level[who], 2), 0.01)
    quantity = np.maximum(np.rint(worth[order] * part / price), 1)
    push = np.minimum(year, 3) * COST_PUSH[category]
    unit_cost = np.round(listed * rise * (1 - MARGIN[category] + push), 2)
    return pd.DataFrame(
        {
            "order": order,
            "account": who,
            "product": product,
            "quantity": quantity.astype(np.int64),
            "revenue": np.round(quantity * price, 2),
            "cost": np.round(quantity * unit_cost, 2),
        }
    ).pipe(_clockwork, accounts)


def _taste(rng: np.random.Generator, accounts: pd.DataFrame) -> np.ndarray:
    """Account × category: the shares in which an account buys; about three categories in eight it
    buys elsewhere.
    """
    share = rng.standard_gamma(1.2, (len(accounts), len(CATEGORIES))) * (
        rng.random((len(accounts), len(CATEGORIES))) < 0.62
    )
    share[np.arange(len(accounts)), rng.integers(0, len(CATEGORIES), len(accounts))] += 0.8
    return share / share.sum(axis=1, keepdims=True)


def _clockwork(lines: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """The account that never changes: one line a month, always the same."""
    own = lines["account"].isin(accounts.index[accounts["story"].eq(NEIGHBOUR_STORY)])
    lines = lines[~own | ~lines.duplicated("order")].copy()
    own = own.loc[lines.index]
    if own.any():
        model = lines.loc[own].iloc[0]
        for column in ("product", "quantity", "revenue", "cost"):
            lines.loc[own, column] = model[column]
    return lines.reset_index(drop=True)


def credit_notes(
    lines: pd.DataFrame, orders: pd.DataFrame, accounts: pd.DataFrame, setting: Setting
) -> pd.DataFrame:
    """One row per credit note: line (row number in `lines`), day; quantity, revenue, cost given
    back (negative).

    Part of a line is given back some days later, never after the account's last order.
    """
    rng = setting.rng("credits")
    last = orders.groupby("account")["day"].max().reindex(accounts.index).to_numpy(dtype=float)
    day = orders["day"].to_numpy()[lines["order"].to_numpy()] + rng.integers(4, 20, len(lines))
    story = accounts["story"].to_numpy()[lines["account"].to_numpy()]
    chosen = (rng.random(len(lines)) < CREDITED_SHARE) & (lines["quantity"].to_numpy() >= 2)
    chosen &= (day <= last[lines["account"].to_numpy()]) & ~np.isin(
        story, [NEIGHBOUR_STORY, "steady"]
    )
    notes = lines[chosen]
    back = np.ceil(notes["quantity"].to_numpy() * rng.uniform(0.1, 0.6, len(notes)))
    part = back / notes["quantity"].to_numpy()
    return pd.DataFrame(
        {
            "line": np.flatnonzero(chosen),
            "account": notes["account"].to_numpy(),
            "day": day[chosen],
            "quantity": -back.astype(np.int64),
            "revenue": -np.round(notes["revenue"].to_numpy() * part, 2),
            "cost": -np.round(notes["cost"].to_numpy() * part, 2),
        }
    )


def neighbours_level(sales: pd.DataFrame, account: int, setting: Setting) -> tuple[float, str]:
    """The unchanging monthly revenue with which an account changes its ABC class only because the
    others changed.

    Looks for the level whose class (A while the cumulative share before it is below 0.80) differs
    between the third last and the second last quarter's end, as far from the limits as possible.
    Returns (level, "A→B" or "B→A").
    """
    grid = np.exp(np.linspace(np.log(setting.revenue * 4e-4), np.log(setting.revenue * 0.04), 1500))
    classes = []
    for end in (setting.months - 7, setting.months - 4):
        inside = sales[
            (sales["month"] <= end) & (sales["month"] > end - 12) & (sales["account"] != account)
        ]
        sums = np.bincount(inside["account"].to_numpy(), inside["revenue"].to_numpy())
        sums = np.sort(sums[sums > 0])
        above = np.append(np.cumsum(sums[::-1])[::-1], 0)[np.searchsorted(sums, grid, side="right")]
        classes.append(above / (sums.sum() + grid) < 0.80)
    differ = np.flatnonzero(classes[0] != classes[1])
    if not len(differ):
        return float(grid[len(grid) // 2]) / 12, ""
    runs = np.split(differ, np.flatnonzero(np.diff(differ) > 1) + 1)
    best = max(runs, key=len)
    middle = best[len(best) // 2]
    return float(round(grid[middle] / 12, 2)), "A→B" if classes[0][middle] else "B→A"


def with_neighbours(
    lines: pd.DataFrame,
    credits: pd.DataFrame,
    orders: pd.DataFrame,
    accounts: pd.DataFrame,
    setting: Setting,
) -> tuple[pd.DataFrame, str]:
    """The lines with the unchanging account set to the level that lets it change class; and the
    move.
    """
    found = accounts.index[accounts["story"].eq(NEIGHBOUR_STORY)]
    if not len(found) or setting.months < 24:
        return lines, ""
    day = np.concatenate(
        [orders["day"].to_numpy()[lines["order"].to_numpy()], credits["day"].to_numpy()]
    )
    sales = pd.concat([lines[["account", "revenue"]], credits[["account", "revenue"]]]).assign(
        month=setting.month_of(day)
    )
    level, move = neighbours_level(sales, int(found[0]), setting)
    own = lines["account"].eq(found[0])
    price = PRODUCTS[int(lines.loc[own, "product"].iloc[0])][1]
    lines = lines.copy()
    lines.loc[own, "revenue"] = level
    lines.loc[own, "cost"] = round(0.72 * level, 2)
    lines.loc[own, "quantity"] = max(round(level / price), 1)
    return lines, move
