"""Price, volume and mix: what made an account's revenue change."""

from __future__ import annotations

import pandas as pd

from kamlib.tables import shaped


def price_volume_mix(product_windows: pd.DataFrame) -> pd.DataFrame:
    """One row per account with products in either window: its revenue change by price, volume and
    mix.

    Compared are the windows ``now`` (1) and ``previous`` (0). With quantity Q, revenue R, and per
    product q and average price p:

    - volume = R₀·(Q₁/Q₀ − 1): more or fewer units, at the old mix and prices;
    - price = Σ (r₁ − p₀·q₁) over the products bought then: the same products at other prices;
    - mix = the rest: other products, or other proportions. Products bought only now are mix, for
      they have no old price.

    The three sum to R₁ − R₀. N/a where a quantity is unknown or the account bought nothing then.
    Units of unlike products are added as they are: with pieces and tonnes in one account read
    volume and mix together.

    Examples
    --------
    >>> windows = shaped("product_windows", {"account_id": "A", "product_id": "kettle",
    ...     "window": ["previous", "now"], "quantity": [10.0, 12.0], "revenue": [100.0, 132.0]})
    >>> price_volume_mix(windows).drop(columns="account_id").round(6).values.tolist()
    [[12.0, 20.0, 0.0]]
    """
    rows = product_windows[product_windows["window"].isin(["previous", "now"])]
    is_then = rows["window"].eq("previous")
    lines = pd.DataFrame(
        {
            "account_id": rows["account_id"],
            "product_id": rows["product_id"].fillna(""),
            "q0": rows["quantity"].where(is_then, 0.0),
            "q1": rows["quantity"].where(~is_then, 0.0),
            "r0": rows["revenue"].where(is_then, 0.0),
            "r1": rows["revenue"].where(~is_then, 0.0),
            "is_unknown": rows["quantity"].isna(),
        }
    )
    products = lines.groupby(["account_id", "product_id"]).sum()
    old_price = (products["r0"] / products["q0"]).where(products["q0"] > 0)
    products["price"] = (products["r1"] - old_price * products["q1"]).fillna(0.0)
    sums = products.groupby("account_id").sum()
    known = sums["is_unknown"].eq(0) & (sums["q0"] > 0)
    price = sums["price"].where(known)
    volume = (sums["r0"] * (sums["q1"] / sums["q0"].where(known) - 1)).astype("float64")
    changes = {
        "price_revenue_change": price,
        "volume_revenue_change": volume,
        "mix_revenue_change": sums["r1"] - sums["r0"] - price - volume,
    }
    return shaped("price_volume_mix", pd.DataFrame(changes).reset_index())
